package tables

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file is the canonical row, "row-1", and how rows make up a chunk, "rows-1", and nothing else of the package knows them.

// Sum is a SHA-256 hash.
type Sum = [sha256.Size]byte

// kind says what a value is, whatever its database calls it.
type kind byte

const (
	kindNull kind = iota
	kindText
	kindChar // text without the blanks at its end, with which the database filled it up
	kindInteger
	kindDecimal // digits with their scale: 1.50 is not 1.5
	kindFloat
	kindReal // a float of 32 bits
	kindBoolean
	kindBytes
	kindTimestamp
	kindDate
)

// value is what a row holds in one column. kind says which of the other fields counts.
type value struct {
	Kind    kind
	Text    string
	Integer int64
	Float   float64
	Bytes   []byte
	Time    time.Time
}

// appendRow appends a row in its canonical form: the number of columns, and for each its name, a letter for the kind of value, and the value as text.
//
//	row    = count *( length name tag length value )
//	count, length = 8 bytes, big endian
func appendRow(dst []byte, columns []string, values []value) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(columns)))
	for i, column := range columns {
		dst = binary.BigEndian.AppendUint64(dst, uint64(len(column)))
		dst = append(dst, column...)
		start := len(dst)
		dst = append(dst, make([]byte, 9)...)
		dst = appendText(dst, &values[i])
		dst[start] = values[i].Kind.tag()
		binary.BigEndian.PutUint64(dst[start+1:], uint64(len(dst)-start-9))
	}
	return dst
}

func (k kind) tag() byte { return "nttidffbxuc"[k] }

// appendText appends a value as a canonical row has it: microseconds since 1970 of a time, 0 or 1 of a boolean.
func appendText(dst []byte, v *value) []byte {
	switch v.Kind {
	case kindText:
		return append(dst, v.Text...)
	case kindChar:
		return append(dst, strings.TrimRight(v.Text, " ")...)
	case kindInteger:
		return strconv.AppendInt(dst, v.Integer, 10)
	case kindDecimal:
		return append(dst, decimalText(v.Text)...)
	case kindFloat, kindReal:
		if math.IsNaN(v.Float) {
			return append(dst, "NaN"...)
		}
		bits := 64
		if v.Kind == kindReal {
			bits = 32
		}
		return strconv.AppendFloat(dst, v.Float, 'g', -1, bits)
	case kindBoolean:
		if v.Integer != 0 {
			return append(dst, '1')
		}
		return append(dst, '0')
	case kindBytes:
		return append(dst, v.Bytes...)
	case kindTimestamp:
		return strconv.AppendInt(dst, v.Time.UnixMicro(), 10)
	case kindDate:
		return v.Time.AppendFormat(dst, time.DateOnly)
	}
	return dst
}

// decimalText writes digits in the one form that their value and scale have. No database here writes exponents in decimals; what is
// no plain number stays as it is.
func decimalText(text string) string {
	rest, negative := strings.CutPrefix(text, "-")
	if !negative {
		rest = strings.TrimPrefix(text, "+")
	}
	whole, fraction, _ := strings.Cut(rest, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return text
	}
	out := strings.TrimLeft(whole, "0")
	if out == "" {
		out = "0"
	}
	if fraction != "" {
		out += "." + fraction
	}
	if negative && strings.Trim(out, "0.") != "" {
		out = "-" + out
	}
	return out
}

// parsedField is one column of a canonical row as it was written.
type parsedField struct {
	Column string
	Tag    byte
	Text   string
}

var errRow = errors.New("not a canonical row")

// parseRow reads what appendRow wrote, and refuses everything else.
func parseRow(b []byte) ([]parsedField, error) {
	count, b, ok := cutNumber(b)
	if !ok || count > mostColumns || count*17 > uint64(len(b)) {
		return nil, errRow
	}
	row := make([]parsedField, count)
	for i := range row {
		var f parsedField
		if f.Column, b, ok = cutText(b); !ok || len(b) == 0 || !strings.ContainsRune("ntidfbxuc", rune(b[0])) {
			return nil, errRow
		}
		f.Tag, b = b[0], b[1:]
		if f.Text, b, ok = cutText(b); !ok || f.Tag == 'n' && f.Text != "" {
			return nil, errRow
		}
		row[i] = f
	}
	if len(b) > 0 {
		return nil, errRow
	}
	return row, nil
}

func cutNumber(b []byte) (uint64, []byte, bool) {
	if len(b) < 8 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint64(b), b[8:], true
}

func cutText(b []byte) (string, []byte, bool) {
	n, b, ok := cutNumber(b)
	if !ok || n > uint64(len(b)) {
		return "", nil, false
	}
	return string(b[:n]), b[n:], true
}

// chunkRows is about how many rows a chunk should hold.
const chunkRows = 4096

// chunkBits returns how many bits of a row's key choose its chunk in a table of so many rows.
func chunkBits(rows int64) int {
	bits := 0
	for chunks := (rows - 1) / chunkRows; chunks > 0; chunks >>= 1 {
		bits++
	}
	return bits
}

// chunkOf returns which of 2^bits chunks the row with that key belongs to.
func chunkOf(key Sum, bits int) int64 {
	return int64(binary.BigEndian.Uint64(key[:]) >> 1 >> (63 - bits))
}

// chunkSum returns the digest of the rows of a chunk, which are sorted by key: the hash of their number, and of key and row of each.
func chunkSum(rows []*row) Sum {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(rows))))
	for _, r := range rows {
		h.Write(r.key[:])
		h.Write(r.sum[:])
	}
	return Sum(h.Sum(nil))
}

func sortRows(rows []*row) {
	slices.SortFunc(rows, func(a, b *row) int { return bytes.Compare(a.key[:], b.key[:]) })
}

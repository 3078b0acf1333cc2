package digest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what a value of a column is, whatever its database calls it.
type Kind byte

// The kinds of values. Who reads a table says for each column which of them it holds; what they are read from is given for PostgreSQL.
const (
	Null      Kind = iota // no value at all, of a column of any type; it differs from an empty text
	Text                  // Value.Text as it stands, blanks included: text, varchar, json, uuid
	Char                  // Value.Text without the blanks at its end, with which the database filled it up: char(n)
	Integer               // Value.Integer: smallint to bigint
	Decimal               // Value.Text, digits with their scale, 1.50 is not 1.5: numeric
	Float                 // Value.Float: double precision
	Real                  // Value.Float, which holds a number of 32 bits: real
	Boolean               // Value.Integer, 0 or something else: boolean
	Bytes                 // Value.Bytes: bytea
	Timestamp             // Value.Time, to the microsecond: timestamp with time zone, or without one when the site says which zone is meant
	Date                  // Value.Time, of which the calendar day counts as it is written there: date
)

// Value is what a row holds in one column. Kind says which of the other fields counts.
type Value struct {
	Kind    Kind
	Text    string
	Integer int64
	Float   float64
	Bytes   []byte
	Time    time.Time
}

// tags are the letters that stand for kinds in a canonical row. Kinds that differ in how a database stores the same thing
// share one, so that a column may be widened without every row seeming changed.
const (
	tagNull      = 'n'
	tagText      = 't'
	tagInteger   = 'i'
	tagDecimal   = 'd'
	tagFloat     = 'f'
	tagBoolean   = 'b'
	tagBytes     = 'x'
	tagTimestamp = 'u' // UTC
	tagDate      = 'c' // calendar
)

// AppendRow appends a row in its canonical form "row-1": the number of columns, and for each column, in the order given, its name,
// a letter for the kind of its value, and the value as text.
//
//	row    = count *( length name tag length value )
//	count, length = 8 bytes, big endian
//
// The values are written so:
//
//	n  Null       nothing
//	t  Text, Char the text; of Char without the blanks at its end
//	i  Integer    -42
//	d  Decimal    -0.50: no plus, no needless zero in front, the scale kept; a zero has no minus; 1E2 is 100
//	f  Float, Real  the shortest digits that are read as the same number, 1e+21; all that are no number are NaN
//	b  Boolean    0 or 1
//	x  Bytes      the bytes
//	u  Timestamp  microseconds since 1970 in UTC; what is shorter is cut off
//	c  Date       2026-03-01
//
// columns and values are of one length; what is not is a mistake of the caller, and panics. The names are those of the
// site's declaration, in its order, so that a database which gives its columns in another order gives the same row.
func AppendRow(dst []byte, columns []string, values []Value) []byte {
	if len(columns) != len(values) {
		panic(fmt.Sprintf("wardline: internal error: %d columns and %d values", len(columns), len(values)))
	}
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(columns)))
	for i := range columns {
		dst = binary.BigEndian.AppendUint64(dst, uint64(len(columns[i])))
		dst = append(dst, columns[i]...)
		dst = appendValue(dst, &values[i])
	}
	return dst
}

// Row returns the digest of AppendRow.
func Row(columns []string, values []Value) Digest { return Of(Row1, AppendRow(nil, columns, values)) }

// appendValue appends tag, length and text of one value.
func appendValue(dst []byte, v *Value) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0, 0) // the tag and the length, which is known only behind the text
	tag := byte(tagNull)
	switch v.Kind {
	case Text:
		tag, dst = tagText, append(dst, v.Text...)
	case Char:
		tag, dst = tagText, append(dst, strings.TrimRight(v.Text, " ")...)
	case Integer:
		tag, dst = tagInteger, strconv.AppendInt(dst, v.Integer, 10)
	case Decimal:
		tag, dst = tagDecimal, appendDecimal(dst, v.Text)
	case Float:
		tag, dst = tagFloat, appendFloat(dst, v.Float, 64)
	case Real:
		tag, dst = tagFloat, appendFloat(dst, v.Float, 32)
	case Boolean:
		tag, dst = tagBoolean, appendBoolean(dst, v.Integer != 0)
	case Bytes:
		tag, dst = tagBytes, append(dst, v.Bytes...)
	case Timestamp:
		tag, dst = tagTimestamp, strconv.AppendInt(dst, v.Time.UnixMicro(), 10)
	case Date:
		tag, dst = tagDate, v.Time.AppendFormat(dst, time.DateOnly)
	}
	dst[start] = tag
	binary.BigEndian.PutUint64(dst[start+1:], uint64(len(dst)-start-9))
	return dst
}

func appendBoolean(dst []byte, b bool) []byte {
	if b {
		return append(dst, '1')
	}
	return append(dst, '0')
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) {
		return append(dst, "NaN"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

// longestExponent bounds how many zeros an exponent is written out to.
const longestExponent = 1000

// appendDecimal appends digits in the one form that their value and scale have. What is no decimal (NaN,
// Infinity) is appended as it stands.
func appendDecimal(dst []byte, text string) []byte {
	d, ok := parseDecimal(text)
	if !ok {
		return append(dst, text...)
	}
	return d.append(dst)
}

// decimal is a number as its digits and how many of them stand behind the point.
type decimal struct {
	negative bool
	digits   string
	scale    int
}

func parseDecimal(text string) (decimal, bool) {
	var d decimal
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative, rest = rest[0] == '-', rest[1:]
	}
	mantissa, exponent, scientific := rest, "", false
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent, scientific = rest[:i], rest[i+1:], true
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.digits, d.scale = whole+fraction, len(fraction)
	if d.digits == "" || strings.Trim(d.digits, "0123456789") != "" {
		return decimal{}, false
	}
	if scientific {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -longestExponent || n > longestExponent {
			return decimal{}, false
		}
		d.scale -= n
	}
	if d.scale < 0 {
		d.digits, d.scale = d.digits+strings.Repeat("0", -d.scale), 0
	}
	return d, true
}

func (d decimal) append(dst []byte) []byte {
	if d.negative && strings.Trim(d.digits, "0") != "" {
		dst = append(dst, '-')
	}
	if missing := d.scale + 1 - len(d.digits); missing > 0 {
		d.digits = strings.Repeat("0", missing) + d.digits
	}
	point := len(d.digits) - d.scale
	whole := strings.TrimLeft(d.digits[:point], "0")
	if whole == "" {
		whole = "0"
	}
	dst = append(dst, whole...)
	if d.scale > 0 {
		dst = append(append(dst, '.'), d.digits[point:]...)
	}
	return dst
}

// Key returns what stands for the key of a row: the hash of its key columns in canonical form. It is the same wherever the
// row stands, and says nothing of the key to those who cannot guess it.
func Key(columns []string, values []Value) Sum {
	return sha256.Sum256(AppendRow(nil, columns, values))
}

// ChunkRows is about how many rows a chunk should hold.
const ChunkRows = 4096

// ChunkBits returns how many bits of a row's key should choose its chunk, so that a table of so many rows is cut
// into chunks of about ChunkRows.
func ChunkBits(rows int64) int {
	bits := 0
	for chunks := (rows - 1) / ChunkRows; chunks > 0; chunks >>= 1 {
		bits++
	}
	return bits
}

// ChunkOf returns which of the 2^bits chunks of a table the row with that key belongs to. bits is 0 to 63.
func ChunkOf(key Sum, bits int) uint64 {
	return binary.BigEndian.Uint64(key[:]) >> 1 >> (63 - bits)
}

// Chunk gathers rows. Its digest does not depend on the order in which they came. The zero value is an
// empty one; it serves one goroutine.
type Chunk struct {
	rows []keyed
}

type keyed struct{ key, row Sum }

// Add adds a row: its key and the sum of the whole. A table that has no unique key may add several under one.
func (c *Chunk) Add(key, row Sum) { c.rows = append(c.rows, keyed{key, row}) }

// Len counts the rows.
func (c *Chunk) Len() int { return len(c.rows) }

// Digest returns the digest of the chunk, "rows-1": the SHA-256 of the number of rows, 8 bytes big endian, and of key and row of
// each, sorted by these.
func (c *Chunk) Digest() Digest {
	slices.SortFunc(c.rows, compareKeyed)
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(c.rows))))
	for i := range c.rows {
		h.Write(c.rows[i].key[:])
		h.Write(c.rows[i].row[:])
	}
	return Digest{Rows1, Sum(h.Sum(nil))}
}

func compareKeyed(a, b keyed) int {
	if c := bytes.Compare(a.key[:], b.key[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.row[:], b.row[:])
}

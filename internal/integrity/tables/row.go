package tables

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// Sum is a SHA-256 hash.
type Sum = digest.Sum

// value is what a row holds in one column.
type value = digest.Value

// parsedField is one column of a canonical row as it was written.
type parsedField struct {
	Column string
	Tag    byte
	Text   string
}

var errRow = errors.New("not a canonical row")

// parseRow reads what digest.AppendRow wrote, and refuses everything else.
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

// parsedOf is a value as a canonical row has it.
func parsedOf(column string, v value) parsedField {
	row, err := parseRow(digest.AppendRow(nil, []string{column}, []value{v}))
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // what was just written can be read
	}
	return row[0]
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

// chunkOf returns which of 2^bits chunks the row with that key belongs to.
func chunkOf(key Sum, bits int) int64 { return int64(digest.ChunkOf(key, bits)) }

// chunkSum returns the digest of the rows of a chunk, "rows-1".
func chunkSum(rows []*row) Sum {
	var c digest.Chunk
	for _, r := range rows {
		c.Add(r.key, r.sum)
	}
	return c.Digest().Sum
}

func sortRows(rows []*row) {
	slices.SortFunc(rows, func(a, b *row) int { return bytes.Compare(a.key[:], b.key[:]) })
}

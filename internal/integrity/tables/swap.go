package tables

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// mostExchanges bounds the changed rows that are looked through for exchanged values: some 100 bytes each.
const mostExchanges = 100_000

// exchanges finds pairs of rows that have got each other's values. The rows of a pair lie in any two chunks.
type exchanges struct {
	waiting map[exchange][]exchanged
	found   []Swap
	n       int
}

// exchange is what became of the changed columns of a row: hashes of their names and of the values before and after.
type exchange struct{ before, after Sum }

type exchanged struct {
	key     []Field
	sum     Sum
	columns []string
}

// add takes one row that changed in a way that the application does not explain.
func (e *exchanges) add(c *Change) {
	if c.Outcome != Mismatch || len(c.Columns) == 0 || e.n >= mostExchanges {
		return
	}
	e.n++
	mine := exchange{pick(c.Old, c.Columns), pick(c.New, c.Columns)}
	other := exchange{mine.after, mine.before}
	if partners := e.waiting[other]; len(partners) > 0 {
		partner := partners[0]
		e.waiting[other] = partners[1:]
		e.found = append(e.found, Swap{[2][]Field{partner.key, c.Key}, [2]Sum{partner.sum, c.KeySum}, c.Columns})
		return
	}
	if e.waiting == nil {
		e.waiting = map[exchange][]exchanged{}
	}
	e.waiting[mine] = append(e.waiting[mine], exchanged{c.Key, c.KeySum, c.Columns})
}

func (e *exchanges) pairs() []Swap { return e.found }

// pick is the hash of some columns of a row.
func pick(row []Field, columns []string) Sum {
	var b []byte
	for _, f := range row {
		if !slices.Contains(columns, f.Column) {
			continue
		}
		for _, part := range []string{f.Column, f.Text} {
			b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
		}
		if f.Null {
			b = append(b, 1)
		}
	}
	return sha256.Sum256(b)
}

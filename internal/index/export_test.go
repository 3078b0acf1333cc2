package index

import (
	"time"

	"github.com/wardline/wardline/internal/vault/veil"
)

// Filter is the LogsQL filter of a question.
func (q *Query) Filter() (string, error) { return q.filter() }

// Row is the row of a line of the journal.
func Row(entry uint64, line int, text []byte, past, future time.Duration, v *veil.Veil) (row []byte, cut int, ok bool) {
	return newRows(past, future, v).append(nil, entry, line, text)
}

// Column is the name under which a sender's field is kept.
func Column(name string) string { return column(name) }

// Keep is how a value is kept, Kept the value that is kept so.
func Keep(v string) string { return keep(v) }
func Kept(s string) string { return kept(s) }

// HoldAtMost bounds what is held of one slice.
func (x *Index) HoldAtMost(bytes int) { x.sliceBytes = bytes }

// Rows returns what appends the row of one line after the other.
func Rows(past, future time.Duration, v *veil.Veil) func(dst []byte, entry uint64, line int, text []byte) (row []byte, cut int, ok bool) {
	return newRows(past, future, v).append
}

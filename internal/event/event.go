// Package event holds the one record that every input becomes: something that happened,
// in its sender's own words.
package event

import (
	"crypto/sha256"
	"time"

	"github.com/wardline/wardline/format/jsonl"
)

// Event is one thing that happened. It is reused from record to record: whoever
// keeps one past the next read must Clone it.
type Event struct {
	Source string    // path as given; archive members as path!member
	Record int64     // number in that source, from 1
	Time   time.Time // when it happened, UTC; zero when the record does not say
	Format string    // name of the format or shape it was read as
	Class  *Class    // what kind of log it stands in; never nil once read

	// ID names the event for good: the same event sent twice has it twice. Only a node sets it.
	ID ID
	// Observed is when a node received the event, UTC; zero in a scan.
	Observed time.Time
	// Raw is the SHA-256 of the bytes as they were received; zero in a scan.
	Raw [sha256.Size]byte

	// Fields is one JSON object: the sender's own fields under their own names.
	Fields []byte
	// Index lists the values of Fields.
	Index jsonl.Index
}

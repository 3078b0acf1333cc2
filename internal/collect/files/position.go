package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"
)

// Positions keeps how far the files of a source were read. The node keeps them in its database.
type Positions interface {
	// Load returns all positions of a source.
	Load(ctx context.Context, source string) ([]Position, error)
	// Save replaces positions by their Key and deletes those of the keys in gone. They are durable when
	// it returns.
	Save(ctx context.Context, source string, changed []Position, gone []string) error
}

// Position says how far one file was read. All that is before it is durable in the journal. It can be kept as JSON.
type Position struct {
	// Key names the file: its device and inode.
	Key string
	// Stream names the content for good, wherever it is moved: the ids of events come from it.
	Stream string
	Path   string // where it was seen last
	Format string

	Head   Mark  // of its first bytes
	Tail   Mark  // of the bytes before Offset
	Offset int64 // of what was taken, in the unpacked content
	Record int64 // records before Offset
	// Heading are the lines that say how to read those behind Offset.
	Heading []byte `json:",omitempty"`

	// What follows is for files that are read as a whole.

	Whole    Mark              // of all bytes before Offset
	Damages  int               // that were reported
	Serials  map[string]Serial `json:",omitempty"` // by computer and channel
	Size     int64             // of the file when it was read last
	Modified time.Time         // and its time

	Seen time.Time // when the file was there last
}

// Mark is the digest of some bytes, by which they are known again.
type Mark struct {
	Size int64
	Sum  []byte // SHA-256
}

// Serial is the record of a log that was taken last.
type Serial struct {
	Number uint64
	Sum    []byte // SHA-256 of its fields: numbers begin anew when a log is cleared
}

// markSize is how many bytes are enough to tell contents apart: logs begin with a time, or with the names of columns
// and a first row.
const markSize = 1024

func markOf(b []byte) Mark {
	sum := sha256.Sum256(b)
	return Mark{int64(len(b)), sum[:]}
}

func (m Mark) equal(o Mark) bool { return m.Size == o.Size && bytes.Equal(m.Sum, o.Sum) }

// forgotten is how long the position of a file is kept that is gone: it may come back, packed or from a backup.
const forgotten = 30 * 24 * time.Hour

// Package journal keeps everything that a hospital's systems said, in the order in which it
// was received, sealed so that nobody can change it unnoticed.
package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"time"
)

// Kind tells what the lines of an entry are, and with it how long they are kept.
type Kind string

// The kinds of entries.
const (
	Events   Kind = "event"   // event.AppendLine: what a sender said
	Damaged  Kind = "damaged" // bytes that could not be read, kept as they came, with the reason
	Findings Kind = "finding" // what a watcher thinks that events mean
	Acts     Kind = "act"     // what a user was about to do, and how it ended
	Answers  Kind = "answer"  // what a search back in time was asked and found
	Books    Kind = "books"   // what each source sent, and what became of it
)

// Line is one record to be kept: one JSON object without a line end.
type Line struct {
	Kind   Kind
	Source string    // id of the source that sent it
	Time   time.Time // when it happened; zero when it does not say
	JSON   []byte
}

// Header is the leaf of the Merkle tree that stands for an entry: all that stays when a body has
// been deleted.
type Header struct {
	Kind     Kind              `json:"kind"`
	Count    int               `json:"count"`             // lines
	First    time.Time         `json:"first,omitzero"`    // earliest Time of a line
	Last     time.Time         `json:"last,omitzero"`     // latest
	Received time.Time         `json:"received"`          // when the entry was closed
	Sources  []string          `json:"sources,omitempty"` // at most 16; more are "…"
	Hash     [sha256.Size]byte `json:"-"`                 // of the body as it lies on the disk: the ciphertext
	Segment  string            `json:"segment"`           // file that holds the body
	Offset   int64             `json:"offset"`
	Size     int64             `json:"size"`
}

// Entry is one place of the journal: what became durable together.
type Entry struct {
	Index  uint64
	Header Header
	// Gone tells that the body was deleted after its time, and when. There are no lines then.
	Gone time.Time
	body []byte // lines, decrypted
}

// Lines yields the lines of the entry with their numbers, from 0 on. They must not be changed.
func (e *Entry) Lines() iter.Seq2[int, []byte] { panic("wardline: internal error: not built") }

// Place is where a line stands in the journal.
type Place struct {
	Entry uint64 `json:"entry"`
	Line  int    `json:"line"`
}

// Receipt tells when a line is durable.
type Receipt struct {
	done  chan struct{}
	place Place
	err   error
}

// NewReceipt returns a Receipt that waits to be settled. Only a journal and its stand-ins in
// tests need it.
func NewReceipt() *Receipt { return &Receipt{done: make(chan struct{})} }

// Settle says how it ended. It is called once.
func (r *Receipt) Settle(p Place, err error) {
	r.place, r.err = p, err
	close(r.done)
}

// Done is closed when the line is durable or can never be.
func (r *Receipt) Done() <-chan struct{} { return r.done }

// Wait returns nil once the line is durable; only then may a source acknowledge its sender. Any error
// means that it must not: the line may or may not be there after a restart.
func (r *Receipt) Wait(ctx context.Context) (Place, error) {
	select {
	case <-r.done:
		return r.place, r.err
	case <-ctx.Done():
		return Place{}, ctx.Err()
	}
}

// ErrFull says that the disk has no room for more. Senders are to try again later.
var ErrFull = errors.New("the journal's disk is full: free some space, receiving goes on by itself")

// ErrClosed says that the journal takes nothing more.
var ErrClosed = errors.New("the journal is closed")

// ErrFailed says that a write failed and that the journal has not come back yet.
var ErrFailed = errors.New("the journal could not write: it tries to come back by itself")

// Journal is open for reading and writing; one process holds it.
type Journal struct{}

// Add takes a copy of a line into the next entry of its kind. It blocks while too much waits to be
// written, which is how senders are slowed down, and fails when ctx ends, or with ErrFull, ErrFailed or ErrClosed.
func (j *Journal) Add(ctx context.Context, l Line) (*Receipt, error) {
	panic("wardline: internal error: not built")
}

// Append makes lines of one kind one entry, or several if they are too many, and returns the place of the first
// once all are durable.
func (j *Journal) Append(ctx context.Context, lines ...Line) (Place, error) {
	panic("wardline: internal error: not built")
}

// Size is the number of durable entries.
func (j *Journal) Size() uint64 { panic("wardline: internal error: not built") }

// Entry reads one entry, and checks its body against its leaf.
func (j *Journal) Entry(ctx context.Context, index uint64) (*Entry, error) {
	panic("wardline: internal error: not built")
}

// Follow calls handle for every entry from index from on, in order, and waits for more at the end, until ctx
// ends or handle fails. handle keeps its position in the transaction that its effects are in.
func (j *Journal) Follow(ctx context.Context, from uint64, handle func(context.Context, *Entry) error) error {
	panic("wardline: internal error: not built")
}

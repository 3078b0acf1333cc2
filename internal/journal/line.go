package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	Cases    Kind = "case"    // accesses to records that a person is asked about, and what the person concluded
	Books    Kind = "books"   // what each source sent, and what became of it
	Keeping  Kind = "keeping" // what the journal did with itself: what it deleted after its time, what is held; it writes them itself
)

func (k Kind) known() bool {
	switch k {
	case Events, Damaged, Findings, Acts, Answers, Cases, Books, Keeping:
		return true
	}
	return false
}

// received tells whether entries of that kind are what others send, which has to wait when the disk is full.
func (k Kind) received() bool { return k == Events || k == Damaged }

// MaxLine is how long a line may be. The longest that a source may hand in is an HL7 message of
// 16 MiB in base64.
const MaxLine = 24 << 20

// Line is one record to be kept: one JSON object without a line end.
type Line struct {
	Kind   Kind
	Source string    // id of the source that sent it
	Time   time.Time // when it happened; zero when it does not say
	JSON   []byte

	deletes string // segment, in a line that says so
}

// ErrLine says that a line cannot be kept. That is a mistake of whoever made the line; the sender cannot mend it.
var ErrLine = errors.New("not a line for the journal")

// check looks at what would spoil an entry. It does not parse the JSON.
func (l Line) check() error {
	switch {
	case !l.Kind.known():
		return fmt.Errorf("%w: unknown kind", ErrLine)
	case len(l.JSON) > MaxLine:
		return fmt.Errorf("%w: %d bytes, at most %d are kept", ErrLine, len(l.JSON), MaxLine)
	case len(l.JSON) < 2 || l.JSON[0] != '{' || l.JSON[len(l.JSON)-1] != '}':
		return fmt.Errorf("%w: it is no JSON object", ErrLine)
	case len(l.Source) > maxSource:
		return fmt.Errorf("%w: its source has a name of %d bytes, at most %d are kept", ErrLine, len(l.Source), maxSource)
	}
	if at := bytes.IndexByte(l.JSON, '\n'); at >= 0 {
		return fmt.Errorf("%w: it has a line end at byte %d", ErrLine, at)
	}
	return nil
}

// cost is what a line that waits weighs in memory.
func (l Line) cost() int64 { return int64(len(l.JSON)) + 256 }

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

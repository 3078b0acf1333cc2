package collect

import (
	"context"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// Sealer makes lines durable. The journal is one; tests have one that keeps lines in memory.
type Sealer interface {
	// Add takes a copy of the line. See journal.Journal.Add.
	Add(context.Context, journal.Line) (*journal.Receipt, error)
}

// Intake is the one door through which sources hand in what they receive: it knows each sender,
// holds it to its share, and keeps its books. It serves any number of goroutines.
type Intake struct{}

// Sender is one system that sends: its books and its share. The Intake makes it.
type Sender struct{}

// Sender returns the sender of that id, such as "syslog/10.1.2.3" or the name of its token or
// certificate. unauthenticated marks one that only its address vouches for: every one of its events says so.
func (in *Intake) Sender(id string, unauthenticated bool) *Sender {
	panic("wardline: internal error: not built")
}

// Put hands in an event. It completes ev: Source, Observed, Record when it has none, and an ID when it has none, from conn and
// Record. raw is the bytes as received. Put blocks when the sender is over its share or the journal is behind: that
// is how senders are slowed down. ev may be reused when it returns. Wait on the Receipt before acknowledging.
func (s *Sender) Put(ctx context.Context, ev *event.Event, raw []byte) (*journal.Receipt, error) {
	panic("wardline: internal error: not built")
}

// Quarantine hands in bytes that could not be read, with a reason that does not quote them. They are kept as they came.
func (s *Sender) Quarantine(ctx context.Context, raw []byte, reason string) (*journal.Receipt, error) {
	panic("wardline: internal error: not built")
}

// Refuse books that something was not taken in and that the sender was told so.
func (s *Sender) Refuse(records int, reason string) { panic("wardline: internal error: not built") }

// Drop books that datagrams were lost, which only UDP allows.
func (s *Sender) Drop(records int, reason string) { panic("wardline: internal error: not built") }

type senderKey struct{}

// WithSender returns a context that says who sends; SenderOf finds it.
func WithSender(ctx context.Context, s *Sender) context.Context {
	return context.WithValue(ctx, senderKey{}, s)
}

// SenderOf returns who sends. It panics when nobody was named, which is a mistake of ours.
func SenderOf(ctx context.Context) *Sender { return ctx.Value(senderKey{}).(*Sender) }

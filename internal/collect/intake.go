package collect

import (
	"container/list"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"github.com/wardline/wardline/internal/journal"
)

// Sealer makes lines durable. The journal is one; tests have one that keeps lines in memory.
type Sealer interface {
	// Add takes a copy of the line. See journal.Journal.Add.
	Add(context.Context, journal.Line) (*journal.Receipt, error)
}

// Intake is the one door through which sources hand in what they receive: it knows each sender,
// holds it to its share, and keeps its books. It serves any number of goroutines.
//
// No sender starves another. What a sender has handed in and is not durable yet never exceeds
// its share, which is one pack of the journal or one longer line, and whoever waits is let in in the order of coming. So
// an event waits for one share of each other busy sender at most, however many they would like to
// send. Senders that only their address vouches for have a pool of their own: a flood of forged addresses
// leaves the other pool alone.
type Intake struct {
	seal  Sealer
	c     Config
	now   func() time.Time
	log   *slog.Logger
	lines sync.Pool

	known, unknown *semaphore.Weighted // the two pools: bytes handed in and not durable

	mu      sync.Mutex
	senders map[senderID]*Sender
	regular *list.List // of *Sender known for some time, the last used first
	fresh   *list.List // the others: these are forgotten first
	parted  []Books    // of senders that were forgotten, not sealed yet
}

// senderID tells senders apart. One that proved itself is not one of whom only the address is known, whatever they are called.
type senderID struct {
	name            string
	unauthenticated bool
}

// NewIntake returns an Intake that makes durable with seal. now is the clock of the node. Run must run as
// long as it is used.
func NewIntake(seal Sealer, c Config, now func() time.Time, log *slog.Logger) *Intake {
	in := &Intake{
		seal: seal, c: c, now: now, log: log,
		lines: sync.Pool{New: func() any { return new([]byte) }},
		known: semaphore.NewWeighted(c.Waiting), unknown: semaphore.NewWeighted(c.Waiting),
		senders: map[senderID]*Sender{}, regular: list.New(), fresh: list.New(),
	}
	return in
}

// Sender returns the sender of that id, such as "syslog/10.1.2.3" or the name of its token or
// certificate. unauthenticated marks one that only its address vouches for: every one of its events says so.
// It may be kept for as long as a connection lasts.
func (in *Intake) Sender(id string, unauthenticated bool) *Sender {
	key := senderID{cleanID(id), unauthenticated}
	in.mu.Lock()
	defer in.mu.Unlock()
	s, ok := in.senders[key]
	if !ok {
		s = newSender(in, key)
		in.senders[key] = s
		s.place = in.fresh.PushFront(s)
		in.forget(s)
	}
	in.used(s)
	return s
}

// used notes that s is in use. in.mu is held.
func (in *Intake) used(s *Sender) {
	now := in.now()
	s.used.Store(now.Unix())
	switch {
	case s.regular:
		in.regular.MoveToFront(s.place)
	case now.Sub(s.made) < newcomer:
		in.fresh.MoveToFront(s.place)
	default:
		in.fresh.Remove(s.place)
		s.place, s.regular = in.regular.PushFront(s), true
	}
}

// newcomer is how long a sender is the first to be forgotten when there are too many: forged addresses
// come and go, and the systems of a house stay.
const newcomer = time.Hour

// forget drops the senders that were quiet longest while there are too many. The newest stays, and so do those with something
// on the way; how many these can be is bounded by the pools. in.mu is held.
func (in *Intake) forget(newest *Sender) {
	for _, l := range [...]*list.List{in.fresh, in.regular} {
		for at := l.Back(); at != nil && len(in.senders) > in.c.Senders; {
			s, before := at.Value.(*Sender), at.Prev()
			if page, ok := s.leave(s == newest); ok {
				l.Remove(at)
				delete(in.senders, s.id)
				in.part(page)
			}
			at = before
		}
	}
}

// part keeps the books of a sender that was forgotten until they are sealed. Beyond mostParted they are
// added up under one name, so that a flood of forged addresses does not fill the journal. in.mu is held.
func (in *Intake) part(b Books) {
	const mostParted = 1 << 10
	switch {
	case b.Counts == (Counts{}):
	case len(in.parted) < mostParted:
		in.parted = append(in.parted, b)
	default:
		in.parted[mostParted-1].join(b)
	}
}

// join makes b a page of several senders.
func (b *Books) join(other Books) {
	b.Sender, b.Unauthenticated = others, b.Unauthenticated || other.Unauthenticated
	b.First, b.Last, b.UsualGap = time.Time{}, time.Time{}, 0
	if other.From.Before(b.From) {
		b.From = other.From
	}
	if other.To.After(b.To) {
		b.To = other.To
	}
	b.Counts = b.Counts.Plus(other.Counts)
	b.Difference = b.Counts.Difference()
	for reason, n := range other.Reasons {
		b.Reasons = withReason(b.Reasons, reason, n)
	}
}

// others names the senders that came and went in numbers too great to tell one by one.
const others = "others"

// cleanID makes an id that may be printed anywhere: part of it may come from a foreign certificate.
func cleanID(id string) string {
	const longest = 200
	id = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, id)
	if len(id) > longest {
		id = strings.ToValidUTF8(id[:longest], "")
	}
	return id
}

type senderKey struct{}

// WithSender returns a context that says who sends; SenderOf finds it.
func WithSender(ctx context.Context, s *Sender) context.Context {
	return context.WithValue(ctx, senderKey{}, s)
}

// SenderOf returns who sends. It panics when nobody was named, which is a mistake of ours.
func SenderOf(ctx context.Context) *Sender { return ctx.Value(senderKey{}).(*Sender) }

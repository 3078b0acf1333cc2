package collect

import (
	"bytes"
	"container/list"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// Sender is one system that sends: its books and its share. The Intake makes it.
type Sender struct {
	in             *Intake
	id             senderID
	limit          Limit
	made           time.Time
	nonce          string // of the ids of events that have no name of their own
	events, volume *rate.Limiter
	share, pool    *semaphore.Weighted
	used           atomic.Int64 // seconds since 1970

	place   *list.Element // guarded by in.mu
	regular bool          // guarded by in.mu

	mu       sync.Mutex // guards what follows
	gone     bool       // forgotten: another Sender keeps the books of this id now
	sequence int64
	books    ledger
	flights  []flight
	settling bool // a goroutine waits for flights
}

// flight is a line on its way into the journal.
type flight struct {
	receipt *journal.Receipt
	bytes   int64 // of the pool
	share   int64 // of the sender's share, all of it for a line that is longer
	records int64
	good    outcome       // what it counts as when it is durable
	bad     outcome       // and else
	again   *journal.Line // to be added again until it is durable: the sender will not send it again
}

func newSender(in *Intake, id senderID) *Sender {
	l := in.c.limit(id.name)
	const seconds = 2 // that a burst may last
	s := &Sender{
		in: in, id: id, limit: l, made: in.now(), nonce: rand.Text(),
		events: rate.NewLimiter(rate.Limit(l.Events), int(seconds*l.Events)),
		volume: rate.NewLimiter(rate.Limit(l.Bytes), int(seconds*l.Bytes)),
		share:  semaphore.NewWeighted(l.Waiting), pool: in.known,
	}
	if id.unauthenticated {
		s.pool = in.unknown
	}
	s.books.sealedAt = s.made
	return s
}

// ID is the id of the sender: what its events have as Source.
func (s *Sender) ID() string { return s.id.name }

// Put hands in an event. It completes ev: Source, Observed, Raw, Record when it has none, and an ID when it has
// none, which then comes from the sender and its count of events. raw is the bytes as received. flags are
// what the source has to say about the event; the Intake adds those that it knows of.
//
// Put blocks when the sender is over its share or the journal is behind: that
// is how senders are slowed down. ev may be reused when it returns. Wait on the Receipt before acknowledging.
// An event that Put fails for, or its Receipt later, is booked as refused: do not call Refuse for it. One that is too
// long for the journal once it is written as JSON is quarantined.
func (s *Sender) Put(ctx context.Context, ev *event.Event, raw []byte, flags ...Flag) (*journal.Receipt, error) {
	return s.put(ctx, ev, raw, flags, flight{bad: refused})
}

// Insist is Put for protocols whose senders hear of nothing (syslog) and will not send again: while the journal cannot write it
// tries again, and so slows the sender down, and what the journal could not make durable it hands in once more. It fails
// when ctx ends and when the journal is closed.
func (s *Sender) Insist(ctx context.Context, ev *event.Event, raw []byte, flags ...Flag) (*journal.Receipt, error) {
	return s.put(ctx, ev, raw, flags, flight{bad: refused, again: &journal.Line{}})
}

// ErrShare says that a datagram was dropped because its sender is over its share.
var ErrShare = errors.New("the sender is over its share")

// Offer is Put for datagrams, whose senders cannot be slowed down: it fails with ErrShare at once where
// Put would wait for the sender's share, so that one sender does not hold up the others of a socket. Events that
// it or the Receipt fails for are booked as dropped.
func (s *Sender) Offer(ctx context.Context, ev *event.Event, raw []byte, flags ...Flag) (*journal.Receipt, error) {
	return s.put(ctx, ev, raw, flags, flight{bad: dropped})
}

func (s *Sender) put(ctx context.Context, ev *event.Event, raw []byte, flags []Flag, f flight) (*journal.Receipt, error) {
	now := s.in.now()
	s, sequence := s.enter(now, 1, len(raw))
	s.complete(ev, raw, now, sequence)
	if s.id.unauthenticated {
		flags = append(flags[:len(flags):len(flags)], Unauthenticated)
	}
	at := ev.Time
	if suspect(at, now) {
		flags = append(flags[:len(flags):len(flags)], TimeSuspect)
		at = now // so that one wrong clock does not stretch the time range of an entry
		if !printable(ev.Time) {
			ev.Time = time.Time{}
		}
	}
	buf := s.in.lines.Get().(*[]byte)
	defer func() {
		const usual = 1 << 20 // what one long line needed is not kept for short ones
		if cap(*buf) <= usual {
			s.in.lines.Put(buf)
		}
	}()
	*buf = appendFlagged((*buf)[:0], ev, flags)
	line := journal.Line{Kind: journal.Events, Source: s.id.name, Time: at, JSON: *buf}
	f.records, f.good = 1, stored
	if len(*buf) > journal.MaxLine {
		// As JSON a byte can become six. The journal would refuse the line for good, and a sender that sends it again and again
		// would get no further: it is kept as it came.
		*buf = s.appendDamage((*buf)[:0], raw, Damage{Reason: "too long once it is written as an event"}, now)
		line.Kind, line.JSON, f.good = journal.Damaged, *buf, quarantined
	}
	return s.add(ctx, line, len(raw), f)
}

// complete fills in what the source left open.
func (s *Sender) complete(ev *event.Event, raw []byte, now time.Time, sequence int64) {
	ev.Source, ev.Observed, ev.Raw = s.id.name, now.UTC(), sha256.Sum256(raw)
	if ev.Record == 0 {
		ev.Record = sequence
	}
	if ev.ID == (event.ID{}) {
		ev.ID = event.NewID(s.id.name, s.nonce, strconv.FormatInt(sequence, 10))
	}
}

// Quarantine hands in bytes that could not be read. d says where in what was received they began, why they could not
// be read, without quoting them, and how many records they are (one when it does not know). They are kept as they came.
func (s *Sender) Quarantine(ctx context.Context, raw []byte, d Damage) (*journal.Receipt, error) {
	now := s.in.now()
	records := max(1, d.Records)
	s, _ = s.enter(now, records, len(raw))
	line := journal.Line{Kind: journal.Damaged, Source: s.id.name, JSON: s.appendDamage(nil, raw, d, now)}
	return s.add(ctx, line, len(raw), flight{records: int64(records), good: quarantined, bad: refused})
}

// appendDamage writes bytes that could not be read as the journal keeps them:
//
//	{"source":"…","observed":"…","unauthenticated":true,"offset":0,"records":1,"reason":"…","bytes":"base64"}
func (s *Sender) appendDamage(b, raw []byte, d Damage, now time.Time) []byte {
	b = append(b, `{"source":`...)
	b = jsonl.AppendString(b, s.id.name)
	b = append(b, `,"observed":"`...)
	b = now.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	if s.id.unauthenticated {
		b = append(b, `,"unauthenticated":true`...)
	}
	b = fmt.Appendf(b, `,"offset":%d,"records":%d,"reason":`, d.Offset, max(1, d.Records))
	b = jsonl.AppendString(b, d.Reason)
	b = append(b, `,"bytes":"`...)
	b = base64.StdEncoding.AppendEncode(b, raw)
	return append(b, `"}`...)
}

// Refuse books that something was not taken in and that the sender was told so.
func (s *Sender) Refuse(records int, reason string) { s.note(refused, records, reason) }

// Drop books that datagrams were lost, which only UDP allows.
func (s *Sender) Drop(records int, reason string) { s.note(dropped, records, reason) }

func (s *Sender) note(o outcome, records int, reason string) {
	if records <= 0 {
		return
	}
	s, _ = s.enter(s.in.now(), records, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.land(o, int64(records), reason)
}

// enter books that something was received, with the Sender that keeps the books of this id now, and returns that
// and its count of what it received.
func (s *Sender) enter(now time.Time, records, size int) (*Sender, int64) {
	for {
		if s.used.Load() != now.Unix() { // once in a second is enough to stay
			s.in.mu.Lock()
			if s.in.senders[s.id] == s {
				s.in.used(s)
			}
			s.in.mu.Unlock()
		}
		s.mu.Lock()
		if !s.gone {
			s.sequence++
			s.books.open(now, int64(records), int64(size))
			n := s.sequence
			s.mu.Unlock()
			return s, n
		}
		s.mu.Unlock()
		s = s.in.Sender(s.id.name, s.id.unauthenticated)
	}
}

// add brings a line of size received bytes into the journal as soon as the sender's share allows.
func (s *Sender) add(ctx context.Context, l journal.Line, size int, f flight) (*journal.Receipt, error) {
	const entry = 256                                       // what a line costs besides its bytes
	f.bytes = min(int64(len(l.JSON))+entry, s.in.c.Waiting) // one that is longer than the pool has it to itself
	f.share = min(f.bytes, s.limit.Waiting)
	if reason, err := s.admit(ctx, size, f); err != nil {
		s.fail(f, reason)
		return nil, err
	}
	if f.again != nil {
		*f.again = l
		f.again.JSON = bytes.Clone(l.JSON) // no more than the pool holds
	}
	r, err := s.seal(ctx, l, f)
	if err != nil {
		s.release(f)
		s.fail(f, sealFailed(err))
		return nil, err
	}
	f.receipt = r
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flights = append(s.flights, f)
	if !s.settling {
		s.settling = true
		go s.settle() // ends by itself when all receipts are settled, as the journal promises that they will be
	}
	return r, nil
}

// seal adds a line to the journal, and tries again if it must go in.
func (s *Sender) seal(ctx context.Context, l journal.Line, f flight) (*journal.Receipt, error) {
	const pause = 500 * time.Millisecond
	for {
		r, err := s.in.seal.Add(ctx, l)
		again := f.again != nil && (errors.Is(err, journal.ErrFull) || errors.Is(err, journal.ErrFailed))
		if !again {
			return r, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// admit waits until the sender may hand in size bytes, or fails with a reason for the books.
func (s *Sender) admit(ctx context.Context, size int, f flight) (reason string, err error) {
	const left = "the source stopped waiting"
	size = min(size, s.volume.Burst())
	if f.bad == dropped {
		now := time.Now()
		switch {
		case !s.events.AllowN(now, 1) || !s.volume.AllowN(now, size):
			return "over its rate", ErrShare
		case !s.share.TryAcquire(f.share):
			return "over its share", ErrShare
		}
	} else if reason, err := s.queue(ctx, size, f); err != nil {
		if ctx.Err() != nil {
			reason = left
		}
		return reason, err
	}
	if err := s.pool.Acquire(ctx, f.bytes); err != nil {
		s.share.Release(f.share)
		return left, err
	}
	return "", nil
}

// queue waits for the sender's rate and for its share.
func (s *Sender) queue(ctx context.Context, size int, f flight) (reason string, err error) {
	if err := s.events.Wait(ctx); err != nil {
		return "over its rate", err
	}
	if err := s.volume.WaitN(ctx, size); err != nil {
		return "over its rate", err
	}
	return "over its share", s.share.Acquire(ctx, f.share)
}

func (s *Sender) release(f flight) {
	s.pool.Release(f.bytes)
	s.share.Release(f.share)
}

func (s *Sender) fail(f flight, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.land(f.bad, f.records, reason)
}

// settle books how the lines on their way end, in the order in which they were added.
func (s *Sender) settle() {
	for {
		s.mu.Lock()
		flights := s.flights
		s.flights = nil
		s.settling = len(flights) > 0
		s.mu.Unlock()
		if len(flights) == 0 {
			return
		}
		for _, f := range flights {
			_, err := f.receipt.Wait(context.Background())
			for err != nil && f.again != nil && !errors.Is(err, journal.ErrClosed) {
				if f.receipt, err = s.seal(context.Background(), *f.again, f); err == nil {
					_, err = f.receipt.Wait(context.Background())
				}
			}
			s.release(f)
			if err != nil {
				s.fail(f, sealFailed(err))
				continue
			}
			s.mu.Lock()
			s.books.land(f.good, f.records, "")
			s.mu.Unlock()
		}
	}
}

// sealFailed is the reason for the books when the journal did not take a line.
func sealFailed(err error) string {
	switch {
	case errors.Is(err, journal.ErrFull):
		return "the journal's disk is full"
	case errors.Is(err, journal.ErrClosed):
		return "the journal is closed"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "the source stopped waiting"
	}
	return "the journal failed"
}

// leave makes s one that is forgotten and returns the last page of its books; not while something is on its way, and not
// when it is to stay.
func (s *Sender) leave(stay bool) (Books, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stay || s.books.waiting > 0 {
		return Books{}, false
	}
	s.gone = true
	return s.page(s.in.now()), true
}

package collect

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// Counts are numbers of records, but for Bytes. Whatever was received ends as one of the others, or is
// still on its way: Received = Stored + Quarantined + Refused + Dropped + Waiting.
type Counts struct {
	Received    int64 `json:"received"`
	Stored      int64 `json:"stored"`      // durable
	Quarantined int64 `json:"quarantined"` // could not be read; kept as they came, durable
	Refused     int64 `json:"refused"`     // not taken in, and the sender told so as far as its protocol can
	Dropped     int64 `json:"dropped"`     // lost, which only UDP allows
	Waiting     int64 `json:"waiting"`     // received and not ended; in a page: more (or less) than at its beginning
	Bytes       int64 `json:"bytes"`       // received
}

// Difference is what the books do not explain. Anything but zero is a mistake of ours.
func (c Counts) Difference() int64 {
	return c.Received - c.Stored - c.Quarantined - c.Refused - c.Dropped - c.Waiting
}

// Plus adds up.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Received + d.Received, c.Stored + d.Stored, c.Quarantined + d.Quarantined, c.Refused + d.Refused,
		c.Dropped + d.Dropped, c.Waiting + d.Waiting, c.Bytes + d.Bytes}
}

func (c Counts) minus(d Counts) Counts {
	return Counts{c.Received - d.Received, c.Stored - d.Stored, c.Quarantined - d.Quarantined, c.Refused - d.Refused,
		c.Dropped - d.Dropped, c.Waiting - d.Waiting, c.Bytes - d.Bytes}
}

// Books is one page of a sender's books, as the journal keeps it: what came in a minute, and what became of it.
// Where the journal did not say in time whether a page is durable, the next one begins at the same From and
// stands in its place.
type Books struct {
	Sender          string    `json:"sender"`
	Unauthenticated bool      `json:"unauthenticated,omitempty"`
	From            time.Time `json:"from"`
	To              time.Time `json:"to"`
	Counts
	Difference int64            `json:"difference"`        // zero
	Reasons    map[string]int64 `json:"reasons,omitempty"` // records refused and dropped, by the reason
	First      time.Time        `json:"first,omitzero"`    // when the sender was first heard
	Last       time.Time        `json:"last,omitzero"`     // and last
	UsualGap   time.Duration    `json:"usual_gap_ns,omitempty"`
}

// State tells whether a sender is heard.
type State string

// The states of a sender.
const (
	Live   State = "live"
	Silent State = "silent" // heard, and quiet for longer than it usually is
	Never  State = "never"  // expected, and not heard since the node started
)

// Standing is how a sender stands now, since the node started.
type Standing struct {
	Sender          string
	Unauthenticated bool
	State           State
	First, Last     time.Time        // heard; zero when never
	UsualGap        time.Duration    // see Silence
	SilentAt        time.Time        // when it is, or was, to be missed
	Counts                           // Waiting is what is on its way now
	Reasons         map[string]int64 // records refused and dropped, by the reason
}

// outcome is what became of a record.
type outcome uint8

const (
	stored outcome = iota
	quarantined
	refused
	dropped
)

// ledger is the books of one sender. Its Sender's lock guards it.
type ledger struct {
	counts      Counts // Waiting is not kept here
	waiting     int64  // counted for itself, so that Difference checks something
	reasons     map[string]int64
	sealed      Counts // as of the last page
	sealedWhy   map[string]int64
	sealedAt    time.Time
	first, last time.Time
	rhythm      rhythm
	missed      bool // Silent was told
}

// open books that records were received.
func (l *ledger) open(now time.Time, records, size int64) {
	l.counts.Received += records
	l.counts.Bytes += size
	l.waiting += records
	if l.first.IsZero() {
		l.first = now
	}
	if !l.last.IsZero() {
		l.rhythm.gap(now.Sub(l.last), now.Sub(l.first))
	}
	l.last, l.missed = now, false
}

// land books what became of records.
func (l *ledger) land(o outcome, records int64, reason string) {
	l.waiting -= records
	switch o {
	case stored:
		l.counts.Stored += records
	case quarantined:
		l.counts.Quarantined += records
	case refused:
		l.counts.Refused += records
	case dropped:
		l.counts.Dropped += records
	}
	if reason == "" {
		return
	}
	const mostReasons = 32
	if l.reasons == nil {
		l.reasons = map[string]int64{}
	}
	if _, ok := l.reasons[reason]; !ok && len(l.reasons) >= mostReasons {
		reason = "other"
	}
	l.reasons[reason] += records
}

// close is land for what was only noted.
func (l *ledger) close(o outcome, records int64, reason string) { l.land(o, records, reason) }

// now is the counts with what is on its way.
func (l *ledger) now() Counts {
	c := l.counts
	c.Waiting = l.waiting
	return c
}

// page is what is not sealed yet. s.mu is held.
func (s *Sender) page(now time.Time) Books {
	l := &s.books
	b := Books{
		Sender: s.id.name, Unauthenticated: s.id.unauthenticated, From: l.sealedAt.UTC(), To: now.UTC(),
		Counts: l.now().minus(l.sealed), First: l.first.UTC(), Last: l.last.UTC(), UsualGap: l.rhythm.usual(),
	}
	b.Difference = b.Counts.Difference()
	for reason, n := range l.reasons {
		if n -= l.sealedWhy[reason]; n > 0 {
			if b.Reasons == nil {
				b.Reasons = map[string]int64{}
			}
			b.Reasons[reason] = n
		}
	}
	return b
}

// turn notes that a page is sealed.
func (s *Sender) turn(b Books) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.sealed = s.books.sealed.Plus(b.Counts)
	s.books.sealedAt = b.To
	if s.books.sealedWhy == nil && b.Reasons != nil {
		s.books.sealedWhy = map[string]int64{}
	}
	for reason, n := range b.Reasons {
		s.books.sealedWhy[reason] += n
	}
}

// Standings tells how each sender stands, by id. Those that are expected and were not heard are among them.
func (in *Intake) Standings() []Standing {
	now := in.now()
	var list []Standing
	heard := map[string]bool{}
	for _, s := range in.all() {
		st := s.standing(now)
		heard[st.Sender] = true
		list = append(list, st)
	}
	for _, id := range in.c.Expect {
		if !heard[id] {
			list = append(list, Standing{Sender: id, State: Never})
		}
	}
	slices.SortFunc(list, func(a, b Standing) int { return strings.Compare(a.Sender, b.Sender) })
	return list
}

func (in *Intake) all() []*Sender {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Collect(maps.Values(in.senders))
}

func (s *Sender) standing(now time.Time) Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.books
	st := Standing{
		Sender: s.id.name, Unauthenticated: s.id.unauthenticated, State: Never, First: l.first, Last: l.last,
		UsualGap: l.rhythm.usual(), Counts: l.now(), Reasons: maps.Clone(l.reasons),
	}
	if l.last.IsZero() {
		return st
	}
	st.SilentAt = l.last.Add(s.in.c.Silence.after(st.UsualGap))
	st.State = Live
	if now.After(st.SilentAt) {
		st.State = Silent
	}
	return st
}

// Run seals the books of every minute, and says which senders fell silent, until ctx ends; then it seals what is left.
func (in *Intake) Run(ctx context.Context) error {
	for {
		now := in.now()
		select {
		case <-time.After(now.Truncate(time.Minute).Add(time.Minute).Sub(now)):
			in.sealBooks(ctx)
			in.listen()
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
			defer cancel()
			in.settled(last)
			in.sealBooks(last)
			return ctx.Err()
		}
	}
}

// closing is how long the books may take at the end.
const closing = 5 * time.Second

// settled waits until nothing is on its way, or ctx ends.
func (in *Intake) settled(ctx context.Context) {
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		waiting := int64(0)
		for _, s := range in.all() {
			s.mu.Lock()
			waiting += s.books.waiting
			s.mu.Unlock()
		}
		if waiting == 0 {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// sealBooks seals one page for each sender that there is something to say of. What the journal does not take stays for the next page.
func (in *Intake) sealBooks(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute/2)
	defer cancel()
	now := in.now()
	in.mu.Lock()
	parted := in.parted
	in.parted = nil
	in.mu.Unlock()
	type open struct {
		page    Books
		sender  *Sender // nil when it was forgotten
		receipt *journal.Receipt
	}
	var pages []open
	for _, p := range parted {
		pages = append(pages, open{page: p})
	}
	for _, s := range in.all() {
		s.mu.Lock()
		p := s.page(now)
		s.mu.Unlock()
		if p.Counts != (Counts{}) {
			pages = append(pages, open{page: p, sender: s})
		}
	}
	var failure error
	for i := range pages {
		p := &pages[i]
		if p.page.Difference != 0 {
			in.log.ErrorContext(ctx, "the books of a sender do not balance: please report this as a mistake of Wardline",
				"sender", p.page.Sender, "difference", p.page.Difference)
		}
		text, err := json.Marshal(p.page)
		if err == nil {
			p.receipt, err = in.seal.Add(ctx, journal.Line{Kind: journal.Books, Source: p.page.Sender, Time: p.page.To, JSON: text})
		}
		if err != nil {
			failure = err
		}
	}
	for _, p := range pages {
		if p.receipt != nil {
			if _, err := p.receipt.Wait(ctx); err == nil {
				if p.sender != nil {
					p.sender.turn(p.page)
				}
				continue
			} else {
				failure = err
			}
		}
		if p.sender == nil {
			in.mu.Lock()
			in.part(p.page)
			in.mu.Unlock()
		}
	}
	if failure != nil {
		in.log.WarnContext(ctx, "books are not sealed yet: they are tried again within a minute", "error", failure)
	}
}

package collect

import (
	"maps"
	"slices"
	"strings"
	"time"
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
	if reason != "" {
		l.reasons = withReason(l.reasons, reason, records)
	}
}

// withReason adds to numbers of records by the reason, of which there are not too many.
func withReason(reasons map[string]int64, reason string, records int64) map[string]int64 {
	const mostReasons = 32
	if reasons == nil {
		reasons = map[string]int64{}
	}
	if _, ok := reasons[reason]; !ok && len(reasons) >= mostReasons {
		reason = "other"
	}
	reasons[reason] += records
	return reasons
}

// now is the counts with what is on its way.
func (l *ledger) now() Counts {
	c := l.counts
	c.Waiting = l.waiting
	return c
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

// Package delay watches how old messages are when they arrive: a queue that nobody reports shows in the times that its messages bear.
//
// What a sender's clock is off by, and how long a message usually takes, are one figure, and it is learned: of each minute the message that took least, in the middle of
// the days before. A queue is seen, once a sender was heard for a week, when even the fastest of each of five minutes with messages, a dozen in all, is two minutes later than that, and three times later than any minute of the last seven
// days was; it is over when they are back for three. While it lasts nothing is learned. A sender that states no offset is an hour off on two nights of the year: five minutes in a row that
// are an hour older or younger than usual, and no more than two minutes beside it, are such a night.
package delay

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// The rule.
const (
	late     = 2 * time.Minute
	times    = 3
	fewest   = 5  // minutes in a row with messages
	enough   = 12 // messages in them: single ones are late for reasons of their own
	well     = 3  // of them, until it is over
	daysKept = 7
	mostAge  = 7 * 24 * time.Hour // of a message: older ones are told again, and no queue
	middle   = 61                 // minutes of which the middle is usual
	youngest = 600                // minutes with messages until anything is told
	week     = daysKept * day
	day      = 24 * time.Hour
)

// Late is that messages arrive late, or do no more.
type Late struct {
	Since time.Time
	By    time.Duration // later than usual, of the fastest of the last minute
	Ended bool
}

// Feed is how old the messages of one sender are. It belongs to one goroutine.
type Feed struct {
	s state
}

// state is all that is known, as it is written.
type state struct {
	Minute int64         // since 1970, that is being gathered
	Least  time.Duration // of its messages
	Any    bool
	Came   int                         // messages of it
	Lates  int                         // of the minutes in the row
	First  time.Time                   // when it was heard first
	Known  int                         // minutes that were learned from
	Ring   []time.Duration             // the least of the latest of these
	At     int                         // in Ring, that is written next
	Worst  [daysKept + 1]time.Duration // of each day, that of Day first
	Day    time.Time
	Zoned  bool      // its latest message said by which offset
	Turned int       // minutes in a row that are of a clock that was turned, it seems
	Row    int       // minutes in a row that were late, or, while it is told, well
	Since  time.Time // of the first in the row
	Told   time.Time // since when it is so; zero when it is not
}

// New knows nothing.
func New() *Feed { return &Feed{} }

// Observe takes a message that says when it was written, and arrived at a time. zoned is whether it said by which offset.
func (f *Feed) Observe(written time.Time, zoned bool, at time.Time) (out []Late) {
	took := at.Sub(written)
	if took.Abs() > mostAge {
		return nil
	}
	if f.s.First.IsZero() {
		f.s.First = at
	}
	if minute := at.Unix() / 60; minute != f.s.Minute {
		out = f.close()
		f.s.Minute, f.s.Any, f.s.Came = minute, false, 0
	}
	f.s.Came++
	f.s.Zoned = zoned
	if !f.s.Any || took < f.s.Least {
		f.s.Least, f.s.Any = took, true
	}
	return out
}

// usual is how old messages are.
func (f *Feed) usual() (time.Duration, bool) {
	if f.s.Known < youngest {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(f.s.Ring))
	return sorted[len(sorted)/2], true
}

// close judges the minute that is over.
func (f *Feed) close() []Late {
	if !f.s.Any {
		return nil
	}
	at := time.Unix((f.s.Minute+1)*60, 0).UTC()
	usual, known := f.usual()
	by := f.s.Least - usual
	if known && f.turned(by) {
		return nil
	}
	bad := known && at.Sub(f.s.First) >= week && by > max(late, times*slices.Max(f.s.Worst[1:])) // a queue of today is no excuse for itself
	if !f.s.Told.IsZero() {
		bad = by > late
	}
	switch {
	case f.s.Told.IsZero() && bad:
		if f.s.Row++; f.s.Row == 1 {
			f.s.Since, f.s.Lates = at.Add(-time.Minute), 0
		}
		if f.s.Lates += f.s.Came; f.s.Row < fewest || f.s.Lates < enough {
			return nil
		}
		f.s.Told, f.s.Row = f.s.Since, 0
		return []Late{{Since: f.s.Told, By: by}}
	case f.s.Told.IsZero():
		f.s.Row = 0
		f.learn(by, known, at)
		return nil
	case bad:
		f.s.Row = 0
		return nil
	}
	if f.s.Row++; f.s.Row < well {
		return nil
	}
	since := f.s.Told
	f.s.Told, f.s.Row = time.Time{}, 0
	return []Late{{Since: since, Ended: true}}
}

// turned tells whether the minute may be of a clock that was turned by an hour, and goes with it once that is sure.
func (f *Feed) turned(by time.Duration) bool {
	hour := time.Hour
	if by < 0 {
		hour = -hour
	}
	if f.s.Zoned || !f.s.Told.IsZero() || (by-hour).Abs() >= late {
		f.s.Turned = 0
		return false
	}
	if f.s.Turned++; f.s.Turned == fewest {
		for i := range f.s.Ring {
			f.s.Ring[i] += hour
		}
		f.s.Turned = 0
	}
	return true
}

// learn takes a minute that was as usual.
func (f *Feed) learn(by time.Duration, known bool, at time.Time) {
	s := &f.s
	s.Known++
	if len(s.Ring) < middle {
		s.Ring = append(s.Ring, s.Least)
	} else {
		s.Ring[s.At] = s.Least
	}
	s.At = (s.At + 1) % middle
	if at.Sub(s.Day) >= day {
		copy(s.Worst[1:], s.Worst[:])
		s.Worst[0], s.Day = 0, at
	}
	if known {
		s.Worst[0] = max(s.Worst[0], by)
	}
}

// Encode writes what is known, so that Decode goes on where it was.
func (f *Feed) Encode() []byte {
	text, err := json.Marshal(&f.s)
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // numbers and times can always be written
	}
	return text
}

// Decode takes up what Encode wrote.
func Decode(text []byte) (*Feed, error) {
	f := New()
	if err := json.Unmarshal(text, &f.s); err != nil {
		return nil, fmt.Errorf("what is known of how old messages are is damaged: start it anew: %w", err)
	}
	if s := &f.s; len(s.Ring) > middle || s.At < 0 || s.At >= middle || len(s.Ring) < min(s.Known, middle) || s.Known < 0 || s.Row < 0 {
		return nil, fmt.Errorf("what is known of how old messages are is damaged: %d minutes, at %d: start it anew", len(s.Ring), s.At)
	}
	return f, nil
}

// Package surge watches a feed for too much: messages that come again though they were said before, and more of them than the hour
// explains.
//
// A loop between two engines, or an operator who sends a file twice, says the same again and again; systems behind it file it again,
// and slow down for all others. So of each message of a day a fingerprint of four bytes is kept.
//
// A record system that says each morning again who is expected repeats itself by its nature. So the most repetitions of five minutes are kept for each of the last seven days, and only what is
// three times as many is a replay. (Without that a simulated house of 1,000 beds had 46 false alarms in 70 days.)
package surge

import (
	"slices"
	"time"
)

// Kind is what there is too much of.
type Kind string

// The kinds.
const (
	Replay Kind = "replay" // of what was said within the day
	Flood  Kind = "flood"  // of all
)

// Trouble begins or ends.
type Trouble struct {
	Kind  Kind
	Ended bool
	Since time.Time
	Count int     // messages of five minutes, of Replay those that came again
	Of    int     // messages of five minutes
	Usual float64 // messages that five minutes usually bring; 0 when not known
}

const (
	kept       = 5                // minutes that are looked at
	fewRepeats = 30               // within these, so that it is a replay
	share      = 4                // and one in so many
	beyond     = 3                // times as many as in any five minutes of the days before
	days       = 7                // that are known before that is told
	newRepeats = 100              // of a feed that is not known for so long
	newShare   = 2                // and one in so many
	fewMore    = 500              // messages within these, so that it is a flood
	times      = 5.0              // what is usual
	generation = 12 * time.Hour   // for which a fingerprint is kept, or twice as long
	mostPrints = 1 << 18          // in a generation; what comes beyond is not known again
	calm       = 10 * time.Minute // without it, and it is over
)

// Feed is a feed that is watched. It is not safe for use by several goroutines.
type Feed struct {
	minutes [kept]struct{ all, again int }
	at      int64 // minute since 1970
	clock   time.Time
	turned  time.Time // when the younger generation began
	young   map[uint32]struct{}
	old     map[uint32]struct{}
	told    map[Kind]spell

	day   int64           // since 1970, of worst[0]
	known int             // days before it
	worst [days + 1]int32 // repetitions in five minutes, the most of each day, that of today first
}

// spell is a time of trouble.
type spell struct{ since, last time.Time }

// New is a feed of which nothing is known.
func New() *Feed { return &Feed{young: map[uint32]struct{}{}, told: map[Kind]spell{}} }

// Observe takes a message by a hash of all of it but its times. usual is how many messages half an hour brings at this time, 0 when that is not
// known.
func (f *Feed) Observe(message uint64, usual float64, at time.Time) []Trouble {
	f.advance(at)
	m := &f.minutes[f.at%kept]
	m.all++
	print := uint32(message ^ message>>32)
	if f.said(print) {
		m.again++
	} else if len(f.young) < mostPrints {
		f.young[print] = struct{}{}
	}
	return f.judge(usual)
}

// Tick lets time pass.
func (f *Feed) Tick(usual float64, now time.Time) []Trouble {
	f.advance(now)
	return f.judge(usual)
}

func (f *Feed) said(print uint32) bool {
	if _, found := f.young[print]; found {
		return true
	}
	_, found := f.old[print]
	return found
}

func (f *Feed) advance(to time.Time) {
	if !to.After(f.clock) {
		return
	}
	if f.clock.IsZero() {
		f.at, f.turned = to.Unix()/60, to
	}
	f.clock = to
	if since := to.Sub(f.turned); since > generation {
		f.old, f.young, f.turned = f.young, map[uint32]struct{}{}, to
		if since > 2*generation {
			f.old = nil
		}
	}
	for today := to.Unix() / 86400; f.day < today; f.day++ {
		if today-f.day > days {
			f.day, f.known, f.worst = today-1, 0, [days + 1]int32{}
			continue
		}
		copy(f.worst[1:], f.worst[:])
		f.worst[0] = 0
		f.known++
	}
	minute := to.Unix() / 60
	f.at = max(f.at, minute-kept)
	for f.at < minute {
		f.at++
		f.minutes[f.at%kept] = struct{ all, again int }{}
	}
}

func (f *Feed) judge(usual float64) (out []Trouble) {
	all, again := 0, 0
	for _, m := range f.minutes {
		all += m.all
		again += m.again
	}
	usual /= 6 // of five minutes
	replayed := f.replayed(again, all)
	if _, told := f.told[Replay]; !told && !replayed {
		f.worst[0] = max(f.worst[0], int32(again))
	}
	out = f.tell(out, replayed, Trouble{Kind: Replay, Count: again, Of: all, Usual: usual})
	return f.tell(out, usual > 0 && all >= fewMore && float64(all) > times*usual, Trouble{Kind: Flood, Count: all, Of: all, Usual: usual})
}

// replayed tells whether so many of all messages of five minutes are too many that were said before. What today was like before is no excuse.
func (f *Feed) replayed(again, all int) bool {
	if f.known < days {
		return again >= newRepeats && again*newShare >= all
	}
	return again >= max(fewRepeats, beyond*int(slices.Max(f.worst[1:]))) && again*share >= all
}

func (f *Feed) tell(out []Trouble, wrong bool, t Trouble) []Trouble {
	s, known := f.told[t.Kind]
	switch {
	case wrong:
		if s.last = f.clock; !known {
			s.since, t.Since = f.clock, f.clock
			out = append(out, t)
		}
		f.told[t.Kind] = s
	case known && f.clock.Sub(s.last) > calm:
		delete(f.told, t.Kind)
		t.Since, t.Ended = s.since, true
		out = append(out, t)
	}
	return out
}

// Package sibling watches for a feed that says less than it should and still speaks: one of two senders is gone, and no part of the feed tells which.
//
// What a feed should say is its usual half hour times a factor that all have in common: a holiday nobody entered, a quiet summer, a snowed-in day. The factor is the
// middle one of what the other feeds said of what they should, over two hours. What is missing is summed up (a one-sided CUSUM), and told when the sum is half as large again as it ever
// was in eight weeks:
//
//	z = (usual × factor - came) / deviation,  sum = max(0, sum + z - ½),  deviation² = φ × expected + (0.08 × expected)²
//
// It is a watch and never a call. Ten invented feeds of 200 to 12,000 messages a day, ten weeks to learn, twenty times: half lost is told after 4.5 hours by the median (20 of 20 within a day;
// in bursts of four messages 9 hours, 18 of 20), 30 % lost after 7 (18 of 20; in bursts 12, 15 of 20); 0.1 to 0.2 false alarms a feed and year. Source of the rule: the note on
// silence, whose trial found that a sum against the feed's own curve alone is of no use.
package sibling

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// The rule.
const (
	window  = 4  // half hours by which the factor is told
	fewest  = 5  // other feeds
	least   = 20 // messages that each should have said in them: fewer say little of the day
	low     = 0.3
	high    = 1.6
	slack   = 0.5
	noise   = 0.08
	beyond  = 1.5
	floor   = 5.0 // of a sum that is told
	weeks   = 8
	young   = 4 // weeks until anything is told
	back    = 0.9
	phi     = 1.5
	forget  = 1.0 / 300 // of the spread, with each half hour
	most    = 4000      // feeds
	perWeek = 7 * 48
)

// Half is what a feed said in one half hour.
type Half struct {
	Feed  string
	Came  float64
	Usual float64 // in the middle of the weeks before
}

// Less is that a feed says less than it should, or does no more.
type Less struct {
	Feed     string
	Since    time.Time
	Came     float64 // since then
	Expected float64
	Ended    bool
}

// Watch knows how feeds do. It belongs to one goroutine.
type Watch struct {
	feeds map[string]*feed
}

// feed is one, as it is written.
type feed struct {
	Came, Usual [window]float64 // of the latest half hours, newest first
	Seen        int             // half hours
	Sum         float64
	Since       time.Time // the sum is above 0
	Said, Due   float64   // since then
	Phi         float64
	Most        [weeks + 1]float64 // sums of the latest weeks, the present one first, which is no excuse for itself
	Told        bool
	last        time.Time
}

// New knows none.
func New() *Watch { return &Watch{feeds: map[string]*feed{}} }

// Take takes what all feeds said in the half hour that ended at that time, but for those that are silent, or of which it is not known.
func (w *Watch) Take(all []Half, at time.Time) (out []Less) {
	for i := range all {
		h := &all[i]
		f := w.feeds[h.Feed]
		if f == nil {
			if len(w.feeds) >= most {
				continue
			}
			f = &feed{Phi: phi}
			w.feeds[h.Feed] = f
		}
		copy(f.Came[1:], f.Came[:])
		copy(f.Usual[1:], f.Usual[:])
		f.Came[0], f.Usual[0], f.last = h.Came, h.Usual, at
		f.Seen++
		if f.Seen%perWeek == 0 {
			copy(f.Most[1:], f.Most[:])
			f.Most[0] = 0
		}
	}
	for i := range all {
		f := w.feeds[all[i].Feed]
		if f == nil || f.last != at {
			continue
		}
		if factor, known := w.factor(f, at); known {
			out = append(out, f.judge(all[i].Feed, factor, at)...)
		}
	}
	return out
}

// factor is what the other feeds said of what they should.
func (w *Watch) factor(of *feed, at time.Time) (float64, bool) {
	var shares []float64
	for _, f := range w.feeds {
		if f == of || f.Told || f.last != at {
			continue
		}
		if came, due := f.recent(); due >= least {
			shares = append(shares, came/due)
		}
	}
	if len(shares) < fewest {
		return 0, false
	}
	slices.Sort(shares)
	return max(low, min(high, shares[len(shares)/2])), true
}

func (f *feed) recent() (came, due float64) {
	for i := range window {
		came, due = came+f.Came[i], due+f.Usual[i]
	}
	return came, due
}

func (f *feed) judge(name string, factor float64, at time.Time) []Less {
	due := f.Usual[0] * factor
	if due <= 0 {
		return nil
	}
	missing := due - f.Came[0]
	f.Sum = max(0, f.Sum+missing/math.Sqrt(f.Phi*due+noise*noise*due*due)-slack)
	if f.Sum == 0 {
		f.Since, f.Said, f.Due = at, 0, 0
	} else {
		f.Said, f.Due = f.Said+f.Came[0], f.Due+due
	}
	if f.Told {
		came, usual := f.recent()
		if came < back*factor*usual && f.Sum > 0 {
			return nil
		}
		l := Less{Feed: name, Since: f.Since, Came: f.Said, Expected: f.Due, Ended: true}
		f.Told, f.Sum = false, 0
		return []Less{l}
	}
	if f.Sum > max(floor, beyond*slices.Max(f.Most[1:])) && f.Seen > young*perWeek {
		f.Told = true
		return []Less{{Feed: name, Since: f.Since, Came: f.Said, Expected: f.Due}}
	}
	f.Most[0] = max(f.Most[0], f.Sum)
	f.Phi += forget * (max(phi, (missing*missing-noise*noise*due*due)/due) - f.Phi)
	return nil
}

// Forget forgets a feed that is known no more.
func (w *Watch) Forget(name string) { delete(w.feeds, name) }

// Encode writes what is known, so that Decode goes on where it was.
func (w *Watch) Encode() []byte {
	text, err := json.Marshal(w.feeds)
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // numbers can always be written
	}
	return text
}

// Decode takes up what Encode wrote.
func Decode(text []byte) (*Watch, error) {
	w := New()
	if err := json.Unmarshal(text, &w.feeds); err != nil {
		return nil, fmt.Errorf("what is known of how much feeds say is damaged: start it anew: %w", err)
	}
	if len(w.feeds) > most {
		return nil, fmt.Errorf("what is known of how much feeds say is damaged: %d feeds: start it anew", len(w.feeds))
	}
	for name, f := range w.feeds {
		if f == nil {
			delete(w.feeds, name)
		}
	}
	return w, nil
}

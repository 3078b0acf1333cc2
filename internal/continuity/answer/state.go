package answer

import (
	"encoding/json"
	"fmt"
	"time"
)

// state is a Flow as it is written.
type state struct {
	Clock   time.Time
	Last    time.Time
	At      int64
	Minutes [minutesKept]kept
	Past    kept
	Day     int64
	Waiting map[uint64]held
	Told    map[Kind]time.Time
	Heard   bool
}

// kept is what is written of a minute, or of the past: of the histogram what is not zero.
type kept struct {
	Took                          map[int]float32 `json:",omitempty"`
	Answers, Refused              float64         `json:",omitempty"`
	Reject, Asked, Unheard, Again int             `json:",omitempty"`
}

type held struct {
	Since time.Time
	Times int
	Late  bool
}

// Encode writes the flow, so that Decode goes on where it was.
func (f *Flow) Encode() []byte {
	s := state{Clock: f.clock, Last: f.last, At: f.at, Day: f.past.day, Waiting: map[uint64]held{}, Told: f.told, Heard: f.heard}
	for i := range f.minutes {
		m := &f.minutes[i]
		s.Minutes[i] = kept{m.took.sparse(), float64(m.answers), float64(m.refused), m.reject, m.asked, m.unheard, m.again}
	}
	s.Past = kept{Took: f.past.took.sparse(), Answers: f.past.answers, Refused: f.past.refused}
	for control, w := range f.waiting {
		s.Waiting[control] = held{w.since, w.times, w.late}
	}
	b, err := json.Marshal(&s)
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // numbers and times can always be written
	}
	return b
}

// Decode takes up what Encode wrote.
func Decode(b []byte) (*Flow, error) {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("what is known of answers is damaged: start it anew: %w", err)
	}
	if len(s.Waiting) > open || s.At < 0 || s.At > lastMinute {
		return nil, fmt.Errorf("what is known of answers is damaged: minute %d, %d messages that wait: start it anew", s.At, len(s.Waiting))
	}
	f := New()
	f.clock, f.last, f.at, f.heard = s.Clock, s.Last, s.At, s.Heard
	for i, m := range s.Minutes {
		f.minutes[i] = minute{answers: int(m.Answers), refused: int(m.Refused), reject: m.Reject, asked: m.Asked, unheard: m.Unheard, again: m.Again}
		f.minutes[i].took.fill(m.Took)
	}
	f.past = past{answers: s.Past.Answers, refused: s.Past.Refused, day: s.Day}
	f.past.took.fill(s.Past.Took)
	for control, w := range s.Waiting {
		f.waiting[control] = waiting{w.Since, w.Times, w.Late}
	}
	for k, since := range s.Told {
		f.told[k] = since
	}
	return f, nil
}

// lastMinute is in the year 2260.
const lastMinute = 153_000_000

func (h *histogram) sparse() map[int]float32 {
	out := map[int]float32{}
	for i, n := range h {
		if n > 0 {
			out[i] = n
		}
	}
	return out
}

func (h *histogram) fill(from map[int]float32) {
	for i, n := range from {
		if i >= 0 && i < len(h) && n > 0 {
			h[i] = n
		}
	}
}

package crowd

import (
	"encoding/json"
	"fmt"
)

// state is a Book as it is written.
type state struct {
	Date   int32
	Counts map[string]counterState
}

type counterState struct {
	Days  []int32 // arrivals; -1 for a day that says nothing
	Today uint32
	Lost  bool     `json:",omitempty"`
	Seen  []uint32 `json:",omitempty"`
	Since int32    `json:",omitempty"`
}

// Encode writes the book, so that Decode goes on where it was.
func (b *Book) Encode() []byte {
	s := state{Date: b.date, Counts: map[string]counterState{}}
	for name, c := range b.counts {
		k := counterState{Today: c.today.count, Lost: c.today.lost, Since: c.since}
		for _, d := range c.days {
			n := int32(min(d.count, mostCount))
			if d.lost {
				n = -1
			}
			k.Days = append(k.Days, n)
		}
		for print := range c.seen {
			k.Seen = append(k.Seen, print)
		}
		s.Counts[name] = k
	}
	out, err := json.Marshal(&s)
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // numbers can always be written
	}
	return out
}

const mostCount = 1 << 30

// Decode takes up what Encode wrote.
func Decode(cfg Config, data []byte) (*Book, error) {
	b := New(cfg)
	if len(data) == 0 { // written before arrivals were counted
		return b, nil
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("what is known of arrivals is damaged: start it anew: %w", err)
	}
	const lastDay = 106_000 // in the year 2260
	if s.Date < 0 || s.Date > lastDay || len(s.Counts) > mostNames {
		return nil, fmt.Errorf("what is known of arrivals is damaged: day %d, %d counts: start it anew", s.Date, len(s.Counts))
	}
	b.date = s.Date
	for name, k := range s.Counts {
		if len(k.Days) > kept || len(k.Seen) > mostVisits {
			return nil, fmt.Errorf("what is known of arrivals is damaged: %d days, %d visits: start it anew", len(k.Days), len(k.Seen))
		}
		c := &counter{today: day{min(k.Today, mostCount), k.Lost}, seen: map[uint32]struct{}{}, since: k.Since}
		for _, n := range k.Days {
			c.days = append(c.days, day{uint32(max(0, n)), n < 0})
		}
		for _, print := range k.Seen {
			c.seen[print] = struct{}{}
		}
		b.counts[name] = c
	}
	return b, nil
}

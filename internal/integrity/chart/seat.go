package chart

import (
	"encoding/json"
	"fmt"
	"time"
)

// quarter is how finely it is remembered when something was heard, and ringQuarters how long: eight days.
const (
	quarter      = 15 * time.Minute
	ringQuarters = 768
)

// ring tells of each quarter of an hour of the last eight days whether something was heard in it.
type ring struct {
	Last int64                    `json:"last"` // the latest quarter, counted from 1970
	Bits [ringQuarters / 64]int64 `json:"bits"`
}

func quarterOf(at time.Time) int64 { return at.Unix() / int64(quarter/time.Second) }

func (r *ring) set(q int64) {
	if q <= r.Last-ringQuarters {
		return
	}
	if q > r.Last {
		if q-r.Last >= ringQuarters {
			r.Bits = [ringQuarters / 64]int64{}
		} else {
			for i := r.Last + 1; i <= q; i++ {
				r.Bits[i%ringQuarters/64] &^= 1 << (i % 64)
			}
		}
		r.Last = q
	}
	r.Bits[q%ringQuarters/64] |= 1 << (q % 64)
}

func (r *ring) has(q int64) bool {
	return q <= r.Last && q > r.Last-ringQuarters && q > 0 && r.Bits[q%ringQuarters/64]&(1<<(q%64)) != 0
}

func (r *ring) any(from, to time.Time) bool {
	for q := max(quarterOf(from), r.Last-ringQuarters+1); q <= min(quarterOf(to), r.Last); q++ {
		if r.has(q) {
			return true
		}
	}
	return false
}

// seats remember when people used the record system: who writes sits somewhere, and whoever was there left other traces than the note.
type seats struct {
	By     map[int64]*ring `json:"by"`
	Heard  ring            `json:"heard"` // of anybody
	Begun  time.Time       `json:"begun"`
	Latest time.Time       `json:"latest"`
}

const mostSeats = 50_000

// Seat notes that somebody who works here used the record system. person is a number that the caller gives.
func (c *Chart) Seat(person int64, at time.Time) {
	s := &c.seats
	r := s.By[person]
	if r == nil {
		if len(s.By) >= mostSeats {
			return
		}
		r = &ring{}
		s.By[person] = r
	}
	q := quarterOf(at)
	r.set(q)
	s.Heard.set(q)
	if s.Begun.IsZero() {
		s.Begun = at
	}
	if at.After(s.Latest) {
		s.Latest = at
	}
}

// used tells whether any of some people used the record system from a time to another. It is not known where nobody did, where the log does
// not reach, or of people who never do.
func (s *seats) used(hands []int64, from, to time.Time) Truth {
	if from.Before(s.Begun) || to.After(s.Latest) || quarterOf(from) <= s.Heard.Last-ringQuarters || !s.Heard.any(from, to) {
		return Unknown
	}
	known := Unknown
	for _, h := range hands {
		if r := s.By[h]; r != nil {
			if r.any(from, to) {
				return Yes
			}
			known = No
		}
	}
	return known
}

// Seats returns what is known of who was there, for RestoreSeats. It is more than Learned, and less is lost with it: what is missing is not known.
func (c *Chart) Seats() ([]byte, error) { return json.Marshal(&c.seats) }

// RestoreSeats brings back what Seats returned.
func (c *Chart) RestoreSeats(text []byte) error {
	s := seats{By: map[int64]*ring{}}
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("read who used the record system: %w", err)
	}
	for _, r := range s.By {
		if r == nil {
			return fmt.Errorf("read who used the record system: one of them has nothing")
		}
	}
	c.seats = s
	return nil
}

package collect

import (
	"encoding/json"
	"time"
)

// rhythm learns the gap in which an arbitrary moment of a sender's life falls: the mean of its gaps,
// each weighed by its own length, over the last week or so.
type rhythm struct{ seconds float64 }

// memory is how long a gap counts.
const memory = 7 * 24 * time.Hour

// gap takes in a gap that just ended, of a sender known for age.
func (r *rhythm) gap(g, age time.Duration) {
	span := min(age, memory)
	if g <= 0 || span <= 0 {
		return
	}
	r.seconds += (g.Seconds() - r.seconds) * min(1, g.Seconds()/span.Seconds())
}

func (r *rhythm) usual() time.Duration { return time.Duration(r.seconds * float64(time.Second)) }

// after is how long a sender of that usual gap must be quiet to be missed.
func (s Silence) after(usual time.Duration) time.Duration {
	return max(s.AtLeast, time.Duration(s.Factor*float64(usual)))
}

// listen tells Silent of the senders that fell silent.
func (in *Intake) listen() {
	now := in.now()
	for _, s := range in.all() {
		st := s.standing(now)
		if st.State != Silent || st.Last.Sub(st.First) < in.c.Silence.Learn {
			continue
		}
		s.mu.Lock()
		tell := !s.books.missed && s.books.last.Equal(st.Last)
		s.books.missed = s.books.missed || tell
		s.mu.Unlock()
		if tell && in.c.Silent != nil {
			in.c.Silent(st)
		}
	}
}

// Recall takes in a page of books that an earlier run of the node sealed, so that a sender that fell silent while
// the node was not running is missed all the same. Pages are given in the order in which they lie in the journal,
// before any source runs.
func (in *Intake) Recall(page []byte) error {
	var b Books
	if err := json.Unmarshal(page, &b); err != nil {
		return err
	}
	if b.Sender == others || b.First.IsZero() {
		return nil
	}
	s := in.Sender(b.Sender, b.Unauthenticated)
	in.mu.Lock()
	s.made = b.First
	in.used(s)
	in.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.first, s.books.last, s.books.rhythm.seconds = b.First, b.Last, b.UsualGap.Seconds()
	return nil
}

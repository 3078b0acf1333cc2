package event

import (
	"bytes"
	"encoding/hex"
)

// Seen remembers the ids of the latest events, so that one that its sender sent twice, because an acknowledgement
// was lost, counts once. It belongs to one goroutine.
type Seen struct {
	most     int // ids in each of two generations
	now, old map[ID]struct{}
}

// NewSeen remembers at least the latest most ids, and at most twice as many.
func NewSeen(most int) *Seen { return &Seen{most: most, now: map[ID]struct{}{}} }

// Add notes an id, and tells whether it was noted before.
func (s *Seen) Add(id ID) (before bool) {
	if _, before = s.now[id]; before {
		return true
	}
	_, before = s.old[id]
	if len(s.now) >= s.most {
		s.now, s.old = make(map[ID]struct{}, s.most), s.now
	}
	s.now[id] = struct{}{}
	return before
}

// LineID is the id of an event that AppendLine wrote; false when the line is none.
func LineID(line []byte) (id ID, ok bool) {
	text, ok := bytes.CutPrefix(line, []byte(`{"id":"`))
	if !ok || len(text) < hex.EncodedLen(len(id)) {
		return ID{}, false
	}
	_, err := hex.Decode(id[:], text[:hex.EncodedLen(len(id))])
	return id, err == nil
}

package capture

import (
	"slices"
	"time"
)

// stream is what one side of a connection sends, in order again. What it gives on, it gives on once, and where something is missing it says how
// much.
type stream struct {
	next    uint32 // number of the byte that comes next
	known   bool   // next is
	acked   uint32 // what the other side said that it has, if it said so
	acks    bool
	waiting []piece // for what is in front of them, in order
	held    int     // bytes in waiting
	ended   bool    // FIN was reached
}

// piece is one segment.
type piece struct {
	seq  uint32
	data []byte
	cut  int // bytes behind data that were not captured
	fin  bool
	ack  uint32 // what its sender had of the other side when it said it
	acks bool
}

// sink takes what a stream gives on.
type sink interface {
	bytes(b []byte)
	missed(n int64)
}

// pair is both sides of a connection. A piece is given on when what is in front of it was, and also what its sender had heard before it: so an
// answer never comes before its question, however packets got mixed up on their way to us.
type pair struct {
	sides [2]stream
	since time.Time // since when nothing went on
	tries int       // packets since
}

const (
	mostPieces = 1 << 10
	mostHeld   = 1 << 20  // bytes of one side that wait for what is missing
	mostAhead  = 64 << 20 // bytes that a segment may be ahead: one further on is not of this connection

	// What nobody has yet will be sent again, and what the other side says that it has we will not see any more, unless packets only got mixed up.
	patience      = 3 * time.Second // in the packets' own time
	shortPatience = 50 * time.Millisecond
	mostMixed     = 16 // packets
)

// add takes one segment of a side in. SYN counts as a byte, as FIN does (RFC 9293 3.4).
func (c *pair) add(side int, p *packet, at time.Time, to [2]sink) {
	s, other := &c.sides[side], &c.sides[1-side]
	seq := p.seq
	if p.syn {
		seq++
	}
	if !s.known {
		s.next, s.known = seq, true
	}
	if ahead := int32(seq - s.next); ahead > mostAhead || ahead < -mostAhead {
		return
	}
	acks := p.ack && other.known && near(p.ackno, other.next)
	if acks && (!other.acks || int32(p.ackno-other.acked) > 0) {
		other.acked, other.acks = p.ackno, true
	}
	if len(p.payload) > 0 || p.fin || p.cut > 0 {
		piece := piece{seq: seq, data: p.payload, cut: p.cut, fin: p.fin && p.cut == 0, ack: p.ackno, acks: acks}
		if len(s.waiting) == 0 && c.ready(side, &piece) {
			s.give(&piece, to[side])
		} else {
			s.keep(piece)
		}
	}
	c.settle(at, to)
}

func near(a, b uint32) bool {
	d := int32(a - b)
	return d <= mostAhead && d >= -mostAhead
}

// ready tells whether a piece may be given on.
func (c *pair) ready(side int, p *piece) bool {
	other := &c.sides[1-side]
	return int32(p.seq-c.sides[side].next) <= 0 && !(p.acks && int32(p.ack-other.next) > 0)
}

// settle gives on what is in order now, and gives up waiting for what does not come.
func (c *pair) settle(at time.Time, to [2]sink) {
	for {
		if c.advance(to) || c.since.IsZero() {
			c.since, c.tries = at, 0
		}
		if len(c.sides[0].waiting) == 0 && len(c.sides[1].waiting) == 0 {
			c.since = time.Time{}
			return
		}
		if c.tries++; !c.late(at) {
			return
		}
		c.giveUp(to)
	}
}

// advance gives on all that may be, and tells whether there was something.
func (c *pair) advance(to [2]sink) (moved bool) {
	for again := true; again; {
		again = false
		for side := range c.sides {
			s := &c.sides[side]
			for len(s.waiting) > 0 && c.ready(side, &s.waiting[0]) {
				s.take(to[side])
				again, moved = true, true
			}
		}
	}
	return moved
}

// late tells whether what is missing was waited for long enough.
func (c *pair) late(at time.Time) bool {
	seen := false // what is missing, by the other side
	for side := range c.sides {
		s, other := &c.sides[side], &c.sides[1-side]
		if s.held > mostHeld || len(s.waiting) > mostPieces {
			return true
		}
		stuck := s.hole() || len(other.waiting) > 0
		seen = seen || stuck && s.acks && int32(s.acked-s.next) > 0
	}
	if seen && (c.tries > mostMixed || at.Sub(c.since) > shortPatience) {
		return true
	}
	return at.Sub(c.since) > patience
}

// hole tells whether something is missing in front of what waits.
func (s *stream) hole() bool { return len(s.waiting) > 0 && int32(s.waiting[0].seq-s.next) > 0 }

// giveUp goes on without what is missing: that which the other side has before that which it has not, and what nothing waits behind after that.
func (c *pair) giveUp(to [2]sink) {
	for _, seen := range []bool{true, false} {
		for side := range c.sides {
			if s := &c.sides[side]; s.hole() && (!seen || s.acks && int32(s.acked-s.next) > 0) {
				s.pass(s.waiting[0].seq, to[side])
				return
			}
		}
	}
	for side := range c.sides {
		s, other := &c.sides[side], &c.sides[1-side]
		if len(s.waiting) == 0 && len(other.waiting) > 0 && int32(other.waiting[0].ack-s.next) > 0 {
			s.pass(other.waiting[0].ack, to[side])
			return
		}
	}
	for side := range c.sides { // each has what the other waits for
		if s := &c.sides[side]; len(s.waiting) > 0 {
			s.take(to[side])
			return
		}
	}
}

// flush gives on all that waits.
func (c *pair) flush(to [2]sink) {
	for c.advance(to); len(c.sides[0].waiting)+len(c.sides[1].waiting) > 0; c.advance(to) {
		c.giveUp(to)
	}
}

// give gives on what of a piece is new. Its beginning is not ahead.
func (s *stream) give(p *piece, to sink) {
	if old := int(s.next - p.seq); old <= len(p.data) {
		data := p.data[old:]
		s.next += uint32(len(data))
		if len(data) > 0 {
			to.bytes(data)
		}
		if p.fin && !s.ended {
			s.ended = true
			s.next++
		}
	}
	if end := p.seq + uint32(len(p.data)+p.cut); p.cut > 0 && int32(end-s.next) > 0 {
		s.pass(end, to)
	}
}

// keep keeps what came too early, in order.
func (s *stream) keep(p piece) {
	n := len(s.waiting)
	for n > 0 && int32(s.waiting[n-1].seq-p.seq) > 0 {
		n--
	}
	if n > 0 && s.waiting[n-1].seq == p.seq && len(s.waiting[n-1].data) >= len(p.data) && s.waiting[n-1].fin == p.fin {
		return // the same again
	}
	p.data = slices.Clone(p.data)
	s.held += len(p.data)
	s.waiting = slices.Insert(s.waiting, n, p)
}

// take gives on the first piece.
func (s *stream) take(to sink) {
	p := s.waiting[0]
	s.waiting[0] = piece{}
	s.waiting = s.waiting[1:]
	s.held -= len(p.data)
	if len(s.waiting) == 0 {
		s.waiting = nil
	}
	s.give(&p, to)
}

// pass goes on at seq, without what stands before it.
func (s *stream) pass(seq uint32, to sink) {
	n := int64(seq - s.next)
	s.next = seq
	to.missed(n)
}

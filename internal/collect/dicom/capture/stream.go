package capture

import (
	"slices"
	"time"
)

// stream puts what one side of a connection sent into order again. What it gives on, it gives on once, and where something is missing
// it says how much: it never waits for longer than its limits allow.
type stream struct {
	next    uint32 // of the byte that comes next
	known   bool   // next is
	waiting []piece
	held    int       // bytes in waiting
	hole    time.Time // since when something before waiting is missing
	ended   bool      // FIN was reached
}

// piece is what came too early.
type piece struct {
	seq  uint32
	data []byte
	fin  bool
}

const (
	mostPieces = 1 << 10
	mostHeld   = 1 << 20         // bytes of one side that wait for what is missing
	mostAhead  = 64 << 20        // bytes that a segment may be ahead: one further on is not of this connection
	patience   = 3 * time.Second // in the packets' own time, for what is missing
)

// sink takes what a stream gives on.
type sink interface {
	bytes(b []byte)
	missed(n int64)
}

// add takes one segment in. SYN counts as a byte, as FIN does (RFC 9293 3.4).
func (s *stream) add(p *packet, at time.Time, to sink) {
	seq := p.seq
	if p.syn {
		seq++
		if !s.known || s.next != seq && len(s.waiting) == 0 {
			s.next, s.known = seq, true
		}
	}
	if !s.known {
		s.next, s.known = seq, true
	}
	ahead := int32(seq - s.next)
	switch {
	case ahead > mostAhead || ahead < -mostAhead:
		return
	case ahead > 0:
		s.keep(piece{seq: seq, data: p.payload, fin: p.fin && p.cut == 0}, at)
	default:
		s.give(seq, p.payload, p.fin && p.cut == 0, to)
		if p.cut > 0 && int32(seq+uint32(len(p.payload)+p.cut)-s.next) > 0 {
			s.pass(seq+uint32(len(p.payload)+p.cut), to)
		}
	}
	s.settle(at, to)
}

// give gives on what of a segment is new. Its beginning is not ahead.
func (s *stream) give(seq uint32, data []byte, fin bool, to sink) {
	old := int(s.next - seq)
	if old <= len(data) {
		data = data[old:]
		s.next += uint32(len(data))
		if len(data) > 0 {
			to.bytes(data)
		}
		s.ended = s.ended || fin
	}
}

// keep keeps what came too early, in order.
func (s *stream) keep(p piece, at time.Time) {
	if len(s.waiting) == 0 {
		s.hole = at
	}
	n := len(s.waiting)
	for n > 0 && int32(s.waiting[n-1].seq-p.seq) > 0 {
		n--
	}
	if n > 0 && s.waiting[n-1].seq == p.seq && len(s.waiting[n-1].data) >= len(p.data) {
		return // the same again
	}
	p.data = slices.Clone(p.data)
	s.held += len(p.data)
	s.waiting = slices.Insert(s.waiting, n, p)
}

// settle gives on what is in order now, and gives up waiting for what is missing for too long.
func (s *stream) settle(at time.Time, to sink) {
	for len(s.waiting) > 0 {
		p := s.waiting[0]
		if ahead := int32(p.seq - s.next); ahead > 0 {
			if s.held <= mostHeld && len(s.waiting) <= mostPieces && at.Sub(s.hole) < patience {
				return
			}
			s.pass(p.seq, to)
		}
		s.take(to)
		s.hole = at
	}
}

// take gives on the first piece.
func (s *stream) take(to sink) {
	p := s.waiting[0]
	s.waiting[0] = piece{}
	s.waiting = s.waiting[1:]
	s.held -= len(p.data)
	s.give(p.seq, p.data, p.fin, to)
	if len(s.waiting) == 0 {
		s.waiting = nil
	}
}

// pass goes on at seq, without what stands before it.
func (s *stream) pass(seq uint32, to sink) {
	to.missed(int64(seq - s.next))
	s.next = seq
}

// flush gives on all that waits.
func (s *stream) flush(to sink) {
	for len(s.waiting) > 0 {
		if int32(s.waiting[0].seq-s.next) > 0 {
			s.pass(s.waiting[0].seq, to)
		}
		s.take(to)
	}
}

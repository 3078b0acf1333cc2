package syslog

import (
	"container/list"
	"hash/maphash"
	"sync"
)

// resent remembers the last messages of a sender's connections that ended, for a sender that loses its connection
// sends some of them again on the next. Such a message is a new event all the same, for equal messages may well be two
// events; it is flagged.
type resent struct {
	seed maphash.Seed
	mu   sync.Mutex
	last map[string]*list.Element // by sender
	used *list.List               // of memory, the last used first
}

type memory struct {
	sender string
	hashes []uint64
}

const (
	mostSenders = 4096 // remembered
	mostSaid    = 256  // of their messages
)

func newResent() *resent {
	return &resent{seed: maphash.MakeSeed(), last: map[string]*list.Element{}, used: list.New()}
}

// before is what one connection knows of the one before, and will tell the next.
type before struct {
	seed  maphash.Seed
	known map[uint64]struct{} // on the connection before
	ring  []uint64            // the last messages of this one
	count int
}

func (r *resent) begin(sender string) *before {
	b := &before{seed: r.seed}
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.last[sender]
	if !ok {
		return b
	}
	hashes := e.Value.(*memory).hashes
	b.known = make(map[uint64]struct{}, len(hashes))
	for _, h := range hashes {
		b.known[h] = struct{}{}
	}
	return b
}

func (r *resent) end(sender string, b *before) {
	if len(b.ring) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.last[sender]; ok {
		m := e.Value.(*memory)
		// A connection that broke soon leaves room for what was said on those before it.
		m.hashes = append(b.ring, m.hashes[:min(len(m.hashes), mostSaid-len(b.ring))]...)
		r.used.MoveToFront(e)
		return
	}
	r.last[sender] = r.used.PushFront(&memory{sender, b.ring})
	if r.used.Len() > mostSenders {
		oldest := r.used.Back()
		delete(r.last, r.used.Remove(oldest).(*memory).sender)
	}
}

// said tells whether the connection before ended with such a message. What is sent again comes first: it
// looks at the first messages only.
func (b *before) said(msg []byte) bool {
	h := maphash.Bytes(b.seed, msg)
	if len(b.ring) < mostSaid {
		b.ring = append(b.ring, h)
	} else {
		b.ring[b.count%mostSaid] = h
	}
	if b.count++; b.count > 2*mostSaid {
		b.known = nil
	}
	_, ok := b.known[h]
	return ok
}

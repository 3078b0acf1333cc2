package collect

import (
	"net/netip"
	"sync"
	"time"
)

// Crowd bounds how many connections a listener has at a time: in all, from one address, and by one certificate. Whoever has
// shown a certificate counts by it and no longer by the address, which a whole house may share.
type Crowd struct {
	total, perAddress, perCertificate int

	mu   sync.Mutex
	open int           // guarded by mu
	by   map[party]int // guarded by mu
}

// party is who shares a bound.
type party struct {
	network     netip.Prefix
	certificate string
}

// NewCrowd returns an empty one.
func NewCrowd(total, perAddress, perCertificate int) *Crowd {
	return &Crowd{total: total, perAddress: perAddress, perCertificate: perCertificate, by: map[party]int{}}
}

// Guest is one connection of a Crowd.
type Guest struct {
	crowd *Crowd
	party party // guarded by crowd.mu
	gone  bool  // guarded by crowd.mu
}

// Enter counts a connection in, if there is room. The caller calls Leave.
func (c *Crowd) Enter(a netip.Addr) (*Guest, bool) {
	p := party{network: house(a)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.total || c.by[p] >= c.perAddress {
		return nil, false
	}
	c.open++
	c.by[p]++
	return &Guest{crowd: c, party: p}, true
}

// Named notes whose certificate the peer has shown. It is false when that has too many connections already.
func (g *Guest) Named(certificate string) bool {
	p := party{certificate: certificate}
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	switch {
	case g.gone || g.party == p:
		return !g.gone
	case g.crowd.by[p] >= g.crowd.perCertificate:
		return false
	}
	g.crowd.leave(g.party)
	g.crowd.by[p]++
	g.party = p
	return true
}

// Leave counts a connection out, once.
func (g *Guest) Leave() {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	if !g.gone {
		g.gone = true
		g.crowd.open--
		g.crowd.leave(g.party)
	}
}

func (c *Crowd) leave(p party) {
	if c.by[p]--; c.by[p] == 0 {
		delete(c.by, p)
	}
}

// house is what shares the bound of one address: with IPv6 whoever has one has a network of them.
func house(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // bits fit the address
	return p
}

// Sparing tells when to speak of what a peer can make happen as often as it likes: the first time, and then once a minute
// at most.
type Sparing struct {
	mu    sync.Mutex
	told  time.Time
	count int // since
}

// Again counts once more. It is true when it is time to speak, with how often it happened since the last time.
func (s *Sparing) Again() (times int, speak bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if now := time.Now(); s.told.IsZero() || now.Sub(s.told) > time.Minute {
		times, s.told, s.count = s.count, now, 0
		return times, true
	}
	return 0, false
}

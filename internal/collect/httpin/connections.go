package httpin

import (
	"net"
	"net/netip"
	"sync"
)

// limitConnections lets one address have no more than most connections at once. Further ones are closed at once.
func limitConnections(l net.Listener, most int) net.Listener {
	return &limited{Listener: l, most: most, open: map[netip.Addr]int{}}
}

type limited struct {
	net.Listener
	most int
	mu   sync.Mutex
	open map[netip.Addr]int // by address; guarded by mu
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := remote(conn.RemoteAddr().String())
		if l.enter(addr) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { l.leave(addr) })}, nil
		}
		_ = conn.Close() // it was never served
	}
}

func (l *limited) enter(addr netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr] >= l.most {
		return false
	}
	l.open[addr]++
	return true
}

func (l *limited) leave(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr]--; l.open[addr] <= 0 {
		delete(l.open, addr)
	}
}

type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// remote is the address of a peer; the zero Addr when text is none.
func remote(text string) netip.Addr {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

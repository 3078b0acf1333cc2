package httpin

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"

	"github.com/wardline/wardline/internal/collect"
)

// limited lets in no more connections than crowd has room for. Further ones are closed at once.
type limited struct {
	net.Listener
	crowd  *collect.Crowd
	log    *slog.Logger
	turned collect.Sparing // connections away
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if guest, ok := l.crowd.Enter(remote(conn.RemoteAddr().String())); ok {
			return &counted{conn, guest}, nil
		}
		_ = conn.Close() // it was never served
		l.turnedAway(conn)
	}
}

func (l *limited) turnedAway(conn net.Conn) {
	if n, speak := l.turned.Again(); speak {
		l.log.Warn("connections were turned away: too many at a time", "connections", n, "last_from", remote(conn.RemoteAddr().String()).String())
	}
}

// named is a hook of http.Server: once a connection has shown its certificate, it counts by it.
func (l *limited) named(conn net.Conn, state http.ConnState) {
	secure, ok := conn.(*tls.Conn)
	if !ok || state != http.StateActive {
		return
	}
	handshake := secure.ConnectionState()
	name := peer(&handshake)
	if c, ok := secure.NetConn().(*counted); ok && name != "" && !c.guest.Named(name) {
		_ = c.Close() // nothing of what it sends was read yet
		l.turnedAway(conn)
	}
}

type counted struct {
	net.Conn
	guest *collect.Guest
}

func (c *counted) Close() error {
	c.guest.Leave()
	return c.Conn.Close()
}

// remote is the address of a peer; the unspecified one when text is none.
func remote(text string) netip.Addr {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return at.Addr().Unmap().WithZone("")
}

// serverLog is where http.Server says what went wrong with connections. Its words may quote their peers and are not repeated.
type serverLog struct {
	log                  *slog.Logger
	handshakes, accepted collect.Sparing // that failed
}

func (l *serverLog) Write(text []byte) (int, error) {
	switch {
	case bytes.HasSuffix(text, []byte(": EOF\n")): // somebody only looked whether the door is open
	case bytes.HasPrefix(text, []byte("http: TLS handshake error")):
		if n, speak := l.handshakes.Again(); speak {
			l.log.Warn("TLS handshakes failed: does the sender speak TLS, and trust the authority of the certificate here?", "handshakes", n)
		}
	case bytes.HasPrefix(text, []byte("http: Accept error")):
		if n, speak := l.accepted.Again(); speak {
			l.log.Error("connections cannot be taken: see how many files this process may have open", "times", n)
		}
	}
	return len(text), nil
}

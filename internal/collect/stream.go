package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Stream is how a source listens for connections. Each source over TCP has it in its configuration.
type Stream struct {
	// Listen is the address and port, such as "10.1.2.3:6514" or ":6514". "systemd:NAME" takes over the
	// socket that systemd keeps under that FileDescriptorName: senders then wait, instead of being turned away, while
	// Wardline starts anew.
	Listen string `yaml:"listen"`

	// TLS makes the connections private. Without it, or when clients need no certificate, From says who may send.
	TLS *TLS `yaml:"tls"`

	// From lists the networks that connections may come from, such as 10.1.0.0/16. It may be left out when
	// clients need a certificate.
	From []netip.Prefix `yaml:"from"`

	// Connections is how many there may be at a time (4096 when left out), PerAddress how many from one address or IPv6 network
	// of 64 bits (64), and PerCertificate how many by one certificate, which then count there and not by their address (256).
	Connections    int `yaml:"connections"`
	PerAddress     int `yaml:"connections_per_address"`
	PerCertificate int `yaml:"connections_per_certificate"`

	// Handshake is how long a TLS handshake may take (5s), Frame a message from its first byte to its last (30s), and Idle the
	// quiet between messages (24h). A sender whose idle connection is closed may lose what it writes next if its protocol
	// knows no acknowledgement (syslog): a short Idle costs messages. Dead peers are found by TCP itself.
	Handshake time.Duration `yaml:"handshake_timeout"`
	Frame     time.Duration `yaml:"frame_timeout"`
	Idle      time.Duration `yaml:"idle_timeout"`
}

// Complete fills in what was left out, and says what is wrong, before anything is opened.
func (s *Stream) Complete() error {
	s.Connections = cmp.Or(s.Connections, 4096)
	s.PerAddress = cmp.Or(s.PerAddress, 64)
	s.PerCertificate = cmp.Or(s.PerCertificate, 256)
	s.Handshake = cmp.Or(s.Handshake, 5*time.Second)
	s.Frame = cmp.Or(s.Frame, 30*time.Second)
	s.Idle = cmp.Or(s.Idle, 24*time.Hour)
	if s.TLS != nil {
		if err := s.TLS.check(); err != nil {
			return err
		}
	}
	switch {
	case s.Listen == "":
		return errors.New("listen: name an address and port, such as \":6514\"")
	case len(s.From) == 0 && (s.TLS == nil || s.TLS.Clients != Required):
		return errors.New("from: name the networks that may send, such as 10.1.0.0/16, or ask clients for a certificate (tls: client_certificates: required)")
	case s.Connections < 1 || s.PerAddress < 1 || s.PerCertificate < 1:
		return errors.New("connections, connections_per_address and connections_per_certificate must be at least 1")
	case s.Handshake <= 0 || s.Frame <= 0 || s.Idle <= 0:
		return errors.New("handshake_timeout, frame_timeout and idle_timeout must be above zero")
	}
	return nil
}

// Conn is a connection of a sender.
type Conn struct {
	net.Conn
	// Peer is what its certificate names it, else its address. Unauthenticated tells the latter.
	Peer            string
	Unauthenticated bool

	server *server
	little [1 << 10]byte // what a quiet connection is read into
	much   *[]byte       // and a busy one: of buffers, nil while it is quiet
	frame  time.Time     // when the open frame began
	mu     sync.Mutex
	ending bool // guarded by mu: nothing more is read
}

// Wait is what a source waits for on a connection.
type Wait uint8

// What a source may wait for.
const (
	Between Wait = iota // the next message
	Within              // the rest of one
	Held                // a moment of silence, which would end one
)

// lull is a moment of silence.
const lull = 50 * time.Millisecond

// The ways in which a connection ends besides its own.
var (
	ErrIdle   = errors.New("the connection was quiet for too long")
	ErrSlow   = errors.New("a message took too long")
	ErrEnding = errors.New("the source ends")

	errMistake = errors.New("a mistake of Wardline")
)

// Buffer is what to read into next, for w, when so many bytes came last. It is good until the next call. A connection that is
// quiet has a little one: there may be ten thousand of them.
func (c *Conn) Buffer(last int, w Wait) []byte {
	if c.much != nil && w == Between && last < len(*c.much) {
		c.quieten()
	}
	if c.much == nil && last < len(c.little) {
		return c.little[:]
	}
	if c.much == nil {
		c.much = c.server.buffers.Get().(*[]byte)
	}
	return *c.much
}

// quieten gives the buffer of a busy connection back.
func (c *Conn) quieten() {
	if c.much != nil {
		c.server.buffers.Put(c.much)
		c.much = nil
	}
}

// Next reads what comes next into buf, within the time that is left for w. quiet says that Held saw
// its silence; then nothing was read.
func (c *Conn) Next(buf []byte, w Wait) (n int, quiet bool, err error) {
	now := time.Now()
	var until time.Time
	switch {
	case w == Between:
		c.frame = time.Time{}
		until = now.Add(c.server.Idle)
	case c.frame.IsZero():
		c.frame = now
		fallthrough
	default:
		until = c.frame.Add(c.server.Frame)
	}
	if w == Held {
		until = now.Add(lull)
	}
	if err := c.setDeadline(until); err != nil {
		return 0, false, err
	}
	n, err = c.Read(buf)
	var timeout net.Error
	if n > 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
		return n, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ending:
		return 0, false, ErrEnding
	case w == Held:
		return 0, true, nil
	case w == Within:
		return 0, false, ErrSlow
	}
	return 0, false, ErrIdle
}

// Places are those for large messages on their way: only so many at a time, over all connections that share them.
type Places chan struct{}

// Place takes one of p. It waits for one as long as the open message may take, and while the source goes on.
func (c *Conn) Place(p Places) error {
	const again = 20 * time.Millisecond // after which it is asked whether the source ends
	look := time.NewTicker(again)
	defer look.Stop()
	for {
		select {
		case p <- struct{}{}:
			return nil
		case now := <-look.C:
			c.mu.Lock()
			ending := c.ending
			c.mu.Unlock()
			switch {
			case ending:
				return ErrEnding
			case now.Sub(c.frame) > c.server.Frame:
				return ErrSlow
			}
		}
	}
}

// Leave gives a place back.
func (p Places) Leave() { <-p }

// Whole notes that a message is complete: what is there already belongs to the next, whose time begins.
func (c *Conn) Whole() { c.frame = time.Time{} }

func (c *Conn) setDeadline(until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return ErrEnding
	}
	return c.SetReadDeadline(until)
}

// end lets reading end. What was read may still be answered.
func (c *Conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	_ = c.SetReadDeadline(time.Unix(1, 0))
}

// server serves the connections of one Stream.
type server struct {
	*Stream
	log    *slog.Logger
	handle func(context.Context, *Conn)
	serve  func(net.Conn) (net.Conn, string, error) // handshake, and what the certificate names the peer
	group  sync.WaitGroup
	crowd  *Crowd

	buffers sync.Pool // of *[]byte

	turned, failed Sparing // connections turned away, and handshakes

	mu   sync.Mutex
	open map[*Conn]struct{} // guarded by mu
}

// drain is how long connections may take to answer what they have read when the source ends.
const drain = 10 * time.Second

// Serve listens, calls handle for each connection in a goroutine of its own, and closes it when handle returns,
// until ctx ends. Then Next of each connection ends with ErrEnding, and Serve returns once all are answered; the ctx
// of handle lasts until then.
func (s *Stream) Serve(ctx context.Context, log *slog.Logger, handle func(context.Context, *Conn)) error {
	l, err := Listen(ctx, s.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.Listen, err)
	}
	return s.ServeOn(ctx, l, log, handle)
}

// ServeAll serves several at a time; when one of them fails the others end too.
func ServeAll(ctx context.Context, streams []Stream, log *slog.Logger, handle func(context.Context, *Conn)) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range streams {
		group.Go(func() error { return streams[i].Serve(ctx, log, handle) })
	}
	return group.Wait()
}

// ServeOn is Serve on a listener that is open, which it closes.
func (s *Stream) ServeOn(ctx context.Context, l net.Listener, log *slog.Logger, handle func(context.Context, *Conn)) error {
	defer l.Close()
	log.InfoContext(ctx, "listening", "listen", s.Listen, "address", l.Addr().String(), "tls", s.TLS != nil)
	const busy = 32 << 10 // bytes
	v := &server{Stream: s, log: log, handle: handle, open: map[*Conn]struct{}{}, crowd: NewCrowd(s.Connections, s.PerAddress, s.PerCertificate)}
	v.buffers.New = func() any { b := make([]byte, busy); return &b }
	v.serve = func(c net.Conn) (net.Conn, string, error) { return c, "", nil }
	if s.TLS != nil {
		t, err := s.TLS.load(log.With("listen", s.Listen))
		if err != nil {
			return err
		}
		v.serve = func(c net.Conn) (conn net.Conn, name string, err error) {
			// A handshake makes a stack large, which a goroutine then keeps for as long as the connection is quiet: this one ends.
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer Recover(log, func() { err = errMistake })
				conn, name, err = t.handshake(ctx, c, s.Handshake)
			}()
			<-done
			return conn, name, err
		}
	}
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		l.Close()
		v.endAll()
		time.AfterFunc(drain, cancel)
	})
	defer stop()
	err := v.accept(ctx, late, l)
	v.endAll()
	v.group.Wait()
	return err
}

func (v *server) endAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c := range v.open {
		c.end()
	}
}

// accept takes connections until ctx ends or the listener fails for good.
func (v *server) accept(ctx, late context.Context, l net.Listener) error {
	const tries = 100 // while the process has no file descriptor left
	failed := 0
	for {
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return ctx.Err()
		case err != nil:
			if failed++; failed == tries || errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("accept connections: %w", err)
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		failed = 0
		if guest, ok := v.admit(c); ok {
			v.group.Go(func() { v.connection(late, c, guest) })
		}
	}
}

// admit counts a connection in, or turns it away.
func (v *server) admit(c net.Conn) (*Guest, bool) {
	address := addressOf(c.RemoteAddr())
	welcome := len(v.From) == 0
	for _, p := range v.From {
		welcome = welcome || p.Contains(address)
	}
	if welcome {
		if guest, ok := v.crowd.Enter(address); ok {
			return guest, true
		}
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // a reset: it costs us nothing to keep
	}
	c.Close()
	v.turnedAway(address, welcome)
	return nil, false
}

func (v *server) turnedAway(address netip.Addr, welcome bool) {
	if n, speak := v.turned.Again(); speak {
		v.log.Warn("connections were turned away: too many at a time, or from an address that is not in from",
			"listen", v.Listen, "connections", n, "last_from", address.String(), "address_is_allowed", welcome)
	}
}

// connection serves one connection to its end.
func (v *server) connection(ctx context.Context, raw net.Conn, guest *Guest) {
	defer guest.Leave()
	defer raw.Close()
	defer Recover(v.log, func() {})
	address := addressOf(raw.RemoteAddr())
	conn, name, err := v.serve(raw)
	if err != nil {
		v.notSecured(address, err)
		return
	}
	c := &Conn{Conn: conn, Peer: name, server: v}
	defer c.quieten()
	if name == "" {
		c.Peer, c.Unauthenticated = address.String(), true
	} else if !guest.Named(name) {
		v.turnedAway(address, true)
		return
	}
	v.mu.Lock()
	v.open[c] = struct{}{}
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.open, c)
	}()
	if ctx.Err() == nil {
		v.handle(ctx, c)
	}
	_ = conn.Close()
}

func (v *server) notSecured(address netip.Addr, err error) {
	if errors.Is(err, io.EOF) {
		return // somebody only looked whether the door is open
	}
	if n, speak := v.failed.Again(); speak {
		v.log.Warn("TLS handshakes failed: nothing is received over such connections", "listen", v.Listen, "handshakes", n,
			"last_from", address.String(), "last_because", handshakeFault(err))
	}
}

// Recover is deferred by goroutines that handle foreign bytes: a mistake of ours costs one connection, not the node. It
// logs where the panic was, but not what it said, which may quote a message, and calls then.
func Recover(log *slog.Logger, then func()) {
	if recover() != nil {
		log.Error("a mistake of Wardline spoiled a connection or message: please report it", "stack", string(debug.Stack()))
		then()
	}
}

// addressOf is the address of a peer; the unspecified one where it has none (a test's pipe).
func addressOf(a net.Addr) netip.Addr {
	if p, err := netip.ParseAddrPort(a.String()); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.IPv6Unspecified()
}

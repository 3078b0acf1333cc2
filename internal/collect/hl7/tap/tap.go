package tap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// tap is one run of the process, or a part of a run between two upgrades.
type tap struct {
	c         Config
	log       *slog.Logger
	copies    *copies
	connected atomic.Uint64 // the number of the latest connection
	end       chan struct{} // closed when connections are to end, or to be handed over
	handing   atomic.Bool   // the latter; set before end is closed

	mu        sync.Mutex
	listeners map[string]*net.TCPListener // by Listen
	handed    []*connection               // that go on in another process
	told      time.Time                   // when it was last said that a receiver cannot be reached
}

// connection joins a system that sends to the one that receives.
type connection struct {
	id               uint64
	sender, receiver *net.TCPConn
	there, back      way
	ended            [2]bool      // there and back, when an end was passed on
	rest             [2][]byte    // that was read and is not passed on yet
	moved            atomic.Int64 // when something last passed, in nanoseconds since 1970
}

// Run taps until ctx is done, or until a listener fails. Then new connections are for whoever listens next, and those that are open
// are closed when nothing has passed on them for a moment.
//
// upgrade asks for the process to be replaced by the binary that lies in its place now, under the same number and with the same
// arguments. That binary is first asked, with --check, whether it can. Then reading stops between two reads, and the
// new process goes on with the listeners, with every connection, and with the run of the spool: nobody sees more of it than a moment.
func Run(ctx context.Context, c Config, log *slog.Logger, upgrade <-chan os.Signal) error {
	out, before, err := begin(c)
	if err != nil {
		return err
	}
	for {
		t := &tap{
			c: c, log: log, copies: newCopies(out, c.Buffer, log, before), end: make(chan struct{}), listeners: map[string]*net.TCPListener{},
		}
		after, err := t.run(ctx, before, upgrade)
		if after == nil {
			return errors.Join(err, out.End())
		}
		after.Held = t.copies.left()
		// It returns only when it cannot: then all goes on here.
		err = out.Pause()
		after.Run, after.Number, after.lock = out.Position()
		err = errors.Join(err, after.replace())
		log.Error("the tap could not be replaced by the present binary and goes on as it was", "error", err)
		before = after
	}
}

// begin begins a run, or goes on with that of the process that this one replaces.
func begin(c Config) (*spool.Writer, *estate, error) {
	config := spool.Config{Dir: c.Spool, Bytes: c.SpoolBytes, Keep: c.Keep}
	before, err := inherit()
	if err != nil {
		return nil, nil, err
	}
	if before != nil {
		return spool.Continue(config, before.Run, before.Number, before.lock), before, nil
	}
	return spool.NewWriter(config), nil, nil
}

// run passes on until ctx is done, a listener fails, or an upgrade is asked for: then it returns what is to be handed over.
func (t *tap) run(ctx context.Context, before *estate, upgrade <-chan os.Signal) (*estate, error) {
	keeping, kept := context.WithCancel(context.WithoutCancel(ctx))
	var writer sync.WaitGroup
	writer.Go(func() { t.copies.run(keeping) })
	defer writer.Wait()
	defer kept()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	group, serving := errgroup.WithContext(serving)
	var connections sync.WaitGroup
	if before != nil {
		t.connected.Store(before.Connected)
		for _, c := range before.connections {
			connections.Go(func() { t.join(serving, c) })
		}
	}
	for i := range t.c.Feeds {
		f := &t.c.Feeds[i]
		l, err := t.listen(ctx, f, before)
		if err != nil {
			stop()
			close(t.end)
			connections.Wait()
			return nil, errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			return f.ServeOn(serving, l, t.log, func(_ context.Context, c *collect.Conn) { t.connect(serving, f, c) })
		})
	}
	before.closeOthers(t.listeners)
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	var err error
	var after *estate
	for wait := true; wait; {
		select {
		case <-serving.Done():
			wait = false
		case <-upgrade:
			if err := errors.Join(ready(ctx), t.copies.answers()); err != nil {
				t.log.Error("the present binary cannot replace the tap, which goes on as it was", "error", err)
				continue
			}
			t.handing.Store(true)
			after, wait = t.keepListeners(), false
		}
	}
	close(t.end)
	stop()
	if err = <-ended; ctx.Err() != nil || after != nil {
		err = nil
	}
	connections.Wait()
	if after != nil {
		after.Connected, after.connections = t.connected.Load(), t.handed
	}
	return after, err
}

// listen opens the listener of a feed, unless it was handed over.
func (t *tap) listen(ctx context.Context, f *Feed, before *estate) (net.Listener, error) {
	var l net.Listener
	var err error
	if before != nil && before.listeners[f.Listen] != nil {
		l = before.listeners[f.Listen]
	} else {
		l, err = collect.Listen(ctx, f.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", f.Listen, err)
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listen on %s: it is no socket of TCP", f.Listen), l.Close())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listeners[f.Listen] = tcp
	return tcp, nil
}

// connect takes a sender's connection, until it ends or the tap does.
func (t *tap) connect(ctx context.Context, f *Feed, sender *collect.Conn) {
	from, ok := sender.Conn.(*net.TCPConn)
	if !ok {
		return
	}
	c := newConnection(t.connected.Add(1), sender.Peer, f.To)
	c.sender = from
	t.join(ctx, c)
}

func newConnection(id uint64, peer, to string) *connection {
	c := &connection{id: id}
	c.there.about = spool.Piece{Conn: id, Peer: peer, To: to}
	c.back.about = c.there.about
	c.back.about.Back = true
	return c
}

// join passes on in both directions until the connection ends, or is to be handed over. Until ctx is done it may wait for the receiver.
func (t *tap) join(ctx context.Context, c *connection) {
	if c.receiver == nil && !t.reach(ctx, c) {
		if !t.handing.Load() || !t.hand(c) {
			_ = c.sender.SetLinger(0) // a reset is what the sender would get from a receiver that is down
			c.close()
		}
		return
	}
	closed := make(chan struct{})
	var watch, both sync.WaitGroup
	watch.Go(func() {
		select {
		case <-t.end:
			c.interrupt(t.handing.Load())
		case <-closed:
		}
	})
	var broke [2]bool
	both.Go(func() { broke[0] = !t.pass(c, 0) })
	both.Go(func() { broke[1] = !t.pass(c, 1) })
	both.Wait()
	close(closed)
	watch.Wait()
	goesOn := !broke[0] && !broke[1] && (!c.ended[0] || !c.ended[1])
	if goesOn && t.hand(c) {
		return
	}
	c.close()
	t.copies.end(&c.there)
	t.copies.end(&c.back)
}

// reach connects to the receiver.
func (t *tap) reach(ctx context.Context, c *connection) bool {
	const patience = 5 * time.Second
	d := net.Dialer{Timeout: patience}
	receiver, err := d.DialContext(ctx, "tcp", c.there.about.To)
	if err != nil {
		if ctx.Err() == nil {
			t.unreachable(c.there.about.To)
		}
		return false
	}
	c.receiver = receiver.(*net.TCPConn)
	t.copies.begin(&c.there)
	t.copies.begin(&c.back)
	return true
}

func (c *connection) close() {
	c.sender.Close()
	if c.receiver != nil {
		c.receiver.Close()
	}
}

// unreachable says that a receiver cannot be reached, once in a minute.
func (t *tap) unreachable(to string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.told) > time.Minute {
		t.told = time.Now()
		t.log.Warn("the system behind a tap cannot be reached: its sender is turned away, as it would be without the tap", "to", to)
	}
}

const (
	lull    = 500 * time.Millisecond // of a connection that may be closed without cutting an exchange
	drain   = 8 * time.Second        // until when one that is never quiet is closed: less than its listener waits
	unsaid  = 50 * time.Millisecond  // for what was read, to be passed on before it is handed over: all others wait for it
	little  = 4 << 10                // to begin reading with: most connections are quiet
	largest = 64 << 10               // to read at once
)

// interrupt lets reading end, and writing that hangs.
func (c *connection) interrupt(handing bool) {
	patience := drain
	if handing {
		patience = unsaid
	}
	for _, conn := range [...]*net.TCPConn{c.sender, c.receiver} {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
	}
}

// pass passes on in one direction, and then to us. It is false when that broke, and true when it ended (an end is passed on
// as one) or is to go on in another process. What breaks one side breaks both.
func (t *tap) pass(c *connection, direction int) bool {
	from, to, w := c.sender, c.receiver, &c.there
	if direction == 1 {
		from, to, w = c.receiver, c.sender, &c.back
	}
	if rest := c.rest[direction]; len(rest) > 0 {
		c.rest[direction] = nil
		if !t.write(c, direction, to, w, rest) {
			from.Close()
			return false
		}
	}
	buf := make([]byte, little)
	var asked time.Time // to end
	for !c.ended[direction] && len(c.rest[direction]) == 0 {
		n, err := from.Read(buf)
		if n > 0 && !t.write(c, direction, to, w, buf[:n]) {
			from.Close()
			return false
		}
		switch {
		case n == len(buf) && n < largest:
			buf = make([]byte, 4*n)
		case err == nil:
		case isTimeout(err) && t.handing.Load():
			return true
		case isTimeout(err) && c.waits(&asked):
			_ = from.SetReadDeadline(time.Now().Add(lull))
		case isEnd(err):
			c.ended[direction] = true
			_ = to.CloseWrite()
		default:
			to.Close()
			return false
		}
	}
	return true
}

// write passes p on, and then to us. What cannot be passed on before the connection is handed over becomes its rest.
func (t *tap) write(c *connection, direction int, to *net.TCPConn, w *way, p []byte) bool {
	n, err := to.Write(p)
	if n > 0 {
		c.moved.Store(time.Now().UnixNano())
		t.copies.offer(w, p[:n])
	}
	if err != nil && isTimeout(err) && t.handing.Load() {
		c.rest[direction] = append([]byte(nil), p[n:]...)
		return true
	}
	return err == nil
}

// waits tells whether a connection that is to end should wait: until nothing has passed for a moment, or until its time is over.
func (c *connection) waits(begun *time.Time) bool {
	now := time.Now()
	if begun.IsZero() {
		*begun = now
		return true
	}
	return now.Sub(time.Unix(0, c.moved.Load())) < lull && now.Sub(*begun) < drain
}

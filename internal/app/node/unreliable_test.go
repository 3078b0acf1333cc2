package node_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// unreliable stands between senders and a node and is what a network is on a bad day: of ten answers one is lost, connections
// break in the middle of a message, and what was sent comes again, up to three times.
type unreliable struct {
	address, to string
	// answered is told of answers that were lost: the node has stored, and the sender does not know. It must not block.
	answered func()

	listener net.Listener
	open     sync.WaitGroup

	mu                          sync.Mutex
	dice                        *rand.Rand            // guarded by mu
	closed                      bool                  // guarded by mu
	conns                       map[net.Conn]struct{} // guarded by mu
	answers, lost, cut, replays int                   // guarded by mu
}

func newUnreliable(t *testing.T, to string, seed uint64, answered func()) *unreliable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &unreliable{
		address: l.Addr().String(), to: to, answered: answered, listener: l,
		dice: rand.New(rand.NewPCG(seed, seed)), conns: map[net.Conn]struct{}{},
	}
	u.open.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			u.open.Go(func() { u.carry(in) })
		}
	})
	t.Cleanup(u.close)
	return u
}

// close ends all connections and waits for what is still sent again.
func (u *unreliable) close() {
	u.mu.Lock()
	u.closed = true
	for c := range u.conns {
		c.Close()
	}
	u.mu.Unlock()
	u.listener.Close()
	u.open.Wait()
}

// roll tells whether something happens that happens so many times in a hundred, and counts it.
func (u *unreliable) roll(percent int, count *int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	happens := u.dice.IntN(100) < percent
	if happens {
		*count++
	}
	return happens
}

func (u *unreliable) below(n int) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.dice.IntN(n)
}

// dial connects to the node; nil when it is down.
func (u *unreliable) dial() net.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := new(net.Dialer).DialContext(ctx, "tcp", u.to)
	if err != nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		out.Close()
		return nil
	}
	u.conns[out] = struct{}{}
	return out
}

func (u *unreliable) hangUp(c net.Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.conns, c)
	c.Close()
}

// reset closes a connection so that its peer learns that it broke.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// carry carries one connection, with its mishaps.
func (u *unreliable) carry(in net.Conn) {
	defer in.Close()
	out := u.dial()
	if out == nil {
		return
	}
	var asked bytes.Buffer
	var asking sync.WaitGroup
	asking.Go(func() { u.ask(&asked, in, out) })
	u.answer(in, out)
	in.Close()
	u.hangUp(out)
	asking.Wait()
	if asked.Len() == 0 || !u.roll(30, &u.replays) {
		return
	}
	for range 1 + u.below(3) {
		again := u.dial()
		if again == nil {
			return
		}
		_, _ = again.Write(asked.Bytes())
		_ = again.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = again.Read(make([]byte, 1<<10)) // nobody waits for this answer
		u.hangUp(again)
	}
}

// ask carries what the sender says, and remembers it.
func (u *unreliable) ask(asked *bytes.Buffer, in, out net.Conn) {
	left := -1 // bytes, until the connection breaks
	if u.roll(5, &u.cut) {
		left = u.below(1000)
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := in.Read(buf)
		if left >= 0 && n > left {
			_, _ = out.Write(buf[:left])
			reset(in)
			reset(out)
			return
		}
		left -= min(n, max(left, 0))
		asked.Write(buf[:n])
		if _, failed := out.Write(buf[:n]); failed != nil || err != nil && err != io.EOF {
			return
		}
		if err == io.EOF {
			_ = out.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// answer carries what the node answers.
func (u *unreliable) answer(in, out net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := out.Read(buf)
		if n > 0 && u.roll(100, &u.answers) && u.roll(10, &u.lost) {
			u.answered()
			reset(in)
			return
		}
		if _, failed := in.Write(buf[:n]); failed != nil || err != nil {
			return
		}
	}
}

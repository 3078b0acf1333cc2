package hl7

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/wardline/wardline/internal/collect"
)

// TapConfig is what a source tap stands between: a system that sends HL7 messages, and the one that receives them.
//
// A tap copies every byte, both ways, as it comes, and adds none: sender and receiver acknowledge each other as before.
// What Wardline learns are copies, which wait in a buffer of their own. When Wardline cannot keep up, or its journal cannot write,
// copies are lost and counted, and the feed goes on as it was.
//
// What a tap cannot do is to copy while its process is not running. So that the feed outlives that:
//
//   - Let systemd keep the socket (listen: "systemd:tap", with a .socket unit of FileDescriptorName=tap, and Restart=always
//     and RestartSec=0 in the .service). While the process starts anew, new connections wait, and are not turned away.
//     Connections that were open break; every sender of HL7 opens them again.
//   - Give the sender the receiver's own address as its second, where it can have two: interface engines can.
//   - Or reach the tap by a rule of the firewall that falls away with it: an nftables set with a timeout
//     of a few seconds, that a watchdog refreshes while the tap accepts connections, decides whether the receiver's address leads to the tap or
//     to the receiver itself. With no entry in the set connections go straight to the receiver.
//   - Or do not stand in the way at all: mirror the switch port, record it, and let the source files read the recordings.
//
// A tap needs connections without TLS: between two ends of TLS it would see nothing.
type TapConfig struct {
	// Name begins the ids of its senders (tap): tap/10.1.2.3 is the system that sends, and tap/ with the address as under to
	// the one that receives, whose acknowledgements are events as well.
	Name string `yaml:"name"`

	// Taps are the feeds.
	Taps []Feed `yaml:"taps"`

	// LargestMessage is the most bytes of a message that Wardline looks at: 2097152 when left out, 16777216 at most. Larger ones
	// are passed on as all others, and counted.
	LargestMessage int `yaml:"largest_message"`

	// Buffer is how many bytes of copies may wait, for all feeds together: 67108864 when left out.
	Buffer int64 `yaml:"buffer"`
}

// Feed is one place where a tap stands.
type Feed struct {
	collect.Stream `yaml:",inline"`
	// To is the address and port of the system that receives.
	To string `yaml:"to"`
}

func (c *TapConfig) complete() error {
	const usualBuffer = 64 << 20
	if c.Name == "" {
		c.Name = "tap"
	}
	if c.LargestMessage == 0 {
		c.LargestMessage = usualMessage
	}
	if c.Buffer == 0 {
		c.Buffer = usualBuffer
	}
	switch {
	case c.LargestMessage < 1<<10 || c.LargestMessage > largestMessage:
		return errors.New("tap: largest_message must be between 1024 and 16777216")
	case c.Buffer < 1<<20:
		return errors.New("tap: buffer must be at least 1048576")
	case len(c.Taps) == 0:
		return errors.New("tap: name at least one feed, under taps")
	}
	for i := range c.Taps {
		f := &c.Taps[i]
		if err := f.Complete(); err != nil {
			return err
		}
		if _, _, err := net.SplitHostPort(f.To); err != nil {
			return errors.New("to: name the address and port of the system that receives, such as \"10.1.2.3:2575\"")
		}
		if f.TLS != nil {
			return errors.New("tls: a tap needs connections without it")
		}
	}
	return nil
}

// Tap is the source of messages that other systems send each other.
func Tap() collect.Kind {
	return collect.Kind{Name: "tap", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		var c TapConfig
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.complete(); err != nil {
			return nil, err
		}
		o.Limits.Record = c.LargestMessage
		return &tap{c: c, o: o, log: log, taken: newTaken(), room: semaphore.NewWeighted(c.Buffer)}, nil
	}}
}

type tap struct {
	c     TapConfig
	o     collect.Options
	log   *slog.Logger
	taken *taken
	room  *semaphore.Weighted // for copies
	group sync.WaitGroup      // of goroutines that hand in copies
	turn  sync.Mutex          // held by the one of them that decodes: the other processors are for passing on

	mu   sync.Mutex
	told time.Time // when it was last said that a receiver cannot be reached
}

var _ collect.Source = (*tap)(nil)

// Run taps until ctx ends or a listener fails. Then it hands in the copies that it has.
func (t *tap) Run(ctx context.Context, in *collect.Intake) error {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for i := range t.c.Taps {
		f := &t.c.Taps[i]
		group.Go(func() error {
			return f.Serve(ctx, t.log, func(ctx context.Context, c *collect.Conn) { t.connect(ctx, late, in, f, c) })
		})
	}
	err := group.Wait()
	const patience = 10 * time.Second
	defer time.AfterFunc(patience, cancel).Stop()
	t.group.Wait()
	return err
}

// connect joins a sender's connection to the receiver's until either ends or ctx is done. Copies are handed in until late
// is done.
func (t *tap) connect(ctx, late context.Context, in *collect.Intake, f *Feed, sender *collect.Conn) {
	const patience = 5 * time.Second
	d := net.Dialer{Timeout: patience}
	receiver, err := d.DialContext(ctx, "tcp", f.To)
	if err != nil {
		t.unreachable(f)
		if tcp, ok := sender.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset is what the sender would get from a receiver that is down
		}
		return
	}
	defer receiver.Close()
	// A system that reads no more would hold the writing side for good.
	defer context.AfterFunc(ctx, func() { receiver.Close(); sender.Close() })()
	there := t.copies(late, in.Sender(t.c.Name+"/"+sender.Peer, true))
	back := t.copies(late, in.Sender(t.c.Name+"/"+f.To, true))
	var both sync.WaitGroup
	both.Go(func() { pass(receiver, sender.Conn, there) })
	both.Go(func() { pass(sender.Conn, receiver, back) })
	both.Wait()
}

// unreachable says that a receiver cannot be reached, once in a minute.
func (t *tap) unreachable(f *Feed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.told) > time.Minute {
		t.told = time.Now()
		t.log.Warn("the system behind a tap cannot be reached: its sender is turned away, as it would be without the tap", "listen", f.Listen, "to", f.To)
	}
}

// pass copies what comes from one system to the other, and then to us. An end is passed on as one; anything
// else that breaks one side breaks both.
func pass(to, from net.Conn, c *copies) {
	defer c.end()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, broke := to.Write(buf[:n]); broke != nil {
				from.Close()
				return
			}
			c.offer(buf[:n])
		}
		if err == nil {
			continue
		}
		if half, ok := to.(interface{ CloseWrite() error }); ok && isEnd(err) {
			_ = half.CloseWrite()
		} else {
			to.Close()
		}
		return
	}
}

// Package listener opens decoy doors: ports of imaging systems, interfaces and servers behind which there is nothing. Nobody has a reason to
// knock, so whoever does is searching the network.
//
// A door takes a connection, looks at what kind of thing is said in the first bytes, answers with a refusal at most, and closes. What
// one machine does at all doors within a short time is one trip, with a name: "a port scan", or "spoke DICOM, called AE ANY-SCP". The content of what
// was said is kept nowhere.
//
// A half-open scan (nmap -sS) never becomes a connection that a program is told of: it is seen by firewalls and sensors of the network, and here
// only once the scanner looks at what it found.
package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wardline/wardline/internal/continuity/canary"
)

// Door is one decoy port.
type Door struct {
	ID       string         `yaml:"id"`       // of the canary; made of protocol and address when it is left out
	Protocol string         `yaml:"protocol"` // dicom mllp rdp smb ssh tcp: what a passer-by is to take it for
	Listen   string         `yaml:"listen"`   // address and port, such as ":104"
	Allow    []canary.Allow `yaml:"allow"`    // machines that may knock, by host: a scanner for weaknesses
}

// Protocols lists what a door may pretend to be.
func Protocols() []string { return []string{"dicom", "mllp", "rdp", "smb", "ssh", "tcp"} }

// Check says what is wrong with a door, and completes it.
func (d *Door) Check() error {
	if _, _, err := net.SplitHostPort(d.Listen); err != nil {
		return errors.New("listen: name the address and port of a decoy door, such as \":104\"")
	}
	if d.ID == "" {
		d.ID = "door-" + d.Protocol + "-" + d.Listen
	}
	for _, p := range Protocols() {
		if p == d.Protocol {
			c := d.canary()
			return c.Check()
		}
	}
	return fmt.Errorf("protocol: one of %v", Protocols())
}

// canary is the door as the registry of a node knows it.
func (d *Door) canary() canary.Canary {
	return canary.Canary{
		ID: d.ID, Kind: canary.Listener, Where: d.Protocol + " " + d.Listen, Allow: d.Allow, Made: time.Unix(1, 0),
		Marks: []canary.Mark{{Field: canary.Address, Value: d.Listen}},
	}
}

// Config is what Run is given.
type Config struct {
	Doors []Door // checked
	Out   func(canary.Report)
	Log   *slog.Logger
	// Opened is told where each door listens; it may be nil.
	Opened func(door int, at net.Addr)
}

const (
	patience = 10 * time.Second // for the first bytes: who looks for versions listens first, for some seconds
	crowd    = 64               // connections at one door at a time: more are counted and closed
	attempts = 3
)

// Run opens all doors, until ctx is done. One that cannot be opened fails it.
func Run(ctx context.Context, c Config) error {
	h := &house{c: c, folds: map[string]*fold{}}
	var listeners []net.Listener
	defer func() {
		for _, l := range listeners {
			_ = l.Close() // they may be closed already
		}
	}()
	for i := range c.Doors {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", c.Doors[i].Listen)
		if err != nil {
			return fmt.Errorf("open a decoy door: %w", err)
		}
		listeners = append(listeners, l)
		if c.Opened != nil {
			c.Opened(i, l.Addr())
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, l := range listeners {
		group.Go(func() error { return h.serve(ctx, &h.c.Doors[i], l) })
	}
	group.Go(func() error { return h.settle(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		for _, l := range listeners {
			_ = l.Close()
		}
		return nil
	})
	return group.Wait()
}

// serve takes the connections of one door.
func (h *house) serve(ctx context.Context, d *Door, l net.Listener) error {
	room := make(chan struct{}, crowd)
	var guests sync.WaitGroup
	defer guests.Wait()
	for failed := 0; ; {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return ctx.Err()
		}
		if err != nil {
			if failed++; failed > attempts {
				return fmt.Errorf("a decoy door: %w", err)
			}
			time.Sleep(100 * time.Millisecond) // such as too many open files
			continue
		}
		failed = 0
		select {
		case room <- struct{}{}:
			guests.Go(func() {
				h.knock(d, conn)
				<-room
			})
		default:
			h.enter(d, host(conn))(said{kind: nothing})
			_ = conn.Close()
		}
	}
}

// knock looks at what a guest says, refuses, and notes it.
func (h *house) knock(d *Door, conn net.Conn) {
	defer func() { _ = conn.Close() }() // whatever the guest thinks of it
	_ = conn.SetDeadline(time.Now().Add(patience))
	leave := h.enter(d, host(conn))
	leave(hear(conn))
}

func host(conn net.Conn) string {
	at, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return conn.RemoteAddr().String()
	}
	return at
}

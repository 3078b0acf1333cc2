package syslog

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wardline/wardline/format/rfc6587"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// Config is what a source syslog listens on. Messages are RFC 5424 or RFC 3164, or what is written in their place; over
// connections they are counted, or end with a line feed, or both on one connection (RFC 6587).
//
// A sender is known by its certificate where it shows one, and else by its address: over UDP, TCP and TLS it is one sender.
type Config struct {
	// Name begins the ids of its senders (syslog): syslog/10.1.2.3.
	Name string `yaml:"name"`

	// Streams are the listeners for connections, with TLS (RFC 5425, usually port 6514) or without (601 or 514).
	Streams []collect.Stream `yaml:"streams"`

	// Datagrams are the listeners for UDP (RFC 5426, port 514). UDP loses messages, forges senders and slows
	// nobody down; use it for what cannot do better.
	Datagrams []Datagrams `yaml:"datagrams"`

	// LargestMessage is the most bytes that a message may have: 65536 when left out, 262144 at most.
	LargestMessage int `yaml:"largest_message"`
}

const (
	usualMessage   = 64 << 10
	largestMessage = 256 << 10
)

// complete fills in what was left out, and says what is wrong.
func (c *Config) complete() error {
	if c.Name == "" {
		c.Name = "syslog"
	}
	if c.LargestMessage == 0 {
		c.LargestMessage = usualMessage
	}
	if c.LargestMessage < 1<<10 || c.LargestMessage > largestMessage {
		return errors.New("syslog: largest_message must be between 1024 and 262144")
	}
	if len(c.Streams)+len(c.Datagrams) == 0 {
		return errors.New("syslog: name at least one listener, under streams or datagrams")
	}
	for i := range c.Streams {
		if err := c.Streams[i].Complete(); err != nil {
			return err
		}
	}
	for i := range c.Datagrams {
		if err := c.Datagrams[i].complete(); err != nil {
			return err
		}
	}
	return nil
}

// Listener is the source of syslog messages as they are sent. Bodies are as in Format.
//
// Syslog has no acknowledgement. What was received while the journal cannot write is held and tried again; the
// connection is read no further meanwhile, so that the sender waits. RELP, which acknowledges, is not spoken.
func Listener(bodies ...Body) collect.Kind {
	return collect.Kind{Name: "syslog", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		var c Config
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.complete(); err != nil {
			return nil, err
		}
		o.Limits.Record = c.LargestMessage
		return &listener{c: c, o: o, bodies: bodies, log: log, resent: newResent()}, nil
	}}
}

type listener struct {
	c      Config
	o      collect.Options
	bodies []Body
	log    *slog.Logger
	resent *resent
}

var _ collect.Source = (*listener)(nil)

// Run listens until ctx ends or a listener fails.
func (l *listener) Run(ctx context.Context, in *collect.Intake) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return collect.ServeAll(ctx, l.c.Streams, l.log, func(ctx context.Context, c *collect.Conn) { l.connection(ctx, in, c) })
	})
	for i := range l.c.Datagrams {
		group.Go(func() error { return l.datagrams(ctx, in, &l.c.Datagrams[i]) })
	}
	return group.Wait()
}

// stream is one connection, or the datagrams of one socket.
type stream struct {
	writer
	ctx    context.Context
	nonce  string // with the count of messages it makes the ids of events (see event.NewID)
	record int64
	ev     event.Event
}

func (l *listener) stream(ctx context.Context) stream {
	return stream{writer: writer{o: l.o, bodies: l.bodies}, ctx: ctx, nonce: rand.Text()}
}

// putting is one of a Sender's ways to hand in an event.
type putting func(*collect.Sender, context.Context, *event.Event, []byte, ...collect.Flag) (*journal.Receipt, error)

// take hands the event that a message tells of to put. What tells of none is kept as it came.
func (s *stream) take(sender *collect.Sender, msg []byte, offset int64, put putting, flags ...collect.Flag) error {
	s.record++
	s.o.Modified = time.Now() // lends its year to times without one
	var err error
	switch reason := s.event(msg, &s.ev); {
	case reason == nil:
		s.ev.Record, s.ev.ID = s.record, event.NewID(sender.ID(), s.nonce, strconv.FormatInt(s.record, 10))
		_, err = put(sender, s.ctx, &s.ev, msg, flags...)
	case errors.Is(reason, collect.ErrSkip):
		_, err = sender.Quarantine(s.ctx, msg, collect.Damage{Offset: offset, Reason: noEvent})
	default:
		_, err = sender.Quarantine(s.ctx, msg, collect.Damage{Offset: offset, Reason: tooManyValues})
	}
	return err
}

// connection is a stream of one sender.
type connection struct {
	stream
	sender *collect.Sender
	frames *rfc6587.Scanner
	before *before
}

// connection takes in what a sender says until it ends, breaks off or goes too slowly.
func (l *listener) connection(ctx context.Context, in *collect.Intake, conn *collect.Conn) {
	sender := in.Sender(l.c.Name+"/"+conn.Peer, conn.Unauthenticated)
	c := &connection{stream: l.stream(ctx), sender: sender, frames: rfc6587.NewScanner(l.c.LargestMessage), before: l.resent.begin(sender.ID())}
	defer l.resent.end(sender.ID(), c.before)
	for last := 0; ; {
		wait := waitFor(c.frames.Pending())
		buf := conn.Buffer(last, wait)
		n, quiet, broke := conn.Next(buf, wait)
		last = n
		c.frames.Write(buf[:n])
		switch {
		case quiet:
			c.frames.Quiet()
		case broke == io.EOF:
			c.frames.End()
		case broke != nil:
			c.frames.Quiet() // a whole line is whole
		}
		if err := c.takeAll(conn.Whole); err != nil {
			return // the journal is closed or the source ends: it is booked
		}
		if broke != nil {
			c.finish(broke)
			return
		}
	}
}

// takeAll takes in all messages that are complete.
func (c *connection) takeAll(whole func()) error {
	for {
		f, ok, err := c.frames.Next()
		var broken *rfc6587.FrameError
		switch {
		case errors.As(err, &broken):
			whole()
			c.record++
			c.sender.Refuse(1, broken.Reason)
			continue
		case !ok:
			return nil
		}
		whole()
		var flags []collect.Flag
		if f.Cut {
			flags = append(flags, collect.Cut)
		}
		if c.before.said(f.Message) {
			flags = append(flags, collect.PossibleResend)
		}
		if err := c.take(c.sender, f.Message, f.Offset, (*collect.Sender).Insist, flags...); err != nil {
			return err
		}
	}
}

// finish keeps what is left of a message that did not become whole.
func (c *connection) finish(broke error) {
	rest := c.frames.Rest()
	if len(rest) == 0 {
		return
	}
	reason := "connection broke off inside a message"
	switch {
	case errors.Is(broke, collect.ErrSlow):
		reason = "message took too long"
	case errors.Is(broke, collect.ErrEnding):
		reason = "Wardline stopped inside a message"
	}
	_, _ = c.sender.Quarantine(c.ctx, rest, collect.Damage{Offset: c.frames.Offset(), Reason: reason}) // booked, whatever comes of it
}

func waitFor(p rfc6587.Pending) collect.Wait {
	switch p {
	case rfc6587.Part:
		return collect.Within
	case rfc6587.Line:
		return collect.Held
	}
	return collect.Between
}

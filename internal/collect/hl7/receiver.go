package hl7

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// Config is what a source mllp listens on: connections over which systems send HL7 version 2 messages and wait for
// each to be acknowledged.
//
// A message is acknowledged (AA, or CA in enhanced mode) once it is durable. While the journal cannot take it the answer is AE (CE): the
// sender keeps it and sends it again. What can never be taken in is answered with AR (CR) and, unless it is
// too long, kept as it came. Acknowledgements that somebody sends are taken in and not answered.
//
// The commit bytes of MLLP release 2 are read and not sent.
type Config struct {
	// Name begins the ids of its senders (mllp): mllp/10.1.2.3, or mllp/ and the name in the certificate.
	Name string `yaml:"name"`

	// Streams are the listeners, with TLS or without. Port 2575 is the registered one.
	Streams []collect.Stream `yaml:"streams"`

	// LargestMessage is the most bytes that a message may have: 2097152 when left out, 16777216 at most. Of those above 64 KiB only so
	// many are read at a time that they take 128 MiB at most, or four: others wait, as long as a message may take.
	LargestMessage int `yaml:"largest_message"`

	// Refuse lists kinds of messages that are not taken in, by MSH-9: "QBP" or "ADT^A04".
	Refuse []string `yaml:"refuse"`

	// Patience is how long a message may wait to become durable before the answer is AE: 10s when left out. It should be below the
	// time for which senders wait for an answer.
	Patience time.Duration `yaml:"patience"`
}

const (
	usualMessage   = 2 << 20
	largestMessage = 16 << 20

	smallMessage = 64 << 10  // up to there a connection reads without asking
	largeBytes   = 128 << 20 // of messages beyond it that are on their way on all connections
)

// complete fills in what was left out, and says what is wrong.
func (c *Config) complete() error {
	if c.Name == "" {
		c.Name = "mllp"
	}
	if c.LargestMessage == 0 {
		c.LargestMessage = usualMessage
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	switch {
	case c.LargestMessage < 1<<10 || c.LargestMessage > largestMessage:
		return errors.New("mllp: largest_message must be between 1024 and 16777216")
	case c.Patience < 0:
		return errors.New("mllp: patience must be above zero")
	case len(c.Streams) == 0:
		return errors.New("mllp: name at least one listener, under streams")
	}
	for i := range c.Streams {
		if err := c.Streams[i].Complete(); err != nil {
			return err
		}
	}
	return nil
}

// Receiver is the source of messages that systems send to Wardline itself.
func Receiver() collect.Kind {
	return collect.Kind{Name: "mllp", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		var c Config
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.complete(); err != nil {
			return nil, err
		}
		o.Limits.Record = c.LargestMessage
		return &receiver{c: c, o: o, log: log, taken: newTaken(), large: make(collect.Places, max(4, largeBytes/c.LargestMessage))}, nil
	}}
}

type receiver struct {
	c     Config
	o     collect.Options
	log   *slog.Logger
	taken *taken
	large collect.Places
}

var _ collect.Source = (*receiver)(nil)

// Run listens until ctx ends or a listener fails.
func (r *receiver) Run(ctx context.Context, in *collect.Intake) error {
	return collect.ServeAll(ctx, r.c.Streams, r.log, func(ctx context.Context, c *collect.Conn) {
		sender := in.Sender(r.c.Name+"/"+c.Peer, c.Unauthenticated)
		converse(ctx, r, sender, c)
	})
}

package dicom

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/collect"
)

// Config is what a source dicom listens on: associations over which scanners, workstations and archives send images, as they send them to
// an archive (C-STORE), and ask whether anybody is there (C-ECHO).
//
// Of an image its attributes and fingerprints are kept, and none of its pixels: a sender must not take Wardline for its archive. The answer
// is success (0000H) once they are durable. While the journal cannot take them it is "out of resources" (A700H): the sender keeps the
// image and sends it again. What is no image is answered with "cannot understand" (C000H), or with "data set does not match SOP class"
// (A900H) when it is another than the sender says; then nothing is kept, and the association goes on (PS3.4 B.2.3).
type Config struct {
	// Name begins the ids of its senders (dicom): dicom/10.1.2.3, or dicom/ and the name in the certificate.
	Name string `yaml:"name"`

	// Streams are the listeners, with TLS or without. Ports 104 and 11112 are the registered ones, and 2762 with TLS. Of connections there are
	// 64 when that is left out, and the quiet in an association may last an hour. frame_timeout is for the quiet inside an image, and
	// for all of a slow one beyond a second for each 64 KiB.
	Streams []collect.Stream `yaml:"streams"`

	// Title is the AE title that Wardline answers to, and any other is rejected: WARDLINE when left out, "*" for any.
	Title string `yaml:"ae_title"`

	// Callers are the AE titles that may send. Anybody can call itself anything: what protects is from, and a certificate. Left out, all may.
	Callers []string `yaml:"callers"`

	// Classes are UIDs of private SOP classes that are stored as well, or the beginning of some with the last dot, such as "1.3.12.2.1107.5.9.".
	Classes []string `yaml:"classes"`

	// Patience is how long an image may wait to become durable before the answer is A700H: 10s when left out. It should be below the
	// time for which senders wait for an answer.
	Patience time.Duration `yaml:"patience"`
}

// complete fills in what was left out, and says what is wrong.
func (c *Config) complete() error {
	c.Name = cmp.Or(c.Name, "dicom")
	c.Title = cmp.Or(c.Title, "WARDLINE")
	c.Patience = cmp.Or(c.Patience, 10*time.Second)
	switch {
	case c.Patience < 0:
		return errors.New("dicom: patience must be above zero")
	case len(c.Streams) == 0:
		return errors.New("dicom: name at least one listener, under streams")
	}
	for _, title := range append([]string{c.Title}, c.Callers...) {
		if title == "" || len(title) > len(dimse.Title{}) {
			return errors.New("dicom: an AE title has 1 to 16 characters")
		}
	}
	for i := range c.Streams {
		s := &c.Streams[i]
		s.Connections = cmp.Or(s.Connections, 64)
		s.PerAddress = cmp.Or(s.PerAddress, 16)
		s.Idle = cmp.Or(s.Idle, time.Hour)
		if err := s.Complete(); err != nil {
			return err
		}
	}
	return nil
}

// acceptor is who is answered, and what is taken.
func (c *Config) acceptor() dimse.Acceptor {
	a := dimse.Acceptor{Callers: c.Callers, Software: dimse.Software{MaxLength: longestPDU, Version: "WARDLINE"}}
	if c.Title != "*" {
		a.Titles = []string{c.Title}
	}
	a.Offers = append(a.Offers, dimse.Offer{Abstract: verification, Transfers: transfers()})
	for _, class := range slices.Concat(storage(), c.Classes) {
		a.Offers = append(a.Offers, dimse.Offer{Abstract: class, Transfers: transfers()})
	}
	return a
}

const (
	// longestPDU is what senders are asked to send at a time. It is a matter of speed only: PDUs with data are read in pieces.
	longestPDU = 128 << 10

	smallImage  = 4 << 20 // up to there an image is read without asking
	largeImages = 4       // beyond it that are read at a time, over all associations
)

// Receiver is the source of images that systems send to Wardline itself.
func Receiver() collect.Kind {
	return collect.Kind{Name: "dicom", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		var c Config
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.complete(); err != nil {
			return nil, err
		}
		return &receiver{c: c, o: o, log: log, acceptor: c.acceptor(), mutable: digest.DefaultMutable(), large: make(collect.Places, largeImages)}, nil
	}}
}

type receiver struct {
	c        Config
	o        collect.Options
	log      *slog.Logger
	acceptor dimse.Acceptor
	mutable  digest.Mutable
	large    collect.Places
	rejected collect.Sparing
}

var _ collect.Source = (*receiver)(nil)

// Run listens until ctx ends or a listener fails.
func (r *receiver) Run(ctx context.Context, in *collect.Intake) error {
	return collect.ServeAll(ctx, r.c.Streams, r.log, func(ctx context.Context, c *collect.Conn) {
		r.associate(ctx, in.Sender(r.c.Name+"/"+c.Peer, c.Unauthenticated), c)
	})
}

// associate answers whoever asks for an association, and serves it to its end.
func (r *receiver) associate(ctx context.Context, sender *collect.Sender, conn *collect.Conn) {
	a := &association{receiver: r, ctx: ctx, sender: sender, wire: &wire{conn: conn, slow: r.slowest()}}
	a.wire.begin()
	var err error
	a.conn, err = dimse.Accept(a.wire, r.acceptor, dimse.DefaultLimits())
	var no *dimse.RejectError
	if errors.As(err, &no) {
		if n, speak := r.rejected.Again(); speak {
			r.log.WarnContext(ctx, "associations were rejected: see ae_title and callers", "associations", n, "last_from", conn.Peer, "last_because", no.Reject.String())
		}
	}
	if err != nil {
		return
	}
	if err := a.serve(); err != nil {
		_ = a.conn.Abort() // nothing is to be done when nobody is there any more
	}
}

// slowest is the longest frame_timeout: a Conn holds itself to that of its own stream for each piece.
func (r *receiver) slowest() time.Duration {
	longest := time.Duration(0)
	for i := range r.c.Streams {
		longest = max(longest, r.c.Streams[i].Frame)
	}
	return longest
}

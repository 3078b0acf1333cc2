package capture

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Config is what a source dicom-capture listens to: a network interface that a switch sends a copy of the imaging network's traffic to (a mirror
// port), or that the traffic passes. It sends nothing.
//
// It needs the capability CAP_NET_RAW, and Linux. While the journal is behind, packets wait in the kernel, and those that do not fit there are
// counted as dropped, as are those of connections that packets were missing of.
type Config struct {
	// Name begins the id of its sender (dicom-capture): dicom-capture/eth1.
	Name string `yaml:"name"`

	// Interface is the network interface, such as eth1.
	Interface string `yaml:"interface"`

	// Ports are those of DICOM servers, such as 104 and 11112: 32 at most. Left out, all of TCP is looked at, and DICOM known by what it says. That
	// finds what nobody knew of, and takes a machine that keeps up with the network.
	Ports []uint16 `yaml:"ports"`
}

// Kind is the source that listens to a network interface.
func Kind() collect.Kind {
	return collect.Kind{Name: formatName, New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		var c Config
		if err := decode(&c); err != nil {
			return nil, err
		}
		c.Name = cmp.Or(c.Name, formatName)
		switch {
		case c.Interface == "":
			return nil, errors.New("dicom-capture: name the interface to listen to, such as eth1")
		case len(c.Ports) > mostPorts || slices.Contains(c.Ports, 0):
			return nil, errors.New("dicom-capture: ports must be at most 32, and none of them 0")
		}
		return &live{c: c, o: o, log: log}, nil
	}}
}

const mostPorts = 32

type live struct {
	c      Config
	o      collect.Options
	log    *slog.Logger
	record int64
	missed collect.Sparing
}

var _ collect.Source = (*live)(nil)

// look is how often it is looked for connections that are quiet, and for packets that the kernel dropped.
const look = time.Second

// Run listens until ctx ends or the interface fails.
func (s *live) Run(ctx context.Context, in *collect.Intake) error {
	w, err := openWire(s.c.Interface, s.c.Ports)
	if err != nil {
		return err
	}
	defer w.Close()
	s.log.InfoContext(ctx, "listening", "interface", s.c.Interface, "address", s.c.Interface)
	defer context.AfterFunc(ctx, func() { _ = w.SetReadDeadline(time.Unix(1, 0)) })()
	sender := in.Sender(s.c.Name+"/"+s.c.Interface, false)
	l, d, frame := newListener(usual()), dissector{}, make([]byte, longestPacket)
	var until time.Time
	for {
		now := time.Now()
		if now.After(until) {
			until = now.Add(look)
			_ = w.SetReadDeadline(until) // it can only fail when the interface is closed, which reading tells
			s.look(w, l, sender, now)
		}
		if ctx.Err() != nil {
			break
		}
		n, err := w.Read(frame)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return s.end(ctx, l, sender, err)
		default:
			if p, ok := d.segment(layers.LinkTypeEthernet, frame[:n]); ok && s.wants(&p) {
				l.packet(time.Now(), &p)
			}
		}
		if err := s.hand(ctx, l, sender); err != nil {
			return s.end(ctx, l, sender, err)
		}
	}
	return s.end(ctx, l, sender, ctx.Err())
}

// wants tells whether a packet is of a port that was asked for: of tagged networks the kernel does not look.
func (s *live) wants(p *packet) bool {
	return len(s.c.Ports) == 0 || slices.Contains(s.c.Ports, p.from.Port()) || slices.Contains(s.c.Ports, p.to.Port())
}

// look books what the kernel dropped, and forgets connections that are quiet.
func (s *live) look(w *wire, l *listener, sender *collect.Sender, now time.Time) {
	if n := w.dropped(); n > 0 {
		sender.Drop(n, "packets came faster than they could be read")
		if all, speak := s.missed.Again(); speak {
			s.log.Warn("packets came faster than they could be read: name the ports, or give the machine more", "interface", s.c.Interface, "times", all, "last_packets", n)
		}
	}
	l.tidy(now)
}

// hand hands in what the listener wrote down.
func (s *live) hand(ctx context.Context, l *listener, sender *collect.Sender) error {
	defer func() { l.rows = l.rows[:0] }()
	var ev event.Event
	for i := range l.rows {
		r := &l.rows[i]
		if r.lost != "" {
			sender.Drop(1, r.lost)
			continue
		}
		s.record++
		if err := r.event(&ev, s.o, formatName, s.record); err != nil {
			sender.Drop(1, "an event with more fields than the limit")
			continue
		}
		// Nobody sends it again.
		if _, err := sender.Insist(ctx, &ev, ev.Fields); err != nil {
			return err
		}
	}
	return nil
}

// end tells of what is under way, and returns why it ended.
func (s *live) end(ctx context.Context, l *listener, sender *collect.Sender, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), look)
	defer cancel()
	for l.closeOne() {
		if err := s.hand(ctx, l, sender); err != nil {
			break // it is booked
		}
	}
	return cause
}

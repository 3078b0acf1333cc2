// Package httpin listens for systems that send what they see over HTTP: clinical servers, log shippers,
// telemetry collectors. It settles who sends and what that may cost before any route reads a byte of a body.
package httpin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// Config is the part of the configuration that one listener has.
type Config struct {
	// Name tells the listener from others in what is logged.
	Name string `yaml:"name"`
	// Listen is the address, such as ":8088" or "10.1.2.3:8088".
	Listen string `yaml:"listen"`
	// Certificate and Key are PEM files, read again within a minute when they change. Without them the node's own certificate is used.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// ClientCA is a PEM file of authorities: a sender with a certificate of theirs needs no token.
	ClientCA string `yaml:"client_ca"`
	// Plain says that senders come without TLS. Whoever can see the network then sees tokens and events.
	Plain bool `yaml:"plain"`
	// Unauthenticated lists the networks from which senders need neither token nor certificate. Every event of theirs says so.
	Unauthenticated []netip.Prefix `yaml:"unauthenticated"`
	Limits          Limits         `yaml:"limits"`
}

// Limits bounds what senders may cost. What is 0 is as in DefaultLimits.
type Limits struct {
	Header   time.Duration `yaml:"header"`   // until the header of a request is there
	Body     time.Duration `yaml:"body"`     // until its body is there
	Rate     int           `yaml:"rate"`     // bytes a second that a body must come with, after Grace
	Grace    time.Duration `yaml:"grace"`    // before Rate counts
	Requests int           `yaml:"requests"` // of one sender at once
	Memory   int64         `yaml:"memory"`   // bytes of all bodies at hand

	// How many connections there may be at a time: in all, from one address or IPv6 network of 64 bits, and by one certificate,
	// which then count there and not by their address.
	Connections    int `yaml:"connections"`
	PerAddress     int `yaml:"connections_per_address"`
	PerCertificate int `yaml:"connections_per_certificate"`
}

// DefaultLimits are roomy for real senders.
func DefaultLimits() Limits {
	return Limits{
		Header: 5 * time.Second, Body: 30 * time.Second, Rate: 1 << 10, Grace: 5 * time.Second,
		Requests: 32, Memory: 256 << 20, Connections: 4096, PerAddress: 64, PerCertificate: 256,
	}
}

// Setup is what the node gives to every listener.
type Setup struct {
	Routes []collect.Route
	// Authenticate returns the id of the sender that a secret belongs to: a token, or the password of basic
	// authentication. ErrSecret and ErrForbidden refuse it; any other error makes the sender come again later.
	Authenticate func(ctx context.Context, secret string, remote netip.Addr) (sender string, err error)
	// TLS is the node's own certificate; nil when it has none.
	TLS *tls.Config
	// Opened is told where a listener listens; it may be nil.
	Opened func(net.Addr)
}

// What Authenticate says of a secret.
var (
	ErrSecret    = errors.New("the token is not known or has expired")
	ErrForbidden = errors.New("the token may not send from there")
)

// Kind is the source "http".
func Kind(s Setup) collect.Kind {
	return collect.Kind{Name: "http", New: func(decode func(any) error, o collect.Options, log *slog.Logger) (collect.Source, error) {
		c := Config{}
		if err := decode(&c); err != nil {
			return nil, err
		}
		return newSource(c, s, o, log)
	}}
}

type source struct {
	config  Config
	setup   Setup
	options collect.Options
	log     *slog.Logger
	tls     *tls.Config // nil for plain
}

var _ collect.Source = (*source)(nil)

func newSource(c Config, s Setup, o collect.Options, log *slog.Logger) (*source, error) {
	c.Limits.fill()
	src := &source{config: c, setup: s, options: o, log: log}
	if c.Listen == "" {
		return nil, errors.New("http: listen is missing: name an address such as \":8088\"")
	}
	if c.Plain {
		if c.Certificate != "" || c.ClientCA != "" {
			return nil, errors.New("http: plain and certificates exclude each other")
		}
		return src, nil
	}
	var err error
	if src.tls, err = serverTLS(c, s.TLS, log); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	return src, nil
}

func (l *Limits) fill() {
	d := DefaultLimits()
	for _, v := range []struct{ at, or *time.Duration }{{&l.Header, &d.Header}, {&l.Body, &d.Body}, {&l.Grace, &d.Grace}} {
		if *v.at <= 0 {
			*v.at = *v.or
		}
	}
	for _, v := range []struct{ at, or *int }{
		{&l.Rate, &d.Rate}, {&l.Requests, &d.Requests},
		{&l.Connections, &d.Connections}, {&l.PerAddress, &d.PerAddress}, {&l.PerCertificate, &d.PerCertificate},
	} {
		if *v.at <= 0 {
			*v.at = *v.or
		}
	}
	if l.Memory <= 0 {
		l.Memory = d.Memory
	}
}

// Run implements collect.Source.
func (s *source) Run(ctx context.Context, in *collect.Intake) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("http: listen: %w", err)
	}
	if s.setup.Opened != nil {
		s.setup.Opened(listener.Addr())
	}
	l := s.config.Limits
	door := &limited{Listener: listener, crowd: collect.NewCrowd(l.Connections, l.PerAddress, l.PerCertificate), log: s.log}
	listener = door
	if s.tls != nil {
		listener = tls.NewListener(listener, s.tls)
	}
	server := s.server(in)
	server.ConnState = door.named
	s.log.InfoContext(ctx, "receiving over http", "address", listener.Addr().String(), "tls", s.tls != nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("http: %w", err)
	case <-ctx.Done():
	}
	// Requests that are being answered come to their end; those that take longer were not acknowledged.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // nothing is left to be told
	}
	<-served
	return ctx.Err()
}

const (
	shutdownGrace = 10 * time.Second
	idleTime      = 2 * time.Minute
	answerTime    = 90 * time.Second // for reading, keeping and answering one request
	maxHeader     = 16 << 10
	maxStreams    = 100 // of one HTTP/2 connection
)

func (s *source) server(in *collect.Intake) *http.Server {
	return &http.Server{
		Handler:           s.handler(in),
		ReadHeaderTimeout: s.config.Limits.Header,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          log.New(&serverLog{log: s.log}, "", 0),
	}
}

// handler has all routes on one page.
func (s *source) handler(in *collect.Intake) http.Handler {
	mux := http.NewServeMux()
	g := &gate{source: s, in: in, busy: map[string]*hand{}}
	for _, route := range s.setup.Routes {
		mux.Handle(route.Pattern, g.guard(route))
	}
	return mux
}

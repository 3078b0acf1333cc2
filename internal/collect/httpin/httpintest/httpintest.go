// Package httpintest serves routes on a real socket for tests, and shows what was kept. Only tests import it.
package httpintest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/httpin"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// Token is the secret that a Node takes; its sender is "token/ward-7".
const Token = "wl_ward7_invented"

// Node is a listener that is open until its test ends.
type Node struct {
	URL    string
	Sealed *Sealer
}

// Options are those of a node.
func Options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

// Serve opens a listener without TLS for the routes. change may alter its configuration; it may be nil.
func Serve(t testing.TB, change func(*httpin.Config, *httpin.Setup), routes ...collect.Route) *Node {
	t.Helper()
	n := &Node{Sealed: &Sealer{}}
	opened := make(chan net.Addr, 1)
	setup := httpin.Setup{Routes: routes, Authenticate: authenticate, Opened: func(a net.Addr) { opened <- a }}
	config := httpin.Config{Listen: "127.0.0.1:0", Plain: true}
	if change != nil {
		change(&config, &setup)
	}
	decode := func(v any) error {
		*v.(*httpin.Config) = config
		return nil
	}
	source, err := httpin.Kind(setup).New(decode, Options(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx, n.intake()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("the listener ended with %v", err)
		}
	})
	select {
	case addr := <-opened:
		n.URL = "http://" + addr.String()
		if !config.Plain {
			n.URL = "https://" + addr.String()
		}
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return n
}

func (n *Node) intake() *collect.Intake { return &collect.Intake{S: n.Sealed} }

func authenticate(_ context.Context, secret string, _ netip.Addr) (string, error) {
	switch secret {
	case Token:
		return "token/ward-7", nil
	case "elsewhere":
		return "", httpin.ErrForbidden
	case "broken":
		return "", io.ErrClosedPipe
	}
	return "", httpin.ErrSecret
}

// Request is one to send; what is left out is as a plain POST of JSON with the token.
type Request struct {
	Method, Path, Type, Packing, Body string
	Authorization                     string // "-" sends none
	Accept                            string
}

// Do sends r and returns the answer and its body.
func (n *Node) Do(t testing.TB, r Request) (*http.Response, string) {
	t.Helper()
	method, auth := r.Method, r.Authorization
	if method == "" {
		method = http.MethodPost
	}
	if auth == "" {
		auth = "Bearer " + Token
	}
	req, err := http.NewRequestWithContext(t.Context(), method, n.URL+r.Path, bytes.NewReader([]byte(r.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if auth != "-" {
		req.Header.Set("Authorization", auth)
	}
	for name, value := range map[string]string{"Content-Type": r.Type, "Content-Encoding": r.Packing, "Accept": r.Accept} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// Sealer keeps lines in memory. The zero value is ready.
type Sealer struct {
	mu      sync.Mutex
	lines   []journal.Line
	err     error         // of Add
	receipt error         // that receipts settle with
	hold    chan struct{} // nil, or receipts wait until it is closed
}

// Add implements collect.Sealer.
func (s *Sealer) Add(ctx context.Context, l journal.Line) (*journal.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	r := journal.NewReceipt()
	l.JSON = bytes.Clone(l.JSON)
	s.lines = append(s.lines, l)
	place, err := journal.Place{Entry: uint64(len(s.lines))}, s.receipt
	if s.hold == nil {
		r.Settle(place, err)
		return r, nil
	}
	hold := s.hold
	go func() {
		<-hold
		r.Settle(place, err)
	}()
	return r, nil
}

// Fail makes adding and the receipts end so from now on.
func (s *Sealer) Fail(add, receipt error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.receipt = add, receipt
}

// Hold keeps receipts from settling until release is called.
func (s *Sealer) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := make(chan struct{})
	s.hold = held
	return sync.OnceFunc(func() { close(held) })
}

// Lines returns what was kept of one kind.
func (s *Sealer) Lines(kind journal.Kind) []journal.Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []journal.Line
	for _, l := range s.lines {
		if l.Kind == kind {
			list = append(list, l)
		}
	}
	return list
}

// Events reads back the events that were kept.
func (s *Sealer) Events(t testing.TB) []event.Event {
	t.Helper()
	reader := event.LineReader{Taxonomy: Options(t).Taxonomy, Limits: jsonl.DefaultLimits()}
	var list []event.Event
	for _, l := range s.Lines(journal.Events) {
		var ev event.Event
		if err := reader.Read(l.JSON, &ev); err != nil {
			t.Fatal(err)
		}
		list = append(list, ev)
	}
	return list
}

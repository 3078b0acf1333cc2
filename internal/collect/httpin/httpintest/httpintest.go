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
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/httpin"
	"github.com/wardline/wardline/internal/event"
)

// Token is the secret that a Node takes; its sender is "token/ward-7".
const Token = "wl_ward7_invented"

// Node is a listener that is open until its test ends.
type Node struct {
	URL    string
	Intake *collect.Intake
}

// Options are those of a node.
func Options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax, Whole: true}
}

// Serve opens a listener without TLS for the routes, which hand in to seal. change may alter its configuration; it may be nil.
func Serve(t testing.TB, seal collect.Sealer, change func(*httpin.Config, *httpin.Setup), routes ...collect.Route) *Node {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	shares := collect.DefaultConfig()
	shares.Limit.Events, shares.Limit.Bytes = 1e9, 1e12 // what is measured is the route
	n := &Node{Intake: collect.NewIntake(seal, shares, time.Now, log)}
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
	source, err := httpin.Kind(setup).New(decode, Options(t), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx, n.Intake) }()
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

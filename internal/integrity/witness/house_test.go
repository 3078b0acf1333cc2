package witness_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/store"
)

// key makes a key of a name, always the same.
func key(tb testing.TB, name string, algorithm tlog.Algorithm) *tlog.Signer {
	tb.Helper()
	seed := sha256.Sum256([]byte(name))
	s, err := tlog.NewSigner(name, algorithm, seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// chain is a log in memory that can be forked: what it says beyond a leaf depends on its flavour.
type chain struct {
	signer *tlog.Signer
	fork   int    // the first leaf that has the flavour
	taste  string // of the leaves from there
}

func newChain(tb testing.TB) chain {
	return chain{signer: key(tb, "log.st-example.org", tlog.Ed25519), fork: 1 << 30}
}

// forked is the same log with another past from a leaf on. It has the same key: who rules a machine has it.
func (c chain) forked(at int, taste string) chain {
	c.fork, c.taste = at, taste
	return c
}

func (c chain) log() tlog.Log {
	return tlog.Log{Origin: c.signer.Key().Name, Keys: []tlog.Key{c.signer.Key()}}
}

func (c chain) leaf(n int) tlog.Hash {
	taste := ""
	if n >= c.fork {
		taste = c.taste
	}
	return tlog.HashLeaf(fmt.Appendf(nil, "leaf %d%s", n, taste))
}

func (c chain) hash(from, to int) tlog.Hash {
	switch to - from {
	case 0:
		return tlog.EmptyRoot()
	case 1:
		return c.leaf(from)
	}
	k := from + half(to-from)
	return tlog.HashChildren(c.hash(from, k), c.hash(k, to))
}

func half(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// proof is RFC 6962 section 2.1.2, written down as it stands there.
func (c chain) proof(m, from, to int, known bool) []tlog.Hash {
	if m == to-from {
		if known {
			return nil
		}
		return []tlog.Hash{c.hash(from, to)}
	}
	k := half(to - from)
	if m <= k {
		return append(c.proof(m, from, from+k, known), c.hash(from+k, to))
	}
	return append(c.proof(m-k, from+k, to, false), c.hash(from, from+k))
}

func (c chain) checkpoint(tb testing.TB, size int) []byte {
	tb.Helper()
	text := tlog.Checkpoint{Origin: c.signer.Key().Name, Size: uint64(size), Root: c.hash(0, size)}.Text()
	s, err := c.signer.Sign(text, time.Time{})
	if err != nil {
		tb.Fatal(err)
	}
	return tlog.Note{Text: text, Signatures: []tlog.Signature{s}}.Bytes()
}

// request asks to sign the checkpoint of a size, with an honest proof from an older one.
func (c chain) request(tb testing.TB, older, size int) tlog.Request {
	tb.Helper()
	r := tlog.Request{Old: uint64(older), Checkpoint: c.checkpoint(tb, size)}
	if older > 0 && older < size {
		r.Hashes = c.proof(older, 0, size, true)
	}
	return r
}

// alarms collects what was told.
type alarms struct {
	mu   sync.Mutex
	told []witness.Alarm
}

func (a *alarms) tell(_ context.Context, alarm witness.Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = append(a.told, alarm)
}

// take returns the kinds of what was told since the last time, with the peers that said so.
func (a *alarms) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var kinds []string
	for _, t := range a.told {
		kinds = append(kinds, string(t.Kind))
	}
	a.told = nil
	return kinds
}

// clock is set by the test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// serve starts a witness.
func serve(t *testing.T, db *store.DB, name string, c *clock, tell witness.Tell, logs ...tlog.Log) (*witness.Server, *httptest.Server) {
	t.Helper()
	s, err := witness.NewServer(t.Context(), db, witness.ServerConfig{Signer: key(t, name, tlog.CosignatureV1), Logs: logs, Now: c.now, Tell: tell, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web
}

// post sends what add-checkpoint is asked.
func post(t testing.TB, web *httptest.Server, body []byte) (status int, kind, answer string) {
	t.Helper()
	r, err := web.Client().Post(web.URL+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, r)
}

func read(t testing.TB, r *http.Response) (status int, kind, body string) {
	t.Helper()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header.Get("Content-Type"), string(b)
}

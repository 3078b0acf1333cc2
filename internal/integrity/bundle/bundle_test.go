package bundle_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/bundle"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

func noon() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }

// hospital is a real journal, a database, and a witness for others.
type hospital struct {
	name   string
	j      *journal.Journal
	db     *store.DB
	signer *tlog.Signer
	web    *httptest.Server
	feed   *witness.Feed
	policy tlog.Policy
}

func newHospital(t *testing.T, name string) *hospital {
	t.Helper()
	h := &hospital{name: name}
	dir := t.TempDir()
	var err error
	if h.db, err = store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	cfg := journal.Config{Dir: filepath.Join(dir, "journal"), Origin: "journal." + name + ".example", Ballast: -1}
	if h.j, err = journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.j.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	seed := sha256.Sum256([]byte(name))
	if h.signer, err = tlog.NewSigner("witness."+name+".example", tlog.CosignatureV1, seed[:]); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hospital) log(t *testing.T) tlog.Log {
	t.Helper()
	k, err := tlog.ParseKey(h.j.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Log{Origin: k.Name, Keys: []tlog.Key{k}}
}

// watch makes h the witness of others.
func (h *hospital) watch(t *testing.T, others ...*hospital) {
	t.Helper()
	cfg := witness.ServerConfig{Signer: h.signer, Now: noon, Tell: func(context.Context, witness.Alarm) {}, Log: slog.New(slog.DiscardHandler)}
	for _, o := range others {
		cfg.Logs = append(cfg.Logs, o.log(t))
	}
	s, err := witness.NewServer(t.Context(), h.db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	h.web = httptest.NewServer(s)
	t.Cleanup(h.web.Close)
}

// ask has others be witnesses of h, all of whom must sign.
func (h *hospital) ask(t *testing.T, others ...*hospital) {
	t.Helper()
	h.policy = tlog.Policy{Logs: []tlog.Log{h.log(t)}, Groups: []tlog.Group{{Name: "peers", Need: len(others)}}, Quorum: "peers"}
	for _, o := range others {
		h.policy.Witnesses = append(h.policy.Witnesses, tlog.Witness{Name: o.name, Key: o.signer.Key(), URL: o.web.URL})
		h.policy.Groups[0].Members = append(h.policy.Groups[0].Members, o.name)
	}
	var err error
	h.feed, err = witness.NewFeed(t.Context(), h.db, h.j, witness.FeedConfig{Policy: h.policy, Client: &http.Client{}, Now: noon, Tell: func(context.Context, witness.Alarm) {}})
	if err != nil {
		t.Fatal(err)
	}
}

// seal keeps lines of one entry, each about another patient, and waits until the journal signed for them.
func (h *hospital) seal(t *testing.T, lines int) journal.Place {
	t.Helper()
	var all []journal.Line
	for n := range lines {
		all = append(all, journal.Line{Kind: journal.Events, Source: "lab", JSON: fmt.Appendf(nil, `{"house":%q,"patient":"DOE^%c","value":%d}`, h.name, 'A'+n, n)})
	}
	at, err := h.j.Append(t.Context(), all...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.j.Prove(t.Context(), at.Entry); err != nil {
		t.Fatal(err)
	}
	return at
}

func (h *hospital) source() bundle.Source {
	return bundle.Source{Journal: h.j, Policy: &h.policy, Software: "wardline test", Now: noon, Cosigned: func(ctx context.Context, entry uint64) (tlog.Proof, error) {
		return h.feed.Prove(ctx, h.j, entry)
	}}
}

func request(places ...journal.Place) bundle.Request {
	return bundle.Request{About: "A laboratory value.", Exporter: "R. Roe", Reason: "inquiry 621", Act: journal.Place{Entry: 1}, Places: places}
}

// TestTwoHospitals: what the north hands out was signed by the south and by the state, and holds offline, by a policy. Neither journal nor
// witness is asked.
func TestTwoHospitals(t *testing.T) {
	north, south, state := newHospital(t, "north"), newHospital(t, "south"), newHospital(t, "state")
	north.watch(t, south)
	south.watch(t, north)
	state.watch(t, north, south)
	north.ask(t, south, state)
	south.ask(t, north, state)
	policies := map[string]tlog.Policy{}
	bundles := map[string][]byte{}
	for _, h := range []*hospital{north, south} {
		at := h.seal(t, 12)
		h.seal(t, 3)
		at.Line = 5
		source := h.source()
		var b bytes.Buffer
		if err := source.Write(t.Context(), &b, request(at)); !errors.Is(err, witness.ErrUnsigned) || b.Len() > 0 {
			t.Errorf("before a witness signed: %v", err)
		}
		if _, err := h.feed.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := source.Write(t.Context(), &b, request(at, at)); err != nil {
			t.Fatal(err)
		}
		policies[h.name], bundles[h.name] = h.policy, b.Bytes()
	}
	for _, h := range []*hospital{north, south, state} {
		h.web.Close()
	}
	for name, b := range bundles {
		policy := policies[name]
		r, err := evidence.Verify(b, evidence.Trust{Policy: &policy})
		if err != nil || len(r.Manifest.Objects) != 1 {
			t.Error(name, err, r.Checks)
		}
		i := slices.IndexFunc(r.Checks, func(c evidence.Check) bool { return strings.HasSuffix(c.Name, "who else signed the journal then") })
		if i < 0 {
			t.Fatal("nobody looked who signed")
		}
		other := map[string]string{"north": "south", "south": "north"}[name]
		want := other + " on 2026-11-26 12:00:00 UTC, state on 2026-11-26 12:00:00 UTC"
		if diff := cmp.Diff(r.Checks[i].Says, want); diff != "" {
			t.Error(diff)
		}
		if bytes.Contains(b, []byte("DOE^A")) || !bytes.Contains(b, []byte("DOE^F")) {
			t.Error("it does not show the one record that was asked for, or shows another patient")
		}
		crossed := policies[other]
		if _, err := evidence.Verify(b, evidence.Trust{Policy: &crossed}); err == nil {
			t.Error("it holds by the policy of another hospital")
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	h := newHospital(t, "north")
	at := h.seal(t, 2)
	source := bundle.Source{Journal: h.j, Software: "wardline test", Now: noon}
	for name, r := range map[string]bundle.Request{
		"nothing": request(), "no entry": request(journal.Place{Entry: 99}), "no line": request(journal.Place{Entry: at.Entry, Line: 2}),
		"too much": request(make([]journal.Place, evidence.MaxObjects+1)...), "no reason": {About: "a", Exporter: "b", Places: []journal.Place{at}},
	} {
		var b bytes.Buffer
		if err := source.Write(t.Context(), &b, r); err == nil || b.Len() > 0 || strings.Contains(err.Error(), "DOE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var b bytes.Buffer
	if err := source.Write(t.Context(), &b, request(at)); err != nil {
		t.Error(err)
	}
}

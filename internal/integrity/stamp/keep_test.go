package stamp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// hospital is a real journal whose checkpoints an authority stamps.
type hospital struct {
	j         *journal.Journal
	cfg       journal.Config
	db        *store.DB
	authority *stamp.Authority
	other     *rfc3161test.Authority
	log       bytes.Buffer
}

func newHospital(t *testing.T) *hospital {
	t.Helper()
	h := &hospital{other: rfc3161test.New(t)}
	trust, err := rfc3161.ParseTrust(h.other.Chain)
	if err != nil {
		t.Fatal(err)
	}
	h.authority = &stamp.Authority{URL: h.other.Serve().URL, Trust: trust, Client: &http.Client{}, Now: time.Now}
	dir := t.TempDir()
	if h.db, err = store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	h.cfg = journal.Config{Dir: filepath.Join(dir, "journal"), Origin: "journal.st-example.org", Ballast: -1}
	h.open(t)
	return h
}

func (h *hospital) open(t *testing.T) {
	t.Helper()
	var err error
	if h.j, err = journal.Open(t.Context(), h.cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	j := h.j
	t.Cleanup(func() { _ = j.Close(context.Background()) })
}

func (h *hospital) keeper(t *testing.T) *stamp.Keeper {
	t.Helper()
	k, err := stamp.NewKeeper(t.Context(), h.db, h.j, stamp.KeeperConfig{Authority: h.authority, Every: time.Hour, Log: slog.New(slog.NewTextHandler(&h.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// seal keeps a line and waits for the checkpoint that speaks of it.
func (h *hospital) seal(t *testing.T, n int) uint64 {
	t.Helper()
	at, err := h.j.Append(t.Context(), journal.Line{Kind: journal.Events, Source: "lab", JSON: fmt.Appendf(nil, `{"n":%d}`, n)})
	if err == nil {
		_, err = h.j.Prove(t.Context(), at.Entry)
	}
	if err != nil {
		t.Fatal(err)
	}
	return at.Entry
}

// holds checks a stamp as an outsider does, and returns the size of the journal that it is of.
func (h *hospital) holds(t *testing.T, s evidence.Stamp, entry uint64) uint64 {
	t.Helper()
	point, err := s.Proof.Verify(s.Proof.Extra, h.j.PublicKey())
	if err != nil || s.Proof.Index != entry {
		t.Fatal(s.Proof.Index, err)
	}
	said, err := stamp.Check(&h.authority.Trust)(s, evidence.Imprint(point))
	if err != nil || !said.Trusted || said.Authority != "Invented Time" {
		t.Fatal(said, err)
	}
	return point.Size
}

// TestTheFirstStampCounts: of all stamps that cover an entry the oldest says how old it is. They outlive the process.
func TestTheFirstStampCounts(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h := newHospital(t)
		h.db = open()
		h.firstStampCounts(t)
	})
}

func (h *hospital) firstStampCounts(t *testing.T) {
	t.Helper()
	k := h.keeper(t)
	first := h.seal(t, 0)
	if _, err := k.Prove(t.Context(), first); !errors.Is(err, stamp.ErrUnstamped) || !k.Standing().At.IsZero() {
		t.Error("before there is any:", err)
	}
	var sizes []uint64
	for n := range 3 {
		last := h.seal(t, n+1)
		if err := k.Stamp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := k.Standing(); got.Size != last+1 || time.Since(got.At) > time.Minute || got.Trouble != "" {
			t.Errorf("%+v, of %d", got, last+1)
		}
		sizes = append(sizes, last+1)
	}
	if err := k.Stamp(t.Context()); err != nil { // of a journal that did not grow
		t.Fatal(err)
	}
	before := k.Standing()
	k = h.keeper(t)
	if got := k.Standing(); got.Size != before.Size || !got.At.Equal(before.At.Truncate(time.Microsecond)) {
		t.Errorf("after a start: %+v, before %+v", got, before)
	}
	for n, size := range sizes {
		entry := size - 1
		s, err := k.Prove(t.Context(), entry)
		if err != nil {
			t.Fatal(n, err)
		}
		if got := h.holds(t, s, entry); got != size {
			t.Errorf("entry %d: the stamp is of %d entries, not of the first %d", entry, got, size)
		}
	}
	latest := h.seal(t, 9)
	if _, err := k.Prove(t.Context(), latest); !errors.Is(err, stamp.ErrUnstamped) {
		t.Error("what came later:", err)
	}
	if err := k.Cover(t.Context(), latest); err != nil {
		t.Fatal(err)
	}
	s, err := k.Prove(t.Context(), latest)
	if err != nil {
		t.Fatal(err)
	}
	h.holds(t, s, latest)
	at := k.Standing().At
	if err := k.Cover(t.Context(), latest); err != nil || !k.Standing().At.Equal(at) {
		t.Error("what is covered was stamped again", err)
	}
	if err := k.Cover(t.Context(), latest+1); !errors.Is(err, journal.ErrNoEntry) {
		t.Error("what is not there:", err)
	}
}

// TestAnAuthorityThatIsAway is told of once, asked again, and then covers what came meanwhile.
func TestAnAuthorityThatIsAway(t *testing.T) {
	h := newHospital(t)
	k := h.keeper(t)
	good := h.authority.URL
	h.authority.URL = "http://127.0.0.1:1/" // where nobody listens
	entry := h.seal(t, 0)
	for range 2 {
		if err := k.Stamp(t.Context()); !errors.Is(err, stamp.ErrAnswer) || k.Standing().Trouble == "" {
			t.Error(err)
		}
	}
	if wait := k.Wait(time.Now()); wait <= 0 || wait > 5*time.Minute {
		t.Errorf("it is asked again after %v", wait)
	}
	h.seal(t, 1)
	h.authority.URL = good
	if err := k.Stamp(t.Context()); err != nil || k.Standing().Trouble != "" {
		t.Fatal(err)
	}
	if wait := k.Wait(time.Now()); wait < 50*time.Minute {
		t.Errorf("after a stamp it is asked again after %v", wait)
	}
	if wait := k.Wait(time.Now().Add(-10 * time.Hour)); wait > time.Hour {
		t.Errorf("after the clock was put back it is asked after %v", wait)
	}
	s, err := k.Prove(t.Context(), entry)
	if err != nil {
		t.Fatal(err)
	}
	h.holds(t, s, entry)
	if got := h.log.String(); strings.Count(got, "level=WARN") != 1 || strings.Count(got, "level=INFO") != 1 {
		t.Errorf("it is not told once:\n%s", got)
	}
}

// TestRun stamps at the start and goes on until it is stopped.
func TestRun(t *testing.T) {
	h := newHospital(t)
	h.seal(t, 0)
	k := h.keeper(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	for k.Standing().At.IsZero() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := k.Stamp(t.Context()); err == nil || k.Standing().Trouble != "" {
		t.Error("a database that fails is not the authority's fault", err)
	}
}

// TestStampsOfAnotherPast are passed over: the journal was put back to an older copy and grew otherwise.
func TestStampsOfAnotherPast(t *testing.T) {
	h := newHospital(t)
	entry := h.seal(t, 0)
	if err := h.j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "journal")
	if err := os.CopyFS(older, os.DirFS(h.cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	lost := h.seal(t, 1)
	if err := h.keeper(t).Stamp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(h.cfg.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(h.cfg.Dir, os.DirFS(older)); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	k := h.keeper(t)
	for _, is := range []string{"smaller", "as large, and another"} {
		if _, err := k.Prove(t.Context(), entry); !errors.Is(err, stamp.ErrUnstamped) {
			t.Errorf("%s: %v", is, err)
		}
		h.seal(t, 2)
	}
	if err := k.Stamp(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := k.Prove(t.Context(), lost)
	if err != nil {
		t.Fatal(err)
	}
	h.holds(t, s, lost)
}

// TestCheck refuses what is wrong with a stamp, and tells what is only not trusted.
func TestCheck(t *testing.T) {
	h := newHospital(t)
	entry := h.seal(t, 0)
	k := h.keeper(t)
	if err := k.Stamp(t.Context()); err != nil {
		t.Fatal(err)
	}
	good, err := k.Prove(t.Context(), entry)
	if err != nil {
		t.Fatal(err)
	}
	point, err := good.Proof.Verify(good.Proof.Extra, h.j.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	imprint := evidence.Imprint(point)
	if said, err := stamp.Check(nil)(good, imprint); err != nil || said.Trusted {
		t.Error("without an authority:", said, err)
	}
	if _, err := stamp.Check(nil)(good, [32]byte{1}); !errors.Is(err, rfc3161.ErrStamp) {
		t.Error("of something else:", err)
	}
	strangers := newHospital(t)
	if _, err := stamp.Check(&strangers.authority.Trust)(good, imprint); !errors.Is(err, rfc3161.ErrStamp) {
		t.Error("another authority:", err)
	}
	rootAlone, err := rfc3161.ParseTrust(h.other.Root)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := stamp.Check(&rootAlone)(good, imprint); err != nil || !said.Trusted {
		t.Error("the root alone, and the way to it from the bundle:", err)
	}
	bare := good
	if bare.Request, err = (rfc3161.Request{Digest: imprint}).Bytes(); err != nil {
		t.Fatal(err)
	}
	if _, err := stamp.Check(nil)(bare, imprint); !errors.Is(err, rfc3161.ErrStamp) {
		t.Error("without a nonce:", err)
	}
	// Each byte of the request and of the certificates counts; of the response each that the authority signed.
	for i := range good.Request {
		s := good
		s.Request = bytes.Clone(good.Request)
		s.Request[i] ^= 1 << (i % 8)
		if _, err := stamp.Check(&h.authority.Trust)(s, imprint); err == nil {
			t.Errorf("byte %d of the request may be changed", i)
		}
	}
	for i := range good.Chain {
		s := good
		s.Chain = bytes.Clone(good.Chain)
		s.Chain[i] ^= 1 << (i % 8)
		if _, err := stamp.Check(nil)(s, imprint); err == nil {
			t.Errorf("byte %d of the certificates may be changed", i)
		}
	}
	want, harmless := must(stamp.Check(&h.authority.Trust)(good, imprint)), 0
	for i := range good.Response {
		s := good
		s.Response = bytes.Clone(good.Response)
		s.Response[i] ^= 1 << (i % 8)
		if said, err := stamp.Check(&h.authority.Trust)(s, imprint); err == nil {
			harmless++
			if said != want {
				t.Errorf("byte %d of the response changes what is said", i)
			}
		}
	}
	t.Logf("%d of %d bytes of the response can be changed without changing what the authority signed", harmless, len(good.Response))
}

func must(s evidence.Stamped, err error) evidence.Stamped {
	if err != nil {
		panic(err)
	}
	return s
}

package bench_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	theirclient "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/persistence/inmemory"
	theirs "github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// TestWitnesses has our log witnessed by the witness of transparency-dev, and lets their client ask ours: what is
// built beside each other must understand each other. It is here because of what it depends on.
func TestWitnesses(t *testing.T) {
	j, db := sealed(t, filepath.Join(t.TempDir(), "journal"), "once")
	key := must(tlog.ParseKey(j.PublicKey()))
	log := tlog.Log{Origin: key.Name, Keys: []tlog.Key{key}}
	told := map[witness.Kind]int{}
	tell := func(_ context.Context, a witness.Alarm) { told[a.Kind]++ }
	signer, web := theirServer(t, j)
	policy := tlog.Policy{Logs: []tlog.Log{log}, Witnesses: []tlog.Witness{{Name: "theirs", Key: signer, URL: web.URL}}, Quorum: "theirs"}
	feed := must(witness.NewFeed(t.Context(), db, j, witness.FeedConfig{Policy: policy, Client: web.Client(), Now: time.Now, Tell: tell}))
	older := round(t, feed)
	add(t, j, 300, "more")
	newer := round(t, feed)
	if p, err := feed.Prove(t.Context(), j, older-1); err != nil {
		t.Error(err)
	} else if _, err := p.VerifyPolicy(p.Extra, policy, tlog.Window{}); err != nil {
		t.Error(err)
	}
	if _, err := db.ExecContext(t.Context(), `DELETE FROM witness_peers`); err != nil {
		t.Fatal(err)
	}
	round(t, feed) // from what they say that they have
	if len(told) > 0 {
		t.Errorf("told %v", told)
	}
	ours, cosigner := ourServer(t, db, log, tell)
	client := theirclient.NewWitness(must(url.Parse(ours.URL)), ours.Client())
	text := must(j.Checkpoint())
	if _, size, err := client.Update(t.Context(), older, text, nil); !errors.Is(err, theirs.ErrCheckpointStale) || size != 0 {
		t.Errorf("from what we do not have: %d, %v", size, err)
	}
	line, _, err := client.Update(t.Context(), 0, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	verifier := must(f_note.NewVerifierForCosignatureV1(cosigner))
	if _, err := note.Open(append(text, line...), note.VerifierList(verifier)); err != nil {
		t.Error(err)
	}
	other, _ := sealed(t, filepath.Join(t.TempDir(), "journal"), "stranger")
	if _, _, err := client.Update(t.Context(), 0, must(other.Checkpoint()), nil); !errors.Is(err, theirs.ErrUnknownLog) {
		t.Errorf("a log that is not known: %v", err)
	}
	if _, _, err := client.Update(t.Context(), newer, text, [][]byte{make([]byte, 32)}); !errors.Is(err, theirs.ErrInvalidProof) {
		t.Errorf("a proof that does not hold: %v", err)
	}
}

// TestTheirWitnessRefusesAChangedPast: our side notices what another's witness says.
func TestTheirWitnessRefusesAChangedPast(t *testing.T) {
	keys := t.TempDir()
	j, db := sealedWith(t, filepath.Join(t.TempDir(), "journal"), keys, "once")
	add(t, j, 5, "once")
	key := must(tlog.ParseKey(j.PublicKey()))
	signer, web := theirServer(t, j)
	policy := tlog.Policy{Logs: []tlog.Log{{Origin: key.Name, Keys: []tlog.Key{key}}},
		Witnesses: []tlog.Witness{{Name: "theirs", Key: signer, URL: web.URL}}, Quorum: "theirs"}
	told := map[witness.Kind]int{}
	cfg := witness.FeedConfig{Policy: policy, Client: web.Client(), Now: time.Now, Tell: func(_ context.Context, a witness.Alarm) { told[a.Kind]++ }}
	size := round(t, must(witness.NewFeed(t.Context(), db, j, cfg)))
	for more, want := range map[int]witness.Kind{int(size) - 2: witness.RolledBack, int(size) - 1: witness.Forked, int(size) + 3: witness.Rewritten} {
		other, fresh := sealedWith(t, filepath.Join(t.TempDir(), "journal"), keys, "changed")
		add(t, other, more, "changed")
		clear(told)
		r, err := must(witness.NewFeed(t.Context(), fresh, other, cfg)).Round(t.Context())
		if err != nil || r.Signed != 0 || told[want] != 1 || len(told) != 1 {
			t.Errorf("%s: %+v, %v, %v", want, r, told, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func sealed(t *testing.T, dir, word string) (*journal.Journal, *store.DB) {
	t.Helper()
	return sealedWith(t, dir, t.TempDir(), word)
}

// sealedWith opens a journal of one entry with the keys of a folder.
func sealedWith(t *testing.T, dir, keys, word string) (*journal.Journal, *store.DB) {
	t.Helper()
	j := must(journal.Open(t.Context(), journal.Config{Dir: dir, Origin: "journal.example/" + fmt.Sprintf("%x", sha256.Sum256([]byte(keys)))[:8],
		KeyFile: filepath.Join(keys, "key"), SignFile: filepath.Join(keys, "sign"), Ballast: -1}, slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	db := must(store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
	t.Cleanup(func() { _ = db.Close() })
	add(t, j, 1, word)
	return j, db
}

func add(t *testing.T, j *journal.Journal, entries int, word string) {
	t.Helper()
	for n := range entries {
		place := must(j.Append(t.Context(), journal.Line{Kind: journal.Acts, Source: "lab", Time: time.Now(), JSON: fmt.Appendf(nil, `{%q:%d}`, word, n)}))
		if n == entries-1 {
			must(j.Prove(t.Context(), place.Entry))
		}
	}
}

func round(t *testing.T, f *witness.Feed) uint64 {
	t.Helper()
	r, err := f.Round(t.Context())
	if err != nil || !r.Quorum {
		t.Fatalf("%+v, %v", r, err)
	}
	return r.Size
}

// theirServer is a witness of transparency-dev for a journal.
func theirServer(t *testing.T, j *journal.Journal) (tlog.Key, *httptest.Server) {
	t.Helper()
	private, _, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	signer := must(f_note.NewSignerForCosignatureV1(private))
	log := must(note.NewVerifier(j.PublicKey()))
	w := must(theirs.New(t.Context(), theirs.Opts{Persistence: inmemory.New(), Signers: []note.Signer{signer},
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) {
			return log, origin == log.Name(), nil
		}}))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", theirs.NewHTTPHandler(w).AddCheckpoint)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	public := must(tlog.ParseSigner(private)).Key()
	key := must(tlog.NewKey("witness.example", tlog.CosignatureV1, public.Public()))
	if key.ID() != signer.KeyHash() {
		t.Fatal("the IDs of the key differ")
	}
	return key, web
}

// ourServer is a witness of ours, and its public key as they read it.
func ourServer(t *testing.T, db *store.DB, log tlog.Log, tell witness.Tell) (*httptest.Server, string) {
	t.Helper()
	seed := make([]byte, 32)
	if _, err := rand.Read(seed); err != nil {
		t.Fatal(err)
	}
	signer := must(tlog.NewSigner("ours.example", tlog.CosignatureV1, seed))
	s := must(witness.NewServer(t.Context(), db, witness.ServerConfig{Signer: signer, Logs: []tlog.Log{log}, Now: time.Now, Tell: tell, Log: slog.New(slog.DiscardHandler)}))
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return web, signer.Key().String()
}

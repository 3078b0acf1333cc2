package witness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// hospital is a node with a real journal, a database, and a witness for others.
type hospital struct {
	name  string // of its witness
	dir   string
	key   string
	j     *journal.Journal
	db    *store.DB
	web   *httptest.Server
	feed  *witness.Feed
	told  alarms
	clock *clock
}

func (h *hospital) config() journal.Config {
	return journal.Config{Dir: filepath.Join(h.dir, "journal"), Origin: "journal." + h.name, Ballast: -1}
}

func newHospital(t *testing.T, name string, c *clock) *hospital {
	t.Helper()
	h := &hospital{name: name, dir: t.TempDir(), clock: c}
	var err error
	if h.db, err = store.Open(t.Context(), "sqlite:"+filepath.Join(h.dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	h.open(t)
	t.Cleanup(func() { h.close(t) })
	h.key = h.j.PublicKey()
	return h
}

func (h *hospital) open(t *testing.T) {
	t.Helper()
	var err error
	if h.j, err = journal.Open(t.Context(), h.config(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

func (h *hospital) close(t *testing.T) {
	t.Helper()
	if h.j == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := h.j.Close(ctx); err != nil {
		t.Error(err)
	}
	h.j = nil
}

func (h *hospital) log(t *testing.T) tlog.Log {
	t.Helper()
	k, err := tlog.ParseKey(h.key)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Log{Origin: k.Name, Keys: []tlog.Key{k}}
}

// watch makes h the witness of other hospitals.
func (h *hospital) watch(t *testing.T, others ...*hospital) {
	t.Helper()
	var logs []tlog.Log
	for _, o := range others {
		logs = append(logs, o.log(t))
	}
	_, h.web = serve(t, h.db, h.name, h.clock, h.told.tell, logs...)
}

// ask makes h ask others to be its witnesses.
func (h *hospital) ask(t *testing.T, need int, others ...*hospital) {
	t.Helper()
	h.feed = newFeed(t, h.db, h.j, h.policy(t, need, others...), h.clock, &h.told)
}

func (h *hospital) policy(t *testing.T, need int, others ...*hospital) tlog.Policy {
	t.Helper()
	urls := map[string]string{}
	for _, o := range others {
		urls[o.name] = o.web.URL
	}
	return policy(t, h.log(t), need, urls)
}

// grow seals so many entries, each of which says its number and a word, and waits for a checkpoint that speaks of them.
func (h *hospital) grow(t *testing.T, entries int, word string) {
	t.Helper()
	var last journal.Place
	for n := range entries {
		var err error
		last, err = h.j.Append(t.Context(), journal.Line{
			Kind: journal.Acts, Source: "lab", Time: time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC), JSON: fmt.Appendf(nil, `{"%s":%d}`, word, n),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.j.Prove(t.Context(), last.Entry); err != nil {
		t.Fatal(err)
	}
}

// TestTwoHospitals are each other's witness. What one of them proves holds without either.
func TestTwoHospitals(t *testing.T) {
	c := newClock()
	north, south := newHospital(t, "north.example", c), newHospital(t, "south.example", c)
	north.watch(t, south)
	south.watch(t, north)
	north.ask(t, 1, south)
	south.ask(t, 1, north)
	for _, entries := range []int{1, 3, 20, 2} {
		north.grow(t, entries, "north")
		south.grow(t, entries, "south")
		for _, h := range []*hospital{north, south} {
			r, err := h.feed.Round(t.Context())
			if err != nil || !r.Quorum || r.Size < uint64(entries) {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		c.add(witness.Every)
	}
	for _, h := range []*hospital{north, south} {
		if diff := cmp.Diff(h.told.take(), []string(nil)); diff != "" {
			t.Error(diff)
		}
	}
	north.grow(t, 1, "unsigned")
	size := north.j.Size()
	signedByOne := south.policy(t, 1, north)
	policy := north.policy(t, 1, south)
	for index := range size {
		p, err := north.feed.Prove(t.Context(), north.j, index)
		if index == size-1 {
			if !errors.Is(err, witness.ErrUnsigned) {
				t.Errorf("what nobody signed is proven: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		offline(t, p.Bytes(), policy)
		if _, err := p.VerifyPolicy(p.Extra, signedByOne, tlog.Window{}); !errors.Is(err, tlog.ErrProof) {
			t.Fatalf("by the policy of another hospital: %v", err)
		}
	}
}

// offline checks a proof with its text and a policy alone, as an auditor does.
func offline(t *testing.T, text []byte, policy tlog.Policy) {
	t.Helper()
	policy, err := tlog.ParsePolicy(policy.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	p, err := tlog.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.VerifyPolicy(p.Extra, policy, tlog.Window{From: newClock().now()})
	if err != nil || len(c.Cosignatures) != 1 || c.Size <= p.Index {
		t.Fatalf("entry %d: %+v, %v", p.Index, c, err)
	}
	p.Extra[len(p.Extra)-1] ^= 1
	if _, err := p.VerifyPolicy(p.Extra, policy, tlog.Window{}); !errors.Is(err, tlog.ErrProof) {
		t.Fatalf("entry %d: another header was proven: %v", p.Index, err)
	}
}

// TestChangedPastsAreRefused is what somebody may do who rules a hospital's machine, with all its keys, when the others do not
// play along: each is refused by all peers, and told on both sides. Its own database is put back with the journal, or wiped.
func TestChangedPastsAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		attack func(t *testing.T, h *hospital, early string)
		want   string
		here   string // what the hospital's own memory tells besides
	}{
		"an older copy was put back": {func(t *testing.T, h *hospital, early string) {
			h.restore(t, early)
		}, "rolled back", "rolled back"},
		"an older copy grew again to where it was": {func(t *testing.T, h *hospital, early string) {
			size := h.j.Size()
			h.restore(t, early)
			h.grow(t, int(size-h.j.Size()), "other")
		}, "forked", "forked"},
		"an older copy grew on": {func(t *testing.T, h *hospital, early string) {
			size := h.j.Size()
			h.restore(t, early)
			h.grow(t, int(size-h.j.Size())+3, "other")
		}, "rewritten", "rewritten"},
		"all was written anew, with an entry changed": {func(t *testing.T, h *hospital, _ string) {
			size := h.j.Size()
			h.anew(t)
			h.grow(t, 2, "north")
			h.grow(t, int(size), "changed")
		}, "rewritten", "rewritten"},
		"the end was cut off": {func(t *testing.T, h *hospital, _ string) {
			h.anew(t)
			h.grow(t, 2, "north")
		}, "rolled back", "rolled back"},
	} {
		for _, forgets := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, forgets %t", name, forgets), func(t *testing.T) {
				c := newClock()
				north, south, west := newHospital(t, "north.example", c), newHospital(t, "south.example", c), newHospital(t, "west.example", c)
				south.watch(t, north)
				west.watch(t, north)
				north.grow(t, 2, "north")
				north.ask(t, 2, south, west)
				early := north.copy(t)
				north.ask(t, 2, south, west)
				north.grow(t, 5, "north")
				if r, err := north.feed.Round(t.Context()); err != nil || !r.Quorum {
					t.Fatalf("%+v, %v", r, err)
				}
				test.attack(t, north, early)
				here := test.here
				if forgets {
					reset(t, north.db)
					here = ""
				}
				north.ask(t, 2, south, west)
				if r, err := north.feed.Round(t.Context()); err != nil || r.Signed != 0 {
					t.Fatalf("%+v, %v", r, err)
				}
				want := []string{test.want, test.want}
				if here != "" {
					want = append([]string{here}, want...)
				}
				for _, a := range north.told.told {
					if !a.Kind.Grave() || a.Peer != "" && a.Evidence == "" {
						t.Errorf("%+v", a)
					}
				}
				if diff := cmp.Diff(north.told.take(), want); diff != "" {
					t.Error(diff)
				}
				if test.want == "rolled back" { // for a quarter of an hour it may be a stranger who sends what is older
					for _, peer := range []*hospital{south, west} {
						if alarm := peer.told.told[len(peer.told.told)-1]; alarm.Kind != witness.Older || alarm.Kind.Grave() || alarm.Evidence == "" {
							t.Errorf("%s: %+v", peer.name, alarm)
						}
					}
					c.add(3*witness.Every + time.Second)
					if _, err := north.feed.Round(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				for _, peer := range []*hospital{south, west} {
					alarm := peer.grave(t)
					if string(alarm.Kind) != test.want || alarm.Log != north.log(t).Origin || alarm.Evidence == "" {
						t.Errorf("%s: %+v", peer.name, alarm)
					}
				}
			})
		}
	}
}

// grave returns the last grave alarm that a witness told of, and all must be of its kind.
func (h *hospital) grave(t *testing.T) witness.Alarm {
	t.Helper()
	var found []witness.Alarm
	for _, a := range h.told.told {
		if a.Kind.Grave() {
			found = append(found, a)
		}
	}
	if len(found) == 0 || found[0].Kind != found[len(found)-1].Kind {
		t.Fatalf("%s told %+v", h.name, h.told.told)
	}
	return found[len(found)-1]
}

// copy makes a copy of the journal as it is.
func (h *hospital) copy(t *testing.T) string {
	t.Helper()
	h.close(t)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(h.config().Dir)); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	return copied
}

// restore puts a copy in the journal's place.
func (h *hospital) restore(t *testing.T, copied string) {
	t.Helper()
	h.close(t)
	if err := os.RemoveAll(h.config().Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(h.config().Dir, os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	h.open(t)
}

// anew begins another journal with the same keys.
func (h *hospital) anew(t *testing.T) {
	t.Helper()
	h.close(t)
	if err := os.RemoveAll(h.config().Dir); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	if h.j.PublicKey() != h.key {
		t.Fatal("it has another key")
	}
}

// TestDamagedFilesAreTold: who changes the tree's files without the key cannot go on: the journal does not prove what the peers signed.
func TestDamagedFilesAreTold(t *testing.T) {
	c := newClock()
	north, south := newHospital(t, "north.example", c), newHospital(t, "south.example", c)
	south.watch(t, north)
	north.grow(t, 3, "north")
	north.ask(t, 1, south)
	if _, err := north.feed.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	north.grow(t, 20, "north")
	flipped := 0
	err := filepath.WalkDir(filepath.Join(north.config().Dir, "log", "tile", "0"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, string(filepath.Separator)+"000") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for n := 0; n < len(content); n += 32 {
			content[n] ^= 1
		}
		flipped++
		return os.WriteFile(path, content, 0o600)
	})
	if err != nil || flipped == 0 {
		t.Fatalf("%d files were changed, %v", flipped, err)
	}
	r, err := north.feed.Round(t.Context())
	if err != nil || r.Signed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	kinds := north.told.take()
	if len(kinds) != 2 { // by what the peer says, and by what is kept here
		t.Errorf("told %v", kinds)
	}
	for _, kind := range kinds {
		if kind != "rewritten" && kind != "unprovable" {
			t.Errorf("told %v", kinds)
		}
	}
}

// TestEvidenceOfTwoHospitals is the same contradiction on both sides: who has the hospital's public key sees it.
func TestEvidenceOfTwoHospitals(t *testing.T) {
	c := newClock()
	north, south := newHospital(t, "north.example", c), newHospital(t, "south.example", c)
	south.watch(t, north)
	north.grow(t, 4, "north")
	north.ask(t, 1, south)
	if _, err := north.feed.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	north.anew(t)
	north.grow(t, 9, "changed")
	north.ask(t, 1, south)
	if _, err := north.feed.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	there, err := witness.ReadEvidence(t.Context(), south.db, south.grave(t).Evidence)
	if err != nil {
		t.Fatal(err)
	}
	here, err := witness.ReadEvidence(t.Context(), north.db, north.grave(t).Evidence)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(here.Request, there.Request) || !bytes.HasPrefix(here.Answer, []byte("422\n")) {
		t.Errorf("%s\n%s", here.Request, there.Request)
	}
	if _, err := north.policy(t, 1, south).Verify(there.Answer, tlog.Window{}); err != nil {
		t.Errorf("what the witness signed before is not there: %v", err)
	}
	request, err := tlog.ParseRequest(there.Request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := north.log(t).Verify(request.Checkpoint); err != nil {
		t.Errorf("what the log signed since is not there: %v", err)
	}
}

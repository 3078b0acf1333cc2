package witness_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// memory is a chain at a size, as a journal.
type memory struct {
	tb testing.TB
	chain
	size   int
	broken error // what Consistency returns
}

func (j *memory) Checkpoint() ([]byte, error) { return j.checkpoint(j.tb, j.size), nil }

func (j *memory) Consistency(_ context.Context, older, newer uint64) ([]tlog.Hash, error) {
	return j.proof(int(older), 0, int(newer), true), j.broken
}

// ProveAt is what the real journal has. See TestTwoHospitals.
func (j *memory) ProveAt(_ context.Context, index uint64, checkpoint []byte) (tlog.Proof, error) {
	return tlog.Proof{Index: index, Checkpoint: checkpoint}, nil
}

// policy asks for a number of witnesses, by their names and where they are.
func policy(tb testing.TB, log tlog.Log, need int, urls map[string]string) tlog.Policy {
	tb.Helper()
	p := tlog.Policy{Logs: []tlog.Log{log}, Groups: []tlog.Group{{Name: "peers", Need: need}}, Quorum: "peers"}
	for _, name := range []string{"north.example", "south.example", "west.example"} {
		if u, there := urls[name]; there {
			p.Witnesses = append(p.Witnesses, tlog.Witness{Name: name, Key: key(tb, name, tlog.CosignatureV1).Key(), URL: u})
			p.Groups[0].Members = append(p.Groups[0].Members, name)
		}
	}
	again, err := tlog.ParsePolicy(p.Bytes())
	if err != nil {
		tb.Fatal(err)
	}
	return again
}

func newFeed(t *testing.T, db *store.DB, j witness.Journal, p tlog.Policy, c *clock, told *alarms) *witness.Feed {
	t.Helper()
	f, err := witness.NewFeed(t.Context(), db, j, witness.FeedConfig{Policy: p, Client: &http.Client{}, Now: c.now, Tell: told.tell})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func round(t *testing.T, f *witness.Feed, want witness.Result) {
	t.Helper()
	got, err := f.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// TestThreeWitnesses follows a log through a day with three witnesses, of which one goes away, comes back, and another forgets all.
func TestThreeWitnesses(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		j, c, told := &memory{tb: t, chain: newChain(t), size: 4}, newClock(), &alarms{}
		urls := map[string]string{}
		servers := map[string]*httptest.Server{}
		for _, name := range []string{"north.example", "south.example", "west.example"} {
			db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			_, servers[name] = serve(t, db, name, c, nil, j.log())
			urls[name] = servers[name].URL
		}
		db := open()
		f := newFeed(t, db, j, policy(t, j.log(), 2, urls), c, told)
		if _, err := f.Prove(t.Context(), j, 0); !errors.Is(err, witness.ErrUnsigned) {
			t.Errorf("before anybody signed: %v", err)
		}
		if _, err := f.Latest(t.Context()); !errors.Is(err, witness.ErrUnsigned) {
			t.Errorf("before anybody signed: %v", err)
		}
		round(t, f, witness.Result{Size: 4, Signed: 3, Quorum: true})
		c.add(witness.Every)
		round(t, f, witness.Result{Size: 4, Signed: 3, Quorum: true})
		j.size = 9
		c.add(witness.Every)
		round(t, f, witness.Result{Size: 9, Signed: 3, Quorum: true})
		first, err := f.Prove(t.Context(), j, 3)
		if err != nil {
			t.Fatal(err)
		}
		when := newClock().now()
		if _, err := policy(t, j.log(), 3, urls).Verify(first.Checkpoint, tlog.Window{From: when, To: when}); err != nil {
			t.Errorf("the oldest signatures are not in the proof: %v", err)
		}
		if p, err := f.Prove(t.Context(), j, 4); err != nil || !strings.Contains(string(p.Checkpoint), "\n9\n") {
			t.Errorf("%s, %v", p.Checkpoint, err)
		}
		servers["west.example"].Close()
		j.size = 11
		for range 12 { // an hour, and not more
			c.add(witness.Every)
			round(t, f, witness.Result{Size: 11, Signed: 2, Quorum: true})
		}
		if diff := cmp.Diff(told.take(), []string(nil)); diff != "" {
			t.Error(diff)
		}
		c.add(witness.Every)
		f = newFeed(t, db, j, policy(t, j.log(), 2, urls), c, told) // after a restart
		round(t, f, witness.Result{Size: 11, Signed: 2, Quorum: true})
		if len(told.told) != 1 || told.told[0].Peer != "west.example" || told.told[0].Kind != witness.Silent || told.told[0].Kind.Grave() {
			t.Errorf("%+v", told.told)
		}
		told.take()
		c.add(24 * time.Hour)
		round(t, f, witness.Result{Size: 11, Signed: 2, Quorum: true})
		servers["south.example"].Close()
		round(t, f, witness.Result{Size: 11, Signed: 1})
		if diff := cmp.Diff(told.take(), []string(nil)); diff != "" {
			t.Error(diff) // the silence is told once
		}
		latest, err := f.Latest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy(t, j.log(), 2, urls).Verify(latest, tlog.Window{From: c.now()}); err != nil {
			t.Errorf("the newest signatures are not there: %v", err)
		}
		j.size = 12
		round(t, f, witness.Result{Size: 12, Signed: 1})
		if _, err := f.Prove(t.Context(), j, 11); !errors.Is(err, witness.ErrUnsigned) {
			t.Errorf("one of two signed: %v", err)
		}
	})
}

// TestAWitnessThatForgot is asked again from where it stands.
func TestAWitnessThatForgot(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		j, c, told := &memory{tb: t, chain: newChain(t), size: 6}, newClock(), &alarms{}
		db := open()
		_, web := serve(t, db, "north.example", c, nil, j.log())
		other, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		f := newFeed(t, other, j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
		round(t, f, witness.Result{Size: 6, Signed: 1, Quorum: true})
		reset(t, db)
		j.size = 8
		round(t, f, witness.Result{Size: 8, Signed: 1, Quorum: true})
		reset(t, other) // now it is the log that forgot
		j.size = 13
		round(t, f, witness.Result{Size: 13, Signed: 1, Quorum: true})
		if diff := cmp.Diff(told.take(), []string(nil)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestOddAnswers: whatever a peer answers is bounded, believed only as far as it is signed, and told.
func TestOddAnswers(t *testing.T) {
	j := &memory{tb: t, chain: newChain(t), size: 6}
	_, note, err := tlog.ReadCheckpoint(j.checkpoint(t, 6))
	if err != nil {
		t.Fatal(err)
	}
	cosignature := func(name string, at time.Time) string {
		s, err := key(t, name, tlog.CosignatureV1).Sign(note.Text, at)
		if err != nil {
			t.Fatal(err)
		}
		return s.String()
	}
	noon := newClock().now()
	followed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer other.Close()
	for name, test := range map[string]struct {
		status int
		kind   string
		body   string
		told   string
		kept   bool
		signed int
	}{
		"signed":                    {status: 200, body: cosignature("north.example", noon), signed: 1},
		"signed by others too":      {status: 200, body: cosignature("x.example", noon) + cosignature("north.example", noon), signed: 1},
		"signed by another":         {status: 200, body: cosignature("x.example", noon), told: "unsigned", kept: true},
		"nothing":                   {status: 200, told: "unsigned", kept: true},
		"a page":                    {status: 200, kind: "text/html", body: "<html>sign in</html>", told: "unsigned", kept: true},
		"signed tomorrow":           {status: 200, body: cosignature("north.example", noon.Add(24*time.Hour)), told: "unsigned", kept: true},
		"signed yesterday":          {status: 200, body: cosignature("north.example", noon.Add(-24*time.Hour)), told: "unsigned", kept: true},
		"more than is read":         {status: 200, body: strings.Repeat(cosignature("north.example", noon), 2000), told: "unsigned", kept: true},
		"it does not know us":       {status: 404, told: "refused"},
		"it does not know our key":  {status: 403, told: "refused"},
		"it goes elsewhere":         {status: 307, told: "refused"},
		"it fails":                  {status: 500},
		"it has too much to do":     {status: 429},
		"it is larger":              {status: 409, kind: tlog.SizeType, body: "7\n", told: "rolled back", kept: true},
		"it stands elsewhere twice": {status: 409, kind: tlog.SizeType, body: "3\n", told: "refused"},
		"its size is none":          {status: 409, kind: tlog.SizeType, body: "-1\n", told: "refused"},
		"it says no more":           {status: 409, kind: "text/plain", body: "conflict\n", told: "refused"},
		"it does not believe":       {status: 422, told: "rewritten", kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if request, parseErr := tlog.ParseRequest(body); err != nil || parseErr != nil || r.URL.Path != "/prefix/add-checkpoint" || len(request.Checkpoint) == 0 {
					t.Errorf("%s: %v, %v", r.URL.Path, err, parseErr)
				}
				w.Header().Set("Content-Type", test.kind)
				w.Header().Set("Location", other.URL)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer web.Close()
			db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			told := &alarms{}
			f := newFeed(t, db, j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL + "/prefix/"}), newClock(), told)
			round(t, f, witness.Result{Size: 6, Signed: test.signed, Quorum: test.signed > 0})
			if len(told.told) > 0 {
				if a := told.told[0]; a.Status != test.status || (a.Evidence != "") != test.kept || a.Peer != "north.example" {
					t.Errorf("%+v", a)
				}
			}
			if diff := cmp.Diff(strings.Join(told.take(), " "), test.told); diff != "" {
				t.Error(diff)
			}
		})
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

// TestOurOwnMemoryTellsToo: what was signed before is remembered here, whether or not a peer can be reached.
func TestOurOwnMemoryTellsToo(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		j, c, told := &memory{tb: t, chain: newChain(t), size: 6}, newClock(), &alarms{}
		peer, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		_, web := serve(t, peer, "north.example", c, nil, j.log())
		db := open()
		p := policy(t, j.log(), 1, map[string]string{"north.example": web.URL})
		round(t, newFeed(t, db, j, p, c, told), witness.Result{Size: 6, Signed: 1, Quorum: true})
		reset(t, peer) // as if another peer had taken its place, who would sign anything
		j.chain = j.forked(2, " changed")
		f := newFeed(t, db, j, p, c, told)
		if _, err := f.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(told.told) != 1 || told.told[0].Kind != witness.Forked || told.told[0].Peer != "" {
			t.Errorf("%+v", told.told)
		}
		told.take()
		if proof, err := f.Prove(t.Context(), j, 3); err != nil || !strings.Contains(string(proof.Checkpoint), string(newChain(t).checkpoint(t, 6))) {
			t.Errorf("what was signed first is not proven any more: %v", err)
		}
		j.size = 9
		for range 2 { // what the peer signed of the other past does not become what is compared with
			if _, err := f.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told.take(), []string{"rewritten"}); diff != "" {
				t.Error(diff)
			}
		}
		if latest, err := f.Latest(t.Context()); err != nil || !strings.HasPrefix(string(latest), string(newChain(t).checkpoint(t, 6))) {
			t.Errorf("%s, %v", latest, err)
		}
		web.Close()
		j.size = 5
		round(t, f, witness.Result{Size: 5})
		if diff := cmp.Diff(told.take(), []string{"rolled back"}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAJournalThatCannotProve is told of at once, and nothing false is sent that would look like a changed past.
func TestAJournalThatCannotProve(t *testing.T) {
	j, c, told, theirs := &memory{tb: t, chain: newChain(t), size: 6}, newClock(), &alarms{}, &alarms{}
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, web := serve(t, db, "north.example", c, theirs.tell, j.log())
	f := newFeed(t, db, j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
	round(t, f, witness.Result{Size: 6, Signed: 1, Quorum: true})
	j.size, j.broken = 8, errors.New("a tile is damaged")
	round(t, f, witness.Result{Size: 8})
	if diff := cmp.Diff(told.take(), []string{"unprovable", "unprovable"}); diff != "" { // for the peer, and for what is kept here
		t.Error(diff)
	}
	if diff := cmp.Diff(theirs.take(), []string(nil)); diff != "" {
		t.Error(diff)
	}
}

// TestOldCheckpointsAreThinnedOut to one of a day, and what they prove stays proven.
func TestOldCheckpointsAreThinnedOut(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		j, c, told := &memory{tb: t, chain: newChain(t)}, newClock(), &alarms{}
		db := open()
		_, web := serve(t, db, "north.example", c, nil, j.log())
		f := newFeed(t, db, j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
		const days = 40
		for range days * 4 {
			j.size++
			round(t, f, witness.Result{Size: uint64(j.size), Signed: 1, Quorum: true})
			c.add(6 * time.Hour)
		}
		var kept, lines int
		if err := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM witness_checkpoints), (SELECT count(*) FROM witness_cosignatures)`).Scan(&kept, &lines); err != nil {
			t.Fatal(err)
		}
		if kept < 35*4 || kept > 35*4+days-35+4 || lines != kept {
			t.Errorf("%d checkpoints and %d signatures are kept", kept, lines)
		}
		for index := range uint64(j.size) {
			if _, err := f.Prove(t.Context(), j, index); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRunDoesARoundAtEachTick and ends with its context, or when the journal fails.
func TestRunDoesARoundAtEachTick(t *testing.T) {
	j, c, told := &memory{tb: t, chain: newChain(t), size: 6}, newClock(), &alarms{}
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, web := serve(t, db, "north.example", c, nil, j.log())
	f := newFeed(t, db, j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
	ctx, cancel := context.WithCancel(t.Context())
	ticks, done := make(chan time.Time), make(chan error, 2)
	go func() { done <- f.Run(ctx, ticks) }()
	ticks <- c.now()
	ticks <- c.now() // taken when the round of the first is over
	if _, err := f.Latest(t.Context()); err != nil {
		t.Error(err)
	}
	go func() { done <- s.Run(ctx, ticks) }()
	cancel()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	other := newFeed(t, db, failing{}, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
	tick := make(chan time.Time, 1)
	tick <- c.now()
	if err := other.Run(t.Context(), tick); !errors.Is(err, errJournal) {
		t.Error(err)
	}
}

var errJournal = errors.New("no journal")

type failing struct{}

func (failing) Checkpoint() ([]byte, error) { return nil, errJournal }

func (failing) Consistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return nil, errJournal
}

func TestFeedsThatAreNotSetUp(t *testing.T) {
	log := newChain(t).log()
	for name, p := range map[string]tlog.Policy{
		"no log":   {Quorum: "none"},
		"two logs": {Quorum: "none", Logs: []tlog.Log{log, log}},
		"no URL":   {Quorum: "none", Logs: []tlog.Log{log}, Witnesses: []tlog.Witness{{Name: "w", URL: "north.example"}}},
		"a file":   {Quorum: "none", Logs: []tlog.Log{log}, Witnesses: []tlog.Witness{{Name: "w", URL: "file:///etc/passwd"}}},
	} {
		if f, err := witness.NewFeed(t.Context(), nil, failing{}, witness.FeedConfig{Policy: p, Client: &http.Client{}}); err == nil || f != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

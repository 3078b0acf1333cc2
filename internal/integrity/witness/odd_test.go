package witness_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/store"
)

// scripted is a peer that answers each request as a function says, by its number.
func scripted(t *testing.T, answer func(n int, r tlog.Request, w http.ResponseWriter)) *httptest.Server {
	t.Helper()
	n := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		request, err := tlog.ParseRequest(body)
		if err != nil {
			t.Error(err)
		}
		n++
		answer(n, request, w)
	}))
	t.Cleanup(web.Close)
	return web
}

// cosign answers as an honest witness does.
func cosign(t *testing.T, r tlog.Request, w io.Writer) {
	t.Helper()
	_, note, err := tlog.ReadCheckpoint(r.Checkpoint)
	if err != nil {
		t.Error(err)
		return
	}
	s, err := key(t, "north.example", tlog.CosignatureV1).Sign(note.Text, newClock().now())
	if err != nil {
		t.Error(err)
	}
	_, _ = io.WriteString(w, s.String())
}

func sqlite(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestAWitnessOfTheOlderProtocol says 409 without a size of a log that shows two roots of one size.
func TestAWitnessOfTheOlderProtocol(t *testing.T) {
	j, told := &memory{tb: t, chain: newChain(t), size: 6}, &alarms{}
	web := scripted(t, func(n int, r tlog.Request, w http.ResponseWriter) {
		if n == 1 {
			cosign(t, r, w)
			return
		}
		if r.Old != 6 || len(r.Hashes) > 0 {
			t.Errorf("from %d with %d hashes", r.Old, len(r.Hashes))
		}
		w.WriteHeader(http.StatusConflict)
	})
	f := newFeed(t, sqlite(t), j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), newClock(), told)
	round(t, f, witness.Result{Size: 6, Signed: 1, Quorum: true})
	round(t, f, witness.Result{Size: 6})
	if diff := cmp.Diff(told.take(), []string{"forked"}); diff != "" {
		t.Error(diff)
	}
}

// TestAWitnessThatNeverStandsStill is asked twice in a round, and not more.
func TestAWitnessThatNeverStandsStill(t *testing.T) {
	j, told, asked := &memory{tb: t, chain: newChain(t), size: 9}, &alarms{}, 0
	web := scripted(t, func(n int, r tlog.Request, w http.ResponseWriter) {
		asked = n
		if want := []uint64{0, 4, 0, 6}[n-1]; r.Old != want {
			t.Errorf("request %d is from %d, want %d", n, r.Old, want)
		}
		w.Header().Set("Content-Type", tlog.SizeType)
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintln(w, 3+n)
	})
	f := newFeed(t, sqlite(t), j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), newClock(), told)
	round(t, f, witness.Result{Size: 9})
	round(t, f, witness.Result{Size: 9})
	if diff := cmp.Diff(told.take(), []string{"out of step", "out of step"}); diff != "" || asked != 4 {
		t.Errorf("asked %d times, %s", asked, diff)
	}
}

// TestOnlyWhatTheLogSignedLeaves: whoever else signed its checkpoint is nobody's business.
func TestOnlyWhatTheLogSignedLeaves(t *testing.T) {
	j := &signedByOthers{memory{tb: t, chain: newChain(t), size: 6}}
	web := scripted(t, func(_ int, r tlog.Request, w http.ResponseWriter) {
		if diff := cmp.Diff(string(r.Checkpoint), string(j.checkpoint(t, 6))); diff != "" {
			t.Error(diff)
		}
		cosign(t, r, w)
	})
	f := newFeed(t, sqlite(t), j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), newClock(), &alarms{})
	round(t, f, witness.Result{Size: 6, Signed: 1, Quorum: true})
}

type signedByOthers struct{ memory }

func (j *signedByOthers) Checkpoint() ([]byte, error) {
	return append(j.checkpoint(j.tb, j.size), "— somebody.example AAAAAAA=\n"...), nil
}

// TestARoundThatIsCutOff tells nothing of peers that had no time to answer, and forgets nothing.
func TestARoundThatIsCutOff(t *testing.T) {
	j, told, c := &memory{tb: t, chain: newChain(t), size: 6}, &alarms{}, newClock()
	ctx, cancel := context.WithCancel(t.Context())
	web := scripted(t, func(n int, r tlog.Request, w http.ResponseWriter) {
		if n == 1 {
			cosign(t, r, w)
			return
		}
		cancel()
		panic(http.ErrAbortHandler)
	})
	f := newFeed(t, sqlite(t), j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
	round(t, f, witness.Result{Size: 6, Signed: 1, Quorum: true})
	c.add(2 * silence)
	if _, err := f.Round(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if diff := cmp.Diff(told.take(), []string(nil)); diff != "" {
		t.Error(diff)
	}
	if _, err := f.Round(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSilenceIsToldAgain when the peer was back in between.
func TestSilenceIsToldAgain(t *testing.T) {
	j, told, c, away := &memory{tb: t, chain: newChain(t), size: 6}, &alarms{}, newClock(), false
	web := scripted(t, func(_ int, _ tlog.Request, w http.ResponseWriter) {
		if away {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusUnprocessableEntity) // it does not sign, and is there
	})
	f := newFeed(t, sqlite(t), j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), c, told)
	for _, step := range []struct {
		away bool
		want []string
	}{{true, nil}, {true, []string{"silent"}}, {true, nil}, {false, []string{"rewritten"}}, {true, []string{"silent"}}, {true, nil}} {
		away = step.away
		round(t, f, witness.Result{Size: 6})
		if diff := cmp.Diff(told.take(), step.want); diff != "" {
			t.Error(diff)
		}
		c.add(silence)
	}
}

// TestTheBestOfADayIsKept: that which most peers signed, and not the first.
func TestTheBestOfADayIsKept(t *testing.T) {
	j, c, away := &memory{tb: t, chain: newChain(t)}, newClock(), false
	_, north := serve(t, sqlite(t), "north.example", c, nil, j.log())
	s, _ := serve(t, sqlite(t), "south.example", c, nil, j.log())
	south := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		s.ServeHTTP(w, r)
	}))
	defer south.Close()
	db := sqlite(t)
	f := newFeed(t, db, j, policy(t, j.log(), 2, map[string]string{"north.example": north.URL, "south.example": south.URL}), c, &alarms{})
	for _, step := range []struct {
		away bool
		want witness.Result
	}{{true, witness.Result{Size: 1, Signed: 1}}, {false, witness.Result{Size: 2, Signed: 2, Quorum: true}}, {false, witness.Result{Size: 3, Signed: 2, Quorum: true}}} {
		away = step.away
		j.size++
		round(t, f, step.want)
	}
	c.add(36 * 24 * time.Hour)
	j.size++
	round(t, f, witness.Result{Size: 4, Signed: 2, Quorum: true})
	var kept int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM witness_checkpoints`).Scan(&kept); err != nil || kept != 2 {
		t.Errorf("%d are kept, %v", kept, err)
	}
	p, err := f.Prove(t.Context(), j, 0)
	if err != nil {
		t.Fatal(err)
	}
	if point, _, err := tlog.ReadCheckpoint(p.Checkpoint); err != nil || point.Size != 2 {
		t.Errorf("%v, %v", point, err)
	}
}

// endless yields zeros and counts them.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	if e.read += len(b); e.read > 64<<20 {
		return 0, io.EOF
	}
	clear(b)
	return len(b), nil
}

// TestWithoutEnd: neither side reads on when the other does not stop.
func TestWithoutEnd(t *testing.T) {
	j, body, sent := &memory{tb: t, chain: newChain(t), size: 6}, &endless{}, 0
	s, _ := serve(t, sqlite(t), "north.example", newClock(), nil, j.log())
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/add-checkpoint", body))
	if w.Code != http.StatusBadRequest || body.read > 4*tlog.MaxRequest {
		t.Errorf("status %d after %d bytes", w.Code, body.read)
	}
	web := scripted(t, func(_ int, _ tlog.Request, w http.ResponseWriter) {
		for range 64 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
			sent++
		}
	})
	f := newFeed(t, sqlite(t), j, policy(t, j.log(), 1, map[string]string{"north.example": web.URL}), newClock(), &alarms{})
	round(t, f, witness.Result{Size: 6})
	web.Close() // waits for the handler
	if sent == 64 {
		t.Error("all of an answer without end was read")
	}
}

// silence is longer than a peer may be silent.
const silence = 61 * time.Minute

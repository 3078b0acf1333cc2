package access_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// house is one over a real journal, whose database can be made to fail just when the journal has taken a line.
type house struct {
	*access.House
	*testing.T
	db      *store.DB
	journal *journal.Journal
	appends atomic.Int64 // until the database fails; negative while it does not
	takes   atomic.Int64 // lines that the journal takes; all while it is negative
	skew    atomic.Int64 // by which the house's clock is ahead
}

func newHouse(t *testing.T, db *store.DB, j *journal.Journal) *house {
	t.Helper()
	h := &house{T: t, db: db, journal: j}
	h.appends.Store(-1)
	h.takes.Store(-1)
	var err error
	if h.House, err = access.Open(t.Context(), db, veiltest.Vault(), h, h.now); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.skew.Load())) }

// pass lets time go by for the house.
func (h *house) pass(d time.Duration) { h.skew.Add(int64(d)) }

// Append is the journal's. The database fails afterwards, when it is to.
func (h *house) Append(ctx context.Context, lines ...journal.Line) (journal.Place, error) {
	if h.appends.Add(-1) == 0 {
		if _, err := h.db.ExecContext(ctx, `ALTER TABLE acts RENAME TO acts_away`); err != nil {
			return journal.Place{}, err
		}
	}
	switch left := h.takes.Load(); {
	case left == 0:
		return journal.Place{}, journal.ErrFailed
	case left > 0:
		h.takes.Add(-1)
	}
	return h.journal.Append(ctx, lines...)
}

// failAfter has the database fail when so many lines were sealed, and returns what mends it.
func (h *house) failAfter(lines int64) (heal func()) {
	h.appends.Store(lines)
	return func() {
		h.Helper()
		h.appends.Store(-1)
		if _, err := h.db.ExecContext(h.Context(), `ALTER TABLE acts_away RENAME TO acts`); err != nil {
			h.Fatal(err)
		}
	}
}

func (h *house) do(v access.Verb, act func(context.Context) error) error {
	return h.Do(access.WithActor(h.Context(), access.Actor{ID: "omar", Name: "Omar", Roles: []access.Role{access.Analyst}}), v, access.Object{Kind: "finding", ID: "f1"}, nil, act)
}

// mend mends, and returns which acts were given up.
func (h *house) mend() (lost []access.Act) {
	h.Helper()
	err := h.Mend(h.Context(), h.journal, func(_ context.Context, a access.Act) error {
		lost = append(lost, a)
		return nil
	})
	if err != nil {
		h.Fatal(err)
	}
	return lost
}

// only returns the one act that the trail shows.
func (h *house) only() access.Act {
	h.Helper()
	acts, err := h.Trail(access.WithActor(h.Context(), access.Actor{ID: "lena", Roles: []access.Role{access.Auditor}}), access.TrailFilter{})
	if err != nil || len(acts) != 1 {
		h.Fatalf("%+v, %v", acts, err)
	}
	return acts[0]
}

// ends waits until the journal holds an act's line with an outcome, and returns its place.
func (h *house) ends(o access.Outcome) (at journal.Place) {
	h.Helper()
	for n := range h.journal.Size() {
		e, err := h.journal.Entry(h.Context(), n)
		if err != nil {
			h.Fatal(err)
		}
		for i, text := range e.Lines() {
			if e.Header.Kind == journal.Acts && bytes.Contains(text, []byte(`"outcome":"`+string(o)+`"`)) {
				at = journal.Place{Entry: n, Line: i}
			}
		}
	}
	return at
}

// eachHouse runs a test over both databases, with a journal that holds a few events already.
func eachHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		j, err := journal.Open(t.Context(), journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := j.Close(ctx); err != nil {
				t.Error(err)
			}
		})
		h := newHouse(t, open(), j)
		h.events(5)
		test(h)
	})
}

// events lets a sender say something, one entry each.
func (h *house) events(n int) {
	h.Helper()
	for i := range n {
		if _, err := h.journal.Append(h.Context(), journal.Line{Kind: journal.Events, Source: "lab", JSON: fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
			h.Fatal(err)
		}
	}
}

// TestTheTrailIsMendedFromTheJournal has the database fail at each of the instants at which the journal knows more.
func TestTheTrailIsMendedFromTheJournal(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		what   string
		lines  int64 // that are sealed before the database fails
		verb   access.Verb
		act    error
		takes  int64 // lines that the journal takes before it fails as well; -1: it does not
		open   access.Outcome
		want   access.Outcome
		sealed bool
	}{
		{"an act that was done", 2, access.FindingJudge, nil, -1, access.Pending, access.Done, true},
		{"an act that failed", 2, access.FindingJudge, boom, -1, access.Pending, access.Failed, true},
		{"an act that was sealed and not begun", 1, access.FindingJudge, nil, -1, access.Unsealed, access.NotDone, true},
		{"an act that was sealed and not begun, which could not be sealed", 1, access.FindingJudge, nil, 1, access.Unsealed, access.NotDone, true},
		{"an act that the journal did not take", 1, access.FindingJudge, nil, 0, access.Unsealed, access.NotDone, false},
		{"an act that was not allowed", 1, access.PeopleWrite, nil, -1, access.Unsealed, access.Refused, true},
		{"an act that was not allowed, which the journal did not take", 1, access.PeopleWrite, nil, 0, access.Unsealed, access.Refused, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			eachHouse(t, func(h *house) {
				heal := h.failAfter(c.lines)
				h.takes.Store(c.takes)
				began := false
				err := h.do(c.verb, func(context.Context) error { began = true; return c.act })
				heal()
				h.takes.Store(-1)
				if began != (c.lines == 2) || began && !errors.Is(err, c.act) {
					t.Errorf("begun: %v, %v", began, err)
				}
				if a := h.only(); a.Outcome != c.open {
					t.Errorf("before: %+v", a)
				}
				h.events(3)
				h.mend()
				if a := h.only(); a.Outcome != c.open {
					t.Error("settled at once, while its lines may be on the way")
				}
				h.pass(2 * time.Minute)
				if lost := h.mend(); len(lost) > 0 {
					t.Errorf("given up: %+v", lost)
				}
				a := h.only()
				if a.Outcome != c.want || a.Sealed != c.sealed || a.Ended.IsZero() {
					t.Errorf("%+v", a)
				}
				if c.sealed && (a.Result != h.ends(c.want) || (a.Intent == a.Result) != (c.want == access.Refused)) {
					t.Errorf("the journal holds it at %v: %+v", h.ends(c.want), a)
				}
				if n, err := h.WithoutEnd(t.Context(), time.Time{}); err != nil || n != 0 {
					t.Errorf("%d without an end, %v", n, err)
				}
			})
		})
	}
}

// TestAnActWhoseEndNobodyNotes: the process that carried it out has died, and the next one says so, once.
func TestAnActWhoseEndNobodyNotes(t *testing.T) {
	eachHouse(t, func(h *house) {
		began, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			ended <- h.do(access.FindingJudge, func(context.Context) error { close(began); <-finish; return nil })
		}()
		<-began
		next := newHouse(h.T, h.db, h.journal) // the house after a restart, which is not carrying it out
		h.pass(2 * time.Minute)
		next.pass(2 * time.Minute)
		if lost := h.mend(); len(lost) > 0 {
			t.Errorf("given up while it goes on: %+v", lost)
		}
		if n, err := h.WithoutEnd(t.Context(), time.Time{}); err != nil || n != 0 {
			t.Errorf("%d without an end, while it goes on, %v", n, err)
		}
		if n, err := next.WithoutEnd(t.Context(), time.Time{}); err != nil || n != 1 {
			t.Errorf("%d without an end, %v", n, err)
		}
		cannot := errors.New("the desk is closed")
		if err := next.Mend(t.Context(), h.journal, func(context.Context, access.Act) error { return cannot }); !errors.Is(err, cannot) {
			t.Error(err)
		}
		if a := h.only(); a.Outcome != access.Pending {
			t.Errorf("given up, and nobody was told: %+v", a)
		}
		if lost := next.mend(); len(lost) != 1 || lost[0].Actor.Name != "Omar" || lost[0].Verb != access.FindingJudge || !lost[0].Sealed {
			t.Errorf("%+v", lost)
		}
		if lost := next.mend(); len(lost) > 0 {
			t.Errorf("told twice: %+v", lost)
		}
		if a := h.only(); a.Outcome != access.Lost || a.Result != h.ends(access.Lost) {
			t.Errorf("%+v", a)
		}
		if n, err := next.WithoutEnd(t.Context(), h.now().Add(-time.Hour)); err != nil || n != 1 {
			t.Errorf("%d without an end, %v", n, err)
		}
		if n, err := next.WithoutEnd(t.Context(), h.now()); err != nil || n != 0 {
			t.Errorf("%d without an end since just now, %v", n, err)
		}
		close(finish)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if a := h.only(); a.Outcome != access.Done { // the truth, when it comes after all
			t.Errorf("%+v", a)
		}
	})
}

// TestAnActThatNeverEnds: a day is longer than anything takes.
func TestAnActThatNeverEnds(t *testing.T) {
	eachHouse(t, func(h *house) {
		began, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			ended <- h.do(access.FindingJudge, func(context.Context) error { close(began); <-finish; return nil })
		}()
		<-began
		h.pass(23 * time.Hour)
		if lost := h.mend(); len(lost) > 0 {
			t.Errorf("%+v", lost)
		}
		h.pass(2 * time.Hour)
		if lost := h.mend(); len(lost) != 1 {
			t.Errorf("%+v", lost)
		}
		close(finish)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestOldActsAreForgotten: in the table, and not those that are open.
func TestOldActsAreForgotten(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		if first, err := h.TrailBegins(ctx, ""); err != nil || !first.IsZero() {
			t.Errorf("an empty trail begins %v, %v", first, err)
		}
		ines := h.first()
		lena := h.hire(ines, "lena", access.Auditor)
		judge := func(o access.Outcome) {
			t.Helper()
			if o == access.Pending {
				h.seal.breakBy(nil)
			}
			err := h.Do(h.as(ines), access.FindingJudge, access.Object{}, map[string]string{"was": string(o)}, func(context.Context) error {
				if o == access.Pending {
					h.seal.breakBy(func(context.Context) error { return journal.ErrFailed })
				}
				return nil
			})
			h.seal.breakBy(nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		judge(access.Done)
		judge(access.Pending)
		// So many that they are forgotten in several steps.
		_, err := h.db.ExecContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
			INSERT INTO acts SELECT a.id || CAST(n.i AS TEXT), a.at, a.actor, a.name, a.roles, a.session, a.token, a.verb, a.kind, a.object, a.owner, a.detail,
			a.outcome, a.why, a.ended, a.intent_entry, a.intent_line, a.outcome_entry, a.outcome_line FROM acts a, n WHERE a.outcome = 'done' AND a.verb = 'finding.judge'`)
		if err != nil {
			t.Fatal(err)
		}
		h.wait(10 * 24 * time.Hour)
		later := h.now()
		judge(access.Done)
		joined := 4 // ines and lena, the invitation, the act that was copied
		if n, err := h.Prune(ctx, later); err != nil || n != 1200+joined {
			t.Errorf("%d forgotten, %v", n, err)
		}
		acts, err := h.Trail(h.as(lena), access.TrailFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, a := range acts {
			left = append(left, string(a.Outcome))
		}
		if diff := cmp.Diff([]string{"done", ""}, left); diff != "" {
			t.Error(diff)
		}
		if first, err := h.TrailBegins(ctx, ""); err != nil || !first.Equal(acts[1].At) {
			t.Errorf("the trail begins %v, %v", first, err)
		}
		if first, err := h.TrailBegins(ctx, lena.Actor.ID); err != nil || !first.IsZero() {
			t.Errorf("lena's begins %v, %v", first, err)
		}
		if n, err := h.Prune(ctx, later); err != nil || n != 0 {
			t.Errorf("%d forgotten again, %v", n, err)
		}
	})
}

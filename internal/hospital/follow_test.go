package hospital_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault"
)

// ward is a node in small: a journal and a database, and events whose fields are facts.
type ward struct {
	t       testing.TB
	journal *journal.Journal
	db      *store.DB
	tax     *event.Taxonomy
	vault   *vault.Vault
	records int64
}

func newWard(t testing.TB, db *store.DB) *ward {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}, slog.New(slog.NewTextHandler(io.Discard, nil)))
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
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	return &ward{t: t, journal: j, db: db, tax: tax, vault: v}
}

// event makes a line of the journal that says a fact.
func (w *ward) event(when time.Time, f hospital.Fact) journal.Line {
	w.t.Helper()
	fields, err := json.Marshal(f)
	if err != nil {
		w.t.Fatal(err)
	}
	w.records++
	ev := &event.Event{
		ID: event.NewID("his", fmt.Sprint(w.records)), Source: "his", Record: w.records, Time: when, Observed: when.Add(time.Second), Format: "hl7",
		Class: w.tax.Class("hl7", "mllp", ""), Fields: fields,
	}
	return journal.Line{Kind: journal.Events, Source: ev.Source, Time: when, JSON: event.AppendLine(nil, ev)}
}

// say seals lines as one entry.
func (w *ward) say(lines ...journal.Line) {
	w.t.Helper()
	if _, err := w.journal.Append(w.t.Context(), lines...); err != nil {
		w.t.Fatal(err)
	}
}

// facts reads what event wrote.
func facts(ev *event.Event) ([]hospital.Fact, error) {
	var f hospital.Fact
	if err := json.Unmarshal(ev.Fields, &f); err != nil {
		return nil, err
	}
	return []hospital.Fact{f}, nil
}

func (w *ward) follower(change ...func(*hospital.FollowerConfig)) *hospital.Follower {
	w.t.Helper()
	cfg := hospital.FollowerConfig{Journal: w.journal, DB: w.db, Vault: w.vault, Taxonomy: w.tax, House: options(), Read: facts, Save: time.Hour}
	for _, c := range change {
		c(&cfg)
	}
	f, err := hospital.NewFollower(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// step has f read entries.
func (w *ward) step(f *hospital.Follower, from, to uint64) {
	w.t.Helper()
	for n := from; n < to; n++ {
		e, err := w.journal.Entry(w.t.Context(), n)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := f.Step(w.t.Context(), e); err != nil {
			w.t.Fatal(err)
		}
	}
}

// knows is all that the house of a follower says, and how much it is.
func (w *ward) knows(f *hospital.Follower) (text string) {
	w.t.Helper()
	f.View(func(h *hospital.House) {
		o := h.Overview()
		for i := range o.Feeds {
			o.Feeds[i].Facts = 0 // an event that comes again counts again
		}
		text = told(w.t, h, []string{"1", "2", "3", "4", "5"}) + fmt.Sprintf("%+v", o)
		if h.Err() != nil {
			w.t.Fatal(h.Err())
		}
	})
	return text
}

// busyDay is what is said in a few hours, in entries of one to three events.
func (w *ward) busyDay() {
	w.t.Helper()
	all := []hospital.Fact{
		{Staff: staff("100", "ann")}, {Staff: staff("200", "ben")}, {Unit: &hospital.UnitFact{Unit: "4W", Department: "MED"}},
		patient("1", person("Moss", "Ada")), patient("2", person("Moss", "Ada")), patient("3", person("Reed", "Eva")),
		visit('E', "ED", from(hour(0))), {Reason: order("1", "o1", "ann")}, {Reason: order("2", "o2", "ben")},
		merge("1", "2"), visit('I', "4W"), {Reason: order("2", "o3", "ann")}, shift("ann", hour(1), hour(9)),
		merge("3", "1"), {Reason: order("3", "o4", "ben")}, unmerge("3", "1"),
		{Patient: &hospital.PatientFact{IDs: mrn("4"), Mother: mrn("3"), VIP: true}}, patient("2", person("Stone", "Ada")),
		{Member: &hospital.MemberFact{Protocol: "S1", Staff: hospital.Name{Text: "ben"}}}, unmerge("1", "2"),
		{Mark: &hospital.MarkFact{Patient: mrn("5"), Kind: "canary"}}, visit(0, "", until(hour(20))), {Reason: order("1", "o1", "ben")},
	}
	worker := all[0].Staff
	worker.Human = person("Moss", "Ada")
	for i := 0; i < len(all); {
		var lines []journal.Line
		for range 1 + i%3 {
			if i < len(all) {
				lines = append(lines, w.event(hour(i), all[i]))
				i++
			}
		}
		w.say(lines...)
	}
}

// Wherever it is killed, and whenever it saved before that, after the restart the house is the one that it would have been.
func TestRestart(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		w.busyDay()
		size := w.journal.Size()
		whole := newWard(t, w.db)
		whole.journal, whole.vault = w.journal, w.vault
		memory := w.follower() // saves nothing
		w.step(memory, 0, size)
		want := w.knows(memory)
		for saved := range size {
			for _, table := range []string{"records", "keys", "names", "staff", "units", "surnames", "state"} {
				if _, err := w.db.ExecContext(t.Context(), "DELETE FROM hospital_"+table); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.db.ExecContext(t.Context(), "DELETE FROM positions"); err != nil {
				t.Fatal(err)
			}
			first := w.follower(func(c *hospital.FollowerConfig) { c.Save, c.Records = -1, 1 })
			w.step(first, 0, saved)
			later := w.follower()
			if from := later.State().Next; from != saved {
				t.Fatalf("goes on at %d, not at %d", from, saved)
			}
			later.ForgetKeys()
			w.step(later, saved, size)
			if d := cmp.Diff(want, w.knows(later)); d != "" {
				t.Fatalf("from entry %d without saving: %s", saved, d)
			} // and is killed before it saves
			again := w.follower(func(c *hospital.FollowerConfig) { c.Records = 1 })
			w.step(again, saved, size)
			if d := cmp.Diff(want, w.knows(again)); d != "" {
				t.Fatalf("saved before entry %d: %s", saved, d)
			}
		}
	})
}

// What was saved at the end is all that was known, and can be read by another process.
func TestRunAndStop(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		w.busyDay()
		run := func(f *hospital.Follower) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- f.Run(ctx) }()
			await(t, func() bool { return f.State().Next == w.journal.Size() })
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		first := w.follower()
		run(first)
		want := w.knows(first)
		w.db = open()
		second := w.follower()
		if d := cmp.Diff(want, w.knows(second)); d != "" {
			t.Error(d)
		}
		if c := second.Clock(); c.Before(first.Clock().Add(-time.Minute)) {
			t.Errorf("the clock goes back to %v", c)
		}
		run(second) // nothing more
		if d := cmp.Diff(want, w.knows(second)); d != "" || second.State().Facts != 0 {
			t.Errorf("%d facts, %s", second.State().Facts, d)
		}
	})
}

// await waits for what must come.
func await(t testing.TB, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// A room sees every event once, in order, with the patients whom it concerns, and keeps what it makes of it in the same
// transaction. When it fails, both begin again from what was saved.
func TestRooms(t *testing.T) {
	w := newWard(t, sqlite(t))
	if _, err := w.db.ExecContext(t.Context(), `CREATE TABLE seen (n INTEGER PRIMARY KEY) STRICT`); err != nil {
		t.Fatal(err)
	}
	w.busyDay()
	var places []hospital.Place
	count, fails := 0, 3
	room := hospital.Hooks{
		Load: func(ctx context.Context, h *hospital.House) error {
			return w.db.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM seen`).Scan(&count)
		},
		Event: func(ctx context.Context, h *hospital.House, ev *event.Event, at hospital.Place, changed []hospital.PatientID) error {
			f, _ := facts(ev)
			if about := f[0].Reason != nil || f[0].Visit != nil || f[0].Patient != nil; about && len(changed) == 0 {
				t.Errorf("event %d concerns nobody", ev.Record)
			}
			if int64(count)+1 != ev.Record {
				t.Errorf("event %d after %d", ev.Record, count)
			}
			if count++; count%7 == 0 && fails > 0 {
				fails--
				return errors.New("the room fails")
			}
			places = append(places, at)
			return nil
		},
		Save: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO seen VALUES ($1) ON CONFLICT DO NOTHING`, count)
			return err
		},
	}
	f := w.follower(func(c *hospital.FollowerConfig) { c.Rooms, c.Save = []hospital.Hooks{room}, -1 })
	failed := 0
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- f.Run(ctx) }()
		var err error
		for err == nil {
			select {
			case err = <-done:
			case <-time.After(2 * time.Millisecond):
				if f.State().Next == w.journal.Size() {
					cancel()
				}
			}
		}
		cancel()
		if errors.Is(err, context.Canceled) {
			break
		}
		failed++
	}
	if failed != 3 || int64(count) != w.records {
		t.Errorf("failed %d times, %d of %d events", failed, count, w.records)
	}
	if last := places[len(places)-1]; last.Entry != w.journal.Size()-1 {
		t.Errorf("%+v", last)
	}
	fresh := w.follower()
	if d := cmp.Diff(w.knows(fresh), w.knows(f)); d != "" {
		t.Error(d)
	}
}

func sqlite(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// What cannot be understood, what nobody wants, and what comes again costs nothing else.
func TestWhatIsPassedOver(t *testing.T) {
	w := newWard(t, sqlite(t))
	one := w.event(hour(0), patient("1", person("Moss", "Ada")))
	other := w.event(hour(1), patient("2", person("Reed", "Eva")))
	broken := other
	broken.JSON = []byte(`{"id":"","class":"windows/security"}`)
	w.say(one, broken, one, other)
	w.say(one)
	asked := 0
	f := w.follower(func(c *hospital.FollowerConfig) {
		c.Wants = func(class *event.Class) bool {
			asked++
			return class.Product == "hl7"
		}
		c.Read = func(ev *event.Event) ([]hospital.Fact, error) {
			if ev.Record == 2 {
				return nil, errors.New("not understood")
			}
			return facts(ev)
		}
	})
	w.step(f, 0, 2)
	s := f.State()
	if s.Events != 2 || s.Facts != 1 || s.Unread != 1 || s.Repeated != 2 || asked != 2 {
		t.Errorf("%+v, asked %d times", s, asked)
	}
}

// What a file says that states no time is said when it comes, and ends nothing of what is told of last year.
func TestRowsTellNoTime(t *testing.T) {
	w := newWard(t, sqlite(t))
	f := w.follower(func(c *hospital.FollowerConfig) { c.Save = -1 })
	row := func(received time.Time, f hospital.Fact) journal.Line {
		line := w.event(received, f)
		var ev event.Event
		if err := (&event.LineReader{Taxonomy: w.tax, Limits: jsonl.DefaultLimits()}).Read(line.JSON, &ev); err != nil {
			t.Fatal(err)
		}
		ev.Time = time.Time{}
		line.JSON = event.AppendLine(nil, &ev)
		return line
	}
	gone := staff("100", "ann")
	gone.End = noon(300)
	w.say(row(noon(400), hospital.Fact{Staff: gone}))
	w.step(f, 0, 1)
	employed := func() (n int) {
		f.View(func(h *hospital.House) { n = h.Overview().Staff })
		return n
	}
	if employed() != 0 {
		t.Error("where nothing else is known it is not the day on which the row came")
	}
	w.say(w.event(noon(0), visit('I', "4W", from(noon(0)))), w.event(noon(0), hospital.Fact{Reason: order("1", "o1", "ann")}))
	w.say(row(noon(401), hospital.Fact{Staff: staff("200", "ben")}))
	w.step(f, 1, 3)
	for _, f := range []*hospital.Follower{f, w.follower()} {
		f.View(func(h *hospital.House) {
			id, _ := h.Find(mrn("1"))
			if p := h.Patient(id); len(p.Edges) != 1 || len(p.Visits) != 1 || !p.Visits[0].End.IsZero() || h.Overview().Staff != 2 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// A month that is played in no time is a month; when nothing more comes, time passes as it does on the wall; and nobody who tells
// of tomorrow makes it tomorrow.
func TestClock(t *testing.T) {
	w := newWard(t, sqlite(t))
	var told []time.Time
	room := hospital.Hooks{Clock: func(_ context.Context, _ *hospital.House, now time.Time) error {
		told = append(told, now)
		return nil
	}}
	f := w.follower(func(c *hospital.FollowerConfig) { c.Rooms = []hospital.Hooks{room} })
	if !f.Clock().IsZero() {
		t.Error("it is some time before anything was heard")
	}
	w.say(w.event(noon(0), patient("1", person("Moss", "Ada"))))
	w.say(w.event(noon(30), patient("2", person("Moss", "Ada"))))
	w.say(w.event(noon(3), patient("3", person("Moss", "Ada")))) // late
	timeless := w.event(noon(200), patient("6", person("Moss", "Ada")))
	future := w.event(noon(31), patient("4", person("Moss", "Ada")))
	ev := event.Event{Class: w.tax.Class("hl7", "mllp", "")}
	reader := event.LineReader{Taxonomy: w.tax, Limits: jsonl.DefaultLimits()}
	if err := reader.Read(future.JSON, &ev); err != nil {
		t.Fatal(err)
	}
	ev.Time = noon(300)
	future.JSON = event.AppendLine(nil, &ev)
	if err := reader.Read(timeless.JSON, &ev); err != nil {
		t.Fatal(err)
	}
	ev.Time = time.Time{} // a row of a file that states none, received much later
	timeless.JSON = event.AppendLine(nil, &ev)
	w.say(timeless)
	w.say(future)
	w.step(f, 0, 5)
	if len(told) != 5 || !told[3].Equal(noon(30)) || !told[0].Equal(noon(0)) || !told[1].Equal(noon(30)) || !told[2].Equal(noon(30)) {
		t.Errorf("%v", told)
	}
	if got := f.Clock(); got.Before(noon(31)) || got.After(noon(31).Add(time.Minute)) {
		t.Errorf("%v", got)
	}
	if err := f.Tick(t.Context()); err != nil || len(told) != 6 || !told[5].After(told[4]) {
		t.Errorf("%v %v", told, err)
	}
	w.say(w.event(noon(5), patient("5", person("Moss", "Ada"))))
	if w.step(f, 5, 6); told[6].Before(told[5]) {
		t.Errorf("it goes back: %v", told)
	}
}

package privacy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
)

// node is a clinic with a journal, which rooms follow.
type node struct {
	*clinic
	journal *journal.Journal
	vault   *vault.Vault
	said    int
}

func newNode(t *testing.T) *node {
	t.Helper()
	v, err := vault.Passing()
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
	n := &node{journal: j, vault: v}
	n.clinic = &clinic{T: t, tax: taxonomy(t), line: n.append}
	return n
}

// append has an event, or a fact, stand in the journal, in an entry of its own.
func (n *node) append(ev *event.Event, f *hospital.Fact) {
	n.Helper()
	if f != nil {
		ev = n.factOf(ev.Time, f)
	}
	n.said++
	ev.ID = event.NewID("clinic", fmt.Sprint(n.said))
	line := journal.Line{Kind: journal.Events, Source: "clinic", Time: ev.Time, JSON: event.AppendLine(nil, ev)}
	if _, err := n.journal.Append(n.Context(), line); err != nil {
		n.Fatal(err)
	}
}

// factOf is an event that says a fact.
func (n *node) factOf(when time.Time, f *hospital.Fact) *event.Event {
	n.Helper()
	fields, err := json.Marshal(map[string]any{"fact": f})
	if err != nil {
		n.Fatal(err)
	}
	return &event.Event{Class: n.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: when, Observed: when, Fields: fields}
}

// read takes the facts of a clinic out of its events.
func read(ev *event.Event) ([]hospital.Fact, error) {
	if ev.Class.Product != "hl7" {
		return nil, nil
	}
	var said struct{ Fact *hospital.Fact }
	if err := json.Unmarshal(ev.Fields, &said); err != nil || said.Fact == nil {
		return nil, err
	}
	return []hospital.Fact{*said.Fact}, nil
}

// life is a room with its follower between two starts.
type life struct {
	room     *privacy.Room
	follower *hospital.Follower
}

func (n *node) begin(db *store.DB, save time.Duration, more ...hospital.Hooks) life {
	n.Helper()
	room, err := privacy.OpenRoom(n.Context(), privacy.RoomConfig{Config: config(), DB: db, Journal: n.journal, Vault: n.vault, Judge: loaded(n)})
	if err != nil {
		n.Fatal(err)
	}
	f, err := hospital.NewFollower(n.Context(), hospital.FollowerConfig{
		Journal: n.journal, DB: db, Vault: n.vault, Taxonomy: n.tax, House: hospital.Options{Authority: "CLINIC"}, Read: read,
		Rooms: append([]hospital.Hooks{room.Hooks()}, more...), Save: save,
	})
	if err != nil {
		n.Fatal(err)
	}
	room.Attach(f.View)
	return life{room, f}
}

// follow runs until all that was said up to now is read.
func (n *node) follow(l life) error {
	ctx, cancel := context.WithCancel(n.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.follower.Run(ctx) }()
	size := n.journal.Size()
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(2 * time.Millisecond):
		}
		if l.follower.State().Next >= size {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}
	}
}

var errKilled = errors.New("killed")

// killer stops the follower at an event, in the middle of an entry.
func killer(at int) hospital.Hooks {
	seen := 0
	return hospital.Hooks{Event: func(context.Context, *hospital.House, *event.Event, hospital.Place, []hospital.PatientID) error {
		if seen++; seen > at {
			return errKilled
		}
		return nil
	}}
}

// story is a few days in which much of what a room can find is found.
func (n *node) story() {
	n.people()
	n.elm()
	n.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "108", Logins: []string{"gone"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", End: at(-3, "00:00"), Human: hospital.Human{Family: "Gorse", Given: "Gil"}}})
	n.opens("ann", "2000", at(0, "10:00"))
	n.opens("eve", "2000", at(0, "11:00"))
	n.opens("gone", "1001", at(0, "12:00"))
	n.opens("eve", "2000", at(0, "11:00")) // once more, from another file
	n.patient("3000", hospital.Human{Family: "Star", Given: "Stella"})
	n.says(hospital.Fact{Said: at(0, "13:00"), Mark: &hospital.MarkFact{Patient: mrn("3000"), Kind: "vip"}})
	n.opens("eve", "3000", at(0, "14:00"))
	n.opens("reg", "3000", at(0, "14:10"))
	n.opens("boss", "3000", at(0, "14:20"))
	n.patient("2001", hospital.Human{Family: "Elm", Given: "Oscar", Street: "7 High Street", Postcode: "N1", City: "Alder"})
	n.opens("eve", "2001", at(0, "15:00"))
	n.says(hospital.Fact{Said: at(1, "09:00"), Merge: &hospital.MergeFact{Survivor: mrn("2000"), Retired: mrn("2001")}})
	for i := range 75 { // two who share a login
		n.does(at(2, "09:00").Add(time.Duration(i)*5*time.Second), look{User: "pat", Verb: "read", Native: "Chart review", Patient: []string{fmt.Sprint(1000 + i/3)}, Station: fmt.Sprint("WS-", i%2), Object: fmt.Sprint(i)})
	}
	for day := 1; day < 12; day++ {
		n.works("ann", "4W", at(day, "07:00"), at(day, "19:00"))
		n.opens("ann", "2000", at(day, "10:00"))
		n.does(at(day, "22:00"), look{User: "ann", Verb: "search", Native: "Patient search", Query: "Stone", Count: 30})
	}
}

// outcome is what is to be the same however often the room was restarted.
type outcome struct {
	Cases    []privacy.Case
	Seen     []privacy.Seen
	Health   privacy.Health
	Shares   judge.Rates
	Pasts    map[hospital.Ref][4]float64
	Estimate privacy.Estimate
	Findings []string
}

func (n *node) outcome(l life) outcome {
	n.Helper()
	ctx := n.Context()
	var o outcome
	var err error
	must := func(err error) {
		if err != nil {
			n.Fatal(err)
		}
	}
	o.Cases, err = l.room.Cases(ctx, privacy.Filter{States: []privacy.CaseState{privacy.Pending, privacy.Closed, privacy.Withdrawn}, Limit: 1000})
	must(err)
	p, err := l.room.FindPatient(ctx, "2000")
	must(err)
	o.Seen, err = l.room.WhoSaw(ctx, p, at(-1, "00:00"), at(20, "00:00"))
	must(err)
	o.Health, err = l.room.Health(ctx)
	must(err)
	o.Shares, err = l.room.Shares(ctx)
	must(err)
	o.Pasts, err = l.room.Pasts(ctx)
	must(err)
	o.Estimate, err = l.room.Misses(ctx)
	must(err)
	for i := range o.Cases { // in which entry the journal has it does not matter here
		for k := range o.Cases[i].Touches {
			o.Cases[i].Touches[k].Verdict.Tried = nil
		}
	}
	o.Findings = n.findings()
	return o
}

// findings lists what the desk of those who watch the house counts: of each step of a watcher what it filed first.
func (n *node) findings() (list []string) {
	n.Helper()
	counted, upTo := map[string]int{}, map[string]journal.Place{}
	for i := range n.journal.Size() {
		e, err := n.journal.Entry(n.Context(), i)
		if err != nil {
			n.Fatal(err)
		}
		if e.Header.Kind != journal.Findings {
			continue
		}
		for _, line := range e.Lines() {
			var f triage.Filed
			if err := json.Unmarshal(line, &f); err != nil {
				n.Fatal(err)
			}
			name := fmt.Sprint(f.Finding.Rule.ID, " ", f.Finding.Entities["user"])
			if last, ok := upTo[name]; ok && (f.From.Entry < last.Entry || f.From.Entry == last.Entry && f.From.Line <= last.Line) {
				continue
			}
			upTo[name] = f.From
			counted[name] += f.Finding.Count
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counted)) {
		list = append(list, fmt.Sprint(name, " ", counted[name]))
	}
	return list
}

// A room that is stopped at any event, before or after it wrote its position, comes to the same cases, and tells of each thing once.
func TestRestartChangesNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		n := newNode(t)
		n.story()
		events := n.said
		l := n.begin(n.aside(), time.Second)
		if err := n.follow(l); err != nil {
			t.Fatal(err)
		}
		want := n.outcome(l)
		if len(want.Cases) < 3 || len(want.Seen) < 10 || len(want.Findings) == 0 {
			t.Fatalf("%+v", want)
		}
		step := events / 5
		for _, save := range []time.Duration{-1, time.Hour} {
			m := newNode(t)
			m.vault = n.vault
			m.story()
			db := open()
			if save > 0 {
				db = n.aside()
			}
			for at := step; at < events; at += step {
				if err := m.follow(m.begin(db, save, killer(at))); !errors.Is(err, errKilled) && err != nil {
					t.Fatal(err)
				}
			}
			l := m.begin(db, save)
			if err := m.follow(l); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, m.outcome(l), same()...); d != "" {
				t.Errorf("saving every %v: %s", save, d)
			}
		}
	})
}

// aside is a database of its own.
func (n *node) aside() *store.DB {
	n.Helper()
	db, err := store.Open(n.Context(), "sqlite:"+filepath.Join(n.TempDir(), "state.db"))
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() {
		if err := db.Close(); err != nil {
			n.Error(err)
		}
	})
	return db
}

// same leaves out where in a journal something stands, which depends on when a case was filed.
func same() []cmp.Option {
	return []cmp.Option{cmpopts.IgnoreTypes(hospital.Place{}), cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b privacy.Case) bool { return a.ID < b.ID })}
}

// What a person concludes is sealed in the journal and outlasts a kill before the position is written.
func TestRoomKeepsWhatPeopleConclude(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		n := newNode(t)
		n.story()
		db := open()
		l := n.begin(db, time.Hour)
		ctx := t.Context()
		cancelled, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- l.follower.Run(cancelled) }()
		size := n.journal.Size()
		for l.follower.State().Next < size {
			time.Sleep(time.Millisecond)
		}
		cases, err := l.room.Cases(ctx, privacy.Filter{Lanes: []privacy.Lane{privacy.Ranked, privacy.Explore}})
		if err != nil || len(cases) == 0 {
			t.Fatal(cases, err)
		}
		id, okafor := cases[0].ID, privacy.Viewer{Name: "okafor"}
		seen, err := l.room.Case(ctx, id, okafor)
		if err != nil || len(seen.Seen) != 1 {
			t.Fatal(seen.Seen, err)
		}
		if err := l.room.Dispose(ctx, id, privacy.Decision{Outcome: privacy.Violation, Why: "no reason was given", By: okafor}); err != nil {
			t.Fatal(err)
		}
		if err := l.room.Dispose(ctx, id, privacy.Decision{Outcome: privacy.Explained, By: okafor}); !errors.Is(err, privacy.ErrDecided) {
			t.Error("decided twice:", err)
		}
		shown, err := l.room.Reveal(ctx, id, okafor)
		if err != nil || len(shown.Patients) == 0 || shown.Patients[0].Human.Family == "" {
			t.Errorf("%+v %v", shown, err)
		}
		again := n.begin(db, time.Hour) // as if the first had been killed: it wrote no position
		go func() { done <- again.follower.Run(cancelled) }()
		for again.follower.State().Next < size {
			time.Sleep(time.Millisecond)
		}
		k, err := again.room.Case(ctx, id, okafor)
		if err != nil || k.State != privacy.Closed || k.Decided == nil || k.Decided.Outcome != privacy.Violation || k.Breach == nil || k.Breach.Patients != len(k.Patients) || len(k.Breach.Clocks) != 3 {
			t.Errorf("%+v %v", k, err)
		}
		cancel()
		<-done
		<-done
		words := map[string]int{}
		for i := range n.journal.Size() {
			e, err := n.journal.Entry(ctx, i)
			if err != nil {
				t.Fatal(err)
			}
			if e.Header.Kind != journal.Cases {
				continue
			}
			for _, line := range e.Lines() {
				var said struct{ Event string }
				if err := json.Unmarshal(line, &said); err != nil {
					t.Fatal(err)
				}
				words[said.Event]++
			}
		}
		if words["opened"] < 3 || words["decided"] == 0 {
			t.Errorf("%v", words)
		}
	})
}

// What a person takes back, and what is written about a breach, outlasts a kill as well, although the decision itself was written long before.
func TestRoomKeepsWhatPeopleTakeBack(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		n := newNode(t)
		n.story()
		db := open()
		ctx := t.Context()
		start := func() (l life, end func()) {
			l = n.begin(db, time.Hour) // nothing of its position is written before its end
			run, cancel := context.WithCancel(ctx)
			done := make(chan error, 1)
			go func() { done <- l.follower.Run(run) }()
			for _, err := l.room.State(ctx); errors.Is(err, privacy.ErrNotReady); _, err = l.room.State(ctx) {
				time.Sleep(time.Millisecond)
			}
			return l, func() { cancel(); <-done }
		}
		if err := n.follow(n.begin(db, time.Hour)); err != nil {
			t.Fatal(err)
		}
		l, end := start()
		cases, err := l.room.Cases(ctx, privacy.Filter{})
		if err != nil || len(cases) < 3 {
			t.Fatal(cases, err)
		}
		okafor := privacy.Viewer{Name: "okafor"}
		for _, k := range cases[:3] {
			if err := l.room.Dispose(ctx, k.ID, privacy.Decision{Outcome: privacy.Violation, Why: "no reason was given", By: okafor}); err != nil {
				t.Fatal(err)
			}
		}
		end() // in order: all that is written
		l, end = start()
		defer end()
		factors := [4]string{"names and diagnoses", "one clerk", "seen", "asked to keep silent"}
		if err := l.room.Undo(ctx, cases[0].ID, okafor); err != nil {
			t.Fatal(err)
		}
		if err := l.room.Assess(ctx, cases[1].ID, factors, okafor); err != nil {
			t.Fatal(err)
		}
		if err := l.room.Undo(ctx, cases[2].ID, okafor); err != nil {
			t.Fatal(err)
		}
		if err := l.room.Dispose(ctx, cases[2].ID, privacy.Decision{Outcome: privacy.Policy, Why: "a talk is enough", By: okafor}); err != nil {
			t.Fatal(err)
		}
		again, endAgain := start() // as if the one before had been killed
		defer endAgain()
		back, err := again.room.Case(ctx, cases[0].ID, okafor)
		if err != nil || back.State != privacy.Pending || back.Decided != nil {
			t.Errorf("%s %+v %v", back.State, back.Decided, err)
		}
		other, err := again.room.Case(ctx, cases[2].ID, okafor)
		if err != nil || other.State != privacy.Closed || other.Decided.Outcome != privacy.Policy || other.Breach != nil {
			t.Errorf("%s %+v %v", other.State, other.Decided, err)
		}
		held, err := again.room.Case(ctx, cases[1].ID, okafor)
		if err != nil || held.State != privacy.Closed || held.Breach == nil || held.Breach.Factors != factors {
			t.Errorf("%s %+v %v", held.State, held.Breach, err)
		}
	})
}

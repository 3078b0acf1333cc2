package continuity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault/veil"
)

// trap is a ward with decoys in it.
type trap struct {
	*ward
	judged func(string) bool
	decoys []canary.Decoy
}

func newTrap(t *testing.T, db *store.DB) *trap {
	w := &trap{ward: newWard(t, db)}
	w.sleep(w.at)
	return w
}

// room opens the room as a start does, without following anything.
func (w *trap) room() *continuity.Room {
	w.Helper()
	r, err := continuity.OpenRoom(w.Context(), continuity.Config{
		Journal: w.journal, DB: w.db, Vault: w.vault, Hide: w.hide, Taxonomy: w.tax, Log: slog.New(slog.DiscardHandler), Judged: w.judged, Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// make makes a decoy that is watched at once.
func (w *trap) make(r *continuity.Room, k canary.Kind, base string) canary.Decoy {
	w.Helper()
	now := time.Duration(0)
	d, err := r.MakeDecoy(w.Context(), continuity.NewDecoy{Kind: k, Where: "the " + string(k) + " of the test", Base: base, Settle: &now})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// say has events of a class be received at the ward's time, in one entry.
func (w *trap) say(product, service, code string, fields ...string) {
	w.Helper()
	var lines []journal.Line
	for _, f := range fields {
		w.n++
		ev := event.Event{Source: "test", Class: w.tax.Class(product, service, code), Format: "json", Time: w.at, Observed: w.at, Fields: []byte(f), ID: event.NewID("trap", fmt.Sprint(w.n))}
		lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)})
	}
	if _, err := w.journal.Append(w.Context(), lines...); err != nil {
		w.Fatal(err)
	}
}

var errCrash = errors.New("the power failed")

// run runs a room until so many trips are known of all canaries, and ends it in order, or as a crash does, which saves nothing.
func (w *trap) run(r *continuity.Room, trips int, cause error) {
	w.Helper()
	filed := len(w.filed())
	ctx, cancel := context.WithCancelCause(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		n := 0
		for _, d := range r.Decoys() {
			n += d.Proof.Trips
		}
		if n == trips && r.Heard() >= w.journal.Size() {
			break
		}
		if time.Since(began) > time.Minute {
			w.Fatalf("%d trips are known, %d were wanted", n, trips)
		}
	}
	cancel(cause)
	if err := <-ended; !errors.Is(err, cause) {
		w.Fatal(err)
	}
	for began := time.Now(); cause == errCrash && len(w.filed()) == filed; time.Sleep(10 * time.Millisecond) { // what was filed before is durable after
		if time.Since(began) > time.Minute {
			w.Fatal("nothing was filed")
		}
	}
}

// queue is what the desk makes of the journal: title, level and count of each finding.
func (w *trap) queue() (out []string) {
	w.Helper()
	desk, err := triage.Open(w.Context(), w.db, veil.New(w.vault))
	if err != nil {
		w.Fatal(err)
	}
	size := w.journal.Size()
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- desk.Run(ctx, w.journal) }()
	for began, next := time.Now(), uint64(0); next < size && time.Since(began) < time.Minute; time.Sleep(10 * time.Millisecond) {
		err := w.db.QueryRowContext(w.Context(), `SELECT coalesce(max(next), 0) FROM positions WHERE follower = 'triage'`).Scan(&next)
		if err != nil {
			w.Fatal(err)
		}
	}
	cancel()
	<-ended
	items, err := desk.List(w.Context(), triage.Filter{Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	for _, i := range items {
		out = append(out, fmt.Sprintf("%s %s %d", strings.TrimPrefix(i.Rule.ID, "wardline-decoy-"), i.Rule.Level, i.Count))
	}
	slices.Sort(out)
	return out
}

// touches are the events by which each kind shows that it was touched twice by the same hand; MARK is its first mark.
func touches() map[canary.Kind][4]string {
	return map[canary.Kind][4]string{
		canary.Patient:  {"dicom", "assoc", "", `{"command":"C-FIND","CallingAETitle":"WS7","id.orig_h":"10.9.9.8","PatientID":"MARK"}`},
		canary.Study:    {"dicom", "assoc", "", `{"command":"C-MOVE","id.orig_h":"10.9.9.8","StudyInstanceUID":"MARK"}`},
		canary.Message:  {"ehr", "audit", "", `{"access":{"verb":"print","user":"bob","patient":["T1","T2","MARK"]}}`},
		canary.Row:      {"ehr", "audit", "", `{"access":{"verb":"read","user":"bob","patient":["MARK"]}}`},
		canary.File:     {"windows", "Security", "4663", `{"EventID":4663,"Computer":"FS1","SubjectUserName":"ann","ObjectName":"D:\\x\\MARK","AccessMask":"0x2"}`},
		canary.Account:  {"windows", "Security", "4625", `{"EventID":4625,"Computer":"DC1","TargetUserName":"MARK","TargetDomainName":"NORTH","IpAddress":"10.9.9.5"}`},
		canary.AETitle:  {"dicom", "assoc", "", `{"command":"A-ASSOCIATE","CallingAETitle":"X","CalledAETitle":"MARK","id.orig_h":"10.9.9.4"}`},
		canary.Listener: {"zeek", "conn", "", `{"id.orig_h":"10.9.9.3","id.resp_h":"10.1.2.3","id.resp_p":104}`},
		canary.Token:    {"zeek", "dns", "", `{"id.orig_h":"10.9.9.2","query":"MARK.letters.example"}`},
	}
}

// TestEachKindOfDecoyIsOneFinding touches a decoy of each kind twice, crashes in between, and starts again: nothing is lost, and nothing is counted twice.
func TestEachKindOfDecoyIsOneFinding(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newTrap(t, open())
		r := w.room()
		want := []string{
			"account high 2", "ae-title high 2", "file critical 2", "listener high 2", "message high 2", "patient low 2", "row high 2", "study high 2", "token high 2",
		}
		say := func() {
			for _, d := range w.made(r) {
				e := touches()[d.Canary.Kind]
				mark, err := json.Marshal(d.Canary.Marks[0].Value)
				if err != nil {
					t.Fatal(err)
				}
				w.say(e[0], e[1], e[2], strings.ReplaceAll(e[3], "MARK", string(mark[1:len(mark)-1])))
			}
		}
		say()
		w.run(r, 9, errCrash)
		w.run(w.room(), 9, errCrash)
		say()
		w.run(w.room(), 18, errCrash)
		w.run(w.room(), 18, context.Canceled)
		w.run(w.room(), 18, context.Canceled)
		if got := w.queue(); !slices.Equal(got, want) {
			t.Errorf("the queue has %q, wanted %q", got, want)
		}
		r = w.room()
		for _, d := range r.Decoys() {
			if d.Last.Finding == "" || !d.Last.At.Equal(w.at) || d.Proof.Looked == 0 || d.Proof.Tested.IsZero() {
				t.Errorf("%s: %+v %+v", d.Kind, d.Last, d.Proof)
			}
		}
	})
}

// made makes one decoy of each kind, once.
func (w *trap) made(r *continuity.Room) []canary.Decoy {
	w.Helper()
	if w.decoys == nil {
		for _, k := range canary.Kinds() {
			base := ""
			if k == canary.Listener {
				base = "10.1.2.3:104"
			}
			w.decoys = append(w.decoys, w.make(r, k, base))
		}
	}
	return w.decoys
}

// TestWhatADecoyTells goes through what is no finding, what is another's, and what makes one worse.
func TestWhatADecoyTells(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newTrap(t, open())
		w.judged = func(number string) bool { return strings.HasPrefix(number, "77") }
		w.hide = func(text string) string { return text }
		r := w.room()
		door, listed, unlisted := w.make(r, canary.Listener, "10.1.2.3:104"), w.make(r, canary.Patient, "77"), w.make(r, canary.Patient, "88")
		read := func(verb, user string, d canary.Decoy) {
			w.say("ehr", "audit", "", fmt.Sprintf(`{"access":{"verb":%q,"user":%q,"patient":[%q]}}`, verb, user, d.Canary.Marks[0].Value))
		}
		knock := func() { w.say("zeek", "conn", "", `{"id.orig_h":"10.9.9.3","id.resp_h":"10.1.2.3","id.resp_p":104}`) }
		armed := w.at
		w.at = armed.Add(-time.Minute)
		knock() // before it was made
		w.at = armed.Add(time.Minute)
		w.sleep(w.at)
		read("read", "ann", listed)   // which the privacy room judges
		read("read", "ann", unlisted) // which it does not
		read("search", "ann", unlisted)
		read("search", "Bob", listed)
		read("read", "bob", unlisted)
		w.say("wardline", "canary", "", fmt.Sprintf(`{"type":"trip","watcher":"fs1","canary":%q,"kind":"listener","act":"called"}`, door.Canary.ID)) // which a rule finds
		w.run(r, 6, context.Canceled)
		for _, host := range []string{"10.9.9.2", "10.9.9.3"} {
			if err := r.AllowDecoy(t.Context(), door.Canary.ID, canary.Allow{Host: host, Owner: "IT", Reason: "inventory", Until: w.at.Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		if d := r.Decoys(); !slices.ContainsFunc(d, func(d continuity.DecoyView) bool { return len(d.Allow) == 2 }) {
			t.Errorf("who may: %+v", d)
		}
		w.at = armed.Add(2 * time.Minute)
		knock() // who may
		w.run(r, 6, context.Canceled)
		w.at = armed.Add(3 * time.Hour)
		knock() // it has run out
		w.run(w.room(), 7, context.Canceled)
		w.at = armed.AddDate(0, 0, 10)
		read("search", "BOB", unlisted) // it stays as bad as it was
		w.at = armed.AddDate(0, 0, 15)
		read("search", "ann", unlisted) // after two weeks it is another time
		w.run(w.room(), 9, context.Canceled)
		want := []string{"listener high 1", "patient high 2", "patient low 1", "patient low 3"}
		if got := w.queue(); !slices.Equal(got, want) {
			t.Errorf("the queue has %q, wanted %q", got, want)
		}
		r = w.room()
		if err := r.RemoveDecoy(t.Context(), door.Canary.ID); err != nil {
			t.Fatal(err)
		}
		if r = w.room(); len(r.Decoys()) != 2 || !errors.Is(r.RemoveDecoy(t.Context(), door.Canary.ID), continuity.ErrNoDecoy) {
			t.Errorf("what was taken away is known: %+v", r.Decoys())
		}
	})
}

// TestAScanIsTwoLines has two machines knock at a door three hundred times: all is counted, and the journal holds a line for each of the two.
func TestAScanIsTwoLines(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newTrap(t, open())
		r := w.room()
		w.make(r, canary.Listener, "10.1.2.3:104")
		var knocks []string
		for i := range 300 {
			knocks = append(knocks, fmt.Sprintf(`{"id.orig_h":"10.9.9.%d","id.resp_h":"10.1.2.3","id.resp_p":104}`, min(i%3, 1)))
		}
		w.say("zeek", "conn", "", knocks...)
		w.run(r, 300, context.Canceled)
		if got := w.filed(); !slices.Equal(got, []string{"wardline-decoy-listener", "wardline-decoy-listener"}) {
			t.Errorf("filed: %q", got)
		}
		if got := w.queue(); !slices.Equal(got, []string{"listener high 100", "listener high 200"}) {
			t.Errorf("the queue has %q", got)
		}
	})
}

// TestDecoysAreSealed looks for the marks in what is kept.
func TestDecoysAreSealed(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newTrap(t, open())
		d := w.make(w.room(), canary.Account, "north.example")
		var body []byte
		if err := w.db.QueryRowContext(t.Context(), `SELECT body FROM continuity_decoys`).Scan(&body); err != nil || len(body) == 0 || strings.Contains(string(body), d.Canary.Marks[0].Value) {
			t.Errorf("it stands in clear, or not at all: %d bytes, %v", len(body), err)
		}
	})
}

// TestADecoyThatCannotBeKeptIsNone lets the database fail while a decoy is made.
func TestADecoyThatCannotBeKeptIsNone(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newTrap(t, open())
		r := w.room()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.MakeDecoy(ctx, continuity.NewDecoy{Kind: canary.AETitle, Where: "nowhere"}); !errors.Is(err, continuity.ErrNotKept) || len(r.Decoys()) != 0 {
			t.Errorf("%v, %d decoys", err, len(r.Decoys()))
		}
		for _, n := range []continuity.NewDecoy{{Kind: "bird", Where: "here"}, {Kind: canary.AETitle}, {Kind: canary.AETitle, Where: "here", Base: "x"}, {Kind: canary.Listener, Where: "here"}, {Kind: canary.Study, Where: "here", Base: "one.two"}} {
			if _, err := r.MakeDecoy(t.Context(), n); err == nil {
				t.Errorf("taken: %+v", n)
			}
		}
	})
}

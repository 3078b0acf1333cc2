package continuity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
)

// ward is a journal that hears a laboratory, and a room that follows it.
type ward struct {
	*testing.T
	journal *journal.Journal
	db      *store.DB
	vault   *vault.Vault
	hide    func(string) string
	shown   func(string) string
	site    *continuity.Site
	tax     *event.Taxonomy
	at      time.Time // of the laboratory
	n       int

	mu  sync.Mutex
	now time.Time // on the room's clock
}

func newWard(t *testing.T, db *store.DB) *ward {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
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
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	return &ward{T: t, journal: j, db: db, vault: v, tax: tax, at: time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)}
}

// live has results come each two minutes for so long.
func (w *ward) live(long time.Duration) {
	w.Helper()
	var lines []journal.Line
	send := func() {
		if _, err := w.journal.Append(w.Context(), lines...); err != nil {
			w.Fatal(err)
		}
		lines = lines[:0]
	}
	for end := w.at.Add(long); w.at.Before(end); w.at = w.at.Add(2 * time.Minute) {
		w.n++
		fields, err := json.Marshal(map[string]string{"MSH-3.1": "LIS", "MSH-4.1": "MAIN", "MSH-5.1": "EHR", "MSH-9.1": "ORU", "MSH-10": fmt.Sprint(w.n)})
		if err != nil {
			w.Fatal(err)
		}
		ev := event.Event{Source: "mllp/10.0.0.5", Class: w.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: w.at, Observed: w.at, Fields: fields, ID: event.NewID("lis", fmt.Sprint(w.n))}
		if lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)}); len(lines) == 500 {
			send()
		}
	}
	send()
	w.sleep(w.at)
}

// sleep lets the room's clock stand at that time.
func (w *ward) sleep(until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = until
}

// open opens the room.
func (w *ward) open() *continuity.Room {
	w.Helper()
	room, err := continuity.OpenRoom(w.Context(), continuity.Config{
		Journal: w.journal, DB: w.db, Vault: w.vault, Hide: w.hide, Shown: w.shown, Site: w.site, Taxonomy: w.tax, Log: slog.New(slog.DiscardHandler), Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	return room
}

// follow opens the room and runs it until done says so.
func (w *ward) follow(done func(*continuity.Room) bool) *continuity.Room {
	w.Helper()
	room := w.open()
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- room.Run(ctx) }()
	for began := time.Now(); !done(room); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			w.Fatalf("waited in vain: %+v", room.Feeds())
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		w.Fatal(err)
	}
	return room
}

// filed lists the findings that stand in the journal.
func (w *ward) filed() (out []string) {
	w.Helper()
	for i := range w.journal.Size() {
		e, err := w.journal.Entry(w.Context(), i)
		if err != nil {
			w.Fatal(err)
		}
		if e.Header.Kind != journal.Findings {
			continue
		}
		for _, line := range e.Lines() {
			var f triage.Filed
			if err := json.Unmarshal(line, &f); err != nil {
				w.Fatal(err)
			}
			out = append(out, f.Finding.Rule.ID)
		}
	}
	return out
}

func heardAll(n uint64) func(*continuity.Room) bool {
	return func(r *continuity.Room) bool { f := r.Feeds(); return len(f) == 1 && f[0].Count == n }
}

// told tells whether people were told of the one incident there is.
func (w *ward) told(r *continuity.Room) bool {
	all, err := r.Incidents(w.Context(), 10)
	return err == nil && len(all) == 1 && !all[0].Told.IsZero()
}

func silent(r *continuity.Room) bool { f := r.Feeds(); return len(f) == 1 && !f[0].Silent.IsZero() }

// TestARoomRemembers stops the room in the middle of an outage: before, it has told it, and afterwards it knows it, and tells its end.
func TestARoomRemembers(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { aRoomRemembers(t, newWard(t, open())) })
}

func aRoomRemembers(t *testing.T, w *ward) {
	w.live(21 * 24 * time.Hour)
	stopped := w.at
	w.follow(func(r *continuity.Room) bool {
		if !heardAll(uint64(w.n))(r) {
			return false
		}
		w.sleep(stopped.Add(90 * time.Minute))
		return silent(r)
	})
	w.sleep(stopped.Add(100 * time.Minute))
	room := w.follow(w.told)
	if got := w.filed(); !slices.Equal(got, []string{"wardline-continuity-silent"}) {
		t.Errorf("filed: %q", got)
	}
	signs, err := room.Signs(t.Context(), 10)
	if err != nil || len(signs) != 1 || signs[0].Expected < 20 {
		t.Errorf("%+v %v", signs, err)
	}
	w.at = stopped.Add(2 * time.Hour)
	w.live(10 * time.Minute)
	room = w.follow(func(r *continuity.Room) bool { return heardAll(uint64(w.n))(r) && !silent(r) })
	if signs, err = room.Signs(t.Context(), 10); err != nil || len(signs) != 2 || !signs[0].Ended {
		t.Errorf("%+v %v", signs, err)
	}
}

// TestARestartForgetsNothing has a laboratory speak for five weeks, patients come and go on 25 units, and servers write their logs: what is known of both is taken up as it was.
func TestARestartForgetsNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		w.live(5 * weeks)
		var lines []journal.Line
		for n := range 6 {
			ev := event.Event{Source: "syslog/10.0.0.1", Class: w.tax.Class("linux", "syslog", ""), Format: "syslog", Time: w.at, Observed: w.at, Fields: fmt.Appendf(nil, `{"hostname":"srv-%d"}`, n), ID: event.NewID("srv", fmt.Sprint(n))}
			lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)})
		}
		stays := 0
		for unit := range 25 { // more than are watched; the events always are
			for _, kind := range []string{"A01", "A02", "A03"} {
				stays++
				text := fmt.Sprintf("MSH|^~\\&|ADMIN|MAIN|EHR|MAIN|20300708||ADT^%s|%d|P|2.5.1\rPV1|1|I|W%d\r", kind, stays, unit)
				fields, err := json.Marshal(map[string]string{"message": text, "MSH-3.1": "ADMIN", "MSH-4.1": "MAIN", "MSH-5.1": "EHR", "MSH-9.1": "ADT", "MSH-9.2": kind, "MSH-10": fmt.Sprint("S", stays)})
				if err != nil {
					t.Fatal(err)
				}
				ev := event.Event{Source: "mllp/10.0.0.5", Class: w.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: w.at, Observed: w.at, Fields: fields, ID: event.NewID("adt", fmt.Sprint(stays))}
				lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)})
			}
		}
		if _, err := w.journal.Append(t.Context(), lines...); err != nil {
			t.Fatal(err)
		}
		w.live(2 * time.Hour)
		before, err := w.follow(func(r *continuity.Room) bool {
			all := uint64(0)
			for _, f := range r.Feeds() {
				all += f.Count
			}
			return all == uint64(w.n+stays)
		}).State()
		if err != nil {
			t.Fatal(err)
		}
		for _, known := range []string{"srv-5", `"event A03":{"`, `"unit W19":{"`, `"After":75`, `"Beside":{"Seen":3,"Own":3}`, `"Units":{"`, `"Feeds":[{"ID":"`, `"Siblings":{"`, `"Halved":"20`} { // else nothing could be forgotten
			if !strings.Contains(before, known) {
				t.Errorf("%s is not known", known)
			}
		}
		after, err := w.open().State()
		if err != nil || after != before {
			t.Errorf("%v: known before:\n%s\nand afterwards:\n%s", err, before, after)
		}
	})
}

// TestADownNodeHearsNothing has the node be away for half a day, in which the laboratory spoke to nobody: that is no silence of the laboratory's.
func TestADownNodeHearsNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { aDownNodeHearsNothing(t, newWard(t, open())) })
}

func aDownNodeHearsNothing(t *testing.T, w *ward) {
	w.live(21 * 24 * time.Hour)
	w.follow(heardAll(uint64(w.n)))
	w.at = w.at.Add(12 * time.Hour)
	w.sleep(w.at)
	w.follow(func(r *continuity.Room) bool {
		time.Sleep(2200 * time.Millisecond) // so that it was looked at
		return heardAll(uint64(w.n))(r)
	})
	w.live(time.Hour)
	room := w.follow(heardAll(uint64(w.n)))
	if got := w.filed(); len(got) > 0 || silent(room) {
		t.Errorf("filed: %q", got)
	}
}

// TestWhatAPersonCallsOrdinaryIsKept has a person say that a pause is usual; the next one of its kind is not told.
func TestWhatAPersonCallsOrdinaryIsKept(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { whatAPersonCallsOrdinaryIsKept(t, newWard(t, open())) })
}

func whatAPersonCallsOrdinaryIsKept(t *testing.T, w *ward) {
	w.live(21 * 24 * time.Hour)
	stopped := w.at
	w.follow(func(r *continuity.Room) bool {
		if !heardAll(uint64(w.n))(r) {
			return false
		}
		if w.sleep(stopped.Add(90 * time.Minute)); silent(r) {
			w.sleep(stopped.Add(95 * time.Minute))
		}
		if !w.told(r) {
			return false
		}
		said, err := r.Ordinary(t.Context(), r.Feeds()[0].ID)
		return said && err == nil
	})
	w.at = stopped.Add(100 * time.Minute)
	w.live(time.Hour)
	stopped = w.at
	room := w.follow(func(r *continuity.Room) bool {
		if !heardAll(uint64(w.n))(r) {
			return false
		}
		w.sleep(stopped.Add(95 * time.Minute))
		time.Sleep(2200 * time.Millisecond) // so that it was looked at
		return true
	})
	if got := w.filed(); len(got) != 1 || silent(room) {
		t.Errorf("filed: %q", got)
	}
	if all, err := room.Incidents(t.Context(), 10); err != nil || len(all) != 1 || all[0].Ended.IsZero() {
		t.Errorf("the first pause still goes on: %+v %v", all, err)
	}
}

// TestAFeedThatIsGoneIsForgotten has the laboratory be switched off for good: after two months nothing of it is kept.
func TestAFeedThatIsGoneIsForgotten(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		w.live(2 * 24 * time.Hour)
		stopped := w.at
		w.follow(heardAll(uint64(w.n)))
		w.sleep(stopped.AddDate(0, 0, 61))
		w.follow(func(r *continuity.Room) bool { return len(r.Feeds()) == 0 })
		for _, table := range []string{"continuity_feeds", "continuity_ways", "continuity_links"} {
			var n int
			if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d rows, %v", table, n, err)
			}
		}
	})
}

// TestNoPatientIsFiled has an interface engine name a channel after a patient: neither what is filed nor what is kept says who.
func TestNoPatientIsFiled(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		w.hide = func(text string) string { return strings.ReplaceAll(text, "TESTPERSON", "pt_1") }
		fields, err := json.Marshal(map[string]string{"message": "channel=TESTPERSON_IN state=disconnected"})
		if err != nil {
			t.Fatal(err)
		}
		ev := event.Event{Source: "syslog/10.0.0.5", Class: w.tax.Class("linux", "syslog", ""), Format: "syslog", Time: w.at, Observed: w.at, Fields: fields, ID: event.NewID("engine", "1")}
		if _, err := w.journal.Append(t.Context(), journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)}); err != nil {
			t.Fatal(err)
		}
		w.sleep(w.at)
		room := w.follow(func(r *continuity.Room) bool {
			signs, err := r.Signs(t.Context(), 10)
			return err == nil && len(signs) == 1
		})
		signs, err := room.Signs(t.Context(), 10)
		if err != nil || !strings.Contains(signs[0].Text(), "pt_1") {
			t.Errorf("%+v %v", signs, err)
		}
		for i := range w.journal.Size() {
			e, err := w.journal.Entry(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range e.Lines() {
				if e.Header.Kind == journal.Findings && strings.Contains(string(line), "TESTPERSON") {
					t.Errorf("filed: %s", line)
				}
			}
		}
	})
}

// TestWhoIsAPatientMayBeHeardLater has a channel bear a name of which it is heard afterwards that it is a patient's: what was told of it before does not show it any more.
func TestWhoIsAPatientMayBeHeardLater(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		fields := []byte(`{"message":"channel=TESTPERSON_IN state=disconnected"}`)
		ev := event.Event{Source: "syslog/10.0.0.5", Class: w.tax.Class("linux", "syslog", ""), Format: "syslog", Time: w.at, Observed: w.at, Fields: fields, ID: event.NewID("engine", "1")}
		if _, err := w.journal.Append(t.Context(), journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)}); err != nil {
			t.Fatal(err)
		}
		w.sleep(w.at)
		w.follow(w.told)
		w.hide = func(text string) string { return strings.ReplaceAll(text, "TESTPERSON", "pt_1") }
		room := w.follow(w.told)
		all, err := room.Incidents(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		one, err := room.Incident(t.Context(), all[0].ID, continuity.Counted{})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []continuity.IncidentView{all[0], *one} {
			if said := i.Facts[0].Says + strings.Join(i.Names(), " "); strings.Contains(said, "TESTPERSON") || !strings.Contains(said, "pt_1") {
				t.Errorf("shown: %s", said)
			}
		}
	})
}

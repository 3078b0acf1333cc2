package watch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault/veil"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
	"github.com/wardline/wardline/internal/watch"
)

// rules are what most tests judge by.
const rules = `title: Backup deleted
id: 6f2b8f5e-0000-4000-8000-000000000001
level: high
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine|contains: 'delete shadows'}, condition: s}
---
title: Login failed
name: failed
id: 6f2b8f5e-0000-4000-8000-000000000002
level: low
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Guessing
id: 6f2b8f5e-0000-4000-8000-000000000003
level: medium
correlation: {type: event_count, rules: [failed], group-by: [TargetUserName], timespan: 5m, condition: {gte: 3}}
`

func taxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// compile makes a set of rules and of a list of indicators; "" is no list.
func compile(t testing.TB, text, list string) *watch.Set {
	t.Helper()
	return compileWith(t, text, indicators(t, list))
}

func compileWith(t testing.TB, text string, listed *indicator.Set) *watch.Set {
	t.Helper()
	docs, problems := sigma.Parse("ward.yml", []byte(text), sigma.Options{})
	set, refused := watch.Compile(docs.Rules, docs.Correlations, listed, taxonomy(t))
	for _, p := range append(problems, refused...) {
		if !p.Warning {
			t.Fatal(p)
		}
	}
	return set
}

func indicators(t testing.TB, list string) *indicator.Set {
	t.Helper()
	if list == "" {
		return nil
	}
	file := write(t, "list.txt", list)
	set, problems, err := feed.Load([]string{file}, feed.DefaultLimits())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return set
}

// ward is a node in small: a journal, a database, what watches and the queue.
type ward struct {
	t       testing.TB
	dir     string
	journal *journal.Journal
	db      *store.DB
	tax     *event.Taxonomy
	veil    *veil.Veil
	records int64
}

func newWard(t testing.TB, db *store.DB) *ward {
	t.Helper()
	w := &ward{t: t, dir: filepath.Join(t.TempDir(), "journal"), db: db, tax: taxonomy(t), veil: veiltest.New()}
	j, err := journal.Open(t.Context(), journal.Config{Dir: w.dir, Ballast: -1}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	w.journal = j
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := j.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return w
}

// sayAt is the line of the journal at a place.
func (w *ward) sayAt(at finding.Place) string {
	w.t.Helper()
	e, err := w.journal.Entry(w.t.Context(), at.Entry)
	if err != nil {
		w.t.Fatal(err)
	}
	for n, line := range e.Lines() {
		if n == at.Line {
			return string(line)
		}
	}
	return ""
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

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

// said is an event of a host's log: code is its EventID, and fields what else it says.
type said struct {
	at     time.Time
	host   string
	code   string
	fields string

	received time.Time // when it is not when it happened
}

func (w *ward) line(s said) journal.Line {
	w.t.Helper()
	w.records++
	log := "Security"
	if s.code == "1" {
		log = "Microsoft-Windows-Sysmon/Operational"
	}
	if s.received.IsZero() {
		s.received = s.at
	}
	ev := &event.Event{
		ID: event.NewID(s.host, fmt.Sprint(w.records)), Source: "syslog/" + s.host, Record: w.records, Time: s.at, Observed: s.received, Format: "windows",
		Class: w.tax.Class("windows", log, s.code), Fields: []byte(`{"EventID":` + s.code + `,"Computer":"` + s.host + `"` + s.fields + `}`),
	}
	return journal.Line{Kind: journal.Events, Source: ev.Source, Time: s.at, JSON: event.AppendLine(nil, ev)}
}

// say seals events as one entry.
func (w *ward) say(all ...said) journal.Place {
	w.t.Helper()
	var lines []journal.Line
	for _, s := range all {
		lines = append(lines, w.line(s))
	}
	at, err := w.journal.Append(w.t.Context(), lines...)
	if err != nil {
		w.t.Fatal(err)
	}
	return at
}

func deleted(at time.Time, host string) said {
	return said{at: at, host: host, code: "1", fields: `,"CommandLine":"vssadmin.exe Delete Shadows /all","User":"ada"`}
}

func failed(at time.Time, user string) said {
	return said{at: at, host: "DC-1", code: "4625", fields: `,"TargetUserName":"` + user + `"`}
}

func harmless(at time.Time) said {
	return said{at: at, host: "WS-9", code: "4634", fields: `,"TargetUserName":"bob"`}
}

func (w *ward) live(set *watch.Set, change ...func(*watch.LiveConfig)) *watch.Live {
	w.t.Helper()
	cfg := watch.LiveConfig{Journal: w.journal, DB: w.db, Vault: w.veil.Vault(), Taxonomy: w.tax, Set: set, Log: quiet(), Checkpoint: 10 * time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	l, err := watch.NewLive(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// until waits for what must come.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// follow runs l until all that is in the journal now was judged, and stops it.
func (w *ward) follow(l *watch.Live) error {
	w.t.Helper()
	size := w.journal.Size()
	return w.during(l, func(ended func() bool) {
		until(w.t, "all entries to be judged", func() bool { return ended() || l.State().Next >= size })
	})
}

// during runs l for as long as act lasts.
func (w *ward) during(l *watch.Live, act func(ended func() bool)) error {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	ended := func() bool {
		select {
		case err := <-done:
			done <- err
			return true
		default:
			return false
		}
	}
	act(ended)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// queue lets a desk follow the whole journal, and describes what it holds: rule, hosts and users, events.
func (w *ward) queue(desk *triage.Desk) []string {
	w.t.Helper()
	var all []string
	for _, i := range w.items(desk) {
		all = append(all, fmt.Sprintf("%s %s %d", i.Rule.Title, strings.Join(append(i.Entities["host"], i.Entities["user"]...), " "), i.Count))
	}
	slices.Sort(all)
	return all
}

func (w *ward) items(desk *triage.Desk) []triage.Item {
	w.t.Helper()
	// The desk notes its position with each entry of findings; this one is known to it last.
	last := `{"finding":{"id":"end","kind":"policy","rule":{"title":"end","level":"informational"},"count":1},"watcher":"test","from":{"entry":` + fmt.Sprint(w.journal.Size()) + `}}`
	if _, err := w.journal.Append(w.t.Context(), journal.Line{Kind: journal.Findings, JSON: []byte(last)}); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	var before int // as of when the desk does not run yet: it may be quicker than the question
	if i, err := desk.Get(ctx, "end"); err == nil {
		before = i.Count
	}
	done := make(chan error, 1)
	go func() { done <- desk.Run(ctx, w.journal) }()
	until(w.t, "the desk to come to the end", func() bool {
		i, err := desk.Get(ctx, "end")
		return err == nil && i.Count > before
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		w.t.Fatal(err)
	}
	items, err := desk.List(w.t.Context(), triage.Filter{Level: "low"})
	if err != nil {
		w.t.Fatal(err)
	}
	return items
}

func (w *ward) desk() *triage.Desk {
	w.t.Helper()
	d, err := triage.Open(w.t.Context(), w.db, w.veil)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

package finding_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// happened is an event of a made-up log that names hosts, users and patients.
func happened(t *testing.T, second int, fields string) *event.Event {
	t.Helper()
	class := &event.Class{Entities: map[string][]string{
		"host": {"computer", "machine"}, "user": {"who"}, "patient": {"patients"},
	}}
	ev := &event.Event{Source: "log", Record: int64(second), Time: start.Add(time.Duration(second) * time.Second), Class: class, Fields: []byte(fields)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	return ev
}

func rule(level, title string) *finding.Rule {
	return &finding.Rule{ID: title, Title: title, Level: level, Author: "somebody"}
}

func TestOneFindingForEachRuleAndHost(t *testing.T) {
	b := finding.NewBook(2)
	noisy, bad := rule("low", "noisy"), rule("critical", "bad")
	b.Add(finding.Threat, noisy, happened(t, 3, `{"computer":"WS-1","who":"ada"}`))
	b.Add(finding.Threat, noisy, happened(t, 1, `{"computer":"ws-1","who":"bob"}`)) // names of hosts know no case
	b.Add(finding.Threat, noisy, happened(t, 2, `{"machine":"WS-1","who":"-"}`))
	b.Add(finding.Threat, noisy, happened(t, 4, `{"computer":"WS-2"}`))
	b.Add(finding.Theft, bad, happened(t, 5, `{"who":"eve","patients":["T1","T2"]}`))
	got := b.Findings()
	if len(got) != 3 {
		t.Fatalf("%d findings, want 3", len(got))
	}
	if got[0].Rule.Title != "bad" || !cmp.Equal(got[0].Entities["patient"], []string{"T1", "T2"}) {
		t.Errorf("the worst comes first and names its patients: %+v", got[0])
	}
	ws1 := got[1]
	if ws1.Count != 3 || len(ws1.Events) != 2 || !ws1.First.Equal(start.Add(time.Second)) || !ws1.Last.Equal(start.Add(3*time.Second)) {
		t.Errorf("count %d, %d events, %v to %v", ws1.Count, len(ws1.Events), ws1.First, ws1.Last)
	}
	if ws1.Events[0].Record != 1 || ws1.Events[1].Record != 2 {
		t.Error("the earliest events are kept, in order")
	}
	if want := []string{"ada", "bob"}; !cmp.Equal(ws1.Entities["user"], want) {
		t.Errorf("users %v, want %v", ws1.Entities["user"], want)
	}
}

// TestMergeDoesNotDependOnWhoSawWhat splits a stream among workers in several ways.
func TestMergeDoesNotDependOnWhoSawWhat(t *testing.T) {
	var want string
	for workers := 1; workers <= 4; workers++ {
		books := make([]*finding.Book, workers)
		for i := range books {
			books[i] = finding.NewBook(3)
		}
		for i := range 40 {
			ev := happened(t, i, fmt.Sprintf(`{"computer":"WS-%d","who":"user%d"}`, i%3, i%14))
			books[i%workers].Add(finding.Threat, rule("high", "r"), ev)
		}
		for _, other := range books[1:] {
			books[0].Merge(other)
		}
		got, err := json.Marshal(books[0].Findings())
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = string(got)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
	}
}

func TestJoinedEventsNameWhatTheyHaveToDoWith(t *testing.T) {
	b := finding.NewBook(10)
	first, second := finding.NewEvidence(happened(t, 1, `{"computer":"WS-1","who":"ada"}`)), finding.NewEvidence(happened(t, 2, `{"computer":"WS-2","who":"ada"}`))
	b.AddJoined(finding.Threat, rule("high", "spray"), "ada", []finding.Evidence{first, second})
	got := b.Findings()[0]
	if got.Count != 2 || !cmp.Equal(got.Entities, map[string][]string{"host": {"WS-1", "WS-2"}, "user": {"ada"}}) {
		t.Errorf("%d events, %v", got.Count, got.Entities)
	}
}

// TestEntitiesAreBounded: a hostile log cannot fill the memory by names.
func TestEntitiesAreBounded(t *testing.T) {
	b := finding.NewBook(1)
	for i := range 50 {
		b.Add(finding.Threat, rule("high", "r"), happened(t, i, fmt.Sprintf(`{"computer":"WS","who":"%02d%s"}`, i, strings.Repeat("é", 400))))
	}
	users := b.Findings()[0].Entities["user"]
	if len(users) != 10 || len(users[0]) > 256 {
		t.Errorf("%d users, the first of %d bytes", len(users), len(users[0]))
	}
}

func TestUnknownTimesAreNull(t *testing.T) {
	b := finding.NewBook(1)
	ev := happened(t, 0, `{"computer":"WS"}`)
	ev.Time = time.Time{}
	b.Add(finding.Threat, rule("high", "r"), ev)
	got, err := json.Marshal(b.Findings()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"first":null,"last":null`, `"record":0,"time":null`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestRank(t *testing.T) {
	if finding.Rank("critical") <= finding.Rank("high") || finding.Rank("informational") <= finding.Rank("no level") {
		t.Error("levels are out of order")
	}
}

package event_test

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

func taxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

func TestLinesAreReadBackAsTheyWere(t *testing.T) {
	tax := taxonomy(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 890, time.UTC)
	want := event.Event{
		ID: event.NewID("syslog/10.1.2.3", "a", "7"), Source: `quoted "name"`, Record: 7, Time: at, Observed: at.Add(time.Second),
		Format: "winlogbeat", Class: tax.Class("windows", "Security", "4688"), Raw: sha256.Sum256([]byte("raw")),
		Fields: []byte("{\"id\": \"the sender's own\",\n \"class\": 3, \"nested\": {\"source\": \"x\"}}\r"),
	}
	line := event.AppendLine(nil, &want)
	if slices.Contains(line, '\n') {
		t.Error("a line has a line end")
	}
	if id, ok := event.LineID(line); !ok || id != want.ID {
		t.Errorf("got id %v, %v", id, ok)
	}
	r := event.LineReader{Taxonomy: tax, Limits: jsonl.DefaultLimits()}
	var got event.Event
	if err := r.Read(line, &got); err != nil {
		t.Fatal(err)
	}
	got.Index, want.Index = jsonl.Index{}, jsonl.Index{}
	want.Fields = []byte("{\"id\": \"the sender's own\",  \"class\": 3, \"nested\": {\"source\": \"x\"}}")
	if got.Class != want.Class {
		t.Errorf("got class %q, want %q", got.Class.Key, want.Class.Key)
	}
	got.Class, want.Class = nil, nil
	if diff := cmp.Diff(got, want, cmpopts.IgnoreUnexported(jsonl.Index{})); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

// TestEveryClassIsFoundAgain holds keys to be of one class each.
func TestEveryClassIsFoundAgain(t *testing.T) {
	tax := taxonomy(t)
	for _, c := range tax.Classes() {
		if got := tax.ByKey(c.Key); got != c {
			t.Errorf("class %d has the key %q of class %d", c.ID, c.Key, got.ID)
		}
	}
	if got, want := tax.ByKey("windows/security/4688-no-more/kind"), tax.ByKey("windows/security"); got != want {
		t.Errorf("a key that is not listed any more gives %q, want %q", got.Key, want.Key)
	}
	if got := tax.ByKey("pigeon/post"); got.ID != 0 {
		t.Errorf("a product that is not listed any more gives %q", got.Key)
	}
}

func TestLinesThatAreNoneAreRefused(t *testing.T) {
	r := event.LineReader{Taxonomy: taxonomy(t), Limits: jsonl.DefaultLimits()}
	for _, line := range []string{
		``, `{}`, `[]`, `{"id":"00"}`,
		`{"id":"00000000000000000000000000000000","source":"s","record":1,"format":"f","class":""}`,
		`{"id":"00000000000000000000000000000000","source":"s","record":"x","format":"f","class":"","fields":{}}`,
		`{"id":"00000000000000000000000000000000","source":"\u1","record":1,"format":"f","class":"","fields":{}}`,
		`{"id":"00000000000000000000000000000000","source":"\x","record":1,"format":"f","class":"","fields":{}}`,
		`{"id":"00000000000000000000000000000000","source":"s","record":1,"time":"noon","format":"f","class":"","fields":{}}`,
		`{"id":"00000000000000000000000000000000","source":"s","record":1,"format":"f","class":"","raw":"00","fields":{}}`,
		`{"id":"00000000000000000000000000000000","source":"s","record":1,"format":"f","class":"","fields":[]}`,
	} {
		var ev event.Event
		if err := r.Read([]byte(line), &ev); err == nil {
			t.Errorf("%s was read", line)
		}
	}
}

func TestSeenRemembersTheLatest(t *testing.T) {
	s := event.NewSeen(3)
	id := func(n byte) event.ID { return event.ID{n} }
	for n := range byte(10) {
		if s.Add(id(n)) {
			t.Errorf("%d was there before", n)
		}
	}
	for n := byte(7); n < 10; n++ {
		if !s.Add(id(n)) {
			t.Errorf("%d of the latest three is forgotten", n)
		}
	}
	if s.Add(id(0)) {
		t.Error("the first of ten is remembered")
	}
}

func FuzzLine(f *testing.F) {
	tax := taxonomy(f)
	ev := event.Event{Source: "s", Record: 1, Format: "f", Class: tax.ByKey("ehr/audit"), Fields: []byte(`{"a":"b"}`), Time: time.Unix(1, 0), Observed: time.Unix(2, 0)}
	f.Add(event.AppendLine(nil, &ev))
	f.Add([]byte(`{"id":"00000000000000000000000000000000","source":"s","record":1,"format":"f","class":"","fields":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r := event.LineReader{Taxonomy: tax, Limits: jsonl.DefaultLimits()}
		var got event.Event
		if r.Read(line, &got) != nil {
			return
		}
		again := event.AppendLine(nil, &got)
		var twice event.Event
		if err := r.Read(again, &twice); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if string(event.AppendLine(nil, &twice)) != string(again) {
			t.Fatal("written twice, it differs")
		}
	})
}

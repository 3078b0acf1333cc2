package index_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
)

// A small night at an invented hospital.
func night() *log {
	l := newLog()
	l.add(
		record{time: noon, fields: `{"message":"Accepted password for nurse17 from 10.3.0.9","uid":1017}`},
		record{time: noon.Add(time.Second), fields: `{"message":"Failed password for root","uid":0,"tags":["ssh","brute force"]}`},
	)
	l.add() // an entry without events
	l.add(
		record{time: noon.Add(2 * time.Second), source: "ris", format: "hl7", fields: `{"access":{"user":"RÖNTGEN","role":["P-1","P-2"],"n":2.5},"note":"read \"all\" | of * it"}`},
		record{time: noon.Add(2 * time.Second), source: "ris", format: "hl7", fields: `{"access":{"user":"meier","role":["P-3"]},"_time":"soon","*":"star","@line":"x"}`},
	)
	return l
}

func TestSearch(t *testing.T) {
	l := night()
	x := run(t, config(t), l)
	x.through(l)
	field := func(name string, op index.Op, value string) index.Query {
		return index.Query{Fields: []index.Field{{Name: name, Op: op, Value: value}}}
	}
	for _, tt := range []struct {
		name string
		q    index.Query
		want []string
	}{
		{"everything, newest first", index.Query{}, []string{"2/1", "2/0", "0/1", "0/0"}},
		{"everything, oldest first", index.Query{Oldest: true}, []string{"0/0", "0/1", "2/0", "2/1"}},
		{"the newest", index.Query{Limit: 1}, []string{"2/1"}},
		{"a word", index.Query{Text: "password"}, []string{"0/1", "0/0"}},
		{"a word in capitals", index.Query{Text: "PASSWORD"}, []string{"0/1", "0/0"}},
		{"a word that stands in capitals", index.Query{Text: "röntgen"}, []string{"2/0"}},
		{"a word with a capital", index.Query{Text: "failed"}, []string{"0/1"}},
		{"an address", index.Query{Text: "10.3.0.9"}, []string{"0/0"}},
		{"two words", index.Query{Text: "password nurse17"}, []string{"0/0"}},
		{"a phrase", index.Query{Text: `"for root"`}, []string{"0/1"}},
		{"the beginning of a word", index.Query{Text: "nurse*"}, []string{"0/0"}},
		{"not a word", index.Query{Text: "password -root"}, []string{"0/0"}},
		{"a word of a list", index.Query{Text: "brute"}, []string{"0/1"}},
		{"a field is", field("access.user", index.Is, "meier"), []string{"2/1"}},
		{"a field of numbers is", field("uid", index.Is, "0"), []string{"0/1"}},
		{"one of the values is", field("access.role", index.Is, "P-2"), []string{"2/0"}},
		{"the only value is", field("access.role", index.Is, "P-3"), []string{"2/1"}},
		{"a value is not part of one", field("access.role", index.Is, "P"), nil},
		{"a field is not", field("access.user", index.IsNot, "meier"), []string{"2/0", "0/1", "0/0"}},
		{"no value is", field("access.role", index.IsNot, "P-1"), []string{"2/1", "0/1", "0/0"}},
		{"contains", field("message", index.Contains, "word for r"), []string{"0/1"}},
		{"begins", field("message", index.Begins, "Acc"), []string{"0/0"}},
		{"one of the values begins", field("tags", index.Begins, "bru"), []string{"0/1"}},
		{"exists", field("uid", index.Exists, ""), []string{"0/1", "0/0"}},
		{"more", field("uid", index.More, "0"), []string{"0/0"}},
		{"at least", field("uid", index.AtLeast, "0"), []string{"0/1", "0/0"}},
		{"less", field("access.n", index.Less, "2.51"), []string{"2/0"}},
		{"at most", field("access.n", index.AtMost, "2.4"), nil},
		{"source", field("@source", index.Is, "ris"), []string{"2/1", "2/0"}},
		{"format", field("@format", index.Is, "syslog"), []string{"0/1", "0/0"}},
		{"class", field("@class", index.Is, "linux/auth"), []string{"2/1", "2/0", "0/1", "0/0"}},
		{"entry", field("@entry", index.Is, "2"), []string{"2/1", "2/0"}},
		{"what would end the quotes", field("note", index.Is, `read "all" | of * it`), []string{"2/0"}},
		{"a sender's own _time", field("_time", index.Is, "soon"), []string{"2/1"}},
		{"a sender's own @line", field("fields.@line", index.Is, "x"), []string{"2/1"}},
		{"a field with an odd name", field("*", index.Is, "star"), []string{"2/1"}},
		{"from", index.Query{From: noon.Add(time.Second)}, []string{"2/1", "2/0", "0/1"}},
		{"to", index.Query{To: noon.Add(time.Second)}, []string{"0/0"}},
		{"behind the newest", index.Query{After: &index.Cursor{Time: noon.Add(2 * time.Second), Entry: 2, Line: 1}}, []string{"2/0", "0/1", "0/0"}},
		{"behind the oldest", index.Query{Oldest: true, After: &index.Cursor{Time: noon, Entry: 0, Line: 0}}, []string{"0/1", "2/0", "2/1"}},
		{"expert", index.Query{Expert: `uid:in(0,1017) message:~"nurse[0-9]+"`}, []string{"0/0"}},
		{"expert with a comment", index.Query{Expert: `uid:0 # root`}, []string{"0/1"}},
		{"expert and a word", index.Query{Text: "root", Expert: `uid:* or access.n:*`}, []string{"0/1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(x.find(tt.q), tt.want); diff != "" {
				t.Errorf("found, wanted:\n%s", diff)
			}
		})
	}
}

func TestHit(t *testing.T) {
	l := night()
	x := run(t, config(t), l)
	x.through(l)
	var got []index.Hit
	_, err := x.Search(context.Background(), index.Query{Text: "röntgen"}, func(h index.Hit) error {
		got = append(got, h)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []index.Hit{{
		Time: noon.Add(2 * time.Second), Entry: 2, Line: 0, ID: "", Source: "ris", Format: "hl7", Class: "linux/auth",
		Fields: []byte(`{"access.n":"2.5","access.role":"[\"P-1\",\"P-2\"]","access.user":"RÖNTGEN","note":"read \"all\" | of * it"}`),
	}}
	if len(got) == 1 {
		want[0].ID = got[0].ID
	}
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("got, want:\n%s", diff)
	}
}

// Events lie close together, far apart, and many at one instant. Page by page they come in order, each once, and
// no page needs many questions. So they do when few are held at a time.
func TestSlicesAndTies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	l := newLog()
	var want []index.Hit
	for e := range 30 {
		var records []record
		for n := range 100 {
			at := noon // a third of all
			switch r.IntN(3) {
			case 0:
				at = noon.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
			case 1:
				at = noon.Add(-time.Duration(r.Int64N(int64(300 * 24 * time.Hour))))
			}
			records = append(records, record{time: at, observed: noon, fields: `{"a":1}`})
			want = append(want, index.Hit{Time: at, Entry: uint64(e), Line: n})
		}
		l.add(records...)
	}
	slices.SortFunc(want, func(a, b index.Hit) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line))
	})
	x := run(t, config(t), l)
	x.through(l)
	for n, way := range []struct {
		oldest, places bool
		held, asks     int
	}{{true, false, 64 << 20, 120}, {false, false, 64 << 20, 120}, {true, true, 20_000, 300}, {false, false, 20_000, 300}} {
		x.HoldAtMost(way.held)
		var got []index.Hit
		q := index.Query{Limit: 70, Oldest: way.oldest, Places: way.places}
		for {
			stats, err := x.Search(context.Background(), q, func(h index.Hit) error {
				got = append(got, index.Hit{Time: h.Time, Entry: h.Entry, Line: h.Line})
				if way.places != (string(h.Fields) == "{}") {
					t.Fatalf("fields %s", h.Fields)
				}
				q.After = h.Cursor()
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if stats.Asks > way.asks {
				t.Errorf("%d questions for a page", stats.Asks)
			}
			if !stats.More {
				break
			}
		}
		if diff := gocmp.Diff(got, want); diff != "" {
			t.Errorf("way %d: got, want:\n%.2000s", n, diff)
		}
		slices.Reverse(want)
	}
}

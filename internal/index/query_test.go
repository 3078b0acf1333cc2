package index_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
)

// hostile is what people and senders write who want more than they may.
var hostile = []string{
	`"`, `\`, `\"`, `'`, "`", `") or *`, `" | delete *`, `x" or "@line":* or "`, `*`, `a*`, `(`, `)`, `{@format="x"}`, `# comment`,
	"a\nb", "\x00", "\u202e", "=x", "!x", "-x", "not x", "_time:1d", "options(ignore_global_time_filter=true) *",
	"in(* | fields x)", "\xff", "é", "\ufffd", "a\\", "$x", "i(x)", "re(.*)", "~.*", `json_array_contains_any("x")`, "[\"x\"]", " x ", ",", ";", "|",
}

// matches tells whether VictoriaLogs finds a row with one field by a filter.
func matches(t *testing.T, filter, name, value string) bool {
	t.Helper()
	f, err := logstorage.ParseFilter(filter)
	if err != nil {
		t.Fatalf("not a filter: %v", err)
	}
	return f.MatchRow([]logstorage.Field{{Name: name, Value: value}})
}

func valid(s string) string { return string([]rune(s)) }

// checkField holds a question to a field against rows that it must find and must not.
func checkField(t *testing.T, name, value, other string) {
	t.Helper()
	for _, tt := range []struct {
		op          index.Op
		same, apart bool // finds the value; finds another
	}{
		{index.Is, true, false}, {index.IsNot, false, true}, {index.Contains, true, strings.Contains(valid(other), valid(value))},
		{index.Begins, true, strings.HasPrefix(valid(other), valid(value)) || strings.Contains(other, `"`+value)},
	} {
		q := index.Query{Fields: []index.Field{{Name: name, Op: tt.op, Value: value}}}
		filter, err := q.Filter()
		if err != nil {
			return // too long
		}
		column := valid(index.Column(name))
		if strings.HasPrefix(name, "@") {
			continue // may be one of the index's own
		}
		if got := matches(t, filter, column, valid(value)); got != tt.same {
			t.Errorf("%s finds its own value: %v, want %v, by %s", tt.op, got, tt.same, filter)
		}
		if valid(other) == valid(value) || strings.HasPrefix(strings.TrimSpace(other), "[") || value == "" || other == "" {
			continue
		}
		if got := matches(t, filter, column, valid(other)); got != tt.apart {
			t.Errorf("%s finds another value: %v, want %v, by %s", tt.op, got, tt.apart, filter)
		}
	}
}

func FuzzFieldCannotBreakOut(f *testing.F) {
	for _, s := range hostile {
		f.Add("user", s, "meier")
		f.Add(s, "meier", s)
		f.Add(s, s, "x")
	}
	f.Fuzz(func(t *testing.T, name, value, other string) { checkField(t, name, value, other) })
}

// A text is always a valid filter, and cannot find a row that holds none of its words.
func FuzzTextCannotBreakOut(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
		f.Add(`"` + s + `" -` + s + " " + s + "*")
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := index.Query{Text: text}
		filter, err := q.Filter()
		if err != nil {
			return // too long
		}
		found := matches(t, filter, "message", "qqqq")
		if strings.Contains(strings.ToLower(text), "q") || strings.TrimSpace(text) == "" || filter == "*" || strings.Contains(filter, "!(") {
			return
		}
		if found {
			t.Errorf("a row without the words is found by %s", filter)
		}
	})
}

// The real process holds rows with hostile names and values, and finds each by just what it is.
func TestHostileNamesAndValues(t *testing.T) {
	l := newLog()
	for _, s := range hostile {
		l.add(record{time: noon, fields: fmt.Sprintf(`{"value":%s}`, quoteJSON(s))})
		l.add(record{time: noon, fields: fmt.Sprintf(`{%s:"by name"}`, quoteJSON(s))})
	}
	x := run(t, config(t), l)
	x.through(l)
	for i, s := range hostile {
		if strings.Contains(s, "\xff") || s == "\ufffd" {
			continue // the two read the same
		}
		q := index.Query{Fields: []index.Field{{Name: "value", Op: index.Is, Value: s}}}
		want := []string{fmt.Sprintf("%d/0", 2*i)}
		if s == "x" {
			want = append(want, "")
		}
		if diff := cmp.Diff(x.find(q), want); diff != "" {
			t.Errorf("value %d: found, wanted:\n%s", i, diff)
		}
		q = index.Query{Fields: []index.Field{{Name: s, Op: index.Is, Value: "by name"}}}
		if diff := cmp.Diff(x.find(q), []string{fmt.Sprintf("%d/0", 2*i+1)}); diff != "" {
			t.Errorf("name %d: found, wanted:\n%s", i, diff)
		}
		for _, q := range []index.Query{{Text: s}, {Text: `"` + s + `"`}, {Text: "-" + s}} {
			if _, err := x.Search(context.Background(), q, func(index.Hit) error { return nil }); err != nil {
				t.Errorf("text %d: %v", i, err)
			}
		}
	}
}

func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String() + `"`
}

// An expert filter may be anything but pipes and options, and stays within the bounds of time.
func TestExpertFilterStaysInBounds(t *testing.T) {
	l := newLog()
	l.add(record{time: noon, fields: `{"a":"old"}`}, record{time: noon.Add(time.Hour), fields: `{"a":"new"}`})
	x := run(t, config(t), l)
	x.through(l)
	for _, expert := range []string{
		"*", "a:* or b:*", "!a:x", "_time:>2000-01-01Z", "_time:100y", "a:in(old, new)", "(a:old or a:new)", "* # ) | x",
		`a:~"old|new"`, "a:~`old|new`", `a:~'old|new'`, `!"|"`,
	} {
		got := x.find(index.Query{Expert: expert, From: noon.Add(time.Minute), To: noon.Add(2 * time.Hour)})
		if diff := cmp.Diff(got, []string{"0/1"}); diff != "" {
			t.Errorf("%s: found, wanted:\n%s", expert, diff)
		}
	}
	for _, expert := range []string{
		"* | delete a", "a:in(_time:100y | fields a)", `"\q | fields a`, "'\\' | fields a", "a:in(options(x=1))",
		"*) | stats count() (x", "a:in(options(ignore_global_time_filter=true) * | fields a)",
		"a:in(OPTIONS # x\n(ignore_global_time_filter=true) * | fields a)", `{"a":"old"}`, "((", "'", "a:", "| fields a", ") or (", "* ; *",
	} {
		_, err := x.Search(context.Background(), index.Query{Expert: expert}, func(index.Hit) error { return nil })
		if err == nil {
			t.Errorf("%s is taken", expert)
		} else if errors.Is(err, index.ErrSlow) {
			t.Errorf("%s is asked without end", expert)
		} else if strings.Contains(err.Error(), "old") || strings.Contains(err.Error(), "fields") {
			t.Errorf("%s: the error quotes the question: %v", expert, err)
		}
	}
}

func TestQuestionsThatAreRefused(t *testing.T) {
	for name, q := range map[string]index.Query{
		"a long text":        {Text: strings.Repeat("a", 5000)},
		"many words":         {Text: strings.Repeat("a ", 100)},
		"many events":        {Limit: 1e6},
		"fewer than none":    {Limit: -1},
		"many fields":        {Fields: make([]index.Field, 100)},
		"a long name":        {Fields: []index.Field{{Name: strings.Repeat("a", 200), Op: index.Is}}},
		"an unknown op":      {Fields: []index.Field{{Name: "a", Op: "~"}}},
		"no number":          {Fields: []index.Field{{Name: "a", Op: index.More, Value: "x"}}},
		"infinity":           {Fields: []index.Field{{Name: "a", Op: index.Less, Value: "inf"}}},
		"what is no number":  {Fields: []index.Field{{Name: "a", Op: index.Less, Value: "NaN"}}},
		"a number and more":  {Fields: []index.Field{{Name: "a", Op: index.Less, Value: "1 or *"}}},
		"a number of digits": {Fields: []index.Field{{Name: "a", Op: index.Less, Value: "1_0x"}}},
	} {
		if filter, err := q.Filter(); err == nil {
			t.Errorf("%s is taken as %s", name, filter)
		}
	}
}

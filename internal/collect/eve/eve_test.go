package eve_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/event"
)

// shape hands one line to the shape, as a decoder does.
func shape(s collect.Shape, o collect.Options, line []byte) (event.Event, int, error) {
	ev := event.Event{Fields: line, Class: o.Taxonomy.Class("", "", "")}
	if err := ev.Index.Scan(line, jsonl.DefaultLimits()); err != nil {
		return ev, 0, err
	}
	obj := collect.Object{Text: line, Index: &ev.Index}
	fits := s.Fits(obj)
	if fits == 0 {
		return ev, 0, nil
	}
	var b event.Builder
	return ev, fits, s.Event(obj, o, &ev, &b)
}

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

func TestShape(t *testing.T) {
	o := options(t)
	line := []byte(`{"timestamp":"2026-03-01T11:20:30.250000+0100","flow_id":7,"event_type":"alert","src_ip":"10.1.2.3","alert":{"signature_id":1}}`)
	ev, fits, err := shape(eve.Shape(), o, line)
	if err != nil || fits < 80 {
		t.Fatal(fits, err)
	}
	if want := time.Date(2026, 3, 1, 10, 20, 30, 250e6, time.UTC); !ev.Time.Equal(want) {
		t.Errorf("time %v, want %v", ev.Time, want)
	}
	if ev.Class.Product != "suricata" || ev.Class.Service != "alert" {
		t.Errorf("class %+v", ev.Class.Logsource)
	}
	for _, other := range []string{`{}`, `{"timestamp":"2026-03-01T11:20:30Z"}`, `{"event_type":"alert"}`} {
		if _, fits, _ := shape(eve.Shape(), o, []byte(other)); fits != 0 {
			t.Errorf("%s fits", other)
		}
	}
}

// Suricata's own tests say how many events match each filter.
func TestSuricataVerify(t *testing.T) {
	o, dir := options(t), formattest.Corpora(t, "suricata-eve")
	list, err := os.Open(filepath.Join(dir, "checks.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	files, checks, events := 0, 0, 0
	for lines := json.NewDecoder(list); ; files++ {
		var test struct {
			EVE, Test string
			Events    int
			Types     map[string]int `json:"event_types"`
			Checks    []struct {
				Count int
				Match map[string]any
			}
		}
		if err := lines.Decode(&test); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		evs := readAll(t, o, filepath.Join(dir, test.EVE))
		events += len(evs)
		if len(evs) != test.Events {
			t.Errorf("%s: %d events, want %d", test.Test, len(evs), test.Events)
		}
		types := map[string]int{}
		for _, ev := range evs {
			types[fmt.Sprint(ev["event_type"])]++
		}
		if diff := cmp.Diff(types, test.Types); diff != "" {
			t.Errorf("%s: types of events (-got +want)\n%s", test.Test, diff)
		}
		for i, check := range test.Checks {
			checks++
			n := 0
			for _, ev := range evs {
				if matches(ev, check.Match) {
					n++
				}
			}
			if n != check.Count {
				t.Errorf("%s: check %d: %d events, want %d", test.Test, i, n, check.Count)
			}
		}
	}
	t.Logf("%d files, %d events, %d checks", files, events, checks)
}

func readAll(t *testing.T, o collect.Options, path string) (events []map[string]any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(z)
	scanner.Buffer(nil, 16<<20)
	s := eve.Shape()
	for scanner.Scan() {
		ev, fits, err := shape(s, o, scanner.Bytes())
		if err != nil || fits < 80 || ev.Time.IsZero() || ev.Class.Product != "suricata" {
			t.Fatalf("%s: event %d: fits %d, class %+v, %v", filepath.Base(path), len(events)+1, fits, ev.Class.Logsource, err)
		}
		var fields map[string]any
		if err := json.Unmarshal(ev.Fields, &fields); err != nil {
			t.Fatal(err)
		}
		if fields["event_type"] != ev.Class.Service && ev.Class.Service != "http" {
			t.Errorf("event_type %s has no class", fields["event_type"])
		}
		sameByIndex(t, &ev, "", fields)
		events = append(events, fields)
	}
	return events
}

// sameByIndex fails t unless the index finds every value at its path, as rules look them up.
func sameByIndex(t *testing.T, ev *event.Event, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if path != "" {
				name = path + "." + name
			}
			sameByIndex(t, ev, name, inner)
		}
	case string:
		if i := ev.Index.Find(ev.Fields, path); i < 0 || string(ev.Index.Text(ev.Fields, i, nil)) != v {
			t.Errorf("%s is not found", path)
		}
	default:
		if ev.Index.Find(ev.Fields, path) < 0 {
			t.Errorf("%s is not found", path)
		}
	}
}

// matches evaluates the filter language of suricata-verify.
func matches(ev map[string]any, filter map[string]any) bool {
	for key, want := range filter {
		if !match(ev, key, want) {
			return false
		}
	}
	return true
}

func match(ev map[string]any, key string, want any) bool {
	if key == "has-key" || key == "not-has-key" {
		return hasKeys(ev, want) == (key == "has-key")
	}
	path, op, _ := strings.Cut(key, "__")
	got, ok := lookup(ev, strings.TrimSuffix(path, "."))
	if !ok {
		return false
	}
	text, wanted := fmt.Sprint(got), fmt.Sprint(want)
	switch op {
	case "":
		return reflect.DeepEqual(got, want) || text == wanted
	case "len":
		n := len(text)
		if list, ok := got.([]any); ok {
			n = len(list)
		}
		return fmt.Sprint(n) == wanted
	case "contains", "find":
		return strings.Contains(text, wanted)
	case "startswith":
		return strings.HasPrefix(text, wanted)
	case "endswith":
		return strings.HasSuffix(text, wanted)
	}
	a, err1 := strconv.ParseFloat(text, 64)
	b, err2 := strconv.ParseFloat(wanted, 64)
	return err1 == nil && err2 == nil && (op == "gt" && a > b || op == "gte" && a >= b || op == "lt" && a < b || op == "lte" && a <= b)
}

// hasKeys tells whether ev has a field at the path, or at one of several.
func hasKeys(ev map[string]any, paths any) bool {
	list, ok := paths.([]any)
	if !ok {
		list = []any{paths}
	}
	return slices.ContainsFunc(list, func(path any) bool {
		_, ok := lookup(ev, fmt.Sprint(path))
		return ok
	})
}

// lookup follows a path such as dns.answers[0].rdata.
func lookup(v any, path string) (any, bool) {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' }) {
		if n, err := strconv.Atoi(strings.TrimSuffix(part, "]")); err == nil && strings.HasSuffix(part, "]") {
			list, _ := v.([]any)
			if n >= len(list) {
				return nil, false
			}
			v = list[n]
			continue
		}
		object, _ := v.(map[string]any)
		var ok bool
		if v, ok = object[part]; !ok {
			return nil, false
		}
	}
	return v, true
}

func FuzzShapes(f *testing.F) {
	f.Add([]byte(`{"timestamp":"2026-03-01T11:20:30.250000+0100","flow_id":7,"event_type":"alert","src_ip":"10.1.2.3"}`))
	f.Add([]byte(`{"timestamp":1,"event_type":{"a":[]},"stats":null}`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, line []byte) {
		collecttest.Shape(t, []collect.Shape{eve.Shape()}, o, formattest.Cost{Fixed: 64 << 10, PerByte: 200}, 0, line)
	})
}

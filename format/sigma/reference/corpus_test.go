package reference_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/format/sigma/reference"
)

// TestPublicCases holds each rule that its authors tested against the events that it
// must find.
func TestPublicCases(t *testing.T) {
	dir := formattest.Corpora(t, "sigma")
	cases, err := os.ReadFile(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	rules, events := 0, 0
	for line := range bytes.Lines(cases) {
		var c struct {
			Rule  string
			JSON  string
			Count []*int `json:"match_count_upstream"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		want := 1
		if len(c.Count) == 1 && c.Count[0] != nil {
			want = *c.Count[0]
		}
		rule := loadRule(t, filepath.Join(dir, c.Rule))
		got := 0
		for _, event := range windowsEvents(t, filepath.Join(dir, c.JSON)) {
			events++
			if match(t, rule, event) {
				got++
			}
		}
		if got < want {
			t.Errorf("%s: matched %d events, want %d", c.Rule, got, want)
		}
		rules++
	}
	t.Logf("%d rules found their %d events", rules, events)
}

func loadRule(t *testing.T, path string) *sigma.Rule {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	docs, problems := sigma.Parse(path, data, sigma.Options{})
	if len(docs.Rules) != 1 {
		t.Fatal(problems)
	}
	return docs.Rules[0]
}

// match evaluates the rule on the event both ways in, which must agree.
func match(t *testing.T, rule *sigma.Rule, event map[string]any) bool {
	t.Helper()
	e := reference.Evaluator{Names: func(field string) []string {
		switch field {
		case "Image":
			return []string{"NewProcessName"}
		case "ParentImage":
			return []string{"ParentProcessName"}
		}
		return nil
	}}
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := reference.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	got := e.Match(rule, reference.FromMap(event))
	if e.Match(rule, decoded) != got {
		t.Errorf("%s: verdicts differ between the decoded text and the map", rule.File)
	}
	return got
}

// windowsEvents reads events in the shape of evtx_dump and flattens them as rules expect.
func windowsEvents(t *testing.T, path string) []map[string]any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []map[string]any
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record struct {
			Event struct {
				System, EventData, UserData map[string]any
			}
		}
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		if err := d.Decode(&record); err != nil {
			t.Fatal(err)
		}
		flat := map[string]any{}
		for name, v := range record.Event.System {
			flatten(flat, name, v)
		}
		for name, v := range record.Event.EventData {
			flat[name] = v
		}
		for _, user := range record.Event.UserData {
			if fields, ok := user.(map[string]any); ok {
				for name, v := range fields {
					flat[name] = v
				}
			}
		}
		events = append(events, flat)
	}
	return events
}

// flatten writes an element with attributes as Element_Attribute.
func flatten(flat map[string]any, name string, v any) {
	element, ok := v.(map[string]any)
	if !ok {
		flat[name] = v
		return
	}
	if text, ok := element["#text"]; ok {
		flat[name] = text
	}
	if attributes, ok := element["#attributes"].(map[string]any); ok {
		for attribute, v := range attributes {
			flat[name+"_"+attribute] = v
		}
	}
}

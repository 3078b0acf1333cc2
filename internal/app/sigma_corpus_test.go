package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/evtx"
	jsonformat "github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
)

// publicRules loads the rules of the corpus that their authors have not withdrawn.
func publicRules(t testing.TB) ruleset.Set {
	t.Helper()
	set, err := ruleset.Load([]string{formattest.Corpora(t, "sigma", "rules")}, sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// reader reads files of one format, plain or packed.
type reader struct {
	t   testing.TB
	tax *event.Taxonomy
}

func newReader(t testing.TB) reader {
	t.Helper()
	tax, err := app.Taxonomy()
	if err != nil {
		t.Fatal(err)
	}
	return reader{t, tax}
}

func (r reader) file(path string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(path)
	if err == nil && strings.HasSuffix(path, ".gz") {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
			data, err = io.ReadAll(z)
		}
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

// events calls use for each event of a file: an EVTX file if its name says so, else JSON.
func (r reader) events(path string, use func(*event.Event)) {
	r.t.Helper()
	format := jsonformat.Format(windows.Shapes())
	if strings.HasSuffix(path, ".evtx.gz") {
		format = evtx.Format()
	}
	d := format.Open(bytes.NewReader(r.file(path)), collect.Options{Limits: collect.DefaultLimits(), Taxonomy: r.tax})
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &damage):
		case err != nil:
			r.t.Fatal(path, err)
		default:
			use(&ev)
		}
	}
}

// lines calls use for each line of JSON in a file.
func lines[T any](r reader, path string, use func(T)) {
	r.t.Helper()
	for d := json.NewDecoder(bytes.NewReader(r.file(path))); ; {
		var v T
		if err := d.Decode(&v); err == io.EOF {
			return
		} else if err != nil {
			r.t.Fatal(err)
		}
		use(v)
	}
}

// Every public rule loads, unless it waits for a placeholder that the site must bind.
func TestPublicRulesLoad(t *testing.T) {
	set := publicRules(t)
	engine, refused := detect.Compile(set.Rules, newReader(t).tax, detect.Options{})
	for _, p := range append(set.Problems, refused...) {
		if !p.Warning && !strings.HasPrefix(p.Reason, "placeholder %") {
			t.Error(p)
		}
	}
	t.Logf("%d rules of %d documents, the others wait for placeholders; %d run on every event of their log source", len(engine.Rules()), set.Documents, len(engine.Eager()))
}

// hits are the verdicts on a body of events: by rule id, the names of the events that match.
type hits map[string][]string

// judge asks all public rules about events.
type judge struct {
	engine  *detect.Engine
	matcher *detect.Matcher
	hits    hits
	events  int
}

func newJudge(t testing.TB) *judge {
	t.Helper()
	engine, _ := detect.Compile(publicRules(t).Rules, newReader(t).tax, detect.Options{})
	return &judge{engine, engine.Matcher(), hits{}, 0}
}

func (j *judge) ask(name string, ev *event.Event) {
	j.events++
	for _, n := range j.matcher.Match(ev) {
		id := j.engine.Rules()[n].ID
		j.hits[id] = append(j.hits[id], name)
	}
}

// publicCase is a rule and the events that its authors tested it with.
type publicCase struct {
	Rule   string
	RuleID string `json:"rule_id"`
	EVTX   string
	JSON   string
	Count  []*int `json:"match_count_upstream"`
}

// Each rule that comes with a recorded event finds it, in the log file of Windows and in the JSON that
// another reader made of it.
func TestPublicCasesAreFound(t *testing.T) {
	r := newReader(t)
	dir := formattest.Corpora(t, "sigma")
	fromEVTX, fromJSON := newJudge(t), newJudge(t)
	cases := 0
	lines(r, filepath.Join(dir, "cases.jsonl"), func(c publicCase) {
		cases++
		want := 1
		if len(c.Count) == 1 && c.Count[0] != nil {
			want = *c.Count[0]
		}
		fromEVTX.hits, fromJSON.hits = hits{}, hits{}
		r.events(filepath.Join(dir, c.EVTX), func(ev *event.Event) { fromEVTX.ask(c.RuleID, ev) })
		r.events(filepath.Join(dir, c.JSON), func(ev *event.Event) { fromJSON.ask(c.RuleID, ev) })
		if got := len(fromEVTX.hits[c.RuleID]); got < want {
			t.Errorf("%s: %d events of the log match, want %d", c.Rule, got, want)
		}
		for id, found := range fromEVTX.hits {
			if len(fromJSON.hits[id]) != len(found) {
				t.Errorf("%s on the events of %s: %d matches in the log, %d in JSON", id, c.Rule, len(found), len(fromJSON.hits[id]))
			}
		}
		for id, found := range fromJSON.hits {
			if len(fromEVTX.hits[id]) == 0 {
				t.Errorf("%s on the events of %s: no match in the log, %d in JSON", id, c.Rule, len(found))
			}
		}
	})
	t.Logf("%d cases; %d events of logs, %d of JSON", cases, fromEVTX.events, fromJSON.events)
}

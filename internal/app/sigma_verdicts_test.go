package app_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// verdicts are what two other engines found with one rule.
type verdicts struct {
	ID        string
	Rule      string
	OK        bool     `json:"engines_ok"` // both could read the rule
	Both      []string `json:"hits_both"`
	Sigmalite []string `json:"hits_sigmalite_only"`
	SigmaGo   []string `json:"hits_sigmago_only"`
}

// difference is where we differ from the others, with reason.
type difference struct {
	more, fewer int // events of the rule that only we find, and that only they find
	reason      string
}

// compare holds our hits against those of the other engines. Where these disagree either verdict will do.
// Events that the others were not shown are left out.
func (j *judge) compare(t *testing.T, r reader, path string, known map[string]difference, shown func(name string) bool) {
	t.Helper()
	rules, expected, more, fewer := 0, 0, 0, 0
	lines(r, path, func(v verdicts) {
		if !v.OK {
			return
		}
		rules++
		expected += len(v.Both)
		ours := slices.DeleteFunc(j.hits[v.ID], func(name string) bool { return !shown(name) })
		missed := beyond(v.Both, ours)
		extra := beyond(ours, slices.Concat(v.Both, v.Sigmalite, v.SigmaGo))
		if d := known[v.ID]; len(missed) != d.fewer || len(extra) != d.more {
			t.Errorf("%s (%s)\nfinds %v, which the others do not\nmisses %v, which they find\nknown are %d and %d: %s", v.Rule, v.ID, extra, missed, d.more, d.fewer, d.reason)
		}
		more, fewer = more+len(extra), fewer+len(missed)
	})
	t.Logf("%d rules, %d events, %d hits expected: %d missed and %d beyond, all explained", rules, j.events, expected, fewer, more)
}

// beyond lists what is in a and not in b.
func beyond(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool { return slices.Contains(b, name) })
}

func all(string) bool { return true }

func TestPublicCasesAgainstOtherEngines(t *testing.T) {
	r, j, dir := newReader(t), newJudge(t), formattest.Corpora(t, "sigma")
	lines(r, filepath.Join(dir, "cases.jsonl"), func(c publicCase) {
		n := 0
		r.events(filepath.Join(dir, c.JSON), func(ev *event.Event) {
			j.ask(fmt.Sprintf("%s#%d", c.RuleID, n), ev)
			n++
		})
	})
	j.compare(t, r, filepath.Join(dir, "matrix.jsonl.gz"), nil, all)
}

func TestSecurityDatasetsAgainstOtherEngines(t *testing.T) {
	r, j, dir := newReader(t), newJudge(t), formattest.Corpora(t, "security-datasets")
	lines(r, filepath.Join(dir, "index.jsonl"), func(f struct{ File string }) {
		n, stem := 0, strings.TrimSuffix(filepath.Base(f.File), ".jsonl.gz")
		r.events(filepath.Join(dir, f.File), func(ev *event.Event) {
			j.ask(fmt.Sprintf("%s#%d", stem, n), ev)
			n++
		})
	})
	j.compare(t, r, filepath.Join(dir, "sigma-hits.jsonl.gz"), nil, all)
}

// sample is a file of the EVTX samples.
type sample struct{ File, SHA256 string }

func (s sample) event(record string) string { return fmt.Sprintf("%.16s#%s", s.SHA256, record) }

// shownEvents calls use for each event that the other engines were shown: as libevtx reads it.
func shownEvents(r reader, dir string, use func(name string, fields []byte)) {
	r.t.Helper()
	samples := map[string]sample{}
	lines(r, filepath.Join(dir, "index.jsonl"), func(s sample) { samples[s.File] = s })
	type line struct {
		File, Record string
		Fields       json.RawMessage
	}
	lines(r, filepath.Join(dir, "events-libyal.jsonl.gz"), func(l line) { use(samples[l.File].event(l.Record), l.Fields) })
}

// Shown the very same fields, we find what the other engines find, and nothing else.
func TestEVTXSamplesOfAnotherReader(t *testing.T) {
	r, j, dir := newReader(t), newJudge(t), formattest.Corpora(t, "evtx")
	shownEvents(r, dir, func(name string, fields []byte) {
		var x struct{ Channel, EventID string }
		if err := json.Unmarshal(fields, &x); err != nil {
			t.Fatal(err)
		}
		ev := &event.Event{Class: r.tax.Class("windows", x.Channel, x.EventID), Fields: fields}
		if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		ev.Class = ev.Class.Refine(ev)
		j.ask(name, ev)
	})
	j.compare(t, r, filepath.Join(dir, "sigma-hits.jsonl.gz"), nil, all)
}

// Read by ourselves, the same files give some fields another form; it decides these rules.
func TestEVTXSamplesAgainstOtherEngines(t *testing.T) {
	const (
		padded   = "libevtx writes 0x000003e7 where Windows and the rule write 0x3e7"
		unnamed  = "Data without a name is one field of several values; the others were shown the first one only"
		trailing = "the rule has NtLmSsp, Windows pads it to \"NtLmSsp \""
		twice    = "the event has two channels, that of the log it stands in and the one that was cleared: either will do for us, the others were shown the latter"
	)
	known := map[string]difference{
		"09706624-b7f6-455d-9d02-adee024cee1d": {1, 0, padded},
		"250ae82f-736e-4844-a68b-0b5e8cc887da": {1, 0, padded},
		"496a0e47-0a33-4dca-b009-9e6ca3591f39": {1, 0, padded},
		"61065c72-5d7d-44ef-bf41-6a36684b545f": {22, 0, padded},
		"962fe167-e48d-4fd6-9974-11e5b9a5d6d1": {2, 0, padded},
		"a24e5861-c6ca-4fde-a93c-ba9256feddf0": {4, 0, padded},
		"d04ae2b8-ad54-4de0-bd87-4bc1da66aa59": {1, 0, padded},
		"94dc4390-6b7c-4784-8ffc-335334404650": {1, 0, unnamed},
		"e6e88853-5f20-4c4a-8d26-cd469fd8d31f": {4, 0, unnamed},
		"ebfe73c2-5bc9-4ed9-aaa8-8b54b2b4777d": {0, 16, unnamed + ": here the filter is met by the third"},
		"8eef149c-bd26-49f2-9e5a-9b00e3af499b": {38, 0, trailing},
		"100ef69e-3327-481c-8e5c-6d80d9507556": {89, 0, twice},
	}
	r, j, dir := newReader(t), newJudge(t), formattest.Corpora(t, "evtx")
	shown := map[string]bool{}
	shownEvents(r, dir, func(name string, _ []byte) { shown[name] = true })
	lines(r, filepath.Join(dir, "index.jsonl"), func(s sample) {
		r.events(filepath.Join(dir, s.File), func(ev *event.Event) {
			for record := range ev.Values("EventRecordID") {
				j.ask(s.event(string(record)), ev)
			}
		})
	})
	j.compare(t, r, filepath.Join(dir, "sigma-hits.jsonl.gz"), known, func(name string) bool { return shown[name] })
}

package detect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/event"
)

func TestRulesAreTimedAndSkipped(t *testing.T) {
	const rules = "title: a\nlogsource: {product: windows}\ndetection: {s: {Image: x}, condition: s}\n---\n" +
		"title: b\nlogsource: {product: windows}\ndetection: {s: {Image|startswith: x}, condition: s}\n---\n" +
		"title: c\nlogsource: {product: windows}\ndetection: {s: {Image: y}, condition: s}\n"
	docs, _ := sigma.Parse("r.yml", []byte(rules), sigma.Options{})
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	engine, problems := detect.Compile(docs.Rules, tax, detect.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	ev := &event.Event{Class: tax.Class("windows", "Security", "4688"), Fields: []byte(`{"Image":"x"}`)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	m := engine.Matcher()
	var timed []int32
	spent := func(rule int32, d time.Duration) { timed = append(timed, rule) }
	if got := m.MatchWatched(ev, &detect.Watch{Spent: spent}); !slices.Equal(got, []int32{0, 1}) {
		t.Errorf("matched %v", got)
	}
	slices.Sort(timed)
	if !slices.Equal(timed, []int32{0, 1}) {
		t.Errorf("timed %v: only rules that come into question cost anything", timed)
	}
	if got := m.MatchWatched(ev, &detect.Watch{Skip: []bool{true, false, false}}); !slices.Equal(got, []int32{1}) {
		t.Errorf("matched %v", got)
	}
	if got := m.MatchWatched(ev, &detect.Watch{}); !slices.Equal(got, m.Match(ev)) {
		t.Errorf("matched %v", got)
	}
}

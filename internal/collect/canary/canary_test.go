package canary_test

import (
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/canary"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/event"
)

func seeds() []struct{ in, key string } {
	return []struct{ in, key string }{
		{`{"time":"2026-03-01T10:20:30Z","product":"wardline","service":"canary","type":"trip","id":"A","watcher":"fs1","host":"fs1","canary":"file-1","kind":"file","act":"renamed","file":{"path":"/srv/!AAAA x.csv"}}`, "wardline/canary"},
		{`{"time":"2026-03-01T10:20:30Z","product":"wardline","service":"canary","type":"heartbeat","watcher":"fs1","health":{"files":2}}`, "wardline/canary"},
		{`{"time":"2026-03-01T10:20:30Z","product":"wardline","service":"door","type":"trip","watcher":"fs1"}`, ""},
		{`{"time":"2026-03-01T10:20:30Z","product":"opencanary","service":"canary","type":"trip","watcher":"fs1"}`, ""},
		{`{"time":"2026-03-01T10:20:30Z","product":"wardline","service":"canary"}`, ""},
	}
}

func TestShape(t *testing.T) {
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	o := collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
	for _, tt := range seeds() {
		ev := event.Event{}
		if err := ev.Index.Scan([]byte(tt.in), jsonl.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		if err := collect.NewShaper([]collect.Shape{canary.Shape()}, o).Event([]byte(tt.in), &ev); err != nil {
			t.Fatal(err)
		}
		if when := time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC); ev.Class.Key != tt.key || !ev.Time.Equal(when) || string(ev.Fields) != tt.in {
			t.Errorf("%s: class %q at %v", tt.in, ev.Class.Key, ev.Time)
		}
	}
}

func FuzzShape(f *testing.F) {
	for _, tt := range seeds() {
		f.Add([]byte(tt.in))
	}
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		f.Fatal(err)
	}
	o := collecttest.Options(tax)
	f.Fuzz(func(t *testing.T, line []byte) {
		collecttest.Shape(t, []collect.Shape{canary.Shape()}, o, formattest.Cost{Fixed: 64 << 10, PerByte: 200}, 0, line)
	})
}

package bench_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/valyala/fastjson"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/event"
)

// BenchmarkDetect goes from JSON to matches on one core, stage by stage: scan is the JSON reader
// alone, which validates all that it reads; decode adds framing, log source and time; routed asks
// the rules of the event's log source; unrouted asks all rules. Beside each stage stand two JSON
// readers that do nothing but read the same bytes.
func BenchmarkDetect(b *testing.B) {
	oneCore(b)
	tax, rules := taxonomy(b), sigmaRules(b)
	routed, _ := detect.Compile(rules, tax, detect.Options{})
	unrouted, _ := detect.Compile(rules, tax, detect.Options{Unrouted: true})
	for _, c := range []corpus{realEvents(b), procEvents(b)} {
		b.Run(c.name+"/scan", func(b *testing.B) { besideReaders(b, c, scan(c)) })
		b.Run(c.name+"/decode", func(b *testing.B) { besideReaders(b, c, decode(b, c, tax)) })
		b.Run(c.name+"/routed", func(b *testing.B) { detection(b, c, tax, routed) })
		b.Run(c.name+"/unrouted", func(b *testing.B) { detection(b, c, tax, unrouted) })
	}
}

func detection(b *testing.B, c corpus, tax *event.Taxonomy, engine *detect.Engine) {
	hits := 0
	besideReaders(b, c, match(b, c, tax, engine, &hits))
	b.ReportMetric(float64(hits), "hits")
}

// besideReaders measures ours in turn with fastjson and encoding/json.
func besideReaders(b *testing.B, c corpus, ours func() int) {
	all := inTurn(b, pass{"ours", ours}, pass{"fastjson", readFastjson(b, c)}, pass{"encoding-json", readStandard(b, c)})
	ns, perEvent := all[0].median(), float64(len(c.data))/float64(len(c.lines))
	b.ReportMetric(ns, "ns/event")
	b.ReportMetric(1e9/ns, "events/s")
	b.ReportMetric(perEvent/ns*1e3, "MB/s")
	b.ReportMetric(100*all[1].to(all[0]), "%fastjson")
	b.ReportMetric(all[2].to(all[0]), "x-encoding/json")
	b.ReportMetric(allocations(ours), "allocs/event")
}

func scan(c corpus) func() int {
	return func() int {
		var x jsonl.Index
		for _, line := range c.lines {
			if x.Scan(line, jsonl.DefaultLimits()) != nil {
				return 0
			}
		}
		return len(c.lines)
	}
}

func decode(b *testing.B, c corpus, tax *event.Taxonomy) func() int {
	return func() int { return each(b, c, tax, func(*event.Event) {}) }
}

// match counts in hits how often a rule matched.
func match(b *testing.B, c corpus, tax *event.Taxonomy, engine *detect.Engine, hits *int) func() int {
	m := engine.Matcher()
	return func() int {
		*hits = 0
		return each(b, c, tax, func(ev *event.Event) { *hits += len(m.Match(ev)) })
	}
}

// each decodes the corpus as a scan would and returns how many events there were.
func each(b *testing.B, c corpus, tax *event.Taxonomy, f func(ev *event.Event)) (n int) {
	d := json.Format(windows.Shapes()).Open(bytes.NewReader(c.data), collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax})
	var ev event.Event
	for {
		err := d.Next(&ev)
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			b.Fatal(err)
		}
		f(&ev)
		n++
	}
}

func readFastjson(b *testing.B, c corpus) func() int {
	return func() int {
		var p fastjson.Parser
		for _, line := range c.lines {
			if _, err := p.ParseBytes(line); err != nil {
				b.Fatal(err)
			}
		}
		return len(c.lines)
	}
}

// readStandard reads every eighth event: it is slow, and its cost is even.
func readStandard(b *testing.B, c corpus) func() int {
	return func() (n int) {
		for i := 0; i < len(c.lines); i += 8 {
			var m map[string]any
			if err := stdjson.Unmarshal(c.lines[i], &m); err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	}
}

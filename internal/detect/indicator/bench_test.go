package indicator_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
)

var entries = flag.Int("entries", 1_000_000, "indicators in the benchmarks")

var mixed = flag.Bool("mixed", false, "digests, URLs and addresses among them")

// name is the n-th invented domain, some 20 bytes long.
func name(n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, 8+r.IntN(14))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(36)]
	}
	return string(b) + [...]string{".example", ".test", ".invalid", ".localdomain"}[r.IntN(4)]
}

// benchmarkSet lists the first n names and tells what they cost in memory.
func benchmarkSet(b *testing.B, n int) *indicator.Set {
	b.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	builder := indicator.NewBuilder(n)
	source := builder.AddSource(indicator.Source{File: "bench.txt"})
	detail, err := builder.Detail(&indicator.Detail{Source: source})
	if err != nil {
		b.Fatal(err)
	}
	var p indicator.Parser
	text := 0
	for i := range n {
		listed := name(i)
		switch {
		case *mixed && i%4 == 1:
			listed = fmt.Sprintf("%064x", rand.New(rand.NewPCG(uint64(i), 2)).Uint64())
		case *mixed && i%4 == 2:
			listed = fmt.Sprintf("http://%s/%x", listed, i)
		case *mixed && i%4 == 3:
			listed = fmt.Sprintf("%d.%d.%d.%d", 11+i%90, i>>16&255, i>>8&255, i&255)
		}
		text += len(listed)
		v, err := p.Parse([]byte(listed))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := builder.Add(v, i+1, detail); err != nil {
			b.Fatal(err)
		}
	}
	set, err := builder.Build()
	if err != nil {
		b.Fatal(err)
	}
	builder = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
	b.Logf("%d entries: %.2f bytes of memory each, as listed %.2f bytes long", set.Len(), each, float64(text)/float64(n))
	return set
}

// values is how many names one event of the benchmarks holds.
const values = 16

// eventOf holds names from the first on.
func eventOf(b *testing.B, first int) *event.Event {
	b.Helper()
	var text strings.Builder
	for i := range values {
		fmt.Fprintf(&text, `,"f%d":"%s"`, i, name(first+i))
	}
	ev := &event.Event{Fields: []byte("{" + text.String()[1:] + "}")}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		b.Fatal(err)
	}
	return ev
}

func BenchmarkMatch(b *testing.B) {
	set := benchmarkSet(b, *entries)
	const events = 4096
	for _, bench := range []struct {
		name  string
		first func(i int) int
	}{
		{"miss", func(i int) int { return *entries + i*values }},
		{"hit", func(i int) int { return i * 7919 * values % (*entries - values) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			list := make([]*event.Event, events)
			for i := range list {
				list[i] = eventOf(b, bench.first(i))
			}
			var hits []indicator.Hit
			found := 0
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				hits = set.Match(list[i%events], hits[:0])
				found += len(hits)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*values), "ns/value")
			b.ReportMetric(float64(found)/float64(b.N*values), "hits/value")
		})
	}
}

// BenchmarkRecorded asks about events as hospitals' machines write them.
func BenchmarkRecorded(b *testing.B) {
	set := benchmarkSet(b, *entries)
	for _, bench := range []struct{ topic, pattern string }{
		{"security-datasets", "events/*.jsonl.gz"},
		{"suricata-eve", "eve/*.json.gz"},
	} {
		b.Run(bench.topic, func(b *testing.B) {
			list, size := recorded(b, bench.topic, bench.pattern, 5000)
			var hits []indicator.Hit
			b.ReportAllocs()
			b.SetBytes(int64(size / len(list)))
			b.ResetTimer()
			for i := range b.N {
				hits = set.Match(list[i%len(list)], hits[:0])
			}
		})
	}
}

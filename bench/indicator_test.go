package bench_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
)

const (
	valuesPerEvent = 16
	probes         = 1 << 14 // events looked at in one pass: many more values than any cache holds
)

// BenchmarkIndicators looks for ten million domains (a million with -short) in events of sixteen
// values, none of which is listed (miss), or all of them (hit). A Go map of the same names looks up
// the bare values: no search for them in the event, no parent domains, nothing said of a hit.
func BenchmarkIndicators(b *testing.B) {
	oneCore(b)
	n := 10_000_000
	if testing.Short() {
		n /= 10
	}
	names := inventNames(2*n, 1)
	var set *indicator.Set
	setBytes := grown(func() { set = listed(b, names[:n]) })
	var table map[string]int32
	mapBytes := grown(func() {
		table = make(map[string]int32, n)
		for i, name := range names[:n] {
			table[name] = int32(i)
		}
	})
	text := 0
	for _, name := range names[:n] {
		text += len(name)
	}
	for _, from := range []struct {
		name  string
		names []string
	}{{"miss", names[n:]}, {"hit", names[:n]}} {
		b.Run(fmt.Sprintf("domains=%d/%s", n, from.name), func(b *testing.B) {
			values := drawn(from.names, probes*valuesPerEvent)
			found := 0
			all := inTurn(b, pass{"ours", lookUp(set, eventsOf(b, values), &found)}, pass{"map", lookUpMap(table, values)})
			b.ReportMetric(all[0].median(), "ns/value")
			b.ReportMetric(all[1].median(), "ns/value-map")
			b.ReportMetric(all[1].to(all[0]), "x-map")
			b.ReportMetric(float64(found)/float64(len(values)), "hits/value")
			b.ReportMetric((setBytes-float64(text))/float64(n), "B/entry")
			b.ReportMetric(mapBytes/float64(n), "B/entry-map")
		})
	}
	runtime.KeepAlive(table)
}

// BenchmarkNetworks looks for addresses in a million networks.
func BenchmarkNetworks(b *testing.B) {
	oneCore(b)
	const n = 1_000_000
	r := rand.New(rand.NewPCG(5, 6))
	address := func(first byte) netip.Addr {
		return netip.AddrFrom4([4]byte{first + byte(r.IntN(90)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	networks := make([]string, n)
	for i := range networks {
		networks[i] = netip.PrefixFrom(address(11), 20+r.IntN(11)).Masked().String()
	}
	var set *indicator.Set
	setBytes := grown(func() { set = listed(b, networks) })
	hits := drawn(networks, probes*valuesPerEvent)
	misses := make([]string, len(hits))
	for i := range hits {
		hits[i], _, _ = strings.Cut(hits[i], "/")
		misses[i] = address(120).String()
	}
	run := func(values []string) func(b *testing.B) {
		return func(b *testing.B) {
			found := 0
			all := inTurn(b, pass{"ours", lookUp(set, eventsOf(b, values), &found)})
			b.ReportMetric(all[0].median(), "ns/value")
			b.ReportMetric(float64(found)/float64(len(values)), "hits/value")
			b.ReportMetric(setBytes/n, "B/entry")
		}
	}
	b.Run("miss", run(misses))
	b.Run("hit", run(hits))
}

// inventNames makes n domains of some 20 bytes that are all pieces of one text.
func inventNames(n int, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 2))
	var text strings.Builder
	ends := make([]int, n)
	for i := range n {
		fmt.Fprintf(&text, "%0*x%s", 10+r.IntN(8), r.Uint64()>>24, [...]string{".example", ".test", ".invalid"}[r.IntN(3)])
		ends[i] = text.Len()
	}
	names, from := make([]string, n), 0
	for i, end := range ends {
		names[i], from = text.String()[from:end], end
	}
	return names
}

func listed(b *testing.B, values []string) *indicator.Set {
	b.Helper()
	builder := indicator.NewBuilder(len(values))
	detail, err := builder.Detail(&indicator.Detail{Source: builder.AddSource(indicator.Source{File: "bench.txt"})})
	if err != nil {
		b.Fatal(err)
	}
	var p indicator.Parser
	for i, text := range values {
		v, err := p.Parse([]byte(text))
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
	return set
}

// grown is how many bytes more the heap holds after f than before.
func grown(f func()) float64 {
	before := liveHeap()
	f()
	return liveHeap() - before
}

// drawn takes n of the values, here and there.
func drawn(values []string, n int) []string {
	r := rand.New(rand.NewPCG(7, 8))
	some := make([]string, n)
	for i := range some {
		some[i] = values[r.IntN(len(values))]
	}
	return some
}

func eventsOf(b *testing.B, values []string) []*event.Event {
	b.Helper()
	var events []*event.Event
	for ; len(values) > 0; values = values[valuesPerEvent:] {
		ev := &event.Event{Fields: []byte("{")}
		for i, v := range values[:valuesPerEvent] {
			ev.Fields = fmt.Appendf(ev.Fields, `"f%d":"%s",`, i, v)
		}
		ev.Fields[len(ev.Fields)-1] = '}'
		if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
		events = append(events, ev)
	}
	return events
}

func lookUp(set *indicator.Set, events []*event.Event, found *int) func() int {
	return func() int {
		*found = 0
		var hits []indicator.Hit
		for _, ev := range events {
			hits = set.Match(ev, hits[:0])
			*found += len(hits)
		}
		return len(events) * valuesPerEvent
	}
}

func lookUpMap(table map[string]int32, values []string) func() int {
	return func() int {
		found := 0
		for _, v := range values {
			if _, ok := table[v]; ok {
				found++
			}
		}
		runtime.KeepAlive(found)
		return len(values)
	}
}

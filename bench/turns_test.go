package bench_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"slices"
	"testing"
)

// pass is one way of doing the work that a benchmark is about.
type pass struct {
	name string           // in profiles
	run  func() (per int) // does it once and returns by how many the cost is to be divided
}

// rounds is how often the passes of a benchmark take their turns.
const rounds = 7

// costs holds what a pass took, in nanoseconds of processor time for each event (or whatever it
// counts), round by round.
type costs []float64

// inTurn lets ours and its peers run one after the other, again and again, so that what
// slows the machine down slows all of them. Profiles can tell them apart by the label pass.
func inTurn(b *testing.B, passes ...pass) []costs {
	all := make([]costs, len(passes))
	for b.Loop() {
		for range rounds {
			for i, p := range passes {
				runtime.GC() // nobody pays for the garbage of another
				pprof.Do(context.Background(), pprof.Labels("pass", p.name), func(context.Context) {
					start := cpuTime()
					per := p.run()
					all[i] = append(all[i], float64(cpuTime()-start)/float64(per))
				})
			}
		}
	}
	b.ReportMetric(0, "ns/op") // the time of a whole iteration says nothing
	return all
}

// to is the median of how many times dearer c was than other, each round by itself.
func (c costs) to(other costs) float64 {
	ratios := make(costs, len(c))
	for i := range c {
		ratios[i] = c[i] / other[i]
	}
	return ratios.median()
}

func (c costs) median() float64 {
	sorted := slices.Sorted(slices.Values(c))
	return sorted[len(sorted)/2]
}

// oneCore holds the benchmark to one processor, garbage collection included.
func oneCore(b *testing.B) {
	before := runtime.GOMAXPROCS(1)
	b.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// allocations counts what run takes from the heap for each event.
func allocations(run func() (per int)) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	per := run()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(per)
}

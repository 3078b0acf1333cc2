package bench_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/detect"
)

// BenchmarkLoad reads and compiles all rules, with as many processors as there are, and tells what
// stays in memory.
func BenchmarkLoad(b *testing.B) {
	tax := taxonomy(b)
	var parse, compile, cpu, rulesHeap, engineHeap costs
	loaded, refused := 0, 0
	for b.Loop() {
		empty, cpuBefore, start := liveHeap(), cpuTime(), time.Now()
		rules := sigmaRules(b)
		parsed := time.Now()
		parse = append(parse, parsed.Sub(start).Seconds())
		engine, problems := detect.Compile(rules, tax, detect.Options{})
		compile = append(compile, time.Since(parsed).Seconds())
		cpu = append(cpu, (cpuTime() - cpuBefore).Seconds())
		loaded, refused = len(engine.Rules()), len(problems)
		withEngine := liveHeap()
		runtime.KeepAlive(engine)
		engine = nil
		withRules := liveHeap()
		runtime.KeepAlive(rules)
		rulesHeap, engineHeap = append(rulesHeap, withRules-empty), append(engineHeap, withEngine-withRules)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(1e3*parse.median(), "ms-parse")
	b.ReportMetric(1e3*compile.median(), "ms-compile")
	b.ReportMetric(1e3*cpu.median(), "ms-CPU")
	b.ReportMetric(rulesHeap.median()/(1<<20), "MiB-rules")
	b.ReportMetric(engineHeap.median()/(1<<20), "MiB-engine")
	b.ReportMetric(float64(loaded), "loaded")
	b.ReportMetric(float64(refused), "refused")
}

func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

package silence_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/silence"
)

// learned is what is kept of a feed of so many messages a day after eight weeks, and when it was heard last.
func learned(tb testing.TB, aDay int) (state []byte, last time.Time) {
	tb.Helper()
	f := silence.New(silence.Config{Floor: 5 * time.Minute})
	m := model{"laboratory", aDay, "bursts", false}
	from := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	m.play(from, 57, 1, func(at time.Time, _ float64) {
		f.Observe(at)
		last = at
	}, func(time.Time, float64) {})
	return f.Encode(), last
}

// BenchmarkMemory is what 200 feeds with 20 parts each hold, when all of them bring so many messages a day and their eight weeks are full.
func BenchmarkMemory(b *testing.B) {
	for name, aDay := range map[string]int{"200 a day": 200, "1500 a day": 1500, "20000 a day": 20_000} {
		b.Run(name, func(b *testing.B) {
			state, _ := learned(b, aDay)
			const feeds = 200 * 21
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				all := make([]*silence.Feed, feeds)
				for i := range all {
					var err error
					if all[i], err = silence.Decode(silence.Config{}, state); err != nil {
						b.Fatal(err)
					}
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/feeds, "B/model")
				b.ReportMetric(float64(len(state)), "B/written")
				runtime.KeepAlive(all)
			}
		})
	}
}

// BenchmarkObserve is the cost of a message.
func BenchmarkObserve(b *testing.B) {
	state, last := learned(b, 20_000)
	f, err := silence.Decode(silence.Config{}, state)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		last = last.Add(4 * time.Second)
		f.Observe(last)
	}
}

// BenchmarkCheck is the cost of a look at a feed that says nothing new, as each feed and part gets one a second.
func BenchmarkCheck(b *testing.B) {
	state, last := learned(b, 20_000)
	f, err := silence.Decode(silence.Config{}, state)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		last = last.Add(time.Millisecond)
		f.Check(last)
	}
}

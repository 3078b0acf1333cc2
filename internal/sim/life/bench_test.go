package life_test

import (
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// BenchmarkDay plays a working week at a hospital of 1,000 beds, and reports what a day takes.
func BenchmarkDay(b *testing.B) {
	for range b.N {
		const days = 5
		records, size, touches, rows := 0, 0, 0, 0
		var began time.Time
		h, err := life.New(life.Config{Size: world.Full, Seed: 1, From: monday, Days: days + 1})
		if err != nil {
			b.Fatal(err)
		}
		err = h.Play(b.Context(), life.Sinks{
			Record: func(r *feed.Record) error {
				records++
				size += len(r.Data)
				if r.Feed == feed.Access {
					rows++
				}
				return nil
			},
			Truth: func(t *life.Truth) error { touches++; return nil },
			Day: func(day int, _ time.Time) error {
				if day == 0 {
					began, records, size, touches, rows = time.Now(), 0, 0, 0, 0
				}
				return nil
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds()/days, "s/day")
		b.ReportMetric(float64(records)/days, "records/day")
		b.ReportMetric(float64(rows)/days, "rows/day")
		b.ReportMetric(float64(touches)/days, "touches/day")
		b.ReportMetric(float64(size)/days/1e6, "MB/day")
	}
}

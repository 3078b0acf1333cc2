package tables_test

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
)

// BenchmarkSweep is a first sweep, one that finds nothing changed, and one after a thousandth of the rows was changed. It says how many rows a second are swept,
// how much of the state's database a million rows cost, and how much memory the heap takes. WARDLINE_TABLE_ROWS is how many rows the table has.
func BenchmarkSweep(b *testing.B) {
	rows := 100_000
	if n, err := strconv.Atoi(os.Getenv("WARDLINE_TABLE_ROWS")); err == nil {
		rows = n
	}
	for name, open := range map[string]func(testing.TB) *lab{"postgresql": postgresLab, "mariadb": mariaLab} {
		b.Run(name, func(b *testing.B) {
			l := open(b)
			l.results(b, rows)
			src := l.source(b, l.declaration("", ""))
			dir := b.TempDir()
			db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(dir, "state.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			k := keeperIn(b, db)
			b.Run("first", func(b *testing.B) {
				measure(b, rows, func() { sweep(b, k, src, l.name()) }, func() { forget(b, db) })
				if err := db.Compact(b.Context()); err != nil {
					b.Fatal(err)
				}
				if size, err := os.Stat(filepath.Join(dir, "state.db")); err == nil {
					b.ReportMetric(float64(size.Size())/float64(rows), "MB/Mrows")
				}
			})
			if report, _ := sweep(b, k, src, l.name()); report.Rows != int64(rows) {
				b.Fatalf("%d rows", report.Rows)
			}
			b.Run("same", func(b *testing.B) { measure(b, rows, func() { sweep(b, k, src, l.name()) }, func() {}) })
			b.Run("changed", func(b *testing.B) {
				measure(b, rows, func() {
					if report, _ := sweep(b, k, src, l.name()); report.Acts[tables.Unversioned] != int64(rows/1000) {
						b.Fatalf("%d rows changed", report.Acts[tables.Unversioned])
					}
				}, func() { l.do(b, `UPDATE results SET value = value + 1 WHERE id % 1000 = 0`) })
			})
			b.Run("since", func(b *testing.B) {
				l.do(b, `CREATE INDEX lately ON results (updated_at)`)
				fresh := l.source(b, l.declaration("", "    fresh: true"))
				for b.Loop() {
					l.do(b, `UPDATE results SET version = version + 1, updated_at = `+l.now()+` WHERE id % (`+strconv.Itoa(rows)+` / 100) = 0`)
					if report, err := k.Since(b.Context(), fresh, l.name(), (&told{}).emit); err != nil || report.Asked != 100 {
						b.Fatal(report.Asked, err)
					}
				}
			})
			b.Run("sample", func(b *testing.B) {
				for b.Loop() {
					if _, err := k.Sample(b.Context(), src, l.name(), 2995, (&told{}).emit); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// measure runs act, each time after before, which does not count.
func measure(b *testing.B, rows int, act, before func()) {
	b.Helper()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- highest(stop) }()
	for b.Loop() {
		b.StopTimer()
		before()
		b.StartTimer()
		act()
	}
	close(stop)
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(<-peak)/(1<<20), "MiB-heap")
}

// highest is the most that the heap had until stop was closed.
func highest(stop <-chan struct{}) (most uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		metrics.Read(sample)
		most = max(most, sample[0].Value.Uint64())
		select {
		case <-stop:
			return most
		case <-tick.C:
		}
	}
}

func forget(b *testing.B, db *store.DB) {
	b.Helper()
	for _, table := range []string{"integrity_tables", "integrity_chunks"} {
		if _, err := db.ExecContext(b.Context(), `DELETE FROM `+table); err != nil {
			b.Fatal(err)
		}
	}
}

package integrity_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// BenchmarkArchive reads an Orthanc back, first and again: slices of 512 by 512 in series of a hundred. It says how many images and megabytes a second that
// is, how much memory the heap takes, and what the state costs. WARDLINE_ARCHIVE_IMAGES is how many slices there are.
func BenchmarkArchive(b *testing.B) {
	images := 200
	if n, err := strconv.Atoi(os.Getenv("WARDLINE_ARCHIVE_IMAGES")); err == nil {
		images = n
	}
	p := dicomtest.StartOrthanc(b)
	dir := b.TempDir()
	for i := range images {
		s := scan{study: fmt.Sprintf("1.2.826.20.%d", i/100), series: fmt.Sprintf("1.2.826.20.%d.1", i/100), slice: i%100 + 1, id: "4711", name: "ROE^RITA", side: 512}
		file := s.file(b, dir)
		content, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Ask(http.MethodPost, "/instances", content); err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(file); err != nil {
			b.Fatal(err)
		}
	}
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	v, err := vault.Passing()
	if err != nil {
		b.Fatal(err)
	}
	keeper, err := archive.Open(b.Context(), archive.Config{DB: db, Seal: v.Seal, Open: v.Open, Hash: v.Hash, Now: time.Now, Dice: sample.NewDice(rand.NewPCG(1, 2))})
	if err != nil {
		b.Fatal(err)
	}
	d, err := archive.Parse(fmt.Appendf(nil, "system: PACS\nurl: %s\ncredentials: %s\nrequests: 10000\nrate: 10000000000\n", p.Web, p.Secret()))
	if err != nil {
		b.Fatal(err)
	}
	src, err := archive.Connect(d)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	for _, name := range []string{"first", "again"} {
		b.Run(name, func(b *testing.B) {
			var most uint64
			told := 0
			for b.Loop() {
				report, err := keeper.Sweep(b.Context(), src, time.Time{}, func(_ context.Context, changes []archive.Change) error {
					told += len(changes)
					most = max(most, heap())
					return nil
				})
				if err != nil || report.Read != int64(images) {
					b.Fatalf("%d images read, %v", report.Read, err)
				}
				most = max(most, heap())
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(images)/seconds, "images/s")
			b.ReportMetric(float64(images)*512*512*2/1e6/seconds, "MB/s")
			b.ReportMetric(float64(most)/1e6, "MB-heap")
			b.ReportMetric(float64(told)/float64(b.N), "told")
			var state int64
			if err := db.QueryRowContext(b.Context(), `SELECT SUM(length(body)) FROM integrity_archive_series`).Scan(&state); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(state)/float64(images), "state-B/image")
		})
	}
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// auditLine makes up a line of about 500 bytes, as an access to a record looks like in the journal.
func auditLine(r *rand.Rand, n int) journal.Line {
	at := time.Date(2026, 11, 25, 8, 0, 0, n*1000, time.UTC)
	fields, err := json.Marshal(map[string]any{
		"user": fmt.Sprintf("nurse%03d", r.IntN(400)), "patient": fmt.Sprintf("pt_%016x", r.Uint64()), "action": []string{"read", "search", "print"}[r.IntN(3)],
		"workstation": fmt.Sprintf("W-%04d", r.IntN(900)), "ward": fmt.Sprintf("ward-%d", r.IntN(30)), "address": fmt.Sprintf("10.%d.%d.%d", r.IntN(8), r.IntN(250), r.IntN(250)),
		"resource": fmt.Sprintf("Encounter/%d", r.IntN(1e7)), "outcome": "0", "purpose": "TREAT", "session": fmt.Sprintf("%08x", r.Uint32()),
	})
	if err != nil {
		panic(err)
	}
	text := fmt.Appendf(nil, `{"id":"%016x%016x","source":"ehr/10.1.2.3","record":%d,"time":%q,"observed":%q,"format":"atna","class":"access","raw":"%016x%016x%016x%016x","fields":%s}`,
		r.Uint64(), r.Uint64(), n, at.Format(time.RFC3339Nano), at.Format(time.RFC3339Nano), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), fields)
	return journal.Line{Kind: journal.Events, Source: "ehr/10.1.2.3", Time: at, JSON: text}
}

// BenchmarkAdd adds lines from 32 senders as fast as they are taken.
func BenchmarkAdd(b *testing.B) { benchmark(b, 0) }

// BenchmarkAddPaced adds 20,000 lines a second and tells how long an answer takes.
func BenchmarkAddPaced(b *testing.B) { benchmark(b, 20_000) }

// BenchmarkAddUsual adds 5,000 lines a second, which a large hospital has.
func BenchmarkAddUsual(b *testing.B) { benchmark(b, 5_000) }

func benchmark(b *testing.B, perSecond int) {
	const senders = 32
	dir := filepath.Join(b.TempDir(), "journal")
	j := open(b, journal.Config{Dir: dir})
	lines := make([]journal.Line, 10_000)
	r := rand.New(rand.NewPCG(1, 2))
	var bytes int
	for n := range lines {
		lines[n] = auditLine(r, n)
		bytes += len(lines[n].JSON)
	}
	var mu sync.Mutex
	var took []time.Duration
	var wait sync.WaitGroup
	b.ResetTimer()
	start := time.Now()
	for s := range senders {
		wait.Go(func() {
			var mine []time.Duration
			var answers sync.WaitGroup
			for n := s; n < b.N; n += senders {
				if perSecond > 0 {
					time.Sleep(time.Until(start.Add(time.Duration(n) * time.Second / time.Duration(perSecond))))
				}
				began := time.Now()
				receipt, err := j.Add(b.Context(), lines[n%len(lines)])
				if err != nil {
					b.Error(err)
					return
				}
				answers.Go(func() {
					if _, err := receipt.Wait(b.Context()); err != nil {
						b.Error(err)
					}
					d := time.Since(began)
					mu.Lock()
					mine = append(mine, d)
					mu.Unlock()
				})
			}
			answers.Wait()
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wait.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "lines/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(weigh(b, filepath.Join(dir, "segments")))/float64(b.N), "body-B/line")
	b.ReportMetric(float64(bytes)/float64(len(lines)), "B/line")
	b.ReportMetric(float64(b.N)/float64(j.Size()), "lines/entry")
}

// weigh adds up the sizes of the files in a folder.
func weigh(tb testing.TB, dir string) (sum int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return sum
}

// BenchmarkAppend seals one act after the other, as when a user clicks.
func BenchmarkAppend(b *testing.B) {
	j := open(b, journal.Config{Dir: filepath.Join(b.TempDir(), "journal")})
	for n := 0; b.Loop(); n++ {
		if _, err := j.Append(b.Context(), line(journal.Acts, n)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFollow reads a journal from its beginning, b.N lines.
func BenchmarkFollow(b *testing.B) {
	j := open(b, journal.Config{Dir: filepath.Join(b.TempDir(), "journal")})
	r := rand.New(rand.NewPCG(1, 2))
	var last *journal.Receipt
	for n := range b.N {
		var err error
		if last, err = j.Add(b.Context(), auditLine(r, n)); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := last.Wait(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	lines, enough := 0, errors.New("enough")
	err := j.Follow(b.Context(), 0, func(_ context.Context, e *journal.Entry) error {
		for range e.Lines() {
			lines++
		}
		if lines == b.N {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkLeaves reads a journal with a million entries again as somebody does who trusts nothing but its public key, and then proves entries of it and checks
// the proofs. WARDLINE_LEAVES is how many there are instead.
func BenchmarkLeaves(b *testing.B) {
	leaves := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("WARDLINE_LEAVES")); err == nil {
		leaves = n
	}
	dir := filepath.Join(b.TempDir(), "journal")
	j := open(b, journal.Config{Dir: dir})
	r := rand.New(rand.NewPCG(1, 2))
	line := auditLine(r, 0)
	var writers sync.WaitGroup
	var next atomic.Int64
	for range 2000 {
		writers.Go(func() {
			for next.Add(1) <= int64(leaves) {
				if _, err := j.Append(b.Context(), line); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			report, err := journal.Verify(b.Context(), dir, journal.Check{PublicKey: j.PublicKey()})
			if err != nil || !report.Sound() || report.Checked < uint64(leaves) {
				b.Fatal(report, err)
			}
		}
		b.ReportMetric(float64(leaves)*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
	})
	b.Run("prove", func(b *testing.B) {
		for b.Loop() {
			if _, err := j.Prove(b.Context(), r.Uint64N(uint64(leaves))); err != nil {
				b.Fatal(err)
			}
		}
	})
	p, err := j.Prove(b.Context(), uint64(leaves)/3)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := journal.VerifyProof(p.Bytes(), j.PublicKey()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(p.Bytes())), "B/proof")
	})
}

//go:build unix

package hospital_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// city is the facts about patients, each with a visit and some reasons, as a hospital says them.
type city struct{ r *rand.Rand }

func (c city) facts(n int, when time.Time, yield func(*hospital.Fact)) {
	number := fmt.Sprintf("%08d", n)
	say := func(f hospital.Fact) {
		f.Said, f.Seen, f.Source, f.Place = when, when, "his", hospital.Place{Entry: uint64(n), Line: int32(c.r.IntN(500))}
		yield(&f)
	}
	p := hospital.Human{
		Family: fmt.Sprint("Family", c.r.IntN(20_000)), Given: fmt.Sprint("Given", c.r.IntN(500)),
		Born:   time.Date(1930+c.r.IntN(90), 1, 1+c.r.IntN(365), 0, 0, 0, 0, time.UTC),
		Street: fmt.Sprintf("%d Street%d Road", 1+c.r.IntN(200), c.r.IntN(2000)), Postcode: fmt.Sprint(10_000 + c.r.IntN(40)), City: "Alder",
		Phones: []string{fmt.Sprintf("555 01%08d", c.r.IntN(100_000_000))}, National: fmt.Sprintf("N%09d", n),
		Kin: []hospital.Kinship{{Family: fmt.Sprint("Family", c.r.IntN(20_000)), Given: fmt.Sprint("Given", c.r.IntN(500)), Phone: fmt.Sprintf("555 02%08d", n)}},
	}
	say(patient(number, p))
	say(hospital.Fact{Visit: &hospital.VisitFact{Patient: mrn(number), Number: "V" + number, Class: 'I', Service: "MED", Unit: fmt.Sprint(c.r.IntN(36), "W"), Start: when}})
	for e := range 5 + c.r.IntN(6) { // 7.5 in the mean
		kind := hospital.Kind(1 + c.r.IntN(20))
		who := fmt.Sprint("u", c.r.IntN(12_000))
		when = when.Add(time.Duration(c.r.IntN(3600)) * time.Second)
		say(hospital.Fact{Reason: &hospital.ReasonFact{Patient: mrn(number), Visit: "V" + number, Kind: kind, Key: fmt.Sprint("K", n, e), Who: by(who), By: hospital.Name{Text: who}, From: when}})
	}
}

// sizes tells how much lies on the disk.
func sizes(b *testing.B, db *store.DB, path string, patients int) {
	for _, table := range []string{"records", "names", "staff"} {
		var rows, bytes int
		if err := db.QueryRowContext(b.Context(), `SELECT count(*), coalesce(sum(length(body)), 0) FROM hospital_`+table).Scan(&rows, &bytes); err != nil {
			b.Fatal(err)
		}
		b.Logf("%s: %d rows, %d bytes each", table, rows, bytes/max(1, rows))
	}
	if _, err := db.ExecContext(b.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(path); err == nil {
		b.Logf("on the disk %d bytes for each patient", info.Size()/int64(patients))
	}
}

// employ is the facts about those who work here: 12,000 with a month of shifts.
func (c city) employ(yield func(*hospital.Fact)) {
	for n := range 12_000 {
		who := fmt.Sprint("u", n)
		f := staff(fmt.Sprint("S", n), who)
		f.Human = hospital.Human{Family: fmt.Sprint("Family", c.r.IntN(20_000)), Given: "Ada", Street: fmt.Sprint(n, " Mill Lane"), City: "Alder", Phones: []string{fmt.Sprintf("555 03%08d", n)}}
		yield(&hospital.Fact{Said: noon(0), Seen: noon(0), Source: "hr", Staff: f})
		for day := range 20 {
			s := shift(who, noon(day), noon(day).Add(8*time.Hour))
			s.Said, s.Seen, s.Source = noon(0), noon(0), "roster"
			yield(&s)
		}
	}
}

// spent is the time that processors worked for this process: what others do on the machine does not count.
func spent(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report adds what one round cost the processors.
func report(b *testing.B, since time.Duration) {
	b.ReportMetric(float64((spent(b)-since).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func BenchmarkTake(b *testing.B) {
	v, err := vault.Passing()
	if err != nil {
		b.Fatal(err)
	}
	c := city{rand.New(rand.NewPCG(1, 2))}
	h := hospital.New(v, options())
	var all []hospital.Fact
	for n := range 20_000 {
		c.facts(n, noon(0), func(f *hospital.Fact) { all = append(all, *f) })
	}
	b.ResetTimer()
	b.ReportAllocs()
	defer report(b, spent(b))
	for i := range b.N {
		f := &all[i%len(all)]
		h.Take(f)
	}
}

func BenchmarkPatient(b *testing.B) {
	v, err := vault.Passing()
	if err != nil {
		b.Fatal(err)
	}
	c := city{rand.New(rand.NewPCG(1, 2))}
	h := hospital.New(v, options())
	const patients = 5000
	for n := range patients {
		c.facts(n, noon(0), func(f *hospital.Fact) { h.Take(f) })
	}
	look := func(b *testing.B) {
		b.ReportAllocs()
		defer report(b, spent(b))
		for i := range b.N {
			id, _ := h.Find([]hospital.Identifier{{Value: fmt.Sprintf("%08d", i%patients)}})
			if h.Patient(id) == nil {
				b.Fatal("nobody")
			}
		}
	}
	b.Run("hot", look)
	h.KeepUnpacked(0)
	b.Run("packed", look)
}

// BenchmarkHouse measures a house of the size that WARDLINE_PATIENTS says: 20,000 otherwise. It is made once, in whatever time it takes.
func BenchmarkHouse(b *testing.B) {
	patients := 20_000
	if n, err := fmt.Sscan(os.Getenv("WARDLINE_PATIENTS"), &patients); n == 0 && os.Getenv("WARDLINE_PATIENTS") != "" {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "state.db")
	db, err := store.Open(b.Context(), "sqlite:"+path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	w := newWard(b, db)
	f := w.follower()
	c := city{rand.New(rand.NewPCG(1, 2))}
	facts, begun, cpu := 0, time.Now(), spent(b)
	f.View(func(h *hospital.House) { c.employ(func(f *hospital.Fact) { h.Take(f); facts++ }) })
	for n := range patients {
		f.View(func(h *hospital.House) {
			c.facts(n, noon(0).Add(time.Duration(n)*time.Second), func(f *hospital.Fact) { h.Take(f); facts++ })
		})
		if n%2000 == 1999 {
			if err := f.Tick(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := f.Tick(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d patients, %d facts: %.0f facts a second, %v of processors each, saved after every 2000 patients", patients, facts,
		float64(facts)/time.Since(begun).Seconds(), (spent(b)-cpu)/time.Duration(facts))
	sizes(b, db, path, patients)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	f = nil
	before := heap()
	begun, cpu = time.Now(), spent(b)
	f = w.follower()
	b.Logf("loaded in %v, %v of processors, %d bytes of memory", time.Since(begun), spent(b)-cpu, heap()-before)
	look := func(b *testing.B, among int) {
		defer report(b, spent(b))
		f.View(func(h *hospital.House) {
			for range b.N {
				id, _ := h.Find([]hospital.Identifier{{Value: fmt.Sprintf("%08d", c.r.IntN(among))}})
				if h.Patient(id) == nil {
					b.Fatal("nobody", h.Err())
				}
			}
		})
	}
	b.Run("cold", func(b *testing.B) { look(b, patients) })
	b.Logf("%d bytes of memory with those", heap()-before)
	b.Run("hot", func(b *testing.B) { look(b, patients/100) })
}

// BenchmarkPassing measures what events cost that say nothing of the house.
func BenchmarkPassing(b *testing.B) {
	w := newWard(b, sqlite(b))
	var lines []journal.Line
	for n := range 500 {
		ev := &event.Event{
			ID: event.NewID("fw", fmt.Sprint(n)), Source: "syslog/fw", Record: int64(n + 1), Time: noon(0), Observed: noon(0), Format: "json",
			Class: w.tax.Class("windows", "Security", "4634"), Fields: []byte(`{"EventID":4634,"Computer":"WS-1","TargetUserName":"bob","LogonType":"3","IpAddress":"192.0.2.7"}`),
		}
		lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: noon(0), JSON: event.AppendLine(nil, ev)})
	}
	w.say(lines...)
	for name, wants := range map[string]func(*event.Class) bool{"unwanted": func(c *event.Class) bool { return c.Product == "hl7" }, "wanted": nil} {
		b.Run(name, func(b *testing.B) {
			f := w.follower(func(c *hospital.FollowerConfig) {
				c.Wants, c.Read = wants, func(*event.Event) ([]hospital.Fact, error) { return nil, nil }
			})
			e, err := w.journal.Entry(b.Context(), 0)
			if err != nil {
				b.Fatal(err)
			}
			defer report(b, spent(b))
			for range b.N {
				if err := f.Step(b.Context(), e); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(500, "events/op")
		})
	}
}

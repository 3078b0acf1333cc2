package pair_test

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/pair"
)

var monday = time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC)

// department is an invented one: how much is ordered, how it comes, and how long it takes.
type department struct {
	aDay   int
	burst  int           // orders at a time, by the mean
	median time.Duration // of the lag
	sigma  float64
	never  float64 // of orders
}

func departments() (all []department) {
	for _, aDay := range []int{60, 400, 3000} {
		for _, burst := range []int{1, 4} {
			all = append(all, department{aDay, burst, 55 * time.Minute, 0.5, 0.03}, department{aDay, burst, 2 * time.Hour, 0.9, 0.25}, department{aDay, burst, 30 * time.Hour, 0.4, 0.02})
		}
	}
	return all
}

func (d department) String() string {
	return fmt.Sprintf("%d a day in %ds, %v (%.1f), %.0f %% never", d.aDay, d.burst, d.median, d.sigma, 100*d.never)
}

// shape is orders by hour, of a ward round in the morning and a clinic.
var shape = [24]float64{3, 3, 3, 3, 4, 9, 13, 12, 11, 10, 10, 10, 9, 9, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3}

// fault changes what comes back: whether a result is lost, and how much later it comes.
type fault func(at time.Time, r *rand.Rand) (lost bool, slower float64)

func none(time.Time, *rand.Rand) (bool, float64) { return false, 1 }

// ready is a result that comes at a time.
type ready struct {
	at     time.Time
	number uint64
}

type queue []ready

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(ready)) }
func (q *queue) Pop() any          { x := (*q)[len(*q)-1]; *q = (*q)[:len(*q)-1]; return x }

// play has a department work for so many days. No two days are the same: how much is ordered and how long it takes differs by a tenth and more.
func (d department) play(b *pair.Book, days int, seed uint64, wrong fault, said func(at time.Time, t pair.Trouble)) {
	r := rand.New(rand.NewPCG(seed, uint64(d.aDay)))
	sum := 0.0
	for _, h := range shape {
		sum += h
	}
	var due queue
	number, busy, slow := seed<<32, 1.0, 1.0
	for at, end := monday, monday.AddDate(0, 0, days); at.Before(end); at = at.Add(time.Minute) {
		if at.Hour() == 0 && at.Minute() == 0 {
			busy, slow = math.Exp(0.12*r.NormFloat64()), math.Exp(0.08*r.NormFloat64())
		}
		rate := float64(d.aDay) * shape[at.Hour()] / sum / 60 * busy
		if w := at.Weekday(); w == time.Saturday || w == time.Sunday {
			rate *= 0.75
		}
		for len(due) > 0 && !due[0].at.After(at) {
			b.Answered(heap.Pop(&due).(ready).number, at)
		}
		for range poisson(r, rate/float64(d.burst)) {
			for again := true; again; again = r.Float64() > 1/float64(d.burst) {
				number++
				b.Asked("LAB", number, at)
				lag := float64(d.median) * slow * math.Exp(d.sigma*r.NormFloat64())
				done := at.Add(time.Duration(lag))
				lost, slower := wrong(done, r)
				if !lost && r.Float64() >= d.never {
					heap.Push(&due, ready{at.Add(time.Duration(lag * slower)), number})
				}
			}
		}
		for _, t := range b.Tick(at.Add(59 * time.Second)) {
			said(at, t)
		}
	}
}

func poisson(r *rand.Rand, mean float64) (n int) {
	for sum := r.ExpFloat64(); sum < mean; sum += r.ExpFloat64() {
		n++
	}
	return n
}

func book() *pair.Book { return pair.New(pair.Config{Zone: time.UTC}) }

// found plays eight weeks and then a Tuesday on which something is wrong from ten o'clock, and says after how long it is told, by what.
func (d department) found(seed uint64, wrong fault) (after time.Duration, kind pair.Kind) {
	from := monday.AddDate(0, 0, 57).Add(10 * time.Hour)
	d.play(book(), 59, seed, func(at time.Time, r *rand.Rand) (bool, float64) {
		if at.Before(from) {
			return false, 1
		}
		return wrong(at, r)
	}, func(at time.Time, t pair.Trouble) {
		if kind == "" && !t.Ended && !at.Before(from) {
			after, kind = at.Sub(from), t.Kind
		}
	})
	return after, kind
}

// TestDepartments plays departments for a quarter of a year, or as many years as WARDLINE_YEARS says, and counts false alarms. Then results stop, half of them do, or all come later.
func TestDepartments(t *testing.T) {
	days, seeds := 12*7, uint64(2)
	if s := os.Getenv("WARDLINE_YEARS"); s != "" {
		var years int
		fmt.Sscan(s, &years)
		days, seeds = years*365, 20
	} else if testing.Short() {
		t.Skip("plays departments for a quarter of a year")
	}
	faults := []struct {
		name  string
		wrong fault
	}{
		{"none come", func(time.Time, *rand.Rand) (bool, float64) { return true, 1 }},
		{"half are lost", func(_ time.Time, r *rand.Rand) (bool, float64) { return r.IntN(2) == 0, 1 }},
		{"1.62 times later", func(time.Time, *rand.Rand) (bool, float64) { return false, 1.62 }},
		{"2.5 times later", func(time.Time, *rand.Rand) (bool, float64) { return false, 2.5 }},
	}
	all, years := 0, 0.0
	for _, d := range departments() {
		alarms := 0
		d.play(book(), days, 1, none, func(_ time.Time, s pair.Trouble) {
			if !s.Ended {
				alarms++
			}
		})
		all += alarms
		years += float64(days-14) / 365
		line := fmt.Sprintf("%v: %d false alarms", d, alarms)
		for _, f := range faults {
			var after []time.Duration
			for seed := range seeds {
				if a, kind := d.found(100+seed, f.wrong); kind != "" {
					after = append(after, a)
				}
			}
			slices.Sort(after)
			line += fmt.Sprintf("; %s: %d of %d", f.name, len(after), seeds)
			if len(after) > 0 {
				line += fmt.Sprintf(" in %v (up to %v)", after[len(after)/2], after[len(after)-1])
			}
		}
		t.Log(line)
	}
	t.Logf("%d false alarms in %.0f years of departments", all, years)
	if rate := float64(all) / years; rate > 1 {
		t.Errorf("%.1f false alarms a year", rate)
	}
}

var chemistry = department{400, 1, 55 * time.Minute, 0.5, 0.03}

// lives has eight weeks be as usual, and returns the book and the Tuesday at ten on which they end.
func lives(t *testing.T) (*pair.Book, time.Time) {
	t.Helper()
	b, end := book(), monday.AddDate(0, 0, 57)
	chemistry.play(b, 57, 1, none, func(at time.Time, s pair.Trouble) { t.Errorf("at %v: %+v", at, s) })
	return b, end
}

// stands has orders go on from then, one each two minutes, and nothing come back.
func stands(b *pair.Book, from time.Time, long time.Duration, withdrawn bool) (said []pair.Trouble) {
	for at := from; at.Before(from.Add(long)); at = at.Add(2 * time.Minute) {
		number := uint64(at.Unix())
		b.Asked("LAB", number, at)
		if withdrawn {
			b.Withdrawn(number)
		}
		said = append(said, b.Tick(at)...)
	}
	return said
}

func TestWhatStandsStillIsToldOnce(t *testing.T) {
	b, at := lives(t)
	said := stands(b, at, 9*time.Hour, false)
	if len(said) != 1 || said[0].Kind != pair.Missing || said[0].Count*3 > said[0].Of {
		t.Errorf("%+v", said)
	}
}

func TestWhatIsWithdrawnIsNotMissing(t *testing.T) {
	b, at := lives(t)
	if said := stands(b, at, 9*time.Hour, true); len(said) > 0 {
		t.Errorf("%+v", said)
	}
}

// What came back while nobody listened is not missing.
func TestNobodyListened(t *testing.T) {
	b, at := lives(t)
	if said := stands(b, at, 40*time.Minute, false); len(said) > 0 {
		t.Fatalf("%+v", said)
	}
	b.Deaf(at.Add(50 * time.Minute))
	for late := time.Hour; late < 4*time.Hour; late += 10 * time.Minute {
		if said := b.Tick(at.Add(late)); len(said) > 0 {
			t.Errorf("%+v", said)
		}
	}
}

// A book that was written and read goes on as if it had not been.
func TestARestartForgetsNothing(t *testing.T) {
	b, at := lives(t)
	again, err := pair.Decode(pair.Config{Zone: time.UTC}, b.Encode())
	if err != nil {
		t.Fatal(err)
	}
	one, two := stands(b, at, 9*time.Hour, false), stands(again, at, 9*time.Hour, false)
	if !slices.Equal(one, two) || len(one) == 0 {
		t.Errorf("%+v, and after a restart %+v", one, two)
	}
	t.Logf("%d bytes are written of one department", len(again.Encode()))
}

func FuzzDecode(f *testing.F) {
	b := book()
	chemistry.play(b, 3, 1, none, func(time.Time, pair.Trouble) {})
	f.Add(b.Encode())
	f.Add([]byte(`{"At":3153600,"Names":["LAB"],"Flows":[{"First":1,"Day":-9e18,"Excess":1e300,"Median":1e300,"Hours":{"3":[1e38,1e38,3]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := pair.Decode(pair.Config{Zone: time.UTC}, data)
		if err != nil {
			return
		}
		stands(b, monday, time.Hour, false)
		b.Answered(uint64(monday.Unix()), monday.Add(2*time.Hour))
		b.Tick(monday.AddDate(0, 0, 20))
		if _, err := pair.Decode(pair.Config{Zone: time.UTC}, b.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkOrder is the cost of an order and its result.
func BenchmarkOrder(b *testing.B) {
	k, at := book(), monday
	for n := uint64(0); b.Loop(); n++ {
		k.Asked("LAB", n*0x9e3779b97f4a7c15, at)
		k.Answered((n-60)*0x9e3779b97f4a7c15, at)
		at = at.Add(30 * time.Second)
		k.Tick(at)
	}
}

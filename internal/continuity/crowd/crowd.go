// Package crowd says when more patients come than usual, for days.
//
// When a neighbouring hospital is down, its ambulances come here: a third more of them, for weeks. No system is wrong then, and no single day is
// odd; but wards fill up, and whoever plans beds and shifts is helped by a number. So arrivals are counted by day, each visit once, and the last
// days, from three to twenty-eight of them, are held against the eight weeks before, working days and others apart:
//
//	|. : . : | : . : . : . : . | : : : |        twelve weeks of days
//	         `---- usual -----'`-recent'        too many by more than four standard deviations, and by a tenth
//
// How much days differ by themselves is learned. Days on which nobody listened count for nothing, and neither do those with less than half of what
// is usual, on which the feed was silent.
//
// In six simulated hospitals, ten years each: 12 false alarms in 60 years, most where days differ by a tenth beyond chance. A third more, as a neighbour's ambulances are, is told within 12 days of
// 13 a day (in 16 of 20 plays), within 4 of 50 and within 3 of 250; twice as many within 2; a tenth more of 250 within two weeks, in two plays of three.
package crowd

import (
	"math"
	"slices"
	"time"
)

// Trouble begins or ends.
type Trouble struct {
	Name     string
	Ended    bool
	Since    time.Time // the first of the days
	Days     int
	Count    int // of arrivals in these
	Expected float64
}

// The rule.
const (
	least, most = 3, 28 // days that are recent
	before      = 56    // days before them that are usual, at most
	learning    = 21    // days of these, at least
	deviations  = 4     // standard, above what is usual
	share       = 1.1   // times what is usual, at least
	over        = 1     // standard deviation, within which it has ended
	kept        = most + before
	mostVisits  = 20_000 // of a day
	mostNames   = 50
)

// Config says how the house lives.
type Config struct {
	Zone    *time.Location
	Holiday func(day time.Time) bool // goes like a Sunday; nil: none does
}

// Book counts arrivals. It is not safe for use by several goroutines.
type Book struct {
	cfg    Config
	date   int32 // today, days since 1970
	counts map[string]*counter
}

type counter struct {
	days  []day // that are over, oldest first, without gaps
	today day
	seen  map[uint32]struct{} // visits of today
	since int32               // the first day of what was told; 0 when nothing is
}

type day struct {
	count uint32
	lost  bool // says nothing
}

// New is a book that has counted nothing.
func New(cfg Config) *Book { return &Book{cfg: cfg, counts: map[string]*counter{}} }

// Came says that somebody arrived, by a hash of the visit.
func (b *Book) Came(name string, visit uint64, at time.Time) []Trouble {
	out := b.Tick(at)
	c := b.counts[name]
	if c == nil {
		if len(b.counts) >= mostNames {
			return out
		}
		c = &counter{today: day{lost: true}, seen: map[uint32]struct{}{}} // its first day is none that was heard as a whole
		b.counts[name] = c
	}
	print := uint32(visit ^ visit>>32)
	if _, known := c.seen[print]; !known && len(c.seen) < mostVisits {
		c.seen[print] = struct{}{}
		c.today.count++
	}
	return out
}

// Tick lets time pass. When a day is over it says what began or ended.
func (b *Book) Tick(now time.Time) (out []Trouble) {
	today := b.day(now)
	if b.date == 0 || today-b.date > kept {
		clear(b.counts)
		b.date = today
	}
	for b.date < today {
		b.date++
		for name, c := range b.counts {
			c.days = append(c.days, c.today)
			c.days = c.days[max(0, len(c.days)-kept):]
			c.today, c.seen = day{}, map[uint32]struct{}{}
			out = b.judge(out, name, c)
		}
	}
	return out
}

// Deaf says that until now nobody could hear who came.
func (b *Book) Deaf(now time.Time) {
	for _, c := range b.counts {
		c.today.lost = true
	}
	for b.date != 0 && b.date < b.day(now) {
		b.Tick(time.Unix(int64(b.date+1)*86400, 0).Add(12 * time.Hour))
		for _, c := range b.counts {
			c.today.lost = true
		}
	}
}

// day is the local date.
func (b *Book) day(at time.Time) int32 {
	t := at.In(b.cfg.Zone)
	return int32(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// free tells whether a date is no working day.
func (b *Book) free(date int32) bool {
	t := time.Unix(int64(date)*86400, 0).UTC()
	local := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, b.cfg.Zone)
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || b.cfg.Holiday != nil && b.cfg.Holiday(local)
}

// judge holds the last days against those before.
func (b *Book) judge(out []Trouble, name string, c *counter) []Trouble {
	worst, t := 0.0, Trouble{Name: name}
	for n := least; n <= most && n+learning <= len(c.days); n++ {
		z, count, expected := b.weigh(c, n)
		if float64(count) > share*expected && z > worst {
			worst, t.Days, t.Count, t.Expected = z, n, count, expected
		}
	}
	switch {
	case worst > deviations && c.since == 0:
		c.since = b.date - int32(t.Days)
	case c.since != 0 && worst < over:
		t.Ended = true
	default:
		return out
	}
	t.Since = time.Unix(int64(c.since)*86400, 0).UTC()
	if t.Ended {
		c.since = 0
	}
	return append(out, t)
}

// weigh says how far the last n days lie above what is usual, in standard deviations.
func (b *Book) weigh(c *counter, n int) (z float64, count int, expected float64) {
	first := b.date - int32(len(c.days)) // of c.days
	past, recent := c.days[max(0, len(c.days)-n-before):len(c.days)-n], c.days[len(c.days)-n:]
	from := first + int32(len(c.days)-n-len(past))
	var kinds [2][]float64 // working days, and others
	kind := func(date int32) int {
		if b.free(date) {
			return 1
		}
		return 0
	}
	for i, d := range past {
		if !d.lost {
			k := kind(from + int32(i))
			kinds[k] = append(kinds[k], float64(d.count))
		}
	}
	var mean, weight [2]float64
	strays, known := 0.0, 0.0
	for k := range kinds {
		slices.Sort(kinds[k])
		silent := 0
		for silent < len(kinds[k]) && kinds[k][silent] < kinds[k][len(kinds[k])/2]/2 {
			silent++
		}
		heard := kinds[k][silent:]
		for _, v := range heard {
			mean[k] += v / float64(len(heard))
		}
		weight[k] = float64(len(heard))
		known += weight[k]
		for _, v := range heard {
			strays += (v - mean[k]) * (v - mean[k]) / max(mean[k], 1)
		}
	}
	var days [2]float64
	for i, d := range recent {
		if !d.lost {
			k := kind(b.date - int32(n) + int32(i))
			days[k]++
			count += int(d.count)
		}
	}
	if known < learning || days[0] > 0 && weight[0] < 4 || days[1] > 0 && weight[1] < 4 {
		return 0, 0, 0
	}
	variance := 0.0
	phi := max(1, strays/(known-2)) // times the variance of chance
	for k := range days {
		if days[k] > 0 {
			expected += days[k] * mean[k]
			variance += phi * mean[k] * days[k] * (1 + days[k]/weight[k])
		}
	}
	return (float64(count) - expected) / math.Sqrt(max(variance, 1)), count, expected
}

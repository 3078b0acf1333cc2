package silence

import (
	"math"
	"slices"
	"time"
)

// What the rule is made of. The figures were tried on simulated feeds; see the test of feed models.
const (
	weeks        = 8
	daysKept     = weeks * 7
	halves       = 48         // half hours of a day
	bins         = 7 * halves // of a week
	firstCurve   = 7          // whole days before gaps can be measured
	learning     = 14         // whole days before anything is said
	tail         = 40         // gaps of a day that are kept
	fewest       = 100        // exceedances by which the law is fitted
	most         = 2000       // likewise
	above        = 0.02       // share of gaps that exceed
	fewGaps      = 2000       // gaps of eight weeks by which the tail is known
	falseAYear   = 0.25       // alarms of ordinary life that are aimed at
	margin       = 1.3        // on the fitted gap
	beyond       = 1.5        // on the largest gap seen
	leastRate    = 0.001      // of the mean: at no hour is nothing at all expected
	step         = 4          // a fall of the curve to less than this part is taken as the step that it is
	clearedBy    = 3          // messages end a silence
	mostOrdinary = 32         // gaps that a person said happen
	halfAnHour   = 30 * time.Minute
	halfSeconds  = 1800.0
)

// Config says what a Feed is.
type Config struct {
	Zone *time.Location // of the house: its weeks and days; UTC when nil
	// Holiday says whether a day, given by its local midnight, goes like a Sunday. nil: none does.
	Holiday func(day time.Time) bool
	// Planned says whether the feed is down on purpose at that time, and when that changes next; zero when it never does. nil: it never is.
	Planned func(at time.Time) (down bool, next time.Time)
	Floor   time.Duration // less than this is no silence, however much should have come
}

// Feed is the model of one feed and its present state. It is not safe for use by several goroutines.
type Feed struct {
	cfg Config

	past    []byte // finished days as they are written, oldest first
	kept    int    // how many these are, at most daysKept
	today   day
	happens []ordinary // gaps that a person said happen, of a year

	rate  []float32 // messages a second, by bin of the week; nil for the first week
	limit float64   // gap beyond which the feed is silent; 0 while learning

	heard  time.Time // last message
	clock  time.Time // the gap is counted up to here
	gap    float64   // messages that should have come since heard
	silent bool
	since  time.Time // heard, when it became silent
	missed float64   // messages that should have come from then to heard
	again  int       // messages since then

	// where clock stands, kept so that a message costs no calendar
	end     time.Time // until when all below holds
	bin     int       // of today
	perSec  float64   // messages expected
	planned bool
}

// New is a feed of which nothing is known.
func New(cfg Config) *Feed {
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Feed{cfg: cfg}
}

// SetFloor changes the floor of the Config.
func (f *Feed) SetFloor(floor time.Duration) { f.cfg.Floor = floor }

// Silence is a feed that does not speak.
type Silence struct {
	Since    time.Time // its last message
	Expected float64   // messages that should have come since
}

// Observe takes a message that arrived then. ended says that it ends a silence. Messages that come out of order count as come now.
func (f *Feed) Observe(at time.Time) (ended bool) {
	f.advance(at)
	f.heard = f.clock
	if f.silent {
		f.missed += f.gap
		f.gap = 0
		f.again++
		if f.again < clearedBy {
			return false
		}
		f.silent = false
		return true
	}
	if f.rate != nil && !f.planned {
		f.today.measured(f.gap)
	}
	f.gap = 0
	f.today.counts[f.bin]++
	return false
}

// Check says whether the feed is silent at that time. began is true once for each silence.
func (f *Feed) Check(now time.Time) (s Silence, silent, began bool) {
	if f.clock.IsZero() {
		return Silence{}, false, false
	}
	f.advance(now)
	if !f.silent && f.limit > 0 && !f.planned && f.gap > f.limit && f.clock.Sub(f.heard) > f.cfg.Floor {
		f.silent, f.again, f.missed, f.since, began = true, 0, 0, f.heard, true
		f.mark(f.since, f.clock, true)
	}
	if !f.silent {
		return Silence{}, false, false
	}
	return Silence{Since: f.since, Expected: f.missed + f.gap}, true, began
}

// Deaf says that from the time of the last call until now nobody could have heard the feed, because we were down or behind.
func (f *Feed) Deaf(now time.Time) {
	if f.clock.IsZero() {
		return
	}
	f.skip(now)
}

// ordinary is a gap that a person said happens.
type ordinary struct {
	date int32
	gap  float32
}

// Ordinary says of the present silence that it was none: the feed is like that. Its curve learns it, and such a gap is no silence for a year.
func (f *Feed) Ordinary() {
	if !f.silent {
		return
	}
	gap := f.missed + f.gap
	if len(f.happens) == mostOrdinary {
		f.happens = slices.Delete(f.happens, 0, 1)
	}
	f.happens = append(f.happens, ordinary{f.today.date, float32(gap)})
	f.limit = max(f.limit, beyond*gap)
	f.mark(f.since, f.clock, false)
	f.silent, f.gap = false, 0
}

// mark says of all half hours from one time to another, of those that are kept, whether they say nothing.
func (f *Feed) mark(from, to time.Time, lost bool) {
	days := f.days()
	for at := from; !at.After(to); at = halfEnd(at) {
		d, bit := &f.today, uint64(1)<<f.half(at)
		if date := f.date(at); date != f.today.date {
			i := slices.IndexFunc(days, func(d day) bool { return d.date == date })
			if i < 0 {
				continue
			}
			d = &days[i]
		}
		if d.lost &^= bit; lost {
			d.lost |= bit
		}
	}
	f.keep(days)
}

// Learning says how many whole days are still needed before silence is told; 0 when it is.
func (f *Feed) Learning() int { return max(0, learning-f.kept) }

// Heard is when the last message came; zero before the first.
func (f *Feed) Heard() time.Time { return f.heard }

// Usual is how many messages the half hour that holds that time usually brings; false while learning.
func (f *Feed) Usual(at time.Time) (float64, bool) {
	if f.limit == 0 {
		return 0, false
	}
	return float64(f.rate[f.weekBin(at)]) * halfSeconds, true
}

// Limit is how many messages must be missing so that the feed is silent; infinite while that is not known.
func (f *Feed) Limit() float64 {
	if f.limit == 0 {
		return math.Inf(1)
	}
	return f.limit
}

// Patience is how long from that time on the feed may say nothing before it counts as silent, at most a week.
func (f *Feed) Patience(at time.Time) (time.Duration, bool) {
	if f.limit == 0 {
		return 0, false
	}
	began, left := at, f.limit
	for at.Sub(began) < 7*24*time.Hour {
		end, rate := halfEnd(at), float64(f.rate[f.weekBin(at)])
		comes := rate * end.Sub(at).Seconds()
		if comes >= left {
			return max(f.cfg.Floor, at.Sub(began)+time.Duration(left/rate*float64(time.Second))), true
		}
		left -= comes
		at = end
	}
	return 7 * 24 * time.Hour, true
}

// advance counts the gap up to then.
func (f *Feed) advance(to time.Time) {
	if f.clock.IsZero() || to.Sub(f.clock) > daysKept*24*time.Hour {
		f.begin(to)
	}
	for to.After(f.clock) {
		end := to
		if f.end.Before(end) {
			end = f.end
		}
		if !f.planned {
			f.gap += f.perSec * end.Sub(f.clock).Seconds()
		}
		f.clock = end
		if !end.Before(f.end) {
			f.enter(end)
		}
	}
}

// skip goes to that time without counting, and marks the half hours passed as saying nothing.
func (f *Feed) skip(to time.Time) {
	for to.After(f.clock) {
		f.today.lost |= 1 << f.bin
		if to.Before(f.end) {
			f.clock = to
			return
		}
		f.clock = f.end
		f.enter(f.clock)
	}
}

// begin is the first that is heard of the feed, or the first again after so long that nothing is known of it.
func (f *Feed) begin(at time.Time) {
	*f = Feed{cfg: f.cfg, clock: at, heard: at}
	f.today = day{date: f.date(at)}
	f.enter(at)
	for b := range f.bin {
		f.today.lost |= 1 << b // before we began
	}
	f.today.lost |= 1 << f.bin
}

// enter looks what holds from then on, and until when.
func (f *Feed) enter(at time.Time) {
	if d := f.date(at); d != f.today.date {
		f.midnight(d)
	}
	f.bin, f.end, f.perSec = f.half(at), halfEnd(at), 0
	if f.rate != nil {
		f.perSec = float64(f.rate[f.weekBin(at)])
	}
	was := f.planned
	f.planned = false
	if f.cfg.Planned != nil {
		down, next := f.cfg.Planned(at)
		f.planned = down
		if next.After(at) && next.Before(f.end) {
			f.end = next
		}
	}
	if was && !f.planned { // it comes back, and what it should say counts from here
		f.gap, f.heard = 0, at
	}
	if f.planned || f.silent {
		f.today.lost |= 1 << f.bin
	}
}

// half is which half hour of the day it is by the clock on the wall.
func (f *Feed) half(at time.Time) int {
	local := at.In(f.cfg.Zone)
	return (local.Hour()*60 + local.Minute()) / 30
}

// midnight ends a day. A model is made anew each night, but not of a feed that is silent.
func (f *Feed) midnight(date int32) {
	f.today.close()
	days := append(f.days(), f.today)
	days = days[max(0, len(days)-daysKept):]
	f.keep(days)
	f.today = day{date: date}
	if !f.silent && len(days) >= firstCurve {
		f.fit(days)
	}
}

// days are the finished ones, oldest first. They are kept as they are written, which is a quarter as large.
func (f *Feed) days() []day {
	days := make([]day, 0, f.kept+1)
	r := reader{b: f.past}
	for range f.kept {
		days = append(days, r.day())
	}
	return days
}

func (f *Feed) keep(days []day) {
	var b []byte
	for i := range days {
		b = days[i].encode(b)
	}
	f.past, f.kept = slices.Clip(b), len(days)
}

// date counts the local days since 1970.
func (f *Feed) date(at time.Time) int32 {
	y, m, d := at.In(f.cfg.Zone).Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// begins is the local midnight of a date.
func (f *Feed) begins(date int32) time.Time {
	y, m, d := time.Unix(int64(date)*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, f.cfg.Zone)
}

func (f *Feed) holiday(date int32) bool { return f.cfg.Holiday != nil && f.cfg.Holiday(f.begins(date)) }

func weekday(date int32) int { return (int(date)%7 + 4) % 7 } // 1 January 1970 was a Thursday

// weekBin is the half hour of the week, holidays being Sundays.
func (f *Feed) weekBin(at time.Time) int {
	date := f.date(at)
	if f.holiday(date) {
		return f.half(at)
	}
	return weekday(date)*halves + f.half(at)
}

// halfEnd is when the half hour that holds that time ends. Zones are off by quarters of an hour too: there a half hour of the wall
// clock begins at a quarter of an hour, and is counted into the one that it begins in.
func halfEnd(at time.Time) time.Time { return at.Truncate(halfAnHour).Add(halfAnHour) }

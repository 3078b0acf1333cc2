// Package pair watches whether what is asked for comes back: orders and their results, drugs that are ordered and given.
//
// A laboratory whose feed speaks may still leave a part of its work undone. So each order is remembered by a hash of its number until its
// result comes, by department:
//
//	asked  x x  xx x x   x x  x xx |      of the orders of two hours, of which half should be back before the last was given,
//	       `--2 hours--' `-median-'|      how many have come back by now? Fewer than in this hour of other weeks: missing
//	back     x   x x x     x     x |      later than nine in ten did before, times 1.6: late
//
// Both are counts among counts, and both are held against a beta-binomial whose spread is learned: how far a department strays from its own
// week on ordinary days. Chance must explain less than one in a million, for a flow is looked at 52,000 times a year. Two weeks pass before anything is said.
//
// In 18 simulated departments of 60, 400 and 3,000 orders a day, one by one and in fours, for half a year each: 1 false alarm in 8 years. What a laboratory with lags of 55 minutes
// (the median; a day differs from the next by a tenth) leaves undone from ten in the morning on is told, when nothing comes back, after 40 minutes (3,000 a day) or 80 (400); when half of
// it does, after an hour, or two to five; lags of two and a half times after 40 minutes, or one to two hours; lags of 1.62 times, which lie on the edge of what is told, within two hours, or not at all.
// Of one order in four that is never answered, with lags of two hours, half a loss is found in three hours at 3,000 a day, and seldom at 400. With 60 orders a day little is found:
// for the small ones ask people.
package pair

import (
	"math"
	"time"
)

// Kind is what is wrong.
type Kind string

// The kinds.
const (
	Missing Kind = "missing-results" // fewer have come back than usual
	Late    Kind = "late-results"    // they come later than usual
)

// Trouble begins or ends.
type Trouble struct {
	Flow     string
	Kind     Kind
	Ended    bool
	Since    time.Time
	Of       int           // of Missing: what was asked within two hours; of Late: what came back
	Count    int           // of these: what came back by now; what was late
	Expected float64       // of Missing: what should have come back by now
	Took     time.Duration // of Late: nine in ten came within it
	Usual    time.Duration // and did before
}

// The rule. Lags of laboratories in an outage grew by 62 %: source, the notes on downtime.
const (
	slot      = 10 // minutes
	window    = 12 // slots
	ring      = keeps + window
	unlikely  = 1e-6 // a flow is looked at 52,000 times a year
	odd       = 0.01 // of that chance, and nothing is learned of it
	degraded  = 1.6
	learning  = 14 * 24 * time.Hour
	calm      = 30 * time.Minute
	keeps     = 72 * 60 / slot // slots after which an order is not waited for
	mostOpen  = 50_000
	mostFlow  = 200
	fewHour   = 15  // orders by which an hour of the week is known
	fewPast   = 200 // lags by which lags are known
	weekly    = 0.8 // of what is known of an hour of the week is left a week later
	strays    = 0.05
	mostStray = 20  // times what chance has, of one window: more is no ordinary day
	strayed   = 400 // that much is taken for known of how a flow strays
)

// Config says how the house lives.
type Config struct {
	Zone    *time.Location           // of its weeks
	Holiday func(day time.Time) bool // goes like a Sunday; nil: none does
}

// Book waits for what was asked. It is not safe for use by several goroutines.
type Book struct {
	cfg   Config
	at    int64 // slot since 1970
	open  map[uint64]asked
	flows map[string]*flow
	fresh bool // the present slot was not judged yet
}

type asked struct {
	flow *flow
	at   int64 // minute
}

// flow is one department's.
type flow struct {
	first, last int64         // slots
	asked, back [ring]uint16  // by slot in which it was asked, and of these what came back
	came        [window]lags  // by slot in which they came
	past        [24]lags      // by the hour in which they came, forgotten by half in a week: at night comes what took long
	day         int64         // of the past
	median      float64       // minutes of the past; it follows only what changes by more than a step
	hours       [7 * 24]hour  // of the week
	excess, of  float64       // how far it strays: see spread
	told        map[Kind]told // what is wrong
	odd         bool          // the last window may begin to be wrong
}

// hour is what is known of an hour of the week.
type hour struct {
	asked, back float32
	week        int32
}

type told struct{ since, last int64 } // slots

// New is a book that waits for nothing.
func New(cfg Config) *Book {
	return &Book{cfg: cfg, open: map[uint64]asked{}, flows: map[string]*flow{}}
}

// Asked says that something was asked for, by the hash of its number.
func (b *Book) Asked(name string, number uint64, at time.Time) {
	b.advance(at)
	if _, known := b.open[number]; known || len(b.open) >= mostOpen {
		return
	}
	f := b.flows[name]
	if f == nil {
		if len(b.flows) >= mostFlow {
			return
		}
		f = newFlow(b.at)
		b.flows[name] = f
	}
	if i := b.at % ring; f.asked[i] < mostCount {
		f.asked[i]++
		f.last = b.at
		b.open[number] = asked{f, at.Unix() / 60}
	}
}

func newFlow(at int64) *flow { return &flow{first: at, last: at, told: map[Kind]told{}} }

// Answered says that something came back.
func (b *Book) Answered(number uint64, at time.Time) {
	b.advance(at)
	if a, known := b.open[number]; known {
		delete(b.open, number)
		a.flow.back[a.at/slot%ring]++
		a.flow.came[b.at%window].add(max(0, at.Unix()/60-a.at))
	}
}

// Withdrawn says that something is not waited for any more.
func (b *Book) Withdrawn(number uint64) {
	a, known := b.open[number]
	delete(b.open, number)
	if known && a.flow.asked[a.at/slot%ring] > 0 {
		a.flow.asked[a.at/slot%ring]--
	}
}

// Tick lets time pass, and says what began or ended.
func (b *Book) Tick(now time.Time) (out []Trouble) {
	b.advance(now)
	if !b.fresh {
		return nil
	}
	b.fresh = false
	hour, _ := b.hour()
	for name, f := range b.flows {
		out = f.judge(out, name, b.at, hour)
	}
	return out
}

// Deaf says that until now nobody could hear what came back: what was asked before is not waited for.
func (b *Book) Deaf(now time.Time) {
	b.advance(now)
	clear(b.open)
	for _, f := range b.flows {
		f.asked, f.back, f.came = [ring]uint16{}, [ring]uint16{}, [window]lags{}
	}
}

// advance goes on slot by slot; after days without any it begins anew.
func (b *Book) advance(to time.Time) {
	now := to.Unix() / 60 / slot
	if b.at == 0 {
		b.at = now
	}
	if now-b.at > ring {
		clear(b.open)
		b.at = now - ring
	}
	for b.at < now {
		b.at++
		b.fresh = true
		hour, week := b.hour()
		for _, f := range b.flows {
			f.learn(b.at, hour, week)
			f.asked[b.at%ring], f.back[b.at%ring], f.came[b.at%window] = 0, 0, lags{}
		}
		if b.at%6 == 0 {
			b.forget()
		}
	}
}

// forget gives up what nobody answers any more, and flows that are gone.
func (b *Book) forget() {
	for number, a := range b.open {
		if b.at-a.at/slot >= keeps {
			delete(b.open, number)
		}
	}
	for name, f := range b.flows {
		if time.Duration(b.at-f.last)*slot*time.Minute > 60*24*time.Hour {
			delete(b.flows, name)
		}
	}
}

// hour is the hour of the week that is now, and which week.
func (b *Book) hour() (ofWeek int, week int32) {
	t := time.Unix(b.at*slot*60, 0).In(b.cfg.Zone)
	day := int(t.Weekday())
	if b.cfg.Holiday != nil && b.cfg.Holiday(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, b.cfg.Zone)) {
		day = int(time.Sunday)
	}
	return day*24 + t.Hour(), int32(b.at * slot / (7 * 24 * 60))
}

// due counts the orders of two hours, the last of which was given a median of lags ago, and what of them came back.
func (f *flow) due(at int64) (asked, back int) {
	last := at - 1 - min(int64(f.median/slot), keeps-1)
	for i := last; i > last-window; i-- {
		if i >= 0 {
			asked, back = asked+int(f.asked[i%ring]), back+int(f.back[i%ring])
		}
	}
	return asked, back
}

// learn takes what is due for usual, unless something is wrong.
func (f *flow) learn(at int64, i int, week int32) {
	if day := at * slot / (24 * 60); f.day != day {
		var all lags
		for h := range f.past {
			f.past[h].scale(float32(math.Pow(0.5, float64(max(0, min(day-f.day, 100)))/7)))
			all.merge(&f.past[h])
		}
		f.day = day
		if m := all.quantile(0.5); m > 1.3*f.median || m < f.median/1.3 {
			f.median, f.hours = m, [7 * 24]hour{} // which were of other orders
		}
	}
	if len(f.told) > 0 {
		return
	}
	f.past[(i+22)%24].merge(&f.came[at%window]) // which is leaving the window of two hours
	asked, back := f.due(at)
	f.stray(i, asked, back)
	if f.odd {
		return
	}
	h := &f.hours[i]
	if h.week != week {
		h.asked, h.back, h.week = h.asked*weekly, h.back*weekly, week
	}
	h.asked += float32(asked) / window // each order is due so often
	h.back += float32(back) / window
}

// share is what usually has come back by now, no more than in the hours beside this one, and by how many orders that is known.
func (f *flow) share(i int) (share, known float64) {
	share = 1
	for _, j := range []int{i, (i + 1) % len(f.hours), (i + len(f.hours) - 1) % len(f.hours)} {
		if h := &f.hours[j]; h.asked >= fewHour/3 {
			share = min(share, float64(h.back/h.asked))
			known += float64(h.asked)
		}
	}
	return share, known
}

// stray learns how much further below its usual share a flow is than chance has it. Of a beta-binomial of n and a correlation r, the variance is
// 1 + (n-1)r times that of a binomial.
func (f *flow) stray(i, asked, back int) {
	share, known := f.share(i)
	n := float64(asked)
	if known < fewHour || n < 5 {
		return
	}
	z := 0.0
	if below := n*share - float64(back); below > 0 {
		z = 2 * below * below / (n * max(0.01, share*(1-share))) // the other half lies above
	}
	z = min(z, mostStray)
	const fade = 0.999 // some seven days
	f.excess, f.of = f.excess*fade+z-1, f.of*fade+n-1
}

// spread is the weight of a prior that strays so.
func (f *flow) spread() float64 {
	r := (f.excess + strays*strayed) / (f.of + strayed)
	return 1/max(0.005, min(0.5, r)) - 1
}

// judge says what began or ended.
func (f *flow) judge(out []Trouble, name string, at int64, i int) []Trouble {
	if time.Duration(at-f.first)*slot*time.Minute < learning {
		return out
	}
	share, known := f.share(i)
	asked, back := f.due(at)
	expected, weight := float64(asked)*share, min(f.spread(), known)
	chance := 1.0
	if known >= fewHour && float64(back) < expected {
		chance = atMost(back, asked, share*weight+0.5, (1-share)*weight+0.5)
	}
	f.odd = chance < odd
	missing := chance < unlikely
	out = f.tell(out, missing, at, Trouble{Flow: name, Kind: Missing, Of: asked, Count: back, Expected: expected})
	var all, hours lags
	for s := range f.came {
		all.merge(&f.came[s])
	}
	for _, h := range []int{i % 24, (i + 23) % 24, (i + 22) % 24} {
		hours.merge(&f.past[h])
	}
	usual := hours.quantile(0.9)
	n, past, late := int(all.above(0)), float64(hours.above(0)), int(all.above(usual))
	tail, weight := float64(hours.above(usual))/max(past, 1), min(f.spread(), past)
	slow := past >= fewPast && all.quantile(0.9) > degraded*usual && atMost(n-late, n, (1-tail)*weight+0.5, tail*weight+0.5) < unlikely
	return f.tell(out, slow, at, Trouble{Flow: name, Kind: Late, Of: n, Count: late, Took: minutes(all.quantile(0.9)), Usual: minutes(usual)})
}

func minutes(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

// tell says what begins, and what ends once it was right for a while.
func (f *flow) tell(out []Trouble, wrong bool, at int64, t Trouble) []Trouble {
	s, known := f.told[t.Kind]
	switch {
	case wrong:
		if s.last = at; !known {
			s.since, t.Since = at, time.Unix(at*slot*60, 0)
			out = append(out, t)
		}
		f.told[t.Kind] = s
	case known && minutes(float64(at-s.last)*slot) > calm:
		delete(f.told, t.Kind)
		t.Since, t.Ended = time.Unix(s.since*slot*60, 0), true
		out = append(out, t)
	}
	return out
}

// atMost is the chance of at most k of n by a beta-binomial, if that is odd. Of very many a share is enough, and cheaper.
func atMost(k, n int, a, b float64) (p float64) {
	const enough = 500
	if n > enough {
		k, n = k*enough/n, enough
	}
	for i := 0; i <= k && p < odd; i++ {
		p += math.Exp(logChoose(n, i) + logBeta(float64(i)+a, float64(n-i)+b) - logBeta(a, b))
	}
	return p
}

func logChoose(n, k int) float64 {
	return lgamma(float64(n+1)) - lgamma(float64(k+1)) - lgamma(float64(n-k+1))
}

func logBeta(a, b float64) float64 { return lgamma(a) + lgamma(b) - lgamma(a+b) }

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// lags counts lags by their size: a step is a fifth of an octave, from a minute to three days.
type lags [64]float32

func step(lag float64) int { return min(int(5*math.Log2(max(1, lag))), len(lags{})-1) }

func (l *lags) add(lag int64) { l[step(float64(lag))]++ }

func (l *lags) merge(o *lags) {
	for i, n := range o {
		l[i] += n
	}
}

func (l *lags) scale(by float32) {
	for i := range l {
		l[i] *= by
	}
}

// above counts those that are longer than so many minutes, by whole steps; all of them for 0.
func (l *lags) above(lag float64) (n float32) {
	from := 0
	if lag > 0 {
		from = step(lag) + 1
	}
	for _, v := range l[from:] {
		n += v
	}
	return n
}

// quantile is the upper end, in minutes, of the step in which it lies; 0 when there is none.
func (l *lags) quantile(q float32) float64 {
	left := l.above(0) * q
	if left == 0 {
		return 0
	}
	for i, n := range l {
		if left -= n; left <= 0 {
			return math.Exp2(float64(i+1) / 5)
		}
	}
	return math.Exp2(float64(len(l)) / 5)
}

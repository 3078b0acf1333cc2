// Package answer watches how messages are answered: how soon, how often with a refusal, and whether at all.
//
// A feed that speaks may still not be heard. An interface whose database is slow acknowledges after nine seconds what took forty
// milliseconds; one whose code tables were changed refuses every third message; one that hangs says nothing, and the sender says
// the same again. Each is held against the same interface's own past, and a change is told once until it is over.
package answer

import (
	"math"
	"time"
)

// Kind is what is wrong with answers.
type Kind string

// The kinds.
const (
	Slow     Kind = "slow-answers" // the 95th percentile of ten minutes is far above what it was
	Refused  Kind = "refusals"     // AE, which a receiver says of what a message holds, more often than it was
	Rejected Kind = "rejections"   // AR, which it says of messages that it cannot take at all
	Unheard  Kind = "no-answers"   // messages that nobody answers, or that their sender repeats
)

// Trouble is something wrong with answers, that begins or ends.
type Trouble struct {
	Kind  Kind
	Ended bool
	Since time.Time     // of what shows it
	Of    int           // answers, or messages, that were looked at
	Bad   int           // of these
	Took  time.Duration // 95th percentile of ten minutes, of Slow
	Usual time.Duration // the same of the days before
}

// The rule. Sources: domain figures of interface engines, whose timeouts are 30 to 60 seconds.
const (
	window      = 10 * time.Minute
	minutesKept = 10 // of a window
	slowFloor   = 5 * time.Second
	slowTimes   = 5.0
	fewest      = 10               // answers by which a percentile is told
	timeout     = 30 * time.Second // after which a message counts as not answered
	rejects     = 3                // within five minutes
	unlikely    = 1e-4             // that so many refusals are chance
	repeats     = 2
	unheard     = 0.01        // of messages
	fewUnheard  = 2           // messages: one alone may have been lost on its way to us
	pastMost    = 2000        // answers that the past counts for at most
	priorOf     = 200         // answers that are taken for known of a way that is new
	priorBad    = 0.0005      // of these, refused: what engines see
	open        = 4096        // messages that are waited for
	step        = time.Second // between two looks at all of it
)

// Flow is one way of messages, from a sender to a receiver, and what is known of its answers. It is not safe for use by several goroutines.
type Flow struct {
	clock   time.Time
	looked  time.Time
	minutes [minutesKept]minute // ring by minute
	at      int64               // minute since 1970 of the newest
	past    past
	waiting map[uint64]waiting
	told    map[Kind]time.Time // what is wrong, since when
	heard   bool               // an answer was seen: both directions are
	last    time.Time          // a message or an answer
}

// minute is what happened in one.
type minute struct {
	took            histogram
	answers         int
	refused, reject int // AE, AR
	asked, unheard  int // messages whose answers are seen on this way
	again           int // messages that were repeated before they were answered
}

// past is what was usual, forgotten by half in a week.
type past struct {
	took             histogram
	answers, refused float64
	day              int64
}

type waiting struct {
	since time.Time
	times int
	late  bool
}

// New is a flow of which nothing is known.
func New() *Flow { return &Flow{waiting: map[uint64]waiting{}, told: map[Kind]time.Time{}} }

// Asked says that a message went over the way, by the hash of its control id. What it returns began or ended.
func (f *Flow) Asked(control uint64, at time.Time) []Trouble {
	f.advance(at)
	f.last = f.clock
	m := f.now()
	if w, found := f.waiting[control]; found {
		w.times++
		f.waiting[control] = w
		m.again++
		return f.judge()
	}
	m.asked++
	if len(f.waiting) < open {
		f.waiting[control] = waiting{since: f.clock, times: 1}
	}
	return f.judge()
}

// Answered says that the message with that control id was answered with that code of MSA-1.
func (f *Flow) Answered(control uint64, code string, at time.Time) []Trouble {
	f.advance(at)
	f.last = f.clock
	w, found := f.waiting[control]
	if !found {
		return nil // as good as nothing is known of it
	}
	delete(f.waiting, control)
	return f.took(code, f.clock.Sub(w.since))
}

// Took says that a message was answered with that code after so long, of which somebody else kept the time.
func (f *Flow) Took(code string, after time.Duration, at time.Time) []Trouble {
	f.advance(at)
	f.last = f.clock
	f.now().asked++
	return f.took(code, after)
}

// Missed says that somebody who kept the time saw a message that was not answered.
func (f *Flow) Missed(at time.Time) []Trouble {
	f.advance(at)
	f.last = f.clock
	m := f.now()
	m.asked++
	m.unheard++
	return f.judge()
}

func (f *Flow) took(code string, after time.Duration) []Trouble {
	f.heard = true
	m := f.now()
	m.answers++
	m.took.add(after)
	switch code {
	case "AE", "CE":
		m.refused++
	case "AR", "CR":
		m.reject++
	}
	return f.judge()
}

// Tick lets time pass.
func (f *Flow) Tick(now time.Time) []Trouble {
	f.advance(now)
	return f.judge()
}

// Heard is when a message or an answer came last.
func (f *Flow) Heard() time.Time { return f.last }

func (f *Flow) now() *minute { return &f.minutes[f.at%minutesKept] }

// advance goes to that time: minutes that leave the window go into the past, and messages that nobody answered are counted.
func (f *Flow) advance(to time.Time) {
	if !to.After(f.clock) {
		return
	}
	if f.clock.IsZero() {
		f.at = to.Unix() / 60
	}
	f.clock = to
	for m := to.Unix() / 60; f.at < m; {
		if m-f.at > minutesKept {
			f.at = m - minutesKept
		}
		f.at++
		f.forget(f.now())
		*f.now() = minute{}
	}
}

// late counts the messages that nobody answered.
func (f *Flow) late() {
	for control, w := range f.waiting {
		waited := f.clock.Sub(w.since)
		if !w.late && waited > timeout {
			w.late = true
			f.waiting[control] = w
			f.now().unheard++
		}
		if waited > window {
			delete(f.waiting, control)
		}
	}
}

// forget adds a minute to the past, unless something is wrong: what is wrong is not usual.
func (f *Flow) forget(m *minute) {
	if m.answers == 0 {
		return
	}
	day := f.at / (24 * 60)
	if f.past.day != 0 && day > f.past.day {
		fade := math.Pow(0.5, float64(day-f.past.day)/7)
		f.past.took.scale(fade)
		f.past.answers *= fade
		f.past.refused *= fade
	}
	f.past.day = day
	if _, slow := f.told[Slow]; !slow {
		f.past.took.merge(&m.took)
	}
	if _, refused := f.told[Refused]; !refused {
		f.past.answers += float64(m.answers)
		f.past.refused += float64(m.refused)
	}
}

// judge looks at the window, once a second at most.
func (f *Flow) judge() (out []Trouble) {
	if f.clock.Sub(f.looked) < step {
		return nil
	}
	f.looked = f.clock
	f.late()
	var w minute
	rejected := 0
	for i := range int64(minutesKept) {
		m := &f.minutes[(f.at-i+minutesKept)%minutesKept]
		w.took.merge(&m.took)
		w.answers += m.answers
		w.refused += m.refused
		w.asked += m.asked
		w.unheard += m.unheard
		w.again += m.again
		if i < 5 {
			rejected += m.reject
		}
	}
	took, usual := w.took.quantile(0.95), f.past.took.quantile(0.95)
	slow := w.answers >= fewest && took > max(slowFloor, time.Duration(slowTimes*float64(usual)))
	out = f.tell(out, slow, Trouble{Kind: Slow, Of: w.answers, Took: took, Usual: usual})
	out = f.tell(out, f.more(w.refused, w.answers), Trouble{Kind: Refused, Of: w.answers, Bad: w.refused})
	out = f.tell(out, rejected >= rejects, Trouble{Kind: Rejected, Of: w.answers, Bad: rejected})
	many := w.unheard >= fewUnheard && w.answers+w.unheard >= fewest && float64(w.unheard) > unheard*float64(w.asked)
	silent := f.heard && (many || w.unheard > 0 && w.again >= repeats)
	return f.tell(out, silent, Trouble{Kind: Unheard, Of: w.asked, Bad: w.unheard})
}

// more tells whether so many refusals are more than the past explains: the chance of a beta-binomial, in which the past is the prior.
func (f *Flow) more(bad, of int) bool {
	if bad < 3 {
		return false
	}
	known := f.past.answers + priorOf
	n := min(pastMost, known)
	a := (f.past.refused + priorOf*priorBad) / known * n
	b := n - a
	return betaBinomialTail(bad, of, a, b) < unlikely
}

// tell says what begins and what ends. What began stays for a window at least.
func (f *Flow) tell(out []Trouble, wrong bool, t Trouble) []Trouble {
	since, known := f.told[t.Kind]
	switch {
	case wrong && !known:
		f.told[t.Kind] = f.clock
		t.Since = f.clock
		return append(out, t)
	case !wrong && known && f.clock.Sub(since) >= window:
		delete(f.told, t.Kind)
		t.Since, t.Ended = since, true
		return append(out, t)
	}
	return out
}

// Wrong is what is wrong now, and since when.
func (f *Flow) Wrong() map[Kind]time.Time { return f.told }

// betaBinomialTail is the chance of at least k of n.
func betaBinomialTail(k, n int, a, b float64) float64 {
	p := 0.0
	for i := k; i <= n; i++ {
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

// histogram counts durations by their size: a step is a fifth of an octave, from a tenth of a millisecond to a quarter of an hour.
type histogram [120]float32

func (h *histogram) add(d time.Duration) {
	i := int(5 * math.Log2(max(1, float64(d)/1e5)))
	h[min(i, len(h)-1)]++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o {
		h[i] += n
	}
}

func (h *histogram) scale(by float64) {
	for i := range h {
		h[i] *= float32(by)
	}
}

func (h *histogram) total() (n float32) {
	for _, v := range h {
		n += v
	}
	return n
}

// quantile is the upper end of the step in which it lies.
func (h *histogram) quantile(q float32) time.Duration {
	left := h.total() * q
	if left == 0 {
		return 0
	}
	for i, n := range h {
		if left -= n; left <= 0 {
			return time.Duration(1e5 * math.Exp2(float64(i+1)/5))
		}
	}
	return time.Duration(1e5 * math.Exp2(float64(len(h))/5))
}

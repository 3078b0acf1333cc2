package chart

import (
	"fmt"
	"time"
)

// Result is a result as a laboratory or a machine said it (ORU, HL7 v2.5.1 chapter 7). Times that it does not state are zero.
type Result struct {
	ID        string // of the message, for the caller
	Source    string // who said it, and what kind of message it was: see Chart.Hear
	Kind      string // OBR-24, or else OBR-4: what is learned is learned of it
	Author    string // OBX-16, or else OBR-32: who answers for it
	Patient   string
	Collected time.Time // OBR-7
	Arrived   time.Time // OBR-14: the specimen was there
	Observed  time.Time // OBX-14: the time to which it is charted
	Analysed  time.Time // OBX-19: what the machine says
	Reported  time.Time // OBR-22
	Sent      time.Time // MSH-7
	Said      time.Time
	Serials   []string // OBR-3, MSH-13, OBR-2: see Note
	Trigger   time.Time
}

// The weights of signs of a result: bounds, as those of notes are. A house in which a sign is usual is not told of it.
const (
	weighBackwards = 12 // B3: nothing is measured before it was taken; but some write into OBR-7 when it was ordered, and some when it came
	weighDevice    = 10 // B7: the machine's time is written by no person
	weighFuture    = 8  // B4: what is to come was not measured
	weighAsked     = 10 // it came after a complaint or a death, and is of a time before it
)

// clocksDiffer is how far apart clocks of machines may stand.
const clocksDiffer = 5 * time.Minute

// Result takes a result, and says whether its times can be true.
func (c *Chart) Result(r Result) []Finding {
	k, v := c.manner(r.Source+" "+r.Kind), c.voice(r.Source)
	if k == nil || v == nil {
		return nil
	}
	order := v.outOfOrder(r.Serials, first(r.Reported, r.Sent))
	backwards := before(r.Analysed, r.Collected)
	for _, pair := range [][2]time.Time{{r.Arrived, r.Collected}, {r.Reported, r.Collected}, {r.Reported, r.Analysed}} {
		if b := before(pair[0], pair[1]); backwards != Yes && b != Unknown {
			backwards = b
		}
	}
	apart, apartKnown := r.Analysed.Sub(first(r.Observed, r.Collected)).Abs(), !r.Analysed.IsZero() && !first(r.Observed, r.Collected).IsZero()
	future := before(r.Said.Add(clocksDiffer), latest(r.Analysed, r.Observed, r.Collected))
	k.learn("backwards", backwards, false)
	k.learn("future", future, false)
	k.learn("order", order, false)
	f := Finding{Kind: Mistimed, At: r.Said, Author: r.Author, Patient: r.Patient, Things: []string{r.ID}, Count: 1}
	f.sign(backwards == Yes, "backwards", k.oddsOf("backwards").weigh(weighBackwards, 0), "It was measured or reported before it was taken, or reported before it was measured.")
	if apartKnown {
		f.sign(backwards != Yes, "device", k.apart(apart), fmt.Sprintf("The time of the machine and the time to which it is charted are %s apart, as they hardly ever are.", span(apart)))
		k.Counts[step(apart)]++
	}
	f.sign(future == Yes, "future", k.oddsOf("future").weigh(weighFuture, 0), "It bears a time that had not come.")
	f.sign(order == Yes, "order", k.oddsOf("order").weigh(weighOrder, 0), "Its sender gave it a number behind those of results that were reported more than an hour later than it claims to be.")
	if len(f.Signs) == 0 {
		return nil
	}
	f.sign(r.Trigger.After(earliest(r.Observed, r.Collected, r.Analysed)) && !r.Trigger.After(r.Said), "trigger", weighAsked, "Between the time that it claims and the time at which it was said, a complaint, a legal matter or a death came up.")
	switch v.clock(r.Sent, r.Said) {
	case replayed:
		f.sign(true, "replayed", weighReplayed, "It bears a time at which its sender said nothing at all: it waited with all else.")
	case stepped:
		f.sign(true, "clock", weighStepped, "The clock of its sender stood elsewhere when it was sent, and for other messages of that time.")
	}
	if f.Weight() < Alarm || !c.once("result "+r.ID, r.Said, 30*day) {
		return nil
	}
	return []Finding{f}
}

// apart weighs how far the times of machine and chart are apart.
func (k *manner) apart(d time.Duration) int {
	var all, as int64
	for i, n := range k.Counts {
		all += n
		if i >= step(d*2/3) {
			as += n
		}
	}
	if all < 1000 || d < clocksDiffer {
		return 0
	}
	return worth(as, all, 20, weighDevice)
}

// before tells whether one time is before another by more than clocks differ.
func before(a, b time.Time) Truth {
	if a.IsZero() || b.IsZero() {
		return Unknown
	}
	return truth(a.Before(b.Add(-clocksDiffer)))
}

// first is the first time that is known.
func first(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func earliest(times ...time.Time) (begin time.Time) {
	for _, t := range times {
		if !t.IsZero() && (begin.IsZero() || t.Before(begin)) {
			begin = t
		}
	}
	return begin
}

func latest(times ...time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// Ordered notes when something was ordered that is to be given: the first word on it counts.
func (c *Chart) Ordered(order string, at time.Time) {
	if _, known := c.orders[order]; !known && order != "" && !at.IsZero() && len(c.orders) < mostOrders {
		c.orders[order] = at.Unix()
	}
}

// GivenEarly tells whether a dose claims to be given before it was ordered.
func (c *Chart) GivenEarly(order string, given time.Time) Truth {
	at, known := c.orders[order]
	if !known || given.IsZero() {
		return Unknown
	}
	return before(given, time.Unix(at, 0))
}

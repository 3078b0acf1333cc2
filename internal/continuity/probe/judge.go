package probe

import (
	"fmt"
	"slices"
	"time"
)

// The rule.
const (
	failuresToAlarm = 3                // so often in a row it must have failed
	quietToAlarm    = 90 * time.Second // and for so long not have answered
	answersToClear  = 2                // so often in a row it must have answered
	slowFactor      = 5                // times its own median
	leastAnswers    = 10               // before that nobody knows what is usual
	leastCloses     = 3                // likewise, of closing connections
	memory          = time.Hour        // of usual times
	forget          = 24 * time.Hour   // what was slow for so long is how it is now
	mostAnswers     = 720              // in an hour, at one in five seconds
	clockOff        = time.Second
	clockBreaks     = 5 * time.Minute // RFC 4120 5.2.3 and 7.5.9: what Kerberos usually bears
)

// Clock is how far a time server's clock and ours are apart.
type Clock string

// The terms of clocks.
const (
	ClockFine   Clock = ""
	ClockOff    Clock = "off"    // more than a second
	ClockBreaks Clock = "breaks" // more than five minutes: Kerberos refuses logins
)

// Standing is what a target is held for: it changes by the rule, and not at every attempt.
type Standing struct {
	State    State // Unasked until it answered or the rule was met
	Since    time.Time
	Failures int           // in a row, by the last attempt
	Usual    time.Duration // the median of its last hour; 0 until it is known

	Expires    time.Time // of its certificate, as it was shown last
	EndsWithin int       // the least of the target's WarnDays within which it ends; 0: none
	Ended      bool

	Clock Clock
}

// Judge holds what one target answers against the rule. It reads no clock: time is that of the results, which come one after another.
type Judge struct {
	floor time.Duration
	warn  []int // ascending

	standing Standing
	times    []answer // of the last hour in which it was well
	closes   int      // how often it closed a connection after us

	fails, unwell, answers, goods int       // in a row
	failing, ailing               time.Time // when the rows of fails and unwell began
	answered, well                time.Time // when it answered last, and when it was well
}

type answer struct {
	at   time.Time
	took time.Duration
}

// NewJudge returns a judge of a target that was never asked.
func NewJudge(t Target) *Judge {
	return &Judge{floor: t.Slow, warn: t.WarnDays, standing: Standing{State: Unasked}}
}

// Hear takes the next result, and returns it as it is to be understood beside what is usual, and how the target stands now.
func (j *Judge) Hear(r Result) (Result, Standing) {
	r = j.compare(r)
	j.count(r)
	if next := j.next(r); next != j.standing.State {
		j.standing.State, j.standing.Since = next, j.since(next, r)
	}
	j.standing.Failures, j.standing.Usual = j.fails, j.usual()
	r.Why = join(r.Why, j.certificate(r), j.clock(r))
	return r, j.standing
}

// compare finds those that are slow, and those that accept connections while nobody is there.
func (j *Judge) compare(r Result) Result {
	if r.State != Up {
		return r
	}
	if r.closes {
		j.closes = min(j.closes+1, leastCloses)
	}
	if r.lingers && j.closes >= leastCloses {
		r.State, r.Cause, r.Took = Down, Silent, max(r.Took, r.waited)
		r.Why = "connected, but it does not close connections any more as it used to: frozen, or far too slow"
		return r
	}
	if usual := j.usual(); usual > 0 && r.Took > j.floor && r.Took > slowFactor*usual {
		r.State, r.Cause = Slow, Late
		r.Why = fmt.Sprintf("answered after %s, where %s is usual", short(r.Took), short(usual))
	}
	return r
}

// count keeps the rows.
func (j *Judge) count(r Result) {
	switch r.State {
	case Up, Slow:
		j.fails, j.answers, j.answered = 0, j.answers+1, r.At
	case Down:
		if j.fails++; j.fails == 1 {
			j.failing = began(j.answered, r.At)
		}
		j.answers = 0
	default:
		j.fails, j.unwell, j.answers, j.goods = 0, 0, 0, 0
		return // it says nothing of the target
	}
	if r.State == Up {
		j.unwell, j.goods, j.well = 0, j.goods+1, r.At
		j.remember(r)
		return
	}
	if j.unwell++; j.unwell == 1 {
		j.ailing = began(j.well, r.At)
	}
	j.goods = 0
}

// began is when a row of failures began whose first is now: after the last good answer, but not long ago because the target is asked seldom.
func began(good, now time.Time) time.Time {
	if usual := now.Add(-restless); good.Before(usual) {
		return usual
	}
	return good
}

// next is the state that the rows lead to.
func (j *Judge) next(r Result) State {
	now, end := j.standing.State, r.At.Add(r.Took)
	lasted := func(since time.Time) bool { return end.Sub(since) >= quietToAlarm }
	first := now == Unasked || now == Refused
	switch {
	case r.State == Refused:
		return Refused
	case r.State == Unasked:
		return now
	case j.fails >= failuresToAlarm && lasted(j.failing):
		return Down
	case j.goods >= answersToClear || first && j.goods > 0:
		return Up
	case now == Down && j.answers >= answersToClear:
		return Slow
	case now != Down && j.unwell >= failuresToAlarm && j.answers > 0 && lasted(j.ailing):
		return Slow
	}
	return now
}

// since is when a state began: for bad ones, when all was well last.
func (j *Judge) since(s State, r Result) time.Time {
	switch s {
	case Down:
		return j.failing
	case Slow:
		return j.ailing
	}
	return r.At
}

// Again is how soon the target should be asked again because of what is not decided yet; 0: at its next turn.
func (j *Judge) Again(now time.Time) time.Duration {
	state := j.standing.State
	switch {
	case state != Down && j.fails >= failuresToAlarm-1:
		return lasting(j.failing, now)
	case state != Down && state != Slow && j.unwell >= failuresToAlarm-1:
		return lasting(j.ailing, now)
	case state == Down || state == Slow || j.unwell > 0:
		return restless
	}
	return 0
}

// lasting is how long it takes until a row has lasted long enough.
func lasting(since, now time.Time) time.Duration {
	return min(max(since.Add(quietToAlarm).Sub(now), time.Second), restless)
}

// remember keeps how long an answer took. What is not well teaches nothing, and while it lasts nothing is forgotten, until it has lasted for a day.
func (j *Judge) remember(r Result) {
	j.times = slices.DeleteFunc(j.times, func(a answer) bool { return r.At.Sub(a.at) > memory })
	if len(j.times) == mostAnswers {
		j.times = slices.Delete(j.times, 0, 1)
	}
	j.times = append(j.times, answer{r.At, r.Took})
}

// usual is the median of what is remembered.
func (j *Judge) usual() time.Duration {
	if n := len(j.times); n < leastAnswers || j.answered.Sub(j.times[n-1].at) > forget {
		return 0
	}
	took := make([]time.Duration, len(j.times))
	for i, a := range j.times {
		took[i] = a.took
	}
	slices.Sort(took)
	return max(took[len(took)/2], 1)
}

// certificate says how near the end of the certificate is, whether or not it was shown this time.
func (j *Judge) certificate(r Result) string {
	s := &j.standing
	if !r.Expires.IsZero() {
		s.Expires = r.Expires
	}
	s.EndsWithin, s.Ended = 0, false
	if s.Expires.IsZero() {
		return ""
	}
	left := s.Expires.Sub(r.At)
	if s.Ended = left <= 0; s.Ended {
		return "certificate ended " + days(-left) + " ago"
	}
	for _, warn := range j.warn {
		if left <= time.Duration(warn)*24*time.Hour {
			s.EndsWithin = warn
			return "certificate ends in " + days(left)
		}
	}
	return ""
}

// clock says what the difference of clocks does.
func (j *Judge) clock(r Result) string {
	if r.State != Up && r.State != Slow {
		return "" // it was not compared
	}
	side := "ahead of"
	if r.Offset < 0 {
		side = "behind"
	}
	apart := r.Offset.Abs()
	said := fmt.Sprintf("its clock is %s %s ours", short(apart), side)
	switch j.standing.Clock = ClockFine; {
	case apart > clockBreaks:
		j.standing.Clock = ClockBreaks
		return said + ": Kerberos refuses logins"
	case apart > clockOff:
		j.standing.Clock = ClockOff
		return said
	}
	return ""
}

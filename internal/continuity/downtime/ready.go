package downtime

import (
	"fmt"
	"time"
)

// Readiness is what is known of how well a unit could work on paper.
type Readiness struct {
	Unit    string
	Data    time.Time // of the newest pack that lies in a folder of the unit; zero for none
	Printed time.Time // when somebody confirmed last that paper was printed; zero for never
	Drilled time.Time // when the last complete drill ended; zero for never
	InHand  time.Duration
	Failed  int // folders that could not be written last time
}

// Limits are when a unit is not ready any more.
type Limits struct {
	Pack  time.Duration // age of the data
	Paper time.Duration // since it was printed
	Drill time.Duration
	Hand  time.Duration // to have the pack in hand
}

// UsualLimits: a pack is made every hour, paper is printed each shift, and people practise twice a year.
func UsualLimits() Limits {
	return Limits{Pack: 3 * time.Hour, Paper: 12 * time.Hour, Drill: 183 * 24 * time.Hour, Hand: 10 * time.Minute}
}

// What a unit lacks weighs so much that whatever is worse outweighs all that is less.
const (
	LacksDrill = 1 << iota
	LacksPaper
	LacksFolder
	LacksPack
)

// Score tells in words what is not ready, the worst first, and what it weighs in all; "Ready" alone and 0 when all is.
func (r *Readiness) Score(now time.Time, l Limits) (words []string, weight int) {
	say := func(lacks int, format string, args ...any) {
		words, weight = append(words, fmt.Sprintf(format, args...)), weight+lacks
	}
	switch age := now.Sub(r.Data); {
	case r.Data.IsZero():
		say(LacksPack, "No pack was ever made")
	case age > l.Pack:
		say(LacksPack, "Pack is %s old", span(age))
	}
	if r.Failed > 0 {
		say(LacksFolder, "%d of its folders could not be written", r.Failed)
	}
	switch age := now.Sub(r.Printed); {
	case r.Printed.IsZero():
		say(LacksPaper, "Paper was never printed")
	case age > l.Paper:
		say(LacksPaper, "Paper is %s old", span(age))
	}
	switch age := now.Sub(r.Drilled); {
	case r.Drilled.IsZero():
		say(LacksDrill, "No drill was ever held")
	case age > l.Drill:
		say(LacksDrill, "No drill in %s", span(age))
	case r.InHand > l.Hand:
		say(LacksDrill, "In the last drill it took %s to have the pack in hand", span(r.InHand))
	}
	if len(words) == 0 {
		return []string{"Ready"}, 0
	}
	return words, weight
}

// span writes a time as people say it.
func span(d time.Duration) string {
	const day, month = 24 * time.Hour, 30 * 24 * time.Hour
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d < 2*month:
		return fmt.Sprintf("%d days", d/day)
	}
	return fmt.Sprintf("%d months", d/month)
}

// Package chart looks at how a chart is written: at notes that claim an earlier time than that at which they were written, at many amendments in a short
// time, at records of two people that are made one, and at vaccinations that nobody can have had.
//
// Each of these is done every day for good reasons. So no sign decides alone: signs are weighed in decibans, as those of the access review are
// (ten times the logarithm of how much more often the sign is seen when something is wrong), and a person is asked from Alarm on. What is
// usual is learned of the house itself: how late notes of a kind come, how often a chart is amended.
//
// The tests of time are B1 to B8 of the notes on falsification: late arrival, numbers out of order, causality, clocks, a burst of edits, an entry without
// its author at the record system, the machine's time, and what had not been said when it claims to be written. The package is pure: what is said in the
// same order gives the same findings, and it reads no clock.
package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// Alarm is the weight from which on a person is asked.
const Alarm = 15

// Sign is one thing that speaks for or against a falsification.
type Sign struct {
	ID     string `json:"id"`
	Text   string `json:"text"` // a sentence without names
	Weight int    `json:"weight"`
}

// Kind tells what a finding is about.
type Kind string

// The kinds of findings.
const (
	BackDated Kind = "back-dated" // a note claims to be of a time at which it cannot have been written
	Amended   Kind = "amended"    // many entries of one chart were changed in a short time
	Merged    Kind = "merged"     // records of two different people became one
	Unfounded Kind = "unfounded"  // something was given to people who were not there
	Mistimed  Kind = "mistimed"   // a result or a dose claims a time that it cannot be of
)

// Finding is something that a person is to look at.
type Finding struct {
	Kind    Kind
	At      time.Time
	Author  string   // who wrote it, as the sender calls the person; may be empty
	Patient string   // whose chart it is; empty when it is about many
	Things  []string // ids of the messages that it rests on, oldest first, at most mostThings
	Count   int      // how many there are
	Signs   []Sign
	// Absent is the id of the last message of the same sender before it: then it had not been said. Empty where that says nothing.
	Absent   string
	AbsentAt time.Time
}

// sign adds a sign that holds, unless it is so usual here that it weighs nothing.
func (f *Finding) sign(holds bool, id string, weight int, text string) {
	if holds && weight != 0 {
		f.Signs = append(f.Signs, Sign{id, text, weight})
	}
}

// Weight is the sum of the signs.
func (f *Finding) Weight() int {
	sum := 0
	for _, s := range f.Signs {
		sum += s.Weight
	}
	return sum
}

const mostThings = 20

// Truth is what is known of something: it may be neither.
type Truth uint8

// What can be known.
const (
	Unknown Truth = iota
	Yes
	No
)

// Chart remembers how charts are written. It is used by one goroutine at a time.
type Chart struct {
	manners    map[string]*manner // by sender and kind of document
	voices     map[string]*voice  // by sender and kind of message
	orders     map[string]int64   // when what is given was ordered, by number of the order; Unix seconds. A stop forgets it: then it is not known
	seats      seats
	amendments map[pair]*burst
	usual      counts // amendments of one chart by one author within burstSpan
	waiting    []*waiting
	untaken    []*waiting         // for the log of the record system
	shots      map[string]*series // by author
	told       map[string]time.Time
	tidied     time.Time // when what is over was let go
}

type pair struct{ author, patient string }

// New returns a Chart that has seen nothing.
func New() *Chart {
	return &Chart{manners: map[string]*manner{}, voices: map[string]*voice{}, orders: map[string]int64{}, seats: seats{By: map[int64]*ring{}}, amendments: map[pair]*burst{}, shots: map[string]*series{}, told: map[string]time.Time{}}
}

// How much is remembered at most: names come from outside.
const (
	mostKinds   = 1000
	mostPairs   = 100_000
	mostAuthors = 20_000
	mostWaiting = 10_000
	mostUntaken = 4_000
	mostOrders  = 50_000
)

// Tick lets time pass, and returns what can be said now.
func (c *Chart) Tick(now time.Time) []Finding {
	if now.Sub(c.tidied) >= time.Minute {
		c.tidied = now
		c.tidy(now)
	}
	return c.settle(now)
}

// tidy lets go of what is over.
func (c *Chart) tidy(now time.Time) {
	for p, b := range c.amendments {
		if now.Sub(b.Last) > burstSpan {
			c.usual.add(len(b.At))
			delete(c.amendments, p)
		}
	}
	for a, s := range c.shots {
		if now.Sub(s.Last) > day {
			delete(c.shots, a)
		}
	}
	for o, at := range c.orders {
		if now.Unix()-at > int64(3*day/time.Second) {
			delete(c.orders, o)
		}
	}
	for id, at := range c.told {
		if now.Sub(at) > 30*day {
			delete(c.told, id)
		}
	}
}

const day = 24 * time.Hour

// once tells whether something was not told within the time before.
func (c *Chart) once(id string, at time.Time, within time.Duration) bool {
	if before, told := c.told[id]; told && at.Sub(before) < within {
		return false
	}
	c.told[id] = at
	return true
}

// learned is what outlives a restart: what is usual, and what is under way.
type learned struct {
	Manners    map[string]*manner   `json:"manners"`
	Voices     map[string]*voice    `json:"voices"`
	Untaken    []*waiting           `json:"untaken"`
	Usual      counts               `json:"usual"`
	Told       map[string]time.Time `json:"told"`
	Waiting    []*waiting           `json:"waiting"`
	Amendments []amendments         `json:"amendments"`
	Shots      map[string]*series   `json:"shots"`
}

type amendments struct {
	Author  string `json:"author"`
	Patient string `json:"patient"`
	Burst   burst  `json:"burst"`
}

// Learned returns what was learned, and what is under way, for Restore. It names people as the caller does: it has to be sealed.
func (c *Chart) Learned() ([]byte, error) {
	l := learned{Manners: c.manners, Voices: c.voices, Untaken: c.untaken, Usual: c.usual, Told: c.told, Waiting: c.waiting, Shots: c.shots}
	for p, b := range c.amendments {
		l.Amendments = append(l.Amendments, amendments{p.author, p.patient, *b})
	}
	return json.Marshal(l)
}

// Restore brings back what Learned returned.
func (c *Chart) Restore(text []byte) error {
	var l learned
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("read what was learned of charts: %w", err)
	}
	again := New()
	maps.Copy(again.manners, l.Manners)
	maps.Copy(again.voices, l.Voices)
	maps.Copy(again.told, l.Told)
	maps.Copy(again.shots, l.Shots)
	for _, a := range l.Amendments {
		again.amendments[pair{a.Author, a.Patient}] = &a.Burst
	}
	again.usual, again.waiting, again.untaken, again.seats = l.Usual, l.Waiting, l.Untaken, c.seats
	*c = *again
	return nil
}

// counts is how often numbers occurred; the last stands for all from there on.
type counts [64]int64

func (c *counts) add(n int) { c[min(max(n, 0), len(c)-1)]++ }

// rare is the smallest number that is exceeded in fewer than one of a thousand cases, or def while too little was seen.
func (c *counts) rare(def int) int {
	var all int64
	for _, n := range c {
		all += n
	}
	if all < 1000 {
		return def
	}
	var above int64
	for n := len(c) - 1; n >= 0; n-- {
		if above += c[n]; 1000*above >= all {
			return n + 1
		}
	}
	return 0
}

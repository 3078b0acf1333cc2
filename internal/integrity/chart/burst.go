package chart

import (
	"fmt"
	"slices"
	"time"
)

// burst is amendments of one chart by one author.
type burst struct {
	At   []time.Time `json:"at"`
	IDs  []string    `json:"ids"`
	Last time.Time   `json:"last"`
}

// burstSpan is how long a burst lasts.
const burstSpan = time.Hour

// The weights of signs of amendments.
const (
	weighWide = -10 // a template that was wrong, or a habit, is in many charts; what somebody wants to hide is in one
	weighMany = 8   // more than all but one of a thousand authors amend in one chart within an hour
	weighEach = 1   // each more than that, up to
	mostEach  = 6
)

// fewAmendments is how many are many while too little is known of the house.
const fewAmendments = 5

func (c *Chart) amend(n Note, a Around) []Finding {
	p := pair{n.Author, n.Patient}
	b := c.amendments[p]
	if b == nil {
		if len(c.amendments) >= mostPairs {
			return nil
		}
		b = &burst{}
		c.amendments[p] = b
	}
	for len(b.At) > 0 && n.Said.Sub(b.At[0]) > burstSpan {
		b.At, b.IDs = b.At[1:], b.IDs[1:]
	}
	if len(b.At) >= 1000 {
		return nil
	}
	b.At, b.IDs, b.Last = append(b.At, n.Said), append(b.IDs, n.ID), n.Said
	limit := max(c.usual.rare(fewAmendments), fewAmendments)
	if len(b.At) < limit {
		return nil
	}
	f := Finding{Kind: Amended, At: n.Said, Author: n.Author, Patient: n.Patient, Things: slices.Clone(b.IDs[:min(len(b.IDs), mostThings)]), Count: len(b.IDs)}
	f.Signs = append(f.Signs, Sign{"many", fmt.Sprintf("%d entries of this chart were changed within %s.", len(b.At), span(n.Said.Sub(b.At[0]))), weighMany + min(weighEach*(len(b.At)-limit), mostEach)})
	since := func(at time.Time) bool { return !at.IsZero() && !at.After(n.Said) && n.Said.Sub(at) < 60*day }
	f.sign(since(a.Trigger), "trigger", weighTrigger, "A complaint or a legal matter came up before.")
	f.sign(since(a.Died), "death", weighDeath, "The patient died before.")
	f.sign(a.Window, "window", weighWindow, "The record system had been down, as announced.")
	charts := c.charts(n.Author, n.Said)
	f.sign(charts >= wideFrom, "wide", weighWide, fmt.Sprintf("The same person changed entries of %d charts in that time, as when a template was wrong.", charts))
	if f.Weight() < Alarm || !c.once("amended "+n.Author+" "+n.Patient, n.Said, day) {
		return nil
	}
	return []Finding{f}
}

// wideFrom is how many charts somebody changes at once who corrects a template.
const wideFrom = 4

// charts counts the charts that somebody has amended lately.
func (c *Chart) charts(author string, now time.Time) (n int) {
	for p, b := range c.amendments {
		if p.author == author && now.Sub(b.Last) <= burstSpan {
			n++
		}
	}
	return n
}

package judge

import (
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

const day = 24 * time.Hour

func days(n float64) time.Duration { return time.Duration(n * float64(day)) }

// opened tells whether more was done than to see a line in a list.
func (t *Touch) opened() bool {
	return t.Counts[Open]+t.Counts[Write]+t.Counts[Print]+t.Counts[Export]+t.Counts[Other] > 0
}

// trap is F29: nobody has a reason to open a record that is nobody's.
func (a *asking) trap() {
	if a.p != nil && a.p.Canary && a.t.opened() && !a.t.Automatic {
		a.plain("F29")
	}
}

// record is what the patient's record itself says: F07, F08, F09, F23, F27.
func (a *asking) record() {
	if a.p.VIP || a.k.News {
		a.plain("F07")
	}
	if class := a.restricted(); class != "" {
		a.plain("F08", "class", class)
	}
	if f := a.j.flags["F09"]; !a.p.Dead.IsZero() && a.first.After(a.p.Dead.Add(days(f.limit("days")))) && !a.office() {
		a.plain("F09", "days", strconv.Itoa(int(a.first.Sub(a.p.Dead)/day)))
	}
	if len(a.t.Sensitive) > 0 {
		words := make([]string, 0, len(a.t.Sensitive))
		for _, ref := range a.t.Sensitive {
			words = append(words, a.j.classes.words(a.h.Text(ref)))
		}
		a.plain("F23", "class", strings.Join(words, ", "))
	}
	for _, account := range a.p.Listed {
		if a.me(account) {
			a.plain("F27")
			return
		}
	}
}

// restricted names the class of restricted records that the patient's is in; empty for none.
func (a *asking) restricted() string {
	c := &a.j.classes
	for _, label := range a.p.Labels {
		if words := c.byLabel(a.h.Text(label)); words != "" {
			return words
		}
	}
	since := a.first.Add(-days(a.j.flags["F08"].limit("days")))
	for i := range a.p.Visits {
		v := &a.p.Visits[i]
		if v.Start.After(a.last) || !v.End.IsZero() && v.End.Before(since) {
			continue
		}
		if words := c.byService(a.h.Text(v.Service)); v.Service != 0 && words != "" {
			return words
		}
		for k := range v.Stays {
			unit := a.h.Unit(v.Stays[k].Unit)
			for _, r := range []hospital.Ref{unit.Department, unit.Service} {
				if words := c.byService(a.h.Text(r)); r != 0 && words != "" {
					return words
				}
			}
		}
		for _, d := range v.Diagnoses {
			if words := c.byDiagnosis(a.h.Text(d)); words != "" {
				return words
			}
		}
	}
	return ""
}

// office tells whether an account is open, or a request or review: then work goes on after a death.
func (a *asking) office() bool {
	for n := range a.best {
		if id := a.j.templates[n].ID; (id == "E16" || id == "E17") && a.best[n].holds && explains(a.best[n].correction) {
			return true
		}
	}
	return false
}

// absence is F10: the patient had nothing to do with the house for a year before and a month after. What the one who looked did
// then says nothing.
func (a *asking) absence() {
	f := a.j.flags["F10"]
	from, to := a.first.Add(-days(f.limit("before"))), a.first.Add(days(f.limit("after")))
	for i := range a.p.Visits {
		v := &a.p.Visits[i]
		if !v.Start.After(to) && (v.End.IsZero() && !v.Start.Before(from) || !v.End.Before(from)) {
			return
		}
	}
	if !a.p.Faded.Before(from) && !a.p.Faded.IsZero() {
		return
	}
	for i := range a.p.Edges {
		e := &a.p.Edges[i]
		switch e.Kind {
		case hospital.CareTeam, hospital.Account, hospital.Trigger, hospital.Research, hospital.Assignment, hospital.Ticket:
			continue // goes on without the patient
		}
		if a.me(e.By) || e.By == 0 && a.j.own[e.Kind] && e.As == hospital.Person && a.me(e.Who) {
			continue
		}
		at := e.From
		if at.IsZero() {
			at = e.Made
		}
		if !at.Before(from) && !at.After(to) {
			return
		}
	}
	a.plain("F10")
}

// manner is how the record was opened: F11, F12, F22, F24, F25.
func (a *asking) manner() {
	t := a.t
	if f := a.j.flags["F11"]; t.Broke {
		if a.j.classes.poor(t.Emergency, f.limit("words")) {
			a.raise(f, f.More["poor"], f.Hard, "quality", "with a reason that says nothing")
		} else {
			a.raise(f, f.Weight, f.Hard, "quality", "with a reason")
		}
	}
	if t.Declined && !t.Broke && a.otherWay() {
		a.plain("F12")
	}
	a.copied()
	if !a.explained {
		a.selfMade()
	}
	f := a.j.flags["F25"]
	if n := t.Counts[Open]; n > 0 && float64(n) <= f.limit("pages") && t.Looked.Seconds() < f.limit("seconds") &&
		t.Counts[Write]+t.Counts[Print]+t.Counts[Export] == 0 {
		a.plain("F25", "count", counted(int(n), "page", "pages"), "seconds", strconv.Itoa(int(t.Looked.Seconds())))
	}
}

// copied is F22.
func (a *asking) copied() {
	w, f := &a.k.Work, a.j.flags["F22"]
	printed, exported := a.t.Counts[Print] > 0, a.t.Counts[Export] > 0
	switch {
	case !printed && !exported:
	case w.PrintsTop > 0 && float64(w.Prints) > w.PrintsTop:
		weight := f.Weight
		if w.PrintsOdds > 0 {
			weight = max(weight, unlikely(w.PrintsOdds, f.More["most"]))
		}
		a.raise(f, weight, f.Hard, "what", "Printed or exported "+counted(w.Prints, "time", "times")+" that day, more than is usual for the job", "copies", strconv.Itoa(w.Prints))
	case !a.has("F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F27"):
	case printed:
		a.plain("F22", "what", "Pages of this record were printed")
	default:
		a.plain("F22", "what", "This record was exported")
	}
}

// otherWay tells whether the record was opened soon after emergency access was turned down.
func (a *asking) otherWay() bool {
	at := a.t.DeclinedAt
	if at.IsZero() {
		at = a.first
	}
	until := at.Add(time.Duration(a.j.flags["F12"].limit("minutes")) * time.Minute)
	for i := range a.t.Evidence {
		switch e := &a.t.Evidence[i]; e.Act {
		case Open, Write, Print, Export:
			if !e.At.Before(at) && !e.At.After(until) {
				return true
			}
		}
	}
	return false
}

// selfMade is F24, and F37: what would be the reason was made by the person who looked, and perhaps taken back.
func (a *asking) selfMade() {
	for n := range a.best {
		if tm := &a.j.templates[n]; a.best[n].own && !tm.written() {
			a.plain("F37", "noun", tm.Noun)
			return
		}
	}
	noun, when := "", ""
	messages := true // nothing but notes of calls and messages
	for n := range a.best {
		b, tm := &a.best[n], &a.j.templates[n]
		before := noun + when
		switch {
		case b.holds && b.correction == SelfMade:
			noun, when = tm.Noun, "after opening the record"
		case b.own && when == "":
			noun, when = tm.Noun, "and that was cancelled within a day"
		case b.holds && b.correction == Fresh && when == "":
			noun, when = tm.Noun, "just before opening the record"
		}
		if noun+when != before {
			messages = messages && tm.Kind == "messages"
		}
	}
	if when == "" {
		return
	}
	f := a.j.flags["F24"]
	weight := f.Weight
	if messages {
		weight = f.More["messages"]
	}
	a.raise(f, weight, f.Hard, "noun", noun, "when", when)
}

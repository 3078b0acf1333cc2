package chart

import (
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// Note is a document as it was said (MDM, HL7 v2.5.1 chapter 9).
type Note struct {
	ID      string    // of the message, for the caller
	Event   string    // T01 to T11
	Number  string    // TXA-12
	Parent  string    // TXA-13; empty for a document of its own
	Kind    string    // TXA-2
	Author  string    // TXA-9, or else TXA-5, 10, 22
	Patient string    // a name that stands for the patient
	Claimed time.Time // TXA-4, or else TXA-6: when that was done which it tells of; zero when it does not say
	Said    time.Time // when it was received
	Open    bool      // it calls itself a late entry
}

// Around is what is known of the circumstances of a note.
type Around struct {
	Duty    Truth     // the author was on duty when it claims to be written
	There   Truth     // the patient was in the house then
	Trigger time.Time // since when somebody may wish that the chart said something else: a complaint, a legal matter, a death; zero for none
	Window  bool      // records were down then, as was announced
}

// The weights of signs of a note, in decibans. They are estimates of their authors, not measured at any site: lateness beyond all but one of a thousand notes
// of its kind is worth 10 on the face of it; the others say how much more often a false note has the sign than an honest late one.
const (
	weighLate     = 10
	weighDays     = 3   // and more than a day
	weighOffDuty  = 10  // people chart late what they did, and they did it on duty
	weighOnDuty   = -10 // as most late entries are
	weighAway     = 10  // nobody was there to be cared for
	weighTrigger  = 10
	weighOpen     = -10 // it says itself that it comes late, as it should
	weighWindow   = -20
	weighTogether = -20 // many write late about the same hours: something was down
)

// settleAfter is how long a late note waits, so that it is known whether many come late.
const settleAfter = 20 * time.Minute

type waiting struct {
	Note   Note          `json:"note"`
	Around Around        `json:"around"`
	Late   time.Duration `json:"late"`
	Limit  time.Duration `json:"limit"`
}

// lateness is how late notes of a kind come: the number of them by the logarithm of minutes.
type lateness struct {
	Counts [40]int64 `json:"counts"`
}

func (l *lateness) add(d time.Duration) {
	l.Counts[min(bits.Len64(uint64(max(0, d)/time.Minute)), len(l.Counts)-1)]++
}

// limit is how late all but one of a thousand come: half a day while fewer than a thousand were seen, at least four hours, at most a week.
func (l *lateness) limit() time.Duration {
	var all, above int64
	for _, n := range l.Counts {
		all += n
	}
	if all < 1000 {
		return 12 * time.Hour
	}
	for i := len(l.Counts) - 1; i >= 0; i-- {
		if above += l.Counts[i]; 1000*above > all {
			return min(max(time.Minute<<i, 4*time.Hour), 7*day)
		}
	}
	return 4 * time.Hour
}

// Note takes a document, and returns what can be said of it at once. Of one that comes late something is said by Tick.
func (c *Chart) Note(n Note, a Around) []Finding {
	amends := n.Parent != "" || n.Event == "T08" || n.Event == "T10"
	if !n.Claimed.IsZero() && !amends {
		c.lateNote(n, a)
	}
	if amends && n.Author != "" && n.Patient != "" {
		return c.amend(n, a)
	}
	return nil
}

func (c *Chart) lateNote(n Note, a Around) {
	l := c.late[n.Kind]
	if l == nil {
		if len(c.late) >= mostKinds {
			return
		}
		l = &lateness{}
		c.late[n.Kind] = l
	}
	late, limit := n.Said.Sub(n.Claimed), l.limit()
	l.add(late)
	if late > limit && len(c.waiting) < mostWaiting {
		c.waiting = append(c.waiting, &waiting{n, a, late, limit})
	}
}

// settle judges late notes when it is known who else came late.
func (c *Chart) settle(now time.Time) []Finding {
	var out []Finding
	for len(c.waiting) > 0 && now.Sub(c.waiting[0].Note.Said) >= settleAfter {
		w := c.waiting[0]
		if f := c.judge(w); f.Weight() >= Alarm && c.once("note "+w.Note.ID, w.Note.Said, 30*day) {
			out = append(out, f)
		}
		c.waiting = c.waiting[1:]
	}
	return out
}

func (c *Chart) judge(w *waiting) Finding {
	n, a := &w.Note, &w.Around
	f := Finding{Kind: BackDated, At: n.Said, Author: n.Author, Patient: n.Patient, Things: []string{n.ID}, Count: 1}
	sign := func(holds bool, id string, weight int, text string) {
		if holds {
			f.Signs = append(f.Signs, Sign{id, text, weight})
		}
	}
	sign(true, "late", weighLate, fmt.Sprintf("It was written %s after the time that it claims; nearly all notes of its kind come within %s.", span(w.Late), span(w.Limit)))
	sign(w.Late > day, "days", weighDays, "That is more than a day.")
	sign(a.Duty == No, "off-duty", weighOffDuty, "Its author was not on duty at the time that it claims.")
	sign(a.Duty == Yes, "on-duty", weighOnDuty, "Its author was on duty at the time that it claims.")
	sign(a.There == No, "away", weighAway, "The patient was not in the house at the time that it claims.")
	sign(a.Trigger.After(n.Claimed) && !a.Trigger.After(n.Said), "trigger", weighTrigger, "Between the time that it claims and the time at which it was written, a complaint, a legal matter or a death came up.")
	sign(n.Open, "late-entry", weighOpen, "It calls itself a late entry.")
	sign(a.Window, "window", weighWindow, "The record system was down at the time that it claims, as announced.")
	sign(c.together(w) >= 5, "together", weighTogether, "Several people wrote late about the same hours, as after a failure.")
	return f
}

// together counts the authors of late notes that were written, and claim to be written, at about the same time.
func (c *Chart) together(w *waiting) int {
	var authors []string
	for _, o := range c.waiting {
		if near(o.Note.Said, w.Note.Said, time.Hour) && near(o.Note.Claimed, w.Note.Claimed, 6*time.Hour) && !slices.Contains(authors, o.Note.Author) {
			authors = append(authors, o.Note.Author)
		}
	}
	return len(authors)
}

func near(a, b time.Time, d time.Duration) bool { return a.Sub(b).Abs() <= d }

// span is a time in the words of people.
func span(d time.Duration) string {
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

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
	weighMany = 8 // more than all but one of a thousand authors amend in one chart within an hour
	weighEach = 1 // each more than that, up to
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
	if !a.Trigger.IsZero() && !a.Trigger.After(n.Said) && n.Said.Sub(a.Trigger) < 60*day {
		f.Signs = append(f.Signs, Sign{"trigger", "A complaint, a legal matter or a death came up before.", weighTrigger})
	}
	if a.Window {
		f.Signs = append(f.Signs, Sign{"window", "The record system had been down, as announced.", weighWindow})
	}
	if f.Weight() < Alarm || !c.once("amended "+n.Author+" "+n.Patient, n.Said, day) {
		return nil
	}
	return []Finding{f}
}

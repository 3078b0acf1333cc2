package chart

import (
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// Note is an entry of a chart as it was said: a document (MDM, HL7 v2.5.1 chapter 9), or a dose that was given (RAS, 4.7).
type Note struct {
	ID      string    // of the message, for the caller
	Source  string    // who said it, and what kind of message it was: see Chart.Hear
	Event   string    // T01 to T11
	Number  string    // TXA-12
	Parent  string    // TXA-13; empty for a document of its own
	Kind    string    // TXA-2
	Author  string    // TXA-9, or else TXA-5, 10, 22
	Hands   []int64   // who may have sat at it, as numbers of Chart.Seat: the author, who typed it, who signed it
	Patient string    // a name that stands for the patient
	Claimed time.Time // TXA-4, or else TXA-6; RXA-3: when that was done which it tells of; zero when it does not say
	Entered time.Time // TXA-6: when it claims to be written; zero when it does not say
	Signed  time.Time // TXA-22.15; zero when it does not say
	Sent    time.Time // MSH-7
	Said    time.Time // when it was received
	Serials []string  // numbers that its sender gave out in turn, or that may be such, always in this order: TXA-12, TXA-15, MSH-13 ...
	Offset  Truth     // its times bear another offset than the site's clocks have then
	Early   Truth     // a dose: it was given before it was ordered
	Dose    bool
	Open    bool // it calls itself a late entry
}

// Around is what is known of the circumstances of a note.
type Around struct {
	Duty    Truth     // the author was on duty when it claims to be written
	There   Truth     // the patient was in the house then
	Trigger time.Time // since when somebody may wish that the chart said something else: a complaint, a legal matter; zero for none
	Died    time.Time // the patient
	Window  bool      // records were down then, as was announced
}

// The weights of signs of a note, in decibans: how much more often a false note has the sign than an honest late one. They are estimates of their authors,
// not measured at any site, and bounds: where a house shows how rare a sign is, it is worth that (see odds), and these at most.
const (
	weighLate     = 10  // what all but one of a thousand notes of its kind are not; what one of a hundred is says nothing
	weighDays     = 3   // and more than a day
	weighOffDuty  = 10  // people chart late what they did, and they did it on duty
	weighOnDuty   = -10 // as most late entries are
	weighUnseen   = 6   // who was there used the record system for something
	weighAlone    = 3   // the same, of one who was not on duty: that says it mostly
	weighSeen     = -8  // the roster was wrong: people swap shifts
	weighAway     = 10  // nobody was there to be cared for
	weighTrigger  = 10
	weighDeath    = 5   // charts of the dead are put in order, and letters about them written, by honest people too
	weighOpen     = -10 // it says itself that it comes late, as it should
	weighWindow   = -20
	weighTogether = -20 // many write late about the same hours: something was down
	weighReplayed = -20 // it waited in a queue, and so did all that its sender said then
	weighSilent   = -10 // its sender was down at the time that it claims, so that it could not be written then
	weighOrder    = 8   // B2: its number is that of a later time. Numbers are given by the program and not by the author
	weighStepped  = 8   // B4: clocks that are wrong for minutes are set by somebody; those that drift do not come back
	weighMisdated = 4   // B4: a message may hang in a queue alone
	weighOffset   = 5   // B4: the program that wrote it was set to another place, or it was no program
	weighRound    = 2   // B4: times that are typed are round, and those of honest late notes are typed as well
	weighSigned   = 8   // B3: nobody signs what is not written
	weighEarly    = 8   // B3: a dose before its order; orders by word of mouth are entered afterwards
	weighUntaken  = 12  // B6: what is written without anybody at the record system was not written in it
	weighGap      = 10  // B8: it claims to be written long before, and its sender, which spoke meanwhile, had not said it
)

// settleAfter is how long a late note waits, so that it is known whether many come late.
const settleAfter = 20 * time.Minute

// lateFrom is how long after the time that it claims something has come when it is late.
const lateFrom = 4 * time.Hour

type waiting struct {
	Note     Note          `json:"note"`
	Around   Around        `json:"around"`
	Late     time.Duration `json:"late"`
	Apart    bool          `json:"apart"`  // it claims another time than now, or one that cannot be: then it matters who was where
	Weight   int           `json:"weight"` // of its lateness
	Text     string        `json:"text"`   // how late that is
	Order    Truth         `json:"order"`
	Absent   string        `json:"absent,omitempty"` // id of the latest message of its sender before it
	AbsentAt time.Time     `json:"absentAt,omitzero"`
	Gap      bool          `json:"gap"`
}

// manner is how notes of a kind are written: how late they come, by their number, and how often they have signs.
type manner struct {
	Counts [64]int64        `json:"counts"`
	Odds   map[string]*odds `json:"odds"`
}

// step is the place of a lateness among Counts: four for each doubling, from a minute on.
func step(d time.Duration) int {
	m := uint64(max(d, 0) / time.Minute)
	n := bits.Len64(m)
	if n < 3 {
		return int(m)
	}
	return min(4*(n-2)+int(m>>(n-3)&3), 63)
}

// fewNotes is how many say nothing yet of what is usual.
const fewNotes = 100

// lateness weighs how late a note is, and says so: what comes two thirds as late is counted with it, for the latest that was ever seen is not the latest that
// can be.
func (k *manner) lateness(late time.Duration) (weight int, text string) {
	var all, as int64
	for i, n := range k.Counts {
		all += n
		if i >= step(late*2/3) {
			as += n
		}
	}
	text = fmt.Sprintf("It was written %s after the time that it claims", span(late))
	if all < fewNotes {
		if late <= 12*time.Hour {
			return 0, text + "."
		}
		return weighLate, text + ". Too few of its kind are known to say how usual that is; half a day is taken for it."
	}
	weight = worth(as, all, 20, weighLate)
	return weight, fmt.Sprintf("%s. Of 10000 of its kind about %d come as late.", text, 10000*as/all)
}

// Note takes an entry, and returns what can be said of it at once. Of one that comes late, or looks odd otherwise, something is said by Tick.
func (c *Chart) Note(n Note, a Around) []Finding {
	amends := n.Parent != "" || n.Event == "T08" || n.Event == "T10"
	fresh := n.Event == "T01" || n.Event == "T02" || n.Dose // others are about an entry that was made before
	if !n.Claimed.IsZero() && fresh && !amends {
		c.entry(n, a)
	}
	if amends && n.Author != "" && n.Patient != "" {
		return c.amend(n, a)
	}
	return nil
}

func (c *Chart) manner(name string) *manner {
	k := c.manners[name]
	if k == nil && len(c.manners) < mostKinds {
		k = &manner{Odds: map[string]*odds{}}
		c.manners[name] = k
	}
	return k
}

func (c *Chart) entry(n Note, a Around) {
	k, v := c.manner(n.Source+" "+n.Kind), c.voice(n.Source)
	if k == nil || v == nil {
		return
	}
	w := &waiting{Note: n, Around: a, Late: n.Said.Sub(n.Claimed), Absent: v.Last, AbsentAt: v.LastAt}
	w.Weight, w.Text = k.lateness(w.Late)
	k.Counts[step(w.Late)]++
	entered := n.Entered
	if entered.IsZero() {
		entered = n.Sent
	}
	w.Order = v.outOfOrder(n.Serials, entered)
	w.Gap = near(entered, n.Claimed, time.Hour) && w.Late > lateFrom && v.Spoken.any(n.Claimed.Add(quarter), v.LastAt)
	c.learnOf(k, w)
	w.Apart = w.Late > lateFrom || w.Order == Yes || n.Early == Yes
	if len(c.waiting) >= mostWaiting {
		return
	}
	if w.Apart || n.Offset == Yes || signedEarly(&n) == Yes {
		c.waiting = append(c.waiting, w)
	} else if len(n.Hands) > 0 && len(c.seats.By) > 0 && len(c.untaken) < mostUntaken {
		c.untaken = append(c.untaken, w)
	}
}

// learnOf notes the signs that are known at once.
func (c *Chart) learnOf(k *manner, w *waiting) {
	n, a := &w.Note, &w.Around
	late := w.Late > lateFrom
	k.learn("off-duty", a.Duty.not(), late)
	k.learn("away", a.There.not(), late)
	k.learn("trigger", truth(between(a.Trigger, n)), late)
	k.learn("death", truth(between(a.Died, n)), late)
	k.learn("order", w.Order, late)
	k.learn("offset", n.Offset, late)
	k.learn("round", truth(round(n.Claimed)), late)
	k.learn("signed", signedEarly(n), late)
	k.learn("early", n.Early, late)
	k.learn("gap", truth(w.Gap), late)
}

func truth(holds bool) Truth {
	if holds {
		return Yes
	}
	return No
}

func (t Truth) not() Truth {
	switch t {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

func between(trigger time.Time, n *Note) bool {
	return trigger.After(n.Claimed) && !trigger.After(n.Said)
}

// round tells times that are typed by hand, mostly.
func round(at time.Time) bool { return at.Second() == 0 && at.Minute()%5 == 0 }

func signedEarly(n *Note) Truth {
	written := n.Entered
	if written.IsZero() {
		written = n.Claimed
	}
	if n.Signed.IsZero() || written.IsZero() {
		return Unknown
	}
	return truth(n.Signed.Before(written.Add(-time.Minute)))
}

// seenBefore and seenAfter are how long around the time at which a note was sent its author is looked for in the record system.
const (
	seenBefore = time.Hour
	seenAfter  = quarter
)

// settle judges notes when it is known who else came late. What then is no finding waits on for the log of the record system, which may come
// hours later.
func (c *Chart) settle(now time.Time) []Finding {
	var out []Finding
	for len(c.waiting) > 0 && now.Sub(c.waiting[0].Note.Said) >= settleAfter {
		w := c.waiting[0]
		f := c.judge(w)
		if f.Weight() >= Alarm {
			if c.once("note "+w.Note.ID, w.Note.Said, 30*day) {
				out = append(out, f)
			}
		} else if len(w.Note.Hands) > 0 && len(c.seats.By) > 0 && len(c.untaken) < mostUntaken {
			c.untaken = append(c.untaken, w)
		}
		c.waiting = c.waiting[1:]
	}
	for len(c.untaken) > 0 {
		w := c.untaken[0]
		if until := w.Note.Said.Add(seenAfter); !c.seats.Latest.After(until) && now.Sub(until) < day {
			break
		}
		c.untaken = c.untaken[1:]
		used := c.seats.used(w.Note.Hands, w.Note.Said.Add(-seenBefore), w.Note.Said.Add(seenAfter))
		k := c.manner(w.Note.Source + " " + w.Note.Kind)
		if k == nil {
			continue
		}
		k.learn("untaken", used.not(), w.Late > lateFrom)
		k.learn("unseen", c.seats.used(w.Note.Hands, w.Note.Claimed.Add(-time.Hour), w.Note.Claimed.Add(time.Hour)).not(), w.Late > lateFrom)
		if f := c.judge(w); f.Weight() >= Alarm && c.once("note "+w.Note.ID, w.Note.Said, 30*day) {
			out = append(out, f)
		}
	}
	return out
}

func (c *Chart) judge(w *waiting) Finding {
	n, a := &w.Note, &w.Around
	f := Finding{Kind: BackDated, At: n.Said, Author: n.Author, Patient: n.Patient, Things: []string{n.ID}, Count: 1}
	k, v := c.manner(n.Source+" "+n.Kind), c.voice(n.Source)
	if k == nil || v == nil {
		return f
	}
	if n.Dose {
		f.Kind = Mistimed
	}
	late := w.Late > lateFrom
	f.sign(late, "late", w.Weight, w.Text)
	f.sign(w.Late > day, "days", weighDays, "That is more than a day.")
	c.attended(&f, w, k)
	f.sign(w.Apart && a.There == No, "away", k.oddsOf("away").weigh(weighAway, weighAway), "The patient was not in the house at the time that it claims.")
	f.sign(between(a.Trigger, n), "trigger", k.oddsOf("trigger").weigh(weighTrigger, weighTrigger), "Between the time that it claims and the time at which it was written, a complaint, a legal matter or a death came up.")
	f.sign(between(a.Died, n), "death", k.oddsOf("death").weigh(weighDeath, weighDeath), "Between the time that it claims and the time at which it was written, a complaint, a legal matter or a death came up: the patient died.")
	f.sign(n.Early == Yes, "before-order", k.oddsOf("early").weigh(weighEarly, 0), "It claims to be given before it was ordered.")
	f.sign(signedEarly(n) == Yes, "signed-before", k.oddsOf("signed").weigh(weighSigned, 0), "It bears a signature from before it was written.")
	f.sign(w.Order == Yes, "order", k.oddsOf("order").weigh(weighOrder, 0), "Its sender gave it a number behind those of entries that were made more than an hour later than it claims to be.")
	c.clocked(&f, w, k, v)
	f.sign(n.Open, "late-entry", weighOpen, "It calls itself a late entry.")
	f.sign(a.Window, "window", weighWindow, "The record system was down at the time that it claims, as announced.")
	f.sign(late && c.together(w) >= 5, "together", weighTogether, "Several people wrote late about the same hours, as after a failure.")
	if w.Gap && w.Absent != "" {
		f.Absent, f.AbsentAt = w.Absent, w.AbsentAt
		f.Signs = append(f.Signs, Sign{"gap", fmt.Sprintf("Its sender spoke between the time at which it claims to be written and %s, and had not said it.", w.AbsentAt.UTC().Format("2006-01-02 15:04 UTC")), k.oddsOf("gap").weigh(weighGap, 0)})
	}
	return f
}

// attended weighs whether the author was there, as rosters and the log of the record system have it.
func (c *Chart) attended(f *Finding, w *waiting, k *manner) {
	n, duty := &w.Note, w.Around.Duty
	at := c.seats.used(n.Hands, n.Said.Add(-seenBefore), n.Said.Add(seenAfter))
	f.sign(at == No, "untaken", k.oddsOf("untaken").weigh(weighUntaken, 0), "Nobody who can have written it used the record system when it was sent, as those who write nearly always do.")
	if !w.Apart {
		return
	}
	f.sign(duty == No, "off-duty", k.oddsOf("off-duty").weigh(weighOffDuty, weighOffDuty), "Its author was not on duty at the time that it claims.")
	f.sign(duty == Yes, "on-duty", weighOnDuty, "Its author was on duty at the time that it claims.")
	used := c.seats.used(n.Hands, n.Claimed.Add(-time.Hour), n.Claimed.Add(time.Hour))
	most := weighUnseen
	if duty == No {
		most = weighAlone
	}
	f.sign(used == No, "unseen", k.oddsOf("unseen").weigh(most, most), "Its author did not use the record system within an hour of the time that it claims, and others did.")
	f.sign(used == Yes && duty == No, "seen", weighSeen, "Its author used the record system around that time all the same.")
}

// clocked weighs what times look like.
func (c *Chart) clocked(f *Finding, w *waiting, k *manner, v *voice) {
	n := &w.Note
	late := w.Late > lateFrom
	switch v.clock(n.Sent, n.Said) {
	case replayed:
		if w.Order != Yes { // else it bears a number of a later time, and did not wait
			f.sign(true, "replayed", weighReplayed, "It bears a time at which its sender said nothing at all: it waited with all else.")
		}
	case stepped:
		f.sign(true, "clock", weighStepped, "The clock of its sender stood elsewhere when it was sent, and for other messages of that time.")
	case misdated:
		f.sign(true, "misdated", weighMisdated, "The message bears a time at which its sender said other things, and not this.")
	}
	f.sign(late && v.silent(n.Claimed), "silent", weighSilent, "Its sender said nothing for a while around the time that it claims, which it usually does: it seems to have been down.")
	f.sign(n.Offset == Yes, "offset", k.oddsOf("offset").weigh(weighOffset, 0), "Its times are those of another time zone than the house's.")
	f.sign(late && round(n.Claimed), "round", k.oddsOf("round").weigh(weighRound, 0), "It claims a round time, as it is typed by hand.")
}

// together counts the authors of late notes that were written, and claim to be written, at about the same time.
func (c *Chart) together(w *waiting) int {
	var authors []string
	for _, list := range [][]*waiting{c.waiting, c.untaken} {
		for _, o := range list {
			if o.Late > lateFrom && near(o.Note.Said, w.Note.Said, time.Hour) && near(o.Note.Claimed, w.Note.Claimed, 6*time.Hour) && !slices.Contains(authors, o.Note.Author) {
				authors = append(authors, o.Note.Author)
			}
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

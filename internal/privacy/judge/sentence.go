package judge

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// SayReason tells in a sentence why somebody had a reason, and what makes it weak.
func (j *Judge) SayReason(r *Reason) string {
	t := j.template(r.Template)
	if t == nil {
		return "A reason that was agreed on earlier and is not known any more."
	}
	switch r.Correction {
	case SelfMade:
		return upper(t.Noun) + ", made by the same person after the record was opened. It counts for little."
	case Fresh:
		return upper(t.Noun) + ", made by the same person just before, and taken up by nobody since."
	case TakenUp:
		return t.Holds + " Somebody else then acted on it."
	case NoRoster:
		return t.Holds + " No roster names the person for this place, so it counts for less."
	}
	return t.Holds
}

// SayTried tells in a sentence why a reason did not hold. first is when the record was opened; days are those of zone.
func (j *Judge) SayTried(d *Tried, first time.Time, zone *time.Location) string {
	t := j.template(d.Template)
	if t == nil {
		return ""
	}
	switch d.Why {
	case WhySelfMade:
		if d.Nearest != nil && d.Nearest.Made.Before(first) {
			return upper(t.Noun) + ", made by the same person just before opening the record. It explains nothing by itself."
		}
		return upper(t.Noun) + ", made by the same person after opening the record. It counts for little."
	case WhyVoid:
		return upper(t.Noun) + " was cancelled within a day, so it does not count."
	case WhyOffDuty:
		return upper(t.Noun) + " was found, but the person was not on duty."
	case WhyUnit:
		return upper(t.Noun) + " was found, but the person worked on another unit then."
	case WhyRole:
		return upper(t.Noun) + " was found, but it is no reason for this kind of job."
	case WhyWeak:
		return upper(t.Noun) + " was found, too long ago to explain this."
	case WhyShown:
		return t.Holds + " The house has decided that this alone explains nothing."
	case WhyWindow:
		return j.sayWindow(t, d.Nearest, first, zone)
	}
	return t.Fails
}

// sayWindow tells how far away in time the nearest relation was.
func (j *Judge) sayWindow(t *template, e *hospital.Edge, first time.Time, zone *time.Location) string {
	if e == nil || e.From.IsZero() {
		return upper(t.Noun) + " was found, but not at that time."
	}
	end := e.From
	if e.To.After(end) && t.Around != "start" {
		end = e.To
	}
	on := e.From.In(zone).Format("2 January")
	switch {
	case end.Before(first):
		return upper(t.Noun) + ", " + words(first.Sub(end)) + " before; it is a reason for " + words(time.Duration(t.After)) + " afterwards."
	case e.From.After(first):
		return upper(t.Noun) + ", " + words(e.From.Sub(first)) + " later; it is a reason for " + words(time.Duration(t.Before)) + " beforehand."
	}
	return upper(t.Noun) + " of " + on + " was found, but not at that time."
}

// SayFlag tells in a sentence what speaks for a closer look.
func (j *Judge) SayFlag(f *Flag) string {
	if own := j.flags[f.ID]; own != nil {
		return upper(fill(own.Sentence, f.Facts))
	}
	return ""
}

// label is a flag for a picture with little room.
func (j *Judge) label(f *Flag) string {
	if own := j.flags[f.ID]; own != nil {
		return fill(own.Label, f.Facts)
	}
	return f.ID
}

// fill puts facts into the places of a sentence.
func fill(sentence string, facts map[string]string) string {
	if !strings.Contains(sentence, "{") {
		return sentence
	}
	pairs := make([]string, 0, 2*len(facts))
	for name, value := range facts {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

func upper(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// number writes small numbers in words.
func number(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n >= 0 && n < len(words) {
		return words[n]
	}
	return grouped(n)
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return number(n) + " times"
}

// sittings counts how often somebody came to a record: accesses less than ten minutes apart are one.
func (t *Touch) sittings() int {
	var at []time.Time
	for i := range t.Evidence {
		if e := &t.Evidence[i]; e.Act != Listed && e.Act != Search {
			at = append(at, e.At)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	n := 0
	for i := range at {
		if i == 0 || at[i].Sub(at[i-1]) >= 10*time.Minute {
			n++
		}
	}
	return max(1, n)
}

// FlagTitle is what a flag is called.
func (j *Judge) FlagTitle(id string) string {
	if f := j.flags[id]; f != nil {
		return f.Title
	}
	return id
}

// TemplateTitle is what a template is called.
func (j *Judge) TemplateTitle(id string) string {
	if t := j.template(id); t != nil {
		return t.Title
	}
	return id
}

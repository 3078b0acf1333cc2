package judge

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Telling is what a Text is about: touches that belong together.
type Telling struct {
	Touches []Judged
	Account bool      // it is about how an account is used
	Drawn   bool      // by lot, to be checked
	Arrived time.Time // when a reason came after a person had been asked; zero for never
}

// Judged is a Touch, with what is thought of it.
type Judged struct {
	Touch   *Touch
	Verdict *Verdict
}

// Text is what is said to a person who is asked for a closer look, in sentences that name nobody.
type Text struct {
	Headline   string
	Paragraphs []string
	Tried      []TriedKind
	Weighs     []Weighs
}

// TriedKind is a group of reasons that were tried: care, place, office work, messages, colleagues.
type TriedKind struct {
	Kind   string
	Looked string // where
	Count  int    // templates
	Result string // none, weak, strong
	Found  string // a sentence
}

// Weighs is one thing that weighs, to the left for a reason and to the right for a closer look.
type Weighs struct {
	ID       string // of the template or the flag
	Label    string
	Decibans float64
}

// Text says what touches are about: a headline, two paragraphs, what was looked for, and what weighs. It names nobody; days
// are those of zone.
func (j *Judge) Text(c *Telling, h *hospital.House, zone *time.Location) Text {
	if zone == nil {
		zone = time.UTC
	}
	w := &writing{j: j, c: c, h: h, zone: zone}
	w.choose()
	if w.worst == nil {
		return Text{Headline: "This case holds no accesses"}
	}
	return Text{
		Headline:   w.headline(),
		Paragraphs: w.paragraphs(),
		Tried:      j.triedKinds(w.worst.Verdict, w.worst.Touch.First, zone),
		Weighs:     j.weighs(w.worst.Verdict),
	}
}

// writing is one text being made.
type writing struct {
	j     *Judge
	c     *Telling
	h     *hospital.House
	zone  *time.Location
	worst *Judged // the one with the highest score: its reasons and flags are told
	open  []*Judged
	all   []Flag // of the worst, the heaviest first
}

func (w *writing) choose() {
	for i := range w.c.Touches {
		l := &w.c.Touches[i]
		if !l.Verdict.Explained {
			w.open = append(w.open, l)
		}
		if w.worst == nil || l.Verdict.Score > w.worst.Verdict.Score {
			w.worst = l
		}
	}
	if len(w.open) == 0 {
		for i := range w.c.Touches {
			w.open = append(w.open, &w.c.Touches[i])
		}
	}
	slices.SortStableFunc(w.open, func(x, y *Judged) int { return x.Touch.First.Compare(y.Touch.First) })
	if w.worst != nil {
		w.all = slices.Clone(w.worst.Verdict.Flags)
		slices.SortStableFunc(w.all, heavier)
	}
}

// distinct counts users and patients of what nothing explains, and the days.
func (w *writing) distinct() (users, patients, days int) {
	u, p, d := map[hospital.Ref]bool{}, map[hospital.PatientID]bool{}, map[int32]bool{}
	for _, l := range w.open {
		u[l.Touch.User], p[l.Touch.Patient], d[l.Touch.Day] = true, true, true
	}
	return len(u), len(p), len(d)
}

func (w *writing) headline() string {
	users, patients, days := w.distinct()
	for i := range w.all {
		if f := &w.all[i]; f.Hard || w.c.Account {
			if own := w.j.flags[f.ID]; own.Headline != "" {
				if text := fill(own.Headline, f.Facts); !strings.Contains(text, "{") { // of one record there is nothing to count
					return text
				}
			}
		}
	}
	switch {
	case w.worst.Verdict.Explained && w.c.Drawn:
		return "A reason was found for this opening; it was drawn by lot to be checked"
	case w.worst.Verdict.Explained:
		return "A reason was found, and something still asks for a look"
	case users > 1 && patients == 1:
		return upper(number(users)) + " people opened " + w.chart() + ", and we found no reason"
	case users > 1:
		return upper(number(users)) + " accounts opened " + number(patients) + " charts alike, and we found no reason"
	case patients > 1:
		return "We found no reason for openings of " + number(patients) + " charts"
	case days > 1:
		return "We found no reason for openings of " + w.chart() + " on " + number(days) + " days"
	}
	if n := w.open[0].Touch.sittings(); n > 1 {
		return "We found no reason for " + number(n) + " openings of " + w.chart()
	}
	return "We found no reason for an opening of " + w.chart()
}

// chart says whose it is, by the heaviest flag that tells.
func (w *writing) chart() string {
	for i := range w.all {
		if own := w.j.flags[w.all[i].ID]; own.Chart != "" {
			return own.Chart
		}
	}
	return "a patient's chart"
}

// paragraphs are two at most: what happened and between whom, and what else speaks for a look.
func (w *writing) paragraphs() []string {
	first, second := w.happened(), ""
	near, other := 0, 0
	for i := range w.all {
		f := &w.all[i]
		if f.Counted <= 0 && !f.Hard {
			continue
		}
		switch {
		case w.j.flags[f.ID].Chart != "" && near < 2:
			first, near = first+" "+ended(w.j.SayFlag(f)), near+1
		case other < 3:
			second, other = join(second, ended(w.j.SayFlag(f))), other+1
		}
	}
	if v := w.worst.Verdict; v.Explained {
		second = join(w.j.SayReason(&v.Reasons[0]), second)
	}
	if !w.c.Arrived.IsZero() {
		second = join(second, "A reason arrived on "+w.c.Arrived.In(w.zone).Format("Monday 2 January")+", after the case was opened.")
	} else if second == "" {
		second = "What was said by telephone or on the corridor stands in no record."
	}
	return []string{first, second}
}

func join(x, y string) string {
	if x == "" {
		return y
	}
	if y == "" {
		return x
	}
	return x + " " + y
}

func ended(s string) string {
	if s != "" && s[len(s)-1] != '.' {
		return s + "."
	}
	return s
}

// happened says who opened how many charts, when and how often.
func (w *writing) happened() string {
	users, patients, days := w.distinct()
	first, last := w.open[0].Touch, w.open[len(w.open)-1].Touch
	who := upper(w.who(first))
	if users > 1 {
		who = upper(number(users)) + " people"
	}
	what := "this chart"
	if patients > 1 {
		what = number(patients) + " charts"
	}
	from := first.First.In(w.zone)
	switch {
	case first.Patient == 0: // nobody's record in particular: a report, a sign-in
		return "It happened under the account of " + w.who(first) + " on " + from.Format("Monday 2 January") + ", first at " + from.Format("15:04") + "."
	case days > 1:
		return who + " opened " + what + " on " + number(days) + " days between " + from.Format("2 January") + " and " + last.First.In(w.zone).Format("2 January") + "."
	case len(w.open) == 1 && first.opened():
		return who + " opened " + what + " " + times(first.sittings()) + " on " + from.Format("Monday 2 January") + ", first at " + from.Format("15:04") + "."
	case len(w.open) == 1:
		return who + " found " + what + " in a list on " + from.Format("Monday 2 January") + " at " + from.Format("15:04") + " and did not open it."
	}
	return who + " opened " + what + " on " + from.Format("Monday 2 January") + "."
}

func (w *writing) who(t *Touch) string {
	s := w.h.Staff(t.Staff)
	if s == nil {
		s = w.h.StaffNamed(t.User)
	}
	return w.j.classes.Person(s)
}

// triedKinds groups what was looked for: care, place, office work, messages, colleagues.
func (j *Judge) triedKinds(v *Verdict, first time.Time, zone *time.Location) []TriedKind {
	all := make([]TriedKind, 0, len(j.groups))
	for _, g := range j.groups {
		k := TriedKind{Kind: g.Title, Looked: g.Looked, Result: "none", Found: g.None}
		for i := range j.templates {
			if j.templates[i].Kind == g.Kind && j.templates[i].Use != useOff {
				k.Count++
			}
		}
		j.found(&k, g, v, first, zone)
		all = append(all, k)
	}
	return all
}

// found says what came of a group: a reason that explains, else the most telling of what did not hold.
func (j *Judge) found(k *TriedKind, g group, v *Verdict, first time.Time, zone *time.Location) {
	for i := range v.Reasons {
		r := &v.Reasons[i]
		if t := j.template(r.Template); t != nil && t.Kind == g.Kind && j.score.enough(r.Weight, r.Correction) {
			k.Result, k.Found = "strong", j.SayReason(r)
			return
		}
	}
	most := telling(WhyNone)
	for i := range v.Tried {
		d := &v.Tried[i]
		t := j.template(d.Template)
		if t == nil || t.Kind != g.Kind || telling(d.Why) <= most {
			continue
		}
		most = telling(d.Why)
		if d.Why == WhyOthers {
			k.Found = g.Others
		} else {
			k.Result, k.Found = "weak", j.SayTried(d, first, zone)
		}
	}
}

// weighs lists what counts in a verdict: to the left what is a reason, to the right what asks for a closer look.
func (j *Judge) weighs(v *Verdict) []Weighs {
	var all []Weighs
	if v.Explained {
		all = append(all, Weighs{v.Reasons[0].Template, j.TemplateTitle(v.Reasons[0].Template), v.Reasons[0].Weight})
		if second := j.second(v.Reasons); second != nil {
			all = append(all, Weighs{second.Template, j.TemplateTitle(second.Template), j.score.Second * second.Weight})
		}
	} else {
		all = append(all, Weighs{"", "No reason found", v.NoReason})
	}
	for i := range v.Flags {
		if f := &v.Flags[i]; f.Counted > 0 {
			all = append(all, Weighs{f.ID, j.label(f), f.Counted})
		}
	}
	return all
}

package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// account is whose account it is: F18, F19, F34.
func (a *asking) account() {
	a.shared()
	f := a.j.flags["F19"]
	switch s := a.s; {
	case s != nil && !s.End.IsZero() && !a.last.Before(s.End) && !a.lastShift():
		since := "less than a day"
		if n := int(a.last.Sub(s.End) / day); n > 0 {
			since = counted(n, "day", "days")
		}
		a.plain("F19", "state", "The account was used "+since+" after the person had left")
	case s != nil && !s.Suspended.IsZero() && !a.last.Before(s.Suspended):
		a.plain("F19", "state", "The account was used while it was suspended")
	case float64(a.k.Work.Dormant) > f.limit("dormant"):
		a.plain("F19", "state", "The account had not been used for "+strconv.Itoa(a.k.Work.Dormant)+" days")
	}
	if a.s == nil {
		return
	}
	switch age := a.first.Sub(a.s.Start); {
	case a.s.Type == hospital.Student:
		a.plain("F34", "what", "a student")
	case a.s.Type == hospital.Agency:
		a.plain("F34", "what", "from an agency")
	case a.s.Type == hospital.Community:
		a.plain("F34", "what", "from a practice outside the house")
	case !a.s.Start.IsZero() && age >= 0 && age <= days(a.j.flags["F34"].limit("days")):
		a.plain("F34", "what", "new here")
	}
}

// shared is F18.
func (a *asking) shared() {
	w, f := &a.k.Work, a.j.flags["F18"]
	switch {
	case a.j.SharedByMany(w.Shared):
		a.raise(f, f.More["many"], f.Hard, "count", strconv.Itoa(w.Shared), "when", "that day")
	case a.j.SharedByMany(w.SharedBefore) && float64(w.SharedAgo) <= f.limit("days"):
		a.raise(f, f.More["many"], f.Hard, "count", strconv.Itoa(w.SharedBefore), "when", counted(w.SharedAgo, "day", "days")+" before")
	case float64(w.Shared) >= f.limit("turns"):
		a.plain("F18", "count", strconv.Itoa(w.Shared), "when", "that day")
	}
}

// SharedByMany tells whether two workstations took turns so often that several people must have used the account (F18).
func (j *Judge) SharedByMany(turns int) bool { return float64(turns) >= j.flags["F18"].limit("many") }

// place is when and from where: F15 to F17.
func (a *asking) place() {
	w := &a.k.Work
	switch {
	case a.rostered && !a.onDuty:
		a.plain("F15", "hours", "shifts")
	case !a.rostered && w.Hour >= 0 && w.Hour < a.j.flags["F15"].limit("share"):
		a.plain("F15", "hours", "usual hours")
	}
	switch {
	case w.Away:
		a.plain("F16", "place", "outside on a day on which the person was in the house")
	case w.Odd:
		a.plain("F16", "place", "a workstation that this person had never used")
	}
}

// lastShift tells whether the touch belongs to a shift that began before the person left: the last day at work may be a night.
func (a *asking) lastShift() bool {
	return slices.ContainsFunc(a.shifts, func(s hospital.Shift) bool {
		return !s.Leave && s.From.Before(a.s.End) && !a.last.After(s.To.Add(time.Duration(a.j.score.Duty)))
	})
}

// volume is how much was done that day: F13, F14, F31, F32.
func (a *asking) volume() {
	w := &a.k.Work
	f := a.j.flags["F13"]
	usual := strconv.Itoa(int(math.Ceil(w.Limit)))
	switch {
	case w.Chance > 0 && w.Chance < f.limit("chance"):
		a.raise(f, unlikely(w.Chance, f.Weight), f.Hard, "count", grouped(w.Patients), "usual", usual)
	case w.Creeping:
		a.raise(f, f.More["creeping"], f.Hard, "count", grouped(w.Patients), "usual", usual)
	}
	a.sweeping()
	f = a.j.flags["F31"]
	if float64(w.Faces) > f.limit("patients") && w.FacesOdds < f.limit("chance") {
		weight := f.More["unknown"]
		if w.FacesOdds > 0 {
			weight = unlikely(w.FacesOdds, f.Weight)
		}
		a.raise(f, weight, f.Hard, "count", grouped(w.Faces))
	}
	if w.Rare > 0 && w.Rare < a.j.flags["F32"].limit("share") {
		a.plain("F32")
	}
}

// sweeping is F14. Whoever asks for one number after the other, most of which nobody has, is a program that guesses.
func (a *asking) sweeping() {
	w, f := &a.k.Work, a.j.flags["F14"]
	switch {
	case w.Guessed > 0:
		a.raise(f, f.More["guessed"], true, "count", grouped(max(w.Searches, w.Guessed)), "pattern", "along numbers of which most are nobody's")
	case w.Sweep != "":
		a.plain("F14", "count", grouped(w.Searches), "pattern", sweep(w.Sweep))
	case float64(w.Searches) > f.limit("searches") && float64(w.Searches-w.Unopened) < f.limit("opened")*float64(w.Searches):
		a.plain("F14", "count", grouped(w.Searches), "pattern", "and hardly any record was opened")
	}
}

// unlikely is what something so improbable weighs, up to most.
func unlikely(p, most float64) float64 { return min(most, 10*math.Log10(1/p)) }

func sweep(kind string) string {
	switch kind {
	case "alphabet":
		return "along the alphabet"
	case "sequence":
		return "along a row of numbers"
	case "surname":
		return "for one surname after the other"
	}
	return "along a row"
}

// bulk is what concerns more than one record: F17, F20, F21, F30. What a record has no part in does not stand on it.
func (a *asking) bulk() {
	w := &a.k.Work
	if w.Travel.Kind != "" {
		f := a.j.flags["F17"]
		if w.Travel.Kind == "remote" {
			a.raise(f, f.More["remote"], true, "gap", words(w.Travel.Gap), "where", ", one of them far away")
		} else {
			a.raise(f, f.Weight, f.Hard, "gap", words(w.Travel.Gap), "where", "")
		}
	}
	f := a.j.flags["F20"]
	limit := limited(a.j.site.Export, f.limit("patients"))
	switch {
	case a.t.Patient != 0 && a.t.Counts[Export] == 0:
	case w.Exported > limit:
		a.plain("F20", "count", grouped(w.Exported), "limit", grouped(limit))
	case w.Bulk:
		a.plain("F20", "count", "an unknown number of", "limit", grouped(limit))
	}
	f = a.j.flags["F21"]
	switch {
	case a.t.Patient != 0 && !a.t.Images:
	case w.Stranger:
		a.raise(f, f.Weight, f.Hard, "count", grouped(w.Images), "where", " went to a machine that is not registered")
	case w.Images > limited(a.j.site.Images, f.limit("studies")):
		a.raise(f, f.Weight, w.Scraped, "count", grouped(w.Images), "where", " were seen or moved")
	}
	f = a.j.flags["F30"]
	switch {
	case w.LogOff:
		a.raise(f, f.More["off"], true, "what", "switched off")
	case w.LogViewed:
		a.raise(f, f.Weight, f.Hard, "what", "opened or exported")
	}
}

func limited(own int, shipped float64) int {
	if own > 0 {
		return own
	}
	return int(shipped)
}

// history is who else looked and what was found before: F26, F33, F35, and F36.
func (a *asking) history() {
	f := a.j.flags["F26"]
	if users := a.k.Others + 1; !a.explained && a.j.Several(users) &&
		chance.HitsAtLeast(users, max(users, a.k.Readers), cmp.Or(a.k.Usual, f.limit("share"))) < f.limit("chance") {
		a.plain("F26", "count", strconv.Itoa(users))
	}
	if f, w := a.j.flags["F36"], &a.k.Work; !a.explained && float64(w.Bare) >= f.limit("patients") && w.BareOdds < f.limit("chance") {
		a.plain("F36", "count", strconv.Itoa(w.Bare))
	}
	if n := int(a.k.Pair.Count) + 1; !a.explained && a.k.Pair.Settled == 0 && float64(n) >= a.j.flags["F35"].limit("days") {
		a.plain("F35", "count", strconv.Itoa(n))
	}
	switch {
	case a.k.UpheldUser > 0:
		a.plain("F33", "who", "person")
	case a.k.UpheldPatient > 0:
		a.plain("F33", "who", "patient")
	}
}

// Several tells whether so many people without a reason may be a sign of anything (F26).
func (j *Judge) Several(users int) bool { return float64(users) >= j.flags["F26"].limit("users") }

// words says a time as people do: 40 s, 24 min, 15 h, 6 days.
func words(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

package diversion

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Headline says in one line why somebody is listed. It names nobody.
func (r *Rules) Headline(s *Suspect) string {
	if n := len(s.Doubts); n > 0 && s.Doubts[0].Sign != Taken {
		return fmt.Sprintf("Took %s of controlled drugs in %s, and %s at the cabinet %s not agree with the record",
			plural(s.Doses, "dose"), days(time.Duration(r.Window)), plural(n, "transaction"), either(n == 1, "does", "do"))
	}
	return fmt.Sprintf("Took %s of controlled drugs in %s, far more than others at the same cabinet", plural(s.Doses, "dose"), days(time.Duration(r.Window)))
}

// Paragraphs say what was found, beside what is usual, and how sure it is.
func (r *Rules) Paragraphs(s *Suspect) []string {
	var found []string
	for i := range s.Told {
		found = append(found, r.Sentence(&s.Told[i]))
	}
	beside := fmt.Sprintf("%s used this cabinet, and %s in the house were compared. If all of them were alike, somebody would be as far from the others in %s.",
		upper(plural(s.Peers, "other person")), plural(s.Compared, "person"), once100(s.Chance))
	return []string{strings.Join(found, " "), beside + " That says nothing of why: a shift that writes down late, or a feed that lost messages, can look alike."}
}

// Sentence tells one sign.
func (r *Rules) Sentence(t *Told) string {
	return strings.NewReplacer("{hits}", strconv.Itoa(t.Hits), "{of}", strconv.Itoa(t.Of), "{usual}", usual(t)).Replace(r.sign(t.Sign).Sentence)
}

// Label names a sign, for a picture with little room.
func (r *Rules) Label(s Sign) string { return r.sign(s).Label }

// Weight is what a sign weighs, in decibans of how rare it is by chance.
func (t *Told) Weight() float64 { return -10 * math.Log10(max(t.Chance, rarest)) }

// usual says a share as people do.
func usual(t *Told) string {
	switch {
	case t.Sign == Taken:
		return strconv.Itoa(int(math.Round(t.Usual)))
	case t.Usual < 0.001:
		return "hardly any"
	case t.Usual < 0.4:
		return "one in " + strconv.Itoa(int(math.Round(1/t.Usual)))
	}
	return strconv.Itoa(int(math.Round(100*t.Usual))) + " of 100"
}

func once100(p float64) string {
	n := int(math.Floor(1 / max(p, 1e-6)))
	if p < 1e-6 {
		return "fewer than one of a million windows like this"
	}
	return "one of " + strconv.Itoa(n) + " windows like this"
}

// Says tells what a cabinet says of a transaction, in words. It names no patient, and no witness.
func (d *Doubt) Says(drug, unit string) string {
	did := map[Kind]string{Remove: "Took out", Override: "Took out without an order", Waste: "Wasted", Return: "Returned", Cancel: "Opened and cancelled"}[d.Kind]
	text := did + ": " + drug
	if d.Amount > 0 {
		text += " " + strings.TrimSpace(strconv.FormatFloat(d.Amount, 'f', -1, 64)+" "+unit)
	}
	return text
}

// Against tells what the record says of it.
func (r *Rules) Against(d *Doubt, unit string) string {
	switch d.Sign {
	case Ungiven:
		return "No giving within " + minutes(time.Duration(r.Given)) + " nor left over later, and nothing came back"
	case Excess:
		return "Given or ordered: " + strings.TrimSpace(strconv.FormatFloat(d.Most, 'f', -1, 64)+" "+unit)
	case Late:
		return "Taken out " + minutes(d.After) + " before"
	case Alone:
		return "Nobody looked on"
	case Witnessed:
		return "Before the colleague who saw most of this person's wastes"
	case Unordered:
		return "No order within " + minutes(time.Duration(r.Order))
	case Gone:
		return "The patient had left"
	case OffDuty:
		return "No shift at that time"
	}
	if d.Sign == Taken {
		return "It is the number of doses that stands out"
	}
	return "Nothing was taken"
}

func minutes(d time.Duration) string {
	m := int(d / time.Minute)
	switch {
	case m < 120:
		return plural(m, "minute")
	case m%60 == 0:
		return plural(m/60, "hour")
	}
	return plural(m/60, "hour") + " " + plural(m%60, "minute")
}

func days(d time.Duration) string { return plural(int(d/(24*time.Hour)), "day") }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "other person" || what == "person" {
		return strconv.Itoa(n) + " " + strings.Replace(what, "person", "people", 1)
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func either(is bool, a, b string) string {
	if is {
		return a
	}
	return b
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

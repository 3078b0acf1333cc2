package life

import (
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/sim/world"
)

// What is known at the bedside, with Config.Bedside: allergies, which go with the person, and when drugs are due, which goes with the order. All of it
// follows from numbers that are there anyway, so that nothing else is played differently.

// Allergy is one that is known of somebody. Codes are invented.
type Allergy struct{ Code, Name, Kind, Severity, Reaction string }

// allergens are what people in the town cannot have.
func allergens() []Allergy {
	return []Allergy{
		{"A101", "Penicillin", "DA", "SV", "Anaphylaxis"}, {"A102", "Sulfonamides", "DA", "MO", "Rash"}, {"A103", "Aspirin", "DA", "MO", "Bronchospasm"},
		{"A104", "Metamizole", "DA", "SV", "Hypotension"}, {"A105", "Morphine", "DA", "MI", "Itching"}, {"A106", "Iodinated contrast", "DA", "MO", "Hives"},
		{"A201", "Latex", "MA", "MO", "Contact dermatitis"}, {"A301", "Peanut", "FA", "SV", "Anaphylaxis"}, {"A302", "Egg", "FA", "MI", "Hives"}, {"A303", "Shellfish", "FA", "MO", "Swelling"},
	}
}

// Allergies are those of a person. Of one in eight nobody asked; of half of those who were asked the answer is that there are none.
func (h *Hospital) Allergies(p world.Person) (all []Allergy, asked bool) {
	x := world.Mix(h.World.Seed, uint64(p), 0x616c6c)
	switch n := x % 96; {
	case n < 12:
		return nil, false
	case n < 58:
		return nil, true
	}
	list := allergens()
	for i := range 1 + x>>8%3 {
		all = append(all, list[(x>>16+i*3)%uint64(len(list))]) // three steps apart none comes twice
	}
	return all, true
}

// allergic writes what is known of a patient's allergies (HL7 v2.5.1 section 3.4.6).
func (b *batch) allergic(v *Visit) {
	all, asked := b.h.Allergies(v.Person)
	if asked && len(all) == 0 {
		all = []Allergy{{Code: "NKDA", Name: "No known drug allergies", Kind: "DA"}}
	}
	for i, a := range all {
		b.m.Segment("AL1")
		b.m.Field(1, strconv.Itoa(i+1))
		b.m.Field(2, a.Kind)
		b.m.Field(3, a.Code, a.Name, "L")
		b.m.Field(4, a.Severity)
		b.m.Field(5, a.Reaction)
	}
}

// timing is when a drug is to be given.
type timing struct {
	pattern    string // HL7 table 0335
	times      []int  // hours of the day
	every      moment // instead of times
	stated     bool   // the order says the hours, not only how often
	route      string
	start, end moment // end is 0 for none
}

// stopped is the control of a message that ends an order (table 0119).
const stopped = "DC"

// timingOf is when a drug of the house is given: by its kind and its name, so that all patients get it alike.
func (h *Hospital) timingOf(p prescription) *timing {
	d := &h.formulary[p.drug]
	t := &timing{start: p.at, stated: p.id%2 == 0, route: "PO"}
	switch {
	case strings.HasSuffix(d.name, "INJ"):
		t.route = "IV"
	case strings.HasSuffix(d.name, "SYRINGE"):
		t.route = "SC"
	case strings.HasSuffix(d.name, "NEB"):
		t.route = "IH"
	}
	if strings.HasPrefix(d.name, "CEFTRIAXONE") || strings.HasPrefix(d.name, "PIPERACILLIN") || strings.HasPrefix(d.name, "AMOXICILLIN") {
		t.end = p.at + 5*24*hour
	}
	switch n := world.Mix(hashText(d.code), 0x74696d) % 6; {
	case p.once:
		t.pattern, t.end = "ONCE", 0
	case d.kind == opioid || d.kind == numbing || d.kind == asleep:
		t.pattern = "PRN"
	case d.kind == calming:
		t.pattern, t.times = "QHS", []int{22}
	case n == 0:
		t.pattern, t.every = "Q8H", 8*hour
	case n == 1:
		t.pattern, t.every = "Q6H", 6*hour
	case n == 2:
		t.pattern, t.times = "TID", []int{8, 14, 20}
	case n == 3:
		t.pattern, t.times = "BID", []int{8, 20}
	default:
		t.pattern, t.times = "QD", []int{8}
	}
	return t
}

// stop has an order ended while the patient is still there: one of seven.
func (b *batch) stop(v *Visit, p *prescription, by *world.Staff) {
	x := world.Mix(p.id, 0x6463)
	at := p.at + 6*hour + moment(x>>8%60)*hour
	if !b.h.c.Bedside || p.once || x%7 > 0 || at >= momentOf(v.To) {
		return
	}
	p.ends = at
	b.prescribeAs(v, b.h.orderOf(*p, by), stopped, at, world.Mix(p.id, 0x73746f70))
}

// timed writes when and how an order's drug is given (sections 4.5.4 and 4.14.2).
func (b *batch) timed(t *timing) {
	m, zone := &b.m, b.h.World.Zone
	m.Segment("TQ1")
	m.Field(1, "1")
	m.Field(3, t.pattern)
	if t.stated && len(t.times) > 0 {
		var hours []string
		for _, n := range t.times {
			hours = append(hours, time.Date(2000, 1, 1, n, 0, 0, 0, time.UTC).Format("1504"))
		}
		m.Asis(4, strings.Join(hours, "~"))
	}
	m.Stamp(7, t.start.time().In(zone))
	if t.end != 0 {
		m.Stamp(8, t.end.time().In(zone))
	}
	if t.pattern == "ONCE" {
		m.Field(9, "S")
	}
	m.Segment("RXR")
	m.Field(1, t.route)
}

// Lying is somebody in the house at a moment, and what is true of the patient.
type Lying struct {
	Visit     *Visit
	Human     world.Human
	Unit      *world.Unit
	Bed       string
	Allergies []Allergy
	Asked     bool  // whether anybody asked for allergies
	Due       []Due // in the hours that were asked for
}

// Due is a time at which a drug is to be given.
type Due struct {
	Order, Code string
	At          time.Time
}

// Lying tells who was in the house at a moment of the day that was played last, and which drugs are due within some time from then on. It is
// called while no day is made: from Sinks.Day, or after the play.
func (h *Hospital) Lying(at time.Time, within time.Duration) []Lying {
	var all []Lying
	for _, v := range h.lately {
		s := v.stay(at)
		if s == nil || v.Class == 'O' || v.NoShow {
			continue
		}
		l := Lying{Visit: v, Human: v.human, Unit: s.Unit, Bed: s.Bed}
		l.Allergies, l.Asked = h.Allergies(v.Person)
		for _, p := range v.rx {
			if p.at <= momentOf(at) && (p.ends == 0 || p.ends > momentOf(at)) {
				l.Due = append(l.Due, h.dueOf(p, at, at.Add(within))...)
			}
		}
		all = append(all, l)
	}
	return all
}

// dueOf lists when a drug is due after one moment and not after another.
func (h *Hospital) dueOf(p prescription, from, to time.Time) (all []Due) {
	t := h.timingOf(p)
	put := func(at time.Time) {
		m := momentOf(at)
		if at.After(from) && !at.After(to) && m >= t.start && (t.end == 0 || m < t.end) {
			all = append(all, Due{Order: p.number(), Code: h.formulary[p.drug].code, At: at})
		}
	}
	if t.every != 0 {
		for m := t.start / second * second; m <= momentOf(to); m += t.every {
			put(m.time())
		}
		return all
	}
	for day := h.World.DayOf(from); day <= h.World.DayOf(to); day++ {
		for _, hour := range t.times {
			put(h.World.At(day, hour, 0))
		}
	}
	return all
}

package life

import (
	"github.com/wardline/wardline/internal/sim/world"
)

// drug is one that the house has. Codes are invented, names are generic ones.
type drug struct {
	code, name string
	kind       drugKind
	strength   float64 // of a piece
	unit       string
	ampoule    bool // of which a part may be left
	weight     int  // how often it is chosen among those of its kind
}

type drugKind uint8

// The kinds of drugs. All but common and asleep are controlled.
const (
	common drugKind = iota
	opioid
	calming // benzodiazepines
	numbing // ketamine
	asleep
)

func (d *drug) controlled() bool { return d.kind == opioid || d.kind == calming || d.kind == numbing }

// formulary lists the drugs of the house.
func formulary() []drug {
	return []drug{
		{"D0417", "HYDROMORPHONE 2 MG/ML INJ", opioid, 2, "mg", true, 26}, {"D0402", "MORPHINE 10 MG/ML INJ", opioid, 10, "mg", true, 20},
		{"D0409", "FENTANYL 100 MCG/2 ML INJ", opioid, 100, "mcg", true, 10}, {"D0421", "OXYCODONE 5 MG TAB", opioid, 5, "mg", false, 22},
		{"D0425", "PIRITRAMIDE 15 MG/2 ML INJ", opioid, 15, "mg", true, 12}, {"D0430", "TRAMADOL 50 MG CAP", opioid, 50, "mg", false, 10},
		{"D0512", "LORAZEPAM 1 MG TAB", calming, 1, "mg", false, 45}, {"D0515", "MIDAZOLAM 5 MG/ML INJ", calming, 5, "mg", true, 30},
		{"D0518", "DIAZEPAM 10 MG/2 ML INJ", calming, 10, "mg", true, 25}, {"D0603", "KETAMINE 50 MG/ML INJ", numbing, 50, "mg", true, 1},
		{"D0610", "PROPOFOL 200 MG/20 ML INJ", asleep, 200, "mg", true, 1},
		{"D0101", "PARACETAMOL 1 G TAB", common, 1, "g", false, 16}, {"D0104", "IBUPROFEN 400 MG TAB", common, 400, "mg", false, 8},
		{"D0107", "METAMIZOLE 1 G/2 ML INJ", common, 1, "g", false, 8}, {"D0112", "PANTOPRAZOLE 40 MG TAB", common, 40, "mg", false, 12},
		{"D0118", "ENOXAPARIN 40 MG INJ", common, 40, "mg", false, 12}, {"D0121", "ASPIRIN 100 MG TAB", common, 100, "mg", false, 8},
		{"D0126", "BISOPROLOL 5 MG TAB", common, 5, "mg", false, 8}, {"D0129", "RAMIPRIL 5 MG TAB", common, 5, "mg", false, 8},
		{"D0133", "AMLODIPINE 5 MG TAB", common, 5, "mg", false, 6}, {"D0138", "ATORVASTATIN 40 MG TAB", common, 40, "mg", false, 8},
		{"D0142", "FUROSEMIDE 20 MG INJ", common, 20, "mg", false, 8}, {"D0147", "METFORMIN 850 MG TAB", common, 850, "mg", false, 5},
		{"D0151", "INSULIN LISPRO 10 UNITS SYRINGE", common, 10, "units", false, 5}, {"D0156", "PREDNISOLONE 25 MG TAB", common, 25, "mg", false, 5},
		{"D0160", "ONDANSETRON 4 MG INJ", common, 4, "mg", false, 8}, {"D0163", "METOCLOPRAMIDE 10 MG INJ", common, 10, "mg", false, 5},
		{"D0168", "CEFTRIAXONE 2 G INJ", common, 2, "g", false, 7}, {"D0171", "PIPERACILLIN TAZOBACTAM 4.5 G INJ", common, 4.5, "g", false, 6},
		{"D0175", "AMOXICILLIN 1 G TAB", common, 1, "g", false, 6}, {"D0180", "SALBUTAMOL 2.5 MG NEB", common, 2.5, "mg", false, 5},
		{"D0184", "SERTRALINE 50 MG TAB", common, 50, "mg", false, 4}, {"D0187", "QUETIAPINE 25 MG TAB", common, 25, "mg", false, 5},
		{"D0192", "THIAMINE 100 MG TAB", common, 100, "mg", false, 3}, {"D0195", "POTASSIUM CHLORIDE 600 MG TAB", common, 600, "mg", false, 6},
		{"D0198", "LEVOTHYROXINE 50 MCG TAB", common, 50, "mcg", false, 6},
	}
}

// chances is of how many draws choose is given one.
const chances = 400

// choose is a drug for somebody: x, of that many chances, says whether it is a controlled one, and n which.
func (h *Hospital) choose(v *Visit, n uint64, x int) uint8 {
	if float64(x) >= chances*h.controlled(v) {
		return h.ofKind(common, n)
	}
	calm := uint64(14)
	if v.Condition.Service == "PSY" {
		calm = 85
	}
	if n>>32%100 < calm {
		return h.ofKind(calming, n)
	}
	return h.ofKind(opioid, n)
}

// controlled is the share of controlled drugs among those that are prescribed to somebody: more for those who come as
// an emergency, and more on some units than on others.
func (h *Hospital) controlled(v *Visit) float64 {
	share := v.Condition.controlled * heavy(v.Stays[len(v.Stays)-1].Unit)
	switch {
	case v.mother != nil:
		return 0
	case v.Class == 'O':
		return share / 4
	case v.Stays[0].Unit.Kind == world.Emergency:
		return share * 1.3
	}
	return share
}

// heavy is how freely a unit uses controlled drugs, from 0.7 to 1.3 times what others do.
func heavy(u *world.Unit) float64 { return 0.7 + float64(world.Mix(uint64(u.Index), 0x6876)%7)/10 }

func (h *Hospital) ofKind(k drugKind, n uint64) uint8 {
	total := 0
	for i := range h.formulary {
		if h.formulary[i].kind == k {
			total += h.formulary[i].weight
		}
	}
	x := int(n % uint64(total))
	for i := range h.formulary {
		if d := &h.formulary[i]; d.kind == k {
			if x -= d.weight; x < 0 {
				return uint8(i)
			}
		}
	}
	panic("wardline: internal error: no drug of a kind")
}

// drugNamed finds a drug by its name.
func (h *Hospital) drugNamed(name string) (n uint8, ok bool) {
	for i := range h.formulary {
		if h.formulary[i].name == name {
			return uint8(i), true
		}
	}
	return 0, false
}

// prescription is a drug that a patient gets from a moment on.
type prescription struct {
	id   uint64
	at   moment
	drug uint8
	once bool   // it is given once
	ends moment // when somebody ends the order before its time; 0 for never
}

func (p prescription) number() string { return key("O", p.id) }

// orderOf is a prescription as messages tell of it.
func (h *Hospital) orderOf(p prescription, by *world.Staff) *order {
	d := &h.formulary[p.drug]
	return &order{number: p.number(), code: d.code, title: d.name, section: "PHARM", by: by, enterer: by, at: p.at, timing: h.timingOf(p)}
}

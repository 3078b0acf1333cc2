package life

import (
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Prescribe has somebody prescribe a drug, and returns the order's number.
func (s *Stage) Prescribe(who *world.Staff, p world.Person, at time.Time, drug string) string {
	number := ""
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		number = key("O", v.id)
		b.prescribe(v, s.medicine(who, number, drug, m), "NW", m)
	})
	return number
}

// Prescribed finds the order under which a patient gets a drug; it is empty when there is none. Orders of this day are not known yet.
func (s *Stage) Prescribed(p world.Person, at time.Time, drug string) string {
	v := s.visitOf(p, at)
	if v == nil {
		return ""
	}
	for _, rx := range v.rx {
		if s.h.formulary[rx.drug].name == drug && rx.at < momentOf(at) {
			return rx.number()
		}
	}
	return ""
}

// Give writes that somebody gave a drug under an order; when that is empty, under one that the patient has.
func (s *Stage) Give(who *world.Staff, p world.Person, at time.Time, drug, order string) {
	if order == "" {
		order = s.Prescribed(p, at, drug)
	}
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		if order == "" {
			order = key("O", v.id)
		}
		b.give(v, s.medicine(v.Attending, order, drug, m), m, who)
	})
}

// medicine is an order of a drug, by the code that the house has for it.
func (s *Stage) medicine(who *world.Staff, number, drug string, at moment) *order {
	o := s.ordered(who, number, drug, "PHARM", at)
	if n, ok := s.h.drugNamed(drug); ok {
		o.code = s.h.formulary[n].code
	}
	return o
}

// Pull is what somebody does at the drug cabinet of a unit.
type Pull struct {
	Unit    *world.Unit
	At      time.Time
	Kind    string  // REMOVE, OVERRIDE, WASTE, RETURN or CANCEL
	Drug    string  // by its name in the formulary
	Part    float64 // of an ampoule; all of it when 0
	Order   string
	Witness *world.Staff
}

// Pull has somebody do something about a drug for a patient at a cabinet, which counts as it does for all. Units without a cabinet and
// drugs that the house does not have leave nothing.
func (s *Stage) Pull(who *world.Staff, p world.Person, o Pull) {
	drug, ok := s.h.drugNamed(o.Drug)
	if !ok || o.Unit == nil || s.h.stock[o.Unit.Index] == nil {
		return
	}
	if o.Part == 0 {
		o.Part = 1
	}
	id, at := s.id(), s.moment(o.At)
	t := pull{
		at: at, id: id, unit: o.Unit, drug: drug, kind: o.Kind, user: who, witness: o.Witness,
		mrn: s.h.World.MRN(p), order: o.Order, part: o.Part, tale: s.index,
	}
	if v := s.visitOf(p, o.At); v != nil {
		t.mrn, t.visit = v.MRN, v.Number
	}
	s.h.carried.pulls = append(s.h.carried.pulls, t)
	s.left(id, feed.Cabinets, at.time())
}

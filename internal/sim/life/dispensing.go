package life

import (
	"math"
	"math/rand/v2"

	"github.com/wardline/wardline/internal/sim/world"
)

// How often what is not quite right happens at a cabinet, of all that is taken out. Those that depend on how somebody works
// are multiplied by that: see careless. Where they come from is in docs/simulator.md.
const (
	documentedLate   = 0.04  // more than an hour after it was taken; only where the shift and the order are older than that
	takenByOther     = 0.02  // a colleague takes it out
	notDocumented    = 0.02  // given, and never written down
	refused          = 0.012 // brought back
	cancelled        = 0.015 // the drawer is closed again, and opened for good
	wastedLate       = 0.06  // of what is wasted
	unwitnessed      = 0.01  // of what is wasted
	takenAfterMove   = 0.05  // of moves: for a patient who has just left the ward
	favourites       = 25    // of a hundred have a colleague whom they ask first
	favouriteIsAsked = 0.6   // so often, when both are there
)

// dispense has a drug come out of the cabinet of the unit before it is given, and all that follows.
func (b *batch) dispense(g *giving) {
	if g.unit == nil || b.h.stock[g.unit.Index] == nil {
		return
	}
	who, at := b.fetched(g)
	pull := g.pull(b.h, "REMOVE", at, who)
	if g.p.at > at {
		pull.kind, pull.order = "OVERRIDE", ""
	}
	if g.r.Float64() < cancelled {
		null := g.pull(b.h, "CANCEL", at-g.between(15*second, 90*second), who)
		null.order, null.part = pull.order, 0
		b.pulls = append(b.pulls, null)
	}
	b.pulls = append(b.pulls, pull)
	if d := &b.h.formulary[g.p.drug]; d.ampoule && d.controlled() && g.r.Float64() < left(g.unit) {
		b.waste(g, who, at, pull.order)
	}
	if g.at != 0 { // and not ordered by nobody
		b.again(g)
	}
}

// left is how often a part of an ampoule of a controlled drug is left on a unit.
func left(u *world.Unit) float64 {
	if u.Kind == world.Theatre || u.Kind == world.Emergency {
		return 0.3
	}
	return 0.2
}

// fetched is who takes a drug out, and when.
func (b *batch) fetched(g *giving) (*world.Staff, moment) {
	if g.taken != 0 {
		return g.by, max(g.taken, b.h.dayStart+second)
	}
	who, careless := g.by, b.h.careless[g.by.Index]
	at := g.at - min(max(g.lasts(6*minute, 0.5), 100*second), 20*minute)
	if g.r.Float64() < documentedLate*careless {
		early := g.at - 61*minute - moment(g.r.ExpFloat64()*40*float64(minute))
		if early > max(g.p.at, b.h.dayStart) && b.on(who, early, 0) && g.v.Where(early.time()) == g.unit {
			at = early
		}
	}
	if g.r.Float64() < takenByOther*careless {
		if other := b.h.colleague(g.r, g.unit, at, who); other != nil {
			who = other
		}
	}
	if !b.on(who, at, 0) {
		at = g.at - 2*minute
	}
	return who, max(at, b.h.dayStart+second)
}

// waste has the rest of an ampoule thrown away before a witness: within minutes, mostly.
func (b *batch) waste(g *giving, who *world.Staff, taken moment, number string) {
	at := taken + g.between(2*minute, 14*minute)
	if g.r.Float64() < wastedLate*b.h.careless[who.Index] {
		if late := taken + g.between(45*minute, 4*hour); b.on(who, late, 0) {
			at = late
		}
	}
	w := g.pull(b.h, "WASTE", at, who)
	w.order, w.part = number, [...]float64{0.25, 0.5, 0.5, 0.75}[g.r.IntN(4)]
	if g.r.Float64() >= unwitnessed {
		w.witness = b.h.witness(g.r, g.unit, at, who)
	}
	b.pulls = append(b.pulls, w)
}

// again is what is taken out besides: it is refused and comes back, or is given and nobody writes it down.
func (b *batch) again(g *giving) {
	x, forgets := g.r.Float64(), notDocumented*b.h.careless[g.by.Index]
	if x >= refused+forgets {
		return
	}
	at := max(g.at, g.p.at) + g.between(15*minute, 90*minute)
	if !b.on(g.by, at, 30*minute) || g.v.Where(at.time()) != g.unit && g.unit.Kind != world.Theatre {
		return
	}
	b.pulls = append(b.pulls, g.pull(b.h, "REMOVE", at, g.by))
	if x < refused {
		b.bringBack(g, at, g.by)
	}
}

func (b *batch) bringBack(g *giving, taken moment, who *world.Staff) {
	at := taken + g.between(4*minute, 50*minute)
	back := g.pull(b.h, "RETURN", at, who)
	if b.h.formulary[g.p.drug].controlled() {
		back.witness = b.h.witness(g.r, g.unit, at, who)
	}
	b.pulls = append(b.pulls, back)
}

// tooLate is a drug that is taken out for somebody who has just been moved or has gone home. Most of it comes back.
func (b *batch) tooLate(v *Visit, unit *world.Unit, gone moment) {
	id := world.Mix(v.id, uint64(gone), 0x746f6f)
	g := giving{v: v, unit: unit, r: b.h.World.Rand(id), id: id}
	if len(v.rx) == 0 || b.h.stock[unit.Index] == nil || g.r.Float64() >= takenAfterMove {
		return
	}
	g.at = gone + g.between(2*minute, 35*minute)
	g.p, g.by = v.prescribed(gone, id), b.same(v.id, unit, g.at, nurse)
	if g.by == nil {
		return
	}
	b.pulls = append(b.pulls, g.pull(b.h, "REMOVE", g.at, g.by))
	switch x := g.r.Float64(); {
	case x < 0.65:
		b.bringBack(&g, g.at, g.by)
	case x < 0.9:
		w := g.pull(b.h, "WASTE", g.at+g.between(5*minute, 40*minute), g.by)
		w.witness = b.h.witness(g.r, unit, w.at, g.by)
		b.pulls = append(b.pulls, w)
	}
}

// pull is a transaction about the drug.
func (g *giving) pull(h *Hospital, kind string, at moment, who *world.Staff) pull {
	g.n++
	return pull{
		at: at, id: world.Mix(g.id, g.n, 0x616463), unit: g.unit, drug: g.p.drug, kind: kind, user: who,
		mrn: g.v.MRN, visit: g.v.Number, order: g.p.number(), part: 1, tale: g.v.tale,
	}
}

// witness is who looks on: some have a colleague whom they ask first.
func (h *Hospital) witness(r *rand.Rand, u *world.Unit, at moment, who *world.Staff) *world.Staff {
	found := h.colleague(r, u, at, who)
	if world.Mix(uint64(who.Index), h.World.Seed, 0x666176)%100 >= favourites || r.Float64() >= favouriteIsAsked {
		return found
	}
	best := uint64(0)
	for _, s := range h.colleagues(u, at, who) {
		if x := world.Mix(uint64(who.Index), uint64(s.Index), 0x667269); x > best {
			found, best = s, x
		}
	}
	return found
}

// colleague is one of those on duty who may open a cabinet; nil when somebody is alone.
func (h *Hospital) colleague(r *rand.Rand, u *world.Unit, at moment, but *world.Staff) *world.Staff {
	all := h.colleagues(u, at, but)
	if len(all) == 0 {
		return nil
	}
	return all[r.IntN(len(all))]
}

func (h *Hospital) colleagues(u *world.Unit, at moment, but *world.Staff) []*world.Staff {
	var all []*world.Staff
	t := at.time()
	for _, r := range h.around(at) {
		r.Each(u, func(s *world.Shift) {
			if s.Staff != but && opens(s.Staff) && !t.Before(s.From) && t.Before(s.To) {
				all = append(all, s.Staff)
			}
		})
	}
	return all
}

// opens tells whether somebody may open a drug cabinet.
func opens(s *world.Staff) bool { return nurse(s) || s.Job.Code == "ORN" || s.Job.Code == "ANE" }

// temper is how somebody documents, all the time: lognormal about what is usual.
func temper(r *rand.Rand) float64 { return math.Exp(0.6*r.NormFloat64() - 0.18) }

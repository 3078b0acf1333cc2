package life

import (
	"math"
	"math/rand/v2"

	"github.com/wardline/wardline/internal/sim/world"
)

// giving is a drug on its way from the cabinet to the patient.
type giving struct {
	v     *Visit
	unit  *world.Unit // whose cabinet it comes from
	p     prescription
	at    moment // when it is written down as given
	taken moment // out of the cabinet; some minutes before when 0
	by    *world.Staff
	r     *rand.Rand // of its own: what happens at cabinets changes nothing else
	id    uint64
	n     uint64 // transactions so far
}

// dose has somebody give one of the drugs that a patient gets on a ward: the n-th of a round.
func (b *batch) dose(v *Visit, unit *world.Unit, round moment, n int, by *world.Staff) {
	if by == nil || len(v.rx) == 0 {
		return
	}
	id, at := v.next(), round+moment(3+n)*minute
	g := giving{v: v, unit: unit, at: at, by: by, r: b.h.World.Rand(id, 0x646f7365), id: id}
	g.p = v.prescribed(round, world.Mix(v.id, uint64(round))%1_000+uint64(n))
	b.giveAs(v, b.h.orderOf(g.p, v.Attending), at, by, id)
	b.dispense(&g)
	if g.r.Float64() < stats(unit) {
		b.stat(&g, at+g.between(10*minute, 70*minute))
	}
}

// prescribed is one of the drugs that a patient gets at a moment; the first that is ordered later when there is none yet.
func (v *Visit) prescribed(at moment, which uint64) prescription {
	n := uint64(0)
	for n < uint64(len(v.rx)) && v.rx[n].at < at {
		n++
	}
	return v.rx[which%max(n, 1)]
}

// between is some time from one span to another.
func (g *giving) between(from, to moment) moment { return from + moment(g.r.Int64N(int64(to-from))) }

// stats is how often, against all that is given, a nurse of a unit takes out something that nobody has ordered yet.
func stats(u *world.Unit) float64 {
	if u.Service == "ICU" {
		return 0.05
	}
	return 0.01
}

// stat is a drug that cannot wait: the order comes later, and now and then never.
func (b *batch) stat(g *giving, at moment) {
	if !b.on(g.by, at, 40*minute) || g.v.Where(at.time()) != g.unit {
		return
	}
	const forgotten = 0.08
	s := giving{v: g.v, unit: g.unit, taken: at, by: g.by, r: g.r, id: world.Mix(g.id, 0x73746174)}
	s.p = prescription{id: world.Mix(s.id, 1), at: at + g.lasts(12*minute, 0.7), drug: b.h.choose(g.v, s.id, int(s.id>>40%(chances/3))), once: true}
	if g.r.Float64() >= forgotten {
		by := g.v.Attending
		if young := b.same(g.v.id, g.unit, at, resident); young != nil && !b.on(by, at, 0) {
			by = young
		}
		s.at = s.p.at + g.between(2*minute, 12*minute)
		b.prescribeAs(g.v, b.h.orderOf(s.p, by), "NW", s.p.at, world.Mix(s.id, 2))
		b.giveAs(g.v, b.h.orderOf(s.p, by), s.at, s.by, world.Mix(s.id, 3))
	}
	b.dispense(&s)
}

// lasts is a lag: lognormal about a median.
func (g *giving) lasts(median moment, sigma float64) moment {
	return moment(float64(median) * math.Exp(sigma*g.r.NormFloat64()))
}

// takeOver is what those get who lie in the house when the play begins: it was ordered before.
func (b *batch) takeOver(v *Visit) {
	for i := range v.Condition.drugs {
		id := world.Mix(v.id, uint64(i), 0x7278)
		p := prescription{id: id, at: momentOf(v.From), drug: b.h.choose(v, id, int(id>>40%chances))}
		v.rx = append(v.rx, p)
		b.prescribeAs(v, b.h.orderOf(p, v.Attending), "NW", b.h.dayStart+5*minute+moment(i)*second, world.Mix(id, 1))
	}
}

// treat has what was ordered in the emergency department given there; of some the order comes when it is taken out already.
func (b *batch) treat(v *Visit, ed *world.Unit, to moment, carer *world.Staff) {
	const early = 0.16
	for i, p := range v.rx {
		id := world.Mix(v.id, uint64(i), 0x6564)
		g := giving{v: v, unit: ed, p: p, by: carer, r: b.h.World.Rand(id), id: id}
		g.at = p.at + 3*minute + g.lasts(15*minute, 0.6)
		if g.r.Float64() < early {
			g.taken, g.at = p.at-g.between(2*minute, 14*minute), p.at+g.between(minute, 8*minute)
		}
		if !b.on(carer, g.at, 0) {
			g.by = b.same(v.id, ed, g.at, nurse)
		}
		if g.by != nil && g.at < to {
			b.giveAs(v, b.h.orderOf(p, v.Attending), g.at, g.by, world.Mix(id, 1))
			b.dispense(&g)
		}
	}
}

// anaesthesia is what is given in the theatre. One in four drugs is taken out before its order is written.
func (b *batch) anaesthesia(v *Visit, or *world.Unit, at moment, by *world.Staff) {
	if by == nil {
		return
	}
	const early = 0.25
	for i, kind := range []drugKind{asleep, opioid, calming, numbing, opioid} {
		id := world.Mix(v.id, uint64(b.h.date), uint64(i), 0x616e61)
		g := giving{v: v, unit: or, by: by, r: b.h.World.Rand(id), id: id}
		if g.r.Float64() > []float64{0.9, 0.95, 0.5, 0.2, 0.35}[i] {
			continue
		}
		g.at = at + g.between(0, 20*minute) + moment(i)*12*minute
		g.taken = g.at - g.between(2*minute, 15*minute)
		g.p = prescription{id: world.Mix(id, 1), at: at - g.between(20*minute, 40*minute), drug: b.h.ofKind(kind, id), once: true}
		if g.r.Float64() < early {
			g.p.at = g.taken + g.between(4*minute, 40*minute)
			g.at = max(g.at, g.p.at+minute)
		}
		o := b.h.orderOf(g.p, by)
		b.prescribeAs(v, o, "NW", g.p.at, world.Mix(id, 2))
		b.giveAs(v, o, g.at, by, world.Mix(id, 3))
		b.dispense(&g)
	}
}

package life

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// pull is a transaction at a drug cabinet. What it says of counts is known when all of the day are.
type pull struct {
	at            moment
	id            uint64
	unit          *world.Unit
	drug          uint8
	kind          string
	user, witness *world.Staff
	mrn, visit    string
	order         string
	part          float64 // of a piece, as the amount is written
	tale          int16
}

// pocket holds one drug in one cabinet.
type pocket struct {
	book, shelf int    // what the cabinet believes, and what lies there
	last        moment // when somebody was at it
}

// stockUp fills the cabinets: those of wards, emergency department and theatres.
func (h *Hospital) stockUp() {
	h.formulary = formulary()
	h.careless = make([]float64, len(h.World.Staff))
	for i := range h.careless {
		h.careless[i] = temper(h.World.Rand(0x74656d, uint64(i)))
	}
	h.stock = make([][]pocket, len(h.World.Units))
	for _, u := range h.World.Units {
		if u.Kind != world.Ward && u.Kind != world.Emergency && u.Kind != world.Theatre {
			continue
		}
		all := make([]pocket, len(h.formulary))
		for i := range all {
			n := h.full(uint8(i)) - int(world.Mix(h.World.Seed, uint64(u.Index), uint64(i))%12)
			all[i] = pocket{book: n, shelf: n}
		}
		h.stock[u.Index] = all
	}
}

// full is how many pieces a pocket holds.
func (h *Hospital) full(drug uint8) int {
	if h.formulary[drug].controlled() {
		return 40
	}
	return 80
}

// cabinets says what was done at the cabinets today, in turn, for each count follows from the one before. It leaves what is
// done on later days.
func (h *Hospital) cabinets(d *batch) {
	var today, later []pull
	for _, p := range d.pulls {
		if p.at >= h.dayEnd {
			later = append(later, p)
		} else {
			p.at = max(p.at, h.dayStart)
			today = append(today, p)
		}
	}
	d.pulls = later
	for _, u := range h.World.Units {
		if h.stock[u.Index] != nil {
			today = h.rounds(today, u)
		}
	}
	slices.SortFunc(today, func(a, b pull) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	for i := range today {
		h.transact(d, &today[i])
	}
}

// rounds are what is done at a cabinet every day: the pharmacy fills it, and at each change of shift two count.
func (h *Hospital) rounds(all []pull, u *world.Unit) []pull {
	r := h.World.Rand(0x726f756e, uint64(u.Index), uint64(h.date))
	all = h.fillings(all, u, momentOf(h.World.At(h.date, 6, 5))+moment(r.IntN(100))*minute)
	morning, evening := h.World.At(h.date, 7, 0), h.World.At(h.date, 19, 0)
	if u.Kind == world.Theatre {
		morning, evening = h.World.At(h.date, 7, 30), h.World.At(h.date, 17, 30)
	}
	for _, at := range []moment{momentOf(morning), momentOf(evening)} {
		all = h.countings(all, u, at+moment(2+r.IntN(11))*minute, r)
	}
	return all
}

// fillings are the pharmacy's, of each pocket; those that hold enough stay as they are.
func (h *Hospital) fillings(all []pull, u *world.Unit, at moment) []pull {
	who := h.technician(at)
	if who == nil {
		return all
	}
	for i := range h.formulary {
		id := world.Mix(h.World.Seed, uint64(u.Index), uint64(i), uint64(h.date), 0x66696c)
		all = append(all, pull{unit: u, drug: uint8(i), kind: "REFILL", at: at + moment(i)*25*second, id: id, user: who})
	}
	return all
}

// countings are those of what is controlled, by one who comes and one who goes.
func (h *Hospital) countings(all []pull, u *world.Unit, at moment, r *rand.Rand) []pull {
	comes := h.colleague(r, u, at, nil)
	goes := h.colleague(r, u, at-25*minute, comes)
	if comes == nil || goes == nil {
		return all
	}
	for i := range h.formulary {
		if h.formulary[i].controlled() {
			id := world.Mix(h.World.Seed, uint64(u.Index), uint64(i), uint64(at), 0x636f75)
			all = append(all, pull{unit: u, drug: uint8(i), kind: "COUNT", at: at + moment(i)*9*second, id: id, user: comes, witness: goes})
		}
	}
	return all
}

// technician is who of the pharmacy fills cabinets at a moment; nil when nobody is there.
func (h *Hospital) technician(at moment) *world.Staff {
	b := batch{h: h}
	return b.same(uint64(at), h.World.Unit("PHARM"), at, job("PHT"))
}

// transact does what is done at a pocket, and says so. A controlled drug is counted whenever its pocket is opened: the cabinet
// notes what it expects and what was counted, and believes the count.
func (h *Hospital) transact(d *batch, p *pull) {
	k, drug := &h.stock[p.unit.Index][p.drug], &h.formulary[p.drug]
	pieces := 0
	switch p.kind {
	case "REMOVE", "OVERRIDE":
		pieces = -1
		h.before(d, p, k)
	case "RETURN":
		pieces = 1
	case "REFILL":
		if pieces = h.full(p.drug) - k.book; k.book*10 > h.full(p.drug)*7 || pieces <= 0 {
			return
		}
		p.part = float64(pieces)
	}
	k.book, k.shelf, k.last = k.book+pieces, k.shelf+pieces, p.at
	counted := k.book
	if drug.controlled() && p.kind != "WASTE" && p.kind != "CANCEL" {
		counted = k.shelf
		if pieces == -1 {
			counted = h.slip(p, k)
		}
	}
	h.tellOf(d, p, drug, k.book, counted)
	k.book = counted
}

// slips are how often, of ten thousand, somebody who takes a controlled drug counts wrong or takes another number.
const slips = 20

// slip is what somebody counts who has taken something out: mostly what lies there. One who has taken one more leaves it to the next
// to find out.
func (h *Hospital) slip(p *pull, k *pocket) int {
	x := world.Mix(p.id, 0x736c6970)
	if x%10_000 >= slips || k.shelf < 2 {
		return k.shelf
	}
	if x>>20%5 < 3 {
		return k.shelf + 1 - 2*int(x>>32&1)
	}
	k.shelf--
	return k.shelf + 1
}

// before fills a pocket in which nothing is left, ahead of somebody who needs what it holds.
func (h *Hospital) before(d *batch, p *pull, k *pocket) {
	if k.book > 1 && k.shelf > 1 {
		return
	}
	at := max(k.last+1, p.at-6*minute)
	who := h.technician(at)
	if who == nil {
		who = h.member(h.World.Unit("PHARM"), p.id, job("PHT")) // called from home
	}
	if who != nil {
		h.transact(d, &pull{at: min(at, p.at-1), id: world.Mix(p.id, 0x66696c), unit: p.unit, drug: p.drug, kind: "REFILL", user: who})
	}
}

// tellOf says what was done.
func (h *Hospital) tellOf(d *batch, p *pull, drug *drug, expected, counted int) {
	row := trace.Cabinet{
		Station: "ADC-" + p.unit.Code, Kind: p.kind, User: p.user.Login, Patient: p.mrn, Visit: p.visit,
		Drug: drug.code, Name: drug.name, Expected: expected, Counted: counted, Order: p.order,
	}
	if p.witness != nil {
		row.Witness = p.witness.Login
	}
	if p.kind != "COUNT" {
		row.Amount, row.Unit = strconv.FormatFloat(p.part*drug.strength, 'f', -1, 64), drug.unit
	}
	at := (p.at + h.skew(feed.Cabinets)).time()
	d.says = append(d.says, say{at: p.at, id: p.id, feed: feed.Cabinets, tale: p.tale, data: append(row.Row(at, h.World.Zone), '\n')})
}

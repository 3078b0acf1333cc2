package life

import (
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// offices is what those do who look after no patient of the day: bills, letters, registries, studies, tickets, calls.
// Each of them has a day of its own.
func (b *batch) offices(s *world.Shift) {
	who := s.Staff
	b.r = b.h.World.Rand(0x6f6666, uint64(who.Index), uint64(b.h.date))
	at := func() moment {
		return b.between(momentOf(s.From)+5*minute, min(momentOf(s.To), b.h.dayEnd)-5*minute)
	}
	switch who.Job.Code {
	case "BIL":
		for range b.some(24) {
			if v := b.h.claim(b, who); v != nil {
				b.seeOther(v, who, at(), Account, "billing", true)
			}
		}
	case "HIM":
		for range b.some(16) {
			b.listedLook(who, at(), "release", Coding, person(who))
		}
	case "QUA":
		for range b.some(12) {
			b.listedLook(who, at(), "registry", Chart, unit(who))
		}
	case "ITA":
		for range b.some(0.6) {
			b.listedLook(who, at(), "ticket", Chart, person(who))
		}
	case "RSC":
		b.study(who, at)
	case "CRN", "SCH":
		for range b.some(7) {
			b.phoned(who, at())
		}
	case "GP":
		b.practice(who, at)
	case "ADM":
		if b.chance(0.012) { // an old matter, of somebody who was not here for long; half of it is written down nowhere
			b.oldMatter(who, at())
		}
	}
}

func person(who *world.Staff) feed.ListRow { return feed.ListRow{Who: who.Login, WhoKind: "person"} }
func unit(who *world.Staff) feed.ListRow {
	return feed.ListRow{Who: who.Department, WhoKind: "department"}
}

// somebody is a visit of the last days.
func (h *Hospital) somebody(b *batch, days int) *Visit {
	if len(h.past) == 0 {
		return nil
	}
	for range 8 {
		v := h.past[b.r.IntN(len(h.past))]
		if v.tale == 0 && !v.NoShow && int(h.date)-int(h.World.DayOf(v.To)) <= days && v.To.Before(h.dayStart.time()) {
			return v
		}
	}
	return nil
}

// claim is a visit whose account somebody of billing works on: each has accounts of their own.
func (h *Hospital) claim(b *batch, who *world.Staff) *Visit {
	all := h.accounts[who]
	if len(all) == 0 {
		return nil
	}
	return all[b.r.IntN(len(all))]
}

// listedLook is a look for which a list of the site has the reason.
func (b *batch) listedLook(who *world.Staff, at moment, kind string, what What, row feed.ListRow) {
	v := b.h.somebody(b, 60)
	if v == nil {
		return
	}
	row.Kind, row.Reference, row.Status = kind, key("L", world.Mix(uint64(who.Index), uint64(at))), "open"
	row.From, row.To = stampOf(b, at-2*hour), stampOf(b, at+30*24*hour)
	b.list(at-hour, v, row)
	b.seeOther(v, who, at, what, kind, true)
}

// seeOther is see for somebody else's visit: others may write about it at the same time, so that its counter is not touched.
func (b *batch) seeOther(v *Visit, who *world.Staff, at moment, what What, why string, documented bool) {
	own := Visit{Person: v.Person, human: v.human, id: world.Mix(v.id, uint64(who.Index), uint64(at))}
	n := len(b.looks)
	b.see(&own, who, at, what, why, documented)
	for i := n; i < len(b.looks); i++ {
		if b.looks[i].visit == &own {
			b.looks[i].visit = v
		}
	}
}

// protocols is how many studies the house has.
func (h *Hospital) protocols() int { return max(1, int(24*h.World.Scale)) }

// enrol takes some of those who were here into a study.
func (h *Hospital) enrol(v *Visit) {
	if h.World.Size == world.Clinic || v.NoShow || v.Died {
		return
	}
	x := world.Mix(v.id, 0x656e)
	n := int(x >> 8 % uint64(h.protocols()))
	if x%100 >= 3 || slices.Contains(h.members[n], v.Person) {
		return
	}
	h.members[n] = append(h.members[n], v.Person)
	if h.today > 0 {
		h.carried.lists = append(h.carried.lists, listed{at: h.dayStart, row: h.research(n, v.Person)})
	}
}

// research is the row of the lists that says that somebody takes part in a study.
func (h *Hospital) research(n int, p world.Person) feed.ListRow {
	w := h.World
	return feed.ListRow{
		Kind: "research", Reference: protocolName(n), Patient: w.MRN(p), Authority: w.Authority, Who: protocolName(n), WhoKind: "protocol",
		From: (w.From - 30).String(), To: (w.From + 400).String(), Status: "active",
	}
}

func protocolName(n int) string { return "PR" + strconv.Itoa(1000+n) }

func (b *batch) study(who *world.Staff, at func() moment) {
	protocol := who.Index % b.h.protocols()
	members := b.h.members[protocol]
	for range min(b.some(9), len(members)) {
		p := members[b.r.IntN(len(members))]
		b.see(b.contact(p, who), who, at(), Chart, "research", true)
	}
}

// contact is a patient who is not here: what is done about such a one stands in no visit.
func (b *batch) contact(p world.Person, who *world.Staff) *Visit {
	h := b.h
	v := &Visit{Person: p, MRN: h.World.MRN(p), Class: 'O', human: h.World.Human(p), wrong: world.None, VIP: h.World.VIP(p)}
	v.id = world.Mix(h.World.Seed, uint64(p), uint64(h.date), uint64(who.Index), uint64(len(b.looks)), 0x636f6e)
	v.Condition = h.conditions[world.Mix(uint64(p))%uint64(len(h.conditions))]
	v.Attending = who
	if d := h.World.OfJob("MD"); len(d) > 0 {
		v.Attending = d[world.Mix(uint64(p), 3)%uint64(len(d))]
	}
	v.From, v.To = h.dayStart.time(), h.dayEnd.time()
	if g := h.World.OfJob("GP"); len(g) > 0 && world.Mix(uint64(p), 0x4750)%10 < 8 {
		v.Family = g[world.Mix(uint64(p), 0x4751)%uint64(len(g))]
	}
	return v
}

// phoned is somebody who calls: for a prescription, with a question, for an appointment.
func (b *batch) phoned(who *world.Staff, at moment) {
	rooms := b.h.World.OfKind(world.ClinicRoom)
	room := who.Unit
	if room == nil || room.Kind != world.ClinicRoom {
		room = rooms[b.r.IntN(len(rooms))]
	}
	v := b.contact(b.h.regular(room, b.r.IntN(1000)), who)
	if _, dead := b.h.World.Died(v.Person); dead || b.h.elsewhere(v.Person) {
		return
	}
	what := Notes
	if who.Job.Code == "SCH" {
		what = Booking
	}
	b.message(v, at-b.after(35*minute, 0.7), "portal", nil, who)
	b.see(v, who, at, what, "call", true)
}

// practice is a doctor of the town who reads what became of the patients.
func (b *batch) practice(who *world.Staff, at func() moment) {
	all := b.h.ofFamily[who]
	for range min(b.some(5), len(all)) {
		v := all[b.r.IntN(len(all))]
		b.seeOther(v, who, at(), Results, "family doctor", true)
	}
}

func (b *batch) oldMatter(who *world.Staff, at moment) {
	p := b.h.World.Draw(b.r)
	if b.h.elsewhere(p) {
		return
	}
	v := b.contact(p, who)
	known := b.chance(0.5)
	if known {
		b.list(at-hour, v, feed.ListRow{Kind: "assignment", Reference: key("C", v.id), Who: who.Login, WhoKind: "person", From: stampOf(b, at-hour), To: stampOf(b, at+30*24*hour), Status: "open"})
	}
	b.see(v, who, at, Notes, "old matter", known)
}

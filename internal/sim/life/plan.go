package life

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/sim/world"
)

// ahead is how many days before it an appointment is planned.
const ahead = 10

// plan decides who comes today, and who has an appointment in some days.
func (h *Hospital) plan(date world.Day) {
	if h.World.Size != world.Clinic {
		r := h.World.Rand(0x4544, uint64(date))
		for n := range poisson(r, 260*h.World.Scale) {
			h.arrive(h.World.Rand(0x4544, uint64(date), uint64(n)), date, n)
		}
		if !date.Weekend() {
			for n := range poisson(r, 70*h.World.Scale) {
				h.electively(h.World.Rand(0x454c, uint64(date), uint64(n)), date, n)
			}
		}
	}
	h.appointments(date + ahead)
}

// curve is how many of a thousand who come to the emergency department come in each hour.
func curve() [24]int {
	return [24]int{26, 21, 18, 16, 15, 16, 21, 31, 44, 55, 61, 63, 61, 59, 57, 56, 56, 57, 58, 56, 51, 44, 37, 31}
}

// arrive is somebody who comes to the emergency department.
func (h *Hospital) arrive(r *rand.Rand, date world.Day, n int) {
	hours, x := curve(), r.IntN(1010)
	at := 0
	for at < 23 && x >= hours[at] {
		x -= hours[at]
		at++
	}
	v := h.visit(h.someone(r), 'E', h.World.At(date, at, r.IntN(60)).Add(time.Duration(r.IntN(60))*time.Second), world.Mix(0x4544, uint64(date), uint64(n)))
	v.Condition = h.condition(r, v, ofEmergency)
	ed := h.World.Unit("ED")
	until := v.From.Add(time.Duration(math.Exp(math.Log(3.4)+0.42*r.NormFloat64()) * float64(time.Hour)))
	v.Stays = []UnitStay{{Unit: ed, Bed: strconv.Itoa(1 + r.IntN(60)), From: v.From, To: until}}
	v.To = until
	v.Attending = h.doctorOn(ed, v.From, v.id, attending)
	if v.Attending == nil {
		return
	}
	if r.IntN(4) == 0 {
		h.admit(r, v, until)
	}
	h.enter(v)
	h.later(date, emergencyIt, v)
	if v.Class == 'I' {
		h.born(v)
	}
}

// electively is somebody who is admitted by appointment.
func (h *Hospital) electively(r *rand.Rand, date world.Day, n int) {
	from := h.World.At(date, 6, 30+r.IntN(240))
	v := h.visit(h.someone(r), 'I', from, world.Mix(0x454c, uint64(date), uint64(n)))
	v.Condition = h.condition(r, v, ofElective)
	h.admit(r, v, from)
	h.enter(v)
	h.later(date, stayIt, v)
	h.born(v)
}

// born is the child of one who came to give birth: a patient with a record and a stay of its own, whose mother its record names.
func (h *Hospital) born(mother *Visit) {
	if mother.Condition.Name != "birth" {
		return
	}
	from := mother.From.Add(5*time.Hour + time.Duration(mother.id%300)*time.Minute)
	if !from.Before(mother.To.Add(-6 * time.Hour)) {
		return
	}
	v := h.visit(mother.Person|6, 'I', from, world.Mix(mother.id, 0x626f726e)) // no household has a seventh
	v.mother, v.Condition, v.Attending, v.To = mother, mother.Condition, mother.Attending, mother.To
	v.human.Born, v.human.Family, v.MRN, v.VIP = h.World.DayOf(from), mother.human.Family, h.World.MRN(v.Person), false
	for _, s := range mother.Stays {
		if s.To.After(from) {
			v.Stays = append(v.Stays, UnitStay{Unit: s.Unit, Bed: s.Bed + "N", From: maxTime(s.From, from), To: s.To})
		}
	}
	h.enter(v)
	h.later(h.World.DayOf(from), stayIt, v)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// admit finds a bed, an attending doctor, and plans where else the stay leads.
func (h *Hospital) admit(r *rand.Rand, v *Visit, from time.Time) {
	v.Class = 'I'
	days := math.Max(0.6, v.Condition.days*1.06*math.Exp(0.9*r.NormFloat64()))
	v.To = from.Add(time.Duration(days * 24 * float64(time.Hour)))
	if hour := v.To.In(h.World.Zone).Hour(); hour < 9 || hour > 19 { // nobody goes home at night
		v.To = h.World.At(h.World.DayOf(v.To), 10, r.IntN(540))
	}
	if v.To.Before(from.Add(6 * time.Hour)) {
		v.To = from.Add(6 * time.Hour)
	}
	v.Died = r.IntN(1000) < 34
	ward, bed := h.bed(h.wardService(v.Condition.Service), from, v.To, v.tale != 0)
	v.Stays = append(v.Stays, UnitStay{Unit: ward, Bed: bed, From: from, To: v.To})
	v.Attending = h.member(ward, v.id, job("MD"))
	for range poisson(r, 0.9) {
		last := &v.Stays[len(v.Stays)-1]
		room := last.To.Sub(last.From)
		if room < 12*time.Hour {
			break
		}
		at := last.From.Add(time.Duration(float64(room) * (0.2 + 0.6*r.Float64())))
		service := last.Unit.Service
		if r.IntN(4) == 0 && len(h.wardsOf["ICU"]) > 0 {
			service = "ICU"
		}
		unit, bed := h.bed(service, at, v.To, v.tale != 0)
		last.To = at
		v.Stays = append(v.Stays, UnitStay{Unit: unit, Bed: bed, From: at, To: v.To})
	}
}

// bed finds a free one, in the wards of a service first. Those of stories stand beside the others.
func (h *Hospital) bed(service string, from, to time.Time, extra bool) (*world.Unit, string) {
	own := h.wardsOf[service]
	for _, wards := range [][]*world.Unit{own, h.World.Wards()} {
		for i := range wards {
			u := wards[(i+int(from.Unix()/3600))%len(wards)]
			if extra {
				return u, "X" + strconv.Itoa(1+int(from.Unix()/60%20))
			}
			for n := range h.beds[u.Index] {
				if free := &h.beds[u.Index][n]; !free.After(from) {
					*free = to
					return u, strconv.Itoa(n + 1)
				}
			}
		}
	}
	u := h.World.Wards()[0]
	return u, "HALL"
}

// wardService is the service whose wards take patients of a service.
func (h *Hospital) wardService(service string) string {
	if len(h.wardsOf[service]) > 0 {
		return service
	}
	switch service {
	case "URO", "GAS", "ENT":
		return "SUR"
	}
	return "MED"
}

// appointments plans the clinics of a day. Each clinic has patients of its own, who come again.
func (h *Hospital) appointments(date world.Day) {
	if date.Weekend() {
		return
	}
	rooms := h.World.OfKind(world.ClinicRoom)
	per := 2800 * 1.16 * h.World.Scale / float64(len(rooms)) // some of those who are drawn are dead, or go elsewhere
	if h.World.Size == world.Clinic {
		per = 66
	}
	for _, u := range rooms {
		r := h.World.Rand(0x434c, uint64(date), uint64(u.Index))
		doctors := h.working(u, date)
		if len(doctors) == 0 {
			continue
		}
		for n := range poisson(r, per) {
			h.appointment(h.World.Rand(0x434c, uint64(date), uint64(u.Index), uint64(n)), u, date, doctors, per, n)
		}
	}
}

func (h *Hospital) appointment(r *rand.Rand, u *world.Unit, date world.Day, doctors []*world.Staff, per float64, n int) {
	member := r.IntN(int(per * 25)) // of those who come to this clinic
	person := h.regular(u, member)
	if _, dead := h.World.Died(person); dead || h.elsewhere(person) {
		return
	}
	from := h.World.At(date, 8, 5*r.IntN(100))
	v := h.visit(person, 'O', from, world.Mix(0x434c, uint64(date), uint64(u.Index), uint64(n)))
	v.Condition = h.condition(r, v, ofClinic)
	v.To = from.Add(time.Duration(25+r.IntN(50)) * time.Minute)
	v.Stays = []UnitStay{{Unit: u, From: v.From, To: v.To}}
	v.Attending = doctors[member%len(doctors)]
	v.NoShow = r.IntN(100) < 12
	h.enter(v)
	if book := date - world.Day(r.IntN(ahead+1)); book >= h.date {
		h.later(book, bookIt, v)
	}
	h.later(date, seeIt, v)
}

// regular is one of those who come to a clinic again and again.
func (h *Hospital) regular(u *world.Unit, member int) world.Person {
	return h.World.Draw(h.World.Rand(0x50414e, uint64(u.Index), uint64(member)))
}

// working lists the doctors of a unit who work on a day.
func (h *Hospital) working(u *world.Unit, date world.Day) []*world.Staff {
	var all []*world.Staff
	for _, s := range h.World.Belonging(u) {
		if s.Job.Code == "MD" {
			if _, ok := h.World.Shift(s, date); ok && !h.World.OnCall(s, date) {
				all = append(all, s)
			}
		}
	}
	return all
}

// visit begins the record of a visit.
func (h *Hospital) visit(p world.Person, class byte, from time.Time, id uint64) *Visit {
	v := &Visit{Person: p, Class: class, From: from, id: world.Mix(h.World.Seed, id), human: h.World.Human(p), VIP: h.World.VIP(p), wrong: world.None}
	v.Number = "V" + strconv.FormatUint(world.Mix(v.id, 0x56)%1_000_000_000_000, 10)
	v.MRN = h.World.MRN(p)
	if pick := world.Mix(v.id, 0x32) % 10_000; pick < 170 { // registered a second time
		v.MRN = h.World.Second(p)
		if same := h.namesakes[v.human.Family]; pick == 0 && len(same) > 0 && same[0].Person != p {
			v.wrong = same[0].Person
		}
	}
	if g := h.World.OfJob("GP"); len(g) > 0 && world.Mix(uint64(p), 0x4750)%10 < 8 {
		v.Family = g[world.Mix(uint64(p), 0x4751)%uint64(len(g))]
	}
	return v
}

// someone is somebody who can come to the house: alive, and not lying in it.
func (h *Hospital) someone(r *rand.Rand) world.Person {
	for {
		p := h.World.Draw(r)
		if _, dead := h.World.Died(p); !dead && !h.lying[p] && !h.elsewhere(p) {
			return p
		}
	}
}

// elsewhere tells whether somebody never comes: many of the staff go to another house when ill, and traps are nobody.
func (h *Hospital) elsewhere(p world.Person) bool {
	if slices.Contains(h.canaries, p) {
		return true
	}
	return h.World.Worker(p) != nil && h.World.Size != world.Clinic && world.Mix(uint64(p), 0x656c73)%100 < 68
}

// condition is what brings somebody.
func (h *Hospital) condition(r *rand.Rand, v *Visit, weight func(*Condition) int) *Condition {
	age := h.World.Age(v.Person)
	for {
		total := 0
		for _, c := range h.conditions {
			total += weight(c)
		}
		x := r.IntN(total)
		for _, c := range h.conditions {
			if x -= weight(c); x >= 0 {
				continue
			}
			child, birth := c.Service == "PED", c.Name == "birth"
			if child != (age < 15) && r.IntN(20) > 0 || birth && (v.human.Sex == "M" || age > 45 || age < 16) {
				break
			}
			return c
		}
	}
}

// member picks somebody of a unit.
func (h *Hospital) member(u *world.Unit, by uint64, holds func(*world.Staff) bool) *world.Staff {
	var all []*world.Staff
	for _, s := range h.World.Belonging(u) {
		if holds(s) && s.Employed(h.date) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[world.Mix(by, 0x6d656d)%uint64(len(all))]
}

// doctorOn picks somebody of a unit who is on duty.
func (h *Hospital) doctorOn(u *world.Unit, at time.Time, by uint64, holds func(*world.Staff) bool) *world.Staff {
	var all []*world.Staff
	for _, r := range h.around(momentOf(at)) {
		r.Each(u, func(s *world.Shift) {
			if holds(s.Staff) && !at.Before(s.From) && at.Before(s.To) {
				all = append(all, s.Staff)
			}
		})
	}
	if len(all) == 0 {
		return h.member(u, by, holds)
	}
	return all[world.Mix(by, 0x6f6e)%uint64(len(all))]
}

// enter puts a visit into the books.
func (h *Hospital) enter(v *Visit) {
	h.visits[v.Person] = append(h.visits[v.Person], v)
	if v.tale != 0 {
		return
	}
	h.lately = append(h.lately, v)
	if v.Class == 'I' {
		h.lying[v.Person] = true
	}
	names := h.namesakes[v.human.Family]
	if len(names) < 12 {
		h.namesakes[v.human.Family] = append(names, v)
	} else {
		names[world.Mix(v.id, 0x6e)%12] = v
	}
}

func (h *Hospital) later(day world.Day, kind choreKind, v *Visit) {
	h.due[day] = append(h.due[day], chore{day, kind, v})
}

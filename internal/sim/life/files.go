package life

import (
	"slices"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// files are those that the site lays down once a day.
func (h *Hospital) files(d *batch) {
	put := func(f feed.Feed, at moment, data []byte) {
		id := world.Mix(h.World.Seed, hashText(string(f)), uint64(h.date))
		d.says = append(d.says, say{at: at, id: id, feed: f, data: data, name: string(f) + "-" + h.date.String() + ".csv"})
	}
	put(feed.Locations, h.dayStart+30*minute, h.locations())
	put(feed.Staff, h.dayStart+40*minute, h.staffFile())
	if h.c.Quality != NoRoster {
		put(feed.Roster, h.dayStart+50*minute, h.rosterFile())
	}
	if h.today == 0 {
		put(feed.Lists, h.dayStart+55*minute, h.standing())
		h.load(d)
	}
	if data := h.listFile(d); data != nil {
		d.says = append(d.says, say{at: h.dayEnd - minute, id: world.Mix(h.World.Seed, 0x6c73, uint64(h.date)), feed: feed.Lists, data: data, name: "lists-" + h.date.String() + "-day.csv"})
	}
}

// load is what is taken over at the beginning: who lies in the house, and who was here in the weeks before.
func (h *Hospital) load(d *batch) {
	at := h.dayStart + 5*minute
	for _, v := range h.lately {
		if v.From.Before(h.dayStart.time()) {
			d.adt(v, "A08", at, nil, v.classAt(at))
		}
	}
	for i, v := range h.past {
		if !v.NoShow && v.To.After(h.World.At(h.date-world.Day(max(h.c.Past, 0)), 0, 0)) {
			d.adt(v, "A08", at+moment(i)*second/40, nil, v.Class)
			d.charge(v, at+moment(i)*second/40, v.Condition.Diagnosis, v.Attending, 1)
		}
	}
}

func (h *Hospital) locations() []byte {
	out := append([]byte(feed.LocationsHead), '\n')
	for _, u := range h.World.Units {
		out = feed.AppendRow(out, u.Code, u.Title, u.Department, u.Service, u.Building, u.Site)
	}
	return out
}

// staffFile is the staff office's file: all who work here or did.
func (h *Hospital) staffFile() []byte {
	out := append(make([]byte, 0, 330*len(h.World.Staff)), feed.StaffHead+"\n"...)
	for _, s := range h.World.Staff {
		if s.Start > h.date+14 {
			continue
		}
		out = h.staffRow(out, s)
	}
	return out
}

func (h *Hospital) staffRow(out []byte, s *world.Staff) []byte {
	u, born, street, postcode, city, phone := s.Human, civilDash(s.Human.Born), s.Human.Street, s.Human.Postcode, s.Human.City, s.Human.Phone
	national, east, north := u.National, strconv.Itoa(u.East), strconv.Itoa(u.North)
	kin, kinPhone := "", ""
	if p := h.World.Partner(s.Person); p != world.None {
		k := h.World.Human(p)
		kin, kinPhone = k.Family+", "+k.Given, k.Phone
	}
	if h.c.Quality == NoAddress {
		street, postcode, city, phone, national, east, north, kin, kinPhone = "", "", "", "", "", "", "", "", ""
	}
	end, status := s.End, "active"
	if day, ok := h.left[s]; ok {
		end = day
	}
	if end != 0 && h.date >= end {
		status = "terminated"
	}
	unit, manager := "", ""
	if s.Unit != nil {
		unit = s.Unit.Code
	}
	if s.Manager != nil {
		manager = s.Manager.Number
	}
	return feed.AppendRow(out, s.Number, s.Login, u.Family, u.Given, u.Former, born, street, postcode, city, phone, national, east, north,
		s.Job.Code, s.Job.Title, s.Job.Family, s.Department, s.Service, unit, manager, h.World.Authority, s.Employment, dayText(s.Start), dayText(end), status, "", kin, kinPhone)
}

func dayText(d world.Day) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func civilDash(d world.Day) string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// rosterFile has the shifts of today and the next two days; on the first day those of the day before too.
func (h *Hospital) rosterFile() []byte {
	out := append(make([]byte, 0, 1<<20), feed.RosterHead+"\n"...)
	from := 1
	if h.today == 0 {
		from = 0
	}
	for _, r := range h.rosters[from:] {
		out = h.rosterDay(out, r)
	}
	return out
}

func (h *Hospital) rosterDay(out []byte, r *world.Roster) []byte {
	away := map[*world.Unit]*world.Staff{}
	for _, s := range h.World.Staff {
		if s.Employed(r.Day) && h.World.OnLeave(s, r.Day) {
			out = h.rosterRow(out, s, s.Unit, h.World.At(r.Day, 0, 0), h.World.At(r.Day+1, 0, 0), "leave", nil)
			if s.Job.Code == "MD" {
				away[s.Unit] = s
			}
		}
	}
	for i := range r.Shifts {
		sh := &r.Shifts[i]
		var covers *world.Staff
		if sh.Staff.Job.Code == "MD" {
			covers = away[sh.Unit]
		}
		if day := h.World.At(r.Day, 17, 30); h.World.OnCall(sh.Staff, r.Day) && sh.To.After(day) {
			if !r.Day.Weekend() {
				out = h.rosterRow(out, sh.Staff, sh.Unit, sh.From, day, "shift", covers)
				out = h.rosterRow(out, sh.Staff, sh.Unit, day, sh.To, "on-call", covers)
				continue
			}
			out = h.rosterRow(out, sh.Staff, sh.Unit, sh.From, sh.To, "on-call", covers)
			continue
		}
		out = h.rosterRow(out, sh.Staff, sh.Unit, sh.From, sh.To, "shift", covers)
	}
	return out
}

func (h *Hospital) rosterRow(out []byte, s *world.Staff, u *world.Unit, from, to time.Time, kind string, covers *world.Staff) []byte {
	code, other := "", ""
	if u != nil {
		code = u.Code
	}
	if covers != nil {
		other = covers.Number
	}
	const layout = "2006-01-02T15:04:05-07:00"
	return feed.AppendRow(out, s.Number, code, from.In(h.World.Zone).Format(layout), to.In(h.World.Zone).Format(layout), kind, other)
}

// standing are the lists that hold for long: those known to the public, traps, members of studies and who takes part.
func (h *Hospital) standing() []byte {
	out := append([]byte(feed.ListsHead), '\n')
	w := h.World
	for i, p := range h.Known() {
		out = feed.AppendList(out, &feed.ListRow{Kind: "vip", Reference: "VIP" + strconv.Itoa(i), Patient: w.MRN(p), Authority: w.Authority, Status: "active"})
	}
	for i, p := range h.Canaries() {
		out = feed.AppendList(out, &feed.ListRow{Kind: "canary", Reference: "CAN" + strconv.Itoa(i), Patient: w.MRN(p), Authority: w.Authority, Status: "active"})
	}
	if w.Size == world.Clinic {
		return out
	}
	from, to := w.At(w.From, 0, 0).Format(time.DateOnly), w.At(w.From+400, 0, 0).Format(time.DateOnly)
	for n := range h.protocols() {
		for _, p := range h.members[n] {
			row := h.research(n, p)
			out = feed.AppendList(out, &row)
		}
	}
	for _, s := range w.OfJob("RSC") {
		out = feed.AppendList(out, &feed.ListRow{Kind: "member", Reference: protocolName(s.Index % h.protocols()), Who: s.Number, WhoKind: "person", From: from, To: to, Status: "active"})
	}
	return out
}

// Known lists those of the town whom the public knows and whom the site has on its list.
func (h *Hospital) Known() []world.Person {
	var all []world.Person
	r := h.World.Rand(0x766970)
	for n := 0; len(all) < max(2, int(200*h.World.Scale)) && n < 4_000_000; n++ {
		if p := h.World.Draw(r); h.World.VIP(p) {
			all = append(all, p)
		}
	}
	return all
}

// Canaries lists records of nobody, laid out as traps.
func (h *Hospital) Canaries() []world.Person { return slices.Clone(h.canaries) }

// traps chooses the records of nobody: nobody of that name ever comes.
func (h *Hospital) traps() []world.Person {
	var all []world.Person
	r := h.World.Rand(0x63616e)
	for len(all) < 3 {
		if p := h.World.Draw(r); h.World.Worker(p) == nil {
			all = append(all, p)
		}
	}
	return all
}

// listFile has the rows that were put on lists today; nil when there are none.
func (h *Hospital) listFile(d *batch) []byte {
	var out []byte
	keep := d.lists[:0]
	for i := range d.lists {
		l := &d.lists[i]
		if l.at >= h.dayEnd {
			keep = append(keep, *l)
			continue
		}
		if l.tale != 0 { // a file of its own, so that what stories do changes nothing else
			data := feed.AppendList([]byte(feed.ListsHead+"\n"), &l.row)
			name := "lists-" + h.date.String() + "-" + strconv.FormatUint(l.id%1_000_000, 10) + ".csv"
			d.says = append(d.says, say{at: l.at, id: l.id, feed: feed.Lists, tale: l.tale, data: data, name: name})
			continue
		}
		if out == nil {
			out = append(out, feed.ListsHead+"\n"...)
		}
		out = feed.AppendList(out, &l.row)
	}
	d.lists = keep
	return out
}

package life

import (
	"strconv"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// row is a row of the access log before it is written.
type row struct {
	at   moment
	id   uint64
	look int32  // among the day's looks; those below 0 are among the day's extra rows
	k    uint16 // which of the look's rows
}

// extra is a row that is no part of a look: somebody signs in, searches, runs a report.
type extra struct {
	at   moment
	id   uint64
	row  feed.AccessRow
	tale int16

	staff  *world.Staff // whose touch it is; nil when it is none
	person world.Person
}

// searched is the k of the search before a look.
const searched = 0xffff

// expand makes rows of looks. All of it follows from the look's id.
func (h *Hospital) expand(looks []look) []row {
	rows := make([]row, 0, len(looks)*20)
	thin := uint64(h.c.Rows * (1 << 16))
	for i := range looks {
		l := &looks[i]
		if l.search {
			rows = append(rows, row{at: max(l.at-8*second, h.dayStart), id: world.Mix(l.id, searched), look: int32(i), k: searched})
		}
		n := moment(l.clicks)
		l.span = min(l.span, h.dayEnd-1-l.at)
		for k := range n {
			x := world.Mix(l.id, uint64(k))
			if k > 0 && k < n-1 && x&0xffff >= thin && !l.own && !h.tells(l, int(k)) {
				continue
			}
			at := l.at
			if n > 1 {
				step := l.span / (n - 1)
				at += step * k
				if k > 0 && k < n-1 && step > 2 {
					at += moment(x>>16%uint64(step)) - step/2
				}
			}
			rows = append(rows, row{at: at, id: x, look: int32(i), k: uint16(k)})
		}
	}
	return rows
}

// tells tells whether a row tells of more than looking.
func (h *Hospital) tells(l *look, k int) bool {
	metric := h.metric(l, k)
	switch metric[0] {
	case 'P', 'E', 'B', 'S':
		return true // prints, exports, enters, edits, breaks the glass, signs
	}
	return false
}

// metric is what the record system calls a row.
func (h *Hospital) metric(l *look, k int) string {
	metrics := l.metrics
	if metrics != nil {
		return metrics[k%len(metrics)]
	}
	metrics = h.habits[l.what].metrics
	if k == 0 {
		return metrics[0]
	}
	x := world.Mix(l.id, uint64(k), 0x6d)
	metric := metrics[1+x%uint64(len(metrics)-1)]
	if metric == "View note" && l.visit != nil && l.visit.Condition != nil && l.visit.Condition.Label == "psychiatry" && x>>32%10 < 6 {
		return "View psychiatry note"
	}
	return metric
}

// fill writes a row of a look.
func (h *Hospital) fill(r *feed.AccessRow, looks []look, w row) {
	l := &looks[w.look]
	*r = feed.AccessRow{At: (w.at + h.skew(feed.Access)).time(), Zone: h.World.Zone, Process: "HYPERSPACE"}
	h.who(r, l.staff, w.at, l.remote)
	if l.station != "" {
		r.Workstation = l.station
	}
	if l.ip != "" {
		r.IP = l.ip
	}
	if w.k == searched {
		r.Metric, r.Search = "Search patients", h.searchText(l)
		r.Patients = 1 + int(w.id%40)/(1+int(w.id>>32%7))
		return
	}
	r.Metric = h.metric(l, int(w.k))
	r.MRN = h.World.MRN(l.person)
	if l.visit != nil {
		r.MRN, r.Visit = l.visit.MRN, l.visit.Number
	}
}

func (h *Hospital) searchText(l *look) string {
	if l.visit != nil && l.visit.human.Family != "" {
		return l.visit.human.Family
	}
	return h.World.Human(l.person).Family
}

// who fills in who works, and where. Workstations are shared: there are 24 on each unit.
func (h *Hospital) who(r *feed.AccessRow, s *world.Staff, at moment, remote bool) {
	r.Login, r.Name, r.Type = s.Login, s.Name(), s.Job.Type
	date := h.date
	if at >= h.dayEnd {
		date = h.World.DayOf(at.time())
	}
	r.Session = strconv.FormatUint(world.Mix(uint64(s.Index), uint64(date), 0x7365), 36)
	if remote || s.Remote && world.Mix(uint64(s.Index), uint64(date))%5 > 0 {
		n := strconv.Itoa(s.Index % 250)
		r.Workstation, r.IP = "VDI-"+strconv.Itoa(s.Index), "10.99."+strconv.Itoa(s.Index/250%250)+"."+n
		return
	}
	u := s.Unit
	for _, roster := range h.rosters[:2] {
		if sh := roster.Of(s); sh != nil && sh.Unit != nil && !at.time().Before(sh.From) && at.time().Before(sh.To) {
			u = sh.Unit
		}
	}
	place := world.Mix(uint64(s.Index), uint64(date), 0x7773)
	if place%3 == 0 && at.time().In(h.World.Zone).Hour() >= 13 {
		place = world.Mix(place) // one of three works at another from noon on; nobody at two at a time
	}
	name, index := "GEN", 0
	if u != nil {
		name, index = u.Code, u.Index
	}
	n := 1 + place%24
	if u == nil || u.Kind == world.Office {
		n = 1 + uint64(s.Index)%240
	}
	r.Workstation = "WS-" + name + "-" + strconv.FormatUint(n, 10)
	r.IP = "10." + strconv.Itoa(20+index/200) + "." + strconv.Itoa(index%200) + "." + strconv.FormatUint(n, 10)
}

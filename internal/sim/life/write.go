package life

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// write hands the day over, in the order in which records leave their systems.
func (h *Hospital) write(d *batch, to Sinks) error {
	h.files(d)
	looks := h.looksOf(d)
	h.witnesses(d, looks)
	h.comings(d)
	extras := h.sessions(d, looks)
	touches := h.fold(looks, extras)
	rows := h.expand(looks)
	for i := range rows {
		touches.all[touches.of[rows[i].look]].Rows++
	}
	for i := range extras {
		rows = append(rows, row{at: extras[i].at, id: extras[i].id, look: int32(-1 - i)})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	h.cabinets(d)
	says := h.spoken(d)
	e := emitter{h: h, to: to, looks: looks, extras: extras, boundary: h.dayStart}
	for len(rows) > 0 || len(says) > 0 {
		var err error
		if len(says) > 0 && (len(rows) == 0 || says[0].at <= rows[0].at) {
			err = e.say(&says[0])
			says = says[1:]
		} else {
			err = e.row(rows[0])
			rows = rows[1:]
		}
		if err != nil {
			return err
		}
	}
	return h.truth(touches.all, to)
}

// looksOf takes the looks of today, and leaves those of later days.
func (h *Hospital) looksOf(d *batch) []look {
	var looks, later []look
	for _, l := range d.looks {
		if l.at >= h.dayEnd {
			later = append(later, l)
			continue
		}
		l.at = max(l.at, h.dayStart)
		if h.lost(feed.Access, "", l.at) == nil {
			looks = append(looks, l)
		}
	}
	d.looks = later
	slices.SortFunc(looks, func(a, b look) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	return looks
}

// spoken takes what is said today, and leaves what is said later. What falls into a silence is not said, or after it.
func (h *Hospital) spoken(d *batch) []say {
	var today, later []say
	put := func(s say) {
		if s.at >= h.dayEnd {
			later = append(later, s)
			return
		}
		s.at = max(s.at, h.dayStart)
		today = append(today, s)
	}
	for _, s := range d.says {
		if s.at < h.dayEnd && h.c.Quality == DailyRows && (s.tale == 0 || ofRecord(s.feed) || s.feed == feed.Cabinets) { // whose counts would not fit
			continue
		}
		if quiet := h.lost(s.feed, s.part, s.at); quiet != nil {
			if !quiet.late {
				continue
			}
			s.at = quiet.to + moment(s.id%uint64(20*minute))
		}
		put(s)
		if x := world.Mix(s.id, 0x647570); x%2003 == 0 && feed.Describe(s.feed).Way == feed.MLLP { // it is sent twice
			s.at += second + moment(x>>16%60)*second
			put(s)
		}
	}
	d.says = later
	today = h.taps(h.again(today))
	today = append(append(today, h.reports(today)...), h.handshakes()...)
	slices.SortFunc(today, func(a, b say) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	return today
}

// lost is the silence into which a moment of a feed, or of a part of it, falls; nil for none.
func (h *Hospital) lost(f feed.Feed, part string, at moment) *silence {
	for i := range h.silences {
		if q := &h.silences[i]; q.feed == f && (q.part == "" || q.part == part) && at >= q.from && at < q.to {
			return q
		}
	}
	return nil
}

// ofRecord tells the feeds of the record system, the systems that it talks to, and the staff office. What the access log is made
// of is not among them.
func ofRecord(f feed.Feed) bool {
	d := feed.Describe(f)
	return d.Way == feed.MLLP || d.Way == feed.File || f == feed.SignIns
}

// emitter hands records over.
type emitter struct {
	h        *Hospital
	to       Sinks
	looks    []look
	extras   []extra
	buf      []byte
	line     feed.AccessRow
	record   feed.Record
	boundary moment   // the last full hour
	last     [][]byte // the last rows, which some files hold again
}

func (e *emitter) say(s *say) error {
	e.record = feed.Record{Feed: s.feed, At: s.at.time(), ID: s.id, Data: s.data, Name: s.name, Story: e.h.story(s.tale), Slip: string(s.slip)}
	if feed.Describe(s.feed).Way == feed.MLLP && s.tale == 0 && s.slip != Passed {
		e.record.Data = spoil(s.id, s.data)
	}
	return e.hand()
}

func (e *emitter) hand() error {
	if e.to.Record == nil {
		return nil
	}
	return e.to.Record(&e.record)
}

// spoil damages some messages as their senders do: a character set that is not the one that is stated, a message cut short.
func spoil(id uint64, data []byte) []byte {
	x := world.Mix(id, 0x73706f)
	if x%20_011 == 0 {
		return data[:len(data)*3/5]
	}
	if x%701 != 0 {
		return data
	}
	out := make([]byte, 0, len(data))
	for _, r := range string(data) {
		if r > 0x7f && r < 0x100 {
			out = append(out, byte(r)) // ISO 8859-1
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

func (e *emitter) row(w row) error {
	tale := int16(0)
	if w.look >= 0 {
		e.h.fill(&e.line, e.looks, w)
		tale = e.looks[w.look].tale
	} else {
		x := &e.extras[-1-w.look]
		e.line, tale = x.row, x.tale
	}
	if err := e.again(w.at); err != nil {
		return err
	}
	e.buf = feed.AppendAccess(e.buf[:0], &e.line)
	e.record = feed.Record{Feed: feed.Access, At: w.at.time(), ID: w.id, Data: e.buf, Story: e.h.story(tale)}
	if tale == 0 && world.Mix(uint64(e.boundary), e.h.World.Seed)%40 == 0 {
		e.last = append(e.last, bytes.Clone(e.buf))
	}
	return e.hand()
}

// again exports rows of the last hour a second time, as overlapping exports do.
func (e *emitter) again(at moment) error {
	if at < e.boundary+hour {
		return nil
	}
	e.boundary = at - (at-e.h.dayStart)%hour
	for _, data := range e.last[max(0, len(e.last)-100):] {
		e.record = feed.Record{Feed: feed.Access, At: at.time(), Data: data}
		if err := e.hand(); err != nil {
			return err
		}
	}
	e.last = nil
	return nil
}

// story is the name of a story by its number.
func (h *Hospital) story(tale int16) string {
	if tale == 0 {
		return ""
	}
	return h.stories[tale-1].ID
}

// folded are the touches of a day.
type folded struct {
	all []Touch
	of  []int32 // by look
}

// fold puts together what one did with one record on the day.
func (h *Hospital) fold(looks []look, extras []extra) folded {
	f := folded{of: make([]int32, len(looks))}
	index := make(map[uint64]int32, len(looks))
	for i := range looks {
		l := &looks[i]
		f.of[i] = h.touch(&f, index, l)
	}
	for i := range extras {
		if x := &extras[i]; x.staff != nil {
			n := h.touch(&f, index, &look{staff: x.staff, person: x.person, at: x.at, why: "story", tale: x.tale, own: true})
			f.all[n].Rows++
		}
	}
	return f
}

// touch adds a look to the touch that it belongs to.
func (h *Hospital) touch(f *folded, index map[uint64]int32, l *look) int32 {
	pair := uint64(l.staff.Index)<<32 | uint64(l.person)
	n, ok := index[pair]
	if !ok {
		n = int32(len(f.all))
		index[pair] = n
		f.all = append(f.all, Touch{
			Day: h.date.String(), User: l.staff.Login, MRN: h.World.MRN(l.person), First: l.at.time().UTC().Format(time.RFC3339),
			New: !h.met[pair], Why: l.why, Documented: l.documented, Staff: l.staff, Person: l.person,
		})
		h.met[pair] = true
	}
	t := &f.all[n]
	t.Looks++
	if l.documented && !t.Documented {
		t.Documented, t.Why = true, l.why
	}
	if l.tale != 0 && l.own {
		t.Story = h.story(l.tale)
	}
	return n
}

func (h *Hospital) truth(touches []Touch, to Sinks) error {
	if to.Truth == nil {
		return nil
	}
	for i := range touches {
		if err := to.Truth(&Truth{Touch: &touches[i]}); err != nil {
			return err
		}
	}
	for i := range h.silences {
		q := &h.silences[i]
		if q.told || q.from >= h.dayEnd {
			continue
		}
		q.told = true
		s := &Silence{Feed: string(q.feed), From: q.from.time().UTC(), To: q.to.time().UTC(), Late: q.late, Story: h.story(q.tale)}
		if err := to.Truth(&Truth{Silent: s}); err != nil {
			return err
		}
	}
	return nil
}

// conclude tells the truth about the stories.
func (h *Hospital) conclude(to Sinks) error {
	if to.Truth == nil {
		return nil
	}
	for _, t := range h.stories {
		if err := to.Truth(&Truth{Tale: t.stage.tale}); err != nil {
			return err
		}
	}
	return nil
}

// sessions are sign-ins to the record system and to the cloud of those who work today, and the extra rows of stories.
func (h *Hospital) sessions(d *batch, looks []look) []extra {
	type span struct{ first, last moment }
	spans := map[*world.Staff]*span{}
	var order []*world.Staff
	for i := range looks {
		l := &looks[i]
		if l.tale != 0 {
			continue
		}
		s := spans[l.staff]
		if s == nil {
			s = &span{first: l.at}
			spans[l.staff] = s
			order = append(order, l.staff)
		}
		s.last = max(s.last, l.at+l.span)
	}
	var all, later []extra
	for _, x := range d.extras {
		if x.at >= h.dayEnd {
			later = append(later, x)
			continue
		}
		x.at = max(x.at, h.dayStart)
		all = append(all, x)
	}
	d.extras = later
	for _, who := range order {
		s, id := spans[who], world.Mix(h.World.Seed, uint64(who.Index), uint64(h.date), 0x6c6f67)
		all = append(all, h.session(who, max(s.first-2*minute, h.dayStart), "Login", id), h.session(who, min(s.last+4*minute, h.dayEnd-1), "Logout", world.Mix(id, 1)))
		h.cloud(d, who, max(s.first-moment(3+id%30)*minute, h.dayStart), world.Mix(id, 2))
	}
	return all
}

func (h *Hospital) session(who *world.Staff, at moment, metric string, id uint64) extra {
	x := extra{at: at, id: id, row: feed.AccessRow{At: (at + h.skew(feed.Access)).time(), Zone: h.World.Zone, Metric: metric, Process: "HYPERSPACE"}}
	h.who(&x.row, who, at, false)
	return x
}

// cloud is a sign-in to the cloud: of those at home, and of a third of the others.
func (h *Hospital) cloud(d *batch, who *world.Staff, at moment, id uint64) {
	if !who.Remote && id%3 > 0 {
		return
	}
	s := feed.SignIn{At: at.time(), Login: who.Login, IP: "198.51.100.10", Country: "AT", App: "Mail", Serial: world.Mix(id, 5)}
	if who.Remote {
		s.IP, s.App = "203.0.113."+strconv.Itoa(1+who.Index%60), "Remote Access"
	}
	d.says = append(d.says, say{at: at + second, id: id, feed: feed.SignIns, data: d.keep(feed.AppendSignIn(nil, &s))})
}

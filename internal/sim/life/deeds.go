package life

import (
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Order has somebody order something for a patient, and returns the order's number. section is the unit that does it:
// LAB-CHEM, IMG-CT, PHARM ...
func (s *Stage) Order(who *world.Staff, p world.Person, at time.Time, code, section string) string {
	number := ""
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		number = key("O", v.id)
		b.order(v, s.ordered(who, number, code, section, m), "NW", m, who)
	})
	return number
}

func (s *Stage) ordered(who *world.Staff, number, code, section string, at moment) *order {
	return &order{number: number, code: code, title: code, section: section, by: who, enterer: who, at: at}
}

// Cancel has somebody cancel an order.
func (s *Stage) Cancel(who *world.Staff, p world.Person, at time.Time, number, code, section string) {
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		b.order(v, s.ordered(who, number, code, section, m), "CA", m, who)
	})
}

// Result reports the result of an order: by is who verified it. f is feed.Lab or feed.Imaging.
func (s *Stage) Result(f feed.Feed, by *world.Staff, p world.Person, at time.Time, number, code, section, status string, values ...Value) {
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		b.result(v, f, s.ordered(v.Attending, number, code, section, m-hour), m, by, nil, status, values)
	})
}

// Document is a document that somebody writes about a patient.
type Document struct {
	Kind    string    // PN progress note, DS discharge summary, CN consultation
	Number  string    // made up when empty
	Parent  string    // the document that it amends
	Event   string    // T02 when empty: T02 new, T08 edited, T10 replaced
	At      time.Time // when the message is sent
	Written time.Time // as the document states it; At when zero
	Text    string
}

// Write has somebody write a document, and returns its number.
func (s *Stage) Write(who *world.Staff, p world.Person, d Document) string {
	s.say(p, d.At, func(b *batch, v *Visit, m moment) {
		if d.Number == "" {
			d.Number = key("D", v.id)
		}
		if d.Event == "" {
			d.Event = "T02"
		}
		written := m
		if !d.Written.IsZero() {
			written = momentOf(d.Written)
		}
		b.write(v, &documented{number: d.Number, parent: d.Parent, event: d.Event, kind: d.Kind, written: written, by: who, text: d.Text}, m)
	})
	return d.Number
}

// Passed is a message as the interface engine passes it on.
func (s *Stage) Passed(message []byte, at time.Time) []byte { return s.h.Rewrite(message, at) }

// Team adds somebody to a patient's care team, or takes the person out of it; by entered it.
func (s *Stage) Team(by, who *world.Staff, p world.Person, at time.Time, remove bool) {
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		id := v.next()
		b.begin(feed.ADT, m, "ADT^A08^ADT_A01", id)
		b.evn("A08", m, by)
		b.patient(v, m)
		b.pv1(v, m, v.classAt(m))
		b.m.Segment("ROL")
		b.m.Field(1, strconv.Itoa(who.Index+1))
		action := "AD"
		if remove {
			action = "DE"
		}
		b.m.Field(2, action)
		b.m.Field(3, "PP", "Care team")
		b.xcn(4, who)
		b.m.Stamp(5, m.time().In(b.h.World.Zone))
		b.send(feed.ADT, m, id, v.tale)
	})
}

// Consult has somebody ask a service for a consult, and returns the order's number.
func (s *Stage) Consult(who *world.Staff, p world.Person, at time.Time, service string) string {
	return s.Order(who, p, at, "CONS-"+service, service)
}

// Message sends a referral, a call or a message about a patient from somebody to somebody.
func (s *Stage) Message(from, to *world.Staff, p world.Person, at time.Time) {
	s.say(p, at, func(b *batch, v *Visit, m moment) { b.refer(v, m, from, to) })
}

// Update sends an ADT of that event (A02, A08, A31, A40, A37 ...) about a patient, entered by somebody or by nobody. For
// merges and their undoing, other is who is merged into p, or no more; else it is None.
func (s *Stage) Update(by *world.Staff, p, other world.Person, at time.Time, event string) {
	s.say(p, at, func(b *batch, v *Visit, m moment) {
		if other != world.None {
			u := s.h.World.Human(other)
			v.former = &u
			b.merge(v, event, s.h.World.MRN(p), s.h.World.MRN(other), m, by)
			return
		}
		b.adt(v, event, m, by, v.classAt(m))
	})
}

// List puts a row into the lists of the site from a time on. It comes as a file of its own, as edits between two full
// exports do.
func (s *Stage) List(at time.Time, r feed.ListRow) uint64 {
	data := feed.AppendList([]byte(feed.ListsHead+"\n"), &r)
	return s.File(feed.Lists, at, "lists-"+at.In(s.h.World.Zone).Format("2006-01-02-1504")+"-"+strconv.FormatUint(s.id()%10_000, 10)+".csv", data)
}

// Leave ends somebody's employment on a day of the story, as the staff office writes it from now on. Ordinary life goes on
// as if it had not: prefer those who leave anyway (see Leavers).
func (s *Stage) Leave(who *world.Staff, day int) { s.h.left[who] = s.Day(day) }

// Borrow adds a shift to the roster: somebody works on another unit. It comes as a file of its own.
func (s *Stage) Borrow(who *world.Staff, u *world.Unit, from, to time.Time) {
	if s.h.c.Quality == NoRoster {
		return
	}
	data := s.h.rosterRow([]byte(feed.RosterHead+"\n"), who, u, from, to, "shift", nil)
	s.File(feed.Roster, from.Add(-2*time.Hour), "roster-"+from.In(s.h.World.Zone).Format("2006-01-02-1504")+"-"+strconv.FormatUint(s.id()%10_000, 10)+".csv", data)
}

// Silence lets a feed fall silent; late tells whether what was not said is said afterwards.
func (s *Stage) Silence(f feed.Feed, from, to time.Time, late bool) {
	s.h.silences = append(s.h.silences, silence{feed: f, from: s.moment(from), to: momentOf(to), late: late, tale: s.index})
	s.span(from, to)
}

// Stop has one part of a feed say nothing, an analyser for one, until what was not said is said afterwards. The feed is not silent, and the truth does not say so.
func (s *Stage) Stop(f feed.Feed, part string, from, to time.Time) {
	s.h.silences = append(s.h.silences, silence{feed: f, part: part, from: s.moment(from), to: momentOf(to), late: true, tale: s.index, told: true})
	s.span(from, to)
}

// Delay lets what ordinary life says in a feed leave later by that much.
func (s *Stage) Delay(f feed.Feed, from, to time.Time, by time.Duration) {
	s.h.delays = append(s.h.delays, delay{feed: f, from: s.moment(from), to: momentOf(to), by: moment(by.Milliseconds())})
	s.span(from, to)
}

// span notes when the story happened, where it is what is not said that tells of it.
func (s *Stage) span(from, to time.Time) {
	if t := s.tale; t.Start.IsZero() || from.Before(t.Start) {
		t.Start = from.UTC()
	}
	if to.After(s.tale.End) {
		s.tale.End = to.UTC()
	}
}

// Repeat sends n records more, copies of what ordinary life said in a feed on that day before, from a time on, so far apart.
func (s *Stage) Repeat(f feed.Feed, n int, from time.Time, every time.Duration) {
	s.h.repeats = append(s.h.repeats, repeat{feed: f, n: n, from: s.moment(from), every: moment(every.Milliseconds()), stage: s})
}

// repeat is what is said again.
type repeat struct {
	feed  feed.Feed
	n     int
	from  moment
	every moment
	stage *Stage
}

// again adds what is repeated today.
func (h *Hospital) again(today []say) []say {
	for _, r := range h.repeats {
		if r.from < h.dayStart || r.from >= h.dayEnd {
			continue
		}
		var source []say
		for _, s := range today {
			if s.feed == r.feed && s.tale == 0 && s.at < r.from {
				source = append(source, s)
			}
		}
		for i := range r.n {
			if len(source) == 0 {
				break
			}
			at := r.from + r.every*moment(i)
			id := r.stage.id()
			said := say{at: at, id: id, feed: r.feed, tale: r.stage.index, data: source[i%len(source)].data}
			r.stage.left(id, r.feed, at.time())
			if at < h.dayEnd {
				today = append(today, said)
			} else {
				h.carried.says = append(h.carried.says, said)
			}
		}
	}
	return today
}

package life

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// id is that of one more thing that the story leaves.
func (s *Stage) id() uint64 {
	s.telling.seq++
	return world.Mix(s.telling.id, s.telling.seq)
}

// left notes a record of the story.
func (s *Stage) left(id uint64, f feed.Feed, at time.Time) {
	t := s.tale
	t.Records = append(t.Records, fmt.Sprintf("%016x", id))
	if !slices.Contains(t.Sources, string(f)) {
		t.Sources = append(t.Sources, string(f))
	}
	at = at.UTC()
	if t.Start.IsZero() || at.Before(t.Start) {
		t.Start = at
	}
	if at.After(t.End) {
		t.End = at
	}
}

// Look is how somebody looks at a record.
type Look struct {
	At          time.Time
	Clicks      int           // rows; as many as is usual for What when 0
	For         time.Duration // from the first to the last; as long as is usual when 0
	What        What          // what is looked at
	Metrics     []string      // instead of What: what is done, in the record system's words, in turn
	Search      bool          // a search leads to it
	Workstation string        // as is usual for the person and the time when empty
	IP          string
	Remote      bool
	Documented  bool   // whether some record says why; for the truth
	Why         string // for the truth
}

// Open has somebody look at a person's record, and returns the truth ids of the rows.
func (s *Stage) Open(who *world.Staff, p world.Person, l Look) []uint64 {
	h := s.h
	clicks := l.Clicks
	if clicks == 0 {
		clicks = int(max(1, math.Exp(math.Log(h.habits[l.What].clicks)+clickSpread*s.Rand.NormFloat64())))
	}
	o := look{
		at: s.moment(l.At), id: s.id(), staff: who, person: p, what: l.What, metrics: l.Metrics, clicks: uint16(min(clicks, 60_000)), why: l.Why, search: l.Search,
		documented: l.Documented, remote: l.Remote, station: l.Workstation, ip: l.IP, tale: s.index, own: true, span: moment(l.For.Milliseconds()),
	}
	if o.why == "" {
		o.why = "story"
	}
	if l.For == 0 {
		o.span = moment(clicks-1) * (2*second + moment(s.Rand.IntN(6000)))
	}
	if v := s.visitOf(p, l.At); v != nil {
		o.visit = v
	}
	h.carried.looks = append(h.carried.looks, o)
	var ids []uint64
	if o.search {
		ids = append(ids, world.Mix(o.id, searched))
	}
	for k := range clicks {
		ids = append(ids, world.Mix(o.id, uint64(k)))
	}
	for _, id := range ids {
		s.left(id, feed.Access, o.at.time())
	}
	s.left(ids[len(ids)-1], feed.Access, (o.at + o.span).time())
	s.tale.Records = s.tale.Records[:len(s.tale.Records)-1]
	return ids
}

// moment is a time, or this morning if that has passed.
func (s *Stage) moment(at time.Time) moment { return max(momentOf(at), s.h.dayStart+minute) }

// visitOf is the visit of a person at a time, or the last before it; nil for none.
func (s *Stage) visitOf(p world.Person, at time.Time) *Visit {
	var last *Visit
	for _, v := range s.VisitsOf(p) {
		if !v.From.After(at) && (last == nil || v.From.After(last.From)) {
			last = v
		}
	}
	return last
}

// Row writes one row of the access log just so. Login, Name, Type, Workstation, IP, Session and Process are filled in when
// empty and who is not nil; MRN and Visit when p is a person.
func (s *Stage) Row(who *world.Staff, p world.Person, r feed.AccessRow) uint64 {
	h, id := s.h, s.id()
	at := s.moment(r.At)
	full := r
	if who != nil {
		h.who(&full, who, at, false)
	}
	for _, pair := range [][2]*string{{&full.Login, &r.Login}, {&full.Name, &r.Name}, {&full.Type, &r.Type}, {&full.Workstation, &r.Workstation}, {&full.IP, &r.IP}, {&full.Session, &r.Session}} {
		if *pair[1] != "" {
			*pair[0] = *pair[1]
		}
	}
	if full.Process == "" {
		full.Process = "HYPERSPACE"
	}
	if p != world.None {
		full.MRN = h.World.MRN(p)
		if v := s.visitOf(p, r.At); v != nil {
			full.MRN, full.Visit = v.MRN, v.Number
		}
	}
	full.At, full.Zone = (at + h.skew(feed.Access)).time(), h.World.Zone
	x := extra{at: at, id: id, row: full, tale: s.index, person: p}
	if p != world.None {
		x.staff = who
	}
	h.carried.extras = append(h.carried.extras, x)
	s.left(id, feed.Access, at.time())
	return id
}

// Search writes a search for patients that gave so many.
func (s *Stage) Search(who *world.Staff, at time.Time, text string, hits int) uint64 {
	return s.Row(who, world.None, feed.AccessRow{At: at, Metric: "Search patients", Search: text, Patients: hits})
}

// Login writes that somebody began to work with the record system.
func (s *Stage) Login(who *world.Staff, at time.Time, remote bool) uint64 {
	r := feed.AccessRow{At: at, Metric: "Login"}
	if remote {
		s.h.who(&r, who, momentOf(at), true)
	}
	return s.Row(who, world.None, r)
}

// Logout is the end of that.
func (s *Stage) Logout(who *world.Staff, at time.Time) uint64 {
	return s.Row(who, world.None, feed.AccessRow{At: at, Metric: "Logout"})
}

// SignIn writes a sign-in to the cloud; code 0 is a success.
func (s *Stage) SignIn(who *world.Staff, at time.Time, ip, country, app string, code int) uint64 {
	r := feed.SignIn{At: s.moment(at).time(), Login: who.Login, IP: ip, Country: country, App: app, Code: code, Serial: s.Rand.Uint64()}
	return s.Emit(feed.SignIns, at, feed.AppendSignIn(nil, &r))
}

// Emit writes a record of any system as it is. data is kept: it must not be changed afterwards.
func (s *Stage) Emit(f feed.Feed, at time.Time, data []byte) uint64 { return s.emit(f, at, data, "") }

func (s *Stage) emit(f feed.Feed, at time.Time, data []byte, name string) uint64 {
	id, m := s.id(), s.moment(at)
	if d := feed.Describe(f); d.Way == feed.File && name == "" {
		name = string(f) + "-" + control(id) + d.Ext // each file its own, or the next would take its place
	}
	s.h.carried.says = append(s.h.carried.says, say{at: m, id: id, feed: f, tale: s.index, data: data, name: name})
	s.left(id, f, m.time())
	return id
}

// HL7 sends a message that the story wrote itself; its bytes are as in feed.Message.
func (s *Stage) HL7(f feed.Feed, at time.Time, message []byte) uint64 {
	return s.Emit(f, at, slices.Clone(message))
}

// File lays down a whole file of a feed whose records are files.
func (s *Stage) File(f feed.Feed, at time.Time, name string, data []byte) uint64 {
	return s.emit(f, at, data, name)
}

// Control is a number of a message that is no other's.
func (s *Stage) Control() string { return control(s.id()) }

// Patient writes PID and, for those with a visit, PV1, as ordinary messages about the person have them.
func (s *Stage) Patient(m *feed.Message, p world.Person, at time.Time) {
	b := batch{h: s.h, r: s.Rand, m: *m}
	v := s.copyOf(&b, p, at)
	b.patient(v, momentOf(at))
	b.pv1(v, momentOf(at), v.Class)
	*m = b.m
}

// copyOf is the visit about which the story says something, or what is known of somebody without one. Its ids are the
// story's, so that those of ordinary life stay as they are.
func (s *Stage) copyOf(b *batch, p world.Person, at time.Time) *Visit {
	v := s.visitOf(p, at)
	if v == nil {
		v = b.contact(p, s.h.World.Staff[0])
		v.From, v.To = at.Add(-time.Hour), at.Add(time.Hour)
	}
	own := *v
	own.id, own.seq, own.tale, own.pid = s.id(), 0, s.index, nil
	return &own
}

// say has a batch of its own write, and notes what it said.
func (s *Stage) say(p world.Person, at time.Time, write func(*batch, *Visit, moment)) {
	b := &batch{h: s.h, r: s.Rand}
	write(b, s.copyOf(b, p, at), s.moment(at))
	for _, said := range b.says {
		s.left(said.id, said.feed, said.at.time())
	}
	s.h.carried.says = append(s.h.carried.says, b.says...)
}

package life

import (
	"math/rand/v2"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Stage is where a story happens: it finds who plays in it, and has them do things. All that is done through it is noted
// as the story's. Chance comes from a stream of its own, of the seed and the story.
//
// A story sees the house as it is on the morning of the day on which it is told; it may go on telling on later mornings:
// see On. Times that have passed by then are moved to the morning.
type Stage struct {
	Rand *rand.Rand

	h       *Hospital
	tale    *Tale
	telling *telling
	index   int16
}

// World is the house and its town.
func (s *Stage) World() *world.World { return s.h.World }

// Days is how many days are left to the story, its first among them.
func (s *Stage) Days() int { panic("not yet") }

// At is a time on the n-th day of the story, from 0, by the clock on the wall. Hours may go on behind 24.
func (s *Stage) At(day, hour, minute int) time.Time { panic("not yet") }

// Day is the n-th day of the story in the calendar of the house.
func (s *Stage) Day(n int) world.Day { panic("not yet") }

// On goes on with the story on the morning of its n-th day, with what has become known by then.
func (s *Stage) On(day int, tell func()) { panic("not yet") }

// Note names whom the story is about, for the truth.
func (s *Stage) Note(actors []*world.Staff, victims []world.Person) { panic("not yet") }

// Expect changes what is expected of the story, where that depends on how it went.
func (s *Stage) Expect(change func(*Tale)) { change(s.tale) }

// Staff finds somebody who works here now and throughout the story, and of whom that holds; nil when there is nobody.
func (s *Stage) Staff(holds func(*world.Staff) bool) *world.Staff { panic("not yet") }

// Job finds somebody of a job family (nursing, physician, desk ...), and of whom that holds; holds may be nil.
func (s *Stage) Job(family string, holds func(*world.Staff) bool) *world.Staff { panic("not yet") }

// Shift is when somebody is on duty on the n-th day; ok is false when not at all.
func (s *Stage) Shift(who *world.Staff, day int) (shift world.Shift, ok bool) { panic("not yet") }

// Duty finds the first day of the story, from day on, on which somebody is on duty, and a moment of that shift: a share of
// it from 0 to 1. Without any within 14 days it is a moment of an ordinary working day.
func (s *Stage) Duty(who *world.Staff, day int, share float64) time.Time { panic("not yet") }

// OnDuty lists who is on duty on a unit at a time.
func (s *Stage) OnDuty(u *world.Unit, at time.Time) []*world.Staff { panic("not yet") }

// Stranger finds somebody of the town who is no patient these weeks and was none since the play began, does not work
// here, and of whom that holds; holds may be nil.
func (s *Stage) Stranger(holds func(world.Person) bool) world.Person { panic("not yet") }

// Known finds somebody who has been a patient since the play began, and of whose last visit that holds; nil when there is
// nobody.
func (s *Stage) Known(holds func(*Visit) bool) *Visit { panic("not yet") }

// Inpatients lists who lies on a ward now; on all wards when u is nil.
func (s *Stage) Inpatients(u *world.Unit) []*Visit { panic("not yet") }

// VisitsOf lists the visits of a person since the play began, the newest last.
func (s *Stage) VisitsOf(p world.Person) []*Visit { panic("not yet") }

// Met tells whether somebody has looked at a person's record since the play began.
func (s *Stage) Met(who *world.Staff, p world.Person) bool { panic("not yet") }

// Stay makes somebody a patient of the house: that person comes to the emergency department, or as an inpatient or an
// outpatient, with all that follows from it: messages, orders, results, and the looks of those who look after the person.
func (s *Stage) Stay(p world.Person, o Stay) *Visit { panic("not yet") }

// Stay says how somebody becomes a patient.
type Stay struct {
	Class     byte        // E, I or O
	Unit      *world.Unit // where; the emergency department, some ward or some clinic when nil
	From      time.Time
	For       time.Duration // how long; as long as is usual when 0
	VIP       bool
	Condition string // what it is about, a Condition's name; any when empty
	Booked    time.Time
}

// Look is how somebody looks at a record.
type Look struct {
	At          time.Time
	Clicks      int           // rows; as many as is usual for What when 0
	For         time.Duration // from the first to the last; as long as is usual when 0
	What        What          // what is looked at
	Metrics     []string      // instead of What: what is done, in the record system's words, in turn
	Workstation string        // as is usual for the person and the time when empty
	IP          string
	Remote      bool
	Documented  bool   // whether some record says why; for the truth
	Why         string // for the truth
}

// Open has somebody look at a person's record, and returns the truth ids of the rows.
func (s *Stage) Open(who *world.Staff, p world.Person, l Look) []uint64 { panic("not yet") }

// Row writes one row of the access log just so. Login, Name, Type, Workstation, IP, Session and Zone are filled in when
// empty and who is not nil; MRN and Visit when p is a person.
func (s *Stage) Row(who *world.Staff, p world.Person, r feed.AccessRow) uint64 { panic("not yet") }

// Search writes a search for patients that gave so many.
func (s *Stage) Search(who *world.Staff, at time.Time, text string, hits int) uint64 {
	panic("not yet")
}

// Login and Logout write that somebody began and ended to work with the record system.
func (s *Stage) Login(who *world.Staff, at time.Time, remote bool) uint64 { panic("not yet") }

// Logout is the end of that.
func (s *Stage) Logout(who *world.Staff, at time.Time) uint64 { panic("not yet") }

// SignIn writes a sign-in to the cloud; code 0 is a success.
func (s *Stage) SignIn(who *world.Staff, at time.Time, ip, country, app string, code int) uint64 {
	panic("not yet")
}

// Order has somebody order something for a patient, and returns the order's number. code is one of a Condition's orders,
// or any text.
func (s *Stage) Order(who *world.Staff, p world.Person, at time.Time, code string) string {
	panic("not yet")
}

// Cancel has somebody cancel an order.
func (s *Stage) Cancel(who *world.Staff, p world.Person, at time.Time, order string) {
	panic("not yet")
}

// Result reports the result of an order: by is who verified it.
func (s *Stage) Result(by *world.Staff, p world.Person, at time.Time, order string, values ...Value) {
	panic("not yet")
}

// Document is a document that somebody writes about a patient.
type Document struct {
	Kind    string    // of document: PN progress note, DS discharge summary, CN consultation
	ID      string    // made up when empty
	Parent  string    // the document that it amends
	Event   string    // T02 when empty: T02 new, T08 edited, T10 replaced
	Written time.Time // stated in the document; At when zero
	At      time.Time // when the message was sent
	Text    string
}

// Write has somebody write a document, and returns its number.
func (s *Stage) Write(who *world.Staff, p world.Person, d Document) string { panic("not yet") }

// Team adds somebody to a patient's care team, or takes the person out of it; by entered it.
func (s *Stage) Team(by, who *world.Staff, p world.Person, at time.Time, remove bool) {
	panic("not yet")
}

// Give writes that somebody gave a drug.
func (s *Stage) Give(who *world.Staff, p world.Person, at time.Time, drug string) { panic("not yet") }

// Consult has somebody ask a service for a consult.
func (s *Stage) Consult(who *world.Staff, p world.Person, at time.Time, service string) string {
	panic("not yet")
}

// Update sends an ADT of that event (A08, A31, A40 ...) about a patient, entered by somebody. For merges, other is who is
// merged into p.
func (s *Stage) Update(by *world.Staff, p, other world.Person, at time.Time, event string) uint64 {
	panic("not yet")
}

// HL7 sends a message that the story wrote itself; its bytes are as in feed.Message.
func (s *Stage) HL7(f feed.Feed, at time.Time, message []byte) uint64 { panic("not yet") }

// Patient writes PID and, for those with a visit, PV1, as ordinary messages about the person have them.
func (s *Stage) Patient(m *feed.Message, p world.Person, at time.Time) { panic("not yet") }

// Emit writes a record of any system as it is. data is kept: it must not be changed afterwards.
func (s *Stage) Emit(f feed.Feed, at time.Time, data []byte) uint64 { panic("not yet") }

// List puts a row into the lists of the site from a day of the story on (see feed.ListRow).
func (s *Stage) List(day int, row feed.ListRow) { panic("not yet") }

// Leave ends somebody's employment on a day of the story, as the staff office writes it. Ordinary life goes on as
// if it had not: choose somebody whom it does not know, or one who leaves anyway (see Leavers).
func (s *Stage) Leave(who *world.Staff, day int) { panic("not yet") }

// Leavers lists who left the house within that many days before the story.
func (s *Stage) Leavers(within int) []*world.Staff { panic("not yet") }

// Borrow adds a shift to the roster: somebody works on another unit. Without roster true nobody writes it down.
func (s *Stage) Borrow(who *world.Staff, u *world.Unit, from, to time.Time, roster bool) {
	panic("not yet")
}

// Silence lets a feed of ordinary life fall silent; late tells whether what was not said is said afterwards.
func (s *Stage) Silence(f feed.Feed, from, to time.Time, late bool) { panic("not yet") }

// Delay lets what ordinary life says in a feed leave later by that much.
func (s *Stage) Delay(f feed.Feed, from, to time.Time, by time.Duration) { panic("not yet") }

// Repeat sends n more records, all equal to those that ordinary life said in a feed before, from a time on, so long apart.
func (s *Stage) Repeat(f feed.Feed, n int, from time.Time, every time.Duration) { panic("not yet") }

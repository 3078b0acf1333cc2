package integrity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/chart"
)

// scribe reads one message.
type scribe struct {
	m      *hl7.Message
	house  *hospital.House
	zone   *time.Location
	since  time.Time // from when on the house was heard
	source string    // who said it, and the kind of message
	id     string
	said   time.Time
}

func (s *scribe) get(places ...string) string {
	for _, p := range places {
		if v, _ := s.m.Get(p); v != "" {
			return v
		}
	}
	return ""
}

// moment reads a time, which is the site's where it states no offset.
func (s *scribe) moment(places ...string) time.Time {
	t, _ := s.momentZoned(places...)
	return t
}

// momentZoned also tells whether the time states an offset that the site's clocks have not then.
func (s *scribe) momentZoned(places ...string) (t time.Time, elsewhere chart.Truth) {
	t, zoned, ok := hl7.ParseTime(s.get(places...))
	switch {
	case !ok:
		return time.Time{}, chart.Unknown
	case zoned && s.zone != nil:
		_, stated := t.Zone()
		_, site := t.In(s.zone).Zone()
		return t, truth(stated != site)
	case s.zone != nil:
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), s.zone)
	}
	return t, chart.Unknown
}

// hands are those of the names who work here.
func (s *scribe) hands(names ...string) []int64 {
	var out []int64
	for _, n := range names {
		if n == "" {
			continue
		}
		if w := s.house.StaffNamed(s.house.Ref(n)); w != nil && !slices.Contains(out, int64(w.ID)) {
			out = append(out, int64(w.ID))
		}
	}
	return out
}

// identifiers reads the repetitions of a field of type CX.
func (s *scribe) identifiers(segment string, field int) []hospital.Identifier {
	var out []hospital.Identifier
	for n := 1; n <= 16; n++ {
		at := fmt.Sprintf("%s-%d[%d]", segment, field, n)
		id := hospital.Identifier{Value: s.get(at + ".1"), Authority: s.get(at+".4.1", at+".4.2"), Type: s.get(at + ".5")}
		if id.Value != "" {
			out = append(out, id)
		}
	}
	return out
}

// patient is who the message is about, in a form for the chart; tokenOf reads it.
func (s *scribe) patient() (hospital.PatientID, string) {
	id, _ := s.house.Find(s.identifiers("PID", 3))
	if id == 0 {
		return 0, strings.Join([]string{"number", s.get("PID-3.4"), s.get("PID-3.1")}, " ")
	}
	return id, strconv.FormatInt(int64(id), 10)
}

// tokenOf is the token of a patient as scribe.patient names one.
func tokenOf(h *hospital.House, patient string) string {
	id, err := strconv.ParseInt(patient, 10, 64)
	if err != nil {
		return ""
	}
	return h.Token(hospital.PatientID(id))
}

// lateWords begin what calls itself a late entry.
var lateWords = []string{"late entry", "entered late", "addendum", "nachtrag", "entered after"}

func (s *scribe) note(trigger string) chart.Note {
	n := chart.Note{
		ID: s.id, Event: trigger, Number: s.get("TXA-12"), Parent: s.get("TXA-13"), Kind: s.get("TXA-2"), Author: s.get("TXA-9", "TXA-5", "TXA-10", "TXA-22"),
		Source: s.source, Entered: s.moment("TXA-6"), Signed: s.moment("TXA-22.15"), Sent: s.moment("MSH-7"), Said: s.said,
		Serials: []string{s.get("TXA-12.1"), s.get("TXA-15.1"), s.get("MSH-13")},
	}
	n.Claimed, n.Offset = s.momentZoned("TXA-4", "TXA-6")
	n.Hands = s.hands(s.get("TXA-9.1"), s.get("TXA-5.1"), s.get("TXA-10.1"), s.get("TXA-11.1"), s.get("TXA-22.1"))
	_, n.Patient = s.patient()
	text := strings.ToLower(s.get("OBX-5"))
	n.Open = slices.ContainsFunc(lateWords, func(w string) bool { return strings.HasPrefix(strings.TrimSpace(text), w) })
	return n
}

// around is what the house knows of the time that a note claims.
func (s *scribe) around(n *chart.Note) chart.Around {
	var a chart.Around
	if n.Claimed.IsZero() {
		return a
	}
	if staff := s.house.StaffNamed(s.house.Ref(n.Author)); staff != nil && n.Claimed.After(s.since) {
		shifts, rostered := s.house.Duty(staff.ID, n.Claimed.Add(-time.Hour), n.Claimed.Add(time.Hour))
		if rostered {
			a.Duty = truth(len(shifts) > 0)
		}
	}
	id, _ := s.patient()
	p := s.house.Patient(id)
	if p == nil {
		return a
	}
	a.There = s.there(p, n.Claimed, 2*time.Hour)
	a.Trigger, a.Died = s.matter(p), p.Dead
	return a
}

// trigger is since when somebody may wish that a record said something else: the later of a death and a matter.
func (s *scribe) trigger(p *hospital.Patient) time.Time {
	if p == nil {
		return time.Time{}
	}
	at := s.matter(p)
	if p.Dead.After(at) && !p.Dead.After(s.said) {
		return p.Dead
	}
	return at
}

// matter is since when there is a complaint or a legal matter about a patient.
func (s *scribe) matter(p *hospital.Patient) (at time.Time) {
	for i := range p.Edges {
		e := &p.Edges[i]
		if e.Kind == hospital.Assignment && e.Voided.IsZero() && !e.Made.After(s.said) && e.Made.After(at) {
			at = e.Made
		}
	}
	return at
}

// doses reads what a message says was given (HL7 v2.5.1 4.7, 4.14.7), as entries of the chart.
func (s *scribe) doses(c *chart.Chart) []chart.Note {
	var out []chart.Note
	_, patient := s.patient()
	for n := 1; n <= 64; n++ {
		at := func(field string) string { return fmt.Sprintf("RXA[%d]-%s", n, field) }
		if s.get(at("3")) == "" {
			break
		}
		if done := s.get(at("20")); done != "" && done != "CP" && done != "PA" {
			continue
		}
		by := s.get(at("10"), fmt.Sprintf("ORC[%d]-10", n), "ORC-10")
		d := chart.Note{
			ID: s.id, Event: "RAS", Kind: "dose", Source: s.source, Author: by, Patient: patient, Sent: s.moment("MSH-7"), Said: s.said, Dose: true,
			Hands: s.hands(by, s.get(fmt.Sprintf("ORC[%d]-10", n), "ORC-10")),
		}
		d.Claimed, d.Offset = s.momentZoned(at("3"))
		d.Early = c.GivenEarly(s.get(fmt.Sprintf("ORC[%d]-2.1", n), "ORC-2.1"), d.Claimed)
		out = append(out, d)
	}
	return out
}

// ordered tells the chart when something was ordered that is to be given.
func (s *scribe) ordered(c *chart.Chart) {
	for n := 1; n <= 64; n++ {
		orc := fmt.Sprintf("ORC[%d]", n)
		control := s.get(orc + "-1")
		if control == "" {
			return
		}
		if control == "NW" {
			c.Ordered(s.get(orc+"-2.1"), s.moment(orc+"-9"))
		}
	}
}

// results reads the times of results: of each order of a message one, with the times of its first value.
func (s *scribe) results() []chart.Result {
	id, patient := s.patient()
	trigger := s.trigger(s.house.Patient(id))
	var out []chart.Result
	for n := 1; n <= 64; n++ {
		at := func(field string) string { return fmt.Sprintf("OBR[%d]-%s", n, field) }
		if s.get(at("4")) == "" {
			break
		}
		r := chart.Result{
			ID: s.id, Source: s.source, Kind: s.get(at("24"), at("4.1")), Patient: patient, Author: s.get("OBX-16.1", at("32.1")),
			Collected: s.moment(at("7")), Arrived: s.moment(at("14")), Reported: s.moment(at("22")), Sent: s.moment("MSH-7"), Said: s.said,
			Serials: []string{s.get(at("3.1")), s.get("MSH-13"), s.get(at("2.1"))}, Trigger: trigger,
		}
		if n == 1 { // which values belong to which of several orders is not told here
			r.Observed, r.Analysed = s.moment("OBX-14"), s.moment("OBX-19")
		}
		out = append(out, r)
	}
	return out
}

// there tells whether a patient was in the house at a time, or expected.
func (s *scribe) there(p *hospital.Patient, when time.Time, slack time.Duration) chart.Truth {
	if when.Before(s.since) || when.Before(p.Faded) {
		return chart.Unknown
	}
	for i := range p.Visits {
		v := &p.Visits[i]
		if !v.Start.Add(-slack).After(when) && (v.End.IsZero() || !v.End.Add(slack).Before(when)) {
			return chart.Yes
		}
	}
	for i := range p.Edges {
		e := &p.Edges[i]
		if e.Kind == hospital.Appointment && !e.From.Add(-24*time.Hour).After(when) && !e.From.Add(24*time.Hour).Before(when) {
			return chart.Yes
		}
	}
	return chart.No
}

func truth(holds bool) chart.Truth {
	if holds {
		return chart.Yes
	}
	return chart.No
}

// merge reads who the two records were of that become one. known is false when either says nothing.
func (s *scribe) merge() (m chart.Merge, known bool) {
	survivor, one := s.house.Recorded(s.identifiers("PID", 3))
	retired, two := s.house.Recorded(s.identifiers("MRG", 1))
	id, patient := s.patient()
	m = chart.Merge{ID: s.id, By: s.get("EVN-5"), Survivor: person(survivor), Retired: person(retired), Patient: patient, Said: s.said}
	if born := s.moment("PID-7"); !born.IsZero() && retired.Person != 0 { // what the record was called is said again, and the day is hashed with it
		same := s.house.Identity(&hospital.Human{Family: s.get("MRG-7.1"), Given: s.get("MRG-7.2"), Born: born})
		m.SameBirth = same.Name == retired.Name && same.Person == retired.Person
	}
	m.Survivor.Home, m.Retired.Home = home(survivor), home(retired)
	if survivor.Name == retired.Name && survivor.Person != retired.Person {
		m.Survivor.Born, m.Retired.Born = "one day", "another" // a hash of name and day: of other names nobody can tell
	}
	if p := s.house.Patient(id); p != nil && (p.VIP || len(p.Labels) > 0) {
		m.Survivor.Protected = true
	}
	return m, one && two
}

func person(i hospital.Identity) chart.Person {
	text := func(hash uint64) string {
		if hash == 0 {
			return ""
		}
		return strconv.FormatUint(hash, 36)
	}
	p := chart.Person{Family: text(i.Family), Sound: text(i.Sound), Given: text(i.Name), National: text(i.National)}
	for _, f := range i.Former {
		p.Former = append(p.Former, text(f))
	}
	return p
}

// home is where somebody lives and can be called.
func home(i hospital.Identity) []string {
	var out []string
	for _, hash := range append([]uint64{i.Address}, i.Phones...) {
		if hash != 0 {
			out = append(out, strconv.FormatUint(hash, 36))
		}
	}
	return out
}

// shots reads the vaccinations of a message (HL7 v2.5.1 4.14).
func (s *scribe) shots() []chart.Shot {
	id, patient := s.patient()
	p := s.house.Patient(id)
	var out []chart.Shot
	for n := 1; n <= 64; n++ {
		at := func(field string) string { return fmt.Sprintf("RXA[%d]-%s", n, field) }
		if s.get(at("5")) == "" && s.get(at("3")) == "" {
			break
		}
		shot := chart.Shot{ID: s.id, Author: s.get(fmt.Sprintf("ORC[%d]-10", n), "ORC-10", at("10")), Patient: patient, Given: s.moment(at("3")), Said: s.said}
		source, done := s.get(at("9")), s.get(at("20"))
		shot.Reported = source != "" && source != "00" || done != "" && done != "CP" && done != "PA"
		switch {
		case shot.Given.IsZero() || shot.Given.Before(s.since):
		case p == nil:
			shot.There = chart.No
		default:
			shot.There = s.there(p, shot.Given, 24*time.Hour)
		}
		out = append(out, shot)
	}
	return out
}

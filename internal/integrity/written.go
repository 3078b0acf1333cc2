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
	m     *hl7.Message
	house *hospital.House
	zone  *time.Location
	since time.Time // from when on the house was heard
	id    string
	said  time.Time
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
	t, zoned, ok := hl7.ParseTime(s.get(places...))
	if !ok {
		return time.Time{}
	}
	if !zoned && s.zone != nil {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), s.zone)
	}
	return t
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
		Claimed: s.moment("TXA-4", "TXA-6"), Said: s.said,
	}
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
	a.Trigger = p.Dead
	for i := range p.Edges {
		e := &p.Edges[i]
		if e.Kind == hospital.Assignment && e.Voided.IsZero() && !e.Made.After(s.said) && e.Made.After(a.Trigger) {
			a.Trigger = e.Made
		}
	}
	return a
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
	return chart.Person{Family: text(i.Family), Sound: text(i.Sound), Given: text(i.Name), National: text(i.National)}
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

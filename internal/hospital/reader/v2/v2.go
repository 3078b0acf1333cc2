// Package v2 reads HL7 version 2 messages, by which the systems of a hospital tell each other that somebody was admitted,
// that a test was ordered, that a result is there: it says who thereby has to do with which patient.
//
// Each kind of message has a file with an example in testdata: the message, and the facts that are read from it.
package v2

import (
	"errors"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// Limits bounds one message.
func Limits() hl7.Limits { return hl7.Limits{Bytes: 16 << 20, Segments: 20_000} }

// Read reads one message. zone is the site's, for times that state no offset in a message that states none either;
// received settles which of two equal hours in autumn is meant. Messages of tests and trainings (MSH-11), and those that speak of
// nobody, give nothing. The error is that of the parser: it names the place and quotes nothing.
func Read(text []byte, zone *time.Location, received time.Time) ([]hospital.Fact, error) {
	parsed, err := hl7.Parse(text, Limits())
	if err != nil {
		return nil, err
	}
	m := &message{Message: parsed, near: received}
	if !m.open(zone) {
		return nil, nil
	}
	switch m.kind {
	case "ADT":
		m.admission()
	case "ORM", "OMG", "OML", "OMI", "OMP", "OMD", "OMS", "OMN", "OMB", "RDE", "RDS", "RAS", "RGV", "ORU", "OUL", "VXU":
		m.orders()
	case "MDM":
		m.documents()
	case "SIU":
		m.schedule()
	case "DFT", "BAR":
		m.accounts()
	case "REF":
		m.referral()
	case "MFN":
		m.staff()
	}
	return m.facts, nil
}

// ErrNoMessage says that an event of an HL7 message does not hold its text.
var ErrNoMessage = errors.New("the event does not hold the message's text")

// Event reads the message that ev holds.
func Event(ev *event.Event, zone *time.Location) ([]hospital.Fact, error) {
	for text := range ev.Values("message") {
		return Read(text, zone, ev.Observed)
	}
	return nil, ErrNoMessage
}

// open reads the header and finds the patients; false when nothing of the message counts.
func (m *message) open(site *time.Location) bool {
	var all []segment
	for _, s := range m.Segments {
		all = append(all, segment{s, &m.Message})
	}
	msh, evn := first(all, "MSH"), first(all, "EVN")
	if mode := msh.get(11, 1); mode == "T" || mode == "D" { // table 0103: training, debugging
		return false
	}
	m.kind, m.trigger, m.control = msh.get(9, 1), msh.get(9, 2), msh.get(10, 1)
	if m.trigger == "" {
		m.trigger = evn.get(1, 1)
	}
	stamp := msh.get(7, 1)
	m.zone = zoneOf(stamp, site)
	m.sent = known(m.moment(stamp), m.near)
	m.said = known(m.time(evn, 2), m.sent)
	m.split(all)
	return true
}

// split finds the patients of the message.
func (m *message) split(all []segment) {
	const most = 200 // in a class of patients who come together, or a list of merges
	for _, s := range all {
		if s.Name() == "PID" && len(m.groups) < most {
			m.groups = append(m.groups, group{ids: identifiers(s, 3, 2, 4), visit: s.get(18, 1)})
		}
		if len(m.groups) == 0 {
			m.head = append(m.head, s)
			continue
		}
		g := &m.groups[len(m.groups)-1]
		g.segs = append(g.segs, s)
		if s.Name() == "PV1" {
			g.visit = or(s.get(19, 1), s.get(50, 1), g.visit)
		}
	}
}

// identifiers lists what the fields hold, of the first that is filled: PID-2 and PID-4 are those of old versions.
func identifiers(s segment, fields ...int) []hospital.Identifier {
	var list []hospital.Identifier
	for _, n := range fields {
		for p := range s.parts(n) {
			id := hospital.Identifier{Value: p.get(1, 1), Authority: or(p.get(4, 1), p.get(4, 2)), Type: p.get(5, 1)}
			if id.Value != "" {
				list = append(list, id)
			}
		}
		if len(list) > 0 {
			break
		}
	}
	return list
}

package v2

import (
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// Doses reads which drugs the message that ev holds says were given (RXA) or ordered (RXE, RXO), as far as it is of such a kind.
func Doses(ev *event.Event, zone *time.Location) ([]hospital.Dose, error) {
	if !tellsOfDrugs(ev) {
		return nil, nil
	}
	for text := range ev.Values("message") {
		parsed, err := hl7.Parse(text, Limits())
		if err != nil {
			return nil, err
		}
		m := &message{Message: parsed, near: ev.Observed}
		if !m.open(zone) {
			return nil, nil
		}
		return m.doses(), nil
	}
	return nil, ErrNoMessage
}

// tellsOfDrugs tells by the header alone.
func tellsOfDrugs(ev *event.Event) bool {
	for kind := range ev.Values("MSH-9.1") {
		switch string(kind) {
		case "RAS", "RDE", "OMP", "ORM":
			return true
		}
	}
	return false
}

func (m *message) doses() []hospital.Dose {
	var all []hospital.Dose
	for i := range m.groups {
		g := &m.groups[i]
		for _, o := range m.parse(g) {
			for _, s := range o.segs {
				if d, ok := m.dose(&o, s); ok && len(all) < mostFacts {
					d.Patient, d.Visit, d.Order = g.ids, g.visit, o.key()
					all = append(all, d)
				}
			}
		}
	}
	return all
}

// dose reads one segment; false when it says nothing of a dose.
func (m *message) dose(o *order, s segment) (d hospital.Dose, ok bool) {
	switch s.Name() {
	case "RXA":
		d = hospital.Dose{At: m.time(s, 3), Code: s.get(5, 1), Name: s.get(5, 2), Amount: quantity(s.get(6, 1)), Unit: or(s.get(7, 1), s.get(7, 2)), By: person(s, 10)}
		d.Revoked = s.get(21, 1) == "D" || isVoid(o.orc.get(1, 1))
		if status := s.get(20, 1); status == "RE" || status == "NA" { // table 0322: refused, not administered
			return d, false
		}
	case "RXE": // HL7 v2.5.1 4.14.4: give code, amount, units
		d = hospital.Dose{At: known(m.time(o.orc, 9), m.said), Code: s.get(2, 1), Name: s.get(2, 2), Amount: quantity(or(s.get(4, 1), s.get(3, 1))), Unit: or(s.get(5, 1), s.get(5, 2)), Ordered: true}
	case "RXO":
		d = hospital.Dose{At: known(m.time(o.orc, 9), m.said), Code: s.get(1, 1), Name: s.get(1, 2), Amount: quantity(or(s.get(3, 1), s.get(2, 1))), Unit: or(s.get(4, 1), s.get(4, 2)), Ordered: true}
	default:
		return d, false
	}
	if d.Ordered && isVoid(o.orc.get(1, 1)) {
		return d, false
	}
	return d, !d.At.IsZero() && d.Code+d.Name != ""
}

// quantity reads an amount; 0 for none, and for 999, by which an amount that nobody knows is written (HL7 v2.5.1 4.14.7.6).
func quantity(text string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n > 0 && n < 1e12) || n == 999 {
		return 0
	}
	return n
}

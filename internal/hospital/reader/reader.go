// Package reader understands what the systems of a hospital say about it: who was admitted and moved, who ordered,
// wrote and measured what for whom, who works here and when. It turns one event into facts and remembers nothing.
//
//	HL7 v2 messages  ──► v2   ─┐
//	FHIR resources   ──► fhir ─┼─► []hospital.Fact
//	rows of HR, rosters, lists ► site ┘
package reader

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader/fhir"
	"github.com/wardline/wardline/internal/hospital/reader/site"
	"github.com/wardline/wardline/internal/hospital/reader/v2"
)

// Reader turns events into facts. Any number of goroutines may use one.
type Reader struct {
	zone *time.Location
}

// New returns a Reader for a site whose clocks show the time of zone where they state no offset. nil is UTC.
func New(zone *time.Location) *Reader { return &Reader{zone: zone} }

// Wants tells whether events of a class can say anything about the house.
func Wants(c *event.Class) bool {
	switch c.Product {
	case "hl7", "hr":
		return true
	case "fhir":
		return c.Service == "resource"
	}
	return false
}

// Read returns what ev says about the house. Most events say nothing, and cost nearly nothing. What it returns is the
// caller's. The error says that ev holds a record which cannot be understood, and quotes nothing of it.
func (r *Reader) Read(ev *event.Event) ([]hospital.Fact, error) {
	var facts []hospital.Fact
	var err error
	switch {
	case !Wants(ev.Class):
		return nil, nil
	case ev.Class.Product == "hl7":
		facts, err = v2.Event(ev, r.zone)
	case ev.Class.Product == "hr":
		facts = site.Event(ev, r.zone)
	default:
		facts = fhir.Event(ev, r.zone)
	}
	if err != nil {
		return nil, fmt.Errorf("read a record about the house: %w", err)
	}
	for i := range facts {
		f := &facts[i]
		f.Seen, f.Source = ev.Observed, ev.Source
		if f.Said.IsZero() {
			f.Said = ev.Time
		}
	}
	return facts, nil
}

// Doses returns which drugs ev says were given or ordered: see hospital.Dose. Events of other kinds cost nearly nothing. zone and the error are
// as with Read.
func Doses(ev *event.Event, zone *time.Location) ([]hospital.Dose, error) {
	switch {
	case ev.Class.Product == "hl7":
		doses, err := v2.Doses(ev, zone)
		if err != nil {
			return nil, fmt.Errorf("read what was given: %w", err)
		}
		return doses, nil
	case ev.Class.Product == "fhir" && ev.Class.Service == "resource":
		return fhir.Doses(ev, zone), nil
	}
	return nil, nil
}

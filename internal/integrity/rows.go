package integrity

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/row"
	"github.com/wardline/wardline/internal/integrity/tables"
)

// isRow tells the events that are rows which another system keeps.
func isRow(c *event.Class) bool { return c.Product == "records" && c.Service == "row" }

// told is what an event tells of a row.
type told struct {
	System, Table, Sort, Key, Version, Updated, By, Patient, Authority, Count string
	Content                                                                   map[string]string
	// What a sweep has judged itself; empty in exports.
	Act, Outcome string
	Keys         []string  // by which its system is asked for it
	Planted      time.Time // since when it was pretended that the row was Before; zero of what is real
	Reasons      []string
	Before       map[string]string
	Read         time.Time // when reading began
	Claims       []claimed // of results, to be held against what was sent
}

// whose is the patient's number as PID-3 writes it.
func (r *told) whose() string { return r.Patient + "^^^" + r.Authority }

// row compares a row with what it was when it was read before.
func (e *Engine) row(h *hospital.House, ev *event.Event, at hospital.Place) ([]Doubt, error) {
	var said struct{ Row told }
	if err := json.Unmarshal(ev.Fields, &said); err != nil || said.Row.Key == "" {
		return nil, nil // the collector says what cannot be read
	}
	r := &said.Row
	if !r.Planted.IsZero() {
		e.found = append(e.found, SelfTest{System: r.System, Table: r.Table, Planted: r.Planted, Found: ev.Observed})
		return nil, nil
	}
	switch r.Act {
	case actAbsent:
		return e.absent(h, ev, at, r)
	case "":
		return e.exported(h, ev, at, r)
	}
	out, err := e.keeps(h, ev, at, r)
	if err != nil {
		return nil, err
	}
	kind := sweptKind(r.Act, r.Outcome, r.Sort)
	if kind != "" {
		out = append(out, e.swept(h, ev, at, r, kind))
	}
	if kind == row.Tampered || kind == row.Unread || r.Outcome == OutcomeMatch {
		return out, nil // it is about the table, or nothing happened
	}
	return out, e.happened(r.name(), r.happening(ev, at))
}

// name is that of the row among all that systems keep.
func (r *told) name() string { return fmt.Sprintf("%q %q %q", r.System, r.Table, r.Key) }

// happening is what was read of it.
func (r *told) happening(ev *event.Event, at hospital.Place) Happening {
	return Happening{ID: idOf(at, ev.ID), At: ev.Observed, Point: r.System, Act: r.Act, Outcome: r.Outcome, Version: r.Version, By: r.By, Why: r.Reasons}
}

// swept is the doubt about a row that a sweep has judged.
func (e *Engine) swept(h *hospital.House, ev *event.Event, at hospital.Place, r *told, kind row.Kind) Doubt {
	d := rowDoubt(h, ev, at, kind, r)
	d.Signs = signsOf(r.Reasons)
	for _, c := range row.Differ(r.Before, r.Content) {
		d.Changes = append(d.Changes, route.Change{Field: c.Column, Before: c.Before, After: c.After, Clinical: true})
	}
	weigh(h, e.cfg.Zone, &d, r.whose())
	return d
}

// exported compares a row of an export with what it was in the one before.
func (e *Engine) exported(h *hospital.House, ev *event.Event, at hospital.Place, r *told) ([]Doubt, error) {
	now := row.Row{Sort: row.Sort(r.Sort), Version: r.Version, Updated: r.Updated, By: r.By, Count: r.Count, Cells: r.Content}
	name := r.name()
	before, known, err := e.rows.seal(name)
	if err != nil {
		return nil, err
	}
	id := idOf(at, ev.ID)
	if !known {
		e.rows.keep(name, row.Seal{Row: now, First: id}, ev.Observed)
		return nil, nil
	}
	wrong, changes, keep := row.Compare(before, now, id)
	if keep.First != before.First {
		e.rows.keep(name, keep, ev.Observed)
	}
	if wrong == "" {
		return nil, nil
	}
	d := rowDoubt(h, ev, at, wrong, r)
	d.Author = r.By
	for _, c := range changes {
		d.Changes = append(d.Changes, route.Change{Field: c.Column, Before: c.Before, After: c.After, Clinical: true})
	}
	if place, _, ok := placeOf(before.First); ok {
		d.Before = &place
	}
	weigh(h, e.cfg.Zone, &d, r.whose())
	return []Doubt{d}, nil
}

func rowDoubt(h *hospital.House, ev *event.Event, at hospital.Place, kind row.Kind, r *told) Doubt {
	d := Doubt{Kind: string(kind), At: ev.Observed, System: r.System, About: r.Table, Thing: r.Keys, Life: r.name(), Count: 1, Places: []finding.Place{{Entry: at.Entry, Line: int(at.Line)}}}
	if r.Patient != "" {
		d.Patient = token(h, r.whose())
	}
	d.ID = event.NewID(watcher, d.Kind, ev.ID.String()).String()
	return d
}

// actAbsent is what a Sweeper says of results that a system has not got.
const actAbsent = "absent"

// actUnfound is what a Sweeper says of itself when a difference that it planted is not found.
const actUnfound = "unfound"

// sweptKind is what is wrong with a row that a sweep has judged; nothing when it is in order.
func sweptKind(act, outcome, sort string) row.Kind {
	switch {
	case act == tables.Amended.String() && row.Sort(sort) == row.Master:
		return row.Shared
	case outcome != tables.Mismatch.String():
		return ""
	case act == tables.Older.String() || act == tables.Returned.String():
		return row.Older
	case act == tables.Gone.String():
		return row.Fewer
	case act == resources.Rewritten.String() || act == resources.Shortened.String():
		return row.History
	case act == resources.Unmarked.String():
		return row.Uncorrected
	case act == actUnfound:
		return row.Unread
	case act == "sign":
		return row.Tampered
	}
	return row.Unversioned
}

func signsOf(reasons []string) []chart.Sign {
	var out []chart.Sign
	for i, r := range reasons {
		out = append(out, chart.Sign{ID: fmt.Sprintf("reason-%d", i+1), Text: r})
	}
	return out
}

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

// row compares a row with what it was when it was read before.
func (e *Engine) row(h *hospital.House, ev *event.Event, at hospital.Place) ([]Doubt, error) {
	var said struct {
		Row struct {
			System, Table, Sort, Key, Version, Updated, By, Patient, Authority, Count string
			Content                                                                   map[string]string
			// What a sweep has judged itself; empty in exports.
			Act, Outcome string
			Planted      time.Time // since when it was pretended that the row was Before; zero of what is real
			Reasons      []string
			Before       map[string]string
		}
	}
	if err := json.Unmarshal(ev.Fields, &said); err != nil || said.Row.Key == "" {
		return nil, nil // the collector says what cannot be read
	}
	r := &said.Row
	if !r.Planted.IsZero() {
		e.found = append(e.found, SelfTest{System: r.System, Table: r.Table, Planted: r.Planted, Found: ev.Observed})
		return nil, nil
	}
	if r.Act != "" {
		kind := sweptKind(r.Act, r.Outcome, r.Sort)
		if kind == "" {
			return nil, nil
		}
		d := rowDoubt(h, ev, at, kind, r.System, r.Table, r.Patient, r.Authority)
		d.Signs = signsOf(r.Reasons)
		for _, c := range row.Differ(r.Before, r.Content) {
			d.Changes = append(d.Changes, route.Change{Field: c.Column, Before: c.Before, After: c.After, Clinical: true})
		}
		weigh(h, e.cfg.Zone, &d, r.Patient+"^^^"+r.Authority)
		return []Doubt{d}, nil
	}
	now := row.Row{Sort: row.Sort(r.Sort), Version: r.Version, Updated: r.Updated, By: r.By, Count: r.Count, Cells: r.Content}
	name := fmt.Sprintf("%q %q %q", r.System, r.Table, r.Key)
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
	d := rowDoubt(h, ev, at, wrong, r.System, r.Table, r.Patient, r.Authority)
	d.Author = r.By
	for _, c := range changes {
		d.Changes = append(d.Changes, route.Change{Field: c.Column, Before: c.Before, After: c.After, Clinical: true})
	}
	if place, _, ok := placeOf(before.First); ok {
		d.Before = &place
	}
	weigh(h, e.cfg.Zone, &d, r.Patient+"^^^"+r.Authority)
	return []Doubt{d}, nil
}

func rowDoubt(h *hospital.House, ev *event.Event, at hospital.Place, kind row.Kind, system, table, patient, authority string) Doubt {
	d := Doubt{Kind: string(kind), At: ev.Observed, System: system, About: table, Count: 1, Places: []finding.Place{{Entry: at.Entry, Line: int(at.Line)}}}
	if patient != "" {
		d.Patient = token(h, patient+"^^^"+authority)
	}
	d.ID = event.NewID(watcher, d.Kind, ev.ID.String()).String()
	return d
}

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

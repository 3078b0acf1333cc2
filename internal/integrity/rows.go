package integrity

import (
	"encoding/json"
	"fmt"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/row"
)

// isRow tells the events that are rows which another system keeps.
func isRow(c *event.Class) bool { return c.Product == "records" && c.Service == "row" }

// row compares a row with what it was when it was read before.
func (e *Engine) row(h *hospital.House, ev *event.Event, at hospital.Place) ([]Doubt, error) {
	var said struct {
		Row struct {
			System, Table, Sort, Key, Version, Updated, By, Patient, Authority, Count string
			Content                                                                   map[string]string
		}
	}
	if err := json.Unmarshal(ev.Fields, &said); err != nil || said.Row.Key == "" {
		return nil, nil // the collector says what cannot be read
	}
	r := &said.Row
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
	d := Doubt{Kind: string(wrong), At: ev.Observed, About: r.Table, Author: r.By, Count: 1}
	if r.Patient != "" {
		d.Patient = token(h, r.Patient+"^^^"+r.Authority)
	}
	for _, c := range changes {
		d.Changes = append(d.Changes, route.Change{Field: c.Column, Before: c.Before, After: c.After, Clinical: true})
	}
	if place, _, ok := placeOf(before.First); ok {
		d.Before = &place
	}
	d.Places = []finding.Place{{Entry: at.Entry, Line: int(at.Line)}}
	d.ID = event.NewID(watcher, d.Kind, name, ev.ID.String()).String()
	return []Doubt{d}, nil
}

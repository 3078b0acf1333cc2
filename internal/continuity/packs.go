package continuity

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
	"github.com/wardline/wardline/internal/hospital"
)

// ByUnit sorts a census by units, as messages write them.
func ByUnit(h *hospital.House, census []bedside.Inpatient) map[string][]bedside.Inpatient {
	by := map[string][]bedside.Inpatient{}
	for i := range census {
		unit := h.Text(census[i].Unit)
		by[unit] = append(by[unit], census[i])
	}
	return by
}

// Fill puts those who lie on a unit into its pack, in the order in which they come, with what is due for as long as packs are good from now on: a census may look further.
func Fill(p *downtime.Pack, ward []bedside.Inpatient) {
	until := p.Printed.Add(p.Until.Sub(p.Data))
	p.Patients = make([]downtime.Patient, len(ward))
	for i := range ward {
		p.Patients[i] = patient(&ward[i], until)
	}
}

func patient(in *bedside.Inpatient, until time.Time) downtime.Patient {
	t := downtime.Patient{
		Bed: in.Bed, Family: in.Person.Family, Given: in.Person.Given, Sex: in.Person.Sex, Born: in.Person.Born, MRN: in.MRN.Value,
		AllergySaid: in.AllergySay, Heard: in.Heard, Left: in.Left,
	}
	switch in.Known {
	case bedside.None:
		t.Known = downtime.None
	case bedside.Some:
		t.Known = downtime.Some
	}
	for _, a := range in.Allergies {
		t.Allergies = append(t.Allergies, allergy(a))
	}
	for i := range in.Drugs {
		t.Drugs = append(t.Drugs, drug(&in.Drugs[i], until))
	}
	for _, v := range in.Results {
		t.Results = append(t.Results, downtime.Result{Name: string(v.Kind), Value: v.Value, Unit: v.Unit, Flag: v.Flag, Waiting: v.Waiting, At: v.At})
	}
	for _, q := range in.Requests {
		t.Requests = append(t.Requests, downtime.Request{Number: q.Number, Title: q.Title, Said: q.Said})
	}
	for _, n := range in.Wishes {
		t.Notes = append(t.Notes, downtime.Note{Text: n.Text, Said: n.Said})
	}
	for _, n := range in.Diet {
		t.Notes = append(t.Notes, downtime.Note{Text: "Diet: " + n.Text, Said: n.Said})
	}
	return t
}

// allergy writes how bad one is in words (HL7 table 0128).
func allergy(a bedside.Allergy) downtime.Allergy {
	name := a.Name
	if name == "" {
		name = a.Code
	}
	var notes []string
	if word := map[string]string{"SV": "severe", "MO": "moderate", "MI": "mild"}[a.Severity]; word != "" {
		notes = append(notes, word)
	}
	if a.Reaction != "" {
		notes = append(notes, a.Reaction)
	}
	return downtime.Allergy{Name: name, Note: strings.Join(notes, ": "), Severe: a.Severity == "SV"}
}

func drug(in *bedside.Drug, until time.Time) downtime.Drug {
	due := slices.DeleteFunc(slices.Clone(in.Due), func(s bedside.Slot) bool { return s.At.After(until) })
	g := downtime.Drug{
		Number: in.Number, Name: in.Name, Dose: in.Dose, Route: in.Route, How: in.Timing.How, Clear: in.Clear, Said: in.Timing.Entered,
		Needed: in.Timing.Needed, Held: in.State == bedside.Held, Stopped: in.State == bedside.Stopped || in.Timing.Once && len(in.Missed)+len(due) == 0,
	}
	for _, s := range due {
		g.Due = append(g.Due, downtime.Slot{At: s.At, Usual: s.Usual, Given: s.Given})
	}
	for _, s := range in.Missed {
		g.Missed = append(g.Missed, downtime.Slot{At: s.At, Usual: s.Usual, Given: s.Given})
	}
	for _, d := range in.Last {
		g.Last = append(g.Last, downtime.Dose{At: d.At, Amount: d.Amount, Refused: d.Refused})
	}
	return g
}

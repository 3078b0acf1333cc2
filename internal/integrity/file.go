package integrity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

const watcher = "integrity"

// Doubt is something that systems said and that may not be true. It holds patient data.
type Doubt struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"` // route.Kind or chart.Kind
	At      time.Time       `json:"at"`
	Way     string          `json:"way,omitempty"`     // name of the route
	System  string          `json:"system,omitempty"`  // that keeps it, of what was read back
	About   string          `json:"about,omitempty"`   // table of a row; segment and code of the statement; modality of an image
	Study   string          `json:"study,omitempty"`   // Study Instance UID of an image
	Thing   []string        `json:"thing,omitempty"`   // key of a row, or id of a resource, by which its system is asked for it
	Part    string          `json:"part,omitempty"`    // of that system, where About says something else
	Life    string          `json:"life,omitempty"`    // name of the object under which its life is kept
	Patient string          `json:"patient,omitempty"` // token
	Author  string          `json:"author,omitempty"`  // who wrote it, as the sender calls the person
	Before  *finding.Place  `json:"before,omitempty"`  // in the journal, of what was said in front of an engine
	Absent  *finding.Place  `json:"absent,omitempty"`  // in the journal, of the last that the same sender had said before: by then it had not said this
	Places  []finding.Place `json:"places"`            // of what is doubted, oldest first
	Count   int             `json:"count"`             // of messages that it rests on, also of those that have no place here
	Changes []route.Change  `json:"changes,omitempty"`
	Signs   []chart.Sign    `json:"signs,omitempty"`
}

// idOf names a message: where it stands in the journal, and the id of its event.
func idOf(at hospital.Place, id event.ID) string {
	return fmt.Sprintf("%d:%d:%s", at.Entry, at.Line, id)
}

// placeOf reads where idOf said that a message stands, and the id of its event.
func placeOf(id string) (place finding.Place, ev string, ok bool) {
	p := strings.SplitN(id, ":", 3)
	if len(p) != 3 {
		return finding.Place{}, "", false
	}
	entry, err1 := strconv.ParseUint(p[0], 10, 64)
	line, err2 := strconv.Atoi(p[1])
	return finding.Place{Entry: entry, Line: line}, p[2], err1 == nil && err2 == nil
}

// doubts are the outcomes of a route that are worth telling: see allowance.
func (p *passage) doubts(h *hospital.House, zone *time.Location, outcomes []route.Outcome) []Doubt {
	var out []Doubt
	for i := range outcomes {
		o := &outcomes[i]
		if !p.told.take(o.Kind, o.At) {
			continue // the route counts it
		}
		d := Doubt{Way: p.cfg.Name, Kind: string(o.Kind), At: o.At, About: o.Statement, Patient: token(h, o.Patient), Count: 1, Changes: o.Changes}
		before, one, sent := placeOf(o.Before)
		if sent {
			d.Before = &before
		}
		after, two, arrived := placeOf(o.After)
		if arrived {
			d.Places = append(d.Places, after)
		}
		d.ID = event.NewID(watcher, p.cfg.Name, d.Kind, one, two, o.Statement).String()
		if o.Kind != route.Lost && o.Kind != route.Rewritten {
			weigh(h, zone, &d, o.Patient)
		}
		out = append(out, d)
	}
	return out
}

// token stands for the patient with an identifier as PID-3 writes it.
func token(h *hospital.House, identifier string) string {
	id := patientOf(h, identifier)
	if id == 0 {
		return ""
	}
	return h.Token(id)
}

// patientOf is the patient with an identifier as PID-3 writes it; 0 for nobody.
func patientOf(h *hospital.House, identifier string) hospital.PatientID {
	if identifier == "" {
		return 0
	}
	parts := append(strings.Split(identifier, "^"), "", "", "", "")
	authority, _, _ := strings.Cut(parts[3], "&")
	id, _ := h.Find([]hospital.Identifier{{Value: parts[0], Authority: authority, Type: parts[4]}})
	return id
}

// doubtsOf are what was found in charts.
func doubtsOf(h *hospital.House, found []chart.Finding) []Doubt {
	var out []Doubt
	for i := range found {
		f := &found[i]
		d := Doubt{Kind: string(f.Kind), At: f.At, Author: f.Author, Patient: tokenOf(h, f.Patient), Count: f.Count, Signs: f.Signs}
		native := []string{d.Kind}
		for _, thing := range f.Things {
			if place, ev, ok := placeOf(thing); ok {
				d.Places = append(d.Places, place)
				native = append(native, ev)
			}
		}
		d.ID = event.NewID(watcher, native...).String()
		if place, _, ok := placeOf(f.Absent); ok {
			d.Absent, d.Signs = &place, provable(f.Signs, place.Entry)
		}
		out = append(out, d)
	}
	return out
}

// provable adds to the sign of a gap where the journal proves it.
func provable(signs []chart.Sign, entry uint64) []chart.Sign {
	signs = slices.Clone(signs)
	for i := range signs {
		if signs[i].ID == "gap" {
			signs[i].Text += fmt.Sprintf(" That is so as of entry %d of the journal.", entry)
		}
	}
	return signs
}

// file has doubts stand in the journal as findings, and keeps them to be looked at.
func (r *Room) file(ctx context.Context, doubts []Doubt) error {
	for i := range doubts {
		r.filings++
		f := doubts[i].finding()
		line, err := triage.LineOf(&triage.Filed{Finding: f, Watcher: watcher, From: journal.Place{Entry: r.at.Entry, Line: r.filings}})
		if err != nil {
			return err
		}
		receipt, err := r.cfg.Journal.Add(ctx, line)
		if err != nil {
			return fmt.Errorf("file a doubt: %w", err)
		}
		r.receipts = append(r.receipts, receipt)
		r.found = append(r.found, doubts[i])
	}
	return nil
}

// Rule is what is thought of doubts of this kind: how much they matter, what they do to care, and when they are none.
func (d *Doubt) Rule() finding.Rule { return d.rule().Rule }

// rule is that of its kind, with the level that its weight gives it.
func (d *Doubt) rule() rule {
	r := ruleOf(d.Kind)
	r.Level = d.raise(r.Level)
	return r
}

// finding is a doubt as all watchers tell theirs: which fields differ or which signs were seen, and nothing that was said.
func (d *Doubt) finding() finding.Finding {
	rule := d.rule()
	var fields, signs []string
	for _, c := range d.Changes {
		fields = append(fields, c.Field)
	}
	for _, s := range d.Signs {
		signs = append(signs, s.Text)
	}
	said, err := json.Marshal(map[string]any{"doubt": d.ID, "kind": d.Kind, "route": d.Way, "statement": d.About, "fields": fields, "signs": signs, "messages": d.Count})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts and numbers can always be written
	}
	evidence := finding.Evidence{Source: watcher, Time: d.At, Fields: said, Entities: map[string]string{}}
	for kind, value := range map[string]string{"flow": d.Way, "patient": d.Patient, "user": d.Author, "doubt": d.ID} {
		if value != "" {
			evidence.Entities[kind] = value
		}
	}
	places := d.Places
	if d.Before != nil {
		places = append([]finding.Place{*d.Before}, places...)
	}
	if len(places) > 0 {
		evidence.Place = &places[len(places)-1]
	}
	entity := d.Way
	switch {
	case d.Study != "":
		entity = "study " + event.NewID(watcher, "study", d.Study).String() // its images are one finding
	case entity == "":
		entity = d.Author + " " + d.Patient
	}
	book := finding.NewBook(5)
	book.AddJoined(rule.kind, &rule.Rule, entity, []finding.Evidence{evidence})
	f := book.Findings()[0]
	f.Places = places
	return f
}

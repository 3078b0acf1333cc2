package integrity

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

const watcher = "integrity"

// Difference is something that was said in two ways. It holds patient data.
type Difference struct {
	ID        string         `json:"id"`
	Way       string         `json:"way"` // name of the route
	Kind      route.Kind     `json:"kind"`
	At        time.Time      `json:"at"`
	Statement string         `json:"statement"`        // what it is about: segment and code
	Before    *finding.Place `json:"before,omitempty"` // in the journal, of what was said in front
	After     *finding.Place `json:"after,omitempty"`
	Changes   []route.Change `json:"changes"`
}

// idOf names a message: where it stands in the journal, and the id of its event.
func idOf(at hospital.Place, id event.ID) string {
	return fmt.Sprintf("%d:%d:%s", at.Entry, at.Line, id)
}

// placeOf reads where idOf said that a message stands.
func placeOf(id string) (place *finding.Place, ev string) {
	p := strings.SplitN(id, ":", 3)
	if len(p) != 3 {
		return nil, ""
	}
	entry, err1 := strconv.ParseUint(p[0], 10, 64)
	line, err2 := strconv.Atoi(p[1])
	if err1 != nil || err2 != nil {
		return nil, ""
	}
	return &finding.Place{Entry: entry, Line: line}, p[2]
}

// tell files outcomes of a route as findings, and keeps them to be looked at.
func (r *Room) tell(ctx context.Context, p *passage, outcomes []route.Outcome) error {
	for i := range outcomes {
		o := &outcomes[i]
		if !p.told.take(o.Kind, o.At) {
			continue // the route counts it
		}
		d := Difference{Way: p.cfg.Name, Kind: o.Kind, At: o.At, Statement: o.Statement, Changes: o.Changes}
		var before, after string
		d.Before, before = placeOf(o.Before)
		d.After, after = placeOf(o.After)
		d.ID = event.NewID(watcher, p.cfg.Name, string(o.Kind), before, after, o.Statement).String()
		if err := r.file(ctx, &d); err != nil {
			return err
		}
		r.found = append(r.found, d)
	}
	return nil
}

func (r *Room) file(ctx context.Context, d *Difference) error {
	r.filings++
	line, err := triage.LineOf(&triage.Filed{Finding: d.finding(), Watcher: watcher, From: journal.Place{Entry: r.at.Entry, Line: r.filings}})
	if err != nil {
		return err
	}
	receipt, err := r.cfg.Journal.Add(ctx, line)
	if err != nil {
		return fmt.Errorf("file a difference: %w", err)
	}
	r.receipts = append(r.receipts, receipt)
	return nil
}

// finding is a difference as all watchers tell theirs: which fields differ, and nothing that they say.
func (d *Difference) finding() finding.Finding {
	rule := ruleOf(d.Kind)
	var fields []string
	for _, c := range d.Changes {
		fields = append(fields, c.Field)
	}
	said, err := json.Marshal(map[string]any{"route": d.Way, "difference": d.ID, "kind": d.Kind, "statement": d.Statement, "fields": fields})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts can always be written
	}
	evidence := finding.Evidence{Source: watcher, Time: d.At, Fields: said, Entities: map[string]string{"flow": d.Way}}
	if evidence.Place = d.After; d.After == nil {
		evidence.Place = d.Before
	}
	book := finding.NewBook(5)
	book.AddJoined(rule.kind, &rule.Rule, d.Way, []finding.Evidence{evidence})
	f := book.Findings()[0]
	for _, p := range []*finding.Place{d.Before, d.After} {
		if p != nil && p != evidence.Place {
			f.Places = append(f.Places, *p)
		}
	}
	return f
}

// rule is what is thought of a kind of difference.
type rule struct {
	finding.Rule
	kind finding.Kind
}

func ruleOf(k route.Kind) rule {
	out := rule{kind: finding.Falsification, Rule: finding.Rule{
		ID: "integrity-" + string(k), Author: "Wardline", Source: "internal/integrity", Type: "integrity", Level: "high",
		FalsePositives: []string{"An interface engine that was configured anew: a translation of a clinical field has to be typed in under integrity.routes, maps."},
	}}
	switch k {
	case route.Altered:
		out.Title, out.Level = "A value was changed on its way", "critical"
		out.Summary = "What arrived says something else than what was sent: a value, a unit, a code, a dose or the patient. Both messages are sealed, and the records page shows them side by side. " +
			"Call the sender and ask what it measured, before anybody acts on the value."
		out.CareImpact = "A clinician may treat by a value that nobody measured."
	case route.Inserted:
		out.Title = "A message says more behind the engine than in front of it"
		out.Summary = "A result, an order or an allergy was added to a message on its way. Nothing in front of the engine said it."
		out.CareImpact = "A clinician may act on something that no source said."
	case route.Removed:
		out.Title = "A message says less behind the engine than in front of it"
		out.Summary = "A message came through without one of its results, orders or allergies."
		out.CareImpact = "A result or an allergy may be missing where it is needed."
	case route.Unheard:
		out.Title = "A message came out that never went in"
		out.Summary = "Messages of this kind come from the point in front, and this one did not: somebody may have sent it to the record directly."
		out.CareImpact = "A record may hold what no system of the house said."
	case route.Lost:
		out.Title, out.Level, out.kind = "A message went in and never came out", "medium", finding.Disruption
		out.Summary = "Later messages came out long since. Look into the queue of errors of the interface engine."
		out.CareImpact = "A result may never reach those who wait for it."
	case route.Rewritten:
		out.Title, out.Level = "An interface rewrites a field in a way that it did not before", "low"
		out.Summary = "The field decides nothing about care, but the ways of the engine were another when they were learned."
		out.FalsePositives = []string{"A change of the engine's configuration: compare its date with that of the change ticket."}
	}
	return out
}

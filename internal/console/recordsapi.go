package console

import (
	"time"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/integrity"
)

// doubtsJSON is what may not be true, as programs read it. Nobody is named, and no value is told.
type doubtsJSON struct {
	Doubts []doubtJSON `json:"doubts"`
	Routes []wayJSON   `json:"routes"`
}

type doubtJSON struct {
	ID      string      `json:"id"`
	Kind    string      `json:"kind"`
	Level   string      `json:"level"`
	Title   string      `json:"title"`
	At      time.Time   `json:"at"`
	Route   string      `json:"route,omitempty"`
	Patient string      `json:"patient,omitempty"` // token
	Count   int         `json:"count"`
	Fields  []string    `json:"fields"`
	Signs   []signJSON  `json:"signs"`
	Before  *placeJSON  `json:"before,omitempty"`
	Places  []placeJSON `json:"places"`
}

type signJSON struct {
	ID       string `json:"id"`
	Text     string `json:"text"`
	Decibans int    `json:"decibans"`
}

type wayJSON struct {
	Name      string    `json:"name"`
	From      []string  `json:"from"`
	To        []string  `json:"to"`
	Learning  bool      `json:"learning"`
	Until     time.Time `json:"until,omitzero"`
	Before    int64     `json:"before"` // messages heard in front
	After     int64     `json:"after"`
	Compared  int64     `json:"compared"`
	Unpaired  int64     `json:"unpaired"`
	Alike     int64     `json:"alike"` // statements
	Differing int64     `json:"differing"`
}

// oneDoubtJSON is one doubt with what was said at both points, as the page says it.
type oneDoubtJSON struct {
	doubtJSON
	Headline string       `json:"headline"`
	Points   []pointJSON  `json:"points"`
	Limit    string       `json:"limit,omitempty"`
	Looked   []lookedJSON `json:"looked_back"` // what systems said that were asked anew because somebody opened it
}

type lookedJSON struct {
	System   string    `json:"system"`
	Part     string    `json:"part"`
	Asked    time.Time `json:"asked"`
	Answered time.Time `json:"answered,omitzero"`
	Outcome  string    `json:"outcome,omitempty"` // match, changed, explained, pending, mismatch, absent, unanswered
}

type pointJSON struct {
	Field   string `json:"field"`
	Before  string `json:"before"`
	After   string `json:"after"`
	Changed bool   `json:"changed"`
}

func doubtList(all []integrity.Doubt, routes []integrity.RouteState) doubtsJSON {
	out := doubtsJSON{Doubts: []doubtJSON{}, Routes: []wayJSON{}}
	for i := range all {
		out.Doubts = append(out.Doubts, doubtData(&all[i]))
	}
	for i := range routes {
		s := &routes[i]
		n := &s.Counts
		out.Routes = append(out.Routes, wayJSON{s.Name, s.From, s.To, s.Learning, s.Until, n.Before, n.After, n.Paired, n.Unpaired, n.Alike, n.Differing})
	}
	return out
}

func doubtData(d *integrity.Doubt) doubtJSON {
	rule := d.Rule()
	out := doubtJSON{ID: d.ID, Kind: d.Kind, Level: rule.Level, Title: doubtTitle(d), At: d.At, Route: page.Clean(d.Way, 60), Patient: d.Patient, Count: d.Count, Fields: []string{}, Signs: []signJSON{}, Places: []placeJSON{}}
	for _, c := range d.Changes {
		out.Fields = append(out.Fields, page.Clean(c.Field, 20))
	}
	for _, s := range d.Signs {
		out.Signs = append(out.Signs, signJSON{s.ID, page.Clean(s.Text, 200), s.Weight})
	}
	if d.Before != nil {
		out.Before = &placeJSON{d.Before.Entry, d.Before.Line}
	}
	for _, p := range d.Places {
		out.Places = append(out.Places, placeJSON{p.Entry, p.Line})
	}
	return out
}

// data is the doubt for a program, masked as on its page.
func (d *doubtful) data() oneDoubtJSON {
	out := oneDoubtJSON{doubtJSON: doubtData(&d.Doubt), Headline: d.headline(), Points: []pointJSON{}, Limit: d.limit, Looked: []lookedJSON{}}
	for _, a := range d.answers {
		out.Looked = append(out.Looked, lookedJSON{page.Clean(a.System, 60), page.Clean(a.Part, 60), a.Asked, a.Answered, a.Outcome})
	}
	for _, row := range d.rows {
		out.Points = append(out.Points, pointJSON{row.Name, row.Before, row.After, row.Changed})
	}
	return out
}

func docRecords() doc {
	return doc{id: "listDoubts", summary: "What may not be true of records, and how the ways between systems do. Nobody is named and no value told. The token's scope must name it.", answer: doubtsJSON{}}
}

func docRecord() doc {
	return doc{id: "getDoubt", summary: "One doubt with what was said at both points, masked. That it was read is written to the journal.", answer: oneDoubtJSON{}}
}

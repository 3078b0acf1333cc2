package console

import (
	"time"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/privacy"
)

// casesJSON is the queue as programs read it. Nobody is named.
type casesJSON struct {
	Cases []caseJSON `json:"cases"`
}

// caseJSON is one case. It holds no score, and no words that a person typed.
type caseJSON struct {
	ID         string      `json:"id"`
	Number     int64       `json:"number"`
	Kind       string      `json:"kind"`
	Lane       string      `json:"lane"`
	State      string      `json:"state"`
	Outcome    string      `json:"outcome,omitempty"`
	Opened     time.Time   `json:"opened"`
	Changed    time.Time   `json:"changed,omitzero"`
	Headline   string      `json:"headline"`
	Paragraphs []string    `json:"paragraphs"`
	Users      []partyJSON `json:"users"`
	Patients   []partyJSON `json:"patients"`
	Tried      []triedJSON `json:"tried"`
	Places     []placeJSON `json:"places"`
	Clocks     []clockJSON `json:"clocks,omitempty"`
}

type partyJSON struct {
	Token string `json:"token"`
	Last  string `json:"last"` // masked: the last digits
	Role  string `json:"role,omitempty"`
	Unit  string `json:"unit,omitempty"`
}

type triedJSON struct {
	Kind   string `json:"kind"`
	Count  int    `json:"count"`
	Result string `json:"result"`
	Found  string `json:"found"`
}

type clockJSON struct {
	Rule string    `json:"rule"`
	From time.Time `json:"from"`
	Due  time.Time `json:"due"`
	Day  bool      `json:"day"` // due is a day, not a moment
}

func caseList(all []privacy.Case) casesJSON {
	out := casesJSON{Cases: []caseJSON{}}
	for i := range all {
		out.Cases = append(out.Cases, caseData(&all[i]))
	}
	return out
}

// caseData writes a case for a program, masked as on pages.
func caseData(k *privacy.Case) caseJSON {
	out := caseJSON{
		ID: k.ID, Number: k.Number, Kind: string(k.Kind), Lane: string(k.Lane), State: string(k.State), Opened: k.Opened, Changed: k.Changed, Headline: page.Clean(k.Text.Headline, 200),
		Paragraphs: []string{}, Users: parties(k.Users), Patients: parties(k.Patients), Tried: []triedJSON{}, Places: []placeJSON{},
	}
	if k.Decided != nil && k.Decided.Undone.IsZero() {
		out.Outcome = string(k.Decided.Outcome)
	}
	for _, p := range k.Text.Paragraphs {
		out.Paragraphs = append(out.Paragraphs, page.Clean(p, 1200))
	}
	for _, t := range k.Text.Tried {
		out.Tried = append(out.Tried, triedJSON{t.Kind, t.Count, t.Result, page.Clean(t.Found, 400)})
	}
	for i := range k.Touches {
		for _, a := range k.Touches[i].Touch.Evidence {
			if a.Place.Line >= 0 {
				out.Places = append(out.Places, placeJSON{a.Place.Entry, int(a.Place.Line)})
			}
		}
	}
	if k.Breach != nil {
		for _, c := range k.Breach.Clocks {
			out.Clocks = append(out.Clocks, clockJSON{c.Rule, c.From, c.Due, c.Whole})
		}
	}
	return out
}

func parties(all []privacy.Party) []partyJSON {
	out := []partyJSON{}
	for i := range all {
		p := &all[i]
		out = append(out, partyJSON{p.Token, masked(p), page.Clean(p.Role, 60), page.Clean(p.Unit, 60)})
	}
	return out
}

func docCases() doc {
	return doc{id: "listCases", summary: "Cases about accesses to patients' records, those to look at first before the others. Nobody is named. The token's scope must name it.", answer: casesJSON{}, query: []parameter{{"view", "waiting (when left out) or decided"}}}
}

func docCase() doc {
	return doc{id: "getCase", summary: "One case with the places of its accesses in the journal. That it was read is written to the journal.", answer: caseJSON{}}
}

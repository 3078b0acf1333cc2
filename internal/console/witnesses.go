package console

import (
	"context"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/integrity/witness"
)

const witnessesAsk = "Who outside of this house would see that the past was changed?"

func journalViews(here string) []page.Tab {
	return []page.Tab{{Text: "Journal", URL: "/journal", Here: here == "/journal"}, {Text: "Witnesses", URL: "/journal/witnesses", Here: here == "/journal/witnesses"}}
}

// witnesses says how the hospitals do that sign each other's journals with this one.
func (c *Console) witnesses(r *request) (answer, error) {
	var all []witness.Standing
	if c.Neighbours != nil {
		var err error
		if all, err = c.Neighbours(r.Context()); err != nil {
			return answer{}, err
		}
	}
	return answer{data: witnessesData(all), show: func() (string, any, error) { return "witnesses", c.witnessesPage(r, all), nil }}, nil
}

func (c *Console) witnessesPage(r *request, all []witness.Standing) page.Witnesses {
	v := page.Witnesses{Views: journalViews("/journal/witnesses"), Commands: []page.Pair{
		{Name: "Print the introduction of this hospital, and give it to the other one.", Value: "wardline witness show > our-hospital.txt"},
		{Name: "Take in the one that you were given.", Value: "wardline witness add their-hospital.txt"},
		{Name: "Read the fingerprint of the key to each other on the telephone: who believes a wrong key believes a wrong journal.", Value: "wardline witness status"},
	}}
	v.Frame = c.frame(r, "journal", "Witnesses", witnessesAsk)
	v.Meaning = "Every five minutes each hospital shows the others the size and the root of its journal, and nothing else, and they sign that it continues what they signed before. Whoever rewrites a past that others have signed is refused by them, and both houses are told. What a hospital has not signed yet, it cannot vouch for."
	if len(all) == 0 {
		v.Answer = "Nobody: no other hospital vouches for this journal yet."
		v.EmptyTitle, v.EmptyText = "No neighbour yet", "Whoever rules this machine could rewrite the whole journal and sign it anew. Two hospitals that sign each other’s journals make that impossible to hide."
		return v
	}
	var lines []page.VouchLine
	vouching := 0
	var silent *witness.Standing
	for i := range all {
		s := &all[i]
		state := vouchState(s)
		if state.Class == "ok" {
			vouching++
		}
		if s.Silent && silent == nil {
			silent = s
		}
		v.Rows = append(v.Rows, c.witnessRow(r, s, state))
		lines = append(lines, page.VouchLine{Site: page.Clean(s.Site, 60), Says: lineSays(s, state, r.clock), Signs: s.Size > 0, Silent: s.Silent, Signed: s.Their > 0})
	}
	need := len(all)/2 + 1
	v.Answer = page.Count(vouching, "hospital") + " of " + strings.ToLower(page.Word(len(all))) + either(vouching == 1, " vouches for it.", " vouch for it.")
	if vouching == 0 {
		v.Answer = "Nobody at present: " + either(len(all) == 1, "the one hospital that could is not heard.", "none of "+strings.ToLower(page.Word(len(all)))+" hospitals is heard.")
	}
	v.Context = "A proof needs the signatures of " + page.Number(need) + " of " + page.Number(len(all)) + either(vouching >= need, "; there are enough.", "; there are not enough.")
	v.Map = page.Vouch(c.Site, v.Answer+" "+v.Context, lines)
	if silent != nil {
		v.Now = &page.Now{State: page.Look("Silent"), Label: "One thing to do", Title: "Call " + page.Clean(silent.Site, 60) + ": its witness does not answer", Text: "While it is silent it signs nothing of ours. A changed past would be seen later, and not at once.",
			Facts: []page.Pair{{Name: "Heard last", Value: heardAt(r.clock, silent.Heard)}}}
	}
	return v
}

// vouched is how many witnesses sign the journal, for the foot of the rail; empty without any.
func (c *Console) vouched(ctx context.Context) string {
	if c.Neighbours == nil {
		return ""
	}
	all, err := c.Neighbours(ctx)
	switch {
	case err != nil:
		return "Witnesses: not known"
	case len(all) == 0:
		return ""
	}
	n := 0
	for i := range all {
		if vouchState(&all[i]).Class == "ok" {
			n++
		}
	}
	return page.Number(n) + " of " + page.Number(len(all)) + either(n == 1, " witnesses agrees", " witnesses agree")
}

// vouchState is the shape and the word of a neighbour.
func vouchState(s *witness.Standing) page.State {
	switch {
	case s.Silent:
		return page.Look("Silent")
	case s.Size == 0:
		return page.Dim("Not heard yet")
	}
	return page.OK("Vouches")
}

func lineSays(s *witness.Standing, state page.State, clock page.Clock) string {
	if state.Class == "ok" {
		return "Signed " + heardAt(clock, s.Heard)
	}
	return state.Word
}

func heardAt(clock page.Clock, unix int64) string {
	if unix == 0 {
		return "Never"
	}
	return clock.At(time.Unix(unix, 0))
}

func (c *Console) witnessRow(r *request, s *witness.Standing, state page.State) page.WitnessRow {
	row := page.WitnessRow{State: state, Site: page.Clean(s.Site, 60), Ours: "Nothing yet", Heard: heardAt(r.clock, s.Heard), Their: "Nothing yet", Signed: heardAt(r.clock, s.Signed)}
	if s.Size > 0 {
		row.Ours = "the first " + entries(s.Size)
		if size := c.Journal.Size(); size <= s.Size {
			row.Ours = "all " + entries(s.Size)
		}
	}
	if s.Their > 0 {
		row.Their = "the first " + entries(s.Their)
	}
	return row
}

// witnessesJSON is who vouches for the journal, as programs read it.
type witnessesJSON struct {
	Witnesses []witnessJSON `json:"witnesses"`
}

type witnessJSON struct {
	Site   string    `json:"site"`
	State  string    `json:"state"`
	Signed uint64    `json:"signed_ours"` // entries of this journal
	Heard  time.Time `json:"heard,omitzero"`
	Theirs uint64    `json:"signed_theirs"`
	At     time.Time `json:"signed_at,omitzero"`
}

func witnessesData(all []witness.Standing) witnessesJSON {
	out := witnessesJSON{Witnesses: []witnessJSON{}}
	at := func(unix int64) time.Time {
		if unix == 0 {
			return time.Time{}
		}
		return time.Unix(unix, 0).UTC()
	}
	for i := range all {
		s := &all[i]
		out.Witnesses = append(out.Witnesses, witnessJSON{page.Clean(s.Site, 60), vouchState(s).Word, s.Size, at(s.Heard), s.Their, at(s.Signed)})
	}
	return out
}

func docWitnesses() doc {
	return doc{id: "listWitnesses", summary: "Which hospitals sign this journal, up to where, and when they were heard last.", answer: witnessesJSON{}}
}

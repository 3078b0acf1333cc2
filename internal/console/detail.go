package console

import (
	"cmp"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/triage"
)

const (
	evidenceShown = 10
	placesShown   = 24
)

// findingView is one finding in full: cause, care, next step, evidence, rule, places.
func (c *Console) findingView(r *request, item *triage.Item, next string) (*page.Finding, error) {
	f := &item.Finding
	precision, err := c.Desk.Precision(r.Context())
	if err != nil {
		return nil, err
	}
	v := &page.Finding{
		URL: "/findings/" + item.ID, Short: item.ID[:min(8, len(item.ID))], Title: page.Clean(f.Rule.Title, 200), When: r.clock.Span(f.First, f.Last),
		State: page.Level(f.Rule.Level), Say: seen(f, r.clock), About: page.Clean(f.Rule.Summary, 1200), Care: page.Clean(f.Rule.CareImpact, 600),
		Owner: c.owner(r, item.Owner), NextURL: next, Verdict: verdict(item, r.clock), Why: why(f, precision[triage.RuleID(&f.Rule)]),
		CanJudge: access.Check(r.actor, access.FindingJudge, object(item)) == nil && item.Verdict == "",
		CanUndo:  access.Check(r.actor, access.FindingJudge, object(item)) == nil && item.Verdict != "",
	}
	if v.Care == "" {
		v.Care = "The rule says nothing of it. Ask what work depends on the place above before anything is switched off."
	}
	v.Step = c.nextStep(r, f)
	for i := range f.Events { // the newest of those that are kept
		if link := furtherLink(r, &f.Events[i]); link != nil {
			v.Step.Link = link
		}
	}
	for _, n := range f.Rule.FalsePositives[:min(6, len(f.Rule.FalsePositives))] {
		v.Expect = append(v.Expect, page.Clean(n, 300))
	}
	if access.Check(r.actor, access.FindingSuppress, object(item)) == nil {
		v.HideURL = v.URL + "/hide"
	}
	v.Rule = ruleFacts(&f.Rule)
	for _, kind := range []string{"host", "user", "device", "ip", "domain", "process", "file", "decoy", "patient"} {
		if n := names(f, kind); len(n) > 0 {
			v.Things = append(v.Things, page.Pair{Name: kind, Value: list(n, 6), Masked: kind == "patient"})
		}
	}
	if err := c.evidence(r, f, v); err != nil {
		return nil, err
	}
	v.History, err = c.history(r, item)
	return v, err
}

const historyShown = 12

// history says what was done with a finding, the latest first.
func (c *Console) history(r *request, item *triage.Item) ([]page.Done, error) {
	acts, err := c.Desk.History(r.Context(), item.ID)
	if err != nil {
		return nil, err
	}
	said := map[string]string{"judged": "judged it", "unjudged": "took the verdict back", "assigned": "said who looks into it", "later": "put it off", "seen": "looked at it", "reopened": "opened it again", "closed": "closed it"}
	verdicts := map[triage.Verdict]string{triage.True: "real", triage.False: "a false alarm", triage.Expected: "expected"}
	var all []page.Done
	for _, a := range acts[:min(historyShown, len(acts))] {
		who := "Wardline"
		if a.Who != "" {
			who = c.called(r.Context(), a.Who)
		}
		d := page.Done{Time: r.clock.Second(a.At), State: page.Dim(""), Text: who + " " + cmp.Or(said[a.Act], page.Clean(a.Act, 40))}
		if v := verdicts[a.Verdict]; v != "" {
			d.Text += ": " + v
			d.State = page.OK("")
		}
		if a.Undone {
			d.Text, d.State = d.Text+" (taken back)", page.Dim("")
		}
		if a.Act == "judged" || a.Act == "closed" {
			d.Text += ". " + page.Clean(a.Detail, 300)
		}
		all = append(all, d)
	}
	return all, nil
}

func (c *Console) evidence(r *request, f *finding.Finding, v *page.Finding) error {
	lost, err := c.recall(r.Context(), f, evidenceShown)
	if err != nil {
		return err
	}
	for i := range f.Events[:min(evidenceShown, len(f.Events))] {
		e := &f.Events[i]
		row := page.Event{Time: r.clock.Second(e.Time), Source: page.Clean(e.Source, 120)}
		var masked bool
		row.Chosen, row.All, masked = c.describe(e.Fields, f.Rule.Asks, nil)
		v.Masked = v.Masked || masked
		if why := lost[i]; why != "" {
			row.Chosen = []page.Pair{{Name: "gone", Value: why}}
		}
		if e.Place != nil {
			row.Seal = seal(e.Place.Entry, e.Place.Line)
		}
		row.More = furtherLink(r, e)
		v.Evidence = append(v.Evidence, row)
	}
	v.Shown = page.Plural(f.Count, "event")
	if len(v.Evidence) < f.Count {
		v.Shown = fmt.Sprintf("%d of %s", len(v.Evidence), v.Shown)
	}
	for _, p := range f.Places[:min(placesShown, len(f.Places))] {
		v.Places = append(v.Places, *seal(p.Entry, p.Line))
	}
	v.PlacesSay = page.Plural(len(f.Places), "place")
	if len(f.Places) > placesShown {
		v.PlacesSay = fmt.Sprintf("%d of %s", placesShown, v.PlacesSay)
	}
	return nil
}

// furtherLink leads from a finding about records to what was said at both points, and from one about disruption to its incident; nil for all others.
func furtherLink(r *request, e *finding.Evidence) *page.Link {
	if id := e.Entities["doubt"]; id != "" && allowed(r.actor, access.RecordRead) == nil {
		return &page.Link{Text: "Open the doubt", URL: "/records/" + id}
	}
	if id := e.Entities["incident"]; id != "" && allowed(r.actor, access.SourceRead) == nil {
		return &page.Link{Text: "Open the incident", URL: incidentURL(id)}
	}
	return nil
}

// seal leads to the proof of a line of the journal.
func seal(entry uint64, line int) *page.Seal {
	return &page.Seal{URL: fmt.Sprintf("/journal/%d/%d", entry, line), Entry: page.Number(entry)}
}

// owner says who looks into a finding.
func (c *Console) owner(r *request, id string) string {
	switch id {
	case "":
		return "Nobody has it"
	case r.actor.ID:
		return "You have it"
	}
	return c.called(r.Context(), id) + " has it"
}

func verdict(item *triage.Item, clock page.Clock) *page.Verdict {
	said := map[triage.Verdict]page.State{triage.True: page.Look("Real"), triage.False: page.Dim("False alarm"), triage.Expected: page.OK("Expected")}
	switch {
	case item.Verdict != "":
		text := "Judged " + clock.At(item.ClosedAt) + "."
		if item.Why != "" {
			text += " " + page.Clean(item.Why, 400)
		}
		return &page.Verdict{State: said[item.Verdict], Text: text}
	case item.State == triage.Closed:
		return &page.Verdict{State: page.Dim("Closed"), Text: sentence(item.Why)}
	case item.Suppressed != "":
		return &page.Verdict{State: page.Dim("Hidden"), Text: "Somebody decided not to show such findings for a time."}
	case item.Later.After(clock.Now):
		return &page.Verdict{State: page.Watch("Later"), Text: "Put off until " + clock.At(item.Later) + "."}
	}
	return nil
}

// why says how this finding came here and how far its rule is to be trusted.
func why(f *finding.Finding, p triage.Precision) string {
	what := map[string]string{"correlation": "Several events together met a rule", "indicator": "An event names something on a list of known harm"}[f.Rule.Type]
	if what == "" {
		what = "An event met a rule"
	}
	return what + " of level " + page.Clean(f.Rule.Level, 20) + ". " + judged(p)
}

// judged says in words how often a rule was right.
func judged(p triage.Precision) string {
	n := p.True + p.False + p.Expected
	if n == 0 {
		return "Nobody has judged its findings yet, so we do not know how often it is right."
	}
	s := fmt.Sprintf("Its findings were judged %s: %d real, %d false, %d expected.", times(n), p.True, p.False, p.Expected)
	if p.True+p.False > 0 {
		s += fmt.Sprintf(" Of 100 that are not expected, between %.0f and %.0f may be real.", 100*p.Low, 100*p.High)
	}
	return s
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return page.Number(n) + " times"
}

func ruleFacts(r *finding.Rule) []page.Pair {
	var facts []page.Pair
	add := func(name, value string, mono bool) {
		if value != "" {
			facts = append(facts, page.Pair{Name: name, Value: page.Clean(value, 300), Mono: mono})
		}
	}
	add("Rule", r.Title, false)
	author := r.Author
	if author == "" {
		author = "not stated"
	}
	add("Author", author, false)
	add("Licence", r.License, false)
	add("File", r.Source, true)
	add("State", r.Status, false)
	return facts
}

// nextStep proposes what to do. It never proposes to switch anything off.
func (c *Console) nextStep(r *request, f *finding.Finding) page.Step {
	at, whom, who := "there", "who works with it", ""
	if w := where(f); len(w) > 0 {
		at = "at " + w[0]
	}
	if u := names(f, "user"); len(u) > 0 {
		who, whom = " by "+u[0], "who uses "+u[0]
	}
	text := map[finding.Kind]string{
		finding.Theft:         "Ask whether this person had a reason to open these records. Look at what else was opened" + who + " that day.",
		finding.Disruption:    "Ask the unit whether work is held up, and start its downtime card if so. Then look at what happened " + at + " before.",
		finding.Falsification: "Tell the unit which values may be wrong before anyone acts on them. Then look at who wrote to the record.",
		finding.Exposure:      "Find out who looks after this system and whether it can be updated this week. Until then, limit who reaches it.",
		finding.Policy:        "Ask whether this was agreed. If so, judge it as expected and say by whom.",
	}[f.Kind]
	if text == "" {
		text = "See what else happened " + at + " in the hour before and after. Then ask " + whom + ". Leave machines running: switching one off loses traces and may stop care."
	}
	s := page.Step{State: page.Watch(""), Label: "Proposed next step", Text: text, Action: "See what else happened there"}
	if allowed(r.actor, access.SearchRun) == nil {
		s.Search = question(f)
	}
	return s
}

// question is the search for what else happened at the place of a finding, an hour before and after.
func question(f *finding.Finding) []page.Pair {
	word := ""
	for _, kind := range []string{"host", "device", "user", "ip"} {
		if values := f.Entities[kind]; len(values) > 0 {
			word = values[0]
			break
		}
	}
	if word == "" || f.First.IsZero() {
		return nil
	}
	return []page.Pair{
		{Name: "text", Value: `"` + page.Clean(word, 200) + `"`},
		{Name: "from", Value: f.First.Add(-time.Hour).UTC().Format(time.RFC3339)},
		{Name: "to", Value: f.Last.Add(time.Hour).UTC().Format(time.RFC3339)},
	}
}

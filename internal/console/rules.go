package console

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/watch"
)

const rulesShown = 200

// liveRules is what is known of the rules at work. Indicators, which count together, are among them once one spoke.
func (c *Console) liveRules() []watch.RuleState {
	return slices.DeleteFunc(c.Live.Rules(), func(s watch.RuleState) bool { return s.Type == "indicator" && s.Hits == 0 })
}

// ruleStates lists the rules, those with most hits first.
func (c *Console) ruleStates() []watch.RuleState {
	all := c.liveRules()
	slices.SortStableFunc(all, func(a, b watch.RuleState) int {
		return cmp.Or(cmp.Compare(b.Hits, a.Hits), strings.Compare(a.Title, b.Title))
	})
	return all
}

func (c *Console) rules(r *request) (answer, error) {
	all := c.ruleStates()
	precision, err := c.Desk.Precision(r.Context())
	if err != nil {
		return answer{}, err
	}
	return answer{data: ruleList(all, precision, c.Rulebook.Refused()), show: func() (string, any, error) {
		return "rules", c.rulesPage(r, all, precision), nil
	}}, nil
}

func (c *Console) rulesPage(r *request, all []watch.RuleState, precision map[string]triage.Precision) page.Rules {
	which := r.URL.Query().Get("view")
	refused := c.Rulebook.Refused()
	spoke := slices.DeleteFunc(slices.Clone(all), func(s watch.RuleState) bool { return s.Hits == 0 })
	v := page.Rules{Order: "Most hits first"}
	v.Frame = c.frame(r, "rules", "Rules", "What are we looking for, and how often is it right?", key("next, previous", "J", "K"))
	v.Views = []page.Tab{
		{Text: "Spoke " + page.Number(len(spoke)), URL: "/rules", Here: which == ""},
		{Text: "All " + page.Number(len(all)), URL: "/rules?view=all", Here: which == "all"},
		{Text: "Not loaded " + page.Number(len(refused)), URL: "/rules?view=refused", Here: which == "refused"},
	}
	v.Answer = page.Plural(len(all), "rule") + either(len(all) == 1, " is loaded.", " are loaded.")
	if len(refused) > 0 {
		v.Answer = strings.TrimSuffix(v.Answer, ".") + "; " + page.Number(len(refused)) + " could not be."
	}
	v.Context, v.Trouble, v.Running = "Hits are counted since the node started.", page.Clean(c.Rulebook.Trouble(), 600), c.rulesRunning(r)
	v.MayLook = allowed(r.actor, access.RuleWrite) == nil
	if p, differs := c.Rulebook.Proposal(); differs {
		v.Changes = changeText(&p.Change)
	}
	switch which {
	case "refused":
		for _, f := range refused[:min(rulesShown, len(refused))] {
			v.Refused = append(v.Refused, page.Pair{Name: page.Clean(f.File, 200), Value: page.Clean(f.Reason, 300)})
		}
		v.EmptyTitle, v.EmptyText = "Every rule was loaded", "Nothing was left out."
		return v
	case "all":
		v.Heading = "All rules"
	default:
		v.Heading, all = "Rules that spoke", spoke
		v.EmptyTitle, v.EmptyText = "No rule has spoken since the node started", "That is not the same as nothing happening: "+page.Plural(c.Live.State().Events, "event")+" were asked about."
	}
	for i := range all[:min(rulesShown, len(all))] {
		v.Rows = append(v.Rows, ruleRow(&all[i], precision[triage.RuleID(&all[i].Rule)], r.clock))
	}
	if len(all) > rulesShown {
		v.Order = fmt.Sprintf("The first %d of %s, most hits first", rulesShown, page.Number(len(all)))
	}
	return v
}

func ruleRow(s *watch.RuleState, p triage.Precision, clock page.Clock) page.RuleRow {
	row := page.RuleRow{
		URL: "/rules/" + url.PathEscape(triage.RuleID(&s.Rule)), Title: page.Clean(s.Title, 160), State: page.Level(s.Level), Hits: page.Number(s.Hits),
		Last: clock.Since(s.Last), Precision: short(p), Author: page.Clean(cmp.Or(s.Author, "not stated"), 60),
	}
	switch {
	case s.Suspended:
		row.State, row.Precision = page.Look("Suspended"), "It took too much time and is not asked any more. Make it cheaper, or have it tried again."
	case s.Flooding:
		row.Precision = "Floods: its findings are gathered in one. " + row.Precision
	}
	return row
}

// short says in a few words how often a rule was right.
func short(p triage.Precision) string {
	n := p.True + p.False
	switch {
	case n == 0 && p.Expected == 0:
		return "Not judged yet"
	case n == 0:
		return page.Number(p.Expected) + " expected, none judged real or false"
	}
	s := fmt.Sprintf("%d of %d real; between %.0f and %.0f of 100", p.True, n, 100*p.Low, 100*p.High)
	if p.Review {
		s += ". Look at this rule"
	}
	return s
}

func (c *Console) rule(r *request) (answer, error) {
	id := r.PathValue("id")
	all := c.Live.Rules()
	i := slices.IndexFunc(all, func(s watch.RuleState) bool { return triage.RuleID(&s.Rule) == id })
	if i < 0 {
		return answer{}, errAbsent
	}
	s := &all[i]
	precision, err := c.Desk.Precision(r.Context())
	if err != nil {
		return answer{}, err
	}
	p := precision[id]
	v := page.Rule{State: page.Level(s.Level), Summary: page.Clean(s.Summary, 2000), Care: page.Clean(s.CareImpact, 600), Facts: ruleFacts(&s.Rule), Precision: short(p) + "."}
	v.Frame = c.frame(r, "rules", "Rule", "What does this rule look for?", key("go on", "Enter"))
	v.Crumbs = []page.Link{{Text: "Rules", URL: "/rules"}, {Text: "Rule"}}
	v.Answer = page.Clean(s.Title, 200)
	if v.Summary == "" {
		v.Summary = "The rule does not say it in words."
	}
	for _, n := range s.FalsePositives {
		v.Expect = append(v.Expect, page.Clean(n, 300))
	}
	for _, n := range s.References[:min(8, len(s.References))] {
		v.Links = append(v.Links, page.Clean(n, 300)) // as text: nothing that a rule calls an address becomes a link
	}
	v.Facts = append(v.Facts, page.Pair{Name: "Id", Value: page.Clean(id, 120), Mono: true}, page.Pair{Name: "Tags", Value: page.Clean(strings.Join(s.Tags, ", "), 300), Mono: true},
		page.Pair{Name: "Hits", Value: page.Number(s.Hits) + ", last " + r.clock.Since(s.Last)}, page.Pair{Name: "Time spent", Value: s.CPU.String()})
	if s.Suspended {
		v.State, v.Suspended = page.Look("Suspended"), true
		if allowed(r.actor, access.RuleWrite) == nil {
			v.Resume = "/rules/" + url.PathEscape(id) + "/resume"
		}
	}
	v.Judged = []page.Pair{{Name: "Real", Value: page.Number(p.True)}, {Name: "False", Value: page.Number(p.False)}, {Name: "Expected", Value: page.Number(p.Expected)}}
	v.Sample = judged(p)
	v.Findings = "/findings?rule=" + url.QueryEscape(id)
	items, err := c.Desk.List(r.Context(), triage.Filter{Rule: id, Limit: 1, Postponed: true})
	if err != nil {
		return answer{}, err
	}
	if len(items) > 0 && access.Check(r.actor, access.FindingSuppress, object(&items[0])) == nil {
		v.Hide = "/findings/" + items[0].ID + "/hide"
	}
	return view("rule", v), nil
}

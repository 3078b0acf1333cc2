package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// group is what one rule found, at one level: a row of the table, a card of the page.
type group struct {
	rule     *finding.Rule
	findings []*finding.Finding
	count    int
	first    time.Time
	last     time.Time
}

// levels sorts the findings into groups by level, worst first; inside a level in
// the order in which they began, so that the list reads as the story did. Findings
// without a time come last.
func levels(fs []finding.Finding) [5][]*group {
	var out [5][]*group
	at := map[string]*group{}
	for i := range fs {
		f := &fs[i]
		key := f.Rule.Level + "\x00" + f.Rule.Type + "\x00" + f.Rule.ID + "\x00" + f.Rule.Title
		g := at[key]
		if g == nil {
			g = &group{rule: &f.Rule}
			at[key] = g
			n := rank(f.Rule.Level)
			out[n] = append(out[n], g)
		}
		g.add(f)
	}
	for _, gs := range out {
		for _, g := range gs {
			slices.SortStableFunc(g.findings, func(a, b *finding.Finding) int {
				return cmp.Or(byTime(a.First, b.First), cmp.Compare(a.ID, b.ID))
			})
			g.rule = &g.findings[0].Rule
		}
		slices.SortStableFunc(gs, func(a, b *group) int {
			return cmp.Or(byTime(a.first, b.first), cmp.Compare(a.rule.Title, b.rule.Title), cmp.Compare(a.rule.ID, b.rule.ID))
		})
	}
	return out
}

func (g *group) add(f *finding.Finding) {
	g.findings = append(g.findings, f)
	g.count += f.Count
	if g.first.IsZero() || !f.First.IsZero() && f.First.Before(g.first) {
		g.first = f.First
	}
	if f.Last.After(g.last) {
		g.last = f.Last
	}
}

func byTime(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// names lists the distinct entities of one kind over the whole group, cleaned.
func (g *group) names(kind string) []string {
	var all []string
	seen := map[string]bool{}
	for _, f := range g.findings {
		for _, v := range f.Entities[kind] {
			if v != "" && !seen[v] {
				seen[v] = true
				all = append(all, clean(v, 120))
			}
		}
	}
	return all
}

// list writes names as "PACS-1, PACS-2 and 9 more". show is how many are named.
func list(names []string, show int) string {
	s := strings.Join(names[:min(show, len(names))], ", ")
	if more := len(names) - show; more > 0 {
		s += " and " + number(int64(more)) + " more"
	}
	return s
}

// where names the places of a group in the most telling way it can.
func (g *group) where() []string {
	for _, kind := range places() {
		if names := g.names(kind); len(names) > 0 {
			return names
		}
	}
	return nil
}

// places are the kinds of entity that say where something happened, best first.
func places() []string { return []string{"host", "device", "ip", "domain"} }

// author names who wrote the rule, as rule licences ask.
func author(r *finding.Rule) string {
	s := clean(r.Author, 160)
	if s == "" {
		s = "author not named"
	}
	if r.License != "" {
		s += ", " + clean(r.License, 60)
	}
	return s
}

func title(r *finding.Rule) string {
	return cmp.Or(clean(r.Title, 200), clean(r.ID, 200), "Rule without a title")
}

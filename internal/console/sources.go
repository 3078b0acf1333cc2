package console

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console/page"
)

// standings lists the senders, those that are missed first.
func (c *Console) standings() []collect.Standing {
	all := slices.Clone(c.Senders())
	rank := func(s collect.State) int {
		switch s {
		case collect.Silent:
			return 0
		case collect.Never:
			return 1
		}
		return 2
	}
	slices.SortFunc(all, func(a, b collect.Standing) int {
		return cmp.Or(cmp.Compare(rank(a.State), rank(b.State)), strings.Compare(a.Sender, b.Sender))
	})
	return all
}

func standingState(s *collect.Standing) page.State {
	switch s.State {
	case collect.Silent:
		return page.Look("Silent")
	case collect.Never:
		return page.Dim("Not heard yet")
	}
	return page.OK("Speaks")
}

func booksState(c collect.Counts) page.State {
	if c.Difference() != 0 {
		return page.Act(page.Number(c.Difference()) + " not explained")
	}
	return page.OK("Balance")
}

func (c *Console) sources(r *request) (answer, error) {
	all := c.standings()
	return answer{data: sourceList(all), show: func() (string, any, error) { return "sources", c.sourcesPage(r, all), nil }}, nil
}

const sourcesShown = 500

func (c *Console) sourcesPage(r *request, all []collect.Standing) page.Sources {
	v := page.Sources{}
	v.Frame = c.frame(r, "sources", "Sources", "Does everything that should speak, speak?", key("next, previous", "J", "K"), key("connect a source", "C"))
	var total collect.Counts
	silent := 0
	for i := range all {
		s := &all[i]
		total = sum(total, s.Counts)
		if s.State != collect.Live {
			silent++
		}
		if i >= sourcesShown {
			continue
		}
		row := sourceRow(s, r.clock)
		row.Spark = page.Spark(c.pulse.of(s.Sender), row.State.Class, "Events of "+row.Name+" each half hour")
		v.Rows = append(v.Rows, row)
	}
	v.Total = countsRow(total)
	v.Answer = "Nothing sends yet."
	if len(all) > 0 {
		v.Answer = allSpeak(len(all))
		if silent > 0 {
			first := &all[0]
			v.Answer = page.Count(silent, "source") + " of " + page.Number(len(all)) + " " + either(silent == 1, "is", "are") + " silent, first " + page.Clean(first.Sender, 60) + "."
			v.Now = silentCard(first, r.clock)
		}
		v.Context = "All books balance: nothing that was received is unexplained."
		if total.Difference() != 0 {
			v.Context = "The books do not balance. That is a mistake of ours: tell whoever looks after Wardline."
		}
	}
	return v
}

// allSpeak is the headline when nobody is missed.
func allSpeak(n int) string {
	switch n {
	case 1:
		return "The one source speaks."
	case 2:
		return "Both sources speak."
	}
	return "All " + page.Plural(n, "source") + " speak."
}

// silentCard says who is missed, since when, and what to do.
func silentCard(s *collect.Standing, clock page.Clock) *page.Now {
	name := page.Clean(s.Sender, 80)
	n := &page.Now{State: page.Look("Silent"), Title: name + " has stopped sending", Label: "since " + clock.At(s.Last)}
	n.Text = "It usually sends every " + page.Length(max(s.UsualGap, time.Second)) + "; nothing came for " + page.Length(clock.Now.Sub(s.Last)) + ". Ask whoever looks after it whether it is switched off, moved, or cannot reach us."
	if s.State == collect.Never {
		n.State, n.Title, n.Label = page.Dim("Not heard yet"), name+" was never heard", "expected"
		n.Text = "It is on the list of systems that must send. Nothing has come since this node started."
		n.Action = page.Link{Text: "Show how to connect it", URL: "/sources/add"}
		return n
	}
	n.Facts = []page.Pair{{Name: "Last event", Value: clock.Second(s.Last)}, {Name: "Received so far", Value: page.Plural(s.Received, "record")}}
	n.Action = page.Link{Text: "Show how it is connected", URL: "/sources/add"}
	return n
}

func sourceRow(s *collect.Standing, clock page.Clock) page.SourceRow {
	row := countsRow(s.Counts)
	row.Name, row.State, row.Last = page.Clean(s.Sender, 80), standingState(s), clock.Since(s.Last)
	if s.Unauthenticated {
		row.Note = "only its address vouches for it"
	}
	if s.Waiting > 0 {
		row.Note = strings.TrimPrefix(row.Note+"; "+page.Number(s.Waiting)+either(s.Waiting == 1, " on its way", " on their way"), "; ")
	}
	if len(s.Reasons) > 0 {
		row.Note = strings.TrimPrefix(row.Note+"; "+reasons(s.Reasons), "; ")
	}
	return row
}

func reasons(all map[string]int64) string {
	type reason struct {
		text string
		n    int64
	}
	var list []reason
	for text, n := range all {
		list = append(list, reason{text, n})
	}
	slices.SortFunc(list, func(a, b reason) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.text, b.text)) })
	var out []string
	for _, r := range list[:min(2, len(list))] {
		out = append(out, page.Number(r.n)+" "+page.Clean(r.text, 80))
	}
	return strings.Join(out, "; ")
}

func countsRow(n collect.Counts) page.SourceRow {
	return page.SourceRow{
		Received: page.Number(n.Received), Stored: page.Number(n.Stored), Aside: page.Number(n.Quarantined),
		Refused: page.Number(n.Refused), Lost: page.Number(n.Dropped), Books: booksState(n),
	}
}

func sum(a, b collect.Counts) collect.Counts {
	return collect.Counts{
		Received: a.Received + b.Received, Stored: a.Stored + b.Stored, Quarantined: a.Quarantined + b.Quarantined, Refused: a.Refused + b.Refused,
		Dropped: a.Dropped + b.Dropped, Waiting: a.Waiting + b.Waiting, Bytes: a.Bytes + b.Bytes,
	}
}

func (c *Console) addSource(r *request) (answer, error) {
	return view("addsource", c.addPage(r, "", "", "")), nil
}

func (c *Console) addPage(r *request, kind, name, cidr string) page.AddSource {
	v := page.AddSource{Name: page.Clean(name, 64), CIDR: page.Clean(cidr, 64)}
	v.Frame = c.frame(r, "sources", "Connect a source", "How does a system send to us?", key("go on", "Ctrl", "Enter"))
	v.Crumbs = []page.Link{{Text: "Sources", URL: "/sources"}, {Text: "Connect a source"}}
	v.Answer, v.Context = "Choose what shall send.", "You get a token for it and the lines to paste into it."
	for _, g := range guides() {
		if g.open(c.Doors) {
			v.Kinds = append(v.Kinds, page.Choice{Value: g.kind, Text: g.name, Hint: g.hint, Chosen: g.kind == kind})
		}
	}
	return v
}

var senderName = regexp.MustCompile(`^[a-z0-9][a-z0-9.\-]{1,62}$`)

// issueSource makes a token for a sender and shows how it is used.
func (c *Console) issueSource(r *request) (answer, error) {
	kind, name, cidr := r.PostForm.Get("kind"), strings.TrimSpace(r.PostForm.Get("name")), strings.TrimSpace(r.PostForm.Get("cidr"))
	i := slices.IndexFunc(guides(), func(g guide) bool { return g.kind == kind && g.open(c.Doors) })
	wrong := ""
	switch {
	case i < 0:
		wrong = "Choose what shall send."
	case !networks(cidr):
		wrong = "Write addresses as 10.20.0.0/16 or 10.20.3.7, with spaces between several."
	case !senderName.MatchString(name):
		wrong = "Give the sender a name of 2 to 63 small letters, digits, dots or hyphens."
	}
	v := c.addPage(r, kind, name, cidr)
	if wrong != "" {
		v.Wrong = wrong
		return answer{show: view("addsource", v).show, status: 400}, nil
	}
	g := guides()[i]
	token := ""
	if g.token {
		var err error
		if token, err = c.House.Issue(r.Context(), access.TokenSpec{Name: name, Role: access.Sender, Source: name, CIDR: cidr, TTL: tokenLife}); err != nil {
			return answer{}, err
		}
	}
	v.Chosen, v.Token, v.Until = true, token, r.clock.Now.Add(tokenLife).In(c.Zone).Format("2 January 2006")
	v.Answer, v.Context = "Paste this into "+g.name+".", ""
	v.Sender, v.File, v.Steps, v.Check = g.name, g.file, g.steps, "Within a minute the sender stands in the list of sources with the word Speaks. If it does not, its own log says why it was refused."
	v.Snippet = g.fill(c.Doors, name, token)
	return view("addsource", v), nil
}

const tokenLife = 90 * 24 * time.Hour

// networks tells whether a text is a list of networks or addresses. None is fine.
func networks(text string) bool {
	for _, word := range strings.Fields(text) {
		if _, err := netip.ParsePrefix(word); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(word); err != nil {
			return false
		}
	}
	return true
}

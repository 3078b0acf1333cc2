package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/probe"
	"github.com/wardline/wardline/internal/event"
)

const (
	flowsAsk   = "Is any feed silent that care needs?"
	flowsShown = 120 // cards of feeds
	signsRead  = 200
	signsShown = 12
)

// flowID names a feed in URLs: what systems call themselves stays out of them.
func flowID(id string) string { return event.NewID("feed", id).String() }

func flowURL(f *continuity.FeedView) string { return "/flows/" + flowID(f.ID) }

// signs are the latest of all feeds, and by what they are about those that go on.
func (c *Console) signs(ctx context.Context) (all []continuity.Sign, open map[string]continuity.Sign, err error) {
	if all, err = c.Continuity.Signs(ctx, signsRead); err != nil {
		return nil, nil, err
	}
	open = map[string]continuity.Sign{}
	ended := map[string]bool{}
	for _, s := range all { // newest first
		key := string(s.Kind) + " " + s.About
		if s.Ended {
			ended[key] = true
		} else if !ended[key] {
			ended[key] = true // an older one of it is over
			open[key] = s
		}
	}
	return all, open, nil
}

// flowState is the shape and the word of a feed.
func flowState(f *continuity.FeedView) page.State {
	part := slices.ContainsFunc(f.Parts, func(p continuity.PartView) bool { return !p.Silent.IsZero() })
	switch {
	case !f.Silent.IsZero() && f.Class == continuity.Hour:
		return page.Act("Silent")
	case !f.Silent.IsZero():
		return page.Look("Silent")
	case part:
		return page.Watch("Part silent")
	case f.Learning > 0:
		return page.Dim("Learning")
	}
	return page.OK("Speaks")
}

// flows says which feeds speak.
func (c *Console) flows(r *request) (answer, error) {
	if c.Continuity == nil {
		return answer{data: flowsJSON{Feeds: []flowJSON{}}, show: func() (string, any, error) {
			v := page.Flows{Views: flowViews(r, "/flows"), EmptyTitle: "Feeds are not watched", EmptyText: "An administrator has them watched by taking continuity.off out of the configuration, and starts the node again."}
			v.Frame = c.frame(r, "flows", "Flows", flowsAsk)
			v.Answer = "We cannot tell: nobody listens for it."
			return "flows", v, nil
		}}, nil
	}
	feeds := c.Continuity.Feeds()
	all, open, err := c.signs(r.Context())
	if err != nil {
		return answer{}, err
	}
	return answer{data: flowsData(feeds), show: func() (string, any, error) {
		v, err := c.flowsPage(r, feeds, all, open)
		return "flows", v, err
	}}, nil
}

func (c *Console) flowsPage(r *request, feeds []continuity.FeedView, all []continuity.Sign, open map[string]continuity.Sign) (v page.Flows, err error) {
	v.Views = flowViews(r, "/flows")
	v.Frame = c.frame(r, "flows", "Flows", flowsAsk, key("open the first", "Enter"), key("next, previous", "J", "K"))
	var silent []continuity.FeedView
	learning := 0
	for i := range feeds {
		f := &feeds[i]
		if !f.Silent.IsZero() {
			silent = append(silent, *f)
		} else if f.Learning > 0 {
			learning++
		}
		if len(v.Feeds) < flowsShown {
			v.Feeds = append(v.Feeds, flowCard(r, f))
		}
	}
	v.Answer, v.Context = flowsHeadline(feeds, silent, learning)
	if v.Now, v.Steps, v.StepsFor, err = c.gravest(r); err != nil {
		return v, err
	}
	for i := range all[:min(signsShown, len(all))] {
		v.Signs = append(v.Signs, signRow(r, &all[i], open))
	}
	if c.Servers != nil {
		down := 0
		for _, s := range c.Servers() {
			v.Servers = append(v.Servers, serverRow(r, &s))
			if s.State == probe.Down {
				down++
			}
		}
		if down > 0 {
			v.Context = strings.TrimSpace(page.Count(down, "server") + either(down == 1, " does", " do") + " not answer. " + v.Context)
		}
	}
	if len(feeds) == 0 {
		v.EmptyTitle = "No feed was heard that care needs"
		v.EmptyText = "Wardline finds feeds by itself, in copies of HL7 messages and in what a sensor sees of the network. Connect the interface engine first: it knows most of them."
	}
	return v, nil
}

// flowsHeadline answers the question.
func flowsHeadline(feeds, silent []continuity.FeedView, learning int) (answer, context string) {
	switch {
	case len(feeds) == 0:
		return "We cannot tell: no feed was heard yet.", ""
	case len(silent) == 1:
		answer = capital(page.Clean(silent[0].Name, 60)) + " " + "fell silent."
	case len(silent) > 1:
		answer = page.Number(len(silent)) + " of " + page.Plural(len(feeds), "feed") + " are silent, first " + page.Clean(silent[0].Name, 60) + "."
	case learning == len(feeds):
		return "We cannot tell yet.", "The week of " + either(len(feeds) == 1, "the one feed", "all "+page.Plural(len(feeds), "feed")) + " is still being learned. That takes two weeks from the first message on."
	case len(feeds) == 1:
		answer = "No. The one feed speaks."
	default:
		answer = "No. All " + page.Plural(len(feeds)-learning, "feed") + " that we know speak."
	}
	if learning > 0 {
		context = "Of " + page.Plural(learning, "feed") + " the week is still being learned."
	}
	return answer, context
}

func harm(c continuity.Class) string {
	switch c {
	case continuity.Hour:
		return "within the hour"
	case continuity.Shift:
		return "within the shift"
	}
	return "within days"
}

func flowCard(r *request, f *continuity.FeedView) page.FeedCard {
	card := page.FeedCard{Name: capital(page.Clean(f.Name, 48)), URL: flowURL(f), State: flowState(f), Week: weekOf(r, page.SmallWeek(), f)}
	switch {
	case !f.Silent.IsZero():
		card.Says = "Last " + r.clock.At(f.Heard) + ". About " + page.Number(int(f.Expected+0.5)) + " should have come."
	case f.Learning > 0:
		card.Says = "Last " + r.clock.At(f.Heard) + ". Learning: " + page.Plural(f.Learning, "day") + " more."
	default:
		card.Says = "Last " + r.clock.At(f.Heard) + "."
	}
	return card
}

func weekOf(r *request, size page.WeekSize, f *continuity.FeedView) *page.Week {
	points := make([]page.WeekPoint, 0, len(f.Week))
	for _, h := range f.Week {
		points = append(points, page.WeekPoint(h))
	}
	title := page.Clean(f.Name, 60) + " in the last seven days: "
	if f.Silent.IsZero() {
		title += "it speaks."
	} else {
		title += "silent since " + r.clock.At(f.Silent) + "."
	}
	return page.DrawWeek(size, points, f.Silent, r.clock, title)
}

func signRow(r *request, s *continuity.Sign, open map[string]continuity.Sign) page.SignRow {
	row := page.SignRow{When: r.clock.At(s.At), Says: capital(page.Clean(s.Text(), 200)), State: page.OK("Over")}
	if o, is := open[string(s.Kind)+" "+s.About]; is && o.At.Equal(s.At) {
		switch s.Rule().Level {
		case "critical", "high":
			row.State = page.Look("Goes on")
		default:
			row.State = page.Watch("Goes on")
		}
	} else if !s.Ended {
		row.State = page.Dim("Was so")
	}
	return row
}

// serverRow is a server that is asked.
func serverRow(r *request, s *probe.Status) page.ServerRow {
	row := page.ServerRow{Name: page.Clean(s.Target.Name, 64), Kind: string(s.Target.Kind), Certificate: "none seen", Says: s.Last.Why}
	switch s.State {
	case probe.Up:
		row.State = page.OK("Answers")
		if row.Says == "" {
			row.Says = fmt.Sprintf("answered after %d ms", max(1, s.Last.Took.Milliseconds()))
		}
	case probe.Slow:
		row.State = page.Watch("Slow")
	case probe.Down:
		row.State = page.Act("Does not answer")
	case probe.Refused:
		row.State = page.Dim("Not asked")
	default:
		row.State = page.Dim("Not known yet")
	}
	if end := s.Expires; !end.IsZero() {
		row.Certificate = "until " + r.clock.At(end)
	}
	return row
}

// flow shows one feed.
func (c *Console) flow(r *request) (answer, error) {
	f, err := c.feedOf(r)
	if err != nil {
		return answer{}, err
	}
	all, open, err := c.signs(r.Context())
	if err != nil {
		return answer{}, err
	}
	return view("flow", c.flowPage(r, f, all, open)), nil
}

// feedOf is the feed that the path names.
func (c *Console) feedOf(r *request) (*continuity.FeedView, error) {
	if c.Continuity == nil {
		return nil, errAbsent
	}
	feeds := c.Continuity.Feeds()
	for i := range feeds {
		if flowID(feeds[i].ID) == r.PathValue("id") {
			return &feeds[i], nil
		}
	}
	return nil, errAbsent
}

func (c *Console) flowPage(r *request, f *continuity.FeedView, all []continuity.Sign, open map[string]continuity.Sign) page.Flow {
	name := page.Clean(f.Name, 60)
	v := page.Flow{Week: weekOf(r, page.LargeWeek(), f)}
	v.Frame = c.frame(r, "flows", capital(name), "Does this feed speak as it usually does?")
	v.Crumbs = []page.Link{{Text: "Flows", URL: "/flows"}, {Text: name}}
	v.Toast = flowToast(r)
	state := flowState(f)
	switch {
	case !f.Silent.IsZero():
		v.Answer = "No. Nothing came for " + page.Length(r.clock.Now.Sub(f.Silent)) + "."
		v.Context = "About " + page.Number(int(f.Expected+0.5)) + " messages should have come since " + r.clock.At(f.Silent) + "."
		if allowed(r.actor, access.SourceWrite) == nil {
			v.Ordinary = flowURL(f) + "/ordinary"
		}
	case state.Word == "Part silent":
		v.Answer = "As a whole it does, and a part of it is silent."
	case f.Learning > 0:
		v.Answer = "We do not know yet what is usual."
		v.Context = "Its week is being learned for " + page.Plural(f.Learning, "day") + " more. Until then its silence is told by nobody: ask whether it lives."
	default:
		v.Answer = "Yes."
		v.Sure = "If nothing came from now on, that would be told after " + page.Length(f.Patience) + ". A pause so long comes about once in four years of its ordinary life."
	}
	v.Facts = []page.Pair{
		{Name: "Last message", Value: r.clock.Second(f.Heard)}, {Name: "First heard", Value: r.clock.At(f.First)}, {Name: "Messages", Value: page.Number(f.Count)},
		{Name: "Harm may come", Value: harm(f.Class) + " when it is missing"},
	}
	for i := range f.Parts {
		p := &f.Parts[i]
		row := page.FlowRow{Name: capital(page.Clean(p.Name, 60)), Heard: r.clock.Since(p.Heard), Count: page.Number(p.Count), State: page.OK("Speaks")}
		switch {
		case !p.Silent.IsZero():
			row.State = page.Look("Silent")
		case p.Learning > 0:
			row.State = page.Dim("Learning")
		}
		v.Parts = append(v.Parts, row)
	}
	for i := range all {
		if strings.HasPrefix(all[i].About, f.ID) && len(v.Signs) < signsShown {
			v.Signs = append(v.Signs, signRow(r, &all[i], open))
		}
	}
	return v
}

func flowToast(r *request) *page.Toast {
	if r.URL.Query().Get("done") != "ordinary" {
		return nil
	}
	return &page.Toast{State: page.OK("Recorded"), Text: "A pause like this is usual for the feed, and is not told for a year."}
}

// ordinary records that a feed is silent because it is like that.
func (c *Console) ordinary(r *request) (answer, error) {
	f, err := c.feedOf(r)
	if err != nil {
		return answer{}, err
	}
	why := strings.TrimSpace(r.PostForm.Get("why"))
	if why == "" || len(why) > 500 {
		return answer{}, &mistake{"Say in a sentence why this pause is usual."}
	}
	detail := map[string]string{"act": "a pause is usual", "feed": page.Clean(f.Name, 80), "since": f.Silent.UTC().Format(time.RFC3339), "why": why}
	err = c.House.Do(r.Context(), access.SourceWrite, access.Object{Kind: "source", ID: flowID(f.ID)}, detail, func(ctx context.Context) error {
		was, err := c.Continuity.Ordinary(ctx, f.ID)
		if err == nil && !was {
			return &mistake{"It speaks again: there is nothing to record."}
		}
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{to: fmt.Sprintf("/flows/%s?done=ordinary", flowID(f.ID))}, nil
}

// flowsRoom is the row of the rail, with how many feeds are silent that care needs.
func (c *Console) flowsRoom(r *request) []page.Room {
	if allowed(r.actor, access.SourceRead) != nil {
		return nil
	}
	m := page.Room{Key: "flows", Name: "Flows", URL: "/flows", Go: "F"}
	if c.Continuity == nil {
		m.Class, m.Count = "dim", "Off"
		return []page.Room{m}
	}
	silent, worst := 0, page.State{}
	for _, f := range c.Continuity.Feeds() {
		if !f.Silent.IsZero() {
			if silent++; silent == 1 {
				worst = flowState(&f)
			}
		}
	}
	if silent > 0 {
		m.Class, m.Count, m.Says = worst.Class, page.Number(silent), "silent"
	}
	return []page.Room{m}
}

// flowsJSON is how feeds do, as programs read it.
type flowsJSON struct {
	Feeds []flowJSON `json:"feeds"`
}

type flowJSON struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Class    string    `json:"class"`
	Heard    time.Time `json:"heard,omitzero"`
	Messages uint64    `json:"messages"`
	Learning int       `json:"learning_days"`
	Silent   time.Time `json:"silent_since,omitzero"`
	Expected float64   `json:"expected,omitempty"`
}

func flowsData(feeds []continuity.FeedView) flowsJSON {
	out := flowsJSON{Feeds: []flowJSON{}}
	for i := range feeds {
		f := &feeds[i]
		out.Feeds = append(out.Feeds, flowJSON{flowID(f.ID), page.Clean(f.Name, 80), string(f.Class), f.Heard, f.Count, f.Learning, f.Silent, f.Expected})
	}
	return out
}

func docFlows() doc {
	return doc{id: "listFlows", summary: "Which feeds were heard, when they spoke last, and which of them are silent though they should speak.", answer: flowsJSON{}}
}

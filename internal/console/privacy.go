package console

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/privacy"
)

// errNoRoom says that nobody told this node to look at accesses.
var errNoRoom = errors.New("access review is not set up: an administrator switches it on in the configuration, under privacy")

// viewer is who reads, as the room knows people. A program sees no more than who made its token.
func (c *Console) viewer(r *request) (privacy.Viewer, error) {
	if !r.api {
		return c.Privacy.Viewer(r.Context(), r.actor.Name)
	}
	v, err := c.Privacy.Viewer(r.Context(), r.actor.Maker)
	v.Name = r.actor.ID
	return v, err
}

// How many cases a list has: of those that wait all, as far as anybody can tell.
const (
	casesShown   = 50
	casesWaiting = 500
)

// caseObject is what is asked of access about a case.
func caseObject(k *privacy.Case) access.Object {
	o := access.Object{Kind: "case", ID: k.ID}
	if k.State == privacy.Closed {
		o.State = "closed"
	}
	return o
}

// cases lists those of a view that the reader may see, and says which view it is.
func (c *Console) cases(r *request, view string) ([]privacy.Case, string, error) {
	by, err := c.viewer(r)
	if err != nil {
		return nil, view, err
	}
	if !slices.Contains(access.Reaches(r.actor, access.CaseRead), access.All) {
		view = "decided"
	}
	f := privacy.Filter{By: by, Limit: casesWaiting, States: []privacy.CaseState{privacy.Pending}}
	if view == "decided" {
		f.States, f.Limit = []privacy.CaseState{privacy.Closed, privacy.Withdrawn}, casesShown
		if r.Pattern == "GET /review" { // a number that is none asks for the newest
			f.Before, _ = strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
		}
	} else {
		view = "waiting"
	}
	all, err := c.Privacy.Cases(r.Context(), f)
	if err != nil {
		return nil, view, err
	}
	return slices.DeleteFunc(all, func(k privacy.Case) bool { return access.Check(r.actor, access.CaseRead, caseObject(&k)) != nil }), view, nil
}

func (c *Console) review(r *request) (answer, error) {
	if c.Privacy == nil {
		return c.noReview(r)
	}
	all, which, err := c.cases(r, r.URL.Query().Get("view"))
	if err != nil {
		return answer{}, err
	}
	return answer{data: caseList(all), show: func() (string, any, error) {
		v, err := c.reviewPage(r, all, which)
		return "review", v, err
	}}, nil
}

// noReview says what is missing, and what to do.
func (c *Console) noReview(r *request) (answer, error) {
	v := page.Review{EmptyTitle: "Access review is not set up"}
	v.Frame = c.frame(r, "access", "Access", "Who looked at a chart without a reason?")
	v.Answer = "We cannot tell yet."
	v.EmptyText = "It needs to hear who opened which record, and who works where. An administrator switches it on in the configuration, under privacy, and connects the access log of the record system."
	if allowed(r.actor, access.SourceRead) == nil {
		v.EmptyNext = &page.Link{Text: "See what sends", URL: "/sources"}
	}
	return answer{data: casesJSON{Cases: []caseJSON{}}, show: func() (string, any, error) { return "review", v, nil }}, nil
}

func (c *Console) reviewPage(r *request, all []privacy.Case, which string) (page.Review, error) {
	v := page.Review{Views: c.reviewViews(r, which), Order: "Those that may not wait first, then the newest"}
	v.Frame = c.frame(r, "access", "Access", "Who looked at a chart without a reason?", key("open the first", "Enter"), key("next, previous", "J", "K"))
	v.Answer, v.Live = caseHeadline(all, which), "/review/news"
	for i := range all {
		v.Rows = append(v.Rows, c.caseRow(r, &all[i]))
	}
	if which == "decided" {
		v.Order = "The newest first"
		if len(all) == casesShown {
			v.Older = "/review?view=decided&before=" + strconv.FormatInt(all[len(all)-1].Number, 10)
		}
		v.EmptyTitle, v.EmptyText = "No case was decided yet", "What somebody concludes is listed here, and stays."
	} else if len(all) > 0 {
		v.Now = c.firstCase(r, all)
	}
	if err := c.aside(r, &v); err != nil {
		return v, err
	}
	var err error
	for _, verb := range []access.Verb{access.CaseDecide, access.CaseReveal} {
		var some []page.Proposal
		if allowed(r.actor, verb) == nil {
			if some, err = c.proposals(r, verb, "/review/proposals/"); err != nil {
				return v, err
			}
		}
		v.Proposals = append(v.Proposals, some...)
	}
	return v, nil
}

// reviewNews tells a page how many cases wait that were not there when it was made.
func (c *Console) reviewNews(r *request) (answer, error) {
	if c.Privacy == nil {
		return answer{}, errNoRoom
	}
	waits := func() (int, error) {
		all, _, err := c.cases(r, "waiting")
		return len(all), err
	}
	before, err := waits()
	if err != nil {
		return answer{}, err
	}
	changes, stop := c.Privacy.Changes()
	defer stop()
	return c.tell(r, changes, func() (int, error) {
		now, err := waits()
		before = min(before, now) // somebody decided one: that does not hide a new one
		return now - before, err
	})
}

// reviewViews are the pages of the room that the reader may open.
func (c *Console) reviewViews(r *request, here string) []page.Tab {
	var tabs []page.Tab
	if slices.Contains(access.Reaches(r.actor, access.CaseRead), access.All) {
		tabs = append(tabs, page.Tab{Text: "Waiting", URL: "/review", Here: here == "waiting"})
	}
	if allowed(r.actor, access.CaseRead) == nil {
		tabs = append(tabs, page.Tab{Text: "Decided", URL: "/review?view=decided", Here: here == "decided"})
	}
	if allowed(r.actor, access.RecordTrace) == nil {
		tabs = append(tabs, page.Tab{Text: "Who saw a chart", URL: "/patients/who-saw", Here: here == "who-saw"})
	}
	if allowed(r.actor, access.StaffDay) == nil {
		tabs = append(tabs, page.Tab{Text: "A person’s day", URL: "/people-at-work", Here: here == "day"})
	}
	if allowed(r.actor, access.ExplainedRead) == nil {
		tabs = append(tabs, page.Tab{Text: "Explained", URL: "/review/explained", Here: here == "explained"}, page.Tab{Text: "What we miss", URL: "/review/missed", Here: here == "missed"})
	}
	return tabs
}

func caseHeadline(all []privacy.Case, which string) string {
	if which == "decided" {
		if len(all) == casesShown {
			return "The last " + page.Plural(casesShown, "case") + " that were decided."
		}
		return page.Count(len(all), "case") + either(len(all) == 1, " is decided.", " are decided.")
	}
	if len(all) == 0 {
		return "Nobody that we know of."
	}
	urgent := 0
	for i := range all {
		if all[i].Lane == privacy.Urgent {
			urgent++
		}
	}
	says := page.Count(len(all), "case") + either(len(all) == 1, " waits.", " wait.")
	if urgent > 0 {
		says += " " + page.Word(urgent) + " may not wait until tomorrow."
	}
	return says
}

// caseState is the shape and the word of a case in the queue.
func caseState(k *privacy.Case) page.State {
	switch {
	case k.State == privacy.Withdrawn:
		return page.OK("A reason came")
	case k.State == privacy.Closed && k.Decided != nil:
		return caseOutcome(k)
	case k.Lane == privacy.Urgent:
		return page.Act("Look now")
	case k.Lane == privacy.Drugs:
		return page.Look("Drug cabinet")
	case k.Lane == privacy.Explore:
		return page.Watch("New kind")
	case k.Lane == privacy.Audit:
		return page.Watch("Drawn at random")
	}
	return page.Look("Look today")
}

func caseOutcome(k *privacy.Case) page.State {
	if k.Kind == privacy.DrugCase && k.Decided.Outcome == privacy.Violation {
		return page.Look("Drugs taken")
	}
	return outcomeState(k.Decided.Outcome)
}

func outcomeState(o privacy.Outcome) page.State {
	switch o {
	case privacy.Violation:
		return page.Look("Breach case")
	case privacy.Policy:
		return page.Watch("Policy only")
	case privacy.Explained:
		return page.OK("There was a reason")
	case privacy.Duplicate:
		return page.Dim("Known already")
	}
	return page.Dim("Not enough to tell")
}

// number is by which people call a case.
func number(k *privacy.Case) string { return fmt.Sprintf("%04d", k.Number) }

func (c *Console) caseRow(r *request, k *privacy.Case) page.CaseRow {
	return page.CaseRow{
		State: caseState(k), URL: "/review/" + k.ID, Short: number(k), Age: r.clock.Since(k.Opened), Title: page.Clean(k.Text.Headline, 160), Where: whoOf(k),
	}
}

// whoOf says whom a case is about, masked.
func whoOf(k *privacy.Case) string {
	if len(k.Users) == 0 {
		return "Nobody known"
	}
	if len(k.Users) > 1 {
		return page.Plural(len(k.Users), "account")
	}
	u := &k.Users[0]
	who := masked(u)
	if role := roleOf(u); role != "" {
		return who + ", " + role
	}
	return who
}

// roleOf is what somebody does here, without its article.
func roleOf(p *privacy.Party) string {
	return strings.TrimPrefix(strings.TrimPrefix(page.Clean(p.Role, 60), "a "), "an ")
}

// dots stand for what is not shown.
const dots = "••••"

// masked stands for somebody: the last digits of the number, or, for an account that ends in letters, the end of what the room
// calls it by, which says nothing to whoever does not see it often.
func masked(p *privacy.Party) string {
	digits := p.Hint[len(strings.TrimRightFunc(p.Hint, unicode.IsDigit)):]
	switch {
	case len(digits) >= 2 && len(digits) <= 4:
		return dots + digits
	case len(p.Token) > 8:
		return "#" + page.Clean(p.Token[len(p.Token)-4:], 4)
	}
	return dots
}

// firstCase is the card with the one thing to do.
func (c *Console) firstCase(r *request, all []privacy.Case) *page.Now {
	k := &all[0]
	n := &page.Now{
		State: caseState(k), Label: "One thing to do", Title: page.Clean(k.Text.Headline, 160), Action: page.Link{Text: "Open the case", URL: "/review/" + k.ID},
		Facts: []page.Pair{{Name: "Known since", Value: r.clock.At(k.Opened)}},
	}
	if len(k.Text.Paragraphs) > 0 {
		n.Text = page.Clean(k.Text.Paragraphs[0], 600)
	}
	if len(all) > 1 {
		n.Facts = append(n.Facts, page.Pair{Name: "Next in line", Value: page.Clean(all[1].Text.Headline, 120)})
	}
	return n
}

// aside says beside the queue which departments wait for a feed, how many accesses have a reason, and what is missed.
func (c *Console) aside(r *request, v *page.Review) error {
	if allowed(r.actor, access.RecordTrace) == nil {
		v.Doors = append(v.Doors, page.RoomCard{Name: "Who saw a chart", URL: "/patients/who-saw", Text: "For one patient, with the reason beside each access. To print for the patient."})
	}
	if allowed(r.actor, access.ExplainedRead) != nil {
		return nil
	}
	h, err := c.Privacy.Health(r.Context())
	if err != nil {
		return err
	}
	state := page.OK("As usual")
	if v.Held = held(&h, r.clock); v.Held != nil {
		state, v.Held.More = page.Look("Held"), page.Link{Text: "See what is explained", URL: "/review/explained"}
	}
	switch known := slices.ContainsFunc(h.Departments, func(d privacy.DepartmentHealth) bool { return d.Past > 0 }); {
	case h.All.Touches == 0:
		state = page.Dim("None yet")
	case v.Held == nil && !known:
		state = page.Dim("No past yet")
	}
	v.Doors = append(v.Doors, page.RoomCard{Name: "Explained", URL: "/review/explained", State: state, Text: shareSays(&h.All)})
	e, err := c.Privacy.Misses(r.Context())
	if err != nil {
		return err
	}
	v.Doors = append(v.Doors, page.RoomCard{Name: "What we miss", URL: "/review/missed", State: page.Dim(either(e.Decided == 0, "Not known", "Estimate")), Text: missesSay(&e)})
	if v.EmptyTitle == "" {
		v.EmptyTitle = "No case waits"
		v.EmptyText = "In the last 30 days " + looks(h.All.Touches) + " were judged, and " + page.Number(h.All.Waiting) + " more wait for their reasons."
		v.EmptyNext = &page.Link{Text: "See what we may miss", URL: "/review/missed"}
	}
	return nil
}

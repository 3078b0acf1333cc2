package console

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/triage"
)

// queue is what GET /findings asks for.
type queue struct {
	view   string // waiting, mine, later, settled
	rule   string
	before string
}

const rowsShown = 50

func (r *request) queue() queue {
	q := r.URL.Query()
	v := q.Get("view")
	if v != "mine" && v != "later" && v != "settled" && v != "waiting" {
		v = "waiting"
		switch reach := access.Reaches(r.actor, access.FindingRead); {
		case slices.Contains(reach, access.All):
		case slices.Contains(reach, access.Own):
			v = "mine"
		case slices.Contains(reach, access.Closed):
			v = "settled"
		}
	}
	return queue{view: v, rule: q.Get("rule"), before: q.Get("before")}
}

// address is where the queue with an open finding stands.
func (q queue) address(id string) string {
	v := url.Values{}
	if q.view != "" && q.view != "waiting" {
		v.Set("view", q.view)
	}
	if q.rule != "" {
		v.Set("rule", q.rule)
	}
	path := "/findings"
	if id != "" {
		path += "/" + id
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

func (q queue) filter(a access.Actor) triage.Filter {
	f := triage.Filter{Rule: q.rule, Before: q.before, Limit: rowsShown, Postponed: q.view == "later" || q.view == "mine"}
	switch q.view {
	case "settled":
		f.States = []triage.State{triage.Closed}
	case "mine":
		f.States, f.Owner = []triage.State{triage.New, triage.Seen}, a.ID
	default:
		f.States = []triage.State{triage.New, triage.Seen}
	}
	return f
}

// object is what is asked of access about a finding.
func object(item *triage.Item) access.Object {
	o := access.Object{Kind: "finding", ID: item.ID, Owner: item.Owner}
	if item.State == triage.Closed {
		o.State = "closed"
	}
	return o
}

// items lists the part of the queue that the reader may see.
func (c *Console) items(r *request, q queue) ([]triage.Item, error) {
	all, err := c.Desk.List(r.Context(), q.filter(r.actor))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(i triage.Item) bool {
		return access.Check(r.actor, access.FindingRead, object(&i)) != nil || q.view == "later" && !i.Later.After(r.clock.Now)
	}), nil
}

func (c *Console) findings(r *request) (answer, error) {
	q := r.queue()
	items, err := c.items(r, q)
	if err != nil {
		return answer{}, err
	}
	if err := c.recallAll(r, items); err != nil {
		return answer{}, err
	}
	return answer{data: c.findingList(items), show: func() (string, any, error) {
		open := ""
		if len(items) > 0 {
			open = items[0].ID
		}
		v, err := c.queuePage(r, q, items, open)
		return "findings", v, err
	}}, nil
}

func (c *Console) finding(r *request) (answer, error) {
	item, err := c.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	if err := access.Check(r.actor, access.FindingRead, object(&item)); err != nil {
		return answer{}, err
	}
	if err := c.see(r, &item); err != nil {
		return answer{}, err
	}
	if err := c.recallAll(r, []triage.Item{item}); err != nil {
		return answer{}, err
	}
	return answer{data: c.mask(item), show: func() (string, any, error) {
		q := r.queue()
		items, err := c.items(r, q)
		if err != nil {
			return "", nil, err
		}
		if !slices.ContainsFunc(items, func(i triage.Item) bool { return i.ID == item.ID }) {
			items = append([]triage.Item{item}, items...)
		}
		v, err := c.queuePage(r, q, items, item.ID)
		return "findings", v, err
	}}, nil
}

// see notes that somebody who could judge a new finding has opened it. Where that cannot be sealed the finding is shown
// all the same, and stays new.
func (c *Console) see(r *request, item *triage.Item) error {
	if r.api || item.State != triage.New || access.Check(r.actor, access.FindingJudge, object(item)) != nil {
		return nil
	}
	err := c.House.Do(r.Context(), access.FindingJudge, object(item), map[string]string{"change": "opened"}, func(ctx context.Context) error {
		return c.Desk.See(ctx, item.ID, r.actor.ID)
	})
	if errors.Is(err, access.ErrNoTrail) {
		return nil
	}
	return err
}

// queuePage is the queue with one finding open.
func (c *Console) queuePage(r *request, q queue, items []triage.Item, open string) (page.Findings, error) {
	v := page.Findings{Order: "Worst first, then those that changed last."}
	v.Frame = c.frame(r, "findings", "Findings", "What is real in this queue?",
		key("next, previous", "J", "K"), key("do the next step", "Enter"), key("real, false, expected", "T", "F", "E"), key("later", "L"), key("I have it", "A"), key("hide", "H"), key("undo", "Z"))
	if len(v.Keys) > 8 {
		v.Keys = v.Keys[:8]
	}
	v.Live = "/news"
	counts, err := c.Desk.Counts(r.Context())
	if err != nil {
		return v, err
	}
	v.Views = findingViews(r.actor, q, counts)
	v.Answer = headline(q, items, counts, r)
	if len(items) == 0 {
		c.emptyQueue(q, &v)
		return v, nil
	}
	at := max(0, slices.IndexFunc(items, func(i triage.Item) bool { return i.ID == open }))
	for i := range items {
		item := &items[i]
		v.Rows = append(v.Rows, page.QueueRow{
			State: page.Level(item.Rule.Level), URL: q.address(item.ID), Age: r.clock.Since(item.Opened), Title: page.Clean(item.Rule.Title, 160),
			Where: whereWho(&item.Finding), Here: i == at, Next: i == at+1, Before: i == at-1,
		})
	}
	if len(items) == rowsShown {
		v.Older = q.address("") + either(strings.Contains(q.address(""), "?"), "&", "?") + "before=" + url.QueryEscape(items[len(items)-1].Cursor())
	}
	next := q.address("")
	if len(items) > 1 {
		next = q.address(items[(at+1)%len(items)].ID)
	}
	v.Open, err = c.findingView(r, &items[at], next)
	return v, err
}

// waiting is how many findings wait for a person now.
func waiting(n triage.Counts) int {
	return n.States[triage.New] + n.States[triage.Seen] - n.Later
}

func findingViews(a access.Actor, q queue, n triage.Counts) []page.Tab {
	tabs := []page.Tab{
		{Text: "Waiting " + page.Number(waiting(n)), URL: "/findings?view=waiting", Here: q.view == "waiting" && q.rule == ""},
		{Text: "Mine", URL: "/findings?view=mine", Here: q.view == "mine"},
		{Text: "Later " + page.Number(n.Later), URL: "/findings?view=later", Here: q.view == "later"},
		{Text: "Settled " + page.Number(n.States[triage.Closed]), URL: "/findings?view=settled", Here: q.view == "settled"},
	}
	if access.Check(a, access.FindingRead, access.Object{Kind: "rule"}) == nil {
		tabs = append(tabs, page.Tab{Text: "Hidden", URL: "/hidden", Here: q.view == "hidden"})
	}
	return tabs
}

func headline(q queue, items []triage.Item, n triage.Counts, r *request) string {
	switch {
	case q.rule != "" && len(items) > 0:
		return page.Count(len(items), "finding") + " of one rule."
	case q.view == "mine":
		return page.Count(len(items), "finding") + either(len(items) == 1, " waits for you.", " wait for you.")
	case q.view == "later":
		return page.Count(len(items), "finding") + either(len(items) == 1, " was put off.", " were put off.")
	case q.view == "settled":
		return page.Count(n.States[triage.Closed], "finding") + either(n.States[triage.Closed] == 1, " is settled.", " are settled.")
	case waiting(n) == 0:
		return "Nothing waits."
	}
	says := page.Count(waiting(n), "finding") + either(waiting(n) == 1, " waits.", " wait.")
	oldest := time.Time{}
	for _, i := range items {
		if oldest.IsZero() || i.Opened.Before(oldest) {
			oldest = i.Opened
		}
	}
	if len(items) > 0 && r.clock.Now.Sub(oldest) > time.Hour {
		says += " The oldest is " + page.Length(r.clock.Now.Sub(oldest)) + " old."
	}
	return says
}

func (c *Console) emptyQueue(q queue, v *page.Findings) {
	switch {
	case q.rule != "" || q.view != "waiting":
		v.EmptyTitle, v.EmptyText = "No finding is in this view", "Others may wait."
		v.EmptyNext = &page.Link{Text: "Show what waits", URL: "/findings"}
	case len(c.Senders()) == 0:
		v.EmptyTitle, v.EmptyText = "Nothing can be found yet", "No system sends to us. Connect the first one; rules are asked of every event from then on."
		v.EmptyNext = &page.Link{Text: "Connect a source", URL: "/sources/add"}
	default:
		v.EmptyTitle = "Nothing waits for a judgement"
		v.EmptyText = page.Plural(len(c.liveRules()), "rule") + " were asked of " + page.Plural(c.Live.State().Events, "event") + " since the node started. Nothing that they found is open."
		v.EmptyNext = &page.Link{Text: "Search back in time", URL: "/hunt"}
	}
}

// act carries out one decision on a finding and leads to the next one.
func (c *Console) act(r *request, verb access.Verb, done string, detail map[string]string, do func(id string) error) (answer, error) {
	item, err := c.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	err = c.House.Do(r.Context(), verb, object(&item), detail, func(context.Context) error { return do(item.ID) })
	if err != nil {
		return answer{}, err
	}
	to := safePath(r.PostForm.Get("next"))
	if to == "/" {
		to = "/findings/" + item.ID
	}
	mark := "?"
	if strings.Contains(to, "?") {
		mark = "&"
	}
	return answer{to: to + mark + "done=" + done + "&of=" + url.QueryEscape(item.ID) + "#finding"}, nil
}

// unsaid stands for a reason that nobody wrote. Whoever judges by keys need not write one.
const unsaid = "Judged at first sight, without a reason."

func (c *Console) judge(r *request) (answer, error) {
	verdict := triage.Verdict(r.PostForm.Get("verdict"))
	if verdict != triage.True && verdict != triage.False && verdict != triage.Expected {
		return answer{}, &mistake{"Say whether it is real, a false alarm or expected."}
	}
	why := r.PostForm.Get("why")
	if len(why) > 1000 {
		return answer{}, &mistake{"Say why in fewer words: a thousand characters at most."}
	}
	if strings.TrimSpace(why) == "" {
		why = unsaid
	}
	return c.act(r, access.FindingJudge, string(verdict), map[string]string{"verdict": string(verdict)}, func(id string) error {
		return c.Desk.Judge(r.Context(), id, verdict, why, r.actor.ID)
	})
}

func (c *Console) unjudge(r *request) (answer, error) {
	if item, err := c.Desk.Get(r.Context(), r.PathValue("id")); err != nil {
		return answer{}, err
	} else if item.Verdict == "" {
		return answer{}, &mistake{"There is no verdict to take back."}
	}
	return c.act(r, access.FindingJudge, "undone", map[string]string{"verdict": "taken back"}, func(id string) error {
		return c.Desk.Unjudge(r.Context(), id, r.actor.ID)
	})
}

const putOff = 8 * time.Hour

func (c *Console) later(r *request) (answer, error) {
	return c.act(r, access.FindingJudge, "later", map[string]string{"later": putOff.String()}, func(id string) error {
		return c.Desk.Later(r.Context(), id, r.clock.Now.Add(putOff), r.actor.ID)
	})
}

func (c *Console) take(r *request) (answer, error) {
	return c.act(r, access.FindingJudge, "taken", map[string]string{"owner": r.actor.ID}, func(id string) error {
		return c.Desk.Assign(r.Context(), id, r.actor.ID, r.actor.ID)
	})
}

// names lists what a finding names of a kind, ready to be shown.
func names(f *finding.Finding, kind string) []string {
	var out []string
	veil := page.NewVeil(f.Entities["patient"]...)
	for _, v := range f.Entities[kind] {
		if kind == "patient" {
			v = page.Mask(v)
		}
		v = veil.Hide(v) // an account or a file may be named after a patient
		out = append(out, page.Clean(v, 120))
	}
	return slices.Compact(out)
}

// where lists the places of a finding: hosts, else devices, else addresses.
func where(f *finding.Finding) []string {
	for _, kind := range []string{"host", "device", "ip"} {
		if n := names(f, kind); len(n) > 0 {
			return n
		}
	}
	return nil
}

func whereWho(f *finding.Finding) string {
	var parts []string
	if w := where(f); len(w) > 0 {
		parts = append(parts, list(w, 2))
	}
	if u := names(f, "user"); len(u) > 0 {
		parts = append(parts, list(u, 2))
	}
	if p := names(f, "patient"); len(p) > 0 {
		parts = append(parts, "patient "+list(p, 1))
	}
	if len(parts) == 0 {
		return "No place named"
	}
	return strings.Join(parts, " · ")
}

// seen says what was seen, where, by whom and when.
func seen(f *finding.Finding, clock page.Clock) string {
	s := "Seen once"
	if f.Count != 1 {
		s = fmt.Sprintf("Seen %s times", page.Number(f.Count))
	}
	if w := where(f); len(w) > 0 {
		s += " at " + list(w, 3)
	}
	if u := names(f, "user"); len(u) > 0 {
		s += ", by " + list(u, 3)
	}
	if f.First.IsZero() {
		return s + ". The events say no time."
	}
	return s + ", " + clock.Span(f.First, f.Last) + "."
}

package console

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/triage"
)

// scopes lists what a suppression of this finding's rule may be about.
func scopes(item *triage.Item, chosen string) []page.Choice {
	var all []page.Choice
	for _, kind := range []string{"host", "device", "user", "ip"} {
		for i, value := range item.Entities[kind] {
			if len(all) == 8 {
				break
			}
			// The form says which value is meant, not the value: that is a sender's text.
			all = append(all, page.Choice{Value: fmt.Sprintf("%s %d", kind, i), Text: page.Clean(value, 120), Hint: "Only this " + kind})
		}
	}
	all = append(all, page.Choice{Value: "all", Text: "Everything", Hint: "This rule says nothing at all"})
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all
}

func (c *Console) hideForm(r *request) (answer, error) {
	item, err := c.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	return view("hide", c.hidePage(r, &item, triage.Suppression{}, "", 30)), nil
}

func (c *Console) hidePage(r *request, item *triage.Item, s triage.Suppression, scope string, days int) page.Hide {
	v := page.Hide{Action: "/findings/" + item.ID + "/hide", Back: "/findings/" + item.ID, Reason: page.Clean(s.Reason, 400), Scopes: scopes(item, scope)}
	v.Frame = c.frame(r, "findings", "Hide", "What may stay quiet, and until when?", key("go on", "Ctrl", "Enter"), key("back", "Esc"))
	v.Crumbs = []page.Link{{Text: "Findings", URL: "/findings"}, {Text: page.Clean(item.Rule.Title, 80), URL: v.Back}, {Text: "Hide"}}
	v.Answer, v.Context = "Hide what is expected of this rule", page.Clean(item.Rule.Title, 200)
	for _, n := range []int{7, 30, 90} {
		v.Days = append(v.Days, page.Choice{Value: strconv.Itoa(n), Text: fmt.Sprintf("%d days, until %s", n, r.clock.Day(r.clock.Now.AddDate(0, 0, n))), Chosen: n == days})
	}
	return v
}

// hide shows what would be hidden, and hides it when the reader has seen that.
func (c *Console) hide(r *request) (answer, error) {
	item, err := c.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	s, scope, days, err := suppression(r, &item)
	if err != nil {
		v := c.hidePage(r, &item, s, scope, days)
		v.Wrong = err.Error()
		a := view("hide", v)
		a.status = 400
		return a, nil
	}
	if r.PostForm.Get("step") != "save" {
		receipt, err := c.Desk.Would(r.Context(), s)
		if err != nil {
			return answer{}, err
		}
		v := c.hidePage(r, &item, s, scope, days)
		v.Receipt = receiptView(receipt)
		return view("hide", v), nil
	}
	detail := map[string]string{"rule": s.Rule, "days": strconv.Itoa(days), "kinds": strings.Join(kinds(s.Entity), " ")}
	rule := access.Object{Kind: "rule", ID: s.Rule}
	if waits, err := c.waits(r.Context(), access.FindingSuppress, rule, detail, s); waits || err != nil {
		return answer{to: "/hidden?done=proposed"}, err
	}
	err = c.House.Do(r.Context(), access.FindingSuppress, rule, detail, func(ctx context.Context) error {
		_, err := c.Desk.Suppress(ctx, s)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{to: "/hidden?done=hidden"}, nil
}

func suppression(r *request, item *triage.Item) (s triage.Suppression, scope string, days int, err error) {
	scope = r.PostForm.Get("scope")
	days, _ = strconv.Atoi(r.PostForm.Get("days"))
	s = triage.Suppression{
		Rule: triage.RuleID(&item.Rule), Owner: r.actor.ID, Reason: strings.TrimSpace(r.PostForm.Get("reason")),
		Expires: r.clock.Now.AddDate(0, 0, days).Add(-time.Minute),
	}
	switch {
	case !slices.ContainsFunc(scopes(item, ""), func(c page.Choice) bool { return c.Value == scope }):
		return s, scope, days, &mistake{"Choose what it is about: one thing, or everything."}
	case s.Reason == "":
		return s, scope, days, &mistake{"Say why it is expected. Whoever comes after you needs it."}
	case len(s.Reason) > 1000:
		return s, scope, days, &mistake{"Say it in fewer words: a thousand characters at most."}
	case days < 1 || days > 90:
		return s, scope, days, &mistake{"Choose 90 days at most."}
	}
	if kind, number, ok := strings.Cut(scope, " "); ok {
		i, _ := strconv.Atoi(number) // it is one of scopes
		s.Entity = map[string]string{kind: item.Entities[kind][i]}
	}
	return s, scope, days, nil
}

func receiptView(r triage.Receipt) *page.Receipt {
	v := &page.Receipt{State: page.OK("None was real"), Text: fmt.Sprintf("This hides %s, of which %s judged true.", page.Plural(r.Findings, "finding"), were(r.JudgedTrue))}
	if r.JudgedTrue > 0 {
		v.State = page.Act("Some were real")
	} else if r.JudgedFalse+r.Expected == 0 {
		v.State = page.Dim("Not judged yet")
	}
	v.Facts = []page.Pair{
		{Name: "Events in them", Value: page.Number(r.Events)},
		{Name: "Judged real", Value: page.Number(r.JudgedTrue)},
		{Name: "False alarms", Value: page.Number(r.JudgedFalse)},
		{Name: "Expected", Value: page.Number(r.Expected)},
		{Name: "Not judged", Value: page.Number(max(0, r.Findings-r.JudgedTrue-r.JudgedFalse-r.Expected))},
	}
	v.Caveat = "Counted over all that was found so far. It does not say that the next one will be harmless. What is hidden is still counted, and can be shown again at any time."
	return v
}

func were(n int) string {
	if n == 1 {
		return "1 was"
	}
	return page.Number(n) + " were"
}

func kinds(entity map[string]string) []string {
	var all []string
	for kind := range entity {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

func (c *Console) hidden(r *request) (answer, error) {
	if err := access.Check(r.actor, access.FindingRead, access.Object{Kind: "rule"}); err != nil {
		return answer{}, err // whoever may read some findings may not read what all are hidden for
	}
	all, err := c.Desk.Suppressions(r.Context())
	if err != nil {
		return answer{}, err
	}
	counts, err := c.Desk.Counts(r.Context())
	if err != nil {
		return answer{}, err
	}
	v := page.Hidden{Views: findingViews(r.actor, queue{view: "hidden"}, counts)}
	v.Frame = c.frame(r, "findings", "Hidden", "What do we not show, and why?", key("next, previous", "J", "K"))
	if v.Proposals, err = c.proposals(r, access.FindingSuppress, "/hidden/proposals/"); err != nil {
		return answer{}, err
	}
	active := 0
	for _, s := range all {
		if !s.Lifted.IsZero() || !s.Expires.After(r.clock.Now) {
			continue
		}
		active++
		row := page.HiddenRow{Rule: c.titleOf(s.Rule), About: about(&s), Reason: page.Clean(s.Reason, 300), By: c.called(r.Context(), s.Owner), Until: r.clock.At(s.Expires)}
		if access.Check(r.actor, access.FindingSuppress, access.Object{Kind: "rule", ID: s.Rule}) == nil {
			row.Lift = "/hidden/" + s.ID + "/lift"
		}
		v.Rows = append(v.Rows, row)
	}
	v.Answer = page.Count(active, "rule") + either(active == 1, " is hidden for a time.", " are hidden for a time.")
	if active == 0 {
		v.Answer = "Nothing is hidden."
	}
	return view("hidden", v), nil
}

// titleOf is the title of a rule that is loaded, or else its id.
func (c *Console) titleOf(id string) string {
	for _, rule := range c.Live.Rules() {
		if triage.RuleID(&rule.Rule) == id && rule.Title != "" {
			return page.Clean(rule.Title, 160)
		}
	}
	return page.Clean(id, 120)
}

// about names what a suppression is about.
func about(s *triage.Suppression) string {
	var about []string
	for _, kind := range kinds(s.Entity) {
		value := s.Entity[kind]
		if kind == "patient" {
			value = page.Mask(value)
		}
		about = append(about, kind+" "+page.Clean(value, 120))
	}
	if len(about) == 0 {
		return "everything"
	}
	return strings.Join(about, ", ")
}

func (c *Console) lift(r *request) (answer, error) {
	id := r.PathValue("id")
	all, err := c.Desk.Suppressions(r.Context())
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(all, func(s triage.Suppression) bool { return s.ID == id })
	if i < 0 {
		return answer{}, errAbsent
	}
	s := all[i]
	err = c.House.Do(r.Context(), access.FindingSuppress, access.Object{Kind: "rule", ID: s.Rule}, map[string]string{"lift": s.ID}, func(ctx context.Context) error {
		return c.Desk.Lift(ctx, s.ID, r.actor.ID)
	})
	return answer{to: "/hidden?done=shown"}, err
}

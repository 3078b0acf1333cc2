package console

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/watch"
)

// tried is a receipt: what rules that are not at work yet would have changed in the past.
type tried struct {
	version string
	trial   watch.Trial
}

// changeRules seals that the reader does something about the rules, and does it.
func (c *Console) changeRules(r *request, id, change string, act func(context.Context) error) error {
	return c.House.Do(r.Context(), access.RuleWrite, access.Object{Kind: "rule", ID: id}, map[string]string{"change": change}, act)
}

// lookForChanges compares what is configured with what is at work.
func (c *Console) lookForChanges(r *request) (answer, error) {
	err := c.changeRules(r, "", "look for changes", func(ctx context.Context) error {
		_, _, err := c.Rulebook.Look(ctx)
		return err
	})
	if err != nil && c.Rulebook.Trouble() == "" {
		return answer{}, err
	}
	return answer{to: "/rules/changes"}, nil // which says what could not be read
}

const changesShown = 100

func (c *Console) changes(r *request) (answer, error) {
	p, differs := c.Rulebook.Proposal()
	var keys []page.Key
	if differs && allowed(r.actor, access.RuleWrite) == nil {
		keys = append(keys, key("show what it changes", "Ctrl", "Enter"))
	}
	v := page.Changes{Days: huntDays("0"), Running: c.rulesRunning(r), MayChange: allowed(r.actor, access.RuleWrite) == nil}
	v.Frame = c.frame(r, "rules", "Changes of the rules", "What would other rules change?", keys...)
	v.Crumbs = []page.Link{{Text: "Rules", URL: "/rules"}, {Text: "Changes"}}
	v.Trouble = page.Clean(c.Rulebook.Trouble(), 600)
	if !differs {
		v.Answer = "The rules at work are those that are configured."
		if v.Running != nil {
			v.Answer = "New rules are about to go live."
		}
		if v.Trouble != "" {
			v.Answer = "What is configured cannot be compared."
		}
		v.Context = "Rules, values and lists are files on the machine. Whoever changes them comes here, and looks what would change."
		return view("changes", v), nil
	}
	v.Version, v.Answer = p.Version, changeText(&p.Change)
	v.Context = "Seen " + r.clock.At(p.Found) + ". Nothing has changed yet: events are judged by the rules at work."
	for _, part := range []struct {
		word  string
		state page.State
		rules []finding.Rule
	}{{"New", page.Watch("New"), p.New}, {"Changed", page.Watch("Changed"), p.Changed}, {"Gone", page.Dim("Gone"), p.Gone}} {
		for i := range part.rules {
			if len(v.Rows) == changesShown {
				break
			}
			rule := &part.rules[i]
			v.Rows = append(v.Rows, page.ChangeRow{State: part.state, Title: page.Clean(rule.Title, 160), Level: page.Level(rule.Level), File: page.Clean(rule.Source, 200)})
		}
	}
	if n := len(p.New) + len(p.Changed) + len(p.Gone); n > len(v.Rows) {
		v.Order = fmt.Sprintf("The first %d of %s", len(v.Rows), page.Number(n))
	}
	if p.Lists {
		v.Lists = page.Plural(p.Listed, "indicator") + " in place of " + page.Number(p.WereListed) + "."
	}
	for _, f := range p.Refused[:min(rulesShown, len(p.Refused))] {
		v.Refused = append(v.Refused, page.Pair{Name: page.Clean(f.File, 200), Value: page.Clean(f.Reason, 300)})
	}
	return view("changes", v), nil
}

// changeText says in a sentence what differs.
func changeText(c *watch.Change) string {
	var parts []string
	for _, p := range []struct {
		n   int
		how string
	}{{len(c.New), "new"}, {len(c.Changed), "changed"}, {len(c.Gone), "gone"}} {
		if p.n > 0 {
			parts = append(parts, page.Plural(p.n, "rule")+either(p.n == 1, " is ", " are ")+p.how)
		}
	}
	if c.Lists {
		parts = append(parts, "the indicators differ")
	}
	return sentence(list(parts, 4))
}

// rulesRunning says how far rules are that are about to go live; nil when none are.
func (c *Console) rulesRunning(r *request) *page.Running {
	g, going := c.Rulebook.Going()
	if !going {
		return nil
	}
	v := &page.Running{Title: "New rules are about to go live", URL: "/rules/changes", State: page.Watch("Running"), Says: "The past is searched for what is new in them, since " + r.clock.At(g.Began) + "."}
	v.Meter = page.Meter{State: v.State, Share: page.Share(g.Done, g.Total), Says: fmt.Sprintf("%d of 100", page.Share(g.Done, g.Total)/3)}
	for _, j := range c.jobs.active("activate") {
		v.URL = "/rules/changes/" + j.id
	}
	return v
}

// tryChanges tries a proposal on the past.
func (c *Console) tryChanges(r *request) (answer, error) {
	p, differs := c.Rulebook.Proposal()
	version := r.PostForm.Get("version")
	if !differs || p.Version != version {
		return answer{}, &mistake{sentence(watch.ErrOutdated.Error())}
	}
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	if err != nil || days < 0 || days > 4000 {
		return answer{}, &mistake{"Choose how far back to try it."}
	}
	var from time.Time
	if days > 0 {
		from = r.clock.Now.AddDate(0, 0, -days)
	}
	var j *job
	err = c.changeRules(r, version, "try", func(context.Context) (err error) {
		j, err = c.jobs.start("try", "What would other rules have found?", r.actor, r.clock.Now, func(ctx context.Context, progress func(done, total uint64, seen int)) (any, error) {
			t, err := c.Rulebook.Try(ctx, version, from, func(p watch.Progress) { progress(p.Done, p.Total, p.Seen) })
			return tried{version, t}, err
		})
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{to: "/rules/changes/" + j.id}, nil
}

// activate lets the rules of a receipt go live.
func (c *Console) activate(r *request) (answer, error) {
	receipt := c.jobs.find(r.PostForm.Get("receipt"))
	if receipt == nil || receipt.kind != "try" || receipt.running() {
		return answer{}, &mistake{"See first what would change: try the rules on the past."}
	}
	result, err := receipt.result()
	t, ok := result.(tried)
	if err != nil || !ok {
		return answer{}, &mistake{"The trial did not end: try the rules on the past once more."}
	}
	if p, differs := c.Rulebook.Proposal(); !differs || p.Version != t.version {
		return answer{}, &mistake{sentence(watch.ErrOutdated.Error())}
	}
	// The rulebook seals it.
	j, err := c.jobs.start("activate", "New rules go live", r.actor, r.clock.Now, func(ctx context.Context, progress func(done, total uint64, seen int)) (any, error) {
		return c.Rulebook.Activate(ctx, t.version, func(p watch.Progress) { progress(p.Done, p.Total, p.Seen) })
	})
	if err != nil {
		return answer{}, err
	}
	return answer{to: "/rules/changes/" + j.id}, nil
}

func (c *Console) changeOf(r *request) (*job, error) {
	j := c.jobs.find(r.PathValue("job"))
	if j == nil || j.kind != "try" && j.kind != "activate" {
		return nil, errAbsent
	}
	return j, nil
}

func (c *Console) changeJob(r *request) (answer, error) {
	j, err := c.changeOf(r)
	if err != nil {
		return answer{}, err
	}
	v := page.Job{URL: "/rules/changes/" + j.id, Heading: page.Clean(j.title, 160), Running: j.running(), Label: "asked " + r.clock.At(j.began) + " by " + page.Clean(j.by.Name, 60)}
	v.Frame = c.frame(r, "rules", "Changes of the rules", "What would other rules change?", key("go on", "Enter"))
	v.Crumbs = []page.Link{{Text: "Rules", URL: "/rules"}, {Text: "Changes", URL: "/rules/changes"}, {Text: v.Heading}}
	v.Next = &page.Link{Text: "Back to the changes", URL: "/rules/changes"}
	v.Meaning = "It speaks of events that reached Wardline and that we can still read. It does not say what the rules will find tomorrow."
	if v.Running {
		v.Meter, v.Says = progressOf(j)
		v.State, v.Answer = page.Watch("Running"), either(j.kind == "try", "We try it on the past. Nothing has changed yet.", "The past is searched. The rules at work go on watching.")
		return view("job", v), nil
	}
	result, err := j.result()
	switch done := result.(type) {
	case tried:
		if err == nil {
			c.showTrial(r, &v, j, &done.trial, done.version)
			return view("job", v), nil
		}
	case watch.Answer:
		if err == nil {
			c.showActivated(r, &v, &done)
			return view("job", v), nil
		}
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, watch.ErrGivenUp):
		v.State, v.Answer, v.Says = page.Dim("Stopped"), "Stopped before the end.", "The rules at work are as before."
	case errors.Is(err, watch.ErrBusy), errors.Is(err, watch.ErrOutdated):
		v.State, v.Answer, v.Says = page.Look("Not done"), "The rules did not go live.", sentence(err.Error())
	case j.kind == "try", errors.Is(err, watch.ErrNotBegun):
		f := c.failure(r, err)
		v.State, v.Answer, v.Says = page.Look("Failed"), "It failed. The rules at work are as before.", f.says+" "+f.code
	default:
		f := c.failure(r, err)
		v.State, v.Answer, v.Says = page.Look("Failed"), "It failed for now, and is tried again by itself.", f.says+" "+f.code
	}
	return view("job", v), nil
}

// showTrial draws the receipt, and the button that lets the rules go live.
func (c *Console) showTrial(r *request, v *page.Job, j *job, t *watch.Trial, version string) {
	v.State = page.OK("Nothing real is lost")
	switch {
	case t.GoneTrue > 0:
		v.State = page.Act("Something real is lost")
	case t.Gone > t.GoneFalse+t.GoneExpected:
		v.State = page.Look("Some were not judged")
	}
	v.Answer = "They would have found " + page.Number(t.New) + " more, and " + page.Number(t.Gone) + " no longer."
	v.Says = fmt.Sprintf("Tried on %s in %s. %s of now would no longer be found, of which %s judged true.",
		page.Plural(t.Events, "event"), page.Plural(t.Days, "day"), page.Plural(t.Gone, "finding"), were(t.GoneTrue))
	v.Facts = []page.Pair{
		{Name: "More findings", Value: page.Number(t.New)}, {Name: "Matches in all, more", Value: page.Number(t.EventsNew)},
		{Name: "No longer found", Value: page.Number(t.Gone)}, {Name: "Judged real", Value: page.Number(t.GoneTrue)}, {Name: "False alarms", Value: page.Number(t.GoneFalse)},
		{Name: "Expected", Value: page.Number(t.GoneExpected)}, {Name: "Matches in all, fewer", Value: page.Number(t.EventsGone)}, {Name: "Took", Value: page.Length(t.Took)},
	}
	if t.Damaged+t.Deleted > 0 {
		v.Facts = append(v.Facts, page.Pair{Name: "Not read", Value: entries(uint64(t.Damaged + t.Deleted))})
	}
	if seesAll(r.actor) {
		for i := range t.Lost[:min(20, len(t.Lost))] {
			v.Findings = append(v.Findings, c.foundRow(r, &t.Lost[i]))
		}
		v.FoundHeading = "What would no longer be found"
	}
	if p, differs := c.Rulebook.Proposal(); differs && p.Version == version && allowed(r.actor, access.RuleWrite) == nil {
		v.Act = &page.Button{URL: "/rules/activate", Text: "Let them go live", Name: "receipt", Value: j.id}
	}
}

// showActivated says what the past held of what is new.
func (c *Console) showActivated(r *request, v *page.Job, a *watch.Answer) {
	v.State, v.Answer = page.OK("At work"), "The rules are at work. The past held nothing of what is new in them."
	if a.Seen > 0 {
		v.State, v.Answer = page.Look("Seen "+times(a.Seen)), "The rules are at work. What is new in them was seen "+times(a.Seen)+", last "+r.clock.At(a.Last)+"."
	}
	v.Says = sentence("looked at " + looked(a))
	v.Facts = []page.Pair{
		{Name: "Events", Value: page.Number(a.Events)}, {Name: "Days", Value: page.Number(a.Days)}, {Name: "Asked with", Value: page.Plural(a.Rules, "rule") + ", " + page.Plural(a.Listed, "indicator")},
		{Name: "Findings", Value: page.Number(a.Distinct)},
	}
	v.Seal = seal(a.Place.Entry, a.Place.Line)
	if seesAll(r.actor) {
		for i := range a.Findings[:min(20, len(a.Findings))] {
			v.Findings = append(v.Findings, c.foundRow(r, &a.Findings[i]))
		}
	}
	v.Next = &page.Link{Text: "Back to the rules", URL: "/rules"}
}

func (c *Console) foundRow(r *request, found *finding.Finding) page.Waiting {
	f := *found
	f.Entities = c.covered(f.Entities)
	return page.Waiting{State: page.Level(f.Rule.Level), Title: page.Clean(f.Rule.Title, 160), Where: whereWho(&f), Age: r.clock.At(f.Last)}
}

func (c *Console) stopChange(r *request) (answer, error) {
	j, err := c.changeOf(r)
	if err != nil {
		return answer{}, err
	}
	err = c.changeRules(r, "", "stop", func(context.Context) error {
		if j.kind == "activate" && j.running() {
			c.Rulebook.GiveUp() // which ends the job
		} else {
			j.stop()
		}
		return nil
	})
	return answer{to: "/rules/changes/" + j.id}, err
}

func (c *Console) changeProgress(r *request) (answer, error) {
	j, err := c.changeOf(r)
	if err != nil {
		return answer{}, err
	}
	return c.progress(r, j)
}

// resumeRule has a suspended rule asked again.
func (c *Console) resumeRule(r *request) (answer, error) {
	id := r.PathValue("id")
	err := c.changeRules(r, id, "try again", func(ctx context.Context) error { return c.Live.Resume(ctx, id) })
	if errors.Is(err, watch.ErrNotSuspended) {
		return answer{}, errAbsent
	}
	return answer{to: "/rules?done=resumed"}, err
}

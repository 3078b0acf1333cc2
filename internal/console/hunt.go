package console

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/watch"
)

// What one question of the past may hold.
const (
	mostIndicators = 1000
	mostRules      = 20
	answersShown   = 50
	mostFindings   = 20 // of an answer, that are shown
)

func huntDays(chosen string) []page.Choice {
	all := []page.Choice{{Value: "1", Text: "One day"}, {Value: "30", Text: "30 days"}, {Value: "180", Text: "180 days"}, {Value: "400", Text: "400 days"}, {Value: "0", Text: "Everything there is"}}
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all
}

func (c *Console) hunt(r *request) (answer, error) {
	all, err := c.Hunter.Answers(r.Context(), answersShown)
	if err != nil {
		return answer{}, err
	}
	return answer{data: answerList(all), show: func() (string, any, error) {
		return "hunt", c.huntPage(r, all, "", "", "180"), nil
	}}, nil
}

func (c *Console) huntPage(r *request, all []watch.Answer, indicators, rule, days string) page.Hunt {
	v := page.Hunt{Views: searchViews("hunt", r.actor), Indicators: indicators, Rule: rule, Days: huntDays(days)}
	v.Frame = c.frame(r, "hunt", "Search back", "Was this ever seen here?", key("search back", "Ctrl", "Enter"), key("next, previous", "J", "K"))
	v.Answer, v.Context = "Ask the whole journal, and keep the answer.", "For a warning from a neighbour, or a new rule before it goes live."
	for _, j := range c.jobs.active("hunt") {
		meter, says := progressOf(j)
		v.Running = append(v.Running, page.Running{Title: page.Clean(j.title, 120), URL: "/hunt/" + j.id, Says: says, State: page.Watch("Running"), Meter: meter})
	}
	for i := range all {
		a := &all[i]
		row := page.AnswerRow{
			Asked: page.Clean(a.Title, 120), When: r.clock.At(a.Asked), By: c.called(r.Context(), a.By), Looked: looked(a),
			State: answerState(a), Seen: answerSeen(r, a), Seal: seal(a.Place.Entry, a.Place.Line),
		}
		v.Answers = append(v.Answers, row)
	}
	return v
}

func answerState(a *watch.Answer) page.State {
	if a.Seen > 0 {
		return page.Look("Seen " + times(a.Seen))
	}
	if a.Events == 0 {
		return page.Dim("Nothing to search")
	}
	return page.OK("Not seen")
}

func answerSeen(r *request, a *watch.Answer) string {
	if a.Seen == 0 {
		return "in " + page.Plural(a.Days, "day")
	}
	return "first " + r.clock.At(a.First) + ", last " + r.clock.At(a.Last)
}

func looked(a *watch.Answer) string {
	s := page.Plural(a.Events, "event") + " in " + page.Length(a.Took)
	if a.Damaged+a.Deleted > 0 {
		s += "; " + entries(uint64(a.Damaged+a.Deleted)) + " could not be read any more"
	}
	return s
}

// progressOf says how far a job is.
func progressOf(j *job) (page.Meter, string) {
	done, total, seen, _ := j.state()
	m := page.Meter{State: page.Watch("Running"), Share: page.Share(done, total), Says: fmt.Sprintf("%d of 100", page.Share(done, total)/3)}
	if total == 0 {
		return m, "Waits for its turn."
	}
	says := page.Number(done) + " of " + entries(total)
	if j.kind != "verify" {
		says += ", seen " + times(seen) + " so far"
	}
	return m, says + "."
}

func (c *Console) startHunt(r *request) (answer, error) {
	indicators, rule, days := strings.TrimSpace(r.PostForm.Get("indicators")), strings.TrimSpace(r.PostForm.Get("rule")), r.PostForm.Get("days")
	set, title, err := c.questionSet(indicators, rule)
	n, numErr := strconv.Atoi(days)
	if err == nil && (numErr != nil || n < 0 || n > 4000) {
		err = &mistake{"Choose how far back to search."}
	}
	var wrong *mistake
	if errors.As(err, &wrong) {
		all, listErr := c.Hunter.Answers(r.Context(), answersShown)
		if listErr != nil {
			return answer{}, listErr
		}
		v := c.huntPage(r, all, page.Clean(strings.ReplaceAll(indicators, "\r", ""), 20000), rule, days)
		v.Indicators, v.Wrong = indicators, wrong.says
		return answer{show: view("hunt", v).show, status: 400}, nil
	}
	if err != nil {
		return answer{}, err
	}
	q := watch.Question{Set: set, Title: title, By: r.actor.ID}
	if n > 0 {
		q.From = r.clock.Now.AddDate(0, 0, -n)
	}
	var j *job
	err = c.House.Do(r.Context(), access.HuntRun, access.Object{Kind: "answer"}, map[string]string{"days": days, "rules": strconv.Itoa(len(set.Rules())), "indicators": strconv.Itoa(set.Indicators())}, func(context.Context) error {
		var err error
		j, err = c.jobs.start("hunt", page.Clean(title, 160), r.actor, r.clock.Now, func(ctx context.Context, progress func(done, total uint64, seen int)) (any, error) {
			a, err := c.Hunter.Hunt(ctx, q, func(p watch.Progress) { progress(p.Done, p.Total, p.Seen) })
			return remembered(a), err
		})
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{to: "/hunt/" + j.id}, nil
}

// remembered is what stays in memory of an answer: what its page shows. All of it lies in the journal.
func remembered(a watch.Answer) watch.Answer {
	a.Title = page.Clean(a.Title, 160)
	shown := make([]finding.Finding, 0, mostFindings)
	for i := range a.Findings[:min(mostFindings, len(a.Findings))] {
		f := &a.Findings[i]
		shown = append(shown, finding.Finding{ID: f.ID, Rule: finding.Rule{Title: page.Clean(f.Rule.Title, 160), Level: f.Rule.Level}, Count: f.Count, Entities: f.Entities, Last: f.Last})
	}
	a.Findings = shown
	return a
}

// questionSet compiles what was pasted, indicators or rules, and finds a title for it.
func (c *Console) questionSet(indicators, rule string) (*watch.Set, string, error) {
	switch {
	case indicators != "" && rule != "":
		return nil, "", &mistake{"Ask for one thing at a time: indicators, or a rule."}
	case indicators != "":
		return c.indicatorSet(indicators)
	case rule != "":
		return c.ruleSet(rule)
	}
	return nil, "", &mistake{"Say what to look for: paste indicators, or a rule."}
}

func (c *Console) indicatorSet(text string) (*watch.Set, string, error) {
	b := indicator.NewBuilder(mostIndicators)
	source := b.AddSource(indicator.Source{File: "question", Title: "of the question", Level: "high"})
	ref, err := b.Detail(&indicator.Detail{Source: source})
	if err != nil {
		return nil, "", fmt.Errorf("take in indicators: %w", err)
	}
	var p indicator.Parser
	n, first := 0, ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v, err := p.Parse([]byte(line))
		if err != nil {
			return nil, "", &mistake{fmt.Sprintf("Line %d is no address, name or digest: %s. Mend or remove it.", i+1, err)}
		}
		if first == "" {
			first = v.String()
		}
		if _, err := b.Add(v, i+1, ref); err != nil {
			return nil, "", &mistake{fmt.Sprintf("Ask for %s indicators at most; for longer lists use wardline hunt.", page.Number(mostIndicators))}
		}
		n++
	}
	if n == 0 {
		return nil, "", &mistake{"Say what to look for: paste indicators, one in a line."}
	}
	set, err := b.Build()
	if err != nil {
		return nil, "", fmt.Errorf("take in indicators: %w", err)
	}
	whole, _ := watch.Compile(nil, nil, set, c.Taxonomy)
	title := first
	if n > 1 {
		title = fmt.Sprintf("%s and %d more", first, n-1)
	}
	return whole, title, nil
}

func (c *Console) ruleSet(text string) (*watch.Set, string, error) {
	docs, problems := sigma.Parse("question", []byte(text), sigma.Options{})
	for _, p := range problems {
		if !p.Warning {
			return nil, "", &mistake{fmt.Sprintf("The rule cannot be asked, line %d: %s.", p.Line, page.Clean(p.Reason, 300))}
		}
	}
	switch {
	case len(docs.Rules) == 0:
		return nil, "", &mistake{"There is no rule in this text: it needs title, logsource and detection."}
	case len(docs.Rules)+len(docs.Correlations) > mostRules:
		return nil, "", &mistake{"Ask twenty rules at most at a time."}
	}
	set, problems := watch.Compile(docs.Rules, docs.Correlations, nil, c.Taxonomy)
	for _, p := range problems {
		if !p.Warning {
			return nil, "", &mistake{"The rule cannot be asked: " + page.Clean(p.Reason, 300) + "."}
		}
	}
	title := docs.Rules[0].Title
	if n := len(docs.Rules); n > 1 {
		title = fmt.Sprintf("%s and %d more", title, n-1)
	}
	return set, title, nil
}

func (c *Console) huntOf(r *request) (*job, error) {
	j := c.jobs.find(r.PathValue("job"))
	if j == nil || j.kind != "hunt" {
		return nil, errAbsent
	}
	return j, nil
}

func (c *Console) huntJob(r *request) (answer, error) {
	j, err := c.huntOf(r)
	if err != nil {
		return answer{}, err
	}
	v := page.Job{URL: "/hunt/" + j.id, Heading: page.Clean(j.title, 160), Running: j.running(), Label: "asked " + r.clock.At(j.began) + " by " + page.Clean(j.by.Name, 60)}
	v.Frame = c.frame(r, "hunt", "Search back", "Was this ever seen here?", key("go on", "Enter"))
	v.Crumbs = []page.Link{{Text: "Search back", URL: "/hunt"}, {Text: v.Heading}}
	v.Next = &page.Link{Text: "Ask something else", URL: "/hunt"}
	v.Meaning = "It speaks of events that reached Wardline and that we can still read. Systems that do not send to us may have seen it."
	if v.Running {
		v.Meter, v.Says = progressOf(j)
		v.State, v.Answer = page.Watch("Running"), "We are looking."
		return view("job", v), nil
	}
	result, err := j.result()
	a, ok := result.(watch.Answer)
	switch {
	case errors.Is(err, context.Canceled):
		v.State, v.Answer, v.Says = page.Dim("Stopped"), "Stopped before the end.", "There is no answer: what was not looked at may hold it."
	case err != nil || !ok:
		f := c.failure(r, err)
		v.State, v.Answer, v.Says = page.Look("No answer"), "The search failed.", f.says+" "+f.code
	default:
		c.showAnswer(r, &v, &a)
	}
	return view("job", v), nil
}

func (c *Console) showAnswer(r *request, v *page.Job, a *watch.Answer) {
	v.State = answerState(a)
	v.Answer = "No. It was not seen in " + page.Plural(a.Days, "day") + "."
	if a.Events == 0 {
		v.Answer = "There was nothing to search in that time."
	}
	if a.Seen > 0 {
		v.Answer = "Yes. It was seen " + times(a.Seen) + ", last " + r.clock.At(a.Last) + "."
	}
	v.Says = sentence("looked at " + looked(a))
	v.Facts = []page.Pair{{Name: "Events", Value: page.Number(a.Events)}, {Name: "Entries", Value: page.Number(a.Entries)}, {Name: "Days", Value: page.Number(a.Days)}, {Name: "Asked with", Value: page.Plural(a.Rules, "rule") + ", " + page.Plural(a.Listed, "indicator")}}
	if !a.From.IsZero() {
		v.Facts = append([]page.Pair{{Name: "From", Value: r.clock.Second(a.From)}}, v.Facts...)
	}
	if a.Damaged+a.Deleted+a.Unread > 0 {
		v.Facts = append(v.Facts, page.Pair{Name: "Not read", Value: fmt.Sprintf("%s damaged, %s deleted after their time, %s", entries(uint64(a.Damaged)), entries(uint64(a.Deleted)), page.Plural(a.Unread, "line"))})
	}
	v.Seal = seal(a.Place.Entry, a.Place.Line)
	for i := range a.Findings[:min(20, len(a.Findings))] {
		v.Findings = append(v.Findings, c.foundRow(r, &a.Findings[i]))
	}
}

func (c *Console) stopHunt(r *request) (answer, error) {
	j, err := c.huntOf(r)
	if err != nil {
		return answer{}, err
	}
	err = c.House.Do(r.Context(), access.HuntRun, access.Object{Kind: "answer", ID: j.id, Owner: j.by.ID}, map[string]string{"change": "stop"}, func(context.Context) error {
		j.stop()
		return nil
	})
	return answer{to: "/hunt?done=stopped"}, err
}

func (c *Console) huntProgress(r *request) (answer, error) {
	j, err := c.huntOf(r)
	if err != nil {
		return answer{}, err
	}
	return c.progress(r, j)
}

const streamBeat = 15 * time.Second

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/watch"
)

// ruleActivateCmd is `wardline rule activate`.
type ruleActivateCmd struct {
	nodeFlags `embed:""`
	Back      string `default:"0" help:"How much of the past to try them on, such as 180d or 12h; 0 is everything there is."`
	Yes       bool   `short:"y" help:"Do not ask before they go live."`
}

// errKept says that the person did not want it.
var errKept = errors.New("the rules at work stay as they are")

// Run shows the receipt first.
func (c *ruleActivateCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	back, err := span(c.Back)
	if err != nil {
		return fmt.Errorf("%w: --back: %w", errUsage, err)
	}
	var p node.Proposal
	if err := node.Control(ctx, &config, "/rules/look", node.RulesRequest{}, &p); err != nil {
		return err
	}
	for _, f := range p.Refused {
		fmt.Fprintf(s.out, "Refused: %s: %s\n", report.Clean(f.File), report.Clean(f.Reason))
	}
	if p.Version == "" {
		_, err := fmt.Fprintln(s.out, "The rules at work are those that are configured.")
		return err
	}
	tellChange(s, &p.Change)
	asked := node.RulesRequest{Version: p.Version}
	if back > 0 {
		asked.From = time.Now().Add(-back)
	}
	var done, total atomic.Int64
	progress := func(p watch.Progress) { done.Store(int64(p.Done)); total.Store(int64(p.Total)) }
	stop := s.steps("Trying", "entry", &done, &total)
	t, err := node.TryRules(ctx, &config, asked, progress)
	stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "They would have found %d more (in %s, %s).\n%s of now would no longer be found; judged true of these: %d.\n",
		t.New, report.Plural(int64(t.Days), "day"), report.Plural(int64(t.Events), "event"), report.Plural(int64(t.Gone), "finding"), t.GoneTrue)
	if !c.Yes && !s.agrees("Let them go live?") {
		return errKept
	}
	done.Store(0)
	stop = s.steps("Searching the past", "entry", &done, &total)
	a, err := node.ActivateRules(ctx, &config, asked, progress)
	stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "They are at work. What is new in them: ")
	switch {
	case a.Seen > 0:
		fmt.Fprintf(s.out, "seen %s, first %s, last %s.\n", report.Plural(int64(a.Seen), "time"), clock(a.First), clock(a.Last))
	default:
		fmt.Fprintf(s.out, "searched %s, %s, not seen.\n", report.Plural(int64(a.Days), "day"), report.Plural(int64(a.Events), "event"))
	}
	_, err = fmt.Fprintln(s.out, "The answer is sealed; the console's page Search back shows it.")
	return err
}

func tellChange(s streams, c *watch.Change) {
	for _, part := range []struct {
		word  string
		rules []finding.Rule
	}{{"New", c.New}, {"Changed", c.Changed}, {"Gone", c.Gone}} {
		for i := range part.rules {
			r := &part.rules[i]
			fmt.Fprintf(s.out, "%-8s %-13s %s (%s)\n", part.word, r.Level, report.Clean(r.Title), report.Clean(r.Source))
		}
	}
	if c.Lists {
		fmt.Fprintf(s.out, "The lists of indicators differ: %d values in place of %d.\n", c.Listed, c.WereListed)
	}
}

// agrees asks a person.
func (s streams) agrees(question string) bool {
	fmt.Fprintf(s.out, "%s [y/N] ", question)
	line, err := bufio.NewReader(s.in).ReadString('\n')
	return err == nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y")
}

// ruleResumeCmd is `wardline rule resume`.
type ruleResumeCmd struct {
	nodeFlags `embed:""`
	Name      string `arg:"" help:"Id or title of the rule."`
}

// Run has the node that runs ask the rule again.
func (c *ruleResumeCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	if err := node.Control(ctx, &config, "/rules/resume", node.RulesRequest{Name: c.Name}, &node.RulesRequest{}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "The rule is asked again, from now on. What passed meanwhile was not asked: wardline hunt asks it.")
	return err
}

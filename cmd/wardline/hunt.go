package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/watch"
)

// huntCmd is `wardline hunt`.
type huntCmd struct {
	nodeFlags `embed:""`
	Question  string `arg:"" help:"A file or folder of rules, a file of indicators, the id or title of a rule that is loaded, or an address, name or digest."`
	Back      string `default:"180d" help:"How far back to search, such as 180d or 12h; 0 is everything there is."`
}

// Run asks the node that runs.
func (c *huntCmd) Run(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	back, err := span(c.Back)
	if err != nil {
		return fmt.Errorf("%w: --back: %w", errUsage, err)
	}
	asked := node.HuntRequest{Question: c.Question}
	if _, err := os.Stat(c.Question); err == nil {
		if asked.Question, err = filepath.Abs(c.Question); err != nil {
			return err
		}
	}
	if back > 0 {
		asked.From = time.Now().Add(-back)
	}
	var done, total atomic.Int64
	stop := s.steps("Searching", "entry", &done, &total)
	a, err := node.Hunt(ctx, &config, asked, func(p watch.Progress) { done.Store(int64(p.Done)); total.Store(int64(p.Total)) })
	stop()
	if err != nil {
		return err
	}
	return c.tell(s, &a)
}

func (c *huntCmd) tell(s streams, a *watch.Answer) error {
	switch {
	case a.Events == 0:
		fmt.Fprintf(s.out, "There was nothing to search in that time. The journal has %d entries.\n", a.Entries)
	case a.Seen == 0:
		fmt.Fprintf(s.out, "Not seen: %s. Searched %d events of %d days in %.1f s.\n", report.Clean(a.Title), a.Events, a.Days, a.Took.Seconds())
	default:
		fmt.Fprintf(s.out, "Seen %s: %s. First %s, last %s. Searched %s of %s in %.1f s.\n", report.Plural(int64(a.Seen), "time"), report.Clean(a.Title),
			clock(a.First), clock(a.Last), report.Plural(int64(a.Events), "event"), report.Plural(int64(a.Days), "day"), a.Took.Seconds())
	}
	if n := a.Damaged + a.Deleted + a.Unread; n > 0 {
		fmt.Fprintf(s.out, "Not all could be read: %d entries are damaged, %d were deleted after their time, %d lines are unreadable.\n", a.Damaged, a.Deleted, a.Unread)
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		fmt.Fprintf(s.out, "  %s  %s  %s  %s\n", f.Rule.Level, report.Clean(f.Rule.Title), report.Clean(strings.Join(f.Entities["host"], ", ")), report.Plural(int64(f.Count), "event"))
	}
	_, err := fmt.Fprintln(s.out, "The answer is sealed; the console's page Search back shows it.")
	return err
}

func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// span reads a duration in which d stands for 24 hours.
func span(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("a number of days, such as 180d")
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	if text == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("a time such as 180d or 12h")
	}
	return d, nil
}

package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// weigh suspends rules that take too much time, and says so in a finding.
func (l *Live) weigh(ctx context.Context, now time.Time) error {
	dear := l.meter.tooDear(now, l.events)
	for _, n := range dear {
		s := &l.stats[n]
		if s.Suspended {
			continue
		}
		s.Suspended = true
		l.log.ErrorContext(ctx, "a rule takes too much time and was suspended: make it cheaper and load it again", "rule", s.ID, "file", s.Source)
		l.notice(&s.Rule, now)
	}
	if len(dear) == 0 {
		return nil
	}
	l.skipSuspended()
	l.flushes++
	return l.file(ctx, l.between(), now, false)
}

// skipSuspended tells the judge which rules not to ask.
func (l *Live) skipSuspended() {
	l.judge.watch.Skip = nil
	for n := range l.set.rules {
		if !l.stats[n].Suspended {
			continue
		}
		if l.judge.watch.Skip == nil {
			l.judge.watch.Skip = make([]bool, len(l.set.rules))
		}
		l.judge.watch.Skip[n] = true
	}
}

// notice enters that a rule was suspended.
func (l *Live) notice(r *finding.Rule, now time.Time) {
	about := finding.Rule{
		ID: "wardline-rule-suspended", Title: "Rule suspended: " + r.Title, Level: "high", Author: "Wardline", Source: "wardline", Type: "notice",
		Summary: fmt.Sprintf("The rule took more than %g %% of a processor core for %v, and is not asked any more. "+
			"Make it cheaper, such as by a condition that few events meet, and load it again.", 100*l.cfg.RuleShare, l.cfg.RuleWindow),
	}
	name := ruleKey(r)
	l.book.AddJoined(finding.Policy, &about, name, []finding.Evidence{{
		Source: "wardline", Time: now.UTC(), Fields: []byte("{}"), Entities: map[string]string{"rule": name},
	}})
}

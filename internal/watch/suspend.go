package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/store"
)

// weigh suspends rules that take too much time, and says so in a finding.
func (l *Live) weigh(ctx context.Context, now time.Time) error {
	var dear []int
	for _, n := range l.meter.tooDear(now, l.events) {
		if !l.stats[n].Suspended {
			dear = append(dear, n)
		}
	}
	if len(dear) == 0 {
		return nil
	}
	if err := l.suspend(ctx, dear); err != nil {
		return err
	}
	for _, n := range dear {
		s := &l.stats[n]
		s.Suspended = true
		l.log.ErrorContext(ctx, "a rule takes too much time and was suspended: make it cheaper, or have it tried again with wardline rule resume", "rule", s.ID, "file", s.Source)
		l.notice(&s.Rule, now)
	}
	l.skipSuspended()
	l.flushes++
	return l.file(ctx, l.between(), now, false)
}

// suspend writes down which rules are not asked from here on, so that a restart does not ask them either.
func (l *Live) suspend(ctx context.Context, dear []int) error {
	err := l.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		for _, n := range dear {
			_, err := tx.ExecContext(ctx, `INSERT INTO watch_suspended (rule, entry) VALUES ($1, $2) ON CONFLICT (rule) DO UPDATE SET entry = excluded.entry`,
				l.stats[n].digest, int64(l.next))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note that a rule is suspended: %w", err)
	}
	for _, n := range dear {
		l.suspended[l.stats[n].digest] = l.next
	}
	return nil
}

// suspended lists the rules that are suspended, and from which entry on.
func suspended(ctx context.Context, db *store.DB) (map[string]uint64, error) {
	rows, err := db.QueryContext(ctx, `SELECT rule, entry FROM watch_suspended`)
	if err != nil {
		return nil, fmt.Errorf("read which rules are suspended: %w", err)
	}
	defer rows.Close()
	all := map[string]uint64{}
	for rows.Next() {
		var rule string
		var entry int64
		if err := rows.Scan(&rule, &entry); err != nil {
			return nil, fmt.Errorf("read which rules are suspended: %w", err)
		}
		all[rule] = uint64(entry)
	}
	return all, rows.Err()
}

// ErrNotSuspended says that no rule of that name is suspended.
var ErrNotSuspended = errors.New("no such rule is suspended: the console's page Rules shows which are")

// Resume asks a suspended rule again, from the next entry on. name is its id or its title. What passed meanwhile is not
// asked about.
func (l *Live) Resume(ctx context.Context, name string) error {
	if err := l.enter(ctx, 0); err != nil {
		return err
	}
	defer l.mu.Unlock()
	found := false
	for n := range l.stats {
		s := &l.stats[n]
		if !s.Suspended || !strings.EqualFold(s.ID, name) && !strings.EqualFold(s.Title, name) {
			continue
		}
		if _, err := l.cfg.DB.ExecContext(ctx, `DELETE FROM watch_suspended WHERE rule = $1`, s.digest); err != nil {
			return fmt.Errorf("note that a rule is asked again: %w", err)
		}
		delete(l.suspended, s.digest)
		s.Suspended, found = false, true
	}
	if !found {
		return ErrNotSuspended
	}
	l.meter.begin(time.Time{}, 0) // what it took before is forgiven
	l.skipSuspended()
	return nil
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
			"Make it cheaper, such as by a condition that few events meet, or have it tried again.", 100*l.cfg.RuleShare, l.cfg.RuleWindow),
	}
	name := ruleKey(r)
	l.book.AddJoined(finding.Policy, &about, name, []finding.Evidence{{
		Source: "wardline", Time: now.UTC(), Fields: []byte("{}"), Entities: map[string]string{"rule": name},
	}})
}

package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// lookEvery is how often is looked whether Live is where it has to be.
const lookEvery = 20 * time.Millisecond

// enter waits until Live watches and has judged all entries before one. It returns with mu held.
func (l *Live) enter(ctx context.Context, least uint64) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		l.mu.Lock()
		if l.state != nil && !l.broken && l.next >= least {
			return nil
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// position waits until Live watches, and says which entry it judges next.
func (l *Live) position(ctx context.Context) (uint64, error) {
	if err := l.enter(ctx, 0); err != nil {
		return 0, err
	}
	defer l.mu.Unlock()
	return l.next, nil
}

// Swap makes set the one that events are judged by, from the entry on whose index it returns. Correlations that have not
// changed remember what they saw. It waits until all entries before least were judged by the set before. The version of the
// set is durable with the position, and with what also, which may be nil, writes.
func (l *Live) Swap(ctx context.Context, set *Set, least uint64, also func(tx *sql.Tx, from uint64) error) (from uint64, err error) {
	set.Version() // takes its time, and nobody shall wait for it below
	if err := l.enter(ctx, least); err != nil {
		return 0, err
	}
	defer l.mu.Unlock()
	old, remembered := l.set, l.state
	state, err := l.carryOver(set, remembered)
	if err != nil {
		return 0, fmt.Errorf("take over what correlations remember: %w", err)
	}
	if err := l.checkpoint(ctx, nil); err != nil {
		return 0, err
	}
	l.state, l.changed = state, true
	l.use(set)
	err = l.checkpoint(ctx, nil, func(tx *sql.Tx) error {
		if err := l.leave(ctx, tx, old, set); err != nil || also == nil {
			return err
		}
		return also(tx, l.next)
	})
	if err != nil {
		l.state = remembered
		l.use(old)
		return 0, err
	}
	return l.next, nil
}

// maxLeft is how many rules are remembered that are not at work any more.
const maxLeft = 100_000

// leave notes how far the rules have judged that are in the old set and not in the new one.
func (l *Live) leave(ctx context.Context, tx *sql.Tx, old, set *Set) error {
	stay := map[string]bool{"": true}
	for _, part := range set.parts() {
		stay[part] = true
	}
	for _, part := range old.parts() {
		if stay[part] {
			continue
		}
		through, suspended := l.suspended[part]
		if !suspended {
			through = l.next
		}
		if err := setJudged(ctx, tx, part, through); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM watch_judged WHERE entries <
		(SELECT min(entries) FROM (SELECT entries FROM watch_judged ORDER BY entries DESC LIMIT $1) AS kept)`, maxLeft)
	return err
}

func setJudged(ctx context.Context, tx *sql.Tx, part string, through uint64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO watch_judged (rule, entries) VALUES ($1, $2)
		ON CONFLICT (rule) DO UPDATE SET entries = excluded.entries`, part, int64(through))
	return err
}

// judged tells how far each part of a set has judged that is not at work.
func judged(ctx context.Context, db *store.DB) (map[string]uint64, error) {
	rows, err := db.QueryContext(ctx, `SELECT rule, entries FROM watch_judged`)
	if err != nil {
		return nil, fmt.Errorf("read how far rules have judged: %w", err)
	}
	defer rows.Close()
	all := map[string]uint64{}
	for rows.Next() {
		var rule string
		var entries int64
		if err := rows.Scan(&rule, &entries); err != nil {
			return nil, fmt.Errorf("read how far rules have judged: %w", err)
		}
		all[rule] = uint64(entries)
	}
	return all, rows.Err()
}

// LiveVersion is the version of the set that events were judged by last, as it stands in the database; "" when the set was
// never changed.
func LiveVersion(ctx context.Context, db *store.DB) (version string, err error) {
	if err := db.Migrate(ctx, "watch", schema); err != nil {
		return "", err
	}
	err = db.QueryRowContext(ctx, `SELECT version FROM watch_state WHERE follower = $1`, follower).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read what was judged by: %w", err)
	}
	return version, nil
}

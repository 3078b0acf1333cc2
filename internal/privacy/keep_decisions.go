package privacy

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/store"
)

// savedDecision is what people concluded of a case.
type savedDecision struct {
	Decision
	Factors [4]string // of Breach
}

// loadDecisions applies what people concluded, or took back, after the position was written last.
func (c *cabinet) loadDecisions(ctx context.Context, e *Engine) error {
	decided := map[string]struct{}{}
	err := c.rows(ctx, func(rows *sql.Rows) error {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		var by savedDecision
		if err := c.opened(body, sealedDecision, &by); err != nil {
			return err
		}
		decided[id] = struct{}{}
		switch d := e.queue.cases[id]; {
		case d == nil || d.State == Waiting:
			e.decided[id] = by
		case d.State == Pending || d.State == Closed:
			e.restore(d, &by)
		}
		return nil
	}, `SELECT case_id, body FROM privacy_decisions ORDER BY at, id`)
	if err != nil {
		return err
	}
	for _, d := range e.queue.sorted(func(d *dossier) bool { return d.State == Closed }) {
		if _, is := decided[d.ID]; !is {
			e.reopen(d)
		}
	}
	return nil
}

// restore has a decision hold that was made before a restart, in place of an earlier one that was taken back. Whether it was allowed was
// asked then.
func (e *Engine) restore(d *dossier, by *savedDecision) {
	if d.State == Closed && !d.Decided.At.Equal(by.At) {
		e.reopen(d)
	}
	if d.State == Pending {
		e.conclude(d, by.Decision)
	}
	if d.Breach != nil && d.Breach.Factors != by.Factors {
		d.Breach.Factors = by.Factors
		e.changedCase(d)
	}
}

// decide writes at once how a case stands, so that what a person concluded outlasts a crash. A case that is open again has no
// decision.
func (c *cabinet) decide(ctx context.Context, d *dossier) error {
	var by savedDecision
	if d.Decided != nil {
		by.Decision = *d.Decided
	}
	if d.Breach != nil {
		by.Factors = d.Breach.Factors
	}
	body, err := c.sealed(by, sealedDecision)
	if err != nil {
		return err
	}
	err = c.db.Do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM privacy_decisions WHERE case_id = $1`, d.ID); err != nil || d.Decided == nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO privacy_decisions (id, case_id, at, body) VALUES ($1, $2, $3, $4)`,
			uuid.Must(uuid.NewV7()).String(), d.ID, store.At(d.Decided.At), body)
		return err
	})
	if err != nil {
		return fmt.Errorf("write a decision: %w", err)
	}
	return nil
}

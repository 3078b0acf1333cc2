package integrity

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// Ask is a thing of another system that is to be read back now, and not in the night.
type Ask struct {
	System string
	Part   string    // table, type of resources, or images
	Thing  []string  // key of a row, id of a resource, Study Instance UID: patient data
	Doubt  string    // because of which it is asked; empty when two systems differ
	Due    time.Time // not before
}

// Answer is what became of an Ask. It holds no patient data.
type Answer struct {
	System, Part    string
	Asked, Answered time.Time // Answered is zero while it waits
	Outcome         string    // empty while it waits
}

// The outcomes of an Ask besides those of sweeps (match, explained, pending, mismatch).
const (
	OutcomeMatch      = "match"
	OutcomeChanged    = "changed"    // images are others than when they were read last
	OutcomeAbsent     = "absent"     // the system knows nothing of it
	OutcomeUnanswered = "unanswered" // it could not be asked for a day
)

const (
	sealedAsk  = "integrity ask"
	askedAgain = 10 * time.Minute // after which opening a doubt has its systems asked anew
	givenUp    = 24 * time.Hour
	mostAsked  = 50 // things of one doubt
	askedOnce  = 100
)

// LookBack has the systems that keep what a doubt is about asked for it now. It is called when somebody opens the doubt; what was asked in the last minutes is not asked
// again. Answers says what came of it.
func (r *Room) LookBack(ctx context.Context, d *Doubt, now time.Time) error {
	asks, err := r.things(ctx, d)
	if err != nil || len(asks) == 0 {
		return err
	}
	return r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		for _, a := range asks[:min(len(asks), mostAsked)] {
			if err := r.putAsk(ctx, tx, a, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// things are what other systems keep of that which a doubt is about.
func (r *Room) things(ctx context.Context, d *Doubt) ([]Ask, error) {
	part := d.Part
	if part == "" {
		part = d.About
	}
	switch {
	case len(d.Thing) > 0:
		return []Ask{{System: d.System, Part: part, Thing: d.Thing, Doubt: d.ID}}, nil
	case d.Study != "":
		return r.archives(ctx, d)
	case len(r.cfg.Kept) == 0:
		return nil, nil
	}
	places := d.Places
	if d.Before != nil {
		places = append(places[:len(places):len(places)], *d.Before)
	}
	var out []Ask
	shelf := newDrawers[kept.Seal](r.cfg.DB, r.cfg.Vault, "integrity_kept")
	shelf.ctx = ctx
	for _, at := range places[:min(len(places), mostAsked)] {
		said, err := r.Said(ctx, at)
		if err != nil {
			return nil, err
		}
		if said.Message == nil {
			continue
		}
		for i := range r.cfg.Kept {
			c := &r.cfg.Kept[i]
			for _, s := range assertion.OfHL7(said.Message, &c.rules) {
				if c.byTime {
					timed(&s)
				}
				key := s.KeySum()
				seal, _, err := shelf.seal(keptName(c.System, key[:]))
				if err != nil {
					return nil, err
				}
				if part, id, there := strings.Cut(seal.Kept.Thing, "/"); there {
					out = append(out, Ask{System: c.System, Part: part, Thing: []string{id}, Doubt: d.ID})
				}
			}
		}
	}
	return out, nil
}

// archives asks all archives for a study, or the one that the doubt is about.
func (r *Room) archives(ctx context.Context, d *Doubt) ([]Ask, error) {
	states, err := r.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	var out []Ask
	for _, s := range states {
		if s.Unit == images && (d.System == "" || d.System == s.System) {
			out = append(out, Ask{System: s.System, Part: images, Thing: []string{d.Study}, Doubt: d.ID})
		}
	}
	return out, nil
}

func (r *Room) putAsk(ctx context.Context, tx *sql.Tx, a Ask, now time.Time) error {
	plain, err := json.Marshal(a.Thing)
	if err != nil {
		return fmt.Errorf("write what is to be read back: %w", err)
	}
	id := int64(r.cfg.Vault.Hash(sealedAsk, fmt.Sprintf("%q %q %q %s", a.System, a.Part, a.Doubt, plain)))
	body, err := r.cfg.Vault.SealBlob(plain, sealedAsk)
	if err != nil {
		return fmt.Errorf("seal what is to be read back: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO integrity_asks (id, system, name, doubt, body, at, due, answered, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '')
		ON CONFLICT (id) DO UPDATE SET at = excluded.at, due = excluded.due, answered = 0, outcome = '' WHERE integrity_asks.doubt = '' OR integrity_asks.at < $8`,
		id, a.System, a.Part, a.Doubt, body, now.Unix(), max(a.Due.Unix(), 0), now.Add(-askedAgain).Unix())
	if err != nil {
		return fmt.Errorf("keep what is to be read back: %w", err)
	}
	return nil
}

// writeAsks keeps what the engine wants to be asked, within the follower's transaction.
func (r *Room) writeAsks(ctx context.Context, tx *sql.Tx) error {
	for _, a := range r.engine.asks {
		if err := r.putAsk(ctx, tx, a, r.engine.observed); err != nil {
			return err
		}
	}
	return nil
}

// Answers says what came of looking back because of a doubt, by system and part.
func (r *Room) Answers(ctx context.Context, doubt string) ([]Answer, error) {
	rows, err := r.cfg.DB.QueryContext(ctx, `SELECT system, name, at, answered, outcome FROM integrity_asks WHERE doubt = $1 ORDER BY system, name, id LIMIT 200`, doubt)
	if err != nil {
		return nil, fmt.Errorf("list what was read back: %w", err)
	}
	defer rows.Close()
	var out []Answer
	for rows.Next() {
		var a Answer
		var at, answered int64
		if err := rows.Scan(&a.System, &a.Part, &at, &answered, &a.Outcome); err != nil {
			return nil, fmt.Errorf("list what was read back: %w", err)
		}
		a.Asked = time.Unix(at, 0)
		if answered != 0 {
			a.Answered = time.Unix(answered, 0)
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// errands are what one system is to be asked for.
type errands struct {
	db     *store.DB
	vault  *vault.Vault
	system string
}

// errand is one of them.
type errand struct {
	id    int64
	part  string
	thing []string
	at    time.Time
}

// due lists what may be asked for now, by part.
func (e errands) due(ctx context.Context, now time.Time) (map[string][]errand, error) {
	rows, err := e.db.QueryContext(ctx, `SELECT id, name, body, at FROM integrity_asks WHERE system = $1 AND answered = 0 AND due <= $2 ORDER BY due LIMIT $3`, e.system, now.Unix(), askedOnce)
	if err != nil {
		return nil, fmt.Errorf("look for what is to be read back: %w", err)
	}
	defer rows.Close()
	out := map[string][]errand{}
	for rows.Next() {
		var one errand
		var body []byte
		var at int64
		if err := rows.Scan(&one.id, &one.part, &body, &at); err != nil {
			return nil, fmt.Errorf("look for what is to be read back: %w", err)
		}
		plain, err := e.vault.OpenBlob(body, sealedAsk)
		if err == nil {
			err = json.Unmarshal(plain, &one.thing)
		}
		if err != nil {
			return nil, fmt.Errorf("open what is to be read back: %w", err)
		}
		one.at = time.Unix(at, 0)
		out[one.part] = append(out[one.part], one)
	}
	return out, rows.Err()
}

// each calls do for the errands of each part that are due.
func (e errands) each(ctx context.Context, now time.Time, do func(part string, list []errand) error) error {
	due, err := e.due(ctx, now)
	if err != nil {
		return err
	}
	for part, list := range due {
		if err := do(part, list); err != nil {
			return err
		}
	}
	return nil
}

// forget settles errands of a part that is declared no more.
func (e errands) forget(ctx context.Context, list []errand, now time.Time) error {
	return e.finish(ctx, list, false, func(*errand) string { return OutcomeAbsent }, now)
}

// settle keeps the outcome of an errand. One that nobody's doubt waits for is forgotten.
func (e errands) settle(ctx context.Context, one *errand, outcome string, now time.Time) error {
	err := e.db.Do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM integrity_asks WHERE id = $1 AND doubt = ''`, one.id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE integrity_asks SET answered = $2, outcome = $3 WHERE id = $1`, one.id, now.Unix(), outcome)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what was read back: %w", err)
	}
	return nil
}

// finish settles errands that were done, or puts them off when they could not be. What is said of none is absent.
func (e errands) finish(ctx context.Context, list []errand, failed bool, outcome func(*errand) string, now time.Time) error {
	if failed {
		return e.later(ctx, list, now)
	}
	for i := range list {
		if err := e.settle(ctx, &list[i], cmp.Or(outcome(&list[i]), OutcomeAbsent), now); err != nil {
			return err
		}
	}
	return nil
}

// later puts errands off that could not be done, and gives up those that were put off for a day.
func (e errands) later(ctx context.Context, list []errand, now time.Time) error {
	for i := range list {
		one := &list[i]
		if now.Sub(one.at) > givenUp {
			if err := e.settle(ctx, one, OutcomeUnanswered, now); err != nil {
				return err
			}
			continue
		}
		if _, err := e.db.ExecContext(ctx, `UPDATE integrity_asks SET due = $2 WHERE id = $1`, one.id, now.Add(time.Minute).Unix()); err != nil {
			return fmt.Errorf("put off what is to be read back: %w", err)
		}
	}
	return nil
}

package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// A proposal waits for a day. Somebody who has not been here for a month is not waited for.
const (
	proposalLife = 24 * time.Hour
	away         = 30 * 24 * time.Hour
	maxProposals = 100 // that wait at once
)

// The errors of what takes two people.
var (
	ErrProposal  = errors.New("the proposal was decided, was withdrawn or is too old: see what is so now, and propose it again")
	ErrOwn       = errors.New("somebody else must agree to what you proposed")
	ErrProposals = errors.New("too many proposals wait: decide those first")
)

// Proposal is an act that one person wants to be done and that another must agree to (four eyes).
type Proposal struct {
	ID       string
	At, Ends time.Time
	By       string // id of the person who proposes
	Display  string // and what others call the person
	Verb     Verb
	Object   Object
	Detail   map[string]string
	Terms    json.RawMessage // all that the act needs, so that what was agreed to is what is done
}

// Second tells whether somebody beside the actor could agree to v: a person who may do it and was here
// in the last 30 days. In a house where nobody could, one person acts alone, and the trail shows it.
func (h *House) Second(ctx context.Context, v Verb, o Object) (bool, error) {
	a, _ := ActorOf(ctx)
	rows, err := h.db.QueryContext(ctx, `SELECT `+userColumns+` FROM people WHERE id <> $1 AND disabled = 0 AND (login > $2 OR created > $2)`,
		a.ID, store.At(h.now().Add(-away)))
	if err != nil {
		return false, fmt.Errorf("look for a second person: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	for rows.Next() {
		p, err := scanUser(rows, nil)
		if err != nil {
			return false, fmt.Errorf("look for a second person: %w", err)
		}
		if p.Enrolled && Check(p.actor(), v, o) == nil {
			return true, nil
		}
	}
	return false, rows.Err()
}

// Propose keeps an act for somebody else to agree to. The actor must be let do it, as if it were done now. detail goes into
// the trail; terms is what Agree hands on.
func (h *House) Propose(ctx context.Context, v Verb, o Object, detail map[string]string, terms any) error {
	a, _ := ActorOf(ctx)
	text, err := json.Marshal(terms)
	if err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	said, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	id, err := newID()
	if err != nil {
		return err
	}
	return h.Do(ctx, v, o, with(detail, "proposes", id), func(ctx context.Context) error {
		return h.db.Do(ctx, func(tx *sql.Tx) error {
			now := h.now()
			if _, err := tx.ExecContext(ctx, `DELETE FROM proposals WHERE ends <= $1`, store.At(now)); err != nil {
				return err
			}
			var waiting int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM proposals`).Scan(&waiting); err != nil {
				return err
			}
			if waiting >= maxProposals {
				return ErrProposals
			}
			saidSealed, err := h.vault.SealText(string(said), sealedProposal)
			if err != nil {
				return err
			}
			termsSealed, err := h.vault.SealText(string(text), sealedProposal)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO proposals (id, at, ends, person, verb, kind, object, owner, detail, terms)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, id, store.At(now), store.At(now.Add(proposalLife)), a.ID,
				string(v), store.Text(o.Kind), store.Text(o.ID), store.Text(o.Owner), saidSealed, termsSealed)
			return err
		})
	})
}

const proposalColumns = `proposals.id, proposals.at, proposals.ends, person, people.display, verb, kind, object, owner, detail, terms
	FROM proposals JOIN people ON people.id = person`

// sealedProposal is what a proposal is sealed for in the table.
const sealedProposal = "proposal"

func (h *House) scanProposal(row scanner) (p Proposal, err error) {
	var at, ends store.Time
	var detail, terms string
	if err := row.Scan(&p.ID, &at, &ends, &p.By, &p.Display, &p.Verb, &p.Object.Kind, &p.Object.ID, &p.Object.Owner, &detail, &terms); err != nil {
		return Proposal{}, err
	}
	if detail, err = h.vault.OpenText(detail, sealedProposal); err != nil {
		return Proposal{}, err
	}
	if terms, err = h.vault.OpenText(terms, sealedProposal); err != nil {
		return Proposal{}, err
	}
	p.At, p.Ends, p.Terms = at.Time, ends.Time, json.RawMessage(terms)
	return p, json.Unmarshal([]byte(detail), &p.Detail)
}

// Proposals lists what waits for a second person, the oldest first: of what the actor may do, the own
// proposals among it.
func (h *House) Proposals(ctx context.Context) ([]Proposal, error) {
	a, _ := ActorOf(ctx)
	rows, err := h.db.QueryContext(ctx, `SELECT `+proposalColumns+` WHERE ends > $1 ORDER BY proposals.at, proposals.id`, store.At(h.now()))
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	var all []Proposal
	for rows.Next() {
		p, err := h.scanProposal(rows)
		if err != nil {
			return nil, fmt.Errorf("list proposals: %w", err)
		}
		if Check(a, p.Verb, p.Object) == nil {
			all = append(all, p)
		}
	}
	return all, rows.Err()
}

// Agree does what another person proposed, in the name of the actor, who must be let do it as well. act gets the
// proposal as it was made, and is called at most once for it: when it fails, it is to be proposed again. Who proposed must be
// let do it still. It returns ErrProposal or ErrOwn.
func (h *House) Agree(ctx context.Context, id string, act func(context.Context, Proposal) error) error {
	a, _ := ActorOf(ctx)
	p, err := h.proposal(ctx, id)
	if err != nil {
		return err
	}
	return h.Do(ctx, p.Verb, p.Object, with(p.Detail, "agrees to", p.ID), func(ctx context.Context) error {
		if a.ID == p.By {
			return ErrOwn
		}
		proposer, err := h.person(ctx, p.By)
		if err != nil {
			return err
		}
		if !proposer.Disabled.IsZero() || Check(proposer.actor(), p.Verb, p.Object) != nil {
			return ErrProposal
		}
		if err := h.settleProposal(ctx, p.ID); err != nil {
			return err
		}
		return act(ctx, p)
	})
}

// Decline ends a proposal, the own one or another's, without anything being done.
func (h *House) Decline(ctx context.Context, id string) error {
	p, err := h.proposal(ctx, id)
	if err != nil {
		return err
	}
	return h.Do(ctx, p.Verb, p.Object, with(p.Detail, "declines", p.ID), func(ctx context.Context) error {
		return h.settleProposal(ctx, p.ID)
	})
}

func (h *House) proposal(ctx context.Context, id string) (Proposal, error) {
	p, err := h.scanProposal(h.db.QueryRowContext(ctx, `SELECT `+proposalColumns+` WHERE proposals.id = $1 AND ends > $2`, id, store.At(h.now())))
	if errors.Is(err, sql.ErrNoRows) {
		return Proposal{}, ErrProposal
	}
	if err != nil {
		return Proposal{}, fmt.Errorf("read proposal: %w", err)
	}
	return p, nil
}

// settleProposal takes a proposal out: of two who decide at once, one does.
func (h *House) settleProposal(ctx context.Context, id string) error {
	done, err := h.db.ExecContext(ctx, `DELETE FROM proposals WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return orElse(err, ErrProposal)
	}
	return nil
}

// with returns detail with one thing more.
func with(detail map[string]string, name, value string) map[string]string {
	more := maps.Clone(detail)
	if more == nil {
		more = map[string]string{}
	}
	more[name] = value
	return more
}

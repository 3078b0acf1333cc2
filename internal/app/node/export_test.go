package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
)

// ExpireEvents has the journal delete all events whose segments are complete.
func (n *Node) ExpireEvents(ctx context.Context) (entries int, err error) {
	done, err := n.journal.Expire(ctx, journal.Events, time.Now(), time.Now())
	return done.Entries, err
}

// FellSilent tells the node that a sender fell silent, as the intake does.
func (n *Node) FellSilent(st collect.Standing) { n.silence.tell(st) }

// Desk and Entries tell what came of it.
func (n *Node) Desk() *triage.Desk { return n.desk }

// Continuity is the room that watches the rhythm of care.
func (n *Node) Continuity() *continuity.Room { return n.continuity }

// Entries is the size of the journal.
func (n *Node) Entries() uint64 { return n.journal.Size() }

// Indexed is how many entries can be searched.
func (n *Node) Indexed() uint64 { return n.index.Through() }

// Standings tells what the intake knows of senders.
func (n *Node) Standings() []collect.Standing { return n.intake.Standings() }

// Count is how many events are found that hold a word.
func (n *Node) Count(ctx context.Context, word string) (uint64, error) {
	found, _, _, err := n.index.Count(ctx, index.Query{Text: word, To: time.Now().Add(time.Hour), From: time.Now().AddDate(-1, 0, 0)})
	return found, err
}

// Tokens asks the node whose a token is, by a clock of the caller's.
func (n *Node) Tokens(now func() time.Time) func(ctx context.Context, secret string, from netip.Addr) (string, error) {
	return (&tokens{house: n.house, now: now, known: map[shown]known{}}).sender
}

// RevokeAll revokes every token.
func (n *Node) RevokeAll(ctx context.Context) error {
	ctx = operator(ctx)
	all, err := n.house.Tokens(ctx)
	for i := range all {
		err = errors.Join(err, n.house.Revoke(ctx, all[i].ID))
	}
	return err
}

// Remember seals pages of senders' books, writes down what is worth it, and returns how many senders are remembered.
func (n *Node) Remember(ctx context.Context, pages ...collect.Books) (remembered int, err error) {
	for _, p := range pages {
		text, err := json.Marshal(p)
		if err != nil {
			return 0, err
		}
		if _, err := n.ledger.Add(ctx, journal.Line{Kind: journal.Books, Source: p.Sender, Time: p.To, JSON: text}); err != nil {
			return 0, err
		}
	}
	if err := n.ledger.write(ctx); err != nil {
		return 0, err
	}
	err = n.db.QueryRowContext(ctx, `SELECT count(*) FROM senders`).Scan(&remembered)
	return remembered, err
}

// Damage spoils what is remembered of senders.
func (n *Node) Damage(ctx context.Context) error {
	_, err := n.db.ExecContext(ctx, `UPDATE senders SET page = 'x'`)
	return err
}

// Reopen has the acts of a verb look as if the node had died ten minutes ago, before it entered how they ended. Under other
// ids the journal knows nothing of them.
func (n *Node) Reopen(ctx context.Context, v access.Verb, ids string) error {
	_, err := n.db.ExecContext(ctx, `UPDATE acts SET id = $1 || id, at = $2, outcome = '', ended = 0, outcome_entry = intent_entry, outcome_line = intent_line WHERE verb = $3`,
		ids, store.At(time.Now().Add(-10*time.Minute)), string(v))
	return err
}

// Acts lists the acts of a verb.
func (n *Node) Acts(ctx context.Context, v access.Verb) ([]access.Act, error) {
	return n.house.Trail(access.WithActor(ctx, access.Actor{ID: "lena", Roles: []access.Role{access.Auditor}}), access.TrailFilter{Verb: v})
}

// Expire has the node delete what is older than it is to be kept, records after so many days.
func (n *Node) Expire(ctx context.Context, days int) error {
	n.config.Journal.Keep.Records = days
	return n.expire(ctx, time.Now())
}

// Age has the acts of a verb look so old.
func (n *Node) Age(ctx context.Context, v access.Verb, age time.Duration) error {
	_, err := n.db.ExecContext(ctx, `UPDATE acts SET at = $1 WHERE verb = $2`, store.At(time.Now().Add(-age)), string(v))
	return err
}

// Join lets the first person in, and returns the cookie of a browser that is signed in. code reads the device of the second factor.
func (n *Node) Join(ctx context.Context, passphrase string, code func(secret string) string) (cookie string, err error) {
	link, _, err := n.house.SetupSecret(ctx)
	if err != nil {
		return "", err
	}
	e, err := n.house.Begin(ctx, link, "a.lindqvist", "A. Lindqvist", passphrase)
	if err != nil {
		return "", err
	}
	s, _, err := n.house.Confirm(ctx, e.ID, code(e.TOTPSecret))
	return s.Cookie, err
}

// Config is what the node was opened with.
func (n *Node) Config() *Config { return &n.config }

// Doubts lists what may not be true.
func (n *Node) Doubts(ctx context.Context) ([]integrity.Doubt, error) {
	return n.integrity.Doubts(ctx, time.Time{}, 1000)
}

// Compared says how many messages were heard behind the first route's engine.
func (n *Node) Compared() int64 {
	for _, r := range n.integrity.Routes() {
		return r.Counts.After
	}
	return 0
}

// Introduction is what this node gives a neighbour; Introduce takes a neighbour's; Ask has the neighbours asked now.
func (n *Node) Introduction() string {
	i := n.neighbours.introduction()
	return string(i.Text())
}

// Introduce takes the introduction of a neighbour, as wardline witness add does.
func (n *Node) Introduce(ctx context.Context, text string) error {
	body, err := json.Marshal(Introduced{Introduction: text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/neighbours", bytes.NewReader(body))
	if err == nil {
		_, err = n.introduce(operator(ctx), r)
	}
	return err
}

// Neighbours says how the neighbours do.
func (n *Node) Neighbours(ctx context.Context) ([]witness.Standing, error) {
	list, _, _ := n.neighbours.parts()
	return witness.Standings(ctx, n.db, n.neighbours.log, list)
}

// AskNeighbours does a round.
func (n *Node) AskNeighbours(ctx context.Context) error { return n.neighbours.round(ctx) }

// JournalEntry is one entry of the journal, with its lines.
func (n *Node) JournalEntry(ctx context.Context, index uint64) (*journal.Entry, error) {
	return n.journal.Entry(ctx, index)
}

// Check and Planned are what a test sees of the configuration of downtimes.
func (c *ContinuityConfig) Check() error { return c.check() }

func (c *ContinuityConfig) Planned(zone *time.Location) (func(time.Time) (bool, time.Time), error) {
	return c.planned(zone)
}

// Expected tells whether an entry is late because of a downtime.
func (n *Node) Expected(token string, about, said time.Time) bool {
	zone, err := n.config.Location()
	if err != nil {
		return false
	}
	expected, err := n.expected(zone)
	return err == nil && expected(token, about, said)
}

package watch

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// Answer is what a search back in time was asked, and what it found. "Searched 180 days, not seen" is an answer, too.
type Answer struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"` // of the question
	By       string    `json:"by"`    // who asked
	Asked    time.Time `json:"asked"`
	From     time.Time `json:"from,omitzero"` // as asked
	To       time.Time `json:"to,omitzero"`
	Version  string    `json:"version"` // of the Set that was asked
	Rules    int       `json:"rules"`
	Listed   int       `json:"indicators"`
	Days     int       `json:"days"`    // on which events happened that were searched, from the first to the last
	Entries  uint64    `json:"entries"` // of the journal that were searched, from its first on
	Events   int64     `json:"events"`  // searched
	Judged   int64     `json:"judged"`  // of them, those that the index could not rule out
	Index    bool      `json:"index"`   // it was asked first
	Unread   int64     `json:"unread"`  // lines that could not be read
	Damaged  int64     `json:"damaged"` // entries that could not be read
	Deleted  int64     `json:"deleted"` // entries whose events had been deleted after their time
	Seen     int       `json:"seen"`    // events that something matched
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Distinct int       `json:"distinct"` // findings, also those not listed
	// Findings are the worst ones, at most 100.
	Findings []finding.Finding `json:"findings"`
	Took     time.Duration     `json:"took"`
	Place    journal.Place     `json:"-"` // where the answer lies in the journal
}

// keepAnswers makes sure that the answers of an entry are listed.
func keepAnswers(ctx context.Context, db *store.DB, v *vault.Vault, e *journal.Entry) error {
	for n, line := range e.Lines() {
		var a Answer
		if json.Unmarshal(line, &a) != nil || a.ID == "" {
			continue // the answer of something else
		}
		if err := keepAnswer(ctx, db, v, a, journal.Place{Entry: e.Index, Line: n}, line); err != nil {
			return err
		}
	}
	return nil
}

func keepAnswer(ctx context.Context, db *store.DB, v *vault.Vault, a Answer, at journal.Place, text []byte) error {
	sealed, err := v.SealBlob(text, sealedAnswer)
	if err != nil {
		return fmt.Errorf("list answer: %w", err)
	}
	err = db.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO watch_answers (id, asked, entry, line, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
			store.Text(a.ID), store.At(a.Asked), int64(at.Entry), at.Line, sealed)
		return err
	})
	if err != nil {
		return fmt.Errorf("list answer: %w", err)
	}
	return nil
}

// sealOlder seals what a version wrote that had no vault.
func (l *Live) sealOlder(ctx context.Context) error {
	err := store.Rewrite(ctx, l.cfg.DB, store.Column{Table: "watch_answers", Key: "id", Name: "body"}, func(_ string, body []byte) ([]byte, error) {
		return l.cfg.Vault.SealOldBlob(body, sealedAnswer)
	})
	if err != nil {
		return err
	}
	return store.Rewrite(ctx, l.cfg.DB, store.Column{Table: "watch_state", Key: "follower", Name: "state"}, func(name string, state []byte) ([]byte, error) {
		purpose := sealedAnswer // of a search that is under way; see activation.note
		if name == follower {
			purpose = sealedState
		}
		return l.cfg.Vault.SealOldBlob(state, purpose)
	})
}

// maxKept bounds the findings of all answers that are listed at a time, in bytes.
const maxKept = 16 << 20

// answers lists the latest answers. The findings of the earlier ones are left out when there is no room for all: the journal
// has them.
func answers(ctx context.Context, db *store.DB, v *vault.Vault, limit int) ([]Answer, error) {
	rows, err := db.QueryContext(ctx, `SELECT entry, line, body FROM watch_answers ORDER BY asked DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list answers: %w", err)
	}
	defer rows.Close()
	var all []Answer
	left := maxKept
	for rows.Next() {
		var a Answer
		var entry int64
		var sealed sql.RawBytes // one at a time
		if err := rows.Scan(&entry, &a.Place.Line, &sealed); err != nil {
			return nil, fmt.Errorf("list answers: %w", err)
		}
		text, err := v.OpenBlob(sealed, sealedAnswer)
		if err != nil {
			return nil, fmt.Errorf("list answers: %w", err)
		}
		if err := json.Unmarshal(text, &a); err != nil {
			return nil, fmt.Errorf("list answers: a row is damaged")
		}
		a.Place.Entry = uint64(entry)
		if left -= len(text); left < 0 {
			a.Findings = nil
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

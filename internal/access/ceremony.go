package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/store"
)

const (
	ceremonyLife  = 5 * time.Minute // how long a browser may take to finish what it began
	maxCeremonies = 5000            // that are not finished; anybody may begin to log in
	maxOfOne      = 100             // of them, of one person or one network: a whole ward may come by one address
)

// ErrUnfinished says that there is no room for another ceremony.
var ErrUnfinished = errors.New("too many sign-ins were begun and not finished: wait five minutes, then begin again")

// begin keeps what a browser is to finish, and returns the secret by which it does, once. whose is the network or the person
// that begins: nobody takes the room of the others.
func (h *House) begin(ctx context.Context, kind, whose string, data any) (string, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("begin %s: %w", kind, err)
	}
	ticket, now := secret(), h.now()
	err = h.db.Do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ceremonies WHERE expires < $1`, store.At(now)); err != nil {
			return err
		}
		var all, own int
		err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM ceremonies), (SELECT count(*) FROM ceremonies WHERE whose = $1)`, whose).Scan(&all, &own)
		if err != nil {
			return err
		}
		if all >= maxCeremonies || own >= maxOfOne {
			return ErrUnfinished
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO ceremonies (hash, kind, data, expires, whose) VALUES ($1, $2, $3, $4, $5)`,
			digest(ticket), kind, string(text), store.At(now.Add(ceremonyLife)), whose)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("begin %s: %w", kind, err)
	}
	return ticket, nil
}

// ErrCeremony says that nothing of that kind was begun, or that it was finished, or too long ago.
var ErrCeremony = errors.New("begin again: it took too long, or was done already")

// finish uses a ticket up and reads into data what was kept.
func (h *House) finish(ctx context.Context, kind, ticket string, data any) error {
	var text string
	var expires store.Time
	err := h.db.QueryRowContext(ctx, `DELETE FROM ceremonies WHERE hash = $1 AND kind = $2 RETURNING data, expires`, digest(ticket), kind).
		Scan(&text, &expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && expires.Before(h.now()) {
		return ErrCeremony
	}
	if err != nil {
		return fmt.Errorf("finish %s: %w", kind, err)
	}
	return json.Unmarshal([]byte(text), data)
}

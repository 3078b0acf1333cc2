package access

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// Five wrong tries in a quarter of an hour, for an account and for an address.
const (
	maxTries   = 5
	triesCount = 15 * time.Minute
)

// try is one try that was booked.
type try struct {
	Account string // whose tries it belongs to
	Address string // id of its row for the address
}

// attempt books one try before it is made, so that tries made at once cannot pass together, and returns
// *TooMany when there were enough.
func (h *House) attempt(ctx context.Context, account, ip string) (try, error) {
	whose := []string{"account " + digest(account), "address " + network(ip)} // who knows what people type as their name
	ids := make([]string, len(whose))
	for i := range ids {
		id, err := newID()
		if err != nil {
			return try{}, err
		}
		ids[i] = id
	}
	now := h.now()
	err := h.db.Do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM tries WHERE at <= $1`, store.At(now.Add(-triesCount))); err != nil {
			return err
		}
		for i, what := range whose {
			var n int
			var first store.Time
			if err := tx.QueryRowContext(ctx, `SELECT count(*), min(at) FROM tries WHERE what = $1`, what).Scan(&n, &first); err != nil {
				return err
			}
			if n >= maxTries {
				return &TooMany{first.Add(triesCount).Sub(now)}
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO tries (id, what, at) VALUES ($1, $2, $3)`, ids[i], what, store.At(now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return try{}, fmt.Errorf("log in: %w", err)
	}
	return try{whose[0], ids[1]}, nil
}

// succeeded takes a try back. The account starts anew; the address has only this try taken off, or who has an
// account could try the others' for ever.
func (t try) succeeded(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM tries WHERE what = $1 OR id = $2`, t.Account, t.Address)
	return err
}

// network returns what of an address somebody holds: all of IPv4, half of IPv6.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

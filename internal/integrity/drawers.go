package integrity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/row"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// shelf is where it lies what things were when they were first heard of.
type shelf[T any] interface {
	// seal returns what is remembered of a thing; known is false when nothing is.
	seal(name string) (s T, known bool, err error)
	keep(name string, s T, at time.Time)
}

// memory is a shelf without a disk.
type memory[T any] map[string]T

func (m memory[T]) seal(name string) (T, bool, error) {
	s, known := m[name]
	return s, known, nil
}

func (m memory[T]) keep(name string, s T, _ time.Time) { m[name] = s }

// drawers are the shelf that lies in the database. What was put and is not written yet is found all the same.
type drawers[T any] struct {
	db    *store.DB
	vault *vault.Vault
	table string          // of the room
	ctx   context.Context // of the present step of the follower
	puts  map[int64]put[T]
	near  map[int64]T // looked up or written lately
}

type put[T any] struct {
	seal T
	at   time.Time
}

var (
	_ shelf[image.Seal] = memory[image.Seal](nil)
	_ shelf[row.Seal]   = (*drawers[row.Seal])(nil)
)

// mostNear is how many seals stay at hand.
const mostNear = 50_000

func newDrawers[T any](db *store.DB, v *vault.Vault, table string) *drawers[T] {
	return &drawers[T]{db: db, vault: v, table: table, puts: map[int64]put[T]{}, near: map[int64]T{}}
}

func (d *drawers[T]) key(name string) int64 { return int64(d.vault.Hash(d.table, name)) }

func (d *drawers[T]) seal(name string) (s T, known bool, err error) {
	k := d.key(name)
	if p, ok := d.puts[k]; ok {
		return p.seal, true, nil
	}
	if s, ok := d.near[k]; ok {
		return s, true, nil
	}
	var body []byte
	err = d.db.QueryRowContext(d.ctx, `SELECT body FROM `+d.table+` WHERE name = $1`, k).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("look for a seal: %w", err)
	}
	plain, err := d.vault.OpenBlob(body, d.table)
	if err != nil {
		return s, false, fmt.Errorf("open a seal: %w", err)
	}
	if err := json.Unmarshal(plain, &s); err != nil {
		return s, false, fmt.Errorf("read a seal: %w", err)
	}
	d.near[k] = s
	return s, true, nil
}

func (d *drawers[T]) keep(name string, s T, at time.Time) { d.puts[d.key(name)] = put[T]{s, at} }

func (d *drawers[T]) write(ctx context.Context, tx *sql.Tx) error {
	for k, p := range d.puts {
		plain, err := json.Marshal(p.seal)
		if err != nil {
			return fmt.Errorf("write a seal: %w", err)
		}
		body, err := d.vault.SealBlob(plain, d.table)
		if err != nil {
			return fmt.Errorf("seal a seal: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO `+d.table+` (name, at, body) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET at = excluded.at, body = excluded.body`, k, p.at.Unix(), body)
		if err != nil {
			return fmt.Errorf("keep a seal: %w", err)
		}
	}
	return nil
}

// written notes that what was put is durable, and forgets what lies at hand when it is too much.
func (d *drawers[T]) written() {
	if len(d.near) > mostNear {
		clear(d.near)
	}
	for k, p := range d.puts {
		d.near[k] = p.seal
	}
	clear(d.puts)
}

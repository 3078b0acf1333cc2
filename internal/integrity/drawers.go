package integrity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// drawers are the shelf that lies in the database. What was put and is not written yet is found all the same.
type drawers struct {
	db    *store.DB
	vault *vault.Vault
	ctx   context.Context // of the present step of the follower
	puts  map[int64]image.Seal
	near  map[int64]image.Seal // looked up or written lately
}

var _ shelf = (*drawers)(nil)

// mostNear is how many seals stay at hand.
const mostNear = 50_000

func newDrawers(db *store.DB, v *vault.Vault) *drawers {
	return &drawers{db: db, vault: v, puts: map[int64]image.Seal{}, near: map[int64]image.Seal{}}
}

func (d *drawers) key(uid string) int64 { return int64(d.vault.Hash("image", uid)) }

func (d *drawers) seal(uid string) (image.Seal, bool, error) {
	k := d.key(uid)
	if s, ok := d.puts[k]; ok {
		return s, true, nil
	}
	if s, ok := d.near[k]; ok {
		return s, true, nil
	}
	var body []byte
	err := d.db.QueryRowContext(d.ctx, `SELECT body FROM integrity_images WHERE uid = $1`, k).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return image.Seal{}, false, nil
	}
	if err != nil {
		return image.Seal{}, false, fmt.Errorf("look for the seal of an image: %w", err)
	}
	plain, err := d.vault.OpenBlob(body, sealedImage)
	if err != nil {
		return image.Seal{}, false, fmt.Errorf("open the seal of an image: %w", err)
	}
	var s image.Seal
	if err := json.Unmarshal(plain, &s); err != nil {
		return image.Seal{}, false, fmt.Errorf("read the seal of an image: %w", err)
	}
	d.near[k] = s
	return s, true, nil
}

func (d *drawers) keep(uid string, s image.Seal) { d.puts[d.key(uid)] = s }

// trim forgets what lies at hand when it is too much.
func (d *drawers) trim() {
	if len(d.near) > mostNear {
		clear(d.near)
	}
}

func (d *drawers) write(ctx context.Context, tx *sql.Tx) error {
	for k, s := range d.puts {
		plain, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("write the seal of an image: %w", err)
		}
		body, err := d.vault.SealBlob(plain, sealedImage)
		if err != nil {
			return fmt.Errorf("seal the seal of an image: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO integrity_images (uid, at, body) VALUES ($1, $2, $3) ON CONFLICT (uid) DO UPDATE SET at = excluded.at, body = excluded.body`, k, s.At.Unix(), body)
		if err != nil {
			return fmt.Errorf("keep the seal of an image: %w", err)
		}
	}
	return nil
}

// written notes that what was put is durable.
func (d *drawers) written() {
	for k, s := range d.puts {
		d.near[k] = s
	}
	clear(d.puts)
	d.trim()
}

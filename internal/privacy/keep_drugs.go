package privacy

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"

	"github.com/wardline/wardline/internal/privacy/diversion"
)

// drugVersion is the first byte of an entry as it is kept.
const drugVersion = 1

const milliOfDay = 24 * 60 * 60 * 1000

// writeDrugs writes the entries that are new or changed, and lets go of what no window reaches.
func (c *cabinet) writeDrugs(ctx context.Context, tx *sql.Tx, e *Engine) error {
	if e.drugs == nil {
		return nil
	}
	if e.drugs.until > 0 {
		if _, err := tx.ExecContext(ctx, `DELETE FROM privacy_drugs WHERE day < $1`, e.drugs.until/milliOfDay); err != nil {
			return err
		}
	}
	if len(e.drugs.fresh) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `INSERT INTO privacy_drugs (day, id, body) VALUES ($1, $2, $3) ON CONFLICT (day, id) DO UPDATE SET body = excluded.body`)
	if err != nil {
		return err
	}
	defer put.Close()
	for _, d := range e.drugs.fresh {
		body, err := binary.Append([]byte{drugVersion}, binary.LittleEndian, d)
		if err != nil {
			return err
		}
		if _, err := put.ExecContext(ctx, d.At/milliOfDay, int64(d.ID), body); err != nil {
			return err
		}
	}
	return nil
}

func (c *cabinet) loadDrugs(ctx context.Context, e *Engine) error {
	if e.drugs == nil {
		return nil
	}
	return c.rows(ctx, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var d diversion.Entry
		if len(body) != 1+binary.Size(d) || body[0] != drugVersion || binary.Read(bytes.NewReader(body[1:]), binary.LittleEndian, &d) != nil {
			return errState
		}
		e.drugs.book.Add(d)
		return nil
	}, `SELECT body FROM privacy_drugs ORDER BY day, id`)
}

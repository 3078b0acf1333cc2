package triage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// sealOlder seals what a version wrote that had no vault, and puts tokens in the place of patients. Otherwise what nobody touches
// any more would stay in clear, would not be found by the patient's number, and a suppression about a patient would hide nothing.
func (d *Desk) sealOlder(ctx context.Context) error {
	if err := d.coverEntities(ctx); err != nil {
		return err
	}
	note := func(_, text string) (string, error) { return d.veil.Vault().SealOld(text, sealedNote) }
	for _, column := range []struct {
		table, name string
		change      func(id, text string) (string, error)
	}{{"finding_acts", "detail", note}, {"findings", "why", note}, {"suppressions", "reason", note}, {"suppressions", "entity", d.coverSuppressed}} {
		if err := store.Rewrite(ctx, d.db, store.Column{Table: column.table, Key: "id", Name: column.name}, column.change); err != nil {
			return err
		}
	}
	return store.Rewrite(ctx, d.db, store.Column{Table: "findings", Key: "id", Name: "body"}, d.coverBody)
}

// coverBody covers and seals a finding. A damaged one is sealed as it is: whoever reads it says so.
func (d *Desk) coverBody(_ string, body []byte) ([]byte, error) {
	v := d.veil.Vault()
	text, err := v.OpenBlob(body, sealedBody)
	if err != nil {
		return nil, err
	}
	var f finding.Finding
	if json.Unmarshal(text, &f) == nil {
		Cover(d.veil, &f)
		if text, err = json.Marshal(f); err != nil {
			return nil, fmt.Errorf("write finding: %w", err)
		}
	}
	return v.SealBlob(text, sealedBody)
}

// coverSuppressed covers and seals what a suppression is about.
func (d *Desk) coverSuppressed(_, text string) (string, error) {
	v := d.veil.Vault()
	text, err := v.OpenText(text, sealedNote)
	if err != nil {
		return "", err
	}
	var s Suppression
	if json.Unmarshal([]byte(text), &s.Entity) == nil {
		s = covered(d.veil, s)
		if text, err = s.entityJSON(); err != nil {
			return "", fmt.Errorf("write suppression: %w", err)
		}
	}
	return v.SealText(text, sealedNote)
}

// coverAtOnce is how many rows one transaction of coverEntities changes.
const coverAtOnce = 1000

// coverEntities puts tokens in the place of patients whom findings name. They stand there in small letters, so that those of the
// number in small and in capital letters come in their place.
func (d *Desk) coverEntities(ctx context.Context) error {
	for more := true; more; {
		err := d.db.Do(ctx, func(tx *sql.Tx) error {
			all, err := clearEntities(ctx, tx)
			if err != nil {
				return err
			}
			for _, e := range all {
				if _, err := tx.ExecContext(ctx, `DELETE FROM finding_entities WHERE finding = $1 AND kind = $2 AND value = $3`, e.finding, e.kind, e.value); err != nil {
					return err
				}
				for _, token := range d.veil.AskedOf("access.patient", e.value) {
					_, err := tx.ExecContext(ctx, `INSERT INTO finding_entities (finding, kind, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, e.finding, e.kind, token)
					if err != nil {
						return err
					}
				}
			}
			more = len(all) == coverAtOnce
			return nil
		})
		if err != nil {
			return fmt.Errorf("cover what findings name: %w", err)
		}
	}
	return nil
}

type entity struct{ finding, kind, value string }

// clearEntities reads patients who are named, also as users, by a reference of FHIR.
func clearEntities(ctx context.Context, tx *sql.Tx) ([]entity, error) {
	rows, err := tx.QueryContext(ctx, `SELECT finding, kind, value FROM finding_entities WHERE value NOT LIKE $1 ESCAPE '\' AND (kind = 'patient'
		OR kind = 'user' AND (value LIKE 'patient/%' OR value LIKE '%/patient/%' OR value LIKE 'relatedperson/%' OR value LIKE '%/relatedperson/%')) LIMIT $2`,
		strings.ReplaceAll(vault.Prefix, "_", `\_`)+"%", coverAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []entity
	for rows.Next() {
		var e entity
		if err := rows.Scan(&e.finding, &e.kind, &e.value); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

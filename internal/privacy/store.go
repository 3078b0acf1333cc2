package privacy

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// cabinet is the shelf that lies in the database. What was put and is not written yet is found all the same.
type cabinet struct {
	db    *store.DB
	vault *vault.Vault
	ctx   context.Context // of the present step of the follower

	puts    map[key]*sheet
	removed map[key]struct{}
	pairs   map[pairKey]judge.Pair // to be written
	now     map[pairKey]judge.Pair // looked up lately
	old     map[pairKey]judge.Pair // before that
	oldest  int32                  // day before which nothing is kept
	body    []byte
}

// mostPairs is how many pairs of each of two generations stay at hand.
const mostPairs = 300_000

func newCabinet(db *store.DB, v *vault.Vault) *cabinet {
	return &cabinet{db: db, vault: v, puts: map[key]*sheet{}, removed: map[key]struct{}{}, pairs: map[pairKey]judge.Pair{}, now: map[pairKey]judge.Pair{}}
}

var _ shelf = (*cabinet)(nil)

// The purposes for which something is sealed.
const (
	sealedTouch    = "privacy touch"
	sealedCase     = "privacy case"
	sealedDecision = "privacy decision"
	sealedState    = "privacy state"
)

func (c *cabinet) put(s *sheet) {
	s.dirty = true
	c.puts[s.key] = s
	delete(c.removed, s.key)
}

func (c *cabinet) remove(k key) {
	delete(c.puts, k)
	c.removed[k] = struct{}{}
}

const sheetColumns = `day, account, patient, state, body`

func (c *cabinet) sheet(k key) (*sheet, error) {
	if s := c.puts[k]; s != nil {
		return s, nil
	}
	if _, gone := c.removed[k]; gone {
		return nil, nil
	}
	var found *sheet
	err := c.each(func(s *sheet) { found = s }, `SELECT `+sheetColumns+` FROM privacy_touches WHERE day = $1 AND account = $2 AND patient = $3`,
		k.day, int64(k.user), int64(k.patient))
	return found, err
}

func (c *cabinet) day(k dayKey) ([]*sheet, error) {
	return c.list(func(o key) bool { return o.user == k.user && o.day == k.day },
		`SELECT `+sheetColumns+` FROM privacy_touches WHERE day = $1 AND account = $2`, k.day, int64(k.user))
}

func (c *cabinet) ofPatient(p hospital.PatientID, from, to int32) ([]*sheet, error) {
	return c.list(func(o key) bool { return o.patient == p && from <= o.day && o.day <= to },
		`SELECT `+sheetColumns+` FROM privacy_touches WHERE patient = $1 AND day >= $2 AND day <= $3`, int64(p), from, to)
}

func (c *cabinet) unexplained(from, to int32, do func(*sheet)) error {
	list, err := c.list(func(o key) bool { return o.patient != 0 && from <= o.day && o.day <= to },
		`SELECT `+sheetColumns+` FROM privacy_touches WHERE day >= $1 AND day <= $2 AND patient <> 0 AND state > 0 AND explained = 0`, from, to)
	for _, s := range list {
		if s.state != fresh && !s.said.explained {
			do(s)
		}
	}
	return err
}

// list joins what lies in the database with what is yet to be written.
func (c *cabinet) list(fits func(key) bool, query string, args ...any) ([]*sheet, error) {
	found := map[key]*sheet{}
	err := c.each(func(s *sheet) {
		if _, gone := c.removed[s.key]; !gone {
			found[s.key] = s
		}
	}, query, args...)
	if err != nil {
		return nil, err
	}
	for k, s := range c.puts {
		if fits(k) {
			found[k] = s
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *sheet) int { return a.key.compare(b.key) }), nil
}

func (c *cabinet) each(do func(*sheet), query string, args ...any) error {
	rows, err := c.db.QueryContext(c.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read what was done with records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		s, err := c.scan(rows)
		if err != nil {
			return err
		}
		do(s)
	}
	return rows.Err()
}

func (c *cabinet) scan(rows *sql.Rows) (*sheet, error) {
	s := &sheet{}
	var account, patient int64
	var body []byte
	if err := rows.Scan(&s.day, &account, &patient, &s.state, &body); err != nil {
		return nil, fmt.Errorf("read what was done with records: %w", err)
	}
	s.user, s.patient = hospital.Ref(account), hospital.PatientID(patient)
	if len(body) == 0 {
		return nil, errCode
	}
	if body[0] == sealedBody {
		plain, err := c.vault.Open(body[1:], sealedTouch)
		if err != nil {
			return nil, fmt.Errorf("read what was done with records: %w", err)
		}
		body = plain
	}
	return s, decodeSheet(body, s)
}

// sealedBody is the first byte of a body that is sealed, in place of a version.
const sealedBody = 255

func (c *cabinet) encode(s *sheet) ([]byte, error) {
	body, err := encodeSheet(c.body[:0], s)
	if err != nil {
		return nil, err
	}
	c.body = body
	if s.patient != 0 && s.emergency == "" {
		return body, nil
	}
	sealed, err := c.vault.Seal(body, sealedTouch)
	return append([]byte{sealedBody}, sealed...), err
}

func (c *cabinet) shared(from, to int32, do func(hospital.Ref, hospital.PatientID)) error {
	rows, err := c.db.QueryContext(c.ctx, `SELECT account, patient FROM privacy_touches WHERE day >= $1 AND day <= $2 AND patient <> 0 AND opened = 1`, from, to)
	if err != nil {
		return fmt.Errorf("read who shares patients: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var account, patient int64
		if err := rows.Scan(&account, &patient); err != nil {
			return fmt.Errorf("read who shares patients: %w", err)
		}
		do(hospital.Ref(account), hospital.PatientID(patient))
	}
	return rows.Err()
}

func (c *cabinet) pair(k pairKey) (judge.Pair, error) {
	for _, at := range [...]map[pairKey]judge.Pair{c.pairs, c.now, c.old} {
		if p, ok := at[k]; ok {
			return p, nil
		}
	}
	var p judge.Pair
	err := c.db.QueryRowContext(c.ctx, `SELECT first, last, days, settled, weight, template FROM privacy_pairs WHERE account = $1 AND patient = $2`,
		int64(k.user), int64(k.patient)).Scan(&p.First, &p.Last, &p.Count, &p.Settled, &p.Weight, &p.Template)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return judge.Pair{}, fmt.Errorf("read what is known of an account and a patient: %w", err)
	}
	c.note(k, p)
	return p, nil
}

func (c *cabinet) note(k pairKey, p judge.Pair) {
	if len(c.now) >= mostPairs {
		c.now, c.old = make(map[pairKey]judge.Pair, mostPairs), c.now
	}
	c.now[k] = p
}

func (c *cabinet) forget(before int32) { c.oldest = before }

func (c *cabinet) setPair(k pairKey, p judge.Pair) { c.pairs[k] = p }

// write writes what was put. It may be called again until written is.
func (c *cabinet) write(ctx context.Context, tx *sql.Tx) error {
	if c.oldest > 0 {
		for _, statement := range []string{`DELETE FROM privacy_touches WHERE day < $1`, `DELETE FROM privacy_pairs WHERE last < $1`} {
			if _, err := tx.ExecContext(ctx, statement, c.oldest); err != nil {
				return err
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.removed), key.compare) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM privacy_touches WHERE day = $1 AND account = $2 AND patient = $3`, k.day, int64(k.user), int64(k.patient)); err != nil {
			return err
		}
	}
	if len(c.puts) > 0 {
		put, err := tx.PrepareContext(ctx, `INSERT INTO privacy_touches (day, account, patient, state, explained, opened, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (day, account, patient) DO UPDATE SET state = excluded.state, explained = excluded.explained, opened = excluded.opened, body = excluded.body`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, k := range slices.SortedFunc(maps.Keys(c.puts), key.compare) {
			s := c.puts[k]
			body, err := c.encode(s)
			if err != nil {
				return err
			}
			if _, err := put.ExecContext(ctx, k.day, int64(k.user), int64(k.patient), int(s.state), truth(s.said.explained), truth(s.opens()), body); err != nil {
				return err
			}
		}
	}
	return c.writePairs(ctx, tx)
}

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (c *cabinet) writePairs(ctx context.Context, tx *sql.Tx) error {
	if len(c.pairs) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `INSERT INTO privacy_pairs (account, patient, first, last, days, settled, weight, template) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (account, patient) DO UPDATE SET first = excluded.first, last = excluded.last, days = excluded.days, settled = excluded.settled,
			weight = excluded.weight, template = excluded.template`)
	if err != nil {
		return err
	}
	defer put.Close()
	order := func(a, b pairKey) int { return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.patient, b.patient)) }
	for _, k := range slices.SortedFunc(maps.Keys(c.pairs), order) {
		p := c.pairs[k]
		if _, err := put.ExecContext(ctx, int64(k.user), int64(k.patient), p.First, p.Last, int64(p.Count), p.Settled, float64(p.Weight), p.Template); err != nil {
			return err
		}
	}
	return nil
}

// written lets go of what is durable.
func (c *cabinet) written() {
	for _, s := range c.puts {
		s.dirty = false
	}
	for k, p := range c.pairs {
		c.note(k, p)
	}
	c.oldest = 0
	c.puts, c.removed, c.pairs = map[key]*sheet{}, map[key]struct{}{}, map[pairKey]judge.Pair{}
}

// sealed writes v as sealed JSON.
func (c *cabinet) sealed(v any, purpose string) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return c.vault.Seal(text, purpose)
}

func (c *cabinet) opened(body []byte, purpose string, v any) error {
	text, err := c.vault.Open(body, purpose)
	if err != nil {
		return fmt.Errorf("read a case: %w", err)
	}
	return json.Unmarshal(text, v)
}

package tables

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/store"
)

// A planted difference is how a Keeper tests itself, for nobody but a thief may write in the databases that it reads. It remembers that it is to
// pretend that one row was something else. The next time that this row is read, it differs from what is pretended, exactly as it would if somebody had
// changed it in the database, and goes the same way: by the digest of its chunk, the comparison of its columns, the verdict, to Emit. What is kept of
// the row itself stays the truth: a stop in between loses nothing, and a change that somebody else made is found all the same.

// plant is the row of a table of which something else is pretended.
type plant struct {
	key Sum
	at  time.Time
	met bool // the row was read: the test is over
}

// attempts is how many rows are tried until one can be pretended to be another: some are too long to be kept, or of numbers and times alone.
const attempts = 20

// Plant pretends that one row of a table, by chance, was something else; planted is false when there is no row that can be, nothing is known of the table yet,
// or an earlier difference was not found yet.
func (k *Keeper) Plant(ctx context.Context, src *Source, table string) (planted bool, err error) {
	t, err := src.table(table)
	if err != nil {
		return false, err
	}
	state, err := k.load(ctx, src.decl.System, table)
	if err != nil || state == nil || state.live == 0 {
		return false, err
	}
	if earlier, err := k.planted(ctx, state); err != nil || earlier != nil {
		return false, err
	}
	s, err := aside.NewSealer(k.Seal, k.Open)
	if err != nil {
		return false, err
	}
	defer s.Close()
	for range attempts {
		r, err := k.one(ctx, state, s)
		if err != nil {
			return false, err
		}
		if r == nil {
			continue
		}
		if _, ok := otherwise(t, r.content); ok {
			return true, k.remember(ctx, state, r.key)
		}
	}
	return false, nil
}

// Planted tells since when a difference waits to be found; ok is false when none does.
func (k *Keeper) Planted(ctx context.Context, src *Source, table string) (since time.Time, ok bool, err error) {
	p, err := k.planted(ctx, &tableState{source: src.decl.System, name: table})
	if p == nil {
		return time.Time{}, false, err
	}
	return p.at, true, nil
}

// one is a row by chance with its content; nil when it cannot stand for another.
func (k *Keeper) one(ctx context.Context, t *tableState, s *aside.Sealer) (*row, error) {
	place := k.Dice.Draw(t.live, 1)[0]
	for id := range int64(1) << t.bits {
		c, err := k.chunk(ctx, t, id)
		if err != nil {
			return nil, err
		}
		if place >= c.live {
			place -= c.live
			continue
		}
		rows, err := k.rows(ctx, c, s)
		if err != nil {
			return nil, err
		}
		if r := living(rows)[place]; !r.partial && !r.deleted {
			return r, nil
		}
		return nil, nil
	}
	return nil, nil // rows went since they were counted
}

func (t *tableState) plantPurpose() string {
	return fmt.Sprintf("integrity plant %q %q", t.source, t.name)
}

func (k *Keeper) remember(ctx context.Context, t *tableState, key Sum) error {
	body, err := k.Seal(key[:], t.plantPurpose())
	if err != nil {
		return fmt.Errorf("seal a planted difference: %w", err)
	}
	_, err = k.DB.ExecContext(ctx, `INSERT INTO integrity_plants (source, name, at, body) VALUES ($1, $2, $3, $4)`, t.source, t.name, store.At(k.Now()), body)
	if err != nil {
		return fmt.Errorf("keep a planted difference: %w", err)
	}
	return nil
}

// planted returns nil when there is none.
func (k *Keeper) planted(ctx context.Context, t *tableState) (*plant, error) {
	var at store.Time
	var body []byte
	err := k.DB.QueryRowContext(ctx, `SELECT at, body FROM integrity_plants WHERE source = $1 AND name = $2`, t.source, t.name).Scan(&at, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a planted difference: %w", err)
	}
	key, err := k.Open(body, t.plantPurpose())
	if err != nil || len(key) != len(Sum{}) {
		return nil, fmt.Errorf("open a planted difference: %w", errors.Join(err, aside.ErrDamaged))
	}
	return &plant{key: Sum(key), at: at.Time}, nil
}

// uproot ends the test when its row was read.
func (s *sweep) uproot(ctx context.Context) error {
	if s.plant == nil || !s.plant.met {
		return nil
	}
	_, err := s.DB.ExecContext(ctx, `DELETE FROM integrity_plants WHERE source = $1 AND name = $2`, s.state.source, s.state.name)
	if err != nil {
		return fmt.Errorf("end a planted difference: %w", err)
	}
	return nil
}

// hides tells whether the planted row belongs to a chunk.
func (s *sweep) hides(id int64) bool {
	return s.plant != nil && chunkOf(s.plant.key, s.state.bits) == id
}

// pretend puts something else in the place of the planted row, if it is there. The rows have their contents.
func (s *sweep) pretend(rows []*row) {
	at, known := slices.BinarySearchFunc(rows, s.plant.key, func(r *row, key Sum) int { return slices.Compare(r.key[:], key[:]) })
	if !known || rows[at].gone != 0 || rows[at].partial {
		s.plant.met = true // the row went, and that was told: there is nothing to be found
		return
	}
	truth := rows[at]
	content, ok := otherwise(s.table, truth.content)
	if !ok {
		s.plant.met = true
		return
	}
	other := *truth
	other.content, other.sum, other.truth = content, sha256.Sum256(content), truth
	rows[at] = &other
}

// test judges the planted row. What it holds in the database now is what it held: then the difference must be found. Else somebody changed it, which
// is judged by the truth.
func (s *sweep) test(old, now *row) (kept *row, change *Change) {
	if now == nil || now.sum != old.truth.sum {
		s.plant.met, s.report.Void = true, true
		return s.row(old.truth, now)
	}
	s.report.Acts[Same]++
	s.report.Outcomes[Match]++
	v, compared := s.judging.row(old, now)
	if !compared || v.outcome != Mismatch {
		return old.truth, nil // it goes on: whoever waits for it sees that it is not found
	}
	s.plant.met = true
	c := s.change(old, now, v)
	c.Planted = s.plant.at
	return old.truth, &c
}

// otherwise is a row with one letter or digit changed, in a column that the application would not change alone. It is the same each time.
func otherwise(t *Table, content []byte) (other []byte, ok bool) {
	count, rest, ok := cutNumber(content)
	if !ok {
		return nil, false
	}
	for range count {
		var column, text string
		if column, rest, ok = cutText(rest); !ok || len(rest) == 0 {
			return nil, false
		}
		tag := rest[0]
		if text, rest, ok = cutText(rest[1:]); !ok {
			return nil, false
		}
		said := !slices.Contains(t.Key, column) && column != t.Version && column != t.Updated && column != t.Deleted
		if at := swappable(text); said && at >= 0 && (tag == 'i' || tag == 'd' || tag == 't') {
			other = slices.Clone(content)
			i := len(content) - len(rest) - len(text) + at
			other[i] = swapped(other[i])
			return other, true
		}
	}
	return nil, false
}

// swappable is the last ASCII letter or digit of a text; -1 without one.
func swappable(text string) int {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] != swapped(text[i]) {
			return i
		}
	}
	return -1
}

func swapped(c byte) byte {
	switch {
	case c >= '1' && c < '9', c >= 'a' && c < 'z', c >= 'A' && c < 'Z':
		return c + 1
	case c == '9':
		return '1'
	case c == 'z', c == 'Z':
		return c - 1
	}
	return c
}

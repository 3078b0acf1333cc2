package tables

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

// Config is what a Keeper works with.
type Config struct {
	DB *store.DB

	// Seal encrypts for a purpose, and Open with the same purpose gives it back: the vault's. All that is kept of rows goes through them.
	Seal, Open func(content []byte, purpose string) ([]byte, error)

	// Dir is the folder for what must be put aside during a sweep, sealed: about as much as the rows have when they are compressed. The
	// system's folder for temporary files when empty.
	Dir string

	// Now is our own clock, which the database's is held against.
	Now func() time.Time

	// Dice choose what is sampled.
	Dice *sample.Dice
}

// Keeper remembers what the tables of other systems held. Of one table it makes one sweep at a time, which its caller sees to.
type Keeper struct {
	Config
}

// Open prepares the Keeper's tables.
func Open(ctx context.Context, c Config) (*Keeper, error) {
	if c.Seal == nil || c.Open == nil || c.Now == nil || c.Dice == nil {
		return nil, errors.New("wardline: internal error: a Keeper of tables lacks its seal, its clock or its dice")
	}
	if err := c.DB.Migrate(ctx, "integrity_tables", schema); err != nil {
		return nil, err
	}
	return &Keeper{Config: c}, nil
}

// tableState is what is known of a table as a whole.
type tableState struct {
	source, name string
	bits         int
	live         int64
	highest      parsedField // Tag 0: rows have no rising numbers
	shape        shape
	triggers     []trigger
	swept        time.Time
	heard        time.Time // up to when what was written was read: by that sweep, or by Since
}

// load returns nil when nothing is known of the table.
func (k *Keeper) load(ctx context.Context, source, name string) (*tableState, error) {
	t := &tableState{source: source, name: name}
	var sh, triggers []byte
	var swept, heard store.Time
	err := k.DB.QueryRowContext(ctx, `SELECT bits, live, highest, shape, triggers, swept, heard FROM integrity_tables WHERE source = $1 AND name = $2`,
		source, name).Scan(&t.bits, &t.live, &t.highest.Text, &sh, &triggers, &swept, &heard)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = errors.Join(json.Unmarshal(sh, &t.shape), json.Unmarshal(triggers, &t.triggers))
	}
	if err != nil {
		return nil, fmt.Errorf("load what is known of %s: %w", name, err)
	}
	if t.highest.Text != "" {
		t.highest.Tag = 'i'
	}
	t.swept, t.heard = swept.Time, heard.Time
	if t.heard.IsZero() {
		t.heard = t.swept
	}
	return t, nil
}

// save also removes chunks that were cut otherwise.
func (k *Keeper) save(ctx context.Context, t *tableState) error {
	triggers, err := json.Marshal(t.triggers)
	if err != nil {
		return err
	}
	err = k.DB.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO integrity_tables (source, name, bits, live, highest, shape, triggers, swept, heard)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (source, name) DO UPDATE SET bits = excluded.bits, live = excluded.live,
			highest = excluded.highest, shape = excluded.shape, triggers = excluded.triggers, swept = excluded.swept, heard = excluded.heard`,
			t.source, t.name, t.bits, t.live, t.highest.Text, t.shape.bytes(), triggers, store.At(t.swept), store.At(t.heard))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM integrity_chunks WHERE source = $1 AND name = $2 AND bits <> $3`, t.source, t.name, t.bits)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what is known of %s: %w", t.name, err)
	}
	return nil
}

// chunk is the rows of a table whose keys' hashes begin alike.
type chunk struct {
	source, name string
	bits         int
	id           int64
	live         int64
	digest       Sum
	body         []byte // sealed
}

func (c *chunk) purpose(what string) string {
	return fmt.Sprintf("integrity %s %q %q %d/%d", what, c.source, c.name, c.id, c.bits)
}

// chunk returns an empty one when there is none.
func (k *Keeper) chunk(ctx context.Context, t *tableState, id int64) (*chunk, error) {
	c := &chunk{source: t.source, name: t.name, bits: t.bits, id: id, digest: chunkSum(nil)}
	var digest []byte
	err := k.DB.QueryRowContext(ctx, `SELECT live, digest, body FROM integrity_chunks WHERE source = $1 AND name = $2 AND bits = $3 AND chunk = $4`,
		t.source, t.name, t.bits, id).Scan(&c.live, &digest, &c.body)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil || len(digest) != len(c.digest) {
		return nil, fmt.Errorf("load rows of %s: %w", t.name, errors.Join(err, aside.ErrDamaged))
	}
	c.digest = Sum(digest)
	return c, nil
}

// bodies returns the rows of a chunk without their contents, sorted by their keys' hashes; those that are gone too. What counts is
// what was sealed: the digest beside it must be theirs.
func (k *Keeper) bodies(c *chunk, s *aside.Sealer) ([]*row, error) {
	if c.body == nil {
		return nil, nil
	}
	body, err := s.Unpack(c.body, c.purpose("rows"))
	if err != nil {
		return nil, err
	}
	rows, err := unpackRows(body)
	if err != nil {
		return nil, err
	}
	if live := living(rows); int64(len(live)) != c.live || chunkSum(live) != c.digest {
		return nil, aside.ErrDamaged
	}
	return rows, nil
}

// contents gives the rows of a chunk what was kept of them.
func (k *Keeper) contents(ctx context.Context, c *chunk, rows []*row, s *aside.Sealer) error {
	if c.body == nil {
		return nil
	}
	var sealed []byte
	err := k.DB.QueryRowContext(ctx, `SELECT content FROM integrity_chunks WHERE source = $1 AND name = $2 AND bits = $3 AND chunk = $4`,
		c.source, c.name, c.bits, c.id).Scan(&sealed)
	if err != nil {
		return fmt.Errorf("load rows of %s: %w", c.name, err)
	}
	content, err := s.Unpack(sealed, c.purpose("content"))
	if err != nil {
		return err
	}
	return fill(rows, content)
}

// rows returns the rows of a chunk with their contents.
func (k *Keeper) rows(ctx context.Context, c *chunk, s *aside.Sealer) ([]*row, error) {
	rows, err := k.bodies(c, s)
	if err != nil {
		return nil, err
	}
	return rows, k.contents(ctx, c, rows, s)
}

// put writes the rows of a chunk, which are sorted.
func (k *Keeper) put(ctx context.Context, c *chunk, rows []*row, s *aside.Sealer) error {
	live := living(rows)
	c.live, c.digest = int64(len(live)), chunkSum(live)
	plain, content := packRows(rows)
	body, err := s.Pack(plain, c.purpose("rows"))
	if err != nil {
		return err
	}
	sealed, err := s.Pack(content, c.purpose("content"))
	if err != nil {
		return err
	}
	err = k.DB.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO integrity_chunks (source, name, bits, chunk, live, digest, body, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (source, name, bits, chunk) DO UPDATE SET live = excluded.live, digest = excluded.digest, body = excluded.body, content = excluded.content`,
			c.source, c.name, c.bits, c.id, c.live, c.digest[:], body, sealed)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep rows of %s: %w", c.name, err)
	}
	return nil
}

// living leaves out the rows that are gone.
func living(rows []*row) []*row {
	live := make([]*row, 0, len(rows))
	for _, r := range rows {
		if r.gone == 0 {
			live = append(live, r)
		}
	}
	return live
}

// split cuts a table that has grown into more chunks.
func (k *Keeper) split(ctx context.Context, t *tableState, bits int, s *aside.Sealer) error {
	finer := *t
	finer.bits = bits
	for id := range int64(1) << t.bits {
		c, err := k.chunk(ctx, t, id)
		if err != nil {
			return err
		}
		rows, err := k.rows(ctx, c, s)
		if err != nil {
			return err
		}
		for sub := id << (bits - t.bits); sub < (id+1)<<(bits-t.bits); sub++ {
			var mine []*row
			mine, rows = cutChunk(rows, sub, bits)
			if err := k.put(ctx, &chunk{source: t.source, name: t.name, bits: bits, id: sub}, mine, s); err != nil {
				return err
			}
		}
	}
	*t = finer
	return k.save(ctx, t)
}

// cutChunk cuts off the rows of a chunk from sorted rows that begin with it.
func cutChunk(rows []*row, id int64, bits int) (mine, rest []*row) {
	n := 0
	for n < len(rows) && chunkOf(rows[n].key, bits) == id {
		n++
	}
	return rows[:n], rows[n:]
}

// tableSum is the digest of a table: the hash of how it is cut and of the digests of all its chunks. It is zero when it has none.
func (k *Keeper) tableSum(ctx context.Context, t *tableState) (sum Sum, live int64, err error) {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(t.bits)))
	rows, err := k.DB.QueryContext(ctx, `SELECT digest, live FROM integrity_chunks WHERE source = $1 AND name = $2 AND bits = $3 ORDER BY chunk`, t.source, t.name, t.bits)
	if err != nil {
		return Sum{}, 0, fmt.Errorf("add up %s: %w", t.name, err)
	}
	defer rows.Close()
	chunks := 0
	for ; rows.Next(); chunks++ {
		var digest []byte
		var n int64
		if err := rows.Scan(&digest, &n); err != nil {
			return Sum{}, 0, fmt.Errorf("add up %s: %w", t.name, err)
		}
		h.Write(digest)
		live += n
	}
	if err := rows.Err(); err != nil || chunks == 0 {
		return Sum{}, 0, err
	}
	return Sum(h.Sum(nil)), live, nil
}

package resources

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/digest"
	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

// Config is what a Keeper works with.
type Config struct {
	DB *store.DB

	// Seal encrypts for a purpose, and Open with the same purpose gives it back: the vault's. All that is kept of resources goes through them.
	Seal, Open func(content []byte, purpose string) ([]byte, error)

	// Reading says what resources say of patients.
	Reading Reading

	// Claims says, as Reading does, what is to be compared with what other systems say. Without it nothing is.
	Claims Reading

	// Dir is the folder for what must be put aside during a sweep, sealed. The system's folder for temporary files when empty.
	Dir string

	// Now is our own clock, which the server's is held against.
	Now func() time.Time

	// Dice choose what is sampled, and where something is planted.
	Dice *sample.Dice
}

// Keeper remembers what FHIR servers held. Of one type it makes one sweep at a time, which its caller sees to.
type Keeper struct {
	Config
}

// Open prepares the Keeper's tables.
func Open(ctx context.Context, c Config) (*Keeper, error) {
	if c.Seal == nil || c.Open == nil || c.Reading == nil || c.Now == nil || c.Dice == nil {
		return nil, errors.New("wardline: internal error: a Keeper of resources lacks its seal, its reading, its clock or its dice")
	}
	if err := c.DB.Migrate(ctx, "integrity_resources", schema); err != nil {
		return nil, err
	}
	return &Keeper{Config: c}, nil
}

// typeState is what is known of a type as a whole.
type typeState struct {
	source, name string
	bits         int
	live         int64
	kept         keptState
	swept, heard time.Time
}

// keptState is what of it is kept as JSON.
type keptState struct {
	Offer      offer `json:"offer"`
	Contiguous bool  `json:"contiguous"` // versions are numbered without holes
}

// load returns nil when nothing is known of the type.
func (k *Keeper) load(ctx context.Context, source, name string) (*typeState, error) {
	t := &typeState{source: source, name: name}
	var state []byte
	var swept, heard store.Time
	err := k.DB.QueryRowContext(ctx, `SELECT bits, live, state, swept, heard FROM integrity_resources WHERE source = $1 AND name = $2`,
		source, name).Scan(&t.bits, &t.live, &state, &swept, &heard)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(state, &t.kept)
	}
	if err != nil {
		return nil, fmt.Errorf("load what is known of %s: %w", name, err)
	}
	t.swept, t.heard = swept.Time, heard.Time
	return t, nil
}

// save also removes chunks that were cut otherwise.
func (k *Keeper) save(ctx context.Context, t *typeState) error {
	state, err := json.Marshal(t.kept)
	if err != nil {
		return err
	}
	err = k.DB.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO integrity_resources (source, name, bits, live, state, swept, heard) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (source, name) DO UPDATE SET bits = excluded.bits, live = excluded.live, state = excluded.state,
			swept = excluded.swept, heard = excluded.heard`, t.source, t.name, t.bits, t.live, state, store.At(t.swept), store.At(t.heard))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM integrity_resource_chunks WHERE source = $1 AND name = $2 AND bits <> $3`, t.source, t.name, t.bits)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what is known of %s: %w", t.name, err)
	}
	return nil
}

func purpose(t *typeState, id int64, what string) string {
	return fmt.Sprintf("integrity resources %s %q %q %d/%d", what, t.source, t.name, id, t.bits)
}

// chunk returns the records whose ids' hashes begin alike, sorted by their ids.
func (k *Keeper) chunk(ctx context.Context, t *typeState, id int64, s *aside.Sealer) ([]*record, error) {
	var sealed, content []byte
	err := k.DB.QueryRowContext(ctx, `SELECT body, content FROM integrity_resource_chunks WHERE source = $1 AND name = $2 AND bits = $3 AND chunk = $4`,
		t.source, t.name, t.bits, id).Scan(&sealed, &content)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load resources of %s: %w", t.name, err)
	}
	if sealed, err = s.Unpack(sealed, purpose(t, id, "records")); err != nil {
		return nil, err
	}
	if content, err = s.Unpack(content, purpose(t, id, "content")); err != nil {
		return nil, err
	}
	return unpackRecords(sealed, content)
}

// put writes the records of a chunk.
func (k *Keeper) put(ctx context.Context, t *typeState, id int64, list []*record, s *aside.Sealer) error {
	slices.SortFunc(list, func(a, b *record) int { return strings.Compare(a.id, b.id) })
	var sum digest.Chunk
	live, planted := 0, int64(0)
	for _, r := range list {
		sum.Add(keyOf(r.id), r.sum())
		if r.there() {
			live++
		}
		if r.planted != nil {
			planted = r.planted.at
		}
	}
	plain, content := packRecords(list)
	body, err := s.Pack(plain, purpose(t, id, "records"))
	if err != nil {
		return err
	}
	if content, err = s.Pack(content, purpose(t, id, "content")); err != nil {
		return err
	}
	digest := sum.Digest().Sum
	err = k.DB.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO integrity_resource_chunks (source, name, bits, chunk, live, planted, digest, body, content)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (source, name, bits, chunk) DO UPDATE SET live = excluded.live, planted = excluded.planted,
			digest = excluded.digest, body = excluded.body, content = excluded.content`, t.source, t.name, t.bits, id, live, planted, digest[:], body, content)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep resources of %s: %w", t.name, err)
	}
	return nil
}

// split cuts a type that has grown into more chunks.
func (k *Keeper) split(ctx context.Context, t *typeState, bits int, s *aside.Sealer) error {
	finer := *t
	finer.bits = bits
	for id := range int64(1) << t.bits {
		list, err := k.chunk(ctx, t, id, s)
		if err != nil {
			return err
		}
		cut := map[int64][]*record{}
		for _, r := range list {
			sub := chunkOf(r.id, bits)
			cut[sub] = append(cut[sub], r)
		}
		for sub, mine := range cut {
			if err := k.put(ctx, &finer, sub, mine, s); err != nil {
				return err
			}
		}
	}
	*t = finer
	return k.save(ctx, t)
}

// typeSum is the digest of a type: the hash of how it is cut and of the digests of all its chunks. It is zero when it has none.
func (k *Keeper) typeSum(ctx context.Context, t *typeState) (sum Sum, live int64, err error) {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(t.bits)))
	rows, err := k.DB.QueryContext(ctx, `SELECT chunk, digest, live FROM integrity_resource_chunks WHERE source = $1 AND name = $2 AND bits = $3 ORDER BY chunk`,
		t.source, t.name, t.bits)
	if err != nil {
		return Sum{}, 0, fmt.Errorf("add up %s: %w", t.name, err)
	}
	defer rows.Close()
	chunks := 0
	for ; rows.Next(); chunks++ {
		var id, n int64
		var digest []byte
		if err := rows.Scan(&id, &digest, &n); err != nil {
			return Sum{}, 0, fmt.Errorf("add up %s: %w", t.name, err)
		}
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
		h.Write(digest)
		live += n
	}
	if err := rows.Err(); err != nil || chunks == 0 {
		return Sum{}, 0, err
	}
	return Sum(h.Sum(nil)), live, nil
}

package archive

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

// Config is what a Keeper works with.
type Config struct {
	DB *store.DB

	// Seal encrypts for a purpose, and Open with the same purpose gives it back: the vault's. All identifiers that are kept go through them.
	Seal, Open func(content []byte, purpose string) ([]byte, error)

	// Hash returns a keyed hash, by which equal identifiers of a kind are told: the vault's.
	Hash func(kind, value string) uint64

	// Now is our clock.
	Now func() time.Time

	// Dice choose what is sampled.
	Dice *sample.Dice
}

// Keeper remembers what archives hold. Of one archive it makes one sweep at a time, which its caller sees to.
type Keeper struct{ Config }

// Open prepares the Keeper's tables.
func Open(ctx context.Context, c Config) (*Keeper, error) {
	if c.Seal == nil || c.Open == nil || c.Hash == nil || c.Now == nil || c.Dice == nil {
		return nil, errors.New("wardline: internal error: a Keeper of archives lacks its seal, its clock or its dice")
	}
	if err := c.DB.Migrate(ctx, "integrity_archive", schema); err != nil {
		return nil, err
	}
	return &Keeper{c}, nil
}

// study is what is known of a study.
type study struct {
	name        int64
	day, listed time.Time
	images      int64 // as the archive says; -1 when it does not
	parts       int64 // series, likewise
	gone        time.Time
	about
}

// about is the part that is sealed.
type about struct {
	UID     string `json:"uid"`
	Patient string `json:"patient,omitempty"`
	Issuer  string `json:"issuer,omitempty"`
}

// series is what is known of a series.
type series struct {
	name, study int64
	day         time.Time
	contents
}

// contents is the part that is sealed.
type contents struct {
	UID      string  `json:"uid"`
	Modality string  `json:"modality,omitempty"`
	Images   []image `json:"images"`
}

// image is what is known of an instance.
type image struct {
	UID  string `json:"u"`
	Sum  []byte `json:"s,omitempty"` // of its digests
	Read int64  `json:"r,omitempty"` // when, in Unix microseconds; 0 when it never was
	Lost bool   `json:"l,omitempty"` // it was not listed any more
	Note bool   `json:"n,omitempty"` // it is a rejection note
}

// oldest is when the instance was read that was read longest ago, of those that are there; the zero time when one never was.
func (c *contents) oldest() time.Time {
	var oldest int64
	for i := range c.Images {
		switch at := c.Images[i].Read; {
		case c.Images[i].Lost:
		case at == 0:
			return time.Time{}
		case oldest == 0 || at < oldest:
			oldest = at
		}
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.UnixMicro(oldest)
}

func (c *contents) lost() (n int64) {
	for i := range c.Images {
		if c.Images[i].Lost {
			n++
		}
	}
	return n
}

// named is the name under which an identifier is kept.
func (k *Keeper) named(system, uid string) int64 { return int64(k.Hash("archive "+system, uid)) }

func purpose(what, system string, name int64) string {
	return fmt.Sprintf("integrity archive %s %q %d", what, system, name)
}

// study returns nil when nothing is known of it.
func (k *Keeper) study(ctx context.Context, system string, name int64) (*study, error) {
	s := &study{name: name}
	var day, listed, gone store.Time
	var body []byte
	err := k.DB.QueryRowContext(ctx, `SELECT day, listed, images, parts, gone, body FROM integrity_archive_studies WHERE source = $1 AND name = $2`, system, name).
		Scan(&day, &listed, &s.images, &s.parts, &gone, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		body, err = k.Config.Open(body, purpose("study", system, name))
	}
	if err == nil {
		err = json.Unmarshal(body, &s.about)
	}
	if err != nil {
		return nil, fmt.Errorf("load what is known of a study: %w", err)
	}
	s.day, s.listed, s.gone = day.Time, listed.Time, gone.Time
	return s, nil
}

func (k *Keeper) putStudy(ctx context.Context, system string, s *study) error {
	plain, err := json.Marshal(s.about)
	if err != nil {
		return fmt.Errorf("keep what is known of a study: %w", err)
	}
	body, err := k.Seal(plain, purpose("study", system, s.name))
	if err == nil {
		err = k.DB.Do(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO integrity_archive_studies (source, name, day, listed, images, parts, gone, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (source, name) DO UPDATE SET day = excluded.day, listed = excluded.listed, images = excluded.images, parts = excluded.parts, gone = excluded.gone, body = excluded.body`,
				system, s.name, store.At(s.day), store.At(s.listed), s.images, s.parts, store.At(s.gone), body)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("keep what is known of a study: %w", err)
	}
	return nil
}

// series returns nil when nothing is known of it.
func (k *Keeper) series(ctx context.Context, system string, name int64) (*series, error) {
	s := &series{name: name}
	var day store.Time
	var body []byte
	err := k.DB.QueryRowContext(ctx, `SELECT study, day, body FROM integrity_archive_series WHERE source = $1 AND name = $2`, system, name).Scan(&s.study, &day, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		body, err = k.Config.Open(body, purpose("series", system, name))
	}
	if err == nil {
		body, err = io.ReadAll(flate.NewReader(bytes.NewReader(body)))
	}
	if err == nil {
		err = json.Unmarshal(body, &s.contents)
	}
	if err != nil {
		return nil, fmt.Errorf("load what is known of a series: %w", err)
	}
	s.day = day.Time
	return s, nil
}

// putSeries keeps a series, and forgets one without instances. Those that rejected names are rejected from then on.
func (k *Keeper) putSeries(ctx context.Context, system string, s *series, rejected []string) error {
	body, err := k.pack(system, s)
	if err == nil {
		err = k.DB.Do(ctx, func(tx *sql.Tx) error {
			for _, uid := range rejected {
				if _, err := tx.ExecContext(ctx, `INSERT INTO integrity_archive_rejected (source, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`, system, k.named(system, uid)); err != nil {
					return err
				}
			}
			if len(s.Images) == 0 {
				_, err := tx.ExecContext(ctx, `DELETE FROM integrity_archive_series WHERE source = $1 AND name = $2`, system, s.name)
				return err
			}
			note := 0
			if s.Modality == "KO" {
				note = 1
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO integrity_archive_series (source, name, study, day, images, read, lost, note, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (source, name) DO UPDATE SET study = excluded.study, day = excluded.day, images = excluded.images, read = excluded.read, lost = excluded.lost,
				note = excluded.note, body = excluded.body`,
				system, s.name, s.study, store.At(s.day), len(s.Images), store.At(s.oldest()), s.lost(), note, body)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("keep what is known of a series: %w", err)
	}
	return nil
}

func (k *Keeper) pack(system string, s *series) ([]byte, error) {
	plain, err := json.Marshal(s.contents)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	return k.Seal(packed.Bytes(), purpose("series", system, s.name))
}

func (k *Keeper) isRejected(ctx context.Context, system, uid string) (bool, error) {
	var n int
	err := k.DB.QueryRowContext(ctx, `SELECT count(*) FROM integrity_archive_rejected WHERE source = $1 AND name = $2`, system, k.named(system, uid)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look whether an image was rejected: %w", err)
	}
	return n > 0, nil
}

// names runs a statement that selects names.
func (k *Keeper) names(ctx context.Context, statement string, arguments ...any) (names []int64, err error) {
	rows, err := k.DB.QueryContext(ctx, statement, arguments...)
	if err != nil {
		return nil, fmt.Errorf("look into what is known of an archive: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name int64
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("look into what is known of an archive: %w", err)
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

func (k *Keeper) seriesOf(ctx context.Context, system string, study int64) ([]int64, error) {
	return k.names(ctx, `SELECT name FROM integrity_archive_series WHERE source = $1 AND study = $2 ORDER BY name`, system, study)
}

// known counts the instances that an archive is known to hold.
func (k *Keeper) known(ctx context.Context, system string) (n int64, err error) {
	if err := k.DB.QueryRowContext(ctx, `SELECT COALESCE(SUM(images), 0) FROM integrity_archive_series WHERE source = $1`, system).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the images of an archive: %w", err)
	}
	return n, nil
}

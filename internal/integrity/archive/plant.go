package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// A planted difference is how a Keeper tests itself, for it may not write in an archive. It remembers that it is to pretend that one image was something
// else. The next time that this image is read back it is told of as one that was changed, and marked: whoever judges it pretends the same. What is
// kept of the image stays the truth.

// plant is the image of which something else is pretended.
type plant struct {
	UID    string `json:"uid"`
	Series int64  `json:"series"` // the name under which its series is kept
	at     time.Time
}

// Plant pretends that one image of an archive, by chance, was something else; planted is false when none was read back yet, or an earlier difference was
// not found yet.
func (k *Keeper) Plant(ctx context.Context, src *Source) (planted bool, err error) {
	if earlier, err := k.planted(ctx, src.System()); err != nil || earlier != nil {
		return false, err
	}
	s, err := k.begin(ctx, src, nil)
	if err != nil {
		return false, err
	}
	known, err := k.known(ctx, src.System())
	if err != nil {
		return false, err
	}
	chosen, err := s.draw(ctx, 1, known)
	if err != nil || len(chosen) == 0 {
		return false, err
	}
	sr, err := k.series(ctx, src.System(), chosen[0].series)
	if err != nil || sr == nil || chosen[0].places[0] >= len(sr.Images) {
		return false, err
	}
	im := &sr.Images[chosen[0].places[0]]
	if im.Lost || im.Note || im.Sum == nil {
		return false, nil // the next time another one is drawn
	}
	return true, k.remember(ctx, src.System(), &plant{UID: im.UID, Series: sr.name, at: k.Now()})
}

func (k *Keeper) remember(ctx context.Context, system string, p *plant) error {
	plain, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write a planted difference: %w", err)
	}
	body, err := k.Seal(plain, plantPurpose(system))
	if err != nil {
		return fmt.Errorf("seal a planted difference: %w", err)
	}
	_, err = k.DB.ExecContext(ctx, `INSERT INTO integrity_archive_plants (source, at, body) VALUES ($1, $2, $3)`, system, store.At(p.at), body)
	if err != nil {
		return fmt.Errorf("keep a planted difference: %w", err)
	}
	return nil
}

// Planted tells since when a difference waits to be found; ok is false when none does, or its image went, which was told then.
func (k *Keeper) Planted(ctx context.Context, src *Source) (since time.Time, ok bool, err error) {
	p, err := k.planted(ctx, src.System())
	if err != nil || p == nil {
		return time.Time{}, false, err
	}
	sr, err := k.series(ctx, src.System(), p.Series)
	if err != nil {
		return time.Time{}, false, err
	}
	if sr != nil && slices.ContainsFunc(sr.Images, func(im image) bool { return im.UID == p.UID && !im.Lost }) {
		return p.at, true, nil
	}
	return time.Time{}, false, k.uproot(ctx, src.System())
}

func plantPurpose(system string) string { return fmt.Sprintf("integrity archive plant %q", system) }

// planted returns nil when there is none.
func (k *Keeper) planted(ctx context.Context, system string) (*plant, error) {
	var at store.Time
	var body []byte
	err := k.DB.QueryRowContext(ctx, `SELECT at, body FROM integrity_archive_plants WHERE source = $1`, system).Scan(&at, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		body, err = k.Config.Open(body, plantPurpose(system))
	}
	if err != nil {
		return nil, fmt.Errorf("open a planted difference: %w", err)
	}
	p := &plant{at: at.Time}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, fmt.Errorf("read a planted difference: %w", err)
	}
	return p, nil
}

// uproot ends the test: the image was told of, or something was really done to it.
func (k *Keeper) uproot(ctx context.Context, system string) error {
	_, err := k.DB.ExecContext(ctx, `DELETE FROM integrity_archive_plants WHERE source = $1`, system)
	if err != nil {
		return ours{fmt.Errorf("end a planted difference: %w", err)}
	}
	return nil
}

// pretends tells whether it is an image's turn to be pretended another.
func (s *sweep) pretends(uid string) bool { return s.plant != nil && s.plant.UID == uid }

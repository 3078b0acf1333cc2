package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/journal/seal"
)

// RotateKey makes a new key-encryption key, which new segments take at once, and returns its number. It goes into the key file
// beside those of before, which open what they sealed: copies of the file have to be made anew. It is sealed.
func (j *Journal) RotateKey(ctx context.Context, by, reason string) (uint32, error) {
	if strings.TrimSpace(reason) == "" || by == "" {
		return 0, errors.New("rotate the key: it needs a reason, and who asked for it")
	}
	j.rotating.Lock()
	defer j.rotating.Unlock()
	id, err := j.rotate()
	if err != nil {
		return 0, fmt.Errorf("rotate the key: it stays as it is: %w", err)
	}
	// Crash here: the file holds both keys, and the next start takes the new one for what comes.
	n := remark{Act: "key rotated", Time: headerTime(time.Now()), By: by, Reason: reason, Key: id}
	if _, err := j.Append(ctx, keepingLine(n)); err != nil {
		return id, fmt.Errorf("rotate the key: it is new, and that could not be sealed: rotate it once more: %w", err)
	}
	return id, nil
}

// rotate puts a new key into the file, then lets the journal use it. j.rotating is held.
func (j *Journal) rotate() (uint32, error) {
	text, err := keyFile(j.cfg.KeyFile, false, nil)
	if err != nil {
		return 0, err
	}
	if text, err = seal.Rotate(text); err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrKey, j.cfg.KeyFile, err)
	}
	if err := j.stillOpens(text); err != nil {
		return 0, err
	}
	if err := writeDurable(j.cfg.KeyFile, text); err != nil {
		return 0, err
	}
	if err := j.key.Become(text); err != nil {
		return 0, err
	}
	j.rotations.Add(1)
	ids := j.key.IDs()
	return ids[len(ids)-1], nil
}

// stillOpens tells whether a key opens what the present one seals: somebody may have put another file in its place.
func (j *Journal) stillOpens(text []byte) error {
	fresh, err := seal.ParseKey(text)
	if err != nil {
		return err
	}
	_, wrapped, err := j.key.NewData("rotation")
	if err != nil {
		return err
	}
	if _, err := fresh.Data("rotation", wrapped); err != nil {
		return fmt.Errorf("%w: %s is not the one that the journal was opened with: put that back first", ErrKey, j.cfg.KeyFile)
	}
	return nil
}

// opens tells whether the key opens the newest segment: with an older copy of the file, what came since could not be read, and
// what comes would be sealed with a key that was to be left behind.
func (j *Journal) opens() error {
	newest, last := "", uint64(0)
	for name, s := range j.keeper.segments() {
		if s.Last >= last {
			newest, last = name, s.Last
		}
	}
	if newest == "" {
		return nil
	}
	if _, err := j.bodies.segment(newest); errors.Is(err, seal.ErrOpen) {
		return fmt.Errorf("%w: %s does not open what was sealed last: it is of another journal, or a copy from before it was rotated", ErrKey, j.cfg.KeyFile)
	}
	return nil // what is missing or damaged is told when it is read
}

// KeyIDs returns the numbers of the keys in a key file. New segments take the last.
func KeyIDs(file string) ([]uint32, error) {
	key, err := loadKey(file, false)
	if err != nil {
		return nil, err
	}
	return key.IDs(), nil
}

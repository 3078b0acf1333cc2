package journal

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/internal/journal/seal"
	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/tree"
)

// Dir, KeyFile and SignFile tell where a journal and its keys lie.
func (j *Journal) Dir() string      { return j.cfg.Dir }
func (j *Journal) KeyFile() string  { return j.cfg.KeyFile }
func (j *Journal) SignFile() string { return j.cfg.SignFile }

// WriteDurable is what a state database does with a mark.
func WriteDurable(path string, content []byte) error { return writeDurable(path, content) }

// NewRecent returns what keeps the latest leaves.
func NewRecent() (add func(index uint64, leaf []byte), from func(index uint64) [][]byte) {
	r := &recent{}
	return r.add, r.from
}

// SealAndOpen makes entries of lines and reads them back, without a disk.
func SealAndOpen(lines []Line, key *seal.Key) ([]*Entry, error) {
	packs, _, err := packLines(lines)
	if err != nil {
		return nil, err
	}
	zip, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, err
	}
	b, err := newBodies("", key, nil)
	if err != nil {
		return nil, err
	}
	data, _, err := key.NewData("event/x")
	if err != nil {
		return nil, err
	}
	var entries []*Entry
	for _, p := range packs {
		h := p.header
		plain, err := content(&h, p.body, zip)
		if err != nil {
			return nil, err
		}
		sealed, err := data.Seal(plain, 1)
		if err != nil {
			return nil, err
		}
		h.Offset = 1
		e, err := b.unseal(&readSegment{key: data}, h, sealed)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Fits is what Verify asks of a decrypted entry.
func (e *Entry) Fits() bool { return e.fits() }

// Content is what the writer encrypts of a pack.
func Content(h *Header, body []byte, zip *zstd.Encoder) ([]byte, error) { return content(h, body, zip) }

// SealedBefore returns what was encrypted of a pack before there were roots of lines.
func SealedBefore(body []byte, zip *zstd.Encoder) []byte {
	return zip.EncodeAll(body, make([]byte, 0, len(body)/4))
}

// Forge does what somebody can who has all keys: it hands change the header and the decrypted body of each entry whose body is there, seals and signs anew
// what comes of it, and leaves a journal of the same size. The body keeps its length.
func Forge(ctx context.Context, dir string, change func(index uint64, h *Header, body []byte)) error {
	return Reorder(ctx, dir, change, func([]Header) {})
}

// Reorder does the same, and puts the leaves into another order.
func Reorder(ctx context.Context, dir string, change func(index uint64, h *Header, body []byte), order func([]Header)) error {
	a, _, err := readAbout(Config{Dir: dir}, Mark{})
	if err != nil {
		return err
	}
	key, err := loadKey(dir+".key", false)
	if err != nil {
		return err
	}
	signer, _, err := loadSigner(dir+".sign", a.Origin, false)
	if err != nil {
		return err
	}
	forged, err := tree.Open(ctx, newLogPath(dir), signer, time.Second) // all leaves go together: the driver does not keep the order of batches
	if err != nil {
		return err
	}
	defer forged.Stop()
	var leaves []Header
	index := uint64(0)
	for leaf := range tree.NewFiles(logPath(dir)).Salvage() {
		h, err := ParseHeader(leaf)
		if err == nil {
			err = forge(filepath.Join(segmentsPath(dir), h.Segment), key, index, &h, change)
		}
		if err != nil {
			return err
		}
		leaves = append(leaves, h)
		index++
	}
	order(leaves)
	var wait []func() (uint64, error)
	for _, h := range leaves {
		wait = append(wait, forged.Add(ctx, h.Leaf()))
	}
	for _, w := range wait {
		if _, err := w(); err != nil {
			return err
		}
	}
	if err := forged.Shutdown(ctx); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(logPath(dir)), os.Rename(newLogPath(dir), logPath(dir)), os.RemoveAll(bookPath(dir)))
}

func forge(path string, key *seal.Key, index uint64, h *Header, change func(uint64, *Header, []byte)) error {
	r, err := segment.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	text, _, err := r.Meta()
	if err != nil {
		return err
	}
	var meta segmentMeta
	if err := json.Unmarshal(text, &meta); err != nil {
		return err
	}
	data, err := key.Data(meta.Name, meta.Key)
	if err != nil {
		return err
	}
	sealed, err := r.Body(h.Offset, h.Size)
	if err != nil {
		return err
	}
	body, err := data.Open(sealed, h.Offset)
	if err != nil {
		return err
	}
	change(index, h, body)
	if sealed, err = data.Seal(body, h.Offset); err != nil {
		return err
	}
	h.Hash = sha256.Sum256(sealed)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(sealed, h.Offset)
	return errors.Join(err, f.Close())
}

// TendBallast tends a ballast of a size in a folder, as often as what it returns is called.
func TendBallast(dir string, size int64) func(available, keep int64, now time.Time) error {
	b := &ballast{dir: dir, size: size}
	return b.tend
}

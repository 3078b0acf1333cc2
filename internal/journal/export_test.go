package journal

import (
	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/internal/journal/seal"
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

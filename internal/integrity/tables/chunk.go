package tables

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Chunks and the blocks of a spill are lists of rows, written so:
//
//	row    = key(32) sum(32) flags version updated first [gone last]
//	value  = tag length text
//
// numbers are unsigned varints. The rows' contents stand beside them, each behind its length, in the same order.

const (
	flagDeleted = 1 << iota
	flagGone
	flagPartial
)

// mostPacked is how many bytes the rows of a chunk, or of a block, may come to: no chunk of rows that are kept has more.
const mostPacked = 512 << 20

var errPacked = errors.New("what is kept of the table is damaged")

func packRows(rows []*row) (body, content []byte) {
	for _, r := range rows {
		body = append(append(body, r.key[:]...), r.sum[:]...)
		flags := byte(0)
		if r.deleted {
			flags |= flagDeleted
		}
		if r.gone != 0 {
			flags |= flagGone
		}
		if r.partial {
			flags |= flagPartial
		}
		content = append(binary.AppendUvarint(content, uint64(len(r.content))), r.content...)
		body = append(body, flags)
		body = packValue(packValue(body, r.version), r.updated)
		body = binary.AppendUvarint(body, uint64(r.first))
		if r.gone != 0 {
			body = binary.AppendUvarint(binary.AppendUvarint(body, uint64(r.gone)), uint64(r.last))
		}
	}
	return body, content
}

func packValue(b []byte, f parsedField) []byte {
	return append(binary.AppendUvarint(append(b, f.Tag), uint64(len(f.Text))), f.Text...)
}

// unpackRows reads what packRows wrote, but for the contents: see fill.
func unpackRows(body []byte) (rows []*row, err error) {
	u := unpacker{b: body}
	for len(u.b) > 0 && !u.bad {
		r := &row{key: Sum(u.take(32)), sum: Sum(u.take(32))}
		flags := u.take(1)[0]
		r.deleted, r.partial = flags&flagDeleted != 0, flags&flagPartial != 0
		r.version, r.updated = u.value(), u.value()
		r.first = int64(u.number())
		if flags&flagGone != 0 {
			r.gone, r.last = int64(u.number()), int64(u.number())
		}
		rows = append(rows, r)
	}
	if u.bad {
		return nil, errPacked
	}
	return rows, nil
}

// fill gives rows their contents.
func fill(rows []*row, content []byte) error {
	u := unpacker{b: content}
	for _, r := range rows {
		r.content = u.take(int(min(u.number(), mostPacked)))
	}
	if u.bad || len(u.b) > 0 {
		return errPacked
	}
	return nil
}

// unpacker gives zeros once it has come to the end.
type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) take(n int) []byte {
	if n > len(u.b) {
		u.bad, u.b = true, nil
		return make([]byte, min(n, 32))
	}
	b := u.b[:n:n]
	u.b = u.b[n:]
	return b
}

func (u *unpacker) number() uint64 {
	n, size := binary.Uvarint(u.b)
	if size <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[size:]
	return n
}

func (u *unpacker) value() parsedField {
	f := parsedField{Tag: u.take(1)[0]}
	f.Text = string(u.take(int(min(u.number(), mostPacked))))
	return f
}

// sealer compresses and seals. It serves one goroutine.
type sealer struct {
	seal, open func([]byte, string) ([]byte, error)
	zip        *zstd.Encoder
	unzip      *zstd.Decoder
}

func newSealer(seal, open func([]byte, string) ([]byte, error)) (*sealer, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPacked))
	if err != nil {
		return nil, err
	}
	return &sealer{seal, open, zip, unzip}, nil
}

func (s *sealer) close() { s.unzip.Close() }

func (s *sealer) pack(plain []byte, purpose string) ([]byte, error) {
	sealed, err := s.seal(s.zip.EncodeAll(plain, nil), purpose)
	if err != nil {
		return nil, fmt.Errorf("seal rows: %w", err)
	}
	return sealed, nil
}

func (s *sealer) unpack(sealed []byte, purpose string) ([]byte, error) {
	zipped, err := s.open(sealed, purpose)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be opened: %w", errPacked, err)
	}
	plain, err := s.unzip.DecodeAll(zipped, nil)
	if err != nil {
		return nil, errPacked
	}
	return plain, nil
}

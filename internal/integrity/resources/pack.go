package resources

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Chunks are lists of records, and the blocks of a spill lists of records as they were just read, written so:
//
//	record  = id flags first gone count *version [planted]
//	version = id flags updated sum(32) labels
//	planted = at id sum(32)
//
// numbers are unsigned varints, texts stand behind their lengths. The static forms stand beside them in the same order, that of what is planted last.

const (
	flagComplete = 1 << iota
	flagPlanted
)

const (
	flagDeletion = 1 << iota
	flagLost
	flagText // it is kept
)

// mostPacked is how many bytes the records of a chunk, or of a block, may come to.
const mostPacked = 512 << 20

var errPacked = errors.New("what is kept of the resources is damaged")

func packRecords(list []*record) (body, content []byte) {
	for _, r := range list {
		flags := byte(0)
		if r.complete {
			flags |= flagComplete
		}
		if r.planted != nil {
			flags |= flagPlanted
		}
		body = append(packText(body, r.id), flags)
		body = binary.AppendUvarint(binary.AppendUvarint(body, uint64(r.first)), uint64(r.gone))
		body = binary.AppendUvarint(body, uint64(len(r.versions)))
		for i := range r.versions {
			body, content = packVersion(body, content, &r.versions[i])
		}
		if p := r.planted; p != nil {
			body = append(packText(binary.AppendUvarint(body, uint64(p.at)), p.id), p.sum[:]...)
			content = packText(content, string(p.text))
		}
	}
	return body, content
}

func packVersion(body, content []byte, v *version) (b, c []byte) {
	flags := byte(0)
	if v.gone {
		flags |= flagDeletion
	}
	if v.lost {
		flags |= flagLost
	}
	if v.text != nil {
		flags |= flagText
		content = packText(content, string(v.text))
	}
	body = append(packText(body, v.id), flags)
	body = append(binary.AppendUvarint(body, uint64(micros(v.updated))), v.sum[:]...)
	return packText(body, v.labels), content
}

func packText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpackRecords reads what packRecords wrote.
func unpackRecords(body, content []byte) (list []*record, err error) {
	u, c := unpacker{b: body}, unpacker{b: content}
	for len(u.b) > 0 && !u.bad {
		r := &record{id: u.text()}
		flags := u.take(1)[0]
		r.complete = flags&flagComplete != 0
		r.first, r.gone = int64(u.number()), int64(u.number())
		count := u.number()
		if count > uint64(len(u.b)) {
			return nil, errPacked
		}
		r.versions = make([]version, count)
		for i := range r.versions {
			v := &r.versions[i]
			v.id = u.text()
			flags := u.take(1)[0]
			v.gone, v.lost = flags&flagDeletion != 0, flags&flagLost != 0
			v.updated, v.sum = timeOf(int64(u.number())), Sum(u.take(32))
			v.labels = u.text()
			if flags&flagText != 0 {
				v.text = c.bytes()
			}
		}
		if flags&flagPlanted != 0 {
			r.planted = &planted{at: int64(u.number()), id: u.text(), sum: Sum(u.take(32)), text: c.bytes()}
		}
		list = append(list, r)
	}
	if u.bad || c.bad || len(c.b) > 0 {
		return nil, errPacked
	}
	return list, nil
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

func (u *unpacker) bytes() []byte { return u.take(int(min(u.number(), mostPacked))) }

func (u *unpacker) text() string { return string(u.bytes()) }

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
		return nil, fmt.Errorf("seal resources: %w", err)
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

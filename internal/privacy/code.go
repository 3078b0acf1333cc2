package privacy

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// errCode says that what was kept of a touch cannot be read.
var errCode = errors.New("what was kept of an access is damaged: put the last backup of the database in its place")

// codeVersion is the first byte of a body. A later release reads what an earlier one wrote.
const codeVersion = 2

// encodeSheet appends what is kept of a sheet beside its key and state.
func encodeSheet(dst []byte, s *sheet) ([]byte, error) {
	b := append(dst, codeVersion)
	b = appendBits(b, s.more, s.counted, s.said.explained, s.said.first, s.said.held, s.said.drawn, s.work != nil)
	b = appendBits(b, s.glanced, s.doubted)
	b = binary.AppendVarint(b, int64(s.staff))
	b = binary.AppendUvarint(b, uint64(s.dept))
	b = binary.AppendUvarint(b, uint64(len(s.rows)))
	at, entry := int64(0), uint64(0)
	for i := range s.rows {
		r := &s.rows[i]
		b = binary.AppendVarint(b, r.at-at)
		b = binary.AppendVarint(b, int64(r.entry-entry))
		at, entry = r.at, r.entry
		b = binary.AppendUvarint(append(b, byte(r.act)), uint64(r.marks))
		b = binary.AppendVarint(b, int64(r.line))
		for _, v := range [...]uint64{r.query, uint64(r.n), uint64(r.native), uint64(r.where), uint64(r.source), uint64(r.object), uint64(r.corr)} {
			b = binary.AppendUvarint(b, v)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.labels)))
	for _, l := range s.labels {
		b = binary.AppendUvarint(b, uint64(l))
	}
	b = appendText(b, s.emergency)
	b = appendText(b, s.said.template)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s.said.weight))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s.said.score))
	b = appendTexts(b, s.said.flags)
	b = appendTexts(b, s.hard)
	if s.work == nil {
		return b, nil
	}
	work, err := json.Marshal(s.work)
	return appendText(b, string(work)), err
}

func appendBits(b []byte, bits ...bool) []byte {
	var v byte
	for i, is := range bits {
		if is {
			v |= 1 << i
		}
	}
	return append(b, v)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendTexts(b []byte, texts []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, t := range texts {
		b = appendText(b, t)
	}
	return b
}

// decodeSheet reads what encodeSheet wrote.
func decodeSheet(body []byte, s *sheet) error {
	d := decoder{rest: body}
	version := d.byte()
	if version != 1 && version != codeVersion {
		return errCode
	}
	bits := d.byte()
	if version > 1 {
		early := d.byte()
		s.glanced, s.doubted = early&1 != 0, early&2 != 0
	}
	is := func(n int) bool { return bits>>n&1 != 0 }
	s.more, s.counted = is(0), is(1)
	s.said = conclusion{explained: is(2), first: is(3), held: is(4), drawn: is(5)}
	s.staff, s.dept = hospital.StaffID(d.varint()), hospital.Ref(d.uvarint())
	n := d.length(mostRows)
	s.rows = make([]row, n)
	at, entry := int64(0), uint64(0)
	for i := range s.rows {
		r := &s.rows[i]
		at += d.varint()
		entry += uint64(d.varint())
		r.at, r.entry = at, entry
		r.act, r.marks = judge.Act(d.byte()), marks(d.uvarint())
		r.line, r.query, r.n = int32(d.varint()), d.uvarint(), uint32(d.uvarint())
		r.native, r.where, r.source = hospital.Ref(d.uvarint()), hospital.Ref(d.uvarint()), hospital.Ref(d.uvarint())
		r.object, r.corr = uint32(d.uvarint()), uint32(d.uvarint())
		if r.act >= judge.Acts {
			return errCode
		}
	}
	for range d.length(mostLabels) {
		s.labels = append(s.labels, hospital.Ref(d.uvarint()))
	}
	s.emergency, s.said.template = d.text(), d.text()
	s.said.weight, s.said.score = d.float(), d.float()
	s.said.flags, s.hard = d.texts(), d.texts()
	if is(6) {
		s.work = &judge.Work{}
		if json.Unmarshal([]byte(d.text()), s.work) != nil {
			return errCode
		}
	}
	if d.failed || len(d.rest) != 0 {
		return errCode
	}
	return nil
}

// decoder takes a body apart. Once something is not as it must be, it fails for good.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.failed, d.rest = true, nil
		return nil
	}
	part := d.rest[:n]
	d.rest = d.rest[n:]
	return part
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if d.take(n); n <= 0 {
		d.failed = true
		return 0
	}
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if d.take(n); n <= 0 {
		d.failed = true
		return 0
	}
	return v
}

func (d *decoder) float() float32 {
	if b := d.take(4); b != nil {
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// length reads how many of something follow, each of one byte or more.
func (d *decoder) length(most int) int {
	n := d.uvarint()
	if n > uint64(most) || n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return 0
	}
	return int(n)
}

func (d *decoder) text() string { return string(d.take(d.length(math.MaxInt32))) }

func (d *decoder) texts() []string {
	var list []string
	for range d.length(1000) {
		list = append(list, d.text())
	}
	return list
}

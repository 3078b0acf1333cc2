package silence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// Encode writes the feed's model and state, so that Decode goes on where it was.
func (f *Feed) Encode() []byte {
	b := []byte{format}
	for _, t := range []time.Time{f.clock, f.heard, f.since} {
		b = binary.AppendUvarint(b, stamp(t))
	}
	for _, v := range []float64{f.gap, f.missed} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	}
	b = append(b, flag(f.silent), byte(f.again))
	b = binary.AppendUvarint(b, uint64(len(f.happens)))
	for _, o := range f.happens {
		b = binary.AppendUvarint(b, uint64(o.date))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(float64(o.gap)))
	}
	b = f.today.encode(b)
	b = binary.AppendUvarint(b, uint64(f.kept))
	return append(b, f.past...)
}

const format = 1

// stamp is a time in nanoseconds since 1970, 0 for none.
func stamp(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func (d *day) encode(b []byte) []byte {
	b = binary.AppendVarint(b, int64(d.date))
	b = binary.AppendUvarint(b, d.lost)
	b = binary.AppendUvarint(b, uint64(d.n))
	for _, n := range d.counts {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendUvarint(b, uint64(len(d.gaps)))
	for _, g := range d.gaps {
		b = binary.BigEndian.AppendUint16(b, g)
	}
	return b
}

// Decode takes up what Encode wrote. The curve and the limit are made anew of it.
func Decode(cfg Config, b []byte) (*Feed, error) {
	r := reader{b: b}
	if r.byte() != format {
		return nil, errors.New("the model of a feed is of another version: start it anew")
	}
	f := New(cfg)
	f.clock, f.heard, f.since = r.time(), r.time(), r.time()
	f.gap, f.missed = r.float(), r.float()
	f.silent = r.byte() == 1
	f.again = int(r.byte())
	for range r.count(mostOrdinary) {
		f.happens = append(f.happens, ordinary{int32(r.count(lastDate)), float32(r.float())})
	}
	f.today = r.day()
	var days []day
	for range r.count(daysKept) {
		days = append(days, r.day())
	}
	if r.failed || len(r.b) > 0 {
		return nil, fmt.Errorf("the model of a feed is damaged at byte %d: start it anew", len(b)-len(r.b))
	}
	if f.clock.IsZero() {
		return New(cfg), nil
	}
	if off := f.date(f.clock) - f.today.date; off < -1 || off > 1 { // by one when the house was moved to another zone
		return nil, errors.New("the model of a feed is damaged: its clock stands in another day than it does: start it anew")
	}
	f.keep(days)
	if len(days) >= firstCurve {
		f.fit(days)
	}
	f.enter(f.clock)
	return f, nil
}

// reader reads what encode wrote, and remembers that it could not.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if r.failed || len(r.b) < n {
		r.failed = true
		return make([]byte, n)
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte { return r.take(1)[0] }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is a number of things, of which there may be so many.
func (r *reader) count(most int) int {
	n := r.uvarint()
	if n > uint64(most) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *reader) time() time.Time {
	v := r.uvarint()
	if v > lastDate*86400e9 {
		r.failed = true
	}
	if v == 0 || r.failed {
		return time.Time{}
	}
	return time.Unix(0, int64(v))
}

func (r *reader) float() float64 {
	v := math.Float64frombits(binary.BigEndian.Uint64(r.take(8)))
	if !(v >= 0 && v < math.MaxFloat32) {
		r.failed = true
		return 0
	}
	return v
}

func (r *reader) day() (d day) {
	date := r.varint()
	if date < 0 || date > lastDate {
		r.failed = true
	}
	d.date, d.lost, d.n = int32(date), r.uvarint(), r.count(math.MaxInt32)
	for i := range d.counts {
		d.counts[i] = uint32(r.count(math.MaxUint32))
	}
	for range r.count(tail) {
		d.gaps = append(d.gaps, binary.BigEndian.Uint16(r.take(2)))
	}
	return d
}

// lastDate is in the year 2259.
const lastDate = 105_900

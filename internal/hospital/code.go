package hospital

import (
	"encoding/binary"
	"errors"
)

// codeVersion stands in front of what is written. A later release reads what earlier ones wrote.
const codeVersion = 1

// errCode says that what was written cannot be read. It quotes nothing.
var errCode = errors.New("what is known of somebody cannot be read: put the last backup of the database in its place")

// writer writes numbers in few bytes. Times are written as the distance from the time before, for what a record holds lies
// close together.
type writer struct {
	b     []byte
	last  stamp
	entry uint64
}

func (w *writer) byte(v byte)          { w.b = append(w.b, v) }
func (w *writer) number(v uint64)      { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) signed(v int64)       { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) hash(v uint64)        { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *writer) ref(r Ref)            { w.number(uint64(r)) }
func (w *writer) patient(id PatientID) { w.number(uint64(id)) }

func (w *writer) truth(v bool) {
	if v {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

// time writes whole seconds where the time is one.
func (w *writer) time(t stamp) {
	if t == 0 {
		w.byte(0)
		return
	}
	d := int64(t - w.last)
	w.last = t
	if d%1000 == 0 {
		w.number(zigzag(d/1000)<<1 + 1)
	} else {
		w.number(zigzag(d)<<1 + 2)
	}
}

func (w *writer) place(p Place) {
	w.signed(int64(p.Entry - w.entry))
	w.entry = p.Entry
	w.signed(int64(p.Line))
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// reader reads what writer wrote. Once something is not as it must be, it fails for good and gives nothing but zeros.
type reader struct {
	b      []byte
	last   stamp
	entry  uint64
	failed bool
}

func (r *reader) fail() {
	r.failed, r.b = true, nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) number() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // most are small
		v := uint64(r.b[0])
		r.b = r.b[1:]
		return v
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) signed() int64 { return unzigzag(r.number()) }

func (r *reader) hash() uint64 {
	if len(r.b) < 8 {
		r.fail()
		return 0
	}
	v := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *reader) ref() Ref           { return Ref(r.number()) }
func (r *reader) patient() PatientID { return PatientID(r.number()) }
func (r *reader) truth() bool        { return r.byte() != 0 }

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) time() stamp {
	v := r.number()
	if v == 0 {
		return 0
	}
	if v--; v&1 == 0 {
		r.last += stamp(unzigzag(v>>1) * 1000)
	} else {
		r.last += stamp(unzigzag(v >> 1))
	}
	return r.last
}

func (r *reader) place() Place {
	r.entry += uint64(r.signed())
	return Place{r.entry, int32(r.signed())}
}

// count reads how many of something follow, each of which takes at least one byte.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (w *writer) hashes(all []uint64) {
	w.number(uint64(len(all)))
	for _, v := range all {
		w.hash(v)
	}
}

func (r *reader) hashes() []uint64 {
	n := r.count()
	if n == 0 {
		return nil
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = r.hash()
	}
	return all
}

func (w *writer) refs(all []Ref) {
	w.number(uint64(len(all)))
	for _, v := range all {
		w.ref(v)
	}
}

func (r *reader) refs() []Ref {
	n := r.count()
	if n == 0 {
		return nil
	}
	all := make([]Ref, n)
	for i := range all {
		all[i] = r.ref()
	}
	return all
}

func (w *writer) patients(all []PatientID) {
	w.number(uint64(len(all)))
	for _, v := range all {
		w.patient(v)
	}
}

func (r *reader) patients() []PatientID {
	n := r.count()
	if n == 0 {
		return nil
	}
	all := make([]PatientID, n)
	for i := range all {
		all[i] = r.patient()
	}
	return all
}

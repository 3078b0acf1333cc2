package indicator

import (
	"encoding/binary"
	"sort"
	"time"
)

// Source is a list of indicators, or the part of one that is by one author.
type Source struct {
	File       string
	Title      string // what the list calls itself
	Author     string
	Level      string // of entries that state none; medium unless set
	References []string
}

// Detail is what a list says of an entry, or of many alike.
type Detail struct {
	Source      int    // number that Builder.AddSource gave
	ID          string // of the entry in its list, such as a STIX id
	Several     bool   // values stand under this ID
	Title       string
	Description string
	Level       string // informational, low, medium, high, critical; or "" for the source's
	Author      string // or "" for the source's
	References  []string

	// Conditions that an event must meet as well.
	Port  uint16    // that it must hold; 0 for none
	Name  string    // of a file that it must name; "" for none
	With  string    // an address that it must hold; "" for none
	From  time.Time // zero for always
	Until time.Time // the first moment that is too late; zero for never
}

// conditional tells whether the entry asks for more than its value.
func (d *Detail) conditional() bool {
	return d.Port != 0 || d.Name != "" || d.With != "" || !d.From.IsZero() || !d.Until.IsZero()
}

// Ref names a Detail in its Builder.
type Ref uint32

// details keeps Details one behind the other. Details alike share a place as far as a bounded
// memory of the last ones goes.
type details struct {
	text  []byte
	known map[string]Ref
	last  []byte
}

const (
	maxKnown   = 4096
	maxDetails = 1<<32 - 1<<20 // bytes that a Ref can point to
)

func (t *details) add(d *Detail) (Ref, error) {
	t.last = appendDetail(t.last[:0], d)
	if ref, ok := t.known[string(t.last)]; ok {
		return ref, nil
	}
	if len(t.text)+len(t.last) > maxDetails {
		return 0, errFull
	}
	if t.known == nil || len(t.known) >= maxKnown {
		t.known = map[string]Ref{}
	}
	ref := Ref(len(t.text))
	t.text = append(t.text, t.last...)
	t.known[string(t.last)] = ref
	return ref, nil
}

func appendDetail(dst []byte, d *Detail) []byte {
	source := uint64(d.Source) << 1
	if d.Several {
		source |= 1
	}
	dst = binary.AppendUvarint(dst, source)
	dst = binary.AppendUvarint(dst, uint64(d.Port))
	dst = appendTime(dst, d.From)
	dst = appendTime(dst, d.Until)
	for _, s := range [...]string{d.ID, d.Title, d.Description, d.Level, d.Author, d.Name, d.With} {
		dst = appendText(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.References)))
	for _, s := range d.References {
		dst = appendText(dst, s)
	}
	return dst
}

// appendTime writes a zero time as 0 and any other as 1 and its seconds and nanoseconds.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(append(dst, 1), t.Unix())
	return binary.AppendUvarint(dst, uint64(t.Nanosecond()))
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// detailReader takes apart what appendDetail wrote.
type detailReader []byte

func readDetail(text []byte) Detail {
	r := detailReader(text)
	source := r.number()
	d := Detail{Source: int(source >> 1), Several: source&1 != 0, Port: uint16(r.number()), From: r.time(), Until: r.time()}
	for _, s := range [...]*string{&d.ID, &d.Title, &d.Description, &d.Level, &d.Author, &d.Name, &d.With} {
		*s = r.text()
	}
	for range r.number() {
		d.References = append(d.References, r.text())
	}
	return d
}

func (r *detailReader) number() uint64 {
	v, n := binary.Uvarint(*r)
	*r = (*r)[n:]
	return v
}

func (r *detailReader) time() time.Time {
	if known := r.number(); known == 0 {
		return time.Time{}
	}
	seconds, n := binary.Varint(*r)
	*r = (*r)[n:]
	return time.Unix(seconds, int64(r.number())).UTC()
}

func (r *detailReader) text() string {
	n := r.number()
	s := string((*r)[:n])
	*r = (*r)[n:]
	return s
}

// run is a stretch of entries with one Detail on consecutive lines.
type run struct {
	first  uint32 // number of its first entry
	line   uint32 // of that entry
	detail Ref
}

// runs finds the Detail and line of an entry.
type runs []run

func (r *runs) add(entry, line uint32, detail Ref) {
	if n := len(*r); n > 0 {
		last := (*r)[n-1]
		if last.detail == detail && line-last.line == entry-last.first {
			return
		}
	}
	*r = append(*r, run{entry, line, detail})
}

func (r runs) find(entry uint32) (line int, detail Ref) {
	i := sort.Search(len(r), func(i int) bool { return r[i].first > entry }) - 1
	return int(r[i].line + entry - r[i].first), r[i].detail
}

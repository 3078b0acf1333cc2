package dicom

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
)

// Text returns the first value of a text attribute as UTF-8, without its padding; empty when it is not there.
func (ds *DataSet) Text(t Tag) string {
	if e, ok := ds.known(t); ok {
		return ds.text(&e)
	}
	return ""
}

// known finds an element, and what it is by the dictionary when its representation is said to be unknown: then it is written
// as in implicit VR little endian (PS3.5 6.2.2).
func (ds *DataSet) known(t Tag) (Element, bool) {
	e, ok := ds.Find(t)
	if ok && e.VR == UN {
		e.VR, e.coding = t.Lookup(), coding{implicit: true}
	}
	return e, ok
}

func (ds *DataSet) text(e *Element) string {
	all := ds.Texts(e)
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// Texts returns the values of a text element of ds as UTF-8, without their padding. Bytes that are no text in the
// declared character set come as U+FFFD. It has none when the element is empty or no text.
func (ds *DataSet) Texts(e *Element) []string {
	text, _ := ds.Decode(e)
	if text == "" {
		return nil
	}
	if e.VR.Single() {
		return []string{trimEnd(text)}
	}
	values := strings.Split(text, `\`)
	for i := range values {
		values[i] = trim(values[i], e.VR)
	}
	return values
}

// Decode returns the whole value of a text element of ds as UTF-8, with backslashes and padding where they stand. ok tells
// whether every byte was text in the declared character set; those that were not come as U+FFFD.
func (ds *DataSet) Decode(e *Element) (text string, ok bool) {
	if !e.VR.IsText() || e.Value == nil {
		return "", true
	}
	cs := ds.charset.get()
	if !e.VR.Translated() {
		cs = nil
	}
	return cs.decode(e.Value, !e.VR.Single(), e.VR == PN)
}

// trim takes off what is no part of a value (PS3.5 6.2): blanks and NUL behind it, and before
// it as well where the representation says that they mean nothing.
func trim(value string, vr VR) string {
	value = trimEnd(value)
	switch vr {
	case AE, CS, DS, IS, LO, SH, UI:
		return strings.TrimLeft(value, " ")
	}
	return value
}

func trimEnd(value string) string { return strings.TrimRight(value, " \x00") }

// PersonName is a name in up to three scripts (PS3.5 6.2.1). In each, ^ separates family name, given name,
// middle name, prefix and suffix.
type PersonName struct{ Alphabetic, Ideographic, Phonetic string }

// ParseName reads a value of VR PN.
func ParseName(value string) PersonName {
	var n PersonName
	groups := [...]*string{&n.Alphabetic, &n.Ideographic, &n.Phonetic}
	for i, g := range strings.SplitN(value, "=", len(groups)) {
		*groups[i] = trimEnd(g)
	}
	return n
}

// Name returns the first value of a person's name.
func (ds *DataSet) Name(t Tag) PersonName { return ParseName(ds.Text(t)) }

// Ints returns the whole numbers of a binary element, or of one with VR IS. An unsigned 64-bit number beyond the range of int64
// is not among them. It has none when a value is no number.
func (ds *DataSet) Ints(t Tag) []int64 {
	e, ok := ds.known(t)
	if !ok {
		return nil
	}
	if e.VR == IS {
		return parseAll(ds.Texts(&e), func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	}
	return e.Ints()
}

// Int returns the first of Ints, and def when there is none.
func (ds *DataSet) Int(t Tag, def int64) int64 {
	if all := ds.Ints(t); len(all) > 0 {
		return all[0]
	}
	return def
}

// Floats returns the numbers of an element of VR FL, FD, OF, OD or DS. It has none when a value is no number.
func (ds *DataSet) Floats(t Tag) []float64 {
	e, ok := ds.known(t)
	if !ok {
		return nil
	}
	if e.VR == DS {
		return parseAll(ds.Texts(&e), func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	}
	return e.Floats()
}

func parseAll[T any](texts []string, parse func(string) (T, error)) []T {
	out := make([]T, len(texts))
	for i, s := range texts {
		n, err := parse(s)
		if err != nil {
			return nil
		}
		out[i] = n
	}
	return out
}

// Ints returns the whole numbers of a binary element; see DataSet.Ints.
func (e *Element) Ints() []int64 {
	size := e.VR.Size()
	switch e.VR {
	case US, SS, OW, UL, SL, OL, UV, SV, OV:
	default:
		return nil
	}
	out := make([]int64, 0, len(e.Value)/size)
	order := e.order()
	for v := e.Value; len(v) >= size; v = v[size:] {
		switch e.VR {
		case US, OW:
			out = append(out, int64(order.Uint16(v)))
		case SS:
			out = append(out, int64(int16(order.Uint16(v))))
		case UL, OL:
			out = append(out, int64(order.Uint32(v)))
		case SL:
			out = append(out, int64(int32(order.Uint32(v))))
		default:
			n := order.Uint64(v)
			if e.VR != SV && n > math.MaxInt64 {
				return nil
			}
			out = append(out, int64(n))
		}
	}
	return out
}

// Floats returns the numbers of a binary element; see DataSet.Floats.
func (e *Element) Floats() []float64 {
	size, order := e.VR.Size(), e.order()
	switch e.VR {
	case FL, OF, FD, OD:
	default:
		return nil
	}
	out := make([]float64, 0, len(e.Value)/size)
	for v := e.Value; len(v) >= size; v = v[size:] {
		if size == 4 {
			out = append(out, float64(math.Float32frombits(order.Uint32(v))))
		} else {
			out = append(out, math.Float64frombits(order.Uint64(v)))
		}
	}
	return out
}

// Tags returns the tags of an element of VR AT.
func (e *Element) Tags() []Tag {
	if e.VR != AT {
		return nil
	}
	out := make([]Tag, 0, len(e.Value)/4)
	for v := e.Value; len(v) >= 4; v = v[4:] {
		out = append(out, e.tag(v))
	}
	return out
}

// AppendLittleEndian appends the value of e with its numbers in little endian, whatever order they came in.
func (e *Element) AppendLittleEndian(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, e.Value...)
	if e.big {
		Swap(dst[start:], e.VR.Size())
	}
	return dst
}

// BigEndian tells whether the numbers of e begin with their high byte.
func (e *Element) BigEndian() bool { return e.big }

// Swap turns the order of the bytes of every number of size bytes in b round, in place. What is left over at the end stays.
func Swap(b []byte, size int) {
	switch size {
	case 2:
		for ; len(b) >= 2; b = b[2:] {
			b[0], b[1] = b[1], b[0]
		}
	case 4:
		for ; len(b) >= 4; b = b[4:] {
			binary.LittleEndian.PutUint32(b, binary.BigEndian.Uint32(b))
		}
	case 8:
		for ; len(b) >= 8; b = b[8:] {
			binary.LittleEndian.PutUint64(b, binary.BigEndian.Uint64(b))
		}
	}
}

// Date returns the first value of VR DA as the beginning of that day in UTC. It reads the form of the standard, 20260131,
// and that of ACR-NEMA, 2026.01.31 (PS3.5 6.2).
func (ds *DataSet) Date(t Tag) (day time.Time, ok bool) {
	text := strings.ReplaceAll(ds.Text(t), ".", "")
	day, err := time.Parse("20060102", text)
	return day, err == nil
}

// Time returns the first value of VR TM as what has passed since midnight: hours, and as much of minutes, seconds and a
// fraction as is there. The colons of ACR-NEMA may stand between.
func (ds *DataSet) Time(t Tag) (since time.Duration, ok bool) {
	return parseClock(strings.ReplaceAll(ds.Text(t), ":", ""))
}

// DateTime returns the first value of VR DT, which may end early, and carry an offset from UTC; zoned tells whether
// it does. Without one the time is in loc, which is best read from (0008,0201).
func (ds *DataSet) DateTime(t Tag, loc *time.Location) (at time.Time, zoned, ok bool) {
	text := ds.Text(t)
	if n := len(text) - 5; n >= 4 && (text[n] == '+' || text[n] == '-') {
		offset, fine := parseOffset(text[n:])
		if !fine {
			return time.Time{}, false, false
		}
		text, loc, zoned = text[:n], time.FixedZone("", offset), true
	}
	date, clock := text, ""
	if len(text) > 8 {
		date, clock = text[:8], text[8:]
	}
	const layout = "20060102"
	if len(date) != 4 && len(date) != 6 && len(date) != 8 {
		return time.Time{}, false, false
	}
	day, err := time.ParseInLocation(layout[:len(date)], date, loc)
	if err != nil {
		return time.Time{}, false, false
	}
	if clock == "" {
		return day, zoned, true
	}
	since, ok := parseClock(clock)
	if !ok {
		return time.Time{}, false, false
	}
	h, m, s := since/time.Hour, since%time.Hour/time.Minute, since%time.Minute
	return time.Date(day.Year(), day.Month(), day.Day(), int(h), int(m), int(s/time.Second), int(s%time.Second), loc), zoned, true
}

// parseOffset reads +hhmm, from -1200 to +1400 (PS3.5 6.2), in seconds.
func parseOffset(text string) (int, bool) {
	h, ok1 := twoDigits(text[1:], 14)
	m, ok2 := twoDigits(text[3:], 59)
	if text[0] == '-' {
		return -(h*3600 + m*60), ok1 && ok2 && h <= 12
	}
	return h*3600 + m*60, ok1 && ok2
}

// parseClock reads hh[mm[ss[.f]]], with up to six digits of a fraction. A leap second is a second.
func parseClock(text string) (time.Duration, bool) {
	text, fraction, dotted := strings.Cut(text, ".")
	if len(text) != 2 && len(text) != 4 && len(text) != 6 || dotted && len(text) != 6 {
		return 0, false
	}
	var total time.Duration
	for i, unit := range []struct {
		most int
		size time.Duration
	}{{23, time.Hour}, {59, time.Minute}, {60, time.Second}}[:len(text)/2] {
		n, ok := twoDigits(text[2*i:], unit.most)
		if !ok {
			return 0, false
		}
		total += time.Duration(n) * unit.size
	}
	if !dotted {
		return total, true
	}
	if len(fraction) == 0 || len(fraction) > 6 || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi((fraction + "00000")[:6])
	return total + time.Duration(n)*time.Microsecond, err == nil
}

func twoDigits(text string, most int) (int, bool) {
	if len(text) < 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9' {
		return 0, false
	}
	n := int(text[0]-'0')*10 + int(text[1]-'0')
	return n, n <= most
}

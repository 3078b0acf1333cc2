package route

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
)

// How sure the ways of an engine have to be.
const (
	enough  = 3    // times that a way of writing was seen before it counts
	unruled = 20   // different changes of one field without a rule, from where on the field is the engine's own
	largest = 512  // values that a code map may have
	settled = 50   // messages of a kind before it is known whether they arrive
	kinds   = 4096 // of fields and of ways: names come from outside, and must not fill the memory
)

// habits is what was learned of an engine. It remembers no value: only keyed hashes of those in small maps.
type habits struct {
	secret  []byte
	fields  map[string]*habit
	ways    map[way]*share // of what is said in front: does it arrive?
	sources map[way]*share // of what is said behind: does it come from in front?
	over    bool           // learning
}

// way is messages of one kind, or statements in them.
type way struct {
	origin
	segment string // empty for the message itself
}

// habit is how one field is rewritten.
type habit struct {
	Forms  map[form]int      `json:"forms,omitempty"`  // how often a way of writing explained the change
	Map    map[uint64]uint64 `json:"map,omitempty"`    // what became of each value, where no form explains it
	Mapped int               `json:"mapped,omitempty"` // changes that the map had seen before
	Turned int               `json:"turned,omitempty"` // changes that it contradicts, or has no room for
}

// form is a way of writing the same, or of leaving it out.
type form string

// forms are asked in this order.
var forms = []struct {
	form
	explains func(before, after string) bool
}{
	{"case", strings.EqualFold},
	{"blanks", func(a, b string) bool {
		return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
	}},
	{"zeros", func(a, b string) bool {
		return a != "" && b != "" && strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0")
	}},
	{"number", sameNumber},
	{"time", sameTime},
	{"emptied", func(_, b string) bool { return b == "" }},
	{"cut", func(a, b string) bool { return len(b) >= 4 && strings.HasPrefix(a, b) }},
	{"filled", func(a, _ string) bool { return a == "" }},
}

// usual tells whether a change is of the engine's ways, and learns from it while there is learning.
func (h *habits) usual(c Change, learning bool) bool {
	field, _, _ := strings.Cut(c.Field, "[") // repetitions are written alike
	f := h.fields[field]
	if !learning {
		return f != nil && h.knows(f, c)
	}
	if f == nil && len(h.fields) >= kinds {
		return true
	}
	if f == nil {
		f = &habit{Forms: map[form]int{}, Map: map[uint64]uint64{}}
		if h.fields == nil {
			h.fields = map[string]*habit{}
		}
		h.fields[field] = f
	}
	h.learn(f, c)
	return true
}

func (h *habits) learn(f *habit, c Change) {
	for _, w := range forms {
		if w.explains(c.Before, c.After) {
			f.Forms[w.form]++
			return
		}
	}
	from, to := h.hash(c.Field, c.Before), h.hash(c.Field, c.After)
	became, known := f.Map[from]
	switch {
	case known && became == to:
		f.Mapped++
	case known || len(f.Map) >= largest:
		f.Turned++
	default:
		f.Map[from] = to
	}
}

func (h *habits) knows(f *habit, c Change) bool {
	for _, w := range forms {
		if f.Forms[w.form] >= enough && w.explains(c.Before, c.After) {
			return true
		}
	}
	if f.free() {
		return true
	}
	became, known := f.Map[h.hash(c.Field, c.Before)]
	return known && became == h.hash(c.Field, c.After)
}

// free tells whether the engine writes what it likes into a field: numbers and times of its own.
func (f *habit) free() bool {
	return f.Turned >= unruled || len(f.Map) >= unruled && f.Mapped < len(f.Map)
}

func (h *habits) hash(field, value string) uint64 {
	mac := hmac.New(sha256.New, h.secret)
	mac.Write([]byte(field))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return binary.BigEndian.Uint64(mac.Sum(nil))
}

// share is how much of something is as it usually is.
type share struct {
	Here int `json:"here"`
	Gone int `json:"gone"`

	over *bool // learning; what is settled then stays, so that nobody can get Wardline used to losses
}

func (h *habits) arrival(o origin, segment string) *share { return h.share(&h.ways, way{o, segment}) }
func (h *habits) source(o origin, segment string) *share  { return h.share(&h.sources, way{o, segment}) }

func (h *habits) share(of *map[way]*share, w way) *share {
	if *of == nil {
		*of = map[way]*share{}
	}
	if _, known := (*of)[w]; !known && len(*of) >= kinds {
		w = way{}
	}
	s := (*of)[w]
	if s == nil {
		s = &share{over: &h.over}
		(*of)[w] = s
	}
	return s
}

func (s *share) arrive() {
	if !s.closed() {
		s.Here++
	}
}

func (s *share) miss() {
	if !s.closed() {
		s.Gone++
	}
}

func (s *share) closed() bool { return *s.over && s.Here+s.Gone >= settled }

// usual tells whether at least 99 of 100 are as they should be.
func (s *share) usual() bool { return s.Here >= settled && 99*s.Gone <= s.Here }

// stamp reads a time of HL7.
func stamp(text string) (time.Time, bool) {
	t, _, ok := hl7.ParseTime(text)
	return t, ok
}

// sameTime tells whether one of two times is the other, less exact or in another zone.
func sameTime(a, b string) bool {
	x, ok1 := stamp(a)
	y, ok2 := stamp(b)
	if !ok1 || !ok2 || len(a) < 8 || len(b) < 8 {
		return false
	}
	n := min(len(a), len(b), 14)
	return a[:n] == b[:n] || x.Equal(y)
}

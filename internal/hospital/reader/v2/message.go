package v2

import (
	"iter"
	"slices"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// What one message may give, however long it is.
const (
	mostFacts       = 2000
	mostRepetitions = 32  // of a field
	mostLength      = 256 // bytes of a value
)

// message is one message as it is read.
type message struct {
	hl7.Message
	kind, trigger, control string
	// zone is where the sender's clock stands: the offset of MSH-7, else the site's.
	zone *time.Location
	near time.Time // when it was received
	sent time.Time // MSH-7
	said time.Time // when what it reports was entered (EVN-2), else sent
	head []segment // what stands before the first patient
	// groups are the patients it speaks of, each with the segments that follow.
	groups []group
	facts  []hospital.Fact
}

// group is one patient of a message.
type group struct {
	ids   []hospital.Identifier
	visit string // the sender's number of it
	segs  []segment
}

// segment is one segment, with the delimiters of its message.
type segment struct {
	hl7.Segment
	m *hl7.Message
}

// part is one repetition of a field.
type part struct {
	text []byte
	m    *hl7.Message
}

// parts yields the filled repetitions of field n.
func (s segment) parts(n int) iter.Seq[part] {
	return func(yield func(part) bool) {
		if s.m == nil {
			return
		}
		field, ok := s.m.FieldText(s.Segment, n)
		for r := 1; ok && r <= mostRepetitions; r++ {
			text, more := s.m.RepetitionText(field, r)
			if !more || len(text) > 0 && string(text) != `""` && !yield(part{text, s.m}) {
				return
			}
		}
	}
}

// get is component c of the first filled repetition of field n.
func (s segment) get(n, c int) string {
	for p := range s.parts(n) {
		return p.get(c, 1)
	}
	return ""
}

// deleted tells whether the sender says that what field n held is not so (HL7 v2.5.1 section 2.5.3.4).
func (s segment) deleted(n int) bool {
	if s.m == nil {
		return false
	}
	text, _ := s.m.FieldText(s.Segment, n)
	return string(text) == `""`
}

// get is subcomponent sub of component c, without escapes.
func (p part) get(c, sub int) string {
	text, _ := p.m.ComponentText(p.text, c)
	text, _ = p.m.SubcomponentText(text, sub)
	if len(text) == 0 || string(text) == `""` {
		return ""
	}
	value := p.m.Unescape(nil, text[:min(len(text), 4*mostLength)])
	return clip(string(value))
}

func clip(value string) string {
	if len(value) <= mostLength {
		return value
	}
	n := mostLength
	for n > 0 && value[n]&0xc0 == 0x80 { // not inside of a character
		n--
	}
	return value[:n]
}

// first returns the first segment of that name in list; the zero segment has no fields.
func first(list []segment, name string) segment {
	i := slices.IndexFunc(list, func(s segment) bool { return s.Name() == name })
	if i < 0 {
		return segment{}
	}
	return list[i]
}

// named yields the segments of that name.
func named(list []segment, name string) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		for _, s := range list {
			if s.Name() == name && !yield(s) {
				return
			}
		}
	}
}

// time reads field n of s; zero when it is empty, cannot be read, or means never.
func (m *message) time(s segment, n int) time.Time { return m.moment(s.get(n, 1)) }

// moment reads a time stamp (HL7 v2.5.1 section 2.A.22). The last day of the year 9999 is written for never.
func (m *message) moment(text string) time.Time {
	t, zoned, ok := hl7.ParseTime(text)
	switch {
	case !ok || t.Year() >= 9999 || t.Year() < 1850:
		return time.Time{}
	case zoned:
		return t.UTC()
	}
	return event.InZone(t, m.zone, m.near)
}

// day reads the day of field n: of birth, of death. It is the same day everywhere.
func day(s segment, n int) time.Time {
	text := s.get(n, 1)
	t, _, ok := hl7.ParseTime(text[:min(len(text), len("20060102"))])
	if !ok || t.Year() < 1850 || t.Year() >= 9999 {
		return time.Time{}
	}
	return t
}

// zoneOf is where the sender's clock stands, as MSH-7 says it.
func zoneOf(stamp string, site *time.Location) *time.Location {
	t, zoned, ok := hl7.ParseTime(stamp)
	if !ok || !zoned {
		return site
	}
	clock, _, _ := hl7.ParseTime(stamp[:len(stamp)-len("+hhmm")])
	return time.FixedZone("", int(clock.Sub(t)/time.Second))
}

// people lists those whom the fields name (XCN, CN, and NDL, whose first component is the person), each once.
func people(s segment, fields ...int) []hospital.Who {
	var list []hospital.Who
	for _, n := range fields {
		for p := range s.parts(n) {
			list = add(list, hospital.Person, hospital.Name{Text: p.get(1, 1), Authority: p.authority()})
		}
	}
	return list
}

// authority is who gave a person's number: component 9 of XCN, part 9 of the name in NDL.
func (p part) authority() string {
	if inside := p.get(1, 9); inside != "" {
		return inside
	}
	return p.get(9, 1)
}

// person is the first whom one of the fields names.
func person(s segment, fields ...int) hospital.Name {
	for _, who := range people(s, fields...) {
		return who.Name
	}
	return hospital.Name{}
}

// add adds one to list, unless it is nobody or there already.
func add(list []hospital.Who, kind hospital.WhoKind, name hospital.Name) []hospital.Who {
	who := hospital.Who{Kind: kind, Name: name}
	if name.Text == "" || slices.Contains(list, who) || len(list) == 4*mostRepetitions {
		return list
	}
	return append(list, who)
}

func one(kind hospital.WhoKind, code string) []hospital.Who {
	return add(nil, kind, hospital.Name{Text: code})
}

// known is the first of the times that is known.
func known(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// put adds a fact; said is zero where the message's own time holds.
func (m *message) put(f hospital.Fact, said time.Time) {
	if len(m.facts) < mostFacts {
		f.Said = known(said, m.said)
		m.facts = append(m.facts, f)
	}
}

// reason adds a relation of g's patient. One about nobody in particular needs a key: else it would be about all.
func (m *message) reason(g *group, r hospital.ReasonFact, said time.Time) {
	r.Patient, r.Visit = g.ids, g.visit
	r.Key = clip(r.Key)
	if len(r.Who) == 0 && r.Key == "" || len(r.Patient) == 0 && r.Visit == "" {
		return
	}
	m.put(hospital.Fact{Reason: &r}, said)
}

// relate adds a relation to people or places that are named; without any there is none.
func (m *message) relate(g *group, r hospital.ReasonFact, said time.Time) {
	if len(r.Who) > 0 {
		m.reason(g, r, said)
	}
}

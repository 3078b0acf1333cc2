package bedside

import (
	"iter"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// What one message may give, however long it is.
const (
	mostGroups      = 200 // patients
	mostRepetitions = 32  // of a field
	mostSegments    = 4000
)

// message is one message as it is read.
type message struct {
	hl7.Message
	kind, trigger string
	source        string // MSH-3 and MSH-4
	zone          *time.Location
	near          time.Time // when it was received
	said          time.Time // when what it tells of was entered (EVN-2), else when it was made (MSH-7)
	groups        []group
}

// group is one patient of a message with the segments that follow.
type group struct {
	ids   []hospital.Identifier
	visit string
	segs  []segment
}

// segment is one segment, with the delimiters of its message.
type segment struct {
	hl7.Segment
	m    *hl7.Message
	name string
}

// open reads the header and finds the patients. It is nil when the message does not count: those of tests and trainings (MSH-11) do not.
func open(parsed hl7.Message, site *time.Location, received time.Time) *message {
	m := &message{Message: parsed, near: received}
	var evn, msh segment
	for i, s := range m.Segments {
		if i == mostSegments {
			break
		}
		seg := segment{s, &m.Message, s.Name()}
		switch seg.name {
		case "MSH":
			msh = seg
		case "EVN":
			evn = seg
		case "PID":
			if len(m.groups) < mostGroups {
				m.groups = append(m.groups, group{ids: identifiers(seg), visit: seg.get(18, 1)})
			}
		}
		if n := len(m.groups); n > 0 {
			g := &m.groups[n-1]
			g.segs = append(g.segs, seg)
			if seg.name == "PV1" {
				g.visit = first(seg.get(19, 1), seg.get(50, 1), g.visit)
			}
		}
	}
	if mode := msh.get(11, 1); mode == "T" || mode == "D" {
		return nil
	}
	m.kind, m.trigger = msh.get(9, 1), first(msh.get(9, 2), evn.get(1, 1))
	m.source = msh.get(3, 1) + "/" + msh.get(4, 1)
	m.zone = zoneOf(msh.get(7, 1), site)
	m.said = m.past(m.time(evn, 2), m.time(msh, 7))
	return m
}

// past is the first of the times that is known, but not after the message was received: nobody tells the future.
func (m *message) past(times ...time.Time) time.Time {
	at := known(append(times, m.near)...)
	if !m.near.IsZero() && at.After(m.near) {
		return m.near
	}
	return at
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

// time reads field n of s; zero when it is empty, cannot be read, or means never.
func (m *message) time(s segment, n int) time.Time { return m.moment(s.get(n, 1)) }

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

// day reads a day, which is the same everywhere.
func day(text string) time.Time {
	t, _, ok := hl7.ParseTime(text[:min(len(text), len("20060102"))])
	if !ok || len(text) < len("20060102") || t.Year() < 1850 || t.Year() >= 9999 {
		return time.Time{}
	}
	return t
}

// identifiers lists the patient's numbers (PID-3; PID-2 and PID-4 in old versions).
func identifiers(s segment) []hospital.Identifier {
	for _, n := range [...]int{3, 2, 4} {
		var list []hospital.Identifier
		for text := range s.repetitions(n) {
			id := hospital.Identifier{Value: s.part(text, 1, 1), Authority: first(s.part(text, 4, 1), s.part(text, 4, 2)), Type: s.part(text, 5, 1)}
			if id.Value != "" && len(list) < mostIDs {
				list = append(list, id)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// repetitions yields the filled repetitions of field n, as written.
func (s segment) repetitions(n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if s.m == nil {
			return
		}
		field, ok := s.m.FieldText(s.Segment, n)
		for r := 1; ok && r <= mostRepetitions; r++ {
			text, more := s.m.RepetitionText(field, r)
			if !more || len(text) > 0 && string(text) != `""` && !yield(text) {
				return
			}
		}
	}
}

// get is component c of the first filled repetition of field n, as one line of text.
func (s segment) get(n, c int) string {
	for text := range s.repetitions(n) {
		return s.part(text, c, 1)
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

// part is a subcomponent of a repetition, as one line of text without escapes.
func (s segment) part(text []byte, c, sub int) string {
	text, _ = s.m.ComponentText(text, c)
	text, _ = s.m.SubcomponentText(text, sub)
	if len(text) == 0 || string(text) == `""` {
		return ""
	}
	return clip(string(s.m.Unescape(nil, text[:min(len(text), 8*mostText)])))
}

// coded is a coded field: its code, its words and where the code is from. The alternate stands in for what is missing.
func (s segment) coded(n int) (code, words, system string) {
	return first(s.get(n, 1), s.get(n, 4)), first(s.get(n, 2), s.get(n, 5)), first(s.get(n, 3), s.get(n, 6))
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func known(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// named returns the first segment of a name; the zero segment has no fields.
func (g *group) named(name string) segment {
	for _, s := range g.segs {
		if s.name == name {
			return s
		}
	}
	return segment{}
}

// isVoid tells the order controls and states that take an order back (tables 0119 and 0038).
func isVoid(control, status string) bool {
	switch control {
	case "CA", "DC", "OC", "OD", "CR", "DR", "RP":
		return true
	}
	return status == "CA" || status == "DC" || status == "RP"
}

// amount writes how much: 999 is written for what nobody knows (HL7 v2.5.1 4.14.7.6).
func amount(least, most, unit string) string {
	if least == "999" {
		return ""
	}
	if most != "" && most != least {
		least = strings.Trim(least+"-"+most, "-")
	}
	return strings.TrimSpace(least + " " + unit)
}

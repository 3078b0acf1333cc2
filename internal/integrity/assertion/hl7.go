package assertion

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/hl7"
)

// OfHL7 returns the statements of a message, in its order: its OBX (ORU and others), RXE or RXO, RXA, AL1, DG1, PR1, TXA with the document in the OBX that
// follow, and the patient of its PID. What names no patient, or nothing that it is about, makes none.
//
// Results stand under the OBR before them, which gives their order's number (OBR-3, else OBR-2) and, where an OBX
// leaves it out, time and status. Numbers are read from the entity identifier alone, for their authorities are written differently everywhere.
func OfHL7(m *hl7.Message, rules *Rules) []Statement {
	r := messageReader{m: m, rules: rules, times: map[string]int{}}
	r.facility, _ = m.Get("MSH-4.1")
	for i := range m.Segments {
		name := m.Segments[i].Name()
		if name == "" {
			continue
		}
		r.times[name]++
		r.segment(line{m, m.Segments[i], name, r.times[name]})
	}
	r.endAll()
	return r.out
}

// line is one segment, and which of its name it is.
type line struct {
	m    *hl7.Message
	s    hl7.Segment
	name string
	nth  int
}

// place is where a field stands, as people say it.
func (l line) place(field int) string { return l.name + "-" + strconv.Itoa(field) }

func (l line) source() string { return l.name + "[" + strconv.Itoa(l.nth) + "]" }

// repetition is one repetition of a field as written, from 1; empty when there is none.
func (l line) repetition(field, n int) []byte {
	text, _ := l.m.FieldText(l.s, field)
	text, _ = l.m.RepetitionText(text, n)
	return text
}

// each yields the repetitions of a field as written.
func (l line) each(field int) iter.Seq[[]byte] {
	text, _ := l.m.FieldText(l.s, field)
	if l.m.Repetition == 0 {
		return slices.Values([][]byte{text})
	}
	return bytes.SplitSeq(text, []byte{l.m.Repetition})
}

// get is a component of the first repetition of a field.
func (l line) get(field, component int) string { return l.part(l.repetition(field, 1), component, 1) }

// part is a subcomponent as text. "" is nothing, as empty is: neither claims anything.
func (l line) part(repetition []byte, component, subcomponent int) string {
	text, _ := l.m.ComponentText(repetition, component)
	text, _ = l.m.SubcomponentText(text, subcomponent)
	if string(text) == `""` {
		return ""
	}
	return strings.TrimSpace(string(l.m.Unescape(nil, text)))
}

// codings are a coded field's code and its alternate (CWE, CE: components 1 to 6).
func (l line) codings(repetition []byte) (list []coding) {
	for _, at := range []int{1, 4} {
		c := coding{code: l.part(repetition, at, 1), text: l.part(repetition, at+1, 1), system: l.part(repetition, at+2, 1)}
		if c != (coding{}) {
			list = append(list, c)
		}
	}
	return list
}

// messageReader walks a message and remembers what the segments to come stand under.
type messageReader struct {
	m     *hl7.Message
	rules *Rules

	facility string         // that sent the message: it gives the numbers that name no authority
	times    map[string]int // segments so far, by name
	out      []Statement

	patient, patientPlace string
	// What the ORC and the OBR at hand tell of all that stands under them, in the order in which it is to be believed. It is
	// read once: there can be many segments under a long one.
	orc, obr []Field
	results  []*draft // of the order at hand
	order    *draft   // a drug's, until its route and its timing have been read
	ordered  bool     // order is of an RXE, which tells more than an RXO
	document *draft
	content  []byte // of the document
}

func (r *messageReader) segment(l line) {
	switch l.name {
	case "PID":
		r.endAll()
		r.pid(l)
	case "ORC":
		r.endAll()
		r.orc, r.obr = r.orderControl(l), nil
	case "OBR", "SPM":
		r.endResults()
		r.endDocument()
		if l.name == "OBR" {
			r.obr = r.request(l)
		}
	case "OBX":
		r.obx(l)
	case "RXO", "RXE":
		r.drugOrder(l)
	case "RXA":
		r.drugGiven(l)
	case "RXR":
		r.route(l)
	case "TQ1":
		if r.order != nil {
			r.order.set(Frequency, frequency(l.get(3, 1)), l.place(3))
		}
	case "AL1":
		r.allergy(l)
	case "DG1":
		r.diagnosis(l)
	case "PR1":
		r.procedure(l)
	case "TXA":
		r.endDocument()
		r.txa(l)
	}
}

// endAll ends what no later segment belongs to.
func (r *messageReader) endAll() {
	r.endOrder()
	r.endResults()
	r.endDocument()
}

func (r *messageReader) start(kind Kind, l line) *draft {
	d := newDraft(kind, l.source())
	d.set(Patient, r.patient, r.patientPlace)
	return d
}

func (r *messageReader) add(d *draft) {
	if s, ok := d.statement(); ok {
		r.out = append(r.out, s)
	}
}

// pid finds the patient's number (PID-3), and what is said of them.
func (r *messageReader) pid(l line) {
	var list []identifier
	for text := range l.each(3) {
		if len(list) == mostNumbers {
			break
		}
		oid := ""
		if id := l.part(text, 4, 2); id != "" && l.part(text, 4, 3) == "ISO" {
			oid = "urn:oid:" + id
		}
		authority := r.rules.authority(oid, l.part(text, 4, 1), l.part(text, 4, 2))
		if authority == "" {
			authority = r.rules.authority(r.facility)
		}
		list = append(list, identifier{authority, l.part(text, 1, 1), l.part(text, 5, 1)})
	}
	r.patient, r.patientPlace = r.rules.patient(list), l.place(3)

	d := r.start(Demographics, l)
	name := l.repetition(5, 1)
	for text := range l.each(5) {
		if l.part(text, 7, 1) == "L" {
			name = text
			break
		}
	}
	d.set(Family, personName(l.part(name, 1, 1)), l.place(5))
	d.set(Given, personName(l.part(name, 2, 1)+" "+l.part(name, 3, 1)), l.place(5))
	d.set(Birth, day(r.rules.hl7Time(l.get(7, 1))), l.place(7))
	d.set(Sex, sex(l.get(8, 1)), l.place(8))
	if at := l.get(29, 1); at != "" {
		d.set(Death, r.rules.hl7Time(at), l.place(29))
	} else if l.get(30, 1) == "Y" {
		d.set(Death, "yes", l.place(30))
	}
	r.add(d)
}

func firstOf(list ...string) string {
	for _, text := range list {
		if text != "" {
			return text
		}
	}
	return ""
}

// personName writes a name in capital letters with single blanks, for systems differ in both.
func personName(text string) string { return strings.ToUpper(strings.Join(strings.Fields(text), " ")) }

// day is the day of a time, for births: the clock is left out by most systems.
func day(text string) string {
	before, _, _ := strings.Cut(text, "T")
	return before
}

// obx reads a result, or a part of a document.
func (r *messageReader) obx(l line) {
	if r.document != nil {
		r.content = append(r.content, r.data(l)...)
		return
	}
	code, text := r.rules.code(l.codings(l.repetition(3, 1)))
	d := r.start(Result, l)
	if aspect := bloodAspect(code); aspect != "" {
		d.kind, code = BloodGroup, aspect
	}
	d.set(Subject, code, l.place(3))
	d.set(SubjectText, text, l.place(3))
	d.inherit(r.obr, Order)
	d.inherit(r.orc, filler)
	d.inherit(r.orc, placer)
	d.set(Order, l.get(21, 1), l.place(21)) // the result's own number, of one without an order
	r.worth(d, l, code)
	d.set(Status, resultStatus(l.get(11, 1)), l.place(11))
	d.set(Observed, r.rules.hl7Time(l.get(14, 1)), l.place(14))
	d.inherit(r.obr, Status)
	d.inherit(r.obr, Observed)
	if d.get(Observed) == "" {
		d.inherit(r.obr, Reported)
	}
	d.set(RangeText, l.get(7, 1), l.place(7))
	d.set(Flag, l.get(8, 1), l.place(8))
	d.set(Performer, l.get(16, 1), l.place(16))
	d.set(Sub, l.get(4, 1), l.place(4))
	r.results = append(r.results, d)
}

// The two numbers of an order in an ORC: that of who placed it, and that of who fills it.
const (
	placer = "placer"
	filler = "filler"
)

// request reads what an OBR tells of its results.
func (r *messageReader) request(l line) []Field {
	return []Field{
		{Order, l.get(3, 1), l.place(3)},
		{Order, l.get(2, 1), l.place(2)},
		{Status, resultStatus(l.get(25, 1)), l.place(25)},
		{Observed, r.rules.hl7Time(l.get(7, 1)), l.place(7)},
		{Reported, r.rules.hl7Time(l.get(22, 1)), l.place(22)},
	}
}

// orderControl reads what an ORC tells of its order.
func (r *messageReader) orderControl(l line) []Field {
	return []Field{
		{placer, l.get(2, 1), l.place(2)},
		{filler, l.get(3, 1), l.place(3)},
		{Status, orderStatus(l.get(5, 1)), l.place(5)},
		{Status, orderControl(l.get(1, 1)), l.place(1)},
		{Frequency, frequency(l.get(7, 2)), l.place(7)},
	}
}

// inherit sets a field from those of that name above; the two numbers of an order are the order's.
func (d *draft) inherit(above []Field, name string) {
	field := name
	if name == placer || name == filler {
		field = Order
	}
	for _, f := range above {
		if f.Name == name {
			d.set(field, f.Value, f.Place)
		}
	}
}

// worth sets type and value of an OBX by OBX-2 (HL7 table 0125).
func (r *messageReader) worth(d *draft, l line, code string) {
	text := l.repetition(5, 1)
	kind, value := typeText, l.part(text, 1, 1)
	switch l.get(2, 1) {
	case "NM":
		kind = typeNumber
	case "SN":
		kind, value = typeNumber, l.structured(text)
	case "CE", "CWE", "CNE", "CF", "IS", "ID":
		kind, value = r.rules.coded(l.codings(text))
	case "DT", "TM", "TS", "DTM":
		kind, value = typeTime, r.rules.hl7Time(value)
	case "ED":
		sum := sha256.Sum256(r.data(l))
		kind, value = typeData, hex.EncodeToString(sum[:])
	default:
		value = strings.TrimSpace(string(r.data(l)))
	}
	if d.kind == BloodGroup {
		value = bloodGroup(value)
	}
	r.rules.value(d, kind, value, firstOf(l.get(6, 1), l.get(6, 2)), code, l.place(5), l.place(6))
}

// structured writes a structured numeric (SN): comparator, number, separator, number.
func (l line) structured(text []byte) string {
	comparator, first, between, second := l.part(text, 1, 1), l.part(text, 2, 1), l.part(text, 3, 1), l.part(text, 4, 1)
	if between == "" && second == "" {
		if comparator == "=" {
			comparator = ""
		}
		return comparator + first
	}
	return comparator + pair(first, between, second)
}

// data is what OBX-5 holds: the bytes of an encapsulated document (ED, section 2.A.24), or lines of text.
func (r *messageReader) data(l line) []byte {
	if l.get(2, 1) == "ED" {
		text := l.repetition(5, 1)
		content := l.part(text, 5, 1)
		if strings.EqualFold(l.part(text, 4, 1), "Base64") {
			if data, err := base64.StdEncoding.DecodeString(content); err == nil {
				return data
			}
		}
		return []byte(content)
	}
	var out, line []byte
	owed := 0 // ends of lines, paid when another line follows
	for text := range l.each(5) {
		if line = l.appendText(line[:0], text); len(line) > 0 {
			out = append(append(out, bytes.Repeat([]byte("\n"), owed)...), line...)
			owed = 0
		}
		owed++
	}
	if string(out) == `""` {
		return nil
	}
	return out
}

// appendText appends a repetition of a field whose type has no parts. Where there are some all the same, they stay apart by ^ and &,
// whatever the message's own delimiters are, and empty ones at the end go, as in canonical messages.
func (l line) appendText(dst, text []byte) []byte {
	var parts string
	for _, c := range []byte{l.m.Component, l.m.Subcomponent} {
		if c != 0 {
			parts += string(rune(c))
		}
	}
	var components, subcomponents int // owed
	for len(text) > 0 {
		end := bytes.IndexAny(text, parts)
		if end < 0 {
			end = len(text)
		}
		if end > 0 {
			dst = append(dst, strings.Repeat("^", components)+strings.Repeat("&", subcomponents)...)
			dst = l.m.Unescape(dst, text[:end])
			components, subcomponents = 0, 0
			text = text[end:]
			continue
		}
		if text[0] == l.m.Component {
			components, subcomponents = components+1, 0
		} else {
			subcomponents++
		}
		text = text[1:]
	}
	return dst
}

// endResults ends the results of an order. OBX-4 counts only where it tells results apart: other systems seldom keep it.
func (r *messageReader) endResults() {
	same := map[string]int{}
	for _, d := range r.results {
		same[d.get(Subject)]++
	}
	for _, d := range r.results {
		if same[d.get(Subject)] == 1 {
			d.drop(Sub)
		}
		r.add(d)
	}
	r.results = nil
}

// txa begins a document (section 9.6.2).
func (r *messageReader) txa(l line) {
	r.document, r.content = r.start(Document, l), nil
	r.document.set(Order, l.get(12, 1), l.place(12))
	r.document.set(Title, firstOf(l.get(2, 1), l.get(2, 2)), l.place(2))
	r.document.set(Observed, r.rules.hl7Time(firstOf(l.get(4, 1), l.get(6, 1))), l.place(4))
	r.document.set(Status, documentStatus(l.get(17, 1)), l.place(17))
	r.document.set(Performer, l.get(9, 1), l.place(9))
}

func (r *messageReader) endDocument() {
	if r.document == nil {
		return
	}
	if len(r.content) > 0 {
		sum := sha256.Sum256(r.content)
		r.document.set(Hash, hex.EncodeToString(sum[:]), "OBX-5")
	}
	r.add(r.document)
	r.document = nil
}

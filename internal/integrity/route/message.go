package route

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
)

// message is what is kept of one message at one point: its fields in one notation, and what it states.
type message struct {
	id         string
	at         time.Time
	control    string // MSH-10
	origin     origin
	lines      []line
	statements []statement
	size       int
	paired     bool      // something of it came out
	caught     bool      // heard behind, and found in front since
	overtaken  time.Time // when one that went in later had come out
}

// origin is the kind of messages that take the same way.
type origin struct{ application, facility, event string } // MSH-3, MSH-4, MSH-9

// line is a segment in its exact form.
type line struct {
	name   string
	fields []string // field 1 first
}

func (l *line) field(n int) string {
	if n > len(l.fields) {
		return ""
	}
	return l.fields[n-1]
}

// complete tells whether all of a message in front has come out.
func (m *message) complete() bool {
	return m.paired && !slices.ContainsFunc(m.statements, func(s statement) bool { return !s.arrived })
}

// statement is one thing that a message says of a patient: a result, an order, a drug, an allergy, a diagnosis.
type statement struct {
	key
	line    int
	arrived bool // behind the engine
}

// key is what two messages have in common that say something of the same thing.
type key struct {
	patient string // first identifier of PID-3, without its authority, which engines write in their own way
	order   string // filler's number, or else the placer's
	name    string // of the segment
	code    string // what was measured, given, found
	sub     string // OBX-4, set by those who send more than one of the same code
	turn    int    // among statements that are alike in all of the above
}

// anyPatient is k without the patient: it finds the statement that was moved to another one.
func (k key) anyPatient() key {
	k.patient = ""
	return k
}

// coded is where the code of a statement stands, if it has one. A segment that is not listed states nothing by itself.
var coded = map[string]int{
	"ORC": 0, "OBR": 4, "OBX": 3, "RXO": 1, "RXE": 2, "RXD": 2, "RXG": 4, "RXA": 5, "AL1": 3, "IAM": 3, "DG1": 3, "PR1": 3, "TXA": 2, "NTE": 0,
}

// read makes a message of m and keeps nothing of it. In its exact form (hl7c-1, see AppendExact of package hl7) a field ends at the next bar.
func read(m *hl7.Message, id string, at time.Time) *message {
	out := &message{id: id, at: at}
	text := string(m.AppendExact(nil))
	for segment := range strings.SplitSeq(text, "\r") {
		fields := strings.Split(segment, "|")
		l := line{name: fields[0], fields: fields[1:]}
		if l.name == "" {
			continue
		}
		if l.name == "MSH" && len(fields) > 1 { // its first field is the bar
			fields[0], fields[1] = "", ""
			l.fields = fields
		}
		out.lines = append(out.lines, l)
		out.size += 64 + 16*len(fields)
	}
	out.size += len(text)
	out.head()
	out.state()
	out.size += 128 * len(out.statements)
	return out
}

func (m *message) head() {
	if len(m.lines) == 0 {
		return
	}
	msh := &m.lines[0]
	m.control = msh.field(10)
	m.origin = origin{first(msh.field(3)), first(msh.field(4)), msh.field(9)}
}

// state finds the statements. Those of one order stand behind its ORC and OBR, and a note behind what it is about.
func (m *message) state() {
	turns := map[key]int{}
	var patient, order, about string
	for i := range m.lines {
		l := &m.lines[i]
		switch l.name {
		case "PID":
			patient, order, about = first(l.field(3)), "", ""
		case "ORC":
			order, about = either(first(l.field(3)), first(l.field(2))), ""
		case "OBR":
			order = either(either(first(l.field(3)), first(l.field(2))), order)
		}
		at, states := coded[l.name]
		if !states {
			continue
		}
		k := key{patient: patient, order: order, name: l.name}
		switch {
		case l.name == "NTE":
			k.code = about
		case at > 0:
			k.code = code(l.field(at))
			about = l.name + " " + k.code
		}
		if l.name == "OBX" {
			k.sub = l.field(4)
		}
		turns[k]++
		k.turn = turns[k]
		m.statements = append(m.statements, statement{key: k, line: i})
	}
	if len(m.statements) == 0 && patient != "" { // all that it says is who the patient is
		at := slices.IndexFunc(m.lines, func(l line) bool { return l.name == "PID" })
		m.statements = append(m.statements, statement{key: key{patient: patient, name: "PID", code: m.origin.event}, line: at})
	}
}

// first is the first component of the first repetition.
func first(field string) string {
	if i := strings.IndexAny(field, "~^&"); i >= 0 {
		return field[:i]
	}
	return field
}

// code is the identifier of a coded value, or its text where it has none.
func code(field string) string {
	if c := first(field); c != "" {
		return c
	}
	_, text, _ := strings.Cut(field, "^")
	return first(text)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

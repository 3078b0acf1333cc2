package route

import (
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/format/hl7"
)

// Field is one field of a statement at both points. It is patient data.
type Field struct {
	Name     string // OBX-5
	Before   string // in the delimiters |^~\&; empty when it was not said
	After    string
	Clinical bool // it decides what is done to a patient
}

// Beside puts beside each other what two messages say of one thing, each field that either has. about names the thing as Outcome.Statement
// does. A message that is not there is nil. Of several things of that name it is the first that differs, and where nothing bears the name, as when
// a whole message is lost, the first that is more than an order's head. nil says that there is nothing of the kind.
func Beside(before, after *hl7.Message, about string) []Field {
	a, b := side(before), side(after)
	if about == "PID" {
		return fields(a.named("PID"), b.named("PID"))
	}
	var first []Field
	for _, p := range pairs(a, b, about) {
		found := fields(p[0], p[1])
		if slices.ContainsFunc(found, func(f Field) bool { return f.Clinical && f.Before != f.After }) {
			return found
		}
		if first == nil {
			first = found
		}
	}
	return first
}

func side(m *hl7.Message) *message {
	if m == nil {
		return &message{}
	}
	return read(m, "", time.Time{})
}

func (m *message) named(segment string) *line {
	for i := range m.lines {
		if m.lines[i].name == segment {
			return &m.lines[i]
		}
	}
	return &line{name: segment}
}

// pairs are the lines of the statements called about: as the route itself finds out which was made of which.
func pairs(a, b *message, about string) [][2]*line {
	var exact, other [][2]*line
	add := func(s *statement, before, after *line) {
		switch {
		case s.about() == about:
			exact = append(exact, [2]*line{before, after})
		case s.name != "ORC" && s.name != "OBR" && s.name != "NTE":
			other = append(other, [2]*line{before, after})
		}
	}
	to := align(a, b)
	for i, j := range to {
		s := &b.statements[i]
		before := &line{name: s.name}
		if j >= 0 {
			before = &a.lines[a.statements[j].line]
		}
		add(s, before, &b.lines[s.line])
	}
	for j := range a.statements {
		if s := &a.statements[j]; !slices.Contains(to, j) {
			add(s, &a.lines[s.line], &line{name: s.name})
		}
	}
	if exact != nil {
		return exact
	}
	return other
}

func fields(a, b *line) []Field {
	var out []Field
	for n := 1; n <= max(len(a.fields), len(b.fields)); n++ {
		if a.field(n) != "" || b.field(n) != "" {
			out = append(out, Field{fmt.Sprintf("%s-%d", b.name, n), a.field(n), b.field(n), isClinical(b.name, n)})
		}
	}
	return out
}

package route

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// clinical lists the fields that decide what is done to a patient. A change of one of them is never learned.
var clinical = map[string][]int{
	"PID": {3},
	"ORC": {1},
	"OBR": {4, 15, 25},
	"OBX": {2, 3, 5, 6, 7, 8, 11},
	"RXO": {1, 2, 3, 4, 5},
	"RXE": {2, 3, 4, 5, 6},
	"RXD": {2, 4, 5},
	"RXG": {4, 5, 7, 8},
	"RXA": {5, 6, 7, 20, 21},
	"RXR": {1, 2},
	"AL1": {2, 3, 4, 5, 6},
	"IAM": {2, 3, 4, 5, 6},
	"DG1": {3, 4},
	"PR1": {3, 4, 20},
	"TXA": {2, 12, 17, 19},
	"NTE": {3},
}

func isClinical(segment string, field int) bool { return slices.Contains(clinical[segment], field) }

// sameContent tells whether two statements say the same in all that is clinical.
func (r *Route) sameContent(a *message, s *statement, b *message, t *statement) bool {
	la, lb := &a.lines[s.line], &b.lines[t.line]
	for _, n := range clinical[la.name] {
		if la.field(n) != lb.field(n) && len(r.fieldChanges(la, lb, n, true)) > 0 {
			return false
		}
	}
	return la.name == lb.name
}

// changes are the fields of two statements that differ, but for what is mapped or only written in another way.
func (r *Route) changes(a *message, s *statement, b *message, t *statement) []Change {
	return r.lineChanges(&a.lines[s.line], &b.lines[t.line])
}

func (r *Route) lineChanges(a, b *line) []Change {
	var out []Change
	for n := 1; n <= max(len(a.fields), len(b.fields)); n++ {
		if a.name == "MSH" && n <= 2 || a.name == "PID" && n == 3 {
			continue // delimiters; who it is about is compared as a whole
		}
		if a.field(n) != b.field(n) {
			out = append(out, r.fieldChanges(a, b, n, isClinical(a.name, n))...)
		}
	}
	return out
}

// fieldChanges are the differences between two fields, component by component where both have the same repetitions.
func (r *Route) fieldChanges(a, b *line, n int, clinical bool) []Change {
	name, from, to := fmt.Sprintf("%s-%d", a.name, n), a.field(n), b.field(n)
	if r.maps[Map{name, from, to}] || clinical && sameNumber(from, to) {
		return nil
	}
	before, after := strings.Split(from, "~"), strings.Split(to, "~")
	if len(before) != len(after) {
		return []Change{{Field: name, Before: from, After: to, Clinical: clinical}}
	}
	var out []Change
	for i := range before {
		at := name
		if i > 0 {
			at = fmt.Sprintf("%s[%d]", name, i+1)
		}
		out = append(out, r.componentChanges(at, before[i], after[i], clinical)...)
	}
	return out
}

func (r *Route) componentChanges(name, from, to string, clinical bool) []Change {
	before, after := strings.Split(from, "^"), strings.Split(to, "^")
	var out []Change
	for i := range max(len(before), len(after)) {
		c := Change{Field: name, Before: at(before, i), After: at(after, i), Clinical: clinical}
		if len(before) > 1 || len(after) > 1 {
			c.Field = fmt.Sprintf("%s.%d", name, i+1)
		}
		if c.Before != c.After && !r.maps[Map{c.Field, c.Before, c.After}] && !(clinical && sameNumber(c.Before, c.After)) {
			out = append(out, c)
		}
	}
	return out
}

func at(parts []string, i int) string {
	if i >= len(parts) {
		return ""
	}
	return parts[i]
}

// sameNumber tells whether two texts are one number, such as 5.0 and 5.00.
func sameNumber(a, b string) bool {
	if len(a) > 40 || len(b) > 40 || !numeral(a) || !numeral(b) {
		return false
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y && digits(a) == digits(b)
}

func numeral(text string) bool {
	return text != "" && strings.Trim(text, "0123456789.+-") == "" && strings.ContainsAny(text, "0123456789")
}

// digits are those that count: long numbers that a float cannot tell apart stay different.
func digits(text string) string {
	text = strings.TrimLeft(text, "+-")
	if whole, part, ok := strings.Cut(text, "."); ok {
		text = whole + strings.TrimRight(part, "0")
		return strings.TrimLeft(text, "0") + "." + strconv.Itoa(len(strings.TrimRight(part, "0")))
	}
	return strings.TrimLeft(text, "0") + ".0"
}

// context compares what surrounds the statements of two messages: header, patient, visit, the sender's own segments.
func (r *Route) context(a, b *message) []Outcome {
	var changes []Change
	if c, changed := r.patient(a, b); changed {
		changes = append(changes, c)
	}
	las, lbs := a.surroundings(), b.surroundings()
	var other []Change
	for _, name := range names(las, lbs) {
		la, lb := las[name], lbs[name]
		if len(la) != len(lb) {
			other = append(other, Change{Field: "segment " + name, Before: strconv.Itoa(len(la)), After: strconv.Itoa(len(lb))})
			continue
		}
		for i := range la {
			other = append(other, r.lineChanges(la[i], lb[i])...)
		}
	}
	out := r.rewritten(a, b, other)
	if len(changes) > 0 {
		r.counts.Differing++
		out = append(out, Outcome{Kind: Altered, At: later(a, b), Before: a.id, After: b.id, Statement: "PID", Patient: b.whose(), Changes: changes})
	}
	return out
}

// surroundings are the lines that are no statement, by name.
func (m *message) surroundings() map[string][]*line {
	out := map[string][]*line{}
	for i := range m.lines {
		l := &m.lines[i]
		if _, states := coded[l.name]; !states {
			out[l.name] = append(out[l.name], l)
		}
	}
	return out
}

func names(a, b map[string][]*line) []string {
	var out []string
	for name := range a {
		out = append(out, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// patient compares whom two messages are about: each patient behind must share an identifier, with its authority, with one in front. Identifiers that
// are added or left out beside it are no other patient.
func (r *Route) patient(a, b *message) (Change, bool) {
	before := a.identifiers()
	for i := range b.lines {
		l := &b.lines[i]
		if l.name != "PID" {
			continue
		}
		known := func(id string) bool {
			return slices.ContainsFunc(before, func(front string) bool { return r.sameIdentifier(front, id) })
		}
		if ids := strings.Split(l.field(3), "~"); len(before) > 0 && !slices.ContainsFunc(ids, known) {
			return Change{Field: "PID-3", Before: strings.Join(before, "~"), After: l.field(3), Clinical: true}, true
		}
	}
	return Change{}, false
}

func (m *message) identifiers() []string {
	var out []string
	for i := range m.lines {
		if m.lines[i].name == "PID" && m.lines[i].field(3) != "" {
			out = append(out, strings.Split(m.lines[i].field(3), "~")...)
		}
	}
	return out
}

// sameIdentifier compares number and authority (CX.1 and CX.4) of an identifier; how it is checked and what kind it is may be written differently.
func (r *Route) sameIdentifier(front, behind string) bool {
	a, b := strings.Split(front, "^"), strings.Split(behind, "^")
	if at(a, 0) == "" {
		return at(b, 0) == "" && at(a, 3) == at(b, 3)
	}
	same := func(n int) bool {
		x, y := at(a, n-1), at(b, n-1)
		return x == y || r.maps[Map{fmt.Sprintf("PID-3.%d", n), x, y}]
	}
	return same(1) && same(4)
}

// rewritten are the changes that neither concern care nor were learned.
func (r *Route) rewritten(a, b *message, changes []Change) []Outcome {
	learning := r.Learning(later(a, b))
	var odd []Change
	for _, c := range changes {
		if !r.habits.usual(c, learning) {
			odd = append(odd, c)
		}
	}
	if len(odd) == 0 {
		return nil
	}
	return []Outcome{{Kind: Rewritten, At: later(a, b), Before: a.id, After: b.id, Statement: b.origin.event, Patient: b.whose(), Changes: odd}}
}

// content is what a statement says, as changes from or to nothing.
func content(m *message, s *statement, gone bool) []Change {
	l := &m.lines[s.line]
	var out []Change
	for _, n := range clinical[l.name] {
		if v := l.field(n); v != "" {
			c := Change{Field: fmt.Sprintf("%s-%d", l.name, n), Clinical: true}
			if gone {
				c.Before = v
			} else {
				c.After = v
			}
			out = append(out, c)
		}
	}
	return out
}

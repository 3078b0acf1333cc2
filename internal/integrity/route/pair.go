package route

import (
	"slices"
	"strings"
	"time"
)

// pair finds what was said in front of the message behind, compares the two and returns the differences. It finds nothing unless the message
// can be told by its control id (MSH-10), or all of its statements were said in front; last makes do with some of them.
func (r *Route) pair(b *message, last bool) ([]Outcome, bool) {
	if a := r.byControl[b.control]; b.control != "" && a != nil && akin(a, b) {
		r.counts.Paired++
		return r.compareAll(a, b), true
	}
	if len(b.statements) > 0 && r.allSaid(b) || last && r.anySaid(b) {
		r.counts.Paired++
		return r.compareScattered(b), true
	}
	return nil, false
}

// akin tells whether two messages with one control id are the same message, and not two that happen to bear the same number.
func akin(a, b *message) bool {
	if len(a.statements) == 0 && len(b.statements) == 0 {
		return kindOf(a) == kindOf(b)
	}
	alike := 0
	for i := range b.statements {
		for j := range a.statements {
			s, t := b.statements[i].key, a.statements[j].key
			if s.name == t.name && (s.order == t.order || s.code == t.code) {
				alike++
				break
			}
		}
	}
	return 2*alike >= max(1, len(b.statements))
}

// kindOf is what a message without statements is recognised by: its event and patient.
func kindOf(m *message) string {
	kind := m.origin.event
	for i := range m.lines {
		if m.lines[i].name == "PID" {
			kind += " " + first(m.lines[i].field(3))
		}
	}
	return kind
}

// allSaid tells whether each statement was made in front, with the same content.
func (r *Route) allSaid(b *message) bool {
	for i := range b.statements {
		if r.same(b, &b.statements[i]) == nil {
			return false
		}
	}
	return len(b.statements) > 0
}

// anySaid tells whether any statement is known in front, even if of another patient or with another content.
func (r *Route) anySaid(b *message) bool {
	for i := range b.statements {
		if s := &b.statements[i]; len(r.candidates(s.key)) > 0 {
			return true
		}
	}
	return false
}

// candidates are the statements in front that may be the one behind, with whatever content. Without the number of an order there are none: two
// measurements of one kind in one patient need not be the same one.
func (r *Route) candidates(k key) []said {
	if k.order == "" {
		return nil
	}
	if found := r.byKey[k]; len(found) > 0 {
		return found
	}
	return r.byKey[k.anyPatient()]
}

// same is a statement in front that says the same of the same patient.
func (r *Route) same(b *message, s *statement) *said {
	var alike *said
	found := r.byKey[s.key]
	for i := range found {
		c := &found[i]
		t := &c.m.statements[c.i]
		if !r.sameContent(c.m, t, b, s) {
			continue
		}
		if alike = c; !t.arrived {
			break
		}
	}
	return alike
}

// arrive marks all statements in front that say the same as one behind: a message that was sent twice may arrive once.
func (r *Route) arrive(b *message, s *statement) {
	for _, c := range r.byKey[s.key] {
		if t := &c.m.statements[c.i]; !t.arrived && r.sameContent(c.m, t, b, s) {
			t.arrived = true
		}
	}
}

// compareAll compares two messages that are the same one.
func (r *Route) compareAll(a, b *message) []Outcome {
	r.cameOut(a)
	r.habits.source(b.origin, "").arrive()
	out := r.context(a, b)
	for i, j := range align(a, b) {
		s := &b.statements[i]
		if j < 0 {
			out = append(out, r.stranger(a, b, s)...)
			continue
		}
		out = append(out, r.judge(a, &a.statements[j], b, s)...)
	}
	return out
}

func (r *Route) cameOut(a *message) {
	a.paired = true
	if a.at.After(r.passed) {
		r.passed = a.at
	}
}

// align finds for each statement of b the one of a that it was made of, or -1: that of the same key; of the same key but for the patient, who may
// have been exchanged; that which lost its order's number; or that whose code was changed.
func align(a, b *message) []int {
	to, used := make([]int, len(b.statements)), make([]bool, len(a.statements))
	for i := range to {
		to[i] = -1
	}
	for _, form := range []func(key) key{
		func(k key) key { return k },
		key.anyPatient,
		func(k key) key { return key{name: k.name, code: k.code, sub: k.sub, turn: k.turn} },
		func(k key) key { return key{name: k.name, order: k.order, sub: k.sub} },
	} {
		for i := range b.statements {
			for j := range a.statements {
				if to[i] < 0 && !used[j] && form(a.statements[j].key) == form(b.statements[i].key) {
					to[i], used[j] = j, true
				}
			}
		}
	}
	return to
}

// compareScattered compares a message whose statements stand in one or more messages in front.
func (r *Route) compareScattered(b *message) []Outcome {
	r.habits.source(b.origin, "").arrive()
	var out []Outcome
	var met []*message
	for i := range b.statements {
		s := &b.statements[i]
		c := r.same(b, s)
		if c == nil {
			c = r.best(s)
		}
		if c == nil {
			out = append(out, r.stranger(nil, b, s)...)
			continue
		}
		out = append(out, r.judge(c.m, &c.m.statements[c.i], b, s)...)
		if !slices.Contains(met, c.m) {
			met = append(met, c.m)
		}
	}
	for _, a := range met {
		r.cameOut(a)
		out = append(out, r.context(a, b)...)
	}
	return out
}

// best is the statement in front that the one behind was most likely made of: the oldest that has not arrived, or else the latest.
func (r *Route) best(s *statement) *said {
	found := r.candidates(s.key)
	for i := range found {
		if c := &found[i]; !c.m.statements[c.i].arrived {
			return c
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &found[len(found)-1]
}

// judge compares two statements that are the same one.
func (r *Route) judge(a *message, s *statement, b *message, t *statement) []Outcome {
	changes := r.changes(a, s, b, t)
	s.arrived = true
	r.habits.arrival(a.origin, s.name).arrive()
	r.habits.source(b.origin, t.name).arrive()
	r.arrive(b, t)
	var clinical, other []Change
	for _, c := range changes {
		if c.Clinical {
			clinical = append(clinical, c)
		} else {
			other = append(other, c)
		}
	}
	out := r.rewritten(a, b, other)
	if len(clinical) == 0 {
		r.counts.Alike++
		return out
	}
	r.counts.Differing++
	return append(out, Outcome{Kind: Altered, At: later(a, b), Before: a.id, After: b.id, Statement: t.about(), Patient: b.whose(), Changes: clinical})
}

// stranger is a statement behind that nobody made in front.
func (r *Route) stranger(a, b *message, s *statement) []Outcome {
	seen := r.habits.source(b.origin, s.name)
	usual := seen.usual()
	seen.miss()
	if !usual {
		return nil // the engine adds such things
	}
	r.counts.Differing++
	o := Outcome{Kind: Inserted, At: b.at, After: b.id, Statement: s.about(), Patient: b.whose(), Changes: content(b, s, false)}
	if a != nil {
		o.Before = a.id
	}
	return []Outcome{o}
}

// unpaired is a message behind that nobody sent in front.
func (r *Route) unpaired(b *message) []Outcome {
	if !r.horizon.IsZero() && b.claimed().Before(r.horizon) {
		r.counts.Forgotten++
		return nil
	}
	r.counts.Unpaired++
	seen := r.habits.source(b.origin, "")
	usual := seen.usual()
	seen.miss()
	if !usual {
		return nil // other systems send to the point behind as well
	}
	o := Outcome{Kind: Unheard, At: b.at, After: b.id, Statement: b.origin.event, Patient: b.whose()}
	for i := range b.statements {
		o.Changes = append(o.Changes, content(b, &b.statements[i], false)...)
	}
	return []Outcome{o}
}

// missing tells what of a message did not arrive.
func (r *Route) missing(a *message, now time.Time) []Outcome {
	gone := 0
	for i := range a.statements {
		if !a.statements[i].arrived {
			gone++
		}
	}
	whole := !a.paired && gone == len(a.statements)
	way := r.habits.arrival(a.origin, "")
	switch {
	case !whole:
		way.arrive()
	case way.usual():
		way.miss()
		return []Outcome{{Kind: Lost, At: now, Before: a.id, Statement: a.origin.event, Patient: a.whose()}}
	default:
		way.miss()
		return nil // the engine keeps such messages back
	}
	var out []Outcome
	for i := range a.statements {
		s := &a.statements[i]
		if s.arrived {
			continue
		}
		way := r.habits.arrival(a.origin, s.name)
		if way.usual() {
			r.counts.Differing++
			out = append(out, Outcome{Kind: Removed, At: now, Before: a.id, Statement: s.about(), Patient: a.whose(), Changes: content(a, s, true)})
		}
		way.miss()
	}
	return out
}

// about names a statement by its segment and code.
func (s *statement) about() string { return strings.TrimSpace(s.name + " " + s.code) }

// whose is the first identifier of the first patient, with its authority.
func (m *message) whose() string {
	if all := m.identifiers(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// claimed is when the sender wrote the message; when it was heard, if that cannot be read.
func (m *message) claimed() time.Time {
	if len(m.lines) > 0 {
		if t, ok := stamp(m.lines[0].field(7)); ok && t.Before(m.at) {
			return t
		}
	}
	return m.at
}

func later(a, b *message) time.Time {
	if a.at.After(b.at) {
		return a.at
	}
	return b.at
}

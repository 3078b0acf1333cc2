package assertion

import (
	"slices"
	"strings"
)

// Limit is a value at which people decide: a potassium of 6.0, a glucose of 11.1.
type Limit struct {
	Code string // system|code
	Unit string // UCUM
	At   string // a decimal
}

// Change is one field of which two statements of the same key say different things.
type Change struct {
	Before, After Field  // of one name
	Unit          string // of both, for a value
	Crosses       string // the limit between both, for a value; empty when there is none
}

// String says it to a clinician:
//
//	OBX-5 value: 3.1 → 6.8 mmol/L, crosses 6.0
//
// It holds what the record holds, so it belongs where the record may be seen.
func (c Change) String() string {
	var b strings.Builder
	place := c.After.Place
	if place == "" {
		place = c.Before.Place
	}
	if place != "" {
		b.WriteString(place + " ")
	}
	b.WriteString(c.After.Name + ": " + shown(c.Before.Value) + " → " + shown(c.After.Value))
	if c.Unit != "" {
		b.WriteString(" " + c.Unit)
	}
	if c.Crosses != "" {
		b.WriteString(", crosses " + c.Crosses)
	}
	return b.String()
}

func shown(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// Diff returns what after says otherwise than before, in the order of the fields. Details count where both have them. ok is false, and there
// is nothing to compare, when the statements are not of one kind and key.
func Diff(before, after *Statement, limits []Limit) (changes []Change, ok bool) {
	if before.KeySum() != after.KeySum() {
		return nil, false
	}
	for _, lists := range [][2][]Field{{before.Content, after.Content}, {before.Detail, after.Detail}} {
		for _, old := range lists[0] {
			i := slices.IndexFunc(lists[1], func(f Field) bool { return f.Name == old.Name })
			if i >= 0 && lists[1][i].Value != old.Value {
				changes = append(changes, Change{Before: old, After: lists[1][i]})
			}
		}
	}
	unit := after.Get(Unit)
	for i := range changes {
		if c := &changes[i]; c.After.Name == Value && before.Get(Unit) == unit {
			c.Unit = unit
			c.Crosses = crossed(after.Get(Subject), unit, c.Before.Value, c.After.Value, limits)
		}
	}
	return changes, true
}

// crossed is the first limit that lies between two values, or at the higher of both.
func crossed(code, unit, before, after string, limits []Limit) string {
	_, before = cutComparator(before)
	_, after = cutComparator(after)
	a, okA := rational(before)
	b, okB := rational(after)
	if !okA || !okB {
		return ""
	}
	for _, l := range limits {
		at, ok := rational(l.At)
		if ok && l.Code == code && l.Unit == unit && (a.Cmp(at) < 0) != (b.Cmp(at) < 0) {
			return l.At
		}
	}
	return ""
}

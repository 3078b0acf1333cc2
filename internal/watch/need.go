package watch

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/vault/veil"
)

// need is a text that an event must hold, in any case, so that a rule can match: one of a rule's needs is there
// whenever it does. It is a necessary condition only; the rule itself judges what holds it.
type need struct {
	field string // as rules call it; "" for words that may stand in any field
	text  string // ASCII, small letters, without signs that JSON escapes
}

// veiled is the need of a rule that asks clinical events about what the index does not hold of them: any of those may match.
const veiled = "@veiled"

// shortest is the length from which on a text is worth looking for.
const shortest = 4

// maxNeeds bounds the texts that the index is asked for; beyond, reading the journal is quicker.
const maxNeeds = 400

// needs lists what events must hold so that anything in the set can match. ok is false when that is not known of some
// part of it, or too much: then every event has to be judged.
func (s *Set) needs(tax *event.Taxonomy) (all []need, ok bool) {
	for _, r := range s.engine.Rules() {
		of, ok := needsOf(r)
		if !ok {
			return nil, false
		}
		if all = append(all, of...); len(all) > maxNeeds {
			return nil, false
		}
		if hidden(tax, r, of) {
			all = append(all, need{field: veiled})
		}
	}
	if s.indicators != nil {
		for v := range s.indicators.All() {
			n, ok := needOf(v)
			if all = append(all, n); !ok || len(all) > maxNeeds {
				return nil, false
			}
		}
	}
	slices.SortFunc(all, func(a, b need) int {
		return cmp.Or(strings.Compare(a.field, b.field), strings.Compare(a.text, b.text))
	})
	return slices.Compact(all), true
}

// hidden tells whether a rule serves clinical events and needs fields that the index does not hold of them as they were sent.
func hidden(tax *event.Taxonomy, r *sigma.Rule, needs []need) bool {
	l := r.Logsource
	for _, c := range tax.Classes() {
		if !veil.Clinical(c.Key) || !c.Serves(l.Category, l.Product, l.Service) {
			continue
		}
		for _, n := range needs {
			if slices.ContainsFunc(c.Names(n.field), func(name string) bool { return !veil.Keeps(name) }) {
				return true
			}
		}
	}
	return false
}

// needsOf lists the needs of a rule.
func needsOf(r *sigma.Rule) ([]need, bool) {
	var all []need
	for i := range r.Conditions {
		of, ok := needsOfCondition(r, &r.Conditions[i])
		if !ok {
			return nil, false
		}
		all = append(all, of...)
	}
	return all, true
}

func needsOfCondition(r *sigma.Rule, c *sigma.Condition) ([]need, bool) {
	switch {
	case c.Not != nil:
		return nil, false
	case c.And != nil:
		return bestOf(c.And, func(c *sigma.Condition) ([]need, bool) { return needsOfCondition(r, c) })
	case c.Or != nil:
		return unionOf(c.Or, func(c *sigma.Condition) ([]need, bool) { return needsOfCondition(r, c) })
	}
	var named []sigma.Selection
	for _, s := range r.Selections {
		if c.Of != nil && c.Of.Covers(s.Name) || c.Of == nil && s.Name == c.Identifier {
			named = append(named, s)
		}
	}
	search := func(s *sigma.Selection) ([]need, bool) { return needsOfSearch(&s.Search) }
	if c.Of != nil && c.Of.All {
		return bestOf(named, search)
	}
	return unionOf(named, search)
}

func needsOfSearch(s *sigma.Search) ([]need, bool) {
	switch {
	case s.Item != nil:
		return needsOfItem(s.Item)
	case s.All != nil:
		return bestOf(s.All, needsOfSearch)
	}
	return unionOf(s.Any, needsOfSearch)
}

func needsOfItem(it *sigma.Item) ([]need, bool) {
	if it.Op != sigma.Matches || it.Negated {
		return nil, false
	}
	if it.Field == "" { // to look for a part of a word in every field, the index takes longer than the rule
		return nil, false
	}
	value := func(v *sigma.Value) ([]need, bool) {
		if v.Kind != sigma.Text {
			return nil, false
		}
		return unionOf(v.Patterns, func(p *sigma.Pattern) ([]need, bool) {
			text := plainest(*p)
			return []need{{field: it.Field, text: text}}, len(text) >= shortest
		})
	}
	if it.AllValues {
		return bestOf(it.Values, value)
	}
	return unionOf(it.Values, value)
}

// bestOf serves what must hold all together: the needs of any part will do. Those whose shortest text is
// longest rule out most.
func bestOf[T any](parts []T, of func(*T) ([]need, bool)) (best []need, ok bool) {
	for i := range parts {
		needs, known := of(&parts[i])
		if known && (!ok || least(needs) > least(best)) {
			best, ok = needs, true
		}
	}
	return best, ok
}

func least(needs []need) int {
	n := 1 << 20
	for _, x := range needs {
		n = min(n, len(x.text))
	}
	return n
}

// unionOf serves what holds one by one: the needs of all parts together. No part at all is no need that is known.
func unionOf[T any](parts []T, of func(*T) ([]need, bool)) (all []need, ok bool) {
	for i := range parts {
		needs, known := of(&parts[i])
		if !known {
			return nil, false
		}
		all = append(all, needs...)
	}
	return all, len(all) > 0
}

// plainest returns the longest run of a pattern that stands in an event and in the index alike: letters and digits and
// few signs. Others may be escaped where a field has several values, or have other forms in small letters.
func plainest(p sigma.Pattern) string {
	best := ""
	for _, part := range p {
		for _, run := range strings.FieldsFunc(part.Literal, func(r rune) bool { return !plainRune(r) }) {
			if len(run) > len(best) {
				best = run
			}
		}
	}
	return strings.ToLower(best)
}

func plainRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(" .-_:;,=()[]", r)
}

// needOf is what an event must hold so that it can hold an indicator: of an IPv4 address the two numbers in the middle. They
// stand between dots wherever the address stands, so that they are words of the index, which finds words fast.
// Names and digests it finds fast only in one way of writing them, of many.
func needOf(v indicator.Value) (need, bool) {
	if v.Kind != indicator.Address {
		return need{}, false
	}
	text := v.String()
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		text = withPort.Addr().String()
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is4() {
		return need{}, false
	}
	b := addr.As4()
	return need{text: fmt.Sprintf("%d.%d", b[1], b[2])}, true
}

// pattern is the need as a regular expression.
func (n need) pattern() string {
	// An expert filter may not hold this word, see package index.
	return strings.ReplaceAll(regexp.QuoteMeta(n.text), "options", "option[s]")
}

// columns lists the names under which the index may have what rules call field. ok is false when it has another name for
// one of them.
func columns(tax *event.Taxonomy, field string) (names []string, ok bool) {
	for _, c := range tax.Classes() {
		for _, name := range c.Names(field) {
			switch {
			case name == "", strings.HasPrefix(name, "@"), strings.HasSuffix(name, "*"),
				slices.Contains([]string{"_time", "_msg", "_stream", "_stream_id"}, name):
				return nil, false
			case !slices.Contains(names, name):
				names = append(names, name)
			}
		}
	}
	return names, true
}

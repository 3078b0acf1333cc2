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
)

// need is a text that an event must hold, in any case, so that a rule can match: one of a rule's needs is there
// whenever it does. It is a necessary condition only; the rule itself judges what holds it.
type need struct {
	field string // as rules call it; "" is any
	text  string // ASCII, small letters, without signs that JSON escapes
	regex string // instead of text, where it may be written in several ways
}

// shortest is the length from which on a text is worth looking for.
const shortest = 4

// maxNeeds bounds the texts that the index is asked for; beyond, reading the journal is quicker.
const maxNeeds = 400

// needs lists what events must hold so that anything in the set can match. ok is false when that is not known of some
// part of it, or too much: then every event has to be judged.
func (s *Set) needs() (all []need, ok bool) {
	for _, r := range s.engine.Rules() {
		of, ok := needsOf(r)
		if !ok {
			return nil, false
		}
		if all = append(all, of...); len(all) > maxNeeds {
			return nil, false
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
		return cmp.Or(strings.Compare(a.field, b.field), strings.Compare(a.text, b.text), strings.Compare(a.regex, b.regex))
	})
	return slices.Compact(all), true
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

// needOf is what an event must hold so that it can hold an indicator.
func needOf(v indicator.Value) (need, bool) {
	text := v.String()
	switch v.Kind {
	case indicator.MD5, indicator.SHA1, indicator.SHA256, indicator.SHA512, indicator.Imphash:
		return need{text: text}, true
	case indicator.Address:
		return needOfAddress(text)
	case indicator.Domain, indicator.Email, indicator.URL, indicator.URLPrefix:
		text = strings.TrimPrefix(text, "//")
		if _, rest, ok := strings.Cut(text, "://"); ok {
			text = rest
		}
		if host, _, ok := strings.Cut(text, "/"); ok { // a path may be written in many ways
			text = host
		}
		text, _, _ = strings.Cut(text, ":")
		if strings.Contains(text, "xn--") || strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
			return need{}, false
		}
		text = plainest(sigma.Pattern{{Literal: text}})
		return need{text: text}, len(text) >= shortest
	}
	return need{}, false
}

// needOfAddress knows the forms of an IPv4 address: with dots, and as the end of an IPv6 address.
func needOfAddress(text string) (need, bool) {
	host := text
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		host = withPort.Addr().String()
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.Is4() {
		return need{}, false
	}
	b := addr.As4()
	hex := func(high, low byte) string { return fmt.Sprintf("0{0,3}%x", uint16(high)<<8|uint16(low)) }
	return need{regex: regexp.QuoteMeta(addr.String()) + "|ffff:" + hex(b[0], b[1]) + ":" + hex(b[2], b[3])}, true
}

// pattern is the need as a regular expression.
func (n need) pattern() string {
	if n.regex != "" {
		return n.regex
	}
	// An expert filter may not hold this word, see package index.
	return strings.ReplaceAll(regexp.QuoteMeta(n.text), "options", "option[s]")
}

// columns lists the names under which the index may have what rules call field.
func columns(tax *event.Taxonomy, field string) []string {
	if field == "" {
		return []string{"*"}
	}
	var names []string
	for _, c := range tax.Classes() {
		for _, name := range c.Names(field) {
			if name == "" || strings.ContainsAny(name[:1], "_@") || strings.HasSuffix(name, "*") {
				return []string{"*"} // the index has another name for it
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

package detect

import (
	"fmt"
	"net/netip"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/detect/dfa"
	"github.com/wardline/wardline/internal/detect/literal"
)

func (c *compiler) newRegexPredicate(field int32, text string) (predicate, error) {
	re, err := dfa.Compile(text)
	if err != nil {
		return predicate{}, fmt.Errorf("regular expression cannot be compiled: %w", err)
	}
	t := &regexTest{re: re, number: c.regexes}
	c.regexes++
	p := predicate{field: field, test: t, cost: 50}
	if tree, err := syntax.Parse(text, syntax.Perl); err == nil {
		for _, l := range required(tree.Simplify()) {
			p.hints = append(p.hints, hint{l, literal.Anywhere})
			t.needs = append(t.needs, pattern{text: []byte(l), at: literal.Anywhere, tell: gramsOf(c.commons, l)})
		}
	}
	return p, nil
}

// maxNeeds is how many literals may be looked for in a short text before the expression itself.
const maxNeeds = 3

func newCIDRPredicate(field int32, text string) (predicate, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return predicate{}, fmt.Errorf("network cannot be read: write it as address/length")
	}
	return predicate{field: field, test: &cidrTest{network.Masked()}, cost: 15}, nil
}

// required returns folded literals of which every match of re holds one at least; none
// when the expression has no such set.
func required(re *syntax.Regexp) []string {
	n := needsOf(re)
	if exact := shared(n.exact); usable(exact) && (n.required == nil || rarer(exact, n.required)) {
		return exact
	}
	return n.required
}

// shared returns the longest text that all of texts hold, when it is as good as they are together.
func shared(texts []string) []string {
	if len(texts) < 2 {
		return texts
	}
	best := ""
	for from := range len(texts[0]) {
		for to := from + len(best) + 1; to <= len(texts[0]); to++ {
			part := texts[0][from:to]
			if slices.ContainsFunc(texts, func(t string) bool { return !strings.Contains(t, part) }) {
				break
			}
			best = part
		}
	}
	if common := []string{best}; best != "" && !rarer(texts, common) {
		return common
	}
	return texts
}

// needs is what is known of the texts that an expression matches. exact lists them all,
// folded, while they are few; required is a set of which each holds one.
type needs struct {
	exact    []string // nil when they are not few
	required []string // nil when nothing is known
}

// maxExact bounds how many texts are written out.
const maxExact = 64

func needsOf(re *syntax.Regexp) needs {
	switch re.Op {
	case syntax.OpLiteral:
		return needs{exact: []string{Fold(string(re.Rune))}}
	case syntax.OpCharClass:
		return needs{exact: classTexts(re.Rune)}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return needs{exact: []string{""}}
	case syntax.OpCapture:
		return needsOf(re.Sub[0])
	case syntax.OpQuest:
		if n := needsOf(re.Sub[0]); n.exact != nil && len(n.exact) < maxExact {
			return needs{exact: append([]string{""}, n.exact...)}
		}
	case syntax.OpPlus:
		return needs{required: required(re.Sub[0])}
	case syntax.OpConcat:
		return concatNeeds(re.Sub)
	case syntax.OpAlternate:
		return alternateNeeds(re.Sub)
	}
	return needs{}
}

// classTexts writes out a small class of characters.
func classTexts(ranges []rune) []string {
	var texts []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if text := Fold(string(r)); !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
			if len(texts) > maxClass {
				return nil
			}
		}
	}
	return texts
}

const maxClass = 12

// concatNeeds joins runs of exactly known parts, and keeps the rarest run.
func concatNeeds(subs []*syntax.Regexp) needs {
	var best []string
	run, whole := []string{""}, true
	keep := func(texts []string) {
		texts = shared(texts)
		if usable(texts) && (best == nil || rarer(texts, best)) {
			best = texts
		}
	}
	for _, sub := range subs {
		n := needsOf(sub)
		keep(n.required)
		if n.exact != nil && len(run)*len(n.exact) <= maxExact {
			run = product(run, n.exact)
			continue
		}
		keep(run)
		whole = false
		if run = n.exact; run == nil {
			run = []string{""}
		}
	}
	if whole {
		return needs{exact: run, required: best}
	}
	keep(run)
	return needs{required: best}
}

func product(heads, tails []string) []string {
	joined := make([]string, 0, len(heads)*len(tails))
	for _, h := range heads {
		for _, t := range tails {
			joined = append(joined, h+t)
		}
	}
	return joined
}

func alternateNeeds(subs []*syntax.Regexp) needs {
	n := needs{exact: []string{}, required: []string{}}
	for _, sub := range subs {
		s := needsOf(sub)
		if n.exact != nil && s.exact != nil && len(n.exact)+len(s.exact) <= maxExact {
			n.exact = append(n.exact, s.exact...)
		} else {
			n.exact = nil
		}
		r := required(sub)
		if n.required == nil || r == nil || len(n.required)+len(r) > maxExact {
			n.required = nil
			continue
		}
		n.required = append(n.required, r...)
	}
	return n
}

// usable tells whether a set of literals can be looked for: the empty one is everywhere.
func usable(texts []string) bool { return len(texts) > 0 && !slices.Contains(texts, "") }

// rarer compares two sets of literals by how likely any of them is to stand in a text.
func rarer(a, b []string) bool { return anyChance(a) < anyChance(b) }

func anyChance(texts []string) (sum float64) {
	for _, t := range texts {
		sum += chance(hint{t, literal.Anywhere})
	}
	return sum
}

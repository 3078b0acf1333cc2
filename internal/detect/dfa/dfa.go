// Package dfa tells whether a regular expression is found in a text, at a few nanoseconds a byte
// whatever the expression.
//
// The expression is that of package regexp/syntax. Its program is a non-deterministic automaton, which
// package regexp follows instruction by instruction. Here the sets of instructions that can be
// under way at once become states, made when a text first leads to them:
//
//	text       a    b    a    b    c
//	states  s0 ─► s1 ─► s2 ─► s1 ─► s2 ─► found
//	                    └─ made once; later a table is enough
//
// Characters that no instruction tells apart share a class, so that the table of a state is short. What a state has to
// know of the character before it (a line's start, a word's end) is part of the state.
//
// Some expressions have more states than memory. A Searcher forgets all states when they exceed its budget and
// begins anew; when that happens again and again it leaves the work to package regexp.
package dfa

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"sort"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Regexp is an expression, ready to be searched for. It never changes and serves any
// number of Searchers at once.
type Regexp struct {
	slow     *regexp.Regexp
	prog     *syntax.Prog
	anchored bool // it can begin at the start of the text only
	shortest int  // characters of a match
	run      run  // in every match; worth looking for unless its length is 0

	once    sync.Once
	starts  []rune                // first characters of the ranges, ascending, from 0
	classOf []uint16              // by range
	ascii   [utf8.RuneSelf]uint16 // class of each ASCII character
	sample  []rune                // by class: one of its characters
}

// Compile reads an expression as package regexp does.
func Compile(expr string) (*Regexp, error) {
	slow, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	r := &Regexp{slow: slow, prog: prog, anchored: prog.StartCond()&syntax.EmptyBeginText != 0, shortest: shortest(tree)}
	if run := longestRun(tree); run.length >= shortestRun {
		r.run = run
		r.run.plain = staysLong(&run.of)
	}
	return r, nil
}

// shortest is the number of characters that a match has at least.
func shortest(re *syntax.Regexp) (n int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return shortest(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * shortest(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			n += shortest(sub)
		}
	case syntax.OpAlternate:
		n = shortest(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, shortest(sub))
		}
	}
	return n
}

// maxClasses bounds the table of a state; expressions beyond it are left to package regexp.
const maxClasses = 512

// classify splits the characters into classes. It is done when the expression is first searched for:
// of a thousand rules, most never get that far.
func (r *Regexp) classify() {
	cuts := map[rune]bool{0: true}
	cut := func(lo, hi rune) {
		cuts[lo] = true
		if hi < unicode.MaxRune {
			cuts[hi+1] = true
		}
	}
	cut('\n', '\n') // what assertions ask about
	cut('0', '9')
	cut('A', 'Z')
	cut('_', '_')
	cut('a', 'z')
	for i := range r.prog.Inst {
		cutInstruction(&r.prog.Inst[i], cut)
	}
	for c := range cuts {
		r.starts = append(r.starts, c)
	}
	slices.Sort(r.starts)
	known := map[string]uint16{}
	for _, c := range r.starts {
		key := r.behaviour(c)
		class, ok := known[key]
		if !ok {
			class = uint16(len(r.sample))
			known[key] = class
			r.sample = append(r.sample, c)
		}
		r.classOf = append(r.classOf, class)
	}
	for c := range r.ascii {
		r.ascii[c] = r.rangeClass(rune(c))
	}
}

func cutInstruction(i *syntax.Inst, cut func(lo, hi rune)) {
	switch i.Op {
	case syntax.InstRune1:
		cutFolded(i.Rune[0], i, cut)
	case syntax.InstRune:
		if len(i.Rune) == 1 {
			cutFolded(i.Rune[0], i, cut)
			return
		}
		for n := 0; n+1 < len(i.Rune); n += 2 {
			cut(i.Rune[n], i.Rune[n+1])
		}
	}
}

// cutFolded cuts out a character, and those that differ from it in case when that does not matter.
func cutFolded(c rune, i *syntax.Inst, cut func(lo, hi rune)) {
	cut(c, c)
	if syntax.Flags(i.Arg)&syntax.FoldCase != 0 {
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			cut(f, f)
		}
	}
}

// behaviour is what tells a character from others: which instructions take it, and what it
// is to an assertion.
func (r *Regexp) behaviour(c rune) string {
	key := []byte{byte(kindOf(c))}
	bits, n := byte(0), 0
	for i := range r.prog.Inst {
		if inst := &r.prog.Inst[i]; isRune(inst.Op) {
			bits <<= 1
			if inst.MatchRune(c) {
				bits |= 1
			}
			if n++; n%8 == 0 {
				key = append(key, bits)
			}
		}
	}
	return string(append(key, bits))
}

func isRune(op syntax.InstOp) bool {
	switch op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// rangeClass is the class of any character.
func (r *Regexp) rangeClass(c rune) uint16 {
	return r.classOf[sort.Search(len(r.starts), func(i int) bool { return r.starts[i] > c })-1]
}

// kind is what an assertion wants to know of a character.
type kind uint8

const (
	edge    kind = iota // the start or the end of the text
	newline             // \n
	word                // [0-9A-Za-z_]
	other
)

func kindOf(c rune) kind {
	switch {
	case c == '\n':
		return newline
	case syntax.IsWordChar(c):
		return word
	}
	return other
}

// assertions lists what holds between two characters.
func assertions(before, after kind) (holds syntax.EmptyOp) {
	if before == edge {
		holds |= syntax.EmptyBeginText
	}
	if before == edge || before == newline {
		holds |= syntax.EmptyBeginLine
	}
	if after == edge {
		holds |= syntax.EmptyEndText
	}
	if after == edge || after == newline {
		holds |= syntax.EmptyEndLine
	}
	if (before == word) != (after == word) {
		return holds | syntax.EmptyWordBoundary
	}
	return holds | syntax.EmptyNoWordBoundary
}

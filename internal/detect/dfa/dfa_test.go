package dfa_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/detect/dfa"
	"pgregory.net/rapid"
)

func TestMatchIsThatOfPackageRegexp(t *testing.T) {
	texts := []string{
		"", "a", "ab", "b\na", "foo bar", "foobar", "KELVIN", "\u212aelvin", "straße", "x\ny\nz", " -enc JABz", "cmd.exe /c \"echo ^h^i\"",
		"\xff", "a\xffb", strings.Repeat("ab", 100), "aaaaaaaaaaaaaaaaaaaaaaab",
	}
	for _, expr := range []string{
		``, `a`, `^a`, `a$`, `^$`, `(?m)^a$`, `\ba`, `a\b`, `\Ba`, `foo\b`, `(?i)kelvin`, `(?i)STRASSE|straße`, `[^a]`, `.`, `(?s).$`, `\z`, `\A.\z`,
		`(a|b)*c`, `a{3,5}b`, `(?:\s|^)-e(?:nc)?\s`, `[\x{80}-\x{10ffff}]`, `(a?){20}a{20}`, `(?i)(c\^?m\^?d|e\^?c\^?h\^?o)`, `\w+@\w+`, `(?m)z$`, `^\W`, `.{16,}`, `(ab){3}`, `(a|bcd)$`,
	} {
		re, err := dfa.Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		s, want := re.Searcher(dfa.NewBudget(1<<16)), regexp.MustCompile(expr)
		for range 2 { // the second time from memory
			for _, text := range texts {
				if got := s.Match([]byte(text)); got != want.MatchString(text) {
					t.Errorf("%s in %q: %t", expr, text, got)
				}
			}
		}
	}
}

// TestManyStatesAreForgotten: the states of such an expression double with each character.
func TestManyStatesAreForgotten(t *testing.T) {
	expr := `(a|b)*a(a|b){14}c`
	re, err := dfa.Compile(expr)
	if err != nil {
		t.Fatal(err)
	}
	s, want := re.Searcher(dfa.NewBudget(1<<16)), regexp.MustCompile(expr)
	text := make([]byte, 4000)
	for seed := range 30 {
		x := uint32(seed + 1)
		for i := range text {
			x = x*1664525 + 1013904223
			text[i] = "ab"[x>>31]
		}
		text[len(text)-1] = "bc"[seed%2]
		if got := s.Match(text); got != want.Match(text) {
			t.Fatalf("text %d: %t", seed, got)
		}
	}
}

func TestRandomExpressions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr := rapid.StringMatching(`(\(\?[ims]\))?([ab^$.é]|\\b|\\w|\[^?[ab-z]\]|\([ab]\|[bc]?\)|[ab][*+?]){0,8}`).Draw(t, "expression")
		want, err := regexp.Compile(expr)
		if err != nil {
			t.Skip()
		}
		re, err := dfa.Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		s := re.Searcher(dfa.NewBudget(1 << 16))
		for range 4 {
			text := rapid.StringOfN(rapid.RuneFrom([]rune("abABc é\n_")), 0, 12, -1).Draw(t, "text")
			if got := s.Match([]byte(text)); got != want.MatchString(text) {
				t.Fatalf("%s in %q: %t", expr, text, got)
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add(`(?i)\bfoo(bar)?$`, "a foo")
	f.Add(`^(a|ab)(c|bcd)*\z`, "abcd")
	f.Fuzz(func(t *testing.T, expr, text string) {
		want, err := regexp.Compile(expr)
		if err != nil || len(expr) > 200 {
			return
		}
		re, err := dfa.Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		s := re.Searcher(dfa.NewBudget(1 << 16))
		for range 2 {
			if got := s.Match([]byte(text)); got != want.MatchString(text) {
				t.Fatalf("%t", got)
			}
		}
	})
}

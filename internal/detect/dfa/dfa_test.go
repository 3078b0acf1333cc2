package dfa_test

import (
	"encoding/json"
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
		"abababa", "abababab", "xababababx", "x 0123abcd ", " 0123abc\u00e9d ", "\u00e9\u00e9\u00e9\u00e9", strings.Repeat("\u00c9\u00e9", 4), strings.Repeat("abc\n", 9), "\xff\xff\xff\xffaaaa",
	}
	for _, expr := range []string{
		``, `a`, `^a`, `a$`, `^$`, `(?m)^a$`, `\ba`, `a\b`, `\Ba`, `foo\b`, `(?i)kelvin`, `(?i)STRASSE|straße`, `[^a]`, `.`, `(?s).$`, `\z`, `\A.\z`,
		`(a|b)*c`, `a{3,5}b`, `(?:\s|^)-e(?:nc)?\s`, `[\x{80}-\x{10ffff}]`, `(a?){20}a{20}`, `(?i)(c\^?m\^?d|e\^?c\^?h\^?o)`, `\w+@\w+`, `(?m)z$`, `^\W`, `.{16,}`, `(ab){3}`, `(a|bcd)$`,
		`[ab]{20}`, `\s[a-f0-9]{8}\s`, `^[ab]{8,10}$`, `(x|[ab]{9})+b`, `([ab]{8}c)?a`, `(?i)[é-ù]{8}`, `.{8}`, `[^a]{8,}`, `(?s).{30}`, `([ab]{10}){2}`,
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

// TestRulesOutNothingThatMatches looks at texts as JSON has them.
func TestRulesOutNothingThatMatches(t *testing.T) {
	for _, expr := range []string{`[ab]{8}`, `.{8}`, `[^"]{8}`, `[\\a]{8}`, `["\\]{8}`, `\W{8}`, `[\na]{8}`, `[\\n\n]{8}`} {
		re, err := dfa.Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"abababab", `\\\\\\\\`, `\a\a\a\a`, `""""""""`, `"\"\"\"\`, "\n\n\n\n\n\n\n\n", "ababab", "é.é.é.é."} {
			raw, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			if re.RulesOut(raw[1:len(raw)-1]) && regexp.MustCompile(expr).MatchString(text) {
				t.Errorf("%s in %q is ruled out", expr, text)
			}
		}
	}
	if re, err := dfa.Compile(`\s[0-9a-f]{64}\s`); err != nil || !re.RulesOut([]byte(`C:\\a b`)) {
		t.Errorf("a short text is not ruled out (%v)", err)
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

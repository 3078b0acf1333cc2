package literal_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/detect/literal"
	"pgregory.net/rapid"
)

// TestSieveMissesNothing holds the sieve, on text as JSON has it, against the exact set on the folded text.
func TestSieveMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.RuneFrom([]rune("ABn\\\"\n 7@`é"))
		var b literal.Builder
		for i := range rapid.IntRange(0, 40).Draw(t, "literals") {
			word := rapid.StringOfN(letters, 0, 18, -1).Draw(t, "literal")
			b.Add(strings.ToUpper(word), literal.Anchor(rapid.IntRange(0, 3).Draw(t, "anchor")), int32(i))
		}
		set, sieve := b.Build(), b.Sieve()
		text := rapid.StringOfN(rapid.RuneFrom([]rune("AaBbnN\\\"\n 7@`®\u212a")), 0, 60, -1).Draw(t, "text")
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		raw = raw[1 : len(raw)-1]
		if !sieve.Serves(raw) {
			return
		}
		may := sieve.Anywhere(raw, sieve.Ends(raw, nil))
		for _, hit := range set.Find([]byte(strings.ToUpper(text)), nil) {
			if !slices.Contains(may, hit) {
				t.Fatalf("literal %d is missed", hit)
			}
		}
	})
}

// TestSieveNamesLittleTooMuch: a newline as \n may look like a letter, and no more than that.
func TestSieveNamesLittleTooMuch(t *testing.T) {
	var b literal.Builder
	b.Add("NET USER", literal.Anywhere, 1)
	b.Add("\\CMD.EXE", literal.End, 2)
	b.Add("C:\\", literal.Start, 3)
	b.Add("4688", literal.Whole, 4)
	sieve := b.Sieve()
	for raw, want := range map[string][]int32{
		`first\net user`:                 {1}, // no match in truth
		`C:\\Windows\\System32\\cmd.exe`: {2, 3},
		`4688`:                           {4},
		`46881`:                          nil,
		`cmd.exe`:                        nil,
	} {
		got := sieve.Anywhere([]byte(raw), sieve.Ends([]byte(raw), nil))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}

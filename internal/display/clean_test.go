package display_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/wardline/wardline/internal/display"
)

func TestCleanShowsWhatHides(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                           "plain",
		"a\x1b[31mred":                    `a\x1b[31mred`,
		"abc\u202egpj.exe":                `abc\u202egpj.exe`,
		"zero\u200bwidth":                 `zero\u200bwidth`,
		"two\r\nlines":                    `two\r\nlines`,
		"bad\xffbyte":                     `bad\xffbyte`,
		"Łódź, Ω, 病院":                     "Łódź, Ω, 病院",
		"e\u0301\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301\\u0301\\u0301",
		strings.Repeat("x", 45):           strings.Repeat("x", 40) + "…",
	} {
		if got := display.Clean(in, 40); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\u202eb\x00c", 10)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = limit&1023 + 1
		got := display.Clean(s, limit)
		for _, r := range got {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) {
				t.Fatalf("%U is left in %q", r, got)
			}
		}
		if again := display.Clean(got, len(got)+1); strings.Count(got, "\u0301") < 3 && again != got {
			t.Fatalf("clean twice: %q, then %q", got, again)
		}
	})
}

package literal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/detect/literal"
	"pgregory.net/rapid"
)

func TestFind(t *testing.T) {
	var b literal.Builder
	b.Add("MIMIKATZ", literal.Anywhere, 0)
	b.Add("\\CMD.EXE", literal.End, 1)
	b.Add("C:\\", literal.Start, 2)
	b.Add("C:\\TEMP\\MIMIKATZ.EXE", literal.Whole, 3)
	b.Add("ZZ", literal.Anywhere, 4)
	b.Add("", literal.Anywhere, 5)
	s := b.Build()
	for text, want := range map[string][]int32{
		"C:\\TEMP\\MIMIKATZ.EXE": {0, 2, 3, 5},
		"D:\\CMD.EXE":            {1, 5},
		"JAZZ":                   {4, 5},
		"":                       {5},
	} {
		got := s.Find([]byte(text), nil)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// Anchored literals are told by eight bytes at most; the rest is compared.
func TestFindComparesWhole(t *testing.T) {
	var b literal.Builder
	for i, text := range []string{"\\POWERSHELL.EXE", "\\POWERSHELX.EXE", "ELL.EXE", "", "\x00"} {
		b.Add(text, literal.End, int32(i))
		b.Add(text, literal.Whole, int32(10+i))
	}
	for i, text := range []string{"ABCDEFGH", "ABCDEFGX", "XBCDEFGH", "ABCDEFGHABCDEFGH", "ABCDEFGHABCDEFXH"} {
		b.Add(text, literal.Anywhere, int32(30+i))
	}
	b.Add("C:\\WINDOWS\\", literal.Start, 20)
	b.Add("C:\\WINDOWS\\SYSTEM32\\", literal.Start, 21)
	s := b.Build()
	for text, want := range map[string][]int32{
		"C:\\WINDOWS\\POWERSHELL.EXE":  {0, 2, 3, 20},
		"C:\\WINDOWS\\SYSTEM32\\A.EXE": {3, 20, 21},
		"\\POWERSHELX.EXE":             {1, 3, 11},
		"ELL.EXE":                      {2, 3, 12},
		"_ABCDEFGH":                    {3, 30},
		"_ABCDEFGX_":                   {3, 31},
		"_ABCDEFGHABCDEFGH_":           {3, 30, 33},
		"_ABCDEFGHABCDEFXH_":           {3, 30, 34},
		"":                             {3, 13},
		"\x00":                         {3, 4, 14},
	} {
		got := s.Find([]byte(text), nil)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestFindAtEveryPlace moves a literal through a text, beside others that decide how many places are looked at.
func TestFindAtEveryPlace(t *testing.T) {
	const letters = "QWERTYUIOPASDFGHJKLZXCVBNM"
	for length := 1; length <= len(letters); length++ {
		for _, least := range []int{1, 2, 3, 4, 5, 6, 7, 9, 11, 14} {
			b := literal.Builder{Commons: literal.NewCommons()}
			b.Add(letters[:length], literal.Anywhere, 1)
			b.Add(strings.Repeat("#", least), literal.Anywhere, 2)
			b.Add(strings.Repeat("=", 20), literal.Anywhere, 3)
			set, sieve := b.Build(), b.Sieve()
			for at := range 40 {
				text := []byte(strings.Repeat(".", at) + letters[:length] + strings.Repeat(".", 39-at))
				if got := set.Find(text, nil); !slices.Equal(slices.Compact(got), []int32{1}) {
					t.Fatalf("%d bytes at %d, beside %d: %v", length, at, least, got)
				}
				if got := sieve.Anywhere(bytes.ToLower(text), nil); !slices.Equal(slices.Compact(got), []int32{1}) {
					t.Fatalf("%d bytes at %d, beside %d, sieved: %v", length, at, least, got)
				}
			}
		}
	}
}

// TestFindIsComplete holds the set against the standard library on random literals.
func TestFindIsComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.RuneFrom([]rune("AB\\é")) // few, so that literals are found
		words := rapid.SliceOfN(rapid.StringOfN(few, 0, 20, -1), 0, 60).Draw(t, "literals")
		text := []byte(rapid.StringOfN(few, 0, 40, -1).Draw(t, "text"))
		if n := len(words); n > 0 && rapid.Bool().Draw(t, "built of literals") {
			for range 3 {
				text = append(text, words[rapid.IntRange(0, n-1).Draw(t, "which")]...)
			}
		}
		var b literal.Builder
		var want []int32
		for i, w := range words {
			at := literal.Anchor(rapid.IntRange(0, 3).Draw(t, "anchor"))
			b.Add(w, at, int32(i))
			holds := [...]func([]byte, []byte) bool{bytes.Equal, bytes.HasPrefix, bytes.HasSuffix, bytes.Contains}[at]
			if holds(text, []byte(w)) {
				want = append(want, int32(i))
			}
		}
		got := b.Build().Find(text, nil)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

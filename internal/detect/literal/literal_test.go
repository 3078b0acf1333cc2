package literal_test

import (
	"bytes"
	"slices"
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

// TestFindIsComplete holds the set against the standard library on random literals.
func TestFindIsComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("AB\\.")), 0, 14, -1)
		words := rapid.SliceOfN(word, 0, 60).Draw(t, "literals")
		text := []byte(rapid.StringOfN(rapid.RuneFrom([]rune("AB\\.")), 0, 40, -1).Draw(t, "text"))
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

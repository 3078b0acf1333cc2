package jsonl_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/jsonl"
)

func TestStops(t *testing.T) {
	for _, tt := range []struct{ name, text, stops string }{
		{"quotes stop, brackets do not", `{"a":[1]}`, `.^.^.....`},
		{"an escaped quote does not", `"a\"b"`, `^....^`},
		{"behind an escaped backslash it does", `"a\\"`, `^...^`},
		{"odd and even runs", `\\\" \\\\" \\\\\"`, `.........^.......`},
		{"usual escapes do not", `"\n\t\r\b\f"`, `^..........^`},
		{"others do, for a closer look", `"\u0041\/\x"`, `^.^.....^.^^`},
		{"control characters and what is not ASCII", "\"\x1f \x7f\x80é\"", "^^..^^^^"},
		{"a backslash at the end", `"a\`, `^..`},
	} {
		for _, before := range []int{0, 1, 61, 62, 63, 64, 65, 126, 127, 128} { // an escape may lie across two blocks
			text := strings.Repeat("x", before) + tt.text
			stops, slashes := jsonl.Stops([]byte(text))
			got := bytes.Repeat([]byte("."), len(tt.text))
			for _, p := range stops {
				got[p-before] = '^'
			}
			if string(got) != tt.stops {
				t.Errorf("%s, %d bytes in: %s stops at %s, want %s", tt.name, before, tt.text, got, tt.stops)
			}
			if len(slashes) != strings.Count(text, `\`) {
				t.Errorf("%s, %d bytes in: %d backslashes", tt.name, before, len(slashes))
			}
		}
	}
}

// Two ways to mark lead to the same marks, whatever the bytes.
func TestMarkBlocksAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		text := make([]byte, 64*(1+r.IntN(8)))
		for i := range text {
			text[i] = byte(r.Uint32())
			if r.IntN(2) == 0 {
				text[i] = "\"\\ \x1f\x20\x21\x80\xff"[r.IntN(8)]
			}
		}
		n := len(text) / 8
		one, other := make([]byte, 2*n), make([]byte, 2*n)
		jsonl.MarkBlocks(text, one[:n], one[n:])
		jsonl.MarkBlocksPortable(text, other[:n], other[n:])
		if !slices.Equal(one, other) {
			t.Fatalf("marks differ:\n%x\n%x", one, other)
		}
		for i, c := range text {
			bit := byte(1) << (i % 8)
			if stop := c == '"' || c < ' ' || c >= 0x80; stop != (one[i/8]&bit != 0) || (c == '\\') != (one[n+i/8]&bit != 0) {
				t.Fatalf("byte %#x is marked wrongly", c)
			}
		}
	}
}

package lines_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/lines"
)

// readAll returns the lines, with "too long" in place of those passed over.
func readAll(t *testing.T, src io.Reader, limit int) []string {
	t.Helper()
	r := lines.NewReader(src, limit)
	var got []string
	for {
		line, err := r.Line()
		switch {
		case err == nil:
			got = append(got, string(line))
		case errors.Is(err, lines.ErrTooLong):
			got = append(got, "too long")
		case errors.Is(err, io.EOF):
			return got
		default:
			t.Fatal(err)
		}
	}
}

func TestLinesAreCutAtLF(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a", "a"},
		{"a\n", "a"},
		{"a\n\nb\r\nc", "a||b\r|c"},
		{"abcdef\nabcdefg\nx\nabcdefgh", "abcdef|too long|x|too long"},
	} {
		if got := strings.Join(readAll(t, strings.NewReader(c.in), 6), "|"); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestLongLinesAreReadWholeAndOffsetsHold(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	r := lines.NewReader(strings.NewReader(long+"\n"+long+"\n12345"), 1<<20)
	for range 2 {
		if line, err := r.Line(); err != nil || string(line) != long {
			t.Fatalf("got %d bytes and %v", len(line), err)
		}
	}
	if r.Offset() != 2*int64(len(long)+1) || string(r.Peek(2)) != "12" {
		t.Errorf("offset %d", r.Offset())
	}
	if b, err := r.Bytes(3); err != nil || string(b) != "123" {
		t.Errorf("got %d bytes and %v", len(b), err)
	}
	if b, err := r.Bytes(3); err != io.ErrUnexpectedEOF || string(b) != "45" {
		t.Errorf("got %d bytes and %v", len(b), err)
	}
}

func TestErrorOfTheStreamComesAfterItsBytes(t *testing.T) {
	bad := errors.New("disk gone")
	r := lines.NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(bad)), 10)
	for _, want := range []string{"a", "b"} {
		if line, err := r.Line(); err != nil || string(line) != want {
			t.Fatalf("got %v, want line %s", err, want)
		}
	}
	if _, err := r.Line(); err != bad {
		t.Errorf("got %v, want %v", err, bad)
	}
}

// FuzzLines holds the reader against bytes.Split, whole and byte by byte.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"), 2)
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		limit = max(1, limit%64)
		var want []string
		for line := range bytes.SplitAfterSeq(in, []byte("\n")) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			if len(line) > limit {
				line = []byte("too long")
			}
			want = append(want, string(line))
		}
		if n := len(want); n > 0 && (len(in) == 0 || in[len(in)-1] == '\n') {
			want = want[:n-1]
		}
		formattest.Cost{Fixed: 128 << 10, PerByte: 100}.Check(t, len(in), func() { readAll(t, bytes.NewReader(in), limit) })
		for _, src := range []io.Reader{bytes.NewReader(in), iotest.OneByteReader(bytes.NewReader(in))} {
			if got := readAll(t, src, limit); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("got %d lines, want %d", len(got), len(want))
			}
		}
	})
}

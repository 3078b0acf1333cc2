package mllp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/mllp"
)

func TestReader(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string
	}{
		{"one", "\x0bMSH|1\x1c\r", []string{"0 1 MSH|1"}},
		{"two at once", "\x0bA\x1c\r\x0bB\x1c\r", []string{"0 1 A", "0 5 B"}},
		{"noise and line ends", "noise\r\n\x0bA\x1c\r\n \x0bB\x1c\r", []string{"0 8 A", "0 14 B"}},
		{"no carriage return", "\x0bA\x1c\x0bB\x1c", []string{"0 1 A", "0 4 B"}},
		{"line feed instead", "\x0bA\x1c\n\x0bB\x1c\r", []string{"0 1 A", "0 5 B"}},
		{"frame before the end of the last", "\x0bA\x0bB\x1c\r", []string{"1 1 A", "0 3 B"}},
		{"file separator in the text", "\x0bA\x1cB\x1c\x1c\r", []string{"0 1 A\x1cB\x1c"}},
		{"cut", "\x0bA\x1c\r\x0bB", []string{"0 1 A", "1 5 B"}},
		{"keep-alives", "\x0b\x1c\r\x0b\x1c\r\x0bA\x1c\r", []string{"0 7 A"}},
		{"commit", "\x06\x0bA\x1c\r\x15", []string{"2 1 ", "0 2 A", "3 6 "}},
		{"too long", "\x0b123456789\x1c\r\x0bA\x1c\r", []string{"mllp frame at byte 1: longer than the limit", "0 13 A"}},
		{"too long and not ended", "\x0b123456789\x0bA\x1c\r", []string{"mllp frame at byte 1: longer than the limit", "0 11 A"}},
	}
	for _, tt := range tests {
		for _, r := range []io.Reader{strings.NewReader(tt.stream), iotest.OneByteReader(strings.NewReader(tt.stream)), iotest.DataErrReader(strings.NewReader(tt.stream))} {
			if diff := cmp.Diff(frames(t, r, 8), tt.want); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	}
}

// frames writes down all that a reader gives: kind, offset, payload.
func frames(t *testing.T, r io.Reader, limit int) (list []string) {
	reader := mllp.NewReader(r, limit)
	for {
		f, err := reader.Next()
		var long *mllp.Error
		switch {
		case errors.As(err, &long):
			formattest.Quiet(t, err)
			list = append(list, err.Error())
		case err != nil:
			return list
		default:
			if len(f.Payload) > limit {
				t.Fatalf("a frame of %d bytes", len(f.Payload))
			}
			list = append(list, fmt.Sprintf("%d %d %s", f.Kind, f.Offset, f.Payload))
		}
	}
}

// On a connection nothing may follow a frame for hours: a moment of silence tells that an 0x1C was its end.
func TestQuiet(t *testing.T) {
	for _, tt := range []struct {
		in      string
		pending mllp.Pending
		want    string // what silence makes complete
		rest    string // what is open then
	}{
		{"", mllp.Nothing, "", ""},
		{"noise", mllp.Nothing, "", ""},
		{"\x0bA", mllp.Part, "", "A"},
		{"\x0bA\x1c", mllp.Close, "A", ""},
		{"\x0bA\x1cB", mllp.Part, "", "A\x1cB"},
		{"\x0b123456789", mllp.Part, "", ""},
	} {
		s := mllp.NewScanner(8)
		s.Write([]byte(tt.in))
		for {
			_, ok, err := s.Next()
			if ok {
				t.Errorf("%q: complete before the silence", tt.in)
			}
			var long *mllp.Error
			if errors.As(err, &long) && string(long.Head) != "12345678" {
				t.Errorf("%q: head %q", tt.in, long.Head)
			}
			if err == nil {
				break
			}
		}
		if got := s.Pending(); got != tt.pending {
			t.Errorf("%q: pending %d, want %d", tt.in, got, tt.pending)
		}
		s.Quiet()
		if f, _, _ := s.Next(); string(f.Payload) != tt.want {
			t.Errorf("%q: silence gave %q, want %q", tt.in, f.Payload, tt.want)
		}
		if rest, _ := s.Rest(); string(rest) != tt.rest {
			t.Errorf("%q: %q is open, want %q", tt.in, rest, tt.rest)
		}
	}
}

// A frame that is too long is told with as much of it as was read.
func TestTooLongHead(t *testing.T) {
	s := mllp.NewScanner(8)
	s.Write([]byte("\x0bMSH|"))
	_, _, _ = s.Next()
	s.Write([]byte("123456789"))
	_, _, err := s.Next()
	if long, ok := err.(*mllp.Error); !ok || string(long.Head) != "MSH|1234" {
		t.Errorf("got %v", err)
	}
}

// What one large frame needed is not held by a connection that is quiet, nor by one whose frame was passed over.
func TestRoomIsGivenBack(t *testing.T) {
	const limit, many = 4 << 20, 32
	for _, end := range []string{"\x1c\r", "too much"} {
		large := []byte("\x0b" + strings.Repeat("x", limit) + end)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		quiet := make([]*mllp.Scanner, many)
		for i := range quiet {
			quiet[i] = mllp.NewScanner(limit)
			quiet[i].Write(large)
			for ok, err := true, error(nil); ok || err != nil; _, ok, err = quiet[i].Next() {
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > many*limit/4 {
			t.Errorf("behind %q: %d scanners hold %d bytes", end, many, held)
		}
		runtime.KeepAlive(quiet)
		runtime.KeepAlive(large)
	}
}

// FuzzMLLP holds that the cuts of the network make no difference.
func FuzzMLLP(f *testing.F) {
	f.Add([]byte("\x0bMSH|^~\\&|A\r\x1c\r\x0bMSH|^~\\&|B\r\x1c\r"), 3)
	f.Add([]byte("x\x0bA\x0bB\x1c\x0bC\x1cD\x1c\n\x06\x15\x0b\x1c\r"), 1)
	f.Add([]byte("\x0b0042"+strings.Repeat("0042", 20)+"\x1c\r\x0bA\x1c\r"), 30)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		const limit = 64
		stream = formattest.Plant(stream)
		var whole []string
		formattest.Cost{Fixed: 256 << 10, PerByte: 200}.Check(t, len(stream), func() { whole = frames(t, bytes.NewReader(stream), limit) })
		if len(whole) > len(stream) {
			t.Fatal("more frames than bytes")
		}
		if diff := cmp.Diff(frames(t, iotest.OneByteReader(bytes.NewReader(stream)), limit), whole); diff != "" {
			t.Fatal(diff)
		}
		if cut < 0 || cut > len(stream) {
			return
		}
		r := io.MultiReader(bytes.NewReader(stream[:cut]), bytes.NewReader(stream[cut:]))
		if diff := cmp.Diff(frames(t, r, limit), whole); diff != "" {
			t.Fatal(diff)
		}
	})
}

package rfc6587_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/rfc6587"
)

// frames lists the messages: "counted:", "line:" or "cut:" and the text; errors as "damage".
func frames(t *testing.T, r *rfc6587.Reader) []string {
	t.Helper()
	var got []string
	for {
		f, err := r.Next()
		var frame *rfc6587.FrameError
		switch {
		case errors.As(err, &frame):
			formattest.Quiet(t, err)
			got = append(got, "damage")
			if frame.Fatal {
				return got
			}
		case err == io.EOF:
			return got
		case err != nil:
			t.Fatal(err)
		case f.Cut:
			got = append(got, "cut:"+string(f.Message))
		case f.Counted:
			got = append(got, "counted:"+string(f.Message))
		default:
			got = append(got, "line:"+string(f.Message))
		}
	}
}

func TestBothFramingsAndTheirMixtures(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"lines", "<1>a\n<2>b\r\n\n<3>c", []string{"line:<1>a", "line:<2>b", "line:<3>c"}},
		{"counted", "4 <1>a5 <2>bb", []string{"counted:<1>a", "counted:<2>bb"}},
		{"counted with LF behind", "4 <1>a\n4 <2>b\n", []string{"counted:<1>a", "counted:<2>b"}},
		{"counted with LF inside", "6 <1>a\nb4 <2>c", []string{"counted:<1>a\nb", "counted:<2>c"}},
		{"mixed", "4 <1>a<2>b\n4 <3>c\n<4>d", []string{"counted:<1>a", "line:<2>b", "counted:<3>c", "line:<4>d"}},
		{"cut short", "40 <1>a", []string{"cut:<1>a"}},
		{"a date is no count", "2024-05-01T12:00:00Z h p: m\n7 days\n007 <1>a\n", []string{"line:2024-05-01T12:00:00Z h p: m", "line:7 days", "line:007 <1>a"}},
		{"XML behind the header", "<13>May 1 h\n<?xml?>\n<A>\n  <B/>\n</A>\n<14>x\n", []string{"line:<13>May 1 h\n<?xml?>\n<A>\n  <B/>\n</A>", "line:<14>x"}},
		{"stack trace", "<13>boom\n\tat f\n\tat g\n<14>x", []string{"line:<13>boom\n\tat f\n\tat g", "line:<14>x"}},
		{"padding", "\x00\x00<1>a\x00\n\x00<2>b\r\n", []string{"line:<1>a", "line:<2>b"}},
		{"too long", "<1>" + strings.Repeat("x", 64) + "\n<2>b\n99 <3>" + strings.Repeat("x", 96) + "\n4 <4>d", []string{"damage", "line:<2>b", "damage", "counted:<4>d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(frames(t, rfc6587.NewReader(strings.NewReader(c.in), 64)), c.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

func TestStrictCounting(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"4 <1>a4 <2>b", []string{"counted:<1>a", "counted:<2>b"}},
		{"4 <1>a\n4 <2>b\n", []string{"counted:<1>a", "counted:<2>b"}},
		{"4 <1>ax", []string{"counted:<1>a", "damage"}},
		{"4 <1>", []string{"damage"}},
		{"4<1>a", []string{"damage"}},
		{"4", []string{"damage"}},
		{"04 <1>a", []string{"damage"}},
		{"65 <1>a", []string{"damage"}},
		{"12345678901 <1>a", []string{"damage"}},
		{"<1>a\n", []string{"damage"}},
		{"", nil},
	} {
		if diff := cmp.Diff(frames(t, rfc6587.NewCountedReader(strings.NewReader(c.in), 64)), c.want); diff != "" {
			t.Errorf("%q: got -, want +:\n%s", c.in, diff)
		}
	}
}

// pieces lists the messages that a Scanner gives when the stream comes in pieces of three bytes and is quiet whenever
// that may not end a message.
func pieces(t *testing.T, in string, limit int) (got []string) {
	t.Helper()
	s := rfc6587.NewScanner(limit)
	next := func() {
		for {
			f, ok, err := s.Next()
			switch {
			case err != nil:
				got = append(got, "damage")
			case !ok:
				return
			case f.Cut:
				got = append(got, "cut:"+string(f.Message))
			case f.Counted:
				got = append(got, "counted:"+string(f.Message))
			default:
				got = append(got, "line:"+string(f.Message))
			}
		}
	}
	for i := 0; i < len(in); i += 3 {
		if s.Pending() != rfc6587.Line {
			s.Quiet()
			next()
		}
		s.Write([]byte(in[i:min(i+3, len(in))]))
		next()
	}
	s.End()
	next()
	return got
}

// On a connection nothing may follow a message for hours: a moment of silence ends it.
func TestQuiet(t *testing.T) {
	for _, c := range []struct {
		in      string
		pending rfc6587.Pending
		want    string // what silence makes complete
		after   rfc6587.Pending
	}{
		{"", rfc6587.Nothing, "", rfc6587.Nothing},
		{"<1>a", rfc6587.Part, "", rfc6587.Part},
		{"<1>a\n", rfc6587.Line, "<1>a", rfc6587.Nothing},
		{"<1>a\n<", rfc6587.Line, "<1>a", rfc6587.Part},
		{"<1>a\n b", rfc6587.Part, "", rfc6587.Part},
		{"<1>a\n b\n", rfc6587.Line, "<1>a\n b", rfc6587.Nothing},
		{"9 <1>a\n", rfc6587.Part, "", rfc6587.Part},
		{"9 ", rfc6587.Part, "", rfc6587.Part},
		{"99 <" + strings.Repeat("x", 50), rfc6587.Part, "", rfc6587.Part},
		{strings.Repeat("x", 99), rfc6587.Part, "", rfc6587.Part},
	} {
		s := rfc6587.NewScanner(64)
		s.Write([]byte(c.in))
		for {
			if _, ok, err := s.Next(); err == nil {
				if ok {
					t.Errorf("%q: complete before the silence", c.in)
				}
				break
			}
		}
		if got := s.Pending(); got != c.pending {
			t.Errorf("%q: pending %d, want %d", c.in, got, c.pending)
		}
		s.Quiet()
		if f, _, _ := s.Next(); string(f.Message) != c.want {
			t.Errorf("%q: silence gave %q, want %q", c.in, f.Message, c.want)
		}
		if got := s.Pending(); got != c.after {
			t.Errorf("%q: then pending %d, want %d", c.in, got, c.after)
		}
	}
}

// FuzzSyslogFrame: a stream read byte by byte gives the messages of the stream read whole, none
// over the limit; and messages that were counted on the way in come out as they were.
func FuzzSyslogFrame(f *testing.F) {
	f.Add("4 <1>a<2>b\n4 <3>c\n<4>d\n<?xml?>\n\x00")
	f.Add("99999999999 <1>a\n0 <\n\n7 <1>a\n0042")
	f.Fuzz(func(t *testing.T, in string) {
		const limit = 1 << 10
		in = string(formattest.Plant([]byte(in)))
		var whole []string
		formattest.Cost{Fixed: 256 << 10, PerByte: 200}.Check(t, len(in), func() {
			whole = frames(t, rfc6587.NewReader(strings.NewReader(in), limit))
		})
		strict := frames(t, rfc6587.NewCountedReader(strings.NewReader(in), limit))
		if diff := cmp.Diff(frames(t, rfc6587.NewCountedReader(iotest.OneByteReader(strings.NewReader(in)), limit)), strict); diff != "" {
			t.Fatal("read byte by byte the counted messages differ")
		}
		if diff := cmp.Diff(pieces(t, in, limit), whole); diff != "" {
			t.Fatal("in pieces, with silence only where it means nothing, the messages differ")
		}
		bytewise := frames(t, rfc6587.NewReader(iotest.OneByteReader(strings.NewReader(in)), limit))
		if diff := cmp.Diff(bytewise, whole); diff != "" {
			t.Fatal("read byte by byte the messages differ")
		}
		for _, m := range whole {
			if len(m) > limit+len("counted:") {
				t.Fatalf("message of %d bytes", len(m))
			}
		}
		if len(in) == 0 || len(in) > limit {
			return
		}
		stream := strings.Repeat(fmt.Sprintf("%d %s", len(in), in), 2)
		want := []string{"counted:" + in, "counted:" + in}
		if diff := cmp.Diff(frames(t, rfc6587.NewCountedReader(strings.NewReader(stream), limit)), want); diff != "" {
			t.Fatal("counted messages do not come back")
		}
	})
}

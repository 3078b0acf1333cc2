package journald_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/journald"
)

// binaryField writes a field as the export format writes values that are not one line of text.
func binaryField(name, value string) string {
	return name + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

func entries(t *testing.T, src io.Reader) []string {
	t.Helper()
	r := journald.NewReader(src, journald.Limits{Entry: 256, Fields: 4})
	var got []string
	for {
		fields, err := r.Next()
		var syntax *journald.SyntaxError
		switch {
		case err == nil:
			s := ""
			for _, f := range fields {
				s += fmt.Sprintf("%s=%s|", f.Name, f.Value)
			}
			got = append(got, s)
		case errors.As(err, &syntax):
			formattest.Quiet(t, err)
			got = append(got, "damage")
		case err == io.EOF:
			return got
		default:
			t.Fatal(err)
		}
	}
}

func TestEntries(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"two", "A=1\nB=x=y\n\n\nA=2\n\n", []string{"A=1|B=x=y|", "A=2|"}},
		{"no blank line at the end", "A=1", []string{"A=1|"}},
		{"binary", "A=1\n" + binaryField("MESSAGE", "two\n\nlines\x00") + "B=\n\nA=2\n", []string{"A=1|MESSAGE=two\n\nlines\x00|B=|", "A=2|"}},
		{"repeated names", "A=1\nA=2\n", []string{"A=1|A=2|"}},
		{"bad name", "a=1\nB=2\n\nA=2\n", []string{"damage", "A=2|"}},
		{"too many fields", "A=\nB=\nC=\nD=\nE=\nF=\n\nA=2\n", []string{"damage", "A=2|"}},
		{"too long", "A=" + strings.Repeat("x", 300) + "\n\nA=2\n", []string{"damage", "A=2|"}},
		{"too long together", "A=" + strings.Repeat("x", 200) + "\nB=" + strings.Repeat("x", 200) + "\n\nA=2\n", []string{"damage", "A=2|"}},
		{"a length that lies", "A\n\xff\xff\xff\xff\xff\xff\xff\xffx\n\nA=2\n", []string{"damage"}},
		{"a length that lies, and a cursor later", "A\n\xff\xff\xff\xff\xff\xff\xff\xffx\n\nA=2\n__CURSOR=s=1\nA=3\n", []string{"damage", "__CURSOR=s=1|A=3|"}},
		{"cut short", "A=1\n\nA\n\x09\x00\x00\x00\x00\x00\x00\x00x", []string{"A=1|", "damage"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(entries(t, strings.NewReader(c.in)), c.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

// FuzzExport: a journal read byte by byte gives the entries of the journal read whole, within
// the limits; and a binary value comes back as it was.
func FuzzExport(f *testing.F) {
	f.Add("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1714550400000000\nMESSAGE=0042\n\n" + binaryField("MESSAGE", "a\nb"))
	f.Add("A\n\x00\x00\x00\x00\x00\x00\x00\x01A\n\nB")
	f.Fuzz(func(t *testing.T, in string) {
		in = string(formattest.Plant([]byte(in)))
		var whole []string
		formattest.Cost{Fixed: 256 << 10, PerByte: 400}.Check(t, len(in), func() { whole = entries(t, strings.NewReader(in)) })
		if diff := cmp.Diff(entries(t, iotest.OneByteReader(strings.NewReader(in))), whole); diff != "" {
			t.Fatal("read byte by byte the entries differ")
		}
		for _, e := range whole {
			if len(e) > 256+4*len("=|") {
				t.Fatalf("entry of %d bytes", len(e))
			}
		}
		if len(in) < 200 {
			if got := entries(t, strings.NewReader(binaryField("M", in))); len(got) != 1 || got[0] != "M="+in+"|" {
				t.Fatal("a binary value does not come back")
			}
		}
	})
}

package zeek_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/zeek"
)

const head = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdemo\n"

// render returns each row as JSON, and "damage" for each line that could not be read.
func render(t *testing.T, src io.Reader) []string {
	t.Helper()
	r := zeek.NewReader(src, zeek.Limits{Line: 1 << 20, Fields: 64})
	var got []string
	for {
		row, err := r.Next()
		var syntax *zeek.SyntaxError
		switch {
		case err == nil:
			got = append(got, string(row.AppendJSON(nil)))
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

func TestRowsAreWrittenAsZeekWritesJSON(t *testing.T) {
	fields := "#fields\tts\tid.orig_h\tn\tok\ts\tset\tvec\n#types\ttime\taddr\tcount\tbool\tstring\tset[string]\tvector[interval]\n"
	for _, c := range []struct{ name, in, want string }{
		{"values", head + fields + "1.5\t10.0.0.1\t7\tT\ta b\tx,y\t0.5,-,2.0\n",
			`{"_path":"demo","ts":"1970-01-01T00:00:01.500000Z","id.orig_h":"10.0.0.1","n":7,"ok":true,"s":"a b","set":["x","y"],"vec":[0.5,null,2.0]}`},
		{"unset fields are left out", head + fields + "-\t-\t-\tF\t-\t-\t-\n", `{"_path":"demo","ok":false}`},
		{"empty", head + fields + "-\t-\t-\t-\t(empty)\t(empty)\t(empty)\n", `{"_path":"demo","s":"","set":[],"vec":[]}`},
		{"escapes", head + fields + "-\t-\t-\t-\t\\x2d \\x09 \\\\x41 \\xc3\\xa9 \\xff \\x01\ta\\x2cb,(empty)\t-\n",
			`{"_path":"demo","s":"- \t \\x41 é \\xff \\x01","set":["a,b",""]}`},
		{"bytes that are not UTF-8", head + fields + "-\t-\t-\t-\tg\xc3\xbc\xff\x7f\t-\t-\n", `{"_path":"demo","s":"gü\\xff\\x7f"}`},
		{"not of the declared type", head + fields + "soon\t?\t007\tyes\t-\t-\tnan,x\n",
			`{"_path":"demo","ts":"soon","id.orig_h":"?","n":"007","ok":"yes","vec":[null,"x"]}`},
		{"CRLF", strings.ReplaceAll(head+"#fields\ta\n#types\tcount\n5\n", "\n", "\r\n"), `{"_path":"demo","a":5}`},
		{"no types", "#fields\ta\tb\n1\t2\n", `{"a":"1","b":"2"}`},
		{"another separator", "#separator \\x2c\n#set_separator,;\n#path,p\n#fields,a,b\n#types,string,set[count]\nx,1;2\n",
			`{"_path":"p","a":"x","b":[1,2]}`},
		{"a second log in the file", head + "#fields\ta\n#types\tcount\n1\n#close\t2024-01-01-00-00-00\n" +
			strings.Replace(head, "demo", "other", 1) + "#fields\tb\n#types\tstring\n1\n", `{"_path":"demo","a":1}|{"_path":"other","b":"1"}`},
		{"rows of the wrong width", head + "#fields\ta\tb\n#types\tcount\tcount\n1\n1\t2\t3\n1\t2\n1", `damage|damage|{"_path":"demo","a":1,"b":2}|damage`},
		{"no header", "1\t2\n", "damage"},
		{"names and types differ in number", "#fields\ta\tb\n#types\tcount\n1\t2\n", "damage|damage"},
		{"a name that rows would multiply", head + "#fields\ta\t" + strings.Repeat("b", 300) + "\n1\t2\n", "damage|damage"},
		{"a log's name that rows would multiply", "#path\t" + strings.Repeat("b", 300) + "\n#fields\ta\n1\n", `damage|{"a":"1"}`},
		{"more fields than the limit", "#fields" + strings.Repeat("\ta", 65) + "\n1\t2\n", "damage|damage"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				if diff := cmp.Diff(strings.Join(render(t, src), "|"), c.want); diff != "" {
					t.Errorf("got -, want +:\n%s", diff)
				}
			}
		})
	}
}

func TestTimes(t *testing.T) {
	for in, want := range map[string]string{
		"0": "1970-01-01T00:00:00Z", "1521911720.613421": "2018-03-24T17:15:20.613421Z",
		"-0.5": "1969-12-31T23:59:59.5Z", "": "", "x": "", "1.": "1970-01-01T00:00:01Z", "1.5x": "", "99999999999999": "", "+1": "",
	} {
		got, ok := zeek.ParseTime([]byte(in))
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %v %v, want %s", in, got, ok, want)
		}
	}
}

// TestPublicLogs holds the rows of public logs against the JSON that Zeek wrote of
// the same traffic.
func TestPublicLogs(t *testing.T) {
	dir := formattest.Corpora(t, "zeek")
	logs, _ := filepath.Glob(filepath.Join(dir, "tsv", "*.log.gz"))
	if len(logs) == 0 {
		t.Skip("no zeek logs in the corpora")
	}
	rows, differ, rounded, unsaid := 0, 0, 0, 0
	for _, path := range logs {
		name := strings.TrimSuffix(filepath.Base(path), ".log.gz")
		got := render(t, open(t, path))
		want := bufio.NewScanner(open(t, filepath.Join(dir, "json", name+".json.gz")))
		want.Buffer(nil, 1<<20)
		i := 0
		for ; want.Scan(); i++ {
			if i >= len(got) {
				t.Fatalf("%s: %d rows, want more", name, len(got))
			}
			rows++
			a, b := object(t, []byte(got[i])), object(t, want.Bytes())
			delete(b, "_write_ts") // the TSV does not say
			unsaid += forgetEmpty(b)
			if !equal(a, b, &rounded) {
				if differ++; differ <= 5 {
					t.Errorf("%s row %d (-got +want):\n%s", name, i+1, cmp.Diff(a, b))
				}
			}
		}
		if i != len(got) || want.Err() != nil {
			t.Errorf("%s: %d rows, want %d: %v", name, len(got), i, want.Err())
		}
	}
	if differ > 0 {
		t.Errorf("%d rows differ", differ)
	}
	t.Logf("%d logs, %d rows, %d differ, %d numbers equal but for digits that TSV leaves out, %d sets of one empty string that TSV writes as empty",
		len(logs), rows, differ, rounded, unsaid)
}

// forgetEmpty makes [""] an empty list, for TSV writes both as (empty).
func forgetEmpty(obj map[string]any) (n int) {
	for name, v := range obj {
		if list, ok := v.([]any); ok && len(list) == 1 && list[0] == "" {
			obj[name] = []any{}
			n++
		}
	}
	return n
}

// equal compares two values, numbers by worth. TSV rounds doubles to six significant digits
// and intervals to six decimals; such differences are counted.
func equal(a, b any, rounded *int) bool {
	switch b := b.(type) {
	case json.Number:
		a, ok := a.(json.Number)
		if !ok {
			return false
		}
		x, _ := a.Float64()
		y, _ := b.Float64()
		if x != y {
			*rounded++
		}
		return math.Abs(x-y) <= 1e-5*max(math.Abs(y), 0.1)
	case []any:
		a, ok := a.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range b {
			if !equal(a[i], b[i], rounded) {
				return false
			}
		}
		return true
	case map[string]any:
		a, ok := a.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range b {
			if _, has := a[name]; !has || !equal(a[name], b[name], rounded) {
				return false
			}
		}
		return true
	}
	return a == b
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestValuesSurvive writes values as Zeek's ASCII writer does and reads them back.
func TestValuesSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Zeek's JSON tells a control character from its spelling as little as it does a stray
		// byte, so the values are text without them.
		plain := rapid.StringMatching(`[ -~\n\t\räß漢🏥]{0,20}`)
		// Nor does TSV tell a set of one empty string from an empty set.
		one, set := plain.Draw(t, "one"), rapid.SliceOf(plain).Draw(t, "set")
		if len(set) == 1 && set[0] == "" {
			set = nil
		}
		in := head + "#fields\tone\tset\n#types\tstring\tset[string]\n" + escape(one) + "\t" + escapeAll(set) + "\n"
		row, err := zeek.NewReader(strings.NewReader(in), zeek.DefaultLimits()).Next()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			One string
			Set []string
		}
		if err := json.Unmarshal(row.AppendJSON(nil), &got); err != nil {
			t.Fatal(err)
		}
		if got.One != one || strings.Join(got.Set, "|") != strings.Join(set, "|") || len(got.Set) != len(set) {
			t.Fatalf("got %q and %q, want %q and %q", got.One, got.Set, one, set)
		}
	})
}

func escape(s string) string {
	switch s {
	case "":
		return "(empty)"
	case "-":
		return `\x2d`
	case "(empty)":
		return `\x28empty)`
	}
	s = strings.NewReplacer(`\`, `\\`, "\t", `\x09`, "\n", `\x0a`, "\r", `\x0d`, ",", `\x2c`).Replace(s)
	if s[0] == '#' {
		s = `\x23` + s[1:]
	}
	return s
}

func escapeAll(set []string) string {
	if len(set) == 0 {
		return "(empty)"
	}
	var parts []string
	for _, s := range set {
		parts = append(parts, escape(s))
	}
	return strings.Join(parts, ",")
}

// FuzzTSV: whatever the bytes, every row is one valid JSON object, the same when read
// byte by byte, and no error speaks of the content.
func FuzzTSV(f *testing.F) {
	f.Add([]byte(head + "#fields\tts\tuid\thost\ttags\n#types\ttime\tstring\tstring\tset[string]\n1521911720.6\tC1\t0042\t(empty)\n#close\t-\n"))
	f.Add([]byte("#separator \\x2c\n#set_separator,;\n#fields,a,b\n#types,double,vector[count]\n1e-5,1;-;x\n\\xc3\\xa9,\\x\n"))
	f.Add([]byte("0042\t1\n#fields\n#types\n\n#fields\ta\n\xff\x00\\xff\n-1.5e300\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		in = formattest.Plant(in)
		var whole []string
		formattest.Cost{Fixed: 256 << 10, PerByte: 800}.Check(t, len(in), func() { whole = render(t, bytes.NewReader(in)) })
		if diff := cmp.Diff(render(t, iotest.OneByteReader(bytes.NewReader(in))), whole); diff != "" {
			t.Fatal("read byte by byte the rows differ")
		}
		var x jsonl.Index
		for _, row := range whole {
			if err := x.Scan([]byte(row), jsonl.DefaultLimits()); row != "damage" && err != nil {
				t.Fatal(err)
			}
			if len(row) > 16*len(in)+64 {
				t.Fatalf("%d bytes out of %d", len(row), len(in))
			}
		}
	})
}

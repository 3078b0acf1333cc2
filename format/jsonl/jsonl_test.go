package jsonl_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
)

func TestScanListsEveryValueUnderItsPath(t *testing.T) {
	text := []byte(`{"a":{"b":"x\\y","c":[1,{"d":true}]},"e.f":null, "g\u0041":"é"}`)
	var x jsonl.Index
	if err := x.Scan(text, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	want := []struct{ path, value string }{
		{"a", `{"b":"x\\y","c":[1,{"d":true}]}`}, {"a.b", `x\y`}, {"a.c", `[1,{"d":true}]`},
		{"a.c", "1"}, {"a.c", `{"d":true}`}, {"a.c.d", "true"}, {"e.f", "null"}, {"gA", "é"},
	}
	if len(x.Values) != len(want) {
		t.Fatalf("%d values, want %d", len(x.Values), len(want))
	}
	for i, w := range want {
		if path, value := x.Path(text, i), string(x.Text(text, i, nil)); path != w.path || value != w.value {
			t.Errorf("value %d is %s at %s, want %s at %s", i, value, path, w.value, w.path)
		}
		if !x.At(text, i, w.path) || x.Values[i].Hash != jsonl.HashPath(w.path) {
			t.Errorf("value %d is not found at %s", i, w.path)
		}
	}
	if x.Find(text, "a.c.d") != 5 || x.Find(text, "a.d") != -1 {
		t.Error("Find misses a.c.d or invents a.d")
	}
}

func TestScanRefuses(t *testing.T) {
	for _, text := range []string{
		``, ` `, `[]`, `1`, `{`, `{}x`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{"a":[1}`, `{"a":01}`,
		`{"a":1.}`, `{"a":.5}`, `{"a":-}`, `{"a":1e}`, `{"a":tru}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\n\"}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", `{"a":"`, `{"a":"\`, `{a:1}`, `{"a":[1,]}`, `{"a":{]}}`, "\ufeff{}",
	} {
		var x jsonl.Index
		err := x.Scan([]byte(text), jsonl.DefaultLimits())
		var syntax *jsonl.SyntaxError
		if !errors.As(err, &syntax) || len(x.Values) != 0 {
			t.Errorf("%q: error %v with %d values", text, err, len(x.Values))
		}
	}
}

func TestScanKeepsLimits(t *testing.T) {
	var x jsonl.Index
	deep := strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9)
	if err := x.Scan([]byte(deep), jsonl.Limits{Depth: 8, Values: 100}); err == nil {
		t.Error("nesting of 9 passed a limit of 8")
	}
	wide := `{"a":[` + strings.Repeat("1,", 100) + `1]}`
	if err := x.Scan([]byte(wide), jsonl.Limits{Depth: 8, Values: 100}); err == nil {
		t.Error("102 values passed a limit of 100")
	}
}

func TestAppendStringRoundTrip(t *testing.T) {
	for _, s := range []string{"", "plain", "a\"b\\c\n\r\t\x00\x1f", "grün 漢字 🏥", "bad \xff byte", "\xed\xa0\x80"} {
		var got string
		if err := json.Unmarshal(jsonl.AppendString(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); len(strings.ToValidUTF8(got, "")) == 0 && want != "" {
			t.Errorf("got %q, want %q", got, want)
		}
		if utf8.ValidString(s) && got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
}

// FuzzScan holds the scanner against encoding/json: same verdict, same strings.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"a":{"b":"x\\y","c":[1,{"d":true}]},"e.f":null, "g\u0041":"é"}`))
	f.Add([]byte("{\n  \"a\": \"x\",\r\n\t\"b\": 12,\n  \"c\": [\n1\n]\n}\n"))
	f.Add([]byte(`{"a":-0.5e+10,"b":[[],{}],"c":"\ud83c\udfe5"}`))
	f.Add([]byte(`{"0042":"0042\x","a":0042}`))
	f.Add([]byte(`{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\Windows\\x.exe"}`))
	f.Add([]byte(`{"00":"` + strings.Repeat("0", 63) + `""}`))
	f.Add([]byte(`{"` + strings.Repeat("0", 62) + `"0":1,"a":[]}`))
	f.Add([]byte(`{"CommandLine":"\"C:\\Program Files\\a.exe\" -e \u0041 ` + strings.Repeat("x", 200) + `","Keywords":-9,"a":0,"b":[null,"\n"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var x jsonl.Index
		var err error
		formattest.Cost{Fixed: 64 << 10, PerByte: 150}.Check(t, len(text), func() { err = x.Scan(text, jsonl.DefaultLimits()) })
		formattest.Quiet(t, err)
		var want map[string]any
		valid := json.Valid(text) && utf8.Valid(text) && json.Unmarshal(text, &want) == nil && want != nil
		if err == nil && !valid {
			t.Fatal("accepted what encoding/json refuses")
		}
		if err != nil && valid && !bytes.Contains([]byte(err.Error()), []byte("too")) {
			t.Fatalf("refused what encoding/json accepts: %v", err)
		}
		for i := range x.Values {
			if !utf8.Valid(x.Text(text, i, nil)) {
				t.Fatalf("value %d is not UTF-8", i)
			}
			if path := x.Path(text, i); !x.At(text, i, path) || jsonl.HashPath(path) != x.Values[i].Hash {
				t.Fatalf("value %d is not found at its own path", i)
			}
			if x.Values[i].Kind != jsonl.String {
				continue
			}
			var s string
			quoted := append(append([]byte{'"'}, text[x.Values[i].Start:x.Values[i].End]...), '"')
			if json.Unmarshal(quoted, &s) != nil || s != string(x.Text(text, i, nil)) {
				t.Fatalf("value %d differs from encoding/json", i)
			}
		}
	})
}

// TestShape is the same for the same paths in the same order, whatever stands there, and else another.
func TestShape(t *testing.T) {
	scan := func(text string) (shape uint64, marks jsonl.Marks) {
		t.Helper()
		var x jsonl.Index
		if err := x.Scan([]byte(text), jsonl.DefaultLimits()); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return x.Shape, x.Marks
	}
	known := map[uint64]string{}
	for _, alike := range [][]string{
		{`{}`, ` { } `},
		{`{"a":1,"b":"x"}`, `{ "a" : "y", "b" : null }`, `{"\u0061":true,"b":-1.5}`},
		{`{"b":"x","a":1}`}, {`{"a":1}`}, {`{"a":1,"a":2}`}, {`{"a":1,"b":"x","b":1}`},
		{`{"a":{"b":1}}`, `{"a":2,"a.b":{}}`}, {`{"b":{"a":1}}`}, {`{"a":[1,2]}`, `{"a":1,"a":2,"a":3}`}, {`{"a":[1]}`},
		{`{"a name that is longer than most":1}`}, {`{"a name that is longer than all":1}`},
	} {
		first, _ := scan(alike[0])
		if other, met := known[first]; met && other != `{"a":1,"a":2}` { // an array of one value has these paths as well
			t.Errorf("%s has the shape of %s", alike[0], other)
		}
		known[first] = alike[0]
		for _, text := range alike[1:] {
			if shape, _ := scan(text); shape != first {
				t.Errorf("%s and %s differ", alike[0], text)
			}
		}
	}
	for text, want := range map[string]jsonl.Marks{
		`{"a":1,"b":{}}`: 0, `{"a":"x","b":["\\"]}`: jsonl.Escaped, `{"a":["ä"],"b":"x"}`: jsonl.NonASCII, `{"a":"\u0041","b":2}`: jsonl.Escaped | jsonl.OddlyEscaped, `{"\u0061":[1],"b":1}`: jsonl.NameEscaped,
	} {
		if _, marks := scan(text); marks != want {
			t.Errorf("%s: marks %b, want %b", text, marks, want)
		}
	}
}

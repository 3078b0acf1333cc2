package jcs_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	webpki "github.com/gowebpki/jcs"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jcs"
)

// canonical is both forms of a text.
func canonical(t testing.TB, text string) (es6, decText string) {
	t.Helper()
	a, err := jcs.Append(nil, []byte(text), jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	b, err := jcs.AppendDecText(nil, []byte(text), jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return string(a), string(b)
}

func TestForms(t *testing.T) {
	for text, want := range map[string][2]string{
		`{ "b": 4.50, "a": "\u20ac", "c": [1E2, -0] }`: {`{"a":"€","b":4.5,"c":[100,0]}`, `{"a":"€","b":4.50,"c":[1E2,-0]}`},
		" null\n":                    {`null`, `null`},
		`[]`:                         {`[]`, `[]`},
		`[ [ ] , { } ,true, false ]`: {`[[],{},true,false]`, `[[],{},true,false]`},
		`"\"\\\/\b\f\n\r\t\u0000\u001F\u007f<>&"`: {`"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f" + `<>&"`, `"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f" + `<>&"`},
		`"\ud83d\ude02 \uFFFF"`:                   {"\"😂 \uffff\"", "\"😂 \uffff\""},
		`{"\ufb33":1,"😂":2,"z":3,"":4,"za":5}`:    {`{"":4,"z":3,"za":5,"😂":2,"` + "\ufb33" + `":1}`, `{"":4,"z":3,"za":5,"😂":2,"` + "\ufb33" + `":1}`},
		`9007199254740993`:                        {`9007199254740992`, `9007199254740993`},
		`999999999999999`:                         {`999999999999999`, `999999999999999`},
		`[-0, 0.0, -0.0e5]`:                       {`[0,0,0]`, `[-0,0.0,-0.0e5]`},
		`1e-400`:                                  {`0`, `1e-400`},
	} {
		es6, decText := canonical(t, text)
		if diff := cmp.Diff([2]string{es6, decText}, want); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// The table of RFC 8785 appendix B.
func TestNumbers(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0",
		0x8000000000000000: "0",
		0x0000000000000001: "5e-324",
		0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308",
		0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23",
		0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000",
		0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332",
		0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333",
		0x41b3de4355555556: "333333333.3333334",
		0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
		0x7fffffffffffffff: "",
		0x7ff0000000000000: "",
		0xfff0000000000000: "",
	} {
		got, err := jcs.AppendNumber(nil, math.Float64frombits(bits))
		if string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%016x is written %s (%v), want %s", bits, got, err, want)
		}
		if want != "" {
			if es6, _ := canonical(t, want); es6 != want {
				t.Errorf("%s becomes %s", want, es6)
			}
		}
	}
}

// Doubles of any size come out as another implementation writes them.
func TestNumbersLikeAnother(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		f := math.Float64frombits(random.Uint64())
		want, err := webpki.NumberToJSON(f)
		if got, _ := jcs.AppendNumber(nil, f); err == nil && string(got) != want {
			t.Fatalf("%016x is written %s, want %s", math.Float64bits(f), got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for text, reason := range map[string]string{
		``:                                   "at byte 0: value expected",
		` `:                                  "at byte 1: value expected",
		`{} {}`:                              "at byte 3: text after the value",
		"\ufeff{}":                           "at byte 0: value expected",
		`{"a":1,"b":2,"a":1}`:                "at byte 0: a name stands twice in this object",
		`[{"a":1,"\u0061":1}]`:               "at byte 1: a name stands twice in this object",
		`{"a":1,}`:                           "at byte 7: name expected",
		`{"a" 1}`:                            "at byte 5: colon expected",
		`{"a":1 "b":2}`:                      "at byte 7: comma or closing bracket expected",
		`[1,]`:                               "at byte 3: value expected",
		`[1}`:                                "at byte 2: comma or closing bracket expected",
		`[1`:                                 "at byte 2: comma or closing bracket expected",
		`{a:1}`:                              "at byte 1: name expected",
		`"a`:                                 "at byte 2: ends inside a string",
		`"\n` + "\n":                         "at byte 3: control character in a string",
		"\"\t\"":                             "at byte 1: control character in a string",
		`"\n`:                                "at byte 3: ends inside a string",
		`"\na`:                               "at byte 4: ends inside a string",
		`"\x"`:                               "at byte 1: unknown escape in a string",
		`"\u12g4"`:                           "at byte 1: unknown escape in a string",
		`"\`:                                 "at byte 1: ends inside a string",
		`"\ud83d"`:                           "at byte 1: half of a surrogate pair",
		`"\ude02\ud83d"`:                     "at byte 1: half of a surrogate pair",
		`"\ud83d\u0041"`:                     "at byte 1: half of a surrogate pair",
		`"\ud83d\ud83d\ude02"`:               "at byte 1: half of a surrogate pair",
		"\"ab\xff\"":                         "at byte 3: bytes that are not UTF-8",
		"\"\xed\xa0\x80\"":                   "at byte 1: bytes that are not UTF-8",
		`01`:                                 "at byte 1: a number begins with a zero",
		`-`:                                  "at byte 1: value expected",
		`+1`:                                 "at byte 0: value expected",
		`.5`:                                 "at byte 0: value expected",
		`1.`:                                 "at byte 2: digit expected after the point",
		`1e`:                                 "at byte 2: digit expected in the exponent",
		`1e309`:                              "at byte 0: a number too large for a double",
		`-` + strings.Repeat("9", 309):       "at byte 0: a number too large for a double",
		`NaN`:                                "at byte 0: value expected",
		`nul`:                                "at byte 0: unknown word",
		`[[[[1]]]]`:                          "at byte 3: nested too deeply",
		`[1,2,3,4,5,6,7,8]`:                  "at byte 15: too many values",
		`"` + strings.Repeat("x", 400) + `"`: "at byte 0: longer than the limit",
	} {
		dst := []byte("before")
		got, err := jcs.Append(dst, []byte(text), jcs.Limits{Bytes: 400, Depth: 3, Values: 8})
		var e *jcs.Error
		if !errors.As(err, &e) || err.Error() != "jcs: "+reason || string(got) != "before" {
			t.Errorf("%q: %v, want %s", text, err, reason)
		}
	}
}

// Limits are what may be, not what may not.
func TestAtTheLimits(t *testing.T) {
	text := `[[["0042"]],1,2]`
	if _, err := jcs.Parse([]byte(text), jcs.Limits{Bytes: len(text), Depth: 3, Values: 6}); err != nil {
		t.Error(err)
	}
}

// What is built by hand is held to what is read.
func TestBuilt(t *testing.T) {
	for text, want := range map[string]bool{"1.50": true, "-0": true, "1e400": false, " 1": false, "1 ": false, "": false, "+1": false, "0x1": false} {
		if v, ok := jcs.NumberOf(text); ok != want || ok && string(v.AppendDecText(nil)) != text {
			t.Errorf("%q is a number: %v", text, ok)
		}
	}
	one, _ := jcs.NumberOf("1.0")
	v, ok := jcs.ObjectOf([]jcs.Member{{Name: "b", Value: one}, {Name: "a", Value: jcs.Value{Kind: jcs.True}}})
	if got := string(v.Append(nil)); !ok || got != `{"a":true,"b":1}` {
		t.Errorf("%s", got)
	}
	if _, ok := jcs.ObjectOf([]jcs.Member{{Name: "b"}, {Name: "a"}, {Name: "b"}}); ok {
		t.Error("a name stands twice")
	}
	if v.Member("a") == nil || v.Member("c") != nil || one.Member("a") != nil {
		t.Error("members are not found by name")
	}
}

// A wide object gives its members by name as a narrow one does.
func TestMembersOfWideObject(t *testing.T) {
	names := []string{"", "\ufb33", "😂", "\uffff", "é"}
	for c := 'a'; c <= 'z'; c++ {
		names = append(names, string(c), string(c)+"\u0000")
	}
	var members []jcs.Member
	for _, name := range names {
		members = append(members, jcs.Member{Name: name, Value: jcs.Value{Kind: jcs.String, Text: name}})
	}
	v, ok := jcs.ObjectOf(members)
	if !ok {
		t.Fatal("a name stands twice")
	}
	for _, name := range names {
		if m := v.Member(name); m == nil || m.Text != name {
			t.Errorf("%q is not found", name)
		}
	}
	if v.Member("aa") != nil || v.Member("\U0010ffff") != nil {
		t.Error("what is not there is found")
	}
}

// The vectors of the scheme's authors.
func TestCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "tlog", "jcs-rfc8785")
	files, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		read := func(folder, ending string) []byte {
			name := strings.TrimSuffix(filepath.Base(file), ".json") + ending
			text, err := os.ReadFile(filepath.Join(dir, folder, name))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		got, err := jcs.Append(nil, read("input", ".json"), jcs.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), string(read("output", ".json"))); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		want, err := hex.DecodeString(strings.Join(strings.Fields(string(read("outhex", ".txt"))), ""))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes: %v", file, err)
		}
	}
}

// cost of a text: an array of short numbers takes the most for each byte.
var cost = formattest.Cost{Fixed: 64 << 10, PerByte: 300}

// FuzzJCS holds that a canonical form is its own canonical form, means what was read, and is what another
// implementation writes.
func FuzzJCS(f *testing.F) {
	for _, seed := range []string{
		`{ "b": 4.50, "a": "\u20ac", "c": [1E2, -0] }`, `{"\ufb33":1,"😂":2,"z":{"a":[[],{}]}}`, `"\ud83d\ude02\u0000"`, `[1,1,1,1,1,1,1,1,1]`,
		`{"a":1,"\u0061":1}`, `"\ud83d"`, `[1e400]`, `9007199254740993`, `{"patient":"0042","x":`, `[0.1e-7,123456789012345678901234567890]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		lim := jcs.Limits{Bytes: 1 << 20, Depth: 50, Values: 1 << 16}
		var got []byte
		var err error
		cost.Check(t, len(text), func() { got, err = jcs.Append(nil, text, lim) })
		formattest.Quiet(t, err)
		if err != nil {
			return
		}
		if again, err := jcs.Append(nil, got, lim); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("canonical %s becomes %s: %v", got, again, err)
		}
		exact, err := jcs.AppendDecText(nil, text, lim)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := jcs.AppendDecText(nil, exact, lim); err != nil || !bytes.Equal(again, exact) {
			t.Fatalf("canonical %s becomes %s: %v", exact, again, err)
		}
		if diff := cmp.Diff(decode(t, got, false), decode(t, text, false)); diff != "" {
			t.Fatalf("means another thing: %s", diff)
		}
		if diff := cmp.Diff(decode(t, exact, true), decode(t, text, true)); diff != "" {
			t.Fatalf("means another thing, to the digit: %s", diff)
		}
		likeAnother(t, text, got)
	})
}

// decode reads text as Go's own decoder does, numbers as doubles or as written.
func decode(t *testing.T, text []byte, asWritten bool) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	if asWritten {
		d.UseNumber()
	}
	if err := d.Decode(&v); err != nil {
		t.Fatalf("Go's own decoder refuses it: %v", err)
	}
	return v
}

// likeAnother holds got to what another implementation makes of text. That one reads objects and arrays only.
func likeAnother(t *testing.T, text, got []byte) {
	if got[0] != '{' && got[0] != '[' {
		return
	}
	want, err := webpki.Transform(text)
	if err == nil && !bytes.Equal(got, want) {
		t.Fatalf("%s, another implementation writes %s", got, want)
	}
}

func BenchmarkAppend(b *testing.B) {
	text := []byte("[" + strings.Repeat(`{"resourceType":"Observation","status":"final","valueQuantity":{"value":4.10,"unit":"mmol/L","system":"http://unitsofmeasure.org"},"code":{"text":"Potassium \u2191"}},`, 200) + "null]")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		out, _ = jcs.Append(out[:0], text, jcs.DefaultLimits())
	}
}

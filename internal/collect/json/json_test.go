package json_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

// read lists what a decoder yields: events as "number fields", damage as "!offset".
func read(t testing.TB, r io.Reader, o collect.Options) []string {
	t.Helper()
	var got []string
	var ev event.Event
	d := json.Format(nil).Open(r, o)
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return got
		case errors.As(err, &damage):
			got = append(got, fmt.Sprintf("!%d", damage.Offset))
		case err == collect.ErrSkip:
			got = append(got, "-")
		case err != nil:
			t.Fatal(err)
		default:
			if ev.Class == nil || ev.Format == "" {
				t.Fatal("an event without class or format")
			}
			got = append(got, fmt.Sprintf("%d %s", ev.Record, strings.Join(strings.Fields(string(ev.Fields)), "")))
		}
	}
}

func framings() map[string]struct {
	in   string
	want []string
} {
	nul := "\x00\x00\x00"
	return map[string]struct {
		in   string
		want []string
	}{
		"nothing":             {"", nil},
		"blank":               {" \r\n\n\t", nil},
		"lines":               {"{\"a\":1}\n{\"a\":2}\n", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"no last newline":     {"{\"a\":1}\n{\"a\":2}", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"CRLF, blank lines":   {"{\"a\":1}\r\n\r\n  {\"a\":2}\r\n", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"BOM":                 {"\ufeff{\"a\":1}\n\ufeff{\"a\":2}", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"joined":              {`{"a":1}{"a":2} {"a":3}, {"a":4}`, []string{`1 {"a":1}`, `2 {"a":2}`, `3 {"a":3}`, `4 {"a":4}`}},
		"RFC 7464":            {"\x1e{\"a\":1}\n\x1e{\"a\":2}\n", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"pretty":              {"{\n  \"a\": {\n    \"b\": [1,\n 2]\n  }\n}\n{\n\"c\": \"}\"\n}\n", []string{`1 {"a":{"b":[1,2]}}`, `2 {"c":"}"}`}},
		"evtx_dump":           {"Record 1\n{\n \"a\": 1\n}\nRecord 2\n{\n \"a\": 2\n}\n", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"array":               {`[{"a":1},{"a":"]"}]`, []string{`1 {"a":1}`, `2 {"a":"]"}`}},
		"array of lines":      {"[\n{\"a\":1},\n{\"a\":2}\n]\n{\"a\":3}", []string{`1 {"a":1}`, `2 {"a":2}`, `3 {"a":3}`}},
		"pretty array":        {"[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": {}\n  }\n]\n", []string{`1 {"a":1}`, `2 {"a":{}}`}},
		"empty array":         {`[]`, nil},
		"CloudTrail":          {`{"Records":[{"a":1},{"a":2}]}`, []string{`1 {"a":1}`, `2 {"a":2}`}},
		"CloudTrail lines":    {"{\"Records\":[{\"a\":1}]}\n{\"Records\": []}\n{\"Records\":[{\"a\":2}]}", []string{`1 {"a":1}`, `2 {"a":2}`}},
		"Graph":               {`{"@odata.context":"x","@odata.nextLink":"y","value":[{"a":1},{"a":2}],"z":{"y":[1]}} {"a":3}`, []string{`1 {"a":1}`, `2 {"a":2}`, `3 {"a":3}`}},
		"FHIR":                {"{\n \"resourceType\": \"Bundle\",\n \"meta\": {\"tag\":[{}]},\n \"entry\": [\n  {\"fullUrl\":\"u\",\n  \"resource\": {\"a\":1}},{\"response\":{}},{\"resource\":{\"a\":3}}\n ]\n}", []string{`1 {"a":1}`, "-", `3 {"a":3}`}},
		"FHIR resource":       {`{"resourceType":"AuditEvent","entry":[{"resource":{}}]}`, []string{`1 {"resourceType":"AuditEvent","entry":[{"resource":{}}]}`}},
		"search answer":       {`{"took":3,"hits":{"total":{"value":1},"hits":[{"_id":"1","_source":{"a":1}}]}}`, []string{`1 {"a":1}`}},
		"search export":       {"{\"_index\":\"x\",\"_source\":{\"a\":1}}\n{\"preview\":false,\"result\":{\"a\":2}}\n{\"_index\":1}\n{\"a\":4}", []string{`1 {"a":1}`, `2 {"a":2}`, "-", `4 {"a":4}`}},
		"no wrapper":          {`{"Records":5} {"value":{"a":[]}} {"b":1,"Records":[{"a":1}]}`, []string{`1 {"Records":5}`, `2 {"value":{"a":[]}}`, `3 {"b":1,"Records":[{"a":1}]}`}},
		"comments":            {"# log\n// more\n{\"a\":1}\n# end", []string{"!0", `1 {"a":1}`, "!22"}},
		"bad line":            {"{\"a\":1}\n{\"a\":tru}\n{\"a\":3}\n", []string{`1 {"a":1}`, "!8", `3 {"a":3}`}},
		"cut in string":       {"{\"a\":\"1\n{\"a\":2}\n", []string{"!0", `2 {"a":2}`}},
		"cut after comma":     {"{\"a\":1,\n{\"a\":2}\n{\"a\":3}\n", []string{"!0", `2 {"a":2}`, `3 {"a":3}`}},
		"cut in array":        {"{\"a\":[{\"b\":1},\n{\"a\":2}\n{\"a\":3}\n", []string{"!0", `2 {"a":2}`, `3 {"a":3}`}},
		"cut at the end":      {"{\"a\":1}\n{\"a\":\"2", []string{`1 {"a":1}`, "!8"}},
		"cut before RFC 7464": {"\x1e{\"a\":1,\n\x1e{\"a\":2}\n", []string{"!1", `2 {"a":2}`}},
		"cut before a comma":  {"[{\"a\":1\n,{\"a\":2}\n,{\"a\":3}]", []string{"!1", `2 {"a":2}`, `3 {"a":3}`}},
		"text after":          {"{\"a\":1} and so on\n{\"a\":2}\n", []string{`1 {"a":1}`, "!8", `2 {"a":2}`}},
		"NUL bytes":           {nul + "{\"a\":1}\n" + nul, []string{"!0", `1 {"a":1}`, "!11"}},
		"broken pretty":       {"{\n  \"a\": {\n    \"b\" 1\n  },\n  \"c\": [\n    {\"d\" \"e\"}\n  ]\n}\n{\"a\":2}\n", []string{"!0", `2 {"a":2}`}},
		"broken element":      {`[{"a":1},{"a":x},{"a":3}]`, []string{`1 {"a":1}`, "!9", `3 {"a":3}`}},
		"scalars":             {`[1,"two",{"a":1}]`, []string{"!1", `2 {"a":1}`}},
		"array without end":   {`[{"a":1},`, []string{`1 {"a":1}`, "!9"}},
		"wrapper cut off":     {"{\"Records\":[]\n  {\"a\":1}\n", []string{"!13", `1 {"a":1}`}},
		"wrapper, text after": {"{\"Records\":[]\n\"\n\x1e{\"a\":1}\n", []string{"!13", `1 {"a":1}`}},
		"wrapper without end": {`{"Records":[{"a":1}`, []string{`1 {"a":1}`, "!19"}},
		"lonely bracket":      {"]\n{\"a\":1}", []string{"!0", `1 {"a":1}`}},
		"not UTF-8":           {"{\"a\":\"M\xfcller\"}\n{\"a\":\"\t\"}\n", []string{"1 {\"a\":\"M\ufffdller\"}", `2 {"a":"\u0009"}`}},
		"names twice":         {`{"a":1,"a":2}`, []string{`1 {"a":1,"a":2}`}},
	}
}

func TestFraming(t *testing.T) {
	o := options(t)
	for name, tt := range framings() {
		if diff := cmp.Diff(read(t, strings.NewReader(tt.in), o), tt.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", name, diff)
		}
		if diff := cmp.Diff(read(t, iotest.OneByteReader(strings.NewReader(tt.in)), o), tt.want); diff != "" {
			t.Errorf("%s, byte by byte (-got +want)\n%s", name, diff)
		}
	}
}

func TestUTF16(t *testing.T) {
	o := options(t)
	for _, in := range []string{"\ufeff{\"a\":\"ü\"}\r\n{\"a\":\"漢\"}", `[{"a":"ü"},{"a":"漢"}]`} {
		var little, big []byte
		for _, u := range utf16.Encode([]rune(in)) {
			little = append(little, byte(u), byte(u>>8))
			big = append(big, byte(u>>8), byte(u))
		}
		for _, b := range []string{string(little), string(big)} {
			want := []string{`1 {"a":"ü"}`, `2 {"a":"漢"}`}
			if diff := cmp.Diff(read(t, strings.NewReader(b), o), want); diff != "" {
				t.Error(diff)
			}
			if json.Format(nil).Sniff([]byte(b)) < 80 {
				t.Error("not recognised")
			}
		}
	}
}

func TestLimits(t *testing.T) {
	o := options(t)
	o.Limits = collect.Limits{Record: 64, Depth: 4, Values: 8}
	long := strings.Repeat("x", 200_000)
	small := `{"a":1}`
	for name, tt := range map[string]struct {
		in   string
		want []string
	}{
		"enormous line":     {small + "\n{\"a\":\"" + long + "\"}\n" + small + "\n", []string{"1 " + small, "!8", "3 " + small}},
		"enormous, cut off": {"{\"a\":\"" + long + "\n" + small + "\n", []string{"!0", "2 " + small}},
		"enormous, broken":  {"{\"a\":[\"" + long + "\"\n" + small + "\n", []string{"!0", "2 " + small}},
		"enormous element":  {`[` + small + `,{"a":"` + long + `"},` + small + `]`, []string{"1 " + small, "!9", "3 " + small}},
		"enormous garbage":  {long + "\n" + small, []string{"!0", "1 " + small}},
		"too deep":          {`{"a":[[[[1]]]]}` + "\n" + small, []string{"!0", "2 " + small}},
		"too many":          {`{"a":[1,2,3,4,5,6,7,8]}` + "\n" + small, []string{"!0", "2 " + small}},
		"just small enough": {`{"a":"` + long[:56] + `"}` + "\n" + small, []string{`1 {"a":"` + long[:56] + `"}`, "2 " + small}},
		"just too large":    {`{"a":"` + long[:57] + `"}` + "\n" + small, []string{"!0", "2 " + small}},
		"never an end":      {strings.Repeat(`{"a":[`, 30_000), []string{"!0"}},
		"wrapper's tail":    {`{"Records":[` + small + `],"b":"` + long + `"}` + small, []string{"1 " + small, "2 " + small}},
	} {
		if diff := cmp.Diff(read(t, strings.NewReader(tt.in), o), tt.want); diff != "" {
			t.Errorf("%s (-got +want)\n%.500s", name, diff)
		}
	}
}

// Hostile text costs memory in proportion to its length, whatever it does; and time, or
// this test would take hours.
func TestCost(t *testing.T) {
	const size = 1 << 20
	o := options(t)
	for _, unit := range []string{
		"{", "[", "{\"a\":[\n", "{\"a\":[1,\n", "{\"a\":", "{\"Records\":[", "{\"Records\":[\n", "{\"value\":[{\"a\":1},", "{\"took\":[1,", "\"", "\\", "\x00", "]", ",", "\n",
		"{\"a\":\"", "{\"a\":\"\n", "{}", "{}x", "[1,", "[{\"a\":1}{", "Record 1\n", "Record 1", "{\"resourceType\":\"Bundle\",\"a\":{", "[\n{\n\"a\":\n",
	} {
		in := strings.Repeat(unit, size/len(unit))
		formattest.Cost{Fixed: 8 << 20, PerByte: 100}.Check(t, len(in), func() {
			d := json.Format(nil).Open(strings.NewReader(in), o)
			var ev event.Event
			for d.Next(&ev) != io.EOF {
			}
		})
	}
}

func TestTimeOfUnknownShapes(t *testing.T) {
	o := options(t)
	want := time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)
	for _, in := range []string{
		`{"@timestamp":"2026-03-01T10:20:30Z","time":"never"}`, `{"ts":1772360430}`, `{"time":"soon","date":"2026-03-01 11:20:30+01:00"}`,
	} {
		var ev event.Event
		if err := json.Format(nil).Open(strings.NewReader(in), o).Next(&ev); err != nil || !ev.Time.Equal(want) {
			t.Errorf("%s: %v %v", in, ev.Time, err)
		}
	}
}

func TestSniff(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":1}`: true, "\n{\n  \"a\"": true, `[ {"a"`: true, "\ufeff{}\n": true, "# hello\n{\"a\":1}\n": true,
		"": false, "{x}": false, "#fields a b": false, "[Section]\nx=1": false, "<14>1 - - {\"a\":1}": false, "{{template}}": false,
	} {
		if got := json.Format(nil).Sniff([]byte(in)) > 0; got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

// FuzzFraming holds that it makes no difference in which pieces the bytes come, within limits that they
// reach.
func FuzzFraming(f *testing.F) {
	for _, tt := range framings() {
		f.Add([]byte(tt.in))
	}
	o := options(f)
	o.Limits = collect.Limits{Record: 256, Depth: 8, Values: 32}
	shapes := []collect.Shape{picky()}
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, json.Format(shapes), o, formattest.Cost{Fixed: 512 << 10, PerByte: 200}, in)
		if whole := read(t, strings.NewReader(string(in)), o); len(whole) > len(in) {
			t.Fatal("more events than bytes")
		}
	})
}

// picky is a shape that skips some objects, refuses some, and writes others anew.
func picky() collect.Shape {
	return collect.Shape{
		Name: "picky",
		Fits: func(obj collect.Object) int { return len(obj.Index.Values) * 30 },
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, b *event.Builder) error {
			switch len(obj.Text) % 5 {
			case 0:
				return collect.ErrSkip
			case 1:
				return errors.New("refused")
			case 2:
				b.Reset()
				b.Int("length", int64(len(obj.Text)))
				b.Members(obj.Text)
				return b.Into(ev, jsonl.DefaultLimits())
			}
			return nil
		},
	}
}

func BenchmarkLines(b *testing.B) {
	line := `{"Channel":"Security","EventID":4624,"Hostname":"ws1.ward.example","@timestamp":"2026-03-01T10:20:30Z","Message":"` + strings.Repeat("An account was logged on. ", 30) + "\"}\n"
	benchmark(b, strings.Repeat(line, 1000), 1000)
}

func BenchmarkArray(b *testing.B) {
	line := `{"Channel":"Security","EventID":4624,"Hostname":"ws1.ward.example","@timestamp":"2026-03-01T10:20:30Z","Message":"` + strings.Repeat("An account was logged on. ", 30) + "\"}"
	benchmark(b, "["+strings.Repeat(line+",", 999)+line+"]", 1000)
}

func benchmark(b *testing.B, text string, events int) {
	o := options(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		d := json.Format(nil).Open(strings.NewReader(text), o)
		var ev event.Event
		n := 0
		for d.Next(&ev) == nil {
			n++
		}
		if n != events {
			b.Fatalf("%d events", n)
		}
	}
}

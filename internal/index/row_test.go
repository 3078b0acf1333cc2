package index_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

const (
	day    = 24 * time.Hour
	past   = 400 * day
	future = day
)

// row reads the row of a record.
func row(t *testing.T, r record) map[string]string {
	t.Helper()
	text, _, ok := index.Row(7, 3, r.line(0), past, future, veiltest.New())
	if !ok {
		t.Fatal("no row")
	}
	return members(t, text)
}

// members reads a flat JSON object, and fails when a name comes twice.
func members(t *testing.T, text []byte) map[string]string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	m := map[string]string{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatalf("not JSON: %v", err)
		}
		value, err := d.Token()
		if err != nil {
			t.Fatalf("not JSON: %v", err)
		}
		if _, twice := m[name.(string)]; twice {
			t.Errorf("a column comes twice")
		}
		m[name.(string)] = fmt.Sprint(value)
	}
	return m
}

func TestRow(t *testing.T) {
	own := func(with map[string]string) map[string]string {
		m := map[string]string{"_time": "2026-03-14T12:00:00Z", "@stream": "s", "@source": "s", "@format": "f",
			"@class": "linux/auth", "@entry": "7", "@line": "3"}
		for k, v := range with {
			m[k] = v
		}
		return m
	}
	for _, tt := range []struct {
		name, fields string
		want         map[string]string
	}{
		{"nothing", `{}`, nil},
		{"kinds of values", `{"s":"x","n":-1.50,"t":true,"f":false,"z":null,"e":""}`, map[string]string{"s": "x", "n": "-01.50", "t": "true", "f": "false"}},
		{"nested", `{"a":{"b":{"c":1},"d":2},"e.f":3}`, map[string]string{"a.b.c": "1", "a.d": "2", "e.f": "3"}},
		{"lists", `{"a":["x"],"b":["x","y\"z"],"c":[],"d":[[1],[2]]}`, map[string]string{"a": "x", "b": `["x","y\"z"]`, "d": `["1","2"]`}},
		{"escapes in lists", `{"a":["b\u00e9","\ud800","\/"]}`, map[string]string{"a": "[\"bé\",\"\ufffd\",\"/\"]"}},
		{"lists of objects", `{"a":[{"b":1,"c":"x"},{"b":2}]}`, map[string]string{"a.b": `["1","2"]`, "a.c": "x"}},
		{"one path twice", `{"a":{"b":1},"a.b":2,"\u0061.b":3}`, map[string]string{"a.b": `["1","2","3"]`}},
		{"escapes", `{"a\n\"":"b\u00e9\ud800\/\\"}`, map[string]string{"a\n\"": "bé\ufffd/\\"}},
		{"names of the index's own", `{"_time":1,"_msg":2,"_stream":3,"@id":4,"@entry":5,"_x":6,"@timestamp":7,"":8,"a*":9}`,
			map[string]string{"fields._time": "1", "fields._msg": "2", "fields._stream": "3", "fields.@id": "4", "fields.@entry": "5",
				"_x": "6", "@timestamp": "7", "fields.": "8", "fields.a*.": "9"}},
		{"a name that is taken", `{"_time":1,"fields._time":2}`, map[string]string{"fields._time": `["1","2"]`}},
		{"a name that is too long", `{"` + strings.Repeat("n", 129) + `":1,"a":2}`, map[string]string{"a": "2", "@cut": "1"}},
		{"the longest name", `{"` + strings.Repeat("n", 128) + `":1}`, map[string]string{strings.Repeat("n", 128): "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := row(t, record{time: noon, source: "s", format: "f", fields: tt.fields})
			delete(got, "@id")
			if diff := cmp.Diff(got, own(tt.want)); diff != "" {
				t.Errorf("got, want:\n%s", diff)
			}
		})
	}
}

// The text of a whole HL7 message is for the journal alone, as is whatever of it is not known to name nobody. What other
// senders call message is searched for.
func TestWholeMessagesAreNotIndexed(t *testing.T) {
	const fields = `{"MSH-9":"ADT^A01","message":"MSH|...","other":{"message":"x"}}`
	if got := row(t, record{time: noon, class: "hl7/mllp", fields: fields}); got["message"] != "" || got["MSH-9"] != "ADT^A01" || got["other.message"] != "" {
		t.Errorf("a row of an HL7 message has the columns %v", got)
	}
	if got := row(t, record{time: noon, class: "linux/auth", fields: fields}); got["message"] == "" {
		t.Error("another sender's message is left out")
	}
}

func TestRowTimes(t *testing.T) {
	for _, tt := range []struct {
		name              string
		time, observed    time.Time
		wantTime, claimed string
	}{
		{"as claimed", noon, noon.Add(time.Second), "2026-03-14T12:00:00Z", ""},
		{"not claimed", time.Time{}, noon, "2026-03-14T12:00:00Z", ""},
		{"just not too old", noon.Add(-past), noon, "2025-02-07T12:00:00Z", ""},
		{"too old", noon.Add(-past - 1), noon, "2026-03-14T12:00:00Z", "2025-02-07T11:59:59.999999999Z"},
		{"just not too new", noon.Add(future), noon, "2026-03-15T12:00:00Z", ""},
		{"too new", noon.Add(future + 1), noon, "2026-03-14T12:00:00Z", "2026-03-15T12:00:00.000000001Z"},
		{"year one", time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), noon, "2026-03-14T12:00:00Z", "0001-01-01T00:00:00.000000001Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := row(t, record{time: tt.time, observed: tt.observed, fields: `{}`})
			if diff := cmp.Diff([]string{got["_time"], got["@claimed"]}, []string{tt.wantTime, tt.claimed}); diff != "" {
				t.Errorf("got, want:\n%s", diff)
			}
		})
	}
}

// What exceeds the limits of a row is cut and counted.
func TestRowLimits(t *testing.T) {
	var many, much strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, `,"f%d":%d`, i, i)
	}
	fmt.Fprintf(&much, `,"long":"%s","last":"x"`, strings.Repeat(`ä\n`, 200_000))
	for _, tt := range []struct {
		name, fields string
		cut, columns int
	}{
		{"many fields", `{"a":1` + many.String() + `}`, 2001 - 980, 980 + 9},
		{"a long value", `{"a":1` + much.String() + `}`, 1, 3 + 9},
		{"many values", `{"a":[1` + strings.Repeat(`,"0123456789"`, 60_000) + `],"b":2}`, 1, 1 + 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, cut, ok := index.Row(1, 0, record{time: noon, fields: tt.fields}.line(0), past, future, veiltest.New())
			if !ok {
				t.Fatal("no row")
			}
			if len(text) > 256<<10 {
				t.Errorf("%d bytes", len(text))
			}
			m := members(t, text)
			if cut != tt.cut || len(m) != tt.columns || m["@cut"] != fmt.Sprint(tt.cut) {
				t.Errorf("cut %d (%s) of %d columns, want %d of %d", cut, m["@cut"], len(m), tt.cut, tt.columns)
			}
		})
	}
}

func TestRowRefuses(t *testing.T) {
	good := string(record{time: noon, fields: `{"a":1}`}.line(0))
	for name, line := range map[string]string{
		"nothing":       "",
		"no object":     "[]",
		"no fields":     strings.Replace(good, `"fields"`, `"field"`, 1),
		"other fields":  strings.Replace(good, `{"a":1}`, `[1]`, 1),
		"no id":         strings.Replace(good, `"id"`, `"ID"`, 1),
		"no time":       strings.ReplaceAll(strings.ReplaceAll(good, `"time"`, `"t"`), `"observed"`, `"o"`),
		"long ago":      strings.ReplaceAll(good, "2026-", "1969-"),
		"far ahead":     strings.ReplaceAll(good, "2026-", "2200-"),
		"no whole line": good[:len(good)-1],
	} {
		if text, _, ok := index.Row(1, 0, []byte(line), past, future, veiltest.New()); ok || len(text) > 0 {
			t.Errorf("%s is taken", name)
		}
	}
}

// flatten is what the row of a JSON object is to hold, by another reader of JSON.
func flatten(into map[string][]string, path string, value any, top bool) {
	switch v := value.(type) {
	case []pair:
		for _, p := range v {
			name := p.name
			if !top {
				name = path + "." + name
			}
			flatten(into, name, p.value, false)
		}
	case []any:
		for _, e := range v {
			flatten(into, path, e, false)
		}
	case nil:
	default:
		if text := fmt.Sprint(v); text != "" {
			into[index.Column(path)] = append(into[index.Column(path)], text)
		}
	}
}

type pair struct {
	name  string
	value any
}

// parse reads JSON and keeps the order and all members of one name.
func parse(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := []pair{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := parse(d)
			if err != nil {
				return nil, err
			}
			object = append(object, pair{name.(string), value})
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := parse(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// FuzzRow holds the rows against encoding/json.
func FuzzRow(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":{"b":[1,"x",{"c":null}]},"a.b":true,"@id":"","_time":[[]]}`, `{"":{"":1},"*":"\ud834\udd1e\ud800"}`,
		`{"a":["","x"],"b":{},"c":[{},[]],"a":2e400}`, "{\"\u00e9\":\"\\u00e9\u2028\"}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		if !utf8.ValidString(fields) || !json.Valid([]byte(fields)) || len(fields) > 10_000 {
			return
		}
		d := json.NewDecoder(strings.NewReader(fields))
		d.UseNumber()
		value, err := parse(d)
		if _, object := value.([]pair); err != nil || !object {
			return
		}
		text, cut, ok := index.Row(7, 3, record{time: noon, fields: fields}.line(0), past, future, veiltest.New())
		if !ok {
			if strings.Count(fields, "{")+strings.Count(fields, "[") < 60 {
				t.Fatal("no row")
			}
			return // too deep
		}
		got := members(t, text)
		for _, name := range []string{"_time", "@stream", "@source", "@format", "@class", "@entry", "@line", "@id", "@cut"} {
			delete(got, name)
		}
		all := map[string][]string{}
		flatten(all, "", value, true)
		want := map[string]string{}
		for name, values := range all {
			if len(values) == 1 {
				want[name] = index.Keep(values[0])
				continue
			}
			list, err := encode(values)
			if err != nil {
				t.Fatal(err)
			}
			want[name] = list
		}
		// Lists are compared by what they hold.
		for name, text := range got {
			var list []string
			if len(all[name]) > 1 && json.Unmarshal([]byte(text), &list) == nil {
				got[name], _ = encode(list)
			}
			if len(name) > 128 {
				t.Error("a long name")
			}
		}
		if diff := cmp.Diff(got, want); diff != "" && cut == 0 {
			t.Errorf("got, want:\n%s", diff)
		}
	})
}

func encode(list []string) (string, error) {
	text, err := json.Marshal(list)
	return string(text), err
}

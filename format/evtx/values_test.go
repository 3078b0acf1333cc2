package evtx_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
)

// fieldsOf reads a record's JSON with its numbers as written.
func fieldsOf(t testing.TB, text []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return fields
}

var (
	bracedGUID = regexp.MustCompile(`^\{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}$`)
	paddedHex  = regexp.MustCompile(`^0x0*([0-9a-fA-F]+)$`)
	nineDigits = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\d{3}Z$`)
)

// plainText writes a value as libevtx or evtx_dump would have it, without the differences of
// style that the package comment lists. Both sides pass through it.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = plainText(v[i])
		}
		return strings.Join(texts, ",")
	case string:
		s := v
		if m := bracedGUID.FindStringSubmatch(s); m != nil {
			return strings.ToUpper(m[1])
		}
		if m := paddedHex.FindStringSubmatch(s); m != nil {
			return "0x" + strings.ToLower(m[1])
		}
		if m := nineDigits.FindStringSubmatch(s); m != nil {
			return m[1] + "Z"
		}
		// libevtx leaves out control characters, evtx_dump has kept white space at the end at times.
		return strings.TrimRight(strings.Map(printable, s), " \t\n")
	}
	return "?"
}

// Every value that libevtx shows is here and equal.
func TestValuesAgreeWithLibevtx(t *testing.T) {
	dir := formattest.Corpora(t, "evtx")
	type entry struct {
		File, Record string
		Fields       map[string]string
	}
	renamed := map[string]string{"_pid": "Execution_ProcessID", "_time": "TimeCreated_SystemTime"}
	numbered := regexp.MustCompile(`^(.+)_(\d+)$`)
	file, ours := "", map[string]map[string]any{}
	values, differ := 0, map[string]int{}
	lines(t, gunzip(t, filepath.Join(dir, "events-libyal.jsonl.gz")), func(e entry) {
		if e.File != file {
			file = e.File
			clear(ours)
			records, _ := readAll(t, gunzip(t, filepath.Join(dir, filepath.FromSlash(file))))
			for _, rec := range records {
				fields := fieldsOf(t, rec.JSON)
				ours[plainText(fields["EventRecordID"])] = fields
			}
		}
		got, ok := ours[e.Record]
		if !ok {
			t.Errorf("%s: no record %s", filepath.Base(file), e.Record)
			return
		}
		for name, want := range e.Fields {
			values++
			if to := renamed[name]; to != "" {
				name = to
			}
			have := plainText(got[name])
			list, isList := got[name].([]any)
			if m := numbered.FindStringSubmatch(name); m != nil && got[name] == nil {
				if l, ok := got[m[1]].([]any); ok {
					n, _ := strconv.Atoi(m[2])
					if n >= 1 && n <= len(l) {
						have = plainText(l[n-1])
					}
				}
			} else if isList && e.Fields[name+"_2"] != "" || isList && name == "Data" {
				have = plainText(list[0])
			}
			if have != plainText(any(want)) {
				differ[name]++
				if differ[name] <= 3 {
					t.Logf("%s record %s: %s: have %.120q want %.120q", filepath.Base(file), e.Record, name, have, want)
				}
			}
		}
	})
	t.Logf("%d values compared", values)
	if len(differ) > 0 {
		t.Errorf("different: %v", differ)
	}
}

// Every field that evtx_dump shows is here and equal, and no other. One of the dumps was edited
// since: letters differ in case.
func TestValuesAgreeWithEvtxDump(t *testing.T) {
	dir := filepath.Join(formattest.Corpora(t, "sigma"), "cases")
	cases, err := filepath.Glob(filepath.Join(dir, "*.evtx.gz"))
	if err != nil {
		t.Fatal(err)
	}
	records, values := 0, 0
	for _, path := range cases {
		want, err := os.ReadFile(strings.TrimSuffix(path, ".evtx.gz") + ".jsonl")
		if err != nil {
			continue
		}
		ours, damage := readAll(t, gunzip(t, path))
		for _, d := range damage {
			t.Errorf("%s: %v", filepath.Base(path), d)
		}
		for d := json.NewDecoder(bytes.NewReader(want)); d.More(); {
			d.UseNumber()
			var dump struct{ Event map[string]any }
			if err := d.Decode(&dump); err != nil {
				t.Fatal(err)
			}
			if len(ours) == 0 {
				t.Errorf("%s: too few records", filepath.Base(path))
				break
			}
			got, want := fieldsOf(t, ours[0].JSON), flatten(dump.Event)
			ours = ours[1:]
			records++
			values += len(want)
			for name, v := range want {
				g, ok := got[name]
				if !ok || !strings.EqualFold(plainText(g), plainText(v)) || (g == nil) != (v == nil) || !sameKind(g, v) {
					t.Errorf("%s: %s differs", filepath.Base(path), name)
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s: %s is not in the dump", filepath.Base(path), name)
				}
			}
		}
		if len(ours) != 0 {
			t.Errorf("%s: %d records more", filepath.Base(path), len(ours))
		}
	}
	t.Logf("%d records, %d values", records, values)
}

func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' {
		return -1
	}
	return r
}

func sameKind(a, b any) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }

// flatten turns an event of evtx_dump into the fields that this package promises.
func flatten(event map[string]any) map[string]any {
	flat := map[string]any{}
	for part, content := range event {
		children, ok := content.(map[string]any)
		if !ok || part == "#attributes" {
			continue
		}
		for name, v := range children {
			element, ok := v.(map[string]any)
			switch {
			case ok:
				attributes, _ := element["#attributes"].(map[string]any)
				for attribute, v := range attributes {
					flat[name+"_"+attribute] = v
				}
				if text, ok := element["#text"]; ok {
					flat[name] = text
				}
			case v == nil && part == "System":
			default:
				flat[name] = v
			}
		}
	}
	return flat
}

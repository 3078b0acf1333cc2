package fhir_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	webpki "github.com/gowebpki/jcs"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jcs"
)

const base = "https://fhir.north.example/r4"

func resource(t testing.TB, text string) fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource([]byte(text), jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func static(t testing.TB, text string) string {
	r := resource(t, text)
	return string(r.AppendStatic(nil, fhir.DecText, base))
}

func sum(form []byte) string {
	s := sha256.Sum256(form)
	return hex.EncodeToString(s[:])
}

const potassium = `{"resourceType":"Observation","id":"k1","meta":{"versionId":"2","tag":[{"code":"x"}]},
 "text":{"status":"generated","div":"<div>4.10</div>"},"status":"final",
 "subject":{"reference":"https://fhir.north.example/r4/Patient/0042"},"valueQuantity":{"value":4.10,"unit":"mmol/L"}}`

// The example of the documentation: the resource, each form, and its digest.
func TestForms(t *testing.T) {
	r := resource(t, potassium)
	exact := string(r.AppendExact(nil, fhir.Doubles))
	for _, tt := range []struct{ name, got, want, sum string }{
		{"exact", exact, `{"id":"k1","meta":{"tag":[{"code":"x"}],"versionId":"2"},"resourceType":"Observation","status":"final",` +
			`"subject":{"reference":"https://fhir.north.example/r4/Patient/0042"},` +
			`"text":{"div":"<div>4.10</div>","status":"generated"},"valueQuantity":{"unit":"mmol/L","value":4.1}}`, "fd02dac2356d63a03a8b2fbbe0c86517e5e751a39f7839f4e0b6f41658c64b94"},
		{"static", string(r.AppendStatic(nil, fhir.Doubles, base)), `{"id":"k1","resourceType":"Observation","status":"final",` +
			`"subject":{"reference":"Patient/0042"},"valueQuantity":{"unit":"mmol/L","value":4.1}}`, "73d56427b1fb0513021ed96cd77da065ecbb456011296e9d737996bef9354031"},
		{"static, decimal text", string(r.AppendStatic(nil, fhir.DecText, base)), `{"id":"k1","resourceType":"Observation","status":"final",` +
			`"subject":{"reference":"Patient/0042"},"valueQuantity":{"unit":"mmol/L","value":4.10}}`, "d42abd59644c09498dbde318e8445da6b3245d29f4300100bec5e7bbc0ef07ca"},
		{"labels", string(r.AppendLabels(nil)), `{"security":[],"tag":[{"code":"x"}]}`, "8bdae780a9887304b6e79ec1c4e42edb5b5523c2ccbee9af5d46f81283d6027f"},
	} {
		if diff := cmp.Diff(tt.got, tt.want); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if diff := cmp.Diff(sum([]byte(tt.got)), tt.sum); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	version, updated := r.Version()
	if r.Type() != "Observation" || r.ID() != "k1" || version != "2" || updated != "" {
		t.Errorf("%s %s %s %s", r.Type(), r.ID(), version, updated)
	}
	if diff := cmp.Diff(string(r.AppendExact(nil, fhir.Doubles)), exact); diff != "" {
		t.Errorf("writing one form has changed another: %s", diff)
	}
}

// What a server may write anew leaves the static form as it is; what means something does not.
func TestStatic(t *testing.T) {
	replace := func(old, now string) string {
		if !strings.Contains(potassium, old) {
			t.Fatalf("%s is not there", old)
		}
		return strings.Replace(potassium, old, now, 1)
	}
	want := static(t, potassium)
	for name, text := range map[string]string{
		"meta":              replace(`"versionId":"2"`, `"versionId":"3","lastUpdated":"2026-03-01T10:00:00Z"`),
		"narrative":         replace(`4.10</div>`, `other</div>`),
		"no narrative":      replace(`"text":{"status":"generated","div":"<div>4.10</div>"},`, ``),
		"relative":          replace(base+"/", ""),
		"order and blanks":  replace(`"status":"final",`, ` "status" : "final" , `),
		"mark of UTF-8":     "\ufeff" + potassium,
		"escape of a quote": replace(`"mmol/L"`, `"mmol\/\u004c"`),
	} {
		if diff := cmp.Diff(static(t, text), want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, text := range map[string]string{
		"value":         replace("4.10,", "41.0,"),
		"precision":     replace("4.10,", "4.1,"),
		"status":        replace("final", "amended"),
		"patient":       replace("Patient/0042", "Patient/0043"),
		"another base":  replace("north", "south"),
		"id":            replace("k1", "k2"),
		"text of value": replace(`"unit":"mmol/L"`, `"unit":"mmol/L","text":"x","meta":"y"`),
	} {
		if static(t, text) == want {
			t.Errorf("%s: the form is the same", name)
		}
	}
}

// Resources within resources lose their meta and narrative, too; other elements of these names stay.
func TestStaticInside(t *testing.T) {
	for text, want := range map[string]string{
		`{"resourceType":"Bundle","meta":{},"entry":[{"resource":{"resourceType":"Patient","meta":{"a":"b"},"text":{},"contained":[{"resourceType":"Device","meta":{},"text":{},"id":"d"}]},"response":{"outcome":{"resourceType":"OperationOutcome","text":{}}}}]}`: `{"entry":[{"resource":{"contained":[{"id":"d","resourceType":"Device"}],"resourceType":"Patient"},"response":{"outcome":{"resourceType":"OperationOutcome"}}}],"resourceType":"Bundle"}`,
		`{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[]},"part":[{"resource":{"resourceType":"Patient","meta":{}}}]}]}`:                                                                                                              `{"parameter":[{"name":"meta","part":[{"resource":{"resourceType":"Patient"}}],"valueMeta":{"tag":[]}}],"resourceType":"Parameters"}`,
		`{"resourceType":"Composition","text":{},"section":[{"text":{"div":"<div>all there is</div>"},"code":{"text":"Findings"}}]}`:                                                                                                                                 `{"resourceType":"Composition","section":[{"code":{"text":"Findings"},"text":{"div":"<div>all there is</div>"}}]}`,
		`{"resourceType":"Basic","code":{"resourceType":"Patient","text":"stays","meta":"stays"}}`:                                                                                                                                                                   `{"code":{"meta":"stays","resourceType":"Patient","text":"stays"},"resourceType":"Basic"}`,
		`{"resourceType":"Basic","a":[{"reference":"` + base + `/A/1"},{"reference":"` + base + `/"},{"reference":"` + base + `x/A/1"},{"reference":"#d"},{"reference":{"reference":"` + base + `//A"}}],"url":"` + base + `/A/1"}`:                                  `{"a":[{"reference":"A/1"},{"reference":"` + base + `/"},{"reference":"` + base + `x/A/1"},{"reference":"#d"},{"reference":{"reference":"/A"}}],"resourceType":"Basic","url":"` + base + `/A/1"}`,
	} {
		if diff := cmp.Diff(static(t, text), want); diff != "" {
			t.Error(diff)
		}
	}
	r := resource(t, `{"resourceType":"Basic","a":{"reference":"x/A/1"}}`)
	for _, bases := range [][]string{nil, {""}, {"y", "x/"}} {
		want := len(bases) == 2
		if got := strings.Contains(string(r.AppendStatic(nil, fhir.Doubles, bases...)), `"A/1"`); got != want {
			t.Errorf("bases %q: relative %v", bases, got)
		}
	}
}

func TestLabels(t *testing.T) {
	labels := func(meta string) string {
		r := resource(t, `{"resourceType":"Basic"`+meta+`}`)
		return string(r.AppendLabels(nil))
	}
	none := labels(``)
	if none != labels(`,"meta":{"versionId":"3"}`) || none != labels(`,"meta":{"tag":[]}`) || none != `{"security":[],"tag":[]}` {
		t.Errorf("without labels: %s", none)
	}
	want := labels(`,"meta":{"security":[{"system":"s","code":"R"},{"system":"s","code":"V","display":"very"}]}`)
	if want != labels(`,"meta":{"security":[{"code":"V","system":"s"},{"display":"restricted","system":"s","code":"R"},{"system":"s","code":"R"}]}`) {
		t.Error("the order of labels or their texts count")
	}
	for _, other := range []string{none, labels(`,"meta":{"security":[{"system":"s","code":"R"}]}`), labels(`,"meta":{"tag":[{"system":"s","code":"R"},{"system":"s","code":"V"}]}`)} {
		if other == want {
			t.Errorf("other labels, the same form: %s", other)
		}
	}
}

func TestParseResourceRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no type":         `{"id":"1"}`,
		"a type twice":    `{"resourceType":"Patient","resourceType":"Device"}`,
		"type of no text": `{"resourceType":["Patient"]}`,
		"no object":       `"resourceType"`,
		"two cases":       `{"resourceType":"Patient","name":[{"family":"a","Family":"b"}]}`,
		"half a pair":     `{"resourceType":"Patient","id":"\ud800"}`,
		"more than one":   `{"resourceType":"Patient"}{}`,
	} {
		r, err := fhir.ParseResource([]byte(text), jcs.DefaultLimits())
		var a *jcs.Error
		var b *fhir.Error
		if !errors.As(err, &a) && !errors.As(err, &b) || !cmp.Equal(r, fhir.Resource{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// naive makes the static form by way of Go's own decoder and another implementation of RFC 8785.
func naive(t testing.TB, text []byte) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	strip(v, true)
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if out, err = webpki.Transform(out); err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func strip(v any, place bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			strip(e, place)
		}
	case map[string]any:
		if _, ok := v["resourceType"]; ok && place {
			delete(v, "meta")
			delete(v, "text")
			delete(v, "_text")
		}
		for name, e := range v {
			strip(e, name == "contained" || name == "resource" || name == "outcome")
		}
	}
}

// stable checks what is true of the forms of every resource.
func stable(t *testing.T, text []byte) {
	t.Helper()
	r, err := fhir.ParseResource(text, jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	exact := r.AppendExact(nil, fhir.DecText)
	form := r.AppendStatic(nil, fhir.DecText, base)
	for _, from := range [][]byte{exact, form} {
		again, err := fhir.ParseResource(from, jcs.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(again.AppendExact(nil, fhir.DecText)), string(from)); diff != "" {
			t.Fatalf("the exact form of a form: %s", diff)
		}
		if diff := cmp.Diff(string(again.AppendStatic(nil, fhir.DecText, base)), string(form)); diff != "" {
			t.Fatalf("the static form of a form: %s", diff)
		}
	}
	if diff := cmp.Diff(string(r.AppendStatic(nil, fhir.Doubles)), naive(t, text)); diff != "" {
		t.Fatalf("the static form another way: %s", diff)
	}
}

func TestFormsOfCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "audit", "fhir"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stable(t, text)
		n++
	}
	t.Logf("%d resources are stable", n)
}

// bundles are those of invented patients.
func bundles(t testing.TB) (list [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "synthea", "bundles"), "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		packed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	return list
}

func TestFormsOfBundles(t *testing.T) {
	resources := 0
	for _, text := range bundles(t) {
		stable(t, text)
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal(text, &bundle); err != nil {
			t.Fatal(err)
		}
		for _, e := range bundle.Entry {
			stable(t, e.Resource)
			resources++
		}
	}
	t.Logf("%d resources in bundles are stable", resources)
}

// FuzzResource holds that the forms are their own, and that the static form is what a naive way makes.
func FuzzResource(f *testing.F) {
	f.Add([]byte(potassium))
	f.Add([]byte(release4))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","text":{},"contained":[{"resourceType":"X","meta":1}]}}],"_text":0042}`))
	f.Add([]byte(`{"resourceType":"A","contained":[[{"resourceType":"B","meta":[]}]],"a":{"reference":"https://fhir.north.example/r4/0042","text":1e2}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var r fhir.Resource
		var err error
		formattest.Cost{Fixed: 64 << 10, PerByte: 500}.Check(t, len(text), func() {
			if r, err = fhir.ParseResource(text, jcs.DefaultLimits()); err == nil {
				r.AppendStatic(nil, fhir.Doubles, base)
			}
		})
		formattest.Quiet(t, err)
		if err == nil {
			stable(t, bytes.TrimPrefix(text, []byte("\ufeff")))
		}
	})
}

// BenchmarkForms reads resources and writes their static form, and hashes the same bytes beside.
func BenchmarkForms(b *testing.B) {
	text := []byte(`{"resourceType":"Bundle","entry":[` + strings.Repeat(`{"resource":`+potassium+"},\n", 100) + `{"resource":` + potassium + `}]}`)
	var out []byte
	for name, run := range map[string]func(){
		"static": func() {
			r, err := fhir.ParseResource(text, jcs.DefaultLimits())
			if err != nil {
				b.Fatal(err)
			}
			out = r.AppendStatic(out[:0], fhir.Doubles, base)
		},
		"sha256": func() { sha256.Sum256(text) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

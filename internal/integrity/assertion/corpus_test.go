package assertion_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jcs"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/digest"
)

func digests(list []assertion.Statement) (sums []digest.Digest) {
	for i := range list {
		sums = append(sums, list[i].Digest())
	}
	return sums
}

// stableMessage checks that a message and its canonical form claim the same, and counts what it claims.
func stableMessage(t *testing.T, m *hl7.Message, counts map[assertion.Kind]int) {
	t.Helper()
	list := assertion.OfHL7(m, site())
	for i := range list {
		counts[list[i].Kind]++
		if list[i].Get(assertion.Patient) == "" {
			t.Error("a statement about nobody")
		}
	}
	if m.Escape != '\\' { // see hl7.Unescape on sequences that stand for no character
		return
	}
	again, err := hl7.Parse(m.AppendExact(nil), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(digests(assertion.OfHL7(&again, site())), digests(list)); diff != "" {
		t.Errorf("the canonical form claims other things: %s", diff)
	}
}

// stableResource checks that a resource and its static form claim the same, and counts what it claims.
func stableResource(t *testing.T, text []byte, counts map[assertion.Kind]int) {
	t.Helper()
	r, err := fhir.ParseResource(text, jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	list := assertion.OfFHIR(&r, site())
	for i := range list {
		counts[list[i].Kind]++
	}
	again, err := fhir.ParseResource(r.AppendStatic(nil, fhir.DecText), jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(digests(assertion.OfFHIR(&again, site())), digests(list)); diff != "" {
		t.Errorf("the static form claims other things: %s", diff)
	}
}

func TestMessagesOfCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "hl7v2", "messages"), "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	counts := map[assertion.Kind]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		reader := hl7.NewReader(bytes.NewReader(text), hl7.DefaultLimits())
		for {
			m, _, err := reader.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			stableMessage(t, &m, counts)
		}
	}
	for _, kind := range []assertion.Kind{assertion.Result, assertion.Demographics, assertion.DrugOrder, assertion.DrugGiven, assertion.Allergy, assertion.Diagnosis, assertion.Document, assertion.Procedure} {
		if counts[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
	t.Logf("statements by kind: %v", counts)
}

func TestStreamOfCorpus(t *testing.T) {
	packed, err := os.ReadFile(formattest.Corpora(t, "hl7v2", "simhospital", "stream.mllp.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[assertion.Kind]int{}
	reader := mllp.NewReader(unpacked, 1<<20)
	for {
		frame, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		m, err := hl7.Parse(frame.Payload, hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		stableMessage(t, &m, counts)
	}
	t.Logf("statements by kind: %v", counts)
}

func TestBundlesOfCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "synthea", "bundles"), "*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	counts := map[assertion.Kind]int{}
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
		stableResource(t, text, counts)
	}
	for _, kind := range []assertion.Kind{assertion.Result, assertion.Demographics, assertion.DrugOrder, assertion.Diagnosis, assertion.Procedure} {
		if counts[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
	t.Logf("statements by kind: %v", counts)
}

// cost of the statements of one source: each has a dozen fields, whatever is in them.
var cost = formattest.Cost{Fixed: 256 << 10, PerByte: 4000}

// FuzzOfHL7 holds that whatever a message holds, it claims what its canonical form claims, at a cost in proportion.
func FuzzOfHL7(f *testing.F) {
	f.Add([]byte(header + patient + "OBR|1||L7\rOBX|1|SN|KAL^^L||<^4.1|mmol/l\rOBX|2|ED|x||^^^Base64^bm8=\rORC|NW|R5\rRXO|1|1|2|g\rRXE|^BID|2|3\rTQ1|||BID\rRXR|PO\rRXA|||2026||1|.5"))
	f.Add([]byte(header + patient + "AL1||DA|1\rDG1|||I21\rPR1|||1||||||||||||||LT\rTXA||1||||||||||D3\rOBX||TX|||a~b"))
	f.Add([]byte(header + "PID|||1~2~3~~^^^&1.2&ISO\rOBX||NM|1||1e9999999999\rOBX||NM|1||-.5e-39|mg/dL"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := hl7.Parse(text, hl7.Limits{Bytes: 1 << 20, Segments: 1000})
		if err != nil {
			return
		}
		cost.Check(t, len(text), func() { assertion.OfHL7(&m, site()) })
		stableMessage(t, &m, map[assertion.Kind]int{})
	})
}

// FuzzOfFHIR holds the same of resources.
func FuzzOfFHIR(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Observation","status":"final",` + subject + `,"code":{"coding":[{"system":"http://loinc.org","code":"2345-7"}]},"valueQuantity":{"value":74,"unit":"mg/dL"},"component":[{"valueRange":{}}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"fullUrl":"a","resource":{"resourceType":"Patient","id":"p"}},{"resource":{"resourceType":"MedicationRequest","subject":{"reference":"a"},"medicationReference":{"reference":"#m"},"dosageInstruction":[{"timing":{"repeat":{"period":1}}}]}}]}`))
	f.Add([]byte(`{"resourceType":"DocumentReference","subject":[{"reference":"Patient/1"}],"content":[{"attachment":{"data":"bm8="}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := fhir.ParseResource(text, jcs.Limits{Bytes: 1 << 20, Depth: 64, Values: 1 << 16})
		if err != nil {
			return
		}
		cost.Check(t, len(text), func() { assertion.OfFHIR(&r, site()) })
		stableResource(t, bytes.TrimPrefix(text, []byte("\ufeff")), map[assertion.Kind]int{})
	})
}

// BenchmarkOfHL7 reads a message of forty results.
func BenchmarkOfHL7(b *testing.B) {
	text := []byte(header + patient + "OBR|1|P9^EHR|L7^LAB|LYTES^Electrolytes^L|||20260301101500\r")
	for range 40 {
		text = append(text, "OBX|1|NM|2823-3^Potassium^LN||4.10|mmol/L|3.5-5.1|N|||F|||20260301101500||LAB^INVENTED^TECH\r"...)
	}
	m, err := hl7.Parse(text, hl7.DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	rules := site()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		digests(assertion.OfHL7(&m, rules))
	}
}

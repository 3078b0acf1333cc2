package assertion_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jcs"
	"github.com/wardline/wardline/internal/integrity/assertion"
)

// Messages, and what a converter that nobody here wrote makes of them. It leaves much out (states, documents, times), and names
// systems in its own way, so that no more can be asked than that what it does keep is the same: some of each of the kinds that it
// converts wholly.
func TestPairsOfCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2")
	index, err := os.Open(filepath.Join(dir, "fhir-pairs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	all, equal := map[assertion.Kind]int{}, map[assertion.Kind]int{}
	for lines := bufio.NewScanner(index); lines.Scan(); {
		var pair struct{ FHIR, HL7 string }
		if err := json.Unmarshal(lines.Bytes(), &pair); err != nil {
			t.Fatal(err)
		}
		sent, converted := readPair(t, filepath.Join(dir, pair.HL7), filepath.Join(dir, pair.FHIR))
		kept := map[string]bool{}
		for i := range converted {
			kept[said(&converted[i])] = true
		}
		for i := range sent {
			all[sent[i].Kind]++
			if kept[said(&sent[i])] {
				equal[sent[i].Kind]++
			}
		}
	}
	t.Logf("of statements %v the same in both: %v", all, equal)
	for _, kind := range []assertion.Kind{assertion.Demographics, assertion.Result} {
		if equal[kind] == 0 {
			t.Errorf("no %s is the same", kind)
		}
	}
}

// said is a statement without its patient, whose number the converter gives another authority.
func said(s *assertion.Statement) string {
	var kept []string
	for _, line := range fields(s) {
		if !strings.HasPrefix(line, "key "+assertion.Patient) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func readPair(t *testing.T, message, resource string) (sent, converted []assertion.Statement) {
	t.Helper()
	text, err := os.ReadFile(message)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := hl7.NewReader(bytes.NewReader(text), hl7.DefaultLimits()).Next()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(resource)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = io.ReadAll(unpacked); err != nil {
		t.Fatal(err)
	}
	r, err := fhir.ParseResource(text, jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	rules := assertion.Rules{Systems: assertion.StandardSystems(), Preferred: assertion.StandardPreferred()}
	return assertion.OfHL7(&m, &rules), assertion.OfFHIR(&r, &rules)
}

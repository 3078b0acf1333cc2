package kept_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jcs"
	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/kept"
)

// TestPairsOfCorpus holds messages against what a converter that nobody here wrote makes of them: of what is the same result, none may be called another.
func TestPairsOfCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2")
	index, err := os.Open(filepath.Join(dir, "fhir-pairs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	verdicts := map[kept.Verdict]int{}
	for lines := bufio.NewScanner(index); lines.Scan(); {
		var pair struct{ FHIR, HL7 string }
		if err := json.Unmarshal(lines.Bytes(), &pair); err != nil {
			t.Fatal(err)
		}
		sent, converted := results(t, dir, pair.HL7), resources(t, dir, pair.FHIR)
		for key, s := range sent {
			c, known := converted[key]
			if !known {
				continue
			}
			seal := kept.Seal{Sent: kept.Claim{Fields: s}, Kept: kept.Claim{At: time.Unix(1, 0), Fields: c}}
			verdict, changes := seal.Judge(0)
			if verdicts[verdict]++; verdict == kept.Differ {
				for _, ch := range changes {
					t.Errorf("%s: %s differs", pair.HL7, ch.Field)
				}
			}
		}
	}
	t.Logf("of results that stand in both %d agree", verdicts[kept.Agrees])
	if verdicts[kept.Agrees] == 0 {
		t.Error("no result stands in both")
	}
}

// claimsBy are the results of one side by their keys, without the patient, whose number the converter gives another authority. What stands there twice is left out.
func claimsBy(all []assertion.Statement) map[string]map[string]string {
	out, twice := map[string]map[string]string{}, map[string]bool{}
	for i := range all {
		s := &all[i]
		if s.Kind != assertion.Result {
			continue
		}
		at := slices.IndexFunc(s.Key, func(f assertion.Field) bool { return f.Name == assertion.Patient })
		s.Key[at].Value = ""
		sum := s.KeySum()
		key := string(sum[:])
		if twice[key] = out[key] != nil; twice[key] {
			continue
		}
		fields := map[string]string{}
		for _, name := range kept.Fields() {
			fields[name] = s.Get(name)
		}
		out[key] = fields
	}
	for key, again := range twice {
		if again {
			delete(out, key)
		}
	}
	return out
}

func rules() *assertion.Rules {
	return &assertion.Rules{Systems: assertion.StandardSystems(), Preferred: assertion.StandardPreferred(), Conversions: assertion.StandardConversions()}
}

func results(t *testing.T, dir, name string) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := hl7.NewReader(bytes.NewReader(text), hl7.DefaultLimits()).Next()
	if err != nil {
		t.Fatal(err)
	}
	return claimsBy(assertion.OfHL7(&m, rules()))
}

func resources(t *testing.T, dir, name string) map[string]map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.ParseResource(text, jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return claimsBy(assertion.OfFHIR(&r, rules()))
}

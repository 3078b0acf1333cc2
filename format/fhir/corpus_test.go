package fhir_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jsonl"
)

// corpora finds the public test corpora, or skips the test.
func corpora(t *testing.T, parts ...string) string {
	root := os.Getenv("WARDLINE_CORPORA")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared", "corpora")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("corpora not found: set WARDLINE_CORPORA")
	}
	return path
}

type oracle struct {
	File, ResourceType, Type, Action, Outcome, Recorded string
	Agents                                              int
	Subtype, Patients, Profiles                         []string
}

func TestCorpus(t *testing.T) {
	dir := corpora(t, "audit")
	f, err := os.Open(filepath.Join(dir, "fhir-index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events, others := 0, 0
	for s := bufio.NewScanner(f); s.Scan(); {
		var want oracle
		if err := json.Unmarshal(s.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, want.File))
		if err != nil {
			t.Fatal(err)
		}
		e, err := fhir.Parse(text, jsonl.DefaultLimits())
		switch {
		case want.ResourceType != "AuditEvent":
			if !errors.Is(err, fhir.ErrOtherResource) {
				t.Errorf("%s: %v", want.File, err)
			}
			others++
		case err != nil:
			t.Errorf("%s: %v", want.File, err)
		default:
			compare(t, want, e)
			events++
		}
	}
	t.Logf("%d events equal, %d resources of other types told apart", events, others)
}

func compare(t *testing.T, want oracle, e fhir.AuditEvent) {
	var subtypes, patients []string
	for _, c := range e.Subtype {
		subtypes = append(subtypes, c.Code)
	}
	for i := range e.Entities {
		if what := e.Entities[i].What; e.Entities[i].IsPatient() {
			if what.Reference != "" {
				patients = append(patients, what.Reference)
			} else {
				id, _ := json.Marshal(map[string]string{"value": what.Identifier.Value})
				patients = append(patients, spaced(id))
			}
		}
	}
	for what, ok := range map[string]bool{
		"release":  e.Release == fhir.R4,
		"type":     len(e.Type) == 1 && e.Type[0].Code == want.Type,
		"subtype":  slices.Equal(subtypes, want.Subtype),
		"action":   e.Action == want.Action,
		"outcome":  e.Outcome == want.Outcome,
		"recorded": e.Recorded == want.Recorded,
		"agents":   len(e.Agents) == want.Agents,
		"patients": slices.Equal(patients, want.Patients),
		"profiles": slices.Equal(e.Profiles, want.Profiles),
	} {
		if !ok {
			t.Errorf("%s: %s differs", want.File, what)
		}
	}
}

// spaced writes an identifier as the oracle does.
func spaced(id []byte) string {
	var m map[string]string
	json.Unmarshal(id, &m)
	return `{"value": "` + m["value"] + `"}`
}

func TestCorpusXML(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpora(t, "audit", "fhir-xml"), "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		text, _, err := fhir.NewXMLReader(f, fhir.DefaultXMLLimits()).Next()
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		e, err := fhir.Parse(text, jsonl.DefaultLimits())
		if err != nil || len(e.Type) != 1 || len(e.Agents) == 0 || e.Recorded == "" {
			t.Errorf("%s: %v, %d types, %d agents", filepath.Base(file), err, len(e.Type), len(e.Agents))
		}
	}
	t.Logf("%d files", len(files))
}

package fhir_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jcs"
)

// known lists the types whose XML the documentation says to have the forms of their JSON.
func knownTypes() []string {
	return []string{
		"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Encounter", "Observation", "DiagnosticReport", "MedicationRequest",
		"MedicationAdministration", "MedicationDispense", "MedicationStatement", "Medication", "AllergyIntolerance", "Condition", "Procedure",
		"DocumentReference", "ServiceRequest", "Immunization", "Specimen", "Composition", "Provenance", "AuditEvent", "Bundle", "OperationOutcome",
	}
}

// writeXML writes a resource in XML as R4 xml.html has it, by its JSON form alone.
func writeXML(b *bytes.Buffer, v *jcs.Value) {
	kind := v.Member("resourceType").Text
	b.WriteString("<" + kind + ` xmlns="http://hl7.org/fhir">`)
	writeMembers(b, v, true)
	b.WriteString("</" + kind + ">")
}

func writeMembers(b *bytes.Buffer, v *jcs.Value, resource bool) {
	for i := range v.Members {
		m := &v.Members[i]
		name, beside := strings.CutPrefix(m.Name, "_")
		switch {
		case resource && m.Name == "resourceType", !resource && m.Name == "id", m.Name == "url" && !resource && isExtension(v):
			continue
		case beside && v.Member(name) != nil:
			continue
		}
		value, extra := v.Member(name), v.Member("_"+name)
		for j := range max(length(value), length(extra)) {
			writeElement(b, name, element(value, j), element(extra, j))
		}
	}
}

func isExtension(v *jcs.Value) bool { return v.Member("url") != nil && v.Member("resourceType") == nil }

func length(v *jcs.Value) int {
	switch {
	case v == nil:
		return 0
	case v.Kind == jcs.Array:
		return len(v.Members)
	}
	return 1
}

func element(v *jcs.Value, i int) *jcs.Value {
	if v == nil || v.Kind == jcs.Array && i >= len(v.Members) {
		return nil
	}
	if v.Kind == jcs.Array {
		v = &v.Members[i].Value
	}
	if v.Kind == jcs.Null {
		return nil
	}
	return v
}

func writeElement(b *bytes.Buffer, name string, v, extra *jcs.Value) {
	if name == "div" {
		b.WriteString(v.Text)
		return
	}
	attribute := func(name string, v *jcs.Value) {
		if v != nil {
			text := v.Text
			switch v.Kind {
			case jcs.True:
				text = "true"
			case jcs.False:
				text = "false"
			}
			b.WriteString(" " + name + `="`)
			xml.EscapeText(b, []byte(text))
			b.WriteString(`"`)
		}
	}
	b.WriteString("<" + name)
	switch {
	case v != nil && v.Kind == jcs.Object && v.Member("resourceType") != nil:
		b.WriteString(">")
		writeXML(b, v)
	case v != nil && v.Kind == jcs.Object:
		attribute("id", v.Member("id"))
		if isExtension(v) {
			attribute("url", v.Member("url"))
		}
		b.WriteString(">")
		writeMembers(b, v, false)
	default:
		attribute("value", v)
		if extra != nil {
			attribute("id", extra.Member("id"))
		}
		b.WriteString(">")
		if extra != nil {
			writeMembers(b, extra, false)
		}
	}
	b.WriteString("</" + name + ">")
}

// Resources of the corpora, written in XML, have the forms of their JSON.
func TestXMLOfCorpora(t *testing.T) {
	var texts [][]byte
	for _, text := range bundles(t) {
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal(text, &bundle); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
		for _, e := range bundle.Entry {
			texts = append(texts, e.Resource)
		}
	}
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "audit", "fhir"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	equal, other := map[string]int{}, map[string]int{}
	for _, text := range texts {
		r := resource(t, string(text))
		var b bytes.Buffer
		writeXML(&b, &r.Value)
		x, err := fhir.ParseResourceXML(b.Bytes(), fhir.DefaultXMLLimits())
		if err != nil {
			t.Fatalf("%s: %v", r.Type(), err)
		}
		got, want := string(x.AppendStatic(nil, fhir.DecText)), string(r.AppendStatic(nil, fhir.DecText))
		if got == want {
			equal[r.Type()]++
			continue
		}
		other[r.Type()]++
		if slices.Contains(knownTypes(), r.Type()) && r.Type() != "Bundle" { // which holds others
			t.Errorf("%s: %s", r.Type(), cmp.Diff(got, want))
		}
	}
	t.Logf("equal %v, not %v", equal, other)
}

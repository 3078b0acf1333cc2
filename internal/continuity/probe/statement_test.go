package probe_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/continuity/probe"
)

const statementXML = `<?xml version="1.0"?><CapabilityStatement xmlns="http://hl7.org/fhir"><status value="active"/><fhirVersion value="4.0.1"/></CapabilityStatement>`

func TestStatement(t *testing.T) {
	for _, c := range []struct {
		name, text string
		fine       bool
	}{
		{"a statement", `{"resourceType":"CapabilityStatement","status":"active","fhirVersion":"4.0.1"}`, true},
		{"its version first, and more behind", `{"fhirVersion":"4.3.0","rest":[{"mode":"server"}],"resourceType":"CapabilityStatement","x":`, true},
		{"of an older server", `{"resourceType":"Conformance","fhirVersion":"1.0.2"}`, true},
		{"in XML", statementXML, true},
		{"without its version", `{"resourceType":"CapabilityStatement"}`, false},
		{"with a version that is none", `{"resourceType":"CapabilityStatement","fhirVersion":4}`, false},
		{"a version of something within", `{"resourceType":"CapabilityStatement","software":{"fhirVersion":"4.0.1"}}`, false},
		{"an error", `{"resourceType":"OperationOutcome","fhirVersion":"4.0.1"}`, false},
		{"a list", `[{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}]`, false},
		{"a login page", `<!DOCTYPE html><html><body><p>Sign in</body></html>`, false},
		{"nothing", ``, false},
		{"a word", `"CapabilityStatement"`, false},
		{"half of one", `{"resourceType":"CapabilityStatement","fhir`, false},
		{"nested without end", `{"x":` + strings.Repeat("[", 1000), false},
		{"nested too deeply to be meant", `{"resourceType":"CapabilityStatement","x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `,"fhirVersion":"4.0.1"}`, false},
		{"in XML nested too deeply", strings.Replace(statementXML, "<status", strings.Repeat("<x>", 200)+strings.Repeat("</x>", 200)+"<status", 1), false},
		{"in XML of another name space", strings.Replace(statementXML, "hl7.org/fhir", "example.org", 1), false},
		{"in XML with its version within", strings.NewReplacer("<fhir", "<x><fhir", `"4.0.1"/>`, `"4.0.1"/></x>`).Replace(statementXML), false},
		{"XML nested without end", `<CapabilityStatement xmlns="http://hl7.org/fhir">` + strings.Repeat("<x>", 1000), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := probe.ReadJSON
			if strings.HasPrefix(c.text, "<") {
				read = probe.ReadXML
			}
			err := read(strings.NewReader(c.text))
			if (err == nil) != c.fine {
				t.Error(err)
			}
		})
	}
}

// isStatement reads with the standard library alone. Where a member stands twice, the first whole pair is enough for us, and it keeps the last.
func isStatement(text []byte) bool {
	var s map[string]any
	if json.Unmarshal(text, &s) != nil {
		return false
	}
	version, ok := s["fhirVersion"].(string)
	return ok && version != "" && (s["resourceType"] == "CapabilityStatement" || s["resourceType"] == "Conformance")
}

func isStatementXML(text []byte) bool {
	var s struct {
		XMLName xml.Name
		Version []struct {
			Value string `xml:"value,attr"`
		} `xml:"http://hl7.org/fhir fhirVersion"`
	}
	if xml.Unmarshal(text, &s) != nil || s.XMLName.Space != "http://hl7.org/fhir" {
		return false
	}
	for _, v := range s.Version {
		if v.Value != "" && (s.XMLName.Local == "CapabilityStatement" || s.XMLName.Local == "Conformance") {
			return true
		}
	}
	return false
}

// What a whole-document reader takes for a statement is one, and nothing makes the reader fail otherwise.
func FuzzStatement(f *testing.F) {
	f.Add([]byte(`{"resourceType":"CapabilityStatement","a":[1,{"b":null}],"fhirVersion":"4.0.1"}`))
	f.Add([]byte(`{"resourceType":"OperationOutcome"}`))
	f.Add([]byte(statementXML))
	f.Fuzz(func(t *testing.T, text []byte) {
		// Twice the same member, or its name in other letters, is read otherwise by the standard library.
		once := bytes.Count(text, []byte("fhirVersion")) < 2 && bytes.Count(text, []byte("resourceType")) < 2 && !bytes.Contains(text, []byte(`\`))
		if once && depth(text) < 100 && isStatement(text) && probe.ReadJSON(bytes.NewReader(text)) != nil {
			t.Error("a statement in JSON was not taken for one")
		}
		if once && bytes.Count(text, []byte("<")) < 100 && isStatementXML(text) && probe.ReadXML(bytes.NewReader(text)) != nil {
			t.Error("a statement in XML was not taken for one")
		}
	})
}

func depth(text []byte) int { return bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{")) }

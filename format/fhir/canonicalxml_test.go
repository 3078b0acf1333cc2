package fhir_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jcs"
)

func resourceXML(t testing.TB, text string) fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResourceXML([]byte(text), fhir.DefaultXMLLimits())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const fhirNamespace = ` xmlns="http://hl7.org/fhir"`

// One resource in XML and in JSON has the same forms.
func TestXMLAndJSON(t *testing.T) {
	for name, tt := range map[string][2]string{
		"types": {
			`<?xml version="1.0" encoding="UTF-8"?><!-- c --><Patient` + fhirNamespace + `><id value="p"/><meta><versionId value="1"/><tag><code value="t"/></tag></meta>` +
				`<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><b>Jane</b> &amp; co</div></text>` +
				`<active value="true"/><name><family value="DOE"/><given value="JANE"/></name><telecom><value value="1"/><rank value="2"/></telecom>` +
				`<deceasedBoolean value="false"/><multipleBirthInteger value="2"/><contact><name><family value="ROE"/></name></contact></Patient>`,
			`{"resourceType":"Patient","id":"p","meta":{"versionId":"1","tag":[{"code":"t"}]},` +
				`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><b>Jane</b> &amp; co</div>"},` +
				`"active":true,"name":[{"family":"DOE","given":["JANE"]}],"telecom":[{"value":"1","rank":2}],"deceasedBoolean":false,"multipleBirthInteger":2,"contact":[{"name":{"family":"ROE"}}]}`,
		},
		"primitives with extensions": {
			`<Patient` + fhirNamespace + `><name><family id="f" value="DOE"/><given value="A"/><given><extension url="u"><valueCode value="masked"/></extension></given><given value="B"/></name>` +
				`<birthDate value="1970-01-01"><extension url="t"><valueDateTime value="1970-01-01T10:00:00Z"/></extension></birthDate>` +
				`<gender><extension url="u"><valueBoolean value="true"/></extension></gender></Patient>`,
			`{"resourceType":"Patient","name":[{"family":"DOE","_family":{"id":"f"},"given":["A",null,"B"],"_given":[null,{"extension":[{"url":"u","valueCode":"masked"}]},null]}],` +
				`"birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"t","valueDateTime":"1970-01-01T10:00:00Z"}]},"_gender":{"extension":[{"url":"u","valueBoolean":true}]}}`,
		},
		"decimals": {
			`<Observation` + fhirNamespace + `><category><coding><code value="laboratory"/></coding></category><code><coding><code value="2823-3"/></coding></code>` +
				`<valueQuantity><value value="4.10"/><unit value="mmol/L"/></valueQuantity><referenceRange><low><value value="3.5"/></low><high><value value="5.1"/></high></referenceRange>` +
				`<component><valueInteger value="-3"/></component><component><valueString value="7"/></component>` +
				`<component><valueString value="false"/></component><component><valueBoolean value="yes"/></component></Observation>`,
			`{"resourceType":"Observation","category":[{"coding":[{"code":"laboratory"}]}],"code":{"coding":[{"code":"2823-3"}]},` +
				`"valueQuantity":{"value":4.10,"unit":"mmol/L"},"referenceRange":[{"low":{"value":3.5},"high":{"value":5.1}}],"component":[{"valueInteger":-3},{"valueString":"7"},{"valueString":"false"},{"valueBoolean":"yes"}]}`,
		},
		"inside": {
			`<Bundle` + fhirNamespace + `><type value="searchset"/><total value="1"/><entry><fullUrl value="urn:x"/><resource><Observation><contained><Patient><id value="p"/><active value="true"/></Patient></contained>` +
				`<subject><reference value="#p"/></subject></Observation></resource><search><score value="0.5"/></search></entry></Bundle>`,
			`{"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"fullUrl":"urn:x","resource":{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p","active":true}],` +
				`"subject":{"reference":"#p"}},"search":{"score":0.5}}]}`,
		},
		"orders": {
			`<MedicationRequest` + fhirNamespace + `><dosageInstruction><sequence value="1"/><timing><repeat><frequency value="2"/><when value="MORN"/></repeat></timing><asNeededBoolean value="false"/>` +
				`<doseAndRate><doseQuantity><value value="500"/></doseQuantity><rateRatio><numerator><value value="1"/></numerator></rateRatio></doseAndRate></dosageInstruction>` +
				`<dispenseRequest><numberOfRepeatsAllowed value="3"/></dispenseRequest></MedicationRequest>`,
			`{"resourceType":"MedicationRequest","dosageInstruction":[{"sequence":1,"timing":{"repeat":{"frequency":2,"when":["MORN"]}},"asNeededBoolean":false,` +
				`"doseAndRate":[{"doseQuantity":{"value":500},"rateRatio":{"numerator":{"value":1}}}]}],"dispenseRequest":{"numberOfRepeatsAllowed":3}}`,
		},
		"complex with an extension alone": {
			`<Observation` + fhirNamespace + `><valueQuantity><extension url="u"><valueCode value="x"/></extension></valueQuantity></Observation>`,
			`{"resourceType":"Observation","valueQuantity":{"extension":[{"url":"u","valueCode":"x"}]}}`,
		},
	} {
		x, j := resourceXML(t, tt[0]), resource(t, tt[1])
		if diff := cmp.Diff(string(x.AppendExact(nil, fhir.DecText)), string(j.AppendExact(nil, fhir.DecText))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What the documentation says is not equal.
func TestXMLKeepsApart(t *testing.T) {
	for name, tt := range map[string][2]string{
		"a number that JSON cannot write": {`<Observation` + fhirNamespace + `><valueDecimal value="+4.1"/></Observation>`, `{"resourceType":"Observation","valueDecimal":4.1}`},
		"a resource that is not known":    {`<Basic` + fhirNamespace + `><identifier><value value="1"/></identifier></Basic>`, `{"resourceType":"Basic","identifier":[{"value":"1"}]}`},
	} {
		x, j := resourceXML(t, tt[0]), resource(t, tt[1])
		if bytes.Equal(x.AppendExact(nil, fhir.Doubles), j.AppendExact(nil, fhir.Doubles)) {
			t.Errorf("%s: equal, which the documentation denies", name)
		}
	}
}

func TestParseResourceXMLRefuses(t *testing.T) {
	small := fhir.XMLLimits{Bytes: 300, Depth: 5, Elements: 8}
	for name, text := range map[string]string{
		"nothing":           ``,
		"no end":            `<Patient>`,
		"text before":       `x<Patient/>`,
		"two":               `<Patient/><Patient/>`,
		"a document type":   `<!DOCTYPE x [<!ENTITY a "b">]><Patient/>`,
		"one inside":        `<Patient><!DOCTYPE x></Patient>`,
		"an entity":         `<Patient><id value="&a;"/></Patient>`,
		"too deep":          `<A><b><c><d><e><f/></e></d></c></b></A>`,
		"too many":          `<A>` + strings.Repeat("<b/>", 9) + `</A>`,
		"too long":          `<A><b value="` + strings.Repeat("x", 300) + `"/></A>`,
		"an id twice":       `<A><b id="1"><id value="2"/></b></A>`,
		"a type of its own": `<A><resourceType value="B"/></A>`,
		"two cases":         `<A><b value="1"/><B value="2"/></A>`,
		"no UTF-8":          "<A><b value=\"\xff\"/></A>",
	} {
		r, err := fhir.ParseResourceXML([]byte(text), small)
		var e *fhir.Error
		if !errors.As(err, &e) || !cmp.Equal(r, fhir.Resource{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The AuditEvents of the corpus say the same to this reader and to the one of AuditEvents, and are stable.
func TestXMLCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "audit", "fhir-xml"), "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := resourceXML(t, string(text))
		stable(t, r.AppendExact(nil, fhir.DecText))
		if r.Type() != "AuditEvent" {
			continue
		}
		other, _, err := fhir.NewXMLReader(bytes.NewReader(text), fhir.DefaultXMLLimits()).Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(known(t, r.AppendExact(nil, fhir.DecText)), known(t, other)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

// known is an AuditEvent without what the reader of AuditEvents leaves out.
func known(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "text")
	return v
}

// FuzzResourceXML holds that whatever is read has forms that are their own, at a cost in proportion.
func FuzzResourceXML(f *testing.F) {
	f.Add([]byte(`<Patient xmlns="http://hl7.org/fhir"><id value="0042"/><text><div xmlns="http://www.w3.org/1999/xhtml">a<br/></div></text><active value="true"/><name><given value="A"/><given><extension url="u"/></given></name></Patient>`))
	f.Add([]byte(`<Bundle><entry><resource><Observation><valueQuantity><value value="4.10"/></valueQuantity></Observation></resource></entry><a/><a id="1"/></Bundle>`))
	f.Add([]byte("<A>" + strings.Repeat("<b>", 40)))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var r fhir.Resource
		var err error
		formattest.Cost{Fixed: 256 << 10, PerByte: 1200}.Check(t, len(text), func() { r, err = fhir.ParseResourceXML(text, fhir.DefaultXMLLimits()) })
		formattest.Quiet(t, err)
		if err != nil {
			return
		}
		exact := r.AppendExact(nil, fhir.DecText)
		if _, err := fhir.ParseResource(exact, jcs.DefaultLimits()); err != nil {
			t.Fatalf("the form of what was read in XML is refused in JSON: %v", err)
		}
		stable(t, exact)
	})
}

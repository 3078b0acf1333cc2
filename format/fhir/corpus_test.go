package fhir_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
)

type oracle struct {
	File, ResourceType, Type, Action, Outcome, Recorded string
	Agents                                              int
	Subtype, Patients, Profiles                         []string
}

func TestCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "audit")
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

// plainXML is what encoding/xml alone reads from an AuditEvent.
type plainXML struct {
	ID       primitive   `xml:"id"`
	Action   primitive   `xml:"action"`
	Recorded primitive   `xml:"recorded"`
	Outcome  primitive   `xml:"outcome"`
	Code     primitive   `xml:"type>code"`
	Subtypes []primitive `xml:"subtype>code"`
	Purposes []primitive `xml:"purposeOfEvent>coding>code"`
	Agents   []struct {
		Name       primitive   `xml:"name"`
		Requestor  primitive   `xml:"requestor"`
		Reference  primitive   `xml:"who>reference"`
		Identifier primitive   `xml:"who>identifier>value"`
		Roles      []primitive `xml:"role>coding>code"`
	} `xml:"agent"`
	Observer primitive `xml:"source>observer>reference"`
	Entities []struct {
		Reference  primitive   `xml:"what>reference"`
		Identifier primitive   `xml:"what>identifier>value"`
		Name       primitive   `xml:"name"`
		Query      primitive   `xml:"query"`
		Texts      []primitive `xml:"detail>valueString"`
		Binaries   []primitive `xml:"detail>valueBase64Binary"`
	} `xml:"entity"`
}

type primitive struct {
	Value string `xml:"value,attr"`
}

// same lists the values of e and of the same event as read by an XMLReader: two columns.
func same(e fhir.AuditEvent, x *plainXML) (got, want []string) {
	got = append(got, e.ID, e.Action, e.Recorded, e.Outcome, e.Type[0].Code, e.Source.Observer.Reference)
	want = append(want, x.ID.Value, x.Action.Value, x.Recorded.Value, x.Outcome.Value, x.Code.Value, x.Observer.Value)
	list := func(codings []fhir.Coding, codes []primitive) {
		for _, c := range codings {
			got = append(got, c.Code)
		}
		for _, c := range codes {
			want = append(want, c.Value)
		}
	}
	list(e.Subtype, x.Subtypes)
	list(e.Purposes, x.Purposes)
	for _, a := range e.Agents {
		got = append(got, a.Name, strconv.FormatBool(a.Requestor), a.Who.Reference, a.Who.Identifier.Value)
	}
	for _, a := range x.Agents {
		want = append(want, a.Name.Value, a.Requestor.Value, a.Reference.Value, a.Identifier.Value)
	}
	for i := range x.Agents {
		if i < len(e.Agents) {
			list(e.Agents[i].Roles, x.Agents[i].Roles)
		}
	}
	for _, n := range e.Entities {
		got = append(got, n.What.Reference, n.What.Identifier.Value, n.Name, n.Query)
		for _, d := range n.Details {
			got = append(got, d.Value)
		}
	}
	for _, n := range x.Entities {
		want = append(want, n.Reference.Value, n.Identifier.Value, n.Name.Value, n.Query.Value)
		for _, d := range append(n.Texts, n.Binaries...) {
			want = append(want, d.Value)
		}
	}
	return got, want
}

func TestCorpusXML(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "audit", "fhir-xml"), "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files")
	}
	values := 0
	for _, file := range files {
		original, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, _, err := fhir.NewXMLReader(bytes.NewReader(original), fhir.DefaultXMLLimits()).Next()
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		e, err := fhir.Parse(text, jsonl.DefaultLimits())
		if err != nil || len(e.Type) != 1 || len(e.Agents) == 0 || e.Recorded == "" {
			t.Errorf("%s: %v, %d types, %d agents", filepath.Base(file), err, len(e.Type), len(e.Agents))
			continue
		}
		var x plainXML
		if err := xml.Unmarshal(original, &x); err != nil {
			t.Fatal(err)
		}
		got, want := same(e, &x)
		values += len(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: values differ from those that encoding/xml reads", filepath.Base(file))
		}
	}
	t.Logf("%d files, %d values equal", len(files), values)
}

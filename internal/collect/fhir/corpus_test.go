package fhir_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
)

// entry of the corpus's index: what a plain reader found in the file.
type indexed struct {
	File, ResourceType, Action, Outcome, Type string
	Subtype, Patients                         []string
}

// Every AuditEvent of the corpus becomes the access that its codes say: the verb, the outcome, whose record, and by whom. What was
// searched is asked by its source, what was read is had by its destination.
func TestCorpusAccess(t *testing.T) {
	dir := formattest.Corpora(t, "audit")
	f, err := os.Open(filepath.Join(dir, "fhir-index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n, directions := 0, 0
	for lines.Scan() {
		var want indexed
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if want.ResourceType != "AuditEvent" || strings.HasSuffix(want.File, ".xml") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, want.File))
		if err != nil {
			t.Fatal(err)
		}
		ev, err := shaped(t, string(text))
		if err != nil {
			t.Errorf("%s: %v", want.File, err)
			continue
		}
		n++
		a := access(t, ev).(map[string]any)
		if verb, _ := a["verb"].(string); verb != want.verb() {
			t.Errorf("%s: verb %q, want %q", want.File, verb, want.verb())
		}
		if outcome, _ := a["outcome"].(string); outcome != map[string]string{"0": "ok", "8": "serious"}[want.Outcome] {
			t.Errorf("%s: outcome %q", want.File, outcome)
		}
		for _, p := range want.Patients {
			list, _ := a["patient"].([]any)
			if !slices.ContainsFunc(list, func(got any) bool { return strings.Contains(p, strings.Split(got.(string), "^")[0]) }) {
				t.Errorf("%s: a patient is not among %d", want.File, len(list))
			}
		}
		if len(want.Patients) == 0 && a["patient"] != nil {
			t.Errorf("%s: a patient of whom the record does not speak", want.File)
		}
		directions += asker(t, want.File, text, a)
	}
	if n == 0 || directions == 0 {
		t.Error("nothing was compared")
	}
	t.Logf("%d events, %d directions", n, directions)
}

// verb is what the codes mean, by the table of BALP and DICOM.
func (e *indexed) verb() string {
	switch {
	case e.Type == "rest" && e.Subtype[0] == "patch":
		return "update"
	case e.Type == "rest" && e.Subtype[0] == "search-type":
		return "search"
	case e.Type == "rest":
		return e.Subtype[0]
	}
	return map[string]string{"110113": "", "110106": "export", "110107": "import", "110114": "logout", "110112": "search", "110100": e.application()}[e.Type]
}

func (e *indexed) application() string {
	if e.Subtype[0] == "110120" {
		return "start"
	}
	return "read" // what BALP's poke says by its action
}

// asker checks that the origin of an access is the side that asked, where the record names both sides of it and no person's machine.
func asker(t *testing.T, file string, text []byte, a map[string]any) int {
	var e struct {
		Agent []struct {
			Type      struct{ Coding []struct{ Code string } }
			Requestor bool
			Network   struct{ Address string }
		}
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	asking := "110153"
	switch a["verb"] {
	case "read", "import":
		asking = "110152"
	case "start":
		return 0
	}
	for _, agent := range e.Agent {
		of := func(code string) bool {
			return slices.ContainsFunc(agent.Type.Coding, func(c struct{ Code string }) bool { return c.Code == code })
		}
		if agent.Requestor && agent.Network.Address != "" {
			return 0
		}
		if of(asking) && agent.Network.Address != "" {
			if a["origin_ip"] != agent.Network.Address && a["origin_host"] != agent.Network.Address {
				t.Errorf("%s: the origin is not the side that asked", file)
			}
			return 1
		}
	}
	return 0
}

// A search that found three patients is written three times, and its number joins the three.
func TestOneSearchOfManyPatients(t *testing.T) {
	numbers := map[any]bool{}
	for _, patient := range []string{"0042", "0043", "0044"} {
		ev, err := shaped(t, strings.Replace(search, "Patient/0042", "Patient/"+patient, 1))
		if err != nil {
			t.Fatal(err)
		}
		a := access(t, ev).(map[string]any)
		numbers[a["corr"]] = true
		if a["verb"] != "search" || a["patients_count"] != 1.0 {
			t.Errorf("%v of %v patients", a["verb"], a["patients_count"])
		}
	}
	if len(numbers) != 1 || numbers[nil] {
		t.Errorf("the records of one search have %d numbers", len(numbers))
	}
}

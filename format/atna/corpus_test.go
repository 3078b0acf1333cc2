package atna_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/format/formattest"
)

// What an independent XML parser read from messages of several vendors.
type oracle struct {
	File   string
	Fields struct {
		EventID      string   `json:"event_id"`
		EventAction  string   `json:"event_action"`
		EventTime    string   `json:"event_time"`
		EventTypes   []string `json:"event_types"`
		Outcome      string
		Objects      int
		Participants []struct {
			User, Name, Net, Requestor string
			Roles                      []string
		}
		Patients, Sources []string
	}
}

func TestCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "audit")
	f, err := os.Open(filepath.Join(dir, "atna-index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files, values := 0, 0
	for s := bufio.NewScanner(f); s.Scan(); {
		var want oracle
		if err := json.Unmarshal(s.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, want.File))
		if err != nil {
			t.Fatal(err)
		}
		m, err := atna.Parse(text, atna.DefaultLimits())
		if err != nil || m.Broken {
			t.Errorf("%s: %v, broken %v", want.File, err, m.Broken)
			continue
		}
		files++
		values += compare(t, want, m)
	}
	t.Logf("%d messages, %d values equal", files, values)
}

func compare(t *testing.T, want oracle, m atna.Message) (equal int) {
	check := func(what string, ok bool) {
		if ok {
			equal++
		} else {
			t.Errorf("%s: %s differs", want.File, what)
		}
	}
	w := want.Fields
	check("event id", m.EventID.Value == w.EventID)
	check("action", m.Action == w.EventAction)
	check("time", m.DateTime == w.EventTime)
	check("outcome", m.Outcome == w.Outcome)
	check("types", slices.Equal(values(m.EventTypes), w.EventTypes))
	check("objects", len(m.Objects) == w.Objects)
	check("participants", len(m.Participants) == len(w.Participants))
	for i, p := range w.Participants {
		got := m.Participants[i]
		check("user", got.UserID == p.User)
		check("name", got.UserName == p.Name)
		check("net", got.NetworkAccessPointID == p.Net)
		check("requestor", got.UserIsRequestor == p.Requestor)
		check("roles", slices.Equal(values(got.Roles), p.Roles))
	}
	var patients, sources []string
	for i := range m.Objects {
		if m.Objects[i].IsPatient() {
			patients = append(patients, m.Objects[i].ID)
		}
	}
	for _, s := range m.Sources {
		sources = append(sources, s.AuditSourceID)
	}
	check("patients", slices.Equal(patients, w.Patients))
	check("sources", slices.Equal(sources, w.Sources))
	return equal
}

func values(codes []atna.Code) []string {
	var list []string
	for _, c := range codes {
		list = append(list, c.Value)
	}
	return list
}

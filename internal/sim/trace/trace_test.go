package trace_test

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/sim/trace"
)

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// TestWhoGetsAndWhoAsks holds audit messages to the rule that is easily turned round: what reads or receives is the destination of a
// transfer, and what asks is the source of a query (PS3.15 A.5.3.6, A.5.3.10).
func TestWhoGetsAndWhoAsks(t *testing.T) {
	for event, want := range map[string]string{"110104": atna.RoleDestination, "110112": atna.RoleSource} {
		a := trace.Audit{Event: trace.DCM(event), AE: "RESEARCH9", From: trace.From{IP: "10.30.4.77"}, To: "PACS-01", ToIP: "10.40.0.5", Source: "PACS-01",
			Studies: []trace.Study{{UID: "2.25.1", Accession: "A1", Class: "1.2.840.10008.5.1.4.1.1.2", Instances: 3}}, Patients: []trace.Patient{{MRN: "007<&", Authority: "ALDER"}}}
		_, xml, _ := bytes.Cut(a.Syslog(noon()), []byte("\ufeff"))
		m, err := atna.Parse(xml, atna.DefaultLimits())
		if err != nil || m.Broken {
			t.Fatalf("%s: broken %v: %v", event, m.Broken, err)
		}
		other := map[string]string{atna.RoleDestination: atna.RoleSource, atna.RoleSource: atna.RoleDestination}[want]
		if len(m.Participants) != 2 || !m.Participants[0].HasRole(want) || !m.Participants[0].Requests() || !m.Participants[1].HasRole(other) || m.Participants[1].Requests() {
			t.Errorf("%s: who asked is not the one in role %s: %+v", event, want, m.Participants)
		}
		if got := m.Objects[len(m.Objects)-1].ID; got != "007<&^^^ALDER^MR" {
			t.Errorf("%s: the patient came back as another number", event)
		}
		if got := m.Objects[0]; len(got.Accessions) != 1 || len(got.SOPClasses) != 1 || got.SOPClasses[0].NumberOfInstances != "3" {
			t.Errorf("%s: the study came back as %+v", event, got)
		}
	}
}

// TestWhoReadsAndWhoSearches holds BALP's records to the same rule, and to who is said to have begun it.
func TestWhoReadsAndWhoSearches(t *testing.T) {
	for _, c := range []struct {
		kind, login, client string
		requestor           bool // the client itself
	}{
		{"read", "a.fable", atna.RoleDestination, false},
		{"search", "a.fable", atna.RoleSource, false},
		{"export", "", atna.RoleSource, true},
		{"update", "", atna.RoleSource, true},
	} {
		i := trace.Interaction{ID: 1, Request: "r1", Kind: c.kind, Who: trace.Who{Login: c.login}, Client: "app", From: trace.From{IP: "203.0.113.7"}, Patient: "0042", Authority: "ALDER", Query: "GET /r4/Patient"}
		e, err := fhir.Parse(i.AuditEvent(noon()), jsonl.Limits{Depth: 32, Values: 1000})
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		if client := e.Agents[0]; !client.HasType(c.client) || client.Requestor != c.requestor {
			t.Errorf("%s: the client is %+v", c.kind, client)
		}
		if user := len(e.Agents) == 3 && e.Agents[2].Requestor && e.Agents[2].HasType("IRCP"); user != (c.login != "") {
			t.Errorf("%s: a user among %d agents: %v", c.kind, len(e.Agents), user)
		}
		last := e.Entities[len(e.Entities)-1]
		if last.Type.Code != "XrequestId" || last.What.Identifier.Value != "r1" {
			t.Errorf("%s: the number of the request came back as %+v", c.kind, last)
		}
	}
}

// TestCellsStayCells reads rows with what spreadsheets stumble over.
func TestCellsStayCells(t *testing.T) {
	drug := trace.Cabinet{Station: "ADC-4W", Kind: "WASTE", User: "a.fable", Name: `MORPHINE "SULFATE", 10 MG`, Amount: "1,5"}.Row(noon(), time.UTC)
	rows, err := csv.NewReader(strings.NewReader(trace.CabinetHeader + "\n" + string(drug) + "\n")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[1]) != len(rows[0]) || rows[1][8] != `MORPHINE "SULFATE", 10 MG` || rows[1][9] != "1,5" {
		t.Errorf("read back as %q", rows[1])
	}
}

// TestAnImageIsAFile walks the elements of a file (PS3.10 7.1, PS3.5 7.1.2): an image that is not read to its end is none.
func TestAnImageIsAFile(t *testing.T) {
	i := trace.Instance{Patient: trace.Patient{MRN: "0042", Authority: "ALDER"}, Name: "Lantern^Brida", UID: "2.25.7.1.1", Study: "2.25.7", Series: "2.25.7.1", Modality: "CT", Number: 1, Rows: 2, Columns: 2,
		Pixels: []uint16{1, 2, 3, 65535}, Preamble: []byte("MZ")}
	file := i.File()
	if string(file[:2]) != "MZ" || string(file[128:132]) != "DICM" {
		t.Fatal("no preamble and prefix")
	}
	got, order, rest := map[string]string{}, "", file[132:]
	for len(rest) > 0 {
		tag := fmt.Sprintf("%04x,%04x", binary.LittleEndian.Uint16(rest), binary.LittleEndian.Uint16(rest[2:]))
		head, n := 8, int(binary.LittleEndian.Uint16(rest[6:]))
		if vr := string(rest[4:6]); vr == "OB" || vr == "OW" {
			head, n = 12, int(binary.LittleEndian.Uint32(rest[8:]))
		}
		if n%2 != 0 || tag <= order {
			t.Fatalf("element %s of %d bytes behind %s", tag, n, order)
		}
		got[tag], order, rest = string(rest[head:head+n]), tag, rest[head+n:]
	}
	want := map[string]string{"0008,0016": "1.2.840.10008.5.1.4.1.1.2\x00", "0010,0020": "0042", "0020,000d": "2.25.7", "0028,0010": "\x02\x00", "7fe0,0010": "\x01\x00\x02\x00\x03\x00\xff\xff"}
	for tag := range got {
		if want[tag] == "" {
			delete(got, tag)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("elements (want -, got +):\n%s", diff)
	}
}

func TestTheSameNumberTheSameIdentifier(t *testing.T) {
	one, two := trace.UUID(1), trace.UUID(2)
	if one != trace.UUID(1) || one == two || len(one) != 36 || one[14] != '4' || !strings.ContainsRune("89ab", rune(one[19])) {
		t.Errorf("%s and %s", one, two)
	}
}

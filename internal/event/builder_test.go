package event_test

import (
	"testing"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

func TestBuilderNests(t *testing.T) {
	var b event.Builder
	b.Reset()
	b.Object("a")
	b.String("b", "{")
	b.Array("c")
	b.String("unused", "x")
	b.Object("unused")
	b.End()
	b.Object("")
	b.Int("n", 1)
	b.End()
	b.End()
	b.End()
	b.Members([]byte(` { "d" : [1] } `))
	b.Members([]byte(`{ }`))
	b.Bool("e", true)
	var ev event.Event
	if err := b.Into(&ev, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if got, want := string(ev.Fields), `{"a":{"b":"{","c":["x",{},{"n":1}]},"d" : [1],"e":true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAddPatient(t *testing.T) {
	for text, want := range map[string][2]string{
		"0042":                      {"0042", ""},
		"0042^^^NORTH&1.2.3&ISO^MR": {"0042", "NORTH"},
		"0042^^^&1.2.3&ISO":         {"0042", "1.2.3"},
		"0042^^^&amp;1.2.3&amp;ISO": {"0042", "1.2.3"},
		"0042^^^NORTH~0042^^^NORTH": {"0042", "NORTH"},
		"0042^^":                    {"0042", ""},
		"urn:oid:1.2.3|0042":        {"0042", "urn:oid:1.2.3"},
		"Patient/0042":              {"Patient/0042", ""},
	} {
		var a event.Access
		a.AddPatient(text)
		authority := ""
		if len(a.PatientAuthority) > 0 {
			authority = a.PatientAuthority[0]
		}
		if len(a.Patient) != 1 || a.Patient[0] != want[0] || authority != want[1] {
			t.Errorf("%s: %v %v, want %v", text, a.Patient, a.PatientAuthority, want)
		}
	}
}

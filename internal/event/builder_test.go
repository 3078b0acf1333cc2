package event_test

import (
	"fmt"
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

func TestBuilderValues(t *testing.T) {
	var b event.Builder
	b.Reset()
	b.Bytes("a", []byte("\xff\"\n"))
	b.Raw("b", []byte(`{"c":[null]}`))
	b.Strings("d", []string{"x", "y"})
	b.Strings("e", nil)
	b.Copy([]byte("1"), []byte("Execution"), nil, []byte(`Process\u0049D`))
	var ev event.Event
	if err := b.Into(&ev, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if got, want := string(ev.Fields), `{"a":"�\"\n","b":{"c":[null]},"d":["x","y"],"e":[],"Execution_Process\u0049D":1}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := b.Into(&ev, jsonl.Limits{Depth: 1, Values: 100}); err == nil {
		t.Error("nesting beyond the limit passed")
	}
}

// What is empty is left out.
func TestAccess(t *testing.T) {
	for _, tt := range []struct {
		access event.Access
		want   string
	}{
		{event.Access{}, `{"access":{}}`},
		{event.Access{
			Verb: "v", NativeAction: "na", Outcome: "o", User: "u", UserName: "un", Role: []string{"r"}, Purpose: []string{"p"}, Patient: []string{"0042"},
			PatientAuthority: []string{"pa"}, Encounter: "e", ObjectKind: "ok", ObjectID: "oi", StudyUID: []string{"s"}, Accession: []string{"a"}, Query: "q",
			OriginIP: "ip", OriginHost: "oh", Workstation: "w", AETitle: "ae", App: "ap", PatientsCount: 1, RecordsCount: 2, BreakGlassReason: "bg",
			AuditSource: "as", Background: true,
		}, `{"access":{"verb":"v","native_action":"na","outcome":"o","user":"u","user_name":"un","role":["r"],"purpose":["p"],"patient":["0042"],` +
			`"patient_authority":["pa"],"encounter":"e","object_kind":"ok","object_id":"oi","study_uid":["s"],"accession":["a"],"query":"q",` +
			`"origin_ip":"ip","origin_host":"oh","workstation":"w","ae_title":"ae","app":"ap","patients_count":1,"records_count":2,"break_glass_reason":"bg",` +
			`"audit_source":"as","background":true}}`},
	} {
		var b event.Builder
		b.Reset()
		b.Access(&tt.access)
		var ev event.Event
		if err := b.Into(&ev, jsonl.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		if got := string(ev.Fields); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestAuditOutcome(t *testing.T) {
	for code, want := range map[string]string{
		"0": "ok", "4": "minor", "8": "serious", "12": "major", "success": "ok", "information": "ok", "warning": "minor", "error": "serious", "fatal": "major", "": "", "5": "",
	} {
		if got := event.AuditOutcome(code); got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
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

// One record may name many patients, and twice the same.
func TestAddManyPatients(t *testing.T) {
	const many = 1 << 18
	var a event.Access
	for range 2 {
		for i := range many {
			a.AddPatientID(fmt.Sprint(i), fmt.Sprint(i%1000))
		}
	}
	if n := len(a.Patient); n != 1<<17 || a.Patient[n-1] != fmt.Sprint(n-1) || len(a.PatientAuthority) != 512 {
		t.Errorf("%d patients, %d authorities", n, len(a.PatientAuthority))
	}
	a.Reset()
	a.AddPatientID("7", "")
	if len(a.Patient) != 1 {
		t.Errorf("%d patients after Reset", len(a.Patient))
	}
}

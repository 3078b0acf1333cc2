package atna_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/atna"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

const search = `<AuditMessage>
 <EventIdentification EventActionCode="E" EventDateTime="2026-03-01T10:20:30.5+01:00" EventOutcomeIndicator="0">
  <EventID csd-code="110112" codeSystemName="DCM" originalText="Query"/><EventTypeCode csd-code="ITI-18" codeSystemName="IHE Transactions" originalText="Registry Stored Query"/>
  <PurposeOfUse csd-code="BTG" codeSystemName="x" originalText="y"/></EventIdentification>
 <ActiveParticipant UserID="m.okafor" UserName="Miriam Okafor" UserIsRequestor="true"><RoleIDCode csd-code="HCP" codeSystemName="x" originalText="y"/></ActiveParticipant>
 <ActiveParticipant UserID="https://portal.example/x" AlternativeUserID="AETITLES=WS1;WS2" UserIsRequestor="true" NetworkAccessPointID="10.2.3.4" NetworkAccessPointTypeCode="2"><RoleIDCode csd-code="110153"/></ActiveParticipant>
 <ActiveParticipant UserID="https://registry.example/x" UserIsRequestor="false" NetworkAccessPointID="registry" NetworkAccessPointTypeCode="1"><RoleIDCode csd-code="110152"/></ActiveParticipant>
 <AuditSourceIdentification AuditSourceID="portal" AuditEnterpriseSiteID="north"/>
 <ParticipantObjectIdentification ParticipantObjectID="0042^^^NORTH&amp;1.2.3&amp;ISO" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"/>
 <ParticipantObjectIdentification ParticipantObjectID="urn:uuid:1" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="24"><ParticipantObjectQuery>ZmFtaWx5PUlu
dmVudGVk</ParticipantObjectQuery></ParticipantObjectIdentification>
</AuditMessage>`

const transfer = `<AuditMessage><EventIdentification EventActionCode="C" EventDateTime="2026-03-01T10:20:31Z" EventOutcomeIndicator="8">
 <EventID csd-code="110104"/></EventIdentification>
 <ActiveParticipant UserID="CT1" AlternativeUserID="AETITLES=CT1" UserIsRequestor="true"><RoleIDCode csd-code="110152"/></ActiveParticipant>
 <AuditSourceIdentification AuditSourceID="pacs"/>
 <ParticipantObjectIdentification ParticipantObjectID="1.2.3" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"><ParticipantObjectIDTypeCode csd-code="110180"/>
  <ParticipantObjectDescription><Accession Number="A7"/><SOPClass UID="1" NumberOfInstances="40"/><SOPClass UID="2" NumberOfInstances="2"/></ParticipantObjectDescription></ParticipantObjectIdentification></AuditMessage>`

func TestEvents(t *testing.T) {
	d := atna.Format().Open(strings.NewReader(search+"<AuditMessage></AuditMessage>"+transfer), options(t))
	var ev event.Event
	next := func() map[string]any {
		if err := d.Next(&ev); err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(ev.Fields, &fields); err != nil {
			t.Fatal(err)
		}
		return fields
	}
	got := next()
	want := map[string]any{
		"verb": "search", "native_action": "110112+ITI-18", "outcome": "ok", "user": "m.okafor", "user_name": "Miriam Okafor",
		"role": []any{"HCP"}, "purpose": []any{"BTG"}, "patient": []any{"0042"}, "patient_authority": []any{"NORTH"}, "patients_count": 1.0,
		"object_kind": "query", "object_id": "urn:uuid:1", "query": "family=Invented", "origin_ip": "10.2.3.4",
		"ae_title": "WS1", "app": "https://portal.example/x", "audit_source": "portal",
	}
	if diff := cmp.Diff(got["access"], any(want)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]any{
		"EventID": "110112", "EventIDDisplay": "Query", "EventTypeCode": []any{"ITI-18"}, "EventActionCode": "E", "EventOutcomeIndicator": "0",
		"UserID": "m.okafor", "RoleIDCode": []any{"HCP"}, "AuditSourceID": "portal", "AuditEnterpriseSiteID": "north",
		"PatientID": []any{"0042^^^NORTH&1.2.3&ISO"}, "ParticipantObjectID": []any{"0042^^^NORTH&1.2.3&ISO", "urn:uuid:1"}, "Query": "family=Invented",
	} {
		if diff := cmp.Diff(got[name], want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if ev.Class.Product != "ehr" || ev.Time.Format("15:04:05.0") != "09:20:30.5" || len(got["ActiveParticipant"].([]any)) != 3 {
		t.Errorf("product %s, time %v", ev.Class.Product, ev.Time)
	}
	var damage *collect.Damage
	if err := d.Next(&ev); !errors.As(err, &damage) {
		t.Fatalf("an empty message: %v", err)
	}
	want = map[string]any{
		"verb": "receive", "native_action": "110104", "outcome": "serious", "user": "CT1", "role": []any{"110152"}, "object_kind": "study", "object_id": "1.2.3",
		"study_uid": []any{"1.2.3"}, "accession": []any{"A7"}, "records_count": 42.0, "ae_title": "CT1", "app": "CT1", "audit_source": "pacs",
	}
	if diff := cmp.Diff(next()["access"], any(want)); diff != "" {
		t.Error(diff)
	}
	if ev.Class.Product != "dicom" || ev.Record != 3 {
		t.Errorf("product %s, record %d", ev.Class.Product, ev.Record)
	}
	if err := d.Next(&ev); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestSyslogBody(t *testing.T) {
	for body, want := range map[string]bool{
		search: true, "\ufeff\n<?xml version='1.0'?>\n" + search: true, "<a:AuditMessage xmlns:a='b'/>": true,
		"<85>1 - - - " + search: false, "words " + search: false, "<Other/>": false, "": false,
	} {
		if got := atna.Fits([]byte(body)); got != want {
			t.Errorf("%.30s: %v", body, got)
		}
	}
	var ev event.Event
	var b event.Builder
	if err := atna.Event([]byte(search), options(t), &ev, &b); err != nil || ev.Format != "atna" || len(ev.Index.Values) == 0 {
		t.Errorf("%v, format %s", err, ev.Format)
	}
	if err := atna.Event([]byte("<AuditMessage>0042"), options(t), &ev, &b); err == nil || strings.Contains(err.Error(), "0042") {
		t.Errorf("half a message: %v", err)
	}
}

func FuzzATNA(f *testing.F) {
	f.Add([]byte(search + transfer))
	f.Add([]byte(strings.ReplaceAll(search, "csd-code", "code") + "<AuditMessage><EventID csd-code='110114'/>0042"))
	f.Add([]byte("<AuditMessage/>" + strings.Replace(transfer, "1.2.3", "0042~0042^^^&amp;1.2&amp;ISO~7", 1)))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, atna.Format(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}

// FuzzBody: a message in a syslog message gives the event that it gives in a file, or an error that
// keeps quiet.
func FuzzBody(f *testing.F) {
	f.Add([]byte(search))
	f.Add([]byte("\ufeff\n<?xml version='1.0'?>\n" + transfer))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, msg []byte) {
		msg = formattest.Plant(msg)
		var ev event.Event
		var b event.Builder
		fits := atna.Fits(msg)
		err := atna.Event(msg, o, &ev, &b)
		formattest.Quiet(t, err)
		if err == nil && (ev.Class == nil || !json.Valid(ev.Fields)) {
			t.Fatal("an event that is none")
		}
		if fits && atna.Format().Sniff(msg) == 0 {
			t.Fatal("a body that fits is not recognised as a file")
		}
	})
}

func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(formattest.Corpora(t, "audit", "atna"), "*.xml"))
	if len(files) == 0 {
		t.Fatal("the corpus is empty")
	}
	o := options(t)
	verbs := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var ev event.Event
		d := atna.Format().Open(strings.NewReader(string(text)), o)
		if err := d.Next(&ev); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		if fit := atna.Format().Sniff(text); fit < 90 {
			t.Errorf("%s: sniffed %d", filepath.Base(file), fit)
		}
		for _, field := range []string{"access.verb", "access.user", "access.audit_source"} {
			if ev.Index.Find(ev.Fields, field) < 0 {
				t.Errorf("%s: no %s", filepath.Base(file), field)
			}
		}
		if i := ev.Index.Find(ev.Fields, "access.verb"); i >= 0 {
			verbs[string(ev.Index.Text(ev.Fields, i, nil))]++
		}
	}
	t.Logf("%d files, verbs %v", len(files), verbs)
}

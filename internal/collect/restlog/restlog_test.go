package restlog_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/restlog"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

// shaped reads one line. ok is false when it is about no clinical record.
func shaped(t testing.TB, text string) (ev event.Event, ok bool) {
	t.Helper()
	if err := ev.Index.Scan([]byte(text), jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	obj, b := collect.Object{Text: []byte(text), Index: &ev.Index}, event.Builder{}
	s := restlog.Shape()
	if s.Fits(obj) < 80 {
		return ev, false
	}
	if err := s.Event(obj, options(t), &ev, &b); err != nil {
		t.Fatal(err)
	}
	return ev, true
}

func fields(t testing.TB, ev event.Event) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(ev.Fields, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

type object = map[string]any

// lines are as servers write them, each with what it says of an access.
func lines() []struct {
	name, text, class string
	access            object
} {
	list := func(s ...any) []any { return s }
	return []struct {
		name, text, class string
		access            object
	}{
		{"nginx with a token's names", `{"time":"2026-03-01T10:20:30.5Z","server":"fhir","remote_addr":"10.2.3.4","method":"GET","host":"fhir.example.org","path":"/r4/Patient/1000","status":200,"bytes_sent":812,"jwt_sub":"a.fable","client_id":"portal","scope":"openid user/*.read","request_id":"r-7","jwt_jti":"t1"}`, "ehr/rest",
			object{"verb": "read", "native_action": "GET Patient/[id]", "outcome": "ok", "user": "a.fable", "role": list("user/*.read"), "patient": list("Patient/1000"), "object_kind": "chart", "object_id": "Patient/1000", "origin_ip": "10.2.3.4", "app": "portal", "session": "t1", "corr": "r-7", "audit_source": "fhir"}},
		{"nginx's own names", `{"time_iso8601":"2026-03-01T11:20:30+01:00","remote_addr":"10.2.3.4","remote_user":"-","request":"GET /fhir/Observation?patient=Patient/7&code=1234-5 HTTP/1.1","status":"200","body_bytes_sent":"90"}`, "ehr/rest",
			object{"verb": "search", "native_action": "GET Observation", "outcome": "ok", "patient": list("Patient/7"), "object_kind": "query", "query": "Observation?patient=Patient/7&code=1234-5", "origin_ip": "10.2.3.4"}},
		{"Envoy", `{"start_time":"2026-03-01T10:20:30.100Z","method":"GET","path":"/hapi/fhir/Encounter/9/_history/2","response_code":403,"downstream_remote_address":"10.2.3.4:51000","authority":"records.example.org","x_request_id":"e-1","jwt_sub":"https://fhir.example.org/r4/Practitioner/7"}`, "ehr/rest",
			object{"verb": "read", "native_action": "GET Encounter/[id]/history/[id]", "outcome": "serious", "user": "Practitioner/7", "object_kind": "encounter", "object_id": "Encounter/9", "origin_ip": "10.2.3.4", "corr": "e-1", "audit_source": "records.example.org"}},
		{"Caddy", `{"ts":1772360430.25,"request":{"remote_ip":"10.2.3.4","method":"GET","host":"x.example.org","uri":"/r5/Patient/7/$everything","headers":{"Authorization":["Bearer SECRET"]}},"user_id":"b.lantern","status":200,"size":10}`, "ehr/rest",
			object{"verb": "read", "native_action": "GET Patient/[id]/$everything", "outcome": "ok", "user": "b.lantern", "patient": list("Patient/7"), "object_kind": "chart", "object_id": "Patient/7", "origin_ip": "10.2.3.4", "audit_source": "x.example.org"}},
		{"Traefik", `{"time":"2026-03-01T10:20:30Z","RequestMethod":"DELETE","RequestPath":"/r4/AllergyIntolerance/4","DownstreamStatus":204,"ClientHost":"10.2.3.4","ClientUsername":"b.lantern"}`, "ehr/rest",
			object{"verb": "delete", "native_action": "DELETE AllergyIntolerance/[id]", "outcome": "ok", "user": "b.lantern", "object_kind": "allergyintolerance", "object_id": "AllergyIntolerance/4", "origin_ip": "10.2.3.4"}},
		{"a cloud", `{"timestamp":"2026-03-01T10:20:30Z","httpRequest":{"requestMethod":"POST","requestUrl":"https://fhir.example.org/v1/r4/Patient/_search","status":200,"remoteIp":"2001:db8::4"},"client_id":"intake"}`, "ehr/rest",
			object{"verb": "search", "native_action": "POST Patient/search", "outcome": "ok", "user": "intake", "app": "intake", "object_kind": "query", "query": "Patient", "origin_ip": "2001:db8::4"}},
		{"one who is not there", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/Patient/1001","status":404,"jwt_sub":"p-1","client_id":"app"}`, "ehr/rest",
			object{"verb": "read", "native_action": "GET Patient/[id]", "outcome": "minor", "user": "p-1", "app": "app", "object_kind": "chart", "object_id": "Patient/1001"}},
		{"an export of all", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/Patient/$export?_type=Patient","status":202,"client_id":"app","scope":"system/*.read"}`, "ehr/rest",
			object{"verb": "export", "native_action": "GET Patient/$export", "outcome": "ok", "user": "app", "app": "app", "role": list("system/*.read"), "object_kind": "export"}},
		{"an export of a group", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/base/Group/g1/$export","status":202,"client_id":"app","host":"fhir"}`, "ehr/rest",
			object{"verb": "export", "native_action": "GET Group/[id]/$export", "outcome": "ok", "user": "app", "app": "app", "object_kind": "export", "object_id": "Group/g1", "audit_source": "fhir"}},
		{"whether an export is ready", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/$export-poll-status?_jobId=1","status":202,"client_id":"app"}`, "ehr/rest",
			object{"verb": "list", "native_action": "GET job status", "outcome": "ok", "user": "app", "app": "app", "object_kind": "export"}},
		{"a file of an export", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/export/j1/3.ndjson","status":200,"client_id":"app"}`, "ehr/rest",
			object{"verb": "export", "native_action": "GET export file", "outcome": "ok", "user": "app", "app": "app", "object_kind": "export", "object_id": "3.ndjson"}},
		{"the history of all", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/_history?_since=2025-01-01","status":200,"client_id":"app","returned":250}`, "ehr/rest",
			object{"verb": "list", "native_action": "GET history", "outcome": "ok", "user": "app", "app": "app", "records_count": 250.0}},
		{"a search for a number", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/Patient?identifier=urn:oid:1.2.3%7C0071","status":200,"user":"c","returned":1}`, "ehr/rest",
			object{"verb": "search", "native_action": "GET Patient", "outcome": "ok", "user": "c", "patient": list("0071"), "patient_authority": list("urn:oid:1.2.3"), "object_kind": "query", "query": "Patient?identifier=urn:oid:1.2.3%7C0071", "records_count": 1.0, "patients_count": 1.0}},
		{"a search for two", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/Observation?patient=7,8","status":200,"user":"c"}`, "ehr/rest",
			object{"verb": "search", "native_action": "GET Observation", "outcome": "ok", "user": "c", "object_kind": "query", "query": "Observation?patient=7,8"}},
		{"what is in one's compartment", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/Patient/7/Condition","status":200,"user":"c"}`, "ehr/rest",
			object{"verb": "search", "native_action": "GET Patient/[id]/Condition", "outcome": "ok", "user": "c", "patient": list("Patient/7"), "object_kind": "query", "query": "Patient"}},
		{"a bundle", `{"time":"2026-03-01T10:20:30Z","method":"POST","path":"/fhir","status":200,"user":"c"}`, "ehr/rest",
			object{"verb": "update", "native_action": "POST Bundle", "outcome": "ok", "user": "c", "object_kind": "bundle"}},
		{"maintenance", `{"time":"2026-03-01T10:20:30Z","method":"POST","path":"/r4/$reindex","status":202,"client_id":"m"}`, "ehr/rest",
			object{"verb": "start", "native_action": "POST $reindex", "outcome": "ok", "user": "m", "app": "m"}},

		{"a search of images", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/dicom-web/studies?PatientID=0071&IssuerOfPatientID=ALDER","status":200,"user":"c","returned":3}`, "dicom/web",
			object{"verb": "search", "native_action": "GET studies", "outcome": "ok", "user": "c", "patient": list("0071"), "patient_authority": list("ALDER"), "object_kind": "query", "query": "studies?PatientID=0071&IssuerOfPatientID=ALDER", "records_count": 3.0}},
		{"a study", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/dicom-web/studies/2.25.17","status":200,"user":"c","returned":22}`, "dicom/web",
			object{"verb": "read", "native_action": "GET studies/[uid]", "outcome": "ok", "user": "c", "object_kind": "study", "object_id": "2.25.17", "study_uid": list("2.25.17"), "records_count": 22.0}},
		{"a frame", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/x/studies/2.25.17/series/1.2/instances/1.3/frames/1","status":200,"user":"c"}`, "dicom/web",
			object{"verb": "read", "native_action": "GET studies/[uid]/series/[uid]/instances/[uid]/frames/[uid]", "outcome": "ok", "user": "c", "object_kind": "study", "object_id": "2.25.17", "study_uid": list("2.25.17")}},
		{"a thumbnail", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/x/studies/2.25.17/thumbnail","status":200,"user":"c"}`, "dicom/web",
			object{"verb": "list", "native_action": "GET studies/[uid]/thumbnail", "outcome": "ok", "user": "c", "object_kind": "study", "object_id": "2.25.17", "study_uid": list("2.25.17")}},
		{"the series of a study", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/dicom-web/studies/2.25.17/series","status":200,"user":"c"}`, "dicom/web",
			object{"verb": "search", "native_action": "GET studies/[uid]/series", "outcome": "ok", "user": "c", "object_kind": "query", "query": "series", "study_uid": list("2.25.17")}},
		{"images stored", `{"time":"2026-03-01T10:20:30Z","method":"POST","path":"/dicom-web/studies/2.25.17","status":200,"user":"c"}`, "dicom/web",
			object{"verb": "create", "native_action": "POST studies/[uid]", "outcome": "ok", "user": "c", "object_kind": "study", "object_id": "2.25.17", "study_uid": list("2.25.17")}},
		{"a study rejected", `{"time":"2026-03-01T10:20:30Z","method":"POST","path":"/dcm4chee-arc/aets/A/rs/studies/2.25.17/reject/113039%5EDCM","status":204,"user":"c"}`, "dicom/web",
			object{"verb": "delete", "native_action": "POST studies/[uid]/reject/[uid]", "outcome": "ok", "user": "c", "object_kind": "study", "object_id": "2.25.17", "study_uid": list("2.25.17")}},
		{"the older way", `{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/wado?requestType=WADO&studyUID=2.25.17&seriesUID=1.2&objectUID=1.3","status":200,"user":"c"}`, "dicom/web",
			object{"verb": "read", "native_action": "GET wado", "outcome": "ok", "user": "c", "object_kind": "study", "object_id": "2.25.17", "study_uid": list("2.25.17")}},
	}
}

func TestShape(t *testing.T) {
	for _, l := range lines() {
		ev, ok := shaped(t, l.text)
		if !ok {
			t.Errorf("%s: not read", l.name)
			continue
		}
		if got := ev.Class.Product + "/" + ev.Class.Service; got != l.class {
			t.Errorf("%s: class %s", l.name, got)
		}
		if got := ev.Time.Truncate(time.Second); !got.Equal(time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)) {
			t.Errorf("%s: at %v", l.name, got)
		}
		if diff := cmp.Diff(any(l.access), fields(t, ev)["access"]); diff != "" {
			t.Errorf("%s (want -, got +):\n%s", l.name, diff)
		}
	}
}

// A search that names several patients means the same whenever it is read, and no number goes with another's authority.
func TestSearchesMeanOneThing(t *testing.T) {
	for range 50 {
		ev, _ := shaped(t, `{"method":"GET","path":"/r4/Observation?subject=Patient/8&patient.identifier=urn:oid:1.2.3%7C0071&patient=7","status":200,"user":"c"}`)
		a := fields(t, ev)["access"].(object)
		if diff := cmp.Diff([]any{[]any{"Patient/8"}, nil}, []any{a["patient"], a["patient_authority"]}); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Other logs, and other requests, are left to whoever reads them.
func TestOthersAreLeftAlone(t *testing.T) {
	for _, text := range []string{
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/index.html","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/Account/Login","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/Task/7","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/metadata","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"POST","path":"/oauth/token","status":200,"host":"fhir.example.org"}`,
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/films/studies/7a","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/studies?page=2","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"OPTIONS","path":"/r4/Patient/7","status":200}`,
		`{"time":"2026-03-01T10:20:30Z","method":"GET","path":"/r4/Patient/7"}`,
		`{"time":"2026-03-01T10:20:30Z","path":"/r4/Patient/7","status":200}`,
		`{"ts":1,"uid":"C1","id.orig_h":"10.1.1.1","method":"GET","uri":"/r4/Patient/7","status_code":200}`,
		`{"method":"GET","path":"` + strings.Repeat("/a", 30) + `/r4/Patient/7","status":200}`,
	} {
		if _, ok := shaped(t, text); ok {
			t.Errorf("read: %s", text)
		}
	}
}

// Nobody can sign in with what is kept.
func TestTokensAreLeftOut(t *testing.T) {
	long := strings.Repeat("x", 80) + "0123456789abcdef0123456789abcdef"
	for text, session := range map[string]any{
		`{"method":"GET","path":"/r4/Patient/7?access_token=SECRET","status":200,"user":"c"}`:                               nil,
		`{"method":"GET","path":"/r4/Patient?name=x&access_token=SECRET","status":200,"user":"c"}`:                          nil,
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","authorization":"Bearer SECRET"}`:                   nil,
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","headers":{"x":"Bearer SECRET"}}`:                   nil,
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","h":{"Set-Cookie":"s=SECRET"},"token":"SECRET"}`:    nil,
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","access":{"user":"SECRET"}}`:                        nil,
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","authorization":"Bearer SECRET` + long + `"}`:       "0123456789abcdef0123456789abcdef",
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","x":[{"client_secret":"SECRET"}],"jti":"a number"}`: "a number",
		`{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c","access_token":"` + strings.Repeat("k", 40) + `"}`:  nil, // nearly all of it
	} {
		ev, ok := shaped(t, text)
		if !ok || strings.Contains(string(ev.Fields), "SECRET") {
			t.Errorf("%s became %s", text, ev.Fields)
		}
		if got := fields(t, ev)["access"].(object)["session"]; got != session {
			t.Errorf("%s: session %v", text, got)
		}
	}
}

// Of what was forwarded only the last address is the proxy's word, and what it says itself counts before.
func TestOrigin(t *testing.T) {
	for text, want := range map[string]any{
		`"x_forwarded_for":"203.0.113.1, 10.9.9.9"`:                       "10.9.9.9",
		`"x_forwarded_for":"203.0.113.1","remote_addr":"::ffff:10.2.3.4"`: "10.2.3.4",
		`"x_forwarded_for":"a patient's name"`:                            nil,
		`"client_ip":"203.0.113.1","remote_addr":"10.2.3.4"`:              "203.0.113.1",
	} {
		ev, _ := shaped(t, `{"method":"GET","path":"/r4/Patient/7","status":200,"user":"c",`+text+`}`)
		if got := fields(t, ev)["access"].(object)["origin_ip"]; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func FuzzShape(f *testing.F) {
	for _, l := range lines() {
		f.Add([]byte(l.text))
	}
	f.Add([]byte(`{"method":"GET","path":"/$/_history/*?%zz=1&patient=Patient/","status":1}`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, line []byte) {
		collecttest.Shape(t, []collect.Shape{restlog.Shape()}, o, formattest.Cost{Fixed: 128 << 10, PerByte: 200}, 64, line)
	})
}

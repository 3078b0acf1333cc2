package entra_test

import (
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/entra"
	"github.com/wardline/wardline/internal/event"
)

func seeds() []struct{ in, shape, service string } {
	return []struct{ in, shape, service string }{
		{`{"id":"1","createdDateTime":"2026-03-01T10:20:30Z","userPrincipalName":"w.ward@hospital.example","appDisplayName":"EHR","clientAppUsed":"Browser","status":{"errorCode":50126}}`, "entra", "signinlogs"},
		{`{"id":"2","category":"UserManagement","activityDisplayName":"Add user","activityDateTime":"2026-03-01T10:20:30Z","initiatedBy":{"user":{}},"result":"success"}`, "entra", "auditlogs"},
		{`{"riskEventType":"unlikelyTravel","activityDateTime":"2026-03-01T10:20:30Z","detectedDateTime":"2026-03-01T10:25:30Z"}`, "entra", "riskdetection"},
		{`{"riskEventType":"noMfaOnRoleActivationAlertIncident","detectedDateTime":"2026-03-01T10:20:30Z"}`, "entra", "pim"},
		{`{"time":"2026-03-01T10:20:30Z","resourceId":"/tenants/1","operationName":"Sign-in activity","category":"NonInteractiveUserSignInLogs","properties":{"userPrincipalName":"x"}}`, "azure", "signinlogs"},
		{`{"time":"2026-03-01T10:20:30Z","resourceId":"/subscriptions/1","operationName":"MICROSOFT.KEYVAULT/VAULTS/DELETE","category":"Administrative"}`, "azure", "activitylogs"},
		{`{"time":"2026-03-01T10:20:30Z","resourceId":"/x","operationName":"y","category":"never heard of"}`, "azure", ""},
		{`{"TimeGenerated":"2026-03-01T10:20:30Z","Type":"SigninLogs","OperationName":"Sign-in activity","ResultType":"0"}`, "azure", "signinlogs"},
		{`{"CreationTime":"2026-03-01T10:20:30","Workload":"Exchange","Operation":"New-InboxRule","UserId":"w.ward@hospital.example"}`, "m365", "exchange"},
		{`{"CreationTime":"2026-03-01T10:20:30","Workload":"SharePoint","Operation":"FileDownloaded","UserId":"w.ward@hospital.example"}`, "m365", "audit"},
		{`{"createdDateTime":"2026-03-01T10:20:30Z","appDisplayName":"EHR"}`, "", ""},
	}
}

func TestShapes(t *testing.T) {
	o := options(t)
	when := time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)
	for _, tt := range seeds() {
		ev, name, err := shape(o, []byte(tt.in))
		if err != nil || name != tt.shape || ev.Class.Service != tt.service || name != "" && !ev.Time.Equal(when) {
			t.Errorf("%s: %s %+v %v %v", tt.in, name, ev.Class.Logsource, ev.Time, err)
		}
		if string(ev.Fields) != tt.in {
			t.Errorf("%s was changed", tt.in)
		}
	}
}

// shape hands one line to the shape that it fits best, as a decoder does.
func shape(o collect.Options, line []byte) (ev event.Event, name string, err error) {
	ev = event.Event{Fields: line, Class: o.Taxonomy.Class("", "", "")}
	if err := ev.Index.Scan(line, jsonl.DefaultLimits()); err != nil {
		return ev, "", err
	}
	obj := collect.Object{Text: line, Index: &ev.Index}
	most := 0
	var best collect.Shape
	for _, s := range entra.Shapes() {
		if fits := s.Fits(obj); fits > most {
			most, best = fits, s
		}
	}
	if most == 0 {
		return ev, "", nil
	}
	return ev, best.Name, best.Event(obj, o, &ev, &event.Builder{})
}

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

func FuzzShapes(f *testing.F) {
	for _, tt := range seeds() {
		f.Add([]byte(tt.in))
	}
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, line []byte) {
		collecttest.Shape(t, entra.Shapes(), o, formattest.Cost{Fixed: 64 << 10, PerByte: 200}, 0, line)
	})
}

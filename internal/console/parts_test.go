package console_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/triage"
)

func TestPulseCountsInHalfHours(t *testing.T) {
	p := console.NewPulse()
	at := time.Date(2026, 6, 16, 7, 0, 0, 0, time.UTC)
	note := func(minutes int, lab, pump int64) {
		p.Note([]collect.Standing{{Sender: "lab", Counts: collect.Counts{Received: lab}}, {Sender: "pump", Counts: collect.Counts{Received: pump}}}, at.Add(time.Duration(minutes)*time.Minute))
	}
	note(0, 10, 0)
	note(20, 25, 1)
	note(35, 25, 2)
	note(95, 40, 2)
	if diff := cmp.Diff(p.Of("lab"), []uint64{25, 0, 0, 15}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(p.Of(""), []uint64{26, 1, 0, 15}); diff != "" {
		t.Error(diff)
	}
	note(95+48*30, 41, 2)
	if got := p.Of("lab"); len(got) > 48 || got[len(got)-1] != 1 {
		t.Errorf("a day later: %v", got)
	}
	note(10*365*24*60, 42, 2)
	if got := p.Of("lab"); len(got) != 1 {
		t.Errorf("after the clock jumped: %d steps", len(got))
	}
	if p.Of("nobody") != nil {
		t.Error("there are steps of a sender that was never heard")
	}
}

func TestJobsEndStopAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := console.NewJobs()
		ctx, cancel := context.WithCancel(t.Context())
		go jobs.Run(ctx)
		_, ended, err := jobs.Start(func(_ context.Context, progress func(done, total uint64, seen int)) (any, error) {
			progress(1, 2, 0)
			return "found", nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ended(); got != "found" || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		wait := func(ctx context.Context, _ func(done, total uint64, seen int)) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		stop, ended, err := jobs.Start(wait)
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if _, err := ended(); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
		var last func() (any, error)
		for i := 0; ; i++ {
			synctest.Wait() // until all workers have taken what they can
			_, ended, err := jobs.Start(wait)
			if err != nil {
				if i != console.MostWaiting+2 {
					t.Errorf("%d jobs were taken", i)
				}
				break
			}
			if i == 0 {
				last = ended
			}
		}
		cancel() // the node ends: what runs, ends
		if _, err := last(); !errors.Is(err, context.Canceled) {
			t.Errorf("when the node ends: %v", err)
		}
		synctest.Wait()
	})
}

func TestPeopleComeAndGo(t *testing.T) {
	n := newNode(t)
	admin := n.first()
	p := n.hire(admin, "m.okafor", "M. Okafor", access.Analyst)
	_, body := admin.get("/people")
	for _, want := range []string{"Two people and no token", "M. Okafor", "m.okafor", "Senior analyst, privacy officer, administrator"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	id := regexp.MustCompile(`/people/([0-9a-f-]+)/roles`).FindAllStringSubmatch(body, -1)
	if len(id) != 2 {
		t.Fatalf("%v", id)
	}
	if status, to := admin.post("/people/"+p.id+"/roles", url.Values{"role": {"auditor"}}); status != http.StatusSeeOther || to != "/people?done=roles" {
		t.Fatalf("status %d, %s", status, to)
	}
	if status, to := p.get("/"); status != http.StatusSeeOther || to != "/login" {
		t.Errorf("with other roles the session goes on: status %d %s", status, to)
	}
	p.login()
	if status, _ := p.get("/findings"); status != http.StatusOK {
		t.Errorf("the auditor's list: status %d", status)
	}
	if status, _ := p.get("/search"); status != http.StatusForbidden {
		t.Errorf("the auditor searches: status %d", status)
	}
	if status, body := admin.post("/people/"+p.id+"/roles", nil); status != http.StatusBadRequest {
		t.Errorf("without a role: status %d\n%s", status, body)
	}
	if status, body := admin.post("/people/"+p.id+"/reset", nil); status != http.StatusOK || !strings.Contains(body, "/invite/") {
		t.Errorf("reset: status %d", status)
	}
	if status, to := admin.post("/people/"+p.id+"/disable", nil); status != http.StatusSeeOther || to != "/people?done=closed" {
		t.Errorf("close: status %d %s", status, to)
	}
	_, body = admin.get("/trail")
	for _, want := range []string{"changed who may enter", "signed in", "joined", "wanted: searched", "Not allowed"} {
		if !strings.Contains(body, want) {
			t.Errorf("the trail does not say %q", want)
		}
	}
}

func TestATokenReadsUntilItIsRevoked(t *testing.T) {
	n := newNode(t)
	admin := n.first()
	status, body := admin.post("/tokens", url.Values{"name": {"dashboard"}, "cidr": {"127.0.0.0/8"}})
	secret := regexp.MustCompile(`wl_[0-9a-z]+_[0-9a-z]+`).FindString(body)
	if status != http.StatusOK || secret == "" {
		t.Fatalf("status %d\n%s", status, body)
	}
	p := &program{n, secret}
	if status, _, body := p.ask(http.MethodGet, "/api/v1/sources", ""); status != http.StatusOK {
		t.Fatalf("status %d\n%s", status, body)
	}
	_, body = admin.get("/people")
	revoke := regexp.MustCompile(`action="(/tokens/[0-9a-z]+/revoke)"`).FindStringSubmatch(body)
	if revoke == nil || !strings.Contains(body, "Valid") || strings.Contains(body, secret) {
		t.Fatal(body)
	}
	if status, to := admin.post(revoke[1], nil); status != http.StatusSeeOther || to != "/people?done=revoked" {
		t.Fatal(status, to)
	}
	if _, body = admin.get("/people"); !strings.Contains(body, "Revoked") || strings.Contains(body, revoke[1]) {
		t.Error(body)
	}
	if status, _, _ := p.ask(http.MethodGet, "/api/v1/sources", ""); status != http.StatusUnauthorized {
		t.Errorf("revoked, and it reads: status %d", status)
	}
	if status, _ := admin.post("/tokens", url.Values{"name": {"x y"}}); status != http.StatusBadRequest {
		t.Errorf("a name with a space: status %d", status)
	}
	if status, _ := admin.post("/tokens", url.Values{"name": {"dashboard"}, "cidr": {"the ward"}}); status != http.StatusBadRequest {
		t.Errorf("an address that is none: status %d", status)
	}
}

func TestAQuestionIsKeptForAllWhoMaySearch(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	p, other := n.hire(admin, "m.okafor", "M. Okafor", access.Analyst), n.hire(admin, "r.haddad", "R. Haddad", access.Analyst)
	status, question := p.post("/search", url.Values{"text": {"stopped"}, "field": {"Computer"}, "op": {"prefix"}, "value": {"PACS-2"}, "last": {"168h"}})
	if status != http.StatusSeeOther {
		t.Fatal(status, question)
	}
	if _, body := p.get(question); !strings.Contains(body, "1 event fits in the last week.") {
		t.Error(body)
	}
	if status, to := p.post(question+"/keep", url.Values{"name": {"Stops on PACS-2"}}); status != http.StatusSeeOther || to != "/search?done=kept" {
		t.Fatal(status, to)
	}
	_, body := other.get("/search")
	link := regexp.MustCompile(`href="(/search/kept/[0-9a-f-]+)">Stops on PACS-2`).FindStringSubmatch(body)
	if link == nil || strings.Contains(body, "/forget") {
		t.Fatal(body)
	}
	status, to := other.get(link[1])
	if status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	if _, body := other.get(to); !strings.Contains(body, "1 event fits in the last week.") {
		t.Error(body)
	}
	if status, _ := other.post(link[1]+"/forget", nil); status != http.StatusBadRequest {
		t.Errorf("somebody else has it forgotten: status %d", status)
	}
	if status, to := p.post(link[1]+"/forget", nil); status != http.StatusSeeOther || to != "/search?done=forgotten" {
		t.Error(status, to)
	}
	if status, _ := p.get(link[1]); status != http.StatusNotFound {
		t.Errorf("it is still there: status %d", status)
	}
}

func TestWhatCannotBeAskedIsSaid(t *testing.T) {
	n := newNode(t)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	for _, c := range []struct {
		path string
		form url.Values
		says string
	}{
		{"/hunt", url.Values{"days": {"30"}}, "Say what to look for"},
		{"/hunt", url.Values{"days": {"30"}, "indicators": {"198.51.100.7"}, "rule": {"title: x"}}, "one thing at a time"},
		{"/hunt", url.Values{"days": {"30"}, "indicators": {"198.51.100.7\nnot an indicator"}}, "Line 2 is no address, name or digest"},
		{"/hunt", url.Values{"days": {"30"}, "rule": {"title: x"}}, "The rule cannot be asked"},
		{"/hunt", url.Values{"days": {"soon"}, "indicators": {"198.51.100.7"}}, "how far back"},
	} {
		status, body := p.post(c.path, c.form)
		if status != http.StatusBadRequest || !strings.Contains(body, c.says) {
			t.Errorf("%v: status %d, not %q", c.form, status, c.says)
		}
	}
	if _, body := p.post("/search", url.Values{"text": {"x"}, "from": {"2026-06-16T07:00"}, "to": {"2026-06-15T07:00"}}); !strings.Contains(body, "The end is before the beginning") {
		t.Error(body)
	}
	if _, body := p.post("/search", url.Values{"text": {"x"}, "do": {"more"}}); strings.Count(body, `name="field"`) != 1 || !strings.Contains(body, "<details class=\"more\" open>") {
		t.Error("no further field is offered")
	}
}

func TestEachSenderGetsItsLines(t *testing.T) {
	n := newNode(t)
	p := n.first()
	for kind, want := range map[string]string{
		"rsyslog": `target=&#34;wardline.alder.example&#34; port=&#34;6514&#34;`, "mirth": "Remote port        2575", "hapi": "https://wardline.alder.example:8443/fhir",
		"dcm4chee": "dicomPort:     6514", "winlogbeat": "winlogbeat.event_logs", "filebeat": "id: gate-filebeat", "suricata": "eve.json",
	} {
		status, body := p.post("/sources/add", url.Values{"kind": {kind}, "name": {"gate-" + kind}})
		if status != http.StatusOK || !strings.Contains(body, want) || strings.Contains(body, "{{") {
			t.Errorf("%s: status %d\n%s", kind, status, body)
		}
		withToken := kind != "rsyslog" && kind != "mirth" && kind != "dcm4chee"
		if strings.Contains(body, "wl_") != withToken {
			t.Errorf("%s: a token is shown: %v", kind, !withToken)
		}
	}
	for _, form := range []url.Values{{"kind": {"none"}, "name": {"gate"}}, {"kind": {"hapi"}, "name": {"The Gate"}}, {"kind": {"hapi"}, "name": {"gate"}, "cidr": {"the ward"}}} {
		if status, body := p.post("/sources/add", form); status != http.StatusBadRequest || strings.Contains(body, "wl_") {
			t.Errorf("%v: status %d", form, status)
		}
	}
}

func TestARuleIsAskedOfThePast(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	rule := "title: Anything by the vendor\nlogsource: {product: windows, service: system}\ndetection: {s: {SubjectUserName: svc-vendor}, condition: s}\nlevel: high\n"
	status, job := p.post("/hunt", url.Values{"days": {"30"}, "rule": {rule}})
	if status != http.StatusSeeOther {
		t.Fatal(status, job)
	}
	body := ""
	n.wait("the answer is there", func() bool {
		_, body = p.get(job)
		return !strings.Contains(body, "We are looking.")
	})
	for _, want := range []string{"Yes. It was seen 3 times", "Anything by the vendor", "1 rule, 0 indicators", `class="seal"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the answer does not say %q\n%s", want, body)
		}
	}
	if _, body = p.get("/hunt"); !strings.Contains(body, "Seen 3 times") {
		t.Error("the answer is not listed")
	}
}

func TestFindingsArePutOffAndTaken(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	_, body := p.get("/findings")
	id := regexp.MustCompile(`action="(/findings/[0-9a-f]+)/judge"`).FindStringSubmatch(body)[1]
	p.get(id)
	if item, err := n.desk.Get(t.Context(), strings.TrimPrefix(id, "/findings/")); err != nil || item.State != triage.Seen {
		t.Errorf("opened, and nobody has seen it: %s, %v", item.State, err)
	}
	if status, to := p.post(id+"/take", nil); status != http.StatusSeeOther || !strings.Contains(to, "done=taken") {
		t.Fatal(status, to)
	}
	if _, body = p.get("/findings?view=mine"); !strings.Contains(body, "You have it") || !strings.Contains(body, "One finding waits for you.") {
		t.Error(body)
	}
	if status, to := p.post(id+"/later", url.Values{"next": {"/findings"}}); status != http.StatusSeeOther || !strings.HasPrefix(to, "/findings?done=later") {
		t.Fatal(status, to)
	}
	if _, body = p.get("/findings"); !strings.Contains(body, "Four findings wait.") {
		t.Error(body)
	}
	if _, body = p.get("/findings?view=later"); !strings.Contains(body, "Put off until") {
		t.Error(body)
	}
	if status, _ := p.post(id+"/judge", url.Values{"verdict": {"nonsense"}}); status != http.StatusBadRequest {
		t.Errorf("a verdict that is none: status %d", status)
	}
}

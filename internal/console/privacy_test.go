package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// officer hires a privacy officer.
func (n *node) officer(admin *person, name string) *person {
	return n.hire(admin, name, strings.ToUpper(name), access.Privacy)
}

// pages are all that a privacy officer opens.
func (o *office) pages() []string {
	return []string{
		"/", "/review", "/review?view=decided", "/review/" + o.coworker, "/review/" + o.leaver, "/review/" + o.report, "/review/explained", "/review/missed",
		"/patients/who-saw", "/people-at-work", o.clerksDay(), "/trail", "/keys", "/findings", "/search",
	}
}

// clerksDay is where the day of the clerk is shown.
func (o *office) clerksDay() string {
	o.t.Helper()
	id, err := o.room.FindStaff(o.t.Context(), "r.holm")
	if err != nil || id == 0 {
		o.t.Fatal(id, err)
	}
	return fmt.Sprintf("/people-at-work/%d/%s", id, o.day.Format(time.DateOnly))
}

func named(body string) (name string, ok bool) {
	i := slices.IndexFunc(clear, func(name string) bool { return strings.Contains(body, name) })
	if i < 0 {
		return "", false
	}
	return clear[i], true
}

// account are those that a finding names, so that somebody can close one that a leaver uses; it names no patient.
var account = map[string]bool{"g.gorse": true, "q.quill": true}

// TestNobodyIsNamedBeforeAReason reads the bytes of every page, as everybody who may open it.
func TestNobodyIsNamedBeforeAReason(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	officer, analyst, auditor := n.officer(admin, "j.officer"), n.hire(admin, "m.okafor", "M. Okafor", access.Analyst), n.hire(admin, "t.mbeki", "T. Mbeki", access.Auditor)
	_, list := officer.post("/patients/who-saw", n.askPatient(bergsNumber))
	for _, p := range []*person{officer, analyst, auditor} {
		for _, path := range append(n.pages(), list) {
			status, body := p.get(path)
			if status >= 500 {
				t.Errorf("%s as %s: status %d", path, p.name, status)
			}
			if name, ok := named(body); ok && !(account[name] && (path == "/" || path == "/findings")) {
				t.Errorf("%s as %s names %s", path, p.name, name)
			}
			for _, letters := range []string{"••••olm", "••••rse", "••••ill"} {
				if strings.Contains(body, letters) {
					t.Errorf("%s as %s shows letters of an account: %s", path, p.name, letters)
				}
			}
			if status == http.StatusOK && path == "/review/"+n.coworker && !strings.Contains(body, "••••4471") {
				t.Errorf("%s as %s shows no mask", path, p.name)
			}
		}
	}
}

func (o *office) askPatient(number string) url.Values {
	now := o.now().UTC()
	return url.Values{"patient": {number}, "from": {now.AddDate(0, 0, -30).Format(time.DateOnly)}, "to": {now.Format(time.DateOnly)}, "reason": {"patient"}}
}

// acts lists what was done by a verb, the last first.
func (n *node) acts(v access.Verb) []access.Act {
	n.t.Helper()
	ctx := access.WithActor(n.t.Context(), access.Actor{ID: "auditor", Roles: []access.Role{access.Auditor}})
	acts, err := n.house.Trail(ctx, access.TrailFilter{Verb: v})
	if err != nil {
		n.t.Fatal(err)
	}
	return acts
}

// TestWhoIsInACaseSeesNone gives a case's subject the same answer as for a case that is not there.
func TestWhoIsInACaseSeesNone(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "r.holm")
	_, missing := p.get("/review/nothing")
	if status, body := p.get("/review/" + n.coworker); status != http.StatusNotFound || body != missing {
		t.Errorf("status %d", status)
	}
	for _, path := range []string{"/review", "/review?view=decided", "/"} {
		if _, body := p.get(path); strings.Contains(body, "/review/"+n.coworker) {
			t.Errorf("%s leads to the case", path)
		}
	}
	for _, path := range []string{"/review/" + n.coworker + "/decide", "/review/" + n.coworker + "/reveal", "/review/" + n.coworker + "/undo", "/review/" + n.coworker + "/breach"} {
		if status, _ := p.post(path, url.Values{"outcome": {"policy"}, "why": {"x"}, "reason": {"review"}}); status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, status)
		}
	}
	_, list := p.post("/patients/who-saw", n.askPatient(bergsNumber))
	if status, body := p.get(list); status != http.StatusOK || !strings.Contains(body, "No reason found") || strings.Contains(body, "/review/"+n.coworker) || strings.Contains(body, "Somebody looks at it") {
		t.Errorf("who saw a chart tells of the case: status %d", status)
	}
}

// TestEachRoleSeesItsPartOfACase opens the same case as everybody.
func TestEachRoleSeesItsPartOfACase(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	officer := n.officer(admin, "j.officer")
	analyst, auditor, runs := n.hire(admin, "m.okafor", "M. Okafor", access.Analyst), n.hire(admin, "t.mbeki", "T. Mbeki", access.Auditor), n.hire(admin, "t.admin", "T. Admin", access.Admin)
	if status, body := analyst.get("/review/" + n.coworker); status != http.StatusOK || strings.Contains(body, "What do you conclude?") || strings.Contains(body, "Reveal") || strings.Contains(body, "/people-at-work/") {
		t.Errorf("an analyst: status %d", status)
	}
	if status, _ := analyst.post("/review/"+n.coworker+"/decide", url.Values{"outcome": {"policy"}, "why": {"x"}}); status != http.StatusForbidden {
		t.Errorf("an analyst decides: status %d", status)
	}
	if status, _ := auditor.get("/review/" + n.coworker); status != http.StatusForbidden {
		t.Errorf("an auditor before the decision: status %d", status)
	}
	if status, to := officer.post("/review/"+n.coworker+"/decide", url.Values{"outcome": {"talk"}, "why": {"A first question"}, "next": {"/review/" + n.report}}); status != http.StatusSeeOther || to != "/review/"+n.report+"?done=case-policy&of="+n.coworker {
		t.Fatal(status, to)
	}
	if status, body := auditor.get("/review/" + n.coworker); status != http.StatusOK || !strings.Contains(body, "A first question") || !strings.Contains(body, "A talk") {
		t.Errorf("an auditor after the decision: status %d", status)
	}
	if _, body := auditor.get("/review"); !strings.Contains(body, "/review/"+n.coworker) || strings.Contains(body, "/review/"+n.report) {
		t.Error("an auditor's list")
	}
	for _, path := range []string{"/review", "/review/" + n.coworker, "/review/explained", "/patients/who-saw", "/people-at-work"} {
		if status, _ := runs.get(path); status != http.StatusForbidden {
			t.Errorf("an administrator opens %s: status %d", path, status)
		}
	}
}

// TestADecisionIsRecordedAndTakenBack decides, looks, and takes it back.
func TestADecisionIsRecordedAndTakenBack(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "j.officer")
	for _, form := range []url.Values{{"why": {"x"}}, {"outcome": {"duplicate"}, "why": {"x"}}, {"outcome": {"violation"}, "why": {" "}}} {
		if status, _ := p.post("/review/"+n.coworker+"/decide", form); status != http.StatusBadRequest {
			t.Errorf("%v: status %d", form, status)
		}
	}
	_, to := p.post("/review/"+n.coworker+"/decide", url.Values{"outcome": {"violation"}, "why": {"No reason was given"}, "next": {"/review/" + n.report}})
	if to != "/review/"+n.coworker+"?done=case-violation&of="+n.coworker {
		t.Fatal(to)
	}
	_, body := p.get(to)
	for _, want := range []string{"Breach case", "No reason was given", "/review/" + n.coworker + "/breach", "Breach case: case 0", "/review/" + n.coworker + "/undo"} {
		if !strings.Contains(body, want) {
			t.Errorf("not %q", want)
		}
	}
	if status, _ := p.post("/review/"+n.coworker+"/decide", url.Values{"outcome": {"policy"}, "why": {"again"}}); status != http.StatusBadRequest {
		t.Errorf("decided twice: status %d", status)
	}
	if _, to = p.post("/review/"+n.coworker+"/undo", nil); to != "/review/"+n.coworker+"?done=undone-case&of="+n.coworker {
		t.Fatal(to)
	}
	if _, body := p.get(to); !strings.Contains(body, "What do you conclude?") || strings.Contains(body, "/breach") {
		t.Error("not taken back")
	}
	p.post("/review/"+n.coworker+"/decide", url.Values{"outcome": {"unclear"}, "why": {"The roster is missing"}})
	n.pass(11 * time.Minute)
	if _, body := p.get("/review/" + n.coworker); strings.Contains(body, "/undo") {
		t.Error("it can be taken back after eleven minutes")
	}
	if acts := n.acts(access.CaseDecide); len(acts) < 3 || acts[0].Detail["outcome"] != "unclear" || strings.Contains(acts[0].Detail["why"], "roster") {
		t.Errorf("%+v", acts)
	}
}

// TestAReasonAsksForTheMissingFact says that there was a reason, tries it, and records it.
func TestAReasonAsksForTheMissingFact(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	p, other := n.officer(admin, "j.officer"), n.officer(admin, "k.officer")
	form := url.Values{"outcome": {"explained"}, "why": {"Covered a desk"}, "next": {"/review/" + n.report}}
	if status, body := p.post("/review/"+n.coworker+"/decide", form); status != http.StatusOK || !strings.Contains(body, "Which fact was missing?") || !strings.Contains(body, `value="Covered a desk"`) {
		t.Fatal(status)
	}
	form.Set("step", "save")
	if status, body := p.post("/review/"+n.coworker+"/decide", form); status != http.StatusBadRequest || !strings.Contains(body, "Say which fact was missing") {
		t.Error(status)
	}
	form.Set("fact", "Registration covers the clinic on Mondays")
	form.Set("step", "try")
	if status, body := p.post("/review/"+n.coworker+"/decide", form); status != http.StatusOK || !strings.Contains(body, "This would have explained") {
		t.Error(status)
	}
	form.Set("step", "save")
	if _, to := p.post("/review/"+n.coworker+"/decide", form); to != "/review/"+n.report+"?done=case-explained&of="+n.coworker {
		t.Error(to)
	}
	// What sets all like it aside takes two.
	form.Set("teach", "always")
	if _, to := p.post("/review/"+n.leaver+"/decide", form); to != "/review/"+n.leaver+"?done=proposed" {
		t.Fatal(to)
	}
	if _, body := p.get("/review/" + n.leaver); !strings.Contains(body, "What do you conclude?") {
		t.Error("decided by one person")
	}
	all, err := n.house.Proposals(access.WithActor(t.Context(), access.Actor{ID: other.id, Roles: []access.Role{access.Privacy}}))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if _, body := other.get("/review"); !strings.Contains(body, "Set aside all accesses like those of case 0") || !strings.Contains(body, "Registration covers the clinic on Mondays") {
		t.Error("the other is not asked")
	}
	if _, to := other.post("/review/proposals/"+all[0].ID+"/agree", nil); to != "/review?done=learned" {
		t.Error(to)
	}
	if _, body := p.get("/review/" + n.leaver); !strings.Contains(body, "There was a reason") || strings.Contains(body, "What do you conclude?") {
		t.Error("not decided by both")
	}
}

// TestTheFourQuestionsAreKeptWithTheCase fills in the breach facts.
func TestTheFourQuestionsAreKeptWithTheCase(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "j.officer")
	if status, _ := p.get("/review/" + n.coworker + "/breach"); status != http.StatusNotFound {
		t.Errorf("facts of no breach: status %d", status)
	}
	p.post("/review/"+n.coworker+"/decide", url.Values{"outcome": {"violation"}, "why": {"No reason was given"}})
	_, body := p.get("/review/" + n.coworker + "/breach")
	for _, want := range []string{"One patient.", "GDPR article 33", "45 CFR 164.404", "Not saved yet", "h left"} {
		if !strings.Contains(body, want) {
			t.Errorf("not %q", want)
		}
	}
	low := url.Values{"factor1": {"low"}, "factor2": {"low"}, "factor3": {"high"}, "factor4": {"low"}, "conclusion": {"low"}, "reason": {"Looked once"}}
	if status, body := p.post("/review/"+n.coworker+"/breach", low); status != http.StatusBadRequest || !strings.Contains(body, "all four speak for it") {
		t.Errorf("a low risk that is not shown: status %d", status)
	}
	low.Set("conclusion", "breach")
	low.Set("factor1-text", "Address: and contacts")
	low.Set("factor4-text", "Assured\n[in writing] twice")
	if status, to := p.post("/review/"+n.coworker+"/breach", low); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	_, body = p.get("/review/" + n.coworker + "/breach")
	for _, want := range []string{"Saved with the case", "Address: and contacts", "Looked once", `name="factor3" value="high" checked`, `name="conclusion" value="breach" checked`} {
		if !strings.Contains(body, want) {
			t.Errorf("not %q", want)
		}
	}
}

// TestWithoutATrailNobodyIsShown lets the journal fail: no case is opened, nobody named, nothing decided.
func TestWithoutATrailNobodyIsShown(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "j.officer")
	_, list := p.post("/patients/who-saw", n.askPatient(bergsNumber))
	k, day := "/review/"+n.coworker, n.clerksDay()
	if _, to := p.post("/review/"+n.leaver+"/decide", url.Values{"outcome": {"violation"}, "why": {"x"}}); !strings.Contains(to, "case-violation") {
		t.Fatal(to)
	}
	n.seal.broken.Store(true)
	for _, path := range []string{k, k + "/breach", day} {
		if status, body := p.get(path); status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing was changed") {
			t.Errorf("GET %s: status %d", path, status)
		}
	}
	decision := url.Values{"outcome": {"policy"}, "why": {"x"}, "reason": {"review"}, "conclusion": {"breach"}}
	for _, path := range []string{k + "/decide", k + "/undo", k + "/reveal", "/review/" + n.leaver + "/breach", list + "/reveal", day + "/reveal"} {
		if status, _ := p.post(path, decision); status != http.StatusServiceUnavailable {
			t.Errorf("POST %s: status %d", path, status)
		}
	}
	if status, _ := p.post("/patients/who-saw", n.askPatient(bergsNumber)); status != http.StatusServiceUnavailable {
		t.Errorf("who saw: status %d", status)
	}
	if status, _ := p.post("/people-at-work", url.Values{"person": {"r.holm"}, "day": {n.day.Format(time.DateOnly)}, "reason": {"case"}}); status != http.StatusServiceUnavailable {
		t.Errorf("a day: status %d", status)
	}
	n.seal.broken.Store(false)
	for _, path := range []string{k, day, list} {
		status, body := p.get(path)
		if name, ok := named(body); ok || status != http.StatusOK {
			t.Errorf("%s: status %d, names %s", path, status, name)
		}
	}
	if _, body := p.get(k); !strings.Contains(body, "What do you conclude?") {
		t.Error("decided without a trail")
	}
}

// TestCasesForPrograms reads cases by a token whose scope names that.
func TestCasesForPrograms(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	ctx := access.WithActor(t.Context(), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()})
	usual, err := n.house.Issue(ctx, access.TokenSpec{Name: "usual", Role: access.Reader})
	if err != nil {
		t.Fatal(err)
	}
	token, err := n.house.Issue(ctx, access.TokenSpec{Name: "cases", Role: access.Reader, Scope: []access.Verb{access.CaseRead}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token, path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.srv.URL+"/api/v1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := n.browser().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	if status, _ := ask(usual, "/cases"); status != http.StatusForbidden {
		t.Errorf("a token that does not name it: status %d", status)
	}
	for _, path := range []string{"/cases", "/cases/" + n.coworker} {
		status, body := ask(token, path)
		if status != http.StatusOK || !strings.Contains(body, `"last":"••••4471"`) || !strings.Contains(body, "three openings of a co-worker") || strings.Contains(body, "decibans") {
			t.Errorf("%s: status %d %s", path, status, body)
		}
		if name, ok := named(body); ok {
			t.Errorf("%s names %s", path, name)
		}
	}
	if status, _ := ask(token, "/cases/nothing"); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
	// The token of somebody whom a case is about shows it no more than they are shown it.
	clerk := n.hire(admin, "r.holm", "R. Holm", access.Privacy, access.Admin)
	ctx = access.WithActor(t.Context(), access.Actor{ID: clerk.id, Name: "r.holm", Roles: []access.Role{access.Privacy, access.Admin}})
	if token, err = n.house.Issue(ctx, access.TokenSpec{Name: "own", Role: access.Reader, Scope: []access.Verb{access.CaseRead}}); err != nil {
		t.Fatal(err)
	}
	if status, body := ask(token, "/cases"); status != http.StatusOK || strings.Contains(body, n.coworker) || !strings.Contains(body, n.leaver) {
		t.Errorf("a list for the clerk's token: status %d", status)
	}
	if status, _ := ask(token, "/cases/"+n.coworker); status != http.StatusNotFound {
		t.Errorf("a case for the clerk's token: status %d", status)
	}
}

// TestWithoutTheRoom says what is missing and what to do.
func TestWithoutTheRoom(t *testing.T) {
	n := newNode(t)
	p := n.officer(n.first(), "j.officer")
	status, body := p.get("/review")
	if status != http.StatusOK || !strings.Contains(body, "Access review is not set up") || !strings.Contains(body, "Not set up") {
		t.Errorf("status %d", status)
	}
	for _, path := range []string{"/review/nothing", "/review/explained", "/review/missed", "/patients/who-saw", "/people-at-work", "/people-at-work/7/2026-06-15"} {
		if status, body := p.get(path); status != http.StatusNotFound || !strings.Contains(body, "Access review is not set up.") {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

// TestTheOfficersDayBegins looks at the first page as a privacy officer.
func TestTheOfficersDayBegins(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "j.officer")
	_, body := p.get("/")
	for _, want := range []string{"Who looked at a chart without a reason?", "cases wait. Two may not wait until tomorrow.", `href="/review/` + n.leaver, `data-go="A"`, "accesses have a reason"} {
		if !strings.Contains(body, want) {
			t.Errorf("not %q", want)
		}
	}
	for path, want := range map[string]string{"/review": "We found no reason for three openings of a co-worker", "/review/explained": "Admissions and moves", "/review/missed": "We do not know yet"} {
		if _, body = p.get(path); !strings.Contains(body, want) {
			t.Errorf("%s: not %q", path, want)
		}
	}
}

// TestADepartmentWithoutItsFeedIsHeld says that its cases wait, and for what.
func TestADepartmentWithoutItsFeedIsHeld(t *testing.T) {
	d := privacy.DepartmentHealth{Name: "4 West", Share: privacy.Share{Touches: 120, Explained: 97}, Past: 0.961, Held: true, Since: time.Date(2026, 6, 14, 5, 0, 0, 0, time.UTC), Reason: "the roster feed of 4 West is silent"}
	state, share, usual, says, held := console.HealthOf(&d, time.Date(2026, 6, 16, 7, 42, 0, 0, time.UTC))
	got := []string{state, share, usual, says, held}
	want := []string{"Held", "80.8 %", "96.1 %", "The roster feed of 4 West is silent.", "4 West waits for a feed since Sun 14 Jun 05:00. The roster feed of 4 West is silent. Nobody becomes a case because a feed is missing."}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		touches, explained int64
		past               float64
		want               string
	}{{0, 0, 0, "Too few"}, {100, 96, 0, "New"}, {100, 96, 0.97, "As usual"}, {100, 94, 0.97, "Below usual"}} {
		d := privacy.DepartmentHealth{Share: privacy.Share{Touches: c.touches, Explained: c.explained}, Past: c.past}
		if state, _, _, _, held := console.HealthOf(&d, time.Now()); state != c.want || held != "" {
			t.Errorf("%+v: %s %s", c, state, held)
		}
	}
}

// TestManyDepartmentsAreHeldInOneNote counts them, names the first, and gives one reason where it is the same.
func TestManyDepartmentsAreHeldInOneNote(t *testing.T) {
	var h privacy.Health
	for i, name := range []string{"4 West", "5 East", "Surgery", "Dialysis", "", "Cardiology"} {
		h.Departments = append(h.Departments, privacy.DepartmentHealth{Name: name, Held: name != "Surgery", Since: time.Date(2026, 6, 14, 12-i, 0, 0, 0, time.UTC), Reason: "The roster is silent"})
	}
	h.All.Held = 3
	now := time.Date(2026, 6, 16, 7, 42, 0, 0, time.UTC)
	want := "Five departments wait for a feed, the first since Sun 14 Jun 07:00. Cardiology, No department, Dialysis, 5 East and 1 more. The roster is silent. Nobody becomes a case because a feed is missing. Three cases wait until then."
	if got := console.HeldOf(&h, now); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	h.Departments[2].Held, h.Departments[5].Reason, h.All.Held = true, "The orders are silent", 0
	want = "Six departments wait for a feed, the first since Sun 14 Jun 07:00. Cardiology, No department, Dialysis, Surgery and 2 more. Fewer accesses can be explained there than usual. Nobody becomes a case because a feed is missing."
	if got := console.HeldOf(&h, now); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestACaseOfAnAccountAsksAboutNoChart also lists accesses that are about no patient, and says when it lists not all.
func TestACaseOfAnAccountAsksAboutNoChart(t *testing.T) {
	k := privacy.Case{Users: make([]privacy.Party, 1)}
	if got := console.QuestionOf(&k); got != "Was there a reason for what this person did?" {
		t.Error(got)
	}
	k.Patients = []privacy.Party{{Hint: "4471"}, {Hint: "4472"}}
	if got := console.QuestionOf(&k); got != "Did this person have a reason to open these charts?" {
		t.Error(got)
	}
	var touch judge.Touch
	touch.Counts[judge.Print] = 120
	for range 30 {
		touch.Evidence = append(touch.Evidence, judge.Access{Act: judge.Print, Native: "Report"})
	}
	k.Touches = []privacy.Look{{Touch: touch, Patient: -1}, {Touch: touch, Patient: 1}}
	what, says := console.EvidenceOf(&k)
	if len(what) != 40 || what[0] != "Printed: Report" || what[39] != "Printed: Report, patient ••••4472" || says != "40 of 240 accesses. Open a seal to see its proof" {
		t.Error(len(what), what, says)
	}
}

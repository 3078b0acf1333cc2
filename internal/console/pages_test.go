package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
)

func TestAFindingIsJudgedWithoutScript(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst)
	status, body := p.get("/findings")
	if status != http.StatusOK || !strings.Contains(body, "Five findings wait.") || !strings.Contains(body, "Virus protection stopped") {
		t.Fatalf("status %d\n%s", status, body)
	}
	m := regexp.MustCompile(`action="(/findings/[0-9a-f]+)/judge"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatal("nothing to judge with\n" + body)
	}
	status, to := p.post(m[1]+"/judge", url.Values{"verdict": {"false"}, "why": {"planned"}, "next": {"/findings"}})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/findings?done=false&of=") {
		t.Fatalf("status %d, to %s", status, to)
	}
	_, body = p.get(to)
	if !strings.Contains(body, "False alarm: Virus protection stopped") || !strings.Contains(body, "Four findings wait.") {
		t.Fatal(body)
	}
	if _, body = p.get(m[1]); strings.Contains(body, "Is this real?") || !strings.Contains(body, "Was that right?") || !strings.Contains(body, "planned") {
		t.Error("a finding that was judged is asked about again, or nobody says why it was\n" + body)
	}
	if status, to = p.post(m[1]+"/undo", nil); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	if _, body = p.get("/findings"); !strings.Contains(body, "Five findings wait.") {
		t.Fatal(body)
	}
	_, body = p.get(m[1])
	for _, want := range []string{"judged it: a false alarm (taken back). planned", "took the verdict back"} {
		if !strings.Contains(body, want) {
			t.Errorf("the finding does not say %q\n%s", want, body)
		}
	}
}

// agreed lets admin agree to what p proposed to hide, after p tried to do so alone.
func agreed(t *testing.T, n *node, p, admin *person) {
	t.Helper()
	if all, err := n.desk.Suppressions(t.Context()); err != nil || len(all) > 0 {
		t.Fatalf("one person hides: %v %v", all, err)
	}
	_, body := p.get("/hidden")
	decline := regexp.MustCompile(`action="(/hidden/proposals/[^"]+)/decline"`).FindStringSubmatch(body)
	if decline == nil || strings.Contains(body, "/agree") || !strings.Contains(body, "you proposed it") {
		t.Fatal(body)
	}
	if status, body := p.post(decline[1]+"/agree", nil); status != http.StatusBadRequest || !strings.Contains(body, "Somebody else must agree") {
		t.Fatalf("one agrees with oneself: status %d\n%s", status, body)
	}
	if _, body := admin.get("/"); !strings.Contains(body, "One proposal waits for your agreement") {
		t.Error("Today does not say that a proposal waits")
	}
	_, body = admin.get("/hidden")
	for _, want := range []string{"proposed by S. Senior", "This hides 1 finding, of which 0 were judged true.", "Why: Planned visits", decline[1] + "/agree"} {
		if !strings.Contains(body, want) {
			t.Errorf("the proposal does not say %q\n%s", want, body)
		}
	}
	if status, to := admin.post(decline[1]+"/agree", nil); status != http.StatusSeeOther || to != "/hidden?done=hidden" {
		t.Fatal(status, to)
	}
	if status, _ := admin.post(decline[1]+"/agree", nil); status != http.StatusBadRequest {
		t.Errorf("agreed twice: status %d", status)
	}
	_, body = admin.get("/trail")
	for _, want := range []string{"proposed: hid", "agreed: hid"} {
		if !strings.Contains(body, want) {
			t.Errorf("the trail does not say %q", want)
		}
	}
}

// TestAnAdministratorIsMadeByTwo: by an invitation, and by roles; what weighs less takes one.
func TestAnAdministratorIsMadeByTwo(t *testing.T) {
	n := newNode(t)
	ada := n.first()
	analyst := n.hire(ada, "m.okafor", "M. Okafor", access.Analyst)
	ben := n.hire(ada, "b.second", "B. Second", access.Admin) // nobody else is there yet
	decided := func(who *person) string {
		t.Helper()
		_, body := who.get("/people")
		m := regexp.MustCompile(`action="(/people/proposals/[^"]+)/decline"`).FindStringSubmatch(body)
		if m == nil {
			t.Fatal(body)
		}
		return m[1]
	}
	if status, to := ada.post("/people/invite", url.Values{"name": {"c.third"}, "display": {"C. Third"}, "role": {"auditor"}}); to != "/people?done=proposed" {
		t.Fatal(status, to)
	}
	if status, body := ben.post(decided(ben)+"/agree", nil); status != http.StatusOK || !strings.Contains(body, "The invitation of C. Third") || !strings.Contains(body, "/invite/") {
		t.Fatalf("status %d\n%s", status, body)
	}
	if status, to := ben.post("/people/"+analyst.id+"/roles", url.Values{"role": {"analyst", "admin"}}); to != "/people?done=proposed" {
		t.Fatal(status, to)
	}
	if status, to := ada.post(decided(ada)+"/decline", nil); status != http.StatusSeeOther || to != "/people?done=declined" {
		t.Fatal(status, to)
	}
	if status, _ := analyst.get("/people"); status != http.StatusForbidden {
		t.Errorf("what was declined was done: status %d", status)
	}
	if status, to := ben.post("/people/"+analyst.id+"/roles", url.Values{"role": {"analyst", "admin"}}); to != "/people?done=proposed" {
		t.Fatal(status, to)
	}
	if status, to := ada.post(decided(ada)+"/agree", nil); status != http.StatusSeeOther || to != "/people?done=roles" {
		t.Fatal(status, to)
	}
	analyst.login()
	if status, _ := analyst.get("/people"); status != http.StatusOK {
		t.Errorf("what was agreed to was not done: status %d", status)
	}
	if status, to := ben.post("/people/"+analyst.id+"/roles", url.Values{"role": {"senior", "admin"}}); status != http.StatusSeeOther || to != "/people?done=roles" {
		t.Errorf("a role that takes one: status %d, %s", status, to)
	}
}

// TestOnePersonMayDoAllWhereTheHouseWantsIt: two_people is off.
func TestOnePersonMayDoAllWhereTheHouseWantsIt(t *testing.T) {
	n := newNode(t, func(_ *node, c *console.Config) { c.Alone = true })
	ada := n.first()
	n.hire(ada, "b.second", "B. Second", access.Admin)
	if status, body := ada.post("/people/invite", url.Values{"name": {"c.third"}, "display": {"C. Third"}, "role": {"admin"}}); status != http.StatusOK || !strings.Contains(body, "/invite/") {
		t.Errorf("status %d\n%s", status, body)
	}
}

func TestWhatIsExpectedIsHiddenAndShownAgainWithoutScript(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	p := n.hire(admin, "s.senior", "S. Senior", access.Senior)
	_, body := p.get("/findings")
	hide := regexp.MustCompile(`href="(/findings/[0-9a-f]+/hide)"`).FindStringSubmatch(body)
	if hide == nil {
		t.Fatal(body)
	}
	_, body = p.get(hide[1])
	scope := regexp.MustCompile(`name="scope" value="(host [0-9]+)"[^>]*><b>(PACS-[0-9][^<]*)<`).FindStringSubmatch(body)
	if scope == nil || strings.Contains(body, "This hides") {
		t.Fatal(body)
	}
	for form, says := range map[string]string{
		"scope=none&reason=x&days=7": "Choose what it is about", "scope=all&reason=&days=7": "Say why it is expected", "scope=all&reason=x&days=365": "Choose 90 days at most",
	} {
		v, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := p.post(hide[1], v); status != http.StatusBadRequest || !strings.Contains(body, says) {
			t.Errorf("%s: status %d, not %q", form, status, says)
		}
	}
	form := url.Values{"scope": {scope[1]}, "reason": {"Planned visits"}, "days": {"30"}, "step": {"count"}}
	if status, body := p.post(hide[1], form); status != http.StatusOK || !strings.Contains(body, "This hides 1 finding, of which 0 were judged true.") || !strings.Contains(body, `value="save"`) {
		t.Fatalf("status %d\n%s", status, body)
	}
	if all, err := n.desk.Suppressions(t.Context()); err != nil || len(all) > 0 {
		t.Fatalf("counting hides: %v %v", all, err)
	}
	form.Set("step", "save")
	if status, to := p.post(hide[1], form); status != http.StatusSeeOther || to != "/hidden?done=proposed" {
		t.Fatal(status, to)
	}
	agreed(t, n, p, admin)
	_, body = p.get("/hidden?done=hidden")
	lift := regexp.MustCompile(`action="(/hidden/[^"]+/lift)"`).FindStringSubmatch(body)
	if lift == nil || !strings.Contains(body, "host "+scope[2]) || !strings.Contains(body, "Planned visits") || !strings.Contains(body, "Such findings are hidden for now") {
		t.Fatal(body)
	}
	if status, to := p.post(lift[1], nil); status != http.StatusSeeOther || to != "/hidden?done=shown" {
		t.Fatal(status, to)
	}
	if _, body = p.get("/hidden"); !strings.Contains(body, "Nothing is hidden.") {
		t.Error(body)
	}
}

package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/access"
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

func TestWhatIsExpectedIsHiddenAndShownAgainWithoutScript(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.hire(n.first(), "s.senior", "S. Senior", access.Senior)
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
	if status, to := p.post(hide[1], form); status != http.StatusSeeOther || to != "/hidden?done=hidden" {
		t.Fatal(status, to)
	}
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

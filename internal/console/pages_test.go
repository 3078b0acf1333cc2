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
}

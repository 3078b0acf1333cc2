package console_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/triage"
)

func TestEveryAnswerIsHardened(t *testing.T) {
	n := newNode(t)
	for _, path := range []string{"/login", "/", "/nothing", "/api/openapi.json", "/api/v1/findings"} {
		resp, err := n.browser().Get(n.srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'",
			"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s: %s", path, name, got)
			}
		}
		if path != "/api/openapi.json" && resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %s", path, resp.Header.Get("Cache-Control"))
		}
	}
}

func TestTheCookieIsOutOfReach(t *testing.T) {
	n := newNode(t)
	p := n.first()
	req, err := http.NewRequest(http.MethodPost, n.srv.URL+"/login", strings.NewReader(url.Values{"name": {p.name}, "passphrase": {passphrase}, "code": {n.code(p.device)}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := n.browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	c := resp.Cookies()
	if len(c) != 1 || c[0].Name != "__Host-wardline" || !c[0].Secure || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" || c[0].Domain != "" {
		t.Errorf("%v", resp.Header["Set-Cookie"])
	}
}

// TestSigningInEndsTheSessionBefore keeps a session that somebody else knows from living on.
func TestSigningInEndsTheSessionBefore(t *testing.T) {
	n := newNode(t)
	p := n.first()
	before := p.c.Jar.Cookies(mustParse(t, n.srv.URL))
	p.login()
	thief := n.browser()
	thief.Jar.SetCookies(mustParse(t, n.srv.URL), before)
	if status, to := (&person{n: n, c: thief}).get("/"); status != http.StatusSeeOther || to != "/login" {
		t.Errorf("the session before lives on: status %d, %s", status, to)
	}
	if status, _ := p.post("/logout", nil); status != http.StatusSeeOther {
		t.Errorf("sign out: status %d", status)
	}
	if status, to := p.get("/"); status != http.StatusSeeOther || to != "/login" {
		t.Errorf("signed out, and still there: status %d, %s", status, to)
	}
}

// TestAPageThatListensKeepsNobodySignedIn leaves a page open for longer than a session may idle.
func TestAPageThatListensKeepsNobodySignedIn(t *testing.T) {
	n := newNode(t)
	w := &walker{n: n, name: "analyst", client: n.hire(n.first(), "m.okafor", "M. Okafor", access.Analyst).c}
	if got := w.ask("GET /news"); got != "yes" {
		t.Fatal(got)
	}
	n.pass(10 * time.Minute)
	if got := w.ask("GET /news"); got != "yes" {
		t.Fatal(got)
	}
	n.pass(10 * time.Minute)
	if got := w.ask("GET /findings"); got != "login" {
		t.Errorf("after 20 minutes without a click: %s", got)
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.first()
	items, err := n.desk.List(t.Context(), triage.Filter{Limit: 1})
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}} {
		req, err := http.NewRequest(http.MethodPost, n.srv.URL+"/findings/"+items[0].ID+"/judge", strings.NewReader("verdict=false"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := p.c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%v: status %d", header, resp.StatusCode)
		}
	}
	item, err := n.desk.Get(t.Context(), items[0].ID)
	if err != nil || item.Verdict != "" {
		t.Errorf("judged by another site: %s, %v", item.Verdict, err)
	}
}

// TestNobodyIsLedAway tries to be sent to another site after signing in.
func TestNobodyIsLedAway(t *testing.T) {
	n := newNode(t)
	p := n.first()
	for to, want := range map[string]string{"/findings": "/findings", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "/a\nb": "/", "": "/", "javascript:alert(1)": "/"} {
		status, got := p.post("/login", url.Values{"name": {p.name}, "passphrase": {passphrase}, "code": {n.code(p.device)}, "to": {to}})
		if status != http.StatusSeeOther || got != want {
			t.Errorf("%q: status %d, to %q", to, status, got)
		}
	}
}

// TestWhatLogsSayIsHarmless shows events that are meant to harm who reads them, and none that names a patient.
func TestWhatLogsSayIsHarmless(t *testing.T) {
	n := newNode(t)
	at := n.now().UTC()
	n.send("<script>alert(1)</script>", "windows", "System", "7036", at, map[string]any{
		"EventID": "7036", "param2": "stopped", "Computer": `"><img src=x onerror=alert(1)>`, "param1": "Defender\u202e\x1b[31m{{.}}", "SubjectUserName": "svc\r\nSet-Cookie: x=y",
	})
	n.night(1)
	p := n.first()
	items, err := n.desk.List(t.Context(), triage.Filter{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	pages := []string{"/", "/findings", "/sources", "/rules", "/journal", "/journal/0/0", "/trail", "/people"}
	for _, i := range items {
		pages = append(pages, "/findings/"+i.ID, "/findings/"+i.ID+"/hide")
	}
	_, to := p.post("/search", url.Values{"text": {"stopped"}, "last": {"24h"}})
	pages = append(pages, to)
	for i := range n.journal.Size() {
		pages = append(pages, "/journal/"+strconv.FormatUint(i, 10)+"/0")
	}
	for _, path := range pages {
		status, body := p.get(path)
		if status >= 500 {
			t.Errorf("%s: status %d", path, status)
		}
		for _, bad := range []string{"<script>alert", "<img src=x", "\u202e", "\x1b", "\r"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s shows %q as it is", path, bad)
			}
		}
		for _, patient := range []string{"4471-0099-7720", "447100997720", "Doe^Jane", "Jane"} {
			if strings.Contains(body, patient) {
				t.Errorf("%s names the patient", path)
			}
		}
	}
}

// TestThePrivacyOfficerSearchesAccessesOnly holds who may see only how records were opened to just that.
func TestThePrivacyOfficerSearchesAccessesOnly(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	p := n.hire(admin, "l.moreau", "L. Moreau", access.Privacy)
	for words, want := range map[string]string{"r.clerk": "1 event fits", "stopped": "Nothing was found"} {
		status, to := p.post("/search", url.Values{"text": {words}, "last": {"24h"}})
		if status != http.StatusSeeOther {
			t.Fatalf("status %d %s", status, to)
		}
		if _, body := p.get(to); !strings.Contains(body, want) {
			t.Errorf("%s: not %q:\n%s", words, want, body)
		}
	}
	// A question belongs to who asked it.
	_, to := p.post("/search", url.Values{"text": {"r.clerk"}, "last": {"24h"}})
	other := n.hire(admin, "x.other", "X. Other", access.Analyst)
	if status, body := other.get(to); status != http.StatusBadRequest || strings.Contains(body, "r.clerk") {
		t.Errorf("somebody else sees the question: status %d", status)
	}
}

// TestAnAdministratorSeesNoEvent opens entries of the journal as somebody who may verify and not read them.
func TestAnAdministratorSeesNoEvent(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.hire(n.first(), "t.admin", "T. Admin", access.Admin)
	status, body := p.get("/journal/0/0")
	if status != http.StatusOK || !strings.Contains(body, "Not shown") || strings.Contains(body, "svc-vendor") {
		t.Errorf("status %d\n%s", status, body)
	}
	status, body = p.get("/findings")
	if status != http.StatusForbidden || !strings.Contains(body, "analysts, senior analysts") || !strings.Contains(body, "Not with the roles you have.") {
		t.Errorf("status %d\n%s", status, body)
	}
}

// TestAnAuditorSeesWhatIsDoneWith looks at the queue as somebody who may read closed findings only.
func TestAnAuditorSeesWhatIsDoneWith(t *testing.T) {
	n := newNode(t)
	n.night(0)
	p := n.hire(n.first(), "t.mbeki", "T. Mbeki", access.Auditor)
	_, body := p.get("/")
	if !strings.Contains(body, "Nothing waits for you.") || !strings.Contains(body, "5 findings wait for them.") || strings.Contains(body, "Virus protection stopped") {
		t.Error(body)
	}
	if _, body = p.get("/findings"); !strings.Contains(body, "No finding is in this view") || strings.Contains(body, "Virus protection stopped") {
		t.Error(body)
	}
	items, err := n.desk.List(t.Context(), triage.Filter{Limit: 1})
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	if err := n.desk.Judge(t.Context(), items[0].ID, triage.True, "it was one", "somebody"); err != nil {
		t.Fatal(err)
	}
	if _, body = p.get("/findings"); !strings.Contains(body, "One finding is settled.") || !strings.Contains(body, items[0].Rule.Title) || strings.Contains(body, "/judge") {
		t.Error(body)
	}
}

// TestAFreshCodeIsAskedForAndNothingIsTypedTwice invites somebody ten minutes after signing in.
func TestAFreshCodeIsAskedForAndNothingIsTypedTwice(t *testing.T) {
	n := newNode(t)
	p := n.first()
	n.pass(10 * time.Minute)
	form := url.Values{"name": {"m.okafor"}, "display": {"M. Okafor"}, "role": {"analyst"}}
	status, body := p.post("/people/invite", form)
	if status != http.StatusForbidden || !strings.Contains(body, "Your second factor again") || !strings.Contains(body, `name="display" value="M. Okafor"`) {
		t.Fatalf("status %d\n%s", status, body)
	}
	form.Set("prove_to", "/people/invite")
	form.Set("prove_code", "000000")
	if status, body = p.post("/prove", form); status != http.StatusForbidden || !strings.Contains(body, "The code is wrong") {
		t.Fatalf("status %d\n%s", status, body)
	}
	form.Set("prove_code", n.code(p.device))
	status, to := p.post("/prove", form)
	if status != http.StatusTemporaryRedirect || to != "/people/invite" {
		t.Fatalf("status %d, to %s", status, to)
	}
	if status, body = p.post(to, form); status != http.StatusOK || !strings.Contains(body, "The invitation of M. Okafor") || !strings.Contains(body, "/invite/") {
		t.Fatalf("status %d\n%s", status, body)
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

package console_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/triage"
)

var update = flag.Bool("update", false, "write what is in testdata anew")

// walker asks every route as one reader.
type walker struct {
	n       *node
	name    string
	client  *http.Client
	token   string
	finding string
}

// path fills the places of a pattern with things that are there, or, where asking would change something, that
// are not.
func (w *walker) path(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{$}", "", "{secret}", "guess", "{question}", "none", "{job}", "none", "{entry}", "0", "{line}", "0",
		"/findings/{id}", "/findings/"+w.finding, "/rules/{id}", "/rules/5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad001", "{id}", "nobody", "{q}", "none", "{day}", "2026-06-15").Replace(path)
}

// ask says how far a reader comes: login, denied, or yes with what became of it.
func (w *walker) ask(pattern string) string {
	w.n.t.Helper()
	method, path := w.path(pattern)
	ctx, cancel := context.WithTimeout(w.n.t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.n.srv.URL+path, strings.NewReader(""))
	if err != nil {
		w.n.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.n.t.Fatalf("%s as %s: %v", pattern, w.name, err)
	}
	again := false // whoever may is asked for the second factor again, if it was shown too long ago
	if resp.StatusCode == http.StatusForbidden {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			w.n.t.Fatal(err)
		}
		again = strings.Contains(string(body), "Your second factor again")
	}
	resp.Body.Close() // streams go on: what they say first is enough
	switch {
	case again:
		return "yes"
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusTooManyRequests, strings.HasPrefix(resp.Header.Get("Location"), "/login") && pattern != "POST /logout":
		return "login"
	case resp.StatusCode == http.StatusForbidden:
		return "denied"
	case resp.StatusCode >= 500:
		w.n.t.Errorf("%s as %s: status %d", pattern, w.name, resp.StatusCode)
	}
	return "yes"
}

// TestWhoMayAskWhat walks all routes as every role. Whoever changes what a role may see changes a text in testdata.
func TestWhoMayAskWhat(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	walkers := []*walker{{n: n, name: "nobody", client: n.browser()}}
	for _, role := range access.PeopleRoles() {
		p := n.hire(admin, "p."+string(role), "P. "+string(role), role)
		walkers = append(walkers, &walker{n: n, name: string(role), client: p.c})
	}
	ctx := access.WithActor(t.Context(), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()})
	programs := []*walker{{n: n, name: "nobody", client: n.browser()}}
	for _, role := range []access.Role{access.Sender, access.Reader} {
		spec := access.TokenSpec{Name: string(role), Role: role}
		if role == access.Sender {
			spec.Source = "lab"
		}
		token, err := n.house.Issue(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, &walker{n: n, name: string(role), client: n.browser(), token: token})
	}
	items, err := n.desk.List(t.Context(), triage.Filter{Limit: 1})
	if err != nil || len(items) == 0 {
		t.Fatal(items, err)
	}
	for _, w := range append(walkers, programs...) {
		w.finding = items[0].ID
	}
	var b strings.Builder
	row := func(first string, cells []string) {
		fmt.Fprintf(&b, "%-40s", first)
		for _, c := range cells {
			fmt.Fprintf(&b, " %-8s", c)
		}
		b.WriteString("\n")
	}
	table := func(ws []*walker, patterns []string) {
		var names []string
		for _, w := range ws {
			names = append(names, w.name)
		}
		row("", names)
		for _, p := range patterns {
			var cells []string
			for _, w := range ws {
				cells = append(cells, w.ask(p))
			}
			row(p, cells)
		}
	}
	var pages, apis []string
	for _, r := range console.Table() {
		if r.Pattern != "" && r.Pattern != "POST /logout" {
			pages = append(pages, r.Pattern)
		}
		if r.API != "" {
			method, path, _ := strings.Cut(r.API, " ")
			apis = append(apis, method+" /api/v1"+path)
		}
	}
	table(walkers, append(pages, "POST /logout"))
	b.WriteString("\n")
	table(programs, apis)
	golden(t, "matrix.txt", trimmed(b.String()))
}

// trimmed cuts the spaces at the ends of lines.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// TestEveryPageButTheGateHasAVerb keeps a new route from being open to all by omission.
func TestEveryPageButTheGateHasAVerb(t *testing.T) {
	open := map[string]bool{"GET /login": true, "POST /login": true, "POST /login/passkey": true, "GET /oidc": true, "GET /oidc/back": true, "GET /setup/{secret}": true, "GET /invite/{secret}": true, "POST /setup": true, "POST /setup/confirm": true, "POST /setup/passkey": true, "GET /card": true, "GET /card/{id}": true}
	for _, r := range console.Table() {
		if (r.Verb == "") != open[r.Pattern] {
			t.Errorf("%s has the verb %q", r.Pattern, r.Verb)
		}
		if r.API != "" && r.Verb == "" {
			t.Errorf("%s is served to programs without a verb", r.API)
		}
	}
}

// TestWithoutATrailNothingIsChanged lets the journal fail and asks for every change that there is.
func TestWithoutATrailNothingIsChanged(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	items, err := n.desk.List(t.Context(), triage.Filter{Limit: 1})
	if err != nil || len(items) == 0 {
		t.Fatal(items, err)
	}
	id := "/findings/" + items[0].ID
	secret, err := n.house.Issue(access.WithActor(t.Context(), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()}), access.TokenSpec{Name: "lab", Role: access.Sender, Source: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	token := strings.Split(secret, "_")[1]
	wanted := access.WithActor(t.Context(), access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()})
	for _, v := range []access.Verb{access.FindingSuppress, access.PeopleWrite} {
		if err := n.house.Propose(wanted, v, access.Object{Kind: "rule", ID: "x"}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	proposals, err := n.house.Proposals(wanted)
	if err != nil || len(proposals) != 2 {
		t.Fatal(proposals, err)
	}
	forms := map[string]string{
		"POST /hidden/proposals/{id}/agree":   "/hidden/proposals/" + proposals[0].ID + "/agree",
		"POST /hidden/proposals/{id}/decline": "/hidden/proposals/" + proposals[0].ID + "/decline",
		"POST /people/proposals/{id}/agree":   "/people/proposals/" + proposals[1].ID + "/agree",
		"POST /people/proposals/{id}/decline": "/people/proposals/" + proposals[1].ID + "/decline",
		"POST /findings/{id}/judge":           id + "/judge?verdict=true", "POST /findings/{id}/later": id + "/later", "POST /findings/{id}/take": id + "/take", "POST /findings/{id}/undo": id + "/undo",
		"POST /findings/{id}/hide":  id + "/hide?step=save&scope=all&reason=x&days=7",
		"POST /hunt":                "/hunt?indicators=198.51.100.7&days=1",
		"POST /journal/verify":      "/journal/verify",
		"POST /journal/verify/stop": "/journal/verify/stop",
		"POST /sources/add":         "/sources/add?kind=winlogbeat&name=pacs-9",
		"POST /people/invite":       "/people/invite?name=b.new&display=B&role=analyst",
		"POST /people/{id}/roles":   "/people/" + admin.id + "/roles?role=auditor",
		"POST /people/{id}/reset":   "/people/" + admin.id + "/reset",
		"POST /people/{id}/end":     "/people/" + admin.id + "/end",
		"POST /people/{id}/disable": "/people/" + admin.id + "/disable",
		"POST /tokens":              "/tokens?name=dashboard",
		"POST /tokens/{id}/revoke":  "/tokens/" + token + "/revoke",
		"POST /you/recovery":        "/you/recovery",
		"POST /logout":              "/logout",
		"POST /rules/look":          "/rules/look",
		"POST /rules/{id}/resume":   "/rules/5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad001/resume",
	}
	exempt := map[string]bool{ // they lead to no act, or are held in the test of what they do
		"POST /login/passkey": true, "POST /setup/passkey": true, "POST /prove/passkey": true, "POST /you/passkeys": true, "POST /you/passkeys/{id}/remove": true,
		"POST /login": true, "POST /setup": true, "POST /setup/confirm": true, "POST /keys": true, "POST /prove": true, "POST /search": true, "POST /search/{question}/keep": true,
		"POST /search/kept/{id}/forget": true, "POST /hunt/{job}/stop": true, "POST /hidden/{id}/lift": true,
		"POST /rules/changes": true, "POST /rules/activate": true, "POST /rules/changes/{job}/stop": true,
		"POST /review/{id}/decide": true, "POST /review/{id}/undo": true, "POST /review/{id}/reveal": true, "POST /review/{id}/conceal": true, "POST /review/{id}/breach": true,
		"POST /review/proposals/{id}/agree": true, "POST /review/proposals/{id}/decline": true, "POST /patients/who-saw": true, "POST /patients/who-saw/{q}/reveal": true,
		"POST /patients/who-saw/{q}/conceal": true, "POST /people-at-work": true, "POST /people-at-work/{id}/{day}/reveal": true, "POST /people-at-work/{id}/{day}/conceal": true,
		"POST /flows/{id}/ordinary": true, "POST /flows/map/links/{id}": true, "POST /flows/canaries": true, "POST /flows/canaries/{id}/marks": true, "POST /flows/canaries/{id}/allow": true, "POST /flows/canaries/{id}/remove": true,
		"POST /flows/readiness/{id}/printed": true, "POST /flows/readiness/{id}/drill": true, "POST /flows/readiness/{id}/drill/step": true,
		"POST /flows/readiness/{id}/drill/end": true, "POST /flows/readiness/{id}/recover": true,
	}
	if err := n.desk.Judge(t.Context(), items[0].ID, triage.False, "to be taken back", admin.id); err != nil {
		t.Fatal(err)
	}
	before, err := n.desk.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.seal.broken.Store(true)
	for _, r := range console.Table() {
		if !strings.HasPrefix(r.Pattern, "POST ") || exempt[r.Pattern] {
			continue
		}
		target, ok := forms[r.Pattern]
		if !ok {
			t.Errorf("%s changes something, and nobody tested it without a trail", r.Pattern)
			continue
		}
		path, query, _ := strings.Cut(target, "?")
		began := time.Now()
		status, body := admin.do(http.MethodPost, path, strings.NewReader(query))
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing was changed") {
			t.Errorf("%s: status %d\n%s", r.Pattern, status, body)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %v to say so", r.Pattern, took)
		}
	}
	n.seal.broken.Store(false)
	after, err := n.desk.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, before); diff != "" {
		t.Error(diff)
	}
	if all, err := n.desk.Suppressions(t.Context()); err != nil || len(all) > 0 {
		t.Error(all, err)
	}
	if status, _ := admin.get("/people"); status != http.StatusOK {
		t.Errorf("the session is gone: status %d", status)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("not as in %s (go test -update writes it anew):\n%s", file, diff)
	}
}

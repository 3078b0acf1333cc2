package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/triage"
)

// program is somebody who reads by a token.
type program struct {
	n     *node
	token string
}

func (p *program) ask(method, path, body string) (int, http.Header, []byte) {
	p.n.t.Helper()
	req, err := http.NewRequestWithContext(p.n.t.Context(), method, p.n.srv.URL+path, strings.NewReader(body))
	if err != nil {
		p.n.t.Fatal(err)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.n.browser().Do(req)
	if err != nil {
		p.n.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.n.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, text
}

// schemas compiles the document's own descriptions of its answers.
func schemas(t *testing.T) (document map[string]any, of func(name string) *jsonschema.Schema) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(console.OpenAPI()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("https://wardline.example/openapi.json", v); err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any), func(name string) *jsonschema.Schema {
		t.Helper()
		s, err := c.Compile("https://wardline.example/openapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// TestAnswersAreAsTheDocumentSays asks each route that a reader may, and holds the answer against its schema.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	maker := access.Actor{ID: admin.id, Name: "a.lindqvist", Roles: access.FirstRoles()}
	token, err := n.house.Issue(access.WithActor(t.Context(), maker), access.TokenSpec{Name: "dashboard", Role: access.Reader})
	if err != nil {
		t.Fatal(err)
	}
	items, err := n.desk.List(t.Context(), triage.Filter{Text: "Chart opened", Limit: 1})
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	p := &program{n, token}
	_, schema := schemas(t)
	for path, name := range map[string]string{
		"/api/v1/findings": "Findings", "/api/v1/findings/" + items[0].ID: "Finding", "/api/v1/sources": "Sources", "/api/v1/rules": "Rules",
		"/api/v1/journal/checkpoint": "Checkpoint", "/api/v1/journal/proof/0": "Proof",
	} {
		status, header, body := p.ask(http.MethodGet, path, "")
		if status != http.StatusOK || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: status %d, %s\n%s", path, status, header.Get("Content-Type"), body)
			continue
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if err := schema(name).Validate(v); err != nil {
			t.Errorf("%s: %v\n%s", path, err, body)
		}
		for _, patient := range []string{"4471-0099-7720", "Jane", "Doe^", "Doe "} { // three letters alone stand in a proof by chance
			if bytes.Contains(body, []byte(patient)) {
				t.Errorf("%s names the patient", path)
			}
		}
	}
	for path, want := range map[string]int{
		"/api/v1/findings/none": http.StatusNotFound, "/api/v1/journal/proof/999999": http.StatusNotFound, "/api/v1/nothing": http.StatusNotFound, "/api/v1/answers": http.StatusForbidden,
	} {
		status, header, body := p.ask(http.MethodGet, path, "")
		if status != want || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: status %d, %s", path, status, header.Get("Content-Type"))
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema("Problem").Validate(v); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestAProgramSearches when its token says so: it finds by identifiers and sees them masked, and each question is sealed.
func TestAProgramSearches(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	status, body := admin.post("/tokens", url.Values{"name": {"siem"}, "may": {"search.run", "answer.read"}})
	secret := regexp.MustCompile(`wl_[0-9a-z]+_[0-9a-z]+`).FindString(body)
	if status != http.StatusOK || secret == "" {
		t.Fatalf("status %d\n%s", status, body)
	}
	if _, body := admin.get("/people"); !strings.Contains(body, "read, search and read answers") {
		t.Error("the page does not say what the token may")
	}
	siem := &program{n, secret}
	_, schema := schemas(t)
	answered := func(method, path, question, name string) []byte {
		t.Helper()
		status, _, body := siem.ask(method, path, question)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d\n%s", path, status, body)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(name).Validate(v); err != nil {
			t.Errorf("%s: %v\n%s", path, err, body)
		}
		return body
	}
	found := answered(http.MethodPost, "/api/v1/search", `{"fields": [{"name": "access.patient", "op": "=", "value": "4471-0099-7720"}]}`, "Hits")
	if !bytes.Contains(found, []byte(`"access.patient":"pt_`)) || !bytes.Contains(found, []byte("kiosk-7")) {
		t.Errorf("not found, or not masked:\n%s", found)
	}
	for _, patient := range []string{"4471-0099-7720", "Jane", "Doe"} {
		if bytes.Contains(found, []byte(patient)) {
			t.Errorf("the answer names the patient:\n%s", found)
		}
	}
	auditor := access.WithActor(t.Context(), access.Actor{ID: "lena", Roles: []access.Role{access.Auditor}})
	acts, err := n.house.Trail(auditor, access.TrailFilter{Verb: access.SearchRun})
	if err != nil || len(acts) != 1 || acts[0].Actor.Token == "" || acts[0].Outcome != access.Done || !acts[0].Sealed || strings.Contains(fmt.Sprint(acts[0].Detail), "4471") {
		t.Errorf("%+v, %v", acts, err)
	}
	for _, bad := range []string{`{"limit": 1001}`, `{"limit": -1}`, `{"words": "x"}`, `{`} {
		if status, _, body := siem.ask(http.MethodPost, "/api/v1/search", bad); status != http.StatusBadRequest {
			t.Errorf("%s: status %d\n%s", bad, status, body)
		}
	}
	n.seal.broken.Store(true)
	if status, _, body := siem.ask(http.MethodPost, "/api/v1/search", `{"text": "vendor"}`); status != http.StatusServiceUnavailable || bytes.Contains(body, []byte("hits")) {
		t.Errorf("without a trail: status %d\n%s", status, body)
	}
	n.seal.broken.Store(false)

	n.hunted(n.hire(admin, "m.okafor", "M. Okafor", access.Analyst), "198.51.100.77")
	if body := answered(http.MethodGet, "/api/v1/answers", "", "Answers"); !bytes.Contains(body, []byte("198.51.100.77")) {
		t.Errorf("%s", body)
	}

	_, body = admin.post("/tokens", url.Values{"name": {"dashboard"}})
	dashboard := &program{n, regexp.MustCompile(`wl_[0-9a-z]+_[0-9a-z]+`).FindString(body)}
	for method, path := range map[string]string{http.MethodPost: "/api/v1/search", http.MethodGet: "/api/v1/answers"} {
		if status, _, body := dashboard.ask(method, path, `{"text": "vendor"}`); status != http.StatusForbidden || !bytes.Contains(body, []byte("must be chosen when the token is made")) {
			t.Errorf("%s: status %d\n%s", path, status, body)
		}
	}
	only := n.hire(admin, "adam", "Adam", access.Admin)
	if _, body := only.get("/people"); strings.Contains(body, `value="search.run"`) {
		t.Error("somebody who may not search is offered to let a token search")
	}
	if status, body := only.post("/tokens", url.Values{"name": {"siem-2"}, "may": {"search.run"}}); status == http.StatusOK || strings.Contains(body, "wl_") {
		t.Errorf("somebody who may not search let a token search: status %d", status)
	}
}

// hunted has somebody ask the past for an indicator, and waits for the answer.
func (n *node) hunted(p *person, indicator string) {
	n.t.Helper()
	status, job := p.post("/hunt", url.Values{"days": {"30"}, "indicators": {indicator}})
	if status != http.StatusSeeOther {
		n.t.Fatal(status, job)
	}
	n.wait("the answer is there", func() bool {
		_, body := p.get(job)
		return !strings.Contains(body, "We are looking.")
	})
}

// TestAProofIsCheckedElsewhere checks what the API hands out with the public package alone.
func TestAProofIsCheckedElsewhere(t *testing.T) {
	n := newNode(t)
	n.night(0)
	admin := n.first()
	token, err := n.house.Issue(access.WithActor(t.Context(), access.Actor{ID: admin.id, Roles: access.FirstRoles()}), access.TokenSpec{Name: "auditor", Role: access.Reader})
	if err != nil {
		t.Fatal(err)
	}
	_, _, body := (&program{n, token}).ask(http.MethodGet, "/api/v1/journal/proof/0", "")
	var answer struct{ Proof string }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	proof, err := tlog.Parse([]byte(answer.Proof))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.Verify(proof.Extra, n.journal.PublicKey()); err != nil {
		t.Error(err)
	}
	changed := append([]byte{}, proof.Extra...)
	changed[len(changed)/2] ^= 1
	if _, err := proof.Verify(changed, n.journal.PublicKey()); err == nil {
		t.Error("a changed entry is proven, too")
	}
}

// TestTheDocumentIsWhole looks at what OpenAPI 3.1 asks of a document.
func TestTheDocumentIsWhole(t *testing.T) {
	document, schema := schemas(t)
	if document["openapi"] != "3.1.0" {
		t.Errorf("openapi: %v", document["openapi"])
	}
	for name := range document["components"].(map[string]any)["schemas"].(map[string]any) {
		schema(name)
	}
	paths := document["paths"].(map[string]any)
	ids := map[string]bool{}
	served := 0
	for _, r := range console.Table() {
		if r.API == "" {
			continue
		}
		served++
		method, path, _ := strings.Cut(r.API, " ")
		op, ok := paths["/api/v1"+path].(map[string]any)[strings.ToLower(method)].(map[string]any)
		if !ok {
			t.Errorf("%s is not described", r.API)
			continue
		}
		id, _ := op["operationId"].(string)
		if id == "" || ids[id] || op["summary"] == "" {
			t.Errorf("%s: operationId %q is empty or there twice, or nothing says what it does", r.API, id)
		}
		ids[id] = true
		parameters := map[string]bool{}
		for _, p := range op["parameters"].([]any) {
			p := p.(map[string]any)
			parameters[p["name"].(string)] = true
			if p["in"] == "path" && (p["required"] != true || !strings.Contains(path, "{"+p["name"].(string)+"}")) {
				t.Errorf("%s: parameter %v", r.API, p)
			}
		}
		for _, part := range strings.Split(path, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok && !parameters[strings.TrimSuffix(name, "}")] {
				t.Errorf("%s: parameter %s is not described", r.API, part)
			}
		}
		responses := op["responses"].(map[string]any)
		for _, code := range []string{"200", "default"} {
			for _, content := range responses[code].(map[string]any)["content"].(map[string]any) {
				if content.(map[string]any)["schema"] == nil {
					t.Errorf("%s: the answer %s is not described", r.API, code)
				}
			}
		}
	}
	if served != len(ids) {
		t.Errorf("%d routes, %d described", served, len(ids))
	}
}

// TestTheDocumentFitsItsMetaSchema holds the document against the schema of OpenAPI 3.1, which the OpenAPI Initiative publishes
// under Apache-2.0 (spec.openapis.org/oas/3.1/schema).
func TestTheDocumentFitsItsMetaSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	meta, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://wardline.example/oas", meta); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("https://wardline.example/oas")
	if err != nil {
		t.Fatal(err)
	}
	document, _ := schemas(t)
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	delete(document, "info")
	if schema.Validate(document) == nil {
		t.Error("a document without info passes, too")
	}
}

// TestTheDocumentIsServed asks for the document as a program does, and shows that nothing else comes without a token.
func TestTheDocumentIsServed(t *testing.T) {
	n := newNode(t)
	status, header, body := (&program{n: n}).ask(http.MethodGet, "/api/openapi.json", "")
	if status != http.StatusOK || header.Get("Content-Type") != "application/json" || !bytes.Equal(body, console.OpenAPI()) {
		t.Errorf("status %d, %d bytes", status, len(body))
	}
	if status, header, _ := (&program{n: n}).ask(http.MethodGet, "/api/v1/findings", ""); status != http.StatusUnauthorized || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("without a token: status %d, %v", status, header)
	}
	if status, _, _ := (&program{n, "wl_none_none"}).ask(http.MethodGet, "/api/v1/findings", ""); status != http.StatusUnauthorized {
		t.Errorf("with a wrong token: status %d", status)
	}
}

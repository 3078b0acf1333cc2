package resources_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/resources"
)

// TestDeclarations that cannot be meant are refused, with what to do.
func TestDeclarations(t *testing.T) {
	const good = "system: R\nbase: https://fhir.example/r4\ntypes: [{type: Observation}]\n"
	if d, err := resources.Parse([]byte(good)); err != nil || d.Rate != 5 || d.Page != 200 || d.Types[0].Harm != "normal" || time.Duration(d.Young) != 5*time.Minute {
		t.Errorf("%+v %v", d, err)
	}
	for text, want := range map[string]string{
		strings.Replace(good, "https://fhir.example/r4", "http://fhir.example/r4", 1): "base: it must begin with https:",
		strings.Replace(good, "fhir.example", "me:secret@fhir.example", 1):            "base: a password does not belong there",
		strings.Replace(good, "https://fhir.example/r4", "/r4", 1):                    "base: it is no address",
		strings.Replace(good, "Observation", "Observation/../Patient", 1):             "type 1: it is no type",
		good + "colour: red\n":            "field colour not found",
		good + "rate: -1\n":               "rate must be above 0",
		good + "results: {by: name}\n":    "results.by: it is neither order nor time",
		good + "history: some\n":          "history: it is none of",
		good + "login: token\n":           "login and ca: name the files",
		good + "zone: Local\n":            "zone: it is no place",
		good + "---\nsystem: R\n":         "more than one document",
		good + "aliases: [internal]\n":    "aliases: one is no address",
		"base: https://x/\ntypes: []\n":   "system: say what",
		"system: R\nbase: https://x/r4\n": "types: name at least one",
		strings.Replace(good, "[{type: Observation}]", "[{type: A}, {type: A}]", 1): "type 2: A is declared twice",
	} {
		if _, err := resources.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
	if _, err := resources.Parse([]byte(strings.Replace(good, "https:", "http:", 1) + "clear: true\n")); err != nil {
		t.Error(err)
	}
}

// TestBundles are read as servers write them.
func TestBundles(t *testing.T) {
	list, next, err := resources.Entries([]byte(`{"resourceType":"Bundle","type":"history","link":[{"relation":"self","url":"s"},{"relation":"next","url":"https://x/n"}],"entry":[
		{"fullUrl":"https://x/Patient/p","resource":{"resourceType":"Patient","id":"p","meta":{"versionId":"3"}}},
		{"fullUrl":"https://x/Patient/q","resource":{"resourceType":"Patient","id":"q","meta":{"lastUpdated":"2026-03-01T09:15:00+02:00"}}},
		{"fullUrl":"https://x/Patient/r","request":{"method":"DELETE","url":"Patient/r/_history/4"},"response":{"etag":"W/\"9\""}},
		{"fullUrl":"https://x/Patient/s","request":{"method":"DELETE","url":"Patient/s"},"response":{"etag":"W/\"9\""}},
		{"fullUrl":"https://x/Patient/t","request":{"method":"DELETE","url":"Patient/t?x=y"}},
		{"resource":{"resourceType":"OperationOutcome","issue":[]}},
		{"search":{"mode":"include"},"resource":{"resourceType":"Patient","id":"u"}}]}`))
	want := []string{"Patient/p 3 written", "Patient/q @1772349300000000 written", "Patient/r 4 deleted", "Patient/s 9 deleted", "Patient/t @deleted deleted"}
	if err != nil || next != "https://x/n" || !slices.Equal(list, want) {
		t.Errorf("%q %q %v", list, next, err)
	}
	for body, wrong := range map[string]string{
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"../x"}}]}`: "entry 1: a resource without a type or an id",
		`{"resourceType":"Bundle","entry":[{"fullUrl":"x"}]}`:                                     "entry 1: it holds no resource, and is no deletion",
		`{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"secret"}}]}`:      "entry 1: a deletion that does not say of what",
		`{"resourceType":"Patient","id":"x"}`:                                                     "the answer is no Bundle",
		`{"resourceType":"Bundle","a":1,"a":2}`:                                                   "jcs: at byte",
		`<html>secret</html>`:                                                                     "jcs: at byte 0",
	} {
		if _, _, err := resources.Entries([]byte(body)); err == nil || !strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestAServerThatMisleads gets nowhere: its links and redirects lead to its own address, and end.
func TestAServerThatMisleads(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host was asked, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	bundle := func(next string) string {
		return fmt.Sprintf(`{"resourceType":"Bundle","link":[{"relation":"next","url":%q}]}`, next)
	}
	for name, c := range map[string]struct {
		answer func(r *reference, w http.ResponseWriter, req *http.Request)
		want   string
	}{
		"a next page elsewhere": {func(_ *reference, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, bundle(elsewhere.URL+"/fhir/x"))
		}, "sends us to another address"},
		"a next page outside of its base": {func(r *reference, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, bundle(r.URL+"/other")) }, "sends us to another address"},
		"a next page that is a file": {func(_ *reference, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, bundle("file:///etc/passwd"))
		}, "sends us to another address"},
		"a redirect elsewhere": {func(_ *reference, w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, elsewhere.URL+"/fhir/x", http.StatusFound)
		}, "sends us to another address"},
		"a page that is its own next one": {func(_ *reference, w http.ResponseWriter, req *http.Request) {
			fmt.Fprint(w, bundle(req.URL.RequestURI()))
		}, "its pages lead nowhere"},
		"pages without an end": {func(r *reference, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, bundle(fmt.Sprintf("%s/fhir/Observation/_history?n=%d", r.URL, len(r.requests))))
		}, "its pages lead nowhere"},
		"another resource": {func(_ *reference, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"secret"}}]}`)
		}, "not the resource that was asked for"},
		"a page of a portal": {func(_ *reference, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>secret") }, "page 1: jcs: at byte 0"},
		"a refusal": {func(_ *reference, w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "secret", http.StatusForbidden)
		}, "the server answers 403: the account may not read this"},
		"an answer cut off": {func(_ *reference, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
		}, "the connection broke"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReference(t)
			(&hospital{t, r, "", ""}).begin()
			src, k := source(t, r.address(), "login: "+login(t, "bearer t0ken")), keeper(t)
			r.wrong = func(w http.ResponseWriter, req *http.Request) bool {
				if strings.Contains(req.URL.RawQuery, "_summary") {
					return false
				}
				c.answer(r, w, req)
				return true
			}
			_, err := k.Sweep(t.Context(), src, "Observation", (&caught{}).emit)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			for _, word := range []string{"secret", "t0ken", "127.0.0.1", "http"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("%q stands in %q", word, err)
				}
			}
		})
	}
}

func login(t testing.TB, line string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "login")
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestLogins are sent as they are written, and read anew.
func TestLogins(t *testing.T) {
	r := newReference(t)
	r.wrong = func(w http.ResponseWriter, req *http.Request) bool {
		if got := req.Header.Get("Authorization"); got != "Bearer abc" && got != "Basic cmVhZGVyOnB3" {
			http.Error(w, "", http.StatusUnauthorized)
			return true
		}
		return false
	}
	file := login(t, "basic reader:pw")
	src := source(t, r.address(), "login: "+file)
	if err := os.WriteFile(file, []byte("bearer abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	sweep(t, keeper(t), src)
	for line, want := range map[string]string{"bearer wrong": "the account may not read this, or its login has expired", "secret": "one line is wanted", "basic secret": "one line is wanted"} {
		_, err := resources.Connect(t.Context(), declaration(t, r.address(), "login: "+login(t, line)))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestCertificates must be vouched for.
func TestCertificates(t *testing.T) {
	r := newReference(t)
	safe := httptest.NewTLSServer(r)
	defer safe.Close()
	_, err := resources.Connect(t.Context(), declaration(t, safe.URL+"/fhir", ""))
	if err == nil || !strings.Contains(err.Error(), "nobody we trust vouches") {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: safe.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	source(t, safe.URL+"/fhir", "ca: "+ca)
}

// TestAliases are addresses of the same server: links that lead there are followed at the base, and references compare.
func TestAliases(t *testing.T) {
	r := newReference(t)
	h := &hospital{t, r, "", ""}
	h.begin()
	src, k := source(t, r.address(), "aliases: [https://internal.example/fhir]"), keeper(t)
	sweep(t, k, src)
	h.rewrite(h, "Observation", "a", 1, `"Patient/p1"`, `"https://internal.example/fhir/Patient/p1"`)
	followed := false
	r.wrong = func(w http.ResponseWriter, req *http.Request) bool {
		if req.URL.Query().Get("n") != "" || req.URL.Path != "/fhir/Patient/_history" {
			followed = followed || req.URL.Query().Get("n") != ""
			return false
		}
		fmt.Fprint(w, `{"resourceType":"Bundle","link":[{"relation":"next","url":"https://internal.example/fhir/Patient/_history?_count=9&n=1"}]}`)
		return true
	}
	if c := sweep(t, k, src); len(c.changes) > 0 || !followed {
		t.Error(c.lines(""), followed)
	}
}

// TestABusyServer is asked again, and not faster than is declared.
func TestABusyServer(t *testing.T) {
	r := newReference(t)
	busy := 0
	r.wrong = func(w http.ResponseWriter, req *http.Request) bool {
		if busy++; busy%2 == 0 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		http.Error(w, "", http.StatusServiceUnavailable)
		return true
	}
	source(t, r.address(), "")
	if busy != 2 {
		t.Error(busy)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := resources.Connect(ctx, declaration(t, r.address(), "")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestWhatAServerCannotDo is said before anything is read.
func TestWhatAServerCannotDo(t *testing.T) {
	r := newReference(t)
	r.history = "none"
	d, err := resources.Parse([]byte("system: R\nbase: " + r.address() + "\ntypes: [{type: Observation}, {type: Coverage}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := resources.Connect(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Observation: The server tells no history. What is changed twice between two sweeps is seen once, and what it deletes leaves no trace.",
		"Coverage: The server does not list this type, or the account may not see it.",
	}
	if got := src.Check(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if _, err := keeper(t).Sweep(t.Context(), src, "Coverage", (&caught{}).emit); !errors.Is(err, resources.ErrDeclaration) {
		t.Error(err)
	}
	r.wrong = func(w http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprint(w, `{"resourceType":"CapabilityStatement","fhirVersion":"1.0.2"}`)
		return true
	}
	if _, err := resources.Connect(t.Context(), d); !errors.Is(err, resources.ErrDeclaration) || !strings.Contains(err.Error(), "does not speak FHIR R4") {
		t.Error(err)
	}
}

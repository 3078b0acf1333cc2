package console_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
)

// TestPeopleSignInAtTheirHouse goes to an identity provider and back, as a browser does: somebody of a group that
// means a role comes in, somebody of none does not, and an answer that was not asked for is not believed.
func TestPeopleSignInAtTheirHouse(t *testing.T) {
	p := newProvider(t)
	n := newNode(t, func(n *node, c *console.Config) {
		var err error
		c.OIDC, err = n.house.OIDC(access.OIDCConfig{
			Issuer: p.server.URL, ClientID: "wardline", Secret: "s3cret", Redirect: back, Client: p.server.Client(),
			Roles: map[string][]access.Role{"soc": {access.Analyst}},
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	b := newBrowser(t, n)
	if text := b.get("/login", http.StatusOK); !strings.Contains(text, `href="/oidc"`) {
		t.Error("the page to sign in does not offer it")
	}
	p.groups = []string{"canteen"}
	if text := b.get(b.there(p), http.StatusForbidden); !strings.Contains(text, "group") {
		t.Errorf("somebody of no group was told: %s", text)
	}
	p.groups = []string{"soc"}
	way := b.there(p)
	if text := newBrowser(t, n).get(way, http.StatusForbidden); strings.Contains(text, "You are signed in") {
		t.Error("another browser came in by the same way")
	}
	if text := b.get(way, http.StatusOK); !strings.Contains(text, "You are signed in") {
		t.Errorf("came back to: %s", text)
	}
	if text := b.get("/findings", http.StatusOK); !strings.Contains(text, "Findings") {
		t.Error("the session is none")
	}
	b.get("/people", http.StatusForbidden) // an analyst's role, and no more
	if text := newBrowser(t, newNode(t)).get("/oidc", http.StatusNotFound); strings.Contains(text, "oidc") {
		t.Error("a node without a provider has the page")
	}
}

const back = "https://wardline.alder.example:8443/oidc/back"

// browser keeps cookies and follows nothing by itself.
type browser struct {
	t      *testing.T
	n      *node
	client *http.Client
}

func newBrowser(t *testing.T, n *node) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Transport: n.srv.Client().Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &browser{t, n, c}
}

func (b *browser) get(path string, status int) string {
	b.t.Helper()
	resp, err := b.client.Get(b.n.srv.URL + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.StatusCode != status {
		b.t.Errorf("%s: got status %d, want %d", strings.SplitN(path, "?", 2)[0], resp.StatusCode, status)
	}
	return string(text)
}

// there goes to the provider, signs in, and returns the path by which the browser is sent back.
func (b *browser) there(p *provider) string {
	b.t.Helper()
	resp, err := b.client.Get(b.n.srv.URL + "/oidc")
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	u, err := resp.Location()
	if err != nil || !strings.HasPrefix(u.String(), p.server.URL) {
		b.t.Fatalf("sent to %v, %v", u, err)
	}
	p.asked = u.Query()
	return "/oidc/back?" + url.Values{"code": {"c0de"}, "state": {p.asked.Get("state")}, "iss": {p.server.URL}}.Encode()
}

// provider is a small identity provider (OpenID Connect Core 1.0), with one person at its keyboard.
type provider struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	groups []string
	asked  url.Values // what the browser came with last
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		u := p.server.URL
		writeJSON(t, w, map[string]any{"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		k := map[string]string{"kty": "RSA", "kid": "1", "use": "sig", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
		writeJSON(t, w, map[string]any{"keys": []any{k}})
	})
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier"))) // RFC 7636 section 4.6
	if r.PostFormValue("code") != "c0de" || b64(verifier[:]) != p.asked.Get("code_challenge") || r.PostFormValue("redirect_uri") != back {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	claims, err := json.Marshal(map[string]any{
		"iss": p.server.URL, "aud": "wardline", "sub": "4711", "preferred_username": "omar", "name": "Omar N.", "groups": p.groups,
		"nonce": p.asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	})
	if err != nil {
		p.t.Error(err)
	}
	signed := b64([]byte(`{"alg":"RS256","kid":"1","typ":"JWT"}`)) + "." + b64(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	writeJSON(p.t, w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": signed + "." + b64(signature)})
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func writeJSON(t *testing.T, w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		t.Error(err)
	}
}

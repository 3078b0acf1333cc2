package access_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/store"
)

// provider is a small identity provider: a real server that signs tokens by hand, so that it can also sign wrong ones.
type provider struct {
	t      *testing.T
	h      *hospital
	server *httptest.Server
	key    *rsa.PrivateKey

	mu     sync.Mutex
	codes  map[string]url.Values // what each code was asked for with
	claims map[string]any        // of the person at its keyboard; what is nil is left out
	sign   func(p *provider, header, payload []byte) []byte
	alg    string
	issuer string // that it calls itself
	asked  int    // how often its configuration was asked for
	hold   func() // what it does before it answers that
}

func newProvider(t *testing.T, h *hospital) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, h: h, key: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.configuration)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	p.issuer = p.server.URL
	p.is(nil)
	return p
}

// is puts somebody at the keyboard: Omar, except for what is changed.
func (p *provider) is(changes map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims = map[string]any{
		"iss": p.server.URL, "aud": "wardline", "sub": "4711", "preferred_username": "Omar", "name": "Omar N.",
		"groups": []string{"soc", "canteen"}, "exp": p.h.now().Add(time.Minute).Unix(), "iat": p.h.now().Unix(),
	}
	maps.Copy(p.claims, changes)
	p.sign, p.alg = signRSA, "RS256"
}

func (p *provider) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *provider) configuration(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.asked++
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		hold()
	}
	u := p.server.URL
	p.answer(w, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "1", "use": "sig", "n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

// authorize is what the browser does at the provider: it comes back with a code.
func (p *provider) authorize(location string) url.Values {
	p.t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != "wardline" || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != redirect {
		p.t.Errorf("asked with %v", q)
	}
	code := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = q
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.server.URL}}
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !ok || id != "wardline" || secret != "s3cret" || b64(verifier[:]) != asked.Get("code_challenge") || r.PostFormValue("redirect_uri") != redirect {
		w.WriteHeader(http.StatusBadRequest)
		p.answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := maps.Clone(p.claims)
	if _, ok := claims["nonce"]; !ok {
		claims["nonce"] = asked.Get("nonce")
	}
	if asked.Get("prompt") == "login" && asked.Get("max_age") == "0" {
		if _, ok := claims["auth_time"]; !ok {
			claims["auth_time"] = p.h.now().Unix()
		}
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	header, err1 := json.Marshal(map[string]string{"alg": p.alg, "kid": "1", "typ": "JWT"})
	payload, err2 := json.Marshal(claims)
	if err1 != nil || err2 != nil {
		p.t.Error(err1, err2)
	}
	signed := b64(header) + "." + b64(payload)
	p.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": signed + "." + b64(p.sign(p, header, payload))})
}

func signRSA(p *provider, header, payload []byte) []byte {
	sum := sha256.Sum256([]byte(b64(header) + "." + b64(payload)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	return signature
}

const redirect = "https://wardline.example.org:8443/login/callback"

func (p *provider) oidc() *access.OIDC {
	p.t.Helper()
	o, err := p.h.OIDC(access.OIDCConfig{
		Issuer: p.server.URL, ClientID: "wardline", Secret: "s3cret", Redirect: redirect, Client: p.server.Client(),
		Roles: map[string][]access.Role{"soc": {access.Analyst}, "soc-lead": {access.Senior, access.Analyst}, "it": {access.Admin}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return o
}

// login goes there and back.
func (p *provider) login(o *access.OIDC, fresh bool) (access.Session, error) {
	p.t.Helper()
	location, ticket, err := o.Begin(p.t.Context(), fresh, desk)
	if err != nil {
		p.t.Fatal(err)
	}
	return o.Finish(p.t.Context(), ticket, p.authorize(location), desk)
}

func TestOIDC(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		p := newProvider(t, h)
		o := p.oidc()
		s, err := p.login(o, false)
		if err != nil {
			t.Fatal(err)
		}
		a, err := h.Resume(ctx, s.Cookie)
		if diff := cmp.Diff(s.Actor, a); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if a.Name != "omar" || !slices.Equal(a.Roles, []access.Role{access.Analyst}) || !a.Proved.IsZero() {
			t.Errorf("%+v", a)
		}
		users, err := h.Users(h.as(ines))
		if err != nil || len(users) != 2 || users[1].Display != "Omar N." || users[1].Issuer != p.server.URL || !users[1].Enrolled {
			t.Errorf("%+v, %v", users, err)
		}

		// The same person under another name, with other groups: other roles, and the old session is over.
		p.is(map[string]any{"preferred_username": "omar.new", "groups": []string{"it", "soc-lead"}})
		again, err := p.login(o, true)
		if err != nil || again.Actor.ID != a.ID || again.Actor.Name != "omar" || !again.Actor.Proved.Equal(h.now()) {
			t.Errorf("%+v, %v", again.Actor, err)
		}
		if diff := cmp.Diff([]access.Role{access.Analyst, access.Senior, access.Admin}, again.Actor.Roles); diff != "" {
			t.Error(diff)
		}
		_, err = h.Resume(ctx, s.Cookie)
		want(t, "a session with the old roles", err, access.ErrSession)

		// Nor a device, whose secret would be empty.
		if code, err := totp.GenerateCode("", h.now()); err == nil {
			_, err = h.Prove(ctx, again.Cookie, code, desk)
			want(t, "a code of no device", err, access.ErrCode)
		}

		// Who logs in so has no passphrase here, and cannot be given one or other roles.
		_, err = h.Login(ctx, "omar", "", "", desk)
		want(t, "without a passphrase", err, access.ErrLogin)
		if err := h.SetRoles(h.as(ines), a.ID, access.PeopleRoles()); err == nil {
			t.Error("roles of somebody else's person were changed")
		}
		if _, err := h.ResetFactor(h.as(ines), a.ID); err == nil {
			t.Error("a passphrase for somebody else's person")
		}
		if err := h.Disable(h.as(ines), a.ID); err != nil {
			t.Error(err)
		}
		_, err = p.login(o, false)
		want(t, "disabled", err, access.ErrOIDC)
	})
}

func TestOIDCTokensThatAreRefused(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		h.first()
		p := newProvider(t, h)
		o := p.oidc()
		for what, c := range map[string]struct {
			claims map[string]any
			want   error
		}{
			"another issuer":          {map[string]any{"iss": p.server.URL + "/"}, access.ErrOIDC},
			"another audience":        {map[string]any{"aud": "payroll"}, access.ErrOIDC},
			"one audience too many":   {map[string]any{"aud": []string{"wardline", "payroll"}}, access.ErrOIDC},
			"another party":           {map[string]any{"azp": "payroll"}, access.ErrOIDC},
			"another nonce":           {map[string]any{"nonce": "n"}, access.ErrOIDC},
			"no nonce":                {map[string]any{"nonce": nil}, access.ErrOIDC},
			"expired":                 {map[string]any{"exp": h.now().Add(-time.Second).Unix()}, access.ErrOIDC},
			"no expiry":               {map[string]any{"exp": nil}, access.ErrOIDC},
			"not yet":                 {map[string]any{"nbf": h.now().Add(time.Hour).Unix()}, access.ErrOIDC},
			"no subject":              {map[string]any{"sub": nil}, access.ErrOIDC},
			"no groups":               {map[string]any{"groups": nil}, access.ErrOIDCGroups},
			"other groups":            {map[string]any{"groups": []any{"canteen", 7}}, access.ErrOIDCGroups},
			"groups in one text":      {map[string]any{"groups": "soc"}, access.ErrOIDCGroups},
			"a group in capitals":     {map[string]any{"groups": []string{"SOC"}}, access.ErrOIDCGroups},
			"the name of someone":     {map[string]any{"preferred_username": "ines.first"}, access.ErrOIDCName},
			"a name that cannot be":   {map[string]any{"preferred_username": "a b"}, access.ErrOIDCName},
			"an e-mail in no account": {map[string]any{"preferred_username": nil, "email": "ines.first@example.org"}, access.ErrOIDCName},
		} {
			p.is(c.claims)
			_, err := p.login(o, false)
			want(t, what, err, c.want)
		}
		p.is(map[string]any{"auth_time": h.now().Add(-time.Hour).Unix()})
		_, err := p.login(o, true)
		want(t, "a provider that did not ask again", err, access.ErrOIDC)

		for what, forge := range map[string]struct {
			alg  string
			sign func(p *provider, header, payload []byte) []byte
		}{
			"no signature": {"none", func(*provider, []byte, []byte) []byte { return nil }},
			"signed with the public key as a shared one": {"HS256", func(p *provider, header, payload []byte) []byte {
				mac := hmac.New(sha256.New, p.key.N.Bytes())
				mac.Write([]byte(b64(header) + "." + b64(payload)))
				return mac.Sum(nil)
			}},
			"another key": {"RS256", func(p *provider, header, payload []byte) []byte {
				other, err := rsa.GenerateKey(rand.Reader, 2048)
				if err != nil {
					t.Fatal(err)
				}
				return signRSA(&provider{t: t, key: other}, header, payload)
			}},
			"another text": {"RS256", func(p *provider, header, _ []byte) []byte { return signRSA(p, header, []byte("{}")) }},
		} {
			p.is(nil)
			p.alg, p.sign = forge.alg, forge.sign
			_, err := p.login(o, false)
			want(t, what, err, access.ErrOIDC)
		}
		if users := texts(t, h, `SELECT name FROM people`); len(users) != 1 {
			t.Errorf("there are %v", users)
		}
		p.is(nil)
		if _, err := p.login(o, false); err != nil {
			t.Error("as it should be: ", err)
		}
	})
}

// TestOIDCInTheBrowser: what comes back must belong to what this browser began.
func TestOIDCInTheBrowser(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		p := newProvider(t, h)
		o := p.oidc()
		begin := func() (url.Values, string) {
			t.Helper()
			location, ticket, err := o.Begin(ctx, false, desk)
			if err != nil {
				t.Fatal(err)
			}
			return p.authorize(location), ticket
		}
		finish := func(what, ticket string, q url.Values, reason error) {
			t.Helper()
			_, err := o.Finish(ctx, ticket, q, desk)
			want(t, what, err, reason)
		}
		attacker, _ := begin()
		_, mine := begin()
		finish("somebody else's code and state", mine, attacker, access.ErrOIDC)
		finish("the ticket again", mine, attacker, access.ErrCeremony)
		finish("no ticket", "", attacker, access.ErrCeremony)

		q, mine := begin()
		q.Set("state", attacker.Get("state"))
		finish("another state", mine, q, access.ErrOIDC)

		theirs, _ := begin()
		q, mine = begin()
		q.Set("code", theirs.Get("code")) // whose challenge is another
		finish("somebody else's code", mine, q, access.ErrOIDC)

		q, mine = begin()
		q.Set("iss", "https://other.example.org")
		finish("from another provider", mine, q, access.ErrOIDC)

		q, mine = begin()
		finish("the provider said no", mine, url.Values{"state": q["state"], "error": {"access_denied"}}, access.ErrOIDC)

		q, mine = begin()
		h.wait(6 * time.Minute)
		finish("after six minutes", mine, q, access.ErrCeremony)

		// Anybody may begin; a flood of those who do takes no room from others, and cannot fill the disk.
		for range 100 {
			if _, _, err := o.Begin(ctx, false, "192.0.2.99"); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := o.Begin(ctx, false, "192.0.2.99")
		want(t, "the hundred and first of one address", err, access.ErrUnfinished)
		if _, _, err := o.Begin(ctx, false, desk); err != nil {
			t.Error("somebody else: ", err)
		}
		_, err = h.db.ExecContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
			INSERT INTO ceremonies (hash, kind, data, expires) SELECT CAST(i AS TEXT), 'oidc', '{}', $1 FROM n`, store.At(h.now().Add(time.Minute)))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = o.Begin(ctx, false, desk)
		want(t, "one too many", err, access.ErrUnfinished)
		h.wait(2 * time.Minute)
		if _, _, err = o.Begin(ctx, false, desk); err != nil {
			t.Error("afterwards: ", err)
		}
	})
}

// TestNobodyBecomesSomebodyElse: a name is no proof of who one is.
func TestNobodyBecomesSomebodyElse(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		p := newProvider(t, h)
		o := p.oidc()
		if _, err := p.login(o, false); err != nil { // Omar, before anybody has set the house up
			t.Fatal(err)
		}
		link, open, err := h.SetupSecret(ctx)
		if err != nil || !open {
			t.Fatal(open, err)
		}
		e, err := h.Begin(ctx, link, "omar", "", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret}))
		want(t, "the first person takes the name of somebody", err, access.ErrName)
		ines := h.join(link, "ines.first")
		invited, err := h.Invite(h.as(ines), "lena", "", []access.Role{access.Admin})
		if err != nil {
			t.Fatal(err)
		}
		p.is(map[string]any{"sub": "4712", "preferred_username": "lena"})
		if _, err := p.login(o, false); err != nil {
			t.Fatal(err)
		}
		if e, err = h.Begin(ctx, invited, "", "", goodPass); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret}))
		want(t, "an invitation for a name that somebody has since", err, access.ErrName)
		if diff := cmp.Diff([]string{"", ""}, texts(t, h, `SELECT passphrase FROM people WHERE issuer <> ''`)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOIDCConfigurations(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		p := newProvider(t, h)
		good := access.OIDCConfig{Issuer: p.server.URL, ClientID: "wardline", Redirect: redirect, Client: p.server.Client(), Roles: map[string][]access.Role{"soc": {access.Analyst}}}
		for what, change := range map[string]func(*access.OIDCConfig){
			"no https":        func(c *access.OIDCConfig) { c.Issuer = "http://idp.example.org" },
			"no issuer":       func(c *access.OIDCConfig) { c.Issuer = "" },
			"no client":       func(c *access.OIDCConfig) { c.ClientID = "" },
			"no redirect":     func(c *access.OIDCConfig) { c.Redirect = "/callback" },
			"no groups":       func(c *access.OIDCConfig) { c.Roles = nil },
			"a role of token": func(c *access.OIDCConfig) { c.Roles = map[string][]access.Role{"x": {access.Reader}} },
		} {
			c := good
			change(&c)
			if _, err := h.OIDC(c); err == nil {
				t.Errorf("%s: taken", what)
			}
		}
		o, err := h.OIDC(good)
		if err != nil {
			t.Fatal(err)
		}
		p.issuer = "https://elsewhere.example.org"
		_, _, err = o.Begin(t.Context(), false, desk)
		want(t, "a provider that calls itself something else", err, access.ErrOIDC)
		p.issuer = p.server.URL
		if _, _, err := o.Begin(t.Context(), false, desk); err != nil {
			t.Error("once it is there: ", err)
		}
	})
}

// TestTheProviderIsReachedOnce: while somebody waits for a provider that is slow, whoever else comes waits for the same answer, and
// may go away.
func TestTheProviderIsReachedOnce(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		p := newProvider(t, h)
		o := p.oidc()
		came, release := make(chan struct{}), make(chan struct{})
		p.hold = func() { close(came); <-release } // a second question would close it twice
		begun := make(chan error)
		first, leave := context.WithCancel(t.Context())
		begin := func(ctx context.Context) {
			_, _, err := o.Begin(ctx, false, desk)
			begun <- err
		}
		go begin(first)
		<-came
		leave()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := o.Begin(gone, false, desk)
		want(t, "somebody who does not wait", err, access.ErrOIDC)
		for range 5 {
			go begin(t.Context())
		}
		close(release)
		for range 6 {
			if err := <-begun; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		if p.asked != 1 {
			t.Errorf("asked %d times", p.asked)
		}
	})
}

package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
)

// key is a security key that is plugged into the browser: the browser's own stand-in for one.
type key struct {
	b  *tab
	id webauthn.AuthenticatorID
}

// plug plugs a key in that nobody needs to touch.
func (b *tab) plug() *key {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	made, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return &key{b, made.AuthenticatorID}
}

func (k *key) unplug() {
	k.b.t.Helper()
	if _, err := chromedp.Call(k.b.ctx, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: k.id}); err != nil {
		k.b.t.Fatal(err)
	}
}

// count sets how often the key says that it was used.
func (k *key) count(used float64) {
	k.b.t.Helper()
	held, err := chromedp.Call(k.b.ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: k.id})
	if err != nil || len(held.Credentials) != 1 {
		k.b.t.Fatal(held.Credentials, err)
	}
	_, err = chromedp.Call(k.b.ctx, webauthn.SetCredentialProperties, webauthn.SetCredentialPropertiesParams{AuthenticatorID: k.id, CredentialID: held.Credentials[0].CredentialID, SignCount: &used})
	if err != nil {
		k.b.t.Fatal(err)
	}
}

// TestAPersonHasNothingButPasskeys: the first person sets the node up with a key, comes back with it, shows it again, takes a
// second one, gives the first away, and a copy of the second is found out.
func TestAPersonHasNothingButPasskeys(t *testing.T) {
	n := newNode(t)
	b := openTab(t, n)
	b.at = n.origin
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteRefusals}); err != nil {
		t.Fatal(err)
	}
	blue := b.plug()

	b.open("/setup/" + n.link)
	b.see("Set up Wardline")
	b.do(chromedp.SendKeys(`[name=name]`, "a.lindqvist"), chromedp.SendKeys(`[name=display]`, "A. Lindqvist"),
		chromedp.SendKeys(`[name=passphrase]`, passphrase), chromedp.SendKeys(`[name=again]`, passphrase+"\r"))
	b.see("Use a passkey in place of the app")
	b.shot("enrol-passkey")
	b.do(chromedp.Click(`form[action="/setup/passkey"] button`))
	b.see("Your recovery codes")
	b.press(kb.Enter)
	b.see("Is anything wrong, and what one thing should I do?")

	login := func() {
		t.Helper()
		b.open("/login")
		b.see("Use a passkey in place of the code")
		b.do(chromedp.SendKeys(`[name=name]`, "a.lindqvist"), chromedp.SendKeys(`[name=passphrase]`, passphrase), chromedp.Click(`[formaction="/login/passkey"]`))
	}
	b.do(chromedp.Click(`.rail footer button`))
	b.see("Sign in")
	login()
	b.see("Is anything wrong, and what one thing should I do?")

	// After six minutes a change asks for the key again, and then goes on by itself.
	n.pass(6 * time.Minute)
	b.open("/you")
	b.see("Your passphrase and a passkey.")
	b.see("Your only second factor")
	b.shot("you")
	b.do(chromedp.SendKeys(`[name=name]`, "green key\r"))
	b.see("Your second factor again")
	b.shot("prove")
	b.do(chromedp.Click(`[formaction="/prove/passkey"]`))
	b.see("This key is one of yours already.")
	b.shot("passkey")
	blue.unplug()
	green := b.plug()
	b.press(kb.Enter)
	b.see("The passkey is added")
	b.see("Your passphrase, and one of 2 passkeys.")
	b.shot("you-two")
	b.do(chromedp.Click(`[action^="/you/passkeys/"] button`)) // the first is the older one
	b.see("The passkey is removed")
	b.see("green key")
	b.see("Your only second factor")

	b.do(chromedp.Click(`.rail footer button`))
	b.see("Sign in")
	login()
	b.see("Is anything wrong, and what one thing should I do?")
	b.do(chromedp.Click(`.rail footer button`))
	b.see("Sign in")
	green.count(0) // a copy that was made before
	login()
	b.see("The passkey was not accepted")
	b.see("Sign in")
	green.count(100)
	login()
	b.see("Is anything wrong, and what one thing should I do?")
	if refused := b.text(`sessionStorage.refused || ""`); refused != "" {
		t.Errorf("the content policy refused:\n%s", refused)
	}
	acts, err := n.house.Trail(access.WithActor(t.Context(), access.Actor{ID: "lena", Roles: []access.Role{access.Auditor}}), access.TrailFilter{Verb: "session.open"})
	if err != nil || !slices.ContainsFunc(acts, func(a access.Act) bool { return a.Outcome == access.Refused && strings.Contains(a.Why, "copy") }) {
		t.Errorf("the trail does not speak of a copy: %+v, %v", acts, err)
	}
}

// TestPasskeysAreOfferedWhereTheyWork: not by an address, nor by another name, where the page says so and takes a code as ever.
func TestPasskeysAreOfferedWhereTheyWork(t *testing.T) {
	for what, c := range map[string]struct {
		none bool
		at   func(*node) string
		says string
	}{
		"by its name":         {false, func(n *node) string { return n.origin }, "data-passkey"},
		"by its address":      {false, func(n *node) string { return n.srv.URL }, "and nowhere else"},
		"where there is none": {true, func(n *node) string { return n.origin }, "browsers take them only at a name"},
	} {
		t.Run(what, func(t *testing.T) {
			n := newNode(t, func(_ *node, cfg *console.Config) {
				if c.none {
					cfg.Passkeys = nil
				}
			})
			p := n.first()
			n.srv.URL = c.at(n)
			p.c = n.browser()
			p.login()
			link, err := n.house.Invite(access.WithActor(t.Context(), access.Actor{ID: p.id, Roles: access.FirstRoles()}), "m.okafor", "M. Okafor", []access.Role{access.Analyst})
			if err != nil {
				t.Fatal(err)
			}
			_, body := p.post("/setup", url.Values{"secret": {link}, "passphrase": {passphrase}, "again": {passphrase}})
			_, you := p.get("/you")
			for page, body := range map[string]string{"second factor": body, "your sign-in": you} {
				if !strings.Contains(body, c.says) || strings.Contains(body, "data-passkey") != (c.says == "data-passkey") {
					t.Errorf("the page %s does not say %q", page, c.says)
				}
			}
			if c.none {
				for _, path := range []string{"/login/passkey", "/setup/passkey", "/prove/passkey", "/you/passkeys"} {
					if status, _ := p.post(path, url.Values{"name": {"x"}}); status != http.StatusNotFound {
						t.Errorf("%s: status %d", path, status)
					}
				}
			}
		})
	}
}

// TestWhatAPasskeyAnswersIsChecked posts by hand what a browser never would.
func TestWhatAPasskeyAnswersIsChecked(t *testing.T) {
	n := newNode(t)
	p := n.first()
	wrong := func(path string, form url.Values, status int, says string) {
		t.Helper()
		got, body := p.post(path, form)
		if got != status || !strings.Contains(body, says) {
			t.Errorf("%s: status %d, not %d and %q\n%s", path, got, status, says, body)
		}
	}
	wrong("/login/passkey", url.Values{"name": {p.name}, "passphrase": {passphrase}}, http.StatusUnauthorized, "or you have no passkey")
	wrong("/login/passkey", url.Values{"name": {p.name}, "passphrase": {"wrong"}}, http.StatusUnauthorized, "or you have no passkey")
	wrong("/login/passkey", url.Values{"passkey_ticket": {"guess"}, "passkey_answer": {"{}"}}, http.StatusUnauthorized, "Begin again")
	wrong("/setup/passkey", url.Values{"enrolment": {"guess"}}, http.StatusBadRequest, "The link is not valid")
	wrong("/setup/passkey", url.Values{"enrolment": {"guess"}, "passkey_ticket": {"guess"}}, http.StatusBadRequest, "The link is not valid")
	wrong("/prove/passkey", url.Values{"prove_to": {"/you"}, "name": {"x"}}, http.StatusUnauthorized, "or you have no passkey")
	wrong("/prove/passkey", url.Values{"prove_to": {"/you"}, "prove_ticket": {"guess"}}, http.StatusUnauthorized, "Begin again")
	wrong("/you/passkeys", url.Values{"name": {" "}}, http.StatusBadRequest, "Give the passkey a name")
	wrong("/you/passkeys", url.Values{"name": {"x"}, "passkey_ticket": {"guess"}}, http.StatusBadRequest, "Begin again")
	wrong("/you/passkeys/none/remove", nil, http.StatusBadRequest, "You have no such passkey")
	if status, body := p.post("/you/recovery", nil); status != http.StatusOK || strings.Count(body, "<li><code>") != 10 || strings.Contains(body, "trackline") {
		t.Errorf("status %d\n%s", status, body)
	}
	n.pass(6 * time.Minute)
	wrong("/you/recovery", nil, http.StatusForbidden, "Your second factor again")
}

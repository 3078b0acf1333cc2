package console

import (
	"errors"
	"image"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pquerna/otp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/access/passphrase"
	"github.com/wardline/wardline/internal/console/page"
)

func (c *Console) gate(title string) page.Frame { return page.Frame{Title: title, Site: c.Site} }

// setCookie gives the browser its session. No expiry: it ends with the browser, and on the server before.
func setCookie(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (c *Console) login(r *request) (answer, error) {
	if _, err := c.resume(r.Request, true); err == nil {
		return answer{to: safePath(r.URL.Query().Get("to"))}, nil
	}
	v := c.loginPage(r, safePath(r.URL.Query().Get("to")))
	v.Fresh = c.untouched(r.Context())
	return view("login", v), nil
}

func (c *Console) loginPage(r *request, to string) page.Login {
	return page.Login{Frame: c.gate("Sign in"), To: to, Provider: c.OIDC != nil, Passkeys: c.passkeys(r)}
}

func (c *Console) signIn(r *request) (answer, error) {
	f := r.PostForm
	s, err := c.House.Login(r.Context(), f.Get("name"), f.Get("passphrase"), strings.TrimSpace(f.Get("code")), r.remote())
	var many *access.TooMany
	if errors.Is(err, access.ErrLogin) || errors.As(err, &many) {
		if many != nil {
			return c.loginAgain(r, sentence(many.Error()), http.StatusTooManyRequests)
		}
		return c.loginAgain(r, "Name, passphrase and code do not fit together. Codes change every 30 seconds and work once.", http.StatusUnauthorized)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{to: safePath(f.Get("to"))}, c.welcome(r, s)
}

// loginAgain shows the page to sign in with what was wrong.
func (c *Console) loginAgain(r *request, wrong string, status int) (answer, error) {
	v := c.loginPage(r, safePath(r.PostForm.Get("to")))
	v.Name, v.Wrong = page.Clean(r.PostForm.Get("name"), 64), wrong
	return answer{show: view("login", v).show, status: status}, nil
}

// welcome starts a session: the one that the browser had before ends.
func (c *Console) welcome(r *request, s access.Session) error {
	if old, err := r.Cookie(cookieName); err == nil {
		if err := c.House.Logout(r.Context(), old.Value); err != nil {
			return err
		}
	}
	setCookie(r.w, cookieName, s.Cookie, 0)
	return c.call(r.Context(), s.Actor.ID, s.Actor.Name)
}

func (c *Console) signOut(r *request) (answer, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return answer{to: "/login"}, nil
	}
	if err := c.House.Logout(r.Context(), cookie.Value); err != nil {
		return answer{}, err
	}
	setCookie(r.w, cookieName, "", -1)
	r.w.Header().Set("Clear-Site-Data", `"cache"`)
	return answer{to: "/login"}, nil
}

func (c *Console) setup(r *request) (answer, error) {
	return view("setup", page.Setup{
		Frame: c.gate("Set up"), Heading: "Set up Wardline", Action: "/setup", Secret: r.PathValue("secret"), AskName: true,
		Says: "You are the first person here. You will be able to invite the others.",
	}), nil
}

func (c *Console) invited(r *request) (answer, error) {
	return view("setup", page.Setup{
		Frame: c.gate("Join"), Heading: "Join Wardline", Action: "/setup", Secret: r.PathValue("secret"),
		Says: "Somebody invited you. Choose a passphrase; nobody else will know it.",
	}), nil
}

func (c *Console) begin(r *request) (answer, error) {
	f := r.PostForm
	v := page.Setup{Frame: c.gate("Set up"), Heading: "Set up Wardline", Action: "/setup", Secret: f.Get("secret"), Name: page.Clean(f.Get("name"), 64), Display: page.Clean(f.Get("display"), 100)}
	v.AskName = v.Name != ""
	if !v.AskName {
		v.Heading = "Join Wardline"
	}
	again := func(wrong string) (answer, error) {
		v.Wrong = wrong
		return answer{show: view("setup", v).show, status: http.StatusBadRequest}, nil
	}
	if f.Get("passphrase") != f.Get("again") {
		return again("The two passphrases differ. Type the same one twice.")
	}
	e, err := c.House.Begin(r.Context(), f.Get("secret"), f.Get("name"), strings.TrimSpace(f.Get("display")), f.Get("passphrase"))
	var weak *passphrase.Weak
	switch {
	case errors.As(err, &weak):
		return again(sentence(weak.Error()))
	case errors.Is(err, access.ErrName), errors.Is(err, access.ErrInvited):
		return again(sentence(err.Error()))
	case err != nil:
		return answer{}, err
	}
	return c.enrol(r, e.ID, e.OTPAuthURL, "")
}

// enrol shows the second factor as a picture to scan and as a secret to type, and offers a passkey in its place.
func (c *Console) enrol(r *request, id, address, wrong string) (answer, error) {
	key, err := otp.NewKeyFromURL(address)
	if err != nil || key.Secret() == "" {
		return answer{}, &mistake{"This step is over. Begin again from your link."}
	}
	v := page.Enrol{Frame: c.gate("Second factor"), Secret: fours(page.Clean(key.Secret(), 120)), Action: "/setup/confirm", Enrolment: id, OTPAuth: address, Passkeys: c.passkeys(r)}
	v.Wrong = wrong
	picture, size := smallest(key)
	if picture == nil {
		return answer{}, &mistake{"This step is over. Begin again from your link."}
	}
	v.Size = size
	v.QR = page.Squares(size, func(x, y int) bool {
		lum, _, _, _ := picture.At(x, y).RGBA()
		return lum < 0x8000
	})
	a := view("enrol", v)
	if wrong != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// smallest draws the QR code with one dot a square: the library refuses sizes that are too small.
func smallest(key *otp.Key) (image.Image, int) {
	for version := range 40 { // ISO/IEC 18004: 21 squares, and 4 more in each further version
		size := 21 + 4*version
		if picture, err := key.Image(size, size); err == nil {
			return picture, size
		}
	}
	return nil, 0
}

func fours(s string) string {
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), " ")
}

func (c *Console) confirm(r *request) (answer, error) {
	f := r.PostForm
	s, codes, err := c.House.Confirm(r.Context(), f.Get("enrolment"), strings.ReplaceAll(f.Get("code"), " ", ""))
	if errors.Is(err, access.ErrCode) {
		return c.enrol(r, f.Get("enrolment"), f.Get("otpauth"), sentence(err.Error()))
	}
	if err != nil {
		return answer{}, err
	}
	return c.joined(r, s, codes)
}

// joined lets the person in who has just joined, and shows the recovery codes, once.
func (c *Console) joined(r *request, s access.Session, codes []string) (answer, error) {
	if err := c.welcome(r, s); err != nil {
		return answer{}, err
	}
	return view("recovery", page.Recovery{Frame: c.gate("Recovery codes"), Codes: codes, Joining: true, Next: page.Link{Text: "go to Today", URL: "/"}}), nil
}

func (c *Console) keys(r *request) (answer, error) {
	v := page.Help{}
	v.Frame = c.frame(r, "", "Keys", "Which keys work here?")
	v.Answer, v.Off = "What is done often has a key.", v.KeysOff
	v.Everywhere = []page.Key{key("search", "/"), key("all keys", "?"), key("print", "P"), key("close, leave a field", "Esc"), key("do the one thing", "Enter"), key("record and seal", "Ctrl", "Enter"), key("undo", "Z")}
	for _, g := range v.Groups {
		for _, room := range g.Rooms {
			v.Everywhere = append(v.Everywhere, key(room.Name, "G", room.Go))
		}
	}
	v.Lists = []page.Key{key("next, previous", "J", "K"), key("real", "T"), key("false alarm", "F"), key("expected", "E"), key("later", "L"), key("I have it", "A"), key("hide what is expected", "H"), key("evidence", "V"), key("show new ones", "N"), key("connect a source", "C"), key("conclude a case", "1", "-", "5"), key("show names, for a reason", "R"), key("save the proof", "S"), key("paper was printed", "Y"), key("start a drill", "D")}
	return view("keys", v), nil
}

func (c *Console) switchKeys(r *request) (answer, error) {
	if r.PostForm.Get("keys") == "off" {
		setCookie(r.w, keysCookie, "off", 400*24*60*60)
	} else {
		setCookie(r.w, keysCookie, "", -1)
	}
	return answer{to: "/keys?done=keys"}, nil
}

// provePage asks for a fresh code, and carries along what was asked for, so that nothing is typed twice.
func (c *Console) provePage(r *request, wrong string, form url.Values, to string) page.Prove {
	v := page.Prove{Frame: c.gate("Second factor"), To: to, Provider: c.OIDC != nil, Carry: carried(form)}
	v.Wrong = wrong
	if keys, err := c.House.OwnPasskeys(r.Context()); err == nil && len(keys) > 0 {
		v.Passkeys = c.passkeys(r)
	}
	return v
}

// carried is all that was asked for, without what proves who asked.
func carried(form url.Values) []page.Pair {
	var carry []page.Pair
	for name, all := range form {
		if strings.HasPrefix(name, "prove_") {
			continue
		}
		for _, value := range all {
			carry = append(carry, page.Pair{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(carry, func(a, b page.Pair) int { return strings.Compare(a.Name, b.Name) })
	return carry
}

// proveAgain takes a fresh code, and has the browser repeat what it wanted: 307 keeps method and form.
func (c *Console) proveAgain(r *request) (answer, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return answer{}, access.ErrSession
	}
	f := r.PostForm
	s, err := c.House.Prove(r.Context(), cookie.Value, strings.ReplaceAll(f.Get("prove_code"), " ", ""), r.remote())
	var many *access.TooMany
	switch {
	case errors.As(err, &many):
		return c.notProved(r, sentence(many.Error()), http.StatusTooManyRequests)
	case errors.Is(err, access.ErrLogin), errors.Is(err, access.ErrCode):
		return c.notProved(r, "The code is wrong, or was used already: wait for the next one.", http.StatusForbidden)
	case err != nil:
		return answer{}, err
	}
	return c.proved(r, s)
}

func (c *Console) notProved(r *request, wrong string, status int) (answer, error) {
	v := c.provePage(r, wrong, r.PostForm, safePath(r.PostForm.Get("prove_to")))
	return answer{show: view("prove", v).show, status: status}, nil
}

func (c *Console) proved(r *request, s access.Session) (answer, error) {
	setCookie(r.w, cookieName, s.Cookie, 0)
	http.Redirect(r.w, r.Request, safePath(r.PostForm.Get("prove_to")), http.StatusTemporaryRedirect)
	return answer{written: true}, nil
}

// Enter gives a browser a session that was begun elsewhere: the demonstration's, whose data are invented and whose
// guest has no second factor at hand.
func (c *Console) Enter(w http.ResponseWriter, s access.Session) {
	setCookie(w, cookieName, s.Cookie, 0)
}

package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
)

// A page that asks for a passkey sends back which question was answered, and the answer, in these fields. Where a passkey
// proves who asks for something else they have names of their own, for the form of that other thing is carried along.
const (
	keyTicket, keyAnswer     = "passkey_ticket", "passkey_answer"
	proveTicket, proveAnswer = "prove_ticket", "prove_answer"
)

// passkeys says whether passkeys can be used where the browser is. It believes the name that the browser asked for: whoever
// lies about it is refused by the browser itself.
func (c *Console) passkeys(r *request) page.Passkeys {
	switch {
	case c.Passkeys == nil:
		return page.Passkeys{None: true}
	case !strings.EqualFold("https://"+r.Host, c.Passkeys.Origin()):
		return page.Passkeys{Where: page.Clean(c.Passkeys.Origin(), 200)}
	}
	return page.Passkeys{Here: true}
}

// askKey shows the page that asks for a passkey, or for a new one.
func (c *Console) askKey(t access.Ticket, v page.AskKey) (answer, error) {
	v.Frame = c.gate("Passkey")
	v.Options, v.Secret = string(t.Options), t.Secret
	if v.Ticket == "" {
		v.Ticket, v.Answered = keyTicket, keyAnswer
	}
	return view("passkey", v), nil
}

// refusedKey finds words for what is wrong with an answer of a passkey; none for an error that is something else.
func refusedKey(err error) (wrong string, status int) {
	var many *access.TooMany
	switch {
	case errors.Is(err, access.ErrNoTrail):
		return "", 0
	case errors.As(err, &many):
		return sentence(many.Error()), http.StatusTooManyRequests
	case errors.Is(err, access.ErrUnfinished):
		return sentence(access.ErrUnfinished.Error()), http.StatusTooManyRequests
	case errors.Is(err, access.ErrPasskey):
		return sentence(access.ErrPasskey.Error()), http.StatusUnauthorized
	case errors.Is(err, access.ErrCeremony):
		return sentence(access.ErrCeremony.Error()), http.StatusUnauthorized
	case errors.Is(err, access.ErrLogin):
		return "Name and passphrase do not fit together, or you have no passkey. A code of your app or a recovery code works as well.", http.StatusUnauthorized
	}
	return "", 0
}

// signInByKey asks for a passkey in place of a code, and lets in whose passkey answers.
func (c *Console) signInByKey(r *request) (answer, error) {
	if c.Passkeys == nil {
		return answer{}, errAbsent
	}
	f := r.PostForm
	if f.Get(keyTicket) == "" {
		t, err := c.Passkeys.BeginLogin(r.Context(), f.Get("name"), f.Get("passphrase"), r.remote())
		if wrong, status := refusedKey(err); wrong != "" {
			return c.loginAgain(r, wrong, status)
		}
		if err != nil {
			return answer{}, err
		}
		return c.askKey(t, page.AskKey{
			Heading: "Your passkey", Says: "Your browser asks for it now. Touch your key, or show your finger, face or PIN as it says.",
			Action: "/login/passkey", Back: page.Link{Text: "Use a code in its place", URL: "/login"},
			Carry: []page.Pair{{Name: "name", Value: page.Clean(f.Get("name"), 64)}, {Name: "to", Value: safePath(f.Get("to"))}},
		})
	}
	s, err := c.Passkeys.FinishLogin(r.Context(), f.Get(keyTicket), []byte(f.Get(keyAnswer)), r.remote())
	if wrong, status := refusedKey(err); wrong != "" {
		return c.loginAgain(r, wrong, status)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{to: safePath(f.Get("to"))}, c.welcome(r, s)
}

// joinByKey gives somebody who joins a passkey in place of an app.
func (c *Console) joinByKey(r *request) (answer, error) {
	if c.Passkeys == nil {
		return answer{}, errAbsent
	}
	f := r.PostForm
	enrolment := f.Get("enrolment")
	if f.Get("app") != "" { // after all
		return c.enrol(r, enrolment, f.Get("otpauth"), "")
	}
	if f.Get(keyTicket) == "" {
		t, err := c.Passkeys.BeginJoin(r.Context(), enrolment, r.remote())
		if err != nil {
			return answer{}, err
		}
		return c.askKey(t, page.AskKey{
			New: true, Joining: true, Heading: "Make a passkey", Says: "Your browser asks where to keep it: on this device, on your phone, or on a security key.",
			Action: "/setup/passkey", Carry: []page.Pair{{Name: "enrolment", Value: enrolment}, {Name: "otpauth", Value: f.Get("otpauth")}},
		})
	}
	s, codes, err := c.Passkeys.FinishJoin(r.Context(), enrolment, f.Get(keyTicket), "first passkey", []byte(f.Get(keyAnswer)))
	if wrong, _ := refusedKey(err); wrong != "" {
		return c.enrol(r, enrolment, f.Get("otpauth"), wrong)
	}
	if err != nil {
		return answer{}, err
	}
	return c.joined(r, s, codes)
}

// proveByKey takes a passkey in place of a fresh code; see proveAgain.
func (c *Console) proveByKey(r *request) (answer, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return answer{}, access.ErrSession
	}
	if c.Passkeys == nil {
		return answer{}, errAbsent
	}
	f := r.PostForm
	if f.Get(proveTicket) == "" {
		t, err := c.Passkeys.BeginProve(r.Context(), cookie.Value, r.remote())
		if wrong, status := refusedKey(err); wrong != "" {
			return c.notProved(r, wrong, status)
		}
		if err != nil {
			return answer{}, err
		}
		return c.askKey(t, page.AskKey{
			Heading: "Your passkey again", Says: "Your browser asks for it now. What you filled in is kept.", Action: "/prove/passkey", Ticket: proveTicket, Answered: proveAnswer,
			Carry: append(carried(f), page.Pair{Name: "prove_to", Value: safePath(f.Get("prove_to"))}), Back: page.Link{Text: "Leave it as it is", URL: "/"},
		})
	}
	s, err := c.Passkeys.FinishProve(r.Context(), cookie.Value, f.Get(proveTicket), []byte(f.Get(proveAnswer)))
	if wrong, status := refusedKey(err); wrong != "" {
		return c.notProved(r, wrong, status)
	}
	if err != nil {
		return answer{}, err
	}
	return c.proved(r, s)
}

// you shows what one signs in with.
func (c *Console) you(r *request) (answer, error) {
	has, err := c.House.Factors(r.Context())
	if err != nil {
		return answer{}, err
	}
	keys, err := c.House.OwnPasskeys(r.Context())
	if err != nil {
		return answer{}, err
	}
	v := page.You{Views: peopleViews("you", r.actor), Passkeys: c.passkeys(r), Elsewhere: has.Elsewhere, App: has.App, Codes: page.Plural(has.Recovery, "code"), Few: has.Recovery < 3}
	v.Frame = c.frame(r, "people", "Your sign-in", "What do you sign in with?", key("next, previous", "J", "K"))
	last := len(keys) == 1 && !has.App
	for i := range keys {
		k := &keys[i]
		row := page.KeyRow{Name: page.Clean(k.Name, 100), Made: r.clock.At(k.Created), Used: r.clock.At(k.Used)}
		if k.Used.IsZero() {
			row.Used = "never"
		}
		if !last {
			row.Remove = "/you/passkeys/" + k.ID + "/remove"
		}
		v.Held = append(v.Held, row)
	}
	v.Answer, v.Context = signsInWith(has, len(keys)), "Whoever has both your passphrase and one of these is you to Wardline."
	if has.Elsewhere {
		v.Context = "What you sign in with is kept and changed there."
	}
	return view("you", v), nil
}

func signsInWith(has access.Factors, keys int) string {
	switch {
	case has.Elsewhere:
		return "You sign in with your account of the house."
	case has.App && keys > 0:
		return "Your passphrase, and a code of your app or one of " + page.Plural(keys, "passkey") + "."
	case keys > 1:
		return "Your passphrase, and one of " + page.Plural(keys, "passkey") + "."
	case keys == 1:
		return "Your passphrase and a passkey."
	}
	return "Your passphrase and a code of your app."
}

// addKey has the browser make a passkey, and adds it.
func (c *Console) addKey(r *request) (answer, error) {
	if c.Passkeys == nil {
		return answer{}, errAbsent
	}
	f := r.PostForm
	name := strings.TrimSpace(f.Get("name"))
	if name == "" || len(name) > 100 {
		return answer{}, &mistake{"Give the passkey a name by which you know it, of 100 characters at most."}
	}
	if f.Get(keyTicket) == "" {
		t, err := c.Passkeys.Begin(r.Context())
		if err != nil {
			return answer{}, err
		}
		return c.askKey(t, page.AskKey{
			New: true, Heading: "Make a passkey", Says: "Your browser asks where to keep it: on this device, on your phone, or on a security key.",
			Action: "/you/passkeys", Carry: []page.Pair{{Name: "name", Value: name}}, Back: page.Link{Text: "Leave it as it is", URL: "/you"},
		})
	}
	return answer{to: "/you?done=keymade"}, c.Passkeys.Finish(r.Context(), f.Get(keyTicket), name, []byte(f.Get(keyAnswer)))
}

func (c *Console) removeKey(r *request) (answer, error) {
	return answer{to: "/you?done=keygone"}, c.House.RemovePasskey(r.Context(), r.PathValue("id"))
}

func (c *Console) renewRecovery(r *request) (answer, error) {
	codes, err := c.House.RenewRecovery(r.Context())
	if err != nil {
		return answer{}, err
	}
	return view("recovery", page.Recovery{Frame: c.gate("Recovery codes"), Codes: codes, Next: page.Link{Text: "go back", URL: "/you"}}), nil
}

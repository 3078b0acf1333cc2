package console

import (
	"errors"
	"net/http"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
)

// ticketName is the cookie that is kept while the browser is at the identity provider. The way back from there is
// cross-site, so it cannot be as strict as the session's.
const ticketName = "__Host-ticket"

func setTicket(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: ticketName, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// toProvider sends the browser to the hospital's own identity provider.
func (c *Console) toProvider(r *request) (answer, error) {
	if c.OIDC == nil {
		return answer{}, errAbsent
	}
	location, ticket, err := c.OIDC.Begin(r.Context(), r.URL.Query().Has("fresh"), r.remote())
	if err != nil {
		return c.notFromProvider(r, err)
	}
	setTicket(r.w, ticket, 10*60)
	return answer{to: location}, nil
}

// fromProvider takes the browser back from there. Its session is not sent along with a redirect that began elsewhere, so the page
// asks for one more key.
func (c *Console) fromProvider(r *request) (answer, error) {
	if c.OIDC == nil {
		return answer{}, errAbsent
	}
	ticket, err := r.Cookie(ticketName)
	if err != nil {
		return c.notFromProvider(r, access.ErrCeremony)
	}
	setTicket(r.w, "", -1)
	s, err := c.OIDC.Finish(r.Context(), ticket.Value, r.URL.Query(), r.remote())
	if err != nil {
		return c.notFromProvider(r, err)
	}
	if err := c.welcome(r, s); err != nil {
		return answer{}, err
	}
	return view("entered", page.Entered{Frame: c.gate("Signed in"), Name: page.Clean(s.Actor.Name, 64)}), nil
}

// notFromProvider shows the page to sign in again, with what went wrong.
func (c *Console) notFromProvider(r *request, err error) (answer, error) {
	for _, known := range []error{access.ErrOIDC, access.ErrOIDCGroups, access.ErrOIDCName, access.ErrCeremony, access.ErrUnfinished} {
		if errors.Is(err, known) {
			v := c.loginPage(r, "/")
			v.Wrong = sentence(known.Error())
			return answer{show: view("login", v).show, status: http.StatusForbidden}, nil
		}
	}
	return answer{}, err
}

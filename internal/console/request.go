package console

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/triage"
)

// request is a request of somebody who is known, but on the pages before signing in.
type request struct {
	*http.Request
	w     http.ResponseWriter // for cookies and streams only
	actor access.Actor
	clock page.Clock
	api   bool // a program asks
}

// answer is what a handler has to say: data for programs, and show for people. Or it leads somewhere else, or it
// is a file, or the handler wrote it itself.
type answer struct {
	data    any
	show    func() (name string, view any, err error)
	to      string // where the browser goes next, after a change
	file    *file
	written bool
	status  int // 200 when 0
}

type file struct {
	name, kind string
	body       []byte
}

// view is an answer for people only.
func view(name string, v any) answer {
	return answer{show: func() (string, any, error) { return name, v, nil }}
}

// mistake is something that the reader can put right.
type mistake struct{ says string }

func (m *mistake) Error() string { return m.says }

// errAbsent says that there is nothing at an address.
var errAbsent = errors.New("there is nothing here: it may have been removed, or the address is mistyped")

const (
	cookieName = "__Host-wardline"
	keysCookie = "__Host-keys"
	maxBody    = 1 << 20 // of forms and questions
)

// policy lets the browser load the console's own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"

// harden sets what every answer has.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// bound limits what a body may cost.
func bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// page serves a route to a person with a browser.
func (c *Console) page(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rq := &request{Request: r, w: w, clock: c.clock()}
		if rt.verb != "" {
			actor, err := c.resume(r, rt.quiet)
			if err != nil {
				c.toLogin(w, r, err)
				return
			}
			rq.actor = actor
			rq.Request = r.WithContext(access.WithActor(r.Context(), actor))
			if err := c.allow(rq, rt.verb); err != nil {
				c.fail(rq, err)
				return
			}
		}
		if r.Method == http.MethodPost {
			if err := rq.ParseForm(); err != nil {
				c.fail(rq, &mistake{"The form could not be read. Nothing was changed."})
				return
			}
		}
		a, err := rt.handle(c, rq)
		if err != nil {
			c.fail(rq, err)
			return
		}
		c.send(rq, a)
	})
}

// allowed tells whether the actor may do v at all, at least to something. Handlers check the very thing.
func allowed(a access.Actor, v access.Verb) error {
	if len(access.Reaches(a, v)) == 0 {
		return &access.Denied{Verb: v, May: access.Roles(v)}
	}
	return nil
}

// allow is allowed, and has a refusal sealed: Do checks before it does anything.
func (c *Console) allow(r *request, v access.Verb) error {
	if allowed(r.actor, v) == nil {
		return nil
	}
	return c.House.Do(r.Context(), v, access.Object{}, nil, func(context.Context) error { return nil })
}

func (c *Console) resume(r *http.Request, quiet bool) (access.Actor, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return access.Actor{}, access.ErrSession
	}
	if quiet {
		return c.House.Peek(r.Context(), cookie.Value)
	}
	return c.House.Resume(r.Context(), cookie.Value)
}

// toLogin sends somebody who is not known to the page where he signs in, and back afterwards.
func (c *Console) toLogin(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, access.ErrSession) {
		c.fail(&request{Request: r, w: w, clock: c.clock()}, err)
		return
	}
	to := "/login"
	if r.Method == http.MethodGet && r.URL.Path != "/" && r.Header.Get("Accept") != "text/event-stream" {
		to += "?to=" + url.QueryEscape(r.URL.Path)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *Console) send(r *request, a answer) {
	switch {
	case a.written:
	case a.to != "":
		http.Redirect(r.w, r.Request, a.to, http.StatusSeeOther)
	case a.file != nil:
		r.w.Header().Set("Content-Type", a.file.kind)
		r.w.Header().Set("Content-Disposition", `attachment; filename="`+a.file.name+`"`)
		r.w.Write(a.file.body)
	default:
		name, v, err := a.show()
		if err != nil {
			c.fail(r, err)
			return
		}
		c.draw(r, name, v, a.status)
	}
}

func (c *Console) draw(r *request, name string, v any, status int) {
	var b bytes.Buffer
	if err := c.printer.Print(&b, name, v); err != nil {
		c.Log.ErrorContext(r.Context(), "page could not be drawn", "page", name, "error", err)
		http.Error(r.w, "This page could not be drawn. Nothing was changed by that; tell whoever looks after Wardline.", http.StatusInternalServerError)
		return
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(cmp.Or(status, http.StatusOK))
	if r.Method != http.MethodHead {
		r.w.Write(b.Bytes()) // a reader who went away is nobody's mistake
	}
}

// fail says what failed, what still holds and what to do.
func (c *Console) fail(r *request, err error) {
	if denied := (*access.Denied)(nil); errors.As(err, &denied) && r.actor.ID != "" {
		c.denied(r, denied)
		return
	}
	if errors.Is(err, access.ErrProve) && r.Method == http.MethodPost {
		c.draw(r, "prove", c.provePage(r, "", r.PostForm, r.URL.Path), http.StatusForbidden)
		return
	}
	f := c.failure(r, err)
	v := page.Failure{Frame: page.Frame{Title: f.title, Site: c.Site}, Heading: f.title, Says: f.says, Code: f.code, Next: page.Link{Text: "Back to Today", URL: "/"}}
	c.draw(r, "error", v, f.status)
}

type failure struct {
	status            int
	title, says, code string
}

// failure finds words for an error. What is not known gets a code to read aloud, and goes into the log.
func (c *Console) failure(r *request, err error) failure {
	var denied *access.Denied
	var wrong *mistake
	var many *access.TooMany
	var damage *journal.DamageError
	var large *http.MaxBytesError
	nothing := "Could not do that. Nothing was changed."
	switch {
	case errors.As(err, &denied) && r.api:
		return failure{http.StatusForbidden, "Not allowed.", "The token has not the right " + string(denied.Verb) + ". Its maker must have it, and to search or to read answers must be chosen when the token is made.", ""}
	case errors.As(err, &denied):
		return failure{http.StatusForbidden, "Not allowed.", sentence(denied.Error()), ""}
	case errors.As(err, &wrong):
		return failure{http.StatusBadRequest, nothing, wrong.says, ""}
	case errors.As(err, &many):
		return failure{http.StatusTooManyRequests, nothing, sentence(many.Error()), ""}
	case errors.Is(err, access.ErrUnfinished):
		return failure{http.StatusTooManyRequests, nothing, sentence(err.Error()), ""}
	case errors.As(err, &large):
		return failure{http.StatusRequestEntityTooLarge, nothing, "That is more than one mebibyte: send less at once.", ""}
	case errors.As(err, &damage):
		return failure{http.StatusConflict, "This entry is damaged.", sentence(damage.Error()) + " The rest of the journal is not touched by it. Put back a copy, or tell whoever looks after Wardline.", ""}
	case errors.Is(err, privacy.ErrNotReady):
		return failure{http.StatusServiceUnavailable, "Not ready yet.", sentence(privacy.ErrNotReady.Error()), ""}
	case errors.Is(err, errNoRoom):
		return failure{http.StatusNotFound, "Access review is not set up.", "An administrator switches it on in the configuration, under privacy.", ""}
	case errors.Is(err, errAbsent), errors.Is(err, privacy.ErrNoCase), errors.Is(err, integrity.ErrNoDoubt), errors.Is(err, triage.ErrUnknown), errors.Is(err, journal.ErrNoEntry), errors.Is(err, access.ErrNobody):
		return failure{http.StatusNotFound, "There is nothing here.", "It may have been removed, or the address is mistyped.", ""}
	case errors.Is(err, access.ErrNoTrail):
		return failure{http.StatusServiceUnavailable, "Could not record. Nothing was changed.", "The journal did not answer within two seconds, so the act was not carried out. Receiving goes on. Try again in a minute.", ""}
	case errors.Is(err, access.ErrProve):
		return failure{http.StatusForbidden, "Show your second factor again.", "This act needs a code that is younger than five minutes: sign out and in again, then repeat it. Nothing was changed.", ""}
	case errors.Is(err, errStreams):
		return failure{http.StatusServiceUnavailable, "Too many pages are open.", sentence(err.Error()), ""}
	case errors.Is(err, index.ErrDown), errors.Is(err, index.ErrFull), errors.Is(err, index.ErrSlow):
		return failure{http.StatusServiceUnavailable, "Search cannot answer now.", sentence(err.Error()) + " Receiving and sealing go on.", ""}
	case errors.Is(err, index.ErrQuery), errors.Is(err, access.ErrName), errors.Is(err, access.ErrRoles), errors.Is(err, access.ErrLastAdmin),
		errors.Is(err, access.ErrInvited), errors.Is(err, access.ErrProposal), errors.Is(err, access.ErrOwn), errors.Is(err, access.ErrProposals), errors.Is(err, errBusy), errors.Is(err, privacy.ErrDecided), errors.Is(err, privacy.ErrHides),
		errors.Is(err, access.ErrPasskey), errors.Is(err, access.ErrCeremony), errors.Is(err, access.ErrNoKey),
		errors.Is(err, access.ErrManyKeys), errors.Is(err, access.ErrLastFactor), errors.Is(err, access.ErrForeign):
		return failure{http.StatusBadRequest, nothing, sentence(err.Error()), ""}
	case errors.Is(err, context.Canceled):
		return failure{499, nothing, "The question was taken back.", ""}
	}
	code := rand.Text()[:8]
	c.Log.ErrorContext(r.Context(), "request failed", "code", code, "method", r.Method, "pattern", r.Pattern, "error", err)
	return failure{http.StatusInternalServerError, "Something failed on our side.", "Receiving and sealing go on. Read the code below to whoever looks after Wardline.", code[:4] + "-" + code[4:]}
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = page.Clean(s, 400)
	s = strings.ToUpper(s[:1]) + s[1:]
	return strings.TrimSuffix(s, ".") + "."
}

// remote is the address that the request came from.
func (r *request) remote() string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// local is a path of our own, as a place to go to.
var local = regexp.MustCompile(`^/[^/\\]`)

func safePath(to string) string {
	if to == "/" || local.MatchString(to) && !strings.ContainsFunc(to, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return to
	}
	return "/"
}

func (c *Console) file(w http.ResponseWriter, r *http.Request) {
	f, ok := c.printer.File(r.PathValue("file"))
	if !ok {
		c.nowhere(w, r)
		return
	}
	w.Header().Set("Content-Type", f.Type)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // its name changes with its content
	w.Write(f.Body)
}

func (c *Console) nowhere(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeJSON(w, http.StatusNotFound, problem{Status: http.StatusNotFound, Title: "There is nothing here.", Detail: "See /api/openapi.json for what there is."})
		return
	}
	c.fail(&request{Request: r, w: w, clock: c.clock()}, errAbsent)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	kind := "application/json"
	if _, ok := v.(problem); ok {
		kind = "application/problem+json" // RFC 9457
	}
	body, err := json.Marshal(v)
	if err != nil {
		panic("wardline: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

package httpin

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/wardline/wardline/internal/collect"
)

// gate stands before the handlers of one listener.
type gate struct {
	*source
	in     *collect.Intake
	memory atomic.Int64 // bytes of bodies at hand
	mu     sync.Mutex
	busy   map[string]*hand // by sender; guarded by mu
}

// hand is what a sender has at hand.
type hand struct {
	requests int // guarded by the gate's mu
	memory   atomic.Int64
}

// guard lets a request come to the route's handler once its sender is known.
func (g *gate) guard(route collect.Route) http.Handler {
	handler := route.New(g.options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The server closes the connection then: nothing was acknowledged.
		defer collect.Recover(g.log, func() { panic(http.ErrAbortHandler) })
		if route.Open {
			handler.ServeHTTP(w, r)
			return
		}
		id, unauthenticated, err := g.sender(r)
		if err != nil {
			g.refuse(w, r, route, g.in.Sender(unknownSender, true), err)
			return
		}
		sender := g.in.Sender(id, unauthenticated)
		at, ok := g.enter(id)
		if !ok {
			w.Header().Set("Retry-After", "1")
			g.refuse(w, r, route, sender, &collect.RequestError{
				Status: http.StatusTooManyRequests, Reason: "too many requests of this sender at once",
			})
			return
		}
		defer g.leave(id)
		body, err := g.open(w, r, route.Body, at)
		if err != nil {
			g.refuse(w, r, route, sender, err)
			return
		}
		defer body.Close()
		r = r.WithContext(collect.WithSender(r.Context(), sender))
		r.Body = body
		handler.ServeHTTP(w, r)
	})
}

// unknownSender is in whose books stands what nobody known sent.
const unknownSender = "http/unknown"

func (g *gate) refuse(w http.ResponseWriter, r *http.Request, route collect.Route, sender *collect.Sender, err error) {
	status, reason := http.StatusServiceUnavailable, "senders cannot be told apart at the moment: try again later"
	var known *collect.RequestError
	if errors.As(err, &known) {
		status, reason = known.Status, known.Reason
	}
	switch status {
	case http.StatusUnauthorized:
		w.Header().Add("WWW-Authenticate", `Bearer realm="wardline"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="wardline"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
		if known == nil {
			g.log.WarnContext(r.Context(), "cannot tell who sends", "error", err)
		}
	}
	sender.Refuse(1, reason)
	if route.Refuse != nil {
		route.Refuse(w, r, status, reason)
		return
	}
	http.Error(w, reason, status)
}

func (g *gate) enter(sender string) (*hand, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.busy[sender]
	if h == nil {
		h = &hand{}
		g.busy[sender] = h
	}
	if h.requests >= g.config.Limits.Requests {
		return nil, false
	}
	h.requests++
	return h, true
}

func (g *gate) leave(sender string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.busy[sender]
	if h.requests--; h.requests == 0 {
		delete(g.busy, sender)
	}
}

// sender settles who sends: by certificate, else by a secret, else by an address that the configuration declares.
func (g *gate) sender(r *http.Request) (id string, unauthenticated bool, err error) {
	if name := peer(r.TLS); name != "" {
		return "cert/" + name, false, nil
	}
	from := remote(r.RemoteAddr)
	header := r.Header.Get("Authorization")
	if header == "" {
		if !g.declared(from) {
			return "", false, &collect.RequestError{Status: http.StatusUnauthorized, Reason: "a token is needed: send it as a bearer token"}
		}
		return "http/" + from.String(), true, nil
	}
	secret, ok := secretOf(header)
	if !ok || g.setup.Authenticate == nil {
		return "", false, &collect.RequestError{Status: http.StatusUnauthorized, Reason: "the Authorization header cannot be read"}
	}
	id, err = g.setup.Authenticate(r.Context(), secret, from)
	switch {
	case errors.Is(err, ErrSecret):
		return "", false, &collect.RequestError{Status: http.StatusUnauthorized, Reason: ErrSecret.Error()}
	case errors.Is(err, ErrForbidden):
		return "", false, &collect.RequestError{Status: http.StatusForbidden, Reason: ErrForbidden.Error()}
	}
	return id, false, err
}

func (g *gate) declared(from netip.Addr) bool {
	for _, network := range g.config.Unauthenticated {
		if network.Contains(from) {
			return true
		}
	}
	return false
}

// secretOf finds the secret in an Authorization header, in the ways in which senders are used to write it: a
// bearer token, Splunk's, the password of basic authentication (RFC 7617), the key behind the colon of Elasticsearch's
// ApiKey, or an ApiKey that has none.
func secretOf(header string) (secret string, ok bool) {
	scheme, value, _ := strings.Cut(header, " ")
	value = strings.TrimSpace(value)
	if value == "" {
		return "", false
	}
	switch strings.ToLower(scheme) {
	case "bearer", "splunk":
		return value, true
	case "basic", "apikey":
		plain, err := base64.StdEncoding.DecodeString(value)
		if _, key, cut := strings.Cut(string(plain), ":"); err == nil && cut {
			return key, key != ""
		}
		return value, strings.EqualFold(scheme, "apikey")
	}
	return "", false
}

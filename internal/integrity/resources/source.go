package resources

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/wardline/wardline/content/strict"
)

// ErrDeclaration says that the server does not have, or does not do, what is declared.
var ErrDeclaration = errors.New("the server does not have what is declared")

// Source reads one FHIR server. It makes GET requests and no others.
type Source struct {
	decl     Declaration
	http     *http.Client
	limiter  *rate.Limiter
	bases    []string // the server's own addresses, its first
	can      capability
	requests atomic.Int64
	ahead    atomic.Int64 // nanoseconds that the server's clock is ahead of ours
}

const (
	mostLogin  = 64 << 10
	mostTries  = 3 // of one request, when the server is busy
	longestLag = 30 * time.Second
)

// Connect asks the server of a declaration what it can do. It fails with ErrDeclaration when that is not enough.
func Connect(ctx context.Context, d Declaration) (*Source, error) {
	s := &Source{decl: d, limiter: rate.NewLimiter(rate.Limit(d.Rate), max(1, int(d.Rate))), bases: append([]string{d.base.String()}, d.Aliases...)}
	transport := &http.Transport{
		DialContext:     (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, MaxConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	if d.CA != "" {
		pem, err := strict.ReadFile(d.CA, maxDeclaration)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", d.System, err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("connect to %s: %s holds no certificate (PEM)", d.System, d.CA)
		}
	}
	s.http = &http.Client{Transport: transport, CheckRedirect: s.redirect, Timeout: time.Duration(d.Timeout)}
	if _, err := s.login(); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.System, err)
	}
	a, err := s.ask(ctx, "metadata", nil, "metadata")
	if err == nil && a.status != http.StatusOK {
		err = a.refused("metadata")
	}
	if err == nil {
		if s.can, err = parseCapability(a.body); err != nil {
			err = fmt.Errorf("read metadata: %w: %w", ErrDeclaration, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.System, err)
	}
	return s, nil
}

// Close gives the connections back.
func (s *Source) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// System is what the house calls the server.
func (s *Source) System() string { return s.decl.System }

// Types returns what is declared, as Parse completed it.
func (s *Source) Types() []Type { return s.decl.Types }

// Window is how long a sweep of all types may take.
func (s *Source) Window() time.Duration { return time.Duration(s.decl.Window) }

// Check says in sentences what the server does not do of what is declared. An empty list says that sweeps can begin.
func (s *Source) Check() (wrong []string) {
	for i := range s.decl.Types {
		name := s.decl.Types[i].Type
		o, known := s.can.offers(&s.decl, name)
		switch {
		case !known:
			wrong = append(wrong, name+": The server does not list this type, or the account may not see it.")
		case o.Way < ofSystem && !o.Search:
			wrong = append(wrong, name+": The server lists neither the type's history nor what there is of it: it cannot be read.")
		case o.Way == present:
			wrong = append(wrong, name+": The server tells no history. What is changed twice between two sweeps is seen once, and what it deletes leaves no trace.")
		}
	}
	return wrong
}

func (s *Source) typed(name string) (*Type, offer, error) {
	for i := range s.decl.Types {
		if s.decl.Types[i].Type != name {
			continue
		}
		o, known := s.can.offers(&s.decl, name)
		if !known && s.decl.History == "" {
			return nil, offer{}, fmt.Errorf("%w: its statement of what it can do lists no %s", ErrDeclaration, name)
		}
		return &s.decl.Types[i], o, nil
	}
	return nil, offer{}, fmt.Errorf("%s has no type %s in its declaration", s.decl.System, name)
}

// now is the time by the server's clock, as its answers told it.
func (s *Source) now(ours time.Time) time.Time { return ours.Add(time.Duration(s.ahead.Load())).UTC() }

// login returns the header by which the account is named; nothing without one.
func (s *Source) login() (string, error) {
	if s.decl.Login == "" {
		return "", nil
	}
	line, err := strict.ReadFile(s.decl.Login, mostLogin)
	if err != nil {
		return "", fmt.Errorf("read login: %w", err)
	}
	kind, secret, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
	switch {
	case !ok || secret == "" || strings.ContainsAny(secret, "\r\n"):
	case kind == "bearer" && !strings.Contains(secret, " "):
		return "Bearer " + secret, nil
	case kind == "basic" && strings.Contains(secret, ":"):
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(secret)), nil
	}
	return "", errors.New(`read login: one line is wanted: "bearer TOKEN" or "basic NAME:PASSWORD"`)
}

// redirect follows within the server's own address, and nowhere else: another host would be handed the login, and be believed.
func (s *Source) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > 3 || !s.own(req.URL) {
		return errElsewhere
	}
	return nil
}

var errElsewhere = errors.New("the server sends us to another address than its own: if it is right, declare it as base or alias")

func (s *Source) own(u *url.URL) bool {
	b := s.decl.base
	return u.Scheme == b.Scheme && u.Host == b.Host && (u.Path == b.Path || strings.HasPrefix(u.Path, b.Path+"/"))
}

// answer is what the server says to one request.
type answer struct {
	status int
	body   []byte
}

func (a *answer) refused(what string) error { return &refusal{what: what, status: a.status} }

// refusal says with what status the server answered instead of what was asked for.
type refusal struct {
	what   string
	status int
	page   int
}

func (r *refusal) Error() string {
	hint := ""
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = ": the account may not read this, or its login has expired"
	case http.StatusNotFound:
		hint = ": look whether base is right"
	}
	return fmt.Sprintf("read %s: the server answers %d%s", r.what, r.status, hint)
}

// ask reads what stands at a path below the base. what is for errors, in which no address and no id stands.
func (s *Source) ask(ctx context.Context, what string, query url.Values, path ...string) (answer, error) {
	u := s.decl.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	return s.get(ctx, what, u)
}

// get makes one request, again when the server asks to wait.
func (s *Source) get(ctx context.Context, what string, u *url.URL) (answer, error) {
	for try := 1; ; try++ {
		if err := s.limiter.Wait(ctx); err != nil {
			return answer{}, plain(what, err)
		}
		a, wait, err := s.once(ctx, u)
		if err != nil {
			return answer{}, plain(what, err)
		}
		if wait == 0 || try == mostTries {
			return a, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return answer{}, plain(what, ctx.Err())
		}
	}
}

// once makes one request. wait is not 0 when the server asks to come again.
func (s *Source) once(ctx context.Context, u *url.URL) (a answer, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, 0, err
	}
	login, err := s.login()
	if err != nil {
		return answer{}, 0, err
	}
	if login != "" {
		req.Header.Set("Authorization", login)
	}
	req.Header.Set("Accept", "application/fhir+json")
	req.Header.Set("Cache-Control", "no-cache") // some servers answer searches with what they found before
	req.Header.Set("User-Agent", "wardline")
	s.requests.Add(1)
	resp, err := s.http.Do(req)
	if err != nil {
		return answer{}, 0, err
	}
	defer resp.Body.Close()
	a.status = resp.StatusCode
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, mostBytes+1)); err != nil {
		return answer{}, 0, err
	}
	if len(a.body) > mostBytes {
		return answer{}, 0, errTooLong
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		s.ahead.Store(int64(time.Until(at.Add(500 * time.Millisecond)))) // dates have no fractions
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		wait = time.Second
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
			wait = min(time.Duration(n)*time.Second, longestLag)
		}
	}
	return a, wait, nil
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes: declare a smaller page", mostBytes)

// plain says what failed without the address, in which the id of a patient may stand.
func plain(what string, err error) error {
	var network net.Error
	var bad *url.Error
	if errors.As(err, &bad) {
		err = bad.Err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("read %s: %w", what, context.Canceled)
	case errors.Is(err, errElsewhere), errors.Is(err, errTooLong), strings.HasPrefix(err.Error(), "read login"):
		return fmt.Errorf("read %s: %w", what, err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("read %s: it took too long: %w", what, context.DeadlineExceeded)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("read %s: the connection broke: %w", what, io.ErrUnexpectedEOF)
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return fmt.Errorf("read %s: nobody we trust vouches for the server's certificate: declare ca", what)
	}
	return fmt.Errorf("read %s: the server cannot be reached (%T)", what, err)
}

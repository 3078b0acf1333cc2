package archive

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/wardline/wardline/content/strict"
)

// Source is an archive that is read. It serves one sweep at a time.
type Source struct {
	decl     Declaration
	client   *http.Client
	bytes    *rate.Limiter
	requests *rate.Limiter
	limits   limits
}

// limits are what an answer may take.
type limits struct {
	wait    time.Duration // until it begins, and for which it may stand still
	slow    time.Duration // in all, besides a second for each slowest bytes
	slowest int64
}

func usualLimits() limits {
	return limits{wait: time.Minute, slow: 2 * time.Minute, slowest: 16 << 10}
}

// Connect prepares to read the archive of a declaration that Parse has read. It does not speak to it yet. Its errors name files, and never what stands in them.
func Connect(d Declaration) (*Source, error) {
	if d.base == nil {
		return nil, errors.New("wardline: internal error: the declaration was not parsed")
	}
	s := &Source{decl: d, limits: usualLimits(), bytes: rate.NewLimiter(rate.Limit(d.Rate), burst), requests: rate.NewLimiter(rate.Limit(d.Requests), max(1, int(d.Requests)))}
	if _, err := s.authorization(); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.System, err)
	}
	roots, err := authorities(d.CA)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.System, err)
	}
	s.client = &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, DisableCompression: true, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
			ResponseHeaderTimeout: s.limits.wait, TLSHandshakeTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		},
		// Who is sent elsewhere would bring the credentials and the names of images there.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// Close gives the connections back.
func (s *Source) Close() { s.client.CloseIdleConnections() }

// System is what the house calls the archive.
func (s *Source) System() string { return s.decl.System }

// authorities reads the certificates in a file; nil for those of the operating system.
func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := strict.ReadFile(path, 4<<20)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in it that can be read: PEM is wanted", path)
	}
	return pool, nil
}

const maxCredentials = 16 << 10

// authorization is the header by which the account is known; empty without one.
func (s *Source) authorization() (string, error) {
	path := s.decl.Credentials
	if path == "" {
		return "", nil
	}
	text, err := strict.ReadFile(path, maxCredentials)
	if err != nil {
		return "", err
	}
	kind, secret, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if len(text) > maxCredentials || secret == "" || strings.ContainsAny(secret, "\r\n") {
		return "", fmt.Errorf(`%s: one line is wanted: "basic NAME:PASSWORD" or "bearer TOKEN"`, path)
	}
	switch strings.ToLower(kind) {
	case "bearer":
		return "Bearer " + strings.TrimSpace(secret), nil
	case "basic":
		name, password, ok := strings.Cut(secret, ":")
		if !ok {
			break
		}
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(name, password)
		return r.Header.Get("Authorization"), nil
	}
	return "", fmt.Errorf(`%s: one line is wanted: "basic NAME:PASSWORD" or "bearer TOKEN"`, path)
}

// errAbsent says that the archive does not have what was asked for.
var errAbsent = errors.New("the archive does not have it")

// errSlow says that an answer took too long.
var errSlow = errors.New("the archive answers too slowly")

// get sends one request, and returns the answer, whose body must be closed. Its errors hold no name of an image, which the address has.
func (s *Source) get(ctx context.Context, path string, query url.Values, accept string) (*answer, error) {
	if err := s.requests.Wait(ctx); err != nil {
		return nil, err
	}
	authorization, err := s.authorization()
	if err != nil {
		return nil, err
	}
	address := s.decl.base.JoinPath(path)
	address.RawQuery = query.Encode()
	ctx, cancel := context.WithCancel(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		cancel()
		return nil, errors.New("wardline: internal error: an address that is none")
	}
	r.Header.Set("Accept", accept)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := s.client.Do(r)
	if err != nil {
		cancel()
		return nil, plain(err)
	}
	a := &answer{Response: response, source: s, ctx: ctx, cancel: cancel, started: time.Now()}
	if err := statusError(response.StatusCode); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// plain says why a request failed without its address, and without the words of the other end, which may quote what it holds.
func plain(err error) error {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask the archive: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return errSlow
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("ask the archive: the connection broke: %w", io.ErrUnexpectedEOF)
	case errors.As(err, &certificate):
		return fmt.Errorf("ask the archive: its certificate is not trusted, see ca: %w", certificate)
	case errors.As(err, &network):
		return fmt.Errorf("ask the archive: it cannot be reached: %w", network)
	}
	return errors.New("ask the archive: it does not speak HTTP as it should")
}

// statusError says what a status means for whoever has to do something about it.
func statusError(code int) error {
	switch {
	case code == http.StatusOK || code == http.StatusNoContent || code == http.StatusPartialContent:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return errAbsent
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fmt.Errorf("the archive answers %d: the account may not read this, or its credentials are wrong", code)
	case code == http.StatusNotAcceptable:
		return fmt.Errorf("the archive answers %d: it does not deliver images in this form", code)
	case code >= 300 && code < 400:
		return fmt.Errorf("the archive answers %d: it sends elsewhere, and is not followed: declare the address where it is", code)
	}
	return fmt.Errorf("the archive answers %d", code)
}

// answer is one whose body is read not faster than the site allows, and may not stand still.
type answer struct {
	*http.Response
	source  *Source
	ctx     context.Context
	cancel  context.CancelFunc
	started time.Time
	spent   time.Duration // while the archive was waited for
	n       int64
	err     error // once reading has failed, it stays so
}

// burst is how many bytes may come at once.
const burst = 64 << 10

// Read implements io.Reader.
func (a *answer) Read(p []byte) (n int, err error) {
	if a.err == nil {
		n, a.err = a.read(p[:min(len(p), burst)])
	}
	return n, a.err
}

func (a *answer) read(p []byte) (int, error) {
	stall := time.AfterFunc(a.source.limits.wait, a.cancel)
	before := time.Now()
	n, err := a.Body.Read(p)
	stalled := !stall.Stop()
	a.spent += time.Since(before)
	a.n += int64(n)
	switch {
	case stalled || a.spent > a.source.limits.slow+time.Duration(a.n/a.source.limits.slowest)*time.Second:
		return n, errSlow
	case n > 0:
		if wait := a.source.bytes.WaitN(a.ctx, n); wait != nil {
			return n, wait
		}
	}
	if err != nil && err != io.EOF {
		err = plain(err)
	}
	return n, err
}

// close gives the connection back. What is left of the body is not read: it may have no end.
func (a *answer) close() {
	a.cancel()
	_ = a.Body.Close() // nothing was written that could be lost
}

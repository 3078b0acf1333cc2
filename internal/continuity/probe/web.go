package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/wardline/wardline/content/strict"
)

// get sends a GET on a connection of its own, which ends with the answer. Nobody is followed who sends us elsewhere: what is probed is what was listed.
func (v *visit) get(ctx context.Context, address *url.URL, accept string) (*http.Response, error) {
	authorization, err := v.authorization()
	if err != nil {
		return nil, err
	}
	config, err := v.tlsConfig()
	if err != nil {
		return nil, err
	}
	client := http.Client{
		Transport: &http.Transport{
			DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				c, err := v.dial(ctx, network, address)
				if l, ok := c.(*line); ok {
					l.left.Store(mostAnswer)
				}
				return c, err
			},
			TLSClientConfig: config, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: mostBytes,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, because(Own, "wardline: internal error: an address that is none")
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "Wardline-probe")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return client.Do(r)
}

// authorization is the header by which the account is known; empty without one.
func (v *visit) authorization() (string, error) {
	if v.target.Credentials == "" {
		return "", nil
	}
	text, err := strict.ReadFile(v.target.Credentials, 16<<10)
	if err != nil {
		return "", because(Own, "the file of credentials cannot be read: see credentials")
	}
	kind, secret, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	name, password, pair := strings.Cut(secret, ":")
	switch kind = strings.ToLower(kind); {
	case secret == "" || strings.ContainsAny(secret, "\r\n"):
	case kind == "bearer":
		return "Bearer " + secret, nil
	case kind == "basic" && pair:
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(name, password)
		return r.Header.Get("Authorization"), nil
	}
	return "", because(Own, `the file of credentials does not have the one line "basic NAME:PASSWORD" or "bearer TOKEN"`)
}

// finish reads what is left of an answer and forgets it, so that the connection ends well.
func finish(r *http.Response) error {
	_, err := io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	if errors.Is(err, errTooMuch) {
		return nil // it said what was to be known
	}
	return err
}

// page gets what stands at the URL.
func (v *visit) page(ctx context.Context) error {
	r, err := v.get(ctx, v.target.url, "*/*")
	if err != nil {
		return err
	}
	if want := v.target.Status; want != r.StatusCode && want != 0 || want == 0 && r.StatusCode >= http.StatusBadRequest {
		_ = finish(r)
		return status(r.StatusCode)
	}
	return finish(r)
}

// qido looks for a study that nobody has (PS3.18 10.6): the database is asked, and no patient's data comes.
func (v *visit) qido(ctx context.Context) error {
	address := v.target.url.JoinPath("studies")
	address.RawQuery = url.Values{"limit": {"1"}, "StudyInstanceUID": {nobodys}}.Encode()
	r, err := v.get(ctx, address, "application/dicom+json")
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusNoContent {
		_ = finish(r)
		return status(r.StatusCode)
	}
	kind := r.Header.Get("Content-Type")
	if err := finish(r); err != nil {
		return err
	}
	if r.StatusCode == http.StatusOK && !strings.Contains(kind, "json") {
		return because(Strange, "answered, but not with DICOM JSON")
	}
	return nil
}

// nobodys is a UID that PS3.5 B.2 makes of a random number, and that no study has.
const nobodys = "2.25.209837465091827364509182736450918273645"

// fhir gets the statement of what the server can do (FHIR R4 3.1.0.3).
func (v *visit) fhir(ctx context.Context) error {
	r, err := v.get(ctx, v.target.url.JoinPath("metadata"), "application/fhir+json, application/fhir+xml;q=0.5")
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		_ = finish(r)
		return status(r.StatusCode)
	}
	read := readJSON
	if strings.Contains(r.Header.Get("Content-Type"), "xml") {
		read = readXML
	}
	if err := read(r.Body); err != nil {
		_ = finish(r)
		return err
	}
	return finish(r)
}

// status is an answer that is not what was hoped for.
func status(code int) error {
	words := fmt.Sprintf("answered with status %d", code)
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden:
		words += ": it wants a login, see credentials"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		words += ": what lies behind it does not answer"
	}
	return because(Rejected, words)
}

// Package stamp has an authority outside of the hospital sign that something was there at a certain time, such as the
// checkpoint of the sealed log at the end of an hour.
//
// The authority is sent a SHA-256 digest and nothing else (RFC 3161). What it answers is checked before it is believed, and is to be
// kept whole: it proves the time long after the authority is gone.
package stamp

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/wardline/wardline/format/rfc3161"
)

const (
	// askTime is how long an authority may take.
	askTime = 30 * time.Second
	// skew is how far its time may be from ours. A stamp that is farther off is nothing to build on, whoever is wrong.
	skew = 5 * time.Minute
)

// Authority is one that can be asked for stamps.
type Authority struct {
	URL   string
	Trust rfc3161.Trust
	// Client makes the connection. Redirects are not followed. What comes over it is signed, so plain HTTP will do.
	Client *http.Client
	Now    func() time.Time
}

// Stamp is what is to be kept of an answer.
type Stamp struct {
	Request  []byte // as it was sent: see rfc3161.ParseRequest
	Response []byte // whole, with the authority's certificates: see rfc3161.ParseResponse
	Chain    []byte // certificates from the authority's to the root that is trusted, in PEM
	*rfc3161.Token
}

// ErrAnswer says that an authority did not answer with a stamp.
var ErrAnswer = errors.New("the time stamping authority gave no stamp")

// Ask has the authority stamp a digest, and checks the stamp. An *rfc3161.RefusedError says that it did not want to, rfc3161.ErrStamp
// that what it gave is not to be believed.
func (a *Authority) Ask(ctx context.Context, digest [sha256.Size]byte) (Stamp, error) {
	var random [16]byte
	rand.Read(random[:])
	request := rfc3161.Request{Digest: digest, Nonce: rfc3161.NewNonce(random)}
	body, err := request.Bytes()
	if err != nil {
		return Stamp{}, err
	}
	response, err := a.post(ctx, body)
	if err != nil {
		return Stamp{}, err
	}
	token, err := rfc3161.ParseResponse(response)
	if err != nil {
		return Stamp{}, fmt.Errorf("read the time stamp: %w", err)
	}
	chain, err := token.Verify(request, a.Trust)
	if err != nil {
		return Stamp{}, fmt.Errorf("check the time stamp: %w", err)
	}
	if off := a.Now().Sub(token.Time).Abs(); off > skew {
		return Stamp{}, fmt.Errorf("check the time stamp: %w: its time and that of this machine are %v apart: look which of the clocks is wrong", rfc3161.ErrStamp, off.Round(time.Second))
	}
	return Stamp{body, response, rfc3161.FormatChain(chain), token}, nil
}

// post is the one exchange of RFC 3161 3.4.
func (a *Authority) post(ctx context.Context, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	r.Header.Set("Content-Type", rfc3161.ContentTypeRequest)
	client := *a.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	response, err := io.ReadAll(io.LimitReader(answer.Body, rfc3161.MaxResponse+1))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != rfc3161.ContentTypeResponse {
		return nil, fmt.Errorf("%w: it answered with status %d and something else", ErrAnswer, answer.StatusCode)
	}
	return response, nil
}

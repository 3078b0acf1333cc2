package stamp_test

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/internal/integrity/stamp"
)

// authority answers as OpenSSL does, over HTTP.
func authority(t *testing.T) (*httptest.Server, rfc3161.Trust) {
	t.Helper()
	a := rfc3161test.New(t)
	trust, err := rfc3161.ParseTrust(a.Chain)
	if err != nil {
		t.Fatal(err)
	}
	return a.Serve(), trust
}

// TestACheckpointIsStamped, and what is kept of it proves that without the authority.
func TestACheckpointIsStamped(t *testing.T) {
	web, trust := authority(t)
	a := &stamp.Authority{URL: web.URL, Trust: trust, Client: web.Client(), Now: time.Now}
	digest := sha256.Sum256([]byte("a checkpoint"))
	s, err := a.Ask(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	web.Close()
	token, err := rfc3161.ParseResponse(s.Response)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Verify(rfc3161.Request{Digest: digest}, trust); err != nil || !token.Time.Equal(s.Time) {
		t.Error(err)
	}
	if _, err := a.Ask(t.Context(), digest); !errors.Is(err, stamp.ErrAnswer) {
		t.Errorf("nobody is there: %v", err)
	}
}

// TestStampsOfWrongClocks and of strangers are not believed.
func TestStampsOfWrongClocks(t *testing.T) {
	web, trust := authority(t)
	_, others := authority(t)
	for name, a := range map[string]*stamp.Authority{
		"our clock is wrong": {URL: web.URL, Trust: trust, Client: web.Client(), Now: func() time.Time { return time.Now().Add(time.Hour) }},
		"a stranger":         {URL: web.URL, Trust: others, Client: web.Client(), Now: time.Now},
	} {
		if s, err := a.Ask(t.Context(), sha256.Sum256(nil)); !errors.Is(err, rfc3161.ErrStamp) || s.Token != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOddAnswers are bounded and refused.
func TestOddAnswers(t *testing.T) {
	followed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer other.Close()
	for name, test := range map[string]struct {
		status int
		kind   string
		body   []byte
		want   error
	}{
		"a page":           {200, "text/html", []byte("<html>"), stamp.ErrAnswer},
		"an error":         {500, "application/timestamp-reply", nil, stamp.ErrAnswer},
		"elsewhere":        {307, "application/timestamp-reply", nil, stamp.ErrAnswer},
		"nothing":          {200, "application/timestamp-reply", nil, rfc3161.ErrForm},
		"more than read":   {200, "application/timestamp-reply", make([]byte, 1<<20), rfc3161.ErrForm},
		"it does not want": {200, "application/timestamp-reply; x=y", []byte{0x30, 5, 0x30, 3, 2, 1, 2}, nil},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.kind)
			w.Header().Set("Location", other.URL)
			w.WriteHeader(test.status)
			_, _ = w.Write(test.body)
		}))
		a := &stamp.Authority{URL: web.URL, Client: web.Client(), Now: time.Now}
		s, err := a.Ask(t.Context(), sha256.Sum256(nil))
		var refused *rfc3161.RefusedError
		if test.want != nil && !errors.Is(err, test.want) || test.want == nil && !errors.As(err, &refused) || s.Token != nil {
			t.Errorf("%s: %v", name, err)
		}
		web.Close()
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

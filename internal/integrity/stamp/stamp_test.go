package stamp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/internal/integrity/stamp"
)

// authority answers as OpenSSL does, over HTTP.
func authority(t *testing.T) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no openssl is here, which answers as an authority does")
	}
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Invented Time"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tsa.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	write("serial", []byte("01\n"))
	write("ts.cnf", fmt.Appendf(nil, "[t]\nserial = %[1]s/serial\nsigner_cert = %[1]s/tsa.pem\nsigner_key = %[1]s/key.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3\ndigests = sha256\n", dir))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			t.Errorf("%s, %v", r.Header.Get("Content-Type"), err)
		}
		write("query", body)
		out, err := exec.CommandContext(r.Context(), "openssl", "ts", "-reply", "-config", filepath.Join(dir, "ts.cnf"), "-section", "t",
			"-queryfile", filepath.Join(dir, "query"), "-out", filepath.Join(dir, "reply")).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		http.ServeFile(w, r, filepath.Join(dir, "reply"))
	}))
	t.Cleanup(web.Close)
	root, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return web, pool
}

// TestACheckpointIsStamped, and what is kept of it proves that without the authority.
func TestACheckpointIsStamped(t *testing.T) {
	web, roots := authority(t)
	a := &stamp.Authority{URL: web.URL, Trust: rfc3161.Trust{Roots: roots}, Client: web.Client(), Now: time.Now}
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
	if _, err := token.Verify(rfc3161.Request{Digest: digest}, rfc3161.Trust{Roots: roots}); err != nil || !token.Time.Equal(s.Time) {
		t.Error(err)
	}
	if _, err := a.Ask(t.Context(), digest); !errors.Is(err, stamp.ErrAnswer) {
		t.Errorf("nobody is there: %v", err)
	}
}

// TestStampsOfWrongClocks and of strangers are not believed.
func TestStampsOfWrongClocks(t *testing.T) {
	web, roots := authority(t)
	_, others := authority(t)
	for name, a := range map[string]*stamp.Authority{
		"our clock is wrong": {URL: web.URL, Trust: rfc3161.Trust{Roots: roots}, Client: web.Client(), Now: func() time.Time { return time.Now().Add(time.Hour) }},
		"a stranger":         {URL: web.URL, Trust: rfc3161.Trust{Roots: others}, Client: web.Client(), Now: time.Now},
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

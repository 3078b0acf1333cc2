package rfc3161_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/rfc3161"
)

// request asks for the stamp of a checkpoint.
func request() rfc3161.Request {
	return rfc3161.Request{Digest: sha256.Sum256([]byte("a checkpoint")), Nonce: rfc3161.NewNonce([16]byte{7, 15: 9})}
}

func der(tb testing.TB, r rfc3161.Request) []byte {
	tb.Helper()
	b, err := r.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// stamp asks an authority and reads what it answers.
func (a *authority) stamp(tb testing.TB, r rfc3161.Request) *rfc3161.Token {
	tb.Helper()
	token, err := rfc3161.ParseResponse(a.answer(tb, der(tb, r)))
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// TestStampsOfOpenSSL are of the kinds that authorities give.
func TestStampsOfOpenSSL(t *testing.T) {
	for name, k := range map[string]kind{
		"P-256":                          {},
		"RSA":                            {key: rsa2048(t)},
		"RSA with SHA-512":               {key: rsa2048(t), sha: "sha512"},
		"a certificate named by SHA-1":   {ess: "sha1"},
		"a certificate named by SHA-512": {ess: "sha512"},
		"P-256 with SHA-384":             {sha: "sha384"},
		"a certificate named by SHA-384": {ess: "sha384"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t, k)
			before := time.Now().Add(-time.Second)
			token := a.stamp(t, request())
			chain, err := token.Verify(request(), rfc3161.Trust{Roots: a.roots})
			if err != nil {
				t.Fatal(err)
			}
			if len(chain) != 2 || chain[0].Subject.CommonName != "Invented Time" || !chain[1].Equal(a.root) {
				t.Errorf("%v", chain)
			}
			if token.Time.Before(before) || token.Time.After(time.Now()) || token.Accuracy != 1500100*time.Microsecond ||
				token.Policy != "1.2.3.4.1" || token.Serial.Int64() != 2 || token.Digest != request().Digest {
				t.Errorf("%v +- %v, policy %s, number %d", token.Time, token.Accuracy, token.Policy, token.Serial)
			}
			again, err := rfc3161.ParseToken(token.Bytes())
			if err != nil || !again.Time.Equal(token.Time) {
				t.Error(err)
			}
			bare := request()
			bare.Nonce = nil
			if _, err := token.Verify(bare, rfc3161.Trust{Roots: a.roots}); err != nil {
				t.Errorf("without the nonce: %v", err)
			}
		})
	}
}

// TestARequestWithoutANonce is answered without one, which is no answer to a request with one.
func TestARequestWithoutANonce(t *testing.T) {
	a := newAuthority(t, kind{})
	bare := request()
	bare.Nonce = nil
	token := a.stamp(t, bare)
	if _, err := token.Verify(bare, rfc3161.Trust{Roots: a.roots}); err != nil || token.Nonce != nil {
		t.Errorf("%v, %v", token.Nonce, err)
	}
	if _, err := token.Verify(request(), rfc3161.Trust{Roots: a.roots}); !errors.Is(err, rfc3161.ErrStamp) {
		t.Error(err)
	}
}

func TestStampsThatProveNothing(t *testing.T) {
	good := newAuthority(t, kind{})
	other := newAuthority(t, kind{})
	another, later := request(), request()
	another.Digest[5] ^= 1
	later.Nonce = big.NewInt(1)
	for name, test := range map[string]struct {
		by      *authority
		request rfc3161.Request
		trust   rfc3161.Trust
	}{
		"of something else":        {good, another, rfc3161.Trust{Roots: good.roots}},
		"of another request":       {good, later, rfc3161.Trust{Roots: good.roots}},
		"of somebody else":         {good, request(), rfc3161.Trust{Roots: other.roots}},
		"nobody is trusted":        {good, request(), rfc3161.Trust{}},
		"the certificate is older": {newAuthority(t, kind{age: 500 * time.Hour}), request(), rfc3161.Trust{}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "nobody is trusted" {
				t.Setenv("SSL_CERT_FILE", filepath.Join(test.by.dir, "root.pem"))
			} else if test.trust.Roots == nil {
				test.trust.Roots = test.by.roots
			}
			token := test.by.stamp(t, request())
			if chain, err := token.Verify(test.request, test.trust); !errors.Is(err, rfc3161.ErrStamp) || chain != nil {
				t.Errorf("%v, %v", chain, err)
			}
		})
	}
}

// kept is a stamp that was made with OpenSSL when this was written, and its root.
func kept(tb testing.TB) ([]byte, *x509.CertPool) {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "stamp.tsr"))
	if err != nil {
		tb.Fatal(err)
	}
	block, err := os.ReadFile(filepath.Join("testdata", "root.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(block) {
		tb.Fatal("the root cannot be read")
	}
	return text, roots
}

// TestAnOldStamp still holds when the certificates are not valid any more.
func TestAnOldStamp(t *testing.T) {
	text, roots := kept(t)
	token, err := rfc3161.ParseResponse(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Verify(request(), rfc3161.Trust{Roots: roots}); err != nil {
		t.Error(err)
	}
}

// said is all that a stamp says.
func said(t *rfc3161.Token) string {
	return cmp.Diff(nil, []any{t.Digest, t.Time.String(), t.Accuracy, t.Serial.String(), t.Policy, t.Nonce.String()})
}

// TestNoFlippedBitChangesWhatIsSaid: some bits are not signed, such as in certificates that are not needed. Whatever is changed, the
// stamp either is refused or says the same.
func TestNoFlippedBitChangesWhatIsSaid(t *testing.T) {
	text, roots := kept(t)
	token, err := rfc3161.ParseResponse(text)
	if err != nil {
		t.Fatal(err)
	}
	want, harmless := said(token), 0
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			token, err := rfc3161.ParseResponse(text)
			if err == nil {
				_, err = token.Verify(request(), rfc3161.Trust{Roots: roots})
			}
			if err == nil {
				harmless++
				if said(token) != want {
					t.Errorf("byte %d, bit %d: it says something else", i, bit)
				}
			}
			text[i] ^= 1 << bit
		}
	}
	t.Logf("%d of %d bits change nothing that is signed", harmless, 8*len(text))
}

func TestResponsesThatAreRefused(t *testing.T) {
	text, _ := kept(t)
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"cut off":         text[:len(text)-1],
		"longer":          append(bytes.Clone(text), 0),
		"too long":        make([]byte, rfc3161.MaxResponse+1),
		"without a token": {0x30, 5, 0x30, 3, 2, 1, 0},
		"another thing":   {0x30, 0x10, 0x30, 3, 2, 1, 0, 0x30, 9, 6, 3, 42, 3, 4, 0xa0, 2, 5, 0},
	} {
		if token, err := rfc3161.ParseResponse(b); !errors.Is(err, rfc3161.ErrForm) || token != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var refused *rfc3161.RefusedError
	if token, err := rfc3161.ParseResponse([]byte{0x30, 5, 0x30, 3, 2, 1, 2}); !errors.As(err, &refused) || refused.Status != 2 || token != nil {
		t.Errorf("a rejection: %v", err)
	}
}

// FuzzParseRequest reads a request, which must come back as it was.
func FuzzParseRequest(f *testing.F) {
	f.Add(der(f, request()))
	f.Add(der(f, rfc3161.Request{}))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := rfc3161.ParseRequest(text)
		if err != nil {
			return
		}
		again, err := rfc3161.ParseRequest(der(t, r))
		if err != nil {
			t.Fatal(err)
		}
		if again.Digest != r.Digest || (again.Nonce == nil) != (r.Nonce == nil) || r.Nonce != nil && again.Nonce.Cmp(r.Nonce) != 0 {
			t.Fatal("it came back as another")
		}
	})
}

// FuzzParseResponse: what is said of our request by the authority of the kept stamp is what that says, or nothing.
func FuzzParseResponse(f *testing.F) {
	text, roots := kept(f)
	f.Add(text)
	f.Add([]byte{0x30, 5, 0x30, 3, 2, 1, 2})
	token, err := rfc3161.ParseResponse(text)
	if err != nil {
		f.Fatal(err)
	}
	want := said(token)
	f.Fuzz(func(t *testing.T, text []byte) {
		formattest.Cost{Fixed: 64 << 10, PerByte: 64}.Check(t, len(text), func() { _, err := rfc3161.ParseResponse(text); formattest.Quiet(t, err) })
		token, err := rfc3161.ParseResponse(text)
		if err != nil {
			return
		}
		if _, err := token.Verify(request(), rfc3161.Trust{Roots: roots}); err == nil && said(token) != want {
			t.Fatal("what the authority did not sign was believed")
		}
		if again, err := rfc3161.ParseToken(token.Bytes()); err != nil || !again.Time.Equal(token.Time) {
			t.Fatal(err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	text, roots := kept(b)
	for b.Loop() {
		token, err := rfc3161.ParseResponse(text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := token.Verify(request(), rfc3161.Trust{Roots: roots}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestKeep writes the kept stamp anew, when WARDLINE_KEEP_STAMP is set.
func TestKeep(t *testing.T) {
	if os.Getenv("WARDLINE_KEEP_STAMP") == "" {
		t.Skip("the kept stamp is there: set WARDLINE_KEEP_STAMP to make it anew")
	}
	a := newAuthority(t, kind{})
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "stamp.tsr"), a.answer(t, der(t, request())), 0o644); err != nil {
		t.Fatal(err)
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
	if err := os.WriteFile(filepath.Join("testdata", "root.pem"), root, 0o644); err != nil {
		t.Fatal(err)
	}
}

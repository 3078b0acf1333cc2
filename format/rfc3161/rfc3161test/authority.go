// Package rfc3161test is an invented authority of time stamps for tests. OpenSSL answers in its name.
package rfc3161test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Authority is one whose certificate leads over another one to a root. It sends its own alone, as many do.
type Authority struct {
	Root  []byte // certificate in PEM
	Chain []byte // the root's and the one below it

	tb  testing.TB
	dir string
	mu  sync.Mutex // held while OpenSSL answers
}

// New makes an authority, or skips the test when there is no OpenSSL, which fails where CI is set.
func New(tb testing.TB) *Authority {
	tb.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatal(err)
		}
		tb.Skip("no openssl is here, which answers as an authority does")
	}
	a := &Authority{tb: tb, dir: tb.TempDir()}
	stamping, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Invented Root"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	between, leaf := *root, *root
	between.SerialNumber, between.Subject.CommonName = big.NewInt(2), "Invented Authority"
	leaf.SerialNumber, leaf.Subject.CommonName = big.NewInt(3), "Invented Time"
	leaf.IsCA, leaf.BasicConstraintsValid, leaf.KeyUsage = false, false, x509.KeyUsageDigitalSignature
	leaf.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: stamping}}
	rootKey, betweenKey, leafKey := a.key(), a.key(), a.key()
	a.Root = a.certificate(root, root, rootKey, rootKey)
	a.Chain = append(a.certificate(&between, root, betweenKey, rootKey), a.Root...)
	a.write("tsa.pem", a.certificate(&leaf, &between, leafKey, betweenKey))
	private, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		tb.Fatal(err)
	}
	a.write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	a.write("serial", []byte("01\n"))
	a.write("ts.cnf", fmt.Appendf(nil, "[t]\nserial = %[1]s/serial\nsigner_cert = %[1]s/tsa.pem\nsigner_key = %[1]s/key.pem\nsigner_digest = sha256\n"+
		"default_policy = 1.2.3\ndigests = sha256\nclock_precision_digits = 3\ness_cert_id_alg = sha256\n", a.dir))
	return a
}

func (a *Authority) key() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	return k
}

func (a *Authority) certificate(c, parent *x509.Certificate, of, by *ecdsa.PrivateKey) []byte {
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, of.Public(), by)
	if err != nil {
		a.tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

func (a *Authority) write(name string, content []byte) {
	if err := os.WriteFile(filepath.Join(a.dir, name), content, 0o600); err != nil {
		a.tb.Error(err)
	}
}

// Answer answers a TimeStampReq with a TimeStampResp.
func (a *Authority) Answer(request []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.write("query", request)
	out, err := exec.Command("openssl", "ts", "-reply", "-config", filepath.Join(a.dir, "ts.cnf"), "-section", "t",
		"-queryfile", filepath.Join(a.dir, "query"), "-out", filepath.Join(a.dir, "reply")).CombinedOutput()
	if err != nil {
		a.tb.Errorf("%v: %s", err, out)
	}
	response, err := os.ReadFile(filepath.Join(a.dir, "reply"))
	if err != nil {
		a.tb.Error(err)
	}
	return response
}

// Serve answers over HTTP until the test ends.
func (a *Authority) Serve() *httptest.Server {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			a.tb.Errorf("%s, %v", r.Header.Get("Content-Type"), err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(a.Answer(body)) // who asked may have gone
	}))
	a.tb.Cleanup(web.Close)
	return web
}

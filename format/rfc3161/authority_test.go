package rfc3161_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// authority is a time stamping authority of the tests, run by OpenSSL.
type authority struct {
	dir   string
	roots *x509.CertPool
	root  *x509.Certificate
}

// kind says what is unusual about an authority.
type kind struct {
	key    crypto.Signer
	ess    string // hash that its certificate is named by
	usages []asn1.ObjectIdentifier
	lax    bool          // the usage is not critical
	age    time.Duration // how long ago its certificate expired
	sha    string
}

// oids of extended key usages.
func stamping() asn1.ObjectIdentifier   { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8} }
func otherUsage() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3} }

func p256(tb testing.TB) crypto.Signer {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func rsa2048(tb testing.TB) crypto.Signer {
	tb.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func newAuthority(tb testing.TB, k kind) *authority {
	tb.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatal(err)
		}
		tb.Skip("no openssl is here, which answers as an authority does")
	}
	if k.key == nil {
		k.key = p256(tb)
	}
	if k.usages == nil {
		k.usages = []asn1.ObjectIdentifier{stamping()}
	}
	if k.ess == "" {
		k.ess = "sha256"
	}
	if k.sha == "" {
		k.sha = "sha256"
	}
	a := &authority{dir: tb.TempDir(), roots: x509.NewCertPool()}
	now := time.Now().Add(-k.age)
	rootKey := p256(tb)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Invented Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	rootDER := a.certificate(tb, "root.pem", root, root, rootKey.Public(), rootKey)
	var err error
	if a.root, err = x509.ParseCertificate(rootDER); err != nil {
		tb.Fatal(err)
	}
	a.roots.AddCert(a.root)
	usages, err := asn1.Marshal(k.usages)
	if err != nil {
		tb.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "Invented Time"}, NotBefore: now.Add(-24 * time.Hour),
		NotAfter: now.Add(24*time.Hour - time.Duration(min(1, int64(k.age)))*24*time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		SubjectKeyId: []byte{1, 2, 3}, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: !k.lax, Value: usages}}}
	a.certificate(tb, "tsa.pem", leaf, a.root, k.key.Public(), rootKey)
	private, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil {
		tb.Fatal(err)
	}
	a.write(tb, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	a.write(tb, "serial", []byte("01\n"))
	a.write(tb, "ts.cnf", fmt.Appendf(nil, `[t]
serial = %[1]s/serial
signer_cert = %[1]s/tsa.pem
certs = %[1]s/root.pem
signer_key = %[1]s/key.pem
signer_digest = %[3]s
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_alg = %[2]s
`, a.dir, k.ess, k.sha))
	return a
}

func (a *authority) certificate(tb testing.TB, name string, c, parent *x509.Certificate, public crypto.PublicKey, private crypto.Signer) []byte {
	tb.Helper()
	b, err := x509.CreateCertificate(rand.Reader, c, parent, public, private)
	if err != nil {
		tb.Fatal(err)
	}
	a.write(tb, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b}))
	return b
}

func (a *authority) write(tb testing.TB, name string, content []byte) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), content, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// answer has the authority answer a request.
func (a *authority) answer(tb testing.TB, request []byte) []byte {
	tb.Helper()
	a.write(tb, "query", request)
	out, err := exec.CommandContext(tb.Context(), "openssl", "ts", "-reply", "-config", filepath.Join(a.dir, "ts.cnf"), "-section", "t",
		"-queryfile", filepath.Join(a.dir, "query"), "-out", filepath.Join(a.dir, "reply")).CombinedOutput()
	if err != nil {
		tb.Fatalf("openssl: %v: %s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(a.dir, "reply"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Package ca issues the certificates of one site: a node that was never configured still speaks
// TLS from its first minute on, and senders can be known by a certificate instead of an address.
//
// The authority lies in a folder: ca.pem, which is handed out, and ca.key, which is not.
// Certificates that it issues for the node itself are short-lived and renewed while it runs.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// How long certificates are good for. A node's own is renewed after two thirds of its life.
const (
	rootLife   = 10 * 365 * 24 * time.Hour
	serverLife = 90 * 24 * time.Hour
	clientLife = 365 * 24 * time.Hour
	backdated  = 10 * time.Minute // for clocks that are behind ours
)

// Authority issues certificates. It serves any number of goroutines.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// Open reads the authority that lies in dir, or makes one named after the site when there is none.
func Open(dir, site string, now func() time.Time) (*Authority, error) {
	certFile, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	a := &Authority{now: now}
	_, err := os.Stat(keyFile)
	if _, missing := os.Stat(certFile); err == nil && errors.Is(missing, fs.ErrNotExist) {
		err = fs.ErrNotExist // a first start that was cut short: nobody has seen this authority
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(certFile); err == nil {
			return nil, fmt.Errorf("%s is there and its key %s is not: put the copy of the key back; a new authority would be trusted by no sender, and is made when both are gone", certFile, keyFile)
		}
		return a, a.create(site, certFile, keyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("open certificate authority: %w", err)
	}
	return a, a.load(certFile, keyFile)
}

func (a *Authority) create(site, certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make certificate authority: %w", err)
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Wardline authority of " + site},
		NotBefore: a.now().Add(-backdated), NotAfter: a.now().Add(rootLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("make certificate authority: %w", err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("make certificate authority: %w", err)
	}
	// The key comes first: a certificate without its key is refused at the next start, a key without its certificate
	// is from a start that was cut short and is made anew.
	if err := writePEM(keyFile, "EC PRIVATE KEY", 0o600, private); err != nil {
		return err
	}
	if err := writePEM(certFile, "CERTIFICATE", 0o644, der); err != nil {
		return err
	}
	a.key = key
	a.cert, err = x509.ParseCertificate(der)
	return err
}

func (a *Authority) load(certFile, keyFile string) error {
	info, err := os.Stat(keyFile)
	if err != nil {
		return fmt.Errorf("open certificate authority: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others may read %s: take that right away with chmod 600", keyFile)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("open certificate authority: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return fmt.Errorf("%s is not the authority that Wardline made", certFile)
	}
	a.cert, a.key = pair.Leaf, key
	return nil
}

// PEM is the authority's own certificate, for those who are to trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Pool holds the authority's certificate alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Fingerprint is the SHA-256 of the authority's certificate in hexadecimal digits, to be compared by people.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// Client issues a certificate by which a sender of that name is known, and the key that goes
// with it, both as PEM. The key is not kept.
func (a *Authority) Client(name string) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("issue certificate: %w", err)
	}
	der, err := sign(&x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: a.now().Add(-backdated), NotAfter: a.now().Add(clientLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.cert, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue certificate: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("issue certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}

// Server returns a TLS configuration that shows a certificate for the names, which are host names and
// addresses, and asks for none. Whoever asks clients for theirs clones it and sets ClientAuth; ClientCAs is set.
func (a *Authority) Server(names ...string) *tls.Config {
	s := &server{authority: a, names: names}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate, ClientCAs: a.Pool()}
}

// Files keeps a certificate for the names in dir, for listeners that read files: node.pem, with the authority's
// behind it, and node.key. What lies there stays as long as it is good for the same names; call Files again from
// time to time. Listeners that look at their files again follow.
func (a *Authority) Files(dir string, names ...string) (certificate, key string, err error) {
	certificate, key = filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key")
	if pair, err := tls.LoadX509KeyPair(certificate, key); err == nil && a.good(pair.Leaf, names) {
		return certificate, key, nil
	}
	pair, err := a.server(names)
	if err != nil {
		return "", "", fmt.Errorf("issue certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return "", "", fmt.Errorf("issue certificate: %w", err)
	}
	// A listener that reads between the two finds a pair that does not fit, and keeps the one that it has.
	if err := writePEM(key, "PRIVATE KEY", 0o600, private); err != nil {
		return "", "", err
	}
	return certificate, key, writePEM(certificate, "CERTIFICATE", 0o644, pair.Certificate...)
}

// good tells whether a certificate of ours is made out to the names and has more than a third of its life before it.
func (a *Authority) good(c *x509.Certificate, names []string) bool {
	if c.CheckSignatureFrom(a.cert) != nil || !fresh(c, a.now()) {
		return false
	}
	for _, name := range names {
		if c.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

func fresh(c *x509.Certificate, now time.Time) bool {
	return now.After(c.NotBefore) && now.Before(c.NotAfter.Add(-serverLife/3))
}

// server holds the certificate that the node shows, and renews it.
type server struct {
	authority *Authority
	names     []string

	mu      sync.Mutex
	current *tls.Certificate // guarded by mu
}

func (s *server) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && fresh(s.current.Leaf, s.authority.now()) {
		return s.current, nil
	}
	c, err := s.authority.server(s.names)
	if err == nil {
		s.current = c
	}
	return s.current, err
}

func (a *Authority) server(names []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Wardline"},
		NotBefore: a.now().Add(-backdated), NotAfter: a.now().Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := sign(template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // RFC 5280 section 4.1.2.2: unique, positive, 20 bytes at most
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	return x509.CreateCertificate(rand.Reader, template, parent, public, key)
}

// writePEM writes blocks of one kind into a file, whole or not at all.
func writePEM(path, kind string, mode fs.FileMode, blocks ...[]byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	for _, der := range blocks {
		err = errors.Join(err, pem.Encode(f, &pem.Block{Type: kind, Bytes: der}))
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

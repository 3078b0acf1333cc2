package ca_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access/ca"
)

func TestANodeAndItsSendersKnowEachOther(t *testing.T) {
	a := open(t, t.TempDir(), time.Now)
	certificate, key, err := a.Client("ward-firewall")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	server := a.Server("wardline.example.org", "127.0.0.1")
	server.ClientAuth = tls.RequireAndVerifyClientCert

	for _, name := range []string{"wardline.example.org", "127.0.0.1"} {
		sender, err := handshake(t, server, &tls.Config{RootCAs: a.Pool(), ServerName: name, Certificates: []tls.Certificate{pair}})
		if err != nil {
			t.Fatal(err)
		}
		if sender != "ward-firewall" {
			t.Errorf("got sender %q, want ward-firewall", sender)
		}
	}
	if _, err := handshake(t, server, &tls.Config{RootCAs: a.Pool(), ServerName: "127.0.0.1"}); err == nil {
		t.Error("a sender without a certificate was let in")
	}
	if _, err := handshake(t, server, &tls.Config{RootCAs: a.Pool(), ServerName: "other.example.org", Certificates: []tls.Certificate{pair}}); err == nil {
		t.Error("the node passed for another one")
	}
	stranger := open(t, t.TempDir(), time.Now)
	certificate, key, _ = stranger.Client("ward-firewall")
	pair, _ = tls.X509KeyPair(certificate, key)
	if _, err := handshake(t, server, &tls.Config{RootCAs: a.Pool(), ServerName: "127.0.0.1", Certificates: []tls.Certificate{pair}}); err == nil {
		t.Error("a certificate of another authority was let in")
	}
}

func TestTheAuthorityStays(t *testing.T) {
	dir := t.TempDir()
	first, again := open(t, dir, time.Now), open(t, dir, time.Now)
	if first.Fingerprint() != again.Fingerprint() {
		t.Error("the authority is another one after a restart")
	}
	if err := os.Chmod(filepath.Join(dir, "ca.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Open(dir, "example", time.Now); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v for a key that others may read", err)
	}
}

// TestALostKeyIsNotReplacedUnnoticed: senders trust the authority whose certificate they have.
func TestALostKeyIsNotReplacedUnnoticed(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, time.Now)
	key := filepath.Join(dir, "ca.key")
	if err := os.Rename(key, key+".kept"); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Open(dir, "example", time.Now); err == nil || !strings.Contains(err.Error(), "put the copy of the key back") {
		t.Errorf("got %v", err)
	}
	if err := os.Rename(key+".kept", key); err != nil {
		t.Fatal(err)
	}
	open(t, dir, time.Now)
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	open(t, dir, time.Now) // as after a first start that was cut short
}

func TestAServersCertificateIsRenewedInTime(t *testing.T) {
	now := time.Now()
	a := open(t, t.TempDir(), func() time.Time { return now })
	server := a.Server("127.0.0.1")
	shown := func() *x509.Certificate {
		c, err := server.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	first := shown()
	now = now.Add(50 * 24 * time.Hour)
	if !shown().Equal(first) {
		t.Error("renewed after 50 days of 90")
	}
	now = now.Add(15 * 24 * time.Hour)
	if shown().Equal(first) {
		t.Error("not renewed after 65 days of 90")
	}
}

func TestFilesStayAsLongAsTheyAreGood(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	a := open(t, dir, func() time.Time { return now })
	shown := func(names ...string) *x509.Certificate {
		t.Helper()
		certificate, key, err := a.Files(dir, names...)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(key); info.Mode().Perm() != 0o600 {
			t.Errorf("the key has mode %v", info.Mode())
		}
		return pair.Leaf
	}
	first := shown("localhost")
	if !shown("localhost").Equal(first) {
		t.Error("another certificate for the same names")
	}
	second := shown("localhost", "127.0.0.1")
	if second.Equal(first) || second.VerifyHostname("127.0.0.1") != nil {
		t.Error("the certificate is not made out to a new name")
	}
	now = now.Add(65 * 24 * time.Hour)
	if shown("localhost", "127.0.0.1").Equal(second) {
		t.Error("not renewed after 65 days of 90")
	}
}

func open(t *testing.T, dir string, now func() time.Time) *ca.Authority {
	t.Helper()
	a, err := ca.Open(dir, "example", now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// handshake lets client meet server and returns whom the server took the client for.
func handshake(t *testing.T, server, client *tls.Config) (string, error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	answered := make(chan error, 1)
	go func() {
		c := tls.Client(far, client)
		err := c.Handshake()
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		answered <- err
		far.Close()
	}()
	s := tls.Server(near, server)
	if err := s.Handshake(); err != nil {
		near.Close()
		return "", errors.Join(err, <-answered)
	}
	if _, err := s.Write([]byte{0}); err != nil {
		return "", errors.Join(err, <-answered)
	}
	if err := <-answered; err != nil {
		return "", err
	}
	return s.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

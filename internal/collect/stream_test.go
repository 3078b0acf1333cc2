package collect_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// A socket that systemd keeps is taken over: what connected while nobody listened is served.
func TestListenSystemd(t *testing.T) {
	if os.Getenv("LISTEN_FDS") != "" { // started by the test itself, as systemd would
		l, err := collect.Listen(t.Context(), "systemd:tap")
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "served")
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // only the socket itself is left
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	child := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run '^TestListenSystemd$'`, os.Args[0])
	child.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=other:tap")
	child.ExtraFiles = []*os.File{os.Stdin, socket}
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	socket.Close()
	if got, err := io.ReadAll(c); string(got) != "served" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestListenSystemdRefuses(t *testing.T) {
	if _, err := collect.Listen(t.Context(), "systemd:tap"); err == nil || !strings.Contains(err.Error(), ".socket unit") {
		t.Errorf("got %v", err)
	}
}

// writePair writes a certificate with its key.
func writePair(t *testing.T, certificate, key string, serial int64) {
	t.Helper()
	private, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := x509.MarshalPKCS8PrivateKey(private)
	_ = os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	_ = os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
}

// A certificate that cannot be read again when it changes is told of, and the one before stays in use.
func TestCertificatesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	conf := collect.TLS{Certificate: file("a.pem"), Key: file("a.key")}
	writePair(t, conf.Certificate, conf.Key, 1)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		current, err := conf.Keep(slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		serial := func() int64 {
			leaf, err := x509.ParseCertificate(current().Certificates[0].Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			return leaf.SerialNumber.Int64()
		}
		_ = os.WriteFile(conf.Key, nil, 0o600) // as while a program replaces it
		for range 150 {
			if serial() != 1 {
				t.Error("a certificate without its key is in use")
			}
			time.Sleep(time.Second)
		}
		if times := strings.Count(log.String(), "level=ERROR"); times != 2 {
			t.Errorf("in two and a half minutes it was told %d times: %s", times, &log)
		}
		writePair(t, conf.Certificate, conf.Key, 2)
		time.Sleep(2 * time.Minute)
		if got := serial(); got != 2 {
			t.Errorf("the certificate in use is %d", got)
		}
	})
}

// What a server over HTTP shows follows its files as well.
func TestRenewing(t *testing.T) {
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	writePair(t, certificate, key, 1)
	synctest.Test(t, func(t *testing.T) {
		conf, err := collect.Renewing(certificate, key, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{1, 2} {
			writePair(t, certificate, key, want)
			time.Sleep(2 * time.Minute)
			pair, err := conf.GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			if leaf, err := x509.ParseCertificate(pair.Certificate[0]); err != nil || leaf.SerialNumber.Int64() != want {
				t.Errorf("the certificate that is shown is not the one in the file: %v", err)
			}
		}
	})
}

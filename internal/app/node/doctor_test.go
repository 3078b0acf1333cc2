package node_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
)

// TestTheDoctorLooksAtCertificates finds those that a listener could not read again, in whatever kind of source, and those that
// end soon, before any sender is turned away.
func TestTheDoctorLooksAtCertificates(t *testing.T) {
	dir := t.TempDir()
	pair := func(name string, valid time.Duration) string {
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(valid)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		private, _ := x509.MarshalPKCS8PrivateKey(key)
		for kind, text := range map[string][]byte{"CERTIFICATE": der, "PRIVATE KEY": private} {
			if err := os.WriteFile(filepath.Join(dir, name+map[string]string{"CERTIFICATE": ".pem", "PRIVATE KEY": ".key"}[kind]),
				pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: text}), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprintf("certificate: %[1]s/%[2]s.pem, key: %[1]s/%[2]s.key", dir, name)
	}
	good, ends, other := pair("good", 90*24*time.Hour), pair("ends", 24*time.Hour), pair("other", 90*24*time.Hour)
	c, err := node.ReadConfig(write(t, fmt.Sprintf(`
data: %s/data
sources:
- {kind: syslog, name: fine, streams: [{listen: ":0", from: [10.0.0.0/8], tls: {%s}}]}
- {kind: mllp, name: aging, streams: [{listen: ":0", from: [10.0.0.0/8], tls: {%s}}]}
- {kind: http, name: web, listen: ":0", %s}
- {kind: syslog, name: own, streams: [{listen: ":0", from: [10.0.0.0/8], tls: {certificate: %[1]s/data/authority/node.pem, key: %[1]s/data/authority/node.key}}]}
`, dir, good, ends, other)))
	if err != nil {
		t.Fatal(err)
	}
	// Somebody replaces the key of one that runs, and not its certificate.
	if err := os.Rename(filepath.Join(dir, "good.key"), filepath.Join(dir, "other.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "good.key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, complaint := range node.Doctor(t.Context(), &c).Complaints {
		if strings.Contains(complaint.What, "certificate of the source") {
			got = append(got, complaint.What)
		}
	}
	want := []string{"source fine cannot be read", "source aging ends on", "source web cannot be read"}
	for i := range want {
		if len(got) != len(want) || !strings.Contains(got[i], want[i]) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

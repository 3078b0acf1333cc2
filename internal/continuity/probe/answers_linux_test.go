package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/wardline/wardline/internal/continuity/probe"
)

// said holds what came out against what should have.
func said(t *testing.T, r probe.Result, state probe.State, why string) {
	t.Helper()
	if r.State != state || r.Why != why {
		t.Errorf("%s %s, %q; not %s, %q", r.State, r.Cause, r.Why, state, why)
	}
}

func TestWeb(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/locked", "/locked/studies":
			w.WriteHeader(http.StatusUnauthorized)
		case "/tired/metadata":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/login/metadata":
			_, _ = w.Write([]byte("<!DOCTYPE html><p>DOE^JANE"))
		case "/html/studies":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("DOE^JANE"))
		case "/none/studies":
			w.WriteHeader(http.StatusNoContent)
		case "/list/studies":
			w.Header().Set("Content-Type", "application/dicom+json")
			_, _ = w.Write([]byte("[]"))
		}
	}))
	defer s.Close()
	secret := write(t, filepath.Join(t.TempDir(), "secret"), "basic reader:invented\n")
	broken := write(t, filepath.Join(t.TempDir(), "broken"), "hunter2\n")
	for _, c := range []struct {
		text  string
		state probe.State
		why   string
	}{
		{"kind: https, url: '%s/'", probe.Up, ""},
		{"kind: https, url: '%s/', status: 204", probe.Down, "answered with status 200"},
		{"kind: https, url: '%s/moved'", probe.Up, ""}, // and nobody goes there
		{"kind: https, url: '%s/locked'", probe.Down, "answered with status 401: it wants a login, see credentials"},
		{"kind: https, url: '%s/locked', status: 401", probe.Up, ""},
		{"kind: qido, url: '%s/locked'", probe.Down, "answered with status 401: it wants a login, see credentials"},
		{"kind: qido, url: '%s/none'", probe.Up, ""},
		{"kind: qido, url: '%s/list/', credentials: " + secret, probe.Up, ""},
		{"kind: qido, url: '%s/html'", probe.Down, "answered, but not with DICOM JSON"},
		{"kind: fhir, url: '%s/tired'", probe.Down, "answered with status 503: what lies behind it does not answer"},
		{"kind: fhir, url: '%s/login'", probe.Down, "answered, but not with a CapabilityStatement that says its FHIR version"},
		{"kind: fhir, url: '%s/login', credentials: /nowhere/secret", probe.Unasked, "the file of credentials cannot be read: see credentials"},
		{"kind: fhir, url: '%s/login', credentials: " + broken, probe.Unasked, `the file of credentials does not have the one line "basic NAME:PASSWORD" or "bearer TOKEN"`},
	} {
		said(t, probe.Ask(t.Context(), target(t, "name: s, "+fmt.Sprintf(c.text, s.URL)), nil), c.state, c.why)
	}
	all := strings.Join(asked, "\n")
	if strings.Contains(all, "elsewhere") || !strings.Contains(all, "/list/studies?StudyInstanceUID=2.25.") || !strings.Contains(all, "limit=1 Basic cmVhZGVyOmludmVudGVk") {
		t.Error(all)
	}
}

func TestCertificates(t *testing.T) {
	fresh, ended := certificate(t, time.Now().Add(200*24*time.Hour)), certificate(t, time.Now().Add(-50*time.Hour))
	listen := func(file string, ask tls.ClientAuthType) string {
		pair, err := tls.LoadX509KeyPair(file, file)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		text, _ := os.ReadFile(fresh)
		pool.AppendCertsFromPEM(text)
		address, _ := serve(t, func(c net.Conn) {
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: ask, ClientCAs: pool, MaxVersion: tls.VersionTLS12})
			if s.Handshake() == nil {
				_, _ = s.Read(make([]byte, 1))
			}
			s.Close()
		})
		return address
	}
	good, old, strict := listen(fresh, tls.NoClientCert), listen(ended, tls.NoClientCert), listen(fresh, tls.RequireAndVerifyClientCert)
	untrusted := "answered, but its certificate is from another authority than ca names"
	for _, c := range []struct {
		address, more string
		state         probe.State
		why           string
	}{
		{good, "", probe.Up, ""},
		{good, ", ca: " + fresh, probe.Up, ""},
		{good, ", ca: " + ended, probe.Down, untrusted},
		{good, ", server_name: other.example, ca: " + fresh, probe.Down, "answered, but its certificate is made out to another name"},
		{good, ", ca: /nowhere/ca.pem", probe.Unasked, "the file of authorities cannot be read: see ca"},
		{good, ", ca: " + write(t, filepath.Join(t.TempDir(), "ca"), "none"), probe.Unasked, "the file of authorities holds no certificate that can be read: PEM is wanted, see ca"},
		{good, ", certificate: /nowhere/me.pem, key: /nowhere/me.pem", probe.Unasked, "our own certificate or its key cannot be read: see certificate and key"},
		{old, "", probe.Up, "certificate ended 2 d ago"},
		{old, ", ca: " + ended, probe.Down, "answered, but those who check its certificate do not connect: its time is over, or not yet come; certificate ended 2 d ago"},
		{strict, "", probe.Down, "answered, but refuses TLS with us: handshake failure"},
		{strict, ", certificate: " + fresh + ", key: " + fresh, probe.Up, ""},
	} {
		declared := target(t, "name: s, kind: tls, address: '"+c.address+"'"+c.more)
		r, s := probe.NewJudge(declared).Hear(probe.Ask(t.Context(), declared, nil))
		said(t, r, c.state, c.why)
		if r.State != probe.Unasked && (r.Expires.IsZero() || s.Ended != (c.address == old)) {
			t.Errorf("%s: it ends %v", c.more, r.Expires)
		}
	}
	// Over HTTP the end of the certificate is seen as well, and with credentials it is checked against what the operating system trusts.
	secret := write(t, filepath.Join(t.TempDir(), "secret"), "basic reader:invented\n")
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	r := probe.Ask(t.Context(), target(t, "name: s, kind: https, url: '"+web.URL+"', status: 404"), nil)
	if said(t, r, probe.Up, ""); !r.Expires.Equal(web.Certificate().NotAfter) {
		t.Errorf("it ends %v", r.Expires)
	}
	said(t, probe.Ask(t.Context(), target(t, "name: s, kind: https, url: '"+web.URL+"', credentials: "+secret), nil), probe.Down, untrusted)
}

// Each answer of a server of names that is none is told apart.
func TestNames(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Skipf("the port is taken for datagrams: %v", err)
	}
	codes := map[string]int{"none.": dns.RcodeNameError, "broken.": dns.RcodeServerFailure, "closed.": dns.RcodeRefused, "odd.": dns.RcodeNotImplemented}
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetRcode(m, codes[m.Question[0].Name])
		if _, datagram := w.LocalAddr().(*net.UDPAddr); m.Question[0].Name == "large." {
			reply.Truncated = datagram
			if !datagram {
				reply.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "large.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 1)}}
			}
		}
		_ = w.WriteMsg(reply)
	})
	for _, s := range []*dns.Server{{PacketConn: l, Handler: answer}, {Listener: tcp, Handler: answer}} {
		go func() { _ = s.ActivateAndServe() }()
	}
	t.Cleanup(func() { l.Close(); tcp.Close() })
	said(t, probe.Ask(t.Context(), target(t, "name: s, kind: dns, address: '"+l.LocalAddr().String()+"', query: large"), nil), probe.Up, "")
	for name, why := range map[string]string{
		"none": "answered, but knows no such name", "broken": "answered, but cannot find out (SERVFAIL)", "closed": "answered, but refuses to tell us (REFUSED)",
		"odd": "answered with an error", "empty": "answered, but has no such record for the name",
	} {
		said(t, probe.Ask(t.Context(), target(t, "name: s, kind: dns, address: '"+l.LocalAddr().String()+"', query: "+name), nil), probe.Down, why)
	}
}

// A listener whose queue is full is as silent as a filter that drops packets. It stands in for one in TestPeers where nobody may set that up.
func TestFullQueue(t *testing.T) {
	said(t, probe.Ask(t.Context(), target(t, "name: s, kind: mllp, address: '"+full(t)+"'"+soon), nil), probe.Down, "no connection within 1 s: packets are dropped, or its host is off")
}

// DCMTK's archive knows its own title, and no other.
func TestRejected(t *testing.T) {
	address, dir := free(t), t.TempDir()
	config := write(t, filepath.Join(dir, "archive.cfg"), "NetworkTCPPort = "+portOf(address)+"\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\nHostTable END\n"+
		"VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nARCHIVE "+dir+" RW (100, 1024mb) ANY\nAETable END\n")
	p := &peer{address: address, asked: []string{"name: s, kind: dicom, address: '%s', called_ae: ARCHIVE"}}
	_, p.said = process(t, exec.Command(program(t, "dcmqrscp", "dcmtk"), "-c", config))
	p.await(t)
	declared := p.declared(t, "name: s, kind: dicom, address: '%s', called_ae: ELSEWHERE", address)
	said(t, probe.Ask(t.Context(), declared, nil), probe.Down, "answered, but the association was rejected: called AE title not recognised")
}

// A directory that tells strangers nothing is there nevertheless.
func TestSilentDirectory(t *testing.T) {
	p := &peer{address: free(t), asked: []string{"name: directory, kind: ldap, address: '%s'"}}
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "slapd.conf"), "pidfile "+dir+"/pid\nargsfile "+dir+"/args\naccess to * by * none\n")
	_, p.said = process(t, exec.Command(program(t, "slapd", "slapd"), "-h", "ldap://"+p.address+"/", "-f", config, "-d", "stats"))
	p.await(t)
	text, err := os.ReadFile(p.said)
	if err != nil || !strings.Contains(string(text), "UNBIND") {
		t.Errorf("it says %s, %v", text, err)
	}
}

// A time server that has no source of time says so.
func TestLostClock(t *testing.T) {
	address, dir := free(t), t.TempDir()
	config := write(t, filepath.Join(dir, "chrony.conf"), "port "+portOf(address)+"\nbindaddress 127.0.0.1\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile "+dir+"/pid\n")
	process(t, exec.Command(program(t, "chronyd", "chrony"), "-d", "-x", "-u", "root", "-f", config))
	declared := target(t, "name: clock, kind: ntp, address: '"+address+"'")
	var r probe.Result
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && r.Cause != probe.Rejected; time.Sleep(50 * time.Millisecond) {
		r = probe.Ask(t.Context(), declared, nil)
	}
	said(t, r, probe.Down, "answered, but does not know the time itself")
}

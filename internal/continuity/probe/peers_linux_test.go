package probe_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/internal/continuity/probe"
)

// peer is a real server.
type peer struct {
	network string // by which it is asked
	address string
	process *os.Process
	said    string // file of what it says of itself
	// asked are the ways in which it is probed: targets as they are declared, with %s for the address.
	asked []string
	// complains is what stands in a line by which it says that something is wrong with a connection.
	complains *regexp.Regexp
	// rude makes it write such a line; nil: it never writes any.
	rude func(t *testing.T, address string)

	started int // how many such lines there were before it was probed
}

// declared is one of the targets, at an address.
func (p *peer) declared(t *testing.T, text, address string) probe.Target {
	return target(t, fmt.Sprintf(text, address))
}

func startReceiver(t *testing.T) *peer {
	return receiver(t, "", "name: engine, kind: mllp, address: '%s'", "name: engine port, kind: tcp, address: '%s'")
}

func startReceiverTLS(t *testing.T) *peer {
	file := certificate(t, time.Now().Add(50*time.Hour))
	return receiver(t, file, "name: engine, kind: mllp, address: '%s', tls: true", "name: engine certificate, kind: tls, address: '%s', ca: "+file)
}

func receiver(t *testing.T, certificate string, asked ...string) *peer {
	p := &peer{network: "tcp", address: free(t), asked: asked, complains: regexp.MustCompile("error:")}
	run := exec.Command(os.Args[0])
	run.Env = append(os.Environ(), "PROBE_RECEIVER="+p.address, "PROBE_CERTIFICATE="+certificate)
	p.process, p.said = process(t, run)
	p.rude = func(t *testing.T, address string) { reset(t, address, "\x0bMSH|") }
	return p
}

func startOrthanc(t *testing.T) *peer {
	o := dicomtest.StartOrthanc(t)
	return &peer{
		network: "tcp", address: "127.0.0.1:" + o.Port, process: o.Process, said: o.Said, asked: []string{"name: PACS, kind: dicom, address: '%s', called_ae: ARCHIVE"},
		complains: regexp.MustCompile(`(?m)^[EW]\d{4} `), rude: garbled,
	}
}

func startOrthancWeb(t *testing.T) *peer {
	o := dicomtest.StartOrthanc(t)
	return &peer{
		network: "tcp", address: strings.TrimPrefix(o.REST, "http://"), process: o.Process, said: o.Said,
		asked:     []string{"name: PACS, kind: qido, url: 'http://%s/dicom-web', credentials: " + o.Secret()},
		complains: regexp.MustCompile(`(?m)^[EW]\d{4} `),
		rude:      func(*testing.T, string) { _, _ = o.Ask(http.MethodPost, "/instances", []byte("no image")) },
	}
}

func startStorescp(t *testing.T) *peer {
	p := &peer{
		network: "tcp", address: free(t), asked: []string{"name: store, kind: dicom, address: '%s', called_ae: STORE, calling_ae: WARD"},
		complains: regexp.MustCompile(`(?m)^[EWF]: `), rude: garbled,
	}
	p.process, p.said = process(t, exec.Command(program(t, "storescp", "dcmtk"), "-od", t.TempDir(), portOf(p.address)))
	return p
}

func startSlapd(t *testing.T) *peer {
	return slapd(t, "ldap", "name: directory, kind: ldap, address: '%s'")
}

func startSlapdTLS(t *testing.T) *peer {
	return slapd(t, "ldaps", "name: directory, kind: ldap, address: '%s', tls: true")
}

func slapd(t *testing.T, scheme string, asked ...string) *peer {
	p := &peer{network: "tcp", address: free(t), asked: asked, complains: regexp.MustCompile(`connection lost|TLS negotiation failure|error=|unable`)}
	dir := t.TempDir()
	file := certificate(t, time.Now().Add(100*24*time.Hour))
	config := write(t, filepath.Join(dir, "slapd.conf"), "pidfile "+dir+"/pid\nargsfile "+dir+"/args\nTLSCertificateFile "+file+"\nTLSCertificateKeyFile "+file+"\n")
	p.process, p.said = process(t, exec.Command(program(t, "slapd", "slapd"), "-h", scheme+"://"+p.address+"/", "-f", config, "-d", "stats"))
	p.rude = func(t *testing.T, address string) { reset(t, address, "\x30\x84") }
	return p
}

func startNginx(t *testing.T) *peer {
	p := &peer{network: "tcp", address: free(t), complains: regexp.MustCompile(`\[(warn|error|crit|alert|emerg)\]|reset by peer|prematurely`)}
	p.asked = []string{
		"name: portal, kind: https, url: 'https://%s/'", "name: records, kind: fhir, url: 'https://%s/fhir'", "name: records in XML, kind: fhir, url: 'https://%s/xml'",
		"name: portal certificate, kind: tls, address: '%s'",
	}
	dir := t.TempDir()
	file := certificate(t, time.Now().Add(50*time.Hour))
	write(t, filepath.Join(dir, "json"), `{"resourceType":"CapabilityStatement","status":"active","rest":[`+strings.Repeat(`{"mode":"server"},`, 2_000)+`{"mode":"server"}],"fhirVersion":"4.0.1"}`)
	write(t, filepath.Join(dir, "xml"), statementXML)
	config := write(t, filepath.Join(dir, "nginx.conf"), `
daemon off; master_process off; pid `+dir+`/pid; error_log stderr info;
events {}
http {
  access_log off; client_body_temp_path `+dir+`/1; proxy_temp_path `+dir+`/2; fastcgi_temp_path `+dir+`/3; uwsgi_temp_path `+dir+`/4; scgi_temp_path `+dir+`/5;
  server {
    listen `+p.address+` ssl; ssl_certificate `+file+`; ssl_certificate_key `+file+`;
    location / { return 200 "welcome"; }
    location /fhir/metadata { default_type application/fhir+json; alias `+dir+`/json; }
    location /xml/metadata { default_type application/fhir+xml; alias `+dir+`/xml; }
  }
}`)
	p.process, p.said = process(t, exec.Command(program(t, "nginx", "nginx-light"), "-c", config, "-p", dir, "-e", "stderr"))
	p.rude = func(t *testing.T, address string) { reset(t, address, "\x16\x03\x01") }
	return p
}

func startDnsmasq(t *testing.T) *peer {
	p := &peer{network: "udp", address: free(t), complains: regexp.MustCompile(`(?i)error|fail|refused|bad`)}
	p.asked = []string{
		"name: names, kind: dns, address: '%s', query: dc1.hospital.example", "name: logins, kind: dns, address: '%s', query: _ldap._tcp.hospital.example, type: SRV",
		"name: many, kind: dns, address: '%s', query: many.hospital.example", // more than fits into a datagram
	}
	args := []string{
		"--keep-in-foreground", "--conf-file=/dev/null", "--port=" + portOf(p.address), "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts", "--log-facility=-",
		"--user=root", "--pid-file=", "--log-queries=extra", "--host-record=dc1.hospital.example,192.0.2.10", "--srv-host=_ldap._tcp.hospital.example,dc1.hospital.example,389",
	}
	for i := range 60 {
		args = append(args, fmt.Sprintf("--host-record=many.hospital.example,192.0.2.%d", i+20))
	}
	p.process, p.said = process(t, exec.Command(program(t, "dnsmasq", "dnsmasq-base"), args...))
	return p
}

func startChrony(t *testing.T) *peer {
	p := &peer{network: "udp", address: free(t), asked: []string{"name: clock, kind: ntp, address: '%s'"}, complains: regexp.MustCompile(`(?i)error|could not|fatal`)}
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "chrony.conf"), "port "+portOf(p.address)+"\nbindaddress 127.0.0.1\nlocal stratum 8\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile "+dir+"/pid\n")
	p.process, p.said = process(t, exec.Command(program(t, "chronyd", "chrony"), "-d", "-x", "-u", "root", "-f", config))
	return p
}

func startKDC(t *testing.T) *peer {
	p := &peer{network: "tcp", address: free(t), asked: []string{"name: logins, kind: kerberos, address: '%s'"}, complains: regexp.MustCompile(`\(Error\)|bytes, cap is`)}
	dir := t.TempDir()
	environment := append(os.Environ(),
		"KRB5_CONFIG="+write(t, filepath.Join(dir, "krb5.conf"), "[libdefaults]\n default_realm = HOSPITAL.EXAMPLE\n"),
		"KRB5_KDC_PROFILE="+write(t, filepath.Join(dir, "kdc.conf"), "[kdcdefaults]\n kdc_listen = "+p.address+"\n kdc_tcp_listen = "+p.address+
			"\n[realms]\n HOSPITAL.EXAMPLE = {\n  database_name = "+dir+"/principal\n  key_stash_file = "+dir+"/stash\n  acl_file = /dev/null\n }\n[logging]\n kdc = STDERR\n"))
	create := exec.Command(program(t, "kdb5_util", "krb5-kdc"), "create", "-s", "-W", "-P", "invented")
	create.Env = environment
	if said, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	run := exec.Command(program(t, "krb5kdc", "krb5-kdc"), "-n")
	run.Env = environment
	p.process, p.said = process(t, run)
	p.rude = func(t *testing.T, address string) { reset(t, address, "\x7f\xff\xff\xff") }
	return p
}

// reset connects, says something, and breaks the connection off.
func reset(t *testing.T, address, say string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(say)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // what is not read yet would be lost
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

// garbled begins an association and breaks it off.
func garbled(t *testing.T, address string) {
	t.Helper()
	reset(t, address, "\x01\x00\x00\x00\x10\x00too short")
}

// peers are all of them.
func peers() map[string]func(*testing.T) *peer {
	return map[string]func(*testing.T) *peer{
		"MLLP receiver": startReceiver, "MLLP receiver over TLS": startReceiverTLS, "Orthanc": startOrthanc, "Orthanc's DICOMweb": startOrthancWeb, "storescp": startStorescp,
		"slapd": startSlapd, "slapd over TLS": startSlapdTLS, "nginx": startNginx, "dnsmasq": startDnsmasq, "krb5kdc": startKDC, "chronyd": startChrony,
	}
}

// Each real server is probed running, slowed, blocked, frozen, and killed; each is told by words of its own; and as long as nothing is wrong
// the server says nothing of us.
func TestPeers(t *testing.T) {
	for name, start := range peers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			p := start(t)
			p.await(t)
			before := p.complaints(t)
			judges := make([]*probe.Judge, len(p.asked))
			longest := p.running(t, judges)
			p.slowed(t, judges, longest)
			p.blocked(t)
			if said := p.complaints(t); len(said) > len(before) {
				t.Errorf("it complains of being probed: %q", said[len(before):])
			}
			p.complainsOfOthers(t, len(before))
			p.frozen(t, judges)
			p.killed(t)
		})
	}
}

// await waits until it serves.
func (p *peer) await(t *testing.T) {
	t.Helper()
	var r probe.Result
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if r = probe.Ask(t.Context(), p.declared(t, p.asked[0], p.address), nil); r.State == probe.Up {
			return
		}
	}
	text, _ := os.ReadFile(p.said)
	t.Fatalf("it does not start: %s; it says %s", r.Why, text)
}

func (p *peer) complaints(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(p.said)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if p.complains.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// complainsOfOthers shows that the server would complain, and where.
func (p *peer) complainsOfOthers(t *testing.T, before int) {
	t.Helper()
	if p.rude == nil {
		return
	}
	p.rude(t, p.address)
	for end := time.Now().Add(30 * time.Second); len(p.complaints(t)) == before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			text, _ := os.ReadFile(p.said)
			t.Fatalf("it does not complain of those who are rude either, so that it did not of us means nothing: %s", text)
		}
	}
}

// tell puts down what was said.
func tell(t *testing.T, how string, r probe.Result) {
	t.Helper()
	t.Logf("| %s | %s | %s | %s | %.3f s |", r.Target, how, r.State, r.Why, r.Took.Seconds())
}

// running probes often enough to know what is usual, and returns the longest that an answer took.
func (p *peer) running(t *testing.T, judges []*probe.Judge) (longest time.Duration) {
	t.Helper()
	for i, text := range p.asked {
		declared := p.declared(t, text+patient, p.address)
		judges[i] = probe.NewJudge(declared)
		for range 11 {
			r, _ := judges[i].Hear(probe.Ask(t.Context(), declared, nil))
			if r.State != probe.Up {
				t.Errorf("%s: %s, %s", declared.Name, r.State, r.Why)
			}
			longest = max(longest, r.Took)
		}
		r, s := judges[i].Hear(probe.Ask(t.Context(), declared, nil))
		tell(t, "running", r)
		if s.State != probe.Up || s.Usual == 0 {
			t.Errorf("%s: %+v", declared.Name, s)
		}
	}
	return longest
}

func (p *peer) slowed(t *testing.T, judges []*probe.Judge, longest time.Duration) {
	t.Helper()
	address, delay := slowed(t, p.network, p.address)
	delay.Store(int64(600*time.Millisecond + 6*longest))
	for i, text := range p.asked {
		if p.network == "udp" && strings.Contains(text, "many") {
			continue // it is asked over TCP, where nobody stands between
		}
		declared := p.declared(t, text+patient, address)
		r, s := judges[i].Hear(probe.Ask(t.Context(), declared, nil))
		tell(t, "slowed", r)
		if r.State != probe.Slow || r.Cause != probe.Late || !strings.Contains(r.Why, " is usual") || s.State != probe.Up {
			t.Errorf("%s: %s, %s", declared.Name, r.State, r.Why)
		}
	}
}

const (
	soon    = ", timeout: 1s"            // what never comes need not be waited for
	patient = ", every: 2m, timeout: 1m" // what comes does so on a busy machine, too
)

func (p *peer) blocked(t *testing.T) {
	t.Helper()
	address, end := blocked(t, p.address)
	defer end()
	for _, text := range p.asked {
		declared := p.declared(t, text+soon, address)
		r := probe.Ask(t.Context(), declared, nil)
		tell(t, "blocked", r)
		cause, why := probe.Blocked, "no connection within 1 s: packets are dropped, or its host is off"
		if declared.Kind == probe.NTP {
			cause, why = probe.Silent, "no answer within 1 s: frozen, or packets are dropped; datagrams do not tell which"
		}
		if r.State != probe.Down || r.Cause != cause || r.Why != why {
			t.Errorf("%s: %s %s, %s", declared.Name, r.State, r.Cause, r.Why)
		}
	}
}

func (p *peer) frozen(t *testing.T, judges []*probe.Judge) {
	t.Helper()
	if err := p.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	standstill(t, p.process.Pid)
	for i, text := range p.asked {
		declared := p.declared(t, text+soon, p.address)
		r, _ := judges[i].Hear(probe.Ask(t.Context(), declared, nil))
		tell(t, "frozen", r)
		if r.State != probe.Down || r.Cause != probe.Silent || !strings.Contains(r.Why, "frozen") {
			t.Errorf("%s: %s %s, %s", declared.Name, r.State, r.Cause, r.Why)
		}
	}
	if err := p.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.await(t)
}

func (p *peer) killed(t *testing.T) {
	t.Helper()
	if err := p.process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, text := range p.asked {
		declared := p.declared(t, text, p.address)
		var r probe.Result
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) { // it dies in its own time
			if r = probe.Ask(t.Context(), declared, nil); r.Cause == probe.ConnectionRefused {
				break
			}
		}
		tell(t, "killed", r)
		if r.State != probe.Down || r.Cause != probe.ConnectionRefused || r.Why != "connection refused" {
			t.Errorf("%s: %s %s, %s", declared.Name, r.State, r.Cause, r.Why)
		}
	}
}

// standstill waits until all threads of a process are stopped: a signal takes its time where many want to work.
func standstill(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		stopped := len(stats) > 0
		for _, name := range stats {
			text, err := os.ReadFile(name)
			_, state, _ := strings.Cut(string(text), ") ")
			stopped = stopped && err == nil && strings.HasPrefix(state, "T")
		}
		if stopped {
			return
		}
	}
	t.Fatal("it does not stand still")
}

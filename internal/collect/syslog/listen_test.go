package syslog_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/syslog"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

const overTCP = `
streams:
- listen: 127.0.0.1:0
  from: [127.0.0.0/8]
`

func listen(t testing.TB, config string, bodies ...syslog.Body) (*collecttest.Running, string) {
	t.Helper()
	r := collecttest.Run(t, syslog.Listener(bodies...), config, options(t))
	return r, r.Addresses(1)[0]
}

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func write(t testing.TB, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// messages are the message fields of the events, in order.
func messages(t testing.TB, r *collecttest.Running) (list []string) {
	t.Helper()
	for _, text := range r.Texts(options(t)) {
		var fields struct{ Message string }
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatal(err)
		}
		list = append(list, fields.Message)
	}
	return list
}

// Both framings come on one connection, and none waits for the next.
func TestListenTCP(t *testing.T) {
	r, address := listen(t, overTCP)
	c := dial(t, "tcp", address)
	for i, text := range []string{"<13>one\n", "6 <13>t2", "<13>three\n at f\n", "<13>four\r\n\x00"} {
		write(t, c, text)
		r.AwaitEvents(i + 1)
	}
	write(t, c, "<13>five")
	c.Close()
	r.AwaitEvents(5)
	if diff := cmp.Diff(messages(t, r), []string{"one", "t2", "three\n at f", "four", "five"}); diff != "" {
		t.Error(diff)
	}
	events := r.Events(t, options(t).Taxonomy)
	for i, ev := range events {
		if ev.Source != "syslog/127.0.0.1" || ev.Record != int64(i+1) || !strings.Contains(string(ev.Fields), `"unauthenticated_source"`) {
			t.Errorf("event %d is record %d of %s: %s", i, ev.Record, ev.Source, ev.Fields)
		}
	}
	collecttest.Balanced(t, r.Intake)
}

// However the network cuts a stream, the events are the same.
func TestListenSplitAtEveryByte(t *testing.T) {
	stream := "<13>a b\n7 <14>b c<15>May  1 12:00:00 h p[1]: x\n<?xml?>\n<a/>\n\n5 <16>d"
	r, address := listen(t, overTCP)
	var whole []string
	for cut := range len(stream) {
		before := len(whole) * cut
		c := dial(t, "tcp", address)
		write(t, c, stream[:cut])
		if cut > 0 {
			c.(*net.TCPConn).SetNoDelay(true)
		}
		write(t, c, stream[cut:])
		c.Close()
		if cut == 0 {
			r.AwaitEvents(4)
			whole = messages(t, r)
			if diff := cmp.Diff(whole, []string{"a b", "b c", "x\n<?xml?>\n<a/>", "d"}); diff != "" {
				t.Fatal(diff)
			}
			continue
		}
		r.AwaitEvents(before + len(whole))
		if diff := cmp.Diff(messages(t, r)[before:], whole); diff != "" {
			t.Fatalf("cut at byte %d: %s", cut, diff)
		}
	}
}

// Two equal messages are two events; they are told from those that a sender sends again on a new connection.
func TestListenResend(t *testing.T) {
	r, address := listen(t, overTCP)
	for connection := range 2 {
		c := dial(t, "tcp", address)
		write(t, c, "<13>same\n<13>same\n"+fmt.Sprintf("<13>new %d\n", connection))
		c.Close()
		r.AwaitEvents(3 + 3*connection)
	}
	ids := map[event.ID]bool{}
	for i, ev := range r.Events(t, options(t).Taxonomy) {
		ids[ev.ID] = true
		again := i == 3 || i == 4
		if got := strings.Contains(string(ev.Fields), `"possible_resend"`); got != again {
			t.Errorf("event %d: possible_resend %v", i, got)
		}
	}
	if len(ids) != 6 {
		t.Errorf("%d ids for 6 events", len(ids))
	}
}

// A sender whose connection breaks more than once sends again what it said on the connection before the last.
func TestListenResendAfterSeveralBreaks(t *testing.T) {
	r, address := listen(t, overTCP)
	sent := 0
	for _, text := range []string{"<13>one\n<13>two\n<13>three\n", "<13>one\n", "<13>one\n<13>two\n<13>three\n<13>four\n"} {
		c := dial(t, "tcp", address)
		write(t, c, text)
		c.Close()
		sent += strings.Count(text, "\n")
		r.AwaitEvents(sent)
	}
	got := ""
	for _, ev := range r.Events(t, options(t).Taxonomy) {
		got += map[bool]string{true: "again ", false: "new "}[strings.Contains(string(ev.Fields), `"possible_resend"`)]
	}
	if want := "new new new again again again again new "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What becomes no event is kept as it came, or refused, and always booked.
func TestListenBooks(t *testing.T) {
	skip := syslog.Body{
		Fits:  func(msg []byte) bool { return string(msg) == "<skip/>" },
		Event: func([]byte, collect.Options, *event.Event, *event.Builder) error { return collect.ErrSkip },
	}
	r, address := listen(t, overTCP+"largest_message: 1024\n", skip)
	c := dial(t, "tcp", address)
	write(t, c, "<13>good\n<13>"+strings.Repeat("x", 2000)+"\n2000 <13>"+strings.Repeat("y", 1996)+"<13><skip/>\n<13>good\n99 <13>broken off")
	r.AwaitEvents(2)
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	got := r.Received("syslog/127.0.0.1", 6)
	if got.Stored != 2 && got.Stored != 3 { // at the end of a connection the system may say end or broken
		t.Errorf("got %+v", got)
	}
	want := collect.Counts{Received: 6, Stored: 2, Refused: 2, Quarantined: 2, Bytes: got.Bytes}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	damages := r.Damages(t)
	if damages[0].Reason != "document without an event" || string(damages[0].Bytes) != "<13><skip/>" {
		t.Errorf("got %+v", damages[0])
	}
	if damages[1].Reason != "connection broke off inside a message" || string(damages[1].Bytes) != "99 <13>broken off" {
		t.Errorf("got %+v", damages[1])
	}
}

// A sender that starts a message and does not end it is let go, and its bytes are kept.
func TestListenSlow(t *testing.T) {
	r, address := listen(t, overTCP+"  frame_timeout: 200ms\n  idle_timeout: 1s\n")
	slow, idle := dial(t, "tcp", address), dial(t, "tcp", address)
	write(t, slow, "99 <13>slo")
	closed := func(c net.Conn) {
		t.Helper()
		for begin := time.Now(); time.Since(begin) < 20*time.Second; {
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
				return
			}
			if c == slow {
				_, _ = io.WriteString(c, "w") // one byte at a time does not help
			}
		}
		t.Error("the connection stays open")
	}
	closed(slow)
	closed(idle)
	got := r.Await(t, journal.Damaged, 1)
	if d := r.Damages(t)[0]; d.Reason != "message took too long" || !strings.HasPrefix(string(d.Bytes), "99 <13>slo") {
		t.Errorf("got %+v, %d lines", d, len(got))
	}
}

// A node that stops takes in what was read, and says so of what is cut by it.
func TestListenStop(t *testing.T) {
	r, address := listen(t, overTCP)
	c := dial(t, "tcp", address)
	write(t, c, "<13>whole\n<13>par")
	r.AwaitEvents(1)
	r.Stop()
	counts := collecttest.Balanced(t, r.Intake)["syslog/127.0.0.1"]
	if counts.Stored != 1 || counts.Quarantined != 1 || r.Damages(t)[0].Reason != "Wardline stopped inside a message" {
		t.Errorf("got %+v", counts)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection stays open")
	}
}

// One address may have so many connections, and only those that are allowed have any.
func TestListenTurnsAway(t *testing.T) {
	r, address := listen(t, overTCP+"  connections_per_address: 2\n")
	for range 2 {
		c := dial(t, "tcp", address)
		write(t, c, "<13>x\n")
	}
	r.AwaitEvents(2)
	if isOpen(address) {
		t.Error("a third connection is open")
	}
	_, address = listen(t, strings.Replace(overTCP, "127.0.0.0/8", "10.0.0.0/8", 1))
	if isOpen(address) {
		t.Error("a connection from elsewhere is open")
	}
}

// isOpen tells whether a connection that says nothing stays open for a moment.
func isOpen(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err = c.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// What the journal cannot write is held, the sender waits, and nothing is lost; even what a failed write took along comes again.
func TestListenWhileTheJournalFails(t *testing.T) {
	r, address := listen(t, overTCP)
	c := dial(t, "tcp", address)
	r.Hold()
	write(t, c, "<13>one\n<13>two\n")
	until(t, func() bool { s := r.Intake.Standings(); return len(s) > 0 && s[0].Waiting == 2 })
	r.Break(journal.ErrFailed)
	r.Refuse(journal.ErrFailed)
	r.Release()
	until(t, func() bool { return r.Refused() > 0 })
	r.Break(nil)
	r.Refuse(nil)
	r.AwaitEvents(2)
	r.Refuse(journal.ErrFull)
	refused := r.Refused()
	write(t, c, "<13>three\n")
	until(t, func() bool { return r.Refused() > refused })
	r.Refuse(nil)
	r.AwaitEvents(3)
	got := r.Received("syslog/127.0.0.1", 3)
	if want := (collect.Counts{Received: 3, Stored: 3, Bytes: got.Bytes}); got != want {
		t.Errorf("got %+v", got)
	}
}

// until waits until something holds.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("waited in vain")
		}
	}
}

const overUDP = `
datagrams:
- listen: 127.0.0.1:0
  from: [127.0.0.0/8]
`

func TestListenUDP(t *testing.T) {
	r, address := listen(t, overUDP)
	c := dial(t, "udp", address)
	for i, text := range []string{"<13>May  1 12:00:00 h p: one", "<14>two\n", "\n", "<15>three\nand more\x00"} {
		write(t, c, text)
		r.AwaitEvents(min(i+1, 2))
	}
	r.AwaitEvents(3)
	if diff := cmp.Diff(messages(t, r), []string{"one", "two", "three\nand more"}); diff != "" {
		t.Error(diff)
	}
	counts := collecttest.Balanced(t, r.Intake)
	if got := counts["syslog/127.0.0.1"]; got.Stored != 3 || len(counts) != 1 {
		t.Errorf("got %+v", counts)
	}
}

// Datagrams that the system had no room for are counted.
func TestListenUDPOverflow(t *testing.T) {
	if _, err := os.Stat("/proc/self/net/udp"); err != nil {
		t.Skip("this system does not tell what it dropped")
	}
	r, address := listen(t, overUDP+"  receive_buffer: 4096\n")
	r.Hold() // as soon as the pool of senders without a certificate is full, nothing is read any more
	const sent = 40_000
	senders := make([]net.Conn, 64)
	for i := range senders {
		from := net.UDPAddr{IP: net.IPv4(127, 0, 1, byte(i))}
		to, _ := net.ResolveUDPAddr("udp", address)
		c, err := net.DialUDP("udp", &from, to)
		if err != nil {
			t.Skip("this system has one loopback address only")
		}
		defer c.Close()
		senders[i] = c
	}
	text := "<13>" + strings.Repeat("x", 900)
	for i := range sent {
		write(t, senders[i%len(senders)], text)
	}
	r.Release()
	late := time.Now().Add(20 * time.Second)
	for {
		received, dropped := int64(0), int64(0)
		for _, c := range collecttest.Balanced(t, r.Intake) {
			received += c.Received
			dropped += c.Dropped
		}
		if received == sent && dropped > 0 {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("%d sent, %d booked, %d of them dropped", sent, received, dropped)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// logger of util-linux is a real sender.
func TestListenLogger(t *testing.T) {
	logger, err := exec.LookPath("logger")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("logger of util-linux is not installed")
	}
	for _, c := range []struct {
		name, config string
		arguments    []string
	}{
		{"UDP, RFC 5424", overUDP, []string{"--udp", "--rfc5424"}},
		{"UDP, RFC 3164", overUDP, []string{"--udp", "--rfc3164"}},
		{"TCP, lines", overTCP, []string{"--tcp", "--rfc5424"}},
		{"TCP, counted", overTCP, []string{"--tcp", "--rfc5424", "--octet-count"}},
		{"TCP, RFC 3164", overTCP, []string{"--tcp", "--rfc3164"}},
	} {
		r, address := listen(t, c.config)
		host, port, _ := net.SplitHostPort(address)
		arguments := append(c.arguments, "--server", host, "--port", port, "--tag", "pump", "--priority", "authpriv.warning", "dose limit reached")
		if out, err := exec.Command(logger, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c.name, err, out)
		}
		r.AwaitEvents(1)
		var got struct {
			App     string `json:"app_name"`
			Message string
			Pri     int `json:"priority"`
		}
		if err := json.Unmarshal([]byte(r.Texts(options(t))[0]), &got); err != nil {
			t.Fatal(err)
		}
		if got.App != "pump" || got.Message != "dose limit reached" || got.Pri != 84 {
			t.Errorf("%s: got %+v", c.name, got)
		}
		if ev := r.Events(t, options(t).Taxonomy)[0]; time.Since(ev.Time).Abs() > 25*time.Hour { // zones
			t.Errorf("%s: the event is of %v", c.name, ev.Time)
		}
	}
}

// Sent over the wire, counted or in lines, the public messages give the events that they give as a file.
func TestListenPublicMessages(t *testing.T) {
	for table, least := range map[string]int{"rfc5424.jsonl": 100, "rfc3164.jsonl": 6} {
		var lines, counted strings.Builder
		for row := range rows(t, table) {
			var c struct {
				Input []byte `json:"input_b64"`
				Valid bool
			}
			if err := json.Unmarshal(row, &c); err != nil {
				t.Fatal(err)
			}
			if c.Valid {
				fmt.Fprintf(&lines, "%s\n", c.Input)
			}
			if strings.HasPrefix(string(c.Input), "<") {
				fmt.Fprintf(&counted, "%d %s", len(c.Input), c.Input)
			}
		}
		for _, stream := range []string{lines.String(), counted.String()} {
			want, damages := decode(t, stream)
			r, address := listen(t, overTCP)
			c := dial(t, "tcp", address)
			write(t, c, stream)
			c.Close()
			got := r.Received("syslog/127.0.0.1", int64(len(want)+damages))
			if got.Stored != int64(len(want)) || len(want) < least {
				t.Errorf("%s: %d events as a file, over the wire %+v", table, len(want), got)
			}
			if diff := cmp.Diff(r.Texts(options(t)), want); diff != "" {
				t.Errorf("%s: over the wire -, as a file +:\n%s", table, diff)
			}
		}
	}
}

// decode gives the fields of the events of a file, with the flag of senders without a certificate.
func decode(t *testing.T, stream string) (fields []string, damages int) {
	t.Helper()
	o := options(t)
	o.Modified = time.Now()
	d := syslog.Format().Open(strings.NewReader(stream), o)
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return fields, damages
		case errors.As(err, &damage):
			damages++
		case err != nil:
			t.Fatal(err)
		default:
			flags := `"unauthenticated_source"`
			if tm := ev.Time; !tm.IsZero() && (tm.Unix() < 0 || time.Until(tm) > 24*time.Hour) {
				flags += `,"time_suspect"`
			}
			text := string(ev.Fields)[1:]
			if text != "}" {
				text = "," + text
			}
			fields = append(fields, string(event.AppendOneLine(nil, []byte(`{"wardline":{"flags":[`+flags+`]}`+text))))
		}
	}
}

// authority signs certificates for a test, and writes them where a configuration can name them.
type authority struct {
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, _ = x509.ParseCertificate(der)
	a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) sign(t *testing.T, file string, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(key)
	a.write(t, file+".pem", "CERTIFICATE", der)
	a.write(t, file+".key", "PRIVATE KEY", private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) config(clients, from string) string {
	ca := ""
	if clients != "none" {
		ca = "\n    client_ca: " + filepath.Join(a.dir, "ca.pem")
	}
	return fmt.Sprintf("streams:\n- listen: 127.0.0.1:0\n%s  tls:\n    certificate: %s\n    key: %s\n    client_certificates: %s%s\n",
		from, filepath.Join(a.dir, "server.pem"), filepath.Join(a.dir, "server.key"), clients, ca)
}

// A certificate names the sender (RFC 5425); without one its address does, where that is allowed.
func TestListenTLS(t *testing.T) {
	a := newAuthority(t)
	a.sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	named := a.sign(t, "pacs", &x509.Certificate{DNSNames: []string{"pacs.clinic.example"}, Subject: pkix.Name{CommonName: "other"}})
	common := a.sign(t, "pump", &x509.Certificate{Subject: pkix.Name{CommonName: "pump 7"}})
	stranger := newAuthority(t).sign(t, "stranger", &x509.Certificate{Subject: pkix.Name{CommonName: "pump 7"}})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	const from = "  from: [127.0.0.0/8]\n"
	for _, c := range []struct {
		clients, from string
		certificate   []tls.Certificate
		want          string // empty when turned away
	}{
		{"none", from, nil, "syslog/127.0.0.1"},
		{"optional", from, nil, "syslog/127.0.0.1"},
		{"optional", from, []tls.Certificate{named}, "syslog/pacs.clinic.example"},
		{"required", "", []tls.Certificate{common}, "syslog/pump 7"},
		{"required", "", nil, ""},
		{"required", "", []tls.Certificate{stranger}, ""},
	} {
		r, address := listen(t, a.config(c.clients, c.from))
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, Certificates: c.certificate})
		if err == nil {
			_, err = io.WriteString(conn, "8 <13>one\n")
		}
		if c.want == "" {
			if err == nil {
				_, err = conn.Read(make([]byte, 1))
			}
			if err == nil || len(r.Intake.Standings()) > 0 {
				t.Errorf("%s: taken in: %v", c.clients, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r.AwaitEvents(1)
		write(t, conn, "<13>two\n") // a line, which ends by a moment of silence
		r.AwaitEvents(2)
		write(t, conn, "<13>three\n")
		r.AwaitEvents(3)
		conn.Close()
		for _, ev := range r.Events(t, options(t).Taxonomy) {
			if flagged := strings.Contains(string(ev.Fields), "unauthenticated"); ev.Source != c.want || flagged != (c.certificate == nil) {
				t.Errorf("%s: source %s, unauthenticated %v", c.clients, ev.Source, flagged)
			}
		}
	}
}

// Whoever shows a certificate counts by it: a house behind one address may have many, and one certificate only so many
// connections, wherever they come from.
func TestListenCountsByCertificate(t *testing.T) {
	a := newAuthority(t)
	a.sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	r, address := listen(t, a.config("optional", "  from: [127.0.0.0/8]\n  connections_per_address: 1\n  connections_per_certificate: 2\n"))
	open := func(name string) bool {
		t.Helper()
		var shown []tls.Certificate
		if name != "" {
			shown = append(shown, a.sign(t, name, &x509.Certificate{DNSNames: []string{name}}))
		}
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, Certificates: shown})
		if err != nil {
			return false
		}
		t.Cleanup(func() { conn.Close() })
		received := len(r.Lines(journal.Events))
		if _, err := io.WriteString(conn, "8 <13>one\n"); err != nil {
			return false
		}
		closed := make(chan struct{})
		go func() { defer close(closed); _, _ = conn.Read(make([]byte, 1)) }()
		for {
			select {
			case <-closed:
				return false
			case <-time.After(time.Millisecond):
			}
			if len(r.Lines(journal.Events)) > received {
				return true
			}
		}
	}
	for i, want := range []struct {
		name string
		open bool
	}{{"pacs", true}, {"pacs", true}, {"pacs", false}, {"lab", true}, {"", true}, {"", false}} {
		if got := open(want.name); got != want.open {
			t.Errorf("connection %d, by %q: open %v", i, want.name, got)
		}
	}
}

// Handshakes that fail are told of, with the reason in our words, and a peer that goes on and on is told of once.
func TestListenTellsOfHandshakes(t *testing.T) {
	a := newAuthority(t)
	a.sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	stranger := newAuthority(t).sign(t, "stranger", &x509.Certificate{Subject: pkix.Name{CommonName: "pump canary"}})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	plain := func(text string) func(string) {
		return func(address string) {
			c := dial(t, "tcp", address)
			_, _ = io.WriteString(c, text)
			_, _ = io.ReadAll(c)
		}
	}
	for want, shake := range map[string]func(address string){
		"the client does not speak TLS": plain("<13>this is a canary in plain text\n"),
		"it took too long":              plain(""),
		"the client's certificate is not of client_ca, or not valid now": func(address string) {
			if c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{stranger}}); err == nil {
				_, _ = io.ReadAll(c)
			}
		},
		"the client broke off: does it trust the authority of the certificate here?": func(address string) {
			_, _ = tls.Dial("tcp", address, &tls.Config{RootCAs: x509.NewCertPool()})
		},
		"the client closed the connection": func(address string) {
			c := dial(t, "tcp", address).(*net.TCPConn)
			_, _ = c.Write([]byte{22}) // of a handshake, and no more
			_ = c.SetLinger(0)
			c.Close()
		},
		"no version, cipher or certificate in common": func(address string) {
			_, _ = tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		},
	} {
		within := "1m"
		if want == "it took too long" {
			within = "100ms"
		}
		r, address := listen(t, a.config("optional", "  from: [127.0.0.0/8]\n  handshake_timeout: "+within+"\n"))
		const message = "TLS handshakes failed: nothing is received over such connections"
		for range 3 {
			shake(address)
		}
		until(t, func() bool { return r.Logged(message) > 0 })
		r.Stop()
		if times, got := r.Logged(message), r.Told(message, "last_because"); times != 1 || got != want {
			t.Errorf("told %d times, that %q; want once, that %q", times, got, want)
		}
	}
	r, address := listen(t, a.config("optional", "  from: [127.0.0.0/8]\n"))
	c := dial(t, "tcp", address).(*net.TCPConn)
	_ = c.CloseWrite()
	_, _ = io.ReadAll(c) // until it was served
	if r.Stop(); r.Logged("TLS handshakes failed: nothing is received over such connections") > 0 {
		t.Error("who only looked whether the door is open was told of")
	}
}

func TestListenConfig(t *testing.T) {
	for config, want := range map[string]string{
		"name: x":                           "name at least one listener",
		"streams: [{listen: ':1'}]":         "from: name the networks",
		"streams: [{from: [10.0.0.0/8]}]":   "listen: name an address",
		"datagrams: [{listen: ':1'}]":       "from: name the networks",
		overTCP + "largest_message: 999999": "largest_message",
		overTCP + "lagrest_message: 1":      "lagrest_message",
		"streams: [{listen: ':1', tls: {certificate: a, key: b, client_certificates: required}}]": "belong together",
	} {
		_, err := syslog.Listener().New(func(into any) error {
			d := yaml.NewDecoder(strings.NewReader(config))
			d.KnownFields(true)
			return d.Decode(into)
		}, options(t), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", config, err, want)
		}
	}
}

// Records of security appliances stand in the text of messages.
func TestAppliance(t *testing.T) {
	for in, want := range map[string]string{
		`<134>May  1 12:00:00 fw CEF:0|V|P|1|100|Login failed|7|src=10.0.0.1 msg=a b`: `{"priority":134,"facility":16,"severity":6,"timestamp":"May  1 12:00:00","hostname":"fw","message":"CEF:0|V|P|1|100|Login failed|7|src=10.0.0.1 msg=a b",` +
			`"cef":{"version":"0","vendor":"V","product":"P","product_version":"1","event_id":"100","name":"Login failed","severity":"7","attributes":{"src":"10.0.0.1","msg":"a b"}}}`,
		"LEEF:1.0|V|P|1|100|a=1": `{"message":"LEEF:1.0|V|P|1|100|a=1","leef":{"version":"1.0","vendor":"V","product":"P","product_version":"1","event_id":"100","attributes":{"a":"1"}}}`,
	} {
		d := syslog.Format().Open(strings.NewReader(in), options(t))
		var ev event.Event
		if err := d.Next(&ev); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(ev.Fields), want); diff != "" {
			t.Error(diff)
		}
	}
}

// BenchmarkListenTCP takes in messages over one connection on loopback.
func BenchmarkListenTCP(b *testing.B) {
	r, address := listen(b, overTCP)
	c := dial(b, "tcp", address)
	w := bufio.NewWriterSize(c, 64<<10)
	text := "<86>1 2026-05-01T12:00:00.123Z ward7 sshd 4711 - - Accepted publickey for nurse1 from 10.1.2.3 port 50022 ssh2: ED25519\n"
	b.SetBytes(int64(len(text)))
	for range b.N {
		if _, err := w.WriteString(text); err != nil {
			b.Fatal(err)
		}
	}
	w.Flush()
	r.Received("syslog/127.0.0.1", int64(b.N))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

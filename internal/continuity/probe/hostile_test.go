package probe_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

// serve listens, and lets each connection be served by each, until the test ends.
func serve(t *testing.T, each func(net.Conn)) (address string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	connections = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer c.Close()
				each(c)
			}()
		}
	}()
	return l.Addr().String(), connections
}

// answering reads something and answers with a text, over and over when it has no end.
func answering(text string, endless bool) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		for {
			if _, err := c.Write([]byte(text)); err != nil || !endless {
				return
			}
		}
	}
}

// speaking are the kinds that something is to be said to, over TCP.
var speaking = []string{
	"name: s, kind: dicom, address: '%s', called_ae: A", "name: s, kind: dicom, address: '%s', called_ae: A, tls: true", "name: s, kind: tls, address: '%s'",
	"name: s, kind: fhir, url: 'http://%s'", "name: s, kind: qido, url: 'http://%s'", "name: s, kind: https, url: 'http://%s'", "name: s, kind: https, url: 'https://%s'",
	"name: s, kind: ldap, address: '%s'",
}

const secret = "DOE^JANE"

// Whatever a server says costs a bounded amount, makes nothing fail, and is not repeated.
func TestHostile(t *testing.T) {
	header := "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n"
	for name, c := range map[string]struct {
		serve func(net.Conn)
		cause probe.Cause // of those that are not asked over HTTP
	}{
		"ends at once":            {func(net.Conn) {}, probe.Broken},
		"ends when it is asked":   {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, probe.Broken},
		"says something else":     {answering("\x7f\x00"+secret+"\r\n"+strings.Repeat(secret, 20), false), probe.Strange},
		"never ends":              {answering(secret+strings.Repeat("\x30\x84\x00\x00\xff\xff", 4096), true), probe.Strange},
		"never ends a header":     {answering("HTTP/1.1 200 OK\r\nX: "+strings.Repeat(secret, 4096), true), probe.Strange},
		"never ends a line":       {answering(strings.Repeat("\x01\x00\x00\x00", 4096), true), probe.Strange},
		"nests without end":       {answering(strings.Repeat("\x30\x80", 1<<20), true), probe.Strange},
		"says how long, and lies": {answering("\x30\x84\x7f\xff\xff\xff", false), ""},
	} {
		for _, text := range speaking {
			address, _ := serve(t, c.serve)
			declared := target(t, fmt.Sprintf(text, address))
			r := probe.Ask(t.Context(), declared, nil)
			if r.State != probe.Down || r.Cause == "" || strings.Contains(r.Why, "DOE") {
				t.Errorf("%s: %s: %s %s, %q", name, text, r.State, r.Cause, r.Why)
			}
			if r.Cause == probe.Silent || r.Took >= declared.Timeout {
				t.Errorf("%s: %s: it was listened to until the time was over", name, text)
			}
		}
	}
	// Over HTTP what has no end is seen where it must be read.
	for text, want := range map[string]probe.State{
		"name: s, kind: fhir, url: 'http://%s'": probe.Down, "name: s, kind: qido, url: 'http://%s'": probe.Up, "name: s, kind: https, url: 'http://%s'": probe.Up,
	} {
		address, _ := serve(t, answering(header+`{"`+strings.Repeat(secret, 4096), true))
		r := probe.Ask(t.Context(), target(t, fmt.Sprintf(text, address)), nil)
		if r.State != want || strings.Contains(r.Why, "DOE") {
			t.Errorf("%s: %s %s, %q", text, r.State, r.Cause, r.Why)
		}
	}
}

// Who is probed sees our end of the connection come, and no reset, though something of its own is still under way.
func TestParting(t *testing.T) {
	late := func(first string) (func(net.Conn), chan error) {
		ended := make(chan error, 1)
		return func(c net.Conn) {
			if first != "" {
				_, _ = c.Read(make([]byte, 4096))
			}
			_, _ = c.Write([]byte(first))
			time.Sleep(50 * time.Millisecond)
			_, _ = c.Write([]byte("and something else"))
			time.Sleep(50 * time.Millisecond) // a reset would come now
			_, err := c.Write([]byte("and more"))
			for err == nil {
				_, err = c.Read(make([]byte, 4096))
			}
			ended <- err
		}, ended
	}
	for text, first := range map[string]string{
		"name: s, kind: https, url: 'http://%s'": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "name: s, kind: tcp, address: '%s'": "",
	} {
		each, ended := late(first)
		address, _ := serve(t, each)
		if r := probe.Ask(t.Context(), target(t, fmt.Sprintf(text, address)), nil); r.State != probe.Up {
			t.Errorf("%s: %s, %s", text, r.State, r.Why)
		}
		if err := <-ended; err != io.EOF {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Datagrams that are no answers are not one.
func TestHostileDatagrams(t *testing.T) {
	for _, text := range []string{"name: s, kind: ntp, address: '%s'", "name: s, kind: dns, address: '%s', query: dc1.hospital.example"} {
		for _, say := range []string{"", secret, strings.Repeat(secret, 100), strings.Repeat("\xff", 512)} {
			l, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				b := make([]byte, 4096)
				if _, from, err := l.ReadFrom(b); err == nil {
					_, _ = l.WriteTo([]byte(say), from)
				}
			}()
			r := probe.Ask(t.Context(), target(t, fmt.Sprintf(text, l.LocalAddr())+", timeout: 500ms"), nil)
			if r.State != probe.Down || strings.Contains(r.Why, "DOE") || r.Offset != 0 {
				t.Errorf("%s: %s %s, %q", text, r.State, r.Cause, r.Why)
			}
			l.Close()
		}
	}
}

// What belongs to a modality is not called, however it is declared: by its address, its name, its AE title, or a name that leads there.
func TestModalities(t *testing.T) {
	address, connections := serve(t, answering("", false))
	port := portNumber(address)
	modality := func(names ...string) func(string) bool {
		return func(name string) bool {
			for _, n := range names {
				if n == name {
					return true
				}
			}
			return false
		}
	}
	for _, c := range []struct {
		text     string
		modality func(string) bool
	}{
		{"name: s, kind: tcp, address: '127.0.0.1:%d'", modality("127.0.0.1")},
		{"name: s, kind: mllp, address: 'localhost:%d'", modality("localhost")},
		{"name: s, kind: mllp, address: 'localhost:%d'", modality("127.0.0.1", "::1")}, // where the name leads
		{"name: s, kind: dicom, address: 'localhost:%d', called_ae: CT1", modality("CT1")},
		{"name: s, kind: tls, address: 'localhost:%d'", modality("127.0.0.1", "::1")},
		{"name: s, kind: ldap, address: 'localhost:%d'", modality("127.0.0.1", "::1")},
		{"name: s, kind: fhir, url: 'http://localhost:%d'", modality("127.0.0.1", "::1")},
		{"name: s, kind: https, url: 'https://localhost:%d'", modality("127.0.0.1", "::1")},
		{"name: s, kind: qido, url: 'http://localhost:%d'", modality("localhost")},
		{"name: s, kind: ntp, address: 'localhost:%d'", modality("127.0.0.1", "::1")},
		{"name: s, kind: dns, query: a, address: 'localhost:%d'", modality("127.0.0.1", "::1")},
		{"name: s, kind: tcp, address: '[::ffff:127.0.0.1]:%d'", modality("127.0.0.1")}, // the same in other words
	} {
		r := probe.Ask(t.Context(), target(t, fmt.Sprintf(c.text, port)), c.modality)
		if r.State != probe.Refused || r.Cause != probe.Forbidden || !strings.Contains(r.Why, "never probes modalities or pumps") {
			t.Errorf("%s: %s %s, %q", c.text, r.State, r.Cause, r.Why)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("it was called %d times", n)
	}
	if probe.Ask(t.Context(), target(t, fmt.Sprintf("name: s, kind: tcp, address: '127.0.0.1:%d'", port)), modality("CT1")); connections.Load() != 1 {
		t.Error("what is none was not called")
	}
}

func portNumber(address string) int {
	var n int
	_, port, _ := net.SplitHostPort(address)
	_, _ = fmt.Sscan(port, &n)
	return n
}

// Who does not speak TLS, and who does and is not asked in it.
func TestNoTLS(t *testing.T) {
	plain, _ := serve(t, answering("220 mail.example ready\r\n", false))
	if r := probe.Ask(t.Context(), target(t, "name: s, kind: tls, address: '"+plain+"'"), nil); r.Why != "answered, but does not speak TLS" || r.Cause != probe.Strange {
		t.Errorf("%s: %q", r.Cause, r.Why)
	}
	old, _ := serve(t, func(c net.Conn) { // an alert: no common version
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte{21, 3, 1, 0, 2, 2, 70})
	})
	if r := probe.Ask(t.Context(), target(t, "name: s, kind: tls, address: '"+old+"'"), nil); r.Cause != probe.Rejected || !strings.HasPrefix(r.Why, "answered, but refuses TLS with us: ") {
		t.Errorf("%s: %q", r.Cause, r.Why)
	}
}

// A name that nobody knows, and a place where nobody is.
func TestNowhere(t *testing.T) {
	r := probe.Ask(t.Context(), target(t, "name: s, kind: tcp, address: 'nobody.invalid:104'"), nil)
	if r.State != probe.Down || r.Cause != probe.NoName {
		t.Errorf("%s %s, %q", r.State, r.Cause, r.Why)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if r := probe.Ask(ended, target(t, "name: s, kind: tcp, address: '127.0.0.1:9'"), nil); r.State == probe.Up {
		t.Errorf("%s %s, %q", r.State, r.Cause, r.Why)
	}
}

// A server whose clock is off tells so, and one that took long to tell is given the benefit of that.
func TestClock(t *testing.T) {
	for _, c := range []struct {
		ahead, wait, want time.Duration
		within            time.Duration
	}{
		{0, 0, 0, 500 * time.Millisecond},
		{time.Hour, 0, time.Hour, time.Second},
		{-10 * time.Second, 0, -10 * time.Second, time.Second},
		{0, 2 * time.Second, 0, 500 * time.Millisecond},           // the answer seems to be a second behind
		{time.Second, 2 * time.Second, 0, 500 * time.Millisecond}, // and with a second ahead, to be right
	} {
		r := probe.Ask(t.Context(), target(t, "name: s, kind: ntp, address: '"+clock(t, c.ahead, c.wait)+"', every: 2m, timeout: 1m"), nil)
		if r.State != probe.Up || (r.Offset-c.want).Abs() > c.within {
			t.Errorf("%v ahead: %s, %q, %v", c.ahead, r.State, r.Why, r.Offset)
		}
	}
}

// clock is a time server (RFC 5905 7.3) that is ahead, and answers after a while.
func clock(t *testing.T, ahead, wait time.Duration) string {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		b := make([]byte, 1024)
		for {
			n, from, err := l.ReadFrom(b)
			if err != nil || n < 48 {
				return
			}
			at := time.Now().Add(ahead)
			stamp := uint64(at.Unix()+2208988800)<<32 | uint64(at.Nanosecond())<<32/1e9
			answer := make([]byte, 48)
			answer[0], answer[1] = 0x24, 1 // version 4, server; stratum 1
			binary.BigEndian.PutUint64(answer[16:], stamp)
			copy(answer[24:32], b[40:48])
			binary.BigEndian.PutUint64(answer[32:], stamp)
			binary.BigEndian.PutUint64(answer[40:], stamp)
			time.Sleep(wait)
			_, _ = l.WriteTo(answer, from)
		}
	}()
	return l.LocalAddr().String()
}

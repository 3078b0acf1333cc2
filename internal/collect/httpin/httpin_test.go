package httpin_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/httpin"
	"github.com/wardline/wardline/internal/collect/httpin/httpintest"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// note is a route that keeps its whole body as one event.
func note() collect.Route {
	return collect.Route{
		Pattern: "POST /note",
		Body:    collect.BodyLimits{Bytes: 256 << 10, Ratio: 20, Zstd: true},
		New: func(o collect.Options) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := collect.ReadBody(r)
				if err != nil {
					status, reason := collect.Refuse(w, r, err, 1)
					http.Error(w, reason, status)
					return
				}
				if string(body) == "panic" {
					panic("a mistake of ours")
				}
				batch := collect.NewBatch(r)
				defer batch.Close()
				ev := event.Event{Class: o.Taxonomy.Class("", "", ""), Fields: []byte(fmt.Sprintf(`{"bytes":%d}`, len(body)))}
				if err = batch.Put(&ev, body); err == nil {
					_, err = batch.Wait()
				}
				if err != nil {
					status, reason := collect.Refuse(w, r, err, 0)
					http.Error(w, reason, status)
				}
			})
		},
	}
}

// Every way to be refused, and the ways to be let in.
func TestAnswers(t *testing.T) {
	text := strings.Repeat("the ward is quiet tonight. ", 1000)
	basic := func(scheme, text string) string {
		return scheme + " " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	for name, c := range map[string]struct {
		request httpintest.Request
		status  int
		kept    string
	}{
		"bearer":             {httpintest.Request{Body: "x"}, 200, `{"bytes":1}`},
		"splunk":             {httpintest.Request{Authorization: "Splunk " + httpintest.Token}, 200, `{"bytes":0}`},
		"basic":              {httpintest.Request{Authorization: basic("Basic", "beat:"+httpintest.Token)}, 200, `{"bytes":0}`},
		"api key":            {httpintest.Request{Authorization: basic("ApiKey", "id:"+httpintest.Token)}, 200, `{"bytes":0}`},
		"api key as it is":   {httpintest.Request{Authorization: "ApiKey " + httpintest.Token}, 200, `{"bytes":0}`},
		"gzip":               {httpintest.Request{Packing: "gzip", Body: gzipped(text[:2000])}, 200, `{"bytes":2000}`},
		"zstd":               {httpintest.Request{Packing: "zstd", Body: zstded(text[:2000])}, 200, `{"bytes":2000}`},
		"nobody":             {httpintest.Request{Authorization: "-"}, 401, ""},
		"unknown token":      {httpintest.Request{Authorization: "Bearer other"}, 401, ""},
		"unreadable":         {httpintest.Request{Authorization: "Basic ???"}, 401, ""},
		"unknown scheme":     {httpintest.Request{Authorization: "Negotiate abc"}, 401, ""},
		"elsewhere":          {httpintest.Request{Authorization: "Bearer elsewhere"}, 403, ""},
		"no answer on token": {httpintest.Request{Authorization: "Bearer broken"}, 503, ""},
		"too large":          {httpintest.Request{Body: strings.Repeat("x", 256<<10+1)}, 413, ""},
		"too large unpacked": {httpintest.Request{Packing: "gzip", Body: gzipped(incompressible(256<<10 + 1))}, 413, ""},
		"bomb":               {httpintest.Request{Packing: "gzip", Body: gzipped(strings.Repeat("0", 200<<10))}, 413, ""},
		"zstd bomb":          {httpintest.Request{Packing: "zstd", Body: zstded(strings.Repeat("0", 200<<10))}, 413, ""},
		"unknown packing":    {httpintest.Request{Packing: "br", Body: "x"}, 415, ""},
		"packed twice":       {httpintest.Request{Packing: "gzip, gzip", Body: "x"}, 415, ""},
		"no gzip":            {httpintest.Request{Packing: "gzip", Body: "plain"}, 400, ""},
		"gzip cut off":       {httpintest.Request{Packing: "gzip", Body: gzipped(text)[:100]}, 400, ""},
		"our mistake":        {httpintest.Request{Body: "panic"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			kept := collecttest.NewMemory()
			n := httpintest.Serve(t, kept, nil, note())
			c.request.Path = "/note"
			if c.status == 0 {
				req, _ := http.NewRequestWithContext(t.Context(), "POST", n.URL+"/note", strings.NewReader("panic"))
				req.Header.Set("Authorization", "Bearer "+httpintest.Token)
				if _, err := http.DefaultClient.Do(req); err == nil {
					t.Error("the connection was not closed")
				}
				return
			}
			resp, body := n.Do(t, c.request)
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d: %s", resp.StatusCode, c.status, body)
			}
			if (resp.StatusCode == 401) != (resp.Header.Get("WWW-Authenticate") != "") || (resp.StatusCode == 503) != (resp.Header.Get("Retry-After") != "") {
				t.Errorf("headers %v", resp.Header)
			}
			fields := ""
			for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
				fields += string(ev.Fields)
				if ev.Source != "token/ward-7" {
					t.Errorf("source %s", ev.Source)
				}
			}
			if fields != c.kept {
				t.Errorf("kept %s, want %s", fields, c.kept)
			}
			collecttest.Balanced(t, n.Intake)
			for _, quoted := range []string{"other", "Negotiate", "plain"} {
				if strings.Contains(body, quoted) {
					t.Errorf("the answer quotes the request: %s", body)
				}
			}
		})
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func zstded(text string) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll([]byte(text), nil))
}

func incompressible(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return string(b)
}

// The journal cannot take it: the sender is told to come again, and nothing is acknowledged.
func TestJournalFails(t *testing.T) {
	for name, c := range map[string]struct{ add, receipt error }{
		"full":            {journal.ErrFull, nil},
		"failed":          {journal.ErrFailed, nil},
		"failed later on": {nil, journal.ErrFailed},
		"closed":          {journal.ErrClosed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			kept := collecttest.NewMemory()
			n := httpintest.Serve(t, kept, nil, note())
			kept.Refuse(c.add)
			kept.Break(c.receipt)
			if resp, _ := n.Do(t, httpintest.Request{Path: "/note"}); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
				t.Errorf("status %d", resp.StatusCode)
			}
			kept.Refuse(nil)
			kept.Break(nil)
			if resp, _ := n.Do(t, httpintest.Request{Path: "/note"}); resp.StatusCode != 200 {
				t.Errorf("status %d after it came back", resp.StatusCode)
			}
		})
	}
}

// Nothing is answered before the receipt is there.
func TestAnswersOnlyWhenDurable(t *testing.T) {
	kept := collecttest.NewMemory()
	n := httpintest.Serve(t, kept, nil, note())
	kept.Hold()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /note HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: 1\r\n\r\nx", httpintest.Token)
	waitFor(t, func() bool { return waiting(n) == 1 })
	// The event was handed in; an answer, if one were on its way, would come now.
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("answered before the event was durable: %v", err)
	}
	kept.Release()
	_ = conn.SetReadDeadline(time.Time{})
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
}

// waiting is how many records are on their way into the journal.
func waiting(n *httpintest.Node) (sum int64) {
	for _, s := range n.Intake.Standings() {
		sum += s.Waiting
	}
	return sum
}

// waitFor polls with a deadline.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not happen")
		}
	}
}

// A sender from a declared network needs no token; elsewhere, or with a wrong one, it is refused.
func TestDeclaredNetworks(t *testing.T) {
	for name, c := range map[string]struct {
		network, auth string
		status        int
	}{
		"declared":                   {"127.0.0.0/8", "-", 200},
		"another":                    {"10.0.0.0/8", "-", 401},
		"declared and a wrong token": {"127.0.0.0/8", "Bearer wrong", 401},
	} {
		t.Run(name, func(t *testing.T) {
			kept := collecttest.NewMemory()
			n := httpintest.Serve(t, kept, func(c2 *httpin.Config, _ *httpin.Setup) {
				c2.Unauthenticated = []netip.Prefix{netip.MustParsePrefix(c.network)}
			}, note())
			resp, _ := n.Do(t, httpintest.Request{Path: "/note", Authorization: c.auth})
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
			for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
				if ev.Source != "http/127.0.0.1" || !strings.Contains(string(ev.Fields), "unauthenticated_source") {
					t.Errorf("source %s, fields %s", ev.Source, ev.Fields)
				}
			}
		})
	}
}

// Headers and bodies that come too slowly end, and what was sent is not kept.
func TestSlowSenders(t *testing.T) {
	kept := collecttest.NewMemory()
	n := httpintest.Serve(t, kept, func(c *httpin.Config, _ *httpin.Setup) {
		c.Limits = httpin.Limits{Header: 50 * time.Millisecond, Grace: 50 * time.Millisecond}
	}, note())
	for name, c := range map[string]struct{ sent, answer string }{
		"header": {"POST /note HTTP/1.1\r\nHost: a\r\n", ""},
		"body": {
			"POST /note HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + httpintest.Token + "\r\nContent-Length: 9\r\n\r\nx",
			"HTTP/1.1 408 ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.sent); err != nil {
				t.Fatal(err)
			}
			answer, _ := io.ReadAll(conn) // until the server closes
			if !strings.HasPrefix(string(answer), c.answer) {
				t.Errorf("answered %q", answer)
			}
		})
	}
	if len(kept.Lines(journal.Events)) > 0 {
		t.Error("half a body was kept")
	}
}

// One sender cannot take all the listener's time, memory or connections.
func TestShares(t *testing.T) {
	kept := collecttest.NewMemory()
	n := httpintest.Serve(t, kept, func(c *httpin.Config, _ *httpin.Setup) {
		c.Limits = httpin.Limits{Requests: 1, PerAddress: 3, Memory: 400}
	}, note())
	if resp, body := n.Do(t, httpintest.Request{Path: "/note", Body: strings.Repeat("x", 101)}); resp.StatusCode != 503 {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
	kept.Hold()
	first := make(chan int, 1)
	go func() {
		resp, _ := n.Do(t, httpintest.Request{Path: "/note", Body: strings.Repeat("x", 100)})
		first <- resp.StatusCode
	}()
	waitFor(t, func() bool { return waiting(n) == 1 })
	if resp, _ := n.Do(t, httpintest.Request{Path: "/note"}); resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a second request at once: status %d", resp.StatusCode)
	}
	kept.Release()
	if status := <-first; status != 200 {
		t.Errorf("the first request: status %d", status)
	}
	http.DefaultClient.CloseIdleConnections()
	address := strings.TrimPrefix(n.URL, "http://")
	// The listener may take a moment to see that the connections above are closed.
	var open []net.Conn
	closeAll := func() {
		for _, conn := range open {
			conn.Close()
		}
		open = nil
	}
	defer closeAll()
	waitFor(t, func() bool {
		for range 3 {
			conn, ok := served(t, address)
			open = append(open, conn)
			if !ok {
				closeAll()
				return false
			}
		}
		return true
	})
	if conn, ok := served(t, address); ok {
		t.Error("a fourth connection was served")
		conn.Close()
	}
}

// One sender's bodies take a part of the memory for bodies, and leave the rest to others.
func TestMemoryIsShared(t *testing.T) {
	kept := collecttest.NewMemory()
	n := httpintest.Serve(t, kept, func(c *httpin.Config, _ *httpin.Setup) {
		c.Limits = httpin.Limits{Memory: 400}
		c.Unauthenticated = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}, note())
	kept.Hold()
	answers := make(chan int)
	post := func(auth string) {
		go func() {
			resp, _ := n.Do(t, httpintest.Request{Path: "/note", Body: strings.Repeat("x", 60), Authorization: auth})
			answers <- resp.StatusCode
		}()
	}
	post("")
	waitFor(t, func() bool { return waiting(n) == 1 })
	post("")
	if status := <-answers; status != 503 {
		t.Errorf("a sender with more than a quarter of the memory: status %d", status)
	}
	post("-")
	waitFor(t, func() bool { return waiting(n) == 2 })
	kept.Release()
	for range 2 {
		if status := <-answers; status != 200 {
			t.Errorf("within a quarter each: status %d", status)
		}
	}
}

// served opens a connection, and tells whether a request on it is answered.
func served(t *testing.T, address string) (net.Conn, bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return conn, answered(conn)
}

func answered(conn net.Conn) bool {
	if _, err := io.WriteString(conn, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return false
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	return err == nil && resp.StatusCode == http.StatusNotFound
}

// All senders together have so many connections, wherever they come from, and are told of.
func TestConnections(t *testing.T) {
	opened := make(chan net.Addr, 1)
	r := collecttest.Run(t, httpin.Kind(httpin.Setup{Opened: func(a net.Addr) { opened <- a }}),
		"listen: 127.0.0.1:0\nplain: true\nlimits: {connections: 3}", httpintest.Options(t))
	address := (<-opened).String()
	for i := range 5 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(10+i))}}
		conn, err := d.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Skip("this system has one loopback address only")
		}
		defer conn.Close()
		if ok := answered(conn); ok != (i < 3) {
			t.Errorf("connection %d is served: %v", i, ok)
		}
	}
	const message = "connections were turned away: too many at a time"
	if r.Logged(message) != 1 || r.Told(message, "last_from") != "127.0.0.13" {
		t.Errorf("told %d times, of %s", r.Logged(message), r.Told(message, "last_from"))
	}
}

// A mistake of ours is logged with the place where it is, and without what was passed to panic, which may quote a message.
func TestMistakesHaveAPlace(t *testing.T) {
	opened := make(chan net.Addr, 1)
	r := collecttest.Run(t, httpin.Kind(httpin.Setup{Routes: []collect.Route{note()}, Opened: func(a net.Addr) { opened <- a }}),
		"listen: 127.0.0.1:0\nplain: true\nunauthenticated: [127.0.0.0/8]", httpintest.Options(t))
	if resp, err := http.Post("http://"+(<-opened).String()+"/note", "", strings.NewReader("panic")); err == nil {
		t.Errorf("answered with status %d", resp.StatusCode)
	}
	const message = "a mistake of Wardline spoiled a connection or message: please report it"
	if stack := r.Told(message, "stack"); r.Logged(message) != 1 || !strings.Contains(stack, "httpin_test.go") || strings.Contains(stack, "a mistake of ours") {
		t.Errorf("logged %d times, with %s", r.Logged(message), stack)
	}
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	a.cert, a.key = a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed, key
}

func (a *authority) pair(c *x509.Certificate) tls.Certificate {
	cert, key := a.sign(c)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

// A certificate names its sender, over HTTP/1.1 and HTTP/2; without one a token does.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := collecttest.NewMemory()
	n := httpintest.Serve(t, kept, func(c *httpin.Config, s *httpin.Setup) {
		c.Plain, c.ClientCA = false, ca
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{a.pair(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})}}
	}, note())
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	device := a.pair(&x509.Certificate{
		DNSNames: []string{"pump-12.north.example"}, Subject: pkix.Name{CommonName: "other"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	for _, http2 := range []bool{false, true} {
		for _, certs := range [][]tls.Certificate{nil, {device}} {
			transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs}}
			req, _ := http.NewRequestWithContext(t.Context(), "POST", n.URL+"/note", strings.NewReader("x"))
			if certs == nil {
				req.Header.Set("Authorization", "Bearer "+httpintest.Token)
			}
			resp, err := (&http.Client{Transport: transport}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 || (resp.ProtoMajor == 2) != http2 {
				t.Errorf("%s: status %d", resp.Proto, resp.StatusCode)
			}
			transport.CloseIdleConnections()
		}
	}
	var sources []string
	for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
		sources = append(sources, ev.Source)
	}
	if got, want := strings.Join(sources, " "), strings.Repeat("token/ward-7 cert/pump-12.north.example ", 2); got+" " != want {
		t.Errorf("sources %s", got)
	}
	stranger := newAuthority(t).pair(&x509.Certificate{DNSNames: []string{"pump-12.north.example"}})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{stranger}}}}
	if resp, err := client.Post(n.URL+"/note", "", strings.NewReader("x")); err == nil && resp.StatusCode != 401 {
		t.Errorf("a certificate of a foreign authority: status %d", resp.StatusCode)
	}
}

// Connections by one certificate are counted together, over HTTP/1.1 and HTTP/2; and handshakes that fail are told of, once.
func TestTLSConnections(t *testing.T) {
	a := newAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	own := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{a.pair(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})}}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	device := a.pair(&x509.Certificate{DNSNames: []string{"pump-12.north.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	for _, http2 := range []bool{false, true} {
		opened := make(chan net.Addr, 1)
		r := collecttest.Run(t, httpin.Kind(httpin.Setup{Routes: []collect.Route{note()}, TLS: own, Opened: func(a net.Addr) { opened <- a }}),
			"listen: 127.0.0.1:0\nclient_ca: "+ca+"\nlimits: {connections_per_address: 1, connections_per_certificate: 2}", httpintest.Options(t))
		address := (<-opened).String()
		url := "https://" + address + "/note"
		looked, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = looked.(*net.TCPConn).CloseWrite()
		_, _ = io.ReadAll(looked) // until it was served
		if r.Logged("TLS handshakes failed: does the sender speak TLS, and trust the authority of the certificate here?") > 0 {
			t.Error("who only looked whether the door is open was told of")
		}
		for i := range 3 {
			transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{device}}}
			defer transport.CloseIdleConnections()
			resp, err := (&http.Client{Transport: transport}).Post(url, "", strings.NewReader("x"))
			if (err == nil && resp.StatusCode == 200) != (i < 2) {
				t.Errorf("HTTP/2 %v, connection %d: %v", http2, i, err)
			}
		}
		for range 3 {
			if _, err := http.Post(url, "", strings.NewReader("x")); err == nil { // it does not know the authority
				t.Error("it was answered")
			}
		}
		r.Stop()
		const message = "TLS handshakes failed: does the sender speak TLS, and trust the authority of the certificate here?"
		if r.Logged(message) != 1 {
			t.Errorf("told %d times of handshakes that failed", r.Logged(message))
		}
	}
}

// What is wrong with a configuration is said before anything is opened.
func TestConfig(t *testing.T) {
	for name, c := range map[string]httpin.Config{
		"no address":       {Plain: true},
		"no certificate":   {Listen: ":0"},
		"no such file":     {Listen: ":0", Certificate: "none.pem", Key: "none.pem"},
		"plain and a file": {Listen: ":0", Plain: true, Certificate: "cert.pem"},
	} {
		decode := func(v any) error { *v.(*httpin.Config) = c; return nil }
		if _, err := httpin.Kind(httpin.Setup{}).New(decode, collect.Options{}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// The configuration as it is written.
func TestConfigFile(t *testing.T) {
	const text = "listen: 127.0.0.1:0\nplain: true\nunauthenticated: [10.1.0.0/16]\nlimits: {header: 3s, memory: 1048576}\n"
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{"good": {text, true}, "an unknown key": {text + "tokens: []\n", false}, "no network": {"listen: a\nunauthenticated: [ward]\n", false}} {
		decode := func(v any) error {
			d := yaml.NewDecoder(strings.NewReader(c.text))
			d.KnownFields(true)
			return d.Decode(v)
		}
		if _, err := httpin.Kind(httpin.Setup{}).New(decode, collect.Options{}, slog.New(slog.DiscardHandler)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package send_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/format/rfc6587"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/send"
	"github.com/wardline/wardline/internal/sim/world"
)

// day is a day of a small practice, whose first story writes to systems that ordinary life there does not use.
func day(t *testing.T, record func(*feed.Record) error) {
	t.Helper()
	h, err := life.New(life.Config{Size: world.Clinic, Seed: 1, From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Days: 1, Stories: []life.Story{{ID: "T00", Run: func(s *life.Stage) {
		s.Emit(feed.VPN, s.At(0, 10, 0), []byte("<166>Mar 02 2026 10:00:00 vpn : %ASA-4-722051: a session began"))
		s.Emit(feed.Printing, s.At(0, 10, 1), []byte("{\"pages\":3}\n"))
		s.Emit(feed.ImagesKept, s.At(0, 10, 1), []byte("an image"))
		s.Emit(feed.ImagesKept, s.At(0, 10, 1), []byte("another"))
		s.Emit(feed.TapRecord, s.At(0, 10, 2), []byte("MSH|^~\\&|EHR|A|LIS|A|20260302100200||ACK^R01^ACK|A1|P|2.5.1\rMSA|AA|M1\r"))
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Play(t.Context(), life.Sinks{Record: record}); err != nil {
		t.Fatal(err)
	}
}

// TestNode sends a day to real doors, and compares what arrived with what was sent.
func TestNode(t *testing.T) {
	d := newDoors(t)
	drop := t.TempDir()
	want, rows := map[feed.Feed]int{}, 0
	n := send.To(t.Context(), send.Receiver{MLLP: d.mllp, Syslog: d.syslog, HTTP: d.web.URL + "/events", FHIR: d.web.URL + "/fhir", Token: "secret", Drop: drop, Ahead: 8}, 0, time.Hour)
	day(t, func(r *feed.Record) error {
		want[r.Feed]++
		if r.Feed == feed.Access {
			rows++
		}
		return n.Record(r)
	})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	sent, left := n.Sent()
	if len(left) != 0 {
		t.Errorf("nobody took %v", left)
	}
	got := map[feed.Way]int{}
	for f, count := range sent {
		got[feed.Describe(f).Way] += count
		if count != want[f] {
			t.Errorf("%s: %d of %d were sent", f, count, want[f])
		}
	}
	d.wait(t, got[feed.Syslog])
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.messages != got[feed.MLLP] || d.lines != got[feed.Lines] || d.resources != got[feed.FHIR] || got[feed.MLLP] == 0 || got[feed.Lines] == 0 {
		t.Errorf("%d messages, %d lines, %d resources arrived of %v", d.messages, d.lines, d.resources, got)
	}
	files, _ := filepath.Glob(filepath.Join(drop, "access-*.csv"))
	arrived := 0
	for _, name := range files {
		arrived += len(readCSV(t, name)) - 1
	}
	if arrived != rows {
		t.Errorf("%d of %d rows lie in the folder", arrived, rows)
	}
	if images, _ := filepath.Glob(filepath.Join(drop, "images-kept-*.dcm")); len(images) != 2 {
		t.Errorf("%d of 2 images lie in the folder", len(images))
	}
	if parts, _ := filepath.Glob(filepath.Join(drop, "*.part")); len(parts) > 0 {
		t.Errorf("unfinished files: %d", len(parts))
	}
}

// TestNodeSaysWhatWasRefused ends when a receiver does not take a message.
func TestNodeSaysWhatWasRefused(t *testing.T) {
	d := newDoors(t)
	d.answer = "AE"
	n := send.To(t.Context(), send.Receiver{MLLP: d.mllp}, 0, time.Hour)
	record := feed.Record{Feed: feed.ADT, At: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Data: []byte("MSH|^~\\&|EHR|A|B|C|20260302000000||ADT^A08^ADT_A01|M1|P|2.5.1\rPID|1\r")}
	if err := n.Record(&record); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err == nil || !strings.Contains(err.Error(), "answered AE") {
		t.Errorf("got %v", err)
	}
}

// TestFolder writes a day into files and reads them again.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	count := map[feed.Feed]int{}
	f := send.Into(dir, time.Hour, time.UTC)
	day(t, func(r *feed.Record) error { count[r.Feed]++; return f.Record(r) })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for of, want := range count {
		got := 0
		names, _ := filepath.Glob(filepath.Join(dir, string(of), "*"))
		for _, name := range names {
			got += inFile(t, of, name)
		}
		if got != want {
			t.Errorf("%s: %d records in %d files, and %d were written", of, got, len(names), want)
		}
	}
}

// inFile counts the records of a file.
func inFile(t *testing.T, f feed.Feed, name string) int {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	switch feed.Describe(f).Way {
	case feed.File:
		return 1
	case feed.Rows:
		return len(readCSV(t, name)) - 1
	case feed.MLLP:
		n := 0
		for _, text := range bytes.SplitAfter(data, []byte("\r\n")) {
			if len(text) == 0 {
				continue
			}
			if _, err := hl7.Parse(bytes.TrimSuffix(text, []byte("\n")), hl7.DefaultLimits()); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			n++
		}
		return n
	case feed.Syslog:
		n := 0
		for r := rfc6587.NewReader(bytes.NewReader(data), 1<<20); ; n++ {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				return n
			} else if err != nil {
				t.Fatal(err)
			}
		}
	default:
		return bytes.Count(data, []byte("\n"))
	}
}

func readCSV(t *testing.T, name string) [][]string {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// doors are those of a node: they take what comes and count it.
type doors struct {
	mllp, syslog string
	web          *httptest.Server
	answer       string // to messages; AA when empty

	mu                         sync.Mutex // guards the counts
	messages, lines, resources int
	logs                       chan struct{} // one for each syslog message
}

func newDoors(t *testing.T) *doors {
	d := &doors{logs: make(chan struct{}, 1000)}
	d.mllp = listen(t, d.converse)
	d.syslog = listen(t, func(conn net.Conn) {
		for r := rfc6587.NewReader(conn, 1<<20); ; {
			if _, err := r.Next(); err != nil {
				return
			}
			d.logs <- struct{}{}
		}
	})
	d.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case r.URL.Path == "/fhir/AuditEvent":
			d.count(&d.resources, 1)
			w.WriteHeader(http.StatusCreated)
		default:
			d.count(&d.lines, bytes.Count(body, []byte("\n")))
		}
	}))
	t.Cleanup(d.web.Close)
	return d
}

func (d *doors) count(what *int, n int) {
	d.mu.Lock()
	*what += n
	d.mu.Unlock()
}

// wait waits for what nobody acknowledges.
func (d *doors) wait(t *testing.T, logs int) {
	for range logs {
		select {
		case <-d.logs:
		case <-time.After(20 * time.Second):
			t.Fatal("not all syslog messages arrived")
		}
	}
}

// converse acknowledges messages.
func (d *doors) converse(conn net.Conn) {
	frames, out := mllp.NewReader(conn, 1<<20), bufio.NewWriter(conn)
	for {
		frame, err := frames.Next()
		if err != nil {
			return
		}
		header, ok := hl7.ReadHeader(frame.Payload)
		if !ok {
			return
		}
		code := d.answer
		if code == "" {
			code = "AA"
		}
		d.count(&d.messages, 1)
		if string(header.Part(9, 1)) == "ACK" { // nobody answers an answer
			continue
		}
		out.WriteByte(0x0b)
		out.Write(header.AppendAck(nil, hl7.Ack{Code: hl7.AckCode(code), ID: "1", Time: time.Unix(0, 0)}))
		out.WriteString("\x1c\r")
		if out.Flush() != nil {
			return
		}
	}
}

// listen takes connections until the test is over.
func listen(t *testing.T, talk func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				talk(conn)
			}()
		}
	}()
	return l.Addr().String()
}

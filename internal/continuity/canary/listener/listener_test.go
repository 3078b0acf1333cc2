package listener_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/continuity/canary/listener"
)

// house is decoy doors that are open until the test ends.
type house struct {
	t     *testing.T
	ports []string
	told  chan canary.Report
	stop  func() []canary.Report // ends it, and returns what was told besides
}

func open(t *testing.T, doors ...listener.Door) *house {
	t.Helper()
	h := &house{t: t, ports: make([]string, len(doors)), told: make(chan canary.Report, 100)}
	for i := range doors {
		doors[i].Listen = "127.0.0.1:0"
		doors[i].ID = fmt.Sprint("door-", i)
		if err := doors[i].Check(); err != nil {
			t.Fatal(err)
		}
	}
	opened := make(chan struct{}, len(doors))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- listener.Run(ctx, listener.Config{
			Doors: doors, Log: slog.New(slog.DiscardHandler), Out: func(r canary.Report) { h.told <- r },
			Opened: func(door int, at net.Addr) {
				_, h.ports[door], _ = net.SplitHostPort(at.String())
				opened <- struct{}{}
			},
		})
	}()
	for range doors {
		select {
		case <-opened:
		case err := <-ended:
			t.Fatal(err)
		}
	}
	stopped := false
	h.stop = func() (rest []canary.Report) {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		for len(h.told) > 0 {
			rest = append(rest, <-h.told)
		}
		return rest
	}
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) next() canary.Report {
	h.t.Helper()
	select {
	case r := <-h.told:
		return r
	case <-time.After(2 * time.Minute):
		h.t.Fatal("nothing is told")
		return canary.Report{}
	}
}

func five() []listener.Door {
	return []listener.Door{{Protocol: "dicom"}, {Protocol: "mllp"}, {Protocol: "rdp"}, {Protocol: "smb"}, {Protocol: "ssh"}}
}

// need skips a test without a program, and fails it where all are to be there.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: .ci/needs installs it", program)
		}
		t.Skipf("%s is not installed", program)
	}
}

// TestNmap lets the real one search.
func TestNmap(t *testing.T) {
	need(t, "nmap")
	for _, tt := range []struct {
		name  string
		doors []listener.Door
		args  []string
		how   string // begins with this
	}{
		{"connections to all ports", five(), []string{"-sT"}, "a port scan of 5 decoy doors"},
		{"versions of all ports", five(), []string{"-sT", "-sV", "--version-light"}, "a port scan of 5 decoy doors, which spoke "},
		{"half-open, and then versions", five(), []string{"-sS", "-sV", "--version-light"}, "a port scan of 5 decoy doors, which spoke "},
		{"one port", []listener.Door{{Protocol: "rdp"}}, []string{"-sT"}, "a port scan"},
		{"DICOM", []listener.Door{{Protocol: "dicom"}}, []string{"-sT", "--script", "+dicom-ping", "--script-args", "dicom.called_aet=PACS7"}, "spoke DICOM, called AE PACS7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, tt.doors...)
			if tt.args[0] == "-sS" && os.Geteuid() != 0 {
				t.Skip("a half-open scan needs root")
			}
			args := append(tt.args, "-Pn", "-n", "-p", strings.Join(h.ports, ","), "127.0.0.1")
			begun := time.Now()
			out, err := exec.Command("nmap", args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			took := time.Since(begun)
			r := h.next()
			t.Logf("nmap %s took %v: told %q, %d connections", strings.Join(tt.args, " "), took.Round(10*time.Millisecond), r.How, r.Count)
			if !strings.HasPrefix(r.How, tt.how) || r.Door.From != "127.0.0.1" || len(r.Door.Doors) != len(tt.doors) || r.Level != "high" || r.Count < len(tt.doors) {
				t.Errorf("told: %+v %+v", r, r.Door)
			}
			if rest := h.stop(); len(rest) > 0 {
				t.Errorf("told %d times more, such as %+v", len(rest), rest[0])
			}
		})
	}
}

// A half-open scan is not told to programs. The package says so; should it become untrue, better words are due.
func TestHalfOpenScanIsNotSeen(t *testing.T) {
	need(t, "nmap")
	if os.Geteuid() != 0 {
		t.Skip("a half-open scan needs root")
	}
	h := open(t, five()...)
	out, err := exec.Command("nmap", "-sS", "-Pn", "-n", "-p", strings.Join(h.ports, ","), "127.0.0.1").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Count(string(out), " open ") != 5 {
		t.Errorf("nmap says\n%s", out)
	}
	if rest := h.stop(); len(rest) > 0 {
		t.Errorf("told: %+v", rest)
	}
}

// TestEchoSCU lets a real client of DICOM knock: it is rejected in words that it understands.
func TestEchoSCU(t *testing.T) {
	need(t, "echoscu")
	h := open(t, listener.Door{Protocol: "dicom"})
	out, err := exec.Command("echoscu", "-aet", "EVIL", "-aec", "CT_ER_OLD1", "127.0.0.1", h.ports[0]).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Called AE Title Not Recognized") {
		t.Errorf("%v: %s", err, out)
	}
	r := h.next()
	if r.How != "spoke DICOM, called AE CT_ER_OLD1" || r.Door.Calling != "EVIL" || r.Door.Called != "CT_ER_OLD1" || r.Canary != "door-0" || r.Kind != canary.Listener {
		t.Errorf("told: %+v %+v", r, r.Door)
	}
}

func TestManyConnectionsAreOneTrip(t *testing.T) {
	h := open(t, listener.Door{Protocol: "mllp"}, listener.Door{Protocol: "dicom"})
	const many = 500
	for i := range many {
		conn, err := net.Dial("tcp", "127.0.0.1:"+h.ports[i%2])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte("\x0bMSH|^~\\&|A SECRET NAME|\x1c\r")) // the door may have closed
		_ = conn.Close()
	}
	r := h.next()
	if r.Count != many || r.How != "a port scan of 2 decoy doors, which spoke HL7" {
		t.Errorf("told: %q, %d", r.How, r.Count)
	}
	line, err := r.Line()
	if err != nil || bytes.Contains(line, []byte("SECRET")) {
		t.Errorf("the content is told: %s, %v", line, err)
	}
	if rest := h.stop(); len(rest) > 0 {
		t.Errorf("told besides: %+v", rest)
	}
}

func TestAllowedMachinesMayKnock(t *testing.T) {
	h := open(t, listener.Door{Protocol: "tcp", Allow: []canary.Allow{{Host: "127.0.0.1", Owner: "IT", Reason: "scanner", Until: time.Now().Add(time.Hour)}}},
		listener.Door{Protocol: "tcp", Allow: []canary.Allow{{Host: "127.0.0.1", Owner: "IT", Reason: "scanner", Until: time.Now().Add(-time.Hour)}}})
	for _, port := range h.ports {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	if r := h.next(); r.Count != 1 || r.Canary != "door-1" || r.How != "a port scan" {
		t.Errorf("told: %+v", r)
	}
}

func TestBadDoorsAreRefused(t *testing.T) {
	for _, d := range []listener.Door{{Protocol: "tcp"}, {Protocol: "gopher", Listen: ":70"}, {Protocol: "tcp", Listen: ":70", Allow: []canary.Allow{{Host: "x"}}}} {
		if d.Check() == nil {
			t.Errorf("%+v is taken", d)
		}
	}
	if err := listener.Run(t.Context(), listener.Config{Doors: []listener.Door{{ID: "x", Protocol: "tcp", Listen: "192.0.2.1:1"}}, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a door that cannot be opened is no error")
	}
}

// guest says something and hears the answer.
type guest struct {
	io.Reader
	heard bytes.Buffer
}

func (g *guest) Write(p []byte) (int, error) { return g.heard.Write(p) }

func says() map[string]string {
	rq := dimse.AppendPDU(nil, dimse.Associate{
		Version: 1, Called: dimse.NewTitle("ANY-SCP"), Calling: dimse.NewTitle("A\x01B"),
		Items: []dimse.Item{dimse.ApplicationContext{Name: dimse.ApplicationContextUID}},
	})
	return map[string]string{
		string(rq): "dicom", string(rq[:60]): "something else", "\x0bMSH|^~\\&|": "hl7", "MSH|^~\\&|": "hl7",
		"\x03\x00\x00\x2a\x25\xe0\x00\x00\x00\x00\x00Cookie: mstshash=nmap\r\n": "rdp",
		"\x00\x00\x00\xa4\xffSMB\x72":                                           "smb", "\x00\x00\x00\xa4\xfeSMB\x40": "smb", "SSH-2.0-x\r\n": "ssh", "\x16\x03\x01\x00\xc8\x01": "tls",
		"GET / HTTP/1.0\r\n\r\n": "http", "": "", "\r\n\r\n": "something else", "\x01\x00\xff\xff\xff\xff": "something else",
	}
}

func TestWhatIsSaidIsToldByItsKind(t *testing.T) {
	for said, want := range says() {
		g := &guest{Reader: strings.NewReader(said)}
		kind, calling, called := listener.Hear(g)
		if kind != want {
			t.Errorf("%q is %q, want %q", said, kind, want)
		}
		if kind == "dicom" {
			pdu, err := dimse.Parse(g.heard.Bytes(), dimse.DefaultLimits())
			if _, ok := pdu.(dimse.Reject); !ok || err != nil || calling != "A.B" || called != "ANY-SCP" {
				t.Errorf("answered %v, %v; %q called %q", pdu, err, calling, called)
			}
		} else if g.heard.Len() > 0 && want != "something else" {
			t.Errorf("%q is answered", said)
		}
	}
}

// FuzzHear looks that whatever a guest says, little of it is read, nothing of it is kept but the titles of an association, and no more is answered than a rejection.
func FuzzHear(f *testing.F) {
	for said := range says() {
		f.Add([]byte(said))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		in := bytes.NewReader(append(bytes.Clone(said), make([]byte, 1<<20)...))
		g := &guest{Reader: in}
		kind, calling, called := listener.Hear(g)
		if read := in.Size() - int64(in.Len()); read > 16<<10 {
			t.Fatalf("%d bytes were read", read)
		}
		if g.heard.Len() > 0 && g.heard.Len() != 10 {
			t.Fatalf("%d bytes were answered", g.heard.Len())
		}
		if len(kind) > 20 || len(calling) > 16 || len(called) > 16 || kind != "dicom" && calling+called != "" {
			t.Fatalf("kept: %q %q %q", kind, calling, called)
		}
	})
}

package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
)

// TestAFullDiskHoldsSendersBack fills the disk of a node and lets a sender of each protocol go on (promise P6): each is told in the words of
// its protocol that it is to come again, nothing that was acknowledged is lost, and all goes on when there is space again.
func TestAFullDiskHoldsSendersBack(t *testing.T) {
	disk := smallDisk(t, 256)
	plain := free(t)
	h := newHouse(t, fmt.Sprintf("- {kind: http, name: plain, listen: %q, plain: true}\n", plain))
	h.start()
	posting := func(path, kind, body string) func(*testing.T, int) (string, bool) {
		return func(t *testing.T, n int) (string, bool) {
			return h.postOnce(t, "http://"+plain+path, kind, strings.ReplaceAll(body, "MARK", mark("full", "http", n)))
		}
	}
	for i, c := range []struct {
		name string
		send func(t *testing.T, n int) (answer string, acked bool)
		full string // the answer then
	}{
		{"mllp", h.mllpOnce, "AE"},
		{"fhir", posting("/fhir/AuditEvent", "application/fhir+json", `{"resourceType":"AuditEvent","recorded":"2026-01-02T03:04:05Z","agent":[{"altId":"MARK"}]}`), "503 and 5"},
		{"fhir bundle", posting("/fhir", "application/fhir+json", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"AuditEvent","agent":[{"altId":"MARK"}]}}]}`), "503 and 5"},
		{"bulk", posting("/_bulk", "application/x-ndjson", "{\"create\":{}}\n{\"message\":\"MARK\"}\n"), "503 and 5"},
		{"hec", posting("/services/collector/event", "application/json", `{"event":"MARK"}`), "503 and 5"},
		{"otlp", posting("/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"MARK"}}]}]}]}`), "503 and 5"},
		{"lines", posting("/events", "application/json", `{"message":"MARK"}`), "503 and 5"},
		{"syslog", h.syslogUntilHeld, "held"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 1000 * i
			try := func() (string, bool) {
				n++
				answer, acked := c.send(t, n)
				if acked {
					h.acked = append(h.acked, mark("full", "http", n))
				}
				return answer, acked
			}
			h.eventually(func() bool { _, ok := try(); return ok })
			filled := disk.fill(t)
			answer := ""
			h.eventually(func() bool { answer, _ = try(); return answer == c.full })
			disk.free(t)
			freed := time.Now()
			h.eventually(func() bool { _, ok := try(); return ok })
			took := time.Since(freed)
			t.Logf("full at %d MB: %s; %v after there was space it went on", filled>>20, answer, took.Round(10*time.Millisecond))
			if os.Getenv("WARDLINE_TRUST") != "" && took > 5*time.Second {
				t.Error("that is too long")
			}
		})
	}
	h.stop(syscall.SIGTERM)
	kept := h.kept()
	for _, m := range h.acked {
		if kept[m] == 0 {
			t.Errorf("%s was acknowledged and is not there", m)
		}
	}
	t.Logf("%d records acknowledged, all of them kept", len(h.acked))
}

// tmpfs is a small disk.
type tmpfs struct{ mount string }

// smallDisk mounts one of so many mebibytes, on which all folders of the test lie.
func smallDisk(t *testing.T, megabytes int) *tmpfs {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it takes root to mount a file system")
	}
	dir, err := os.MkdirTemp("", "wardline")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "wardline", dir).CombinedOutput(); err != nil {
		os.Remove(dir)
		t.Skipf("this system does not let a file system be mounted: %s", out)
	}
	t.Cleanup(func() { // after the node and its folder
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
			return
		}
		os.Remove(dir)
	})
	t.Setenv("TMPDIR", dir)
	return &tmpfs{dir}
}

// fill leaves three of a hundred parts free.
func (d *tmpfs) fill(t *testing.T) (used uint64) {
	t.Helper()
	f, err := os.Create(filepath.Join(d.mount, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		var s syscall.Statfs_t
		if err := syscall.Statfs(d.mount, &s); err != nil {
			t.Fatal(err)
		}
		if s.Bavail*100 < s.Blocks*3 {
			return (s.Blocks - s.Bavail) * uint64(s.Bsize)
		}
		if _, err := f.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *tmpfs) free(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(d.mount, "filler")); err != nil {
		t.Fatal(err)
	}
}

func (h *house) mllpOnce(t *testing.T, n int) (answer string, acked bool) {
	t.Helper()
	conn, err := net.Dial("tcp", h.mllp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "\x0bMSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|20260102030405||ADT^A08|%s|P|2.5.1\rPV1|1|I|W7\r\x1c\r", mark("full", "http", n)); err != nil {
		t.Fatal(err)
	}
	frame, err := mllp.NewReader(conn, 1<<20).Next()
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := bytes.Cut(frame.Payload, []byte("\rMSA|"))
	return string(code[:2]), string(code[:2]) == "AA"
}

// postOnce says the status, and when to come again.
func (h *house) postOnce(t *testing.T, url, kind, body string) (answer string, acked bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return fmt.Sprintf("%d and %s", res.StatusCode, res.Header.Get("Retry-After")), res.StatusCode < 300
}

// syslogUntilHeld sends long messages until the node reads no more, and else as many as never fit between the two.
func (h *house) syslogUntilHeld(t *testing.T, n int) (answer string, acked bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", h.syslog)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
	m := "<86>1 2026-01-02T03:04:05Z host app - - - " + mark("full", "http", n) + strings.Repeat("x", 60_000)
	for range 100 {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := fmt.Fprintf(conn, "%d %s", len(m), m); errors.Is(err, os.ErrDeadlineExceeded) {
			return "held", false
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return "read", true
}

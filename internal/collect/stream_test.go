package collect_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

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

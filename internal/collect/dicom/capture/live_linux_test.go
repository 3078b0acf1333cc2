package capture_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/dicom"
	"github.com/wardline/wardline/internal/collect/dicom/capture"
)

// mayListen skips the test where the process may not see the network.
func mayListen(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip("listening to an interface needs CAP_NET_RAW")
	}
	_ = unix.Close(fd)
}

// What DCMTK's programs say to each other over the loopback interface is heard, once, and nothing else is.
func TestLive(t *testing.T) {
	mayListen(t)
	for _, tool := range []string{"storescu", "echoscu"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	archive := collecttest.Run(t, dicom.Receiver(), "ae_title: ARCHIVE\nstreams:\n- listen: 127.0.0.1:0\n  from: [127.0.0.0/8]\n", options(t))
	host, port, _ := net.SplitHostPort(archive.Addresses(1)[0])
	for _, ports := range []string{"", fmt.Sprintf("ports: [%s]\n", port)} {
		r := collecttest.Run(t, capture.Kind(), "interface: lo\n"+ports, options(t))
		r.Addresses(1)
		file := filepath.Join(t.TempDir(), "scan.dcm")
		if err := os.WriteFile(file, dicomtest.File(explicit, string(scan(64<<10))), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"echoscu", "-aet", "CT_9", "-aec", "ARCHIVE", host, port}, {"storescu", "-aet", "CT_9", "-aec", "ARCHIVE", host, port, file}} {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				t.Logf("%s: %v\n%s", args[0], err, out)
			}
		}
		r.AwaitEvents(5)
		r.Stop()
		var commands []string
		for _, text := range r.Texts(options(t)) {
			if !strings.Contains(text, `"CallingAETitle":"CT_9"`) || !strings.Contains(text, `"id.resp_p":`+port) {
				continue // others may speak DICOM on this machine
			}
			_, rest, _ := strings.Cut(text, `"command":"`)
			command, _, _ := strings.Cut(rest, `"`)
			commands = append(commands, command)
		}
		want := []string{"A-ASSOCIATE", "C-ECHO", "A-ASSOCIATE", "C-STORE", "C-STORE"}
		if !slices.Equal(commands, want) {
			t.Errorf("heard %q, want %q", commands, want)
		}
	}
}

func TestLiveNoInterface(t *testing.T) {
	decode := func(into any) error { into.(*capture.Config).Interface = "nothing0"; return nil }
	s, err := capture.Kind().New(decode, options(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "nothing0") {
		t.Errorf("got %v", err)
	}
}

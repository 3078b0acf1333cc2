package hl7_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/hl7/tap"
)

// onDisk is a place whose spool is a file system of its own.
func onDisk(t *testing.T, mount ...string) *place {
	t.Helper()
	p := newPlace(t)
	if os.Geteuid() != 0 {
		t.Skip("this test needs root, to mount a file system")
	}
	if out, err := exec.Command("mount", append(mount, p.spool)...).CombinedOutput(); err != nil {
		t.Skip("this test needs the right to mount: " + string(out))
	}
	t.Cleanup(func() { p.do("umount", p.spool) })
	return p
}

func (p *place) do(name string, args ...string) {
	p.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// While the disk of the spool is full the feed goes on, and what is lost is counted, to the message. When there is room again it is said.
func TestTapDiskFull(t *testing.T) {
	p := onDisk(t, "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs")
	node := p.node("")
	node.Stop() // it leaves its key
	address, stop := p.tap(system(t, accepts))
	const messages = 400
	text := strings.Repeat("NTE|"+strings.Repeat("x", 1000)+"\r", 8)
	send(t, address, 0, messages, text)
	p.do("mount", "-o", "remount,size=64m", p.spool)
	node = p.node("")
	counts := node.Received("tap/127.0.0.1", messages)
	if counts.Received != messages || counts.Dropped < messages/2 || counts.Stored < 50 || counts.Dropped+counts.Stored != messages {
		t.Errorf("got %+v for %d messages", counts, messages)
	}
	send(t, address, messages, 10, text)
	if after := node.Received("tap/127.0.0.1", messages+10); after.Dropped != counts.Dropped {
		t.Errorf("with room again %d were lost", after.Dropped-counts.Dropped)
	}
	stop()
	collecttest.Balanced(t, node.Intake)
}

// A disk that does not answer holds up the copies alone: they wait in memory, and what has no room there is lost and counted.
func TestTapDiskHangs(t *testing.T) {
	image := filepath.Join(t.TempDir(), "disk")
	if err := exec.Command("sh", "-c", "truncate -s 64M "+image+" && mkfs.ext4 -q "+image).Run(); err != nil {
		t.Skip("this test needs mkfs.ext4")
	}
	p := onDisk(t, "-o", "loop", image)
	p.node("").Stop()
	address, stop := p.tap(system(t, accepts), func(c *tap.Config) { c.Buffer = 1 << 20 })
	send(t, address, 0, 1, "")
	p.do("fsfreeze", "-f", p.spool)
	const messages = 400
	send(t, address, 1, messages, strings.Repeat("NTE|"+strings.Repeat("x", 1000)+"\r", 8))
	p.do("fsfreeze", "-u", p.spool)
	stop()
	node := p.node("")
	counts := node.Received("tap/127.0.0.1", 1+messages)
	if counts.Received != 1+messages || counts.Dropped < messages/2 || counts.Stored < 50 {
		t.Errorf("got %+v for %d messages", counts, 1+messages)
	}
	for _, st := range node.Intake.Standings() {
		if st.Reasons["the tap's buffer was full"] != st.Dropped {
			t.Errorf("%s: %v", st.Sender, st.Reasons)
		}
	}
	collecttest.Balanced(t, node.Intake)
}

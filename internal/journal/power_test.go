package journal_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// disk is a file system in a file.
type disk struct {
	image, mount string
}

// newDisk makes and mounts a file system of so many mebibytes.
func newDisk(t *testing.T, kind string, megabytes int64) *disk {
	t.Helper()
	right(t, os.Geteuid() == 0, "root, to mount a file system")
	_, err := exec.LookPath("mkfs." + kind)
	need(t, err == nil, "mkfs."+kind)
	d := &disk{image: filepath.Join(t.TempDir(), "disk"), mount: t.TempDir()}
	f, err := os.Create(d.image)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(megabytes << 20); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs."+kind, "-q", d.image)
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.mount).CombinedOutput(); err != nil {
		right(t, false, "loop devices that can be mounted: "+string(out))
	}
	t.Cleanup(func() { run(t, "umount", d.mount) })
	return d
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
}

// cut drops everything that was not yet flushed, as when the power goes: ext4 and XFS know an ioctl
// for tests of that kind (EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN, without flushing their log).
func (d *disk) cut(t *testing.T) {
	t.Helper()
	const goingDown, noLogFlush = 0x8004587d, 2
	dir, err := os.Open(d.mount)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	flags := uint32(noLogFlush)
	if err := ioctl(dir, goingDown, &flags); err != nil {
		t.Fatalf("cut the power: %v", err)
	}
}

// again mounts the disk as after a power cut: the file system replays its log.
func (d *disk) again(t *testing.T) {
	t.Helper()
	run(t, "umount", d.mount)
	run(t, "mount", "-o", "loop", d.image, d.mount)
	if t.Failed() {
		t.FailNow()
	}
}

// TestPowerCutsLoseNothingAcknowledged is promise P1. The child lives on for a moment without its disk, if the
// log's driver does not panic: what it acknowledges then would be a lie.
func TestPowerCutsLoseNothingAcknowledged(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			d := newDisk(t, kind, 512)
			dir := filepath.Join(d.mount, "journal")
			rounds := 2
			if long() {
				rounds = 12
			}
			var all []ack
			var c tally
			for round := range rounds {
				p := start(t, orders{Dir: dir, First: round * 1_000_000, Senders: 100, Ahead: 40, Ballast: -1})
				p.answered(t)
				<-time.After(time.Duration(rand.IntN(1000)) * time.Millisecond)
				d.cut(t)
				acks := p.kill(t, 100*time.Millisecond)
				d.again(t)
				all = append(all, acks...)
				c.account(t, dir, acks)
				if t.Failed() {
					t.Fatalf("after cut %d", round+1)
				}
			}
			var total tally
			total.account(t, dir, all)
			t.Logf("%d power cuts: acknowledged %d lines, lost %d; %d entries, %d orphaned parts of segments", rounds, total.acked, total.lost, total.entries, total.orphans)
		})
	}
}

func ioctl(f *os.File, request uintptr, flags *uint32) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(flags)))
	if errno != 0 {
		return errno
	}
	return nil
}

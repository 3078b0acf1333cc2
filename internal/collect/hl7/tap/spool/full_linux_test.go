package spool_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// What a full disk took of a block is taken back, so that the file ends where the last whole block does.
func TestAFullDiskLeavesWholeBlocks(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this test needs root, to mount a file system")
	}
	p := newPlace(t)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", p.dir).CombinedOutput(); err != nil {
		t.Skip("this test needs the right to mount: " + string(out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", p.dir).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	if err := p.key.Publish(p.dir); err != nil {
		t.Fatal(err)
	}
	w := p.writer()
	size := func() (bytes int64) {
		files, err := filepath.Glob(filepath.Join(p.dir, "*.tap"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		info, err := os.Stat(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	one := spool.Piece{Peer: "10.1.2.3", To: "10.1.2.9:2575", From: time.Now(), Until: time.Now(), Bytes: make([]byte, 40_000)}
	defer func() { _ = w.End() }() // there may be no room to say that it is over
	whole := int64(0)
	for {
		err := w.Append([]spool.Piece{one})
		var failed *spool.Failure
		if errors.As(err, &failed) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		whole = size()
	}
	if got := size(); got != whole {
		t.Errorf("the file has %d bytes, and whole blocks have %d", got, whole)
	}
}

package tap_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/collect/hl7/tap"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// However many connections come and go while the spool takes nothing, what is kept of them is bounded, and the sum of what they lost is not lost.
func TestManyLosses(t *testing.T) {
	dir := t.TempDir()
	const connections, messages = 20_000, 3
	write, held := tap.PassWithoutDisk(spool.Config{Dir: dir, Bytes: 1 << 30, Keep: time.Hour}, connections, messages)
	write(false)
	if held() > 4096 {
		t.Errorf("%d pieces are held", held())
	}
	key, err := spool.LoadKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Publish(dir); err != nil {
		t.Fatal(err)
	}
	write(true)
	lost := 0
	runs, err := spool.List(dir)
	if err != nil || len(runs) != 1 || len(runs[0].Files) != 1 {
		t.Fatalf("got %+v, %v", runs, err)
	}
	f, err := spool.Open(dir, runs[0].ID, runs[0].Files[0], key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := int64(0); ; {
		b, err := f.Block(at)
		if err != nil {
			break
		}
		at = b.Next
		for _, p := range b.Pieces {
			lost += p.Messages
		}
	}
	if want := connections * messages; lost != want {
		t.Errorf("%d messages are said to be lost, want %d", lost, want)
	}
	if _, err := os.Stat(filepath.Join(dir, runs[0].ID+".run")); err != nil {
		t.Error(err)
	}
}

package files_test

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/continuity/canary/files"
)

// The kernel tells nobody of what is written through memory: only a look at the file finds it.
func TestPollFindsWhatIsNotNoticed(t *testing.T) {
	s := newShare(t)
	s.watch(func(c *files.Config) { c.Poll = 50 * time.Millisecond })
	f, err := os.OpenFile(s.decoys[0].Path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	m, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	m[100] ^= 0xff
	must(t, unix.Msync(m, unix.MS_SYNC))
	must(t, unix.Munmap(m))
	if r := s.next(); r.Canary != s.decoys[0].ID || r.Act != canary.Written || !r.File.Late {
		t.Errorf("told: %s %s, late %v", r.Canary, r.Act, r.File != nil && r.File.Late)
	}
}

// TestIdle says what watching costs while nothing happens.
func TestIdle(t *testing.T) {
	s := newShare(t)
	s.watch(func(c *files.Config) { c.Poll = 500 * time.Millisecond })
	cpu := func() time.Duration {
		var u unix.Rusage
		must(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	polls, before := s.watcher.Health().Polls, cpu()
	for s.watcher.Health().Polls < polls+10 {
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("ten looks at two decoys and 5 s cost %v of CPU in all", cpu()-before)
	s.quiet()
}

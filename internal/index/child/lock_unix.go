//go:build unix

package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lock waits until no other process has the index's folder open: the child of a parent that was killed is still
// writing what it held. Closing what it returns gives the lock back, as does the end of the process.
func lock(dir string, ended <-chan struct{}) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the index's folder: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, fmt.Errorf("lock the index's folder: %w", err)
		}
		select {
		case <-tick.C:
		case <-ended:
			return nil, errors.New("the parent ended before the index's folder was free")
		}
	}
}

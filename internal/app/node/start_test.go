package node_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/sim/load"
)

// TestStopsUnderLoad is the first half of promise P16: told to stop while all kinds of senders send, the node ends in order, and
// all that it acknowledged is kept.
func TestStopsUnderLoad(t *testing.T) {
	h := newHouse(t)
	h.start()
	told := make(chan time.Duration, 1)
	time.AfterFunc(2*time.Second, func() {
		began := time.Now()
		_ = h.process.Process.Signal(syscall.SIGTERM) // that it was told shows below
		h.process.Wait()
		told <- time.Since(began)
	})
	books, _ := load.Run(t.Context(), load.Config{Target: h.target(), Run: "s", Rate: 5000, For: 6 * time.Second})
	took := <-told
	if code := h.process.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if took > 15*time.Second {
		t.Errorf("stopping took %v", took)
	}
	found := h.kept()
	acked, lost := 0, 0
	for way, b := range books {
		for _, n := range b.AckedNumbers() {
			if acked++; found[mark("s", way, n)] == 0 {
				lost++
			}
		}
	}
	if acked < 1000 || lost > 0 {
		t.Errorf("%d records were acknowledged, %d of them are lost", acked, lost)
	}
	t.Logf("stopped within %v, %d records acknowledged, %d lost", took.Round(time.Millisecond), acked, lost)
}

// TestStartsWithALargeJournal is the second half of promise P16: a node that was killed starts on a large journal of which nothing
// was judged or indexed yet. It listens only when it is sound, and soon. WARDLINE_START_MIB says how large.
func TestStartsWithALargeJournal(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv("WARDLINE_START_MIB"))
	if err != nil {
		size = 32
	}
	h := newHouse(t)
	data := filepath.Join(h.dir, "data")
	entries := fill(t, filepath.Join(data, "journal"), int64(size)<<20)
	h.start()
	h.stop(syscall.SIGKILL)
	cold(t, data)
	var wait sync.WaitGroup
	var answered time.Duration
	began := time.Now()
	h.launch()
	wait.Go(func() {
		h.eventually(func() bool { return acknowledged(h.mllp) })
		answered = time.Since(began)
	})
	h.eventually(func() bool {
		res, err := http.Get("http://" + h.metrics + "/healthz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	ready := time.Since(began)
	wait.Wait()
	if max(ready, answered) > 10*time.Second {
		t.Errorf("ready after %v, first acknowledgement after %v", ready, answered)
	}
	t.Logf("%d MiB in %d entries: ready after %v, first acknowledgement after %v, at most %d MB of memory by then", size, entries,
		ready.Round(time.Millisecond), answered.Round(time.Millisecond), peak(h.process.Process.Pid)>>20)
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	var s node.Status
	h.patiently(time.Hour, func() bool {
		err := node.Control(t.Context(), &c, "/status", nil, &s)
		return err == nil && s.Judged >= uint64(entries) && s.Indexed >= uint64(entries)
	})
	t.Logf("all of it judged and searchable after %v, at most %d MB", time.Since(began).Round(time.Second/10), peak(h.process.Process.Pid)>>20)
	h.stop(syscall.SIGTERM)
}

// fill makes a journal of so many bytes of bodies that do not compress, in as few entries as it can. Each entry is compressed by
// itself, so that all can hold the same noise.
func fill(t *testing.T, dir string, size int64) (entries int) {
	t.Helper()
	ctx := t.Context()
	j, err := journal.Open(ctx, journal.Config{Dir: dir, Ballast: -1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 180<<10)
	rand.Read(noise)
	at := time.Now().UTC().Format(time.RFC3339Nano)
	text := fmt.Sprintf(`{"id":"%032d","source":"scanner","record":1,"time":%q,"observed":%q,"format":"json","class":"","raw":"%064x","fields":{"ward":"W7","noise":"%s"}}`,
		0, at, at, noise[:32], base64.StdEncoding.EncodeToString(noise))
	var wait sync.WaitGroup
	for w := range 60 {
		wait.Go(func() {
			line := []byte(text)
			for n := int64(w); n*int64(len(line)) < size; n += 60 {
				copy(line[len(`{"id":"`):], fmt.Sprintf("%032x", n))
				if _, err := j.Append(ctx, journal.Line{Kind: journal.Events, Source: "scanner", Time: time.Now(), JSON: line}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	entries = int(j.Size())
	if err := j.Close(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	return entries
}

// cold takes the files of a folder out of the memory of the system.
func cold(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// peak is how much memory a process had at most (proc(5): VmHWM).
func peak(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(f[0], 10, 64)
	return kilobytes << 10
}

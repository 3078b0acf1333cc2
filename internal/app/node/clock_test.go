package node_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/journal"
)

// TestAClockThatJumpsLosesNothing is promise P9 for a whole node: the clock of its process jumps while it runs and while it is stopped.
// Nothing that was acknowledged is lost or deleted, search and watching go on, and times that cannot be are marked.
// Wardline is built for it with another time.Now, so that the libraries and the search process see that clock too; the monotonic
// clock, by which all waiting goes, stays as it is. Whether something is to be deleted is looked at every second.
func TestAClockThatJumpsLosesNothing(t *testing.T) {
	if os.Getenv("WARDLINE_TRUST") == "" {
		t.Skip("it compiles everything anew: set WARDLINE_TRUST")
	}
	const day = 24 * 3600
	h := newHouse(t)
	h.keepOneDay()
	wrong := filepath.Join(h.dir, "clock")
	t.Setenv("WARDLINE_CLOCK", wrong)
	shift := func(seconds int) {
		if err := os.WriteFile(wrong+".new", []byte(strconv.Itoa(seconds)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(wrong+".new", wrong); err != nil {
			t.Fatal(err)
		}
	}
	h.binary = []string{shiftable(t), "up", "--config"}
	sent := 0
	for _, step := range []struct {
		name    string
		by      int
		restart bool
		suspect bool // what a sender with the right clock says lies days ahead
	}{
		{"right", 0, true, false},
		{"right after a restart", 0, true, false},
		{"ten years ahead", 3650 * day, false, false},
		{"right again", 0, false, false},
		{"ten years behind", -3650 * day, false, true},
		{"four days ahead after a restart", 4 * day, true, false},
		{"ten years behind after a restart", -3650 * day, true, true},
		{"ten years ahead after a restart", 3650 * day, true, false},
		{"right after all", 0, true, false},
	} {
		if step.restart && sent > 0 {
			h.stop(syscall.SIGTERM)
		}
		shift(step.by)
		if step.restart {
			h.start()
		}
		h.eventually(func() bool { // it has seen that its clock is wrong
			seen, _ := os.ReadFile(fmt.Sprintf("%s.%d", wrong, h.process.Process.Pid))
			return string(seen) == strconv.Itoa(step.by)
		})
		for range 5 {
			sent++
			send(t, h.mllp, fmt.Sprintf("MSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s+0000||ADT^A08|load-clock-%s-%d.|P|2.5.1\rPV1|1|I|W7\r",
				time.Now().UTC().Format("20060102150405"), map[bool]string{true: "ahead", false: "fine"}[step.suspect], sent))
		}
		h.goesOn(t, step.name, step.by != 0)
	}
	h.stop(syscall.SIGTERM)
	found := h.kept()
	suspect, gone := h.flagged(t)
	for n := 1; n <= sent; n++ {
		fine, ahead := fmt.Sprintf("load-clock-fine-%d.", n), fmt.Sprintf("load-clock-ahead-%d.", n)
		if found[fine]+found[ahead] == 0 {
			t.Errorf("message %d was acknowledged and is not there", n)
		}
		if found[ahead] > 0 && !suspect[ahead] || suspect[fine] {
			t.Errorf("message %d: a time that cannot be is marked, one that can be is not", n)
		}
	}
	if gone > 0 {
		t.Errorf("%d entries were deleted, by the clock alone", gone)
	}
	t.Logf("%d messages acknowledged, %d of them marked time_suspect, %d entries deleted", sent, len(suspect), gone)
}

// keepOneDay has bodies deleted after a day.
func (h *house) keepOneDay() {
	h.t.Helper()
	text, err := os.ReadFile(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	short := strings.Replace(string(text), "journal: {ballast: -1}", "journal: {ballast: -1, keep_days: {events: 1, damaged: 1, records: 1}}", 1)
	if err := os.WriteFile(h.config, []byte(short), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// goesOn waits until all was judged and made searchable, and, after the clock was wrong, until deleting was refused.
func (h *house) goesOn(t *testing.T, step string, jumped bool) {
	t.Helper()
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	var s node.Status
	h.eventually(func() bool {
		err := node.Control(t.Context(), &c, "/status", nil, &s)
		refused := strings.Contains(s.Troubles["retention"], journal.ErrClock.Error())
		return err == nil && s.Judged >= s.Entries && s.Indexed >= s.Entries && (refused || !jumped)
	})
	t.Logf("%s: %d entries judged and searchable; troubles: %d", step, s.Entries, len(s.Troubles))
}

// flagged returns the marks of the messages whose time was doubted, and how many entries have lost their body. Each must carry
// the time of its receipt.
func (h *house) flagged(t *testing.T) (suspect map[string]bool, gone int) {
	t.Helper()
	j, err := journal.Open(t.Context(), journal.Config{Dir: filepath.Join(h.dir, "data", "journal")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(t.Context())
	marks := regexp.MustCompile(`load-clock-[a-z]+-[0-9]+\.`)
	suspect = map[string]bool{}
	for i := range j.Size() {
		e, err := j.Entry(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if !e.Gone.IsZero() {
			gone++
		}
		for _, line := range e.Lines() {
			m := marks.Find(line)
			if m == nil || !strings.Contains(string(line), `"time_suspect"`) {
				continue
			}
			suspect[string(m)] = true
			var at struct{ Observed time.Time }
			if err := json.Unmarshal(line, &at); err != nil || at.Observed.IsZero() {
				t.Errorf("%s does not say when it was received", m)
			}
		}
	}
	return suspect, gone
}

// shiftable builds a wardline whose wall clock is wrong by as many seconds as the file $WARDLINE_CLOCK says.
func shiftable(t *testing.T) (binary string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	std := filepath.Join(strings.TrimSpace(string(goroot)), "src", "time", "time.go")
	retention := filepath.Join(root, "internal", "app", "node", "retention.go")
	files := map[string]string{
		std: swap(t, std, "\tsec, nsec, mono := runtimeNow()\n", "\tsec, nsec, mono := runtimeNow()\n\tsec += Shift.Load()\n", "import (\n", "import (\n\t\"sync/atomic\"\n") +
			"\n// Shift is by how many seconds the wall clock is wrong.\nvar Shift atomic.Int64\n",
		retention: swap(t, retention, "expireEvery = 6 * time.Hour", "expireEvery = time.Second", "expireFirst = 10 * time.Minute", "expireFirst = time.Second"),
		filepath.Join(root, "cmd", "wardline", "clock_shifted.go"): shifter,
	}
	replace := map[string]string{}
	for path, text := range files {
		replace[path] = filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "wardline")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./cmd/wardline")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// swap returns a file with texts in it replaced, each of which must be there.
func swap(t *testing.T, file string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			t.Fatalf("%s has no %q: the test is out of date", filepath.Base(file), pairs[i])
		}
		text = []byte(strings.Replace(string(text), pairs[i], pairs[i+1], 1))
	}
	return string(text)
}

const shifter = `package main

import (
	"os"
	"strconv"
	"time"
)

func init() {
	file, known := os.Getenv("WARDLINE_CLOCK"), ""
	read := func() {
		text, _ := os.ReadFile(file)
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil && string(text) != known {
			known = string(text)
			time.Shift.Store(n)
			_ = os.WriteFile(file+"."+strconv.Itoa(os.Getpid()), text, 0o600) // else the test never goes on
		}
	}
	read()
	go func() {
		for range time.Tick(10 * time.Millisecond) {
			read()
		}
	}()
}
`

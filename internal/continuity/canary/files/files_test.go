package files_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/continuity/canary/files"
)

// share is a folder with two decoys, and what a watcher tells of them.
type share struct {
	t        *testing.T
	folder   string
	registry string
	decoys   []files.Decoy
	told     chan canary.Report
	watcher  *files.Watcher
	stop     func()

	unprivileged bool
}

func newShare(t *testing.T) *share {
	t.Helper()
	s := &share{t: t, folder: t.TempDir(), registry: filepath.Join(t.TempDir(), "decoys.yml"), told: make(chan canary.Report, 100)}
	var err error
	if s.decoys, err = files.Add(s.registry, []string{s.folder}, time.Now(), canary.Dice()); err != nil {
		t.Fatal(err)
	}
	return s
}

// watch begins to watch; change may alter the configuration, and may be nil.
func (s *share) watch(change func(*files.Config)) {
	s.t.Helper()
	ready := make(chan struct{})
	c := files.Config{
		Registry: s.registry, Host: "fs1", Poll: time.Hour, Test: -1, Log: slog.New(slog.NewTextHandler(s.t.Output(), nil)),
		Out: func(r canary.Report) { s.told <- r }, Ready: func() { close(ready) },
	}
	if change != nil {
		change(&c)
	}
	s.watcher = files.New(c)
	if s.unprivileged {
		s.watcher.Unprivileged()
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.watcher.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			s.t.Errorf("the watcher ended with %v", err)
		}
	}
	s.t.Cleanup(s.stop)
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		s.t.Fatal(err)
	}
}

// next is what is told next.
func (s *share) next() canary.Report {
	s.t.Helper()
	select {
	case r := <-s.told:
		return r
	case <-time.After(30 * time.Second):
		s.t.Fatal("nothing is told")
		return canary.Report{}
	}
}

// quiet fails when anything is told but that the second decoy is gone, which is done now.
func (s *share) quiet() {
	s.t.Helper()
	if err := os.Remove(s.decoys[1].Path); err != nil {
		s.t.Fatal(err)
	}
	if r := s.next(); r.Canary != s.decoys[1].ID || r.Act != canary.Deleted {
		s.t.Errorf("told besides: %s %s", r.Canary, r.Act)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// other runs a program: who watches does not tell of what he does himself.
func other(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func TestWhatHappensToADecoyIsTold(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, path string)
		act  canary.Act
		to   string // ends in this
	}{
		{"renamed", func(t *testing.T, p string) { must(t, os.Rename(p, p+".locked")) }, canary.Renamed, ".locked"},
		{"moved away", func(t *testing.T, p string) { must(t, os.Rename(p, filepath.Join(t.TempDir(), "x"))) }, canary.Renamed, ""},
		{"deleted", func(t *testing.T, p string) { must(t, os.Remove(p)) }, canary.Deleted, ""},
		{"encrypted beside", func(t *testing.T, p string) {
			must(t, os.WriteFile(p+".enc", []byte("x"), 0o600))
			must(t, os.Remove(p))
		}, canary.Deleted, ".enc"},
		{"one byte changed in place", func(t *testing.T, p string) {
			f, err := os.OpenFile(p, os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteAt([]byte{0xff, 0xfe}, 1000)
			must(t, errors.Join(err, f.Close()))
		}, canary.Written, ""},
		{"emptied", func(t *testing.T, p string) { must(t, os.Truncate(p, 0)) }, canary.Written, ""},
		{"replaced", func(t *testing.T, p string) {
			must(t, os.WriteFile(p+"~", []byte("y"), 0o600))
			must(t, os.Rename(p+"~", p))
		}, canary.Written, ""},
		{"folder gone", func(t *testing.T, p string) {
			must(t, os.Rename(filepath.Dir(p), filepath.Dir(p)+".locked"))
		}, canary.Deleted, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShare(t)
			s.watch(nil)
			tt.do(t, s.decoys[0].Path)
			r := s.next()
			if r.Canary != s.decoys[0].ID && tt.name == "folder gone" {
				r = s.next() // of two, in any order
			}
			if r.Canary != s.decoys[0].ID || r.Act != tt.act || r.File.Path != s.decoys[0].Path || !strings.HasSuffix(r.File.To, tt.to) || (r.File.To == "") != (tt.to == "") {
				t.Errorf("told: %s %s, now %q", r.Canary, r.Act, r.File.To)
			}
			if r.Type != canary.TripType || r.Level != "critical" || r.Host != "fs1" || r.Meaning == "" || r.Time.IsZero() {
				t.Errorf("told: %+v", r)
			}
			if tt.name != "folder gone" {
				s.quiet()
			}
		})
	}
}

func TestOrdinaryWorkInTheFolderIsNotTold(t *testing.T) {
	s := newShare(t)
	s.watch(nil)
	letter := filepath.Join(s.folder, "letter.docx")
	for range 50 {
		must(t, os.WriteFile(letter, []byte("dear"), 0o600))
		must(t, os.Rename(letter, letter+".bak"))
		must(t, os.Remove(letter+".bak"))
	}
	_, err := os.ReadDir(s.folder)
	must(t, err)
	_, err = os.Stat(s.decoys[0].Path)
	must(t, err)
	s.quiet()
}

func TestOpeningIsToldOnLinux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("opening is seen on Linux only")
	}
	s := newShare(t)
	s.watch(nil)
	other(t, "cat", s.decoys[0].Path)
	other(t, "cat", s.decoys[0].Path) // within the minute it is one
	r := s.next()
	if r.Canary != s.decoys[0].ID || r.Act != canary.Opened || r.Level != "high" {
		t.Fatalf("told: %s %s", r.Canary, r.Act)
	}
	how := s.watcher.Health().Opens
	t.Logf("opening is seen by %q", how)
	if how == "process" && (r.Process == nil || r.Process.ID == 0 || r.Process.Name != "" && r.Process.Name != "cat") {
		t.Errorf("by %+v", r.Process)
	}
	other(t, "sh", "-c", `cat "$1"; sleep 1.5`, "sh", s.decoys[0].Path) // nor is it another one now
	s.quiet()
}

func TestAttributesAreToldAsSuch(t *testing.T) {
	for name, do := range map[string]func(string) error{
		"rights": func(p string) error { return os.Chmod(p, 0o666) },
		"times":  func(p string) error { return os.Chtimes(p, time.Now(), time.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShare(t)
			s.watch(nil)
			must(t, do(s.decoys[0].Path))
			if r := s.next(); r.Canary != s.decoys[0].ID || r.Act != canary.Touched || r.Level != "medium" {
				t.Errorf("told: %s %s", r.Canary, r.Act)
			}
			s.quiet()
		})
	}
}

// Without root's rights opening is seen all the same, but not by whom; and what the watcher reads itself is not told.
func TestOpeningIsToldWithoutRights(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("opening is seen on Linux only")
	}
	s := newShare(t)
	s.unprivileged = true
	s.watch(nil)
	must(t, os.Chmod(s.decoys[0].Path, 0o666)) // then it is read, to see whether it was changed
	if r := s.next(); r.Act != canary.Touched {
		t.Errorf("told: %s", r.Act)
	}
	must(t, os.Chmod(s.decoys[0].Path, 0o606)) // within the minute it is one, and is read all the same
	time.Sleep(2 * time.Second)                // what is read by ourselves is not taken for the reading of others by then
	if len(s.told) > 0 {
		t.Errorf("told besides: %s", (<-s.told).Act)
	}
	other(t, "cat", s.decoys[0].Path)
	if r := s.next(); r.Canary != s.decoys[0].ID || r.Act != canary.Opened || r.Process != nil || s.watcher.Health().Opens != "yes" {
		t.Errorf("told: %s %s by %+v, seen by %s", r.Canary, r.Act, r.Process, s.watcher.Health().Opens)
	}
	s.quiet()
}

// An encryption opens, writes and renames: it is one trip, and by whom if the system tells.
func TestEncryptionIsOneTrip(t *testing.T) {
	s := newShare(t)
	s.watch(nil)
	other(t, "sh", "-c", `chmod 600 "$1"; cat "$1" | tr a-z b-za > "$1.tmp"; cat "$1.tmp" > "$1"; rm "$1.tmp"; mv "$1" "$1.locked"; sleep 1.5`, "sh", s.decoys[0].Path)
	r := s.next()
	if r.Canary != s.decoys[0].ID || canary.Severity(canary.File, r.Act).String() != "critical" {
		t.Fatalf("told first: %s %s", r.Canary, r.Act)
	}
	if s.watcher.Health().Opens == "process" && r.Process == nil {
		t.Errorf("by nobody, though processes are seen")
	}
	s.quiet()
}

// What else is opened around an encryption belongs to it: before, and for a minute after.
func TestOpeningsAroundAnEncryptionBelongToIt(t *testing.T) {
	s := newShare(t)
	s.watch(nil)
	other(t, "sh", "-c", `cat "$2"; mv "$1" "$1.locked"; cat "$2"; sleep 1.5; cat "$2"; sleep 1.5`, "sh", s.decoys[0].Path, s.decoys[1].Path)
	if r := s.next(); r.Canary != s.decoys[0].ID || r.Act != canary.Renamed {
		t.Fatalf("told first: %s %s", r.Canary, r.Act)
	}
	s.quiet()
}

func TestWhatChangedWhileNobodyWatchedIsToldOnce(t *testing.T) {
	s := newShare(t)
	s.watch(nil)
	s.stop()
	must(t, os.Rename(s.decoys[0].Path, s.decoys[0].Path+".locked"))
	s.watch(nil)
	if r := s.next(); r.Canary != s.decoys[0].ID || r.Act != canary.Renamed || !r.File.Late {
		t.Errorf("told: %s %s, late %v", r.Canary, r.Act, r.File.Late)
	}
	s.stop()
	s.watch(nil)
	if h := s.watcher.Health(); h.Files != 1 || h.Lost != 1 {
		t.Errorf("%d are watched, %d lost", h.Files, h.Lost)
	}
	s.quiet()
}

func TestAllowedOnesMay(t *testing.T) {
	s := newShare(t)
	must(t, files.Update(s.registry, func(r *files.Registry) error {
		r.Decoys[0].Allow = []canary.Allow{{Host: "fs1", Owner: "IT", Reason: "moved to a new server", Until: time.Now().Add(time.Hour)}}
		return nil
	}))
	s.watch(nil)
	must(t, os.Rename(s.decoys[0].Path, s.decoys[0].Path+".moved"))
	s.quiet()
}

func TestNothingIsOverwritten(t *testing.T) {
	folder, registry := t.TempDir(), filepath.Join(t.TempDir(), "decoys.yml")
	now := time.Now()
	first, err := files.Add(registry, []string{folder}, now, rand.New(rand.NewPCG(1, 2)))
	must(t, err)
	before, err := os.ReadFile(first[0].Path)
	must(t, err)
	must(t, os.Rename(registry, registry+".old")) // so that ids may come again
	if _, err := files.Add(registry, []string{folder}, now, rand.New(rand.NewPCG(1, 2))); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same name is taken again: %v", err)
	}
	after, err := os.ReadFile(first[0].Path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("what was there is another: %v", err)
	}
}

func TestAllFoldersOrNone(t *testing.T) {
	folder, registry := t.TempDir(), filepath.Join(t.TempDir(), "decoys.yml")
	if _, err := files.Add(registry, []string{folder, filepath.Join(folder, "none")}, time.Now(), canary.Dice()); err == nil {
		t.Error("a folder that is not there got decoys")
	}
	names, err := os.ReadDir(folder)
	if err != nil || len(names) != 0 {
		t.Errorf("%d files are left, %v", len(names), err)
	}
}

func TestDecoysLookOld(t *testing.T) {
	s := newShare(t)
	for _, d := range s.decoys {
		info, err := os.Stat(d.Path)
		if err != nil || time.Since(info.ModTime()) < 29*24*time.Hour || info.Size() != d.Size {
			t.Errorf("%v %v", info, err)
		}
	}
}

func TestRemoveLeavesWhatWasChanged(t *testing.T) {
	s := newShare(t)
	s.watch(func(c *files.Config) { c.Poll = 50 * time.Millisecond })
	must(t, os.WriteFile(s.decoys[0].Path, []byte("mine"), 0o600))
	if r := s.next(); r.Act != canary.Written {
		t.Errorf("told: %s", r.Act)
	}
	s.stop()
	kept, err := files.Remove(s.registry, []string{s.decoys[0].ID, s.decoys[1].ID})
	if err != nil || !slices.Equal(kept, []string{s.decoys[0].Path}) {
		t.Errorf("kept %v, %v", kept, err)
	}
	if text, err := os.ReadFile(s.decoys[0].Path); err != nil || string(text) != "mine" {
		t.Errorf("what was changed is %q, %v", text, err)
	}
	if _, err := os.Stat(s.decoys[1].Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the other one: %v", err)
	}
	if _, err := files.Remove(s.registry, []string{"file-none"}); !errors.Is(err, files.ErrUnknown) {
		t.Errorf("one that is not there: %v", err)
	}
	r, err := files.ReadRegistry(s.registry)
	if err != nil || len(r.Decoys) != 0 {
		t.Errorf("%d are left, %v", len(r.Decoys), err)
	}
}

func TestRegistryIsReadAgain(t *testing.T) {
	s := newShare(t)
	s.watch(func(c *files.Config) { c.Poll = 50 * time.Millisecond })
	folder := t.TempDir()
	more, err := files.Add(s.registry, []string{folder}, time.Now(), canary.Dice())
	must(t, err)
	for s.watcher.Health().Files != 4 {
		time.Sleep(10 * time.Millisecond)
	}
	must(t, os.Remove(more[0].Path))
	if r := s.next(); r.Canary != more[0].ID || r.Act != canary.Deleted {
		t.Errorf("told: %s %s", r.Canary, r.Act)
	}
	if _, err := files.Remove(s.registry, []string{more[1].ID}); err != nil {
		t.Fatal(err)
	}
	s.quiet()
}

func TestPlantedFilesAreNoticed(t *testing.T) {
	s := newShare(t)
	s.watch(func(c *files.Config) { c.Test = time.Hour })
	for s.watcher.Health().Tested.IsZero() {
		time.Sleep(10 * time.Millisecond)
	}
	names, err := os.ReadDir(s.folder)
	if err != nil || len(names) != 2 {
		t.Errorf("%d files are left, %v", len(names), err)
	}
	s.quiet()
}

func TestBadRegistriesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decoys.yml")
	good := "decoys:\n- {id: file-1, kind: file, where: x, marks: [{field: name, value: abcd}], made: 2026-03-01T00:00:00Z, path: /srv/abcd, size: 1, sha256: x, modified: 2026-03-01T00:00:00Z}\n"
	for name, text := range map[string]string{
		"unknown key": strings.Replace(good, "size", "sise", 1), "kind": strings.Replace(good, "kind: file", "kind: row", 1),
		"relative": strings.Replace(good, "/srv/", "srv/", 1), "twice": good + good[len("decoys:\n"):], "no YAML": "\x00",
		"allow without an end": strings.Replace(good, "path:", "allow: [{account: a, owner: b, reason: c}], path:", 1),
	} {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := files.ReadRegistry(path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	must(t, os.WriteFile(path, []byte(good), 0o600))
	if r, err := files.ReadRegistry(path); err != nil || len(r.Decoys) != 1 {
		t.Error(err)
	}
}

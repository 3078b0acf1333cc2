package node_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	watcher "github.com/wardline/wardline/internal/app/canaries"
	decoy "github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/continuity/canary/files"
)

// watchDecoys is `wardline canary watch`.
func watchDecoys(config string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := watcher.ReadConfig(config)
	if err != nil {
		return err
	}
	return watcher.Watch(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, nil)))
}

// order is what encrypt is to do. It touches nothing outside of a folder that a test has made for it and marked.
type order struct {
	Root    string
	Way     string // rename, in place, beside
	Sorted  bool   // files in the order of their names; else as the disk has them
	Threads int
	Log     string // when each file was touched
}

const harmless = "made-for-encrypt-to-spoil"

// spoilt is what was done to one file.
type spoilt struct {
	Path       string
	Begun, End int64 // nanoseconds since 1970
}

// encrypt does to the files of a test what ransomware does to those of a house.
func encrypt(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(o.Root, harmless)); err != nil || !strings.HasPrefix(o.Root, os.TempDir()) {
		return fmt.Errorf("no folder that was made for this: %w", err)
	}
	paths, err := o.paths()
	if err != nil {
		return err
	}
	done := make([]spoilt, len(paths))
	errs := make([]error, o.Threads)
	var all sync.WaitGroup
	for thread := range o.Threads {
		all.Go(func() {
			for i := thread; i < len(paths); i += o.Threads {
				begun := time.Now().UnixNano()
				if err := o.spoil(paths[i]); err != nil {
					errs[thread] = err
					return
				}
				done[i] = spoilt{paths[i], begun, time.Now().UnixNano()}
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	log, err := json.Marshal(done)
	if err != nil {
		return err
	}
	return os.WriteFile(o.Log, log, 0o600)
}

func (o *order) paths() (paths []string, err error) {
	if o.Sorted {
		err = filepath.WalkDir(o.Root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && d.Name() != harmless {
				paths = append(paths, path)
			}
			return err
		})
		return paths, err
	}
	folders, err := os.ReadDir(o.Root)
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		f, err := os.Open(filepath.Join(o.Root, folder.Name()))
		if err != nil {
			return nil, err
		}
		names, err := f.Readdirnames(-1)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		for _, name := range names {
			paths = append(paths, filepath.Join(f.Name(), name))
		}
	}
	return paths, nil
}

func (o *order) spoil(path string) error {
	if o.Way == "rename" {
		return os.Rename(path, path+".locked")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	key, err := aes.NewCipher([]byte("a key of no worth"[:16]))
	if err != nil {
		return err
	}
	cipher.NewCTR(key, make([]byte, aes.BlockSize)).XORKeyStream(text, text)
	if o.Way == "beside" {
		return errors.Join(os.WriteFile(path+".locked", text, 0o600), os.Remove(path))
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close(), os.Rename(path, path+".locked"))
}

// fillShare makes folders full of files as a hospital's share has them.
func fillShare(t *testing.T, folders, each int) (root string, list []string) {
	t.Helper()
	root = t.TempDir()
	if err := os.WriteFile(filepath.Join(root, harmless), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 96<<10)
	for i := range text {
		text[i] = byte(dice.Uint32())
	}
	for f := range folders {
		folder := filepath.Join(root, fmt.Sprintf("ward-%02d", f))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		list = append(list, folder)
		for n := range each {
			name := fmt.Sprintf("%c%s %04d.docx", 'A'+n%26, []string{"letter", "plan", "report"}[n%3], n)
			if err := os.WriteFile(filepath.Join(folder, name), text[:8<<10+dice.IntN(88<<10)], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root, list
}

// decoyWatch is a watcher that runs as a process of its own and sends to a node.
type decoyWatch struct {
	h                         *house
	name, dir, registry, logs string
	process                   *exec.Cmd
}

func (h *house) watchDecoys(name string, folders []string, more string) *decoyWatch {
	h.t.Helper()
	dir := h.t.TempDir()
	w := &decoyWatch{h: h, name: name, dir: dir, registry: filepath.Join(dir, "decoys.yml"), logs: filepath.Join(dir, "log")}
	list, err := json.Marshal(folders)
	if err != nil {
		h.t.Fatal(err)
	}
	text := fmt.Sprintf("name: %q\nregistry: %q\nfolders: %s\nnode: https://%s/events\nca: %q\ntoken: %q\nspool: %q\nheartbeat: 1s\n%s",
		name, w.registry, list, h.http, filepath.Join(h.dir, "data", "authority", "ca.pem"), filepath.Join(dir, "token"), filepath.Join(dir, "spool"), more)
	config := filepath.Join(dir, "canary.yml")
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "token"), []byte(h.token), 0o600)); err != nil {
		h.t.Fatal(err)
	}
	log, err := os.Create(w.logs)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	w.process = exec.Command(os.Args[0], "decoys", config)
	w.process.Stdout, w.process.Stderr = log, log
	if err := w.process.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = w.process.Process.Kill(); _ = w.process.Wait() })
	h.eventually(func() bool { return bytes.Contains(w.said(), []byte("watching decoys")) })
	return w
}

func (w *decoyWatch) said() []byte {
	text, err := os.ReadFile(w.logs)
	if err != nil {
		w.h.t.Fatal(err)
	}
	return text
}

// sent waits until so many decoys are lost, and all that was told of them is with the node.
func (w *decoyWatch) sent(lost int) {
	w.h.t.Helper()
	w.h.eventually(func() bool {
		r, err := files.ReadRegistry(w.registry)
		if err != nil {
			w.h.t.Fatal(err)
		}
		gone := 0
		for i := range r.Decoys {
			if !r.Decoys[i].Lost.IsZero() {
				gone++
			}
		}
		waiting, err := filepath.Glob(filepath.Join(w.dir, "spool", "*.jsonl"))
		return err == nil && gone == lost && len(waiting) == 0
	})
}

// end stops the watcher, and says what it took.
func (w *decoyWatch) end() {
	w.h.t.Helper()
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		w.h.t.Fatal(err)
	}
	if err := w.process.Wait(); err != nil {
		w.h.t.Fatalf("the watcher did not stop well: %v\n%s", err, w.said())
	}
	if u, ok := w.process.ProcessState.SysUsage().(*syscall.Rusage); ok {
		w.h.t.Logf("%s: the watcher took %d MiB at most, and %v of CPU", w.name, u.Maxrss>>10, w.process.ProcessState.UserTime()+w.process.ProcessState.SystemTime())
	}
}

// TestEncryptionIsSeenByDecoys encrypts and renames 2,000 files in 40 folders in several ways, and searches the network with nmap. The node
// gets the first trip while few files are lost, and makes one finding of each cause.
func TestEncryptionIsSeenByDecoys(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and spoils 10,000 files")
	}
	h := newHouse(t)
	h.start()
	attacks := []struct {
		name  string
		order order
	}{
		{"fs-rename", order{Way: "rename", Sorted: true, Threads: 1}},
		{"fs-inplace", order{Way: "in place", Sorted: true, Threads: 1}},
		{"fs-beside", order{Way: "beside", Threads: 1}},
		{"fs-four", order{Way: "in place", Threads: 4}},
	}
	spoils := map[string][]spoilt{}
	var want []string
	for _, a := range attacks {
		root, folders := fillShare(t, 40, 50)
		w := h.watchDecoys(a.name, folders, "")
		a.order.Root, a.order.Log = root, filepath.Join(t.TempDir(), "spoilt")
		text, err := json.Marshal(a.order)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(os.Args[0], "encrypt", string(text)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		w.sent(80)
		w.end()
		log, err := os.ReadFile(a.order.Log)
		if err != nil {
			t.Fatal(err)
		}
		var done []spoilt
		if err := json.Unmarshal(log, &done); err != nil {
			t.Fatal(err)
		}
		spoils[a.name] = done
		want = append(want, "A decoy file was changed 80")
	}
	if h.searched(t) {
		want = append(want, "Somebody knocked at a decoy door 1")
	}
	g := &guard{house: h}
	got := g.queue()
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings, wanted (-) and made (+):\n%s", d)
	}
	h.losses(t, spoils)
}

// searched lets nmap search decoy doors; false without it.
func (h *house) searched(t *testing.T) bool {
	if _, err := exec.LookPath("nmap"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nmap is missing: .ci/needs installs it")
		}
		t.Log("nmap is not installed: nobody searches")
		return false
	}
	var doors, ports []string
	for _, protocol := range []string{"dicom", "mllp", "rdp", "smb", "ssh"} {
		at := free(t)
		doors = append(doors, fmt.Sprintf("{protocol: %s, listen: %q}", protocol, at))
		ports = append(ports, at[strings.LastIndexByte(at, ':')+1:])
	}
	w := h.watchDecoys("decoy-doors", nil, "doors: ["+strings.Join(doors, ", ")+"]\n")
	h.eventually(func() bool {
		out, err := exec.Command("nmap", "-sT", "-Pn", "-n", "-p", strings.Join(ports, ","), "127.0.0.1").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.Count(string(out), " open ") == len(ports) // the doors are open by now
	})
	w.end() // what was going on is told
	return true
}

// losses says how long after the first decoy was touched the node had the first trip, and how many files were lost by then.
func (h *house) losses(t *testing.T, spoils map[string][]spoilt) {
	t.Helper()
	type received struct {
		Observed time.Time    `json:"observed"`
		Class    string       `json:"class"`
		Fields   decoy.Report `json:"fields"`
	}
	firsts, named := map[string]received{}, map[string]int{}
	h.lines(func(line []byte) {
		var r received
		if err := json.Unmarshal(line, &r); err != nil || r.Class != "wardline/canary" || r.Fields.Type != decoy.TripType {
			return
		}
		if r.Fields.Process != nil {
			named[r.Fields.Watcher]++
		}
		if first, ok := firsts[r.Fields.Watcher]; !ok || r.Observed.Before(first.Observed) {
			firsts[r.Fields.Watcher] = r
		}
		if r.Fields.Kind == decoy.Listener {
			t.Logf("nmap: told %q, %d connections", r.Fields.How, r.Fields.Count)
		}
	})
	for name, done := range spoils {
		first, ok := firsts[name]
		if !ok {
			t.Errorf("%s: nothing came to the node", name)
			continue
		}
		alarm := first.Observed.UnixNano()
		touched, lost, before, begun, end := int64(0), 0, 0, done[0].Begun, int64(0)
		for _, d := range done {
			isDecoy := strings.HasPrefix(filepath.Base(d.Path), "!AAAA ") || strings.HasPrefix(filepath.Base(d.Path), "~zzzz ")
			if isDecoy && (touched == 0 || d.Begun < touched) {
				touched = d.Begun
			}
			begun, end = min(begun, d.Begun), max(end, d.End)
		}
		for _, d := range done {
			if d.Begun < alarm {
				lost++
			}
			if d.Begun < touched {
				before++
			}
		}
		t.Logf("%s: %d files within %v; the first decoy was touched when %d were lost; the node had the trip %v later, when %d of %d were lost; the process is named in %d of 80 trips",
			name, len(done), time.Duration(end-begun).Round(time.Millisecond), before, time.Duration(alarm-touched).Round(time.Millisecond), lost, len(done), named[name])
	}
}

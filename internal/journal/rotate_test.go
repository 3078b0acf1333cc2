package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
)

// TestTheKeyIsRotatedWhileLinesComeIn: what was sealed before is read with the new file, what comes after is not read with the old one.
func TestTheKeyIsRotatedWhileLinesComeIn(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	before := readFile(t, j.KeyFile())
	first, err := journal.KeyIDs(j.KeyFile())
	if err != nil || len(first) != 1 {
		t.Fatalf("a new journal has keys %v, %v", first, err)
	}
	id, err := j.RotateKey(t.Context(), "admin", "yearly")
	if err != nil {
		t.Fatal(err)
	}
	put(t, j, line(journal.Events, 1))
	if n := segments(t, cfg.Dir, journal.Events); n != 2 {
		t.Errorf("%d segments: what comes after the rotation needs one of its own", n)
	}
	if ids, err := journal.KeyIDs(j.KeyFile()); err != nil || !cmp.Equal(ids, append(first, id)) {
		t.Errorf("the file has keys %v, %v", ids, err)
	}
	both := []string{`{"n":0}`, `{"n":1}`}
	if diff := cmp.Diff(seen(t, j), both); diff != "" {
		t.Error(diff)
	}
	shut(t, j)
	if diff := cmp.Diff(seen(t, open(t, cfg)), both); diff != "" {
		t.Errorf("after a restart: %s", diff)
	}
	r := verify(t, cfg.Dir, journal.Check{KeyFile: j.KeyFile()})
	if !r.Sound() || r.Opened != r.Size {
		t.Errorf("%+v", r)
	}
	old := filepath.Join(t.TempDir(), "journal.key")
	if err := os.WriteFile(old, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, cfg.Dir, journal.Check{KeyFile: old}); r.Sound() || r.Opened != 1 {
		t.Errorf("with the old key %d of %d bodies are opened", r.Opened, r.Size)
	}
}

// TestAnOldCopyOfTheKeyIsRefused: nothing is sealed with a key that was left behind, and no backup is restored with it.
func TestAnOldCopyOfTheKeyIsRefused(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	before := readFile(t, j.KeyFile())
	if _, err := j.RotateKey(t.Context(), "admin", "a copy was lost"); err != nil {
		t.Fatal(err)
	}
	checkpointAt(t, j) // speaks of the rotation
	var tape bytes.Buffer
	if _, err := j.Backup(t.Context(), &tape); err != nil {
		t.Fatal(err)
	}
	now := readFile(t, j.KeyFile())
	if err := os.WriteFile(j.KeyFile(), []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Restore(t.Context(), bytes.NewReader(tape.Bytes()), filepath.Join(t.TempDir(), "journal"), journal.Check{KeyFile: j.KeyFile()}); !errors.Is(err, journal.ErrBackup) {
		t.Errorf("a backup was restored with an old key: %v", err)
	}
	shut(t, j)
	refuses(t, cfg, journal.ErrKey)
	if err := os.WriteFile(j.KeyFile(), []byte(now), 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, open(t, cfg), line(journal.Events, 1))
}

// TestAKeyThatIsNotTheJournalsIsNotRotated: somebody put another file in its place while the node ran.
func TestAKeyThatIsNotTheJournalsIsNotRotated(t *testing.T) {
	j, other := open(t, journal.Config{}), open(t, journal.Config{})
	put(t, j, line(journal.Events, 0))
	now, foreign := readFile(t, j.KeyFile()), readFile(t, other.KeyFile())
	if err := os.WriteFile(j.KeyFile(), []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := j.RotateKey(t.Context(), "admin", "yearly"); !errors.Is(err, journal.ErrKey) {
		t.Errorf("got %v", err)
	}
	if got := readFile(t, j.KeyFile()); got != foreign {
		t.Error("the file was changed")
	}
	if err := os.WriteFile(j.KeyFile(), []byte(now), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := j.RotateKey(t.Context(), "admin", " "); err == nil {
		t.Error("rotating needs no reason")
	}
}

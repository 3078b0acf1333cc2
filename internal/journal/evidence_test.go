package journal_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/journal/seal"
)

// TestOneLineIsShown: a line leads to the root in the leaf of its entry, and the leaf to the checkpoint.
func TestOneLineIsShown(t *testing.T) {
	j := open(t, journal.Config{})
	first, err := j.Append(t.Context(), line(journal.Events, 0), line(journal.Events, 1), line(journal.Events, 2))
	if err != nil {
		t.Fatal(err)
	}
	p, err := j.Prove(t.Context(), first.Entry)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := journal.VerifyProof(p.Bytes(), j.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		text, opening, err := j.Open(t.Context(), journal.Place{Entry: first.Entry, Line: n})
		if err != nil || opening == nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), fmt.Sprintf(`{"n":%d}`, n)); diff != "" {
			t.Error(diff)
		}
		if err := opening.Verify(text, h.Count, h.Lines); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := j.Open(t.Context(), journal.Place{Entry: first.Entry, Line: 3}); !errors.Is(err, journal.ErrNoEntry) {
		t.Error(err)
	}
	if _, _, err := j.Open(t.Context(), journal.Place{Entry: 99}); !errors.Is(err, journal.ErrNoEntry) {
		t.Error(err)
	}
}

// TestSaltsAreNeverUsedAgain: the same line in two entries has two roots, or whoever was shown one could find the other.
func TestSaltsAreNeverUsedAgain(t *testing.T) {
	j := open(t, journal.Config{})
	seen := map[[32]byte]bool{}
	for range 3 {
		place, err := j.Append(t.Context(), line(journal.Events, 1))
		if err != nil {
			t.Fatal(err)
		}
		e, err := j.Entry(t.Context(), place.Entry)
		if err != nil {
			t.Fatal(err)
		}
		_, o, err := j.Open(t.Context(), place)
		if err != nil || seen[e.Header.Lines] || seen[o.Salt] {
			t.Error("a root or a salt came twice", err)
		}
		seen[e.Header.Lines], seen[o.Salt] = true, true
	}
}

// TestJournalOfBefore opens a journal that was written before leaves had roots of lines, reads it, proves it and goes on with it.
func TestJournalOfBefore(t *testing.T) {
	dir := t.TempDir()
	unpack(t, filepath.Join("testdata", "before-lines.tar.gz"), dir)
	cfg := journal.Config{Dir: filepath.Join(dir, "journal")}
	j := open(t, cfg)
	text, opening, err := j.Open(t.Context(), journal.Place{Entry: 0, Line: 1})
	if err != nil || opening != nil || string(text) != `{"n":2}` {
		t.Errorf("%s, %v, %v", text, opening, err)
	}
	p, err := j.Prove(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if h, _, err := journal.VerifyProof(p.Bytes(), j.PublicKey()); err != nil || h.Kind != journal.Acts {
		t.Error(h.Kind, err)
	}
	place, err := j.Append(t.Context(), line(journal.Events, 4))
	if err != nil {
		t.Fatal(err)
	}
	if _, opening, err = j.Open(t.Context(), place); err != nil || opening == nil {
		t.Error("what is written now cannot be shown", err)
	}
	shut(t, j)
	r, err := journal.Verify(t.Context(), cfg.Dir, journal.Check{PublicKey: j.PublicKey(), KeyFile: j.KeyFile()})
	if err != nil || !r.Sound() || r.Opened < 3 {
		t.Errorf("%v %v %d", err, r.Problems, r.Opened)
	}
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLinesThatAreNotTheSealedOnes: whoever has all keys and seals other lines than the root is of is found by Verify.
func TestLinesThatAreNotTheSealedOnes(t *testing.T) {
	text, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := journal.SealAndOpen([]journal.Line{line(journal.Events, 1), line(journal.Events, 2)}, key)
	if err != nil {
		t.Fatal(err)
	}
	e := entries[0]
	if !e.Fits() {
		t.Error("an honest entry does not fit")
	}
	e.Header.Lines[0] ^= 1
	if e.Fits() {
		t.Error("another root fits")
	}
}

// TestSignEvidence: what is signed for a bundle is never a checkpoint, whatever the manifest is.
func TestSignEvidence(t *testing.T) {
	j := open(t, journal.Config{})
	signed, err := j.SignEvidence([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(j.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil || n.Text != string(evidence.Vouch(verifier.Name(), []byte("{}"))) {
		t.Error(n, err)
	}
	if _, err := tlog.ParseCheckpoint(signed, j.PublicKey()); err == nil {
		t.Error("it can be taken for a checkpoint")
	}
}

// BenchmarkContent makes what is encrypted of a full pack of audit lines: with the root of its lines, and as it was before.
func BenchmarkContent(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, lines := range []int{1, 20, 500} {
		var body []byte
		for n := range lines {
			body = append(append(body, auditLine(r, n).JSON...), '\n')
		}
		zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			b.Fatal(err)
		}
		text, err := seal.NewKey()
		if err != nil {
			b.Fatal(err)
		}
		key, err := seal.ParseKey(text)
		if err != nil {
			b.Fatal(err)
		}
		data, _, err := key.NewData("event/x")
		if err != nil {
			b.Fatal(err)
		}
		for name, content := range map[string]func() ([]byte, error){
			"before": func() ([]byte, error) { return journal.SealedBefore(body, zip), nil },
			"root":   func() ([]byte, error) { return journal.Content(&journal.Header{}, body, zip) },
		} {
			b.Run(fmt.Sprintf("%d/%s", lines, name), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					plain, err := content()
					if err != nil {
						b.Fatal(err)
					}
					sealed, err := data.Seal(plain, 0)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(len(sealed)), "B/body")
				}
			})
		}
	}
}

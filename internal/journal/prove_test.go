package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal"
)

func TestProofsHoldWithoutTheJournal(t *testing.T) {
	j := open(t, journal.Config{Origin: "journal.example"})
	for n := range 300 { // more than a tile
		if _, err := j.Add(t.Context(), line(journal.Events, n)); err != nil {
			t.Fatal(err)
		}
		if n%3 == 0 {
			put(t, j, line(journal.Findings, n))
		}
	}
	last := put(t, j, line(journal.Acts, 300))
	var older tlog.Checkpoint
	for index := range last + 1 {
		p, err := j.Prove(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		h, point, err := journal.VerifyProof(p.Bytes(), j.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		e, err := j.Entry(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if h.Hash != e.Header.Hash || point.Origin != "journal.example" {
			t.Fatalf("entry %d: proven %+v of %s, is %+v", index, h, point.Origin, e.Header)
		}
		if index == 5 {
			older = point
		}
	}
	p, err := j.Prove(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := tlog.ParseCheckpoint(p.Checkpoint, j.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := j.Consistency(t.Context(), older.Size, newer.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.VerifyConsistency(older, newer, hashes); err != nil {
		t.Error(err)
	}
	other := open(t, journal.Config{Origin: "journal.example"})
	if _, _, err := journal.VerifyProof(p.Bytes(), other.PublicKey()); !errors.Is(err, tlog.ErrProof) {
		t.Errorf("with the key of another journal: %v", err)
	}
	p.Extra[20] ^= 1
	if h, _, err := journal.VerifyProof(p.Bytes(), j.PublicKey()); !errors.Is(err, tlog.ErrProof) || h.Count != 0 {
		t.Errorf("with another header: %v", err)
	}
	if _, err := j.Prove(t.Context(), last+1000); !errors.Is(err, journal.ErrNoEntry) {
		t.Errorf("what is not there was proven: %v", err)
	}
}

// TestProofsAtCheckpointsOfBefore: somebody kept a checkpoint, such as one that others signed too.
func TestProofsAtCheckpointsOfBefore(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Origin: "journal.example"}
	j := open(t, cfg)
	for n := range 3 {
		put(t, j, line(journal.Acts, n))
	}
	p, err := j.Prove(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	kept := append(bytes.Clone(p.Checkpoint), "— somebody.example AAAAAAA=\n"...)
	for n := range 300 { // more than a tile
		put(t, j, line(journal.Acts, n))
	}
	for index := range uint64(3) {
		p, err := j.ProveAt(t.Context(), index, kept)
		if err != nil {
			t.Fatal(err)
		}
		if _, point, err := journal.VerifyProof(p.Bytes(), j.PublicKey()); err != nil || point.Size != 3 || !bytes.Equal(p.Checkpoint, kept) {
			t.Errorf("entry %d at %v: %v", index, point, err)
		}
	}
	if _, err := j.ProveAt(t.Context(), 3, kept); !errors.Is(err, journal.ErrNoEntry) {
		t.Errorf("an entry that came later: %v", err)
	}
	other := open(t, journal.Config{Origin: "journal.example"})
	put(t, other, line(journal.Acts, 0))
	strange, err := other.Prove(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.ProveAt(t.Context(), 0, strange.Checkpoint); !errors.Is(err, tlog.ErrProof) {
		t.Errorf("another journal's checkpoint: %v", err)
	}
	shut(t, j)
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	anew := open(t, cfg) // with the same keys
	if _, err := anew.ProveAt(t.Context(), 0, kept); !errors.Is(err, journal.ErrNoEntry) {
		t.Errorf("a checkpoint of more than there is: %v", err)
	}
	for n := range 5 {
		put(t, anew, line(journal.Findings, n))
	}
	if _, err := anew.Prove(t.Context(), 4); err != nil { // by now its tree has them
		t.Fatal(err)
	}
	if _, err := anew.ProveAt(t.Context(), 0, kept); !errors.Is(err, tlog.ErrProof) {
		t.Errorf("a checkpoint of what was there before: %v", err)
	}
}

package index

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// layout changes when rows are written in another way than before, so that an older index is built anew.
const layout = 2 // 1 held identifiers of patients

// mark says how far the index came. It lies in the index's folder and shares its fate: who deletes the
// folder begins at the first entry again.
type mark struct {
	Layout int    `json:"layout"`
	Index  string `json:"index"` // a random name, by which a folder that was put in its place is known
	Next   uint64 `json:"next"`  // all entries below are durable in the index
	Clean  bool   `json:"clean"` // nothing from Next on is in the index
	Lacks  bool   `json:"lacks"` // rows were dropped or lines could not be read: what is not found may be there
}

func markPath(dir string) string { return filepath.Join(dir, "mark.json") }

// readMark returns the mark of dir, and false when there is none that can be used.
func readMark(dir string) (mark, bool, error) {
	text, err := os.ReadFile(markPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, false, nil
	}
	if err != nil {
		return mark{}, false, fmt.Errorf("read how far the index came: %w", err)
	}
	var m mark
	if json.Unmarshal(text, &m) != nil || m.Layout != layout || m.Index == "" {
		return mark{}, false, nil
	}
	return m, true, nil
}

// tellOlder says why an index that lies there is built anew, when another version wrote it.
func (x *Index) tellOlder() {
	text, err := os.ReadFile(markPath(x.cfg.Dir))
	var m mark
	if err != nil || json.Unmarshal(text, &m) != nil || m.Layout == layout {
		return
	}
	x.log.Info("search index was written by another version, building it anew from the journal")
	if x.cfg.URL != "" {
		x.log.Error("the rows of the other version lie in the VictoriaLogs cluster still, and name patients: delete them there")
	}
}

func newMark() mark { return mark{Layout: layout, Index: rand.Text(), Clean: true} }

// write makes m durable: after a crash the old mark stands there or the new one.
func (m mark) write(dir string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	temporary := markPath(dir) + ".new"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("remember how far the index came: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temporary, markPath(dir))
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("remember how far the index came: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

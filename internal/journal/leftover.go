package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/wal"
)

// leftovers looks for files and parts of files that no leaf speaks of.
func (c *checker) leftovers(ctx context.Context, size uint64) error {
	if err := c.strangers(ctx, size); err != nil {
		return err
	}
	root := segmentsPath(c.dir)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !segmentName.MatchString(name) || !d.Type().IsRegular() {
			c.report.Strangers = append(c.report.Strangers, "segments/"+name)
			return nil
		}
		return c.tail(name, path)
	})
	slices.SortFunc(c.report.Orphans, func(a, b Orphan) int {
		return 2*strings.Compare(a.Segment, b.Segment) + int(min(max(a.Offset-b.Offset, -1), 1))
	})
	return err
}

// tail checks the head of a segment and looks for bytes behind its last body.
func (c *checker) tail(name, path string) error {
	r, err := segment.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted in this moment
	}
	if err != nil {
		return err
	}
	defer r.Close()
	size, err := r.Size()
	if err != nil {
		return err
	}
	s := c.segments[name]
	if _, deleted := c.deleted[name]; s == nil || deleted { // of a crash, or of somebody who put back what was deleted after its time
		c.report.Orphans = append(c.report.Orphans, Orphan{name, 0, size})
		return nil
	}
	var meta segmentMeta
	switch text, good, err := r.Meta(); {
	case err != nil || good < 2:
		c.report.add(Problem{Where: "segments/" + name, Entry: s.first, Known: true, Reason: fmt.Sprintf("of the two copies of its head %d can be read", good)})
	case json.Unmarshal(text, &meta) != nil || meta.Name != name:
		c.report.add(Problem{Where: "segments/" + name, Entry: s.first, Known: true, Reason: "its head is that of another segment, so its key does not open it"})
	}
	if size > s.end {
		c.report.Orphans = append(c.report.Orphans, Orphan{name, s.end, size - s.end})
	}
	return nil
}

// halfWritten are names that files have before they are renamed, and that a crash leaves behind.
var halfWritten = regexp.MustCompile(`^(\.new-[0-9]+|wal/[01]\.new|log/(checkpoint|\.state/[A-Za-z.]+|tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?)[0-9]+)$`)

// strangers looks for files that are none of the journal's, and for older versions of tiles that do not say what the newer ones do.
func (c *checker) strangers(ctx context.Context, size uint64) error {
	known := map[string]bool{
		"journal.json": true, "lock": true, "book.json": true, "clock.json": true, "ballast": true, "log/checkpoint": true,
		"log/.state/treeState": true, "log/.state/treeState.lock": true, "log/.state/publish.lock": true, "log/.state/version": true,
		"log/.state/gcState": true, "log/.state/gcState.lock": true,
	}
	return filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // it is replaced in this moment
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		tile, err := tlog.ParseTile(strings.TrimPrefix(name, "log/"))
		switch {
		case d.IsDir() && (strings.HasPrefix(name, "log.lost-") || strings.HasPrefix(name, "wal.lost-")): // see Recover
			c.report.Strangers = append(c.report.Strangers, name)
			return fs.SkipDir
		case d.IsDir() && name == "segments":
			return fs.SkipDir
		case name == "wal/0" || name == "wal/1":
			if !tidy(path) {
				c.report.Older = append(c.report.Older, name)
			}
			return ctx.Err()
		case d.IsDir() || known[name] || err != nil && halfWritten.MatchString(name):
			return ctx.Err()
		case err == nil:
			if !c.files.Agrees(ctx, tile, size) {
				c.report.Older = append(c.report.Older, name)
			}
			return ctx.Err()
		}
		c.report.Strangers = append(c.report.Strangers, name)
		return nil
	})
}

// tidy tells whether a file of the write-ahead log is as the journal leaves it. One that is being written may not be, for a moment.
func tidy(path string) bool {
	const tries, pause = 5, 20 * time.Millisecond
	for range tries {
		if good, err := wal.Tidy(path); good || errors.Is(err, fs.ErrNotExist) {
			return true
		}
		<-time.After(pause)
	}
	return false
}

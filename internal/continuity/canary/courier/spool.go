package courier

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// spool holds reports in files of one request each. Names begin with a number that rises, and end in chance, so that they never come again.
type spool struct {
	folder string
	most   int64
	files  []string // that wait, the oldest first; open is the last of them
	open   *os.File // that reports are appended to; nil when none is
	size   int64    // of open
	bytes  int64    // of all files, those that were refused included
	lines  int      // that wait
	number int
}

const (
	ending  = ".jsonl"
	refused = ".refused"
)

// openSpool finds what an earlier run left. The end of a line that was being written when the machine stopped is no report: it is passed over.
func openSpool(folder string, most int64) (spool, error) {
	s := spool{folder: folder, most: most}
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return s, fmt.Errorf("spool: %w", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return s, fmt.Errorf("spool: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		s.bytes += info.Size()
		if !strings.HasSuffix(e.Name(), ending) {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(e.Name(), "%d-", &n); err != nil {
			continue // it is not ours
		}
		s.number = max(s.number, n)
		s.files = append(s.files, e.Name())
		if batch, err := s.read(e.Name()); err == nil {
			s.lines += bytes.Count(batch, []byte("\n"))
		}
	}
	slices.Sort(s.files)
	return s, nil
}

var errNoRoom = errors.New("the spool is full")

// put appends a line, durably.
func (s *spool) put(line []byte) error {
	if s.bytes+int64(len(line)) > s.most {
		return errNoRoom
	}
	if s.open != nil && s.size+int64(len(line)) > mostBatch {
		s.seal()
	}
	if s.open == nil {
		s.number++
		name := fmt.Sprintf("%012d-%s%s", s.number, rand.Text()[:10], ending)
		f, err := os.OpenFile(filepath.Join(s.folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		s.open, s.size, s.files = f, 0, append(s.files, name)
		syncFolder(s.folder)
	}
	n, err := s.open.Write(line)
	s.size += int64(n)
	s.bytes += int64(n)
	if err == nil {
		err = s.open.Sync()
	}
	if err != nil {
		s.seal() // half a line may stand at its end: nothing is to follow it
		return fmt.Errorf("spool: %w", err)
	}
	s.lines++
	return nil
}

// seal ends the file that is open.
func (s *spool) seal() {
	if s.open != nil {
		_ = s.open.Close() // what counts was synced
		s.open = nil
	}
}

// next is the oldest request, which is never changed from now on; nil when there is none. One in which no whole line stands is removed.
func (s *spool) next() (batch []byte, name string, err error) {
	for len(s.files) > 0 {
		name = s.files[0]
		if len(s.files) == 1 {
			s.seal()
		}
		if batch, err = s.read(name); err != nil {
			return nil, "", err
		}
		if len(batch) > 0 {
			return batch, name, nil
		}
		if err := s.done(name, true); err != nil {
			return nil, "", err
		}
	}
	return nil, "", nil
}

// read returns the whole lines of a file.
func (s *spool) read(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return text[:bytes.LastIndexByte(text, '\n')+1], nil
}

// done takes a request out: what the node took is removed, what it refused is put aside as long as there is room.
func (s *spool) done(name string, taken bool) error {
	path := filepath.Join(s.folder, name)
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	batch, err := s.read(name)
	if err != nil {
		return err
	}
	if taken || s.bytes > s.most/2 { // what was refused is for people to look at, and never takes the room of what comes
		err = os.Remove(path)
		s.bytes -= info.Size()
	} else {
		err = os.Rename(path, strings.TrimSuffix(path, ending)+refused)
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	s.lines -= bytes.Count(batch, []byte("\n"))
	s.files = s.files[1:]
	syncFolder(s.folder)
	return nil
}

// syncFolder makes names durable where the system can: Windows does it by itself.
func syncFolder(folder string) {
	if f, err := os.Open(folder); err == nil {
		_ = f.Sync() // not every file system can
		_ = f.Close()
	}
}

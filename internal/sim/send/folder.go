package send

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
)

// Folder writes what is sent below a folder: a folder for each feed, a file for each period.
type Folder struct {
	dir    string
	period time.Duration
	zone   *time.Location
	open   map[feed.Feed]*file
}

type file struct {
	name  string
	f     *os.File
	w     *bufio.Writer
	until time.Time
}

// Into begins to write below dir. period is how much time one file of rows holds; others hold an hour.
func Into(dir string, period time.Duration, zone *time.Location) *Folder {
	return &Folder{dir: dir, period: period, zone: zone, open: map[feed.Feed]*file{}}
}

// Record writes a record.
func (d *Folder) Record(r *feed.Record) error {
	how := feed.Describe(r.Feed)
	if how.Way == feed.File {
		name := filepath.Join(d.dir, string(r.Feed), filepath.Base(r.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", r.Feed, err)
		}
		return os.WriteFile(name, r.Data, 0o644)
	}
	f, err := d.file(r.Feed, how, r.At)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.Feed, err)
	}
	if how.Way == feed.Syslog { // counted, as they travel (RFC 5425 section 4.3)
		f.w.WriteString(strconv.Itoa(len(r.Data)))
		f.w.WriteByte(' ')
	}
	_, err = f.w.Write(r.Data)
	if n := len(r.Data); err == nil && how.Way != feed.Syslog && n > 0 && r.Data[n-1] != '\n' {
		err = f.w.WriteByte('\n')
	}
	return err
}

func (d *Folder) file(f feed.Feed, how feed.Description, at time.Time) (*file, error) {
	open := d.open[f]
	if open != nil && at.Before(open.until) {
		return open, nil
	}
	if err := open.close(); err != nil {
		return nil, err
	}
	period := time.Hour
	if how.Way == feed.Rows {
		period = d.period
	}
	begin, until := window(at, period, d.zone)
	name := filepath.Join(d.dir, string(f), string(f)+"-"+begin+how.Ext)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	open = &file{name: name, f: out, w: bufio.NewWriterSize(out, 1<<16), until: until}
	d.open[f] = open
	if how.Head != "" {
		open.w.WriteString(how.Head)
		open.w.WriteByte('\n')
	}
	return open, nil
}

// window is the period in which at lies: its beginning, for the name of a file, and its end. Hours are those of UTC, so that
// the hour that comes twice in autumn has two files.
func window(at time.Time, period time.Duration, zone *time.Location) (begin string, until time.Time) {
	if period >= 24*time.Hour {
		local := at.In(zone)
		y, m, day := local.Date()
		return local.Format(time.DateOnly), time.Date(y, m, day+1, 0, 0, 0, 0, zone)
	}
	hour := at.UTC().Truncate(time.Hour)
	return hour.Format("2006-01-02T15"), hour.Add(time.Hour)
}

func (f *file) close() error {
	if f == nil {
		return nil
	}
	return errors.Join(f.w.Flush(), f.f.Close())
}

// Close ends all files.
func (d *Folder) Close() error {
	var errs []error
	for _, f := range d.open {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

// files puts files into the folder that the node follows.
func (n *Node) files(f feed.Feed, how feed.Description, l *lane) error {
	var rows bytes.Buffer
	begin, until := "", time.Time{}
	put := func() error {
		if rows.Len() == 0 {
			return nil
		}
		err := Drop(n.to.Drop, string(f)+"-"+begin+how.Ext, append([]byte(how.Head+"\n"), rows.Bytes()...))
		rows.Reset()
		return err
	}
	for j := range l.queue {
		if how.Way == feed.Rows && !j.at.Before(until) {
			if err := put(); err != nil {
				return err
			}
			begin, until = window(j.at, n.period, time.UTC)
		}
		switch {
		case j.flush != nil:
			close(j.flush)
		case how.Way == feed.File:
			if err := Drop(n.to.Drop, j.name, j.data); err != nil {
				return err
			}
		default:
			rows.Write(j.data)
		}
	}
	return put()
}

// Drop puts a file into a folder whole: systems that export write beside it first.
func Drop(dir, name string, data []byte) error {
	name = filepath.Join(dir, filepath.Base(name))
	if err := os.WriteFile(name+".part", data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}

package scan

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Config says what to scan and with what.
type Config struct {
	Paths    []string // files, folders, or Stdin
	Formats  []collect.Format
	Taxonomy *event.Taxonomy
	Limits   Limits         // of unpacking
	Records  collect.Limits // of decoding
	Workers  int            // sources read at once
	Whole    bool           // see collect.Options
	Zone     *time.Location // see collect.Options
	// Began is told of each source before it is read, by the worker that reads it, with what it begins with. nil is nobody.
	Began func(source, format string, head []byte)
}

// Sink takes the events of one worker. Emit is called for one event after the
// other; ev is reused when it returns.
type Sink interface {
	Emit(ev *event.Event) error
}

// Run reads every source below the paths. newSink is asked once for each worker,
// before anything is read. Bad input never ends a run: only ctx and a Sink's error do.
func Run(ctx context.Context, c Config, stats *Stats, newSink func() Sink) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lost := func(path string, err error) { stats.addDamage(Damage{path, -1, 0, plainReason(err)}) }
	files := walk(ctx, c.Paths, lost)
	var total int64
	for _, f := range files {
		total += f.size
	}
	stats.TotalBytes.Store(total)
	queue := make(chan file)
	var workers sync.WaitGroup
	for range max(1, min(c.Workers, len(files))) {
		w := &worker{ctx: ctx, config: &c, stats: stats, sink: newSink()}
		workers.Go(func() {
			for f := range queue {
				if err := w.file(f); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, f := range files {
		select {
		case queue <- f:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// worker reads one source after the other.
type worker struct {
	ctx    context.Context
	config *Config
	stats  *Stats
	sink   Sink
	event  event.Event
	failed error // of the sink or the context; nothing more is read
}

func (w *worker) file(f file) error {
	in, err := f.open()
	if err != nil {
		w.lost(f.path, err)
		return nil
	}
	defer in.Close()
	m := &meter{Reader: in, watched: &w.stats.Bytes}
	u := unpacker{file: f.seekable(in), size: f.size, limits: w.config.Limits, read: w.source, lost: w.lost, meter: m}
	u.open(f.path, m, 0)
	m.add(max(0, f.size-m.read)) // what was passed over is done with, too
	return w.failed
}

func (w *worker) lost(name string, err error) {
	w.stats.addDamage(Damage{name, -1, 0, plainReason(err)})
}

// source reads one plain source to its end.
func (w *worker) source(name string, r *bufio.Reader) {
	head, err := r.Peek(headSize)
	if len(head) == 0 {
		if err != nil && err != io.EOF {
			w.lost(name, err)
		}
		return
	}
	format := recognise(w.config.Formats, head)
	if format == nil {
		w.stats.passOver(name)
		return
	}
	w.stats.Sources.Add(1)
	if w.config.Began != nil {
		w.config.Began(name, format.Name, head)
	}
	d := format.Open(&meter{Reader: r, watched: &w.stats.Expanded}, collect.Options{
		Limits: w.config.Records, Taxonomy: w.config.Taxonomy, Whole: w.config.Whole, Zone: w.config.Zone,
	})
	counts := map[string]int64{}
	w.decode(name, d, counts)
	for format, n := range counts {
		w.stats.addFormat(format, n)
	}
}

// progressEvery is how many events pass between looks at the clock of the caller.
const progressEvery = 256

func (w *worker) decode(name string, d collect.Decoder, counts map[string]int64) {
	ev := &w.event
	n := int64(0)
	format, run := "", int64(0) // consecutive events of one format are counted in one go
	var first, last time.Time
	defer func() {
		w.stats.addSpan(first, last)
		w.stats.Events.Add(n % progressEvery)
		counts[format] += run
		delete(counts, "")
	}()
	for w.failed == nil {
		if err := d.Next(ev); err != nil {
			if w.end(name, err) {
				return
			}
			w.failed = context.Cause(w.ctx)
			continue
		}
		ev.Source = name
		if ev.Format != format {
			counts[format] += run
			format, run = ev.Format, 0
		}
		run++
		if t := ev.Time; !t.IsZero() {
			if first.IsZero() || t.Before(first) {
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
		if n++; n%progressEvery == 0 {
			w.stats.Events.Add(progressEvery)
			w.failed = context.Cause(w.ctx)
		}
		if err := w.sink.Emit(ev); err != nil {
			w.failed = err
		}
	}
}

// end books an error of a decoder and tells whether it ends the source.
func (w *worker) end(name string, err error) bool {
	var damage *collect.Damage
	switch {
	case err == io.EOF:
		return true
	case errors.Is(err, collect.ErrSkip):
		w.stats.Skipped.Add(1)
		return false
	case errors.As(err, &damage):
		w.stats.addDamage(Damage{name, damage.Offset, damage.Records, damage.Reason})
		return false
	default:
		w.lost(name, err)
		return true
	}
}

// plainReason keeps what an error says and drops the path, which stands beside it.
func plainReason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Op + ": " + path.Err.Error()
	}
	return err.Error()
}

// meter counts what is read, for its source and for those who watch the scan.
type meter struct {
	io.Reader
	watched *atomic.Int64
	read    int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.add(int64(n))
	return n, err
}

func (m *meter) add(n int64) {
	m.read += n
	m.watched.Add(n)
}

package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	batchBytes  = 1 << 20 // rows that wait while others are being sent; then the journal waits
	soonest     = 250 * time.Millisecond
	latest      = time.Second // flushes under load
	settleAfter = 3           // flush intervals after which a row counts as durable (measured: 2)
)

// once runs one search process, or one connection to a cluster, to its end, and returns why it ended.
func (x *Index) once(ctx context.Context, follow Follow) (err error) {
	m, err := x.prepare()
	if err != nil {
		return err
	}
	if x.cfg.URL != "" {
		c, err := dialCluster(x.cfg.URL, x.cfg.Authorization)
		if err != nil {
			return err
		}
		defer c.close()
		_, err = x.feed(ctx, follow, c, m, nil)
		return err
	}
	p, err := startProcess(ctx, x.cfg, x.log)
	if err != nil {
		return err
	}
	f, err := x.feed(ctx, follow, p.client, m, p.done)
	x.set(nil, ErrDown)
	switch {
	case errors.Is(err, errDrop):
		p.kill()
		f.dropped <- x.erase()
		return err
	case errors.Is(err, errReplaced):
		p.kill()
		return errors.Join(err, x.erase())
	}
	if stopped := p.stop(); stopped != nil {
		return stopped // says more than the failed request that it caused
	}
	// An orderly end writes all to the disk, so nothing needs to be replayed.
	f.mark.Next, f.mark.Clean, f.mark.Lacks = f.sent, !f.torn, x.lacking()
	if kept := x.keepIdentifiers(); kept != nil {
		return errors.Join(err, kept) // the older mark has what they were heard in read again
	}
	return errors.Join(err, f.mark.write(x.cfg.Dir))
}

// prepare reads the mark, or begins a new index where there is none.
func (x *Index) prepare() (mark, error) {
	if err := os.MkdirAll(x.cfg.Dir, 0o700); err != nil {
		return mark{}, fmt.Errorf("make the index's folder: %w", err)
	}
	m, known, err := readMark(x.cfg.Dir)
	if err != nil {
		return mark{}, err
	}
	if !known {
		if x.began {
			x.counts.rebuilds.Add(1)
		}
		x.tellOlder()
		if err := x.erase(); err != nil {
			return mark{}, err
		}
		m = newMark()
		m.Clean = x.cfg.URL == "" // nobody knows what a cluster holds
	}
	x.began = true
	x.lacks.Store(m.Lacks)
	x.through.Store(m.Next)
	return m, nil
}

// feeder carries the journal into one search process.
type feeder struct {
	x       *Index
	client  *client
	rows    *rows             // used by take only
	known   map[uint64]*lines // what the index held already when this began; used by take only
	mark    mark              // used by send only
	sent    uint64            // all entries below were taken; used by send only
	torn    bool              // a request failed, so that rows from sent on may have been taken; used by send only
	settle  []moment          // when entries were sent that are not durable yet; used by send only
	books   uint64            // rows that this process was sent; used by send only
	missing uint64            // rows that it did not keep, as counted so far; used by send only
	dropped chan error        // whom to tell that the index is deleted
	ready   chan struct{}     // holds one when rows wait
	room    chan struct{}     // holds one when there is room again

	mu      sync.Mutex
	waiting []byte // rows; guarded by mu
	count   uint64 // of them; guarded by mu
	gone    []Span // entries to be forgotten after them; guarded by mu
	next    uint64 // entry after the last that is in waiting or was sent; guarded by mu
}

// moment is a point of the journal and when all below it was sent.
type moment struct {
	next uint64
	at   time.Time
}

// feed follows the journal into c until ctx ends, ended is closed, or something fails.
func (x *Index) feed(ctx context.Context, follow Follow, c *client, m mark, ended <-chan struct{}) (*feeder, error) {
	f := &feeder{
		x: x, client: c, mark: m, sent: m.Next, next: m.Next, rows: newRows(x.cfg.Past, x.cfg.Future, x.cfg.Veil),
		ready: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
	if !m.Clean {
		if err := f.remember(ctx); err != nil {
			return f, err
		}
	}
	f.mark.Clean = false
	if err := f.mark.write(x.cfg.Dir); err != nil {
		return f, err
	}
	x.set(c, nil)
	following, stop := context.WithCancel(ctx)
	defer stop()
	followed := make(chan error, 1)
	go func() { followed <- follow(following, m.Next, f.take) }()
	err := f.send(ctx, followed, ended)
	stop()
	if err == nil || !errors.Is(err, errFollow) {
		<-followed
	}
	return f, err
}

// take encodes the rows of one entry. It is what the journal is followed with, and makes the journal wait
// while too much is unsent.
func (f *feeder) take(ctx context.Context, b Batch) error {
	for {
		f.mu.Lock()
		if len(f.waiting) < batchBytes {
			break
		}
		f.mu.Unlock()
		select {
		case <-f.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer f.mu.Unlock()
	if b.Lines != nil {
		known := f.known[b.Entry]
		delete(f.known, b.Entry)
		for n, line := range b.Lines {
			if known.has(n) {
				f.x.counts.known.Add(1)
				f.rows.hear(line)
				continue
			}
			row, cut, ok := f.rows.append(f.waiting, b.Entry, n, line)
			if !ok {
				f.x.counts.unreadable.Add(1)
				continue
			}
			f.x.counts.cut.Add(uint64(cut))
			f.waiting = row
			f.count++
		}
	}
	f.gone = append(f.gone, b.Gone...)
	f.next = b.Entry + 1
	poke(f.ready)
	return nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

var errFollow = errors.New("follow the journal")

// send sends what waits, makes it searchable, and moves the mark.
func (f *feeder) send(ctx context.Context, followed <-chan error, ended <-chan struct{}) error {
	var spare []byte
	var flushed time.Time
	dirty := false // rows were sent that are not searchable yet
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	due := time.NewTimer(time.Hour)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return errKilled
		case err := <-followed:
			return errors.Join(errFollow, err)
		case f.dropped = <-f.x.drop:
			return errDrop
		case <-f.ready:
			var err error
			if spare, err = f.sendOne(ctx, spare); err != nil {
				return err
			}
			dirty = true
		case <-tick.C:
			if err := f.advance(); err != nil {
				return err
			}
		case <-due.C:
		}
		if !dirty {
			continue
		}
		if wait := soonest - time.Since(flushed); len(f.ready) == 0 && wait > 0 || time.Since(flushed) < latest && len(f.ready) > 0 {
			due.Reset(max(wait, 10*time.Millisecond))
			continue
		}
		if err := f.flush(ctx); err != nil {
			return err
		}
		flushed, dirty = time.Now(), false
	}
}

// sendOne sends all rows that wait. While the disk is full it tries again.
func (f *feeder) sendOne(ctx context.Context, spare []byte) ([]byte, error) {
	f.mu.Lock()
	rows, count, gone, next := f.waiting, f.count, f.gone, f.next
	f.waiting, f.count, f.gone = spare[:0], 0, nil
	f.mu.Unlock()
	poke(f.room)
	for len(rows) > 0 {
		f.torn = true
		err := f.client.insert(ctx, rows)
		if err == nil {
			f.torn = false
			break
		}
		if !errors.Is(err, ErrFull) {
			return rows, err
		}
		f.torn = false // a full disk is noticed before the first row
		f.x.set(f.client, ErrFull)
		select {
		case <-ctx.Done():
			return rows, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	f.x.set(f.client, nil)
	f.books += count
	f.x.counts.rows.Add(count)
	if err := f.forget(ctx, gone); err != nil {
		return rows, err
	}
	f.sent = next
	return rows, nil
}

// flush makes what was sent searchable, and compares the books.
func (f *feeder) flush(ctx context.Context) error {
	if err := f.client.flush(ctx); err != nil {
		return err
	}
	f.x.through.Store(f.sent)
	f.settle = append(f.settle, moment{f.sent, time.Now()})
	if f.x.cfg.URL != "" {
		return nil // the counters of a cluster count what others send, too
	}
	b, err := f.client.books(ctx)
	if err != nil {
		return err
	}
	if missing := f.books - min(f.books, b.Taken-min(b.Taken, b.Dropped)); missing > f.missing {
		f.x.counts.dropped.Add(missing - f.missing)
		f.x.log.WarnContext(ctx, "search process did not keep rows", "rows", missing-f.missing)
		f.missing = missing
	}
	return nil
}

// advance moves the mark over what became durable, and makes sure that the folder is still the same.
func (f *feeder) advance() error {
	m, known, err := readMark(f.x.cfg.Dir)
	if err != nil {
		return err
	}
	if !known || m.Index != f.mark.Index {
		return errReplaced
	}
	next := f.mark.Next
	for len(f.settle) > 0 && time.Since(f.settle[0].at) >= settleAfter*f.x.cfg.FlushInterval {
		next = f.settle[0].next
		f.settle = f.settle[1:]
	}
	if next == f.mark.Next && f.mark.Lacks == f.x.lacking() {
		return nil
	}
	if err := f.x.keepIdentifiers(); err != nil {
		return err
	}
	f.mark.Next, f.mark.Lacks = next, f.x.lacking()
	return f.mark.write(f.x.cfg.Dir)
}

// lines is a set of line numbers.
type lines []uint64

func (l *lines) has(n int) bool {
	return l != nil && n/64 < len(*l) && (*l)[n/64]&(1<<(n%64)) != 0
}

func (l *lines) add(n int) {
	for n/64 >= len(*l) {
		*l = append(*l, 0)
	}
	(*l)[n/64] |= 1 << (n % 64)
}

// maxLine bounds a line number that an index answers: entries are much shorter.
const maxLine = 1 << 20

// remember asks which lines from the mark on the index holds already. After an unclean end some do lie on its
// disk, and VictoriaLogs would keep them twice.
func (f *feeder) remember(ctx context.Context) error {
	if f.x.cfg.URL != "" { // rows may be on their way through the cluster still
		if err := f.client.flush(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * time.Second):
		}
	}
	query := quote(colEntry) + ":>=" + strconv.FormatUint(f.mark.Next, 10) + " | fields " + quote(colEntry) + "," + quote(colLine)
	args := url.Values{"query": {query}}
	bound(args, firstTime, lastTime)
	body, err := f.client.ask(ctx, "query", args)
	if err != nil {
		return err
	}
	defer body.Close()
	f.known = map[uint64]*lines{}
	for d := json.NewDecoder(body); ; {
		var at struct {
			Entry uint64 `json:"@entry,string"`
			Line  int    `json:"@line,string"`
		}
		err := d.Decode(&at)
		if err == io.EOF {
			break
		}
		if err != nil || at.Line < 0 || at.Line > maxLine { // an answer that is broken off, too, is none
			return errors.New("the index does not say which rows it has")
		}
		l := f.known[at.Entry]
		if l == nil {
			l = new(lines)
			f.known[at.Entry] = l
		}
		l.add(at.Line)
	}
	return nil
}

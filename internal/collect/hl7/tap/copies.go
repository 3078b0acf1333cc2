package tap

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// copies are what passed and is on its way to the spool. Whoever offers them never waits for it.
type copies struct {
	out   *spool.Writer
	log   *slog.Logger
	limit int64

	mu    sync.Mutex // guards what follows, never for long
	queue []*piece
	bytes int64 // that wait
	wake  chan struct{}
	asked chan struct{} // is taken from by a writer that is not held up

	// What follows is the writer's own.
	held   []*piece  // losses and ends that the spool did not take yet: before the queue
	failed time.Time // when the spool last took nothing, and why; zero when it takes everything
	why    spool.Why
	lost   int       // messages that it did not take
	told   time.Time // when that was last said
}

// piece is one on its way. Its bytes never change.
type piece struct {
	spool.Piece
	way  *way
	cost int64
	open bool // a loss that may still grow; guarded by the lock of copies
}

// way is one direction of one connection.
type way struct {
	about  spool.Piece // what each of its pieces says
	offset int64       // of what comes next
	gap    *piece      // a loss that is the last piece of this way; guarded by the lock of copies
}

const (
	startBlock = 0x0b
	overhead   = 256       // what a piece takes besides its bytes
	blockSize  = 256 << 10 // bytes that are written at once
)

func newCopies(out *spool.Writer, limit int64, log *slog.Logger, before *estate) *copies {
	c := &copies{out: out, limit: limit, log: log, wake: make(chan struct{}, 1), asked: make(chan struct{})}
	if before != nil {
		for _, p := range before.Held {
			c.held = append(c.held, &piece{Piece: p, way: new(way)})
		}
	}
	return c
}

// left is what the spool did not take until run ended.
func (c *copies) left() (list []spool.Piece) {
	for _, p := range c.held {
		list = append(list, p.Piece)
	}
	return list
}

// offer takes a copy of p, which passed on w, or counts it as lost.
func (c *copies) offer(w *way, p []byte) {
	cost := int64(len(p)) + overhead
	c.mu.Lock()
	room := c.bytes+cost <= c.limit
	if room {
		c.bytes += cost
	}
	c.mu.Unlock()
	now := time.Now()
	one := &piece{Piece: w.about, way: w}
	one.Offset, one.From, one.Until, one.Messages = w.offset, now, now, bytes.Count(p, []byte{startBlock})
	if room {
		one.Bytes, one.cost = bytes.Clone(p), cost
	} else {
		one.lose(int64(len(p)), spool.Buffer)
	}
	w.offset += int64(len(p))
	c.push(one)
}

// begin says that a connection is there, end that nothing more comes on w.
func (c *copies) begin(w *way) { c.offer(w, nil) }

func (c *copies) end(w *way) {
	one := &piece{Piece: w.about, way: w}
	one.Kind, one.Offset, one.From = spool.End, w.offset, time.Now()
	one.Until = one.From
	c.push(one)
}

func (c *copies) push(one *piece) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := one.way
	if w.gap != nil && w.gap.open && one.Kind == spool.Lost {
		w.gap.grow(one) // a gap takes no more memory the longer it is
		return
	}
	w.gap = nil
	if one.Kind == spool.Lost {
		w.gap, one.open = one, true
	}
	c.queue = append(c.queue, one)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// lose makes a piece one that says that size bytes are missing.
func (p *piece) lose(size int64, why spool.Why) {
	p.Kind, p.Bytes, p.Size, p.Why = spool.Lost, nil, size, why
}

func (p *piece) grow(by *piece) {
	p.Size += by.Size
	p.Messages += by.Messages
	p.Until = by.Until
}

// run writes what is offered until ctx is done, and then what is left.
func (c *copies) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-c.wake:
			c.write(false)
		case now := <-tick.C:
			if err := c.out.Tend(now); err != nil {
				c.tell(err)
			}
			if len(c.held) > 0 {
				c.write(false)
			}
		case <-c.asked:
		case <-ctx.Done():
			c.write(true)
			return
		}
	}
}

// answers fails when the writer does not do so soon: then a disk holds it up, and nobody should wait for what it has.
func (c *copies) answers() error {
	const patience = 2 * time.Second
	select {
	case c.asked <- struct{}{}:
		return nil
	case <-time.After(patience):
		return errors.New("the disk of the spool does not answer")
	}
}

// write writes all that waits. After a failure it rests for a moment, for as long as it is not the last time.
func (c *copies) write(last bool) {
	const rest = time.Second
	c.mu.Lock()
	queue := c.queue
	c.queue = nil
	freed := int64(0)
	for _, p := range queue {
		p.open = false
		freed += p.cost
	}
	c.mu.Unlock()
	if last || time.Since(c.failed) > rest {
		c.failed = time.Time{}
		c.writeHeld()
	}
	for len(queue) > 0 {
		n, size := 0, 0
		for n < len(queue) && (n == 0 || size < blockSize) {
			size += len(queue[n].Bytes) + overhead
			n++
		}
		c.block(queue[:n])
		queue = queue[n:]
	}
	if last {
		c.failed = time.Time{}
		c.writeHeld()
	}
	c.mu.Lock()
	c.bytes -= freed
	c.mu.Unlock()
}

// writeHeld writes what the spool did not take before: it may take what is only to be said.
func (c *copies) writeHeld() {
	if list := c.held; len(list) > 0 {
		c.held = nil
		c.block(list)
	}
}

// block writes one block. When that fails, or did a moment ago, what was in it is lost.
func (c *copies) block(list []*piece) {
	if c.failed.IsZero() {
		pieces := make([]spool.Piece, len(list))
		for i, p := range list {
			pieces[i] = p.Piece
		}
		err := c.out.Append(pieces)
		if err == nil {
			return
		}
		c.failed, c.why = time.Now(), spool.Disk
		var f *spool.Failure
		if errors.As(err, &f) {
			c.why = f.Why
		}
		c.tell(err)
	}
	for _, p := range list {
		if p.Kind == spool.Data {
			c.lost += p.Messages
			p.lose(int64(len(p.Bytes)), c.why)
		}
		c.hold(p)
	}
}

// hold keeps a loss or an end until the spool takes it. Of very many it keeps the sum.
func (c *copies) hold(p *piece) {
	const most = 4096
	if last := len(c.held) - 1; last >= 0 && p.Kind == spool.Lost {
		for i := last; i >= 0 && i > last-64; i-- { // connections take turns
			if h := c.held[i]; h.way == p.way && h.Kind == spool.Lost {
				h.grow(p)
				return
			}
		}
	}
	if c.held = append(c.held, p); len(c.held) <= most {
		return
	}
	sum := &piece{Piece: spool.Piece{Kind: spool.Lost, From: c.held[0].From}, way: new(way)}
	rest := c.held[:0:0]
	for i, h := range c.held {
		switch {
		case h.Kind == spool.Lost && i < most/2:
			sum.grow(h)
			sum.Why = h.Why
		case h.Kind == spool.Lost || i >= most/2:
			rest = append(rest, h)
		}
	}
	c.held = append([]*piece{sum}, rest...)
}

// tell says once in a minute that copies are lost, and why.
func (c *copies) tell(err error) {
	if time.Since(c.told) < time.Minute {
		return
	}
	c.log.Warn("the spool does not take copies of what passes: they are lost, and the feed goes on", "error", err, "messages_lost_before", c.lost)
	c.told = time.Now()
}

package hl7

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect"
)

// copies are the bytes that passed a tap in one direction of one connection, on their way to the journal. Whoever
// offers them never waits.
type copies struct {
	t      *tap
	ctx    context.Context
	taker  *taker
	frames *mllp.Scanner

	mu    sync.Mutex // guards what follows, never for long
	queue []piece
	ended bool
	wake  chan struct{} // holds a token when there is something to do
}

// piece is what came, or what was lost.
type piece struct {
	bytes []byte
	cost  int64 // of the tap's room
	lost  int   // messages that began in bytes that were not kept; at least 1
}

func (t *tap) copies(ctx context.Context, sender *collect.Sender) *copies {
	c := &copies{
		t: t, ctx: ctx, taker: newTaker(t.o, sender, t.taken, (*collect.Sender).Insist), frames: mllp.NewScanner(t.c.LargestMessage),
		wake: make(chan struct{}, 1),
	}
	c.taker.turn = &t.turn
	t.group.Go(c.run)
	return c
}

// offer takes a copy of p, or counts it as lost.
func (c *copies) offer(p []byte) {
	const least = 4 << 10 // what a piece costs, so that there are not too many
	one := piece{cost: max(int64(len(p)), least)}
	if c.t.room.TryAcquire(one.cost) {
		one.bytes = bytes.Clone(p)
	} else {
		one = piece{lost: max(1, bytes.Count(p, []byte{startBlock}))}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.queue) - 1; one.lost > 0 && last >= 0 && c.queue[last].lost > 0 {
		c.queue[last].lost += one.lost // a gap takes no more memory the longer it is
	} else {
		c.queue = append(c.queue, one)
	}
	c.signal()
}

const startBlock = 0x0b

func (c *copies) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.signal()
}

func (c *copies) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run hands in what is offered until the connection has ended and nothing is left.
func (c *copies) run() {
	for range c.wake {
		c.mu.Lock()
		queue, ended := c.queue, c.ended
		c.queue = nil
		c.mu.Unlock()
		for i := range queue {
			c.piece(&queue[i])
		}
		if ended { // nothing is offered any more
			c.last()
			return
		}
	}
}

// last keeps what the end of the connection cut off, and counts what was in no frame.
func (c *copies) last() {
	defer collect.Recover(c.t.log, func() { c.taker.sender.Drop(1, "a mistake of Wardline") })
	c.rest("connection ended inside a frame")
	if n, _ := c.frames.Noise(); n > 0 {
		c.taker.sender.Refuse(1, "bytes outside of frames")
	}
}

func (c *copies) piece(p *piece) {
	defer c.t.room.Release(p.cost)
	defer collect.Recover(c.t.log, func() {
		c.frames = mllp.NewScanner(c.t.c.LargestMessage)
		c.taker.sender.Drop(1, "a mistake of Wardline")
	})
	if p.lost > 0 {
		c.rest("the rest was lost: the tap's buffer was full")
		c.frames = mllp.NewScanner(c.t.c.LargestMessage)
		c.taker.sender.Drop(p.lost, "the tap's buffer was full")
		return
	}
	c.frames.Write(p.bytes)
	for {
		f, ok, err := c.frames.Next()
		var long *mllp.Error
		switch {
		case errors.As(err, &long):
			c.taker.sender.Refuse(1, "frame longer than the limit")
			continue
		case !ok:
			return
		}
		c.frame(f)
	}
}

func (c *copies) frame(f mllp.Frame) {
	switch {
	case f.Kind == mllp.Ack || f.Kind == mllp.Nak:
	case f.Kind == mllp.Fragment:
		_, _ = c.taker.quarantine(c.ctx, f.Payload, f.Offset, "frame without an end") // it is booked, whatever comes of it; so below
	case hl7.IsBatch(f.Payload):
		for at, text := range hl7.Strays(f.Payload) {
			_, _ = c.taker.quarantine(c.ctx, text, f.Offset+int64(at), strayText)
		}
		for at, text := range hl7.Messages(f.Payload) {
			c.message(text, f.Offset+int64(at))
		}
	default:
		c.message(f.Payload, f.Offset)
	}
}

func (c *copies) message(text []byte, offset int64) {
	h, _ := hl7.ReadHeader(text)
	_, _, _ = c.taker.take(c.ctx, text, &h, offset)
}

// rest keeps what there is of a frame that will not be whole.
func (c *copies) rest(reason string) {
	c.frames.Quiet()
	if f, ok, _ := c.frames.Next(); ok {
		c.frame(f)
	}
	if rest, at := c.frames.Rest(); len(rest) > 0 {
		_, _ = c.taker.quarantine(c.ctx, rest, at, reason)
	}
}

// isEnd tells an orderly end from a broken connection.
func isEnd(err error) bool { return errors.Is(err, io.EOF) }

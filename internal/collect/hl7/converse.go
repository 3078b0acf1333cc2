package hl7

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/journal"
)

// conversation is one connection: its messages are taken in as they come, and answered in their order as they become durable.
type conversation struct {
	*receiver
	ctx    context.Context
	taker  *taker
	frames *mllp.Scanner
	// answers wait for their receipts; converse sends and closes it.
	answers chan answer
	placed  bool // it has a place for a large message
}

const (
	mostAnswers = 128      // of one connection that wait: beyond, nothing more is read
	mostNoise   = 64 << 10 // bytes outside of frames, from a peer that speaks something else
	mostInBatch = 5000     // messages
)

// converse takes in what a sender says until it ends, breaks off or goes too slowly, and answers what it can.
func converse(ctx context.Context, r *receiver, sender *collect.Sender, conn *collect.Conn) {
	c := &conversation{
		receiver: r, ctx: ctx, taker: newTaker(r.o, sender, r.taken, (*collect.Sender).Put), frames: mllp.NewScanner(r.c.LargestMessage),
		answers: make(chan answer, mostAnswers),
	}
	var answering sync.WaitGroup
	answering.Go(func() { c.answer(conn) })
	defer answering.Wait()
	defer close(c.answers)
	c.read(conn)
}

func (c *conversation) read(conn *collect.Conn) {
	defer c.leave()
	for last := 0; ; {
		wait := waitFor(c.frames.Pending())
		buf := conn.Buffer(last, wait)
		n, quiet, broke := conn.Next(buf, wait)
		last = n
		c.frames.Write(buf[:n])
		if quiet || broke != nil {
			c.frames.Quiet()
		}
		c.takeAll(conn.Whole)
		if broke == nil {
			broke = c.place(conn)
		}
		noise, first := c.frames.Noise()
		if broke == nil && noise <= mostNoise {
			continue
		}
		if noise > 0 {
			c.note(nil, first, fmt.Sprintf("%d bytes between the frames", noise))
		}
		if rest, at := c.frames.Rest(); len(rest) > 0 {
			c.note(rest, at, reasonOf(broke))
		}
		return
	}
}

// place takes a place for the open message once that is large, and gives it back when it is not any more.
func (c *conversation) place(conn *collect.Conn) error {
	large := c.frames.Open() > smallMessage
	switch {
	case large && !c.placed:
		if err := conn.Place(c.large); err != nil {
			return err
		}
		c.placed = true
	case !large:
		c.leave()
	}
	return nil
}

func (c *conversation) leave() {
	if c.placed {
		c.large.Leave()
		c.placed = false
	}
}

func reasonOf(broke error) string {
	switch {
	case errors.Is(broke, collect.ErrSlow):
		return "frame took too long"
	case errors.Is(broke, collect.ErrEnding):
		return "Wardline stopped inside a frame"
	}
	return "connection broke off inside a frame"
}

func waitFor(p mllp.Pending) collect.Wait {
	switch p {
	case mllp.Part:
		return collect.Within
	case mllp.Close:
		return collect.Held
	}
	return collect.Between
}

// note keeps what is answered by nothing. Whatever comes of it is booked.
func (c *conversation) note(raw []byte, offset int64, reason string) {
	ctx, cancel := context.WithTimeout(c.ctx, c.c.Patience)
	defer cancel()
	_, _ = c.taker.quarantine(ctx, raw, offset, reason)
}

// takeAll takes in all frames that are complete.
func (c *conversation) takeAll(whole func()) {
	for {
		f, ok, err := c.frames.Next()
		var long *mllp.Error
		switch {
		case errors.As(err, &long):
			whole()
			const reason = "longer than the limit"
			c.taker.sender.Refuse(1, "frame "+reason)
			h, _ := hl7.ReadHeader(long.Head)
			c.answers <- answer{parts: []part{{header: h, fault: &hl7.Fault{Code: hl7.ApplicationInternal, Text: reason}}}}
			continue
		case !ok:
			return
		}
		whole()
		switch {
		case f.Kind == mllp.Ack || f.Kind == mllp.Nak: // of MLLP release 2: nothing of ours waits for it
		case f.Kind == mllp.Fragment:
			c.note(f.Payload, f.Offset, "frame without an end")
		case hl7.IsBatch(f.Payload):
			c.batch(f)
		default:
			c.answers <- answer{parts: []part{c.message(f.Payload, f.Offset)}}
		}
	}
}

// message takes in one message.
func (c *conversation) message(text []byte, offset int64) part {
	h, _ := hl7.ReadHeader(text)
	p := part{header: h}
	if isKind(&h, c.c.Refuse) {
		c.taker.sender.Refuse(1, "kind of message that is refused here")
		p.fault = &hl7.Fault{Code: hl7.UnsupportedType, Text: "kind of message that is refused here", Segment: "MSH", Field: 9}
		return p
	}
	var err error
	p.ctx, p.cancel = context.WithTimeout(c.ctx, c.c.Patience)
	if p.receipt, p.fault, err = c.taker.take(p.ctx, text, &h, offset); err != nil {
		p.failed = true
	}
	return p
}

// batch takes in the messages of a batch, or of a file of batches (section 2.10.3), and answers them in one batch.
func (c *conversation) batch(f mllp.Frame) {
	a := answer{batch: hl7.BatchHeaders(f.Payload)}
	kept := true
	for at, text := range hl7.Strays(f.Payload) {
		kept = c.keep(text, f.Offset+int64(at)) && kept
	}
	n := 0
	for at, text := range hl7.Messages(f.Payload) {
		switch n++; {
		case n <= mostInBatch:
			a.parts = append(a.parts, c.message(text, f.Offset+int64(at)))
		case n == mostInBatch+1:
			h, _ := hl7.ReadHeader(text)
			a.parts = append(a.parts, part{header: h, fault: &hl7.Fault{Code: hl7.ApplicationInternal, Text: "more messages in the batch than the limit"}})
		}
	}
	if n > mostInBatch {
		c.taker.sender.Refuse(n-mostInBatch, "batch with more messages than the limit")
	}
	for i := range a.parts {
		a.parts[i].failed = a.parts[i].failed || !kept // the sender keeps the batch, and with it what is not kept here
	}
	c.answers <- a
}

// keep keeps text of a batch that belongs to no message, and tells whether it is durable: the batch's answer speaks of it too.
func (c *conversation) keep(text []byte, offset int64) bool {
	ctx, cancel := context.WithTimeout(c.ctx, c.c.Patience)
	defer cancel()
	r, err := c.taker.quarantine(ctx, text, offset, strayText)
	if err == nil {
		_, err = r.Wait(ctx)
	}
	return err == nil
}

const strayText = "text of a batch that belongs to no message"

// answer is what one frame is answered with, as soon as all is durable.
type answer struct {
	batch []hl7.Header // of a batch: BHS, or FHS, or both
	parts []part       // one, or those of the batch
}

// known tells whether it is known what became of all its messages.
func (a *answer) known() bool {
	for i := range a.parts {
		if r := a.parts[i].receipt; r != nil {
			select {
			case <-r.Done():
			default:
				return false
			}
		}
	}
	return true
}

// part answers one message.
type part struct {
	header  hl7.Header
	receipt *journal.Receipt
	ctx     context.Context // ends when the sender has waited long enough
	cancel  func()
	fault   *hl7.Fault // it is at fault
	failed  bool       // it could not be handed in
}

// verdict waits until it is known what became of the message. retry says that it may be taken in later.
func (p *part) verdict() (fault *hl7.Fault, retry bool) {
	failed := p.failed
	if p.receipt != nil {
		_, err := p.receipt.Wait(p.ctx)
		failed = failed || err != nil
	}
	if p.cancel != nil {
		p.cancel()
	}
	if failed {
		return &hl7.Fault{Code: hl7.ApplicationInternal, Text: "not stored now: send it again"}, true
	}
	return p.fault, false
}

// answer writes the answers in order. When the sender does not read them it closes the connection, which ends the reading.
func (c *conversation) answer(conn *collect.Conn) {
	defer func() {
		for range c.answers { // nobody waits for answers that are not written
		}
	}()
	defer collect.Recover(c.log, func() { conn.Close() })
	w := newReplies(conn)
	for a := range c.answers {
		if !a.known() {
			w.flush() // a sender that never pauses has its answers all the same
		}
		w.add(&a)
		if len(c.answers) == 0 {
			w.flush()
		}
	}
	w.flush()
}

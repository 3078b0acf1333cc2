package hl7

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
	"github.com/wardline/wardline/internal/journal"
)

// way is what passed in one direction of one connection, as it is put together from pieces.
type way struct {
	r        *run
	peer, to string
	taker    *taker
	frames   *mllp.Scanner
	base     int64 // in the direction's bytes, of what frames was given first
	next     int64 // of what comes next
	done     int64 // before it all is taken in

	open  bool // a frame is, which began in the block at began, seen at since
	first int64
	began place
	since time.Time
}

// mostWays is how many directions of connections a run may have at a time. A tap has far fewer.
const mostWays = 64 << 10

func (r *run) newWay(id wayID, peer, to string) *way {
	name := peer
	if id.Back {
		name = to
	}
	w := &way{r: r, peer: peer, to: to, frames: mllp.NewScanner(r.c.LargestMessage)}
	w.taker = newTaker(r.o, r.in.Sender(r.c.Name+"/"+name, true), r.taken, (*collect.Sender).Insist)
	w.taker.nonce = r.nonce(id)
	return w
}

// block takes in the block that stands at. What is before r.before was taken in already, but for open frames.
func (r *run) block(ctx context.Context, b *spool.Block, at place) error {
	r.bytes += int(b.Next - b.At)
	again := at.before(r.before)
	switch {
	case b.Kind == spool.Ended && !again:
		r.ways = map[wayID]*way{} // what had not ended was told before
	case b.Kind == spool.Damaged && !again:
		r.own().Drop(max(1, b.Messages), "the tap's spool is damaged there")
	case b.Kind == spool.Grave && !again:
		r.own().Drop(max(1, b.Messages), spool.Old.String())
		r.log.Warn("copies were in the tap's spool for too long and were removed", "messages", b.Messages, "from", b.From, "until", b.Until)
	case b.Kind == spool.Body:
		for i := range b.Pieces {
			if err := r.piece(ctx, &b.Pieces[i], at, again); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) piece(ctx context.Context, p *spool.Piece, at place, again bool) error {
	id := wayID{p.Conn, p.Back}
	w := r.ways[id]
	switch {
	case again && (w == nil || p.Kind != spool.Data):
		return nil
	case p.Conn == 0:
		r.lost(r.own(), p)
		return nil
	case w == nil && len(r.ways) >= mostWays:
		r.own().Drop(max(1, p.Messages), "too many connections at a time in the tap's spool")
		return nil
	case w == nil:
		w = r.newWay(id, p.Peer, p.To)
		w.base, w.next, w.done = p.Offset, p.Offset, p.Offset
		r.ways[id] = w
	}
	switch p.Kind {
	case spool.Data:
		return w.data(ctx, p, at)
	case spool.Lost:
		r.lost(w.taker.sender, p)
		if end := p.Offset + p.Size; end > w.next {
			return w.restart(ctx, end, "the rest was lost: "+p.Why.String())
		}
	case spool.End:
		delete(r.ways, id)
		return w.end(ctx, "connection ended inside a frame")
	}
	return nil
}

// loss is what was lost and is to be logged, once in a minute.
type loss struct {
	messages    int
	from, until time.Time
	why         spool.Why
	told        time.Time
}

// lost books a loss that the tap counted.
func (r *run) lost(sender *collect.Sender, p *spool.Piece) {
	if p.Size == 0 && p.Messages == 0 {
		return // only that a connection began
	}
	messages := max(1, p.Messages)
	sender.Drop(messages, p.Why.String())
	l := &r.loss
	if l.messages == 0 {
		l.from = p.From
	}
	l.messages, l.until, l.why = l.messages+messages, p.Until, p.Why
}

func (l *loss) tell(log *slog.Logger) {
	if l.messages > 0 && time.Since(l.told) > time.Minute {
		log.Warn("copies of what passed a tap were lost; the feed went on", "messages", l.messages, "from", l.from, "until", l.until, "reason", l.why.String())
		*l = loss{told: time.Now()}
	}
}

// data takes in bytes that stand in the block at.
func (w *way) data(ctx context.Context, p *spool.Piece, at place) error {
	switch skip := w.next - p.Offset; {
	case skip < 0: // the damage or the missing file between was booked
		if err := w.restart(ctx, p.Offset, "the rest was lost on the way from the tap"); err != nil {
			return err
		}
	case skip >= int64(len(p.Bytes)):
		return nil
	default:
		p.Bytes = p.Bytes[skip:]
	}
	w.next += int64(len(p.Bytes))
	if err := w.feed(ctx, p.Bytes); err != nil {
		return err
	}
	w.pin(at)
	return nil
}

// feed hands in what becomes whole by p. A mistake of ours that it brings to light costs p, and not the node.
func (w *way) feed(ctx context.Context, p []byte) error {
	defer collect.Recover(w.r.log, func() {
		w.frames, w.base = mllp.NewScanner(w.r.c.LargestMessage), w.next
		w.taker.sender.Drop(1, "a mistake of Wardline")
	})
	w.frames.Write(p)
	return w.take(ctx)
}

// pin notes from where on a frame that is open has to be read again.
func (w *way) pin(at place) {
	_, first := w.frames.Rest()
	w.done = w.next
	if w.frames.Pending() == mllp.Nothing {
		w.open = false
		return
	}
	w.done = w.base + first - 1 // with the byte that opens it
	if !w.open || w.first != first {
		w.open, w.first, w.began = true, first, at
	}
	w.since = time.Now()
}

// take hands in the frames that are whole.
func (w *way) take(ctx context.Context) error {
	for {
		f, ok, err := w.frames.Next()
		var long *mllp.Error
		switch {
		case errors.As(err, &long):
			w.taker.sender.Refuse(1, "frame longer than the limit")
			continue
		case !ok:
			return nil
		}
		if err := w.frame(ctx, f); err != nil {
			return err
		}
	}
}

// frame hands in one frame.
func (w *way) frame(ctx context.Context, f mllp.Frame) error {
	f.Offset += w.base
	switch {
	case f.Kind == mllp.Ack || f.Kind == mllp.Nak:
		return nil
	case f.Kind == mllp.Fragment:
		return w.quarantine(ctx, f.Payload, f.Offset, "frame without an end")
	case hl7.IsBatch(f.Payload):
		for at, text := range hl7.Strays(f.Payload) {
			if err := w.quarantine(ctx, text, f.Offset+int64(at), strayText); err != nil {
				return err
			}
		}
		for at, text := range hl7.Messages(f.Payload) {
			if err := w.message(ctx, text, f.Offset+int64(at)); err != nil {
				return err
			}
		}
		return nil
	}
	return w.message(ctx, f.Payload, f.Offset)
}

func (w *way) message(ctx context.Context, text []byte, offset int64) error {
	h, _ := hl7.ReadHeader(text)
	receipt, _, err := w.taker.take(ctx, text, &h, offset)
	return w.handed(receipt, err)
}

func (w *way) quarantine(ctx context.Context, text []byte, offset int64, reason string) error {
	receipt, err := w.taker.quarantine(ctx, text, offset, reason)
	return w.handed(receipt, err)
}

func (w *way) handed(receipt *journal.Receipt, err error) error {
	if err == nil {
		w.r.receipts = append(w.r.receipts, receipt)
	}
	return err
}

// rest keeps what there is of a frame that will not be whole.
func (w *way) rest(ctx context.Context, reason string) error {
	defer collect.Recover(w.r.log, func() { w.taker.sender.Drop(1, "a mistake of Wardline") })
	w.frames.Quiet()
	if err := w.take(ctx); err != nil {
		return err
	}
	rest, at := w.frames.Rest()
	if len(rest) == 0 {
		return nil
	}
	return w.quarantine(ctx, rest, w.base+at, reason)
}

// restart begins anew at an offset, because what comes before it is not there.
func (w *way) restart(ctx context.Context, offset int64, reason string) error {
	err := w.rest(ctx, reason)
	w.noise()
	w.frames, w.base, w.next, w.done, w.open = mllp.NewScanner(w.r.c.LargestMessage), offset, offset, offset, false
	return err
}

// end keeps what the end of the connection cut off.
func (w *way) end(ctx context.Context, reason string) error {
	err := w.rest(ctx, reason)
	w.noise()
	return err
}

// noise counts what was in no frame.
func (w *way) noise() {
	if n, _ := w.frames.Noise(); n > 0 {
		w.taker.sender.Refuse(1, "bytes outside of frames")
	}
}

// late looks after frames that are open for too long, which keep files in the spool. A frame whose last byte is
// missing, as some senders leave it out, is whole after a moment. When the run is over it gives up those that have not ended.
func (r *run) late(ctx context.Context) (any bool, err error) {
	if r.finished {
		any = len(r.ways) > 0
		return any, r.abandon(ctx)
	}
	const moment, forever = 2 * time.Second, 5 * time.Minute
	for _, w := range r.ways {
		limit := forever
		if w.frames.Pending() == mllp.Close {
			limit = moment
		}
		if !w.open || time.Since(w.since) < limit {
			continue
		}
		any = true
		if err := w.restart(ctx, w.next, "its end did not come"); err != nil {
			return true, err
		}
	}
	return any, nil
}

// abandon ends the ways of a run that was killed, and books that something may be missing at their ends: what the tap had passed and not
// written yet. It is one message as a rule, since a sender waits for the answer to one before it sends the next.
func (r *run) abandon(ctx context.Context) error {
	for id, w := range r.ways {
		if err := w.end(ctx, "the tap ended inside a frame"); err != nil {
			return err
		}
		if !id.Back {
			w.taker.sender.Drop(1, "the tap was killed: its last message may be missing")
		}
		delete(r.ways, id)
	}
	return nil
}

package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

const (
	batchSize    = 1 << 20 // bytes that are taken before the position moves on
	batchesAtOne = 16      // look; then other files have their turn
	longestHead  = 64 << 10
)

// lines takes the whole lines behind the position.
func (r *reading) lines(ctx context.Context, format *collect.Format) (result, error) {
	if r.c.packed {
		if r.p.Size == r.c.size && r.p.Modified.Equal(r.c.modified) {
			return result{}, nil // packed files do not grow
		}
		if r.quiet < r.config.Settle {
			return result{again: r.t.changed.Add(r.config.Settle)}, nil
		}
	}
	in, err := r.c.from(r.p.Offset)
	if err != nil {
		return result{}, &readError{err}
	}
	var ok bool
	if r.recent, ok = r.c.before(r.p.Offset, r.p.Tail.Size); !ok || r.p.Offset > 0 && !markOf(r.recent).equal(r.p.Tail) {
		return result{again: time.Now()}, nil // it was cut off this very moment
	}
	var buf []byte
	for n := 0; ; n++ {
		if n == batchesAtOne && !r.c.packed {
			return result{again: time.Now()}, nil
		}
		atEnd := false
		buf, atEnd, err = r.fill(in, buf)
		if err != nil {
			return result{}, &readError{err}
		}
		end, again := r.wholeLines(buf, atEnd, format)
		if end == 0 {
			return r.caughtUp(again)
		}
		if err := r.take(ctx, format, buf[:end]); err != nil {
			return result{}, err
		}
		buf = append(buf[:0], buf[end:]...)
	}
}

// caughtUp ends a look that came to the end of the file.
func (r *reading) caughtUp(again time.Time) (result, error) {
	if r.c.packed {
		r.p.Size, r.p.Modified = r.c.size, r.c.modified
		r.keep(r.p)
	}
	return result{again: again}, nil
}

// fill reads on until buf holds a batch, or a whole line if that is longer.
func (r *reading) fill(in io.Reader, buf []byte) (_ []byte, atEnd bool, err error) {
	for size := batchSize; ; size *= 2 {
		have := len(buf)
		if have < size {
			buf = append(buf, make([]byte, size-have)...)
			n, err := io.ReadFull(in, buf[have:])
			buf = buf[:have+n]
			switch {
			case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF): // of a packed file that is cut off, what is there is taken
				return buf, true, nil
			case err != nil:
				return nil, false, err
			}
		}
		if bytes.IndexByte(buf, '\n') >= 0 || len(buf) > r.options.Limits.Record {
			return buf, false, nil
		}
	}
}

// wholeLines returns where the last whole record of buf ends, or, when there is none, when to look again.
func (r *reading) wholeLines(buf []byte, atEnd bool, format *collect.Format) (end int, again time.Time) {
	finished := r.quiet >= r.config.Unfinished || r.c.packed
	end = bytes.LastIndexByte(buf, '\n') + 1
	switch {
	case atEnd && finished:
		return len(buf), time.Time{}
	case end == 0 && len(buf) > r.options.Limits.Record:
		return len(buf), time.Time{} // longer than any record: it is kept as it came
	}
	if end < len(buf) || atEnd && len(buf) > 0 {
		again = r.t.changed.Add(r.config.Unfinished)
	}
	if format.Continues == nil || end == 0 {
		return end, again
	}
	if atEnd && end == len(buf) && r.quiet >= r.config.Settle {
		return end, time.Time{}
	}
	if end == len(buf) {
		again = r.t.changed.Add(r.config.Settle)
	} else if !format.Continues(buf[end:]) {
		return end, again // what follows begins a record
	}
	last := bytes.LastIndexByte(buf[:end-1], '\n') + 1
	for last > 0 && format.Continues(buf[last:end]) {
		last = bytes.LastIndexByte(buf[:last-1], '\n') + 1
	}
	return last, again
}

// take hands in the records of a piece of the file and moves the position behind it.
func (r *reading) take(ctx context.Context, format *collect.Format, piece []byte) error {
	skipped := 0
	if r.p.Offset == 0 && bytes.HasPrefix(piece, []byte("\ufeff")) {
		skipped = len("\ufeff")
	}
	// A program that writes on where its file was cut off leaves a hole of zeros.
	skipped += len(piece[skipped:]) - len(bytes.TrimLeft(piece[skipped:], "\x00"))
	b := batch{reading: r, format: format, text: piece[skipped:], base: r.p.Offset + int64(skipped)}
	if err := b.take(ctx); err != nil {
		return err
	}
	if err := r.wait(ctx); err != nil {
		return err
	}
	r.p.Offset += int64(len(piece))
	r.p.Record += b.records
	r.heading(format, piece)
	// The marks are of what was read, not of what the file holds by now: it may have been cut off meanwhile.
	r.recent = append(r.recent, piece[max(0, len(piece)-markSize):]...)
	r.recent = r.recent[max(0, len(r.recent)-markSize):]
	r.p.Head, r.p.Tail = r.c.headMark(), markOf(r.recent)
	r.keep(r.p)
	return nil
}

// heading keeps the last block of lines that say how to read those behind them.
func (r *reading) heading(format *collect.Format, piece []byte) {
	if format.Heading == nil {
		return
	}
	block := false
	for line := range bytes.SplitAfterSeq(piece, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		is := format.Heading(line)
		switch {
		case is && !block:
			r.p.Heading = bytes.Clone(line)
		case is && len(r.p.Heading) < longestHead:
			r.p.Heading = append(r.p.Heading, line...)
		}
		block = is
	}
}

// batch is a piece of a file that ends with a record.
type batch struct {
	*reading
	format  *collect.Format
	text    []byte
	base    int64 // of text in the content
	records int64
	last    int64           // where the event before began
	same    int             // events that began there
	spoil   *collect.Damage // whose end is not known yet; its Offset is in text
}

func (b *batch) take(ctx context.Context) error {
	o := b.options
	o.Modified = b.c.modified
	heading := b.p.Heading
	d, ok := b.format.Open(io.MultiReader(bytes.NewReader(heading), bytes.NewReader(b.text)), o).(collect.Placed)
	if !ok {
		panic("wardline: internal error: a format of lines that does not know its places")
	}
	var ev event.Event
	b.last = -1
	for {
		err := d.Next(&ev)
		var spoilt *collect.Damage
		switch {
		case err == io.EOF:
			return b.flush(ctx, len(b.text))
		case errors.Is(err, collect.ErrSkip):
			b.records++
			b.sender.Refuse(1, "no event in this record")
		case errors.As(err, &spoilt):
			at := int(spoilt.Offset) - len(heading)
			if err := b.flush(ctx, at); err != nil {
				return err
			}
			b.records += int64(spoilt.Records)
			b.spoil = &collect.Damage{Offset: int64(max(at, 0)), Records: spoilt.Records, Reason: spoilt.Reason}
		case err != nil:
			return &readError{err}
		default:
			if err := b.put(ctx, &ev, int(d.Offset())-len(heading)); err != nil {
				return err
			}
		}
	}
}

// put hands in an event that begins at a place of the text.
func (b *batch) put(ctx context.Context, ev *event.Event, at int) error {
	at = min(max(at, 0), len(b.text))
	if err := b.flush(ctx, at); err != nil {
		return err
	}
	b.records++
	raw := b.text[at:b.recordEnd(at)]
	place := b.base + int64(at)
	if b.same++; place != b.last {
		b.last, b.same = place, 0
	}
	sum := sha256.Sum256(raw)
	ev.Record = b.p.Record + b.records
	ev.ID = event.NewID(b.id, "line", b.p.Stream, strconv.FormatInt(place, 10), strconv.Itoa(b.same), hex.EncodeToString(sum[:]))
	receipt, err := b.sender.Put(ctx, ev, raw)
	if err != nil {
		return fmt.Errorf("hand in: %w", err)
	}
	b.receipts = append(b.receipts, receipt)
	return nil
}

// recordEnd is where the record ends that begins at a place: with its line, and those that belong to it.
func (b *batch) recordEnd(at int) int {
	end := at
	for {
		n := bytes.IndexByte(b.text[end:], '\n')
		if n < 0 {
			return len(b.text)
		}
		end += n + 1
		if b.format.Continues == nil || !b.format.Continues(b.text[end:]) {
			return end
		}
	}
}

// flush keeps the bytes that could not be read, now that it is known where they end.
func (b *batch) flush(ctx context.Context, end int) error {
	d := b.spoil
	if d == nil {
		return nil
	}
	b.spoil = nil
	from := min(int(d.Offset), len(b.text))
	raw := b.text[from:max(from, min(end, len(b.text)))]
	receipt, err := b.sender.Quarantine(ctx, raw, collect.Damage{Offset: b.base + int64(from), Records: d.Records, Reason: d.Reason})
	if err != nil {
		return fmt.Errorf("hand in: %w", err)
	}
	b.receipts = append(b.receipts, receipt)
	return nil
}

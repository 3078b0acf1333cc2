package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

const (
	waitEvery = 4096    // events, before it is waited for that they are durable
	damageRaw = 1 << 16 // bytes that are kept of a place that could not be read
	// A file that never rests is read again after pauses that grow with what reading it takes.
	pause      = 10 * time.Second
	pauseTimes = 20
)

// whole reads a file from its beginning and takes the records that were not taken yet.
func (r *reading) whole(ctx context.Context, format *collect.Format) (result, error) {
	if r.p.Size == r.c.size && r.p.Modified.Equal(r.c.modified) {
		return result{}, nil
	}
	if again := r.notYet(format); !again.IsZero() {
		return result{again: again}, nil
	}
	begun := time.Now()
	s := serials{}
	var err error
	if format.Serial != "" {
		s, err = r.serials(format)
	} else {
		err = r.unchanged(ctx)
	}
	if err == nil {
		err = r.records(ctx, format, s)
	}
	r.t.read, r.t.took = time.Now(), time.Since(begun)
	return result{}, err
}

// notYet is when to look again, when the file may still be being written; zero when it can be read.
func (r *reading) notYet(format *collect.Format) time.Time {
	need := r.config.Settle
	if format.Serial == "" && !r.c.packed && !r.endsLine() {
		need = r.config.Unfinished
	}
	if r.quiet >= need {
		return time.Time{}
	}
	again := r.t.changed.Add(need)
	if format.Serial != "" && !r.t.read.IsZero() {
		// A log that is written all the time is read all the same: its records are whole at any moment.
		forced := r.t.read.Add(max(pause, pauseTimes*r.t.took))
		if !time.Now().Before(forced) {
			return time.Time{}
		}
		if forced.Before(again) {
			again = forced
		}
	}
	return again
}

func (r *reading) endsLine() bool {
	var last [1]byte
	_, err := r.c.file.ReadAt(last[:], r.c.size-1)
	return err == nil && last[0] == '\n'
}

// unchanged makes sure that what was taken is still what the file begins with. Else it is another file
// under the same name, and all of it is taken.
func (r *reading) unchanged(ctx context.Context) error {
	if r.p.Offset == 0 {
		return nil
	}
	in, err := r.c.from(0)
	if err != nil {
		return &readError{err}
	}
	h := sha256.New()
	if _, err := io.CopyN(h, in, r.p.Offset); err == nil && string(h.Sum(nil)) == string(r.p.Whole.Sum) {
		return nil
	}
	r.p.Stream = streamOf(r.p.Stream, r.p.Whole.Sum)
	r.p.Offset, r.p.Record, r.p.Damages, r.p.Whole, r.p.Tail = 0, 0, 0, Mark{}, Mark{}
	r.p.Head = r.c.headMark()
	r.keep(r.p)
	return r.save(ctx)
}

// measured counts and digests what is read through it.
type measured struct {
	r io.Reader
	h hash.Hash
	n int64 // bytes
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.h.Write(p[:n]) // a hash takes everything
	return n, err
}

// records hands in what was not taken yet and moves the position to the end.
func (r *reading) records(ctx context.Context, format *collect.Format, s serials) error {
	in, err := r.c.from(0)
	if err != nil {
		return &readError{err}
	}
	m := &measured{r: in, h: sha256.New()}
	o := r.options
	o.Modified = r.c.modified
	d := format.Open(m, o)
	var ev event.Event
	damages, last := 0, int64(0)
	for {
		err := d.Next(&ev)
		var spoilt *collect.Damage
		switch {
		case errors.Is(err, collect.ErrSkip):
			continue
		case errors.As(err, &spoilt):
			if damages++; damages > r.p.Damages {
				if err := r.damage(ctx, spoilt); err != nil {
					return err
				}
			}
			continue
		case err == io.EOF:
			return r.taken(ctx, m, damages, last, s)
		case err != nil:
			return &readError{err}
		}
		last = ev.Record
		if err := r.record(ctx, format, s, &ev); err != nil {
			return err
		}
	}
}

// record hands in one event unless it was taken before.
func (r *reading) record(ctx context.Context, format *collect.Format, s serials, ev *event.Event) error {
	number := ev.Record
	sum := sha256.Sum256(ev.Fields)
	digest := hex.EncodeToString(sum[:])
	if format.Serial != "" {
		log, serial, ok := serialOf(ev, format.Serial)
		if ok && s.known[log] && serial <= r.p.Serials[log].Number {
			return nil
		}
		ev.ID = event.NewID(r.id, "serial", log, strconv.FormatUint(serial, 10), digest)
	} else {
		if number <= r.p.Record {
			return nil
		}
		ev.ID = event.NewID(r.id, "record", r.p.Stream, strconv.FormatInt(number, 10), digest)
	}
	receipt, err := r.sender.Put(ctx, ev, ev.Fields)
	if err != nil {
		return fmt.Errorf("hand in: %w", err)
	}
	if r.receipts = append(r.receipts, receipt); len(r.receipts) < waitEvery {
		return nil
	}
	if err := r.wait(ctx); err != nil {
		return err
	}
	if format.Serial == "" {
		r.p.Record = number
		r.keep(r.p)
	}
	return nil
}

// damage keeps what stands where a file could not be read.
func (r *reading) damage(ctx context.Context, d *collect.Damage) error {
	raw := []byte{}
	if in, err := r.c.from(d.Offset); err == nil {
		raw, _ = io.ReadAll(io.LimitReader(in, damageRaw)) // what cannot be read even so is not there
	}
	receipt, err := r.sender.Quarantine(ctx, raw, *d)
	if err != nil {
		return fmt.Errorf("hand in: %w", err)
	}
	r.receipts = append(r.receipts, receipt)
	return nil
}

// taken moves the position to the end of the file, once all of it is durable.
func (r *reading) taken(ctx context.Context, m *measured, damages int, last int64, s serials) error {
	if err := r.wait(ctx); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m); err != nil { // what the decoder had no use for
		return &readError{err}
	}
	r.p.Size, r.p.Modified, r.p.Damages = r.c.size, r.c.modified, damages
	if s.now != nil {
		for log, last := range r.p.Serials {
			if _, there := s.now[log]; !there { // the file was empty for a moment, or holds another log now
				s.now[log] = last
			}
		}
		r.p.Serials = s.now
	} else {
		r.p.Offset, r.p.Whole = m.n, Mark{m.n, m.h.Sum(nil)}
		r.p.Record = max(r.p.Record, last)
		r.c.settle(&r.p)
	}
	r.keep(r.p)
	return nil
}

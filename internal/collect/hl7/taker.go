package hl7

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strconv"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// taker hands in the messages of one connection.
type taker struct {
	w      writer
	b      event.Builder
	ev     event.Event
	sender *collect.Sender
	taken  *taken
	put    putting
	nonce  string // names messages without a control id, with where they begin
	record int64
}

// putting is one of a Sender's ways to hand in an event.
type putting func(*collect.Sender, context.Context, *event.Event, []byte, ...collect.Flag) (*journal.Receipt, error)

func newTaker(o collect.Options, sender *collect.Sender, taken *taken, put putting) *taker {
	return &taker{w: writer{format: "mllp", o: o}, sender: sender, taken: taken, put: put, nonce: rand.Text()}
}

// take hands in one message that begins at offset of what was received. fault says why it became no event; then it is kept as it came.
func (t *taker) take(ctx context.Context, text []byte, h *hl7.Header, offset int64) (r *journal.Receipt, fault *hl7.Fault, err error) {
	t.record++
	if len(text) > smallMessage { // a connection that is quiet holds nothing of what came last
		defer func() { t.w, t.b, t.ev = writer{format: t.w.format, o: t.w.o}, event.Builder{}, event.Event{} }()
	}
	if fault = t.decode(text); fault != nil {
		r, err = t.quarantine(ctx, text, offset, fault.Text)
		return r, fault, err
	}
	t.ev.Record = t.record
	flags := t.name(h, text, offset)
	r, err = t.put(t.sender, ctx, &t.ev, text, flags...)
	return r, nil, err
}

// decode makes t.ev of a message, or says why it cannot.
func (t *taker) decode(text []byte) *hl7.Fault {
	m, err := hl7.Parse(text, limits(t.w.o))
	var broken *hl7.Error
	switch {
	case errors.As(err, &broken):
		return &hl7.Fault{Code: hl7.SegmentSequence, Text: broken.Reason}
	case err == nil:
		err = t.w.event(&m, &t.ev, &t.b)
	}
	switch {
	case errors.Is(err, errLong):
		return &hl7.Fault{Code: hl7.ApplicationInternal, Text: "longer than the journal keeps"}
	case err != nil:
		return &hl7.Fault{Code: hl7.ApplicationInternal, Text: "more fields than the limit"}
	}
	return nil
}

// name gives the event its id: by what the sender calls the message (MSH-3 to 6, 10 and 7) and by its bytes, so that a
// message that is sent again has the id that it had, and another under the same control id has one of its own.
func (t *taker) name(h *hl7.Header, text []byte, offset int64) []collect.Flag {
	if len(h.Text(10)) == 0 {
		t.ev.ID = event.NewID(t.sender.ID(), t.nonce, strconv.FormatInt(offset, 10))
		return nil
	}
	sum := sha256.Sum256(text)
	native := []string{string(sum[:])}
	for _, n := range [...]int{3, 4, 5, 6, 10, 7} {
		native = append(native, string(h.Text(n)))
	}
	t.ev.ID = event.NewID(t.sender.ID(), native...)
	switch t.taken.note(event.NewID(t.sender.ID(), native[1:6]...), t.ev.ID) {
	case again:
		return []collect.Flag{collect.PossibleResend}
	case other:
		return []collect.Flag{collect.ControlIDReused}
	}
	return nil
}

func (t *taker) quarantine(ctx context.Context, raw []byte, offset int64, reason string) (*journal.Receipt, error) {
	return t.sender.Quarantine(ctx, raw, collect.Damage{Offset: offset, Reason: reason})
}

// isKind tells whether the message that h begins is of one of kinds: QBP, ADT^A04.
func isKind(h *hl7.Header, kinds []string) bool {
	for _, kind := range kinds {
		of, event, both := bytes.Cut([]byte(kind), []byte("^"))
		if bytes.Equal(h.Part(9, 1), of) && (!both || bytes.Equal(h.Part(9, 2), event)) {
			return true
		}
	}
	return false
}

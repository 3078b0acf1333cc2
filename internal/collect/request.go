package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// RequestError says why a request over HTTP is not taken in.
type RequestError struct {
	Status int    // of HTTP
	Reason string // ours; it quotes nothing of the request
}

func (e *RequestError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Reason) }

// ReadBody reads the whole body of a request. Its error is for Refuse.
func ReadBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return body, nil
}

// Refuse says in w when to try again where that helps, and returns what to answer to a request that err
// keeps from being taken in. The caller writes the answer in the words of its route. records is how many records
// of the request nobody booked yet: those that were given to Put or Quarantine are.
func Refuse(w http.ResponseWriter, r *http.Request, err error, records int) (status int, reason string) {
	status, reason = refusal(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	if records > 0 {
		SenderOf(r.Context()).Refuse(records, reason)
	}
	return status, reason
}

// retryAfter is when a sender may try again, in seconds: about as long as a journal needs to come back.
const retryAfter = "5"

func refusal(err error) (status int, reason string) {
	var known *RequestError
	switch {
	case errors.As(err, &known):
		return known.Status, known.Reason
	case errors.Is(err, journal.ErrFull):
		return http.StatusServiceUnavailable, "the disk is full: try again later"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return http.StatusBadRequest, "the body ends early"
	}
	return http.StatusServiceUnavailable, "events cannot be kept at the moment: try again later"
}

// patience is how long a request may wait for the journal before its sender is told to come again: less
// than the time after which common senders give up by themselves.
const patience = 15 * time.Second

// Batch is what one request hands in. It is acknowledged as a whole, once all of it is durable.
type Batch struct {
	ctx      context.Context
	cancel   context.CancelFunc
	sender   *Sender
	handed   int // records
	receipts []*journal.Receipt
}

// NewBatch begins a batch of the sender of r. The caller calls Close.
func NewBatch(r *http.Request) *Batch {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	return &Batch{ctx: ctx, cancel: cancel, sender: SenderOf(r.Context())}
}

// Close ends the waiting of the batch.
func (b *Batch) Close() { b.cancel() }

// Handed is how many records were handed in, those included that failed.
func (b *Batch) Handed() int { return b.handed }

// Sender is whose batch it is.
func (b *Batch) Sender() *Sender { return b.sender }

// Put hands in ev, which came as raw. See Sender.Put.
func (b *Batch) Put(ev *event.Event, raw []byte) error {
	b.handed++
	receipt, err := b.sender.Put(b.ctx, ev, raw)
	if err != nil {
		return err
	}
	b.receipts = append(b.receipts, receipt)
	return nil
}

// Quarantine hands in bytes that could not be read. See Sender.Quarantine.
func (b *Batch) Quarantine(raw []byte, d Damage) error {
	b.handed += max(1, d.Records)
	receipt, err := b.sender.Quarantine(b.ctx, raw, d)
	if err != nil {
		return err
	}
	b.receipts = append(b.receipts, receipt)
	return nil
}

// Wait returns nil once everything that was handed in is durable. Else it returns how many of the calls of Put
// and Quarantine that succeeded have been durable, counted from the first one.
func (b *Batch) Wait() (durable int, err error) {
	for i, receipt := range b.receipts {
		if _, err := receipt.Wait(b.ctx); err != nil {
			return i, err
		}
	}
	return len(b.receipts), nil
}

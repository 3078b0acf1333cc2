// Package jsonlines takes in events that scripts and small programs post as JSON: one object on each line, an array,
// or one of the wrappers in which clouds deliver theirs.
package jsonlines

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

const (
	bodyBytes     = 16 << 20
	bodyExpansion = 100
)

// Routes is POST /events. format reads the body: the one for JSON.
//
// A sender that sets the header Idempotency-Key may send the same body again under the same key: its events are
// the same then.
func Routes(format collect.Format) []collect.Route {
	return []collect.Route{{
		Pattern: "POST /events", Refuse: refuse,
		Body: collect.BodyLimits{Bytes: bodyBytes, Ratio: bodyExpansion, Zstd: true},
		New: func(o collect.Options) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(format, o, w, r) })
		},
	}}
}

// reply is the answer: how many events were kept, and what could not be read and was kept as it came.
type reply struct {
	Kept    int      `json:"kept"`
	Damaged []damage `json:"damaged,omitempty"`
	Error   string   `json:"error,omitempty"`
}

type damage struct {
	Offset int64  `json:"offset"`
	Reason string `json:"reason"`
}

// mostDamages is how many places an answer names.
const mostDamages = 100

func refuse(w http.ResponseWriter, _ *http.Request, status int, reason string) {
	answer(w, status, reply{Error: reason})
}

func answer(w http.ResponseWriter, status int, v reply) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone sends again
}

func serve(format collect.Format, o collect.Options, w http.ResponseWriter, r *http.Request) {
	body, err := collect.ReadBody(r)
	if err == nil && !isJSON(body) {
		err = &collect.RequestError{Status: http.StatusBadRequest, Reason: "the body is no JSON: send objects, one on each line, or an array of them, in UTF-8"}
	}
	if err != nil {
		status, reason := collect.Refuse(w, r, err, 1)
		refuse(w, r, status, reason)
		return
	}
	t := taker{o: o, body: body, batch: collect.NewBatch(r), key: r.Header.Get("Idempotency-Key")}
	defer t.batch.Close()
	if err = t.take(format.Open(bytes.NewReader(body), o)); err == nil {
		_, err = t.batch.Wait()
	}
	if err != nil {
		status, reason := collect.Refuse(w, r, err, 0)
		refuse(w, r, status, reason)
		return
	}
	status := http.StatusOK
	if t.reply.Kept == 0 && len(t.reply.Damaged) > 0 {
		status = http.StatusBadRequest
	}
	answer(w, status, t.reply)
}

// isJSON tells a body that begins as JSON does (RFC 8259).
func isJSON(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n\x1e")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

// taker takes the events of one body in.
type taker struct {
	o     collect.Options
	body  []byte
	batch *collect.Batch
	key   string
	reply reply
	spoil *collect.Damage // whose end is not known yet
}

func (t *taker) take(d collect.Decoder) error {
	var ev event.Event
	for {
		err := d.Next(&ev)
		var spoilt *collect.Damage
		switch {
		case err == io.EOF:
			return t.flush(int64(len(t.body)))
		case errors.Is(err, collect.ErrSkip):
			if err := t.skip(d); err != nil {
				return err
			}
		case errors.As(err, &spoilt):
			if err := t.flush(spoilt.Offset); err != nil {
				return err
			}
			t.spoil = spoilt
		case err != nil:
			return err
		default:
			if err := t.put(d, &ev); err != nil {
				return err
			}
		}
	}
}

// record is where the record that was read last stands, and its bytes; nil when that cannot be told.
func (t *taker) record(d collect.Decoder) (at int64, raw []byte) {
	placed, ok := d.(collect.Placed)
	if !ok {
		return 0, nil
	}
	at = min(placed.Offset(), int64(len(t.body)))
	if n := jsonl.ObjectEnd(t.body[at:], t.o.Limits.Depth); n > 0 {
		raw = t.body[at : at+int64(n)]
	}
	return at, raw
}

// skip keeps a record that holds no event, such as a patient among audit records, as it came, and says so.
func (t *taker) skip(d collect.Decoder) error {
	at, raw := t.record(d)
	if err := t.flush(at); err != nil {
		return err
	}
	t.spoil = &collect.Damage{Offset: at, Records: 1, Reason: "no event in this record"}
	return t.flush(at + int64(len(raw)))
}

func (t *taker) put(d collect.Decoder, ev *event.Event) error {
	at, raw := t.record(d)
	if err := t.flush(at); err != nil {
		return err
	}
	if raw == nil {
		raw = ev.Fields
	}
	ev.ID = event.ID{}
	if t.key != "" {
		ev.ID = event.NewID(t.batch.Sender().ID(), "key", t.key, strconv.FormatInt(ev.Record, 10))
	}
	ev.Record = 0
	t.reply.Kept++
	return t.batch.Put(ev, raw)
}

// flush keeps the bytes that could not be read, now that it is known where they end.
func (t *taker) flush(end int64) error {
	d := t.spoil
	if d == nil {
		return nil
	}
	t.spoil = nil
	if len(t.reply.Damaged) < mostDamages {
		t.reply.Damaged = append(t.reply.Damaged, damage{d.Offset, d.Reason})
	}
	from := min(d.Offset, int64(len(t.body)))
	return t.batch.Quarantine(t.body[from:max(from, min(end, int64(len(t.body))))], *d)
}

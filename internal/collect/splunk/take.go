package splunk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// taker takes the events of one request in.
type taker struct {
	s      *service
	o      collect.Options
	batch  *collect.Batch
	shaper *collect.Shaper
	x      jsonl.Index // of an envelope
	fixed  []byte
	text   []byte
	b      event.Builder
	ev     event.Event
	n      int    // events so far
	digest string // of a body of objects
	wrong  *reply // the first event that could not be read; nil when all could
}

func newTaker(s *service, o collect.Options, batch *collect.Batch) *taker {
	return &taker{s: s, o: o, batch: batch, shaper: collect.NewShaper(s.shapes, o)}
}

// objects cuts a body into envelopes. What follows one that has no end is kept as it came.
func (t *taker) objects(_ *http.Request, body []byte) error {
	sum := sha256.Sum256(body)
	t.digest = hex.EncodeToString(sum[:])
	for at := 0; ; t.n++ {
		at += len(body[at:]) - len(bytes.TrimLeft(body[at:], " \t\r\n"))
		if at == len(body) {
			return nil
		}
		n := jsonl.ObjectEnd(body[at:], t.o.Limits.Depth)
		if n < 0 {
			t.invalid("Invalid data format", codeFormat)
			return t.batch.Quarantine(body[at:], collect.Damage{Offset: int64(at), Reason: "not an event of the collector, or one that is cut off"})
		}
		if err := t.envelope(body[at:at+n], int64(at)); err != nil {
			return err
		}
		at += n
	}
}

// invalid notes the first event that could not be read.
func (t *taker) invalid(text string, code int) {
	if n := t.n; t.wrong == nil {
		t.wrong = &reply{Text: text, Code: code, Invalid: &n}
	}
}

// spoilt keeps an event that could not be read.
func (t *taker) spoilt(raw []byte, offset int64, text string, code int) error {
	t.invalid(text, code)
	return t.batch.Quarantine(raw, collect.Damage{Offset: offset, Reason: text})
}

// envelope takes one event in: {"time":…,"host":…,"source":…,"sourcetype":…,"index":…,"fields":{…},"event":…}.
func (t *taker) envelope(raw []byte, offset int64) error {
	lim := jsonl.Limits{Depth: t.o.Limits.Depth, Values: t.o.Limits.Values}
	text := raw
	err := t.x.Scan(raw, lim)
	if err != nil {
		var changed bool
		if t.fixed, changed = collect.Repair(t.fixed[:0], raw); changed {
			text = t.fixed
			err = t.x.Scan(text, lim)
		}
	}
	if err != nil {
		return t.spoilt(raw, offset, "Invalid data format", codeFormat)
	}
	env := collect.Object{Text: text, Index: &t.x}
	i := t.x.Find(text, "event")
	switch {
	case i < 0 || t.x.Values[i].Kind == jsonl.Null:
		return t.spoilt(raw, offset, "Event field is required", codeNoEvent)
	case t.x.Values[i].Kind == jsonl.Object:
		if t.object(env.Raw(int32(i))) != nil {
			return t.spoilt(raw, offset, "Invalid data format", codeFormat)
		}
	default:
		t.text = t.x.Text(text, i, t.text[:0])
		if t.x.Values[i].Kind == jsonl.Array {
			t.text = append(t.text[:0], env.Raw(int32(i))...)
		}
		if blank(string(t.text)) {
			return t.spoilt(raw, offset, "Event field cannot be blank", codeBlank)
		}
		if t.message(t.text) != nil {
			return t.spoilt(raw, offset, "Invalid data format", codeFormat)
		}
	}
	t.b.Reset()
	t.b.Object("hec")
	for j := range t.x.Values {
		v := &t.x.Values[j]
		if name := text[v.NameStart:v.NameEnd]; v.Parent < 0 && j != i {
			t.b.Raw(string(jsonl.AppendUnescaped(nil, name)), env.JSON(int32(j)))
		}
	}
	t.b.End()
	at, exact := envelopeTime(env)
	if t.ev.Time.IsZero() {
		t.ev.Time = at
	}
	id := event.ID{}
	if exact {
		id = event.NewID(t.batch.Sender().ID(), "hec", t.digest, strconv.Itoa(t.n))
	}
	return t.put(id, raw, offset)
}

// put adds the envelope, which t.b holds, to the event and hands it in.
func (t *taker) put(id event.ID, raw []byte, offset int64) error {
	t.b.Members(t.ev.Fields)
	if err := t.b.Into(&t.ev, jsonl.Limits{Depth: t.o.Limits.Depth + 2, Values: t.o.Limits.Values + 64}); err != nil {
		return t.spoilt(raw, offset, "Invalid data format", codeFormat)
	}
	t.ev.ID, t.ev.Record = id, 0
	return t.batch.Put(&t.ev, raw)
}

// envelopeTime is the time of the envelope: seconds since 1970, as a number or as text. exact tells whether it says parts of a second,
// so that two requests with the same bytes are one that was sent again, and not two things that happened within one second.
func envelopeTime(env collect.Object) (at time.Time, exact bool) {
	i := env.Index.Find(env.Text, "time")
	if i < 0 {
		return time.Time{}, false
	}
	at, _ = event.ParseTime(env.String(int32(i), nil))
	return at, at.Nanosecond() != 0
}

// object makes t.ev of an event that is an object.
func (t *taker) object(text []byte) error {
	fields, err := t.shaper.Scan(text, &t.ev.Index)
	if err != nil {
		return err
	}
	return t.shaper.Event(fields, &t.ev)
}

// message makes t.ev of an event that is text: an object written as text, a line of a format that is known, or
// else just a message.
func (t *taker) message(text []byte) error {
	if text[0] == '{' && t.object(text) == nil {
		return nil
	}
	if t.line(text) {
		return nil
	}
	var b event.Builder
	b.Reset()
	b.Bytes("message", text)
	t.ev.Format, t.ev.Class, t.ev.Time = "hec", t.o.Taxonomy.Class("", "", ""), time.Time{}
	return b.Into(&t.ev, jsonl.DefaultLimits())
}

// surely is how sure a format must be of one line.
const surely = 60

// line reads text as one record of the format that is surest of it.
func (t *taker) line(text []byte) bool {
	var best *collect.Format
	most := surely - 1
	for i := range t.s.lines {
		if fit := t.s.lines[i].Sniff(text); fit > most {
			best, most = &t.s.lines[i], fit
		}
	}
	if best == nil {
		return false
	}
	d := best.Open(bytes.NewReader(text), t.o)
	if d.Next(&t.ev) != nil {
		return false
	}
	t.ev.Fields = bytes.Clone(t.ev.Fields)
	var second event.Event
	return errors.Is(d.Next(&second), io.EOF)
}

// lines cuts a raw body into lines, an event each.
func (t *taker) lines(r *http.Request, body []byte) error {
	offset := int64(0)
	for line := range bytes.SplitAfterSeq(body, []byte("\n")) {
		at := offset
		offset += int64(len(line))
		text := bytes.TrimRight(line, "\r\n")
		if blank(string(text)) {
			continue
		}
		if len(text) > t.o.Limits.Record || t.message(text) != nil {
			if err := t.spoilt(line, at, "line "+strconv.Itoa(t.n+1)+" cannot be read", codeFormat); err != nil {
				return err
			}
			continue
		}
		t.b.Reset()
		t.b.Object("hec")
		for _, name := range []string{"host", "source", "sourcetype", "index"} {
			if v := r.URL.Query().Get(name); v != "" {
				t.b.String(name, v)
			}
		}
		t.b.End()
		if err := t.put(event.ID{}, line, at); err != nil {
			return err
		}
		t.n++
	}
	return nil
}

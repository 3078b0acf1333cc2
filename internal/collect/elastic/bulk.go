package elastic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// bulkHandler serves _bulk (Elasticsearch reference, "Bulk API").
type bulkHandler struct {
	shapes []collect.Shape
	o      collect.Options
}

// outcome is what became of an item.
type outcome struct {
	status  int
	kind    string // of the error; "" for none
	reason  string
	receipt bool // whether it is durable is for the batch to say
}

func (h *bulkHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	index := r.PathValue("index")
	if isSystem(index) {
		status, reason := collect.Refuse(w, r, &collect.RequestError{Status: http.StatusBadRequest, Reason: "not the name of an index"}, 1)
		refuse(w, r, status, reason)
		return
	}
	body, err := collect.ReadBody(r)
	if err != nil {
		status, reason := collect.Refuse(w, r, err, 1)
		refuse(w, r, status, reason)
		return
	}
	items, err := frame(body, index)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, errTooMany) {
			status = http.StatusRequestEntityTooLarge
		}
		status, reason := collect.Refuse(w, r, &collect.RequestError{Status: status, Reason: err.Error()}, 1)
		refuse(w, r, status, reason)
		return
	}
	b := bulk{o: h.o, batch: collect.NewBatch(r), shaper: collect.NewShaper(h.shapes, h.o), picker: newNames(), outcomes: make([]outcome, len(items))}
	defer b.batch.Close()
	if err := b.take(items); err != nil {
		status, reason := collect.Refuse(w, r, err, 0)
		refuse(w, r, status, reason)
		return
	}
	head(w)
	_, _ = w.Write(b.response(items, time.Since(begun))) // a client that is gone sends again
}

// bulk takes the items of one body in.
type bulk struct {
	o        collect.Options
	batch    *collect.Batch
	shaper   *collect.Shaper
	picker   names
	outcomes []outcome
	ev       event.Event
}

// take hands the items in, one after another. Once the journal takes no more, the rest is for the sender to bring again:
// each item is answered for itself. It fails when not one became durable because of the journal.
func (b *bulk) take(items []item) error {
	var failed error
	for i := range items {
		if failed != nil {
			b.outcomes[i] = busy()
			continue
		}
		b.outcomes[i], failed = b.item(&items[i])
	}
	if failed != nil {
		b.batch.Sender().Refuse(len(items)-b.batch.Handed(), "events cannot be kept at the moment")
	}
	durable, err := b.batch.Wait()
	if failed == nil {
		failed = err
	}
	if failed != nil && durable == 0 {
		return failed
	}
	for i := range b.outcomes {
		if !b.outcomes[i].receipt {
			continue
		}
		if durable--; durable < 0 {
			b.outcomes[i] = busy()
		}
	}
	return nil
}

// busy is the outcome that makes every shipper send an item again.
func busy() outcome {
	return outcome{status: http.StatusTooManyRequests, kind: "es_rejected_execution_exception", reason: "events cannot be kept at the moment: send it again"}
}

// item hands one item in. The error is that of the journal; the outcome is busy then.
func (b *bulk) item(it *item) (outcome, error) {
	var reason string
	switch it.action {
	case "index", "create":
		if reason = b.read(it); reason != "" {
			break
		}
		if err := b.batch.Put(&b.ev, it.doc); err != nil {
			return busy(), err
		}
		return outcome{status: http.StatusCreated, receipt: true}, nil
	default:
		reason = "only index and create are taken in: what was said once stays"
		if err := b.batch.Quarantine(it.doc, collect.Damage{Offset: it.offset, Reason: reason}); err != nil {
			return busy(), err
		}
		return outcome{status: http.StatusBadRequest, kind: "illegal_argument_exception", reason: reason, receipt: true}, nil
	}
	if err := b.batch.Quarantine(it.doc, collect.Damage{Offset: it.offset, Reason: reason}); err != nil {
		return busy(), err
	}
	return outcome{status: http.StatusBadRequest, kind: "document_parsing_exception", reason: reason, receipt: true}, nil
}

// read makes b.ev of the document, or says why it holds no event.
func (b *bulk) read(it *item) (reason string) {
	if len(it.doc) > b.o.Limits.Record {
		return "a document larger than the limit"
	}
	b.ev.ID, b.ev.Record = event.ID{}, 0
	text, err := b.shaper.Scan(it.doc, &b.ev.Index)
	if err != nil {
		return err.Error()
	}
	native := b.picker.name(it, collect.Object{Text: text, Index: &b.ev.Index})
	if err := b.shaper.Event(text, &b.ev); err != nil {
		return "a document that cannot be read as what it seems to be"
	}
	if native != nil {
		b.ev.ID = event.NewID(b.batch.Sender().ID(), native...)
	}
	return ""
}

// names finds what senders call their events.
type names struct{ picker *collect.Picker }

// Places in the list of names.
const (
	ephemeral = iota
	logOffset
	logPath
	recordID
	channel
	computer
	timestamp
	nameCount
)

func newNames() names {
	return names{collect.NewPicker("agent.ephemeral_id", "log.offset", "log.file.path",
		"winlog.record_id", "winlog.channel", "winlog.computer_name", "@timestamp")}
}

// name is what the sender calls the document: the id that it gives, or the number of a Windows event in its log, or the
// place of a line in a file. An agent's file may be cut and begin anew, and a log of Windows be cleared, so the line's digest and
// the event's time belong to the names. nil when it has none.
func (n names) name(it *item, doc collect.Object) []string {
	if it.id != "" {
		return []string{"id", it.index, it.id}
	}
	var at [nameCount]int32
	n.picker.Pick(doc, at[:])
	text := func(i int) string { return string(doc.Raw(at[i])) }
	switch {
	case at[recordID] >= 0 && at[channel] >= 0 && at[computer] >= 0 && at[timestamp] >= 0:
		return []string{"winlog", text(computer), text(channel), text(recordID), text(timestamp)}
	case at[ephemeral] >= 0 && at[logOffset] >= 0:
		sum := sha256.Sum256(it.doc)
		return []string{"line", text(ephemeral), text(logPath), text(logOffset), hex.EncodeToString(sum[:])}
	}
	return nil
}

// response writes the answer, item by item.
func (b *bulk) response(items []item, took time.Duration) []byte {
	errors := false
	for _, o := range b.outcomes {
		errors = errors || o.kind != ""
	}
	dst := make([]byte, 0, 96*len(items)+64)
	dst = append(dst, `{"took":`...)
	dst = strconv.AppendInt(dst, took.Milliseconds(), 10)
	dst = append(dst, `,"errors":`...)
	dst = strconv.AppendBool(dst, errors)
	dst = append(dst, `,"items":[`...)
	for i := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = b.outcomes[i].append(dst, &items[i])
	}
	return append(dst, "]}\n"...)
}

func (o *outcome) append(dst []byte, it *item) []byte {
	dst = append(append(dst, `{"`...), it.action...)
	dst = append(dst, `":{"_index":`...)
	dst = jsonl.AppendString(dst, it.index)
	if it.id != "" {
		dst = jsonl.AppendString(append(dst, `,"_id":`...), it.id)
	}
	if o.kind == "" {
		dst = append(dst, `,"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1`...)
	}
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(o.status), 10)
	if o.kind != "" {
		dst = jsonl.AppendString(append(dst, `,"error":{"type":`...), o.kind)
		dst = jsonl.AppendString(append(dst, `,"reason":`...), o.reason)
		dst = append(dst, '}')
	}
	return append(dst, "}}"...)
}

// Package otlp takes in log records over OTLP/HTTP, the protocol of OpenTelemetry: its Collector, its agents
// and the programs that speak it themselves.
//
// An event has the record's attributes and those of its resource and scope under their own names, and beside them body,
// severity_text, severity_number, trace_id, span_id, event_name, time_unix_nano, observed_time_unix_nano, scope.name and scope.version
// where the record has them. An attribute whose name is taken stands behind attributes., scope. or resource.
package otlp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"strconv"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Limits of a request.
const (
	bodyBytes      = 4 << 20
	bodyExpansion  = 50 // honest batches of Windows events pack 17 to 33 to 1
	mostRecords    = 10_000
	mostAttributes = 128 // of a record, its scope and its resource each
	mostMessages   = 1 << 18
	deepest        = 32 // values in values
)

// Routes is POST /v1/logs (OTLP 1.x, "OTLP/HTTP"). shapes tell what records are whose attributes are those of
// a known shape, such as the Elastic Common Schema.
//
// A request that is sent again has the same events: they are known by the digest of the body and their place in it.
func Routes(shapes []collect.Shape) []collect.Route {
	return []collect.Route{{
		Pattern: "POST /v1/logs", Refuse: refuse,
		Body: collect.BodyLimits{Bytes: bodyBytes, Ratio: bodyExpansion, Zstd: true},
		New: func(o collect.Options) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(shapes, o, w, r) })
		},
	}}
}

const (
	protobuf = "application/x-protobuf"
	inJSON   = "application/json"
)

// form is the form of the request, in which it is answered.
func form(r *http.Request) (string, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind, err == nil && (kind == protobuf || kind == inJSON)
}

func serve(shapes []collect.Shape, o collect.Options, w http.ResponseWriter, r *http.Request) {
	fail := func(err error, records int) {
		status, reason := collect.Refuse(w, r, err, records)
		refuse(w, r, status, reason)
	}
	kind, ok := form(r)
	if !ok {
		fail(&collect.RequestError{Status: http.StatusUnsupportedMediaType, Reason: "send " + protobuf + " or " + inJSON}, 1)
		return
	}
	body, err := collect.ReadBody(r)
	if err != nil {
		fail(err, 1)
		return
	}
	read := readProtobuf
	if kind == inJSON {
		read = readJSON
	}
	data, raws, err := read(body)
	if err != nil {
		fail(err, 1)
		return
	}
	t := taker{o: o, batch: collect.NewBatch(r), shaper: collect.NewShaper(shapes, o), raws: raws, json: kind == inJSON}
	defer t.batch.Close()
	sum := sha256.Sum256(body)
	t.request = hex.EncodeToString(sum[:])
	if err = t.take(data); err == nil {
		_, err = t.batch.Wait()
	}
	if err != nil {
		fail(err, recordsIn(data)-t.batch.Handed())
		return
	}
	accept(w, kind, t.rejected)
}

func bad(reason string) error {
	return &collect.RequestError{Status: http.StatusBadRequest, Reason: reason}
}

func tooMany() error {
	return &collect.RequestError{Status: http.StatusRequestEntityTooLarge, Reason: "more than " + strconv.Itoa(mostRecords) + " records, or too many values: send less at once"}
}

// readProtobuf reads an ExportLogsServiceRequest, which on the wire is the same as LogsData, and the bytes of each record.
// It counts before it unpacks: two bytes may claim a record that takes a hundred.
func readProtobuf(body []byte) (*logs.LogsData, [][]byte, error) {
	var c counter
	if err := c.walk(body, request(), 0); err != nil {
		return nil, nil, err
	}
	if c.foreign {
		body = bytes.Clone(body)
		if err := (&counter{repair: true}).walk(body, request(), 0); err != nil {
			return nil, nil, err
		}
	}
	data := &logs.LogsData{}
	o := proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 4*deepest + 16}
	if o.Unmarshal(body, data) != nil {
		return nil, nil, bad("not a request to export logs")
	}
	return data, c.records, nil
}

// readJSON is readProtobuf for the JSON form. Unknown names are passed over, as OTLP wants.
func readJSON(body []byte) (*logs.LogsData, [][]byte, error) {
	var x jsonl.Index
	if err := x.Scan(body, jsonl.Limits{Depth: 4*deepest + 16, Values: 2 * mostMessages}); err != nil {
		return nil, nil, bad(err.Error())
	}
	var raws [][]byte
	for i := range x.Values {
		if v := &x.Values[i]; v.Kind == jsonl.Object && x.At(body, i, "resourceLogs.scopeLogs.logRecords") {
			raws = append(raws, body[v.Start:v.End])
		}
	}
	if len(raws) > mostRecords {
		return nil, nil, tooMany()
	}
	data := &logs.LogsData{}
	o := protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 4*deepest + 16}
	if o.Unmarshal(body, data) != nil { // its error quotes the body
		return nil, nil, bad("not a request to export logs")
	}
	// The library reads names_like_this too, which are not counted above.
	switch n := recordsIn(data); {
	case n > mostRecords:
		return nil, nil, tooMany()
	case n != len(raws):
		raws = nil // which record is whose cannot be told: each is written anew
	}
	return data, raws, nil
}

// taker takes the records of one request in.
type taker struct {
	o        collect.Options
	batch    *collect.Batch
	shaper   *collect.Shaper
	request  string // digest
	json     bool
	raws     [][]byte // of the records, in order
	n        int
	rejected int64
	f        fields
	ev       event.Event
}

func (t *taker) take(data *logs.LogsData) error {
	for _, r := range data.GetResourceLogs() {
		for _, s := range r.GetScopeLogs() {
			for _, l := range s.GetLogRecords() {
				if err := t.record(r, s, l); err != nil {
					return err
				}
				t.n++
			}
		}
	}
	return nil
}

func (t *taker) record(r *logs.ResourceLogs, s *logs.ScopeLogs, l *logs.LogRecord) error {
	raw := t.raw(l)
	if reason := t.read(r, s, l); reason != "" {
		t.rejected++
		return t.batch.Quarantine(raw, collect.Damage{Reason: reason})
	}
	t.ev.ID, t.ev.Record = event.ID{}, 0
	if l.GetTimeUnixNano() != 0 || l.GetObservedTimeUnixNano() != 0 {
		t.ev.ID = event.NewID(t.batch.Sender().ID(), "otlp", t.request, strconv.Itoa(t.n))
	}
	return t.batch.Put(&t.ev, raw)
}

func recordsIn(data *logs.LogsData) (n int) {
	for _, r := range data.GetResourceLogs() {
		for _, s := range r.GetScopeLogs() {
			n += len(s.GetLogRecords())
		}
	}
	return n
}

// raw is the record as it came. Where a sender writes it in a way that only the library understands, it is written anew.
func (t *taker) raw(l *logs.LogRecord) []byte {
	if t.n < len(t.raws) {
		return t.raws[t.n]
	}
	raw, err := proto.Marshal(l)
	if err != nil {
		return nil
	}
	return raw
}

// read makes t.ev of a record, or says why it holds no event.
func (t *taker) read(r *logs.ResourceLogs, s *logs.ScopeLogs, l *logs.LogRecord) (reason string) {
	if max(len(l.GetAttributes()), len(s.GetScope().GetAttributes()), len(r.GetResource().GetAttributes())) > mostAttributes {
		return "more than " + strconv.Itoa(mostAttributes) + " attributes"
	}
	err := t.f.build(r, s, l, t.json)
	if err == nil {
		err = t.f.b.Into(&t.ev, jsonl.Limits{Depth: t.o.Limits.Depth, Values: t.o.Limits.Values})
	}
	if err != nil {
		return "more values than the limit, or nested too deeply"
	}
	text := t.ev.Fields
	if t.shaper.Event(text, &t.ev) != nil {
		return "a record that cannot be read as what it seems to be"
	}
	if t.ev.Format == "json" { // of no known shape
		t.ev.Format = "otlp"
	}
	if at := recordTime(l); !at.IsZero() {
		t.ev.Time = at
	}
	return ""
}

// accept answers with an ExportLogsServiceResponse.
func accept(w http.ResponseWriter, kind string, rejected int64) {
	const message = "records that could not be read were kept as they came, and are no events"
	w.Header().Set("Content-Type", kind)
	var b []byte
	switch {
	case kind == inJSON && rejected == 0:
		b = []byte("{}")
	case kind == inJSON:
		b = append(b, `{"partialSuccess":{"rejectedLogRecords":"`...)
		b = append(strconv.AppendInt(b, rejected, 10), `","errorMessage":"`+message+`"}}`...)
	case rejected > 0:
		var partial []byte
		partial = protowire.AppendTag(partial, 1, protowire.VarintType) // rejected_log_records
		partial = protowire.AppendVarint(partial, uint64(rejected))
		partial = protowire.AppendTag(partial, 2, protowire.BytesType) // error_message
		partial = protowire.AppendString(partial, message)
		b = protowire.AppendTag(b, 1, protowire.BytesType) // partial_success
		b = protowire.AppendBytes(b, partial)
	}
	_, _ = w.Write(b) // a client that is gone sends again
}

// refuse answers with a google.rpc.Status.
func refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	const invalid, unauthenticated, denied, exhausted, unavailable = 3, 16, 7, 8, 14
	code := invalid
	switch status {
	case http.StatusUnauthorized:
		code = unauthenticated
	case http.StatusForbidden:
		code = denied
	case http.StatusTooManyRequests:
		code = exhausted
	case http.StatusServiceUnavailable:
		code = unavailable
	}
	kind, ok := form(r)
	if !ok {
		kind = inJSON
	}
	var b []byte
	if kind == protobuf {
		b = protowire.AppendTag(b, 1, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(code))
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, reason)
	} else {
		b = append(strconv.AppendInt(append(b, `{"code":`...), int64(code), 10), `,"message":`...)
		b = append(jsonl.AppendString(b, reason), '}')
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(b) // a client that is gone sends again
}

var errDeep = errors.New("values nested too deeply")

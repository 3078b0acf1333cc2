package otlp_test

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/httpin/httpintest"
	"github.com/wardline/wardline/internal/collect/otlp"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/journal"
)

const (
	inProto = "application/x-protobuf"
	inJSON  = "application/json"
)

func serve(t testing.TB) (*httpintest.Node, *collecttest.Memory) {
	kept := collecttest.NewMemory()
	return httpintest.Serve(t, kept, nil, otlp.Routes(windows.Shapes())...), kept
}

func str(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func list(v ...*common.AnyValue) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: v}}}
}

func pairs(kv ...*common.KeyValue) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: kv}}}
}

func attr(key string, v *common.AnyValue) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: v}
}

const at = 1772360430_000000007

// ward is a record with everything that a record can have.
func ward() *logs.LogRecord {
	return &logs.LogRecord{
		TimeUnixNano: at, ObservedTimeUnixNano: at + 1, SeverityNumber: 9, SeverityText: "INFO", Body: str("door opened"), EventName: "door",
		TraceId: []byte{0xaa, 0xbb, 0xcc, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, SpanId: []byte{0xff, 1, 2, 3, 4, 5, 6, 7},
		Attributes: []*common.KeyValue{
			attr("ward", str("7")), attr("body", str("an attribute")),
			attr("n", &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: -3}}), attr("ok", &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}),
			attr("x", &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: 0.5}}), attr("inf", &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: math.Inf(1)}}),
			attr("bytes", &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{1, 2}}}),
			attr("list", list(str("a"), pairs(attr("b", str("c"))))), attr("none", nil),
		},
	}
}

func data(records ...*logs.LogRecord) *logs.LogsData {
	return &logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{
		Resource: &resource.Resource{Attributes: []*common.KeyValue{attr("service.name", str("doors")), attr("ward", str("of the resource"))}},
		ScopeLogs: []*logs.ScopeLogs{{
			Scope:      &common.InstrumentationScope{Name: "lib", Version: "1", Attributes: []*common.KeyValue{attr("ward", str("of the scope"))}},
			LogRecords: records,
		}},
	}}}
}

func encoded(t testing.TB, d *logs.LogsData, kind string) string {
	t.Helper()
	b, err := proto.Marshal(d)
	if kind == inJSON {
		b, err = protojson.Marshal(d)
		for _, r := range d.GetResourceLogs()[0].GetScopeLogs()[0].GetLogRecords() { // OTLP writes ids in hexadecimal
			for _, id := range [][]byte{r.GetTraceId(), r.GetSpanId()} {
				if len(id) > 0 {
					b = bytes.ReplaceAll(b, mustJSON(t, id), []byte(fmt.Sprintf(`"%x"`, id)))
				}
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustJSON(t testing.TB, id []byte) []byte {
	b, err := protojson.Marshal(&common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: id}})
	if err != nil {
		t.Fatal(err)
	}
	_, b, _ = bytes.Cut(b, []byte(":"))
	return bytes.TrimSpace(bytes.TrimSuffix(b, []byte("}")))
}

// Both forms give the same event, with every value under its own name.
func TestFields(t *testing.T) {
	const want = `{"body":"door opened","time_unix_nano":1772360430000000007,"observed_time_unix_nano":1772360430000000008,"severity_text":"INFO","severity_number":9,` +
		`"trace_id":"aabbcc0102030405060708090a0b0c0d","span_id":"ff01020304050607","event_name":"door","scope.name":"lib","scope.version":"1",` +
		`"ward":"7","attributes.body":"an attribute","n":-3,"ok":true,"x":0.5,"inf":"+Inf","bytes":"AQI=","list":["a",{"b":"c"}],"none":null,` +
		`"scope.ward":"of the scope","service.name":"doors","resource.ward":"of the resource"}`
	for _, kind := range []string{inProto, inJSON} {
		n, kept := serve(t)
		resp, body := n.Do(t, httpintest.Request{Path: "/v1/logs", Type: kind, Body: encoded(t, data(ward()), kind)})
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != kind || body != map[string]string{inProto: "", inJSON: "{}"}[kind] {
			t.Errorf("%s: status %d: %s", kind, resp.StatusCode, body)
		}
		events := kept.Events(t, httpintest.Options(t).Taxonomy)
		if len(events) != 1 {
			t.Fatalf("%s: %d events", kind, len(events))
		}
		if diff := cmp.Diff(string(events[0].Fields), want); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		if ev := events[0]; ev.Format != "otlp" || ev.Time.UnixNano() != at {
			t.Errorf("%s: %s at %v", kind, ev.Format, ev.Time)
		}
	}
}

// A record whose attributes are those of a known shape gets its class.
func TestShapes(t *testing.T) {
	n, kept := serve(t)
	n.Do(t, httpintest.Request{Path: "/v1/logs", Type: inProto, Body: encoded(t, data(&logs.LogRecord{Attributes: []*common.KeyValue{
		attr("winlog.channel", str("Security")), attr("winlog.event_id", str("4625")),
	}}), inProto)})
	if events := kept.Events(t, httpintest.Options(t).Taxonomy); len(events) != 1 || events[0].Class.Service != "security" || events[0].Format != "winlogbeat" {
		t.Errorf("%+v", events)
	}
}

func TestRefusals(t *testing.T) {
	deep := str("x")
	for range 40 {
		deep = list(deep)
	}
	deeper := deep
	for range 40 {
		deeper = list(deeper)
	}
	wide := &logs.LogRecord{Body: str("wide")}
	for i := range 129 {
		wide.Attributes = append(wide.Attributes, attr(fmt.Sprint(i), str("x")))
	}
	many := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), nil), 10_001)
	inScope := func(b []byte) string { // records that take two bytes each
		for _, number := range []protowire.Number{2, 1} {
			b = protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		kind, body      string
		status          int
		answer          string
		events, damages int
	}{
		"nothing":        {inProto, "", 200, "", 0, 0},
		"nothing in it":  {inJSON, "{}", 200, "{}", 0, 0},
		"another type":   {"text/plain", "x", 415, `{"code":3,"message":"send `, 0, 0},
		"no protobuf":    {inProto, "\xff\xff", 400, "\x08\x03\x12", 0, 0},
		"no JSON":        {inJSON, "{", 400, `{"code":3,"message":"json: at byte`, 0, 0},
		"another JSON":   {inJSON, `{"resourceLogs":7}`, 400, "not a request", 0, 0},
		"unknown names":  {inJSON, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"},"new":1}]}]}]}`, 200, "{}", 1, 0},
		"deep":           {inProto, encoded(t, data(&logs.LogRecord{Body: deep}), inProto), 200, "\x0a", 0, 1},
		"too deep":       {inProto, encoded(t, data(&logs.LogRecord{Body: deeper}), inProto), 400, "nested too deeply", 0, 0},
		"deep in JSON":   {inJSON, encoded(t, data(&logs.LogRecord{Body: deep}), inJSON), 200, "partialSuccess", 0, 1},
		"one too wide":   {inProto, encoded(t, data(ward(), wide, ward()), inProto), 200, "\x0a", 2, 1},
		"wide in JSON":   {inJSON, encoded(t, data(wide, ward()), inJSON), 200, `"rejectedLogRecords":"1"`, 1, 1},
		"too many":       {inProto, inScope(many), 413, "more than 10000 records", 0, 0},
		"many in JSON":   {inJSON, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + strings.Repeat("{},", 10_000) + `{}]}]}]}`, 413, "more than", 0, 0},
		"no text":        {inProto, encoded(t, data(&logs.LogRecord{Body: str("door \x01")}), inProto), 200, "", 1, 0},
		"a foreign byte": {inProto, strings.Replace(encoded(t, data(&logs.LogRecord{Body: str("door opened")}), inProto), "door", "d\xe9or", 1), 200, "", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n, kept := serve(t)
			resp, body := n.Do(t, httpintest.Request{Path: "/v1/logs", Type: c.kind, Body: c.body})
			if resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
				t.Errorf("status %d: %q", resp.StatusCode, body)
			}
			damages := kept.Damages(t)
			if got := len(kept.Lines(journal.Events)); got != c.events || len(damages) != c.damages {
				t.Errorf("%d events and %d damages", got, len(damages))
			}
			for _, d := range damages {
				if !strings.Contains(c.body, string(d.Bytes)) || len(d.Bytes) == 0 {
					t.Error("a record was not kept as it came")
				}
			}
			collecttest.Balanced(t, n.Intake)
		})
	}
}

func TestPartialSuccess(t *testing.T) {
	wide := &logs.LogRecord{}
	for i := range 129 {
		wide.Attributes = append(wide.Attributes, attr(fmt.Sprint(i), nil))
	}
	n, _ := serve(t)
	_, body := n.Do(t, httpintest.Request{Path: "/v1/logs", Type: inProto, Body: encoded(t, data(wide, wide), inProto)})
	_, _, tag := protowire.ConsumeTag([]byte(body))
	partial, _ := protowire.ConsumeBytes([]byte(body)[tag:])
	_, _, tag = protowire.ConsumeTag(partial)
	if rejected, _ := protowire.ConsumeVarint(partial[tag:]); rejected != 2 {
		t.Errorf("%d rejected", rejected)
	}
}

// The same request sent again has the same events, unless its records say nothing of a time: two alike may be meant then.
func TestIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		record *logs.LogRecord
		same   bool
	}{"with a time": {ward(), true}, "without": {&logs.LogRecord{Body: str("door opened")}, false}} {
		n, kept := serve(t)
		for range 2 {
			n.Do(t, httpintest.Request{Path: "/v1/logs", Type: inProto, Body: encoded(t, data(c.record, c.record), inProto)})
		}
		ids := map[any]bool{}
		for _, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
			ids[ev.ID] = true
		}
		if want := map[bool]int{true: 2, false: 4}[c.same]; len(ids) != want {
			t.Errorf("%s: %d ids, want %d", name, len(ids), want)
		}
	}
}

func TestJournalFails(t *testing.T) {
	n, kept := serve(t)
	kept.Break(journal.ErrFailed)
	resp, body := n.Do(t, httpintest.Request{Path: "/v1/logs", Type: inProto, Body: encoded(t, data(ward()), inProto)})
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.HasPrefix(body, "\x08\x0e\x12") {
		t.Errorf("status %d: %q", resp.StatusCode, body)
	}
	if resp, body := n.Do(t, httpintest.Request{Path: "/v1/logs", Type: inJSON, Authorization: "-"}); resp.StatusCode != 401 || !strings.HasPrefix(body, `{"code":16,`) {
		t.Errorf("status %d: %q", resp.StatusCode, body)
	}
}

// FuzzLogs compares what is taken in with what the official decoder finds.
func FuzzLogs(f *testing.F) {
	for _, kind := range []string{inProto, inJSON} {
		f.Add([]byte(encoded(f, data(ward(), &logs.LogRecord{Body: str("0042")}), kind)), kind == inJSON)
	}
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"0042"},"attributes":"0042"}]}]}]}`), true)
	o := httpintest.Options(f)
	handler := otlp.Routes(windows.Shapes())[0].New(o)
	f.Fuzz(func(t *testing.T, body []byte, asJSON bool) {
		kind := inProto
		if asJSON {
			kind = inJSON
			body = formattest.Plant(body)
		}
		kept := collecttest.NewMemory()
		resp, in := collecttest.Post(t, kept, handler, kind, body)
		if resp.Code >= 500 || asJSON && bytes.Contains(resp.Body.Bytes(), []byte("0042canary")) {
			t.Fatalf("status %d: %q", resp.Code, resp.Body)
		}
		counts := collecttest.Balanced(t, in)["fuzz"]
		var d logs.LogsData
		err := proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, &d)
		if asJSON {
			err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, &d)
		}
		if err != nil {
			return // a string that is not UTF-8 is ours to repair; for the rest an answer was given
		}
		want := int64(0)
		for _, r := range d.GetResourceLogs() {
			for _, s := range r.GetScopeLogs() {
				want += int64(len(s.GetLogRecords()))
			}
		}
		if resp.Code == http.StatusOK && counts.Received != want {
			t.Fatalf("%d records, want %d", counts.Received, want)
		}
	})
}

package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/wardline/wardline/internal/event"
)

// fields writes the fields of an event.
type fields struct {
	b    event.Builder
	used map[string]bool
}

// build writes those of one record. json tells that the request came in JSON.
func (f *fields) build(r *logs.ResourceLogs, s *logs.ScopeLogs, l *logs.LogRecord, json bool) error {
	f.b.Reset()
	f.used = map[string]bool{}
	if l.GetBody() != nil {
		f.used["body"] = true
		if err := f.value("body", l.GetBody(), 0); err != nil {
			return err
		}
	}
	f.number("time_unix_nano", l.GetTimeUnixNano())
	f.number("observed_time_unix_nano", l.GetObservedTimeUnixNano())
	f.text("severity_text", l.GetSeverityText())
	f.number("severity_number", uint64(l.GetSeverityNumber()))
	f.text("trace_id", id(l.GetTraceId(), json))
	f.text("span_id", id(l.GetSpanId(), json))
	f.text("event_name", l.GetEventName())
	f.text("scope.name", s.GetScope().GetName())
	f.text("scope.version", s.GetScope().GetVersion())
	for _, group := range []struct {
		prefix string
		list   []*common.KeyValue
	}{
		{"attributes.", l.GetAttributes()}, {"scope.", s.GetScope().GetAttributes()}, {"resource.", r.GetResource().GetAttributes()},
	} {
		for _, a := range group.list {
			name := a.GetKey()
			if f.used[name] {
				name = group.prefix + name
			}
			f.used[name] = true
			if err := f.value(name, a.GetValue(), 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *fields) text(name, value string) {
	if value != "" {
		f.used[name] = true
		f.b.String(name, value)
	}
}

func (f *fields) number(name string, value uint64) {
	if value != 0 {
		f.used[name] = true
		f.b.Raw(name, strconv.AppendUint(nil, value, 10))
	}
}

// id is the identifier of a trace or span in hexadecimal. In JSON it is hexadecimal on the wire ("JSON Protobuf
// Encoding"), where the library expects base64: what it took for base64 is made text again.
func id(b []byte, json bool) string {
	if json {
		return base64.StdEncoding.EncodeToString(b)
	}
	return hex.EncodeToString(b)
}

// value writes a value of any type.
func (f *fields) value(name string, v *common.AnyValue, depth int) error {
	if depth > deepest {
		return errDeep
	}
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		f.b.String(name, v.StringValue)
	case *common.AnyValue_BoolValue:
		f.b.Bool(name, v.BoolValue)
	case *common.AnyValue_IntValue:
		f.b.Int(name, v.IntValue)
	case *common.AnyValue_DoubleValue:
		f.double(name, v.DoubleValue)
	case *common.AnyValue_BytesValue:
		f.b.String(name, base64.StdEncoding.EncodeToString(v.BytesValue))
	case *common.AnyValue_ArrayValue:
		f.b.Array(name)
		defer f.b.End()
		for _, e := range v.ArrayValue.GetValues() {
			if err := f.value("", e, depth+1); err != nil {
				return err
			}
		}
	case *common.AnyValue_KvlistValue:
		f.b.Object(name)
		defer f.b.End()
		for _, e := range v.KvlistValue.GetValues() {
			if err := f.value(e.GetKey(), e.GetValue(), depth+1); err != nil {
				return err
			}
		}
	default:
		f.b.Raw(name, []byte("null"))
	}
	return nil
}

// double writes a number; JSON has none for infinity and for what is no number.
func (f *fields) double(name string, v float64) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		f.b.String(name, strconv.FormatFloat(v, 'g', -1, 64))
		return
	}
	f.b.Raw(name, strconv.AppendFloat(nil, v, 'g', -1, 64))
}

// recordTime is when it happened, or else when it was seen; zero when the record says neither.
func recordTime(l *logs.LogRecord) time.Time {
	nano := l.GetTimeUnixNano()
	if nano == 0 {
		nano = l.GetObservedTimeUnixNano()
	}
	if nano == 0 || nano > math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(0, int64(nano)).UTC()
}

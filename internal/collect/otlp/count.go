package otlp

import (
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a kind of message as it lies on the wire: what messages its fields hold.
type message struct {
	fields map[protowire.Number]*message
	texts  []protowire.Number // fields that are strings
	record bool               // it is a log record
}

// request is an ExportLogsServiceRequest (opentelemetry/proto/logs/v1/logs.proto, common/v1/common.proto).
func request() *message {
	type fields = map[protowire.Number]*message
	value := &message{texts: []protowire.Number{1}}
	pair := &message{texts: []protowire.Number{1}, fields: fields{2: value}}
	value.fields = fields{5: {fields: fields{1: value}}, 6: {fields: fields{1: pair}}}
	resource := &message{fields: fields{1: pair}}
	scope := &message{texts: []protowire.Number{1, 2}, fields: fields{3: pair}}
	record := &message{texts: []protowire.Number{3, 12}, fields: fields{5: value, 6: pair}, record: true}
	scopeLogs := &message{texts: []protowire.Number{3}, fields: fields{1: scope, 2: record}}
	resourceLogs := &message{texts: []protowire.Number{3}, fields: fields{1: resource, 2: scopeLogs}}
	return &message{fields: fields{1: resourceLogs}}
}

// counter walks over a request without unpacking it.
type counter struct {
	messages int
	records  [][]byte
	foreign  bool // a string is not UTF-8
	repair   bool // put question marks where strings are not UTF-8
}

// walk counts what b, which is of the kind m, holds.
func (c *counter) walk(b []byte, m *message, depth int) error {
	// A value in a value is two or three messages down: AnyValue, its list, the pair in it.
	if depth > 3*deepest+8 {
		return bad("values nested too deeply")
	}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return bad("not a request to export logs")
		}
		b = b[n:]
		inner := m.fields[number]
		if kind != protowire.BytesType || inner == nil {
			c.text(b, number, kind, m)
			if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
				return bad("not a request to export logs")
			}
			b = b[n:]
			continue
		}
		text, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return bad("not a request to export logs")
		}
		b = b[n:]
		c.messages++
		if inner.record {
			c.records = append(c.records, text)
		}
		if c.messages > mostMessages || len(c.records) > mostRecords {
			return tooMany()
		}
		if err := c.walk(text, inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// text looks whether the field that b begins with is a string that is not UTF-8, for which the library would refuse the
// whole request: one bad byte would hide the events of a batch.
func (c *counter) text(b []byte, number protowire.Number, kind protowire.Type, m *message) {
	if kind != protowire.BytesType || !slices.Contains(m.texts, number) {
		return
	}
	text, n := protowire.ConsumeBytes(b)
	if n < 0 || utf8.Valid(text) {
		return
	}
	c.foreign = true
	for i := 0; c.repair && i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			text[i] = '?'
		}
		i += size
	}
}

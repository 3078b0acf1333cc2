package scan

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// EventWriter is a Sink that writes every event as one line of JSON:
//
//	{"source","record","time","logsource":{...},"fields":{...}}
type EventWriter struct {
	w    *bufio.Writer
	line []byte
}

// NewEventWriter writes to w; Flush when the run is over.
func NewEventWriter(w io.Writer) *EventWriter {
	return &EventWriter{w: bufio.NewWriterSize(w, 64<<10)}
}

// Emit implements Sink.
func (e *EventWriter) Emit(ev *event.Event) error {
	logsource, err := json.Marshal(ev.Class.Logsource)
	if err != nil {
		return err
	}
	b := append(e.line[:0], `{"source":`...)
	b = jsonl.AppendString(b, ev.Source)
	b = append(b, `,"record":`...)
	b = strconv.AppendInt(b, ev.Record, 10)
	b = append(b, `,"time":`...)
	if ev.Time.IsZero() {
		b = append(b, "null"...)
	} else {
		b = append(ev.Time.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	}
	b = append(b, `,"logsource":`...)
	b = append(b, logsource...)
	b = append(b, `,"fields":`...)
	b = event.AppendOneLine(b, ev.Fields)
	e.line = append(b, '}', '\n')
	_, err = e.w.Write(e.line)
	return err
}

// Flush writes what is still held back.
func (e *EventWriter) Flush() error { return e.w.Flush() }

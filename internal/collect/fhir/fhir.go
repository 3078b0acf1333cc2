// Package fhir reads FHIR AuditEvents: who looked at, changed, sent or searched for what about
// which patient, as modern clinical systems record it. A node takes other resources in as well, for they say who
// has to do with which patient: encounters, orders, appointments.
//
// An event's fields are the resource itself under FHIR's names (type.code, agent.who.reference,
// entity.what.reference ...). Beside them stands access, the form that all clinical collectors
// share; docs/clinical-taxonomy.md is its manual.
package fhir

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

const formatName = "fhir"

// Shape is a resource in JSON. Those of other types than AuditEvent are events where whole records are asked for, and else hold none.
func Shape() collect.Shape {
	return collect.Shape{Name: formatName, Fits: fits, Event: shapeEvent}
}

func fits(obj collect.Object) int {
	switch kind := fhir.ResourceType(obj.Text, obj.Index); {
	case kind == "AuditEvent":
		return 100
	case kind != "" && kind[0] >= 'A' && kind[0] <= 'Z':
		return 85
	}
	return 0
}

func shapeEvent(obj collect.Object, o collect.Options, ev *event.Event, b *event.Builder) error {
	e, err := fhir.ParseIndexed(obj.Text, obj.Index)
	switch {
	case errors.Is(err, fhir.ErrOtherResource) && o.Whole:
		return other(obj, o, ev)
	case errors.Is(err, fhir.ErrOtherResource):
		return collect.ErrSkip
	case err != nil:
		return err
	}
	return fill(&e, obj.Text, obj.Index, o, ev, b)
}

// other makes an event of a resource that is no AuditEvent: its Fields are the resource itself, which ev holds already.
func other(obj collect.Object, o collect.Options, ev *event.Event) error {
	switch {
	case obj.Index.Find(obj.Text, "access") >= 0:
		return errAccess
	case fhir.ResourceType(obj.Text, obj.Index) == "Bundle":
		return errBundle
	}
	ev.Class = o.Taxonomy.Class("fhir", "resource", "")
	ev.Time = time.Time{}
	if i := obj.Index.Find(obj.Text, "meta.lastUpdated"); i >= 0 {
		ev.Time, _ = event.ParseTime(obj.Raw(int32(i)))
	}
	return nil
}

// errBundle refuses what holds resources where one is asked for.
var errBundle = errors.New("fhir: a Bundle is posted to " + base + " by itself")

// errAccess refuses a resource that brings its own access: FHIR has no such element, and
// rules would take the sender's word for ours.
var errAccess = errors.New("fhir: an element named access is not part of FHIR")

func fill(e *fhir.AuditEvent, text []byte, x *jsonl.Index, o collect.Options, ev *event.Event, b *event.Builder) error {
	if i := x.Find(text, "access"); i >= 0 {
		return errAccess
	}
	ev.Format = formatName
	ev.Class = o.Taxonomy.Class("ehr", "audit", "")
	ev.Time, _ = event.ParseTime([]byte(e.Start))
	if ev.Time.IsZero() {
		ev.Time, _ = event.ParseTime([]byte(e.Recorded))
	}
	a := normalise(e)
	b.Reset()
	b.Access(&a)
	b.Members(text)
	return b.Into(ev, jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values})
}

// XML reads files of FHIR XML.
func XML() collect.Format {
	return collect.Format{Name: "fhir-xml", Sniff: sniffXML, Open: openXML}
}

func sniffXML(head []byte) int {
	text, _ := charset.UTF8(head, "")
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(text) == 0 || text[0] != '<' || !bytes.Contains(text, []byte("http://hl7.org/fhir")):
		return 0
	case bytes.Contains(text, []byte("<AuditEvent")):
		return 95
	case bytes.Contains(text, []byte("<Bundle")):
		return 60
	}
	return 0
}

func openXML(r io.Reader, o collect.Options) collect.Decoder {
	lim := fhir.XMLLimits{Bytes: o.Limits.Record, Depth: o.Limits.Depth, Elements: o.Limits.Values}
	return &decoder{r: fhir.NewXMLReader(r, lim), o: o}
}

type decoder struct {
	r      *fhir.XMLReader
	o      collect.Options
	x      jsonl.Index
	b      event.Builder
	record int64
}

func (d *decoder) Next(ev *event.Event) error {
	text, at, err := d.r.Next()
	var broken *fhir.Error
	if errors.As(err, &broken) {
		return &collect.Damage{Offset: int64(broken.Offset), Reason: broken.Reason}
	}
	if err != nil {
		return err
	}
	d.record++
	if err := d.event(text, ev); err != nil {
		return &collect.Damage{Offset: at, Records: 1, Reason: "an AuditEvent that cannot be read"}
	}
	ev.Record = d.record
	return nil
}

func (d *decoder) event(text []byte, ev *event.Event) error {
	lim := jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}
	if err := d.x.Scan(text, lim); err != nil {
		return err
	}
	e, err := fhir.ParseIndexed(text, &d.x)
	if err != nil {
		return err
	}
	return fill(&e, text, &d.x, d.o, ev, &d.b)
}

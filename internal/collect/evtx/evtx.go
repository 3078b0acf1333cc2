// Package evtx brings in the event logs that Windows keeps (.evtx files), live ones copied
// while they were written and damaged ones included.
//
// An event's fields are those that package format/evtx gives: the elements of System, EventData
// and UserData under their own names.
package evtx

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/wardline/wardline/format/evtx"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads EVTX files, and chunks carved from them.
func Format() collect.Format {
	return collect.Format{Name: formatName, Sniff: sniff, Open: open, Serial: "EventRecordID"}
}

const formatName = "evtx"

// sniff looks for the header of a file or a chunk, and for the first chunk where the header of the file was
// wiped: that hides a log from those who look for its first bytes only.
func sniff(head []byte) int {
	const chunk, first = "ElfChnk\x00", 4096
	switch {
	case bytes.HasPrefix(head, []byte("ElfFile\x00")), bytes.HasPrefix(head, []byte(chunk)):
		return 100
	case len(head) > first && bytes.HasPrefix(head[first:], []byte(chunk)):
		return 99
	}
	return 0
}

func open(r io.Reader, o collect.Options) collect.Decoder {
	lim := evtx.DefaultLimits()
	lim.Record = min(lim.Record, o.Limits.Record)
	lim.Depth = min(lim.Depth, o.Limits.Depth)
	lim.Fields = min(lim.Fields, o.Limits.Values)
	return &decoder{r: evtx.NewReader(r, lim), o: o}
}

type decoder struct {
	r      *evtx.Reader
	o      collect.Options
	rec    evtx.Record
	record int64
	code   []byte
}

// Next implements collect.Decoder.
func (d *decoder) Next(ev *event.Event) error {
	err := d.r.Next(&d.rec)
	var damage *evtx.Damage
	if errors.As(err, &damage) {
		d.record += int64(damage.Records)
		return &collect.Damage{Offset: damage.Offset, Records: damage.Records, Reason: damage.Reason}
	}
	if err != nil {
		return err
	}
	d.record++
	ev.Fields = d.rec.JSON
	if err := ev.Index.Scan(ev.Fields, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return &collect.Damage{Offset: d.rec.Offset, Records: 1, Reason: "more fields than the limit"}
	}
	d.code = strconv.AppendUint(d.code[:0], uint64(d.rec.EventID), 10)
	ev.Format, ev.Record, ev.Time = formatName, d.record, d.rec.Created
	ev.Class = d.o.Taxonomy.ClassOf("windows", d.rec.Channel, d.code).Refine(ev)
	return nil
}

// Package ehrcsv reads what hospitals export as delimited text: the access logs of their electronic health record, one line for each
// time somebody opened, changed or printed a chart; and the files by which a site says who works there (staff), when
// (roster), where what belongs to what (location), and who is to be handled with care or has a special reason (list); and the logs of drug
// cabinets, who took what out for whom.
//
// What the columns mean is said by a mapping file for each product; a site can bring its own.
// An event's fields are the columns under their own names. Beside them stands access, the form
// that all clinical collectors share, or row, which has the fields of the site's files, or for cabinets both; docs/clinical-taxonomy.md is their
// manual. Files that fit no mapping become events of no known log source.
//
// Spreadsheets damage such files: they drop the zeros that numbers begin with and write long numbers as
// 1.23E+11. Such a line is reported as damaged. One of an access log is read all the same, for somebody looked at something; one
// of a site's file or of a cabinet is not, for it would say something wrong of somebody.
package ehrcsv

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads delimited text. maps are tried in order; the first whose columns are there is taken.
func Format(maps []Mapping) collect.Format {
	return collect.Format{
		Name:  "csv",
		Sniff: func(head []byte) int { return sniff(maps, head) },
		Open: func(r io.Reader, o collect.Options) collect.Decoder {
			return &decoder{maps: maps, o: o, source: bufio.NewReaderSize(charset.NewReader(r), headSize)}
		},
	}
}

// headSize is what is read ahead to tell the delimiter.
const headSize = 64 << 10

// titleLines is how many lines may stand above the header.
const titleLines = 5

func sniff(maps []Mapping, head []byte) int {
	text, _ := charset.UTF8(head, "")
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) == 0 || start[0] == '{' || start[0] == '[' || start[0] == '<' || bytes.IndexByte(text, 0) >= 0 {
		return 0
	}
	delim, columns := delimiter(text)
	if columns < 2 {
		return 0
	}
	rows := firstLines(text)
	for i, row := range rows {
		if _, ok := choose(maps, splitQuoted(row, delim)); ok && i < titleLines {
			return 92
		}
	}
	for _, row := range rows {
		if len(splitQuoted(row, delim)) != columns {
			return 0
		}
	}
	if columns >= 3 && len(rows) >= 2 && isHeader(splitQuoted(rows[0], delim)) {
		return 15
	}
	return 0
}

// layout is how one file is to be read.
type layout struct {
	mapping *Mapping // nil when no mapping fits
	columns columns
}

func choose(maps []Mapping, header []string) (layout, bool) {
	for i := range maps {
		if at, ok := maps[i].fit(header); ok {
			return layout{&maps[i], at}, true
		}
	}
	return layout{}, false
}

// isHeader tells a row of names from one of values.
func isHeader(cells []string) bool {
	seen := map[string]bool{}
	for _, c := range cells {
		key := foldName(c)
		if key == "" || seen[key] || '0' <= key[0] && key[0] <= '9' {
			return false
		}
		seen[key] = true
	}
	return true
}

type decoder struct {
	maps    []Mapping
	o       collect.Options
	source  *bufio.Reader
	records *records // nil before the first Next
	layout  layout
	names   []string   // of the columns
	early   []earlyRow // read in search of the header
	class   *event.Class
	widths  []int // by column, of numbers that begin with 0
	held    bool  // the row in records was reported as damaged and is yet to be returned
	access  event.Access
	// meanings are those of the native actions met so far.
	meanings map[string]meaning
	b        event.Builder
	record   int64
}

// earlyRow is a row, or what spoilt it.
type earlyRow struct {
	cells  []string
	start  int
	offset int64
	err    error
}

func (d *decoder) Next(ev *event.Event) error {
	if d.records == nil {
		if err := d.begin(); err != nil {
			return err
		}
	}
	if d.held {
		d.held = false
		return d.event(ev)
	}
	if err := d.row(); err != nil {
		return d.failed(err)
	}
	if reason := d.inspect(); reason != "" {
		if m := d.layout.mapping; m != nil && m.kind != nil {
			return d.damage(reason, 1)
		}
		d.held = true
		return d.damage(reason, 0)
	}
	return d.event(ev)
}

func (d *decoder) row() error {
	if len(d.early) == 0 {
		return d.records.next()
	}
	first := d.early[0]
	d.early = d.early[1:]
	d.records.cells = append(d.records.cells[:0], first.cells...)
	d.records.start, d.records.offset = first.start, first.offset
	return first.err
}

// failed turns what spoils one record into a Damage.
func (d *decoder) failed(err error) error {
	if spoilsOne(err) {
		return d.damage(err.Error(), 1)
	}
	return err
}

func spoilsOne(err error) bool {
	return errors.Is(err, errLong) || errors.Is(err, errWide) || errors.Is(err, errUnclosed)
}

func (d *decoder) damage(reason string, lost int) error {
	return &collect.Damage{
		Offset: d.records.offset, Records: lost,
		Reason: "line " + strconv.Itoa(d.records.start) + ": " + reason,
	}
}

// begin finds the delimiter and the header.
func (d *decoder) begin() error {
	head, err := d.source.Peek(headSize)
	if len(head) == 0 {
		return err
	}
	mark := 0
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		mark, _ = d.source.Discard(len("\ufeff"))
		head = head[mark:]
	}
	d.records = newRecords(d.source, mark, d.o.Limits)
	d.records.delim, _ = delimiter(head)
	for range titleLines {
		err := d.records.next()
		if err == nil && isSeparatorLine(d.records.text) {
			continue
		}
		row := earlyRow{start: d.records.start, offset: d.records.offset, err: err}
		if err == nil {
			row.cells = append(row.cells, d.records.cells...)
		}
		if l, ok := choose(d.maps, row.cells); ok {
			d.layout, d.early = l, nil
			product, service, _ := strings.Cut(l.mapping.Class, "/")
			d.class = d.o.Taxonomy.Class(product, service, "")
			d.header(row.cells)
			return nil
		}
		d.early = append(d.early, row)
		if err != nil && !spoilsOne(err) {
			break
		}
	}
	d.generic()
	return nil
}

// generic reads a file that fits no mapping.
func (d *decoder) generic() {
	d.class = d.o.Taxonomy.Class("", "", "")
	if len(d.early) > 0 && d.early[0].err == nil && isHeader(d.early[0].cells) {
		d.header(d.early[0].cells)
		d.early = d.early[1:]
	}
}

// longestName bounds the name of a column: every event repeats it.
const longestName = 256

// header names the columns. Names that stand twice, and the one that is ours, are numbered.
func (d *decoder) header(cells []string) {
	used := map[string]int{"access": 1, "row": 1} // the last number that was given to a name
	for i, c := range cells {
		name := strings.TrimSpace(c)
		if name == "" || len(name) > longestName {
			name = "column_" + strconv.Itoa(i+1)
		}
		unique := name
		for used[unique] > 0 {
			used[name]++
			unique = name + "_" + strconv.Itoa(used[name])
		}
		used[unique] = 1
		d.names = append(d.names, unique)
	}
	d.widths = make([]int, len(d.names))
}

func (d *decoder) event(ev *event.Event) error {
	d.record++
	cells := d.records.cells
	ev.Format, ev.Class, ev.Record = "csv", d.class, d.record
	d.b.Reset()
	switch m := d.layout.mapping; {
	case m == nil:
		ev.Time = d.anyTime()
	case m.kind != nil:
		ev.Time = time.Time{} // it says how things are, not when that began
		if reason := d.site(m); reason != "" {
			return d.damage(reason, 1)
		}
		if m.kind.happened || m.kind.content {
			ev.Time = d.time()
		}
		if m.kind.happened {
			d.act()
		}
	default:
		ev.Time = d.time()
		d.normalise()
		d.b.Access(&d.access)
	}
	for i, c := range cells {
		switch {
		case i < len(d.names):
			d.b.String(d.names[i], c)
		case c != "" || len(d.names) == 0:
			d.b.String(fmt.Sprintf("column_%d", i+1), c)
		}
	}
	if err := d.b.Into(ev, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return d.damage("more columns than the limit", 1)
	}
	return nil
}

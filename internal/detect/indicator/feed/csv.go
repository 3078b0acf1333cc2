package feed

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/lines"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
)

// role is what a column holds.
type role uint8

const (
	ignored role = iota
	valueRole
	typeRole
	titleRole
	descriptionRole
	levelRole
	confidenceRole
	authorRole
	referenceRole
	fromRole
	untilRole
	portRole
	idRole
)

type column struct {
	role role
	want want // kinds of a value
}

const (
	maxColumns = 256
	maxSpan    = 200 // lines of one record: a quote that is never closed shall not swallow the list
)

// columnNamed tells by its squashed name what a column holds.
func columnNamed(name string) column {
	switch name {
	case "value", "indicator", "indicatorvalue", "ioc", "iocvalue", "observable", "observablevalue", "artifact":
		return column{valueRole, anyKind}
	case "type", "ioctype", "indicatortype", "valuetype", "observabletype", "kind":
		return column{role: typeRole}
	case "title", "name", "threat", "threatname", "malware", "malwareprintable", "malwarefamily", "family", "signature":
		return column{role: titleRole}
	case "description", "comment", "comments", "note", "notes", "details", "reason", "tags":
		return column{role: descriptionRole}
	case "level", "severity", "threatlevel", "priority":
		return column{role: levelRole}
	case "confidence", "confidencelevel": // in per cent
		return column{role: confidenceRole}
	case "author", "reporter", "source", "provider", "feed":
		return column{role: authorRole}
	case "reference", "references", "link", "urlhauslink", "externalreference":
		return column{role: referenceRole}
	case "validfrom":
		return column{role: fromRole}
	case "validuntil", "expires", "expiry", "expiration", "expirationdate":
		return column{role: untilRole}
	case "port", "dstport", "destinationport":
		return column{role: portRole}
	case "id", "iocid", "uuid", "indicatorid":
		return column{role: idRole}
	}
	if w, ok := wanted(name); ok {
		return column{valueRole, w}
	}
	return column{}
}

// columnsOf reads the names of columns, or returns nil when the line does not name the one of the values.
// A column of values of all kinds leaves the others, such as a host's address, unused.
func (l *Loader) columnsOf(line []byte, delim byte) []column {
	cells := split(nil, line, delim)
	if len(cells) > maxColumns || l.valueCell(cells) >= 0 {
		return nil
	}
	columns := make([]column, len(cells))
	values, general := 0, false
	for i, cell := range cells {
		columns[i] = columnNamed(squash(cell))
		if columns[i].role == valueRole {
			values++
			general = general || columns[i].want == anyKind
		}
	}
	if values == 0 {
		return nil
	}
	for i := range columns {
		if general && columns[i].role == valueRole && columns[i].want != anyKind {
			columns[i].role = ignored
		}
	}
	return columns
}

// table reads the records of a list in CSV.
type table struct {
	*Loader
	layout
	in     *lines.Reader
	line   int // number of the last line read
	source int
	joined []byte
	cells  []string
}

func (l *Loader) readCSV(in *lines.Reader, layout layout, source int) error {
	t := &table{Loader: l, layout: layout, in: in, source: source}
	for l.full == nil {
		text, err := t.readLine()
		start := t.line
		if err == nil {
			text, err = t.whole(text)
		}
		switch {
		case errors.Is(err, lines.ErrTooLong):
			l.refuse(start, "record longer than the limit")
		case errors.Is(err, errUnclosed):
			l.refuse(start, errUnclosed.Error())
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		default:
			t.record(text, start)
		}
	}
	return nil
}

func (t *table) readLine() ([]byte, error) {
	text, err := t.in.Line()
	t.line++
	return bytes.TrimSuffix(text, []byte("\r")), err
}

var errUnclosed = errors.New("a quote is not closed")

// whole joins the lines of a record whose quoted cells hold line ends (RFC 4180 2.6).
func (t *table) whole(text []byte) ([]byte, error) {
	if bytes.IndexByte(text, '"') < 0 || !opens(text, t.delim, false) {
		return text, nil
	}
	t.joined = append(t.joined[:0], text...)
	for open, n := true, 1; open; n++ {
		more, err := t.readLine()
		switch {
		case err == io.EOF || n == maxSpan:
			return nil, errUnclosed
		case err != nil:
			return nil, err
		case len(t.joined)+len(more) >= t.lim.Line:
			return nil, lines.ErrTooLong
		}
		t.joined = append(append(t.joined, '\n'), more...)
		open = opens(more, t.delim, true)
	}
	return t.joined, nil
}

// opens tells whether a quoted cell is open at the end of a line; open says how it began.
func opens(line []byte, delim byte, open bool) bool {
	begin := true // of a cell
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case open && c == '"' && i+1 < len(line) && line[i+1] == '"':
			i++
		case open && c == '"':
			open, begin = false, false
		case open:
		case c == '"' && begin:
			open = true
		default:
			begin = c == delim || begin && c == ' '
		}
	}
	return open
}

// split cuts a record into cells without their quotes (RFC 4180 2.5 to 2.7). Blanks before an opening
// quote are passed over, as abuse.ch writes them.
func split(cells []string, text []byte, delim byte) []string {
	for {
		cell, rest, more := cut(text, delim)
		cells = append(cells, cell)
		if !more {
			return cells
		}
		text = rest
	}
}

func cut(text []byte, delim byte) (cell string, rest []byte, more bool) {
	if quoted := bytes.TrimLeft(text, " "); len(quoted) > 0 && quoted[0] == '"' {
		var out []byte
		text = quoted[1:]
		for {
			i := bytes.IndexByte(text, '"')
			if i < 0 {
				return string(append(out, text...)), nil, false
			}
			out = append(out, text[:i]...)
			if text = text[i+1:]; len(text) == 0 || text[0] != '"' {
				break
			}
			out, text = append(out, '"'), text[1:]
		}
		_, rest, more = bytes.Cut(text, []byte{delim})
		return string(out), rest, more
	}
	before, rest, more := bytes.Cut(text, []byte{delim})
	return string(bytes.TrimSpace(before)), rest, more
}

// record reads one record.
func (t *table) record(text []byte, line int) {
	trimmed := bytes.TrimSpace(text)
	if comment, ok := isComment(trimmed); ok || line == t.header {
		if t.taken == 0 && line != t.header {
			readRemark(t.builder.Source(t.source), comment)
		}
		return
	}
	t.cells = split(t.cells[:0], text, t.delim)
	if len(t.cells) > maxColumns {
		t.refuse(line, "more cells than the limit")
		return
	}
	if t.columns == nil {
		t.bare(line)
		return
	}
	d := indicator.Detail{Source: t.source}
	w, err := t.describeRecord(&d)
	if err != nil {
		t.refuse(line, err.Error())
		return
	}
	values := 0
	for i, c := range t.columns[:min(len(t.columns), len(t.cells))] {
		if c.role == valueRole && t.cells[i] != "" && t.cells[i] != "n/a" {
			values++
			t.value(t.cells[i], c.want&w, &d, line)
		}
	}
	if values == 0 {
		t.refuse(line, "no value")
	}
}

func (t *table) value(text string, w want, d *indicator.Detail, line int) {
	if w == 0 {
		t.refuse(line, "the type contradicts the column")
		return
	}
	v, err := t.parse([]byte(text), w)
	if err != nil {
		t.refuse(line, err.Error())
		return
	}
	if v.Kind != indicator.Address && v.Kind != indicator.Domain {
		plain := *d
		plain.Port = 0
		d = &plain // a URL has its port in it, a digest none
	}
	t.add(v, line, t.describe(*d, v))
}

// describeRecord reads the cells beside the values, and which kinds the type leaves.
func (t *table) describeRecord(d *indicator.Detail) (w want, err error) {
	w = anyKind
	for i, c := range t.columns[:min(len(t.columns), len(t.cells))] {
		cell := strings.TrimSpace(t.cells[i])
		if cell == "" {
			continue
		}
		switch c.role {
		case typeRole:
			var known bool
			if w, known = wanted(squash(cell)); !known {
				return 0, kindError("a type that is not supported")
			}
		case titleRole:
			d.Title = short(cell, maxTitle)
		case descriptionRole:
			d.Description = join(d.Description, short(cell, maxText))
		case levelRole:
			if grave := level(cell); grave != "" {
				d.Level = grave
			}
		case confidenceRole:
			if percent, err := strconv.Atoi(cell); err == nil && d.Level == "" {
				d.Level = confident(percent)
			}
		case authorRole:
			d.Author = short(cell, maxTitle)
		case referenceRole:
			d.References = append(d.References, short(cell, maxReference))
		case fromRole:
			d.From, err = moment(cell)
		case untilRole:
			d.Until, err = moment(cell)
		case portRole:
			d.Port, err = port(cell)
		case idRole:
			d.ID = short(cell, maxTitle)
		}
		if err != nil {
			return 0, err
		}
	}
	return w, nil
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return short(a+"; "+b, maxText)
}

func port(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, kindError("not a port")
	}
	return uint16(n), nil
}

// moment reads a time, or a day, which begins at midnight UTC.
func moment(text string) (time.Time, error) {
	if t, ok := event.ParseTime([]byte(text)); ok {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	return time.Time{}, kindError("a time that cannot be read")
}

// bare reads a record without column names: the first cell that is an indicator is the value, others may state
// its type and level, and the longest text describes it.
func (t *table) bare(line int) {
	at := t.valueCell(t.cells)
	if at < 0 {
		t.refuse(line, "no value of a kind that is known")
		return
	}
	d, w := indicator.Detail{Source: t.source}, anyKind
	for i, cell := range t.cells {
		if i == at {
			continue
		}
		if kinds, ok := wanted(squash(cell)); ok {
			w = kinds
		} else if grave := level(cell); grave != "" {
			d.Level = grave
		} else if len(cell) > len(d.Description) && strings.ContainsFunc(cell, isLetter) {
			d.Description = short(cell, maxText)
		}
	}
	t.value(t.cells[at], w, &d, line)
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

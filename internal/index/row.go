package index

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/vault/veil"
)

// The columns that are the index's own. A sender's field of the same name stands under foreign + its name.
const (
	colID      = "@id"
	colSource  = "@source"
	colFormat  = "@format"
	colClass   = "@class"
	colEntry   = "@entry"
	colLine    = "@line"
	colClaimed = "@claimed" // the time that the event claims, when it was not believed
	colCut     = "@cut"     // how many of its fields are not, or not whole, in the index
	colVeiled  = "@veiled"  // it is a clinical system's, and has fields that are not in the index because they may name a patient

	colAddresses = "@addresses" // of machines, in the fields that are left out
	colStream    = "@stream"    // @source, or a bucket once there are many: never as many as senders can make up

	foreign = "fields."
)

// Rows lie between these times: days that VictoriaLogs counts without overflow, and that no clock shows by mistake.
var (
	firstTime = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// What one row may hold. VictoriaLogs drops rows beyond these limits, so they are kept here.
const (
	maxRow    = 256<<10 - 1<<10 // bytes
	maxFields = 980             // of the sender; with ours they stay below 1,000
	maxName   = 128             // bytes of a field's name
	maxStream = 1000            // sources that have a stream of their own
)

// column is the name under which a sender's field is kept.
func column(name string) string {
	switch {
	case name == "":
		return foreign
	case name[len(name)-1] == '*': // would ask for all fields that begin so
		return foreign + name + "."
	case name[0] == '_':
		switch name {
		case "_time", "_msg", "_stream", "_stream_id":
			return foreign + name
		}
	case name[0] == '@':
		switch name {
		case colID, colSource, colFormat, colClass, colEntry, colLine, colClaimed, colCut, colVeiled, colAddresses, colStream:
			return foreign + name
		}
	}
	return name
}

// rows turns lines of the journal into rows of the index. It belongs to one goroutine.
type rows struct {
	past, future time.Duration
	veil         *veil.Veil
	streams      map[string]struct{} // sources that have a stream of their own

	index   jsonl.Index
	names   []byte         // the paths of containers, one behind the other
	spans   []span         // for each value from the first field on, its path in names
	columns []col          // in the order of their first value
	byName  map[string]int // place in columns
	next    []int32        // for each value from the first field on, the next value of the same column; 0 is none
	scratch []byte
	list    []byte

	tokens, authorities, addresses []string        // of one row
	patients                       map[string]bool // names of fields that say who a patient is
}

type span struct{ start, end int }

type col struct {
	name        string
	first, last int // of its values
}

func newRows(past, future time.Duration, v *veil.Veil) *rows {
	return &rows{past: past, future: future, veil: v, streams: map[string]struct{}{}, byName: map[string]int{}, patients: map[string]bool{}}
}

// head is what a line says about its event.
type head struct {
	id, source, format, class, fields int // places in the index; -1 when there is none
	at                                time.Time
	claimed                           string
}

// append appends the row of one line to dst, and tells how many fields it cut. ok is false when
// the line is no event as the journal keeps it; dst is returned as it was.
func (r *rows) append(dst []byte, entry uint64, line int, text []byte) (row []byte, cut int, ok bool) {
	if err := r.index.Scan(text, jsonl.DefaultLimits()); err != nil {
		return dst, 0, false
	}
	h, ok := r.head(text)
	if !ok {
		return dst, 0, false
	}
	cut = r.gather(text, h.fields)
	clinical := veil.Clinical(r.text(text, h.class))
	if clinical {
		r.learn(text, h.fields)
	}
	source, _ := r.veil.Hide([]byte(r.text(text, h.source))) // a file may be called after a patient
	start := len(dst)
	dst = append(dst, `{"_time":"`...)
	dst = h.at.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","@stream":`...)
	dst = jsonl.AppendString(dst, r.stream(string(source)))
	dst = append(dst, `,"@entry":`...)
	dst = strconv.AppendUint(dst, entry, 10)
	dst = append(dst, `,"@line":`...)
	dst = strconv.AppendInt(dst, int64(line), 10)
	for _, own := range []struct {
		name string
		at   int
	}{{`,"@id":`, h.id}, {`,"@format":`, h.format}, {`,"@class":`, h.class}} {
		if own.at >= 0 {
			dst = append(dst, own.name...)
			dst = jsonl.AppendString(dst, keep(shorten(r.text(text, own.at), maxRow/16)))
		}
	}
	dst = append(dst, `,"@source":`...)
	dst = jsonl.AppendString(dst, keep(shorten(string(source), maxRow/16)))
	if h.claimed != "" {
		dst = append(dst, `,"@claimed":`...)
		dst = jsonl.AppendString(dst, h.claimed)
	}
	appendFields := r.appendColumns
	if clinical {
		appendFields = r.appendClinical
	}
	dst, more := appendFields(dst, start+maxRow, text, h.fields)
	if cut += more; cut > 0 {
		dst = append(dst, `,"@cut":`...)
		dst = strconv.AppendInt(dst, int64(cut), 10)
	}
	return append(dst, '}', '\n'), cut, true
}

// head finds what stands at the top of a line.
func (r *rows) head(text []byte) (head, bool) {
	h := head{id: -1, source: -1, format: -1, class: -1, fields: -1}
	occurred, observed := -1, -1
	for i := range r.index.Values {
		v := &r.index.Values[i]
		if v.Parent >= 0 {
			continue
		}
		switch string(text[v.NameStart:v.NameEnd]) {
		case "id":
			h.id = i
		case "source":
			h.source = i
		case "format":
			h.format = i
		case "class":
			h.class = i
		case "time":
			occurred = i
		case "observed":
			observed = i
		case "fields":
			h.fields = i
		}
	}
	if h.id < 0 || h.fields < 0 || r.index.Values[h.fields].Kind != jsonl.Object {
		return h, false
	}
	return h, r.when(&h, text, occurred, observed)
}

// when settles the time of a row: what the event claims when that is near to when it was received, else
// when it was received. It looks at no clock, so that a rebuilt index has the same times.
func (r *rows) when(h *head, text []byte, occurred, observed int) bool {
	claimed, claims := r.time(text, occurred)
	received, known := r.time(text, observed)
	switch {
	case !claims && !known:
		return false
	case !known:
		h.at = claimed
	case !claims:
		h.at = received
	case claimed.Before(received.Add(-r.past)) || claimed.After(received.Add(r.future)):
		h.at, h.claimed = received, r.text(text, occurred)
	default:
		h.at = claimed
	}
	h.at = h.at.UTC()
	return !h.at.Before(firstTime) && h.at.Before(lastTime)
}

func (r *rows) time(text []byte, i int) (time.Time, bool) {
	if i < 0 {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, r.text(text, i))
	return t, err == nil
}

func (r *rows) text(text []byte, i int) string {
	if i < 0 {
		return ""
	}
	return string(r.index.Text(text, i, nil))
}

// stream names the stream of a source. VictoriaLogs keeps rows of one stream together and pays for each stream, so
// there are never more than maxStream and a handful.
func (r *rows) stream(source string) string {
	if _, known := r.streams[source]; known {
		return source
	}
	if len(r.streams) < maxStream {
		r.streams[source] = struct{}{}
		return source
	}
	return "…" + strconv.FormatUint(jsonl.HashPath(source)%16, 16)
}

// gather lists the values of the event's fields by column, and returns how many it had to leave out.
func (r *rows) gather(text []byte, fields int) (cut int) {
	values := r.index.Values
	end := fields + 1
	for end < len(values) && values[end].Start < values[fields].End {
		end++
	}
	r.names, r.spans, r.columns, r.next = r.names[:0], r.spans[:0], r.columns[:0], r.next[:0]
	clear(r.byName)
	for i := fields + 1; i < end; i++ {
		v := &values[i]
		path := r.pathOf(text, fields, i)
		r.spans, r.next = append(r.spans, path), append(r.next, 0)
		if v.Kind == jsonl.Object || v.Kind == jsonl.Array || v.Kind == jsonl.Null || v.Start == v.End {
			continue // holds others, or nothing that could be searched
		}
		name := r.names[path.start:path.end]
		if len(name) == 0 || name[0] == '_' || name[0] == '@' || name[len(name)-1] == '*' {
			name = []byte(column(string(name)))
		}
		at, known := r.byName[string(name)]
		switch {
		case known:
			r.next[r.columns[at].last-fields-1] = int32(i)
			r.columns[at].last = i
		case len(r.columns) == maxFields || len(name) > maxName:
			cut++
		default:
			full := string(name)
			r.byName[full] = len(r.columns)
			r.columns = append(r.columns, col{name: full, first: i, last: i})
		}
	}
	return cut
}

// pathOf puts the dotted path of value i below fields into names.
func (r *rows) pathOf(text []byte, fields, i int) span {
	v := &r.index.Values[i]
	var above span
	if parent := int(v.Parent); parent > fields {
		above = r.spans[parent-fields-1]
		if r.index.Values[parent].Kind == jsonl.Array {
			return above
		}
	}
	start := len(r.names)
	if int(v.Parent) > fields {
		r.names = append(r.names, r.names[above.start:above.end]...)
		r.names = append(r.names, '.')
	}
	if v.Marks&jsonl.NameEscaped != 0 {
		r.names = append(r.names, unescape(text[v.NameStart:v.NameEnd])...)
	} else {
		r.names = append(r.names, text[v.NameStart:v.NameEnd]...)
	}
	return span{start, len(r.names)}
}

// unescape reads a name that holds escapes, by way of an object that has it as its value.
func unescape(name []byte) []byte {
	var x jsonl.Index
	object := append(append([]byte(`{"":"`), name...), `"}`...)
	if err := x.Scan(object, jsonl.DefaultLimits()); err != nil {
		return name
	}
	return x.Text(object, 0, nil)
}

// appendColumns writes the columns that were gathered, up to the byte limit of dst, and returns
// how many it had to cut or leave out.
func (r *rows) appendColumns(dst []byte, limit int, text []byte, fields int) (row []byte, cut int) {
	for _, c := range r.columns {
		before := len(dst)
		hidden, hides := r.hidden(text, fields, c)
		if hides {
			cut++
			dst = append(dst, ',')
			dst = jsonl.AppendString(dst, c.name)
			dst = append(dst, ':')
			dst = appendTexts(dst, hidden)
		} else {
			dst = r.appendColumn(dst, text, fields, c)
		}
		if len(dst) <= limit {
			continue
		}
		if hides {
			dst = dst[:before]
			continue
		}
		cut++
		dst = dst[:before]
		// The beginning of a long text is worth keeping. Escaped it may be six times as long.
		if room := (limit - before - 2*maxName) / 6; room > 64 && c.first == c.last {
			dst = append(dst, ',')
			dst = jsonl.AppendString(dst, c.name)
			dst = append(dst, ':')
			dst = jsonl.AppendString(dst, shorten(r.text(text, c.first), room))
		}
	}
	return dst, cut
}

// appendColumn writes a column as it was sent.
func (r *rows) appendColumn(dst, text []byte, fields int, c col) []byte {
	dst = append(dst, ',')
	dst = jsonl.AppendString(dst, c.name)
	dst = append(dst, ':')
	if c.first == c.last {
		return r.appendAlone(dst, text, c.first)
	}
	return r.appendList(dst, text, fields, c)
}

// appendAlone writes the only value of a column.
func (r *rows) appendAlone(dst, text []byte, i int) []byte {
	v := &r.index.Values[i]
	if c := text[v.Start]; isDigit(c) || c == '-' || c == '+' || v.Marks&jsonl.OddlyEscaped != 0 {
		return jsonl.AppendString(dst, keep(r.text(text, i)))
	}
	return r.appendValue(dst, text, i)
}

// appendValue writes a value as a string. Most strings are copied as they are, escapes and all.
func (r *rows) appendValue(dst, text []byte, i int) []byte {
	v := &r.index.Values[i]
	if v.Marks&jsonl.OddlyEscaped != 0 {
		r.scratch = r.index.Text(text, i, r.scratch)
		return jsonl.AppendString(dst, r.scratch)
	}
	dst = append(dst, '"')
	dst = append(dst, text[v.Start:v.End]...)
	return append(dst, '"')
}

// appendList writes the values of a column that has several as a string that holds a JSON array of strings.
func (r *rows) appendList(dst, text []byte, fields int, c col) []byte {
	list := append(r.list[:0], '[')
	for i := c.first; ; i = int(r.next[i-fields-1]) {
		if i != c.first {
			list = append(list, ',')
		}
		list = r.appendValue(list, text, i)
		if i == c.last {
			break
		}
	}
	r.list = append(list, ']')
	return jsonl.AppendString(dst, r.list)
}

// shorten cuts text to at most n bytes, at a character's end.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

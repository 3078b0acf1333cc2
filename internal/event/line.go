package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/jsonl"
)

// AppendLine appends ev as the journal keeps it, one JSON object without a line end:
//
//	{"id":"…","source":"…","record":1,"time":"…","observed":"…","format":"…","class":"…","raw":"…","fields":{…}}
//
// time is left out when the event does not say it, raw when it is not known. ReadLine reads it back.
func AppendLine(dst []byte, ev *Event) []byte {
	b := append(dst, `{"id":"`...)
	b = hex.AppendEncode(b, ev.ID[:])
	b = append(b, `","source":`...)
	b = jsonl.AppendString(b, ev.Source)
	b = append(b, `,"record":`...)
	b = strconv.AppendInt(b, ev.Record, 10)
	b = appendTime(b, `,"time":"`, ev.Time)
	b = appendTime(b, `,"observed":"`, ev.Observed)
	b = append(b, `,"format":`...)
	b = jsonl.AppendString(b, ev.Format)
	b = append(b, `,"class":`...)
	b = jsonl.AppendString(b, ev.Class.Key)
	if ev.Raw != [sha256.Size]byte{} {
		b = append(b, `,"raw":"`...)
		b = append(hex.AppendEncode(b, ev.Raw[:]), '"')
	}
	b = append(b, `,"fields":`...)
	b = AppendOneLine(b, bytes.TrimSpace(ev.Fields))
	return append(b, '}')
}

func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(b, name...)
	return append(t.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

// AppendOneLine appends JSON that may have been written over several lines. Inside strings line
// ends are escaped, so those that are left are white space.
func AppendOneLine(dst, text []byte) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[start:] {
		if c == '\n' || c == '\r' {
			dst[start+i] = ' '
		}
	}
	return dst
}

// LineReader reads what AppendLine wrote. It belongs to one goroutine.
type LineReader struct {
	Taxonomy *Taxonomy
	Limits   jsonl.Limits
	names    map[string]string // texts that come again and again, so that each is kept once
}

// ErrLine says that a line is none that AppendLine wrote.
var ErrLine = errors.New("not an event as the journal keeps it")

// Read fills ev from line, which ev borrows: it must not change as long as ev is used. There is one way to write a
// line, and only that is read.
func (r *LineReader) Read(line []byte, ev *Event) error {
	*ev = Event{Index: ev.Index}
	c := cutter{rest: line}
	var err error
	if ev.ID, err = ParseID(string(c.text(`{"id":`))); err != nil {
		return ErrLine
	}
	ev.Source = r.name(c.text(`,"source":`))
	ev.Record = c.number(`,"record":`)
	ev.Time, ev.Observed = c.time(`,"time":`), c.time(`,"observed":`)
	ev.Format = r.name(c.text(`,"format":`))
	ev.Class = r.Taxonomy.ByKey(r.name(c.text(`,"class":`)))
	if c.begins(`,"raw":`) {
		raw := c.text(`,"raw":`)
		if n, err := hex.Decode(ev.Raw[:], raw[:min(len(raw), hex.EncodedLen(len(ev.Raw)))]); err != nil || n != len(ev.Raw) || len(raw) != hex.EncodedLen(n) {
			return ErrLine
		}
	}
	c.word(`,"fields":`)
	if c.failed || len(c.rest) == 0 || c.rest[len(c.rest)-1] != '}' {
		return ErrLine
	}
	ev.Fields = c.rest[:len(c.rest)-1]
	if ev.Index.Scan(ev.Fields, r.Limits) != nil {
		return ErrLine
	}
	return nil
}

// name keeps a text that is likely to come again once.
func (r *LineReader) name(text []byte) string {
	const most = 10_000
	if name, ok := r.names[string(text)]; ok {
		return name
	}
	if r.names == nil || len(r.names) >= most {
		r.names = map[string]string{}
	}
	name := string(text)
	r.names[name] = name
	return name
}

// cutter takes a line apart from its beginning on. Once something is not as it must be, it fails for good.
type cutter struct {
	rest   []byte
	failed bool
}

func (c *cutter) begins(word string) bool { return bytes.HasPrefix(c.rest, []byte(word)) }

func (c *cutter) word(word string) {
	rest, ok := bytes.CutPrefix(c.rest, []byte(word))
	c.rest, c.failed = rest, c.failed || !ok
}

// text takes a string behind its name.
func (c *cutter) text(name string) []byte {
	c.word(name)
	c.word(`"`)
	for i := 0; i < len(c.rest) && !c.failed; i++ {
		switch c.rest[i] {
		case '\\':
			i++
		case '"':
			text := c.rest[:i]
			c.rest = c.rest[i+1:]
			if bytes.IndexByte(text, '\\') < 0 {
				return text
			}
			var plain string
			c.failed = json.Unmarshal(fmt.Appendf(nil, `"%s"`, text), &plain) != nil // names with escapes are rare
			return []byte(plain)
		}
	}
	c.failed = true
	return nil
}

func (c *cutter) number(name string) int64 {
	c.word(name)
	end := bytes.IndexByte(c.rest, ',')
	n, err := strconv.ParseInt(string(c.rest[:max(0, end)]), 10, 64)
	if err != nil {
		c.failed = true
		return 0
	}
	c.rest = c.rest[end:]
	return n
}

// time takes a time behind its name; the zero time when it is not there.
func (c *cutter) time(name string) time.Time {
	if !c.begins(name) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(c.text(name)))
	c.failed = c.failed || err != nil
	return t
}

package feed

import (
	"bufio"
	"errors"
	"io"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
)

// document reads one file of JSON: what it holds, the names of its members tell.
//
//	objects             STIX bundle, TAXII answer: an array of STIX objects
//	response            MISP answer: events or attributes within
//	Event               MISP event
//	Attribute, Object   of a MISP event: arrays
//
// An object without any of them is a STIX object or a MISP attribute itself.
type document struct {
	*Loader
	s      *stream
	index  jsonl.Index
	text   []byte // that index lists
	object int    // number of the object being read
	line   int    // where it begins
	source int    // of STIX objects without an author, and of attributes outside events
}

// maxWrappers is how deep events and answers may stand within one another.
const maxWrappers = 6

func (l *Loader) readJSON(r *bufio.Reader) error {
	d := &document{Loader: l, s: &stream{r: r, line: 1}}
	d.source = l.builder.AddSource(indicator.Source{File: l.file, Title: title(l.file)})
	for l.full == nil {
		c, err := d.s.peek()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case '{':
			err = d.wrapper(0)
		case '[':
			err = d.s.elements(func() error { return d.wrapper(0) })
		default:
			err = errNotJSON
		}
		if errors.Is(err, errNotJSON) {
			l.refuse(d.s.line, errNotJSON.Error())
			return nil
		}
		if err != nil && err != errStopped {
			return err
		}
	}
	return nil
}

// errStopped ends the reading of a file when there is no room for more.
var errStopped = errors.New("stopped")

// wrapper reads an object of any kind, or passes over what is no object.
func (d *document) wrapper(depth int) error { return d.inner(depth, false) }

// inner is wrapper for what stands within another object; wraps tells that it need not be an entry itself.
func (d *document) inner(depth int, wraps bool) error {
	if d.full != nil {
		return errStopped
	}
	if c, err := d.s.peek(); err != nil || c != '{' || depth > maxWrappers {
		if err == nil {
			d.tell(Problem{Line: d.s.line, Reason: "neither a STIX object nor a MISP event or attribute"})
			_, err = d.s.value(0)
		}
		if err == errLarge {
			err = nil
		}
		return inside(err)
	}
	w := wrapped{document: d, depth: depth, line: d.s.line, rest: []byte{'{'}, wraps: wraps, event: -1}
	if err := d.s.members(w.member); err != nil {
		return err
	}
	return w.end()
}

// wrapped is an object being read.
type wrapped struct {
	*document
	depth int
	line  int
	rest  []byte // the members that are kept
	large bool   // some did not fit
	wraps bool   // it holds others
	event int    // source of its attributes; -1 until there is one
}

func (w *wrapped) member(name string) error {
	c, err := w.s.peek()
	if err != nil {
		return inside(err)
	}
	switch {
	case name == "objects" && c == '[':
		w.wraps = true
		return w.s.elements(func() error { return w.each(w.stix) })
	case name == "response" && c == '[':
		w.wraps = true
		return w.s.elements(func() error { return w.wrapper(w.depth + 1) })
	case (name == "response" || name == "Event") && c == '{':
		w.wraps = true
		return w.inner(w.depth+1, true)
	case name == "Attribute" && c == '[':
		w.wraps = true
		return w.s.elements(func() error { return w.each(w.attribute) })
	case name == "Object" && c == '[':
		w.wraps = true
		return w.s.elements(func() error { return w.each(w.attributes) })
	}
	return w.keep(name)
}

// keep copies a member into rest. MISP's capitals are objects that say nothing here, but for the creator of an event.
func (w *wrapped) keep(name string) error {
	room := w.lim.Object - len(w.rest)
	if name == "" || name[0] >= 'A' && name[0] <= 'Z' && name != "Orgc" {
		room = 0
	}
	text, err := w.s.value(max(room, 0))
	if err == errLarge {
		w.large = w.large || room > 0
		return nil
	}
	if err != nil {
		return err
	}
	if len(w.rest) > 1 {
		w.rest = append(w.rest, ',')
	}
	w.rest = append(append(append(w.rest, '"'), name...), `":`...)
	w.rest = append(w.rest, text...)
	return nil
}

// end judges what was kept.
func (w *wrapped) end() error {
	w.rest = append(w.rest, '}')
	w.document.line = w.line
	switch {
	case w.large && !w.wraps:
		w.object++
		w.reject("", errLarge.Error())
		return nil
	case w.scan(w.rest) != nil:
		if !w.wraps {
			w.object++
			w.reject("", "not JSON")
		}
		return nil
	}
	if w.event >= 0 {
		s := w.builder.Source(w.event)
		if info := w.str("info"); info != "" {
			s.Title = short(info, maxTitle)
		}
		s.Author = short(w.str("Orgc.name"), maxTitle)
		s.Level = threatLevel(w.str("threat_level_id"))
		return nil
	}
	typ, value := w.index.Find(w.rest, "type") >= 0, w.index.Find(w.rest, "value") >= 0
	switch {
	case typ && value && w.index.Find(w.rest, "spec_version") < 0:
		w.object++
		w.attributeIn(w.source)
	case w.wraps:
	case typ:
		w.object++
		w.stix()
	default:
		w.object++
		w.reject("", "neither a STIX object nor a MISP event or attribute")
	}
	return nil
}

// each reads one element and hands it to use.
func (w *wrapped) each(use func()) error {
	if w.full != nil {
		return errStopped
	}
	if _, err := w.s.peek(); err != nil {
		return inside(err)
	}
	w.object++
	w.document.line = w.s.line
	text, err := w.s.value(w.lim.Object)
	switch {
	case err == errLarge:
		w.reject("", err.Error())
		return nil
	case err != nil:
		return err
	case w.scan(text) != nil:
		w.reject("", "not a JSON object")
		return nil
	}
	use()
	return nil
}

// maxValues bounds the values of one object.
const maxValues = 1 << 18

func (d *document) scan(text []byte) error {
	d.text = text
	return d.index.Scan(text, jsonl.Limits{Depth: d.lim.Depth, Values: maxValues})
}

// reject refuses the object being read.
func (d *document) reject(id, reason string) {
	d.tell(Problem{Line: d.line, Object: d.object, ID: id, Reason: reason})
}

// str is a string or number of the object; "" when there is none.
func (d *document) str(path string) string {
	i := d.index.Find(d.text, path)
	if i < 0 || d.index.Values[i].Kind != jsonl.String && d.index.Values[i].Kind != jsonl.Number {
		return ""
	}
	return string(d.index.Text(d.text, i, nil))
}

// yes reads a truth value, also in the number or text that MISP makes of it; ok is false when there is none.
func (d *document) yes(path string) (yes, ok bool) {
	i := d.index.Find(d.text, path)
	if i < 0 {
		return false, false
	}
	switch string(d.index.Text(d.text, i, nil)) {
	case "true", "1":
		return true, true
	case "false", "0", "":
		return false, true
	}
	return false, false
}

// identifier is an id fit to be shown: a STIX id or a UUID, or "".
func identifier(id string) string {
	if len(id) < 36 || len(id) > 36+64 {
		return ""
	}
	for _, c := range id {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return id
}

package json

import (
	"bytes"
	"io"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
)

// framer cuts a source into objects and scans each.
type framer struct {
	w       window
	raw     io.Reader
	started bool
	lim     jsonl.Limits
	record  int     // bytes of one object
	frames  []frame // arrays that are open around the next object
	column  int     // of the next byte in its line, when only blanks stand before it
	lines   bool    // objects have been coming one on a line
	offset  int64   // of the object returned last
	fixed   []byte  // an object that had to be repaired
}

// frame is an open array.
type frame struct {
	objects int    // open around the array; 0 for an array by itself
	inner   string // see wrapper
}

const (
	elsewhere  = 1 << 30 // a column with text before it
	maxFrames  = 8       // arrays within arrays
	headerSize = 64 << 10
)

func newFramer(r io.Reader, lim collect.Limits) framer {
	return framer{
		w:      window{limit: lim.Record + 2}, // and a line's end
		raw:    r,
		lim:    jsonl.Limits{Depth: lim.Depth, Values: lim.Values},
		record: lim.Record,
		lines:  true,
	}
}

// next returns the next object, listed in x. The text is nil for an element of a wrapper that
// holds no event.
func (f *framer) next(x *jsonl.Index) ([]byte, error) {
	if !f.started {
		f.started = true
		f.w.r = utf8Reader(f.raw)
	}
	for {
		c, ok := f.separators()
		if !ok {
			return nil, f.end()
		}
		switch {
		case c == '{':
			text, err, done := f.object(x)
			if done {
				return text, err
			}
		case c == '[' && len(f.frames) < maxFrames:
			f.skip(1)
			f.frames = append(f.frames, frame{})
		case c == ']' && len(f.frames) > 0:
			f.skip(1)
			if err := f.closeArray(); err != nil {
				return nil, err
			}
		default:
			if err := f.garbage(c); err != nil {
				return nil, err
			}
		}
	}
}

// separators passes over what may stand between objects: white space, commas, the
// record separator of RFC 7464, a byte order mark where files were joined.
func (f *framer) separators() (byte, bool) {
	for {
		c, ok := f.w.peek(0)
		if !ok {
			return 0, false
		}
		switch c {
		case '\n':
			f.w.skip(1)
			f.column = 0
		case ' ', '\t':
			f.w.skip(1)
			f.column++
		case '\r', ',', 0x1e:
			f.w.skip(1)
		case 0xef:
			f.w.peek(2)
			if !bytes.HasPrefix(f.w.bytes(), []byte("\xef\xbb\xbf")) {
				return c, true
			}
			f.w.skip(3)
		default:
			return c, true
		}
	}
}

// skip passes over n bytes that are not blank.
func (f *framer) skip(n int) {
	f.w.skip(n)
	f.column = elsewhere
}

func (f *framer) end() error {
	if f.w.err != nil && f.w.err != io.EOF {
		return f.w.err
	}
	if len(f.frames) > 0 {
		f.frames = f.frames[:0]
		f.offset = f.w.off
		return f.damage(0, "the source ends inside an array")
	}
	return io.EOF
}

// object reads the object that begins the window. done is false when it turned out to be
// a wrapper, whose elements are next.
func (f *framer) object(x *jsonl.Index) (text []byte, err error, done bool) {
	f.offset = f.w.off
	if f.mayWrap() && f.enter() {
		return nil, nil, false
	}
	if f.lines && len(f.frames) == 0 {
		if text := f.wholeLine(x); text != nil {
			return text, nil, true
		}
	}
	text, err = f.matched(x)
	return text, err, true
}

// wholeLine is the short way: the object is all that its line holds.
func (f *framer) wholeLine(x *jsonl.Index) []byte {
	n := f.w.line()
	for n < 0 && f.w.end-f.w.start < min(windowSize, f.w.limit) && f.w.fill() {
		n = f.w.line()
	}
	text := f.w.bytes()
	switch {
	case n >= 0:
		text = text[:n]
	case f.w.err == nil:
		return nil
	}
	if len(text) > f.record || x.Scan(text, f.lim) != nil || envelope(text, x) != "" {
		return nil
	}
	f.w.skip(len(text))
	if n >= 0 {
		f.w.skip(1)
	}
	f.column = 0
	return text
}

// matched is the long way: the object ends where its brackets say.
func (f *framer) matched(x *jsonl.Index) ([]byte, error) {
	column := f.column
	m := newMatcher(0, f.lim.Depth)
	v := m.run(f.w.head(f.w.limit))
	for v == more && f.w.fill() {
		v = m.run(f.w.head(f.w.limit))
	}
	switch {
	case v == more && f.w.end-f.w.start >= f.w.limit, v == matched && m.pos > f.record:
		return nil, f.tooLarge(m, v)
	case v == matched:
	case v == more && f.w.err != nil && f.w.err != io.EOF:
		return nil, f.w.err
	default:
		return nil, f.unmatched(v, column)
	}
	text := f.w.bytes()[:m.pos]
	f.skip(m.pos)
	f.lines = m.line == 0 && f.atLineEnd()
	return f.scan(text, x)
}

// atLineEnd tells whether a newline is next, as far as the window shows.
func (f *framer) atLineEnd() bool {
	b := f.w.bytes()
	return len(b) == 0 || b[0] == '\n' || b[0] == '\r'
}

// scan lists the object in x, repaired if need be, or the part of it that is the event.
func (f *framer) scan(text []byte, x *jsonl.Index) ([]byte, error) {
	if err := x.Scan(text, f.lim); err != nil {
		var changed bool
		if f.fixed, changed = collect.Repair(f.fixed[:0], text); changed {
			text = f.fixed
			err = x.Scan(text, f.lim)
		}
		if err != nil {
			return nil, &collect.Damage{Offset: f.offset, Records: 1, Reason: reason(err)}
		}
	}
	inner := envelope(text, x)
	if len(f.frames) > 0 && f.frames[len(f.frames)-1].inner != "" {
		inner = f.frames[len(f.frames)-1].inner
	}
	if inner == "" {
		return text, nil
	}
	i := x.Find(text, inner)
	if i < 0 || x.Values[i].Kind != jsonl.Object {
		return nil, nil
	}
	text = text[x.Values[i].Start:x.Values[i].End]
	if err := x.Scan(text, f.lim); err != nil {
		return nil, &collect.Damage{Offset: f.offset, Records: 1, Reason: reason(err)}
	}
	return text, nil
}

// envelope returns the name under which the object holds its event, when it is a line of an
// export from Elasticsearch ({"_index":..,"_source":{..}}) or Splunk
// ({"preview":..,"result":{..}}); else "".
func envelope(text []byte, x *jsonl.Index) string {
	if len(x.Values) == 0 {
		return ""
	}
	v := &x.Values[0]
	switch string(text[v.NameStart:v.NameEnd]) {
	case "_index":
		return "_source"
	case "preview":
		return "result"
	}
	return ""
}

// mayWrap tells whether a wrapper may stand here: anywhere but in a wrapper.
func (f *framer) mayWrap() bool {
	return len(f.frames) < maxFrames && (len(f.frames) == 0 || f.frames[len(f.frames)-1].objects == 0)
}

// enter looks whether the object is a wrapper and steps into its array.
func (f *framer) enter() bool {
	w, at, v := findWrapper(f.w.head(headerSize), f.lim.Depth)
	for v == more && f.w.end-f.w.start < headerSize && f.w.fill() {
		w, at, v = findWrapper(f.w.head(headerSize), f.lim.Depth)
	}
	if v != matched {
		return false
	}
	f.skip(at)
	f.frames = append(f.frames, frame{objects: len(w.path), inner: w.inner})
	return true
}

// closeArray leaves the innermost array, and what is left of the wrapper around it.
func (f *framer) closeArray() error {
	last := f.frames[len(f.frames)-1]
	f.frames = f.frames[:len(f.frames)-1]
	if last.objects == 0 {
		return nil
	}
	f.offset = f.w.off
	m := newMatcher(last.objects, f.lim.Depth)
	if v := f.discard(&m, more); v != matched {
		return f.damage(0, "the wrapper around the records does not end well")
	}
	return nil
}

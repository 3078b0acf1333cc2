package collect

import (
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// Shaper tells of what shape JSON objects are, and makes events of them. One that fits no shape is an
// event of no known log source, as it is. Where two shapes fit alike the earlier one wins. A Shaper belongs to one
// goroutine and to objects that come together: neighbours are mostly alike.
type Shaper struct {
	shapes []Shape
	last   int // the shape that fitted the object before; -1 at first
	o      Options
	b      event.Builder
	fixed  []byte // an object that had to be repaired
	seen   *seen  // made with the first object: most that are connected say nothing

	// For objects that fit no shape.
	unknown *event.Class
	times   *Picker
	at      []int32
}

// NewShaper prepares for objects of the given shapes.
func NewShaper(shapes []Shape, o Options) *Shaper {
	names := timeNames()
	return &Shaper{
		shapes:  shapes,
		last:    -1,
		o:       o,
		unknown: o.Taxonomy.Class("", "", ""),
		times:   NewPicker(names...),
		at:      make([]int32, len(names)),
	}
}

// Event makes ev of the one object text, whose values ev.Index lists. It sets all but Record and what a node
// adds. Its errors are those of the shapes.
func (s *Shaper) Event(text []byte, ev *event.Event) error {
	ev.Fields = text
	ev.Time = time.Time{}
	ev.Class = s.unknown
	if s.seen == nil {
		s.seen = &seen{}
	}
	obj := Object{Text: text, Index: &ev.Index, seen: s.seen}
	if s.last >= 0 && s.shapes[s.last].Certain {
		ev.Format = s.shapes[s.last].Name
		if err := s.shapes[s.last].Event(obj, s.o, ev, &s.b); err != ErrUnfit {
			return err
		}
	}
	i := s.shape(obj)
	if i < 0 {
		s.plain(obj, ev)
		return nil
	}
	ev.Format = s.shapes[i].Name
	return s.shapes[i].Event(obj, s.o, ev, &s.b)
}

// Scan lists the values of the one object text in x. Bytes that are not UTF-8, and control characters that JSON
// wants escaped, are replaced rather than refused, so that an attacker cannot hide an event by one bad byte. It returns the text
// that x is of, valid until the next call. The error is that of the scanner, which quotes nothing.
func (s *Shaper) Scan(text []byte, x *jsonl.Index) ([]byte, error) {
	lim := jsonl.Limits{Depth: s.o.Limits.Depth, Values: s.o.Limits.Values}
	err := x.Scan(text, lim)
	if err == nil {
		return text, nil
	}
	var changed bool
	if s.fixed, changed = Repair(s.fixed[:0], text); changed {
		text = s.fixed
		err = x.Scan(text, lim)
	}
	return text, err
}

// sure is what Fits says when no other shape can be meant.
const sure = 80

// shape picks the best shape for obj, or -1.
func (s *Shaper) shape(obj Object) int {
	if s.last >= 0 && s.shapes[s.last].Fits(obj) >= sure {
		return s.last
	}
	best, most := -1, 0
	for i := range s.shapes {
		if fit := s.shapes[i].Fits(obj); fit > most {
			best, most = i, fit
		}
	}
	s.last = best
	return best
}

// timeNames lists the names under which senders of no known shape write when
// something happened, the surest first.
func timeNames() []string {
	return []string{
		"@timestamp", "timestamp", "time", "ts", "eventTime", "EventTime", "UtcTime", "TimeCreated", "TimeGenerated",
		"Timestamp", "createdDateTime", "datetime", "date", "_time", "event_time", "recorded", "published",
	}
}

func (s *Shaper) plain(obj Object, ev *event.Event) {
	ev.Format = "json"
	s.times.Pick(obj, s.at)
	for _, i := range s.at {
		if t, ok := event.ParseTime(obj.Raw(i)); ok {
			ev.Time = t
			return
		}
	}
}

// Repair appends text to dst with bytes that are not UTF-8 as U+FFFD and control characters in
// strings escaped, and tells whether there were any.
func Repair(dst, text []byte) (_ []byte, changed bool) {
	inString := false
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(text[i:])
			changed = changed || r == utf8.RuneError && n == 1
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case c == '\\' && inString && i+1 < len(text) && text[i+1] < utf8.RuneSelf && text[i+1] >= ' ':
			dst = append(dst, c, text[i+1])
			i += 2
			continue
		case c == '"':
			inString = !inString
		case c < ' ' && inString:
			changed = true
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
			continue
		}
		dst = append(dst, c)
		i++
	}
	return dst, changed
}

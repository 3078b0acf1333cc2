package feed

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/wardline/wardline/format/lines"
	"github.com/wardline/wardline/internal/detect/indicator"
)

// readText reads a plain list or CSV.
func (l *Loader) readText(r io.Reader, head []byte) error {
	layout := l.layoutOf(head)
	source := l.builder.AddSource(indicator.Source{File: l.file, Title: title(l.file)})
	in := lines.NewReader(r, l.lim.Line)
	if layout.delim != 0 {
		return l.readCSV(in, layout, source)
	}
	t := &listReader{Loader: l, detail: indicator.Detail{Source: source}}
	t.ref = l.detail(&t.detail)
	for line := 1; l.full == nil; line++ {
		text, err := in.Line()
		switch {
		case errors.Is(err, lines.ErrTooLong):
			l.refuse(line, "line longer than the limit")
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		default:
			t.line(text, line)
		}
	}
	return nil
}

// listReader reads a plain list.
type listReader struct {
	*Loader
	detail indicator.Detail
	ref    indicator.Ref // of detail
}

func (t *listReader) line(text []byte, line int) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return
	}
	if comment, ok := isComment(text); ok {
		if t.taken == 0 {
			readRemark(t.builder.Source(t.detail.Source), comment)
		}
		return
	}
	value, rest := firstWord(text)
	v, err := t.parser.Parse(value)
	if len(rest) > 0 {
		if isNowhere(value) { // hosts file
			value, rest = firstWord(rest)
			v, err = t.parser.ParseAs(value, indicator.Domain)
		}
		comment, ok := isComment(rest)
		if err == nil && !ok && len(rest) > 0 && !isDigest(v.Kind) { // md5sum writes names of files behind digests
			t.refuse(line, "text behind the value: comments begin with #")
			return
		}
		rest = comment
	}
	if err != nil {
		t.refuse(line, err.Error())
		return
	}
	ref := t.ref
	if len(rest) > 0 || v.Port != 0 {
		d := t.detail
		d.Description = short(string(rest), maxText)
		ref = t.describe(d, v)
	}
	t.add(v, line, ref)
}

func isDigest(k indicator.Kind) bool { return want(digests).has(k) }

func firstWord(text []byte) (word, rest []byte) {
	i := bytes.IndexAny(text, " \t")
	if i < 0 {
		return text, nil
	}
	return text[:i], bytes.TrimSpace(text[i:])
}

// isComment tells comments and returns what they say.
func isComment(text []byte) (comment []byte, ok bool) {
	switch {
	case len(text) == 0:
		return nil, true
	case text[0] == '#', text[0] == ';':
		return bytes.TrimSpace(bytes.TrimLeft(text, "#;")), true
	case bytes.HasPrefix(text, []byte("//")):
		return bytes.TrimSpace(text[2:]), true
	}
	return text, false
}

// isNowhere tells the address to which hosts files send what shall not be reached.
func isNowhere(text []byte) bool {
	switch string(text) {
	case "0.0.0.0", "127.0.0.1", "::", "::1":
		return true
	}
	return false
}

// readRemark takes what a comment at the beginning of a list says of it, as `# Title: ...`.
func readRemark(s *indicator.Source, comment []byte) {
	name, value, found := strings.Cut(string(comment[:min(len(comment), maxText)]), ":")
	value = strings.TrimSpace(value)
	if !found || value == "" {
		return
	}
	switch squash(name) {
	case "title", "name", "list", "listname":
		s.Title = short(value, maxTitle)
	case "author", "by", "provider", "source":
		s.Author = short(value, maxTitle)
	case "level", "severity":
		s.Level = level(value)
	case "reference", "homepage", "website", "url":
		if len(s.References) < maxReferences {
			s.References = append(s.References, short(value, maxReference))
		}
	}
}

// layout is how a text list is arranged.
type layout struct {
	delim   byte     // between cells; 0 in a plain list
	columns []column // as the header names them; nil without one
	header  int      // line of the header
}

// maxSample is how many lines are looked at to tell the layout.
const maxSample = 40

// layoutOf tells the layout by the first lines.
func (l *Loader) layoutOf(head []byte) layout {
	var sample [][]byte
	lastComment, commentLine, first := []byte(nil), 0, 0
	for line := 1; len(head) > 0 && len(sample) < maxSample; line++ {
		text, rest, whole := bytes.Cut(head, []byte("\n"))
		if head = rest; !whole && len(sample) > 0 {
			break // it may be cut
		}
		text = bytes.TrimSpace(text)
		if comment, ok := isComment(text); ok {
			if len(sample) == 0 && len(comment) > 0 {
				lastComment, commentLine = comment, line
			}
			continue
		}
		if len(sample) == 0 {
			first = line
		}
		sample = append(sample, text)
	}
	if len(sample) == 0 {
		return layout{}
	}
	for _, delim := range [...]byte{',', ';', '\t', '|'} {
		if columns := l.columnsOf(sample[0], delim); columns != nil {
			return layout{delim, columns, first}
		}
		if columns := l.columnsOf(lastComment, delim); len(columns) > 1 && len(columns) == len(split(nil, sample[0], delim)) {
			return layout{delim, columns, commentLine}
		}
	}
	return layout{delim: l.delimiter(sample)}
}

// delimiter guesses what separates the cells of a text without a header: 0 when most lines are a
// value by themselves.
func (l *Loader) delimiter(sample [][]byte) byte {
	best, most := byte(0), 0
	for _, text := range sample {
		if word, rest := firstWord(text); len(rest) == 0 || isNowhere(word) {
			if _, err := l.parser.Parse(word); err == nil || isNowhere(word) {
				most++
			}
		} else if _, ok := isComment(rest); ok {
			most++
		}
	}
	for _, delim := range [...]byte{',', ';', '\t'} {
		good := 0
		for _, text := range sample {
			if cells := split(nil, text, delim); len(cells) > 1 && l.valueCell(cells) >= 0 {
				good++
			}
		}
		if good > most {
			best, most = delim, good
		}
	}
	return best
}

// valueCell returns the first cell that is an indicator, or -1.
func (l *Loader) valueCell(cells []string) int {
	for i, cell := range cells[:min(len(cells), maxColumns)] {
		if _, err := l.parser.Parse([]byte(cell)); err == nil {
			return i
		}
	}
	return -1
}

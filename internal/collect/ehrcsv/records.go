package ehrcsv

import (
	"bytes"
	"errors"
	"io"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/lines"
	"github.com/wardline/wardline/internal/collect"
)

// records cuts delimited text into records and cells (RFC 4180, with any delimiter). A quoted
// cell may hold line ends. A quote inside an unquoted cell is a quote.
type records struct {
	lines  *lines.Reader
	delim  byte
	limit  int   // bytes of one record
	most   int   // cells of one record
	before int64 // bytes of the source before the first line
	line   int   // number of the last line read, from 1
	start  int   // number of the record's first line
	offset int64
	joined []byte
	text   []byte // of the record, as UTF-8
	cells  []string
}

// maxQuotedLines is how many lines one record may span: a quote that is never closed shall
// not swallow the file.
const maxQuotedLines = 200

var (
	errLong     = errors.New("record longer than the limit")
	errWide     = errors.New("more columns than the limit")
	errUnclosed = errors.New("a quote is not closed")
)

func newRecords(r io.Reader, before int, lim collect.Limits) *records {
	return &records{lines: lines.NewReader(r, lim.Record), limit: lim.Record, most: lim.Values, before: int64(before)}
}

// next reads one record into r.cells. Blank lines are passed over.
func (r *records) next() error {
	for {
		r.offset = r.before + r.lines.Offset()
		line, err := r.readLine()
		if err != nil {
			return err
		}
		r.start = r.line
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if bytes.IndexByte(line, '"') < 0 { // most lines
			return r.split(line, cutPlain)
		}
		return r.quoted(line)
	}
}

// split cuts a record into its cells.
func (r *records) split(record []byte, cut cutter) error {
	r.text, _ = charset.UTF8(record, "")
	r.cells = splitCells(r.cells[:0], r.text, r.delim, r.most+1, cut)
	if len(r.cells) > r.most {
		return errWide
	}
	return nil
}

func (r *records) readLine() ([]byte, error) {
	line, err := r.lines.Line()
	r.line++
	switch {
	case errors.Is(err, lines.ErrTooLong):
		return nil, errLong
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// quoted joins lines until no quote is open.
func (r *records) quoted(line []byte) error {
	r.joined = append(r.joined[:0], line...)
	open := opens(line, r.delim, false)
	for n := 1; open; n++ {
		more, err := r.readLine()
		if errors.Is(err, io.EOF) || n == maxQuotedLines {
			return errUnclosed
		}
		if err != nil {
			return err
		}
		if len(r.joined)+len(more) >= r.limit {
			return errLong
		}
		r.joined = append(append(r.joined, '\n'), more...)
		open = opens(more, r.delim, true)
	}
	return r.split(r.joined, cutQuoted)
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
			begin = c == delim
		}
	}
	return open
}

// cutter cuts the first cell off a record.
type cutter func(text []byte, delim byte) (cell string, rest []byte, more bool)

// splitCells appends at most so many cells of a record whose quotes are all closed.
func splitCells(cells []string, text []byte, delim byte, most int, cut cutter) []string {
	for len(cells) < most {
		cell, rest, more := cut(text, delim)
		cells = append(cells, cell)
		if !more {
			break
		}
		text = rest
	}
	return cells
}

// splitQuoted splits a line that is looked at to tell what a file is.
func splitQuoted(text []byte, delim byte) []string {
	return splitCells(nil, text, delim, headSize, cutQuoted)
}

func cutPlain(text []byte, delim byte) (cell string, rest []byte, more bool) {
	if i := bytes.IndexByte(text, delim); i >= 0 {
		return string(text[:i]), text[i+1:], true
	}
	return string(text), nil, false
}

func cutQuoted(text []byte, delim byte) (cell string, rest []byte, more bool) {
	if len(text) == 0 || text[0] != '"' {
		return cutPlain(text, delim)
	}
	var out []byte
	i := 1
	for ; i < len(text); i++ {
		if text[i] == '"' {
			if i+1 == len(text) || text[i+1] != '"' {
				i++
				break
			}
			i++
		}
		out = append(out, text[i])
	}
	for ; i < len(text) && text[i] != delim; i++ { // what follows the closing quote belongs to the cell
		out = append(out, text[i])
	}
	if i == len(text) {
		return string(out), nil, false
	}
	return string(out), text[i+1:], true
}

// delimiter guesses what separates the cells: the candidate that cuts the lines of head into the most
// columns, all alike as far as possible.
func delimiter(head []byte) (delim byte, columns int) {
	best := 0
	rows := firstLines(head)
	for _, candidate := range [...]byte{',', '\t', ';', '|'} {
		var alike [maxColumns]int // rows, by their number of columns
		for _, row := range rows {
			n := min(len(splitQuoted(row, candidate)), maxColumns-1)
			alike[n]++
			if score := (n - 1) * alike[n]; score > best {
				best, delim, columns = score, candidate, n
			}
		}
	}
	return delim, columns
}

// maxColumns bounds what delimiter compares.
const maxColumns = 512

// firstLines are up to ten lines of head with text in them, without the last one, which may be cut.
func firstLines(head []byte) [][]byte {
	var list [][]byte
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	for len(head) > 0 && len(list) < 10 {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		if !whole && len(list) > 0 {
			break
		}
		if line = bytes.TrimRight(line, "\r"); len(line) > 0 && !isSeparatorLine(line) {
			list = append(list, line)
		}
		head = rest
	}
	return list
}

// isSeparatorLine tells the line by which spreadsheets state the delimiter: sep=;
func isSeparatorLine(line []byte) bool {
	return len(line) <= 6 && bytes.HasPrefix(bytes.ToLower(line), []byte("sep="))
}

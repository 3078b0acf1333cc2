// Package feed reads lists of known-bad values, in the ways in which others hand them
// out, into an indicator.Set.
//
//   - plain lists: one value a line, comments behind #, defanged or not; hosts files too
//   - CSV with or without a header that names the columns
//   - STIX 2.1 (and 2.0) bundles, TAXII answers, single objects, lines of objects
//   - MISP events, collections of them, lists of attributes
//
// Which of them a file is, its content decides; its name counts for nothing. Lists are read as streams.
// What cannot be honoured is refused as a whole, with its place and the reason, and costs no
// other entry. Reasons never quote what is in a list.
package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/internal/detect/indicator"
)

// Limits bounds what lists may cost.
type Limits struct {
	Bytes    int64 // of one file
	Entries  int   // of all files together
	Line     int   // bytes of a line, or of a record of CSV
	Object   int   // bytes of one STIX object, MISP attribute or MISP object
	Depth    int   // nesting of JSON
	Problems int   // told of each file; the others are counted
}

// DefaultLimits lets every list that is handed out in earnest through.
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 30, Entries: 100_000_000, Line: 64 << 10, Object: 4 << 20, Depth: 32, Problems: 1000}
}

// Problem says what was refused, where it stands and why.
type Problem struct {
	File    string
	Line    int    // from 1; 0 when it concerns the file
	Object  int    // number of the STIX object or MISP attribute in the file, from 1; 0 in other lists
	ID      string // of that object
	Entries int    // how many it stands for
	Reason  string
}

// String is the problem in one line, as compilers write them.
func (p Problem) String() string {
	switch {
	case p.Object > 0:
		return fmt.Sprintf("%s:%d: object %d: refused: %s", p.File, p.Line, p.Object, p.Reason)
	case p.Line > 0:
		return fmt.Sprintf("%s:%d: refused: %s", p.File, p.Line, p.Reason)
	}
	return fmt.Sprintf("%s: refused: %s", p.File, p.Reason)
}

// Load reads all files. An error is about a file that could not be read at all, or about a limit of
// all files together; everything else is a Problem.
func Load(files []string, lim Limits) (*indicator.Set, []Problem, error) {
	l := NewLoader(lim)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read indicators: %w", err)
		}
		err = l.Read(name, f)
		f.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return l.Set()
}

// Loader reads one list after the other. What a later one revokes is taken back from earlier ones.
type Loader struct {
	lim      Limits
	builder  *indicator.Builder
	parser   indicator.Parser
	versions map[uint64]version // of STIX indicators, by the hash of their id
	people   people
	problems []Problem
	file     string
	told     int // problems of this file
	untold   int
	taken    int // entries of this file, also those taken back again
	full     error
}

// NewLoader returns a Loader that has read nothing.
func NewLoader(lim Limits) *Loader {
	return &Loader{lim: lim, builder: indicator.NewBuilder(lim.Entries), versions: map[uint64]version{}, people: newPeople()}
}

// Set returns what was read. The Loader must not be used any more.
func (l *Loader) Set() (*indicator.Set, []Problem, error) {
	l.nameAuthors()
	set, err := l.builder.Build()
	if err != nil {
		return nil, nil, fmt.Errorf("build indicators: %w", err)
	}
	return set, l.problems, nil
}

// headSize is how much of a list is looked at to tell what it is.
const headSize = 64 << 10

// Read reads one list; file is its name.
func (l *Loader) Read(file string, r io.Reader) error {
	l.file, l.told, l.untold, l.taken = file, 0, 0, 0
	limited := &limitedReader{r: r, left: l.lim.Bytes}
	in := bufio.NewReaderSize(charset.NewReader(limited), headSize)
	head, err := in.Peek(headSize)
	if err != nil && err != io.EOF && len(head) == 0 {
		return fmt.Errorf("read indicators: %s: %w", file, plain(err))
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		in.Discard(len("\ufeff"))
		head, _ = in.Peek(headSize - len("\ufeff"))
	}
	err = l.readAs(in, head)
	switch {
	case errors.Is(err, errTooLong):
		l.refuse(0, "longer than the limit: the rest was not read")
	case err != nil:
		return fmt.Errorf("read indicators: %s: %w", file, plain(err))
	case l.full != nil:
		return fmt.Errorf("read indicators: %s: %w", file, l.full)
	}
	if l.taken == 0 && l.told == 0 {
		l.refuse(0, "no indicators in it")
	}
	if l.untold > 0 {
		l.problems = append(l.problems, Problem{File: file, Entries: l.untold, Reason: fmt.Sprintf("%d further entries", l.untold)})
	}
	return nil
}

// readAs reads what head shows it to be.
func (l *Loader) readAs(in *bufio.Reader, head []byte) error {
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return nil
	case bytes.IndexByte(head, 0) >= 0:
		l.refuse(0, "not text: unpack it first, if it is an archive")
		return nil
	case isJSON(head):
		return l.readJSON(in)
	}
	return l.readText(in, head)
}

// isJSON tells JSON from lists, where a bracket may begin an IPv6 address.
func isJSON(head []byte) bool {
	head = bytes.TrimSpace(head)
	if head[0] == '[' {
		head = bytes.TrimSpace(head[1:])
		return len(head) == 0 || head[0] == '{' || head[0] == ']'
	}
	return head[0] == '{'
}

func (l *Loader) refuse(line int, reason string) { l.tell(Problem{Line: line, Reason: reason}) }

func (l *Loader) tell(p Problem) {
	if l.told >= l.lim.Problems {
		l.untold++
		return
	}
	l.told++
	p.File, p.Entries = l.file, 1
	l.problems = append(l.problems, p)
}

// add adds one entry and returns its number, or -1 when there is no room for it.
func (l *Loader) add(v indicator.Value, line int, d indicator.Ref) int {
	n, err := l.builder.Add(v, line, d)
	if err != nil {
		l.full = err
		return -1
	}
	l.taken++
	return n
}

// detail keeps what is said of entries.
func (l *Loader) detail(d *indicator.Detail) indicator.Ref {
	ref, err := l.builder.Detail(d)
	if err != nil {
		l.full = err
	}
	return ref
}

// describe is detail for one value, whose port is a condition.
func (l *Loader) describe(d indicator.Detail, v indicator.Value) indicator.Ref {
	if v.Port != 0 {
		d.Port = v.Port
	}
	return l.detail(&d)
}

// title makes a name for a list that has none.
func title(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

var errTooLong = errors.New("longer than the limit")

// limitedReader is io.LimitedReader with an error of its own.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		var one [1]byte
		if n, err := r.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, errTooLong
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// plain drops the path, which stands in front of the error already.
func plain(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Texts that others wrote are cut to what can be shown.
const (
	maxTitle      = 200 // bytes
	maxText       = 1000
	maxReference  = 500
	maxReferences = 10
)

// short cuts a text to so many bytes and makes one line of it.
func short(s string, n int) string {
	s = strings.TrimSpace(s)
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

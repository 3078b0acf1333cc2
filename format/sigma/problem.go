package sigma

import (
	"fmt"
	"strconv"
)

// Documents is what one YAML stream holds, each kind in the order written.
type Documents struct {
	Rules        []*Rule
	Correlations []*Correlation
	Filters      []*Filter
}

// Problem says what is wrong with one document and where. Unless it is a Warning, the
// document was refused: what cannot be honoured whole is not honoured in part.
type Problem struct {
	File    string
	Line    int    // from 1; 0 when it concerns the file
	ID      string // of the document, as far as it could be read
	Title   string
	Reason  string
	Warning bool // the document was kept
}

// String is the problem in one line, as compilers write them.
func (p Problem) String() string {
	kind := "refused"
	if p.Warning {
		kind = "warning"
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, kind, p.Reason)
}

// refusal is the error that ends the reading of a document.
type refusal struct {
	line   int
	reason string
}

func (r *refusal) Error() string { return fmt.Sprintf("line %d: %s", r.line, r.reason) }

func refuse(line int, format string, args ...any) error {
	return &refusal{line, fmt.Sprintf(format, args...)}
}

// maxQuoted bounds the names that reasons repeat.
const maxQuoted = 64

// quote makes a name that the author of a rule chose fit for a reason. Values are
// never quoted, names only.
func quote(name string) string { return strconv.Quote(shorten(name, maxQuoted)) }

// shorten keeps at most n characters of a name.
func shorten(name string, n int) string {
	if runes := []rune(name); len(runes) > n {
		return string(runes[:n]) + "..."
	}
	return name
}

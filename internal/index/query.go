package index

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/vault/veil"
)

// Query says which events are looked for. All its parts must hold.
type Query struct {
	// Text is words to be found anywhere in an event, in small or capital letters, each in any of its fields. Words
	// in double quotes stand together, -word must not occur, and word* begins with word.
	Text   string
	Fields []Field
	// Expert is a filter in VictoriaLogs' own language LogsQL, without pipes. It is bounded like the rest.
	Expert string
	// From and To bound the time of an event: from From on and before To. Zero is open.
	From, To time.Time
	// Limit is how many events are returned at most; 0 is 100.
	Limit int
	// Oldest asks for the oldest first; else the newest come first.
	Oldest bool
	// Places asks only where events lie: hits have no fields.
	Places bool
	// After continues behind a hit that was returned before.
	After *Cursor
	// By names the caller: one caller has few questions answered at a time.
	By string

	veil *veil.Veil // finds patients whose tokens stand in the index; nil finds none
}

// Field asks something of one field. Name is as its sender wrote it, with dots between nested names, or
// one of @id, @source, @format, @class, @entry and @line. A field that has several values fits when one of them does.
type Field struct {
	Name  string
	Op    Op
	Value string
}

// Op is what a field is asked.
type Op string

// The questions to a field.
const (
	Is       Op = "="
	IsNot    Op = "!=" // also fits when there is no such field
	Contains Op = "contains"
	Begins   Op = "prefix"
	Exists   Op = "exists" // Value is not used
	Less     Op = "<"      // numbers
	AtMost   Op = "<="
	More     Op = ">"
	AtLeast  Op = ">="
)

// Cursor is the place of a hit in the order of hits.
type Cursor struct {
	Time  time.Time
	Entry uint64
	Line  int
}

// What a question may be.
const (
	defaultLimit = 100
	maxLimit     = 10_000
	maxText      = 4096
	maxWords     = 64
	maxAsked     = 64
	maxValue     = 4096
)

// filter writes q as a LogsQL filter, without its bounds of time and its expert part. Everything that a person wrote
// stands between quotes that it cannot close.
func (q *Query) filter() (string, error) {
	if len(q.Text) > maxText || len(q.Expert) > maxText || len(q.Fields) > maxAsked {
		return "", fmt.Errorf("a question has at most %d characters and %d fields", maxText, maxAsked)
	}
	if q.Limit < 0 || q.Limit > maxLimit {
		return "", fmt.Errorf("a question asks for at most %d events", maxLimit)
	}
	var parts []string
	words := splitWords(q.Text)
	if len(words) > maxWords {
		return "", fmt.Errorf("a question has at most %d words", maxWords)
	}
	for _, w := range words {
		parts = append(parts, w.filter(q.veil))
	}
	for i, f := range q.Fields {
		part, err := f.filter(q.veil)
		if err != nil {
			return "", fmt.Errorf("field %d of the question: %w", i+1, err)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "*", nil
	}
	return strings.Join(parts, " "), nil
}

// word is one word or phrase of a text.
type word struct {
	text        string
	not, prefix bool
}

// splitWords splits a text as Query.Text says.
func splitWords(text string) []word {
	var words []word
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return words
		}
		var w word
		if len(text) > 1 && text[0] == '-' && !startsWithSpace(text[1:]) {
			w.not, text = true, text[1:]
		}
		if text[0] == '"' {
			w.text, text, _ = strings.Cut(text[1:], `"`)
		} else {
			end := strings.IndexFunc(text, unicode.IsSpace)
			if end < 0 {
				end = len(text)
			}
			w.text, text = text[:end], text[end:]
			if len(w.text) > 1 && w.text[len(w.text)-1] == '*' {
				w.text, w.prefix = w.text[:len(w.text)-1], true
			}
		}
		if w.text != "" {
			words = append(words, w)
		}
	}
}

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// filter asks for the word in the usual ways of writing it. VictoriaLogs finds a word quickly only
// as it was written, and would read every value to find it in any case. In the place of what names a patient stands a token.
func (w word) filter(v *veil.Veil) string {
	var ways []string
	if v != nil && !w.prefix {
		for _, token := range v.Asked(w.text) {
			ways = append(ways, "*:"+quote(token))
		}
	}
	for _, way := range []string{w.text, strings.ToLower(w.text), strings.ToUpper(w.text), title(w.text)} {
		way = "*:" + quote(way)
		if w.prefix {
			way += "*"
		}
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	part := "(" + strings.Join(ways, " or ") + ")"
	if w.not {
		return "!" + part
	}
	return part
}

// title writes each word small with a capital letter at its beginning, as names are written.
func title(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteRune(unicode.ToTitle(r))
		}
		inWord = unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return b.String()
}

// filter writes f in LogsQL.
func (f Field) filter(v *veil.Veil) (string, error) {
	if len(f.Name) > maxName || len(f.Value) > maxValue {
		return "", fmt.Errorf("a name has at most %d bytes and a value %d", maxName, maxValue)
	}
	name := quote(own(f.Name))
	value := quote(f.Value)
	switch f.Op {
	case Is:
		return f.is(v, name, is(name, f.Value)), nil
	case IsNot:
		return "!" + f.is(v, name, is(name, f.Value)), nil
	case Contains:
		return f.is(v, name, name+":*"+value+"*"), nil
	case Begins:
		return begins(name, f.Value), nil
	case Exists:
		return name + ":*", nil
	case Less, AtMost, More, AtLeast:
		n, err := strconv.ParseFloat(f.Value, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return "", errors.New("is compared with something that is no number")
		}
		return name + ":" + string(f.Op) + strconv.FormatFloat(n, 'f', -1, 64), nil
	}
	return "", errors.New("is asked in an unknown way")
}

// is asks as asked says or, of a field that holds tokens, for what stands for the value.
func (f Field) is(v *veil.Veil, name, asked string) string {
	if v == nil {
		return asked
	}
	tokens := v.AskedOf(f.Name, f.Value)
	if len(tokens) == 0 {
		return asked
	}
	ways := []string{asked}
	for _, t := range tokens {
		ways = append(ways, is(name, t))
	}
	return "(" + strings.Join(ways, " or ") + ")"
}

// is asks for a field that has the value, alone or among others.
func is(name, value string) string {
	exact := name + ":=" + quote(keep(value))
	if value == "" {
		return exact
	}
	return "(" + exact + " or " + name + ":json_array_contains_any(" + quote(value) + "))"
}

// begins asks for a field that has a value that begins so, alone, with a mark, or in a list, where it stands behind a
// quotation mark.
func begins(name, value string) string {
	ways := []string{name + ":=" + quote(value) + "*", name + ":*" + quote(`"`+value) + "*"}
	switch {
	case value == "":
	case isDigit(value[0]), value[0] == '+':
		ways = append(ways, name+":="+quote("+"+value)+"*")
	case value[0] == '-':
		ways = append(ways, name+":="+quote("-0"+value[1:])+"*")
	}
	return "(" + strings.Join(ways, " or ") + ")"
}

// own is the column that a person means by a name.
func own(name string) string {
	switch name {
	case colID, colSource, colFormat, colClass, colEntry, colLine, colClaimed, colCut, colVeiled, colAddresses:
		return name
	}
	return column(name)
}

// quote writes s as a LogsQL string, which is read by the rules of Go. Bytes that are not UTF-8 become U+FFFD, as they
// did in the rows.
func quote(s string) string { return strconv.Quote(string([]rune(s))) }

// hasPipe tells whether a LogsQL text holds a | that is not in quotes or a comment. It reads quotes and comments
// as LogsQL does.
func hasPipe(text string) bool {
	for text != "" {
		size := 1
		switch text[0] {
		case '|':
			return true
		case '#':
			if size = strings.IndexByte(text, '\n'); size < 0 {
				return false
			}
		case '"', '`':
			if quoted, err := strconv.QuotedPrefix(text); err == nil {
				size = len(quoted)
			}
		case '\'':
			size = singleQuoted(text)
		}
		text = text[size:]
	}
	return false
}

// singleQuoted is the length of the string in single quotes that text begins with; 1 when it is none.
func singleQuoted(text string) int {
	for rest := text[1:]; rest != ""; {
		if rest[0] == '\'' {
			return len(text) - len(rest) + 1
		}
		var err error
		if _, _, rest, err = strconv.UnquoteChar(rest, '\''); err != nil {
			return 1
		}
	}
	return 1
}

// args writes the question and its bounds as the arguments of a route of LogsQL.
func (q *Query) args(from, to time.Time, pipes string) (url.Values, error) {
	filter, err := q.filter()
	if err != nil {
		return nil, err
	}
	if hasPipe(q.Expert) {
		// A question inside a question would be asked without end, because the filter would apply to itself.
		return nil, errors.New("an expert filter has no pipes and no questions inside: leave out what stands behind |")
	}
	args := url.Values{"query": {filter + " " + present + pipes}}
	if expert := strings.TrimSpace(q.Expert); expert != "" {
		// As a filter of its own it is parsed by itself, and can neither close a bracket nor add a pipe.
		args.Set("extra_filters", "("+expert+"\n)")
	}
	bound(args, from, to)
	return args, nil
}

// bound sets the bounds of time: from on, and before to.
func bound(args url.Values, from, to time.Time) {
	args.Set("start", from.UTC().Format(time.RFC3339Nano))
	args.Set("end", to.UTC().Format(time.RFC3339Nano))
}

// span returns the bounds of q with those that every row lies in.
func (q *Query) span() (from, to time.Time) {
	from, to = firstTime, lastTime
	if q.From.After(from) {
		from = q.From
	}
	if !q.To.IsZero() && q.To.Before(to) {
		to = q.To
	}
	return from, to
}

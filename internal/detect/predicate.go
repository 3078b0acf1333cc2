package detect

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/dfa"
	"github.com/wardline/wardline/internal/detect/literal"
	"github.com/wardline/wardline/internal/event"
)

// predicate is one question about an event that rules share: does any value of a
// field pass a test? Its answer is kept for the rest of the event.
type predicate struct {
	field   int32 // index in Engine.fields; anyField for keywords
	asks    question
	test    test // for asksTest
	relates bool // the test looks at more than the value
	cost    int  // rough, for ordering
	hints   []hint
}

// odds guesses how often the predicate is true.
func (p *predicate) odds() float64 {
	switch {
	case p.asks == asksPresent:
		return 0.9
	case p.asks == asksMissing, p.asks == asksNull:
		return 0.1
	case len(p.hints) == 0:
		return 0.5
	}
	sum := 0.0
	for _, h := range p.hints {
		sum += chance(h)
	}
	return min(sum, 0.95)
}

// question is what a predicate asks of its field.
type question uint8

const (
	asksTest    question = iota // a scalar value passes the test
	asksPresent                 // there is a value of any kind, null and containers included
	asksMissing                 // there is none
	asksNull                    // there is none, or one is null
)

// anyField stands for all scalar values of the event.
const anyField = 0

// test judges one scalar value.
type test interface{ passes(v *value) bool }

// hint is a literal that a value must hold for the predicate to hold: one of a
// predicate's hints is always there when it is true. Hints are folded.
type hint struct {
	text string
	at   literal.Anchor
}

// textTest holds when the value matches any of the patterns.
type textTest struct {
	cased    bool
	patterns []pattern
	wild     []pattern // those that are more than a literal and an anchor
	spread   bool      // no literal is short, and a set takes large steps through a text

	commons *literal.Commons
	once    sync.Once
	built   *literal.Set // stands for the others; made when first wanted: most rules never get that far
}

const (
	manyPatterns = 5  // from which on a set of literals beats trying them one by one
	longText     = 48 // bytes of a text from which on a set does so for a few, or a list of the text's grams
)

func newTextTest(commons *literal.Commons, patterns []pattern, cased bool) *textTest {
	t := &textTest{cased: cased, patterns: patterns, commons: commons, spread: true}
	for _, p := range patterns {
		if p.wild != nil {
			t.wild = append(t.wild, p)
		}
		t.spread = t.spread && p.wild == nil && (p.at != literal.Anywhere || len(p.text) >= literal.Long)
	}
	return t
}

// set stands for all patterns that are a literal and an anchor.
func (t *textTest) set() *literal.Set {
	t.once.Do(func() {
		b := literal.Builder{Commons: t.commons}
		for _, p := range t.patterns {
			if p.wild == nil {
				b.Add(string(p.text), p.at, 0)
			}
		}
		t.built = b.Build()
	})
	return t.built
}

// passes tries the patterns one by one on a short text. Many of them, or long ones on a long text, are looked for
// together; and of a long text that is listed, or soon worth it, the list is asked first.
func (t *textTest) passes(v *value) bool {
	text := v.folded()
	if t.cased {
		text = v.plain()
	}
	if len(text) >= longText && (v.texts().grams.bits != nil || !t.spread) {
		return t.passesLong(v, text)
	}
	patterns := t.patterns
	if len(patterns) > len(t.wild) && (len(patterns) >= manyPatterns || len(text) >= longText) {
		hits := t.set().Find(text, v.owner.found[:0])
		if v.owner.found = hits; len(hits) > 0 {
			return true
		}
		patterns = t.wild
	}
	for i := range patterns {
		if patterns[i].matches(text) {
			return true
		}
	}
	return false
}

func (t *textTest) passesLong(v *value, text []byte) bool {
	g := v.grams(len(t.patterns))
	for i := range t.patterns {
		if p := &t.patterns[i]; g.mayHold(p.tell) && p.matches(text) {
			return true
		}
	}
	return false
}

// regexTest holds when the expression is found in the value.
type regexTest struct {
	re     *dfa.Regexp
	number int       // among the engine's expressions
	needs  []pattern // folded literals; one of them stands in every text that matches; none when that is not known
}

func (t *regexTest) passes(v *value) bool {
	if raw, marks := v.raw(); marks&jsonl.OddlyEscaped == 0 && t.re.RulesOut(raw) {
		return false
	}
	return t.mayPass(v) && v.owner.searcher(t).Match(v.plain())
}

// mayPass is a quick look that spares most searches.
func (t *regexTest) mayPass(v *value) bool {
	if len(t.needs) == 0 {
		return true
	}
	text, g := v.folded(), &grams{}
	switch {
	case len(text) >= longText:
		g = v.grams(len(t.needs))
	case len(t.needs) > maxNeeds:
		return true
	}
	for i := range t.needs {
		if n := &t.needs[i]; g.mayHold(n.tell) && n.matches(text) {
			return true
		}
	}
	return false
}

// cidrTest compares by address arithmetic; an IPv4 address in IPv6 clothes counts as IPv4.
type cidrTest struct{ network netip.Prefix }

func (t *cidrTest) passes(v *value) bool {
	addr, ok := parseAddress(v.plain())
	return ok && t.network.Contains(addr.Unmap())
}

// numberTest compares as numbers; equality also holds for equal text.
type numberTest struct {
	op   sigma.Op
	want float64
	text string // as written, for equality
}

func (t *numberTest) passes(v *value) bool {
	text := v.plain()
	if t.op == sigma.Matches && string(text) == t.text {
		return true
	}
	got, ok := parseNumber(text)
	if !ok {
		return false
	}
	switch t.op {
	case sigma.Less:
		return got < t.want
	case sigma.LessEqual:
		return got <= t.want
	case sigma.Greater:
		return got > t.want
	case sigma.GreaterEqual:
		return got >= t.want
	default:
		return got == t.want
	}
}

// parseNumber reads a decimal number as the whole of text.
func parseNumber(text []byte) (float64, bool) {
	if len(text) == 0 || len(text) > 64 {
		return 0, false
	}
	for _, c := range text {
		if !strings.ContainsRune("0123456789+-.eE", rune(c)) {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

// plainDigits is how many digits any whole number may have so that its shortest form is the
// number as written.
const plainDigits = 15

// appendShortest appends the form under which equal numbers are looked for, folded.
func appendShortest(dst []byte, f float64) []byte {
	switch size := math.Abs(f); {
	case size == 0: // also where its sign is negative
		return append(dst, '0')
	case size < 1e-6 || size >= 1e15:
		return strconv.AppendFloat(dst, f, 'E', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// timeTest compares one part of a timestamp as it is written.
type timeTest struct {
	part sigma.TimePart
	want int
}

func (t *timeTest) passes(v *value) bool {
	text := v.plain()
	when, ok := event.ParseTime(text)
	if ok && len(text) >= toMinute && (text[4] == '-' || text[4] == '/') {
		when, ok = event.ParseTime(text[:toMinute]) // leaves out the offset, and a leap second
	}
	return ok && timePart(when, t.part) == t.want
}

const toMinute = len("2006-01-02T15:04")

func timePart(t time.Time, part sigma.TimePart) int {
	switch part {
	case sigma.Minute:
		return t.Minute()
	case sigma.Hour:
		return t.Hour()
	case sigma.Day:
		return t.Day()
	case sigma.Week:
		_, week := t.ISOWeek()
		return week
	case sigma.Month:
		return int(t.Month())
	default:
		return t.Year()
	}
}

// fieldTest compares with the values of another field.
type fieldTest struct {
	other int32
	cased bool
	at    literal.Anchor
}

func (t *fieldTest) passes(v *value) bool {
	m := v.owner
	for i := m.first(t.other); i >= 0; i = m.values[i].next {
		other := &m.values[i]
		if !isScalar(other.kind) {
			continue
		}
		a, b := v.folded(), other.folded()
		if t.cased {
			a, b = v.plain(), other.plain()
		}
		if anchored(a, b, t.at) {
			return true
		}
	}
	return false
}

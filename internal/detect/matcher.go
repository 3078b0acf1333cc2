package detect

import (
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/dfa"
	"github.com/wardline/wardline/internal/event"
)

// Matcher asks an engine's rules about one event after the other. It holds what is
// known of the present event; each goroutine needs its own.
type Matcher struct {
	engine *Engine
	event  *event.Event
	now    uint32 // number of the present event; what bears an older number is stale

	fields  []fieldState // by field
	values  []value      // of the fields asked for so far
	answers []uint32     // by predicate: now<<1 | answer
	asked   []uint32     // by rule: now, once it is a candidate
	texts   []texts      // of those whose text was asked for; the first is never used
	scratch []byte       // folded and unescaped texts of the event
	windows []uint64     // and their grams

	searchers []*dfa.Searcher // by expression; made when first asked for
	budget    *dfa.Budget

	memo       memo
	verdicts   verdicts
	layouts    []layout // by shape
	placed     []placed // values of the event of which something is wanted
	candidates []int32
	waiting    []int32 // rules that wait at what stands in one value
	hits       []int32 // reused by searches for witnesses
	found      []int32 // and by those of tests
	number     []byte  // reused for the shortest form of a number
	glimpses   []int32 // places of the event where words of any field may stand
	matches    []int32
}

type fieldState struct {
	now         uint32
	first, last int32 // in Matcher.values
}

// maxStates bounds what a matcher remembers of regular expressions, in bytes.
const maxStates = 16 << 20

// Matcher returns a new matcher.
func (e *Engine) Matcher() *Matcher {
	return &Matcher{
		engine:  e,
		fields:  make([]fieldState, len(e.fields)),
		answers: make([]uint32, len(e.predicates)),
		asked:   make([]uint32, len(e.rules)),

		searchers: make([]*dfa.Searcher, e.regexes),
		budget:    dfa.NewBudget(maxStates),
		memo:      newMemo(),
		verdicts:  newVerdicts(),
		layouts:   make([]layout, layouts),
	}
}

func (m *Matcher) searcher(t *regexTest) *dfa.Searcher {
	s := m.searchers[t.number]
	if s == nil {
		s = t.re.Searcher(m.budget)
		m.searchers[t.number] = s
	}
	return s
}

// Match returns the rules that ev satisfies, as positions in Engine.Rules, in rising
// order. The result is valid until the next call.
func (m *Matcher) Match(ev *event.Event) []int32 {
	v := m.engine.views[ev.Class.ID]
	m.matches = m.matches[:0]
	if len(v.group.rules) == 0 {
		return m.matches
	}
	m.begin(ev)
	m.gather(v)
	if len(m.candidates) == 0 {
		return m.matches
	}
	m.link()
	for _, rule := range m.candidates {
		if m.run(&m.engine.programs[rule]) {
			m.matches = append(m.matches, rule)
		}
	}
	sortSmall(m.matches)
	return m.matches
}

func (m *Matcher) begin(ev *event.Event) {
	m.event = ev
	m.now++
	if m.now == 1<<31 { // the numbers run out: forget all stamps
		m.now = 1
		clear(m.fields)
		clear(m.answers)
		clear(m.asked)
	}
	m.values, m.texts, m.scratch, m.windows = m.values[:0], append(m.texts[:0], texts{}), m.scratch[:0], m.windows[:0]
	m.placed, m.candidates = m.placed[:0], m.candidates[:0]
}

// link finds which values of the event belong to which field of the rules.
func (m *Matcher) link() {
	for _, at := range m.placed {
		for _, w := range at.slot.wanted {
			if m.event.Index.At(m.event.Fields, int(at.index), w.path) {
				m.append(w.field, at.index, at.known)
			}
		}
	}
}

func (m *Matcher) append(field, index int32, known uint64) {
	at := int32(len(m.values))
	m.values = append(m.values, value{owner: m, index: index, next: -1, kind: m.event.Index.Values[index].Kind, known: known})
	f := &m.fields[field]
	if f.now != m.now {
		*f = fieldState{m.now, at, at}
		return
	}
	m.values[f.last].next = at
	f.last = at
}

// first returns the first value of a field, or -1.
func (m *Matcher) first(field int32) int32 {
	if f := &m.fields[field]; f.now == m.now {
		return f.first
	}
	if field == anyField {
		m.linkAll()
		if f := &m.fields[field]; f.now == m.now {
			return f.first
		}
	}
	return -1
}

// linkAll makes every scalar value one of anyField.
func (m *Matcher) linkAll() {
	for i, v := range m.event.Index.Values {
		if isScalar(v.Kind) {
			m.append(anyField, int32(i), 0)
		}
	}
}

// appendOtherNumber appends the shortest form of a number that is written otherwise, such as 1.0.
func appendOtherNumber(dst, text []byte) ([]byte, bool) {
	plain := len(text) > 0 && len(text) <= plainDigits && (text[0] != '0' || len(text) == 1)
	for _, c := range text {
		if c-'0' > 9 {
			plain = false
			if c > '9' && c|0x20 != 'e' { // no number at all
				return dst, false
			}
		}
	}
	if plain {
		return dst, false
	}
	f, ok := parseNumber(text)
	return appendShortest(dst, f), ok
}

// run walks a program to its verdict.
func (m *Matcher) run(p *program) bool {
	at := p.entry
	for at >= 0 {
		s := &p.steps[at]
		if m.holds(s.pred) {
			at = s.yes
		} else {
			at = s.no
		}
	}
	return at == accept
}

// holds answers a predicate, from memory when it was asked before.
func (m *Matcher) holds(pred int32) bool {
	if a := m.answers[pred]; a>>1 == m.now {
		return a&1 != 0
	}
	answer := m.ask(pred)
	m.answers[pred] = m.now << 1
	if answer {
		m.answers[pred] |= 1
	}
	return answer
}

func (m *Matcher) ask(pred int32) bool {
	p := &m.engine.predicates[pred]
	at := m.first(p.field)
	switch p.asks {
	case asksPresent:
		return at >= 0
	case asksMissing:
		return at < 0
	case asksNull:
		return at < 0 || m.anyNull(at)
	}
	for ; at >= 0; at = m.values[at].next {
		if v := &m.values[at]; isScalar(v.kind) && m.passes(v, pred, p) {
			return true
		}
	}
	return false
}

// passes puts a value to the test of a predicate, or remembers how that ended.
func (m *Matcher) passes(v *value, pred int32, p *predicate) bool {
	if v.known == 0 || p.relates {
		return p.test.passes(v)
	}
	mixed, entry := m.verdicts.of(v.known, pred)
	if *entry&^1 == mixed {
		return *entry&1 != 0
	}
	passed := p.test.passes(v)
	*entry = mixed
	if passed {
		*entry |= 1
	}
	return passed
}

// anyNull looks for null from one value of a field on.
func (m *Matcher) anyNull(at int32) bool {
	for ; at >= 0; at = m.values[at].next {
		if m.values[at].kind == jsonl.Null {
			return true
		}
	}
	return false
}

// sortSmall sorts a few numbers.
func sortSmall(s []int32) {
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

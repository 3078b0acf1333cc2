package feed

import (
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/detect/indicator"
)

// alternative is one value of a pattern, with what must stand beside it.
type alternative struct {
	want  want
	value string
	name  string
	with  string
	port  uint16
}

// refusal says why a pattern cannot be honoured.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errPattern   refusal = "not a STIX pattern"
	errSequence  refusal = "a pattern over several observations (AND, FOLLOWEDBY, REPEATS, WITHIN, START): only those joined by OR are supported"
	errOperator  refusal = "a comparison other than =, IN and ISSUBSET"
	errProperty  refusal = "a property that is not supported: digests, domain names, addresses, URLs and e-mail addresses are"
	errTogether  refusal = "values joined by AND that would have to occur together"
	errCondition refusal = "a condition that cannot be checked beside the value"
	errWide      refusal = "a pattern of more alternatives than the limit"
	errNested    refusal = "a pattern nested too deeply"
)

const (
	maxAlternatives = 20_000
	maxProduct      = 1000 // of OR within AND
	maxTests        = 8    // joined by AND
	maxNesting      = 32
)

// test is one comparison of a property with values: any of them will do.
type test struct {
	path   string
	values []token
}

// parsePattern reads a pattern (STIX 2.1 9) as far as it means: any of these values.
func parsePattern(text string) ([]alternative, error) {
	p := patternParser{lexer: lexer{rest: text}}
	p.next()
	all, err := p.observations(0)
	if err == nil && p.token.kind != end {
		err = errSequence
		if p.token.kind != word {
			err = errPattern
		}
	}
	if err != nil {
		return nil, err
	}
	var list []alternative
	for _, tests := range all {
		found, err := alternatives(tests)
		if err != nil {
			return nil, err
		}
		if list = append(list, found...); len(list) > maxAlternatives {
			return nil, errWide
		}
	}
	return list, nil
}

// patternParser turns a pattern into tests: any list of them will do, of which all must hold.
type patternParser struct {
	lexer
	token token
}

func (p *patternParser) next() { p.token = p.lexer.next() }

// take moves on if the token is of that kind and text.
func (p *patternParser) take(kind tokenKind, text string) bool {
	if p.token.kind != kind || p.token.text != text {
		return false
	}
	p.next()
	return true
}

func (p *patternParser) observations(depth int) ([][]test, error) {
	all, err := p.observation(depth)
	for err == nil && p.take(word, "OR") {
		var more [][]test
		more, err = p.observation(depth)
		all = append(all, more...)
	}
	return all, err
}

func (p *patternParser) observation(depth int) ([][]test, error) {
	if depth > maxNesting {
		return nil, errNested
	}
	closing := "]"
	var all [][]test
	var err error
	switch {
	case p.take(mark, "["):
		all, err = p.anyOf(depth + 1)
	case p.take(mark, "("):
		closing = ")"
		all, err = p.observations(depth + 1)
	default:
		return nil, errPattern
	}
	if err != nil {
		return nil, err
	}
	if !p.take(mark, closing) {
		if closing == ")" && p.token.kind == word {
			return nil, errSequence
		}
		return nil, errPattern
	}
	return all, nil
}

// anyOf reads comparisons joined by OR.
func (p *patternParser) anyOf(depth int) ([][]test, error) {
	all, err := p.allOf(depth)
	for err == nil && p.take(word, "OR") {
		var more [][]test
		more, err = p.allOf(depth)
		if all = append(all, more...); len(all) > maxAlternatives {
			return nil, errWide
		}
	}
	return all, err
}

// allOf reads comparisons joined by AND, which bind tighter, and multiplies out what stands in parentheses.
func (p *patternParser) allOf(depth int) ([][]test, error) {
	all, err := p.term(depth)
	for err == nil && p.take(word, "AND") {
		var more [][]test
		if more, err = p.term(depth); err != nil {
			break
		}
		if len(all)*len(more) > maxProduct {
			return nil, errWide
		}
		var product [][]test
		for _, a := range all {
			for _, b := range more {
				if len(a)+len(b) > maxTests {
					return nil, errWide
				}
				product = append(product, append(append([]test(nil), a...), b...))
			}
		}
		all = product
	}
	return all, err
}

func (p *patternParser) term(depth int) ([][]test, error) {
	if depth > maxNesting {
		return nil, errNested
	}
	if p.take(mark, "(") {
		all, err := p.anyOf(depth + 1)
		if err == nil && !p.take(mark, ")") {
			err = errPattern
		}
		return all, err
	}
	if p.token.kind == word && (p.token.text == "NOT" || p.token.text == "EXISTS") {
		return nil, errOperator
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	values, err := p.values(path)
	return [][]test{{{path, values}}}, err
}

// path reads type:property.property, in small letters; any index becomes [*].
func (p *patternParser) path() (string, error) {
	var b strings.Builder
	if p.token.kind != word {
		return "", errPattern
	}
	b.WriteString(strings.ToLower(p.token.text))
	p.next()
	separator := ":"
	for p.take(mark, separator) {
		if p.token.kind != word && p.token.kind != text {
			return "", errPattern
		}
		b.WriteString(separator)
		b.WriteString(strings.ToLower(p.token.text))
		p.next()
		for p.take(mark, "[") {
			p.next()
			if !p.take(mark, "]") {
				return "", errPattern
			}
			b.WriteString("[*]")
		}
		separator = "."
	}
	if separator == ":" {
		return "", errPattern
	}
	return b.String(), nil
}

func (p *patternParser) values(path string) ([]token, error) {
	switch {
	case p.take(mark, "="):
	case holdsNetwork(path) && p.take(word, "ISSUBSET"):
	case p.take(word, "IN"):
		return p.list()
	case p.token.kind == word || p.token.kind == mark && strings.Contains("<>!", p.token.text[:1]):
		return nil, errOperator
	default:
		return nil, errPattern
	}
	v := p.token
	if v.kind != text && v.kind != number {
		return nil, errCondition
	}
	p.next()
	return []token{v}, nil
}

func holdsNetwork(path string) bool {
	w, ok := propertyKinds(path)
	return ok && w.has(indicator.Network)
}

func (p *patternParser) list() ([]token, error) {
	if !p.take(mark, "(") {
		return nil, errPattern
	}
	var values []token
	for {
		if p.token.kind != text && p.token.kind != number {
			return nil, errCondition
		}
		values = append(values, p.token)
		p.next()
		if p.take(mark, ")") {
			return values, nil
		}
		if !p.take(mark, ",") {
			return nil, errPattern
		}
	}
}

// alternatives finds, among tests that must all hold, the one that names the value, and makes conditions of the
// others. Of several digests of one file the longest decides; what follows from it needs no test.
func alternatives(tests []test) ([]alternative, error) {
	var anchor *test
	var kinds want
	a := alternative{}
	for i := range tests {
		t := &tests[i]
		w, ok := propertyKinds(t.path)
		switch {
		case !ok:
			continue
		case anchor == nil, w&digests != 0 && kinds&digests != 0 && w > kinds && sameFile(t.path, anchor.path):
			anchor, kinds = t, w
		case w&digests != 0 && kinds&digests != 0 && sameFile(t.path, anchor.path):
		default:
			return nil, errTogether
		}
	}
	if anchor == nil {
		return nil, errProperty
	}
	for i := range tests {
		if t := &tests[i]; t != anchor {
			if err := a.condition(t, anchor, kinds); err != nil {
				return nil, err
			}
		}
	}
	var list []alternative
	for _, v := range anchor.values {
		if v.kind != text {
			return nil, errCondition
		}
		a.want, a.value = kinds, v.text
		list = append(list, a)
	}
	return list, nil
}

// sameFile tells whether two paths to digests speak of one file.
func sameFile(a, b string) bool {
	a, _, _ = strings.Cut(a, "hashes.")
	b, _, _ = strings.Cut(b, "hashes.")
	return a == b
}

// condition makes a test something to check beside the value.
func (a *alternative) condition(t, anchor *test, kinds want) error {
	object, property, _ := strings.Cut(t.path, ":")
	anchored, _, _ := strings.Cut(anchor.path, ":")
	if w, ok := propertyKinds(t.path); ok && w&digests != 0 {
		return nil // of the same file: alternatives has seen to it
	}
	if object != anchored || len(t.values) != 1 {
		return errCondition
	}
	v := t.values[0]
	switch {
	case object == "file" && kinds&digests != 0 && (property == "size" || property == "mime_type"):
		return nil // follow from the digest
	case object == "file" && property == "name" && a.name == "" && v.kind == text && len(v.text) <= maxText:
		a.name = v.text
		return nil
	case t.path == "domain-name:resolves_to_refs[*].value" && a.with == "" && v.kind == text && len(v.text) <= maxTitle:
		a.with = v.text
		return nil
	case object == "network-traffic" && (property == "dst_port" || property == "src_port") && a.port == 0:
		n, err := strconv.ParseUint(v.text, 10, 16)
		if err != nil || n == 0 {
			return errCondition
		}
		a.port = uint16(n)
		return nil
	case strings.HasSuffix(property, "_ref.type") && strings.HasPrefix(anchor.path, strings.TrimSuffix(t.path, "type")):
		return nil // the value shows it
	}
	return errCondition
}

// propertyKinds says what kinds of value a property holds.
func propertyKinds(path string) (want, bool) {
	switch path {
	case "domain-name:value":
		return 1 << indicator.Domain, true
	case "ipv4-addr:value", "ipv6-addr:value":
		return 1<<indicator.Address | 1<<indicator.Network, true
	case "url:value":
		return 1<<indicator.URL | 1<<indicator.URLPrefix, true
	case "email-addr:value", "email-message:from_ref.value", "email-message:sender_ref.value":
		return 1 << indicator.Email, true
	case "network-traffic:src_ref.value", "network-traffic:dst_ref.value":
		return 1<<indicator.Domain | 1<<indicator.Address | 1<<indicator.Network, true
	case "file:extensions.windows-pebinary-ext.imphash":
		return 1 << indicator.Imphash, true
	}
	object, name, found := strings.Cut(path, "hashes.")
	switch object {
	case "file:", "artifact:", "file:content_ref.", "process:image_ref.", "process:binary_ref.":
	default:
		return 0, false
	}
	w, known := wanted(squash(name))
	return w, found && known && w.only() != 0 && w&digests != 0
}

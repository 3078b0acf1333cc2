package sigma

import (
	"slices"
	"strings"
)

// Condition is a parsed condition expression. Exactly one form is set.
type Condition struct {
	And        []Condition
	Or         []Condition
	Not        *Condition
	Identifier string      // name of one selection
	Of         *Quantifier // "1 of", "any of", "all of"
	Text       string      // as written, on the outermost node
	Line       int
}

// Quantifier is "1 of X" or "all of X", where X is a pattern over selection names or "them".
type Quantifier struct {
	All     bool   // all of; otherwise 1 of
	Pattern string // with * anywhere; "them" is every selection whose name does not start with _
}

// Covers tells whether the quantifier speaks of the selection. Names that start with
// an underscore are left out of every quantifier: "1 of X" is "1 of them", restricted
// (specification, "1/all of search-identifier-pattern").
func (q *Quantifier) Covers(name string) bool {
	if strings.HasPrefix(name, "_") {
		return false
	}
	return q.Pattern == "them" || covers(q.Pattern, name)
}

// covers matches a name against a pattern in which * is any run of characters.
func covers(pattern, name string) bool {
	head, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return name == pattern
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		middle, more, starred := strings.Cut(rest, "*")
		if !starred {
			return strings.HasSuffix(name, rest)
		}
		at := strings.Index(name, middle)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(middle):], more
	}
}

// walk calls visit for the condition and all below it.
func (c *Condition) walk(visit func(*Condition)) {
	visit(c)
	for i := range c.And {
		c.And[i].walk(visit)
	}
	for i := range c.Or {
		c.Or[i].walk(visit)
	}
	if c.Not != nil {
		c.Not.walk(visit)
	}
}

// check refuses a condition that speaks of selections that are not there.
func (c *Condition) check(names []string) error {
	var err error
	c.walk(func(n *Condition) {
		switch {
		case err != nil:
		case n.Identifier != "" && !slices.Contains(names, n.Identifier):
			err = refuse(n.Line, "condition names %s, but no selection is called that%s", quote(n.Identifier), keywordHint(n.Identifier))
		case n.Of != nil && !slices.ContainsFunc(names, n.Of.Covers):
			err = refuse(n.Line, "condition speaks of %s, but no selection fits", quote(n.Of.Pattern))
		}
	})
	return err
}

// negates tells whether there is a not anywhere.
func (c *Condition) negates() bool {
	found := false
	c.walk(func(n *Condition) { found = found || n.Not != nil })
	return found
}

func keywordHint(word string) string {
	switch strings.ToLower(word) {
	case "and", "or", "not", "of", "them", "any", "all":
		return " (the words of a condition are written in lower case)"
	}
	return ""
}

// Limits of one condition.
const (
	maxCondition      = 1 << 16 // bytes
	maxConditionDepth = 64
)

// parseCondition reads an expression (specification, "Condition"):
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = "not" not | "(" or ")" | ("1" | "any" | "all") "of" pattern | name
func parseCondition(text string, line int) (Condition, error) {
	p := conditionParser{text: text, line: line}
	if len(text) > maxCondition {
		return Condition{}, refuse(line, "condition is longer than %d bytes", maxCondition)
	}
	if strings.Contains(text, "|") {
		return Condition{}, refuse(line, "condition with | (count, near and the like) is no part of Sigma 2: use a correlation")
	}
	if err := p.advance(); err != nil {
		return Condition{}, err
	}
	if p.word == "" {
		return Condition{}, refuse(line, "condition is empty")
	}
	c, err := p.or(0)
	if err != nil {
		return Condition{}, err
	}
	if p.word != "" {
		return Condition{}, p.unexpected()
	}
	c.Text = text
	return c, nil
}

// conditionParser looks one word ahead. A word is a name, a pattern of names, or a parenthesis.
type conditionParser struct {
	text string
	line int
	at   int    // behind word
	from int    // start of word
	word string // "" at the end
}

func (p *conditionParser) advance() error {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	p.from = p.at
	if p.at < len(p.text) && (p.text[p.at] == '(' || p.text[p.at] == ')') {
		p.at++
		p.word = p.text[p.from:p.at]
		return nil
	}
	for p.at < len(p.text) && isNameByte(p.text[p.at]) {
		p.at++
	}
	p.word = p.text[p.from:p.at]
	if p.word == "" && p.at < len(p.text) {
		return refuse(p.line, "condition has a character at position %d that belongs to no name", p.from+1)
	}
	return nil
}

func isNameByte(c byte) bool {
	return c-'a' < 26 || c-'A' < 26 || c-'0' < 10 || c == '_' || c == '-' || c == '*'
}

func (p *conditionParser) or(depth int) (Condition, error) {
	operands, err := p.operands("or", func() (Condition, error) { return p.and(depth) })
	if err != nil || len(operands) == 1 {
		return single(operands), err
	}
	return Condition{Or: operands, Line: p.line}, nil
}

func (p *conditionParser) and(depth int) (Condition, error) {
	operands, err := p.operands("and", func() (Condition, error) { return p.not(depth) })
	if err != nil || len(operands) == 1 {
		return single(operands), err
	}
	return Condition{And: operands, Line: p.line}, nil
}

func single(operands []Condition) Condition {
	if len(operands) == 0 {
		return Condition{}
	}
	return operands[0]
}

// operands reads operand { operator operand }.
func (p *conditionParser) operands(operator string, operand func() (Condition, error)) ([]Condition, error) {
	var operands []Condition
	for {
		c, err := operand()
		if err != nil {
			return nil, err
		}
		operands = append(operands, c)
		if p.word != operator {
			return operands, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *conditionParser) not(depth int) (Condition, error) {
	if depth > maxConditionDepth {
		return Condition{}, refuse(p.line, "condition is nested deeper than %d", maxConditionDepth)
	}
	word := p.word
	switch word {
	case "", ")", "and", "or":
		return Condition{}, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return Condition{}, err
	}
	switch word {
	case "not":
		c, err := p.not(depth + 1)
		return Condition{Not: &c, Line: p.line}, err
	case "(":
		c, err := p.or(depth + 1)
		if err != nil {
			return Condition{}, err
		}
		if p.word != ")" {
			return Condition{}, refuse(p.line, "condition has a parenthesis that is not closed")
		}
		return c, p.advance()
	case "1", "any", "all":
		if p.word == "of" {
			return p.quantifier(word == "all")
		}
	}
	if strings.Contains(word, "*") {
		return Condition{}, refuse(p.line, "condition has %s where one name belongs: write \"1 of\" or \"all of\" before it", quote(word))
	}
	return Condition{Identifier: word, Line: p.line}, nil
}

// quantifier reads `of pattern`.
func (p *conditionParser) quantifier(all bool) (Condition, error) {
	if err := p.advance(); err != nil {
		return Condition{}, err
	}
	pattern := p.word
	if pattern == "" || pattern == "(" || pattern == ")" {
		return Condition{}, refuse(p.line, "condition has \"of\" without a name or pattern of selections behind it")
	}
	return Condition{Of: &Quantifier{All: all, Pattern: pattern}, Line: p.line}, p.advance()
}

func (p *conditionParser) unexpected() error {
	if p.word == "" {
		return refuse(p.line, "condition ends where a selection is expected")
	}
	return refuse(p.line, "condition has an unexpected %s at position %d%s", quote(p.word), p.from+1, keywordHint(p.word))
}

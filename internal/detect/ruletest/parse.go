package ruletest

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/event"
)

// Parse reads a script. file is its name, which also names its rule. Errors are of type *Error.
func Parse(file string, text []byte, tax *event.Taxonomy) (*Script, error) {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	p := &parser{
		script: &Script{File: file, Rules: []string{strings.TrimSuffix(base, path.Ext(base)) + ".yml"}},
		tax:    tax,
	}
	if len(text) > maxScript || !utf8.Valid(text) {
		return nil, p.fail(1, "script must be UTF-8 text of at most "+strconv.Itoa(maxScript)+" bytes")
	}
	for _, s := range statements(text) {
		if err := p.statement(s); err != nil {
			return nil, err
		}
	}
	switch {
	case p.open:
		return nil, p.fail(p.now.Line, "case has no expect behind it")
	case len(p.script.Cases) == 0:
		return nil, p.fail(1, "script has no case: write events and an expect")
	}
	return p.script, nil
}

// statement is one line with those that go on with it.
type statement struct {
	line int
	text string
}

func statements(text []byte) []statement {
	var all []statement
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		number++
		trimmed := strings.TrimSpace(string(line))
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case (line[0] == ' ' || line[0] == '\t') && len(all) > 0:
			all[len(all)-1].text += "\n" + trimmed
		default:
			all = append(all, statement{number, trimmed})
		}
	}
	return all
}

type parser struct {
	script *Script
	tax    *event.Taxonomy

	sender, log, code string
	fields            members
	placeholders      map[string][]string

	now    Case
	open   bool // now has begun
	events int
	copied int
}

func (p *parser) fail(line int, reason string) error { return &Error{p.script.File, line, reason} }

func (p *parser) statement(s statement) error {
	verb, rest := word(s.text)
	switch verb {
	case "rule":
		return p.rule(s.line, rest)
	case "source":
		return p.source(s.line, rest)
	case "fields":
		fields, err := parseMembers(rest)
		if err != nil {
			return p.fail(s.line, err.Error())
		}
		p.fields = fields
		return nil
	case "placeholder":
		return p.placeholder(s.line, rest)
	case "case":
		return p.begin(s.line, rest)
	case "event":
		return p.event(s.line, rest, 1, 0)
	case "repeat":
		return p.repeat(s.line, rest)
	case "expect":
		return p.expect(s.line, rest)
	}
	return p.fail(s.line, "statement is unknown: write rule, source, fields, placeholder, case, event, repeat or expect")
}

// rule names the rules under test. The first statement takes the place of the script's own name.
func (p *parser) rule(line int, rest string) error {
	files := strings.Fields(rest)
	if len(files) == 0 || p.open || len(p.script.Cases) > 0 {
		return p.fail(line, "rule must name a file, before the first case")
	}
	p.script.Rules = files
	return nil
}

func (p *parser) source(line int, rest string) error {
	words, err := split(rest)
	if err != nil || len(words) == 0 || len(words) > 3 {
		return p.fail(line, "source must be a sender, its log and a code, such as: source windows Security 4688")
	}
	words = append(words, "", "")
	p.sender, p.log, p.code = words[0], words[1], words[2]
	switch class := p.tax.Class(p.sender, p.log, p.code); {
	case class.ID == 0:
		return p.fail(line, "source names a sender that content/taxonomy does not know")
	case p.log != "" && class.Service == "":
		return p.fail(line, "source names a log that content/taxonomy does not know: on Windows it is the channel, as the Event Viewer shows it")
	}
	return nil
}

func (p *parser) placeholder(line int, rest string) error {
	words, err := split(rest)
	if err != nil || len(words) < 2 {
		return p.fail(line, `placeholder must be a name and values, such as: placeholder KnownAETitles CT1 "MR 2"`)
	}
	bound := map[string][]string{strings.Trim(words[0], "%"): words[1:]}
	for name, values := range p.placeholders {
		if bound[name] == nil {
			bound[name] = values
		}
	}
	p.placeholders = bound
	return nil
}

func (p *parser) begin(line int, name string) error {
	if p.open {
		return p.fail(line, "the case before has no expect")
	}
	p.now, p.open = Case{Name: name, Line: line}, true
	return nil
}

// repeat reads N every SPAN event TIME {JSON}.
func (p *parser) repeat(line int, rest string) error {
	number, rest := word(rest)
	every, rest := word(rest)
	interval, rest := word(rest)
	verb, rest := word(rest)
	n, err := strconv.Atoi(number)
	span, spanErr := time.ParseDuration(interval)
	if err != nil || spanErr != nil || every != "every" || verb != "event" || n < 1 || span < 0 {
		return p.fail(line, "repeat must be written: repeat 60 every 1s event TIME {...}")
	}
	if n > maxEvents || span > longestRepeat/time.Duration(n) {
		return p.fail(line, "repeat is longer than a test may be")
	}
	return p.event(line, rest, n, span)
}

// event adds n events, span apart.
func (p *parser) event(line int, rest string, n int, span time.Duration) error {
	stamp, text := word(rest)
	at, ok := event.ParseTime([]byte(stamp))
	if !ok {
		return p.fail(line, "event must begin with a time such as 2026-03-01T02:11:04Z")
	}
	if p.sender == "" {
		return p.fail(line, "event comes before any source: write one first, such as: source windows Security")
	}
	if !p.open {
		p.now, p.open = Case{Line: line}, true
	}
	for i := range n {
		ev, err := p.build(counted(text, i+1))
		if err != nil {
			return p.fail(line, err.Error())
		}
		p.events++
		ev.Source, ev.Record, ev.Time = p.script.File, int64(p.events), at.Add(time.Duration(i)*span)
		p.copied += len(ev.Fields)
		if p.events > maxEvents || p.copied > maxCopied {
			return p.fail(line, "script has more events than a test may have")
		}
		p.now.Events = append(p.now.Events, ev)
	}
	return nil
}

// expect reads none, or N findings and what each of them has.
func (p *parser) expect(line int, rest string) error {
	if len(p.now.Events) == 0 {
		return p.fail(line, "expect has no events before it")
	}
	words, err := split(rest)
	if err != nil {
		return p.fail(line, err.Error())
	}
	e := Expectation{Line: line, Each: map[string]string{}}
	switch {
	case len(words) == 1 && words[0] == "none":
	case len(words) >= 2 && (words[1] == "finding" || words[1] == "findings"):
		if e.Findings, err = strconv.Atoi(words[0]); err != nil || e.Findings < 1 {
			return p.fail(line, "expect must state how many findings, from 1, or none")
		}
		for _, w := range words[2:] {
			key, value, ok := strings.Cut(w, "=")
			if !ok || key == "" || value == "" {
				return p.fail(line, "expect states what findings have as key=value, such as level=high")
			}
			e.Each[key] = value
		}
	default:
		return p.fail(line, "expect must be written: expect none, or: expect 1 finding level=high")
	}
	p.now.Expect, p.now.Placeholders = e, p.placeholders
	p.script.Cases = append(p.script.Cases, p.now)
	p.now, p.open = Case{}, false
	return nil
}

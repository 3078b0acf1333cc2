package sigma

import (
	"bytes"
	"errors"
	"regexp/syntax"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Options says what a site brings to its rules.
type Options struct {
	// Placeholders binds the %names% of values under the expand modifier. What stands in
	// their place may hold wildcards. A rule with an unbound one is refused
	// (specification, "Placeholders").
	Placeholders map[string][]string
}

// Limits of one stream and of each of its documents.
const (
	maxStream    = 64 << 20 // bytes
	maxDocument  = 2 << 20  // bytes
	maxDocuments = 20_000
	maxNodes     = 200_000  // values that are read, each alias counted as what it stands for
	maxPatterns  = 32 << 20 // bytes of the patterns that modifiers make
	maxDepth     = 32
	maxProblems  = 20 // warnings kept of one document
)

// Parse reads a stream of YAML documents: rules, correlations and filters. file is only
// repeated in what is returned. A refusal concerns one document; the others still load.
func Parse(file string, data []byte, o Options) (Documents, []Problem) {
	s := stream{file: file, options: o}
	switch {
	case len(data) > maxStream:
		s.report(0, "", "", refuse(0, "file is larger than %d bytes", maxStream))
		return Documents{}, s.problems
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		s.report(0, "", "", refuse(1, "file is UTF-16: save it as UTF-8"))
		return Documents{}, s.problems
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for line, count := 1, 0; len(data) > 0; {
		var chunk []byte
		chunk, data = cutDocument(data)
		if count++; count > maxDocuments {
			s.report(line, "", "", refuse(line, "file holds more than %d documents: split it", maxDocuments))
			break
		}
		s.document(chunk, line)
		line += bytes.Count(chunk, []byte{'\n'})
	}
	return s.documents, s.problems
}

// cutDocument cuts data before the next line that begins a document. Documents are split
// here so that one which is no YAML does not take the rest with it; three hyphens in
// the first column begin a document wherever they stand (YAML 1.2, 9.1.2).
func cutDocument(data []byte) (document, rest []byte) {
	for at := 0; ; {
		next := bytes.IndexByte(data[at:], '\n')
		if next < 0 {
			return data, nil
		}
		at += next + 1
		if line := data[at:]; bytes.HasPrefix(line, []byte("---")) && (len(line) == 3 || strings.IndexByte(" \t\r\n", line[3]) >= 0) {
			return data[:at], data[at:]
		}
	}
}

// stream gathers what the documents of one file yield.
type stream struct {
	file      string
	options   Options
	documents Documents
	problems  []Problem
	global    bool // an "action" has been seen: what follows leans on other documents
}

func (s *stream) report(line int, id, title string, err error) {
	p := Problem{File: s.file, Line: line, ID: shorten(id, maxTitle), Title: shorten(title, maxTitle), Reason: err.Error()}
	var r *refusal
	if errors.As(err, &r) {
		p.Line, p.Reason = r.line, r.reason
	}
	s.problems = append(s.problems, p)
}

func (s *stream) document(chunk []byte, line int) {
	if !hasContent(chunk) {
		return
	}
	if len(chunk) > maxDocument {
		s.report(line, "", "", refuse(line, "document is larger than %d bytes", maxDocument))
		return
	}
	var root yaml.Node
	if err := yaml.Unmarshal(chunk, &root); err != nil {
		s.report(line, "", "", yamlRefusal(err, line))
		return
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || isNull(root.Content[0]) {
		return
	}
	d := document{stream: s, offset: line - 1, nodes: maxNodes, patterns: maxPatterns}
	if err := d.read(root.Content[0]); err != nil {
		s.report(line, d.meta.ID, d.meta.Title, err)
		return
	}
	s.problems = append(s.problems, d.warnings...)
}

// hasContent tells whether a chunk holds more than comments, markers and directives.
func hasContent(chunk []byte) bool {
	for line := range bytes.Lines(chunk) {
		line = bytes.TrimSpace(line)
		line = bytes.TrimPrefix(bytes.TrimPrefix(line, []byte("---")), []byte("..."))
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return true
		}
	}
	return false
}

// yamlRefusal keeps where a YAML error is and, since its words may repeat the text, no
// more than whether it is about an anchor.
func yamlRefusal(err error, line int) error {
	at := 1
	reason := "document is no valid YAML"
	text := err.Error()
	if _, rest, ok := strings.Cut(text, "line "); ok {
		digits, _, _ := strings.Cut(rest, ":")
		if n, err := strconv.Atoi(digits); err == nil {
			at = n
		}
	}
	if strings.Contains(text, "anchor") {
		reason = "document is no valid YAML: an alias stands for nothing"
	}
	return refuse(line-1+at, "%s", reason)
}

// document reads one document.
type document struct {
	*stream
	offset   int // lines before the document
	nodes    int // how many may still be read
	patterns int // how many bytes of patterns may still be made
	meta     Rule
	warnings []Problem
}

func (d *document) warn(line int, reason string) {
	if len(d.warnings) < maxProblems {
		d.warnings = append(d.warnings, Problem{File: d.file, Line: line, ID: shorten(d.meta.ID, maxTitle), Title: d.meta.Title, Reason: reason, Warning: true})
	}
}

// read tells the kinds of document apart by the key that only one of them has.
func (d *document) read(n *yaml.Node) error {
	top, err := d.pairs(n, "document")
	if err != nil {
		return err
	}
	d.meta.File, d.meta.Line = d.file, d.line(n)
	d.identify(top)
	if find(top, "action") != nil {
		d.global = true
	}
	if d.global {
		return refuse(d.meta.Line, "documents joined by \"action\" are no part of Sigma 2: write each rule out")
	}
	switch {
	case find(top, "correlation") != nil:
		return d.correlation(top)
	case find(top, "filter") != nil:
		return d.filter(top)
	case find(top, "detection") != nil:
		return d.rule(top)
	}
	return refuse(d.meta.Line, "document is no rule, correlation or filter: it has neither detection nor correlation nor filter")
}

// identify notes id and title early, so that every problem can name its document.
func (d *document) identify(top []pair) {
	for _, p := range top {
		switch {
		case p.value.Kind != yaml.ScalarNode || isNull(p.value):
		case p.key == "id":
			d.meta.ID = p.value.Value
		case p.key == "title":
			d.meta.Title = p.value.Value
		}
	}
}

// line is the line of a node in the file.
func (d *document) line(n *yaml.Node) int { return d.offset + n.Line }

// pair is one entry of a map, aliases resolved.
type pair struct {
	key   string
	line  int
	value *yaml.Node
}

func find(pairs []pair, key string) *pair {
	for i := range pairs {
		if pairs[i].key == key {
			return &pairs[i]
		}
	}
	return nil
}

// pairs returns the entries of a map. A key that stands twice is refused: readers of
// YAML do not agree on which one counts.
func (d *document) pairs(n *yaml.Node, what string) ([]pair, error) {
	if n.Kind != yaml.MappingNode {
		return nil, refuse(d.line(n), "%s must be a map", what)
	}
	pairs := make([]pair, 0, len(n.Content)/2)
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := d.resolve(n.Content[i])
		if err != nil {
			return nil, err
		}
		value, err := d.resolve(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		line := d.line(n.Content[i])
		switch {
		case key.Kind != yaml.ScalarNode:
			return nil, refuse(line, "%s has a key that is no plain text", what)
		case key.ShortTag() == "!!merge":
			return nil, refuse(line, "%s uses a YAML merge key (<<): write its entries out", what)
		case seen[key.Value]:
			return nil, refuse(line, "%s has the key %s twice", what, quote(key.Value))
		}
		seen[key.Value] = true
		pairs = append(pairs, pair{key.Value, line, value})
	}
	return pairs, nil
}

// elements returns the elements of a list, or the one value that stands in its place.
func (d *document) elements(n *yaml.Node) ([]*yaml.Node, error) {
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}, nil
	}
	elements := make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		var err error
		if elements[i], err = d.resolve(e); err != nil {
			return nil, err
		}
	}
	return elements, nil
}

// resolve follows an alias and counts the node.
func (d *document) resolve(n *yaml.Node) (*yaml.Node, error) {
	if d.nodes--; d.nodes < 0 {
		return nil, refuse(d.line(n), "document holds more than %d values", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias, nil
	}
	return n, nil
}

// strings reads a list of texts, or a single one.
func (d *document) strings(p *pair) ([]string, error) {
	if p == nil || isNull(p.value) {
		return nil, nil
	}
	elements, err := d.elements(p.value)
	if err != nil {
		return nil, err
	}
	texts := make([]string, 0, len(elements))
	for _, e := range elements {
		if e.Kind != yaml.ScalarNode {
			return nil, refuse(d.line(e), "%s must be a list of texts", p.key)
		}
		if !isNull(e) {
			texts = append(texts, e.Value)
		}
	}
	return texts, nil
}

// text reads a text. Numbers and dates count as what was written.
func (d *document) text(p *pair) (string, error) {
	if p == nil || isNull(p.value) {
		return "", nil
	}
	if p.value.Kind != yaml.ScalarNode {
		return "", refuse(p.line, "%s must be a text", p.key)
	}
	return p.value.Value, nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// syntaxReason words an error of a regular expression without repeating it.
func syntaxReason(err error) string {
	var e *syntax.Error
	if errors.As(err, &e) {
		return string(e.Code)
	}
	return "it cannot be read"
}

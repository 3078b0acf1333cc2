package depend

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content/strict"
)

// Problem is what is wrong with a file, and where. It says nothing of what the file holds there.
type Problem struct {
	File   string // empty where there is only one
	Line   int    // 0 for the whole file
	Column int    // 0 for the whole line
	Text   string // what is wrong, and what is expected
}

func (p Problem) String() string {
	var where []string
	if p.File != "" {
		where = append(where, p.File)
	}
	if p.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", p.Line))
	}
	if p.Column > 0 {
		where = append(where, fmt.Sprintf("column %d", p.Column))
	}
	if where == nil {
		return p.Text
	}
	return strings.Join(where, ", ") + ": " + p.Text
}

// Refused says why a file was not taken.
type Refused struct {
	Problems []Problem // the first of them
	All      int
}

func (r *Refused) Error() string {
	const most = 10
	var lines []string
	for _, p := range r.Problems[:min(len(r.Problems), most)] {
		lines = append(lines, p.String())
	}
	if more := r.All - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return "the map was not taken: " + strings.Join(lines, "; ")
}

func refuse(problems []Problem) error {
	return &Refused{problems[:min(len(problems), mostFaults)], len(problems)}
}

// MostBytes is how long a file of a map may be.
const MostBytes = 8 << 20

// The file of a map. A person writes it:
//
//	nodes:
//	  - id: results            # a service; like says which row of services.yml it is
//	    kind: service
//	    like: lab
//	    needs:
//	      - feed-results
//	      - {on: lis, within: 10m}             # goes on for ten minutes without
//	      - {on: database-1, any_of: database} # one of the two is enough
//	      - {on: database-2, any_of: database}
//
// Further keys of a node are name, class, tolerated, call and known; of a need as, for one that traffic showed (proposed, confirmed).
type file struct {
	Nodes []fileNode `yaml:"nodes"`
}

type fileNode struct {
	ID        at         `yaml:"id"`
	Kind      at         `yaml:"kind,omitempty"` // empty only for what another file says more of
	Name      at         `yaml:"name,omitempty"`
	Like      at         `yaml:"like,omitempty"`
	Class     at         `yaml:"class,omitempty"`
	Tolerated at         `yaml:"tolerated,omitempty"`
	Call      at         `yaml:"call,omitempty"`
	Known     []at       `yaml:"known,omitempty"`
	Needs     []fileNeed `yaml:"needs,omitempty"`
}

type fileNeed struct{ On, AnyOf, Within, As at }

// at is a text of a file, and where it stands.
type at struct {
	text         string
	line, column int
}

// UnmarshalYAML takes a text, a number or a word as it is written.
func (a *at) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return misplaced(n, "one word or text is expected here")
	}
	*a = at{n.Value, n.Line, n.Column}
	return nil
}

// MarshalYAML writes the text, quoted where it would be read as something else.
func (a at) MarshalYAML() (any, error) { return a.text, nil }

// IsZero lets what is empty be left out.
func (a at) IsZero() bool { return a.text == "" }

func misplaced(n *yaml.Node, text string) error {
	return refuse([]Problem{{Line: n.Line, Column: n.Column, Text: text}})
}

// UnmarshalYAML takes the id alone, or an object.
func (f *fileNeed) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return f.On.UnmarshalYAML(n)
	}
	if n.Kind != yaml.MappingNode {
		return misplaced(n, "a need is an id, or {on, any_of, within}")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		into := map[string]*at{"on": &f.On, "any_of": &f.AnyOf, "within": &f.Within, "as": &f.As}[n.Content[i].Value]
		switch {
		case into == nil:
			return misplaced(n.Content[i], "a need has the keys on, any_of, within and as")
		case into.line != 0:
			return misplaced(n.Content[i], "this key is there twice")
		}
		if err := into.UnmarshalYAML(n.Content[i+1]); err != nil {
			return err
		}
	}
	if f.On.line == 0 {
		return misplaced(n, "a need must say on what: {on: id}")
	}
	return nil
}

// MarshalYAML writes the shortest form.
func (f fileNeed) MarshalYAML() (any, error) {
	if f.AnyOf.IsZero() && f.Within.IsZero() && f.As.IsZero() {
		return f.On.text, nil
	}
	return struct {
		On     string `yaml:"on"`
		AnyOf  string `yaml:"any_of,omitempty"`
		Within string `yaml:"within,omitempty"`
		As     string `yaml:"as,omitempty"`
	}{f.On.text, f.AnyOf.text, f.Within.text, f.As.text}, nil
}

// Text is one file of a map.
type Text struct {
	Name string // in problems
	Body []byte
}

// ReadMap reads a map of one file. What is wrong with it is a *Refused.
func ReadMap(text []byte, c *Catalogue) (*Graph, error) { return ReadMaps(c, Text{Body: text}) }

// ReadMaps reads a map of several files, as if a later one were merged into those before it: it adds things and links, changes what it states otherwise, and its links may
// lead to things of other files.
func ReadMaps(c *Catalogue, texts ...Text) (*Graph, error) {
	if c == nil {
		c = &Catalogue{}
	}
	var whole reading
	for _, t := range texts {
		read := readText(t.Body)
		for _, places := range [...][]Problem{read.problems, read.nodesAt, read.edgesAt} {
			for i := range places {
				places[i].File = t.Name
			}
		}
		whole.join(&read)
	}
	if whole.problems == nil {
		whole.check(c)
	}
	if len(whole.problems) > 0 {
		return nil, refuse(whole.problems)
	}
	return New(c, whole.nodes, whole.edges)
}

func readText(text []byte) (read reading) {
	if len(text) > MostBytes {
		read.problems = []Problem{{Text: fmt.Sprintf("it is longer than %d bytes", MostBytes)}}
		return read
	}
	var f file
	if err := strict.Decode(text, &f); err != nil {
		read.problems = plain(err)
		return read
	}
	for i := range f.Nodes {
		read.node(&f.Nodes[i])
	}
	return read
}

// plain says what strict reading found, without what stands in the file.
func plain(err error) []Problem {
	if known, ok := errors.AsType[*Refused](err); ok {
		return known.Problems
	}
	texts := []string{err.Error()}
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		texts = wrong.Errors
	}
	line := regexp.MustCompile(`line (\d+)`)
	var problems []Problem
	for _, text := range texts {
		p := Problem{Text: "this is no YAML: look for a missing colon, quote or blank at the beginning of the line"}
		if m := line.FindStringSubmatch(text); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
		}
		switch {
		case errors.Is(err, strict.ErrDocuments):
			p.Text = strict.ErrDocuments.Error()
		case strings.Contains(text, "not found in type"):
			p.Text = "this key is not known: docs/adding/service.md lists them"
		case strings.Contains(text, "already defined"):
			p.Text = "this key is there twice"
		case strings.Contains(text, "cannot unmarshal"):
			p.Text = "a list or an object is expected here, or none"
		}
		problems = append(problems, p)
	}
	return problems
}

// reading is a map as it is read, with the places of its parts in the file.
type reading struct {
	nodes    []Node
	edges    []Edge
	nodesAt  []Problem // by node
	edgesAt  []Problem // by edge
	problems []Problem
}

// join adds what another file says.
func (r *reading) join(more *reading) {
	nodes, edges := map[NodeID]int{}, map[Edge]int{}
	for i := range r.nodes {
		nodes[r.nodes[i].ID] = i
	}
	for i := range r.edges {
		edges[r.edges[i].key()] = i
	}
	for i, n := range more.nodes {
		if k, known := nodes[n.ID]; known {
			r.nodes[k], r.nodesAt[k] = r.nodes[k].with(n), more.nodesAt[i]
			delete(nodes, n.ID) // once more in the same file is a mistake, which check tells
			continue
		}
		r.nodes, r.nodesAt = append(r.nodes, n), append(r.nodesAt, more.nodesAt[i])
	}
	for i, e := range more.edges {
		if k, known := edges[e.key()]; known {
			r.edges[k], r.edgesAt[k] = e, more.edgesAt[i]
			delete(edges, e.key())
			continue
		}
		r.edges, r.edgesAt = append(r.edges, e), append(r.edgesAt, more.edgesAt[i])
	}
	r.problems = append(r.problems, more.problems...)
}

// check adds what is wrong with the map as a whole.
func (r *reading) check(c *Catalogue) {
	for _, f := range check(c, r.nodes, r.edges, MostNodes) {
		p := Problem{}
		switch {
		case f.node >= 0:
			p = r.nodesAt[f.node]
		case f.edge >= 0:
			p = r.edgesAt[f.edge]
		}
		p.Text = f.text
		r.problems = append(r.problems, p)
	}
}

func (r *reading) wrong(a at, text string) {
	r.problems = append(r.problems, Problem{Line: a.line, Column: a.column, Text: text})
}

func (r *reading) node(f *fileNode) {
	n := Node{ID: NodeID(f.ID.text), Kind: kindOf(f.Kind.text), Name: f.Name.text, Like: f.Like.text, Tolerated: r.span(f.Tolerated), Call: f.Call.text}
	if f.Kind.text != "" && n.Kind == 0 {
		r.wrong(f.Kind, "kind is component, feed, service or unit")
		return
	}
	if c := f.Class.text; c != "" {
		if n.Class = classOf(c); n.Class == 0 {
			r.wrong(f.Class, "class is A, B or C")
			return
		}
	}
	for _, k := range f.Known {
		n.Known = append(n.Known, k.text)
	}
	r.nodes = append(r.nodes, n)
	r.nodesAt = append(r.nodesAt, Problem{Line: f.ID.line, Column: f.ID.column})
	for i := range f.Needs {
		need := &f.Needs[i]
		e := Edge{From: n.ID, To: NodeID(need.On.text), AnyOf: need.AnyOf.text, Tolerated: r.span(need.Within)}
		switch need.As.text {
		case "", "declared":
		case "proposed":
			e.Kind = Proposed
		case "confirmed":
			e.Kind = Confirmed
		default:
			r.wrong(need.As, "as is declared, proposed or confirmed")
		}
		r.edges = append(r.edges, e)
		r.edgesAt = append(r.edgesAt, Problem{Line: need.On.line, Column: need.On.column})
	}
}

func (r *reading) span(a at) time.Duration {
	if a.IsZero() {
		return Unstated
	}
	d, ok := spanOf(a.text)
	if !ok {
		r.wrong(a, "a time is written as 15m, 8h or 2d")
		return Unstated
	}
	return d
}

func kindOf(word string) Kind {
	for k := Component; k <= Unit; k++ {
		if word == k.String() {
			return k
		}
	}
	return 0
}

func classOf(word string) Class {
	if word == "A" || word == "B" || word == "C" {
		return Class(word[0])
	}
	return 0
}

// spanOf reads 15m, 8h and 2d.
func spanOf(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 8)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

// spanText writes what spanOf reads.
func spanText(d time.Duration) string {
	switch {
	case d == Unstated:
		return ""
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// WriteMap writes a map as ReadMap reads it: what lies below comes first, and things of a kind by id.
func WriteMap(g *Graph) ([]byte, error) { return write(g.nodes, g.edges) }

// write writes nodes and the edges from them, both in the order of their ids.
func write(nodes []Node, edges []Edge) ([]byte, error) {
	needs := map[NodeID][]fileNeed{}
	for i := range edges {
		e := &edges[i]
		need := fileNeed{On: at{text: string(e.To)}, AnyOf: at{text: e.AnyOf}, Within: at{text: spanText(e.Tolerated)}}
		if e.Kind != Declared {
			need.As.text = e.Kind.String()
		}
		needs[e.From] = append(needs[e.From], need)
	}
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(a, b Node) int { return cmp.Compare(a.Kind, b.Kind) })
	var f file
	for i := range nodes {
		n := &nodes[i]
		out := fileNode{
			ID: at{text: string(n.ID)}, Kind: at{text: n.Kind.String()}, Name: at{text: n.Name}, Like: at{text: n.Like},
			Class: at{text: n.Class.String()}, Tolerated: at{text: spanText(n.Tolerated)}, Call: at{text: n.Call}, Needs: needs[n.ID],
		}
		for _, k := range n.Known {
			out.Known = append(out.Known, at{text: k})
		}
		f.Nodes = append(f.Nodes, out)
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write the map: %w", err)
	}
	return text, nil
}

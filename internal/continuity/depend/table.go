package depend

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/format/charset"
)

// Columns says what the columns of one product's export mean: content/continuity/columns/map.yml is the manual.
type Columns struct {
	Name      string                       `yaml:"name"`
	Require   [][]string                   `yaml:"require"`
	Columns   map[string][]string          `yaml:"columns"`
	Values    map[string]map[string]string `yaml:"values"`
	Constant  map[string]string            `yaml:"constant"`
	Separator string                       `yaml:"separator"`
	Only      []string                     `yaml:"only"` // rows whose field only holds none of these are passed over
}

// LoadColumns reads columns/*.yml of content/continuity, or of a site's folder.
func LoadColumns(fsys fs.FS) ([]Columns, error) {
	files, err := fs.Glob(fsys, "columns/*.yml")
	if err != nil {
		return nil, fmt.Errorf("list what columns mean: %w", err)
	}
	var all []Columns
	for _, name := range files {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read what columns mean: %w", err)
		}
		c := Columns{Separator: ";"}
		if err := strict.Decode(text, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := c.complete(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// fields are what a column may hold.
func fields() []string {
	return []string{
		"id", "name", "kind", "like", "class", "tolerated", "call", "known", "needs", "either", "used_by", "used_by_kind",
		"from", "to", "from_name", "to_name", "from_kind", "to_kind", "any_of", "within", "only",
	}
}

func (c *Columns) complete() error {
	if c.Name == "" || len(c.Require) == 0 || c.Separator == "" {
		return errors.New("name and require must be stated")
	}
	for _, stated := range [][]string{slices.Sorted(maps.Keys(c.Columns)), slices.Sorted(maps.Keys(c.Values)), slices.Sorted(maps.Keys(c.Constant))} {
		for _, f := range stated {
			if !slices.Contains(fields(), f) {
				return fmt.Errorf("%s is not a field: they are %s", f, strings.Join(fields(), ", "))
			}
		}
	}
	return nil
}

// fit finds the fields in a header; false when it is not the header of such an export.
func (c *Columns) fit(header []string) (map[string][]int, bool) {
	where := map[string]int{}
	for i, name := range header {
		if key := folded(name); key != "" {
			if _, twice := where[key]; !twice {
				where[key] = i
			}
		}
	}
	for _, group := range c.Require {
		if !slices.ContainsFunc(group, func(name string) bool { _, ok := where[folded(name)]; return ok }) {
			return nil, false
		}
	}
	found := map[string][]int{}
	for field, names := range c.Columns {
		for _, name := range names {
			if i, ok := where[folded(name)]; ok {
				found[field] = append(found[field], i)
			}
		}
	}
	return found, true
}

// folded makes the ways to write one title alike: Asset Number, ASSET_NUMBER.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Import is what a table says of a map, before anyone agreed to it.
type Import struct {
	Columns  string    // by which it was read
	Ignored  int       // columns that nothing is taken from
	Rows     int       // without the header and empty ones
	Passed   int       // rows that are of another kind
	Nodes    []Node    // what rows state
	Implied  []Node    // what rows only refer to; it counts where the map does not know it
	Edges    []Edge    //
	Problems []Problem // rows and parts of rows that were not taken: the first of them
	Refused  int       // how many there are
}

// What a table may hold.
const (
	mostRows  = 200_000
	mostCells = 1_000
	titles    = 5  // lines that may stand above the header
	mostParts = 64 // values in one cell
)

// ReadTable reads an export in CSV. mappings are tried in order. A row that cannot be read is a Problem, and the others are taken; the error is of the table as a whole.
func ReadTable(r io.Reader, mappings []Columns, c *Catalogue) (*Import, error) {
	if c == nil {
		c = &Catalogue{}
	}
	t, err := openTable(r, mappings)
	if err != nil {
		return nil, err
	}
	for {
		cells, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if p, broken := errors.AsType[*csv.ParseError](err); broken {
				return nil, refuse([]Problem{{Line: p.Line, Column: p.Column, Text: "this is no CSV: " + p.Err.Error()}})
			}
			return nil, fmt.Errorf("read the table: %w", err)
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		if t.im.Rows++; t.im.Rows > mostRows || len(cells) > mostCells {
			return nil, refuse([]Problem{{Text: fmt.Sprintf("it has more than %d rows or %d columns: leave out what no service rests on", mostRows, mostCells)}})
		}
		t.row(cells)
		if len(t.read.nodes) > MostNodes || len(t.read.edges) > MostEdges {
			return nil, refuse([]Problem{{Text: fmt.Sprintf("it has more than %d things or %d links: leave out what no service rests on", MostNodes, MostEdges)}})
		}
	}
	return t.finish(c)
}

// table is a table that is being read.
type table struct {
	csv     *csv.Reader
	columns *Columns
	where   map[string][]int
	cells   []string
	im      Import
	read    reading
	at      map[NodeID]int    // in read.nodes
	implied map[NodeID]Node   // referred to
	linked  map[[3]string]int // edges by From, To, AnyOf
}

// openTable finds the header.
func openTable(r io.Reader, mappings []Columns) (*table, error) {
	t := &table{at: map[NodeID]int{}, implied: map[NodeID]Node{}, linked: map[[3]string]int{}}
	text, err := io.ReadAll(io.LimitReader(r, MostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	if len(text) > MostBytes {
		return nil, refuse([]Problem{{Text: fmt.Sprintf("it is longer than %d bytes", MostBytes)}})
	}
	text, _ = charset.UTF8(text, "")
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for _, comma := range ",;\t|" { // a title above may hold any of them
		t.csv = csv.NewReader(bytes.NewReader(text))
		t.csv.Comma, t.csv.FieldsPerRecord, t.csv.LazyQuotes, t.csv.TrimLeadingSpace, t.csv.ReuseRecord = comma, -1, true, true, true
		if t.header(mappings) {
			return t, nil
		}
	}
	return nil, refuse([]Problem{{Line: 1, Text: "no mapping fits these columns: copy the nearest file of content/continuity/columns and name them there"}})
}

// header reads up to the titles of the columns, and tells whether a mapping fits them.
func (t *table) header(mappings []Columns) bool {
	for range titles + 1 {
		header, err := t.csv.Read()
		if err != nil {
			return false
		}
		for i := range mappings {
			where, fits := mappings[i].fit(header)
			if !fits {
				continue
			}
			t.columns, t.where = &mappings[i], where
			used := map[int]bool{}
			for _, list := range where {
				for _, i := range list {
					used[i] = true
				}
			}
			t.im.Columns, t.im.Ignored = mappings[i].Name, len(header)-len(used)
			return true
		}
	}
	return false
}

// cell is what a row says of a field, in our words, and in which column.
func (t *table) cell(field string) (string, int) {
	for _, i := range t.where[field] {
		if i >= len(t.cells) {
			continue
		}
		value := strings.TrimSpace(t.cells[i])
		if ours, known := t.columns.Values[field][value]; known {
			return ours, i
		}
		if value != "" {
			return value, i
		}
	}
	return t.columns.Constant[field], -1
}

func (t *table) text(field string) string {
	value, _ := t.cell(field)
	return value
}

func (t *table) list(field string) []string {
	value, _ := t.cell(field)
	var out []string
	for part := range strings.SplitSeq(value, t.columns.Separator) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(out, part) && len(out) < mostParts {
			out = append(out, part)
		}
	}
	return out
}

// wrong notes what is wrong with a field of the row.
func (t *table) wrong(field, text string) {
	_, column := t.cell(field)
	p := Problem{Text: field + ": " + text}
	p.Line, _ = t.csv.FieldPos(0)
	if column >= 0 {
		p.Line, _ = t.csv.FieldPos(column)
		p.Column = column + 1
	}
	t.read.problems = append(t.read.problems, p)
}

// row takes one row.
func (t *table) row(cells []string) {
	t.cells = cells
	if len(t.columns.Only) > 0 && !slices.Contains(t.columns.Only, t.text("only")) {
		t.im.Passed++
		return
	}
	id, from, to := t.text("id"), t.text("from"), t.text("to")
	switch {
	case id == "" && from == "" && to == "":
		t.wrong("id", "nothing, and without it the row says nothing")
		return
	case id == "" && (from == "" || to == ""):
		t.wrong("from", "a link needs from and to")
		return
	}
	for _, f := range [...]string{"id", "from", "to"} {
		if damaged(t.text(f)) {
			t.wrong(f, "a spreadsheet made a rounded number of it: export that column as text")
			return
		}
	}
	if id != "" && !t.thing(NodeID(id)) {
		return
	}
	if from != "" && to != "" {
		t.imply(NodeID(from), t.text("from_name"), cmpKind(kindOf(t.text("from_kind")), Component))
		t.imply(NodeID(to), t.text("to_name"), cmpKind(kindOf(t.text("to_kind")), Component))
		within, ok := t.time("within")
		if ok {
			t.link(Edge{From: NodeID(from), To: NodeID(to), AnyOf: t.text("any_of"), Tolerated: within})
		}
	}
}

func cmpKind(k, otherwise Kind) Kind {
	if k == 0 {
		return otherwise
	}
	return k
}

// damaged tells a number that a spreadsheet rounded.
func damaged(text string) bool {
	if !strings.Contains(strings.ToUpper(text), "E+") {
		return false
	}
	_, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return err == nil
}

// time reads 30m, 8h, 2d, or a number of minutes.
func (t *table) time(field string) (time.Duration, bool) {
	value := t.text(field)
	if value == "" {
		return Unstated, true
	}
	if minutes, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(minutes) * time.Minute, true
	}
	d, ok := spanOf(value)
	if !ok {
		t.wrong(field, "a time is written as 30m, 8h or 2d, or as a number of minutes")
	}
	return d, ok
}

// thing takes what a row says of a thing, and tells whether it could.
func (t *table) thing(id NodeID) bool {
	n := Node{ID: id, Name: t.text("name"), Kind: kindOf(t.text("kind")), Like: t.text("like"), Call: t.text("call"), Known: t.list("known")}
	if word := t.text("kind"); word == "" {
		n.Kind = Component
	} else if n.Kind == 0 {
		t.wrong("kind", "it is component, feed, service or unit; values of the mapping say which of the sender's words mean which")
		return false
	}
	if word := t.text("class"); word != "" {
		if n.Class = classOf(word); n.Class == 0 {
			t.wrong("class", "it is A, B or C; values of the mapping say which of the sender's words mean which")
			return false
		}
	}
	var ok bool
	if n.Tolerated, ok = t.time("tolerated"); !ok {
		return false
	}
	if n.Known = n.Known[:min(len(n.Known), mostKnown)]; len(n.Known) == 0 {
		n.Known = nil
	}
	if i, there := t.at[id]; there {
		if before := &t.read.nodes[i]; before.Kind != n.Kind || before.Name != n.Name || before.Class != n.Class {
			t.wrong("id", "it is there twice, and says otherwise")
			return false
		}
	} else {
		t.at[id] = len(t.read.nodes)
		t.read.nodes = append(t.read.nodes, n)
		t.read.nodesAt = append(t.read.nodesAt, t.place("id"))
	}
	t.links(id)
	return true
}

func (t *table) place(field string) Problem {
	_, column := t.cell(field)
	line, _ := t.csv.FieldPos(max(0, column))
	return Problem{Line: line, Column: column + 1}
}

// links takes the lists of a row.
func (t *table) links(id NodeID) {
	for _, on := range t.list("needs") {
		t.imply(NodeID(on), "", Component)
		t.link(Edge{From: id, To: NodeID(on), Tolerated: Unstated})
	}
	for _, on := range t.list("either") {
		t.imply(NodeID(on), "", Component)
		t.link(Edge{From: id, To: NodeID(on), AnyOf: "either", Tolerated: Unstated})
	}
	kind := cmpKind(kindOf(t.text("used_by_kind")), Component)
	for _, by := range t.list("used_by") {
		from := NodeID(strings.Join(strings.Fields(by), "-")) // departments have blanks in their names
		t.imply(from, by, kind)
		t.link(Edge{From: from, To: id, Tolerated: Unstated})
	}
}

func (t *table) imply(id NodeID, name string, kind Kind) {
	if _, there := t.implied[id]; !there && len(t.implied) <= MostNodes {
		t.implied[id] = Node{ID: id, Kind: kind, Name: name, Tolerated: Unstated}
	}
}

func (t *table) link(e Edge) {
	key := [3]string{string(e.From), string(e.To), e.AnyOf}
	if _, there := t.linked[key]; there {
		return
	}
	t.linked[key] = len(t.read.edges)
	t.read.edges = append(t.read.edges, e)
	p := t.place("id")
	if t.text("id") == "" {
		p = t.place("to")
	}
	t.read.edgesAt = append(t.read.edgesAt, p)
}

// finish leaves out what cannot be on a map.
func (t *table) finish(c *Catalogue) (*Import, error) {
	stated := len(t.read.nodes)
	for _, id := range slices.Sorted(maps.Keys(t.implied)) {
		if _, known := t.at[id]; !known {
			t.read.nodes = append(t.read.nodes, t.implied[id])
			t.read.nodesAt = append(t.read.nodesAt, Problem{})
		}
	}
	bad := map[NodeID]bool{}
	badEdge := map[int]bool{}
	for _, f := range check(c, t.read.nodes, t.read.edges, MostNodes) {
		if f.node < 0 && f.edge < 0 {
			return nil, refuse([]Problem{{Text: f.text}})
		}
		p := Problem{}
		if f.node >= 0 {
			bad[t.read.nodes[f.node].ID] = true
			p = t.read.nodesAt[f.node]
		} else {
			badEdge[f.edge] = true
			p = t.read.edgesAt[f.edge]
		}
		p.Text = f.text
		t.read.problems = append(t.read.problems, p)
	}
	for i, n := range t.read.nodes {
		switch {
		case bad[n.ID]:
		case i < stated:
			t.im.Nodes = append(t.im.Nodes, n)
		default:
			t.im.Implied = append(t.im.Implied, n)
		}
	}
	for i, e := range t.read.edges {
		if !badEdge[i] && !bad[e.From] && !bad[e.To] {
			t.im.Edges = append(t.im.Edges, e)
		}
	}
	slices.SortStableFunc(t.read.problems, func(a, b Problem) int { return a.Line - b.Line })
	t.im.Refused = len(t.read.problems)
	t.im.Problems = t.read.problems[:min(len(t.read.problems), mostFaults)]
	return &t.im, nil
}

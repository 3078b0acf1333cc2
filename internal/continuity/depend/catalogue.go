package depend

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/content/strict"
)

// Row is what is known of a service, or of a foundation that services rest on, in any hospital: see content/continuity/services.yml.
type Row struct {
	ID         string    `yaml:"id"`
	Name       string    `yaml:"name"`
	Foundation bool      `yaml:"-"`
	Kind       string    `yaml:"kind"` // service or foundation
	Class      Class     `yaml:"class"`
	Function   string    `yaml:"function"`
	Harm       string    `yaml:"harm"`
	Tolerated  span.Span `yaml:"tolerated"`
	Still      string    `yaml:"still"`
	Procedure  []string  `yaml:"procedure"`
	// Depends is what it usually rests on, and how long it goes on without.
	Depends map[string]span.Span `yaml:"depends"`
	Where   []string             `yaml:"where"`
	Feeds   []Name               `yaml:"feeds"`
	Source  string               `yaml:"source"`
}

// Name is one way in which a feed of a service is known.
type Name struct {
	Type  string   `yaml:"type"`  // of a message: ORU^R01, or ADT for all of them
	Role  string   `yaml:"role"`  // of a DICOM service or a foundation
	Words []string `yaml:"words"` // of which one stands in the name of a sender or a receiver
}

// UnmarshalYAML reads A, B or C.
func (c *Class) UnmarshalYAML(n *yaml.Node) error {
	if n.Value != "A" && n.Value != "B" && n.Value != "C" {
		return fmt.Errorf("line %d: a class is A, B or C", n.Line)
	}
	*c = Class(n.Value[0])
	return nil
}

// Catalogue is what any hospital's services are for, and what to do without them.
type Catalogue struct {
	rows []Row // in the order of the file
	at   map[string]int
}

// LoadCatalogue reads services.yml of content/continuity, and then that of a site, which changes single lines; site may be nil, and may lack the file.
func LoadCatalogue(shipped, site fs.FS) (*Catalogue, error) {
	var file struct {
		Services []Row `yaml:"services"`
	}
	text, err := fs.ReadFile(shipped, "services.yml")
	if err != nil {
		return nil, fmt.Errorf("read the services: %w", err)
	}
	if err := strict.Decode(text, &file); err != nil {
		return nil, fmt.Errorf("services.yml: %w", err)
	}
	c := &Catalogue{rows: file.Services, at: map[string]int{}}
	for i := range c.rows {
		if _, twice := c.at[c.rows[i].ID]; twice {
			return nil, fmt.Errorf("services.yml: %s is there twice", c.rows[i].ID)
		}
		c.at[c.rows[i].ID] = i
	}
	if site != nil {
		if err := c.change(site); err != nil {
			return nil, fmt.Errorf("the site's services.yml: %w", err)
		}
	}
	for i := range c.rows {
		if err := c.rows[i].complete(c.at); err != nil {
			return nil, fmt.Errorf("services.yml: %s: %w", c.rows[i].ID, err)
		}
	}
	return c, nil
}

// change applies what a site states otherwise. Rows of its own are welcome.
func (c *Catalogue) change(site fs.FS) error {
	text, err := fs.ReadFile(site, "services.yml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var whole struct {
		Services []Row `yaml:"services"`
	}
	if err := strict.Decode(text, &whole); err != nil { // refuses what is not known
		return err
	}
	var single struct {
		Services []yaml.Node `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &single); err != nil {
		return err
	}
	for i := range single.Services {
		id := whole.Services[i].ID
		at, known := c.at[id]
		if !known {
			at = len(c.rows)
			c.at[id] = at
			c.rows = append(c.rows, Row{})
		}
		if err := single.Services[i].Decode(&c.rows[at]); err != nil {
			return err
		}
	}
	return nil
}

// places are the words of where.
var places = [...]string{"ward", "intensive", "emergency", "theatre", "clinic", "section", "office"}

// mostSteps is how many steps a person in a hurry reads.
const mostSteps = 5

// complete says what a row lacks.
func (r *Row) complete(at map[string]int) error {
	for _, f := range []struct{ name, text string }{{"id", r.ID}, {"name", r.Name}, {"class", r.Class.String()}, {"function", r.Function}, {"harm", r.Harm}, {"still", r.Still}, {"source", r.Source}} {
		if f.text == "" {
			return fmt.Errorf("%s must be stated", f.name)
		}
	}
	if r.Kind != "service" && r.Kind != "foundation" {
		return errors.New("kind must be service or foundation")
	}
	r.Foundation = r.Kind == "foundation"
	if len(r.Procedure) == 0 || len(r.Procedure) > mostSteps {
		return fmt.Errorf("procedure must have 1 to %d steps", mostSteps)
	}
	if len(r.Where) == 0 || len(r.Feeds) == 0 {
		return errors.New("where and feeds must be stated")
	}
	for _, d := range slices.Sorted(maps.Keys(r.Depends)) {
		if _, known := at[d]; !known || d == r.ID {
			return fmt.Errorf("depends: there is no other row %s", d)
		}
		if time.Duration(r.Depends[d]) > MostTolerated {
			return errors.New("depends: at most 30d can be stated")
		}
	}
	if time.Duration(r.Tolerated) > MostTolerated {
		return errors.New("tolerated: at most 30d can be stated")
	}
	for _, w := range r.Where {
		if !slices.Contains(places[:], w) {
			return fmt.Errorf("where: %s is none of %s", w, strings.Join(places[:], ", "))
		}
	}
	for _, n := range r.Feeds {
		if (n.Type == "") == (n.Role == "") {
			return errors.New("feeds: either a type or a role must be stated")
		}
	}
	return nil
}

// Rows lists all rows, in the order of the file.
func (c *Catalogue) Rows() []Row { return slices.Clone(c.rows) }

// Row finds a row; nil when there is none.
func (c *Catalogue) Row(id string) *Row {
	i, known := c.at[id]
	if !known {
		return nil
	}
	return &c.rows[i]
}

// Heard is a feed as collectors hear it. From and To are what stands in MSH-3 and 4, and in MSH-5 and 6, such as LIS|LAB; an AE title; the name of a host.
type Heard struct {
	Type     string // of messages: ORU^R01
	Role     string // of a DICOM service: store, worklist, steps, query, commit
	From, To string
}

// Match finds the row that a feed is of: one of whose words stands in its names before one that is known by the type alone, and a whole type before a part of it.
// It is nil when no row knows such a feed.
func (c *Catalogue) Match(h Heard) *Row {
	best, most := -1, 0
	for i := range c.rows {
		for j := range c.rows[i].Feeds {
			if fits := c.rows[i].Feeds[j].fits(&h); fits > most {
				best, most = i, fits
			}
		}
	}
	if best < 0 {
		return nil
	}
	return &c.rows[best]
}

// fits is how well a name fits a feed; 0 when it does not.
func (n *Name) fits(h *Heard) int {
	fit := 0
	switch {
	case n.Role != "" && strings.EqualFold(n.Role, h.Role):
		fit = 2
	case n.Type != "" && strings.EqualFold(n.Type, message(h.Type)):
		fit = 2
	case n.Type != "" && !strings.Contains(n.Type, "^") && strings.EqualFold(n.Type, first(h.Type)):
		fit = 1
	case n.Type != "" && !strings.Contains(h.Type, "^") && strings.EqualFold(first(n.Type), h.Type): // a sender that leaves the event out
		fit = 1
	default:
		return 0
	}
	if len(n.Words) == 0 {
		return fit
	}
	// The sender says more of what a feed is than the receiver.
	switch {
	case slices.ContainsFunc(n.Words, func(w string) bool { return said(h.From, w) }):
		return fit + 20
	case slices.ContainsFunc(n.Words, func(w string) bool { return said(h.To, w) }):
		return fit + 10
	}
	return 0
}

// Named are the rows one of whose words stands in the name of a channel, a server or a certificate, by id.
func (c *Catalogue) Named(name string) (ids []string) {
	for i := range c.rows {
		if slices.ContainsFunc(c.rows[i].Feeds, func(n Name) bool {
			return slices.ContainsFunc(n.Words, func(w string) bool { return said(name, w) })
		}) {
			ids = append(ids, c.rows[i].ID)
		}
	}
	return ids
}

// message is the type of a message without its structure: ADT^A01 of ADT^A01^ADT_A01.
func message(t string) string {
	parts := strings.SplitN(t, "^", 3)
	return strings.Join(parts[:min(2, len(parts))], "^")
}

func first(t string) string {
	code, _, _ := strings.Cut(t, "^")
	return code
}

// said tells whether a word stands in a name: one of five letters or more anywhere, a shorter one where a part of it begins, one of two as a part of it, but
// for a number. Only what people call a system is looked at, not the identifier that may follow it (HL7 v2.5.1 2.A.33).
func said(name, word string) bool {
	const long, short = 5, 2
	name, word = strings.ToLower(name), strings.ToLower(word)
	for part := range strings.SplitSeq(name, "|") {
		part, _, _ = strings.Cut(part, "^")
		if len(word) >= long && strings.Contains(part, word) {
			return true
		}
		for _, part := range strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			rest, begins := strings.CutPrefix(part, word)
			if begins && (len(word) > short || strings.Trim(rest, "0123456789") == "") {
				return true
			}
		}
	}
	return false
}

// Place is a unit as a house knows it.
type Place struct {
	ID   NodeID
	Name string
	Sort string // ward, intensive, emergency, theatre, clinic, section, office; empty is a ward
}

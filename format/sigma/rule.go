package sigma

import "slices"

// Rule is one detection rule as written: nothing is resolved away, so that two
// evaluators can be built from it independently and held against each other.
// Source: Sigma rules specification 2.1.0.
type Rule struct {
	Title       string
	ID          string // UUID
	Name        string // machine name by which correlations and filters may refer to the rule
	Taxonomy    string // "sigma" unless stated
	Status      string // stable, test, experimental, deprecated, unsupported
	Description string
	License     string // SPDX
	Author      string
	Date        string // YYYY-MM-DD, or YYYY/MM/DD in older rules
	Modified    string
	Level       Level

	References     []string
	Fields         []string
	FalsePositives []string
	Tags           []string // attack.t1490, care.disruption, ...
	Scope          []string
	Related        []Related

	Logsource  Logsource
	Selections []Selection // in the order written
	Conditions []Condition // more than one means OR (specification, "condition" as a list)

	Custom map[string]any // fields that the specification does not name, such as care_impact

	File string // path of the YAML stream, archive members as path!member
	Line int    // line of the document's first key, from 1
}

// Asks lists the fields that the rule asks about, each once, in the order written; keywords have none.
func (r *Rule) Asks() []string {
	var fields []string
	var walk func(s *Search)
	walk = func(s *Search) {
		if s.Item != nil && s.Item.Field != "" && !slices.Contains(fields, s.Item.Field) {
			fields = append(fields, s.Item.Field)
		}
		for i := range s.All {
			walk(&s.All[i])
		}
		for i := range s.Any {
			walk(&s.Any[i])
		}
	}
	for i := range r.Selections {
		walk(&r.Selections[i].Search)
	}
	return fields
}

// Related names another rule and what it is to this one.
type Related struct {
	ID   string
	Type string // derived, obsolete, merged, renamed, similar
}

// Logsource says which events a rule is for; an empty part matches any.
type Logsource struct {
	Category   string
	Product    string
	Service    string
	Definition string
}

// Selection is one named search identifier of a detection.
type Selection struct {
	Name   string
	Search Search
	Line   int
}

// Search is a node of a selection. Exactly one of its parts is set.
//
//	map               -> All of its items
//	list of maps      -> Any of its elements
//	list of scalars   -> one keyword Item
//	map item          -> Item
type Search struct {
	All  []Search
	Any  []Search
	Item *Item
}

// Item is one line of a map (Field: values), or keywords when Field is empty.
// It holds when any of its Values holds, or, with AllValues, when each of them does;
// Negated (modifier neq) turns the verdict of the whole item round.
type Item struct {
	Field     string   // as written, without modifiers; "" searches the whole event
	Modifiers []string // as written, aliases resolved (ignorecase -> i, utf16le -> wide)
	Op        Op
	Cased     bool // compare case-sensitively
	AllValues bool // modifier all
	Negated   bool // modifier neq
	Part      TimePart
	Values    []Value // never empty
	Line      int
}

// Op is what an Item asks of the field's value.
type Op uint8

// The operations that are left once modifiers have been applied.
const (
	Matches Op = iota // whole value matches the pattern (startswith and the like are in the pattern's wildcards)
	Regex             // regular expression search
	CIDR              // value is an address inside the network
	Less              // numeric comparisons
	LessEqual
	Greater
	GreaterEqual
	Exists   // field is present, be its value empty or null (Value.Bool), or not
	FieldRef // value equals, or as Value.Anchor says holds, the value of another field (Value.Text is its name)
	Time     // the TimePart of the field's timestamp equals Value.Number
)

// TimePart is the part of a timestamp that the time modifiers compare.
type TimePart uint8

// The time modifiers of the specification.
const (
	NoPart TimePart = iota
	Minute
	Hour
	Day
	Week
	Month
	Year
)

// ValueKind tells which part of a Value is set.
type ValueKind uint8

// The kinds of value that a rule may hold.
const (
	Text   ValueKind = iota // Patterns
	Number                  // Number, and Text as written
	Bool                    // Bool
	Null                    // the field is absent or null
)

// Value is one value of an item after its modifiers have been applied.
// A value that a modifier turns into several (base64offset, windash, expand)
// holds when any of its Patterns holds.
type Value struct {
	Kind     ValueKind
	Text     string    // as written; regular expression with flags folded in as (?ims:...); CIDR text; field name
	Patterns []Pattern // for Matches on Text
	Number   float64
	Bool     bool
	Anchor   Anchor // FieldRef only: where the other field's value must stand in this one's
}

// Anchor says where one text must stand in another.
type Anchor uint8

// The anchors. They are bits: AtStart and AtEnd together are Anywhere, as in
// fieldref|startswith|endswith.
const (
	Whole    Anchor = 0
	AtStart  Anchor = 1
	AtEnd    Anchor = 2
	Anywhere Anchor = AtStart | AtEnd
)

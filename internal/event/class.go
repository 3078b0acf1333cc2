package event

// Logsource is a Sigma log source: which product wrote the event, which of its
// services, and what category of thing it reports.
type Logsource struct {
	Category string `json:"category,omitempty" yaml:"category"`
	Product  string `json:"product,omitempty" yaml:"product"`
	Service  string `json:"service,omitempty" yaml:"service"`
}

// Covers tells whether l has each part that asked states. What asked leaves
// empty may be anything.
func (l Logsource) Covers(asked Logsource) bool {
	return (asked.Category == "" || asked.Category == l.Category) &&
		(asked.Product == "" || asked.Product == l.Product) &&
		(asked.Service == "" || asked.Service == l.Service)
}

// Class is one row of the taxonomy: all events that stand in the same log sources
// and name their fields alike. Two events of one class are asked by the same rules.
type Class struct {
	ID        int         // dense, from 0; another one in the next version
	Key       string      // dialect/service/code/kind: stays the same, and Taxonomy.ByKey finds it again
	Logsource             // the most telling one, shown to people
	Also      []Logsource // every further log source that its events belong to
	// Aliases maps a field name that rules use to the name under which events of
	// this class carry it (Image -> NewProcessName). The rule's own name is always
	// tried too.
	Aliases map[string]string
	// AliasPrefix lists what may stand before a rule's field name in events of this
	// class (winlog.event_data.).
	AliasPrefix []string
	// Entities lists, by kind of thing (host, user, ip, process, file, domain, device,
	// patient), the fields that name it, the most telling first.
	Entities map[string][]string

	by    []fieldPath       // the names of the field that tells the kinds apart; mostly none
	kinds map[string]*Class // by the value of that field
}

// fieldPath is a dotted path with its hash, as jsonl finds it.
type fieldPath struct {
	path string
	hash uint64
}

// Serves tells whether a rule that states this log source is to be asked about
// events of the class.
func (c *Class) Serves(category, product, service string) bool {
	asked := Logsource{Category: category, Product: product, Service: service}
	if c.Covers(asked) {
		return true
	}
	for _, l := range c.Also {
		if l.Covers(asked) {
			return true
		}
	}
	return false
}

// Names lists the names under which an event of the class may carry what rules call
// field, in the order in which they are tried: the name itself first.
func (c *Class) Names(field string) []string {
	names := []string{field}
	if alias, ok := c.Aliases[field]; ok {
		names = append(names, alias)
	}
	for _, prefix := range c.AliasPrefix {
		names = append(names, prefix+field)
	}
	return names
}

// Refine returns the class that ev belongs to when the code of an event does not settle it:
// Sysmon reports keys made and keys deleted under one EventID and tells them apart in
// EventType. Most classes return themselves. Whoever sets Class last calls it once
// Fields and Index stand.
func (c *Class) Refine(ev *Event) *Class {
	for _, p := range c.by {
		if i := ev.Index.FindHash(ev.Fields, p.path, p.hash); i >= 0 {
			v := &ev.Index.Values[i]
			if kind, ok := c.kinds[string(ev.Fields[v.Start:v.End])]; ok {
				return kind
			}
		}
	}
	return c
}

package sigma

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const maxTitle = 256 // characters (specification, "Title")

// metadata reads what rules, correlations and filters have in common into d.meta. own
// are the keys that the caller reads itself; what nobody knows becomes Custom.
func (d *document) metadata(top []pair, own ...string) error {
	r := &d.meta
	if r.Title == "" {
		return refuse(r.Line, "title is missing")
	}
	if utf8.RuneCountInString(r.Title) > maxTitle {
		return refuse(find(top, "title").line, "title is longer than %d characters", maxTitle)
	}
	for i := range top {
		p := &top[i]
		if slices.Contains(own, p.key) {
			continue
		}
		if err := d.attribute(p); err != nil {
			return err
		}
	}
	return nil
}

// attribute reads one key of the document's top.
func (d *document) attribute(p *pair) error {
	r := &d.meta
	var err error
	switch text, list := r.textOf(p.key), r.listOf(p.key); {
	case text != nil:
		if *text, err = d.text(p); err == nil {
			d.checkText(p, *text)
		}
	case list != nil:
		*list, err = d.strings(p)
		if p.key == "tags" {
			d.checkTags(p)
		}
	case p.key == "level":
		err = d.level(p)
	case p.key == "related":
		err = d.related(p)
	default:
		var value any
		if value, err = d.plain(p.value, 0); err == nil {
			if r.Custom == nil {
				r.Custom = map[string]any{}
			}
			r.Custom[p.key] = value
		}
	}
	return err
}

// textOf returns where the attribute stands if it is a text.
func (r *Rule) textOf(key string) *string {
	switch key {
	case "title":
		return &r.Title
	case "id":
		return &r.ID
	case "name":
		return &r.Name
	case "taxonomy":
		return &r.Taxonomy
	case "status":
		return &r.Status
	case "description":
		return &r.Description
	case "license":
		return &r.License
	case "author":
		return &r.Author
	case "date":
		return &r.Date
	case "modified":
		return &r.Modified
	}
	return nil
}

// listOf returns where the attribute stands if it is a list of texts.
func (r *Rule) listOf(key string) *[]string {
	switch key {
	case "references":
		return &r.References
	case "fields":
		return &r.Fields
	case "falsepositives":
		return &r.FalsePositives
	case "tags":
		return &r.Tags
	case "scope":
		return &r.Scope
	}
	return nil
}

// checkText warns of what the specification forbids and no meaning hangs on.
func (d *document) checkText(p *pair, value string) {
	if value == "" {
		return
	}
	switch p.key {
	case "id":
		if !isUUID(value) {
			d.warn(p.line, "id is no UUID")
		}
	case "status":
		if !slices.Contains([]string{"stable", "test", "experimental", "deprecated", "unsupported"}, value) {
			d.warn(p.line, "status is none of stable, test, experimental, deprecated, unsupported")
		}
	case "date", "modified":
		if !isDate(value) {
			d.warn(p.line, p.key+" is no date: write YYYY-MM-DD")
		}
	}
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}

// isDate tells whether s is YYYY-MM-DD, or YYYY/MM/DD as rules were dated before version 2.
func isDate(s string) bool {
	_, err := time.Parse("2006-1-2", strings.ReplaceAll(s, "/", "-"))
	return err == nil
}

func (d *document) checkTags(p *pair) {
	for _, tag := range d.meta.Tags {
		namespace, name, dotted := strings.Cut(tag, ".")
		if !dotted || namespace == "" || name == "" || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			d.warn(p.line, "a tag is not of the form namespace.name in lower case")
			return
		}
	}
}

func (d *document) level(p *pair) error {
	name, err := d.text(p)
	if err != nil || name == "" {
		return err
	}
	var ok bool
	if d.meta.Level, ok = ParseLevel(name); !ok {
		return refuse(p.line, "level is none of informational, low, medium, high, critical")
	}
	return nil
}

func (d *document) related(p *pair) error {
	if isNull(p.value) {
		return nil
	}
	elements, err := d.elements(p.value)
	if err != nil {
		return err
	}
	for _, e := range elements {
		entries, err := d.pairs(e, "related")
		if err != nil {
			return err
		}
		var rel Related
		if rel.ID, err = d.text(find(entries, "id")); err != nil {
			return err
		}
		if rel.Type, err = d.text(find(entries, "type")); err != nil {
			return err
		}
		if !slices.Contains([]string{"derived", "obsolete", "merged", "renamed", "similar"}, rel.Type) {
			d.warn(d.line(e), "related has a type that is none of derived, obsolete, merged, renamed, similar")
		}
		d.meta.Related = append(d.meta.Related, rel)
	}
	return nil
}

// logsource reads the log source. One part at least must be stated.
func (d *document) logsource(top []pair) error {
	p := find(top, "logsource")
	if p == nil || isNull(p.value) {
		return refuse(d.meta.Line, "logsource is missing")
	}
	entries, err := d.pairs(p.value, "logsource")
	if err != nil {
		return err
	}
	l := &d.meta.Logsource
	for _, part := range []struct {
		key  string
		into *string
	}{{"category", &l.Category}, {"product", &l.Product}, {"service", &l.Service}} {
		written, err := d.text(find(entries, part.key))
		if err != nil {
			return err
		}
		// Log sources are named in lower case (specification, "Log Source").
		if *part.into = strings.ToLower(written); *part.into != written {
			d.warn(p.line, "logsource "+part.key+" is not in lower case: read as if it were")
		}
	}
	if l.Category == "" && l.Product == "" && l.Service == "" {
		return refuse(p.line, "logsource states neither category nor product nor service")
	}
	l.Definition, err = d.text(find(entries, "definition"))
	return err
}

// plain turns YAML into plain values: nil, bool, int, float64, string, []any, map[string]any.
func (d *document) plain(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, refuse(d.line(n), "document is nested deeper than %d", maxDepth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		entries, err := d.pairs(n, "map")
		if err != nil {
			return nil, err
		}
		m := make(map[string]any, len(entries))
		for _, e := range entries {
			if m[e.key], err = d.plain(e.value, depth+1); err != nil {
				return nil, err
			}
		}
		return m, nil
	case yaml.SequenceNode:
		elements, err := d.elements(n)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(elements))
		for i, e := range elements {
			if list[i], err = d.plain(e, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return plainScalar(n), nil
}

func plainScalar(n *yaml.Node) any {
	switch v := scalar(n); v.Kind {
	case Null:
		return nil
	case Bool:
		return v.Bool
	case Number:
		if i, err := strconv.Atoi(v.Text); err == nil {
			return i
		}
		return v.Number
	default:
		return v.Text
	}
}

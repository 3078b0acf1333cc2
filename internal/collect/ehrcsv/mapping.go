package ehrcsv

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content/strict"
)

// Mapping says what the columns of one product's export mean. docs/clinical-taxonomy.md is the manual.
type Mapping struct {
	Name string `yaml:"name"`
	// Class says what the rows are: ehr/audit, an access log, unless stated; or hr/staff, hr/roster, hr/location, hr/list, pharmacy/cabinet, records/row.
	Class string `yaml:"class"`
	// Require lists the columns by which the export is told: of each group one must be there.
	Require [][]string `yaml:"require"`
	// Columns lists, by field of access (and time), or by field of row for other classes, the columns that may hold it, the
	// best first.
	Columns map[string][]string `yaml:"columns"`
	// Layouts are further ways in which times are written, as Go's time package has them.
	Layouts []string `yaml:"layouts"`
	// Zone is the place (Europe/Berlin) whose clock times without an offset show; the site's unless stated.
	Zone string `yaml:"zone"`
	// Outcomes maps what the outcome column holds to ok, minor, serious or major.
	Outcomes map[string]string `yaml:"outcomes"`
	// Separator stands between several values in one cell of a site file: ; unless stated.
	Separator string `yaml:"separator"`
	// Constant says, by field of row, what holds for the whole file where no column says it.
	Constant map[string]string `yaml:"constant"`
	// Values says, by field of row, which of the sender's words mean which of ours.
	Values map[string]map[string]string `yaml:"values"`
	// Verbs and Objects are asked about the native action in this order; the first that matches counts.
	Verbs   []rule `yaml:"verbs"`
	Objects []rule `yaml:"objects"`
	// Background matches native actions that happen without anyone's intent.
	Background []expression `yaml:"background"`

	zone *time.Location // nil: the site's
	kind *kind          // of rows that are no accesses
}

type rule struct {
	Match   expression `yaml:"match"`
	Verb    string     `yaml:"verb"`
	Object  string     `yaml:"object"`
	Outcome string     `yaml:"outcome"` // where no column says it
	Failed  string     `yaml:"failed"`  // the verb when the outcome is not ok
}

// expression is a regular expression of a mapping file.
type expression struct{ *regexp.Regexp }

func (e *expression) UnmarshalYAML(n *yaml.Node) (err error) {
	e.Regexp, err = regexp.Compile(n.Value)
	return err
}

// LoadMappings reads every *.yml file at the root of fsys. A key or a field that is not known
// is an error.
func LoadMappings(fsys fs.FS) ([]Mapping, error) {
	files, err := fs.Glob(fsys, "*.yml")
	if err != nil {
		return nil, fmt.Errorf("list mappings: %w", err)
	}
	var maps []Mapping
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("read mapping: %w", err)
		}
		m, err := parseMapping(text)
		if err != nil {
			return nil, fmt.Errorf("read mapping %s: %w", file, err)
		}
		maps = append(maps, m)
	}
	return maps, nil
}

func parseMapping(text []byte) (Mapping, error) {
	var m Mapping
	if err := strict.Decode(text, &m); err != nil {
		return Mapping{}, err
	}
	if m.Name == "" || len(m.Require) == 0 {
		return Mapping{}, errors.New("name and require must be stated")
	}
	if err := m.complete(); err != nil {
		return Mapping{}, err
	}
	for _, r := range slices.Concat(m.Verbs, m.Objects) {
		if r.Match.Regexp == nil {
			return Mapping{}, errors.New("verbs and objects: match must be stated")
		}
	}
	if m.Zone == "" {
		return m, nil
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		return Mapping{}, fmt.Errorf("zone: %w", err)
	}
	m.zone = zone
	return m, nil
}

// complete settles what the rows are, and checks that the fields are theirs.
func (m *Mapping) complete() error {
	fields, of := targets(), "access"
	if m.Class == "" {
		m.Class = audit
	}
	if m.Separator == "" {
		m.Separator = ";"
	}
	if m.Class != audit {
		m.kind = kindNamed(m.Class)
		if m.kind == nil {
			return fmt.Errorf("class: %q is none of ehr/audit, hr/staff, hr/roster, hr/location, hr/list, pharmacy/cabinet, records/row", m.Class)
		}
		fields, of = m.kind.names(), "a row of "+m.Class
	}
	for field := range m.Columns {
		if !slices.Contains(fields, field) {
			return fmt.Errorf("columns: %s is not a field of %s", field, of)
		}
	}
	for field := range m.Constant {
		if m.kind == nil || !slices.Contains(fields, field) {
			return fmt.Errorf("constant: %s is not a field of %s", field, of)
		}
	}
	for field := range m.Values {
		if m.kind == nil || !slices.Contains(fields, field) {
			return fmt.Errorf("values: %s is not a field of %s", field, of)
		}
	}
	return nil
}

// audit is the class of access logs.
const audit = "ehr/audit"

// targets are the fields that a column may be mapped to.
func targets() []string {
	return []string{
		"time", "verb", "native_action", "outcome", "user", "user_name", "role", "purpose", "patient", "encounter",
		"object_kind", "object_id", "study_uid", "accession", "query", "origin_ip", "origin_host", "workstation",
		"ae_title", "app", "patients_count", "records_count", "break_glass_reason", "break_glass_text", "session", "corr", "label", "audit_source",
	}
}

// columns is where the fields of a mapping stand in one file: target by target, the columns in order.
type columns map[string][]int

// fit finds m's columns in a header; false when it is not the header of such an export.
func (m *Mapping) fit(header []string) (columns, bool) {
	at := map[string]int{}
	for i, name := range header {
		if key := foldName(name); key != "" {
			if _, twice := at[key]; !twice {
				at[key] = i
			}
		}
	}
	for _, group := range m.Require {
		if !slices.ContainsFunc(group, func(name string) bool { _, ok := at[foldName(name)]; return ok }) {
			return nil, false
		}
	}
	found := columns{}
	for target, names := range m.Columns {
		for _, name := range names {
			if i, ok := at[foldName(name)]; ok {
				found[target] = append(found[target], i)
			}
		}
	}
	return found, true
}

// foldName makes the ways to write one column alike: PAT_MRN_ID, Pat MRN ID, patMrnId.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

func (m *Mapping) verb(action string) (rule, bool) {
	for _, r := range m.Verbs {
		if r.Match.MatchString(action) {
			return r, true
		}
	}
	return rule{}, false
}

func (m *Mapping) object(action string) string {
	for _, r := range m.Objects {
		if r.Match.MatchString(action) {
			return r.Object
		}
	}
	return ""
}

func (m *Mapping) isBackground(action string) bool {
	return slices.ContainsFunc(m.Background, func(e expression) bool { return e.MatchString(action) })
}

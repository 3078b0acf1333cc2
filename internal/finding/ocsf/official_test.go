package ocsf_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// The official schema is not ours to ship. WARDLINE_OCSF_SCHEMA names a file, or a
// folder of files, as https://schema.ocsf.io/1.5.0/export/schema serves them; the
// Python package ocsf-json-schema carries the releases in its folder ocsf.
func TestAgainstTheOfficialSchema(t *testing.T) {
	path := os.Getenv("WARDLINE_OCSF_SCHEMA")
	if path == "" {
		t.Skip("official OCSF schema not found: set WARDLINE_OCSF_SCHEMA")
	}
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.json")); err != nil || len(files) == 0 {
			t.Fatal("no schema in that folder")
		}
	}
	for _, file := range files {
		o := load(t, file)
		if o.Version < "1.4.0" { // is_alert came with 1.4.0
			continue
		}
		t.Run(o.Version, func(t *testing.T) {
			for _, f := range samples() {
				var v map[string]any
				if err := json.Unmarshal(encode(t, &f), &v); err != nil {
					t.Fatal(err)
				}
				for _, fault := range o.check("event", v, o.Classes["detection_finding"]) {
					t.Errorf("%s: %s", f.ID, fault)
				}
				v["unheard_of"], v["severity_id"] = 1, 77.0
				delete(v, "time")
				if n := len(o.check("event", v, o.Classes["detection_finding"])); n != 3 {
					t.Errorf("three faults put in, %d seen", n)
				}
			}
			t.Logf("%d findings checked against schema %s", len(samples()), o.Version)
		})
	}
}

// official is the exported schema, with includes and profiles resolved already.
type official struct {
	Version string
	Classes map[string]*shape
	Objects map[string]*shape
	Types   map[string]kind
	Dict    struct {
		Types struct{ Attributes map[string]kind }
	} `json:"dictionary"`
}

type shape struct {
	Attributes  map[string]attribute
	Constraints struct {
		AtLeastOne []string `json:"at_least_one"`
		JustOne    []string `json:"just_one"`
	}
}

type attribute struct {
	Type, Requirement string
	Profile           string                     // up to 1.7.0
	Profiles          []string                   // from 1.8.0
	ObjectType        string                     `json:"object_type"`
	IsArray           bool                       `json:"is_array"`
	Enum              map[string]json.RawMessage `json:"enum"`
	Deprecated        json.RawMessage            `json:"@deprecated"`
}

func (a attribute) profiled() bool { return a.Profile != "" || len(a.Profiles) > 0 }

type kind struct {
	Type, Regex string
	MaxLen      int `json:"max_len"`
}

func load(t *testing.T, file string) *official {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o := &official{}
	if err := json.Unmarshal(b, o); err != nil {
		t.Fatalf("%s is not an exported schema: %v", file, err)
	}
	if o.Types == nil {
		o.Types = o.Dict.Types.Attributes
	}
	if o.Version == "" || o.Version >= "1.4.0" && (o.Classes["detection_finding"] == nil || len(o.Types) == 0) {
		t.Fatalf("%s is not an exported schema", file)
	}
	return o
}

// check lists what is wrong with v: unknown and deprecated attributes, missing ones,
// wrong types, illegal enumerations, broken constraints. No profile is applied.
func (o *official) check(at string, v map[string]any, s *shape) (faults []string) {
	for name, value := range v {
		a, ok := s.Attributes[name]
		switch {
		case !ok:
			faults = append(faults, at+"."+name+" is unknown")
		case a.profiled():
			faults = append(faults, at+"."+name+" needs a profile")
		case a.Deprecated != nil:
			faults = append(faults, at+"."+name+" is deprecated")
		default:
			faults = append(faults, o.value(at+"."+name, value, a)...)
		}
	}
	for name, a := range s.Attributes {
		if _, ok := v[name]; !ok && a.Requirement == "required" && !a.profiled() {
			faults = append(faults, at+"."+name+" is missing")
		}
	}
	count := func(names []string) (n int) {
		for _, name := range names {
			if _, ok := v[name]; ok {
				n++
			}
		}
		return n
	}
	if c := s.Constraints; c.AtLeastOne != nil && count(c.AtLeastOne) == 0 || c.JustOne != nil && count(c.JustOne) != 1 {
		faults = append(faults, at+" breaks its constraint")
	}
	return faults
}

func (o *official) value(at string, v any, a attribute) (faults []string) {
	if a.IsArray {
		list, ok := v.([]any)
		if !ok {
			return []string{at + " is not a list"}
		}
		a.IsArray = false
		for i, e := range list {
			faults = append(faults, o.value(fmt.Sprintf("%s[%d]", at, i), e, a)...)
		}
		return faults
	}
	if a.Type == "object_t" {
		m, ok := v.(map[string]any)
		if !ok {
			return []string{at + " is not an object"}
		}
		if a.ObjectType == "object" { // free
			return nil
		}
		return o.check(at, m, o.Objects[a.ObjectType])
	}
	if len(a.Enum) > 0 {
		n, ok := v.(float64)
		if s, text := v.(string); text {
			_, legal := a.Enum[s]
			ok, n = legal, -1
			if legal {
				return nil
			}
		}
		if _, legal := a.Enum[strconv.FormatFloat(n, 'f', -1, 64)]; !ok || !legal {
			return []string{at + " is not one of the enumeration"}
		}
		return nil
	}
	return o.scalar(at, v, a.Type)
}

func (o *official) scalar(at string, v any, name string) []string {
	k, known := o.Types[name]
	base := name
	if k.Type != "" {
		base = k.Type
	}
	if b, ok := o.Types[base]; ok && b.Type != "" {
		base = b.Type
	}
	good := known
	switch base {
	case "json_t":
	case "boolean_t":
		_, good = v.(bool)
	case "integer_t", "long_t":
		n, ok := v.(float64)
		good = ok && n == math.Trunc(n)
	case "string_t":
		s, ok := v.(string)
		good = ok && (k.MaxLen == 0 || len(s) <= k.MaxLen) && (k.Regex == "" || regexp.MustCompile(k.Regex).MatchString(s))
	default:
		good = false
	}
	if !good {
		return []string{at + " is not of type " + name}
	}
	return nil
}

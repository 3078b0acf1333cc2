package app

import (
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
)

// Taxonomy loads the log sources that Wardline knows.
func Taxonomy() (*event.Taxonomy, error) { return event.LoadTaxonomy(content.Taxonomy()) }

// LoadRules reads the rules at each place; Builtin, or no place at all, stands for
// those that ship with Wardline.
func LoadRules(places []string, o sigma.Options) (ruleset.Set, error) {
	others := slices.DeleteFunc(slices.Clone(places), func(p string) bool { return p == Builtin })
	set, err := ruleset.Load(others, o)
	if err != nil || len(others) == len(places) && len(places) > 0 {
		return set, err
	}
	own, err := ruleset.LoadFS(content.Rules(), "builtin/", o)
	if err != nil {
		return set, err
	}
	own.Add(set)
	return own, nil
}

// Placeholders reads what this site puts in the place of %names% in rules: a YAML map
// of names to lists. Without a file nothing is bound.
func Placeholders(file string) (map[string][]string, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read placeholders: %w", err)
	}
	var bound map[string][]string
	if err := yaml.Unmarshal(data, &bound); err != nil {
		return nil, fmt.Errorf("read placeholders: %s must be a map of names to lists of values", file)
	}
	return bound, nil
}

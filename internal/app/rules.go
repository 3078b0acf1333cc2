package app

import (
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/watch"
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

// SetConfig says what events are judged by.
type SetConfig struct {
	// Places are files, folders and archives of Sigma rules; "builtin" are those that ship with Wardline.
	Places []string `yaml:"places"`
	// Placeholders is a YAML file with the values of rules' %placeholders%.
	Placeholders string `yaml:"placeholders"`
	// Indicators are files of known-bad addresses, names and digests.
	Indicators []string `yaml:"indicators"`
}

// LoadSet makes what events are judged by. What was refused is listed, and does not keep the rest from working.
func LoadSet(c SetConfig, tax *event.Taxonomy) (*watch.Set, []sigma.Problem, []feed.Problem, error) {
	bound, err := Placeholders(c.Placeholders)
	if err != nil {
		return nil, nil, nil, err
	}
	loaded, err := loadRules(c.Places, tax, sigma.Options{Placeholders: bound})
	if err != nil {
		return nil, nil, nil, err
	}
	listed, unlisted, err := loadIndicators(c.Indicators)
	if err != nil {
		return nil, nil, nil, err
	}
	return watch.NewSet(loaded.engine, loaded.plan, listed), loaded.refused(), unlisted, nil
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
	return parsePlaceholders(data, file)
}

func parsePlaceholders(data []byte, file string) (map[string][]string, error) {
	var bound map[string][]string
	if err := yaml.Unmarshal(data, &bound); err != nil {
		return nil, fmt.Errorf("read placeholders: %s must be a map of names to lists of values", file)
	}
	return bound, nil
}

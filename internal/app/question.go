package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/watch"
)

// Question makes what a person wants to know of the past: text is a file or folder of rules (*.yml, *.yaml, *.zip), a file
// of indicators, the id or title of a rule that is loaded, or an indicator itself.
func Question(text string, r SetConfig, tax *event.Taxonomy) (set *watch.Set, title string, err error) {
	info, err := os.Stat(text)
	switch {
	case err == nil && (info.IsDir() || slices.Contains([]string{".yml", ".yaml", ".zip"}, filepath.Ext(text))):
		set, refused, _, err := LoadSet(SetConfig{Places: []string{text}, Placeholders: r.Placeholders}, tax)
		if err == nil && len(set.Rules()) == 0 {
			err = errors.New("no rule of it can be asked")
			if len(refused) > 0 {
				err = fmt.Errorf("no rule of it can be asked: line %d: %s", refused[0].Line, refused[0].Reason)
			}
		}
		return set, "the rules of " + filepath.Base(text), err
	case err == nil:
		listed, _, err := loadIndicators([]string{text})
		if err != nil {
			return nil, "", err
		}
		set, _ := watch.Compile(nil, nil, listed, tax)
		return set, "the indicators of " + filepath.Base(text), nil
	}
	set, title, err = ruleCalled(text, r, tax)
	if set != nil || err != nil {
		return set, title, err
	}
	return one(text, tax)
}

// ruleCalled finds a loaded rule by its id or title; nil when there is none.
func ruleCalled(name string, r SetConfig, tax *event.Taxonomy) (*watch.Set, string, error) {
	bound, err := Placeholders(r.Placeholders)
	if err != nil {
		return nil, "", err
	}
	all, err := LoadRules(r.Places, sigma.Options{Placeholders: bound})
	if err != nil {
		return nil, "", err
	}
	for _, rule := range all.Rules {
		if strings.EqualFold(rule.ID, name) || strings.EqualFold(rule.Title, name) {
			set, _ := watch.Compile([]*sigma.Rule{rule}, nil, nil, tax)
			return set, rule.Title, nil
		}
	}
	return nil, "", nil
}

// one makes a set of a single indicator.
func one(value string, tax *event.Taxonomy) (*watch.Set, string, error) {
	var p indicator.Parser
	v, err := p.Parse([]byte(value))
	if err != nil {
		return nil, "", fmt.Errorf("this is no file, no rule that is loaded, and no indicator: %w", err)
	}
	b := indicator.NewBuilder(1)
	ref, err := b.Detail(&indicator.Detail{Source: b.AddSource(indicator.Source{File: "question", Title: "a question", Level: "high"})})
	if err != nil {
		return nil, "", err
	}
	if _, err := b.Add(v, 1, ref); err != nil {
		return nil, "", err
	}
	listed, err := b.Build()
	if err != nil {
		return nil, "", err
	}
	set, _ := watch.Compile(nil, nil, listed, tax)
	return set, v.String(), nil
}

package judge

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/hospital"
)

// Load reads what is judged by: the files of content/privacy, and then those of a site, which change single entries. site
// may be nil, and may lack any of the files. A key that is not known is an error that names its line.
func Load(shipped, site fs.FS) (*Judge, error) {
	j := &Judge{flags: map[string]*flag{}, spare: &sync.Pool{}}
	if err := errors.Join(j.loadTemplates(shipped, site), j.loadFlags(shipped, site), j.loadScore(shipped, site), j.loadClasses(shipped, site)); err != nil {
		return nil, err
	}
	for i := range j.templates {
		if err := j.compile(&j.templates[i]); err != nil {
			return nil, fmt.Errorf("templates.yml: %s: %w", j.templates[i].ID, err)
		}
		switch j.templates[i].Test {
		case testCovers:
			j.covers = append(j.covers, i)
		case testTogether:
			j.together = append(j.together, i)
		}
		for _, k := range j.templates[i].edges {
			j.own[k] = j.own[k] || j.templates[i].Own
			if j.templates[i].Test != testEmergency {
				j.byKind[k] = append(j.byKind[k], i)
			}
		}
	}
	for _, cap := range []flagCap{j.score.Caps.Identity, j.score.Caps.Context, j.score.Caps.Content} {
		for _, id := range cap.Flags {
			if j.flags[id] == nil {
				return nil, fmt.Errorf("score.yml: caps: there is no flag %s", id)
			}
		}
	}
	return j, nil
}

// optional decodes a file; a key that v does not have is an error. It is false when the file is not there.
func optional(fsys fs.FS, name string, v any) ([]byte, bool, error) {
	if fsys == nil {
		return nil, false, nil
	}
	text, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read what is judged by: %w", err)
	}
	if err := strict.Decode(text, v); err != nil {
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
	return text, true, nil
}

// needed decodes a file that must be there.
func needed(fsys fs.FS, name string, v any) error {
	_, ok, err := optional(fsys, name, v)
	if err == nil && !ok {
		err = fmt.Errorf("%s is missing", name)
	}
	return err
}

func (j *Judge) loadTemplates(shipped, site fs.FS) error {
	type file struct {
		Groups    []group    `yaml:"groups"`
		Templates []template `yaml:"templates"`
	}
	var f file
	if err := needed(shipped, "templates.yml", &f); err != nil {
		return err
	}
	j.groups, j.templates = f.Groups, f.Templates
	for i := range j.templates {
		if slices.ContainsFunc(j.templates[:i], func(t template) bool { return t.ID == j.templates[i].ID }) {
			return fmt.Errorf("templates.yml: %s is there twice", j.templates[i].ID)
		}
	}
	text, ok, err := optional(site, "templates.yml", &file{})
	if err != nil || !ok {
		return err
	}
	var changes struct {
		Templates []yaml.Node `yaml:"templates"`
	}
	if err := yaml.Unmarshal(text, &changes); err != nil {
		return fmt.Errorf("templates.yml: %w", err)
	}
	return change(changes.Templates, "templates.yml", func(id string) any {
		i := slices.IndexFunc(j.templates, func(t template) bool { return t.ID == id })
		if i < 0 {
			return nil
		}
		return &j.templates[i]
	})
}

func (j *Judge) loadFlags(shipped, site fs.FS) error {
	type file struct {
		Flags []flag `yaml:"flags"`
	}
	var f file
	if err := needed(shipped, "flags.yml", &f); err != nil {
		return err
	}
	numbers := map[string]int{} // how many each has
	for i := range f.Flags {
		if j.flags[f.Flags[i].ID] != nil {
			return fmt.Errorf("flags.yml: %s is there twice", f.Flags[i].ID)
		}
		j.flags[f.Flags[i].ID] = &f.Flags[i]
		numbers[f.Flags[i].ID] = len(f.Flags[i].More) + len(f.Flags[i].Limits)
	}
	text, ok, err := optional(site, "flags.yml", &file{})
	if err != nil {
		return err
	}
	if ok {
		var changes struct {
			Flags []yaml.Node `yaml:"flags"`
		}
		if err := yaml.Unmarshal(text, &changes); err != nil {
			return fmt.Errorf("flags.yml: %w", err)
		}
		if err := change(changes.Flags, "flags.yml", func(id string) any {
			if j.flags[id] == nil {
				return nil
			}
			return j.flags[id]
		}); err != nil {
			return err
		}
	}
	for id, fl := range j.flags {
		if err := fl.check(); err != nil {
			return fmt.Errorf("flags.yml: %s: %w", id, err)
		}
		if numbers[id] != len(fl.More)+len(fl.Limits) {
			return fmt.Errorf("flags.yml: %s: limits and more may only change what is there", id)
		}
	}
	return nil
}

func (j *Judge) loadScore(shipped, site fs.FS) error {
	if err := needed(shipped, "score.yml", &j.score); err != nil {
		return err
	}
	if _, _, err := optional(site, "score.yml", &j.score); err != nil {
		return err
	}
	return j.score.check()
}

// change decodes each entry over the one with the same id: what it does not state stays.
func change(entries []yaml.Node, file string, find func(id string) any) error {
	for i := range entries {
		var e struct {
			ID string `yaml:"id"`
		}
		if err := entries[i].Decode(&e); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		into := find(e.ID)
		if into == nil {
			return fmt.Errorf("%s: line %d: there is no entry with this id to change", file, entries[i].Line)
		}
		if err := entries[i].Decode(into); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// compile turns the words of a template into what is compared.
func (j *Judge) compile(t *template) error {
	if t.Family == "" {
		t.Family = t.Kind
	}
	if !slices.ContainsFunc(j.groups, func(g group) bool { return g.Kind == t.Kind }) {
		return errors.New("kind is none of the groups")
	}
	for _, of := range []struct {
		field, word string
		words       []string
	}{
		{"use", t.Use, []string{useFilter, useFlag, useOff}},
		{"test", t.Test, tests()},
		{"around", t.Around, []string{"", "edge", "start", "visit"}},
		{"borne", t.Borne, []string{"", "asked", "arrival"}},
	} {
		if !slices.Contains(of.words, of.word) {
			return fmt.Errorf("%s is one of %s", of.field, strings.Join(of.words, ", "))
		}
	}
	for _, s := range []string{t.Strength, t.Shared} {
		if _, ok := j.score.Strengths[s]; !ok && s != "" && s != "inherited" {
			return errors.New("strength is none of score.yml")
		}
	}
	t.edges = nil
	for _, word := range t.Edges {
		k := slices.Index(edgeNames(), word)
		if k <= 0 {
			return errors.New("edges: no such relation")
		}
		t.edges = append(t.edges, hospital.Kind(k))
	}
	t.who = 0
	for _, word := range t.Who {
		i := slices.Index([]string{"person", "department", "service", "unit", "protocol", "site"}, word)
		if i < 0 {
			return errors.New("who is person, department, service, unit, protocol or site")
		}
		t.who |= 1 << i
	}
	var err error
	if t.jobs, err = families(t.Jobs); err != nil {
		return err
	}
	t.anyone, err = families(t.Anyone)
	return err
}

// families makes a set of families of jobs.
func families(words []string) (set uint32, err error) {
	for _, word := range words {
		if word == "clinical" {
			for f := hospital.Physician; f <= hospital.Lab; f++ {
				set |= 1 << f
			}
			continue
		}
		f, ok := FamilyNamed(word)
		if !ok || f == hospital.UnknownFamily {
			return 0, errors.New("jobs: no such family of jobs")
		}
		set |= 1 << f
	}
	return set, nil
}

func finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) })
}

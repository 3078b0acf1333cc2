// Package ruleset brings rules in from where defenders keep them: single files,
// folders, the repository or release archive of a rule project as it is, or the rules
// that ship inside the product.
package ruleset

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/wardline/wardline/format/sigma"
)

// Set is what was read: rules that filters have narrowed already, correlations, and
// all that could not be honoured, with file, line and reason.
type Set struct {
	Rules        []*sigma.Rule
	Correlations []*sigma.Correlation
	Problems     []sigma.Problem
	Documents    int // rules, correlations and filters seen, refused ones included

	filters []*sigma.Filter
}

// Limits of one rule file and of one place.
const (
	maxFile  = 4 << 20
	maxFiles = 200_000
)

// source is one rule file, read when its turn comes.
type source struct {
	name string
	open func() (io.ReadCloser, error)
}

// Load reads the rules at each place: a file, a folder, or a zip archive.
func Load(places []string, o sigma.Options) (Set, error) {
	var sources []source
	for _, place := range places {
		found, closeArchive, err := list(place)
		if err != nil {
			return Set{}, fmt.Errorf("read rules: %w", err)
		}
		defer closeArchive()
		sources = append(sources, found...)
	}
	return parse(sources, o), nil
}

// LoadFS reads the rules below the root of a file system; name stands before their paths.
func LoadFS(fsys fs.FS, name string, o sigma.Options) (Set, error) {
	sources, err := listFS(fsys, name)
	if err != nil {
		return Set{}, fmt.Errorf("read rules: %w", err)
	}
	return parse(sources, o), nil
}

func list(place string) (sources []source, done func(), err error) {
	done = func() {}
	info, err := os.Stat(place)
	switch {
	case err != nil:
		return nil, done, err
	case info.IsDir():
		sources, err = listFS(os.DirFS(place), place+string(filepath.Separator))
		return sources, done, err
	case strings.EqualFold(filepath.Ext(place), ".zip"):
		archive, err := zip.OpenReader(place)
		if err != nil {
			return nil, done, fmt.Errorf("%s: %w", place, err)
		}
		sources, err = listFS(archive, place+"!")
		return sources, func() { archive.Close() }, err
	}
	return []source{{place, func() (io.ReadCloser, error) { return os.Open(place) }}}, done, nil
}

func listFS(fsys fs.FS, prefix string) ([]source, error) {
	var sources []source
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch ext := path.Ext(p); {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || !forUse(d.Name())):
			return fs.SkipDir
		case d.IsDir() || ext != ".yml" && ext != ".yaml":
			return nil
		case len(sources) == maxFiles:
			return fmt.Errorf("more than %d rule files", maxFiles)
		}
		sources = append(sources, source{prefix + p, func() (io.ReadCloser, error) { return fsys.Open(p) }})
		return nil
	})
	return sources, err
}

// forUse leaves out the folders of a rule repository that hold no rules for use: those withdrawn by
// their authors, and those that its tests and its tools keep.
func forUse(dir string) bool {
	return !slices.Contains([]string{"deprecated", "unsupported", "tests", "regression_data", "documentation"}, dir)
}

// parse reads the files on all processors; the outcome is in the order of the files.
func parse(sources []source, o sigma.Options) Set {
	type result struct {
		docs     sigma.Documents
		problems []sigma.Problem
	}
	results := make([]result, len(sources))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(sources)) {
		wait.Go(func() {
			for i := range next {
				data, err := read(sources[i])
				if err != nil {
					results[i].problems = []sigma.Problem{{File: sources[i].name, Reason: err.Error()}}
					continue
				}
				results[i].docs, results[i].problems = sigma.Parse(sources[i].name, data, o)
			}
		})
	}
	for i := range sources {
		next <- i
	}
	close(next)
	wait.Wait()

	var set Set
	for _, r := range results {
		set.Rules = append(set.Rules, r.docs.Rules...)
		set.Correlations = append(set.Correlations, r.docs.Correlations...)
		set.filters = append(set.filters, r.docs.Filters...)
		set.Problems = append(set.Problems, r.problems...)
	}
	set.Documents = len(set.Rules) + len(set.Correlations) + len(set.filters) + refused(set.Problems)
	narrow(set.Rules, set.filters)
	return set
}

func read(s source) ([]byte, error) {
	f, err := s.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("rule file is larger than %d bytes", maxFile)
	}
	return data, err
}

func refused(problems []sigma.Problem) (n int) {
	for _, p := range problems {
		if !p.Warning {
			n++
		}
	}
	return n
}

// narrow replaces each rule by what the filters that name it leave of it.
func narrow(rules []*sigma.Rule, filters []*sigma.Filter) {
	for _, f := range filters {
		for i, r := range rules {
			if narrowed, ok := f.Apply(r); ok {
				rules[i] = narrowed
			}
		}
	}
}

// Add takes in another set. The filters of each narrow the rules of both: a site tunes rules
// that are not its own.
func (s *Set) Add(other Set) {
	theirs := slices.Clone(other.Rules)
	narrow(s.Rules, other.filters)
	narrow(theirs, s.filters)
	s.Rules = append(s.Rules, theirs...)
	s.filters = append(s.filters, other.filters...)
	s.Correlations = append(s.Correlations, other.Correlations...)
	s.Problems = append(s.Problems, other.Problems...)
	s.Documents += other.Documents
}

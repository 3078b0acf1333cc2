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

// File is one rule file, read when its turn comes. Its name is what problems and findings say of it.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Load reads the rules at each place: a file, a folder, or a zip archive.
func Load(places []string, o sigma.Options) (Set, error) {
	files, done, err := Files(places)
	if err != nil {
		return Set{}, err
	}
	defer done()
	return Parse(files, o), nil
}

// Files lists the rule files at each place, in the order in which Load reads them. They can be opened until done is called.
func Files(places []string) (files []File, done func(), err error) {
	var archives []func()
	done = func() {
		for _, closeArchive := range archives {
			closeArchive()
		}
	}
	for _, place := range places {
		found, closeArchive, err := list(place)
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("read rules: %w", err)
		}
		archives = append(archives, closeArchive)
		files = append(files, found...)
	}
	return files, done, nil
}

// LoadFS reads the rules below the root of a file system; name stands before their paths.
func LoadFS(fsys fs.FS, name string, o sigma.Options) (Set, error) {
	files, err := FilesFS(fsys, name)
	if err != nil {
		return Set{}, err
	}
	return Parse(files, o), nil
}

// FilesFS lists the rule files below the root of a file system; name stands before their paths.
func FilesFS(fsys fs.FS, name string) ([]File, error) {
	files, err := listFS(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return files, nil
}

func list(place string) (files []File, done func(), err error) {
	done = func() {}
	info, err := os.Stat(place)
	switch {
	case err != nil:
		return nil, done, err
	case info.IsDir():
		files, err = listFS(os.DirFS(place), place+string(filepath.Separator))
		return files, done, err
	case strings.EqualFold(filepath.Ext(place), ".zip"):
		archive, err := zip.OpenReader(place)
		if err != nil {
			return nil, done, fmt.Errorf("%s: %w", place, err)
		}
		files, err = listFS(archive, place+"!")
		return files, func() { archive.Close() }, err
	}
	return []File{{place, func() (io.ReadCloser, error) { return os.Open(place) }}}, done, nil
}

func listFS(fsys fs.FS, prefix string) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch ext := path.Ext(p); {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || !forUse(d.Name())):
			return fs.SkipDir
		case d.IsDir() || ext != ".yml" && ext != ".yaml":
			return nil
		case len(files) == maxFiles:
			return fmt.Errorf("more than %d rule files", maxFiles)
		}
		files = append(files, File{prefix + p, func() (io.ReadCloser, error) { return fsys.Open(p) }})
		return nil
	})
	return files, err
}

// forUse leaves out the folders of a rule repository that hold no rules for use: those withdrawn by
// their authors, and those that its tests and its tools keep.
func forUse(dir string) bool {
	return !slices.Contains([]string{"deprecated", "unsupported", "tests", "regression_data", "documentation"}, dir)
}

// Parse reads the files on all processors; the outcome is in the order of the files.
func Parse(files []File, o sigma.Options) Set {
	type result struct {
		docs     sigma.Documents
		problems []sigma.Problem
	}
	results := make([]result, len(files))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wait.Go(func() {
			for i := range next {
				data, err := Read(files[i])
				if err != nil {
					results[i].problems = []sigma.Problem{{File: files[i].Name, Reason: err.Error()}}
					continue
				}
				results[i].docs, results[i].problems = sigma.Parse(files[i].Name, data, o)
			}
		})
	}
	for i := range files {
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

// Read reads one file.
func Read(file File) ([]byte, error) {
	f, err := file.Open()
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

package continuity

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity/depend"
)

// Site is what a house says of itself: its services, how exports of its programs are read, and what rests on what.
type Site struct {
	Catalogue *depend.Catalogue
	Columns   []depend.Columns // its own before those that come with Wardline
	Map       *depend.Graph    // empty where it drew none
	Drawn     bool             // it drew one
}

// SiteFiles are the files in which a house says what it is. They belong to one goroutine.
type SiteFiles struct {
	path  string
	stamp string // of the files, before they were read last
	drawn bool   // there was a map when they were
}

// NewSiteFiles are those at a path, as ReadSite takes it.
func NewSiteFiles(path string) *SiteFiles { return &SiteFiles{path: path} }

// Read reads them when they are not as they were when they were read last, and says whether it did. A map that was there and is gone is an error: it is sooner lost than given up.
func (f *SiteFiles) Read() (s *Site, read bool, err error) {
	stamp := stampOf(f.path) // what changes meanwhile is read again
	if stamp == f.stamp {
		return nil, false, nil
	}
	f.stamp = stamp
	if s, err = ReadSite(f.path); err != nil {
		return nil, true, err
	}
	if f.drawn && !s.Drawn {
		return nil, true, fmt.Errorf("%s has no file of a map any more: put it back; to have none, take continuity.map out of the configuration and start the node again", f.path)
	}
	f.drawn = s.Drawn
	return s, true, nil
}

// stampOf is another text after each change of a file that ReadSite reads: what they are called, their sizes, and when they were changed.
func stampOf(path string) string {
	files := []string{path}
	for _, pattern := range []string{"*.yml", "columns/*.yml"} {
		more, err := fs.Glob(os.DirFS(path), pattern)
		if err != nil {
			panic("wardline: internal error: " + err.Error()) // of the pattern alone
		}
		for _, name := range more {
			files = append(files, filepath.Join(path, name))
		}
	}
	var b strings.Builder
	for _, file := range files {
		info, err := os.Stat(file)
		switch {
		case err != nil:
			fmt.Fprintf(&b, "%s is not there\n", file)
		case info.IsDir():
			fmt.Fprintf(&b, "%s is a folder\n", file)
		default:
			fmt.Fprintf(&b, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

// mostFiles is of how many files a house's map may be.
const mostFiles = 200

// ReadSite reads what a house says of itself at path: one file of its map, or a folder. In a folder services.yml changes rows of the catalogue, columns/*.yml say how
// exports are read, and all other *.yml are the map, in the order of their names. path may be empty: then it is any hospital. A map that cannot be read is a *depend.Refused.
func ReadSite(path string) (*Site, error) {
	s := &Site{}
	var own fs.FS
	files := []string{path}
	if path != "" {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read the house's map: %w", err)
		}
		if info.IsDir() {
			own = os.DirFS(path)
			if files, err = fs.Glob(own, "*.yml"); err != nil {
				return nil, fmt.Errorf("list the files of the house's map: %w", err)
			}
			for i := range files {
				files[i] = filepath.Join(path, files[i])
			}
		}
	}
	var err error
	if s.Catalogue, err = depend.LoadCatalogue(content.Continuity(), own); err != nil {
		return nil, err
	}
	for _, place := range []fs.FS{own, content.Continuity()} {
		if place == nil {
			continue
		}
		columns, err := depend.LoadColumns(place)
		if err != nil {
			return nil, err
		}
		s.Columns = append(s.Columns, columns...)
	}
	if len(files) > mostFiles {
		return nil, fmt.Errorf("the house's map is of more than %d files: put some together", mostFiles)
	}
	var texts []depend.Text
	for _, file := range files {
		if file == "" || own != nil && filepath.Base(file) == "services.yml" {
			continue
		}
		body, err := strict.ReadFile(file, depend.MostBytes)
		if err != nil {
			return nil, fmt.Errorf("read the house's map: %w", err)
		}
		texts = append(texts, depend.Text{Name: file, Body: body})
	}
	s.Drawn = len(texts) > 0
	s.Map, err = depend.ReadMaps(s.Catalogue, texts...)
	return s, err
}

package continuity

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

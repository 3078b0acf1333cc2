package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/depend"
)

// MapConfig says what is to be looked at as a house's map, and how.
type MapConfig struct {
	Paths   []string // maps in YAML, folders of them, exports in CSV
	Map     string   // the house's own, or ""
	Columns string   // by which exports are read; "" is the first that fits
}

// CheckMap writes what would be taken of maps and exports, and what not and why. It returns ErrRefused when one of them cannot be taken at all.
func CheckMap(c MapConfig, w io.Writer) error {
	house, err := readHouse(&c)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	var refused error
	for _, path := range c.Paths {
		err := checkPath(path, house, out)
		if r, is := errors.AsType[*depend.Refused](err); is {
			writeProblems(out, path+" was not taken:", r.Problems, r.All)
			err, refused = nil, ErrRefused
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	return errors.Join(refused, out.Flush())
}

func checkPath(path string, house *continuity.Site, out io.Writer) error {
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		im, err := readExport(path, house)
		if err != nil {
			return err
		}
		return writeImport(out, path, im, house)
	}
	site, err := continuity.ReadSite(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s can be taken: %s.\n", path, sizeOf(site.Map))
	return nil
}

// sizeOf is how much is on a map, in words.
func sizeOf(g *depend.Graph) string {
	kinds := map[depend.Kind]int{}
	for _, n := range g.Nodes() {
		kinds[n.Kind]++
	}
	var parts []string
	for k := depend.Component; k <= depend.Unit; k++ {
		if kinds[k] > 0 {
			parts = append(parts, plural(kinds[k], k.String()))
		}
	}
	if parts == nil {
		return "nothing is drawn there yet"
	}
	return strings.Join(append(parts, plural(len(g.Edges()), "link")), ", ")
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// ImportMap makes a file of a house's map of an export, and tells what is in it. The file must not be there yet.
func ImportMap(c MapConfig, to string, stdout, told io.Writer) error {
	house, err := readHouse(&c)
	if err != nil {
		return err
	}
	im, err := readExport(c.Paths[0], house)
	if err != nil {
		return err
	}
	text, err := im.Write(house.Map)
	if err != nil {
		return err
	}
	text = append([]byte("# Made of an export by `wardline map import`. Look at it, change what is wrong, and keep it under version control.\n"), text...)
	if err := writeImport(told, c.Paths[0], im, house); err != nil {
		return err
	}
	if to == "-" {
		_, err := stdout.Write(text)
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: give another name, and compare the two", to)
	}
	if err != nil {
		return fmt.Errorf("write the map: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the map: %w", err)
	}
	fmt.Fprintf(told, "It stands in %s. Put it into the folder that continuity.map names: a node that runs reads it within a minute.\n", to)
	return nil
}

// readHouse reads the house's own map, and leaves of its columns those that are asked for.
func readHouse(c *MapConfig) (*continuity.Site, error) {
	house, err := continuity.ReadSite(c.Map)
	if err != nil || c.Columns == "" {
		return house, err
	}
	var all []string
	for _, m := range house.Columns {
		all = append(all, m.Name)
	}
	house.Columns = slices.DeleteFunc(house.Columns, func(m depend.Columns) bool { return m.Name != c.Columns })
	if len(house.Columns) == 0 {
		return nil, fmt.Errorf("no columns are called %s: there are %s", c.Columns, strings.Join(all, ", "))
	}
	return house, nil
}

func readExport(path string, house *continuity.Site) (*depend.Import, error) {
	text, err := strict.ReadFile(path, depend.MostBytes)
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	return depend.ReadTable(bytes.NewReader(text), house.Columns, house.Catalogue)
}

// writeImport says what an export would do to the house's map.
func writeImport(w io.Writer, path string, im *depend.Import, house *continuity.Site) error {
	after, err := depend.Merge(house.Map, im)
	if err != nil {
		return err
	}
	changes := depend.Compare(house.Map, after)
	fmt.Fprintf(w, "%s, read by the columns %s, has %s.\n", path, im.Columns, plural(im.Rows, "row"))
	if words := changes.Words(); words != "" {
		fmt.Fprintf(w, "With it the map has: %s.\n", words)
	}
	if im.Passed > 0 {
		fmt.Fprintf(w, "Passed over as of another kind: %s.\n", plural(im.Passed, "row"))
	}
	if im.Ignored > 0 {
		fmt.Fprintf(w, "Nothing is taken from %s.\n", plural(im.Ignored, "column"))
	}
	if im.Refused > 0 {
		writeProblems(w, "Not taken:", im.Problems, im.Refused)
	}
	return nil
}

// writeProblems lists what is wrong, and how much more is.
func writeProblems(w io.Writer, head string, problems []depend.Problem, all int) {
	fmt.Fprintln(w, head)
	for _, p := range problems {
		fmt.Fprintf(w, "  %s\n", p)
	}
	if more := all - len(problems); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

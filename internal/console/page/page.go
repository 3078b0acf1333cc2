// Package page draws the console: it turns what the rooms of a node know into pages that a nurse
// manager can read. It decides nothing and fetches nothing.
//
// Everything that comes from a log, a rule or a person passes through Clean before it gets into a
// view, and through html/template before it gets into a page.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static/style.css static/console.js static/icon.svg
var static embed.FS

// Printer draws pages. It never changes and serves any number of goroutines.
type Printer struct {
	pages  map[string]*template.Template
	files  map[string]File // by the name in their address
	stamps map[string]string
}

// File is one of the console's own files.
type File struct {
	Type string // media type
	Body []byte
}

// New reads the templates.
func New() (*Printer, error) {
	p := &Printer{pages: map[string]*template.Template{}, files: map[string]File{}, stamps: map[string]string{}}
	for name, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		body, err := fs.ReadFile(static, "static/"+name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		stem, ext, _ := strings.Cut(name, ".")
		// The name changes with the content, so that a browser may keep it for good.
		stamped := stem + "-" + base64.RawURLEncoding.EncodeToString(sum[:9]) + "." + ext
		p.files[stamped], p.stamps[name] = File{kind, body}, "/static/"+stamped
	}
	shared, err := template.New("").Funcs(p.funcs()).ParseFS(templates, "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	all, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range all {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if strings.HasPrefix(name, "_") {
			continue
		}
		t, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if p.pages[name], err = t.ParseFS(templates, file); err != nil {
			return nil, fmt.Errorf("read templates: %w", err)
		}
	}
	return p, nil
}

func (p *Printer) funcs() template.FuncMap {
	return template.FuncMap{
		"static":    func(name string) string { return p.stamps[name] },
		"add":       func(a, b int) int { return a + b },
		"sealAt":    func(s Seal) Seal { return s },
		"stopwatch": Stopwatch,
	}
}

// Print writes the page of that name. Nothing is written when it fails.
func (p *Printer) Print(w io.Writer, name string, view any) error {
	t := p.pages[name]
	if t == nil {
		return fmt.Errorf("there is no page %s", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page", view); err != nil {
		return fmt.Errorf("draw page %s: %w", name, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// File returns one of the console's own files by the last part of its address.
func (p *Printer) File(name string) (File, bool) {
	f, ok := p.files[name]
	return f, ok
}

// Names lists the pages.
func (p *Printer) Names() []string {
	var names []string
	for name := range p.pages {
		names = append(names, name)
	}
	return names
}

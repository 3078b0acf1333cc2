package event

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/format/jsonl"
)

// The files of content/taxonomy. Their comments are the manual.
type (
	productRow struct {
		Product  string                `yaml:"product"`
		Category string                `yaml:"category"` // stated by every event of the product
		Dialects map[string]dialectRow `yaml:"dialects"` // by the name that decoders ask for
		Other    string                `yaml:"other"`    // the service of every log that is not listed
		Plain    []string              `yaml:"plain"`    // logs that are a service each and nothing more
		Services []serviceRow          `yaml:"services"`
	}
	dialectRow struct {
		Prefixes []string            `yaml:"prefixes"`
		Aliases  map[string]string   `yaml:"aliases"`
		Entities map[string][]string `yaml:"entities"`
	}
	serviceRow struct {
		Service string   `yaml:"service"`
		Logs    []string `yaml:"logs"` // its logs, where they are not called like the service
		traits  `yaml:",inline"`
		Codes   []codeRow `yaml:"codes"`
	}
	codeRow struct {
		Codes  []string `yaml:"code"`
		traits `yaml:",inline"`
		By     string            `yaml:"by"`    // the field that tells kinds apart
		Kinds  map[string]traits `yaml:"kinds"` // by the field's value
	}
	traits struct {
		Category string            `yaml:"category"`
		Also     []Logsource       `yaml:"also"`
		Aliases  map[string]string `yaml:"aliases"`
	}
)

// LoadTaxonomy reads every *.yml file at the root of fsys. A key that is not known,
// or a log or a code that is listed twice, is an error.
func LoadTaxonomy(fsys fs.FS) (*Taxonomy, error) {
	files, err := fs.Glob(fsys, "*.yml")
	if err != nil {
		return nil, fmt.Errorf("list taxonomy: %w", err)
	}
	if len(files) == 0 {
		return nil, errors.New("list taxonomy: no *.yml file found")
	}
	none := &Class{}
	t := &Taxonomy{classes: []*Class{none}, senders: map[string]*sender{}, keys: map[string]*Class{"": none}}
	for _, file := range files {
		if err := t.load(fsys, file); err != nil {
			return nil, fmt.Errorf("read taxonomy %s: %w", file, err)
		}
	}
	return t, nil
}

func (t *Taxonomy) load(fsys fs.FS, file string) error {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	var rows []productRow
	if err := strict.Decode(text, &rows); err != nil {
		return err
	}
	for _, row := range rows {
		for _, name := range slices.Sorted(maps.Keys(row.Dialects)) {
			if t.senders[name] != nil {
				return fmt.Errorf("dialect %s is listed twice", name)
			}
			s, err := t.sender(name, row, row.Dialects[name])
			if err != nil {
				return fmt.Errorf("dialect %s: %w", name, err)
			}
			t.senders[name] = s
		}
	}
	return nil
}

// sender makes the classes of one product in one dialect.
func (t *Taxonomy) sender(name string, p productRow, d dialectRow) (*sender, error) {
	b := classes{taxonomy: t, name: name, product: p, dialect: d}
	bare := &log{class: b.class(name, "", traits{Category: p.Category})}
	s := &sender{unstated: bare, unlisted: bare, logs: map[string]*log{}}
	services := p.Services
	for _, name := range p.Plain {
		services = append(services, serviceRow{Service: name})
	}
	for _, row := range services {
		l, err := b.log(row)
		if err != nil {
			return nil, fmt.Errorf("service %s: %w", row.Service, err)
		}
		names := row.Logs
		if len(names) == 0 {
			names = []string{row.Service}
		}
		for _, name := range names {
			folded := string(fold(nil, name))
			if len(folded) > longestLog || s.logs[folded] != nil {
				return nil, fmt.Errorf("log %s is listed twice or has too long a name", name)
			}
			s.logs[folded], s.logs[name] = l, l // most senders spell it as it is listed
		}
		if p.Other != "" && row.Service == p.Other {
			s.unlisted = l
		}
	}
	if p.Other != "" && s.unlisted == bare {
		return nil, fmt.Errorf("service %s is named by other and not listed", p.Other)
	}
	return s, nil
}

// classes makes the classes of one product in one dialect, one for each row.
type classes struct {
	taxonomy *Taxonomy
	name     string // of the dialect
	product  productRow
	dialect  dialectRow
}

func (b *classes) log(row serviceRow) (*log, error) {
	if row.Category == "" {
		row.Category = b.product.Category
	}
	key := b.name + "/" + row.Service
	l := &log{class: b.class(key, row.Service, row.traits), codes: map[string]*Class{}}
	for _, r := range row.Codes {
		r.Also = append(slices.Clip(r.Also), row.Also...)
		if len(r.Codes) == 0 {
			return nil, errors.New("a row of codes lists none")
		}
		code := key + "/" + r.Codes[0]
		c := b.class(code, row.Service, r.traits)
		if r.By != "" {
			c.by = fieldPaths(c.Names(r.By))
			c.kinds = map[string]*Class{}
		}
		for _, value := range slices.Sorted(maps.Keys(r.Kinds)) {
			kind := r.Kinds[value]
			kind.Also = append(slices.Clip(kind.Also), Logsource{Category: r.Category})
			c.kinds[value] = b.class(code+"/"+value, row.Service, kind)
		}
		for _, code := range r.Codes {
			if l.codes[code] != nil {
				return nil, fmt.Errorf("code %s is listed twice", code)
			}
			l.codes[code] = c
		}
	}
	return l, nil
}

// class adds one class to the taxonomy. What a further log source leaves out is as
// in the class itself.
func (b *classes) class(key, service string, row traits) *Class {
	c := &Class{
		ID:          len(b.taxonomy.classes),
		Key:         key,
		Logsource:   Logsource{Category: row.Category, Product: b.product.Product, Service: service},
		Aliases:     maps.Clone(b.dialect.Aliases),
		AliasPrefix: b.dialect.Prefixes,
		Entities:    b.dialect.Entities,
	}
	for _, l := range row.Also {
		if l.Product == "" {
			l.Product = c.Product
		}
		if l.Service == "" {
			l.Service = service
		}
		c.Also = append(c.Also, l)
	}
	for field, name := range row.Aliases {
		if len(c.AliasPrefix) > 0 {
			name = c.AliasPrefix[0] + name
		}
		if c.Aliases == nil {
			c.Aliases = map[string]string{}
		}
		c.Aliases[field] = name
	}
	b.taxonomy.classes = append(b.taxonomy.classes, c)
	b.taxonomy.keys[key] = c
	return c
}

func fieldPaths(names []string) []fieldPath {
	paths := make([]fieldPath, len(names))
	for i, name := range names {
		paths[i] = fieldPath{path: name, hash: jsonl.HashPath(name)}
	}
	return paths
}

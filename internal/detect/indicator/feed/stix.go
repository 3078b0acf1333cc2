package feed

import (
	"hash/maphash"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/detect/indicator"
)

// version is what was last seen of a STIX indicator (STIX 2.1 3.6).
type version struct {
	modified    time.Time
	first, next int // its entries
}

// people knows who made indicators. Identities may stand behind what they made.
type people struct {
	seed    maphash.Seed
	names   map[string]string // of identities, by id
	sources map[author]int
}

type author struct{ file, id string }

// maxPeople bounds the identities that are remembered.
const maxPeople = 100_000

func newPeople() people {
	return people{maphash.MakeSeed(), map[string]string{}, map[author]int{}}
}

// stix reads one STIX object. Only indicators and their makers matter here.
func (d *document) stix() {
	switch d.str("type") {
	case "indicator":
		d.indicator()
	case "identity":
		if len(d.people.names) < maxPeople {
			d.people.names[d.str("id")] = short(d.str("name"), maxTitle)
		}
	}
}

func (d *document) indicator() {
	id := d.str("id")
	key := maphash.String(d.people.seed, id)
	modified, _ := time.Parse(time.RFC3339, d.str("modified"))
	last, seen := d.versions[key]
	if seen && id != "" {
		if !modified.After(last.modified) {
			d.taken++ // though it says nothing new
			return
		}
		for n := last.first; n < last.next; n++ {
			d.builder.Retract(n)
		}
	}
	v := version{modified: modified}
	if revoked, _ := d.yes("revoked"); revoked {
		d.reject(identifier(id), "revoked by its maker")
	} else if all, detail, err := d.readIndicator(); err != nil {
		d.reject(identifier(id), err.Error())
	} else {
		v.first, v.next = d.addAll(all, detail)
	}
	d.versions[key] = v
}

// readIndicator reads all that an indicator says. Every value it returns has been parsed once.
func (d *document) readIndicator() ([]alternative, indicator.Detail, error) {
	if lang := d.str("pattern_type"); lang != "" && lang != "stix" {
		return nil, indicator.Detail{}, kindError("a pattern in another language than STIX")
	}
	all, err := parsePattern(d.str("pattern"))
	if err != nil {
		return nil, indicator.Detail{}, err
	}
	for i := range all {
		if _, err := d.parse([]byte(all[i].value), all[i].want); err != nil {
			return nil, indicator.Detail{}, err
		}
	}
	detail := indicator.Detail{
		Source: d.sourceOf(d.str("created_by_ref")), ID: identifier(d.str("id")),
		Title: short(d.str("name"), maxTitle), Description: short(d.str("description"), maxText),
	}
	if n, err := strconv.Atoi(d.str("confidence")); err == nil {
		detail.Level = confident(n)
	}
	for path, t := range map[string]*time.Time{"valid_from": &detail.From, "valid_until": &detail.Until} {
		if text := d.str(path); text != "" {
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				return nil, indicator.Detail{}, kindError("a time that cannot be read")
			}
		}
	}
	for i := range d.index.Values {
		if len(detail.References) < maxReferences && d.index.At(d.text, i, "external_references.url") {
			detail.References = append(detail.References, short(string(d.index.Text(d.text, i, nil)), maxReference))
		}
	}
	return all, detail, nil
}

func (d *document) addAll(all []alternative, detail indicator.Detail) (first, next int) {
	for i := range all {
		v, err := d.parse([]byte(all[i].value), all[i].want)
		if err != nil {
			continue // cannot be: it was parsed before
		}
		one := detail
		one.Several = len(all) > 1
		one.Name, one.With, one.Port = all[i].name, all[i].with, all[i].port
		n := d.add(v, d.line, d.describe(one, v))
		if i == 0 {
			first = n
		}
		next = n + 1
	}
	return first, next
}

// sourceOf is the part of the file that is by one author.
func (d *document) sourceOf(id string) int {
	if id == "" {
		return d.source
	}
	a := author{d.file, id}
	n, ok := d.people.sources[a]
	if !ok {
		if len(d.people.sources) >= maxPeople {
			return d.source
		}
		n = d.builder.AddSource(indicator.Source{File: d.file, Title: title(d.file)})
		d.people.sources[a] = n
	}
	return n
}

// nameAuthors enters the names of all who are known by now.
func (l *Loader) nameAuthors() {
	for a, n := range l.people.sources {
		l.builder.Source(n).Author = l.people.names[a.id]
	}
}

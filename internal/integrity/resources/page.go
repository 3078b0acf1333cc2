package resources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Limits of what is read in pages.
const (
	mostPages        = 1_000_000
	mostInstance     = 200 // pages of one resource's history
	mostEmpty        = 3   // pages without entries one after the other
	longestNextLinks = 16 << 10
)

// walk reads page after page, from what stands at a path, until there is no next one or take fails.
func (s *Source) walk(ctx context.Context, what string, most int, query url.Values, take func(page) error, path ...string) error {
	u := s.decl.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	empty := 0
	for n := range most {
		a, err := s.get(ctx, what, u)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			return &refusal{what, a.status, n}
		}
		p, err := parseBundle(a.body, s.bases)
		if err != nil {
			return fmt.Errorf("read %s: page %d: %w", what, n+1, err)
		}
		if err := take(p); err != nil {
			return err
		}
		if p.next == "" {
			return nil
		}
		if empty++; len(p.entries) > 0 {
			empty = 0
		}
		next, err := s.link(p.next)
		switch {
		case err != nil:
			return fmt.Errorf("read %s: page %d: %w", what, n+1, err)
		case empty == mostEmpty || next.String() == u.String():
			return fmt.Errorf("read %s: page %d: its pages lead nowhere", what, n+1)
		}
		u = next
	}
	return fmt.Errorf("read %s: more than %d pages", what, most)
}

// statusOf is the status by which a walk was refused at its first page; 0 when that is not why it failed.
func statusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) && r.page == 0 {
		return r.status
	}
	return 0
}

// link reads the address of a next page, which must be the server's own.
func (s *Source) link(address string) (*url.URL, error) {
	if len(address) > longestNextLinks {
		return nil, errors.New("the address of its next page is too long")
	}
	for _, alias := range s.bases[1:] {
		alias = strings.TrimRight(alias, "/")
		if rest, ok := strings.CutPrefix(address, alias); ok && (rest == "" || strings.ContainsRune("/?", rune(rest[0]))) {
			address = s.bases[0] + rest
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of its next page is none")
	}
	u = s.decl.base.JoinPath("/").ResolveReference(u)
	u.Fragment, u.User = "", nil
	if !s.own(u) {
		return nil, errElsewhere
	}
	return u, nil
}

// count is how many resources of a type the server counts; -1 when it does not say.
func (s *Source) count(ctx context.Context, typ string) (int64, error) {
	what := "the count of " + typ
	a, err := s.ask(ctx, what, url.Values{"_summary": {"count"}}, typ)
	if err != nil {
		return 0, err
	}
	if a.status != http.StatusOK {
		return -1, nil // not every server counts
	}
	p, err := parseBundle(a.body, s.bases)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", what, err)
	}
	return p.total, nil
}

// pageSize is the query that asks for pages of the declared size.
func (s *Source) pageSize() url.Values { return url.Values{"_count": {strconv.Itoa(s.decl.Page)}} }

// fromTheBeginning is the query for a whole history. HAPI FHIR counts the versions of a history without a moment to begin with once in ten minutes, and ends its pages by
// that count: the oldest ones were missing. With one it does not count.
func (s *Source) fromTheBeginning() url.Values {
	q := s.pageSize()
	q.Set("_since", "1900-01-01T00:00:00Z")
	return q
}

// all reads a type as the server tells most of it, each version once or more often. whole tells that it is the whole history.
func (s *Source) all(ctx context.Context, typ string, w way, take func(page) error) (whole bool, err error) {
	switch w {
	case ofType:
		return true, s.walk(ctx, "the history of "+typ, mostPages, s.fromTheBeginning(), take, typ, "_history")
	case ofSystem:
		return true, s.walk(ctx, "the history of all types", mostPages, s.fromTheBeginning(), take, "_history")
	}
	return false, s.walk(ctx, typ, mostPages, s.pageSize(), take, typ)
}

// since reads what was written of a type since a moment.
func (s *Source) since(ctx context.Context, typ string, w way, from string, take func(page) error) error {
	q := s.pageSize()
	switch w {
	case ofType:
		q.Set("_since", from)
		return s.walk(ctx, "the history of "+typ, mostPages, q, take, typ, "_history")
	case ofSystem:
		q.Set("_since", from)
		return s.walk(ctx, "the history of all types", mostPages, q, take, "_history")
	}
	q.Set("_lastUpdated", "ge"+from)
	return s.walk(ctx, typ, mostPages, q, take, typ)
}

// instance reads all that the server tells of one resource. known are its versions to ask for where it tells no history. It is nil
// when the server knows nothing of it.
func (s *Source) instance(ctx context.Context, typ, id string, o offer, known []version) (*view, error) {
	if !isID(id) {
		return nil, errors.New("wardline: internal error: an id that is none")
	}
	if o.Instance {
		v := &view{id: id, whole: true, complete: true}
		err := s.walk(ctx, "the history of one "+typ, mostInstance, s.fromTheBeginning(), func(p page) error {
			return v.take(typ, p)
		}, typ, id, "_history")
		switch status := statusOf(err); {
		case status == http.StatusNotFound:
			return nil, nil
		case status == http.StatusGone || err == nil && len(v.versions) == 0:
			return s.current(ctx, typ, id) // there are servers that say so of the history, too
		case err != nil:
			return nil, err
		}
		v.settle()
		return v, nil
	}
	v, err := s.current(ctx, typ, id)
	if err != nil || v == nil || !o.Versions {
		return v, err
	}
	return v, s.older(ctx, typ, v, known)
}

// take adds the versions of a page.
func (v *view) take(typ string, p page) error {
	for i := range p.entries {
		e := &p.entries[i]
		if e.typ != typ || e.id != v.id {
			return errNoResource
		}
		v.versions = append(v.versions, e.version)
	}
	return nil
}

// current reads what is there now of one resource.
func (s *Source) current(ctx context.Context, typ, id string) (*view, error) {
	e, status, err := s.read(ctx, "one "+typ, typ, id)
	v := &view{id: id}
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusOK && (e.typ != typ || e.id != id):
		return nil, fmt.Errorf("read one %s: %w", typ, errNoResource)
	case status == http.StatusOK:
		v.versions = []version{e.version}
	case status == http.StatusGone:
		v.versions = []version{{id: deletion, gone: true}}
	case status == http.StatusNotFound:
		return nil, nil
	default:
		return nil, (&answer{status: status}).refused("one " + typ)
	}
	return v, nil
}

// older adds the versions that are known and that the server still gives.
func (s *Source) older(ctx context.Context, typ string, v *view, known []version) error {
	now := v.versions[len(v.versions)-1].id
	for _, k := range known {
		if k.id == now || k.gone || strings.HasPrefix(k.id, unnumbered) {
			if k.gone && k.id != now {
				v.versions = append(v.versions, k) // a deletion cannot be read
			}
			continue
		}
		e, status, err := s.read(ctx, "one version of a "+typ, typ, v.id, "_history", k.id)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK && (e.typ != typ || e.id != v.id || e.version.id != k.id):
			return fmt.Errorf("read one version of a %s: %w", typ, errNoResource)
		case status == http.StatusOK:
			v.versions = append(v.versions, e.version)
		case status != http.StatusNotFound && status != http.StatusGone:
			return (&answer{status: status}).refused("one version of a " + typ)
		}
	}
	v.whole = true
	v.settle()
	return nil
}

// read reads one resource, or one version of it.
func (s *Source) read(ctx context.Context, what string, path ...string) (entry, int, error) {
	a, err := s.ask(ctx, what, nil, path...)
	if err != nil || a.status != http.StatusOK {
		return entry{}, a.status, err
	}
	e, err := parseOne(a.body, s.bases)
	if err != nil {
		return entry{}, 0, fmt.Errorf("read %s: %w", what, err)
	}
	return e, a.status, nil
}

package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jcs"
)

// Limits of one answer.
const (
	mostBytes   = 32 << 20
	mostEntries = 10_000
)

func limits() jcs.Limits { return jcs.Limits{Bytes: mostBytes, Depth: 96, Values: 2 << 20} }

// version is one version of a resource.
type version struct {
	id      string    // versionId; where the server gives none, @ and when it was updated
	updated time.Time // lastUpdated; zero when the server does not say
	gone    bool      // it is a deletion
	sum     Sum       // of the static form
	labels  string    // what meta says of privacy and workflow; empty when it says nothing
	text    []byte    // the static form; nil when it is not kept
	lost    bool      // it is missing since, and that was told
}

// entry is one version as a bundle has it.
type entry struct {
	typ, id string
	version
}

// page is one page of a search or of a history.
type page struct {
	entries []entry
	next    string // address of the page behind it; empty on the last
	total   int64  // -1 when it does not say
}

var (
	errNoBundle   = errors.New("the answer is no Bundle")
	errNoResource = errors.New("the answer is not the resource that was asked for")
)

// parseBundle reads a searchset or a history (R4 bundle.html). bases are the server's own addresses. Its errors say where, and quote nothing.
func parseBundle(body []byte, bases []string) (page, error) {
	r, err := fhir.ParseResource(body, limits())
	if err != nil {
		return page{}, err
	}
	if r.Type() != "Bundle" {
		return page{}, errNoBundle
	}
	p := page{total: -1}
	if total := r.Value.Member("total"); total != nil && total.Kind == jcs.Number {
		if n, err := strconv.ParseInt(total.Text, 10, 64); err == nil && n >= 0 {
			p.total = n
		}
	}
	for _, l := range list(r.Value.Member("link")) {
		if text(l.Member("relation")) == "next" {
			p.next = text(l.Member("url"))
		}
	}
	entries := list(r.Value.Member("entry"))
	if len(entries) > mostEntries {
		return page{}, fmt.Errorf("a page has %d entries, at most %d are read", len(entries), mostEntries)
	}
	for i := range entries {
		e, ok, err := entryOf(&entries[i].Value, bases)
		if err != nil {
			return page{}, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if ok {
			p.entries = append(p.entries, e)
		}
	}
	return p, nil
}

// parseOne reads a resource that stands alone.
func parseOne(body []byte, bases []string) (entry, error) {
	r, err := fhir.ParseResource(body, limits())
	if err != nil {
		return entry{}, err
	}
	return resourceOf(&r, bases)
}

// entryOf reads one entry. ok is false for what is no version of a resource that was asked for.
func entryOf(v *jcs.Value, bases []string) (e entry, ok bool, err error) {
	mode := text(member(v, "search", "mode"))
	inner := v.Member("resource")
	switch {
	case mode == "outcome" || mode == "include":
		return entry{}, false, nil
	case inner == nil && text(member(v, "request", "method")) == "DELETE":
		e, err := deletionOf(v)
		return e, err == nil, err
	case inner == nil:
		return entry{}, false, errors.New("it holds no resource, and is no deletion")
	}
	r := fhir.Resource{Value: *inner}
	if r.Type() == "OperationOutcome" {
		return entry{}, false, nil
	}
	e, err = resourceOf(&r, bases)
	return e, err == nil, err
}

// resourceOf makes a version of a resource.
func resourceOf(r *fhir.Resource, bases []string) (entry, error) {
	e := entry{typ: r.Type(), id: r.ID()}
	if !isType(e.typ) || !isID(e.id) {
		return entry{}, errors.New("a resource without a type or an id")
	}
	id, updated := r.Version()
	e.updated = instant(updated)
	if e.version.id = id; !isID(id) {
		e.version.id = unnumbered
		if !e.updated.IsZero() {
			e.version.id += strconv.FormatInt(e.updated.UnixMicro(), 10)
		}
	}
	e.text = r.AppendStatic(nil, fhir.DecText, bases...)
	e.sum = sha256.Sum256(e.text)
	if labels := string(r.AppendLabels(nil)); labels != noLabels {
		e.labels = labels
	}
	if len(e.labels) > longestLabels {
		sum := sha256.Sum256([]byte(e.labels))
		e.labels = "sha256:" + hex.EncodeToString(sum[:])
	}
	return e, nil
}

const (
	unnumbered    = "@" // begins the id of a version that the server does not number
	deletion      = "@deleted"
	noLabels      = `{"security":[],"tag":[]}`
	longestLabels = 4 << 10
)

// deletionOf reads the entry by which a history says that a resource was deleted (R4 http.html#history).
func deletionOf(v *jcs.Value) (entry, error) {
	e := entry{version: version{id: deletion, gone: true, updated: instant(text(member(v, "response", "lastModified")))}}
	for _, address := range []string{text(member(v, "request", "url")), text(v.Member("fullUrl"))} {
		typ, id, number := addressed(address)
		if e.id == "" {
			e.typ, e.id = typ, id
		}
		if number != "" && e.version.id == deletion {
			e.version.id = number
		}
	}
	if e.id == "" {
		return entry{}, errors.New("a deletion that does not say of what")
	}
	tag := strings.Trim(strings.TrimPrefix(text(member(v, "response", "etag")), "W/"), `"`)
	if isID(tag) && e.version.id == deletion {
		e.version.id = tag
	}
	return e, nil
}

// addressed reads Type/id and Type/id/_history/version at the end of an address.
func addressed(address string) (typ, id, number string) {
	address, _, _ = strings.Cut(address, "?")
	parts := strings.Split(strings.TrimRight(address, "/"), "/")
	if n := len(parts); n >= 4 && parts[n-2] == "_history" {
		number, parts = parts[n-1], parts[:n-2]
	}
	n := len(parts)
	if n < 2 || !isType(parts[n-2]) || !isID(parts[n-1]) || number != "" && !isID(number) {
		return "", "", ""
	}
	return parts[n-2], parts[n-1], number
}

// instant reads a time (R4 datatypes.html#instant); zero for none.
func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1900 || t.Year() > 9998 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// list is what an array holds.
func list(v *jcs.Value) []jcs.Member {
	if v == nil || v.Kind != jcs.Array {
		return nil
	}
	return v.Members
}

// member follows names through objects; nil when there is nothing.
func member(v *jcs.Value, names ...string) *jcs.Value {
	for _, name := range names {
		if v = v.Member(name); v == nil {
			return nil
		}
	}
	return v
}

// text is a string, or what a primitive is written as.
func text(v *jcs.Value) string {
	if v == nil || v.Kind != jcs.String && v.Kind != jcs.Number {
		return ""
	}
	return v.Text
}

package fhir

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
)

// entry is one entry of a Bundle (hl7.org/fhir/bundle.html).
type entry struct {
	fullURL, method string
	resource        []byte // as it came; nil when it has none
}

// bundle takes the resources of a Bundle in: all that can be read when it is a batch, all or none when
// it is a transaction. A Bundle that is not taken in is kept as it came, and refused.
func (f *feed) bundle(body []byte) {
	kind, entries, why := f.entries(body)
	if why == nil && kind != "batch" && kind != "transaction" {
		why = bad("the type of the Bundle is neither batch nor transaction")
	}
	if why != nil {
		f.keep(body, 1, why)
		return
	}
	if kind == "transaction" {
		if i, reason := f.firstBad(entries); reason != "" {
			f.keep(body, len(entries), bad("entry "+strconv.Itoa(i+1)+": "+reason))
			return
		}
	}
	results := make([]result, len(entries))
	used := map[string]bool{}
	for i, e := range entries {
		var err error
		if results[i], err = f.entry(e, used); err != nil {
			f.refuse(err, len(entries)-f.batch.Handed())
			return
		}
	}
	if _, err := f.batch.Wait(); err != nil {
		f.refuse(err, 0)
		return
	}
	answer(f.w, f.r, http.StatusOK, response(kind+"-response", results))
}

// keep keeps a Bundle of so many records as it came, and then says why it is no more than that. One that is not durable is to come again.
func (f *feed) keep(body []byte, records int, why *collect.RequestError) {
	err := f.batch.Quarantine(body, collect.Damage{Records: records, Reason: why.Reason})
	if err == nil {
		_, err = f.batch.Wait()
	}
	if err == nil {
		err = why
	}
	f.refuse(err, 0)
}

func bad(reason string) *collect.RequestError {
	return &collect.RequestError{Status: http.StatusBadRequest, Reason: reason}
}

// firstBad looks for an entry that could not be taken in.
func (f *feed) firstBad(entries []entry) (i int, reason string) {
	for i, e := range entries {
		if _, reason := e.unfit(); reason != "" {
			return i, reason
		}
		if res := f.entryResource(e); res.reason != "" {
			return i, res.reason
		}
	}
	return 0, ""
}

// unfit says what is wrong with an entry before its resource is read.
func (e *entry) unfit() (status int, reason string) {
	switch {
	case e.method != "" && e.method != http.MethodPost && e.method != http.MethodPut:
		return http.StatusMethodNotAllowed, "only what is to be created or put in place is taken in: the method is POST or PUT"
	case e.resource == nil:
		return http.StatusBadRequest, "the entry has no resource"
	}
	return 0, ""
}

// entry takes one entry in. The error is that of the journal. used holds the names of the entries before.
func (f *feed) entry(e entry, used map[string]bool) (result, error) {
	if status, reason := e.unfit(); reason != "" {
		return result{status: status, reason: reason}, f.batch.Quarantine(e.resource, collect.Damage{Reason: reason})
	}
	if used[e.fullURL] {
		e.fullURL = "" // a name that stands twice names nothing
	}
	used[e.fullURL] = true
	res := f.entryResource(e)
	if err := f.hand(&res, e.fullURL); err != nil {
		return result{}, err
	}
	if res.reason != "" {
		return result{status: http.StatusBadRequest, reason: res.reason}, nil
	}
	return result{status: http.StatusCreated, kind: res.kind, id: res.id}, nil
}

// entryResource reads the resource of an entry.
func (f *feed) entryResource(e entry) resource {
	res := f.resource(e.resource, e.fullURL)
	if res.reason == "" && res.kind == auditEvent && e.method == http.MethodPut {
		res.reason = "an AuditEvent is not changed: the method is POST"
	}
	return res
}

// entries reads the frame of a Bundle.
func (f *feed) entries(body []byte) (kind string, entries []entry, err *collect.RequestError) {
	read := jsonBundle
	if f.xml {
		read = xmlBundle
	}
	kind, entries, err = read(body, f.o.Limits.Depth)
	if err == nil && len(entries) > bundleEntries {
		err = &collect.RequestError{
			Status: http.StatusRequestEntityTooLarge,
			Reason: "more than " + strconv.Itoa(bundleEntries) + " entries: send less at once",
		}
	}
	return kind, entries, err
}

// jsonBundle reads the frame of a Bundle in JSON. Names that stand twice in the frame, also when upper and lower case
// differ, are refused; those in resources spoil their entry only.
func jsonBundle(body []byte, depth int) (kind string, entries []entry, err *collect.RequestError) {
	var x jsonl.Index
	if err := x.Scan(body, jsonl.Limits{Depth: depth + 2, Values: bundleValues}); err != nil {
		return "", nil, bad(problem(err))
	}
	list := int32(-1)
	at := map[int32]int{} // entry by its value
	requests := map[int32]int{}
	seen := map[frameName]bool{}
	for i := range x.Values {
		v := &x.Values[i]
		if v.Parent >= 0 && v.Parent == list {
			at[int32(i)] = len(entries)
			entries = append(entries, entry{})
			continue
		}
		e, inEntry := at[v.Parent]
		q, inRequest := requests[v.Parent]
		if v.Parent >= 0 && !inEntry && !inRequest {
			continue
		}
		name := string(jsonl.AppendUnescaped(nil, body[v.NameStart:v.NameEnd]))
		key := frameName{v.Parent, strings.ToLower(name)}
		if seen[key] {
			return "", nil, bad("at byte " + strconv.Itoa(int(v.NameStart)) + ": a name stands twice in one object")
		}
		seen[key] = true
		text := string(x.Text(body, i, nil))
		switch {
		case inRequest && name == "method":
			entries[q].method = text
		case inEntry && name == "fullUrl":
			entries[e].fullURL = text
		case inEntry && name == "resource" && v.Kind == jsonl.Object:
			entries[e].resource = body[v.Start:v.End]
		case inEntry && name == "request":
			requests[int32(i)] = e
		case v.Parent >= 0:
		case name == "resourceType" && text != "Bundle":
			return "", nil, bad("not a Bundle: a single resource goes to " + base + "/ and its type")
		case name == "type":
			kind = text
		case name == "entry" && v.Kind == jsonl.Array:
			list = int32(i)
		}
	}
	if !seen[frameName{-1, "resourcetype"}] {
		return "", nil, bad("no resourceType")
	}
	return kind, entries, nil
}

// frameName is a name in one object of the frame, in lower case.
type frameName struct {
	parent int32
	name   string
}

// xmlBundle reads the frame of a Bundle in XML. Document type declarations are refused.
func xmlBundle(body []byte, depth int) (kind string, entries []entry, err *collect.RequestError) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("FHIR is UTF-8") }
	var path []string
	begun := int64(0) // of the resource at hand
	for {
		at := d.InputOffset()
		token, err := d.Token()
		if err == io.EOF && len(path) == 0 && kind != "" {
			return kind, entries, nil
		}
		if err != nil {
			return "", nil, bad("at byte " + strconv.FormatInt(d.InputOffset(), 10) + ": not well-formed XML")
		}
		switch t := token.(type) {
		case xml.Directive:
			return "", nil, bad("document type declarations are refused")
		case xml.StartElement:
			path = append(path, t.Name.Local)
			if path[0] != "Bundle" {
				return "", nil, bad("not a Bundle: a single resource goes to " + base + "/ and its type")
			}
			if len(path) > depth+4 {
				return "", nil, bad("nested too deeply")
			}
			last := len(entries) - 1
			switch where := strings.Join(path[1:min(len(path), 5)], "/"); {
			case where == "type":
				kind = value(t)
			case where == "entry":
				entries = append(entries, entry{})
			case where == "entry/fullUrl":
				entries[last].fullURL = value(t)
			case where == "entry/request/method":
				entries[last].method = value(t)
			case len(path) == 4 && strings.HasPrefix(where, "entry/resource/") && entries[last].resource == nil:
				begun = at
			}
		case xml.EndElement:
			if len(path) == 4 && path[1] == "entry" && path[2] == "resource" && entries[len(entries)-1].resource == nil {
				entries[len(entries)-1].resource = body[begun:d.InputOffset()]
			}
			path = path[:len(path)-1]
		}
	}
}

// value is the value of a primitive.
func value(t xml.StartElement) string {
	for _, a := range t.Attr {
		if a.Name.Local == "value" {
			return a.Value
		}
	}
	return ""
}

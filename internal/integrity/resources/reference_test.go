package resources_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// reference is a FHIR server of our own, for these tests alone. It is there because a real one needs Java, a database and half a minute, which not every machine
// has, and because no real one can be asked to lack a part of its history, to lose a page, or to lie. What it says was written after the specification (R4
// http.html) and held against HAPI FHIR: the same stories run with that, where there is one (see hapi_test.go), and what both are asked to tell is one list.
type reference struct {
	*httptest.Server
	mu       sync.Mutex
	types    map[string]map[string][]told
	order    []ref         // in which versions were written
	skew     time.Duration // of its clock
	history  string        // what it tells: type, system, instance, versions or none
	bare     bool          // it gives neither versions nor times
	skip     string        // id that its pages leave out
	requests []string
	wrong    func(w http.ResponseWriter, r *http.Request) bool // answers otherwise
}

type ref struct {
	typ, id string
	version int
}

type told struct {
	version int
	updated time.Time
	body    map[string]json.RawMessage // nil for a deletion
}

func newReference(t testing.TB) *reference {
	r := &reference{types: map[string]map[string][]told{}, history: "type"}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *reference) address() string { return r.URL + "/fhir" }

func (r *reference) now() time.Time { return time.Now().Add(r.skew).UTC() }

func (r *reference) put(t testing.TB, typ, id, body string) {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	m["resourceType"], m["id"] = json.RawMessage(strconv.Quote(typ)), json.RawMessage(strconv.Quote(id))
	r.write(typ, id, m)
}

func (r *reference) del(t testing.TB, typ, id string) { t.Helper(); r.write(typ, id, nil) }

func (r *reference) write(typ, id string, body map[string]json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.types[typ] == nil {
		r.types[typ] = map[string][]told{}
	}
	n := 1
	if had := r.types[typ][id]; len(had) > 0 {
		n = had[len(had)-1].version + 1
	}
	r.types[typ][id] = append(r.types[typ][id], told{n, r.now(), body})
	r.order = append(r.order, ref{typ, id, n})
}

// change does something to the versions of a resource behind its back.
func (r *reference) change(t testing.TB, typ, id string, do func([]told) []told) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.types[typ][id]) == 0 {
		t.Fatal("there is no such resource")
	}
	r.types[typ][id] = do(r.types[typ][id])
}

func (r *reference) rewrite(t testing.TB, typ, id string, version int, from, to string) {
	t.Helper()
	r.change(t, typ, id, func(list []told) []told {
		for i := range list {
			if list[i].version != version {
				continue
			}
			whole, _ := json.Marshal(list[i].body)
			var m map[string]json.RawMessage
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(whole), from, to)), &m); err != nil || !strings.Contains(string(whole), from) {
				t.Fatal("nothing to rewrite", err)
			}
			list[i].body = m
		}
		return list
	})
}

func (r *reference) forget(t testing.TB, typ, id string, version int) {
	t.Helper()
	r.change(t, typ, id, func(list []told) []told {
		return slices.DeleteFunc(list, func(v told) bool { return v.version == version })
	})
}

func (r *reference) restore(t testing.TB, typ, id string, version int) {
	t.Helper()
	r.change(t, typ, id, func(list []told) []told {
		return slices.DeleteFunc(list, func(v told) bool { return v.version > version })
	})
}

func (r *reference) vanish(t testing.TB, typ, id string) {
	t.Helper()
	r.change(t, typ, id, func([]told) []told { return nil })
}

func (r *reference) date(t testing.TB, typ, id string, version int, at time.Time) {
	t.Helper()
	r.change(t, typ, id, func(list []told) []told {
		for i := range list {
			if list[i].version == version {
				list[i].updated = at
			}
		}
		return list
	})
}

// resource is a version as it is told.
func (r *reference) resource(v *told) json.RawMessage {
	m := map[string]json.RawMessage{}
	for k, raw := range v.body {
		m[k] = raw
	}
	if !r.bare {
		meta := map[string]json.RawMessage{}
		if had, ok := m["meta"]; ok {
			_ = json.Unmarshal(had, &meta)
		}
		meta["versionId"] = json.RawMessage(strconv.Quote(strconv.Itoa(v.version)))
		meta["lastUpdated"] = json.RawMessage(strconv.Quote(v.updated.Format("2006-01-02T15:04:05.000000Z07:00")))
		m["meta"], _ = json.Marshal(meta)
	}
	out, _ := json.Marshal(m)
	return out
}

func (r *reference) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req.Method+" "+req.URL.RequestURI())
	w.Header().Set("Date", r.now().Format(http.TimeFormat))
	if r.wrong != nil && r.wrong(w, req) {
		return
	}
	path := strings.Split(strings.Trim(strings.TrimPrefix(req.URL.Path, "/fhir"), "/"), "/")
	q := req.URL.Query()
	switch {
	case req.Method != http.MethodGet:
		http.Error(w, "", http.StatusMethodNotAllowed)
	case path[0] == "metadata":
		r.metadata(w)
	case path[0] == "_history" && r.history == "system":
		r.page(w, req, r.versions("", "", q.Get("_since")), "history")
	case len(path) == 2 && path[1] == "_history" && r.history == "type":
		r.page(w, req, r.versions(path[0], "", q.Get("_since")), "history")
	case len(path) == 3 && path[2] == "_history" && (r.history == "type" || r.history == "instance" || r.history == "system"):
		if len(r.types[path[0]][path[1]]) == 0 {
			http.Error(w, "", http.StatusNotFound)
			return
		}
		r.page(w, req, r.versions(path[0], path[1], ""), "history")
	case len(path) == 4 && path[2] == "_history" && r.history != "none":
		r.one(w, path[0], path[1], path[3])
	case len(path) == 2:
		r.one(w, path[0], path[1], "")
	case len(path) == 1 && path[0] != "" && path[0][0] != '_':
		r.page(w, req, r.current(path[0], strings.TrimPrefix(q.Get("_lastUpdated"), "ge")), "searchset")
	default:
		http.Error(w, "", http.StatusNotFound)
	}
}

func (r *reference) metadata(w http.ResponseWriter) {
	codes := map[string][]string{"type": {"history-type", "history-instance", "vread"}, "system": {"history-instance", "vread"}, "instance": {"history-instance", "vread"}, "versions": {"vread"}, "none": nil}
	var interactions []map[string]string
	for _, c := range append([]string{"read", "search-type"}, codes[r.history]...) {
		interactions = append(interactions, map[string]string{"code": c})
	}
	var list []map[string]any
	for _, typ := range []string{"Patient", "Observation", "DiagnosticReport", "AllergyIntolerance"} {
		list = append(list, map[string]any{"type": typ, "versioning": "versioned", "interaction": interactions})
	}
	rest := map[string]any{"mode": "server", "resource": list}
	if r.history == "system" {
		rest["interaction"] = []map[string]string{{"code": "history-system"}}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": []any{rest}})
}

func (r *reference) one(w http.ResponseWriter, typ, id, version string) {
	list := r.types[typ][id]
	for i := len(list) - 1; i >= 0; i-- {
		v := &list[i]
		switch {
		case version != "" && strconv.Itoa(v.version) != version:
		case v.body == nil && (r.history != "none" || version == ""):
			http.Error(w, "", http.StatusGone)
			return
		default:
			_, _ = w.Write(r.resource(v))
			return
		}
	}
	http.Error(w, "", http.StatusNotFound)
}

// versions lists entries of a history, newest first.
func (r *reference) versions(typ, id, since string) (out []any) {
	from, _ := time.Parse(time.RFC3339, since)
	for i := len(r.order) - 1; i >= 0; i-- {
		o := r.order[i]
		if typ != "" && o.typ != typ || id != "" && o.id != id || id == "" && o.id == r.skip {
			continue
		}
		list := r.types[o.typ][o.id]
		at := slices.IndexFunc(list, func(v told) bool { return v.version == o.version })
		if at < 0 || list[at].updated.Before(from) {
			continue
		}
		v := &list[at]
		url := fmt.Sprintf("%s/%s/_history/%d", o.typ, o.id, o.version)
		e := map[string]any{"fullUrl": r.address() + "/" + o.typ + "/" + o.id, "request": map[string]string{"method": "PUT", "url": url}}
		if v.body == nil {
			e["request"] = map[string]string{"method": "DELETE", "url": url}
		} else {
			e["resource"] = r.resource(v)
		}
		out = append(out, e)
	}
	return out
}

func (r *reference) current(typ, since string) (out []any) {
	from, _ := time.Parse(time.RFC3339, since)
	for id, list := range r.types[typ] {
		if len(list) == 0 || id == r.skip {
			continue
		}
		if v := &list[len(list)-1]; v.body != nil && !v.updated.Before(from) {
			out = append(out, map[string]any{"fullUrl": r.address() + "/" + typ + "/" + id, "resource": r.resource(v), "search": map[string]string{"mode": "match"}})
		}
	}
	slices.SortFunc(out, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["fullUrl"].(string), b.(map[string]any)["fullUrl"].(string))
	})
	return out
}

func (r *reference) page(w http.ResponseWriter, req *http.Request, all []any, kind string) {
	q := req.URL.Query()
	b := map[string]any{"resourceType": "Bundle", "type": kind, "total": len(all)}
	if q.Get("_summary") == "count" {
		_ = json.NewEncoder(w).Encode(b)
		return
	}
	n, _ := strconv.Atoi(q.Get("_count"))
	from, _ := strconv.Atoi(q.Get("_offset"))
	to := min(from+max(n, 1), len(all))
	b["entry"] = all[min(from, to):to]
	if to < len(all) {
		q.Set("_offset", strconv.Itoa(to))
		u := *req.URL
		u.RawQuery = q.Encode()
		b["link"] = []map[string]string{{"relation": "next", "url": r.URL + u.RequestURI()}}
	}
	_ = json.NewEncoder(w).Encode(b)
}

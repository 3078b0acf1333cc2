package console

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// doc describes a route for programs.
type doc struct {
	id, summary string
	query       []parameter
	body        any // a value of the type that is sent
	answer      any // a value of the type that comes back
}

type parameter struct{ name, about string }

func docFindings() doc {
	return doc{id: "listFindings", summary: "The queue of findings, the worst first. Patients are masked.", answer: findingsJSON{}, query: []parameter{
		{"view", "waiting (when left out), mine, later or settled"}, {"rule", "id of a rule: only its findings"}, {"before", "what the page before said: the next page"},
	}}
}

func docFinding() doc {
	return doc{id: "getFinding", summary: "One finding with its events and their places in the journal.", answer: findingJSON{}}
}

func docSearch() doc {
	return doc{id: "search", summary: "Searches events. That it was asked is written to the journal, the words are not. Identifiers of patients are masked, also those that were asked for. The token's scope must name it.", body: searchRequest{}, answer: hitsJSON{}}
}

func docSources() doc {
	return doc{id: "listSources", summary: "Who sends, whether each is silent, and the books: received = stored + quarantined + refused + dropped + waiting.", answer: sourcesJSON{}}
}

func docRules() doc {
	return doc{id: "listRules", summary: "The rules that are asked, how often each spoke and was right, and those that could not be loaded.", answer: rulesJSON{}}
}

func docAnswers() doc {
	return doc{id: "listAnswers", summary: "What was asked of the past, and the sealed answers. The token's scope must name it.", answer: answersJSON{}}
}

func docCheckpoint() doc {
	return doc{id: "getCheckpoint", summary: "The latest signed checkpoint of the journal (C2SP tlog-checkpoint). Keep it elsewhere.", answer: checkpointView{}}
}

func docProof() doc {
	return doc{id: "getProof", summary: "Proof that an entry is in the journal (C2SP tlog-proof).", answer: proofView{}}
}

// values is a JSON object.
type values = map[string]any

// OpenAPI describes what programs can ask of the console, as OpenAPI 3.1. It is made from the table of routes,
// so nothing is served that is not in it.
func OpenAPI() []byte {
	s := schemas{all: values{}}
	s.of(reflect.TypeFor[problem]())
	paths := values{}
	for _, rt := range table() {
		if rt.api == "" {
			continue
		}
		method, path, _ := strings.Cut(rt.api, " ")
		at, ok := paths[apiRoot+path].(values)
		if !ok {
			at = values{}
			paths[apiRoot+path] = at
		}
		at[strings.ToLower(method)] = operation(&s, rt, path)
	}
	document := values{
		"openapi":           "3.1.0",
		"jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
		"info": values{
			"title": "Wardline", "version": "1", "license": values{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "Reads what a node knows. A token is made under People and access; it never may more than its maker. Identifiers of patients are masked.",
		},
		"security": []any{values{"token": []any{}}},
		"paths":    paths,
		"components": values{
			"schemas":         s.all,
			"securitySchemes": values{"token": values{"type": "http", "scheme": "bearer", "description": "wl_<id>_<secret>"}},
		},
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // maps and texts only
	}
	return append(text, '\n')
}

var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

func operation(s *schemas, rt route, path string) values {
	d := rt.doc
	parameters := []any{}
	for _, m := range inPath.FindAllStringSubmatch(path, -1) {
		parameters = append(parameters, values{"name": m[1], "in": "path", "required": true, "schema": values{"type": "string"}})
	}
	for _, p := range d.query {
		parameters = append(parameters, values{"name": p.name, "in": "query", "description": p.about, "schema": values{"type": "string"}})
	}
	failed := values{"description": "What failed, what still holds, and what to do.", "content": values{"application/problem+json": values{"schema": s.of(reflect.TypeFor[problem]())}}}
	op := values{
		"operationId": d.id, "summary": d.summary, "description": "Needs the right " + string(rt.verb) + ".", "parameters": parameters,
		"responses": values{
			"200":     values{"description": "The answer.", "content": values{"application/json": values{"schema": s.of(reflect.TypeOf(d.answer))}}},
			"default": failed,
		},
	}
	if d.body != nil {
		op["requestBody"] = values{"required": true, "content": values{"application/json": values{"schema": s.of(reflect.TypeOf(d.body))}}}
	}
	return op
}

// schemas are the types of the document, by name.
type schemas struct{ all values }

// of describes a type as encoding/json writes it.
func (s *schemas) of(t reflect.Type) values {
	switch t {
	case reflect.TypeFor[time.Time]():
		return values{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return values{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return values{"type": "string"}
	case reflect.Bool:
		return values{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return values{"type": "integer"}
	case reflect.Uint64:
		return values{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return values{"type": "number"}
	case reflect.Slice:
		return values{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return values{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	}
	panic("wardline: internal error: no schema for " + t.String())
}

func (s *schemas) structure(t reflect.Type) values {
	name := strings.TrimSuffix(strings.TrimSuffix(t.Name(), "JSON"), "View")
	name = strings.ToUpper(name[:1]) + name[1:]
	ref := values{"$ref": "#/components/schemas/" + name}
	if _, known := s.all[name]; known {
		return ref
	}
	described := values{"type": "object", "additionalProperties": false}
	s.all[name] = described // before its fields, which may hold it
	properties, required := values{}, []string{}
	s.fields(t, properties, &required)
	slices.Sort(required)
	described["properties"], described["required"] = properties, required
	return ref
}

func (s *schemas) fields(t reflect.Type, properties values, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			s.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[name] = s.of(f.Type)
		if options == "" {
			*required = append(*required, name)
		}
	}
}

func (c *Console) openAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write(OpenAPI())
}

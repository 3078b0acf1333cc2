// Package elastic takes in what log shippers send to Elasticsearch: Filebeat, Winlogbeat, Fluent Bit, Vector
// and Logstash can send to it with nothing changed but the address and the token.
//
// It is no Elasticsearch: it answers what these programs ask when they start, says that every
// template, policy and pipeline is there already, and keeps documents as they are sent. Pipelines are
// never run.
package elastic

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/wardline/wardline/internal/collect"
)

// version is the release that we answer to be. Shippers refuse servers that are older than they can speak to, and
// do not mind newer ones of the same kind; every one of them speaks this one's _bulk.
const version = "8.19.0"

// Limits of _bulk. Honest batches of Windows events pack 17 to 33 to 1.
const (
	bulkBytes     = 32 << 20
	bulkExpansion = 100
	setupBytes    = 4 << 20 // of templates and pipelines that are not kept
)

// Routes are the paths of Elasticsearch's interface that shippers use. shapes tell what the documents are.
func Routes(shapes []collect.Shape) []collect.Route {
	bulk := func(pattern string) collect.Route {
		return collect.Route{
			Pattern: pattern, Refuse: refuse,
			Body: collect.BodyLimits{Bytes: bulkBytes, Ratio: bulkExpansion, Zstd: true},
			New:  func(o collect.Options) http.Handler { return &bulkHandler{shapes: shapes, o: o} },
		}
	}
	routes := []collect.Route{bulk("POST /_bulk"), bulk("PUT /_bulk"), bulk("POST /{index}/_bulk"), bulk("PUT /{index}/_bulk")}
	for pattern, reply := range replies() {
		routes = append(routes, collect.Route{
			Pattern: pattern, Refuse: refuse, Body: collect.BodyLimits{Bytes: setupBytes, Ratio: bulkExpansion, Zstd: true},
			New: func(collect.Options) http.Handler { return setupHandler(reply) },
		})
	}
	return routes
}

// replies is what shippers ask when they start, and what they want to hear. HEAD goes with GET.
//
//	Beats         GET /, /_license, /_xpack; GET or HEAD and PUT of /_index_template/x, /_ilm/policy/x, /_data_stream/x,
//	              /_ingest/pipeline/x; GET /_cat/templates/x, /_nodes/ingest, /_alias/x
//	Logstash      HEAD /, GET /, /_license; HEAD and PUT of /_index_template/x, /_template/x, /_ilm/policy/x, /x; GET /_nodes/http
//	Vector        GET /_cluster/health, GET /
//	Fluent Bit    nothing
func replies() map[string]func(name string) any {
	type object = map[string]any
	plain := func(v any) func(string) any { return func(string) any { return v } }
	acknowledged := plain(object{"acknowledged": true})
	list := map[string]func(string) any{
		"GET /{$}": plain(object{
			"name": "wardline", "cluster_name": "wardline", "cluster_uuid": "wardline-wardline-wardl",
			"version": object{
				"number": version, "build_flavor": "default", "build_type": "tar", "build_hash": "0", "build_date": "2026-01-01T00:00:00Z",
				"build_snapshot": false, "lucene_version": "9.12.2",
				"minimum_wire_compatibility_version": "7.17.0", "minimum_index_compatibility_version": "7.0.0",
			},
			"tagline": "You Know, for Search",
		}),
		"GET /_license": plain(object{"license": object{"status": "active", "uid": "wardline", "type": "basic", "mode": "basic"}}),
		"GET /_xpack": plain(object{
			"license":  object{"uid": "wardline", "type": "basic", "mode": "basic", "status": "active"},
			"features": object{"ilm": object{"available": true, "enabled": true}, "security": object{"available": true, "enabled": true}},
		}),
		"GET /_cluster/health": plain(object{"cluster_name": "wardline", "status": "green", "timed_out": false, "number_of_nodes": 1}),
		"GET /_nodes/http":     plain(object{"cluster_name": "wardline", "nodes": object{}}),
		"GET /_nodes/ingest": plain(object{"nodes": object{"wardline": object{"ingest": object{"processors": []object{
			{"type": "geoip"}, {"type": "user_agent"}, {"type": "date"}, {"type": "grok"}, {"type": "set"}, {"type": "json"},
		}}}}}),
		"GET /_cat/templates/{name}": func(name string) any { return []object{{"name": name, "index_patterns": "[" + name + "*]"}} },
		"GET /_index_template/{name}": func(name string) any {
			return object{"index_templates": []object{{"name": name, "index_template": object{"index_patterns": []string{name + "*"}}}}}
		},
		"GET /_data_stream/{name}": func(name string) any {
			return object{"data_streams": []object{{"name": name, "status": "GREEN"}}}
		},
	}
	for _, kind := range []string{"_template", "_component_template", "_ilm/policy", "_ingest/pipeline", "_alias"} {
		list["GET /"+kind+"/{name}"] = func(name string) any { return object{name: object{}} }
	}
	for _, kind := range []string{"_ilm/policy", "_ingest/pipeline"} {
		list["PUT /"+kind+"/{name}"] = acknowledged
	}
	list["PUT /{kind}/{name}"] = acknowledged // of the kinds that mayPut tells
	list["PUT /{name}"] = acknowledged        // the first index behind an alias
	list["GET /{name}"] = func(name string) any { return object{name: object{}} }
	return list
}

// mayPut tells what may be acknowledged without keeping it. Nothing else may: it could be an event.
func mayPut(kind string) bool {
	switch kind {
	case "_template", "_component_template", "_index_template", "_data_stream", "":
		return true
	}
	return false
}

// setupHandler answers and keeps nothing. A body is read, so that the connection can be used again.
func setupHandler(reply func(string) any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := collect.ReadBody(r)
		name := r.PathValue("name")
		records := 1
		if err == nil && (isSystem(name) || !mayPut(r.PathValue("kind"))) {
			err = &collect.RequestError{Status: http.StatusNotFound, Reason: "this is no Elasticsearch: it takes _bulk"}
			records = min(1, len(body)) // a question holds none
		}
		if err != nil {
			status, reason := collect.Refuse(w, r, err, records)
			refuse(w, r, status, reason)
			return
		}
		answer(w, http.StatusOK, reply(name))
	})
}

// refuse answers as Elasticsearch does when a request fails as a whole.
func refuse(w http.ResponseWriter, _ *http.Request, status int, reason string) {
	cause := problem{Type: errorType(status), Reason: reason}
	answer(w, status, map[string]any{"error": map[string]any{
		"root_cause": []problem{cause}, "type": cause.Type, "reason": cause.Reason,
	}, "status": status})
}

// problem is an error in Elasticsearch's words.
type problem struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

func errorType(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "security_exception"
	case http.StatusRequestEntityTooLarge:
		return "content_too_long_exception"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "es_rejected_execution_exception"
	}
	return "illegal_argument_exception"
}

func answer(w http.ResponseWriter, status int, v any) {
	head(w)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone asks again
}

// head marks the answer as one of the product; Logstash and the official clients look for it.
func head(w http.ResponseWriter) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
}

// isSystem tells names that begin with a low line: those are no index.
func isSystem(index string) bool { return strings.HasPrefix(index, "_") }

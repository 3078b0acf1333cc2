// Package splunk takes in what is sent to Splunk's HTTP Event Collector: forwarders, agents and devices that
// know it can send to it with nothing changed but the address and the token.
package splunk

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
)

// Limits of a body. Events that tell of the same things over and over pack well.
const (
	bodyBytes     = 16 << 20
	bodyExpansion = 100
	ackBytes      = 1 << 20
)

// Routes are the paths of the collector. shapes tell what events are that come as objects, and lines what those
// are that come as text, such as syslog.
//
// An event that is an object has its own fields, one that is text has those of its format or stands in message; what the
// envelope says (host, source, sourcetype, index, fields) stands in hec.
//
// The collector has no names for events. One whose envelope tells the time in parts of a second is known by the digest of the body and its
// place in it: a request that is sent again has the same events. All others are new each time that they come.
func Routes(shapes []collect.Shape, lines []collect.Format) []collect.Route {
	s := &service{shapes: shapes, lines: lines}
	post := func(path string, bytes int64, h func(*service, collect.Options, http.ResponseWriter, *http.Request)) collect.Route {
		return collect.Route{
			Pattern: "POST /services/collector" + path, Refuse: refuse,
			Body: collect.BodyLimits{Bytes: bytes, Ratio: bodyExpansion},
			New: func(o collect.Options) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(s, o, w, r) })
			},
		}
	}
	var routes []collect.Route
	for _, path := range []string{"", "/event", "/event/1.0"} {
		routes = append(routes, post(path, bodyBytes, (*service).events))
	}
	for _, path := range []string{"/raw", "/raw/1.0"} {
		routes = append(routes, post(path, bodyBytes, (*service).raw))
	}
	routes = append(routes, post("/ack", ackBytes, (*service).ack))
	for _, path := range []string{"/health", "/health/1.0"} {
		routes = append(routes, collect.Route{Pattern: "GET /services/collector" + path, Open: true, New: func(collect.Options) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				answer(w, http.StatusOK, reply{Text: "HEC is healthy", Code: 17})
			})
		}})
	}
	return routes
}

// service answers the requests of one listener.
type service struct {
	shapes []collect.Shape
	lines  []collect.Format
	acks   atomic.Int64 // requests that were acknowledged with a number
}

// The codes of the collector ("Troubleshoot HTTP Event Collector", Splunk documentation).
const (
	codeSuccess = 0
	codeNoToken = 2
	codeToken   = 4
	codeNoData  = 5
	codeFormat  = 6
	codeBusy    = 9
	codeChannel = 10
	codeNoEvent = 12
	codeBlank   = 13
	codeQuery   = 16
	codeLarge   = 27
	codeForbid  = 1
)

// reply is an answer of the collector.
type reply struct {
	Text    string `json:"text"`
	Code    int    `json:"code"`
	Invalid *int   `json:"invalid-event-number,omitempty"`
	Ack     *int64 `json:"ackId,omitempty"`
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone sends again
}

// refuse says in the collector's words why a request fails as a whole.
func refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	switch {
	case status == http.StatusUnauthorized && r.Header.Get("Authorization") == "" && r.URL.Query().Has("token"):
		answer(w, http.StatusBadRequest, reply{Text: "Query string authorization is not enabled", Code: codeQuery})
	case status == http.StatusUnauthorized && r.Header.Get("Authorization") == "":
		answer(w, status, reply{Text: "Token is required", Code: codeNoToken})
	case status == http.StatusUnauthorized:
		answer(w, http.StatusForbidden, reply{Text: "Invalid token", Code: codeToken})
	case status == http.StatusForbidden:
		answer(w, status, reply{Text: "Token disabled", Code: codeForbid})
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		answer(w, status, reply{Text: "Server is busy", Code: codeBusy})
	case status == http.StatusRequestEntityTooLarge:
		answer(w, status, reply{Text: reason, Code: codeLarge})
	default:
		answer(w, status, reply{Text: reason, Code: codeFormat})
	}
}

func fail(w http.ResponseWriter, r *http.Request, err error, records int) {
	status, reason := collect.Refuse(w, r, err, records)
	refuse(w, r, status, reason)
}

// events takes in a body of JSON objects, one after another.
func (s *service) events(o collect.Options, w http.ResponseWriter, r *http.Request) {
	s.take(o, w, r, (*taker).objects)
}

// raw takes in a body of lines.
func (s *service) raw(o collect.Options, w http.ResponseWriter, r *http.Request) {
	if channel(r) == "" {
		collect.SenderOf(r.Context()).Refuse(1, "no channel")
		answer(w, http.StatusBadRequest, reply{Text: "Data channel is missing", Code: codeChannel})
		return
	}
	s.take(o, w, r, (*taker).lines)
}

func (s *service) take(o collect.Options, w http.ResponseWriter, r *http.Request, cut func(*taker, *http.Request, []byte) error) {
	body, err := collect.ReadBody(r)
	if err != nil {
		fail(w, r, err, 1)
		return
	}
	if len(bytes.TrimSpace(body)) == 0 {
		collect.SenderOf(r.Context()).Refuse(1, "no data")
		answer(w, http.StatusBadRequest, reply{Text: "No data", Code: codeNoData})
		return
	}
	t := newTaker(s, o, collect.NewBatch(r))
	defer t.batch.Close()
	if err := cut(t, r, body); err != nil {
		fail(w, r, err, 0)
		return
	}
	if _, err := t.batch.Wait(); err != nil {
		fail(w, r, err, 0)
		return
	}
	if t.wrong != nil {
		answer(w, http.StatusBadRequest, t.wrong)
		return
	}
	ok := reply{Text: "Success", Code: codeSuccess}
	if channel(r) != "" {
		id := s.acks.Add(1) - 1
		ok.Ack = &id
	}
	answer(w, http.StatusOK, ok)
}

// channel is what a client that wants acknowledgements calls itself.
func channel(r *http.Request) string {
	if c := r.Header.Get("X-Splunk-Request-Channel"); c != "" {
		return c
	}
	return r.URL.Query().Get("channel")
}

// ack says of requests whether their events are durable. They were when they were given a number; after a
// restart numbers begin anew, and a client that is told false sends again.
func (s *service) ack(o collect.Options, w http.ResponseWriter, r *http.Request) {
	body, err := collect.ReadBody(r)
	if err != nil {
		fail(w, r, err, 1)
		return
	}
	var x jsonl.Index
	if err := x.Scan(body, jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values}); err != nil {
		answer(w, http.StatusBadRequest, reply{Text: "Invalid data format", Code: codeFormat})
		return
	}
	acks := map[string]bool{}
	for i := range x.Values {
		if x.Values[i].Kind != jsonl.Number || !x.At(body, i, "acks") {
			continue
		}
		text := string(x.Text(body, i, nil))
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			acks[strconv.FormatInt(n, 10)] = n >= 0 && n < s.acks.Load()
		}
	}
	answer(w, http.StatusOK, map[string]any{"acks": acks})
}

// blank tells a text that says nothing.
func blank(text string) bool { return strings.TrimSpace(text) == "" }

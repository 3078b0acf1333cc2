// Package restlog reads what the web server in front of a FHIR server or an image archive writes down: which client asked for
// whose record, for which images, and how much it got.
//
// Web servers and proxies name the parts of a request in many ways. What is read are JSON lines that have a method, a
// path and a status under one of the names that nginx, Envoy, Caddy, Traefik and the clouds use, and of these only the
// requests that FHIR or DICOMweb define: any other is left to whoever reads web logs. The fields of an event are the
// line's own, but for tokens, which are left out; beside them stands access, as docs/clinical-taxonomy.md has it.
package restlog

import (
	"bytes"
	"strings"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

const formatName = "restlog"

// Shape is a line of an access log about a request for clinical records.
func Shape() collect.Shape {
	n := newNames()
	return collect.Shape{
		Name: formatName,
		Fits: func(obj collect.Object) int {
			if _, ok := n.read(obj); ok {
				return 85
			}
			return 0
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, b *event.Builder) error {
			l, ok := n.read(obj)
			if !ok {
				return collect.ErrUnfit
			}
			return l.event(obj, o, ev, b)
		},
	}
}

// part is a part of a line.
type part int

const (
	method part = iota
	path
	request // method, path and version in one
	status
	when
	address
	forwarded
	user
	client
	scope
	requestID
	tokenID
	token
	host
	server
	machine
	returned
	foreign // names that other logs have and access logs have not
	parts
)

// names finds the parts of a line.
type names struct {
	picker *collect.Picker
	from   [parts + 1]int // of the picker's paths
}

// known lists the names of a part, the one to be believed most first.
func known(p part) []string {
	switch p {
	case method:
		return []string{"method", "request_method", "RequestMethod", "request.method", "httpRequest.requestMethod"}
	case path:
		return []string{"path", "uri", "request_uri", "url", "RequestPath", "request.uri", "httpRequest.requestUrl"}
	case request:
		return []string{"request"}
	case status:
		return []string{"status", "response_code", "status_code", "DownstreamStatus", "httpRequest.status"}
	case when:
		return []string{"time", "@timestamp", "time_iso8601", "timestamp", "start_time", "ts"}
	case address:
		return []string{"client_ip", "remote_addr", "remote_ip", "ClientHost", "request.remote_ip", "httpRequest.remoteIp", "downstream_remote_address"}
	case forwarded:
		return []string{"x_forwarded_for", "http_x_forwarded_for"}
	case user:
		return []string{"jwt_sub", "fhirUser", "user", "remote_user", "user_id", "ClientUsername"}
	case client:
		return []string{"client_id", "jwt_azp"}
	case scope:
		return []string{"scope", "jwt_scope"}
	case requestID:
		return []string{"request_id", "x_request_id"}
	case tokenID:
		return []string{"jwt_jti", "jti"}
	case token:
		return []string{"access_token", "authorization", "http_authorization"}
	case host:
		return []string{"host", "authority", "request.host"}
	case server:
		return []string{"server", "server_name", "service"}
	case machine:
		return []string{"client_host"}
	case returned:
		return []string{"returned", "total"}
	case foreign:
		return []string{"id.orig_h", "_path", "event_type", "resourceType"}
	}
	return nil
}

func newNames() *names {
	n := &names{}
	var all []string
	for p := range parts {
		n.from[p] = len(all)
		all = append(all, known(p)...)
	}
	n.from[parts] = len(all)
	n.picker = collect.NewPicker(all...)
	return n
}

// mostNames is how many names a picker takes.
const mostNames = 64

// line is one request.
type line struct {
	text [parts]string
	time []byte
	call call
}

// read takes a line apart, and tells whether it is about clinical records.
func (n *names) read(obj collect.Object) (line, bool) {
	var found [mostNames]int32
	at := found[:n.from[parts]]
	n.picker.Pick(obj, at)
	has := func(p part) int32 {
		for _, i := range at[n.from[p]:n.from[p+1]] {
			if i >= 0 && len(obj.Raw(i)) > 0 && string(obj.Raw(i)) != "-" && isText(obj, i) {
				return i
			}
		}
		return -1
	}
	if has(status) < 0 || has(foreign) >= 0 || has(method) < 0 && has(request) < 0 {
		return line{}, false
	}
	l := line{time: obj.Raw(has(when))}
	for p := range parts {
		if i := has(p); i >= 0 {
			l.text[p] = string(obj.String(i, nil))
		}
	}
	if l.text[path] == "" || l.text[method] == "" {
		l.text[method], l.text[path], _ = strings.Cut(l.text[request], " ")
		l.text[path], _, _ = strings.Cut(l.text[path], " ")
	}
	var ok bool
	l.call, ok = readCall(l.text[method], l.text[path], l.text[host]+" "+l.text[server])
	return l, ok
}

func isText(obj collect.Object, i int32) bool {
	k := obj.Index.Values[i].Kind
	return k == jsonl.String || k == jsonl.Number
}

// event makes the event of a line.
func (l *line) event(obj collect.Object, o collect.Options, ev *event.Event, b *event.Builder) error {
	ev.Class = o.Taxonomy.Class("ehr", "rest", "")
	if l.call.imaging {
		ev.Class = o.Taxonomy.Class("dicom", "web", "")
	}
	ev.Time, _ = event.ParseTime(l.time)
	a := l.access()
	b.Reset()
	b.Access(&a)
	members(obj, b)
	return b.Into(ev, jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values})
}

// members copies what stands at the top of the line. A part in which a token stands is left out: a journal that holds it could be
// used to sign in. So is an access of the sender's own: rules would take its word for ours.
func members(obj collect.Object, b *event.Builder) {
	values := obj.Index.Values
	for i := range values {
		if values[i].Parent >= 0 {
			continue
		}
		name := string(jsonl.AppendUnescaped(nil, obj.Text[values[i].NameStart:values[i].NameEnd]))
		if name == "access" || secret(obj, i) {
			continue
		}
		b.Raw(name, obj.JSON(int32(i)))
	}
}

// secret tells whether value i of a line, or one below it, holds what one could sign in with.
func secret(obj collect.Object, i int) bool {
	values := obj.Index.Values
	for j := i; j < len(values) && (j == i || values[j].Parent >= int32(i)); j++ {
		v := &values[j]
		if isSecret(bytes.ToLower(obj.Text[v.NameStart:v.NameEnd])) {
			return true
		}
		if v.Kind == jsonl.String {
			if text := bytes.ToLower(obj.Text[v.Start:v.End]); bytes.Contains(text, []byte("access_token=")) || bytes.Contains(text, []byte("bearer ")) {
				return true
			}
		}
	}
	return false
}

func isSecret(name []byte) bool {
	for _, part := range [...]string{"authorization", "cookie", "access_token", "id_token", "refresh_token", "client_secret", "password", "assertion"} {
		if bytes.Contains(name, []byte(part)) {
			return true
		}
	}
	return string(name) == "token" || string(name) == "jwt"
}

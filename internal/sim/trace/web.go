package trace

import (
	"fmt"
	"time"
)

// Request is one request as a web server writes it down: a FHIR server, the DICOMweb door of an archive, a proxy.
type Request struct {
	Server   string // which one: fhir, dicomweb, proxy, witness
	Who      Who    // from the token; empty when it names nobody
	Client   string // client_id of the token, or the name of the program
	Scope    string
	From     From
	Method   string
	Host     string
	Path     string // with the query
	Status   int
	Bytes    int64 // of the answer
	Sent     int64 // of the request
	Took     time.Duration
	ID       string // X-Request-Id
	TokenID  string // jti
	Agent    string
	Returned int // resources or instances in the answer, where the server counts them
}

// Line is the line of the access log, in JSON.
func (r Request) Line(at time.Time) []byte {
	f := fields{
		"time": millis(at), "server": r.Server, "remote_addr": r.From.IP, "method": r.Method, "host": r.Host, "path": r.Path,
		"status": r.Status, "bytes_sent": r.Bytes, "request_length": r.Sent, "request_time_ms": r.Took.Milliseconds(),
		"http_user_agent": r.Agent,
	}
	for name, value := range map[string]string{
		"request_id": r.ID, "jwt_sub": r.Who.Login, "client_id": r.Client, "scope": r.Scope, "jwt_jti": r.TokenID, "client_host": r.From.Host,
	} {
		if value != "" {
			f[name] = value
		}
	}
	if r.Returned > 0 {
		f["returned"] = r.Returned
	}
	return object(f)
}

// Squid is the line of a proxy, in Squid's own form behind a syslog header: who fetched or sent how much where.
func (r Request) Squid(at time.Time) []byte {
	user := r.Who.Login
	if user == "" {
		user = "-"
	}
	return Server{Host: "proxy-01", Program: "squid", Process: 911}.Line(at, fmt.Sprintf("%d.%03d %6d %s TCP_TUNNEL/%d %d %s %s:443 %s HIER_DIRECT/%s - sent=%d",
		at.Unix(), at.Nanosecond()/1_000_000, r.Took.Milliseconds(), r.From.IP, r.Status, r.Bytes, r.Method, r.Host, user, r.Host, r.Sent))
}

// Act is a step of what somebody did in Wardline, as its own trail writes it.
func Act(at time.Time, id string, who Who, verb, kind, of, outcome string) []byte {
	return object(fields{"act": id, "step": "outcome", "at": millis(at), "actor": who.Login, "name": who.Name, "verb": verb, "kind": kind, "object": of, "outcome": outcome})
}

package restlog

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/event"
)

// access says in the words of all clinical collectors what the line says.
func (l *line) access() event.Access {
	c := &l.call
	a := event.Access{
		Verb: c.verb, NativeAction: c.native, ObjectKind: c.kind, ObjectID: c.object, Query: c.query, Outcome: outcome(l.text[status]),
		App: l.text[client], Corr: l.text[requestID], Session: l.session(), OriginIP: l.origin(), OriginHost: l.text[machine], AuditSource: l.text[server],
	}
	if a.AuditSource == "" {
		a.AuditSource = l.text[host]
	}
	a.User = account(l.text[user])
	if a.User == "" {
		a.User = l.text[client] // nobody but the program
	}
	for _, s := range strings.Fields(l.text[scope]) {
		const most = 8
		if strings.Contains(s, "/") && len(a.Role) < most {
			a.Role = event.AddCode(a.Role, s)
		}
	}
	if c.study != "" {
		a.StudyUID = []string{c.study}
	}
	if c.accession != "" {
		a.Accession = []string{c.accession}
	}
	if c.patient != "" && a.Outcome != nothing {
		a.AddPatientID(c.patient, c.authority)
	}
	if n, err := strconv.Atoi(l.text[returned]); err == nil && n > 0 && n < 1<<30 {
		a.RecordsCount = n
		if c.people {
			a.PatientsCount = n
		}
	}
	return a
}

// nothing is the outcome of a request for what is not there. Nobody's record was seen.
const nothing = "minor"

func outcome(status string) string {
	switch n, err := strconv.Atoi(status); {
	case err != nil:
		return ""
	case n == 404, n == 410:
		return nothing
	case n >= 400:
		return "serious"
	}
	return "ok"
}

// account is the user without the server's address: Practitioner/7 of https://fhir.example.org/r4/Practitioner/7.
func account(user string) string {
	if !strings.Contains(user, "://") {
		return user
	}
	parts := strings.Split(user, "/")
	if n := len(parts); n >= 2 && isResource(parts[n-2]) {
		return parts[n-2] + "/" + parts[n-1]
	}
	return user
}

// session is what the requests of one token have in common: its number, or its end, which nobody can sign in with.
func (l *line) session() string {
	if l.text[tokenID] != "" {
		return l.text[tokenID]
	}
	const tail = 32
	if t := l.text[token]; len(t) >= 2*tail {
		return t[len(t)-tail:]
	}
	return ""
}

// origin is the address of the one who asked. Of what was forwarded only the last address was not made up by the sender.
func (l *line) origin() string {
	text := l.text[address]
	if text == "" {
		all := strings.Split(l.text[forwarded], ",")
		text = strings.TrimSpace(all[len(all)-1])
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().String()
	}
	if a, err := netip.ParseAddrPort(text); err == nil { // Envoy states the port as well
		return a.Addr().Unmap().String()
	}
	return ""
}

// longestQuery bounds a search.
const longestQuery = 8 << 10

// search keeps the text of a search, and reads in it whose record is meant.
func (c *call) search(of, query string) {
	kept := query[:min(len(query), longestQuery)]
	if strings.Contains(strings.ToLower(kept), "access_token") {
		kept = ""
	}
	c.query = of
	if kept != "" {
		c.query += "?" + kept
	}
	if c.patient != "" {
		return
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) { // in one order, so that a line means the same whenever it is read
		for _, v := range values[name] {
			c.about(of, name, v)
		}
	}
}

// about reads one parameter: FHIR's references and identifiers, DICOM's attributes by keyword or tag.
func (c *call) about(of, name, value string) {
	name, _, _ = strings.Cut(name, ":")
	switch {
	case value == "" || strings.ContainsAny(value, ",*?\\"): // several, or a pattern: nobody in particular
	case c.imaging:
		switch strings.ToLower(name) {
		case "patientid", "00100020":
			c.patient = value
		case "issuerofpatientid", "00100021":
			c.authority = value
		case "studyinstanceuid", "0020000d", "studyuid":
			c.study = value
		case "accessionnumber", "00080050":
			c.accession = value
		}
	case name == "patient", name == "subject" && (strings.HasPrefix(value, "Patient/") || !strings.Contains(value, "/")), name == "_id" && of == "Patient":
		if i := strings.LastIndex(value, "Patient/"); i >= 0 {
			value = value[i+len("Patient/"):]
		}
		c.patient, c.authority = "Patient/"+value, ""
	case (name == "identifier" && of == "Patient" || name == "patient.identifier" || name == "subject.identifier") && c.patient == "":
		if system, number, ok := strings.Cut(value, "|"); ok {
			c.patient, c.authority = number, system
		} else {
			c.patient = value
		}
	}
}

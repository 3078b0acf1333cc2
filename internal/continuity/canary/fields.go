package canary

import (
	"slices"
	"strings"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// fields lists all fields; a field's place here is its number.
func fields() []Field { return []Field{Number, UID, Login, Title, Address, Name, Mail, Secret} }

const mostFields = 8

func fieldIndex(f Field) int { return slices.Index(fields(), f) }

const (
	longest    = 512     // bytes of a value that is looked at
	longestURL = 4 << 10 // bytes of a value that may hold a token
	secretSize = 16      // bytes of the shortest token
)

// plan says where events of one class carry what canaries are known by.
type plan struct {
	at    map[uint64][]place   // by the hash of the path
	paths [mostFields][]string // where events of the class can show a mark, by its field, in order
}

type place struct {
	path  string
	field int
	part  int // of an address: 1 the host, 2 the port
}

// newPlan lists the paths of a class: those that its taxonomy names for a kind of thing, and those of the common vocabulary.
func newPlan(c *event.Class) *plan {
	p := &plan{at: map[uint64][]place{}}
	p.add(Number, c.Entities["patient"], []string{"access.patient", "row.patient", "PatientID", "PID-3.1"})
	p.add(UID, []string{"access.study_uid", "StudyInstanceUID"})
	p.add(Login, c.Entities["user"], []string{"access.user", "TargetUserName", "SubjectUserName", "ServiceName", "service", "user.name"})
	p.add(Title, []string{"CalledAETitle", "CallingAETitle", "MoveDestination", "called_ae", "calling_ae", "access.ae_title"})
	p.add(Name, c.Entities["file"])
	p.add(Mail, []string{"mailfrom", "rcptto", "from", "to", "email", "mail", "recipient", "recipients", "user.email", "smtp.mail_from", "smtp.rcpt_to"}, c.Entities["patient"])
	p.add(Secret, c.Entities["domain"], []string{"uri", "url", "path", "request", "http.url", "url.original", "uri_query", "query", "filename"}, c.Names("c-uri"))
	p.add(Mail, []string{"access.query", "query"})
	p.parts(1, c.Names("dst_ip"), []string{"DestinationIp", "id.resp_h", "dest_ip"})
	p.parts(2, c.Names("dst_port"), []string{"DestinationPort", "id.resp_p", "dest_port"})
	for i := range p.paths {
		slices.Sort(p.paths[i])
	}
	return p
}

func (p *plan) add(f Field, lists ...[]string) {
	for _, list := range lists {
		for _, path := range list {
			p.place(place{path: path, field: fieldIndex(f)})
		}
	}
}

func (p *plan) parts(part int, lists ...[]string) {
	for _, list := range lists {
		for _, path := range list {
			p.place(place{path: path, field: fieldIndex(Address), part: part})
		}
	}
}

func (p *plan) place(at place) {
	hash := jsonl.HashPath(at.path)
	if !slices.Contains(p.at[hash], at) {
		p.at[hash] = append(p.at[hash], at)
		p.paths[at.field] = append(p.paths[at.field], at.path)
	}
}

// fold is a value as it is compared: in small letters, without what differs from sender to sender.
func fold(f Field, value string) string {
	return string(appendFolded(nil, fieldIndex(f), []byte(value)))
}

// appendFolded appends a value of the field with a number in the form in which it is compared, with the field in front.
func appendFolded(dst []byte, field int, value []byte) []byte {
	switch field {
	case fieldLogin:
		value = bareLogin(value)
	case fieldName:
		value = baseName(value)
	}
	value = trimmed(value)
	for _, c := range value {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// The numbers of the fields that are written in more ways than one.
const (
	fieldLogin   = 2
	fieldAddress = 4
	fieldName    = 5
	fieldSecret  = 7
)

func trimmed(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == 0) {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// bareLogin cuts NORTH\ and @north.example off.
func bareLogin(b []byte) []byte {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == '\\' {
			return b[i+1:]
		}
	}
	for i, c := range b {
		if c == '@' && i > 0 {
			return b[:i]
		}
	}
	return b
}

// baseName is the last name of a path of Windows, Unix or the web.
func baseName(b []byte) []byte {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == '\\' || b[i] == '/' {
			return b[i+1:]
		}
	}
	return b
}

// pieces calls each for every run of letters and digits in an address that is long enough to be a token.
func pieces(value []byte, each func([]byte)) {
	begin := 0
	for i := 0; i <= len(value); i++ {
		if i < len(value) && isWord(value[i]) {
			continue
		}
		if i-begin >= secretSize && i-begin <= longest {
			each(value[begin:i])
		}
		begin = i + 1
	}
}

func isWords(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// first is the text of the first of names that an event has.
func first(ev *event.Event, names []string) string {
	for _, name := range names {
		for value := range ev.Values(name) {
			if len(value) > 0 && len(value) <= longest {
				return strings.Clone(string(value))
			}
		}
	}
	return ""
}

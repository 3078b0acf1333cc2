package event

import "strings"

// Taxonomy says which Sigma log sources an event belongs to. It is read from
// content/taxonomy and never changes afterwards; lookups allocate nothing and may run at once.
type Taxonomy struct {
	classes []*Class
	senders map[string]*sender
	keys    map[string]*Class
}

// sender is all that is known of one product as one kind of agent writes it.
type sender struct {
	unstated *log            // stands for an event whose log is not stated
	unlisted *log            // stands for every log that is not in logs
	logs     map[string]*log // by name, as listed and folded
}

type log struct {
	class *Class // of events whose code is not listed
	codes map[string]*Class
}

// Class returns the class of events that product writes to its log or service
// (Windows: the channel; Zeek: the log's name; Suricata: event_type; syslog: the program) with
// the given code (Windows: the EventID; auditd: the record type; else ""). An unknown code
// falls back to the service's class, an unknown service to the product's, an unknown product
// to class 0, which belongs to no log source.
//
// product is a name that content/taxonomy lists: mostly Sigma's own, or that of an agent with
// field names of its own, such as winlogbeat. Upper and lower case in the name of
// a log make no difference, as on Windows.
func (t *Taxonomy) Class(product, service, code string) *Class {
	s := t.senders[product]
	if s == nil {
		return t.classes[0]
	}
	if l := s.logs[service]; l != nil {
		return l.of(code)
	}
	return find(s, service).of(code)
}

// ClassOf is Class for names that still stand in a decoder's buffer.
func (t *Taxonomy) ClassOf(product string, service, code []byte) *Class {
	s := t.senders[product]
	if s == nil {
		return t.classes[0]
	}
	l := s.logs[string(service)]
	if l == nil {
		l = find(s, service)
	}
	if c := l.codes[string(code)]; c != nil {
		return c
	}
	return l.class
}

// ByKey returns the class that had that Key when an event was written down. Where the taxonomy
// does not list it any more, it is the class of what is left when parts of the key are cut off from
// its end, and class 0 at last.
func (t *Taxonomy) ByKey(key string) *Class {
	for {
		if c := t.keys[key]; c != nil {
			return c
		}
		key = key[:max(0, strings.LastIndexByte(key, '/'))]
	}
}

// Classes lists all classes by ID.
func (t *Taxonomy) Classes() []*Class { return t.classes }

func (l *log) of(code string) *Class {
	if c := l.codes[code]; c != nil {
		return c
	}
	return l.class
}

// longestLog bounds the name of a log; Windows allows 255 characters in a channel's.
const longestLog = 256

// find looks for a log by its folded name.
func find[S ~string | ~[]byte](s *sender, name S) *log {
	var folded [longestLog]byte
	if len(name) <= len(folded) {
		if l := s.logs[string(fold(folded[:0], name))]; l != nil {
			return l
		}
	}
	if len(name) == 0 {
		return s.unstated
	}
	return s.unlisted
}

func fold[S ~string | ~[]byte](dst []byte, name S) []byte {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

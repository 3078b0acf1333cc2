package privacy

import (
	"bytes"
	"strconv"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// said is what one event says of an access. Its texts are pieces of the event, or of the buffers below.
type said struct {
	verb, native, outcome     []byte
	user                      []byte
	object, objectKind        []byte
	query, corr, session      []byte
	ip, host, workstation, ae []byte
	app                       []byte
	reason, text, system      []byte
	patients, authorities     [][]byte
	labels                    [][]byte
	count                     int
	background                bool
}

// hearer reads what events say of accesses. It allocates nothing once it is warm, and belongs to one goroutine.
type hearer struct {
	fields map[uint64]func(*said, []byte)
	names  map[uint64]string
	said   said
}

// The most that is read of the lists of one event: a report may name a whole house.
const mostPatients = 10_000

func newHearer() *hearer {
	h := &hearer{fields: map[uint64]func(*said, []byte){}, names: map[uint64]string{}}
	for name, set := range map[string]func(*said, []byte){
		"verb":               func(s *said, v []byte) { s.verb = v },
		"native_action":      func(s *said, v []byte) { s.native = v },
		"outcome":            func(s *said, v []byte) { s.outcome = v },
		"user":               func(s *said, v []byte) { s.user = v },
		"object_id":          func(s *said, v []byte) { s.object = v },
		"object_kind":        func(s *said, v []byte) { s.objectKind = v },
		"query":              func(s *said, v []byte) { s.query = v },
		"corr":               func(s *said, v []byte) { s.corr = v },
		"session":            func(s *said, v []byte) { s.session = v },
		"origin_ip":          func(s *said, v []byte) { s.ip = v },
		"origin_host":        func(s *said, v []byte) { s.host = v },
		"workstation":        func(s *said, v []byte) { s.workstation = v },
		"ae_title":           func(s *said, v []byte) { s.ae = v },
		"app":                func(s *said, v []byte) { s.app = v },
		"break_glass_reason": func(s *said, v []byte) { s.reason = v },
		"break_glass_text":   func(s *said, v []byte) { s.text = v },
		"audit_source":       func(s *said, v []byte) { s.system = v },
		"background":         func(s *said, v []byte) { s.background = string(v) == "true" },
		"patient":            func(s *said, v []byte) { s.patients = appendSome(s.patients, v) },
		"patient_authority":  func(s *said, v []byte) { s.authorities = appendSome(s.authorities, v) },
		"label":              func(s *said, v []byte) { s.labels = appendSome(s.labels, v) },
		"patients_count":     func(s *said, v []byte) { s.count = countOf(v) },
	} {
		path := "access." + name
		h.fields[jsonl.HashPath(path)], h.names[jsonl.HashPath(path)] = set, path
	}
	return h
}

func appendSome(list [][]byte, v []byte) [][]byte {
	if len(list) >= mostPatients {
		return list
	}
	return append(list, v)
}

func countOf(v []byte) int {
	n, err := strconv.Atoi(string(v))
	if err != nil {
		return 0
	}
	return min(max(n, 0), 1<<30)
}

// hear reads ev. What it returns is valid until the next call, or until ev changes.
func (h *hearer) hear(ev *event.Event) *said {
	s := &h.said
	*s = said{patients: s.patients[:0], authorities: s.authorities[:0], labels: s.labels[:0]}
	for i := range ev.Index.Values {
		v := &ev.Index.Values[i]
		set := h.fields[v.Hash]
		if set == nil || v.Kind == jsonl.Null || v.Kind > jsonl.String || !ev.Index.At(ev.Fields, i, h.names[v.Hash]) {
			continue
		}
		set(s, bytes.TrimSpace(ev.Index.Text(ev.Fields, i, nil)))
	}
	return s
}

// place is where an access came from: the workstation, or an address where none is stated. Of a machine the address says more.
func (s *said) place() []byte {
	if len(s.ip) > 0 && s.isMachine() {
		return s.ip
	}
	for _, p := range [][]byte{s.workstation, s.host, s.ip, s.ae} {
		if len(p) > 0 {
			return p
		}
	}
	return nil
}

// failed tells whether the system refused.
func (s *said) failed() bool { return string(s.outcome) == "serious" || string(s.outcome) == "major" }

// act is the class of what was done.
func (s *said) act() judge.Act {
	switch string(s.verb) {
	case "read", "break-glass", "":
		return judge.Open
	case "list":
		return judge.Listed
	case "search":
		return judge.Search
	case "create", "update", "delete", "receive", "import":
		return judge.Write
	case "print":
		return judge.Print
	case "export", "send":
		return judge.Export
	}
	return judge.Other
}

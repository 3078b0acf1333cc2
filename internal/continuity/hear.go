package continuity

import (
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/synthetic"
	"github.com/wardline/wardline/internal/event"
)

// heard is what one event says of the flows of care.
type heard struct {
	feed  string       // id of the feed, empty when it is none's
	what  string       // it carries, in words
	from  string       // as the sender calls itself
	part  string       // of the feed, in words; empty when it has none
	kind  string       // of its messages, likewise, where these are watched by themselves
	body  uint64       // hash of what is said but for its times, 0 when repetition says nothing
	known depend.Heard // as services know their feeds

	fromHost, toHost string   // addresses, where they are known
	orders           []order  // that it gives or takes back
	results          []uint64 // hashes of the numbers of the orders that it answers; 0 for none
	arrived          []string // how somebody comes, and where
	visit            uint64   // hash of the visit that begins
	number           int64    // that its sender gave it; -1 for none

	written time.Time       // by the sender's clock; zero when it does not say
	zoned   bool            // it says by which offset
	test    *synthetic.Seen // a message that only tests the way, and is no sign of life

	asked    string        // id of the way on which it waits for an answer
	answered string        // id of the way on which it is an answer, or tells one
	control  uint64        // hash of the control id
	code     string        // of the answer; empty when it is told that there was none
	took     time.Duration // until the answer, when known
	timed    bool
}

// listener understands events. It belongs to one goroutine.
type listener struct {
	seed  uint64            // of hashes, of the house's secret: without it nobody can try which message a fingerprint is of
	carry map[string]string // what messages of HL7 do in words, by their code
}

func newListener(secret []byte) *listener {
	return &listener{seed: hash(14695981039346656037, secret), carry: map[string]string{
		"ADT": "admissions and transfers", "ORU": "results", "ORM": "orders", "OML": "orders to the laboratory", "OMG": "orders", "OMI": "orders for images",
		"RDE": "drug orders", "OMP": "drug orders", "RAS": "drugs given", "RDS": "drugs dispensed", "MDM": "documents", "REF": "referrals",
		"SIU": "appointments", "DFT": "charges", "BAR": "accounts", "VXU": "vaccinations", "MFN": "lists of codes and staff", "BTS": "blood products", "BPS": "blood products",
		"BRP": "blood products", "OMB": "orders for blood", "OMD": "diets", "OUL": "results", "PPR": "lists of problems", "QBP": "queries", "RGV": "drugs to be given", "SRM": "wishes for appointments",
		"SSU": "states of specimens", "ZPM": "stock of cabinets",
	}}
}

// hear says what an event says of flows: nothing, when it is a line of a machine's log. That whoever sends logs falls silent the door tells that they come in by.
func (l *listener) hear(ev *event.Event) heard {
	switch {
	case ev.Class.Product == "hl7":
		return l.message(ev)
	case value(ev, "_path") == "hl7":
		return l.seenHL7(ev)
	case value(ev, "_path") == "dicom" || ev.Class.Serves("", "dicom", "assoc"):
		return l.association(ev)
	}
	return heard{}
}

// message is an HL7 message as a collector took it in.
func (l *listener) message(ev *event.Event) heard {
	control := value(ev, "MSH-10")
	if acknowledged := value(ev, "MSA-2"); acknowledged != "" { // HL7 v2.5.1 2.9.2: it goes back to the application that MSH-5 names
		return heard{answered: wayOf(ev.Source, value(ev, "MSH-5.1"), value(ev, "MSH-3.1")), control: l.sum(acknowledged), code: value(ev, "MSA-1")}
	}
	code := value(ev, "MSH-9.1")
	from, site := value(ev, "MSH-3.1"), value(ev, "MSH-4.1")
	carried, known := l.carry[code]
	if !known {
		carried = "other messages" // whose code is not shown: what lost a part has other things in its place
	}
	h := heard{
		feed: strings.Join([]string{ev.Source, from, site, code}, " "), what: carried + " from", from: nameOf(from, ev.Source),
		asked: wayOf(ev.Source, from, value(ev, "MSH-5.1")), control: l.sum(control),
	}
	h.known, h.fromHost = depend.Heard{From: atSite(from, site), To: atSite(value(ev, "MSH-5.1"), value(ev, "MSH-6.1"))}, hostOf(ev.Source)
	if known {
		h.known.Type = strings.TrimSuffix(code+"^"+value(ev, "MSH-9.2"), "^")
	}
	h.kind, h.number = triggerPart(code, value(ev, "MSH-9.2")), -1
	if n := value(ev, "MSH-13"); n != "" {
		if number, err := strconv.ParseInt(n, 10, 64); err == nil {
			h.number = number
		}
	}
	l.inside(&h, ev, code)
	return h
}

// inside hears what stands in a message: the part of its feed that it is from, what it asks for or brings back, and a hash of what happened and to whom, without the header and
// the time of the event, which an engine writes anew.
func (l *listener) inside(h *heard, ev *event.Event, code string) {
	for text := range ev.Values("message") {
		m, err := hl7.Parse(text, hl7.DefaultLimits())
		if err != nil {
			return // the collector has said so
		}
		if seen, is := synthetic.Read(&m); is {
			*h = heard{test: &seen}
			return
		}
		if at, ok := m.Get("MSH-7.1"); ok {
			h.written, h.zoned, _ = hl7.ParseTime(at)
		}
		h.body = hash(l.seed, value(ev, "MSH-9"))
		for _, s := range m.Segments {
			if name := s.Name(); name != "MSH" && name != "EVN" {
				h.body = hash(h.body, s.Text)
			}
		}
		if machine, ok := m.Get("OBX-18.1"); ok && machine != "" { // equipment instance identifier
			h.part = "analyser " + machine
		} else if unit, ok := m.Get("PV1-3.1"); ok && unit != "" {
			h.part = unitMark + unit
		}
		l.paired(h, ev, &m, code)
		return
	}
}

// seenHL7 is a message with its answer, as a sensor on the network saw it.
func (l *listener) seenHL7(ev *event.Event) heard {
	to := value(ev, "id.resp_h") + ":" + value(ev, "id.resp_p")
	h := heard{answered: "network" + wayMark + wayMark + to, code: value(ev, "ack_code"), timed: true}
	ms, err := strconv.ParseFloat(value(ev, "ack_ms"), 64)
	if err != nil || ms < 0 || h.code == "" {
		return heard{}
	}
	h.took = time.Duration(ms * float64(time.Millisecond))
	return h
}

// association is what was asked of an application entity, and whether it let the caller in.
func (l *listener) association(ev *event.Event) heard {
	called, calling := value(ev, "CalledAETitle"), value(ev, "CallingAETitle")
	if called == "" {
		return heard{}
	}
	h := heard{feed: "images " + called, what: "images and requests to", from: called, part: "machine " + calling, answered: "images" + wayMark + wayMark + called, timed: true}
	h.known, h.toHost = depend.Heard{Role: "query", To: called}, value(ev, "id.resp_h")
	if value(ev, "command") == "C-STORE" {
		h.known.Role = "store"
	}
	switch value(ev, "result") {
	case "rejected":
		h.code, h.feed, h.part = "AR", "", ""
	case "unanswered":
		h.feed, h.part = "", ""
	default:
		h.code = "AA"
	}
	return h
}

// wayOf is the way of messages from one application to another, at the point at which they are heard: the same message may be heard at two.
func wayOf(source, from, to string) string {
	point, _, _ := strings.Cut(source, "/")
	return point + wayMark + from + wayMark + to
}

// atSite is an application with its facility: LIS|LAB.
func atSite(app, facility string) string {
	if app == "" || facility == "" {
		return app
	}
	return app + "|" + facility
}

// wayMark stands between the parts of a way's id. It stands in no name.
const wayMark = "\x00"

func nameOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return "a sender without a name"
}

// sum is a hash of a text that nobody can try without the secret; 0 for none.
func (l *listener) sum(text string) uint64 {
	if text == "" {
		return 0
	}
	return hash(l.seed, text)
}

// hash goes on with a hash (FNV-1a).
func hash[T string | []byte](sum uint64, text T) uint64 {
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return sum
}

// value is the first of a field's; empty when it has none.
func value(ev *event.Event, name string) string {
	for v := range ev.Values(name) {
		return string(v)
	}
	return ""
}

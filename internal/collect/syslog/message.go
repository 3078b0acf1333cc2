package syslog

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"github.com/wardline/wardline/internal/event"
)

// Message is one syslog message. What a message does not tell is empty; so is what
// it tells by "-", the nil value of RFC 5424.
type Message struct {
	HasPriority bool
	Priority    uint8  // facility times 8 plus severity
	Version     uint16 // 0 for RFC 3164
	Timestamp   []byte // as written
	Time        time.Time
	Yearless    bool // Time is in the year 0: the message has month and day only
	Hostname    []byte
	AppName     []byte // APP-NAME or TAG: the program
	ProcID      []byte
	MsgID       []byte
	Data        []Element // ordered by ID
	Message     []byte
}

// Element is one element of structured data (RFC 5424 section 6.3).
type Element struct {
	ID     string
	Params []Param // ordered by name
}

// Param is one parameter of an element, its value without escapes.
type Param struct{ Name, Value string }

// What Parse refuses, by the grammar that the message seems to be written in.
var (
	ErrRFC5424 = errors.New("message does not follow RFC 5424")
	ErrRFC3164 = errors.New("message does not follow RFC 3164")
)

// Parse reads a message that follows its standard to the letter: RFC 5424 when a
// version stands behind the priority, else RFC 3164. A Format is not so strict.
func Parse(msg []byte) (Message, error) {
	return newParser().parse(msg)
}

// parser keeps the library's machines, which are dear to make.
type parser struct{ rfc5424, partial, rfc3164 syslog.Machine }

func newParser() parser {
	return parser{rfc5424.NewMachine(), rfc5424.NewMachine(rfc5424.WithBestEffort()), rfc3164.NewMachine()}
}

func (p parser) parse(msg []byte) (Message, error) {
	if isRFC5424(msg) {
		m, err := p.rfc5424.Parse(msg)
		if in, ok := m.(*rfc5424.SyslogMessage); ok && err == nil {
			return of5424(in, msg), nil
		}
		return Message{}, ErrRFC5424 // the library's own error may quote the message
	}
	m, err := p.rfc3164.Parse(msg)
	if in, ok := m.(*rfc3164.SyslogMessage); ok && err == nil {
		return of3164(in, msg), nil
	}
	return Message{}, ErrRFC3164
}

// isRFC5424 looks for a version of one to three digits and a blank behind the priority.
func isRFC5424(msg []byte) bool {
	_, rest, ok := cutPriority(msg)
	n := digits(rest)
	return ok && n >= 1 && n <= 3 && rest[0] != '0' && n < len(rest) && rest[n] == ' '
}

func of5424(in *rfc5424.SyslogMessage, msg []byte) Message {
	m := ofBase(&in.Base)
	m.Version = in.Version
	if in.Timestamp != nil {
		_, rest, _ := bytes.Cut(msg, []byte(" "))
		m.Timestamp, _, _ = bytes.Cut(rest, []byte(" "))
	}
	if in.StructuredData != nil {
		m.Data = elements(*in.StructuredData)
	}
	return m
}

func of3164(in *rfc3164.SyslogMessage, msg []byte) Message {
	m := ofBase(&in.Base)
	if in.Timestamp != nil {
		_, rest, _ := cutPriority(msg)
		m.Timestamp = rest[:min(len(time.Stamp), len(rest))]
		m.Yearless = true
	}
	return m
}

func ofBase(in *syslog.Base) Message {
	m := Message{Hostname: text(in.Hostname), AppName: text(in.Appname), ProcID: text(in.ProcID), MsgID: text(in.MsgID), Message: text(in.Message)}
	if in.Priority != nil {
		m.HasPriority, m.Priority = true, *in.Priority
	}
	if in.Timestamp != nil {
		m.Time = in.Timestamp.UTC()
	}
	return m
}

func text(s *string) []byte {
	if s == nil {
		return nil
	}
	return []byte(*s)
}

func elements(data map[string]map[string]string) []Element {
	list := make([]Element, 0, len(data))
	for id, params := range data {
		e := Element{ID: id}
		for name, value := range params {
			e.Params = append(e.Params, Param{name, value})
		}
		slices.SortFunc(e.Params, func(a, b Param) int { return strings.Compare(a.Name, b.Name) })
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Element) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// when is the time of the message in UTC. A time stamp without a year is of the last such day before the source
// was written, with a day's grace for zones and clocks; with nothing known of
// that, the time stays zero.
func (m *Message) when(modified time.Time) time.Time {
	if !m.Yearless {
		return m.Time
	}
	if modified.IsZero() {
		return time.Time{}
	}
	latest := modified.UTC().Add(24 * time.Hour)
	t := m.Time
	for year := latest.Year(); year > latest.Year()-8; year-- { // 29 February may be 8 years off
		got := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		if got.Day() == t.Day() && !got.After(latest) {
			return got
		}
	}
	return time.Time{}
}

// bom begins a message that says it is UTF-8 (RFC 5424 section 6.4).
var bom = []byte("\xef\xbb\xbf")

// read reads a message as real senders write it. What follows its standard is
// read by it; of the rest it takes what it can.
func (p parser) read(msg []byte) Message {
	if isRFC5424(msg) {
		if m, err := p.parse(msg); err == nil {
			m.Message = bytes.TrimPrefix(m.Message, bom)
			return m
		}
		return p.partial5424(msg)
	}
	return lenient(msg)
}

// partial5424 keeps the fields before the fault and, for nothing of it shall be lost, all
// the text behind the version as the message.
func (p parser) partial5424(msg []byte) Message {
	pri, rest, _ := cutPriority(msg)
	m := Message{HasPriority: true, Priority: pri}
	part, _ := p.partial.Parse(msg)
	if in, ok := part.(*rfc5424.SyslogMessage); ok {
		m = of5424(in, msg)
	}
	_, m.Message, _ = bytes.Cut(rest, []byte(" "))
	if m.Time.IsZero() {
		m.Timestamp, _, _ = bytes.Cut(m.Message, []byte(" "))
		var ok bool
		if m.Time, ok = event.ParseTime(m.Timestamp); !ok {
			m.Timestamp = nil
		}
	}
	return m
}

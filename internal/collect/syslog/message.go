package syslog

import (
	"bytes"
	"time"
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
	Data        []Element
	Message     []byte
}

// Element is one element of structured data (RFC 5424 section 6.3). A parameter may stand in it
// several times.
type Element struct {
	ID     string
	Params []Param
}

// Param is one parameter of an element, its value without escapes.
type Param struct{ Name, Value string }

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
const bom = "\xef\xbb\xbf"

// read reads a message as real senders write it.
func read(msg []byte) Message {
	if !isRFC5424(msg) {
		return lenient(msg)
	}
	m, _ := read5424(msg)
	m.Message = bytes.TrimPrefix(m.Message, []byte(bom))
	return m
}

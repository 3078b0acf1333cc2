package hl7

import (
	"crypto/rand"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/collect"
)

// replies writes the answers of one connection.
type replies struct {
	conn   *collect.Conn
	buf    []byte
	failed bool
	prefix string // of the ids of answers
	count  int64
}

func newReplies(conn *collect.Conn) *replies {
	const length = 12 // leaves room for a count in the 20 characters that version 2.5.1 has for MSH-10
	return &replies{conn: conn, prefix: rand.Text()[:length]}
}

// add waits for what a frame is answered with and adds it to what is to be written.
func (r *replies) add(a *answer) {
	if len(a.batch) == 0 {
		p := &a.parts[0]
		fault, retry := p.verdict()
		for _, code := range codes(&p.header, fault != nil, retry) {
			r.frame(p.header.AppendAck(nil, r.ack(code, fault)))
		}
		return
	}
	var text []byte
	for _, h := range a.batch {
		text = h.AppendBatch(text, r.id(), time.Now())
	}
	for i := range a.parts {
		fault, retry := a.parts[i].verdict()
		// In a batch the application answers, once for each message.
		code := hl7.AA
		switch {
		case retry:
			code = hl7.AE
		case fault != nil:
			code = hl7.AR
		}
		text = a.parts[i].header.AppendAck(text, r.ack(code, fault))
	}
	for i, n := len(a.batch)-1, len(a.parts); i >= 0; i, n = i-1, 1 {
		text = a.batch[i].AppendBatchEnd(text, n)
	}
	r.frame(text)
}

func (r *replies) ack(code hl7.AckCode, fault *hl7.Fault) hl7.Ack {
	return hl7.Ack{Code: code, ID: r.id(), Time: time.Now(), Fault: fault}
}

func (r *replies) id() string {
	r.count++
	return r.prefix + strconv.FormatInt(r.count%1e8, 10)
}

func (r *replies) frame(text []byte) {
	const start, end = "\x0b", "\x1c\r"
	r.buf = append(append(append(r.buf, start...), text...), end...)
}

// flush writes what was added. A sender that does not read its answers in time is let go.
func (r *replies) flush() {
	if len(r.buf) == 0 || r.failed {
		r.buf = r.buf[:0]
		return
	}
	_ = r.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := r.conn.Write(r.buf); err != nil {
		r.failed = true
		r.conn.Close() // ends the reading
	}
	r.buf = r.buf[:0]
}

const writeTimeout = 30 * time.Second

// codes are the answers that the sender of a message asked for, in their order. When MSH-15 and MSH-16 are empty there is one
// (original mode, section 2.9.2). Else MSH-15 asks for that of the receiver and MSH-16 for that of the application
// (section 2.9.3.1), which says nothing more where the receiver did not take the message in.
func codes(h *hl7.Header, fault, retry bool) []hl7.AckCode {
	accept, application := hl7.CA, hl7.AA
	switch {
	case retry:
		accept, application = hl7.CE, hl7.AE
	case fault:
		accept, application = hl7.CR, hl7.AR
	}
	first, second := string(h.Text(15)), string(h.Text(16))
	var list []hl7.AckCode
	switch {
	case first == "" && second == "":
		if string(h.Part(9, 1)) == "ACK" { // nobody answers an answer
			return nil
		}
		return []hl7.AckCode{application}
	case wants(first, fault):
		list = append(list, accept)
		if fault {
			return list
		}
	}
	if wants(second, fault) {
		list = append(list, application)
	}
	return list
}

// wants reads a condition of table 0155.
func wants(condition string, fault bool) bool {
	switch condition {
	case "", "NE", `""`:
		return false
	case "ER":
		return fault
	case "SU":
		return !fault
	}
	return true // AL
}

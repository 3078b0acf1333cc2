package hl7

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// Header is the first segment of a message (MSH), or of a batch of them (BHS, FHS), as far as an answer needs it. It
// holds what the sender wrote, byte by byte, in the sender's character set.
type Header struct {
	Delimiters
	Name   string   // MSH, BHS or FHS
	fields [][]byte // from field 2 on
}

const (
	longestHeader = 4 << 10
	longestEcho   = 256 // of a field that an answer repeats
)

// ReadHeader reads the first segment of text, which need not be a whole message, and keeps nothing of text. It
// is false when that is none of a header.
func ReadHeader(text []byte) (Header, bool) {
	text = text[headerAt(text):]
	text = text[:min(len(text), longestHeader)]
	line := bytes.Clone(text[:lineLength(text)])
	if !isBatchHeader(Segment{Text: line}) {
		return Header{}, false
	}
	h := Header{Delimiters: readDelimiters(line), Name: string(line[:3])}
	h.fields = bytes.Split(line[4:], []byte{h.Field})
	return h, true
}

// Text is field n as written (MSH-10 is Text(10)); empty when there is none. So is one that
// no header has: it is too long, or holds control characters.
func (h *Header) Text(n int) []byte {
	if n < 2 || n-2 >= len(h.fields) {
		return nil
	}
	field := h.fields[n-2]
	if len(field) > longestEcho || bytes.ContainsFunc(field, isControl) {
		return nil
	}
	return field
}

// isControl tells the characters that would break a frame or a segment. Escape (0x1B) begins other character sets.
func isControl(c rune) bool { return c < ' ' && c != 0x1b }

// Part is component c, from 1, of the first repetition of field n, as written.
func (h *Header) Part(n, c int) []byte {
	first, _ := h.RepetitionText(h.Text(n), 1)
	text, _ := h.ComponentText(first, c)
	return text
}

// AckCode says what became of a message (MSA-1, table 0008).
type AckCode string

// The codes. Those that begin with C answer that a message was taken in charge (enhanced mode, section 2.9.3); those
// that begin with A answer for the application, and in original mode (section 2.9.2) for both.
const (
	AA AckCode = "AA" // accepted
	AE AckCode = "AE" // error: it may work later
	AR AckCode = "AR" // rejected: the message is at fault, or of a kind that is not taken
	CA AckCode = "CA"
	CE AckCode = "CE"
	CR AckCode = "CR"
)

// Fault is why a message was not accepted.
type Fault struct {
	Code    int    // table 0357
	Text    string // for people; nothing of the message
	Segment string // where, if that is known: MSH
	Field   int
}

// The codes of table 0357 that a receiver needs which only takes messages in.
const (
	SegmentSequence     = 100
	DataType            = 102
	UnsupportedType     = 200
	UnsupportedEvent    = 201
	ApplicationInternal = 207
)

func faultName(code int) string {
	switch code {
	case SegmentSequence:
		return "Segment sequence error"
	case DataType:
		return "Data type error"
	case UnsupportedType:
		return "Unsupported message type"
	case UnsupportedEvent:
		return "Unsupported event code"
	}
	return "Application internal error"
}

// Ack is an answer to be written.
type Ack struct {
	Code  AckCode
	ID    string    // the answer's own MSH-10: at most 20 characters, unique
	Time  time.Time // MSH-7
	Fault *Fault    // of AE, AR, CE and CR
}

// AppendAck appends the answer to the message that h begins (sections 2.9.2, 2.9.3 and 2.14.9.1): in its delimiters,
// its version and its character set, back to where it came from. The zero Header gives an answer to what had none.
func (h *Header) AppendAck(dst []byte, a Ack) []byte {
	h = h.orDefault()
	b := h.appendHeader(dst, "MSH", a.Time)
	b = h.field(b, nil) // MSH-8
	b = h.field(b, h.messageType())
	b = h.field(b, h.escape(a.ID))
	b = h.field(b, h.Text(11))
	b = h.field(b, h.Text(12))
	if enhanced := len(h.Text(15))+len(h.Text(16)) > 0; enhanced || len(h.Text(18)) > 0 {
		b = append(b, h.Field, h.Field) // MSH-13 and 14
		mode := []byte(nil)
		if enhanced {
			mode = []byte("NE") // an answer is not answered
		}
		b = h.field(h.field(b, mode), mode)
		if charset := h.Text(18); len(charset) > 0 {
			b = h.field(h.field(b, nil), charset)
		}
	}
	b = append(b, "\rMSA"...)
	b = h.field(b, []byte(a.Code))
	b = h.field(b, h.Text(10))
	if a.Fault != nil {
		b = h.field(b, h.escape(a.Fault.Text))
		b = h.appendFault(b, a.Fault)
	}
	return append(b, '\r')
}

// orDefault is h, or the delimiters that the standard recommends when there is no header (section 2.5.4).
func (h *Header) orDefault() *Header {
	if h.Name != "" {
		return h
	}
	d, _ := ReadHeader([]byte(`MSH|^~\&`))
	return &d
}

// appendHeader appends fields 1 to 7: those of h with sender and receiver exchanged.
func (h *Header) appendHeader(b []byte, name string, at time.Time) []byte {
	b = append(b, name...)
	b = h.field(b, h.Text(2))
	for _, n := range [...]int{5, 6, 3, 4} {
		b = h.field(b, h.Text(n))
	}
	return h.field(b, h.escape(at.Format("20060102150405.000-0700")))
}

func (h *Header) field(b, text []byte) []byte { return append(append(b, h.Field), text...) }

// messageType is MSH-9: ACK^A01^ACK, in versions before 2.3.1 ACK^A01. It is ACK when there is no event.
func (h *Header) messageType() []byte {
	t := []byte("ACK")
	event := h.Part(9, 2)
	if len(event) == 0 || h.Component == 0 {
		return t
	}
	t = append(append(t, h.Component), event...)
	if string(h.Part(12, 1)) >= "2.3.1" {
		t = append(append(t, h.Component), "ACK"...)
	}
	return t
}

// appendFault appends ERR: as section 2.14.5 has it from version 2.5 on, and before as the one field ERR-1.
func (h *Header) appendFault(b []byte, f *Fault) []byte {
	component, sub := h.Component, h.Subcomponent
	if component == 0 {
		return b // what cannot be said in the sender's delimiters is not
	}
	var place []byte
	if f.Segment != "" {
		place = append(append([]byte(f.Segment), component), '1')
		if f.Field > 0 {
			place = strconv.AppendInt(append(place, component), int64(f.Field), 10)
		}
	}
	b = append(b, "\rERR"...)
	if string(h.Part(12, 1)) < "2.5" {
		if sub == 0 {
			return h.field(b, place)
		}
		for range 3 - bytes.Count(place, []byte{component}) {
			place = append(place, component)
		}
		code := fmt.Appendf(nil, "%d%c%s%cHL70357", f.Code, sub, h.escape(faultName(f.Code)), sub)
		return h.field(b, append(place, code...))
	}
	b = h.field(b, nil)
	b = h.field(b, place)
	b = h.field(b, fmt.Appendf(nil, "%d%c%s%cHL70357", f.Code, component, h.escape(faultName(f.Code)), component))
	b = h.field(b, []byte("E"))
	b = append(b, h.Field, h.Field, h.Field) // ERR-5 to 7
	return h.field(b, h.escape(f.Text))
}

// escape writes text of ours so that no delimiter of the sender's is in it (section 2.7.1).
func (h *Header) escape(text string) []byte {
	var b []byte
	for i := range len(text) {
		c := text[i]
		name := byte(0)
		switch c {
		case h.Field:
			name = 'F'
		case h.Component:
			name = 'S'
		case h.Subcomponent:
			name = 'T'
		case h.Repetition:
			name = 'R'
		case h.Escape:
			name = 'E'
		}
		switch {
		case name == 0 || c == 0:
			b = append(b, c)
		case h.Escape == 0:
			b = append(b, ' ')
		default:
			b = append(b, h.Escape, name, h.Escape)
		}
	}
	return b
}

// AppendBatch appends the header of the batch that answers the one that h begins (section 2.10.3.4). Its answers, and AppendBatchEnd,
// follow.
func (h *Header) AppendBatch(dst []byte, id string, at time.Time) []byte {
	b := h.appendHeader(dst, h.Name, at)
	b = append(b, h.Field, h.Field, h.Field) // 8 to 10
	b = h.field(b, h.escape(id))
	b = h.field(b, h.Text(11)) // the batch that is answered
	return append(b, '\r')
}

// AppendBatchEnd appends the trailer of a batch of n answers, or of a file of n batches.
func (h *Header) AppendBatchEnd(dst []byte, n int) []byte {
	name := "BTS"
	if h.Name == "FHS" {
		name = "FTS"
	}
	return append(h.field(append(dst, name...), strconv.AppendInt(nil, int64(n), 10)), '\r')
}

// IsBatch tells whether text begins with the header of a batch (BHS) or of a file of batches (FHS), section 2.10.3.
func IsBatch(text []byte) bool {
	text = text[headerAt(text):]
	return isBatch(text) && isBatchHeader(Segment{Text: text})
}

// BatchHeaders reads the headers of a batch before its first message: that of the file, of the batch, or both.
func BatchHeaders(batch []byte) []Header {
	var list []Header
	for at := headerAt(batch); len(list) < 2 && isBatch(batch[at:]); {
		h, ok := ReadHeader(batch[at:])
		if !ok || len(list) > 0 && h.Name == list[0].Name {
			break
		}
		list = append(list, h)
		at += lineLength(batch[at:])
		at += headerAt(batch[at:])
	}
	return list
}

// Strays yields the pieces of a batch that belong to no message and are no header or trailer of it, and where each
// begins: a message whose own header is broken, and what follows it up to the next.
func Strays(batch []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		begin, inside := -1, false
		for at := 0; at < len(batch); {
			line := batch[at:]
			header, envelope := isHeader(line), isBatch(line)
			inside = header || inside && !envelope
			stray := !inside && !envelope && len(bytes.TrimLeft(line[:lineLength(line)], "\r\n")) > 0
			if begin >= 0 && !stray {
				if !yield(begin, batch[begin:at]) {
					return
				}
				begin = -1
			}
			if begin < 0 && stray {
				begin = at
			}
			at += lineLength(line)
			at += len(batch[at:]) - len(bytes.TrimLeft(batch[at:], "\r\n"))
		}
		if begin >= 0 {
			yield(begin, batch[begin:])
		}
	}
}

// Messages yields the messages of a batch, and where each begins in it.
func Messages(batch []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		begin := -1
		for at := 0; at < len(batch); {
			line := batch[at:]
			header := isHeader(line)
			if begin >= 0 && (header || isBatch(line)) {
				if !yield(begin, batch[begin:at]) {
					return
				}
				begin = -1
			}
			if header {
				begin = at
			}
			at += lineLength(line)
			at += len(batch[at:]) - len(bytes.TrimLeft(batch[at:], "\r\n"))
		}
		if begin >= 0 {
			yield(begin, batch[begin:])
		}
	}
}

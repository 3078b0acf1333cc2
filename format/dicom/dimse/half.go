package dimse

import "encoding/binary"

// half reads what one side sends, however the network cut it. It holds a PDU that must be read whole and a command that
// has not ended, both within limits, and nothing else.
type half struct {
	from  Side
	lim   Limits
	both  *shared
	in    []byte // written and not yet looked at
	off   int64  // in what this side sent, of in[0]
	ended bool
	told  bool // that it ended, with all that this means
	lost  int64

	state state
	begun bool    // a first header was read, and is one of DICOM
	head  [6]byte // of a PDU or of a data value
	got   int     // bytes of head
	at    int64   // where the PDU or data value began
	left  uint32  // of the PDU
	body  []byte  // of a PDU that is read whole

	context byte // of the data value
	control Control
	size    uint32 // of the data value, what is left
	mute    bool   // it is passed over

	text     []byte // of the command that is being gathered
	textAt   int64  // where its first fragment began
	speaker  byte   // its context
	speaking bool   // there is one
	spoiled  bool   // up to its last fragment, a command is passed over

	open *opened // the data set under way
	err  *Error  // of the last step that was wrong
}

// opened is a data set that was announced and has not ended.
type opened struct {
	command *Command
	context Context
	before  int64
}

// shared is what both sides of a conversation know.
type shared struct {
	association *Association
	answered    bool // what was asked for last
	foreign     bool // it was told that a side does not speak DICOM
	midway      bool // it was told that the association began unseen
}

type state uint8

const (
	heading   state = iota // in the header of a PDU
	gathering              // in a PDU that is read whole
	valuing                // in the header of a data value, or between two
	opening                // behind that header
	inside                 // in a data value
	skipping               // in a PDU that is passed over
	losing                 // behind the header of what is no PDU
	lost                   // nothing more of this side is read
	holed                  // in a data value of which a part was not seen
	torn                   // behind a place where a PDU may have begun unseen
	seeking                // for a piece that begins with a PDU
)

// outcome is what a step led to.
type outcome uint8

const (
	on   outcome = iota // to another step
	wait                // for more bytes
	out                 // to a message
	bad                 // to an error
)

// write adds what came next. p must stay as it is until next has no more.
func (h *half) write(p []byte) {
	if len(h.in) == 0 {
		h.in = p
	} else {
		h.in = append(h.in[:len(h.in):len(h.in)], p...)
	}
}

// next returns the next message; false when more must be written. After an *Error it goes on.
func (h *half) next() (Message, bool, error) {
	for {
		m, o := h.step()
		if o == wait && h.ended && !h.told {
			m, o = h.finish()
		}
		switch o {
		case wait:
			return Message{}, false, nil
		case out:
			m.From, m.Association = h.from, h.both.association
			return m, true, nil
		case bad:
			h.err.From = h.from
			return Message{}, false, h.err
		}
	}
}

func (h *half) step() (Message, outcome) {
	switch h.state {
	case heading:
		return h.heading()
	case gathering:
		return h.gather()
	case valuing:
		return h.valuing()
	case opening:
		return h.opening()
	case inside:
		return h.inside()
	case skipping:
		n := min(uint64(h.left), uint64(len(h.in)))
		h.take(int(n))
		if h.left -= uint32(n); h.left > 0 {
			return Message{}, wait
		}
		h.state = heading
		return Message{}, on
	case losing:
		return h.losing()
	case holed:
		return h.holed()
	case torn:
		return h.torn()
	case seeking:
		if h.beginsPDU() {
			h.state = heading
			return Message{}, on
		}
	}
	h.lost += int64(len(h.in))
	h.take(len(h.in))
	return Message{}, wait
}

// losing gives this side up in the middle: where the next PDU begins, only the one before could tell.
func (h *half) losing() (Message, outcome) {
	if m, o := h.breakOff(); o != on {
		return m, o
	}
	h.state = lost
	h.lost += headerBytes
	return h.fail(h.at, "no PDU begins here: nothing more of this side is read")
}

func (h *half) take(n int) []byte {
	b := h.in[:n]
	h.in = h.in[n:]
	h.off += int64(n)
	return b
}

// fail notes what is wrong at a place in the stream.
func (h *half) fail(at int64, reason string) (Message, outcome) {
	h.err = &Error{Offset: at, Reason: reason}
	return Message{}, bad
}

// header fills head, and tells whether it is full.
func (h *half) header() bool {
	if h.got == 0 {
		h.at = h.off
	}
	h.got += copy(h.head[h.got:], h.take(min(len(h.head)-h.got, len(h.in))))
	if h.got < len(h.head) {
		return false
	}
	h.got = 0
	return true
}

// heading reads the header of a PDU.
func (h *half) heading() (Message, outcome) {
	if !h.header() {
		return Message{}, wait
	}
	kind, size := h.head[0], binary.BigEndian.Uint32(h.head[2:])
	if !h.begun {
		if !h.plausible(kind, size) {
			return h.foreign(h.head[:])
		}
		h.begun = true
	}
	h.left = size
	switch {
	case kind < typeRequest || kind > typeAbort:
		h.state, h.left = losing, 0
	case kind == typeData:
		h.state = valuing
		if h.both.association == nil && !h.both.midway {
			h.both.midway = true
			return h.fail(h.at, "data of an association whose beginning was not seen")
		}
	case uint64(size)+headerBytes > uint64(h.lim.PDU):
		h.state = skipping
		return h.fail(h.at, "a PDU longer than the limit")
	default:
		h.state, h.body = gathering, h.body[:0]
	}
	return Message{}, on
}

// plausible tells whether a stream of DICOM may begin with such a header. It need not be that of an association: who comes late
// hears the middle of one.
func (h *half) plausible(kind byte, size uint32) bool {
	switch kind {
	case typeRequest, typeAccept:
		return size >= associateBytes && uint64(size)+headerBytes <= uint64(h.lim.PDU)
	case typeReject, typeReleaseRequest, typeReleaseResponse, typeAbort:
		return size == 4
	case typeData:
		return size >= valueBytes && size <= 1<<24 && h.head[1] == 0
	}
	return false
}

// foreign gives this side up.
func (h *half) foreign(head []byte) (Message, outcome) {
	h.state, h.begun = lost, true
	h.lost += int64(len(head))
	if h.both.foreign {
		return Message{}, on
	}
	h.both.foreign = true
	return Message{Kind: Foreign, Offset: h.at, Protocol: guess(head)}, out
}

// usual is how much room for PDUs and commands is kept for the next ones.
const usual = 16 << 10

// gather reads a PDU whole.
func (h *half) gather() (Message, outcome) {
	n := int(min(uint64(h.left), uint64(len(h.in))))
	h.body = append(h.body, h.take(n)...)
	if h.left -= uint32(n); h.left > 0 {
		return Message{}, wait
	}
	if m, o := h.breakOff(); o != on {
		return m, o
	}
	h.state = heading
	p, err := parseBody(h.head[0], h.head[1], h.body, h.lim)
	clear(h.body) // it may hold what proves who somebody is
	if cap(h.body) > usual {
		h.body = nil
	}
	if err != nil {
		return h.fail(h.at+headerBytes+err.Offset, err.Reason)
	}
	return h.whole(p)
}

// whole makes a message of a PDU.
func (h *half) whole(p PDU) (Message, outcome) {
	m := Message{Offset: h.at, PDU: p}
	switch p := p.(type) {
	case Associate:
		m.Kind = Requested
		if p.Accept {
			m.Kind = Accepted
		}
		h.both.agree(p)
	case Reject:
		m.Kind = Rejected
	case Release:
		m.Kind = ReleaseAsked
		if p.Response {
			m.Kind = Released
		}
	case Abort:
		m.Kind = Aborted
	}
	return m, out
}

// agree takes down what is asked for and what is answered. A second answer to the same question changes nothing.
func (s *shared) agree(a Associate) {
	switch {
	case !a.Accept:
		s.association, s.answered = Propose(a), false
	case !s.answered:
		s.association, s.answered = s.association.Answer(a), true
	}
}

// breakOff ends what a side was saying when it says something else: a data set, or a command.
func (h *half) breakOff() (Message, outcome) {
	h.spoiled = false
	if o := h.open; o != nil {
		h.open = nil
		return Message{Kind: Broken, Offset: h.at, Command: o.command, Context: o.context, Before: o.before}, out
	}
	if h.speaking {
		h.speaking = false
		return h.fail(h.textAt, "a command that does not end")
	}
	return Message{}, on
}

// valuing reads the header of a data value.
func (h *half) valuing() (Message, outcome) {
	switch {
	case h.left == 0 && h.got == 0:
		h.state = heading
		return Message{}, on
	case h.left < valueBytes && h.got == 0:
		h.state = skipping
		return h.fail(h.off, "a data value without a whole header")
	case !h.header():
		return Message{}, wait
	}
	h.left -= valueBytes
	size := binary.BigEndian.Uint32(h.head[:])
	if size < 2 || size-2 > h.left {
		h.state = skipping
		return h.fail(h.at, "a data value that does not fit its PDU")
	}
	h.size, h.context, h.control, h.mute = size-2, h.head[4], Control(h.head[5]), false
	h.left -= h.size
	h.state = opening
	return Message{}, on
}

// opening tells what a data value continues or begins.
func (h *half) opening() (Message, outcome) {
	if h.control.Command() {
		if h.open != nil || h.speaking && h.speaker != h.context {
			return h.breakOff()
		}
		h.state = inside
		if !h.speaking {
			h.speaking, h.speaker, h.textAt, h.text = true, h.context, h.at, h.text[:0]
		}
		return Message{}, on
	}
	if h.speaking {
		return h.breakOff()
	}
	h.state = inside
	if h.open == nil || h.open.context.ID != h.context {
		h.mute = true
		return h.fail(h.at, "a part of a data set that no command announced")
	}
	return Message{}, on
}

// inside reads a data value, as much as there is of it.
func (h *half) inside() (Message, outcome) {
	n := int(min(uint64(h.size), uint64(len(h.in))))
	at := h.off
	piece := h.take(n)
	h.size -= uint32(n)
	done := h.size == 0
	if done {
		h.state = valuing
	} else if n == 0 {
		return Message{}, wait
	}
	switch {
	case h.mute:
		return Message{}, on
	case h.control.Command():
		return h.hear(piece, done && h.control.Last())
	}
	last := done && h.control.Last()
	if n == 0 && !last {
		return Message{}, on
	}
	o := h.open
	m := Message{Kind: DataSet, Offset: at, Command: o.command, Context: o.context, Data: piece, Before: o.before, Last: last}
	o.before += int64(n)
	if last {
		h.open = nil
	}
	return m, out
}

// hear gathers a command, and reads it when it has ended.
func (h *half) hear(piece []byte, last bool) (Message, outcome) {
	tooLong := !h.spoiled && len(h.text)+len(piece) > h.lim.Command
	h.spoiled = h.spoiled || tooLong
	if h.spoiled {
		h.text = nil
	} else {
		h.text = append(h.text, piece...)
	}
	whole := last && !h.spoiled
	if last {
		h.speaking, h.spoiled = false, false
	}
	switch {
	case tooLong:
		return h.fail(h.textAt, "a command set longer than the limit")
	case !whole:
		return Message{}, on
	}
	c, err := parseCommand(h.text, h.lim)
	if cap(h.text) > usual {
		h.text = nil
	}
	if err != nil {
		return h.fail(h.textAt, err.Reason+", in the command set that begins here")
	}
	context, _ := h.both.association.Context(h.context)
	if c.DataSet {
		h.open = &opened{command: &c, context: context}
	}
	return Message{Kind: Commanded, Offset: h.textAt, Command: &c, Context: context}, out
}

// finish tells what the end of the stream cut off: first the data set, then where.
func (h *half) finish() (Message, outcome) {
	if !h.begun && h.got > 0 {
		return h.foreign(h.head[:h.got])
	}
	h.at = h.off
	if m, o := h.breakOff(); o == out {
		return m, o
	}
	h.told = true
	if h.state == lost || h.state == seeking || h.state == heading && h.got == 0 {
		return Message{}, wait
	}
	return h.fail(h.off, "the stream ends in the middle of a PDU")
}

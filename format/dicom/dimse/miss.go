package dimse

import "encoding/binary"

// miss passes over bytes that were not seen.
func (h *half) miss(n int64) {
	h.off += n
	h.lost += n
	switch {
	case h.state == lost || h.state == losing || n == 0:
	case (h.state == inside || h.state == holed) && n <= int64(h.size):
		h.size -= uint32(n)
		h.state = holed
	case h.state == skipping && n <= int64(h.left):
		h.left -= uint32(n)
	default:
		h.state = torn
	}
}

// holed ends what the data value is part of, and passes over the rest of it.
func (h *half) holed() (Message, outcome) {
	if m, o := h.breakOff(); o != on {
		return m, o
	}
	h.mute, h.state = true, inside
	return Message{}, on
}

// torn ends what was under way.
func (h *half) torn() (Message, outcome) {
	if m, o := h.breakOff(); o != on {
		return m, o
	}
	clear(h.body) // it may hold what proves who somebody is
	h.state, h.got, h.left, h.body = seeking, 0, 0, h.body[:0]
	return h.fail(h.off, "bytes before this place were not seen")
}

// beginsPDU tells whether the piece at hand begins with a PDU, and of data with a whole header of a data value. It says no to bytes of
// images but for one in many million places.
func (h *half) beginsPDU() bool {
	if len(h.in) < headerBytes {
		return false
	}
	kind, size := h.in[0], binary.BigEndian.Uint32(h.in[2:])
	h.head[1] = h.in[1] // of which plausible wants to know
	switch {
	case h.in[1] != 0 || !h.plausible(kind, size):
		return false
	case kind != typeData:
		return true
	}
	if len(h.in) < headerBytes+valueBytes {
		return false
	}
	value := h.in[headerBytes:]
	return uint64(binary.BigEndian.Uint32(value))+4 <= uint64(size) && value[4]%2 == 1 && value[5] <= 3
}

package dimse

import "encoding/binary"

// Set is a command set as it travels: elements of group 0000 in Implicit VR Little Endian, whatever transfer
// syntax the data set behind it has (PS3.7 6.3.1).
type Set []Element

// Element is one element of a command set. Its Value is valid as long as the text it was parsed from.
type Element struct {
	Tag   uint16 // the group is 0000
	Value []byte // as sent
}

// The elements of commands (PS3.7 E.1).
const (
	tagGroupLength       = 0x0000
	tagAffectedClass     = 0x0002
	tagRequestedClass    = 0x0003
	tagField             = 0x0100
	tagMessageID         = 0x0110
	tagRespondedTo       = 0x0120
	tagMoveDestination   = 0x0600
	tagPriority          = 0x0700
	tagDataSetType       = 0x0800
	tagStatus            = 0x0900
	tagOffending         = 0x0901
	tagErrorComment      = 0x0902
	tagErrorID           = 0x0903
	tagAffectedInstance  = 0x1000
	tagRequestedInstance = 0x1001
	tagEventType         = 0x1002
	tagAttributes        = 0x1005
	tagActionType        = 0x1008
	tagRemaining         = 0x1020
	tagCompleted         = 0x1021
	tagFailed            = 0x1022
	tagWarning           = 0x1023
	tagMoveOriginator    = 0x1030
	tagMoveOriginatorID  = 0x1031
)

const elementBytes = 8 // tag and length

// ParseSet reads a whole command set. Errors are *Error, with offsets in text.
func ParseSet(text []byte, lim Limits) (Set, error) {
	set, err := parseSet(text, lim)
	if err != nil {
		return nil, err
	}
	return set, nil
}

func parseSet(text []byte, lim Limits) (Set, *Error) {
	if len(text) > lim.Command {
		return nil, fault(0, "a command set longer than the limit")
	}
	set := make(Set, 0, min(16, lim.Elements))
	for at := 0; at < len(text); {
		if len(text)-at < elementBytes {
			return nil, fault(at, "an element without a whole header")
		}
		if binary.LittleEndian.Uint16(text[at:]) != 0 {
			return nil, fault(at, "an element that is none of a command")
		}
		size := uint64(binary.LittleEndian.Uint32(text[at+4:]))
		if size > uint64(len(text)-at-elementBytes) {
			return nil, fault(at, "an element longer than its command set")
		}
		if len(set) == lim.Elements {
			return nil, fault(at, "too many elements")
		}
		end := at + elementBytes + int(size)
		set = append(set, Element{binary.LittleEndian.Uint16(text[at+2:]), text[at+elementBytes : end : end]})
		at = end
	}
	return set, nil
}

// AppendSet appends s as it is sent: byte by byte what ParseSet read.
func AppendSet(dst []byte, s Set) []byte {
	for _, e := range s {
		dst = append(dst, 0, 0)
		dst = binary.LittleEndian.AppendUint16(dst, e.Tag)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Value)))
		dst = append(dst, e.Value...)
	}
	return dst
}

// value finds an element. When one comes twice the first counts.
func (s Set) value(tag uint16) ([]byte, bool) {
	for _, e := range s {
		if e.Tag == tag {
			return e.Value, true
		}
	}
	return nil, false
}

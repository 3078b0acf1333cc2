package dimse

import (
	"encoding/binary"
	"strings"
)

// The types of PDUs (PS3.8 9.3.1).
const (
	typeRequest         = 0x01 // A-ASSOCIATE-RQ
	typeAccept          = 0x02 // A-ASSOCIATE-AC
	typeReject          = 0x03 // A-ASSOCIATE-RJ
	typeData            = 0x04 // P-DATA-TF
	typeReleaseRequest  = 0x05 // A-RELEASE-RQ
	typeReleaseResponse = 0x06 // A-RELEASE-RP
	typeAbort           = 0x07 // A-ABORT
)

const (
	headerBytes    = 6  // type, a reserved byte, length
	associateBytes = 68 // of an association request or answer, before its items
	valueBytes     = 6  // length, context and control header of a presentation data value
)

// PDU is one of Associate, Reject, Data, Release and Abort.
type PDU interface {
	// header is the type and the reserved byte behind it.
	header() (kind, reserved byte)
	appendBody(dst []byte) []byte
}

// Title is the name of an application entity, in the 16 bytes that it is sent in.
type Title [16]byte

// NewTitle returns name as it is sent: filled up with blanks. What is longer than 16 bytes is cut off.
func NewTitle(name string) Title {
	t := Title([]byte(blanks))
	copy(t[:], name)
	return t
}

const blanks = "                "

// String returns the name without what it was filled up with: blanks (PS3.8 9.3.2), as some do also zeros.
func (t Title) String() string { return strings.Trim(string(t[:]), " \x00") }

// Associate asks for an association (PS3.8 9.3.2) or accepts one (9.3.3).
type Associate struct {
	Accept   bool
	Reserved byte
	Version  uint16 // bit 0 is version 1, the only one there is
	Rest     [2]byte
	Called   Title // an answer repeats both titles, and nobody may rely on it (9.3.3)
	Calling  Title
	Spare    [32]byte
	Items    []Item // in the order in which they came
}

func (a Associate) header() (byte, byte) {
	if a.Accept {
		return typeAccept, a.Reserved
	}
	return typeRequest, a.Reserved
}

func (a Associate) appendBody(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, a.Version)
	dst = append(dst, a.Rest[:]...)
	dst = append(dst, a.Called[:]...)
	dst = append(dst, a.Calling[:]...)
	dst = append(dst, a.Spare[:]...)
	return appendItems(dst, a.Items)
}

// Reject refuses an association (PS3.8 9.3.4).
type Reject struct {
	Reserved byte
	Rest     byte
	Result   byte // 1: for good, 2: for now
	Source   byte // 1: the application, 2: its association layer, 3: its presentation layer
	Reason   byte // its meaning hangs on Source
}

// The sources of a rejection (PS3.8 9.3.4).
const (
	ByUser         = 1
	ByAssociation  = 2
	ByPresentation = 3
)

// Why an association is rejected (PS3.8 Table 9-21).
const (
	NoReason       = 1 // of ByUser and ByAssociation
	ContextName    = 2 // ByUser: the application context is not supported
	CallingUnknown = 3 // ByUser
	CalledUnknown  = 7 // ByUser
	VersionUnknown = 2 // ByAssociation
	Congestion     = 1 // ByPresentation
	LimitExceeded  = 2 // ByPresentation

	rejectPermanent = 1
	rejectTransient = 2
)

// Who aborts an association, and why (PS3.8 Table 9-26).
const (
	abortByUser      = 0
	abortByProvider  = 2
	abortUnexpected  = 2
	abortBadArgument = 6
)

// String says in words what the sender meant.
func (r Reject) String() string {
	why := "no reason given"
	switch [2]byte{r.Source, r.Reason} {
	case [2]byte{ByUser, ContextName}:
		why = "application context not supported"
	case [2]byte{ByUser, CallingUnknown}:
		why = "calling AE title not recognised"
	case [2]byte{ByUser, CalledUnknown}:
		why = "called AE title not recognised"
	case [2]byte{ByAssociation, VersionUnknown}:
		why = "protocol version not supported"
	case [2]byte{ByPresentation, Congestion}:
		why = "temporary congestion"
	case [2]byte{ByPresentation, LimitExceeded}:
		why = "local limit exceeded"
	}
	if r.Result == rejectTransient {
		return "rejected for now: " + why
	}
	return "rejected: " + why
}

func (r Reject) header() (byte, byte) { return typeReject, r.Reserved }

func (r Reject) appendBody(dst []byte) []byte {
	return append(dst, r.Rest, r.Result, r.Source, r.Reason)
}

// Data carries parts of commands and of data sets (PS3.8 9.3.5).
type Data struct {
	Reserved byte
	Values   []Value
}

// Value is one presentation data value: a fragment of a command or of a data set. Its Fragment is valid as long as the
// text it was parsed from.
type Value struct {
	Context  byte
	Control  Control
	Fragment []byte
}

// Control tells what a fragment is part of (PS3.8 E.2).
type Control byte

// Command tells whether the fragment is one of a command, and else of a data set.
func (c Control) Command() bool { return c&1 != 0 }

// Last tells whether the command or the data set ends with the fragment.
func (c Control) Last() bool { return c&2 != 0 }

func control(command, last bool) (c Control) {
	if command {
		c |= 1
	}
	if last {
		c |= 2
	}
	return c
}

func (d Data) header() (byte, byte) { return typeData, d.Reserved }

func (d Data) appendBody(dst []byte) []byte {
	for _, v := range d.Values {
		dst = appendValueHeader(dst, v.Context, v.Control, len(v.Fragment))
		dst = append(dst, v.Fragment...)
	}
	return dst
}

func appendValueHeader(dst []byte, context byte, c Control, fragment int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(fragment+2))
	return append(dst, context, byte(c))
}

// Release asks for the end of an association (PS3.8 9.3.6) or grants it (9.3.7).
type Release struct {
	Response bool
	Reserved byte
	Rest     [4]byte
}

func (r Release) header() (byte, byte) {
	if r.Response {
		return typeReleaseResponse, r.Reserved
	}
	return typeReleaseRequest, r.Reserved
}

func (r Release) appendBody(dst []byte) []byte { return append(dst, r.Rest[:]...) }

// Abort ends an association at once (PS3.8 9.3.8).
type Abort struct {
	Reserved byte
	Rest     [2]byte
	Source   byte // 0: the application, 2: the layer below
	Reason   byte // of the layer below only
}

// String says in words what the sender meant.
func (a Abort) String() string {
	if a.Source != abortByProvider {
		return "aborted by the application"
	}
	switch a.Reason {
	case 1:
		return "aborted: unrecognised PDU"
	case abortUnexpected:
		return "aborted: unexpected PDU"
	case 4:
		return "aborted: unrecognised parameter"
	case 5:
		return "aborted: unexpected parameter"
	case abortBadArgument:
		return "aborted: invalid parameter"
	}
	return "aborted: no reason given"
}

func (a Abort) header() (byte, byte) { return typeAbort, a.Reserved }

func (a Abort) appendBody(dst []byte) []byte {
	return append(append(dst, a.Rest[:]...), a.Source, a.Reason)
}

// Parse reads one whole PDU. Errors are *Error, with offsets in the PDU. Fragments of data are
// borrowed from text; what an association says is copied, save what proves who asks: see Secret.
func Parse(text []byte, lim Limits) (PDU, error) {
	if len(text) < headerBytes {
		return nil, fault(0, "a PDU without a whole header")
	}
	if len(text) > lim.PDU {
		return nil, fault(0, "a PDU longer than the limit")
	}
	if uint64(binary.BigEndian.Uint32(text[2:])) != uint64(len(text)-headerBytes) {
		return nil, fault(2, "a PDU of another length than it says")
	}
	if text[0] == typeData {
		d, err := parseData(text, lim)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	p, err := parseBody(text[0], text[1], text[headerBytes:], lim)
	if err != nil {
		err.Offset += headerBytes
		return nil, err
	}
	return p, nil
}

// parseBody reads what follows the header of all PDUs but those of data.
func parseBody(kind, reserved byte, body []byte, lim Limits) (PDU, *Error) {
	switch kind {
	case typeRequest, typeAccept:
		a, err := parseAssociate(body, lim)
		if err != nil {
			return nil, err
		}
		a.Accept, a.Reserved = kind == typeAccept, reserved
		return a, nil
	case typeReject, typeReleaseRequest, typeReleaseResponse, typeAbort:
		if len(body) != 4 {
			return nil, fault(0, "a PDU that must have four bytes and has not")
		}
	default:
		return nil, fault(0, "no type of PDU")
	}
	switch kind {
	case typeReject:
		return Reject{reserved, body[0], body[1], body[2], body[3]}, nil
	case typeAbort:
		return Abort{reserved, [2]byte(body), body[2], body[3]}, nil
	}
	return Release{kind == typeReleaseResponse, reserved, [4]byte(body)}, nil
}

func parseAssociate(body []byte, lim Limits) (Associate, *Error) {
	if len(body) < associateBytes {
		return Associate{}, fault(0, "an association without its fixed part")
	}
	a := Associate{
		Version: binary.BigEndian.Uint16(body),
		Rest:    [2]byte(body[2:]),
		Called:  Title(body[4:]),
		Calling: Title(body[20:]),
		Spare:   [32]byte(body[36:]),
	}
	p := parser{items: lim.Items, contexts: lim.Contexts}
	items, err := p.parseItems(body[associateBytes:], associateBytes, true)
	if err != nil {
		return Associate{}, err
	}
	a.Items = items
	return a, nil
}

func parseData(text []byte, lim Limits) (Data, error) {
	d := Data{Reserved: text[1]}
	for at := headerBytes; at < len(text); {
		if len(text)-at < valueBytes {
			return Data{}, fault(at, "a data value without a whole header")
		}
		size := uint64(binary.BigEndian.Uint32(text[at:]))
		if size < 2 || size > uint64(len(text)-at-4) {
			return Data{}, fault(at, "a data value that does not fit its PDU")
		}
		if len(d.Values) == lim.Items {
			return Data{}, fault(at, "too many data values")
		}
		end := at + 4 + int(size)
		d.Values = append(d.Values, Value{text[at+4], Control(text[at+5]), text[at+valueBytes : end : end]})
		at = end
	}
	return d, nil
}

// AppendPDU appends p as it is sent. What Parse read comes out as it was, byte by byte, but for each Secret: zeros take
// its place.
func AppendPDU(dst []byte, p PDU) []byte {
	start := len(dst)
	kind, reserved := p.header()
	dst = p.appendBody(append(dst, kind, reserved, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(dst[start+2:], uint32(len(dst)-start-headerBytes))
	return dst
}

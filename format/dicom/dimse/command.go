package dimse

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Field says what a command is (PS3.7 E.1, command field).
type Field uint16

// The requests. The response to each is that with ResponseBit; CCancel has none.
const (
	CStore       Field = 0x0001
	CGet         Field = 0x0010
	CFind        Field = 0x0020
	CMove        Field = 0x0021
	CEcho        Field = 0x0030
	NEventReport Field = 0x0100
	NGet         Field = 0x0110
	NSet         Field = 0x0120
	NAction      Field = 0x0130
	NCreate      Field = 0x0140
	NDelete      Field = 0x0150
	CCancel      Field = 0x0fff

	ResponseBit Field = 0x8000
)

// Response tells whether a command answers another.
func (f Field) Response() bool { return f&ResponseBit != 0 }

// Request is the request that f answers, and f itself when it is one.
func (f Field) Request() Field { return f &^ ResponseBit }

// String returns the standard's name, such as C-STORE-RQ.
func (f Field) String() string {
	name := f.name()
	switch {
	case name == "":
		return fmt.Sprintf("%04X", uint16(f))
	case f.Response():
		return name + "-RSP"
	}
	return name + "-RQ"
}

func (f Field) name() string {
	switch f.Request() {
	case CStore:
		return "C-STORE"
	case CGet:
		return "C-GET"
	case CFind:
		return "C-FIND"
	case CMove:
		return "C-MOVE"
	case CEcho:
		return "C-ECHO"
	case NEventReport:
		return "N-EVENT-REPORT"
	case NGet:
		return "N-GET"
	case NSet:
		return "N-SET"
	case NAction:
		return "N-ACTION"
	case NCreate:
		return "N-CREATE"
	case NDelete:
		return "N-DELETE"
	case CCancel:
		if f == CCancel {
			return "C-CANCEL"
		}
	}
	return ""
}

// requested tells the commands that speak of an object there is, and name it in elements of their own: the class and the
// instance requested, not affected (PS3.7 10.3).
func (f Field) requested() bool { return f == NGet || f == NSet || f == NAction || f == NDelete }

// Status is how an operation goes or went (PS3.7 C).
type Status uint16

// The statuses that no service gives another meaning.
const (
	Success          Status = 0x0000
	Cancelled        Status = 0xfe00
	Pending          Status = 0xff00
	PendingUnmatched Status = 0xff01 // pending, and some keys of the query were not looked at (PS3.4 C.4.1.1.4)
	MoveUnknown      Status = 0xa801 // the destination of a C-MOVE is not known (PS3.4 C.4.2.1.5)
)

// The kinds of statuses (PS3.7 C).
const (
	Succeeded = "success"
	Goes      = "pending"
	Ended     = "cancel"
	Warned    = "warning"
	Failed    = "failure"
)

// Kind is one of Succeeded, Goes, Ended, Warned and Failed.
func (s Status) Kind() string {
	switch {
	case s == Success:
		return Succeeded
	case s == Pending || s == PendingUnmatched:
		return Goes
	case s == Cancelled:
		return Ended
	case s == 0x0001 || s == 0x0107 || s == 0x0116 || s>>12 == 0xb:
		return Warned
	}
	return Failed
}

// Number is a number that a command may lack.
type Number struct {
	Value uint16
	Given bool
}

// Is returns a number that is given.
func Is(n uint16) Number { return Number{n, true} }

// Command is an order or an answer. What a command lacks is zero.
type Command struct {
	Field    Field
	ID       uint16 // of a request its own; of a response and of CCancel that of the request which is meant
	Class    string // UID of the SOP class, affected or requested
	Instance string // UID of the SOP instance, likewise
	DataSet  bool   // one follows
	Status   Number // of responses
	Priority Number // 0: medium, 1: high, 2: low

	MoveDestination  string // AE title
	MoveOriginator   string // AE title of whoever asked for the C-MOVE that this C-STORE is part of
	MoveOriginatorID Number // and the message ID of that request

	// How many operations a C-MOVE or C-GET has before it and behind it.
	Remaining, Completed, Failed, Warning Number

	EventType  Number
	ActionType Number
	Attributes []uint32 // tags, of N-GET

	ErrorComment string
	ErrorID      Number
	Offending    []uint32 // tags
}

const noDataSet = 0x0101 // PS3.7 E.1, command data set type

// ParseCommand reads a whole command set. Errors are *Error, with offsets in text. What is unknown is passed over.
func ParseCommand(text []byte, lim Limits) (Command, error) {
	c, err := parseCommand(text, lim)
	if err != nil {
		return Command{}, err
	}
	return c, nil
}

func parseCommand(text []byte, lim Limits) (Command, *Error) {
	set, err := parseSet(text, lim)
	if err != nil {
		return Command{}, err
	}
	r := reader{set: set}
	c := Command{Field: Field(r.must(tagField))}
	if c.Field.Response() || c.Field == CCancel {
		c.ID = r.must(tagRespondedTo)
	} else {
		c.ID = r.must(tagMessageID)
	}
	c.DataSet = r.must(tagDataSetType) != noDataSet
	c.Class, c.Instance = r.either(tagAffectedClass, tagRequestedClass, c.Field), r.either(tagAffectedInstance, tagRequestedInstance, c.Field)
	c.Status, c.Priority = r.number(tagStatus), r.number(tagPriority)
	c.MoveDestination, c.MoveOriginator, c.MoveOriginatorID = r.text(tagMoveDestination), r.text(tagMoveOriginator), r.number(tagMoveOriginatorID)
	c.Remaining, c.Completed = r.number(tagRemaining), r.number(tagCompleted)
	c.Failed, c.Warning = r.number(tagFailed), r.number(tagWarning)
	c.EventType, c.ActionType, c.Attributes = r.number(tagEventType), r.number(tagActionType), r.tags(tagAttributes)
	c.ErrorComment, c.ErrorID, c.Offending = r.text(tagErrorComment), r.number(tagErrorID), r.tags(tagOffending)
	if r.err != nil {
		return Command{}, r.err
	}
	return c, nil
}

// reader takes values out of a set, and remembers the first that is not as it must be.
type reader struct {
	set Set
	err *Error
}

func (r *reader) fail(tag uint16, what string) {
	if r.err == nil {
		r.err = fault(0, fmt.Sprintf("element (0000,%04x) %s", tag, what))
	}
}

// must reads a number that each command has.
func (r *reader) must(tag uint16) uint16 {
	n := r.number(tag)
	if !n.Given {
		r.fail(tag, "is missing")
	}
	return n.Value
}

// number reads a US. When it has several values, or some sender's four bytes, the first two count.
func (r *reader) number(tag uint16) Number {
	v, ok := r.set.value(tag)
	if !ok || len(v) == 0 {
		return Number{}
	}
	if len(v)%2 != 0 {
		r.fail(tag, "is no number")
		return Number{}
	}
	return Is(binary.LittleEndian.Uint16(v))
}

func (r *reader) text(tag uint16) string {
	v, _ := r.set.value(tag)
	return strings.Trim(string(v), " \x00")
}

// either reads the UID of what is affected or requested, whichever f has, or the other when that is there.
func (r *reader) either(affected, requested uint16, f Field) string {
	if f.requested() {
		affected, requested = requested, affected
	}
	if uid := r.text(affected); uid != "" {
		return uid
	}
	return r.text(requested)
}

// tags reads an AT: group and element of each.
func (r *reader) tags(tag uint16) (list []uint32) {
	v, _ := r.set.value(tag)
	if len(v)%4 != 0 {
		r.fail(tag, "is no list of tags")
		return nil
	}
	for ; len(v) > 0; v = v[4:] {
		list = append(list, uint32(binary.LittleEndian.Uint16(v))<<16|uint32(binary.LittleEndian.Uint16(v[2:])))
	}
	return list
}

// AppendCommand appends c as it is sent: its elements in the order of their tags, behind their length (PS3.7 6.3.1).
func AppendCommand(dst []byte, c Command) []byte {
	set := c.elements()
	length := 0
	for _, e := range set[1:] {
		length += elementBytes + len(e.Value)
	}
	binary.LittleEndian.PutUint32(set[0].Value, uint32(length))
	return AppendSet(dst, set)
}

// elements returns the elements of c in order. The first, the length of the others, is not filled in.
func (c Command) elements() Set {
	w := writer{{tagGroupLength, make([]byte, 4)}}
	w.either(c, c.Class, tagAffectedClass, tagRequestedClass)
	w.number(tagField, Is(uint16(c.Field)))
	if c.Field.Response() || c.Field == CCancel {
		w.number(tagRespondedTo, Is(c.ID))
	} else {
		w.number(tagMessageID, Is(c.ID))
	}
	w.text(tagMoveDestination, c.MoveDestination, ' ')
	w.number(tagPriority, c.Priority)
	w.number(tagDataSetType, Is(dataSetType(c.DataSet)))
	w.number(tagStatus, c.Status)
	w.tags(tagOffending, c.Offending)
	w.text(tagErrorComment, c.ErrorComment, ' ')
	w.number(tagErrorID, c.ErrorID)
	w.either(c, c.Instance, tagAffectedInstance, tagRequestedInstance)
	w.number(tagEventType, c.EventType)
	w.tags(tagAttributes, c.Attributes)
	w.number(tagActionType, c.ActionType)
	w.number(tagRemaining, c.Remaining)
	w.number(tagCompleted, c.Completed)
	w.number(tagFailed, c.Failed)
	w.number(tagWarning, c.Warning)
	w.text(tagMoveOriginator, c.MoveOriginator, ' ')
	w.number(tagMoveOriginatorID, c.MoveOriginatorID)
	return Set(w)
}

func dataSetType(follows bool) uint16 {
	if follows {
		return 0x0001
	}
	return noDataSet
}

type writer Set

func (w *writer) add(tag uint16, value []byte) { *w = append(*w, Element{tag, value}) }

func (w *writer) number(tag uint16, n Number) {
	if n.Given {
		w.add(tag, binary.LittleEndian.AppendUint16(nil, n.Value))
	}
}

// text adds a text, filled up to an even length (PS3.5 7.1.1).
func (w *writer) text(tag uint16, text string, fill byte) {
	if text == "" {
		return
	}
	v := []byte(text)
	if len(v)%2 != 0 {
		v = append(v, fill)
	}
	w.add(tag, v)
}

func (w *writer) either(c Command, uid string, affected, requested uint16) {
	if c.Field.requested() {
		affected = requested
	}
	w.text(affected, uid, 0)
}

func (w *writer) tags(tag uint16, list []uint32) {
	if len(list) == 0 {
		return
	}
	var v []byte
	for _, t := range list {
		v = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(v, uint16(t>>16)), uint16(t))
	}
	w.add(tag, v)
}

// Answer is the response to c with a status. What it lacks, such as counts and whether a data set follows, the caller adds.
func (c Command) Answer(s Status) Command {
	return Command{Field: c.Field | ResponseBit, ID: c.ID, Class: c.Class, Instance: c.Instance, Status: Is(uint16(s))}
}

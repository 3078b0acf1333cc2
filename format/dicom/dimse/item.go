package dimse

import (
	"encoding/binary"
	"strings"
)

// The types of items (PS3.8 9.3.2 and D.1, PS3.7 D.3.3).
const (
	itemApplication    = 0x10
	itemContextRequest = 0x20
	itemContextAnswer  = 0x21
	itemAbstract       = 0x30
	itemTransfer       = 0x40
	itemUser           = 0x50
	itemMaxLength      = 0x51
	itemClass          = 0x52
	itemAsync          = 0x53
	itemRole           = 0x54
	itemVersion        = 0x55
	itemExtended       = 0x56
	itemCommon         = 0x57
	itemIdentity       = 0x58
	itemIdentityAnswer = 0x59
)

// Item is one part of an association request or answer. Each has a reserved byte, which must be zero and is not
// tested (PS3.8 9.3.1), and is kept so that the item can be written as it was read.
type Item interface{ appendItem(dst []byte) []byte }

// ApplicationContext names what the whole conversation is about (PS3.8 9.3.2.1). There is only one: ApplicationContextUID.
type ApplicationContext struct {
	Reserved byte
	Name     string
}

// ContextRequest proposes one kind of thing to talk about, and ways to encode it (PS3.8 9.3.2.2).
type ContextRequest struct {
	Reserved byte
	ID       byte // odd
	Rest     [3]byte
	Items    []Item // AbstractSyntax, and one or more TransferSyntax
}

// Abstract is the UID of what is talked about, and empty when none is named.
func (c ContextRequest) Abstract() string {
	for _, item := range c.Items {
		if a, ok := item.(AbstractSyntax); ok {
			return trimUID(a.UID)
		}
	}
	return ""
}

// Transfers are the UIDs of the ways to encode it, in the requestor's order.
func (c ContextRequest) Transfers() []string { return transfers(c.Items) }

// ContextAnswer accepts a ContextRequest or does not (PS3.8 9.3.3.2).
type ContextAnswer struct {
	Reserved byte
	ID       byte
	Before   byte // reserved
	Result   Result
	Behind   byte   // reserved
	Items    []Item // one TransferSyntax, which means nothing unless Result is Accepted
}

// Transfer is the UID of the way to encode it that was chosen.
func (c ContextAnswer) Transfer() string {
	if list := transfers(c.Items); len(list) > 0 {
		return list[0]
	}
	return ""
}

func transfers(items []Item) (list []string) {
	for _, item := range items {
		if t, ok := item.(TransferSyntax); ok {
			list = append(list, trimUID(t.UID))
		}
	}
	return list
}

// Result is what became of a proposed presentation context (PS3.8 Table 9-18).
type Result byte

// The results.
const (
	ContextAccepted    Result = 0
	ContextRefused     Result = 1 // by the application
	ContextFailed      Result = 2 // by the layer below, for no reason it tells
	AbstractUnknown    Result = 3
	TransfersUnknown   Result = 4
	ContextNotAnswered Result = 0xff // nobody sends this: no answer was seen
)

// AbstractSyntax names a SOP class (PS3.8 9.3.2.2.1).
type AbstractSyntax struct {
	Reserved byte
	UID      string // as sent
}

// TransferSyntax names a way to encode data sets (PS3.8 9.3.2.2.2).
type TransferSyntax struct {
	Reserved byte
	UID      string // as sent
}

// Unknown is an item that the standard does not have in its place; it is to be passed over (PS3.8 9.3.1).
type Unknown struct {
	Type, Reserved byte
	Value          []byte
}

func (i ApplicationContext) appendItem(dst []byte) []byte {
	return appendText(dst, itemApplication, i.Reserved, i.Name)
}

func (i AbstractSyntax) appendItem(dst []byte) []byte {
	return appendText(dst, itemAbstract, i.Reserved, i.UID)
}

func (i TransferSyntax) appendItem(dst []byte) []byte {
	return appendText(dst, itemTransfer, i.Reserved, i.UID)
}

func (i Unknown) appendItem(dst []byte) []byte {
	return append(appendItemHeader(dst, i.Type, i.Reserved, len(i.Value)), i.Value...)
}

func (i ContextRequest) appendItem(dst []byte) []byte {
	start := len(dst)
	dst = appendItemHeader(dst, itemContextRequest, i.Reserved, 0)
	dst = append(append(dst, i.ID), i.Rest[:]...)
	return closeItem(appendItems(dst, i.Items), start)
}

func (i ContextAnswer) appendItem(dst []byte) []byte {
	start := len(dst)
	dst = appendItemHeader(dst, itemContextAnswer, i.Reserved, 0)
	dst = append(dst, i.ID, i.Before, byte(i.Result), i.Behind)
	return closeItem(appendItems(dst, i.Items), start)
}

func appendItems(dst []byte, items []Item) []byte {
	for _, item := range items {
		dst = item.appendItem(dst)
	}
	return dst
}

func appendItemHeader(dst []byte, kind, reserved byte, size int) []byte {
	return binary.BigEndian.AppendUint16(append(dst, kind, reserved), uint16(size))
}

func appendText(dst []byte, kind, reserved byte, text string) []byte {
	return append(appendItemHeader(dst, kind, reserved, len(text)), text...)
}

// closeItem writes how long the item that begins at start has become.
func closeItem(dst []byte, start int) []byte {
	binary.BigEndian.PutUint16(dst[start+2:], uint16(len(dst)-start-4))
	return dst
}

// trimUID takes away what fills a UID up to an even length: a zero (PS3.5 9.1), as some do also blanks.
func trimUID(uid string) string { return strings.TrimRight(uid, "\x00 ") }

// parser reads items. It counts what is still allowed.
type parser struct{ items, contexts int }

// parseItems reads items one after another. Those that hold others stand on the top only: there are two levels, and no more.
func (p *parser) parseItems(text []byte, at int, top bool) ([]Item, *Error) {
	var items []Item
	for len(text) > 0 {
		if len(text) < 4 {
			return nil, fault(at, "an item without a whole header")
		}
		size := int(binary.BigEndian.Uint16(text[2:]))
		if size > len(text)-4 {
			return nil, fault(at, "an item longer than what it is in")
		}
		if p.items--; p.items < 0 {
			return nil, fault(at, "too many items")
		}
		item, err := p.parseItem(text[0], text[1], text[4:4+size], at+4, top)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		text, at = text[4+size:], at+4+size
	}
	return items, nil
}

func (p *parser) parseItem(kind, reserved byte, value []byte, at int, top bool) (Item, *Error) {
	switch kind {
	case itemApplication:
		return ApplicationContext{reserved, string(value)}, nil
	case itemAbstract:
		return AbstractSyntax{reserved, string(value)}, nil
	case itemTransfer:
		return TransferSyntax{reserved, string(value)}, nil
	case itemClass:
		return ImplementationClass{reserved, string(value)}, nil
	case itemVersion:
		return ImplementationVersion{reserved, string(value)}, nil
	case itemMaxLength, itemAsync, itemRole, itemExtended, itemCommon, itemIdentity, itemIdentityAnswer:
		r := &fields{text: value, at: at}
		return r.finish(r.user(kind, reserved))
	case itemContextRequest, itemContextAnswer, itemUser:
		if top {
			return p.parseHolder(kind, reserved, value, at)
		}
	}
	return Unknown{kind, reserved, append([]byte(nil), value...)}, nil
}

// parseHolder reads an item that holds others.
func (p *parser) parseHolder(kind, reserved byte, value []byte, at int) (Item, *Error) {
	if kind == itemUser {
		items, err := p.parseItems(value, at, false)
		return UserInformation{reserved, items}, err
	}
	if len(value) < 4 {
		return nil, fault(at, "a presentation context without its fixed part")
	}
	if p.contexts--; p.contexts < 0 {
		return nil, fault(at, "too many presentation contexts")
	}
	items, err := p.parseItems(value[4:], at+4, false)
	if kind == itemContextRequest {
		return ContextRequest{reserved, value[0], [3]byte(value[1:]), items}, err
	}
	return ContextAnswer{reserved, value[0], value[1], Result(value[2]), value[3], items}, err
}

package dimse

import (
	"encoding/binary"
	"fmt"
)

// UserInformation holds what the two applications tell each other about themselves (PS3.8 9.3.2.3, PS3.7 D.3.3).
type UserInformation struct {
	Reserved byte
	Items    []Item
}

// MaxLength is how long the data of a PDU may be that is sent to the one who says it (PS3.8 D.1).
type MaxLength struct {
	Reserved byte
	Bytes    uint32 // 0: as long as the other likes
}

// ImplementationClass tells which software speaks (PS3.7 D.3.3.2.1).
type ImplementationClass struct {
	Reserved byte
	UID      string // as sent
}

// ImplementationVersion is the software's own word for its version (PS3.7 D.3.3.2.3).
type ImplementationVersion struct {
	Reserved byte
	Name     string
}

// AsyncWindow is how many operations may be under way at once (PS3.7 D.3.3.3).
type AsyncWindow struct {
	Reserved           byte
	Invoked, Performed uint16 // 0: any number
}

// Role says who may ask and who answers for one SOP class (PS3.7 D.3.3.4). Without it, the requestor asks.
type Role struct {
	Reserved byte
	Class    string // as sent
	SCU, SCP byte   // of the requestor: 1 is proposed or accepted
}

// ExtendedNegotiation is what applications agree on for one SOP class (PS3.7 D.3.3.5).
type ExtendedNegotiation struct {
	Reserved byte
	Class    string // as sent
	Info     []byte // its meaning hangs on the service of the class
}

// CommonNegotiation tells of what kind a SOP class is (PS3.7 D.3.3.6).
type CommonNegotiation struct {
	Version byte // in the place of the reserved byte
	Class   string
	Service string
	Related []string // more general classes of the same kind
	Rest    []byte   // reserved
}

// UserIdentity says on whose behalf an association is asked for (PS3.7 D.3.3.7.1).
type UserIdentity struct {
	Reserved byte
	Kind     Identity
	Respond  byte   // 1: the requestor wants to hear that it was accepted
	User     string // when Kind is Username or Passcode
	Ticket   Secret // of the other kinds
	Passcode Secret
}

// Identity is how a user is identified (PS3.7 Table D.3-14).
type Identity byte

// The kinds of identities.
const (
	Username Identity = 1
	Passcode Identity = 2 // with a user's name
	Kerberos Identity = 3
	SAML     Identity = 4
	JWT      Identity = 5
)

// named tells whether the identity is a name and no proof.
func (i Identity) named() bool { return i == Username || i == Passcode }

// IdentityAnswer accepts a user's identity (PS3.7 D.3.3.7.2).
type IdentityAnswer struct {
	Reserved byte
	Response Secret // a ticket or an assertion of the server
}

// Secret proves who somebody is. Of one that was read only the length is kept, and zeros are written in
// its place; one to be sent is made by NewSecret. Neither is ever printed.
type Secret struct {
	size int
	text []byte
}

// NewSecret returns a Secret to be sent. It borrows text.
func NewSecret(text []byte) Secret { return Secret{len(text), text} }

// Len is its length in bytes.
func (s Secret) Len() int { return s.size }

// Format writes how long the secret is, whatever was asked for.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[%d bytes]", s.size) }

// MarshalText is Format for what writes JSON.
func (s Secret) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "[%d bytes]", s.size), nil }

func (s Secret) appendTo(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(s.size))
	if s.text == nil {
		return append(dst, make([]byte, s.size)...)
	}
	return append(dst, s.text...)
}

func (i UserInformation) appendItem(dst []byte) []byte {
	start := len(dst)
	return closeItem(appendItems(appendItemHeader(dst, itemUser, i.Reserved, 0), i.Items), start)
}

func (i MaxLength) appendItem(dst []byte) []byte {
	return binary.BigEndian.AppendUint32(appendItemHeader(dst, itemMaxLength, i.Reserved, 4), i.Bytes)
}

func (i ImplementationClass) appendItem(dst []byte) []byte {
	return appendText(dst, itemClass, i.Reserved, i.UID)
}

func (i ImplementationVersion) appendItem(dst []byte) []byte {
	return appendText(dst, itemVersion, i.Reserved, i.Name)
}

func (i AsyncWindow) appendItem(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(appendItemHeader(dst, itemAsync, i.Reserved, 4), i.Invoked)
	return binary.BigEndian.AppendUint16(dst, i.Performed)
}

func (i Role) appendItem(dst []byte) []byte {
	dst = appendField(appendItemHeader(dst, itemRole, i.Reserved, 4+len(i.Class)), i.Class)
	return append(dst, i.SCU, i.SCP)
}

func (i ExtendedNegotiation) appendItem(dst []byte) []byte {
	dst = appendItemHeader(dst, itemExtended, i.Reserved, 2+len(i.Class)+len(i.Info))
	return append(appendField(dst, i.Class), i.Info...)
}

func (i CommonNegotiation) appendItem(dst []byte) []byte {
	start := len(dst)
	dst = appendItemHeader(dst, itemCommon, i.Version, 0)
	dst = appendField(appendField(dst, i.Class), i.Service)
	list := len(dst)
	dst = append(dst, 0, 0)
	for _, uid := range i.Related {
		dst = appendField(dst, uid)
	}
	binary.BigEndian.PutUint16(dst[list:], uint16(len(dst)-list-2))
	return closeItem(append(dst, i.Rest...), start)
}

func (i UserIdentity) appendItem(dst []byte) []byte {
	start := len(dst)
	dst = append(appendItemHeader(dst, itemIdentity, i.Reserved, 0), byte(i.Kind), i.Respond)
	if i.Kind.named() {
		dst = appendField(dst, i.User)
	} else {
		dst = i.Ticket.appendTo(dst)
	}
	return closeItem(i.Passcode.appendTo(dst), start)
}

func (i IdentityAnswer) appendItem(dst []byte) []byte {
	return i.Response.appendTo(appendItemHeader(dst, itemIdentityAnswer, i.Reserved, 2+i.Response.size))
}

// appendField appends a text behind its length.
func appendField(dst []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(text))), text...)
}

// fields takes an item apart. Once something is missing, it is short, and gives zeros.
type fields struct {
	text  []byte
	at    int
	short bool
}

func (f *fields) take(n int) []byte {
	if f.short || n > len(f.text) {
		f.short = true
		return nil
	}
	b := f.text[:n]
	f.text, f.at = f.text[n:], f.at+n
	return b
}

func (f *fields) byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) uint16() uint16 {
	if b := f.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (f *fields) uint32() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (f *fields) field() string  { return string(f.take(int(f.uint16()))) }
func (f *fields) secret() Secret { return Secret{size: len(f.take(int(f.uint16())))} }

// rest takes all that is left.
func (f *fields) rest() []byte { return append([]byte(nil), f.take(len(f.text))...) }

// user reads the items of the user information that are made of fields.
func (f *fields) user(kind, reserved byte) Item {
	switch kind {
	case itemMaxLength:
		return MaxLength{reserved, f.uint32()}
	case itemAsync:
		return AsyncWindow{reserved, f.uint16(), f.uint16()}
	case itemRole:
		return Role{reserved, f.field(), f.byte(), f.byte()}
	case itemExtended:
		return ExtendedNegotiation{reserved, f.field(), f.rest()}
	case itemCommon:
		c := CommonNegotiation{Version: reserved, Class: f.field(), Service: f.field()}
		list := &fields{text: f.take(int(f.uint16()))}
		for len(list.text) > 0 && !list.short {
			c.Related = append(c.Related, list.field())
		}
		f.short = f.short || list.short
		c.Rest = f.rest()
		return c
	case itemIdentity:
		i := UserIdentity{Reserved: reserved, Kind: Identity(f.byte()), Respond: f.byte()}
		if i.Kind.named() {
			i.User = f.field()
		} else {
			i.Ticket = f.secret()
		}
		i.Passcode = f.secret()
		return i
	}
	return IdentityAnswer{reserved, f.secret()}
}

// finish gives item when it had all its fields and nothing more.
func (f *fields) finish(item Item) (Item, *Error) {
	switch {
	case f.short:
		return nil, fault(f.at, "an item shorter than its fields")
	case len(f.text) > 0:
		return nil, fault(f.at, "an item longer than its fields")
	}
	return item, nil
}

// Package dimse reads and writes what scanners, archives and workstations say to each other when an image is
// sent, looked up or fetched: who calls whom, what is asked for, how it ended, and the image itself.
//
// Three layers lie on each other. A protocol data unit (PDU, PS3.8 section 9.3) is what goes over the
// connection: Parse and AppendPDU. A command (PS3.7 sections 9 and 10) is an order or an answer: Command. A
// data set travels behind its command, in fragments; it is handed on as bytes with the UID of its transfer
// syntax, as it comes, so that an image of a gigabyte needs no gigabyte.
//
// A Conversation listens to both sides of a connection between others; a Reader reads one side. A Conn speaks
// for one side, as an Acceptor or a Requestor says.
package dimse

import "fmt"

// Side tells the two ends of a connection apart.
type Side uint8

// The sides of a connection.
const (
	Client Side = iota // opened the connection, and asks for the association
	Server
	Nobody // sent what was parsed without a connection
)

// String returns the side in a word.
func (s Side) String() string {
	switch s {
	case Client:
		return "client"
	case Server:
		return "server"
	}
	return "nobody"
}

// other is the side that listens when s speaks.
func (s Side) other() Side { return s ^ 1 }

// Limits bounds what one side of a conversation may cost. Data sets cost nothing, for they are handed on as they come.
type Limits struct {
	PDU      int // bytes of one PDU that must be read whole: all but those that carry data
	Items    int // items in one association request or answer, on all levels; data values in one PDU that is parsed whole
	Contexts int // presentation contexts in one of them
	Command  int // bytes of one command set
	Elements int // elements in one command set
}

// DefaultLimits leave room for the 128 presentation contexts that odd numbers of one byte allow (PS3.8 9.3.2.2)
// with some sixty transfer syntaxes each.
func DefaultLimits() Limits {
	return Limits{PDU: 512 << 10, Items: 8 << 10, Contexts: 128, Command: 64 << 10, Elements: 256}
}

// Error says where one side sent what cannot be read and why, without quoting it.
type Error struct {
	From   Side
	Offset int64 // in what that side sent, or in the PDU or command set that was parsed
	Reason string
}

func (e *Error) Error() string {
	if e.From == Nobody {
		return fmt.Sprintf("dimse: at byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("dimse: %s, at byte %d: %s", e.From, e.Offset, e.Reason)
}

// fault makes an Error about a place in a text; whoever knows who sent the text, and where it stood, says so.
func fault(offset int, reason string) *Error {
	return &Error{From: Nobody, Offset: int64(offset), Reason: reason}
}

package dimse

import "bytes"

// Kind tells what a message is.
type Kind uint8

// The kinds of messages.
const (
	Requested    Kind = iota + 1 // an association was asked for
	Accepted                     // and accepted, on the whole: each context has its own result
	Rejected                     // or rejected
	Commanded                    // an order or an answer
	DataSet                      // a piece of the data set that follows one
	Broken                       // a data set will not come to its end
	ReleaseAsked                 // the end of the association was asked for
	Released                     // and granted
	Aborted                      // the association was ended at once
	Foreign                      // what this side sends is not DICOM; nothing more of it is read
	kinds        = iota + 1
)

// String returns the kind in a word or two.
func (k Kind) String() string {
	names := [kinds]string{"unknown", "association requested", "association accepted", "association rejected", "command", "data set",
		"broken data set", "release requested", "released", "aborted", "foreign"}
	if int(k) >= len(names) {
		k = 0
	}
	return names[k]
}

// Message is one thing that one side said. Which fields are filled hangs on Kind.
//
// Of a data set there are as many messages as its fragments and the network cut it into. The last of them says so; one
// that is broken off ends in a message of kind Broken instead, always. Nothing else of that side comes between.
type Message struct {
	Kind   Kind
	From   Side
	Offset int64 // in what that side sent: of the PDU, of the command's first fragment, of the piece

	PDU         PDU          // Requested and Accepted: Associate; Rejected: Reject; ReleaseAsked and Released: Release; Aborted: Abort
	Association *Association // as far as both sides were heard; nil when its beginning was not. Never changed afterwards

	Command *Command // Commanded; DataSet and Broken: the command that it follows
	Context Context  // of these: the context as it was agreed on, only its ID when that was not seen
	Data    []byte   // DataSet: valid until whatever gave the message is used again
	Before  int64    // DataSet and Broken: how many bytes of the data set came before
	Last    bool     // DataSet: the data set ends with Data

	Protocol string // Foreign: what it is instead, as far as its first bytes tell: tls, http, ssh, or empty
}

// guess names protocols by what they begin with.
func guess(head []byte) string {
	switch {
	case len(head) >= 2 && head[0] == 0x16 && head[1] == 3: // a handshake record, RFC 8446 5.1
		return "tls"
	case bytes.HasPrefix(head, []byte("SSH-")):
		return "ssh"
	}
	for _, begin := range []string{"GET ", "HEAD ", "POST ", "PUT ", "DELETE", "OPTION", "PATCH ", "CONNEC", "TRACE ", "PRI * ", "HTTP/"} {
		if bytes.HasPrefix(head, []byte(begin)) {
			return "http"
		}
	}
	return ""
}

package listener

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// said is what kind of thing a guest said; of an association, who called whom.
type said struct {
	kind            string // nothing when there was none
	calling, called string // as printable text
}

// The kinds.
const (
	nothing = ""
	unknown = "something else"
)

const (
	firstBytes = 512      // that tell the kind
	mostPDU    = 16 << 10 // bytes of the request for an association
)

// hear reads the first bytes of a guest, and refuses where the protocol has a way to. A door never speaks first.
func hear(rw io.ReadWriter) said {
	head := make([]byte, firstBytes)
	n, _ := io.ReadAtLeast(rw, head, 6) // fewer tell something as well
	s := kindOf(head[:n])
	if s.kind == "dicom" {
		s = association(head[:n], rw, s)
		reject := dimse.AppendPDU(nil, dimse.Reject{Result: 1, Source: 1, Reason: 7}) // called AE title not recognised (PS3.8 9.3.4)
		_, _ = rw.Write(reject)                                                       // the guest may be gone
	}
	return s
}

// kindOf tells what begins like this. It knows no more than a few protocols that are met in a hospital, and in the tools of those who search it.
func kindOf(b []byte) said {
	begins := func(s string) bool { return bytes.HasPrefix(b, []byte(s)) }
	switch {
	case len(b) == 0:
		return said{kind: nothing}
	case len(b) >= 6 && b[0] == 1 && b[1] == 0 && binary.BigEndian.Uint32(b[2:]) >= 68 && binary.BigEndian.Uint32(b[2:]) < 1<<20: // A-ASSOCIATE-RQ (PS3.8 9.3.2)
		return said{kind: "dicom"}
	case b[0] == 0x0b || begins("MSH|"): // start of a block (MLLP)
		return said{kind: "hl7"}
	case len(b) >= 6 && b[0] == 3 && b[1] == 0 && b[5]&0xf0 == 0xe0: // TPKT with a connection request (RFC 1006, X.224 13.3)
		return said{kind: "rdp"}
	case len(b) >= 8 && b[0] == 0 && (string(b[4:8]) == "\xffSMB" || string(b[4:8]) == "\xfeSMB"): // MS-SMB2 2.1
		return said{kind: "smb"}
	case begins("SSH-"):
		return said{kind: "ssh"}
	case len(b) >= 3 && b[0] == 0x16 && b[1] == 3:
		return said{kind: "tls"}
	case isHTTP(b):
		return said{kind: "http"}
	}
	return said{kind: unknown}
}

func isHTTP(b []byte) bool {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	for _, method := range [...]string{"GET ", "HEAD ", "POST ", "OPTIONS ", "PUT ", "CONNECT ", "PROPFIND "} {
		if bytes.HasPrefix(b, []byte(method)) && bytes.Contains(line, []byte(" ")) {
			return true
		}
	}
	return false
}

// association reads the rest of a request for an association, and who asks whom. What is no such request after all is something else.
func association(head []byte, r io.Reader, s said) said {
	whole := 6 + int(binary.BigEndian.Uint32(head[2:]))
	if whole > mostPDU {
		return said{kind: unknown}
	}
	if len(head) < whole {
		rest := make([]byte, whole-len(head))
		if _, err := io.ReadFull(r, rest); err != nil {
			return said{kind: unknown}
		}
		head = append(head, rest...)
	}
	pdu, err := dimse.Parse(head[:whole], dimse.DefaultLimits())
	rq, ok := pdu.(dimse.Associate)
	if err != nil || !ok {
		return said{kind: unknown}
	}
	s.calling, s.called = printable(rq.Calling), printable(rq.Called)
	return s
}

// printable is a title as it may be shown: what a guest calls itself is its own choice.
func printable(t dimse.Title) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, t.String())
}

package evidence

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/wardline/wardline/format/tlog"
)

// maxStamp is how many bytes each file of a time stamp may have.
const maxStamp = 64 << 10

// Stamp is what a time stamping authority (RFC 3161) answered when it was asked about a checkpoint, with the proof that a record's
// entry stands in that one. It shows that the record is at least that old, whoever else signed.
type Stamp struct {
	Proof    tlog.Proof // at the checkpoint that was stamped. Its Extra is the leaf of the entry.
	Request  []byte     // what the authority was asked: a TimeStampReq of the checkpoint's Imprint
	Response []byte     // what it answered, whole: a TimeStampResp
	Chain    []byte     // certificates from the authority's to a root, in PEM
}

// Stamped is what a time stamp says.
type Stamped struct {
	Time      time.Time
	Authority string // its name, as its certificate has it
	// Trusted tells whether an authority signed it that the reader of the bundle trusts.
	Trusted bool
}

// Imprint returns what a time stamp of a checkpoint is of: the SHA-256 of its text, the three lines that the journal
// signs. The signatures are not in it: the root alone decides what the journal held.
func Imprint(c tlog.Checkpoint) [sha256.Size]byte { return sha256.Sum256(c.Text()) }

// readStamp returns what a TimeStampResp is of and the time that it says. It takes the shortest way to both: nothing that is signed
// is checked. RFC 3161 2.4.2, RFC 5652 5.1
func readStamp(response []byte) (imprint []byte, at time.Time, err error) {
	refused := fmt.Errorf("%w: the time stamp cannot be read", ErrEvidence)
	if len(response) > maxStamp {
		return nil, time.Time{}, refused
	}
	var r struct {
		Status asn1.RawValue
		Token  struct {
			Type   asn1.ObjectIdentifier
			Signed struct {
				Version int
				Digests asn1.RawValue
				Content struct {
					Type asn1.ObjectIdentifier
					Info []byte `asn1:"explicit,tag:0"`
				}
			} `asn1:"explicit,tag:0"`
		}
	}
	if rest, err := asn1.Unmarshal(response, &r); err != nil || len(rest) > 0 {
		return nil, time.Time{}, refused
	}
	var info struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint struct {
			Algorithm pkix.AlgorithmIdentifier
			Hash      []byte
		}
		Serial *big.Int
		Time   time.Time `asn1:"generalized"`
	}
	sha256ID := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	if rest, err := asn1.Unmarshal(r.Token.Signed.Content.Info, &info); err != nil || len(rest) > 0 || !info.Imprint.Algorithm.Algorithm.Equal(sha256ID) {
		return nil, time.Time{}, refused
	}
	return info.Imprint.Hash, info.Time, nil
}

// stampFiles are the names of what shows the stamp of a record.
func stampFiles(name string) (proof, request, response, chain string) {
	base := "stamps/" + name
	return base + ".tlog-proof", base + ".tsq", base + ".tsr", base + ".pem"
}

// files are what shows the stamp of a record.
func (s *Stamp) files(name string) []file {
	proof, request, response, chain := stampFiles(name)
	p := s.Proof
	p.Extra = nil // the leaf is beside it
	return []file{{proof, p.Bytes()}, {request, s.Request}, {response, s.Response}, {chain, s.Chain}}
}

// stamped counts the records of a bundle that have a stamp.
func stamped(files []file) (n int) {
	for _, f := range files {
		if strings.HasPrefix(f.name, "stamps/") && strings.HasSuffix(f.name, ".tsr") {
			n++
		}
	}
	return n
}

// stamp checks what an authority of time stamps says of a record, if the bundle has it.
func (v *verifier) stamp(name string, o *Object, leafText []byte) {
	what := name + "when an authority stamped the journal"
	proofName, requestName, responseName, chainName := stampFiles(o.Name)
	text := v.file(proofName)
	s := Stamp{Request: v.file(requestName), Response: v.file(responseName), Chain: v.file(chainName)}
	if text == nil && s.Request == nil && s.Response == nil && s.Chain == nil {
		if v.trust.Stamped {
			v.say(Fails, what, "you ask for a time stamp, and there is none")
		}
		return
	}
	_, point, err := v.stands(text, o, leafText)
	if !v.settle(name+"its entry stands in the journal that was stamped", err, "number %d of %d", o.Entry, point.Size) {
		return
	}
	imprint, at, err := readStamp(s.Response)
	want := Imprint(point)
	if err == nil && !bytes.Equal(imprint, want[:]) {
		err = fmt.Errorf("%w: the stamp is of something else", ErrEvidence)
	}
	if err == nil && (len(s.Request) == 0 || len(s.Chain) == 0 || len(s.Request) > maxStamp || len(s.Chain) > maxStamp) {
		err = fmt.Errorf("%w: the request or the certificates of the stamp are missing, or too long", ErrEvidence)
	}
	said := Stamped{}
	if err == nil && v.trust.Stamp != nil {
		if said, err = v.trust.Stamp(s, want); err == nil && !said.Time.Equal(at) {
			err = fmt.Errorf("%w: the stamp has two times", ErrEvidence)
		}
	}
	if !plain(said.Authority) { // it is shown to people, and anybody can name an authority
		said.Authority = "an authority without a name that can be shown"
	}
	switch {
	case err != nil:
		v.say(Fails, what, "%s", reason(err))
	case said.Trusted:
		v.say(Holds, what, "%s on %s", said.Authority, day(at))
	case v.trust.Stamped:
		v.say(Fails, what, "it is not of an authority that you trust")
	case v.trust.Stamp != nil:
		v.say(Unasked, what, "on %s, says a signature of %s; not checked against an authority that you trust", day(at), said.Authority)
	default:
		v.say(Unasked, what, "on %s, it says; whose it is was not looked at: step 7 of docs/verify-by-hand.md does, with openssl", day(at))
	}
}

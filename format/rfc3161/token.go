package rfc3161

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// maxCertificates is how many certificates a response may have.
const maxCertificates = 16

// Token is what an authority signed. That it was read says nothing about whether the signature holds: see Verify.
type Token struct {
	Digest   [sha256.Size]byte
	Time     time.Time
	Accuracy time.Duration // how far the time may be off, as the authority says; 0: it does not say
	Serial   *big.Int      // of the stamp, among those of the authority
	Policy   string        // the authority's, as numbers with dots
	Nonce    *big.Int      // of the request; nil if there is none

	text         []byte // the token itself, a ContentInfo
	content      []byte // TSTInfo
	signer       signer
	certificates []*x509.Certificate
}

// signer is the one SignerInfo.
type signer struct {
	issuer    []byte // DER of the name, with serial; or key
	serial    *big.Int
	key       []byte // SubjectKeyIdentifier
	digest    asn1.ObjectIdentifier
	algorithm asn1.ObjectIdentifier
	signature []byte

	attributes    []byte // SET OF, as it is signed
	contentType   asn1.ObjectIdentifier
	messageDigest []byte
	certificate   essCertificate
}

// essCertificate names the certificate of the signer within what is signed. RFC 5035 3 and 4
type essCertificate struct {
	hash   asn1.ObjectIdentifier
	sum    []byte
	issuer []byte // GeneralNames; nil if it is not said
	serial *big.Int
}

// RefusedError says that the authority gave no stamp.
type RefusedError struct{ Status int64 }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the authority gave no time stamp: status %d", e.Status)
}

// ParseResponse reads the answer to a Request. It returns a *RefusedError when the authority gave no stamp. RFC 3161 2.4.2
func ParseResponse(text []byte) (*Token, error) {
	if len(text) > MaxResponse {
		return nil, fmt.Errorf("%w: a response of %d bytes, at most %d are read", ErrForm, len(text), MaxResponse)
	}
	input := cryptobyte.String(text)
	var body, info cryptobyte.String
	var status int64
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() || !body.ReadASN1(&info, der.SEQUENCE) || !info.ReadASN1Integer(&status) {
		return nil, fmt.Errorf("%w: the response has no status", ErrForm)
	}
	if status != 0 && status != 1 { // granted, grantedWithMods
		return nil, &RefusedError{status}
	}
	return ParseToken(body)
}

// ParseToken reads what is within a response. RFC 5652 3 and 5
func ParseToken(text []byte) (*Token, error) {
	if len(text) > MaxResponse {
		return nil, fmt.Errorf("%w: a token of %d bytes, at most %d are read", ErrForm, len(text), MaxResponse)
	}
	input := cryptobyte.String(text)
	var info, inner, signed cryptobyte.String
	var kind asn1.ObjectIdentifier
	explicit := der.Tag(0).ContextSpecific().Constructed()
	if !input.ReadASN1(&info, der.SEQUENCE) || !input.Empty() || !info.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oid(1, 2, 840, 113549, 1, 7, 2)) ||
		!info.ReadASN1(&inner, explicit) || !info.Empty() || !inner.ReadASN1(&signed, der.SEQUENCE) || !inner.Empty() {
		return nil, fmt.Errorf("%w: no signed data", ErrForm)
	}
	t := &Token{text: bytes.Clone(text)}
	if err := t.readSigned(&signed); err != nil {
		return nil, err
	}
	if err := t.readInfo(); err != nil {
		return nil, err
	}
	return t, nil
}

// Bytes returns the token as it was read.
func (t *Token) Bytes() []byte { return bytes.Clone(t.text) }

// oidInfo is id-ct-TSTInfo.
func oidInfo() asn1.ObjectIdentifier { return oid(1, 2, 840, 113549, 1, 9, 16, 1, 4) }

func (t *Token) readSigned(s *cryptobyte.String) error {
	var version int64
	var digests, encapsulated, explicit, content, certificates, signers cryptobyte.String
	var kind asn1.ObjectIdentifier
	var has bool
	tag := func(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }
	if !s.ReadASN1Integer(&version) || !s.ReadASN1(&digests, der.SET) || !s.ReadASN1(&encapsulated, der.SEQUENCE) {
		return fmt.Errorf("%w: the signed data has no content", ErrForm)
	}
	if !encapsulated.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidInfo()) || !encapsulated.ReadASN1(&explicit, tag(0)) ||
		!explicit.ReadASN1(&content, der.OCTET_STRING) || !explicit.Empty() || !encapsulated.Empty() {
		return fmt.Errorf("%w: what is signed is none", ErrForm)
	}
	t.content = content
	if !s.ReadOptionalASN1(&certificates, &has, tag(0)) || !s.SkipOptionalASN1(tag(1)) || !s.ReadASN1(&signers, der.SET) || !s.Empty() {
		return fmt.Errorf("%w: the certificates or the signers cannot be read", ErrForm)
	}
	for !certificates.Empty() {
		var raw cryptobyte.String
		if !certificates.ReadASN1Element(&raw, der.SEQUENCE) || len(t.certificates) == maxCertificates {
			return fmt.Errorf("%w: a certificate cannot be read, or is one too many", ErrForm)
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return fmt.Errorf("%w: certificate %d cannot be read", ErrForm, len(t.certificates)+1)
		}
		t.certificates = append(t.certificates, c)
	}
	var one cryptobyte.String
	if !signers.ReadASN1(&one, der.SEQUENCE) || !signers.Empty() || !t.signer.read(&one) { // RFC 3161 2.4.2: of the authority alone
		return fmt.Errorf("%w: there is not one signer that can be read", ErrForm)
	}
	return nil
}

func (s *signer) read(in *cryptobyte.String) bool {
	var version int64
	tag := der.Tag(0).ContextSpecific()
	if !in.ReadASN1Integer(&version) {
		return false
	}
	if in.PeekASN1Tag(tag) {
		var key cryptobyte.String
		if !in.ReadASN1(&key, tag) {
			return false
		}
		s.key = key
	} else {
		var id, issuer cryptobyte.String
		if !in.ReadASN1(&id, der.SEQUENCE) || !id.ReadASN1Element(&issuer, der.SEQUENCE) {
			return false
		}
		serial := new(big.Int)
		if !id.ReadASN1Integer(serial) || !id.Empty() {
			return false
		}
		s.issuer, s.serial = issuer, serial
	}
	var ok bool
	var attributes, signature cryptobyte.String
	if s.digest, ok = readAlgorithm(in); !ok || !in.ReadASN1Element(&attributes, tag.Constructed()) {
		return false // RFC 3161 2.4.2: there are signed attributes
	}
	// What is signed has the tag of a SET. RFC 5652 5.4
	s.attributes = slices.Concat([]byte{byte(der.SET)}, attributes[1:])
	if s.algorithm, ok = readAlgorithm(in); !ok || !in.ReadASN1(&signature, der.OCTET_STRING) ||
		!in.SkipOptionalASN1(der.Tag(1).ContextSpecific().Constructed()) || !in.Empty() {
		return false
	}
	s.signature = signature
	return s.readAttributes()
}

func (s *signer) readAttributes() bool {
	in := cryptobyte.String(s.attributes)
	var set cryptobyte.String
	if !in.ReadASN1(&set, der.SET) {
		return false
	}
	seen := map[string]bool{}
	for !set.Empty() {
		var attribute, values cryptobyte.String
		var kind asn1.ObjectIdentifier
		if !set.ReadASN1(&attribute, der.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&kind) || !attribute.ReadASN1(&values, der.SET) || !attribute.Empty() {
			return false
		}
		if seen[kind.String()] { // RFC 5652 5.3: each once
			return false
		}
		seen[kind.String()] = true
		if !s.readAttribute(kind.String(), values) {
			return false
		}
	}
	return s.contentType != nil && s.messageDigest != nil && s.certificate.sum != nil
}

func (s *signer) readAttribute(kind string, values cryptobyte.String) bool {
	switch kind {
	case "1.2.840.113549.1.9.3":
		return values.ReadASN1ObjectIdentifier(&s.contentType) && values.Empty()
	case "1.2.840.113549.1.9.4":
		var sum cryptobyte.String
		ok := values.ReadASN1(&sum, der.OCTET_STRING) && values.Empty()
		s.messageDigest = sum
		return ok
	case "1.2.840.113549.1.9.16.2.12":
		if s.certificate.sum != nil { // that of RFC 5816 counts, if there are both
			return true
		}
		return s.certificate.read(values, oid(1, 3, 14, 3, 2, 26), false)
	case "1.2.840.113549.1.9.16.2.47":
		return s.certificate.read(values, oidSHA256(), true)
	}
	return true
}

// read reads the first of the certificates that are named, which is the signer's. hash is what counts if none is said.
func (e *essCertificate) read(values cryptobyte.String, hash asn1.ObjectIdentifier, second bool) bool {
	var attribute, list, one, sum, id, issuer cryptobyte.String
	if !values.ReadASN1(&attribute, der.SEQUENCE) || !values.Empty() || !attribute.ReadASN1(&list, der.SEQUENCE) || !list.ReadASN1(&one, der.SEQUENCE) {
		return false
	}
	*e = essCertificate{hash: hash}
	var ok bool
	if second && one.PeekASN1Tag(der.SEQUENCE) {
		if e.hash, ok = readAlgorithm(&one); !ok {
			return false
		}
	}
	if !one.ReadASN1(&sum, der.OCTET_STRING) || len(sum) == 0 {
		return false
	}
	e.sum = sum
	if one.Empty() {
		return true
	}
	e.serial = new(big.Int)
	if !one.ReadASN1(&id, der.SEQUENCE) || !one.Empty() || !id.ReadASN1(&issuer, der.SEQUENCE) || !id.ReadASN1Integer(e.serial) || !id.Empty() {
		return false
	}
	e.issuer = issuer
	return true
}

// readInfo reads the content, a TSTInfo. RFC 3161 2.4.2
func (t *Token) readInfo() error {
	input := cryptobyte.String(t.content)
	var body, when cryptobyte.String
	var version int64
	var policy asn1.ObjectIdentifier
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 || !body.ReadASN1ObjectIdentifier(&policy) {
		return fmt.Errorf("%w: the content is none of version 1", ErrForm)
	}
	t.Policy = policy.String()
	var ok bool
	if t.Digest, ok = readImprint(&body); !ok {
		return fmt.Errorf("%w: the stamp is not of a SHA-256 digest", ErrForm)
	}
	if t.Serial, ok = readNumber(&body); !ok || !body.ReadASN1(&when, der.GeneralizedTime) {
		return fmt.Errorf("%w: the stamp has no number or no time", ErrForm)
	}
	if t.Time, ok = parseTime(string(when)); !ok {
		return fmt.Errorf("%w: the time of the stamp is none", ErrForm)
	}
	if t.Accuracy, ok = readAccuracy(&body); !ok {
		return fmt.Errorf("%w: the accuracy of the stamp is none", ErrForm)
	}
	if body.PeekASN1Tag(der.BOOLEAN) { // ordering: nothing is made of it
		var ordering bool
		if !body.ReadASN1Boolean(&ordering) {
			return fmt.Errorf("%w: the ordering is neither true nor false", ErrForm)
		}
	}
	if t.Nonce, ok = readNonce(&body); !ok {
		return fmt.Errorf("%w: the nonce is too long", ErrForm)
	}
	// Extensions may be critical (RFC 3161 2.4.2); none is known here, so a stamp with any is refused.
	if !body.SkipOptionalASN1(der.Tag(0).ContextSpecific().Constructed()) || !body.Empty() {
		return fmt.Errorf("%w: the stamp says more than is understood", ErrForm)
	}
	return nil
}

// parseTime reads the time of a stamp, in its one form: no zeros at the end of a fraction. RFC 3161 2.4.2
func parseTime(text string) (time.Time, bool) {
	const form = "20060102150405.999999999Z"
	at, err := time.Parse(form, text)
	return at, err == nil && at.Format(form) == text
}

// readAccuracy reads seconds, thousandths and millionths, each of which may be missing.
func readAccuracy(s *cryptobyte.String) (time.Duration, bool) {
	if !s.PeekASN1Tag(der.SEQUENCE) {
		return 0, true
	}
	var body cryptobyte.String
	if !s.ReadASN1(&body, der.SEQUENCE) {
		return 0, false
	}
	var sum time.Duration
	if body.PeekASN1Tag(der.INTEGER) {
		var seconds int64
		if !body.ReadASN1Integer(&seconds) || seconds < 0 || seconds > 1<<31 {
			return 0, false
		}
		sum = time.Duration(seconds) * time.Second
	}
	for n, unit := range []time.Duration{time.Millisecond, time.Microsecond} {
		tag := der.Tag(n).ContextSpecific()
		if !body.PeekASN1Tag(tag) {
			continue
		}
		var part int64
		if !body.ReadASN1Int64WithTag(&part, tag) || part < 1 || part > 999 {
			return 0, false
		}
		sum += time.Duration(part) * unit
	}
	return sum, body.Empty()
}

package rfc3161

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // that older authorities name their certificate by
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// ErrStamp says that a time stamp does not prove what it should.
var ErrStamp = errors.New("not stamped")

// Trust says whose time stamps are believed.
type Trust struct {
	Roots *x509.CertPool
	// Intermediates are certificates on the way to a root that the authority does not send. It may be nil.
	Intermediates []*x509.Certificate
}

// Verify checks that an authority that is trusted signed the stamp, that it is one of this request, and that the
// authority's certificate was valid then. It returns the certificates from the authority's to the root. A request without
// a nonce matches a stamp with or without one: that is for old stamps, of which nobody kept the request.
func (t *Token) Verify(r Request, trust Trust) ([]*x509.Certificate, error) {
	if t.Digest != r.Digest {
		return nil, fmt.Errorf("%w: the stamp is of something else", ErrStamp)
	}
	if r.Nonce != nil && (t.Nonce == nil || t.Nonce.Cmp(r.Nonce) != 0) {
		return nil, fmt.Errorf("%w: the stamp is the answer to another request", ErrStamp)
	}
	c := t.certificate()
	if c == nil {
		return nil, fmt.Errorf("%w: the certificate of the authority is not there, or not the one that it signed for", ErrStamp)
	}
	if err := t.signed(c); err != nil {
		return nil, err
	}
	if !onlyForStamps(c) {
		return nil, fmt.Errorf("%w: the certificate is not one for time stamps alone", ErrStamp)
	}
	others := x509.NewCertPool()
	for _, other := range append(t.certificates[:len(t.certificates):len(t.certificates)], trust.Intermediates...) {
		others.AddCert(other)
	}
	if trust.Roots == nil { // or those of the machine would do
		return nil, fmt.Errorf("%w: nobody is trusted", ErrStamp)
	}
	chains, err := c.Verify(x509.VerifyOptions{Roots: trust.Roots, Intermediates: others, CurrentTime: t.Time,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return nil, fmt.Errorf("%w: the certificate of the authority leads to no root that is trusted, or was not valid then", ErrStamp)
	}
	return chains[0], nil
}

// certificate returns the certificate of the signer: the one that it is named by, inside of what is signed and outside.
func (t *Token) certificate() *x509.Certificate {
	for _, c := range t.certificates {
		if t.signer.names(c) && t.signer.certificate.names(c) {
			return c
		}
	}
	return nil
}

func (s *signer) names(c *x509.Certificate) bool {
	if s.serial == nil {
		return len(s.key) > 0 && bytes.Equal(s.key, c.SubjectKeyId)
	}
	return bytes.Equal(s.issuer, c.RawIssuer) && s.serial.Cmp(c.SerialNumber) == 0
}

// names compares the hash, and issuer and number if they are said. RFC 5035 5
func (e *essCertificate) names(c *x509.Certificate) bool {
	hash, known := hashes(e.hash)
	if !known || !bytes.Equal(e.sum, sum(hash, c.Raw)) {
		return false
	}
	return e.serial == nil || e.serial.Cmp(c.SerialNumber) == 0 && namesIssuer(e.issuer, c.RawIssuer)
}

// namesIssuer tells whether GeneralNames are the one directoryName.
func namesIssuer(names cryptobyte.String, issuer []byte) bool {
	var name cryptobyte.String
	return names.ReadASN1(&name, der.Tag(4).ContextSpecific().Constructed()) && names.Empty() && bytes.Equal(name, issuer)
}

// signed checks the attributes against the content, and the signature against the attributes. RFC 5652 5.4 and 5.6
func (t *Token) signed(c *x509.Certificate) error {
	s := &t.signer
	hash, known := hashes(s.digest)
	if !known || hash == crypto.SHA1 || !s.contentType.Equal(oidInfo()) || !bytes.Equal(s.messageDigest, sum(hash, t.content)) {
		return fmt.Errorf("%w: the content is not what was signed", ErrStamp)
	}
	algorithm := signatureAlgorithm(s.algorithm, hash)
	if algorithm == x509.UnknownSignatureAlgorithm {
		return fmt.Errorf("%w: the signature is of a kind that is not known here", ErrStamp)
	}
	if err := c.CheckSignature(algorithm, s.attributes, s.signature); err != nil {
		return fmt.Errorf("%w: the signature does not hold", ErrStamp)
	}
	return nil
}

func sum(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b)
	return h.Sum(nil)
}

func hashes(id asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch id.String() {
	case "1.3.14.3.2.26":
		return crypto.SHA1, true
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, true
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, true
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, true
	}
	return 0, false
}

// signatureAlgorithm tells how a signature was made. Some authorities name the key's algorithm alone, others the hash with it; then
// both must agree. RFC 3370, RFC 5754, RFC 8419
func signatureAlgorithm(id asn1.ObjectIdentifier, hash crypto.Hash) x509.SignatureAlgorithm {
	type kind struct {
		id   string
		hash crypto.Hash
	}
	switch (kind{id.String(), hash}) {
	case kind{"1.2.840.113549.1.1.1", crypto.SHA256}, kind{"1.2.840.113549.1.1.11", crypto.SHA256}:
		return x509.SHA256WithRSA
	case kind{"1.2.840.113549.1.1.1", crypto.SHA384}, kind{"1.2.840.113549.1.1.12", crypto.SHA384}:
		return x509.SHA384WithRSA
	case kind{"1.2.840.113549.1.1.1", crypto.SHA512}, kind{"1.2.840.113549.1.1.13", crypto.SHA512}:
		return x509.SHA512WithRSA
	case kind{"1.2.840.113549.1.1.10", crypto.SHA256}:
		return x509.SHA256WithRSAPSS
	case kind{"1.2.840.113549.1.1.10", crypto.SHA384}:
		return x509.SHA384WithRSAPSS
	case kind{"1.2.840.113549.1.1.10", crypto.SHA512}:
		return x509.SHA512WithRSAPSS
	case kind{"1.2.840.10045.4.3.2", crypto.SHA256}:
		return x509.ECDSAWithSHA256
	case kind{"1.2.840.10045.4.3.3", crypto.SHA384}:
		return x509.ECDSAWithSHA384
	case kind{"1.2.840.10045.4.3.4", crypto.SHA512}:
		return x509.ECDSAWithSHA512
	case kind{"1.3.101.112", crypto.SHA512}:
		return x509.PureEd25519
	}
	return x509.UnknownSignatureAlgorithm
}

// onlyForStamps tells whether a certificate is for time stamps and nothing else, and says so in a critical extension. RFC 3161 2.3
func onlyForStamps(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return false
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(oid(2, 5, 29, 37)) {
			return e.Critical
		}
	}
	return false
}

// NewNonce makes a nonce of 16 random bytes.
func NewNonce(random [16]byte) *big.Int { return new(big.Int).SetBytes(random[:]) }

// Package rfc3161 reads and checks time stamps: statements of an authority outside of the hospital that it saw something at
// a certain time. With one of a checkpoint, nobody can say later that the log was written afterwards.
//
// The authority is sent a SHA-256 digest and nothing else. What it signs (RFC 3161, RFC 5816) names the digest and the time. Keep the
// whole response: it holds the certificates that Verify needs, and only the root is somebody's to trust.
//
// What this package does not do: it asks nobody whether a certificate was revoked, and it reads DER alone, not BER.
package rfc3161

import (
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	// MaxRequest and MaxResponse are how many bytes are read.
	MaxRequest  = 4 << 10
	MaxResponse = 64 << 10
	// ContentTypeRequest and ContentTypeResponse are those of RFC 3161 3.4, for HTTP.
	ContentTypeRequest  = "application/timestamp-query"
	ContentTypeResponse = "application/timestamp-reply"

	maxNonce = 32 // bytes
)

// ErrForm says that bytes are not what RFC 3161 describes.
var ErrForm = errors.New("not a time stamp")

// Request asks an authority to sign a digest with the time, and to send its certificates.
type Request struct {
	Digest [sha256.Size]byte
	// Nonce is a random number that the answer must repeat, so that it cannot be an older one. Nil asks for none.
	Nonce *big.Int
}

// oid writes an object identifier as a constant of the package would be, if Go had such.
func oid(arcs ...int) asn1.ObjectIdentifier { return arcs }

func oidSHA256() asn1.ObjectIdentifier { return oid(2, 16, 840, 1, 101, 3, 4, 2, 1) }

// Bytes returns the request in DER. RFC 3161 2.4.1
func (r Request) Bytes() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidSHA256())
				b.AddASN1NULL()
			})
			b.AddASN1OctetString(r.Digest[:])
		})
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
		b.AddASN1Boolean(true) // certReq: without the certificates it cannot be checked later
	})
	text, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write a request for a time stamp: %w", err)
	}
	return text, nil
}

// ParseRequest reads a request as this package writes it: of a SHA-256 digest, with the wish for certificates, without a policy
// and extensions.
func ParseRequest(text []byte) (Request, error) {
	if len(text) > MaxRequest {
		return Request{}, fmt.Errorf("%w: a request of %d bytes, at most %d are read", ErrForm, len(text), MaxRequest)
	}
	input := cryptobyte.String(text)
	var body cryptobyte.String
	var version int64
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 {
		return Request{}, fmt.Errorf("%w: no request of version 1", ErrForm)
	}
	digest, ok := readImprint(&body)
	if !ok {
		return Request{}, fmt.Errorf("%w: the request has no SHA-256 digest", ErrForm)
	}
	nonce, ok := readNonce(&body)
	if !ok {
		return Request{}, fmt.Errorf("%w: the request's nonce is too long, or below 0", ErrForm)
	}
	var certificates bool
	if !body.ReadASN1Boolean(&certificates) || !certificates || !body.Empty() {
		return Request{}, fmt.Errorf("%w: the request wants no certificates, or more than that", ErrForm)
	}
	return Request{digest, nonce}, nil
}

// readImprint reads a MessageImprint of SHA-256.
func readImprint(s *cryptobyte.String) (digest [sha256.Size]byte, ok bool) {
	var imprint, hash cryptobyte.String
	if !s.ReadASN1(&imprint, der.SEQUENCE) {
		return digest, false
	}
	algorithm, ok := readAlgorithm(&imprint)
	if !ok || !algorithm.Equal(oidSHA256()) || !imprint.ReadASN1(&hash, der.OCTET_STRING) || !imprint.Empty() || len(hash) != len(digest) {
		return digest, false
	}
	return [sha256.Size]byte(hash), true
}

// readAlgorithm reads an AlgorithmIdentifier. Parameters are NULL or missing, but for those of signatures, which are not looked at.
func readAlgorithm(s *cryptobyte.String) (asn1.ObjectIdentifier, bool) {
	var algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	if !s.ReadASN1(&algorithm, der.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) {
		return nil, false
	}
	if !algorithm.Empty() && !algorithm.SkipASN1(der.NULL) && !algorithm.SkipASN1(der.SEQUENCE) {
		return nil, false
	}
	return id, algorithm.Empty()
}

// readNonce reads a number that may be missing.
func readNonce(s *cryptobyte.String) (*big.Int, bool) {
	if !s.PeekASN1Tag(der.INTEGER) {
		return nil, true
	}
	return readNumber(s)
}

// readNumber reads a number that is not below 0 and not longer than any serial number or nonce should be.
func readNumber(s *cryptobyte.String) (*big.Int, bool) {
	n := new(big.Int)
	if !s.ReadASN1Integer(n) || n.Sign() < 0 || n.BitLen() > 8*maxNonce {
		return nil, false
	}
	return n, true
}

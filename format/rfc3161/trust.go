package rfc3161

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// MaxTrust is how many bytes of certificates ParseTrust reads.
const MaxTrust = 64 << 10

// ParseTrust reads the certificates of an authority, in PEM. Those that signed themselves are roots, of which there must be one, the
// others lie on the way to one. There must be nothing else in the text but comments between certificates.
func ParseTrust(text []byte) (Trust, error) {
	if len(text) > MaxTrust {
		return Trust{}, fmt.Errorf("%w: certificates of %d bytes, at most %d are read", ErrForm, len(text), MaxTrust)
	}
	var all, roots []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if len(all) == maxCertificates {
			return Trust{}, fmt.Errorf("%w: more than %d certificates", ErrForm, maxCertificates)
		}
		if block.Type != "CERTIFICATE" {
			return Trust{}, fmt.Errorf("%w: block %d of the PEM text is none of a certificate", ErrForm, len(all)+1)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Trust{}, fmt.Errorf("%w: certificate %d of the PEM text cannot be read", ErrForm, len(all)+1)
		}
		all = append(all, c)
		if bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			roots = append(roots, c)
		}
	}
	if len(all) == 0 {
		return Trust{}, fmt.Errorf("%w: there is no certificate in PEM", ErrForm)
	}
	if len(roots) == 0 {
		return Trust{}, fmt.Errorf("%w: none of the %d certificates is a root", ErrForm, len(all))
	}
	t := Trust{Roots: x509.NewCertPool(), Intermediates: all}
	for _, c := range roots {
		t.Roots.AddCert(c)
	}
	return t, nil
}

// FormatChain writes certificates in PEM, as ParseTrust reads them.
func FormatChain(chain []*x509.Certificate) []byte {
	var text []byte
	for _, c := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

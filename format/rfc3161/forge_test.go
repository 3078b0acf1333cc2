package rfc3161_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/wardline/wardline/format/rfc3161"
)

// forger is an authority that signs what OpenSSL would not. Its fields are spoiled by the tests before it signs.
type forger struct {
	usages   []asn1.ObjectIdentifier
	critical bool
	expired  bool
	time     string
	content  asn1.ObjectIdentifier // what the attributes say
	tail     []byte                // behind the nonce of the content
	ess      []byte                // instead of the hash of the certificate
	issuer   []byte                // the name in issuerSerial
	double   bool                  // two times the same attribute
	noESS    bool
	wrongSum bool // of the content
	version  int64
	signers  int
	serial   int64        // that the signer names its certificate by
	spoil    func([]byte) // the signature
}

func newForger() forger {
	return forger{usages: []asn1.ObjectIdentifier{stamping()}, critical: true, time: "20261126120000.5Z", version: 1, signers: 1, serial: 5,
		content: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}}
}

// sign returns a token and whom to trust.
func (f forger) sign(t *testing.T) ([]byte, *x509.CertPool) {
	t.Helper()
	key := p256(t)
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	usages, err := asn1.Marshal(f.usages)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "Invented Forger"}, NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: f.critical, Value: usages}}}
	if f.expired {
		c.NotAfter = noon
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	content := f.info(t)
	attributes := f.attributes(t, c, content)
	digest := sha256.Sum256(attributes)
	signature, err := ecdsa.SignASN1(rand.Reader, key.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if f.spoil != nil {
		f.spoil(signature)
	}
	return f.token(t, c, content, attributes, signature), pool
}

func build(t *testing.T, f func(*cryptobyte.Builder)) []byte {
	t.Helper()
	var b cryptobyte.Builder
	f(&b)
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func algorithm(b *cryptobyte.Builder, id ...int) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(id) })
}

func sha(b *cryptobyte.Builder) { algorithm(b, 2, 16, 840, 1, 101, 3, 4, 2, 1) }

func (f forger) info(t *testing.T) []byte {
	t.Helper()
	return build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(f.version)
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 3})
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				sha(b)
				digest := request().Digest
				b.AddASN1OctetString(digest[:])
			})
			b.AddASN1Int64(1)
			b.AddASN1(tag.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(f.time)) })
			b.AddASN1BigInt(request().Nonce)
			b.AddBytes(f.tail)
		})
	})
}

// attributes returns the SET OF that is signed.
func (f forger) attributes(t *testing.T, c *x509.Certificate, content []byte) []byte {
	t.Helper()
	attribute := func(value func(*cryptobyte.Builder), id ...int) []byte {
		return build(t, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(id)
				b.AddASN1(tag.SET, value)
			})
		})
	}
	sum := sha256.Sum256(content)
	if f.wrongSum {
		sum[0] ^= 1
	}
	ess := sha256.Sum256(c.Raw)
	if f.ess != nil {
		copy(ess[:], f.ess)
	}
	issuer := c.RawIssuer
	if f.issuer != nil {
		issuer = f.issuer
	}
	list := [][]byte{
		attribute(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(f.content) }, 1, 2, 840, 113549, 1, 9, 3),
		attribute(func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum[:]) }, 1, 2, 840, 113549, 1, 9, 4),
	}
	if !f.noESS {
		list = append(list, attribute(func(b *cryptobyte.Builder) { certificateID(b, ess[:], issuer) }, 1, 2, 840, 113549, 1, 9, 16, 2, 47))
	}
	if f.double {
		list = append(list, list[1])
	}
	slices.SortFunc(list, bytes.Compare)
	return build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SET, func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(list...)) })
	})
}

// certificateID is a SigningCertificateV2 of one certificate.
func certificateID(b *cryptobyte.Builder, sum, issuer []byte) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(sum)
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(tag.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(issuer) })
					})
					b.AddASN1Int64(5)
				})
			})
		})
	})
}

func (f forger) token(t *testing.T, c *x509.Certificate, content, attributes, signature []byte) []byte {
	t.Helper()
	explicit := tag.Tag(0).ContextSpecific().Constructed()
	signer := build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1)
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(c.RawIssuer)
				b.AddASN1Int64(f.serial)
			})
			sha(b)
			b.AddBytes(append([]byte{0xa0}, attributes[1:]...))
			algorithm(b, 1, 2, 840, 10045, 4, 3, 2)
			b.AddASN1OctetString(signature)
		})
	})
	return build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})
			b.AddASN1(explicit, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(3)
					b.AddASN1(tag.SET, sha)
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4})
						b.AddASN1(explicit, func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
					})
					b.AddASN1(explicit, func(b *cryptobyte.Builder) { b.AddBytes(c.Raw) })
					b.AddASN1(tag.SET, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Repeat(signer, f.signers)) })
				})
			})
		})
	})
}

// TestWhatNoHonestAuthoritySigns is refused, though each signature but one holds.
func TestWhatNoHonestAuthoritySigns(t *testing.T) {
	seconds := []byte{0xa1, 2, 5, 0} // extensions
	for name, test := range map[string]struct {
		spoil func(*forger)
		want  error
	}{
		"nothing is wrong":                   {func(*forger) {}, nil},
		"an issuer's name of its own":        {func(f *forger) { f.issuer = []byte{0x30, 0} }, rfc3161.ErrStamp},
		"a certificate for programs too":     {func(f *forger) { f.usages = append(f.usages, otherUsage()) }, rfc3161.ErrStamp},
		"a certificate for more":             {func(f *forger) { f.usages = append(f.usages, asn1.ObjectIdentifier{1, 2, 3}) }, rfc3161.ErrStamp},
		"a certificate for programs":         {func(f *forger) { f.usages = []asn1.ObjectIdentifier{otherUsage()} }, rfc3161.ErrStamp},
		"a usage that is not critical":       {func(f *forger) { f.critical = false }, rfc3161.ErrStamp},
		"a certificate that was not valid":   {func(f *forger) { f.expired = true }, rfc3161.ErrStamp},
		"a signer of another number":         {func(f *forger) { f.serial = 6 }, rfc3161.ErrStamp},
		"a certificate that is another":      {func(f *forger) { f.ess = []byte{1, 2, 3} }, rfc3161.ErrStamp},
		"no certificate that it signed for":  {func(f *forger) { f.noESS = true }, rfc3161.ErrForm},
		"another content":                    {func(f *forger) { f.wrongSum = true }, rfc3161.ErrStamp},
		"a content of another kind":          {func(f *forger) { f.content = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1} }, rfc3161.ErrStamp},
		"an attribute twice":                 {func(f *forger) { f.double = true }, rfc3161.ErrForm},
		"two signers":                        {func(f *forger) { f.signers = 2 }, rfc3161.ErrForm},
		"no signer":                          {func(f *forger) { f.signers = 0 }, rfc3161.ErrForm},
		"another version":                    {func(f *forger) { f.version = 2 }, rfc3161.ErrForm},
		"extensions":                         {func(f *forger) { f.tail = seconds }, rfc3161.ErrForm},
		"a time with zeros at the end":       {func(f *forger) { f.time = "20261126120000.50Z" }, rfc3161.ErrForm},
		"a time in a zone":                   {func(f *forger) { f.time = "20261126120000+0100" }, rfc3161.ErrForm},
		"a time without seconds":             {func(f *forger) { f.time = "202611261200Z" }, rfc3161.ErrForm},
		"a signature that does not hold":     {func(f *forger) { f.spoil = func(b []byte) { b[len(b)-1] ^= 1 } }, rfc3161.ErrStamp},
		"a time that is on the day after":    {func(f *forger) { f.time = "20261127120000Z" }, rfc3161.ErrStamp},
		"a time before the certificate was":  {func(f *forger) { f.time = "20261126100000Z" }, rfc3161.ErrStamp},
		"a thirteenth month":                 {func(f *forger) { f.time = "20261326120000Z" }, rfc3161.ErrForm},
		"a time in the certificate's last s": {func(f *forger) { f.time = "20261126130000Z" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForger()
			test.spoil(&f)
			text, roots := f.sign(t)
			token, err := rfc3161.ParseToken(text)
			if err == nil {
				_, err = token.Verify(request(), rfc3161.Trust{Roots: roots})
			}
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

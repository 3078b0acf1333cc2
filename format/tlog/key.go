package tlog

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Algorithm says what a key signs, and how. The numbers are those of https://c2sp.org/signed-note.
type Algorithm byte

const (
	// Ed25519 signs the text of a note: what logs do.
	Ed25519 Algorithm = 0x01
	// ECDSA signs the SHA-256 of the text, on the curve P-256. Some public logs do. It is only checked here.
	ECDSA Algorithm = 0x02
	// CosignatureV1 signs a checkpoint and the time, with Ed25519: what witnesses do (https://c2sp.org/tlog-cosignature).
	CosignatureV1 Algorithm = 0x04
	// MLDSA44 is what the specification wants of new witnesses. Its keys are known by their number, and refused
	// until Go's standard library has the algorithm.
	MLDSA44 Algorithm = 0x06
)

// ErrKey says that a text is no key that can be used here.
var ErrKey = errors.New("not a key of a log or a witness")

// Key is a public key, and the name that it goes by. Keys are compared with ==.
type Key struct {
	Name      string
	Algorithm Algorithm
	public    string // Ed25519: 32 bytes; ECDSA: PKIX
}

// NewKey makes a key of its name and the public half: 32 bytes, and for ECDSA a SubjectPublicKeyInfo (RFC 5280).
func NewKey(name string, algorithm Algorithm, public []byte) (Key, error) {
	if !validName(name) {
		return Key{}, fmt.Errorf("%w: its name is empty or has a space or +", ErrKey)
	}
	switch algorithm {
	case Ed25519, CosignatureV1:
		if len(public) != ed25519.PublicKeySize {
			return Key{}, fmt.Errorf("%w: %d bytes, an Ed25519 key has %d", ErrKey, len(public), ed25519.PublicKeySize)
		}
	case ECDSA:
		if _, ok := parseECDSA(string(public)); !ok {
			return Key{}, fmt.Errorf("%w: not an ECDSA key on P-256", ErrKey)
		}
	default:
		return Key{}, fmt.Errorf("%w: its algorithm has the number %d, which cannot be used here", ErrKey, algorithm)
	}
	return Key{name, algorithm, string(public)}, nil
}

func parseECDSA(der string) (*ecdsa.PublicKey, bool) {
	parsed, err := x509.ParsePKIXPublicKey([]byte(der))
	if err != nil {
		return nil, false
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	return key, ok && key.Curve.Params().BitSize == 256
}

// ParseKey reads a public key as signed notes have it: name, "+", its ID as eight hexadecimal digits, "+", and in base64 the
// number of the algorithm and the key.
func ParseKey(text string) (Key, error) {
	name, id, algorithm, b, err := parseKey(text)
	if err != nil {
		return Key{}, err
	}
	k, err := NewKey(name, algorithm, b)
	if err != nil {
		return Key{}, err
	}
	if k.ID() != id {
		return Key{}, fmt.Errorf("%w: its ID is not that of its name and content", ErrKey)
	}
	return k, nil
}

func parseKey(text string) (name string, id uint32, algorithm Algorithm, b []byte, err error) {
	name, rest, _ := strings.Cut(text, "+")
	digits, code, _ := strings.Cut(rest, "+")
	n, err := strconv.ParseUint(digits, 16, 32)
	b, codeErr := decode([]byte(code))
	if err != nil || codeErr != nil || len(b) == 0 || digits != fmt.Sprintf("%08x", n) {
		return "", 0, 0, nil, fmt.Errorf("%w: it is not a name, eight hexadecimal digits and base64, with + in between", ErrKey)
	}
	return name, uint32(n), Algorithm(b[0]), b[1:], nil
}

// ID returns the number that tells keys of one name apart. It is short, and proves nothing.
func (k Key) ID() uint32 {
	message := k.Name + "\n" + string(k.Algorithm) + k.public
	if k.Algorithm == ECDSA {
		message = k.public
	}
	sum := sha256.Sum256([]byte(message))
	return binary.BigEndian.Uint32(sum[:])
}

// Public returns the key as NewKey takes it.
func (k Key) Public() []byte { return []byte(k.public) }

// String returns the key as ParseKey reads it.
func (k Key) String() string { return encodeKey(k.Name, k.ID(), k.Algorithm, k.public) }

func encodeKey(name string, id uint32, algorithm Algorithm, b string) string {
	return fmt.Sprintf("%s+%08x+%s", name, id, base64.StdEncoding.EncodeToString(append([]byte{byte(algorithm)}, b...)))
}

// Made tells whether a signature says that it is of this key.
func (k Key) Made(s Signature) bool { return s.Name == k.Name && s.ID == k.ID() }

// Verify checks a signature of a note's text. at is when a witness signed, to the second; it is zero for keys that do
// not say.
func (k Key) Verify(text []byte, s Signature) (at time.Time, ok bool) {
	if !k.Made(s) {
		return time.Time{}, false
	}
	switch k.Algorithm {
	case Ed25519:
		return time.Time{}, ed25519.Verify([]byte(k.public), text, s.Bytes)
	case ECDSA:
		public, ok := parseECDSA(k.public)
		digest := sha256.Sum256(text)
		return time.Time{}, ok && ecdsa.VerifyASN1(public, digest[:], s.Bytes)
	case CosignatureV1:
		if len(s.Bytes) != 8+ed25519.SignatureSize {
			return time.Time{}, false
		}
		seconds := binary.BigEndian.Uint64(s.Bytes)
		if seconds == 0 || seconds > math.MaxInt64 || !ed25519.Verify([]byte(k.public), cosigned(text, seconds), s.Bytes[8:]) {
			return time.Time{}, false
		}
		return time.Unix(int64(seconds), 0).UTC(), true
	}
	return time.Time{}, false
}

// cosigned returns what a witness signs. https://c2sp.org/tlog-cosignature, Signed message
func cosigned(text []byte, seconds uint64) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// Signer is the private half of an Ed25519 or CosignatureV1 key.
type Signer struct {
	key     Key
	private ed25519.PrivateKey
}

// private keys begin with this, so that searches for forgotten ones find them.
const privatePrefix = "PRIVATE+KEY+"

// NewSigner makes a key of its name and 32 secret random bytes.
func NewSigner(name string, algorithm Algorithm, seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize || algorithm != Ed25519 && algorithm != CosignatureV1 {
		return nil, fmt.Errorf("%w: nothing can be signed with it", ErrKey)
	}
	private := ed25519.NewKeyFromSeed(seed)
	key, err := NewKey(name, algorithm, private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return &Signer{key, private}, nil
}

// ParseSigner reads what Secret returned, or the private half of a key of golang.org/x/mod/sumdb/note.
func ParseSigner(text string) (*Signer, error) {
	rest, found := strings.CutPrefix(text, privatePrefix)
	if !found {
		return nil, fmt.Errorf("%w: it is not a private one", ErrKey)
	}
	name, id, algorithm, seed, err := parseKey(rest)
	if err != nil {
		return nil, err
	}
	s, err := NewSigner(name, algorithm, seed)
	if err != nil {
		return nil, err
	}
	if s.key.ID() != id {
		return nil, fmt.Errorf("%w: its ID is not that of its name and content", ErrKey)
	}
	return s, nil
}

// Secret returns the private key as text, for a file that nobody else may read.
func (s *Signer) Secret() string {
	return privatePrefix + encodeKey(s.key.Name, s.key.ID(), s.key.Algorithm, string(s.private.Seed()))
}

// Key returns the public half.
func (s *Signer) Key() Key { return s.key }

// Sign signs a checkpoint, which is the text of a note. A witness says with it that it saw the log at that time grow to
// this checkpoint and never otherwise; at is not used for logs.
func (s *Signer) Sign(text []byte, at time.Time) (Signature, error) {
	if _, err := parseBody(text); err != nil {
		return Signature{}, err
	}
	if s.key.Algorithm == Ed25519 {
		return Signature{s.key.Name, s.key.ID(), ed25519.Sign(s.private, text)}, nil
	}
	seconds := at.Unix()
	if seconds <= 0 { // https://c2sp.org/tlog-witness: the time of a cosignature is not zero
		return Signature{}, fmt.Errorf("cosign a checkpoint: the clock shows no time after 1970")
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(seconds))
	return Signature{s.key.Name, s.key.ID(), slices.Concat(b, ed25519.Sign(s.private, cosigned(text, uint64(seconds))))}, nil
}

package tlog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxNote is how many bytes a signed note may have: enough for sixteen signatures of the largest kind that is
	// planned (ML-DSA-44). The specification asks for sixteen.
	MaxNote = 128 << 10
	// maxSignatures bounds what a note of many small signatures costs.
	maxSignatures = 64

	dash = "— " // that each line of a signature begins with
)

// Note is a text with signatures behind it (https://c2sp.org/signed-note). That it was parsed says nothing about
// whether the signatures hold.
type Note struct {
	Text       []byte // ends with a line feed
	Signatures []Signature
}

// Signature is one line below a note: who signed, with which key, and what.
type Signature struct {
	Name  string // of the key
	ID    uint32 // tells keys of one name apart
	Bytes []byte // as the key's algorithm has it
}

// String returns the line of a signature, with its line feed.
func (s Signature) String() string {
	b := append(binary.BigEndian.AppendUint32(nil, s.ID), s.Bytes...)
	return dash + s.Name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// Bytes returns the note as it is sent and kept.
func (n Note) Bytes() []byte {
	b := append(bytes.Clone(n.Text), '\n')
	for _, s := range n.Signatures {
		b = append(b, s.String()...)
	}
	return b
}

// ParseNote reads a signed note. It checks nothing but its form.
func ParseNote(text []byte) (Note, error) {
	if len(text) > MaxNote {
		return Note{}, fmt.Errorf("%w: a note of %d bytes, at most %d are read", ErrProof, len(text), MaxNote)
	}
	if at := strange(text); at >= 0 {
		return Note{}, fmt.Errorf("%w: byte %d of the note is none that a note may have", ErrProof, at)
	}
	split := bytes.LastIndex(text, []byte("\n\n")) // the text may have empty lines, what is below it has none
	if split < 0 {
		return Note{}, fmt.Errorf("%w: the note has no signatures", ErrProof)
	}
	signatures, err := ParseSignatures(text[split+2:])
	if err != nil {
		return Note{}, err
	}
	return Note{bytes.Clone(text[:split+1]), signatures}, nil
}

// strange returns where text holds what is not UTF-8, or a control character other than line feed, or -1.
func strange(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r < ' ' && r != '\n' || r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// ParseSignatures reads lines of signatures, one at least, as they stand below a note and as a witness answers. It checks
// nothing but their form.
func ParseSignatures(text []byte) ([]Signature, error) {
	if len(text) > MaxNote {
		return nil, fmt.Errorf("%w: signatures of %d bytes, at most %d are read", ErrProof, len(text), MaxNote)
	}
	var signatures []Signature
	for n := 1; len(text) > 0 || n == 1; n++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		s, ok := parseSignature(string(line))
		if !whole || !ok || n > maxSignatures {
			return nil, fmt.Errorf("%w: line %d of the signatures: not a signature, or one too many", ErrProof, n)
		}
		signatures, text = append(signatures, s), rest
	}
	return signatures, nil
}

func parseSignature(line string) (Signature, bool) {
	rest, found := strings.CutPrefix(line, dash)
	name, code, spaced := strings.Cut(rest, " ")
	if !found || !spaced || !validName(name) {
		return Signature{}, false
	}
	b, err := decode([]byte(code))
	if err != nil || len(b) <= 4 {
		return Signature{}, false
	}
	return Signature{name, binary.BigEndian.Uint32(b), b[4:]}, true
}

// validName tells whether a key may have the name. It is text without spaces and "+".
func validName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || r < ' '
	})
}

// decode reads base64 of RFC 4648 section 4, which each content has one form of.
func decode(text []byte) ([]byte, error) {
	if at := bytes.IndexAny(text, "\r\n"); at >= 0 {
		return nil, base64.CorruptInputError(at) // the decoder skips them
	}
	return base64.StdEncoding.Strict().AppendDecode(nil, text)
}

// decodeHash reads a hash in base64.
func decodeHash(text []byte) (Hash, bool) {
	b, err := decode(text)
	if err != nil || len(b) != len(Hash{}) {
		return Hash{}, false
	}
	return Hash(b), true
}

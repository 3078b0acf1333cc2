package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
)

// Header is the leaf of the Merkle tree that stands for an entry: all that stays when a body has
// been deleted. It says nothing that a sender wrote, but the names of sources and the times.
type Header struct {
	Kind     Kind              `json:"kind"`
	Count    int               `json:"count"`             // lines
	First    time.Time         `json:"first,omitzero"`    // earliest Time of a line
	Last     time.Time         `json:"last,omitzero"`     // latest
	Received time.Time         `json:"received"`          // when the entry was closed
	Sources  []string          `json:"sources,omitempty"` // at most 16; more are "…"
	Hash     [sha256.Size]byte `json:"-"`                 // of the body as it lies on the disk: the ciphertext
	// Lines is the root of the entry's lines, each hashed behind a secret salt: see evidence.Lines. By it one line can be shown and
	// proven while the others stay secret. It is zero in entries that were written before there was one.
	Lines   [sha256.Size]byte `json:"-"`
	Segment string            `json:"segment"` // file that holds the body
	Offset  int64             `json:"offset"`
	Size    int64             `json:"size"`
	// Deletes names the segments that the journal deletes after their time: why their bodies are missing can be checked
	// without a key. Only entries of kind Keeping have it.
	Deletes []string `json:"deletes,omitempty"`
}

// ErrHeader says that a leaf is none that the journal wrote.
var ErrHeader = errors.New("not the header of a journal entry")

// maxLeaf is what C2SP tlog-tiles allows.
const maxLeaf = 1<<16 - 1

// maxBody is how long a sealed body can be: a line that does not compress, and the seal.
const maxBody = MaxLine + 1<<20

// segmentName is what names of segments look like. They go into paths, so nothing else is read.
var segmentName = regexp.MustCompile(`^(event|damaged|finding|act|answer|case|books|keeping)/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$`)

type leaf struct {
	Header
	Opens  string `json:"lines,omitempty"`
	SHA256 string `json:"sha256"`
}

// Leaf returns the bytes that are in the tree: one line of JSON with the hash in hex as "sha256", and with the
// root of the lines, when there is one, in hex as "lines".
func (h Header) Leaf() []byte {
	l := leaf{Header: h, SHA256: hex.EncodeToString(h.Hash[:])}
	if h.opens() {
		l.Opens = hex.EncodeToString(h.Lines[:])
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic("wardline: internal error: a header is not JSON: " + err.Error())
	}
	return text
}

// ParseHeader reads what Leaf returned, and nothing else: there is one way to write a header.
func ParseHeader(text []byte) (Header, error) {
	var l leaf
	if len(text) > maxLeaf {
		return Header{}, ErrHeader
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return Header{}, ErrHeader
	}
	h := l.Header
	if !decodeDigest(&h.Hash, l.SHA256) || l.Opens != "" && !decodeDigest(&h.Lines, l.Opens) {
		return Header{}, ErrHeader
	}
	good := h.Kind.known() && h.Count > 0 && h.Offset >= 0 && h.Size > 0 && h.Size <= maxBody &&
		h.Offset <= 1<<62 && segmentName.MatchString(h.Segment) && strings.HasPrefix(h.Segment, string(h.Kind)+"/")
	for _, name := range h.Deletes {
		good = good && h.Kind == Keeping && segmentName.MatchString(name)
	}
	if !good || !bytes.Equal(h.Leaf(), text) {
		return Header{}, ErrHeader
	}
	return h, nil
}

func decodeDigest(sum *[sha256.Size]byte, text string) bool {
	n, err := hex.Decode(sum[:], []byte(text[:min(len(text), 2*len(sum))]))
	return err == nil && n == len(sum)
}

// opens tells whether lines of the entry can be shown one by one.
func (h *Header) opens() bool { return h.Lines != [sha256.Size]byte{} }

// headerTime brings a time into the form that headers have, and that JSON can say.
func headerTime(t time.Time) time.Time {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

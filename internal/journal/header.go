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
	Segment  string            `json:"segment"`           // file that holds the body
	Offset   int64             `json:"offset"`
	Size     int64             `json:"size"`
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
	SHA256 string `json:"sha256"`
}

// Leaf returns the bytes that are in the tree: one line of JSON with the hash in hex as "sha256".
func (h Header) Leaf() []byte {
	text, err := json.Marshal(leaf{h, hex.EncodeToString(h.Hash[:])})
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
	if n, err := hex.Decode(h.Hash[:], []byte(l.SHA256[:min(len(l.SHA256), 2*len(h.Hash))])); err != nil || n != len(h.Hash) {
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

// headerTime brings a time into the form that headers have, and that JSON can say.
func headerTime(t time.Time) time.Time {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

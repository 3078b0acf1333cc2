package evidence

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/wardline/wardline/format/tlog"
)

// leaf is what a journal says of an entry. The order and the names are the journal's; only that form is read, so that no leaf says one thing to one
// reader and another to the next.
type leaf struct {
	Kind     string   `json:"kind"`
	Count    int      `json:"count"`
	First    string   `json:"first,omitempty"`
	Last     string   `json:"last,omitempty"`
	Received string   `json:"received"`
	Sources  []string `json:"sources,omitempty"`
	Segment  string   `json:"segment"`
	Offset   int64    `json:"offset"`
	Size     int64    `json:"size"`
	Deletes  []string `json:"deletes,omitempty"`
	Lines    string   `json:"lines,omitempty"` // root of the lines, in hex
	SHA256   string   `json:"sha256"`          // of the ciphertext of the lines

	received time.Time
	root     tlog.Hash
	opens    bool // it has a root
}

func parseLeaf(text []byte) (*leaf, error) {
	refused := fmt.Errorf("%w: a leaf is none that a journal wrote", ErrEvidence)
	l := &leaf{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		return nil, refused
	}
	again, err := json.Marshal(l)
	if err != nil || !bytes.Equal(again, text) || l.Count < 1 {
		return nil, refused
	}
	if l.received, err = time.Parse(time.RFC3339Nano, l.Received); err != nil {
		return nil, refused
	}
	if l.opens = l.Lines != ""; l.opens {
		sum, err := hex.DecodeString(l.Lines)
		if err != nil || len(sum) != len(l.root) || hex.EncodeToString(sum) != l.Lines {
			return nil, refused
		}
		l.root = tlog.Hash(sum)
	}
	return l, nil
}

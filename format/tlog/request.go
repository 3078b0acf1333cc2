package tlog

import (
	"bytes"
	"fmt"
)

const (
	// MaxRequest is how many bytes a request of add-checkpoint may have.
	MaxRequest = MaxNote + 4<<10
	// maxRequestHashes is how many hashes a request may have. https://c2sp.org/tlog-witness, add-checkpoint
	maxRequestHashes = 63

	// SizeType is the Content-Type of an answer that is a size: the witness knows a log at another size than the request says.
	SizeType = "text/x.tlog.size"
)

// Request is what a log asks of a witness: to sign a checkpoint, which continues the one that the witness signed last
// (https://c2sp.org/tlog-witness, add-checkpoint).
type Request struct {
	Old        uint64 // size of the checkpoint that the witness signed last; 0 for none
	Hashes     []Hash // for VerifyConsistency from there; none when Old is 0
	Checkpoint []byte // signed note
}

// Bytes returns the request as it is sent.
func (r Request) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.Old)
	writeHashes(&b, r.Hashes)
	b.WriteByte('\n')
	b.Write(r.Checkpoint)
	return b.Bytes()
}

// ParseRequest reads a request. It checks nothing but its form; that of the checkpoint is ReadCheckpoint's to check.
func ParseRequest(text []byte) (Request, error) {
	if len(text) > MaxRequest {
		return Request{}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrProof, len(text), MaxRequest)
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	lines := bytes.Split(head, []byte("\n"))
	digits, old := bytes.CutPrefix(lines[0], []byte("old "))
	if !found || !old || len(checkpoint) == 0 {
		return Request{}, fmt.Errorf("%w: the request does not begin with an old size, or has no checkpoint", ErrProof)
	}
	r := Request{Checkpoint: bytes.Clone(checkpoint)}
	var err error
	if r.Old, err = parseSize(digits); err != nil {
		return Request{}, fmt.Errorf("%w: line 1: the old size is no number", ErrProof)
	}
	if r.Hashes, err = parseHashes(lines[1:], maxRequestHashes, 2); err != nil {
		return Request{}, err
	}
	return r, nil
}

// FormatSize returns the answer that is a size.
func FormatSize(size uint64) []byte { return fmt.Appendf(nil, "%d\n", size) }

// ParseSize reads the answer that is a size.
func ParseSize(text []byte) (uint64, error) {
	digits, found := bytes.CutSuffix(text, []byte("\n"))
	if !found {
		return 0, fmt.Errorf("%w: the size does not end with a line feed", ErrProof)
	}
	return parseSize(digits)
}

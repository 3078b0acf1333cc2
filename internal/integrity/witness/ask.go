package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/wardline/wardline/format/tlog"
)

// outcome is what became of one peer in a round.
type outcome struct {
	peer     tlog.Witness
	standing standing

	heard    bool // the peer answered as the protocol has it
	signed   tlog.Signature
	kind     Kind   // what is wrong, if anything
	status   int    // of the last answer
	held     uint64 // where the peer says that it stands
	request  []byte // the last one
	response []byte
}

// ask sends a checkpoint to a peer. When the peer stands elsewhere than was remembered, it is asked once more
// from there.
func (f *Feed) ask(ctx context.Context, p point, o *outcome) {
	o.held = o.standing.size
	old := min(o.held, p.Size) // when we are smaller than we were the peer is to see it
	for try := 1; ; try++ {
		hashes, err := f.prove(ctx, old, p.Size)
		if err != nil {
			o.kind = Unprovable
			return
		}
		o.request = tlog.Request{Old: old, Hashes: hashes, Checkpoint: p.note.Bytes()}.Bytes()
		kind, err := f.post(ctx, o)
		if err != nil {
			return // silent
		}
		again := f.read(p, o, kind, old)
		if !again {
			return
		}
		if try == 2 {
			o.kind = OutOfStep // another process asks for the same log
			return
		}
		old = o.held
	}
}

func (f *Feed) prove(ctx context.Context, older, newer uint64) ([]tlog.Hash, error) {
	if older == 0 || older == newer {
		return nil, nil
	}
	return f.journal.Consistency(ctx, older, newer)
}

// read takes an answer in, and tells whether to ask again from o.held.
func (f *Feed) read(p point, o *outcome, contentType string, old uint64) (again bool) {
	o.heard = true
	switch o.status {
	case http.StatusOK:
		f.accept(p, o)
	case http.StatusConflict:
		size, err := tlog.ParseSize(o.response)
		switch {
		case contentType != tlog.SizeType && old == p.Size: // https://c2sp.org/tlog-witness had 409 for two roots of one size before
			o.kind = Forked
		case contentType != tlog.SizeType || err != nil || size == old:
			o.kind, o.heard = Refused, false
		case size > p.Size:
			o.kind, o.held = RolledBack, size
		default:
			o.held = size
			return true
		}
	case http.StatusUnprocessableEntity:
		o.kind = Rewritten
		if old == p.Size {
			o.kind = Forked
		}
	default:
		o.kind, o.heard = Refused, false
	}
	return false
}

// accept looks for the peer's signature in its answer. Others may be there, of other keys of its.
func (f *Feed) accept(p point, o *outcome) {
	o.kind = Unsigned
	signatures, err := tlog.ParseSignatures(o.response)
	if err != nil {
		return
	}
	now := f.cfg.Now()
	for _, s := range signatures {
		at, ok := o.peer.Key.Verify(p.note.Text, s)
		if ok && now.Sub(at).Abs() <= skew {
			o.signed, o.held, o.kind = s, p.Size, ""
			return
		}
	}
}

// post sends o.request and reads the answer into o. It returns the Content-Type.
func (f *Feed) post(ctx context.Context, o *outcome) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	address := strings.TrimRight(o.peer.URL, "/") + "/add-checkpoint"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(o.request))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, err := f.client.Do(r)
	if err != nil {
		return "", err
	}
	o.status = answer.StatusCode
	o.response, err = io.ReadAll(io.LimitReader(answer.Body, tlog.MaxNote+1))
	err = errors.Join(err, answer.Body.Close())
	if err == nil && (answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests) {
		err = fmt.Errorf("status %d", answer.StatusCode)
	}
	return answer.Header.Get("Content-Type"), err
}

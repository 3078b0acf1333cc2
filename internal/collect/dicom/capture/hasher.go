package capture

import (
	"io"
	"iter"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
)

// hasher takes the digests of a data set of which the pieces come one after the other. The reader of the data set runs as a coroutine: it
// is awake only while a piece is given to it, and never beside its caller.
type hasher struct {
	next  func() (struct{}, bool)
	stop  func()
	rest  []byte // of the piece
	ended bool   // no piece comes any more
	over  bool   // the reader has read all, or wants no more

	in  digest.Instance
	ds  dicom.DataSet
	err error
}

func newHasher(syntax dicom.Syntax, m digest.Mutable, lim dicom.Limits) *hasher {
	h := &hasher{}
	h.next, h.stop = iter.Pull(func(yield func(struct{}) bool) {
		h.in, h.ds, h.err = digest.ReadDataSet(pieces{h, yield}, syntax, m, lim)
	})
	return h
}

// write gives the next piece. It may be reused afterwards.
func (h *hasher) write(p []byte) {
	if h.rest = p; !h.over {
		_, more := h.next()
		h.over = !more
	}
	h.rest = nil
}

// finish says that the data set is whole, and returns what it is.
func (h *hasher) finish() (*digest.Instance, *dicom.DataSet, error) {
	h.ended = true
	for !h.over {
		_, more := h.next()
		h.over = !more
	}
	return &h.in, &h.ds, h.err
}

// drop ends it without a result.
func (h *hasher) drop() { h.stop() }

// pieces is what the reader reads from.
type pieces struct {
	*hasher
	yield func(struct{}) bool
}

// Read implements io.Reader. It goes to sleep when it has nothing.
func (p pieces) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.ended {
			return 0, io.EOF
		}
		if !p.yield(struct{}{}) {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

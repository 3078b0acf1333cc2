package httpin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/internal/collect"
)

// body is the body of a request, unpacked and bounded.
type body struct {
	paced  *paced
	plain  io.Reader
	close  func() // of the unpacking; may be nil
	limits collect.BodyLimits
	packed bool
	n      int64 // bytes given
	memory *atomic.Int64
	most   int64 // of memory
	hand   *hand // of the sender
}

// freeBytes may come out of a packed body whatever the ratio: small texts pack well.
const freeBytes = 64 << 10

// zstdWindow is the most that one body's window may take.
const zstdWindow = 8 << 20

// open prepares the body of r.
func (g *gate) open(w http.ResponseWriter, r *http.Request, limits collect.BodyLimits, at *hand) (*body, error) {
	if r.ContentLength > limits.Bytes {
		return nil, tooLarge(limits)
	}
	p := &paced{
		src: r.Body, control: http.NewResponseController(w), limits: g.config.Limits,
		begun: time.Now(), most: limits.Bytes,
	}
	b := &body{paced: p, plain: p, limits: limits, memory: &g.memory, most: g.config.Limits.Memory, hand: at}
	switch packing := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); {
	case packing == "" || packing == "identity":
	case packing == "gzip" || packing == "x-gzip":
		b.packed = true
		b.plain = &gzipBody{src: p}
	case packing == "zstd" && limits.Zstd:
		d, err := zstd.NewReader(p, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("prepare unpacking: %w", err)
		}
		b.packed, b.plain, b.close = true, d, d.Close
	default:
		return nil, &collect.RequestError{Status: http.StatusUnsupportedMediaType, Reason: "a Content-Encoding that this route does not take"}
	}
	return b, nil
}

func tooLarge(limits collect.BodyLimits) error {
	return &collect.RequestError{
		Status: http.StatusRequestEntityTooLarge,
		Reason: fmt.Sprintf("the body is larger than %d bytes: send less at once", limits.Bytes),
	}
}

// Read implements io.Reader. Its errors are io.EOF and *collect.RequestError.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.plain.Read(p)
	b.n += int64(n)
	all, own := b.memory.Add(int64(n)), b.hand.memory.Add(int64(n))
	if all > b.most || own > b.most/4 { // so that one sender alone does not keep the others out
		return 0, &collect.RequestError{Status: http.StatusServiceUnavailable, Reason: "too much is being received at once: try again later"}
	}
	switch {
	case b.n > b.limits.Bytes:
		return 0, tooLarge(b.limits)
	case b.packed && b.n > freeBytes && b.n > b.limits.Ratio*b.paced.n:
		return 0, &collect.RequestError{
			Status: http.StatusRequestEntityTooLarge,
			Reason: fmt.Sprintf("the body expands more than %d times: send it unpacked", b.limits.Ratio),
		}
	case err == nil || err == io.EOF:
		return n, err
	}
	var known *collect.RequestError
	if errors.As(err, &known) {
		return 0, known
	}
	reason := "the body ends early or cannot be read"
	if b.packed {
		reason = "the packed body ends early or is damaged"
	}
	return 0, &collect.RequestError{Status: http.StatusBadRequest, Reason: reason}
}

// Close gives back what the body took.
func (b *body) Close() error {
	b.memory.Add(-b.n)
	b.hand.memory.Add(-b.n)
	if b.close != nil {
		b.close()
	}
	return nil // the server closes what is below
}

// gzipBody reads the header of the stream with the first Read, when the deadlines hold already.
type gzipBody struct {
	src io.Reader
	r   *gzip.Reader
}

func (g *gzipBody) Read(p []byte) (int, error) {
	if g.r == nil {
		r, err := gzip.NewReader(g.src)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		g.r = r
	}
	return g.r.Read(p)
}

// paced reads a body as it comes and ends it when it comes too slowly or is too long.
type paced struct {
	src     io.Reader
	control *http.ResponseController
	limits  Limits
	begun   time.Time
	n       int64 // bytes read
	most    int64
}

func (p *paced) Read(b []byte) (int, error) {
	due := p.limits.Grace + time.Duration(p.n)*time.Second/time.Duration(p.limits.Rate)
	// Where no deadline can be set there is no connection that could be slow.
	_ = p.control.SetReadDeadline(p.begun.Add(min(due, p.limits.Body)))
	n, err := p.src.Read(b)
	p.n += int64(n)
	switch {
	case p.n > p.most:
		return 0, tooLarge(collect.BodyLimits{Bytes: p.most})
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, &collect.RequestError{Status: http.StatusRequestTimeout, Reason: "the body came too slowly"}
	case err != nil:
		_ = p.control.SetReadDeadline(time.Time{}) // the handler may wait longer than the body was to take
	}
	return n, err
}

package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
)

// headSize is how much of a content is looked at to tell its format.
const headSize = 64 << 10

// Unpacking ends when a content grows out of proportion to its file, beyond what even the longest log needs.
const (
	freeBytes = 256 << 20
	mostRatio = 1000
)

var errExpands = errors.New("the packed file expands beyond the limit: unpack it yourself, if you trust it")

// content is what a file holds, unpacked.
type content struct {
	file     *os.File
	size     int64 // of the file
	modified time.Time
	packed   bool
	head     []byte // the first bytes
}

// openContent opens the file at path, which must be the one of that key.
func openContent(path, key string) (*content, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &content{file: f}
	if err := c.begin(path, key); err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

var errMoved = errors.New("another file stands at the path by now")

func (c *content) begin(path, key string) error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || keyOf(info) != key {
		return errMoved
	}
	c.size, c.modified = info.Size(), info.ModTime()
	var magic [3]byte
	n, err := c.file.ReadAt(magic[:], 0)
	if err != nil && err != io.EOF {
		return err
	}
	c.packed = n == 3 && bytes.Equal(magic[:], []byte{0x1f, 0x8b, 8})
	r, err := c.from(0)
	if err != nil {
		return err
	}
	c.head = make([]byte, headSize)
	n, err = io.ReadFull(r, c.head)
	c.head = c.head[:n]
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil // for a packed file that is cut off, reading it will tell
	}
	return err
}

func (c *content) close() { _ = c.file.Close() } // it was only read

// from reads the content from offset on, up to the size that the file has now.
func (c *content) from(offset int64) (io.Reader, error) {
	if !c.packed {
		return io.NewSectionReader(c.file, offset, max(0, c.size-offset)), nil
	}
	z, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(c.file, 0, c.size)))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	r := &expanding{r: z, most: max(freeBytes, mostRatio*c.size)}
	if _, err := io.CopyN(io.Discard, r, offset); err != nil {
		return nil, err
	}
	return r, nil
}

type expanding struct {
	r    io.Reader
	n    int64
	most int64
}

func (e *expanding) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.n += int64(n); e.n > e.most {
		return 0, errExpands
	}
	return n, err
}

// before returns the size bytes before end; ok is false when the content ends before.
func (c *content) before(end, size int64) (b []byte, ok bool) {
	r, err := c.from(end - size)
	if err != nil {
		return nil, false
	}
	b = make([]byte, size)
	_, err = io.ReadFull(r, b)
	return b, err == nil
}

// headMark is that of the first bytes, as many as are there.
func (c *content) headMark() Mark { return markOf(c.head[:min(len(c.head), markSize)]) }

// isOf tells whether the content begins with what p was taken of.
func (c *content) isOf(p *Position) bool {
	if int64(len(c.head)) < p.Head.Size || !markOf(c.head[:p.Head.Size]).equal(p.Head) {
		return false
	}
	if p.Offset == 0 {
		return true
	}
	tail, ok := c.before(p.Offset, p.Tail.Size)
	return ok && markOf(tail).equal(p.Tail)
}

// settle renews the marks of p, which was taken up to its Offset.
func (c *content) settle(p *Position) {
	p.Head = c.headMark()
	tail, _ := c.before(p.Offset, min(p.Offset, markSize))
	p.Tail = markOf(tail)
}

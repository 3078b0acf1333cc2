package scan

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits bounds what unpacking may cost.
type Limits struct {
	Depth    int   // archives within archives
	Members  int   // of one archive
	Ratio    int64 // expanded bytes for each packed one, once Free is used up; of a stream, and of a source with all that lies in it
	Free     int64 // bytes that may be expanded whatever the ratio
	Spool    int64 // bytes of an archive that has to be put aside before it can be read
	ZstdHeap uint64
}

// DefaultLimits lets every honest log through: the best packed ones expand some
// hundredfold.
func DefaultLimits() Limits {
	return Limits{Depth: 4, Members: 100_000, Ratio: 1000, Free: 256 << 20, Spool: 4 << 30, ZstdHeap: 128 << 20}
}

var errExpands = errors.New("expands beyond the limit: unpack it yourself and scan the files, if you trust it")

// headSize is how much of a source is looked at to tell what it is.
const headSize = 64 << 10

// unpacker opens sources until something is no archive any more.
type unpacker struct {
	limits Limits
	file   *os.File                           // the outermost source, when it can be read at any place
	size   int64                              // of the outermost source; 0 when unknown
	read   func(name string, r *bufio.Reader) // given each plain source
	lost   func(name string, err error)       // told of each that could not be opened or read
	meter  *meter                             // counts what is read of the outermost source

	spent int64 // bytes expanded of the outermost source, at every level
}

// packed is how much of the outermost source is known to be there.
func (u *unpacker) packed() int64 { return max(u.size, u.meter.read) }

// open looks at the first bytes of r and descends.
func (u *unpacker) open(name string, r io.Reader, depth int) {
	br := bufio.NewReaderSize(r, headSize)
	head, err := br.Peek(headSize)
	if err != nil && err != io.EOF {
		u.lost(name, err)
		if len(head) == 0 {
			return
		}
	}
	kind := packing(head)
	if kind != plain && depth >= u.limits.Depth {
		u.lost(name, fmt.Errorf("archives are nested deeper than %d", u.limits.Depth))
		return
	}
	switch kind {
	case packedGzip:
		u.stream(name, br, depth, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	case packedZstd:
		u.stream(name, br, depth, func(r io.Reader) (io.Reader, error) {
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(u.limits.ZstdHeap))
			if err != nil {
				return nil, err
			}
			return d.IOReadCloser(), nil
		})
	case packedZip:
		u.zip(name, br, depth)
	default:
		u.read(name, br)
	}
}

type packed uint8

const (
	plain packed = iota
	packedGzip
	packedZstd
	packedZip
)

func packing(head []byte) packed {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return packedGzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return packedZstd
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return packedZip
	default:
		return plain
	}
}

// stream reads what one compressed stream holds under the stream's own name.
func (u *unpacker) stream(name string, br *bufio.Reader, depth int, open func(io.Reader) (io.Reader, error)) {
	in := &counter{r: br}
	out, err := open(in)
	if err != nil {
		u.lost(name, fmt.Errorf("open the compressed stream: %w", err))
		return
	}
	if c, ok := out.(io.Closer); ok {
		defer c.Close()
	}
	u.open(name, &expander{r: out, packed: in, unpacker: u}, depth+1)
}

// zip reads the members of an archive as name!member. The directory of a zip stands at its end,
// so an archive that comes as a stream is put aside first.
func (u *unpacker) zip(name string, br *bufio.Reader, depth int) {
	f := u.file
	if f == nil || depth > 0 {
		spooled, err := u.spool(br)
		if err != nil {
			u.lost(name, err)
			return
		}
		defer os.Remove(spooled.Name())
		defer spooled.Close()
		f = spooled
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		u.lost(name, err)
		return
	}
	archive, err := zip.NewReader(f, size)
	if err != nil {
		u.lost(name, fmt.Errorf("read the archive's directory: %w", err))
		return
	}
	if f == u.file { // read at its places: count the members instead of what was looked at
		u.meter.add(-u.meter.read)
	}
	for i, m := range archive.File {
		if i == u.limits.Members {
			u.lost(name, fmt.Errorf("archive has more than %d members", i))
			return
		}
		if !m.FileInfo().IsDir() {
			u.member(name+"!"+memberName(m.Name), m, depth)
		}
	}
}

func (u *unpacker) member(name string, m *zip.File, depth int) {
	r, err := m.Open()
	if err != nil {
		u.lost(name, fmt.Errorf("open the archive's member: %w", err))
		return
	}
	defer r.Close()
	in := &counter{n: int64(min(m.CompressedSize64, 1<<40))}
	u.open(name, &expander{r: r, packed: in, unpacker: u}, depth+1)
	if depth == 0 && u.file != nil { // the archive is not read through the meter
		u.meter.add(in.n)
	}
}

// memberName makes a member's name safe to show: it is never used as a path.
func memberName(name string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, "\\", "/")), "/")
}

func (u *unpacker) spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "wardline-*.zip")
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(f, io.LimitReader(r, u.limits.Spool+1))
	if err == nil && n > u.limits.Spool {
		err = errExpands
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, fmt.Errorf("put the archive aside: %w", err)
	}
	return f, nil
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// expander stops a stream that grows out of proportion to what it was packed in, and a source
// whose archives do so together.
type expander struct {
	*unpacker
	r      io.Reader
	packed *counter
	n      int64
}

func (e *expander) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.n += int64(n)
	e.spent += int64(n)
	if e.beyond(e.n, e.packed.n) || e.beyond(e.spent, e.unpacker.packed()) {
		return 0, errExpands
	}
	return n, err
}

func (e *expander) beyond(expanded, packed int64) bool {
	return expanded > e.limits.Free && expanded/e.limits.Ratio > packed
}

package dicom

import "bytes"

// File is a DICOM file (PS3.10 7): a preamble, what the file says of itself, and a data set.
type File struct {
	Preamble []byte  // the first 128 bytes, as they are; nil when the file begins without
	Meta     DataSet // group 0002, empty when the file has none
	Syntax   Syntax  // of the data set: as declared, or as it looks when nothing is declared
	DataSet  DataSet

	marked bool // DICM stands behind the preamble
}

const (
	preambleSize = 128
	marker       = "DICM"
)

// ParseFile reads a file. The result borrows data.
//
// It takes files as DCMTK does which the standard forbids but archives hold: without preamble, without group 0002, and with a group 0002 that
// names no transfer syntax. Their syntax is told by the first element. A preamble is one only where DICM follows it and then
// group 0002, or a first element that can be one; so a file without preamble that happens to hold DICM is read as well.
func ParseFile(data []byte, lim Limits) (File, error) {
	if len(data) > lim.Bytes {
		return File{}, &Error{Reason: "longer than the limit"}
	}
	f, n, err := parseHead(data, lim)
	if err != nil {
		return File{}, err
	}
	lim.Elements -= len(f.Meta.Elements)
	f.DataSet, err = parse(data[n:], int64(n), f.Syntax, lim)
	if err != nil {
		return File{}, err
	}
	return f, nil
}

// parseHead reads what stands before the data set, and tells how many bytes that is. An error that is short may be mended
// by more bytes.
func parseHead(data []byte, lim Limits) (f File, n int, err error) {
	if hasPreamble(data) {
		f.Preamble, f.marked, n = data[:preambleSize], true, preambleSize+len(marker)
	}
	p := parser{data: data, pos: n, depth: lim.Depth, left: lim.Elements}
	if len(data) >= n+6 {
		p.coding = guess(data[n:])
	}
	f.Meta.Offset = int64(n)
	for {
		if len(data)-p.pos < 8 {
			if p.pos < len(data) {
				return File{}, 0, p.fail(0, reasonShort)
			}
			break
		}
		if p.tag(data[p.pos:]).Group() != groupMeta {
			break
		}
		e, err := p.element(len(data), nil)
		if err != nil {
			return File{}, 0, err
		}
		f.Meta.add(e)
	}
	f.Syntax = Syntax(f.Meta.Text(tagTransferSyntax))
	if f.Syntax == "" {
		f.Syntax = guessSyntax(data[p.pos:])
	}
	return f, p.pos, nil
}

// hasPreamble tells whether data begins with a preamble.
func hasPreamble(data []byte) bool {
	n := preambleSize + len(marker)
	if len(data) < n || string(data[preambleSize:n]) != marker {
		return false
	}
	if rest := data[n:]; len(rest) >= 2 && (rest[0] == groupMeta && rest[1] == 0 || rest[0] == 0 && rest[1] == groupMeta) {
		return true
	}
	return !beginsDataSet(data)
}

// beginsDataSet tells bytes that a data set could begin with: an element of a low group.
func beginsDataSet(data []byte) bool {
	c := guess(data)
	t := c.tag(data)
	return t != 0 && t.Group() <= 0x0008 && (!c.implicit || c.uint32(data[4:]) < preambleSize)
}

// guess tells by an element of a low group how it is written. There is no big endian in implicit VR.
func guess(data []byte) coding {
	if len(data) < 6 || !(VR(data[4])<<8 | VR(data[5])).Known() {
		return coding{implicit: true}
	}
	little, big := coding{}, coding{big: true}
	return coding{big: big.tag(data).Group() < little.tag(data).Group()}
}

func guessSyntax(data []byte) Syntax {
	switch guess(data) {
	case coding{implicit: true}:
		return ImplicitLE
	case coding{big: true}:
		return ExplicitBE
	}
	return ExplicitLE
}

// AppendRender appends f as it was received, byte by byte.
func (f *File) AppendRender(dst []byte) []byte {
	dst = append(dst, f.Preamble...)
	if f.marked {
		dst = append(dst, marker...)
	}
	return f.DataSet.AppendRender(f.Meta.AppendRender(dst))
}

// Render returns f as it was received, byte by byte.
func (f *File) Render() []byte { return f.AppendRender(nil) }

// Polyglot tells a preamble that may make the file something else as well, as a program for Windows: one that is neither empty nor the
// head of a TIFF image, which the standard leaves the preamble for (PS3.10 7.1).
func (f *File) Polyglot() bool {
	if len(bytes.Trim(f.Preamble, "\x00")) == 0 {
		return false
	}
	for _, tiff := range []string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"} {
		if bytes.HasPrefix(f.Preamble, []byte(tiff)) {
			return false
		}
	}
	return true
}

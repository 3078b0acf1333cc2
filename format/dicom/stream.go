package dicom

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
)

// Pixels is the pixel data of an image as it comes from a stream. Read reads the value when it is native; of encapsulated
// pixel data it reads the fragment that Next went to, and io.EOF is the end of that fragment.
type Pixels struct {
	Element       // without its value
	Length  int64 // of a native value; -1 for fragments

	s    *stream
	left int64 // of the value or fragment
	done bool
}

// Read reads what comes next of the value, or of the fragment.
func (p *Pixels) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > p.left {
		b = b[:p.left]
	}
	n, err := p.s.read(b)
	p.left -= int64(n)
	if err == io.EOF {
		err = nil // the end may come with the last bytes
		if n == 0 {
			err = p.s.p.fail(p.Tag, reasonShort)
		}
	}
	return n, err
}

// Next goes to the next fragment and returns its length; false when there is none. What was not read of the last one is
// passed over. The first fragment is the Basic Offset Table.
func (p *Pixels) Next() (length int64, ok bool, err error) {
	if p.done || p.Length >= 0 {
		return 0, false, nil
	}
	if err := p.skip(); err != nil {
		return 0, false, err
	}
	h, err := p.s.head()
	if err == io.EOF {
		err = p.s.p.fail(p.Tag, reasonShort)
	}
	if err != nil {
		return 0, false, err
	}
	if err := p.s.p.count(p.Tag); err != nil {
		return 0, false, err
	}
	if h.tag == tagSequenceEnd {
		p.done = true
		p.s.p.pos += h.size
		return 0, false, nil
	}
	if h.tag != tagItem || h.length == undefined {
		return 0, false, p.s.p.fail(h.tag, "something else than a fragment in pixel data")
	}
	p.s.p.pos += h.size
	p.left = int64(h.length)
	return p.left, true, nil
}

// skip passes over what is left of the value or fragment.
func (p *Pixels) skip() error {
	_, err := io.Copy(io.Discard, struct{ io.Reader }{p})
	return err
}

// finish passes over all that was not read.
func (p *Pixels) finish() error {
	for ok := true; ok; {
		var err error
		if _, ok, err = p.Next(); err != nil {
			return err
		}
	}
	return p.skip()
}

// Stream reads a data set as Parse does, but hands the pixel data of the image to pixels as it comes: lim.Bytes bounds
// all the rest, and the pixel data may be as large as it likes. pixels gets the elements in front of it, where a well-formed data
// set has all that describes the image, and is called again should there be pixel data twice; what it does not read is passed over, and
// all of it when pixels is nil. In the result the element stands without its value. Elements own their bytes: r may be reused.
func Stream(r io.Reader, s Syntax, lim Limits, pixels func(*DataSet, *Pixels) error) (DataSet, error) {
	st := newStream(r, lim)
	return st.dataSet(s, pixels)
}

// StreamFile reads a file as ParseFile does, and its pixel data as Stream does.
func StreamFile(r io.Reader, lim Limits, pixels func(*File, *Pixels) error) (File, error) {
	st := newStream(r, lim)
	for {
		f, n, err := parseHead(st.p.data, lim)
		if (err != nil && isShort(err) || err == nil && n+8 > len(st.p.data)) && !st.ended {
			if err := st.fill(); err != nil {
				return File{}, err
			}
			continue
		}
		if err != nil {
			return File{}, err
		}
		st.p.pos, st.kept = n, n
		st.p.left -= len(f.Meta.Elements)
		f.DataSet, err = st.dataSet(f.Syntax, func(ds *DataSet, p *Pixels) error {
			if pixels == nil {
				return nil
			}
			f.DataSet = *ds
			return pixels(&f, p)
		})
		if err != nil {
			return File{}, err
		}
		return f, nil
	}
}

// stream parses from a window that moves along r.
type stream struct {
	r     io.Reader
	p     parser
	lim   Limits
	kept  int // bytes that elements own
	ended bool
}

const (
	firstWindow = 64 << 10
	longestHead = 12
)

func newStream(r io.Reader, lim Limits) *stream {
	return &stream{r: r, lim: lim, p: parser{depth: lim.Depth, left: lim.Elements}}
}

// fill moves the window on: it drops what was parsed, which its elements keep alive, and at least doubles the rest, so that what is
// parsed again and again costs no more than twice its length.
func (s *stream) fill() error {
	rest := s.p.data[s.p.pos:]
	room := s.lim.Bytes - s.kept + longestHead // of pixel data, which does not count
	if len(rest) >= room {
		return s.p.fail(0, "longer than the limit")
	}
	size := min(max(firstWindow, 2*len(rest)), room)
	data := make([]byte, size)
	n := copy(data, rest)
	var err error
	for empty := 0; n < len(data) && err == nil; {
		var got int
		got, err = s.r.Read(data[n:])
		n += got
		if empty++; got > 0 {
			empty = 0
		} else if empty > 100 {
			err = io.ErrNoProgress
		}
	}
	if err == io.EOF {
		s.ended, err = true, nil
	}
	s.p.base += int64(s.p.pos)
	s.p.data, s.p.pos = data[:n], 0
	return err
}

// read reads bytes that no element keeps: first those in the window, then from r.
func (s *stream) read(b []byte) (int, error) {
	if s.p.pos < len(s.p.data) {
		n := copy(b, s.p.data[s.p.pos:])
		s.p.pos += n
		return n, nil
	}
	n, err := s.r.Read(b)
	s.p.base += int64(n)
	s.ended = s.ended || err == io.EOF
	return n, err
}

func (s *stream) dataSet(syntax Syntax, pixels func(*DataSet, *Pixels) error) (DataSet, error) {
	if syntax.Deflated() {
		rest := bytes.NewReader(s.p.data[s.p.pos:])
		left := s.p.left
		s.r = inflater{flate.NewReader(io.MultiReader(rest, s.r))}
		s.p, s.ended, s.kept = parser{depth: s.lim.Depth, left: left}, false, 0
	}
	s.p.coding = codingOf(syntax)
	ds := DataSet{Offset: s.p.base + int64(s.p.pos), charset: &inherited{}}
	for {
		h, err := s.head()
		if err == io.EOF {
			return ds, nil
		}
		if err != nil {
			return DataSet{}, err
		}
		if h.tag.IsPixelData() {
			if err := s.pixels(h, &ds, pixels); err != nil {
				return DataSet{}, err
			}
			continue
		}
		e, err := s.element(&ds)
		if err != nil {
			return DataSet{}, err
		}
		ds.add(e)
	}
}

// head looks at the next head; io.EOF where none follows.
func (s *stream) head() (head, error) {
	for {
		if s.p.pos == len(s.p.data) && s.ended {
			return head{}, io.EOF
		}
		h, err := s.p.head(len(s.p.data))
		if err == nil || !isShort(err) || s.ended {
			return h, err
		}
		if err := s.fill(); err != nil {
			return head{}, err
		}
	}
}

// element parses the next element, as often as the window must grow for it.
func (s *stream) element(ds *DataSet) (Element, error) {
	for {
		start, left := s.p.pos, s.p.left
		e, err := s.p.element(len(s.p.data), ds.charset)
		if err == nil {
			s.kept += s.p.pos - start
			if s.kept > s.lim.Bytes {
				return Element{}, s.p.fail(e.Tag, "longer than the limit")
			}
			return e, nil
		}
		if !isShort(err) || s.ended {
			return Element{}, err
		}
		s.p.pos, s.p.left = start, left
		if err := s.fill(); err != nil {
			return Element{}, err
		}
	}
}

func (s *stream) pixels(h head, ds *DataSet, pixels func(*DataSet, *Pixels) error) error {
	if err := s.p.count(h.tag); err != nil {
		return err
	}
	p := &Pixels{s: s, Length: int64(h.length), left: int64(h.length)}
	p.Element = Element{Tag: h.tag, VR: h.vr, Offset: s.p.base + int64(s.p.pos), coding: s.p.coding, reserved: h.reserved}
	if !h.mayBeOpen(s.p.implicit) {
		return s.p.fail(h.tag, reasonOpen)
	}
	if h.length == undefined {
		p.Length, p.left, p.undefined = -1, 0, true
		p.Fragments = [][]byte{}
	}
	s.p.pos += h.size
	if pixels != nil {
		if err := pixels(ds, p); err != nil {
			return err
		}
	}
	if err := p.finish(); err != nil {
		return err
	}
	ds.add(p.Element)
	return nil
}

// inflater says of a broken stream what Parse says.
type inflater struct{ r io.Reader }

func (f inflater) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	var corrupt flate.CorruptInputError
	if err == io.ErrUnexpectedEOF || errors.As(err, &corrupt) {
		err = &Error{Reason: reasonDeflate}
	}
	return n, err
}

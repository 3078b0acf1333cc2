package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/wardline/wardline/format/dicom"
)

// Version names the rules by which the digests of this package are made. Other rules will have another name.
const Version = "dcmc-1"

// Kind tells what a digest is of.
type Kind uint8

// The kinds of digests.
const (
	None     Kind = iota
	Header        // everything but the pixel data
	Semantic      // the header without what a hospital may change in it
	Encoded       // one frame as it was compressed, with its transfer syntax: P0
	Samples       // the samples of one frame: P1
	Pixels        // all frames of an instance
	Series        // all instances of a manifest: the root of its tree
)

// String returns the name that labels a digest of that kind.
func (k Kind) String() string {
	names := [...]string{"none", "header", "semantic", "frame-encoded", "frame-samples", "pixels", "series"}
	if int(k) >= len(names) {
		return "none"
	}
	return names[k]
}

// Digest is a SHA-256 hash and what it is of. The zero value is none.
type Digest struct {
	Kind Kind
	Sum  [sha256.Size]byte
}

// String labels the digest with version, kind and algorithm: dcmc-1:header:sha256:9f86d081…
func (d Digest) String() string {
	if d.Kind == None {
		return "none"
	}
	return fmt.Sprintf("%s:%s:sha256:%s", Version, d.Kind, hex.EncodeToString(d.Sum[:]))
}

// Parse reads what String writes.
func Parse(text string) (Digest, error) {
	if text == "none" {
		return Digest{}, nil
	}
	f := strings.Split(text, ":")
	if len(f) != 4 || f[0] != Version || f[2] != "sha256" || len(f[3]) != 2*sha256.Size || f[3] != strings.ToLower(f[3]) {
		return Digest{}, fmt.Errorf("digest: not one of %s", Version)
	}
	for k := Header; k <= Series; k++ {
		if k.String() != f[1] {
			continue
		}
		d := Digest{Kind: k}
		if _, err := hex.Decode(d.Sum[:], []byte(f[3])); err != nil {
			return Digest{}, fmt.Errorf("digest: not one of %s", Version)
		}
		return d, nil
	}
	return Digest{}, fmt.Errorf("digest: of no kind of %s", Version)
}

// Frame is the digests of one frame. A native frame has no P0, and one whose compression this package does not know no P1.
type Frame struct{ Encoded, Samples Digest }

// best is the digest that stays when a frame is compressed or unpacked without loss, or else the other.
func (f Frame) best() Digest {
	if f.Samples.Kind != None {
		return f.Samples
	}
	return f.Encoded
}

// Instance is the digests of one DICOM instance.
type Instance struct {
	SOPInstance, Series string // unique identifiers, (0008,0018) and (0020,000E)
	Syntax              dicom.Syntax
	Header, Semantic    Digest
	Pixels              Digest // over the best digest of every frame; none without pixel data
	Frames              []Frame
	Uneven              bool // the pixel data is not what the header says: it was taken as the frames that were found, or as one
	Polyglot            bool // the preamble of the file may make it something else as well: see dicom.File.Polyglot
}

// Of digests a data set in memory. syntax is the one it came in. Native pixel data in little endian is hashed where
// it stands. A frame that must be unpacked or turned round may be as long as lim.Bytes.
func Of(ds *dicom.DataSet, syntax dicom.Syntax, m Mutable, lim dicom.Limits) (Instance, error) {
	px := newPixelHasher(lim)
	for i := range ds.Elements {
		e := &ds.Elements[i]
		if !e.Tag.IsPixelData() {
			continue
		}
		before := *ds
		before.Elements = ds.Elements[:i:i]
		px.begin(&before, syntax, e, nativeLength(e))
		if e.Fragments == nil {
			px.write(e.Value)
		}
		for i, f := range e.Fragments {
			if i > 0 { // the first is the Basic Offset Table
				px.fragment(f)
				px.write(f)
			}
		}
		if err := px.finish(); err != nil {
			return Instance{}, err
		}
	}
	return finish(ds, syntax, m, px), nil
}

func nativeLength(e *dicom.Element) int64 {
	if e.Fragments != nil {
		return -1
	}
	return int64(len(e.Value))
}

// OfFile digests a file in memory.
func OfFile(f *dicom.File, m Mutable, lim dicom.Limits) (Instance, error) {
	in, err := Of(&f.DataSet, f.Syntax, m, lim)
	if err != nil {
		return Instance{}, err
	}
	in.Polyglot = f.Polyglot()
	return in, nil
}

// Read digests a data set from a stream, as Of does. Memory is bounded by lim.Bytes for the header, and once more for
// one frame where a frame must be unpacked or turned round.
func Read(r io.Reader, syntax dicom.Syntax, m Mutable, lim dicom.Limits) (Instance, error) {
	in, _, err := ReadDataSet(r, syntax, m, lim)
	return in, err
}

// ReadDataSet digests a data set from a stream as Read does, and returns it as well, without the value of its pixel data.
func ReadDataSet(r io.Reader, syntax dicom.Syntax, m Mutable, lim dicom.Limits) (Instance, dicom.DataSet, error) {
	px := newPixelHasher(lim)
	ds, err := dicom.Stream(r, syntax, lim, func(ds *dicom.DataSet, p *dicom.Pixels) error { return px.read(ds, syntax, p) })
	if err != nil {
		return Instance{}, dicom.DataSet{}, err
	}
	return finish(&ds, syntax, m, px), ds, nil
}

// ReadFile digests a file from a stream, as OfFile does.
func ReadFile(r io.Reader, m Mutable, lim dicom.Limits) (Instance, error) {
	in, _, err := ReadHeader(r, m, lim)
	return in, err
}

// ReadHeader digests a file from a stream as ReadFile does, and returns the file as well, whose pixel data has no value.
func ReadHeader(r io.Reader, m Mutable, lim dicom.Limits) (Instance, dicom.File, error) {
	px := newPixelHasher(lim)
	f, err := dicom.StreamFile(r, lim, func(f *dicom.File, p *dicom.Pixels) error { return px.read(&f.DataSet, f.Syntax, p) })
	if err != nil {
		return Instance{}, dicom.File{}, err
	}
	in := finish(&f.DataSet, f.Syntax, m, px)
	in.Polyglot = f.Polyglot()
	return in, f, nil
}

// finish adds what the whole data set says to what was hashed of its pixels.
func finish(ds *dicom.DataSet, syntax dicom.Syntax, m Mutable, px *pixelHasher) Instance {
	in := Instance{
		SOPInstance: ds.Text(0x00080018), Series: ds.Text(0x0020000E), Syntax: syntax,
		Frames: px.frames, Uneven: px.uneven, Pixels: px.sum(),
	}
	header, semantic := sha256.New(), sha256.New()
	io.WriteString(header, headerTitle)
	io.WriteString(semantic, semanticTitle)
	var buf []byte
	for _, e := range ordered(ds, topLevel) {
		buf = form{syntax, hiddenDepth}.element(buf[:0], ds, e)
		header.Write(buf)
		if m.Class(e.Tag) <= Notice {
			semantic.Write(buf)
		}
	}
	in.Header.Kind, in.Semantic.Kind = Header, Semantic
	header.Sum(in.Header.Sum[:0])
	semantic.Sum(in.Semantic.Sum[:0])
	return in
}

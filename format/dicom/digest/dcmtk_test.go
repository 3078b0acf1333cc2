package digest_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
)

// converted writes data to a file, has a program of DCMTK make another of it, and digests that.
func converted(t *testing.T, data []byte, program string, args ...string) digest.Instance {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.dcm"), filepath.Join(dir, "out.dcm")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if program == "dcmodify" { // in place
		dicomtest.Run(t, program, append(append([]string{"-nb"}, args...), in)...)
		out = in
	} else {
		dicomtest.Run(t, program, append(args, in, out)...)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return inMemory(t, made)
}

// pictures are images of every layout that DCMTK compresses.
func pictures() []picture {
	return []picture{
		{rows: 37, columns: 23, samples: 1, bits: 16},
		{rows: 37, columns: 23, samples: 1, bits: 16, signed: 1, frames: 3},
		{rows: 15, columns: 9, samples: 1, bits: 8, frames: 3}, // whose frames are odd
		{rows: 16, columns: 33, samples: 3, bits: 8},
		{rows: 16, columns: 33, samples: 3, bits: 8, planar: 1},
		{rows: 5, columns: 7, samples: 3, bits: 8, planar: 1, frames: 2},
	}
}

// data writes a picture as a file.
func (p picture) file() []byte {
	vr := "OW"
	if p.bits <= 8 {
		vr = "OB"
	}
	return dicomtest.File(dicom.ExplicitLE, p.dataSet(vr, p.pixels()))
}

// DCMTK writes the same instance in other transfer syntaxes: the header stays, and so do the samples.
func TestTranscodedByDCMTK(t *testing.T) {
	files := map[string][]byte{}
	for _, p := range pictures() {
		files[p.String()] = p.file()
	}
	for name, data := range files {
		want := inMemory(t, data)
		for _, how := range [][]string{{"dcmconv", "+te"}, {"dcmconv", "+ti"}, {"dcmconv", "+tb"}, {"dcmconv", "+td"}, {"dcmconv", "+te", "+g", "-e"}, {"dcmconv", "+te", "+p", "64", "32"}, {"dcmcrle"}} {
			got := converted(t, data, how[0], how[1:]...)
			if got.Header != want.Header || got.Semantic != want.Semantic || got.Pixels != want.Pixels || got.Uneven || len(got.Frames) != len(want.Frames) {
				t.Errorf("%s, %v: header %v, pixels %v, uneven %v", name, how, got.Header == want.Header, got.Pixels == want.Pixels, got.Uneven)
			}
			if how[0] == "dcmcrle" && got.Frames[0].Encoded == want.Frames[0].Encoded {
				t.Errorf("%s: compressed and native have one P0", name)
			}
		}
		if strings.Contains(name, "2 frames, planar 1") {
			continue // dcmcjpeg takes the planes of all frames for those of one: PS3.3 C.7.6.3.1.3 has them frame by frame
		}
		for _, how := range [][]string{{"+e1"}, {"+el", "+sv", "2"}, {"+el", "+sv", "3"}, {"+el", "+sv", "4"}, {"+el", "+sv", "5"}, {"+el", "+sv", "6"}, {"+el", "+sv", "7"}} {
			if strings.Contains(name, "3 frames") && how[0] == "+el" {
				continue // all predictors for some
			}
			if got := converted(t, data, "dcmcjpeg", how...); got.Pixels != want.Pixels || got.Uneven {
				t.Errorf("%s, %v: other samples, uneven %v", name, how, got.Uneven)
			}
		}
	}
}

// DCMTK writes the corpus in other transfer syntaxes, each file in one of them.
func TestCorpusTranscodedByDCMTK(t *testing.T) {
	files := corpus(t)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name]
		f, err := dicom.ParseFile(data, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, image := f.DataSet.Find(dicom.PixelData); !image || f.Syntax.Encapsulated() || f.DataSet.Text(0x00080018) == "" {
			continue
		}
		want := inMemory(t, data)
		how := [][]string{{"dcmconv", "+ti"}, {"dcmconv", "+tb"}, {"dcmcrle"}}[n%3]
		if bits := f.DataSet.Int(0x00280100, 1); how[0] == "dcmcrle" && (want.Uneven || bits%8 != 0) {
			how = []string{"dcmconv", "+td"} // RLE has no form for this one
		}
		got := converted(t, data, how[0], how[1:]...)
		if got.Header != want.Header || got.Pixels != want.Pixels {
			t.Errorf("%s, %v: header %v, pixels %v", name, how, got.Header == want.Header, got.Pixels == want.Pixels)
		}
		n++
	}
	t.Logf("%d conversions", n)
}

// DCMTK changes one value.
func TestModifiedByDCMTK(t *testing.T) {
	data := pictures()[1].file()
	want := inMemory(t, data)
	before, err := dicom.ParseFile(data, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for change, class := range map[string]digest.Class{
		"(0008,0060)=CT": digest.Never, "(0020,0062)=L": digest.Never, "(0028,0030)=1\\1": digest.Never, "(0008,0018)=1.2.3.5": digest.Never,
		"(0028,1050)=40": digest.Notice, "(0010,0010)=ROE^RICHARD": digest.WithCause, "(0008,0050)=77": digest.WithCause, "(0008,0054)=PACS": digest.Always,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "in.dcm")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		dicomtest.Run(t, "dcmodify", "-nb", "-i", change, path)
		changed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := inMemory(t, changed)
		if got.Header == want.Header || (got.Semantic == want.Semantic) != (class >= digest.WithCause) || got.Pixels != want.Pixels {
			t.Errorf("%s: header %v, semantic %v, pixels %v", change, got.Header == want.Header, got.Semantic == want.Semantic, got.Pixels == want.Pixels)
		}
		after, err := dicom.ParseFile(changed, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		changes := digest.Changes(&before, &after, digest.DefaultMutable())
		if len(changes) != 1 || changes[0].Class != class || changes[0].Tag.String() != change[:11] {
			t.Errorf("%s: %v", change, changes)
		}
	}
}

// The text of a header is the same in every character set that has it.
func TestCharsetOfDCMTK(t *testing.T) {
	data := pictures()[0].file()
	if got, want := converted(t, data, "dcmconv", "+U8"), inMemory(t, data); got.Header != want.Header {
		t.Error("a name with an accent differs between Latin 1 and UTF-8")
	}
}

// What DCMTK unpacks is what is unpacked here.
func TestUnpackedByDCMTK(t *testing.T) {
	for name, data := range corpus(t) {
		f, err := dicom.ParseFile(data, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		program := map[dicom.Syntax]string{dicom.RLELossless: "dcmdrle", dicom.JPEGLossless: "dcmdjpeg", dicom.JPEGLosslessSV1: "dcmdjpeg"}[f.Syntax]
		if program == "" || !bytes.Contains(data, []byte("\xe0\x7f\x10\x00")) {
			continue
		}
		want := inMemory(t, data)
		got := converted(t, data, program)
		if diff := cmp.Diff(got.Pixels, want.Pixels); diff != "" {
			t.Errorf("%s, %s: %s", name, program, diff)
		}
	}
}

package evtx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evtx"
	et "github.com/wardline/wardline/format/evtx/evtxtest"
	"github.com/wardline/wardline/format/formattest"
)

// What the fuzzer's bytes are taken for. Where they stand in a chunk, what is around them is sound.
const (
	wholeFile = iota
	records   // of one chunk
	fragment  // the binary XML of one record
	forms
)

func place(form uint8, in []byte) []byte {
	in = in[:min(len(in), et.ChunkSize-et.ChunkHeaderSize-64)]
	switch form % forms {
	case records:
		return et.Records(in)[:et.ChunkHeaderSize+len(in)]
	case fragment:
		c := et.NewChunk()
		c.Record(1, noon, et.Raw(in))
		return c.Bytes()[:c.At()]
	}
	return in
}

// FuzzEVTX: whatever the bytes, reading ends within its cost, gives JSON in UTF-8 within
// the limits, gives the same when read byte by byte, and its errors are constant texts.
func FuzzEVTX(f *testing.F) {
	addSeeds(f)
	lim := evtx.Limits{Record: 1 << 16, Depth: 16, Fields: 256}
	f.Fuzz(func(t *testing.T, form uint8, in []byte) {
		file := place(form, in)
		cost.Check(t, len(file), func() {
			r := evtx.NewReader(bytes.NewReader(file), lim)
			var rec evtx.Record
			for range len(file) + 4 {
				if err := r.Next(&rec); err == nil {
					check(t, rec, lim)
				} else if !goesOn(t, err) {
					return
				}
			}
			t.Fatal("the reader does not come to an end")
		})
		if form%forms == wholeFile {
			bytewise := show(t, iotest.OneByteReader(bytes.NewReader(file)), lim)
			if diff := cmp.Diff(bytewise, show(t, bytes.NewReader(file), lim)); diff != "" {
				t.Fatal("read byte by byte the records differ")
			}
		}
	})
}

// goesOn tells whether reading goes on after err.
func goesOn(t *testing.T, err error) bool {
	formattest.Quiet(t, err)
	var damage *evtx.Damage
	if errors.As(err, &damage) {
		return true
	}
	if err != io.EOF && err != evtx.ErrFormat {
		t.Fatal(err)
	}
	return false
}

func check(t *testing.T, rec evtx.Record, lim evtx.Limits) {
	const oneValue = 6 * et.ChunkSize // by so much the last value may go over the limit
	if !json.Valid(rec.JSON) || !utf8.Valid(rec.JSON) {
		t.Fatal("no JSON")
	}
	if len(rec.JSON) > lim.Record+oneValue {
		t.Fatalf("%d bytes of JSON", len(rec.JSON))
	}
	if rec.Created.Location() != time.UTC || rec.Written.Location() != time.UTC {
		t.Fatal("a local time")
	}
}

// addSeeds adds invented logs and, where the public test data is there, small real ones.
func addSeeds(f *testing.F) {
	inner := &et.Template{Root: et.Element{Name: "LogFileCleared", Content: []any{et.Element{Name: "SubjectUserName", Content: sub(0, et.String)}}}}
	tmpl := logon(data("TargetUserName", "IpAddress"), et.Element{Name: "UserData", Content: []any{et.Sub{Index: 6, Kind: et.BinXML}}})
	user := et.Of(et.String, "0042canary")
	c := et.NewChunk()
	c.Record(1, noon, instance(tmpl, 1, user, et.Of(et.String, "10.0.0.7")))
	c.Record(2, noon, instance(tmpl, 2, user, et.Value{Kind: et.Array | et.String, Data: et.UTF16("a\x00b\x00")},
		et.Value{Kind: et.BinXML, Inner: &et.Instance{Template: inner, Values: []et.Value{user}}}))
	c.Record(3, noon, et.Element{Name: "Event", Attrs: []et.Attr{text("xmlns", "u")}, Content: []any{et.Element{Name: "EventData", Content: []any{
		et.Element{Name: "Data", Attrs: []et.Attr{text("Name", "a")}, Content: []any{et.Text("x"), et.CDATA("y"), et.Char('z'), et.Entity("amp"), et.Instruction{Target: "t", Data: "d"}}},
		et.Element{Name: "Data", Content: []any{et.Constant(et.Of(et.FileTime, noon))}},
	}}}})
	chunk := c.Bytes()
	body := chunk[et.ChunkHeaderSize:c.At()]
	f.Add(uint8(records), body)
	f.Add(uint8(records), append(bytes.Clone(body[:200]), body...))
	f.Add(uint8(fragment), body[24:400])
	f.Add(uint8(wholeFile), chunk[:c.At()])
	f.Add(uint8(wholeFile), et.File(chunk)[:et.FileHeaderSize+c.At()])
	f.Add(uint8(wholeFile), []byte("ElfChnk\x00"))
	for _, body := range corpusBodies() {
		f.Add(uint8(records), body)
	}
}

// corpusBodies are the first records of some public logs.
func corpusBodies() (bodies [][]byte) {
	const most, largest, first = 12, 6 << 10, 3 << 10 // files, bytes of one as it is packed, bytes of a body
	paths, _ := filepath.Glob(filepath.Join(os.Getenv("WARDLINE_CORPORA"), "evtx", "files", "*", "*.evtx.gz"))
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > largest || len(bodies) == most {
			continue
		}
		file, err := unpack(path)
		if err == nil && len(file) >= et.FileHeaderSize+et.ChunkSize {
			body := et.Body(file[et.FileHeaderSize:][:et.ChunkSize])
			bodies = append(bodies, body[:min(len(body), first)])
		}
	}
	return bodies
}

package evtx_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	et "github.com/wardline/wardline/format/evtx/evtxtest"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/evtx"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: taxonomy}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// chunk is two processes that began, as the security log reports them, and its records' end.
func chunk() (whole []byte, end int) {
	element := func(name string, content ...any) et.Element { return et.Element{Name: name, Content: content} }
	tmpl := &et.Template{Root: element("Event",
		element("System",
			element("EventID", et.Constant(et.Of(et.Uint16, uint16(4688)))),
			et.Element{Name: "TimeCreated", Attrs: []et.Attr{{Name: "SystemTime", Content: []any{et.Sub{Kind: et.FileTime}}}}},
			element("Channel", et.Text("Security")),
		),
		element("EventData", et.Element{Name: "Data", Attrs: []et.Attr{{Name: "Name", Content: []any{et.Text("NewProcessName")}}}, Content: []any{et.Sub{Index: 1, Kind: et.String}}}),
	)}
	c := et.NewChunk()
	for i, image := range []string{"C:\\a.exe", "C:\\b.exe"} {
		c.Record(uint64(7+i), noon, &et.Instance{Template: tmpl, Values: []et.Value{et.Of(et.FileTime, noon), et.Of(et.String, image)}})
	}
	return c.Bytes(), c.At()
}

func TestEvents(t *testing.T) {
	broken, end := chunk()
	broken[end-4]++ // the size at the end of the second record
	sound, _ := chunk()
	d := evtx.Format().Open(bytes.NewReader(et.File(broken, sound)), options(t))
	var ev event.Event
	var got []string
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		if err == io.EOF {
			break
		}
		if errors.As(err, &damage) {
			got = append(got, damage.Error())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.Class.Category+" "+ev.Time.Format(time.RFC3339)+" "+string(ev.Fields))
	}
	a := `process_creation 2026-03-01T12:00:00Z {"EventID":4688,"TimeCreated_SystemTime":"2026-03-01T12:00:00.000000Z","Channel":"Security","NewProcessName":"C:\\a.exe"}`
	b := `process_creation 2026-03-01T12:00:00Z {"EventID":4688,"TimeCreated_SystemTime":"2026-03-01T12:00:00.000000Z","Channel":"Security","NewProcessName":"C:\\b.exe"}`
	want := []string{
		"at byte 4608: checksum of the records of a chunk does not match", a,
		"at byte 5104: record whose end is not where it says", a, b,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestSniff(t *testing.T) {
	c, _ := chunk()
	for text, want := range map[string]int{string(et.File(c)): 100, string(c): 100, strings.Repeat("\x00", 4096) + string(c): 99, "": 0, "ElfFile": 0, "x" + string(c): 0} {
		if got := evtx.Format().Sniff([]byte(text)); got != want {
			t.Errorf("%.8q: %d, want %d", text, got, want)
		}
	}
}

// FuzzEVTX: the bytes stand for the records of a chunk.
func FuzzEVTX(f *testing.F) {
	c, _ := chunk()
	f.Add(et.Body(c))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		in = in[:min(len(in), et.ChunkSize-et.ChunkHeaderSize)]
		file := et.Records(in)[:et.ChunkHeaderSize+len(in)]
		collecttest.Decode(t, evtx.Format(), o, formattest.Cost{Fixed: 1 << 20, PerByte: 600}, file)
	})
}

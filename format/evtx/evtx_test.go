package evtx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evtx"
	et "github.com/wardline/wardline/format/evtx/evtxtest"
	"github.com/wardline/wardline/format/formattest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456700, time.UTC)

// sub stands for value i.
func sub(i uint16, kind byte) []any { return []any{et.Sub{Index: i, Kind: kind, Optional: true}} }

// text is an attribute of constant text.
func text(name, value string) et.Attr { return et.Attr{Name: name, Content: []any{et.Text(value)}} }

// logon is the template of the events in most tests: values 0 to 2 are record, channel and time.
func logon(parts ...et.Element) *et.Template {
	system := et.Element{Name: "System", Content: []any{
		et.Element{Name: "Provider", Attrs: []et.Attr{text("Name", "Ward")}},
		et.Element{Name: "EventID", Attrs: []et.Attr{{Name: "Qualifiers", Content: sub(3, et.Uint16)}}, Content: []any{et.Constant(et.Of(et.Uint16, uint16(4624)))}},
		et.Element{Name: "TimeCreated", Attrs: []et.Attr{{Name: "SystemTime", Content: sub(2, et.FileTime)}}},
		et.Element{Name: "EventRecordID", Content: sub(0, et.Uint64)},
		et.Element{Name: "Channel", Content: sub(1, et.String)},
	}}
	root := et.Element{Name: "Event", Attrs: []et.Attr{text("xmlns", "urn:x")}, Content: []any{system}}
	for _, part := range parts {
		root.Content = append(root.Content, part)
	}
	return &et.Template{Root: root}
}

// data is EventData of values 4 and up.
func data(names ...string) et.Element {
	e := et.Element{Name: "EventData"}
	for i, name := range names {
		e.Content = append(e.Content, et.Element{Name: "Data", Attrs: []et.Attr{text("Name", name)}, Content: sub(uint16(4+i), et.String)})
	}
	return e
}

func instance(t *et.Template, id uint64, values ...et.Value) *et.Instance {
	head := []et.Value{et.Of(et.Uint64, id), et.Of(et.String, "Security"), et.Of(et.FileTime, noon), {}}
	return &et.Instance{Template: t, Values: append(head, values...)}
}

const systemOf = `{"Provider_Name":"Ward","EventID":4624,"TimeCreated_SystemTime":"2026-03-01T12:00:00.123456Z","EventRecordID":%d,"Channel":"Security"`

// want is the JSON of an event of logon with these further members.
func want(id int, members string) string {
	if members != "" {
		members = "," + members
	}
	return fmt.Sprintf(systemOf, id) + members + "}"
}

// show lists the records of a file as JSON, and "!reason" for damage and for what is no event log.
func show(t testing.TB, r io.Reader, lim evtx.Limits) (got []string) {
	t.Helper()
	reader := evtx.NewReader(r, lim)
	var rec evtx.Record
	for {
		err := reader.Next(&rec)
		var damage *evtx.Damage
		switch {
		case err == io.EOF:
			return got
		case errors.As(err, &damage):
			got = append(got, "!"+damage.Reason)
		case err == evtx.ErrFormat:
			return append(got, "!"+err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, string(rec.JSON))
		}
	}
}

// expect fails t unless a file has these records and damages, read whole and byte by byte.
func expect(t *testing.T, file []byte, want ...string) {
	t.Helper()
	for _, r := range []io.Reader{bytes.NewReader(file), iotest.OneByteReader(bytes.NewReader(file))} {
		if diff := cmp.Diff(show(t, r, evtx.DefaultLimits()), want); diff != "" {
			t.Errorf("got -, want +:\n%s", diff)
		}
	}
}

func TestRecord(t *testing.T) {
	tmpl := logon(data("TargetUserName", "IpAddress"))
	c := et.NewChunk()
	c.Record(7, noon, instance(tmpl, 7, et.Of(et.String, "m.okafor"), et.Value{}))
	r := evtx.NewReader(bytes.NewReader(et.File(c.Bytes())), evtx.DefaultLimits())
	var rec evtx.Record
	if err := r.Next(&rec); err != nil {
		t.Fatal(err)
	}
	if got := string(rec.JSON); got != want(7, `"TargetUserName":"m.okafor","IpAddress":null`) {
		t.Error(got)
	}
	if rec.ID != 7 || rec.EventID != 4624 || string(rec.Channel) != "Security" || !rec.Created.Equal(noon) || !rec.Written.Equal(noon) || rec.Offset != 4096+512 {
		t.Errorf("%+v", rec)
	}
	if err := r.Next(&rec); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// Every kind of value, of its right size and of a wrong one.
func TestValues(t *testing.T) {
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0}
	guid := []byte{0x54, 0x84, 0x96, 0x25, 0x54, 0x78, 0x49, 0x94, 0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28, 0xc3, 0x0d}
	clock, _ := binary.Append(nil, binary.LittleEndian, []uint16{2026, 3, 0, 1, 12, 5, 9, 7})
	for _, tt := range []struct {
		name  string
		value et.Value
		want  string
	}{
		{"string", et.Of(et.String, "a \"b\" \\c\n\x1fü🏥  \x00"), `"a \"b\" \\c\n\u001fü🏥"`},
		{"lone surrogate", et.Value{Kind: et.String, Data: []byte{'a', 0, 0, 0xd8, 'b', 0, 'c'}}, `"a�b"`},
		{"empty string", et.Of(et.String, ""), `""`},
		{"ANSI", et.Of(et.ANSI, []byte("Z\xfc\"\x00")), `"Zü\""`},
		{"Int8", et.Of(et.Int8, int8(-5)), `-5`},
		{"Uint8", et.Of(et.Uint8, uint8(200)), `200`},
		{"Int16", et.Of(et.Int16, int16(-500)), `-500`},
		{"Uint16", et.Of(et.Uint16, uint16(50000)), `50000`},
		{"Int32", et.Of(et.Int32, int32(-70000)), `-70000`},
		{"Uint32", et.Of(et.Uint32, uint32(4e9)), `4000000000`},
		{"Int64", et.Of(et.Int64, int64(-1<<62)), `-4611686018427387904`},
		{"Uint64", et.Of(et.Uint64, uint64(1)<<63), `9223372036854775808`},
		{"Real32", et.Of(et.Real32, float32(0.1)), `0.1`},
		{"Real64", et.Of(et.Real64, 5.0), `5.0`},
		{"no number", et.Value{Kind: et.Real64, Data: []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}}, `"NaN"`},
		{"true", et.Of(et.Bool, uint32(1)), `true`},
		{"false", et.Of(et.Bool, uint32(0)), `false`},
		{"binary", et.Of(et.Binary, []byte{0, 0xab}), `"00AB"`},
		{"GUID", et.Of(et.GUID, guid), `"{25968454-7854-9449-A5BA-3E3B0328C30D}"`},
		{"size of 4", et.Of(et.Size, uint32(0x1f)), `"0x1f"`},
		{"size of 8", et.Of(et.Size, uint64(0x1f)), `"0x1f"`},
		{"file time", et.Of(et.FileTime, noon), `"2026-03-01T12:00:00.123456Z"`},
		{"system time", et.Of(et.SystemTime, clock), `"2026-03-01T12:05:09.007000Z"`},
		{"SID", et.Of(et.SID, sid), `"S-1-5-32-544"`},
		{"SID that lies", et.Of(et.SID, []byte{1, 200, 0, 0, 0, 0, 0, 5}), `"01C8000000000005"`},
		{"Hex32", et.Of(et.Hex32, uint32(0x1f)), `"0x1f"`},
		{"Hex64", et.Of(et.Hex64, uint64(0)), `"0x0"`},
		{"handle", et.Of(et.Handle, uint64(0x1f)), `"0x1f"`},
		{"null", et.Value{}, `null`},
		{"number of no size", et.Value{Kind: et.Uint32}, `null`},
		{"number of a wrong size", et.Value{Kind: et.Uint32, Data: []byte{1, 2, 3}}, `"010203"`},
		{"time of a wrong size", et.Value{Kind: et.FileTime, Data: []byte{1}}, `"01"`},
		{"kind nobody knows", et.Value{Kind: 0x70, Data: []byte{1}}, `"01"`},
		{"strings", et.Value{Kind: et.Array | et.String, Data: et.UTF16("a\x00\x00b\x00")}, `["a","","b"]`},
		{"one string", et.Value{Kind: et.Array | et.String, Data: et.UTF16("a\x00")}, `"a"`},
		{"strings, the last not ended", et.Value{Kind: et.Array | et.String, Data: et.UTF16("a\x00b")}, `["a","b"]`},
		{"ANSI strings", et.Value{Kind: et.Array | et.ANSI, Data: []byte("a\x00b\x00")}, `["a","b"]`},
		{"numbers", et.Value{Kind: et.Array | et.Uint16, Data: []byte{1, 0, 2, 0}}, `[1,2]`},
		{"numbers and a rest", et.Value{Kind: et.Array | et.Uint16, Data: []byte{1, 0, 2, 0, 3}}, `[1,2,"03"]`},
		{"bools", et.Value{Kind: et.Array | et.Bool, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0}}, `[true,false]`},
		{"GUIDs", et.Value{Kind: et.Array | et.GUID, Data: append(guid, guid...)}, `["{25968454-7854-9449-A5BA-3E3B0328C30D}","{25968454-7854-9449-A5BA-3E3B0328C30D}"]`},
		{"SIDs", et.Value{Kind: et.Array | et.SID, Data: append(sid, sid...)}, `["S-1-5-32-544","S-1-5-32-544"]`},
		{"hexadecimals", et.Value{Kind: et.Array | et.Hex64, Data: binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 1), 2)}, `["0x1","0x2"]`},
		{"binaries", et.Value{Kind: et.Array | et.Binary, Data: []byte{1, 2}}, `"0102"`},
		{"an array of nothing", et.Value{Kind: et.Array | et.Uint16}, `null`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := et.NewChunk()
			c.Record(1, noon, instance(logon(data("v")), 1, tt.value))
			expect(t, et.File(c.Bytes()), want(1, `"v":`+tt.want))
		})
	}
}

// What stands in an element besides values.
func TestContent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		element et.Element
		want    string
	}{
		{"pieces", et.Element{Name: "E", Content: []any{et.Text("a<"), et.CDATA("b\"c"), et.Char('d'), et.Entity("amp"), et.Entity("own"), et.Sub{Index: 4, Kind: et.Uint16}}}, `"E":"a<b\"cd&&own;7"`},
		{"an instruction", et.Element{Name: "E", Content: []any{et.Instruction{Target: "t", Data: "d"}, et.Text("x")}}, `"E":"x"`},
		{"attributes", et.Element{Name: "E", Attrs: []et.Attr{text("a", "1"), {Name: "b", Content: sub(4, et.Uint16)}, text("xmlns:c", "u")}, Content: []any{et.Text("x")}}, `"E_a":"1","E_b":7,"E":"x"`},
		{"attributes alone", et.Element{Name: "E", Attrs: []et.Attr{text("a", "1")}}, `"E_a":"1"`},
		{"nothing", et.Element{Name: "E"}, `"E":null`},
		{"a name twice", et.Element{Name: "Data", Content: []any{et.Element{Name: "F", Content: []any{et.Text("x")}}, et.Element{Name: "G", Content: []any{et.Text("y")}}, et.Element{Name: "F", Content: sub(4, et.Uint16)}}}, `"F":["x",7],"G":"y"`},
		{"a name of System", et.Element{Name: "Channel", Content: []any{et.Text("own")}}, `"Channel":"own"`},
		{"data without a name", et.Element{Name: "Data", Content: sub(4, et.Uint16)}, `"Data":7`},
		{"data with an empty name", et.Element{Name: "Data", Attrs: []et.Attr{text("Name", "")}, Content: sub(4, et.Uint16)}, `"Data":7`},
		{"data with a name that is a value", et.Element{Name: "Data", Attrs: []et.Attr{{Name: "Name", Content: []any{et.Text("n"), et.Sub{Index: 4, Kind: et.Uint16}}}}, Content: []any{et.Text("x")}}, `"n7":"x"`},
		{"indentation", et.Element{Name: "E", Content: []any{et.Text("\r\n  "), et.Element{Name: "F", Content: []any{et.Text("x")}}, et.Text("\r\n")}}, `"F":"x"`},
		{"a list in pieces", et.Element{Name: "E", Content: []any{et.Text("a"), et.Sub{Index: 5}}}, `"E":"a1,2"`},
		{"a list in an attribute", et.Element{Name: "E", Attrs: []et.Attr{{Name: "a", Content: sub(5, et.Uint16)}}, Content: []any{et.Text("x")}}, `"E_a":[1,2],"E":"x"`},
		{"values of all sorts in pieces", et.Element{Name: "E", Content: []any{et.Text("a"), et.Sub{Index: 7}, et.Sub{Index: 8}, et.Sub{Index: 9}, et.Sub{Index: 99}}}, `"E":"a0.5true\u0001"`},
		{"elements behind a piece", et.Element{Name: "E", Content: []any{et.Text("x"), et.Sub{Index: 6, Kind: et.BinXML}}}, `"E":"x","In":"y"`},
		{"elements and a name of theirs", et.Element{Name: "E", Content: []any{et.Element{Name: "In", Content: []any{et.Text("x")}}, et.Sub{Index: 6, Kind: et.BinXML}, et.Element{Name: "In", Content: sub(5, et.Uint16)}}}, `"In":["x","y",1,2]`},
		{"data whose name is missing", et.Element{Name: "Data", Attrs: []et.Attr{{Name: "Name", Content: sub(99, et.String)}}, Content: []any{et.Text("x")}}, `"Data":"x"`},
		{"an entity of each kind", et.Element{Name: "E", Content: []any{et.Entity("lt"), et.Entity("gt"), et.Entity("apos"), et.Entity("quot")}}, `"E":"<>'\""`},
		{"constants", et.Element{Name: "E", Content: []any{et.Element{Name: "F", Content: []any{et.Constant(et.Of(et.Bool, uint32(1)))}}, et.Element{Name: "G", Content: []any{et.Constant(et.Of(et.Hex32, uint32(31)))}}}}, `"F":true,"G":"0x1f"`},
		{"a value that is missing", et.Element{Name: "E", Content: []any{et.Sub{Index: 99, Kind: et.String}}}, `"E":null`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := et.NewChunk()
			c.Record(1, noon, instance(logon(et.Element{Name: "UserData", Content: []any{tt.element}}), 1,
				et.Of(et.Uint16, uint16(7)), et.Value{Kind: et.Array | et.Uint16, Data: []byte{1, 0, 2, 0}},
				et.Value{Kind: et.BinXML, Inner: et.Element{Name: "In", Content: []any{et.Text("y")}}},
				et.Of(et.Real32, float32(0.5)), et.Of(et.Bool, uint32(1)), et.Of(et.ANSI, []byte{1})))
			expect(t, et.File(c.Bytes()), want(1, tt.want))
		})
	}
}

// Forwarded events hold System as text. Numbers in it are numbers all the same, and so is the time.
func TestSystemInText(t *testing.T) {
	element := func(name, value string) et.Element { return et.Element{Name: name, Content: []any{et.Text(value)}} }
	c := et.NewChunk()
	c.Record(7, noon, et.Element{Name: "Event", Content: []any{
		et.Element{Name: "System", Content: []any{
			element("EventID", "4624"), element("Version", "007"), element("Level", "-1"), element("Channel", "Security"),
			et.Element{Name: "TimeCreated", Attrs: []et.Attr{text("SystemTime", "2026-03-01T11:00:00.1234567Z")}},
			et.Element{Name: "Execution", Attrs: []et.Attr{text("ProcessID", "4"), text("ThreadID", "x")}},
		}},
		et.Element{Name: "UserData", Content: []any{element("Channel", "own"), element("EventID", "1")}},
	}})
	r := evtx.NewReader(bytes.NewReader(c.Bytes()), evtx.DefaultLimits())
	var rec evtx.Record
	if err := r.Next(&rec); err != nil {
		t.Fatal(err)
	}
	want := `{"EventID":4624,"Version":"007","Level":"-1","Channel":"Security","TimeCreated_SystemTime":"2026-03-01T11:00:00.1234567Z",` +
		`"Execution_ProcessID":4,"Execution_ThreadID":"x","Channel":"own","EventID":"1"}`
	if got := string(rec.JSON); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if rec.EventID != 4624 || string(rec.Channel) != "Security" || rec.Created.Format(time.RFC3339Nano) != "2026-03-01T11:00:00.1234567Z" {
		t.Errorf("%d %s %v", rec.EventID, rec.Channel, rec.Created)
	}
}

// Two chunks, two templates, the second use of a template, and a log without a file header.
func TestChunks(t *testing.T) {
	one, two := logon(data("a")), logon(data("b", "c"))
	c, d := et.NewChunk(), et.NewChunk()
	c.Record(1, noon, instance(one, 1, et.Of(et.String, "x")))
	c.Record(2, noon, instance(two, 2, et.Of(et.String, "y"), et.Of(et.Int8, int8(1))))
	c.Record(3, noon, instance(one, 3, et.Of(et.String, "z")))
	d.Record(4, noon, instance(one, 4, et.Of(et.String, "")))
	records := []string{want(1, `"a":"x"`), want(2, `"b":"y","c":1`), want(3, `"a":"z"`), want(4, `"a":""`)}
	expect(t, et.File(c.Bytes(), make([]byte, et.ChunkSize), d.Bytes()), records...)
	expect(t, append(c.Bytes(), d.Bytes()...), records...)
	expect(t, nil)
	r := evtx.NewReader(strings.NewReader("no event log"), evtx.DefaultLimits())
	if err := r.Next(new(evtx.Record)); err != evtx.ErrFormat {
		t.Errorf("no event log: %v", err)
	}
}

// Values may be binary XML themselves: with a template, or plain.
func TestBinaryXMLInValues(t *testing.T) {
	inner := &et.Template{Root: et.Element{Name: "LogFileCleared", Content: []any{et.Element{Name: "SubjectUserName", Content: sub(0, et.String)}}}}
	outer := logon(et.Element{Name: "UserData", Content: []any{et.Sub{Index: 4, Kind: et.BinXML}}})
	c := et.NewChunk()
	for id := 1; id <= 2; id++ {
		cleared := &et.Instance{Template: inner, Values: []et.Value{et.Of(et.String, "m.okafor")}}
		c.Record(uint64(id), noon, instance(outer, uint64(id), et.Value{Kind: et.BinXML, Inner: cleared}))
	}
	c.Record(3, noon, instance(outer, 3, et.Value{Kind: et.BinXML, Inner: et.Element{Name: "Plain", Content: []any{et.Text("x")}}}))
	expect(t, et.File(c.Bytes()), want(1, `"SubjectUserName":"m.okafor"`), want(2, `"SubjectUserName":"m.okafor"`), want(3, `"Plain":"x"`))
}

// A fragment that is written out is compiled, run and forgotten; templates first met in it
// are not.
func TestTemplatesInPlainFragments(t *testing.T) {
	inner := &et.Template{Root: et.Element{Name: "Inner", Content: sub(0, et.String)}}
	event := func(name, value string) et.Element {
		return et.Element{Name: "Event", Content: []any{et.Element{Name: "EventData", Content: []any{
			et.Element{Name: name, Content: []any{et.Text(value)}},
			&et.Instance{Template: inner, Values: []et.Value{et.Of(et.String, value)}},
		}}}}
	}
	c := et.NewChunk()
	c.Record(1, noon, event("A", "x"))
	c.Record(2, noon, event("AnotherNameThatIsLonger", "y"))
	c.Record(3, noon, event("A", "z"))
	expect(t, et.File(c.Bytes()), `{"A":"x","Inner":"x"}`, `{"AnotherNameThatIsLonger":"y","Inner":"y"}`, `{"A":"z","Inner":"z"}`)
}

// Bytes between records, a record whose size lies, a chunk that is none, and an end that is cut
// off cost what they cost and nothing more.
func TestDamage(t *testing.T) {
	tmpl := logon(data("v"))
	chunk := func(ids ...int) ([]byte, []int) {
		c := et.NewChunk()
		var at []int
		for _, id := range ids {
			at = append(at, c.At())
			c.Record(uint64(id), noon, instance(tmpl, uint64(id), et.Of(et.String, "x")))
		}
		return c.Bytes(), append(at, c.At())
	}
	record := func(id int) string { return want(id, `"v":"x"`) }
	const sum, lost = "!checksum of the records of a chunk does not match", "!no record where one should begin"
	const half = "!record whose end is not where it says"
	for _, tt := range []struct {
		name string
		harm func(chunk []byte, at []int) []byte
		want []string
	}{
		{"nothing", func(c []byte, _ []int) []byte { return c }, []string{record(1), record(2), record(3)}},
		{"a bit", func(c []byte, at []int) []byte { c[at[2]-7] ^= 4; return c }, []string{sum, record(1), want(2, `"v":"|"`), record(3)}},
		{"a record's magic", func(c []byte, at []int) []byte { c[at[1]] = 0; return c }, []string{sum, record(1), lost, record(3)}},
		{"a record's size", func(c []byte, at []int) []byte { c[at[1]+4]++; return c }, []string{sum, record(1), half, record(3)}},
		{"a record's size of nothing", func(c []byte, at []int) []byte { clear(c[at[1]+4 : at[1]+8]); return c }, []string{sum, record(1), half, record(3)}},
		{"a record's second size", func(c []byte, at []int) []byte { c[at[2]-4]++; return c }, []string{sum, record(1), half, record(3)}},
		{"a record's XML", func(c []byte, at []int) []byte { c[at[1]+24+4] = 0x7f; return c }, []string{sum, record(1), "!unknown token", record(3)}},
		{"where the template is", func(c []byte, at []int) []byte { c[at[1]+24+4+6+3] = 1; return c }, []string{sum, record(1), "!template outside of its chunk", record(3)}},
		{"the header's checksum", func(c []byte, _ []int) []byte { c[124]++; return c }, []string{"!checksum of the chunk header does not match", record(1), record(2), record(3)}},
		{"where the records end", func(c []byte, _ []int) []byte { c[50] = 0xff; return c }, []string{"!chunk does not say where its records end", record(1), record(2), record(3)}},
		{"the tables of names and templates", func(c []byte, _ []int) []byte {
			for i := 128; i < 512; i++ {
				c[i] = byte(i)
			}
			return c
		}, []string{"!checksum of the chunk header does not match", record(1), record(2), record(3)}},
		{"a name that is followed by itself", func(c []byte, _ []int) []byte {
			at := bytes.Index(c, et.UTF16("Provider")) - 8
			binary.LittleEndian.PutUint32(c[at:], uint32(at))
			return c
		}, []string{sum, record(1), record(2), record(3)}},
		{"the chunk's magic", func(c []byte, _ []int) []byte { c[0] = 'x'; return c }, []string{"!no chunk where one should begin", record(1), record(2), record(3)}},
		{"the whole header", func(c []byte, _ []int) []byte { clear(c[:512]); return c }, []string{"!no chunk where one should begin", record(1), record(2), record(3)}},
		{"its place", func(c []byte, _ []int) []byte { return append(make([]byte, 512), c...) }, []string{"!no chunk where one should begin", record(1), record(2), record(3)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, at := chunk(1, 2, 3)
			after, _ := chunk(4)
			expect(t, append(et.File(tt.harm(c, at)), after...), append(tt.want, record(4))...)
		})
	}
	c, at := chunk(1, 2, 3)
	expect(t, et.File(c[:at[2]+5]), "!file ends inside a chunk", record(1), record(2), half)
	expect(t, et.File(c[:100]), "!file ends inside the header of a chunk")
	expect(t, et.File(c)[:3000], "!file ends inside its header")
	expect(t, append(make([]byte, 4096), c...), "!no file header", record(1), record(2), record(3))
	whole := et.File(c, c, c)
	expect(t, whole[:4096+2*et.ChunkSize], record(1), record(2), record(3), record(1), record(2), record(3), "!file ends before its last chunk")
	badHeader := et.File(c)
	badHeader[20]++
	expect(t, badHeader, "!checksum of the file header does not match", record(1), record(2), record(3))
}

// A log copied while Windows wrote it: the chunk's header does not yet count the last records.
func TestRecordsBehindTheHeader(t *testing.T) {
	tmpl := logon(data("v"))
	c := et.NewChunk()
	c.Record(1, noon, instance(tmpl, 1, et.Of(et.String, "x")))
	end := c.At()
	c.Record(2, noon, instance(tmpl, 2, et.Of(et.String, "y")))
	c.Record(4, noon, instance(tmpl, 4, et.Of(et.String, "left from an older log")))
	chunk := c.Bytes()
	binary.LittleEndian.PutUint32(chunk[48:], uint32(end))
	et.Seal(chunk)
	closed, open := et.File(chunk), et.File(chunk)
	open[120] = 1 // dirty
	expect(t, closed, want(1, `"v":"x"`))
	expect(t, open, want(1, `"v":"x"`), want(2, `"v":"y"`))
}

// Templates and values that multiply, in a chunk of 64 KiB.
func TestHostileChunks(t *testing.T) {
	nest := func(depth, width int) *et.Instance {
		tmpl := &et.Template{Root: et.Element{Name: "E"}}
		for range depth {
			inner := tmpl
			tmpl = &et.Template{Root: et.Element{Name: "E"}}
			for range width {
				tmpl.Root.Content = append(tmpl.Root.Content, &et.Instance{Template: inner})
			}
		}
		return &et.Instance{Template: tmpl}
	}
	many := func(n int, v any) (list []any) {
		for range n {
			list = append(list, v)
		}
		return list
	}
	self := &et.Template{}
	self.Root = et.Element{Name: "E", Content: []any{&et.Instance{Template: self}, &et.Instance{Template: self}}}
	long := strings.Repeat("\x01", 1000)
	for _, tt := range []struct {
		name, want string
		root       any
	}{
		{"templates in templates", "!record has too much in its templates", nest(10, 10)},
		{"a template that runs itself", "!templates nested too deep", &et.Instance{Template: self}},
		{"templates in too many templates", "!templates nested too deep", nest(40, 1)},
		{"long names", "!chunk has too much in its templates", et.Element{Name: "E", Content: many(3000, et.Element{Name: long})}},
		{"many long names", "!chunk has too much in its templates", et.Element{Name: "Event", Content: []any{et.Element{Name: "EventData", Content: many(1500, et.Element{Name: long, Content: []any{et.Text("")}})}}}},
		{"one value many times", "!record writes out to too much", &et.Instance{
			Template: &et.Template{Root: et.Element{Name: "E", Content: many(5000, et.Sub{Kind: et.String})}},
			Values:   []et.Value{et.Of(et.String, strings.Repeat(long, 10))},
		}},
		{"elements in elements", "!elements nested too deep", deep(50)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := et.NewChunk()
			c.Record(1, noon, tt.root)
			file := et.File(c.Bytes())
			cost.Check(t, len(file), func() {
				if diff := cmp.Diff(show(t, bytes.NewReader(file), evtx.DefaultLimits()), []string{tt.want}); diff != "" {
					t.Errorf("got -, want +:\n%.500s", diff)
				}
			})
		})
	}
}

func deep(n int) et.Element {
	e := et.Element{Name: "E"}
	for range n {
		e = et.Element{Name: "E", Content: []any{e}}
	}
	return e
}

// cost is what a log may cost: the buffers for one chunk, and each chunk its texts.
var cost = formattest.Cost{Fixed: 1 << 20, PerByte: 600}

package dicom_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/formattest"
)

func TestValues(t *testing.T) {
	ds := parse(t, everything(), dicom.ExplicitLE)
	if got := ds.Text(0x00081030); got != "Zürich" {
		t.Errorf("a description: %q", got)
	}
	if got := ds.Text(0x00080050); got != "A 1" {
		t.Errorf("a number with blanks around it: %q", got)
	}
	if got := ds.Text(0x00100020); got != "" {
		t.Errorf("text that is not there: %q", got)
	}
	if diff := cmp.Diff(ds.Name(0x00080090), dicom.PersonName{Alphabetic: "DOE^JANE"}); diff != "" {
		t.Error(diff)
	}
	e, _ := ds.Find(0x00080008)
	if diff := cmp.Diff(ds.Texts(&e), []string{"ORIGINAL", "PRIMARY", "", "AXIAL"}); diff != "" {
		t.Error(diff)
	}
	for tag, want := range map[dicom.Tag][]int64{
		0x00181310: {1, 2, 3, 4}, 0x00200013: {12, -3, 7}, 0x0072007C: {-1, 2}, 0x0072007E: {-5, 5}, 0x00720078: {4000000000},
		0x00720082: {-1}, 0x0008040C: nil, 0x00660040: {7}, 0x60003000: {0x0201, 0x0403}, 0x00080050: nil, 0x00080001: nil, 0x00189087: nil,
	} {
		if diff := cmp.Diff(ds.Ints(tag), want); diff != "" {
			t.Errorf("%v: %s", tag, diff)
		}
	}
	for tag, want := range map[dicom.Tag][]float64{
		0x00101020: {1.5, -2000, 7, 0.5, 15}, 0x00189087: {0.1, -1000.25}, 0x00660016: {1.5}, 0x00660022: {2.5}, 0x00200013: nil, 0x00720001: nil,
	} {
		if diff := cmp.Diff(ds.Floats(tag), want); diff != "" {
			t.Errorf("%v: %s", tag, diff)
		}
	}
	if e, ok := ds.Private("ACME 1.1", 0x0009, 0x02); !ok || e.Tag != 0x00091002 {
		t.Error("the element of a private block is not found")
	}
	if _, ok := ds.Private("OTHER", 0x0009, 0x02); ok {
		t.Error("a private block of nobody")
	}
	if items := ds.Sequence(0x00091004); len(items) != 1 || items[0].Text(0x00080100) != "X" {
		t.Error("the items of a sequence")
	}
	if got := ds.Int(0x00280106, -1); got != 65535 {
		t.Errorf("a number: %d", got)
	}
	if got := ds.Int(0x00280010, -1); got != -1 {
		t.Errorf("a number that is not there: %d", got)
	}
	n := 0
	for in, e := range ds.All() {
		if _, ok := in.Find(e.Tag); !ok {
			t.Error("an element that is not in its data set")
		}
		n++
	}
	if n != len(ds.Elements)+5 {
		t.Errorf("%d elements, with those of items", n)
	}
}

// Whatever order numbers are written in, they are read alike.
func TestBigEndian(t *testing.T) {
	little := parse(t, everything(), dicom.ExplicitLE)
	out, err := little.AppendEncode(nil, dicom.ExplicitBE)
	if err != nil {
		t.Fatal(err)
	}
	big := parse(t, string(out), dicom.ExplicitBE)
	if diff := cmp.Diff(model(t, big.AppendJSON(nil)), model(t, little.AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
	e, _ := big.Find(dicom.PixelData)
	if !e.BigEndian() || string(e.Value) != "\x02\x01\x04\x03" || string(e.AppendLittleEndian(nil)) != "\x01\x02\x03\x04" {
		t.Errorf("pixel data in big endian: % x", e.Value)
	}
	if e, _ := big.Find(0x00209165); len(e.Tags()) != 2 || e.Tags()[1] != 0x00200030 {
		t.Error("tags as values")
	}
}

// A sequence of unknown representation is in implicit VR little endian, whatever is around it (PS3.5 6.2.2).
func TestUnknownSequence(t *testing.T) {
	within := openItem + implicit(0x00280010, le16(7)) + implicit(0x00081140, item(implicit(0x00081150, "1.2\x00"))) + itemEnd + sequenceEnd
	little := parse(t, open(0x00091006, "UN")+within+el(0x00280010, "US", le16(9)), dicom.ExplicitLE)
	big := "\x00\x09\x10\x06UN\x00\x00" + openEnd + within + "\x00\x28\x00\x10US\x00\x02\x00\x09"
	for _, ds := range []dicom.DataSet{little, parse(t, big, dicom.ExplicitBE)} {
		item := ds.Sequence(0x00091006)[0]
		if item.Int(0x00280010, 0) != 7 || ds.Int(0x00280010, 0) != 9 || item.Sequence(0x00081140)[0].Text(0x00081150) != "1.2" {
			t.Error("numbers in and behind a sequence of unknown representation")
		}
	}
	got, err := little.AppendEncode(nil, dicom.ExplicitBE)
	if err != nil || string(got) != big {
		t.Errorf("written in big endian: %v, % x", err, got)
	}
}

// A value of unknown representation is what the dictionary says.
func TestUnknownValue(t *testing.T) {
	ds := parse(t, el(0x00100010, "UN", "DOE^JANE")+el(0x00280010, "UN", le16(5))+el(0x00091001, "UN", "A "), dicom.ExplicitLE)
	if ds.Text(0x00100010) != "DOE^JANE" || ds.Int(0x00280010, 0) != 5 || ds.Text(0x00091001) != "" {
		t.Error("values of unknown representation")
	}
}

// US or SS is what PixelRepresentation says, in implicit VR (PS3.3 C.7.6.3.1.1).
func TestSigned(t *testing.T) {
	for sign, want := range map[uint16]int64{0: 0xFFFE, 1: -2} {
		ds := parse(t, implicit(0x00280103, le16(sign))+implicit(0x00280106, le16(0xFFFE))+
			implicit(0x00081140, item(implicit(0x00280107, le16(0xFFFE)))), dicom.ImplicitLE)
		if got := ds.Int(0x00280106, 0); got != want || ds.Sequence(0x00081140)[0].Int(0x00280107, 0) != want {
			t.Errorf("representation %d: %d", sign, got)
		}
	}
}

// Forms that the standard does not have are written as they were read, byte by byte.
func TestRender(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		syntax     dicom.Syntax
	}{
		{"everything", everything(), dicom.ExplicitLE},
		{"an odd length", el(0x00100020, "LO", "odd"), dicom.ExplicitLE},
		{"no order, and twice", el(0x00100020, "LO", "BB") + el(0x00080060, "CS", "CT") + el(0x00100020, "LO", "CC"), dicom.ExplicitLE},
		{"reserved bytes in use", "\x08\x00\x40\x11SQ\x07\x00\x00\x00\x00\x00", dicom.ExplicitLE},
		{"delimiters with a length", open(0x00081140, "SQ") + openItem + itemEnd[:4] + "\x01\x00\x00\x00" + sequenceEnd[:4] + "\x02\x00\x00\x00", dicom.ExplicitLE},
		{"a representation of two capitals", el(0x00091001, "ZZ", "\x00\x00\x04\x00\x00\x00abcd")[:8] + "\x04\x00\x00\x00abcd", dicom.ExplicitLE},
		{"a representation of nothing", el(0x00091001, "?\x00", "ab"), dicom.ExplicitLE},
		{"fragments", open(dicom.PixelData, "OB") + item("") + item("ab") + item("c") + sequenceEnd, dicom.RLELossless},
		{"fragments of nothing known", open(dicom.PixelData, "UN") + item("") + item("ab") + sequenceEnd, dicom.RLELossless},
		{"group lengths", implicit(0x00080000, le32(10)) + implicit(0x00080060, "CT"), dicom.ImplicitLE},
		{"a private sequence", implicit(0x00091001, "")[:4] + openEnd + item("") + sequenceEnd, dicom.ImplicitLE},
		{"a known one without length", implicit(0x00100020, "")[:4] + openEnd + sequenceEnd, dicom.ImplicitLE},
	} {
		ds := parse(t, tt.data, tt.syntax)
		if got := ds.Render(); string(got) != tt.data {
			t.Errorf("%s: % x", tt.name, got)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, tt := range []struct {
		data   string
		syntax dicom.Syntax
		reason string
	}{
		{"\x08\x00\x60\x00CS", dicom.ExplicitLE, "ends in the middle"},
		{el(0x00080060, "CS", "CT")[:9], dicom.ExplicitLE, "ends in the middle"},
		{el(0x00081140, "SQ", "")[:10], dicom.ExplicitLE, "ends in the middle"},
		{open(0x00081140, "SQ") + openItem, dicom.ExplicitLE, "ends in the middle"},
		{open(0x00081140, "SQ") + item(""), dicom.ExplicitLE, "ends in the middle"},
		{open(dicom.PixelData, "OB") + item("ab"), dicom.RLELossless, "ends in the middle"},
		{open(0x00081140, "UT") + sequenceEnd, dicom.ExplicitLE, "no length"},
		{itemEnd, dicom.ExplicitLE, "a delimiter"},
		{el(0x00081140, "SQ", el(0x00080060, "CS", "CT")), dicom.ExplicitLE, "something else than an item"},
		{el(0x00081140, "SQ", item("")+sequenceEnd), dicom.ExplicitLE, "something else than an item"},
		{el(0x00081140, "SQ", item("")[:6]), dicom.ExplicitLE, "longer than what it is in"},
		{el(0x00081140, "SQ", item("\x08\x00\x60\x00CS\x04\x00CT")), dicom.ExplicitLE, "longer than its item"},
		{el(0x00081140, "SQ", openItem+el(0x00080060, "CS", "CT")), dicom.ExplicitLE, "longer than what it is in"},
		{open(0x00081140, "SQ") + openItem + sequenceEnd, dicom.ExplicitLE, "a delimiter"},
		{open(dicom.PixelData, "OB") + openItem + sequenceEnd, dicom.RLELossless, "something else than a fragment"},
		{"not deflated", dicom.DeflatedLE, "RFC 1951"},
	} {
		ds, err := dicom.Parse([]byte(tt.data), tt.syntax, dicom.DefaultLimits())
		var e *dicom.Error
		if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.reason) || ds.Elements != nil {
			t.Errorf("% x: %v, want %s", tt.data, err, tt.reason)
		}
		formattest.Quiet(t, err)
	}
}

func TestLimits(t *testing.T) {
	nested := el(0x00100020, "LO", "AB")
	for range 5 {
		nested = el(0x00081140, "SQ", item(nested))
	}
	for _, tt := range []struct {
		data   string
		syntax dicom.Syntax
		lim    dicom.Limits
		ok     bool
	}{
		{nested, dicom.ExplicitLE, dicom.Limits{Bytes: 1000, Depth: 5, Elements: 11}, true},
		{nested, dicom.ExplicitLE, dicom.Limits{Bytes: 1000, Depth: 4, Elements: 11}, false},
		{nested, dicom.ExplicitLE, dicom.Limits{Bytes: 1000, Depth: 5, Elements: 10}, false},
		{nested, dicom.ExplicitLE, dicom.Limits{Bytes: len(nested) - 1, Depth: 5, Elements: 11}, false},
		{open(dicom.PixelData, "OB") + item("") + sequenceEnd, dicom.RLELossless, dicom.Limits{Bytes: 1000, Elements: 3}, true},
		{open(dicom.PixelData, "OB") + item("") + sequenceEnd, dicom.RLELossless, dicom.Limits{Bytes: 1000, Elements: 2}, false},
		{strings.Repeat(el(0x00081140, "SQ", ""), 3), dicom.ExplicitLE, dicom.Limits{Bytes: 1000, Depth: 1, Elements: 3}, true},
		{"", dicom.ImplicitLE, dicom.Limits{}, true},
	} {
		if _, err := dicom.Parse([]byte(tt.data), tt.syntax, tt.lim); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.lim, err)
		}
	}
}

// A small file that inflates to a large one stops at the limit.
func TestInflateLimit(t *testing.T) {
	large := parse(t, el(0x00091001, "OB", strings.Repeat("\x00", 1<<20)), dicom.ExplicitLE)
	packed, err := large.AppendEncode(nil, dicom.DeflatedLE)
	if err != nil || len(packed) > 10000 {
		t.Fatalf("%d bytes: %v", len(packed), err)
	}
	for limit, ok := range map[int]bool{1 << 20: false, 1<<20 + 12: true} {
		ds, err := dicom.Parse(packed, dicom.DeflatedLE, dicom.Limits{Bytes: limit, Elements: 1})
		if (err == nil) != ok {
			t.Errorf("%d: %v", limit, err)
		}
		if ok && !bytes.Equal(ds.Render(), packed) {
			t.Error("not written as it was read")
		}
	}
}

func TestEncode(t *testing.T) {
	long := parse(t, implicit(0x00100020, strings.Repeat("A", 1<<16)), dicom.ImplicitLE)
	out, err := long.AppendEncode(nil, dicom.ExplicitLE)
	if err != nil || string(out[:12]) != "\x10\x00\x20\x00UN\x00\x00\x00\x00\x01\x00" {
		t.Errorf("a value too long for its representation: %v, % x", err, out[:12])
	}
	fragments := parse(t, open(dicom.PixelData, "OB")+item("")+sequenceEnd, dicom.RLELossless)
	if _, err := fragments.AppendEncode(nil, dicom.ExplicitLE); err != dicom.ErrEncapsulated {
		t.Errorf("fragments written natively: %v", err)
	}
	out, err = fragments.AppendEncode([]byte("before"), dicom.JPEGBaseline)
	if err != nil || string(out) != "before"+string(fragments.Render()) {
		t.Errorf("fragments: %v, % x", err, out)
	}
	odd := parse(t, "\x08\x00\x40\x11SQ\x07\x00"+openEnd+sequenceEnd[:4]+"\x05\x00\x00\x00", dicom.ExplicitLE)
	if out, err := odd.AppendEncode(nil, dicom.ExplicitLE); err != nil || string(out) != open(0x00081140, "SQ")+sequenceEnd {
		t.Errorf("what the standard has no use for is written anew: %v, % x", err, out)
	}
}

func TestFiles(t *testing.T) {
	dataSet := el(0x00080060, "CS", "CT") + el(0x00100020, "LO", "AB")
	plain := file(dicom.ExplicitLE, dataSet)
	big := "\x00\x08\x00\x60CS\x00\x02CT"
	holdsMark := el(0x00080005, "CS", "ISO_IR 6") + el(0x00080070, "LO", strings.Repeat("x", 104)+"DICM") + el(0x00080080, "LO", "AB")
	for name, tt := range map[string]struct {
		data   string
		syntax dicom.Syntax
		marked bool
	}{
		"as the standard has it":        {string(plain), dicom.ExplicitLE, true},
		"without preamble":              {string(plain[132:]), dicom.ExplicitLE, false},
		"without meta":                  {dataSet, dicom.ExplicitLE, false},
		"implicit, without meta":        {implicit(0x00080060, "CT"), dicom.ImplicitLE, false},
		"big endian, without meta":      {big, dicom.ExplicitBE, false},
		"DICM in the data":              {holdsMark, dicom.ExplicitLE, false},
		"a preamble, no meta":           {string(plain[:132]) + dataSet, dicom.ExplicitLE, true},
		"meta without transfer syntax":  {string(plain[:132]) + el(0x00020012, "UI", "1.2\x00") + big, dicom.ExplicitBE, true},
		"a wrong length of group 2":     {string(plain[:132]) + el(0x00020000, "UL", le32(7)) + el(0x00020010, "UI", string(dicom.ExplicitLE)+"\x00") + dataSet, dicom.ExplicitLE, true},
		"group 2 in implicit VR":        {string(plain[:132]) + implicit(0x00020010, string(dicom.ExplicitLE)+"\x00") + dataSet, dicom.ExplicitLE, true},
		"a syntax that nobody knows":    {string(file("1.2.3.4", dataSet)), "1.2.3.4", true},
		"nothing behind the meta group": {string(file(dicom.ExplicitLE, "")), dicom.ExplicitLE, true},
	} {
		f, err := dicom.ParseFile([]byte(tt.data), dicom.DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Syntax != tt.syntax || (f.Preamble != nil) != tt.marked || string(f.Render()) != tt.data {
			t.Errorf("%s: read as %s, preamble %v", name, f.Syntax, f.Preamble != nil)
		}
		stream, err := dicom.StreamFile(strings.NewReader(tt.data), dicom.DefaultLimits(), nil)
		if err != nil || !bytes.Equal(stream.Render(), []byte(tt.data)) {
			t.Errorf("%s: as a stream: %v", name, err)
		}
	}
	f, err := dicom.ParseFile(append(plain, 8), dicom.DefaultLimits())
	var e *dicom.Error
	if !errors.As(err, &e) || e.Offset != int64(len(plain)) || f.Meta.Elements != nil {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestPolyglot(t *testing.T) {
	for preamble, want := range map[string]bool{"": false, "MZ\x90\x00": true, "II*\x00\x08": false, "MM\x00*": false, "II+\x00": false, "\x00\x00\x01": true, "MM*": true} {
		data := file(dicom.ExplicitLE, "")
		copy(data, preamble)
		f, err := dicom.ParseFile(data, dicom.DefaultLimits())
		if err != nil || f.Polyglot() != want {
			t.Errorf("%q: %v %v", preamble, f.Polyglot(), err)
		}
	}
	if f := (dicom.File{}); f.Polyglot() {
		t.Error("no preamble is a polyglot")
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10": 10 * time.Hour, "1020": 10*time.Hour + 20*time.Minute, "102030": 37230 * time.Second, "102030.5 ": 37230500 * time.Millisecond,
		"10:20:30": 37230 * time.Second, "235960.000001": 24*time.Hour + time.Microsecond, "000000": 0,
		"": -1, "1": -1, "24": -1, "1060": -1, "102061": -1, "102030.": -1, "102030.1234567": -1, "1020.5": -1, "10203a": -1, "102030.-1": -1,
	} {
		ds := parse(t, el(0x00080030, "TM", text), dicom.ExplicitLE)
		if got, ok := ds.Time(0x00080030); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	for text, want := range map[string]string{"20260131": "2026-01-31", "2026.01.31": "2026-01-31", "20260230": "", "": "", "202601": ""} {
		ds := parse(t, el(0x00080020, "DA", text), dicom.ExplicitLE)
		if got, ok := ds.Date(0x00080020); ok != (want != "") || ok && got.Format(time.DateOnly) != want {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	house := time.FixedZone("house", 3600)
	for text, want := range map[string]string{
		"2026": "2026-01-01T00:00:00+01:00", "202603": "2026-03-01T00:00:00+01:00", "20260301": "2026-03-01T00:00:00+01:00",
		"2026030110": "2026-03-01T10:00:00+01:00", "20260301102030.25": "2026-03-01T10:20:30.25+01:00",
		"20260301102030-0530": "2026-03-01T10:20:30-05:30", "2026+0000": "2026-01-01T00:00:00Z", "20260301102060": "2026-03-01T10:21:00+01:00",
		"": "", "20261301": "", "2026030": "", "20260301102030+1500": "", "20260301102030-1300": "", "20260301102030+01a0": "", "20260301250000": "",
	} {
		ds := parse(t, el(0x0008002A, "DT", text), dicom.ExplicitLE)
		got, zoned, ok := ds.DateTime(0x0008002A, house)
		if ok != (want != "") || ok && (got.Format(time.RFC3339Nano) != want || zoned != strings.ContainsAny(text, "+-")) {
			t.Errorf("%q: %v %v %v", text, got, zoned, ok)
		}
	}
}

func TestModel(t *testing.T) {
	ds := parse(t, el(0x00080000, "UL", le32(4))+el(0x00080005, "CS", "")+el(0x00080008, "CS", ` \`)+el(0x00080050, "SH", "<\x01\"")+
		el(0x0008040C, "UV", le64(math.MaxUint64, 1<<53, 1<<53-1))+el(0x00720082, "SV", le64(1<<63, 1<<64-1))+el(0x00100010, "PN", `=YAMADA^^=\^=^`)+el(0x00101020, "DS", `0x10\1_0\Inf`)+
		el(0x00189087, "FD", le64(math.Float64bits(math.NaN()), math.Float64bits(math.Inf(-1)), math.Float64bits(math.Inf(1)), math.Float64bits(1e21)))+
		el(0x00200013, "IS", `1.5\12345678901`)+el(0x00200013, "IS", "2 ")+el(0x00209165, "AT", "\x01\x02\x03")+el(0x00091001, "ZZ", "")[:8]+"\x02\x00\x00\x00ab"+
		open(dicom.PixelData, "OW")+item("")+sequenceEnd, dicom.RLELossless)
	want := `{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080008":{"vr":"CS","Value":[null,null]},"00080050":{"vr":"SH","Value":["\u003c\u0001\""]},` +
		`"0008040C":{"vr":"UV","Value":["18446744073709551615","9007199254740992",9007199254740991]},"00720082":{"vr":"SV","Value":["-9223372036854775808",-1]},"00100010":{"vr":"PN","Value":[{"Ideographic":"YAMADA"},null]},` +
		`"00101020":{"vr":"DS","Value":["0x10","1_0","Inf"]},"00189087":{"vr":"FD","Value":["NaN","-Inf","Inf",1e+21]},` +
		`"00200013":{"vr":"IS","Value":["1.5",12345678901]},"00209165":{"vr":"AT"},"00091001":{"vr":"UN","InlineBinary":"YWI="},"7FE00010":{"vr":"OB"}}`
	if diff := cmp.Diff(string(ds.AppendJSON(nil)), want); diff != "" {
		t.Error(diff)
	}
}

// What of a stream is kept is bounded, whatever its elements claim, and so is what is read ahead for it.
func TestStreamLimits(t *testing.T) {
	data := el(0x00080060, "CS", "CT") + el(0x00091001, "OB", strings.Repeat("x", 1000)) + el(0x7FE00010, "OW", strings.Repeat("y", 1<<20))
	kept := len(data) - 1<<20 - 12
	for limit, ok := range map[int]bool{kept: true, kept - 1: false, 500: false, 5: false} {
		read := &counter{r: strings.NewReader(data)}
		_, err := dicom.Stream(read, dicom.ExplicitLE, dicom.Limits{Bytes: limit, Elements: 3}, nil)
		var e *dicom.Error
		if (err == nil) != ok || err != nil && (!errors.As(err, &e) || read.n > limit+12) {
			t.Errorf("a limit of %d: %v, %d bytes read", limit, err, read.n)
		}
	}
	for limit, ok := range map[int]bool{3: true, 2: false} {
		if _, err := dicom.Stream(strings.NewReader(data), dicom.ExplicitLE, dicom.Limits{Bytes: 1 << 20, Elements: limit}, nil); (err == nil) != ok {
			t.Errorf("%d elements: %v", limit, err)
		}
	}
	long := el(0x00091001, "OB", strings.Repeat("x", 1<<20)) // for which the window grows time and again
	for limit, ok := range map[int]bool{len(long): true, len(long) - 1: false} {
		if _, err := dicom.Stream(strings.NewReader(long), dicom.ExplicitLE, dicom.Limits{Bytes: limit, Elements: 1}, nil); (err == nil) != ok {
			t.Errorf("an element of %d bytes and a limit of %d: %v", len(long), limit, err)
		}
	}
	file := string(file(dicom.ExplicitLE, data))
	for limit, ok := range map[int]bool{9: true, 8: false} { // six of them in group 2
		if _, err := dicom.StreamFile(strings.NewReader(file), dicom.Limits{Bytes: 1 << 20, Elements: limit}, nil); (err == nil) != ok {
			t.Errorf("%d elements in a file: %v", limit, err)
		}
	}
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

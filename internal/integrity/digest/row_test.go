package digest_test

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// written is the canonical row of one column v, without the frame: the tag, a blank and the text.
func written(t *testing.T, v digest.Value) string {
	t.Helper()
	row := digest.AppendRow(nil, []string{"v"}, []digest.Value{v})
	frame := "\x00\x00\x00\x00\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x01v"
	rest, ok := strings.CutPrefix(string(row), frame)
	if !ok || len(rest) < 9 || binary.BigEndian.Uint64([]byte(rest[1:])) != uint64(len(rest)-9) {
		t.Fatalf("not framed as a row of one column: %x", row)
	}
	return rest[:1] + " " + rest[9:]
}

func TestRowValues(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	for _, tt := range []struct {
		value digest.Value
		want  string
	}{
		{digest.Value{Kind: digest.Null, Text: "ignored"}, "n "},
		{digest.Value{Kind: digest.Text}, "t "},
		{digest.Value{Kind: digest.Text, Text: " a "}, "t  a "},
		{digest.Value{Kind: digest.Char, Text: " a   "}, "t  a"},
		{digest.Value{Kind: digest.Char, Text: "   "}, "t "},
		{digest.Value{Kind: digest.Integer, Integer: math.MinInt64}, "i -9223372036854775808"},
		{digest.Value{Kind: digest.Decimal, Text: "1.50"}, "d 1.50"},
		{digest.Value{Kind: digest.Decimal, Text: "+001.50"}, "d 1.50"},
		{digest.Value{Kind: digest.Decimal, Text: "-.5"}, "d -0.5"},
		{digest.Value{Kind: digest.Decimal, Text: "-0.00"}, "d 0.00"},
		{digest.Value{Kind: digest.Decimal, Text: "7."}, "d 7"},
		{digest.Value{Kind: digest.Decimal, Text: "1.5E2"}, "d 150"},
		{digest.Value{Kind: digest.Decimal, Text: "1.5e-2"}, "d 0.015"},
		{digest.Value{Kind: digest.Decimal, Text: "1e1000000000"}, "d 1e1000000000"},
		{digest.Value{Kind: digest.Decimal, Text: "NaN"}, "d NaN"},
		{digest.Value{Kind: digest.Float, Float: 0.1}, "f 0.1"},
		{digest.Value{Kind: digest.Real, Float: float64(float32(0.1))}, "f 0.1"},
		{digest.Value{Kind: digest.Float, Float: 1e21}, "f 1e+21"},
		{digest.Value{Kind: digest.Float, Float: math.Float64frombits(0x7ff8000000000002)}, "f NaN"},
		{digest.Value{Kind: digest.Float, Float: math.Inf(-1)}, "f -Inf"},
		{digest.Value{Kind: digest.Boolean, Integer: -1}, "b 1"},
		{digest.Value{Kind: digest.Boolean}, "b 0"},
		{digest.Value{Kind: digest.Bytes, Bytes: []byte{0, 1}}, "x \x00\x01"},
		{digest.Value{Kind: digest.Timestamp, Time: noon}, "u 1772362800123456"},
		{digest.Value{Kind: digest.Timestamp, Time: time.Unix(-1, 999999999)}, "u -1"},
		{digest.Value{Kind: digest.Date, Time: noon}, "c 2026-03-01"},
	} {
		if got := written(t, tt.value); got != tt.want {
			t.Errorf("%+v is written %q, want %q", tt.value, got, tt.want)
		}
	}
}

// A row, its canonical form, and its digest: what printf and sha256sum give as well.
func TestRowExample(t *testing.T) {
	columns := []string{"id", "name", "value"}
	values := []digest.Value{
		{Kind: digest.Integer, Integer: 7},
		{Kind: digest.Char, Text: "K  "},
		{Kind: digest.Null},
	}
	length := func(n byte) string { return "\x00\x00\x00\x00\x00\x00\x00" + string(n) }
	want := length(3) +
		length(2) + "id" + "i" + length(1) + "7" +
		length(4) + "name" + "t" + length(1) + "K" +
		length(5) + "value" + "n" + length(0)
	if diff := cmp.Diff(string(digest.AppendRow(nil, columns, values)), want); diff != "" {
		t.Error(diff)
	}
	const sum = "row-1:35bc5e226e635e3350a5b70dde205240a307d3ceb96477f311ad972d3637cd25"
	if diff := cmp.Diff(digest.Row(columns, values).String(), sum); diff != "" {
		t.Error(diff)
	}
}

// No text in one column can look like another row.
func TestRowIsUnambiguous(t *testing.T) {
	rows := map[digest.Digest]string{}
	for _, row := range [][2]digest.Value{
		{{Kind: digest.Text}, {Kind: digest.Null}},
		{{Kind: digest.Null}, {Kind: digest.Text}},
		{{Kind: digest.Text}, {Kind: digest.Text}},
		{{Kind: digest.Text, Text: "a"}, {Kind: digest.Text}},
		{{Kind: digest.Text}, {Kind: digest.Text, Text: "a"}},
		{{Kind: digest.Text, Text: "1"}, {Kind: digest.Null}},
		{{Kind: digest.Integer, Integer: 1}, {Kind: digest.Null}},
		{{Kind: digest.Decimal, Text: "1"}, {Kind: digest.Null}},
		{{Kind: digest.Decimal, Text: "1.0"}, {Kind: digest.Null}},
	} {
		d := digest.Row([]string{"a", "b"}, row[:])
		if other, twice := rows[d]; twice {
			t.Errorf("%+v has the digest of %s", row, other)
		}
		rows[d] = "another row"
	}
	a := digest.Row([]string{"ab", "c"}, make([]digest.Value, 2))
	if b := digest.Row([]string{"a", "bc"}, make([]digest.Value, 2)); a == b {
		t.Error("the names of columns run into each other")
	}
}

func TestRowOfUnequalLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two columns and one value made a row")
		}
	}()
	digest.Row([]string{"a", "b"}, make([]digest.Value, 1))
}

func TestChunk(t *testing.T) {
	key := func(n int64) digest.Sum {
		return digest.Key([]string{"id"}, []digest.Value{{Kind: digest.Integer, Integer: n}})
	}
	row := func(n int64, text string) digest.Sum {
		return digest.Row([]string{"id", "v"}, []digest.Value{{Kind: digest.Integer, Integer: n}, {Kind: digest.Text, Text: text}}).Sum
	}
	chunk := func(add ...func(*digest.Chunk)) digest.Digest {
		var c digest.Chunk
		for _, f := range add {
			f(&c)
		}
		if c.Len() != len(add) {
			t.Errorf("%d rows, want %d", c.Len(), len(add))
		}
		return c.Digest()
	}
	one := func(c *digest.Chunk) { c.Add(key(1), row(1, "a")) }
	two := func(c *digest.Chunk) { c.Add(key(2), row(2, "b")) }
	twin := func(c *digest.Chunk) { c.Add(key(1), row(1, "b")) } // under the same key
	if chunk(one, two, twin) != chunk(twin, two, one) {
		t.Error("the order of rows counts")
	}
	seen := map[digest.Digest]bool{}
	for _, d := range []digest.Digest{chunk(), chunk(one), chunk(two), chunk(twin), chunk(one, two), chunk(one, twin), chunk(one, one)} {
		if seen[d] {
			t.Error("chunks of other rows have one digest")
		}
		seen[d] = true
	}
}

// A chunk is hashed as the documentation says: the number of rows, and each key with its row, sorted.
func TestChunkExample(t *testing.T) {
	var c digest.Chunk
	c.Add(digest.Sum{2}, digest.Sum{3})
	c.Add(digest.Sum{1}, digest.Sum{9})
	text := append([]byte{0, 0, 0, 0, 0, 0, 0, 2}, make([]byte, 4*32)...)
	text[8], text[8+32], text[8+64], text[8+96] = 1, 9, 2, 3
	if diff := cmp.Diff(c.Digest(), digest.Of(digest.Rows1, text)); diff != "" {
		t.Error(diff)
	}
}

func TestChunkOf(t *testing.T) {
	for rows, want := range map[int64]int{0: 0, 1: 0, 4096: 0, 4097: 1, 8192: 1, 8193: 2, 1 << 20: 8} {
		if got := digest.ChunkBits(rows); got != want {
			t.Errorf("%d rows: %d bits, want %d", rows, got, want)
		}
	}
	key := digest.Sum{0xa5, 0xff, 0, 0, 0, 0, 0, 0x03}
	for bits, want := range map[int]uint64{0: 0, 1: 1, 3: 5, 8: 0xa5, 63: 0xa5ff000000000003 >> 1} {
		if got := digest.ChunkOf(key, bits); got != want {
			t.Errorf("%d bits: chunk %d, want %d", bits, got, want)
		}
	}
	counts := make([]int, 16)
	for n := range 16 * 1000 {
		counts[digest.ChunkOf(digest.Key([]string{"id"}, []digest.Value{{Kind: digest.Integer, Integer: int64(n)}}), 4)]++
	}
	for i, n := range counts {
		if n < 850 || n > 1150 {
			t.Errorf("chunk %d has %d rows of about 1000", i, n)
		}
	}
}

// FuzzDecimal holds that a decimal keeps its value and its scale, and that its canonical form is its own.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"1.50", "+.5", "-0", "1e3", "1.25E-7", "NaN", "0x1p3", "--1", "1.2.3", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		canonical := written(t, digest.Value{Kind: digest.Decimal, Text: text})[2:]
		if again := written(t, digest.Value{Kind: digest.Decimal, Text: canonical})[2:]; again != canonical {
			t.Errorf("canonical %q becomes %q", canonical, again)
		}
		if strings.ContainsAny(text, "xXpP_") { // Go's own ways to write numbers
			return
		}
		want, err := strconv.ParseFloat(text, 64)
		if got, _ := strconv.ParseFloat(canonical, 64); err == nil && got != want && !math.IsNaN(want) {
			t.Errorf("%q becomes %q", text, canonical)
		}
	})
}

func BenchmarkRow(b *testing.B) {
	columns := []string{"id", "patient_id", "code", "value", "unit", "observed_at", "status"}
	values := []digest.Value{
		{Kind: digest.Integer, Integer: 123456789},
		{Kind: digest.Integer, Integer: 4711},
		{Kind: digest.Text, Text: "2823-3"},
		{Kind: digest.Decimal, Text: "4.10"},
		{Kind: digest.Char, Text: "mmol/L    "},
		{Kind: digest.Timestamp, Time: time.Unix(1772362800, 0)},
		{Kind: digest.Char, Text: "F"},
	}
	b.ReportAllocs()
	for b.Loop() {
		digest.Row(columns, values)
	}
}

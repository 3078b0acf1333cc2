package archive_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/integrity/archive"
)

const list = `[
 {"0020000D": {"vr": "UI", "Value": ["1.2.3"]}, "00100020": {"vr": "LO", "Value": ["4711"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "ROE^RITA"}]},
  "00201208": {"vr": "IS", "Value": [2]}, "00080061": {"vr": "CS", "Value": ["CT", "SR"]}},
 {"0020000D": {"vr": "UI", "Value": ["1.2.4"]}, "0020000E": {"vr": "UI", "Value": ["1.2.4.1"]}, "00080060": {"vr": "CS"}, "00201209": {"vr": "IS", "Value": ["7"]}},
 {"0020000D": {"vr": "UI", "Value": ["../admin"]}}, {"0020000D": {"vr": "UI", "Value": [null]}}, {}
]`

func TestParseMatches(t *testing.T) {
	got, odd, err := archive.ParseMatches(strings.NewReader(list))
	if err != nil || odd != 3 {
		t.Errorf("%d entries are odd, %v; want 3", odd, err)
	}
	want := []archive.Match{{Study: "1.2.3", Patient: "4711"}, {Study: "1.2.4", Series: "1.2.4.1"}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("matches (-got +want):\n%s", diff)
	}
	if got, odd, err := archive.ParseMatches(strings.NewReader("")); len(got)+odd > 0 || err != nil {
		t.Errorf("nothing is %v, %d odd, %v", got, odd, err)
	}
	for name, text := range map[string]string{
		"no list": `{"error": "ROE"}`, "cut off": list[:200], "something behind it": list + "x", "no JSON": "<html>ROE</html>", "another type": `[{"0020000D": 7}]`,
	} {
		_, _, err := archive.ParseMatches(strings.NewReader(text))
		if err == nil || strings.Contains(err.Error(), "ROE") || !strings.Contains(err.Error(), "at byte") {
			t.Errorf("%s gives %v", name, err)
		}
	}
	broken := errors.New("the wire broke")
	if _, _, err := archive.ParseMatches(io.MultiReader(strings.NewReader(list[:100]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a broken wire gives %v", err)
	}
}

// said is a list that says what was read of another.
func said(t *testing.T, matches []archive.Match) string {
	list := []map[string]any{}
	for _, m := range matches {
		item := map[string]any{}
		for tag, value := range map[string]string{
			"0020000D": m.Study, "0020000E": m.Series, "00080018": m.Instance, "00080060": m.Modality, "00080020": m.Date, "00100020": m.Patient, "00100021": m.Issuer,
		} {
			if value != "" {
				item[tag] = map[string]any{"Value": []string{value}}
			}
		}
		list = append(list, item)
	}
	out, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// FuzzMatches holds that identifiers can stand in an address, that what was read can be said and read again, that errors quote nothing, and that it costs little.
func FuzzMatches(f *testing.F) {
	for _, seed := range []string{list, "", "[]", `[{"0020000D":{"Value":["1.2"]}}`, `[{"0020000d":{"value":[1.20]}}]`, `[{"00201208":{"Value":[1e400]}}]`, `[{"0020000D":{"Value":[["1"]]}}]`, `[{"00100020":{"Value":["0042"`} {
		f.Add([]byte(seed))
	}
	cost := formattest.Cost{Fixed: 1 << 20, PerByte: 400}
	f.Fuzz(func(t *testing.T, in []byte) {
		in = formattest.Plant(in)
		cost.Check(t, len(in), func() { _, _, _ = archive.ParseMatches(strings.NewReader(string(in))) })
		got, odd, err := archive.ParseMatches(strings.NewReader(string(in)))
		if err != nil {
			formattest.Quiet(t, err)
		}
		slow, slowOdd, slowErr := archive.ParseMatches(iotest.OneByteReader(strings.NewReader(string(in))))
		if !cmp.Equal(got, slow) || odd != slowOdd || (err == nil) != (slowErr == nil) {
			t.Fatalf("byte by byte it is %v, %d, %v; want %v, %d, %v", slow, slowOdd, slowErr, got, odd, err)
		}
		for _, m := range got {
			if !archive.IsUID(m.Study) || m.Series != "" && !archive.IsUID(m.Series) || m.Instance != "" && !archive.IsUID(m.Instance) {
				t.Fatal("an identifier that cannot be one")
			}
		}
		again, odd, err := archive.ParseMatches(strings.NewReader(said(t, got)))
		if err != nil || odd > 0 || !cmp.Equal(again, got) {
			t.Fatalf("read again it is %v, %d, %v; want %v", again, odd, err, got)
		}
	})
}

package dicom_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/dicom"
	"github.com/wardline/wardline/internal/event"
)

// scan is a file with one picture of two pixels.
func scan(change func(elements *[]string)) []byte {
	elements := []string{
		dicomtest.Explicit(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2\x00"),
		dicomtest.Explicit(0x00080018, "UI", "1.2.3.4\x00"),
		dicomtest.Explicit(0x00080060, "CS", "CT"),
		dicomtest.Explicit(0x00100010, "PN", "ROE^RITA"),
		dicomtest.Explicit(0x00100020, "LO", "4711"),
		dicomtest.Explicit(0x0020000D, "UI", "1.2.3\x00"),
		dicomtest.Explicit(0x00280002, "US", dicomtest.Shorts(1)),
		dicomtest.Explicit(0x00280010, "US", dicomtest.Shorts(1)),
		dicomtest.Explicit(0x00280011, "US", dicomtest.Shorts(2)),
		dicomtest.Explicit(0x00280100, "US", dicomtest.Shorts(16)),
		dicomtest.Explicit(0x7FE00010, "OW", dicomtest.Shorts(258, 772)),
	}
	if change != nil {
		change(&elements)
	}
	return dicomtest.File("1.2.840.10008.1.2.1", strings.Join(elements, ""))
}

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collecttest.Options(tax)
}

// fields reads one file.
func fields(t *testing.T, file []byte) map[string]any {
	t.Helper()
	d := dicom.Format().Open(bytes.NewReader(file), options(t))
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatal(err)
	}
	if ev.Class.Key != "dicom/instance" {
		t.Errorf("class %s", ev.Class.Key)
	}
	var out map[string]any
	if err := json.Unmarshal(ev.Fields, &out); err != nil {
		t.Fatal(err)
	}
	if err := d.Next(&ev); err != io.EOF {
		t.Errorf("a second event: %v", err)
	}
	return out
}

func TestWhatAnEventSays(t *testing.T) {
	got := fields(t, scan(nil))
	digests := got["digest"].(map[string]any)
	for name, prefix := range map[string]string{"header": "dcmc-1:header:sha256:", "semantic": "dcmc-1:semantic:sha256:", "pixels": "dcmc-1:pixels:sha256:"} {
		if text, _ := digests[name].(string); !strings.HasPrefix(text, prefix) {
			t.Errorf("digest %s is %q", name, digests[name])
		}
	}
	delete(got, "digest")
	want := map[string]any{
		"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "Modality": "CT", "PatientName": "ROE^RITA", "PatientID": "4711",
		"TransferSyntaxUID": "1.2.840.10008.1.2.1", "frames": 1.0, "preamble": "empty",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
}

func TestFirstBytes(t *testing.T) {
	program, tiff := scan(nil), scan(nil)
	copy(program, "MZ\x90\x00\x03\x00\x00\x00")
	copy(tiff, "II*\x00\x08\x00\x00\x00")
	if got := fields(t, program); got["preamble"] != "other" || got["preamble_head"] != "4d5a900003000000" {
		t.Errorf("a program: %v %v", got["preamble"], got["preamble_head"])
	}
	if got := fields(t, tiff); got["preamble"] != "tiff" || got["preamble_head"] != nil {
		t.Errorf("a TIFF: %v %v", got["preamble"], got["preamble_head"])
	}
}

func TestCoerced(t *testing.T) {
	item := dicomtest.Explicit(0x04000563, "LO", "PACS") + dicomtest.Explicit(0x04000565, "CS", "COERCE")
	got := fields(t, scan(func(e *[]string) {
		*e = append((*e)[:10:10], dicomtest.Explicit(0x04000561, "SQ", dicomtest.Item(item)), (*e)[10])
	}))
	if diff := cmp.Diff(got["coerced"], any(map[string]any{"by": []any{"PACS"}, "reason": []any{"COERCE"}})); diff != "" {
		t.Errorf("coerced (-got +want):\n%s", diff)
	}
}

// What is cut off is damage, and nothing is told of it.
func TestCutOff(t *testing.T) {
	whole := scan(nil)
	for n := 133; n < len(whole); n += 7 {
		var ev event.Event
		err := dicom.Format().Open(bytes.NewReader(whole[:n]), options(t)).Next(&ev)
		if err != nil && strings.Contains(err.Error(), "ROE") {
			t.Fatalf("an error quotes the file: %v", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(scan(nil))
	f.Add(scan(func(e *[]string) { *e = (*e)[3:] }))
	f.Add([]byte("DICM"))
	o, cost := options(f), formattest.Cost{Fixed: 4 << 20, PerByte: 4 << 10}
	f.Fuzz(func(t *testing.T, in []byte) { collecttest.Decode(t, dicom.Format(), o, cost, in) })
}

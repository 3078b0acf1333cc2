package hl7_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

func options(t testing.TB) collect.Options {
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

const merge = "MSH|^~\\&|ADT|NORTH|||20260301102030+0100||ADT^A40|M1|P|2.5\rEVN|A40||||m.okafor^Okafor^Miriam\r" +
	"PID|||0042^^^NORTH&1.2.3&ISO^MR~77^^^STATE||Invented\\T\\Co^Zo\xeb\rMRG|0043^^^NORTH\rOBX|1\rOBX|2\rZAA|x\r"

func TestEvent(t *testing.T) {
	d := hl7.Format().Open(strings.NewReader(merge), options(t))
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(ev.Fields, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"access": map[string]any{
			"verb": "merge", "native_action": "ADT^A40", "user": "m.okafor", "user_name": "Miriam Okafor", "patient": []any{"0042", "77", "0043"},
			"patient_authority": []any{"NORTH", "STATE"}, "object_kind": "chart", "app": "ADT", "patients_count": 3.0, "audit_source": "NORTH",
		},
		"MSH-1": "|", "MSH-2": "^~\\&", "MSH-3": "ADT", "MSH-3.1": "ADT", "MSH-4": "NORTH", "MSH-4.1": "NORTH",
		"MSH-7": "20260301102030+0100", "MSH-7.1": "20260301102030+0100", "MSH-9": "ADT^A40", "MSH-9.1": "ADT", "MSH-9.2": "A40",
		"MSH-10": "M1", "MSH-10.1": "M1", "MSH-11": "P", "MSH-11.1": "P", "MSH-12": "2.5", "MSH-12.1": "2.5",
		"EVN-1": "A40", "EVN-1.1": "A40", "EVN-5": "m.okafor^Okafor^Miriam", "EVN-5.1": "m.okafor", "EVN-5.2": "Okafor", "EVN-5.3": "Miriam",
		"PID-3": []any{"0042^^^NORTH&1.2.3&ISO^MR", "77^^^STATE"}, "PID-3.1": []any{"0042", "77"}, "PID-3.4": []any{"NORTH&1.2.3&ISO", "STATE"}, "PID-3.5": "MR",
		"PID-5": "Invented\\T\\Co^Zoë", "PID-5.1": "Invented&Co", "PID-5.2": "Zoë", "MRG-1": "0043^^^NORTH", "MRG-1.1": "0043", "MRG-1.4": "NORTH",
		"segments":   map[string]any{"MSH": 1.0, "EVN": 1.0, "PID": 1.0, "MRG": 1.0, "OBX": 2.0, "ZAA": 1.0},
		"BadCharset": true,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if ev.Class.Product != "hl7" || ev.Time.Hour() != 9 || ev.Index.Find(ev.Fields, "PID-3.1") < 0 {
		t.Errorf("product %s, time %v", ev.Class.Product, ev.Time)
	}
}

// What a message of each kind does, to what (HL7 v2.5.1 chapters 3 to 12), whoever it names.
// A node keeps the message itself too, with what no field above shows.
func TestWholeMessage(t *testing.T) {
	o := options(t)
	o.Whole = true
	for name, text := range map[string]string{"CR": merge, "LF": strings.ReplaceAll(merge, "\r", "\n"), "CR LF": strings.ReplaceAll(merge, "\r", "\r\n")} {
		d := hl7.Format().Open(strings.NewReader(text), o)
		var ev event.Event
		if err := d.Next(&ev); err != nil {
			t.Fatal(err)
		}
		for got := range ev.Values("message") {
			if want := strings.ReplaceAll(merge, "\xeb", "ë"); string(got) != want {
				t.Errorf("%s: the message is kept as\n%q, want\n%q", name, got, want)
			}
		}
		if ev.Index.Find(ev.Fields, "message") < 0 {
			t.Errorf("%s: no message", name)
		}
	}
}

// A long document is kept whole. What would be longer in the journal than it takes is no event: the journal would refuse it
// each time that it is sent again.
func TestWholeMessageOfAnyLength(t *testing.T) {
	o := options(t)
	o.Whole = true
	long := strings.Repeat("x", 9<<20)
	for name, tt := range map[string]struct {
		text  string
		event bool
	}{
		"a document":  {merge + "OBX|3|ED|||" + long + "\r", true},
		"a long name": {strings.Replace(merge, "Invented", long, 1), false},
	} {
		var ev event.Event
		err := hl7.Format().Open(strings.NewReader(tt.text), o).Next(&ev)
		var damage *collect.Damage
		if tt.event && err != nil || !tt.event && !errors.As(err, &damage) {
			t.Errorf("%s: %v", name, err)
		}
		if line := event.AppendLine(nil, &ev); tt.event && len(line) > journal.MaxLine {
			t.Errorf("%s: a line of %d bytes", name, len(line))
		}
	}
}

// MSH-7 without an offset is the site's clock.
func TestTimeOfTheSite(t *testing.T) {
	o := options(t)
	var err error
	if o.Zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	for stamp, want := range map[string]string{"20260701102030": "2026-07-01T08:20:30Z", "20260701102030-0500": "2026-07-01T15:20:30Z"} {
		d := hl7.Format().Open(strings.NewReader(strings.Replace(merge, "20260301102030+0100", stamp, 1)), o)
		var ev event.Event
		if err := d.Next(&ev); err != nil {
			t.Fatal(err)
		}
		if got := ev.Time.Format(time.RFC3339); got != want {
			t.Errorf("MSH-7 %s: %s, want %s", stamp, got, want)
		}
	}
}

func TestMeaning(t *testing.T) {
	for message, want := range map[string]string{
		"MSH|^~\\&|A|N|||20260301||ADT^A01|1":                              "create chart",
		"MSH|^~\\&|A|N|||20260301||ADT|1\rEVN|A23":                         "delete chart",
		"MSH|^~\\&|A|N|||20260301||ADT^A08|1\rEVN|A08||||u^B^A":            "update chart u",
		"MSH|^~\\&|A|N|||20260301||ADT^A19|1":                              "search chart",
		"MSH|^~\\&|A|N|||20260301||ORM^O01|1\rORC|NW|o1||||||||u^B":        "create order u o1",
		"MSH|^~\\&|A|N|||20260301||ORM^O01|1\rORC|XX\rOBR||o2":             "update order o2",
		"MSH|^~\\&|A|N|||20260301||ORM^O01|1\rORC|CA":                      "delete order",
		"MSH|^~\\&|A|N|||20260301||RDE^O11|1\rORC|DC":                      "delete med",
		"MSH|^~\\&|A|N|||20260301||ORU^R01|1\rOBR|||f1|||||||||||||||a1":   "create result f1",
		"MSH|^~\\&|A|N|||20260301||MDM^T02|1\rTXA|1||||||||||u^^A|d1":      "create document u d1",
		"MSH|^~\\&|A|N|||20260301||MDM^T11|1":                              "delete document",
		"MSH|^~\\&|A|N|||20260301||MDM^T08|1":                              "update document",
		"MSH|^~\\&|A|N|||20260301||SIU^S12|1":                              "create appointment",
		"MSH|^~\\&|A|N|||20260301||SIU^S13|1":                              "update appointment",
		"MSH|^~\\&|A|N|||20260301||SIU^S15|1":                              "delete appointment",
		"MSH|^~\\&|A|N|||20260301||MFN^M02|1":                              "update account",
		"MSH|^~\\&|A|N|||20260301||MFN^M05|1":                              "config",
		"MSH|^~\\&|A|N|||20260301||QBP^Q22|1\rQPD|Q22|t|@PID.5.1^Invented": "search query",
		"MSH|^~\\&|A|N|||20260301||DFT^P03|1":                              "create account",
		"MSH|^~\\&|A|N|||20260301||VXU^V04|1":                              "update chart",
		"MSH|^~\\&|A|N|||20260301||ACK|1\rMSA|AA":                          "ok",
		"MSH|^~\\&|A|N|||20260301||ACK|1\rMSA|AE":                          "serious",
		"MSH|^~\\&|A|N|||20260301||ACK|1\rMSA|AR":                          "major",
		"MSH|^~\\&|A|N|||20260301||XYZ|1":                                  "",
	} {
		var ev event.Event
		if err := hl7.Format().Open(strings.NewReader(message), options(t)).Next(&ev); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, field := range []string{"verb", "object_kind", "user", "object_id", "outcome"} {
			if i := ev.Index.Find(ev.Fields, "access."+field); i >= 0 && string(ev.Index.Text(ev.Fields, i, nil)) != "A" {
				got = append(got, string(ev.Index.Text(ev.Fields, i, nil)))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", message, got, want)
		}
	}
}

func TestSniff(t *testing.T) {
	for text, want := range map[string][2]bool{
		merge: {true, false}, "\ufeff\r\n" + merge: {true, false}, "FHS|^~\\&\rBHS|^~\\&\r" + merge: {true, false},
		"\x0b" + merge + "\x1c\r": {false, true}, "rest\x1c\r\x0b" + merge: {false, true},
		"MSHX": {false, false}, "": {false, false}, "a\x0bb": {false, false},
	} {
		if hl7.Format().Sniff([]byte(text)) > 0 != want[0] || hl7.MLLP().Sniff([]byte(text)) > 0 != want[1] {
			t.Errorf("%.12q: %d %d", text, hl7.Format().Sniff([]byte(text)), hl7.MLLP().Sniff([]byte(text)))
		}
	}
}

// What is lost, cut or passed over is reported; what could be read is an event all the same.
func TestDamage(t *testing.T) {
	batch := "BHS|^~\\&\r" + merge + "BTS|1\r"
	for name, tt := range map[string]struct {
		format collect.Format
		text   string
		want   string
	}{
		"a batch":                {hl7.Format(), batch + "\r\n" + merge, "1 2"},
		"a header that broke":    {hl7.Format(), merge + "MSX|^~\\&|0042\rPID|1\r\r", "1"},
		"text before it":         {hl7.Format(), " Report 0042\r" + merge, "1 !1:0 text that belongs to no message"},
		"a message too long":     {hl7.Format(), merge + "MSH|^~\\&|" + strings.Repeat("x", 5000) + "\rOBX|1\r" + merge, fmt.Sprintf("1 !%d:1 longer than the limit 3", len(merge))},
		"frames":                 {hl7.MLLP(), "\x0b" + merge + "\x1c\r\x06\x0b" + merge + "\x1c\r", "1 2"},
		"a frame of nonsense":    {hl7.MLLP(), "\x0b" + merge + "\x1c\r\x0bnonsense 0042\x1c\r\x0b" + merge + "\x1c\r", fmt.Sprintf("1 !%d:1 does not begin with MSH and a field separator 3", len("\x0b\x1c\r\x0b"+merge))},
		"a frame cut off":        {hl7.MLLP(), "\x0b" + merge, "1 !1:0 frame without an end, read as far as it goes"},
		"a frame in a frame":     {hl7.MLLP(), "\x0b" + merge + "\x0b" + merge + "\x1c\r", "1 !1:0 frame without an end, read as far as it goes 2"},
		"a frame too long":       {hl7.MLLP(), "\x0b" + strings.Repeat("x", 5000) + "\x1c\r\x0b" + merge + "\x1c\r", "!1:1 frame longer than the limit 2"},
		"bytes between frames":   {hl7.MLLP(), "\x0b" + merge + "\x1c\rabc\x0b" + merge + "\x1c\r", fmt.Sprintf("1 2 !%d:0 bytes between the frames", len("\x0b\x1c\r"+merge))},
		"nothing that is framed": {hl7.MLLP(), "abc", "!0:0 bytes between the frames"},
		"nothing":                {hl7.MLLP(), "", ""},
	} {
		o := options(t)
		o.Limits.Record = 4 << 10
		d := tt.format.Open(strings.NewReader(tt.text), o)
		var got []string
		for {
			var ev event.Event
			err := d.Next(&ev)
			var damage *collect.Damage
			if err == io.EOF {
				break
			}
			switch {
			case errors.As(err, &damage):
				got = append(got, fmt.Sprintf("!%d:%d %s", damage.Offset, damage.Records, damage.Reason))
			case err == nil:
				got = append(got, fmt.Sprint(ev.Record))
			default:
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(strings.Join(got, " "), tt.want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A message may be as wide and as long as it likes; its event is bounded.
func TestHostile(t *testing.T) {
	wide := "MSH|^~\\&\rPID|||" + strings.Repeat("a^b~", 1<<16) + "\r" + strings.Repeat("OBR|"+strings.Repeat("x~y^z|", 100)+"\r", 500)
	d := hl7.Format().Open(strings.NewReader(wide), options(t))
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatal(err)
	}
	if len(ev.Index.Values) > 20_000 {
		t.Errorf("%d values", len(ev.Index.Values))
	}
}

func FuzzHL7(f *testing.F) {
	f.Add([]byte(merge + "\nMSH$%@!*$A\nPID$1$$0042%%%Y*Z@8\r\n\nBTS|1\n"))
	f.Add([]byte("\ufeff\r\nFHS|^~\\&\rMSH|^~\\&|A|B|||20260301||QBP^Q22|1||||||||8859/1\rQPD|x|y|@PID.3^0042\\T\\\\X41\\\rMSA|AE"))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, hl7.Format(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}

func FuzzMLLP(f *testing.F) {
	f.Add([]byte("\x0b" + merge + "\x1c\r\x0bnonsense 0042\x1c\r\x06\x0b" + merge))
	f.Add([]byte("rest\x1c\r\x0bMSH|^~\\&|0042\r\x1cPID\x0b\x0b\x1c\x0bMSH|\x1c\n\x15"))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, hl7.MLLP(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}

func TestCorpus(t *testing.T) {
	f, err := os.Open(formattest.Corpora(t, "hl7v2", "simhospital", "stream.mllp.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	d := hl7.MLLP().Open(unpacked, options(t))
	verbs := map[string]int{}
	var ev event.Event
	for {
		err := d.Next(&ev)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if i := ev.Index.Find(ev.Fields, "access.verb"); i >= 0 && ev.Index.Find(ev.Fields, "access.patient") >= 0 && !ev.Time.IsZero() {
			verbs[string(ev.Index.Text(ev.Fields, i, nil))]++
		}
	}
	t.Logf("%d messages, verbs %v", ev.Record, verbs)
}

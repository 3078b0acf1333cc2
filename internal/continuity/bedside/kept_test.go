package bedside_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/event"
)

// TestWhatIsKeptIsAllThereWas: a board that is loaded from what another kept tells the same.
func TestWhatIsKeptIsAllThereWas(t *testing.T) {
	w := newWard(t)
	w.hear(admit+"AL1||DA|P^Penicillin|SV|Rash\n", "0900|OMP^O09\n"+pid+pv1+"ORC|NW|1\nTQ1|1||BID|0900~1500\nRXO|D1^DRUG 1|5||mg\n", "0905|OML^O21\n"+pid+"ORC|NW|2\nOBR|1|2||BMP\n",
		"0910|ORU^R01@LAB\n"+pid+"OBR|1|3||BMP\nOBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|||||F\n", "0900|ORM^O01\nPV1||I|4W||||||||||||||||V9\nORC|NW|9\nRXO|D1^DRUG 1|5||mg\n")
	want := w.board.Census(w.house, noon(), 8*time.Hour)
	loaded, n := bedside.New(bedside.Options{Zone: noon().Location()}), 0
	if err := w.board.Changed(func(key string, body []byte) error { n++; return loaded.Load(body) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, loaded.Census(w.house, noon(), 8*time.Hour), cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" || n == 0 {
		t.Errorf("%d records, %s", n, d)
	}
	w.board.Saved()
	if err := w.board.Changed(func(string, []byte) error { t.Error("something changed that was saved"); return nil }); err != nil {
		t.Fatal(err)
	}
}

// TestWhoLeftIsForgotten, and who lies in the house is not, however long nobody spoke of the patient.
func TestWhoLeftIsForgotten(t *testing.T) {
	for _, left := range []bool{false, true} {
		w := newWard(t)
		w.hear(admit)
		if left {
			w.hear("0900|ADT^A03\n" + pid + pv1)
		}
		w.board.Forget(w.house, noon().Add(5*24*time.Hour))
		records, _ := w.board.Size()
		if (records == 0) != left {
			t.Errorf("left %t: %d records", left, records)
		}
		deleted := 0
		if err := w.board.Changed(func(_ string, body []byte) error {
			if body == nil {
				deleted++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if (deleted == 1) != left {
			t.Errorf("left %t: %d are to be deleted", left, deleted)
		}
	}
}

// TestAPatientIsBounded, whatever is said; and what does not fit is counted, never silently gone.
func TestAPatientIsBounded(t *testing.T) {
	w := newWard(t)
	w.hear(admit)
	al1 := ""
	for i := range 100 {
		al1 += fmt.Sprintf("AL1||DA|A%d^Allergen %d %s\n", i, i, strings.Repeat("x", 400))
	}
	w.hear("0900|ADT^A08\n" + pid + pv1 + al1)
	for i := range 200 {
		n := fmt.Sprint(i)
		w.hear("0900|RDE^O11\n"+pid+pv1+"ORC|NW|"+n+"\nRXE||D^DRUG "+n+"|5||mg\nTQ1|1||"+strings.Repeat("Q8H ", 100)+"|"+strings.Repeat("0100~", 100), "0900|OML^O21\n"+pid+"ORC|NW|L"+n+"\nOBR|1|L"+n+"||BMP\n",
			"0900|RAS^O17\n"+pid+pv1+"ORC|RE|0\nRXA|0|1|"+clock("0000").Add(time.Duration(i)*time.Minute).Format("20060102150405-0700")+"||D^DRUG|5|mg\n")
	}
	p := w.only()
	if p.Left == 0 {
		t.Error("nobody is told that something is missing")
	}
	if len(p.Allergies) > 64 || len(p.Drugs) > 128 || len(p.Requests) > 64 {
		t.Errorf("%d allergies, %d drugs, %d requests", len(p.Allergies), len(p.Drugs), len(p.Requests))
	}
	if err := w.board.Changed(func(_ string, body []byte) error {
		_, err := bedside.Decode(body)
		return err
	}); err != nil {
		t.Errorf("what is kept cannot be read again: %v", err)
	}
}

// TestBoardIsBounded: the ones that were heard of least lately go, and are counted.
func TestBoardIsBounded(t *testing.T) {
	w := newWard(t)
	w.board = bedside.New(bedside.Options{Most: 100})
	for i := range 300 {
		w.hear(fmt.Sprintf("0900|ADT^A08\nPID|||%d^^^ALDER^MR||A^B\n", i))
	}
	if records, dropped := w.board.Size(); records > 100 || dropped < 200 {
		t.Errorf("%d records, %d dropped", records, dropped)
	}
}

// TestBedsAreOrdered as people count them.
func TestBedsAreOrdered(t *testing.T) {
	w := newWard(t)
	for i, bed := range []string{"10", "2", "10N", "1", "HALL"} {
		w.hear(fmt.Sprintf("0900|ADT^A01\nPID|||%d^^^ALDER^MR||A^B\nPV1||I|4W^%s||||||||||||||||V%d\n", i, bed, i))
	}
	var beds []string
	for _, p := range w.board.Census(w.house, noon(), 8*time.Hour) {
		beds = append(beds, p.Bed)
	}
	if want := []string{"1", "2", "10", "10N", "HALL"}; !slices.Equal(beds, want) {
		t.Errorf("%v, want %v", beds, want)
	}
}

// TestDecodeRefuses what no Record is, and quotes nothing of it.
func TestDecodeRefuses(t *testing.T) {
	for what, body := range map[string]string{
		"nothing":             "",
		"more than a record":  `{"ids":[{"Value":"4711"}]}{}`,
		"another thing":       `{"Penicillin":1}`,
		"too many allergies":  `{"allergies":[` + strings.TrimSuffix(strings.Repeat(`{"name":"Penicillin"},`, 65), ",") + `]}`,
		"too many doses":      `{"orders":[{"doses":[` + strings.TrimSuffix(strings.Repeat(`{"at":"2030-01-08T09:00:00Z"},`, 9), ",") + `]}]}`,
		"a long text":         `{"person":{"family":"` + strings.Repeat("Penicillin", 100) + `"}}`,
		"a state that is not": `{"orders":[{"state":3}]}`,
		"an hour that is not": `{"orders":[{"timing":{"clocks":[1440]}}]}`,
		"all the time":        `{"orders":[{"timing":{"every":1}}]}`,
		"a kind that is not":  `{"results":[{"kind":"Penicillin"}]}`,
		"longer than records": `{"visit":"` + strings.Repeat(" ", 1<<20) + `"}`,
	} {
		if r, err := bedside.Decode([]byte(body)); !errors.Is(err, bedside.ErrRecord) || r != nil || strings.Contains(err.Error(), "Penicillin") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := bedside.New(bedside.Options{}).Load([]byte(`{}`)); !errors.Is(err, bedside.ErrRecord) {
		t.Errorf("nobody's record: %v", err)
	}
}

// BenchmarkHear hears an admission with allergies and an order of a drug, again and again.
func BenchmarkHear(b *testing.B) {
	w := newWard(b)
	var events []event.Event
	for _, text := range []string{"ADT^A01|1|P|2.5.1\n" + pid + pv1 + "AL1||DA|P^Penicillin|SV|Rash", "RDE^O11|1|P|2.5.1\n" + pid + pv1 + "ORC|NW|1\nRXE||D1^DRUG 1|5||mg\nTQ1|1||BID|0900~1500\nRXR|PO"} {
		var ev event.Event
		if err := hl7.Format().Open(strings.NewReader("MSH|^~\\&|A|B|||20300108100000+0100||"+strings.ReplaceAll(text, "\n", "\r")), w.o).Next(&ev); err != nil {
			b.Fatal(err)
		}
		ev.Observed = w.heard
		events = append(events, ev)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := w.board.Hear(&events[i%2]); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzMessages hears anything: it ends, keeps its bounds, and what is kept can be read again.
func FuzzMessages(f *testing.F) {
	for _, text := range []string{
		"ADT^A01|1|P|2.5.1\r" + pid + pv1 + "AL1||DA|P^Penicillin|SV|Rash\rIAM||DA|L^Latex|||D|1",
		"RDE^O11|1|P|2.5.1\r" + pid + pv1 + "ORC|NW|1\rRXE|^Q6H&0600,1800^^20300107|D1^DRUG 1|5|7|mg\rTQ1|1||QID~Q8H|0800~9999||||20991231|PRN\rRXR|PO",
		"RAS^O17|1|P|2.5.1\r" + pid + "ORC|RE|1\rRXA|0|1|20300108||D^DRUG|999",
		"ORU^R01|1|P|2.5.1\r" + pid + "OBR|1|2||BMP\rOBX|1|SN|2823-3||<^4^-^5|mmol/L|3-5|||||W\rOBX|2|CE|882-1||a^b",
		"ORM^O01|1|P|2.5.1\rPV1||I|4W||||||||||||||||V1\rORC|CA|1\rODS|D||x",
	} {
		f.Add(strings.ReplaceAll(text, "\n", "\r"))
	}
	tax := newWard(f).o.Taxonomy
	f.Fuzz(func(t *testing.T, text string) {
		w := wardOf(t, tax)
		d := hl7.Format().Open(strings.NewReader("MSH|^~\\&|A|B|||20300108100000+0100||"+text), w.o)
		for {
			var ev event.Event
			err := d.Next(&ev)
			if err == io.EOF {
				break
			}
			if err != nil {
				continue
			}
			ev.Observed = w.heard
			facts, _ := w.read.Read(&ev)
			for i := range facts {
				w.house.Take(&facts[i])
			}
			if w.board.Hear(&ev) != nil {
				return
			}
		}
		w.board.Census(w.house, noon(), 8*time.Hour)
		if err := w.board.Changed(func(_ string, body []byte) error {
			_, err := bedside.Decode(body)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzDecode reads anything as a record: what it takes it writes, and reads as the same again.
func FuzzDecode(f *testing.F) {
	w := newWard(f)
	w.hear(admit+"AL1||DA|P^Penicillin|SV|Rash\n", "0900|RDE^O11\n"+pid+pv1+"ORC|NW|1\nRXE||D1^DRUG 1|5||mg\nTQ1|1||BID|0900~1500\n")
	if err := w.board.Changed(func(_ string, body []byte) error { f.Add(body); return nil }); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"ids":[{"Value":"1"}],"orders":[{"number":"1","timing":{"every":1}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := bedside.Decode(body)
		if err != nil {
			if strings.Contains(err.Error(), "Penicillin") || strings.Contains(err.Error(), "DRUG") {
				t.Fatal("an error quotes a record")
			}
			return
		}
		again, err := bedside.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		o, err := bedside.Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, o, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
			t.Fatal(d)
		}
		b := bedside.New(bedside.Options{})
		if b.Load(body) == nil {
			b.Census(w.house, noon(), 8*time.Hour)
		}
	})
}

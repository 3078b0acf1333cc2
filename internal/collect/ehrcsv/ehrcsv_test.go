package ehrcsv_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/event"
)

func shipped(t testing.TB) (collect.Format, collect.Options) {
	maps, err := ehrcsv.LoadMappings(content.Mappings())
	if err != nil {
		t.Fatal(err)
	}
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return ehrcsv.Format(maps), collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

// read writes down what a decoder gives: for each event its time, product and access, for
// each damage its reason.
func read(t testing.TB, text string) (list []string) {
	f, o := shipped(t)
	d := f.Open(strings.NewReader(text), o)
	var ev event.Event
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case errors.Is(err, io.EOF):
			return list
		case errors.As(err, &damage):
			list = append(list, damage.Reason)
		case err != nil:
			t.Fatal(err)
		default:
			list = append(list, fmt.Sprint(ev.Time.Format(time.RFC3339), " ", ev.Class.Product, " ", pick(&ev, "access.verb", "access.user", "access.patient", "access.object_kind", "access.outcome")))
		}
	}
}

func pick(ev *event.Event, paths ...string) string {
	var list []string
	for _, path := range paths {
		value := "-"
		if i := ev.Index.Find(ev.Fields, path); i >= 0 {
			value = string(ev.Index.Text(ev.Fields, i, nil))
		}
		list = append(list, value)
	}
	return strings.Join(list, " ")
}

const epic = "ACCESS_TIME,USER_ID,USER_NAME,PAT_MRN_ID,METRIC_NAME,WORKSTATION_ID,BTG_REASON\n" +
	"2026-03-01 10:20:30,MOKAFOR,\"Okafor, Miriam\",00042,Chart viewed,WS1,\n" +
	"3/1/2026 10:21:00 AM,MOKAFOR,\"Okafor,\nMiriam\",00043,Patient chart printed,WS1,\n"

func TestDialects(t *testing.T) {
	want := []string{
		`2026-03-01T10:20:30Z ehr read MOKAFOR ["00042"] chart -`,
		`2026-03-01T10:21:00Z ehr print MOKAFOR ["00043"] chart -`,
	}
	for name, text := range map[string]string{
		"as it is":         epic,
		"with CRLF":        strings.ReplaceAll(epic, "\n", "\r\n"),
		"with a mark":      "\ufeff" + epic,
		"with a title":     "Access report\n\n" + epic,
		"for spreadsheets": "sep=,\n" + epic,
		"in UTF-16":        utf16(epic),
		"with tabs":        strings.NewReplacer("\"Okafor, Miriam\"", "x", ",\nMiriam\"", "\"", ",", "\t").Replace(epic),
		"with bars":        strings.NewReplacer("\"Okafor, Miriam\"", "x", ",\nMiriam\"", "\"", ",", "|").Replace(epic),
		"with semicolons":  strings.NewReplacer("\"Okafor, Miriam\"", "x", ",\nMiriam\"", "\"", ",", ";").Replace(epic),
		"other headers":    strings.NewReplacer("ACCESS_TIME", "Access Time", "PAT_MRN_ID", "mrn").Replace(epic),
	} {
		if diff := cmp.Diff(read(t, text), want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		f, _ := shipped(t)
		if fit := f.Sniff([]byte(text)); fit < 90 {
			t.Errorf("%s: sniffed %d", name, fit)
		}
	}
}

func TestFieldsAreTheColumns(t *testing.T) {
	f, o := shipped(t)
	d := f.Open(strings.NewReader("Access\n"+epic[:0]+"id,date,event,user,patient_id,success,access,Gr\xfc\xdfe,,x,x\n1,2026-03-01 10:20:30,login,j,7,0,a,M\xfcller,b,c,d\n"), o)
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(ev.Fields, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"access": map[string]any{"verb": "login-fail", "native_action": "login", "outcome": "serious", "user": "j", "patient": []any{"7"}, "object_kind": "account", "patients_count": 1.0},
		"id":     "1", "date": "2026-03-01 10:20:30", "event": "login", "user": "j", "patient_id": "7", "success": "0", "access_2": "a", "Grüße": "Müller", "column_9": "b", "x": "c", "x_2": "d",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestProducts(t *testing.T) {
	openemr := "id,date,event,category,user,groupname,comments,patient_id,success\n1,2026-03-01 10:20:30,patient-record-select,Patient,j.mbeki,Default,x,7,1\n"
	openmrs := "identifier;type;action;user_id;date_created\n77;Patient;UPDATED;5;2026-03-01 10:20:30\n"
	if diff := cmp.Diff(append(read(t, openemr), read(t, openmrs)...), []string{
		`2026-03-01T10:20:30Z ehr read j.mbeki ["7"] chart ok`,
		`2026-03-01T10:20:30Z ehr update 5 - Patient -`,
	}); diff != "" {
		t.Error(diff)
	}
}

func TestDamage(t *testing.T) {
	text := epic +
		"2026-03-01 10:22:00,J,x,1.23E+11,View,W,\n" +
		"2026-03-01 10:23:00,J,x,44,View,W,\n" +
		"2026-03-01 10:24:00,J,x,00044\n" +
		"2026-03-01 10:25:00,J,x,00045,View,W,,extra\n" +
		"2026-03-01 10:26:00,J,\"x,00046,View,W,\n"
	want := []string{
		`2026-03-01T10:20:30Z ehr read MOKAFOR ["00042"] chart -`,
		`2026-03-01T10:21:00Z ehr print MOKAFOR ["00043"] chart -`,
		"line 5: column 4: an identifier in scientific notation",
		`2026-03-01T10:22:00Z ehr read J ["1.23E+11"] - -`,
		"line 6: column 4: an identifier that may have lost its leading zeros",
		`2026-03-01T10:23:00Z ehr read J ["44"] - -`,
		"line 7: 4 columns instead of 7",
		`2026-03-01T10:24:00Z ehr - J ["00044"] - -`,
		"line 8: 8 columns instead of 7",
		`2026-03-01T10:25:00Z ehr read J ["00045"] - -`,
		"line 9: a quote is not closed",
	}
	if diff := cmp.Diff(read(t, text), want); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownHeader(t *testing.T) {
	got := read(t, "time,who,what\n2026-03-01 10:20:30,a,b\n2026-03-01 10:20:31,c,d\n")
	if diff := cmp.Diff(got, []string{"2026-03-01T10:20:30Z  - - - - -", "2026-03-01T10:20:31Z  - - - - -"}); diff != "" {
		t.Error(diff)
	}
}

func TestSniffKnowsWhatIsNone(t *testing.T) {
	f, _ := shipped(t)
	for _, text := range []string{"", "{\"a\":1}\n", "<85>1 a, b, c\n", "Mar  1 10:20:30 host sshd[1]: a, b\nMar  1 10:20:31 host sshd[1]: c\n", "a\x00b,c\n"} {
		if fit := f.Sniff([]byte(text)); fit > 15 {
			t.Errorf("%q: %d", text, fit)
		}
	}
}

func TestLoadMappingsRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown key":   "name: x\nrequire: [[a]]\ncolour: red\n",
		"an unknown field": "name: x\nrequire: [[a]]\ncolumns: {colour: [a]}\n",
		"no name":          "require: [[a]]\n",
		"a bad expression": "name: x\nrequire: [[a]]\nverbs: [{match: '(', verb: read}]\n",
		"a bad zone":       "name: x\nrequire: [[a]]\nzone: Nowhere/None\n",
	} {
		if _, err := ehrcsv.LoadMappings(fstest.MapFS{"x.yml": {Data: []byte(text)}}); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func utf16(text string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range text {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(epic))
	f.Add([]byte("a;b;c\n1;\"2\n3\";4\n\"5"))
	f.Add([]byte(utf16("a\tb\tc\n1\t2\t0042\n")))
	f.Add([]byte("sep=,\nReport\n\n" + epic + "x,y,z,1.23E+11,0042~7\n\"0042"))
	f.Add([]byte("id,date,event,user,patient_id,success,access,access,a,a,a_2,\n1,2026-03-01 10:20:30,login,j,0042,0,M\xfcller,,,,,,\n"))
	f.Add([]byte("TRANSACTION_TIME,STATION,TRANSACTION_TYPE,USER_ID,WITNESS_ID,PATIENT_ID,DRUG_ID,AMOUNT\n2026-03-01 10:20:30,ADC-4W,REMOVE,a,b,0042,D1,\"0,5\"\n2026-03-01 10:20:30,ADC-4W,WASTE,a,b,42,D1,1e400\n,,,,,,,\n"))
	format, shippedOptions := shipped(f)
	o := collecttest.Options(shippedOptions.Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, format, o, formattest.Cost{Fixed: 1 << 20, PerByte: 800}, in)
	})
}

// FuzzMapping: a mapping file of a site is refused, or it serves to read a file with its columns.
func FuzzMapping(f *testing.F) {
	entries, err := fs.ReadDir(content.Mappings(), ".")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		text, err := fs.ReadFile(content.Mappings(), e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte(epic))
	}
	f.Add([]byte("name: x\nrequire: [[a]]\nzone: Europe/Berlin\nlayouts: ['1/2/2006']\ncolumns: {time: [b], patient: [a], outcome: [c]}\noutcomes: {n: minor}\n"+
		"verbs: [{match: 'x+', verb: read}]\nbackground: ['y']\n"), []byte("a,b,c\n0042,3/1/2026,n\n"))
	_, shippedOptions := shipped(f)
	o := collecttest.Options(shippedOptions.Taxonomy)
	f.Fuzz(func(t *testing.T, mapping, in []byte) {
		if len(mapping) > 8<<10 { // a site's own file, not a stranger's: what YAML costs is not the question
			return
		}
		maps, err := ehrcsv.LoadMappings(fstest.MapFS{"x.yml": {Data: mapping}})
		if err != nil {
			return
		}
		collecttest.Decode(t, ehrcsv.Format(maps), o, formattest.Cost{Fixed: 1 << 20, PerByte: 800}, in)
	})
}

// A header may name thousands of columns, all alike, or one at great length.
func TestHostileHeaders(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("a,", 60_000) + "\n1,2,3\n",
		strings.Repeat("x", 1<<20) + ",b,c\n" + strings.Repeat("1,2,3\n", 1<<15),
		"a,b\n" + strings.Repeat(",", 1<<20) + "\n",
		"METRIC_NAME,ACCESS_TIME,USER_ID,PAT_MRN_ID,WORKSTATION_ID\n" + strings.Repeat("x", 1<<20) + ",,," + strings.Repeat("1~2~", 1<<18) + ",\n",
	} {
		f, o := shipped(t)
		formattest.Cost{Fixed: 1 << 20, PerByte: 800}.Check(t, len(in), func() {
			d := f.Open(strings.NewReader(in), o)
			var ev event.Event
			for {
				if err := d.Next(&ev); err == io.EOF {
					return
				}
			}
		})
	}
}

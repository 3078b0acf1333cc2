package reader_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/collect/fhir"
	"github.com/wardline/wardline/internal/collect/hl7"
	collectjson "github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/hospital/reader/v2"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax, Whole: true}
}

func csv(t testing.TB) collect.Format {
	t.Helper()
	maps, err := ehrcsv.LoadMappings(content.Mappings())
	if err != nil {
		t.Fatal(err)
	}
	return ehrcsv.Format(maps)
}

// facts reads a source as a node would, to its end: the events, the records that were lost, and the facts.
func facts(t testing.TB, f collect.Format, in io.Reader) (events, lost int, all []hospital.Fact) {
	t.Helper()
	d := f.Open(in, options(t))
	r := reader.New(nil)
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return events, lost, all
		case errors.Is(err, collect.ErrSkip), errors.As(err, &damage):
			lost++
			continue
		case err != nil:
			t.Fatal(err)
		}
		events++
		ev.Observed = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
		found, err := r.Read(&ev)
		if err != nil {
			t.Errorf("record %d: %v", ev.Record, err)
		}
		all = append(all, found...)
	}
}

// A fact says who said it and when: at the time of the record, or at none.
func TestWhoSaidItWhen(t *testing.T) {
	o := options(t)
	received := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		format collect.Format
		in     string
		said   time.Time
	}{
		"a message":             {hl7.Format(), "MSH|^~\\&|A|B|||20260314100000+0000||ADT^A28|1|P|2.5.1\rPID|||1\r", received.Add(-2 * time.Hour)},
		"a resource":            {shapes(), `{"resourceType":"Location","id":"4W","meta":{"lastUpdated":"2026-03-14T11:00:00Z"}}`, received.Add(-time.Hour)},
		"one that is not dated": {shapes(), `{"resourceType":"Location","id":"4W"}`, time.Time{}},
		"a row":                 {csv(t), "unit,title,department,service,building,site\n4W,a,b,c,d,e\n", time.Time{}},
	} {
		var ev event.Event
		if err := tt.format.Open(strings.NewReader(tt.in), o).Next(&ev); err != nil {
			t.Fatal(err)
		}
		ev.Observed, ev.Source = received, "engine"
		found, err := reader.New(nil).Read(&ev)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %d facts, %v", name, len(found), err)
		}
		if f := found[0]; !f.Said.Equal(tt.said) || !f.Seen.Equal(received) || f.Source != "engine" {
			t.Errorf("%s: said %s, seen %s by %s", name, f.Said, f.Seen, f.Source)
		}
	}
}

// What says nothing of the house costs nothing and is no mistake; a message whose text is missing is one.
func TestWhatIsNotRead(t *testing.T) {
	tax := options(t).Taxonomy
	r := reader.New(nil)
	for _, class := range []*event.Class{tax.Class("ehr", "audit", ""), tax.Class("linux", "auth", ""), tax.Class("", "", "")} {
		if reader.Wants(class) {
			t.Errorf("%s/%s is wanted", class.Product, class.Service)
		}
		if found, err := r.Read(&event.Event{Class: class}); found != nil || err != nil {
			t.Errorf("%s/%s: %v, %v", class.Product, class.Service, found, err)
		}
	}
	if _, err := r.Read(&event.Event{Class: tax.Class("hl7", "mllp", "")}); !errors.Is(err, v2.ErrNoMessage) {
		t.Errorf("a message without its text: %v", err)
	}
}

func shapes() collect.Format { return collectjson.Format([]collect.Shape{fhir.Shape()}) }

// The care relations of a patient, as the corpus counts them: patient, practitioner, and the beginning of an encounter that the
// practitioner took part in, each once.
func TestSyntheaRelations(t *testing.T) {
	dir := formattest.Corpora(t, "synthea")
	type relation struct {
		patient, practitioner string
		at                    time.Time
	}
	total, bundles := 0, 0
	for _, entry := range index[struct {
		File      string
		Relations int `json:"encounter_relations"`
		Resources map[string]int
	}](t, filepath.Join(dir, "index.jsonl")) {
		events, lost, all := facts(t, shapes(), unpacked(t, filepath.Join(dir, entry.File)))
		resources := 0
		for _, n := range entry.Resources {
			resources += n
		}
		if lost > 0 || events != resources {
			t.Errorf("%s: %d of %d resources are events, %d are lost", entry.File, events, resources, lost)
		}
		relations := map[relation]bool{}
		patients := map[string]bool{}
		for _, f := range all {
			if f.Patient != nil {
				for _, id := range f.Patient.IDs {
					patients[id.Value] = true
				}
			}
			if r := f.Reason; r != nil && r.Kind == hospital.Provider && strings.HasPrefix(r.Key, "Encounter/") {
				if !patients[r.Patient[0].Value] {
					t.Errorf("%s: a relation to a patient who is not known", entry.File)
				}
				relations[relation{r.Patient[0].Value, r.Who[0].Name.Text, r.From}] = true
			}
		}
		if len(relations) != entry.Relations {
			t.Errorf("%s: %d relations, want %d", entry.File, len(relations), entry.Relations)
		}
		total += len(relations)
		bundles++
	}
	t.Logf("%d bundles, %d relations", bundles, total)
}

// All messages of the corpus are read. Where two other parsers agree on who and where the patient is, so do we.
func TestMessagesOfOthers(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2")
	files, made, compared := 0, 0, 0
	for _, entry := range index[struct {
		File   string
		Agreed map[string]any
	}](t, filepath.Join(dir, "index.jsonl")) {
		text, err := os.ReadFile(filepath.Join(dir, entry.File))
		if err != nil {
			t.Fatal(err)
		}
		_, _, all := facts(t, hl7.Format(), strings.NewReader(meant(string(text))))
		files++
		made += len(all)
		want, _ := entry.Agreed["PID-3.1"].(string)
		i := slices.IndexFunc(all, func(f hospital.Fact) bool { return f.Patient != nil })
		switch isDeleted := want == `""`; {
		case want == "" || isDeleted:
		case i >= 0:
			compared++
			if got := all[i].Patient.IDs[0].Value; got != want {
				t.Errorf("%s: another patient", entry.File)
			}
			if family, _ := entry.Agreed["PID-5.1"].(string); family != "" && family != all[i].Patient.Human.Family && !slices.Contains(all[i].Patient.Human.Former, family) {
				t.Errorf("%s: another name", entry.File)
			}
		default:
			t.Logf("%s: no patient in a message of kind %v^%v", entry.File, entry.Agreed["MSH-9.1"], entry.Agreed["MSH-9.2"])
		}
		if trigger, _ := entry.Agreed["MSH-9.2"].(string); trigger == "A09" || trigger == "A10" {
			continue // where the patient is stands in PV1-11
		}
		i = slices.IndexFunc(all, func(f hospital.Fact) bool { return f.Visit != nil && f.Visit.Unit != "" })
		if unit, _ := entry.Agreed["PV1-3.1"].(string); unit != "" && i >= 0 {
			compared++
			if got := all[i].Visit.Unit; got != unit {
				t.Errorf("%s: unit %q, want %q", entry.File, got, unit)
			}
		}
	}
	t.Logf("%d messages, %d facts, %d values compared", files, made, compared)
}

// A stream of a simulated hospital of somebody else.
func TestSimulatedStream(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2", "simhospital")
	stream, err := io.ReadAll(unpacked(t, filepath.Join(dir, "stream.mllp.gz")))
	if err != nil {
		t.Fatal(err)
	}
	events, lost, all := facts(t, hl7.MLLP(), strings.NewReader(meant(string(stream))))
	kinds := map[string]int{}
	for _, f := range all {
		v := reflect.ValueOf(f)
		for i := range v.NumField() {
			if m := v.Field(i); m.Kind() == reflect.Pointer && !m.IsNil() {
				kinds[v.Type().Field(i).Name]++
			}
		}
	}
	if lost > 0 || kinds["Patient"] < events/2 || kinds["Visit"] == 0 || kinds["Reason"] == 0 {
		t.Errorf("%d events, %d lost, facts %v", events, lost, kinds)
	}
	t.Logf("%d events, facts %v", events, kinds)
}

// meant makes of messages of trainings and tests (MSH-11) such as are meant: of others nothing is read.
func meant(text string) string {
	return regexp.MustCompile(`(MSH\|(?:[^|\r\n]*\|){9})[TD]\b`).ReplaceAllString(text, "${1}P")
}

func index[E any](t *testing.T, path string) (list []E) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e E
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func unpacked(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

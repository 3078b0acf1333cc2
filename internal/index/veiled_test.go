package index_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// clinical writes an event of a clinical system as the journal keeps it.
func clinical(class, fields string) []byte {
	return event.AppendLine(nil, &event.Event{
		ID: event.NewID(class, fields), Source: "/drop/MRN-004713.hl7", Format: "hl7", Record: 1, Time: noon, Observed: noon,
		Class: &event.Class{Key: class}, Fields: []byte(fields),
	})
}

// TestRowsOfClinicalEvents: tokens for patients, and nothing that is not known to name nobody.
func TestRowsOfClinicalEvents(t *testing.T) {
	v := veiltest.New()
	line := clinical("hl7/mllp", `{"message":"MSH|^~\\&|...","MSH-3":"ADT","MSH-8":"secret","MSH-12":"MRN-004713","PID-3.1":"MRN-004713","PID-5.1":"Quillfeather","PID-5.2":"Ottoline",
		"OBX-5":"seen from 203.0.113.7","new":"field","access":{"verb":"update","user":"Patient/7","patient":["MRN-004713","O-9"],"patient_authority":["ALDER"],"encounter":"V-1","query":"Ottoline"}}`)
	text, cut, ok := index.Row(7, 3, line, past, future, v)
	if !ok {
		t.Fatal("no row")
	}
	got := members(t, text)
	token := v.Vault().Token
	want := map[string]string{
		"_time": "2026-03-14T12:00:00Z", "@id": got["@id"], "@stream": "/drop/" + token("", "MRN-004713") + ".hl7", "@source": "/drop/" + token("", "MRN-004713") + ".hl7",
		"@entry": "7", "@line": "3", "@format": "hl7", "@class": "hl7/mllp", "@cut": "2", "@veiled": "1", "@addresses": "203.0.113.7", "MSH-3": "ADT", "access.verb": "update",
		"access.patient":   `["` + strings.Join([]string{token("", "MRN-004713"), token("ALDER", "MRN-004713"), token("", "O-9"), token("ALDER", "O-9")}, `","`) + `"]`,
		"access.encounter": token("visit", "V-1"), "access.patient_authority": "ALDER",
	}
	if diff := gocmp.Diff(got, want); diff != "" || cut != 2 { // MSH-12 and the user hold what does not belong there
		t.Errorf("%d cut; got, want:\n%s", cut, diff)
	}
	for _, fields := range []string{`{"MSH-3":"QUILLFEATHER"}`, `{"MSH-3":"ADT","MSH-9":"Quillfeather"}`, `{"MSH-3":"ADT","access":{"native_action":"Quillfeather"}}`, `{"MSH-3":"ADT","access":{"app":"Ottoline"}}`} {
		if text, cut, _ := index.Row(8, 0, clinical("hl7/mllp", fields), past, future, v); cut != 1 || bytes.Contains(bytes.ToLower(text), []byte("quillf")) || bytes.Contains(text, []byte("Ottoline")) {
			t.Errorf("%d cut: %s", cut, text)
		}
	}
	// Other machines speak of the same patient.
	text, cut, _ = index.Row(8, 0, record{time: noon, fields: `{"url":"/p?mrn=MRN-004713&n=Ottoline+Quillfeather","n":4713,"dob":"1951-03-07","patient":"O-9"}`}.line(0), past, future, v)
	got = members(t, text)
	if got["url"] != "/p?mrn="+token("", "MRN-004713")+"&n="+v.Asked("ottoline quillfeather")[0] || got["n"] != "4713" || got["dob"] != token("", "1951-03-07") || got["patient"] != token("", "O-9") || cut != 3 {
		t.Errorf("%d cut: %v", cut, got)
	}
}

// TestPatientsAreFoundByWhatIsTyped searches as somebody does who knows a number, or a name that a web server wrote down. What was heard
// before a restart is not forgotten.
func TestPatientsAreFoundByWhatIsTyped(t *testing.T) {
	cfg := config(t)
	l := newLog()
	l.entries = append(l.entries, [][]byte{clinical("hl7/mllp", `{"PID-3.1":"MRN-004713","PID-5.1":"Quillfeather","PID-5.2":"Ottoline","access":{"verb":"update","patient":["MRN-004713"],"encounter":"V-100"}}`)})
	x := run(t, cfg, l)
	x.through(l)
	x.stop()
	cfg.Veil = veiltest.New()
	x = run(t, cfg, l)
	l.add(record{time: noon, fields: `{"url":"/p?n=Ottoline+Quillfeather"}`}, record{time: noon, fields: `{"url":"/chart/mrn-004713"}`}, record{time: noon, fields: `{"n":"nothing"}`})
	x.through(l)
	for _, tt := range []struct {
		what string
		q    index.Query
		want int
	}{
		{"a number", index.Query{Text: "MRN-004713"}, 2}, {"in small letters", index.Query{Text: "mrn-004713"}, 2}, {"a name", index.Query{Text: `"ottoline quillfeather"`}, 1},
		{"a visit", index.Query{Text: "V-100"}, 1}, {"without a number", index.Query{Text: "-mrn-004713"}, 2},
		{"a field", index.Query{Fields: []index.Field{{Name: "access.patient", Op: index.Is, Value: "MRN-004713"}}}, 1},
		{"not that field", index.Query{Fields: []index.Field{{Name: "access.patient", Op: index.IsNot, Value: "MRN-004713"}}}, 3},
		{"another field", index.Query{Fields: []index.Field{{Name: "access.encounter", Op: index.Is, Value: "MRN-004713"}}}, 0},
	} {
		n, _, _, err := x.Count(context.Background(), tt.q)
		if err != nil || int(n) != tt.want {
			t.Errorf("%s: %d found, want %d: %v", tt.what, n, tt.want, err)
		}
	}
	x.stop()
	err := filepath.WalkDir(cfg.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("004713")) || bytes.Contains(text, []byte("Quillfeather")) {
			t.Errorf("%s names the patient", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAnIndexOfAnotherVersionIsBuiltAnew: it may name patients.
func TestAnIndexOfAnotherVersionIsBuiltAnew(t *testing.T) {
	cfg := config(t)
	l := newLog()
	l.fill(1, 5)
	x := run(t, cfg, l)
	x.through(l)
	x.stop()
	mark := filepath.Join(cfg.Dir, "mark.json")
	text, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mark, bytes.Replace(text, []byte(`"layout":2`), []byte(`"layout":1`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	x = run(t, cfg, l)
	x.through(l)
	if got := x.Counts(); got.Rows != 5 || got.Known != 0 {
		t.Errorf("%+v", got)
	}
}

// TestWhatWasHeardBeforeACrashIsHeardAgain: the rows are there already, but what was heard with them was not written down yet.
func TestWhatWasHeardBeforeACrashIsHeardAgain(t *testing.T) {
	cfg := config(t)
	l := newLog()
	l.entries = append(l.entries, [][]byte{clinical("hl7/mllp", `{"PID-3.1":"MRN-004713","access":{"patient":["MRN-004713"]}}`)})
	x := run(t, cfg, l)
	x.through(l)
	x.stop()
	mark := filepath.Join(cfg.Dir, "mark.json")
	text, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(bytes.Replace(text, []byte(`"next":1`), []byte(`"next":0`), 1), []byte(`"clean":true`), []byte(`"clean":false`), 1)
	if err := errors.Join(os.WriteFile(mark, text, 0o600), os.Remove(filepath.Join(cfg.Dir, "identifiers"))); err != nil {
		t.Fatal(err)
	}
	cfg.Veil = veiltest.New()
	l.add(record{time: noon, fields: `{"url":"/chart/MRN-004713"}`})
	x = run(t, cfg, l)
	x.through(l)
	if got := x.Counts(); got.Known != 1 || got.Cut != 1 {
		t.Errorf("%+v", got)
	}
}

// TestWhatWasHeardOutlivesTheIndex: when the index is built anew, and after what could not be written down at first. Otherwise the veil
// would not know after a restart what the mark says was heard.
func TestWhatWasHeardOutlivesTheIndex(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after func(t *testing.T, x *running, path string) // something is heard
	}{
		{"dropped", nil, func(t *testing.T, x *running, path string) {
			until(t, "it is written down", func() bool { _, err := os.Stat(path); return err == nil })
			if err := x.Drop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
		{"not written", func(t *testing.T, x *running, path string) {
			until(t, "it runs", func() bool { return x.Healthy() == nil })
			if err := os.Mkdir(path, 0o700); err != nil { // where a file is to be
				t.Fatal(err)
			}
		}, func(t *testing.T, x *running, path string) {
			until(t, "it could not be written down", func() bool { return x.Counts().Restarts > 0 })
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(t)
			l := newLog()
			x := run(t, cfg, l)
			path := filepath.Join(cfg.Dir, "identifiers")
			if tt.before != nil {
				tt.before(t, x, path)
			}
			l.put([][]byte{clinical("hl7/mllp", `{"PID-3.1":"MRN-004713","access":{"patient":["MRN-004713"]}}`)})
			tt.after(t, x, path)
			x.through(l)
			x.stop()
			cfg.Veil = veiltest.New()
			x = run(t, cfg, l)
			l.add(record{time: noon, fields: `{"url":"/chart/MRN-004713"}`})
			x.through(l)
			if got := x.Counts(); got.Cut != 1 {
				t.Errorf("forgotten: %+v", got)
			}
		})
	}
}

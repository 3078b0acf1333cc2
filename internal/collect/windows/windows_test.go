package windows_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/event"
)

// shape hands one line to the shape that it fits best, as a decoder does.
func shape(o collect.Options, line []byte) (ev event.Event, name string, err error) {
	ev = event.Event{Fields: line, Class: o.Taxonomy.Class("", "", "")}
	if err := ev.Index.Scan(line, jsonl.DefaultLimits()); err != nil {
		return ev, "", err
	}
	obj := collect.Object{Text: line, Index: &ev.Index}
	most := 0
	var best collect.Shape
	for _, s := range windows.Shapes() {
		if fits := s.Fits(obj); fits > most {
			most, best = fits, s
		}
	}
	if most == 0 {
		return ev, "", nil
	}
	var b event.Builder
	return ev, best.Name, best.Event(obj, o, &ev, &b)
}

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

func seeds() []struct{ name, in, shape, category, service, fields string } {
	return []struct{ name, in, shape, category, service, fields string }{
		{
			name:  "evtx_dump, named data",
			in:    `{"Event":{"#attributes":{"xmlns":"urn:x"},"EventData":{"CommandLine":"a \"b\" \\c","Empty":null,"ProcessId":7},"System":{"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"ws1","Correlation":null,"EventID":1,"Execution":{"#attributes":{"ProcessID":4,"ThreadID":5}},"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:20:30Z"}}}}}`,
			shape: "evtx_dump", category: "process_creation", service: "sysmon",
			fields: `{"CommandLine":"a \"b\" \\c","Empty":null,"ProcessId":7,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"ws1","EventID":1,"Execution_ProcessID":4,"Execution_ThreadID":5,"Provider_Name":"Microsoft-Windows-Sysmon","TimeCreated_SystemTime":"2026-03-01T10:20:30Z"}`,
		},
		{
			name:  "evtx_dump, unnamed data",
			in:    `{"Event":{"System":{"EventID":{"#attributes":{"Qualifiers":16384},"#text":7045},"Channel":"System","TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:20:30Z"}}},"EventData":{"Data":{"#text":["x","y"]},"Binary":""}}}`,
			shape: "evtx_dump", service: "system",
			fields: `{"EventID_Qualifiers":16384,"EventID":7045,"Channel":"System","TimeCreated_SystemTime":"2026-03-01T10:20:30Z","Data":["x","y"],"Binary":""}`,
		},
		{
			name:  "evtx_dump, attributes apart",
			in:    `{"Event":{"Event_attributes":{"xmlns":"urn:x"},"System":{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell\/Operational","Provider_attributes":{"Name":"P"},"TimeCreated_attributes":{"SystemTime":"2026-03-01T10:20:30Z"}},"EventData":{"ScriptBlockText":"x"}}}`,
			shape: "evtx_dump", category: "ps_script", service: "powershell",
			fields: `{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell\/Operational","Provider_Name":"P","TimeCreated_SystemTime":"2026-03-01T10:20:30Z","ScriptBlockText":"x"}`,
		},
		{
			name:  "evtx_dump, user data",
			in:    `{"Event":{"System":{"EventID":1102,"Channel":"Security","TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:20:30Z"}}},"UserData":{"LogFileCleared":{"#attributes":{"xmlns:auto-ns3":"urn:x","xmlns":"urn:y"},"SubjectUserName":"w.ward","Deep":{"Leaf":true}}}}}`,
			shape: "evtx_dump", service: "security",
			fields: `{"EventID":1102,"Channel":"Security","TimeCreated_SystemTime":"2026-03-01T10:20:30Z","SubjectUserName":"w.ward","Leaf":true}`,
		},
		{
			name:  "another converter from XML",
			in:    `{"Event":{"@xmlns":"urn:x","System":{"Provider":{"@Name":"P"},"EventID":"4688","Channel":"Security","TimeCreated":{"@SystemTime":"2026-03-01T10:20:30Z"}},"EventData":{"Data":[{"@Name":"NewProcessName","#text":"C:\\x.exe"},{"#text":"v","@Name":"CommandLine"},{"#attributes":{"Name":"TokenElevationType"},"#text":"%%1936"},{"#text":"bare"}]}}}`,
			shape: "evtx_dump", category: "process_creation", service: "security",
			fields: `{"Provider_Name":"P","EventID":"4688","Channel":"Security","TimeCreated_SystemTime":"2026-03-01T10:20:30Z","NewProcessName":"C:\\x.exe","CommandLine":"v","TokenElevationType":"%%1936","Data":"bare"}`,
		},
		{
			name:  "flat, times of several kinds",
			in:    `{"EventTime":"2026-03-01 12:20:30","@timestamp":"2026-03-01T10:20:31Z","UtcTime":"2026-03-01 10:20:30.000","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":12,"EventType":"DeleteKey"}`,
			shape: "windows", category: "registry_delete", service: "sysmon",
		},
		{
			name:  "flat, channel in small letters",
			in:    `{"EventID":"4624","Channel":"security","@timestamp":"2026-03-01T10:20:30.000Z"}`,
			shape: "windows", service: "security",
		},
		{
			name:  "winlogbeat",
			in:    `{"@timestamp":"2026-03-01T10:20:30.000Z","event":{"code":"22"},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"ws1","event_data":{"QueryName":"x.example"}}}`,
			shape: "winlogbeat", category: "dns_query", service: "sysmon",
		},
		{
			name:  "winlogbeat, dotted names",
			in:    `{"@timestamp":"2026-03-01T10:20:30.000Z","winlog.event_id":4688,"winlog.channel":"Security"}`,
			shape: "winlogbeat", category: "process_creation", service: "security",
		},
	}
}

func TestShapes(t *testing.T) {
	o := options(t)
	when := time.Date(2026, 3, 1, 10, 20, 30, 0, time.UTC)
	for _, tt := range seeds() {
		ev, name, err := shape(o, []byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if tt.fields == "" { // the object as it is
			tt.fields = tt.in
		}
		want := event.Logsource{Category: tt.category, Product: "windows", Service: tt.service}
		if name != tt.shape || ev.Class.Logsource != want || !ev.Time.Equal(when) {
			t.Errorf("%s: %s %+v %v", tt.name, name, ev.Class.Logsource, ev.Time)
		}
		if diff := cmp.Diff(string(ev.Fields), tt.fields); diff != "" {
			t.Errorf("%s (-got +want)\n%s", tt.name, diff)
		}
	}
	for _, other := range []string{`{}`, `{"Channel":5,"EventID":1}`, `{"EventID":1}`, `{"Event":{"System":{}}}`, `{"Event":1}`} {
		if _, name, _ := shape(o, []byte(other)); name != "" {
			t.Errorf("%s is %s", other, name)
		}
	}
}

// Every line is an event, in as many channels as the corpus counts.
func TestSecurityDatasets(t *testing.T) {
	o, dir := options(t), formattest.Corpora(t, "security-datasets")
	list, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	files, total, known := 0, 0, 0
	for lines := json.NewDecoder(list); ; files++ {
		var file struct {
			File     string
			Events   int
			Channels map[string]int
		}
		if err := lines.Decode(&file); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		events := 0
		readLines(t, filepath.Join(dir, file.File), func(line []byte) {
			ev, name, err := shape(o, line)
			if err != nil || name != "windows" || ev.Time.IsZero() || &ev.Fields[0] != &line[0] {
				t.Fatalf("%s: event %d: %q, time %v, %v", file.File, events+1, name, ev.Time, err)
			}
			events++
			if ev.Class.Service != "" {
				known++
			}
			i := ev.Index.Find(ev.Fields, "Channel")
			got[string(ev.Index.Text(ev.Fields, i, nil))]++
		})
		total += events
		if events != file.Events {
			t.Errorf("%s: %d events, want %d", file.File, events, file.Events)
		}
		for channel, want := range file.Channels { // the index lists the busiest six
			if got[channel] != want {
				t.Errorf("%s: %d events in %s, want %d", file.File, got[channel], channel, want)
			}
		}
	}
	t.Logf("%d files, %d events, %d in a known service", files, total, known)
}

// The records of Sigma's regression cases, as evtx_dump gives them: each leaf survives.
func TestSigmaCases(t *testing.T) {
	o := options(t)
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, "sigma"), "cases", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, file := range files {
		readLines(t, file, func(line []byte) {
			events++
			ev, name, err := shape(o, line)
			if err != nil || name != "evtx_dump" || ev.Time.IsZero() || ev.Class.Category == "" && ev.Class.Service != "security" {
				t.Fatalf("%s: %q, class %+v, %v", filepath.Base(file), name, ev.Class.Logsource, err)
			}
			var in struct {
				Event struct{ EventData, System map[string]any }
			}
			var out map[string]any
			if json.Unmarshal(line, &in) != nil || json.Unmarshal(ev.Fields, &out) != nil {
				t.Fatal("not JSON")
			}
			for name, want := range in.Event.EventData {
				if diff := cmp.Diff(out[name], want); diff != "" {
					t.Errorf("%s: %s differs", filepath.Base(file), name)
				}
			}
			if out["EventID"] != in.Event.System["EventID"] || out["Provider_Name"] == nil || out["Execution_ProcessID"] == nil {
				t.Errorf("%s: System is not whole", filepath.Base(file))
			}
		})
	}
	t.Logf("%d files, %d events", len(files), events)
}

func readLines(t *testing.T, path string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		if len(scanner.Bytes()) > 0 {
			each(scanner.Bytes())
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
}

// FuzzShapes: whatever fits becomes an event whose Fields are JSON with no more values than went in.
func FuzzShapes(f *testing.F) {
	for _, tt := range seeds() {
		f.Add([]byte(tt.in))
	}
	f.Add([]byte(`{"Event":{"System":{"EventID":1,"Channel":"0042","Long":[0,[1,{"#text":[2,{}]}]]},"EventData":{"#attributes":{"a":1,"b":2},"Data":[{"@Name":"0042","#text":[1,{}]}]}}}`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, line []byte) {
		collecttest.Shape(t, windows.Shapes(), o, formattest.Cost{Fixed: 128 << 10, PerByte: 400}, 0, line)
		if ev, name, err := shape(o, line); name != "" && (err != nil || len(ev.Fields) > 1100*len(line)) {
			t.Fatalf("an object that fits is no event, or one that grew beyond measure: %v", err)
		}
	})
}

func BenchmarkShapes(b *testing.B) {
	o := options(b)
	for _, tt := range seeds() {
		b.Run(tt.name, func(b *testing.B) {
			s := windows.Shapes()[map[string]int{"windows": 0, "winlogbeat": 1, "evtx_dump": 2}[tt.shape]]
			line := []byte(tt.in)
			var ev event.Event
			var builder event.Builder
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				ev.Fields = line
				if ev.Index.Scan(line, jsonl.DefaultLimits()) != nil {
					b.Fatal("not JSON")
				}
				obj := collect.Object{Text: line, Index: &ev.Index}
				if s.Fits(obj) < 80 || s.Event(obj, o, &ev, &builder) != nil {
					b.Fatal("no event")
				}
			}
		})
	}
}

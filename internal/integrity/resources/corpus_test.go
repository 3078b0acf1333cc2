package resources_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/store"
)

// synthea reads the resources of the bundles of Synthea, by type and id.
func synthea(t testing.TB) map[string]map[string]json.RawMessage {
	t.Helper()
	dir := os.Getenv("WARDLINE_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "corpora")
	}
	files, err := filepath.Glob(filepath.Join(dir, "synthea", "bundles", "*.json.gz"))
	if err != nil || len(files) == 0 {
		t.Skip("the bundles of Synthea are not here: WARDLINE_CORPORA names the folder")
	}
	all := map[string]map[string]json.RawMessage{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var b struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.NewDecoder(z).Decode(&b); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		for _, e := range b.Entry {
			var r struct{ ResourceType, ID string }
			if err := json.Unmarshal(e.Resource, &r); err != nil {
				t.Fatal(err)
			}
			if all[r.ResourceType] == nil {
				all[r.ResourceType] = map[string]json.RawMessage{}
			}
			all[r.ResourceType][r.ID] = e.Resource
		}
	}
	return all
}

// TestSynthea reads all of an invented population back, and finds the one value that was changed.
func TestSynthea(t *testing.T) {
	all := synthea(t)
	r := newReference(t)
	changed := ""
	for _, typ := range []string{"Patient", "Observation", "DiagnosticReport"} {
		for id, body := range all[typ] {
			r.put(t, typ, id, string(body))
			if typ == "Observation" && changed == "" && strings.Contains(string(body), `"valueQuantity"`) {
				changed = id
			}
		}
	}
	d, err := resources.Parse([]byte("system: R\nbase: " + r.address() + "\nrate: 9999\npage: 500\ntypes: [{type: Observation}, {type: Patient}, {type: DiagnosticReport}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := resources.Connect(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(t)
	first := sweep(t, k, src)
	for _, typ := range []string{"Patient", "Observation", "DiagnosticReport"} {
		if first.reports[typ].Known != int64(len(all[typ])) {
			t.Errorf("%d of %d %s are known", first.reports[typ].Known, len(all[typ]), typ)
		}
	}
	r.rewrite(t, "Observation", changed, 1, `"valueQuantity":{"`, `"valueQuantity":{"comparator":"<","`)
	c := sweep(t, k, src)
	if len(c.changes) != 1 || c.changes[0].ID != changed || c.changes[0].Act != resources.Unversioned || !slices.ContainsFunc(c.changes[0].Fields, func(f resources.Field) bool { return f.Name == "value" }) {
		t.Errorf("%v", c.lines(""))
	}
}

// BenchmarkSweep reads Observations of Synthea, multiplied, from a server that costs nothing: a first sweep, one that finds nothing changed, and one after a thousandth was
// changed. It says how many resources a second are swept, how much of the state's database a million costs, and how much memory the heap takes.
// WARDLINE_FHIR_RESOURCES is how many there are.
func BenchmarkSweep(b *testing.B) {
	n := 50_000
	if set, err := strconv.Atoi(os.Getenv("WARDLINE_FHIR_RESOURCES")); err == nil {
		n = set
	}
	p := newPages(b, n)
	d, err := resources.Parse([]byte("system: R\nbase: " + p.URL + "/fhir\nrate: 10000\npage: 500\ntypes: [{type: Observation}]\n"))
	if err != nil {
		b.Fatal(err)
	}
	src, err := resources.Connect(b.Context(), d)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "state.db")
	db, err := store.Open(b.Context(), "sqlite:"+file)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	k := keeperIn(b, db)
	run := func(name string, want resources.Act) {
		b.Run(name, func(b *testing.B) {
			stop := heap()
			took, requests := time.Duration(0), int64(0)
			for b.Loop() {
				switch name {
				case "first":
					for _, table := range []string{"integrity_resources", "integrity_resource_chunks"} {
						if _, err := db.ExecContext(b.Context(), `DELETE FROM `+table); err != nil {
							b.Fatal(err)
						}
					}
				case "changed":
					p.round.Add(1)
				}
				began := time.Now()
				c := &caught{}
				r, err := k.Sweep(b.Context(), src, "Observation", func(_ context.Context, list []resources.Change) error {
					c.changes = append(c.changes[:0], list...)
					return nil
				})
				if err != nil || r.Known != int64(n) || name == "changed" && r.Acts[want] != int64(n/1000) {
					b.Fatal(err, r)
				}
				took, requests = took+time.Since(began), r.Requests
			}
			b.ReportMetric(float64(n)*float64(max(b.N, 1))/took.Seconds(), "resources/s")
			b.ReportMetric(float64(requests), "requests")
			b.ReportMetric(float64(stop())/(1<<20), "MB_heap")
		})
	}
	run("first", resources.Same)
	if err := db.Compact(b.Context()); err != nil {
		b.Fatal(err)
	}
	if size, err := os.Stat(file); err == nil {
		b.Logf("%.0f MB of the database for a million resources", float64(size.Size())/float64(n))
	}
	run("same", resources.Same)
	run("changed", resources.Unversioned)
}

// heap watches how large the heap becomes until it is stopped.
func heap() (stop func() uint64) {
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		var top uint64
		for {
			metrics.Read(sample)
			top = max(top, sample[0].Value.Uint64())
			select {
			case <-done:
				most <- top
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); return <-most }
}

// pages is a server whose answers are made before they are asked for.
type pages struct {
	*httptest.Server
	list  [][]byte
	n     int
	round atomic.Int64
}

func newPages(b *testing.B, n int) *pages {
	p := &pages{n: n}
	var bodies []string
	for _, body := range synthea(b)["Observation"] {
		bodies = append(bodies, string(body))
	}
	slices.Sort(bodies)
	var page bytes.Buffer
	for i := range n {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(bodies[i%len(bodies)]), &m); err != nil {
			b.Fatal(err)
		}
		m["id"] = json.RawMessage(fmt.Sprintf(`"r%d"`, i))
		m["meta"] = json.RawMessage(`{"versionId":"1","lastUpdated":"2026-03-01T09:15:00Z"}`)
		if i%1000 == 0 {
			m["note"] = json.RawMessage(`[{"text":"ROUND"}]`)
		}
		text, err := json.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		if i%500 > 0 {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"resource":%s}`, text)
		if i%500 == 499 || i == n-1 {
			p.list = append(p.list, bytes.Clone(page.Bytes()))
			page.Reset()
		}
	}
	p.Server = httptest.NewServer(p)
	b.Cleanup(p.Close)
	return p
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	at, _ := strconv.Atoi(q.Get("at"))
	switch {
	case strings.HasSuffix(r.URL.Path, "/metadata"):
		fmt.Fprint(w, `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server","resource":[{"type":"Observation","interaction":[{"code":"read"},{"code":"history-type"}]}]}]}`)
	case q.Get("_summary") != "":
		fmt.Fprintf(w, `{"resourceType":"Bundle","total":%d}`, p.n)
	default:
		link := ""
		if at+1 < len(p.list) {
			link = fmt.Sprintf(`"link":[{"relation":"next","url":"%s/fhir/Observation/_history?at=%d"}],`, p.URL, at+1)
		}
		round := fmt.Appendf(nil, "%d", p.round.Load())
		fmt.Fprintf(w, `{"resourceType":"Bundle",%s"entry":[%s]}`, link, bytes.ReplaceAll(p.list[at], []byte("ROUND"), round))
	}
}

package zeek_test

import (
	"bufio"
	"compress/gzip"
	"errors"
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
	"github.com/wardline/wardline/internal/collect/zeek"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: taxonomy}
}

const log = "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tquery\n#types\ttime\tstring\tstring\n" +
	"1521911720.613421\tC1\tpacs.example\nbroken\n#path\tssh\n1521911720.6\tC2\t-\n"

func TestRowsBecomeEvents(t *testing.T) {
	d := zeek.Format().Open(strings.NewReader(log), options(t))
	var ev event.Event
	var got []string
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		if err == io.EOF {
			break
		}
		if errors.As(err, &damage) {
			got = append(got, damage.Error())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.Class.Product+" "+ev.Class.Service+" "+ev.Time.Format(time.RFC3339Nano)+" "+string(ev.Fields))
	}
	want := []string{
		`zeek dns 2018-03-24T17:15:20.613421Z {"_path":"dns","ts":"2018-03-24T17:15:20.613421Z","uid":"C1","query":"pacs.example"}`,
		"at byte 107: 1 cells where #fields names 3",
		`zeek ssh 2018-03-24T17:15:20.6Z {"_path":"ssh","ts":"2018-03-24T17:15:20.600000Z","uid":"C2"}`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestShape(t *testing.T) {
	for _, c := range []struct{ in, class, when string }{
		{`{"_path":"dns","ts":"2018-03-24T17:15:20.6Z"}`, "dns", "2018-03-24T17:15:20.6Z"},
		{`{"ts":1521911720.5,"uid":"C1","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","conn_state":"SF"}`, "conn", "2018-03-24T17:15:20.5Z"},
		{`{"ts":1521911720.5,"uid":"C1","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","qtype_name":"A"}`, "dns", "2018-03-24T17:15:20.5Z"},
		{`{"ts":"x","fuid":"F1","seen_bytes":5}`, "files", "0001-01-01T00:00:00Z"},
		{`{"ts":1,"message":"x"}`, "", ""},
		{`{"_path":"dns"}`, "", ""},
		{`{}`, "", ""},
	} {
		var x jsonl.Index
		if err := x.Scan([]byte(c.in), jsonl.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		obj := collect.Object{Text: []byte(c.in), Index: &x}
		if fits := zeek.Shape().Fits(obj) > 0; fits != (c.class != "") {
			t.Errorf("%s: fits %v", c.in, fits)
		}
		if c.class == "" {
			continue
		}
		var ev event.Event
		if err := zeek.Shape().Event(obj, options(t), &ev, new(event.Builder)); err != nil {
			t.Fatal(err)
		}
		if got := ev.Time.Format(time.RFC3339Nano); ev.Class.Service != c.class || got != c.when {
			t.Errorf("%s: got %s at %s", c.in, ev.Class.Service, got)
		}
	}
}

func TestSniff(t *testing.T) {
	for in, want := range map[string]int{log: 100, "#fields\ta\tb\n1\t2\n": 80, "": 0, "# a note\na,b\n": 0, "{}": 0, "#separat": 0} {
		if got := zeek.Format().Sniff([]byte(in)); got != want {
			t.Errorf("%q: got %d, want %d", in, got, want)
		}
	}
}

// TestPublicLogs: the same traffic in both forms is of one class and time, row by row; and a
// row whose JSON does not say its log is of the right class or of none.
func TestPublicLogs(t *testing.T) {
	dir := formattest.Corpora(t, "zeek")
	logs, _ := filepath.Glob(filepath.Join(dir, "tsv", "*.log.gz"))
	o, shape := options(t), zeek.Shape()
	rows, values, guessed, unknown := 0, 0, 0, 0
	for _, path := range logs {
		name := strings.TrimSuffix(filepath.Base(path), ".log.gz")
		d := zeek.Format().Open(unpack(t, path), o)
		lines := bufio.NewScanner(unpack(t, filepath.Join(dir, "json", name+".json.gz")))
		var a, b, c event.Event
		var x jsonl.Index
		for lines.Scan() {
			rows++
			if err := d.Next(&a); err != nil {
				t.Fatalf("%s row %d: %v", name, rows, err)
			}
			obj := scan(t, lines.Bytes(), &x)
			if shape.Fits(obj) == 0 {
				t.Fatalf("%s: shape does not fit", name)
			}
			if err := shape.Event(obj, o, &b, nil); err != nil {
				t.Fatal(err)
			}
			if a.Class != b.Class || !a.Time.Equal(b.Time) {
				t.Fatalf("%s row %d: %v at %v, and %v at %v", name, rows, a.Class, a.Time, b.Class, b.Time)
			}
			values += sameText(t, name, &a, obj)
			nameless := strings.Replace(lines.Text(), `"_path":"`+name+`",`, "", 1)
			obj = scan(t, []byte(nameless), &x)
			if err := shape.Event(obj, o, &c, nil); err != nil {
				t.Fatal(err)
			}
			switch c.Class {
			case a.Class:
				guessed++
			case o.Taxonomy.Class("zeek", "", ""):
				unknown++
			default:
				t.Fatalf("%s row %d: guessed %v", name, rows, c.Class.Logsource)
			}
		}
	}
	if rows == 0 || values == 0 {
		t.Fatal("the corpus is empty")
	}
	t.Logf("%d logs, %d rows, %d texts and truths equal; without their log's name %d told, %d not", len(logs), rows, values, guessed, unknown)
}

// sameText holds the texts and truths of a row in JSON against those of the event from tab-separated
// text, as rules look them up. Numbers, which TSV rounds, are the business of the format's own test.
func sameText(t *testing.T, log string, ev *event.Event, obj collect.Object) (equal int) {
	t.Helper()
	for i := range obj.Index.Values {
		name := obj.Index.Path(obj.Text, i)
		switch kind := obj.Index.Values[i].Kind; {
		case obj.Index.Values[i].Parent >= 0 || name == "_write_ts": // which TSV does not say
		case kind == jsonl.String || kind == jsonl.True || kind == jsonl.False:
			j := ev.Index.Find(ev.Fields, name)
			if j < 0 || string(ev.Index.Text(ev.Fields, j, nil)) != string(obj.Index.Text(obj.Text, i, nil)) {
				t.Errorf("%s: %s differs", log, name)
			}
			equal++
		}
	}
	return equal
}

func FuzzTSV(f *testing.F) {
	f.Add([]byte(log))
	f.Add([]byte("#separator \\x2c\n#set_separator,;\n#fields,ts,0042,c\n#types,time,set[count],double\n1.5,1;-;x,1e9\n0042\n#close,-\n"))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, zeek.Format(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"_path":"dns","ts":"2018-03-24T17:15:20.6Z"}`))
	f.Add([]byte(`{"ts":1521911720.5,"uid":"C0042","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","qtype_name":"A"}`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, text []byte) {
		collecttest.Shape(t, []collect.Shape{zeek.Shape()}, o, formattest.Cost{Fixed: 64 << 10, PerByte: 200}, 0, text)
	})
}

func scan(t *testing.T, text []byte, x *jsonl.Index) collect.Object {
	t.Helper()
	if err := x.Scan(text, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	return collect.Object{Text: text, Index: x}
}

func unpack(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func BenchmarkTSV(b *testing.B) {
	const rows = 1000
	in := "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\thistory\ttunnel_parents\n" +
		"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tstring\tset[string]\n" +
		strings.Repeat("1521911720.613421\tCIOuwB3kJLIhO8re94\t10.0.0.7\t44749\t10.0.0.8\t104\ttcp\tdicom\t0.520000\t1420\t880\tSF\tShADadFf\t(empty)\n", rows)
	o := options(b)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		d := zeek.Format().Open(strings.NewReader(in), o)
		var ev event.Event
		for d.Next(&ev) == nil {
		}
		if ev.Record != rows {
			b.Fatal(ev.Record)
		}
	}
}

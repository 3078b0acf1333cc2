package bench_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
)

// corpora returns a folder of the public test data, or skips the benchmark.
func corpora(tb testing.TB, topic string) string {
	tb.Helper()
	dir := os.Getenv("WARDLINE_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpora")
	}
	dir = filepath.Join(dir, topic)
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("no public test data: set WARDLINE_CORPORA to the folder that holds %s", topic)
	}
	return dir
}

func taxonomy(tb testing.TB) *event.Taxonomy {
	tb.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		tb.Fatal(err)
	}
	return tax
}

// sigmaRules reads the rules of SigmaHQ for Windows and Linux.
func sigmaRules(tb testing.TB) []*sigma.Rule {
	tb.Helper()
	set, err := ruleset.Load([]string{filepath.Join(corpora(tb, "sigma"), "rules")}, sigma.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	var rules []*sigma.Rule
	for _, r := range set.Rules {
		if p := r.Logsource.Product; p == "windows" || p == "linux" {
			rules = append(rules, r)
		}
	}
	return rules
}

// corpus is a log of JSON objects, one on a line.
type corpus struct {
	name  string
	data  []byte
	lines [][]byte // data, cut
}

// corpusEvents is how many events a corpus holds.
const corpusEvents = 50_000

func newCorpus(name string, lines [][]byte) corpus {
	c := corpus{name: name, lines: make([][]byte, len(lines))}
	c.data = append(bytes.Join(lines, []byte("\n")), '\n')
	rest := c.data
	for i := range c.lines {
		c.lines[i], rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	return c
}

// realEvents is what was recorded on Windows hosts during staged attacks, over and over.
func realEvents(tb testing.TB) corpus {
	recorded := recordedEvents(tb)
	lines := make([][]byte, corpusEvents)
	for i := range lines {
		lines[i] = recorded[i%len(recorded)]
	}
	return newCorpus("real", lines)
}

// procEvents has a new process in every second event. Traces have few of these, about one in two
// hundred, and most rules are about them.
func procEvents(tb testing.TB) corpus {
	var starts, others [][]byte
	var x jsonl.Index
	for _, line := range recordedEvents(tb) {
		if err := x.Scan(line, jsonl.DefaultLimits()); err != nil {
			tb.Fatal(err)
		}
		if startsProcess(line, &x) {
			starts = append(starts, line)
		} else {
			others = append(others, line)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([][]byte, corpusEvents)
	for i := range lines {
		if r.IntN(2) == 0 {
			lines[i] = others[i%len(others)]
			continue
		}
		line := starts[r.IntN(len(starts))]
		if err := x.Scan(line, jsonl.DefaultLimits()); err != nil {
			tb.Fatal(err)
		}
		lines[i] = varied(line, &x, r)
	}
	return newCorpus("proc", lines)
}

// recordedEvents reads all events of the corpus without the text in which Windows says them again
// for people.
func recordedEvents(tb testing.TB) [][]byte {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(corpora(tb, "security-datasets"), "events", "*.jsonl.gz"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no events: %v", err)
	}
	var events [][]byte
	var x jsonl.Index
	for _, path := range paths {
		for line := range bytes.Lines(gunzip(tb, path)) {
			line = bytes.TrimSpace(line)
			if err := x.Scan(line, jsonl.DefaultLimits()); err != nil {
				tb.Fatalf("%s: %v", path, err)
			}
			events = append(events, compact(tb, without(line, &x, "Message")))
		}
	}
	return events
}

func gunzip(tb testing.TB, path string) []byte {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// without cuts the string called name out of a flat object.
func without(line []byte, x *jsonl.Index, name string) []byte {
	i := x.Find(line, name)
	if i < 0 {
		return line
	}
	from, to := int(x.Values[i].NameStart)-1, int(x.Values[i].End)+1
	if comma := bytes.LastIndexByte(line[:from], ','); comma > 0 && i > 0 {
		from = comma
	} else if comma := bytes.IndexByte(line[to:], ','); comma >= 0 {
		to += comma + 1
	}
	return append(line[:from:from], line[to:]...)
}

// compact takes the white space out, as senders do.
func compact(tb testing.TB, line []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, line); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func startsProcess(line []byte, x *jsonl.Index) bool {
	text := func(name string) string {
		if i := x.Find(line, name); i >= 0 {
			return string(x.Text(line, i, nil))
		}
		return ""
	}
	switch text("EventID") {
	case "1":
		return text("Channel") == "Microsoft-Windows-Sysmon/Operational"
	case "4688":
		return text("Channel") == "Security" || text("Channel") == "security"
	}
	return false
}

// varied is a flat object with other numbers in its ids and times, and a longer command line.
func varied(line []byte, x *jsonl.Index, r *rand.Rand) []byte {
	var out []byte
	from := uint32(0)
	for i := range x.Values {
		v := &x.Values[i]
		value := line[v.Start:v.End]
		var other []byte
		switch string(line[v.NameStart:v.NameEnd]) {
		case "RecordNumber", "ProcessId", "ProcessID", "NewProcessId", "ProcessGuid":
			other = otherDigits(value, r)
		case "EventTime", "TimeCreated", "UtcTime":
			other = otherTime(value, r)
		case "CommandLine":
			if v.Kind != jsonl.String {
				continue
			}
			other = fmt.Appendf(nil, `%s C:\\data\\%08x.dat`, value, r.Uint32())
		default:
			continue
		}
		out = append(append(out, line[from:v.Start]...), other...)
		from = v.End
	}
	return append(out, line[from:]...)
}

// otherDigits keeps zeros, so that a number stays one.
func otherDigits(id []byte, r *rand.Rand) []byte {
	other := bytes.Clone(id)
	for i, c := range other {
		if '1' <= c && c <= '9' {
			other[i] = byte('1' + r.IntN(9))
		}
	}
	return other
}

// otherTime changes what stands behind colons: minutes and seconds.
func otherTime(when []byte, r *rand.Rand) []byte {
	other := bytes.Clone(when)
	for i, c := range when {
		if c == ':' && i+2 < len(when) {
			other[i+1], other[i+2] = byte('0'+r.IntN(6)), byte('0'+r.IntN(10))
		}
	}
	return other
}

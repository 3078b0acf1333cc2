package scan_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/scan"
)

// alert is one line of a sensor's log.
func alert(n int) string {
	return fmt.Sprintf(`{"timestamp":"2026-03-01T02:%02d:00Z","event_type":"alert","src_ip":"203.0.113.7","n":%d}`+"\n", n%60, n)
}

// collector is a Sink that notes where events stood.
type collector struct{ seen *[]string }

func (c collector) Emit(ev *event.Event) error {
	*c.seen = append(*c.seen, fmt.Sprintf("%s#%d", filepath.Base(ev.Source), ev.Record))
	return nil
}

func config(t *testing.T, paths ...string) scan.Config {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return scan.Config{
		Paths: paths, Formats: []collect.Format{json.Format([]collect.Shape{eve.Shape()})}, Taxonomy: tax,
		Limits: scan.DefaultLimits(), Records: collect.DefaultLimits(), Workers: 1,
	}
}

// run scans and returns where events stood, and the reasons for what was not read.
func run(t *testing.T, c scan.Config) (seen, reasons []string, stats *scan.Stats) {
	t.Helper()
	stats = &scan.Stats{}
	if err := scan.Run(context.Background(), c, stats, func() scan.Sink { return collector{&seen} }); err != nil {
		t.Fatal(err)
	}
	for _, d := range stats.Damage() {
		reasons = append(reasons, filepath.Base(d.Source)+": "+d.Reason)
	}
	return seen, reasons, stats
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, data []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll(data, nil)
}

// zipped packs pairs of names and contents.
func zipped(t *testing.T, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadsWhateverItIsPackedIn(t *testing.T) {
	dir := t.TempDir()
	text := []byte(alert(1) + alert(2))
	write(t, dir, "a.json", text)
	write(t, dir, "b.evtx", gzipped(t, text)) // names say nothing
	write(t, dir, "c", zstandard(t, text))
	write(t, dir, "d.zip", zipped(t, "in/e.json", alert(1), "../f.gz", string(gzipped(t, text)), "g.zip", string(zipped(t, "h", alert(3)))))
	seen, reasons, stats := run(t, config(t, dir))
	want := []string{
		"a.json#1", "a.json#2", "b.evtx#1", "b.evtx#2", "c#1", "c#2",
		"e.json#1", "d.zip!f.gz#1", "d.zip!f.gz#2", "d.zip!g.zip!h#1",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	if len(reasons) > 0 {
		t.Error(reasons)
	}
	if stats.Bytes.Load() != stats.TotalBytes.Load() || stats.Events.Load() != 10 || stats.Sources.Load() != 6 {
		t.Errorf("read %d of %d bytes, %d events, %d sources", stats.Bytes.Load(), stats.TotalBytes.Load(), stats.Events.Load(), stats.Sources.Load())
	}
	first, last := stats.Span()
	if first.Minute() != 1 || last.Minute() != 3 {
		t.Errorf("events from %v to %v", first, last)
	}
}

// TestDamageLosesNothingElse: what cannot be read is named, and the files beside it are read.
func TestDamageLosesNothingElse(t *testing.T) {
	dir := t.TempDir()
	whole := gzipped(t, []byte(strings.Repeat(alert(1), 2000)))
	write(t, dir, "cut.json.gz", whole[:len(whole)/2])
	write(t, dir, "liar.zip", []byte("PK\x03\x04 but nothing more"))
	write(t, dir, "letter.txt", []byte("Dear colleague,\nnothing here is a log.\n"))
	write(t, dir, "middle.json", []byte(alert(1)+"{\"event_type\":\"alert\",\n"+alert(2)))
	write(t, dir, "empty.json", nil)
	seen, reasons, stats := run(t, config(t, dir))
	if n := len(seen); !slices.Contains(seen, "middle.json#3") || seen[n-2] != "middle.json#1" || n < 100 {
		t.Errorf("%d events seen, the last ones %v", n, seen[max(0, n-3):])
	}
	want := []string{
		"cut.json.gz: unexpected EOF",
		"letter.txt: not a format that is known",
		"liar.zip: read the archive's directory: zip: not a valid zip file",
	}
	for _, w := range want {
		if !slices.Contains(reasons, w) {
			t.Errorf("%q is not among %q", w, reasons)
		}
	}
	if stats.PassedOver.Load() != 1 {
		t.Errorf("%d sources passed over", stats.PassedOver.Load())
	}
}

func TestBombsAreStopped(t *testing.T) {
	line := alert(1)
	big := strings.Repeat(line, 40_000)
	nested := gzipped(t, gzipped(t, gzipped(t, []byte(line))))
	for name, c := range map[string]struct {
		data []byte
		lim  func(*scan.Limits)
		want string
	}{
		"stream.gz":  {gzipped(t, []byte(big)), func(l *scan.Limits) { l.Free, l.Ratio = 1<<20, 10 }, "expands beyond the limit"},
		"stream.zst": {zstandard(t, []byte(big)), func(l *scan.Limits) { l.Free, l.Ratio = 1<<20, 10 }, "expands beyond the limit"},
		"members.zip": {zipped(t, "a", big[:900_000], "b", big[:900_000], "c", big[:900_000]),
			func(l *scan.Limits) { l.Free, l.Ratio = 1<<20, 10 }, "expands beyond the limit"},
		"deep.gz":  {nested, func(l *scan.Limits) { l.Depth = 2 }, "archives are nested deeper than 2"},
		"many.zip": {zipped(t, "a", line, "b", line, "c", line), func(l *scan.Limits) { l.Members = 2 }, "archive has more than 2 members"},
	} {
		conf := config(t, write(t, t.TempDir(), name, c.data))
		c.lim(&conf.Limits)
		_, reasons, _ := run(t, conf)
		if len(reasons) == 0 || !strings.Contains(strings.Join(reasons, "\n"), c.want) {
			t.Errorf("%s: %q, want %q", name, reasons, c.want)
		}
	}
}

// TestLinksAreNotFollowed: a link inside a folder could lead in a circle or out of the evidence.
func TestLinksAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.json", []byte(alert(1)))
	if err := os.Symlink(dir, filepath.Join(dir, "circle")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink(filepath.Join(dir, "a.json"), filepath.Join(dir, "again.json")); err != nil {
		t.Fatal(err)
	}
	if seen, _, _ := run(t, config(t, dir)); !slices.Equal(seen, []string{"a.json#1"}) {
		t.Error(seen)
	}
	if seen, _, _ := run(t, config(t, filepath.Join(dir, "again.json"))); len(seen) != 1 {
		t.Error("a link given by name is meant:", seen)
	}
}

func TestMissingPathIsNamed(t *testing.T) {
	_, reasons, _ := run(t, config(t, filepath.Join(t.TempDir(), "gone")))
	if want := "gone: lstat: no such file or directory"; !slices.Equal(reasons, []string{want}) {
		t.Errorf("%q, want %q", reasons, want)
	}
}

// failing is a Sink that has no room any more.
type failing struct{ after *int }

var errFull = errors.New("disk is full")

func (f failing) Emit(*event.Event) error {
	if *f.after--; *f.after < 0 {
		return errFull
	}
	return nil
}

func TestErrorOfASinkEndsTheScan(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, dir, fmt.Sprintf("%02d.json", i), []byte(strings.Repeat(alert(i), 10)))
	}
	after := 5
	err := scan.Run(context.Background(), config(t, dir), &scan.Stats{}, func() scan.Sink { return failing{&after} })
	if !errors.Is(err, errFull) {
		t.Errorf("scan ended with %v", err)
	}
}

func TestCancelledScanEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := write(t, t.TempDir(), "a.json", []byte(strings.Repeat(alert(1), 1000)))
	var seen []string
	if err := scan.Run(ctx, config(t, path), &scan.Stats{}, func() scan.Sink { return collector{&seen} }); !errors.Is(err, context.Canceled) {
		t.Errorf("scan ended with %v", err)
	}
}

func TestEventWriterWritesOneLineForEachEvent(t *testing.T) {
	path := write(t, t.TempDir(), "pretty.json", []byte("{\n \"event_type\": \"alert\",\r\n \"timestamp\": \"2026-03-01T02:11:04+0100\",\n \"a\\u0041\": \"x\\ny\"\n}\n{\"b\":1}\n"))
	var out bytes.Buffer
	w := scan.NewEventWriter(&out)
	if err := scan.Run(context.Background(), config(t, path), &scan.Stats{}, func() scan.Sink { return w }); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	if !strings.Contains(lines[0], `"record":1,"time":"2026-03-01T01:11:04Z","logsource":{"product":"suricata"`) || !strings.HasSuffix(lines[0], `"x\ny" }}`) {
		t.Error(lines[0])
	}
	if !strings.HasSuffix(lines[1], `"record":2,"time":null,"logsource":{},"fields":{"b":1}}`) {
		t.Error(lines[1])
	}
}

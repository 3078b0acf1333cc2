package watch_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/watch"
)

func detection(text string) string {
	return "title: r\nid: 6f2b8f5e-0000-4000-8000-000000000001\nlogsource: {product: windows}\ndetection: " + text + "\n"
}

func TestNeeds(t *testing.T) {
	for _, c := range []struct {
		rule string
		want []string // nil: not known
	}{
		{`{s: {A|contains: 'Delete Shadows'}, condition: s}`, []string{"A: delete shadows"}},
		{`{s: {A: ['C:\x\evil.exe', 'other.exe']}, condition: s}`, []string{"A: evil\\.exe", "A: other\\.exe"}},
		{`{s: {A: short, B: muchlonger}, condition: s}`, []string{"B: muchlonger"}},
		{`{s: {A|contains|all: [four, fivefive]}, condition: s}`, []string{"A: fivefive"}},
		{`{a: {A: first}, b: {A: second}, condition: a or b}`, []string{"A: first", "A: second"}},
		{`{a: {A: first}, b: {A: another}, condition: a and not b}`, []string{"A: first"}},
		{`{sel_a: {A: first}, sel_b: {A: another}, condition: all of sel_*}`, []string{"A: another"}},
		{`{sel_a: {A: first}, sel_b: {A: another}, condition: 1 of sel_*}`, []string{"A: another", "A: first"}},
		{`{s: {A: 'x*the options*y'}, condition: s}`, []string{"A: the option[s]"}},
		{`{s: {A: 'straße!longer'}, condition: s}`, []string{"A: longer"}},
		{`{s: {EventID: 4625, B: word}, condition: s}`, []string{"B: word"}},
		// Of these it is not known.
		{`{s: {A: [long enough, abc]}, condition: s}`, nil},
		{`{s: {EventID: 4625}, condition: s}`, nil},
		{`{s: {A|re: 'longword'}, condition: s}`, nil},
		{`{s: {A|neq: longword}, condition: s}`, nil},
		{`{s: {A: longword}, condition: not s}`, nil},
		{`{s: [someword, otherword], condition: s}`, nil},
		{`{a: {A: first}, b: {A|exists: true}, condition: a or b}`, nil},
	} {
		got, ok := compile(t, detection(c.rule), "").Needs(taxonomy(t))
		if ok != (c.want != nil) || ok && !cmp.Equal(c.want, got) {
			t.Errorf("%s: %q, want %q", c.rule, got, c.want)
		}
	}
	// Of an address, what stands between dots wherever it stands.
	if got, ok := compile(t, "", "203.0.113.7\n198.51.100.1:443\n").Needs(taxonomy(t)); !ok || !cmp.Equal([]string{`: 0\.113`, `: 51\.100`}, got) {
		t.Errorf("%q, %v", got, ok)
	}
	for _, list := range []string{"2001:db8::1\n", "203.0.113.0/24\n", "evil.example\n", "d41d8cd98f00b204e9800998ecf8427e\n"} {
		if got, ok := compile(t, "", list).Needs(taxonomy(t)); ok {
			t.Errorf("%q for %s", got, list)
		}
	}
}

// TestNeedsAreNecessary asks all public rules about public events: whatever matches holds what the rule needs.
func TestNeedsAreNecessary(t *testing.T) {
	events := formattest.Corpora(t, "security-datasets", "events")
	loaded, err := ruleset.Load([]string{formattest.Corpora(t, "sigma", "rules")}, sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tax := taxonomy(t)
	needs := make([]*regexp.Regexp, 0, len(loaded.Rules))
	known := 0
	engine, _ := detect.Compile(loaded.Rules, tax, detect.Options{})
	for _, r := range engine.Rules() {
		set, _ := watch.Compile([]*sigma.Rule{r}, nil, nil, tax)
		of, ok := set.Needs(tax)
		if !ok {
			needs = append(needs, nil)
			continue
		}
		known++
		for i := range of {
			_, of[i], _ = strings.Cut(of[i], ": ")
		}
		needs = append(needs, regexp.MustCompile("(?i)"+strings.Join(of, "|")))
	}
	matcher, matches := engine.Matcher(), 0
	files, err := filepath.Glob(filepath.Join(events, "*.jsonl.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		each(t, file, tax, func(ev *event.Event) {
			for _, n := range matcher.Match(ev) {
				if needs[n] == nil {
					continue
				}
				matches++
				if !needs[n].Match(ev.Fields) {
					t.Errorf("%s matches without what it needs: %s", engine.Rules()[n].Title, needs[n])
				}
			}
		})
	}
	t.Logf("the needs of %d of %d rules are known; %d matches", known, len(needs), matches)
	if matches < 50 || known < len(needs)/2 {
		t.Errorf("too few to tell: %d matches, %d of %d rules", matches, known, len(needs))
	}
}

// each reads the events of a packed log.
func each(t testing.TB, file string, tax *event.Taxonomy, f func(*event.Event)) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	unzip, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	d := json.Format(windows.Shapes()).Open(unzip, collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax})
	var ev event.Event
	for {
		err := d.Next(&ev)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			f(&ev)
		}
	}
}

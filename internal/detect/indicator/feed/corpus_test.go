package feed_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
)

// What the validator of OASIS refuses is refused; what it accepts is never called no pattern.
func TestPatternsAgreeWithTheValidator(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(formattest.Corpora(t, "stix"), "pattern-grammar", "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var c struct {
			Pattern string
			Valid   bool
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		pattern, err := json.Marshal(c.Pattern)
		if err != nil {
			t.Fatal(err)
		}
		set, problems := read(t, `{"type":"indicator","pattern_type":"stix","pattern":`+string(pattern)+`}`)
		taken += set.Len()
		if !c.Valid && set.Len() > 0 || set.Len() == 0 && len(problems) != 1 {
			t.Errorf("%s: %d entries, told %s", c.Pattern, set.Len(), told(problems))
		}
		if c.Valid && strings.Contains(told(problems), "not a STIX pattern") {
			t.Errorf("%s: told %s", c.Pattern, told(problems))
		}
	}
	t.Logf("%d values taken", taken)
}

// TestMISPAndSTIXAgree reads the same attributes as MISP exports them and as its converter writes them in STIX. An
// address beside a domain is an indicator of its own in MISP, and a condition in STIX.
func TestMISPAndSTIXAgree(t *testing.T) {
	dir := filepath.Join(formattest.Corpora(t, "stix"), "misp-stix")
	for stix, misp := range map[string][]string{
		"test_attributes_collection_stix21.json": {"test_attributes_collection_1.json", "test_attributes_collection_2.json"},
		"test_attributes_collection_stix20.json": {"test_attributes_collection_1.json", "test_attributes_collection_2.json"},
		"test_events_collection_stix21.json":     {"test_events_collection_1.json", "test_events_collection_2.json"},
		"test_events_collection_stix20.json":     {"test_events_collection_1.json", "test_events_collection_2.json"},
	} {
		var lists []string
		for _, name := range append([]string{stix}, misp...) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Skip("not in the corpora: ", name)
			}
			lists = append(lists, string(text))
		}
		all := strings.Join(lists, " ")
		a, refused := read(t, lists[0])
		b, others := read(t, lists[1:]...)
		got, want := values(found(t, a, all)), values(found(t, b, all))
		if got == "" || !strings.Contains(want, got) || len(refused) > len(others) {
			t.Errorf("%s: got %s, want some of %s\n%s%s", stix, got, want, told(refused), told(others))
		}
	}
}

// TestBundlesOfOthers reads every STIX document there is: each becomes entries or is told of.
func TestBundlesOfOthers(t *testing.T) {
	files, entries := 0, 0
	err := filepath.WalkDir(formattest.Corpora(t, "stix"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		set, problems, err := feed.Load([]string{path}, feed.DefaultLimits())
		if err != nil || set.Len() == 0 && len(problems) == 0 {
			t.Errorf("%s: %d entries, %v", filepath.Base(path), set.Len(), err)
		}
		files++
		entries += set.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d entries", files, entries)
}

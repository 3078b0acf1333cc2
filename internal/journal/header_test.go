package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/journal/seal"
)

var someHeader = journal.Header{
	Kind: journal.Events, Count: 3, First: time.Date(2026, 11, 25, 8, 0, 0, 5000, time.UTC), Last: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC),
	Received: time.Date(2026, 11, 25, 9, 0, 1, 0, time.UTC), Sources: []string{"lab", "ward <3>"}, Hash: sha256.Sum256([]byte("body")),
	Segment: "event/20261125T090000Z-0123abcd", Offset: 8192, Size: 44,
}

func TestHeaderAsItLiesInTheTree(t *testing.T) {
	want := `{"kind":"event","count":3,"first":"2026-11-25T08:00:00.000005Z","last":"2026-11-25T09:00:00Z","received":"2026-11-25T09:00:01Z",` +
		`"sources":["lab","ward \u003c3\u003e"],"segment":"event/20261125T090000Z-0123abcd","offset":8192,"size":44,` +
		`"sha256":"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"}`
	if diff := cmp.Diff(string(someHeader.Leaf()), want); diff != "" {
		t.Error(diff)
	}
	again, err := journal.ParseHeader([]byte(want))
	if diff := cmp.Diff(again, someHeader); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestHeaderWithTheRootOfItsLines: it stands in front of the hash, and headers of before have none.
func TestHeaderWithTheRootOfItsLines(t *testing.T) {
	h := someHeader
	h.Lines = sha256.Sum256([]byte("lines"))
	want := strings.Replace(string(someHeader.Leaf()), `,"sha256"`, `,"lines":"`+hex(h.Lines[:])+`","sha256"`, 1)
	if diff := cmp.Diff(string(h.Leaf()), want); diff != "" {
		t.Error(diff)
	}
	again, err := journal.ParseHeader([]byte(want))
	if diff := cmp.Diff(again, h); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	good := string(someHeader.Leaf())
	lines := func(root string) string { return strings.Replace(good, `,"sha256"`, `,"lines":"`+root+`","sha256"`, 1) }
	for name, text := range map[string]string{
		"nothing":             "",
		"white space":         good + " ",
		"another case":        strings.Replace(good, "kind", "KIND", 1),
		"twice":               strings.Replace(good, `"count":3`, `"count":3,"count":3`, 1),
		"unknown name":        strings.Replace(good, `"count":3`, `"count":3,"more":3`, 1),
		"unknown kind":        strings.Replace(good, `"event"`, `"other"`, 1),
		"kind of another":     strings.Replace(good, `"event"`, `"act"`, 1),
		"path":                strings.Replace(good, "event/2026", "event/../2026", 1),
		"no lines":            strings.Replace(good, `"count":3`, `"count":0`, 1),
		"negative offset":     strings.Replace(good, `8192`, `-1`, 1),
		"huge size":           strings.Replace(good, `"size":44`, `"size":4400000000`, 1),
		"short hash":          strings.Replace(good, "230d", "", 1),
		"long hash":           strings.Replace(good, "230d", "230d00", 1),
		"hash in capitals":    strings.Replace(good, "230d", "230D", 1),
		"root of nothing":     lines(strings.Repeat("0", 64)),
		"short root":          lines(strings.Repeat("a", 62)),
		"long root":           lines(strings.Repeat("a", 66)),
		"root in capitals":    lines(strings.Repeat("A", 64)),
		"empty root":          lines(""),
		"deletes as an event": strings.Replace(good, `"size":44`, `"size":44,"deletes":["event/20261125T090000Z-0123abcd"]`, 1),
	} {
		if h, err := journal.ParseHeader([]byte(text)); !errors.Is(err, journal.ErrHeader) || !cmp.Equal(h, journal.Header{}) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

// FuzzParseHeader reads a leaf, which must come back byte by byte: what is proven has one form. A second reader that
// knows JSON only must find the same count and hash.
func FuzzParseHeader(f *testing.F) {
	f.Add(someHeader.Leaf())
	bare := someHeader
	bare.First, bare.Last, bare.Sources = time.Time{}, time.Time{}, nil
	f.Add(bare.Leaf())
	keeping := bare
	keeping.Kind, keeping.Segment, keeping.Deletes = journal.Keeping, "keeping/20261125T090000Z-0123abcd", []string{someHeader.Segment}
	f.Add(keeping.Leaf())
	opens := someHeader
	opens.Lines = sha256.Sum256([]byte("lines"))
	f.Add(opens.Leaf())
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := journal.ParseHeader(text)
		if err != nil {
			return
		}
		if again := h.Leaf(); !bytes.Equal(again, text) {
			t.Fatalf("printed %q", again)
		}
		var other map[string]any
		if err := json.Unmarshal(text, &other); err != nil {
			t.Fatal(err)
		}
		if other["count"] != float64(h.Count) || !strings.EqualFold(other["sha256"].(string), hex(h.Hash[:])) {
			t.Fatalf("read %+v", h)
		}
	})
}

func hex(b []byte) string {
	const digits = "0123456789abcdef"
	var text []byte
	for _, c := range b {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}

// FuzzPack makes entries of any lines, which must come back one by one, as often as the headers say.
func FuzzPack(f *testing.F) {
	text, err := seal.NewKey()
	if err != nil {
		f.Fatal(err)
	}
	key, err := seal.ParseKey(text)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("{}\n{\"a\":1}\n{\"b\":2}"), uint16(1))
	f.Add([]byte("{}"), uint16(1300))
	f.Add([]byte("{\n}\n{\r}\n{\x00}"), uint16(2))
	f.Fuzz(func(t *testing.T, text []byte, repeat uint16) {
		var lines []journal.Line
		for range repeat % 2000 {
			for _, l := range bytes.Split(text, []byte("\n")) {
				lines = append(lines, journal.Line{Kind: journal.Events, Source: string(l[:min(len(l), 9)]), JSON: l})
			}
			if len(lines) > 5000 {
				break
			}
		}
		entries, err := journal.SealAndOpen(lines, key)
		if errors.Is(err, journal.ErrLine) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			count := 0
			for i, l := range e.Lines() {
				if i != count || !bytes.Equal(l, lines[n].JSON) {
					t.Fatalf("line %d of all is %q and was %q", n, l, lines[n].JSON)
				}
				count++
				n++
			}
			if count != e.Header.Count || count > 500 {
				t.Fatalf("%d lines, and the header says %d", count, e.Header.Count)
			}
		}
		if n != len(lines) {
			t.Fatalf("%d lines of %d came back", n, len(lines))
		}
	})
}

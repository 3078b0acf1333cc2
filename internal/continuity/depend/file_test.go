package depend_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// TestReadMapSaysWhere holds that what is wrong with a file is told by line and column, and never by what stands there.
func TestReadMapSaysWhere(t *testing.T) {
	const secret = "secret-4711"
	for text, want := range map[string]string{
		"nodes:\n  - {id: a, kind: component}\n  - {id: a, kind: component}\n":               "line 3, column 10: its id is there twice",
		"nodes:\n  - {id: a, kind: " + secret + "}\n":                                        "line 2, column 19: kind is",
		"nodes:\n  - {id: a, kind: component, " + secret + ": x}\n":                          "line 2: this key is not known",
		"nodes:\n  - {id: a, kind: component, class: " + secret + "}\n":                      "line 2, column 37: class is",
		"nodes:\n  - {id: a, kind: component, tolerated: " + secret + "}\n":                  "line 2, column 41: a time is written",
		"nodes:\n  - id: a\n    kind: component\n    needs: [" + secret + "]\n":              "line 4, column 13: it leads to an id that is not on the map",
		"nodes:\n  - id: a\n    kind: component\n    needs: [{on: b, " + secret + ": 1}]\n":  "line 4, column 21: a need has the keys",
		"nodes:\n  - id: a\n    kind: component\n    needs: [{on: b, on: " + secret + "}]\n": "line 4, column 21: this key is there twice",
		"nodes:\n  - id: a\n    kind: component\n    needs: [{within: 1m}]\n":                "line 4, column 13: a need must say on what",
		"nodes:\n  - id: a\n    kind: component\n    needs: [[" + secret + "]]\n":            "line 4, column 13: a need is an id",
		"nodes:\n  - id: a\n    kind: component\n    needs: [{on: b, as: " + secret + "}]\n": "line 4, column 25: as is declared",
		"nodes:\n  - {id: a, kind: component, name: [" + secret + "]}\n":                     "line 2, column 36: one word or text",
		"nodes: " + secret + "\n":                     "line 1: a list or an object is expected",
		"nodes:\n  - {id: a\n" + secret + ": [\n":     "this is no YAML",
		"nodes: []\n---\nnodes: []\n":                 "more than one document",
		"nodes:\n  - {id: a, id: b, kind: component}": "line 2: this key is there twice",
		strings.Repeat("#", depend.MostBytes+1):       "longer than",
	} {
		g, err := depend.ReadMap([]byte(text), catalogue(t))
		var refused *depend.Refused
		if !errors.As(err, &refused) || g != nil {
			t.Errorf("%.80s: %v", text, err)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "4711") {
			t.Errorf("%.80s: got %v, want %s", text, err, want)
		}
	}
}

// TestWriteMap holds that what is written reads the same again, however the map came about.
func TestWriteMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawn(t)
		text, err := depend.WriteMap(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := depend.ReadMap(text, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(again.Nodes(), g.Nodes()); diff != "" {
			t.Fatalf("things (-again +before):\n%s\n%s", diff, text)
		}
		if diff := cmp.Diff(again.Edges(), g.Edges()); diff != "" {
			t.Fatalf("links (-again +before):\n%s\n%s", diff, text)
		}
		if twice, err := depend.WriteMap(again); err != nil || string(twice) != string(text) {
			t.Fatalf("written again it is another text: %v", err)
		}
	})
}

// TestWriteMapFromBelow holds that a person who reads the file meets what others rest on first.
func TestWriteMapFromBelow(t *testing.T) {
	text, err := depend.WriteMap(read(t, small))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "nodes:\n    - id: db-1\n      kind: component\n") || strings.Index(string(text), "kind: unit") < strings.LastIndex(string(text), "kind: service") {
		t.Errorf("it begins and goes on otherwise:\n%s", text)
	}
}

// drawn is any small map.
func drawn(t *rapid.T) *depend.Graph {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("abYyNn01 :#-'\"{}[]&*!|>%@`,?ß~=")), 0, 12, -1)
	span := rapid.SampledFrom([]time.Duration{depend.Unstated, 0, time.Second, time.Minute, 90 * time.Minute, 2 * time.Hour, 48 * time.Hour})
	var nodes []depend.Node
	for i := range rapid.IntRange(1, 14).Draw(t, "nodes") {
		n := depend.Node{
			ID:   depend.NodeID(fmt.Sprintf("%s.%d", strings.ReplaceAll(text.Draw(t, "id"), " ", "_"), i)),
			Kind: depend.Kind(rapid.IntRange(1, 4).Draw(t, "kind")), Name: text.Draw(t, "name"), Call: text.Draw(t, "call"),
			Class: rapid.SampledFrom([]depend.Class{0, depend.A, depend.B, depend.C}).Draw(t, "class"), Tolerated: span.Draw(t, "tolerated"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "known") {
			n.Known = append(n.Known, text.Draw(t, "name")+"x")
		}
		nodes = append(nodes, n)
	}
	at := rapid.IntRange(0, len(nodes)-1)
	var edges []depend.Edge
	seen := map[string]bool{}
	for range rapid.IntRange(0, 30).Draw(t, "edges") {
		from, to := nodes[at.Draw(t, "from")], nodes[at.Draw(t, "to")]
		e := depend.Edge{From: from.ID, To: to.ID, AnyOf: rapid.SampledFrom([]string{"", "", "x", "true"}).Draw(t, "any of"), Tolerated: span.Draw(t, "within"), Kind: depend.LinkKind(rapid.IntRange(0, 2).Draw(t, "as"))}
		key := string(e.From + "\x00" + e.To + "\x00" + depend.NodeID(e.AnyOf))
		if e.From != e.To && to.Kind != depend.Unit && !seen[key] {
			seen[key] = true
			edges = append(edges, e)
		}
	}
	g, err := depend.New(nil, nodes, edges)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// FuzzReadMap holds that any text is read or refused, that what is read can be written and read again, and that no error shows the text.
func FuzzReadMap(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("nodes: [{id: a, kind: unit, needs: [{on: b, any_of: c, within: 1d, as: proposed}]}, {id: b, kind: service, like: lab}]"))
	f.Add([]byte("nodes: &a [*a]"))
	f.Add([]byte("nodes:\n- id: *x\n"))
	c := catalogue(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := depend.ReadMap(text, c)
		if err != nil {
			if g != nil {
				t.Error("a map, and an error")
			}
			leaks(t, string(text), err.Error())
			return
		}
		out, err := depend.WriteMap(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := depend.ReadMap(out, c)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(again.Nodes(), g.Nodes()); diff != "" {
			t.Error(diff)
		}
		twice, err := depend.ReadMaps(c, depend.Text{Name: "a", Body: text}, depend.Text{Name: "b", Body: out})
		if err != nil || !cmp.Equal(twice.Nodes(), g.Nodes()) || !cmp.Equal(twice.Edges(), g.Edges()) {
			t.Errorf("said twice, it is another map: %v", err)
		}
		for _, n := range g.Nodes()[:min(1, len(g.Nodes()))] {
			g.Impact([]depend.Broken{{Node: n.ID}}, depend.Census{}, time.Time{}).Draw()
			g.Cause([]depend.NodeID{n.ID}, nil)
		}
	})
}

// leaks fails when an error holds a longer part of a text, but for words that the errors themselves use.
func leaks(t *testing.T, text, err string) {
	t.Helper()
	const long = 16
	for i := 0; i+long <= len(text); i++ {
		if part := text[i : i+long]; strings.Contains(err, part) && !strings.Contains("component feed service unit any_of within declared proposed confirmed", strings.TrimSpace(part)) {
			t.Fatalf("the error shows what stands in the file: %q", part)
		}
	}
}

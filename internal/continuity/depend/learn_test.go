package depend_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/continuity/depend"
)

func proposed(list []depend.Proposal) (lines []string) {
	for _, p := range list {
		line := string(p.Edge.From) + " -> " + string(p.Edge.To)
		if p.Edge.AnyOf != "" {
			line += " any " + p.Edge.AnyOf
		}
		for _, n := range p.Nodes {
			line += " +" + string(n.ID)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func traffic() []depend.Pair {
	return []depend.Pair{
		{From: "LIS|LAB", To: "ENGINE|HUB", Type: "ORU^R01^ORU_R01", FromHost: "10.0.0.7", ToHost: "10.0.0.1", Count: 900, Days: 9},
		{From: "LIS|LAB", To: "ENGINE|HUB", Type: "ORU^R01^ORU_R01", FromHost: "10.0.0.7", ToHost: "10.0.0.2", Count: 90, Days: 8},
		{From: "PACS 1", To: "CT1", Role: "worklist", Count: 5, Days: 2}, // too few days
	}
}

func TestPropose(t *testing.T) {
	g := read(t, "nodes:\n  - {id: lis, kind: component, known: ['lis|lab', 10.0.0.7]}\n  - {id: results, kind: service, like: lab}\n")
	l := depend.NewLearned()
	const feed = "feed:LIS|LAB>ENGINE|HUB:ORU^R01"
	want := []string{
		feed + " -> lis +" + feed,
		feed + " -> program:ENGINE|HUB +" + feed + " +program:ENGINE|HUB",
		"program:ENGINE|HUB -> host:10.0.0.1 any hosts +program:ENGINE|HUB +host:10.0.0.1",
		"program:ENGINE|HUB -> host:10.0.0.2 any hosts +program:ENGINE|HUB +host:10.0.0.2",
		"results -> " + feed + " +" + feed,
	}
	slices.Sort(want)
	list := l.Propose(g, traffic(), 7)
	if diff := cmp.Diff(proposed(list), want); diff != "" {
		t.Fatalf("proposals (-got +want):\n%s", diff)
	}
	if list[0].Days != 9 || list[0].Count != 990 {
		t.Errorf("seen on %d days, %d times", list[0].Days, list[0].Count)
	}
	turned := traffic()
	slices.Reverse(turned)
	if diff := cmp.Diff(l.Propose(g, turned, 7), list); diff != "" {
		t.Errorf("another order of the same traffic:\n%s", diff)
	}

	// A person agrees to the first, and turns down the second, for good.
	first := list[slices.IndexFunc(list, func(p depend.Proposal) bool { return p.Edge.To == "lis" })]
	second := list[slices.IndexFunc(list, func(p depend.Proposal) bool { return p.Edge.To == "host:10.0.0.1" })]
	if err := errors.Join(l.Decide(first, true, "it.lead", noon()), l.Decide(second, false, "it.lead", noon())); err != nil {
		t.Fatal(err)
	}
	after, err := l.Drawn(g, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := after.Edges(); len(e) != 1 || e[0].Kind != depend.Confirmed {
		t.Errorf("confirmed: %+v", e)
	}
	state, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	l = depend.NewLearned()
	if err := json.Unmarshal(state, l); err != nil {
		t.Fatal(err)
	}
	left := proposed(l.Propose(after, traffic(), 7))
	if slices.ContainsFunc(left, func(s string) bool { return strings.Contains(s, "-> lis") || strings.Contains(s, "10.0.0.1") }) || len(left) != 3 {
		t.Errorf("after a restart: %v", left)
	}
	if d := l.Decisions(); len(d) != 2 || d[0].By != "it.lead" || !d[0].Confirmed || d[1].Confirmed {
		t.Errorf("decisions: %+v", d)
	}
	l.Forget(second.Edge.From, second.Edge.To)
	if again := l.Propose(after, traffic(), 7); len(again) != 4 {
		t.Errorf("forgotten, it is proposed again: %v", proposed(again))
	}

	// What is only proposed counts for nothing.
	seen, err := depend.With(after, l.Propose(after, traffic(), 7))
	if err != nil {
		t.Fatal(err)
	}
	if im := seen.Impact([]depend.Broken{{feed, noon()}}, depend.Census{}, noon()); len(im.Services) != 0 {
		t.Errorf("a proposal touches %+v", im.Services)
	}
	if again := l.Propose(seen, traffic(), 7); len(again) != 4 {
		t.Errorf("what is shown as a proposal is not decided: %v", proposed(again))
	}
	if err := json.Unmarshal([]byte("{}"), l); err == nil {
		t.Error("half a state is taken")
	}
}

// TestProposeTakesNamesAsTheyCome holds that whatever stands in a message makes a map.
func TestProposeTakesNamesAsTheyCome(t *testing.T) {
	g := read(t, "")
	l := depend.NewLearned()
	var pairs []depend.Pair
	for _, name := range []string{"LAB SYSTEM|MAIN", "a\x00b", "\xff\xfe", strings.Repeat("ü", 500), ">", " "} {
		pairs = append(pairs, depend.Pair{From: name, To: "X" + name, Type: "ORU^R01", FromHost: name, ToHost: "h", Days: 9})
	}
	list := l.Propose(g, pairs, 1)
	if len(list) < 10 {
		t.Errorf("only %d proposals", len(list))
	}
	for _, p := range list {
		if err := l.Decide(p, true, "it.lead", noon()); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
	}
	if g, err := l.Drawn(g, nil); err != nil || len(g.Edges()) != len(list) {
		t.Errorf("of %d links there are %d: %v", len(list), len(g.Edges()), err)
	}
}

package depend_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// TestJoinedKnowsFeeds tries the names by which a house may know a feed: the most exact one counts.
func TestJoinedKnowsFeeds(t *testing.T) {
	g := read(t, `
nodes:
  - {id: exact, kind: feed, known: ["LIS|LAB>EHR|HOSP:ORU^R01"]}
  - {id: receiver, kind: feed, known: ["lis|lab>ehr:oru"]}
  - {id: type, kind: feed, known: ["LIS:ORU"]}
  - {id: sender, kind: feed, known: [LIS]}
  - {id: images, kind: feed, known: ["PACS:store"]}
  - {id: pacs, kind: component, known: [PACS, RIS]}
`)
	for want, h := range map[depend.NodeID]depend.Heard{
		"exact": {From: "LIS|LAB", To: "EHR|HOSP", Type: "ORU^R01^ORU_R01"}, "receiver": {From: "LIS|LAB", To: "EHR|OTHER", Type: "ORU^R30"},
		"type": {From: "LIS|OTHER", To: "EHR|OTHER", Type: "ORU^R01"}, "sender": {From: "LIS|LAB", To: "EHR|HOSP", Type: "ACK"}, "images": {To: "PACS", Role: "store"},
		"heard": {From: "RIS", Type: "ORU^R01"}, // a machine of that name is no feed
	} {
		_, called, err := g.Joined(map[depend.NodeID]depend.Heard{"heard": h}, nil)
		if err != nil || called["heard"] != want {
			t.Errorf("%+v is called %s, want %s: %v", h, called["heard"], want, err)
		}
	}
}

// TestJoined adds what the house does not know, by the names that it gives, and nothing to what its services rest on.
func TestJoined(t *testing.T) {
	g := read(t, `
nodes:
  - {id: mains, kind: component, like: power, name: Mains}
  - {id: lis, kind: component, known: [LIS]}
  - {id: results, kind: feed, known: ["LIS:ORU"], needs: [lis]}
  - {id: chemistry, kind: service, like: lab, needs: [results]}
  - {id: icu, kind: unit, name: Intensive care, known: [ICU-1], needs: [chemistry]}
`)
	joined, called, err := g.Joined(map[depend.NodeID]depend.Heard{
		"f1": {From: "LIS|LAB", To: "EHR", Type: "ORU^R01"}, "f2": {From: "LIS|LAB", To: "BILL", Type: "DFT^P03"}, "f3": {From: "OTHER", To: "EHR", Type: "ORU^R01"}, "f4": {},
	}, []depend.Place{{ID: "u1", Name: "icu-1"}, {ID: "u2", Name: "4W"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(called, map[depend.NodeID]depend.NodeID{"f1": "results", "f2": "f2", "f3": "f3", "f4": "f4", "u1": "icu", "u2": "u2"}); diff != "" {
		t.Errorf("called (-got +want):\n%s", diff)
	}
	var links []string
	for _, e := range joined.Edges() {
		links = append(links, string(e.From+" "+e.To))
	}
	for _, want := range []string{"f2 lis", "f2 program:BILL", "f3 program:OTHER", "billing f2", "u2 chemistry"} {
		if !slices.Contains(links, want) {
			t.Errorf("%s is missing: %q", want, links)
		}
	}
	for _, wrong := range []string{"chemistry f3", "lab f3", "network power"} {
		if slices.Contains(links, wrong) {
			t.Errorf("%s is on the map", wrong)
		}
	}
	if _, there := joined.Node("power"); there {
		t.Error("the house's mains are there twice")
	}
	alone, err := catalogue(t).Default(nil, nil)
	if err != nil || len(alone.Nodes()) != 0 {
		t.Errorf("of nothing: %v, %v", alone, err)
	}
}

// TestSharedAddresses: an address at which many programs are seen is that of an engine that hands on what they say, and they do not run there.
func TestSharedAddresses(t *testing.T) {
	var pairs []depend.Pair
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		pairs = append(pairs, depend.Pair{From: name, To: "EHR", Type: "ZZZ", FromHost: "10.0.0.1", Days: 9, Count: 9})
	}
	g := read(t, "")
	hosts := func(pairs []depend.Pair) (n int) {
		for _, p := range depend.NewLearned().Propose(g, pairs, 7) {
			if p.Edge.To == "host:10.0.0.1" {
				n++
			}
		}
		return n
	}
	if five, four := hosts(pairs), hosts(pairs[:4]); five != 0 || four != 4 {
		t.Errorf("of five programs %d run there, of four %d", five, four)
	}
}

// TestDrawnLeavesOutWhatIsGone: a link to what the house took off its map draws nothing, and breaks nothing.
func TestDrawnLeavesOutWhatIsGone(t *testing.T) {
	l := depend.NewLearned()
	link := depend.Proposal{Edge: depend.Edge{From: "a", To: "b", Tolerated: depend.Unstated}}
	if err := l.Decide(link, true, "it.lead", noon()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"nodes: [{id: a, kind: component}, {id: b, kind: component}]": 1, "nodes: [{id: a, kind: component}]": 0, "nodes: [{id: b, kind: component}]": 0,
		"nodes: [{id: a, kind: component}, {id: b, kind: unit}]": 0, "nodes: [{id: a, kind: component, needs: [b]}, {id: b, kind: component}]": 1,
	} {
		g, err := l.Drawn(read(t, text), nil)
		if err != nil || len(g.Edges()) != want {
			t.Errorf("%s: %+v, %v", text, g, err)
		}
	}
}

// TestList says in words what the picture shows.
func TestList(t *testing.T) {
	im := read(t, small).Impact([]depend.Broken{{Node: "db-1", Since: noon()}, {Node: "results", Since: noon()}}, depend.Census{}, noon())
	var lines []string
	for _, i := range im.List() {
		line := i.Name
		switch {
		case i.Cause:
			line += " is broken"
		case i.Fails:
			line += " fails"
		case i.Weak:
			line += " is weak"
		}
		lines = append(lines, line)
	}
	want := []string{
		"Database 1 is broken", "Results to the record is broken", "Laboratory results fails", "4 West fails", "Intensive care fails", "Laboratory system is weak",
		"Database 2", "Interface engine", "Power", "Orders to the laboratory", "Blood bank", "Diets and meals",
	}
	if diff := cmp.Diff(lines, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if lis := im.List()[5]; !slices.Equal(lis.Needs, []string{"Orders to the laboratory", "Database 1 or Database 2"}) {
		t.Errorf("the laboratory system needs %q", lis.Needs)
	}
}

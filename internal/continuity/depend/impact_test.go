package depend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// said writes down what an impact says.
func said(im *depend.Impact) (lines []string) {
	at := func(t time.Time) string { return t.Format("15:04") }
	for _, c := range im.Causes {
		lines = append(lines, fmt.Sprintf("cause %s %s since %s", c.Node, c.Class, at(c.Since)))
	}
	for _, s := range im.Services {
		line := fmt.Sprintf("service %s %s since %s until %s through %v units %v patients %d+%d", s.Node, s.Class, at(s.Since), at(s.Until), s.Through, s.Units, s.Patients, s.Unknown)
		if s.Late {
			line += " late"
		}
		for _, c := range s.Call {
			line += "; " + c.Who
		}
		lines = append(lines, line)
	}
	for _, u := range im.Units {
		line := fmt.Sprintf("unit %s %s since %s until %s without %v works %v patients %d", u.Node, u.Class, at(u.Since), at(u.Until), u.Services, u.Works, u.Patients)
		if u.Late {
			line += " late"
		}
		lines = append(lines, line)
	}
	for _, h := range im.Between {
		lines = append(lines, fmt.Sprintf("between %s %s since %s", h.Node, h.Class, at(h.Since)))
	}
	for _, w := range im.Weakened {
		lines = append(lines, fmt.Sprintf("weakened %s lost %v left %v", w.Node, w.Lost, w.Left))
	}
	return append(lines, fmt.Sprintf("works %v, %d patients, %d unknown", im.Works, im.Patients, im.Unknown))
}

func TestImpact(t *testing.T) {
	g := read(t, small)
	census := depend.Census{Patients: map[depend.NodeID]int{"icu": 12}, At: noon()}
	ago := func(minutes int) time.Time { return noon().Add(-time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct {
		broken []depend.Broken
		want   []string
	}{
		"the laboratory's system": {[]depend.Broken{{"lis", ago(12)}}, []string{
			"cause lis A since 11:48",
			// the blood bank goes on for ten minutes, and care for fifteen more
			"service blood A since 11:58 until 12:13 through [lis] units [icu] patients 12+0; Laboratory IT, 5340",
			"service lab A since 11:48 until 12:18 through [lis results] units [4w icu] patients 12+1; Laboratory IT, 5340; Laboratory, 5300",
			// intensive care has its own time: five minutes
			"unit icu A since 11:48 until 11:53 without [lab blood] works [diet] patients 12 late",
			"unit 4w A since 11:48 until 12:18 without [lab] works [diet] patients 0",
			"between results A since 11:48",
			"works [diet], 12 patients, 1 unknown",
		}},
		"one of two": {[]depend.Broken{{"db-1", ago(5)}}, []string{
			"cause db-1  since 11:55",
			"weakened lis lost [db-1] left [db-2]",
			"works [], 0 patients, 0 unknown",
		}},
		"two of two, the later counts": {[]depend.Broken{{"db-1", ago(50)}, {"db-2", ago(1)}}, []string{
			"cause db-1 A since 11:10",
			"cause db-2 A since 11:59",
			"service blood A since 12:09 until 12:24 through [db-2 lis] units [icu] patients 12+0; Laboratory IT, 5340",
			"service lab A since 11:59 until 12:29 through [db-2 lis results] units [4w icu] patients 12+1; Laboratory IT, 5340; Laboratory, 5300",
			"unit icu A since 11:59 until 12:04 without [lab blood] works [diet] patients 12",
			"unit 4w A since 11:59 until 12:29 without [lab] works [diet] patients 0",
			"between lis A since 11:59",
			"between results A since 11:59",
			"works [diet], 12 patients, 1 unknown",
		}},
		"what will break": {[]depend.Broken{{"orders", ago(0)}}, []string{
			"cause orders A since 12:00",
			"service blood A since 16:10 until 16:25 through [orders lis] units [icu] patients 12+0; Laboratory IT, 5340",
			"service lab A since 16:00 until 16:30 through [orders lis results] units [4w icu] patients 12+1; Laboratory IT, 5340; Laboratory, 5300",
			"unit icu A since 16:00 until 16:05 without [lab blood] works [diet] patients 12",
			"unit 4w A since 16:00 until 16:30 without [lab] works [diet] patients 0",
			"between lis A since 16:00",
			"between results A since 16:00",
			"works [diet], 12 patients, 1 unknown",
		}},
		"a service by itself": {[]depend.Broken{{"diet", ago(300)}}, []string{
			"cause diet B since 07:00",
			"service diet B since 07:00 until 11:00 through [] units [4w icu] patients 12+1 late",
			"unit 4w B since 07:00 until 11:00 without [diet] works [lab] patients 0 late",
			"unit icu B since 07:00 until 11:00 without [diet] works [blood lab] patients 12 late",
			"works [blood lab], 12 patients, 1 unknown",
		}},
		"two causes, one of which another stands in for": {[]depend.Broken{{"diet", ago(0)}, {"db-1", ago(30)}, {"lis", ago(3)}, {"lis", ago(2)}, {"lis", ago(1)}}, []string{
			"cause db-1  since 11:30",
			"cause diet B since 12:00",
			"cause lis A since 11:57", // the first word counts
			"service blood A since 12:07 until 12:22 through [lis] units [icu] patients 12+0; Laboratory IT, 5340",
			"service lab A since 11:57 until 12:27 through [lis results] units [4w icu] patients 12+1; Laboratory IT, 5340; Laboratory, 5300",
			"service diet B since 12:00 until 16:00 through [] units [4w icu] patients 12+1",
			"unit icu A since 11:57 until 12:02 without [lab blood diet] works [] patients 12",
			"unit 4w A since 11:57 until 12:27 without [lab diet] works [] patients 0",
			"between results A since 11:57",
			"works [], 12 patients, 1 unknown",
		}},
		"nothing that we know": {[]depend.Broken{{"moon", ago(1)}}, []string{"works [], 0 patients, 0 unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := said(g.Impact(c.broken, census, noon()))
			if name == "a service by itself" {
				slices.Sort(got[2:4]) // both have had as long
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("impact (-got +want):\n%s", diff)
			}
		})
	}
	im := g.Impact([]depend.Broken{{"lis", ago(12)}}, census, noon())
	lab := im.Services[1]
	if lab.Name != "Laboratory results" || lab.Harm != "A late troponin or potassium." || len(lab.Procedure) != 4 || lab.Still == "" || lab.Function == "" {
		t.Errorf("the words of the catalogue are missing: %+v", lab)
	}
	if g.Name("diet") != "Diets and meals" || g.Name("4w") != "4 West" || g.Name("moon") != "moon" || g.Like("4w") != nil || g.Like("power") == nil {
		t.Errorf("names: %s, %s, %s", g.Name("diet"), g.Name("4w"), g.Name("moon"))
	}
	if got := im.Title(); got != "Broken: Laboratory system. It touches 2 services and 2 units with 12 patients; of 1 unit the patients are not known." {
		t.Error(got)
	}
}

// TestClassesFollowTheWay holds that a thing below several services has the class of the worst, also through services that rest on services.
func TestClassesFollowTheWay(t *testing.T) {
	g := read(t, `
nodes:
  - {id: disk, kind: component}
  - {id: server, kind: component, needs: [disk]}
  - {id: mild, kind: service, class: C, tolerated: 2d, needs: [server]}
  - {id: grave, kind: service, class: A, tolerated: 5m, needs: [mild]}
  - {id: other, kind: component}
  - {id: aside, kind: service, class: B, tolerated: 2h, needs: [{on: disk, any_of: x}, {on: other, any_of: x}, disk]}
  - {id: u, kind: unit, needs: [mild]}
  - {id: v, kind: unit, needs: [aside]}
`)
	im := g.Impact([]depend.Broken{{"disk", noon()}}, depend.Census{}, noon())
	got := said(im)
	for _, want := range []string{"cause disk A since", "between server A since", "service mild C since", "service grave A since", "unit u C since", "unit v B since"} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
}

// withoutWorks is what an impact says but for what still works, which a part leaves out.
func withoutWorks(im *depend.Impact) (lines []string) {
	whole := *im
	whole.Works, whole.Units = nil, slices.Clone(im.Units)
	for i := range whole.Units {
		whole.Units[i].Works = nil
	}
	return said(&whole)
}

// naive finds what fails by asking each thing again and again, without a queue and without times.
func naive(g *depend.Graph, broken ...depend.NodeID) map[depend.NodeID]bool {
	failed := map[depend.NodeID]bool{}
	for _, id := range broken {
		if _, known := g.Node(id); known {
			failed[id] = true
		}
	}
	edges := g.Edges()
	for changed := true; changed; {
		changed = false
		for _, n := range g.Nodes() {
			groups := map[string][]bool{}
			fails := false
			for _, e := range edges {
				switch {
				case e.From != n.ID || e.Kind == depend.Proposed:
				case e.AnyOf == "":
					fails = fails || failed[e.To]
				default:
					groups[e.AnyOf] = append(groups[e.AnyOf], failed[e.To])
				}
			}
			for _, members := range groups {
				fails = fails || !slices.Contains(members, false)
			}
			if fails && !failed[n.ID] {
				failed[n.ID], changed = true, true
			}
		}
	}
	return failed
}

// TestImpactIsWhatFails holds Impact against the naive way, on any map, circles included.
func TestImpactIsWhatFails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawn(t)
		nodes := g.Nodes()
		var broken []depend.Broken
		var ids []depend.NodeID
		for range rapid.IntRange(0, 3).Draw(t, "broken") {
			id := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "which")].ID
			broken, ids = append(broken, depend.Broken{Node: id, Since: noon().Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)}), append(ids, id)
		}
		im := g.Impact(broken, depend.Census{}, noon())
		got := map[depend.NodeID]bool{}
		for _, c := range im.Causes {
			got[c.Node] = true
			if !slices.Contains(ids, c.Node) {
				t.Fatalf("%s is no cause", c.Node)
			}
		}
		for _, s := range im.Services {
			got[s.Node] = true
			if s.Until.Before(s.Since) {
				t.Fatalf("%s ends before it begins", s.Node)
			}
		}
		for _, u := range im.Units {
			got[u.Node] = true
		}
		for _, h := range im.Between {
			got[h.Node] = true
			if len(h.Through) == 0 || !slices.Contains(ids, h.Through[0]) {
				t.Fatalf("%s fails through %v", h.Node, h.Through)
			}
		}
		if diff := cmp.Diff(got, naive(g, ids...)); diff != "" {
			t.Fatalf("what fails (-got +want):\n%s", diff)
		}
		slices.Reverse(broken)
		if diff := cmp.Diff(said(g.Impact(broken, depend.Census{}, noon())), said(im)); diff != "" {
			t.Fatalf("in another order:\n%s", diff)
		}
		part := im.Part()
		if diff := cmp.Diff(withoutWorks(part), withoutWorks(im)); diff != "" {
			t.Fatalf("the part that is touched (-part +whole):\n%s", diff)
		}
		for _, w := range im.Weakened {
			if got[w.Node] || len(w.Lost) == 0 || len(w.Left) == 0 {
				t.Fatalf("weakened: %+v", w)
			}
		}
	})
}

// TestLegs holds what one of several is worth: the last that holds counts, also while it lives on what it has stored, and one that is only proposed holds nothing.
func TestLegs(t *testing.T) {
	g := read(t, `
nodes:
  - {id: a, kind: component}
  - {id: b, kind: component}
  - {id: c, kind: component}
  - {id: s, kind: component, needs: [{on: a, any_of: x, within: 1h}, {on: b, any_of: x}, {on: c, any_of: x, as: proposed}]}
  - {id: r, kind: component, needs: [{on: a, any_of: x}, {on: b, any_of: x}, {on: c, any_of: y}]}
`)
	im := g.Impact([]depend.Broken{{"a", noon().Add(-30 * time.Minute)}, {"b", noon().Add(-10 * time.Minute)}}, depend.Census{}, noon())
	want := []string{"cause a  since 11:30", "cause b  since 11:50", "between r  since 11:50", "between s  since 12:30", "works [], 0 patients, 0 unknown"}
	if diff := cmp.Diff(said(im), want); diff != "" {
		t.Errorf("impact (-got +want):\n%s", diff)
	}
	if v := g.Cause(nil, map[depend.NodeID]depend.State{"a": depend.Down, "b": depend.Down, "s": depend.Down}); len(v.Together) != 1 || len(v.Suspects) != 2 {
		t.Errorf("both legs: %+v", v)
	}
}

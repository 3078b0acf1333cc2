package hospital_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/hospital"
)

func merge(survivor, retired string) hospital.Fact {
	return hospital.Fact{Merge: &hospital.MergeFact{Survivor: mrn(survivor), Retired: mrn(retired)}}
}

func unmerge(survivor, retired string) hospital.Fact {
	f := merge(survivor, retired)
	f.Merge.Undo = true
	return f
}

// keys lists what is ordered for a patient, by what the tests call it.
func (c *clinic) keys(number string) map[string]bool {
	c.t.Helper()
	found := map[string]bool{}
	for _, e := range c.patient(number).Edges {
		for _, name := range []string{"o1", "o2", "o3", "o4"} {
			if e.Key == c.EdgeKey(hospital.Order, name) {
				found[name] = true
			}
		}
	}
	return found
}

func TestMergeAndUndo(t *testing.T) {
	c := newClinic(t)
	c.says(noon(0), patient("1", person("Moss", "Ada")))
	c.says(noon(0), patient("2", person("Moos", "Ada")))
	c.says(noon(0), hospital.Fact{Reason: order("1", "o1", "ann")})
	c.says(noon(0), hospital.Fact{Reason: order("2", "o2", "ben")})
	c.says(noon(0), hospital.Fact{Visit: &hospital.VisitFact{Patient: mrn("2"), Number: "V2", Class: 'I', Unit: "4W"}})
	one, two, maiden := c.patient("1").ID, c.patient("2").ID, c.patient("2").Identity.Family

	changed := c.says(noon(1), merge("1", "2"))
	if d := cmp.Diff([]hospital.PatientID{one, two}, changed); d != "" {
		t.Errorf("both are to be looked at again: %s", d)
	}
	if c.patient("2").ID != one || c.Current(two) != one || c.Patient(two).ID != one {
		t.Error("who was seen as 2 before is not 1 now")
	}
	if d := cmp.Diff(map[string]bool{"o1": true, "o2": true}, c.keys("1")); d != "" {
		t.Error(d)
	}
	if len(c.patient("1").Visits) != 1 {
		t.Error("the visit is lost")
	}
	if d := cmp.Diff([]uint64{maiden}, c.patient("1").Identity.Former); d != "" {
		t.Errorf("the other name is lost: %s", d)
	}
	c.says(noon(2), hospital.Fact{Reason: order("2", "o3", "cat")}) // a system that does not know of the merge yet
	c.says(noon(2), hospital.Fact{Reason: order("1", "o4", "dan")})
	if len(c.keys("1")) != 4 {
		t.Errorf("%v", c.keys("1"))
	}

	c.says(noon(3), unmerge("1", "2"))
	if d := cmp.Diff(map[string]bool{"o1": true, "o4": true}, c.keys("1")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]bool{"o2": true, "o3": true}, c.keys("2")); d != "" {
		t.Error(d)
	}
	if len(c.patient("1").Visits) != 0 || len(c.patient("2").Visits) != 1 || c.patient("2").ID != two {
		t.Error("the visit went with the wrong one")
	}
	if who, ids, _ := c.Reveal(two); who.Family != "Moos" || len(ids) != 1 {
		t.Errorf("%d numbers after the undoing", len(ids))
	}
	if o := c.Overview(); o.Patients != 2 || o.Merged != 0 {
		t.Errorf("%+v", o)
	}
}

func TestMergesOfMerges(t *testing.T) {
	for _, c := range []struct {
		name string
		says []hospital.Fact // on one day after the other
		want map[string]string
	}{
		{"a chain", []hospital.Fact{merge("2", "1"), merge("3", "2")}, map[string]string{"1": "3", "2": "3"}},
		{"the chain from its end", []hospital.Fact{merge("3", "2"), merge("2", "1")}, map[string]string{"1": "3", "2": "3"}},
		{"into one that is retired", []hospital.Fact{merge("2", "1"), merge("1", "3")}, map[string]string{"1": "2", "3": "2"}},
		{"the other way round", []hospital.Fact{merge("2", "1"), merge("1", "2")}, map[string]string{"2": "1"}},
		{"a circle", []hospital.Fact{merge("2", "1"), merge("3", "2"), merge("1", "3")}, map[string]string{"2": "1", "3": "1"}},
		{"retired twice", []hospital.Fact{merge("2", "1"), merge("3", "1")}, map[string]string{"1": "3", "2": "3"}},
		{"undone in the middle", []hospital.Fact{merge("2", "1"), merge("3", "2"), unmerge("3", "2")}, map[string]string{"1": "2", "3": "3"}},
		{"undone from the end", []hospital.Fact{merge("2", "1"), merge("3", "2"), unmerge("3", "1")}, map[string]string{"1": "1", "2": "3"}},
		{"undone and done again", []hospital.Fact{merge("2", "1"), unmerge("2", "1"), merge("2", "1")}, map[string]string{"1": "2"}},
		{"undone without having been done", []hospital.Fact{unmerge("2", "1")}, map[string]string{"1": "1", "2": "2"}},
		{"one that is free again survives", []hospital.Fact{merge("2", "1"), unmerge("2", "1"), merge("1", "3"), merge("3", "4")}, map[string]string{"3": "1", "4": "1"}},
		{"with itself", []hospital.Fact{merge("1", "1")}, map[string]string{"1": "1"}},
	} {
		h := newClinic(t)
		for day, f := range c.says { // before any of them was seen
			h.says(noon(day), f)
		}
		for _, n := range []string{"1", "2", "3", "4"} {
			h.says(noon(9), patient(n, person("Name"+n, "Ada")))
		}
		for retired, survivor := range c.want {
			who, _, _ := h.Reveal(h.patient(retired).ID)
			if who.Family != "Name"+survivor {
				t.Errorf("%s: %s leads to %s, not to %s", c.name, retired, who.Family, survivor)
			}
		}
	}
}

// A word that comes late must not undo a later one.
func TestLateMerge(t *testing.T) {
	c := newClinic(t)
	c.says(noon(2), unmerge("1", "2"))
	c.says(noon(1), merge("1", "2"))
	if c.patient("1").ID == c.patient("2").ID {
		t.Error("a merge that was undone holds")
	}
}

func TestNoOneIsMadeOfAll(t *testing.T) {
	c := newClinic(t)
	for n := range 200 {
		c.says(noon(0), merge("0", string(rune('a'+n%26))+string(rune('a'+n/26))))
	}
	if o := c.Overview(); o.Merged > 63 || o.Limits.Merges < 130 {
		t.Errorf("%d merged, %d refused", o.Merged, o.Limits.Merges)
	}
}

// A sender that joins a record with one after the other and parts them again makes it no larger without end.
func TestMergesAndUndosAreBounded(t *testing.T) {
	c := newClinic(t)
	c.says(noon(0), patient("1", person("Moss", "Ada")))
	c.says(noon(0), merge("1", "other"))
	for n := range 2000 {
		c.says(hour(2*n+1), unmerge("1", fmt.Sprint("x", n)))
		c.says(hour(2*n+2), merge(fmt.Sprint("y", n), "1"))
		c.says(hour(2*n+3), unmerge(fmt.Sprint("y", n), "1"))
	}
	if n := c.Links(c.patient("1").ID); n > 256 {
		t.Errorf("%d links", n)
	}
	if o := c.Overview(); o.Limits.Dropped < 3000 || o.Merged != 1 || c.patient("other").ID != c.patient("1").ID {
		t.Errorf("%+v", o)
	}
}

// An order that was cancelled under the number of the survivor is cancelled, whatever number it was made under.
func TestOneEdgeOfTwoRecords(t *testing.T) {
	c := newClinic(t)
	c.says(noon(0), hospital.Fact{Reason: order("2", "o1", "ann")})
	c.says(noon(1), merge("1", "2"))
	void := order("1", "o1", "ann")
	void.Void = true
	c.says(noon(2), hospital.Fact{Reason: void})
	c.says(noon(1), hospital.Fact{Visit: &hospital.VisitFact{Patient: mrn("2"), Number: "V", Class: 'I', Unit: "4W", Moved: noon(0)}})
	c.says(noon(2), hospital.Fact{Visit: &hospital.VisitFact{Patient: mrn("1"), Number: "V", Unit: "ICU"}})
	p := c.patient("1")
	if len(p.Edges) != 1 || !p.Edges[0].Voided.Equal(noon(2)) || !p.Edges[0].Made.Equal(noon(0)) {
		t.Errorf("%+v", p.Edges)
	}
	if len(p.Visits) != 1 || len(p.Visits[0].Stays) != 2 {
		t.Errorf("%+v", p.Visits)
	}
	if c.says(noon(3), unmerge("1", "2")); !c.patient("2").Edges[0].Voided.IsZero() {
		t.Error("what was said of the other one stays")
	}
}

package hospital_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// visit is what a message of admission, transfer or discharge says of visit V1.
func visit(class byte, unit string, change ...func(*hospital.VisitFact)) hospital.Fact {
	f := &hospital.VisitFact{Patient: mrn("1"), Number: "V1", Class: class, Unit: unit}
	for _, c := range change {
		c(f)
	}
	return hospital.Fact{Visit: f}
}

func since(when time.Time) func(*hospital.VisitFact) {
	return func(f *hospital.VisitFact) { f.Moved = when }
}

func from(when time.Time) func(*hospital.VisitFact) {
	return func(f *hospital.VisitFact) { f.Start = when }
}

func until(when time.Time) func(*hospital.VisitFact) {
	return func(f *hospital.VisitFact) { f.End = when }
}

func hour(n int) time.Time { return noon(0).Add(time.Duration(n) * time.Hour) }

// stays writes where a patient was, in hours since the first noon.
func (c *clinic) stays(number string) string {
	c.t.Helper()
	hours := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return fmt.Sprint(int(t.Sub(noon(0)).Hours()))
	}
	var all []string
	for _, v := range c.patient(number).Visits {
		var stays []string
		for _, s := range v.Stays {
			stays = append(stays, c.Text(s.Unit)+" "+hours(s.From)+"-"+hours(s.To))
		}
		all = append(all, hours(v.Start)+"-"+hours(v.End)+": "+strings.Join(stays, ", "))
	}
	return strings.Join(all, "; ")
}

type said struct {
	when time.Time
	fact hospital.Fact
}

func TestStays(t *testing.T) {
	cancelled := func(f *hospital.VisitFact) { f.Cancelled = true }
	reopened := func(f *hospital.VisitFact) { f.Reopened = true }
	for _, c := range []struct {
		name string
		says []said
		want string
	}{
		{"admitted, moved, discharged", []said{
			{hour(0), visit('E', "ED", from(hour(0)))}, {hour(4), visit('I', "4W")}, {hour(20), visit(0, "ICU")}, {hour(30), visit(0, "", until(hour(30)))},
		}, "0-30: ED 0-4, 4W 4-20, ICU 20-30"},
		{"the transfer comes last", []said{
			{hour(0), visit('I', "ED", from(hour(0)))}, {hour(20), visit(0, "ICU")}, {hour(4), visit('I', "4W")},
		}, "0-: ED 0-4, 4W 4-20, ICU 20-"},
		{"told again and again", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(1), visit('I', "4W")}, {hour(2), visit('I', "4W")},
		}, "0-: 4W 0-"},
		{"there and back", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(3), visit(0, "OR")}, {hour(6), visit(0, "4W")},
		}, "0-: 4W 0-3, OR 3-6, 4W 6-"},
		{"entered afterwards", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(5), visit('I', "4W")}, {hour(8), visit(0, "ICU", since(hour(3)))},
		}, "0-: 4W 0-3, ICU 3-"},
		{"moved tomorrow, says one", []said{
			{hour(0), visit('I', "4W", from(hour(0)), since(hour(50)))}, {hour(3), visit(0, "ICU")},
		}, "0-: 4W 0-3, ICU 3-"},
		{"a transfer that was cancelled", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(3), visit(0, "ICU")}, {hour(4), visit(0, "4W", since(hour(0)))},
		}, "0-: 4W 0-"},
		{"a discharge that was cancelled", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(3), visit(0, "", until(hour(3)))}, {hour(4), visit(0, "", reopened)},
		}, "0-: 4W 0-"},
		{"its cancelling comes first", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(4), visit(0, "", reopened)}, {hour(3), visit(0, "", until(hour(3)))},
		}, "0-: 4W 0-"},
		{"an admission that was cancelled", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(1), visit(0, "", cancelled)},
		}, ""},
		{"and made again", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(1), visit(0, "", cancelled)}, {hour(2), visit('I', "4W")},
		}, "0-: 4W 0-"},
		{"moved after the discharge", []said{
			{hour(0), visit('I', "4W", from(hour(0)), until(hour(3)))}, {hour(5), visit(0, "MORGUE")},
		}, "0-3: 4W 0-3"},
		{"nobody ended it, and it is out of the emergency department", []said{
			{hour(0), visit('E', "ED", from(hour(0)))}, {hour(24 * 5), hospital.Fact{Reason: order("1", "o1", "ann")}},
		}, "0-72: ED 0-72"},
		{"nobody ended it, and there is news", []said{
			{hour(0), visit('E', "ED", from(hour(0)))}, {hour(48), visit('E', "ED")}, {hour(24 * 4), hospital.Fact{Reason: order("1", "o1", "ann")}},
		}, "0-: ED 0-"},
		{"in bed without news for a month", []said{
			{hour(0), visit('I', "4W", from(hour(0)))}, {hour(24 * 32), hospital.Fact{Reason: order("1", "o1", "ann")}},
		}, "0-720: 4W 0-720"},
	} {
		h := newClinic(t)
		h.says(hour(0), patient("1", person("Moss", "Ada")))
		for _, s := range c.says {
			h.says(s.when, s.fact)
		}
		if got := h.stays("1"); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

// A visit that was entered for another patient by mistake moves with all that belongs to it; one of the same number that began at another
// time is another.
func TestVisitOfAnother(t *testing.T) {
	c := newClinic(t)
	c.says(hour(0), visit('I', "4W", from(hour(0))))
	o := order("1", "o1", "ann")
	o.Visit = "V1"
	c.says(hour(1), hospital.Fact{Reason: o})
	right := visit('I', "4W", from(hour(0)))
	right.Visit.Patient = mrn("2")
	if changed := c.says(hour(2), right); len(changed) != 2 {
		t.Errorf("%d changed", len(changed))
	}
	if len(c.patient("1").Visits)+len(c.patient("1").Edges) != 0 || len(c.patient("2").Visits) != 1 || len(c.patient("2").Edges) != 1 {
		t.Errorf("%+v, %+v", c.patient("1"), c.patient("2"))
	}
	c.says(hour(1), visit('I', "5W", from(hour(0)))) // late, from before it was moved
	if len(c.patient("1").Visits) != 0 || len(c.patient("2").Visits) != 1 {
		t.Error("a late word moves it back")
	}
	other := visit('O', "CL", from(hour(48)))
	other.Visit.Patient = mrn("3")
	c.says(hour(48), other)
	if len(c.patient("2").Visits) != 1 || len(c.patient("3").Visits) != 1 {
		t.Error("two visits of one number are one")
	}
	if id, _ := c.FindVisit("V1"); id != c.patient("3").ID {
		t.Error("the latest of a number is not found")
	}
}

// A visit that moves within one moment, so that nothing else is new about it, is with whom it came to: shown, kept, and looked at again.
func TestVisitMovesAtOnce(t *testing.T) {
	c := newClinic(t)
	c.KeepUnpacked(1)
	c.says(hour(0), patient("2", person("Reed", "Ben")))
	c.says(hour(0), visit('I', "4W", from(hour(0))))
	renamed := visit(0, "", from(hour(0)))
	renamed.Visit.Number, renamed.Visit.Former = "V2", "V1"
	o := order("1", "o1", "ann")
	o.Visit = "V1"
	c.says(hour(1), hospital.Fact{Reason: o})
	c.says(hour(1), renamed)
	if len(c.patient("2").Visits) != 0 {
		t.Fatal("it moved by itself")
	}
	right := visit('I', "", from(hour(0)))
	right.Visit.Patient, right.Visit.Number = mrn("2"), "V2"
	if changed := c.says(hour(1), right); len(changed) != 2 {
		t.Errorf("%d changed", len(changed))
	}
	if p := c.patient("2"); len(p.Visits) != 1 || len(p.Edges) != 1 {
		t.Errorf("%d visits, %d edges", len(p.Visits), len(p.Edges))
	}
	if p := c.patient("1"); len(p.Visits)+len(p.Edges) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestVisitChangesItsNumber(t *testing.T) {
	c := newClinic(t)
	c.says(hour(0), visit('E', "ED", from(hour(0))))
	renamed := visit('I', "4W")
	renamed.Visit.Number, renamed.Visit.Former = "V2", "V1"
	c.says(hour(3), renamed)
	if got := c.stays("1"); got != "0-: ED 0-3, 4W 3-" {
		t.Error(got)
	}
	for _, n := range []string{"V1", "V2"} {
		if id, m := c.FindVisit(n); id != c.patient("1").ID || m != hospital.ByVisit {
			t.Errorf("%s leads to %d", n, id)
		}
	}
	late := visit(0, "XR", since(hour(1)))
	late.Visit.Moved = time.Time{}
	c.says(hour(2), late)
	if got := c.stays("1"); got != "0-: ED 0-2, XR 2-3, 4W 3-" {
		t.Error(got)
	}
}

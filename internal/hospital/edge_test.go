package hospital_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

func TestEdges(t *testing.T) {
	by := func(login string) func(*hospital.ReasonFact) {
		return func(f *hospital.ReasonFact) { f.By.Text = login }
	}
	void := func(f *hospital.ReasonFact) { f.Void = true }
	nobody := func(f *hospital.ReasonFact) { f.Who = nil }
	done := func(f *hospital.ReasonFact) { f.To = hour(9) }
	put := func(from, to int) func(*hospital.ReasonFact) {
		return func(f *hospital.ReasonFact) { f.From, f.To = hour(from), hour(to) }
	}
	o := func(when int, change ...func(*hospital.ReasonFact)) said {
		f := order("1", "o1", "ann")
		f.From = hour(0)
		for _, c := range change {
			c(f)
		}
		return said{hour(when), hospital.Fact{Reason: f}}
	}
	for _, c := range []struct {
		name string
		says []said
		want string
	}{
		{"made", []said{o(0)}, "ann by ann 0 from 0"},
		{"made twice", []said{o(0), o(0)}, "ann by ann 0 from 0"},
		{"done", []said{o(0), o(9, done, by(""))}, "ann by ann 0 from 0 to 9"},
		{"put off", []said{o(0, put(4, 5)), o(3, put(6, 7))}, "ann by ann 0 from 6 to 7"},
		{"put off, and heard of first", []said{o(3, put(6, 7)), o(0, put(4, 5))}, "ann by ann 0 from 6 to 7"},
		{"said twice at once", []said{o(0, put(6, 7)), o(0, put(4, 5))}, "ann by ann 0 from 4 to 7"},
		{"another acts", []said{o(0), o(3, by("ben"))}, "ann by ann 0 from 0 touched 3"},
		{"another acts, and is heard first", []said{o(3, by("ben")), o(0)}, "ann by ann 0 from 0 touched 3"},
		{"the maker acts again", []said{o(0), o(3)}, "ann by ann 0 from 0"},
		{"the maker acts under another login", []said{o(0), o(3, by("ann2"))}, "ann by ann 0 from 0"},
		{"cancelled", []said{o(0), o(2, void)}, "ann by ann 0 from 0 void 2"},
		{"cancelled, and heard of first", []said{o(2, void), o(0)}, "ann by ann 0 from 0 void 2"},
		{"cancelled twice", []said{o(0), o(2, void), o(5, void)}, "ann by ann 0 from 0 void 2"},
		{"cancelled and made again", []said{o(0), o(2, void), o(4)}, "ann by ann 0 from 0"},
		{"made again and cancelled", []said{o(0), o(2, void), o(4), o(5, void)}, "ann by ann 0 from 0 void 5"},
		{"heard of in another order", []said{o(5, void), o(4), o(0), o(2, void)}, "ann by ann 0 from 0 void 5"},
		{"all of it is cancelled", []said{o(0), o(2, void, nobody)}, "ann by ann 0 from 0 void 2"},
		{"all of it is cancelled, and heard of first", []said{o(2, void, nobody), o(0)}, "ann by ann 0 from 0 void 2"},
		{"all of it is done by another", []said{o(0), o(9, done, nobody, by("ben"))}, "ann by ann 0 from 0 to 9 touched 9"},
		{"waited for whoever does it, and then one did", []said{o(0, nobody, by("")), o(2)}, "ann by ann 2 from 0"},
		{"a word on what is not known", []said{o(2, void, nobody, func(f *hospital.ReasonFact) { f.From = time.Time{} })}, ""},
		{"nobody in particular", []said{o(1, nobody, by("")), o(1, nobody, by(""))}, " by  1 from 0"},
	} {
		h := newClinic(t)
		h.says(hour(0), hospital.Fact{Staff: &hospital.StaffFact{Number: "100", Logins: []string{"ann", "ann2"}}})
		for _, s := range c.says {
			h.says(s.when, s.fact)
		}
		got := ""
		for _, e := range h.patient("1").Edges {
			got += fmt.Sprintf("%s by %s %v", h.Text(e.Who), h.Text(e.By), e.Made.Sub(hour(0)).Hours())
			for _, m := range []struct {
				word string
				when time.Time
			}{{"from", e.From}, {"to", e.To}, {"void", e.Voided}, {"touched", e.Touched}} {
				if !m.when.IsZero() {
					got += fmt.Sprint(" ", m.word, " ", m.when.Sub(hour(0)).Hours())
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

// Who turns out to be one person by a later row of HR did not act as another, also where that was looked at before.
func TestOneWithTwoLogins(t *testing.T) {
	c := newClinic(t)
	c.says(hour(0), hospital.Fact{Reason: order("1", "o1", "ann")})
	again := order("1", "o1", "ann")
	again.By.Text = "ann2"
	c.says(hour(3), hospital.Fact{Reason: again})
	if e := c.patient("1").Edges[0]; !e.Touched.Equal(hour(3)) {
		t.Errorf("%+v", e)
	}
	c.says(hour(4), hospital.Fact{Staff: staff("100", "ann", "ann2")})
	if e := c.patient("1").Edges[0]; !e.Touched.IsZero() {
		t.Errorf("%+v", e)
	}
}

func TestEdgeByVisitAlone(t *testing.T) {
	c := newClinic(t)
	c.says(hour(0), visit('I', "4W"))
	o := order("1", "o1", "ann")
	o.Patient, o.Visit = nil, "V1"
	if changed := c.says(hour(1), hospital.Fact{Reason: o}); len(changed) != 1 || len(c.patient("1").Edges) != 1 {
		t.Error("the patient is not found by the visit")
	}
	o.Patient, o.Visit = mrn("1"), "V8" // of which nothing else is known
	if c.says(hour(1), hospital.Fact{Reason: o}); len(c.patient("1").Visits) != 1 {
		t.Error("a number is a visit")
	}
	o.Patient, o.Visit = nil, "V9"
	if changed := c.says(hour(1), hospital.Fact{Reason: o}); len(changed) != 0 || c.Overview().Limits.Nobody != 1 {
		t.Error("a reason of nobody is not counted")
	}
}

// A broken sender makes no patient grow without end.
func TestBounds(t *testing.T) {
	c := newClinic(t)
	for n := range 5000 {
		when := hour(0).Add(time.Duration(n) * time.Minute)
		c.says(when, hospital.Fact{Reason: order("1", fmt.Sprint("o", n), "ann")})
	}
	p := c.patient("1")
	if len(p.Edges) > 2048 || len(p.Edges) < 1700 || p.Faded.IsZero() {
		t.Errorf("%d edges, faded %v", len(p.Edges), p.Faded)
	}
	if newest := p.Edges[len(p.Edges)-1]; newest.Key != c.EdgeKey(hospital.Order, "o4999") {
		t.Error("the newest is gone")
	}
	for n := range 600 {
		f := visit('O', "CL", from(hour(n)))
		f.Visit.Number = fmt.Sprint("V", n)
		c.says(hour(n), f)
	}
	if p = c.patient("1"); len(p.Visits) > 256 || !p.Visits[len(p.Visits)-1].Start.Equal(hour(599)) {
		t.Errorf("%d visits", len(p.Visits))
	}
	dropped := visit('O', "CL", from(hour(0)))
	dropped.Visit.Number, dropped.Visit.Patient = "V0", mrn("2")
	if c.says(hour(600), dropped); len(c.patient("2").Visits) != 1 {
		t.Error("a number that was dropped elsewhere cannot be used again")
	}
	for n := range 300 {
		c.says(hour(600+n), visit('I', fmt.Sprint("unit", n%7)))
	}
	stays := 0
	for _, v := range c.patient("1").Visits {
		stays = max(stays, len(v.Stays))
	}
	if stays > 64 || stays < 32 {
		t.Errorf("%d stays of one visit", stays)
	}
	big := person("Moss", "Ada")
	for n := range 1000 {
		big.Phones = append(big.Phones, fmt.Sprintf("555%07d", n))
		big.Kin = append(big.Kin, hospital.Kinship{Family: fmt.Sprint("Kin", n), Given: "Eva"})
	}
	f := patient("1", big)
	for n := range 1000 {
		f.Patient.IDs = append(f.Patient.IDs, hospital.Identifier{Authority: fmt.Sprint("A", n), Type: "MR", Value: "1"})
	}
	c.says(hour(1000), f)
	if _, ids, _ := c.Reveal(p.ID); len(ids) > 64 {
		t.Errorf("%d numbers", len(ids))
	}
	if p = c.patient("1"); len(p.Identity.Phones) > 8 || len(p.Identity.Kin) > 16 {
		t.Errorf("%d phones, %d kin", len(p.Identity.Phones), len(p.Identity.Kin))
	}
	if c.Overview().Limits.Dropped < 3000 {
		t.Errorf("%d dropped", c.Overview().Limits.Dropped)
	}
}

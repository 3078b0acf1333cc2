package hospital_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/vault"
)

// told writes all that a house says of the patients with these numbers and of all who work here, in words that do not depend on the
// order in which it heard of them.
func told(t rapid.TB, h *hospital.House, numbers []string) string {
	t.Helper()
	var b strings.Builder
	name := func(id hospital.PatientID) string {
		if id == 0 {
			return "nobody"
		}
		_, ids, err := h.Reveal(id)
		if err != nil || len(ids) == 0 {
			t.Fatal(err)
		}
		return ids[0].Value
	}
	for _, n := range numbers {
		id, m := h.Find(mrn(n))
		p := h.Patient(id)
		if p == nil {
			fmt.Fprintf(&b, "%s is nobody\n", n)
			continue
		}
		who, ids, err := h.Reveal(id)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(ids, func(a, b hospital.Identifier) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		fmt.Fprintf(&b, "%s is %s, %v: %+v %v %s\n", n, name(id), m, who, ids, h.Token(id))
		id1 := p.Identity
		slices.Sort(id1.Phones)
		slices.Sort(id1.Former)
		fmt.Fprintf(&b, " %+v vip %v canary %v test %v dead %v staff %v mother %s faded %v\n", id1, p.VIP, p.Canary, p.Test, p.Dead, h.Staff(p.Staff) != nil, name(p.Mother), p.Faded)
		var lines []string
		for _, c := range p.Children {
			lines = append(lines, "child "+name(c))
		}
		for _, l := range append(p.Labels, p.Listed...) {
			lines = append(lines, "label "+h.Text(l))
		}
		for _, v := range p.Visits {
			lines = append(lines, visitText(h, &v))
		}
		for _, e := range p.Edges {
			lines = append(lines, fmt.Sprintf("edge %v %v %s by %s %x %v %v made %v void %v touched %v at %v", e.Kind, e.As, h.Text(e.Who), h.Text(e.By), e.Key, e.From, e.To, e.Made, e.Voided, e.Touched, e.Place))
		}
		slices.Sort(lines)
		fmt.Fprintln(&b, " "+strings.Join(lines, "\n "))
	}
	tellStaff(&b, h, name)
	return b.String()
}

func visitText(h *hospital.House, v *hospital.Visit) string {
	text := fmt.Sprintf("visit %x %c %s %v %v", v.Key, v.Class, h.Text(v.Service), v.Start, v.End)
	for _, s := range v.Stays {
		text += fmt.Sprintf(", %s %v %v", h.Text(s.Unit), s.From, s.To)
	}
	var diagnoses []string
	for _, d := range v.Diagnoses {
		diagnoses = append(diagnoses, h.Text(d))
	}
	slices.Sort(diagnoses)
	return text + fmt.Sprint(diagnoses)
}

func tellStaff(b *strings.Builder, h *hospital.House, name func(hospital.PatientID) string) {
	var all []string
	for s := range h.AllStaff() {
		var names []string
		for _, n := range s.Names {
			names = append(names, h.Text(n))
		}
		slices.Sort(names)
		text := fmt.Sprintf("%s %s %v %s %s %v %v %v %v, patient %s", s.Number, names, s.Family, h.Text(s.Dept), h.Text(s.Job), s.Type, s.Start, s.End, s.Suspended, name(s.Patient))
		shifts, rostered := h.Duty(s.ID, noon(-100), noon(400))
		var duty []string
		for _, d := range shifts {
			duty = append(duty, fmt.Sprint(h.Text(d.Unit), d.From, d.To, d.Covers != 0, d.OnCall))
		}
		slices.Sort(duty)
		all = append(all, fmt.Sprint(text, duty, rostered))
	}
	slices.Sort(all)
	fmt.Fprintln(b, strings.Join(all, "\n"))
}

// anyFact draws one of the facts whose order means nothing, for what was said later holds.
func anyFact(t *rapid.T) hospital.Fact {
	number := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "patient")
	login := rapid.SampledFrom([]string{"ann", "ben", "cat"})
	unit := rapid.SampledFrom([]string{"ED", "4W", "ICU"})
	moment := func(name string) time.Time { return hour(rapid.IntRange(0, 300).Draw(t, name)) }
	switch rapid.SampledFrom([]string{"patient", "merge", "visit", "reason", "mark", "shift", "mother", "staff"}).Draw(t, "kind") {
	case "staff":
		f := staff("100", "ann")
		f.Human = person("Moss", "Ada")
		f.Human.National = rapid.SampledFrom([]string{"AB12345", "CD12345"}).Draw(t, "national")
		f.Human.Street, f.Human.Postcode = "12 Mill Lane", "00042"
		f.Department = rapid.SampledFrom([]string{"MED", "LAB"}).Draw(t, "department")
		return hospital.Fact{Staff: f}
	case "patient":
		p := person(rapid.SampledFrom([]string{"Moss", "Reed", ""}).Draw(t, "family"), "Ada")
		p.Street, p.Postcode = rapid.SampledFrom([]string{"12 Mill Lane", ""}).Draw(t, "street"), "00042"
		p.National = rapid.SampledFrom([]string{"AB12345", "CD12345", ""}).Draw(t, "national")
		f := patient(number, p)
		f.Patient.Dead = rapid.Bool().Draw(t, "dead")
		if rapid.Bool().Draw(t, "without") {
			f.Patient.Without = []hospital.Detail{hospital.Death}
			f.Patient.Dead = false
		}
		return f
	case "merge":
		other := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "other")
		return merge(number, other)
	case "visit":
		f := &hospital.VisitFact{Patient: mrn(number), Number: number + rapid.SampledFrom([]string{"a", "b"}).Draw(t, "visit"), Unit: unit.Draw(t, "unit")}
		f.Class = rapid.SampledFrom([]byte{'I', 'E', 0}).Draw(t, "class")
		f.Cancelled = rapid.IntRange(0, 5).Draw(t, "cancelled") == 0
		if rapid.Bool().Draw(t, "moved") {
			f.Moved = moment("since")
		}
		if rapid.Bool().Draw(t, "ends") {
			f.End = moment("end")
		}
		f.Diagnoses = []string{rapid.SampledFrom([]string{"I10", "E11"}).Draw(t, "diagnosis")}
		return hospital.Fact{Visit: f}
	case "reason":
		f := order(number, rapid.SampledFrom([]string{"o1", "o2"}).Draw(t, "key"), login.Draw(t, "who"))
		f.By.Text = login.Draw(t, "by")
		f.Void = rapid.Bool().Draw(t, "void")
		if rapid.IntRange(0, 3).Draw(t, "nobody") == 0 {
			f.Who = nil
		}
		if rapid.Bool().Draw(t, "begins") {
			f.From = moment("from")
		}
		if rapid.Bool().Draw(t, "ends") {
			f.To = moment("to")
		}
		return hospital.Fact{Reason: f}
	case "mark":
		return hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn(number), Kind: rapid.SampledFrom([]string{"vip", "canary", "restricted"}).Draw(t, "mark"), Label: "L", Void: rapid.Bool().Draw(t, "off")}}
	case "mother":
		return hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn(number), Mother: mrn(rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "mother"))}}
	}
	begin := moment("begin")
	return shift(login.Draw(t, "on duty"), begin, begin.Add(8*time.Hour), func(f *hospital.ShiftFact) { f.Void = rapid.Bool().Draw(t, "void") })
}

// Whatever the order in which facts come, and however often, the house is the same.
func TestOrderMeansNothing(t *testing.T) {
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(rapid.Custom(anyFact), 1, 40).Draw(t, "facts")
		for i := range facts {
			facts[i].Said = hour(24).Add(time.Duration(i) * 3 * time.Hour)
			facts[i].Seen = hour(24 * 30)
			facts[i].Place = hospital.Place{Entry: uint64(i)}
		}
		shuffled := rapid.Permutation(append(slices.Clone(facts), facts[:len(facts)/2]...)).Draw(t, "shuffled")
		one, other := hospital.New(v, options()), hospital.New(v, options())
		if rapid.Bool().Draw(t, "small") {
			other.KeepUnpacked(0) // all but what is being worked on is packed
		}
		for i := range facts {
			one.Take(&facts[i])
		}
		for i := range shuffled {
			other.Take(&shuffled[i])
		}
		numbers := []string{"1", "2", "3", "4"}
		if d := cmp.Diff(told(t, one, numbers), told(t, other, numbers)); d != "" {
			t.Fatal(d)
		}
		for i := range facts { // all is known
			if changed := one.Take(&facts[i]); len(changed) != 0 {
				t.Fatalf("fact %d again changes %v", i, changed)
			}
		}
	})
}

package hospital_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/vault"
)

// clinic is a house in a test, with words for what its systems say.
type clinic struct {
	t testing.TB
	*hospital.House
	vault *vault.Vault
	entry uint64
}

func newClinic(t testing.TB) *clinic {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	return &clinic{t: t, House: hospital.New(v, options()), vault: v}
}

func options() hospital.Options {
	return hospital.Options{Authority: "ALDER", Aliases: map[string]string{"urn:oid:2.16.840.1.113883.19.5": "ALDER"}}
}

// noon is day n of the tests, at twelve.
func noon(n int) time.Time { return time.Date(2026, 3, 1+n, 12, 0, 0, 0, time.UTC) }

func mrn(number string) []hospital.Identifier {
	return []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: number}}
}

// says has the house take in a fact, said at a time.
func (c *clinic) says(when time.Time, f hospital.Fact) []hospital.PatientID {
	c.t.Helper()
	c.entry++
	f.Said, f.Seen, f.Place = when, when.Add(time.Second), hospital.Place{Entry: c.entry}
	if f.Source == "" {
		f.Source = "test"
	}
	changed := c.Take(&f)
	if err := c.Err(); err != nil {
		c.t.Fatal(err)
	}
	return changed
}

// patient is the one with this number of the house.
func (c *clinic) patient(number string) *hospital.Patient {
	c.t.Helper()
	id, _ := c.Find(mrn(number))
	p := c.Patient(id)
	if p == nil {
		c.t.Fatalf("nobody has number %s", number)
	}
	return p
}

func person(family, given string) hospital.Human {
	return hospital.Human{Family: family, Given: given, Born: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func patient(number string, p hospital.Human) hospital.Fact {
	return hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn(number), Human: p}}
}

func by(login string) []hospital.Who {
	return []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: login}}}
}

func order(number, key, login string) *hospital.ReasonFact {
	return &hospital.ReasonFact{Patient: mrn(number), Kind: hospital.Order, Key: key, Who: by(login), By: hospital.Name{Text: login}}
}

func TestNumbersAreTheirAuthoritys(t *testing.T) {
	c := newClinic(t)
	north := []hospital.Identifier{{Authority: "NORTH", Type: "MR", Value: "0042"}}
	c.says(noon(0), patient("0042", person("Moss", "Ada")))
	c.says(noon(0), hospital.Fact{Patient: &hospital.PatientFact{IDs: north, Human: person("Reed", "Ben")}})
	c.says(noon(0), hospital.Fact{Visit: &hospital.VisitFact{Patient: mrn("0042"), Number: "V1", Class: 'I', Unit: "4W"}})
	for _, q := range []struct {
		ids   []hospital.Identifier
		who   string
		match hospital.Match
	}{
		{mrn("0042"), "Moss", hospital.Exact},
		{north, "Reed", hospital.Exact},
		{[]hospital.Identifier{{Value: "0042"}}, "Moss", hospital.ByDefault},
		{[]hospital.Identifier{{Authority: "urn:oid:2.16.840.1.113883.19.5", Value: "0042"}}, "Moss", hospital.Exact},
		{[]hospital.Identifier{{Value: "9999"}, {Type: "VN", Value: "V1"}}, "Moss", hospital.ByVisit},
		{[]hospital.Identifier{{Value: "42"}}, "", hospital.None},
		{[]hospital.Identifier{{Type: "VN", Value: "V2"}}, "", hospital.None},
		{nil, "", hospital.None},
	} {
		id, match := c.Find(q.ids)
		who, _, err := c.Reveal(id)
		if err != nil || who.Family != q.who || match != q.match {
			t.Errorf("%v: %s, %v, %v; want %s, %v", q.ids, who.Family, match, err, q.who, q.match)
		}
	}
	if c.Overview().Patients != 2 {
		t.Errorf("%d patients, for asking makes none", c.Overview().Patients)
	}
}

func TestLatestWordHolds(t *testing.T) {
	c := newClinic(t)
	married := person("Stone", "Ada")
	married.Former = []string{"Moss"}
	c.says(noon(2), patient("1", married))
	old := person("Moss", "Ada")
	old.Street, old.City = "12 Mill Lane", "Alder"
	if changed := c.says(noon(1), patient("1", old)); len(changed) != 1 {
		t.Error("an address that was not known changes nothing")
	}
	who, _, err := c.Reveal(c.patient("1").ID)
	if err != nil {
		t.Fatal(err)
	}
	want := married
	want.Street, want.City = "12 Mill Lane", "Alder"
	if d := cmp.Diff(want, who); d != "" {
		t.Error(d)
	}
	if changed := c.says(noon(1), patient("1", old)); len(changed) != 0 {
		t.Error("the same again changes something")
	}
	without := hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn("1"), Without: []hospital.Detail{hospital.Address}}}
	if c.says(noon(3), without); c.patient("1").Identity.Address != 0 {
		t.Error("an address that was deleted is there")
	}
}

// A trial on a few files begins without anybody saying whose numbers are the house's own.
func TestNobodySaidWhoseNumbers(t *testing.T) {
	c := newClinic(t)
	c.House = hospital.New(c.vault, hospital.Options{})
	c.says(noon(0), hospital.Fact{Mark: &hospital.MarkFact{Patient: []hospital.Identifier{{Value: "1"}}, Kind: "vip"}}) // a list
	c.says(noon(1), patient("1", person("Moss", "Ada")))
	c.says(noon(1), patient("2", person("Reed", "Ben")))
	if !c.patient("1").VIP || c.Overview().Patients != 2 {
		t.Error("the list is of somebody else")
	}
	bare := []hospital.Identifier{{Value: "2"}}
	if id, m := c.Find(bare); id != c.patient("2").ID || m != hospital.ByDefault {
		t.Errorf("%d, %v", id, m)
	}
	c.says(noon(2), hospital.Fact{Patient: &hospital.PatientFact{IDs: []hospital.Identifier{{Authority: "NORTH", Type: "MR", Value: "2"}}}})
	if id, _ := c.Find(bare); id != 0 {
		t.Error("one of two who have the number")
	}
}

// A number of the nation that two people share, by a mistake or a lie, does not make one of them.
func TestNumbersOfTheNation(t *testing.T) {
	c := newClinic(t)
	national := hospital.Identifier{Authority: "US", Type: "SS", Value: "123-45-6780"}
	with := func(number string) []hospital.Identifier {
		return append([]hospital.Identifier{national}, mrn(number)...)
	}
	c.says(noon(0), hospital.Fact{Patient: &hospital.PatientFact{IDs: with("1"), Human: person("Moss", "Ada")}})
	c.says(noon(0), hospital.Fact{Patient: &hospital.PatientFact{IDs: with("2"), Human: person("Reed", "Ben")}})
	if c.patient("1").ID == c.patient("2").ID || c.Overview().Limits.Conflicts != 0 {
		t.Error("two are one")
	}
	if id, m := c.Find(with("2")); id != c.patient("2").ID || m != hospital.Exact {
		t.Error("the number of the nation counts before that of the house")
	}
	if id, _ := c.Find([]hospital.Identifier{national}); id != c.patient("1").ID {
		t.Error("the number of the nation alone finds nobody")
	}
	both := append(mrn("1"), mrn("2")...)
	c.says(noon(1), hospital.Fact{Patient: &hospital.PatientFact{IDs: both, VIP: true}})
	if !c.patient("1").VIP || c.patient("2").VIP || c.Overview().Limits.Conflicts != 1 {
		t.Error("a message about two is not counted, or counts for both")
	}
}

// What a sender writes where it knows no number is everybody's: it leads to a few, and what is said of each patient stays with them.
func TestNumbersOfEverybody(t *testing.T) {
	c := newClinic(t)
	for n := range 300 {
		number := fmt.Sprint(n)
		p := person(fmt.Sprint("Moss", n), "Ada")
		p.National = "NOTKNOWN"
		c.says(hour(n), patient(number, p))
		v := visit('O', "CL", from(hour(n)))
		v.Visit.Patient, v.Visit.Number = mrn(number), "0"
		c.says(hour(n), v)
	}
	for n := range 300 {
		if p := c.patient(fmt.Sprint(n)); len(p.Visits) != 1 || !p.Visits[0].Start.Equal(hour(n)) {
			t.Fatalf("patient %d: %+v", n, p.Visits)
		}
	}
	if o := c.Overview(); o.Patients != 300 || o.Limits.Crowded != 2*(300-65) {
		t.Errorf("%+v", o)
	}
}

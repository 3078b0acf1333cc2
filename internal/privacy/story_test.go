package privacy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// want compares what is before a person with what should be.
func (c *clinic) want(cases ...string) {
	c.Helper()
	got := c.open()
	slices.Sort(got)
	slices.Sort(cases)
	if d := cmp.Diff(cases, got); d != "" {
		c.Error(d)
	}
}

// elm lives where a nurse of 5E does, and lies on 4W.
func (c *clinic) elm() {
	c.patient("2000", hospital.Human{Family: "Elm", Given: "Oscar", Street: "7 High Street", Postcode: "N1", City: "Alder"})
	c.lies("2000", "4W", at(0, "06:00"))
	c.works("ann", "4W", at(0, "07:00"), at(0, "19:00"))
	c.works("eve", "5E", at(0, "07:00"), at(0, "19:00"))
}

// The nurse on whose ward a patient lies has a reason; one who lives with the patient and works elsewhere has none.
func TestSpouseOnAnotherWard(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.opens("ann", "2000", at(0, "10:00"))
	c.opens("eve", "2000", at(0, "11:00"))
	c.until(at(1, "08:59"))
	c.want()
	c.until(at(1, "11:00"))
	c.want("user eve: 2000")
	k := c.engine.Cases(privacy.Filter{Lanes: []privacy.Lane{privacy.Ranked}})[0]
	if k.Text.Headline == "" || len(k.Touches) != 1 || k.Touches[0].Touch.Counts[judge.Open] != 3 || k.Opened.Sub(at(0, "11:00")) > 24*time.Hour {
		t.Errorf("%+v", k)
	}
}

// Whom the site lists as one who must not look is asked, though both are nobody's household.
func TestFormerPartner(t *testing.T) {
	c := newClinic(t)
	c.lies("1003", "4W", at(0, "06:00"))
	c.works("eve", "5E", at(0, "07:00"), at(0, "19:00"))
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("1003"), Kind: "listed", Who: []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: "eve"}}}}})
	c.opens("eve", "1003", at(0, "11:00"))
	c.until(at(2, "00:00"))
	c.want("user eve: 1003")
}

// A reason that comes late takes a case back before anybody looked, and is noted on one that somebody looks at.
func TestReasonComesLate(t *testing.T) {
	order := func(c *clinic) {
		c.says(hospital.Fact{Said: at(1, "20:00"), Reason: &hospital.ReasonFact{
			Patient: mrn("2000"), Kind: hospital.Consult, Key: "C1", From: at(0, "09:00"), Who: []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: "eve"}}},
			By: hospital.Name{Text: "dov"},
		}})
		c.until(at(1, "21:00"))
	}
	t.Run("before the day is over", func(t *testing.T) {
		c := newClinic(t)
		c.elm()
		c.opens("eve", "2000", at(0, "21:00"))
		c.until(at(1, "19:00"))
		order(c)
		c.until(at(3, "00:00"))
		c.want()
	})
	t.Run("before anybody looked", func(t *testing.T) {
		c := newClinic(t)
		c.elm()
		c.opens("eve", "2000", at(0, "11:00"))
		c.until(at(1, "19:00"))
		c.want("user eve: 2000")
		order(c)
		c.want()
		if got := c.open(privacy.Withdrawn); len(got) != 1 {
			t.Error(got)
		}
	})
	t.Run("while somebody looks", func(t *testing.T) {
		c := newClinic(t)
		c.elm()
		c.opens("eve", "2000", at(0, "11:00"))
		c.until(at(1, "19:00"))
		id := c.engine.Cases(privacy.Filter{Lanes: []privacy.Lane{privacy.Ranked}})[0].ID
		if _, err := c.engine.View(id, privacy.Viewer{Name: "okafor"}, at(1, "19:00")); err != nil {
			t.Fatal(err)
		}
		order(c)
		c.want("user eve: 2000")
		if k := c.engine.Cases(privacy.Filter{Lanes: []privacy.Lane{privacy.Ranked}})[0]; k.Arrived.IsZero() || !strings.Contains(k.Text.Paragraphs[1], "A reason arrived on Tuesday 3 March") {
			t.Errorf("nobody says that a reason came: %v", k.Text.Paragraphs)
		}
	})
}

// Three look at a guest who is known, and nothing explains it: one case about the patient, not three.
func TestCuriosityCascade(t *testing.T) {
	c := newClinic(t)
	c.patient("3000", hospital.Human{Family: "Star", Given: "Stella"})
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("3000"), Kind: "vip"}})
	c.lies("3000", "4W", at(0, "06:00"))
	c.works("eve", "5E", at(0, "07:00"), at(0, "19:00"))
	c.opens("eve", "3000", at(0, "10:10"))
	c.opens("reg", "3000", at(0, "10:20"))
	c.opens("boss", "3000", at(0, "10:30"))
	c.until(at(0, "13:00"))
	c.want("patient eve reg boss: 3000") // the third one gave it away
	c.until(at(2, "00:00"))
	c.want("patient eve reg boss: 3000")
}

// What is bad enough does not wait a day: the case is there within two hours. A reason that comes takes it back, and a pair that a person explained makes
// no further one.
func TestLookedAtEarly(t *testing.T) {
	bad := func() *clinic {
		c := newClinic(t)
		c.elm()
		c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("2000"), Kind: "vip"}})
		c.opens("eve", "2000", at(0, "11:00"))
		c.until(at(0, "12:00"))
		c.want()
		c.until(at(0, "13:00"))
		c.want("user eve: 2000")
		if err := c.engine.Recode(); err != nil { // that it was looked at is kept
			t.Error(err)
		}
		return c
	}
	c := bad()
	c.says(hospital.Fact{Said: at(0, "14:00"), Reason: &hospital.ReasonFact{
		Patient: mrn("2000"), Kind: hospital.Order, Key: "O1", From: at(0, "09:00"), Who: []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: "eve"}}}, By: hospital.Name{Text: "dov"},
	}})
	c.until(at(1, "12:00"))
	c.want()
	c = bad()
	c.decide(c.engine.Cases(privacy.Filter{})[0].ID, privacy.Explained, at(0, "15:00"))
	c.opens("eve", "2000", at(1, "11:00"))
	c.until(at(3, "00:00"))
	c.want()
}

// A case that waits holds more than it shows. What it does not show goes over to the case about the patient like anything else.
func TestCascadeOfWhatIsNotShown(t *testing.T) {
	c := newClinic(t, func(c *privacy.Config) { c.Threshold = -12 })
	for n := range 110 { // one account at two machines, which is a case about the account, too weak to be opened
		number := fmt.Sprint("M", n)
		c.patient(number, hospital.Human{Family: fmt.Sprint("Moor", n)})
		for turn := range 3 {
			c.does(at(0, "09:00").Add(time.Duration(n)*time.Minute+time.Duration(turn)*5*time.Second), look{User: "reg", Verb: "read", Native: "Chart review", Patient: []string{number}, Station: fmt.Sprint("WS-", max(0, 5-n)*turn%2), Object: fmt.Sprint(turn)})
		}
	}
	c.until(at(1, "09:30"))
	c.want()
	for n, login := range []string{"eve", "boss", "pat"} {
		c.opens(login, "M109", at(0, "11:00").Add(time.Duration(n)*time.Minute))
	}
	c.until(at(3, "00:00"))
	c.want("patient eve reg pat: M109") // boss came second, when nothing was odd yet
}

// Who has a reason is no part of a cascade: two without one are two cases.
func TestNoCascade(t *testing.T) {
	c := newClinic(t)
	c.patient("3000", hospital.Human{Family: "Star", Given: "Stella"})
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("3000"), Kind: "vip"}})
	c.lies("3000", "4W", at(0, "06:00"))
	c.works("ann", "4W", at(0, "07:00"), at(0, "19:00"))
	c.works("eve", "5E", at(0, "07:00"), at(0, "19:00"))
	c.opens("ann", "3000", at(0, "10:00"))
	c.opens("eve", "3000", at(0, "10:10"))
	c.opens("reg", "3000", at(0, "10:20"))
	c.until(at(2, "00:00"))
	c.want("user eve: 3000", "user reg: 3000")
}

// Those who come one by one are before a person one by one. When each is asked about for the last time, nothing is made of it: neither a
// case without accesses nor a feed that is silent.
func TestCascadeOfWhatIsBeforeAPerson(t *testing.T) {
	c := newClinic(t)
	c.patient("3000", hospital.Human{Family: "Star", Given: "Stella"})
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("3000"), Kind: "vip"}})
	c.opens("eve", "3000", at(0, "10:10"))
	c.opens("reg", "3000", at(0, "16:10"))
	c.opens("boss", "3000", at(0, "20:10"))
	c.until(at(2, "00:00"))
	c.want("user eve: 3000", "user reg: 3000", "patient boss: 3000")
	c.decide(c.engine.Cases(privacy.Filter{Kinds: []privacy.CaseKind{privacy.PatientCase}})[0].ID, privacy.Unclear, at(2, "00:00"))
	c.until(at(12, "00:00"))
	c.want("user eve: 3000", "user reg: 3000")
	c.told()
	if s := c.engine.State(); s.Held != 0 || s.Open != 2 {
		t.Errorf("%+v", s)
	}
}

// Among many who look after a patient three without a reason are no sign of anything, not even a week later when what is explained has
// long been put away.
func TestThreeAmongMany(t *testing.T) {
	judged := 0
	c := newClinic(t, func(c *privacy.Config) {
		c.Judged = func(_ *judge.Touch, v *judge.Verdict, k *judge.Known) {
			if k.Others < 2 || v.Explained {
				return
			}
			judged++
			if k.Readers != 43 || slices.ContainsFunc(v.Flags, func(f judge.Flag) bool { return f.ID == "F26" }) {
				t.Errorf("%d of %d: %+v", k.Others+1, k.Readers, v.Flags)
			}
		}
	})
	c.lies("1003", "4W", at(0, "00:00"))
	for n := range 40 {
		login := fmt.Sprint("nurse", n)
		c.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "N" + login, Logins: []string{login}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", Units: []string{"4W"}}})
		day := n % 3
		c.works(login, "4W", at(day, "00:00"), at(day, "23:00"))
		c.opens(login, "1003", at(day, "12:00"))
	}
	for n, login := range []string{"reg", "pat", "boss"} {
		c.opens(login, "1003", at(1, fmt.Sprintf("1%d:00", n)))
	}
	c.until(at(12, "00:00"))
	if judged < 2 {
		t.Errorf("%d touches with two others", judged)
	}
}

// How many of those who opened a record are without a reason anyway is known after two weeks: from what their departments are usually
// without.
func TestUsualReaders(t *testing.T) {
	var usual []float64
	c := newClinic(t, func(c *privacy.Config) {
		c.Own = 24 * time.Hour
		c.Judged = func(touch *judge.Touch, v *judge.Verdict, k *judge.Known) {
			if k.Usual > 0 {
				usual = append(usual, k.Usual)
			}
		}
	})
	for n := range 5000 {
		number := fmt.Sprint(10000 + n)
		c.patient(number, hospital.Human{Family: fmt.Sprint("Heath", n)})
		c.lies(number, "4W", at(0, "00:00"))
	}
	c.works("ann", "4W", at(0, "07:00"), at(0, "19:00"))
	for n := range 5000 {
		c.opens("ann", fmt.Sprint(10000+n), at(0, "09:00"))
		c.opens("reg", fmt.Sprint(10000+n), at(0, "10:00"))
	}
	c.opens("boss", "10000", at(0, "11:00"))
	c.until(at(2, "12:00"))
	for _, login := range []string{"reg", "pat", "boss", "ward"} {
		c.opens(login, "1004", at(2, "13:00"))
	}
	c.until(at(5, "00:00"))
	// Nothing explains what the registration opened, and half of what the house did. Of the privacy office little is known.
	if len(usual) == 0 || slices.ContainsFunc(usual, func(u float64) bool { return u < 0.8 || u > 0.95 }) {
		t.Errorf("%v", usual)
	}
}

// A reason that one makes oneself after looking is none.
func TestSelfMadeReason(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.opens("eve", "2000", at(0, "11:00"))
	c.says(hospital.Fact{Said: at(0, "11:20"), Reason: &hospital.ReasonFact{
		Patient: mrn("2000"), Kind: hospital.CareTeam, Key: "T1", From: at(0, "11:20"), Who: []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: "eve"}}},
		By: hospital.Name{Text: "eve"},
	}})
	c.until(at(2, "00:00"))
	c.want("user eve: 2000")
}

// Who has left, and looks, is told of at once; however often, it is one case.
func TestLeaver(t *testing.T) {
	c := newClinic(t)
	c.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "108", Logins: []string{"gone"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", End: at(-3, "00:00"), Human: hospital.Human{Family: "Gorse", Given: "Gil"}}})
	c.until(at(0, "09:00"))
	c.opens("gone", "1001", at(0, "09:30"))
	c.opens("gone", "1002", at(0, "09:40"))
	c.want("account gone: 1001 1002")
	if a := c.engine.Alarms(); len(a) != 2 || a[0].Flag.ID != "F19" || a[0].Case != a[1].Case {
		t.Errorf("%+v", a)
	}
	c.until(at(2, "00:00"))
	c.want("account gone: 1001 1002")
}

// A record that is a trap tells at once, and is the case of who fell into it.
func TestCanary(t *testing.T) {
	c := newClinic(t)
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("1009"), Kind: "canary"}})
	c.until(at(0, "09:00"))
	c.opens("reg", "1009", at(0, "09:30"))
	c.want("user reg: 1009")
	if k := c.engine.Cases(privacy.Filter{})[0]; k.Lane != privacy.Urgent {
		t.Error(k.Lane)
	}
}

// A report about a thousand patients is told of at once; a search that finds a thousand is not.
func TestBulkExport(t *testing.T) {
	c := newClinic(t)
	c.until(at(0, "09:00"))
	c.does(at(0, "09:10"), look{User: "reg", Verb: "search", Native: "Patient search", Query: "S", Count: 1000})
	c.want()
	c.does(at(0, "09:30"), look{User: "reg", Verb: "export", Native: "Export report", Count: 1000})
	c.want("account reg:")
}

// An export that names its patients is one case, whoever they are, and so is a day of far too many records.
func TestExportIsOneCase(t *testing.T) {
	c := newClinic(t, func(c *privacy.Config) { c.Export = 20 })
	c.until(at(0, "09:00"))
	var all []string
	for n := range 30 {
		all = append(all, fmt.Sprint(1000+n))
	}
	c.does(at(0, "09:30"), look{User: "reg", Verb: "export", Native: "Export report", Patient: all})
	c.until(at(12, "00:00"))
	c.want("account reg: " + strings.Join(all, " "))
	if n := len(c.engine.Alarms()); n != 1 {
		t.Errorf("a person was told of it %d times", n)
	}
	id := c.engine.Cases(privacy.Filter{})[0].ID
	c.decide(id, privacy.Violation, at(12, "00:00"))
	c.does(at(0, "09:40"), look{User: "reg", Verb: "export", Native: "Export report", Patient: []string{"1000"}}) // one more row is reported late
	c.until(at(14, "00:00"))
	c.want()
}

// A case shows a hundred touches, and knows how many patients it is about.
func TestLongCase(t *testing.T) {
	c := newClinic(t)
	c.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "108", Logins: []string{"gone"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", End: at(-3, "00:00"), Human: hospital.Human{Family: "Gorse", Given: "Gil"}}})
	c.until(at(0, "09:00"))
	for n := range 130 {
		c.opens("gone", fmt.Sprint(5000+n), at(0, "09:30"))
	}
	k := c.engine.Cases(privacy.Filter{})[0]
	c.until(at(12, "00:00"))
	if again := c.engine.Cases(privacy.Filter{}); len(again) != 1 || len(again[0].Touches) != 100 {
		t.Fatalf("%d cases", len(again))
	}
	c.decide(k.ID, privacy.Violation, at(12, "00:00"))
	if k := c.engine.Cases(privacy.Filter{States: []privacy.CaseState{privacy.Closed}})[0]; k.Breach.Patients != 130 {
		t.Errorf("%d patients", k.Breach.Patients)
	}
}

// Of a report that names nobody the number counts that it states, also for the clocks of the law.
func TestReportOfThousands(t *testing.T) {
	c := newClinic(t)
	c.until(at(0, "09:00"))
	c.does(at(0, "09:30"), look{User: "reg", Verb: "export", Native: "Export report", Count: 1200})
	id := c.engine.Cases(privacy.Filter{})[0].ID
	c.decide(id, privacy.Violation, at(0, "12:00"))
	k := c.engine.Cases(privacy.Filter{States: []privacy.CaseState{privacy.Closed}})[0]
	if k.Breach.Patients != 1200 || k.Breach.Clocks[2].Rule != "US-HIPAA-HHS-L" {
		t.Errorf("%+v", k.Breach)
	}
}

// Two records turn out to be one patient's between the look and its reason: the reason counts.
func TestMergeInBetween(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.patient("2001", hospital.Human{Family: "Elm", Given: "Oscar", Street: "7 High Street", Postcode: "N1", City: "Alder"})
	c.opens("ann", "2001", at(0, "11:00")) // the record without the stay
	c.opens("eve", "2001", at(0, "12:00"))
	c.opens("eve", "2000", at(0, "12:30")) // and the one with: together that is one touch of one record
	c.until(at(1, "09:00"))
	c.says(hospital.Fact{Said: at(1, "09:30"), Merge: &hospital.MergeFact{Survivor: mrn("2000"), Retired: mrn("2001")}})
	c.until(at(3, "00:00"))
	c.want("user eve: 2000")
	id, _ := c.house.Find(mrn("2000"))
	seen, err := c.engine.WhoSaw(id, at(0, "00:00"), at(3, "00:00"))
	if err != nil || len(seen) != 2 || seen[0].Template != "" || seen[1].Template != "E09" {
		t.Errorf("%+v %v", seen, err)
	}
}

// A touch of a case that is one of another record since a merge, and has a reason there, takes the case back.
func TestMergeBringsTheReason(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.patient("2001", hospital.Human{Family: "Alder", Given: "Abe", Street: "1 Mill Lane", Postcode: "N1", City: "Alder"})
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("2001"), Kind: "vip"}})
	c.opens("ann", "2001", at(0, "11:00"))
	c.until(at(0, "14:00"))
	c.want("user ann: 2001")
	c.says(hospital.Fact{Said: at(0, "14:30"), Merge: &hospital.MergeFact{Survivor: mrn("2000"), Retired: mrn("2001")}})
	c.until(at(3, "00:00"))
	c.want()
}

// An earlier reason is handed on for 30 days, and not by what was itself only handed on.
func TestReasonHandedOn(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.says(hospital.Fact{Said: at(0, "20:00"), Visit: &hospital.VisitFact{Patient: mrn("2000"), Number: "V20004W", Class: 'I', End: at(0, "20:00")}})
	for _, day := range []int{0, 20, 45} {
		c.opens("ann", "2000", at(day, "10:00"))
		c.until(at(day+2, "00:00"))
	}
	id, _ := c.house.Find(mrn("2000"))
	seen, err := c.engine.WhoSaw(id, at(0, "00:00"), at(60, "00:00"))
	if err != nil || len(seen) != 3 || seen[2].Template != "E09" || seen[1].Template != "E23" || seen[0].Explained {
		t.Errorf("%+v %v", seen, err)
	}
}

// Who makes a reason while an earlier one still explains does not thereby have one of their own, which would be handed on for ever.
func TestMadeReasonIsNotHandedOn(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.says(hospital.Fact{Said: at(0, "20:00"), Visit: &hospital.VisitFact{Patient: mrn("2000"), Number: "V20004W", Class: 'I', End: at(0, "20:00")}})
	for _, day := range []int{0, 20, 36} {
		c.opens("ann", "2000", at(day, "10:00"))
		if day == 20 {
			c.says(hospital.Fact{Said: at(day, "09:55"), Reason: &hospital.ReasonFact{
				Patient: mrn("2000"), Kind: hospital.Order, Key: "O1", From: at(day, "09:55"), To: at(day, "09:55"), Who: []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: "ann"}}},
				By: hospital.Name{Text: "ann"},
			}})
		}
		c.until(at(day+2, "00:00"))
	}
	id, _ := c.house.Find(mrn("2000"))
	seen, err := c.engine.WhoSaw(id, at(0, "00:00"), at(60, "00:00"))
	if err != nil || len(seen) != 3 || seen[2].Template != "E09" || seen[1].Template != "E23" || seen[0].Explained {
		t.Errorf("%+v %v", seen, err)
	}
}

// That a patient stood in a list takes nothing from the reason of the week before.
func TestListTakesNoReasonAway(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.says(hospital.Fact{Said: at(0, "20:00"), Visit: &hospital.VisitFact{Patient: mrn("2000"), Number: "V20004W", Class: 'I', End: at(0, "20:00")}})
	c.opens("ann", "2000", at(0, "10:00"))
	c.until(at(2, "00:00"))
	c.works("ann", "4W", at(5, "07:00"), at(5, "19:00"))
	c.does(at(5, "10:00"), look{User: "ann", Verb: "list", Native: "Patient list", Patient: []string{"2000"}})
	c.until(at(8, "00:00"))
	c.opens("ann", "2000", at(10, "10:00"))
	c.until(at(12, "00:00"))
	id, _ := c.house.Find(mrn("2000"))
	seen, err := c.engine.WhoSaw(id, at(10, "00:00"), at(60, "00:00"))
	if err != nil || len(seen) != 1 || seen[0].Template != "E23" {
		t.Errorf("%+v %v", seen, err)
	}
}

// A touch does not explain itself: when its reason turns out to be void, what it was explained by before counts for nothing.
func TestReasonTurnsOutVoid(t *testing.T) {
	c := newClinic(t)
	c.elm()
	consult := hospital.ReasonFact{
		Patient: mrn("2000"), Kind: hospital.Order, Key: "O1", From: at(0, "09:00"), Who: []hospital.Who{{Kind: hospital.Person, Name: hospital.Name{Text: "eve"}}},
		By: hospital.Name{Text: "dov"},
	}
	c.says(hospital.Fact{Said: at(0, "09:00"), Reason: &consult})
	c.opens("eve", "2000", at(0, "11:00"))
	c.until(at(1, "12:00"))
	c.want()
	consult.Void = true
	c.says(hospital.Fact{Said: at(0, "15:00"), Reason: &consult})
	c.does(at(0, "11:30"), look{User: "eve", Verb: "read", Native: "Notes", Patient: []string{"2000"}}) // and one more access is reported late
	c.until(at(3, "00:00"))
	id, _ := c.house.Find(mrn("2000"))
	seen, err := c.engine.WhoSaw(id, at(0, "00:00"), at(3, "00:00"))
	if err != nil || len(seen) != 1 || seen[0].Explained {
		t.Errorf("%+v %v", seen, err)
	}
}

// A nurse of the pool has no ward of her own; the roster says where she is today.
func TestFloatNurse(t *testing.T) {
	c := newClinic(t)
	c.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "109", Logins: []string{"flo"}, Title: "Registered nurse", Family: "nursing", Department: "POOL", Human: hospital.Human{Family: "Elm", Given: "Flo", Street: "7 High Street", Postcode: "N1", City: "Alder"}}})
	c.elm()
	c.works("flo", "4W", at(0, "07:00"), at(0, "19:00"))
	c.opens("flo", "2000", at(0, "11:00"))
	c.until(at(3, "00:00"))
	c.want()
}

// A doctor is asked for advice on the corridor: nothing says so, but nothing else speaks against it either.
func TestConsultWithoutRecord(t *testing.T) {
	c := newClinic(t)
	c.says(hospital.Fact{Said: at(0, "06:00"), Visit: &hospital.VisitFact{Patient: mrn("1005"), Number: "V5", Class: 'I', Service: "SUR", Unit: "5E", Start: at(0, "06:00")}})
	c.works("dov", "4W", at(0, "07:00"), at(0, "19:00"))
	c.opens("dov", "1005", at(0, "11:00"))
	c.until(at(9, "00:00"))
	c.want()
	if h := c.engine.Health(); h.All.Touches != 1 || h.All.Explained != 0 {
		t.Errorf("%+v", h.All)
	}
}

// What a person found to have a reason is not asked again for 90 days; what is hard is.
func TestExplainedIsLeftAlone(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.opens("eve", "2000", at(0, "11:00"))
	c.until(at(1, "13:00"))
	c.decide(c.engine.Cases(privacy.Filter{Lanes: []privacy.Lane{privacy.Ranked}})[0].ID, privacy.Explained, at(1, "14:00"))
	c.opens("eve", "2000", at(9, "11:00"))
	c.until(at(12, "00:00"))
	c.want()
	c.says(hospital.Fact{Said: at(12, "00:00"), Mark: &hospital.MarkFact{Patient: mrn("2000"), Kind: "canary"}})
	c.opens("eve", "2000", at(12, "11:00"))
	c.want("user eve: 2000")
}

// What a person judged is not asked again when its time is up or something else is heard of the patient; what is done on another day is.
func TestJudgedOnce(t *testing.T) {
	for _, o := range []privacy.Outcome{privacy.Violation, privacy.Policy, privacy.Duplicate, privacy.Unclear, privacy.Explained} {
		c := newClinic(t)
		c.elm()
		c.opens("eve", "2000", at(0, "11:00"))
		c.until(at(1, "13:00"))
		c.decide(c.engine.Cases(privacy.Filter{Lanes: []privacy.Lane{privacy.Ranked}})[0].ID, o, at(1, "14:00"))
		c.lies("2000", "5E", at(2, "06:00"))
		c.until(at(12, "00:00"))
		c.want()
		if o == privacy.Explained {
			continue
		}
		c.opens("eve", "2000", at(12, "11:00"))
		c.until(at(14, "00:00"))
		c.want("user eve: 2000")
	}
}

func (c *clinic) decide(id string, o privacy.Outcome, when time.Time) {
	c.Helper()
	if err := c.engine.Decide(id, privacy.Decision{Outcome: o, Why: "asked", By: privacy.Viewer{Name: "okafor"}, At: when}); err != nil {
		c.Fatal(err)
	}
}

// A case is shown neither to whom it is about nor to who reports to them.
func TestFourEyes(t *testing.T) {
	c := newClinic(t)
	c.patient("2005", hospital.Human{Family: "Birch", Given: "Una", Street: "3 Mill Lane", Postcode: "N1", City: "Alder"})
	c.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "106", Logins: []string{"boss"}, Title: "Manager", Family: "office", Department: "REG", Human: hospital.Human{Family: "Birch", Given: "Bo", Street: "3 Mill Lane", Postcode: "N1", City: "Alder"}}})
	c.opens("boss", "2005", at(0, "11:00"))
	c.until(at(2, "00:00"))
	c.want("user boss: 2005")
	id := c.engine.Cases(privacy.Filter{})[0].ID
	for login, may := range map[string]bool{"boss": false, "reg": false, "ann": true, "": true} {
		v := privacy.Viewer{Name: login + "@console"}
		if st := c.house.StaffNamed(c.house.Ref(login)); st != nil {
			v.Staff = st.ID
		}
		if got := len(c.engine.Cases(privacy.Filter{By: v})) == 1; got != may {
			t.Errorf("%q sees it: %v", login, got)
		}
		if _, err := c.engine.View(id, v, at(2, "00:00")); (err == nil) != may {
			t.Errorf("%q opens it: %v", login, err)
		}
		if may {
			continue
		}
		if err := c.engine.Decide(id, privacy.Decision{Outcome: privacy.Violation, By: v, At: at(2, "00:00")}); err != privacy.ErrNoCase {
			t.Errorf("%q decides it: %v", login, err)
		}
	}
}

// ward plays days of a ward, on one of which the feed that carries its reasons falls silent from eight in the morning on.
func (c *clinic) ward(days, on int) {
	silent := func(day, hour int) bool { return day == on && hour >= 8 }
	for day := range days {
		for hour := 7; hour < 19; hour++ {
			for n := range 25 {
				number := fmt.Sprint(5000 + day*1000 + hour*30 + n)
				when := at(day, fmt.Sprintf("%02d:%02d", hour, n*2))
				c.patient(number, hospital.Human{Family: fmt.Sprint("Birk", n), Given: "Io"})
				if !silent(day, hour) || n%4 == 0 {
					c.says(hospital.Fact{Said: when.Add(-time.Hour), Visit: &hospital.VisitFact{Patient: mrn(number), Number: "V" + number, Class: 'I', Service: "MED", Unit: "4W", Start: when.Add(-time.Hour)}})
				}
				c.does(when, look{User: "ann", Verb: "read", Native: "Chart review", Patient: []string{number}, Station: "WS-ann"})
			}
			c.until(at(day, fmt.Sprintf("%02d:59", hour)))
		}
		c.works("ann", "4W", at(day, "06:30"), at(day, "19:30"))
		if day == on { // and in the silence somebody opens what looks bad by itself
			c.opens("ann", "2000", at(day, "15:00"))
			c.patient("2010", hospital.Human{Family: "Alder", Given: "Abe", Street: "1 Mill Lane", Postcode: "N1", City: "Alder"})
			c.opens("ann", "2010", at(day, "15:30"))
		}
	}
	c.until(at(days, "00:00"))
}

// A feed that carries the reasons of a ward falls silent. That makes one finding and no case, but for what is hard.
func TestFeedFallsSilent(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.ward(16, 12)
	c.want()
	alarms := c.engine.Alarms()
	if len(alarms) != 1 || !alarms[0].Feed {
		t.Errorf("%+v", alarms)
	}
	if share, known := c.engine.Shares().Unexplained[c.house.Ref("WARDS")]; !known || share > 0.02 {
		t.Errorf("nothing explains %v of what the ward opens: the silence counts", share)
	}
}

// What a silent feed did not say within a week is lost: what is bad enough comes before a person then, although less was explained.
func TestFeedStaysSilent(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.patient("2010", hospital.Human{Family: "Alder", Given: "Abe", Street: "1 Mill Lane", Postcode: "N1", City: "Alder"})
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("2010"), Kind: "vip"}})
	c.ward(19, 12)
	c.want()
	c.until(at(20, "12:00"))
	c.want("user ann: 2010")
	if s := c.engine.State(); s.Held != 0 {
		t.Errorf("%d are held", s.Held)
	}
}

// What is usual is not known after three days: nothing is held then, whatever is missing.
func TestNothingIsUsualAtFirst(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.ward(6, 3)
	if alarms := c.engine.Alarms(); len(alarms) != 0 {
		t.Errorf("%+v", alarms)
	}
}

// HR says a day later that somebody had left before.
func TestLeaverIsKnownLate(t *testing.T) {
	c := newClinic(t)
	c.lies("1001", "4W", at(0, "06:00"))
	c.works("ann", "4W", at(0, "07:00"), at(0, "19:00"))
	c.opens("ann", "1001", at(0, "10:00"))
	c.until(at(0, "20:00"))
	c.want()
	c.says(hospital.Fact{Said: at(0, "20:00"), Staff: &hospital.StaffFact{Number: "101", Logins: []string{"ann"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", Units: []string{"4W"}, End: at(-3, "00:00"), Human: hospital.Human{Family: "Alder", Given: "Ann"}}})
	c.until(at(3, "00:00"))
	c.want("account ann: 1001")
}

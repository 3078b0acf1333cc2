package privacy_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// done is something that somebody did, and when.
type done struct {
	when time.Time
	look look
}

// someDay makes accesses of all sorts: by few accounts, to few records, by two systems, with searches of which each is reported
// for every patient that it found.
func someDay(r *rand.Rand) (list []done) {
	users, natives := []string{"ann", "eve", "reg"}, []string{"Chart review", "Notes", "HIV results", "Face sheet"}
	for range 60 {
		when := at(r.IntN(2), "00:00").Add(time.Duration(r.IntN(86400)) * time.Second)
		l := look{User: users[r.IntN(3)], Verb: "read", Native: natives[r.IntN(4)], Patient: []string{fmt.Sprint(1000 + r.IntN(5))}, Station: fmt.Sprint("WS-", r.IntN(3)), Source: "EHR"}
		switch r.IntN(6) {
		case 0: // another system reports the same, a moment later
			list = append(list, done{when, l})
			l.Source, l.Native = "PACS", "110103"
			when = when.Add(time.Duration(1+r.IntN(4)) * time.Second) // of two in one second, that of the system heard of first counts
		case 1:
			l.Verb, l.Native, l.Corr, l.Query = "search", "Patient search", fmt.Sprint("R", r.IntN(1000)), "stone"
			for p := range 4 {
				l.Patient = []string{fmt.Sprint(1000 + p)}
				list = append(list, done{when, l})
			}
		case 2:
			l.Reason = fmt.Sprint("reason ", r.IntN(9))
		}
		list = append(list, done{when, l})
	}
	return list
}

// What a touch says depends on what was done, not on the order in which it was heard nor on how often.
func TestOrderAndRepeatsMeanNothing(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		day := someDay(r)
		touches := func(list []done) []judge.Touch {
			c := newClinic(t)
			for _, d := range list {
				c.does(d.when, d.look)
			}
			if err := c.engine.Recode(); err != nil {
				t.Fatal(err)
			}
			all := c.engine.Touches()
			for i := range all {
				for k := range all[i].Places { // numbers of names depend on what was heard first
					all[i].Places[k] = c.house.Ref(c.house.Text(all[i].Places[k]))
				}
			}
			return named(c, all)
		}
		want := touches(day)
		again := slices.Clone(day)
		for range 30 {
			again = append(again, day[r.IntN(len(day))])
		}
		r.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
		if d := gocmp.Diff(want, touches(again), cmpopts.IgnoreTypes(hospital.Place{}), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// named puts touches in an order, with names' numbers as one clinic gives them.
func named(c *clinic, all []judge.Touch) []judge.Touch {
	words := map[hospital.Ref]hospital.Ref{}
	for n, w := range []string{"ann", "eve", "reg", "WS-0", "WS-1", "WS-2", "hiv", "identity"} {
		if r := c.house.Ref(w); r != 0 {
			words[r] = hospital.Ref(n + 1)
		}
	}
	for i := range all {
		t := &all[i]
		t.User = words[t.User]
		for _, list := range [][]hospital.Ref{t.Sensitive, t.Places} {
			for k := range list {
				list[k] = words[list[k]]
			}
			slices.Sort(list)
		}
		for k := range t.Evidence {
			t.Evidence[k].Where = words[t.Evidence[k].Where]
		}
		slices.SortFunc(t.Evidence, func(a, b judge.Access) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Act, b.Act), cmp.Compare(a.Native, b.Native), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Source, b.Source))
		})
	}
	slices.SortFunc(all, func(a, b judge.Touch) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.User, b.User), cmp.Compare(a.Patient, b.Patient))
	})
	return all
}

// Two systems that report one access within five seconds are two witnesses of one.
func TestTwoWitnesses(t *testing.T) {
	for gap, want := range map[time.Duration]uint32{0: 1, 5 * time.Second: 1, 6 * time.Second: 2} {
		c := newClinic(t)
		c.does(at(0, "10:00"), look{User: "ann", Verb: "read", Native: "Chart review", Patient: []string{"1001"}, Source: "EHR"})
		c.does(at(0, "10:00").Add(gap), look{User: "ann", Verb: "read", Native: "110103", Patient: []string{"1001"}, Source: "PACS"})
		if got := c.engine.Touches()[0].Counts[judge.Open]; got != want {
			t.Errorf("%v apart: %d accesses, want %d", gap, got, want)
		}
	}
}

// A search that finds forty patients is one search, and no record is open because of it.
func TestSearchIsOneListing(t *testing.T) {
	c := newClinic(t)
	for n := range 30 {
		c.does(at(0, "10:00").Add(time.Duration(n)*time.Second), look{User: "reg", Verb: "search", Native: "Query", Patient: []string{fmt.Sprint(1000 + n)}, Corr: "X-1"})
	}
	w := c.engine.WorkOf(c.house.Ref("reg"), at(0, "10:00"))
	if w.Searches != 1 || w.Patients != 0 || w.Unopened != 1 {
		t.Errorf("%+v", w)
	}
	c.until(at(9, "00:00"))
	if h := c.engine.Health(); h.All.Touches != 0 {
		t.Errorf("%d touches, want none: nothing was opened", h.All.Touches)
	}
}

// What happens without anybody asking is nothing.
func TestBackgroundIsNothing(t *testing.T) {
	c := newClinic(t)
	c.does(at(0, "10:00"), look{User: "ann", Verb: "read", Native: "Print group background refresh", Patient: []string{"1001"}})
	if n := len(c.engine.Touches()); n != 0 {
		t.Errorf("%d touches", n)
	}
}

// The days are those of the house's own calendar: 23:30 in New York is the next day in UTC.
func TestDayOfTheHouse(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip(err)
	}
	c := newClinic(t, func(c *privacy.Config) { c.Zone = zone })
	c.does(time.Date(2026, 3, 8, 4, 59, 0, 0, time.UTC), look{User: "ann", Verb: "read", Patient: []string{"1001"}}) // the night of a change of clocks
	c.does(time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC), look{User: "ann", Verb: "read", Patient: []string{"1001"}})
	c.does(time.Date(2026, 3, 9, 3, 59, 0, 0, time.UTC), look{User: "ann", Verb: "read", Patient: []string{"1001"}})
	c.does(time.Date(2026, 3, 9, 4, 0, 0, 0, time.UTC), look{User: "ann", Verb: "read", Patient: []string{"1001"}})
	var days []int32
	for _, t := range c.engine.Touches() {
		days = append(days, t.Day)
	}
	slices.Sort(days)
	if len(days) != 3 || days[2]-days[0] != 2 {
		t.Errorf("days %v", days)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		again, err := privacy.Decode(body)
		if err != nil {
			return
		}
		second, err := privacy.Decode(again)
		if err != nil || !bytes.Equal(again, second) {
			t.Errorf("%x is read and written as %x, and then as %x: %v", body, again, second, err)
		}
	})
}

// One system that reports two accesses within a second had two, also where another system bears witness.
func TestTwoOfOneSystem(t *testing.T) {
	c := newClinic(t)
	for n := range 2 {
		c.does(at(0, "10:00").Add(time.Duration(n)*time.Second), look{User: "ann", Verb: "read", Native: "Chart review", Patient: []string{"1001"}, Source: "EHR"})
	}
	c.does(at(0, "10:00").Add(4*time.Second), look{User: "ann", Verb: "read", Native: "110103", Patient: []string{"1001"}, Source: "PACS"})
	if got := c.engine.Touches()[0].Counts[judge.Open]; got != 2 {
		t.Errorf("%d accesses, want 2", got)
	}
}

// What a system marks as nobody's doing is nothing; of several counts of one search the greatest holds.
func TestBackgroundByMark(t *testing.T) {
	c := newClinic(t)
	c.does(at(0, "10:00"), look{User: "ann", Verb: "read", Native: "Chart review", Patient: []string{"1001"}, Background: true})
	if n := len(c.engine.Touches()); n != 0 {
		t.Errorf("%d touches", n)
	}
	for n, count := range []int{50, 400, 20} {
		c.does(at(0, "11:00").Add(time.Duration(n)*time.Second), look{User: "ann", Verb: "export", Native: "Export report", Corr: "R1", Count: count})
	}
	if w := c.engine.WorkOf(c.house.Ref("ann"), at(0, "11:00")); w.Exported != 400 {
		t.Errorf("%d exported, want 400", w.Exported)
	}
}

// Who saw a record that was merged into another years ago is found under the other one.
func TestWhoSawBeforeMerge(t *testing.T) {
	c := newClinic(t)
	c.elm()
	c.opens("ann", "1001", at(0, "11:00"))
	c.opens("eve", "2000", at(0, "12:00"))
	c.until(at(20, "00:00")) // all is judged for good
	c.says(hospital.Fact{Said: at(20, "00:00"), Merge: &hospital.MergeFact{Survivor: mrn("2000"), Retired: mrn("1001")}})
	c.until(at(21, "00:00"))
	id, _ := c.house.Find(mrn("1001"))
	seen, err := c.engine.WhoSaw(id, at(0, "00:00"), at(1, "00:00"))
	if err != nil || len(seen) != 2 {
		t.Fatalf("%+v %v", seen, err)
	}
	c.opens("ann", "1001", at(0, "11:00")) // the file comes once more
	if seen, err = c.engine.WhoSaw(id, at(0, "00:00"), at(1, "00:00")); err != nil || len(seen) != 2 {
		t.Errorf("after a repeat: %+v %v", seen, err)
	}
}

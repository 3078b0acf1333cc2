package privacy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// alarms lists the flags of which a person was told at once, each once, with whose account it was.
func (c *clinic) alarms() (list []string) {
	for _, a := range c.engine.Alarms() {
		text := a.Flag.ID + " " + c.house.Text(a.User)
		if a.Feed {
			text = "feed"
		}
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

func (c *clinic) told(want ...string) {
	c.Helper()
	if got := c.alarms(); !slices.Equal(got, want) {
		c.Errorf("told of %v, want %v", got, want)
	}
}

// lists has the site's list say something.
func (c *clinic) lists(when time.Time, row map[string]string) {
	c.Helper()
	c.entry++
	fields, err := json.Marshal(map[string]any{"row": row})
	if err != nil {
		c.Fatal(err)
	}
	c.event(&event.Event{Class: c.tax.Class("hr", "list", ""), Time: when, Observed: when, Fields: fields}, nil)
}

// program does something over an interface.
func (c *clinic) program(when time.Time, name, ip string, l look) {
	c.Helper()
	l.App, l.IP = name, ip
	if l.User == "" {
		l.User = name
	}
	c.does(when, l)
}

func export() look {
	return look{Verb: "export", Native: "GET Patient/$export", Kind: "export"}
}

// An export of all is told of at once, also one by a program: nobody says how many it holds. Not that of a program which is
// registered for it and acts from where it should.
func TestExportOfAll(t *testing.T) {
	registered := map[string]string{"kind": "system", "reference": "10.20.0.0/16", "who": "warehouse", "who_kind": "system", "label": "export", "from": "2026-01-01", "status": "approved"}
	for _, tt := range []struct {
		name, program, ip string
		row               map[string]string
		want              []string
	}{
		{"of nobody knows whom", "warehouse", "10.20.7.7", nil, []string{"F20 warehouse"}},
		{"registered", "warehouse", "10.20.7.7", registered, nil},
		{"registered, from elsewhere in the house", "warehouse", "10.30.7.7", registered, []string{"F20 warehouse"}},
		{"registered, from the internet", "warehouse", "203.0.113.9", registered, []string{"F20 warehouse"}},
		{"of another one", "app", "10.20.7.7", registered, []string{"F20 app"}},
		{"registered without an address", "warehouse", "10.30.7.7", map[string]string{"kind": "system", "who": "warehouse", "label": "images export"}, nil},
		{"registered without an address, from the internet", "warehouse", "203.0.113.9", map[string]string{"kind": "system", "who": "warehouse", "label": "export"}, []string{"F20 warehouse"}},
		{"registered for something else", "warehouse", "10.20.7.7", map[string]string{"kind": "system", "who": "warehouse", "label": "images"}, []string{"F20 warehouse"}},
		{"no longer registered", "warehouse", "10.20.7.7", map[string]string{"kind": "system", "who": "warehouse", "label": "export", "to": "2026-02-01"}, []string{"F20 warehouse"}},
		{"announced for the day after", "warehouse", "10.20.7.7", map[string]string{"kind": "ticket", "who": "warehouse", "from": "2026-03-03T08:00:00Z", "to": "2026-03-03T18:00:00Z"}, []string{"F20 warehouse"}},
		{"announced for that day", "warehouse", "10.20.7.7", map[string]string{"kind": "ticket", "who": "warehouse", "from": "2026-03-02T08:00:00Z", "to": "2026-03-02T18:00:00Z"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(t)
			c.until(at(0, "08:00"))
			if tt.row != nil {
				c.lists(at(0, "08:10"), tt.row)
			}
			c.program(at(0, "10:00"), tt.program, tt.ip, export())
			c.program(at(0, "10:01"), tt.program, tt.ip, look{Verb: "list", Native: "GET job status", Kind: "export"})
			c.told(tt.want...)
		})
	}
}

// What a system was registered for ends when the list says so.
func TestSystemIsTakenOffTheList(t *testing.T) {
	c := newClinic(t)
	c.lists(at(0, "07:00"), map[string]string{"kind": "system", "who": "warehouse", "label": "export"})
	c.lists(at(0, "08:00"), map[string]string{"kind": "system", "who": "warehouse", "label": "export", "status": "removed"})
	c.program(at(0, "10:00"), "warehouse", "10.20.7.7", export())
	c.told("F20 warehouse")
}

// Who asks for one number after the other, most of which nobody has, guesses. Who reads what is there does not, in whatever order.
func TestGuessedNumbers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		asked   int
		number  func(n int) int
		missing func(n int) bool
		want    []string
	}{
		{"along a row", 20, func(n int) int { return 4000 + n }, func(n int) bool { return n%5 < 3 }, []string{"F14 app-user"}},
		{"a nightly job", 60, func(n int) int { return 4000 + n }, func(n int) bool { return n%10 >= 8 }, nil},
		{"here and there, most of it there", 120, func(n int) int { return 4000 + 37*n%1009*10 }, func(n int) bool { return n%3 == 0 }, nil},
		{"here and there", 80, func(n int) int { return 4000 + 37*n%1009*10 }, func(n int) bool { return n%5 < 3 }, []string{"F14 app-user"}},
		{"a few that were merged", 20, func(n int) int { return 4000 + 37*n%1009*10 }, func(n int) bool { return n%2 == 0 }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(t)
			c.until(at(0, "09:00"))
			for n := range tt.asked {
				id := fmt.Sprint("Patient/", tt.number(n))
				l := look{User: "app-user", Verb: "read", Native: "GET Patient/[id]", Kind: "chart", Object: id, Outcome: "minor"}
				if !tt.missing(n) {
					l.Outcome, l.Patient = "ok", []string{id}
				}
				c.program(at(0, "10:00").Add(time.Duration(n)*time.Second), "app", "203.0.113.9", l)
			}
			c.told(tt.want...)
		})
	}
}

// An account that fetches studies by the hundred is told of; one that looks at a day's images is not.
func TestScrapedImages(t *testing.T) {
	for _, tt := range []struct {
		studies int
		want    []string
	}{{20, nil}, {150, nil}, {400, []string{"F21 dov"}}} {
		c := newClinic(t)
		c.until(at(0, "09:00"))
		for n := range tt.studies {
			for part := range 2 { // of a study again and again
				c.program(at(0, "10:00").Add(time.Duration(2*n+part)*time.Second), "viewer", "10.20.1.11", look{User: "dov", Verb: "read", Native: "GET studies/[uid]", Kind: "study", Object: fmt.Sprint("2.25.", n)})
			}
		}
		if w := c.engine.WorkOf(c.house.Ref("dov"), at(0, "10:00")); w.Images != tt.studies {
			t.Errorf("%d studies are %d", tt.studies, w.Images)
		}
		c.told(tt.want...)
	}
}

// Where the house has registered which machines take images, any other is told of from the first day on.
func TestUnregisteredMachine(t *testing.T) {
	c := newClinic(t)
	c.until(at(0, "08:00"))
	c.lists(at(0, "08:10"), map[string]string{"kind": "system", "reference": "10.20.9.1", "who": "VIEWER", "who_kind": "system", "label": "images"})
	for n, m := range []struct{ ae, ip string }{{"VIEWER", "10.20.9.1"}, {"ROGUE", "10.20.9.2"}, {"VIEWER", "10.20.9.1"}} {
		c.does(at(0, "10:00").Add(time.Duration(n)*time.Minute), look{User: m.ae, AE: m.ae, IP: m.ip, Verb: "receive", Native: "110104", Kind: "study", Object: fmt.Sprint(n), Patient: []string{fmt.Sprint(1000 + n)}})
	}
	c.told("F21 ROGUE")
	c.does(at(1, "10:00"), look{User: "VIEWER", AE: "VIEWER", IP: "10.20.9.77", Verb: "receive", Native: "110104", Kind: "study", Object: "9", Patient: []string{"1009"}})
	c.told("F21 VIEWER")
}

// In the second week of watching a new machine is told of when it takes more than anybody looks at.
func TestNewMachineOfTheSecondWeek(t *testing.T) {
	for _, tt := range []struct {
		day, studies int
		want         []string
	}{{5, 30, nil}, {9, 15, nil}, {9, 30, []string{"F21 ROGUE"}}} {
		c := newClinic(t)
		for day := range tt.day {
			c.opens("ann", "1020", at(day, "09:00"))
			c.until(at(day, "23:00"))
		}
		for n := range tt.studies {
			c.does(at(tt.day, "10:00").Add(time.Duration(n)*time.Second), look{User: "ROGUE", AE: "ROGUE", Verb: "receive", Native: "110104", Kind: "study", Object: fmt.Sprint(n), Patient: []string{fmt.Sprint(1000 + n)}})
		}
		c.told(tt.want...)
	}
}

// gateway is what a VPN gateway says of somebody.
func (c *clinic) gateway(when time.Time, verb, user, ip string) {
	c.Helper()
	outcome := "ok"
	if verb == "login-fail" {
		outcome = "serious"
	}
	fields, err := json.Marshal(map[string]any{"access": look{Verb: verb, User: user, IP: ip, Outcome: outcome, Kind: "account"}})
	if err != nil {
		c.Fatal(err)
	}
	c.entry++
	c.event(&event.Event{Class: c.tax.Class("cisco", "asa", ""), Format: "syslog", Time: when, Observed: when, Fields: fields}, nil)
}

// An account that comes in from outside while it is in use at a workstation of the house is in two places.
func TestOutsideAndInside(t *testing.T) {
	type step struct {
		when, what, where string
	}
	for _, tt := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"both at once", []step{{"10:00", "opens", "WS-1"}, {"10:05", "login", "203.0.113.9"}, {"10:15", "opens", "WS-1"}}, []string{"F17 dov"}},
		{"went home", []step{{"10:00", "opens", "WS-1"}, {"10:20", "login", "203.0.113.9"}, {"10:25", "opens", "VDI-7"}}, nil},
		{"went home and came back", []step{{"10:00", "opens", "WS-1"}, {"10:20", "login", "203.0.113.9"}, {"10:45", "opens", "WS-1"}}, nil},
		{"left the session at home open", []step{{"06:00", "login", "203.0.113.9"}, {"07:00", "opens", "WS-1"}, {"07:05", "opens", "WS-1"}}, nil},
		{"the line broke at home", []step{{"06:00", "login", "203.0.113.9"}, {"06:05", "opens", "VDI-7"}, {"06:10", "login", "203.0.113.9"}, {"06:15", "opens", "VDI-7"}}, nil},
		{"was refused", []step{{"10:00", "opens", "WS-1"}, {"10:05", "login-fail", "203.0.113.9"}, {"10:15", "opens", "WS-1"}}, nil},
		{"from within the house", []step{{"10:00", "opens", "WS-1"}, {"10:05", "login", "10.20.1.1"}, {"10:15", "opens", "WS-1"}}, nil},
		{"signed out", []step{{"10:00", "opens", "WS-1"}, {"10:05", "logout", "203.0.113.9"}, {"10:15", "opens", "WS-1"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(t)
			c.until(at(0, "05:00"))
			for n, s := range tt.steps {
				if s.what != "opens" {
					c.gateway(at(0, s.when), s.what, `CLINIC\dov`, s.where)
					continue
				}
				c.does(at(0, s.when), look{User: "dov", Verb: "read", Native: "Chart review", Patient: []string{fmt.Sprint(1000 + n)}, Station: s.where})
			}
			c.told(tt.want...)
		})
	}
}

// A sign-in from abroad is told of when the account was in the house that morning, once the house knows where people sign in from.
func TestAbroadAndInside(t *testing.T) {
	for _, tt := range []struct {
		name, country string
		others        int
		want          []string
	}{
		{"abroad", "BR", 30, []string{"F17 dov"}},
		{"at home", "AT", 30, nil},
		{"nobody knows where home is", "BR", 5, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(t)
			c.until(at(0, "05:00"))
			for n := range tt.others {
				c.entry++
				c.event(c.signIn(at(0, "06:00").Add(time.Duration(n)*time.Minute), fmt.Sprint("u", n, "@alder.example.org"), "AT", "198.51.100.10"), nil)
			}
			c.opens("dov", "1001", at(0, "08:00"))
			c.entry++
			c.event(c.signIn(at(0, "11:00"), "dov@alder.example.org", tt.country, "203.0.113.9"), nil)
			c.told(tt.want...)
			if d := c.house.StaffNamed(c.house.Ref("dov")); d == nil {
				t.Fatal("nobody")
			}
		})
	}
}

// Somebody who left is told of when the gateway lets them in, before any record is opened.
func TestLeaverComesIn(t *testing.T) {
	c := newClinic(t)
	c.says(hospital.Fact{Staff: &hospital.StaffFact{Number: "110", Logins: []string{"gone"}, Title: "Registered nurse", Family: "nursing", End: at(-3, "00:00"), Human: hospital.Human{Family: "Gonne", Given: "Gil"}}})
	c.until(at(0, "08:00"))
	c.gateway(at(0, "20:00"), "login", "gone", "203.0.113.9")
	c.told("F19 gone")
}

// Of two places at once a person is told once, and not at each record.
func TestToldOnceOfTwoPlaces(t *testing.T) {
	c := newClinic(t)
	c.until(at(0, "05:00"))
	for n, clock := range []string{"10:00", "10:10", "10:15", "10:20"} {
		c.does(at(0, clock), look{User: "dov", Verb: "read", Native: "Chart review", Patient: []string{fmt.Sprint(1000 + n)}, Station: "WS-1"})
		if n == 0 {
			c.gateway(at(0, "10:05"), "login", "dov", "203.0.113.9")
		}
	}
	if n := len(c.engine.Alarms()); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// What else the account did on that day belongs to what a person was told of, unless something about the patient speaks for itself.
func TestTheDayOfWhichAPersonWasTold(t *testing.T) {
	c := newClinic(t)
	c.patient("2020", hospital.Human{Family: "Dorn", Given: "Ida"})
	c.says(hospital.Fact{Mark: &hospital.MarkFact{Patient: mrn("2020"), Kind: "vip"}})
	c.until(at(0, "05:00"))
	for n := range 40 { // and of what is searched for hardly anything is opened
		c.does(at(0, "08:00").Add(time.Duration(n)*time.Minute), look{User: "dov", Verb: "search", Native: "Patient search", Query: fmt.Sprintf("%c%c", 'a'+n%26, 'a'+n/26)})
	}
	c.does(at(0, "10:00"), look{User: "dov", Verb: "read", Native: "Chart review", Patient: []string{"1000"}, Station: "WS-1"})
	c.gateway(at(0, "10:05"), "login", "dov", "203.0.113.9")
	for n, number := range []string{"1001", "1002", "2020"} {
		c.does(at(0, "10:10").Add(time.Duration(n)*time.Minute), look{User: "dov", Verb: "read", Native: "Chart review", Patient: []string{number}, Station: "WS-1"})
	}
	c.until(at(3, "00:00"))
	c.want("account dov: 1001 1000 1002", "user dov: 2020")
}

// Another way in is one after emergency access was turned down, whatever was opened in the morning.
func TestWhenItWasTurnedDown(t *testing.T) {
	c := newClinic(t)
	c.opens("eve", "1001", at(0, "08:00"))
	c.does(at(0, "12:00"), look{User: "eve", Verb: "break-glass", Native: "Prompt", Outcome: "serious", Patient: []string{"1001"}})
	c.opens("eve", "1001", at(0, "12:10"))
	if got := c.engine.Touches()[0].DeclinedAt; !got.Equal(at(0, "12:00")) {
		t.Errorf("turned down at %v", got)
	}
}

// Each record that was opened is what the last search before it found, and no other.
func TestSearchesWithoutAnOpening(t *testing.T) {
	c := newClinic(t)
	for n := range 12 {
		when := at(0, "10:00").Add(time.Duration(n) * time.Minute)
		c.does(when, look{User: "reg", Verb: "search", Native: "Patient lookup", Query: []string{"stone", "adams", "birk", "zorn"}[n%4]})
		if n%6 == 0 {
			c.does(when.Add(10*time.Second), look{User: "reg", Verb: "read", Patient: []string{fmt.Sprint(1000 + n)}})
		}
	}
	if w := c.engine.WorkOf(c.house.Ref("reg"), at(0, "10:00")); w.Searches != 12 || w.Unopened != 10 {
		t.Errorf("%+v", w)
	}
}

// Who reads the records of a study that names the person may read them in a day. Others are counted.
func TestStudyIsReadInADay(t *testing.T) {
	for _, enrolled := range []int{100, 20} {
		c := newClinic(t)
		c.usual([]string{"reg", "pat"}, 40)
		day := 41
		c.says(hospital.Fact{Member: &hospital.MemberFact{Protocol: "PR-1", Staff: hospital.Name{Text: "reg"}, From: at(-30, "00:00")}})
		for n := range 100 {
			number := fmt.Sprint(5000 + n)
			c.patient(number, hospital.Human{Family: fmt.Sprint("Reed", n), Given: "Rae"})
			if n < enrolled {
				c.says(hospital.Fact{Reason: &hospital.ReasonFact{Patient: mrn(number), Kind: hospital.Research, Key: "R" + number, From: at(-30, "00:00"), Who: []hospital.Who{{Kind: hospital.Protocol, Name: hospital.Name{Text: "PR-1"}}}}})
			}
		}
		for n := range 100 {
			c.does(at(day, "10:00").Add(time.Duration(n)*time.Minute), look{User: "reg", Verb: "read", Native: "Chart review", Patient: []string{fmt.Sprint(5000 + n)}, Station: "WS-reg"})
		}
		want := []string{"F13 reg"}
		if enrolled == 100 {
			want = nil
		}
		c.told(want...)
	}
}

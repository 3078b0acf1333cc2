package hospital_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

func staff(number string, logins ...string) *hospital.StaffFact {
	return &hospital.StaffFact{Number: number, Logins: logins, Job: "RN", Title: "Staff nurse", Department: "MED", Units: []string{"4W"}, Employment: "employee"}
}

func (c *clinic) named(login string) *hospital.Staff {
	c.t.Helper()
	s := c.StaffNamed(c.Ref(login))
	if s == nil {
		c.t.Fatalf("nobody goes by %s", login)
	}
	return s
}

func (c *clinic) names(s *hospital.Staff) string {
	var all []string
	for _, n := range s.Names {
		all = append(all, c.Text(n))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestStaffByAnyName(t *testing.T) {
	c := newClinic(t)
	early := c.SawAtWork(c.Intern("ann2"), hour(0), 0) // before HR told of it
	if s := c.named("ANN2"); s.Number != "" || s.ID != early {
		t.Errorf("%+v", s)
	}
	boss := staff("100", "ann")
	boss.Manager = "900"
	c.says(hour(0), hospital.Fact{Staff: boss})
	c.says(hour(1), hospital.Fact{Staff: staff("100", "ann", "ann2", "npi7")})
	ann := c.named("ann")
	for _, n := range []string{"100", "ann2", " NPI7 "} {
		if c.named(strings.TrimSpace(n)) != ann {
			t.Errorf("%s is another", n)
		}
	}
	if c.Staff(early) != ann || ann.Family != hospital.Nursing || ann.Type != hospital.Employee || c.Text(ann.Dept) != "MED" {
		t.Errorf("%+v", ann)
	}
	c.says(hour(2), hospital.Fact{Staff: staff("900", "eva")})
	if m := c.Staff(ann.Manager); m == nil || m != c.named("eva") {
		t.Error("who is named as a manager before her own row is another")
	}
	n := 0
	for range c.AllStaff() {
		n++
	}
	if n != 2 {
		t.Errorf("%d work here", n)
	}
	// The login goes to somebody new.
	c.says(hour(3), hospital.Fact{Staff: staff("200", "ann")})
	if c.named("ann").Number != "200" || c.names(c.named("100")) != "100 ann2 npi7" {
		t.Errorf("%q", c.names(c.named("100")))
	}
	// An old export that is read again takes nothing back.
	c.says(hour(1), hospital.Fact{Staff: staff("100", "ann", "ann2")})
	if c.named("ann").Number != "200" {
		t.Error("the old export holds")
	}
	// A directory knows the person by another number, and by the login.
	c.says(hour(4), hospital.Fact{Source: "fhir", Staff: &hospital.StaffFact{Logins: []string{"prac-7", "ann"}}})
	if c.named("prac-7").Number != "200" {
		t.Error("the directory's number is of another")
	}
}

func TestLeaving(t *testing.T) {
	c := newClinic(t)
	row := func(change func(*hospital.StaffFact)) hospital.Fact {
		f := staff("100", "ann")
		change(f)
		return hospital.Fact{Source: "hr", Staff: f}
	}
	end := func(want time.Time) {
		t.Helper()
		if got := c.named("ann").End; !got.Equal(want) {
			t.Errorf("ends %v, not %v", got, want)
		}
	}
	c.says(noon(0), row(func(f *hospital.StaffFact) { f.End, f.Suspended = noon(5), noon(3) }))
	end(noon(5))
	c.says(noon(1), hospital.Fact{Source: "fhir", Staff: &hospital.StaffFact{Logins: []string{"ann"}}})
	end(noon(5)) // another system does not know
	if c.named("ann").Suspended.IsZero() {
		t.Error("not suspended any more")
	}
	c.says(noon(2), row(func(f *hospital.StaffFact) {}))
	end(time.Time{}) // HR takes it back
	if !c.named("ann").Suspended.IsZero() {
		t.Error("suspended")
	}
	c.says(noon(3), row(func(f *hospital.StaffFact) { f.Gone = true }))
	end(noon(3))
	c.says(noon(4), row(func(f *hospital.StaffFact) { f.Gone = true }))
	end(noon(3)) // since when, not until when it is said again
	// Who is not in an export is not taken for gone, but counted.
	c.says(noon(3), hospital.Fact{Staff: staff("200", "ben")})
	c.says(noon(9), hospital.Fact{Staff: staff("300", "cat")})
	if o := c.Overview(); o.Missing != 1 || o.Staff != 2 {
		t.Errorf("%+v", o)
	}
}

func shift(login string, from, to time.Time, change ...func(*hospital.ShiftFact)) hospital.Fact {
	f := &hospital.ShiftFact{Staff: login, Unit: "4W", From: from, To: to}
	for _, c := range change {
		c(f)
	}
	return hospital.Fact{Shift: f}
}

func TestDuty(t *testing.T) {
	leave := func(f *hospital.ShiftFact) { f.Leave, f.Unit = true, "" }
	void := func(f *hospital.ShiftFact) { f.Void = true }
	call := func(f *hospital.ShiftFact) { f.OnCall = true }
	for _, c := range []struct {
		name     string
		says     []said
		at       int // hour
		want     string
		rostered bool
		away     bool
	}{
		{"on duty", []said{{hour(0), shift("ann", hour(1), hour(9))}}, 5, "1-9", true, false},
		{"before", []said{{hour(0), shift("ann", hour(1), hour(9))}}, 0, "", true, false},
		{"off, and in the roster", []said{{hour(0), shift("ann", hour(1), hour(9))}}, 24 * 10, "", true, false},
		{"not in the roster any more", []said{{hour(0), shift("ann", hour(1), hour(9))}}, 24 * 30, "", false, false},
		{"the shift does not take place", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(0), shift("ann", hour(30), hour(39))}, {hour(1), shift("ann", hour(1), hour(9), void)}}, 5, "", true, false},
		{"the roster was changed", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(1), shift("ann", hour(3), hour(11))}}, 5, "3-11", true, false},
		{"and changed back", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(1), shift("ann", hour(3), hour(11))}, {hour(2), shift("ann", hour(3), hour(11), void)}}, 5, "1-9", true, false},
		{"two shifts meet", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(1), shift("ann", hour(8), hour(16))}}, 8, "1-9 8-16", true, false},
		{"on call beside a shift", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(1), shift("ann", hour(0), hour(24), call)}}, 5, "0-24 1-9", true, false},
		{"on leave", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(0), shift("ann", hour(0), hour(24), leave)}}, 5, "", true, true},
		{"on leave from the morning after", []said{{hour(0), shift("ann", hour(1), hour(9))}, {hour(0), shift("ann", hour(8), hour(48), leave)}}, 5, "1-9", true, false},
	} {
		h := newClinic(t)
		h.says(hour(0), hospital.Fact{Staff: staff("100", "ann")})
		for _, s := range c.says {
			h.says(s.when, s.fact)
		}
		at := hour(c.at)
		shifts, rostered := h.Duty(h.named("ann").ID, at, at.Add(time.Minute))
		if got := hours(shifts); got != c.want || rostered != c.rostered || h.OnLeave(h.named("ann").ID, at) != c.away {
			t.Errorf("%s: %q, in the roster %v, away %v", c.name, got, rostered, h.OnLeave(h.named("ann").ID, at))
		}
	}
}

func hours(shifts []hospital.Shift) string {
	var all []string
	for _, s := range shifts {
		all = append(all, strings.TrimSuffix(s.From.Sub(hour(0)).String(), "0m0s")+"-"+strings.TrimSuffix(s.To.Sub(hour(0)).String(), "0m0s"))
	}
	return strings.NewReplacer("h", "", "0s", "0").Replace(strings.Join(all, " "))
}

// Without a roster, who is at work is told from what was done there.
func TestDutyWithoutRoster(t *testing.T) {
	c := newClinic(t)
	ann, ward := c.Intern("ann"), c.Intern("4W")
	id := c.SawAtWork(ann, hour(1).Add(7*time.Minute), 0)
	c.SawAtWork(ann, hour(5), ward)
	c.SawAtWork(ann, hour(3), 0)
	for n := range 60 { // older days are forgotten
		c.SawAtWork(ann, hour(24*(n+1)), 0)
	}
	if shifts, _ := c.Duty(id, hour(2), hour(2)); len(shifts) != 0 {
		t.Errorf("60 days ago: %v", shifts)
	}
	c.SawAtWork(ann, hour(24*60+1), ward)
	shifts, rostered := c.Duty(id, hour(24*60), hour(24*60+1))
	if len(shifts) != 1 || rostered || !shifts[0].From.Equal(hour(24*60)) || !shifts[0].To.Equal(hour(24*60+1).Add(15*time.Minute)) || c.Text(shifts[0].Unit) != "4W" {
		t.Errorf("%+v %v", shifts, rostered)
	}
	if o := c.Overview(); o.Accounts != 1 || o.Linked != 0 {
		t.Errorf("%+v", o)
	}
}

func TestCover(t *testing.T) {
	c := newClinic(t)
	c.says(hour(0), shift("ann", hour(1), hour(9), func(f *hospital.ShiftFact) { f.Covers = "200" }))
	c.says(hour(1), hospital.Fact{Staff: staff("200", "ben")})
	shifts, _ := c.Duty(c.named("ann").ID, hour(2), hour(3))
	if len(shifts) != 1 || shifts[0].Covers != c.named("ben").ID {
		t.Errorf("%+v", shifts)
	}
}

func TestUnits(t *testing.T) {
	c := newClinic(t)
	c.says(hour(0), visit('I', "4W"))
	c.says(hour(0), visit('I', "5W"))
	c.says(hour(1), hospital.Fact{Unit: &hospital.UnitFact{Unit: "4w", Title: "Ward 4 West", Department: "MED", Building: "A"}})
	c.says(hour(2), hospital.Fact{Unit: &hospital.UnitFact{Unit: "4W", Service: "CAR"}})
	u := c.Unit(c.Ref("4W"))
	if u.Title != "Ward 4 West" || c.Text(u.Department) != "MED" || c.Text(u.Service) != "CAR" || c.Text(u.Building) != "A" {
		t.Errorf("%+v", u)
	}
	if o := c.Overview(); o.Units != 2 || o.Homeless != 1 {
		t.Errorf("%+v", o)
	}
}

func TestSamePersonAtWork(t *testing.T) {
	home := func(p hospital.Human) hospital.Human {
		p.Street, p.Postcode = "12 Mill Lane", "00042"
		return p
	}
	national := func(p hospital.Human, n string) hospital.Human {
		p.National = n
		return p
	}
	ada, filler := person("Moss", "Ada"), person("Moss", "Ada")
	filler.Born = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		worker   hospital.Human
		patients []hospital.Human // numbers 1, 2 ...
		want     string           // number of the patient
	}{
		{"by the nation's number", national(person("Stone", "Ada"), "AB-12345"), []hospital.Human{national(ada, "AB 12345")}, "1"},
		{"two have the nation's number", national(ada, "AB12345"), []hospital.Human{national(person("Reed", "Eva"), "AB12345"), national(ada, "AB12345")}, "2"},
		{"by name, birth and address", home(ada), []hospital.Human{ada, home(ada)}, "2"},
		{"by name and birth", home(ada), []hospital.Human{ada}, "1"},
		{"two of that name", home(ada), []hospital.Human{ada, ada}, ""},
		{"another number of the nation", national(ada, "AB12345"), []hospital.Human{national(ada, "CD12345")}, ""},
		{"a number of the nation that is a filler", national(person("Stone", "Ada"), "000000000"), []hospital.Human{national(ada, "000000000")}, ""},
		{"a day of birth that is a filler", filler, []hospital.Human{filler}, ""},
		{"another", person("Stone", "Eva"), []hospital.Human{ada}, ""},
		{"nobody knows who", hospital.Human{}, []hospital.Human{{}}, ""},
	} {
		for _, workerFirst := range []bool{true, false} {
			h := newClinic(t)
			employ := func() {
				f := staff("100", "ann")
				f.Human = c.worker
				h.says(hour(0), hospital.Fact{Staff: f})
			}
			if workerFirst {
				employ()
			}
			for i, p := range c.patients {
				h.says(hour(i), patient(string(rune('1'+i)), p))
			}
			if !workerFirst {
				employ()
			}
			got := ""
			for i := range c.patients {
				n := string(rune('1' + i))
				if p := h.patient(n); p.Staff != 0 {
					got += n
					if h.named("ann").Patient != p.ID {
						t.Errorf("%s: one does not lead back", c.name)
					}
				}
			}
			if got != c.want {
				t.Errorf("%s: %q, not %q", c.name, got, c.want)
			}
		}
	}
}

// What is corrected about a patient or about one who works here leads no further.
func TestLinkEnds(t *testing.T) {
	c := newClinic(t)
	human := func(n string) hospital.Human {
		p := person("Moss", "Ada")
		p.National = n
		return p
	}
	employ := func(day int, n string) {
		f := staff("100", "ann")
		f.Human = human(n)
		c.says(noon(day), hospital.Fact{Staff: f})
	}
	linked := func(want bool) {
		t.Helper()
		if (c.named("ann").Patient != 0) != want || (c.patient("1").Staff != 0) != want {
			t.Errorf("linked: %v", !want)
		}
	}
	employ(0, "AB12345")
	c.says(noon(0), patient("1", human("AB12345")))
	linked(true)
	c.says(noon(1), patient("1", human("CD12345")))
	linked(false)
	employ(2, "CD12345")
	linked(true)
	employ(3, "EF12345")
	linked(false)
	if changed := c.says(noon(4), patient("1", human("EF12345"))); len(changed) != 1 {
		t.Error("nobody is told")
	}
	linked(true)
}

// Two records of one person who works here are two namesakes until they are merged.
func TestMergeFindsThePersonAtWork(t *testing.T) {
	c := newClinic(t)
	f := staff("100", "ann")
	f.Human = person("Moss", "Ada")
	c.says(noon(0), hospital.Fact{Staff: f})
	c.says(noon(0), patient("1", f.Human))
	c.says(noon(0), patient("2", f.Human))
	if c.named("ann").Patient != 0 {
		t.Error("one of two namesakes")
	}
	c.says(noon(1), merge("2", "1"))
	if p := c.patient("1"); c.named("ann").Patient != p.ID || p.Staff != c.named("ann").ID {
		t.Error("not found after the merge")
	}
	c.says(noon(2), unmerge("2", "1"))
	if c.named("ann").Patient != 0 || c.patient("1").Staff != 0 || c.patient("2").Staff != 0 {
		t.Error("found after the undoing")
	}
}

func TestMarks(t *testing.T) {
	c := newClinic(t)
	mark := func(kind, label string, void bool, who ...string) hospital.Fact {
		f := &hospital.MarkFact{Patient: mrn("1"), Kind: kind, Label: label, Void: void}
		for _, w := range who {
			f.Who = append(f.Who, by(w)...)
		}
		return hospital.Fact{Mark: f}
	}
	vip := patient("1", person("Moss", "Ada"))
	vip.Patient.VIP, vip.Patient.Dead = true, true
	vip.Patient.Mother = mrn("7")
	c.says(noon(0), vip)
	c.says(noon(0), mark("canary", "", false))
	c.says(noon(0), mark("restricted", "psychiatry", false))
	c.says(noon(0), mark("listed", "", false, "ann", "ben"))
	p := c.patient("1")
	if !p.VIP || !p.Canary || !p.Dead.Equal(noon(0)) || len(p.Labels) != 1 || c.Text(p.Labels[0]) != "psychiatry" || len(p.Listed) != 2 {
		t.Errorf("%+v", p)
	}
	if p.Mother != c.patient("7").ID || len(c.patient("7").Children) != 1 || c.patient("7").Children[0] != p.ID {
		t.Error("mother and child do not find each other")
	}
	c.says(noon(2), mark("vip", "", true))
	c.says(noon(1), mark("vip", "", false)) // late
	c.says(noon(2), mark("listed", "", true, "ben"))
	c.says(noon(2), hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn("1"), Without: []hospital.Detail{hospital.Death, hospital.MotherLink}}})
	p = c.patient("1")
	if p.VIP || !p.Canary || !p.Dead.IsZero() || p.Mother != 0 || len(c.patient("7").Children) != 0 || len(p.Listed) != 1 || c.Text(p.Listed[0]) != "ann" {
		t.Errorf("%+v", p)
	}
}

// Of a death without a date the first word counts, since it was last denied.
func TestDeath(t *testing.T) {
	c := newClinic(t)
	dead := hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn("1"), Dead: true}}
	denied := hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn("1"), Without: []hospital.Detail{hospital.Death}}}
	dated := hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn("1"), Died: noon(-3)}}
	for day, s := range []struct {
		fact hospital.Fact
		want time.Time
	}{{dead, noon(0)}, {dead, noon(0)}, {denied, time.Time{}}, {dead, noon(3)}, {dated, noon(-3)}, {dead, noon(-3)}} {
		c.says(noon(day), s.fact)
		if got := c.patient("1").Dead; !got.Equal(s.want) {
			t.Errorf("on day %d: %v, not %v", day, got, s.want)
		}
	}
}

func TestRarity(t *testing.T) {
	c := newClinic(t)
	for _, n := range []string{"1", "2", "3"} {
		c.says(noon(0), patient(n, person("Smith", "Ada")))
	}
	c.says(noon(0), patient("4", person("Moss", "Ada")))
	smith, moss := c.patient("1").Identity.Family, c.patient("4").Identity.Family
	if c.Rarity(smith) != 0.75 || c.Rarity(moss) != 0.25 || c.Rarity(smith+1) != 0 || c.Rarity(0) != 0 {
		t.Error(c.Rarity(smith), c.Rarity(moss))
	}
	c.says(noon(1), patient("1", person("Moss", "Ada")))
	if c.Rarity(smith) != 0.5 || c.Rarity(moss) != 0.5 {
		t.Error(c.Rarity(smith), c.Rarity(moss))
	}
}

// The search index holds the vault's tokens of numbers, so that a case leads there.
func TestToken(t *testing.T) {
	c := newClinic(t)
	f := patient("0042", person("Moss", "Ada"))
	f.Patient.IDs = append([]hospital.Identifier{{Authority: "NORTH", Type: "PI", Value: "7"}, {Authority: "US", Type: "SS", Value: "123-45-6780"}}, f.Patient.IDs...)
	c.says(noon(0), f)
	id := c.patient("0042").ID
	if got := c.Token(id); !strings.HasPrefix(got, "pt_") || got != c.vault.Token("ALDER", "0042") {
		t.Error(got)
	}
	if c.Token(99) != "" {
		t.Error("nobody has a token")
	}
}

func TestProtocols(t *testing.T) {
	c := newClinic(t)
	member := func(to time.Time, void bool) hospital.Fact {
		return hospital.Fact{Member: &hospital.MemberFact{Protocol: "STUDY-1", Staff: hospital.Name{Text: "ann"}, From: noon(0), To: to, Void: void}}
	}
	on := func(want int) {
		t.Helper()
		if got := c.named("ann").Protocols; len(got) != want {
			t.Errorf("on %d protocols, not %d", len(got), want)
		}
	}
	c.says(noon(1), member(noon(10), false))
	on(1)
	c.says(noon(39), patient("1", person("Moss", "Ada"))) // what was looked at until the end is judged later
	on(1)
	c.says(noon(41), patient("1", person("Moss", "Ada")))
	on(0)
	c.says(noon(42), member(time.Time{}, false))
	on(1)
	c.says(noon(43), member(time.Time{}, true))
	c.says(noon(42), member(time.Time{}, false)) // late
	on(0)
}

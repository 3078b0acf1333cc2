package privacy_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/vault"
)

// clinic is a small invented one, in which stories are told: who works there, who lies there, and who looks at what.
type clinic struct {
	*testing.T
	house  *hospital.House
	engine *privacy.Engine
	tax    *event.Taxonomy
	entry  uint64
	// line takes what happens in place of the engine, where a journal is kept.
	line func(ev *event.Event, f *hospital.Fact)
}

// monday is where stories begin: 2026-03-02, a Monday.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// at is a time of a day of the story, counted from Monday.
func at(day int, clock string) time.Time {
	c, err := time.Parse("15:04", clock)
	if err != nil {
		panic(err)
	}
	return monday.AddDate(0, 0, day).Add(time.Duration(c.Hour())*time.Hour + time.Duration(c.Minute())*time.Minute)
}

func loaded(t testing.TB) *judge.Judge {
	t.Helper()
	j, err := judge.Load(content.Privacy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func taxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// config opens more cases a day than any story makes.
func config() privacy.Config {
	drugs, err := diversion.Load(content.Privacy(), nil)
	if err != nil {
		panic(err)
	}
	return privacy.Config{CasesPerDay: 50, Secret: []byte("a secret of tests"), Drugs: drugs}
}

func newClinic(t *testing.T, change ...func(*privacy.Config)) *clinic {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	c := &clinic{T: t, house: hospital.New(v, hospital.Options{Authority: "CLINIC"}), tax: taxonomy(t)}
	cfg := config()
	for _, f := range change {
		f(&cfg)
	}
	c.engine = privacy.NewEngine(c.house, cfg, loaded(t))
	c.people()
	return c
}

// people work at the clinic, and lie in it.
func (c *clinic) people() {
	for _, p := range []hospital.StaffFact{
		{Number: "101", Logins: []string{"ann"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", Units: []string{"4W"}, Human: hospital.Human{Family: "Alder", Given: "Ann", Street: "1 Mill Lane", Postcode: "N1", City: "Alder"}},
		{Number: "102", Logins: []string{"eve"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", Units: []string{"5E"}, Human: hospital.Human{Family: "Elm", Given: "Eve", Street: "7 High Street", Postcode: "N1", City: "Alder"}},
		{Number: "103", Logins: []string{"dov"}, Title: "Physician", Family: "physician", Department: "MED", Service: "MED", Units: []string{"4W"}, Human: hospital.Human{Family: "Dorn", Given: "Dov"}},
		{Number: "104", Logins: []string{"reg"}, Title: "Registration clerk", Family: "desk", Department: "REG", Human: hospital.Human{Family: "Reed", Given: "Rae"}, Manager: "106"},
		{Number: "105", Logins: []string{"pat"}, Title: "Registration clerk", Family: "desk", Department: "REG", Human: hospital.Human{Family: "Pine", Given: "Pat"}, Manager: "106"},
		{Number: "106", Logins: []string{"boss"}, Title: "Manager", Family: "office", Department: "REG", Human: hospital.Human{Family: "Birch", Given: "Bo"}},
		{Number: "107", Logins: []string{"ward"}, Title: "Privacy officer", Family: "office", Department: "PRIV", Human: hospital.Human{Family: "Ward", Given: "Wim"}},
	} {
		c.says(hospital.Fact{Staff: &p})
	}
	c.says(hospital.Fact{Unit: &hospital.UnitFact{Unit: "4W", Department: "WARDS", Service: "MED"}})
	c.says(hospital.Fact{Unit: &hospital.UnitFact{Unit: "5E", Department: "WARDS", Service: "SUR"}})
	for n := range 30 {
		c.patient(fmt.Sprint(1000+n), hospital.Human{Family: fmt.Sprint("Stone", n), Given: "Sam", Born: monday.AddDate(-40, 0, n), Street: fmt.Sprint(n, " Long Road"), Postcode: "N2", City: "Alder"})
	}
}

// says has a system say something about the house.
func (c *clinic) says(facts ...hospital.Fact) {
	c.Helper()
	for i := range facts {
		f := facts[i]
		c.entry++
		if f.Said.IsZero() {
			f.Said = monday.AddDate(0, 0, -10)
		}
		f.Seen, f.Source, f.Place = f.Said, "clinic", hospital.Place{Entry: c.entry}
		if c.line != nil {
			c.line(&event.Event{Class: c.tax.Class("hl7", "mllp", ""), Time: f.Said, Observed: f.Said}, &f)
			continue
		}
		changed := c.house.Take(&f)
		c.event(&event.Event{Class: c.tax.Class("hl7", "mllp", ""), Time: f.Said, Observed: f.Said, Fields: []byte("{}")}, changed)
	}
}

func (c *clinic) event(ev *event.Event, changed []hospital.PatientID) {
	c.Helper()
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		c.Fatal(err)
	}
	if err := c.engine.Event(ev, hospital.Place{Entry: c.entry}, changed); err != nil {
		c.Fatal(err)
	}
}

func mrn(number string) []hospital.Identifier {
	return []hospital.Identifier{{Authority: "CLINIC", Type: "MR", Value: number}}
}

func (c *clinic) patient(number string, h hospital.Human) {
	c.says(hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn(number), Human: h}})
}

// lies has a patient lie on a ward from a time on.
func (c *clinic) lies(number, unit string, from time.Time) {
	c.says(hospital.Fact{Said: from, Visit: &hospital.VisitFact{Patient: mrn(number), Number: "V" + number + unit, Class: 'I', Service: "MED", Unit: unit, Start: from, Moved: from}})
}

// works has one of the clinic be on duty.
func (c *clinic) works(login, unit string, from, to time.Time) {
	c.says(hospital.Fact{Shift: &hospital.ShiftFact{Staff: login, Unit: unit, From: from, To: to}})
}

// look is an access as an EHR writes it down.
type look struct {
	User       string   `json:"user"`
	Verb       string   `json:"verb"`
	Native     string   `json:"native_action,omitempty"`
	Patient    []string `json:"patient,omitempty"`
	Station    string   `json:"workstation,omitempty"`
	Object     string   `json:"object_id,omitempty"`
	Kind       string   `json:"object_kind,omitempty"`
	Query      string   `json:"query,omitempty"`
	Corr       string   `json:"corr,omitempty"`
	Count      int      `json:"patients_count,omitempty"`
	Outcome    string   `json:"outcome,omitempty"`
	Source     string   `json:"audit_source,omitempty"`
	Reason     string   `json:"break_glass_reason,omitempty"`
	AE         string   `json:"ae_title,omitempty"`
	App        string   `json:"app,omitempty"`
	IP         string   `json:"origin_ip,omitempty"`
	Background bool     `json:"background,omitempty"`
}

// does has somebody do something with records.
func (c *clinic) does(when time.Time, l look) {
	c.Helper()
	c.entry++
	if c.line != nil {
		c.line(c.eventOf(when, l), nil)
		return
	}
	c.event(c.eventOf(when, l), nil)
}

func (c *clinic) eventOf(when time.Time, l look) *event.Event {
	c.Helper()
	fields, err := json.Marshal(map[string]any{"access": l})
	if err != nil {
		c.Fatal(err)
	}
	return &event.Event{Class: c.tax.Class("ehr", "audit", ""), Format: "csv", Time: when, Observed: when.Add(time.Minute), Fields: fields}
}

// opens has somebody open a record, for as long as it takes to read it.
func (c *clinic) opens(login, number string, when time.Time) {
	c.Helper()
	for n := range 3 {
		c.does(when.Add(time.Duration(n)*time.Minute), look{User: login, Verb: "read", Native: "Chart review", Patient: []string{number}, Station: "WS-" + login})
	}
}

// until lets time pass, hour by hour.
func (c *clinic) until(when time.Time) {
	c.Helper()
	for t := c.engine.Now(); !t.After(when); t = t.Add(time.Hour) {
		if t.IsZero() {
			t = monday
		}
		if err := c.engine.Clock(t); err != nil {
			c.Fatal(err)
		}
	}
}

// open lists the cases before a person, but for those that were drawn at random: who, and whose records.
func (c *clinic) open(states ...privacy.CaseState) (list []string) {
	for _, k := range c.engine.Cases(privacy.Filter{States: states, Limit: 1000}) {
		if k.Lane == privacy.Audit {
			continue
		}
		text := string(k.Kind)
		for _, u := range k.Users {
			text += " " + c.house.Text(u.User)
		}
		text += ":"
		for _, p := range k.Patients {
			_, ids, err := c.house.Reveal(p.Patient)
			if err != nil {
				c.Fatal(err)
			}
			text += " " + ids[0].Value
		}
		list = append(list, text)
	}
	return list
}

// signIn is what the cloud says of an account that came in.
func (c *clinic) signIn(when time.Time, name, country, ip string) *event.Event {
	c.Helper()
	fields, err := json.Marshal(map[string]any{
		"createdDateTime": when, "userPrincipalName": name, "appDisplayName": "Portal", "clientAppUsed": "Browser", "ipAddress": ip,
		"status": map[string]any{"errorCode": 0}, "location": map[string]any{"countryOrRegion": country},
	})
	if err != nil {
		c.Fatal(err)
	}
	return &event.Event{Class: c.tax.Class("entra", "signinlogs", ""), Format: "entra", Time: when, Observed: when, Fields: fields}
}

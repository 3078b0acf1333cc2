package console_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// office is a node whose room of the privacy officer is at work, with an invented clinic behind it.
type office struct {
	*node
	room     *privacy.Room
	follower *hospital.Follower
	charts   *integrity.Room // nil without withCharts
	day      time.Time       // on which it all happened: three days ago
	// The cases that come of it: a clerk looks at a co-worker, somebody who has left looks at a patient, and a report
	// takes along many.
	coworker, leaver, report string

	withCharts bool // how charts are written is looked at as well
}

// Who is behind the cases. Nobody of them exists.
var (
	clerk   = hospital.StaffFact{Number: "55208", Logins: []string{"r.holm"}, Title: "Registration clerk", Family: "desk", Department: "REG", Human: hospital.Human{Family: "Holm", Given: "Ida"}, Manager: "55100"}
	berg    = hospital.Human{Family: "Berg", Given: "Ola", Born: time.Date(1980, 2, 11, 0, 0, 0, 0, time.UTC), Street: "4 Quarry Lane", Postcode: "N7", City: "Alder", Phones: []string{"555-0144"}}
	mate    = hospital.StaffFact{Number: "55301", Logins: []string{"o.berg"}, Title: "Registration clerk", Family: "desk", Department: "REG", Human: berg, Manager: "55100"}
	boss    = hospital.StaffFact{Number: "55100", Logins: []string{"b.birch"}, Title: "Manager of registration", Family: "office", Department: "REG", Human: hospital.Human{Family: "Birch", Given: "Bo"}}
	nurse   = hospital.StaffFact{Number: "55118", Logins: []string{"g.gorse"}, Title: "Registered nurse", Family: "nursing", Department: "WARDS", Units: []string{"4W"}, Human: hospital.Human{Family: "Gorse", Given: "Gil"}}
	analyst = hospital.StaffFact{Number: "55770", Logins: []string{"q.quill"}, Title: "Quality analyst", Family: "quality", Department: "QUAL", Human: hospital.Human{Family: "Quill", Given: "Quin"}}
)

const bergsNumber = "0099-4471"

// clear are the names behind the cases: none of them stands in a page that nobody gave a reason for.
var clear = []string{"Holm", "Berg", "Gorse", "Quill", "Quarry Lane", "555-0144", "0099-4471", "00994471", "r.holm", "o.berg", "g.gorse", "q.quill", "55208"}

// newOffice tells the clinic's story, after what happened before, and waits until the room has made its cases.
func newOffice(t *testing.T, before ...func(*office)) *office {
	t.Helper()
	return openOffice(t, &office{}, before...)
}

func openOffice(t *testing.T, o *office, before ...func(*office)) *office {
	t.Helper()
	o.node = newNode(t, func(n *node, cfg *console.Config) {
		o.node = n
		o.open(cfg.DB)
		cfg.Privacy, cfg.Hospital, cfg.Integrity = o.room, o.follower, o.charts
	})
	o.run(o.follower.Run)
	for _, happened := range before {
		happened(o)
	}
	o.story()
	o.wait("the room has its cases", func() bool {
		cases, err := o.room.Cases(t.Context(), privacy.Filter{Limit: 100})
		if err != nil {
			return false
		}
		for _, k := range cases {
			switch {
			case k.Kind == privacy.DrugCase:
			case len(k.Patients) > 50:
				o.report = k.ID
			case k.Users[0].Role == "a nurse":
				o.leaver = k.ID
			case k.Users[0].Role == "a registration clerk":
				o.coworker = k.ID
			}
		}
		return o.coworker != "" && o.leaver != "" && o.report != ""
	})
	return o
}

func (o *office) open(db *store.DB) {
	o.t.Helper()
	must := func(err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
	}
	v, err := vault.Passing()
	must(err)
	j, err := judge.Load(content.Privacy(), nil)
	must(err)
	drugs, err := diversion.Load(content.Privacy(), nil)
	must(err)
	o.room, err = privacy.OpenRoom(o.t.Context(), privacy.RoomConfig{
		Config: privacy.Config{CasesPerDay: 50, Export: 50, Secret: []byte("a secret of tests"), Drugs: drugs}, DB: db, Journal: o.journal, Vault: v, Judge: j,
	})
	must(err)
	rooms := []hospital.Hooks{o.room.Hooks()}
	if o.withCharts {
		o.charts, err = integrity.OpenRoom(o.t.Context(), integrity.Config{Journal: o.journal, DB: db, Vault: v, Taxonomy: o.tax, Zone: time.UTC, Log: slog.New(slog.DiscardHandler)})
		must(err)
		rooms = append(rooms, o.charts.Hooks())
	}
	o.follower, err = hospital.NewFollower(o.t.Context(), hospital.FollowerConfig{
		Journal: o.journal, DB: db, Vault: v, Taxonomy: o.tax, House: hospital.Options{Authority: "ALDER"}, Read: factOf, Rooms: rooms, Save: 50 * time.Millisecond,
	})
	must(err)
	o.room.Attach(o.follower.View)
}

// factOf takes what the clinic's story says of the house out of its events.
func factOf(ev *event.Event) ([]hospital.Fact, error) {
	var said struct{ Facts []hospital.Fact }
	if err := json.Unmarshal(ev.Fields, &said); err != nil {
		return nil, err
	}
	for i := range said.Facts {
		f := &said.Facts[i]
		f.Source, f.Said, f.Seen = ev.Source, ev.Time, ev.Observed
	}
	return said.Facts, nil
}

func (o *office) does(login, verb, native string, at time.Time, patients ...string) {
	o.t.Helper()
	o.send("ehr-app-1", "ehr", "audit", "", at, map[string]any{"access": map[string]any{"verb": verb, "user": login, "native_action": native, "patient": patients, "workstation": "REG-04"}})
}

// at is a time on the day of the story.
func (o *office) at(hour, minute int) time.Time {
	return o.day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// story is three days old, so that reasons had their time to come.
func (o *office) story() {
	o.t.Helper()
	o.day = o.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	left := nurse
	left.End = o.day.AddDate(0, 0, -5)
	facts := []hospital.Fact{{Unit: &hospital.UnitFact{Unit: "4W", Department: "WARDS", Service: "MED"}}}
	for _, s := range []hospital.StaffFact{clerk, mate, boss, left, analyst} {
		facts = append(facts, hospital.Fact{Staff: &s})
	}
	patient := func(number string, h hospital.Human) {
		facts = append(facts, hospital.Fact{Patient: &hospital.PatientFact{IDs: []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: number}}, Human: h}})
	}
	patient(bergsNumber, berg)
	var many []string
	for n := range 62 { // of a home
		number := fmt.Sprintf("0100-%04d", n)
		many = append(many, number)
		patient(number, hospital.Human{Family: "Stone", Given: fmt.Sprint("Sam", n), Born: o.day.AddDate(-40, 0, n), Street: "9 Long Road", Postcode: "N2", City: "Alder"})
	}
	facts = append(facts, hospital.Fact{Shift: &hospital.ShiftFact{Staff: "r.holm", Unit: "REG", From: o.at(8, 0), To: o.at(16, 30)}})
	o.send("house", "hl7", "mllp", "", o.day.AddDate(0, 0, -10), map[string]any{"facts": facts})
	for i, m := range []int{532, 737, 991} { // 08:52, 12:17, 16:31
		o.does("r.holm", "read", []string{"Demographics", "Chart review", "Contacts"}[i], o.at(0, m), bergsNumber)
	}
	o.does("g.gorse", "read", "Chart review", o.at(22, 10), many[7])
	o.does("q.quill", "export", "Report export", o.at(19, 5), many...)
	o.does("b.birch", "read", "Chart review", o.now().UTC().Add(-time.Minute), many[9])
}

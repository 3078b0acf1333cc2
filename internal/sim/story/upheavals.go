package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// upheavals is what the house does rarely, and on purpose.
func upheavals() []life.Story {
	return []life.Story{
		{
			ID: "B08", Title: "After an analyser is calibrated anew, sixty results are corrected.",
			Days: 2, Sources: []feed.Feed{feed.Orders, feed.Lab}, Detector: "none: corrected by the laboratory", Harm: 1, Run: told(recalibrated),
		},
		{
			ID: "B09", Title: "The image archive moves: a registered machine fetches every study.",
			Days: 2, Sources: []feed.Feed{feed.Wire, feed.Archive, feed.Lists}, Detector: "none: registered, with a ticket", Harm: 1, Run: told(migration),
		},
		{
			ID: "B10", Title: "The FHIR server writes all resources anew, and nothing in them changes but their versions.",
			Days: 1, Sources: []feed.Feed{feed.API, feed.Portal}, Detector: "none: a service that always does so", Harm: 1, Run: told(reindex),
		},
		{
			ID: "B11", Title: "Support works at night from outside, on a ticket that names two patients.",
			Days: 2, Sources: []feed.Feed{feed.VPN, feed.Access, feed.Lists}, Detector: "none: the ticket", Harm: 1, Run: told(support),
		},
		{
			ID: "B12", Title: "The record system is down for four planned hours, and six hundred rows are entered afterwards.",
			Days: 2, Sources: []feed.Feed{feed.Access, feed.Pharmacy, feed.Documents}, Detector: "none: a planned window", Harm: 1, Run: told(downtime),
		},
		{
			ID: "B13", Title: "The night on which clocks change: an hour that is missing, or that comes twice.",
			Days: 7, Sources: []feed.Feed{feed.Access}, Detector: "none: on duty", Harm: 1, Run: told(clocksChange),
		},
		{
			ID: "B14", Title: "The news are about a patient of the house, and those who look after the patient look often.",
			Days: 3, Sources: []feed.Feed{feed.Access, feed.ADT, feed.Orders}, Detector: "none: the team", Harm: 1, Run: told(inTheNews),
		},
		{
			ID: "B15", Title: "Orders, prescriptions and notes are missing for a day, so that about one in twelve looks has no reason.",
			Days: 2, Sources: []feed.Feed{feed.Orders, feed.Pharmacy, feed.Documents, feed.Engine}, Detector: "an alarm about feeds, and no cases", Target: time.Hour, Harm: 1, Run: told(feedOutage),
		},
	}
}

func recalibrated(s *scene) {
	tech := s.anyOf([]string{"LAB", "MA"}, nil)
	doctor := s.anyOf([]string{"MD"}, nil)
	if tech == nil || doctor == nil {
		return
	}
	s.Note([]*world.Staff{tech}, nil)
	type test struct {
		p     world.Person
		order string
	}
	var tests []test
	at := s.around(0, 7, 30)
	for i, v := range s.known(60, nil) {
		when := at.Add(minutes(float64(5 * i)))
		order := s.Order(doctor, v.Person, when, "BMP", "LAB-CHEM")
		s.Result(feed.Lab, tech, v.Person, when.Add(70*time.Minute), order, "BMP", "LAB-CHEM", "F", sodium(128+s.Rand.IntN(6), "F"))
		tests = append(tests, test{v.Person, order})
		s.Note(nil, []world.Person{v.Person})
	}
	s.On(s.within(1), func() {
		again := s.around(s.within(1), 9, 10)
		for i, t := range tests {
			s.Result(feed.Lab, tech, t.p, again.Add(time.Duration(20*i)*time.Second), t.order, "BMP", "LAB-CHEM", "C", sodium(135+s.Rand.IntN(6), "C"))
		}
	})
}

func sodium(value int, status string) life.Value {
	return life.Value{Code: "2951-2", Title: "Sodium", Number: fmt.Sprint(value), Unit: "mmol/L", Range: "135-145", Status: status}
}

func migration(s *scene) {
	const studies, title, ip = 2_000, "VNA_MIGRATE", "10.40.0.7"
	s.List(s.At(0, 9, 0), feed.ListRow{Kind: "ticket", Reference: fmt.Sprintf("CHG-%05d", s.Rand.IntN(99_999)), Who: title, WhoKind: "person", Label: "archive migration", From: s.At(0, 19, 0).Format(time.RFC3339), To: s.At(1, 6, 0).Format(time.RFC3339), By: "it-change", Status: "approved"})
	s.Expect(func(t *life.Tale) { t.Actors = append(t.Actors, title) })
	at := s.around(0, 19, 5)
	patients := s.known(500, nil)
	for n := range studies {
		st := s.study()
		p := trace.Patient{MRN: s.World().MRN(world.Person(int64(n) << 3)), Authority: s.World().Authority}
		if len(patients) > 0 {
			p = s.patient(patients[n%len(patients)].Person)
		}
		s.onWire(at, trace.Image{Command: "C-MOVE", Calling: title, Called: archiveAE, From: ip, To: archiveIP, Destination: title, Study: st.UID, Level: "STUDY", Status: "0000", Completed: st.Instances, MessageID: n + 1})
		s.say(feed.Archive, at.Add(4*time.Second), trace.Audit{Event: trace.DCM("110104"), Action: "R", AE: title, From: trace.From{IP: ip}, To: archiveAE, ToIP: archiveIP, Source: archiveAE, Patients: []trace.Patient{p}, Studies: []trace.Study{st}}.Syslog(at.Add(4*time.Second)))
		at = at.Add(s.between(6*time.Second, 20*time.Second))
	}
}

func reindex(s *scene) {
	const resources = 1_500
	at := s.around(0, 22, 0)
	job := trace.Request{Client: "fhir-maintenance", Scope: "system/*.write", From: trace.From{IP: "127.0.0.1"}, Method: "POST", Path: "/r4/$reindex", Status: 202, Took: time.Second, Agent: "fhir-server/7"}
	s.asked(at, job)
	s.Expect(func(t *life.Tale) { t.Actors = append(t.Actors, "fhir-maintenance") })
	for n := range resources {
		when := at.Add(10*time.Second + time.Duration(n)*400*time.Millisecond)
		put := job
		put.Method, put.Path, put.Status, put.Bytes, put.Took = "PUT", fmt.Sprintf("/r4/Observation/%d", 40_000+n), 200, 1_900, 20*time.Millisecond
		s.asked(when, put)
		s.say(feed.Portal, when, trace.Interaction{ID: s.next(), Request: trace.UUID(s.next()), Kind: "update", Client: "fhir-maintenance", From: trace.From{IP: "127.0.0.1"}, What: fmt.Sprintf("Observation/%d/_history/2", 40_000+n)}.AuditEvent(when))
	}
}

func support(s *scene) {
	w := s.World()
	who := s.anyOf([]string{"ITA", "ADM"}, nil)
	two := s.known(2, nil)
	if who == nil || len(two) < 2 {
		return
	}
	s.Note([]*world.Staff{who}, persons(two))
	at := s.around(0, 25, 40)
	ticket := fmt.Sprintf("INC-%06d", s.Rand.IntN(999_999))
	for _, v := range two {
		s.List(at.Add(-25*time.Minute), feed.ListRow{Kind: "ticket", Reference: ticket, Patient: w.MRN(v.Person), Authority: w.Authority, Who: who.Number, WhoKind: "person", Label: "messages stuck", From: at.Add(-30 * time.Minute).Format(time.RFC3339), To: at.Add(6 * time.Hour).Format(time.RFC3339), By: "servicedesk", Status: "open"})
	}
	inside, _ := s.fromAfar(who, at, 80*time.Minute, 3_000_000, 900_000)
	s.Row(who, world.None, feed.AccessRow{At: at.Add(time.Minute), Metric: "Login", IP: inside.IP, Workstation: inside.Host})
	for i, v := range two {
		s.Open(who, v.Person, life.Look{At: at.Add(minutes(float64(6 + 15*i))), What: life.Chart, Clicks: 6, For: 4 * time.Minute, IP: inside.IP, Workstation: inside.Host, Remote: true, Documented: true, Why: "ticket"})
	}
}

func downtime(s *scene) {
	from, to := s.At(0, 25, 0), s.At(0, 29, 0)
	for _, f := range []feed.Feed{feed.Pharmacy, feed.Documents} {
		s.Silence(f, from, to, true)
	}
	lying := s.Inpatients(nil)
	if len(lying) == 0 {
		lying = s.known(60, nil)
	}
	if len(lying) == 0 {
		return
	}
	const rows = 600
	at := to.Add(12 * time.Minute)
	for i := range rows {
		v := lying[i%len(lying)]
		u := v.Where(at)
		who := s.anyOf([]string{"RN", "MA"}, func(n *world.Staff) bool { return u == nil || n.Unit == u })
		if who == nil {
			continue
		}
		s.Note([]*world.Staff{who}, nil)
		when := at.Add(time.Duration(i) * 9 * time.Second)
		s.Row(who, v.Person, feed.AccessRow{At: when, Metric: "File flowsheet", Process: "DOWNTIME-ENTRY"})
		if i%20 == 0 {
			s.Give(who, v.Person, from.Add(time.Duration(i)*20*time.Second), "PARACETAMOL 1 G TAB", "")
			s.Write(who, v.Person, life.Document{Kind: "PN", Written: from.Add(time.Duration(i) * 20 * time.Second), At: when, Text: "Entered after planned downtime: seen, comfortable."})
		}
	}
}

// clocksChange plays in the night in which the clocks change, if there is one in these days, and else in an ordinary night.
func clocksChange(s *scene) {
	on := 0
	for d := range s.Days() {
		if s.At(d+1, 0, 0).Sub(s.At(d, 0, 0)) != day {
			on = d - 1
			break
		}
	}
	on = max(0, on)
	s.On(on, func() {
		at := s.around(on, 24, 20)
		nurses := []*world.Staff{}
		for _, u := range s.World().Wards() {
			nurses = append(nurses, s.OnDuty(u, at)...)
		}
		if len(nurses) == 0 {
			if who := s.anyOf([]string{"MD", "MA"}, nil); who != nil {
				nurses = append(nurses, who)
			}
		}
		lying := s.Inpatients(nil)
		if len(lying) == 0 {
			lying = s.known(8, nil)
		}
		for i := range 24 {
			if len(lying) == 0 || len(nurses) == 0 {
				return
			}
			v := lying[i%len(lying)]
			who := nurses[i%len(nurses)]
			for _, n := range nurses {
				if n.Unit == v.Where(at) {
					who = n
					break
				}
			}
			s.Note([]*world.Staff{who}, []world.Person{v.Person})
			s.Open(who, v.Person, life.Look{At: at.Add(minutes(float64(10 * i))), What: life.Nursing, Clicks: 8, Documented: true, Why: "night shift"})
		}
	})
}

func inTheNews(s *scene) {
	star := s.grownUp()
	if star == world.None {
		return
	}
	class, ward := byte('I'), (*world.Unit)(nil)
	if wards := s.World().Wards(); len(wards) > 0 {
		ward = wards[s.Rand.IntN(len(wards))]
	} else {
		class = 'O'
	}
	from := s.At(0, 9, 0)
	v := s.Stay(star, life.Stay{Class: class, Unit: ward, VIP: true, From: from, For: 2 * day})
	s.Note(nil, []world.Person{star})
	if v == nil || v.Attending == nil {
		return
	}
	s.Consult(v.Attending, star, from.Add(2*time.Hour), "CAR")
	for i := range 2 {
		at := s.around(s.within(i), 14, 0)
		if ward == nil {
			s.Open(v.Attending, star, life.Look{At: at, What: life.Rounds, Documented: true, Why: "the team"})
			continue
		}
		for j, who := range s.OnDuty(ward, at) {
			if j < 6 {
				s.Note([]*world.Staff{who}, nil)
				s.Open(who, star, life.Look{At: at.Add(minutes(float64(9*j + 20))), What: life.Rounds, Documented: true, Why: "the team"})
			}
		}
	}
}

func feedOutage(s *scene) {
	from := s.At(0, 7, 0)
	to := from.Add(30 * time.Hour)
	for _, f := range []feed.Feed{feed.Orders, feed.Pharmacy, feed.Documents} {
		s.Silence(f, from, to, false)
	}
	s.say(feed.Engine, from, trace.Engine(from, "ORDERS_OUT", "state=stopped reason=\"out of memory\""))
	s.say(feed.Engine, to, trace.Engine(to, "ORDERS_OUT", "state=started queued=0"))
}

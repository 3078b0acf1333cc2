package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// harvesting is records taken in numbers.
func harvesting() []life.Story {
	return []life.Story{
		{
			ID: "T06", Title: "A registration clerk collects addresses and insurance numbers of 35 patients a day and prints face sheets.",
			Days: 20, Sources: []feed.Feed{feed.Access, feed.Printing}, Detector: "identities of many, printing", Flags: []string{"F31", "F22"},
			Target: 3 * day, Case: true, Harm: 4, Run: told(identities),
		},
		{
			ID: "T07", Title: "An analyst exports forty records a day for two months, each day within what the job allows.",
			Days: 60, Sources: []feed.Feed{feed.Access, feed.Connections}, Detector: "slow excess of volume", Flags: []string{"F13"},
			Target: 21 * day, Case: true, Harm: 4, Run: told(slowHarvest),
		},
		{
			ID: "T08", Title: "One report on 180,000 patients is run at night from outside and leaves the house.",
			Days: 1, Sources: []feed.Feed{feed.Access, feed.SQLAudit, feed.VPN, feed.Proxy, feed.SignIns}, Detector: "bulk report, at once", Flags: []string{"F20", "F15"},
			Target: 5 * time.Minute, Case: true, Harm: 5, Run: told(bulkReport),
		},
		{
			ID: "T09", Title: "Somebody with an app's stolen secret has the FHIR server export all patients and crawls the history.",
			Days: 1, Sources: []feed.Feed{feed.API, feed.Portal}, Detector: "bulk export, at once", Flags: []string{"F20"},
			Target: 5 * time.Minute, Case: true, Harm: 5, Run: told(stolenSecret),
		},
		{
			ID: "T10", Title: "An account of an app asks for one patient number after the other, though most do not exist.",
			Days: 1, Sources: []feed.Feed{feed.API}, Detector: "sweep through numbers", Flags: []string{"F14"},
			Target: 10 * time.Minute, Case: true, Harm: 3, Run: told(enumeration),
		},
		{
			ID: "T11", Title: "A machine that nobody registered fetches 900 image studies in one night.",
			Days: 2, Sources: []feed.Feed{feed.Wire, feed.Archive}, Detector: "images to an unknown machine, at once", Flags: []string{"F21"},
			Target: 5 * time.Minute, Case: true, Harm: 5, Run: told(rogueArchive),
		},
		{
			ID: "T12", Title: "A radiologist's account fetches 4,000 studies through the image viewer.",
			Days: 1, Sources: []feed.Feed{feed.DICOMWeb}, Detector: "volume of images", Flags: []string{"F13", "F21"},
			Target: time.Hour, Case: true, Harm: 4, Run: told(viewerScrape),
		},
		{
			ID: "T18", Title: "A researcher with a protocol of 300 patients opens 900.",
			Days: 4, Sources: []feed.Feed{feed.Access, feed.Lists}, Detector: "beyond the protocol, volume", Flags: []string{"F13"},
			Target: 2 * day, Case: true, Harm: 3, Run: told(overReach),
		},
	}
}

// persons are those of visits.
func persons(visits []*life.Visit) []world.Person {
	all := make([]world.Person, len(visits))
	for i, v := range visits {
		all[i] = v.Person
	}
	return all
}

func identities(s *scene) {
	clerk := s.anyOf([]string{"REG", "FD"}, nil)
	if clerk == nil {
		return
	}
	const perDay = 35
	s.Note([]*world.Staff{clerk}, nil)
	for d := range s.days(20) {
		s.On(d, func() {
			if _, ok := s.Shift(clerk, d); !ok {
				return
			}
			all := s.known(perDay, func(v *life.Visit) bool { return !v.Person.Child() && s.apart(clerk, v.Person) })
			s.Note(nil, persons(all))
			for i, v := range all {
				at := s.Duty(clerk, d, 0.05+0.9*float64(i)/perDay)
				s.Open(clerk, v.Person, life.Look{At: at, What: life.Demographics, Clicks: 2 + s.Rand.IntN(3), For: s.between(20*time.Second, 70*time.Second), Why: "identities"})
				if !s.chance(0.3) {
					continue
				}
				printed := at.Add(80 * time.Second)
				s.Row(clerk, v.Person, feed.AccessRow{At: printed, Metric: "Print face sheet"})
				s.say(feed.Printing, printed.Add(4*time.Second), trace.Printed(s.number(), "Face sheet", clerk.Login, s.seat(clerk, printed).Host, "PRN-REG-1", 1, 48_000+s.Rand.IntN(9000)).JSON(printed.Add(4*time.Second)))
			}
		})
	}
}

func slowHarvest(s *scene) {
	analyst := s.anyOf([]string{"QUA", "UTL", "BIL", "ADM"}, nil)
	if analyst == nil {
		return
	}
	const perDay = 40
	s.Note([]*world.Staff{analyst}, nil)
	for d := range s.days(60) {
		s.On(d, func() {
			if _, ok := s.Shift(analyst, d); !ok {
				return
			}
			at := s.Duty(analyst, d, 0.2+0.6*s.Rand.Float64())
			s.Row(analyst, world.None, feed.AccessRow{At: at, Metric: "Report run", Search: "discharges by service", Patients: perDay})
			all := s.known(perDay, func(v *life.Visit) bool { return !s.Met(analyst, v.Person) })
			s.Note(nil, persons(all))
			for i, v := range all {
				s.Row(analyst, v.Person, feed.AccessRow{At: at.Add(time.Duration(30+12*i) * time.Second), Metric: "Export chart summary"})
			}
			saved := at.Add(12 * time.Minute)
			s.connection(saved, trace.Conn{From: s.seat(analyst, saved).IP, To: shareIP, Port: 445, State: "SF", Service: "smb",
				Out: int64(len(all)) * (300_000 + s.Rand.Int64N(80_000)), Back: 9_000, Lasted: 4 * time.Second})
		})
	}
}

func bulkReport(s *scene) {
	const rows = 180_000
	who := s.anyOf([]string{"ITA", "QUA", "BIL", "ADM"}, nil)
	if who == nil {
		return
	}
	s.Note([]*world.Staff{who}, nil)
	at := s.around(0, 26, 14) // some fourteen minutes past two in the night
	inside, outside := s.fromAfar(who, at, 95*time.Minute, 212_000_000, 4_100_000)
	s.SignIn(who, at.Add(-20*time.Second), outside, "AT", "Remote Access", 0)
	s.Row(who, world.None, feed.AccessRow{At: at.Add(2 * time.Minute), Metric: "Login", IP: inside.IP, Workstation: inside.Host})
	run := at.Add(6 * time.Minute)
	s.Row(who, world.None, feed.AccessRow{At: run, Metric: "Report run", Search: "all patients with address, insurance and diagnoses", Patients: rows, IP: inside.IP, Workstation: inside.Host})
	s.say(feed.SQLAudit, run.Add(time.Second), trace.SQL{Host: "db-01", Database: "reporting", User: who.Login, Client: inside.IP, Application: "report-writer", Session: 4711, Statement: 3,
		Class: "READ", Command: "SELECT", Object: "reporting.patient", Rows: rows,
		Text: "select p.mrn, p.name, p.born, p.street, p.city, i.policy, d.code from reporting.patient p left join reporting.insurance i using (mrn) left join reporting.diagnosis d using (mrn)"}.Line(run.Add(time.Second)))
	s.Row(who, world.None, feed.AccessRow{At: run.Add(9 * time.Minute), Metric: "Export report to CSV", Patients: rows, IP: inside.IP, Workstation: inside.Host})
	sent := run.Add(31 * time.Minute)
	s.say(feed.Proxy, sent, trace.Request{Who: account(who), From: inside, Method: "CONNECT", Host: "drop.example.net", Status: 200,
		Bytes: 81_000, Sent: 196_400_000, Took: 11 * time.Minute}.Squid(sent))
	s.Row(who, world.None, feed.AccessRow{At: run.Add(40 * time.Minute), Metric: "Logout", IP: inside.IP, Workstation: inside.Host})
}

// asked is one request to the FHIR server, in its access log.
func (s *scene) asked(at time.Time, r trace.Request) uint64 {
	r.Server, r.Host, r.ID = "fhir", "fhir.example.org", trace.UUID(s.next())
	return s.say(feed.API, at, r.Line(at))
}

func stolenSecret(s *scene) {
	const files, patients = 14, 31_000
	at := s.around(0, 21, 47)
	from := trace.From{IP: s.outside()}
	app := trace.Request{Client: "population-health", Scope: "system/*.read", From: from, Method: "GET", Status: 200, Agent: "python-requests/2.32", Took: 90 * time.Millisecond}
	ask := func(at time.Time, path string, status int, bytes int64) {
		r := app
		r.Path, r.Status, r.Bytes = path, status, bytes
		s.asked(at, r)
	}
	token := app
	token.Method, token.Path, token.Bytes, token.Scope = "POST", "/oauth/token", 1_180, ""
	s.asked(at, token)
	ask(at.Add(2*time.Second), "/r4/Patient/$export?_type=Patient,Condition,Observation,DocumentReference", 202, 0)
	export := at.Add(2 * time.Second)
	s.say(feed.Portal, export, trace.Interaction{ID: s.next(), Request: trace.UUID(s.next()), Kind: "export", Client: "population-health", From: from,
		What: "Group/all", Query: "GET /r4/Patient/$export?_type=Patient,Condition,Observation,DocumentReference"}.AuditEvent(export))
	job := trace.UUID(s.next())
	for i := range 9 {
		status := 202
		if i == 8 {
			status = 200
		}
		ask(at.Add(time.Duration(20*(i+1))*time.Second), "/r4/$export-poll-status?_jobId="+job, status, 0)
	}
	for i := range files {
		ask(at.Add(4*time.Minute+time.Duration(25*i)*time.Second), fmt.Sprintf("/export/%s/%d.ndjson", job, i), 200, 9_000_000+s.Rand.Int64N(9_000_000))
	}
	for page := range 120 {
		r := app
		r.Path, r.Bytes, r.Returned = fmt.Sprintf("/r4/_history?_since=2025-01-01&_count=250&page=%d", page), 400_000+s.Rand.Int64N(90_000), 250
		s.asked(at.Add(12*time.Minute+time.Duration(3*page)*time.Second), r)
	}
	s.Expect(func(t *life.Tale) { t.Actors = append(t.Actors, "population-health") })
}

func enumeration(s *scene) {
	const tried = 600
	at := s.around(0, 19, 5)
	app := trace.Request{Client: "appointment-app", Scope: "patient/*.read", Who: trace.Who{Login: "portal-88213"}, From: trace.From{IP: s.outside()}, Method: "GET", Agent: "okhttp/4.12", Took: 25 * time.Millisecond}
	for i := range tried {
		r := app
		r.Path, r.Status, r.Bytes = fmt.Sprintf("/r4/Patient/%d", 1000+i), 404, 310
		if s.chance(0.4) {
			r.Status, r.Bytes = 200, 2_400+s.Rand.Int64N(900)
		}
		s.asked(at, r)
		at = at.Add(s.between(300*time.Millisecond, 2*time.Second))
	}
	s.Expect(func(t *life.Tale) { t.Actors = append(t.Actors, "portal-88213") })
}

func rogueArchive(s *scene) {
	const title, studies = "RESEARCH9", 900
	rogue, at := "10.30.4.77", s.around(0, 23, 8)
	seen := trace.Image{Calling: title, Called: archiveAE, From: rogue, To: archiveIP, Implementation: "1.2.276.0.7230010.3.0.3.6.8 OFFIS_DCMTK_368"}
	wire := func(at time.Time, change func(*trace.Image)) {
		i := seen
		change(&i)
		s.onWire(at, i)
	}
	wire(at, func(i *trace.Image) { i.Command, i.Result = "A-ASSOCIATE", "accepted" })
	victims := s.known(studies, nil)
	s.Note(nil, persons(victims))
	s.Expect(func(t *life.Tale) { t.Actors = append(t.Actors, title) })
	for week := range 6 {
		when := at.Add(time.Duration(4*week) * time.Second)
		wire(when, func(i *trace.Image) {
			i.Command, i.Level, i.Status, i.Matches = "C-FIND", "STUDY", "0000", studies/6
			i.Query = map[string]string{"StudyDate": s.Day(-7*week-7).String() + "-" + s.Day(-7*week).String(), "PatientID": ""}
		})
		s.say(feed.Archive, when, trace.Audit{Event: trace.DCM("110112"), AE: title, From: trace.From{IP: rogue}, To: archiveAE, ToIP: archiveIP, Query: "CAAFAENTAAAKAElTT19JUiAxOTI=", Source: archiveAE}.Syslog(when))
	}
	at = at.Add(time.Minute)
	for n, v := range victims {
		st, p := s.study(), s.patient(v.Person)
		wire(at, func(i *trace.Image) {
			i.Command, i.Destination, i.Study, i.Status, i.Completed, i.MessageID, i.Level = "C-MOVE", title, st.UID, "0000", st.Instances, n+1, "STUDY"
		})
		moved := at.Add(s.between(4*time.Second, 15*time.Second))
		s.onWire(moved, trace.Image{Command: "C-STORE", Calling: archiveAE, Called: title, From: archiveIP, To: rogue, Port: 11112, Study: st.UID, SOPClass: st.Class, Patient: p.MRN,
			Status: "0000", Instances: st.Instances, Bytes: int64(st.Instances) * 526_000, OriginatorAE: title, OriginatorID: n + 1})
		s.say(feed.Archive, moved, trace.Audit{Event: trace.DCM("110104"), Action: "R", AE: title, From: trace.From{IP: rogue}, To: archiveAE, ToIP: archiveIP, Source: archiveAE,
			Patients: []trace.Patient{p}, Studies: []trace.Study{st}}.Syslog(moved))
		at = moved.Add(s.between(time.Second, 6*time.Second))
	}
}

func viewerScrape(s *scene) {
	const studies = 4000
	who := s.anyOf([]string{"RAD", "MD"}, nil)
	if who == nil {
		return
	}
	s.Note([]*world.Staff{who}, nil)
	at := s.around(0, 18, 12)
	from, token := s.seat(who, at), trace.UUID(s.next())
	for range studies {
		st := s.study()
		s.say(feed.DICOMWeb, at, trace.Request{Server: "dicomweb", Who: account(who), Client: "viewer", Scope: "user/ImagingStudy.read", From: from, Method: "GET", Host: "images.example.org",
			Path: "/dicom-web/studies/" + st.UID, Status: 200, Bytes: int64(st.Instances) * 526_000, Took: s.between(time.Second, 4*time.Second), ID: trace.UUID(s.next()), Agent: "viewer/5.1", TokenID: token, Returned: st.Instances}.Line(at))
		at = at.Add(s.between(1500*time.Millisecond, 5*time.Second))
	}
}

// protocol puts a study of patients on the list of protocols, and who may look at them, in one file.
func (s *scene) protocol(id string, by *world.Staff, patients []*life.Visit) {
	w := s.World()
	from, to := s.Day(-200).String(), s.Day(200).String()
	rows := feed.AppendList([]byte(feed.ListsHead+"\n"), &feed.ListRow{Kind: "member", Reference: id, Who: by.Number, WhoKind: "person", From: from, To: to, By: "ethics", Status: "approved"})
	for _, v := range patients {
		rows = feed.AppendList(rows, &feed.ListRow{Kind: "research", Reference: id, Patient: w.MRN(v.Person), Authority: w.Authority, Who: id, WhoKind: "protocol", From: from, To: to, By: "ethics", Status: "enrolled"})
	}
	s.File(feed.Lists, s.At(0, 5, 40), "lists-"+id+"-"+s.Day(0).String()+".csv", rows)
}

func overReach(s *scene) {
	who := s.anyOf([]string{"RSC", "MD"}, nil)
	if who == nil {
		return
	}
	enrolled, opened := 300, 900
	all := s.known(opened, func(v *life.Visit) bool { return !s.Met(who, v.Person) })
	if len(all) < opened { // a small house has a small study, and who runs it goes as far beyond
		enrolled = len(all) / 3
	}
	s.Note([]*world.Staff{who}, persons(all[enrolled:]))
	s.protocol(fmt.Sprintf("PR-%03d", 100+s.Rand.IntN(800)), who, all[:enrolled])
	s.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, v := range all {
		at := s.spread(who, 4, i, len(all))
		s.Open(who, v.Person, life.Look{At: at, What: life.Notes, Clicks: 3 + s.Rand.IntN(4), For: s.between(30*time.Second, 100*time.Second), Why: "research"})
	}
}

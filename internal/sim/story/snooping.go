package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

const day = 24 * time.Hour

// snooping is looks of the curious, the jealous and the worried.
func snooping() []life.Story {
	return []life.Story{
		{
			ID: "T01", Title: "A nurse opens a former partner's record six times in five weeks, without any reason.",
			Days: 35, Sources: []feed.Feed{feed.Access}, Detector: "unexplained, long gone, short looks", Flags: []string{"F10", "F25"},
			Target: 8 * day, Case: true, Harm: 3, Run: told(formerPartner),
		},
		{
			ID: "T02", Title: "A clerk reads the results of a spouse and of their child.",
			Days: 3, Sources: []feed.Feed{feed.Access, feed.ADT, feed.Staff}, Detector: "household", Flags: []string{"F02"},
			Target: day, Case: true, Harm: 3, Run: told(household),
		},
		{
			ID: "T03", Title: "A manager in a quarrel with an employee reads that person's psychiatric notes.",
			Days: 3, Sources: []feed.Feed{feed.Access, feed.ADT, feed.Lists, feed.Staff}, Detector: "co-worker, restricted record", Flags: []string{"F05", "F08"},
			Target: day, Case: true, Harm: 5, Run: told(subordinate),
		},
		{
			ID: "T04", Title: "A celebrity comes to the emergency department, and within a day eleven people look who have nothing to do there.",
			Days: 3, Sources: []feed.Feed{feed.Access, feed.ADT}, Detector: "celebrity, many on one patient: one case", Flags: []string{"F07", "F26", "F11"},
			Target: time.Hour, Case: true, Harm: 4, Run: told(cascade),
		},
		{
			ID: "T05", Title: "A registration clerk looks up nine people who live in the clerk's own street.",
			Days: 1, Sources: []feed.Feed{feed.Access}, Detector: "neighbours, searches by address", Flags: []string{"F06", "F14"},
			Target: day, Case: true, Harm: 2, Run: told(street),
		},
		{
			ID: "T16", Title: "Somebody makes up a reason: joins the care team and orders a test for a neighbour, reads the record, and cancels both.",
			Days: 4, Sources: []feed.Feed{feed.Access, feed.Orders, feed.ADT, feed.Portal}, Detector: "self-made reason", Flags: []string{"F24", "F06"},
			Target: 8 * day, Case: true, Harm: 3, Run: told(selfMade),
		},
		{
			ID: "T17", Title: "A nurse turns down the emergency prompt of a protected record and reaches the record through a report and the image viewer.",
			Days: 2, Sources: []feed.Feed{feed.Access, feed.ADT, feed.DICOMWeb}, Detector: "emergency access declined and evaded", Flags: []string{"F12", "F08"},
			Target: day, Case: true, Harm: 4, Run: told(aroundTheGlass),
		},
		{
			ID: "T20", Title: "Somebody who leafs through records of the famous opens one that was laid out as a trap.",
			Days: 1, Sources: []feed.Feed{feed.Access, feed.Lists, feed.Wire}, Detector: "trap opened, at once", Flags: []string{"F29"},
			Target: time.Minute, Case: true, Harm: 2, Run: told(trap),
		},
		{
			ID: "T21", Title: "A reviewer of accesses looks at a relative's record and closes the case about it.",
			Days: 2, Sources: []feed.Feed{feed.Access, feed.ADT, feed.Console}, Detector: "second person for the office itself", Flags: []string{"F02"},
			Target: day, Case: true, Harm: 4, Run: told(reviewer),
		},
	}
}

func formerPartner(s *scene) {
	nurse := s.anyOf([]string{"RN", "MA"}, func(u *world.Staff) bool { return u.Unit != nil })
	if nurse == nil {
		return
	}
	w := s.World()
	ex := s.Stranger(func(p world.Person) bool {
		apart := w.Age(p) - w.Age(nurse.Person)
		return s.adult(p) && apart > -8 && apart < 8 && s.apart(nurse, p)
	})
	if ex == world.None {
		return
	}
	s.Note([]*world.Staff{nurse}, []world.Person{ex})
	whats := []life.What{life.Notes, life.Demographics, life.Notes, life.Chart, life.Demographics, life.Notes}
	span := s.days(35)
	for i, what := range whats {
		at := s.Duty(nurse, i*(span-1)/len(whats), 0.2+0.6*s.Rand.Float64())
		s.Open(nurse, ex, life.Look{At: at, What: what, Clicks: 4 + s.Rand.IntN(6), For: s.between(2*time.Minute, 3*time.Minute), Why: "former partner"})
	}
}

func household(s *scene) {
	w := s.World()
	clerk := s.anyOf([]string{"WC", "SCH", "FD", "ADM"}, func(u *world.Staff) bool {
		partner := w.Partner(u.Person)
		return len(w.Household(u.Person)) > 2 && partner != world.None && w.Worker(partner) == nil && s.adult(partner)
	})
	if clerk == nil {
		return
	}
	partner, child := w.Partner(clerk.Person), w.Household(clerk.Person)[2]
	s.Note([]*world.Staff{clerk}, []world.Person{partner, child})
	s.Stay(partner, life.Stay{Class: 'O', From: s.At(0, 9, 20)})
	s.Stay(child, life.Stay{Class: 'O', From: s.At(0, 10, 40)})
	s.On(1, func() {
		at := s.Duty(clerk, 1, 0.3+0.4*s.Rand.Float64())
		s.Open(clerk, partner, life.Look{At: at, What: life.Results, Clicks: 9, For: 4 * time.Minute, Why: "household"})
		s.Open(clerk, child, life.Look{At: at.Add(s.between(5*time.Minute, 15*time.Minute)), What: life.Results, Clicks: 6, For: 3 * time.Minute, Why: "household"})
	})
}

func subordinate(s *scene) {
	w := s.World()
	clinic := w.Unit("C-PSY1")
	one := s.Staff(func(u *world.Staff) bool {
		m := u.Manager
		return m != nil && m.Unit == u.Unit && u.Unit != nil && u.Unit != clinic && u.Unit.Service != "PSY" && s.stays(u) && s.stays(m) && s.soon(m) && len(s.VisitsOf(u.Person)) == 0
	})
	if one == nil {
		return
	}
	boss := one.Manager
	s.Note([]*world.Staff{boss}, []world.Person{one.Person})
	s.Stay(one.Person, life.Stay{Class: 'O', Unit: clinic, From: s.At(0, 10, 0), Condition: "depression"})
	s.List(s.At(0, 10, 5), feed.ListRow{Kind: "restricted", Patient: w.MRN(one.Person), Authority: w.Authority, Label: "psychiatry", From: s.Day(0).String(), By: "him"})
	s.On(1, func() {
		at := s.Duty(boss, 1, 0.4)
		s.Open(boss, one.Person, life.Look{At: at, What: life.Psychiatry, Clicks: 7, For: s.between(4*time.Minute, 8*time.Minute), Why: "quarrel"})
	})
}

func cascade(s *scene) {
	star := s.grownUp()
	if star == world.None {
		return
	}
	s.Stay(star, life.Stay{Class: 'E', VIP: true, From: s.At(0, 13, 10), For: 30 * time.Hour})
	s.Note(nil, []world.Person{star})
	curious := s.others(11, star, s.At(0, 14, 30), s.At(1, 12, 0), "RN", "MD", "ADM", "LAB", "SCH", "BIL", "RES", "ITA", "PT", "CNA", "MA", "FD")
	texts := []string{"curious", "x", "heard he is here", "just looking"}
	for i, one := range curious {
		s.Note([]*world.Staff{one.who}, nil)
		if i < len(texts) {
			s.Row(one.who, star, feed.AccessRow{At: one.at, Metric: "Break-the-Glass accessed", Reason: "Other", Explanation: texts[i]})
		}
		s.Open(one.who, star, life.Look{At: one.at.Add(5 * time.Second), What: life.Chart, Clicks: 2 + s.Rand.IntN(6), For: s.between(15*time.Second, 3*time.Minute), Why: "curiosity"})
	}
	// Three more are of the emergency department, on duty, and look in passing: nobody could tell them from the team.
	if ed := s.World().Unit("ED"); ed != nil {
		at := s.At(0, 16, 0)
		for i, who := range s.OnDuty(ed, at) {
			if i == 3 {
				break
			}
			s.Note([]*world.Staff{who}, nil)
			s.Open(who, star, life.Look{At: at.Add(minutes(float64(7 * i))), What: life.Chart, Clicks: 5, Documented: true, Why: "on duty there"})
		}
	}
}

func street(s *scene) {
	const most = 9
	var near []world.Person
	clerk := s.anyOf([]string{"REG", "FD", "SCH"}, func(u *world.Staff) bool {
		near = s.nearby(u, most, s.seen)
		return len(near) == most
	})
	if clerk == nil { // a small town: fewer of the street have been here
		clerk = s.anyOf([]string{"FD", "REG"}, func(u *world.Staff) bool {
			near = s.nearby(u, most, s.adult)
			return len(near) >= most/2
		})
	}
	if clerk == nil {
		return
	}
	s.Note([]*world.Staff{clerk}, near)
	at := s.Duty(clerk, 0, 0.35)
	for _, p := range near {
		s.Search(clerk, at, s.World().Human(p).Street, 1+s.Rand.IntN(5))
		s.Open(clerk, p, life.Look{At: at.Add(s.between(4*time.Second, 9*time.Second)), What: life.Demographics, Clicks: 2, For: s.between(8*time.Second, 25*time.Second), Why: "neighbours"})
		at = at.Add(s.between(40*time.Second, 3*time.Minute))
	}
}

func selfMade(s *scene) {
	var near []world.Person
	who := s.anyOf([]string{"RN", "RES", "MD", "MA"}, func(u *world.Staff) bool {
		near = s.nearby(u, 1, s.seen)
		return u.Unit != nil && len(near) == 1
	})
	if who == nil {
		return
	}
	p := near[0]
	s.Note([]*world.Staff{who}, near)
	at := s.Duty(who, 0, 0.5)
	s.Team(who, who, p, at, false)
	request := trace.UUID(s.next())
	s.say(feed.Portal, at, trace.Interaction{ID: s.next(), Request: request, Kind: "update", Who: account(who), Client: "record-system",
		From: trace.From{IP: recordIP}, Patient: "Patient/" + s.World().MRN(p), What: "CareTeam/" + s.World().MRN(p)}.AuditEvent(at))
	order := s.Order(who, p, at.Add(2*time.Minute), "CBC", "LAB-HEM")
	s.Open(who, p, life.Look{At: at.Add(3 * time.Minute), What: life.Chart, Clicks: 14, For: 6 * time.Minute, Why: "neighbour"})
	s.Cancel(who, p, at.Add(12*time.Minute), order, "CBC", "LAB-HEM")
	s.Team(who, who, p, at.Add(14*time.Minute), true)
	again := at.Add(14 * time.Minute)
	s.say(feed.Portal, again, trace.Interaction{ID: s.next(), Request: trace.UUID(s.next()), Kind: "update", Who: account(who), Client: "record-system",
		From: trace.From{IP: recordIP}, Patient: "Patient/" + s.World().MRN(p), What: "CareTeam/" + s.World().MRN(p)}.AuditEvent(again))
}

func aroundTheGlass(s *scene) {
	w := s.World()
	p := s.grownUp()
	who := s.anyOf([]string{"RN", "MA"}, func(u *world.Staff) bool { return u.Unit != nil && u.Unit.Service != "PSY" && s.apart(u, p) })
	if who == nil || p == world.None {
		return
	}
	s.Note([]*world.Staff{who}, []world.Person{p})
	s.Stay(p, life.Stay{Class: 'O', Unit: w.Unit("C-PSY1"), From: s.At(0, 9, 0), Condition: "depression"})
	s.On(1, func() {
		at := s.Duty(who, 1, 0.6)
		s.Row(who, p, feed.AccessRow{At: at, Metric: "Break-the-Glass declined"})
		report := at.Add(4 * time.Minute)
		s.Row(who, world.None, feed.AccessRow{At: report, Metric: "Report run", Search: "clinic visits of the week", Patients: 60})
		s.Open(who, p, life.Look{At: report.Add(time.Minute), Metrics: []string{"Report result viewed", "Report result viewed", "View letter"}, Clicks: 3, For: 2 * time.Minute, Why: "around the glass"})
		st, seen := s.study(), at.Add(11*time.Minute)
		for i, path := range []string{"/studies?PatientID=" + w.MRN(p), "/studies/" + st.UID + "/series", "/studies/" + st.UID + "/rendered"} {
			when := seen.Add(time.Duration(i) * 3 * time.Second)
			s.say(feed.DICOMWeb, when, trace.Request{Server: "dicomweb", Who: account(who), Client: "viewer", From: s.seat(who, when), Method: "GET",
				Host: "images.example.org", Path: "/dicom-web" + path, Status: 200, Bytes: 20_000 * int64(1+i), Took: 80 * time.Millisecond, ID: trace.UUID(s.next()), Agent: "viewer/5.1"}.Line(when))
		}
	})
}

func trap(s *scene) {
	w := s.World()
	canaries := s.Canaries()
	who := s.anyOf([]string{"ADM", "SCH", "RN", "FD"}, nil)
	if who == nil || len(canaries) == 0 {
		return
	}
	canary := canaries[s.Rand.IntN(len(canaries))]
	s.Note([]*world.Staff{who}, []world.Person{canary})
	at := s.Duty(who, 0, 0.55)
	u := w.Human(canary)
	s.Search(who, at, "VIP", 6)
	s.Search(who, at.Add(20*time.Second), words(u.Family, u.Given), 1)
	s.Open(who, canary, life.Look{At: at.Add(30 * time.Second), What: life.Chart, Clicks: 6, For: 90 * time.Second, Why: "leafing through"})
	s.onWire(at.Add(70*time.Second), trace.Image{Command: "C-FIND", Calling: "VIEWER-03", Called: archiveAE, From: s.seat(who, at).IP, To: archiveIP, Level: "STUDY",
		Query: map[string]string{"PatientID": w.MRN(canary)}, Patient: w.MRN(canary), Status: "0000", Matches: 1})
}

func reviewer(s *scene) {
	w := s.World()
	who := s.anyOf([]string{"QUA", "UTL", "HIM", "ADM"}, func(u *world.Staff) bool {
		partner := w.Partner(u.Person)
		return partner != world.None && w.Worker(partner) == nil && s.adult(partner)
	})
	if who == nil {
		return
	}
	p := w.Partner(who.Person)
	s.Note([]*world.Staff{who}, []world.Person{p})
	s.Stay(p, life.Stay{Class: 'O', From: s.At(0, 8, 30)})
	s.On(1, func() {
		at := s.Duty(who, 1, 0.2)
		s.Open(who, p, life.Look{At: at, What: life.Results, Clicks: 6, For: 4 * time.Minute, Why: "relative"})
		closed := at.Add(5 * time.Hour)
		s.say(feed.Console, closed, trace.Act(closed, fmt.Sprintf("act-%d", s.next()), account(who), "case.decide", "case", trace.UUID(s.next()), "explained"))
	})
}

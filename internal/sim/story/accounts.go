package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// accounts is what is done with accounts that are not one's own or should not be any more.
func accounts() []life.Story {
	return []life.Story{
		{
			ID: "T13", Title: "Somebody who left the house three days ago signs in from outside and opens records.",
			Days: 7, Sources: []feed.Feed{feed.Access, feed.VPN, feed.Staff}, Detector: "leaver, at once", Flags: []string{"F19"},
			Target: time.Minute, Case: true, Harm: 4, Run: told(leaver),
		},
		{
			ID: "T14", Title: "Five nurses share one login, and one of them opens a colleague's record with it.",
			Days: 3, Sources: []feed.Feed{feed.Access, feed.ADT}, Detector: "shared login, co-worker", Flags: []string{"F18", "F05"},
			Target: day, Case: true, Harm: 3, Run: told(sharedLogin),
		},
		{
			ID: "T15", Title: "A doctor's stolen password is used from abroad while the doctor is on the ward: sixty searches.",
			Days: 2, Sources: []feed.Feed{feed.SignIns, feed.VPN, feed.Access, feed.Portal}, Detector: "impossible travel, sweep", Flags: []string{"F17", "F14"},
			Target: 10 * time.Minute, Case: true, Harm: 4, Run: told(stolenPassword),
		},
	}
}

func leaver(s *scene) {
	const after = 3
	var who *world.Staff
	last := s.Days() - 1
	for _, u := range s.World().Staff {
		if u.Job.Pattern != world.Never && u.End >= s.Day(-after) && u.End+after <= s.Day(last) && (who == nil || u.End < who.End) {
			who = u
		}
	}
	if who == nil { // nobody leaves in these days: somebody does so today
		if who = s.Staff(func(u *world.Staff) bool { return u.End == 0 && u.Unit != nil && u.Job.Family != "support" }); who == nil || last < after {
			return
		}
		s.Leave(who, 0)
	}
	on := after
	if who.End != 0 {
		on = max(0, int(who.End-s.Day(0))+after)
	}
	s.Note([]*world.Staff{who}, nil)
	s.On(on, func() {
		at := s.around(on, 20, 35).Add(s.between(0, 40*time.Minute))
		inside, _ := s.fromAfar(who, at, 50*time.Minute, 18_000_000, 2_400_000)
		s.Row(who, world.None, feed.AccessRow{At: at.Add(time.Minute), Metric: "Login", IP: inside.IP, Workstation: inside.Host})
		victims := s.known(6, func(v *life.Visit) bool { return s.Met(who, v.Person) })
		if len(victims) == 0 {
			victims = s.known(6, nil)
		}
		s.Note(nil, persons(victims))
		for i, v := range victims {
			s.Open(who, v.Person, life.Look{At: at.Add(minutes(float64(3 + 5*i))), What: life.Chart, Clicks: 8, For: 3 * time.Minute, IP: inside.IP, Workstation: inside.Host, Remote: true, Why: "left the house"})
		}
		s.Row(who, world.None, feed.AccessRow{At: at.Add(45 * time.Minute), Metric: "Logout", IP: inside.IP, Workstation: inside.Host})
	})
}

func sharedLogin(s *scene) {
	w := s.World()
	wards := w.Wards()
	if len(wards) < 2 {
		return
	}
	owner := s.of("RN", func(u *world.Staff) bool { return onWard(u) })
	if owner == nil {
		return
	}
	other := wards[(owner.Unit.Index+1)%len(wards)]
	colleague := s.Staff(func(u *world.Staff) bool {
		return u.Unit == owner.Unit && u != owner && s.stays(u) && len(s.VisitsOf(u.Person)) == 0
	})
	if colleague == nil {
		return
	}
	s.Note([]*world.Staff{owner}, []world.Person{colleague.Person})
	s.Stay(colleague.Person, life.Stay{Class: 'O', From: s.At(0, 11, 0)})
	at := s.Duty(owner, 0, 0.1)
	stations := []string{"WS-" + owner.Unit.Code + "-02", "WS-" + other.Code + "-05"}
	for place, u := range []*world.Unit{owner.Unit, other} {
		for i, v := range s.Inpatients(u) {
			if i == 12 {
				break
			}
			if place > 0 { // opened with the login of somebody who was not there
				s.Note(nil, []world.Person{v.Person})
			}
			// At the same minute as on the other ward, now and then.
			when := at.Add(minutes(float64(22 * i))).Add(s.between(0, 50*time.Second))
			s.Open(owner, v.Person, life.Look{At: when, What: life.Nursing, Workstation: stations[place], Documented: place == 0, Why: "shared login"})
		}
	}
	s.On(1, func() {
		when := s.Duty(owner, 1, 0.5)
		s.Open(owner, colleague.Person, life.Look{At: when, What: life.Notes, Clicks: 5, For: 2 * time.Minute, Workstation: stations[1], Why: "shared login, colleague"})
	})
}

func stolenPassword(s *scene) {
	who := s.anyOf([]string{"MD", "EMD"}, func(u *world.Staff) bool { return u.Unit != nil && u.Unit.Kind != world.Office })
	if who == nil {
		return
	}
	at := s.Duty(who, 0, 0.45)
	s.Note([]*world.Staff{who}, nil)
	outside, inside := s.outside(), s.inside()
	s.SignIn(who, at.Add(-3*time.Minute), outside, "BR", "Remote Access", 50126)
	s.SignIn(who, at.Add(-time.Minute), outside, "BR", "Remote Access", 0)
	s.say(feed.VPN, at, trace.VPNOn(at, who.Login, outside, inside))
	s.say(feed.VPN, at.Add(80*time.Minute), trace.VPNOff(at.Add(80*time.Minute), who.Login, outside, 80*time.Minute, 31_000_000, 3_300_000))
	desk := feed.AccessRow{IP: inside, Workstation: fmt.Sprintf("VDI-%d", 100+s.Rand.IntN(900))}
	row := func(p world.Person, at time.Time, metric, search string, hits int) {
		r := desk
		r.At, r.Metric, r.Search, r.Patients = at, metric, search, hits
		s.Row(who, p, r)
	}
	row(world.None, at.Add(time.Minute), "Login", "", 0)
	found := s.known(10, func(v *life.Visit) bool { return s.apart(who, v.Person) })
	s.Note(nil, persons(found))
	for i := range 60 {
		when := at.Add(2*time.Minute + time.Duration(65*i)*time.Second)
		name := world.Surname(i * 7)
		row(world.None, when, "Search patients", name, 1+s.Rand.IntN(40))
		if i%6 == 0 && i/6 < len(found) {
			s.Open(who, found[i/6].Person, life.Look{At: when.Add(9 * time.Second), What: life.Demographics, Clicks: 3, For: 40 * time.Second, IP: inside, Workstation: desk.Workstation, Remote: true, Why: "stolen password"})
		}
	}
	// Then through the app: one search that shows twenty patients is twenty records of one request.
	shown, request, when := s.known(20, nil), trace.UUID(s.next()), at.Add(70*time.Minute)
	s.Note(nil, persons(shown))
	for _, v := range shown {
		s.say(feed.Portal, when, trace.Interaction{ID: s.next(), Request: request, Kind: "search", Who: account(who), Client: "mobile-record", From: trace.From{IP: outside}, Token: request[:13],
			Patient: s.World().MRN(v.Person), Authority: s.World().Authority, Query: "GET /r4/Patient?family=" + world.Surname(3) + "&_count=20"}.AuditEvent(when))
	}
}

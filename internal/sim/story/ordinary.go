package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// ordinary is what people do every day and no paper explains.
func ordinary() []life.Story {
	return []life.Story{
		{
			ID: "B01", Title: "A cardiologist is asked on the corridor, looks at the patient, and nobody writes it down.",
			Days: 2, Sources: []feed.Feed{feed.Access}, Detector: "none: a single unexplained look of a clinician", Harm: 1, Run: told(corridor),
		},
		{
			ID: "B02", Title: "A nurse of the float pool helps on a ward on whose roster the nurse does not stand.",
			Days: 2, Sources: []feed.Feed{feed.Access, feed.Pharmacy}, Detector: "none: drugs given explain it", Harm: 1, Run: told(floating),
		},
		{
			ID: "B03", Title: "The house plays a disaster: twenty injured within half an hour, and everybody called runs.",
			Days: 1, Sources: []feed.Feed{feed.Access, feed.ADT, feed.Lists}, Detector: "none: called to the emergency department", Harm: 1, Run: told(drill),
		},
		{
			ID: "B04", Title: "Eight people open the wrong record and close it within ten seconds.",
			Days: 2, Sources: []feed.Feed{feed.Access}, Detector: "none: misclicks", Harm: 1, Run: told(misclicks),
		},
		{
			ID: "B05", Title: "A nurse looks after a patient of the same surname who is no relative.",
			Days: 4, Sources: []feed.Feed{feed.Access, feed.ADT}, Detector: "none: on the nurse's ward", Harm: 1, Run: told(namesake),
		},
		{
			ID: "B06", Title: "Somebody who works in the emergency department is treated there by colleagues.",
			Days: 3, Sources: []feed.Feed{feed.Access, feed.ADT}, Detector: "none: treated by them", Harm: 1, Run: told(ownPatient),
		},
		{
			ID: "B07", Title: "A researcher reads the 300 records of an approved protocol.",
			Days: 4, Sources: []feed.Feed{feed.Access, feed.Lists}, Detector: "none: the protocol", Harm: 1, Run: told(inProtocol),
		},
	}
}

func corridor(s *scene) {
	lying := s.Inpatients(nil)
	var v *life.Visit
	if len(lying) > 0 {
		v = lying[s.Rand.IntN(len(lying))]
	} else if v = s.Known(nil); v == nil {
		return
	}
	doctor := s.of("MD", func(u *world.Staff) bool { return u != v.Attending && !s.Met(u, v.Person) && s.apart(u, v.Person) })
	if doctor == nil {
		return
	}
	s.Note([]*world.Staff{doctor}, []world.Person{v.Person})
	s.Open(doctor, v.Person, life.Look{At: s.Duty(doctor, 0, 0.4), What: life.Results, Clicks: 15, For: 5 * time.Minute, Why: "asked on the corridor"})
}

func floating(s *scene) {
	nurse := s.of("RN", func(u *world.Staff) bool {
		_, ok := s.Shift(u, 0)
		return ok && u.Unit == nil
	})
	if nurse == nil {
		nurse = s.anyOf([]string{"RN", "CRN", "MA"}, nil)
	}
	if nurse == nil {
		return
	}
	own := nurse.Unit
	if shift, ok := s.Shift(nurse, 0); ok {
		own = shift.Unit
	}
	var ward *world.Unit
	for _, u := range s.World().Wards() {
		if u != own && len(s.Inpatients(u)) >= 5 {
			ward = u
			break
		}
	}
	from := s.Duty(nurse, 0, 0)
	s.Note([]*world.Staff{nurse}, nil)
	if ward == nil { // a practice has no wards: she helps with those who were here
		for i, v := range s.known(4, nil) {
			s.Note(nil, []world.Person{v.Person})
			s.helped(nurse, v.Person, from.Add(minutes(float64(30+40*i))))
		}
		return
	}
	for i, v := range s.Inpatients(ward) {
		if i == 8 {
			break
		}
		s.Note(nil, []world.Person{v.Person})
		s.helped(nurse, v.Person, from.Add(minutes(float64(30+40*i))))
	}
}

// helped is a nurse who looks after somebody and gives a drug.
func (s *scene) helped(nurse *world.Staff, p world.Person, at time.Time) {
	s.Open(nurse, p, life.Look{At: at, What: life.Nursing, Documented: true, Why: "float"})
	s.Give(nurse, p, at.Add(9*time.Minute), "PARACETAMOL 1 G TAB", "")
}

func drill(s *scene) {
	const injured = 20
	w := s.World()
	ed := w.Unit("ED")
	at := s.around(0, 14, 0)
	var victims []world.Person
	for i := range injured {
		p := s.grownUp()
		if p == world.None {
			break
		}
		class := byte('E')
		if ed == nil {
			class = 'O'
		}
		victims = append(victims, p)
		s.Stay(p, life.Stay{Class: class, From: at.Add(time.Duration(85*i) * time.Second), For: 3 * time.Hour})
	}
	if len(victims) == 0 {
		return
	}
	s.Note(nil, victims)
	called := s.others(14, victims[0], at, at.Add(3*time.Hour), "RN", "MD", "RES", "ANE", "MA")
	for i, l := range called {
		s.Note([]*world.Staff{l.who}, nil)
		p := victims[i%len(victims)]
		s.List(at, feed.ListRow{Kind: "page", Reference: "MCI-DRILL", Patient: w.MRN(p), Authority: w.Authority, Who: l.who.Number, WhoKind: "person", From: at.Format(time.RFC3339), To: at.Add(4 * time.Hour).Format(time.RFC3339), By: "switchboard"})
		s.Open(l.who, p, life.Look{At: l.at, What: life.Rounds, Documented: true, Why: "disaster drill"})
	}
}

func misclicks(s *scene) {
	jobs := []string{"RN", "MD", "FD", "LAB", "MA", "WC", "RN", "SCH"}
	for i, v := range s.known(len(jobs), nil) {
		who := s.anyOf([]string{jobs[i], "MA", "FD", "MD"}, func(u *world.Staff) bool { return s.apart(u, v.Person) })
		if who == nil {
			continue
		}
		s.Note([]*world.Staff{who}, []world.Person{v.Person})
		at := s.Duty(who, 0, 0.1+0.8*s.Rand.Float64())
		s.Search(who, at, s.World().Human(v.Person).Family, 7)
		s.Open(who, v.Person, life.Look{At: at.Add(6 * time.Second), What: life.Preview, Clicks: 2, For: s.between(3*time.Second, 9*time.Second), Why: "misclick"})
	}
}

func namesake(s *scene) {
	w := s.World()
	nurses := map[string]*world.Staff{}
	for _, j := range []string{"RN", "CRN", "MA"} {
		for _, u := range w.OfJob(j) {
			if u.Unit != nil && s.stays(u) && s.soon(u) && nurses[u.Human.Family] == nil {
				nurses[u.Human.Family] = u
			}
		}
	}
	p := s.Stranger(func(p world.Person) bool {
		h := w.Human(p)
		nurse := nurses[h.Family]
		return nurse != nil && s.adult(p) && h.Road != nurse.Human.Road
	})
	if p == world.None {
		return
	}
	nurse := nurses[w.Human(p).Family]
	s.Note([]*world.Staff{nurse}, []world.Person{p})
	class, long := byte('I'), 3*day
	if nurse.Unit.Kind != world.Ward {
		class, long = 'O', 0
	}
	from := s.At(0, 8, 0)
	s.Stay(p, life.Stay{Class: class, Unit: nurse.Unit, From: from, For: long})
	at := s.Duty(nurse, 0, 0.6)
	if at.Before(from.Add(90 * time.Minute)) {
		at = from.Add(90 * time.Minute)
	}
	s.Open(nurse, p, life.Look{At: at, What: life.Nursing, Documented: true, Why: "namesake on her ward"})
}

func ownPatient(s *scene) {
	unit := s.World().Unit("ED")
	class := byte('E')
	if unit == nil {
		unit, class = s.World().Unit("PRAC"), 'O'
	}
	who := s.Staff(func(u *world.Staff) bool { return u.Unit == unit && s.stays(u) && len(s.VisitsOf(u.Person)) == 0 })
	if who == nil {
		return
	}
	s.Note(nil, []world.Person{who.Person})
	from := s.At(0, 11, 0)
	s.Stay(who.Person, life.Stay{Class: class, Unit: unit, From: from, For: 7 * time.Hour})
	at := from.Add(70 * time.Minute)
	for i, colleague := range s.OnDuty(unit, at) {
		if i == 4 {
			break
		}
		if colleague != who {
			s.Note([]*world.Staff{colleague}, nil)
			s.Open(colleague, who.Person, life.Look{At: at.Add(minutes(float64(11 * i))), What: life.Nursing, Documented: true, Why: "treats a colleague"})
		}
	}
}

func inProtocol(s *scene) {
	who := s.anyOf([]string{"RSC", "MD"}, nil)
	if who == nil {
		return
	}
	all := s.known(300, func(v *life.Visit) bool { return !s.Met(who, v.Person) })
	s.Note([]*world.Staff{who}, persons(all))
	s.protocol(fmt.Sprintf("PR-%03d", 100+s.Rand.IntN(800)), who, all)
	for i, v := range all {
		at := s.spread(who, 4, i, len(all))
		s.Open(who, v.Person, life.Look{At: at, What: life.Notes, Clicks: 3 + s.Rand.IntN(6), For: s.between(40*time.Second, 3*time.Minute), Documented: true, Why: "research"})
	}
}

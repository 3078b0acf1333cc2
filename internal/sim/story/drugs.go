package story

import (
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// drugs is what is done at the drug cabinets: a theft, and what looks like one.
func drugs() []life.Story {
	return []life.Story{
		{
			ID: "T19", Title: "A nurse takes opioids from the cabinet for private use: drawn and given to nobody, or wasted late and always before the same witness.",
			Days: 30, Sources: []feed.Feed{feed.Cabinets, feed.Pharmacy, feed.Roster}, Detector: "drugs drawn and not given", Flags: []string{"F28"},
			Target: 30 * day, Case: true, Harm: 5, Run: told(diversion),
		},
		{
			ID: "B16", Title: "In a week with too few nurses one of the float pool takes many opioids before they are ordered, and gives them.",
			Days: 7, Sources: []feed.Feed{feed.Cabinets, feed.Pharmacy}, Detector: "none: each is ordered, given, and its rest wasted at once", Harm: 1, Run: told(understaffed),
		},
	}
}

// wanted is the drug that most patients with an opioid get, and so the easiest to take.
const wanted = "HYDROMORPHONE 2 MG/ML INJ"

func diversion(s *scene) {
	nurse := s.of("RN", onWard)
	if nurse == nil {
		return
	}
	s.Note([]*world.Staff{nurse}, nil)
	witness := s.companion(nurse)
	for d := range s.days(30) {
		s.On(d, func() { s.divert(nurse, witness, d) })
	}
}

// companion is who of the same ward works at the same times as somebody, as far as anybody does.
func (s *scene) companion(nurse *world.Staff) *world.Staff {
	var found *world.Staff
	most := -1
	for _, u := range s.World().Belonging(nurse.Unit) {
		if u == nurse || u.Job.Code != "RN" || !s.stays(u) {
			continue
		}
		together := 0
		for d := range s.days(30) {
			one, works := s.Shift(nurse, d)
			other, too := s.Shift(u, d)
			if works && too && one.From.Equal(other.From) {
				together++
			}
		}
		if together > most {
			found, most = u, together
		}
	}
	return found
}

// divert is what the nurse does on one day besides the ordinary work. On some there is no opportunity.
func (s *scene) divert(nurse, witness *world.Staff, d int) {
	shift, ok := s.Shift(nurse, d)
	if !ok || s.chance(0.12) {
		return
	}
	for i, v := range s.inPain(nurse.Unit, d, 3+s.Rand.IntN(3)) {
		if s.chance(0.08) {
			continue
		}
		at := s.Duty(nurse, d, 0.05+0.6*s.Rand.Float64())
		p := life.Pull{Unit: nurse.Unit, At: at, Kind: "REMOVE", Drug: wanted}
		if i%4 == 2 { // without an order
			p.Kind = "OVERRIDE"
			s.Pull(nurse, v.Person, p)
			continue
		}
		p.Order = s.opioid(v, at)
		s.Pull(nurse, v.Person, p)
		switch i % 4 {
		case 0: // given as ordered; what is taken in the second case is given to nobody
			s.Give(nurse, v.Person, at.Add(s.between(3*time.Minute, 14*time.Minute)), wanted, p.Order)
		case 3: // wasted hours later, before the same witness, who has to be there
			p.Kind, p.At, p.Witness, p.Part = "WASTE", at.Add(s.between(2*time.Hour, 4*time.Hour)), witness, 0.25*float64(2+s.Rand.IntN(2))
			if other, works := s.Shift(witness, d); works && p.At.Before(earliest(earliest(shift.To, other.To), s.At(s.Days(), 0, 0))) {
				s.Pull(nurse, v.Person, p)
			}
		}
	}
}

// inPain lists patients of a ward, those first who get the drug.
func (s *scene) inPain(u *world.Unit, d, most int) []*life.Visit {
	var first, others []*life.Visit
	all := s.Inpatients(u)
	s.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, v := range all {
		if s.Prescribed(v.Person, s.At(d, 8, 0), wanted) != "" {
			first = append(first, v)
		} else {
			others = append(others, v)
		}
	}
	all = append(first, others...)
	return all[:min(most, len(all))]
}

// opioid is the order under which a patient gets the drug. Who has none is ordered it.
func (s *scene) opioid(v *life.Visit, at time.Time) string {
	if number := s.Prescribed(v.Person, at, wanted); number != "" {
		return number
	}
	return s.Prescribe(v.Attending, v.Person, at.Add(-s.between(20*time.Minute, 3*time.Hour)), wanted)
}

func understaffed(s *scene) {
	nurse := s.of("RN", func(u *world.Staff) bool { return u.Unit == nil })
	if nurse == nil {
		if nurse = s.of("RN", onWard); nurse == nil {
			return
		}
	}
	s.Note([]*world.Staff{nurse}, nil)
	for d := range s.days(7) {
		s.On(d, func() { s.busy(nurse, d) })
	}
}

// busy is a shift in which orders come behind.
func (s *scene) busy(nurse *world.Staff, d int) {
	shift, ok := s.Shift(nurse, d)
	if !ok {
		return
	}
	end := earliest(shift.To, s.At(s.Days(), 0, 0)).Add(-75 * time.Minute)
	there := s.OnDuty(shift.Unit, shift.From.Add(2*time.Hour))
	for _, v := range s.inPain(shift.Unit, d, 6+s.Rand.IntN(5)) {
		at := shift.From.Add(s.between(20*time.Minute, 10*time.Hour))
		if at.After(end) {
			continue
		}
		p := life.Pull{Unit: shift.Unit, At: at, Kind: "OVERRIDE", Drug: wanted}
		s.Pull(nurse, v.Person, p)
		ordered := at.Add(s.between(5*time.Minute, 40*time.Minute))
		number := s.Prescribe(v.Attending, v.Person, ordered, wanted)
		s.Give(nurse, v.Person, ordered.Add(s.between(time.Minute, 8*time.Minute)), wanted, number)
		if s.chance(0.5) {
			p.Kind, p.At, p.Part = "WASTE", at.Add(s.between(2*time.Minute, 12*time.Minute)), 0.5
			p.Witness = s.another(nurse, there)
			s.Pull(nurse, v.Person, p)
		}
	}
}

// another is one of the nurses who are there.
func (s *scene) another(but *world.Staff, there []*world.Staff) *world.Staff {
	var all []*world.Staff
	for _, u := range there {
		if u != but && (u.Job.Code == "RN" || u.Job.Code == "CHG") {
			all = append(all, u)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[s.Rand.IntN(len(all))]
}

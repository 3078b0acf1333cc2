package world

import (
	"fmt"
	"strings"
)

func (w *World) hire(u *Unit, job string, n int) {
	j := jobs()[job]
	for slot := range n {
		s := &Staff{Index: len(w.Staff), Job: j, Unit: u, Employment: "employee", slot: slot}
		s.phase = w.hash(forJob, int64(s.Index))
		r := w.Rand(forJob, uint64(s.Index))
		for {
			s.Person = w.Draw(r)
			if age := w.Age(s.Person); w.workers[s.Person] == nil && !s.Person.Child() && age >= 21 && age < 67 {
				break
			}
		}
		s.Number = fmt.Sprintf("S%05d", 10_000+s.Index*7)
		w.workers[s.Person] = s
		s.Human = w.Human(s.Person)
		s.Login = w.login(s.Human)
		w.logins[s.Login] = s
		w.terms(s)
		w.Staff = append(w.Staff, s)
		w.ofJob[job] = append(w.ofJob[job], s)
		if u != nil {
			w.belonging[u] = append(w.belonging[u], s)
		}
	}
}

// terms settle where s belongs and for how long: sixty people come and sixty go each month in a house of 8,000.
func (w *World) terms(s *Staff) {
	switch {
	case s.Unit != nil:
		s.Department, s.Service = s.Unit.Department, s.Unit.Service
	case s.Job.Code == "GP":
		s.Department, s.Employment = "COMMUNITY", "community"
	case s.Job.Code == "OLD":
		s.Department = "FORMER"
	default:
		s.Department = "NURS-FLOAT"
	}
	if s.Unit != nil && (s.Job.Family == "physician") {
		s.Department = "MED-" + s.Service
	}
	h := w.hash(forLeave, int64(s.Index))
	switch {
	case s.Job.Pattern == Never:
		s.End = w.From - Day(40+h%900)
		return
	case w.Size == Clinic:
		return
	case h%100 < 3:
		s.End = w.From - 20 + Day(h>>8%120)
	case h%100 < 6:
		s.Start = w.From - 20 + Day(h>>8%120)
	}
	if s.Job.Family == "nursing" && h>>32%100 < 6 {
		s.Employment = "agency"
	}
	office := s.Job.Code == "COD" || s.Job.Code == "BIL" || s.Job.Code == "SCH" || s.Job.Code == "ITA"
	if pick := w.hash(forRemote, int64(s.Index)) % 100; office && pick < 70 || pick < 3 {
		s.Remote = s.Job.Family != "nursing" && s.Job.Family != "support" && s.Job.Family != "lab"
	}
}

// manage names managers: the first of each unit, whose manager is the first of the administration.
func (w *World) manage() {
	head := w.ofJob["ADM"][0]
	for _, s := range w.Staff {
		if s == head {
			continue
		}
		s.Manager = head
		if s.Unit != nil && w.belonging[s.Unit][0] != s {
			s.Manager = w.belonging[s.Unit][0]
		}
	}
}

func (w *World) login(h Human) string {
	plain := strings.NewReplacer("ö", "o", "ü", "u", "ý", "y", "ż", "z", "ë", "e", "é", "e")
	name := plain.Replace(strings.ToLower(h.Given))[:1] + plain.Replace(strings.ToLower(h.Family))
	login := name
	for n := 2; w.logins[login] != nil; n++ {
		login = fmt.Sprintf("%s%d", name, n)
	}
	return login
}

package console_test

import (
	"context"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
)

// stand answers as the room does.
type stand struct {
	mu    sync.Mutex
	now   func() time.Time
	cases []privacy.Case
}

func newStand(now func() time.Time) *stand {
	s := &stand{now: now}
	day := now().UTC().Truncate(24 * time.Hour).AddDate(0, 0, -1)
	at := func(h, m int) time.Time { return day.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute) }
	mk := func(id string, n int64, lane privacy.Lane, headline string, patients int) privacy.Case {
		k := privacy.Case{ID: id, Number: n, Kind: privacy.UserCase, Lane: lane, State: privacy.Pending, Opened: now().Add(-2 * time.Hour),
			Users: []privacy.Party{{Token: "ac_1", Hint: "208", Role: "registration clerk", Unit: "REG", Staff: 7, User: 3}},
			Text: privacy.Text{Headline: headline, Paragraphs: []string{"On Monday a registration clerk opened the chart of a person who works in the same department, three times.", "The patient had no contact with the hospital on Monday."},
				Tried: []privacy.TriedKind{{Kind: "Care", Looked: "Visits, orders, results", Count: 12, Result: "none", Found: "None connect them"}, {Kind: "Place", Looked: "Wards and desks", Count: 9, Result: "weak", Found: "The desk registered the patient 44 days ago"}},
				Weighs: []privacy.Weighs{{ID: "F05", Label: "Same department as the patient", Decibans: 32}, {ID: "E15", Label: "Registered the patient 44 days ago", Decibans: -7}},
			}}
		for i := range patients {
			k.Patients = append(k.Patients, privacy.Party{Token: "pt_" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Hint: "4471", Patient: hospital.PatientID(i + 1)})
		}
		t := privacy.Touch{Staff: 7, Patient: 1, Day: int32(day.Unix() / 86400), First: at(8, 52), Last: at(16, 31)}
		t.Counts[privacy.Open] = 3
		for i, h := range []int{8, 12, 16} {
			t.Evidence = append(t.Evidence, privacy.Access{At: at(h, 17), Act: privacy.Open, Native: "address page", Place: hospital.Place{Entry: 0, Line: int32(i % 1)}})
		}
		k.Touches = []privacy.Look{{Touch: t}}
		return k
	}
	s.cases = []privacy.Case{mk("c1", 619, privacy.Urgent, "We found no reason for three openings of a co-worker’s chart", 1), mk("c2", 620, privacy.Ranked, "We found no reason for openings of many charts", 62), mk("c3", 621, privacy.Audit, "Drawn at random: a nurse opened a chart", 1)}
	return s
}

func (s *stand) Cases(_ context.Context, f privacy.Filter) (out []privacy.Case, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.cases {
		for _, st := range f.States {
			if k.State == st && f.By.Name != "s.subject" {
				out = append(out, k)
			}
		}
	}
	return out, nil
}

func (s *stand) find(id string) *privacy.Case {
	for i := range s.cases {
		if s.cases[i].ID == id {
			return &s.cases[i]
		}
	}
	return nil
}

func (s *stand) Case(_ context.Context, id string, by privacy.Viewer) (privacy.Case, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.find(id)
	if k == nil || by.Name == "s.subject" {
		return privacy.Case{}, privacy.ErrNoCase
	}
	k.Seen = append(k.Seen, privacy.Sight{By: by, At: s.now()})
	return *k, nil
}

func (s *stand) Dispose(_ context.Context, id string, d privacy.Decision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.find(id)
	if k.State != privacy.Pending {
		return privacy.ErrDecided
	}
	k.State, k.Decided = privacy.Closed, &d
	if d.Outcome == privacy.Violation {
		k.Breach = &privacy.Breach{Patients: len(k.Patients), Discovered: k.Opened, Clocks: []privacy.Clock{{Rule: "EU-GDPR-33", From: k.Opened, Due: k.Opened.Add(72 * time.Hour)}, {Rule: "US-HIPAA-IND", From: k.Opened, Due: k.Opened.AddDate(0, 0, 60), Whole: true}}}
	}
	return nil
}

func (s *stand) Undo(_ context.Context, id string, by privacy.Viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.find(id)
	k.State, k.Breach, k.Decided = privacy.Pending, nil, nil
	return nil
}

func (s *stand) Assess(_ context.Context, id string, f [4]string, by privacy.Viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(id).Breach.Factors = f
	return nil
}

func (s *stand) Propose(_ context.Context, id, fact string, by privacy.Viewer) (privacy.Proposal, error) {
	return privacy.Proposal{Template: "S001", Fact: fact, Trial: privacy.Trial{Touches: 41, Cases: 2}}, nil
}

func (s *stand) Reveal(_ context.Context, id string, by privacy.Viewer) (privacy.Revealed, error) {
	return privacy.Revealed{Users: []privacy.Named{{Token: "ac_1", Human: hospital.Human{Given: "Ida", Family: "Holm"}, Account: "r.holm"}}, Patients: []privacy.Named{{Token: "pt_aa", Human: hospital.Human{Given: "Ola", Family: "Berg"}, Identifiers: []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: "0099-4471"}}}}}, nil
}

func (s *stand) Viewer(_ context.Context, name string, _ ...string) (privacy.Viewer, error) {
	return privacy.Viewer{Name: name}, nil
}

func (s *stand) FindPatient(_ context.Context, number string) (hospital.PatientID, error) {
	if number == "0099-4471" {
		return 1, nil
	}
	return 0, nil
}

func (s *stand) FindStaff(_ context.Context, name string) (hospital.StaffID, error) {
	if name == "r.holm" {
		return 7, nil
	}
	return 0, nil
}

func (s *stand) WhoSaw(_ context.Context, p hospital.PatientID, from, to time.Time) ([]privacy.Seen, error) {
	k := s.find("c1")
	t := k.Touches[0].Touch
	return []privacy.Seen{{Account: k.Users[0], First: t.First, Last: t.Last, Counts: t.Counts, Case: "c1", Evidence: t.Evidence}, {Account: privacy.Party{Token: "ac_2", Hint: "515", Role: "physician"}, First: t.First.AddDate(0, 0, -3), Last: t.First.AddDate(0, 0, -3), Counts: t.Counts, Explained: true, Reason: "Had an appointment with the patient that day"}}, nil
}

func (s *stand) PersonsDay(_ context.Context, id hospital.StaffID, day int32) (privacy.Day, error) {
	k := s.find("c1")
	at := time.Unix(int64(day)*86400, 0).UTC()
	return privacy.Day{Staff: k.Users[0], Day: day, Rostered: true, Shifts: []hospital.Shift{{From: at.Add(8 * time.Hour), To: at.Add(16*time.Hour + 30*time.Minute)}}, At: at.Add(8*time.Hour + 4*time.Minute), Until: at.Add(16*time.Hour + 41*time.Minute), Looks: k.Touches, Patients: k.Patients}, nil
}

func (s *stand) Health(context.Context) (privacy.Health, error) {
	return privacy.Health{All: privacy.Share{Touches: 1000, Explained: 963}, Departments: []privacy.DepartmentHealth{{Name: "4 West", Share: privacy.Share{Touches: 120, Explained: 97, Held: 31}, Past: 0.961, Held: true, Since: s.now().Add(-30 * time.Hour), Reason: "the roster feed of 4 West is silent"}, {Name: "ED", Share: privacy.Share{Touches: 880, Explained: 866}, Past: 0.972}}}, nil
}

func (s *stand) Misses(context.Context) (privacy.Estimate, error) {
	return privacy.Estimate{Population: 1204331, Drawn: 260, Decided: 240, Improper: 1, Share: 1.0 / 240, Low: 0.0001, High: 0.023, Templates: []privacy.TemplatePrecision{{Template: "E09", Decided: 61, Proper: 60, Low: 0.91, High: 0.999}}}, nil
}

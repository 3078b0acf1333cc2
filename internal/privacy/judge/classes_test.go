package judge_test

import (
	"testing"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

func TestWordsOfSendersHaveClasses(t *testing.T) {
	c := loaded(t).Classes()
	for _, w := range []struct {
		native     string
		act        judge.Act
		background bool
		known      bool
		item       string
	}{
		{"Print Face Sheet", judge.Print, false, true, "identity"},
		{"Patient List", judge.Listed, false, true, ""},
		{"ED Track Board", judge.Listed, false, true, ""},
		{"Worklist Poll", judge.Other, true, true, ""},
		{"Image prefetch", judge.Other, true, true, ""},
		{"Patient Search", judge.Search, false, true, ""},
		{"Export CSV", judge.Export, false, true, ""},
		{"Psych Note viewed", judge.Other, false, false, "psychiatry"},
		{"HIV Viral Load", judge.Other, false, false, "hiv"},
		{"Demographics", judge.Other, false, false, "identity"},
		{"Chart opened", judge.Other, false, false, ""},
		{"Archive", judge.Other, false, false, ""},
	} {
		if act, background, known := c.Act(w.native); act != w.act || background != w.background || known != w.known {
			t.Errorf("%s: got %v, %t, %t", w.native, act, background, known)
		}
		if got := c.Item(w.native); got != w.item {
			t.Errorf("%s: item is %q, want %q", w.native, got, w.item)
		}
	}
	for account, want := range map[string]bool{"svc-print": true, "SVC_LAB": true, "lab.intf": true, "nora": false, "bernard": false, "interfax": false} {
		if c.Machine(account) != want {
			t.Errorf("%s: machine is %t", account, !want)
		}
	}
}

func TestTitlesHaveFamilies(t *testing.T) {
	c := loaded(t).Classes()
	for title, want := range map[string]hospital.Family{
		"Registered Nurse": hospital.Nursing, "Nurse Manager": hospital.Nursing, "Clinical Pharmacist": hospital.Pharmacy,
		"Consultant Radiologist": hospital.Radiology, "Senior Resident": hospital.Physician, "Ward Clerk": hospital.Desk,
		"Billing Specialist": hospital.Records, "Infection Control Lead": hospital.Quality, "IT Analyst": hospital.IT,
		"Catering Assistant": hospital.Support, "HR Manager": hospital.Office, "Research Assistant": hospital.ResearchStaff,
		"Physiotherapist": hospital.Therapy, "Laboratory Technician": hospital.Lab, "Medical Student": hospital.UnknownFamily,
		"Juggler": hospital.UnknownFamily,
	} {
		if got := c.Family(title); got != want {
			t.Errorf("%s: family %d, want %d", title, got, want)
		}
	}
	for _, s := range []struct {
		staff *hospital.Staff
		want  string
	}{
		{nil, "someone whose job we do not know"},
		{&hospital.Staff{}, "someone whose job we do not know"},
		{&hospital.Staff{Family: hospital.Nursing}, "a nurse"},
		{&hospital.Staff{Family: hospital.Nursing, Type: hospital.Machine}, "a machine's account"},
		{&hospital.Staff{Family: hospital.Support}, "someone from support services"},
	} {
		if got := c.Person(s.staff); got != s.want {
			t.Errorf("got %q, want %q", got, s.want)
		}
	}
}

package hospital

import "strings"

// ParseFamily reads the name of a family of jobs.
func ParseFamily(text string) Family {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "physician", "medical", "doctor":
		return Physician
	case "nursing", "nurse":
		return Nursing
	case "therapy":
		return Therapy
	case "pharmacy":
		return Pharmacy
	case "radiology", "imaging":
		return Radiology
	case "lab", "laboratory":
		return Lab
	case "desk", "registration":
		return Desk
	case "records", "him", "coding", "billing":
		return Records
	case "quality":
		return Quality
	case "research":
		return ResearchStaff
	case "it":
		return IT
	case "office", "administration", "admin":
		return Office
	case "support":
		return Support
	}
	return UnknownFamily
}

// familyByTitle goes by words in titles of jobs, the telling ones first: a nurse manager is a nurse, a pharmacy clerk
// works in the pharmacy.
func familyByTitle(title string) Family {
	title = strings.ToLower(title)
	for _, t := range []struct {
		family Family
		words  []string
	}{
		{Pharmacy, []string{"pharm"}},
		{Radiology, []string{"radiol", "radiogr", "sonogr", "imaging", "x-ray"}},
		{Lab, []string{"laborator", "phlebotom", "patholog", "lab "}},
		{Nursing, []string{"nurs", "midwi", "health care assistant", "ward assistant"}},
		{Therapy, []string{"therap", "dietit", "physio", "psycholog", "social work"}},
		{ResearchStaff, []string{"research", "study coord"}},
		{Quality, []string{"quality", "infection control", "utili", "registrar of tum", "case review"}},
		{Records, []string{"coder", "coding", "billing", "records", "claims"}},
		{Desk, []string{"registration", "reception", "scheduler", "clerk", "admission"}},
		{Physician, []string{"physician", "doctor", "surgeon", "consultant", "resident", "registrar", "anaesthe", "anesthe", "medical officer", "specialist in"}},
		{IT, []string{"software", "system admin", "it ", "analyst", "helpdesk", "service desk"}},
		{Support, []string{"cater", "clean", "porter", "transport", "secur", "kitchen", "house keep", "housekeep"}},
		{Office, []string{"manager", "secretar", "human resources", "finance", "director", "assistant"}},
	} {
		for _, w := range t.words {
			if strings.Contains(title+" ", w) {
				return t.family
			}
		}
	}
	return UnknownFamily
}

func employment(text string) Employment {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "employee", "staff", "permanent", "full-time", "part-time":
		return Employee
	case "agency", "temporary", "locum", "contractor":
		return Agency
	case "student", "trainee", "intern":
		return Student
	case "community", "external", "affiliate":
		return Community
	case "machine", "service", "system", "interface":
		return Machine
	}
	return UnknownEmployment
}

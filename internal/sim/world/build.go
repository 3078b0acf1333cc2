package world

import (
	"fmt"
	"math"
)

// services are the medical services, in the order in which smaller houses have them.
func services() []service {
	return []service{
		{"MED", "Internal medicine"}, {"SUR", "Surgery"}, {"CAR", "Cardiology"}, {"ORT", "Orthopaedics"}, {"NEU", "Neurology"},
		{"OBS", "Obstetrics"}, {"PSY", "Psychiatry"}, {"ICU", "Intensive care"}, {"ONC", "Oncology"}, {"PED", "Paediatrics"},
		{"URO", "Urology"}, {"GAS", "Gastroenterology"}, {"PUL", "Pulmonology"}, {"NEP", "Nephrology"}, {"GER", "Geriatrics"},
		{"INF", "Infectious diseases"}, {"ENT", "Ear, nose and throat"}, {"HEM", "Haematology"},
	}
}

type service struct{ code, title string }

// General is the service of a practice.
const General = "GEN"

// build lays out the units.
func (w *World) build() {
	all := services()
	wards, clinics, perWard := 36, 60, 28
	switch w.Size {
	case Mid:
		all, wards, clinics, perWard = all[:8], 8, 16, 25
	case Clinic:
		w.unit(&Unit{Code: "PRAC", Title: "Practice", Kind: ClinicRoom, Department: "PRACTICE", Service: General})
		w.unit(&Unit{Code: "OFFICE", Title: "Office", Kind: Office, Department: "OFFICE"})
		return
	}
	for i := range wards {
		s := all[i*len(all)/wards]
		code := fmt.Sprintf("%d%c", 1+i/4, "NESW"[i%4])
		w.unit(&Unit{Code: code, Title: s.title + " ward " + code, Kind: Ward, Department: "NURS-" + code, Service: s.code, Building: "MAIN", Beds: perWard})
		w.Beds += perWard
	}
	w.unit(&Unit{Code: "ED", Title: "Emergency department", Kind: Emergency, Department: "ED", Service: "EMR", Building: "MAIN"})
	w.unit(&Unit{Code: "OR", Title: "Operating theatres", Kind: Theatre, Department: "OR", Service: "ANE", Building: "MAIN"})
	for i := range clinics {
		s := all[i%len(all)]
		code := fmt.Sprintf("C-%s%d", s.code, 1+i/len(all))
		w.unit(&Unit{Code: code, Title: s.title + " clinic " + fmt.Sprint(1+i/len(all)), Kind: ClinicRoom, Department: "CLIN-" + s.code, Service: s.code, Building: "CLINICS"})
	}
	for _, s := range [...]service{{"LAB-CHEM", "Chemistry"}, {"LAB-HEM", "Haematology laboratory"}, {"LAB-MIC", "Microbiology"}, {"LAB-PATH", "Pathology"}, {"LAB-BB", "Blood bank"}} {
		w.unit(&Unit{Code: s.code, Title: s.title, Kind: Section, Department: "LAB", Service: "LAB", Building: "MAIN"})
	}
	for _, s := range [...]service{{"IMG-CT", "Computed tomography"}, {"IMG-MR", "Magnetic resonance"}, {"IMG-XR", "X-ray"}, {"IMG-US", "Ultrasound"}} {
		w.unit(&Unit{Code: s.code, Title: s.title, Kind: Section, Department: "IMAGING", Service: "RAD", Building: "MAIN"})
	}
	w.unit(&Unit{Code: "PHARM", Title: "Pharmacy", Kind: Section, Department: "PHARMACY", Service: "PHA", Building: "MAIN"})
	for _, s := range [...]service{{"THER", "Therapies"}, {"HIM", "Medical records"}, {"CODE", "Coding"}, {"BILL", "Billing"}, {"REG", "Registration"}, {"SCHED", "Scheduling"},
		{"QUAL", "Quality"}, {"UTIL", "Case management"}, {"INFC", "Infection control"}, {"RES", "Research"}, {"IT", "Information technology"}, {"ADMIN", "Administration"}, {"HR", "Staff office"}, {"SUPP", "Catering and transport"}} {
		w.unit(&Unit{Code: s.code, Title: s.title, Kind: Office, Department: s.code, Building: "OFFICES"})
	}
}

func (w *World) unit(u *Unit) {
	u.Site, u.Index = w.Authority, len(w.Units)
	w.Units = append(w.Units, u)
	w.units[u.Code] = u
}

// jobs are what people are employed as.
func jobs() map[string]Job {
	all := map[string]Job{}
	for _, j := range [...]Job{
		{"RN", "Registered nurse", "nursing", "NURSE", Twelve}, {"CHG", "Charge nurse", "nursing", "NURSE", Twelve}, {"CNA", "Nursing assistant", "nursing", "NURSING ASSISTANT", Twelve},
		{"MA", "Medical assistant", "nursing", "MEDICAL ASSISTANT", OfficeHours}, {"CRN", "Clinic nurse", "nursing", "NURSE", OfficeHours}, {"ORN", "Theatre nurse", "nursing", "NURSE", DoctorHours},
		{"MD", "Attending physician", "physician", "PHYSICIAN", DoctorHours}, {"RES", "Resident", "physician", "RESIDENT", DoctorHours}, {"EMD", "Emergency physician", "physician", "PHYSICIAN", Twelve},
		{"ANE", "Anaesthetist", "physician", "PHYSICIAN", DoctorHours}, {"GP", "Physician in the town", "physician", "PHYSICIAN", OfficeHours},
		{"PHA", "Pharmacist", "pharmacy", "PHARMACIST", Eight}, {"PHT", "Pharmacy technician", "pharmacy", "PHARMACY TECH", Eight},
		{"LAB", "Laboratory technician", "lab", "LAB TECH", Eight}, {"RT", "Radiographer", "radiology", "RAD TECH", Eight}, {"RAD", "Radiologist", "radiology", "PHYSICIAN", DoctorHours},
		{"PT", "Physiotherapist", "therapy", "THERAPIST", OfficeHours}, {"DIET", "Dietitian", "therapy", "DIETITIAN", OfficeHours}, {"SW", "Social worker", "therapy", "SOCIAL WORKER", OfficeHours},
		{"WC", "Ward clerk", "desk", "CLERK", OfficeHours}, {"REG", "Registration clerk", "desk", "REGISTRAR", Eight}, {"FD", "Front desk clerk", "desk", "REGISTRAR", OfficeHours}, {"SCH", "Scheduler", "desk", "SCHEDULER", OfficeHours},
		{"COD", "Coder", "records", "CODER", OfficeHours}, {"BIL", "Billing clerk", "records", "BILLER", OfficeHours}, {"HIM", "Records clerk", "records", "HIM", OfficeHours},
		{"QUA", "Quality analyst", "quality", "QUALITY", OfficeHours}, {"UTL", "Case manager", "quality", "CASE MANAGER", OfficeHours}, {"INC", "Infection control nurse", "quality", "INFECTION CONTROL", OfficeHours},
		{"RSC", "Research coordinator", "research", "RESEARCH", OfficeHours}, {"ITA", "IT analyst", "it", "IT ANALYST", OfficeHours}, {"ADM", "Administrator", "office", "ADMIN", OfficeHours}, {"HRC", "Staff office clerk", "office", "HR", OfficeHours},
		{"SUP", "Catering or transport", "support", "SUPPORT", Eight}, {"OLD", "Former employee", "office", "FORMER", Never},
	} {
		all[j.Code] = j
	}
	return all
}

// employ fills the units with people, in numbers that a hospital of 1,000 beds has, to scale.
func (w *World) employ() {
	if w.Size == Clinic {
		practice, office := w.Unit("PRAC"), w.Unit("OFFICE")
		w.hire(practice, "MD", 3)
		w.hire(practice, "MA", 3)
		w.hire(practice, "CRN", 1)
		w.hire(practice, "FD", 2)
		w.hire(office, "ADM", 1)
		w.hire(office, "BIL", 1)
		w.manage()
		return
	}
	for _, u := range w.Units {
		switch u.Kind {
		case Ward:
			w.hireAll(u, 1, "CHG", 4, "RN", 34, "CNA", 8, "WC", 2, "MD", 8, "RES", 8)
		case ClinicRoom:
			w.hireAll(u, 1, "MD", 4, "MA", 6, "CRN", 3, "FD", 4)
		case Section:
			w.section(u)
		}
	}
	w.hireAll(w.Unit("ED"), w.Scale, "CHG", 8, "EMD", 60, "RES", 30, "RN", 150, "CNA", 30, "REG", 42)
	w.hireAll(w.Unit("OR"), w.Scale, "ORN", 220, "ANE", 90)
	for _, o := range [...]struct {
		unit, job string
		n         float64
	}{
		{"THER", "PT", 220}, {"THER", "DIET", 40}, {"THER", "SW", 60}, {"HIM", "HIM", 90}, {"CODE", "COD", 110}, {"BILL", "BIL", 220}, {"REG", "REG", 60}, {"SCHED", "SCH", 180},
		{"QUAL", "QUA", 50}, {"UTIL", "UTL", 60}, {"INFC", "INC", 12}, {"RES", "RSC", 120}, {"IT", "ITA", 180}, {"ADMIN", "ADM", 500}, {"HR", "HRC", 60}, {"SUPP", "SUP", 1000},
	} {
		w.hireAll(w.Unit(o.unit), w.Scale, o.job, o.n)
	}
	w.hire(nil, "RN", int(110*w.Scale)) // the float pool
	w.hire(nil, "GP", int(200*w.Scale))
	w.manage()
	w.hire(nil, "OLD", int(4000*w.Scale))
}

func (w *World) section(u *Unit) {
	switch u.Department {
	case "LAB":
		w.hireAll(u, w.Scale, "LAB", 56)
	case "IMAGING":
		w.hireAll(u, w.Scale, "RT", 50, "RAD", 16)
	case "PHARMACY":
		w.hireAll(u, w.Scale, "PHA", 110, "PHT", 90)
	}
}

// hireAll takes pairs of a job and how many of it there are at scale 1.
func (w *World) hireAll(u *Unit, scale float64, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		n := 0.0
		switch v := pairs[i+1].(type) {
		case int:
			n = float64(v)
		case float64:
			n = v
		}
		w.hire(u, pairs[i].(string), max(1, int(math.Round(n*scale))))
	}
}

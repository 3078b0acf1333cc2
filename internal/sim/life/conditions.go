package life

// panels are what laboratories are asked for. Codes are invented, but for those that are LOINC's (loinc.org, used with
// its notice).
func panels() (blood, chemistry, heart, gas, culture, tissue panel) {
	blood = panel{"CBC", "Blood count", "LAB-HEM", []analyte{
		{"718-7", "Haemoglobin", "g/dL", "12.0-16.0", 13.2, 1.8}, {"6690-2", "Leukocytes", "10*3/uL", "4.0-10.0", 8.1, 3.2}, {"777-3", "Platelets", "10*3/uL", "150-400", 245, 70}}}
	chemistry = panel{"BMP", "Basic chemistry", "LAB-CHEM", []analyte{
		{"2951-2", "Sodium", "mmol/L", "135-145", 139, 3.5}, {"2823-3", "Potassium", "mmol/L", "3.5-5.1", 4.2, 0.5}, {"2160-0", "Creatinine", "mg/dL", "0.6-1.2", 1.1, 0.5}, {"2345-7", "Glucose", "mg/dL", "70-110", 118, 36}}}
	heart = panel{"TROP", "Troponin", "LAB-CHEM", []analyte{{"67151-1", "Troponin T", "ng/L", "0-14", 16, 18}}}
	gas = panel{"LACT", "Blood gas", "LAB-CHEM", []analyte{{"2524-7", "Lactate", "mmol/L", "0.5-2.2", 2.0, 1.1}, {"11558-4", "pH", "", "7.35-7.45", 7.38, 0.06}}}
	culture = panel{"BCUL", "Blood culture", "LAB-MIC", []analyte{{"600-7", "Bacteria", "", "none", 0, 0}}}
	tissue = panel{"PATH", "Histology", "LAB-PATH", []analyte{{"22637-3", "Report", "", "", 0, 0}}}
	return
}

// conditions are the twenty ways through the house.
func conditions() []*Condition {
	blood, chemistry, heart, gas, culture, tissue := panels()
	basic := []panel{blood, chemistry}
	return []*Condition{
		{Name: "chest pain", Diagnosis: "X07.4", Service: "CAR", emergency: 110, clinic: 60, days: 2.6, labs: []panel{blood, chemistry, heart}, daily: 1.4, image: "IMG-XR", imaged: 0.8, drugs: 4, controlled: 0.06},
		{Name: "stroke", Diagnosis: "X63.9", Service: "NEU", emergency: 40, clinic: 30, days: 4.4, labs: basic, daily: 1.2, image: "IMG-CT", imaged: 1, drugs: 5, controlled: 0.02, consult: "CAR"},
		{Name: "sepsis", Diagnosis: "X41.9", Service: "MED", emergency: 45, days: 5.2, labs: []panel{blood, chemistry, gas, culture}, daily: 2.4, image: "IMG-XR", imaged: 0.7, drugs: 7, controlled: 0.05, consult: "ICU"},
		{Name: "hip fracture", Diagnosis: "X72.0", Service: "ORT", emergency: 45, elective: 20, clinic: 50, days: 5.6, labs: basic, daily: 1, image: "IMG-XR", imaged: 1, drugs: 5, controlled: 0.32, theatre: true},
		{Name: "knee replacement", Diagnosis: "M17.1X", Service: "ORT", elective: 150, clinic: 60, days: 3.2, labs: basic, daily: 0.8, image: "IMG-XR", imaged: 0.9, drugs: 5, controlled: 0.32, theatre: true},
		{Name: "birth", Diagnosis: "O80.X", Service: "OBS", emergency: 50, elective: 130, clinic: 80, days: 2.4, labs: []panel{blood}, daily: 0.6, image: "IMG-US", imaged: 0.2, drugs: 2, controlled: 0.14},
		{Name: "chemotherapy", Diagnosis: "C50.X", Service: "ONC", elective: 90, clinic: 90, days: 2.8, labs: basic, daily: 1.1, drugs: 6, controlled: 0.12, image: "IMG-CT", imaged: 0.2},
		{Name: "colonoscopy", Diagnosis: "K63.X", Service: "GAS", elective: 40, clinic: 70, days: 1.4, labs: []panel{blood, tissue}, daily: 0.5, drugs: 2, controlled: 0.15, theatre: true},
		{Name: "pneumonia", Diagnosis: "X18.9", Service: "PUL", emergency: 90, clinic: 40, days: 4.2, labs: []panel{blood, chemistry, culture}, daily: 1.3, image: "IMG-XR", imaged: 1, drugs: 5, controlled: 0.03},
		{Name: "heart failure", Diagnosis: "X50.1", Service: "CAR", emergency: 70, elective: 20, clinic: 90, days: 4.6, labs: []panel{blood, chemistry, heart}, daily: 1.5, image: "IMG-US", imaged: 0.5, drugs: 7, controlled: 0.03, consult: "NEP"},
		{Name: "appendicitis", Diagnosis: "K35.X", Service: "SUR", emergency: 50, clinic: 20, days: 2.4, labs: basic, daily: 0.8, image: "IMG-US", imaged: 0.8, drugs: 4, controlled: 0.3, theatre: true},
		{Name: "gallbladder", Diagnosis: "K80.X", Service: "SUR", emergency: 30, elective: 190, clinic: 60, days: 2.2, labs: basic, daily: 0.8, image: "IMG-US", imaged: 0.6, drugs: 4, controlled: 0.3, theatre: true},
		{Name: "depression", Diagnosis: "F32.X", Service: "PSY", Label: "psychiatry", emergency: 30, elective: 40, clinic: 60, days: 9, labs: []panel{blood}, daily: 0.3, drugs: 3, controlled: 0.15},
		{Name: "alcohol", Diagnosis: "F10.X", Service: "PSY", Label: "substance", emergency: 45, clinic: 15, days: 3.8, labs: basic, daily: 0.8, drugs: 4, controlled: 0.28, consult: "MED"},
		{Name: "diabetes", Diagnosis: "E11.X", Service: "MED", emergency: 45, elective: 20, clinic: 120, days: 3.4, labs: basic, daily: 1.4, drugs: 6, controlled: 0.02},
		{Name: "kidney failure", Diagnosis: "N18.X", Service: "NEP", emergency: 35, elective: 40, clinic: 50, days: 4.4, labs: []panel{blood, chemistry, gas}, daily: 1.8, drugs: 7, controlled: 0.03, consult: "CAR"},
		{Name: "child with fever", Diagnosis: "R50.X", Service: "PED", emergency: 90, clinic: 60, days: 2, labs: []panel{blood}, daily: 0.7, drugs: 2, controlled: 0.02},
		{Name: "infection with HIV", Diagnosis: "B20.X", Service: "INF", Label: "hiv", emergency: 5, clinic: 15, days: 4.5, labs: basic, daily: 1, drugs: 5, controlled: 0.04},
		{Name: "fall of an elderly", Diagnosis: "W19.X", Service: "GER", emergency: 110, elective: 20, clinic: 40, days: 5.4, labs: basic, daily: 0.9, image: "IMG-XR", imaged: 0.9, drugs: 5, controlled: 0.12, consult: "ORT"},
		{Name: "prostate", Diagnosis: "N40.X", Service: "URO", emergency: 25, elective: 130, clinic: 60, days: 2.8, labs: []panel{blood, tissue}, daily: 0.7, drugs: 3, controlled: 0.2, theatre: true},
	}
}

// kinds of weights of conditions.
func ofEmergency(c *Condition) int { return c.emergency }
func ofElective(c *Condition) int  { return c.elective }
func ofClinic(c *Condition) int    { return c.clinic }

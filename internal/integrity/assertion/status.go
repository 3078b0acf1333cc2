package assertion

// Classes of states, of all kinds of statements.
const (
	StatusPreliminary = "preliminary"
	StatusFinal       = "final"
	StatusCorrected   = "corrected"
	StatusCancelled   = "cancelled"
	StatusWithdrawn   = "withdrawn" // said to have been wrong
	StatusActive      = "active"
	StatusInactive    = "inactive"
	StatusOnHold      = "on hold"
	StatusStopped     = "stopped"
	StatusCompleted   = "completed"
	StatusNotDone     = "not done"
	StatusUnderWay    = "under way"
	StatusConfirmed   = "confirmed"
	StatusProvisional = "provisional"
	StatusRefuted     = "refuted"
)

// resultStatus reads HL7 table 0085 (OBX-11) and 0123 (OBR-25), and FHIR's observation-status.
func resultStatus(code string) string {
	switch code {
	case "P", "R", "S", "I", "O", "N", "A", "preliminary", "registered", "specimen-in-process", "partial":
		return StatusPreliminary
	case "F", "U", "V", "final":
		return StatusFinal
	case "C", "K", "corrected", "amended", "appended":
		return StatusCorrected
	case "X", "cancelled":
		return StatusCancelled
	case "D", "W", "entered-in-error":
		return StatusWithdrawn
	}
	return ""
}

// orderControl reads HL7 table 0119 (ORC-1).
func orderControl(code string) string {
	switch code {
	case "NW", "OK", "XO", "XX", "XR", "RE", "RO", "RP", "RU", "RQ", "RL", "OE", "OR", "NA", "SN", "CH", "PA", "RF", "RR":
		return StatusActive
	case "CA", "CR", "OC":
		return StatusCancelled
	case "DC", "DR", "OD", "DE":
		return StatusStopped
	case "HD", "HR", "OH":
		return StatusOnHold
	case "CN", "SC":
		return StatusActive
	}
	return ""
}

// orderStatus reads HL7 table 0038 (ORC-5) and FHIR's medicationrequest-status.
func orderStatus(code string) string {
	switch code {
	case "IP", "SC", "A", "active":
		return StatusActive
	case "CA", "RP", "cancelled":
		return StatusCancelled
	case "DC", "stopped":
		return StatusStopped
	case "HD", "on-hold":
		return StatusOnHold
	case "CM", "completed":
		return StatusCompleted
	case "ER", "entered-in-error":
		return StatusWithdrawn
	case "draft":
		return StatusPreliminary
	}
	return ""
}

// givenStatus reads HL7 table 0322 (RXA-20), and FHIR's status of administrations and procedures.
func givenStatus(code string) string {
	switch code {
	case "CP", "completed":
		return StatusCompleted
	case "RE", "NA", "not-done":
		return StatusNotDone
	case "PA", "stopped":
		return StatusStopped
	case "in-progress", "preparation":
		return StatusUnderWay
	case "on-hold":
		return StatusOnHold
	case "entered-in-error":
		return StatusWithdrawn
	}
	return ""
}

// diagnosisStatus reads HL7 table 0052 (DG1-6), and FHIR's condition-ver-status.
func diagnosisStatus(code string) string {
	switch code {
	case "F", "confirmed":
		return StatusConfirmed
	case "A", "W", "provisional", "differential", "unconfirmed":
		return StatusProvisional
	case "refuted":
		return StatusRefuted
	case "entered-in-error":
		return StatusWithdrawn
	}
	return ""
}

// documentStatus reads HL7 table 0271 (TXA-17), and FHIR's composition-status.
func documentStatus(code string) string {
	switch code {
	case "DI", "DO", "IN", "IP", "PA", "preliminary":
		return StatusPreliminary
	case "AU", "LA", "final":
		return StatusFinal
	case "amended":
		return StatusCorrected
	case "entered-in-error":
		return StatusWithdrawn
	}
	return ""
}

// allergyCategory reads HL7 table 0127 (AL1-2), and FHIR's allergy-intolerance-category.
func allergyCategory(code string) string {
	switch code {
	case "DA", "MA", "medication":
		return "drug"
	case "FA", "food":
		return "food"
	case "EA", "AA", "LA", "PA", "environment":
		return "environment"
	case "biologic":
		return "biologic"
	}
	return ""
}

// severity reads HL7 table 0128 (AL1-4), and FHIR's reaction-event-severity.
func severity(code string) string {
	switch code {
	case "MI", "mild":
		return "mild"
	case "MO", "moderate":
		return "moderate"
	case "SV", "severe":
		return "severe"
	}
	return ""
}

// sex reads HL7 table 0001 (PID-8), and FHIR's administrative-gender.
func sex(code string) string {
	switch code {
	case "M", "m", "male":
		return "male"
	case "F", "f", "W", "female":
		return "female"
	case "O", "A", "N", "other":
		return "other"
	case "U", "unknown":
		return "unknown"
	}
	return ""
}

// laterality reads modifiers of procedures (HL7 tables 0163, 0340; CPT) and SNOMED CT's sides.
func laterality(code string) string {
	switch code {
	case "L", "LT", "7771000", "left":
		return "left"
	case "R", "RT", "24028007", "right":
		return "right"
	case "B", "BI", "50", "51440002", "bilateral":
		return "both"
	}
	return ""
}

// frequency reads the usual codes of repeat patterns (HL7 table 0335, FHIR's timing-abbreviation) as times in a period.
func frequency(code string) string {
	switch code {
	case "QD", "DAILY", "ONCEDAILY", "Q1D":
		return "1/1d"
	case "BID":
		return "2/1d"
	case "TID":
		return "3/1d"
	case "QID":
		return "4/1d"
	case "QOD":
		return "1/2d"
	case "WK", "WEEKLY", "Q1W":
		return "1/1wk"
	case "Q1H", "Q2H", "Q3H", "Q4H", "Q6H", "Q8H", "Q12H", "Q24H":
		return "1/" + code[1:len(code)-1] + "h"
	case "":
		return ""
	}
	return code
}

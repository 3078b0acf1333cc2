package assertion

import "strings"

// bloodAspect tells what a code says of a blood group: the ABO group, the Rh factor, or both. Empty for other codes.
func bloodAspect(code string) string {
	switch code {
	case "http://loinc.org|882-1":
		return "ABO and Rh"
	case "http://loinc.org|883-9":
		return "ABO"
	case "http://loinc.org|10331-7":
		return "Rh"
	}
	return ""
}

// bloodGroup writes a blood group in one way: A+, O-, AB, +. Codes are those of SNOMED CT; words those that laboratories
// use. What it does not know it returns as it is.
func bloodGroup(text string) string {
	_, code, coded := strings.Cut(text, "|")
	if coded {
		if group := bloodCode(code); group != "" {
			return group
		}
		text = code
	}
	words := strings.NewReplacer("(d)", "", "rhd", " ", "rh", " ", "group", " ", "blood", " ", "type", " ", "factor", " ",
		"positive", "+", "pos", "+", "negative", "-", "neg", "-", ",", " ").Replace(strings.ToLower(text))
	group := strings.ToUpper(strings.Join(strings.Fields(words), ""))
	switch strings.Replace(strings.TrimRight(group, "+-"), "0", "O", 1) {
	case "A", "B", "AB", "O", "":
		if strings.Count(group, "+")+strings.Count(group, "-") <= 1 && group != "" {
			return strings.Replace(group, "0", "O", 1)
		}
	}
	return text
}

func bloodCode(code string) string {
	switch code {
	case "112144000":
		return "A"
	case "112149005":
		return "B"
	case "165743006":
		return "AB"
	case "58460004":
		return "O"
	case "278149003":
		return "A+"
	case "278152006":
		return "A-"
	case "278150003":
		return "B+"
	case "278153001":
		return "B-"
	case "278151004":
		return "AB+"
	case "278154007":
		return "AB-"
	case "278147001":
		return "O+"
	case "278148006":
		return "O-"
	case "165747007":
		return "+"
	case "165746003":
		return "-"
	}
	return ""
}

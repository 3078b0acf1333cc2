package bedside

import (
	"slices"
	"strconv"
	"strings"
)

// Analyte is a kind of result that is worth having on paper.
type Analyte string

// The kinds, in the order in which they are told.
const (
	BloodGroup Analyte = "blood group"
	Hb         Analyte = "Hb"
	Potassium  Analyte = "K"
	Creatinine Analyte = "Crea"
	Glucose    Analyte = "Glu"
	INR        Analyte = "INR"
	Troponin   Analyte = "Trop"
)

// Analytes lists the kinds in their order.
func Analytes() []Analyte {
	return []Analyte{BloodGroup, Hb, Potassium, Creatinine, Glucose, INR, Troponin}
}

// analyteOf tells the kind of a result: by the code of LOINC (loinc.org, used with its notice), else by what it is called. It is empty for the others.
func analyteOf(code, title string) Analyte {
	switch code {
	case "882-1", "883-9", "10331-7":
		return BloodGroup
	case "718-7", "20509-6", "30313-1", "30350-3", "59260-0":
		return Hb
	case "2823-3", "6298-4", "32713-0", "75940-7":
		return Potassium
	case "2160-0", "14682-9", "38483-4", "59826-8":
		return Creatinine
	case "2345-7", "2339-0", "2340-8", "14749-6", "15074-8", "41653-7":
		return Glucose
	case "6301-6", "34714-6", "46418-0":
		return INR
	case "67151-1", "6598-7", "10839-9", "89579-7", "48425-3", "49563-0":
		return Troponin
	}
	called := map[Analyte][]string{
		BloodGroup: {"blood group", "abo group", "abo/rh", "abo rh", "blutgruppe"},
		Hb:         {"haemoglobin", "hemoglobin", "hämoglobin", "hb", "hgb"},
		Potassium:  {"potassium", "kalium", "k", "k+"},
		Creatinine: {"creatinine", "kreatinin", "crea", "creat"},
		Glucose:    {"glucose", "blood glucose", "blood sugar", "glukose", "glu", "gluc"},
		INR:        {"inr"},
		Troponin:   {"troponin", "troponin t", "troponin i", "hs troponin t", "hs troponin i", "trop"},
	}
	for _, kind := range Analytes() {
		if slices.Contains(called[kind], fold(title)) {
			return kind
		}
	}
	return ""
}

// flagOf is the sender's flag (HL7 table 0078), or that of the range that the sender states.
func flagOf(flag, value, span string) string {
	if flag != "" {
		if flag == "N" {
			return ""
		}
		return flag
	}
	low, high, ok := strings.Cut(strings.ReplaceAll(span, " ", ""), "-")
	least, err := strconv.ParseFloat(low, 64)
	most, err2 := strconv.ParseFloat(high, 64)
	is, err3 := strconv.ParseFloat(value, 64)
	switch {
	case !ok || err != nil || err2 != nil || err3 != nil:
		return ""
	case is < least:
		return "L"
	case is > most:
		return "H"
	}
	return ""
}

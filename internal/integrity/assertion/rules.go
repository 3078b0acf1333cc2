package assertion

import (
	"strings"
	"time"

	"github.com/wardline/wardline/format/fhir"
)

// Rules are the tables by which the words of a site's systems become the same. The zero value changes nothing but spelling.
type Rules struct {
	// Authorities names who gave a patient their number: from the names that systems use (PID-3.4, MSH-4, a FHIR identifier's
	// system) to the one that the site uses. One that is not listed stays as it is; an OID becomes urn:oid:... first.
	Authorities map[string]string

	// PatientAuthority is the authority, by its name in the site, whose numbers tell patients apart. Where it is empty, or a record has no
	// number of it, the first number of type MR counts, and else the first.
	PatientAuthority string

	// Systems names code systems: from the names that systems use, such as LN (HL7 table 0396), to a URI. See StandardSystems.
	Systems map[string]string

	// Preferred orders code systems, by URI: of several codes for one thing that of the earliest system counts.
	Preferred []string

	// Codes says which code of one system is which of another, above all local ones: both with their systems by URI, system|code.
	Codes map[string]string

	// Units adds spellings of units to those that this package knows, and overrules them: to UCUM.
	Units map[string]string

	// Conversions are the units that are turned into others. See StandardConversions.
	Conversions []Conversion

	// Zone is where clocks stand that do not say so; nil is UTC.
	Zone *time.Location

	// Resolve finds the resource that a FHIR reference means; nil finds none. Resources of one bundle, and contained ones,
	// are found without it.
	Resolve func(reference string) (fhir.Resource, bool)
}

// Conversion turns values of one code in one unit into another unit.
type Conversion struct {
	Code     string // system|code
	From, To string // UCUM
	// A value is multiplied by Times and divided by By, two decimals. Both empty leave it.
	Times, By string
	// Places is how many digits behind the point the result is rounded to, as systems show it. Values that came in To are never
	// rounded: one that was measured finer than Places and one that was converted stay apart.
	Places int
}

// StandardSystems returns the code systems of HL7 table 0396, and some by their OIDs, that clinical statements use most.
func StandardSystems() map[string]string {
	const (
		loinc, snomed = "http://loinc.org", "http://snomed.info/sct"
		rxnorm, ndc   = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
		icd10, icd10c = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"
		icd9c, cvx    = "http://hl7.org/fhir/sid/icd-9-cm", "http://hl7.org/fhir/sid/cvx"
		atc, unii     = "http://www.whocc.no/atc", "http://fdasis.nlm.nih.gov"
		route, cpt    = "http://terminology.hl7.org/CodeSystem/v2-0162", "http://www.ama-assn.org/go/cpt"
	)
	return map[string]string{
		"LN": loinc, "urn:oid:2.16.840.1.113883.6.1": loinc,
		"SCT": snomed, "SNM3": snomed, "SNOMEDCT": snomed, "urn:oid:2.16.840.1.113883.6.96": snomed,
		"RXNORM": rxnorm, "RXN": rxnorm, "urn:oid:2.16.840.1.113883.6.88": rxnorm,
		"NDC": ndc, "urn:oid:2.16.840.1.113883.6.69": ndc,
		"I10": icd10, "ICD10": icd10, "I10C": icd10c, "ICD10CM": icd10c, "ICD-10-CM": icd10c, "urn:oid:2.16.840.1.113883.6.90": icd10c,
		"I9C": icd9c, "I9CDX": icd9c, "CVX": cvx, "urn:oid:2.16.840.1.113883.12.292": cvx,
		"WC": atc, "ATC": atc, "UNII": unii, "HL70162": route, "0162": route, "C4": cpt, "CPT": cpt, "C5": cpt,
	}
}

// StandardPreferred returns the order of code systems that suits most sites: the international ones before all others.
func StandardPreferred() []string {
	return []string{"http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.whocc.no/atc",
		"http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"}
}

// StandardConversions returns the conversions of common results between the units of different countries. Molar masses: glucose
// 180.156 g/mol, creatinine 113.12, urea nitrogen 28.014, cholesterol 386.65, bilirubin 584.66, calcium 40.078.
func StandardConversions() []Conversion {
	var list []Conversion
	add := func(from, to, times, by string, places int, codes ...string) {
		for _, code := range codes {
			list = append(list, Conversion{"http://loinc.org|" + code, from, to, times, by, places})
		}
	}
	add("mg/dL", "mmol/L", "", "18.0156", 1, "2345-7", "2339-0", "14749-6", "15074-8", "1558-6", "14771-0")
	add("mg/dL", "umol/L", "88.4", "", 0, "2160-0", "14682-9")
	add("mg/dL", "mmol/L", "", "2.8014", 1, "3094-0", "14937-7")
	add("mg/dL", "mmol/L", "", "38.665", 2, "2093-3", "14647-2", "2085-9", "14646-4", "13457-7", "18262-6")
	add("mg/dL", "umol/L", "17.104", "", 0, "1975-2", "14631-6")
	add("mg/dL", "mmol/L", "", "4.0078", 2, "17861-6", "2000-8")
	add("g/L", "g/dL", "", "10", 1, "718-7", "30350-3")
	add("meq/L", "mmol/L", "", "", 0, "2823-3", "6298-4", "2951-2", "2947-0", "2075-0", "1963-8")
	return list
}

// authority is the site's name for who gives numbers.
func (r *Rules) authority(names ...string) string {
	for _, name := range names {
		if site, ok := r.Authorities[name]; ok {
			return site
		}
	}
	for _, name := range names {
		if name != "" {
			return name
		}
	}
	return ""
}

// coding is one code as a source has it.
type coding struct {
	system, code, text string
}

// code returns which of several codes for one thing counts, as system|code, and a text for people. Without any code the text counts, as
// |text in small letters.
func (r *Rules) code(list []coding) (code, text string) {
	best := len(r.Preferred) + 1
	for _, c := range list {
		if text == "" {
			text = c.text
		}
		if c.code == "" {
			continue
		}
		mapped := r.system(c.system) + "|" + c.code
		if site, ok := r.Codes[mapped]; ok {
			mapped = site
		}
		if rank := r.rank(mapped); rank < best {
			best, code = rank, mapped
		}
	}
	if code == "" && text != "" {
		code = "|" + strings.ToLower(strings.Join(strings.Fields(text), " "))
	}
	return code, text
}

// coded is type and value of what may be a code: without any it is a text.
func (r *Rules) coded(list []coding) (kind, value string) {
	for _, c := range list {
		if c.code != "" {
			code, _ := r.code(list)
			return typeCode, code
		}
	}
	for _, c := range list {
		if c.text != "" {
			return typeText, c.text
		}
	}
	return typeNone, ""
}

// identifier is one number of a patient.
type identifier struct {
	authority, number string
	kind              string // HL7 table 0203: MR for the number of a medical record
}

// mostNumbers bounds how many numbers of one patient or order are looked at. Nobody has so many.
const mostNumbers = 256

// patient is the number that tells a patient from others, as authority|number.
func (r *Rules) patient(list []identifier) string {
	var record, first string
	for _, id := range list {
		whole := id.authority + "|" + id.number
		switch {
		case id.number == "":
			continue
		case id.authority == r.PatientAuthority && id.authority != "":
			return whole
		case id.kind == "MR" && record == "":
			record = whole
		case first == "":
			first = whole
		}
	}
	return firstOf(record, first)
}

func (r *Rules) system(name string) string {
	if uri, ok := r.Systems[name]; ok {
		return uri
	}
	return name
}

// rank is the place of a code's system among the preferred.
func (r *Rules) rank(code string) int {
	system, _, _ := strings.Cut(code, "|")
	for i, s := range r.Preferred {
		if s == system {
			return i
		}
	}
	return len(r.Preferred)
}

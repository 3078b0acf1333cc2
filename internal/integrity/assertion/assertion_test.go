package assertion_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jcs"
	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/digest"
)

// site is what an invented hospital declares.
func site() *assertion.Rules {
	return &assertion.Rules{
		Authorities:      map[string]string{"NORTH": "north", "urn:oid:1.2.3": "north", "https://north.example/mrn": "north", "STATE": "state"},
		PatientAuthority: "north",
		Systems:          assertion.StandardSystems(),
		Preferred:        assertion.StandardPreferred(),
		Codes:            map[string]string{"L|KAL": "http://loinc.org|2823-3", "http://terminology.hl7.org/CodeSystem/v2-0162|PO": "http://snomed.info/sct|26643006"},
		Conversions:      assertion.StandardConversions(),
		Zone:             time.FixedZone("", 3600),
	}
}

const (
	header  = "MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301103000||ORU^R01|7|P|2.5.1\r"
	patient = "PID|1||77^^^STATE^SS~0042^^^NORTH^MR||DOE^JANE^Q||19700101|F\r"
)

func ofHL7(t testing.TB, segments ...string) []assertion.Statement {
	t.Helper()
	m, err := hl7.Parse([]byte(header+patient+strings.Join(segments, "\r")), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return without(assertion.OfHL7(&m, site()), assertion.Demographics)
}

// without leaves statements of a kind out.
func without(list []assertion.Statement, kind assertion.Kind) (rest []assertion.Statement) {
	for _, s := range list {
		if s.Kind != kind {
			rest = append(rest, s)
		}
	}
	return rest
}

const subject = `"subject":{"identifier":{"system":"https://north.example/mrn","value":"0042"}}`

func ofFHIR(t testing.TB, text string) []assertion.Statement {
	t.Helper()
	r, err := fhir.ParseResource([]byte(text), jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return assertion.OfFHIR(&r, site())
}

func ofRow(t testing.TB, m assertion.Mapping, row map[string]digest.Value) []assertion.Statement {
	t.Helper()
	var columns []string
	var values []digest.Value
	for column, value := range row {
		columns, values = append(columns, column), append(values, value)
	}
	s, err := assertion.OfRow(columns, values, &m, site())
	if err != nil {
		t.Fatal(err)
	}
	return []assertion.Statement{s}
}

func text(s string) digest.Value { return digest.Value{Kind: digest.Text, Text: s} }

// fields writes a statement for people to read.
func fields(s *assertion.Statement) []string {
	list := []string{string(s.Kind)}
	for _, f := range s.Key {
		list = append(list, "key "+f.Name+": "+f.Value)
	}
	for _, f := range s.Content {
		list = append(list, f.Name+": "+f.Value)
	}
	return list
}

// one fails unless all of list say what want says, and have one digest.
func one(t *testing.T, want []string, list ...[]assertion.Statement) {
	t.Helper()
	for i, statements := range list {
		if len(statements) != 1 {
			t.Fatalf("source %d makes %d statements", i, len(statements))
		}
		if diff := cmp.Diff(fields(&statements[0]), want); diff != "" {
			t.Errorf("source %d: %s", i, diff)
		}
		if statements[0].Digest() != list[0][0].Digest() || statements[0].KeySum() != list[0][0].KeySum() {
			t.Errorf("source %d has a digest of its own", i)
		}
	}
}

// A potassium as the laboratory sends it, as the record keeps it, and as it lies in the laboratory's table.
func TestResult(t *testing.T) {
	lis := assertion.Mapping{
		Kind: assertion.Result, Table: "results", Authority: "NORTH", Systems: map[string]string{assertion.Subject: "L"}, Statuses: map[string]string{"V": assertion.StatusFinal},
		Columns: map[string]string{
			assertion.Patient: "mrn", assertion.Order: "order_no", assertion.Subject: "test", assertion.Value: "result",
			assertion.Unit: "unit", assertion.Status: "state", assertion.Observed: "drawn_at", assertion.Flag: "flag",
		},
	}
	one(t, []string{
		"result", "key patient: north|0042", "key order: L7", "key code: http://loinc.org|2823-3", "key sub: ",
		"type: number", "value: 4.1", "unit: mmol/L", "status: final", "time observed: 2026-03-01T09:15:00Z", "time reported: ",
	},
		ofHL7(t, "OBR|1|P9^EHR|L7^LAB|LYTES^Electrolytes^L|||20260301101500", "OBX|1|NM|KAL^Kalium^L^2823-3^Potassium^LN||4.10|mmol/l^^UCUM|3.5-5.1|N|||F|||20260301101500"),
		ofHL7(t, "OBR|1||L7|LYTES|||202603011015+0100||||||||||||||||||F", "OBX|1|ST|KAL^Kalium^L|1| 4.1 |MEQ/L|||||"),
		ofFHIR(t, `{"resourceType":"Observation","id":"k1","status":"final","code":{"coding":[{"system":"L","code":"KAL"},{"system":"http://loinc.org","code":"2823-3"}]},`+
			`"identifier":[{"type":{"coding":[{"code":"PLAC"}]},"value":"P9"},{"type":{"coding":[{"code":"FILL"}]},"value":"L7"}],`+
			subject+`,"effectiveDateTime":"2026-03-01T10:15:00.5+01:00","issued":"2026-03-01T10:20:00Z","valueQuantity":{"value":4.10,"unit":"mmol per litre","code":"mmol/L"}}`),
		ofRow(t, lis, map[string]digest.Value{
			"mrn": text("0042"), "order_no": text("L7"), "test": {Kind: digest.Char, Text: "KAL   "}, "result": {Kind: digest.Decimal, Text: "4.100"}, "unit": text("mmol/L"),
			"state": text("V"), "drawn_at": {Kind: digest.Timestamp, Time: time.Date(2026, 3, 1, 9, 15, 0, 0, time.UTC)}, "flag": {}, "other": text("x"),
		}),
	)
}

func TestDrugOrder(t *testing.T) {
	one(t, []string{
		"drug order", "key patient: north|0042", "key order: R5",
		"dose: 500", "dose unit: mg", "route: http://snomed.info/sct|26643006", "frequency: 2/1d", "status: active", "drug: http://www.nlm.nih.gov/research/umls/rxnorm|723",
	},
		ofHL7(t, "ORC|NW|R5^EHR", "RXE|^BID|723^Amoxicillin^RXN|500|500|mg", "RXR|PO^Oral^HL70162"),
		ofHL7(t, "ORC|NW|R5^EHR", "TQ1|1||QID", "RXO|723^Amoxicillin^RXN|250||mg", "RXR|IV^^HL70162", "ORC|NW|R5^EHR", "RXO|723^Amoxicillin^RXN|500.0||mg", "TQ1|1||BID", "RXR|PO^Oral^HL70162")[1:],
		ofFHIR(t, `{"resourceType":"MedicationRequest","status":"active","identifier":[{"value":"R5"}],`+subject+`,"medicationReference":{"reference":"#m"},`+
			`"contained":[{"resourceType":"Medication","id":"x"},{"resourceType":"Medication","id":"m","code":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"723"}]}}],`+
			`"dosageInstruction":[{"route":{"coding":[{"system":"http://snomed.info/sct","code":"26643006"}]},"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}},"doseAndRate":[{"doseQuantity":{"value":5E2,"unit":"mg"}}]}]}`),
	)
}

// Where a message has an order and what the pharmacy made of it, the latter counts.
func TestEncodedOrder(t *testing.T) {
	list := ofHL7(t, "ORC|NW|R5", "RXO|723^^RXN|1|2|g", "RXE|1^QD|723^^RXN|500|1000|mg", "RXR|PO^^HL70162", "ORC|CA|R6", "RXO|724^^RXN")
	if len(list) != 2 || list[0].Get(assertion.Dose) != "500-1000" || list[0].Get(assertion.Frequency) != "1/1d" || list[1].Get(assertion.Status) != assertion.StatusCancelled {
		t.Errorf("%v", list)
	}
}

func TestDrugGiven(t *testing.T) {
	one(t, []string{
		"drug given", "key patient: north|0042", "key order: R5", "key time observed: 2026-03-01T07:00:00Z",
		"dose: 0.5", "dose unit: mL", "route: http://snomed.info/sct|26643006", "status: completed", "drug: http://hl7.org/fhir/sid/cvx|08",
	},
		ofHL7(t, "ORC|RE|R5", "RXA|0|1|20260301080000||08^Hep B^CVX|.5|ml||||||||LOT7|||||CP", "RXR|PO^Oral^HL70162"),
		ofFHIR(t, `{"resourceType":"MedicationAdministration","status":"completed","request":{"identifier":{"value":"R5"}},`+subject+`,"effectivePeriod":{"start":"2026-03-01T08:00:00+01:00"},`+
			`"medicationCodeableConcept":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"08"}]},"dosage":{"dose":{"value":0.50,"code":"mL"},"route":{"coding":[{"system":"http://snomed.info/sct","code":"26643006"}]}}}`),
		ofFHIR(t, `{"resourceType":"Immunization","status":"completed","identifier":[{"value":"R5"}],`+strings.Replace(subject, "subject", "patient", 1)+`,"occurrenceDateTime":"2026-03-01T07:00:00Z","lotNumber":"LOT7",`+
			`"vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"08"}]},"doseQuantity":{"value":0.5,"code":"mL"},"route":{"coding":[{"system":"http://snomed.info/sct","code":"26643006"}]}}`),
	)
	for segment, want := range map[string]string{"RXA|0|1|2026||1^x|999||||||||||||||RE": "not done", "RXA|0|1|2026||1^x|1||||||||||||||CP|D": "withdrawn", "RXA|0|1|2026||1^x|1": "completed"} {
		if list := ofHL7(t, segment); len(list) != 1 || list[0].Get(assertion.Status) != want || strings.Contains(list[0].Get(assertion.Dose), "999") {
			t.Errorf("%s: %v", segment, list)
		}
	}
}

func TestAllergy(t *testing.T) {
	one(t, []string{"allergy", "key patient: north|0042", "key code: http://snomed.info/sct|91936005", "category: drug", "severity: severe", "status: active"},
		ofHL7(t, "AL1|1|DA|91936005^Penicillin^SCT|SV|hives"),
		ofFHIR(t, `{"resourceType":"AllergyIntolerance","patient":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.3","value":"0042"}]}],`+
			`"clinicalStatus":{"coding":[{"code":"active"}]},"category":["medication"],"code":{"coding":[{"system":"http://snomed.info/sct","code":"91936005"}]},`+
			`"reaction":[{"severity":"moderate"},{"severity":"severe"},{"severity":"mild"}]}`),
	)
	for status, want := range map[string]string{
		`"verificationStatus":{"coding":[{"code":"refuted"}]}`:          "refuted",
		`"verificationStatus":{"coding":[{"code":"entered-in-error"}]}`: "withdrawn",
		`"clinicalStatus":{"coding":[{"code":"resolved"}]}`:             "inactive",
	} {
		list := ofFHIR(t, `{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/9"},"code":{"text":"Nuts"},`+status+`}`)
		if len(list) != 1 || list[0].Get(assertion.Status) != want || list[0].Get(assertion.Patient) != "fhir|Patient/9" || list[0].Get(assertion.Subject) != "|nuts" {
			t.Errorf("%s: %v", status, list)
		}
	}
}

func TestDiagnosis(t *testing.T) {
	one(t, []string{"diagnosis", "key patient: north|0042", "key order: ", "key code: http://hl7.org/fhir/sid/icd-10|I21.0", "status: confirmed", "time observed: 2026-02-28"},
		ofHL7(t, "DG1|1||I21.0^Infarction^I10||20260228|F"),
		ofFHIR(t, `{"resourceType":"Condition",`+subject+`,"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I21.0"}]},"verificationStatus":{"coding":[{"code":"confirmed"}]},"onsetDateTime":"2026-02-28"}`),
	)
}

// The blood group is the patient's and always to be the same, whoever says it, however, and whenever.
func TestBloodGroup(t *testing.T) {
	want := []string{"blood group", "key patient: north|0042", "key code: ABO and Rh", "value: A+", "status: final"}
	one(t, want,
		ofHL7(t, "OBR|1||B1", "OBX|1|ST|882-1^ABO+Rh^LN||A Rh(D) positive||||||F"),
		ofHL7(t, "OBR|1||B2", "OBX|1|CWE|882-1^ABO+Rh^LN||278149003^^SCT||||||F|||20200101"),
		ofHL7(t, "OBX|1|ST|882-1^ABO+Rh^LN||Blood group A pos||||||F"),
		ofFHIR(t, `{"resourceType":"Observation","status":"final",`+subject+`,"code":{"coding":[{"system":"http://loinc.org","code":"882-1"}]},"valueString":"A+"}`),
		ofRow(t, assertion.Mapping{
			Kind: assertion.Result, Table: "blood", Authority: "NORTH", Systems: map[string]string{assertion.Subject: "LN"},
			Columns: map[string]string{assertion.Patient: "mrn", assertion.Subject: "test", assertion.Value: "grp", assertion.Status: "st"},
		}, map[string]digest.Value{"mrn": text("0042"), "test": text("882-1"), "grp": text("A POS"), "st": text("F")}),
	)
	for value, want := range map[string]string{"0 neg": "O-", "AB": "AB", "Group O": "O", "Rh positive": "+", "B-": "B-", "weak D": "weak D", "A+-": "A+-", "": ""} {
		list := ofHL7(t, "OBX|1|ST|882-1^^LN||"+value+"||||||F")
		if got := list[0].Get(assertion.Value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

func TestDemographics(t *testing.T) {
	m, err := hl7.Parse([]byte(header+"PID|1||0042^^^NORTH^MR||Roe^Janet^^^^^A~Doe^Jane^Q^^^^L||19700101103000|F|||||||||||||||||||||20260301120000|Y"), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	one(t, []string{"demographics", "key patient: north|0042", "family name: DOE", "given names: JANE Q", "birth date: 1970-01-01", "sex: female", "death: 2026-03-01T11:00:00Z"},
		assertion.OfHL7(&m, site()),
		ofFHIR(t, `{"resourceType":"Patient","identifier":[{"system":"x","value":"9"},{"system":"https://north.example/mrn","value":"0042"}],`+
			`"name":[{"use":"nickname","family":"D"},{"use":"official","family":"Doe","given":["JANE","Q"]}],"birthDate":"1970-01-01","gender":"female","deceasedDateTime":"2026-03-01T12:00:00+01:00"}`),
		ofRow(t, assertion.Mapping{
			Kind: assertion.Demographics, Table: "pat", Authority: "NORTH",
			Columns: map[string]string{
				assertion.Patient: "mrn", assertion.Family: "last", assertion.Given: "first", assertion.Birth: "dob", assertion.Sex: "sex", assertion.Death: "died",
			},
		}, map[string]digest.Value{
			"mrn": text("0042"), "last": text("DOE"), "first": text("jane  q"), "dob": {Kind: digest.Date, Time: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)},
			"sex": text("F"), "died": {Kind: digest.Timestamp, Time: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)},
		}),
	)
}

func TestDocument(t *testing.T) {
	data := base64.StdEncoding.EncodeToString([]byte("no finding"))
	one(t, []string{
		"document", "key patient: north|0042", "key order: D3",
		"hash: HASH", "status: final", "document type: 18842-5", "time observed: 2026-03-01T09:00:00Z",
	},
		hashed(ofHL7(t, "TXA|1|18842-5||202603011000||||||||D3^EHR|||||LA", "OBX|1|ED|18842-5^^LN||^TEXT^PLAIN^Base64^"+data)),
		hashed(ofHL7(t, "TXA|1|18842-5||202603011000||||||||D3^EHR|||||AU", "OBX|1|TX|18842-5^^LN||no finding")),
		hashed(ofFHIR(t, `{"resourceType":"DocumentReference","docStatus":"final",`+subject+`,"masterIdentifier":{"value":"D3"},"date":"2026-03-01T10:00:00+01:00","type":{"coding":[{"code":"18842-5"}]},"content":[{"attachment":{"data":"`+data+`"}}]}`)),
	)
}

// The results of an order that follows a document are no part of it.
func TestDocumentEnds(t *testing.T) {
	for _, next := range []string{"OBR|1||L7", "ORC|NW|R5", "SPM|1"} {
		list := ofHL7(t, "TXA|1|DS||||||||||D3", "OBX|1|TX|x||text", next, "OBX|1|NM|y||4")
		if len(list) != 2 || list[0].Kind+list[1].Kind != assertion.Document+assertion.Result {
			t.Errorf("%s: %v", next, list)
		}
	}
}

// hashed writes HASH for the SHA-256 of the document.
func hashed(list []assertion.Statement) []assertion.Statement {
	const sum = "073571ea6384a96f5372d4455d08d1f83a73a57e21a85b2cd53f9ae970038960"
	for i := range list {
		for j := range list[i].Content {
			if f := &list[i].Content[j]; f.Value == sum {
				f.Value = "HASH"
			}
		}
	}
	return list
}

func TestProcedure(t *testing.T) {
	one(t, []string{
		"procedure", "key patient: north|0042", "key order: ", "key code: http://snomed.info/sct|179344006", "laterality: left", "status: completed", "time observed: 2026-03-01T09:00:00Z",
	},
		ofHL7(t, "PR1|1||179344006^Knee replacement^SCT||202603011000|||||||||||LT"),
		ofFHIR(t, `{"resourceType":"Procedure","status":"completed",`+subject+`,"code":{"coding":[{"system":"http://snomed.info/sct","code":"179344006"}]},`+
			`"bodySite":[{"coding":[{"code":"72696002"}]},{"coding":[{"system":"http://snomed.info/sct","code":"7771000"}]}],"performedDateTime":"2026-03-01T10:00:00+01:00"}`),
	)
	if list := ofHL7(t, "PR1|1||1^x^SCT|||||||||||||LT~RT"); list[0].Get(assertion.Laterality) != "both" {
		t.Errorf("%v", list)
	}
}

// Patients and orders that a bundle's resources refer to are found in it, or where the site says.
func TestReferences(t *testing.T) {
	const bundle = `{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:nothing"},
 {"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.3","value":"0042"}]}},
 {"resource":{"resourceType":"ServiceRequest","id":"s","identifier":[{"value":"P9","type":{"coding":[{"code":"PLAC"}]}},{"value":"L7","type":{"coding":[{"code":"FILL"}]}}]}},
 {"resource":{"resourceType":"Observation","status":"final","subject":{"reference":"urn:uuid:p"},"basedOn":[{"reference":"ServiceRequest/s"}],"code":{"text":"x"},"valueInteger":1}},
 {"resource":{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/p"},"code":{"text":"y"},"valueInteger":1}},
 {"resource":{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/elsewhere"},"code":{"text":"z"},"valueInteger":1}},
 {"resource":{"resourceType":"Observation","status":"final","code":{"text":"of nobody"},"valueInteger":1}},
 {"resource":{"resourceType":"Claim","patient":{"reference":"Patient/p"}}},{}]}`
	r, err := fhir.ParseResource([]byte(bundle), jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	rules := site()
	rules.Resolve = func(reference string) (fhir.Resource, bool) {
		found, err := fhir.ParseResource([]byte(`{"resourceType":"Patient","identifier":[{"system":"urn:oid:1.2.3","value":"7"}]}`), jcs.DefaultLimits())
		return found, err == nil && reference == "Patient/elsewhere"
	}
	var got []string
	for _, s := range assertion.OfFHIR(&r, rules) {
		got = append(got, fmt.Sprint(s.Kind, " ", s.Get(assertion.Patient), " ", s.Get(assertion.Order), s.Get(assertion.Subject)))
	}
	want := []string{"demographics north|0042 ", "result north|0042 L7|x", "result north|0042 |y", "result north|7 |z"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// A patient's number is that of the site's authority, else of a record, else the first.
func TestPatientNumber(t *testing.T) {
	for pid, want := range map[string]string{
		"1^^^X~2^^^NORTH~3^^^X^MR": "north|2",
		"1^^^X~3^^^Y^MR~4^^^Z^MR":  "Y|3",
		"^^^X~1^^^&9.9&ISO~2^^^Z":  "urn:oid:9.9|1",
		"1^^^&1.2.3&ISO":           "north|1",
		"5":                        "north|5", // of the facility that sends
		"":                         "",
	} {
		m, err := hl7.Parse([]byte(header+"PID|1||"+pid+"||DOE^JANE"), hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if list := assertion.OfHL7(&m, site()); len(list) > 0 {
			got = list[0].Get(assertion.Patient)
		}
		if got != want {
			t.Errorf("%s is %q, want %q", pid, got, want)
		}
	}
}

func TestStatuses(t *testing.T) {
	for code, want := range map[string]string{"P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled", "D": "withdrawn", "W": "withdrawn", "?": ""} {
		if got := ofHL7(t, "OBX|1|NM|x||1||||||"+code)[0].Get(assertion.Status); got != want {
			t.Errorf("OBX-11 %s is %q, want %q", code, got, want)
		}
	}
	for code, want := range map[string]string{"registered": "preliminary", "final": "final", "amended": "corrected", "corrected": "corrected", "cancelled": "cancelled", "entered-in-error": "withdrawn"} {
		got := ofFHIR(t, `{"resourceType":"Observation","status":"`+code+`",`+subject+`,"code":{"text":"x"},"valueInteger":1}`)[0].Get(assertion.Status)
		if got != want {
			t.Errorf("status %s is %q, want %q", code, got, want)
		}
	}
}

func TestRowRefuses(t *testing.T) {
	m := assertion.Mapping{Kind: assertion.Result, Table: "t", Columns: map[string]string{assertion.Patient: "mrn", assertion.Subject: "code"}}
	for name, columns := range map[string][]string{"a column is missing": {"mrn"}, "no patient": {"mrn", "code"}} {
		s, err := assertion.OfRow(columns, []digest.Value{{}, text("x")}[:len(columns)], &m, site())
		if err == nil || !cmp.Equal(s, assertion.Statement{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDiff(t *testing.T) {
	const order = "OBR|1||L7"
	limits := []assertion.Limit{{Code: "http://loinc.org|2823-3", Unit: "mmol/L", At: "6.0"}, {Code: "http://loinc.org|2345-7", Unit: "mmol/L", At: "3"}}
	before := ofHL7(t, order, "OBX|1|NM|2823-3^K^LN||3.1|mmol/L|3.5-5.1|L|||F")[0]
	for obx, want := range map[string][]string{
		"OBX|1|NM|2823-3^K^LN||3.10|mmol/L|3.5-5.1|L|||F": nil,
		"OBX|1|NM|2823-3^K^LN||6.8|mmol/L|3.5-5.1|L|||F":  {"OBX-5 value: 3.1 → 6.8 mmol/L, crosses 6.0"},
		"OBX|1|NM|2823-3^K^LN||6.0|mmol/L||L|||F":         {"OBX-5 value: 3.1 → 6 mmol/L, crosses 6.0"},
		"OBX|1|NM|2823-3^K^LN||5.9|mmol/L||L|||F":         {"OBX-5 value: 3.1 → 5.9 mmol/L"},
		"OBX|1|NM|2823-3^K^LN||6.8|mg/dL|3.5-5.1|L|||F":   {"OBX-5 value: 3.1 → 6.8", "OBX-6 unit: mmol/L → mg/dL"},
		"OBX|1|NM|2823-3^K^LN||||||||F":                   {"OBX-5 type: number → none", "OBX-5 value: 3.1 → nothing", "OBX-6 unit: mmol/L → nothing"},
		"OBX|1|NM|2823-3^K^LN||3.1|mmol/L|3.5-6.1|N|||C":  {"OBX-11 status: final → corrected", "OBX-7 reference range: 3.5-5.1 → 3.5-6.1", "OBX-8 flag: L → N"},
	} {
		after := ofHL7(t, order, obx)[0]
		changes, ok := assertion.Diff(&before, &after, limits)
		var got []string
		for _, c := range changes {
			got = append(got, c.String())
		}
		if diff := cmp.Diff(got, want); diff != "" || !ok {
			t.Errorf("%s: %v %s", obx, ok, diff)
		}
		digestsDiffer := before.Digest() != after.Digest()
		if len(want) == 0 && digestsDiffer || strings.Contains(strings.Join(want, ""), "value") && !digestsDiffer {
			t.Errorf("%s: the digests differ: %v", obx, digestsDiffer)
		}
	}
	other := ofHL7(t, "OBR|1||L8", "OBX|1|NM|2823-3^K^LN||6.8|mmol/L")[0]
	if changes, ok := assertion.Diff(&before, &other, limits); ok || changes != nil {
		t.Errorf("results of two orders: %v", changes)
	}
}

// Package assertion says what a record claims about a patient in one form, whichever system keeps the record: that a potassium of 4.1
// was measured, that a drug was ordered, that an allergy is known. So what the laboratory sent can be held
// against what the ward reads, although one writes HL7, the other FHIR, and a third a row in a table.
//
// A Statement has fields of three sorts. Key fields identify it: two points that are compared look for the same key. Content fields say
// what it says: the same key with different content is a change. Details, such as who reported it or the reference range, are compared
// only where both sides have them, because not every system keeps them; they are in no digest.
//
//	OBX|1|NM|2823-3^Potassium^LN||4.10|mmol/l|||||F|||20260301091500     of OBR-3 L7, PID-3 0042^^^NORTH
//	{"resourceType":"Observation","status":"final","identifier":[{"value":"L7"}],"code":{"coding":[{"system":"http://loinc.org",...
//	a row with mrn 0042, order L7, test 2823-3, result 4.1, unit mmol/L
//
// are one statement:
//
//	result   key      patient 0042 (NORTH), order L7, code http://loinc.org|2823-3, sub
//	         content  type number, value 4.1, unit mmol/L, status final, time observed 2026-03-01T09:15:00Z
//
// What makes them one is handed in as Rules: which name of an authority is which, which local code is which code, which
// unit is converted into which. Nothing is converted that no table names.
package assertion

import (
	"crypto/sha256"
	"slices"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// Kind says what a statement is about.
type Kind string

// The kinds of statements.
const (
	Result       Kind = "result"
	DrugOrder    Kind = "drug order"
	DrugGiven    Kind = "drug given"
	Allergy      Kind = "allergy"
	Diagnosis    Kind = "diagnosis"
	BloodGroup   Kind = "blood group"
	Demographics Kind = "demographics"
	Document     Kind = "document"
	Procedure    Kind = "procedure"
)

// Names of fields. A time's name says what it is the time of.
const (
	Patient     = "patient"       // authority and number, such as NORTH|0042
	Order       = "order"         // the number by which the statement, or the order behind it, is known
	Subject     = "code"          // what was measured, diagnosed, done, or what somebody is allergic to: system|code
	Sub         = "sub"           // what tells results of one code in one order apart
	Type        = "type"          // of the value: number, code, text, time, data, none
	Value       = "value"         // of a result, or a blood group
	Unit        = "unit"          // UCUM
	Status      = "status"        // a class of states: StatusFinal and so on
	Observed    = "time observed" // when what was measured was so, or was given, done, first diagnosed
	Reported    = "time reported" // when that was told, where nobody says when it was so
	Drug        = "drug"          // system|code
	Dose        = "dose"          // a decimal, or two of a range
	DoseUnit    = "dose unit"     // UCUM
	Route       = "route"         // system|code
	Frequency   = "frequency"     // times in a period: 2/1d
	Category    = "category"      // of an allergy: drug, food, environment, biologic
	Severity    = "severity"      // of an allergy: mild, moderate, severe
	Family      = "family name"   // in capital letters
	Given       = "given names"   // in capital letters, all of them
	Birth       = "birth date"    // the day
	Sex         = "sex"           // male, female, other, unknown
	Death       = "death"         // empty, yes, or a time
	Hash        = "hash"          // SHA-256 of a document's content, hexadecimal
	Laterality  = "laterality"    // left, right, both
	Title       = "document type" // its code as the source writes it
	RangeText   = "reference range"
	Flag        = "flag" // high, low, abnormal as the source writes it
	Performer   = "performer"
	Reaction    = "reaction"
	DrugText    = "drug text"
	SubjectText = "code text"
	Lot         = "lot"
)

// Field is one named part of a statement.
type Field struct {
	Name  string
	Value string // in normal form; empty when the source does not say
	Place string // where the source says it, for people: OBX-5, Observation.valueQuantity; in no digest
}

// Statement is one thing that a record claims.
type Statement struct {
	Kind    Kind
	Key     []Field // what identifies it, in the order of its kind
	Content []Field // what it says, in the order of its kind
	Detail  []Field // what else the source tells; in no digest
	Source  string  // where in the source it stands, for people: OBX[2], Observation/k1; in no digest
}

// Digest returns the digest of s, "assert-1": the sum of a canonical row (digest.AppendRow) of texts, with the kind first, then the key, then the
// content, in which every column is named as its field.
func (s *Statement) Digest() digest.Digest {
	return digest.Of(digest.Assert1, s.canonical(slices.Concat(s.Key, s.Content)))
}

// KeySum returns what statements of the same key have in common, whatever they say.
func (s *Statement) KeySum() digest.Sum { return sha256.Sum256(s.canonical(s.Key)) }

func (s *Statement) canonical(fields []Field) []byte {
	columns, values := make([]string, 1, 1+len(fields)), make([]digest.Value, 1, 1+len(fields))
	columns[0], values[0] = "kind", digest.Value{Kind: digest.Text, Text: string(s.Kind)}
	for _, f := range fields {
		columns, values = append(columns, f.Name), append(values, digest.Value{Kind: digest.Text, Text: f.Value})
	}
	return digest.AppendRow(nil, columns, values)
}

// Get returns the value of a field, and of a detail, empty when s has none of that name.
func (s *Statement) Get(name string) string {
	f, _ := s.field(name)
	return f.Value
}

func (s *Statement) field(name string) (Field, bool) {
	for _, list := range [][]Field{s.Key, s.Content, s.Detail} {
		for _, f := range list {
			if f.Name == name {
				return f, true
			}
		}
	}
	return Field{}, false
}

// shape lists the fields of a kind of statement.
type shape struct {
	key       []string
	unordered []string // belong to the key of a statement without an order's number, and to the content of one with it
	content   []string
	detail    []string
}

// shapeOf is what the fields of each kind are. A blood group is the patient's, not the order's: it is always to be the same.
func shapeOf(k Kind) shape {
	switch k {
	case Result:
		return shape{[]string{Patient, Order, Subject, Sub}, []string{Observed, Reported}, []string{Type, Value, Unit, Status},
			[]string{SubjectText, RangeText, Flag, Performer}}
	case DrugOrder:
		return shape{[]string{Patient, Order}, []string{Drug}, []string{Dose, DoseUnit, Route, Frequency, Status}, []string{DrugText, Performer}}
	case DrugGiven:
		return shape{[]string{Patient, Order, Observed}, []string{Drug}, []string{Dose, DoseUnit, Route, Status}, []string{DrugText, Performer, Lot}}
	case Allergy:
		return shape{[]string{Patient, Subject}, nil, []string{Category, Severity, Status}, []string{SubjectText, Reaction}}
	case Diagnosis:
		return shape{[]string{Patient, Order}, []string{Subject}, []string{Status, Observed}, []string{SubjectText, Performer}}
	case BloodGroup:
		return shape{[]string{Patient, Subject}, nil, []string{Value, Status}, []string{Order, Observed, Performer}}
	case Demographics:
		return shape{[]string{Patient}, nil, []string{Family, Given, Birth, Sex, Death}, nil}
	case Document:
		return shape{[]string{Patient, Order}, []string{Title, Observed}, []string{Hash, Status}, []string{Performer}}
	case Procedure:
		return shape{[]string{Patient, Order}, []string{Subject}, []string{Laterality, Status, Observed}, []string{SubjectText, Performer}}
	}
	return shape{}
}

// draft gathers the fields of a statement.
type draft struct {
	kind   Kind
	source string
	fields []Field // some twenty at most
}

func newDraft(kind Kind, source string) *draft {
	return &draft{kind, source, make([]Field, 0, 12)}
}

// find returns the field of that name, with nothing in it when there is none.
func (d *draft) find(name string) (f Field, ok bool) {
	for i := range d.fields {
		if d.fields[i].Name == name {
			return d.fields[i], true
		}
	}
	return Field{Name: name}, false
}

func (d *draft) get(name string) string {
	f, _ := d.find(name)
	return f.Value
}

// set sets a field, unless it was set or has nothing to say.
func (d *draft) set(name, value, place string) {
	if value == "" {
		return
	}
	if _, ok := d.find(name); !ok {
		d.fields = append(d.fields, Field{name, value, place})
	}
}

// drop takes a field away.
func (d *draft) drop(name string) {
	d.fields = slices.DeleteFunc(d.fields, func(f Field) bool { return f.Name == name })
}

// statement orders what was gathered. ok is false for one without a patient or without a word on what it is about.
func (d *draft) statement() (s Statement, ok bool) {
	shape := shapeOf(d.kind)
	pick := func(names []string) []Field {
		list := make([]Field, 0, len(names)+len(shape.unordered))
		for _, name := range names {
			f, _ := d.find(name)
			list = append(list, f)
		}
		return list
	}
	s = Statement{Kind: d.kind, Source: d.source, Key: pick(shape.key), Content: pick(shape.content)}
	if own := pick(shape.unordered); d.get(Order) == "" {
		s.Key = append(s.Key, own...)
	} else {
		s.Content = append(s.Content, own...)
	}
	for _, name := range shape.detail {
		if f, found := d.find(name); found {
			s.Detail = append(s.Detail, f)
		}
	}
	about := d.kind == Demographics
	for _, name := range []string{Order, Subject, Drug, Hash} {
		about = about || d.get(name) != ""
	}
	return s, about && d.get(Patient) != ""
}

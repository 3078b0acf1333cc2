package assertion

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jcs"
)

// OfFHIR returns the statements of a resource: an Observation with its components, a MedicationRequest, MedicationAdministration,
// Immunization, AllergyIntolerance, Condition, Patient, DocumentReference or Procedure (R4), or all of those in a Bundle, in its order. Resources of other types
// make none, and neither does what names no patient or nothing that it is about.
//
// A patient who is named by a reference alone is looked up: among contained resources, in the bundle, by rules.Resolve. Who is found nowhere is
// known as fhir| and the reference, which compares with other FHIR only.
func OfFHIR(resource *fhir.Resource, rules *Rules) []Statement {
	r := resourceReader{rules: rules, known: map[string]string{}}
	if resource.Type() != "Bundle" {
		r.resource(&resource.Value)
		return r.out
	}
	entries := each(resource.Value.Member("entry"))
	r.bundle = make(map[string]*jcs.Value, 2*len(entries))
	for i := range entries {
		inner := entries[i].Member("resource")
		if inner == nil {
			continue
		}
		if url := str(entries[i].Member("fullUrl")); url != "" {
			r.bundle[url] = inner
		}
		if id := str(inner.Member("id")); id != "" {
			r.bundle[str(inner.Member("resourceType"))+"/"+id] = inner
		}
	}
	for i := range entries {
		if inner := entries[i].Member("resource"); inner != nil {
			r.resource(inner)
		}
	}
	return r.out
}

// resourceReader reads resources, and knows those beside them.
type resourceReader struct {
	rules  *Rules
	bundle map[string]*jcs.Value
	known  map[string]string // numbers of patients and orders, by what was looked up: many may refer to one
	out    []Statement

	self *jcs.Value // the resource at hand
	name string     // its type
}

func (r *resourceReader) resource(v *jcs.Value) {
	r.self, r.name = v, str(v.Member("resourceType"))
	switch r.name {
	case "Observation":
		r.observation()
	case "MedicationRequest":
		r.request()
	case "MedicationAdministration":
		r.administration()
	case "Immunization":
		r.immunization()
	case "AllergyIntolerance":
		r.allergy()
	case "Condition":
		r.condition()
	case "Patient":
		r.patient()
	case "DocumentReference":
		r.document()
	case "Procedure":
		r.procedure()
	}
}

// each is what an element holds: the elements of an array, or the one value; nothing for nil.
func each(v *jcs.Value) []jcs.Member {
	switch {
	case v == nil:
		return nil
	case v.Kind == jcs.Array:
		return v.Members
	}
	return []jcs.Member{{Value: *v}}
}

// at follows a path of names from v, into the first element of each array on the way; nil when there is nothing.
func at(v *jcs.Value, path ...string) *jcs.Value {
	for _, name := range path {
		if v = firstIn(v); v == nil {
			return nil
		}
		v = v.Member(name)
	}
	return firstIn(v)
}

func firstIn(v *jcs.Value) *jcs.Value {
	if v == nil || v.Kind != jcs.Array {
		return v
	}
	if len(v.Members) == 0 {
		return nil
	}
	return &v.Members[0].Value
}

// str is a primitive as text.
func str(v *jcs.Value) string {
	switch {
	case v == nil:
		return ""
	case v.Kind == jcs.String, v.Kind == jcs.Number:
		return v.Text
	case v.Kind == jcs.True:
		return "true"
	case v.Kind == jcs.False:
		return "false"
	}
	return ""
}

// text is the primitive at a path of the resource at hand.
func (r *resourceReader) text(path ...string) string { return str(at(r.self, path...)) }

func (r *resourceReader) place(path string) string { return r.name + "." + path }

func (r *resourceReader) start(kind Kind) *draft {
	d := newDraft(kind, r.name)
	if id := r.text("id"); id != "" {
		d.source = r.name + "/" + id
	}
	for _, path := range []string{"subject", "patient"} {
		if subject := at(r.self, path); subject != nil {
			d.set(Patient, r.who(subject), r.place(path))
		}
	}
	return d
}

func (r *resourceReader) add(d *draft) {
	if s, ok := d.statement(); ok {
		r.out = append(r.out, s)
	}
}

// who is the number of the patient whom a Reference means.
func (r *resourceReader) who(reference *jcs.Value) string {
	if found := r.rules.patient(r.identifiers(reference.Member("identifier"))); found != "" {
		return found
	}
	address := str(reference.Member("reference"))
	if address == "" {
		return ""
	}
	return r.once("patient ", address, func() string {
		if patient := r.resolve(address); patient != nil {
			if found := r.rules.patient(r.identifiers(patient.Member("identifier"))); found != "" {
				return found
			}
			if id := str(patient.Member("id")); id != "" {
				return "fhir|Patient/" + id
			}
		}
		return "fhir|" + address
	})
}

// once looks a number up that other resources may ask for again. What an address within a resource means is its own.
func (r *resourceReader) once(what, address string, look func() string) string {
	if strings.HasPrefix(address, "#") {
		return look()
	}
	found, ok := r.known[what+address]
	if !ok {
		found = look()
		r.known[what+address] = found
	}
	return found
}

func (r *resourceReader) identifiers(v *jcs.Value) (list []identifier) {
	for _, id := range each(v) {
		if len(list) == mostNumbers {
			break
		}
		kind := str(at(&id.Value, "type", "coding", "code"))
		list = append(list, identifier{r.rules.authority(str(id.Member("system"))), str(id.Member("value")), kind})
	}
	return list
}

// resolve finds the resource that an address means; nil for none.
func (r *resourceReader) resolve(address string) *jcs.Value {
	if id, ok := strings.CutPrefix(address, "#"); ok {
		for _, inside := range each(r.self.Member("contained")) {
			if str(inside.Member("id")) == id {
				return &inside.Value
			}
		}
		return nil
	}
	if v := r.bundle[address]; v != nil || address == "" || r.rules.Resolve == nil {
		return v
	}
	if found, ok := r.rules.Resolve(address); ok {
		return &found.Value
	}
	return nil
}

// number sets the number of the order that an element refers to, or else of the resource itself: that of
// kind (HL7 table 0203: FILL, PLAC), if there are several.
func (r *resourceReader) number(d *draft, kind string, paths ...string) {
	for _, path := range paths {
		if path == "identifier" || path == "masterIdentifier" {
			d.set(Order, r.ofKind(r.self.Member(path), kind), r.place(path))
			continue
		}
		reference := at(r.self, path)
		if reference == nil {
			continue
		}
		d.set(Order, r.ofKind(reference.Member("identifier"), kind), r.place(path))
		address := str(reference.Member("reference"))
		d.set(Order, r.once(kind+" ", address, func() string {
			if order := r.resolve(address); order != nil {
				return r.ofKind(order.Member("identifier"), kind)
			}
			return ""
		}), r.place(path))
	}
}

// ofKind is the number of that kind, or else the first.
func (r *resourceReader) ofKind(identifiers *jcs.Value, kind string) string {
	first := ""
	for _, id := range r.identifiers(identifiers) {
		if id.kind == kind && id.number != "" {
			return id.number
		}
		first = firstOf(first, id.number)
	}
	return first
}

// codings are those of a CodeableConcept, and its text.
func codings(concept *jcs.Value) (list []coding) {
	if concept == nil {
		return nil
	}
	for _, c := range each(concept.Member("coding")) {
		list = append(list, coding{str(c.Member("system")), str(c.Member("code")), str(c.Member("display"))})
	}
	return append(list, coding{text: str(concept.Member("text"))})
}

// subject sets what a statement is about.
func (r *resourceReader) subject(d *draft, code, text string, concept *jcs.Value, place string) {
	value, words := r.rules.code(codings(concept))
	d.set(code, value, r.place(place))
	d.set(text, words, r.place(place))
}

// observation reads an Observation: its own value, and each of its components as a result of its own.
func (r *resourceReader) observation() {
	d := r.start(Result)
	r.number(d, "FILL", "basedOn", "identifier")
	d.set(Status, resultStatus(r.text("status")), r.place("status"))
	r.time(d, Observed, "effective")
	if d.get(Observed) == "" {
		d.set(Reported, r.rules.isoTime(r.text("issued")), r.place("issued"))
	}
	d.set(Performer, r.text("performer", "display"), r.place("performer"))

	components := each(r.self.Member("component"))
	if len(components) == 0 || hasValue(r.self) {
		r.result(d, r.self, "")
	}
	for i := range components {
		r.result(d, &components[i].Value, "component.")
	}
}

func hasValue(v *jcs.Value) bool {
	for i := range v.Members {
		if strings.HasPrefix(v.Members[i].Name, "value") {
			return true
		}
	}
	return false
}

// result adds what an Observation, or a component of it, measured to what is so of all of them.
func (r *resourceReader) result(all *draft, v *jcs.Value, in string) {
	d := &draft{Result, all.source, slices.Clone(all.fields)}
	code, text := r.rules.code(codings(v.Member("code")))
	if aspect := bloodAspect(code); aspect != "" {
		d.kind, code = BloodGroup, aspect
	}
	d.set(Subject, code, r.place(in+"code"))
	d.set(SubjectText, text, r.place(in+"code"))
	r.worth(d, v, in, code)
	if ranges := at(v, "referenceRange"); ranges != nil {
		shown := str(ranges.Member("text"))
		if low, high := str(at(ranges, "low", "value")), str(at(ranges, "high", "value")); shown == "" && low+high != "" {
			shown = pair(low, "-", high)
		}
		d.set(RangeText, shown, r.place(in+"referenceRange"))
	}
	d.set(Flag, str(at(v, "interpretation", "coding", "code")), r.place(in+"interpretation"))
	r.add(d)
}

// worth sets type, value and unit by value[x].
func (r *resourceReader) worth(d *draft, v *jcs.Value, in, code string) {
	kind, text, unit, place := typeNone, "", "", r.place(in+"dataAbsentReason")
	for i := range v.Members {
		m := &v.Members[i]
		name, ok := strings.CutPrefix(m.Name, "value")
		if !ok || name == "" {
			continue
		}
		place = r.place(in + m.Name)
		switch name {
		case "Quantity":
			kind, text, unit = typeNumber, quantity(&m.Value), unitOf(&m.Value)
		case "Integer":
			kind, text = typeNumber, str(&m.Value)
		case "CodeableConcept":
			kind, text = r.rules.coded(codings(&m.Value))
		case "Range":
			kind, text, unit = typeNumber, pair(str(at(&m.Value, "low", "value")), "-", str(at(&m.Value, "high", "value"))), unitOf(at(&m.Value, "low"))
		case "Ratio":
			kind, text = typeNumber, pair(str(at(&m.Value, "numerator", "value")), ":", str(at(&m.Value, "denominator", "value")))
		case "DateTime", "Time":
			kind, text = typeTime, r.rules.isoTime(str(&m.Value))
		case "Period":
			kind, text = typeTime, r.rules.isoTime(str(at(&m.Value, "start")))
		case "String", "Boolean":
			kind, text = typeText, strings.TrimSpace(str(&m.Value))
		default: // sampled data, and what is to come
			sum := sha256.Sum256(m.Value.AppendDecText(nil))
			kind, text = typeData, hex.EncodeToString(sum[:])
		}
		break
	}
	if d.kind == BloodGroup {
		text = bloodGroup(text)
	}
	r.rules.value(d, kind, text, unit, code, place, place)
}

func quantity(q *jcs.Value) string {
	if q == nil {
		return ""
	}
	return str(q.Member("comparator")) + str(q.Member("value"))
}

// unitOf is the code of a quantity's unit, or its text where it has none.
func unitOf(q *jcs.Value) string {
	if q == nil {
		return ""
	}
	return firstOf(str(q.Member("code")), str(q.Member("unit")))
}

// time sets a time that is a dateTime, an instant or the beginning of a period: effective[x] and its like.
func (r *resourceReader) time(d *draft, field, name string) {
	for _, path := range [][]string{{name + "DateTime"}, {name + "Instant"}, {name + "Period", "start"}} {
		d.set(field, r.rules.isoTime(r.text(path...)), r.place(path[0]))
	}
}

// patient reads what is said of a patient.
func (r *resourceReader) patient() {
	d := r.start(Demographics)
	number := r.rules.patient(r.identifiers(r.self.Member("identifier")))
	if id := r.text("id"); number == "" && id != "" {
		number = "fhir|Patient/" + id
	}
	d.set(Patient, number, r.place("identifier"))
	names := each(r.self.Member("name"))
	name := at(r.self, "name")
	for i := range names {
		if str(names[i].Member("use")) == "official" {
			name = &names[i].Value
			break
		}
	}
	if name != nil {
		var given []string
		for _, g := range each(name.Member("given")) {
			given = append(given, str(&g.Value))
		}
		d.set(Family, personName(str(name.Member("family"))), r.place("name"))
		d.set(Given, personName(strings.Join(given, " ")), r.place("name"))
	}
	d.set(Birth, day(r.text("birthDate")), r.place("birthDate"))
	d.set(Sex, sex(r.text("gender")), r.place("gender"))
	d.set(Death, r.rules.isoTime(r.text("deceasedDateTime")), r.place("deceasedDateTime"))
	if r.text("deceasedBoolean") == "true" {
		d.set(Death, "yes", r.place("deceasedBoolean"))
	}
	r.add(d)
}

// document reads a DocumentReference with its content. Content that stands elsewhere has no hash here: R4's own is a SHA-1 of
// what the author says it is.
func (r *resourceReader) document() {
	d := r.start(Document)
	r.number(d, "", "masterIdentifier", "identifier")
	var content []byte
	for _, c := range each(r.self.Member("content")) {
		data, err := base64.StdEncoding.DecodeString(str(at(&c.Value, "attachment", "data")))
		if err == nil {
			content = append(content, data...)
		}
	}
	if len(content) > 0 {
		sum := sha256.Sum256(content)
		d.set(Hash, hex.EncodeToString(sum[:]), r.place("content.attachment"))
	}
	d.set(Title, firstOf(r.text("type", "coding", "code"), r.text("type", "text")), r.place("type"))
	d.set(Observed, r.rules.isoTime(r.text("date")), r.place("date"))
	if r.text("status") == "entered-in-error" {
		d.set(Status, StatusWithdrawn, r.place("status"))
	}
	d.set(Status, documentStatus(r.text("docStatus")), r.place("docStatus"))
	d.set(Performer, r.text("author", "display"), r.place("author"))
	r.add(d)
}

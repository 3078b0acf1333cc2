package assertion

import (
	"slices"
	"strings"

	"github.com/wardline/wardline/format/jcs"
)

// request reads a MedicationRequest.
func (r *resourceReader) request() {
	d := r.start(DrugOrder)
	r.number(d, "PLAC", "identifier")
	r.drug(d)
	var doses, units, routes, frequencies []string
	for _, instruction := range each(r.self.Member("dosageInstruction")) {
		dose := at(&instruction.Value, "doseAndRate")
		if q := at(dose, "doseQuantity"); q != nil {
			doses, units = append(doses, amount(q)), append(units, r.rules.unit(unitOf(q)))
		} else if low := at(dose, "doseRange", "low"); low != nil {
			doses, units = append(doses, amount(low)+"-"+amount(at(dose, "doseRange", "high"))), append(units, r.rules.unit(unitOf(low)))
		}
		route, _ := r.rules.code(codings(at(&instruction.Value, "route")))
		routes, frequencies = append(routes, route), append(frequencies, repeats(at(&instruction.Value, "timing")))
	}
	d.set(Dose, series(doses), r.place("dosageInstruction"))
	d.set(DoseUnit, series(units), r.place("dosageInstruction"))
	d.set(Route, series(routes), r.place("dosageInstruction"))
	d.set(Frequency, series(frequencies), r.place("dosageInstruction"))
	d.set(Status, orderStatus(r.text("status")), r.place("status"))
	d.set(Performer, r.text("requester", "display"), r.place("requester"))
	r.add(d)
}

// series writes what stands one after another, once where all are the same.
func series(list []string) string {
	return strings.Join(slices.Compact(list), " then ")
}

func amount(q *jcs.Value) string {
	text := quantity(q)
	if n, ok := number(text); ok {
		return n
	}
	return text
}

// repeats writes a Timing as times in a period.
func repeats(timing *jcs.Value) string {
	if code := str(at(timing, "code", "coding", "code")); code != "" {
		return frequency(code)
	}
	often, period, unit := str(at(timing, "repeat", "frequency")), str(at(timing, "repeat", "period")), str(at(timing, "repeat", "periodUnit"))
	if period == "" {
		return ""
	}
	if often == "" {
		often = "1" // R4 datatypes.html#Timing: the default
	}
	return often + "/" + pair(period, "", "") + unit
}

// drug sets the medication, which is a concept or a reference to a Medication.
func (r *resourceReader) drug(d *draft) {
	r.subject(d, Drug, DrugText, at(r.self, "medicationCodeableConcept"), "medicationCodeableConcept")
	if reference := at(r.self, "medicationReference"); reference != nil {
		if medication := r.resolve(str(reference.Member("reference"))); medication != nil {
			r.subject(d, Drug, DrugText, medication.Member("code"), "medicationReference")
		}
		code, text := r.rules.code([]coding{{text: str(reference.Member("display"))}})
		d.set(Drug, code, r.place("medicationReference"))
		d.set(DrugText, text, r.place("medicationReference"))
	}
}

// administration reads a MedicationAdministration.
func (r *resourceReader) administration() {
	d := r.start(DrugGiven)
	r.number(d, "PLAC", "request")
	r.time(d, Observed, "effective")
	r.drug(d)
	if q := at(r.self, "dosage", "dose"); q != nil {
		d.set(Dose, amount(q), r.place("dosage.dose"))
		d.set(DoseUnit, r.rules.unit(unitOf(q)), r.place("dosage.dose"))
	}
	route, _ := r.rules.code(codings(at(r.self, "dosage", "route")))
	d.set(Route, route, r.place("dosage.route"))
	d.set(Status, givenStatus(r.text("status")), r.place("status"))
	d.set(Performer, r.text("performer", "actor", "display"), r.place("performer"))
	r.add(d)
}

// immunization reads an Immunization, which is what FHIR makes of a vaccine's RXA.
func (r *resourceReader) immunization() {
	d := r.start(DrugGiven)
	r.number(d, "PLAC", "identifier")
	r.time(d, Observed, "occurrence")
	r.subject(d, Drug, DrugText, at(r.self, "vaccineCode"), "vaccineCode")
	if q := at(r.self, "doseQuantity"); q != nil {
		d.set(Dose, amount(q), r.place("doseQuantity"))
		d.set(DoseUnit, r.rules.unit(unitOf(q)), r.place("doseQuantity"))
	}
	route, _ := r.rules.code(codings(at(r.self, "route")))
	d.set(Route, route, r.place("route"))
	d.set(Status, givenStatus(r.text("status")), r.place("status"))
	d.set(Performer, r.text("performer", "actor", "display"), r.place("performer"))
	d.set(Lot, r.text("lotNumber"), r.place("lotNumber"))
	r.add(d)
}

// allergy reads an AllergyIntolerance.
func (r *resourceReader) allergy() {
	d := r.start(Allergy)
	r.subject(d, Subject, SubjectText, at(r.self, "code"), "code")
	d.set(Category, allergyCategory(r.text("category")), r.place("category"))
	worst := ""
	for _, reaction := range each(r.self.Member("reaction")) {
		s := severity(str(reaction.Member("severity")))
		if s == "severe" || s == "moderate" && worst != "severe" || worst == "" {
			worst = s
		}
	}
	d.set(Severity, worst, r.place("reaction.severity"))
	_, reaction := r.rules.code(codings(at(r.self, "reaction", "manifestation")))
	d.set(Reaction, reaction, r.place("reaction.manifestation"))
	switch r.text("verificationStatus", "coding", "code") {
	case "entered-in-error":
		d.set(Status, StatusWithdrawn, r.place("verificationStatus"))
	case "refuted":
		d.set(Status, StatusRefuted, r.place("verificationStatus"))
	}
	switch r.text("clinicalStatus", "coding", "code") {
	case "active", "":
		d.set(Status, StatusActive, r.place("clinicalStatus"))
	default:
		d.set(Status, StatusInactive, r.place("clinicalStatus"))
	}
	r.add(d)
}

// condition reads a Condition.
func (r *resourceReader) condition() {
	d := r.start(Diagnosis)
	r.subject(d, Subject, SubjectText, at(r.self, "code"), "code")
	r.number(d, "", "identifier")
	d.set(Status, diagnosisStatus(r.text("verificationStatus", "coding", "code")), r.place("verificationStatus"))
	r.time(d, Observed, "onset")
	d.set(Performer, firstOf(r.text("asserter", "display"), r.text("recorder", "display")), r.place("asserter"))
	r.add(d)
}

// procedure reads a Procedure. The side is one of its body sites.
func (r *resourceReader) procedure() {
	d := r.start(Procedure)
	r.subject(d, Subject, SubjectText, at(r.self, "code"), "code")
	r.number(d, "", "identifier")
	var sides []string
	for _, site := range each(r.self.Member("bodySite")) {
		for _, c := range codings(&site.Value) {
			if side := laterality(firstOf(c.code, strings.ToLower(c.text))); side != "" {
				sides = append(sides, side)
			}
		}
	}
	d.set(Laterality, side(sides), r.place("bodySite"))
	d.set(Status, givenStatus(r.text("status")), r.place("status"))
	r.time(d, Observed, "performed")
	d.set(Performer, r.text("performer", "actor", "display"), r.place("performer"))
	r.add(d)
}

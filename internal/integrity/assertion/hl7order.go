package assertion

import "strings"

// drugOrder reads an order (RXO, section 4.14.1) or what the pharmacy made of it (RXE, 4.14.4). Where a
// message has both for one order the RXE counts.
func (r *messageReader) drugOrder(l line) {
	encoded := l.name == "RXE"
	if r.order != nil && (r.ordered || !encoded) {
		return
	}
	drug, least, most, unit := 1, 2, 3, 4
	if encoded {
		drug, least, most, unit = 2, 3, 4, 5
	}
	d := r.start(DrugOrder, l)
	for _, name := range []string{placer, filler, Status, Frequency} {
		d.inherit(r.orc, name)
	}
	if encoded {
		d.set(Frequency, frequency(l.get(1, 2)), l.place(1))
	}
	r.drug(d, l, drug)
	r.dose(d, l, least, most, unit)
	r.order, r.ordered = d, encoded
}

// drugGiven reads what was given (RXA, section 4.14.7).
func (r *messageReader) drugGiven(l line) {
	r.endOrder()
	d := r.start(DrugGiven, l)
	d.inherit(r.orc, placer)
	d.inherit(r.orc, filler)
	d.set(Observed, r.rules.hl7Time(l.get(3, 1)), l.place(3))
	r.drug(d, l, 5)
	r.dose(d, l, 6, 6, 7)
	status := givenStatus(l.get(20, 1))
	switch {
	case l.get(21, 1) == "D":
		d.set(Status, StatusWithdrawn, l.place(21))
	case status != "":
		d.set(Status, status, l.place(20))
	default:
		d.set(Status, StatusCompleted, l.place(20))
	}
	d.set(Performer, l.get(10, 1), l.place(10))
	d.set(Lot, l.get(15, 1), l.place(15))
	r.order = d // its route follows
}

func (r *messageReader) drug(d *draft, l line, field int) {
	code, text := r.rules.code(l.codings(l.repetition(field, 1)))
	d.set(Drug, code, l.place(field))
	d.set(DrugText, text, l.place(field))
}

// dose sets an amount, or two of a range.
func (r *messageReader) dose(d *draft, l line, least, most, unit int) {
	low, high := l.get(least, 1), l.get(most, 1)
	if n, ok := number(low); ok {
		low = n
	}
	if n, ok := number(high); ok {
		high = n
	}
	amount := low
	if high != "" && high != low {
		amount = low + "-" + high
	}
	if l.name == "RXA" && low == "999" {
		amount = "" // not known (CDC, and section 4.14.7.6 in use)
	}
	d.set(Dose, amount, l.place(least))
	if amount != "" {
		d.set(DoseUnit, r.rules.unit(firstOf(l.get(unit, 1), l.get(unit, 2))), l.place(unit))
	}
}

// route reads RXR-1 of the order or giving before it.
func (r *messageReader) route(l line) {
	if r.order == nil {
		return
	}
	code, _ := r.rules.code(l.codings(l.repetition(1, 1)))
	r.order.set(Route, code, l.place(1))
}

// endOrder ends the order or giving of a drug.
func (r *messageReader) endOrder() {
	if r.order != nil {
		r.add(r.order)
	}
	r.order, r.ordered = nil, false
}

// allergy reads AL1 (section 3.4.6), which tells of allergies that are known now.
func (r *messageReader) allergy(l line) {
	d := r.start(Allergy, l)
	code, text := r.rules.code(l.codings(l.repetition(3, 1)))
	d.set(Subject, code, l.place(3))
	d.set(SubjectText, text, l.place(3))
	d.set(Category, allergyCategory(l.get(2, 1)), l.place(2))
	d.set(Severity, severity(l.get(4, 1)), l.place(4))
	d.set(Reaction, l.get(5, 1), l.place(5))
	d.set(Status, StatusActive, l.name)
	r.add(d)
}

// diagnosis reads DG1 (section 6.5.2).
func (r *messageReader) diagnosis(l line) {
	d := r.start(Diagnosis, l)
	code, text := r.rules.code(append(l.codings(l.repetition(3, 1)), coding{text: l.get(4, 1)}))
	d.set(Subject, code, l.place(3))
	d.set(SubjectText, text, l.place(3))
	d.set(Order, l.get(20, 1), l.place(20))
	if l.get(21, 1) == "D" {
		d.set(Status, StatusWithdrawn, l.place(21))
	}
	d.set(Status, diagnosisStatus(l.get(6, 1)), l.place(6))
	d.set(Observed, r.rules.hl7Time(l.get(5, 1)), l.place(5))
	d.set(Performer, l.get(16, 1), l.place(16))
	r.add(d)
}

// procedure reads PR1 (section 6.5.4). The side stands among the modifiers of its code.
func (r *messageReader) procedure(l line) {
	d := r.start(Procedure, l)
	code, text := r.rules.code(append(l.codings(l.repetition(3, 1)), coding{text: l.get(4, 1)}))
	d.set(Subject, code, l.place(3))
	d.set(SubjectText, text, l.place(3))
	d.set(Order, l.get(19, 1), l.place(19))
	var sides []string
	for text := range l.each(16) {
		if side := laterality(l.part(text, 1, 1)); side != "" {
			sides = append(sides, side)
		}
	}
	d.set(Laterality, side(sides), l.place(16))
	status := StatusCompleted
	if l.get(20, 1) == "D" {
		status = StatusWithdrawn
	}
	d.set(Status, status, l.place(20))
	d.set(Observed, r.rules.hl7Time(l.get(5, 1)), l.place(5))
	d.set(Performer, l.get(11, 1), l.place(11))
	r.add(d)
}

// side is what several sides are together.
func side(sides []string) string {
	all := strings.Join(sides, " ")
	if strings.Contains(all, "both") || strings.Contains(all, "left") && strings.Contains(all, "right") {
		return "both"
	}
	if len(sides) > 0 {
		return sides[0]
	}
	return ""
}

package fhir

import (
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// Doses reads whether the resource that ev holds says that a drug was given (MedicationAdministration) or ordered (MedicationRequest).
func Doses(ev *event.Event, zone *time.Location) []hospital.Dose {
	if zone == nil {
		zone = time.UTC
	}
	r := &resource{ev: ev, zone: zone}
	n := r.root()
	var d hospital.Dose
	switch n.get("resourceType") {
	case "MedicationAdministration":
		d = r.administered(n)
	case "MedicationRequest":
		d = r.requested(n)
	default:
		return nil
	}
	if d.At.IsZero() || d.Code+d.Name == "" {
		return nil
	}
	d.Patient, d.Visit = whom(n.kid("subject")), either(visit(n.kid("encounter")), visit(n.kid("context")))
	return []hospital.Dose{d}
}

func (r *resource) administered(n node) hospital.Dose {
	at := known(n.time("effectiveDateTime"), n.time("effectivePeriod", "start"), n.time("occurenceDateTime"), n.time("occurencePeriod", "start"))
	dose := n.kid("dosage", "dose")
	d := hospital.Dose{At: at, Amount: quantity(dose.get("value")), Unit: either(dose.get("code"), dose.get("unit")), Order: n.kid("request").reference()}
	d.By = named(n.kid("performer", "actor"))
	d.Revoked = isVoid(n.get("status"))
	d.Code, d.Name = drugOf(n)
	return d
}

func (r *resource) requested(n node) hospital.Dose {
	if isVoid(n.get("status")) {
		return hospital.Dose{}
	}
	dose := n.kid("dosageInstruction", "doseAndRate", "doseQuantity")
	d := hospital.Dose{At: known(n.time("authoredOn"), r.updated, n.time("meta", "lastUpdated")), Amount: quantity(dose.get("value")), Unit: either(dose.get("code"), dose.get("unit")), Order: r.name(), Ordered: true}
	d.Code, d.Name = drugOf(n)
	return d
}

// drugOf is the drug's first code and its name, as far as the resource itself says them.
func drugOf(n node) (code, name string) {
	for _, m := range []node{n.kid("medicationCodeableConcept"), n.kid("medication", "concept"), n.kid("medicationReference").contained().kid("code"), n.kid("medication", "reference").contained().kid("code")} {
		if m.isZero() {
			continue
		}
		return m.get("coding", "code"), either(m.get("text"), m.get("coding", "display"))
	}
	return "", either(n.get("medicationReference", "display"), n.get("medication", "reference", "display"))
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func quantity(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0 && n < 1e12) {
		return 0
	}
	return n
}

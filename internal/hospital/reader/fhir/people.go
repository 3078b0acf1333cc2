package fhir

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// patient reads who a patient is, and which records are one person's (Patient.link).
func (r *resource) patient(n node) {
	ids := identifiers(n)
	for _, name := range r.names() {
		ids = append(ids, hospital.Identifier{Value: name})
	}
	if len(ids) == 0 {
		return
	}
	f := &hospital.PatientFact{IDs: ids, Human: human(n)}
	for _, id := range ids {
		if f.Human.National == "" && isNational(id.Type) {
			f.Human.National = id.Value
		}
	}
	f.Died = n.time("deceasedDateTime")
	f.Dead = !f.Died.IsZero() || n.get("deceasedBoolean") == "true"
	if n.get("deceasedBoolean") == "false" {
		f.Without = []hospital.Detail{hospital.Death}
	}
	for c := range n.kids("contact") {
		if k := kinship(c, c.kid("name")); k != (hospital.Kinship{}) && len(f.Human.Kin) < mostList {
			f.Human.Kin = append(f.Human.Kin, k)
		}
	}
	labels := collect(n.kid("meta").kids("security"))
	f.VIP = slices.ContainsFunc(labels, func(l node) bool { return l.get("code") == "CEL" || l.get("code") == "VIP" })
	f.Test = slices.ContainsFunc(collect(n.kid("meta").kids("security"), n.kid("meta").kids("tag")), func(l node) bool { return l.get("code") == "HTEST" })
	r.put(hospital.Fact{Patient: f}, time.Time{})
	r.labels(labels, ids)
	for l := range n.kids("link") {
		other := whom(l.kid("other"))
		switch kind := l.get("type"); {
		case len(other) == 0:
		case kind == "replaced-by":
			r.put(hospital.Fact{Merge: &hospital.MergeFact{Survivor: other, Retired: ids}}, time.Time{})
		case kind == "replaces":
			r.put(hospital.Fact{Merge: &hospital.MergeFact{Survivor: ids, Retired: other}}, time.Time{})
		}
	}
	gps := who(collect(n.kids("generalPractitioner"))...)
	r.reason(hospital.ReasonFact{Patient: ids, Kind: hospital.CareTeam, Who: gps}, time.Time{}, false)
}

// labels reads what is to be handled with more care than usual (hl7.org/fhir/security-labels.html).
func (r *resource) labels(labels []node, patient []hospital.Identifier) {
	for _, l := range labels {
		switch code := l.get("code"); code {
		case "", "N", "L", "M", "U", "CEL", "VIP", "HTEST":
		default:
			r.put(hospital.Fact{Mark: &hospital.MarkFact{Patient: patient, Kind: "restricted", Label: code}}, time.Time{})
		}
	}
}

func isNational(kind string) bool {
	return kind == "SS" || kind == "NH" || kind == "NI" || len(kind) == 5 && strings.HasPrefix(kind, "NN")
}

// human reads names, address and telephones. What is called old or maiden was borne before.
func human(n node) hospital.Human {
	var h hospital.Human
	for name := range n.kids("name") {
		family, use := name.get("family"), name.get("use")
		switch {
		case family == "" || use == "nickname" || use == "anonymous":
		case use == "old" || use == "maiden":
			h.Former = append(h.Former, family)
		case h.Family == "" || use == "official":
			h.Family, h.Given = family, name.get("given")
		}
	}
	h.Former = h.Former[:min(len(h.Former), mostList)]
	h.Born = n.day("birthDate")
	for a := range n.kids("address") {
		if use := a.get("use"); h.Street == "" && use != "old" && use != "temp" && use != "billing" {
			h.Street, h.City, h.Postcode = a.get("line"), a.get("city"), a.get("postalCode")
		}
	}
	h.Phones = phones(n)
	return h
}

func phones(n node) []string {
	var list []string
	for t := range n.kids("telecom") {
		if number := t.get("value"); number != "" && (t.get("system") == "phone" || t.get("system") == "sms") && t.get("use") != "old" && len(list) < mostList {
			list = append(list, number)
		}
	}
	return list
}

func kinship(n, name node) hospital.Kinship {
	k := hospital.Kinship{Family: name.get("family"), Given: name.get("given")}
	for _, number := range phones(n) {
		k.Phone = number
		break
	}
	return k
}

// kin reads somebody who is near to a patient, or its mother.
func (r *resource) kin(n node) {
	f := &hospital.PatientFact{IDs: whom(n.kid("patient"))}
	if k := kinship(n, n.kid("name")); k != (hospital.Kinship{}) && len(f.IDs) > 0 {
		f.Human.Kin = []hospital.Kinship{k}
		r.put(hospital.Fact{Patient: f}, time.Time{})
	}
}

// practitioner reads one who works here, or sends patients here.
func (r *resource) practitioner(n node) {
	f := &hospital.StaffFact{Logins: r.names(), Human: human(n), Gone: n.get("active") == "false"}
	for i := range n.kids("identifier") {
		id, ok := identifier(i)
		switch {
		case !ok || len(f.Logins) == mostList:
		case (id.Type == "EI" || id.Type == "EN") && f.Number == "": // table 0203: employee's number
			f.Number = id.Value
		default:
			f.Logins = append(f.Logins, id.Value)
		}
	}
	r.put(hospital.Fact{Staff: f}, time.Time{})
}

// role reads what one does here, and where.
func (r *resource) role(n node) {
	f := &hospital.StaffFact{
		Logins: r.names(), Job: n.kid("code").code(), Title: n.get("code", "text"), Department: last(n.kid("organization").reference()),
		Service: last(n.kid("healthcareService").reference()), Start: n.time("period", "start"), End: n.time("period", "end"),
		Gone: n.get("active") == "false",
	}
	if p := named(n.kid("practitioner")); p.Text != "" {
		f.Logins = append([]string{p.Text}, f.Logins...)
	}
	for l := range n.kids("location") {
		if unit := last(l.reference()); unit != "" && len(f.Units) < mostList {
			f.Units = append(f.Units, unit)
		}
	}
	r.put(hospital.Fact{Staff: f}, time.Time{})
}

package v2

import (
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/hospital"
)

// patient reads who g's patient is: PID, next of kin, the mark of the prominent.
func (m *message) patient(g *group) {
	pid, pv1 := first(g.segs, "PID"), first(g.segs, "PV1")
	if len(g.ids) == 0 {
		return
	}
	f := &hospital.PatientFact{IDs: g.ids, Mother: identifiers(pid, 21), VIP: isYes(pv1.get(16, 1))}
	h := &f.Human
	h.Family, h.Given, h.Former = names(pid, 5)
	h.Born = day(pid, 7)
	h.Street, h.City, h.Postcode = address(pid, 11)
	for _, n := range [...]int{13, 14} {
		h.Phones = append(h.Phones, phones(pid, n)...)
	}
	h.National = national(pid, g.ids)
	h.Kin = kin(g.segs)
	f.Died, f.Dead = m.time(pid, 29), isYes(pid.get(30, 1))
	f.Dead = f.Dead || !f.Died.IsZero()
	f.Test = isTest(h.Family)
	for _, d := range []struct {
		field  int
		detail hospital.Detail
	}{{11, hospital.Address}, {13, hospital.Phones}, {29, hospital.Death}, {30, hospital.Death}, {21, hospital.MotherLink}} {
		gone := pid.deleted(d.field) || d.field == 30 && pid.get(30, 1) == "N"
		if gone && !slices.Contains(f.Without, d.detail) {
			f.Without = append(f.Without, d.detail)
		}
	}
	m.put(hospital.Fact{Patient: f}, m.said)
	if first(g.segs, "PV2").get(22, 1) == "Y" || first(g.segs, "PD1").get(12, 1) == "Y" {
		m.put(hospital.Fact{Mark: &hospital.MarkFact{Patient: g.ids, Kind: "restricted", Label: "protected"}}, m.said)
	}
}

// isYes tells a mark that says something from one that says no.
func isYes(mark string) bool { return mark != "" && mark != "N" && mark != "0" && mark != "NO" }

// isTest tells the names under which people try systems out.
func isTest(family string) bool {
	family = strings.ToUpper(family)
	return family == "TEST" || strings.HasPrefix(family, "ZZZ") || strings.HasPrefix(family, "ZZTEST") || strings.HasPrefix(family, "TESTPATIENT")
}

// names reads the names of field n (XPN): the legal one, else the first; family names that differ from it were borne
// before, or are borne as well.
func names(s segment, n int) (family, given string, former []string) {
	settled := false
	for p := range s.parts(n) {
		f, legal := p.get(1, 1), p.get(7, 1) == "L" || p.get(7, 1) == "D"
		if f != "" && !settled && (family == "" || legal) {
			family, given, settled = f, p.get(2, 1), legal
		}
	}
	for p := range s.parts(n) {
		if f := p.get(1, 1); f != "" && !strings.EqualFold(f, family) && !slices.Contains(former, f) {
			former = append(former, f)
		}
	}
	return family, given, former
}

// address reads the home address of field n (XAD), else the first that is not known to be bad.
func address(s segment, n int) (street, city, postcode string) {
	for p := range s.parts(n) {
		kind := p.get(7, 1)
		if kind == "BA" || street != "" && kind != "H" {
			continue
		}
		street = p.get(1, 1)
		if street == "" && p.get(1, 2) != "" {
			street = strings.TrimSpace(p.get(1, 3) + " " + p.get(1, 2))
		}
		city, postcode = p.get(3, 1), p.get(5, 1)
		if kind == "H" {
			break
		}
	}
	return street, city, postcode
}

// phones lists the telephone numbers of field n (XTN).
func phones(s segment, n int) []string {
	var list []string
	for p := range s.parts(n) {
		if p.get(2, 1) == "NET" || p.get(3, 1) == "Internet" {
			continue
		}
		number := or(p.get(12, 1), p.get(1, 1))
		if number == "" && p.get(7, 1) != "" {
			number = p.get(5, 1) + p.get(6, 1) + p.get(7, 1)
		}
		if number != "" && !strings.Contains(number, "@") {
			list = append(list, number)
		}
	}
	return list
}

// national is the number of a nation's register: PID-19, or an identifier of such a type (table 0203).
func national(pid segment, ids []hospital.Identifier) string {
	if number := pid.get(19, 1); number != "" {
		return number
	}
	for _, id := range ids {
		switch {
		case id.Type == "SS", id.Type == "NH", id.Type == "NI", len(id.Type) == 5 && strings.HasPrefix(id.Type, "NN"):
			return id.Value
		}
	}
	return ""
}

// kin reads next of kin and those to be told in an emergency.
func kin(segs []segment) []hospital.Kinship {
	var list []hospital.Kinship
	for s := range named(segs, "NK1") {
		for _, at := range [...]struct{ name, phone int }{{2, 5}, {30, 31}} {
			family, given, _ := names(s, at.name)
			k := hospital.Kinship{Family: family, Given: given}
			for _, number := range phones(s, at.phone) {
				k.Phone = number
				break
			}
			if k != (hospital.Kinship{}) && !slices.Contains(list, k) && len(list) < mostRepetitions {
				list = append(list, k)
			}
		}
	}
	return list
}

package bedside

import (
	"strings"
	"time"
)

// take enters what a message says of one patient. It tells whether anything that this package knows of was said.
func (m *message) take(r *Record, g *group) {
	r.Heard = later(r.Heard, m.said)
	if len(g.ids) > 0 {
		r.IDs = g.ids
	}
	m.person(r, g.named("PID"))
	if m.kind == "ADT" {
		m.place(r, g)
	}
	m.allergies(r, g)
	m.wishes(r, g)
	switch m.kind {
	case "ORM", "OMG", "OML", "OMI", "OMP", "OMD", "OMS", "OMN", "RDE", "RDS", "RAS", "RGV", "ORU", "OUL":
		m.orders(r, g)
	}
}

// person reads who it is. A laboratory's spelling counts only where the admission office has said nothing.
func (m *message) person(r *Record, pid segment) {
	p := Person{Family: pid.get(5, 1), Given: strings.TrimSpace(pid.get(5, 2) + " " + pid.get(5, 3)), Sex: pid.get(8, 1), Born: day(pid.get(7, 1)), Said: m.said}
	if p.Family == "" && p.Given == "" || m.kind != "ADT" && r.Person.Family != "" || p.Said.Before(r.Person.Said) {
		return
	}
	for text := range pid.repetitions(5) {
		if pid.part(text, 7, 1) == "L" { // the legal name before others
			p.Family, p.Given = pid.part(text, 1, 1), strings.TrimSpace(pid.part(text, 2, 1)+" "+pid.part(text, 3, 1))
			break
		}
	}
	if p.Born.IsZero() && !pid.deleted(7) {
		p.Born = r.Person.Born
	}
	if p.Sex == "" {
		p.Sex = r.Person.Sex
	}
	r.Person = p
}

// place reads the bed. Where somebody will be, or is for a while, is not where the bed is.
func (m *message) place(r *Record, g *group) {
	switch m.trigger {
	case "A05", "A09", "A10", "A14", "A15", "A26", "A27", "A28", "A31":
		return
	}
	pv1 := g.named("PV1")
	p := Place{Unit: pv1.get(3, 1), Visit: g.visit, Class: pv1.get(2, 1), Said: m.said}
	p.Bed = strings.Trim(pv1.get(3, 2)+"-"+pv1.get(3, 3), "-")
	if p.Unit != "" {
		r.place(p)
	}
}

// allergies reads AL1, which gives the sender's whole list (HL7 v2.5.1 section 3.4.6), and IAM, which tells of one after the other (3.4.7).
func (m *message) allergies(r *Record, g *group) {
	var list []Allergy
	cleared := false
	for _, s := range g.segs {
		switch s.name {
		case "AL1":
			a := Allergy{Kind: s.get(2, 1), Severity: s.get(4, 1), Reaction: s.get(5, 1), Source: m.source, Said: m.said}
			a.Code, a.Name, _ = s.coded(3)
			a.None = saysNone(a.Code, a.Name)
			cleared = cleared || s.deleted(3)
			if a.Code+a.Name != "" && len(list) < mostAllergies {
				list = append(list, a)
			} else if a.Code+a.Name != "" {
				r.Left++
			}
		case "IAM":
			a := Allergy{Kind: s.get(2, 1), Severity: s.get(4, 1), Reaction: s.get(5, 1), Source: m.source, Said: m.past(m.time(s, 20), m.said)}
			a.Code, a.Name, _ = s.coded(3)
			a.None = saysNone(a.Code, a.Name)
			a.Gone = s.get(6, 1) == "D" || s.get(17, 1) == "E" // table 0206: delete; table 0438: erroneous
			if a.Code+a.Name != "" {
				r.allergy(a)
			}
		}
	}
	if len(list) > 0 || cleared {
		r.listed(list, m.source, m.said)
	}
}

// saysNone tells the codes and words by which systems say that no allergy is known.
func saysNone(code, name string) bool {
	switch strings.ToUpper(code) {
	case "NKA", "NKDA", "NKFA", "716186003", "409137002", "428607008": // SNOMED CT: none, none to drugs, none to the environment
		return true
	}
	words := fold(name)
	return words == "nka" || words == "nkda" || words == "none" || strings.HasPrefix(words, "no known") || strings.HasPrefix(words, "no allerg")
}

// wishes reads advance directives (PD1-15, PV2-45), and the diet that an admission states (PV1-38).
func (m *message) wishes(r *Record, g *group) {
	for _, at := range [...]struct {
		name  string
		field int
	}{{"PD1", 15}, {"PV2", 45}} {
		s := g.named(at.name)
		code, words, _ := s.coded(at.field)
		if text := first(words, code); text != "" || s.deleted(at.field) {
			r.Wishes = note(r.Wishes, Note{Key: at.name, Text: text, Gone: text == "", Said: m.said})
		}
	}
	pv1 := g.named("PV1")
	if code, words, _ := pv1.coded(38); code+words != "" {
		r.Diet = note(r.Diet, Note{Key: "PV1", Text: first(words, code), Said: m.said})
	}
}

// entry is one order of a message with what belongs to it.
type entry struct {
	orc, obr segment
	segs     []segment
}

// entries keeps together what belongs to one order. It begins with ORC, or with its detail where there is none.
func (g *group) entries() (list []entry) {
	begun := false
	for _, s := range g.segs {
		switch s.name {
		case "ORC":
			list, begun = append(list, entry{orc: s}), true
			continue
		case "OBR":
			if !begun || list[len(list)-1].obr.m != nil {
				list, begun = append(list, entry{}), true
			}
			list[len(list)-1].obr = s
			continue
		case "RXO", "RXE", "RXA", "ODS":
			if !begun {
				list, begun = append(list, entry{}), true
			}
		}
		if begun {
			e := &list[len(list)-1]
			e.segs = append(e.segs, s)
		}
	}
	return list
}

// number is what an order goes by: the placer's number, else the filler's.
func (e *entry) number() string {
	if placer := first(e.orc.get(2, 1), e.obr.get(2, 1)); placer != "" {
		return placer
	}
	if filler := first(e.orc.get(3, 1), e.obr.get(3, 1)); filler != "" {
		return "filler " + filler
	}
	return ""
}

// named returns the first segment of a name behind the order's own.
func (e *entry) named(name string) segment {
	g := group{segs: e.segs}
	return g.named(name)
}

func (m *message) orders(r *Record, g *group) {
	for _, e := range g.entries() {
		if rxa := e.named("RXA"); rxa.m != nil {
			m.given(r, g, &e)
			continue
		}
		if e.named("ODS").m != nil {
			m.diet(r, &e)
			continue
		}
		encoded := e.named("RXE")
		isDrug := encoded.m != nil || e.named("RXO").m != nil || m.kind == "RDE" || m.kind == "OMP"
		switch {
		case isDrug && m.kind != "RDS" && m.kind != "RGV":
			m.drug(r, g, &e)
		case e.obr.m != nil:
			m.asked(r, &e)
			m.results(r, &e)
		case isVoid(e.orc.get(1, 1), e.orc.get(5, 1)): // a short message does not say what it was
			m.turn(r, &e, Stopped)
			r.request(Request{Number: e.number(), Closed: true, Said: m.at(&e)})
		}
	}
}

// at is when what an order's message says was entered.
func (m *message) at(e *entry) time.Time { return m.past(m.time(e.orc, 9), m.said) }

// turn changes whether an order holds. An order that nobody told of is remembered as stopped, for its message may come yet.
func (m *message) turn(r *Record, e *entry, to State) *Order {
	o := r.order(e.number())
	if o != nil && !m.said.Before(o.Turned) {
		o.State, o.Turned = to, m.said
	}
	return o
}

// drug reads an order of a drug: RXE with the pharmacy's word, RXO with the prescriber's (section 4.14).
func (m *message) drug(r *Record, g *group, e *entry) {
	control, status := e.orc.get(1, 1), e.orc.get(5, 1)
	to := Active
	switch {
	case isVoid(control, status) || status == "CM":
		to = Stopped
	case control == "HD" || control == "OH" || status == "HD":
		to = Held
	}
	s, encoded := e.named("RXE"), true
	name, least, most, unit := 2, 3, 4, 5
	if s.m == nil {
		s, encoded = e.named("RXO"), false
		name, least, most, unit = 1, 2, 3, 4
	}
	code, words, _ := s.coded(name)
	number := e.number()
	if number == "" && code+words != "" {
		number = "drug " + first(code, words)
	}
	o := r.order(number)
	if o == nil {
		return
	}
	if !m.said.Before(o.Turned) {
		o.State, o.Turned = to, m.said
	}
	if to == Stopped && !o.Said.IsZero() || code+words == "" || m.said.Before(o.Said) || o.Encoded && !encoded {
		return
	}
	o.Visit, o.Code, o.Name, o.Encoded, o.Said = g.visit, code, first(words, code), encoded, m.said
	o.Dose = amount(s.get(least, 1), s.get(most, 1), first(s.get(unit, 2), s.get(unit, 1)))
	route := e.named("RXR")
	c, w, _ := route.coded(1)
	o.Route = first(w, c)
	o.Timing = m.timing(e, s, encoded)
}

// timing reads TQ1 (section 4.5.4), and the field that held it before version 2.5 (ORC-7, RXE-1; 4.3).
func (m *message) timing(e *entry, s segment, encoded bool) Timing {
	var t Timing
	start := time.Time{}
	if tq := e.last("TQ1"); tq.m != nil { // that behind RXE is the pharmacy's
		for text := range tq.repetitions(3) {
			t.read(tq.part(text, 1, 1))
		}
		for text := range tq.repetitions(4) {
			t.clock(tq.part(text, 1, 1))
		}
		start, t.End = m.time(tq, 7), m.time(tq, 8)
		t.priority(tq.get(9, 1))
		if text := tq.get(11, 1); text != "" {
			t.How = clip(strings.TrimSpace(t.How + " " + text))
		}
		if tq.get(14, 1) == "1" {
			t.Once = true
		}
	} else {
		old, field := e.orc, 7
		if encoded && s.get(1, 2) != "" {
			old, field = s, 1
		}
		for text := range old.repetitions(field) {
			t.read(old.part(text, 2, 1))
			for clock := range strings.SplitSeq(old.part(text, 2, 2), ",") {
				t.clock(clock)
			}
			if start.IsZero() {
				start, t.End = m.moment(old.part(text, 4, 1)), m.moment(old.part(text, 5, 1))
			}
			t.priority(old.part(text, 6, 1))
		}
	}
	t.Start, t.Entered = known(start, m.time(e.orc, 15)), m.at(e)
	return t
}

func (t *Timing) priority(text string) {
	if text == "PRN" {
		t.Needed = true
	}
}

// last returns the last segment of a name behind the order's own.
func (e *entry) last(name string) (found segment) {
	for _, s := range e.segs {
		if s.name == name {
			found = s
		}
	}
	return found
}

// given reads what was given (RXA, section 4.14.7).
func (m *message) given(r *Record, g *group, e *entry) {
	for _, s := range e.segs {
		if s.name != "RXA" {
			continue
		}
		code, words, _ := s.coded(5)
		number := e.number()
		if number == "" && code+words != "" {
			number = "drug " + first(code, words)
		}
		at := m.time(s, 3)
		o := r.order(number)
		if o == nil || at.IsZero() {
			continue
		}
		if o.Name == "" {
			o.Visit, o.Code, o.Name = g.visit, code, first(words, code)
		}
		d := Dose{At: at, Amount: amount(s.get(6, 1), "", first(s.get(7, 2), s.get(7, 1)))}
		status := s.get(20, 1)
		d.Refused = status == "RE" || status == "NA" // table 0322: refused, not administered
		d.Gone = s.get(21, 1) == "D" || isVoid(e.orc.get(1, 1), "")
		o.dose(d)
	}
}

// diet reads ODS (section 4.8): a diet, a supplement, a preference.
func (m *message) diet(r *Record, e *entry) {
	gone := isVoid(e.orc.get(1, 1), e.orc.get(5, 1))
	for _, s := range e.segs {
		if s.name != "ODS" {
			continue
		}
		code, words, _ := s.coded(3)
		text := strings.TrimSpace(first(words, code) + " " + s.get(4, 1))
		key := first(e.number(), "ODS "+s.get(1, 1))
		if text != "" || gone {
			r.Diet = note(r.Diet, Note{Key: key, Text: clip(text), Gone: gone, Said: m.said})
		}
	}
}

// asked reads that something is asked of a laboratory or of others, and when it has come back.
func (m *message) asked(r *Record, e *entry) {
	code, words, _ := e.obr.coded(4)
	status := e.obr.get(25, 1)
	isReport := m.kind == "ORU" || m.kind == "OUL"
	closed := isVoid(e.orc.get(1, 1), e.orc.get(5, 1)) || e.orc.get(5, 1) == "CM" || isReport && status != "P" && status != "I" && status != "A" && status != "R" // table 0123
	r.request(Request{Number: e.number(), Title: first(words, code), Closed: closed, Said: m.at(e)})
}

// results reads the values that are worth having.
func (m *message) results(r *Record, e *entry) {
	if m.kind != "ORU" && m.kind != "OUL" {
		return
	}
	for _, s := range e.segs {
		if s.name != "OBX" {
			continue
		}
		code, title, _ := s.coded(3)
		v := Result{Kind: analyteOf(code, title), Title: first(title, code), Said: m.said, Unit: first(s.get(6, 1), s.get(6, 2)), Range: s.get(7, 1)}
		if v.Kind == "" {
			continue
		}
		v.Value = value(s)
		v.Flag = flagOf(s.get(8, 1), v.Value, v.Range)
		v.At = m.past(m.time(s, 14), m.time(e.obr, 7), m.said)
		switch s.get(11, 1) { // table 0085
		case "D", "W", "X":
			v.Gone = true
		case "P", "R", "S", "I", "O":
			v.Waiting = true
		}
		if v.Value != "" || v.Gone {
			r.result(v)
		}
	}
}

// value is what OBX-5 holds, in one line.
func value(s segment) string {
	switch s.get(2, 1) {
	case "SN": // comparator, number, separator, number (section 2.A.70)
		return clip(strings.TrimSpace(s.get(5, 1) + s.get(5, 2) + s.get(5, 3) + s.get(5, 4)))
	case "CE", "CWE", "CNE", "CF":
		_, words, _ := s.coded(5)
		return first(words, s.get(5, 1))
	}
	return s.get(5, 1)
}

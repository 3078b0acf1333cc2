package hospital

import (
	"bytes"
	"slices"
	"strings"
)

// Bounds of what is kept of one patient. A sender that is broken or hostile makes none grow without end; the oldest goes first.
const (
	mostNumbers  = 64
	mostChildren = 32
	mostMarks    = 64
	mostVisits   = 256
	mostEdges    = 2048
)

// record is what was said under the identifiers of one patient. Merging joins records without mixing them, so that it can be
// undone: see merge.go.
type record struct {
	id       PatientID
	numbers  []number
	clear    []byte        // a Human, encoded
	told     [groups]stamp // when each group was last said
	identity Identity
	death    death
	mother   PatientID
	children []PatientID // records that name this one as their mother's
	marks    []mark
	visits   []visit // by start
	edges    []edge
	links    []link
	root     PatientID   // the record that this one leads to; 0 for itself
	members  []PatientID // of a root: all records that lead to it
	faded    stamp
}

// number is one identifier of the patient.
type number struct {
	Identifier
	assumed bool // the authority was not stated
}

// group is a part of what is said of a human, that is said as a whole.
type group int

const (
	groupName group = iota
	groupBorn
	groupAddress
	groupPhones
	groupNational
	groupKin
	groupPlace
	groupMother
	groups
)

// mark is a mark on a patient, set or taken away.
type mark struct {
	kind byte
	ref  Ref // label, or who
	said stamp
	void bool
}

// The kinds of marks.
const (
	markVIP byte = iota + 1
	markCanary
	markListed
	markRestricted
	markTest
)

func markKind(kind string) byte {
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "vip":
		return markVIP
	case "canary":
		return markCanary
	case "listed":
		return markListed
	case "restricted":
		return markRestricted
	}
	return 0
}

// mark sets or takes away, unless something later is known.
func (r *record) mark(m mark, limits *Limits) (changed bool) {
	i := slices.IndexFunc(r.marks, func(o mark) bool { return o.kind == m.kind && o.ref == m.ref })
	switch {
	case i < 0:
		r.marks = append(r.marks, m)
		r.marks = bound(r.marks, mostMarks, limits)
		return true
	case m.said < r.marks[i].said:
		return false
	}
	changed = r.marks[i].void != m.void
	r.marks[i] = m
	return changed
}

// bound drops the first of a list that is too long, and counts them.
func bound[T any](list []T, most int, limits *Limits) []T {
	if over := len(list) - most; over > 0 {
		limits.Dropped += int64(over)
		return slices.Delete(list, 0, over)
	}
	return list
}

// take enters what is said of the person. The latest that was said of each group holds.
func (r *record) take(f *PatientFact, said stamp) (changed bool, err error) {
	p, err := decodeHuman(r.clear)
	if err != nil {
		return false, err
	}
	said = max(said, 1)
	set := func(g group, stated bool, apply func(*Human)) {
		if stated && said >= r.told[g] {
			r.told[g] = said
			apply(&p)
		}
	}
	q := bounded(f.Human)
	set(groupName, q.Family != "" || q.Given != "", func(p *Human) { p.Family, p.Given, p.Former = q.Family, q.Given, q.Former })
	set(groupBorn, !q.Born.IsZero(), func(p *Human) { p.Born = q.Born })
	set(groupAddress, q.Street+q.Postcode+q.City != "" || has(f.Without, Address), func(p *Human) { p.Street, p.Postcode, p.City = q.Street, q.Postcode, q.City })
	set(groupPhones, len(q.Phones) > 0 || has(f.Without, Phones), func(p *Human) { p.Phones = q.Phones })
	set(groupNational, q.National != "", func(p *Human) { p.National = q.National })
	set(groupKin, len(q.Kin) > 0 || has(f.Without, NextOfKin), func(p *Human) { p.Kin = q.Kin })
	set(groupPlace, q.Located, func(p *Human) { p.Located, p.East, p.North = true, q.East, q.North })
	died := r.death.when()
	r.death.take(f, said)
	text := p.encode()
	changed = died != r.death.when() || !bytes.Equal(text, r.clear) && (len(r.clear) > 0 || !p.empty())
	if changed {
		r.clear = text
	}
	return changed, nil
}

// death is what is said of the patient's death, with what is needed to find out which word holds.
type death struct {
	date        stamp // as it is stated
	dated       stamp // when that was said
	first, last stamp // when it was said without a date, the first and the last time
	denied      stamp // when it was last said not to be so
}

func (d *death) take(f *PatientFact, said stamp) {
	switch {
	case !f.Died.IsZero() && said >= d.dated:
		d.date, d.dated = at(f.Died), said
	case !f.Died.IsZero():
	case has(f.Without, Death):
		d.denied = max(d.denied, said)
	case f.Dead:
		d.first, d.last = earlier(d.first, said), max(d.last, said)
	}
}

// when is the time of death; of one without a date it is when it was first told of. 0 for alive.
func (d *death) when() stamp {
	switch {
	case d.dated > d.denied:
		return d.date
	case d.first > d.denied:
		return d.first
	case d.last > d.denied:
		return d.last
	}
	return 0
}

func (p *Human) empty() bool {
	return p.Family+p.Given+p.Street+p.Postcode+p.City+p.National == "" && len(p.Former)+len(p.Phones)+len(p.Kin) == 0 && p.Born.IsZero() && !p.Located
}

func has(all []Detail, d Detail) bool { return slices.Contains(all, d) }

// weight is about how many bytes the record takes in memory.
func (r *record) weight() int {
	n := 700 + len(r.clear) + 64*len(r.numbers) + 8*(len(r.children)+len(r.members)) + 24*len(r.marks) + 40*len(r.links)
	n += 8*(len(r.identity.Former)+len(r.identity.Phones)) + 16*len(r.identity.Kin)
	for i := range r.visits {
		n += 160 + 24*len(r.visits[i].seen) + 4*len(r.visits[i].diagnoses)
	}
	for i := range r.edges {
		n += 144 + 24*len(r.edges[i].acts)
	}
	return n
}

// encode writes the record.
func (r *record) encode() []byte {
	w := writer{b: make([]byte, 0, 512)}
	w.byte(codeVersion)
	w.number(uint64(len(r.numbers)))
	for i := range r.numbers {
		n := &r.numbers[i]
		w.text(n.Authority)
		w.text(n.Type)
		w.text(n.Value)
		w.truth(n.assumed)
	}
	w.text(string(r.clear))
	for _, t := range r.told {
		w.time(t)
	}
	w.identity(&r.identity)
	for _, t := range []stamp{r.death.date, r.death.dated, r.death.first, r.death.last, r.death.denied} {
		w.time(t)
	}
	w.patient(r.mother)
	w.patients(r.children)
	w.number(uint64(len(r.marks)))
	for _, m := range r.marks {
		w.byte(m.kind)
		w.ref(m.ref)
		w.time(m.said)
		w.truth(m.void)
	}
	w.number(uint64(len(r.links)))
	for _, l := range r.links {
		l.encode(&w)
	}
	w.patient(r.root)
	w.patients(r.members)
	w.time(r.faded)
	w.number(uint64(len(r.visits)))
	for i := range r.visits {
		r.visits[i].encode(&w)
	}
	w.number(uint64(len(r.edges)))
	for i := range r.edges {
		r.edges[i].encode(&w)
	}
	return w.b
}

// decodeRecord reads what encode wrote. The record may borrow from text.
func decodeRecord(id PatientID, text []byte) (*record, error) {
	rd := reader{b: text}
	if rd.byte() != codeVersion {
		return nil, errCode
	}
	r := &record{id: id}
	for range rd.count() {
		r.numbers = append(r.numbers, number{Identifier{rd.text(), rd.text(), rd.text()}, rd.truth()})
	}
	r.clear = rd.bytes()
	for i := range r.told {
		r.told[i] = rd.time()
	}
	rd.identity(&r.identity)
	for _, t := range []*stamp{&r.death.date, &r.death.dated, &r.death.first, &r.death.last, &r.death.denied} {
		*t = rd.time()
	}
	r.mother, r.children = rd.patient(), rd.patients()
	for range rd.count() {
		r.marks = append(r.marks, mark{rd.byte(), rd.ref(), rd.time(), rd.truth()})
	}
	for range rd.count() {
		r.links = append(r.links, decodeLink(&rd))
	}
	r.root, r.members, r.faded = rd.patient(), rd.patients(), rd.time()
	r.visits = make([]visit, rd.count())
	for i := range r.visits {
		r.visits[i].decode(&rd)
	}
	r.edges = make([]edge, rd.count())
	for i := range r.edges {
		r.edges[i].decode(&rd)
	}
	if rd.failed || len(rd.b) > 0 {
		return nil, errCode
	}
	return r, nil
}

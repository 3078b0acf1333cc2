package hospital

import (
	"slices"
	"strings"
)

// takePatient enters what a patient's record says of the person.
func (h *House) takePatient(f *PatientFact, said stamp) {
	r := h.ensure(f.IDs)
	if r == nil {
		h.limits.Nobody++
		return
	}
	before, death := r.told, r.death
	changed, err := r.take(f, said)
	if err != nil {
		h.fail(err)
		return
	}
	if f.VIP && r.mark(mark{kind: markVIP, said: said}, &h.limits) {
		changed = true
	}
	if f.Test && r.mark(mark{kind: markTest, said: said}, &h.limits) {
		changed = true
	}
	h.takeMother(r, f, said)
	if changed {
		h.identified(r)
		h.touch(r)
		h.changeOf(r)
	} else if before != r.told || death != r.death {
		h.dirty(r)
	}
}

// identified brings up to date what rests on who the patient is.
func (h *House) identified(r *record) {
	p, err := decodeHuman(r.clear)
	if err != nil {
		h.fail(err)
		return
	}
	before := r.identity
	r.identity = identify(h.v, &p)
	if before.Family != r.identity.Family {
		h.surnames.add(before.Family, -1)
		h.surnames.add(r.identity.Family, 1)
	}
	for _, k := range []struct {
		kind       byte
		from, into uint64
	}{{byNational, before.National, r.identity.National}, {byPerson, before.Person, r.identity.Person}} {
		if k.from != k.into {
			h.unbind(hashKey(k.kind, k.from), k.from, r.id)
			h.bind(hashKey(k.kind, k.into), k.into, r.id)
		}
	}
	h.relinkOf(&before)
	h.relinkOf(&r.identity)
}

// bind has key lead to a patient; a hash of 0 is none.
func (h *House) bind(k key, hash uint64, id PatientID) {
	if hash != 0 {
		h.fail(h.keys.add(h.ctx, k, id))
	}
}

func (h *House) unbind(k key, hash uint64, id PatientID) {
	if hash != 0 {
		h.fail(h.keys.remove(h.ctx, k, id))
	}
}

func (h *House) takeMother(r *record, f *PatientFact, said stamp) {
	without := has(f.Without, MotherLink)
	mother := h.ensure(f.Mother)
	if len(f.Mother) == 0 && !without || said < r.told[groupMother] {
		return
	}
	r.told[groupMother] = said
	id := PatientID(0)
	if mother != nil && mother != r && !without {
		id = mother.id
	}
	if id == r.mother {
		return
	}
	if old := h.record(r.mother); old != nil {
		old.children = slices.DeleteFunc(old.children, func(c PatientID) bool { return c == r.id })
		h.touch(old)
		h.changeOf(old)
	}
	if r.mother = id; id != 0 {
		mother.children = bound(append(mother.children, r.id), mostChildren, &h.limits)
		h.touch(mother)
		h.changeOf(mother)
	}
	h.touch(r)
	h.changeOf(r)
}

// takeMark enters what a list of the site says.
func (h *House) takeMark(f *MarkFact, said stamp) {
	r, kind := h.ensure(f.Patient), markKind(f.Kind)
	if r == nil || kind == 0 {
		h.limits.Nobody++
		return
	}
	refs := []Ref{0}
	switch kind {
	case markListed:
		refs = refs[:0]
		for _, w := range f.Who[:min(len(f.Who), mostMarks)] {
			refs = append(refs, h.Intern(w.Name.Text))
		}
	case markRestricted:
		refs[0] = h.Intern(f.Label)
	}
	for _, ref := range refs {
		if r.mark(mark{kind, ref, said, f.Void}, &h.limits) {
			h.changeOf(r)
		}
	}
	h.touch(r)
}

// takeVisit enters an encounter.
func (h *House) takeVisit(f *VisitFact, said stamp) {
	number := h.VisitKey(f.Number)
	r := h.ensure(f.Patient)
	if r == nil {
		r = h.record(h.byVisit(number))
	}
	if r == nil {
		h.limits.Nobody++
		return
	}
	if former := h.VisitKey(f.Former); former != 0 && former != number {
		h.renameVisit(r, former, number)
	}
	r, i := h.visitOf(r, number, at(f.Start), said)
	fresh := i < 0
	if fresh {
		i = r.addVisit(number, &h.limits)
		h.bind(hashKey(byVisit, number), number, r.id)
	}
	v := &r.visits[i]
	news := v.news
	changed := v.take(f, said, h.Intern(f.Service), h.Intern(f.Unit))
	h.units.heard(h.Ref(f.Unit))
	for _, d := range f.Diagnoses[:min(len(f.Diagnoses), mostDiagnoses)] {
		changed = v.diagnose(h.Intern(d)) || changed
	}
	if changed || fresh {
		h.touch(r)
		h.changeOf(r)
	} else if news != v.news {
		h.touch(r)
	}
}

// renameVisit gives the visit that was called former another number; one that has that number already takes the other in.
func (h *House) renameVisit(r *record, former, number uint64) {
	i := slices.IndexFunc(r.visits, func(v visit) bool { return v.key == former })
	if i < 0 {
		return
	}
	if j := slices.IndexFunc(r.visits, func(v visit) bool { return v.named(number) }); j >= 0 && j != i && number != 0 {
		old := r.visits[i]
		r.visits[j].join(&old)
		r.visits = slices.Delete(r.visits, i, i+1)
	} else if number != 0 && j != i {
		r.visits[i].key = number
		r.visits[i].rename(former)
		h.bind(hashKey(byVisit, number), number, r.id)
	}
	h.touch(r)
	h.changeOf(r)
}

// visitOf finds the visit that a fact is about; -1 when it is a new one. A visit that is entered for another patient with the same number
// and beginning was entered there by mistake, or here: the latest word on it tells. One that began at
// another time is another visit, which some other system gave the same number.
func (h *House) visitOf(r *record, number uint64, start, said stamp) (of *record, i int) {
	i = r.byNumberOrStart(number, start, h.now())
	if i >= 0 || number == 0 {
		return r, i
	}
	other := h.record(h.byVisit(number))
	if other == nil || other == r || h.current(other) == h.current(r) {
		return r, -1
	}
	j := slices.IndexFunc(other.visits, func(v visit) bool { return v.named(number) })
	if j < 0 { // it was dropped
		return r, -1
	}
	v := other.visits[j]
	if start != 0 && v.start != 0 && start != v.start {
		return r, -1
	}
	if said < v.news {
		return other, j
	}
	h.moveVisit(other, r, j)
	return r, len(r.visits) - 1
}

// moveVisit moves a visit and all that belongs to it.
func (h *House) moveVisit(from, to *record, i int) {
	v := from.visits[i]
	from.visits = slices.Delete(from.visits, i, i+1)
	from.edges = slices.DeleteFunc(from.edges, func(e edge) bool {
		if !v.named(e.visit) {
			return false
		}
		if len(to.edges) >= mostEdges {
			to.dropOldest(&h.limits)
		}
		to.edges = append(to.edges, e)
		return true
	})
	for _, k := range append([]uint64{v.key}, v.former...) {
		h.unbind(hashKey(byVisit, k), k, from.id)
		h.bind(hashKey(byVisit, k), k, to.id)
	}
	to.visits[to.addVisit(v.key, &h.limits)] = v
	for _, r := range []*record{from, to} {
		h.touch(r)
		h.changeOf(r)
	}
}

// takeReason enters a relation.
func (h *House) takeReason(f *ReasonFact, said stamp, p Place) {
	number := h.VisitKey(f.Visit)
	r := h.ensure(f.Patient)
	if r == nil {
		r = h.record(h.byVisit(number))
	}
	if r == nil || f.Kind == 0 || f.Kind > Transfer {
		h.limits.Nobody++
		return
	}
	key, by, from := h.EdgeKey(f.Kind, f.Key), h.Intern(f.By.Text), at(f.From)
	changed := false
	enter := func(who Ref, as WhoKind) {
		e := r.reason(f.Kind, key, who, as, from, &h.limits)
		changed = e.take(f, said, by, number, p) || changed
	}
	for _, w := range f.Who[:min(len(f.Who), mostWho)] {
		if ref := h.Intern(w.Name.Text); ref != 0 && w.Kind >= Person && w.Kind <= Protocol {
			enter(ref, w.Kind)
		}
	}
	if len(f.Who) == 0 {
		enter(0, 0)
	}
	if number != 0 {
		h.stubVisit(r, number, said)
	}
	if changed {
		h.touch(r)
		h.changeOf(r)
	}
}

// mostWho bounds who has one reason.
const mostWho = 64

// stubVisit notes that the patient has a visit of that number, and that there is news of it.
func (h *House) stubVisit(r *record, number uint64, said stamp) {
	i := r.byNumberOrStart(number, 0, h.now())
	if i < 0 {
		if h.byVisit(number) != 0 {
			return // it is another patient's: the message may be about a mother and her child
		}
		i = r.addVisit(number, &h.limits)
		h.bind(hashKey(byVisit, number), number, r.id)
		h.touch(r)
	}
	if v := &r.visits[i]; said > v.news {
		v.news = said
		h.touch(r)
	}
}

// complete fills in what a sender leaves out.
func (h *House) complete(id Identifier) (full Identifier, assumed bool) {
	full = Identifier{strings.ToUpper(normal(id.Authority)), strings.ToUpper(normal(id.Type)), strings.ToUpper(normal(id.Value))}
	if alias, ok := h.o.Aliases[normal(id.Authority)]; ok {
		full.Authority = strings.ToUpper(alias)
	}
	if full.Authority == "" {
		full.Authority, assumed = h.o.Authority, true
	}
	if full.Type == "" {
		full.Type = "MR"
	}
	return full, assumed
}

// visitNumber tells whether identifiers of a type name visits (HL7 table 0203: visit number, account number).
func visitNumber(kind string) bool { return kind == "VN" || kind == "AN" }

// ofPerson tells whether identifiers of a type are given to people by others than hospitals: they find a patient only where
// nothing better is stated, for they are mistyped, and lent.
func ofPerson(kind string) bool {
	switch kind {
	case "SS", "NI", "NH", "HC", "JHN", "DL", "PPN", "MC", "MA", "CZ", "TAX", "SN", "PEN", "NIIP", "SB":
		return true
	}
	return strings.HasPrefix(kind, "NN") && len(kind) == 5 // of a nation
}

// types are what a number without a type may be.
func types(id *Identifier) []string {
	if id.Type != "" {
		return []string{strings.ToUpper(normal(id.Type))}
	}
	return []string{"MR", "PI", "PT", "EI"}
}

// lookup finds the record that has one of the identifiers: those that hospitals give before others. conflict tells that they are
// those of several patients.
func (h *House) lookup(ids []Identifier) (found PatientID, m Match, conflict bool) {
	ids = ids[:min(len(ids), mostNumbers)]
	strong := slices.ContainsFunc(ids, func(id Identifier) bool {
		kind := strings.ToUpper(id.Type)
		return id.Value != "" && !visitNumber(kind) && !ofPerson(kind)
	})
	for i := range ids {
		for _, kind := range types(&ids[i]) {
			if ids[i].Value == "" || visitNumber(kind) || strong && ofPerson(kind) {
				continue
			}
			full, assumed := h.complete(Identifier{ids[i].Authority, kind, ids[i].Value})
			id := h.one(numberKey(h.v, &full))
			if id == 0 && h.o.Authority == "" && !ofPerson(kind) {
				id = h.bare(&full)
			}
			if id == 0 {
				continue
			}
			if found == 0 {
				found, m = id, Exact
				if assumed {
					m = ByDefault
				}
			} else if id != found && h.Current(id) != h.Current(found) {
				conflict = true
			}
			break
		}
	}
	return found, m, conflict
}

// bare finds a number where nobody said whose numbers are the house's own: one that is stated without an authority by any authority, if that
// leads to one patient only, and one that is stated with it among those that were stated without.
func (h *House) bare(id *Identifier) (found PatientID) {
	if id.Authority != "" {
		return h.one(numberKey(h.v, &Identifier{"", id.Type, id.Value}))
	}
	all, err := h.keys.find(h.ctx, hashKey(byBare, h.v.Hash("bare", id.Value)))
	h.fail(err)
	for _, id := range all {
		if now := h.Current(id); found == 0 || now == h.Current(found) {
			found = id
		} else {
			return 0
		}
	}
	return found
}

// one is the patient that a key of one leads to.
func (h *House) one(k key) PatientID {
	all, err := h.keys.find(h.ctx, k)
	h.fail(err)
	if len(all) == 0 {
		return 0
	}
	return all[0]
}

// byVisit is the record that has the visit with this number; of several the one with the latest news.
func (h *House) byVisit(number uint64) PatientID {
	if number == 0 {
		return 0
	}
	all, err := h.keys.find(h.ctx, hashKey(byVisit, number))
	h.fail(err)
	if len(all) == 1 {
		return all[0]
	}
	found, news := PatientID(0), stamp(0)
	for _, id := range slices.Clone(all) {
		r := h.record(id)
		if r == nil {
			continue
		}
		for i := range r.visits {
			if r.visits[i].named(number) && (found == 0 || r.visits[i].news > news) {
				found, news = id, r.visits[i].news
			}
		}
	}
	return found
}

// ensure finds the record that the identifiers belong to, or makes one, and notes those that are new. It is nil when there is none
// to go by.
func (h *House) ensure(ids []Identifier) *record {
	id, _, conflict := h.lookup(ids)
	if conflict {
		h.limits.Conflicts++
	}
	r := h.record(id)
	for i := range ids[:min(len(ids), mostNumbers)] {
		full, assumed := h.complete(ids[i])
		if full.Value == "" || h.err != nil {
			continue
		}
		if visitNumber(full.Type) {
			continue
		}
		if r != nil && r.has(&full) || ids[i].Type == "" && r != nil && r.hasAny(&full) {
			continue
		}
		k := numberKey(h.v, &full)
		if h.one(k) != 0 {
			continue // somebody else's
		}
		if r == nil {
			h.last++
			r = &record{id: h.last}
			h.shelf.put(r)
		}
		if len(r.numbers) < mostNumbers {
			full.Authority, full.Type, full.Value = strings.Clone(full.Authority), strings.Clone(full.Type), strings.Clone(full.Value)
			r.numbers = append(r.numbers, number{full, assumed})
			h.fail(h.keys.add(h.ctx, k, r.id))
			if h.o.Authority == "" && !ofPerson(full.Type) {
				bare := h.v.Hash("bare", full.Value)
				h.bind(hashKey(byBare, bare), bare, r.id)
			}
			h.touch(r)
		}
	}
	if r == nil { // only the number of a visit is stated
		for i := range ids {
			if visitNumber(strings.ToUpper(ids[i].Type)) {
				return h.record(h.byVisit(h.VisitKey(ids[i].Value)))
			}
		}
	}
	return r
}

func (r *record) has(id *Identifier) bool {
	return slices.ContainsFunc(r.numbers, func(n number) bool { return n.Identifier == *id })
}

// hasAny tells whether the record has the number under any type that a number without one may be of.
func (r *record) hasAny(id *Identifier) bool {
	return slices.ContainsFunc(r.numbers, func(n number) bool {
		return n.Authority == id.Authority && n.Value == id.Value && slices.Contains(types(&Identifier{}), n.Type)
	})
}

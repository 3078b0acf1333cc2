package hospital

import (
	"cmp"
	"slices"
)

// mostNamesakes is among how many patients of one name and day of birth one is looked for.
const mostNamesakes = 64

// relinkOf finds out anew which patients those who work here are, of all who could be the person that an identity is of.
func (h *House) relinkOf(id *Identity) {
	ws := &h.workers
	for _, s := range union(slices.Clone(ws.byNational[id.National]), ws.byPerson[id.Person]...) {
		if w := ws.get(s); w != nil {
			h.relink(w)
		}
	}
}

// relink finds the patient who is the same person: by the number of the nation's register, or by name, day of birth and address,
// or by name and day of birth where nobody else has these.
func (h *House) relink(w *worker) {
	id := &w.Identity
	found := PatientID(0)
	if id.National != 0 {
		found = h.byNational(id)
	}
	if found == 0 && id.Person != 0 {
		found = h.byName(id)
	}
	h.link(w, found)
}

// byNational goes by the number of the nation's register: of several patients who have it, by the one who has the name and the day of birth
// too.
func (h *House) byNational(id *Identity) PatientID {
	all := h.namesakes(hashKey(byNational, id.National))
	if len(all) > 1 {
		all = slices.DeleteFunc(all, func(r *record) bool { return r.identity.Person != id.Person })
	}
	if len(all) == 0 {
		return 0
	}
	return all[0].id
}

func (h *House) byName(id *Identity) PatientID {
	all := h.namesakes(hashKey(byPerson, id.Person))
	all = slices.DeleteFunc(all, func(r *record) bool {
		return id.National != 0 && r.identity.National != 0 && id.National != r.identity.National
	})
	for _, r := range all {
		if id.Address != 0 && r.identity.Address == id.Address {
			return r.id
		}
	}
	if len(all) == 1 && len(h.workers.byPerson[id.Person]) == 1 {
		return all[0].id
	}
	return 0
}

// namesakes lists the patients whom a key leads to, after merges, by their numbers; none when there are too many.
func (h *House) namesakes(k key) []*record {
	ids, err := h.keys.find(h.ctx, k)
	h.fail(err)
	if len(ids) > mostNamesakes {
		return nil
	}
	var all []*record
	for _, id := range ids {
		if r := h.record(h.Current(id)); r != nil && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *record) int { return cmp.Or(cmp.Compare(a.number(), b.number()), cmp.Compare(a.id, b.id)) })
	return all
}

// link notes which patient one who works here is.
func (h *House) link(w *worker, id PatientID) {
	if w.Patient == id {
		return
	}
	for _, p := range []PatientID{w.Patient, id} {
		if p == 0 {
			continue
		}
		list := slices.DeleteFunc(slices.Clone(h.workers.patients[p]), func(s StaffID) bool { return s == w.ID })
		if p == id {
			list = append(list, w.ID)
			slices.Sort(list)
		}
		if h.workers.patients[p] = list; len(list) == 0 {
			delete(h.workers.patients, p)
		}
		if r := h.record(p); r != nil {
			if slot := h.shelf.slots[p]; slot != nil {
				h.shelf.show(slot, nil, 0)
			}
			h.change(p)
		}
	}
	w.Patient = id
	h.workers.dirty[w.ID] = struct{}{}
}

// number is the number that the record was known by first.
func (r *record) number() string {
	if len(r.numbers) == 0 {
		return ""
	}
	return r.numbers[0].Value
}

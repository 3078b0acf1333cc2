package hospital

import (
	"cmp"
	"slices"
)

// mostMembers is of how many records one patient may be made. A broken sender could make one of all.
const mostMembers = 64

// Records are joined by links and never mixed: what was said under an identifier stays with its record, before a merge
// and after it. Undoing a merge is taking the link away, and everything is with whom it came to.
//
// All records that links join are one patient. The survivor is the record that no link retires; where there are several, or none
// because of a circle, the survivor of the latest merge among them.

// link joins two records. Both hold it, the survivor as retired = false.
type link struct {
	other   PatientID
	retired bool  // this record is the one that retires
	said    stamp // the latest word on it holds
	undone  bool
}

func (l link) encode(w *writer) {
	w.patient(l.other)
	w.truth(l.retired)
	w.time(l.said)
	w.truth(l.undone)
}

func decodeLink(r *reader) link { return link{r.patient(), r.truth(), r.time(), r.truth()} }

// link puts a link in place of the one with the same record, unless that one was said later. On one moment an undoing holds.
func (r *record) link(l link, limits *Limits) (changed bool) {
	i := slices.IndexFunc(r.links, func(o link) bool { return o.other == l.other })
	if i < 0 {
		r.links = append(r.links, l)
		r.forget(limits)
		return true
	}
	o := r.links[i]
	if l.said < o.said || l.said == o.said && (o.undone || !l.undone) {
		return false
	}
	r.links[i] = l
	return true
}

// mostLinks bounds the links of one record. Those that hold are fewer than mostMembers; the others are only there for a merge that comes
// later than its undoing.
const mostLinks = 4 * mostMembers

// forget drops the undone link that was said first when there are too many.
func (r *record) forget(limits *Limits) {
	if len(r.links) <= mostLinks {
		return
	}
	oldest := -1
	for i, l := range r.links {
		if l.undone && (oldest < 0 || l.said < r.links[oldest].said) {
			oldest = i
		}
	}
	if oldest >= 0 {
		r.links = slices.Delete(r.links, oldest, oldest+1)
		limits.Dropped++
	}
}

// merge joins two patients, or takes them apart again.
func (h *House) merge(f *MergeFact, said stamp) {
	survivor, retired := h.ensure(f.Survivor), h.ensure(f.Retired)
	if survivor == nil || retired == nil {
		h.limits.Nobody++
		return
	}
	if survivor == retired {
		return
	}
	before := h.component(survivor)
	if !slices.Contains(before, retired) {
		before = append(before, h.component(retired)...)
	}
	if !f.Undo && len(before) > mostMembers {
		h.limits.Merges++
		return
	}
	changed := survivor.link(link{retired.id, false, said, f.Undo}, &h.limits)
	changed = retired.link(link{survivor.id, true, said, f.Undo}, &h.limits) || changed
	if f.Undo && slices.Contains(h.component(survivor), retired) {
		changed = h.part(retired, said) || changed
	}
	if changed && h.err == nil {
		h.settle(before)
	}
}

// part takes a record from those that it retired into: who undoes a merge may name the patient that the survivor was
// merged into since.
func (h *House) part(r *record, said stamp) (changed bool) {
	for i := range r.links {
		l := &r.links[i]
		if !l.retired || l.undone || l.said > said {
			continue
		}
		l.undone, l.said, changed = true, said, true
		if o := h.record(l.other); o != nil {
			o.link(link{r.id, false, said, true}, &h.limits)
			h.dirty(o)
		}
	}
	return changed
}

// component lists all records that links join with r, r first.
func (h *House) component(r *record) []*record {
	all := []*record{r}
	for i := 0; i < len(all); i++ {
		for _, l := range all[i].links {
			if l.undone || len(all) > 2*mostMembers {
				continue
			}
			if o := h.record(l.other); o != nil && !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
	}
	return all
}

// settle finds out anew who survives, after a link has changed among records.
func (h *House) settle(records []*record) {
	before := make([]record, len(records))
	for i, r := range records {
		h.dirty(r)
		if r.root != 0 {
			h.merged--
		}
		before[i] = record{root: r.root, members: r.members}
	}
	done := map[PatientID]bool{}
	for _, r := range records {
		if done[r.id] {
			continue
		}
		all := h.component(r)
		root := survivor(all)
		root.root, root.members = 0, nil // a new list: see before
		for _, m := range all {
			done[m.id] = true
			if m != root {
				m.root, m.members = root.id, nil
				root.members = append(root.members, m.id)
				h.merged++
			}
		}
		slices.Sort(root.members)
	}
	for i, r := range records {
		h.touch(r)
		if r.root != before[i].root || !slices.Equal(r.members, before[i].members) {
			h.change(r.id)
			h.relinkOf(&r.identity)
		}
	}
}

// survivor is the record of a component that the others lead to.
func survivor(all []*record) *record {
	alive := func(r *record) bool {
		return !slices.ContainsFunc(r.links, func(l link) bool { return l.retired && !l.undone })
	}
	last := func(r *record) (said stamp) {
		for _, l := range r.links {
			if !l.retired && !l.undone {
				said = max(said, l.said)
			}
		}
		return said
	}
	return slices.MaxFunc(all, func(a, b *record) int {
		if x, y := alive(a), alive(b); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(b.id, a.id))
	})
}

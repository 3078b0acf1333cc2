package hospital

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Find tells whose these numbers are: the first that leads to somebody counts, numbers that hospitals give before those of a nation. An
// identifier of type VN or AN is the number of a visit. A number without a type is that of a medical record. Nothing is
// remembered of a number that nobody has.
func (h *House) Find(ids []Identifier) (PatientID, Match) {
	defer h.shelf.trim()
	if id, m, _ := h.lookup(ids); id != 0 {
		return h.Current(id), m
	}
	for i := range ids {
		if full, _ := h.complete(ids[i]); visitNumber(full.Type) {
			if id, m := h.FindVisit(ids[i].Value); id != 0 {
				return id, m
			}
		}
	}
	return 0, None
}

// FindVisit tells whose visit has this number.
func (h *House) FindVisit(number string) (PatientID, Match) {
	defer h.shelf.trim()
	id := h.Current(h.byVisit(h.VisitKey(number)))
	if id == 0 {
		return 0, None
	}
	return id, ByVisit
}

// Current is the patient that id leads to after merges: id itself for most, 0 when there is none.
func (h *House) Current(id PatientID) PatientID {
	if r := h.record(id); r != nil {
		return h.current(r)
	}
	return 0
}

// Recorded is who the record with these numbers says that it is of, whatever records it is merged with. ok is false when there is none, or when it
// says nothing of the person.
func (h *House) Recorded(ids []Identifier) (who Identity, ok bool) {
	defer h.shelf.trim()
	id, _, _ := h.lookup(ids)
	r := h.record(id)
	if r == nil {
		return Identity{}, false
	}
	return r.identity, r.identity.Name != 0
}

// Token is what stands for a patient outside of the vault: the vault's token of the number of the record, the house's own
// number before others'.
func (h *House) Token(id PatientID) string {
	defer h.shelf.trim()
	r := h.record(h.Current(id))
	if r == nil {
		return ""
	}
	best := -1
	for i := range r.numbers {
		if best < 0 || h.rank(&r.numbers[i]) < h.rank(&r.numbers[best]) {
			best = i
		}
	}
	if best < 0 {
		return h.v.Token("patient", strconv.FormatInt(int64(r.id), 10))
	}
	return h.v.Token(r.numbers[best].Authority, r.numbers[best].Value)
}

func (h *House) rank(n *number) (rank int) {
	if n.Authority != h.o.Authority {
		rank++
	}
	if n.Type != "MR" {
		rank += 2
	}
	return rank
}

// Reveal says who a patient is, and all numbers by which systems know the patient. Whoever calls it has a reason and has sealed it.
func (h *House) Reveal(id PatientID) (Human, []Identifier, error) {
	defer h.shelf.trim()
	root := h.record(h.Current(id))
	if root == nil {
		return Human{}, nil, h.err
	}
	p, err := decodeHuman(root.clear)
	if err != nil {
		return Human{}, nil, err
	}
	var ids []Identifier
	for _, r := range h.whole(root) {
		for _, n := range r.numbers {
			ids = append(ids, n.Identifier)
		}
	}
	return p, ids, nil
}

// Identity makes of who somebody is what can be compared.
func (h *House) Identity(p *Human) Identity { return identify(h.v, p) }

// whole lists all records of a patient: the survivor first, and then the one of whose person was spoken last.
func (h *House) whole(root *record) []*record {
	all := []*record{root}
	for _, id := range root.members {
		if r := h.record(id); r != nil {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all[1:], func(a, b *record) int { return cmp.Compare(slices.Max(b.told[:]), slices.Max(a.told[:])) })
	return all
}

// Patient returns what is known of a patient, and of the one who it is merged into: then ID is another. It is nil when there is none.
func (h *House) Patient(id PatientID) *Patient {
	r := h.record(h.Current(id))
	if r == nil {
		return nil
	}
	slot, age := h.shelf.slots[r.id], h.age()
	if slot.view == nil || slot.age != age {
		view := h.look(r)
		if h.err != nil {
			return nil
		}
		h.shelf.show(slot, view, age)
	}
	view := slot.view
	h.shelf.trim()
	return view
}

// age changes when views rest on something else than before: another day, or other names of those who work here.
func (h *House) age() uint64 { return h.workers.age<<24 | uint64(h.today()/stamp(day.Milliseconds())) }

// today is the moment by which views reckon. It stays the same for a day, so that a view does not depend on when it was made.
func (h *House) today() stamp {
	now := h.now()
	return now - now%stamp(day.Milliseconds())
}

// fading is the moment by which edges are too old; none without a disk: who reads files once may ask about any day.
func (h *House) fading() stamp {
	if h.shelf.db == nil {
		return 0
	}
	return h.today()
}

// look makes of all records of a patient what rooms see.
func (h *House) look(root *record) *Patient {
	all := h.whole(root)
	p := &Patient{ID: root.id, Identity: root.identity, Staff: h.workers.patients.of(root.id)}
	var edges []edge
	for _, r := range all {
		h.lookPerson(p, r)
		p.Faded = later(p.Faded, r.faded.time())
		for i := range r.visits {
			if v := &r.visits[i]; v.expired(h.fading()) {
				p.Faded = later(p.Faded, v.latest().time())
			}
		}
		for i := range r.edges {
			if e := &r.edges[i]; e.expired(h.fading()) {
				p.Faded = later(p.Faded, e.latest().time())
			} else {
				edges = append(edges, *e)
			}
		}
	}
	p.Visits = h.lookVisits(all)
	p.Edges = h.lookEdges(edges, len(all) > 1)
	return p
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lookPerson adds what one record says of the person.
func (h *House) lookPerson(p *Patient, r *record) {
	if p.ID != r.id {
		p.Identity.add(&r.identity)
	}
	p.Dead = earlier(at(p.Dead), r.death.when()).time()
	if p.Mother == 0 {
		p.Mother = h.Current(r.mother)
	}
	for _, c := range r.children {
		if child := h.Current(c); child != 0 && !slices.Contains(p.Children, child) {
			p.Children = append(p.Children, child)
		}
	}
	for _, m := range r.marks {
		if m.void {
			continue
		}
		switch m.kind {
		case markVIP:
			p.VIP = true
		case markCanary:
			p.Canary = true
		case markTest:
			p.Test = true
		case markListed:
			p.Listed = append(p.Listed, m.ref)
		case markRestricted:
			p.Labels = append(p.Labels, m.ref)
		}
	}
}

// add fills in what is not known from another record of the same person.
func (id *Identity) add(o *Identity) {
	for _, f := range [][2]*uint64{{&id.Person, &o.Person}, {&id.Name, &o.Name}, {&id.Family, &o.Family}, {&id.Sound, &o.Sound}, {&id.National, &o.National}, {&id.Area, &o.Area}} {
		if *f[0] == 0 {
			*f[0] = *f[1]
		}
	}
	if id.Address == 0 && id.Street == 0 {
		id.Address, id.Street, id.Number = o.Address, o.Street, o.Number
	}
	if !id.Located {
		id.Located, id.East, id.North = o.Located, o.East, o.North
	}
	if o.Family != 0 && o.Family != id.Family {
		id.Former = union(id.Former, o.Family)
	}
	id.Former, id.Phones, id.Kin = union(id.Former, o.Former...), union(id.Phones, o.Phones...), union(id.Kin, o.Kin...)
}

// union adds what is not there yet, and leaves the list that it was given as it is.
func union[T comparable](list []T, more ...T) []T {
	list = slices.Clip(list)
	for _, v := range more {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// lookVisits lists the visits of all records, a visit that several of them have once.
func (h *House) lookVisits(all []*record) []Visit {
	var visits []visit
	for _, r := range all {
		for i := range r.visits {
			v := &r.visits[i]
			if v.expired(h.fading()) {
				continue
			}
			j := slices.IndexFunc(visits, func(o visit) bool { return v.key != 0 && o.named(v.key) })
			if j < 0 || len(all) == 1 {
				visits = append(visits, *v)
				continue
			}
			visits[j].seen, visits[j].former = slices.Clone(visits[j].seen), slices.Clone(visits[j].former)
			visits[j].join(v)
		}
	}
	now := h.today()
	visits = slices.DeleteFunc(visits, func(v visit) bool { return v.cancelled || v.begun == 0 })
	slices.SortStableFunc(visits, func(a, b visit) int { return cmp.Compare(a.began(), b.began()) })
	out := make([]Visit, len(visits))
	for i := range visits {
		out[i] = visits[i].view(now)
	}
	return out
}

// lookEdges puts edges in order, each once. edges may be changed.
func (h *House) lookEdges(edges []edge, several bool) []Edge {
	if several || slices.ContainsFunc(edges, func(e edge) bool { return e.who == 0 && e.key != 0 }) {
		edges = joined(edges)
	}
	slices.SortStableFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.made, b.made), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key), cmp.Compare(a.as, b.as), cmp.Compare(a.who, b.who))
	})
	out := make([]Edge, len(edges))
	for i := range edges {
		out[i] = h.viewEdge(&edges[i])
	}
	return out
}

// joined joins what several records say of one edge, and applies what is said about all edges of a key to each of them.
func joined(edges []edge) []edge {
	where := make(map[edgeName]int, len(edges))
	out := edges[:0]
	for i := range edges {
		e := edges[i]
		if j, ok := where[e.name()]; ok {
			out[j].join(&e)
			continue
		}
		where[e.name()] = len(out)
		out = append(out, e)
	}
	applied := map[int]bool{}
	for i := range out {
		e := &out[i]
		if j, ok := where[edgeName{kind: e.kind, key: e.key}]; ok && e.who != 0 && e.key != 0 {
			made, place := e.made, e.place
			e.join(&out[j])
			e.made, e.place = made, place
			applied[j] = true
		}
	}
	kept := out[:0]
	for i := range out {
		e := &out[i]
		word := e.who == 0 && e.key != 0 && e.from == 0 // on edges that are not known
		if !applied[i] && !word {
			kept = append(kept, *e)
		}
	}
	return kept
}

// edgeName tells edges apart.
type edgeName struct {
	kind Kind
	as   WhoKind
	who  Ref
	key  uint64
	from stamp // where there is no key
}

func (e *edge) name() edgeName {
	n := edgeName{e.kind, e.as, e.who, e.key, 0}
	if e.key == 0 {
		n.from = e.from
	}
	return n
}

// join adds to e what another record says of the same.
func (e *edge) join(o *edge) {
	e.about(o.from, o.to, o.fromTold, o.toTold)
	if o.made < e.made {
		e.made, e.place = o.made, o.place
	}
	e.alive, e.voidFirst, e.voidLast = max(e.alive, o.alive), earlier(e.voidFirst, o.voidFirst), max(e.voidLast, o.voidLast)
	e.acts = slices.Clone(e.acts)
	for _, a := range o.acts {
		e.act(a.by, a.first)
		e.act(a.by, a.last)
	}
}

// viewEdge is e as rooms see it.
func (h *House) viewEdge(e *edge) Edge {
	out := Edge{Kind: e.kind, Who: e.who, As: e.as, Key: e.key, From: e.from.time(), To: e.to.time(), Made: e.made.time(), Voided: e.voided().time(), Place: e.place}
	if len(e.acts) == 0 {
		return out
	}
	out.By = e.acts[0].by
	touched := stamp(0)
	for _, a := range e.acts[1:] {
		if !h.samePerson(a.by, out.By) {
			touched = max(touched, a.last)
		}
	}
	out.Touched = touched.time()
	return out
}

// samePerson tells whether two names are of one.
func (h *House) samePerson(a, b Ref) bool {
	if a == b {
		return true
	}
	x, ok := h.workers.byName[a]
	return ok && h.workers.byName[b] == x
}

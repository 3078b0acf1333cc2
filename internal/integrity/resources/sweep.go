package resources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/internal/integrity/digest"
)

// Emit takes the changes of a sweep, a chunk's at a time. When it returns nil they are durable: the Keeper forgets what was there before then. After a
// crash, or an error, the same changes may come again; ID, OldSum and NewSum tell them.
type Emit func(context.Context, []Change) error

// Limits of one sweep.
const (
	mostConfirmed = 20_000  // resources that are asked for once more; what is beyond is told by its page alone
	mostResolved  = 20_000  // patients who are looked up
	mostVersions  = 1 << 32 // that are read
)

// Sweep reads a whole type and tells what became of each of its resources since the last sweep. The first one tells of no changes.
// It fails with ErrDeclaration when the server does not do what is declared.
func (k *Keeper) Sweep(ctx context.Context, src *Source, typ string, emit Emit) (Report, error) {
	s, err := k.begin(ctx, src, typ, emit)
	if err != nil {
		return Report{}, err
	}
	defer s.sealer.close()
	if err := s.full(ctx); err != nil {
		return Report{}, err
	}
	s.report.Requests = src.requests.Load() - s.asked
	return s.report, nil
}

// sweep is one that is under way.
type sweep struct {
	*Keeper
	src      *Source
	typ      *Type
	offer    offer
	sealer   *sealer
	emit     Emit
	state    *typeState // known before; an empty one when nothing is
	next     *typeState
	judging  *judging
	report   Report
	asked    int64 // requests that were made before
	counted  int64 // resources, as the server counts; -1 when it does not
	resolved map[string]*fhir.Resource
	holes    int64    // at the first sweep, resources whose versions have holes
	whole    int64    // and those whose whole history was seen
	found    []Change // what was planted, to be told with its chunk
}

// begin reads what is known, and what the server can do.
func (k *Keeper) begin(ctx context.Context, src *Source, typ string, emit Emit) (s *sweep, err error) {
	s = &sweep{Keeper: k, src: src, emit: emit, asked: src.requests.Load(), resolved: map[string]*fhir.Resource{}}
	if s.typ, s.offer, err = src.typed(typ); err != nil {
		return nil, err
	}
	if s.state, err = k.load(ctx, src.decl.System, typ); err != nil {
		return nil, err
	}
	known := s.state != nil
	if !known {
		s.state = &typeState{source: src.decl.System, name: typ}
	}
	if s.counted, err = src.count(ctx, typ); err != nil {
		return nil, err
	}
	ours := k.Now()
	at := src.now(ours)
	s.report = Report{System: src.decl.System, Type: typ, At: at, Ahead: at.Sub(ours), First: !known, Way: s.offer.Way.String()}
	if known {
		if s.report.Before, s.report.Known, err = k.typeSum(ctx, s.state); err != nil {
			return nil, err
		}
		for _, lost := range s.offer.lessThan(s.state.kept.Offer) {
			s.report.sign(Mismatch, "capability", "The server tells less of "+typ+" than before: "+lost+".")
		}
	}
	next := *s.state
	next.kept.Offer = s.offer
	s.next = &next
	says := s.says(nil)
	s.judging = &judging{typ: typ, at: at, swept: s.state.swept, young: time.Duration(src.decl.Young), contiguous: s.state.kept.Contiguous,
		compare: func(a, b *version) difference { return compare(typ, says, a, b) }}
	s.sealer, err = newSealer(k.Seal, k.Open)
	return s, err
}

// says is how resources of the server are read, with who finds the patients to whom they refer.
func (s *sweep) says(resolve func(string) (fhir.Resource, bool)) statements {
	return func(r *fhir.Resource) []Statement { return s.Reading(&s.src.decl, r, resolve) }
}

// full is a sweep of all resources.
func (s *sweep) full(ctx context.Context) (err error) {
	bits := max(s.state.bits, digest.ChunkBits(max(s.counted, s.report.Known)))
	spill, err := newSpill(s.Dir, bits, s.sealer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spill.close()) }()
	whole, err := s.src.all(ctx, s.typ.Type, s.offer.Way, func(p page) error {
		for i := range p.entries {
			e := &p.entries[i]
			switch {
			case e.typ != s.typ.Type && s.offer.Way == ofSystem:
				continue
			case e.typ != s.typ.Type:
				return fmt.Errorf("read %s: %w", s.typ.Type, errNoResource)
			case s.report.Versions == mostVersions:
				return fmt.Errorf("read %s: more than %d versions", s.typ.Type, int64(mostVersions))
			}
			s.report.Versions++
			if err := spill.add(e.id, s.trimmed(e.version)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if bits > s.state.bits && !s.report.First {
		if err := s.split(ctx, s.state, bits, s.sealer); err != nil {
			return err
		}
	}
	s.next.bits, s.state.bits = bits, bits
	if err := s.compareAll(ctx, spill, whole); err != nil {
		return err
	}
	return s.finish(ctx)
}

// longestText is how long a static form may be that is kept.
const longestText = 128 << 10

// trimmed is a version without what is not kept of it.
func (s *sweep) trimmed(v version) version {
	if s.typ.Digests || len(v.text) > longestText {
		v.text = nil
	}
	return v
}

// compareAll holds what was read against what is known, and keeps it.
func (s *sweep) compareAll(ctx context.Context, spill *spill, whole bool) error {
	each := int64(1) << (s.next.bits - spill.bits) // chunks of a part
	for part := range spill.parts {
		views, err := spill.take(part, whole)
		if err != nil {
			return err
		}
		if part == 0 && !s.report.First {
			if err := s.moved(ctx, views, each); err != nil {
				return err
			}
		}
		cut := map[int64]map[string]*view{}
		for id, v := range views {
			c := chunkOf(id, s.next.bits)
			if cut[c] == nil {
				cut[c] = map[string]*view{}
			}
			cut[c][id] = v
		}
		for id := int64(part) * each; id < int64(part+1)*each; id++ {
			if err := s.chunkOf(ctx, id, cut[id], true); err != nil {
				return err
			}
		}
	}
	return nil
}

// moved looks at some resources, which the hashes of their ids chose, whether the server has numbered all versions anew: then it was moved, or
// its history was thrown away, and that is said once and not of each resource.
func (s *sweep) moved(ctx context.Context, views map[string]*view, chunks int64) error {
	var there, anew int
	for id := range chunks {
		list, err := s.chunk(ctx, s.state, id, s.sealer)
		if err != nil {
			return err
		}
		for _, r := range list {
			v := views[r.id]
			if v == nil || !r.there() {
				continue
			}
			there++
			if act := s.judging.resource(r, v).act; (act == Older || act == Shortened) && same(r, v) {
				anew++
			}
		}
	}
	const enough = 20
	if there >= enough && 2*anew > there {
		s.judging.renumbered = true
		s.report.sign(Mismatch, "versions", "The versions of most resources begin anew, and say what they said: the server was moved, or its history was thrown away. "+
			"What it said before can be looked up here alone.")
	}
	return nil
}

// chunkOf compares the resources of one chunk. all tells that views are all that there is.
func (s *sweep) chunkOf(ctx context.Context, id int64, views map[string]*view, all bool) error {
	known, err := s.chunk(ctx, s.state, id, s.sealer)
	if err != nil {
		return err
	}
	byID := make(map[string]*record, len(known))
	for _, r := range known {
		byID[r.id] = r
	}
	looked := map[string]bool{}
	for name := range views {
		looked[name] = true
	}
	if all {
		for name := range byID {
			looked[name] = true
		}
	}
	var changes []Change
	dirty := s.report.First
	for _, name := range slices.Sorted(maps.Keys(looked)) {
		old := byID[name]
		kept, change, err := s.step(ctx, old, views[name])
		if err != nil {
			return err
		}
		dirty = dirty || kept != old
		if kept != nil {
			byID[name] = kept
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	changes, s.found = append(changes, s.found...), nil
	if len(changes) > 0 {
		if err := s.emit(ctx, changes); err != nil {
			return fmt.Errorf("tell of what changed in %s: %w", s.typ.Type, err)
		}
	}
	if !dirty {
		return nil
	}
	return s.put(ctx, s.next, id, slices.Collect(maps.Values(byID)), s.sealer)
}

func (s *sweep) finish(ctx context.Context) (err error) {
	s.next.swept, s.next.heard = s.report.At, s.report.At
	if s.report.First {
		s.next.kept.Contiguous = s.whole > 0 && s.holes*100 <= s.whole
		if s.holes > 0 && s.next.kept.Contiguous {
			s.report.sign(Pending, "versions", fmt.Sprintf("Of %d resources whose history was read, %d have holes in it: what was there before this first sweep nobody can say.", s.whole, s.holes))
		}
	}
	if s.report.After, s.next.live, err = s.typeSum(ctx, s.next); err != nil {
		return err
	}
	s.report.Known = s.next.live
	if err := s.recount(ctx); err != nil {
		return err
	}
	return s.save(ctx, s.next)
}

// recount holds what was read against what the server counts.
func (s *sweep) recount(ctx context.Context) error {
	after, err := s.src.count(ctx, s.typ.Type)
	if err != nil || after < 0 || s.counted < 0 {
		return err
	}
	live, low, high := s.next.live, min(s.counted, after), max(s.counted, after)
	switch {
	case live < low:
		s.report.sign(Pending, "count", fmt.Sprintf("The server counts %d resources and shows %d: the account may not see all, or its index is wrong.", low, live))
	case live > high:
		s.report.sign(Pending, "count", fmt.Sprintf("The server shows %d resources and counts %d: some are not found by searches.", live, high))
	}
	return nil
}

// step judges one resource. kept is the same pointer as old when nothing is to be kept anew.
func (s *sweep) step(ctx context.Context, old *record, now *view) (kept *record, change *Change, err error) {
	if now == nil && !old.there() {
		return old, nil, nil
	}
	s.report.Asked++
	if now, err = s.further(ctx, old, now); err != nil {
		return nil, nil, err
	}
	if s.report.First {
		s.firstSeen(now)
		return s.adopt(nil, now), nil, nil
	}
	restored, still := old, false
	if old != nil && old.planted != nil {
		if restored, still, err = s.unplant(ctx, old, now); err != nil {
			return nil, nil, err
		}
	}
	v, now, err := s.settled(ctx, restored, now)
	if err != nil {
		return nil, nil, err
	}
	s.report.Acts[v.act]++
	s.report.Outcomes[v.outcome]++
	if v.act != Same || v.outcome != Match {
		c := s.change(ctx, restored, now, &v)
		change = &c
	}
	if restored == old && change == nil && old != nil && !s.grew(old, now) {
		return old, nil, nil
	}
	kept = s.adopt(restored, now)
	if still {
		replant(kept, old)
	}
	return kept, change, nil
}

func (s *sweep) firstSeen(now *view) {
	if !now.complete {
		return
	}
	s.whole++
	if !fromOne(now.versions) {
		s.holes++
	}
}

// grew tells whether there are versions, or times, that are not kept yet.
func (s *sweep) grew(old *record, now *view) bool {
	if s.judging.renumbered || now == nil {
		return true
	}
	for i := range now.versions {
		k := find(old.versions, now.versions[i].id)
		if k == nil || !k.updated.Equal(now.versions[i].updated) {
			return true
		}
	}
	return old.complete != now.complete && now.complete
}

// further reads the history of a resource of which the page told the present alone, when there must be one.
func (s *sweep) further(ctx context.Context, old *record, now *view) (*view, error) {
	if now == nil || now.whole || s.offer.Way != ofInstance && s.offer.Way != versions {
		return now, nil
	}
	var known []version
	if old != nil {
		known = old.live()
	}
	if len(known) <= 1 && (now.latest().id == "1" || len(known) == 1 && known[0].id == now.latest().id || s.offer.Way == versions) {
		now.whole = true
		now.complete = now.latest().id == "1" && s.offer.Way == ofInstance
		return now, nil
	}
	full, err := s.src.instance(ctx, s.typ.Type, now.id, s.offer, known)
	if errors.As(err, new(*refusal)) || err == nil && full == nil {
		return now, nil // one history that cannot be had keeps nobody from looking at the others
	}
	if err != nil {
		return nil, err
	}
	return s.trim(full), nil
}

func (s *sweep) trim(v *view) *view {
	for i := range v.versions {
		v.versions[i] = s.trimmed(v.versions[i])
	}
	return v
}

// settled judges a resource, and asks for it once more before it tells of a mismatch.
func (s *sweep) settled(ctx context.Context, old *record, now *view) (verdict, *view, error) {
	v := s.judging.resource(old, now)
	if v.outcome == Mismatch && s.report.Confirmed < mostConfirmed && (now == nil || s.offer.Instance || s.offer.Versions || s.offer.Way == present) {
		s.report.Confirmed++
		id := ""
		var known []version
		if old != nil {
			id, known = old.id, old.live()
		}
		if now != nil {
			id = now.id
		}
		again, err := s.src.instance(ctx, s.typ.Type, id, s.offer, known)
		var refused *refusal
		if errors.As(err, &refused) {
			v.reasons = append(v.reasons, fmt.Sprintf("Asked for by itself, the server answers %d.", refused.status))
			return v, now, nil
		}
		if err != nil {
			return verdict{}, nil, err
		}
		if now = again; now != nil {
			s.trim(now)
		}
		v = s.judging.resource(old, now)
	}
	if v.act == Unmarked {
		if d := s.judging.compare(v.before, v.after); d.moved && s.merged(ctx, d.from, d.to) {
			v = verdict{act: Amended, outcome: Explained, before: v.before, after: v.after, reasons: []string{"It is another patient's now: the two patients' records were joined, and say so."}}
		}
	}
	return v, now, nil
}

// merged tells whether the server says that the record of one patient was joined into that of the other (R4 Patient.link).
func (s *sweep) merged(ctx context.Context, from, to string) bool {
	for _, pair := range [][3]string{{from, to, "replaced-by"}, {to, from, "replaces"}} {
		r, ok := s.resolve(ctx, strings.TrimPrefix(pair[0], "fhir|"))
		if !ok {
			continue
		}
		for _, l := range list(r.Value.Member("link")) {
			if text(l.Member("type")) == pair[2] && "fhir|"+text(member(&l.Value, "other", "reference")) == pair[1] {
				return true
			}
		}
	}
	return false
}

// resolve reads the patient whom a reference means. That it cannot is no error: the patient is then known by the reference.
func (s *sweep) resolve(ctx context.Context, reference string) (fhir.Resource, bool) {
	typ, id, _ := addressed(reference)
	if typ != "Patient" || strings.Contains(strings.TrimSuffix(reference, typ+"/"+id), "/") {
		return fhir.Resource{}, false
	}
	if found, known := s.resolved[id]; known || len(s.resolved) == mostResolved {
		if found == nil {
			return fhir.Resource{}, false
		}
		return *found, true
	}
	s.resolved[id] = nil
	e, status, err := s.src.read(ctx, "one Patient", "Patient", id)
	if err != nil || status != http.StatusOK || e.typ != "Patient" || e.id != id {
		return fhir.Resource{}, false
	}
	r, err := fhir.ParseResource(e.text, limits())
	if err != nil {
		return fhir.Resource{}, false
	}
	s.resolved[id] = &r
	return r, true
}

// newestTexts is of how many versions of one resource the static form is kept.
const newestTexts = 8

// adopt is what is known of a resource from now on.
func (s *sweep) adopt(old *record, now *view) *record {
	r := &record{first: s.report.At.UnixMicro()}
	if old != nil {
		*r = *old
		r.versions = slices.Clone(old.versions)
	}
	if now == nil {
		r.gone = s.report.At.UnixMicro()
		return r
	}
	r.id, r.gone = now.id, 0
	r.complete = now.complete || old != nil && old.complete
	n := now.latest()
	if s.judging.renumbered {
		r.versions = nil
	}
	r.versions = slices.DeleteFunc(r.versions, func(v version) bool {
		return v.id == unnumbered || v.id == deletion && n.id != deletion
	})
	for i := range r.versions {
		k := &r.versions[i]
		k.lost = k.lost || now.whole && now.find(k.id) == nil || !now.whole && compareVersions(k, n) > 0
	}
	for i := range now.versions {
		if k := find(r.versions, now.versions[i].id); k != nil {
			*k = now.versions[i]
		} else {
			r.versions = append(r.versions, now.versions[i])
		}
	}
	slices.SortStableFunc(r.versions, func(a, b version) int { return compareVersions(&a, &b) })
	for i := 0; i < len(r.versions)-newestTexts; i++ {
		r.versions[i].text = nil
	}
	return r
}

// change is what is told of a resource. Who a patient is is looked up for what is not in order.
func (s *sweep) change(ctx context.Context, old *record, now *view, v *verdict) Change {
	c := Change{System: s.next.source, Type: s.next.name, Kind: s.typ.Kind, Harm: s.typ.Harm, Act: v.act, Outcome: v.outcome, Reasons: v.reasons,
		Last: s.state.swept, Seen: s.report.At}
	if old != nil {
		c.ID = old.id
	}
	if now != nil {
		c.ID = now.id
	}
	b, a := v.before, v.after
	if b != nil && !b.gone {
		c.Before, c.Old, c.OldSum, c.Updated = b.id, b.text, b.sum, b.updated
	}
	if a != nil && !a.gone {
		c.After, c.New, c.NewSum, c.Updated = a.id, a.text, a.sum, a.updated
	}
	var resolve func(string) (fhir.Resource, bool)
	if v.outcome == Mismatch {
		resolve = func(reference string) (fhir.Resource, bool) { return s.resolve(ctx, reference) }
	}
	d := compare(s.typ.Type, s.says(resolve), b, a)
	if d.unknown { // of one of the two the patient is known nevertheless
		d = compare(s.typ.Type, s.says(resolve), nil, a)
		d.fields = nil
	}
	c.Fields = d.fields
	if b != nil && a != nil && b.labels != a.labels {
		c.Fields = append(c.Fields, Field{"labels", clip(b.labels), clip(a.labels)})
	}
	c.Patient, c.Authority = numberOf(cmp.Or(d.to, d.from))
	return c
}

// numberOf takes a patient's number and who gave it apart. A patient who is known by the server's number alone has that.
func numberOf(patient string) (number, authority string) {
	authority, number, _ = strings.Cut(patient, "|")
	if authority == "fhir" {
		return number, ""
	}
	return number, strings.TrimPrefix(authority, "urn:oid:")
}

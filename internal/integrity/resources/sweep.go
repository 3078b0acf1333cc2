package resources

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/internal/integrity/aside"
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
	defer s.sealer.Close()
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
	sealer   *aside.Sealer
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
	looking  bool     // whoever asked is told also of what is as it was
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
	s.sealer, err = aside.NewSealer(k.Seal, k.Open)
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
	defer func() { err = errors.Join(err, spill.Close()) }()
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
	each := int64(1) << (s.next.bits - spill.Bits) // chunks of a part
	for part := range spill.Parts() {
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

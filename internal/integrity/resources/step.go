package resources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/fhir"
)

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
	if v.act != Same || v.outcome != Match || s.looking {
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
	if v.outcome == Mismatch || s.Claims != nil {
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
	patient := cmp.Or(d.to, d.from)
	if r, ok := parsed(stands(old, now)); ok && r != nil && s.Claims != nil {
		c.Claims = s.Claims(&s.src.decl, r, resolve)
		patient = cmp.Or(patient, patientOf(c.Claims, r))
	}
	c.Patient, c.Authority = numberOf(patient)
	return c
}

// stands is the version that stands in the record, or stood there last.
func stands(old *record, now *view) *version {
	if now != nil && !now.latest().gone {
		return now.latest()
	}
	if old != nil {
		return old.latest()
	}
	return nil
}

// numberOf takes a patient's number and who gave it apart. A patient who is known by the server's number alone has that.
func numberOf(patient string) (number, authority string) {
	authority, number, _ = strings.Cut(patient, "|")
	if authority == "fhir" {
		return number, ""
	}
	return number, strings.TrimPrefix(authority, "urn:oid:")
}

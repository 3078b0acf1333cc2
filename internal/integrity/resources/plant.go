package resources

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/jcs"
	"github.com/wardline/wardline/internal/integrity/aside"
)

// Plant has the Keeper remember something else of one resource of a type than it saw, so that the next sweep that reads it should find a
// difference. What is true is kept beside it, sealed, and comes back when the resource is read. Nothing on the server changes. planted
// is false when a difference waits to be found already, or nothing is known of which one could be planted. A sweep of the type must not be under way.
func (k *Keeper) Plant(ctx context.Context, src *Source, typ string) (planted bool, err error) {
	t, err := k.load(ctx, src.decl.System, typ)
	if err != nil || t == nil {
		return false, err
	}
	if _, waits, err := k.Planted(ctx, src, typ); err != nil || waits {
		return false, err
	}
	s, err := aside.NewSealer(k.Seal, k.Open)
	if err != nil {
		return false, err
	}
	defer s.Close()
	found, err := k.draw(ctx, t, 1, s)
	if err != nil || len(found) == 0 {
		return false, err
	}
	id := chunkOf(found[0].id, t.bits)
	list, err := k.chunk(ctx, t, id, s)
	if err != nil {
		return false, err
	}
	for _, r := range list {
		if r.id == found[0].id {
			k.falsify(r, k.Now())
		}
	}
	return true, k.put(ctx, t, id, list, s)
}

// Planted tells since when a difference waits to be found in a type, by our own clock.
func (k *Keeper) Planted(ctx context.Context, src *Source, typ string) (since time.Time, waits bool, err error) {
	var at int64
	err = k.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(planted), 0) FROM integrity_resource_chunks WHERE source = $1 AND name = $2`, src.decl.System, typ).Scan(&at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("look for what is planted in %s: %w", typ, err)
	}
	return timeOf(at), at != 0, nil
}

// falsify changes what is known of the latest version of a resource.
func (k *Keeper) falsify(r *record, at time.Time) {
	v := r.latest()
	r.planted = &planted{at: at.UnixMicro(), id: v.id, sum: v.sum, text: v.text}
	tree, err := jcs.Parse(v.text, limits())
	if err != nil { // only the digest is kept
		v.sum[0] ^= 1
		return
	}
	var leaves []*jcs.Value
	for i := range tree.Members {
		if m := &tree.Members[i]; m.Name != "resourceType" && m.Name != "id" {
			leaves = leavesOf(&m.Value, leaves)
		}
	}
	if len(leaves) == 0 {
		v.sum[0] ^= 1
		return
	}
	twist(leaves[k.Dice.Number(len(leaves))])
	v.text = tree.AppendDecText(nil)
	v.sum = sha256.Sum256(v.text)
}

// leavesOf gathers the texts and numbers below v.
func leavesOf(v *jcs.Value, into []*jcs.Value) []*jcs.Value {
	if (v.Kind == jcs.String || v.Kind == jcs.Number) && len(into) < mostLeaves {
		into = append(into, v)
	}
	for i := range v.Members {
		into = leavesOf(&v.Members[i].Value, into)
	}
	return into
}

// twist makes another value of one.
func twist(v *jcs.Value) {
	at := strings.IndexAny(v.Text, "123456789")
	if at < 0 {
		if v.Kind == jcs.Number {
			v.Text = "7" // it was 0
			return
		}
		v.Text += "?"
		return
	}
	digit := v.Text[at] - '1'
	v.Text = v.Text[:at] + string('1'+(digit+4)%9) + v.Text[at+1:]
}

// unplant looks whether a planted difference is found, and says so. It returns the truth; still tells that this reading could not show the difference,
// which waits on.
func (s *sweep) unplant(ctx context.Context, old *record, now *view) (truth *record, still bool, err error) {
	p := old.planted
	restored := *old
	restored.versions = slices.Clone(old.versions)
	restored.planted = nil
	if v := find(restored.versions, p.id); v != nil {
		v.sum, v.text = p.sum, p.text
	}
	v, now, err := s.settled(ctx, old, now)
	if err != nil {
		return nil, false, err
	}
	f := Found{Planted: timeOf(p.at)}
	var read *version
	if now != nil {
		read = now.find(p.id)
	}
	switch {
	case read == nil && now != nil && !now.whole && s.offer.Way > present:
		return &restored, true, nil
	case read == nil:
		f.Overtaken = true
	case v.outcome == Mismatch && v.act >= Rewritten:
		f.Found = s.report.At
	}
	s.report.Planted = append(s.report.Planted, f)
	if !f.Found.IsZero() {
		c := s.change(ctx, old, now, &v)
		c.Planted = f.Planted
		s.found = append(s.found, c)
	}
	return &restored, false, nil
}

// replant puts a planted difference back into what is kept.
func replant(kept, old *record) {
	p := *old.planted
	was, is := find(old.versions, p.id), find(kept.versions, p.id)
	if was == nil || is == nil {
		return
	}
	is.sum, is.text = was.sum, was.text
	kept.planted = &p
}

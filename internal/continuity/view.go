package continuity

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"
)

// FeedView is how a feed does, as a person sees it.
type FeedView struct {
	ID       string
	Name     string
	Class    Class
	First    time.Time
	Heard    time.Time // last message
	Count    uint64
	Learning int       // whole days until silence is told; 0 when it is
	Silent   time.Time // since when; zero when it speaks
	Expected float64   // messages that should have come since
	Patience time.Duration
	Week     []Half // the seven days up to now, oldest first
	Parts    []PartView
}

// PartView is how a part of a feed does.
type PartView struct {
	Name     string
	Heard    time.Time
	Count    uint64
	Learning int
	Silent   time.Time
}

// Half is half an hour of a feed.
type Half struct {
	At    time.Time
	Came  float64
	Usual float64 // 0 while learning
	Deaf  bool    // nothing is known of it
}

// Feeds are all that are heard: silent ones first, then those that care needs soonest, then by name.
func (r *Room) Feeds() []FeedView {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Now()
	var out []FeedView
	for _, f := range r.engine.order {
		out = append(out, f.view(r.engine, now))
	}
	slices.SortStableFunc(out, func(a, b FeedView) int {
		return cmp.Or(b.Silent.Compare(time.Time{})-a.Silent.Compare(time.Time{}), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (f *feed) view(e *Engine, now time.Time) FeedView {
	v := FeedView{ID: f.id, Name: e.nameOf(f), Class: f.class, First: f.first, Heard: f.model.Heard(), Count: f.count, Learning: f.model.Learning()}
	if s, silent := f.model.Silence(); silent {
		v.Silent, v.Expected = s.Since, s.Expected
	}
	v.Patience, _ = f.model.Patience(now)
	for _, h := range f.model.Week() {
		v.Week = append(v.Week, Half(h))
	}
	for _, name := range slices.Sorted(maps.Keys(f.parts)) {
		p := f.parts[name]
		pv := PartView{Name: e.partTitle(p), Heard: p.model.Heard(), Count: p.count, Learning: p.model.Learning()}
		if s, silent := p.model.Silence(); silent {
			pv.Silent = s.Since
		}
		v.Parts = append(v.Parts, pv)
	}
	return v
}

// Signs are the latest that were found, newest first, at most so many.
func (r *Room) Signs(ctx context.Context, most int) (out []Sign, err error) {
	r.mu.Lock()
	out = append(out, r.found...)
	r.mu.Unlock()
	err = r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT body FROM continuity_signs ORDER BY at DESC LIMIT $1`, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var body []byte
			var s Sign
			if err := rows.Scan(&body); err != nil {
				return err
			}
			if err := r.open(body, &s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	for i := range out { // who is a patient may have been heard since
		out[i].Name = r.hidden(out[i].Name)
	}
	slices.SortStableFunc(out, func(a, b Sign) int { return b.At.Compare(a.At) })
	return out[:min(most, len(out))], err
}

// Ordinary says that a feed that is silent is like that, and that it is to be learned; what is said is durable when it returns. It returns false when the feed is
// not silent, or not known.
func (r *Room) Ordinary(ctx context.Context, id string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.engine.feeds[id]
	if f == nil || !f.model.Silent() {
		return false, nil
	}
	f.model.Ordinary()
	f.silent, f.changed = false, true
	if err := r.file(ctx, []Sign{{Kind: Silent, About: f.id, Name: r.engine.nameOf(f), Class: f.class, At: r.engine.clock, Ended: true}}); err != nil {
		return false, err
	}
	return true, r.save(ctx)
}

// hidden is a text without the patients in it.
func (r *Room) hidden(text string) string {
	if r.cfg.Hide == nil {
		return text
	}
	return r.cfg.Hide(text)
}

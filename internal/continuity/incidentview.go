package continuity

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/incident"
	"github.com/wardline/wardline/internal/finding"
)

// IncidentView is an incident as a person sees it.
type IncidentView struct {
	incident.Incident
	Rule   finding.Rule
	Impact *depend.Impact // of what goes on of it; nil in a list
	Works  []string       // what still works in the units that are touched
}

// Incidents are those that go on, the gravest first, and after them the latest of those that ended and were told, at most so many of both.
func (r *Room) Incidents(ctx context.Context, most int) ([]IncidentView, error) {
	var out []IncidentView
	r.mu.Lock()
	for _, i := range r.incidents.book.Open() {
		out = append(out, IncidentView{Incident: r.shown(i), Rule: RuleOf(i)})
	}
	r.mu.Unlock()
	slices.SortStableFunc(out, func(a, b IncidentView) int {
		return cmp.Or(finding.Rank(b.Rule.Level)-finding.Rank(a.Rule.Level), b.Opened.Compare(a.Opened))
	})
	err := r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		return r.each(ctx, tx, fmt.Sprintf("continuity_incidents WHERE ended > 0 ORDER BY ended DESC LIMIT %d", 2*most), func(body []byte) error {
			var i incident.Incident
			if err := r.open(body, &i); err != nil {
				return err
			}
			if i.Into == "" && !i.Told.IsZero() && !slices.ContainsFunc(out, func(v IncidentView) bool { return v.ID == i.ID }) {
				out = append(out, IncidentView{Incident: r.shown(&i), Rule: RuleOf(&i)})
			}
			return nil
		})
	})
	return out[:min(most, len(out))], err
}

// shown is a copy of an incident without the patients in it: who is one may have been heard since it was kept.
func (r *Room) shown(i *incident.Incident) incident.Incident {
	out := *i
	out.Name, out.Facts = r.hidden(i.Name), slices.Clone(i.Facts)
	for n := range out.Facts {
		f := &out.Facts[n]
		f.Name, f.Says, f.Entities = r.hidden(f.Name), r.hidden(f.Says), slices.Clone(f.Entities)
		for k, e := range f.Entities {
			f.Entities[k] = r.hidden(e)
		}
	}
	return out
}

// ErrNoIncident says that no incident has that id.
var ErrNoIncident = errors.New("there is no such incident")

// Incident is one of them, or the one that it turned out to be a part of, with what it does to care.
func (r *Room) Incident(ctx context.Context, id string, lying Counted) (*IncidentView, error) {
	i, err := r.incident(ctx, id)
	for parts := 0; err == nil && i.Into != "" && parts < mostParts; parts++ {
		i, err = r.incident(ctx, i.Into)
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	h, err := r.graph()
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	v := &IncidentView{Incident: r.shown(i), Rule: RuleOf(i)}
	var broken []depend.Broken
	if i.Ended.IsZero() {
		broken = h.broken(i)
	}
	v.Impact = h.Impact(broken, h.census(lying), r.cfg.Now())
	for _, id := range v.Impact.Works {
		v.Works = append(v.Works, h.Name(id))
	}
	return v, nil
}

func (r *Room) incident(ctx context.Context, id string) (*incident.Incident, error) {
	r.mu.Lock()
	for _, i := range r.incidents.book.Open() {
		if i.ID == id {
			out := *i
			out.Facts = slices.Clone(i.Facts)
			r.mu.Unlock()
			return &out, nil
		}
	}
	r.mu.Unlock()
	var i incident.Incident
	err := r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		var body []byte
		if err := tx.QueryRowContext(ctx, `SELECT body FROM continuity_incidents WHERE id = $1`, id).Scan(&body); err != nil {
			return err
		}
		return r.open(body, &i)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoIncident
	}
	return &i, err
}

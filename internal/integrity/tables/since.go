package tables

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// What was written lately is held in memory until it is judged.
const (
	mostNews  = 100_000  // rows
	longNews  = 64 << 20 // bytes of them
	whyNoNews = "more was written since than is read at once: the next sweep reads it"
)

// Since reads the rows of a table that is declared fresh which say that they were updated since the table was last read, so that they are known before
// somebody can change them. What is gone it does not find, nor what says that it is older than it is: that is for sweeps and samples. Before the first
// full sweep it reads nothing.
func (k *Keeper) Since(ctx context.Context, src *Source, table string, emit Emit) (Report, error) {
	t, err := src.table(table)
	if err != nil {
		return Report{}, err
	}
	if !t.Fresh {
		return Report{}, fmt.Errorf("read what was written lately in %s: its declaration does not say fresh, and without an index all of it would be read", t)
	}
	return k.ask(ctx, src, table, emit, func(ctx context.Context, s *sweep) (answer, error) { return s.lately(ctx) })
}

// lately reads them. They overlap with what was read before, for who writes a time may be some while until others can read it.
func (s *sweep) lately(ctx context.Context) (answer, error) {
	now, young := s.shot.at, s.judging.young
	from := s.state.heard
	if from.After(now) {
		from = now // the database's clock was set back
	}
	a, size := answer{rows: map[Sum]*row{}}, 0
	err := s.shot.selection(s.table, s.columns).since(ctx, from.Add(-young), mostNews+1, func(r *row) error {
		if size += len(r.content); len(a.rows) < mostNews && size <= longNews {
			a.rows[r.key] = r
			return nil
		}
		if t, ok := r.updated.time(); !ok || t.After(now.Add(young)) {
			return nil // rows dated in the future, or at no time that there is, come last, and would else be in the way of all others for as long as they are
		}
		return fmt.Errorf("read %s: %s", s.table, whyNoNews)
	})
	if err != nil {
		return answer{}, err
	}
	a.asked = slices.Collect(maps.Keys(a.rows))
	s.state.heard = now
	return a, nil
}

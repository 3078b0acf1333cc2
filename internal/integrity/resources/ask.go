package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/sample"
)

// Shares divides a sample of n resources among the types of a server, in the order of Source.Types, as sample.Shares does.
func (k *Keeper) Shares(ctx context.Context, src *Source, n int) ([]int, error) {
	parts := make([]sample.Part, len(src.decl.Types))
	for i := range src.decl.Types {
		t := &src.decl.Types[i]
		state, err := k.load(ctx, src.decl.System, t.Type)
		if err != nil {
			return nil, err
		}
		if state != nil {
			parts[i] = sample.Part{Count: state.live, High: t.Harm == "high"}
		}
	}
	return sample.Shares(n, parts), nil
}

// Sample looks at n resources of a type that are known, each as likely as the others, and at all that the server tells of their
// history. Before the first sweep it looks at none.
func (k *Keeper) Sample(ctx context.Context, src *Source, typ string, n int, emit Emit) (Report, error) {
	return k.some(ctx, src, typ, emit, func(s *sweep) ([]*record, error) { return k.draw(ctx, s.state, n, s.sealer) })
}

// Look looks at the resources with these ids: because a case was opened, or because somebody has just written them. It tells of each that is there, also
// when it is as it was.
func (k *Keeper) Look(ctx context.Context, src *Source, typ string, ids []string, emit Emit) (Report, error) {
	return k.some(ctx, src, typ, emit, func(s *sweep) (list []*record, err error) {
		s.looking = true
		for _, id := range ids {
			if !isID(id) {
				return nil, fmt.Errorf("look at a %s: what is asked for is no id", typ)
			}
			list = append(list, &record{id: id})
		}
		return list, nil
	})
}

func (k *Keeper) some(ctx context.Context, src *Source, typ string, emit Emit, which func(*sweep) ([]*record, error)) (Report, error) {
	return k.patch(ctx, src, typ, emit, func(s *sweep) (map[string]*view, error) {
		list, err := which(s)
		views := map[string]*view{}
		for _, r := range list {
			v, err := src.instance(ctx, typ, r.id, s.offer, r.live())
			if err != nil {
				return nil, err
			}
			if v != nil {
				v = s.trim(v)
			}
			views[r.id] = v
		}
		return views, err
	})
}

// Since reads what was written of a type since it was last read, so that a version is known before somebody can rewrite it. What is missing it does not
// find: that is for sweeps and samples. Before the first sweep it reads nothing.
func (k *Keeper) Since(ctx context.Context, src *Source, typ string, emit Emit) (Report, error) {
	return k.patch(ctx, src, typ, emit, func(s *sweep) (map[string]*view, error) {
		from := s.state.heard.Add(-time.Duration(src.decl.Young)).UTC().Format("2006-01-02T15:04:05.000Z")
		views := map[string]*view{}
		err := src.since(ctx, typ, s.offer.Way, from, func(p page) error {
			for i := range p.entries {
				e := &p.entries[i]
				if e.typ != typ {
					continue
				}
				if s.report.Versions++; s.report.Versions > mostNews {
					return errTooMuchNews
				}
				if views[e.id] == nil {
					views[e.id] = &view{id: e.id}
				}
				views[e.id].versions = append(views[e.id].versions, s.trimmed(e.version))
			}
			return nil
		})
		for _, v := range views {
			v.settle()
		}
		s.state.heard = s.report.At
		return views, err
	})
}

// mostNews is how many versions are read at once between sweeps: they are held in memory.
const mostNews = 100_000

var errTooMuchNews = fmt.Errorf("more than %d versions were written since: the next sweep reads them", mostNews)

// patch judges some resources, and keeps what changed.
func (k *Keeper) patch(ctx context.Context, src *Source, typ string, emit Emit, which func(*sweep) (map[string]*view, error)) (Report, error) {
	s, err := k.begin(ctx, src, typ, emit)
	if err != nil {
		return Report{}, err
	}
	defer s.sealer.Close()
	if s.report.First {
		return s.report, nil
	}
	views, err := which(s)
	if err != nil {
		return Report{}, err
	}
	cut := map[int64]map[string]*view{}
	for id, v := range views {
		c := chunkOf(id, s.state.bits)
		if cut[c] == nil {
			cut[c] = map[string]*view{}
		}
		cut[c][id] = v
	}
	for c, mine := range cut {
		if err := s.chunkOf(ctx, c, mine, false); err != nil {
			return Report{}, err
		}
	}
	if missing := s.report.Known - s.counted; s.counted >= 0 && missing > 0 {
		s.report.sign(Pending, "count", fmt.Sprintf("The server counts %d resources fewer than are known: sweep the type.", missing))
	}
	var live int64
	if s.report.After, live, err = s.typeSum(ctx, s.state); err != nil {
		return Report{}, err
	}
	s.report.Known, s.state.live, s.state.kept.Offer = live, live, s.offer
	s.report.Requests = src.requests.Load() - s.asked
	return s.report, s.save(ctx, s.state)
}

// draw chooses n of the resources that are there, with what is known of them.
func (k *Keeper) draw(ctx context.Context, t *typeState, n int, s *aside.Sealer) ([]*record, error) {
	counts, total, err := k.counts(ctx, t)
	if err != nil {
		return nil, err
	}
	positions := k.Dice.Draw(total, n)
	var list []*record
	var before int64
	for _, c := range counts {
		mine := sort.Search(len(positions), func(i int) bool { return positions[i] >= before+c.live })
		if mine > 0 {
			records, err := k.chunk(ctx, t, c.id, s)
			if err != nil {
				return nil, err
			}
			there := slices.DeleteFunc(records, func(r *record) bool { return !r.there() })
			if int64(len(there)) != c.live {
				return nil, aside.ErrDamaged
			}
			for _, p := range positions[:mine] {
				list = append(list, there[p-before])
			}
		}
		positions, before = positions[mine:], before+c.live
	}
	return list, nil
}

// chunkCount is how many resources of a chunk are there.
type chunkCount struct{ id, live int64 }

func (k *Keeper) counts(ctx context.Context, t *typeState) (list []chunkCount, total int64, err error) {
	rows, err := k.DB.QueryContext(ctx, `SELECT chunk, live FROM integrity_resource_chunks WHERE source = $1 AND name = $2 AND bits = $3 ORDER BY chunk`, t.source, t.name, t.bits)
	if err != nil {
		return nil, 0, fmt.Errorf("count the resources of %s: %w", t.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var c chunkCount
		if err := rows.Scan(&c.id, &c.live); err != nil {
			return nil, 0, fmt.Errorf("count the resources of %s: %w", t.name, err)
		}
		list, total = append(list, c), total+c.live
	}
	return list, total, errors.Join(rows.Err(), rows.Close())
}

package tables

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/digest"
	"github.com/wardline/wardline/internal/integrity/sample"
)

// Shares divides a sample of n rows among the tables of a system, in the order of Source.Tables, as sample.Shares does.
func (k *Keeper) Shares(ctx context.Context, src *Source, n int) ([]int, error) {
	parts := make([]sample.Part, len(src.decl.Tables))
	for i := range src.decl.Tables {
		t := &src.decl.Tables[i]
		state, err := k.load(ctx, src.decl.System, t.String())
		if err != nil {
			return nil, err
		}
		if state != nil {
			parts[i] = sample.Part{Count: state.live, High: t.Harm == "high"}
		}
	}
	return sample.Shares(n, parts), nil
}

// Sample looks at n rows of a table that are known, each as likely as the others; at all when it has fewer. Before the first full sweep it
// looks at none.
func (k *Keeper) Sample(ctx context.Context, src *Source, table string, n int, emit Emit) (Report, error) {
	return k.ask(ctx, src, table, emit, func(ctx context.Context, s *sweep) (answer, error) {
		if err := s.countRows(ctx); err != nil {
			return answer{}, err
		}
		list, err := s.draw(ctx, n)
		if err != nil {
			return answer{}, err
		}
		return s.find(ctx, list)
	})
}

// Look looks at the rows with these keys, each the values of the key columns in the order of the declaration, as text: because a case was opened,
// or because somebody has just written them.
func (k *Keeper) Look(ctx context.Context, src *Source, table string, keys [][]string, emit Emit) (Report, error) {
	return k.ask(ctx, src, table, emit, func(ctx context.Context, s *sweep) (answer, error) {
		list, err := s.keyed(keys)
		if err != nil {
			return answer{}, err
		}
		return s.find(ctx, list)
	})
}

// wanted is a row that is asked for.
type wanted struct {
	key    Sum
	fields []parsedField
}

// answer is what the database said.
type answer struct {
	asked []Sum        // keys of the rows that are judged
	rows  map[Sum]*row // those of them that are there
}

// find reads the rows that are asked for.
func (s *sweep) find(ctx context.Context, list []wanted) (answer, error) {
	a := answer{rows: map[Sum]*row{}}
	keys := make([][]parsedField, len(list))
	for i, w := range list {
		a.asked, keys[i] = append(a.asked, w.key), w.fields
	}
	err := s.shot.selection(s.table, s.columns).some(ctx, keys, func(r *row) error {
		a.rows[r.key] = r // databases find texts that they hold to be alike, too: those are not looked for below
		return nil
	})
	return a, err
}

// ask judges the rows that read gets from the database.
func (k *Keeper) ask(ctx context.Context, src *Source, table string, emit Emit, read func(context.Context, *sweep) (answer, error)) (Report, error) {
	s, err := k.begin(ctx, src, table, emit)
	if err != nil {
		return Report{}, err
	}
	defer s.sealer.Close()
	if !s.report.First {
		err = s.askFor(ctx, read)
	}
	if err := errors.Join(err, s.shot.close()); err != nil {
		return Report{}, err
	}
	if s.report.After, s.report.Rows, err = s.tableSum(ctx, s.state); err != nil {
		return Report{}, err
	}
	s.report.Swaps = s.swaps.pairs()
	if err := s.uproot(ctx); err != nil {
		return Report{}, err
	}
	if s.report.First {
		return s.report, nil
	}
	s.state.live = s.report.Rows
	if err := s.save(ctx, s.state); err != nil {
		return Report{}, err
	}
	return s.report, nil
}

func (s *sweep) askFor(ctx context.Context, read func(context.Context, *sweep) (answer, error)) error {
	a, err := read(ctx, s)
	if err != nil {
		return err
	}
	slices.SortFunc(a.asked, func(a, b Sum) int { return slices.Compare(a[:], b[:]) })
	keys := slices.Compact(a.asked)
	s.report.Asked = int64(len(keys))
	for len(keys) > 0 {
		id, n := chunkOf(keys[0], s.state.bits), 1
		for n < len(keys) && chunkOf(keys[n], s.state.bits) == id {
			n++
		}
		if err := s.patch(ctx, id, keys[:n], a.rows); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// patch judges some rows of a chunk, and keeps what changed.
func (s *sweep) patch(ctx context.Context, id int64, keys []Sum, found map[Sum]*row) error {
	c, err := s.chunk(ctx, s.state, id)
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx, c, s.sealer)
	if err != nil {
		return err
	}
	if s.hides(id) && slices.Contains(keys, s.plant.key) {
		s.pretend(rows)
	}
	var changes []Change
	for _, key := range keys {
		at, known := slices.BinarySearchFunc(rows, key, func(r *row, key Sum) int { return slices.Compare(r.key[:], key[:]) })
		var old *row
		if known {
			old = rows[at]
		}
		now := found[key]
		if old == nil && now == nil {
			continue
		}
		kept, change := s.row(old, now)
		if known {
			rows[at] = kept // also in place of what was pretended
		}
		if change == nil {
			continue
		}
		changes = append(changes, *change)
		if !known {
			rows = slices.Insert(rows, at, kept)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if err := s.emit(ctx, changes); err != nil {
		return fmt.Errorf("tell of what changed in %s: %w", s.table, err)
	}
	return s.put(ctx, c, rows, s.sealer)
}

// keyed makes keys of texts.
func (s *sweep) keyed(keys [][]string) ([]wanted, error) {
	n := len(s.table.Key)
	list := make([]wanted, len(keys))
	values := make([]value, n)
	for i, key := range keys {
		if len(key) != n {
			return nil, fmt.Errorf("look at %s: key %d has %d values, not %d", s.table, i+1, len(key), n)
		}
		for j, text := range key {
			values[j] = s.columns[j].fromText(text)
			list[i].fields = append(list[i].fields, parsedOf(s.table.Key[j], values[j]))
		}
		list[i].key = sha256.Sum256(digest.AppendRow(nil, s.table.Key, values))
	}
	return list, nil
}

// countRows looks whether as many rows are there as are known.
func (s *sweep) countRows(ctx context.Context) error {
	count, err := s.shot.selection(s.table, s.columns).count(ctx)
	if err != nil {
		return err
	}
	if missing := s.report.Rows - count; missing > 0 {
		s.report.Signs = append(s.report.Signs, Sign{Pending, "rows", fmt.Sprintf("There are %d rows fewer than are known: sweep the table.", missing)})
	}
	return nil
}

// draw chooses n of the rows that are known.
func (s *sweep) draw(ctx context.Context, n int) ([]wanted, error) {
	positions := s.Dice.Draw(s.report.Rows, n)
	var list []wanted
	var before int64
	for id := range int64(1) << s.state.bits {
		c, err := s.chunk(ctx, s.state, id)
		if err != nil {
			return nil, err
		}
		mine := sort.Search(len(positions), func(i int) bool { return positions[i] >= before+c.live })
		if mine > 0 {
			rows, err := s.rows(ctx, c, s.sealer)
			if err != nil {
				return nil, err
			}
			live := living(rows)
			for _, p := range positions[:mine] {
				key, err := parseKey(live[p-before].content, len(s.table.Key))
				if err != nil {
					return nil, aside.ErrDamaged
				}
				list = append(list, wanted{live[p-before].key, key})
			}
		}
		positions, before = positions[mine:], before+c.live
	}
	return list, nil
}

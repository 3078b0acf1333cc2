package tables

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/digest"
)

// SampleSize is how many rows must be looked at to find, with so much confidence, at least one when so large a share of them was falsified:
// ln(1-confidence)/ln(1-share). Both lie between 0 and 1; 0.001 and 0.95 make 2,995. It is 0 for what cannot be.
func SampleSize(share, confidence float64) int {
	if !(share > 0 && share < 1 && confidence > 0 && confidence < 1) {
		return 0
	}
	n := math.Ceil(math.Log1p(-confidence) / math.Log1p(-share))
	return int(min(n, math.MaxInt32))
}

// Shares divides a sample of n rows among the tables of a system, in the order of Source.Tables: half of it to those with high harm, and
// within each half by their rows. What one half has no rows for the other gets.
func (k *Keeper) Shares(ctx context.Context, src *Source, n int) ([]int, error) {
	rows := make([]int64, len(src.decl.Tables))
	var high, normal int64
	for i := range src.decl.Tables {
		t := &src.decl.Tables[i]
		state, err := k.load(ctx, src.decl.System, t.String())
		if err != nil {
			return nil, err
		}
		if state == nil {
			continue
		}
		rows[i] = state.live
		if t.Harm == "high" {
			high += rows[i]
		} else {
			normal += rows[i]
		}
	}
	forHigh := max(int64(n+1)/2, int64(n)-normal)
	forNormal := max(int64(n)-forHigh, int64(n)-high)
	shares := make([]int, len(rows))
	for i := range rows {
		part, of := forNormal, normal
		if src.decl.Tables[i].Harm == "high" {
			part, of = forHigh, high
		}
		if of > 0 {
			shares[i] = int(min(rows[i], int64(math.Ceil(float64(part)*float64(rows[i])/float64(of)))))
		}
	}
	return shares, nil
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
	positions := s.positions(s.report.Rows, n)
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

// positions are n different numbers below total, sorted; all of them when n is no smaller.
func (k *Keeper) positions(total int64, n int) []int64 {
	k.dice.Lock()
	defer k.dice.Unlock()
	dice := rand.New(k.Random)
	if int64(n) >= total {
		all := make([]int64, total)
		for i := range all {
			all[i] = int64(i)
		}
		return all
	}
	// Floyd's way needs no memory for what is not chosen.
	chosen := make(map[int64]struct{}, n)
	for i := total - int64(n); i < total; i++ {
		p := dice.Int64N(i + 1)
		if _, twice := chosen[p]; twice {
			p = i
		}
		chosen[p] = struct{}{}
	}
	list := make([]int64, 0, n)
	for p := range chosen {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

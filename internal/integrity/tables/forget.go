package tables

import (
	"context"
	"slices"
)

// Forget removes what is kept of rows that are gone, and returns of how many: for when somebody's data is erased by right, in the database and here.
// The keys are those of Look. Of rows that are still there nothing is removed. What the file of the state still holds of them in its unused pages
// goes with store.Compact, and what was sealed of their digests elsewhere stays.
func (k *Keeper) Forget(ctx context.Context, src *Source, table string, keys [][]string) (forgotten int, err error) {
	s, err := k.begin(ctx, src, table, nil)
	if err != nil {
		return 0, err
	}
	defer s.sealer.Close()
	if err := s.shot.close(); err != nil {
		return 0, err
	}
	list, err := s.keyed(keys)
	if err != nil {
		return 0, err
	}
	for _, w := range list {
		gone, err := s.forget(ctx, w.key)
		if err != nil {
			return forgotten, err
		}
		if gone {
			forgotten++
		}
	}
	return forgotten, nil
}

func (s *sweep) forget(ctx context.Context, key Sum) (gone bool, err error) {
	c, err := s.chunk(ctx, s.state, chunkOf(key, s.state.bits))
	if err != nil {
		return false, err
	}
	rows, err := s.rows(ctx, c, s.sealer)
	if err != nil {
		return false, err
	}
	at, known := slices.BinarySearchFunc(rows, key, func(r *row, key Sum) int { return slices.Compare(r.key[:], key[:]) })
	if !known || rows[at].gone == 0 {
		return false, nil
	}
	return true, s.put(ctx, c, slices.Delete(rows, at, at+1), s.sealer)
}

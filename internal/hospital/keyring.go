package hospital

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// mostKeys is how many keys are kept in memory, in each of two generations, where there is a disk.
const mostKeys = 200_000

// mostHolders bounds to how many patients one key leads: a number or a name that is everybody's (N/A, 0) is nobody's, and who
// looked through all of them would never come to an end. It is one more than namesakes looks through.
const mostHolders = mostNamesakes + 1

// keyring tells which patients a key leads to: those used last from memory, all others from the disk.
type keyring struct {
	read     *sql.Stmt // nil: all are in now
	most     int       // see mostKeys
	now, old map[key]holders
	// pending are changes that are not on the disk yet, oldest first.
	pending map[key][]holding
	limits  *Limits // of the House
}

// holders are those whom a key leads to; nearly always one.
type holders struct {
	first PatientID
	more  []PatientID
}

// holding is one change: a patient is led to by a key, or is not any more.
type holding struct {
	id   PatientID
	gone bool
}

func newKeyring(limits *Limits) keyring {
	return keyring{most: mostKeys, now: map[key]holders{}, pending: map[key][]holding{}, limits: limits}
}

func (h holders) list() []PatientID {
	if h.first == 0 {
		return nil
	}
	return append([]PatientID{h.first}, h.more...)
}

// of makes holders of a list, which is kept in order.
func of(list []PatientID) holders {
	if len(list) == 0 {
		return holders{}
	}
	slices.Sort(list)
	return holders{list[0], slices.Clip(slices.Compact(list)[1:])}
}

func (h holders) with(c holding) holders {
	list := slices.DeleteFunc(h.list(), func(id PatientID) bool { return id == c.id })
	if !c.gone {
		list = append(list, c.id)
	}
	return of(list)
}

// find lists those whom a key leads to, by their ID.
func (k *keyring) find(ctx context.Context, which key) ([]PatientID, error) {
	found, err := k.holders(ctx, which)
	if found.first == 0 || err != nil {
		return nil, err
	}
	return found.list(), nil
}

func (k *keyring) holders(ctx context.Context, which key) (holders, error) {
	if found, ok := k.now[which]; ok {
		return found, nil
	}
	if k.read == nil {
		return holders{}, nil
	}
	found, ok := k.old[which]
	if !ok {
		var err error
		if found, err = k.fetch(ctx, which); err != nil {
			return holders{}, err
		}
	}
	k.keep(which, found)
	return found, nil
}

func (k *keyring) keep(which key, found holders) {
	if k.read != nil && len(k.now) >= k.most {
		k.now, k.old = make(map[key]holders, k.most), k.now
	}
	k.now[which] = found
}

func (k *keyring) fetch(ctx context.Context, which key) (found holders, err error) {
	rows, err := k.read.QueryContext(ctx, which.bytes())
	if err != nil {
		return found, fmt.Errorf("look up a patient: %w", err)
	}
	defer func() { _ = rows.Close() }() // reading to the end closes it
	var list []PatientID
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return found, fmt.Errorf("look up a patient: %w", err)
		}
		list = append(list, PatientID(id))
	}
	if err := rows.Err(); err != nil {
		return found, fmt.Errorf("look up a patient: %w", err)
	}
	found = of(list)
	for _, c := range k.pending[which] {
		found = found.with(c)
	}
	return found, nil
}

// add has a key lead to a patient.
func (k *keyring) add(ctx context.Context, which key, id PatientID) error {
	return k.change(ctx, which, holding{id: id})
}

// remove has a key lead to a patient no more.
func (k *keyring) remove(ctx context.Context, which key, id PatientID) error {
	return k.change(ctx, which, holding{id: id, gone: true})
}

func (k *keyring) change(ctx context.Context, which key, c holding) error {
	found, err := k.holders(ctx, which)
	if err != nil || slices.Contains(found.list(), c.id) != c.gone {
		return err
	}
	if !c.gone && len(found.more)+1 >= mostHolders {
		k.limits.Crowded++
		return nil
	}
	found = found.with(c)
	if found.first == 0 && k.read == nil {
		delete(k.now, which)
		return nil
	}
	k.keep(which, found)
	if k.read != nil {
		k.pending[which] = append(k.pending[which], c)
	}
	return nil
}

// written lets go of what was pending, once it lies on the disk.
func (k *keyring) written() { clear(k.pending) }

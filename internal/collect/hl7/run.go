package hl7

import (
	"context"
	"errors"
	"io/fs"
	"strconv"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
	"github.com/wardline/wardline/internal/journal"
)

// run is one run of a tap, as the node reads it.
type run struct {
	*follower
	id     string
	there  spool.Run // as of this step
	mark   mark
	before place // until where all was taken in before this node started, but for what Resume is there for
	at     place // of the next block
	file   *spool.File
	ways   map[wayID]*way

	receipts []*journal.Receipt // of what was handed in in this step
	bytes    int                // read in this step
	loss     loss               // that was not logged yet
	finished bool               // all of it is taken in, and nothing more comes
	moved    bool               // mark is to be kept
}

// mark says how far a run was taken in: all of it before Frontier, and of the ways in Ways what is before Done. Whoever goes on
// reads from Resume on, where the oldest message begins of which the end was not there.
type mark struct {
	Frontier, Resume place
	Ways             []kept
	Finished         bool
}

// place is one in the files of a run.
type place struct {
	File uint32
	At   int64
}

func (p place) before(q place) bool { return p.File < q.File || p.File == q.File && p.At < q.At }

// kept is a way that goes on.
type kept struct {
	wayID
	Peer, To     string
	Done, Record int64
}

// wayID is one direction of one connection of a run.
type wayID struct {
	Conn uint64
	Back bool
}

func (f *follower) newRun(id string) *run { return &run{follower: f, id: id, ways: map[wayID]*way{}} }

// recall goes on where mark says.
func (r *run) recall() {
	r.at, r.before, r.finished = r.mark.Resume, r.mark.Frontier, r.mark.Finished
	for _, k := range r.mark.Ways {
		w := r.newWay(k.wayID, k.Peer, k.To)
		w.base, w.next, w.done, w.taker.record = k.Done, k.Done, k.Done, k.Record
		r.ways[k.wayID] = w
	}
}

// step takes in a part of what is there, and waits until it is durable.
func (r *run) step(ctx context.Context) (moved bool, err error) {
	const most = 128 << 10 // a node that is killed takes it in again
	r.bytes = 0
	for r.bytes < most && !r.finished {
		b, at, err := r.next()
		if errors.Is(err, spool.ErrMore) {
			break
		}
		if err == nil {
			err = r.block(ctx, &b, at)
		}
		if err != nil {
			return false, err
		}
		moved = true
	}
	r.loss.tell(r.log)
	late, err := r.late(ctx)
	if err != nil {
		return false, err
	}
	if !moved && !late && r.finished == r.mark.Finished {
		return false, nil
	}
	for _, receipt := range r.receipts {
		if _, err := receipt.Wait(ctx); err != nil {
			return false, err // all since the mark is read again
		}
	}
	r.receipts = r.receipts[:0]
	if !r.at.before(r.before) {
		r.note()
	}
	return moved, nil
}

// note sets the mark to what is durable now.
func (r *run) note() {
	r.moved = true
	r.mark = mark{Frontier: r.at, Resume: r.at, Finished: r.finished}
	for id, w := range r.ways {
		if w.open && w.began.before(r.mark.Resume) {
			r.mark.Resume = w.began
		}
		r.mark.Ways = append(r.mark.Ways, kept{id, w.peer, w.to, w.done, w.taker.record})
	}
}

// next returns the next block, from whichever file it stands in, and where; spool.ErrMore when there is none yet.
func (r *run) next() (spool.Block, place, error) {
	for {
		if err := r.openFile(); err != nil {
			return spool.Block{}, place{}, err
		}
		at := r.at
		b, err := r.file.Block(at.At)
		switch {
		case err == nil && (b.Kind == spool.Closed || b.Kind == spool.Ended):
			r.turn()
			return b, at, nil
		case err == nil:
			r.at.At = b.Next
			return b, at, nil
		case !errors.Is(err, spool.ErrMore) || !r.there.Over && !r.isBehind():
			return spool.Block{}, place{}, err
		}
		// Nobody writes here any more.
		torn, err := r.file.Torn(at.At)
		if err != nil {
			return spool.Block{}, place{}, err
		}
		r.turn()
		if torn > 0 {
			return spool.Block{Kind: spool.Damaged, At: at.At, Next: at.At + torn}, at, nil
		}
	}
}

// isBehind tells whether a later file is there than the one that is read.
func (r *run) isBehind() bool {
	last := len(r.there.Files) - 1
	return last >= 0 && r.there.Files[last] > r.at.File
}

// turn goes on to the next file.
func (r *run) turn() {
	r.closeFile()
	r.at = place{File: r.at.File + 1}
}

func (r *run) closeFile() {
	if r.file != nil {
		_ = r.file.Close() // it was only read
		r.file = nil
	}
}

// openFile opens the file at which reading is, or the first that is there of those behind it.
func (r *run) openFile() error {
	if r.file != nil {
		return nil
	}
	for _, n := range r.there.Files {
		if n < r.at.File {
			continue
		}
		if n > r.at.File {
			r.missing()
			r.at = place{File: n}
		}
		f, err := spool.Open(r.c.Spool, r.id, n, r.key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r.file = f
		return err
	}
	if r.there.Over {
		r.finished = true
		if r.at.before(r.before) { // what was to be read again was taken away
			r.at = r.before
		}
	}
	return spool.ErrMore
}

// missing books that a file was taken away.
func (r *run) missing() {
	if !r.at.before(r.before) {
		r.own().Drop(1, "a file of the tap's spool is missing")
	}
}

// own is who has the books of what nobody can tell whose it was.
func (r *run) own() *collect.Sender { return r.in.Sender(r.follower.id(), true) }

// clear removes the files that are not needed any more, and tells whether nothing is left of the run.
func (r *run) clear() (over bool, err error) {
	if !r.mark.Finished {
		for _, n := range r.there.Files {
			if n < r.mark.Resume.File {
				err = errors.Join(err, spool.Remove(r.c.Spool, r.id, n))
			}
		}
		return false, err
	}
	for _, n := range r.there.Files {
		err = errors.Join(err, spool.Remove(r.c.Spool, r.id, n))
	}
	if err == nil {
		err = spool.RemoveRun(r.c.Spool, r.id)
	}
	return err == nil, err
}

// nonce names messages without a name of their own, the same whenever they are read.
func (r *run) nonce(id wayID) string {
	return r.id + "/" + strconv.FormatUint(id.Conn, 10) + "/" + strconv.FormatBool(id.Back)
}

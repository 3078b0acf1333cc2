package journal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/journal/tree"
	"github.com/wardline/wardline/internal/journal/wal"
)

// plantInterval is how long leaves wait in the write-ahead log for others to go into the tree with them.
const plantInterval = 100 * time.Millisecond

func walPath(dir string) string { return filepath.Join(dir, "wal") }

// planter keeps leaves in the write-ahead log, and puts them into the tree some time later. An index is given when a leaf is kept, and the tree must give the same.
type planter struct {
	tree  *tree.Tree
	wake  chan struct{} // has an element when leaves wait
	full  chan struct{} // has an element when the log has no room for more
	ended chan struct{} // closed by end

	mu     sync.Mutex
	room   *sync.Cond // on mu: the log has turned, or failure is set
	ahead  *wal.Log   // guarded by mu
	next   uint64     // guarded by mu: index of the next leaf
	leaves [][]byte   // guarded by mu: kept, and not on their way into the tree
	failed error      // guarded by mu
}

func newPlanter(t *tree.Tree, ahead *wal.Log, size uint64) *planter {
	p := &planter{tree: t, ahead: ahead, next: size, wake: make(chan struct{}, 1), full: make(chan struct{}, 1), ended: make(chan struct{})}
	p.room = sync.NewCond(&p.mu)
	return p
}

// keep makes leaves durable and returns the index of the first. It waits when too many have yet to go into the tree.
func (p *planter) keep(leaves [][]byte) (first uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first = p.next
	for len(leaves) > 0 && p.failed == nil {
		n := p.ahead.Fit(leaves)
		if n == 0 {
			signal(p.full)
			p.room.Wait()
			continue
		}
		if p.failed = p.ahead.Append(p.next, leaves[:n]); p.failed != nil {
			break
		}
		p.leaves, p.next, leaves = append(p.leaves, leaves[:n]...), p.next+uint64(n), leaves[n:]
		signal(p.wake)
	}
	return first, p.failed
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run puts leaves into the tree until end is called, then what is left, or until that fails.
func (p *planter) run(ctx context.Context) error {
	for {
		ending := p.rest()
		first, leaves, err := p.turn()
		if err == nil && len(leaves) > 0 {
			err = plant(ctx, p.tree, first, leaves)
		}
		if err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = errors.Join(p.failed, err)
			p.room.Broadcast()
			return err
		}
		if ending && len(leaves) == 0 {
			return nil
		}
	}
}

// end has run end.
func (p *planter) end() { close(p.ended) }

// rest waits until leaves wait, and a while longer for others, but not when the log is full or the end has come.
func (p *planter) rest() (ending bool) {
	select {
	case <-p.wake:
	case <-p.ended:
		return true
	}
	pause := time.NewTimer(plantInterval)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-p.full:
	case <-p.ended:
		return true
	}
	return false
}

// turn returns the leaves that wait, with the index of the first, and makes room for others.
func (p *planter) turn() (first uint64, leaves [][]byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if leaves = p.leaves; len(leaves) > 0 {
		p.leaves, err = nil, p.ahead.Turn()
		p.room.Broadcast()
	}
	return p.next - uint64(len(leaves)), leaves, err
}

// plant puts leaves into the tree, of which the first must get that index. They are durable there when it returns.
func plant(ctx context.Context, t *tree.Tree, first uint64, leaves [][]byte) error {
	if err := t.Ready(); err != nil {
		return fmt.Errorf("write a leaf: %w", err)
	}
	wait := make([]func() (uint64, error), len(leaves))
	for i, leaf := range leaves {
		wait[i] = t.Add(ctx, leaf)
	}
	var failure error
	for i := range wait {
		index, err := wait[i]()
		if err == nil && index != first+uint64(i) {
			err = fmt.Errorf("%w (entry %d is entry %d in its log)", ErrLost, first+uint64(i), index)
		}
		failure = errors.Join(failure, err)
	}
	// XFS says that a folder was synced when it was not, if an error of the disk has just shut the file system
	// down. Then nothing can be opened any more, so that is asked last.
	if failure = errors.Join(failure, t.Ready()); failure != nil {
		return fmt.Errorf("write a leaf: %w", failure)
	}
	return nil
}

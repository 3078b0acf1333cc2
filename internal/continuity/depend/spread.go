package depend

import (
	"cmp"
	"container/heap"
	"time"
)

// failure is when and through what a thing fails, counted from some moment.
type failure struct {
	after   time.Duration
	through int // edge by which it failed; -1 for what broke by itself
}

// spread follows what breaks to all that rests on it: a thing fails when something that it needs is gone for as long as it goes on without, or the
// last of those of which one is enough. Circles end where a thing already failed. broken is what broke by itself, and when. It visits nothing that
// holds.
func (g *Graph) spread(broken map[int]time.Duration) map[int]failure {
	failed := map[int]failure{}
	queue := &byTime{}
	for n, after := range broken {
		heap.Push(queue, failing{n, failure{after, -1}})
	}
	left := map[int]int{} // members of a group that still hold
	last := map[int]time.Duration{}
	for queue.Len() > 0 {
		f := heap.Pop(queue).(failing)
		if _, already := failed[f.node]; already {
			continue
		}
		failed[f.node] = f.failure
		for _, e := range g.users[f.node] {
			if !g.counts(e) {
				continue
			}
			after := f.after + g.bridges(e)
			if in := g.groupOf[e]; in >= 0 {
				if _, known := left[in]; !known {
					left[in], last[in] = g.groups[in], after
				}
				left[in]--
				last[in] = max(last[in], after) // the one that goes last may be bridged for a shorter time
				if left[in] > 0 {
					continue
				}
				after = last[in]
			}
			heap.Push(queue, failing{g.ends[e][0], failure{after, e}})
		}
	}
	return failed
}

// failing is a thing that waits to fail.
type failing struct {
	node int
	failure
}

// byTime is a queue of things, the first to fail first; at one time by the edge, so that the way is always the same.
type byTime []failing

func (q byTime) Len() int { return len(q) }
func (q byTime) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].after, q[j].after), cmp.Compare(q[i].through, q[j].through), cmp.Compare(q[i].node, q[j].node)) < 0
}
func (q byTime) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *byTime) Push(x any)   { *q = append(*q, x.(failing)) }
func (q *byTime) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// walk is how failures spread without a clock, again and again over one map: it asks which things fail, not when.
type walk struct {
	g     *Graph
	round int
	seen  []int // by node, the round in which it failed
	steps []int // by node, from what broke by itself
	begun []int // by group, the round in which one of it failed
	left  []int // by group, members that still hold
	list  []int // what failed in this round, in that order
}

func (g *Graph) walk() *walk {
	return &walk{g: g, seen: make([]int, len(g.nodes)), steps: make([]int, len(g.nodes)), begun: make([]int, len(g.groups)), left: make([]int, len(g.groups))}
}

// from lists what fails when these break, by links, up to the first at which stop is true. The list is good until the next call.
func (w *walk) from(broken []int, links, stop func(int) bool) (failed []int, stopped bool) {
	w.round++
	w.list = w.list[:0]
	for _, n := range broken {
		w.fail(n, 0)
	}
	for i := 0; i < len(w.list); i++ {
		n := w.list[i]
		if stop(n) {
			return w.list, true
		}
		for _, e := range w.g.users[n] {
			user := w.g.ends[e][0]
			if w.seen[user] == w.round || !links(e) || w.holds(w.g.groupOf[e]) {
				continue
			}
			w.fail(user, w.steps[n]+1)
		}
	}
	return w.list, false
}

func (w *walk) fail(n, steps int) {
	if w.seen[n] != w.round {
		w.seen[n], w.steps[n] = w.round, steps
		w.list = append(w.list, n)
	}
}

// holds takes one member from a group, and tells whether another is left.
func (w *walk) holds(group int) bool {
	if group < 0 {
		return false
	}
	if w.begun[group] != w.round {
		w.begun[group], w.left[group] = w.round, w.g.groups[group]
	}
	w.left[group]--
	return w.left[group] > 0
}

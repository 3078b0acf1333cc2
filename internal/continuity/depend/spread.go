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
// last of those of which one is enough. Circles end where a thing already failed. broken is what broke by itself, and when; links tells by which edges
// failures spread. It visits nothing that holds.
func (g *Graph) spread(broken map[int]time.Duration, links func(edge int) bool) map[int]failure {
	failed := map[int]failure{}
	queue := &byTime{}
	for n, after := range broken {
		heap.Push(queue, failing{n, failure{after, -1}})
	}
	left := map[group]int{} // members of a group that still hold
	last := map[group]time.Duration{}
	for queue.Len() > 0 {
		f := heap.Pop(queue).(failing)
		if _, already := failed[f.node]; already {
			continue
		}
		failed[f.node] = f.failure
		for _, e := range g.users[f.node] {
			if !links(e) {
				continue
			}
			after := f.after + g.bridges(e)
			if in := (group{g.ends[e][0], g.edges[e].AnyOf}); in.name != "" {
				if _, known := left[in]; !known {
					left[in], last[in] = g.members(in), after
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

// group is a node's needs of which one is enough.
type group struct {
	node int
	name string
}

func (g *Graph) members(in group) (n int) {
	for _, e := range g.needs[in.node] {
		if g.edges[e].AnyOf == in.name && g.counts(e) {
			n++
		}
	}
	return n
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

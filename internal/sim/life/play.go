package life

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/wardline/wardline/internal/sim/world"
)

// shards is how many parts a day is made in. It is fixed, so that the number of processors changes nothing.
const shards = 16

// Play plays all days, one after the other.
func (h *Hospital) Play(ctx context.Context, to Sinks) error {
	h.settle()
	for day := range h.c.Days {
		if err := ctx.Err(); err != nil {
			return err
		}
		h.dawn(day)
		h.plan(h.date)
		h.tell(day)
		d := h.gather()
		if err := h.write(d, to); err != nil {
			return err
		}
		if to.Day != nil {
			if err := to.Day(day, h.dayEnd.time()); err != nil {
				return err
			}
		}
	}
	return h.conclude(to)
}

// dawn begins a day.
func (h *Hospital) dawn(day int) {
	h.today, h.date = day, h.World.From+world.Day(day)
	h.dayStart, h.dayEnd = momentOf(h.World.At(h.date, 0, 0)), momentOf(h.World.At(h.date+1, 0, 0))
	for i := range h.rosters {
		if d := h.date + world.Day(i-1); h.rosters[i] == nil || h.rosters[i].Day != d {
			if i+1 < len(h.rosters) && h.rosters[i+1] != nil && h.rosters[i+1].Day == d {
				h.rosters[i] = h.rosters[i+1]
				continue
			}
			h.rosters[i] = h.World.Roster(d)
		}
	}
	h.forget()
}

// forget lets go of what nobody looks at any more.
func (h *Hospital) forget() {
	keep, billers := h.lately[:0], h.World.OfJob("BIL")
	for _, v := range h.lately {
		gone := v.To.Before(h.dayStart.time())
		if gone {
			delete(h.lying, v.Person)
			v.rx = nil
			h.past = append(h.past, v)
			h.enrol(v)
			if v.Family != nil && !v.NoShow {
				h.ofFamily[v.Family] = append(h.ofFamily[v.Family], v)
			}
			if len(billers) > 0 && !v.NoShow {
				who := billers[world.Mix(uint64(v.Person), 0x6269)%uint64(len(billers))]
				h.accounts[who] = append(h.accounts[who], v)
			}
			continue
		}
		keep = append(keep, v)
	}
	h.lately = keep
	const most = 90_000
	if n := len(h.past) - most; n > 0 {
		h.past = slices.Delete(h.past, 0, n)
	}
	trim(h.ofFamily, 40)
	trim(h.accounts, 300)
}

// trim keeps the last of each.
func trim(of map[*world.Staff][]*Visit, most int) {
	for who, all := range of {
		if n := len(all) - most; n > 0 {
			of[who] = slices.Delete(all, 0, n)
		}
	}
}

// gather does the chores of the day, each part by itself, and puts together what came of them.
func (h *Hospital) gather() *batch {
	due := h.due[h.date]
	delete(h.due, h.date)
	slices.SortFunc(due, func(a, b chore) int {
		return cmp.Or(cmp.Compare(a.visit.id, b.visit.id), cmp.Compare(a.kind, b.kind))
	})
	parts := make([]*batch, 2*shards)
	for i := range parts {
		parts[i] = &batch{h: h}
	}
	ready := make(chan int, len(parts))
	for i := range parts {
		ready <- i
	}
	close(ready)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range ready {
				h.part(parts[i], i, due)
			}
		})
	}
	all.Wait()
	day := &h.carried
	for _, p := range parts {
		day.says = append(day.says, p.says...)
		day.looks = append(day.looks, p.looks...)
		day.lists = append(day.lists, p.lists...)
		day.pulls = append(day.pulls, p.pulls...)
		for _, c := range p.next {
			h.later(c.day, c.kind, c.visit)
		}
		for _, change := range p.effects {
			change()
		}
	}
	h.putRight(day)
	return day
}

// part does one part of the day: the chores of some visits, or the offices' work of some people.
func (h *Hospital) part(b *batch, i int, due []chore) {
	if i < shards {
		for _, c := range due {
			if int(c.visit.id%shards) == i {
				b.do(c)
			}
		}
		return
	}
	for n := range h.rosters[1].Shifts {
		if n%shards == i-shards {
			b.offices(&h.rosters[1].Shifts[n])
		}
	}
}

// before is how many days are lived before the first one that is played.
const before = 45

// settle fills the house before the first day: those who lie in it, and those whose bills are still open.
func (h *Hospital) settle() {
	h.prepare()
	for d := h.World.From - before; d < h.World.From; d++ {
		h.date = d
		h.dayStart, h.dayEnd = momentOf(h.World.At(d, 0, 0)), momentOf(h.World.At(d+1, 0, 0))
		if d == h.World.From-before {
			h.rosters = [3]*world.Roster{h.World.Roster(d - 1), h.World.Roster(d), h.World.Roster(d + 1)}
		}
		h.plan(d)
	}
	h.tidy()
}

// tidy turns what was due before the first day into what is still to be done.
func (h *Hospital) tidy() {
	b := &batch{h: h}
	first := h.World.At(h.World.From, 0, 0)
	for d := h.World.From - 60; d < h.World.From; d++ {
		for _, c := range h.due[d] {
			v := c.visit
			b.r = h.World.Rand(v.id, 0x74)
			switch {
			case c.kind == bookIt || v.NoShow:
			case v.To.After(first) && v.Class == 'I':
				h.later(h.World.From, stayIt, v)
			case v.To.Before(first):
				b.afterwards(v)
			}
		}
		delete(h.due, d)
	}
	for _, c := range b.next {
		if c.day >= h.World.From {
			h.later(c.day, c.kind, c.visit)
		}
	}
}

package privacy

import (
	"cmp"
	"container/heap"
)

// agenda is what is to be judged, the earliest first.
type agenda struct{ list appointments }

// appointment is when a sheet was to be judged. The sheet may have put it off, or brought it forward, since.
type appointment struct {
	due   int64
	key   key
	sheet *sheet
}

// add has a sheet come up when it is due.
func (a *agenda) add(s *sheet) {
	if s.queued != 0 && s.queued <= s.due {
		return // it is looked at then, and put back
	}
	s.queued = s.due
	heap.Push(&a.list, appointment{s.due, s.key, s})
}

// next takes the sheet out that is due first, if any is at that time.
func (a *agenda) next(at int64) *sheet {
	for len(a.list) > 0 && a.list[0].due <= at {
		top, _ := heap.Pop(&a.list).(appointment)
		s := top.sheet
		if s.gone || s.queued != top.due {
			continue
		}
		s.queued = 0
		if s.due <= at {
			return s
		}
		a.add(s)
	}
	return nil
}

// appointments are a heap.
type appointments []appointment

func (l appointments) Len() int      { return len(l) }
func (l appointments) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l appointments) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(l[i].due, l[j].due), l[i].key.compare(l[j].key)) < 0
}
func (l *appointments) Push(x any) {
	if a, ok := x.(appointment); ok {
		*l = append(*l, a)
	}
}
func (l *appointments) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	(*l)[last] = appointment{}
	*l = (*l)[:last]
	return x
}

package score

import (
	"maps"
	"slices"
)

// bareRules weighs a touch by how many of the rules hold that older systems alarm on (Boxwala 2011: co-worker, VIP, family,
// neighbour, no recent visit), whatever explains it.
func bareRules(t *Touch) float64 {
	n := 0.0
	for _, flag := range t.Flags {
		switch flag {
		case "F02", "F04", "F05", "F06", "F07", "F10":
			n++
		}
	}
	return n
}

// volume weighs a touch by how unusual the number of the account's patients was that day.
func volume(t *Touch) float64 { return t.Volume }

// baseline looks at the touches of each day by weight alone, one case for each account, as many a day as people can look at, or more
// where more cases were opened: what is urgent comes on top, and what waits is opened when the last day is over.
func (t *Truth) baseline(touches []Touch, w Window, cases int, weigh func(*Touch) float64) Baseline {
	type pick struct {
		weight  float64
		chance  uint64
		user    string
		patient []string
	}
	days, all := map[string]map[string]*pick{}, map[string]bool{}
	for i := range touches {
		touch := &touches[i]
		if !w.day(touch.Day) {
			continue
		}
		all[touch.Day] = true
		weight := weigh(touch)
		if weight == 0 {
			continue
		}
		if days[touch.Day] == nil {
			days[touch.Day] = map[string]*pick{}
		}
		p := days[touch.Day][touch.User]
		if p == nil {
			p = &pick{user: touch.User, chance: chance(touch.Day, touch.User)}
			days[touch.Day][touch.User] = p
		}
		if weight > p.weight {
			p.weight, p.patient = weight, nil
		}
		if weight == p.weight {
			p.patient = append(p.patient, touch.Patient)
		}
	}
	var b Baseline
	found := map[string]bool{}
	each := max(w.PerDay, (cases+len(all)-1)/max(len(all), 1))
	for _, day := range slices.Sorted(maps.Keys(days)) {
		picks := slices.SortedFunc(maps.Values(days[day]), func(a, b *pick) int {
			switch {
			case a.weight != b.weight:
				return compare(b.weight, a.weight)
			case a.chance < b.chance:
				return -1
			}
			return 1
		})
		for _, p := range picks[:min(len(picks), each)] {
			b.Cases++
			right := false
			for i := range t.Tales {
				if tale := &t.Tales[i]; theft(tale) && day >= w.dayOf(tale.Start) && day <= w.dayOf(tale.End) &&
					slices.ContainsFunc(p.patient, func(patient string) bool { return concerns(tale, p.user, patient) }) {
					right, found[tale.ID] = true, true
				}
			}
			if right {
				b.Right++
			}
		}
	}
	b.Found = len(found)
	for i := range t.Tales {
		if theft(&t.Tales[i]) {
			b.Stories++
		}
	}
	return b
}

func compare(a, b float64) int {
	if a < b {
		return -1
	}
	return 1
}

// chance puts equals in an order that nothing about them decides (FNV-1a).
func chance(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

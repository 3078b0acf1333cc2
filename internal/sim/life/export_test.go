package life

import "github.com/wardline/wardline/internal/sim/world"

// AllVisits lists all visits since the play began, and those of the weeks before.
func (h *Hospital) AllVisits() []*Visit {
	var all []*Visit
	for _, of := range h.visits {
		all = append(all, of...)
	}
	return all
}

// Visited tells whether somebody has had a visit.
func (h *Hospital) Visited(p world.Person) bool { return len(h.visits[p]) > 0 }

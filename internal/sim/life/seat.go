package life

import (
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Seat is the machine at which somebody sits at a time, and its address, as the record system sees them: other systems
// see the same.
func (s *Stage) Seat(who *world.Staff, at time.Time) (workstation, ip string) {
	var r feed.AccessRow
	s.h.who(&r, who, s.moment(at), false)
	return r.Workstation, r.IP
}

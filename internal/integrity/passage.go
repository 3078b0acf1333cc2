package integrity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/route"
)

// RouteConfig is a way that messages take, with the two points at which Wardline hears them: such as a tap at the laboratory, and one in front of the
// record.
type RouteConfig struct {
	Name string `yaml:"name"`
	// From and To are the senders that are heard in front and behind: ids of senders, or names of sources, which stand for all of theirs.
	From []string `yaml:"from"`
	To   []string `yaml:"to"`
	// Learn is how long the ways of the interface engine between them are learned: 336h when left out.
	Learn time.Duration `yaml:"learn"`
	// Patience is how long a message may be on its way before it counts as lost: 10m when left out.
	Patience time.Duration `yaml:"patience"`
	// Maps are the translations of clinical fields that the engine is to make, such as codes of tests. They are never learned.
	Maps []route.Map `yaml:"maps"`
}

// Check says what is wrong with the configuration of a route.
func (c *RouteConfig) Check() error {
	switch {
	case c.Name == "":
		return errors.New("a route needs a name")
	case len(c.From) == 0 || len(c.To) == 0:
		return fmt.Errorf("route %s: from and to each name the senders that are heard there", c.Name)
	case slices.ContainsFunc(c.From, func(id string) bool { return slices.Contains(c.To, id) }):
		return fmt.Errorf("route %s: the same sender stands in from and in to", c.Name)
	case c.Learn < 0 || c.Patience < 0:
		return fmt.Errorf("route %s: learn and patience are not below 0", c.Name)
	}
	for _, m := range c.Maps {
		if m.Field == "" || m.From == m.To {
			return fmt.Errorf("route %s: a map names a field, such as OBX-3.1, and what it says before and behind", c.Name)
		}
	}
	return nil
}

// passage is a route that is being followed.
type passage struct {
	cfg   RouteConfig
	route *route.Route
	heard []heard // in front, oldest first
	told  allowance
}

// heard is where a message in front stands in the journal.
type heard struct {
	at    time.Time
	entry uint64
}

// again is for how long messages in front are heard again after a start, if they came out long since.
const again = time.Hour

func newPassage(c RouteConfig, secret []byte) *passage {
	return &passage{cfg: c, route: route.New(route.Config{Learn: c.Learn, Patience: c.Patience, Maps: c.Maps, Secret: secret})}
}

// hear has the route judge a message that was heard at one of its points.
func (p *passage) hear(ev *event.Event, m *hl7.Message, at hospital.Place) []route.Outcome {
	point, ours := p.point(ev.Source)
	if !ours {
		return nil
	}
	if point == route.Before {
		p.heard = append(p.heard, heard{ev.Observed, at.Entry})
	}
	out := p.route.Tick(ev.Observed)
	return append(out, p.route.Hear(point, m, idOf(at, ev.ID), ev.Observed)...)
}

func (p *passage) point(sender string) (route.Point, bool) {
	switch {
	case listed(p.cfg.From, sender):
		return route.Before, true
	case listed(p.cfg.To, sender):
		return route.After, true
	}
	return 0, false
}

// listed tells whether a sender is in a list, or the source that it came in by.
func listed(list []string, sender string) bool {
	for _, id := range list {
		if sender == id || strings.HasPrefix(sender, id) && strings.HasPrefix(sender[len(id):], "/") {
			return true
		}
	}
	return false
}

// from is the entry from which on messages have to be heard again after a start.
func (p *passage) from(now time.Time, next uint64) uint64 {
	open := p.route.Open()
	i := 0
	for i < len(p.heard) && p.heard[i].at.Before(now.Add(-again)) && (open.IsZero() || p.heard[i].at.Before(open)) {
		i++
	}
	p.heard = slices.Delete(p.heard, 0, i)
	if len(p.heard) == 0 {
		return next
	}
	return p.heard[0].entry
}

// allowance bounds how much of one kind is told in an hour: an engine whose translations nobody has typed in yet differs in every message, and the
// hundredth says no more than the first.
type allowance struct {
	hour  time.Time
	count map[route.Kind]int
}

const mostTold = 100 // of one kind and route in an hour

func (a *allowance) take(k route.Kind, at time.Time) bool {
	if hour := at.Truncate(time.Hour); !hour.Equal(a.hour) {
		a.hour, a.count = hour, map[route.Kind]int{}
	}
	a.count[k]++
	return a.count[k] <= mostTold
}

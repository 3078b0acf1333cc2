package life

import (
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// prepare lays out what the days need.
func (h *Hospital) prepare() {
	w := h.World
	h.habits, h.conditions, h.undocumented = habits(), conditions(), 1.5
	h.accounts = map[*world.Staff][]*Visit{}
	h.wardsOf, h.clinicsOf, h.serving = map[string][]*world.Unit{}, map[string][]*world.Unit{}, map[string][]*world.Unit{}
	h.due, h.visits, h.lying = map[world.Day][]chore{}, map[world.Person][]*Visit{}, map[world.Person]bool{}
	h.namesakes, h.ofFamily, h.met = map[string][]*Visit{}, map[*world.Staff][]*Visit{}, map[uint64]bool{}
	h.left = map[*world.Staff]world.Day{}
	h.carried.h = h
	h.canaries = h.traps()
	h.members = make([][]world.Person, h.protocols())
	for _, u := range w.Units {
		switch u.Kind {
		case world.Ward:
			h.wardsOf[u.Service] = append(h.wardsOf[u.Service], u)
			h.serving[u.Service] = append(h.serving[u.Service], u)
		case world.ClinicRoom:
			h.clinicsOf[u.Service] = append(h.clinicsOf[u.Service], u)
			h.serving[u.Service] = append(h.serving[u.Service], u)
		case world.Emergency:
			h.serving[u.Service] = append(h.serving[u.Service], u)
		}
		h.beds = append(h.beds, make([]time.Time, u.Beds))
	}
	office := w.Unit("OFFICE")
	or := func(code string) *world.Unit {
		if u := w.Unit(code); u != nil {
			return u
		}
		return office
	}
	h.scheduling, h.registration, h.coding = w.Unit("SCHED"), w.Unit("REG"), w.Unit("CODE")
	h.billing, h.records = or("BILL"), or("HIM")
	h.stockUp()
	h.certify()
	h.schedule()
	h.misfortunes()
}

// misfortunes are what goes wrong in every hospital: once a feed is lost for thirty hours, and once there is a planned
// downtime of four, after which what was written on paper is entered.
func (h *Hospital) misfortunes() {
	if h.c.Days < 14 || h.World.Size == world.Clinic {
		return
	}
	r := h.World.Rand(0x6d6973)
	lost := []feed.Feed{feed.Lab, feed.Imaging, feed.Documents, feed.Scheduling}[r.IntN(4)]
	from := momentOf(h.World.At(h.World.From+world.Day(6+r.IntN(6)), r.IntN(24), r.IntN(60)))
	h.silences = append(h.silences, silence{feed: lost, from: from, to: from + 30*hour})
	down := momentOf(h.World.At(h.World.From+4, 2, 0))
	for _, f := range []feed.Feed{feed.ADT, feed.Orders, feed.Documents, feed.Pharmacy} {
		h.delays = append(h.delays, delay{feed: f, from: down, to: down + 4*hour, by: 4*hour + 20*minute, planned: true})
	}
}

// delay holds back what a feed says.
type delay struct {
	feed     feed.Feed
	from, to moment
	by       moment
	planned  bool
}

// silence is a time in which a feed says nothing.
type silence struct {
	feed     feed.Feed
	part     string // that alone says nothing; empty when it is all of the feed
	from, to moment
	late     bool // it is said afterwards
	tale     int16
	told     bool // the truth knows of it
}

// telling is a story of this run.
type telling struct {
	Story
	from  int // its first day, of the run
	stage *Stage
	on    map[int][]func() // what goes on on which day of the run
	told  bool
	seq   uint64
	id    uint64
}

// schedule decides when each story begins: after the days of learning, unless it needs more days than are left.
func (h *Hospital) schedule() {
	for i, s := range h.c.Stories {
		from := min(h.c.Learn, max(0, h.c.Days-max(s.Days, 1)))
		t := &telling{Story: s, from: from, on: map[int][]func(){}}
		t.id = world.Mix(h.World.Seed, hashText(s.ID))
		t.stage = &Stage{Rand: h.World.Rand(0x73746f72, hashText(s.ID)), h: h, telling: t, index: int16(i + 1)}
		t.stage.tale = &Tale{ID: s.ID, Title: s.Title, Harm: s.Harm, Flags: s.Flags, Detector: s.Detector, Target: s.Target.String(), Case: s.Case}
		h.stories = append(h.stories, t)
		if s.Ahead != nil {
			s.Ahead(t.stage)
		}
	}
}

func hashText(text string) uint64 {
	x := uint64(len(text))
	for i := range len(text) {
		x = world.Mix(x, uint64(text[i]))
	}
	return x
}

// tell goes on with the stories whose day it is.
func (h *Hospital) tell(day int) {
	for _, t := range h.stories {
		if !t.told && day >= t.from {
			t.told = true
			if t.Run != nil {
				t.Run(t.stage)
			}
		}
		next := t.on[day]
		delete(t.on, day)
		for _, f := range next {
			f()
		}
	}
}

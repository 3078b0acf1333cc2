package continuity

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/answer"
	"github.com/wardline/wardline/internal/continuity/crowd"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/hush"
	"github.com/wardline/wardline/internal/continuity/pair"
	"github.com/wardline/wardline/internal/continuity/sibling"
	"github.com/wardline/wardline/internal/continuity/stage"
	"github.com/wardline/wardline/internal/continuity/synthetic"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// EngineConfig says how the house lives.
type EngineConfig struct {
	Services *depend.Catalogue        // by which feeds are known
	Zone     *time.Location           // of its weeks and days; UTC when nil
	Holiday  func(day time.Time) bool // whether a day, given by its local midnight, goes like a Sunday; nil: none does
	// Planned says whether the house is down on purpose at that time, and when that changes next; nil: it never is.
	Planned func(at time.Time) (down bool, next time.Time)
	// Secret keeps what is remembered of messages from being guessed.
	Secret []byte
	// Shown is a name as it may be shown: messages that lost a part name patients where systems belong. nil: as it is.
	Shown func(name string) string
}

// Engine hears what systems say, one event after the other, and tells what disrupts care. It reads no clock and keeps nothing on a disk: a
// Room does. It is used by one goroutine at a time.
type Engine struct {
	cfg      EngineConfig
	listener *listener
	feeds    map[string]*feed
	order    []*feed // as they were first heard
	ways     map[string]*way
	channels map[string]*channel
	units    map[uint64]uint64 // what was said of each by feeds of the gravest class, by a hash of its name
	machines map[string]*machine
	links    map[string]*link
	stages   *stage.Book
	logs     *hush.Watch
	tests    *synthetic.Watch
	siblings *sibling.Watch
	halved   time.Time // until when feeds were held against each other
	pairs    *pair.Book
	crowd    *crowd.Book
	crowded  int       // messages of feeds beyond mostFeeds
	clock    time.Time // latest time that was heard of
	weeded   time.Time // when what is long gone was forgotten last
	gone     []gone    // since it was written
}

// gone is what is known no more: the id of a feed, a way or a link.
type gone struct{ table, id string }

// forget is how long nothing must have been heard of something so that it is forgotten: by then nothing of its week is remembered either. A feed that
// was switched off for good is silent until then, and no longer.
const forget = 60 * 24 * time.Hour

// way is where messages are answered.
type way struct {
	id      string
	flow    *answer.Flow
	numbers numbers
}

// NewEngine returns an Engine that has heard nothing.
func NewEngine(cfg EngineConfig) *Engine {
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Engine{
		cfg: cfg, listener: newListener(cfg.Secret), feeds: map[string]*feed{}, ways: map[string]*way{}, channels: map[string]*channel{}, units: map[uint64]uint64{}, machines: map[string]*machine{}, links: map[string]*link{},
		stages: stage.New(), logs: hush.New(), tests: synthetic.NewWatch(), siblings: sibling.New(), pairs: pair.New(pair.Config{Zone: cfg.Zone, Holiday: cfg.Holiday}), crowd: crowd.New(crowd.Config{Zone: cfg.Zone, Holiday: cfg.Holiday}),
	}
}

// Event takes an event, at the time when it was received.
func (e *Engine) Event(ev *event.Event) []Sign {
	at := ev.Observed
	if at.Before(e.clock) {
		at = e.clock
	}
	e.clock = at
	out := append(e.engineSays(ev, at), e.machineSays(ev, at)...)
	e.logHeard(ev, at)
	h := e.listener.hear(ev)
	if h.test != nil {
		return append(out, e.wayTold(e.tests.Heard(*h.test, at), at)...)
	}
	if h.feed != "" {
		if f := e.feed(&h, at); f != nil {
			out = append(out, f.hear(e, &h, at)...)
			e.linked(f, &h, at)
			out = append(out, e.paired(&h, f, at)...)
		}
	}
	if h.asked != "" && h.control != 0 {
		out = append(out, e.answers(h.asked, at, func(f *answer.Flow) []answer.Trouble { return f.Asked(h.control, at) })...)
		if w := e.ways[h.asked]; w != nil && h.number >= 0 {
			w.numbers.take(h.number, at)
		}
	}
	if h.answered != "" {
		out = append(out, e.answers(h.answered, at, func(f *answer.Flow) []answer.Trouble {
			if h.timed && h.code == "" {
				return f.Missed(at)
			}
			if h.timed {
				return f.Took(h.code, h.took, at)
			}
			return f.Answered(h.control, h.code, at)
		})...)
	}
	return out
}

// Finding takes what another watcher found: it may be a stage of an attack.
func (e *Engine) Finding(f *finding.Finding, at time.Time) []Sign {
	if !weighty(f.Rule.Level) {
		return nil
	}
	t := stage.Trace{ID: f.ID + " " + at.UTC().Format(time.DateOnly), At: at, Title: f.Rule.Title, Tags: f.Rule.Tags}
	for _, kind := range []string{"host", "user", "ip"} {
		for _, name := range f.Entities[kind] {
			t.Entities = append(t.Entities, kind+" "+strings.ToLower(name))
		}
	}
	return e.staged(t, f.Rule.Level == "critical")
}

// staged tells what a trace makes of a campaign. Where it is all that there is of it, whoever found it may have called a person already.
func (e *Engine) staged(t stage.Trace, called bool) []Sign {
	c, told := e.stages.Take(t)
	if !told || len(c.Stages) == 1 && called {
		return nil
	}
	s := Sign{Kind: Staged, About: "campaign " + c.ID, Name: "attack in stages", Class: Hour, At: t.At, Since: c.Traces[0].At, Deed: c.Deadly, Count: len(c.Traces), Entities: c.Entities}
	for _, g := range c.Stages {
		s.Stages = append(s.Stages, g.String())
	}
	for i := range c.Traces {
		s.Findings = append(s.Findings, c.Traces[i].Title)
	}
	return []Sign{s}
}

// weighty tells the levels that count as a stage: what is only worth knowing happens every day.
func weighty(level string) bool { return level == "medium" || level == "high" || level == "critical" }

// answers has a way take what was said on it.
func (e *Engine) answers(id string, at time.Time, take func(*answer.Flow) []answer.Trouble) (out []Sign) {
	w := e.ways[id]
	if w == nil {
		if len(e.ways) >= mostWays {
			e.crowded++
			return nil
		}
		w = &way{id: id, flow: answer.New()}
		e.ways[id] = w
	}
	return w.signs(e, take(w.flow), at)
}

func (w *way) signs(e *Engine, troubles []answer.Trouble, at time.Time) (out []Sign) {
	for _, t := range troubles {
		out = append(out, Sign{Kind: Kind(t.Kind), About: w.id, Name: e.wayName(w.id), Class: Hour, At: at, Since: t.Since, Ended: t.Ended, Count: t.Bad, Of: t.Of, Took: t.Took, Usual: t.Usual})
	}
	return out
}

// wayName is what a way is called: the names at its ends, as they may be shown.
func (e *Engine) wayName(id string) string {
	parts := strings.SplitN(id, wayMark, 3)
	if len(parts) < 3 {
		return "messages"
	}
	name := "messages"
	if parts[0] == "images" {
		name = "images and requests"
	}
	if parts[1] != "" {
		name += " from " + e.shown(parts[1])
	}
	return name + " to " + e.shown(parts[2])
}

// Tick lets time pass, and says what fell silent by then.
func (e *Engine) Tick(now time.Time) (out []Sign) {
	if now.Before(e.clock) {
		return nil
	}
	e.clock = now
	if now.Sub(e.weeded) >= time.Hour {
		e.weed(now)
	}
	for _, f := range e.order {
		out = append(out, f.tick(e, now)...)
	}
	for _, w := range e.ways {
		out = append(out, w.signs(e, w.flow.Tick(now), now)...)
	}
	out = append(out, e.tickChannels(now)...)
	out = append(out, e.logsSilent(now)...)
	out = append(out, e.wayTold(e.tests.Tick(now), now)...)
	out = append(out, e.tickPairs(now)...)
	out = append(out, e.compared(now)...)
	slices.SortStableFunc(out, func(a, b Sign) int { return strings.Compare(string(a.Class)+a.About, string(b.Class)+b.About) })
	return out
}

// weed forgets what nothing was heard of for long.
func (e *Engine) weed(now time.Time) {
	e.weeded = now
	old := func(last time.Time) bool { return now.Sub(last) > forget }
	e.order = slices.DeleteFunc(e.order, func(f *feed) bool {
		maps.DeleteFunc(f.parts, func(_ string, p *part) bool { return old(p.model.Heard()) })
		if !old(f.model.Heard()) {
			return false
		}
		delete(e.feeds, f.id)
		e.siblings.Forget(f.id)
		e.gone = append(e.gone, gone{"continuity_feeds", f.id})
		return true
	})
	for id, w := range e.ways {
		if old(w.flow.Heard()) {
			delete(e.ways, id)
			e.gone = append(e.gone, gone{"continuity_ways", id})
		}
	}
	for key, l := range e.links {
		if old(l.Last) {
			delete(e.links, key)
			e.gone = append(e.gone, gone{"continuity_links", key})
		}
	}
	e.logs.Weed(now.Add(-forget))
	maps.DeleteFunc(e.machines, func(_ string, m *machine) bool { return old(m.last) })
	maps.DeleteFunc(e.channels, func(_ string, c *channel) bool { return old(c.last) })
}

// briefly is how long nobody may have listened so that what is counted by days and by orders goes on: senders wait with what was not acknowledged.
const briefly = 10 * time.Minute

// Deaf says that until now nobody could hear what systems say, because we were down or behind.
func (e *Engine) Deaf(now time.Time) {
	if now.Before(e.clock) {
		return
	}
	long := now.Sub(e.clock) > briefly
	e.clock = now
	e.logs.Deaf(now)
	for _, f := range e.order {
		f.model.Deaf(now)
		for _, p := range f.parts {
			p.model.Deaf(now)
		}
	}
	if long {
		e.pairs.Deaf(now)
		e.crowd.Deaf(now)
	}
	for _, w := range e.ways {
		w.numbers = numbers{told: w.numbers.told}
	}
	for _, c := range e.channels {
		c.last = now // what was handed on meanwhile was not heard
	}
}

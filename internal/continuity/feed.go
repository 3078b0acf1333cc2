package continuity

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/delay"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/silence"
	"github.com/wardline/wardline/internal/continuity/surge"
)

// How many are watched. A house of a thousand beds has some two hundred feeds; who sends under ever new names fills no more than this.
const (
	mostFeeds = 1000
	mostParts = 20 // of a feed, without those of events
	mostWays  = 1000
)

// feed is one kind of thing that one system says.
type feed struct {
	id      string
	what    string // it carries, in words
	from    string // as the sender calls itself
	class   Class  // by what is known of it
	known   depend.Heard
	first   time.Time
	model   *silence.Feed
	surge   *surge.Feed // nil where repetition says nothing
	delay   *delay.Feed // nil until a message said when it was written
	resumed time.Time   // from silence, since the start
	parts   map[string]*part
	count   uint64
	silent  bool
	strange bool // it says the same again, or far too much
	changed bool // since it was written
}

// part is what one analyser, ward or machine says of a feed.
type part struct {
	name   string
	first  time.Time
	model  *silence.Feed
	count  uint64
	before uint64 // messages of the feed, before its first
	after  uint64 // likewise, up to its last
	beside beside // of a unit
	silent bool
	told   bool // that it is
}

// speaking is how much of its patience a feed may have used up so that its parts are spoken of: else it may be silent as a whole.
const speaking = 0.25

// feed returns the feed with that id, or nil when there are too many.
func (e *Engine) feed(h *heard, at time.Time) *feed {
	f := e.feeds[h.feed]
	if f == nil {
		if len(e.feeds) >= mostFeeds {
			e.crowded++
			return nil
		}
		class := e.class(h.known)
		f = &feed{id: h.feed, what: h.what, from: h.from, class: class, known: h.known, first: at, model: silence.New(e.modelOf(class)), parts: map[string]*part{}}
		if h.body != 0 {
			f.surge = surge.New()
		}
		e.feeds[h.feed] = f
		e.order = append(e.order, f)
	}
	return f
}

// caughtUp is how long after a silence messages may be old.
const caughtUp = 6 * time.Hour

// class is that of the service whose feed it is.
func (e *Engine) class(known depend.Heard) Class {
	if row := e.cfg.Services.Match(known); row != nil {
		return Class(row.Class.String())
	}
	return Days
}

// reclass goes on with other services: feeds that are heard may be of another class by them, and what was learned of them stays.
func (e *Engine) reclass(services *depend.Catalogue) {
	e.cfg.Services = services
	for _, f := range e.order {
		f.class = e.class(f.known)
		f.model.SetFloor(f.class.floor())
		for _, p := range f.parts {
			p.model.SetFloor(f.class.floor())
		}
	}
}

// modelOf is how the silence of feeds of a class is judged.
func (e *Engine) modelOf(c Class) silence.Config {
	return silence.Config{Zone: e.cfg.Zone, Holiday: e.cfg.Holiday, Planned: e.cfg.Planned, Floor: c.floor()}
}

// hear has the feed take a message.
func (f *feed) hear(e *Engine, h *heard, at time.Time) (out []Sign) {
	f.count++
	f.changed = true
	if f.model.Observe(at) {
		f.silent, f.resumed = false, at
		out = append(out, Sign{Kind: Silent, About: f.id, Name: e.nameOf(f), Class: f.class, At: at, Ended: true})
		for _, p := range f.parts {
			if !p.told { // it was silent with the feed
				p.model.Excuse(at)
				p.silent = false
			}
		}
	}
	if !h.written.IsZero() && at.Sub(f.resumed) >= caughtUp { // else what waited while it was silent is sent now
		if f.delay == nil {
			f.delay = delay.New()
		}
		for _, l := range f.delay.Observe(h.written, h.zoned, at) {
			out = append(out, Sign{Kind: LateMessages, About: f.id, Name: e.nameOf(f), Class: f.class, At: at, Since: l.Since, Ended: l.Ended, Took: l.By})
		}
	}
	if f.surge != nil && h.body != 0 {
		usual, _ := f.model.Usual(at)
		out = f.surged(e, out, f.surge.Observe(h.body, usual, at), at)
		f.unlearn()
	}
	said := uint64(0)
	if f.atBedside(h.part) {
		said = e.saidOf(h.part)
	}
	for _, name := range []string{h.part, h.kind} {
		if name != "" {
			out = append(out, f.partHeard(e, name, said, at)...)
		}
	}
	return out
}

// partHeard has a part of the feed take a message. So much was said of it by then, when it is a unit.
func (f *feed) partHeard(e *Engine, name string, said uint64, at time.Time) []Sign {
	p := f.parts[name]
	if p == nil {
		if f.full(name) {
			return nil
		}
		p = &part{name: name, first: at, before: f.count - 1, model: silence.New(e.modelOf(f.class))}
		f.parts[name] = p
	}
	p.count++
	p.after = f.count
	if f.atBedside(name) {
		p.beside.heard(said)
	}
	if !p.model.Observe(at) {
		return nil
	}
	p.silent = false
	if !p.told {
		return nil
	}
	p.told = false
	return []Sign{{Kind: PartSilent, About: f.id + " " + p.name, Name: e.partName(f, p), Class: f.class, At: at, Ended: true}}
}

// tick looks whether the feed and its parts speak. A part of a feed that is silent as a whole is no news.
func (f *feed) tick(e *Engine, at time.Time) (out []Sign) {
	if s, silent, began := f.model.Check(at); began || silent != f.silent {
		f.silent, f.changed = silent, true
		if began {
			out = append(out, Sign{Kind: Silent, About: f.id, Name: e.nameOf(f), Class: f.class, At: at, Since: s.Since, Expected: s.Expected})
		}
	}
	for _, p := range f.parts {
		s, silent, _ := p.model.Check(at)
		p.silent = silent
		if silent && !p.told && f.speaksWithout(e, p, s.Since) {
			p.told = true
			out = append(out, Sign{Kind: PartSilent, About: f.id + " " + p.name, Name: e.partName(f, p), Class: f.class, At: at, Since: s.Since, Expected: s.Expected})
		}
	}
	if f.surge != nil {
		usual, _ := f.model.Usual(at)
		out = f.surged(e, out, f.surge.Tick(usual, at), at)
	}
	f.unlearn()
	return out
}

// speaksWithout tells whether the feed clearly speaks though a part of it is silent since then, and others of the unit that it is.
func (f *feed) speaksWithout(e *Engine, p *part, since time.Time) bool {
	if p.trigger() {
		return f.spoken(p)
	}
	if f.atBedside(p.name) && !p.beside.missed(e.units[e.listener.sum(p.name)], p.model.Limit()) {
		return false
	}
	return f.model.Quiet() < speaking && f.model.Heard().After(since)
}

// unlearn has nothing be learned of what is not usual, while it lasts.
func (f *feed) unlearn() {
	if !f.strange {
		return
	}
	f.model.Strange()
	for _, p := range f.parts {
		p.model.Strange()
	}
}

func (f *feed) surged(e *Engine, out []Sign, troubles []surge.Trouble, at time.Time) []Sign {
	for _, t := range troubles {
		f.changed, f.strange = true, !t.Ended
		out = append(out, Sign{Kind: Kind(t.Kind), About: f.id, Name: e.nameOf(f), Class: f.class, At: at, Since: t.Since, Ended: t.Ended, Count: t.Count, Of: t.Of, Expected: t.Usual})
	}
	return out
}

// nameOf is what a feed is called, without what may not be shown of how its sender calls itself.
func (e *Engine) nameOf(f *feed) string { return f.what + " " + e.shown(f.from) }

// partName is what a part of it is called.
func (e *Engine) partName(f *feed, p *part) string {
	return e.nameOf(f) + ", " + e.partTitle(p)
}

// partTitle is the same without the feed.
func (e *Engine) partTitle(p *part) string {
	kind, name, _ := strings.Cut(p.name, " ")
	if p.trigger() {
		return triggered(name) + " (" + name + ")"
	}
	return kind + " " + e.shown(name)
}

// shown is a name that a system gives itself, a unit or a machine, as it may be shown.
func (e *Engine) shown(name string) string {
	if e.cfg.Shown == nil {
		return name
	}
	return e.cfg.Shown(name)
}

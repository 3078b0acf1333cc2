package watch

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// LiveConfig says what a Live follows and how. What is zero among its limits has the default that stands beside it.
type LiveConfig struct {
	Journal  *journal.Journal
	DB       *store.DB
	Vault    *vault.Vault // seals what is kept in DB
	Taxonomy *event.Taxonomy
	Set      *Set
	Log      *slog.Logger

	// Lateness is how long correlations wait for what happened earlier and arrives later: 1 minute. A match counts
	// after that time at the latest, also when nothing follows it.
	Lateness time.Duration
	// Checkpoint is how often the position and what is remembered are written: 1 second; below 0 after every
	// entry. After a restart what came since is judged again.
	Checkpoint time.Duration
	// Flood is how often a rule may file findings in an hour: 200. What it finds beyond that is gathered in one
	// finding of its own.
	Flood int
	// RuleShare is the part of a core that a rule may take for RuleWindow: 0.05 for 1 minute. RuleCost is what it
	// may take in any case for each event: 10 µs, so that no rule is blamed for a journal that is read at full speed.
	RuleShare  float64
	RuleWindow time.Duration
	RuleCost   time.Duration
	// Groups, Window and Pending bound what correlations remember: 100,000 groups of each, 10,000 matches of each
	// group, 100,000 that wait.
	Groups, Window, Pending int
}

func (c LiveConfig) complete() LiveConfig {
	orDuration := func(d *time.Duration, other time.Duration) {
		if *d == 0 {
			*d = other
		}
	}
	orInt := func(n *int, other int) {
		if *n <= 0 {
			*n = other
		}
	}
	orDuration(&c.Lateness, time.Minute)
	orDuration(&c.Checkpoint, time.Second)
	orDuration(&c.RuleWindow, time.Minute)
	orDuration(&c.RuleCost, 10*time.Microsecond)
	orInt(&c.Flood, 200)
	orInt(&c.Groups, 100_000)
	orInt(&c.Window, 10_000)
	orInt(&c.Pending, 100_000)
	if c.RuleShare <= 0 {
		c.RuleShare = 0.05
	}
	return c
}

// Live follows the journal, judges every event, and files what it finds in the journal. It lets nothing out and
// files nothing that the desk would count twice, wherever it is stopped:
//
//   - Findings are durable before the position moves, so that nothing is lost.
//   - What is remembered is written with the position, and what it decides depends on nothing but the entries: judged
//     again after a restart, an entry leads to the same findings, filed under the same step.
//   - What the passing of time decides is written down before it is done.
type Live struct {
	cfg  LiveConfig
	log  *slog.Logger
	step func(string) error // fails tests at a step; nil otherwise

	mu    sync.Mutex // guards all below
	set   *Set
	judge *Judge
	meter *meter
	stats []RuleState // by number of the set's rules; indicators together come last
	state *correlate.State
	// suspended are the rules that took too much time, by all that they say, and from which entry on they were not asked.
	suspended map[string]uint64

	next     uint64    // entry that is judged next
	clock    time.Time // when the entry before it was received
	flushes  int       // since that entry
	floods   floods
	book     *finding.Book // of the present step
	receipts []*journal.Receipt
	replayed uint64 // entries below may have been judged before the start
	changed  bool   // what is remembered is not what was written last
	broken   bool   // a step failed half way: what is remembered must not be written

	saved     time.Time // when the position was written last
	savedNext uint64
	saving    time.Duration // that it took

	reader event.LineReader
	event  event.Event
	place  finding.Place // of the present event
	cached *journal.Entry

	seen *event.Seen // events that were judged lately

	events, repeated, unread, damaged, gone int64
}

// follower is the name that Live's position goes by, and its findings.
const follower = "live"

// NewLive prepares the tables. Run does the rest.
func NewLive(ctx context.Context, cfg LiveConfig) (*Live, error) {
	if err := cfg.DB.Migrate(ctx, "watch", schema); err != nil {
		return nil, err
	}
	l := &Live{cfg: cfg.complete(), log: cfg.Log, reader: event.LineReader{Taxonomy: cfg.Taxonomy, Limits: jsonl.DefaultLimits()}}
	l.use(cfg.Set)
	if err := cfg.DB.Once(ctx, "seal answers of an earlier version", l.sealOlder); err != nil {
		return nil, err
	}
	return l, nil
}

// use makes set the one that events are judged by. Statistics of rules that stay are kept.
func (l *Live) use(set *Set) {
	before := map[string]RuleState{}
	for i := range l.stats {
		before[l.stats[i].digest] = l.stats[i]
	}
	l.set, l.judge = set, set.Judge()
	l.stats = nil
	parts := set.parts()
	for i, r := range append(set.Rules(), finding.Rule{Title: "Indicators", Type: "indicator"}) {
		digest := parts[i]
		if r.Type == "indicator" {
			digest = "indicators" // whatever they are: they count together
		}
		s := before[digest]
		s.Rule, s.digest = r, digest
		_, s.Suspended = l.suspended[digest]
		l.stats = append(l.stats, s)
	}
	l.meter = newMeter(len(set.rules), l.cfg)
	l.skipSuspended()
}

// Run follows the journal until ctx ends. It returns an error when the database or the journal fails; called again, it
// goes on where it was.
func (l *Live) Run(ctx context.Context) error {
	if err := l.begin(ctx); err != nil {
		return err
	}
	parent := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	var ticking sync.WaitGroup
	ticking.Go(func() {
		tick := time.NewTicker(max(l.cfg.Checkpoint, 10*time.Millisecond))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				if err := l.tick(ctx, now); err != nil {
					cancel(err)
				}
			}
		}
	})
	err := l.follow(ctx)
	cancel(err)
	ticking.Wait()
	if parent.Err() != nil {
		return errors.Join(parent.Err(), l.end(parent))
	}
	return context.Cause(ctx)
}

// end writes the position once more, unless something was under way.
func (l *Live) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return nil
	}
	return l.checkpoint(ctx, nil)
}

// begin takes up what was written last, and does again what may have been under way.
func (l *Live) begin(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replayed = l.cfg.Journal.Size()
	f, err := l.load(ctx)
	if err == nil && f != nil {
		err = l.flush(ctx, f)
	}
	if err == nil {
		err = l.learn(ctx)
	}
	l.broken = err != nil
	return err
}

// follow goes on behind an entry that is damaged: the journal says that it is, and what comes after must be watched.
func (l *Live) follow(ctx context.Context) error {
	for {
		l.mu.Lock()
		next := l.next
		l.mu.Unlock()
		err := l.cfg.Journal.Follow(ctx, next, l.entry)
		var damage *journal.DamageError
		if !errors.As(err, &damage) {
			return err
		}
		l.log.ErrorContext(ctx, "an entry of the journal is damaged and was not watched", "entry", damage.Index, "error", damage)
		l.mu.Lock()
		l.damaged++
		l.next, l.flushes = damage.Index+1, 0
		l.mu.Unlock()
	}
}

// entry is one step: it judges the events of an entry and files what is found.
func (l *Live) entry(ctx context.Context, e *journal.Entry) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.broken = err != nil }()
	l.next, l.clock, l.flushes = e.Index+1, e.Header.Received, 0
	switch {
	case !e.Gone.IsZero():
		l.gone++
	case e.Header.Kind == journal.Events:
		if err := l.watch(ctx, e); err != nil {
			return err
		}
	case e.Header.Kind == journal.Answers:
		if err := keepAnswers(ctx, l.cfg.DB, l.cfg.Vault, e); err != nil {
			return err
		}
	}
	if l.cfg.Checkpoint > 0 && time.Since(l.saved) < l.pause() {
		return nil
	}
	return l.checkpoint(ctx, nil)
}

func (l *Live) watch(ctx context.Context, e *journal.Entry) error {
	l.cached = e
	for n, line := range e.Lines() {
		if err := l.reader.Read(line, &l.event); err != nil {
			l.unread++
			continue
		}
		if l.seen.Add(l.event.ID) {
			l.repeated++
			continue
		}
		l.event.Time = happened(&l.event)
		l.place = finding.Place{Entry: e.Index, Line: n}
		l.events++
		l.judgeEvent(&l.event)
	}
	if err := l.at("judged"); err != nil {
		return err
	}
	return l.file(ctx, journal.Place{Entry: e.Index}, e.Header.Received, false)
}

func (l *Live) judgeEvent(ev *event.Event) {
	l.judge.watch.Spent = nil
	if l.events%measured == 0 {
		l.judge.watch.Spent = l.meter.add
	}
	if l.state.Advance(correlate.Believed(ev), l.fire) > 0 {
		l.changed = true
	}
	matches := l.judge.Matches(ev)
	for i := range matches {
		m := &matches[i]
		l.hit(m.Number, ev.Observed)
		if !m.Silent {
			l.book.AddAt(m.Kind, m.Rule, ev, &l.place)
		}
		if o, ok := l.judge.Observe(m, ev); ok {
			o.Evidence.Place = &finding.Place{Entry: l.place.Entry, Line: l.place.Line}
			o.Evidence.Fields = nil // they lie in the journal: what is remembered stays small
			l.state.Add(o, l.fire)
			l.changed = true
		}
	}
}

// hit counts a match; -1 stands for indicators.
func (l *Live) hit(number int, at time.Time) {
	if number < 0 {
		number = len(l.stats) - 1
	}
	s := &l.stats[number]
	s.Hits++
	if at.After(s.Last) {
		s.Last = at
	}
}

// fire enters what a correlation says.
func (l *Live) fire(f correlate.Firing) {
	kind, rule, entity := l.set.Joined(&f)
	l.hit(l.set.numberOf(f.Correlation), l.clock)
	l.book.AddJoined(kind, rule, entity, f.Members)
}

// tick does what is due because time has passed.
func (l *Live) tick(ctx context.Context, now time.Time) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken || l.state == nil {
		return nil // Run is about to end, or to begin
	}
	defer func() { l.broken = err != nil }()
	if err := l.weigh(ctx, now); err != nil {
		return err
	}
	if f := l.due(now); f != nil {
		if err := l.checkpoint(ctx, f); err != nil { // before it is done: a restart must do the same
			return err
		}
		if err := l.flush(ctx, f); err != nil {
			return err
		}
	}
	if time.Since(l.saved) < l.pause() || l.savedNext == l.next && !l.changed && len(l.receipts) == 0 {
		return nil
	}
	return l.checkpoint(ctx, nil)
}

// flush says what is to be settled although no entry came that would settle it.
type flush struct {
	Number int       `json:"number"` // of the flushes since the last entry
	Until  time.Time `json:"until"`  // matches that happened until then; zero for none
	Floods bool      `json:"floods"` // what was held back
	Clock  time.Time `json:"clock"`
}

// due tells what is to be settled now. What was judged before a restart is judged again without it: then the entries
// alone decided, or it was written down. While the journal is behind, its own clock counts: what is yet to come was
// received long ago.
func (l *Live) due(now time.Time) *flush {
	if l.next < l.replayed {
		return nil
	}
	if l.next < l.cfg.Journal.Size() {
		now = l.clock
	}
	f := &flush{Number: l.flushes + 1, Clock: now}
	until, waiting := l.state.Due(now.Add(-l.cfg.Lateness))
	if waiting {
		f.Until = until
	}
	f.Floods = l.floods.due(now.Add(-holdFor)) // an entry would have done it a while ago
	if !waiting && !f.Floods {
		return nil
	}
	return f
}

func (l *Live) flush(ctx context.Context, f *flush) error {
	l.flushes = f.Number
	l.changed = true
	if !f.Until.IsZero() {
		l.state.Settle(f.Until, l.fire)
	}
	return l.file(ctx, l.between(), f.Clock, f.Floods)
}

// between is the step after the last entry, and after earlier ones of the same kind.
func (l *Live) between() journal.Place {
	return journal.Place{Entry: max(l.next, 1) - 1, Line: l.flushes}
}

// at stops a test at a step.
func (l *Live) at(step string) error {
	if l.step == nil {
		return nil
	}
	return l.step(step)
}

package probe

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// Options are what a Prober needs of the house.
type Options struct {
	// Modality says of an AE title, a host name or an address whether it belongs to a modality, a pump or another device that is never to be probed. Several goroutines call it at
	// once. Nil knows none.
	Modality func(string) bool
	// Hear is handed each result, one at a time; while it works nobody else is heard.
	Hear func(Report)
	Log  *slog.Logger
}

// Prober asks its targets in turn, each at its own times, and keeps how they stand.
type Prober struct {
	targets []Target
	options Options
	slots   chan struct{} // one for each attempt that is under way
	ask     func(context.Context, Target, func(string) bool) Result

	hearing sync.Mutex // held while Hear works

	mu     sync.Mutex
	stands []Status // guarded by mu, in the order of targets
}

// New returns a prober of what c lists. It opens nothing.
func New(c Config, o Options) (*Prober, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Prober{targets: c.Targets, options: o, slots: make(chan struct{}, c.AtOnce), ask: Ask, stands: make([]Status, len(c.Targets))}
	for i, t := range c.Targets {
		p.stands[i] = Status{Target: t, Standing: Standing{State: Unasked}}
	}
	return p, nil
}

// Status is how all targets stand, in the order in which they are listed.
func (p *Prober) Status() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Status(nil), p.stands...)
}

// Run asks until ctx ends, and returns when nobody is asked any more.
func (p *Prober) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for i := range p.targets {
		all.Go(func() { p.watch(ctx, i) })
	}
	all.Wait()
	return ctx.Err()
}

// watch asks one target, once after another. It begins at a time of its own, so that not all are asked at once, and drifts a little, so that nothing else that happens every
// half minute meets it every time.
func (p *Prober) watch(ctx context.Context, i int) {
	t := p.targets[i]
	judge := NewJudge(t)
	for wait := rand.N(min(t.Every, restless)); sleep(ctx, wait); {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		r, ok := p.once(ctx, t)
		<-p.slots
		if ctx.Err() != nil {
			return // it was cut off, and tells nothing
		}
		if ok {
			p.tell(i, judge, r)
		}
		wait = max(t.Every-t.Every/20+rand.N(t.Every/10)-time.Since(r.At), leastPause)
		if again := judge.Again(time.Now()); again > 0 {
			wait = min(wait, again)
		}
	}
}

// leastPause is how long a target is left alone after an attempt, however long that took.
const leastPause = time.Second

// once asks a target. A library that panics over what a server sent costs this one attempt.
func (p *Prober) once(ctx context.Context, t Target) (r Result, ok bool) {
	defer func() {
		if broken := recover(); broken != nil {
			// What broke may quote what the server said; where it broke does not.
			p.options.Log.ErrorContext(ctx, "a probe broke", "target", t.Name, "kind", string(t.Kind), "type", fmt.Sprintf("%T", broken), "stack", string(debug.Stack()))
			r = Result{Target: t.Name, Component: t.Component, At: time.Now(), State: Unasked, Cause: Own, Why: "the probe broke over its answer: please report what the log says"}
			ok = true
		}
	}()
	return p.ask(ctx, t, p.options.Modality), true
}

// tell keeps what came out and hands it on.
func (p *Prober) tell(i int, judge *Judge, r Result) {
	p.hearing.Lock()
	defer p.hearing.Unlock()
	before := judge.standing
	r, now := judge.Hear(r)
	p.mu.Lock()
	p.stands[i].Last, p.stands[i].Standing = r, now
	p.mu.Unlock()
	if p.options.Hear != nil {
		p.options.Hear(Report{Result: r, Standing: now, Before: before})
	}
}

// sleep waits, and tells whether ctx still holds.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

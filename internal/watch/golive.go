package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/finding"
)

// Serve names the hunter that searches the past. It is called before all else but Set.
func (b *Rulebook) Serve(h *Hunter) { b.hunter = h }

// Run lets rules go live, one after the other, until ctx ends: first what was about to before the node stopped, then what is
// configured otherwise than it is at work, and then what people ask for. Stopped in the middle, it goes on at the next start.
func (b *Rulebook) Run(ctx context.Context) error {
	for _, begin := range []func(context.Context) error{b.resume, b.renew} {
		if err := begin(ctx); err != nil && !told(err) {
			return err
		}
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.look:
			err = b.renew(ctx)
		case r := <-b.requests:
			r.answer, err = b.take(ctx, r)
			r.done <- err
		}
		if err != nil && !told(err) {
			return err
		}
	}
}

// told tells the errors that end one change and no more: who asked knows.
func told(err error) bool {
	return errors.Is(err, ErrGivenUp) || errors.Is(err, ErrOutdated) || errors.Is(err, ErrNotBegun)
}

// resume goes on with what was about to go live.
func (b *Rulebook) resume(ctx context.Context) error {
	set, refused, err := b.load(nextFile)
	if errors.Is(err, fs.ErrNotExist) {
		return b.hunter.Done(ctx, nil)
	}
	if err != nil {
		b.cfg.Log.ErrorContext(ctx, "rules that were about to go live cannot be read and are left out: what is configured is looked at anew", "error", err)
		return os.Remove(b.path(nextFile))
	}
	_, err = b.golive(ctx, &request{actor: b.cfg.System, version: set.Version()}, set, refused)
	return err
}

// renew lets what is configured go live when it is not what is at work.
func (b *Rulebook) renew(ctx context.Context) error {
	p, differs, err := b.Look(ctx)
	if err != nil {
		b.cfg.Log.ErrorContext(ctx, "what is configured cannot be read, and the rules at work stay as they are", "error", err)
		return nil // Trouble says so until it can be read
	}
	if !differs {
		return nil
	}
	b.cfg.Log.InfoContext(ctx, "the rules have changed; the past is searched before they go live", "new", len(p.New), "changed", len(p.Changed), "gone", len(p.Gone))
	_, err = b.take(ctx, &request{actor: b.cfg.System, version: p.Version})
	return err
}

// take lets the proposal go live that a request names.
func (b *Rulebook) take(ctx context.Context, r *request) (Answer, error) {
	b.looking.Lock()
	p, ok := b.Proposal()
	if !ok || p.Version != r.version {
		b.looking.Unlock()
		return Answer{}, ErrOutdated
	}
	err := b.move(b.path(proposedFile), b.path(nextFile))
	b.mu.Lock()
	b.proposal = nil
	b.mu.Unlock()
	b.looking.Unlock()
	if err != nil {
		return Answer{}, err
	}
	return b.golive(ctx, r, p.set, p.Refused)
}

// golive searches the past for what is new in set, has events judged by it, and makes it what is at work.
func (b *Rulebook) golive(ctx context.Context, r *request, set *Set, refused []Refusal) (a Answer, err error) {
	ctx, giveUp := context.WithCancelCause(access.WithActor(ctx, r.actor))
	defer giveUp(nil)
	b.mu.Lock()
	was := b.active
	b.running, b.giveUp = &Going{Version: r.version, By: r.actor.ID, Began: time.Now().UTC()}, giveUp
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.running, b.giveUp = nil, nil
	}()
	begun := false
	err = b.cfg.Seal(ctx, r.version, func(ctx context.Context) (err error) {
		begun = true
		a, err = b.hunter.Activate(ctx, was, set, r.actor.ID, func(p Progress) { b.moved(r, p) })
		return err
	})
	switch {
	case errors.Is(err, ErrActive): // stopped behind the last step
		err = nil
	case err != nil && errors.Is(context.Cause(ctx), ErrGivenUp) && b.hunter.cfg.Live.Set().Version() != set.Version():
		return a, errors.Join(ErrGivenUp, os.Remove(b.path(nextFile)))
	case err != nil && !begun && r.done != nil: // a person is told so, and it must not happen later
		return a, errors.Join(ErrNotBegun, err, os.Remove(b.path(nextFile)))
	case err != nil:
		return a, err
	}
	b.cfg.Log.InfoContext(ctx, "the rules are at work", "version", r.version, "seen", a.Seen, "events", a.Events, "days", a.Days)
	b.mu.Lock()
	b.active, b.refused, b.proposal = set, refused, nil // a proposal was compared with what was at work before
	b.mu.Unlock()
	if err := b.move(b.path(nextFile), b.path(activeFile)); err != nil {
		return a, err
	}
	return a, b.hunter.Done(ctx, set)
}

func (b *Rulebook) moved(r *request, p Progress) {
	b.mu.Lock()
	if b.running != nil {
		b.running.Progress = p
	}
	b.mu.Unlock()
	if r.progress != nil {
		r.progress(p)
	}
}

// Change says in what a set differs from one before it.
type Change struct {
	New, Changed, Gone []finding.Rule
	Listed, WereListed int  // indicators, now and before
	Lists              bool // the indicators differ
}

// Since compares s with the set before it. A changed rule is recognised by its id, or else by its title.
func (s *Set) Since(before *Set) Change {
	now, then := s.parts(), before.parts()
	c := Change{Listed: s.Indicators(), WereListed: before.Indicators(), Lists: now[len(now)-1] != then[len(then)-1]}
	stays, stood := map[string]bool{}, map[string]bool{}
	for _, part := range now {
		stays[part] = true
	}
	was := map[string]int{} // rules that are not in s, by key
	for i, r := range before.Rules() {
		stood[then[i]] = true
		if !stays[then[i]] {
			was[ruleKey(&r)]++
		}
	}
	for i, r := range s.Rules() {
		key := ruleKey(&r)
		switch {
		case stood[now[i]]:
		case was[key] > 0:
			was[key]--
			c.Changed = append(c.Changed, r)
		default:
			c.New = append(c.New, r)
		}
	}
	for i, r := range before.Rules() {
		if key := ruleKey(&r); was[key] > 0 && !stays[then[i]] {
			was[key]--
			c.Gone = append(c.Gone, r)
		}
	}
	return c
}

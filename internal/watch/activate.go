package watch

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
)

// ErrActive says that a set is what events are judged by already.
var ErrActive = errors.New("these rules are at work already")

// Activate makes set the one that Live judges by, in the place of was. Before, it searches the past for what is new in set,
// and files what it finds for the desk: each rule is asked about what it has not judged yet, and what a rule found before it
// was changed counts once. It may be called again, with the same sets, after a restart in the middle, until Done. The answer
// says what the past held.
func (h *Hunter) Activate(ctx context.Context, was, set *Set, by string, progress func(Progress)) (Answer, error) {
	if was.Version() == set.Version() {
		return Answer{}, ErrActive
	}
	a := &activation{Hunter: h, set: set, was: was, name: "activate/" + set.Version(), progress: progress}
	if err := a.run(ctx, by); err != nil {
		return Answer{}, fmt.Errorf("activate new rules: %w", err)
	}
	answer, err := h.seal(ctx, a.answer)
	if err == nil {
		err = a.at("sealed")
	}
	return answer, err
}

// Done says that set is at work for good, and that nothing need be kept of how it got there; nil stands for all sets.
func (h *Hunter) Done(ctx context.Context, set *Set) error {
	which := "activate/%"
	if set != nil {
		which = "activate/" + set.Version()
	}
	_, err := h.cfg.DB.ExecContext(ctx, `DELETE FROM watch_state WHERE follower LIKE $1`, which)
	if err != nil {
		return fmt.Errorf("note that new rules are at work: %w", err)
	}
	return nil
}

// at stops a test at a step.
func (h *Hunter) at(step string) error {
	if h.step == nil {
		return nil
	}
	return h.step(step)
}

// activation is a search of the past for what is new in a set. It goes in stretches, each of which is fixed before it is
// searched, so that a restart searches the same one and files the same.
type activation struct {
	*Hunter
	set, was *Set
	name     string // of the watcher that files, and of what is noted
	progress func(Progress)

	answer  Answer            // of the stretches that are done
	fresh   []bool            // by part of set: it is not in was
	changed map[string]uint64 // rules of was that set says otherwise, by key, and before which entry they judged
	from    []uint64          // by part of set: entries before were judged by it

	mu      sync.Mutex
	counted map[string]uint64 // findings of indicators, and before which entry the desk counted them; guarded by mu
	failed  error             // of asking the desk; guarded by mu
}

func (a *activation) run(ctx context.Context, by string) error {
	next, err := a.cfg.Live.position(ctx)
	if err != nil {
		return err
	}
	if err := a.begin(ctx, by); err != nil {
		return err
	}
	if a.cfg.Live.Set().Version() == a.set.Version() { // stopped behind the change
		if next, err = a.until(ctx, 0); err != nil {
			return err
		}
		return a.search(ctx, next)
	}
	if err := a.search(ctx, next); err != nil {
		return err
	}
	least, err := a.until(ctx, 0)
	if err != nil {
		return err
	}
	next, err = a.cfg.Live.Swap(ctx, a.set, max(least, next), func(tx *sql.Tx, from uint64) error {
		return store.SetPosition(ctx, tx, a.name+"/until", from)
	})
	if err == nil {
		err = a.at("swapped")
	}
	if err != nil {
		return err
	}
	return a.search(ctx, next) // what was sealed meanwhile
}

// begin settles what is new, and takes up what was noted before a restart.
func (a *activation) begin(ctx context.Context, by string) error {
	known := map[string]bool{"": true}
	for _, part := range a.was.parts() {
		known[part] = true
	}
	through, err := judged(ctx, a.cfg.DB)
	if err != nil {
		return err
	}
	suspended, err := suspended(ctx, a.cfg.DB)
	if err != nil {
		return err
	}
	rules, listed := 0, 0
	for i, part := range a.set.parts() {
		a.fresh = append(a.fresh, !known[part])
		a.from = append(a.from, through[part])
		switch {
		case !a.fresh[i]:
		case i == len(a.set.parts())-1:
			listed = a.set.Indicators()
		default:
			rules++
		}
	}
	a.changed = map[string]uint64{}
	stays := map[string]bool{}
	for _, part := range a.set.parts() {
		stays[part] = true
	}
	parts := a.was.parts()
	for i, r := range a.was.Rules() {
		if stays[parts[i]] {
			continue
		}
		a.changed[ruleKey(&r)] = ^uint64(0)
		if at, ok := suspended[parts[i]]; ok {
			a.changed[ruleKey(&r)] = at
		}
	}
	a.answer, err = a.Hunter.answer(Question{Title: "What is new in the rules", Set: a.set, By: by}, a.cfg.Journal.Size())
	if err != nil {
		return err
	}
	a.answer.Rules, a.answer.Listed = rules, listed
	return a.recall(ctx)
}

// next is the first entry that something new has not judged.
func (a *activation) next(until uint64) uint64 {
	for i, fresh := range a.fresh {
		if fresh {
			until = min(until, a.from[i])
		}
	}
	return until
}

// search searches the past before an entry, and what was begun before a restart.
func (a *activation) search(ctx context.Context, end uint64) error {
	for next := a.next(end); next < end; next = a.next(end) {
		until, err := a.until(ctx, next)
		if err != nil {
			return err
		}
		if until == 0 {
			until = end
			if err := a.cfg.DB.Do(ctx, func(tx *sql.Tx) error { return store.SetPosition(ctx, tx, a.name+"/until", until) }); err != nil {
				return err
			}
		}
		if err := a.stretch(ctx, next, until); err != nil {
			return err
		}
	}
	return nil
}

// until is the end of the stretch that was begun, when it lies behind next; else 0.
func (a *activation) until(ctx context.Context, next uint64) (until uint64, err error) {
	err = a.cfg.DB.Do(ctx, func(tx *sql.Tx) (err error) {
		until, err = store.Position(ctx, tx, a.name+"/until")
		return err
	})
	if until <= next {
		until = 0
	}
	return until, err
}

// stretch searches entries from next on and before until, files what it finds, and notes that all that is new has judged them.
func (a *activation) stretch(ctx context.Context, next, until uint64) error {
	begun := time.Now()
	first, err := a.warm(ctx, next)
	if err != nil {
		return err
	}
	s := a.Hunter.search(a.set, until-first, a.progress)
	s.counted, a.counted = next, map[string]uint64{}
	a.onlyNew(ctx, s)
	if err := s.run(ctx, s.whole(first, until)); err != nil {
		return err
	}
	found, err := s.finish(ctx)
	if err = errors.Join(err, a.failed); err != nil {
		return err
	}
	if found, err = a.lessJoined(ctx, found, first, until); err != nil {
		return err
	}
	if err := a.file(ctx, found, until); err != nil {
		return err
	}
	if err := a.at("filed"); err != nil {
		return err
	}
	s.sum(&a.answer)
	a.answer.add(found)
	a.answer.Took += time.Since(begun)
	if err := a.note(ctx, until); err != nil {
		return err
	}
	return a.at("noted")
}

func (a *activation) file(ctx context.Context, found []finding.Finding, until uint64) error {
	var lines []journal.Line
	for i := range found {
		line, err := triage.LineOf(&triage.Filed{Finding: found[i], Watcher: a.name, From: journal.Place{Entry: until - 1}})
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := a.cfg.Journal.Append(ctx, lines...)
	return err
}

// note writes down that a stretch is done, and what it found.
func (a *activation) note(ctx context.Context, until uint64) error {
	text, err := json.Marshal(&a.answer)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	if text, err = a.cfg.Vault.SealBlob(text, sealedAnswer); err != nil {
		return err
	}
	parts := a.set.parts()
	err = a.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		for i, fresh := range a.fresh {
			if fresh && a.from[i] < until {
				if err := setJudged(ctx, tx, parts[i], until); err != nil {
					return err
				}
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO watch_state (follower, state, flush) VALUES ($1, $2, '')
			ON CONFLICT (follower) DO UPDATE SET state = excluded.state`, a.name, text)
		return err
	})
	if err != nil {
		return err
	}
	for i, fresh := range a.fresh {
		if fresh {
			a.from[i] = max(a.from[i], until)
		}
	}
	return nil
}

// recall takes up the answer of the stretches that were done before a restart.
func (a *activation) recall(ctx context.Context) error {
	var text []byte
	err := a.cfg.DB.QueryRowContext(ctx, `SELECT state FROM watch_state WHERE follower = $1`, a.name).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if text, err = a.cfg.Vault.OpenBlob(text, sealedAnswer); err != nil {
		return err
	}
	if json.Unmarshal(text, &a.answer) != nil {
		return errDamagedState
	}
	return nil
}

// onlyNew lets a search report what the set before would not have: rules that were not in it, and indicators. Rules that a
// new correlation rests on are asked, too.
func (a *activation) onlyNew(ctx context.Context, s *search) {
	rules, listed := len(a.set.rules), len(a.fresh)-1
	s.joined = func(c int, members []finding.Evidence) bool {
		return a.fresh[rules+c] && slices.ContainsFunc(members, func(e finding.Evidence) bool {
			return e.Place == nil || e.Place.Entry >= a.from[rules+c]
		})
	}
	s.skip = make([]bool, rules)
	for n := range a.set.rules {
		s.skip[n] = !a.fresh[n] && !a.set.plan.Listens(n)
	}
	s.before, s.beforeSkip = a.onlyRules(), make([]bool, len(a.was.rules))
	for n := range a.was.rules {
		_, changed := a.changed[ruleKey(&a.was.rules[n])]
		s.beforeSkip[n] = !changed
	}
	s.reports = func(w *searcher, m *Match, ev *event.Event, at finding.Place) bool {
		if m.Number >= 0 {
			return a.fresh[m.Number] && at.Entry >= a.from[m.Number] && !a.had(w, ev, ruleKey(m.Rule), at.Entry)
		}
		if !a.fresh[listed] || at.Entry < a.from[listed] {
			return false
		}
		if a.was.indicators != nil {
			for _, hit := range a.was.indicators.Match(ev, nil) {
				if r := indicatorRule(&hit); ruleKey(&r) == ruleKey(m.Rule) {
					return false
				}
			}
		}
		return at.Entry >= a.countedBefore(ctx, finding.IDOf(m.Rule, ev))
	}
}

// countedBefore asks the desk how far an indicator that stood on a list before, and was taken off it, has been counted.
func (a *activation) countedBefore(ctx context.Context, id string) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, known := a.counted[id]
	if !known {
		var err error
		if before, err = a.cfg.Desk.Counted(ctx, id); err != nil {
			a.failed = err
		}
		a.counted[id] = before
	}
	return before
}

// onlyRules is was without its indicators: whether it would have found an event by a rule.
func (a *activation) onlyRules() *Set {
	rules := *a.was
	rules.indicators = nil
	return &rules
}

// had tells whether a rule found the event before it was changed.
func (a *activation) had(w *searcher, ev *event.Event, key string, entry uint64) bool {
	if before, ok := a.changed[key]; !ok || entry >= before {
		return false
	}
	return slices.ContainsFunc(w.before.Matches(ev), func(m Match) bool { return !m.Silent && ruleKey(m.Rule) == key })
}

// warm is from where on has to be read so that new correlations that were at work before know what came before next.
func (a *activation) warm(ctx context.Context, next uint64) (uint64, error) {
	var span time.Duration
	for i, c := range a.set.plan.Correlations() {
		if a.fresh[len(a.set.rules)+i] {
			span = max(span, c.Timespan)
		}
	}
	if span == 0 || next == 0 {
		return next, nil
	}
	const late = time.Hour // that an event may take to get here
	received := func(n uint64) (time.Time, error) {
		e, err := a.cfg.Journal.Entry(ctx, n)
		if damage := (*journal.DamageError)(nil); errors.As(err, &damage) {
			return time.Time{}, nil // then rather too much is read
		}
		if err != nil {
			return time.Time{}, err
		}
		return e.Header.Received, nil
	}
	at, err := received(next - 1)
	if err != nil || at.IsZero() {
		return 0, err
	}
	at = at.Add(-2*span - late) // a correlation may rest on another
	low, high := uint64(0), next
	for low < high {
		middle := low + (high-low)/2
		t, err := received(middle)
		if err != nil {
			return 0, err
		}
		if !t.IsZero() && t.Before(at) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// lessJoined takes away what correlations that were changed had found before the change.
func (a *activation) lessJoined(ctx context.Context, found []finding.Finding, first, until uint64) ([]finding.Finding, error) {
	joined := func(r *finding.Rule) bool { _, ok := a.changed[ruleKey(r)]; return ok && r.Type == "correlation" }
	if !slices.ContainsFunc(found, func(f finding.Finding) bool { return joined(&f.Rule) }) {
		return found, nil
	}
	s := a.Hunter.search(a.onlyRules().alike(a.set), until-first, nil)
	s.reports = func(*searcher, *Match, *event.Event, finding.Place) bool { return false }
	s.joined = func(c int, _ []finding.Evidence) bool { return joined(&a.was.joined[c]) }
	s.skip = make([]bool, len(a.was.rules))
	for n := range s.skip {
		s.skip[n] = !a.was.plan.Listens(n)
	}
	if err := s.run(ctx, s.whole(first, until)); err != nil {
		return nil, err
	}
	before, err := s.finish(ctx)
	if err != nil {
		return nil, err
	}
	had := map[string]*finding.Finding{}
	for i := range before {
		had[before[i].ID] = &before[i]
	}
	var more []finding.Finding
	for _, f := range found {
		if b := had[f.ID]; b != nil {
			less(&f, b)
		}
		if f.Count > 0 {
			more = append(more, f)
		}
	}
	return more, nil
}

// less takes out of f what was found before.
func less(f, before *finding.Finding) {
	f.Count -= before.Count
	f.Places = slices.DeleteFunc(f.Places, func(p finding.Place) bool { return slices.Contains(before.Places, p) })
	f.Events = slices.DeleteFunc(f.Events, func(e finding.Evidence) bool { return e.Place != nil && slices.Contains(before.Places, *e.Place) })
}

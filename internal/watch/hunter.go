package watch

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
)

// HunterConfig says where a Hunter searches.
type HunterConfig struct {
	Journal  *journal.Journal
	DB       *store.DB
	Taxonomy *event.Taxonomy
	Log      *slog.Logger
	Live     *Live        // that Activate serves
	Desk     *triage.Desk // whose verdicts Try asks for
	Index    *index.Index // asked first where it can rule events out; nil reads the whole journal
}

// Hunter searches the past. It serves any number of goroutines.
type Hunter struct{ cfg HunterConfig }

// NewHunter prepares the tables.
func NewHunter(ctx context.Context, cfg HunterConfig) (*Hunter, error) {
	if err := cfg.DB.Migrate(ctx, "watch", schema); err != nil {
		return nil, err
	}
	return &Hunter{cfg}, nil
}

// Question is what the past is asked: rules, correlations or indicators.
type Question struct {
	Title    string
	Set      *Set
	From, To time.Time // of the events: from From on and before To; zero is open
	By       string    // who asks
}

// Hunt asks a question of all that the journal holds. The answer is sealed in the journal before it is returned,
// also when nothing was found. progress is called now and then, by several goroutines; it may be nil.
func (h *Hunter) Hunt(ctx context.Context, q Question, progress func(Progress)) (Answer, error) {
	a, _, err := h.hunt(ctx, q, progress)
	if err != nil {
		return Answer{}, fmt.Errorf("search the past: %w", err)
	}
	return h.seal(ctx, a)
}

func (h *Hunter) hunt(ctx context.Context, q Question, progress func(Progress)) (Answer, []finding.Finding, error) {
	size := h.cfg.Journal.Size()
	s := h.search(q.Set, size, progress)
	s.from, s.to = q.From, q.To
	a, err := h.answer(q, size)
	if err != nil {
		return Answer{}, nil, err
	}
	begun := time.Now()
	list, through, events := h.candidates(ctx, q)
	if through > size {
		through = size
	}
	if through > 0 {
		a.Index = true
		s.total = uint64(len(list)) + size - through
		if err := s.run(ctx, s.some(below(list, through))); err != nil {
			return Answer{}, nil, err
		}
		for _, w := range s.workers {
			w.events = 0 // the index has counted them
		}
	}
	if err := s.run(ctx, s.whole(through, size)); err != nil {
		return Answer{}, nil, err
	}
	found, err := s.finish(ctx)
	if err != nil {
		return Answer{}, nil, err
	}
	s.sum(&a)
	if a.Index {
		a.Events += events.n
		a.Days = max(a.Days, days(events.first, events.last))
	}
	a.list(found)
	a.Took = time.Since(begun)
	return a, found, nil
}

func (h *Hunter) search(set *Set, size uint64, progress func(Progress)) *search {
	s := &search{journal: h.cfg.Journal, tax: h.cfg.Taxonomy, set: set, progress: progress, total: size}
	s.begin()
	return s
}

// answer begins the answer to a question.
func (h *Hunter) answer(q Question, size uint64) (Answer, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Answer{}, err
	}
	return Answer{
		ID: id.String(), Title: q.Title, By: q.By, Asked: time.Now().UTC(), From: q.From, To: q.To, Version: q.Set.Version(),
		Rules: len(q.Set.Rules()), Listed: q.Set.Indicators(), Entries: size,
	}, nil
}

// seal makes the answer durable in the journal, and lists it.
func (h *Hunter) seal(ctx context.Context, a Answer) (Answer, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return Answer{}, fmt.Errorf("write answer: %w", err)
	}
	at, err := h.cfg.Journal.Append(ctx, journal.Line{Kind: journal.Answers, Source: "hunt", Time: a.Asked, JSON: text})
	if err != nil {
		return Answer{}, fmt.Errorf("seal answer: %w", err)
	}
	a.Place = at
	return a, keepAnswer(ctx, h.cfg.DB, a, at, text)
}

// Answers lists the latest answers, at most limit.
func (h *Hunter) Answers(ctx context.Context, limit int) ([]Answer, error) {
	return answers(ctx, h.cfg.DB, limit)
}

// ErrActive says that a set is what events are judged by already.
var ErrActive = errors.New("these rules are at work already")

// Activate makes set the one that Live judges by. Before, it searches the past for what is new in it, and files what it
// finds for the desk. It may be called again after a restart in the middle: what was filed counts once. The answer says what
// the past held.
func (h *Hunter) Activate(ctx context.Context, set *Set, by string, progress func(Progress)) (Answer, error) {
	was := h.cfg.Live.Set()
	if was.Version() == set.Version() {
		return Answer{}, ErrActive
	}
	a, err := h.answer(Question{Title: "New rules", Set: set, By: by}, h.cfg.Journal.Size())
	if err != nil {
		return Answer{}, err
	}
	begun := time.Now()
	ac := activation{Hunter: h, set: set, was: was, name: "activate/" + set.Version(), progress: progress, answer: &a}
	done, err := ac.done(ctx)
	if err == nil && !done {
		err = ac.search(ctx, nil)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("search the past for new rules: %w", err)
	}
	from, err := h.cfg.Live.Swap(ctx, set)
	if err == nil && !done {
		err = ac.search(ctx, &from) // what was sealed meanwhile
	}
	if err != nil {
		return Answer{}, fmt.Errorf("activate new rules: %w", err)
	}
	a.list(ac.found.Findings())
	a.Took = time.Since(begun)
	return h.seal(ctx, a)
}

// activation is a search of the past for what is new in a set. It goes in stretches, each of which is fixed before it is
// searched, so that a restart searches the same one and files the same.
type activation struct {
	*Hunter
	set, was *Set
	name     string // of the watcher that files, and of its positions
	progress func(Progress)
	answer   *Answer
	found    *finding.Book
}

// done tells whether the past was searched for this set once and for all.
func (a *activation) done(ctx context.Context) (done bool, err error) {
	a.found = finding.NewBook(keepEvents)
	err = a.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		n, err := store.Position(ctx, tx, a.name+"/done")
		done = n > 0
		return err
	})
	return done, err
}

// search searches the next stretch: up to the journal's end, or, as the last one, up to last.
func (a *activation) search(ctx context.Context, last *uint64) error {
	var next, until uint64
	err := a.cfg.DB.Do(ctx, func(tx *sql.Tx) (err error) {
		if next, err = store.Position(ctx, tx, a.name); err != nil {
			return err
		}
		if until, err = store.Position(ctx, tx, a.name+"/until"); err != nil || until > next {
			return err
		}
		until = a.cfg.Journal.Size()
		if last != nil {
			until = max(next, *last)
		}
		return store.SetPosition(ctx, tx, a.name+"/until", until)
	})
	if err != nil {
		return err
	}
	if next < until {
		if err := a.stretch(ctx, next, until); err != nil {
			return err
		}
	}
	return a.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		if last != nil {
			if err := store.SetPosition(ctx, tx, a.name+"/done", 1); err != nil {
				return err
			}
		}
		return store.SetPosition(ctx, tx, a.name, until)
	})
}

func (a *activation) stretch(ctx context.Context, next, until uint64) error {
	s := a.Hunter.search(a.set, until, a.progress)
	a.onlyNew(s)
	if err := s.run(ctx, s.whole(next, until)); err != nil {
		return err
	}
	found, err := s.finish(ctx)
	if err != nil {
		return err
	}
	s.sum(a.answer)
	var lines []journal.Line
	for i := range found {
		line, err := triage.LineOf(&triage.Filed{Finding: found[i], Watcher: a.name, From: journal.Place{Entry: until - 1}})
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	a.found.Merge(s.book)
	if len(lines) == 0 {
		return nil
	}
	_, err = a.cfg.Journal.Append(ctx, lines...)
	return err
}

// onlyNew lets a search report what the set before would not have: rules that were not in it, and indicators. Rules that a
// new correlation rests on are asked, too.
func (a *activation) onlyNew(s *search) {
	known := map[string]bool{}
	for _, d := range a.was.digests() {
		known[d] = true
	}
	digests := a.set.digests()
	fresh := func(n int) bool { return !known[digests[n]] }
	s.joined = func(c int) bool { return fresh(len(a.set.rules) + c) }
	s.skip = make([]bool, len(a.set.rules))
	for n := range a.set.rules {
		s.skip[n] = !fresh(n) && !a.set.plan.Listens(n)
	}
	s.reports = func(m *Match, ev *event.Event) bool {
		if m.Number >= 0 {
			return fresh(m.Number)
		}
		if a.was.indicators == nil {
			return true
		}
		for _, hit := range a.was.indicators.Match(ev, nil) {
			if r := indicatorRule(&hit); ruleKey(&r) == ruleKey(m.Rule) {
				return false
			}
		}
		return true
	}
}

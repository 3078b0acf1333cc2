package watch

import (
	"context"
	"encoding/json"
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
	"github.com/wardline/wardline/internal/vault"
)

// HunterConfig says where a Hunter searches.
type HunterConfig struct {
	Journal  *journal.Journal
	DB       *store.DB
	Vault    *vault.Vault // seals what is kept in DB
	Taxonomy *event.Taxonomy
	Log      *slog.Logger
	Live     *Live        // that Activate serves
	Desk     *triage.Desk // whose verdicts Try asks for
	Index    *index.Index // asked first where it can rule events out; nil reads the whole journal
}

// Hunter searches the past. It serves any number of goroutines.
type Hunter struct {
	cfg  HunterConfig
	step func(string) error // fails tests at a step of Activate; nil otherwise
}

// NewHunter prepares the tables.
func NewHunter(ctx context.Context, cfg HunterConfig) (*Hunter, error) {
	if err := cfg.DB.Migrate(ctx, "watch", schema); err != nil {
		return nil, err
	}
	return &Hunter{cfg: cfg}, nil
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
	return a, keepAnswer(ctx, h.cfg.DB, h.cfg.Vault, a, at, text)
}

// Answers lists the latest answers, at most limit.
func (h *Hunter) Answers(ctx context.Context, limit int) ([]Answer, error) {
	return answers(ctx, h.cfg.DB, h.cfg.Vault, limit)
}

package watch

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
)

// Progress says how far a search is.
type Progress struct {
	Done, Total uint64 // entries of the journal
	Seen        int    // events that something matched, so far
}

// search asks a Set about events of the past. Entries may be judged in any order and by several workers: the
// outcome is the same.
type search struct {
	journal  *journal.Journal
	tax      *event.Taxonomy
	set      *Set
	from, to time.Time // of the events; zero is open
	// reports tells whether a match is wanted; nil wants all. skip names rules that need not be asked.
	reports func(w *searcher, m *Match, ev *event.Event, at finding.Place) bool
	skip    []bool
	joined  func(c int, members []finding.Evidence) bool // the same for correlations, by number of the plan
	// before is what was judged by before, for reports to ask; nil when it does not. beforeSkip is its skip.
	before     *Set
	beforeSkip []bool
	counted    uint64 // entries below are read for correlations only

	progress func(Progress)
	total    uint64
	done     atomic.Uint64
	seen     atomic.Int64

	mu      sync.Mutex
	state   *correlate.State // guarded by mu
	book    *finding.Book    // of correlations, then of all; guarded by mu
	damaged int64            // guarded by mu
	workers []*searcher      // guarded by mu
}

// searcher is one worker of a search.
type searcher struct {
	*search
	judge  *Judge
	before *Judge // of what was judged by before; nil when nobody asks
	book   *finding.Book
	reader event.LineReader
	event  event.Event

	events, judged, unread, deleted int64
	first, last                     time.Time // of the events searched
}

func (s *search) begin() {
	s.state = s.set.Await()
	s.book = finding.NewBook(keepEvents)
}

func (s *search) worker() *searcher {
	w := &searcher{search: s, judge: s.set.Judge(), book: finding.NewBook(keepEvents)}
	w.judge.watch.Skip = s.skip
	if s.before != nil {
		w.before = s.before.Judge()
		w.before.watch.Skip = s.beforeSkip
	}
	w.reader = event.LineReader{Taxonomy: s.tax, Limits: jsonl.DefaultLimits()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers = append(s.workers, w)
	return w
}

// run judges the entries that feed hands out, on all processors.
func (s *search) run(ctx context.Context, feed func(ctx context.Context, take func(*journal.Entry) error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	entries := make(chan *journal.Entry, 2*runtime.GOMAXPROCS(0))
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		w := s.worker()
		working.Go(func() {
			for e := range entries {
				w.take(e)
			}
		})
	}
	err := feed(ctx, func(e *journal.Entry) error {
		select {
		case entries <- e:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	close(entries)
	working.Wait()
	return err
}

// whole feeds all entries from one on and before another.
func (s *search) whole(from, end uint64) func(context.Context, func(*journal.Entry) error) error {
	return func(ctx context.Context, take func(*journal.Entry) error) error {
		for from < end {
			err := s.journal.Follow(ctx, from, func(_ context.Context, e *journal.Entry) error {
				from = e.Index + 1
				if err := take(e); err != nil {
					return err
				}
				if from >= end {
					return errEnough
				}
				return nil
			})
			var damage *journal.DamageError
			switch {
			case errors.Is(err, errEnough):
				return nil
			case errors.As(err, &damage):
				from = damage.Index + 1
				s.hurt()
			case err != nil:
				return err
			}
		}
		return nil
	}
}

var errEnough = errors.New("the search is over")

// some feeds the entries of a list.
func (s *search) some(list []uint64) func(context.Context, func(*journal.Entry) error) error {
	return func(ctx context.Context, take func(*journal.Entry) error) error {
		for _, n := range list {
			e, err := s.journal.Entry(ctx, n)
			var damage *journal.DamageError
			if errors.As(err, &damage) {
				s.hurt()
				continue
			}
			if err != nil {
				return err
			}
			if err := take(e); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *search) hurt() {
	s.done.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.damaged++
}

// progressEvery is how many entries pass between two reports.
const progressEvery = 64

func (w *searcher) take(e *journal.Entry) {
	if n := w.done.Add(1); w.progress != nil && n%progressEvery == 0 {
		w.progress(Progress{n, w.total, int(w.seen.Load())})
	}
	switch {
	case e.Header.Kind != journal.Events || w.passes(&e.Header):
		return
	case !e.Gone.IsZero():
		if e.Index >= w.counted {
			w.deleted++
		}
		return
	}
	for n, line := range e.Lines() {
		ev := &w.event
		if w.reader.Read(line, ev) != nil {
			w.unread++
			continue
		}
		if ev.Time = happened(ev); w.within(ev.Time) {
			if e.Index >= w.counted {
				w.note(ev.Time)
				w.events++
			}
			w.ask(ev, finding.Place{Entry: e.Index, Line: n})
		}
	}
}

// happened is the time by which an event is found: when it happened, else when it was received.
func happened(ev *event.Event) time.Time {
	if ev.Time.IsZero() {
		return ev.Observed
	}
	return ev.Time
}

func (s *search) within(at time.Time) bool {
	return (s.from.IsZero() || !at.Before(s.from)) && (s.to.IsZero() || at.Before(s.to))
}

// passes tells that no event of an entry can be within the time that was asked for. Some may say no time: they count
// from when they were received, shortly before the entry was closed.
func (s *search) passes(h *journal.Header) bool {
	const shortly = time.Hour
	early := !s.from.IsZero() && h.Last.Before(s.from) && h.Received.Before(s.from)
	late := !s.to.IsZero() && !h.First.IsZero() && !h.First.Before(s.to) && h.Received.After(s.to.Add(shortly))
	return early || late
}

func (w *searcher) note(at time.Time) {
	if at.IsZero() {
		return
	}
	if w.first.IsZero() || at.Before(w.first) {
		w.first = at
	}
	if at.After(w.last) {
		w.last = at
	}
}

func (w *searcher) ask(ev *event.Event, at finding.Place) {
	w.judged++
	found := false
	matches := w.judge.Matches(ev)
	for i := range matches {
		m := &matches[i]
		if !m.Silent && (w.reports == nil || w.reports(w, m, ev, at)) {
			w.book.AddAt(m.Kind, m.Rule, ev, &at)
			found = true
		}
		if o, ok := w.judge.Observe(m, ev); ok {
			o.Evidence.Place = &finding.Place{Entry: at.Entry, Line: at.Line}
			o.Evidence.Fields = nil
			w.mu.Lock()
			w.state.Add(o, w.fire)
			w.mu.Unlock()
		}
	}
	if found {
		w.seen.Add(1)
	}
}

// fire enters what a correlation says. s.mu is held.
func (s *search) fire(f correlate.Firing) {
	if s.joined != nil && !s.joined(s.set.numberOf(f.Correlation)-len(s.set.rules), f.Members) {
		return
	}
	kind, rule, entity := s.set.Joined(&f)
	s.book.AddJoined(kind, rule, entity, f.Members)
	s.seen.Add(int64(len(f.Members)))
}

// finish settles what correlations wait for, and returns all that was found, the worst first.
func (s *search) finish(ctx context.Context) ([]finding.Finding, error) {
	s.state.Flush(s.fire)
	for _, w := range s.workers {
		s.book.Merge(w.book)
	}
	found := s.book.Findings()
	var cached *journal.Entry
	for i := range found {
		if err := fill(ctx, s.journal, &cached, s.tax, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// sum puts what was searched into an answer.
func (s *search) sum(a *Answer) {
	var first, last time.Time
	for _, w := range s.workers {
		a.Events += w.events
		a.Judged += w.judged
		a.Unread += w.unread
		a.Deleted += w.deleted
		if !w.first.IsZero() && (first.IsZero() || w.first.Before(first)) {
			first = w.first
		}
		if w.last.After(last) {
			last = w.last
		}
	}
	a.Damaged += s.damaged
	a.Seen += int(s.seen.Load())
	a.Days = max(a.Days, days(first, last))
}

// days counts the days from one time to another, begun ones as a whole.
func days(first, last time.Time) int {
	if first.IsZero() {
		return 0
	}
	const day = 24 * time.Hour
	return int(last.Truncate(day).Sub(first.Truncate(day))/day) + 1
}

const (
	maxListed  = 100     // findings of an answer
	maxContent = 4 << 20 // bytes of them
)

// list puts what was found into an answer, as far as there is room.
func (a *Answer) list(found []finding.Finding) {
	a.Distinct, a.Findings = 0, nil
	a.add(found)
}

// add puts further findings into an answer.
func (a *Answer) add(found []finding.Finding) {
	for i := range found {
		f := &found[i]
		if !f.First.IsZero() && (a.First.IsZero() || f.First.Before(a.First)) {
			a.First = f.First
		}
		if f.Last.After(a.Last) {
			a.Last = f.Last
		}
		if at := slices.IndexFunc(a.Findings, func(g finding.Finding) bool { return g.ID == f.ID }); at >= 0 {
			a.Findings[at].Absorb(f, keepEvents)
			continue
		}
		a.Distinct++
		if len(a.Findings) < maxListed {
			a.Findings = append(a.Findings, *f)
		}
	}
	a.Findings = within(a.Findings, maxContent)
}

// within leaves out what makes findings longer than so many bytes together: their events first.
func within(found []finding.Finding, most int) []finding.Finding {
	left := most
	for i := range found {
		f := &found[i]
		size := weight(f)
		if size > left {
			f.Events = nil
			size = weight(f)
		}
		if left -= size; left < 0 {
			return found[:i]
		}
	}
	return found
}

// weight is about how many bytes a finding takes.
func weight(f *finding.Finding) int {
	n := 200 + len(f.Rule.Title) + len(f.Rule.Summary) + len(f.Rule.CareImpact) + 32*len(f.Places)
	for _, texts := range [][]string{f.Rule.Tags, f.Rule.References, f.Rule.FalsePositives, f.Rule.Asks} {
		for _, t := range texts {
			n += len(t)
		}
	}
	for _, e := range f.Events {
		n += 200 + len(e.Fields)
	}
	return n
}

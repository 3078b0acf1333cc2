package watch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

const (
	keepEvents = 5           // events that are filed whole with a finding of one step, the earliest
	keepFields = 64 << 10    // bytes of an event that is filed whole; a longer one is named by its place only
	holdFor    = time.Minute // how long a rule that floods is gathered before it is filed again
)

// file hands what was found in one step to the journal. The step ends when all of it is durable, which
// checkpoint waits for. clock is the journal's time; with floods what was held back is filed whatever the time.
func (l *Live) file(ctx context.Context, from journal.Place, clock time.Time, floods bool) error {
	found := l.book.Findings()
	if len(found) > 0 {
		l.book = finding.NewBook(keepEvents)
		l.changed = true
	}
	var filed []*finding.Finding
	for i := range found {
		if f := l.floods.take(&found[i], clock, l.cfg.Flood); f != nil {
			filed = append(filed, f)
		}
	}
	for _, f := range l.floods.release(clock, floods) {
		l.changed = true
		filed = append(filed, f)
	}
	for _, f := range once(filed) {
		if err := l.send(ctx, f, from); err != nil {
			return err
		}
	}
	return l.at("filed")
}

// once gathers what is filed under one name: a notice of a flood may begin and be released in one step, and of one step the
// desk counts a finding once.
func once(filed []*finding.Finding) []*finding.Finding {
	at := map[string]*finding.Finding{}
	return slices.DeleteFunc(filed, func(f *finding.Finding) bool {
		first := at[f.ID]
		if first == nil {
			at[f.ID] = f
			return false
		}
		first.Absorb(f, keepEvents)
		return true
	})
}

func (l *Live) send(ctx context.Context, f *finding.Finding, from journal.Place) error {
	if err := fill(ctx, l.cfg.Journal, &l.cached, l.cfg.Taxonomy, f); err != nil {
		return err
	}
	line, err := triage.LineOf(&triage.Filed{Finding: *f, Watcher: follower, From: from})
	if err != nil {
		return err
	}
	r, err := l.cfg.Journal.Add(ctx, line)
	if err != nil {
		return err
	}
	l.receipts = append(l.receipts, r)
	return nil
}

// fill reads the fields of a finding's events from the journal where they were left out. What is no longer there is
// named by its place only.
func fill(ctx context.Context, j *journal.Journal, cached **journal.Entry, tax *event.Taxonomy, f *finding.Finding) error {
	reader := event.LineReader{Taxonomy: tax, Limits: jsonl.DefaultLimits()}
	var ev event.Event
	for i := range f.Events {
		e := &f.Events[i]
		if len(e.Fields) > keepFields {
			e.Fields = nil
			continue
		}
		if e.Place == nil || len(e.Fields) > 0 && string(e.Fields) != "null" {
			continue
		}
		if *cached == nil || (*cached).Index != e.Place.Entry {
			entry, err := j.Entry(ctx, e.Place.Entry)
			if damage := (*journal.DamageError)(nil); errors.As(err, &damage) {
				continue
			}
			if err != nil {
				return err
			}
			*cached = entry
		}
		for n, line := range (*cached).Lines() {
			if n == e.Place.Line && reader.Read(line, &ev) == nil && len(ev.Fields) <= keepFields {
				e.Fields = bytes.Clone(ev.Fields)
			}
		}
	}
	return nil
}

// ruleKey tells rules apart: by id, or else by title.
func ruleKey(r *finding.Rule) string { return cmp.Or(r.ID, r.Title) }

// floods counts what each rule files in an hour of the journal's clock, and holds back what is too much. It is
// written with the position.
type floods struct {
	Hour  time.Time        `json:"hour"`
	Filed map[string]int   `json:"filed"` // findings of each rule in that hour
	Held  map[string]*held `json:"held"`  // of rules that filed too many
}

// held is what stands for further findings of a rule until it is filed.
type held struct {
	Finding finding.Finding `json:"finding"`
	Since   time.Time       `json:"since"`
}

// take counts a finding that is to be filed, and returns what is filed in its place: the finding itself, or, once its
// rule has filed enough in this hour, a notice that gathers all further ones; nil when it is held back until the
// notice is filed again.
func (fs *floods) take(f *finding.Finding, clock time.Time, limit int) *finding.Finding {
	if hour := clock.Truncate(time.Hour); !hour.Equal(fs.Hour) || fs.Filed == nil {
		fs.Hour, fs.Filed = hour, map[string]int{}
	}
	key := ruleKey(&f.Rule)
	fs.Filed[key]++
	switch h := fs.Held[key]; {
	case fs.Filed[key] <= limit:
		return f
	case h != nil:
		h.Finding.Absorb(f, keepEvents)
		return nil
	case fs.Filed[key] == limit+1:
		notice := flooding(f)
		return &notice
	}
	if fs.Held == nil {
		fs.Held = map[string]*held{}
	}
	fs.Held[key] = &held{flooding(f), clock}
	return nil
}

// flooding is the finding that stands for all further ones of its rule.
func flooding(f *finding.Finding) finding.Finding {
	rule := f.Rule
	rule.Title = "Many more: " + rule.Title
	rule.Summary = "The rule found so much in an hour that what followed is gathered here, whatever host or user it is about. " + rule.Summary
	b := finding.NewBook(keepEvents)
	b.AddJoined(f.Kind, &rule, "\x00flood", nil)
	notice := b.Findings()[0]
	notice.Absorb(f, keepEvents)
	return notice
}

// flooding tells whether a rule has filed more than its share in the present hour.
func (fs *floods) flooding(key string, limit int) bool { return fs.Filed[key] > limit }

// due tells whether anything was held back at that time or before.
func (fs *floods) due(since time.Time) bool {
	for _, h := range fs.Held {
		if !h.Since.After(since) {
			return true
		}
	}
	return false
}

// release returns what was held back for long enough, or all of it, in the order of the rules' names.
func (fs *floods) release(clock time.Time, all bool) []*finding.Finding {
	var ready []*finding.Finding
	for _, key := range slices.Sorted(maps.Keys(fs.Held)) {
		if h := fs.Held[key]; all || clock.Sub(h.Since) >= holdFor {
			ready = append(ready, &h.Finding)
			delete(fs.Held, key)
		}
	}
	return ready
}

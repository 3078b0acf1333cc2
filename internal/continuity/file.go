package continuity

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

const watcher = "continuity"

// ID names a sign: the same trouble of the same thing has it when it is found again after a restart.
func (s *Sign) ID() string {
	if s.Kind == Staged { // each step of a campaign is told
		return event.NewID(watcher, s.About, strings.Join(s.Stages, ","), s.Deed).String()
	}
	return event.NewID(watcher, string(s.Kind), s.About, s.Since.UTC().Format("2006-01-02T15:04")).String()
}

// Rule is what is thought of it: how much it matters, what it does to care, and when it is nothing.
func (s *Sign) Rule() finding.Rule { return ruleOf(s.Kind, s.Class) }

// finding is a sign as all watchers tell theirs.
func (s *Sign) finding() finding.Finding {
	said, err := json.Marshal(map[string]any{"sign": s.ID(), "kind": s.Kind, "feed": s.Name, "class": s.Class, "since": s.Since, "says": s.Text(), "findings": s.Findings})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts and numbers can always be written
	}
	rule := s.Rule()
	book := finding.NewBook(5)
	book.AddJoined(finding.Disruption, &rule, s.About, []finding.Evidence{{Source: watcher, Time: s.At, Fields: said, Entities: map[string]string{"flow": s.Name}}})
	f := book.Findings()[0]
	const named = 10
	for _, entity := range s.Entities {
		kind, name, _ := strings.Cut(entity, " ")
		if len(f.Entities[kind]) < named {
			f.Entities[kind] = append(f.Entities[kind], name)
		}
	}
	return f
}

// file has signs stand in the journal as findings. What ended is kept, and is no finding.
func (r *Room) file(ctx context.Context, signs []Sign) error {
	for i := range signs {
		s := &signs[i]
		s.Name = r.hidden(s.Name) // systems name hosts, channels and certificates as they like
		r.found = append(r.found, *s)
		if s.Ended {
			continue
		}
		r.filings++
		line, err := triage.LineOf(&triage.Filed{Finding: s.finding(), Watcher: watcher, From: journal.Place{Entry: r.at, Line: r.filings}})
		if err != nil {
			return err
		}
		receipt, err := r.cfg.Journal.Add(ctx, line)
		if err != nil {
			return fmt.Errorf("file a sign of disruption: %w", err)
		}
		r.receipts = append(r.receipts, receipt)
	}
	return nil
}

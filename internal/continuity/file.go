package continuity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/continuity/incident"
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
	state := "began"
	if s.Ended {
		state = "ended" // stands beside it, and not in its place
	}
	return event.NewID(watcher, string(s.Kind), s.About, s.Since.UTC().Format("2006-01-02T15:04"), state).String()
}

// Rule is what is thought of it: how much it matters, what it does to care, and when it is nothing.
func (s *Sign) Rule() finding.Rule { return ruleOf(s.Kind, s.Class) }

// finding is what is told of an incident, as all watchers tell theirs: what is told later of it adds up.
func (t *Telling) finding() finding.Finding {
	i := t.Incident
	f := finding.Finding{ID: i.ID, Kind: finding.Disruption, Rule: RuleOf(i), First: i.Opened, Last: i.Opened, Entities: map[string][]string{}}
	news := t.News
	if i.Cause != "" {
		name(&f, "flow", i.Name)
		if len(news) == 0 {
			last := i.Facts[len(i.Facts)-1]
			news = []incident.Fact{{Key: "cause " + i.Cause, Kind: string(Component), Class: last.Class, Name: i.Name, Since: i.Opened, At: last.At, Says: "all of it rests on " + i.Name}}
		}
	}
	for n := range news {
		is := &news[n]
		name(&f, "flow", is.Name)
		for _, entity := range is.Entities {
			kind, value, _ := strings.Cut(entity, " ")
			name(&f, kind, value)
		}
		said, err := json.Marshal(map[string]any{"incident": i.ID, "kind": is.Kind, "feed": is.Name, "class": is.Class, "since": is.Since, "says": is.Says, "findings": is.Findings})
		if err != nil {
			panic(fmt.Sprint("wardline: internal error: ", err)) // texts and numbers can always be written
		}
		f.Events = append(f.Events, finding.Evidence{Source: watcher, Time: is.At, Fields: said, Entities: map[string]string{"flow": is.Name, "incident": i.ID}})
		f.Count, f.Last = f.Count+1, is.At
	}
	return f
}

// name adds what a finding names, at most ten of a kind.
func name(f *finding.Finding, kind, value string) {
	if len(f.Entities[kind]) < 10 && !slices.Contains(f.Entities[kind], value) {
		f.Entities[kind] = append(f.Entities[kind], value)
	}
}

// file keeps signs, and has what people are told of them stand in the journal as findings.
func (r *Room) file(ctx context.Context, signs []Sign) error {
	for i := range signs {
		signs[i].Name = r.hidden(signs[i].Name) // systems name hosts, channels and certificates as they like
	}
	r.found = append(r.found, signs...)
	told, err := r.incidents.Take(signs, r.engine.clock)
	if err != nil { // each is told by itself
		r.cfg.Log.ErrorContext(ctx, "what signs of disruption have in common is not known: look at the house's map with wardline map check", "error", err)
	}
	for i := range told {
		r.filings++
		line, err := triage.LineOf(&triage.Filed{Finding: told[i].finding(), Watcher: watcher, From: journal.Place{Entry: r.at, Line: r.filings}})
		if err != nil {
			return err
		}
		receipt, err := r.cfg.Journal.Add(ctx, line)
		if err != nil {
			return fmt.Errorf("file a disruption: %w", err)
		}
		r.receipts = append(r.receipts, receipt)
	}
	r.news = r.news || len(signs) > 0 || len(told) > 0
	return nil
}

package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/triage"
)

// watcher is the name under which the room files findings.
const watcher = "privacy"

// fileAlarm files what a person is to be told of at once, for the desk of those who watch the house.
func (r *Room) fileAlarm(ctx context.Context, a *Alarm) error {
	f := r.engine.Finding(a)
	for i := range f.Events {
		if p := a.place(i); p != nil {
			f.Events[i].Place = p
			f.Places = append(f.Places, *p)
		}
	}
	r.filings++
	line, err := triage.LineOf(&triage.Filed{Finding: f, Watcher: watcher, From: journal.Place{Entry: r.at.Entry, Line: r.filings}})
	if err != nil {
		return err
	}
	return r.add(ctx, line)
}

func (a *Alarm) place(i int) *finding.Place {
	if i >= len(a.Evidence) || a.Evidence[i].Place.Line < 0 {
		return nil
	}
	return &finding.Place{Entry: a.Evidence[i].Place.Entry, Line: int(a.Evidence[i].Place.Line)}
}

// Finding is an alarm as all watchers tell theirs. It names the account and stands a token for the patient.
func (e *Engine) Finding(a *Alarm) finding.Finding {
	rule := finding.Rule{
		ID: "privacy-" + a.Flag.ID, Title: e.judge.FlagTitle(a.Flag.ID), Level: "high", Author: "Wardline", Source: "content/privacy/flags.yml",
		Type: "privacy", Summary: "A person is to look at this whatever may explain it; the case is in the access review.",
	}
	kind, entity := finding.Theft, e.house.Text(a.User)
	if a.Feed {
		rule.ID, rule.Title, rule.Level = "privacy-feed", "A feed that explains accesses is silent", "medium"
		rule.Summary = "Far fewer accesses to records are explained than at the same time on other days. That is what a broken feed looks like, not what prying " +
			"does: no case is made of these accesses until the feed is back. Look which interface stopped: admissions, orders, notes or the roster."
		rule.CareImpact = "What stopped may be missed at the bedside as well."
		kind, entity = finding.Disruption, "explained accesses"
	}
	if a.Crowd {
		rule.ID, rule.Title = "privacy-crowd", "More accounts open records than there can be"
		rule.Summary = "Accounts that nobody knows are so many that a system writes wrong names, or somebody makes them up: accesses of further ones are kept in the journal, and not reviewed today. " +
			"Look which source sends them, on the page Sources, and hold it to what it may send."
		entity = "accounts"
	}
	var members []finding.Evidence
	for i := range a.Evidence {
		members = append(members, e.member(a, &a.Evidence[i]))
	}
	if len(members) == 0 {
		members = []finding.Evidence{e.member(a, &judge.Access{At: a.At})}
	}
	book := finding.NewBook(5)
	book.AddJoined(kind, &rule, entity, members)
	f := book.Findings()[0]
	f.Events = f.Events[:min(len(f.Events), 5)]
	return f
}

func (e *Engine) member(a *Alarm, at *judge.Access) finding.Evidence {
	things := map[string]string{}
	if a.User != 0 {
		things["user"] = e.house.Text(a.User)
	}
	if a.Patient != 0 {
		things["patient"] = e.house.Token(a.Patient)
	}
	fields, err := json.Marshal(map[string]any{"flag": a.Flag.ID, "case": a.Case, "action": at.Native, "facts": a.Flag.Facts})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts and numbers can always be written
	}
	source := at.Source
	if source == "" {
		source = watcher
	}
	when := at.At
	if when.IsZero() {
		when = time.Time{}
	}
	return finding.Evidence{Source: source, Time: when, Fields: fields, Entities: things}
}

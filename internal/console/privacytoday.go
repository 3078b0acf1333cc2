package console

import (
	"errors"
	"slices"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/privacy"
)

// privacyFirst tells whether somebody is here for accesses to records, and not for the queue of findings.
func privacyFirst(a access.Actor) bool {
	return slices.Contains(a.Roles, access.Privacy) && !slices.Contains(a.Roles, access.Analyst) && !slices.Contains(a.Roles, access.Senior)
}

// accessToday makes the first page the privacy officer's: who looked at a chart without a reason, and which case is the next.
func (c *Console) accessToday(r *request, v *page.Today) error {
	if c.Privacy == nil || allowed(r.actor, access.CaseRead) != nil {
		return nil
	}
	all, which, err := c.cases(r, "waiting")
	if errors.Is(err, privacy.ErrNotReady) {
		v.Rooms = slices.Insert(v.Rooms, 0, page.RoomCard{Name: "Access", URL: "/review", About: "Who opened which record, and why", State: page.Dim("Not ready"), Figure: "-", Text: "it still reads what it knew"})
		return nil
	}
	if err != nil {
		return err
	}
	card := page.RoomCard{Name: "Access", URL: "/review", About: "Who opened which record, and why", State: page.OK("Steady"), Figure: page.Number(len(all)), Text: "cases wait for a person"}
	if which == "decided" {
		card.Text, card.State = "cases are decided", page.Dim("Decided")
	} else if len(all) > 0 {
		card.State = caseState(&all[0])
	}
	if allowed(r.actor, access.ExplainedRead) == nil {
		h, err := c.Privacy.Health(r.Context())
		if err != nil {
			return err
		}
		card.More = shareSays(&h.All)
		if h.All.Touches == 0 && len(all) == 0 {
			card.State = page.Dim("Nothing judged yet")
		}
	}
	v.Rooms = slices.Insert(v.Rooms, 0, card)
	if which == "waiting" && privacyFirst(r.actor) {
		c.officerToday(r, v, all)
	}
	return nil
}

// officerToday puts the cases before the findings.
func (c *Console) officerToday(r *request, v *page.Today, all []privacy.Case) {
	v.Ask = "Who looked at a chart without a reason?"
	after := "Findings: " + v.Answer
	if len(all) == 0 {
		v.Answer, v.Context = "Nobody that we know of.", after
		return
	}
	v.Answer, v.Context = caseHeadline(all, "waiting"), after
	v.Now = *c.firstCase(r, all)
	v.Now.More = []page.Link{{Text: "All cases", URL: "/review"}, {Text: "Who saw a chart?", URL: "/patients/who-saw"}}
	v.Waiting = nil
	for i := range all[:min(waitingShown, len(all))] {
		k := &all[i]
		v.Waiting = append(v.Waiting, page.Waiting{
			State: caseState(k), URL: "/review/" + k.ID, Title: page.Clean(k.Text.Headline, 120), Where: whoOf(k), Care: either(len(k.Patients) == 0, "No one patient", page.Plural(len(k.Patients), "patient")), Owner: "Nobody", Age: r.clock.Since(k.Opened),
		})
	}
}

package console

import (
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/triage"
)

const waitingShown = 8

// today answers whether anything is wrong, and what one thing to do.
func (c *Console) today(r *request) (answer, error) {
	counts, err := c.Desk.Counts(r.Context())
	if err != nil {
		return answer{}, err
	}
	var items []triage.Item
	if seesAll(r.actor) {
		if items, err = c.items(r, queue{view: "waiting"}); err != nil {
			return answer{}, err
		}
	}
	v := page.Today{Days: "day"}
	v.Frame = c.frame(r, "today", "Today", "Is anything wrong, and what one thing should I do?", key("do the one thing", "Enter"), key("next, previous", "J", "K"))
	all := c.standings()
	var silent []collect.Standing
	for _, s := range all {
		if s.State != collect.Live {
			silent = append(silent, s)
		}
	}
	c.mostUrgent(r, &v, counts, items, all, silent)
	v.Seals = c.seals(r, all)
	v.Rooms = c.rooms(r, counts, all, silent)
	if err := c.accessToday(r, &v); err != nil {
		return answer{}, err
	}
	c.mention(r, &v)
	for i := range items[:min(waitingShown, len(items))] {
		item := &items[i]
		care := page.Clean(item.Rule.CareImpact, 90)
		if care == "" {
			care = "Not stated"
		}
		v.Waiting = append(v.Waiting, page.Waiting{
			State: page.Level(item.Rule.Level), URL: "/findings/" + item.ID, Title: page.Clean(item.Rule.Title, 120), Where: whereWho(&item.Finding), Care: care,
			Owner: strings.TrimSuffix(strings.TrimSuffix(c.owner(r, item.Owner), " has it"), " have it"), Age: r.clock.Since(item.Opened),
		})
	}
	v.Quiet = "No finding waits."
	if len(all) > 0 {
		v.Quiet = "No finding waits. " + page.Plural(c.Live.State().Events, "event") + " were asked about since the node started."
	}
	if !seesAll(r.actor) {
		v.Quiet = "The queue is for analysts and the privacy officer. " + page.Plural(waiting(counts), "finding") + " wait for them."
	}
	return view("today", v), nil
}

// seesAll tells whether the reader sees the whole queue of findings.
func seesAll(a access.Actor) bool {
	return access.Check(a, access.FindingRead, access.Object{Kind: "finding"}) == nil
}

// mostUrgent settles the headline and the one thing to do: the worst finding, else a silent source, else what is
// missing in the set-up, else nothing.
func (c *Console) mostUrgent(r *request, v *page.Today, counts triage.Counts, items []triage.Item, all, silent []collect.Standing) {
	after := ""
	if len(silent) > 0 {
		after = "After that: " + page.Clean(silent[0].Sender, 60) + " is silent."
	}
	if len(items) > 0 {
		item := &items[0]
		n := waiting(counts)
		v.Answer = page.Count(n, "finding") + either(n == 1, " waits. ", " wait. ") + "Look first at: " + page.Clean(item.Rule.Title, 90) + "."
		v.Context = after
		care := page.Clean(item.Rule.CareImpact, 300)
		v.Now = page.Now{
			State: page.Level(item.Rule.Level), Label: "One thing to do", Title: page.Clean(item.Rule.Title, 120), Text: strings.TrimSpace(seen(&item.Finding, r.clock) + " " + care),
			Facts:  []page.Pair{{Name: "Waits", Value: page.Length(r.clock.Now.Sub(item.Opened)) + ". " + c.owner(r, item.Owner)}, {Name: "Rule by", Value: page.Clean(item.Rule.Author, 80)}},
			Action: page.Link{Text: "Open the finding", URL: "/findings/" + item.ID}, More: []page.Link{{Text: "Whole queue", URL: "/findings"}},
		}
		if care == "" {
			v.Now.Facts = append(v.Now.Facts, page.Pair{Name: "Care", Value: "The rule does not say who may be hurt"})
		}
		if len(items) > 1 {
			v.Now.Facts = append(v.Now.Facts, page.Pair{Name: "Next in line", Value: page.Clean(items[1].Rule.Title, 90) + ", " + whereWho(&items[1].Finding)})
		}
		return
	}
	switch {
	case len(silent) > 0:
		v.Answer = page.Count(len(silent), "source") + either(len(silent) == 1, " is silent.", " are silent.") + either(seesAll(r.actor), " No finding waits.", "")
		v.Now = *silentCard(&silent[0], r.clock)
		v.Now.Action = page.Link{Text: "Open the sources", URL: "/sources"}
	case len(all) == 0:
		v.Answer, v.Context = "Nothing is watched yet.", "No system sends to us, so nothing can be found. It takes about five minutes to connect the first one."
		v.Now = page.Now{State: page.Dim("Not set up"), Label: "One thing to do", Title: "Connect the first source", Text: "Begin with what most people use every day: the patient record, or the sign-in servers."}
		v.Now.Action = page.Link{Text: "Connect a source", URL: "/sources/add"}
		if allowed(r.actor, access.TokenWrite) != nil {
			v.Now.Text += " An administrator does that."
			v.Now.Action = page.Link{Text: "Open the sources", URL: "/sources"}
		}
	default:
		v.Answer = "Nothing waits. " + allSpeak(len(all))
		if !seesAll(r.actor) {
			v.Answer = "Nothing waits for you. " + allSpeak(len(all))
		}
		v.Now = page.Now{State: page.OK("Steady"), Label: "Nothing to do now", Title: "Look once at what is hidden", Text: "What somebody hid for a time is not in the queue. Once a week is enough.", Action: page.Link{Text: "See what is hidden", URL: "/hidden"}}
		if !seesAll(r.actor) {
			v.Now.Title, v.Now.Text, v.Now.Action = "See that the journal is whole", "Once a week, have every entry read again and compared with the seal.", page.Link{Text: "Open the journal", URL: "/journal"}
		}
	}
}

// seals says how far the journal and its readers are.
func (c *Console) seals(r *request, all []collect.Standing) page.Seals {
	size := c.Journal.Size()
	s := page.Seals{Text: entries(size) + ". None can be changed without being found out."}
	s.State, _ = c.sealed(r.Context())
	if size == 0 {
		s.Text = "It fills when the first source sends."
	}
	var total collect.Counts
	for i := range all {
		total = sum(total, all[i].Counts)
	}
	books := booksState(total)
	if len(all) == 0 {
		books = page.Dim("No sender yet")
	}
	s.Meters = append(s.Meters, page.Meter{State: books, Name: "Books of the senders", Says: page.Number(total.Received) + " received from " + page.Plural(len(all), "source"), Share: 300})
	live := c.Live.State()
	seen := page.OK("Up to date")
	if !live.Watching {
		seen = page.Look("Not watching")
	} else if live.Next < size && live.Lag.Minutes() >= 1 {
		seen = page.Watch(page.Age(live.Lag) + " behind")
	}
	s.Meters = append(s.Meters, page.Meter{State: seen, Name: "Rules have seen", Says: page.Number(min(live.Next, size)) + " of " + entries(size), Share: page.Share(min(live.Next, size), size)})
	index, _ := c.indexState()
	through := min(c.Index.Through(), size)
	s.Meters = append(s.Meters, page.Meter{State: index, Name: "Search can find", Says: page.Number(through) + " of " + entries(size), Share: page.Share(through, size)})
	return s
}

func (c *Console) rooms(r *request, counts triage.Counts, all, silent []collect.Standing) []page.RoomCard {
	var cards []page.RoomCard
	add := func(v access.Verb, card page.RoomCard) {
		if allowed(r.actor, v) == nil {
			cards = append(cards, card)
		}
	}
	worst, _ := c.worst(r.Context())
	if worst.Class == "" {
		worst = page.OK("Steady")
	}
	if len(all) == 0 && worst.Class == "ok" {
		worst = page.Dim("Nothing to judge")
	}
	add(access.FindingRead, page.RoomCard{Name: "Findings", URL: "/findings", About: "What a person must judge", State: worst, Figure: page.Number(waiting(counts)),
		Text: "wait for a person", More: page.Number(counts.States[triage.Closed]) + " settled, " + page.Number(counts.Later) + " put off"})
	sources := page.RoomCard{Name: "Sources", URL: "/sources", About: "Who speaks", State: page.OK("Speak"), Figure: page.Number(len(all) - len(silent)), Of: "of " + page.Number(len(all)), Text: "sources speak"}
	if len(silent) > 0 {
		sources.State, sources.More = page.Look("Silent"), page.Clean(silent[0].Sender, 50)+", since "+r.clock.At(silent[0].Last)
	} else if len(all) == 0 {
		sources.State = page.Dim("None yet")
	}
	sources.Spark = page.Spark(c.pulse.of(""), sources.State.Class, "Events each half hour, all sources")
	add(access.SourceRead, sources)
	rules, refused := len(c.liveRules()), len(c.Rulebook.Refused())
	card := page.RoomCard{Name: "Rules", URL: "/rules", About: "What is looked for", State: page.OK("Loaded"), Figure: page.Number(rules), Text: "rules are asked of every event", More: "every rule was loaded"}
	if refused > 0 {
		card.State, card.More = page.Watch("Not all"), page.Number(refused)+" could not be loaded"
	}
	if rules == 0 {
		card.State = page.Dim("None")
	}
	if _, going := c.Rulebook.Going(); going {
		card.State, card.More = page.Watch("Changing"), "new ones are about to go live"
	}
	if c.Rulebook.Trouble() != "" {
		card.State, card.More, card.URL = page.Look("In trouble"), "what was configured or kept cannot be read", "/rules/changes"
	}
	add(access.RuleRead, card)
	state, _ := c.sealed(r.Context())
	if state.Class == "ok" {
		state.Word = "Sealed"
	}
	add(access.JournalVerify, page.RoomCard{Name: "Journal", URL: "/journal", About: "What cannot be changed unnoticed", State: state, Figure: page.Number(c.Journal.Size()), Text: "entries are sealed", More: c.lastCheck(r)})
	return cards
}

func (c *Console) lastCheck(r *request) string {
	j := c.jobs.last("verify")
	if j == nil {
		return "not read again since the node started"
	}
	if j.running() {
		return "being read again now"
	}
	result, _ := j.result()
	if done, ok := result.(verified); ok && done.report != nil && done.report.Sound() {
		return fmt.Sprintf("read again %s: unchanged", r.clock.At(done.ended))
	}
	return "the last check did not end well: look"
}

package console

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/chart"
	ways "github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/triage"
)

// How far back doubts are listed and counted, and how many at most.
const (
	doubtDays   = 30
	doubtsShown = 200
	openDays    = 7
)

// records lists what may not be true, masked, and says how the ways between systems do.
func (c *Console) records(r *request) (answer, error) {
	if c.Integrity == nil {
		return answer{data: doubtsJSON{Doubts: []doubtJSON{}, Routes: []wayJSON{}}, show: func() (string, any, error) { return "records", c.noRecords(r), nil }}, nil
	}
	all, err := c.Integrity.Doubts(r.Context(), r.clock.Now.AddDate(0, 0, -doubtDays), doubtsShown)
	if err != nil {
		return answer{}, err
	}
	if all, err = c.unbarred(r, all); err != nil {
		return answer{}, err
	}
	worstOfDay(all, r.clock.Zone)
	routes := c.Integrity.Routes()
	return answer{data: doubtList(all, routes), show: func() (string, any, error) { return "records", c.recordsPage(r, all, routes), nil }}, nil
}

// unbarred leaves out the doubts about what the reader wrote, or somebody whom the reader reports to.
func (c *Console) unbarred(r *request, all []integrity.Doubt) ([]integrity.Doubt, error) {
	if c.Privacy == nil || c.Hospital == nil || !slices.ContainsFunc(all, func(d integrity.Doubt) bool { return d.Author != "" }) {
		return all, nil // nobody knows who is who
	}
	line, err := c.line(r)
	if err != nil {
		return nil, err
	}
	c.Hospital.View(func(h *hospital.House) {
		all = slices.DeleteFunc(all, func(d integrity.Doubt) bool {
			if d.Author == "" {
				return false
			}
			staff := h.StaffNamed(h.Ref(d.Author))
			if staff == nil {
				return strings.EqualFold(d.Author, r.actor.Name)
			}
			_, same := line[staff.ID]
			return same
		})
	})
	return all, nil
}

const recordsAsk = "Do records still say what was said?"

// noRecords says what is missing, and what to do.
func (c *Console) noRecords(r *request) page.Records {
	v := page.Records{Views: recordsViews("/records"), EmptyTitle: "Records are not compared", EmptyText: "What systems say is sealed all the same, and can be compared by hand. An administrator has it compared by taking integrity.off out of the configuration, and starts the node again."}
	v.Frame = c.frame(r, "records", "Records", recordsAsk)
	v.Answer = "We cannot tell: nobody compares them."
	v.EmptyNext = &page.Link{Text: "See what is sealed", URL: "/journal"}
	return v
}

// worstOfDay puts the worst of each day first. Days stay the newest first, as they came.
func worstOfDay(all []integrity.Doubt, zone *time.Location) {
	day := func(d *integrity.Doubt) string { return d.At.In(zone).Format(time.DateOnly) }
	slices.SortStableFunc(all, func(a, b integrity.Doubt) int {
		return cmp.Or(strings.Compare(day(&b), day(&a)), doubtState(&a).Rank()-doubtState(&b).Rank())
	})
}

// doubtState is the shape and the word of a doubt.
func doubtState(d *integrity.Doubt) page.State {
	rule := d.Rule()
	return page.Level(rule.Level)
}

func (c *Console) recordsPage(r *request, all []integrity.Doubt, routes []integrity.RouteState) page.Records {
	v := page.Records{Views: recordsViews("/records"), Order: "The worst of each day first. The last " + page.Plural(doubtDays, "day")}
	v.Frame = c.frame(r, "records", "Records", recordsAsk, key("open the first", "Enter"), key("next, previous", "J", "K"))
	v.Answer, v.Context = recordsHeadline(all), recordsChecked(routes)
	for i := range all {
		v.Rows = append(v.Rows, c.doubtRow(r, &all[i]))
	}
	if len(all) == doubtsShown {
		v.Order = "The newest " + page.Plural(doubtsShown, "doubt")
	}
	v.Now = c.firstDoubt(r, all)
	for i := range routes {
		v.Routes = append(v.Routes, routeCard(r, &routes[i]))
	}
	v.Routes = append(v.Routes, chartsCard())
	if len(routes) == 0 {
		v.Setup = &page.Held{State: page.Dim("Not set up"), Title: "No way is heard at two points.", Text: "So nobody would see a result that is changed between the laboratory and the record. An administrator names the two senders of a way under integrity.routes in the configuration: one in front of the interface engine, one behind it."}
	}
	if len(all) == 0 {
		v.EmptyTitle, v.EmptyText = "No doubt in the last "+page.Plural(doubtDays, "day"), recordsChecked(routes)+" Notes, results, doses, amendments, merges and vaccinations are looked at as they come."
		v.EmptyNext = &page.Link{Text: "See who sends", URL: "/sources"}
	}
	return v
}

// recordsHeadline answers the question.
func recordsHeadline(all []integrity.Doubt) string {
	urgent := 0
	for i := range all {
		if doubtState(&all[i]).Class == "act" {
			urgent++
		}
	}
	switch {
	case len(all) == 0:
		return "Yes, as far as we can compare."
	case urgent == 0:
		return "Mostly. " + page.Count(len(all), "thing") + either(len(all) == 1, " is to be looked at.", " are to be looked at.")
	case urgent == len(all):
		return "No. " + page.Count(urgent, "thing") + " may harm somebody."
	}
	return "No. " + page.Count(urgent, "thing") + " may harm somebody, " + strings.ToLower(page.Word(len(all)-urgent)) + either(len(all)-urgent == 1, " more is to be looked at.", " more are to be looked at.")
}

// recordsChecked says what was compared.
func recordsChecked(routes []integrity.RouteState) string {
	var pairs int64
	for i := range routes {
		pairs += routes[i].Counts.Paired
	}
	switch {
	case len(routes) == 0:
		return "Only charts are looked at: no way is heard at two points."
	case pairs == 0:
		return "No message was compared yet on " + page.Plural(len(routes), "way") + "."
	}
	return page.Plural(pairs, "message") + either(pairs == 1, " was", " were") + " compared so far, on " + page.Plural(len(routes), "way") + " that " + either(len(routes) == 1, "is", "are") + " heard at two points."
}

// firstDoubt is the card with the one thing to do: the worst of today, or of the days before if it may harm somebody.
func (c *Console) firstDoubt(r *request, all []integrity.Doubt) *page.Now {
	at := slices.IndexFunc(all, func(d integrity.Doubt) bool { return doubtState(&d).Class == "act" })
	if at < 0 && len(all) > 0 {
		at = 0
	}
	if at < 0 {
		return nil
	}
	d := &all[at]
	rule := d.Rule()
	n := &page.Now{State: doubtState(d), Label: "One thing to do", Title: doubtTitle(d), Text: page.Clean(rule.CareImpact, 300), Action: page.Link{Text: "Open this doubt", URL: "/records/" + d.ID}}
	if n.Text == "" {
		n.Text = page.Clean(rule.Summary, 300)
	}
	n.Facts = []page.Pair{{Name: "Heard", Value: r.clock.At(d.At)}}
	if where := doubtWhere(d); where != "" {
		n.Facts = append(n.Facts, page.Pair{Name: "Where", Value: where})
	}
	return n
}

func (c *Console) doubtRow(r *request, d *integrity.Doubt) page.DoubtRow {
	row := page.DoubtRow{State: doubtState(d), URL: "/records/" + d.ID, Title: doubtTitle(d), When: r.clock.At(d.At), Where: doubtWhere(d), Patient: tokenTail(d.Patient)}
	if d.Way != "" {
		row.About = changedFields(d)
	}
	if d.Count > 1 {
		row.Count = page.Plural(d.Count, "message")
	}
	return row
}

// doubtWhere is the way, or that it is a chart.
func doubtWhere(d *integrity.Doubt) string {
	switch {
	case readBack(d.Kind):
		return "Where it is kept"
	case d.Way == "":
		return "In charts"
	}
	return "On the way " + page.Clean(d.Way, 40)
}

// tokenTail is how pages tell patients apart of whom they name none: the end of the token, which says nothing by itself.
func tokenTail(token string) string {
	if len(token) < 8 {
		return ""
	}
	return "#" + page.Clean(token[len(token)-4:], 4)
}

// doubtTitle is a doubt in one line. It quotes nothing that a sender wrote.
func doubtTitle(d *integrity.Doubt) string {
	thing := thingOf(d.About)
	switch d.Kind {
	case string(ways.Altered):
		if d.About == "PID" {
			return "A message arrived for another patient than it was sent for"
		}
		return capital(thing) + " was changed on its way"
	case string(ways.Inserted):
		return capital(thing) + " arrived that nobody sent"
	case string(ways.Removed):
		return capital(thing) + " was sent and did not arrive"
	}
	rule := d.Rule()
	return page.Clean(rule.Title, 120)
}

// changedFields names what differs, in words: "value, flag".
func changedFields(d *integrity.Doubt) string {
	if d.Kind == string(ways.Unheard) || d.Kind == string(ways.Lost) {
		return ""
	}
	var names []string
	for _, change := range d.Changes {
		name := strings.ToLower(spokenOf(change.Field).label)
		if name == "" {
			name = "a field that decides nothing"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return sentence(list(names, 4))
}

// routeCard says how one way does.
func routeCard(r *request, s *integrity.RouteState) page.RouteCard {
	n := &s.Counts
	card := page.RouteCard{Name: page.Clean(s.Name, 40), State: page.OK("Alike"), Text: "What goes in in front of the engine is compared with what comes out."}
	switch {
	case n.Before == 0 && n.After == 0:
		card.State, card.Text = page.Dim("Silent"), "Nothing was heard on this way yet. See that both points send to this node."
	case n.After == 0:
		card.State, card.Text = page.Dim("One point"), "Nothing was heard behind the engine yet. See that the second point sends to this node."
	case n.Before == 0:
		card.State, card.Text = page.Dim("One point"), "Nothing was heard in front of the engine yet. See that the first point sends to this node."
	case n.Differing > 0:
		card.State = page.Look("Differs")
	case s.Learning:
		card.State = page.Watch("Learning")
	}
	learning := "Ended " + r.clock.At(s.Until)
	if s.Learning {
		learning = "Until " + r.clock.At(s.Until)
	}
	if s.Until.IsZero() {
		learning = "Begins with the first message"
	}
	card.Facts = []page.Pair{
		{Name: "In front", Value: page.Clean(list(s.From, 3), 120)}, {Name: "Behind", Value: page.Clean(list(s.To, 3), 120)},
		{Name: "Compared", Value: page.Plural(n.Paired, "message") + " of " + page.Number(n.After)}, {Name: "Alike", Value: page.Plural(n.Alike, "statement")},
		{Name: "Differing", Value: page.Plural(n.Differing, "statement")}, {Name: "Nobody sent", Value: page.Plural(n.Unpaired, "message")}, {Name: "Learning", Value: learning},
	}
	return card
}

// chartsCard says what is looked at in charts. It has no number: most of what is said of charts is not judged but learned from.
func chartsCard() page.RouteCard {
	return page.RouteCard{Name: "Charts", State: page.OK("Looked at"), Text: "Notes, results and doses that claim a time that they cannot be of, bursts of amendments, merges of two people, vaccinations of people who were not here. From what messages say anyway; nothing has to be set up."}
}

// recordsRoom is the row of the rail, with how many doubts of the last days may harm somebody and are still to be judged.
func (c *Console) recordsRoom(r *request) []page.Room {
	if allowed(r.actor, access.RecordRead) != nil {
		return nil
	}
	m := page.Room{Key: "records", Name: "Records", URL: "/records", Go: "R"}
	if c.Integrity == nil {
		m.Class, m.Count = "dim", "Off"
		return []page.Room{m}
	}
	n, err := c.openDoubts(r.Context(), r.clock.Now.AddDate(0, 0, -openDays))
	switch {
	case err != nil:
		m.Class, m.Count, m.Says = "dim", "-", "not known"
	case n > 0:
		m.Class, m.Count, m.Says = "act", page.Number(n), "to act now"
	}
	return []page.Room{m}
}

// openDoubts counts what may harm somebody since a moment, of kinds of which a finding still waits for a judgement.
func (c *Console) openDoubts(ctx context.Context, since time.Time) (int, error) {
	counts, err := c.Integrity.Kinds(ctx, since)
	if err != nil {
		return 0, err
	}
	open := 0
	for kind, n := range counts {
		d := integrity.Doubt{Kind: kind}
		rule := d.Rule()
		if doubtState(&d).Class != "act" {
			continue
		}
		waits, err := c.Desk.List(ctx, triage.Filter{Rule: triage.RuleID(&rule), States: []triage.State{triage.New, triage.Seen}, Limit: 1})
		if err != nil {
			return 0, err
		}
		if len(waits) > 0 {
			open += n
		}
	}
	return open, nil
}

// ofChart tells doubts about charts from those of ways.
func ofChart(kind string) bool {
	return slices.Contains([]string{string(chart.BackDated), string(chart.Amended), string(chart.Merged), string(chart.Unfounded), string(chart.Mistimed)}, kind)
}

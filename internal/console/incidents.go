package console

import (
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/depend"
)

const (
	incidentsAsk   = "What disrupts care, and what did lately?"
	incidentAsk    = "What is broken, and whom does it touch?"
	incidentsShown = 60
	unitsNamed     = 5
)

func incidentURL(id string) string { return "/flows/incidents/" + id }

// incidents lists those that go on, and the latest that are over.
func (c *Console) incidents(r *request) (answer, error) {
	if c.Continuity == nil {
		return answer{}, errAbsent
	}
	all, err := c.Continuity.Incidents(r.Context(), incidentsShown)
	if err != nil {
		return answer{}, err
	}
	return answer{data: incidentsData(all), show: func() (string, any, error) { return "incidents", c.incidentsPage(r, all), nil }}, nil
}

func (c *Console) incidentsPage(r *request, all []continuity.IncidentView) page.Incidents {
	v := page.Incidents{Views: flowViews(r, "/flows/incidents")}
	v.Frame = c.frame(r, "flows", "Incidents", incidentsAsk, key("open the first", "Enter"), key("next, previous", "J", "K"))
	open := 0
	for i := range all {
		n := &all[i]
		row := page.IncidentRow{Title: incidentTitle(n), URL: incidentURL(n.ID), State: incidentState(r, n), Since: r.clock.At(began(n)), Signs: page.Plural(len(n.Facts)+n.Lost, "sign"), Lasted: page.Length(lasted(r, n))}
		if n.Ended.IsZero() {
			open++
			v.Open = append(v.Open, row)
		} else {
			v.Over = append(v.Over, row)
		}
	}
	switch {
	case open == 0:
		v.Answer = "Nothing that we know of disrupts care."
	case open == 1:
		v.Answer = incidentTitle(&all[0]) + "."
	default:
		v.Answer = page.Number(open) + " things disrupt care, first: " + uncapital(incidentTitle(&all[0])) + "."
	}
	return v
}

// incidentTitle says in a few words what it is.
func incidentTitle(n *continuity.IncidentView) string {
	names := n.Names()
	if n.Has(string(continuity.Staged)) {
		if len(names) > 1 {
			return n.Rule.Title + ": " + page.Plural(len(names)-1, "thing") + " so far"
		}
		return n.Rule.Title
	}
	if n.Cause != "" {
		return capital(page.Clean(n.Name, 60)) + " fails, and " + page.Plural(len(names), "thing") + " with it"
	}
	title := n.Rule.Title
	if len(names) > 0 {
		title = page.Clean(names[0], 60) + ": " + uncapital(title)
	}
	if len(names) > 1 {
		title += ", and " + page.Plural(len(names)-1, "thing") + " more"
	}
	return capital(title)
}

// incidentState is its shape and its word.
func incidentState(r *request, n *continuity.IncidentView) page.State {
	switch {
	case !n.Ended.IsZero():
		return page.OK("Over")
	case n.Told.IsZero():
		return page.Watch("Second look")
	case n.Rule.Level == "critical", n.Rule.Level == "high":
		return page.Act("Act now")
	case n.Rule.Level == "medium":
		return page.Look("Look today")
	}
	return page.Watch("Watch")
}

// began is since when the first of it is so.
func began(n *continuity.IncidentView) time.Time {
	first := n.Opened
	for i := range n.Facts {
		if at := n.Facts[i].Since; !at.IsZero() && at.Before(first) {
			first = at
		}
	}
	return first
}

func lasted(r *request, n *continuity.IncidentView) time.Duration {
	if n.Ended.IsZero() {
		return r.clock.Now.Sub(began(n))
	}
	return n.Ended.Sub(began(n))
}

// incident shows one: its cause, what it does to care, what still works, what to do, whom to call, and how it went.
func (c *Console) incident(r *request) (answer, error) {
	n, err := c.incidentOf(r, r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	return answer{data: incidentData(n), show: func() (string, any, error) { return "incident", c.incidentPage(r, n), nil }}, nil
}

func (c *Console) incidentOf(r *request, id string) (*continuity.IncidentView, error) {
	if c.Continuity == nil {
		return nil, errAbsent
	}
	var lying continuity.Counted
	if c.Packs != nil {
		_, lying = c.Packs()
	}
	n, err := c.Continuity.Incident(r.Context(), id, lying)
	if errors.Is(err, continuity.ErrNoIncident) {
		return nil, errAbsent
	}
	return n, err
}

func (c *Console) incidentPage(r *request, n *continuity.IncidentView) page.Incident {
	title := incidentTitle(n)
	v := page.Incident{State: incidentState(r, n), Label: "since " + r.clock.At(began(n)) + ", " + page.Length(lasted(r, n)), About: page.Clean(n.Rule.Summary, 600)}
	v.Frame = c.frame(r, "flows", title, incidentAsk)
	v.Crumbs = []page.Link{{Text: "Flows", URL: "/flows"}, {Text: "Incidents", URL: "/flows/incidents"}, {Text: title}}
	v.Answer = title + "."
	switch {
	case !n.Ended.IsZero():
		v.Label = "from " + r.clock.At(began(n)) + " to " + r.clock.At(n.Ended) + ", " + page.Length(lasted(r, n))
		v.Context = "It is over."
	case n.Told.IsZero():
		v.Context = "Nobody was told of it yet: what is only missed is looked at a second time first."
	}
	v.Care, v.Steps, v.StepsFor = c.care(r, n)
	v.Services = services(r, n.Impact)
	for i := range n.Facts {
		f := &n.Facts[i]
		row := page.SignRow{When: r.clock.Second(f.At), Says: capital(page.Clean(f.Says, 200)), State: page.Look("Goes on")}
		if !f.Over.IsZero() {
			row.State = page.OK("Over " + r.clock.At(f.Over))
		}
		v.Signs = append(v.Signs, row)
	}
	if n.Lost > 0 {
		v.Lost = page.Plural(n.Lost, "sign") + " more found no room here; findings have them."
	}
	if len(n.Impact.Causes) > 0 {
		v.Map = template.HTML(n.Impact.Part().Brief()) // every word in it is escaped there
	}
	c.inHands(r, n, &v)
	return v
}

// inHands says who looks after it, and offers to do so: an incident that people were told of is a finding.
func (c *Console) inHands(r *request, n *continuity.IncidentView, v *page.Incident) {
	item, err := c.Desk.Get(r.Context(), n.ID)
	if err != nil || access.Check(r.actor, access.FindingRead, object(&item)) != nil {
		return // it is being watched, or was told this moment
	}
	v.Finding = "/findings/" + n.ID
	v.Care = append(v.Care, page.Pair{Name: "In hand", Value: c.owner(r, item.Owner)})
	if item.Owner != r.actor.ID && n.Ended.IsZero() && access.Check(r.actor, access.FindingJudge, object(&item)) == nil {
		v.Take = v.Finding + "/take"
		v.Keys = append([]page.Key{key("I have it", "A")}, v.Keys...)
	}
}

// seenOn names the machines, accounts and addresses on which an attack was seen: these are to be cut off.
func seenOn(n *continuity.IncidentView) []page.Pair {
	const most = 8
	var all []string
	for i := range n.Facts {
		all = append(all, n.Facts[i].Entities...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) == 0 {
		return nil
	}
	var shown []string
	for _, e := range all[:min(most, len(all))] {
		shown = append(shown, page.Clean(e, 60))
	}
	if len(all) > most {
		shown = append(shown, "and "+page.Plural(len(all)-most, "other")+", in the finding")
	}
	return []page.Pair{{Name: "Seen on", Value: strings.Join(shown, ", ")}}
}

// care says whom it touches, what goes wrong first, what still works, whom to call, and what to do meanwhile.
func (c *Console) care(r *request, n *continuity.IncidentView) (facts []page.Pair, steps []string, stepsFor string) {
	im := n.Impact
	if len(im.Units) > 0 {
		facts = append(facts, page.Pair{Name: "Who waits", Value: whoWaits(im)})
	} else {
		facts = append(facts, page.Pair{Name: "Harm may come", Value: harm(worst(n))})
	}
	var call []string
	for i := range im.Services {
		for _, to := range im.Services[i].Call {
			if who := page.Clean(to.Who, 60); len(call) < 3 && !strings.Contains(strings.Join(call, ", "), who) {
				call = append(call, who)
			}
		}
	}
	if len(im.Services) > 0 {
		s := &im.Services[0]
		facts = append(facts, page.Pair{Name: "First harm", Value: page.Clean(s.Harm, 200)})
		if s.Still != "" {
			facts = append(facts, page.Pair{Name: "Without it", Value: page.Clean(s.Still, 200)})
		}
		steps, stepsFor = s.Procedure, uncapital(page.Clean(s.Name, 60))
	} else if n.Rule.CareImpact != "" {
		facts = append(facts, page.Pair{Name: "First harm", Value: n.Rule.CareImpact})
	}
	if len(n.Works) > 0 {
		var works []string
		for _, w := range n.Works[:min(6, len(n.Works))] {
			works = append(works, uncapital(page.Clean(w, 40)))
		}
		facts = append(facts, page.Pair{Name: "Still works", Value: capital(strings.Join(works, ", "))})
	}
	switch names := n.Names(); {
	case n.Has(string(continuity.Staged)):
		facts, call = append(facts, seenOn(n)...), append([]string{"the incident team"}, call...)
	case len(call) == 0 && len(names) > 0:
		call = []string{"whoever looks after " + page.Clean(names[0], 60)}
	}
	return append(facts, page.Pair{Name: "Call", Value: capital(strings.Join(call, ", then "))}), steps, stepsFor
}

// whoWaits counts the patients of the units that are touched, the largest harm first.
func whoWaits(im *depend.Impact) string {
	if im.Patients == 0 {
		return page.Plural(len(im.Units), "unit") + "; how many patients lie there is counted where units get downtime packs"
	}
	text := page.Plural(im.Patients, "patient") + ": "
	for i := range im.Units[:min(unitsNamed, len(im.Units))] {
		u := &im.Units[i]
		if i > 0 {
			text += ", "
		}
		text += page.Clean(u.Name, 30)
		if u.Known {
			text += " " + page.Number(u.Patients)
		}
	}
	if more := len(im.Units) - unitsNamed; more > 0 {
		text += ", and " + page.Plural(more, "unit") + " more"
	}
	return text
}

// worst is the class of what goes on of it.
func worst(n *continuity.IncidentView) continuity.Class {
	out := continuity.Days
	for i := range n.Facts {
		if class := continuity.Class(n.Facts[i].Class); class != "" && class < out {
			out = class
		}
	}
	return out
}

// services are what care has to do without.
func services(r *request, im *depend.Impact) (rows []page.ServiceRow) {
	for i := range im.Services {
		s := &im.Services[i]
		row := page.ServiceRow{Name: page.Clean(s.Name, 60), Harm: page.Clean(s.Harm, 120), Left: "not known", Call: "whoever looks after it"}
		if !s.Until.IsZero() {
			row.Left = either(s.Late, "since "+r.clock.At(s.Until), "from "+r.clock.At(s.Until)+" on")
		}
		if len(s.Call) > 0 {
			row.Call = page.Clean(s.Call[0].Who, 60)
		}
		rows = append(rows, row)
	}
	return rows
}

// gravest is the card with the one thing to do, and what to do meanwhile; nil when nothing goes on.
func (c *Console) gravest(r *request) (now *page.Now, steps []string, stepsFor string, err error) {
	all, err := c.Continuity.Incidents(r.Context(), 1)
	if err != nil || len(all) == 0 || !all[0].Ended.IsZero() {
		return nil, nil, "", err
	}
	n, err := c.incidentOf(r, all[0].ID)
	if err != nil || !n.Ended.IsZero() {
		return nil, nil, "", err
	}
	now = &page.Now{State: incidentState(r, n), Label: "since " + r.clock.At(began(n)) + ", " + page.Length(lasted(r, n)), Title: incidentTitle(n), Text: capital(page.Clean(n.Facts[0].Says, 200)) + "."}
	if len(n.Facts) > 1 {
		now.Text += " " + page.Plural(len(n.Facts)+n.Lost-1, "sign") + " more agree" + either(len(n.Facts) == 2, "s.", ".")
	}
	now.Facts, steps, stepsFor = c.care(r, n)
	now.Action = page.Link{Text: "Open the incident", URL: incidentURL(n.ID)}
	return now, steps, stepsFor, nil
}

// incidentsJSON are incidents as programs read them.
type incidentsJSON struct {
	Incidents []incidentJSON `json:"incidents"`
}

type incidentJSON struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Level    string      `json:"level"`
	Since    time.Time   `json:"since"`
	Told     time.Time   `json:"told,omitzero"`
	Ended    time.Time   `json:"ended,omitzero"`
	Cause    string      `json:"cause,omitempty"`
	Signs    []heardJSON `json:"signs"`
	Services []string    `json:"services,omitempty"`
	Units    int         `json:"units,omitempty"`
	Patients int         `json:"patients,omitempty"`
}

type heardJSON struct {
	Kind string    `json:"kind"`
	Says string    `json:"says"`
	At   time.Time `json:"at"`
	Over time.Time `json:"over,omitzero"`
}

func incidentsData(all []continuity.IncidentView) incidentsJSON {
	out := incidentsJSON{Incidents: []incidentJSON{}}
	for i := range all {
		out.Incidents = append(out.Incidents, incidentData(&all[i]))
	}
	return out
}

func incidentData(n *continuity.IncidentView) incidentJSON {
	out := incidentJSON{ID: n.ID, Title: incidentTitle(n), Level: n.Rule.Level, Since: began(n), Told: n.Told, Ended: n.Ended, Cause: page.Clean(n.Name, 60), Signs: []heardJSON{}}
	for i := range n.Facts {
		f := &n.Facts[i]
		out.Signs = append(out.Signs, heardJSON{f.Kind, page.Clean(f.Says, 200), f.At, f.Over})
	}
	if im := n.Impact; im != nil {
		for i := range im.Services {
			out.Services = append(out.Services, page.Clean(im.Services[i].Name, 60))
		}
		out.Units, out.Patients = len(im.Units), im.Patients
	}
	return out
}

func docIncidents() doc {
	return doc{id: "listIncidents", summary: "What disrupts care, one incident for each cause, and what did lately.", answer: incidentsJSON{}}
}

func docIncident() doc {
	return doc{id: "getIncident", summary: "One incident: its signs, and the services, units and patients that it touches.", answer: incidentJSON{}}
}

package console

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/depend"
)

const mapAsk = "What rests on what, and whom does a failure touch?"

// flowViews are the tabs of the room. Who may not see decoys does not see that there are any.
func flowViews(r *request, here string) []page.Tab {
	tabs := []page.Tab{
		{Text: "Feeds", URL: "/flows", Here: here == "/flows"}, {Text: "Incidents", URL: "/flows/incidents", Here: here == "/flows/incidents"},
		{Text: "Map", URL: "/flows/map", Here: here == "/flows/map"}, {Text: "Readiness", URL: "/flows/readiness", Here: here == "/flows/readiness"},
	}
	if allowed(r.actor, access.RuleWrite) == nil {
		tabs = append(tabs, page.Tab{Text: "Canaries", URL: canariesURL, Here: here == canariesURL})
	}
	return tabs
}

// flowMap draws what rests on what.
func (c *Console) flowMap(r *request) (answer, error) {
	v := page.FlowMap{Views: flowViews(r, "/flows/map")}
	v.Frame = c.frame(r, "flows", "Map", mapAsk, key("next, previous question", "J", "K"))
	if c.Continuity == nil {
		v.Answer, v.Empty = "We cannot tell: nobody listens for it.", "An administrator has feeds watched by taking continuity.off out of the configuration, and starts the node again."
		return view("flowmap", v), nil
	}
	var lying continuity.Counted
	if c.Packs != nil {
		_, lying = c.Packs()
	}
	im, err := c.Continuity.Map(lying)
	if err != nil {
		return answer{}, err
	}
	if im.Size() == 0 {
		v.Answer = "Nothing is known yet."
		v.Empty = "The map is made of the feeds that are heard, and of the house's own map. Connect the interface engine first: it knows most of them. Then name a file or a folder under continuity.map in the configuration: wardline map import makes one of an export."
		return view("flowmap", v), nil
	}
	v.Answer = mapHeadline(im.Impact)
	if len(im.Causes) > 0 && len(im.Units) > 0 {
		v.Context = "It touches " + page.Plural(len(im.Units), "unit") + " with " + page.Plural(im.Patients, "patient") + either(im.Counted.IsZero(), "", ", as of "+r.clock.At(im.Counted)) + "."
		if im.Patients == 0 && im.Unknown > 0 {
			v.Context = "It touches " + page.Plural(len(im.Units), "unit") + ". How many patients lie there is counted where units get downtime packs."
		}
	}
	v.Toast = linkToast(r)
	c.mapPicture(&v, r, im)
	mapLists(&v, im.List())
	c.mapLinks(&v, r, im)
	v.Services = services(r, im.Impact)
	if len(im.Services) > 0 {
		v.Steps, v.StepsFor = im.Services[0].Procedure, uncapital(page.Clean(im.Services[0].Name, 60))
	}
	return view("flowmap", v), nil
}

// mapHeadline answers the question.
func mapHeadline(im *depend.Impact) string {
	switch n := len(im.Services); {
	case len(im.Causes) == 0:
		return "Nothing is broken that we know of."
	case n == 0:
		return page.Count(len(im.Causes), "thing") + " " + either(len(im.Causes) == 1, "is", "are") + " broken, and no service is known that needs " + either(len(im.Causes) == 1, "it.", "them.")
	case n == 1:
		return "Care has to do without " + uncapital(page.Clean(im.Services[0].Name, 60)) + "."
	default:
		return "Care has to do without " + page.Number(n) + " services, first " + uncapital(page.Clean(im.Services[0].Name, 60)) + "."
	}
}

// uncapital begins a name within a sentence, unless it is an abbreviation.
func uncapital(name string) string {
	if len(name) > 1 && strings.ToUpper(name[:2]) != name[:2] {
		return strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

const readyAsk = "Could each unit work on paper now?"

// readiness says how old each unit's downtime pack is.
func (c *Console) readiness(r *request) (answer, error) {
	v := page.Readiness{Views: flowViews(r, "/flows/readiness")}
	v.Frame = c.frame(r, "flows", "Readiness", readyAsk, key("next, previous", "J", "K"))
	if c.Packs == nil {
		v.Answer, v.Empty = "No: no unit gets downtime packs.", "An administrator lists the units, for whom their packs are sealed and where these go, in a file, and names it under continuity.packs in the configuration."
		return view("readiness", v), nil
	}
	units, _ := c.Packs()
	if len(units) == 0 {
		v.Answer, v.Empty = "Not yet.", "The first packs are made a minute after the start, when what was said before was heard."
		return view("readiness", v), nil
	}
	missing, old := 0, 0
	for i := range units {
		u := &units[i]
		row := page.ReadyRow{Unit: page.Clean(u.Unit, 40), Data: r.clock.At(u.Data), Patients: page.Number(u.Patients), File: page.Clean(u.File, 80), State: page.OK("Ready")}
		switch age := r.clock.Now.Sub(u.Data); {
		case u.Trouble != "":
			row.State, row.File = page.Act("Missing"), "Not in every folder: the log of the node says why"
			missing++
		case age > oldPack:
			row.State = page.Look("Pack is " + page.Length(age) + " old")
			old++
		}
		v.Rows = append(v.Rows, row)
	}
	switch {
	case missing > 0:
		v.Answer = "No. The packs of " + page.Plural(missing, "unit") + " are not where they should be."
	case old > 0:
		v.Answer = "Not well. The packs of " + page.Plural(old, "unit") + " are old: what they are made of was not heard lately."
	default:
		v.Answer = "Yes. All " + page.Plural(len(units), "unit") + " have a pack of the last two hours."
		if len(units) == 1 {
			v.Answer = "Yes. The one unit has a pack of the last two hours."
		}
	}
	return view("readiness", v), nil
}

// oldPack is from which age on the data of a pack is called old: packs are made every hour.
const oldPack = 2 * time.Hour

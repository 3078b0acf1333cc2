package console

import (
	"strings"

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
	if im.Trouble != "" {
		v.Trouble = "It was changed, and cannot be taken as its files are now. The one from before is in force. An administrator sees why."
		if allowed(r.actor, access.SourceWrite) == nil {
			v.Trouble = "It was changed, and cannot be taken as its files are now. The one from before is in force; mend the file, and it is read again within a minute. " + capital(page.Clean(im.Trouble, 1000)) + "."
		}
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

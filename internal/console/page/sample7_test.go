package page_test

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity/depend"
)

// flowsFrame is the frame as somebody has it who may look at feeds.
func flowsFrame(title, ask, answer, context string) page.Frame {
	f := frame("flows", title, ask, answer, context)
	protect := page.Group{Name: "Protect patients", Rooms: []page.Room{
		{Key: "flows", Name: "Flows", URL: "/flows", Go: "F", Class: "act", Count: "1", Says: "silent"},
		{Key: "records", Name: "Records", URL: "/records", Go: "R"},
	}}
	f.Groups = append(f.Groups[:1:1], append([]page.Group{protect}, f.Groups[1:]...)...)
	return f
}

// feedWeek draws a feed of that many messages an hour at its busiest, by the hours of the day; silent is for how long nothing has come.
func feedWeek(size page.WeekSize, most float64, byNight float64, weekends float64, silent time.Duration, learned bool) *page.Week {
	now := time.Date(2026, 6, 16, 7, 42, 0, 0, time.UTC)
	clock := page.Clock{Now: now, Zone: time.UTC}
	var points []page.WeekPoint
	for at := now.Add(-7 * 24 * time.Hour).Truncate(30 * time.Minute); at.Before(now); at = at.Add(30 * time.Minute) {
		hour := float64(at.Hour()) + float64(at.Minute())/60
		usual := most / 2 * max(byNight, math.Exp(-math.Pow((hour-8)/2.2, 2)), 0.6*math.Exp(-math.Pow((hour-14)/3, 2)))
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			usual *= weekends
		}
		noise := 1 + 0.22*math.Sin(float64(at.Unix()/1800)*2.399)
		p := page.WeekPoint{At: at, Came: usual * noise, Usual: usual}
		if at.After(now.Add(-silent)) {
			p.Came, p.Deaf = 0, true
		}
		if !learned {
			p.Usual = 0
		}
		points = append(points, p)
	}
	var since time.Time
	if silent > 0 {
		since = now.Add(-silent)
	}
	return page.DrawWeek(size, points, since, clock, "Laboratory results in the last seven days.")
}

func flows() page.Flows {
	return page.Flows{
		Views: flowViews(),
		Frame: flowsFrame("Flows", "Is any feed silent that care needs?", "Results from LIS fell silent.", "Of one feed the week is still being learned."),
		Now: &page.Now{State: page.Act("Silent"), Label: "since 03:12, 4 hours", Title: "Call whoever looks after results from LIS", Text: "Nothing came since, where about 196 messages should have. Until it speaks, have what it carries told by phone.",
			Facts: []page.Pair{{Name: "Last message", Value: "03:12:04"}, {Name: "Harm may come", Value: "within the hour"}}, Action: page.Link{Text: "Look at the feed", URL: "/flows/1"}},
		Feeds: []page.FeedCard{
			{Name: "Results from LIS", URL: "/flows/1", State: page.Act("Silent"), Week: feedWeek(page.SmallWeek(), 90, 0.3, 0.75, 4*time.Hour+30*time.Minute, true), Says: "Last 03:12. About 196 should have come."},
			{Name: "Admissions and transfers from EHR", URL: "/flows/2", State: page.OK("Speaks"), Week: feedWeek(page.SmallWeek(), 60, 0.25, 0.6, 0, true), Says: "Last 07:41."},
			{Name: "Drugs given from EHR", URL: "/flows/3", State: page.OK("Speaks"), Week: feedWeek(page.SmallWeek(), 140, 0.1, 0.85, 0, true), Says: "Last 07:41."},
			{Name: "Results from RIS", URL: "/flows/4", State: page.Watch("Part silent"), Week: feedWeek(page.SmallWeek(), 20, 0.05, 0.4, 0, true), Says: "Last 07:39."},
			{Name: "Documents from DICTATION", URL: "/flows/5", State: page.Dim("Learning"), Week: feedWeek(page.SmallWeek(), 12, 0, 0.3, 0, false), Says: "Last 07:20. Learning: 9 days more."},
			{Name: "Appointments from BOOKING", URL: "/flows/6", State: page.OK("Speaks"), Week: feedWeek(page.SmallWeek(), 40, 0, 0, 0, true), Says: "Last 07:40."},
		},
		Signs: []page.SignRow{
			{State: page.Look("Goes on"), When: "05:58", Says: "Results from LIS: nothing came for 2 h; about 66 messages should have"},
			{State: page.OK("Over"), When: "Mon 15 Jun 11:04", Says: "Messages LIS to EHR: over"},
			{State: page.Dim("Was so"), When: "Mon 15 Jun 09:06", Says: "Messages LIS to EHR: 41 of 120 messages were refused"},
		},
		Servers: []page.ServerRow{
			{Name: "PACS", Kind: "dicom", State: page.OK("Answers"), Says: "answered after 4 ms", Certificate: "none seen"},
			{Name: "Interface engine", Kind: "mllp", State: page.Act("Does not answer"), Says: "connected, but it does not close connections any more as it used to: frozen, or far too slow", Certificate: "until Thu 18 Jun 23:59"},
		},
	}
}

func flowViews() []page.Tab {
	return []page.Tab{{Text: "Feeds", URL: "/flows", Here: true}, {Text: "Map", URL: "/flows/map"}, {Text: "Readiness", URL: "/flows/readiness"}}
}

func readiness() page.Readiness {
	return page.Readiness{
		Frame: flowsFrame("Readiness", "Could each unit work on paper now?", "No. The packs of one unit are not where they should be.", ""), Views: at(flowViews(), "/flows/readiness"),
		Rows: []page.ReadyRow{
			{Unit: "4W", State: page.OK("Ready"), Data: "07:38", Patients: "24", File: "pack-4W-20260616T053800Z.pdf.age"},
			{Unit: "5E", State: page.Act("Missing"), Data: "07:38", Patients: "19", File: "Not in every folder: the log of the node says why"},
			{Unit: "ICU", State: page.Look("Pack is 9 hours old"), Data: "Mon 15 Jun 22:31", Patients: "11", File: "pack-ICU-20260615T203100Z.pdf.age"},
		},
	}
}

func readinessNone() page.Readiness {
	return page.Readiness{
		Frame: flowsFrame("Readiness", "Could each unit work on paper now?", "No: no unit gets downtime packs.", ""), Views: at(flowViews(), "/flows/readiness"),
		Empty: "An administrator lists the units, for whom their packs are sealed and where these go, in a file, and names it under continuity.packs in the configuration.",
	}
}

// houseMap is the map of an invented house of about that many things, whose storage has been broken for 24 minutes if it is small, or the part of it that this touches.
func houseMap(size int, part bool) *depend.Impact {
	now := time.Date(2026, 6, 16, 7, 42, 0, 0, time.UTC)
	catalogue, err := depend.LoadCatalogue(content.Continuity(), nil)
	if err != nil {
		panic(err)
	}
	var nodes []depend.Node
	var edges []depend.Edge
	node := func(id string, kind depend.Kind, name string) {
		nodes = append(nodes, depend.Node{ID: depend.NodeID(id), Kind: kind, Name: name, Tolerated: depend.Unstated})
	}
	link := func(from string, on ...string) {
		for _, to := range on {
			edges = append(edges, depend.Edge{From: depend.NodeID(from), To: depend.NodeID(to), Tolerated: depend.Unstated})
		}
	}
	for _, id := range []string{"power", "network", "storage"} {
		node(id, depend.Component, "")
	}
	node("engine", depend.Component, "Interface engine")
	link("network", "power")
	link("storage", "power")
	link("engine", "network")
	var services []string
	for i, row := range catalogue.Rows() {
		if row.Foundation || len(services) >= max(1, size/10) {
			continue
		}
		services = append(services, row.ID)
		node(row.ID, depend.Service, "")
		node("server-"+row.ID, depend.Component, "Server of "+row.Name)
		link("server-"+row.ID, "network")
		if i%4 == 0 {
			link("server-"+row.ID, "storage")
		}
		for k := range max(1, size/70) {
			feed := fmt.Sprintf("feed-%s-%d", row.ID, k)
			node(feed, depend.Feed, []string{"From ", "To ", "Copies of "}[k%3]+row.Name)
			link(feed, "engine", "server-"+row.ID)
			link(row.ID, feed)
		}
	}
	census := depend.Census{At: now, Patients: map[depend.NodeID]int{}}
	for i := 0; len(nodes) < size; i++ {
		unit := fmt.Sprintf("ward-%d", i)
		node(unit, depend.Unit, fmt.Sprintf("Ward %d %s", 1+i/4, []string{"North", "East", "South", "West"}[i%4]))
		census.Patients[depend.NodeID(unit)] = 8 + i*7%23
		for k, s := range services {
			if (i+k)%5 != 4 {
				link(unit, s)
			}
		}
	}
	edges = append(edges, depend.Edge{From: depend.NodeID(services[0]), To: "engine", Tolerated: depend.Unstated, Kind: depend.Proposed})
	g, err := depend.New(catalogue, nodes, edges)
	if err != nil {
		panic(err)
	}
	broken := []depend.Broken{{Node: "storage", Since: now.Add(-24 * time.Minute)}}
	switch {
	case part:
		return g.Impact(broken, census, now).Part()
	case size > 40:
		broken = nil
	}
	return g.Impact(broken, census, now)
}

func flowMap(size int, part bool) page.FlowMap {
	im := houseMap(size, part)
	v := page.FlowMap{
		Frame: flowsFrame("Map", "What rests on what, and whom does a failure touch?", "Care has to do without seven services, first admissions and identity.", "It touches 40 units with 761 patients, as of 07:38."), Views: at(flowViews(), "/flows/map"),
		Services: []page.ServiceRow{{Name: "Laboratory results", Harm: "late critical results", Left: "since 07:32", Call: "Laboratory IT, 5340"}}, StepsFor: "laboratory results", Steps: []string{"Call critical values", "Send a runner for the rest"},
		Map: template.HTML(im.Draw()), MapSays: "From foundations on the left to units on the right. The house's own map, and what is heard besides. Dashed: traffic shows it, and nobody confirmed it.", MayLink: true, HoldsAll: "51 things besides", AskedAll: "The first 2 of 14.",
		Asked: []page.LinkRow{
			{ID: "1", URL: "/flows/map/links/1", Question: "Does Results to the record stop without ENGINE at HUB?", Says: "It sends what flows there. 40,012 messages on 12 days."},
			{ID: "2", URL: "/flows/map/links/2", Question: "Does LIS at LAB stop without 10.20.0.7?", Says: "All that it says came from this address, or went there. 40,012 messages on 12 days."},
		},
		Said: []page.LinkRow{{ID: "3", URL: "/flows/map/links/3", Question: "Does Results to the record stop without LIS at LAB?", State: page.OK("Yes"), Says: "M. Okafor, Mon 15 Jun 11:04"}},
	}
	if size > 40 {
		v.Map = template.HTML(im.Brief())
	}
	if part {
		v.MapSays, v.Other = "Only what is touched: 61 of 200 things.", &page.Link{Text: "Show the whole map", URL: "/flows/map?all=1"}
	}
	for _, item := range im.List() {
		row := page.MapRow{Name: item.Name, Kind: "Machine", Says: strings.Join(item.Notes, ", "), Needs: strings.Join(item.Needs, ", "), State: page.Act("Fails")}
		if item.Cause {
			row.State = page.Act("Broken")
		}
		if item.Fails {
			v.Fails = append(v.Fails, row)
		} else {
			v.Holds = append(v.Holds, row)
		}
	}
	v.FailsOpen = len(v.Fails) <= 12
	return v
}

func flowMapNone() page.FlowMap {
	return page.FlowMap{
		Frame: flowsFrame("Map", "What rests on what, and whom does a failure touch?", "Nothing is known yet.", ""), Views: at(flowViews(), "/flows/map"),
		Empty: "The map is made of the feeds that are heard. Connect the interface engine first: it knows most of them.",
	}
}

func flowsNone() page.Flows {
	return page.Flows{
		Frame: flowsFrame("Flows", "Is any feed silent that care needs?", "We cannot tell: no feed was heard yet.", ""), EmptyTitle: "No feed was heard that care needs",
		EmptyText: "Wardline finds feeds by itself, in copies of HL7 messages and in what a sensor sees of the network. Connect the interface engine first: it knows most of them.",
	}
}

func flow() page.Flow {
	v := page.Flow{
		Frame: flowsFrame("Results from LIS", "Does this feed speak as it usually does?", "No. Nothing came for 4 hours.", "About 196 messages should have come since 03:12."),
		Week:  feedWeek(page.LargeWeek(), 90, 0.3, 0.75, 4*time.Hour+30*time.Minute, true), Ordinary: "/flows/1/ordinary",
		Facts: []page.Pair{{Name: "Last message", Value: "03:12:04"}, {Name: "First heard", Value: "Mon 13 Apr 09:12"}, {Name: "Messages", Value: "118,204"}, {Name: "Harm may come", Value: "within the hour when it is missing"}},
		Parts: []page.FlowRow{{Name: "Analyser CHEM-1", Heard: "4 hours ago", Count: "60,114", State: page.Look("Silent")}, {Name: "Analyser CHEM-2", Heard: "4 hours ago", Count: "51,002", State: page.Look("Silent")}, {Name: "Analyser HEM-1", Heard: "4 hours ago", Count: "7,088", State: page.Dim("Learning")}},
		Signs: []page.SignRow{{State: page.Look("Goes on"), When: "05:58", Says: "Results from LIS: nothing came for 2 h; about 66 messages should have"}},
	}
	v.Crumbs = []page.Link{{Text: "Flows", URL: "/flows"}, {Text: "results from LIS"}}
	return v
}

func flowWell() page.Flow {
	v := flow()
	v.Frame = flowsFrame("Admissions and transfers from EHR", "Does this feed speak as it usually does?", "Yes.", "")
	v.Week, v.Ordinary, v.Parts, v.Signs = feedWeek(page.LargeWeek(), 60, 0.25, 0.6, 0, true), "", nil, nil
	v.Sure = "If nothing came from now on, that would be told after 9 min. A pause so long comes about once in four years of its ordinary life."
	return v
}

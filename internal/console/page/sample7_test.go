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
		Now: &page.Now{State: page.Act("Act now"), Label: "since 03:12, 4 hours", Title: "Results from LIS: a feed fell silent", Text: "Results from LIS: nothing came for 4 h; about 196 messages should have. 1 sign more agrees.",
			Facts: incidentCare(), Action: page.Link{Text: "Open the incident", URL: "/flows/incidents/1"}},
		Steps: labSteps(), StepsFor: "laboratory",
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
	return []page.Tab{{Text: "Feeds", URL: "/flows", Here: true}, {Text: "Incidents", URL: "/flows/incidents"}, {Text: "Map", URL: "/flows/map"}, {Text: "Readiness", URL: "/flows/readiness"}, {Text: "Canaries", URL: "/flows/canaries"}}
}

func readiness() page.Readiness {
	return page.Readiness{
		Frame: flowsFrame("Readiness", "Could each unit work on paper now?", "No. 1 of 4 units has no pack that is young enough.", ""), Views: at(flowViews(), "/flows/readiness"), Cards: true,
		Rows: []page.ReadyRow{
			{Unit: "Intensive care (ICU)", URL: "/flows/readiness/1", State: page.Act("Pack is 9 h old"), Also: "Paper is 26 h old. No drill was ever held", Data: "Mon 15 Jun 22:31", Patients: "11", Printed: "Mon 15 Jun 05:40", Drill: "never"},
			{Unit: "5 East (5E)", URL: "/flows/readiness/2", State: page.Act("1 of its folders could not be written"), Data: "07:38", Patients: "19", Printed: "06:50", Drill: "Fri 27 Mar 14:10"},
			{Unit: "Obstetrics (OB)", URL: "/flows/readiness/3", State: page.Look("Paper was never printed"), Also: "No drill was ever held", Data: "07:38", Patients: "14", Printed: "never", Drill: "never"},
			{Unit: "4 West (4W)", URL: "/flows/readiness/4", State: page.OK("Ready"), Data: "07:38", Patients: "24", Printed: "07:02", Drill: "Tue 12 May 10:00"},
		},
	}
}

func canaries() page.Canaries {
	return page.Canaries{
		Frame: flowsFrame("Canaries", "Is anybody where nobody should be?", "Yes. One decoy was touched in the last seven days.", "One decoy is blind: no event came that could have shown it."), Views: at(flowViews(), "/flows/canaries"),
		Now: &page.Now{State: page.Look("Look today"), Label: "02:10", Title: "See who touched it: account, directory NORTH", Text: "Somebody tried an account that nobody uses: it was found in the directory by somebody who looks for a way in.", Action: page.Link{Text: "Its finding", URL: "/findings/1"}},
		Rows: []page.CanaryRow{
			{Name: "Account, directory NORTH", URL: "/flows/canaries/1", State: page.Look("Touched"), From: "Mon 13 Apr 09:12", Looked: "3,118,204", Last: "02:10: somebody tried an account that nobody uses: it was found in the directory by somebody who looks for a way in.", Found: page.Link{Text: "Its finding", URL: "/findings/1"}, Allowed: "nobody"},
			{Name: "AE title, nodes of the archive", URL: "/flows/canaries/2", State: page.OK("Quiet for 64 days"), From: "Mon 13 Apr 09:20", Looked: "41,877", Last: "Never touched", Allowed: "anybody from 10.20.7.31, asked of IT network, until Wed 30 Sep 00:00"},
			{Name: "Patient, record of the house", URL: "/flows/canaries/3", State: page.Watch("Not watched yet"), From: "Wed 17 Jun 07:30", Looked: "0", Last: "Never touched", Allowed: "nobody"},
			{Name: "Token, letter to a supplier", URL: "/flows/canaries/4", State: page.Dim("Blind"), From: "Fri 12 Jun 10:02", Looked: "0", Last: "Never touched", Allowed: "nobody"},
		},
	}
}

func canariesNone() page.Canaries {
	return page.Canaries{Frame: flowsFrame("Canaries", "Is anybody where nobody should be?", "We cannot tell: there are no decoys.", ""), Views: at(flowViews(), "/flows/canaries")}
}

func canary() page.Canary {
	v := page.Canary{
		Frame: flowsFrame("Account, directory NORTH", "Did anybody touch it?", "Yes, in the last seven days.", ""), URL: "/flows/canaries/1", Found: page.Link{Text: "Its finding", URL: "/findings/1"},
		Facts: []page.Pair{
			{Name: "Watched from", Value: "Mon 13 Apr 09:12"}, {Name: "Events looked at", Value: "3,118,204"}, {Name: "Looked at in", Value: "ehr/audit, windows/Security/4624, windows/Security/4625, windows/Security/4768"},
			{Name: "Last self-test", Value: "2 hours ago"}, {Name: "Touched", Value: "3 times"}, {Name: "By those who may", Value: "12 times"}, {Name: "Last", Value: "02:10: somebody tried an account that nobody uses: it was found in the directory by somebody who looks for a way in."},
		},
		Allow: []page.AllowRow{{Who: "scan from 10.20.7.31", State: page.OK("May"), Until: "Wed 30 Sep 00:00", Owner: "IT network", Why: "looks for weak passwords every night"}, {Who: "backup", State: page.Dim("Ended"), Until: "Mon 01 Jun 00:00", Owner: "IT storage", Why: "move of the directory"}},
	}
	v.Crumbs = []page.Link{{Text: "Canaries", URL: "/flows/canaries"}, {Text: "Account, directory NORTH"}}
	return v
}

func canaryMade() page.Canary {
	v := canary()
	v.Frame.Answer, v.Frame.Context = "Now put it where it is to lie.", "It is watched from Wed 17 Jun 07:42 on."
	v.Todo = "Make this account in the directory with its password and name of a service, without a right, and let nobody sign in with it. The password is shown once: do not write it down."
	v.Made = []page.Pair{{Name: "Account", Value: "svc_pacs_admin41", Mono: true}, {Name: "Service principal name", Value: "MSSQLSvc/pacsdb07.north.example:1433", Mono: true}, {Name: "Password", Value: "k7qdm2xp9vtec4wn8hzrt6yap9ke3fjxw2mbr5ua", Mono: true}, {Name: "Logon hours", Value: "none", Mono: true}}
	v.Allow, v.Found = nil, page.Link{}
	return v
}

func canaryMarks() page.Canary {
	v := canary()
	v.Marks = []page.Pair{{Name: "Login", Value: "svc_pacs_admin41", Mono: true}, {Name: "Login", Value: "MSSQLSvc/pacsdb07.north.example:1433", Mono: true}}
	return v
}

func addCanary() page.AddCanary {
	v := page.AddCanary{Frame: flowsFrame("Make a decoy", "What would somebody touch who has no business here?", "Choose what it pretends to be.", "You get what has to be entered where, once."), Kinds: []page.Choice{
		{Value: "account", Text: "Account", Hint: "that nobody signs in with"}, {Value: "listener", Text: "Door", Hint: "an address at which nothing answers", Chosen: true}, {Value: "ae-title", Text: "AE title", Hint: "of an imaging system that does not exist"},
		{Value: "patient", Text: "Patient", Hint: "who is nobody, in the record"}, {Value: "row", Text: "Row of a table", Hint: "that stands in one table only"}, {Value: "token", Text: "Token", Hint: "an address in a document"},
	}}
	v.Crumbs = []page.Link{{Text: "Canaries", URL: "/flows/canaries"}, {Text: "Make a decoy"}}
	v.Wrong = "Name the address and port at which nothing answers, such as 10.1.2.3:104."
	return v
}

func unit() page.Unit {
	v := page.Unit{
		Frame: flowsFrame("5 East (5E)", "Could this unit work on paper now?", "Not as it should: 1 of its folders could not be written.", ""), Base: "/flows/readiness/2", Lacks: []page.State{page.Look("Paper is 26 h old")},
		Facts: []page.Pair{{Name: "Pack with data of", Value: "07:38"}, {Name: "It lies as", Value: "pack-5E-20260616T053800Z.pdf.age", Mono: true}, {Name: "Paper was printed", Value: "Mon 15 Jun 05:40, said by M. Okafor"}},
		Drills: []page.DrillRow{
			{State: page.OK("Held"), When: "Fri 27 Mar 14:02", By: "M. Okafor", Hand: "4:10", Did: "6 of 6"},
			{State: page.Watch("Broken off"), When: "Mon 2 Feb 10:00", By: "A. Lindqvist", Hand: "not reached", Did: "0 of 6"},
		},
		Downtimes: []page.DowntimeRow{{When: "Sat 6 Jun 01:00 to 04:40", Items: "143", File: "pack-5E-20260605T230000Z.back.pdf.age", By: "M. Okafor, Sat 6 Jun 05:12"}},
	}
	v.Crumbs = []page.Link{{Text: "Flows", URL: "/flows"}, {Text: "Readiness", URL: "/flows/readiness"}, {Text: "5 East (5E)"}}
	v.Keys = []page.Key{{Keys: []string{"Y"}, Does: "paper was printed"}, {Keys: []string{"D"}, Does: "start a drill"}}
	return v
}

func unitDrill() page.Unit {
	v := unit()
	v.Ask, v.Answer = "How long until the unit works on paper?", "The pack was in hand after 3:21. Four steps are left."
	v.Drill = &page.Drill{By: "M. Okafor", Began: "07:35", Elapsed: 6*time.Minute + 42*time.Second, Done: 2, Of: 6, Steps: []page.DrillStep{
		{N: 0, Key: "1", What: "The pack is in hand", Done: "3:21"}, {N: 1, Key: "2", What: "Look at the age of this paper first. After the time until which it may be used, go by the patient alone.", Done: "4:02"},
		{N: 2, Key: "3", What: "Check name, birth date and allergies at the bed before each drug; two people for what can kill."}, {N: 3, Key: "4", What: "Have urgent results told by phone, and read them back."},
		{N: 4, Key: "5", What: "Write everything down with its time: it is entered later."}, {N: 5, Key: "6", What: "When the systems are back, do not retype at once: work through the list of what must be entered."},
	}}
	return v
}

func unitCard() page.UnitCard {
	return page.UnitCard{Frame: page.Frame{Title: "4 West", Site: "Alder Valley Hospital"}, Made: "07:38", Now: "16 Jun 2026 07:42:10",
		Call: []page.Pair{{Name: "IT on duty", Value: "5900"}, {Name: "House supervisor", Value: "5001"}, {Name: "Laboratory", Value: "5310"}, {Name: "Pharmacy", Value: "5440"}},
		Parts: []page.CardPart{
			{Title: "What is down", Lines: []string{"Results from LIS, since 16 Jun 03:12", "Documents from DICTATION, since 16 Jun 05:58"}},
			{Title: "What to do", Lines: []string{"1.  Look at the age of this paper first. After the time until which it may be used, go by the patient alone.", "2.  Check name, birth date and allergies at the bed before each drug; two people for what can kill.", "3.  Have urgent results told by phone, and read them back.", "4.  Write everything down with its time: it is entered later.", "5.  When the systems are back, do not retype at once: work through the list of what must be entered."}},
			{Title: "What still works", Lines: []string{"Admissions and transfers from EHR", "Drugs given from EHR", "Results from RIS"}},
			{Title: "Forms and numbers", Lines: []string{"L-2a  Laboratory order", "Numbers for new patients: N4W0001 to N4W0060"}},
		}}
}

func unitCards() page.UnitCards {
	return page.UnitCards{Frame: page.Frame{Title: "Unit cards", Site: "Alder Valley Hospital"}, Units: []page.Link{{Text: "4 West", URL: "/card/1"}, {Text: "5 East", URL: "/card/2"}, {Text: "Intensive care", URL: "/card/3"}, {Text: "Obstetrics", URL: "/card/4"}}}
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

func incidentCare() []page.Pair {
	return []page.Pair{
		{Name: "Who waits", Value: "41 patients: ED 14, 4 West 12, 5 East 9, ICU 6"}, {Name: "First harm", Value: "A late troponin or potassium"},
		{Name: "Still works", Value: "Registration, drug administration, imaging, blood bank"}, {Name: "Call", Value: "Laboratory 5120, then IT on duty 5900"},
	}
}

func labSteps() []string {
	return []string{
		"The laboratory phones critical values; the ward reads them back and both write the time.", "Analysers print; runners carry the slips every half hour.",
		"Send only what cannot wait, marked urgent.", "Keep every slip in the paper chart.", "When it is back, work through the list instead of retyping.",
	}
}

func incidents() page.Incidents {
	return page.Incidents{
		Frame: flowsFrame("Incidents", "What disrupts care, and what did lately?", "2 things disrupt care, first: EHR fails, and 4 things with it.", ""), Views: at(flowViews(), "/flows/incidents"),
		Open: []page.IncidentRow{
			{Title: "EHR fails, and 4 things with it", URL: "/flows/incidents/1", State: page.Act("Act now"), Since: "07:31", Lasted: "11 minutes", Signs: "4 signs"},
			{Title: "Documents from DICTATION: a feed fell silent", URL: "/flows/incidents/2", State: page.Watch("Second look"), Since: "07:20", Lasted: "22 minutes", Signs: "1 sign"},
		},
		Over: []page.IncidentRow{
			{Title: "Messages LIS to EHR: messages are refused", URL: "/flows/incidents/3", State: page.OK("Over"), Since: "Mon 15 Jun 09:02", Lasted: "2 hours", Signs: "1 sign"},
			{Title: "Interface engine, channel ADT_OUT_PHARM: a receiver gets nothing from the interface engine, and 2 things more", URL: "/flows/incidents/4", State: page.OK("Over"), Since: "Sun 14 Jun 22:41", Lasted: "40 minutes", Signs: "3 signs"},
		},
	}
}

func incidentsNone() page.Incidents {
	return page.Incidents{Frame: flowsFrame("Incidents", "What disrupts care, and what did lately?", "Nothing that we know of disrupts care.", ""), Views: at(flowViews(), "/flows/incidents")}
}

func incident() page.Incident {
	v := page.Incident{
		Frame: flowsFrame("EHR fails, and 4 things with it", "What is broken, and whom does it touch?", "EHR fails, and 4 things with it.", ""), State: page.Act("Act now"), Label: "since 07:31, 11 minutes",
		About: "Feeds that have one thing in common fell silent within minutes of each other. Look at that thing first: mending it mends them all.",
		Care:  append(incidentCare(), page.Pair{Name: "In hand", Value: "Nobody has it"}), Steps: labSteps(), StepsFor: "laboratory", Finding: "/findings/1", Take: "/findings/1/take",
		Services: []page.ServiceRow{{Name: "Laboratory", Harm: "A late troponin or potassium", Left: "since 07:36", Call: "Laboratory 5120"}, {Name: "Pharmacy", Harm: "An overdose nobody stops", Left: "from 08:01 on", Call: "Pharmacy 5240"}},
		Signs: []page.SignRow{
			{State: page.Look("Goes on"), When: "07:36:10", Says: "Results from LIS: nothing came for 5 min; about 12 messages should have"},
			{State: page.Look("Goes on"), When: "07:37:00", Says: "Drug orders from PHARM: nothing came for 6 min; about 9 messages should have"},
			{State: page.OK("Over 07:40"), When: "07:37:30", Says: "Admissions and transfers from ADMIN: nothing came for 6 min; about 8 messages should have"},
		},
	}
	v.Crumbs = []page.Link{{Text: "Flows", URL: "/flows"}, {Text: "Incidents", URL: "/flows/incidents"}, {Text: "EHR fails, and 4 things with it"}}
	return v
}

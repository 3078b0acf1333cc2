package page_test

import (
	"math"
	"time"

	"github.com/wardline/wardline/internal/console/page"
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
	return []page.Tab{{Text: "Feeds", URL: "/flows", Here: true}, {Text: "Map", URL: "/flows/map"}, {Text: "Readiness", URL: "/flows/readiness"}, {Text: "Canaries", URL: "/flows/canaries"}}
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

func readinessNone() page.Readiness {
	return page.Readiness{
		Frame: flowsFrame("Readiness", "Could each unit work on paper now?", "No: no unit gets downtime packs.", ""), Views: at(flowViews(), "/flows/readiness"),
		Empty: "An administrator lists the units, for whom their packs are sealed and where these go, in a file, and names it under continuity.packs in the configuration.",
	}
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

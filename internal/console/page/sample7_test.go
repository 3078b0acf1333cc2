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
	return []page.Tab{{Text: "Feeds", URL: "/flows", Here: true}, {Text: "Map", URL: "/flows/map"}, {Text: "Readiness", URL: "/flows/readiness"}}
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

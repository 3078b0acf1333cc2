package page_test

import "github.com/wardline/wardline/internal/console/page"

// recordsFrame is the frame as somebody has it who may look at records.
func recordsFrame(title, ask, answer, context string) page.Frame {
	f := privacyFrame(title, ask, answer, context)
	f.Here, f.Who, f.Roles = "records", "M. Okafor", "analyst"
	room := page.Room{Key: "records", Name: "Records", URL: "/records", Go: "R", Class: "act", Count: "1", Says: "to act now"}
	f.Groups[1].Rooms = append(f.Groups[1].Rooms, room)
	f.Tabs = []page.Room{f.Tabs[0], f.Tabs[1], room, f.Tabs[2]}
	return f
}

func chartsLookedAt() page.RouteCard {
	return page.RouteCard{Name: "Charts", State: page.OK("Looked at"), Text: "Notes, results and doses that claim a time that they cannot be of, bursts of amendments, merges of two people, vaccinations of people who were not here. From what messages say anyway; nothing has to be set up."}
}

func records() page.Records {
	v := page.Records{
		Views: recordsViews(),
		Frame: recordsFrame("Records", "Do records still say what was said?", "No. One thing may harm somebody, four more are to be looked at.", "41,204 messages were compared so far, on 2 ways that are heard at two points."),
		Order: "The worst of each day first. The last 30 days",
		Now: &page.Now{State: page.Act("Act now"), Label: "One thing to do", Title: "A result was changed on its way", Text: "Somebody may be treated for what is not so, or not for what is.",
			Facts: []page.Pair{{Name: "Heard", Value: "06:02"}, {Name: "Where", Value: "On the way laboratory"}}, Action: page.Link{Text: "Open this doubt", URL: "/records/1"}},
		Rows: []page.DoubtRow{
			{State: page.Act("Act now"), URL: "/records/1", Title: "A result was changed on its way", About: "Value and flag.", When: "06:02", Where: "On the way laboratory", Patient: "#7e20"},
			{State: page.Watch("Keep an eye"), URL: "/records/2", Title: "A message went in and never came out", When: "06:40", Where: "On the way laboratory", Patient: "#11c4"},
			{State: page.Look("Look today"), URL: "/records/3", Title: "A note claims an earlier time than it can be of", When: "Mon 15 Jun 17:20", Where: "In charts", Patient: "#90af"},
			{State: page.Look("Look today"), URL: "/records/4", Title: "Vaccinations were entered for people who were not there", When: "Sun 14 Jun 11:02", Where: "In charts", Count: "14 messages"},
			{State: page.Dim("For the record"), URL: "/records/5", Title: "An interface rewrites a field in a way that it did not before", About: "A field that decides nothing.", When: "Fri 12 Jun 09:14", Where: "On the way radiology"},
		},
		Routes: []page.RouteCard{
			{Name: "laboratory", State: page.Look("Differs"), Text: "What goes in in front of the engine is compared with what comes out.", Facts: []page.Pair{
				{Name: "In front", Value: "lab/10.4.1.7"}, {Name: "Behind", Value: "record"}, {Name: "Compared", Value: "38,112 messages of 38,114"}, {Name: "Alike", Value: "112,040 statements"}, {Name: "Differing", Value: "1 statement"}, {Name: "Nobody sent", Value: "2 messages"}, {Name: "Learning", Value: "Ended Mon 25 May 07:00"},
			}},
			{Name: "radiology", State: page.Watch("Learning"), Text: "What goes in in front of the engine is compared with what comes out.", Facts: []page.Pair{
				{Name: "In front", Value: "ris"}, {Name: "Behind", Value: "record"}, {Name: "Compared", Value: "3,092 messages of 3,092"}, {Name: "Alike", Value: "3,092 statements"}, {Name: "Differing", Value: "0 statements"}, {Name: "Nobody sent", Value: "0 messages"}, {Name: "Learning", Value: "Until Tue 23 Jun 07:00"},
			}},
			chartsLookedAt(),
		},
	}
	return v
}

func recordsEmpty() page.Records {
	return page.Records{
		Frame:  recordsFrame("Records", "Do records still say what was said?", "Yes, as far as we can compare.", "Only charts are looked at: no way is heard at two points."),
		Setup:  &page.Held{State: page.Dim("Not set up"), Title: "No way is heard at two points.", Text: "So nobody would see a result that is changed between the laboratory and the record. An administrator names the two senders of a way under integrity.routes in the configuration: one in front of the interface engine, one behind it."},
		Routes: []page.RouteCard{chartsLookedAt()}, EmptyTitle: "No doubt in the last 30 days", EmptyText: "Only charts are looked at: no way is heard at two points. Notes, results, doses, amendments, merges and vaccinations are looked at as they come.", EmptyNext: &page.Link{Text: "See who sends", URL: "/sources"},
	}
}

func recordsOff() page.Records {
	return page.Records{
		Frame:      recordsFrame("Records", "Do records still say what was said?", "We cannot tell: nobody compares them.", ""),
		EmptyTitle: "Records are not compared", EmptyText: "What systems say is sealed all the same, and can be compared by hand. An administrator has it compared by taking integrity.off out of the configuration, and starts the node again.", EmptyNext: &page.Link{Text: "See what is sealed", URL: "/journal"},
	}
}

func proofRows() []page.ProofRow {
	return []page.ProofRow{
		{Name: "In front", Entry: "4,216,020", When: "06:02:11", Seal: &page.Seal{URL: "/journal/4216020/0", Entry: "4,216,020"}},
		{Name: "Behind", Entry: "4,216,022", When: "06:02:14", Seal: &page.Seal{URL: "/journal/4216022/0", Entry: "4,216,022"}},
	}
}

func record() page.Doubt {
	same := func(name, value string) page.PointRow {
		return page.PointRow{Name: name, Before: value, After: value, Same: true, State: page.OK("Same")}
	}
	v := page.Doubt{
		Frame: recordsFrame("Records", "Is this still what was said?", "No. The record received 4.1 mmol/L; the laboratory sent 6.8 mmol/L.", ""), State: page.Act("Act now"),
		Subject: []page.Pair{{Value: "Potassium (2823-3)"}, {Name: "patient", Value: "#7e20", Masked: true}, {Value: "on the way laboratory"}},
		Now: page.Now{State: page.Act("Act now"), Label: "Care first, evidence second", Title: "Tell ward 4W: do not act on 4.1 mmol/L until the laboratory has said what it measured",
			Text: "6.8 is above the usual range of 3.5 to 5.1; 4.1 is within it. Call the laboratory and ask what it sent. The patient may already be treated by the other value: make sure, and have the test repeated if nobody can tell.", Action: page.Link{Text: "Open the finding", URL: "/findings/1"}},
		Way: page.Along("Laboratory", "6.8 mmol/L", "Record", "4.1 mmol/L", "Changed between the two points.", false, false),
		Points: &page.Points{
			Name:   "Two points",
			Before: page.PointHead{Name: "Laboratory sent", Time: "06:02:11", Seal: proofRows()[0].Seal}, After: page.PointHead{Name: "Record received", Time: "06:02:14", Seal: proofRows()[1].Seal},
			Rows: []page.PointRow{
				same("Test", "Potassium (2823-3)"),
				{Name: "Value", Before: "6.8 mmol/L", After: "4.1 mmol/L", Changed: true, State: page.Act("Changed")},
				same("Usual range", "3.5 to 5.1"),
				{Name: "Flag", Before: "High, urgent", After: "Normal", Changed: true, State: page.Act("Changed")},
				same("State", "Final"),
				{Name: "Measured", Before: "05:20", After: "nothing", State: page.Dim("Written differently")},
			},
			Says: "6.8 is above the usual range of 3.5 to 5.1; 4.1 is within it.",
		},
		LifeOf: "The life of this message",
		Life: []page.LifeRow{
			{Time: "05:20:00", Class: "ok", Strong: "Drawn or done", Text: "as the sender says"},
			{Time: "06:02:11", Class: "ok", Strong: "Sent: 6.8 mmol/L", Text: "by the laboratory", Seal: proofRows()[0].Seal},
			{Time: "06:02:14", Class: "act", Strong: "Received: 4.1 mmol/L", Text: "by the record", Seal: proofRows()[1].Seal},
			{Time: "06:02:14", Strong: "This doubt", Text: "was filed as a finding"},
		},
		Expect: []string{"An interface engine that was configured anew: a translation of a clinical field has to be typed in under integrity.routes, maps."},
		Proof:  proofRows(), Command: "wardline journal prove 4216022 > proof\nwardline journal check proof --key KEY",
		Meaning: "that what was sent is true. It proves what was heard at each of the two points and when, and that both are unchanged since.",
		Facts:   []page.Pair{{Name: "Heard", Value: "06:02"}, {Name: "Where", Value: "On the way laboratory"}, {Name: "Messages", Value: "1"}, {Name: "Who looked", Value: "Every view is sealed"}},
	}
	v.Crumbs = []page.Link{{Text: "Records", URL: "/records"}, {Text: "Doubt 9f2c41be"}}
	return v
}

func recordLost() page.Doubt {
	v := record()
	v.Answer, v.State = "It never arrived. What went in did not come out, though later messages did.", page.Watch("Keep an eye")
	v.Now = page.Now{State: v.State, Label: "Care first, evidence second", Title: "Tell ward 4W that something may be missing, and have it sent again", Text: "Look into the queue of errors of the interface engine. The laboratory can send it again to the record. A result may never reach those who wait for it.", Action: v.Now.Action}
	v.Way = page.Along("Laboratory", "6.8 mmol/L", "Record", "", "Lost between the two points.", false, true)
	v.Points.After = page.PointHead{Name: "Record received", Time: "nothing"}
	v.Points.Rows = []page.PointRow{
		{Name: "Test", Before: "Potassium (2823-3)", After: "nothing", State: page.Watch("Missing")},
		{Name: "Value", Before: "6.8 mmol/L", After: "nothing", State: page.Watch("Missing")},
		{Name: "State", Before: "Final", After: "nothing", State: page.Watch("Missing")},
	}
	v.Points.Says, v.Life, v.Proof, v.Expect = "", v.Life[:2], v.Proof[:1], nil
	return v
}

func recordChart() page.Doubt {
	v := record()
	v.Ask, v.Answer, v.State = "Does this chart say what was done?", "We doubt its date. The note claims a time at which it can hardly have been written.", page.Look("Look today")
	v.Subject = []page.Pair{{Name: "patient", Value: "#90af", Masked: true}, {Value: "in charts"}}
	v.Now = page.Now{State: v.State, Label: "Care first, evidence second", Title: "Ask the author when this was written, with the signs at hand", Text: "Who reads the chart may believe that something was seen or done which was not. The journal proves when each message was received.", Action: v.Now.Action}
	v.Way, v.Points = nil, nil
	v.Weighs = page.Weighed([]page.Weigh{
		{Text: "It was written 9 days after the time that it claims; nearly all notes of its kind come within 12 hours.", By: 10}, {Text: "Its author was not on duty at the time that it claims.", By: 10},
		{Text: "Between the time that it claims and the time at which it was written, a complaint, a legal matter or a death came up.", By: 10}, {Text: "That is more than a day.", By: 3}, {Text: "It calls itself a late entry.", By: -10},
	})
	v.LifeOf = "The life of this note"
	v.Life = []page.LifeRow{
		{Time: "6 Jun 2026 08:30:00", Strong: "The time that the note claims"},
		{Time: "15 Jun 2026 17:20:02", Class: "act", Strong: "Really received: note written", Text: "of the kind PN", Seal: proofRows()[1].Seal},
	}
	v.Proof = []page.ProofRow{{Name: "Message 1", Entry: "4,216,022", When: "15 Jun 2026 17:20:02", Seal: proofRows()[1].Seal}}
	v.Expect = []string{"A late entry that does not call itself one. Writing it so is good practice; say that to the author."}
	v.Meaning = "that anything was falsified, or why it was written so. It proves what reached us and when, and that it is unchanged since."
	v.Facts = []page.Pair{{Name: "Heard", Value: "Mon 15 Jun 17:20"}, {Name: "Where", Value: "In charts"}, {Name: "Written by", Value: "••••08", Masked: true}, {Name: "Messages", Value: "1"}, {Name: "Who looked", Value: "Every view is sealed"}}
	return v
}

func recordSamples() map[string]sample {
	return map[string]sample{
		"records": {"records", records()}, "records-empty": {"records", recordsEmpty()}, "records-off": {"records", recordsOff()},
		"systems": {"systems", systems()}, "systems-none": {"systems", systemsNone()}, "witnesses": {"witnesses", witnesses()}, "witnesses-none": {"witnesses", witnessesNone()},
		"record": {"record", record()}, "record-lost": {"record", recordLost()}, "record-chart": {"record", recordChart()},
	}
}

package page_test

import (
	"time"

	"github.com/wardline/wardline/internal/console/page"
)

// privacyFrame is the frame as a privacy officer has it.
func privacyFrame(title, ask, answer, context string) page.Frame {
	f := frame("access", title, ask, answer, context)
	room := page.Room{Key: "access", Name: "Access", URL: "/review", Go: "A", Class: "look", Count: "3", Says: "to look at today"}
	f.Groups = []page.Group{f.Groups[0], {Name: "Protect patients", Rooms: []page.Room{room}}, f.Groups[1], f.Groups[2]}
	f.Tabs = []page.Room{f.Tabs[0], room, f.Tabs[1], f.Tabs[2]}
	f.Who, f.Roles = "J. Lindqvist", "privacy officer"
	return f
}

func caseRows() []page.CaseRow {
	return []page.CaseRow{
		{State: page.Act("Act now"), URL: "/review/9a", Short: "0621", Age: "24 min", Title: "An account opened a record after its owner had left", Where: "Staff member ••••118, nursing", Before: true},
		{State: page.Look("Look today"), URL: "/review/1f", Short: "0619", Age: "2 h", Title: "We found no reason for three openings of a co-worker’s chart", Where: "Staff member ••••208, registration", Here: true},
		{State: page.Look("Look today"), URL: "/review/44", Short: "0620", Age: "2 h", Title: "We found no reason for six openings of a neighbour’s chart", Where: "Staff member ••••031, pharmacy", Next: true},
		{State: page.Watch("Drawn at random"), URL: "/review/7c", Short: "0618", Age: "15 h", Title: "Drawn at random: a nurse opened the chart of a patient on the own ward", Where: "Staff member ••••770, nursing"},
	}
}

func reviewViews() []page.Tab {
	return []page.Tab{{Text: "Waiting 4", URL: "/review", Here: true}, {Text: "Decided 31", URL: "/review?view=decided"}, {Text: "Explained", URL: "/review/explained"}, {Text: "What we miss", URL: "/review/missed"}}
}

func review() page.Review {
	v := page.Review{
		Frame: privacyFrame("Access", "Who looked at a chart without a reason?", "Four cases wait. One may not wait until tomorrow.", ""),
		Views: reviewViews(), Rows: caseRows(), Order: "Those that may not wait first, then the clearest",
		Now: &page.Now{
			State: page.Act("Act now"), Label: "One thing to do", Title: "An account opened a record after its owner had left", Text: "A nurse left on 31 May. On Tuesday the account opened two charts from outside of the house.",
			Action: page.Link{Text: "Open the case", URL: "/review/9a"}, More: []page.Link{{Text: "Who saw a chart?", URL: "/patients/who-saw"}},
			Facts: []page.Pair{{Name: "Known since", Value: "07:18"}, {Name: "Next in line", Value: "Three openings of a co-worker’s chart"}},
		},
		Held: &page.Held{State: page.Look("Held"), Title: "Seven departments wait for a feed, the first since Sun 14 Jun 05:00.", Text: "4 West, 5 East, Cardiology, Dialysis and 3 more. The feed roster-4w has said nothing of the kind shift since 14 June, 05:10. Nobody becomes a case because a feed is missing. Two cases wait until then.", More: page.Link{Text: "See what is explained", URL: "/review/explained"}},
		Doors: []page.RoomCard{
			{Name: "One patient", URL: "/patients/who-saw", Text: "Who saw this chart, with the reason beside each access. To print for the patient."},
			{Name: "Explained", URL: "/review/explained", Text: "963 of 1,000 accesses have a reason. Two departments are below their usual.", State: page.Watch("Keep an eye")},
			{Name: "What we miss", URL: "/review/missed", Text: "Of 1,000 accesses that we call explained, about 4 may not be.", State: page.Dim("Estimate")},
		},
	}
	v.Keys = []page.Key{{Keys: []string{"Enter"}, Does: "open the first"}, {Keys: []string{"J", "K"}, Does: "next, previous"}, {Keys: []string{"/"}, Does: "search"}}
	return v
}

func reviewEmpty() page.Review {
	return page.Review{
		Frame: privacyFrame("Access", "Who looked at a chart without a reason?", "Nobody that we know of.", ""), Views: reviewViews(),
		EmptyTitle: "No case waits", EmptyText: "41,204 accesses of the last 24 hours were looked at. 1,012 of them wait for their reasons until tomorrow.", EmptyNext: &page.Link{Text: "See what we may miss", URL: "/review/missed"},
		Doors: review().Doors,
	}
}

func reviewNotSetUp() page.Review {
	return page.Review{
		Frame:      privacyFrame("Access", "Who looked at a chart without a reason?", "We cannot tell yet.", ""),
		EmptyTitle: "Access review is not set up", EmptyText: "It needs to hear who opened which record, and who works where. An administrator switches it on under privacy in the configuration, and connects the access log of the record system.",
		EmptyNext: &page.Link{Text: "See what sends", URL: "/sources"},
	}
}

func at15(hour, minute int) time.Time {
	return time.Date(2026, 6, 15, hour, minute, 0, 0, time.UTC)
}

func clerksMonday(wide bool) *page.Timeline {
	var others []time.Time
	for i, n := range steps(61, 4, 0, 9) {
		t := at15(8, 6).Add(time.Duration(i)*7*time.Minute + time.Duration(n)*time.Minute)
		if t.Hour() == 12 && t.Minute() < 40 {
			continue
		}
		others = append(others, t)
	}
	v := page.Day("Monday 15 June. Planned shift 08:00 to 16:30. At work 08:04 to 16:41. Opened 61 other charts with a reason, and this chart at 08:52, 12:17 and 16:31. The patient had no contact with the hospital that day.",
		at15(6, 0), at15(20, 0), time.UTC, wide,
		page.LaneOf{Name: "Planned shift", Planned: true, Stretches: []page.Stretch{{From: at15(8, 0), To: at15(16, 30), Title: "08:00 to 16:30"}}},
		page.LaneOf{Name: "At work", Stretches: []page.Stretch{{From: at15(8, 4), To: at15(12, 2)}, {From: at15(12, 38), To: at15(16, 41)}}},
		page.LaneOf{Name: "61 other charts", Dots: others},
		page.LaneOf{Name: "This chart", Strong: true, Moments: []page.Moment{{At: at15(8, 52), Text: "08:52"}, {At: at15(12, 17), Text: "12:17"}, {At: at15(16, 31), Text: "16:31"}}},
		page.LaneOf{Name: "The patient’s own day", Nothing: "no visit, order or message; last visit 2 May"},
	)
	v.Marked = "what this case is about"
	return v
}

func subject() []page.Pair {
	return []page.Pair{{Name: "Staff member", Value: "••••208", Masked: true}, {Value: "registration clerk"}, {Name: "patient", Value: "••••4471", Masked: true}}
}

func revealReasons() []page.Choice {
	return []page.Choice{{Value: "review", Text: "I am reviewing this case"}, {Value: "talk", Text: "I am speaking with the person"}, {Value: "patient", Text: "The patient asked"}, {Value: "other", Text: "Another reason"}}
}

func oneCase() page.Case {
	v := page.Case{
		Frame: privacyFrame("Case 0619", "Did this person have a reason to open this chart?", "We found no reason for three openings of a co-worker’s chart", ""),
		URL:   "/review/1f", Short: "0619", Order: "2 of 4", State: page.Look("Look today"), Rows: caseRows(), Subject: subject(),
		Reveal: &page.Reveal{Action: "/review/1f/reveal", Reasons: revealReasons()},
		Paragraphs: []string{
			"On Monday a registration clerk opened the chart of a person who works in the same department, three times. They have never ordered, written, scheduled or billed anything for this patient since the visit on 2 May.",
			"The patient had no contact with the hospital on Monday. After the third opening, the clerk wrote a short phone note; the phone log shows no call.",
		},
		Day: clerksMonday(false), DayTitle: "The clerk’s Monday", DayWhen: "15 June, local time", DayURL: "/people-at-work/208/2026-06-15",
		Tried: page.TriedReasons{Heading: "Reasons we tried: 32, none strong", Kinds: []page.TriedRow{
			{Kind: "Care", Looked: "Visits, appointments, orders, results, notes, medicines, care team", Tried: "12", State: page.Dim("None"), Says: "None connect them"},
			{Kind: "Place", Looked: "Wards, theatre, laboratory and desk lists for both", Tried: "9", State: page.Look("Weak"), Says: "The desk registered the patient on 2 May. That is 44 days ago; the reason lasts one day"},
			{Kind: "Office work", Looked: "Billing, coding, quality, research, legal, support tickets", Tried: "6", State: page.Dim("None"), Says: "Account closed on 20 May. No ticket names the patient"},
			{Kind: "Messages", Looked: "Phone notes, portal, referrals, pools", Tried: "2", State: page.Look("Weak"), Says: "One phone note at 16:40, written by the same person after the last opening. Counts for little"},
			{Kind: "Colleagues", Looked: "Someone they cover or work with had a reason", Tried: "3", State: page.Dim("None"), Says: "Nobody in their group had one"},
		}, All: []page.TriedRow{{Looked: "An appointment of the patient", State: page.Dim("None"), Says: "No appointment names this person"}, {Looked: "The desk that registered the patient", State: page.Look("Outside of its time"), Says: "2 May, 44 days before"}}},
		Weighs: page.Weighed([]page.Weigh{{Text: "No reason found after a day", By: 10}, {Text: "Same department as the patient", By: 32}, {Text: "Opened three times in one day", By: 4}, {Text: "Reason added afterwards by the same person", By: 10}, {Text: "Registered the patient 44 days ago", By: -7}, {Text: "Usual desk, usual hours", By: -3}}),
		Evidence: []page.EvidenceRow{
			{Time: "08:52:10", What: "Opened the chart: address page", Where: "Desk REG-04", Seal: &page.Seal{URL: "/journal/4201118/0", Entry: "4,201,118"}},
			{Time: "12:17:44", What: "Opened the visit list and one note", Where: "Desk REG-11, not the usual one", Seal: &page.Seal{URL: "/journal/4203902/0", Entry: "4,203,902"}},
			{Time: "16:31:05", What: "Opened the address page and the contacts page", Where: "Desk REG-04", Seal: &page.Seal{URL: "/journal/4207560/0", Entry: "4,207,560"}},
		},
		EvidenceSays: "Open a seal to see its proof",
		Decide:       &page.Decide{Action: "/review/1f/decide", Base: "This is a question, not a verdict. Four in ten cases like this were upheld here.", Choices: conclusions(), Next: "/review/44"},
		Facts:        []page.Pair{{Name: "Known since", Value: "Tue 16 June, 06:00"}, {Name: "Clock", Value: "Not running; starts if you open a breach case"}, {Name: "Reviewer", Value: "You. Not in the same line"}, {Name: "Seen by", Value: "2 people; every view is sealed"}},
		Seen:         []page.Done{{Time: "16 Jun 2026 07:41:02", Text: "J. Lindqvist", State: page.Dim("")}, {Time: "16 Jun 2026 07:12:40", Text: "R. Haddad", State: page.Dim("")}},
	}
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case 0619 · 2 of 4"}}
	v.Keys = []page.Key{{Keys: []string{"1", "-", "5"}, Does: "conclude"}, {Keys: []string{"Ctrl", "Enter"}, Does: "record"}, {Keys: []string{"J", "K"}, Does: "next, previous case"}, {Keys: []string{"R"}, Does: "reveal"}, {Keys: []string{"V"}, Does: "all reasons"}, {Keys: []string{"P"}, Does: "print"}, {Keys: []string{"/"}, Does: "search"}}
	return v
}

func conclusions() []page.Choice {
	return []page.Choice{
		{Value: "explained", Text: "There was a reason", Hint: "Name the missing fact; the next one like it is set aside"},
		{Value: "talk", Text: "Talk with the person", Hint: "A manager who is not involved; a calm first question"},
		{Value: "policy", Text: "Policy only", Hint: "Not a breach; remind the unit"},
		{Value: "violation", Text: "Open a breach case", Hint: "Starts the clock and the four questions"},
		{Value: "unclear", Text: "Not enough to tell", Hint: "Ask for the roster or the phone log"},
	}
}

func caseShown() page.Case {
	v := oneCase()
	v.Subject = []page.Pair{{Name: "Staff member", Value: "Ida Holm"}, {Value: "registration clerk"}, {Name: "patient", Value: "Ola Berg, 0099-4471"}}
	v.Reveal = &page.Reveal{Conceal: "/review/1f/conceal", Until: "07:57"}
	v.Print = "printed 16 June 2026, 07:42 by J. Lindqvist, names shown"
	return v
}

func caseTwo() page.Case {
	v := oneCase()
	v.Subject = []page.Pair{{Name: "Staff member", Value: "••••208", Masked: true}, {Value: "records clerk"}, {Value: "62 patients"}}
	v.Reveal.Two = "More than 50 patients: a second person has to agree first."
	v.Note = &page.Held{State: page.Watch("A reason came"), Title: "A roster came after this case was opened.", Text: "It explains two of the three openings. Read the reasons again."}
	return v
}

func caseDrugs() page.Case {
	v := oneCase()
	v.Answer, v.Ask = "Took 54 doses of controlled drugs in 30 days, and 27 transactions at the cabinet do not agree with the record", "Did this person take controlled drugs that no patient got?"
	v.State, v.Compared, v.Tried = page.Look("Drug cabinet"), true, page.TriedReasons{}
	v.Subject = []page.Pair{{Name: "Staff member", Value: "••••0417", Masked: true}, {Value: "registered nurse"}, {Name: "patient", Value: "••••4471", Masked: true}, {Name: "patient", Value: "••••0892", Masked: true}, {Value: "11 patients more"}}
	v.Paragraphs = []string{
		"For 17 of 54 doses no giving is on record; with others at the same cabinets it is one in 38. Wasted 9 of 14 late; usual is one in 16. Of 13 wastes 11 were before one and the same colleague; usual is one in 4.",
		"14 other people used this cabinet, and 131 people in the house were compared. If all of them were alike, somebody would be as far from the others in one of 4000 windows like this. That says nothing of why: a shift that writes down late, or a feed that lost messages, can look alike.",
	}
	v.DayTitle, v.DayURL = "The person’s Monday", ""
	v.Beside = page.Beside("No giving on record", 17.0/54, []float64{0, 0, 0, 0.011, 0.018, 0.02, 0.021, 0.024, 0.029, 0.03, 0.041, 0.044, 0.06, 0.083}, true)
	v.Weighs = page.Weighed([]page.Weigh{{Text: "No giving on record", By: 44}, {Text: "Wasted late", By: 28}, {Text: "One and the same witness", By: 16}})
	v.Evidence = []page.EvidenceRow{
		{Time: "09:12:40", What: "Took out: hydromorphone 2 mg, patient ••••4471", Against: "No giving within 60 minutes nor left over later, and nothing came back", Where: "ADC-4W", Seal: &page.Seal{URL: "/journal/4201118/0", Entry: "4,201,118"}},
		{Time: "13:02:11", What: "Wasted: hydromorphone 1 mg, patient ••••0892", Against: "Taken out 3 hours 11 minutes before", Where: "ADC-4W", Seal: &page.Seal{URL: "/journal/4203902/12", Entry: "4,203,902"}},
		{Time: "15:40:00", What: "Took out without an order: hydromorphone 2 mg, patient ••••4471", Against: "No order within 24 hours", Where: "ADC-4W", Seal: &page.Seal{URL: "/journal/4207560/3", Entry: "4,207,560"}},
	}
	return v
}

func caseDecided() page.Case {
	v := oneCase()
	v.State, v.Decide, v.UndoURL, v.BreachURL = page.Dim("Decided"), nil, "/review/1f/undo", "/review/1f/breach"
	v.Verdict = &page.Verdict{State: page.Look("Breach case"), Text: "Concluded 07:40 by J. Lindqvist. The clerk says that the co-worker asked for it; the co-worker does not."}
	v.Toast = &page.Toast{State: page.OK("Recorded"), Text: "Breach case: case 0619", Undo: "/review/1f/undo"}
	return v
}

func missing() page.Missing {
	v := page.Missing{
		Frame: privacyFrame("There was a reason", "What would have told us?", "Name the fact that was missing", "Case 0619: three openings of a co-worker’s chart"), Action: "/review/1f/decide", Back: "/review/1f", Why: "The clerk covered the cancer clinic’s desk.", Fact: "Registration covers the desk of the cancer clinic on Mondays",
		Proposals: []page.Choice{{Value: "once", Text: "Only this one", Hint: "The same two people make no further case for 90 days", Chosen: true}, {Value: "always", Text: "Set aside all like it", Hint: "Registration clerks and patients of the cancer clinic"}}, MayTeach: true,
		Receipt: &page.Receipt{State: page.OK("Hides none that was upheld"), Text: "This would have explained 41 accesses and taken away 2 cases.", Facts: []page.Pair{{Name: "Accesses explained", Value: "41"}, {Name: "Cases not opened", Value: "2"}, {Name: "Of them upheld", Value: "0"}}, Caveat: "Tried on the last 30 days. It does not say that the next one will be harmless."},
	}
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case 0619", URL: "/review/1f"}, {Text: "There was a reason"}}
	return v
}

func missingFirst() page.Missing {
	v := missing()
	v.Receipt, v.Says, v.Fact = nil, "Nothing is learned yet. You may first see what such a reason would have explained, and whether it would have hidden a case that somebody upheld.", ""
	v.Wrong = "Say which fact was missing. Without it the next case like this one comes again."
	return v
}

func whoSaw() page.WhoSaw {
	return page.WhoSaw{
		Frame: privacyFrame("Who saw a chart", "Who opened this patient’s record, and why?", "Ask for one patient", "The list can be printed for the patient. What you ask is written to the journal, without the number."), From: "2026-03-18", To: "2026-06-16", Presets: askReasons(),
	}
}

func askReasons() []page.Choice {
	return []page.Choice{{Value: "patient", Text: "The patient asked for it"}, {Value: "complaint", Text: "A complaint"}, {Value: "case", Text: "I am reviewing a case"}, {Value: "other", Text: "Another reason"}}
}

func whoSawAnswer() page.WhoSaw {
	v := whoSaw()
	v.Answer, v.Context, v.Asked = "Nine people opened it, one of them without a reason that we found", "", true
	v.Patient = []page.Pair{{Name: "Patient", Value: "••••4471", Masked: true}, {Value: "18 March to 16 June 2026"}}
	v.Reveal = &page.Reveal{Action: "/patients/who-saw/q/reveal", Reasons: revealReasons()}
	v.Period, v.Days = "18 March to 16 June 2026", "newest first"
	seal := &page.Seal{URL: "/journal/4201118/0", Entry: "4,201,118"}
	v.Rows = []page.SeenRow{
		{Day: "Mon 15 June", Time: "08:52 to 16:31", Who: "••••208", Masked: true, Unit: "Registration", What: "Opened 3 times", State: page.Look("No reason found"), Reason: "Being looked into", Seal: seal, CaseURL: "/review/1f"},
		{Day: "Tue 2 June", Time: "10:04", Who: "••••515", Masked: true, Unit: "Cardiology", What: "Opened once", State: page.OK("Reason"), Reason: "Had an appointment with the patient that day", Seal: seal},
		{Day: "Mon 1 June", Time: "14:20", Who: "••••770", Masked: true, Unit: "Laboratory", What: "Wrote once", State: page.OK("Reason"), Reason: "Worked on a sample of the patient", Seal: seal},
		{Day: "Today", Time: "07:10", Who: "••••031", Masked: true, Unit: "Pharmacy", What: "Opened once", State: page.Dim("Too early"), Reason: "Reasons may come until tomorrow", Seal: seal},
	}
	v.Counts = []page.Pair{{Name: "Accesses", Value: "31 on 14 days"}, {Name: "People", Value: "9"}, {Name: "Without a reason found", Value: "1"}, {Name: "Names", Value: "masked"}}
	v.Basis = "The list holds every access to this record that the record systems reported in this period. What a system does not report is not in it. A reason is what other records say; it is no proof that the person was right to look."
	return v
}

func whoSawNobody() page.WhoSaw {
	v := whoSawAnswer()
	v.Rows, v.Answer, v.NothingSays = nil, "Nobody opened it in this time", "No system reported an access to this record from 18 March to 16 June 2026. Three record systems report to us."
	return v
}

func workday() page.Workday {
	seal := &page.Seal{URL: "/journal/4201118/0", Entry: "4,201,118"}
	v := page.Workday{
		Frame: privacyFrame("A day at work", "What did this person’s day look like?", "62 records were opened, one of them without a reason that we found", ""), Subject: subject()[:2],
		Reveal: &page.Reveal{Action: "/people-at-work/208/2026-06-15/reveal", Reasons: revealReasons()}, Day: clerksMonday(true), Heading: "Monday 15 June", When: "local time",
		Before: page.Link{Text: "Day before", URL: "/people-at-work/208/2026-06-14"}, After: page.Link{Text: "Day after", URL: "/people-at-work/208/2026-06-16"},
		Totals: []page.Pair{{Name: "Planned", Value: "08:00 to 16:30, registration"}, {Name: "First and last act", Value: "08:04 and 16:41"}},
		Rows: []page.WorkRow{
			{Time: "08:52", Patient: "••••4471", What: "Opened 3 times", Where: "REG-04, REG-11", State: page.Look("No reason found"), Seal: seal},
			{Time: "08:06", Patient: "••••0031", What: "Opened once", Where: "REG-04", State: page.OK("Reason"), Reason: "Registered the patient", Seal: seal},
		},
	}
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case 0619", URL: "/review/1f"}, {Text: "The day"}}
	return v
}

func workdayAsk() page.Workday {
	return page.Workday{Frame: privacyFrame("A day at work", "What did this person’s day look like?", "Ask for one person and one day", "That you ask, and why, is written to the journal. Most often a case leads here by itself."), Asks: true, Presets: askReasons(), On: "2026-06-15"}
}

// shares are of 100, drawn from 70 on.
func shares(all ...uint64) []uint64 {
	for i := range all {
		all[i] -= 70
	}
	return all
}

func explained() page.Explained {
	return page.Explained{
		Frame: privacyFrame("Explained", "Can we explain what people open?", "963 of 1,000 accesses have a reason. One department waits for its roster.", ""), Views: at(reviewViews(), "/review/explained"),
		Now:  &page.Now{State: page.Look("Held"), Label: "One thing to do", Title: "The roster of 4 West is silent, so its cases wait", Text: "Since Sunday 81 of 100 accesses there have a reason, usually 96. Nobody becomes a case because a feed is missing.", Action: page.Link{Text: "Open the sources", URL: "/sources"}},
		Days: "Last 30 days",
		Departments: []page.ExplainedRow{
			{Name: "4W", State: page.Look("Held"), Share: "81.0 %", Base: "1,204 accesses", Usual: "96.1 %", Says: "The feed roster-4w has said nothing of the kind shift since 14 June, 05:10.", Spark: page.Spark(shares(96, 96, 95, 97, 96, 96, 96, 81, 80), "look", "Explained share of 4 West, falling on Sunday")},
			{Name: "REG", State: page.Watch("Below usual"), Share: "93.2 %", Base: "8,022 accesses", Usual: "95.0 %", Says: "Two points below its own past", Spark: page.Spark(shares(95, 95, 95, 94, 93), "watch", "Explained share of registration")},
			{Name: "ED", State: page.OK("As usual"), Share: "97.4 %", Base: "14,310 accesses", Usual: "97.2 %", Says: "", Spark: page.Spark(shares(97, 97, 98, 97, 97), "ok", "Explained share of the emergency department")},
		},
		Feeds: []page.FeedRow{
			{Name: "Roster", State: page.Look("Silent"), Last: "Sun 14 June 05:00", Facts: "18,204", Gives: "Who was on duty where"},
			{Name: "Admissions and moves", State: page.OK("Speaks"), Last: "07:41", Facts: "412,004", Gives: "Who lies on which ward"},
		},
	}
}

func explainedEmpty() page.Explained {
	return page.Explained{Frame: privacyFrame("Explained", "Can we explain what people open?", "No access has been reported yet.", ""), Views: at(reviewViews(), "/review/explained"), NothingSays: "The share of accesses with a reason is shown here, day by day, once the access log of the record system is connected."}
}

func misses() page.Misses {
	label := func(v float64) string { return page.Number(int(v+0.5)) + " of 1,000" }
	return page.Misses{
		Frame: privacyFrame("What we miss", "How many do we not see?", "About 4 of 1,000 accesses that we call explained may not be", ""), Views: at(reviewViews(), "/review/missed"),
		State: page.Dim("Estimate"), Heading: "What the random draw says", Says: "240 accesses that we call explained were drawn at random and judged by a person. One of them had no reason. So of 1,000 such accesses between 0 and 23 may be improper, and our best guess is 4.",
		Interval: page.Between(0.1, 4.2, 23, "Of 1,000 accesses that we call explained, between 0 and 23 may be improper; best guess 4", label),
		Facts:    []page.Pair{{Name: "Drawn", Value: "260"}, {Name: "Judged", Value: "240"}, {Name: "Without a reason", Value: "1"}, {Name: "Explained in all", Value: "1,204,331"}},
		Limits:   []string{"The draw is at random, so nobody can learn which accesses are safe.", "It says nothing of accesses that no system reports.", "The range holds in 19 of 20 houses like this one."},
		Reasons:  []page.RightRow{{Name: "A patient on the own ward", Looked: "61", Right: "60", Range: "between 91 and 100"}, {Name: "An appointment", Looked: "44", Right: "44", Range: "between 92 and 100"}},
	}
}

func missesNone() page.Misses {
	return page.Misses{Frame: privacyFrame("What we miss", "How many do we not see?", "We do not know yet", ""), Views: at(reviewViews(), "/review/missed"), State: page.Dim("Not known"), Heading: "What the random draw says", Says: "One case in ten is drawn at random from the accesses that we call explained. None of them has been judged so far.", Next: &page.Link{Text: "Open the cases", URL: "/review"}, Limits: misses().Limits}
}

func breach() page.Breach {
	marks := func() []page.Choice {
		return []page.Choice{{Value: "low", Text: "Speaks for a low risk"}, {Value: "unsure", Text: "Not known"}, {Value: "high", Text: "Speaks for a high risk", Chosen: true}}
	}
	v := page.Breach{
		Frame: privacyFrame("Breach facts", "Who has to be told, and by when?", "One patient. The first date is Friday 19 June, 06:00", ""), Action: "/review/1f/breach", Back: "/review/1f",
		Counts: []page.Pair{{Name: "Patients", Value: "1, counted from the log after merges"}, {Name: "Known since", Value: "Tuesday 16 June 2026, 06:00"}, {Name: "Accesses", Value: "3 on 1 day"}}, Note: "Known since is when the house first knew, or could have known. If somebody knew earlier, the dates are earlier.",
		Clocks: []page.ClockRow{
			{State: page.Look("3 days left"), Name: "Supervisory authority", From: "16 June 06:00", Due: "Fri 19 June 06:00", Basis: "GDPR article 33: 72 hours, if a risk is likely"},
			{State: page.Dim("60 days left"), Name: "The patient, and HHS", From: "16 June", Due: "Sat 15 August", Basis: "45 CFR 164.404: 60 days at most, without unreasonable delay"},
		},
		Factors: []page.Factor{
			{Name: "factor1", Title: "1. What kind of data was it?", Hint: "Which identifiers; how easily the patient is known from them", Marks: marks(), Text: "Address and contacts"},
			{Name: "factor2", Title: "2. Who saw it?", Hint: "Somebody bound to secrecy, trained, or not", Marks: marks()},
			{Name: "factor3", Title: "3. Was it really seen or taken?", Hint: "What the log shows", Marks: marks()},
			{Name: "factor4", Title: "4. What was done to reduce the harm?", Hint: "Assurances, returned copies; how far they can be relied on", Marks: marks()},
		},
		MaySave: true, Saved: "Not saved yet",
	}
	v.Crumbs = []page.Link{{Text: "Access", URL: "/review"}, {Text: "Case 0619", URL: "/review/1f"}, {Text: "Breach facts"}}
	return v
}

func privacySamples() map[string]sample {
	return map[string]sample{
		"review": {"review", review()}, "review-empty": {"review", reviewEmpty()}, "review-none": {"review", reviewNotSetUp()},
		"case": {"case", oneCase()}, "case-shown": {"case", caseShown()}, "case-two": {"case", caseTwo()}, "case-decided": {"case", caseDecided()}, "case-drugs": {"case", caseDrugs()},
		"missing": {"missing", missing()}, "missing-first": {"missing", missingFirst()},
		"whosaw": {"whosaw", whoSaw()}, "whosaw-answer": {"whosaw", whoSawAnswer()}, "whosaw-nobody": {"whosaw", whoSawNobody()},
		"workday": {"workday", workday()}, "workday-ask": {"workday", workdayAsk()}, "explained": {"explained", explained()}, "explained-empty": {"explained", explainedEmpty()},
		"misses": {"misses", misses()}, "misses-none": {"misses", missesNone()}, "breach": {"breach", breach()},
	}
}

package page_test

import "github.com/wardline/wardline/internal/console/page"

func recordsViews() []page.Tab {
	return []page.Tab{{Text: "Doubts", URL: "/records", Here: true}, {Text: "Reconciliation", URL: "/records/systems"}}
}

func systems() page.Systems {
	meter := func(state page.State, share int, says string) page.Meter {
		return page.Meter{State: state, Share: share, Says: says}
	}
	return page.Systems{
		Frame: recordsFrame("Reconciliation", "Do the systems still hold what they held?", "No. One part differs, and of one part we cannot tell.", "The last sweeps read 812,400 rows, 48,112 images, 96,310 resources of 3 systems."), Views: at(recordsViews(), "/records/systems"),
		Now: &page.Now{State: page.Look("Put back"), Label: "One thing to do", Title: "Ask who put LIS back to an older state", Text: "212 records are older than they were. A backup that is restored does that. What was written since is missing there, and sealed here.",
			Facts: []page.Pair{{Name: "System", Value: "LIS"}, {Name: "Part", Value: "results"}, {Name: "Read last", Value: "02:41"}}, Action: page.Link{Text: "List the records that differ", URL: "/records/systems/LIS/results"}},
		Rows: []page.SystemRow{
			{State: page.Look("Put back"), System: "LIS", Part: "results", URL: "/records/systems/LIS/results", Read: "02:41", Covered: meter(page.OK(""), 300, "all 808,112 rows"), Differs: "212 doubts", Explained: "1,204 changed as the program changes them", Test: page.OK("Found"), TestSays: "after 19 hours, Thu 11 Jun 02:40"},
			{State: page.OK("Same"), System: "LIS", Part: "reference ranges", Read: "02:42", Covered: meter(page.OK(""), 300, "all 4,288 rows"), Differs: "Nothing", Test: page.Watch("Waits"), TestSays: "planted Mon 15 Jun 21:10"},
			{State: page.OK("Same"), System: "PACS", Part: "images", Read: "04:58", Covered: meter(page.Watch(""), 71, "48,112 of 204,118 images"), Differs: "Nothing", Test: page.OK("Found"), TestSays: "after 2 days, Wed 10 Jun 04:11"},
			{State: page.Look("Not read"), System: "Records server", Part: "Observation", Read: "Thu 11 Jun 03:02", Covered: meter(page.OK(""), 300, "all 96,310 resources"), Differs: "Nothing", Test: page.Look("Not found"), TestSays: "planted Thu 11 Jun 14:20"},
		},
	}
}

func systemsNone() page.Systems {
	return page.Systems{
		Frame: recordsFrame("Reconciliation", "Do the systems still hold what they held?", "We cannot tell: no system is read back yet.", ""), Views: at(recordsViews(), "/records/systems"), EmptyTitle: "No system is read back",
		EmptyText: "So nobody would see a result that is changed in a database, past its program. An administrator declares which tables, archives and servers are read, and with which account, under integrity in the configuration. An account that may only read is enough.",
	}
}

func witnessViews() []page.Tab {
	return []page.Tab{{Text: "Journal", URL: "/journal", Here: true}, {Text: "Witnesses", URL: "/journal/witnesses"}}
}

func exchange() []page.Pair {
	return []page.Pair{
		{Name: "Print the introduction of this hospital, and give it to the other one.", Value: "wardline witness show > our-hospital.txt"},
		{Name: "Take in the one that you were given.", Value: "wardline witness add their-hospital.txt"},
		{Name: "Read the fingerprint of the key to each other on the telephone: who believes a wrong key believes a wrong journal.", Value: "wardline witness status"},
	}
}

func witnesses() page.Witnesses {
	v := page.Witnesses{
		Frame: frame("journal", "Witnesses", "Who outside of this house would see that the past was changed?", "Two hospitals of four vouch for it.", "A proof needs the signatures of 3 of 4; there are not enough."), Views: at(witnessViews(), "/journal/witnesses"),
		Now: &page.Now{State: page.Look("Silent"), Label: "One thing to do", Title: "Call Elm-Park: its witness does not answer", Text: "While it is silent it signs nothing of ours. A changed past would be seen later, and not at once.", Facts: []page.Pair{{Name: "Heard last", Value: "05:10"}}},
		Rows: []page.WitnessRow{
			{State: page.OK("Vouches"), Site: "Birch-General", Ours: "the first 4,218,702 entries", Heard: "07:40", Their: "the first 991,204 entries", Signed: "07:40"},
			{State: page.OK("Vouches"), Site: "Cedar-Childrens", Ours: "all 4,218,931 entries", Heard: "07:41", Their: "the first 120,118 entries", Signed: "07:38"},
			{State: page.Look("Silent"), Site: "Elm-Park", Ours: "the first 4,190,022 entries", Heard: "05:10", Their: "the first 40,771 entries", Signed: "05:08"},
			{State: page.Dim("Not heard yet"), Site: "Fir-Street-Clinic", Ours: "Nothing yet", Heard: "Never", Their: "Nothing yet", Signed: "Never"},
		},
		Meaning: "Every five minutes each hospital shows the others the size and the root of its journal, and nothing else, and they sign that it continues what they signed before. Whoever rewrites a past that others have signed is refused by them, and both houses are told. What a hospital has not signed yet, it cannot vouch for.", Commands: exchange(),
	}
	v.Map = page.Vouch("Alder Valley Hospital", "Two hospitals of four vouch for this journal.", []page.VouchLine{
		{Site: "Birch-General", Says: "Signed 07:40", Signs: true, Signed: true}, {Site: "Cedar-Childrens", Says: "Signed 07:41", Signs: true, Signed: true},
		{Site: "Elm-Park", Says: "Silent", Signs: true, Silent: true, Signed: true}, {Site: "Fir-Street-Clinic", Says: "Not heard yet"},
	})
	return v
}

func witnessesNone() page.Witnesses {
	return page.Witnesses{
		Frame: frame("journal", "Witnesses", "Who outside of this house would see that the past was changed?", "Nobody: no other hospital vouches for this journal yet.", ""), Views: at(witnessViews(), "/journal/witnesses"), Commands: exchange(),
		EmptyTitle: "No neighbour yet", EmptyText: "Whoever rules this machine could rewrite the whole journal and sign it anew. Two hospitals that sign each other’s journals make that impossible to hide.",
	}
}

package page_test

import "github.com/wardline/wardline/internal/console/page"

func rulesChanging() page.Rules {
	v := rules()
	v.MayLook, v.Changes = true, "2 rules are new, 1 rule is changed."
	v.Running = &page.Running{Title: "New rules are about to go live", URL: "/rules/changes", Says: "The past is searched for what is new in them, since 07:31.", State: page.Watch("Running"),
		Meter: page.Meter{State: page.Watch("Running"), Says: "28 of 100", Share: 86}}
	v.Trouble = "What is configured cannot be read, and the rules at work stay as they are: read indicators: open /etc/wardline/bad.csv: no such file or directory."
	return v
}

func ruleSuspended() page.Rule {
	v := rule()
	v.State, v.Suspended, v.Resume = page.Look("Suspended"), true, "/rules/1/resume"
	return v
}

func changes() page.Changes {
	return page.Changes{
		Frame:   frame("rules", "Changes of the rules", "What would other rules change?", "2 rules are new, 1 rule is changed, 1 rule is gone and the indicators differ.", "Seen 07:40. Nothing has changed yet: events are judged by the rules at work."),
		Version: "9f2c41be70d312aa", MayChange: true, Lists: "41,204 indicators in place of 40,118.",
		Days: []page.Choice{{Value: "30", Text: "30 days"}, {Value: "180", Text: "180 days"}, {Value: "0", Text: "Everything there is", Chosen: true}},
		Rows: []page.ChangeRow{
			{State: page.Watch("New"), Level: page.Act("Act now"), Title: "Remote tool on an imaging server", File: "/etc/wardline/rules/remote_tool_on_imaging_server.yml"},
			{State: page.Watch("New"), Level: page.Look("Look today"), Title: "Chart opened from a kiosk", File: "/etc/wardline/rules/kiosk.yml"},
			{State: page.Watch("Changed"), Level: page.Act("Act now"), Title: "Windows Defender Service Stopped", File: "builtin/windows/win_system_defender_disabled.yml"},
			{State: page.Dim("Gone"), Level: page.Watch("Keep an eye"), Title: "Many names asked", File: "/etc/wardline/rules/names.yml"},
		},
		Refused: []page.Pair{{Name: "/etc/wardline/rules/lists.yml:3", Value: "%Vendors% is not bound: give the list with rules.placeholders"}},
	}
}

func noChanges() page.Changes {
	return page.Changes{Frame: frame("rules", "Changes of the rules", "What would other rules change?", "The rules at work are those that are configured.", "Rules, values and lists are files on the machine. Whoever changes them comes here, and looks what would change."), MayChange: true}
}

func receipt() page.Job {
	return page.Job{
		Frame: frame("rules", "Changes of the rules", "What would other rules change?", "They would have found 37 more, and 412 no longer.", ""), State: page.OK("Nothing real is lost"), Label: "asked 07:40 by M. Okafor", Heading: "What would other rules have found?",
		Says:  "Tried on 41,204,118 events in 180 days. 412 findings of now would no longer be found, of which 0 were judged true.",
		Facts: []page.Pair{{Name: "More findings", Value: "37"}, {Name: "No longer found", Value: "412"}, {Name: "Judged real", Value: "0"}, {Name: "False alarms", Value: "398"}, {Name: "Expected", Value: "14"}, {Name: "Took", Value: "3 min"}},
		Act:   &page.Button{URL: "/rules/activate", Text: "Let them go live", Name: "receipt", Value: "1"}, Next: &page.Link{Text: "Back to the changes", URL: "/rules/changes"},
		Meaning:      "It speaks of events that reached Wardline and that we can still read. It does not say what the rules will find tomorrow.",
		FoundHeading: "What would no longer be found", Findings: []page.Waiting{{State: page.Act("Act now"), Title: "Windows Defender Service Stopped", Where: "PACS-2", Age: "14 June"}},
	}
}

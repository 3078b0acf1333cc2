package page_test

import (
	"time"

	"github.com/wardline/wardline/internal/console/page"
)

func search() page.Search {
	return page.Search{
		Frame:      frame("search", "Search", "What happened, and can you prove it?", "Ask the events of the last 400 days.", "Words, addresses, names of people and machines, identifiers of patients."),
		Views:      []page.Tab{{Text: "Search", URL: "/search", Here: true}, {Text: "Search back", URL: "/hunt"}},
		Presets:    []page.Choice{{Value: "1h", Text: "Hour"}, {Value: "24h", Text: "Day", Chosen: true}, {Value: "168h", Text: "Week"}, {Value: "720h", Text: "30 days"}},
		FilterRows: []page.FilterRow{{Ops: ops()}}, Names: []string{"access.user", "access.verb"},
		Saved: []page.SavedRow{{Name: "Sign-ins to the chart from outside", URL: "/search/saved/1", By: "R. Haddad", Forget: "/search/saved/1/forget"}, {Name: "Break-glass openings", URL: "/search/saved/2", By: "L. Moreau"}},
		Index: page.OK("Up to date"), IndexSays: "Everything that is sealed can be found.", IndexFacts: []page.Pair{{Name: "Entries", Value: "4,218,931"}, {Name: "Events since", Value: "2 May 2025"}},
	}
}

func ops() []page.Choice {
	return []page.Choice{{Value: "is", Text: "is"}, {Value: "has", Text: "has the word"}, {Value: "starts", Text: "starts with"}}
}

func searchAnswer() page.Search {
	s := search()
	s.Answer, s.Context = "2,104 events say svc-vendor, most of them since Monday.", ""
	s.Text, s.From, s.To, s.Asked = "svc-vendor", "2026-06-15T07:42", "2026-06-16T07:42", true
	s.Histogram = page.Histogram(steps(96, 9, 0, 60), clock().Now.Add(-24*time.Hour), clock().Now, clock(), "Events that say svc-vendor in the last day: 2,104")
	s.HistogramSays = "Each column is 15 minutes"
	s.Found, s.FoundSays = "50 of 2,104, newest first", "patients are masked"
	s.Hits = []page.Event{
		event("16 June 02:16:02", "winlogbeat/pacs-6"),
		{Time: "16 June 02:09:40", Source: "atna/ehr-app-1", Chosen: []page.Pair{{Name: "access.verb", Value: "read"}, {Name: "access.user", Value: "svc-vendor"}, {Name: "access.patient", Value: "••••4471", Masked: true}}, All: []page.Pair{{Name: "access.verb", Value: "read"}, {Name: "access.user", Value: "svc-vendor"}, {Name: "access.patient", Value: "••••4471", Masked: true}}, Seal: &page.Seal{URL: "/journal/4218690/0", Entry: "4,218,690"}},
		event("16 June 02:14:07", "winlogbeat/pacs-1"),
	}
	s.Older, s.Save, s.Saved = "/search/q/older", "/search/q/save", nil
	return s
}

func hunt() page.Hunt {
	return page.Hunt{
		Frame: frame("hunt", "Search back", "Was this ever seen here?", "Ask the whole journal, and keep the answer.", "For a warning from a neighbour, or a new rule before it goes live."), Views: at(search().Views, "/hunt"),
		Days:    []page.Choice{{Value: "30", Text: "30 days"}, {Value: "180", Text: "180 days", Chosen: true}, {Value: "400", Text: "Everything"}},
		Running: []page.Running{{Title: "3 indicators, 180 days", URL: "/hunt/job/1", Says: "1,204,000 of 4,218,931 entries, seen 0 times so far.", State: page.Watch("Running"), Meter: page.Meter{State: page.Watch("Running"), Says: "28 of 100", Share: 86}}},
		Answers: []page.AnswerRow{
			{Asked: "2 addresses", When: "today 06:50", By: "R. Haddad", State: page.OK("Not seen"), Seen: "in 180 days", Looked: "41,204,118 events in 3 min", Seal: &page.Seal{URL: "/journal/4218600/0", Entry: "4,218,600"}},
			{Asked: "Rule: remote tool on an imaging server", When: "Mon 15 June 16:20", By: "M. Okafor", State: page.Look("Seen 4 times"), Seen: "first 2 June, last 14 June", Looked: "41,001,553 events in 5 min", Seal: &page.Seal{URL: "/journal/4211000/0", Entry: "4,211,000"}},
		},
	}
}

func job() page.Job {
	return page.Job{
		Frame: frame("hunt", "Search back", "Was this ever seen here?", "No. Two addresses were not seen in 180 days.", ""), State: page.OK("Not seen"), Label: "asked today 06:50 by R. Haddad", Heading: "203.0.113.9 and one more",
		Says: "41,204,118 events were looked at, from 18 December to now, in 3 minutes.", Facts: []page.Pair{{Name: "From", Value: "18 December 2025"}, {Name: "To", Value: "16 June 2026"}, {Name: "Events", Value: "41,204,118"}},
		Next: &page.Link{Text: "Ask something else", URL: "/hunt"}, Seal: &page.Seal{URL: "/journal/4218600/0", Entry: "4,218,600"},
		Meaning: "No event that reached Wardline in this time names these addresses. It says nothing of systems that do not send to us.",
	}
}

func sources() page.Sources {
	row := func(name, note string, s page.State, last string, seed uint64, n, stored, aside, refused, lost string) page.SourceRow {
		return page.SourceRow{Name: name, Note: note, State: s, Last: last, Spark: page.Spark(steps(24, seed, 10, 80), s.Class, "Events an hour"), Received: n, Stored: stored, Aside: aside, Refused: refused, Lost: lost, Books: page.OK("Balance")}
	}
	return page.Sources{
		Frame: frame("sources", "Sources", "Does everything that should speak, speak?", "One of 38 sources is silent: pump-gateway, since 07:18.", "The others spoke in the last five minutes, and all books balance."),
		Now:   &page.Now{State: page.Look("Silent"), Label: "since 07:18, 24 minutes", Title: "The pump gateway has stopped sending", Text: "It sends about every minute; nothing came for 24 minutes. The pumps themselves do not depend on it.", Facts: []page.Pair{{Name: "Last event", Value: "07:18:04"}, {Name: "Came from", Value: "10.20.4.7", Mono: true}}, Action: page.Link{Text: "Show its last events", URL: "/search"}},
		Rows: []page.SourceRow{
			row("pump-gateway", "HL7 over MLLP", page.Look("Silent"), "24 min", 1, "18,204", "18,202", "2", "0", "0"),
			row("ehr-app-1", "FHIR AuditEvent", page.OK("Speaks"), "now", 2, "1,204,118", "1,204,101", "17", "0", "0"),
			row("winlogbeat/pacs-2", "Winlogbeat", page.OK("Speaks"), "now", 3, "812,404", "812,404", "0", "0", "0"),
			row("syslog/10.20.0.1", "only its address vouches for it", page.OK("Speaks"), "1 min", 4, "4,412,009", "4,411,812", "0", "0", "197"),
		},
		Total: page.SourceRow{Received: "6,446,735", Stored: "6,446,519", Aside: "19", Refused: "0", Lost: "197", Books: page.OK("Balance")},
	}
}

func addSource() page.AddSource {
	return page.AddSource{
		Frame: frame("sources", "Connect a source", "How does a system send to us?", "Choose what shall send.", "You get a token for it and the lines to paste into it."),
		Kinds: []page.Choice{{Value: "rsyslog", Text: "rsyslog", Hint: "Linux servers, firewalls, switches"}, {Value: "mirth", Text: "Mirth or NextGen Connect", Hint: "HL7 v2 messages and audit"}, {Value: "hapi", Text: "HAPI FHIR", Hint: "AuditEvent of a FHIR server"}, {Value: "dcm4chee", Text: "dcm4chee", Hint: "Audit of an image archive"}, {Value: "winlogbeat", Text: "Winlogbeat", Hint: "Windows event logs"}, {Value: "filebeat", Text: "Filebeat", Hint: "Log files of any program"}, {Value: "suricata", Text: "Suricata", Hint: "Network alarms and flows"}},
	}
}

func sourceToken() page.AddSource {
	return page.AddSource{
		Frame: frame("sources", "Connect a source", "How does a system send to us?", "Paste this into Winlogbeat.", ""), Chosen: true, Name: "pacs-2", Token: "wl_7c1e0a42_MZXW6YTBOI2DQNJRGEZTGNBVGY3TQOJQ", Until: "14 September 2026", Sender: "Winlogbeat", File: "winlogbeat.yml",
		Snippet: "output.elasticsearch:\n  hosts: [\"https://wardline.alder.example:8443/elastic\"]\n  headers:\n    Authorization: \"Bearer wl_7c1e0a42_…\"\n  allow_older_versions: true\n", Steps: []string{"Put these lines into winlogbeat.yml, in place of its output section.", "Restart the service."}, Check: "Within a minute the source stands in the list with the word Speaks. If it does not, its own log says why it was refused.",
	}
}

func rules() page.Rules {
	return page.Rules{
		Frame: frame("rules", "Rules", "What are we looking for, and how often is it right?", "3,104 rules are loaded; two could not be.", "Set 9f2c41be, live since 07:00."), Views: []page.Tab{{Text: "Spoke 41", URL: "/rules", Here: true}, {Text: "All 3,104", URL: "/rules?view=all"}, {Text: "Not loaded 2", URL: "/rules?view=refused"}},
		Heading: "Rules that spoke", Order: "Most hits first",
		Rows: []page.RuleRow{
			{URL: "/rules/1", Title: "Windows Defender Service Stopped", State: page.Act("Act now"), Hits: "18,204", Last: "5 h", Precision: "3 of 14 real; between 8 and 48 of 100", Author: "F. Roth"},
			{URL: "/rules/2", Title: "Chart opened without a reason on record", State: page.Look("Look today"), Hits: "212", Last: "37 min", Precision: "9 of 12 real; between 47 and 91 of 100", Author: "Wardline"},
			{URL: "/rules/3", Title: "Many names asked", State: page.Watch("Keep an eye"), Hits: "88", Last: "9 h", Precision: "Not judged yet", Author: "Wardline"},
		},
		Refused: []page.Pair{{Name: "rules/win_x.yml:14", Value: "the condition names a selection that is not there"}, {Name: "rules/lists.yml:3", Value: "%Vendors% is not bound: give the list with --placeholders"}},
	}
}

func rule() page.Rule {
	return page.Rule{
		Frame: frame("rules", "Rule", "What does this rule look for?", "Windows Defender Service Stopped", ""), State: page.Act("Act now"),
		Summary: "Detects the Windows Defender service being stopped.", Care: "Protection of a server that care depends on is gone.", Expect: []string{"Administrator activity"},
		Facts:     []page.Pair{{Name: "Author", Value: "F. Roth (Nextron Systems)"}, {Name: "Licence", Value: "DRL 1.1"}, {Name: "File", Value: "win_system_defender_disabled.yml", Mono: true}, {Name: "Tags", Value: "attack.defense-evasion, attack.t1562.001", Mono: true}},
		Precision: "Three of 14 were real.", Judged: []page.Pair{{Name: "Real", Value: "3"}, {Name: "False", Value: "0"}, {Name: "Expected", Value: "11"}}, Sample: "With so few judgements the true share lies between 8 and 48 of 100.", Hide: "/rules/1/hide", Findings: "/findings?rule=1",
	}
}

func journal() page.Journal {
	e := func(n, when, kind, lines, from string) page.EntryRow {
		return page.EntryRow{Entry: n, When: when, Kind: kind, Lines: lines, From: from, Seal: page.Seal{URL: "/journal/1/0", Entry: n}}
	}
	return page.Journal{
		Views: witnessViews(),
		Frame: frame("journal", "Journal", "Could anyone have changed what was said?", "No. 4,218,931 entries are sealed, the last one at 07:41:50.", ""), State: page.OK("Sealed"),
		Says:       "Each entry hangs on all entries before it. Changing, removing or inserting one changes the root below, and whoever holds an older root sees it.",
		Checkpoint: []page.Pair{{Name: "Log", Value: "wardline.alder.example/journal"}, {Name: "Entries", Value: "4,218,931"}, {Name: "Root", Value: "9f2c 41be 70d3 12aa 04c9 e81a 6f31 77d0 19ab 55c2 8e04 d3b1 2fa6 90ce 4471 b0f8"}, {Name: "Signed", Value: "16 June 2026 07:41:50"}},
		Note:       "wardline.alder.example/journal\n4218931\nnyxBvnDTEqoEyega...\n\n— wardline.alder.example/journal Zm9v...",
		Verify:     page.Verify{State: page.OK("Unchanged"), Says: "All 4,201,118 entries that stood on Sunday were read again and fit the seal.", Facts: []page.Pair{{Name: "Checked", Value: "Sun 14 June 03:00, in 41 minutes"}, {Name: "By", Value: "T. Mbeki"}}},
		Shown:      "The last 4 of 4,218,931",
		Entries:    []page.EntryRow{e("4,218,930", "07:41:50", "Events", "412", "ehr-app-1, winlogbeat/pacs-2"), e("4,218,929", "07:41:49", "Events", "500", "syslog/10.20.0.1"), e("4,218,928", "07:41:41", "Act of a user", "1", "M. Okafor"), e("4,218,927", "07:41:30", "Books", "38", "wardline")},
	}
}

func proof() page.Proof {
	return page.Proof{
		Frame: frame("journal", "Proof", "Is this really what was said, then?", "Yes. This event was sealed at 02:14:20 and has not changed since.", ""), State: page.OK("Holds"), Download: "/journal/4218703/2/proof",
		Kept: page.Kept{State: page.OK("Kept"), Chosen: event("", "").Chosen, All: event("", "").All}, Lines: []page.Tab{{Text: "‹ Line 1", URL: "#"}, {Text: "Line 2 of 412", URL: "#", Here: true}, {Text: "Line 3 ›", URL: "#"}},
		Steps:   []page.ProofStep{{State: page.OK("Same"), Title: "The bytes are those that were sealed.", Text: "Their digest is the one in the entry."}, {State: page.OK("In place"), Title: "The entry is in the journal.", Text: "From its digest, 22 steps lead to the root."}, {State: page.OK("Signed"), Title: "The root is the one that this journal signed.", Text: "Signed at 07:41:50, over 4,218,931 entries."}},
		Facts:   []page.Pair{{Name: "Entry", Value: "4,218,703 of 4,218,931"}, {Name: "Line", Value: "2 of 412"}, {Name: "Received", Value: "16 June 2026 02:14:20"}, {Name: "Digest", Value: "70d3 12aa 04c9 e81a 6f31 77d0 19ab 55c2"}},
		Path:    []string{"9f2c41be70d312aa04c9e81a6f3177d019ab55c28e04d3b12fa690ce4471b0f8", "12aa04c9e81a6f3177d019ab55c28e04d3b12fa690ce4471b0f89f2c41be70d3"},
		Meaning: "What this does not prove: that the sender told the truth. It proves what reached us, when, and that it is unchanged.", Command: "wardline journal check entry-4218703.tlog --key KEY",
	}
}

func people() page.People {
	roles := []page.Choice{{Value: "analyst", Text: "Analyst", Hint: "judges findings, searches"}, {Value: "senior", Text: "Senior analyst", Hint: "and hides what is expected", Chosen: true}, {Value: "privacy", Text: "Privacy officer", Hint: "and reads who looked"}, {Value: "auditor", Text: "Auditor", Hint: "reads and verifies, changes nothing"}, {Value: "admin", Text: "Administrator", Hint: "people, sources and rules; no event content"}}
	return page.People{
		Frame: frame("people", "People and access", "Who may do what here?", "Four people and three tokens may enter.", "Two of the people are administrators."), Views: []page.Tab{{Text: "People", URL: "/people", Here: true}, {Text: "Trail", URL: "/trail"}},
		Counts: "4 may sign in", CanWrite: true, CanToken: true, Choices: roles,
		Users: []page.UserRow{
			{ID: "1", Name: "a.lindqvist", Display: "A. Lindqvist", Roles: "Administrator", Last: "07:20", State: page.OK("Active"), Active: true, RoleChoices: roles},
			{ID: "2", Name: "m.okafor", Display: "M. Okafor", Roles: "Analyst", Last: "now", State: page.OK("Active"), Active: true, RoleChoices: roles},
			{ID: "3", Name: "t.mbeki", Display: "T. Mbeki", Roles: "Auditor", Last: "never", State: page.Watch("Invited"), Active: true, RoleChoices: roles},
			{ID: "4", Name: "j.old", Display: "J. Oldham", Roles: "Analyst", Last: "2 May 2026", State: page.Dim("Closed")},
		},
		TokenMay: []page.Choice{{Value: "search.run", Text: "Search events", Hint: "patients are masked, and each search is sealed"}, {Value: "answer.read", Text: "Read the answers of searches back", Hint: "what was asked, and how often it was seen"}},
		Tokens:   []page.TokenRow{{Name: "pacs-2", May: "send", From: "10.20.0.0/16", Last: "now", Ends: "14 Sep 2026", State: page.OK("Valid"), Revoke: "/tokens/1/revoke"}, {Name: "dashboard", May: "read", From: "10.20.3.7/32", Last: "3 h", Ends: "in 5 days", State: page.Look("Ends soon"), Revoke: "/tokens/2/revoke"}},
	}
}

func trail() page.Trail {
	return page.Trail{
		Frame: frame("people", "Trail", "Who did what?", "200 acts, newest first.", "Each was sealed before it was done, and so was how it ended. This page goes back to 06:40, the trail to 15 Jun 2024 02:09. It keeps acts for as long as the journal does."), Views: at(people().Views, "/trail"),
		People: []page.Choice{{Value: "2", Text: "M. Okafor"}}, Verbs: []page.Choice{{Value: "finding.judge", Text: "judged a finding"}},
		Rows: []page.ActRow{
			{Time: "07:41:41", Who: "M. Okafor", What: "judged a finding", Object: "9f2c41be, false", State: page.OK("Done"), Seal: &page.Seal{URL: "/journal/4218928/0", Entry: "4,218,928"}},
			{Time: "07:12:04", Who: "R. Haddad", What: "searched", Object: "24 hours, 3 words", State: page.OK("Done"), Seal: &page.Seal{URL: "/journal/4218100/0", Entry: "4,218,100"}},
			{Time: "06:55:30", Who: "M. Okafor", What: "wanted to invite a person", Object: "", State: page.Look("Not allowed"), Seal: &page.Seal{URL: "/journal/4218090/0", Entry: "4,218,090"}},
			{Time: "06:40:02", Who: "A. Lindqvist", What: "changed who may enter", Object: "change roles", State: page.Look("End not known"), Seal: &page.Seal{URL: "/journal/4218080/0", Entry: "4,218,080"}},
		},
		Older: "/trail?before=1",
	}
}

func enrol() page.Enrol {
	return page.Enrol{Frame: page.Frame{Title: "Second factor"}, Size: 29, QR: page.Squares(29, func(x, y int) bool { return (x*y+x/3+y/2)%3 == 0 }), Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP", Action: "/setup/confirm", Enrolment: "1", OTPAuth: "otpauth://totp/x"}
}

func gate(title string) page.Frame { return page.Frame{Title: title, Site: "Alder Valley Hospital"} }

func enrolWith(p page.Passkeys) page.Enrol {
	e := enrol()
	e.Passkeys = p
	return e
}

func you() page.You {
	return page.You{
		Frame:    frame("people", "Your sign-in", "What do you sign in with?", "Your passphrase, and a code of your app or one of 2 passkeys.", "Whoever has both your passphrase and one of these is you to Wardline."),
		Views:    []page.Tab{{Text: "What I did", URL: "/trail"}, {Text: "Your sign-in", URL: "/you", Here: true}},
		Passkeys: page.Passkeys{Here: true}, App: true, Codes: "9 codes",
		Held: []page.KeyRow{{Name: "blue key", Made: "2 May 2026 09:12", Used: "07:20", Remove: "/you/passkeys/1/remove"}, {Name: "finger on the ward laptop", Made: "Mon 15 Jun 14:02", Used: "never", Remove: "/you/passkeys/2/remove"}},
	}
}

func youLast() page.You {
	v := you()
	v.Answer, v.App, v.Codes, v.Few, v.Held = "Your passphrase and a passkey.", false, "2 codes", true, []page.KeyRow{{Name: "blue key", Made: "2 May 2026 09:12", Used: "07:20"}}
	return v
}

func keys() page.Help {
	return page.Help{
		Frame:      frame("", "Keys", "Which keys work here?", "Every act has a key.", ""),
		Everywhere: []page.Key{{Keys: []string{"/"}, Does: "search"}, {Keys: []string{"G", "H"}, Does: "Today"}, {Keys: []string{"G", "I"}, Does: "Findings"}, {Keys: []string{"?"}, Does: "all keys"}},
		Lists:      []page.Key{{Keys: []string{"J", "K"}, Does: "next, previous"}, {Keys: []string{"T"}, Does: "real"}, {Keys: []string{"Z"}, Does: "undo"}},
	}
}

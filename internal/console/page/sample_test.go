package page_test

import (
	"maps"
	"math/rand/v2"
	"time"

	"github.com/wardline/wardline/internal/console/page"
)

// The people, machines and events of these pages are invented.

func clock() page.Clock {
	return page.Clock{Now: time.Date(2026, 6, 16, 7, 42, 0, 0, time.UTC), Zone: time.UTC}
}

// at says which of a page's views is shown.
func at(views []page.Tab, url string) []page.Tab {
	for i := range views {
		views[i].Here = views[i].URL == url
	}
	return views
}

func frame(here, title, ask, answer, context string) page.Frame {
	rooms := []page.Room{
		{Key: "findings", Name: "Findings", URL: "/findings", Go: "I", Class: "act", Count: "7", Says: "to act now"},
		{Key: "search", Name: "Search", URL: "/search", Go: "S"},
		{Key: "hunt", Name: "Search back", URL: "/hunt", Go: "B"},
		{Key: "sources", Name: "Sources", URL: "/sources", Go: "O", Class: "look", Count: "1", Says: "to look at today"},
		{Key: "rules", Name: "Rules", URL: "/rules", Go: "L", Class: "watch", Count: "2", Says: "to keep an eye on"},
	}
	today := page.Room{Key: "today", Name: "Today", URL: "/", Go: "H"}
	return page.Frame{
		Title: title, Site: "Alder Valley Hospital", Ask: ask, Answer: answer, Context: context, Here: here,
		Groups: []page.Group{
			{Rooms: []page.Room{today}},
			{Name: "Watch", Rooms: rooms},
			{Name: "Prove", Rooms: []page.Room{
				{Key: "journal", Name: "Journal", URL: "/journal", Go: "J"},
				{Key: "people", Name: "People and access", URL: "/people", Go: "U"},
			}},
		},
		Tabs: []page.Room{today, rooms[0], rooms[1], rooms[3]},
		Who:  "M. Okafor", Roles: "analyst", Sealed: page.OK("Sealed 07:41:50"), Count: "4,218,931 entries",
		Time: "Tuesday 16 June, 07:42", Print: "printed 16 June 2026, 07:42 by M. Okafor, patients masked",
		Keys: []page.Key{{Keys: []string{"J", "K"}, Does: "next, previous"}, {Keys: []string{"Enter"}, Does: "open"}, {Keys: []string{"/"}, Does: "search"}},
	}
}

func steps(n int, seed uint64, least, most uint64) []uint64 {
	r := rand.New(rand.NewPCG(seed, seed))
	out := make([]uint64, n)
	for i := range out {
		out[i] = least + r.Uint64N(most-least+1)
	}
	return out
}

type sample struct {
	page string
	view any
}

func samples() map[string]sample {
	all := map[string]sample{
		"today":           {"today", today()},
		"today-quiet":     {"today", quiet()},
		"findings":        {"findings", findings()},
		"findings-empty":  {"findings", noFindings()},
		"hide":            {"hide", hide()},
		"hidden":          {"hidden", hidden()},
		"search":          {"search", search()},
		"search-answer":   {"search", searchAnswer()},
		"hunt":            {"hunt", hunt()},
		"job":             {"job", job()},
		"flows":           {"flows", flows()},
		"flows-none":      {"flows", flowsNone()},
		"flow":            {"flow", flow()},
		"flowmap-none":    {"flowmap", flowMapNone()},
		"incidents":       {"incidents", incidents()},
		"incidents-none":  {"incidents", incidentsNone()},
		"incident":        {"incident", incident()},
		"flowmap-12":      {"flowmap", flowMap(12, false)},
		"flowmap-60":      {"flowmap", flowMap(60, true)},
		"flowmap-200":     {"flowmap", flowMap(200, false)},
		"flowmap-part":    {"flowmap", flowMap(200, true)},
		"readiness":       {"readiness", readiness()},
		"readiness-none":  {"readiness", readinessNone()},
		"canaries":        {"canaries", canaries()},
		"canaries-none":   {"canaries", canariesNone()},
		"canary":          {"canary", canary()},
		"canary-made":     {"canary", canaryMade()},
		"canary-marks":    {"canary", canaryMarks()},
		"addcanary":       {"addcanary", addCanary()},
		"unit":            {"unit", unit()},
		"unit-drill":      {"unit", unitDrill()},
		"unit-card":       {"card", unitCard()},
		"unit-cards":      {"cards", unitCards()},
		"flow-well":       {"flow", flowWell()},
		"sources":         {"sources", sources()},
		"sources-empty":   {"sources", page.Sources{Frame: frame("sources", "Sources", "Does everything that should speak, speak?", "Nothing sends yet.", "")}},
		"addsource":       {"addsource", addSource()},
		"addsource-token": {"addsource", sourceToken()},
		"rules":           {"rules", rules()},
		"rule":            {"rule", rule()},
		"rule-suspended":  {"rule", ruleSuspended()},
		"rules-changing":  {"rules", rulesChanging()},
		"changes":         {"changes", changes()},
		"changes-none":    {"changes", noChanges()},
		"receipt":         {"job", receipt()},
		"journal":         {"journal", journal()},
		"proof":           {"proof", proof()},
		"people":          {"people", people()},
		"trail":           {"trail", trail()},
		"entered":         {"entered", page.Entered{Frame: page.Frame{Title: "Signed in", Site: "Alder Valley Hospital"}, Name: "m.okafor"}},
		"login-provider":  {"login", page.Login{Frame: page.Frame{Title: "Sign in", Site: "Alder Valley Hospital"}, Provider: true}},
		"login-passkey":   {"login", page.Login{Frame: gate("Sign in"), Passkeys: page.Passkeys{Here: true}}},
		"login-elsewhere": {"login", page.Login{Frame: gate("Sign in"), Passkeys: page.Passkeys{Where: "https://wardline.alder.example:8443"}}},
		"login":           {"login", page.Login{Frame: page.Frame{Title: "Sign in", Site: "Alder Valley Hospital"}}},
		"login-wrong":     {"login", page.Login{Frame: page.Frame{Title: "Sign in", Site: "Alder Valley Hospital", Wrong: "Name, passphrase and code do not fit together. Four tries are left."}, Name: "m.okafor"}},
		"setup":           {"setup", page.Setup{Frame: page.Frame{Title: "Set up"}, Heading: "Set up Wardline", Says: "You are the first. You will be able to invite the others.", Action: "/setup", AskName: true}},
		"enrol":           {"enrol", enrol()},
		"enrol-passkey":   {"enrol", enrolWith(page.Passkeys{Here: true})},
		"enrol-elsewhere": {"enrol", enrolWith(page.Passkeys{Where: "https://wardline.alder.example:8443"})},
		"enrol-address":   {"enrol", enrolWith(page.Passkeys{None: true})},
		"passkey":         {"passkey", page.AskKey{Frame: gate("Passkey"), Heading: "Your passkey", Says: "Your browser asks for it now. Touch your key, or show your finger, face or PIN as it says.", Action: "/login/passkey", Options: "{}", Ticket: "passkey_ticket", Answered: "passkey_answer", Back: page.Link{Text: "Use a code in its place", URL: "/login"}}},
		"passkey-join":    {"passkey", page.AskKey{Frame: gate("Passkey"), New: true, Joining: true, Heading: "Make a passkey", Says: "Your browser asks where to keep it: on this device, on your phone, or on a security key.", Action: "/setup/passkey", Options: "{}", Ticket: "passkey_ticket", Answered: "passkey_answer", Carry: []page.Pair{{Name: "enrolment", Value: "1"}}}},
		"you":             {"you", you()},
		"you-last":        {"you", youLast()},
		"you-address":     {"you", page.You{Frame: frame("people", "Your sign-in", "What do you sign in with?", "Your passphrase, and a code of your app.", "Whoever has both is you to Wardline."), Views: you().Views, App: true, Codes: "10 codes", Passkeys: page.Passkeys{None: true}}},
		"you-provider":    {"you", page.You{Frame: frame("people", "Your sign-in", "What do you sign in with?", "You sign in with your account of the house.", "What you sign in with is kept and changed there."), Views: you().Views, Elsewhere: true}},
		"prove-passkey":   {"prove", page.Prove{Frame: gate("Second factor"), To: "/you/passkeys", Passkeys: page.Passkeys{Here: true}}},
		"prove":           {"prove", page.Prove{Frame: page.Frame{Title: "Second factor", Site: "Alder Valley Hospital"}, To: "/people/invite", Carry: []page.Pair{{Name: "display", Value: "M. Okafor"}}}},
		"recovery":        {"recovery", page.Recovery{Frame: page.Frame{Title: "Recovery codes"}, Codes: []string{"k7qd-m2xp-9vte", "c4wn-8hzr-t6ya", "p9ke-3fjx-w2mb", "r5ua-7cqd-n8hs", "z2vt-6pyk-d4we", "h8mx-9jrb-q3fc", "w6ep-5nka-v7td", "f3yc-2sgm-x9ru"}, Joining: true, Next: page.Link{Text: "go to Today", URL: "/"}}},
		"denied":          {"denied", page.Denied{Frame: frame("people", "Not allowed", "May you do this?", "Not with the roles you have.", ""), For: "administrators and auditors", Holders: "Here these are A. Lindqvist and T. Mbeki. Ask one of them."}},
		"error":           {"error", page.Failure{Frame: page.Frame{Title: "Not done"}, Heading: "Could not record. Nothing was changed.", Says: "The journal did not answer within two seconds, so the act was not carried out. Receiving goes on. Try again in a minute.", Code: "7c1e-0a42", Next: page.Link{Text: "Back to Today", URL: "/"}}},
		"keys":            {"keys", keys()},
	}
	maps.Copy(all, privacySamples())
	maps.Copy(all, recordSamples())
	return all
}

func today() page.Today {
	return page.Today{
		Frame: frame("today", "Today", "Is anything wrong, and what one thing should I do?", "Seven findings wait. Look first at six imaging servers without protection.", "After that: the pump gateway has been silent since 07:18."),
		Now: page.Now{
			State: page.Act("Act now"), Label: "One thing to do", Title: "Virus protection stopped on six imaging servers",
			Text:   "Seen 6 times on PACS-1 to PACS-6, by svc-vendor, 02:14 to 02:16 today. Image viewing ends on three wards if these servers stop.",
			Facts:  []page.Pair{{Name: "Waits", Value: "5 hours, nobody has it"}, {Name: "Rule", Value: "Windows Defender service stopped, by F. Roth"}},
			Action: page.Link{Text: "Open the finding", URL: "/findings/1"}, More: []page.Link{{Text: "Whole queue", URL: "/findings"}},
		},
		Seals: page.Seals{State: page.OK("Sealed 07:41:50"), Text: "4,218,931 entries. Nobody can change one without being found out.", Meters: []page.Meter{
			{State: page.OK("Balanced"), Name: "Books of the senders", Says: "Received = stored + set aside + refused, 38 sources", Share: 300},
			{State: page.OK("Up to date"), Name: "Rules have seen", Says: "All entries; 212 ms behind", Share: 300},
			{State: page.Watch("4 min behind"), Name: "Search can find", Says: "4,218,702 of 4,218,931 entries", Share: 296},
		}},
		Days: "24 hours",
		Rooms: []page.RoomCard{
			{Name: "Findings", URL: "/findings", About: "What a person must judge", State: page.Act("Act now"), Figure: "7", Text: "findings wait; oldest 5 h", More: "9 of 10 settled within the shift", Spark: page.Spark(steps(30, 1, 2, 12), "act", "Findings a day")},
			{Name: "Sources", URL: "/sources", About: "Who speaks", State: page.Look("Silent"), Figure: "1", Of: "of 38", Text: "sources is silent", More: "pump-gateway, since 07:18", Spark: page.Spark(steps(30, 2, 30, 90), "look", "Events an hour")},
			{Name: "Rules", URL: "/rules", About: "What is looked for", State: page.Watch("Keep an eye"), Figure: "3,104", Text: "rules loaded", More: "2 could not be loaded", Spark: nil},
			{Name: "Journal", URL: "/journal", About: "What cannot be changed", State: page.OK("Steady"), Figure: "4.2", Of: "million", Text: "entries are sealed", More: "whole check on Sunday: nothing changed"},
		},
		Waiting: []page.Waiting{
			{State: page.Act("Act now"), URL: "/findings/1", Title: "Virus protection stopped on six imaging servers", Where: "PACS-1 to PACS-6", Care: "Image viewing on three wards, if they stop", Owner: "Nobody yet", Age: "5 h"},
			{State: page.Look("Look today"), URL: "/findings/2", Title: "A pump library came from a computer we do not know", Where: "pump-gw-2", Care: "22 pumps on 4 West and 5 East", Owner: "R. Haddad", Age: "2 h"},
			{State: page.Watch("Keep an eye"), URL: "/findings/3", Title: "A door controller asked 212 computers for their names", Where: "door-ctl-7", Care: "Not known", Owner: "Nobody yet", Age: "9 h"},
		},
	}
}

func quiet() page.Today {
	return page.Today{
		Frame: frame("today", "Today", "Is anything wrong, and what one thing should I do?", "Nothing waits for you. All 38 sources speak.", "Checked with 3,104 rules since midnight: 812,404 events, no finding that nobody has judged."),
		Now:   page.Now{State: page.OK("Steady"), Label: "Nothing to do", Title: "Look once at what is hidden", Text: "Four rules are hidden for a time. Two of them speak again this week.", Action: page.Link{Text: "See what is hidden", URL: "/hidden"}},
		Seals: page.Seals{State: page.OK("Sealed 07:41:50"), Text: "4,218,931 entries.", Meters: []page.Meter{{State: page.OK("Balanced"), Name: "Books of the senders", Says: "38 sources", Share: 300}}},
		Days:  "24 hours", Quiet: "No finding waits. The last one was settled 40 minutes ago by R. Haddad.",
		Rooms: today().Rooms,
	}
}

func event(when, source string) page.Event {
	return page.Event{
		Time: when, Source: source,
		Chosen: []page.Pair{{Name: "EventID", Value: "7036"}, {Name: "param1", Value: "Windows Defender Antivirus Service"}, {Name: "param2", Value: "stopped"}, {Name: "Computer", Value: "PACS-2.alder.example"}},
		All:    []page.Pair{{Name: "EventID", Value: "7036"}, {Name: "Channel", Value: "System"}, {Name: "Computer", Value: "PACS-2.alder.example"}, {Name: "param1", Value: "Windows Defender Antivirus Service"}, {Name: "param2", Value: `stopped\u202e`}},
		Seal:   &page.Seal{URL: "/journal/4218703/2", Entry: "4,218,703"},
	}
}

func findings() page.Findings {
	f := page.Findings{
		Frame: frame("findings", "Findings", "What is real in this queue?", "Seven findings wait. One is yours and five hours old.", ""),
		Views: []page.Tab{{Text: "Waiting 7", URL: "/findings", Here: true}, {Text: "Mine 1", URL: "/findings?view=mine"}, {Text: "Settled 14", URL: "/findings?view=settled"}, {Text: "Hidden 4", URL: "/hidden"}},
		Order: "Sorted by level, then by age.",
	}
	f.Keys = []page.Key{{Keys: []string{"J", "K"}, Does: "next, previous"}, {Keys: []string{"Enter"}, Does: "do the next step"}, {Keys: []string{"T", "F", "E"}, Does: "real, false, expected"}, {Keys: []string{"L"}, Does: "later"}, {Keys: []string{"A"}, Does: "I have it"}, {Keys: []string{"V"}, Does: "evidence"}, {Keys: []string{"N"}, Does: "show new"}, {Keys: []string{"Z"}, Does: "undo"}}
	f.Toast = &page.Toast{State: page.OK("Recorded"), Text: "False alarm: a door controller asked 212 computers", Undo: "/findings/9/undo"}
	f.Rows = []page.QueueRow{
		{State: page.Act("Act now"), URL: "/findings/1", Age: "5 h", Title: "Virus protection stopped on six imaging servers", Where: "PACS-1, PACS-2 and 4 more · svc-vendor", Here: true},
		{State: page.Act("Act now"), URL: "/findings/2", Age: "24 min", Title: "Laboratory results have stopped reaching the wards", Where: "LG-2", Next: true},
		{State: page.Look("Look today"), URL: "/findings/3", Age: "37 min", Title: "A clerk opened a co-worker’s chart three times", Where: "ehr-app-1 · patient ••••7720"},
		{State: page.Look("Look today"), URL: "/findings/4", Age: "2 h", Title: "A pump library came from a computer we do not know", Where: "pump-gw-2"},
		{State: page.Watch("Keep an eye"), URL: "/findings/5", Age: "9 h", Title: "A door controller asked 212 computers for their names", Where: "door-ctl-7"},
	}
	f.Open = &page.Finding{
		URL: "/findings/1", Short: "9f2c41be", Title: "Virus protection stopped on six imaging servers", Owner: "Nobody has it", When: "02:14 to 02:16 today", State: page.Act("Act now"),
		Say: "Seen 6 times at PACS-1, PACS-2, PACS-3 and 3 more, by svc-vendor, 02:14 to 02:16 today.", About: "Attackers stop protection before they encrypt. Nothing in these events says that this was planned.",
		Care:  "If these servers stop, image viewing ends on three wards and in both theatres.",
		Step:  page.Step{State: page.Watch(""), Label: "Proposed next step", Text: "See what else happened at PACS-1 in the hour before and after. Then ask who uses svc-vendor. Leave the machine running: switching it off loses traces and may stop care.", Action: "See what else happened there", Search: []page.Pair{{Name: "text", Value: "PACS-1"}}},
		Shown: "3 of 6 events", Masked: true,
		Evidence: []page.Event{event("02:14:07", "winlogbeat/pacs-1"), event("02:14:19", "winlogbeat/pacs-2"), event("02:16:02", "winlogbeat/pacs-6")},
		Why:      "A rule of level critical spoke. It was judged 14 times in the last 90 days: 3 times real, 11 times expected.",
		Rule:     []page.Pair{{Name: "Rule", Value: "Windows Defender Service Stopped"}, {Name: "Author", Value: "F. Roth (Nextron Systems)"}, {Name: "File", Value: "win_system_defender_disabled.yml", Mono: true}, {Name: "Licence", Value: "Detection Rule License 1.1"}},
		Things:   []page.Pair{{Name: "host", Value: "PACS-1, PACS-2, PACS-3 and 3 more"}, {Name: "user", Value: "svc-vendor"}, {Name: "patient", Value: "••••4471", Masked: true}},
		Expect:   []string{"Administrator activity", "A vendor visit with a ticket"}, PlacesSay: "6 events in 2 entries",
		Places: []page.Seal{{URL: "/journal/4218703/2", Entry: "4,218,703"}, {URL: "/journal/4218711/0", Entry: "4,218,711"}}, History: []page.Done{{Time: "16 Jun 2026 06:10:12", Text: "R. Haddad took the verdict back", State: page.Dim("")}, {Time: "16 Jun 2026 06:02:40", Text: "R. Haddad judged it: expected (taken back). A vendor visit", State: page.Dim("")}}, CanJudge: true, NextURL: "/findings/2", HideURL: "/findings/1/hide",
	}
	return f
}

func noFindings() page.Findings {
	return page.Findings{
		Frame: frame("findings", "Findings", "What is real in this queue?", "Nothing waits.", ""), Views: findings().Views,
		EmptyTitle: "Nothing waits for a judgement", EmptyText: "3,104 rules were asked of 812,404 events since midnight. What they found was settled.", EmptyNext: &page.Link{Text: "Search back in time", URL: "/hunt"},
	}
}

func hide() page.Hide {
	return page.Hide{
		Frame: frame("findings", "Hide", "What may stay quiet, and until when?", "Hide what is expected of this rule", "Windows Defender Service Stopped"), Action: "/findings/1/hide", Back: "/findings/1", Reason: "Planned vendor visits on Mondays",
		Scopes:  []page.Choice{{Value: "host", Text: "PACS-2.alder.example", Hint: "Only this host"}, {Value: "user", Text: "svc-vendor", Hint: "Only this account, on any host", Chosen: true}, {Value: "all", Text: "Everything", Hint: "The rule says nothing at all"}},
		Days:    []page.Choice{{Value: "7", Text: "7 days"}, {Value: "30", Text: "30 days", Chosen: true}, {Value: "90", Text: "90 days"}},
		Receipt: &page.Receipt{State: page.Watch("Keep an eye"), Text: "This hides 412 findings, of which 0 were judged real.", Facts: []page.Pair{{Name: "Events in them", Value: "18,204"}, {Name: "Judged false", Value: "31"}, {Name: "Judged real", Value: "0"}, {Name: "Not judged", Value: "381"}}, Caveat: "Counted over all findings in the journal. It does not say that the next one will be harmless."},
	}
}

func hidden() page.Hidden {
	return page.Hidden{Frame: frame("findings", "Hidden", "What do we not show, and why?", "Two rules are hidden for a time.", ""), Views: at(findings().Views, "/hidden"), Proposals: []page.Proposal{
		{Title: "Hide findings of Windows Defender Service Stopped", Text: "About host PACS-2, until 16 July. Why: planned vendor visits on Mondays", Receipt: "This hides 412 findings, of which 0 were judged true.", By: "S. Achebe", Until: "tomorrow 07:12", Agree: "/hidden/proposals/1/agree", Decline: "/hidden/proposals/1/decline", Word: "Decline"},
	}, Rows: []page.HiddenRow{
		{Rule: "Windows Defender Service Stopped", About: "user svc-vendor", Reason: "Planned vendor visits on Mondays", By: "M. Okafor", Until: "Thu 16 July", Lift: "/hidden/1/lift"},
		{Rule: "Many names asked", About: "host door-ctl-7", Reason: "Known behaviour of this controller", By: "R. Haddad", Until: "Wed 1 July", Lift: "/hidden/2/lift"},
	}}
}

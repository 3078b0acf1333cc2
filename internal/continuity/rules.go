package continuity

import "github.com/wardline/wardline/internal/finding"

// ruleOf is what is thought of a kind of sign, and how much it matters for feeds of a class.
func ruleOf(k Kind, c Class) finding.Rule {
	r, known := rules()[k]
	if !known {
		r, known = pairRules()[k]
	}
	if !known {
		r = finding.Rule{Title: "Care may be disrupted", Level: "medium"}
	}
	r.ID, r.Author, r.Source, r.Type, r.Status = "wardline-continuity-"+string(k), "Wardline", "continuity", "rule", "stable"
	if c == Days {
		r.Level = lower(r.Level)
	}
	return r
}

// lower is the level below.
func lower(level string) string {
	switch level {
	case "critical":
		return "high"
	case "high":
		return "medium"
	}
	return "low"
}

func rules() map[Kind]finding.Rule {
	const lost = "Results, orders or admissions may be missing where they are needed."
	return map[Kind]finding.Rule{
		Staged: {
			Title: "An attack goes through its stages", Level: "critical", CareImpact: "Within hours or days all that care needs of computers may be encrypted.",
			Summary: "Single findings on machines, accounts and addresses that hang together are the stages in which attackers come to encrypt a hospital. " +
				"Call the incident team now: cut the machines off that are named, lock the accounts, and see that a backup is offline.",
			FalsePositives: []string{"A penetration test: ask who ordered one.", "Work of administrators on many machines, with a ticket."},
		},
		Struck: {
			Title: "An attack stops what care needs", Level: "critical", CareImpact: "Feeds or servers that care needs stopped together while an attack goes on: more may follow within minutes.",
			Summary:        "Go to downtime in the units that it touches. Cut the machines off that are named, keep one backup offline, and leave encrypted machines running but unplugged: traces and keys may be in their memory.",
			FalsePositives: []string{"A penetration test, and an outage of its own at the same time."},
		},
		Component: {
			Title: "Something fails on which several feeds rest", Level: "critical", CareImpact: lost,
			Summary:        "Feeds that have one thing in common fell silent within minutes of each other. Look at that thing first: mending it mends them all. The incident's page says which units are touched, and what to do there meanwhile.",
			FalsePositives: []string{"Work on it that nobody entered as planned."},
		},
		ServerDown: {
			Title: "A server does not answer", Level: "high", CareImpact: lost,
			Summary:        "A server that is asked every half minute has not answered for a minute and a half. The words beside it tell whether it was stopped, hangs, or cannot be reached.",
			FalsePositives: []string{"Work on the server that nobody entered as planned."},
		},
		ServerSlow: {
			Title: "A server answers slowly", Level: "medium", CareImpact: "Whoever works with it waits.",
			Summary: "A server that is asked every half minute takes several times as long as it usually does.",
		},
		Clock: {
			Title: "A clock is wrong", Level: "high", CareImpact: "Records bear wrong times, and beyond five minutes nobody can sign in.",
			Summary:        "A machine's clock jumped, or differs from others. Look where it gets its time from; what was written meanwhile bears a wrong time.",
			FalsePositives: []string{"A machine that was off for long and has just been started."},
		},
		Expires: {
			Title: "A certificate ends", Level: "medium", CareImpact: "When it has ended, what is protected by it is cut off: feeds, sign-ins, logs.",
			Summary: "Have it renewed, and the new one put in place before that day. It is told 45, 14 and 3 days before, and when it has ended.",
		},
		Expired: {
			Title: "Connections fail because a certificate has ended", Level: "high", CareImpact: lost,
			Summary: "Systems refuse to connect to this server. Have its certificate renewed now.",
		},
		LogsSilent: {
			Title: "Machines stopped sending logs together", Level: "high", CareImpact: "Whoever attacks now is not seen on them.",
			Summary: "Machines that say something in every hour stopped within ten minutes of each other. Look at one of them, and not by its own remote access alone: whether its agent runs, and who stopped it. " +
				"If all of them send through one relay, look at that first.",
			FalsePositives: []string{"Work on servers or on the relay that nobody entered as planned."},
		},
		Silent: {
			Title: "A feed fell silent", Level: "high", CareImpact: lost,
			Summary:        "A system that should have said something did not. Ask whoever looks after it whether it runs and is connected, and have results called by phone until it speaks.",
			FalsePositives: []string{"A downtime that nobody entered as planned.", "A clinic that is closed on a day that is no holiday in the configuration."},
		},
		PartSilent: {
			Title: "A part of a feed fell silent", Level: "medium", CareImpact: lost,
			Summary: "One analyser, unit or machine says nothing any more, while the feed that it is part of goes on: ask there whether it is switched off on purpose. Or one kind of " +
				"message of a stay, such as discharges, does not come any more, while the others do: look at the filters and routes of the interface engine, and do not rely on bed lists meanwhile.",
			FalsePositives: []string{"An analyser in maintenance.", "A unit that was closed.", "A release of the record that sends another kind of message instead."},
		},
		NotForwarded: {
			Title: "A receiver gets nothing from the interface engine", Level: "high", CareImpact: lost,
			Summary: "Messages come into the interface engine, and none go out to one of those who should get them. Look at that channel, and at the system behind it.",
		},
		Disconnected: {
			Title: "A channel of the interface engine lost its connection", Level: "medium", CareImpact: lost,
			Summary: "The engine says that the other side broke the connection. Look whether it comes back, and at what was changed in the network.",
		},
		LateMessages: {
			Title: "Messages come late", Level: "high", CareImpact: "Results and orders arrive late.",
			Summary:        "Even the quickest messages of a feed are minutes older when they come than they usually are. They wait somewhere: look at the interface engine, and at the system behind it.",
			FalsePositives: []string{"What waited during a downtime is being sent.", "The sender's clock was set back."},
		},
		LessThanUsual: {
			Title: "A feed says less than usual", Level: "medium", CareImpact: "A part of what it carries may be missing.",
			Summary:        "The feed speaks, and far less than it should by its own weeks and by what other feeds say today. One of several senders behind it may have stopped. It is worth a look, and no call.",
			FalsePositives: []string{"Work that was moved elsewhere, such as a closed ward."},
		},
		Queued: {
			Title: "Messages wait in the interface engine", Level: "high", CareImpact: "Results and orders arrive late.",
			Summary: "What the engine has to hand on becomes older and older. The system that it hands it to is slow or does not answer.",
		},
		"test-message-lost": {
			Title: "Test messages do not arrive", Level: "high", CareImpact: lost,
			Summary:        "Messages about a patient who is nobody are sent on this way every few minutes, and two in a row were not heard behind the interface engine. What is sent about real patients is most likely lost or waits as well.",
			FalsePositives: []string{"The way of test messages was changed and the real one was not."},
		},
		"test-message-slow": {
			Title: "Test messages take long", Level: "medium", CareImpact: "Results and orders arrive late.",
			Summary: "A test message took five times as long as they usually do on this way. Look whether messages wait in the interface engine.",
		},
		"test-message-altered": {
			Title: "A test message was changed on its way", Level: "critical", CareImpact: "Values of real patients may be changed as well.",
			Summary: "A message about a patient who is nobody arrived with another value, unit or patient than it was sent with. Stop the way and look at what was changed in the interface engine today.",
		},
		"slow-answers": {
			Title: "Messages are answered slowly", Level: "high", CareImpact: "Results and orders arrive late, and engines that wait for too long send them twice.",
			Summary: "The receiver takes far longer than it did. Its database is a usual reason.",
		},
		"refusals": {
			Title: "Messages are refused", Level: "high", CareImpact: "What is refused is not in the record.",
			Summary: "The receiver takes more messages for faulty than it did. A change of code tables or of a version is a usual reason: ask what was changed today.",
		},
		"rejections": {
			Title: "A system refuses to be spoken to", Level: "high", CareImpact: lost,
			Summary: "The receiver rejects messages or connections as such. It may be full, misconfigured, or in the hands of somebody else.",
		},
		"no-answers": {
			Title: "Messages are not answered", Level: "high", CareImpact: lost,
			Summary: "Messages go out, and no answer comes back. The receiver hangs, or what stands between does.",
		},
		"replay": {
			Title: "The same messages come again and again", Level: "high", CareImpact: "Systems behind are slow for everybody, and old states may replace new ones.",
			Summary: "A feed says what it said within the day. A loop between two engines is a usual reason; a file that was sent again is another.",
		},
		"flood": {
			Title: "A feed says far more than usual", Level: "medium", CareImpact: "Systems behind are slow for everybody.",
			Summary:        "Many times the messages of this hour came within minutes.",
			FalsePositives: []string{"A migration, or an import of old data.", "Messages that waited during a downtime."},
		},
	}
}

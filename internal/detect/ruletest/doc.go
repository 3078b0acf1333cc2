// Package ruletest reads and runs small scripts that show what a detection rule finds
// and what it leaves alone. People who work in a hospital, and not only programmers, can
// write them.
//
// A script stands beside its rule: shadow-copies-deleted.test tests shadow-copies-deleted.yml.
//
//	# Deleting shadow copies is found; listing them is not.
//	source windows Microsoft-Windows-Sysmon/Operational
//	fields {"EventID": 1, "Computer": "WS-RAD-04"}
//
//	case deleted on the command line
//	event 2026-03-01T02:11:04Z {"Image": "C:\\Windows\\System32\\vssadmin.exe",
//	    "CommandLine": "vssadmin.exe Delete Shadows /all /quiet"}
//	expect 1 finding level=high host=WS-RAD-04
//
//	case only listed
//	event 2026-03-01T02:12:00Z {"CommandLine": "vssadmin list shadows"}
//	expect none
//
//	case sixty files in a minute
//	repeat 60 every 1s event 2026-03-01T02:13:00Z {"TargetFilename": "D:\\scan{{n}}.dcm.locked"}
//	expect 1 finding events=60
//
// # Statements
//
// Each line is one statement. A line that begins with a blank or a tab goes on with the line
// before it. Empty lines and lines that begin with # say nothing.
//
//	rule FILE ...               the rules under test, beside the script; without it, the script's own name with .yml
//	source SENDER [LOG [CODE]]  who writes the events that follow, by the names of content/taxonomy: "windows
//	                            Security" (the channel, as the Event Viewer shows it), "zeek conn", "entra
//	                            signinlogs", "ehr audit". Without LOG the events say it themselves, in
//	                            Channel or event_type; without CODE, in EventID or type.
//	fields {JSON}               what all events that follow have besides their own fields
//	placeholder NAME VALUE ...  what the site puts in the place of %NAME%; a value with blanks stands in "quotes"
//	case WORDS                  what the events up to the next expect are about
//	event TIME {JSON}           something that happened; TIME as 2026-03-01T02:11:04Z or with an offset
//	repeat N every SPAN event TIME {JSON}
//	                            N events, SPAN (such as 500ms, 1s, 2m) apart; {{n}} counts from 1, and {{n%K}} goes
//	                            round from 0 to K-1
//	expect none                 the events since the last expect are left alone
//	expect N finding[s] [KEY=VALUE ...]
//	                            they make N findings, each with all that is stated: level, events (how many), rule (its
//	                            title), kind, or a thing by its sort: host, user, ip, patient, ...
//
// An expect ends a case: the next one begins with nothing remembered. Whatever stands in source,
// fields and placeholder holds until it is stated again.
package ruletest

package report_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/report"
)

// A night at Alder Valley, a hospital that does not exist: a ransom attack that was
// seen before the wards were hurt, and two questions about patients' records. All
// people, machines and addresses are invented.

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-06-"+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func night() (*report.Run, []finding.Finding) {
	run := &report.Run{
		Product: "Wardline 0.1.0", Paths: []string{"logs/"},
		Started: at("16 07:30:00"), Duration: 1900 * time.Millisecond,
		Files: 36, Bytes: 41_300_000, Events: 44_587,
		Formats: map[string]int64{"evtx": 31_204, "suricata-eve": 9_870, "atna": 1_212, "ehr-csv": 2_190, "syslog": 111},
		First:   at("15 18:00:02"), Last: at("16 06:12:40"),
		Damaged: 14, Skipped: 2,
		Problems: []report.Problem{
			{Source: "logs/PACS-2/Security.evtx", Offset: 69632, Reason: "chunk checksum is wrong"},
			{Source: "logs/gateway.zip!eve.json.3", Offset: 1048576, Reason: "line is longer than 16777216 bytes"},
			{Source: "logs/old/disk.img", Offset: -1, Reason: "format not known", Unknown: true},
		},
		Rules: 412, Indicators: 18_220,
		Refused: []report.Refusal{{Source: "rules/site/dc-logon.yml:14", Reason: "placeholder DomainControllers has no values; name them in a pipeline"}},
	}
	return run, append(attack(), records()...)
}

func attack() []finding.Finding {
	return []finding.Finding{
		{
			ID: "f-7c01", Kind: finding.Disruption, Count: 6, First: at("16 02:16:04"), Last: at("16 02:19:41"),
			Rule: finding.Rule{
				ID: "b1c7a2de-0001-4c55-9d1e-5d2f7d1f0a01", Title: "Copies that allow repair were deleted", Level: "critical",
				Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/windows/shadow-copies-deleted.yml", Type: "rule", Status: "stable",
				Summary:        "Older copies of files were deleted with vssadmin or wmic. Ransom attackers do this in the last hour before they lock files.",
				Tags:           []string{"attack.impact", "attack.t1490"},
				References:     []string{"https://attack.mitre.org/techniques/T1490/", "https://learn.microsoft.com/windows-server/administration/windows-commands/vssadmin"},
				FalsePositives: []string{"An administrator who frees disk space on a backup server"},
				CareImpact:     "If these servers are locked next, image viewing ends on three wards and in both theatres, and repair without copies takes days.",
			},
			Entities: map[string][]string{"host": {"PACS-1.alder.example", "PACS-2.alder.example"}, "user": {`ALDER\svc-imagevendor`}, "process": {"vssadmin.exe"}},
			Events: []finding.Evidence{
				windows("logs/PACS-1/Security.evtx", 88213, at("16 02:16:04"), "PACS-1.alder.example", `C:\Windows\System32\vssadmin.exe`, `vssadmin.exe delete shadows /all /quiet`),
				windows("logs/PACS-2/Security.evtx", 90117, at("16 02:19:41"), "PACS-2.alder.example", `C:\Windows\System32\wbem\WMIC.exe`, `wmic shadowcopy delete`),
			},
		},
		{
			ID: "f-7c02", Kind: finding.Disruption, Count: 2140, First: at("16 02:44:10"), Last: at("16 02:46:55"),
			Rule: finding.Rule{
				ID: "b1c7a2de-0002-4c55-9d1e-5d2f7d1f0a02", Title: "Many files renamed in a few minutes", Level: "critical",
				Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/windows/mass-rename.yml", Type: "correlation", Status: "test",
				Summary:    "One program renamed more than 500 files within five minutes.",
				Tags:       []string{"attack.impact", "attack.t1486"},
				CareImpact: "Scanned letters and images on this share cannot be opened; wards that need them must phone.",
			},
			Entities: map[string][]string{"host": {"FILE-3.alder.example"}, "user": {`ALDER\svc-imagevendor`}, "process": {"upd.exe"}},
			Events: []finding.Evidence{
				windows("logs/FILE-3/Sysmon.evtx", 120044, at("16 02:44:10"), "FILE-3.alder.example", `C:\ProgramData\upd.exe`, `upd.exe -p \\FILE-3\scans`),
			},
		},
		{
			ID: "f-7c03", Kind: finding.Threat, Count: 3, First: at("16 02:14:22"), Last: at("16 02:15:40"),
			Rule: finding.Rule{
				ID: "b1c7a2de-0003-4c55-9d1e-5d2f7d1f0a03", Title: "Virus protection was switched off", Level: "critical",
				Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/windows/protection-off.yml", Type: "rule", Status: "stable",
				Summary: "Real-time protection was disabled from a command line.", Tags: []string{"attack.defense-evasion", "attack.t1562.001"},
				CareImpact: "Nothing on these servers stops a harmful program now.",
			},
			Entities: map[string][]string{"host": {"PACS-1.alder.example", "PACS-2.alder.example", "PACS-3.alder.example"}, "user": {`ALDER\svc-imagevendor`}},
			Events: []finding.Evidence{
				windows("logs/PACS-1/Security.evtx", 88190, at("16 02:14:22"), "PACS-1.alder.example", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `powershell Set-MpPreference -DisableRealtimeMonitoring $true`),
			},
		},
		{
			ID: "f-7c04", Kind: finding.Threat, Count: 1, First: at("15 21:04:31"), Last: at("15 21:04:31"),
			Rule: finding.Rule{
				ID: "b1c7a2de-0004-4c55-9d1e-5d2f7d1f0a04", Title: "A letter's attachment started a script", Level: "high",
				Author: "Ines Okonkwo", License: "DRL-1.1", Source: "rules/community/office-child.yml", Type: "rule", Status: "test",
				Summary: "A word processor started a script interpreter, as opened attachments with harmful macros do.", Tags: []string{"attack.initial-access", "attack.t1566.001", "attack.execution", "attack.t1059.001"},
			},
			Entities: map[string][]string{"host": {"REG-17.alder.example"}, "user": {`ALDER\t.lindqvist`}, "process": {"powershell.exe"}},
			Events: []finding.Evidence{
				windows("logs/REG-17/Security.evtx", 4410, at("15 21:04:31"), "REG-17.alder.example", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `powershell -nop -w hidden -enc SQBuAHYAbwBrAGUALQBFAHgAYQBtAHAAbABlAA==`),
			},
		},
		{
			ID: "f-7c05", Kind: finding.Threat, Count: 9, First: at("15 21:22:10"), Last: at("16 02:09:18"),
			Rule: finding.Rule{
				ID: "b1c7a2de-0005-4c55-9d1e-5d2f7d1f0a05", Title: "A remote control tool that the hospital does not use", Level: "high",
				Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/network/remote-tool.yml", Type: "rule", Status: "stable",
				Summary: "A computer spoke to the servers of a remote control tool.", Tags: []string{"attack.command-and-control", "attack.t1219"},
			},
			Entities: map[string][]string{"host": {"REG-17.alder.example"}, "ip": {"10.20.4.17", "203.0.113.77"}},
			Events:   []finding.Evidence{eve("logs/gateway.zip!eve.json.3", 551, at("15 21:22:10"), "10.20.4.17", "203.0.113.77", "relay.remote-help.example")},
		},
		{
			ID: "f-7c06", Kind: finding.Threat, Count: 58, First: at("16 02:31:00"), Last: at("16 02:43:59"),
			Rule: finding.Rule{
				ID: "b1c7a2de-0006-4c55-9d1e-5d2f7d1f0a06", Title: "One server tried many others on image and database ports", Level: "medium",
				Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/network/sweep.yml", Type: "correlation", Status: "experimental",
				Tags: []string{"attack.discovery", "attack.t1046"},
			},
			Entities: map[string][]string{"ip": {"10.20.8.12"}, "host": {"PACS-2.alder.example"}},
			Events:   []finding.Evidence{eve("logs/gateway.zip!eve.json.3", 40122, at("16 02:31:00"), "10.20.8.12", "10.20.8.40", "")},
		},
		{
			ID: "f-7c07", Kind: finding.Threat, Count: 4, First: at("15 23:10:00"), Last: at("15 23:55:00"),
			Rule:     finding.Rule{ID: "203.0.113.77", Title: "Address on the list of the regional warning centre", Level: "medium", Author: "Regional warning centre", Source: "lists/region.csv", Type: "indicator"},
			Entities: map[string][]string{"ip": {"203.0.113.77", "10.20.4.17"}},
			Events:   []finding.Evidence{eve("logs/gateway.zip!eve.json.3", 9120, at("15 23:10:00"), "10.20.4.17", "203.0.113.77", "")},
		},
	}
}

func records() []finding.Finding {
	export := finding.Finding{
		ID: "f-7d01", Kind: finding.Theft, Count: 1, First: at("15 22:41:07"), Last: at("15 22:41:07"),
		Rule: finding.Rule{
			ID: "b1c7a2de-0011-4c55-9d1e-5d2f7d1f0a11", Title: "Many records were exported at once", Level: "high",
			Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/audit/bulk-export.yml", Type: "rule", Status: "test",
			Summary: "An export of more than 500 patients' records outside the times of the planned reports.", Tags: []string{"attack.collection", "attack.t1213"},
			CareImpact: "Data of 1,204 patients may have left the hospital; they may have to be told.",
		},
		Entities: map[string][]string{"user": {"registration clerk 0417"}, "device": {"EHR-REPORT-1"}},
		Events:   []finding.Evidence{audit("logs/ehr/audit.xml", 771, at("15 22:41:07"), "Export", "registration clerk 0417", "1204 records")},
	}
	fs := []finding.Finding{export}
	for i := range 4 {
		fs = append(fs, finding.Finding{
			ID: fmt.Sprintf("f-7d1%d", i), Kind: finding.Exposure, Count: 3 + i, First: at("15 19:10:00").Add(time.Duration(i) * 31 * time.Minute), Last: at("15 19:30:00").Add(time.Duration(i) * 42 * time.Minute),
			Rule: finding.Rule{
				ID: "b1c7a2de-0012-4c55-9d1e-5d2f7d1f0a12", Title: "A chart was opened with no reason that we know", Level: "medium",
				Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/audit/no-reason.yml", Type: "rule", Status: "experimental",
				Summary:    "The reader has no encounter, order or ward in common with the patient.",
				CareImpact: "A patient's privacy may have been hurt; the privacy officer decides.",
			},
			Entities: map[string][]string{"user": {fmt.Sprintf("staff 22%02d", i*7)}, "patient": {fmt.Sprintf("••••%d", 4471+i)}, "device": {"EHR"}},
			Events:   []finding.Evidence{audit("logs/ehr/access.csv", int64(410+i), at("15 19:10:00"), "View", fmt.Sprintf("staff 22%02d", i*7), "chart")},
		})
	}
	return append(fs, finding.Finding{
		ID: "f-7d30", Kind: finding.Policy, Count: 212,
		Rule:     finding.Rule{ID: "b1c7a2de-0020-4c55-9d1e-5d2f7d1f0a20", Title: "Sign-in without encryption", Level: "low", Author: "Wardline authors", License: "Apache-2.0", Source: "content/rules/network/plain-login.yml", Type: "rule"},
		Entities: map[string][]string{"host": {"BMS-DOOR-2"}},
		Events:   []finding.Evidence{eve("logs/undated.json", 1, time.Time{}, "10.20.9.3", "10.20.9.1", "")},
	})
}

func fields(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func windows(source string, record int64, t time.Time, host, image, line string) finding.Evidence {
	return finding.Evidence{Source: source, Record: record, Time: t, Fields: fields(map[string]any{"Event": map[string]any{
		"System":    map[string]any{"EventID": 4688, "Channel": "Security", "Computer": host, "EventRecordID": record, "Provider": map[string]any{"#attributes": map[string]any{"Name": "Microsoft-Windows-Security-Auditing"}}},
		"EventData": map[string]any{"NewProcessName": image, "CommandLine": line, "SubjectUserName": "svc-imagevendor", "SubjectDomainName": "ALDER", "TokenElevationType": "%%1936"},
	}})}
}

func eve(source string, record int64, t time.Time, from, to, name string) finding.Evidence {
	return finding.Evidence{Source: source, Record: record, Time: t, Fields: fields(map[string]any{
		"event_type": "tls", "src_ip": from, "src_port": 51544, "dest_ip": to, "dest_port": 443, "proto": "TCP", "tls": map[string]any{"sni": name, "version": "TLS 1.3"},
	})}
}

func audit(source string, record int64, t time.Time, action, who, what string) finding.Evidence {
	return finding.Evidence{Source: source, Record: record, Time: t, Fields: fields(map[string]any{"action": action, "user": who, "object": what, "outcome": "success", "workstation": "REG-17"})}
}

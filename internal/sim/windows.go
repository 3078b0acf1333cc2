package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const windowsFile = "windows/events.jsonl"

// Channels and their providers.
const (
	sysmon   = "Microsoft-Windows-Sysmon/Operational"
	security = "Security"
	system   = "System"
)

type data = map[string]any

// windowsEvent is one event, which becomes a line as evtx_dump writes it.
type windowsEvent struct {
	at       time.Time
	channel  string
	id       int
	computer string
	data     data
}

func (s *story) windows() File {
	events := append(s.windowsDay(), s.windowsAttack()...)
	slices.SortStableFunc(events, func(a, b windowsEvent) int { return a.at.Compare(b.at) })
	entries := make([]entry, len(events))
	for i, e := range events {
		entries[i] = entry{e.at, e.line(i + 1)}
	}
	return File{windowsFile, lines("", entries), HTTP}
}

// line writes an event as record number n.
func (e windowsEvent) line(n int) string {
	provider := map[string]string{sysmon: "Microsoft-Windows-Sysmon", security: "Microsoft-Windows-Security-Auditing", system: "Service Control Manager"}[e.channel]
	if e.id == 1102 {
		provider = "Microsoft-Windows-Eventlog"
	}
	if e.channel == sysmon {
		e.data["UtcTime"] = e.at.Format("2006-01-02 15:04:05.000")
	}
	text, err := json.Marshal(data{"Event": data{
		"#attributes": data{"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
		"System": data{
			"Provider":      data{"#attributes": data{"Name": provider}},
			"EventID":       e.id,
			"Level":         4,
			"TimeCreated":   data{"#attributes": data{"SystemTime": e.at.Format("2006-01-02T15:04:05.000000Z")}},
			"EventRecordID": n,
			"Correlation":   nil,
			"Execution":     data{"#attributes": data{"ProcessID": 4, "ThreadID": 8}},
			"Channel":       e.channel,
			"Computer":      e.computer,
		},
		"EventData": e.data,
	}})
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // texts and numbers only
	}
	return string(text)
}

// process is a program that was started, as Sysmon reports it.
func process(at time.Time, computer, user, image, original, parent, command string) windowsEvent {
	return windowsEvent{at, sysmon, 1, host(computer), data{
		"Image": image, "OriginalFileName": original, "ParentImage": parent, "CommandLine": command, "User": user,
		"IntegrityLevel": "High", "CurrentDirectory": `C:\`,
	}}
}

const (
	systemDir = `C:\Windows\System32\`
	explorer  = `C:\Windows\explorer.exe`
	shell     = systemDir + "cmd.exe"
	power     = systemDir + `WindowsPowerShell\v1.0\powershell.exe`
)

// windowsDay is an ordinary day.
func (s *story) windowsDay() []windowsEvent {
	var events []windowsEvent
	programs := [][2]string{
		{`C:\Program Files\RecordViewer\viewer.exe`, "viewer.exe --patient-list"},
		{`C:\Program Files\Office\winword.exe`, `winword.exe "H:\Letters\draft.docx"`},
		{`C:\Program Files\Browser\browser.exe`, "browser.exe https://intranet.example.org"},
		{`C:\Program Files\LabelPrinter\label.exe`, "label.exe /queue"},
		{systemDir + "notepad.exe", "notepad.exe handover.txt"},
		{systemDir + "conhost.exe", "conhost.exe 0x4"},
		{systemDir + "ipconfig.exe", "ipconfig /renew"},
	}
	for range 420 {
		p, run := pick(s, staff()), pick(s, programs)
		events = append(events, process(s.anytime(), p.workstation, account(p.login), run[0], "", explorer, run[1]))
	}
	for range 300 {
		p := pick(s, staff())
		events = append(events, windowsEvent{s.anytime(), security, 4624, host("DC-01"), data{
			"TargetUserName": p.login, "TargetDomainName": "EXAMPLE", "LogonType": 3, "IpAddress": p.ip, "WorkstationName": p.workstation,
		}})
	}
	for range 20 {
		p := pick(s, staff())
		events = append(events, windowsEvent{s.anytime(), security, 4625, host("DC-01"), data{
			"TargetUserName": p.login, "SubStatus": "0xc000006a", "Status": "0xc000006d", "LogonType": 2, "IpAddress": p.ip,
		}})
	}
	for i := range 240 {
		p := pick(s, staff())
		events = append(events, windowsEvent{s.anytime(), sysmon, 11, host("SRV-FILE-01"), data{
			"Image": "System", "TargetFilename": fmt.Sprintf(`D:\Letters\letter%04d.docx`, i), "User": account(p.login),
		}})
	}
	events = append(events,
		process(s.at(22, 0, 0), "SRV-FILE-01", account("svc_backup"), systemDir+"wbadmin.exe", "WBADMIN.EXE", shell, "wbadmin start backup -backupTarget:E: -include:D: -quiet"),
		process(s.at(9, 10, 0), "SRV-FILE-01", account("admin.saga"), systemDir+"vssadmin.exe", "VSSADMIN.EXE", shell, "vssadmin list shadows"),
		process(s.at(9, 12, 0), "SRV-APP-07", account("admin.saga"), systemDir+"sc.exe", "sc.exe", shell, "sc query VeeamBackupSvc"),
	)
	return events
}

package trace

import (
	"fmt"
	"time"
)

// Channels of Windows' event log.
const (
	Sysmon   = "Microsoft-Windows-Sysmon/Operational"
	Security = "Security"
	System   = "System"
	Printing = "Microsoft-Windows-PrintService/Operational"
	Backup   = "Microsoft-Windows-Backup"
	Defender = "Microsoft-Windows-Windows Defender/Operational"
	Clock    = "Microsoft-Windows-Time-Service/Operational"
)

// Windows is an event of Windows' event log, as evtx_dump writes it.
type Windows struct {
	Channel  string
	Provider string // empty for the channel's own
	ID       int
	Computer string
	Record   uint64
	Data     map[string]any
}

// JSON is the event on one line.
func (w Windows) JSON(at time.Time) []byte {
	provider := w.Provider
	if provider == "" {
		provider = map[string]string{
			Sysmon: "Microsoft-Windows-Sysmon", Security: "Microsoft-Windows-Security-Auditing", System: "Service Control Manager",
			Printing: "Microsoft-Windows-PrintService", Backup: "Microsoft-Windows-Backup",
			Defender: "Microsoft-Windows-Windows Defender", Clock: "Microsoft-Windows-Time-Service",
		}[w.Channel]
	}
	data := fields{}
	for name, value := range w.Data {
		data[name] = value
	}
	if w.Channel == Sysmon {
		data["UtcTime"] = at.UTC().Format("2006-01-02 15:04:05.000")
	}
	return object(fields{"Event": fields{
		"#attributes": fields{"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
		"System": fields{
			"Provider": fields{"#attributes": fields{"Name": provider}}, "EventID": w.ID, "Level": 4,
			"TimeCreated":   fields{"#attributes": fields{"SystemTime": at.UTC().Format("2006-01-02T15:04:05.000000Z")}},
			"EventRecordID": w.Record, "Execution": fields{"#attributes": fields{"ProcessID": 4, "ThreadID": 8}},
			"Channel": w.Channel, "Computer": w.Computer + ".example.org",
		},
		"EventData": data,
	}})
}

// Process is a program that was started (Sysmon 1).
func Process(record uint64, computer, login, image, parent, command string) Windows {
	return Windows{Channel: Sysmon, ID: 1, Computer: computer, Record: record, Data: fields{
		"Image": image, "ParentImage": parent, "CommandLine": command, "User": account(login), "IntegrityLevel": "High", "CurrentDirectory": `C:\`,
	}}
}

// Renamed is a file that was written under a new name (Sysmon 11).
func Renamed(record uint64, computer, login, image, name string) Windows {
	return Windows{Channel: Sysmon, ID: 11, Computer: computer, Record: record, Data: fields{"Image": image, "TargetFilename": name, "User": account(login)}}
}

// Logon is a logon that a domain controller or server saw (Security 4624), or refused (4625).
func Logon(record uint64, computer, login string, kind int, from From, ok bool) Windows {
	data := fields{"TargetUserName": login, "TargetDomainName": "EXAMPLE", "LogonType": kind, "IpAddress": from.IP, "WorkstationName": from.Host}
	if ok {
		return Windows{Channel: Security, ID: 4624, Computer: computer, Record: record, Data: data}
	}
	data["Status"], data["SubStatus"] = "0xc000006d", "0xc000006a"
	return Windows{Channel: Security, ID: 4625, Computer: computer, Record: record, Data: data}
}

// Kerberos is a ticket that could not be given (Security 4771), with the code of RFC 4120.
func Kerberos(record uint64, computer, login, ip, code string) Windows {
	return Windows{Channel: Security, ID: 4771, Computer: computer, Record: record, Data: fields{
		"TargetUserName": login, "ServiceName": "krbtgt/EXAMPLE", "Status": code, "IpAddress": "::ffff:" + ip,
	}}
}

// Printed is a document that a print server sent to a printer (PrintService 307).
func Printed(record uint64, document, login, workstation, printer string, pages, bytes int) Windows {
	return Windows{Channel: Printing, ID: 307, Computer: "SRV-PRINT-01", Record: record, Data: fields{
		"Param1": record % 10000, "Param2": document, "Param3": login, "Param4": `\\` + workstation, "Param5": printer,
		"Param6": "10.20.9." + fmt.Sprint(1+len(printer)), "Param7": bytes, "Param8": pages,
	}}
}

// Service is a service that changed its state (System 7036).
func Service(record uint64, computer, name, state string) Windows {
	return Windows{Channel: System, ID: 7036, Computer: computer, Record: record, Data: fields{"param1": name, "param2": state}}
}

func account(login string) string { return `EXAMPLE\` + login }

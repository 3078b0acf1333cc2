package asa_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/asa"
	"github.com/wardline/wardline/format/formattest"
)

// messages are as Cisco's manual prints them, with invented people.
func messages() []struct {
	text string
	want asa.Message
} {
	return []struct {
		text string
		want asa.Message
	}{
		{"%ASA-4-722051: Group <STAFF> User <a.fable> IP <203.0.113.7> IPv4 Address <10.99.0.7> IPv6 address <::> assigned to session",
			asa.Message{Severity: 4, Number: "722051", Kind: asa.Login, User: "a.fable", Group: "STAFF", Outside: "203.0.113.7", Inside: "10.99.0.7"}},
		{"%ASA-6-113039: Group <STAFF> User <a.fable> IP <203.0.113.7> AnyConnect parent session started.",
			asa.Message{Severity: 6, Number: "113039", Kind: asa.Login, User: "a.fable", Group: "STAFF", Outside: "203.0.113.7"}},
		{"%FTD-6-716001: Group <STAFF> User <a.fable> IP <2001:db8::7> WebVPN session started.",
			asa.Message{Severity: 6, Number: "716001", Kind: asa.Login, User: "a.fable", Group: "STAFF", Outside: "2001:db8::7"}},
		{"%ASA-4-113019: Group = STAFF, Username = a.fable, IP = 203.0.113.7, Session disconnected. Session Type: SSL, Duration: 1h:00m:00s, Bytes xmt: 1, Bytes rcv: 2, Reason: User Requested",
			asa.Message{Severity: 4, Number: "113019", Kind: asa.Logout, User: "a.fable", Group: "STAFF", Outside: "203.0.113.7", Reason: "User Requested"}},
		{"%ASA-6-716002: Group <STAFF> User <a.fable> IP <203.0.113.7> WebVPN session terminated: Idle Timeout.",
			asa.Message{Severity: 6, Number: "716002", Kind: asa.Logout, User: "a.fable", Group: "STAFF", Outside: "203.0.113.7", Reason: "Idle Timeout."}},
		{"%ASA-6-113005: AAA user authentication Rejected : reason = Invalid password : server = 10.20.8.10 : user = a.fable : user IP = 203.0.113.7",
			asa.Message{Severity: 6, Number: "113005", Kind: asa.Refused, User: "a.fable", Outside: "203.0.113.7", Reason: "Invalid password"}},
		{"%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = a.fable: user IP = 203.0.113.7",
			asa.Message{Severity: 6, Number: "113015", Kind: asa.Refused, User: "a.fable", Outside: "203.0.113.7", Reason: "Invalid password"}},
		{"%ASA-6-113006: User a.fable locked out on exceeding 5 successive failed authentication attempts",
			asa.Message{Severity: 6, Number: "113006", Kind: asa.Refused, User: "a.fable"}},
		{"%ASA-6-113005: AAA user authentication Rejected : reason = Invalid password : server = 10.20.8.10 : user = ***** : user IP = 203.0.113.7",
			asa.Message{Severity: 6, Number: "113005"}},
		{"%ASA-vpn-4-722051: Group <G> User <u> IP <203.0.113.7> IPv4 Address <0.0.0.0> IPv6 address <2001:db8::9> assigned to session",
			asa.Message{Severity: 4, Number: "722051", Kind: asa.Login, User: "u", Group: "G", Outside: "203.0.113.7", Inside: "2001:db8::9"}},
		{"%ASA-6-302013: Built outbound TCP connection 1 for outside:203.0.113.9/443 to inside:10.20.1.11/50000", asa.Message{Severity: 6, Number: "302013"}},
		{"%ASA-4-722051: Group <STAFF> User <a.fable", asa.Message{Severity: 4, Number: "722051"}},
	}
}

func TestParse(t *testing.T) {
	for _, m := range messages() {
		got, ok := asa.Parse([]byte(m.text))
		if d := cmp.Diff(m.want, got); d != "" || !ok {
			t.Errorf("%s: %s", m.text[:12], d)
		}
	}
	for _, text := range []string{"", "%ASA-", "%ASA-4-722051", "%ASA-9-722051: x", "%ASA-4-72205: x", "ASA-4-722051: x", "%SYS-5-CONFIG_I: Configured", "%ASA-4-72205a: User <u>"} {
		if m, ok := asa.Parse([]byte(text)); ok {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range messages() {
		f.Add([]byte(m.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var m asa.Message
		formattest.Cost{Fixed: 8 << 10, PerByte: 20}.Check(t, len(text), func() { m, _ = asa.Parse(text) })
		if m.Kind != asa.Other && m.User == "" || len(m.User) > 3*256 {
			t.Fatalf("%+v", m.Kind)
		}
	})
}

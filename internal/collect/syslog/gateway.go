package syslog

import (
	"bytes"

	"github.com/wardline/wardline/format/asa"
	"github.com/wardline/wardline/internal/event"
)

// parseASA reads a message of Cisco's firewalls and VPN gateways. Its number may stand where others name a program, or behind the
// colon that such a gateway sets after its own name.
func parseASA(m *Message) (asa.Message, bool) {
	if bytes.HasPrefix(m.AppName, []byte("%")) {
		return asa.ParseParts(m.AppName, m.Message)
	}
	text := bytes.TrimLeft(m.Message, ": ")
	if !bytes.HasPrefix(text, []byte("%")) {
		return asa.Message{}, false
	}
	return asa.Parse(text)
}

func isASA(m *Message) bool {
	_, ok := parseASA(m)
	return ok
}

// gateway adds what a VPN gateway says of who signed in from where.
func (w *writer) gateway(of *Message) {
	m, ok := parseASA(of)
	if !ok || m.Kind == asa.Other {
		return
	}
	a := event.Access{NativeAction: "ASA-" + m.Number, Outcome: "ok", User: m.User, ObjectKind: "account", OriginIP: m.Outside, App: "VPN"}
	switch m.Kind {
	case asa.Login:
		a.Verb = "login"
	case asa.Logout:
		a.Verb = "logout"
	case asa.Refused:
		a.Verb, a.Outcome = "login-fail", "serious"
	}
	b := &w.b
	b.Access(&a)
	b.Object("asa")
	b.String("number", m.Number)
	for _, f := range [...][2]string{{"group", m.Group}, {"assigned_ip", m.Inside}, {"reason", m.Reason}} {
		if f[1] != "" {
			b.String(f[0], f[1])
		}
	}
	b.End()
}

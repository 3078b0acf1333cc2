package canary

import (
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/event"
)

// actOf says what an event does to a canary of a kind that it shows; empty when that is nothing.
func actOf(k Kind, ev *event.Event) Act {
	if isWatcher(ev.Class) {
		return watched(ev)
	}
	switch k {
	case Patient, Message, Row:
		if ev.Class.Product == "hl7" && first(ev, []string{"access.verb"}) != "search" {
			return "" // it is registered as everybody is, and every system of the house hears of it; only a query asks for it
		}
		return ofRecord(ev)
	case Study:
		return ofRecord(ev)
	case Account:
		return ofAccount(ev)
	case AETitle, Listener:
		return Called
	case Token:
		return Fetched
	case File:
		return ofFile(ev)
	}
	return Seen
}

// watched is what a watcher of ours says that was done. Its heartbeats touch nothing.
func watched(ev *event.Event) Act {
	if first(ev, []string{"type"}) != TripType {
		return ""
	}
	return Act(first(ev, []string{"act"}))
}

// ofRecord reads the verb that all clinical senders share, or the command of an association.
func ofRecord(ev *event.Event) Act {
	switch first(ev, []string{"access.verb", "command"}) {
	case "search", "list", "C-FIND":
		return Listed
	case "read", "update", "delete", "break-glass", "merge", "create":
		return Opened
	case "print", "export", "send", "receive", "import", "C-MOVE", "C-GET", "C-STORE":
		return Exported
	}
	return Seen
}

// ofAccount tells logins and tickets, of which all are trips, from what else names an account.
func ofAccount(ev *event.Event) Act {
	switch first(ev, []string{"access.verb"}) {
	case "login", "login-fail":
		return Tried
	}
	if ev.Class.Product == "windows" {
		// Logins (4624, 4625, 4648), tickets of Kerberos (4768 to 4773), NTLM (4776).
		switch first(ev, ev.Class.Names("EventID")) {
		case "4624", "4625", "4648", "4768", "4769", "4770", "4771", "4772", "4773", "4776":
			return Tried
		}
		return Seen
	}
	switch ev.Class.Service {
	case "kerberos", "ntlm", "auth", "signinlogs", "ldap", "radius", "sshd":
		return Tried
	}
	return Seen
}

// ofFile reads what was done to a file from the kind of event, or from the words of file sharing.
func ofFile(ev *event.Event) Act {
	switch ev.Class.Category {
	case "file_delete":
		return Deleted
	case "file_rename":
		return Renamed
	case "file_event", "file_change":
		return Written
	}
	if mask, err := strconv.ParseUint(strings.TrimPrefix(first(ev, ev.Class.Names("AccessMask")), "0x"), 16, 32); err == nil { // event 4663: what a handle was used for (MS-DTYP 2.4.3)
		switch {
		case mask&0x10000 != 0: // DELETE: a rename as well
			return Deleted
		case mask&(0x2|0x4) != 0: // FILE_WRITE_DATA, FILE_APPEND_DATA
			return Written
		}
		return Opened
	}
	action := strings.ToLower(first(ev, []string{"action", "smb.command", "name"}))
	switch {
	case strings.Contains(action, "rename"):
		return Renamed
	case strings.Contains(action, "delete"):
		return Deleted
	case strings.Contains(action, "write"):
		return Written
	}
	return Opened
}

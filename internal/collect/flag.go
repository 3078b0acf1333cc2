package collect

import (
	"bytes"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// Flag is what Wardline itself says about an event. An event's flags stand in its fields as
// wardline.flags, before all that the sender said: rules and searches can ask for them.
type Flag string

// The flags of events.
const (
	Unauthenticated Flag = "unauthenticated_source" // only an address vouches for the sender
	TimeSuspect     Flag = "time_suspect"           // the sender's time is before 1970 or more than a day ahead
	PossibleResend  Flag = "possible_resend"        // the same text came already: sent again, or said twice
	ControlIDReused Flag = "control_id_reused"      // another message came under the same control id (MSH-10)
	Cut             Flag = "cut"                    // the end is missing
)

// suspect tells whether t cannot be right, seen from now. Zero says nothing.
func suspect(t, now time.Time) bool {
	return !t.IsZero() && (t.Unix() < 0 || t.Sub(now) > 24*time.Hour)
}

// printable tells whether the journal can write t: RFC 3339 has four digits for the year.
func printable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// appendFlagged appends ev as the journal keeps it, with its flags.
func appendFlagged(dst []byte, ev *event.Event, flags []Flag) []byte {
	if len(flags) == 0 {
		return event.AppendLine(dst, ev)
	}
	b := make([]byte, 0, len(ev.Fields)+128)
	b = append(b, `{"wardline":{"flags":[`...)
	for i, f := range flags {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonl.AppendString(b, string(f))
	}
	b = append(b, "]}"...)
	rest := bytes.TrimSpace(ev.Fields)
	rest = bytes.TrimLeft(rest[1:], " \t\r\n") // behind the opening brace
	if rest[0] != '}' {
		b = append(b, ',')
	}
	line := *ev
	line.Fields = append(b, rest...)
	return event.AppendLine(dst, &line)
}

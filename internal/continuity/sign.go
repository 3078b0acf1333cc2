package continuity

import (
	"fmt"
	"strings"
	"time"
)

// Class says how soon a patient may come to harm when what a feed carries is missing.
type Class string

// The classes.
const (
	Hour  Class = "A" // within the hour
	Shift Class = "B" // within the shift
	Days  Class = "C" // later
)

// floor is how long a feed of a class may be silent in any case.
func (c Class) floor() time.Duration {
	switch c {
	case Hour:
		return 5 * time.Minute
	case Shift:
		return 15 * time.Minute
	}
	return time.Hour
}

// Kind is what kind of trouble a Sign tells.
type Kind string

// The kinds. Those of answers and surges are named by the packages that find them.
const (
	Silent       Kind = "silent"        // a feed
	PartSilent   Kind = "part-silent"   // a part of a feed that speaks otherwise
	NotForwarded Kind = "not-forwarded" // an engine takes in, and hands nothing on to one receiver
	Disconnected Kind = "disconnected"  // a channel of an engine lost its connection
	LateMessages Kind = "late-messages" // the messages of a feed are older when they come than they were
	Queued       Kind = "queued"        // what an engine has to hand on becomes older and older
	Staged       Kind = "staged"        // an attack goes through its stages
	Clock        Kind = "clock"         // a clock is wrong
	Expires      Kind = "expires"       // a certificate ends soon, or has ended
	Expired      Kind = "expired"       // connections fail because one has
	ServerDown   Kind = "server-down"   // a server that is asked does not answer
	ServerSlow   Kind = "server-slow"   // it answers far later than it does usually
)

// Sign is something that disrupts care, or may soon. It holds no patient data.
type Sign struct {
	Kind  Kind      `json:"kind"`
	About string    `json:"about"` // id of the feed, the part, the way or the channel
	Name  string    `json:"name"`  // the same in words
	Class Class     `json:"class"`
	At    time.Time `json:"at"`    // when it was found
	Since time.Time `json:"since"` // since when it is so, as far as is known
	Ended bool      `json:"ended,omitempty"`

	Expected float64       `json:"expected,omitempty"` // messages that should have come
	Count    int           `json:"count,omitempty"`    // messages, answers or reports that show it
	Of       int           `json:"of,omitempty"`       // that were looked at
	Took     time.Duration `json:"took,omitempty"`     // an answer, by the 95th percentile; the age of the oldest that waits
	Usual    time.Duration `json:"usual,omitempty"`

	On   string    `json:"on,omitempty"`  // the component of the house's map whose server it is
	Ends time.Time `json:"ends,omitzero"` // of a certificate
	Why  string    `json:"why,omitempty"` // what a server answered, or did not

	Stages   []string `json:"stages,omitempty"`   // of an attack, in words and in their order
	Deed     string   `json:"deed,omitempty"`     // after which only hours are left
	Findings []string `json:"findings,omitempty"` // that it rests on, oldest first
	Entities []string `json:"entities,omitempty"` // kind and name of machines, accounts, addresses
}

// Text says it in a sentence.
func (s *Sign) Text() string {
	if s.Ended {
		return s.Name + ": over"
	}
	switch s.Kind {
	case Silent, PartSilent:
		return fmt.Sprintf("%s: nothing came for %s; about %.0f messages should have", s.Name, spell(s.At.Sub(s.Since)), s.Expected)
	case NotForwarded:
		return fmt.Sprintf("%s: %d messages came in, and none went out to it", s.Name, s.Count)
	case Disconnected:
		return s.Name + ": the connection was lost"
	case Queued:
		return fmt.Sprintf("%s: the oldest message has waited for %s", s.Name, spell(s.Took))
	case LateMessages:
		return fmt.Sprintf("%s: messages come %s later than usual", s.Name, spell(s.Took))
	case LessThanUsual:
		return fmt.Sprintf("%s: %d messages came where about %.0f should have, by what other feeds say", s.Name, s.Count, s.Expected)
	case Clock, Expired:
		return s.Name
	case LogsSilent:
		return s.Name + ": nothing came for " + spell(s.At.Sub(s.Since))
	case ServerDown, ServerSlow:
		return s.Name + ": " + s.Why
	case Expires:
		if !s.Ends.After(s.At) {
			return s.Name + " has ended"
		}
		return s.Name + " ends in " + spell(s.Ends.Sub(s.At))
	case Staged:
		text := fmt.Sprintf("%s: %s within %s", s.Name, strings.Join(s.Stages, ", "), spell(max(time.Minute, s.At.Sub(s.Since))))
		if s.Deed != "" {
			text += "; " + s.Deed
		}
		return text
	case "test-message-lost":
		text := s.Name + ": test messages do not arrive"
		if s.Why != "" {
			text += ", nobody takes them"
		}
		return text
	case "test-message-slow":
		return fmt.Sprintf("%s: a test message took %s, and they took %s before", s.Name, spell(s.Took), spell(s.Usual))
	case "test-message-altered":
		return s.Name + ": a test message arrived changed"
	case "slow-answers":
		return fmt.Sprintf("%s: answers take %s, and took %s before", s.Name, spell(s.Took), spell(s.Usual))
	case "refusals", "rejections":
		return fmt.Sprintf("%s: %d of %d messages were refused", s.Name, s.Count, s.Of)
	case "no-answers":
		return fmt.Sprintf("%s: %d of %d messages were not answered", s.Name, s.Count, s.Of)
	case "replay":
		return fmt.Sprintf("%s: %d of %d messages were said before", s.Name, s.Count, s.Of)
	case "flood":
		return fmt.Sprintf("%s: %d messages in five minutes; about %.0f are usual", s.Name, s.Count, s.Expected)
	}
	if text := s.pairText(); text != "" {
		return text
	}
	return s.Name + ": " + string(s.Kind)
}

// spell says how long, as people do.
func spell(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

package probe

import "time"

// State is how a target is.
type State string

// The states.
const (
	Up      State = "up"
	Slow    State = "slow"    // it answers, far later than it usually does
	Down    State = "down"    // it does not answer, or says that it cannot do what it is for
	Refused State = "refused" // the rule forbids to probe it
	Unasked State = "unasked" // not asked yet, or something on our own side keeps us from asking
)

// Cause tells in one word why a target is not up, for programs.
type Cause string

// The causes.
const (
	ConnectionRefused Cause = "connection_refused" // its host is there, and nobody listens
	Blocked           Cause = "blocked"            // no connection in time: packets are dropped, or the host is off
	Unreachable       Cause = "unreachable"        // the network knows no way
	NoName            Cause = "no_name"            // the name of its host is not found
	Silent            Cause = "silent"             // it accepts, and does not answer: the process is frozen, or far too slow
	Broken            Cause = "broken"             // it ended the connection without an answer
	Rejected          Cause = "rejected"           // it answered that it will not or cannot
	Strange           Cause = "strange"            // it answered with something else, or too much
	Untrusted         Cause = "untrusted"          // its certificate is not what the declaration wants
	Late              Cause = "late"               // it is slow
	Forbidden         Cause = "forbidden"          // it is a modality or a pump
	Own               Cause = "own"                // a file of ours cannot be read, or the probe failed itself
)

// Result is what one attempt told. Its words are ours: no text of a server is in it.
type Result struct {
	Target    string // names, as they were declared
	Component string
	At        time.Time     // when it began
	Took      time.Duration // until the answer, or until it was clear that there is none
	State     State
	Cause     Cause  // empty when it is up
	Why       string // in words; for what is up, what is to be known nevertheless
	// Expires is when the certificate ends, where one was shown.
	Expires time.Time
	// Offset is how far its clock is ahead of ours, at the least: what the way of the packets may explain is taken off. For ntp only.
	Offset time.Duration

	// What plain connections tell when our side is closed first.
	closes  bool          // it closed its side, too
	lingers bool          // it did not
	waited  time.Duration // and for so long was waited for it
}

// Report is a Result, and what it makes of the target.
type Report struct {
	Result
	Standing Standing
	Before   Standing // what it was held for until now
}

// Changed tells whether there is news: a state, a certificate's term or a clock's that is not what it was.
func (r Report) Changed() bool {
	a, b := r.Standing, r.Before
	return a.State != b.State || a.EndsWithin != b.EndsWithin || a.Ended != b.Ended || a.Clock != b.Clock
}

// Status is how a target stands, for a page.
type Status struct {
	Target Target
	Last   Result // zero: it was not asked yet
	Standing
}

// Package kept holds what was sent of a result against what a system of records keeps of it.
//
// Two points on the way of a message show whether an interface changed it. What happens behind the last of them, in the record itself, they do not show:
// there somebody may amend a result properly, with a version and a name, although the laboratory never took it back.
//
//	laboratory ──ORU──► record ──read back──► Kept
//	     └────────────────────────────────► Sent        the same key: patient, order, code
//
// The two are compared once the record had time to hear of what was sent. Until then a difference says nothing: it is Early.
package kept

import (
	"strings"
	"time"
)

// Kind tells what is wrong with what a system keeps.
type Kind string

// The kinds.
const (
	Differs Kind = "kept-differs" // it is something else than was sent
	Missing Kind = "kept-missing" // it is not there
)

// Claim is what one side says of a result. It is patient data.
type Claim struct {
	ID    string    `json:"id,omitempty"`    // of the message, or of what was read
	At    time.Time `json:"at,omitzero"`     // when it was sent, or read
	Thing string    `json:"thing,omitempty"` // the record's name of it: Observation/17
	Says  *Said     `json:"says,omitempty"`  // nil when this side has not spoken
}

// Said is what is compared of a result, in a form that both sides share.
type Said struct {
	Type     string    `json:"type"` // of the value: number, code or another
	Value    string    `json:"value"`
	Unit     string    `json:"unit"`
	State    State     `json:"state"`
	Measured time.Time `json:"measured,omitzero"` // zero when that is not said, or no moment; not compared, for systems round times
}

// State is how far one can rely on a result.
type State string

// The states. Every other says nothing.
const (
	Preliminary State = "preliminary"
	Final       State = "final"
	Corrected   State = "corrected"
	Cancelled   State = "cancelled" // there is none
	Withdrawn   State = "withdrawn" // it was wrong
)

// The names of what is compared.
const (
	Value  = "value"
	Unit   = "unit"
	Status = "status"
)

// Seal is what is remembered of one result in one system.
type Seal struct {
	System  string `json:"system"`
	Key     []byte `json:"key"`     // of the statement
	Subject string `json:"subject"` // its code
	Patient string `json:"patient"` // as PID-3 of what was sent
	Sent    Claim  `json:"sent,omitzero"`
	Kept    Claim  `json:"kept,omitzero"`
	Told    bool   `json:"told,omitempty"` // that the two differ, or that the record has it not
}

// Absent tells whether the record should have what was sent after since and has not got it, and nobody told so. What was measured before may have been there
// when the record was first read.
func (s *Seal) Absent(since time.Time) bool {
	sent := s.Sent.Says
	return sent != nil && s.Kept.Says == nil && !s.Told && settled(sent.State) == Final && sent.Measured.After(since) && s.Sent.At.After(since)
}

// Change is a field of which the record says something else than was sent.
type Change struct{ Field, Sent, Kept string }

// Hear takes in what was sent. An earlier state that comes late, as when messages are sent again, takes the place of no later one.
func (s *Seal) Hear(c Claim) {
	if s.Sent.Says != nil && rank(c.Says.State) < rank(s.Sent.Says.State) {
		return
	}
	s.Sent = c
}

// rank orders the states of a result: what is corrected is not final again.
func rank(s State) int {
	switch s {
	case Corrected, Cancelled, Withdrawn:
		return 2
	case Final:
		return 1
	}
	return 0
}

// Verdict says how the two sides stand to each other.
type Verdict int

// The verdicts.
const (
	Alone  Verdict = iota // one side alone has spoken
	Agrees                // they say the same
	Early                 // they differ, and the record had no time to hear of what was sent
	Known                 // they differ, and that was told
	Differ                // they differ
)

// Judge compares the two sides. A record is read at least young after something was sent, or it could not know of it.
func (s *Seal) Judge(young time.Duration) (Verdict, []Change) {
	if s.Sent.Says == nil || s.Kept.Says == nil {
		return Alone, nil
	}
	changes := differ(s.Sent.Says, s.Kept.Says)
	switch {
	case len(changes) == 0:
		s.Told = false
		return Agrees, nil
	case s.Told:
		return Known, changes
	case s.Kept.At.Before(s.Sent.At.Add(young)):
		return Early, changes
	}
	s.Told = true
	return Differ, changes
}

func differ(sent, kept *Said) (out []Change) {
	if was, is := void(sent.State), void(kept.State); was || is {
		if was && is {
			return nil
		}
		return []Change{{Status, string(sent.State), string(kept.State)}} // the value of what was taken back is nothing to go by
	}
	if sent.Value != kept.Value && comparable(sent, kept) && !sameCode(sent, kept) {
		out = append(out, Change{Value, sent.Value, kept.Value})
	}
	if sent.Unit != kept.Unit && sent.Unit != "" && kept.Unit != "" { // one that is left out says nothing
		out = append(out, Change{Unit, sent.Unit, kept.Unit})
	}
	was, is := settled(sent.State), settled(kept.State)
	if len(out) == 0 && was != is && was != "" && is != "" {
		out = append(out, Change{Status, string(was), string(is)}) // what is preliminary and is shown as final, or the other way round
	}
	return out
}

const (
	number = "number" // a type of values
	code   = "code"   // another: system|code
)

// comparable tells values that can be held against each other. A code and its text cannot; a number that became a text, or nothing, can.
func comparable(sent, kept *Said) bool {
	return sent.Type == kept.Type || sent.Type == number || kept.Type == number
}

// sameCode tells one code of two systems: servers and messages name systems in ways that no site describes wholly.
func sameCode(sent, kept *Said) bool {
	_, x, _ := strings.Cut(sent.Value, "|")
	_, y, _ := strings.Cut(kept.Value, "|")
	return sent.Type == code && x == y && x != ""
}

// void tells a result that says of itself that there is none, or that it was wrong.
func void(s State) bool { return s == Cancelled || s == Withdrawn }

// settled tells states in which people act on a result, or know that they should not yet; nothing of others.
func settled(s State) State {
	switch s {
	case Final, Corrected:
		return Final
	case Preliminary:
		return s
	}
	return ""
}

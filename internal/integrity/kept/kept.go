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

	"github.com/wardline/wardline/internal/integrity/assertion"
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
	ID     string            `json:"id,omitempty"`    // of the message, or of what was read
	At     time.Time         `json:"at,omitzero"`     // when it was sent, or read
	Thing  string            `json:"thing,omitempty"` // the record's name of it: Observation/17
	Fields map[string]string `json:"fields,omitempty"`
}

func (c *Claim) there() bool { return c.Fields != nil }

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

// Fields are those of a statement that are remembered. Times are not compared: systems round them, and lose their offsets.
func Fields() []string {
	return []string{assertion.Type, assertion.Value, assertion.Unit, assertion.Status, assertion.Observed}
}

// Absent tells whether the record should have what was sent after since and has not got it, and nobody told so. What was measured before may have been there
// when the record was first read.
func (s *Seal) Absent(since time.Time) bool {
	measured, err := time.Parse(time.RFC3339, s.Sent.Fields[assertion.Observed])
	return s.Sent.there() && !s.Kept.there() && !s.Told && rank(s.Sent.Fields) > 0 && !void(s.Sent.Fields) && err == nil && measured.After(since) && s.Sent.At.After(since)
}

// Change is a field of which the record says something else than was sent.
type Change struct{ Field, Sent, Kept string }

// Hear takes in what was sent. An earlier state that comes late, as when messages are sent again, takes the place of no later one.
func (s *Seal) Hear(c Claim) {
	if s.Sent.there() && rank(c.Fields) < rank(s.Sent.Fields) {
		return
	}
	s.Sent = c
}

// rank orders the states of a result: what is corrected is not final again.
func rank(fields map[string]string) int {
	switch fields[assertion.Status] {
	case assertion.StatusCorrected, assertion.StatusCancelled, assertion.StatusWithdrawn:
		return 2
	case assertion.StatusFinal:
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
	if !s.Sent.there() || !s.Kept.there() {
		return Alone, nil
	}
	changes := differ(s.Sent.Fields, s.Kept.Fields)
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

func differ(sent, kept map[string]string) (out []Change) {
	if was, is := void(sent), void(kept); was || is {
		if was && is {
			return nil
		}
		return []Change{{assertion.Status, sent[assertion.Status], kept[assertion.Status]}} // the value of what was taken back is nothing to go by
	}
	for _, name := range []string{assertion.Value, assertion.Unit} {
		if sent[name] != kept[name] && comparable(name, sent, kept) && !sameCode(sent[name], kept[name], sent[assertion.Type]) {
			out = append(out, Change{name, sent[name], kept[name]})
		}
	}
	was, is := settled(sent[assertion.Status]), settled(kept[assertion.Status])
	if len(out) == 0 && was != is && was != "" && is != "" {
		out = append(out, Change{assertion.Status, was, is}) // what is preliminary and is shown as final, or the other way round
	}
	return out
}

// comparable tells fields that mean the same on both sides. A unit that one side leaves out says nothing; a code and its text cannot be held against
// each other; a number that became a text, or nothing, can.
func comparable(name string, sent, kept map[string]string) bool {
	if name == assertion.Unit {
		return sent[name] != "" && kept[name] != ""
	}
	was, is := sent[assertion.Type], kept[assertion.Type]
	return was == is || was == number || is == number
}

// sameCode tells one code of two systems: servers and messages name systems in ways that no site describes wholly.
func sameCode(a, b, typ string) bool {
	_, x, _ := strings.Cut(a, "|")
	_, y, _ := strings.Cut(b, "|")
	return typ == code && x == y && x != ""
}

// code is the type of values that are codes: system|code.
const code = "code"

// number is the type of values that are numbers, as statements have it.
const number = "number"

// void tells a result that says of itself that there is none, or that it was wrong.
func void(fields map[string]string) bool {
	status := fields[assertion.Status]
	return status == assertion.StatusCancelled || status == assertion.StatusWithdrawn
}

// settled tells states in which people act on a result, or know that they should not yet; nothing of others.
func settled(status string) string {
	switch status {
	case assertion.StatusFinal, assertion.StatusCorrected:
		return assertion.StatusFinal
	case assertion.StatusPreliminary:
		return status
	}
	return ""
}

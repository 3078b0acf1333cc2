package triage

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// Suppression keeps matches of a rule, about certain things, out of the queue for a while. They are still
// counted and shown as suppressed.
type Suppression struct {
	ID   string `json:"id"`
	Rule string `json:"rule,omitempty"` // see RuleID; "" is any, as in a maintenance window
	// Entity names the things by kind (host, user, ip ...). All kinds must be met, and of each every value
	// that the finding names. A value may begin or end with *, and that of an ip may be a network.
	Entity  map[string]string `json:"entity,omitempty"`
	Owner   string            `json:"owner"`
	Reason  string            `json:"reason"`
	Made    time.Time         `json:"made"`
	Expires time.Time         `json:"expires"` // at most LongestSuppression after it was made
	Lifted  time.Time         `json:"lifted,omitzero"`
	By      string            `json:"lifted_by,omitempty"` // who lifted it
	Events  int               `json:"events"`              // matches that it kept out of the queue
}

// LongestSuppression is how long a suppression may hold before somebody must look at it again.
const LongestSuppression = 90 * 24 * time.Hour

// check tells what is wrong with a suppression that is to be made now.
func (s *Suppression) check(now time.Time) error {
	switch {
	case s.Rule == "" && len(s.Entity) == 0:
		return errors.New("a suppression must name a rule or a thing: it would hide everything")
	case strings.TrimSpace(s.Owner) == "":
		return errors.New("a suppression must have an owner")
	case strings.TrimSpace(s.Reason) == "":
		return errors.New("a suppression must have a reason")
	case !s.Expires.After(now):
		return errors.New("a suppression must end in the future")
	case s.Expires.After(now.Add(LongestSuppression)):
		return fmt.Errorf("a suppression ends after %d days at most: look at it again then", LongestSuppression/(24*time.Hour))
	case len(s.Entity) > 10:
		return errors.New("a suppression names at most 10 kinds of things")
	}
	for kind, value := range s.Entity {
		if kind == "" || strings.Trim(value, "*") == "" {
			return errors.New("a suppression must name each thing by more than *")
		}
		if len(kind) > 64 || len(value) > 256 {
			return errors.New("a suppression names things by at most 256 bytes")
		}
	}
	return nil
}

// active tells whether the suppression holds at that time.
func (s *Suppression) active(at time.Time) bool {
	return s.Lifted.IsZero() && at.Before(s.Expires)
}

// covers tells whether all that a finding says is meant. A finding that also names something else is not: it
// may be the one that matters. Neither is one that may name more than it lists.
func (s *Suppression) covers(f *finding.Finding) bool {
	if s.Rule != "" && s.Rule != RuleID(&f.Rule) {
		return false
	}
	for kind, wanted := range s.Entity {
		values := f.Entities[kind]
		if len(values) == 0 || len(values) >= finding.MaxEntities {
			return false
		}
		if slices.ContainsFunc(values, func(v string) bool { return !meant(wanted, v) }) {
			return false
		}
	}
	return true
}

// meant tells whether a value is the one that was wanted, whatever its case.
func meant(wanted, value string) bool {
	if network, err := netip.ParsePrefix(wanted); err == nil {
		addr, err := netip.ParseAddr(value)
		return err == nil && network.Contains(addr.Unmap())
	}
	wanted, value = strings.ToLower(wanted), strings.ToLower(value)
	ending, open := strings.CutPrefix(wanted, "*")
	beginning, openEnd := strings.CutSuffix(wanted, "*")
	switch {
	case open && openEnd:
		return strings.Contains(value, strings.TrimSuffix(ending, "*"))
	case open:
		return strings.HasSuffix(value, ending)
	case openEnd:
		return strings.HasPrefix(value, beginning)
	}
	return value == wanted
}

func (s *Suppression) entityJSON() (string, error) {
	text, err := json.Marshal(s.Entity) // keys are sorted
	return string(text), err
}

// Receipt says what a suppression would keep out of the queue, by what is known so far.
type Receipt struct {
	Findings    int `json:"findings"`
	Events      int `json:"events"`
	JudgedTrue  int `json:"judged_true"` // of the findings: more than 0 is a warning
	JudgedFalse int `json:"judged_false"`
	Expected    int `json:"expected"`
}

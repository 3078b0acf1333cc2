// Package finding holds the one record that every watcher produces: what we think
// that events mean.
package finding

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/wardline/wardline/internal/event"
)

// Kind is the harm that a finding speaks of.
type Kind string

// The kinds of finding.
const (
	Threat        Kind = "threat"
	Theft         Kind = "theft"
	Disruption    Kind = "disruption"
	Falsification Kind = "falsification"
	Exposure      Kind = "exposure"
	Policy        Kind = "policy"
)

// Finding is one rule's or indicator's matches on one thing (a host, a user, a device).
type Finding struct {
	ID       string              `json:"id"` // stable: the same evidence gives the same id
	Kind     Kind                `json:"kind"`
	Rule     Rule                `json:"rule"`
	Count    int                 `json:"count"` // matched events, also those not listed
	First    time.Time           `json:"first"` // zero when no event says its time
	Last     time.Time           `json:"last"`
	Entities map[string][]string `json:"entities"` // host, user, ip, process, patient, device, ... -> distinct values, at most 10 each
	Events   []Evidence          `json:"events"`
	Places   []Place             `json:"places,omitempty"` // of its events in a node's journal, also of some not listed; none in a scan
}

// Place is where an event lies in a node's journal: the number of the entry, and of the line in it from 0 on.
type Place struct {
	Entry uint64 `json:"entry"`
	Line  int    `json:"line"`
}

// Rule is what a finding rests on, with its author, as rule licences ask.
type Rule struct {
	ID             string   `json:"id"`
	Title          string   `json:"title"`
	Level          string   `json:"level"` // informational, low, medium, high, critical
	Author         string   `json:"author"`
	Source         string   `json:"source"` // file of the rule, or of the indicator
	Type           string   `json:"type"`   // rule, correlation, indicator
	Status         string   `json:"status,omitempty"`
	Summary        string   `json:"description,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	References     []string `json:"references,omitempty"`
	FalsePositives []string `json:"falsepositives,omitempty"`
	CareImpact     string   `json:"care_impact,omitempty"` // who may be hurt and how, in a sentence
	License        string   `json:"license,omitempty"`
	Asks           []string `json:"asks,omitempty"` // fields that it asks about
}

// Evidence is one matched event.
type Evidence struct {
	Source string          `json:"source"` // path as given; archive members as path!member
	Record int64           `json:"record"` // number in that source, from 1
	Time   time.Time       `json:"time"`
	Fields json.RawMessage `json:"fields"`
	// Entities is what the event names, one of each kind: host, user, ip ...
	Entities map[string]string `json:"entities,omitempty"`
	Place    *Place            `json:"place,omitempty"` // in a node's journal; nil in a scan
}

// NewEvidence copies what a finding keeps of an event.
func NewEvidence(ev *event.Event) Evidence {
	return Evidence{Source: ev.Source, Record: ev.Record, Time: ev.Time, Fields: bytes.Clone(ev.Fields), Entities: entitiesOf(ev)}
}

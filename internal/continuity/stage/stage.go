// Package stage puts what was found on single machines together: an attack that ends in encryption goes through stages for days before, and
// each alone looks like one more alert.
//
//	entry ─ execution ─ foothold ─ credentials ─ discovery ─ movement ─ blinding ─ removal ─ impact
//
// What shares a machine, an account or an address within fourteen days is one campaign. Three stages of one, or one of the deeds after
// which only hours are left, call a person. Half of such attacks take four to six days, and four in five strike out of hours: source,
// the annual reports of incident responders that the notes on ransomware cite.
package stage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Stage is a part of an attack's way.
type Stage int

// The stages, in their usual order.
const (
	Entry Stage = iota
	Execution
	Foothold
	Credentials
	Discovery
	Movement
	Blinding
	Removal
	Impact
)

// Names are what people call the stages, by Stage.
func Names() [9]string {
	return [...]string{"a way in", "foreign code", "a foothold", "stolen credentials", "looking around", "moving on", "defences switched off", "data taken out", "damage"}
}

func (s Stage) String() string { return Names()[s] }

// tactics are the stages of MITRE ATT&CK's tactics, as Sigma writes them.
func tactics() map[string]Stage {
	return map[string]Stage{
		"reconnaissance": Discovery, "resource-development": Entry, "initial-access": Entry, "execution": Execution, "persistence": Foothold, "privilege-escalation": Foothold,
		"credential-access": Credentials, "discovery": Discovery, "lateral-movement": Movement, "defense-evasion": Blinding, "defense-impairment": Blinding, "stealth": Blinding,
		"command-and-control": Execution, "collection": Removal, "exfiltration": Removal, "impact": Impact,
	}
}

// deadly are the deeds after which only hours are left, by technique: recovery prevented, data encrypted, the directory's secrets copied.
func deadly() []string { return []string{"t1490", "t1486", "t1003.003"} }

// Defences that are switched off on so many machines within so long are the fourth.
const (
	massMachines = 5
	massWithin   = 30 * time.Minute
)

// The rule.
const (
	window     = 14 * 24 * time.Hour
	enough     = 3    // stages
	mostLinks  = 20   // machines that an account may tie together, and the like: more are no attacker's mark
	mostTraces = 4096 // that are kept
)

// Trace is something that was found, on machines, by accounts, from addresses.
type Trace struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Title    string    `json:"title"`
	Tags     []string  `json:"tags"`     // as Sigma writes them: attack.impact, attack.t1490
	Entities []string  `json:"entities"` // kind and name: host SRV-1, user svc_x, ip 10.0.0.1
}

// Stage is the one that a trace belongs to, that of its first tactic.
func (t *Trace) Stage() (Stage, bool) {
	known := tactics()
	for _, tag := range t.Tags {
		if s, ok := known[strings.ReplaceAll(strings.TrimPrefix(tag, "attack."), "_", "-")]; ok && strings.HasPrefix(tag, "attack.") {
			return s, true
		}
	}
	return 0, false
}

func (t *Trace) technique(id string) bool { return slices.Contains(t.Tags, "attack."+id) }

// Campaign is what hangs together.
type Campaign struct {
	ID       string // of its first trace
	Traces   []Trace
	Stages   []Stage // distinct, in order
	Deadly   string  // title of the deed after which only hours are left; empty when there was none
	Entities []string
}

// Pages tells whether a person is to be called.
func (c *Campaign) Pages() bool { return len(c.Stages) >= enough || c.Deadly != "" }

// Book keeps traces. It is not safe for use by several goroutines.
type Book struct {
	traces []Trace
	told   map[string]int // how much of a campaign was told, by its id
}

// New is a book without traces.
func New() *Book { return &Book{told: map[string]int{}} }

// Take enters a trace, and returns the campaign that it belongs to if that has to be told: it calls for a person now, or goes further than when it was told last.
func (b *Book) Take(t Trace) (Campaign, bool) {
	if _, ok := t.Stage(); !ok || slices.ContainsFunc(b.traces, func(o Trace) bool { return o.ID == t.ID }) {
		return Campaign{}, false
	}
	b.traces = slices.DeleteFunc(b.traces, func(o Trace) bool { return t.At.Sub(o.At) > window })
	if len(b.traces) >= mostTraces {
		b.traces = slices.Delete(b.traces, 0, 1)
	}
	b.traces = append(b.traces, t)
	c := b.campaign(t)
	weight := len(c.Stages)
	if c.Deadly != "" {
		weight += int(Impact) + 1 // more than all stages
	}
	before := 0
	for i := range c.Traces {
		before = max(before, b.told[c.Traces[i].ID])
	}
	if !c.Pages() || weight <= before {
		return c, false
	}
	b.told[c.ID] = weight
	maps.DeleteFunc(b.told, func(id string, _ int) bool {
		return !slices.ContainsFunc(b.traces, func(o Trace) bool { return o.ID == id })
	})
	return c, true
}

// campaign gathers what hangs together with a trace.
func (b *Book) campaign(t Trace) Campaign {
	by := map[string][]int{}
	for i := range b.traces {
		for _, e := range b.traces[i].Entities {
			by[e] = append(by[e], i)
		}
	}
	in := map[int]bool{len(b.traces) - 1: true}
	queue := slices.Clone(t.Entities)
	seen := map[string]bool{}
	for len(queue) > 0 {
		e := queue[0]
		queue = queue[1:]
		if seen[e] || !b.ties(e, by[e]) {
			continue
		}
		seen[e] = true
		for _, i := range by[e] {
			if !in[i] {
				in[i] = true
				queue = append(queue, b.traces[i].Entities...)
			}
		}
	}
	var c Campaign
	stages := map[Stage]bool{}
	names := map[string]bool{}
	for _, i := range slices.Sorted(maps.Keys(in)) {
		o := b.traces[i]
		c.Traces = append(c.Traces, o)
		s, _ := o.Stage()
		stages[s] = true
		for _, e := range o.Entities {
			names[e] = true
		}
		if slices.ContainsFunc(deadly(), o.technique) && c.Deadly == "" {
			c.Deadly = o.Title
		}
	}
	slices.SortStableFunc(c.Traces, func(a, b Trace) int { return a.At.Compare(b.At) })
	c.ID, c.Stages, c.Entities = c.Traces[0].ID, slices.SortedFunc(maps.Keys(stages), cmp.Compare[Stage]), slices.Sorted(maps.Keys(names))
	if c.Deadly == "" && blinded(c.Traces) {
		c.Deadly = "Defences were switched off on many machines within half an hour"
	}
	return c
}

// ties tells whether an entity ties traces together: an account that is found on very many machines, such as a scanner's, or one that every machine has, does not.
func (b *Book) ties(entity string, traces []int) bool {
	kind, name, _ := strings.Cut(entity, " ")
	switch strings.ToLower(name) {
	case "", "-", "system", "local service", "network service", "root", "localhost", "127.0.0.1", "::1":
		return false
	}
	others := map[string]bool{}
	for _, i := range traces {
		for _, e := range b.traces[i].Entities {
			if k, _, _ := strings.Cut(e, " "); k != kind {
				others[e] = true
			}
		}
	}
	return len(others) <= mostLinks || kind == "host"
}

// blinded tells whether defences were switched off on many machines at a time (T1562.001).
func blinded(traces []Trace) bool {
	var at []Trace
	for _, t := range traces {
		if t.technique("t1562.001") || t.technique("t1562") {
			at = append(at, t)
		}
	}
	for i := range at {
		machines := map[string]bool{}
		for _, o := range at[i:] {
			if o.At.Sub(at[i].At) > massWithin {
				break
			}
			for _, e := range o.Entities {
				if strings.HasPrefix(e, "host ") {
					machines[e] = true
				}
			}
		}
		if len(machines) >= massMachines {
			return true
		}
	}
	return false
}

// Package report tells a person what a scan found: as a table on a terminal, as one
// page that can be mailed and printed, and as a line of progress while it runs.
//
// Everything that comes from a log, a rule or a file name is hostile until shown
// otherwise. It passes through clean before it reaches a terminal, and through
// clean and html/template before it reaches a page. Equal input gives equal output.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// Run is what a scan did: what it read, with which rules, and what it could not read.
type Run struct {
	Product  string        // name and version, as the foot of the page shows them
	Paths    []string      // as given by the person
	Started  time.Time     // when the scan began; zero to leave it out
	Duration time.Duration // how long it took; zero to leave it out
	Zone     *time.Location

	Files   int              // sources read, archive members counted singly
	Bytes   int64            // as they lie on disk
	Events  int64            // decoded
	Formats map[string]int64 // events of each format
	First   time.Time        // earliest event; zero when none says its time
	Last    time.Time        // latest event

	Damaged  int64     // places that could not be read as a record
	Skipped  int64     // sources of no known format
	Problems []Problem // where; may be fewer than Damaged and Skipped say

	Rules      int       // loaded
	Indicators int64     // loaded
	Refused    []Refusal // rules that could not be honoured
	Unlisted   []Refusal // lists of indicators that could not be honoured whole

	Review *Review // of accesses to records; nil when there were none
}

// Problem is one place that could not be read.
type Problem struct {
	Source string
	Offset int64  // of the first byte, in the decompressed source; -1 for the whole source
	Reason string // never the content

	Unknown bool // it is no log that is known, and was passed over whole
}

// Refusal is one rule or list that was not loaded, and why.
type Refusal struct {
	Source string // file and line
	Reason string
}

// severity is how one level of a rule is shown: always a shape and a word, and a
// colour where there is one.
type severity struct {
	level string // as rules write it
	class string // of the style sheet
	shape string // on a terminal
	sgr   string // colour on a terminal
	word  string // what a person does about it
	ask   string // "3 findings to act on"
	fold  int    // rows shown on a terminal before the rest is folded
}

// severities returns the levels, worst first.
func severities() []severity {
	return []severity{
		{"critical", "act", "◆", "1;31", "Act now", "to act on", 25},
		{"high", "look", "▲", "33", "Look today", "to look at", 15},
		{"medium", "watch", "◐", "34", "Keep an eye", "to keep an eye on", 10},
		{"low", "dim", "–", "2", "For the record", "of low level", 5},
		{"informational", "dim", "–", "2", "For information", "for information", 5},
	}
}

// rank is the place of a level in severities. An unknown level ranks as medium: too
// high is seen, too low is missed.
func rank(level string) int {
	for i, s := range severities() {
		if s.level == level {
			return i
		}
	}
	return 2
}

// tally counts findings by rank.
func tally(fs []finding.Finding) [5]int {
	var n [5]int
	for i := range fs {
		n[rank(fs[i].Rule.Level)]++
	}
	return n
}

// answer is the headline: what a person should know first.
func answer(run *Run, fs []finding.Finding) string {
	base := "in " + Plural(run.Events, "event") + " from " + Plural(int64(run.Files), "file") + "."
	switch {
	case len(fs) > 0:
		parts := counts(tally(fs))
		return strings.Join(parts[:min(2, len(parts))], ", ") + " " + base
	case run.Events == 0:
		return "Nothing was checked: no event could be read from " + Plural(int64(run.Files), "file") + "."
	case run.Rules == 0 && run.Indicators == 0:
		return "Nothing was checked: no rule and no indicator was loaded."
	}
	return "Nothing found " + base
}

// also is the part of the counts that the headline had no room for.
func also(fs []finding.Finding) string {
	parts := counts(tally(fs))
	if len(parts) <= 2 {
		return ""
	}
	return "Also " + strings.Join(parts[2:], ", ") + "."
}

// counts says the tally in words, worst first, leaving out what is none.
func counts(n [5]int) []string {
	var parts []string
	for i, s := range severities() {
		switch {
		case n[i] == 0:
		case len(parts) == 0:
			parts = append(parts, Plural(int64(n[i]), "finding")+" "+s.ask)
		default:
			parts = append(parts, number(int64(n[i]))+" "+s.ask)
		}
	}
	return parts
}

// checked says what stands behind the answer.
func checked(run *Run) string {
	with := "Checked with " + Plural(int64(run.Rules), "rule")
	if run.Indicators > 0 {
		with += " and " + Plural(run.Indicators, "indicator")
	}
	if run.Bytes > 0 {
		with += " over " + size(run.Bytes)
	}
	if run.Duration > 0 {
		with += " in " + clock(run.Duration)
	}
	if run.First.IsZero() {
		return with + ". No event says its time."
	}
	return with + ". Events from " + span(run.First, run.Last, run.zone()) + " " + run.zone().String() + "."
}

// unread says what could not be read; empty when all could.
func unread(run *Run) string {
	var parts []string
	if run.Damaged > 0 {
		parts = append(parts, Plural(run.Damaged, "damaged place"))
	}
	if run.Skipped > 0 {
		parts = append(parts, Plural(run.Skipped, "file")+" of no known format")
	}
	return strings.Join(parts, ", ")
}

// sorted puts damage to logs before files that are none.
func sorted(problems []Problem) []Problem {
	problems = slices.Clone(problems)
	slices.SortStableFunc(problems, func(a, b Problem) int {
		switch {
		case a.Unknown == b.Unknown:
			return 0
		case a.Unknown:
			return 1
		}
		return -1
	})
	return problems
}

// leftOut says how many rules are not run, and how many lists not whole; empty when all are.
func leftOut(run *Run) string {
	var parts []string
	if n := len(run.Refused); n > 0 {
		parts = append(parts, Plural(int64(n), "rule"))
	}
	if n := len(run.Unlisted); n > 0 {
		parts = append(parts, "entries of "+Plural(int64(n), "list"))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " and ") + " left out"
}

// refusals lists both, rules first.
func (r *Run) refusals() []Refusal { return slices.Concat(r.Refused, r.Unlisted) }

// ownLists tells whether rules are left out for want of lists that only this site can give.
func ownLists(run *Run) bool {
	for _, r := range run.Refused {
		if strings.Contains(r.Reason, "is not bound") {
			return true
		}
	}
	return false
}

// house is the author whose rules ship with the product.
const house = "Wardline"

func (p Problem) place() string {
	if p.Offset < 0 {
		return clean(p.Source, 400)
	}
	return fmt.Sprintf("%s at byte %d", clean(p.Source, 400), p.Offset)
}

func (r *Run) zone() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

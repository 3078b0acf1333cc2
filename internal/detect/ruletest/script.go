package ruletest

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/event"
)

// Script is one file of cases.
type Script struct {
	File  string
	Rules []string // as written, relative to the script; never empty
	Cases []Case
}

// Case is some events and what is expected of them.
type Case struct {
	Name         string // may be empty
	Line         int    // of its first statement, from 1
	Placeholders map[string][]string
	Events       []event.Event // Source is the script, Record their number in it, from 1
	Expect       Expectation
}

// Expectation is what an expect states.
type Expectation struct {
	Line     int
	Findings int               // how many, exactly
	Each     map[string]string // what each of them has to have: level, events, rule, kind, or an entity's kind
}

// Error is a script that cannot be read.
type Error struct {
	File   string
	Line   int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

// Limits of one script.
const (
	maxScript = 4 << 20 // bytes
	maxEvents = 100_000
	maxCopied = 64 << 20 // bytes of all events
)

// longestRepeat bounds the time that one repeat spans.
const longestRepeat = 10 * 365 * 24 * time.Hour

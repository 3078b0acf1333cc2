// Package triage is the queue of findings that people judge: what is new, who looks into it, what it turned
// out to be, and what is to be left out of the queue for a while.
//
// Watchers file findings in the journal; the Desk follows the journal and adds them up. However often
// an entry comes again, its events count once.
package triage

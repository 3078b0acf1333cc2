// Package watch judges what happens: it asks rules, correlations and indicators about every event, live as
// events come in and back in time when a new question is asked.
//
//	journal ──► Live ────► Judge ──► findings ──► journal ──► triage
//	   └──────► Hunter ──► Judge ──► answer ────► journal
//
// A Set is what is asked, a Judge asks it about the events of one goroutine. A scan of files, a node and a
// hunt share both.
package watch
